//! What corporate actions do to orders that rest.

use crate::types::{Price, Qty};
use serde::{Deserialize, Serialize};

/// What a split does to orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnSplit {
    /// They are canceled: prices and sizes mean something else now.
    #[default]
    Cancel,
    /// Those that live until canceled get new prices and sizes, the rest is canceled (FINRA Rule 5330; a fraction of a share that
    /// the ratio leaves is dropped).
    Adjust,
}

/// What a cash dividend does to orders that live until canceled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnDividend {
    /// Nothing.
    #[default]
    Keep,
    /// Limits of buys and stops of sells fall by the dividend, rounded up to the next cent, as FINRA Rule 5330 has it for orders that
    /// are not marked "do not reduce".
    Reduce,
}

const CENT: i64 = 10_000_000;

/// `qty` after one share has become `ratio`: whole shares, rounded down.
pub(in crate::venue) fn split_qty(qty: Qty, ratio: f64) -> Qty {
    let whole = (qty.to_f64() * ratio + 1e-9).floor();
    Qty::from_f64(whole).unwrap_or(Qty::ZERO)
}

/// `price` after one share has become `ratio`: to the nearest cent.
pub(in crate::venue) fn split_price(price: Price, ratio: f64) -> Price {
    let cents = (price.to_f64() / ratio * 100.0).round() as i64;
    Price::from_raw(cents.saturating_mul(CENT).max(1))
}

/// `price` less a dividend of `per_share`, which counts in whole cents, rounded up.
pub(in crate::venue) fn less_dividend(price: Price, per_share: Price) -> Price {
    let cents = per_share.raw().div_euclid(CENT) + i64::from(per_share.raw().rem_euclid(CENT) > 0);
    Price::from_raw(price.raw().saturating_sub(cents.saturating_mul(CENT)).max(1))
}
