//! Whole rows of delimited text out of plain, zip and gzip files, with a bound on what a file may unpack to.
//!
//! Bytes are unpacked into one buffer of 256 KiB that grows only for a row longer than itself; [`Fields`] reads numbers
//! straight out of it.

use super::map::open_file;
use crate::types::{Error, Result};
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::Path;
use zip::ZipArchive;

/// Most bytes a file may unpack to.
const UNPACKED_BYTES_MAX: u64 = 4 << 30;
/// Longest row.
const ROW_BYTES_MAX: usize = 64 << 10;
const CHUNK_BYTES: usize = 256 << 10;
/// Text rarely packs better than this; bounds how much room a size written in a file may make us reserve.
const RATIO_MAX: u64 = 40;
/// Longest piece of content in a message.
const EXCERPT_CHARS_MAX: usize = 80;

/// How far a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes unpacked so far.
    pub done: u64,
    /// Bytes the file says it unpacks to; for gzip, a guess from its packed size.
    pub total: u64,
}

/// Open `path` and hand its content to `take` in chunks of whole rows, the last row ended by a newline.
pub(super) fn for_each_chunk(path: &Path, mut take: impl FnMut(&[u8], Extent) -> Result<()>) -> Result<()> {
    let place = || path.display().to_string();
    let (file, packed) = open_file(path)?;
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "zip" => {
            let corrupt = |e: &dyn std::fmt::Display| Error::data(place(), format!("is not a whole zip file ({e}); fetch it again"));
            let mut archive = ZipArchive::new(file).map_err(|e| corrupt(&e))?;
            if archive.len() != 1 {
                return Err(Error::data(
                    place(),
                    format!("holds {} entries where one is expected; unpack the one you mean", archive.len()),
                ));
            }
            let entry = archive.by_index(0).map_err(|e| corrupt(&e))?;
            let total = entry.size();
            if total > UNPACKED_BYTES_MAX {
                return Err(too_large(path));
            }
            pump(path, entry, total.min(packed.saturating_mul(RATIO_MAX)), &mut take)
        }
        "gz" => pump(path, MultiGzDecoder::new(file), packed.saturating_mul(8), &mut take),
        _ => pump(path, file, packed, &mut take),
    }
}

fn too_large(path: &Path) -> Error {
    Error::data(path.display().to_string(), "unpacks to more than 4 GiB; split the file by day")
}

fn pump(path: &Path, mut source: impl Read, total: u64, take: &mut dyn FnMut(&[u8], Extent) -> Result<()>) -> Result<()> {
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    let mut held = 0;
    let mut extent = Extent { done: 0, total };
    loop {
        if held + 1 >= buffer.len() {
            return Err(Error::data(
                path.display().to_string(),
                format!("holds a row longer than {ROW_BYTES_MAX} bytes; is it a text file?"),
            ));
        }
        // One byte stays free for the newline that the last row may lack.
        let end = buffer.len() - 1;
        let n = match source.read(&mut buffer[held..end]) {
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Error::data(path.display().to_string(), format!("is cut short or corrupt ({e}); fetch it again"))),
        };
        extent.done += n as u64;
        if extent.done > UNPACKED_BYTES_MAX {
            return Err(too_large(path));
        }
        let filled = held + n;
        if n == 0 {
            if held > 0 {
                buffer[held] = b'\n';
                extent.total = extent.done;
                take(&buffer[..=held], extent)?;
            }
            return Ok(());
        }
        match buffer[held..filled].iter().rposition(|&c| c == b'\n') {
            Some(last) => {
                let rows_end = held + last + 1;
                extent.total = extent.total.max(extent.done);
                take(&buffer[..rows_end], extent)?;
                buffer.copy_within(rows_end..filled, 0);
                held = filled - rows_end;
            }
            None => held = filled,
        }
        if held > ROW_BYTES_MAX {
            return Err(Error::data(
                path.display().to_string(),
                format!("holds a row longer than {ROW_BYTES_MAX} bytes; is it a text file?"),
            ));
        }
    }
}

/// A field that is not what its column promises; the number counts columns from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadField(pub usize);

/// A reader of the comma-separated fields of one row after the other.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    column: usize,
    /// A field is still to come in this row, if only an empty one.
    open: bool,
}

type Read1<T> = std::result::Result<T, BadField>;

