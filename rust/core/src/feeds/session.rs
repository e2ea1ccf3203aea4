//! [`Session`]: a decoder of JSON messages, from a recording or a socket, around one venue's [`Messages`].
//!
//! What venues have in common is done here: framing, counting, what the policy says of faults, symbols and their ids, and book
//! changes written by column. A message that turns out flawed leaves no rows behind.

use super::json::{Cursor, Decimal, Flaw};
use super::lines::{Lines, split};
use super::{Batches, Decoder, Fault, FeedReport, QualityPolicy};
use crate::event::{BookAction, DeltaBatch, FLAG_LAST, Quote, QuoteBatch, TradeBatch};
use crate::types::{Error, InstrumentId, Instruments, Price, Qty, Result, Side, Timestamp};
use std::collections::HashMap;

/// Most symbols of one decoder, so that no stream can fill the memory.
const SYMBOLS_MAX: usize = 100_000;
/// Places of the table in front of the symbol map.
const RECENT: usize = 64;

/// How messages come to a decoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// A stream of bytes, cut anywhere: a recording with a message a line, its receive time in front.
    #[default]
    Lines,
    /// Each push is one message, as from a socket.
    Message,
}

impl Framing {
    /// `lines` or `message`.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "lines" => Ok(Self::Lines),
            "message" => Ok(Self::Message),
            _ => Err(Error::config("framing", format!("{text:?} is not known; choose lines or message"))),
        }
    }
}

/// What one venue's messages mean.
pub(super) trait Messages: Send {
    /// Name in errors: "binance".
    const NAME: &'static str;

    /// Append the events of one message to `out`, or, when it is flawed, nothing; book changes without a time are taken back by
    /// the caller.
    fn message(&mut self, context: &mut Context<'_>, message: &[u8], out: &mut Batches) -> Taken<()>;
}

/// What was read of a message.
pub(super) type Taken<T> = std::result::Result<T, Flaw>;

/// What a message's decoding needs beside the message.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) recv: Option<Timestamp>,
    pub(super) policy: &'a QualityPolicy,
    /// Where the message stands.
    number: u64,
    venue: &'static str,
    counts: &'a mut Counts,
}

/// Messages by kind, as the venue calls them, and what else is counted.
type Counts = Vec<(&'static str, u64)>;

impl Context<'_> {
    /// Count one of `kind`.
    #[inline]
    pub(super) fn count(&mut self, kind: &'static str) {
        // The same text mostly is the same place.
        match self.counts.iter_mut().find(|(known, _)| std::ptr::eq(*known, kind) || *known == kind) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((kind, 1)),
        }
    }

    /// Judge `fault` as the policy says; true to keep the rows.
    pub(super) fn judge(&self, report: &mut FeedReport, fault: Fault, what: impl FnOnce() -> String) -> Taken<bool> {
        report
            .judge(self.policy, fault, || format!("{} message {}: {}", self.venue, self.number, what()))
            .map_err(|e| Flaw::Refused(Box::new(e)))
    }

    /// Judge `levels` of a book message whose price or size is beyond the range.
    pub(super) fn judge_beyond(&self, report: &mut FeedReport, levels: u64) -> Taken<()> {
        for _ in 0..levels {
            self.judge(report, Fault::OutOfRange, || "a level has a price or size beyond 9,223,372,036; it is left out".to_owned())?;
        }
        Ok(())
    }

    /// The exchange's time, or else the time of receipt, or else `latest`.
    pub(super) fn time(&self, exchange: Option<Timestamp>, latest: Option<Timestamp>) -> Taken<Timestamp> {
        exchange.or(self.recv).or(latest).ok_or(Flaw::Missing("a time (give `recv` with the message)"))
    }
}

/// A decoder of one venue's messages.
#[derive(Debug)]
pub(super) struct Session<M> {
    framing: Framing,
    policy: QualityPolicy,
    lines: Lines,
    /// Messages so far, where each push is one.
    pushed: u64,
    counts: Counts,
    messages: M,
}

impl<M: Messages> Session<M> {
    /// A decoder of `messages`.
    pub(super) fn new(messages: M, framing: Framing, policy: QualityPolicy) -> Self {
        Self { framing, policy, lines: Lines::default(), pushed: 0, counts: Counts::new(), messages }
    }
}

