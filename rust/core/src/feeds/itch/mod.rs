//! NASDAQ TotalView-ITCH 5.0: the depth-of-book feed, as a stream of bytes cut anywhere or as a whole file.
//!
//! | message | becomes |
//! | --- | --- |
//! | `A` `F` add | book change `Add` |
//! | `E` `C` executed | book change `Execute`, and a trade with the side that took |
//! | `X` `D` cancel, delete | book change `Cancel`, `Delete` |
//! | `U` replace | book changes `Delete` and `Add`, the second with `FLAG_LAST` |
//! | `P` trade | trade, the side that took unknown |
//! | `Q` cross | trade of the cross, its type as condition; none for a cross of no shares |
//! | `B` broken trade | correction |
//! | `H` `h` trading action, operational halt | trading state |
//! | `R` directory | the symbol of a stock locate |
//! | `S Y L V W K J I N O` | counted |
//!
//! Executions, cancels and deletes name an order and nothing else. The decoder keeps the live orders, so that
//! every change it gives has its side and price and every execution its trade; the book on top needs no second look.
//! A change of an order that was never seen (a stream joined midway) is given with price zero and side buy, and counted.
//! Order reference 0, which a book reads as a level, is given as [`ORDER_ZERO`].
//!
//! Times are nanoseconds after midnight in New York, so the date must be known: it is a setting, or told by the file's name
//! ([`date_in_name`]). Prices are exact. Cost: 20 to 30 ns a message; memory by the number of live orders.

mod messages;
mod orders;
mod rows;
mod table;
mod wire;

use super::decode::Batches;
use super::zone::{Date, NewYorkDay};
use super::{Decoder, Fault, QualityPolicy};
use crate::book::prefetch::prefetch;
use crate::types::{Error, Result, Timestamp};
use orders::Orders;
use rows::{ROWS, Rows};
use std::collections::HashSet;
use wire::{LENGTHS, MESSAGES, WINDOW_BYTES};

/// The id given to the order whose reference number is 0: above all that the table takes, so no other order has it.
pub const ORDER_ZERO: u64 = 1 << 63;

/// What separates the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// Seen from the first bytes.
    #[default]
    Auto,
    /// Two bytes with the message's length in front of each, as NASDAQ ships its files.
    Length,
    /// Two bytes in front of each that do not hold the length; the message's type tells it.
    Padded,
    /// Nothing; the message's type tells its length.
    Bare,
}

/// What to read and how.
#[derive(Clone, Debug)]
pub struct ItchOptions {
    /// Trading date, in New York.
    pub date: Date,
    /// What separates the messages.
    pub framing: Framing,
    /// Symbols to read; `None` reads all. Messages of others are passed over unread.
    pub symbols: Option<Vec<String>>,
    /// What to do about malformed messages; the other faults are for the quality stage.
    pub policy: QualityPolicy,
}

impl ItchOptions {
    /// All symbols of `date`, framing as seen, default policy.
    pub fn new(date: Date) -> Self {
        Self { date, framing: Framing::Auto, symbols: None, policy: QualityPolicy::default() }
    }
}

/// The date in a file name as NASDAQ and others write it: `01302019.NASDAQ_ITCH50.gz` (month first), `S081321-v50.txt.gz`
/// (month first, two-digit year), `20190130…` (year first). A date with the year first is preferred.
pub fn date_in_name(name: &str) -> Option<Date> {
    let runs = || name.split(|c: char| !c.is_ascii_digit());
    let read = |run: &str, form: &str| {
        let date = chrono::NaiveDate::parse_from_str(run, form).ok()?;
        (1990..2100).contains(&chrono::Datelike::year(&date)).then_some(date)
    };
    let of = |length: usize, form: &'static str| runs().filter(move |run| run.len() == length).find_map(|run| read(run, form));
    of(8, "%Y%m%d").or_else(|| of(8, "%m%d%Y")).or_else(|| of(6, "%m%d%y"))
}

/// Messages whose bounds are found before the first of them is decoded; each gives two rows at most.
const BLOCK_MESSAGES: usize = ROWS / 2;

/// How far ahead of a message the stream's memory is called for.
const AHEAD_BYTES: usize = 1024;

/// No instrument: the stock locate was in no message with a symbol yet.
const UNNAMED: u32 = u32::MAX;
/// No instrument: the symbol is not among those asked for.
const PASSED_OVER: u32 = u32::MAX - 1;

