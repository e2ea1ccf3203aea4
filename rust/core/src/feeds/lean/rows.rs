//! Rows of one Lean file to events.

use super::bar::BarRow;
use super::path::Source;
use super::sides::Sides;
use super::tick::{TickQuote, TickTrade};
use super::{Adjust, Kind, LeanOptions, Resolution, Session};
use crate::event::{BarBatch, QuoteBatch, TradeBatch};
use crate::feeds::anchor::Anchor;
use crate::feeds::factors::{Factor, Factors};
use crate::feeds::rows::{BadField, Fields};
use crate::feeds::zone::{Date, NewYorkDay};
use crate::feeds::{Fault, FeedReport, MarketData};
use crate::types::{Error, InstrumentId, Result, SCALE, Timestamp};

/// A price column counts 1/10,000 dollar.
pub(super) const PRICE_UNIT: i64 = SCALE / 10_000;
/// A time column counts milliseconds.
pub(super) const TIME_UNIT: i64 = 1_000_000;

const TICK_QUOTE: &[&str] = &["time", "bid price", "bid size", "ask price", "ask size", "exchange", "condition", "suspicious"];
const TICK_TRADE: &[&str] = &["time", "price", "size", "exchange", "sale condition", "suspicious"];
const TRADE_BAR: &[&str] = &["time", "open", "high", "low", "close", "volume"];
const QUOTE_BAR: &[&str] = &[
    "time",
    "bid open",
    "bid high",
    "bid low",
    "bid close",
    "last bid size",
    "ask open",
    "ask high",
    "ask low",
    "ask close",
    "last ask size",
];

/// One day's conversions.
pub(super) struct Day {
    pub clock: NewYorkDay,
    pub price: Factor,
    pub size: Factor,
}

/// Turns the rows of one file into batches.
pub(super) struct Decoder<'a> {
    pub(super) options: &'a LeanOptions,
    pub(super) source: &'a Source,
    pub(super) factors: Option<&'a Factors>,
    pub(super) instrument: InstrumentId,
    pub(super) report: FeedReport,
    pub(super) outside: u64,
    pub(super) unquoted: u64,
    pub(super) day: Option<Day>,
    pub(super) last_time: i64,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) columns: &'static [&'static str],
    pub(super) sides: Sides,
    pub(super) bid_anchor: Anchor,
    pub(super) ask_anchor: Anchor,
    pub(super) above_quote: Option<TickQuote>,
    pub(super) above_trade: Option<TickTrade>,
    pub(super) above_bar: Option<BarRow>,
    pub(super) quotes: QuoteBatch,
    pub(super) trades: TradeBatch,
    pub(super) bars: BarBatch,
}

fn place(source: &Source, row: u64, fields: &Fields<'_>, start: usize, column: Option<&str>) -> String {
    let column = column.map(|c| format!(", column {c}")).unwrap_or_default();
    format!("{} row {row}{column}: \"{}\"", source.path.display(), fields.excerpt(start))
}

impl<'a> Decoder<'a> {
    pub(super) fn new(
        source: &'a Source,
        options: &'a LeanOptions,
        factors: Option<&'a Factors>,
        instrument: InstrumentId,
    ) -> Result<Self> {
        let columns = match (source.resolution, source.kind) {
            (Resolution::Tick, Kind::Quote) => TICK_QUOTE,
            (Resolution::Tick, Kind::Trade) => TICK_TRADE,
            (_, Kind::Trade) => TRADE_BAR,
            (_, Kind::Quote) => QUOTE_BAR,
        };
        let mut decoder = Self {
            options,
            source,
            factors,
            instrument,
            report: FeedReport::default(),
            outside: 0,
            unquoted: 0,
            day: None,
            last_time: i64::MIN,
            from: options.start.unwrap_or(Timestamp::MIN),
            until: options.end.unwrap_or(Timestamp::MAX),
            columns,
            sides: Sides::new(options.consolidate),
            bid_anchor: Anchor::default(),
            ask_anchor: Anchor::default(),
            above_quote: None,
            above_trade: None,
            above_bar: None,
            quotes: QuoteBatch::default(),
            trades: TradeBatch::default(),
            bars: BarBatch::default(),
        };
        if let Some(date) = source.date {
            decoder.set_day(date)?;
        }
        Ok(decoder)
    }

    pub(super) fn set_day(&mut self, date: Date) -> Result<NewYorkDay> {
        let (price, size) = match (self.factors, self.options.adjust) {
            (None, _) | (_, Adjust::None) => (Factor::ONE, Factor::ONE),
            (Some(factors), Adjust::Split) => (factors.split(date), factors.split(date)),
            (Some(factors), Adjust::Total) => (factors.total(date), factors.split(date)),
        };
        let clock = NewYorkDay::new(date)?;
        self.day = Some(Day { clock, price, size });
        self.bid_anchor = Anchor::default();
        self.ask_anchor = Anchor::default();
        Ok(clock)
    }

