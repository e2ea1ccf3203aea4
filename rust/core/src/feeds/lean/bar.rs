//! Rows of bar files: `time, open, high, low, close, volume`, and for quotes
//! `time, bid open, high, low, close, last size, ask open, high, low, close, last size`.
//!
//! A quote bar without quotes on one side leaves that side's columns empty or zero. A side with prices and no size stays: some
//! sources have no sizes.

use super::Resolution;
use super::rows::{Decoder, PRICE_UNIT};
use super::tick::time_of_day;
use crate::event::{Bar, FLAG_CROSSED, FLAG_EXTENDED, FLAG_FROM_BAR, Quote};
use crate::feeds::Fault;
use crate::feeds::rows::{BadField, Fields};
use crate::feeds::zone::{NewYorkDay, REGULAR_CLOSE_MS, REGULAR_OPEN_MS, parse_date};
use crate::types::{HOUR_NS, MINUTE_NS, Price, Qty, Result, SCALE, SECOND_NS, Timestamp};

type Parsed<T> = std::result::Result<T, BadField>;

/// When a bar begins and ends.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Span {
    start: Timestamp,
    end: Timestamp,
    regular: bool,
}

/// Prices of one side of a bar in 1e-9, and the size beside them (volume, or last size).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Ohlc {
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    size: i64,
}

/// A row of bars; a trade bar has no ask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct BarRow {
    span: Span,
    bid: Ohlc,
    ask: Ohlc,
}

impl Ohlc {
    /// Five columns, all there.
    #[inline]
    fn parse(fields: &mut Fields<'_>) -> Parsed<Self> {
        Ok(Self {
            open: fields.scaled(PRICE_UNIT)?,
            high: fields.scaled(PRICE_UNIT)?,
            low: fields.scaled(PRICE_UNIT)?,
            close: fields.scaled(PRICE_UNIT)?,
            size: fields.scaled(SCALE)?,
        })
    }

    /// Five columns, any of which may be empty for zero.
    #[inline]
    fn parse_side(fields: &mut Fields<'_>) -> Parsed<Self> {
        let mut next = |unit| Ok(fields.scaled_or_empty(unit)?.unwrap_or(0));
        Ok(Self { open: next(PRICE_UNIT)?, high: next(PRICE_UNIT)?, low: next(PRICE_UNIT)?, close: next(PRICE_UNIT)?, size: next(SCALE)? })
    }

    const fn is_negative(&self) -> bool {
        (self.open | self.high | self.low | self.close | self.size) < 0
    }

    /// No price at all.
    const fn is_missing(&self) -> bool {
        (self.open | self.high | self.low | self.close) == 0
    }

    const fn has_zero(&self) -> bool {
        self.open == 0 || self.high == 0 || self.low == 0 || self.close == 0
    }

    /// High and low do not hold open and close between them.
    fn is_bad(&self) -> bool {
        self.high < self.low || self.open.max(self.close) > self.high || self.open.min(self.close) < self.low
    }
}

