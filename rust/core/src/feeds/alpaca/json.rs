//! A cursor over a JSON frame (RFC 8259).
//!
//! What is passed over is checked for its brackets and texts alone; what is read is checked in full. As in [`super::msgpack`], calls
//! for the unusual cases take the cursor by value.
#![allow(clippy::inline_always, reason = "the cursor must stay in registers; measured")]

use super::number::{self, NUMBER};
use super::time;
use super::wire::{ABSENT, Decimals, END, Left, Reader, Scan, code_of, malformed};

/// Deepest nesting of what is passed over.
const DEPTH_MAX: u32 = 128;

const TRUNCATED: &str = "more bytes: the frame is cut";
const TEXT: &str = "a text";
const TIME: &str = "a time like 2021-02-22T15:51:44.208Z";
const WHOLE: &str = "a whole number of 0 or more";

/// A cursor over one frame.
#[derive(Clone, Copy)]
pub(super) struct Json<'a> {
    data: &'a [u8],
    at: usize,
    key: (usize, usize),
}

impl<'a> Json<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, key: (0, 0) }
    }

    /// The next byte that is no white space; the cursor stands at it.
    #[inline(always)]
    fn peek(&mut self) -> Scan<u8> {
        match self.data.get(self.at) {
            Some(&byte) if byte > b' ' => Ok(byte),
            _ => {
                self.at = self.past_space()?;
                Ok(self.data[self.at])
            }
        }
    }

    /// Where the next byte is that is no white space.
    #[inline(never)]
    fn past_space(self) -> Scan<usize> {
        let rest = &self.data[self.at.min(self.data.len())..];
        match rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            Some(spaces) => Ok(self.at + spaces),
            None => malformed(self.data.len(), TRUNCATED),
        }
    }

    #[inline(always)]
    fn take(&mut self, byte: u8, expected: &'static str) -> Scan<()> {
        if self.peek()? != byte {
            return malformed(self.at, expected);
        }
        self.at += 1;
        Ok(())
    }

    /// Where the text at the cursor begins and ends, without its quotes, and whether it holds escapes; the cursor goes past it.
    #[inline(always)]
    fn span(&mut self) -> Scan<(usize, usize, bool)> {
        self.take(b'"', TEXT)?;
        let start = self.at;
        let mut at = start;
        let mut escaped = false;
        loop {
            match self.data.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(0x20..) => at += 1,
                Some(_) => return malformed(at, "a character: control characters are written as escapes"),
                None => return malformed(start - 1, "a text with its end: the frame is cut"),
            }
        }
        self.at = at + 1;
        Ok((start, at, escaped))
    }

    /// Enter a list or map, or go on in it: false at its end.
    #[inline(always)]
    fn enter_or_go_on(&mut self, left: &mut Left, close: u8) -> Scan<bool> {
        let byte = self.peek()?;
        if byte == close {
            self.at += 1;
            return Ok(false);
        }
        if left.0 == 0 {
            left.0 = 1;
            return Ok(true);
        }
        if byte != b',' {
            return malformed(self.at, "a comma or the end");
        }
        self.at += 1;
        if self.peek()? == close {
            return malformed(self.at, "another entry after the comma");
        }
        Ok(true)
    }

    /// Go on to the next key of a map without reading it: false at the map's end.
    pub(super) fn more_names(&mut self, left: &mut Left) -> Scan<bool> {
        self.enter_or_go_on(left, b'}')
    }

    /// The colon between a key and its value.
    pub(super) fn colon(&mut self) -> Scan<()> {
        self.take(b':', "a colon")
    }

    /// True, with the cursor past it, when `word` comes next.
    #[inline(always)]
    fn word(&mut self, word: &[u8]) -> bool {
        let found = self.peek().is_ok() && self.data[self.at..].starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    /// Numbers that are not plain: null, and texts that hold one.
    #[inline(never)]
    fn other_number(mut self, decimals: Decimals) -> Scan<(i64, usize)> {
        let start = self.at;
        if self.word(b"null") {
            return Ok((ABSENT, self.at));
        }
        if self.data.get(start) != Some(&b'"') {
            return malformed(start, NUMBER);
        }
        let (from, to, _) = self.span()?;
        match number::decimal(&self.data[from..to], decimals) {
            Ok((raw, length)) if from + length == to => Ok((raw, self.at)),
            Ok(_) => malformed(start, NUMBER),
            Err(expected) => malformed(start, expected),
        }
    }

    /// A whole number, and where it ends.
    #[inline(never)]
    fn read_whole(mut self) -> Scan<(u64, usize)> {
        let quoted = self.peek()? == b'"';
        let start = self.at;
        let mut at = start + usize::from(quoted);
        let mut value = Some(0_u64);
        while let Some(digit) = self.data.get(at).map(|c| c.wrapping_sub(b'0')).filter(|d| *d < 10) {
            value = value.and_then(|v| v.checked_mul(10)?.checked_add(u64::from(digit)));
            at += 1;
        }
        let plain = at > start + usize::from(quoted) && !matches!(self.data.get(at), Some(b'.' | b'e' | b'E'));
        if plain && (!quoted || self.data.get(at) == Some(&b'"')) {
            let end = at + usize::from(quoted);
            return value.map_or_else(|| malformed(start, WHOLE), |value| Ok((value, end)));
        }
        match self.fixed(Decimals::Exact)? {
            ABSENT => Ok((0, self.at)),
            raw if raw >= 0 && raw % crate::types::SCALE == 0 => Ok(((raw / crate::types::SCALE) as u64, self.at)),
            _ => malformed(start, WHOLE),
        }
    }

    /// Times that are no text: null, and nanoseconds.
    #[inline(never)]
    fn other_time(mut self) -> Scan<(i64, usize)> {
        let start = self.at;
        if self.word(b"null") {
            return Ok((ABSENT, self.at));
        }
        let negative = self.data.get(start) == Some(&b'-');
        self.at += usize::from(negative);
        if !self.peek()?.is_ascii_digit() {
            return malformed(start, TIME);
        }
        let Ok(Ok(ns)) = self.whole().map(i64::try_from) else { return malformed(start, TIME) };
        Ok((if negative { -ns } else { ns }, self.at))
    }

    /// A key of more than two letters, or with escapes or spaces about it: its code, where it stands, and where its value begins.
    #[inline(never)]
    fn other_key(mut self) -> Scan<(u64, (usize, usize), usize)> {
        if self.peek()? != b'"' {
            return malformed(self.at, "a key");
        }
        let (start, end, escaped) = self.span()?;
        self.colon()?;
        let key = &self.data[start..end];
        if !escaped {
            return Ok((code_of(key), (start, end), self.at));
        }
        let mut plain = Vec::new();
        match unescape(key, &mut plain) {
            Some(()) => Ok((code_of(&plain), (start, end), self.at)),
            None => malformed(start, "an escape"),
        }
    }

    /// Where the value at the cursor ends.
    #[inline(never)]
    fn end_of_value(self) -> Scan<usize> {
        let mut cursor = self;
        // One bit a level: 1 for a map, 0 for a list.
        let (mut depth, mut maps) = (0_u32, 0_u128);
        loop {
            match cursor.peek()? {
                b'"' => {
                    cursor.span()?;
                }
                open @ (b'[' | b'{') => {
                    if depth == DEPTH_MAX {
                        return malformed(cursor.at, "at most 128 levels of nesting");
                    }
                    depth += 1;
                    maps = maps << 1 | u128::from(open == b'{');
                    cursor.at += 1;
                    continue;
                }
                close @ (b']' | b'}') => {
                    if depth == 0 || (maps & 1 == 1) != (close == b'}') {
                        return malformed(cursor.at, "the bracket that was opened last");
                    }
                    depth -= 1;
                    maps >>= 1;
                    cursor.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    cursor.at += 1;
                    continue;
                }
                _ => {
                    let start = cursor.at;
                    while cursor.data.get(cursor.at).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.')) {
                        cursor.at += 1;
                    }
                    if cursor.at == start {
                        return malformed(start, "a value");
                    }
                }
            }
            if depth == 0 {
                return Ok(cursor.at);
            }
        }
    }
}