    /// Take in whole rows; `total` is how many bytes the file has in all.
    pub(super) fn take(&mut self, chunk: &[u8], total: u64) -> Result<()> {
        if self.report.rows == 0 {
            self.reserve(chunk, total);
        }
        let mut fields = Fields::new(chunk);
        while fields.begin_row() {
            self.report.rows += 1;
            match (self.source.resolution, self.source.kind) {
                (Resolution::Tick, Kind::Quote) => self.tick_quote(&mut fields)?,
                (Resolution::Tick, Kind::Trade) => self.tick_trade(&mut fields)?,
                (_, Kind::Trade) => self.trade_bar(&mut fields)?,
                (_, Kind::Quote) => self.quote_bar(&mut fields)?,
            }
        }
        Ok(())
    }

    /// Make room for the rows that the first chunk lets expect, and some.
    fn reserve(&mut self, chunk: &[u8], total: u64) {
        let rows = chunk.split(|&c| c == b'\n').count();
        let expected = (rows as f64 * (total as f64 / chunk.len().max(1) as f64).max(1.0) * 1.03) as usize;
        match (self.source.resolution, self.source.kind) {
            (_, Kind::Quote) => self.quotes = QuoteBatch::with_capacity(expected),
            (Resolution::Tick, Kind::Trade) => self.trades = TradeBatch::with_capacity(expected),
            (_, Kind::Trade) => self.bars = BarBatch::with_capacity(expected),
        }
    }

    /// The row that was read, or `None` after a malformed row, which is counted and skipped or refused.
    #[inline]
    pub(super) fn parsed<T>(&mut self, row: std::result::Result<T, BadField>, fields: &mut Fields<'_>, start: usize) -> Result<Option<T>> {
        match row {
            Ok(row) => Ok(Some(row)),
            Err(BadField(column)) => {
                let name = self.columns.get(column).copied().unwrap_or("after the last");
                let (source, row) = (self.source, self.report.rows);
                self.report.judge(&self.options.policy, Fault::Malformed, || place(source, row, fields, start, Some(name)))?;
                fields.skip_row(start);
                Ok(None)
            }
        }
    }

    /// Count `fault` of the row that begins at `start`; true to keep the row.
    #[cold]
    pub(super) fn judge(&mut self, fault: Fault, fields: &Fields<'_>, start: usize) -> Result<bool> {
        let (source, row) = (self.source, self.report.rows);
        self.report.judge(&self.options.policy, fault, || place(source, row, fields, start, None))
    }

    /// Count a time before the row above; true to keep the row.
    #[inline]
    pub(super) fn in_order(&mut self, time: i64, fields: &Fields<'_>, start: usize) -> Result<bool> {
        if time < self.last_time {
            return self.judge(Fault::OutOfOrder, fields, start);
        }
        self.last_time = time;
        Ok(true)
    }

    /// True for an event in the session and time window; else it is counted as outside.
    #[inline]
    pub(super) fn wanted(&mut self, ts: Timestamp, regular: bool) -> bool {
        let wanted = (regular || self.options.session == Session::All) && ts >= self.from && ts < self.until;
        self.outside += u64::from(!wanted);
        wanted
    }

    /// Hand over the batches and the report.
    pub(super) fn finish(mut self, data: &mut MarketData) -> Result<()> {
        let place = self.source.path.display().to_string();
        if self.report.rows == 0 {
            return Err(Error::data(place, "holds no rows; fetch the file again or take it away"));
        }
        if self.outside > 0 {
            self.report.notes.push(format!("{place}: {} rows outside the session or time window left out", self.outside));
        }
        if self.unquoted > 0 {
            self.report.notes.push(format!("{place}: {} rows with no quote on either side left out", self.unquoted));
        }
        data.report.absorb(&self.report);
        let id = self.instrument;
        match data.quotes.iter_mut().find(|b| b.instrument.first() == Some(&id)) {
            Some(batch) => batch.extend(&self.quotes),
            None if self.quotes.is_empty() => {}
            None => data.quotes.push(self.quotes),
        }
        match data.trades.iter_mut().find(|b| b.instrument.first() == Some(&id)) {
            Some(batch) => batch.extend(&self.trades),
            None if self.trades.is_empty() => {}
            None => data.trades.push(self.trades),
        }
        match data.bars.iter_mut().find(|b| b.instrument.first() == Some(&id)) {
            Some(batch) => batch.extend(&self.bars),
            None if self.bars.is_empty() => {}
            None => data.bars.push(self.bars),
        }
        Ok(())
    }
}
