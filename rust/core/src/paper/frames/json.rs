//! JSON.

use super::Out;
use crate::types::{SCALE, Timestamp};

/// A frame in the making.
#[derive(Debug, Default)]
pub(super) struct Json {
    bytes: Vec<u8>,
    /// The next key is the first of its map.
    first: bool,
    /// The second that was written last, and its text up to the fraction.
    second: Option<i64>,
    prefix: Vec<u8>,
}

impl Json {
    fn digits(&mut self, mut value: u64) {
        let mut buffer = [0; 20];
        let mut at = buffer.len();
        loop {
            at -= 1;
            buffer[at] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(&buffer[at..]);
    }

    /// A point and nine digits without the zeros at the end; nothing for none.
    fn fraction(&mut self, mut value: u64) {
        if value == 0 {
            return;
        }
        let mut buffer = [b'0'; 9];
        for digit in buffer.iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
        let end = buffer.iter().rposition(|&d| d != b'0').map_or(0, |last| last + 1);
        self.bytes.push(b'.');
        self.bytes.extend_from_slice(&buffer[..end]);
    }
}

impl Out for Json {
    fn begin(&mut self) {
        self.bytes.clear();
        self.bytes.push(b'[');
    }

    fn take(&mut self, _messages: usize) -> Vec<u8> {
        self.bytes.push(b']');
        let room = self.bytes.len();
        std::mem::replace(&mut self.bytes, Vec::with_capacity(room))
    }

    fn map(&mut self, _entries: usize) {
        self.bytes.push(b'{');
        self.first = true;
    }

    fn end_map(&mut self) {
        self.bytes.push(b'}');
        self.first = false;
    }

    fn list(&mut self, _length: usize) {
        self.bytes.push(b'[');
    }

    fn next(&mut self) {
        self.bytes.push(b',');
    }

    fn unsaid(&mut self) {
        self.bytes.pop();
    }

    fn end_list(&mut self) {
        self.bytes.push(b']');
    }

    fn key(&mut self, key: &'static str) {
        if !self.first {
            self.bytes.push(b',');
        }
        self.first = false;
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn letter(&mut self, letter: u8) {
        match letter {
            b'"' | b'\\' => self.bytes.extend_from_slice(&[b'"', b'\\', letter, b'"']),
            0..0x20 | 0x7f.. => self.bytes.extend_from_slice(b"\"?\""),
            _ => self.bytes.extend_from_slice(&[b'"', letter, b'"']),
        }
    }

    fn price(&mut self, raw: i64) {
        if raw < 0 {
            self.bytes.push(b'-');
        }
        let magnitude = raw.unsigned_abs();
        self.digits(magnitude / SCALE as u64);
        self.fraction(magnitude % SCALE as u64);
    }

    fn size(&mut self, raw: i64) {
        self.price(raw);
    }

    fn whole(&mut self, value: u64) {
        self.digits(value);
    }

    fn flag(&mut self, value: bool) {
        self.bytes.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn time(&mut self, ns: i64) {
        let (second, nanos) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
        if self.second != Some(second) {
            let text = Timestamp::from_nanos(second.saturating_mul(1_000_000_000)).to_string();
            self.prefix.clear();
            self.prefix.extend_from_slice(text.trim_end_matches('Z').as_bytes());
            self.second = Some(second);
        }
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(&self.prefix);
        self.fraction(nanos as u64);
        self.bytes.extend_from_slice(b"Z\"");
    }

    fn prepared(text: &str) -> Vec<u8> {
        serde_json::to_vec(text).unwrap_or_default()
    }
}
