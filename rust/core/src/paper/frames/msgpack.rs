//! `MessagePack`.

use super::Out;
use crate::types::SCALE;

/// A frame in the making.
#[derive(Debug, Default)]
pub(super) struct Msgpack {
    bytes: Vec<u8>,
}

/// Bytes of the header of a frame: a list of up to 65,535.
const HEADER: usize = 3;

impl Msgpack {
    #[inline]
    fn float(&mut self, value: f64) {
        let mut bytes = [0xcb; 9];
        bytes[1..].copy_from_slice(&value.to_be_bytes());
        self.bytes.extend_from_slice(&bytes);
    }
}

impl Out for Msgpack {
    fn begin(&mut self) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&[0xdc, 0, 0]);
    }

    fn take(&mut self, messages: usize) -> Vec<u8> {
        self.bytes[1..HEADER].copy_from_slice(&(messages as u16).to_be_bytes());
        let room = self.bytes.len();
        std::mem::replace(&mut self.bytes, Vec::with_capacity(room))
    }

    #[inline]
    fn map(&mut self, entries: usize) {
        self.bytes.push(0x80 | (entries as u8 & 0x0f));
    }

    #[inline]
    fn end_map(&mut self) {}

    #[inline]
    fn list(&mut self, length: usize) {
        match u16::try_from(length) {
            Ok(n) if n < 16 => self.bytes.push(0x90 | n as u8),
            Ok(n) => {
                self.bytes.push(0xdc);
                self.bytes.extend_from_slice(&n.to_be_bytes());
            }
            Err(_) => {
                self.bytes.push(0xdd);
                self.bytes.extend_from_slice(&(length as u32).to_be_bytes());
            }
        }
    }

    #[inline]
    fn next(&mut self) {}

    fn unsaid(&mut self) {}

    #[inline]
    fn end_list(&mut self) {}

    #[inline]
    fn key(&mut self, key: &'static str) {
        self.bytes.push(0xa0 | key.len() as u8);
        self.bytes.extend_from_slice(key.as_bytes());
    }

    #[inline]
    fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    #[inline]
    fn letter(&mut self, letter: u8) {
        self.bytes.extend_from_slice(&[0xa1, letter]);
    }

    #[inline]
    fn price(&mut self, raw: i64) {
        // Both are exact, so that the quotient is the float nearest to the decimal.
        self.float(raw as f64 / SCALE as f64);
    }

    #[inline]
    fn size(&mut self, raw: i64) {
        let whole = raw / SCALE;
        if whole * SCALE == raw && whole >= 0 { self.whole(whole as u64) } else { self.price(raw) }
    }

    #[inline]
    fn whole(&mut self, value: u64) {
        match value {
            0..0x80 => self.bytes.push(value as u8),
            0x80..0x100 => self.bytes.extend_from_slice(&[0xcc, value as u8]),
            0x100..0x1_0000 => {
                let [a, b] = (value as u16).to_be_bytes();
                self.bytes.extend_from_slice(&[0xcd, a, b]);
            }
            0x1_0000..0x1_0000_0000 => {
                let [a, b, c, d] = (value as u32).to_be_bytes();
                self.bytes.extend_from_slice(&[0xce, a, b, c, d]);
            }
            _ => {
                self.bytes.push(0xcf);
                self.bytes.extend_from_slice(&value.to_be_bytes());
            }
        }
    }

    fn flag(&mut self, value: bool) {
        self.bytes.push(if value { 0xc3 } else { 0xc2 });
    }

    /// The timestamp extension: seconds in 4 bytes, with nanoseconds in 8, and in 12 outside the years 1970 to 2514.
    #[inline]
    fn time(&mut self, ns: i64) {
        let (seconds, nanos) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000) as u64);
        match (u64::try_from(seconds), nanos) {
            (Ok(s), 0) if s >> 32 == 0 => {
                self.bytes.extend_from_slice(&[0xd6, 0xff]);
                self.bytes.extend_from_slice(&(s as u32).to_be_bytes());
            }
            (Ok(s), nanos) if s >> 34 == 0 => {
                self.bytes.extend_from_slice(&[0xd7, 0xff]);
                self.bytes.extend_from_slice(&(nanos << 34 | s).to_be_bytes());
            }
            (_, nanos) => {
                self.bytes.extend_from_slice(&[0xc7, 12, 0xff]);
                self.bytes.extend_from_slice(&(nanos as u32).to_be_bytes());
                self.bytes.extend_from_slice(&seconds.to_be_bytes());
            }
        }
    }

    fn prepared(text: &str) -> Vec<u8> {
        let mut bytes = match text.len() {
            n @ 0..32 => vec![0xa0 | n as u8],
            n @ 32..256 => vec![0xd9, n as u8],
            n => {
                let [a, b, c, d] = (n as u32).to_be_bytes();
                vec![0xdb, a, b, c, d]
            }
        };
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }
}
