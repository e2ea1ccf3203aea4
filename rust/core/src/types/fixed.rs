//! [`Price`] and [`Qty`]: `i64` counts of 1e-9 (Alpaca allows nine decimals).

use super::{Error, Result};
use bytemuck::{Pod, Zeroable};
use serde::Deserialize;
use std::fmt;

/// Units of 1e-9 in one.
pub const SCALE: i64 = 1_000_000_000;
/// Decimal digits after the point.
pub const FRACTION_DIGITS: usize = 9;

/// Adding and subtracting 1.5 × 2^52 rounds a double below 2^51 to the nearest integer, ties to even.
const ROUND_MAGIC: f64 = 6_755_399_441_055_744.0;
/// Below this, one double is nearest to at most one decimal of nine digits, and `x * 1e9` is within half a unit of it.
const EXACT_LIMIT: f64 = 2.0e6;

/// Parse a plain decimal (`-12.345`) into units of 1e-9.
///
/// More than nine decimals are an error unless the extra digits are zeros: nothing is rounded silently.
pub(crate) fn parse_fixed(text: &[u8]) -> Result<i64> {
    let bad = |why: &str| Error::Number { what: format!("number {:?}", String::from_utf8_lossy(text)), why: why.to_owned() };
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let mut value: i128 = 0;
    let mut fraction: Option<usize> = None;
    let mut seen = false;
    for &c in digits {
        match c {
            b'0'..=b'9' => {
                seen = true;
                if let Some(n) = fraction.as_mut() {
                    if *n == FRACTION_DIGITS {
                        if c == b'0' {
                            continue;
                        }
                        return Err(bad("has more than 9 decimals; round it first"));
                    }
                    *n += 1;
                }
                value = value * 10 + i128::from(c - b'0');
                if value > i128::from(i64::MAX) * 10 {
                    return Err(bad("is out of range; at most 9,223,372,036.854775807 fits"));
                }
            }
            b'.' if fraction.is_none() => fraction = Some(0),
            _ => return Err(bad("is not a plain decimal; write digits with at most one point, like 101.25")),
        }
    }
    if !seen {
        return Err(bad("holds no digits; write a decimal like 101.25"));
    }
    let missing = FRACTION_DIGITS - fraction.unwrap_or(0);
    value *= 10_i128.pow(missing as u32);
    if negative {
        value = -value;
    }
    i64::try_from(value).map_err(|_| bad("is out of range; at most 9,223,372,036.854775807 fits"))
}

/// Units of 1e-9 nearest to `x`, going through its shortest decimal, so that `0.1 + 0.2` style noise never enters a price.
#[inline]
pub(crate) fn fixed_from_f64(x: f64) -> Result<i64> {
    if x.abs() < EXACT_LIMIT {
        return Ok(((x * 1e9 + ROUND_MAGIC) - ROUND_MAGIC) as i64);
    }
    fixed_from_large(x)
}

#[cold]
fn fixed_from_large(x: f64) -> Result<i64> {
    let what = || format!("number {x}");
    if !x.is_finite() {
        return Err(Error::Number { what: what(), why: "is not finite; give a real number".to_owned() });
    }
    if x.abs() >= 9_223_372_036.0 {
        return Err(Error::Number { what: what(), why: "is out of range; at most 9,223,372,036.854775807 fits".to_owned() });
    }
    parse_fixed(format!("{x}").as_bytes()).or_else(|_| parse_fixed(format!("{x:.9}").as_bytes()))
}

fn write_fixed(raw: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let sign = if raw < 0 { "-" } else { "" };
    let magnitude = raw.unsigned_abs();
    let (whole, fraction) = (magnitude / SCALE as u128, magnitude % SCALE as u128);
    if fraction == 0 {
        return write!(f, "{sign}{whole}");
    }
    let digits = format!("{fraction:09}");
    write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
}

pub(super) fn display_fixed(raw: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write_fixed(raw, f)
}

macro_rules! fixed {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable, Deserialize)]
        #[repr(transparent)]
        pub struct $name(i64);

        crate::types::readable!($name);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);
            /// The largest value.
            pub const MAX: Self = Self(i64::MAX);

            /// From a count of 1e-9.
            #[inline]
            pub const fn from_raw(raw: i64) -> Self {
                Self(raw)
            }

            /// The count of 1e-9.
            #[inline]
            pub const fn raw(self) -> i64 {
                self.0
            }

            /// From a whole number.
            pub fn from_whole(whole: i64) -> Result<Self> {
                whole.checked_mul(SCALE).map(Self).ok_or_else(|| Error::overflow(concat!($word, " from a whole number")))
            }

            /// From a float, through its shortest decimal; an error when not finite or out of range.
            #[inline]
            pub fn from_f64(x: f64) -> Result<Self> {
                fixed_from_f64(x).map(Self)
            }

            /// From decimal text such as `101.25`; more than nine decimals are an error.
            pub fn parse(text: &[u8]) -> Result<Self> {
                parse_fixed(text).map(Self)
            }

            /// The nearest float.
            #[inline]
            pub fn to_f64(self) -> f64 {
                self.0 as f64 / SCALE as f64
            }

            /// Sum, or an overflow error.
            #[inline]
            pub fn checked_add(self, other: Self) -> Result<Self> {
                self.0.checked_add(other.0).map(Self).ok_or_else(|| Error::overflow(concat!($word, " addition")))
            }

            /// Difference, or an overflow error.
            #[inline]
            pub fn checked_sub(self, other: Self) -> Result<Self> {
                self.0.checked_sub(other.0).map(Self).ok_or_else(|| Error::overflow(concat!($word, " subtraction")))
            }

            /// Negation, or an overflow error.
            #[inline]
            pub fn checked_neg(self) -> Result<Self> {
                self.0.checked_neg().map(Self).ok_or_else(|| Error::overflow(concat!($word, " negation")))
            }

            /// Absolute value; the most negative value becomes [`Self::MAX`].
            #[inline]
            #[must_use]
            pub const fn abs(self) -> Self {
                Self(self.0.saturating_abs())
            }

            /// True above zero.
            #[inline]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// True at zero.
            #[inline]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_fixed(i128::from(self.0), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

fixed! {
    /// A price in dollars, counted in 1e-9.
    Price, "price"
}
fixed! {
    /// A quantity in shares or coins, counted in 1e-9; signed where it is a position or a change.
    Qty, "quantity"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_survives_the_round_trip(raw in any::<i64>()) {
            prop_assume!(raw != i64::MIN);
            prop_assert_eq!(Price::parse(Price::from_raw(raw).to_string().as_bytes()).unwrap().raw(), raw);
        }

        #[test]
        fn a_float_is_read_as_its_shortest_decimal(digits in -9_000_000_000_000_000_i64..9_000_000_000_000_000, decimals in 0_u32..10) {
            let x: f64 = format!("{digits}e-{decimals}").parse().unwrap();
            prop_assume!(x.abs() < 9e9);
            prop_assert_eq!(Price::from_f64(x).unwrap(), Price::parse(format!("{x}").as_bytes()).unwrap());
        }
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        for bad in ["", "-", ".", "1e5", "1.2.3", "0.1234567891", "99999999999", "NaN", "1,000"] {
            assert!(Price::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        for bad in [f64::NAN, f64::INFINITY, 1e10, -1e10] {
            assert!(Qty::from_f64(bad).is_err(), "{bad}");
        }
        assert!(Price::MAX.checked_add(Price::from_raw(1)).is_err());
        assert_eq!(Price::parse(b"0.1234567890").unwrap().raw(), 123_456_789);
    }
}