fn line<M: Messages>(messages: &mut M, mut context: Context<'_>, line: Option<&[u8]>, out: &mut Batches) -> Result<()> {
    let taken = match line.map(split) {
        None => Err(Flaw::Missing("the end of the line within 64 MiB")),
        Some(Ok(None)) => return Ok(()),
        Some(Err(flaw)) => Err(flaw),
        Some(Ok(Some((written, message)))) => {
            context.recv = written.or(context.recv);
            return one(messages, context, message, out);
        }
    };
    settle(taken, &context, out)
}

fn one<M: Messages>(messages: &mut M, mut context: Context<'_>, message: &[u8], out: &mut Batches) -> Result<()> {
    let before = out.quotes.len() + out.trades.len() + out.deltas.len();
    let taken = messages.message(&mut context, message, out);
    if taken.is_err() {
        take_back(&mut out.deltas);
    }
    out.report.events += (out.quotes.len() + out.trades.len() + out.deltas.len() - before) as u64;
    settle(taken, &context, out)
}

fn settle(taken: Taken<()>, context: &Context<'_>, out: &mut Batches) -> Result<()> {
    out.report.rows += 1;
    let Err(flaw) = taken else { return Ok(()) };
    let fault = match flaw {
        Flaw::Refused(error) => return Err(*error),
        Flaw::Negative => Fault::Negative,
        Flaw::OutOfRange => Fault::OutOfRange,
        _ => Fault::Malformed,
    };
    // Even with "keep" there is nothing to keep of it.
    match context.judge(&mut out.report, fault, || flaw.to_string()) {
        Err(Flaw::Refused(error)) => Err(*error),
        _ => Ok(()),
    }
}

impl<M: Messages> Decoder for Session<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn push(&mut self, bytes: &[u8], recv: Option<Timestamp>, out: &mut Batches) -> Result<()> {
        let Self { framing, policy, lines, pushed, counts, messages } = self;
        match framing {
            Framing::Lines => {
                lines.push(bytes, &mut |number, text| line(messages, Context { recv, policy, number, venue: M::NAME, counts }, text, out))
            }
            Framing::Message => {
                *pushed += 1;
                one(messages, Context { recv, policy, number: *pushed, venue: M::NAME, counts }, bytes, out)
            }
        }
    }

    fn finish(&mut self, out: &mut Batches) -> Result<()> {
        let Self { policy, lines, counts, messages, .. } = self;
        lines.finish(&mut |number, text| line(messages, Context { recv: None, policy, number, venue: M::NAME, counts }, text, out))
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.counts.iter().map(|&(kind, count)| (kind.to_owned(), count)).collect()
    }

    fn is_byte_stream(&self) -> bool {
        self.framing == Framing::Lines
    }
}

/// A symbol seen, with what its venue keeps for it.
#[derive(Debug)]
pub(super) struct Slot<S> {
    pub(super) symbol: String,
    pub(super) id: InstrumentId,
    /// Time of the last book change given out: none is ever given an earlier one, so that sorting by time keeps their order.
    floor: Timestamp,
    /// The latest time of a book change that the exchange told.
    told: Timestamp,
    pub(super) state: S,
}

impl<S> Slot<S> {
    /// The time of a book change that the exchange gives the time `told`; none when the policy drops changes out of order.
    pub(super) fn change_time(&mut self, context: &Context<'_>, report: &mut FeedReport, told: Timestamp) -> Taken<Option<Timestamp>> {
        let late = told < self.told;
        if late && !context.judge(report, Fault::OutOfOrder, || format!("book change of {} at {told}, after {}", self.symbol, self.told))? {
            return Ok(None);
        }
        self.told = self.told.max(told);
        self.floor = self.floor.max(told);
        Ok(Some(self.floor))
    }

    /// The time of a snapshot: what it says, or that of the change before, or else when it was received.
    pub(super) fn snapshot_time(&mut self, context: &Context<'_>, told: Option<Timestamp>, latest: Option<Timestamp>) -> Taken<Timestamp> {
        let before = (self.floor != Timestamp::MIN).then_some(self.floor);
        self.floor = self.floor.max(context.time(told.or(before), latest)?);
        Ok(self.floor)
    }
}

/// Symbols of one decoder, found by their text.
#[derive(Debug)]
pub(super) struct Slots<S> {
    recent: [u32; RECENT],
    by_symbol: HashMap<String, u32>,
    all: Vec<Slot<S>>,
}

impl<S: Default> Slots<S> {
    pub(super) fn new() -> Self {
        Self { recent: [u32::MAX; RECENT], by_symbol: HashMap::new(), all: Vec::new() }
    }

