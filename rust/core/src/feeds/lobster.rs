//! LOBSTER message files: every change to one stock's NASDAQ order book.
//!
//! A row is `seconds after midnight in New York, type, order id, size, price × 10,000, direction`; types 1 add, 2 partial cancel,
//! 3 delete, 4 execution of a visible order, 5 of a hidden one, 6 cross, 7 halt. The name `AAPL_2012-06-21_…_message_50.csv` gives
//! symbol and date.
//!
//! Out of it come book changes (types 1 to 4), trades (4, 5 and 6) and a quote whenever price or size at the touch changes. Row n of
//! the book file that goes with the messages is the book after message n, and orders from before the file are in no message. So the
//! first book row, where there is one, stands in for the first message: its levels become anonymous sizes of a
//! [`OrderBook`], from which changes to orders that are not known are taken. Without a book file quotes are one-sided or too wide
//! until the levels near the touch have been seen.

use super::anchor::Anchor;
use super::rows::{BadField, Fields, for_each_chunk};
use super::zone::{Date, NewYorkDay, is_regular_ms};
use super::{Fault, FeedReport, MarketData, QualityPolicy};
use crate::book::{Level, OrderBook};
use crate::event::{
    BookAction, BookDelta, DeltaBatch, FLAG_CROSSED, FLAG_EXTENDED, FLAG_LAST, FLAG_SNAPSHOT, Quote, QuoteBatch, Trade, TradeBatch,
};
use crate::types::{DAY_NS, Error, InstrumentId, Price, Qty, Result, SCALE, SECOND_NS, Side, Timestamp};
use std::path::{Path, PathBuf};

/// A price column counts 1/10,000 dollar.
const PRICE_UNIT: i64 = SCALE / 10_000;
/// Book files write this price (or its negative) for a level that is not there.
const NO_LEVEL: i64 = 9_999_999_999;

const COLUMNS: [&str; 6] = ["time", "type", "order id", "size", "price", "direction"];

/// What to read and how. Settings that are `None` come from the path.
#[derive(Clone, Debug, Default)]
pub struct LobsterOptions {
    /// Symbol.
    pub symbol: Option<String>,
    /// Date.
    pub date: Option<Date>,
    /// The book file whose first row seeds the book; by default the file named like the messages with `orderbook` for `message`,
    /// where there is one.
    pub orderbook: Option<PathBuf>,
    /// First time to give quotes and trades of; book changes are given from the first message, since the book needs them.
    pub start: Option<Timestamp>,
    /// Time from which nothing is given out any more.
    pub end: Option<Timestamp>,
    /// What to do about faulty rows.
    pub policy: QualityPolicy,
}

/// Read the message file at `path`.
pub fn read(path: &Path, options: &LobsterOptions) -> Result<MarketData> {
    read_with_progress(path, options, &mut |_, _| Ok(()))
}

/// As [`read`], calling `progress` with bytes done and bytes in all every few thousand rows; an error of it stops the read.
pub fn read_with_progress(path: &Path, options: &LobsterOptions, progress: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<MarketData> {
    let (symbol, date) = identify(path, options)?;
    let seed = match options.orderbook.clone().or_else(|| book_beside(path)) {
        Some(book) => Some(seed(&book)?),
        None => None,
    };
    let mut data = MarketData::default();
    let mut replay = Replay {
        path,
        options,
        instrument: data.instruments.intern(&symbol)?,
        day: NewYorkDay::new(date)?,
        seed,
        report: FeedReport::default(),
        book: OrderBook::new(),
        touch: (None, None),
        last_time: 0,
        anchor: Anchor::default(),
        hidden: 0,
        crosses: 0,
        halts: 0,
        quotes: QuoteBatch::default(),
        trades: TradeBatch::default(),
        deltas: DeltaBatch::default(),
    };
    for_each_chunk(path, |chunk, extent| {
        replay.take(chunk)?;
        progress(extent.done, extent.total)
    })?;
    replay.finish(&mut data)?;
    Ok(data)
}

fn identify(path: &Path, options: &LobsterOptions) -> Result<(String, Date)> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let mut words = name.split('_');
    let (symbol, date) = (words.next(), words.next().and_then(|w| w.parse::<Date>().ok()));
    let missing = |field: &str, example: &str| {
        Error::config(
            field,
            format!("cannot be told from the file name {name}; give it, {example}, or name the file AAPL_2012-06-21_…_message_50.csv"),
        )
    };
    let from_name = symbol.filter(|_| date.is_some()).map(str::to_ascii_uppercase);
    let symbol = options.symbol.clone().or(from_name).ok_or_else(|| missing("symbol", "like AAPL"))?;
    let date = options.date.or(date).ok_or_else(|| missing("date", "like 2012-06-21"))?;
    Ok((symbol, date))
}