/// The text of `escaped` with its escapes resolved, in `out`; halves of surrogate pairs without the other become U+FFFD.
fn unescape(escaped: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.clear();
    let mut rest = escaped;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&kind, after) = rest.split_first()?;
        rest = after;
        match kind {
            b'"' | b'\\' | b'/' => out.push(kind),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let mut unit = hex(rest)?;
                rest = &rest[4..];
                if (0xd800..0xdc00).contains(&unit)
                    && let Some(low) = rest.strip_prefix(b"\\u").and_then(hex).filter(|low| (0xdc00..0xe000).contains(low))
                {
                    unit = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    rest = &rest[6..];
                }
                let c = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
    }
    Some(())
}

/// Four hexadecimal digits.
fn hex(text: &[u8]) -> Option<u32> {
    text.first_chunk::<4>()?.iter().try_fold(0, |value, &c| Some(value << 4 | char::from(c).to_digit(16)?))
}

impl<'a> Reader<'a> for Json<'a> {
    #[inline(always)]
    fn at(&self) -> usize {
        self.at
    }

    fn is_over(&mut self) -> bool {
        self.peek().is_err()
    }

    #[inline(always)]
    fn is_list(&mut self) -> bool {
        self.peek() == Ok(b'[')
    }

    #[inline(always)]
    fn map(&mut self) -> Scan<Left> {
        self.take(b'{', "a map")?;
        Ok(Left(0))
    }

    #[inline(always)]
    fn key(&mut self, left: &mut Left) -> Scan<u64> {
        if !self.enter_or_go_on(left, b'}')? {
            return Ok(END);
        }
        match self.data.get(self.at..) {
            Some([b'"', a @ 0x20..=0xff, b'"', b':', ..]) if *a != b'\\' && *a != b'"' => {
                self.at += 4;
                return Ok(u64::from(*a));
            }
            Some([b'"', a @ 0x20..=0xff, b @ 0x20..=0xff, b'"', b':', ..]) if *a != b'\\' && *b != b'\\' && *a != b'"' && *b != b'"' => {
                self.at += 5;
                return Ok(u64::from(*a) | u64::from(*b) << 8);
            }
            _ => {}
        }
        let (code, key, at) = self.other_key()?;
        (self.key, self.at) = (key, at);
        Ok(code)
    }

    #[inline(always)]
    fn next_is<const N: usize>(&mut self, left: &mut Left, key: [u8; N]) -> bool {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let Some((b",\"", rest)) = rest.split_first_chunk() else { return false };
        let Some((name, rest)) = rest.split_first_chunk() else { return false };
        if left.0 == 0 || *name != key || rest.first_chunk() != Some(b"\":") {
            return false;
        }
        self.at += 4 + N;
        true
    }

    fn long_key(&self) -> &'a [u8] {
        &self.data[self.key.0..self.key.1]
    }

    #[inline(always)]
    fn list(&mut self) -> Scan<Left> {
        self.take(b'[', "a list")?;
        Ok(Left(0))
    }

    #[inline(always)]
    fn more(&mut self, left: &mut Left) -> Scan<bool> {
        self.enter_or_go_on(left, b']')
    }

    #[inline(always)]
    fn null(&mut self) -> bool {
        matches!(self.peek(), Ok(b'n')) && self.word(b"null")
    }

    #[inline(always)]
    fn fixed(&mut self, decimals: Decimals) -> Scan<i64> {
        let byte = self.peek()?;
        if !matches!(byte, b'0'..=b'9' | b'-') {
            let (raw, end) = self.other_number(decimals)?;
            self.at = end;
            return Ok(raw);
        }
        match number::decimal(&self.data[self.at..], decimals) {
            Ok((raw, length)) => {
                self.at += length;
                Ok(raw)
            }
            Err(expected) => malformed(self.at, expected),
        }
    }

    #[inline(always)]
    fn whole(&mut self) -> Scan<u64> {
        let (value, end) = self.read_whole()?;
        self.at = end;
        Ok(value)
    }

    #[inline(always)]
    fn boolean(&mut self) -> Scan<bool> {
        if self.word(b"true") {
            return Ok(true);
        }
        if self.word(b"false") || self.word(b"null") {
            return Ok(false);
        }
        malformed(self.at, "true or false")
    }

    #[inline(always)]
    fn text<'s>(&mut self, scratch: &'s mut Vec<u8>) -> Scan<&'s [u8]>
    where
        'a: 's,
    {
        let (start, end, escaped) = self.span()?;
        if !escaped {
            return Ok(&self.data[start..end]);
        }
        match unescape(&self.data[start..end], scratch) {
            Some(()) => Ok(scratch),
            None => malformed(start, "an escape"),
        }
    }

    #[inline(always)]
    fn one_letter(&mut self) -> Option<u8> {
        match self.data.get(self.at..) {
            Some(&[b'"', letter @ 0x20..=0x7f, b'"', ..]) if letter != b'"' && letter != b'\\' => {
                self.at += 3;
                Some(letter)
            }
            _ => None,
        }
    }

    #[inline(always)]
    fn one_listed(&mut self) -> Option<u8> {
        match self.data.get(self.at..) {
            Some(&[b'[', b'"', letter @ 0x20..=0x7f, b'"', b']', ..]) if letter != b'"' && letter != b'\\' => {
                self.at += 5;
                Some(letter)
            }
            _ => None,
        }
    }

    #[inline(always)]
    fn time(&mut self) -> Scan<i64> {
        if self.peek()? == b'"'
            && let Some((ns, length)) = time::parse_start(&self.data[self.at + 1..])
            && self.data.get(self.at + 1 + length) == Some(&b'"')
        {
            self.at += length + 2;
            return Ok(ns);
        }
        let (ns, end) = self.other_time()?;
        self.at = end;
        Ok(ns)
    }

    #[inline(always)]
    fn skip(&mut self) -> Scan<()> {
        self.at = self.end_of_value()?;
        Ok(())
    }
}
