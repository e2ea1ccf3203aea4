//! [`Cursor`]: one pass over JSON text, without a tree and without allocation.
//!
//! Callers walk objects and arrays in the order of the text and take what they know; everything else is stepped over, to a
//! bounded depth and without recursion. Strings are given as they stand between their quotes, escapes and all, which is enough
//! for symbols, decimals and names. What is stepped over is checked for its brackets and quotes only.

use crate::types::{Error, FRACTION_DIGITS, Price};
use std::fmt;

/// Deepest nesting that is stepped over; one bit each of a `u64` keeps the kind of bracket.
const DEPTH_MAX: u32 = 64;
/// Where the fixed-point range ends.
const RANGE_END: f64 = i64::MAX as f64 / 1e9;
/// Digits that surely fit a `u64`.
const DIGITS_MAX: usize = 18;
const POWERS: [i64; FRACTION_DIGITS + 1] = {
    let mut powers = [1; FRACTION_DIGITS + 1];
    let mut i = 1;
    while i <= FRACTION_DIGITS {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// Why a message cannot be taken.
#[derive(Debug)]
pub(crate) enum Flaw {
    /// Not the JSON that was looked for, at this byte.
    Syntax {
        /// What would be right.
        wanted: &'static str,
        /// Offset in the message.
        at: usize,
    },
    /// A key or value without which the message means nothing.
    Missing(&'static str),
    /// A number that cannot be held.
    Number(Box<Error>),
    /// A price or size below zero.
    Negative,
    /// A price or size beyond the fixed-point range.
    OutOfRange,
    /// Refused by the policy: ends the reading.
    Refused(Box<Error>),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { wanted, at } => write!(f, "{wanted} expected at byte {at}"),
            Self::Missing(what) => write!(f, "{what} is missing"),
            Self::Number(error) | Self::Refused(error) => error.fmt(f),
            Self::OutOfRange => f.write_str("a price or size is beyond 9,223,372,036"),
            Self::Negative => f.write_str("a price or size is below zero"),
        }
    }
}

/// A decimal in units of 1e-9, and how many digits its text has after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) raw: i64,
    pub(crate) places: u8,
}

type Read<T> = Result<T, Flaw>;

