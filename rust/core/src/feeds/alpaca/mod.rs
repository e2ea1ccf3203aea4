//! Alpaca's market data: frames of its WebSocket streams ([`AlpacaDecoder`]) and pages of its history ([`AlpacaHistory`]).
//!
//! A frame is a list of messages, as `MessagePack` or JSON; stocks and crypto speak the same language. One pass over the bytes
//! reads each message straight into its batch: no tree of values, no allocation once batches and symbol table have grown. The
//! keys of a message may come in any order, the one that says its kind too; of a key that comes twice the last value counts;
//! unknown keys and kinds are passed over and counted ([`Decoder::counts`]).
//!
//! | `T` | becomes | at `ts` |
//! | --- | --- | --- |
//! | `t`, `q` | trade, quote | `t` |
//! | `b` | bar | its end, `t` + 1 minute |
//! | `u` | bar with `FLAG_UPDATED` | when received, else `t` + 1 minute 30 seconds, when Alpaca sends it |
//! | `d` | bar with `FLAG_DAILY`: the day's totals so far | when received, then with `FLAG_PARTIAL` before the day's end; else the day's end |
//! | `s`, `l` | status, price band | `t` |
//! | `c`, `x` | correction | `t` |
//! | `o` | book changes of levels; a snapshot (`r`) clears both sides first | `t` |
//! | `n` | news | `created_at` |
//! | `success`, `error`, `subscription` | [`Control`] | |
//!
//! Numbers become fixed point through their shortest decimal. A price or a trade's size with more than nine decimals is a
//! fault; what Alpaca computes (volume, average price, sizes of quotes and levels) is rounded to the nearest 1e-9.
//!
//! A malformed message leaves nothing behind. Where the policy is to drop it, the rest of its frame is read on as long as the
//! bytes still show where the next message begins; where it is to fail, the frame ends there. The messages before it stay.

mod history;
mod json;
mod msgpack;
mod notices;
mod number;
mod sink;
mod ticks;
mod time;
mod timeframe;
mod wire;

pub use history::AlpacaHistory;
pub use timeframe::Timeframe;

use super::decode::stamp;
use super::{Batches, Control, Decoder, Fault, QualityPolicy};
use crate::types::{Result, Timestamp};
use json::Json;
use msgpack::Msgpack;
use sink::{Kind, Scratch, Sink, Skipped};
use ticks::Length;
use wire::{END, Left, Reader, Scan, Stop, code, malformed};

/// The moment that a time of RFC 3339 names, such as `2026-01-05T14:30:00.123456789Z`.
pub fn rfc3339(text: &str) -> Option<Timestamp> {
    time::parse(text.as_bytes()).map(Timestamp::from_nanos)
}

/// How frames are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Told by the first byte of each frame.
    #[default]
    Auto,
    /// `MessagePack`.
    Msgpack,
    /// JSON.
    Json,
}

/// Decodes frames of Alpaca's market data streams; see the module.
#[derive(Debug, Default)]
pub struct AlpacaDecoder {
    format: Format,
    policy: QualityPolicy,
    scratch: Scratch,
    controls: Vec<Control>,
    skipped: Skipped,
    frames: u64,
}

impl AlpacaDecoder {
    /// A decoder of frames in `format`. Of `policy` only what it says of malformed messages matters here; keeping one is not
    /// possible, and it is dropped.
    pub fn new(format: Format, policy: QualityPolicy) -> Self {
        Self { format, policy, ..Self::default() }
    }

    fn frame<'a, R: Reader<'a>>(&mut self, mut r: R, recv: Option<Timestamp>, out: &mut Batches) -> Result<()> {
        let mut sink =
            Sink { out, scratch: &mut self.scratch, controls: &mut self.controls, skipped: &mut self.skipped, recv, settled: false };
        let fault = Malformed { policy: &self.policy, frame: self.frames };
        if !r.is_list() {
            sink.out.report.rows += 1;
            let outcome = message(&mut r, &mut sink).and_then(|()| end_of_frame(&mut r));
            return outcome.or_else(|stop| fault.judge(stop, sink.out));
        }
        let mut left = match r.list() {
            Ok(left) => left,
            Err(stop) => return fault.judge(stop, sink.out),
        };
        loop {
            match r.more(&mut left) {
                Ok(true) => {}
                Ok(false) => break,
                Err(stop) => return fault.judge(stop, sink.out),
            }
            sink.out.report.rows += 1;
            let start = r;
            if let Err(stop) = message(&mut r, &mut sink) {
                fault.judge(stop, sink.out)?;
                r = start;
                if r.skip().is_err() {
                    return Ok(()); // where the next message begins cannot be told
                }
            }
        }
        end_of_frame(&mut r).or_else(|stop| fault.judge(stop, sink.out))
    }
}

/// Judges malformed messages.
struct Malformed<'p> {
    policy: &'p QualityPolicy,
    frame: u64,
}

impl Malformed<'_> {
    #[cold]
    fn judge(&self, stop: Stop, out: &mut Batches) -> Result<()> {
        let (at, expected) = match stop {
            Stop::Malformed { at, expected } => (at, expected),
            Stop::OtherKind => (0, "one kind"),
        };
        let place = || format!("alpaca: frame {}, byte {at}: expected {expected}", self.frame);
        out.report.judge(self.policy, Fault::Malformed, place).map(|_| ())
    }
}

