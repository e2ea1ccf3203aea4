//! A cursor over a `MessagePack` frame (the specification at github.com/msgpack/msgpack/blob/master/spec.md).
//!
//! The unusual cases are calls that take the cursor by value: a cursor whose address is given away lives in memory, where each
//! step waits for the store before it.
#![allow(clippy::inline_always, reason = "the cursor must stay in registers; measured")]

use super::number::{self, IN_RANGE, NUMBER};
use super::time;
use super::wire::{ABSENT, Decimals, END, Left, Reader, Scan, code_of, malformed};
use crate::types::SCALE;

const NIL: u8 = 0xc0;
const FALSE: u8 = 0xc2;
const TRUE: u8 = 0xc3;
const EXT8: u8 = 0xc7;
const FLOAT32: u8 = 0xca;
const FLOAT64: u8 = 0xcb;
const FIXEXT4: u8 = 0xd6;
const FIXEXT8: u8 = 0xd7;
/// Extension type of a timestamp, −1.
const TIMESTAMP: u8 = 0xff;

const TRUNCATED: &str = "more bytes: the frame is cut";
const TEXT: &str = "a text";
const TIME: &str = "a timestamp";

/// A cursor over one frame.
#[derive(Clone, Copy)]
pub(super) struct Msgpack<'a> {
    data: &'a [u8],
    at: usize,
    key: (usize, usize),
}

