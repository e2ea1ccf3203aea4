//! What the exchange tells.

use super::request::OrderKey;
use crate::types::{Price, Qty, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// What an instrument's exchange is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Phase {
    /// No orders but cancels.
    #[default]
    Closed,
    /// Orders gather for the opening.
    PreOpen,
    /// The opening call: as [`Phase::PreOpen`], until the price is struck.
    OpeningAuction,
    /// Orders trade as they meet.
    Continuous,
    /// Halted by the exchange or its regulator; orders gather for the reopening.
    Halted,
    /// Halted by the price bands; orders gather for the reopening.
    Paused,
    /// The closing call.
    ClosingAuction,
}

impl Phase {
    /// Names and values.
    pub const ALL: [(&'static str, Self); 7] = [
        ("closed", Self::Closed),
        ("pre_open", Self::PreOpen),
        ("opening_auction", Self::OpeningAuction),
        ("continuous", Self::Continuous),
        ("halted", Self::Halted),
        ("paused", Self::Paused),
        ("closing_auction", Self::ClosingAuction),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, phase)| *phase == self).map_or("?", |(name, _)| name)
    }
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Request {
    /// A new order.
    New,
    /// A cancel.
    Cancel,
    /// A replacement.
    Replace,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RejectReason {
    /// The quantity is not above zero, not a multiple of the lot, or too large.
    Quantity,
    /// A price is not above zero, not a multiple of the tick, or too large.
    Price,
    /// The combination of type, lifetime and post-only makes no sense, or the replacement does not fit the type.
    Terms,
    /// The exchange does not take such orders in this phase.
    Phase,
    /// The participant has a live order of this number.
    Duplicate,
    /// No live order has this number.
    Unknown,
    /// A post-only order would trade.
    WouldTake,
    /// The book is full, or the level cannot hold so much.
    Capacity,
}

impl RejectReason {
    /// Names and values, in the order of their codes, which count from 1.
    pub const ALL: [(&'static str, Self); 8] = [
        ("quantity", Self::Quantity),
        ("price", Self::Price),
        ("terms", Self::Terms),
        ("phase", Self::Phase),
        ("duplicate", Self::Duplicate),
        ("unknown", Self::Unknown),
        ("would_take", Self::WouldTake),
        ("capacity", Self::Capacity),
    ];

    /// Its code in columns, from 1 up.
    pub const fn code(self) -> i8 {
        self as i8 + 1
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        Self::ALL[self as usize].0
    }
}

/// Why an order, or what was left of it, was canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CancelReason {
    /// Its participant asked, or replaced it by no more than was filled.
    Requested,
    /// All of the participant's orders were canceled.
    MassCancel,
    /// What an immediate-or-cancel or market order could not fill.
    Unfilled,
    /// A fill-or-kill order that could not be filled whole.
    Killed,
    /// It would have traded with its own participant's order.
    SelfMatch,
    /// The book had no room for what was left.
    Capacity,
}

impl CancelReason {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::MassCancel => "mass_cancel",
            Self::Unfilled => "unfilled",
            Self::Killed => "killed",
            Self::SelfMatch => "self_match",
            Self::Capacity => "capacity",
        }
    }
}

/// A trade between two orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Execution {
    /// Number of the trade, from 1 up.
    pub id: u64,
    /// Price.
    pub price: Price,
    /// Shares.
    pub qty: Qty,
    /// The resting order; in an auction the seller.
    pub maker: OrderKey,
    /// The incoming order; in an auction the buyer.
    pub taker: OrderKey,
    /// Shares of the maker still to fill.
    pub maker_left: Qty,
    /// Shares of the taker still to fill.
    pub taker_left: Qty,
    /// Side of the taker.
    pub taker_side: Side,
    /// Where it was made.
    pub made_in: MadeIn,
}

/// Where a trade was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MadeIn {
    /// An incoming order met a resting one.
    Continuous,
    /// An auction.
    Auction,
    /// Elsewhere: an execution on record, applied to a resting order.
    Record,
}

/// What an auction would do, or did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cross {
    /// The price; zero where nothing trades.
    pub price: Price,
    /// Shares that trade.
    pub paired: Qty,
    /// Shares at the price that do not: buyers' above zero, sellers' below.
    pub imbalance: Qty,
}

/// One thing that happened, in the order in which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MatchEvent {
    /// A new order was taken.
    Accepted {
        /// The order.
        order: OrderKey,
        /// Its side.
        side: Side,
        /// Its shares.
        qty: Qty,
        /// Its limit; zero for none.
        price: Price,
    },
    /// A request was refused; nothing changed.
    Rejected {
        /// The order.
        order: OrderKey,
        /// What was asked.
        request: Request,
        /// Why not.
        reason: RejectReason,
    },
    /// Two orders traded.
    Filled(Execution),
    /// An order left the market at the wish of somebody or by its terms.
    Canceled {
        /// The order.
        order: OrderKey,
        /// Shares that did not trade.
        left: Qty,
        /// Why.
        reason: CancelReason,
    },
    /// An order has new terms.
    Replaced {
        /// The order.
        order: OrderKey,
        /// Shares still to fill.
        left: Qty,
        /// Its limit; zero for none.
        price: Price,
        /// Whether it kept its place in the queue.
        kept_place: bool,
    },
    /// The price bands moved an order to this price, at the end of its queue.
    Repriced {
        /// The order.
        order: OrderKey,
        /// Its price now.
        price: Price,
    },
    /// A trade reached an order's stop.
    Triggered {
        /// The order.
        order: OrderKey,
    },
    /// An order's time is over.
    Expired {
        /// The order.
        order: OrderKey,
        /// Shares that did not trade.
        left: Qty,
    },
    /// What the auction would do now.
    Indicative(Cross),
    /// What the auction did; its fills follow.
    Uncrossed(Cross),
    /// The exchange does something else from now on.
    Phase {
        /// Since when.
        ts: Timestamp,
        /// What.
        phase: Phase,
    },
    /// New price bands.
    Bands {
        /// Since when.
        ts: Timestamp,
        /// Reference price.
        reference: Price,
        /// No trade below.
        lower: Price,
        /// No trade above.
        upper: Price,
    },
    /// The limit state began (with the side whose quote stands at the band) or ended.
    LimitState {
        /// Since when.
        ts: Timestamp,
        /// `Buy` at the upper band, `Sell` at the lower; `None` at the end.
        side: Option<Side>,
    },
}
