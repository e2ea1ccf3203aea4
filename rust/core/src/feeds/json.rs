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
/// Digits that surely fit an `i64`, and a `u64`.
const DIGITS_MAX: usize = 18;
const U64_DIGITS: usize = 19;
/// Bytes of the longest decimal that [`Cursor::plain_decimal`] reads: quotes, fifteen digits, the point.
const PLAIN_BYTES: usize = 18;
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

/// How many digits come first, and their number.
#[inline]
const fn leading_digits(eight: [u8; 8]) -> (usize, u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A digit becomes its value, below 10; the first byte that is none has its highest bit set by the sum or by itself.
    let values = u64::from_le_bytes(eight) ^ (ONES * b'0' as u64);
    let others = (values.wrapping_add(ONES * (0x80 - 10)) | values) & (ONES << 7);
    let digits = (others.trailing_zeros() / 8) as usize;
    if digits == 0 {
        return (0, 0);
    }
    // Moved to the end, with zeros in front. Pairs, then fours, then all eight: D. Lemire, "Quickly parsing eight digits" (2018).
    let chunk = values << (64 - 8 * digits);
    let pairs = chunk.wrapping_mul((10 << 8) | 1) >> 8;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul((100 << 16) | 1) >> 16;
    (digits, (fours & 0x0000_FFFF_0000_FFFF).wrapping_mul((10_000 << 32) | 1) >> 32)
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
        self.digits(&mut value);
        if self.at - start > U64_DIGITS {
            value = self.long_whole(start)?;
        }
        if start == self.at || matches!(self.byte(), b'.' | b'e' | b'E') || (quoted && self.byte() != b'"') {
            return self.bad("a whole number");
        }
        if quoted {
            self.at += 1;
        }
        Ok(value)
    }

    /// The digits from `start` to here as a number, with many zeros in front, or too large.
    #[cold]
    fn long_whole(&mut self, start: usize) -> Read<u64> {
        let digits = self.bytes.get(start..self.at).unwrap_or_default();
        let number = digits.iter().try_fold(0_u64, |value, c| value.checked_mul(10)?.checked_add(u64::from(c - b'0')));
        match number {
            Some(number) => Ok(number),
            None => self.bad("a whole number of at most 64 bits"),
        }
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
        match self.plain_decimal() {
            Some(decimal) => Ok(decimal),
            None => self.any_decimal(),
        }
    }

    /// A quoted decimal of up to eight digits, a point and up to eight more, fifteen in all, as nearly all are; `None`, and nothing done,
    /// of others.
    #[inline]
    fn plain_decimal(&mut self) -> Option<Decimal> {
        let text = self.bytes.get(self.at..)?.first_chunk::<PLAIN_BYTES>()?;
        let (whole, upper) = leading_digits(*text.get(1..)?.first_chunk()?);
        if text[0] != b'"' || whole == 0 || text.get(1 + whole) != Some(&b'.') {
            return None;
        }
        let (places, lower) = leading_digits(*text.get(2 + whole..)?.first_chunk()?);
        if places == 0 || text.get(2 + whole + places) != Some(&b'"') {
            return None;
        }
        self.at += 3 + whole + places;
        // Eight digits × 1e9 fit.
        let value = upper as i64 * POWERS[places] + lower as i64;
        Some(Decimal { raw: value * POWERS[FRACTION_DIGITS - places], places: places as u8 })
    }

    #[inline(never)]
    fn any_decimal(&mut self) -> Read<Decimal> {
        let quoted = self.take(b'"');
        let start = self.at;
        let mut value: u64 = 0;
        self.digits(&mut value);
        let whole = self.at - start;
        let mut places = 0;
        if self.byte() == b'.' {
            self.at += 1;
            let point = self.at;
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

    /// Append digits to `value`, which wraps; the caller counts them. Eight at a time: where they end is worked out and not looked for,
    /// since numbers of different lengths follow each other.
    #[inline]
    fn digits(&mut self, value: &mut u64) {
        while let Some(&eight) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            let (digits, number) = leading_digits(eight);
            *value = value.wrapping_mul(POWERS[digits] as u64).wrapping_add(number);
            self.at += digits;
            if digits < 8 {
                return;
            }
        }
        loop {
            let digit = self.byte().wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            *value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.at += 1;
        }
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

    proptest! {
        #[test]
        fn a_decimal_reads_alike_whatever_stands_behind_it(text in "\"?[0-9]{0,9}[.]?[0-9]{0,11}\"?", behind in "[,\\] 0-9.\"]{0,20}") {
            let long = format!("{text}{behind}");
            let (mut fast, mut slow) = (Cursor::new(long.as_bytes()), Cursor::new(long.as_bytes()));
            match (fast.decimal(), slow.any_decimal()) {
                (Ok(one), Ok(other)) => prop_assert_eq!((one, fast.position()), (other, slow.position())),
                (Err(one), Err(other)) => prop_assert_eq!(one.to_string(), other.to_string()),
                other => prop_assert!(false, "{long}: {other:?}"),
            }
        }

        #[test]
        fn a_whole_number_is_what_the_standard_library_reads(digits in "0{0,12}[0-9]{1,21}", behind in "[,}\\]. /:;a\u{ff}]?[ -~]{0,9}") {
            let text = format!("{digits}{behind}");
            let read = Cursor::new(text.as_bytes()).unsigned();
            let run: String = text.chars().take_while(char::is_ascii_digit).collect();
            match run.parse::<u64>() {
                Ok(number) if !matches!(text.as_bytes().get(run.len()), Some(b'.' | b'e' | b'E')) => prop_assert_eq!(read.unwrap(), number),
                _ => prop_assert!(read.is_err()),
            }
        }

        #[test]
        fn leading_digits_are_found_in_any_eight_bytes(eight in proptest::array::uniform8(prop_oneof![3 => b'0'..=b'9', 1 => any::<u8>()])) {
            let digits = eight.iter().take_while(|c| c.is_ascii_digit()).count();
            let number = eight[..digits].iter().fold(0, |n, c| n * 10 + u64::from(c - b'0'));
            prop_assert_eq!(leading_digits(eight), (digits, number));
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
