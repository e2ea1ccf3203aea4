//! What a [`super::MatchingEngine`] is told once.

use crate::types::{Error, Price, Qty, Result, SCALE};
use serde::{Deserialize, Serialize};

/// Largest price and quantity, 1e9: sums and differences of keys stay far from the ends of the range.
pub(super) const RAW_MAX: i64 = SCALE * SCALE;
/// Most resting orders of one engine.
pub const RESTING_MAX: u32 = 1 << 30;
/// Most and fewest ticks of a dense window.
pub(super) const WINDOW_MAX: u32 = 4096;
pub(super) const WINDOW_MIN: u32 = 64;

/// What happens when an order would trade with one of its own participant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SelfMatch {
    /// They trade.
    #[default]
    Allow,
    /// What is left of the incoming order is canceled.
    CancelNewest,
    /// The resting order is canceled and the incoming one goes on.
    CancelOldest,
    /// Both are canceled.
    CancelBoth,
}

impl SelfMatch {
    /// Names and values.
    pub const ALL: [(&'static str, Self); 4] = [
        ("allow", Self::Allow),
        ("cancel_newest", Self::CancelNewest),
        ("cancel_oldest", Self::CancelOldest),
        ("cancel_both", Self::CancelBoth),
    ];
}

/// Tier of the Limit Up-Limit Down plan (Appendix A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LuldTier {
    /// S&P 500, Russell 1000 and some exchange-traded products: 5 % above three dollars.
    One,
    /// Other stocks: 10 % above three dollars.
    Two,
}

/// Settings of one instrument's exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchingConfig {
    /// Smallest step of a price; every price is a multiple.
    pub tick: Price,
    /// Smallest step of a quantity; every quantity is a multiple.
    pub lot: Qty,
    /// What happens when an order would trade with one of its own participant.
    pub self_match: SelfMatch,
    /// Limit Up-Limit Down, where it applies.
    pub luld: Option<LuldTier>,
    /// Most resting orders.
    pub orders_max: u32,
    /// Prices a side that are held in a dense array about the best; others are in a tree. A power of two, 64 to 4096.
    pub window_ticks: u32,
}

impl Default for MatchingConfig {
    /// Cents, whole shares, own orders trade, no price bands, at most 2^24 orders.
    fn default() -> Self {
        Self {
            tick: Price::from_raw(SCALE / 100),
            lot: Qty::from_raw(SCALE),
            self_match: SelfMatch::Allow,
            luld: None,
            orders_max: 1 << 24,
            window_ticks: WINDOW_MAX,
        }
    }
}

impl MatchingConfig {
    /// Check every setting; the first that cannot work is the error.
    pub fn validate(&self) -> Result<()> {
        for (field, step) in [("tick", self.tick.raw()), ("lot", self.lot.raw())] {
            if !(1..=RAW_MAX).contains(&step) {
                return Err(Error::config(field, format!("{} is out of range; choose 1e-9 to 1e9", Price::from_raw(step))));
            }
        }
        if !(1..=RESTING_MAX).contains(&self.orders_max) {
            return Err(Error::config("orders_max", format!("{} is out of range; choose 1 to {RESTING_MAX}", self.orders_max)));
        }
        let window = self.window_ticks;
        if !window.is_power_of_two() || !(WINDOW_MIN..=WINDOW_MAX).contains(&window) {
            return Err(Error::config(
                "window_ticks",
                format!("{window} will not do; choose a power of two, {WINDOW_MIN} to {WINDOW_MAX}"),
            ));
        }
        Ok(())
    }
}
