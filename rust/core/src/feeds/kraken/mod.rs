//! Kraken's WebSocket API, version 1: book, trade, ticker and spread channels, each message an array that ends with the
//! channel's name and the pair.
//!
//! | message | gives |
//! | --- | --- |
//! | book snapshot (`as`, `bs`) | both sides cleared, then the levels, all flagged [`FLAG_SNAPSHOT`] |
//! | book update (`a`, `b`, checksum `c`) | book changes, and the levels that the update pushes out of the subscribed depth as deleted |
//! | `trade` | trades; `b` and `s` say who took |
//! | `ticker`, `spread` | quotes; a ticker has no time and gets the time of receipt |
//!
//! The time of a book message is the latest of its levels'. Each update carries the exchange's CRC-32 of the ten best asks and
//! bids; the decoder keeps the book of each pair to check it. Where they differ the update is flagged [`FLAG_GAP`] and counted
//! as a gap; the pair needs a new snapshot, and until it comes its updates are not checked.

mod ladder;

use super::json::{Cursor, Decimal, Flaw};
use super::session::{
    Common, Context, Framing, Messages, Print, Session, Slots, Taken, clear_first, commit, decoder, push_level, push_quote, push_trade,
    read_level, take_back,
};
use super::{Batches, Decoder, Fault, QualityPolicy};
use crate::event::{FLAG_GAP, FLAG_SNAPSHOT, Quote, Trade};
use crate::types::{Price, Qty, Result, Side, Timestamp};
use ladder::{Ladder, checksum};

/// Levels a side where the channel's name does not say.
const DEPTH_DEFAULT: usize = 10;
/// Most levels a side that Kraken offers.
const DEPTH_MAX: usize = 1000;

decoder! {
    /// Decodes Kraken's messages; see the module.
    KrakenDecoder of Kraken
}

impl KrakenDecoder {
    /// A decoder that checks the exchange's checksums.
    pub fn new(framing: Framing, policy: QualityPolicy) -> Self {
        Self(Session::new(Kraken { slots: Slots::new(), latest: None, levels: Vec::new(), prints: Vec::new() }, framing, policy))
    }
}

#[derive(Debug)]
struct Kraken {
    slots: Slots<Book>,
    /// The latest time that the exchange told.
    latest: Option<Timestamp>,
    /// The message's levels, checked before any is applied.
    levels: Vec<(Side, Decimal, Decimal)>,
    prints: Vec<(Trade, i8)>,
}

/// The book of a pair, for its checksums.
#[derive(Debug, Default)]
struct Book {
    asks: Ladder,
    bids: Ladder,
    /// It is what the exchange has.
    sound: bool,
    /// Changes were given out already.
    begun: bool,
}

/// Channel and pair of a message: its last two strings.
fn address(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = message.trim_ascii_end().strip_suffix(b"]")?.trim_ascii_end().strip_suffix(b"\"")?;
    let quote = memchr::memrchr(b'"', text)?;
    let (pair, text) = (&text[quote + 1..], &text[..quote]);
    let text = text.trim_ascii_end().strip_suffix(b",")?.trim_ascii_end().strip_suffix(b"\"")?;
    let quote = memchr::memrchr(b'"', text)?;
    Some((&text[quote + 1..], pair))
}

impl Messages for Kraken {
    const NAME: &'static str = "kraken";

    fn message(&mut self, context: &mut Context<'_>, message: &[u8], out: &mut Batches) -> Taken<()> {
        let mut cursor = Cursor::new(message);
        if cursor.peek() == b'{' {
            return control(context, cursor);
        }
        cursor.enter_array()?;
        let (channel, pair) = address(message).ok_or(Flaw::Missing("the channel's name and the pair"))?;
        cursor.unsigned()?;
        cursor.expect(b',', "a comma")?;
        match channel {
            b"trade" => self.trades(context, cursor, pair, out),
            b"ticker" => self.ticker(context, cursor, pair, out),
            b"spread" => self.spread(context, cursor, pair, out),
            _ if channel.starts_with(b"book") => self.book(context, cursor, channel, pair, out),
            _ => {
                cursor.skip()?;
                tail(&mut cursor)?;
                context.count("other");
                Ok(())
            }
        }
    }
}

/// A comma, the channel's name and the pair, which are known, and the end.
fn tail(cursor: &mut Cursor<'_>) -> Taken<()> {
    next(cursor)?;
    names(cursor)
}

fn names(cursor: &mut Cursor<'_>) -> Taken<()> {
    cursor.string()?;
    next(cursor)?;
    cursor.string()?;
    cursor.expect(b']', "]")?;
    cursor.end()
}

