//! Numbers of a message to fixed point of 1e-9.
//!
//! A double stands for its shortest decimal: a source that writes 101.1 means 101.1, not the double next to it.

use super::wire::Decimals;
use std::fmt::Write;

/// Units of 1e-9 in one.
const SCALE: i64 = crate::types::SCALE;
/// Adding and subtracting 1.5 × 2^52 rounds a double below 2^51 to the nearest integer, ties to even.
const ROUND_MAGIC: f64 = 6_755_399_441_055_744.0;
/// Below this, a count of 1e-9 has at most fifteen digits and something, and is below 2^51: see [`fixed`].
const FAST_LIMIT: f64 = 900_000.0;
/// More than fit an `i64` of 1e-9.
const RANGE: f64 = 9_223_372_036.0;

pub(super) const NUMBER: &str = "a number";
pub(super) const IN_RANGE: &str = "a number within 9,223,372,036";
pub(super) const NINE_DECIMALS: &str = "a number of at most 9 decimals";

/// `x` in units of 1e-9.
///
/// Below [`FAST_LIMIT`], `q = round(x × 1e9)` has at most fifteen digits. No two decimals of at most fifteen digits share a
/// double, so where `q ÷ 1e9`, rounded once, is `x`, the decimal `q × 1e-9` is the shortest one that stands for `x`. Where it is
/// not, no decimal of nine places stands for `x`.
#[inline]
pub(super) fn fixed(x: f64, decimals: Decimals) -> Result<i64, &'static str> {
    if x.abs() < FAST_LIMIT {
        let q = (x * 1e9 + ROUND_MAGIC) - ROUND_MAGIC;
        if q / 1e9 == x || decimals == Decimals::Rounded {
            return Ok(q as i64);
        }
        return Err(NINE_DECIMALS);
    }
    fixed_of_large(x, decimals)
}

#[inline(never)]
fn fixed_of_large(x: f64, decimals: Decimals) -> Result<i64, &'static str> {
    if !x.is_finite() {
        return Err("a finite number");
    }
    if x.abs() >= RANGE {
        return Err(IN_RANGE);
    }
    if x.trunc() == x {
        return Ok(x as i64 * SCALE); // below the range, so that the product fits
    }
    shortest(format_args!("{x:e}"), decimals)
}

/// A single-precision number, by its own shortest decimal.
#[cold]
pub(super) fn fixed_of_single(x: f32, decimals: Decimals) -> Result<i64, &'static str> {
    if !x.is_finite() {
        return Err("a finite number");
    }
    shortest(format_args!("{x:e}"), decimals)
}

