//! [`Money`]: an `i128` count of 1e-9 dollars.

use super::fixed::display_fixed;
use super::{Error, Price, Qty, Result, SCALE};
use serde::Deserialize;
use std::fmt;

/// An amount of dollars, counted in 1e-9.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Money(i128);

crate::types::readable!(Money);

/// `n / d` rounded half to even; `d` > 0.
#[inline]
pub(crate) fn div_half_even(n: i128, d: i128) -> i128 {
    debug_assert!(d > 0, "divisor must be positive");
    // Most notionals fit 64 bits, where division is an order of magnitude cheaper.
    if let (Ok(n), Ok(d)) = (i64::try_from(n), i64::try_from(d)) {
        let (q, r) = (n.div_euclid(d), n.rem_euclid(d));
        let up = r > d - r || (r == d - r && q & 1 == 1);
        return i128::from(q) + i128::from(up);
    }
    let (q, r) = (n.div_euclid(d), n.rem_euclid(d));
    let up = r > d - r || (r == d - r && q & 1 == 1);
    q + i128::from(up)
}

impl Money {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// From a count of 1e-9.
    #[inline]
    pub const fn from_raw(raw: i128) -> Self {
        Self(raw)
    }

    /// The count of 1e-9.
    #[inline]
    pub const fn raw(self) -> i128 {
        self.0
    }

    /// `price` × `qty`, rounded half to even at 1e-9; it always fits.
    #[inline]
    pub fn notional(price: Price, qty: Qty) -> Self {
        // Whole shares need no 128-bit division, which would cost more than all the rest of marking a position.
        if qty.raw() % SCALE == 0 {
            return Self(i128::from(price.raw()) * i128::from(qty.raw() / SCALE));
        }
        Self(div_half_even(i128::from(price.raw()) * i128::from(qty.raw()), i128::from(SCALE)))
    }

    /// From a float, through its shortest decimal.
    pub fn from_f64(x: f64) -> Result<Self> {
        if x.abs() < 9.0e9 {
            return super::fixed::fixed_from_f64(x).map(|raw| Self(i128::from(raw)));
        }
        if !x.is_finite() || x.abs() > 1e20 {
            return Err(Error::Number { what: format!("amount {x}"), why: "must be finite and below 1e20".to_owned() });
        }
        let whole = x.trunc();
        Ok(Self(whole as i128 * i128::from(SCALE) + ((x - whole) * 1e9).round() as i128))
    }

    /// The nearest float.
    #[inline]
    pub fn to_f64(self) -> f64 {
        // The same float either way; from 64 bits it is one instruction, from 128 a call.
        let count = i64::try_from(self.0).map_or_else(|_| self.0 as f64, |narrow| narrow as f64);
        count / SCALE as f64
    }

    /// Sum, or an overflow error.
    #[inline]
    pub fn checked_add(self, other: Self) -> Result<Self> {
        self.0.checked_add(other.0).map(Self).ok_or_else(|| Error::overflow("money addition"))
    }

    /// Difference, or an overflow error.
    #[inline]
    pub fn checked_sub(self, other: Self) -> Result<Self> {
        self.0.checked_sub(other.0).map(Self).ok_or_else(|| Error::overflow("money subtraction"))
    }

    /// `self × numerator ÷ denominator`, rounded half to even; `denominator` must not be zero.
    pub fn mul_ratio(self, numerator: i64, denominator: i64) -> Result<Self> {
        let overflow = || Error::overflow("money multiplication");
        if denominator == 0 {
            return Err(overflow());
        }
        let n = self.0.checked_mul(i128::from(numerator)).ok_or_else(overflow)?;
        let (n, d) = if denominator < 0 { (-n, -i128::from(denominator)) } else { (n, i128::from(denominator)) };
        Ok(Self(div_half_even(n, d)))
    }

    /// Rounded half to even at the cent, as brokers book amounts.
    #[must_use]
    pub fn round_to_cent(self) -> Self {
        Self(div_half_even(self.0, 10_000_000) * 10_000_000)
    }

    /// Absolute value.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// Negation; amounts are far from the ends of `i128`.
    #[must_use]
    pub const fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display_fixed(self.0, f)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notional_rounds_half_to_even() {
        let half = |p: i64, q: i64| Money::notional(Price::from_raw(p), Qty::from_raw(q)).raw();
        assert_eq!(half(1, 500_000_000), 0);
        assert_eq!(half(3, 500_000_000), 2);
        assert_eq!(half(-1, 500_000_000), 0);
        assert_eq!(half(-3, 500_000_000), -2);
        assert_eq!(half(i64::MAX, i64::MAX), (i128::from(i64::MAX).pow(2) + 500_000_000) / 1_000_000_000);
    }

    #[test]
    fn ratio_and_cent() {
        let m = Money::from_f64(10.0).unwrap();
        assert_eq!(m.mul_ratio(1, 3).unwrap().raw(), 3_333_333_333);
        assert_eq!(m.mul_ratio(1, -3).unwrap().raw(), -3_333_333_333);
        assert_eq!(Money::from_f64(1.005).unwrap().round_to_cent().to_f64(), 1.0);
        assert_eq!(Money::from_f64(1.015).unwrap().round_to_cent().to_f64(), 1.02);
    }
}