fn control(context: &mut Context<'_>, mut cursor: Cursor<'_>) -> Taken<()> {
    cursor.enter_object()?;
    let (mut first, mut kind) = (true, "other");
    while let Some(key) = cursor.key(&mut first)? {
        if key == b"event" && cursor.peek() == b'"' {
            kind = match cursor.string()? {
                b"heartbeat" => "heartbeat",
                b"systemStatus" => "systemStatus",
                b"subscriptionStatus" => "subscriptionStatus",
                b"pong" => "pong",
                b"error" => "error",
                _ => "other",
            };
        } else {
            cursor.skip()?;
        }
    }
    cursor.end()?;
    context.count(kind);
    Ok(())
}

/// Seconds since the epoch, as decimal text.
fn seconds(cursor: &mut Cursor<'_>) -> Taken<Timestamp> {
    // A count of 1e-9 of a second is a nanosecond.
    Ok(Timestamp::from_nanos(cursor.decimal()?.raw))
}

fn next(cursor: &mut Cursor<'_>) -> Taken<()> {
    cursor.expect(b',', "a comma")
}

/// Step over what else an array has.
fn rest(cursor: &mut Cursor<'_>) -> Taken<()> {
    let mut first = false;
    while cursor.element(&mut first)? {
        cursor.skip()?;
    }
    Ok(())
}

impl Kraken {
    fn trades(&mut self, context: &mut Context<'_>, mut cursor: Cursor<'_>, pair: &[u8], out: &mut Batches) -> Taken<()> {
        self.prints.clear();
        cursor.enter_array()?;
        let mut first = true;
        while cursor.element(&mut first)? {
            cursor.enter_array()?;
            let price = Price::from_raw(cursor.decimal()?.raw);
            next(&mut cursor)?;
            let size = Qty::from_raw(cursor.decimal()?.raw);
            next(&mut cursor)?;
            let ts = seconds(&mut cursor)?;
            next(&mut cursor)?;
            let aggressor = match cursor.string()? {
                b"b" => 1,
                b"s" => -1,
                _ => return Err(Flaw::Missing("the side b or s of a trade")),
            };
            rest(&mut cursor)?;
            self.prints.push((Trade { ts, price, size, ..Trade::default() }, aggressor));
        }
        tail(&mut cursor)?;
        let instrument = self.slots.get(pair, &mut out.instruments)?.id;
        for &(trade, aggressor) in &self.prints {
            self.latest = self.latest.max(Some(trade.ts));
            push_trade(&mut out.trades, Print { trade: Trade { instrument, ..trade }, id: None, aggressor, recv: context.recv });
        }
        context.count("trade");
        Ok(())
    }

    fn ticker(&mut self, context: &mut Context<'_>, mut cursor: Cursor<'_>, pair: &[u8], out: &mut Batches) -> Taken<()> {
        let (mut bid, mut ask) = (None, None);
        cursor.enter_object()?;
        let mut first = true;
        while let Some(key) = cursor.key(&mut first)? {
            let side = match key {
                b"b" => &mut bid,
                b"a" => &mut ask,
                _ => {
                    cursor.skip()?;
                    continue;
                }
            };
            // Price, whole lots, lots.
            cursor.enter_array()?;
            let price = Price::from_raw(cursor.decimal()?.raw);
            next(&mut cursor)?;
            cursor.skip()?;
            next(&mut cursor)?;
            *side = Some((price, Qty::from_raw(cursor.decimal()?.raw)));
            rest(&mut cursor)?;
        }
        tail(&mut cursor)?;
        let (bid, bid_size) = bid.ok_or(Flaw::Missing("b"))?;
        let (ask, ask_size) = ask.ok_or(Flaw::Missing("a"))?;
        let ts = context.time(None, self.latest)?;
        let instrument = self.slots.get(pair, &mut out.instruments)?.id;
        push_quote(&mut out.quotes, Quote { ts, instrument, bid, ask, bid_size, ask_size, flags: 0 }, None, context.recv);
        context.count("ticker");
        Ok(())
    }

    fn spread(&mut self, context: &mut Context<'_>, mut cursor: Cursor<'_>, pair: &[u8], out: &mut Batches) -> Taken<()> {
        cursor.enter_array()?;
        let bid = Price::from_raw(cursor.decimal()?.raw);
        next(&mut cursor)?;
        let ask = Price::from_raw(cursor.decimal()?.raw);
        next(&mut cursor)?;
        let ts = seconds(&mut cursor)?;
        next(&mut cursor)?;
        let bid_size = Qty::from_raw(cursor.decimal()?.raw);
        next(&mut cursor)?;
        let ask_size = Qty::from_raw(cursor.decimal()?.raw);
        rest(&mut cursor)?;
        tail(&mut cursor)?;
        self.latest = self.latest.max(Some(ts));
        let instrument = self.slots.get(pair, &mut out.instruments)?.id;
        push_quote(&mut out.quotes, Quote { ts, instrument, bid, ask, bid_size, ask_size, flags: 0 }, None, context.recv);
        context.count("spread");
        Ok(())
    }