impl<'a> Msgpack<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, key: (0, 0) }
    }

    #[inline(always)]
    fn peek(&self) -> Scan<u8> {
        match self.data.get(self.at) {
            Some(&byte) => Ok(byte),
            None => malformed(self.at, TRUNCATED),
        }
    }

    /// The `N` bytes after the one at the cursor.
    #[inline(always)]
    fn bytes<const N: usize>(&self) -> Scan<[u8; N]> {
        match self.data.get(self.at + 1..).and_then(|rest| rest.first_chunk()) {
            Some(bytes) => Ok(*bytes),
            None => malformed(self.at, TRUNCATED),
        }
    }

    /// Where a text's bytes begin and end.
    #[inline(always)]
    fn text_span(&self) -> Scan<(usize, usize)> {
        let (start, length) = match self.peek()? {
            head @ 0xa0..=0xbf => (self.at + 1, usize::from(head & 0x1f)),
            0xd9 => (self.at + 2, usize::from(u8::from_be_bytes(self.bytes()?))),
            0xda => (self.at + 3, usize::from(u16::from_be_bytes(self.bytes()?))),
            0xdb => (self.at + 5, u32::from_be_bytes(self.bytes()?) as usize),
            _ => return malformed(self.at, TEXT),
        };
        if length > self.data.len().saturating_sub(start) { malformed(self.at, TRUNCATED) } else { Ok((start, start + length)) }
    }

    /// A count of entries; each of them takes `least` bytes at least, so that a count past the frame's end is a lie.
    #[inline(always)]
    fn entries(&mut self, short: u8, long: u8, least: usize, expected: &'static str) -> Scan<Left> {
        let head = self.peek()?;
        let (count, length) = if head & 0xf0 == short {
            (u32::from(head & 0x0f), 1)
        } else if head == long {
            (u32::from(u16::from_be_bytes(self.bytes()?)), 3)
        } else if head == long + 1 {
            (u32::from_be_bytes(self.bytes()?), 5)
        } else {
            return malformed(self.at, expected);
        };
        if count as usize > (self.data.len() - self.at) / least {
            return malformed(self.at, TRUNCATED);
        }
        self.at += length;
        Ok(Left(count))
    }

    /// The integer at the cursor, and the bytes it takes.
    #[inline(always)]
    fn integer(self) -> Scan<Option<(i128, usize)>> {
        Ok(Some(match self.peek()? {
            head @ ..=0x7f => (i128::from(head), 1),
            head @ 0xe0.. => (i128::from(head as i8), 1),
            0xcc => (i128::from(u8::from_be_bytes(self.bytes()?)), 2),
            0xcd => (i128::from(u16::from_be_bytes(self.bytes()?)), 3),
            0xce => (i128::from(u32::from_be_bytes(self.bytes()?)), 5),
            0xcf => (i128::from(u64::from_be_bytes(self.bytes()?)), 9),
            0xd0 => (i128::from(i8::from_be_bytes(self.bytes()?)), 2),
            0xd1 => (i128::from(i16::from_be_bytes(self.bytes()?)), 3),
            0xd2 => (i128::from(i32::from_be_bytes(self.bytes()?)), 5),
            0xd3 => (i128::from(i64::from_be_bytes(self.bytes()?)), 9),
            _ => return Ok(None),
        }))
    }

    /// Where a key of more than two letters begins and ends. Keys that are no text are possible in this encoding, and unknown to us.
    #[inline(never)]
    fn other_key(self) -> Scan<(usize, usize)> {
        if matches!(self.peek()?, 0xa0..=0xbf | 0xd9..=0xdb) {
            return self.text_span();
        }
        let end = self.end_of_value()?;
        Ok((end, end))
    }

    /// Numbers that are not what prices and sizes usually are; the value and where the cursor stands after it.
    #[inline(never)]
    fn other_number(self, decimals: Decimals) -> Scan<(i64, usize)> {
        if let Some((value, length)) = self.integer()? {
            return match i64::try_from(value * i128::from(SCALE)) {
                Ok(raw) if raw != ABSENT => Ok((raw, self.at + length)),
                _ => malformed(self.at, IN_RANGE),
            };
        }
        let read = match self.peek()? {
            NIL => Ok((ABSENT, self.at + 1)),
            FLOAT32 => number::fixed_of_single(f32::from_be_bytes(self.bytes()?), decimals).map(|raw| (raw, self.at + 5)),
            0xa0..=0xbf | 0xd9..=0xdb => {
                let (start, end) = self.text_span()?;
                match number::decimal(&self.data[start..end], decimals) {
                    Ok((raw, length)) if start + length == end => Ok((raw, end)),
                    Ok(_) => Err(NUMBER),
                    Err(expected) => Err(expected),
                }
            }
            _ => Err(NUMBER),
        };
        read.or_else(|expected| malformed(self.at, expected))
    }

    /// Timestamps that are not the eight-byte extension; the value and where the cursor stands after it.
    #[inline(never)]
    fn other_time(self) -> Scan<(i64, usize)> {
        let head = self.peek()?;
        let (value, end) = match head {
            NIL => return Ok((ABSENT, self.at + 1)),
            FIXEXT4 => (self.extension(2, 4)?, self.at + 6),
            FIXEXT8 => (self.extension(2, 8)?, self.at + 10),
            EXT8 => {
                let [length, _] = self.bytes()?;
                (self.extension(3, usize::from(length))?, self.at + 3 + usize::from(length))
            }
            0xa0..=0xbf | 0xd9..=0xdb => {
                let (start, end) = self.text_span()?;
                (time::parse(&self.data[start..end]), end)
            }
            _ => match self.integer()? {
                Some((value, length)) => (i64::try_from(value).ok().filter(|&ns| ns != ABSENT), self.at + length),
                None => (None, 0),
            },
        };
        value.map_or_else(|| malformed(self.at, TIME), |value| Ok((value, end)))
    }

    /// A whole number, and where it ends.
    #[inline(never)]
    fn read_whole(mut self) -> Scan<(u64, usize)> {
        const WHOLE: &str = "a whole number of 0 or more";
        if let Some((value, length)) = self.integer()? {
            let Ok(value) = u64::try_from(value) else { return malformed(self.at, WHOLE) };
            return Ok((value, self.at + length));
        }
        let start = self.at;
        if matches!(self.peek()?, 0xa0..=0xbf | 0xd9..=0xdb) {
            let (from, to) = self.text_span()?;
            let read = std::str::from_utf8(&self.data[from..to]).ok().and_then(|text| text.parse().ok());
            return read.map_or_else(|| malformed(start, WHOLE), |value| Ok((value, to)));
        }
        match self.fixed(Decimals::Exact)? {
            ABSENT => Ok((0, self.at)),
            raw if raw >= 0 && raw % SCALE == 0 => Ok(((raw / SCALE) as u64, self.at)),
            _ => malformed(start, WHOLE),
        }
    }

    /// Nanoseconds of the timestamp extension whose body of `length` bytes begins `body` bytes on.
    fn extension(self, body: usize, length: usize) -> Scan<Option<i64>> {
        let Some(bytes) = self.data.get(self.at + body - 1..self.at + body + length) else { return malformed(self.at, TRUNCATED) };
        let [kind, bytes @ ..] = bytes else { return malformed(self.at, TRUNCATED) };
        if *kind != TIMESTAMP {
            return Ok(None);
        }
        let (seconds, nanos) = if let Ok(word) = <[u8; 4]>::try_from(bytes) {
            (i64::from(u32::from_be_bytes(word)), 0)
        } else if let Ok(word) = <[u8; 8]>::try_from(bytes) {
            let word = u64::from_be_bytes(word);
            ((word & 0x3_ffff_ffff) as i64, (word >> 34) as u32)
        } else if let [n0, n1, n2, n3, seconds @ ..] = bytes {
            let Ok(seconds) = <[u8; 8]>::try_from(seconds) else { return Ok(None) };
            (i64::from_be_bytes(seconds), u32::from_be_bytes([*n0, *n1, *n2, *n3]))
        } else {
            return Ok(None);
        };
        Ok(if nanos < 1_000_000_000 { time::from_parts(seconds, i64::from(nanos)) } else { None })
    }

    /// Where the value at the cursor ends. A counter of the values still owed takes the place of a stack: nesting costs nothing.
    #[inline(never)]
    fn end_of_value(self) -> Scan<usize> {
        let mut cursor = self;
        let mut owed = 1_usize;
        while owed > 0 {
            owed -= 1;
            let head = cursor.peek()?;
            let length = match head {
                ..=0x7f | 0xe0.. | NIL | FALSE | TRUE => 1,
                0x80..=0x8f | 0xde | 0xdf => {
                    owed += 2 * cursor.entries(0x80, 0xde, 2, "a map")?.0 as usize; // at most the bytes that are left
                    0
                }
                0x90..=0x9f | 0xdc | 0xdd => {
                    owed += cursor.entries(0x90, 0xdc, 1, "a list")?.0 as usize;
                    0
                }
                0xa0..=0xbf => 1 + usize::from(head & 0x1f),
                0xc4 | 0xd9 => 2 + usize::from(u8::from_be_bytes(cursor.bytes()?)),
                0xc5 | 0xda => 3 + usize::from(u16::from_be_bytes(cursor.bytes()?)),
                0xc6 | 0xdb => (u32::from_be_bytes(cursor.bytes()?) as usize).saturating_add(5),
                0xcc | 0xd0 => 2,
                0xcd | 0xd1 | 0xd4 => 3,
                0xce | 0xd2 | FLOAT32 => 5,
                0xcf | 0xd3 | FLOAT64 => 9,
                0xd5 => 4,
                FIXEXT4 => 6,
                FIXEXT8 => 10,
                0xd8 => 18,
                EXT8 => 3 + usize::from(u8::from_be_bytes(cursor.bytes()?)),
                0xc8 => 4 + usize::from(u16::from_be_bytes(cursor.bytes()?)),
                0xc9 => (u32::from_be_bytes(cursor.bytes()?) as usize).saturating_add(6),
                0xc1 => return malformed(cursor.at, "a value: 0xc1 begins none"),
            };
            if length > cursor.data.len() - cursor.at {
                return malformed(cursor.at, TRUNCATED);
            }
            cursor.at += length;
        }
        Ok(cursor.at)
    }
}