    /// The slot of `symbol`, made when it is new, with its id in `instruments`.
    #[inline]
    pub(super) fn get(&mut self, symbol: &[u8], instruments: &mut Instruments) -> Taken<&mut Slot<S>> {
        let mix = symbol.iter().fold(symbol.len() as u32, |mix, &c| mix.wrapping_mul(31).wrapping_add(u32::from(c)));
        let place = mix as usize % RECENT;
        let recent = self.recent[place] as usize;
        let index = match self.all.get(recent) {
            Some(slot) if slot.symbol.as_bytes() == symbol => recent,
            _ => self.find(symbol, instruments)?,
        };
        self.recent[place] = index as u32;
        let slot = &mut self.all[index];
        // The caller may have begun a new table.
        if instruments.symbol(slot.id) != slot.symbol {
            slot.id = instruments.intern(&slot.symbol).map_err(|e| Flaw::Number(Box::new(e)))?;
        }
        Ok(slot)
    }

    #[cold]
    fn find(&mut self, symbol: &[u8], instruments: &mut Instruments) -> Taken<usize> {
        let text = std::str::from_utf8(symbol).map_err(|_| Flaw::Missing("a symbol in ASCII"))?;
        if let Some(&index) = self.by_symbol.get(text) {
            return Ok(index as usize);
        }
        if self.all.len() >= SYMBOLS_MAX {
            return Err(Flaw::Missing("room for more than 100,000 symbols; use a decoder for each group of symbols"));
        }
        let id = instruments.intern(text).map_err(|e| Flaw::Number(Box::new(e)))?;
        let index = self.all.len();
        self.by_symbol.insert(text.to_owned(), index as u32);
        self.all.push(Slot { symbol: text.to_owned(), id, floor: Timestamp::MIN, told: Timestamp::MIN, state: S::default() });
        Ok(index)
    }

    /// The symbol, where there is but one.
    pub(super) fn only(&self) -> Option<&str> {
        if self.all.len() == 1 { self.all.first().map(|slot| slot.symbol.as_str()) } else { None }
    }
}

/// Append a level: its new size, or that it is gone. The columns that are the same for a whole message are for [`commit`].
#[inline]
pub(super) fn push_level(deltas: &mut DeltaBatch, side: Side, price: i64, size: i64) {
    deltas.action.push(if size == 0 { BookAction::Delete } else { BookAction::Add });
    deltas.side.push(side);
    deltas.price.push(Price::from_raw(price));
    deltas.size.push(Qty::from_raw(size));
}

/// Put in front of the rows that no [`commit`] completed that both sides are empty: they are a snapshot.
pub(super) fn clear_first(deltas: &mut DeltaBatch) {
    let (from, levels) = (deltas.ts.len(), deltas.price.len() - deltas.ts.len());
    for side in [Side::Buy, Side::Sell] {
        deltas.action.push(BookAction::Clear);
        deltas.side.push(side);
        deltas.price.push(Price::ZERO);
        deltas.size.push(Qty::ZERO);
    }
    deltas.action[from..].rotate_left(levels);
    deltas.side[from..].rotate_left(levels);
    deltas.price[from..].rotate_left(levels);
    deltas.size[from..].rotate_left(levels);
}

/// A level's price and size; of a size beyond the range the level is as if it were gone. None where the price is beyond.
#[inline]
pub(super) fn read_level(cursor: &mut Cursor<'_>, beyond: &mut u64) -> Taken<Option<(Decimal, Decimal)>> {
    let price = cursor.decimal_in_range()?;
    cursor.expect(b',', "a comma and a size")?;
    let size = cursor.decimal_in_range()?;
    *beyond += u64::from(price.is_none() || size.is_none());
    Ok(price.map(|price| (price, size.unwrap_or(Decimal { raw: 0, places: 0 }))))
}

/// Levels `[price, size, …]` to the end of their array become rows of `deltas`; what more a level has is stepped over. Gives how
/// many have a number beyond the range.
#[inline]
pub(super) fn read_levels(cursor: &mut Cursor<'_>, side: Side, deltas: &mut DeltaBatch) -> Taken<u64> {
    cursor.enter_array()?;
    let (mut first, mut beyond) = (true, 0);
    while cursor.element(&mut first)? {
        cursor.enter_array()?;
        if let Some((price, size)) = read_level(cursor, &mut beyond)? {
            push_level(deltas, side, price.raw, size.raw);
        }
        let mut more = false;
        while cursor.element(&mut more)? {
            cursor.skip()?;
        }
    }
    Ok(beyond)
}