impl<'a> Fields<'a> {
    /// Over `bytes`, whole rows that end with a newline.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, column: 0, open: true }
    }

    #[inline]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(b'\n')
    }

    /// Step over blank lines; false at the end.
    #[inline]
    pub(super) fn begin_row(&mut self) -> bool {
        self.column = 0;
        self.open = true;
        while let Some(c) = self.bytes.get(self.at) {
            if !matches!(c, b'\n' | b'\r') {
                return true;
            }
            self.at += 1;
        }
        false
    }

    /// Step over the comma after a field.
    #[inline]
    fn end_field(&mut self) -> Read1<()> {
        match self.peek() {
            b',' => {
                self.at += 1;
                self.column += 1;
                Ok(())
            }
            b'\n' | b'\r' if self.open => {
                self.column += 1;
                self.open = false;
                Ok(())
            }
            _ => Err(BadField(self.column)),
        }
    }

    /// Step over a minus if it is next.
    #[inline]
    fn minus(&mut self) -> bool {
        if self.peek() != b'-' {
            return false;
        }
        self.at += 1;
        true
    }

    /// A whole number.
    #[inline]
    pub(super) fn int(&mut self) -> Read1<i64> {
        let negative = self.minus();
        let value = self.digits()?;
        self.end_field()?;
        Ok(if negative { -value } else { value })
    }

    /// Digits up to anything else; at least one, at most eighteen.
    #[inline]
    fn digits(&mut self) -> Read1<i64> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (mut value, mut n) = (0_i64, 0);
        for &c in rest {
            let digit = c.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
            n += 1;
        }
        // Eighteen digits cannot wrap; leading zeros do not count.
        if n == 0 || (n > 18 && rest[..n].iter().skip_while(|&&c| c == b'0').count() > 18) {
            return Err(BadField(self.column));
        }
        self.at += n;
        Ok(value)
    }

    /// A decimal in units of `unit` (a power of ten of 1e-9), as a count of 1e-9; digits below 1e-9 must be zero.
    #[inline]
    pub(super) fn scaled(&mut self, unit: i64) -> Read1<i64> {
        let negative = self.minus();
        let bad = BadField(self.column);
        let whole = self.digits()?.checked_mul(unit).ok_or(bad)?;
        let value = if self.peek() == b'.' { self.fraction(unit)?.checked_add(whole).ok_or(bad)? } else { whole };
        self.end_field()?;
        Ok(if negative { -value } else { value })
    }

    #[cold]
    fn fraction(&mut self, unit: i64) -> Read1<i64> {
        self.at += 1;
        let (start, mut value, mut place) = (self.at, 0_i64, unit);
        while self.peek().is_ascii_digit() {
            let digit = i64::from(self.peek() - b'0');
            if place % 10 != 0 && digit != 0 {
                return Err(BadField(self.column));
            }
            place /= 10;
            value += digit * place;
            self.at += 1;
        }
        if self.at == start { Err(BadField(self.column)) } else { Ok(value) }
    }

    /// As [`Self::scaled`], where an empty field means there is no value.
    #[inline]
    pub(super) fn scaled_or_empty(&mut self, unit: i64) -> Read1<Option<i64>> {
        if matches!(self.peek(), b',' | b'\n' | b'\r') {
            self.end_field()?;
            return Ok(None);
        }
        self.scaled(unit).map(Some)
    }

    /// A hexadecimal number; an empty field is zero.
    #[inline]
    pub(super) fn hex(&mut self) -> Read1<u64> {
        let (start, mut value) = (self.at, 0_u64);
        while let Some(digit) = char::from(self.peek()).to_digit(16) {
            value = (value << 4) | u64::from(digit);
            self.at += 1;
        }
        if self.at - start > 16 {
            return Err(BadField(self.column));
        }
        self.end_field()?;
        Ok(value)
    }

    /// Text up to the next comma or the end of the row.
    #[inline]
    pub(super) fn text(&mut self) -> Read1<&'a [u8]> {
        let start = self.at;
        while !matches!(self.peek(), b',' | b'\n' | b'\r') {
            self.at += 1;
        }
        let text = &self.bytes[start..self.at.min(self.bytes.len())];
        self.end_field()?;
        Ok(text)
    }

    /// True when the row has another field, if only an empty one.
    #[inline]
    pub(super) const fn has_more(&self) -> bool {
        self.open
    }

    /// The end of the row, where every field has been read.
    #[inline]
    pub(super) fn end_row(&mut self) -> Read1<()> {
        if self.open {
            return Err(BadField(self.column));
        }
        self.at += 1;
        Ok(())
    }

    /// Where the reader stands, to come back to with [`Self::excerpt`] or [`Self::skip_row`].
    #[inline]
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// The row that begins at `start`, at most 80 characters of it.
    pub(super) fn excerpt(&self, start: usize) -> String {
        let row = self.bytes.get(start..).unwrap_or_default();
        let row = row.split(|c| matches!(c, b'\n' | b'\r')).next().unwrap_or_default();
        let text: String = String::from_utf8_lossy(&row[..row.len().min(4 * EXCERPT_CHARS_MAX)]).chars().take(EXCERPT_CHARS_MAX).collect();
        text.escape_debug().to_string()
    }

    /// Go to the row after the one that begins at `start`.
    pub(super) fn skip_row(&mut self, start: usize) {
        let rest = self.bytes.get(start..).unwrap_or_default();
        self.at = start + rest.iter().position(|&c| c == b'\n').map_or(rest.len(), |n| n + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(prop_oneof![Just(b','), Just(b'\n'), Just(b'-'), Just(b'.'), b'0'..=b'9', any::<u8>()], 0..60)) {
            let mut fields = Fields::new(&bytes);
            let mut rows = 0;
            while fields.begin_row() {
                let start = fields.position();
                let row = (|| { fields.int()?; fields.scaled(100_000)?; fields.hex()?; fields.scaled_or_empty(1)?; fields.text()?; fields.end_row() })();
                if row.is_err() {
                    prop_assert!(fields.excerpt(start).len() <= 80 * 10);
                    fields.skip_row(start);
                }
                rows += 1;
                prop_assert!(rows <= bytes.len());
            }
        }

        #[test]
        fn a_scaled_decimal_is_exact(whole in 0_i64..1_000_000_000, fraction in 0_i64..100_000) {
            let text = format!("{whole}.{fraction:05}\n");
            prop_assert_eq!(Fields::new(text.as_bytes()).scaled(100_000), Ok(whole * 100_000 + fraction));
        }
    }

    #[test]
    fn fields_that_are_not_numbers_name_their_column() {
        let mut fields = Fields::new(b"12,x\n");
        assert_eq!(fields.int(), Ok(12));
        assert_eq!(fields.int(), Err(BadField(1)));
        assert_eq!(Fields::new(b"9999999999999999999\n").int(), Err(BadField(0)));
        assert_eq!(Fields::new(b"1.000001\n").scaled(100_000), Err(BadField(0)));
        assert_eq!(Fields::new(b"-5\n").int(), Ok(-5));
    }
}