/// The book file that LOBSTER ships beside a message file.
fn book_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let book = path.with_file_name(name.replace("_message_", "_orderbook_"));
    (book != path && book.is_file()).then_some(book)
}

/// Levels of the first row of the book file at `path`.
fn seed(path: &Path) -> Result<Vec<(Side, Price, Qty)>> {
    let mut levels: Option<Vec<(Side, Price, Qty)>> = None;
    for_each_chunk(path, |chunk, _| {
        if levels.is_some() {
            return Ok(());
        }
        let mut fields = Fields::new(chunk);
        if !fields.begin_row() {
            return Ok(());
        }
        let start = fields.position();
        let row = (|| {
            let mut row = Vec::new();
            while fields.has_more() {
                for side in [Side::Sell, Side::Buy] {
                    let (price, size) = (fields.int()?, fields.int()?);
                    if size > 0 && price > 0 && price < NO_LEVEL {
                        let scaled = |count: i64, unit: i64| count.checked_mul(unit).ok_or(BadField(row.len()));
                        row.push((side, Price::from_raw(scaled(price, PRICE_UNIT)?), Qty::from_raw(scaled(size, SCALE)?)));
                    }
                }
            }
            Ok(row)
        })();
        let row = row.map_err(|BadField(column)| {
            Error::data(
                format!("{} row 1, column {}: \"{}\"", path.display(), column + 1, fields.excerpt(start)),
                "is not a book row; write ask price, ask size, bid price, bid size, level by level",
            )
        })?;
        levels = Some(row);
        Ok(())
    })?;
    levels.ok_or_else(|| Error::data(path.display().to_string(), "the book file holds no rows; fetch it again"))
}

/// A row of messages; time in nanoseconds after midnight, price and size in 1e-9.
struct Message {
    time: i64,
    kind: i64,
    order: i64,
    size: i64,
    price: i64,
    direction: i64,
}

impl Message {
    #[inline]
    fn parse(fields: &mut Fields<'_>) -> std::result::Result<Self, BadField> {
        let row = Self {
            time: fields.scaled(SECOND_NS)?,
            kind: fields.int()?,
            order: fields.int()?,
            size: fields.scaled(SCALE)?,
            price: fields.scaled(PRICE_UNIT)?,
            direction: fields.int()?,
        };
        fields.end_row()?;
        let known_kind = (1..=7).contains(&row.kind);
        if !(0..DAY_NS).contains(&row.time) {
            Err(BadField(0))
        } else if !known_kind {
            Err(BadField(1))
        } else if row.kind <= 4 && row.order <= 0 {
            Err(BadField(2))
        } else if row.kind <= 5 && row.direction.abs() != 1 {
            Err(BadField(5))
        } else {
            Ok(row)
        }
    }

    /// What the message does to the book.
    const fn action(&self) -> Option<BookAction> {
        match self.kind {
            1 => Some(BookAction::Add),
            2 => Some(BookAction::Cancel),
            3 => Some(BookAction::Delete),
            4 => Some(BookAction::Execute),
            _ => None,
        }
    }
}

struct Replay<'a> {
    path: &'a Path,
    options: &'a LobsterOptions,
    instrument: InstrumentId,
    day: NewYorkDay,
    seed: Option<Vec<(Side, Price, Qty)>>,
    report: FeedReport,
    book: OrderBook,
    touch: (Option<Level>, Option<Level>),
    last_time: i64,
    anchor: Anchor,
    hidden: u64,
    crosses: u64,
    halts: u64,
    quotes: QuoteBatch,
    trades: TradeBatch,
    deltas: DeltaBatch,
}