/// What all changes of one message have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    pub(super) ts: Timestamp,
    pub(super) instrument: InstrumentId,
    /// Where the venue numbers its messages.
    pub(super) sequence: Option<u64>,
    pub(super) flags: u32,
    /// Flags of the first change alone.
    pub(super) first_flags: u32,
    pub(super) recv: Option<Timestamp>,
}

/// Complete the rows pushed since the last call; the last of them ends the exchange's event.
pub(super) fn commit(deltas: &mut DeltaBatch, common: Common) {
    let (from, to) = (deltas.ts.len(), deltas.price.len());
    if from == to {
        return;
    }
    deltas.ts.resize(to, common.ts);
    deltas.instrument.resize(to, common.instrument);
    deltas.order.resize(to, 0);
    deltas.flags.resize(to, common.flags);
    deltas.flags[from] |= common.first_flags;
    deltas.flags[to - 1] |= FLAG_LAST;
    if let Some(sequence) = common.sequence {
        fill(&mut deltas.sequence, from, to, sequence);
    }
    note_recv(&mut deltas.recv, &deltas.ts, from, common.recv);
}

/// Take away the rows that no [`commit`] completed.
pub(super) fn take_back(deltas: &mut DeltaBatch) {
    let rows = deltas.ts.len();
    deltas.action.truncate(rows);
    deltas.side.truncate(rows);
    deltas.price.truncate(rows);
    deltas.size.truncate(rows);
}

/// Bring an optional column to `to` rows, those from `from` on with `value`.
#[inline]
fn fill<T: Copy + Default>(column: &mut Vec<T>, from: usize, to: usize, value: T) {
    if column.len() != from {
        column.resize(from, T::default());
    }
    column.resize(to, value);
}

/// Receive times of the rows from `from` on; rows without one have their own time.
#[inline]
fn note_recv(column: &mut Vec<Timestamp>, ts: &[Timestamp], from: usize, recv: Option<Timestamp>) {
    match recv {
        Some(at) => {
            if column.len() < from {
                column.extend_from_slice(&ts[column.len()..from]);
            }
            column.resize(ts.len(), at);
        }
        None if column.is_empty() => {}
        None => column.extend_from_slice(&ts[column.len()..]),
    }
}

/// Append a quote with its number and receive time.
#[inline]
pub(super) fn push_quote(quotes: &mut QuoteBatch, quote: Quote, sequence: Option<u64>, recv: Option<Timestamp>) {
    let from = quotes.len();
    quotes.push(quote);
    if let Some(sequence) = sequence {
        fill(&mut quotes.sequence, from, from + 1, sequence);
    }
    note_recv(&mut quotes.recv, &quotes.ts, from, recv);
}

/// A trade with what venues tell beside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Print {
    pub(super) trade: crate::event::Trade,
    pub(super) id: Option<u64>,
    /// 1 when the buyer took, −1 when the seller did.
    pub(super) aggressor: i8,
    pub(super) recv: Option<Timestamp>,
}

/// Append a trade.
#[inline]
pub(super) fn push_trade(trades: &mut TradeBatch, print: Print) {
    let from = trades.len();
    trades.push(print.trade);
    if let Some(id) = print.id {
        fill(&mut trades.id, from, from + 1, id);
    }
    fill(&mut trades.aggressor, from, from + 1, print.aggressor);
    note_recv(&mut trades.recv, &trades.ts, from, print.recv);
}

/// A public decoder around a [`Session`].
macro_rules! decoder {
    ($(#[$doc:meta])* $name:ident of $messages:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Session<$messages>);

        impl Decoder for $name {
            fn name(&self) -> &'static str {
                self.0.name()
            }

            fn push(&mut self, bytes: &[u8], recv: Option<Timestamp>, out: &mut Batches) -> Result<()> {
                self.0.push(bytes, recv, out)
            }

            fn finish(&mut self, out: &mut Batches) -> Result<()> {
                self.0.finish(out)
            }

            fn counts(&self) -> Vec<(String, u64)> {
                self.0.counts()
            }

            fn is_byte_stream(&self) -> bool {
                self.0.is_byte_stream()
            }
        }
    };
}
pub(super) use decoder;