impl Decoder<'_> {
    /// The time column; the day's conversions are those of its date afterwards.
    #[inline]
    fn span(&mut self, fields: &mut Fields<'_>) -> Parsed<Span> {
        let length = match self.source.resolution {
            Resolution::Tick => 0,
            Resolution::Second => SECOND_NS,
            Resolution::Minute => MINUTE_NS,
            Resolution::Hour => HOUR_NS,
            Resolution::Daily => return self.daily_span(fields),
        };
        let (time, day) = if self.source.resolution == Resolution::Hour {
            self.written_time(fields)?
        } else {
            (time_of_day(fields)?, self.day.as_ref().ok_or(BadField(0))?.clock)
        };
        let start = day.at_ns(time);
        let (open, close) = (REGULAR_OPEN_MS * 1_000_000, REGULAR_CLOSE_MS * 1_000_000);
        Ok(Span { start, end: start.plus(length), regular: time < close && time + length > open })
    }

    fn daily_span(&mut self, fields: &mut Fields<'_>) -> Parsed<Span> {
        let (_, day) = self.written_time(fields)?;
        Ok(Span { start: day.open(), end: day.close(), regular: true })
    }

    /// `YYYYMMDD` or `YYYYMMDD HH:MM` as nanoseconds after midnight, and its day.
    fn written_time(&mut self, fields: &mut Fields<'_>) -> Parsed<(i64, NewYorkDay)> {
        let bad = BadField(0);
        let text = fields.text()?;
        let (date, clock) = text.split_at_checked(8).ok_or(bad)?;
        let date = parse_date(date).ok_or(bad)?;
        let time = match clock {
            [] => 0,
            [b' ', h1 @ b'0'..=b'2', h2 @ b'0'..=b'9', b':', m1 @ b'0'..=b'5', m2 @ b'0'..=b'9'] => {
                let pair = |a: &u8, b: &u8| i64::from(a - b'0') * 10 + i64::from(b - b'0');
                if pair(h1, h2) > 23 {
                    return Err(bad);
                }
                pair(h1, h2) * HOUR_NS + pair(m1, m2) * MINUTE_NS
            }
            _ => return Err(bad),
        };
        match &self.day {
            Some(day) if day.clock.date() == date => Ok((time, day.clock)),
            _ => Ok((time, self.set_day(date).map_err(|_| bad)?)),
        }
    }

    /// Faults of time and sign, which bars of trades and quotes share; true to keep the row.
    #[inline]
    fn check_row(&mut self, row: BarRow, fields: &Fields<'_>, start: usize) -> Result<bool> {
        if (row.bid.is_negative() || row.ask.is_negative()) && !self.judge(Fault::Negative, fields, start)? {
            return Ok(false);
        }
        if !self.in_order(row.span.start.nanos(), fields, start)? {
            return Ok(false);
        }
        Ok(self.above_bar.replace(row) != Some(row) || self.judge(Fault::Duplicate, fields, start)?)
    }

    /// Take in one bar of trades.
    #[inline]
    pub(super) fn trade_bar(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        let start = fields.position();
        let parsed = (|| {
            let span = self.span(fields)?;
            let row = BarRow { span, bid: Ohlc::parse(fields)?, ask: Ohlc::default() };
            fields.end_row()?;
            Ok(row)
        })();
        let Some(row) = self.parsed(parsed, fields, start)? else { return Ok(()) };
        if !self.check_row(row, fields, start)? {
            return Ok(());
        }
        let prices = row.bid;
        if prices.has_zero() && !self.judge(Fault::ZeroPrice, fields, start)? {
            return Ok(());
        }
        if prices.is_bad() && !self.judge(Fault::BadBar, fields, start)? {
            return Ok(());
        }
        if self.bid_anchor.judge(prices.close, self.options.policy.absurd_band) && !self.judge(Fault::Absurd, fields, start)? {
            return Ok(());
        }
        let span = row.span;
        let wanted = self.wanted(span.end, span.regular);
        if let (true, Some(day)) = (wanted, &self.day) {
            let price = |raw| day.price.apply(Price::from_raw(raw));
            self.bars.push(Bar {
                ts: span.end,
                start: span.start,
                instrument: self.instrument,
                open: price(prices.open)?,
                high: price(prices.high)?,
                low: price(prices.low)?,
                close: price(prices.close)?,
                volume: day.size.divide(Qty::from_raw(prices.size))?,
                flags: if span.regular { 0 } else { FLAG_EXTENDED },
            });
        }
        Ok(())
    }

    /// Take in one bar of quotes.
    #[inline]
    pub(super) fn quote_bar(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        let start = fields.position();
        let parsed = (|| {
            let span = self.span(fields)?;
            let row = BarRow { span, bid: Ohlc::parse_side(fields)?, ask: Ohlc::parse_side(fields)? };
            fields.end_row()?;
            Ok(row)
        })();
        let Some(row) = self.parsed(parsed, fields, start)? else { return Ok(()) };
        if !self.check_row(row, fields, start)? {
            return Ok(());
        }
        let (bid, ask) = (row.bid, row.ask);
        if bid.is_missing() && ask.is_missing() {
            self.unquoted += 1;
            return Ok(());
        }
        let side_lacks_price = |side: Ohlc| !side.is_missing() && side.has_zero();
        if (side_lacks_price(bid) || side_lacks_price(ask)) && !self.judge(Fault::ZeroPrice, fields, start)? {
            return Ok(());
        }
        if (bid.is_bad() || ask.is_bad()) && !self.judge(Fault::BadBar, fields, start)? {
            return Ok(());
        }
        let band = self.options.policy.absurd_band;
        let bid_far = bid.close > 0 && self.bid_anchor.judge(bid.close, band);
        let ask_far = ask.close > 0 && self.ask_anchor.judge(ask.close, band);
        if (bid_far || ask_far) && !self.judge(Fault::Absurd, fields, start)? {
            return Ok(());
        }
        let mut flags = FLAG_FROM_BAR;
        if bid.close > 0 && ask.close > 0 && bid.close >= ask.close {
            let fault = if bid.close > ask.close { Fault::Crossed } else { Fault::Locked };
            if !self.judge(fault, fields, start)? {
                return Ok(());
            }
            if fault == Fault::Crossed {
                flags |= FLAG_CROSSED;
            }
        }
        let span = row.span;
        let wanted = self.wanted(span.end, span.regular);
        if let (true, Some(day)) = (wanted, &self.day) {
            let size = |side: Ohlc| day.size.divide(Qty::from_raw(if side.close == 0 { 0 } else { side.size }));
            self.quotes.push(Quote {
                ts: span.end,
                instrument: self.instrument,
                bid: day.price.apply(Price::from_raw(bid.close))?,
                ask: day.price.apply(Price::from_raw(ask.close))?,
                bid_size: size(bid)?,
                ask_size: size(ask)?,
                flags,
            });
        }
        Ok(())
    }
}