impl Replay<'_> {
    fn take(&mut self, chunk: &[u8]) -> Result<()> {
        let mut fields = Fields::new(chunk);
        while fields.begin_row() {
            self.report.rows += 1;
            let start = fields.position();
            match Message::parse(&mut fields) {
                Ok(message) => self.message(&message, &fields, start)?,
                Err(BadField(column)) => {
                    let name = COLUMNS.get(column).copied().unwrap_or("after the last");
                    self.judge(Fault::Malformed, &fields, start, Some(name))?;
                    fields.skip_row(start);
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn judge(&mut self, fault: Fault, fields: &Fields<'_>, start: usize, column: Option<&str>) -> Result<bool> {
        let (path, row) = (self.path, self.report.rows);
        self.report.judge(&self.options.policy, fault, || {
            let column = column.map(|c| format!(", column {c}")).unwrap_or_default();
            format!("{} row {row}{column}: \"{}\"", path.display(), fields.excerpt(start))
        })
    }

    fn message(&mut self, row: &Message, fields: &Fields<'_>, start: usize) -> Result<()> {
        if row.kind == 7 {
            self.halts += 1;
            return Ok(());
        }
        if (row.size < 0 || row.price < 0) && !self.judge(Fault::Negative, fields, start, None)? {
            return Ok(());
        }
        if (row.size == 0 || row.price == 0) && !self.judge(Fault::ZeroPrice, fields, start, None)? {
            return Ok(());
        }
        if row.time < self.last_time {
            if !self.judge(Fault::OutOfOrder, fields, start, None)? {
                return Ok(());
            }
        } else {
            self.last_time = row.time;
        }
        let ts = self.day.at_ns(row.time);
        if self.options.end.is_some_and(|end| ts >= end) {
            return Ok(());
        }
        let early = self.options.start.is_some_and(|first| ts < first);
        if row.kind >= 4 {
            self.trade(row, ts, early, fields, start)?;
        }
        if let Some(levels) = self.seed.take() {
            // The seed is the book after this first message.
            for (side, price, size) in levels {
                self.change(BookDelta {
                    ts,
                    instrument: self.instrument,
                    order: 0,
                    action: BookAction::Add,
                    side,
                    price,
                    size,
                    flags: FLAG_SNAPSHOT,
                })?;
            }
        } else if let Some(action) = row.action() {
            let side = if row.direction > 0 { Side::Buy } else { Side::Sell };
            let (price, size) = (Price::from_raw(row.price), Qty::from_raw(row.size));
            self.change(BookDelta {
                ts,
                instrument: self.instrument,
                order: row.order.unsigned_abs(),
                action,
                side,
                price,
                size,
                flags: FLAG_LAST,
            })?;
        } else {
            return Ok(());
        }
        let touch = (self.book.best_bid(), self.book.best_ask());
        let shown = |level: Option<Level>| level.map(|l| (l.price, l.size));
        let changed = shown(touch.0) != shown(self.touch.0) || shown(touch.1) != shown(self.touch.1);
        self.touch = touch;
        if changed && !early { self.quote(ts, fields, start) } else { Ok(()) }
    }

    fn change(&mut self, delta: BookDelta) -> Result<()> {
        self.book.apply(&delta)?;
        self.deltas.push(delta);
        Ok(())
    }

    fn trade(&mut self, row: &Message, ts: Timestamp, early: bool, fields: &Fields<'_>, start: usize) -> Result<()> {
        self.hidden += u64::from(row.kind == 5);
        self.crosses += u64::from(row.kind == 6);
        if self.anchor.judge(row.price, self.options.policy.absurd_band) && !self.judge(Fault::Absurd, fields, start, None)? {
            return Ok(());
        }
        if !early {
            let flags = if is_regular_ms(row.time / 1_000_000) { 0 } else { FLAG_EXTENDED };
            let (price, size) = (Price::from_raw(row.price), Qty::from_raw(row.size));
            self.trades.push(Trade { ts, instrument: self.instrument, price, size, flags });
        }
        Ok(())
    }

    fn quote(&mut self, ts: Timestamp, fields: &Fields<'_>, start: usize) -> Result<()> {
        let (bid, ask) = (self.touch.0.unwrap_or_default(), self.touch.1.unwrap_or_default());
        let mut flags = 0;
        if bid.price.is_positive() && ask.price.is_positive() && bid.price >= ask.price {
            let fault = if bid.price > ask.price { Fault::Crossed } else { Fault::Locked };
            if !self.judge(fault, fields, start, None)? {
                return Ok(());
            }
            if fault == Fault::Crossed {
                flags |= FLAG_CROSSED;
            }
        }
        self.quotes.push(Quote {
            ts,
            instrument: self.instrument,
            bid: bid.price,
            ask: ask.price,
            bid_size: bid.size,
            ask_size: ask.size,
            flags,
        });
        Ok(())
    }

    fn finish(mut self, data: &mut MarketData) -> Result<()> {
        let place = self.path.display().to_string();
        if self.report.rows == 0 {
            return Err(Error::data(place, "holds no rows; fetch the file again"));
        }
        if self.quotes.is_empty() && self.trades.is_empty() {
            return Err(Error::data(
                place,
                format!("gives no events ({} rows read); widen the time window or the quality policy", self.report.rows),
            ));
        }
        for (count, what) in [
            (self.hidden, "executions of hidden orders, given as trades"),
            (self.crosses, "crosses, given as trades"),
            (self.halts, "trading halts or resumptions, left out"),
            (self.book.unknown_orders(), "changes to orders from before the file"),
        ] {
            if count > 0 {
                self.report.notes.push(format!("{place}: {count} {what}"));
            }
        }
        self.quotes.sort_by_time();
        self.trades.sort_by_time();
        self.deltas.sort_by_time();
        self.report.events = (self.quotes.len() + self.trades.len()) as u64;
        data.quotes.extend(Some(self.quotes).filter(|b| !b.is_empty()));
        data.trades.extend(Some(self.trades).filter(|b| !b.is_empty()));
        data.deltas.extend(Some(self.deltas).filter(|b| !b.is_empty()));
        data.report = self.report;
        Ok(())
    }
}
