//! Rows of tick files: `time, bid, size, ask, size, exchange, condition, suspicious` and
//! `time, price, size, exchange, condition, suspicious`.

use super::conditions;
use super::rows::{Decoder, PRICE_UNIT, TIME_UNIT};
use super::sides::Level;
use crate::event::{FLAG_CROSSED, FLAG_EXTENDED, FLAG_NO_LAST, FLAG_SUSPICIOUS, Quote, Trade};
use crate::feeds::Fault;
use crate::feeds::rows::{BadField, Fields};
use crate::feeds::zone::is_regular_ms;
use crate::types::{DAY_NS, Price, Qty, Result, SCALE};

/// A row of quotes; prices and sizes in 1e-9, time in nanoseconds after midnight.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TickQuote {
    time: i64,
    bid: i64,
    bid_size: i64,
    ask: i64,
    ask_size: i64,
    venue: u64,
    condition: u64,
    suspicious: bool,
}

/// A row of trades.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TickTrade {
    time: i64,
    price: i64,
    size: i64,
    venue: u64,
    condition: u64,
    suspicious: bool,
}

/// Nanoseconds after midnight.
#[inline]
pub(super) fn time_of_day(fields: &mut Fields<'_>) -> std::result::Result<i64, BadField> {
    let time = fields.scaled(TIME_UNIT)?;
    if (0..DAY_NS).contains(&time) { Ok(time) } else { Err(BadField(0)) }
}

/// A venue's name as a number (FNV-1a); names are one letter or one of a few words.
#[inline]
fn venue(fields: &mut Fields<'_>) -> std::result::Result<u64, BadField> {
    let name = fields.text()?;
    Ok(name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &c| (hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3)))
}

impl TickQuote {
    #[inline]
    fn parse(fields: &mut Fields<'_>) -> std::result::Result<Self, BadField> {
        let row = Self {
            time: time_of_day(fields)?,
            bid: fields.scaled(PRICE_UNIT)?,
            bid_size: fields.scaled(SCALE)?,
            ask: fields.scaled(PRICE_UNIT)?,
            ask_size: fields.scaled(SCALE)?,
            venue: venue(fields)?,
            condition: fields.hex()?,
            suspicious: fields.int()? != 0,
        };
        fields.end_row()?;
        Ok(row)
    }

    /// True when a size stands without a price, or nothing at all is given.
    #[inline]
    const fn lacks_price(&self) -> bool {
        (self.bid == 0 && self.bid_size != 0) || (self.ask == 0 && self.ask_size != 0) || (self.bid == 0 && self.ask == 0)
    }
}

impl TickTrade {
    #[inline]
    fn parse(fields: &mut Fields<'_>) -> std::result::Result<Self, BadField> {
        let row = Self {
            time: time_of_day(fields)?,
            price: fields.scaled(PRICE_UNIT)?,
            size: fields.scaled(SCALE)?,
            venue: venue(fields)?,
            condition: fields.hex()?,
            suspicious: fields.int()? != 0,
        };
        fields.end_row()?;
        Ok(row)
    }
}

impl Decoder<'_> {
    /// Take in one row of quotes.
    #[inline]
    pub(super) fn tick_quote(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        let start = fields.position();
        let parsed = TickQuote::parse(fields);
        let Some(row) = self.parsed(parsed, fields, start)? else { return Ok(()) };
        let mut flags = 0;
        if (row.bid | row.bid_size | row.ask | row.ask_size) < 0 && !self.judge(Fault::Negative, fields, start)? {
            return Ok(());
        }
        if !self.in_order(row.time, fields, start)? {
            return Ok(());
        }
        if self.above_quote.replace(row) == Some(row) && !self.judge(Fault::Duplicate, fields, start)? {
            return Ok(());
        }
        if row.suspicious {
            if !self.judge(Fault::Suspicious, fields, start)? {
                return Ok(());
            }
            flags |= FLAG_SUSPICIOUS;
        }
        if row.lacks_price() && !self.judge(Fault::ZeroPrice, fields, start)? {
            return Ok(());
        }
        let band = self.options.policy.absurd_band;
        let bid_far = row.bid > 0 && self.bid_anchor.judge(row.bid, band);
        let ask_far = row.ask > 0 && self.ask_anchor.judge(row.ask, band);
        if (bid_far || ask_far) && !self.judge(Fault::Absurd, fields, start)? {
            return Ok(());
        }
        self.sides.update(row.venue, Level::of_row(row.bid, row.bid_size), Level::of_row(row.ask, row.ask_size));
        let (bid, ask) = (self.sides.bid, self.sides.ask);
        if bid.price == 0 && ask.price == 0 {
            self.unquoted += 1;
            return Ok(());
        }
        if bid.price > 0 && ask.price > 0 && bid.price >= ask.price {
            let fault = if bid.price > ask.price { Fault::Crossed } else { Fault::Locked };
            if !self.judge(fault, fields, start)? {
                return Ok(());
            }
            if fault == Fault::Crossed {
                flags |= FLAG_CROSSED;
            }
        }
        let Some(day) = &self.day else { return Ok(()) };
        let quote = Quote {
            ts: day.clock.at_ns(row.time),
            instrument: self.instrument,
            bid: day.price.apply(Price::from_raw(bid.price))?,
            ask: day.price.apply(Price::from_raw(ask.price))?,
            bid_size: day.size.divide(Qty::from_raw(bid.size))?,
            ask_size: day.size.divide(Qty::from_raw(ask.size))?,
            flags,
        };
        if self.wanted(quote.ts, is_regular_ms(row.time / TIME_UNIT)) {
            self.quotes.push(quote);
        }
        Ok(())
    }

    /// Take in one row of trades.
    #[inline]
    pub(super) fn tick_trade(&mut self, fields: &mut Fields<'_>) -> Result<()> {
        let start = fields.position();
        let parsed = TickTrade::parse(fields);
        let Some(row) = self.parsed(parsed, fields, start)? else { return Ok(()) };
        let mut flags = conditions::flags(row.condition, self.options.conditions);
        if (row.price | row.size) < 0 && !self.judge(Fault::Negative, fields, start)? {
            return Ok(());
        }
        if !self.in_order(row.time, fields, start)? {
            return Ok(());
        }
        if self.above_trade.replace(row) == Some(row) && !self.judge(Fault::Duplicate, fields, start)? {
            return Ok(());
        }
        if row.suspicious {
            if !self.judge(Fault::Suspicious, fields, start)? {
                return Ok(());
            }
            flags |= FLAG_SUSPICIOUS;
        }
        if row.price == 0 && !self.judge(Fault::ZeroPrice, fields, start)? {
            return Ok(());
        }
        // A print that does not set the last price is measured, but does not become the measure.
        let band = self.options.policy.absurd_band;
        let far = if flags & FLAG_NO_LAST == 0 { self.bid_anchor.judge(row.price, band) } else { self.bid_anchor.is_far(row.price, band) };
        if far && !self.judge(Fault::Absurd, fields, start)? {
            return Ok(());
        }
        let regular = is_regular_ms(row.time / TIME_UNIT);
        if !regular {
            flags |= FLAG_EXTENDED;
        }
        let Some(day) = &self.day else { return Ok(()) };
        let trade = Trade {
            ts: day.clock.at_ns(row.time),
            instrument: self.instrument,
            price: day.price.apply(Price::from_raw(row.price))?,
            size: day.size.divide(Qty::from_raw(row.size))?,
            flags,
        };
        if self.wanted(trade.ts, regular) {
            self.trades.push(trade);
        }
        Ok(())
    }
}
