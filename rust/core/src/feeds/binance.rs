//! Binance, spot and USD-M futures: streams as a socket gives them, alone or in the combined envelope, and depth snapshots.
//!
//! | message | gives |
//! | --- | --- |
//! | `depthUpdate` (`U`, `u`, of futures `pu`) | book changes, `sequence` = `u` |
//! | depth snapshot (`lastUpdateId`) | both sides cleared, then the levels, all flagged [`FLAG_SNAPSHOT`] |
//! | partial depth (`@depth5`, `10`, `20`) | the same |
//! | `bookTicker` | a quote, `sequence` = `u` |
//! | `trade`, `aggTrade` | a trade: `m` says that the buyer was the maker, so that the seller took |
//!
//! The time of an event is the transaction time `T`, or else the event time `E`; spot book tickers have neither and get the time
//! of receipt. [`DepthSync`] watches the numbers of the updates: a book change before which something was lost is flagged
//! [`FLAG_GAP`] and counted. Updates are given out as they come; those that came before their snapshot and go beyond it are given
//! a second time behind it, flagged [`FLAG_SNAPSHOT`], and updates that the snapshot holds are left out, so that the rows in
//! their order always make the exchange's book.

use super::json::{Cursor, Flaw, fixed, whole};
use super::session::{
    Common, Context, Framing, Messages, Print, Session, Slot, Slots, Taken, clear_first, commit, decoder, push_level, push_quote,
    push_trade, read_levels, take_back,
};
use super::{Batches, Decoder, Fault, QualityPolicy};
use crate::book::{DepthSync, Rule, SnapshotVerdict, Verdict};
use crate::event::{DeltaBatch, FLAG_GAP, FLAG_NO_HIGH_LOW, FLAG_NO_LAST, FLAG_NO_VOLUME, FLAG_SNAPSHOT, Quote, Trade};
use crate::types::{Price, Qty, Result, Side, Timestamp};

/// Most levels kept of updates that wait for a snapshot.
const HELD_LEVELS_MAX: usize = 1 << 20;
const MS: i64 = 1_000_000;

decoder! {
    /// Decodes Binance's messages; see the module.
    BinanceDecoder of Binance
}

impl BinanceDecoder {
    /// A decoder; `symbol` is what depth snapshots are of, which do not say it. Without it they are of the one symbol seen.
    pub fn new(framing: Framing, symbol: Option<String>, policy: QualityPolicy) -> Self {
        Self(Session::new(Binance { symbol, slots: Slots::new(), latest: None }, framing, policy))
    }
}

#[derive(Debug)]
struct Binance {
    symbol: Option<String>,
    slots: Slots<Depth>,
    /// The latest time that the exchange told.
    latest: Option<Timestamp>,
}

/// The scalars of a message by their keys, as text, and the numbers of its levels' rows.
#[derive(Debug, Default)]
struct Fields<'a> {
    stream: &'a [u8],
    event: &'a [u8],
    symbol: &'a [u8],
    event_time: &'a [u8],
    transaction_time: &'a [u8],
    first: &'a [u8],
    last: &'a [u8],
    previous: &'a [u8],
    snapshot: &'a [u8],
    bid: &'a [u8],
    bid_size: &'a [u8],
    ask: &'a [u8],
    ask_size: &'a [u8],
    price: &'a [u8],
    size: &'a [u8],
    id: &'a [u8],
    maker: &'a [u8],
    market: &'a [u8],
    answer: bool,
    /// Levels with a price or size beyond the range.
    beyond: u64,
}

impl Messages for Binance {
    const NAME: &'static str = "binance";

    fn message(&mut self, context: &mut Context<'_>, message: &[u8], out: &mut Batches) -> Taken<()> {
        let mut cursor = Cursor::new(message);
        let mut fields = Fields::default();
        if cursor.peek() == b'[' {
            cursor.skip()?;
        } else {
            read(&mut cursor, &mut fields, &mut out.deltas, false)?;
        }
        cursor.end()?;
        match fields.event {
            b"depthUpdate" => self.update(context, &fields, out),
            b"bookTicker" => self.ticker(context, &fields, out),
            b"trade" => self.trade(context, &fields, "trade", fields.id, out),
            // The number of an aggregate trade is `a`.
            b"aggTrade" => self.trade(context, &fields, "aggTrade", fields.ask, out),
            b"" if !fields.snapshot.is_empty() => self.snapshot(context, &fields, out),
            b"" if !fields.last.is_empty() && !fields.bid_size.is_empty() => self.ticker(context, &fields, out),
            event => {
                take_back(&mut out.deltas);
                context.count(if event.is_empty() && fields.answer { "control" } else { "other" });
                Ok(())
            }
        }
    }
}