    fn book(&mut self, context: &mut Context<'_>, mut cursor: Cursor<'_>, channel: &[u8], pair: &[u8], out: &mut Batches) -> Taken<()> {
        self.levels.clear();
        let (mut told, mut crc, mut snapshot, mut beyond) = (None, None, false, 0);
        // One object, or one for each side.
        loop {
            cursor.enter_object()?;
            let mut first = true;
            while let Some(key) = cursor.key(&mut first)? {
                let side = match key {
                    b"a" | b"as" => Side::Sell,
                    b"b" | b"bs" => Side::Buy,
                    b"c" => {
                        crc = Some(cursor.unsigned()?);
                        continue;
                    }
                    _ => {
                        cursor.skip()?;
                        continue;
                    }
                };
                snapshot |= key.len() == 2;
                told = told.max(self.side(&mut cursor, side, &mut beyond)?);
            }
            next(&mut cursor)?;
            if cursor.peek() != b'{' {
                break;
            }
        }
        names(&mut cursor)?;
        context.judge_beyond(&mut out.report, beyond)?;
        self.latest = self.latest.max(told);
        self.apply(context, Update { pair, depth: depth(channel), told, crc, snapshot }, out)
    }

    /// Read a side's levels `[price, size, time, …]`; the latest time.
    fn side(&mut self, cursor: &mut Cursor<'_>, side: Side, beyond: &mut u64) -> Taken<Option<Timestamp>> {
        let mut told = None;
        cursor.enter_array()?;
        let mut first = true;
        while cursor.element(&mut first)? {
            cursor.enter_array()?;
            let level = read_level(cursor, beyond)?;
            next(cursor)?;
            told = told.max(Some(seconds(cursor)?));
            rest(cursor)?;
            self.levels.extend(level.map(|(price, size)| (side, price, size)));
        }
        Ok(told)
    }

    fn apply(&mut self, context: &mut Context<'_>, update: Update<'_>, out: &mut Batches) -> Taken<()> {
        let Update { pair, depth, told, crc, snapshot } = update;
        let slot = self.slots.get(pair, &mut out.instruments)?;
        let ts = if snapshot {
            slot.snapshot_time(context, told, self.latest)?
        } else {
            match slot.change_time(context, &mut out.report, told.ok_or(Flaw::Missing("a level"))?)? {
                Some(ts) => ts,
                None => return Ok(()),
            }
        };
        let (instrument, symbol, book) = (slot.id, &slot.symbol, &mut slot.state);
        if snapshot {
            book.asks.clear();
            book.bids.clear();
            book.sound = true;
        }
        for &(side, price, size) in &self.levels {
            push_level(&mut out.deltas, side, price.raw, size.raw);
            match side {
                Side::Sell => book.asks.set(-price.raw, price, size),
                Side::Buy => book.bids.set(price.raw, price, size),
            }
        }
        for (side, ladder) in [(Side::Sell, &mut book.asks), (Side::Buy, &mut book.bids)] {
            ladder.cut(depth, |price| push_level(&mut out.deltas, side, price, 0));
        }
        let mut first_flags = 0;
        if snapshot {
            clear_first(&mut out.deltas);
            context.count("book snapshot");
        } else {
            context.count("book");
            if !book.sound {
                first_flags = if book.begun { 0 } else { FLAG_GAP };
                context.count("checksum not checked");
            }
        }
        book.begun = true;
        if let Some(crc) = crc.filter(|_| book.sound) {
            let ours = checksum(&mut book.asks, &mut book.bids);
            if u64::from(ours) == crc {
                context.count("checksum matched");
            } else {
                book.sound = false;
                first_flags = FLAG_GAP;
                let what = || format!("book of {symbol} has the checksum {ours} and not {crc}; subscribe anew for a snapshot");
                if !context.judge(&mut out.report, Fault::Gap, what)? {
                    take_back(&mut out.deltas);
                    return Ok(());
                }
            }
        }
        let flags = if snapshot { FLAG_SNAPSHOT } else { 0 };
        commit(&mut out.deltas, Common { ts, instrument, sequence: None, flags, first_flags, recv: context.recv });
        Ok(())
    }
}

/// A book message.
#[derive(Clone, Copy, Debug)]
struct Update<'a> {
    pair: &'a [u8],
    depth: usize,
    told: Option<Timestamp>,
    crc: Option<u64>,
    snapshot: bool,
}

/// Levels a side, from the channel's name such as `book-1000`.
fn depth(channel: &[u8]) -> usize {
    let digits = channel.strip_prefix(b"book-").unwrap_or_default();
    let depth = Cursor::new(digits).unsigned().map_or(DEPTH_DEFAULT, |n| usize::try_from(n).unwrap_or(DEPTH_MAX));
    depth.clamp(1, DEPTH_MAX)
}
