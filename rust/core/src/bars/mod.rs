//! Bars from trades, quotes or shorter bars: by time, by count, by volume, by dollars.
//!
//! Invariants: a bar comes out only when it is complete, and its `ts` is the first moment at which that is known; volume is
//! conserved to the last unit; no bar is empty. An [`Aggregator`] holds one instrument and at most one open bar: O(1) an event.
//!
//! *Time bars* lie on a grid counted from the epoch in UTC, moved by an offset where sessions need it; an event at a bar's
//! end belongs to the next. They close with the first event at or after their end, or with [`Aggregator::on_time`].
//! *Volume bars* hold exactly their shares: a trade that reaches beyond is split, the remainder opens the next bar at the same
//! price and time. *Dollar bars* close with the trade that reaches their amount, whole: splitting by amount would make
//! fractions of shares.
//!
//! A trade with [`FLAG_NO_LAST`] counts in volume but does not move prices. A bar with such trades alone stands at the last
//! close (at the trade's price when there is none) and carries the flag itself, so that coarser bars made of it take its
//! volume and not its prices. A trade with [`FLAG_NO_VOLUME`] moves prices alone. One with both is left out.

mod aggregate;
mod spec;

#[cfg(test)]
mod tests;

pub use aggregate::aggregate;
pub use spec::BarSpec;

use crate::event::{Bar, FLAG_EXTENDED, FLAG_NO_LAST, FLAG_NO_VOLUME, FLAG_PARTIAL, FLAG_SUSPICIOUS, Trade};
use crate::types::{Error, InstrumentId, Money, Price, Qty, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// The most volume bars that one trade may fill.
pub const BARS_PER_TRADE_MAX: i64 = 100_000;

/// The bar that is being made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Open {
    bar: Bar,
    last: Timestamp,
    priced: bool,
    ticks: u64,
    notional: Money,
}

/// What an event brings to a bar.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Print {
    ts: Timestamp,
    prices: [Price; 4],
    moves_price: bool,
    volume: Qty,
    flags: u32,
}

/// Makes the bars of one instrument.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Aggregator {
    spec: BarSpec,
    instrument: InstrumentId,
    offset_ns: i64,
    open: Option<Open>,
    last_close: Option<Price>,
    now: Timestamp,
}

impl Aggregator {
    /// Bars of `instrument`; an error when the specification cannot be.
    pub fn new(spec: BarSpec, instrument: InstrumentId) -> Result<Self> {
        Ok(Self { spec: spec.checked()?, instrument, offset_ns: 0, open: None, last_close: None, now: Timestamp::MIN })
    }

    /// The same with the grid of time bars moved by `offset_ns`, so that a bar starts at the epoch + `offset_ns`.
    #[must_use]
    pub fn with_offset_ns(mut self, offset_ns: i64) -> Self {
        self.offset_ns = offset_ns;
        self
    }

    /// What ends a bar.
    pub fn spec(&self) -> BarSpec {
        self.spec
    }

    /// Take a trade; complete bars are appended to `out`. Trades come in order of time.
    #[inline]
    pub fn on_trade(&mut self, trade: &Trade, out: &mut Vec<Bar>) -> Result<()> {
        self.admit(trade.ts, trade.instrument)?;
        if trade.size < Qty::ZERO {
            return Err(self.refused(trade.ts, &format!("trade of {} shares; a size is not negative", trade.size)));
        }
        let moves_price = trade.flags & FLAG_NO_LAST == 0;
        let volume = if trade.flags & FLAG_NO_VOLUME == 0 { trade.size } else { Qty::ZERO };
        if !moves_price && volume.is_zero() {
            out.extend(self.on_time(trade.ts));
            return Ok(());
        }
        self.take(Print { ts: trade.ts, prices: [trade.price; 4], moves_price, volume, flags: trade.flags }, out)
    }

    /// Take a quote's midpoint, which moves prices and has no volume; time and tick bars only.
    pub fn on_quote_mid(&mut self, ts: Timestamp, price: Price, out: &mut Vec<Bar>) -> Result<()> {
        if matches!(self.spec, BarSpec::Volume { .. } | BarSpec::Dollar { .. }) {
            return Err(Error::config(
                "bars",
                format!("quotes have no volume to make bars of {} from; use trades, or time bars", self.spec),
            ));
        }
        self.admit(ts, self.instrument)?;
        self.take(Print { ts, prices: [price; 4], moves_price: true, volume: Qty::ZERO, flags: 0 }, out)
    }

    /// Take a shorter bar; time bars only. It must not reach over the end of ours.
    pub fn on_bar(&mut self, bar: &Bar, out: &mut Vec<Bar>) -> Result<()> {
        if !matches!(self.spec, BarSpec::Time { .. }) {
            return Err(Error::config("bars", format!("bars cannot be cut into {}; use trades, or time bars", self.spec)));
        }
        self.admit(bar.start, bar.instrument)?;
        if bar.volume < Qty::ZERO {
            return Err(self.refused(bar.ts, &format!("bar of {} shares; a volume is not negative", bar.volume)));
        }
        if bar.ts > self.interval(bar.start).1 {
            return Err(
                self.refused(bar.ts, &format!("bar from {} reaches over the end of a {} bar; use a multiple", bar.start, self.spec))
            );
        }
        let prices = [bar.open, bar.high, bar.low, bar.close];
        let moves_price = bar.flags & FLAG_NO_LAST == 0;
        self.take(Print { ts: bar.start, prices, moves_price, volume: bar.volume, flags: bar.flags }, out)?;
        out.extend(self.on_time(bar.ts));
        Ok(())
    }