impl<'a> Reader<'a> for Msgpack<'a> {
    #[inline(always)]
    fn at(&self) -> usize {
        self.at
    }

    fn is_over(&mut self) -> bool {
        self.at >= self.data.len()
    }

    #[inline(always)]
    fn is_list(&mut self) -> bool {
        matches!(self.data.get(self.at), Some(0x90..=0x9f | 0xdc | 0xdd))
    }

    #[inline(always)]
    fn map(&mut self) -> Scan<Left> {
        self.entries(0x80, 0xde, 2, "a map")
    }

    #[inline(always)]
    fn key(&mut self, left: &mut Left) -> Scan<u64> {
        if left.0 == 0 {
            return Ok(END);
        }
        left.0 -= 1;
        match self.data.get(self.at..) {
            Some([0xa1, a @ 1..=0xff, ..]) => {
                self.at += 2;
                Ok(u64::from(*a))
            }
            Some([0xa2, a, b @ 1..=0xff, ..]) => {
                self.at += 3;
                Ok(u64::from(*a) | u64::from(*b) << 8)
            }
            _ => {
                self.key = self.other_key()?;
                self.at = self.key.1;
                Ok(code_of(self.long_key()))
            }
        }
    }

    #[inline(always)]
    fn next_is<const N: usize>(&mut self, left: &mut Left, key: [u8; N]) -> bool {
        let rest = self.data.get(self.at..).unwrap_or_default();
        let Some((&head, rest)) = rest.split_first() else { return false };
        if left.0 == 0 || head != 0xa0 + N as u8 || rest.first_chunk() != Some(&key) {
            return false;
        }
        left.0 -= 1;
        self.at += 1 + N;
        true
    }

    fn long_key(&self) -> &'a [u8] {
        &self.data[self.key.0..self.key.1]
    }

    #[inline(always)]
    fn list(&mut self) -> Scan<Left> {
        self.entries(0x90, 0xdc, 1, "a list")
    }

    #[inline(always)]
    fn more(&mut self, left: &mut Left) -> Scan<bool> {
        let more = left.0 > 0;
        left.0 -= u32::from(more);
        Ok(more)
    }

    #[inline(always)]
    fn null(&mut self) -> bool {
        let null = self.data.get(self.at) == Some(&NIL);
        self.at += usize::from(null);
        null
    }

    #[inline(always)]
    fn fixed(&mut self, decimals: Decimals) -> Scan<i64> {
        match self.data.get(self.at..) {
            Some([FLOAT64, rest @ ..]) if rest.len() >= 8 => {
                let x = f64::from_be_bytes(self.bytes()?);
                match number::fixed(x, decimals) {
                    Ok(raw) => {
                        self.at += 9;
                        Ok(raw)
                    }
                    Err(expected) => malformed(self.at, expected),
                }
            }
            Some([head @ ..=0x7f, ..]) => {
                self.at += 1;
                Ok(i64::from(*head) * SCALE)
            }
            _ => {
                let (raw, end) = self.other_number(decimals)?;
                self.at = end;
                Ok(raw)
            }
        }
    }

    #[inline(always)]
    fn whole(&mut self) -> Scan<u64> {
        if let Some(&head @ ..=0x7f) = self.data.get(self.at) {
            self.at += 1;
            return Ok(u64::from(head));
        }
        let (value, end) = self.read_whole()?;
        self.at = end;
        Ok(value)
    }

    #[inline(always)]
    fn boolean(&mut self) -> Scan<bool> {
        let value = match self.peek()? {
            TRUE => true,
            FALSE | NIL => false,
            _ => return malformed(self.at, "true or false"),
        };
        self.at += 1;
        Ok(value)
    }

    #[inline(always)]
    fn text<'s>(&mut self, _scratch: &'s mut Vec<u8>) -> Scan<&'s [u8]>
    where
        'a: 's,
    {
        let (start, end) = self.text_span()?;
        self.at = end;
        Ok(&self.data[start..end])
    }

    #[inline(always)]
    fn one_letter(&mut self) -> Option<u8> {
        match self.data.get(self.at..) {
            Some(&[0xa1, letter @ 1..=0x7f, ..]) => {
                self.at += 2;
                Some(letter)
            }
            _ => None,
        }
    }

    #[inline(always)]
    fn one_listed(&mut self) -> Option<u8> {
        match self.data.get(self.at..) {
            Some(&[0x91, 0xa1, letter @ 1..=0x7f, ..]) => {
                self.at += 3;
                Some(letter)
            }
            _ => None,
        }
    }

    #[inline(always)]
    fn time(&mut self) -> Scan<i64> {
        if let Some([FIXEXT8, TIMESTAMP, rest @ ..]) = self.data.get(self.at..)
            && let Some(word) = rest.first_chunk()
        {
            let word = u64::from_be_bytes(*word);
            let (seconds, nanos) = ((word & 0x3_ffff_ffff) as i64, (word >> 34) as i64);
            if nanos < 1_000_000_000 && seconds < 9_223_372_036 {
                self.at += 10;
                return Ok(seconds * 1_000_000_000 + nanos);
            }
        }
        let (value, end) = self.other_time()?;
        self.at = end;
        Ok(value)
    }

    #[inline(always)]
    fn skip(&mut self) -> Scan<()> {
        self.at = self.end_of_value()?;
        Ok(())
    }
}
