//! Where a resting order stands in the queue at its price.
//!
//! With trades or bars alone there are two answers, last and first. With a book of levels the shares ahead are estimated, as
//! Rigtorp ("Estimating order queue position", 2013) and hftbacktest's queue models do: trades at the price eat what is ahead, an
//! order that joins goes behind, and of a decrease that no trade explains a part came from ahead of us. Which part is the model's
//! choice, a function f of the shares behind and ahead: f(behind) ÷ (f(behind) + f(ahead)) of it came from behind. With a book of
//! orders nothing is estimated.

use crate::types::{Error, Result};
use serde::{Deserialize, Serialize};

/// When a resting limit order fills against trades and bars, and how far a book's changes bring it forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum QueueModel {
    /// Only when the market trades through its price: we are last in the queue.
    #[default]
    Behind,
    /// When the market trades at its price: we are first in the queue.
    Front,
    /// Trades at the price eat the queue ahead; cancels are all behind us, but that a level is never smaller than what is ahead
    /// (hftbacktest's risk-averse model). Needs a book.
    Conservative,
    /// Cancels come from ahead and behind in proportion: f(x) = x (hftbacktest's `ProbQueueModel` with n = 1). Needs a book.
    Proportional,
    /// f(x) = xⁿ: with n above 1 cancels come from the longer part even more. Needs a book.
    Power {
        /// n in hundredths.
        hundredths: u32,
    },
    /// f(x) = ln(1 + x), x in shares. Needs a book.
    Logarithmic,
    /// Our order's true place among the orders of the book, by their ids. Needs a book of orders (L3).
    Exact,
}

impl QueueModel {
    /// True where it can only be told from a book.
    pub const fn needs_book(self) -> bool {
        !matches!(self, Self::Behind | Self::Front)
    }

    pub(super) fn validate(self) -> Result<()> {
        match self {
            Self::Power { hundredths } if !(1..=1_000).contains(&hundredths) => {
                Err(Error::config("venue.queue", "the power must lie between 0.01 and 10"))
            }
            _ => Ok(()),
        }
    }
}

/// A place in a queue, in units of 1e-9 shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Shares ahead.
    pub ahead: i64,
    /// Shares traded at the price that the book does not show as gone yet.
    pub traded: i64,
}

/// How a place moves with the market.
pub trait QueuePosition {
    /// The place of an order that joins `shown` shares.
    fn join(&self, shown: i64) -> Place;
    /// `size` shares traded at the price; gives how many of them reached our order.
    fn on_trade(&self, place: &mut Place, size: i64) -> i64;
    /// The book shows `after` shares at the price where it showed `before`.
    fn on_change(&self, place: &mut Place, before: i64, after: i64);
}

impl QueueModel {
    /// Part of a decrease that came from behind.
    fn behind_part(self, ahead: f64, behind: f64) -> f64 {
        let f = |x: f64| match self {
            Self::Power { hundredths } => libm::pow(x, f64::from(hundredths) / 100.0),
            Self::Logarithmic => libm::log1p(x * 1e-9),
            _ => x,
        };
        let (ahead, behind) = (f(ahead), f(behind));
        if ahead + behind > 0.0 { behind / (ahead + behind) } else { 1.0 }
    }
}

impl QueuePosition for QueueModel {
    #[inline]
    fn join(&self, shown: i64) -> Place {
        let ahead = match self {
            Self::Behind => i64::MAX,
            Self::Front => 0,
            _ => shown,
        };
        Place { ahead, traded: 0 }
    }

    #[inline]
    fn on_trade(&self, place: &mut Place, size: i64) -> i64 {
        match self {
            Self::Behind => 0,
            Self::Front => size,
            // The ids of the orders ahead say when they are gone; until then trades are only counted.
            Self::Exact => {
                place.traded = place.traded.saturating_add(size);
                let reached = (place.traded - place.ahead).clamp(0, size);
                place.traded -= reached;
                reached
            }
            _ => {
                place.traded = place.traded.saturating_add(size);
                let eaten = place.ahead.min(size);
                place.ahead -= eaten;
                size - eaten
            }
        }
    }

    fn on_change(&self, place: &mut Place, before: i64, after: i64) {
        match self {
            Self::Behind | Self::Front | Self::Exact => {}
            Self::Conservative => {
                place.traded = 0;
                place.ahead = place.ahead.min(after);
            }
            Self::Proportional | Self::Power { .. } | Self::Logarithmic => {
                // What traded was taken from ahead when it traded.
                let gone = before - after - std::mem::take(&mut place.traded);
                if gone > 0 {
                    let behind = (before - place.ahead).max(0);
                    let part = self.behind_part(place.ahead as f64, behind as f64);
                    let behind_part = ((part * gone as f64) as i64).min(behind);
                    place.ahead = (place.ahead - (gone - behind_part)).max(0);
                }
                place.ahead = place.ahead.min(after);
            }
        }
    }
}