fn end_of_frame<'a, R: Reader<'a>>(r: &mut R) -> Scan<()> {
    if r.is_over() { Ok(()) } else { malformed(r.at(), "the end of the frame") }
}

/// Read one message; nothing of it stays when it is malformed.
#[inline]
fn message<'a, R: Reader<'a>>(r: &mut R, sink: &mut Sink<'_>) -> Scan<()> {
    const T: u64 = code(b"T");
    let start = *r;
    let mut left = r.map()?;
    sink.settled = false;
    if r.key(&mut left)? == T {
        let kind = Kind::read(r, &mut sink.scratch.text)?;
        let outcome = fields(kind, r, left, sink);
        if outcome != Err(Stop::OtherKind) {
            return outcome;
        }
    }
    *r = start;
    unusual_message(r, sink)
}

/// A message whose kind does not come first, or more than once: look for it, then read the rest.
#[inline(never)]
fn unusual_message<'a, R: Reader<'a>>(r: &mut R, sink: &mut Sink<'_>) -> Scan<()> {
    const T: u64 = code(b"T");
    let mut look = *r;
    let mut left = look.map()?;
    let mut kind = None;
    loop {
        match look.key(&mut left)? {
            T => kind = Some(Kind::read(&mut look, &mut sink.scratch.text)?),
            END => break,
            _ => look.skip()?,
        }
    }
    let Some(kind) = kind else { return malformed(look.at(), "before here, a message with T") };
    sink.settled = true;
    let left = r.map()?;
    fields(kind, r, left, sink)
}

#[inline]
fn fields<'a, R: Reader<'a>>(kind: Kind, r: &mut R, left: Left, sink: &mut Sink<'_>) -> Scan<()> {
    match kind {
        Kind::Quote => ticks::quote(r, left, None, sink),
        Kind::Trade => ticks::trade(r, left, None, sink),
        Kind::Bar => ticks::bar(r, left, None, Length::Minute, sink),
        Kind::UpdatedBar => ticks::bar(r, left, None, Length::Updated, sink),
        Kind::DailyBar => ticks::bar(r, left, None, Length::Daily, sink),
        Kind::Correction | Kind::Cancel => ticks::correction(r, left, kind, sink),
        Kind::Status => notices::status(r, left, sink),
        Kind::Band => notices::band(r, left, sink),
        Kind::Book => notices::book(r, left, sink),
        Kind::News => notices::news(r, left, sink),
        Kind::Success | Kind::Error | Kind::Subscription => notices::control(r, left, kind, sink),
        Kind::Unknown => unknown(r, left, sink),
    }
}

/// A message of a kind that we do not know.
#[cold]
fn unknown<'a, R: Reader<'a>>(r: &mut R, mut left: Left, sink: &mut Sink<'_>) -> Scan<()> {
    let before = sink.skipped.keys;
    loop {
        match r.key(&mut left)? {
            END => break,
            key => *r = sink.other(*r, key, Kind::Unknown)?,
        }
    }
    sink.skipped.keys = before; // the keys of unknown kinds tell nothing
    sink.skipped.kinds += 1;
    Ok(())
}

/// Give the rows after `before` their receive time.
fn stamp_all(out: &mut Batches, before: [usize; 7], recv: Option<Timestamp>) {
    let [quotes, trades, bars, deltas, statuses, bands, corrections] = before;
    stamp(&mut out.quotes.recv, &out.quotes.ts, quotes, recv);
    stamp(&mut out.trades.recv, &out.trades.ts, trades, recv);
    stamp(&mut out.bars.recv, &out.bars.ts, bars, recv);
    stamp(&mut out.deltas.recv, &out.deltas.ts, deltas, recv);
    stamp(&mut out.statuses.recv, &out.statuses.ts, statuses, recv);
    stamp(&mut out.bands.recv, &out.bands.ts, bands, recv);
    stamp(&mut out.corrections.recv, &out.corrections.ts, corrections, recv);
}

fn rows(out: &Batches) -> [usize; 7] {
    [out.quotes.len(), out.trades.len(), out.bars.len(), out.deltas.len(), out.statuses.len(), out.bands.len(), out.corrections.len()]
}

impl Decoder for AlpacaDecoder {
    fn name(&self) -> &'static str {
        "alpaca stream"
    }

    fn push(&mut self, bytes: &[u8], recv: Option<Timestamp>, out: &mut Batches) -> Result<()> {
        self.frames += 1;
        let before = rows(out);
        let events = out.news.len() + before.iter().sum::<usize>();
        let is_json = match self.format {
            Format::Json => true,
            Format::Msgpack => false,
            // In MessagePack these bytes are small integers, which no frame is.
            Format::Auto => matches!(bytes.first(), Some(b'[' | b'{' | b' ' | b'\t' | b'\n' | b'\r')),
        };
        let outcome = if is_json { self.frame(Json::new(bytes), recv, out) } else { self.frame(Msgpack::new(bytes), recv, out) };
        out.report.events += (out.news.len() + rows(out).iter().sum::<usize>() - events) as u64;
        stamp_all(out, before, recv);
        outcome
    }

    fn is_byte_stream(&self) -> bool {
        false
    }

    fn take_controls(&mut self) -> Vec<Control> {
        std::mem::take(&mut self.controls)
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.skipped.counts()
    }
}

#[cfg(test)]
mod tests;
