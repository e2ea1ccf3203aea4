//! Shares to borrow for a short sale.

use crate::types::{Error, Money, Price, Qty, Result};
use serde::{Deserialize, Serialize};

/// Whether and at what cost shares can be borrowed.
pub trait BorrowModel {
    /// True when a position may become `position` shares, below zero for a short.
    fn allows(&self, position: Qty) -> bool;
    /// Dollars for holding `position` over one calendar day at `price`.
    fn daily_cost(&self, position: Qty, price: Price) -> Result<Money>;
}

/// What can be borrowed of each instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Borrow {
    /// Shares that can be short at most; `None` for any number.
    pub available: Option<Qty>,
    /// Yearly fee, in parts per billion of the value; one basis point is 100,000. Easy-to-borrow shares are free at Alpaca.
    pub annual_ppb: i64,
}

impl Borrow {
    /// Any number of shares, free of charge.
    pub const FREE: Self = Self { available: None, annual_ppb: 0 };

    pub(super) fn validate(&self) -> Result<()> {
        let sound = self.available.is_none_or(|q| q.raw() >= 0) && (0..=20_000_000_000).contains(&self.annual_ppb);
        if sound { Ok(()) } else { Err(Error::config("venue.borrow", "shares must be 0 or more, the yearly fee 0 to 2,000 %")) }
    }
}

/// Days of a year by the convention of stock loans (actual/360).
const YEAR_DAYS: i64 = 360;

impl BorrowModel for Borrow {
    #[inline]
    fn allows(&self, position: Qty) -> bool {
        position.raw() >= 0 || self.available.is_none_or(|most| position.abs() <= most)
    }

    fn daily_cost(&self, position: Qty, price: Price) -> Result<Money> {
        if position.raw() >= 0 {
            return Ok(Money::ZERO);
        }
        Money::notional(price, position.abs()).mul_ratio(self.annual_ppb, 1_000_000_000 * YEAR_DAYS)
    }
}