/// Bytes of ITCH 5.0 to events.
#[derive(Debug)]
pub struct ItchDecoder {
    day: NewYorkDay,
    wanted: Option<HashSet<String>>,
    policy: QualityPolicy,
    asked_framing: Framing,
    framing: Framing,
    /// A message that is not complete yet; after an error also what came behind the refused message.
    pending: Vec<u8>,
    /// Bytes of the stream that were decoded.
    done_bytes: u64,
    /// The framing was lost: nothing behind it can be read.
    lost: bool,
    /// The stream is over; the next push begins another.
    over: bool,
    /// Instrument by stock locate.
    instruments: Box<[u32]>,
    /// Symbols that the caller's table had at the last push; fewer mean another table.
    symbols_known: usize,
    orders: Orders,
    /// Book changes of the block that is being decoded.
    changes: Box<Rows>,
    /// Why the last message was refused: kept here because a result handed up by each message costs a third of its time.
    refused: Option<Error>,
    messages: u64,
    counts: [u64; 256],
    unknown_orders: u64,
    overfilled: u64,
    passed_over: u64,
}

impl ItchDecoder {
    /// A decoder of one trading day.
    pub fn new(options: &ItchOptions) -> Result<Self> {
        Ok(Self {
            day: NewYorkDay::new(options.date)?,
            wanted: options.symbols.as_ref().map(|symbols| symbols.iter().cloned().collect()),
            policy: options.policy.clone(),
            asked_framing: options.framing,
            framing: options.framing,
            pending: Vec::new(),
            done_bytes: 0,
            lost: false,
            over: false,
            instruments: vec![UNNAMED; 1 << 16].into_boxed_slice(),
            symbols_known: 0,
            orders: Orders::default(),
            changes: Box::default(),
            refused: None,
            messages: 0,
            counts: [0; 256],
            unknown_orders: 0,
            overfilled: 0,
            passed_over: 0,
        })
    }

    /// Messages so far, by type letter.
    pub fn count(&self, letter: u8) -> u64 {
        self.counts[usize::from(letter)]
    }

    /// Messages so far.
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// Orders that are live now.
    pub fn live_orders(&self) -> usize {
        self.orders.len()
    }

    /// Changes so far that named an order which was not seen.
    pub const fn unknown_orders(&self) -> u64 {
        self.unknown_orders
    }

    /// Changes so far that took more shares than their order had.
    pub const fn overfilled(&self) -> u64 {
        self.overfilled
    }

    /// The framing that the first bytes show; `Auto` while there are too few of them.
    fn detect(bytes: &[u8]) -> Framing {
        match *bytes {
            [a, b, letter, ..] => match LENGTHS[usize::from(letter)] {
                length if length > 0 && u16::from_be_bytes([a, b]) == u16::from(length) => Framing::Length,
                length if length > 0 && LENGTHS[usize::from(a)] == 0 => Framing::Padded,
                _ if LENGTHS[usize::from(a)] > 0 => Framing::Bare,
                // A type that we do not know yet, or no ITCH at all: the lengths show which.
                _ => Framing::Length,
            },
            _ => Framing::Auto,
        }
    }

    /// Where the first message of `bytes` begins and ends: `Ok(None)` when more bytes are needed to tell, `Err` when its type is
    /// not known and nothing else tells its length.
    #[inline]
    fn frame(framing: Framing, bytes: &[u8]) -> std::result::Result<Option<(usize, usize)>, u8> {
        let gap = match framing {
            Framing::Length => {
                let Some(&prefix) = bytes.first_chunk::<2>() else { return Ok(None) };
                return Ok(Some((2, 2 + usize::from(u16::from_be_bytes(prefix)))));
            }
            Framing::Padded => 2,
            _ => 0,
        };
        let Some(&letter) = bytes.get(gap) else { return Ok(None) };
        match LENGTHS[usize::from(letter)] {
            0 => Err(letter),
            length => Ok(Some((gap, gap + usize::from(length)))),
        }
    }