/// How many bytes come before the first quote or backslash.
#[inline]
const fn ordinary_bytes(eight: [u8; 8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let chunk = u64::from_le_bytes(eight);
    let (quotes, backslashes) = (chunk ^ (ONES * b'"' as u64), chunk ^ (ONES * b'\\' as u64));
    // The lowest set bit shows the first zero byte; bits above it may be wrong (Mycroft's test).
    let zero = (quotes.wrapping_sub(ONES) & !quotes) | (backslashes.wrapping_sub(ONES) & !backslashes);
    ((zero & (ONES << 7)).trailing_zeros() / 8) as usize
}

/// A place in JSON text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    #[cfg(test)]
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    #[cold]
    fn bad<T>(&self, wanted: &'static str) -> Read<T> {
        Err(Flaw::Syntax { wanted, at: self.at })
    }

    #[inline]
    fn byte(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is no white space, 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        let byte = self.byte();
        if byte > b' ' { byte } else { self.peek_past_space() }
    }

    #[cold]
    fn peek_past_space(&mut self) -> u8 {
        while matches!(self.byte(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.byte()
    }

    /// Step over `byte`, which must be next.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, wanted: &'static str) -> Read<()> {
        if self.peek() != byte {
            return self.bad(wanted);
        }
        self.at += 1;
        Ok(())
    }

    /// Step over `byte` if it is next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        if self.peek() != byte {
            return false;
        }
        self.at += 1;
        true
    }

    /// Nothing but white space may be left.
    pub(crate) fn end(&mut self) -> Read<()> {
        self.peek();
        if self.at < self.bytes.len() { self.bad("the end of the message") } else { Ok(()) }
    }

    /// Into an object.
    #[inline]
    pub(crate) fn enter_object(&mut self) -> Read<()> {
        self.expect(b'{', "an object")
    }

    /// Into an array.
    #[inline]
    pub(crate) fn enter_array(&mut self) -> Read<()> {
        self.expect(b'[', "an array")
    }

    /// The next key of the object, up to and over its colon; none at the end of the object. `first` begins as true.
    #[inline]
    pub(crate) fn key(&mut self, first: &mut bool) -> Read<Option<&'a [u8]>> {
        // As most keys come: one letter, and no white space.
        if !*first
            && let Some([b',', b'"', letter, b'"', b':', ..]) = self.bytes.get(self.at..)
            && !matches!(letter, b'"' | b'\\')
        {
            self.at += 5;
            return Ok(Some(std::slice::from_ref(letter)));
        }
        if std::mem::take(first) {
            if self.take(b'}') {
                return Ok(None);
            }
        } else if self.take(b'}') {
            return Ok(None);
        } else {
            self.expect(b',', "a comma or }")?;
        }
        let key = self.string()?;
        self.expect(b':', "a colon")?;
        Ok(Some(key))
    }

    /// True when the array goes on, false when it ends. `first` begins as true.
    #[inline]
    pub(crate) fn element(&mut self, first: &mut bool) -> Read<bool> {
        if self.take(b']') {
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.expect(b',', "a comma or ]")?;
        }
        Ok(true)
    }

    /// A string, as it stands between its quotes.
    #[inline]
    pub(crate) fn string(&mut self) -> Read<&'a [u8]> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        while let Some(eight) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let ordinary = ordinary_bytes(*eight);
            self.at += ordinary;
            if ordinary < 8 {
                break;
            }
        }
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => return self.bad("a closing quote"),
            }
        }
        // An escape may have stepped past the end, where the loop above stops.
        let text = &self.bytes[start..self.at];
        self.at += 1;
        Ok(text)
    }

    /// The text of a number, quoted or not.
    #[inline]
    pub(crate) fn number(&mut self) -> Read<&'a [u8]> {
        if self.peek() == b'"' {
            return self.string();
        }
        let start = self.at;
        while matches!(self.byte(), b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            self.at += 1;
        }
        if start == self.at { self.bad("a number") } else { Ok(&self.bytes[start..self.at]) }
    }

    /// A whole number from zero up, quoted or not.
    #[inline]
    pub(crate) fn unsigned(&mut self) -> Read<u64> {
        let quoted = self.take(b'"');
        let start = self.at;
        let mut value: u64 = 0;
        loop {
            let digit = self.byte().wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            let Some(next) = value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit))) else {
                return self.bad("a whole number of at most 64 bits");
            };
            value = next;
            self.at += 1;
        }
        if start == self.at || matches!(self.byte(), b'.' | b'e' | b'E') || (quoted && self.byte() != b'"') {
            return self.bad("a whole number");
        }
        if quoted {
            self.at += 1;
        }
        Ok(value)
    }

    /// `true` or `false`.
    #[inline]
    pub(crate) fn boolean(&mut self) -> Read<bool> {
        self.peek();
        for (word, value) in [(&b"true"[..], true), (&b"false"[..], false)] {
            if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.bad("true or false")
    }

    /// A decimal from zero up, quoted or not, exact.
    #[inline]
    pub(crate) fn decimal(&mut self) -> Read<Decimal> {
        let quoted = self.take(b'"');
        let start = self.at;
        let mut value: u64 = 0;
        self.digits(&mut value);
        let whole = self.at - start;
        let mut places = 0;
        if self.byte() == b'.' {
            self.at += 1;
            let point = self.at;
            self.eight_digits(&mut value);
            self.digits(&mut value);
            places = self.at - point;
            if places == 0 {
                return self.bad("digits behind the point");
            }
        }
        let ends = if quoted { self.byte() == b'"' } else { matches!(self.byte(), b',' | b']' | b'}' | b' ' | 0) };
        if !ends || whole == 0 || places > FRACTION_DIGITS || whole + places > DIGITS_MAX {
            self.at = start;
            return self.odd_decimal(quoted);
        }
        if quoted {
            self.at += 1;
        }
        match (value as i64).checked_mul(POWERS[FRACTION_DIGITS - places]) {
            Some(raw) => Ok(Decimal { raw, places: places as u8 }),
            None => Err(Flaw::OutOfRange),
        }
    }

    /// A decimal, or none where it is beyond the fixed-point range.
    #[inline]
    pub(crate) fn decimal_in_range(&mut self) -> Read<Option<Decimal>> {
        match self.decimal() {
            Ok(decimal) => Ok(Some(decimal)),
            Err(Flaw::OutOfRange) => Ok(None),
            Err(flaw) => Err(flaw),
        }
    }

    /// Append digits to `value`, which wraps; the caller counts them.
    #[inline]
    fn digits(&mut self, value: &mut u64) {
        loop {
            let digit = self.byte().wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            *value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.at += 1;
        }
    }

    /// Append eight digits at once where there are so many, as after the point of most venues.
    #[inline]
    fn eight_digits(&mut self, value: &mut u64) {
        let Some(&eight) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) else { return };
        let chunk = u64::from_le_bytes(eight);
        // Every byte is an ASCII digit: its upper half is 3, also when 6 is added.
        if (chunk & 0xF0F0_F0F0_F0F0_F0F0) | ((chunk.wrapping_add(0x0606_0606_0606_0606) & 0xF0F0_F0F0_F0F0_F0F0) >> 4)
            != 0x3333_3333_3333_3333
        {
            return;
        }
        // Pairs, then fours, then all eight: D. Lemire, "Quickly parsing eight digits" (2018).
        let pairs = (chunk & 0x0F0F_0F0F_0F0F_0F0F).wrapping_mul((10 << 8) | 1) >> 8;
        let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul((100 << 16) | 1) >> 16;
        let all = (fours & 0x0000_FFFF_0000_FFFF).wrapping_mul((10_000 << 32) | 1) >> 32;
        *value = value.wrapping_mul(100_000_000).wrapping_add(all);
        self.at += 8;
    }

    /// A decimal of unusual form: signed, very long, or none at all.
    #[cold]
    fn odd_decimal(&mut self, quoted: bool) -> Read<Decimal> {
        let start = self.at;
        let text = if quoted {
            self.at -= 1;
            self.string()?
        } else {
            self.number()?
        };
        if text.len() > 64 {
            self.at = start;
            return self.bad("a number of at most 64 characters");
        }
        let raw = match Price::parse(text) {
            Ok(price) => price.raw(),
            Err(error) => {
                let nearest = std::str::from_utf8(text).ok().and_then(|t| t.parse::<f64>().ok());
                let beyond = nearest.is_some_and(|x| x >= RANGE_END);
                return Err(if beyond { Flaw::OutOfRange } else { Flaw::Number(Box::new(error)) });
            }
        };
        if raw < 0 {
            return Err(Flaw::Negative);
        }
        let places = text.iter().rev().position(|&c| c == b'.').unwrap_or(0);
        Ok(Decimal { raw, places: places as u8 })
    }

    /// Step over any value.
    pub(crate) fn skip(&mut self) -> Read<()> {
        // Bit i of `objects`: the bracket at depth i is a brace.
        let (mut depth, mut objects) = (0_u32, 0_u64);
        loop {
            match self.peek() {
                b'"' => {
                    self.string()?;
                }
                open @ (b'{' | b'[') => {
                    if depth == DEPTH_MAX {
                        return self.bad("at most 64 levels of nesting");
                    }
                    objects = objects << 1 | u64::from(open == b'{');
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                close @ (b'}' | b']') => {
                    if depth == 0 || (objects & 1 == 1) != (close == b'}') {
                        return self.bad("a value");
                    }
                    objects >>= 1;
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b'0'..=b'9' | b'-' | b't' | b'f' | b'n' => {
                    while matches!(self.byte(), b'0'..=b'9' | b'a'..=b'z' | b'-' | b'+' | b'.' | b'E') {
                        self.at += 1;
                    }
                }
                _ => return self.bad("a value"),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// A [`Decimal`] from text found before.
pub(crate) fn decimal(text: &[u8]) -> Read<Decimal> {
    let mut cursor = Cursor::new(text);
    if matches!(cursor.peek(), b'"' | 0) {
        return cursor.bad("a number");
    }
    let value = cursor.decimal()?;
    cursor.end()?;
    Ok(value)
}

/// Units of 1e-9 from text found before; `what` is missing where it is empty.
#[inline]
pub(crate) fn fixed(text: &[u8], what: &'static str) -> Read<i64> {
    if text.is_empty() { Err(Flaw::Missing(what)) } else { Ok(decimal(text)?.raw) }
}

/// A whole number from text found before; `what` is missing where it is empty.
#[inline]
pub(crate) fn whole(text: &[u8], what: &'static str) -> Read<u64> {
    if text.is_empty() {
        return Err(Flaw::Missing(what));
    }
    let mut cursor = Cursor::new(text);
    let value = cursor.unsigned()?;
    cursor.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_walked_without_a_panic(bytes in proptest::collection::vec(prop_oneof![
            Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b'\\'), Just(b','), Just(b':'), Just(b'.'), b'0'..=b'9', any::<u8>()
        ], 0..80)) {
            for work in [
                (|c: &mut Cursor| c.skip()) as fn(&mut Cursor) -> Read<()>,
                |c| c.decimal().map(|_| ()),
                |c| c.unsigned().map(|_| ()),
                |c| c.boolean().map(|_| ()),
                |c| c.number().map(|_| ()),
            ] {
                let mut cursor = Cursor::new(&bytes);
                while cursor.position() < bytes.len() {
                    let before = cursor.position();
                    if work(&mut cursor).is_err() || cursor.position() == before {
                        break;
                    }
                }
            }
        }

        #[test]
        fn a_decimal_is_the_fixed_point_of_its_text(whole in 0_u64..9_223_372_036, fraction in "[0-9]{0,12}", quoted in any::<bool>(), zeros in 0_usize..12) {
            let text = if fraction.is_empty() { format!("{}{whole}", "0".repeat(zeros)) } else { format!("{}{whole}.{fraction}", "0".repeat(zeros)) };
            let json = if quoted { format!("\"{text}\"") } else { text.clone() };
            let mut cursor = Cursor::new(json.as_bytes());
            match (cursor.decimal(), Price::parse(text.as_bytes())) {
                (Ok(decimal), Ok(price)) => {
                    prop_assert_eq!(decimal.raw, price.raw());
                    prop_assert_eq!(usize::from(decimal.places), fraction.len());
                    prop_assert!(cursor.end().is_ok());
                }
                (Err(Flaw::Number(_) | Flaw::OutOfRange), Err(_)) => {}
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn values_are_stepped_over_whole() {
        for text in [r#"{"a":[1,{"b":"]}\""}],"c":null}"#, "[]", "{}", "-1.5e+7", "true", r#""\\""#, "[[[[\"x\"]]]]"] {
            let mut cursor = Cursor::new(text.as_bytes());
            cursor.skip().unwrap();
            assert!(cursor.end().is_ok(), "{text}");
        }
        for text in ["[}", "{]", "", "]", "\"abc", "\"abc\\", "[1", "\u{7f}"] {
            assert!(Cursor::new(text.as_bytes()).skip().is_err(), "{text}");
        }
        assert!(Cursor::new("[".repeat(64).as_bytes()).skip().is_err());
        assert!(Cursor::new(format!("{}{}", "[".repeat(64), "]".repeat(64)).as_bytes()).skip().is_ok());
        assert!(Cursor::new(format!("{}{}", "[".repeat(65), "]".repeat(65)).as_bytes()).skip().is_err());
    }

    #[test]
    fn numbers_that_cannot_be_held_are_refused() {
        for text in ["\"1e5\"", "\"\"", "\"1.\"x", "1.0000000001", "\"12", "abc", "\"0x1\"", "18446744073709551616.5"] {
            assert!(Cursor::new(text.as_bytes()).decimal().is_err(), "{text}");
        }
        assert!(matches!(Cursor::new(b"\"-1.5\"").decimal(), Err(Flaw::Negative)));
        assert!(matches!(decimal(b"0.0000000010"), Ok(Decimal { raw: 1, places: 10 })));
        for text in ["9999999997.00000", "9223372036.854775808", "\"99999999999.000000000\"", "1e30"] {
            let mut cursor = Cursor::new(text.as_bytes());
            assert!(matches!(cursor.decimal_in_range(), Ok(None)), "{text}");
            assert!(cursor.end().is_ok(), "{text}");
        }
        assert!(decimal(b"1 2").is_err() && decimal(b"").is_err());
        assert!(Cursor::new(b"18446744073709551616").unsigned().is_err());
        assert_eq!(Cursor::new(b"\"18446744073709551615\"").unsigned().unwrap(), u64::MAX);
        assert!(Cursor::new(b"1.5").unsigned().is_err() && Cursor::new(b"-1").unsigned().is_err());
    }
}