/// Read an object; levels become rows of `deltas` without a time.
fn read<'a>(cursor: &mut Cursor<'a>, fields: &mut Fields<'a>, deltas: &mut DeltaBatch, inner: bool) -> Taken<()> {
    cursor.enter_object()?;
    let mut first = true;
    while let Some(key) = cursor.key(&mut first)? {
        let side = match key {
            b"b" | b"bids" => Some(Side::Buy),
            b"a" | b"asks" => Some(Side::Sell),
            _ => None,
        };
        if let Some(side) = side
            && levels(cursor, fields, deltas, side)?
        {
            continue;
        }
        let field = match key {
            &[letter] => match letter {
                b'e' => &mut fields.event,
                b'E' => &mut fields.event_time,
                b'T' => &mut fields.transaction_time,
                b's' => &mut fields.symbol,
                b'U' => &mut fields.first,
                b'u' => &mut fields.last,
                b'b' => &mut fields.bid,
                b'B' => &mut fields.bid_size,
                b'a' => &mut fields.ask,
                b'A' => &mut fields.ask_size,
                b'p' => &mut fields.price,
                b'q' => &mut fields.size,
                b't' => &mut fields.id,
                b'm' => &mut fields.maker,
                b'X' => &mut fields.market,
                _ => {
                    cursor.skip()?;
                    continue;
                }
            },
            b"pu" => &mut fields.previous,
            b"bids" => &mut fields.bid,
            b"asks" => &mut fields.ask,
            b"lastUpdateId" => &mut fields.snapshot,
            b"stream" => &mut fields.stream,
            b"data" if !inner && cursor.peek() == b'{' => {
                read(cursor, fields, deltas, true)?;
                continue;
            }
            b"result" | b"code" | b"error" | b"id" => {
                fields.answer = true;
                cursor.skip()?;
                continue;
            }
            _ => {
                cursor.skip()?;
                continue;
            }
        };
        *field = match cursor.peek() {
            b'"' => cursor.string()?,
            b'0'..=b'9' => cursor.number()?,
            b't' | b'f' if key == b"m" => {
                if cursor.boolean()? {
                    b"true"
                } else {
                    b"false"
                }
            }
            _ => {
                cursor.skip()?;
                continue;
            }
        };
    }
    Ok(())
}

/// Levels of `side`, where there are levels; true when they were read or stepped over.
fn levels(cursor: &mut Cursor<'_>, fields: &mut Fields<'_>, deltas: &mut DeltaBatch, side: Side) -> Taken<bool> {
    if cursor.peek() != b'[' {
        return Ok(false);
    }
    if matches!(fields.event, b"" | b"depthUpdate") {
        fields.beyond += read_levels(cursor, side, deltas)?;
    } else {
        cursor.skip()?;
    }
    Ok(true)
}

impl Fields<'_> {
    /// The exchange's time.
    fn time(&self) -> Taken<Option<Timestamp>> {
        let text = if self.transaction_time.is_empty() { self.event_time } else { self.transaction_time };
        if text.is_empty() {
            return Ok(None);
        }
        let ns = i64::try_from(whole(text, "T")?).ok().and_then(|ms| ms.checked_mul(MS)).ok_or(Flaw::Missing("a time before 2262"))?;
        Ok(Some(Timestamp::from_nanos(ns)))
    }

    /// A stream of the upper levels alone, such as `btcusdt@depth5@100ms`.
    fn is_partial(&self) -> bool {
        self.stream
            .split(|&c| c == b'@')
            .nth(1)
            .and_then(|name| name.strip_prefix(b"depth"))
            .is_some_and(|levels| levels.first().is_some_and(u8::is_ascii_digit))
    }
}

impl Binance {
    fn told(&mut self, fields: &Fields<'_>) -> Taken<Option<Timestamp>> {
        let told = fields.time()?;
        self.latest = self.latest.max(told);
        Ok(told)
    }

    fn ticker(&mut self, context: &mut Context<'_>, fields: &Fields<'_>, out: &mut Batches) -> Taken<()> {
        let told = self.told(fields)?;
        let ts = context.time(told, self.latest)?;
        let quote = Quote {
            ts,
            bid: Price::from_raw(fixed(fields.bid, "b")?),
            ask: Price::from_raw(fixed(fields.ask, "a")?),
            bid_size: Qty::from_raw(fixed(fields.bid_size, "B")?),
            ask_size: Qty::from_raw(fixed(fields.ask_size, "A")?),
            ..Quote::default()
        };
        let sequence = whole(fields.last, "u")?;
        let instrument = self.slots.get(fields.symbol, &mut out.instruments)?.id;
        push_quote(&mut out.quotes, Quote { instrument, ..quote }, Some(sequence), context.recv);
        context.count("bookTicker");
        Ok(())
    }