    /// Decode the whole messages at the start of `bytes`; how many bytes they were.
    fn run(&mut self, bytes: &[u8], out: &mut Batches) -> (usize, Result<()>) {
        if self.framing == Framing::Auto {
            self.framing = Self::detect(bytes);
        }
        match self.framing {
            Framing::Auto => (0, Ok(())),
            // The framing as a constant, so that each has its own loop.
            Framing::Length => self.run_framed(Framing::Length, bytes, out),
            Framing::Padded => self.run_framed(Framing::Padded, bytes, out),
            Framing::Bare => self.run_framed(Framing::Bare, bytes, out),
        }
    }

    /// As [`Self::run`], a block of messages at a time: first their bounds are found and the slots of their orders called for, then
    /// they are decoded, so that the memory's latency is waited for once a block and not once a message.
    fn run_framed(&mut self, framing: Framing, bytes: &[u8], out: &mut Batches) -> (usize, Result<()>) {
        let mut bounds = [(0, 0); BLOCK_MESSAGES];
        let mut at = 0;
        while !self.lost && self.refused.is_none() {
            let (mut messages, mut next) = (0, at);
            let mut unknown = None;
            while messages < BLOCK_MESSAGES {
                // Each message tells where the next one begins, so that their memory would be waited for one by one.
                bytes.get(next + AHEAD_BYTES).inspect(|byte| prefetch(*byte));
                match Self::frame(framing, &bytes[next..]) {
                    Ok(Some((start, end))) => {
                        let Some(message) = bytes.get(next + start..next + end) else { break };
                        if let Some(head) = message.first_chunk::<19>()
                            && matches!(head[0], b'A' | b'F' | b'E' | b'C' | b'X' | b'D' | b'U')
                        {
                            self.orders.prefetch(wire::u64_at::<11, 19>(head));
                        }
                        bounds[messages] = (next + start, next + end);
                        messages += 1;
                        next += end;
                    }
                    Ok(None) => break,
                    Err(letter) => {
                        unknown = Some(letter);
                        break;
                    }
                }
            }
            for &(start, end) in &bounds[..messages] {
                at = end;
                match bytes.get(start..).and_then(|rest| rest.first_chunk::<WINDOW_BYTES>()) {
                    Some(window) if self.order_message(window, end - start, out) => {}
                    _ => self.message(&bytes[start..end], out),
                }
                if self.refused.is_some() {
                    break;
                }
            }
            self.changes.move_to(&mut out.deltas);
            match unknown {
                Some(letter) if self.refused.is_none() => {
                    self.lost = true;
                    out.report
                        .notes
                        .push(format!("ITCH: framing lost at byte {}; nothing behind it was read", self.done_bytes + at as u64));
                    self.malformed(out, || format!("byte {letter:#04x} is no message type; give the framing, or fetch the file again"));
                }
                _ if messages < BLOCK_MESSAGES => break,
                _ => {}
            }
        }
        self.done_bytes += at as u64;
        (at, self.verdict())
    }

    /// Count a malformed message, or refuse it, as the policy says.
    #[cold]
    fn malformed(&mut self, out: &mut Batches, what: impl FnOnce() -> String) {
        let (message, date) = (self.messages(), self.day.date());
        let place = || format!("ITCH of {date}, after message {message}: {}", what());
        self.refused = out.report.judge(&self.policy, Fault::Malformed, place).err();
    }

    /// The refusal of a message, once.
    fn verdict(&mut self) -> Result<()> {
        self.refused.take().map_or(Ok(()), Err)
    }

