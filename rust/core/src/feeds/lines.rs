//! [`Lines`]: a stream of bytes, cut anywhere, as the lines of a recorded session; and what stands in front of a message there.
//!
//! Two forms of recording are read, line by line: `<nanoseconds> <message>`, and cryptofeed's `<seconds>: <message>`, where
//! lines with `<-` or `<->` are what our side did. A line may also be the bare message.

use super::json::{Cursor, Flaw};
use crate::types::{Result, Timestamp};

/// Longest line that is read; a full book of a busy product has a few megabytes.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Cuts a stream into lines and keeps what is not yet a whole one.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pending: Vec<u8>,
    /// `pending` holds whole lines: those behind one that was refused.
    backlog: bool,
    /// The line at hand is too long: nothing is kept until it ends.
    skipping: bool,
    number: u64,
}

impl Lines {
    /// Give each whole line with its number, counted from 1, to `each`; none for a line that is too long. After an error the
    /// lines behind the refused one are kept for the next call.
    pub(crate) fn push(&mut self, mut bytes: &[u8], each: &mut impl FnMut(u64, Option<&[u8]>) -> Result<()>) -> Result<()> {
        if self.backlog {
            let mut kept = std::mem::take(&mut self.pending);
            kept.extend_from_slice(bytes);
            self.backlog = false;
            return self.push(&kept, each);
        }
        if !self.pending.is_empty() || self.skipping {
            let Some(end) = memchr::memchr(b'\n', bytes) else {
                self.keep(bytes);
                return Ok(());
            };
            self.keep(&bytes[..end]);
            bytes = &bytes[end + 1..];
            let whole = std::mem::take(&mut self.pending);
            let line = (!std::mem::take(&mut self.skipping)).then_some(&whole[..]);
            self.number += 1;
            let outcome = each(self.number, line);
            self.pending = whole;
            self.pending.clear();
            self.settle(outcome, bytes)?;
        }
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let line = &bytes[..end];
            bytes = &bytes[end + 1..];
            self.number += 1;
            let outcome = each(self.number, Some(line));
            self.settle(outcome, bytes)?;
        }
        self.keep(bytes);
        Ok(())
    }

    /// The last line, which no line feed ended.
    pub(crate) fn finish(&mut self, each: &mut impl FnMut(u64, Option<&[u8]>) -> Result<()>) -> Result<()> {
        // Lines behind a refused one may be whole already.
        let is_whole = self.pending.is_empty() || self.backlog && self.pending.ends_with(b"\n");
        if self.backlog || self.skipping || !is_whole {
            self.push(if is_whole && !self.skipping { b"" } else { b"\n" }, each)?;
        }
        Ok(())
    }

    fn settle(&mut self, outcome: Result<()>, rest: &[u8]) -> Result<()> {
        if outcome.is_err() && !rest.is_empty() {
            self.pending.extend_from_slice(rest);
            self.backlog = true;
        }
        outcome
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.pending.len() + bytes.len() > LINE_BYTES_MAX {
            self.skipping = true;
            self.pending = Vec::new();
        }
        if !self.skipping {
            self.pending.extend_from_slice(bytes);
        }
    }
}

/// A message with its receive time, where it has one.
pub(crate) type Stamped<'a> = (Option<Timestamp>, &'a [u8]);

/// A line's receive time and its message; none of an empty line or one of our own side.
pub(crate) fn split(line: &[u8]) -> std::result::Result<Option<Stamped<'_>>, Flaw> {
    let line = line.trim_ascii();
    if !line.first().is_some_and(u8::is_ascii_digit) {
        let own = memchr::memmem::find(&line[..line.len().min(256)], b" <-").is_some();
        return Ok((!line.is_empty() && (!own || matches!(line[0], b'{' | b'['))).then_some((None, line)));
    }
    let mut cursor = Cursor::new(line);
    // As nearly all lines begin.
    if let Ok(nanos) = cursor.unsigned()
        && let Ok(nanos) = i64::try_from(nanos)
        && line.get(cursor.position()) == Some(&b' ')
    {
        return Ok(Some((Some(Timestamp::from_nanos(nanos)), &line[cursor.position()..])));
    }
    let end = line.iter().position(|&c| !matches!(c, b'0'..=b'9' | b'.')).unwrap_or(line.len());
    let no_time = Flaw::Syntax { wanted: "a time in seconds or nanoseconds and a message", at: end };
    let (nanos, message) = match line.get(end) {
        Some(b':') => (super::json::decimal(&line[..end])?.raw, &line[end + 1..]),
        Some(b' ') => (i64::try_from(Cursor::new(line).unsigned()?).map_err(|_| no_time)?, &line[end..]),
        _ => return Err(no_time),
    };
    Ok(Some((Some(Timestamp::from_nanos(nanos)), message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Error;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_the_same_however_the_bytes_are_cut(text in "[ab\n]{0,60}", cuts in proptest::collection::vec(0_usize..60, 0..6), refused in 0_u64..12) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            let mut each = |number: u64, line: Option<&[u8]>| {
                seen.push((number, String::from_utf8(line.unwrap().to_vec()).unwrap()));
                if number == refused { Err(Error::data("line", "refused")) } else { Ok(()) }
            };
            for piece in cuts.windows(2) {
                let _ = lines.push(&text.as_bytes()[piece[0]..piece[1]], &mut each);
            }
            for _ in 0..2 {
                let _ = lines.finish(&mut each);
            }
            let whole: Vec<(u64, String)> = text.lines().enumerate().map(|(i, line)| (i as u64 + 1, line.to_owned())).collect();
            prop_assert_eq!(seen, whole);
        }
    }

    #[test]
    fn a_line_that_never_ends_takes_no_memory() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        let piece = vec![b'x'; 8 << 20];
        for _ in 0..10 {
            lines
                .push(&piece, &mut |number, line| {
                    seen.push((number, line.map(<[u8]>::len)));
                    Ok(())
                })
                .unwrap();
        }
        assert_eq!(lines.pending.capacity(), 0);
        lines
            .push(b"x\nshort\n", &mut |number, line| {
                seen.push((number, line.map(<[u8]>::len)));
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, [(1, None), (2, Some(5))]);
    }

    #[test]
    fn both_forms_of_recording_are_split() {
        let at = |ns| Some(Timestamp::from_nanos(ns));
        let cases = [
            ("1723161253937085768 {\"a\":1}", Some((at(1_723_161_253_937_085_768), " {\"a\":1}"))),
            ("1618677817.079762: {}", Some((at(1_618_677_817_079_762_000), " {}"))),
            ("1618677817: []\r", Some((at(1_618_677_817_000_000_000), " []"))),
            ("wss://ws.kraken.com <-> 1618678132.3858151", None),
            ("wss://ws.kraken.com <- 1618678132.8253062: {}", None),
            ("{\"a\":\" <- \"}", Some((None, "{\"a\":\" <- \"}"))),
            ("  ", None),
            ("[1]", Some((None, "[1]"))),
        ];
        for (line, wanted) in cases {
            let got = split(line.as_bytes()).unwrap();
            assert_eq!(got.map(|(t, m)| (t, std::str::from_utf8(m).unwrap())), wanted, "{line}");
        }
        for bad in ["12", "99999999999999999999 {}", "1.5 {}", "1.2.3: {}", "1.0000000001: {}"] {
            assert!(split(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