    /// Close the open time bar when its end is at or before `now`.
    #[inline]
    pub fn on_time(&mut self, now: Timestamp) -> Option<Bar> {
        if self.next_close() > now || self.open.is_none() {
            return None;
        }
        self.now = self.now.max(self.next_close());
        self.close()
    }

    /// End of the open time bar; [`Timestamp::MAX`] when no time bar is open.
    #[inline]
    pub fn next_close(&self) -> Timestamp {
        match (&self.open, self.spec) {
            (Some(open), BarSpec::Time { .. }) => open.bar.ts,
            _ => Timestamp::MAX,
        }
    }

    /// The bar that is open, flagged [`FLAG_PARTIAL`]. The `ts` of a time bar is its end, that of others their last event.
    pub fn finish(&mut self) -> Option<Bar> {
        self.close().map(|bar| Bar { flags: bar.flags | FLAG_PARTIAL, ..bar })
    }

    #[inline]
    fn admit(&mut self, ts: Timestamp, instrument: InstrumentId) -> Result<()> {
        if instrument != self.instrument {
            return Err(self.refused(ts, &format!("event of instrument {}; each has its own aggregator", instrument.0)));
        }
        if ts < self.now {
            return Err(self.refused(ts, &format!("event is before {}, already seen; sort by time", self.now)));
        }
        self.now = ts;
        Ok(())
    }

    #[cold]
    fn refused(&self, ts: Timestamp, why: &str) -> Error {
        Error::data(format!("bars of instrument {} at {ts}", self.instrument.0), why)
    }

    /// Start and end of the time bar that holds `ts`.
    #[inline]
    fn interval(&self, ts: Timestamp) -> (Timestamp, Timestamp) {
        match self.spec {
            BarSpec::Time { interval_ns } => {
                let start = ts.plus(-ts.nanos().wrapping_sub(self.offset_ns).rem_euclid(interval_ns));
                (start, start.plus(interval_ns))
            }
            _ => (ts, ts),
        }
    }

    #[inline]
    fn take(&mut self, print: Print, out: &mut Vec<Bar>) -> Result<()> {
        out.extend(self.on_time(print.ts));
        match self.spec {
            BarSpec::Time { .. } => self.add(print),
            BarSpec::Tick { count } => {
                self.add(print)?;
                if self.open.as_ref().is_some_and(|open| open.ticks >= count) {
                    out.extend(self.close());
                }
                Ok(())
            }
            BarSpec::Dollar { notional } => {
                self.add(print)?;
                if self.open.as_ref().is_some_and(|open| open.notional >= notional) {
                    out.extend(self.close());
                }
                Ok(())
            }
            BarSpec::Volume { shares } => self.fill(print, shares, out),
        }
    }

    /// Fill volume bars of `shares`, splitting the print over as many as it reaches.
    fn fill(&mut self, print: Print, shares: Qty, out: &mut Vec<Bar>) -> Result<()> {
        if print.volume.raw() / shares.raw() > BARS_PER_TRADE_MAX {
            let why =
                format!("a trade of {} would fill more than {BARS_PER_TRADE_MAX} bars of {shares} shares; use larger bars", print.volume);
            return Err(self.refused(print.ts, &why));
        }
        let mut left = print.volume;
        loop {
            let held = self.open.as_ref().map_or(Qty::ZERO, |open| open.bar.volume);
            let part = left.min(shares.checked_sub(held)?);
            self.add(Print { volume: part, ..print })?;
            left = left.checked_sub(part)?;
            if self.open.as_ref().is_some_and(|open| open.bar.volume == shares) {
                out.extend(self.close());
            }
            if left.is_zero() {
                return Ok(());
            }
        }
    }

    #[inline]
    fn add(&mut self, print: Print) -> Result<()> {
        let [first, high, low, last] = print.prices;
        if self.open.is_none() {
            self.open = Some(self.opened(print));
        }
        let Some(open) = self.open.as_mut() else { return Ok(()) };
        let bar = &mut open.bar;
        let volume = bar.volume.checked_add(print.volume)?;
        let notional = match self.spec {
            BarSpec::Dollar { .. } => open.notional.checked_add(Money::notional(last, print.volume))?,
            _ => Money::ZERO,
        };
        if print.moves_price {
            if open.priced {
                bar.high = bar.high.max(high);
                bar.low = bar.low.min(low);
            } else {
                (bar.open, bar.high, bar.low) = (first, high, low);
                open.priced = true;
            }
            bar.close = last;
        }
        bar.volume = volume;
        bar.flags = (bar.flags | print.flags & FLAG_SUSPICIOUS) & (print.flags | !FLAG_EXTENDED);
        (open.last, open.notional) = (print.ts, notional);
        open.ticks += 1;
        Ok(())
    }

    /// An open bar without volume that stands at the last close.
    fn opened(&self, print: Print) -> Open {
        let (start, ts) = self.interval(print.ts);
        let price = self.last_close.unwrap_or(print.prices[3]);
        let bar = Bar {
            ts,
            start,
            instrument: self.instrument,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: Qty::ZERO,
            flags: FLAG_EXTENDED,
        };
        Open { bar, last: print.ts, priced: false, ticks: 0, notional: Money::ZERO }
    }

    fn close(&mut self) -> Option<Bar> {
        let Open { mut bar, last, priced, .. } = self.open.take()?;
        if !matches!(self.spec, BarSpec::Time { .. }) {
            bar.ts = last;
        }
        if priced {
            self.last_close = Some(bar.close);
        } else {
            bar.flags |= FLAG_NO_LAST;
        }
        Some(bar)
    }
}