fn shortest(shown: std::fmt::Arguments<'_>, decimals: Decimals) -> Result<i64, &'static str> {
    let mut text = Shown { bytes: [0; 40], length: 0 };
    text.write_fmt(shown).map_err(|_| NUMBER)?;
    let (value, length) = decimal(&text.bytes[..text.length], decimals)?;
    if length == text.length { Ok(value) } else { Err(NUMBER) }
}

/// Room for the shortest decimal of a double: at most 17 digits, point, sign and exponent.
struct Shown {
    bytes: [u8; 40],
    length: usize,
}

impl Write for Shown {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = self.bytes.get_mut(self.length..self.length + text.len()).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

/// The decimal at the start of `text` as JSON writes them (`-12.5`, `1e-7`), and its length.
#[inline]
pub(super) fn decimal(text: &[u8], decimals: Decimals) -> Result<(i64, usize), &'static str> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let mut at = start;
    let mut value = 0_u64;
    while let Some(digit) = digit(text, at) {
        value = value.wrapping_mul(10).wrapping_add(digit); // checked below: at most 18 digits, so that nothing wraps
        at += 1;
    }
    let whole = at - start;
    if whole == 0 {
        return Err(NUMBER);
    }
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        at += 1;
        let point = at;
        while let Some(digit) = digit(text, at) {
            value = value.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        fraction = at - point;
        if fraction == 0 {
            return Err(NUMBER);
        }
    }
    if whole + fraction > 18 || fraction > 9 || matches!(text.get(at), Some(b'e' | b'E')) {
        return long_decimal(text, decimals);
    }
    let scaled = value.checked_mul(POWERS[9 - fraction]).and_then(|v| i64::try_from(v).ok()).ok_or(IN_RANGE)?;
    Ok((if negative { -scaled } else { scaled }, at))
}

const POWERS: [u64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

#[inline]
fn digit(text: &[u8], at: usize) -> Option<u64> {
    text.get(at).map(|c| c.wrapping_sub(b'0')).filter(|d| *d < 10).map(u64::from)
}

/// Decimals with an exponent or more digits than fit the short way.
#[cold]
#[inline(never)]
fn long_decimal(text: &[u8], decimals: Decimals) -> Result<(i64, usize), &'static str> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    let negative = at == 1;
    // The first 30 digits that are not leading zeros, and the power of ten that they are counted in.
    let (mut value, mut kept, mut power, mut lost, mut point) = (0_i128, 0_u32, 0_i64, false, false);
    loop {
        match text.get(at) {
            Some(b'.') if !point => point = true,
            Some(c @ b'0'..=b'9') => {
                if kept < 30 {
                    value = value * 10 + i128::from(c - b'0');
                    kept += u32::from(value != 0);
                    power -= i64::from(point);
                } else {
                    lost |= *c != b'0';
                    power += i64::from(!point);
                }
            }
            _ => break,
        }
        at += 1;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        let sign = if text.get(at) == Some(&b'-') { -1 } else { 1 };
        at += usize::from(matches!(text.get(at), Some(b'-' | b'+')));
        let (digits, mut exponent) = (at, 0_i64);
        while let Some(digit) = digit(text, at) {
            exponent = (exponent * 10 + digit as i64).min(1_000_000);
            at += 1;
        }
        if at == digits {
            return Err(NUMBER);
        }
        power += sign * exponent;
    }
    let shift = power.saturating_add(9);
    let mut raw = value;
    let mut uneven = lost;
    if raw != 0 && shift > 0 {
        let factor = (shift <= 19).then(|| 10_i128.checked_pow(shift as u32)).flatten().ok_or(IN_RANGE)?;
        raw = raw.checked_mul(factor).ok_or(IN_RANGE)?;
    } else {
        for _ in 0..shift.unsigned_abs().min(31) {
            uneven |= raw % 10 != 0;
            raw /= 10;
        }
    }
    if uneven {
        if decimals == Decimals::Exact {
            return Err(NINE_DECIMALS);
        }
        // A number that the source computed: as the double that it was, so that both encodings give the same.
        let shown = std::str::from_utf8(&text[..at]).map_err(|_| NUMBER)?;
        let x: f64 = shown.parse().map_err(|_| NUMBER)?;
        if x.abs() < FAST_LIMIT {
            return Ok((fixed(x, decimals)?, at));
        }
        raw = nearest(value, shift);
    }
    let raw = i64::try_from(raw).map_err(|_| IN_RANGE)?;
    Ok((if negative { -raw } else { raw }, at))
}

/// `value × 10^shift` for a negative shift, rounded half to even.
fn nearest(value: i128, shift: i64) -> i128 {
    let divisor = 10_i128.pow(shift.unsigned_abs().min(31) as u32);
    let (quotient, rest) = (value / divisor, value % divisor);
    let up = rest * 2 > divisor || (rest * 2 == divisor && quotient % 2 == 1);
    quotient + i128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Price;
    use proptest::prelude::*;

    fn exactly(text: &str) -> Result<i64, &'static str> {
        let (value, length) = decimal(text.as_bytes(), Decimals::Exact)?;
        assert_eq!(length, text.len());
        Ok(value)
    }

    proptest! {
        #[test]
        fn a_double_is_its_shortest_decimal_or_refused_for_more_than_nine_places(digits in -9_000_000_000_000_000_i64..9_000_000_000_000_000, places in 0_u32..14) {
            let x: f64 = format!("{digits}e-{places}").parse().unwrap();
            prop_assume!(x.abs() < 9e9);
            let shown = format!("{x}");
            let expected = Price::parse(shown.as_bytes()).map(Price::raw).ok();
            prop_assert_eq!(fixed(x, Decimals::Exact).ok(), expected, "{}", shown);
            prop_assert_eq!(exactly(&shown).ok(), expected);
            prop_assert_eq!(exactly(&format!("{x:e}")).ok(), expected);
            if let Some(expected) = expected {
                prop_assert_eq!(fixed(x, Decimals::Rounded), Ok(expected));
            }
        }

        #[test]
        fn any_double_reads_the_same_as_a_number_and_as_text(x in any::<f64>(), decimals in prop_oneof![Just(Decimals::Exact), Just(Decimals::Rounded)]) {
            prop_assume!(x.is_finite());
            for shown in [format!("{x}"), format!("{x:e}")] {
                let read = decimal(shown.as_bytes(), decimals).map(|r| r.0);
                prop_assert_eq!(read.is_ok(), fixed(x, decimals).is_ok(), "{}", shown);
                prop_assert_eq!(read.ok(), fixed(x, decimals).ok());
            }
        }

        #[test]
        fn a_computed_double_is_rounded_to_the_nearest_count(x in -9e9_f64..9e9) {
            let off = (fixed(x, Decimals::Rounded).unwrap() as f64 / 1e9 - x).abs();
            prop_assert!(off <= 1e-9_f64.max(x.abs() * 4e-16), "{x}");
        }

        #[test]
        fn every_count_survives_as_text(raw in -i64::MAX..=i64::MAX) {
            prop_assert_eq!(exactly(&Price::from_raw(raw).to_string()), Ok(raw));
        }

        #[test]
        fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decimal(&text, Decimals::Exact);
            let _ = decimal(&text, Decimals::Rounded);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (text, expected) in [
            ("", NUMBER),
            ("-", NUMBER),
            (".5", NUMBER),
            ("1.", NUMBER),
            ("1e", NUMBER),
            ("1e+", NUMBER),
            ("0.1234567891", NINE_DECIMALS),
            ("101.2500000000000000000000000000000000000001", NINE_DECIMALS),
            ("1e-10", NINE_DECIMALS),
            ("1e-999999999999999999999", NINE_DECIMALS),
            ("9223372036.854775808", IN_RANGE),
            ("99999999999999999999999999", IN_RANGE),
            ("1e10", IN_RANGE),
            ("1e99999999", IN_RANGE),
        ] {
            assert_eq!(decimal(text.as_bytes(), Decimals::Exact), Err(expected), "{text}");
        }
        assert_eq!(exactly("9223372036.8547758070000000000000"), Ok(i64::MAX));
        assert_eq!(exactly("1.5e-7"), Ok(150));
        assert_eq!(exactly("12E+2"), Ok(1_200 * SCALE));
        assert_eq!(exactly("0e99999999"), Ok(0));
        assert_eq!(exactly(&format!("{}1", "0".repeat(60))), Ok(SCALE));
        for bad in [f64::NAN, f64::INFINITY, 1e10, -1e300] {
            assert!(fixed(bad, Decimals::Rounded).is_err(), "{bad}");
        }
        assert_eq!(fixed_of_single(0.1, Decimals::Exact), Ok(100_000_000));
    }
}