    fn trade(&mut self, context: &mut Context<'_>, fields: &Fields<'_>, kind: &'static str, id: &[u8], out: &mut Batches) -> Taken<()> {
        let told = self.told(fields)?;
        let ts = context.time(told, self.latest)?;
        let id = whole(id, "the trade's number")?;
        let aggressor = match fields.maker {
            b"true" => -1,
            b"false" => 1,
            _ => return Err(Flaw::Missing("m")),
        };
        let (price, size) = (Price::from_raw(fixed(fields.price, "p")?), Qty::from_raw(fixed(fields.size, "q")?));
        // Futures print transfers of the insurance fund and the like among the trades of the market.
        let flags = if matches!(fields.market, b"" | b"MARKET") { 0 } else { FLAG_NO_LAST | FLAG_NO_HIGH_LOW | FLAG_NO_VOLUME };
        let instrument = self.slots.get(fields.symbol, &mut out.instruments)?.id;
        push_trade(
            &mut out.trades,
            Print { trade: Trade { ts, instrument, price, size, flags }, id: Some(id), aggressor, recv: context.recv },
        );
        context.count(kind);
        Ok(())
    }

    fn update(&mut self, context: &mut Context<'_>, fields: &Fields<'_>, out: &mut Batches) -> Taken<()> {
        let told = self.told(fields)?.ok_or(Flaw::Missing("E"))?;
        let (first, last) = (whole(fields.first, "U")?, whole(fields.last, "u")?);
        let previous = if fields.previous.is_empty() { None } else { Some(whole(fields.previous, "pu")?) };
        if first > last {
            return Err(Flaw::Missing("a number u that is not below U"));
        }
        context.judge_beyond(&mut out.report, fields.beyond)?;
        let slot = self.slots.get(fields.symbol, &mut out.instruments)?;
        if fields.is_partial() {
            return upper_levels(slot, context, Some(told), self.latest, last, out);
        }
        context.count("depthUpdate");
        let fit = slot.state.fit(first, last, previous, &out.deltas);
        if fit == Fit::Stale {
            context.count("depthUpdate before its snapshot");
            take_back(&mut out.deltas);
            return Ok(());
        }
        if fit == Fit::Lost
            && !context
                .judge(&mut out.report, Fault::Gap, || format!("updates of {} before {first} are lost; fetch a snapshot", slot.symbol))?
        {
            take_back(&mut out.deltas);
            return Ok(());
        }
        let Some(ts) = slot.change_time(context, &mut out.report, told)? else {
            take_back(&mut out.deltas);
            return Ok(());
        };
        let first_flags = if fit == Fit::Next { 0 } else { FLAG_GAP };
        commit(&mut out.deltas, Common { ts, instrument: slot.id, sequence: Some(last), flags: 0, first_flags, recv: context.recv });
        Ok(())
    }

    fn snapshot(&mut self, context: &mut Context<'_>, fields: &Fields<'_>, out: &mut Batches) -> Taken<()> {
        let told = self.told(fields)?;
        let id = whole(fields.snapshot, "lastUpdateId")?;
        let mut upper = [0_u8; 32];
        let symbol: &[u8] = if !fields.symbol.is_empty() {
            fields.symbol
        } else if let Some(end) = fields.stream.iter().position(|&c| c == b'@').filter(|&end| end <= upper.len()) {
            for (to, from) in upper.iter_mut().zip(&fields.stream[..end]) {
                *to = from.to_ascii_uppercase();
            }
            &upper[..end]
        } else {
            let named = self
                .symbol
                .as_deref()
                .or_else(|| self.slots.only())
                .ok_or(Flaw::Missing("the symbol of a depth snapshot (give the decoder `symbol`)"))?;
            let end = named.len().min(upper.len());
            upper[..end].copy_from_slice(&named.as_bytes()[..end]);
            &upper[..end]
        };
        context.judge_beyond(&mut out.report, fields.beyond)?;
        let slot = self.slots.get(symbol, &mut out.instruments)?;
        if fields.is_partial() {
            return upper_levels(slot, context, told, self.latest, id, out);
        }
        // Of the two, only snapshots of futures have a time.
        let Some(stale) = slot.state.load(if told.is_some() { Rule::Linked } else { Rule::Contiguous }, id) else {
            context.count("depth snapshot too old");
            take_back(&mut out.deltas);
            return Ok(());
        };
        let ts = slot.snapshot_time(context, told, self.latest)?;
        clear_first(&mut out.deltas);
        let common = Common { ts, instrument: slot.id, sequence: Some(id), flags: FLAG_SNAPSHOT, first_flags: 0, recv: context.recv };
        commit(&mut out.deltas, common);
        slot.state.replay(stale, &mut out.deltas, common);
        context.count("depth snapshot");
        Ok(())
    }
}

