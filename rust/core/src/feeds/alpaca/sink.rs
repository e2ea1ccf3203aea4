//! Where the events of a message go, and the small values that several kinds share.
#![allow(clippy::inline_always, reason = "the reader's cursor must stay in registers; measured")]

use super::wire::{Left, Reader, Scan, code, code_of, malformed};
use crate::feeds::{Batches, Control};
use crate::types::{InstrumentId, Timestamp};

pub(super) const SYMBOL: &str = "a symbol of 1 to 32 printable ASCII characters";

/// Most control messages that wait to be read; later ones are counted and left out.
const CONTROLS_MAX: usize = 4096;

/// What a message is, as its key `T` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Trade,
    Quote,
    Bar,
    UpdatedBar,
    DailyBar,
    Status,
    Band,
    Correction,
    Cancel,
    Book,
    News,
    Success,
    Error,
    Subscription,
    Unknown,
}

impl Kind {
    /// Read the value of `T`.
    #[inline(always)]
    pub(super) fn read<'a, R: Reader<'a>>(r: &mut R, scratch: &mut Vec<u8>) -> Scan<Self> {
        const TRADE: u64 = code(b"t");
        const QUOTE: u64 = code(b"q");
        const BAR: u64 = code(b"b");
        const UPDATED_BAR: u64 = code(b"u");
        const DAILY_BAR: u64 = code(b"d");
        const STATUS: u64 = code(b"s");
        const BAND: u64 = code(b"l");
        const CORRECTION: u64 = code(b"c");
        const CANCEL: u64 = code(b"x");
        const BOOK: u64 = code(b"o");
        const NEWS: u64 = code(b"n");
        const SUCCESS: u64 = code(b"success");
        const ERROR: u64 = code(b"error");
        let text = r.text(scratch)?;
        Ok(match code_of(text) {
            QUOTE => Self::Quote,
            TRADE => Self::Trade,
            BAR => Self::Bar,
            UPDATED_BAR => Self::UpdatedBar,
            DAILY_BAR => Self::DailyBar,
            STATUS => Self::Status,
            BAND => Self::Band,
            CORRECTION => Self::Correction,
            CANCEL => Self::Cancel,
            BOOK => Self::Book,
            NEWS => Self::News,
            SUCCESS => Self::Success,
            ERROR => Self::Error,
            _ if text == b"subscription" => Self::Subscription,
            _ => Self::Unknown,
        })
    }
}

/// Room that is used again for every message.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) text: Vec<u8>,
    pub(super) bids: Vec<(i64, i64)>,
    pub(super) asks: Vec<(i64, i64)>,
}

/// What was passed over because its name is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Skipped {
    pub(super) keys: u64,
    pub(super) kinds: u64,
    pub(super) controls: u64,
}

impl Skipped {
    pub(super) fn counts(self) -> Vec<(String, u64)> {
        let counts = [("unknown_keys", self.keys), ("unknown_kinds", self.kinds), ("controls_dropped", self.controls)];
        counts.map(|(name, count)| (name.to_owned(), count)).to_vec()
    }
}

/// Where the events of a message go.
pub(super) struct Sink<'s> {
    pub(super) out: &'s mut Batches,
    pub(super) scratch: &'s mut Scratch,
    pub(super) controls: &'s mut Vec<Control>,
    pub(super) skipped: &'s mut Skipped,
    pub(super) recv: Option<Timestamp>,
    /// The kind is settled: a further `T` is passed over.
    pub(super) settled: bool,
}

impl Sink<'_> {
    /// Pass over a key that the kind has no use for; by value, so that the caller's cursor stays in registers.
    #[inline(never)]
    pub(super) fn other<'a, R: Reader<'a>>(&mut self, mut r: R, key: u64, kind: Kind) -> Scan<R> {
        const T: u64 = code(b"T");
        if key != T || self.settled {
            self.skipped.keys += u64::from(key != T);
            r.skip()?;
        } else if Kind::read(&mut r, &mut self.scratch.text)? != kind {
            return Err(super::wire::Stop::OtherKind);
        }
        Ok(r)
    }

    /// The instrument whose symbol comes next.
    #[inline(always)]
    pub(super) fn symbol<'a, R: Reader<'a>>(&mut self, r: &mut R) -> Scan<InstrumentId> {
        let at = r.at();
        let text = r.text(&mut self.scratch.text)?;
        match self.out.instruments.intern_bytes(text) {
            Ok(id) => Ok(id),
            Err(_) => malformed(at, SYMBOL),
        }
    }

    /// A one-letter code; 0 for null, for no letter and for several.
    #[inline(always)]
    pub(super) fn letter<'a, R: Reader<'a>>(&mut self, r: &mut R) -> Scan<u8> {
        if let Some(letter) = r.one_letter() {
            return Ok(letter);
        }
        if r.null() {
            return Ok(0);
        }
        Ok(match r.text(&mut self.scratch.text)? {
            &[letter @ 1..=0x7f] => letter,
            _ => 0,
        })
    }

    /// Condition codes: a list of letters, or a text of them; packed as `event::pack_conditions` does.
    #[inline(always)]
    pub(super) fn conditions<'a, R: Reader<'a>>(&mut self, r: &mut R) -> Scan<u32> {
        if let Some(code) = r.one_listed() {
            return Ok(u32::from(code));
        }
        let mut packed = 0_u32;
        let mut shift = 0;
        if r.is_list() {
            let mut left = r.list()?;
            while r.more(&mut left)? {
                if let (Some(&code @ 1..=0x7f), true) = (r.text(&mut self.scratch.text)?.first(), shift < 32) {
                    packed |= u32::from(code) << shift;
                    shift += 8;
                }
            }
        } else if !r.null() {
            packed = crate::event::pack_conditions(r.text(&mut self.scratch.text)?.iter().copied().filter(|c| (1..=0x7f).contains(c)));
        }
        Ok(packed)
    }

    /// A text as a string; empty for null.
    pub(super) fn string<'a, R: Reader<'a>>(&mut self, r: &mut R) -> Scan<String> {
        if r.null() {
            return Ok(String::new());
        }
        Ok(String::from_utf8_lossy(r.text(&mut self.scratch.text)?).into_owned())
    }

    /// A list of texts; empty for null.
    pub(super) fn strings<'a, R: Reader<'a>>(&mut self, r: &mut R) -> Scan<Vec<String>> {
        let mut all = Vec::new();
        if !r.null() {
            let mut left: Left = r.list()?;
            while r.more(&mut left)? {
                all.push(self.string(r)?);
            }
        }
        Ok(all)
    }

    pub(super) fn control(&mut self, control: Control) {
        if self.controls.len() < CONTROLS_MAX {
            self.controls.push(control);
        } else {
            self.skipped.controls += 1;
        }
    }
}
