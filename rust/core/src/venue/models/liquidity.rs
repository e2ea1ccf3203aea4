//! How much of what is shown can be traded.

use serde::{Deserialize, Serialize};

/// How much can be traded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Liquidity {
    /// What the quote shows, the trade printed, the bar traded; it is used up by our own fills until the market shows more.
    #[default]
    Displayed,
    /// Any size at the price shown.
    Unlimited,
}

/// How many shares of a size that the market shows are there for us.
pub trait LiquidityModel {
    /// Units of 1e-9 shares of `shown` ones.
    fn available(&self, shown: i64) -> i64;
}

/// Everything of it.
pub const ALL_PPB: i64 = 1_000_000_000;

/// [`Liquidity`], and the part of a shown size that one may have (a limit of participation, as for partial fills of bars).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// How much can be traded.
    pub liquidity: Liquidity,
    /// Parts per billion of a shown size.
    pub participation_ppb: i64,
}

impl LiquidityModel for Share {
    #[inline]
    fn available(&self, shown: i64) -> i64 {
        match self.liquidity {
            Liquidity::Unlimited => i64::MAX,
            Liquidity::Displayed if self.participation_ppb == ALL_PPB => shown,
            Liquidity::Displayed => (i128::from(shown) * i128::from(self.participation_ppb) / i128::from(ALL_PPB)) as i64,
        }
    }
}