/// A snapshot of the best levels, which no update follows.
fn upper_levels(
    slot: &mut Slot<Depth>,
    context: &mut Context<'_>,
    told: Option<Timestamp>,
    latest: Option<Timestamp>,
    sequence: u64,
    out: &mut Batches,
) -> Taken<()> {
    context.count("partial depth");
    let ts = slot.snapshot_time(context, told, latest)?;
    clear_first(&mut out.deltas);
    let common = Common { ts, instrument: slot.id, sequence: Some(sequence), flags: FLAG_SNAPSHOT, first_flags: 0, recv: context.recv };
    commit(&mut out.deltas, common);
    Ok(())
}

/// How an update fits the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It continues what was given out.
    Next,
    /// It is the first, and there is no snapshot.
    First,
    /// Something was lost before it.
    Lost,
    /// The book already holds it.
    Stale,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    side: Side,
    price: i64,
    size: i64,
}

/// The depth stream of one symbol.
#[derive(Debug, Default)]
struct Depth {
    sync: Option<DepthSync>,
    /// Levels of the updates that wait for a snapshot, and each update's number and end among them.
    held: Vec<Held>,
    ends: Vec<(u64, usize)>,
    last: Option<u64>,
}

impl Depth {
    /// Place an update whose levels are the rows of `deltas` without a time.
    fn fit(&mut self, first: u64, last: u64, previous: Option<u64>, deltas: &DeltaBatch) -> Fit {
        // Futures name the update before.
        let rule = if previous.is_some() { Rule::Linked } else { Rule::Contiguous };
        let sync = self.sync.get_or_insert_with(|| DepthSync::new(rule));
        let full = sync.buffered() >= sync.limit() || self.held.len() >= HELD_LEVELS_MAX;
        if full {
            // No snapshot comes: only the newest updates are worth keeping.
            sync.reset();
            self.held.clear();
            self.ends.clear();
        }
        let before = self.last;
        let verdict = sync.on_update(first, last, previous);
        if verdict != Verdict::Stale {
            self.last = Some(last);
        }
        match verdict {
            Verdict::Apply => return Fit::Next,
            Verdict::Stale => return Fit::Stale,
            Verdict::Buffer => {}
            Verdict::Gap => self.drop_held(),
        }
        let rows = deltas.ts.len()..deltas.price.len();
        self.held.extend(rows.map(|i| Held { side: deltas.side[i], price: deltas.price[i].raw(), size: deltas.size[i].raw() }));
        self.ends.push((last, self.held.len()));
        match (verdict, before) {
            (_, None) => Fit::First,
            (Verdict::Gap, _) => Fit::Lost,
            (_, Some(before)) if full && previous.map_or(first > before.saturating_add(1), |previous| previous != before) => Fit::Lost,
            _ => Fit::Next,
        }
    }

    /// Take a snapshot; how many of the held updates it holds, or none when it is too old.
    fn load(&mut self, rule: Rule, id: u64) -> Option<usize> {
        match self.sync.get_or_insert_with(|| DepthSync::new(rule)).on_snapshot(id) {
            SnapshotVerdict::Load { stale } => {
                self.last = Some(self.last.map_or(id, |last| last.max(id)));
                Some(stale)
            }
            SnapshotVerdict::TooOld => None,
        }
    }

    /// Give out the held updates that a snapshot left over, behind it.
    fn replay(&mut self, stale: usize, deltas: &mut DeltaBatch, common: Common) {
        let mut from = stale.checked_sub(1).and_then(|i| self.ends.get(i)).map_or(0, |&(_, end)| end);
        for &(last, end) in self.ends.iter().skip(stale) {
            for level in &self.held[from..end] {
                push_level(deltas, level.side, level.price, level.size);
            }
            commit(deltas, Common { sequence: Some(last), ..common });
            from = end;
        }
        self.drop_held();
    }

    fn drop_held(&mut self) {
        self.held.clear();
        self.ends.clear();
    }
}