    /// Decode what is pending with so much of `bytes` as completes it; what is left of `bytes`, or `None` when all is taken.
    fn run_pending<'a>(&mut self, mut bytes: &'a [u8], out: &mut Batches) -> Result<Option<&'a [u8]>> {
        let mut held = std::mem::take(&mut self.pending);
        loop {
            let framing = if self.framing == Framing::Auto { Self::detect(&held) } else { self.framing };
            let wanted = match Self::frame(framing, &held) {
                _ if framing == Framing::Auto => 3,
                Ok(Some((_, end))) => end,
                Ok(None) => held.len() + 1,
                Err(_) => held.len(),
            };
            if held.len() >= wanted {
                break;
            }
            let (now, later) = bytes.split_at(bytes.len().min(wanted - held.len()));
            held.extend_from_slice(now);
            bytes = later;
            if held.len() < wanted {
                self.pending = held;
                return Ok(None);
            }
        }
        let (used, mut outcome) = self.run(&held, out);
        held.drain(..used);
        let mut rest = Some(bytes);
        if !held.is_empty() && !self.lost {
            // After a refused message: what came behind it is still to be decoded.
            held.extend_from_slice(bytes);
            rest = None;
            if outcome.is_ok() {
                let used;
                (used, outcome) = self.run(&held, out);
                held.drain(..used);
            }
        } else if outcome.is_err() && !self.lost {
            held.extend_from_slice(bytes);
        }
        if self.lost {
            held.clear();
        }
        self.pending = held;
        outcome.map(|()| rest)
    }

    fn decode(&mut self, bytes: &[u8], out: &mut Batches) -> Result<()> {
        let mut rest = bytes;
        if !self.pending.is_empty() {
            match self.run_pending(bytes, out)? {
                Some(left) => rest = left,
                None => return Ok(()),
            }
        }
        let (used, outcome) = self.run(rest, out);
        if !self.lost {
            self.pending.extend_from_slice(&rest[used..]);
        }
        outcome
    }

    /// What the counts say, in words.
    fn summary(&self) -> String {
        let mut kinds: Vec<(u64, String)> = self.counts().into_iter().map(|(name, count)| (count, name)).collect();
        kinds.sort_by(|a, b| b.cmp(a));
        let kinds: Vec<String> = kinds.into_iter().map(|(count, name)| format!("{name} {count}")).collect();
        let others = [
            (self.unknown_orders, "named an order that was not seen"),
            (self.overfilled, "took more shares than their order had"),
            (self.passed_over, "were of symbols not asked for"),
        ];
        let others: Vec<String> = others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("; {count} {what}")).collect();
        format!("ITCH of {}: {} messages: {}{}", self.day.date(), self.messages(), kinds.join(", "), others.concat())
    }

    /// Forget the stream, so that another may follow.
    fn reset(&mut self) {
        self.framing = self.asked_framing;
        self.pending.clear();
        (self.done_bytes, self.lost, self.over, self.symbols_known) = (0, false, false, 0);
        self.instruments.fill(UNNAMED);
        self.orders.clear();
        self.counts = [0; 256];
        (self.messages, self.unknown_orders, self.overfilled, self.passed_over) = (0, 0, 0, 0);
    }
}

impl Decoder for ItchDecoder {
    fn name(&self) -> &'static str {
        "ITCH stream"
    }

    fn push(&mut self, bytes: &[u8], recv: Option<Timestamp>, out: &mut Batches) -> Result<()> {
        if self.over {
            self.reset();
        }
        if out.instruments.len() < self.symbols_known {
            self.instruments.fill(UNNAMED);
        }
        if self.lost {
            return Ok(());
        }
        let events = out.len();
        let starts = [out.deltas.len(), out.trades.len(), out.statuses.len(), out.corrections.len()];
        let messages = self.messages();
        let outcome = self.decode(bytes, out);
        self.symbols_known = out.instruments.len();
        out.report.rows += self.messages() - messages;
        out.report.events += (out.len() - events) as u64;
        super::stamp(&mut out.deltas.recv, &out.deltas.ts, starts[0], recv);
        super::stamp(&mut out.trades.recv, &out.trades.ts, starts[1], recv);
        super::stamp(&mut out.statuses.recv, &out.statuses.ts, starts[2], recv);
        super::stamp(&mut out.corrections.recv, &out.corrections.ts, starts[3], recv);
        outcome
    }

    /// The day is over: a cut message is a fault. The counts go to the report's notes; the next push begins another stream.
    fn finish(&mut self, out: &mut Batches) -> Result<()> {
        let cut = self.pending.len();
        if cut > 0 {
            let at = self.done_bytes;
            self.malformed(out, || format!("the last message is cut: {cut} bytes from byte {at} on; fetch the file again"));
        }
        if !self.over {
            out.report.notes.push(self.summary());
        }
        self.pending.clear();
        self.over = true;
        self.verdict()
    }

    fn counts(&self) -> Vec<(String, u64)> {
        let known = MESSAGES.iter().map(|&(letter, ..)| letter);
        let others = (0..=u8::MAX).filter(|&letter| LENGTHS[usize::from(letter)] == 0);
        let name = |letter: u8| char::from(letter).escape_default().to_string();
        known.chain(others).filter(|&letter| self.count(letter) > 0).map(|letter| (name(letter), self.count(letter))).collect()
    }
}
