//! A simulated market: seeded order flow of many firms on the matching engine, symbol by symbol, with opening and closing auctions.
//!
//! Orders come as a Hawkes process (see `flow`): takers excite takers of their side, quotes follow trades, busy times last. A quote
//! event adds an order inside the spread, at the touch or behind it, or cancels any; prices come of nothing but these orders meeting.
//! What comes out is what real books show: spreads and depth at the touch of a given size, persistent signs of trades, returns with
//! fat tails whose sizes cluster. Tests hold these against AAPL (NASDAQ, 2012-06-21) and BAC (2013-10-07); rates do not follow the hour
//! of the day.
//!
//! [`simulate`] gives quotes and trades as market data; [`SymbolMarket`] gives the orders themselves, for load.

mod flow;
mod symbol;
#[cfg(test)]
mod tests;

pub use symbol::SymbolMarket;

use crate::event::{Quote, QuoteBatch, Trade, TradeBatch};
use crate::feeds::MarketData;
use crate::feeds::zone::{Date, NewYorkDay};
use crate::matching::{MatchEvent, MatchingEngine};
use crate::types::{Error, HOUR_NS, InstrumentId, MINUTE_NS, Result, SECOND_NS, Side, Timestamp};
use std::collections::HashSet;

/// The most requests one call simulates.
const REQUESTS_MAX: f64 = 1.0e9;
/// Nanoseconds from midnight to the open in New York.
const OPEN_NS: i64 = 9 * HOUR_NS + 30 * MINUTE_NS;
/// The longest session, 9:30 to 16:00.
const SESSION_SECONDS_MAX: u32 = 23_400;

/// One symbol and the character of its market.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketSymbol {
    /// Symbol, 1 to 32 printable ASCII characters.
    pub name: String,
    /// Price about which it opens, dollars, 1 to 100,000; the tick is a cent.
    pub start_price: f64,
    /// Orders that take, per second.
    pub takes_per_second: f64,
    /// Orders added and canceled, per second; 15 to 200 times as many.
    pub quotes_per_second: f64,
    /// Room inside the spread, in ticks, at which quotes begin to go there.
    pub spread_ticks: f64,
    /// Share of new orders that go inside a wide spread, 0 to 1.
    pub improves: f64,
    /// Share of the others that join the touch, 0 to 1.
    pub joins: f64,
    /// Mean distance behind the touch of the rest, ticks.
    pub depth_ticks: f64,
    /// Resting orders a side about which the book stays.
    pub orders_a_side: u32,
    /// Mean of the logarithm of an order's size in round lots; the deviation is 0.8.
    pub lots_mean_log: f64,
    /// Share of taking orders that take the whole touch and more.
    pub sweeps: f64,
}

impl MarketSymbol {
    /// A dear stock whose spread is many ticks and whose touch is thin, as AAPL's in 2012.
    pub fn small_tick(name: &str, start_price: f64) -> Self {
        Self {
            name: name.to_owned(),
            start_price,
            takes_per_second: 1.3,
            quotes_per_second: 24.0,
            spread_ticks: 24.0,
            improves: 0.12,
            joins: 0.03,
            depth_ticks: 90.0,
            orders_a_side: 50,
            lots_mean_log: -1.3,
            sweeps: 0.12,
        }
    }

    /// A cheap stock whose spread is one tick and whose touch is deep, as BAC's.
    pub fn large_tick(name: &str, start_price: f64) -> Self {
        Self {
            name: name.to_owned(),
            start_price,
            takes_per_second: 1.4,
            quotes_per_second: 40.0,
            spread_ticks: 0.5,
            improves: 0.9,
            joins: 0.35,
            depth_ticks: 4.0,
            orders_a_side: 250,
            lots_mean_log: 2.0,
            sweeps: 0.02,
        }
    }

    fn start_ticks(&self) -> i64 {
        (self.start_price * 100.0).round() as i64
    }

    fn validate(&self) -> Result<()> {
        let within = |field: &str, x: f64, low: f64, high: f64| {
            if x >= low && x <= high {
                return Ok(());
            }
            Err(Error::config(format!("symbols.{}.{field}", self.name), format!("{x} is out of range; choose {low} to {high}")))
        };
        within("start_price", self.start_price, 1.0, 1e5)?;
        within("takes_per_second", self.takes_per_second, 1e-3, 1e5)?;
        within("quotes_per_second", self.quotes_per_second, 15.0 * self.takes_per_second, 200.0 * self.takes_per_second)?;
        within("spread_ticks", self.spread_ticks, 0.1, 1e3)?;
        within("improves", self.improves, 0.0, 1.0)?;
        within("joins", self.joins, 0.0, 1.0)?;
        within("depth_ticks", self.depth_ticks, 1.0, 1e3)?;
        within("orders_a_side", f64::from(self.orders_a_side), 20.0, 1e6)?;
        within("lots_mean_log", self.lots_mean_log, -5.0, 6.0)?;
        within("sweeps", self.sweeps, 0.0, 1.0)
    }
}

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketConfig {
    /// Seed: the same seed and settings give the same market on every machine.
    pub seed: u64,
    /// Day; its session begins at 9:30 in New York.
    pub date: Date,
    /// Length of the session, 1 to 23,400 s.
    pub seconds: u32,
    /// Symbols, each with a random stream of its own.
    pub symbols: Vec<MarketSymbol>,
}

impl MarketConfig {
    /// Check every setting; the first that cannot work is the error.
    pub fn validate(&self) -> Result<()> {
        if !(1..=SESSION_SECONDS_MAX).contains(&self.seconds) {
            return Err(Error::config("seconds", format!("{} is out of range; choose 1 to {SESSION_SECONDS_MAX}", self.seconds)));
        }
        if self.symbols.is_empty() {
            return Err(Error::config("symbols", "is empty; name at least one symbol"));
        }
        let mut names = HashSet::new();
        let mut requests = 0.0;
        for symbol in &self.symbols {
            symbol.validate()?;
            if !names.insert(symbol.name.as_str()) {
                return Err(Error::config("symbols", format!("{} is named twice; name each symbol once", symbol.name)));
            }
            requests += (symbol.takes_per_second + symbol.quotes_per_second) * f64::from(self.seconds);
        }
        if requests > REQUESTS_MAX {
            return Err(Error::config("seconds", format!("asks for {requests:.0} orders; at most {REQUESTS_MAX:.0} are made in one call")));
        }
        Ok(())
    }
}

/// Simulate the market that `config` describes: one quote batch and one trade batch over all symbols, by time.
pub fn simulate(config: &MarketConfig) -> Result<MarketData> {
    config.validate()?;
    let mut data = MarketData::default();
    let opens = NewYorkDay::new(config.date)?.at_ns(OPEN_NS);
    let closes = opens.plus(i64::from(config.seconds) * SECOND_NS);
    let (mut quotes, mut trades) = (QuoteBatch::default(), TradeBatch::default());
    let mut requests = 0;
    for (number, style) in (0..).zip(&config.symbols) {
        let instrument = data.instruments.intern(&style.name)?;
        let mut market = SymbolMarket::new(style, config.seed, number, opens)?;
        let mut tape = Tape { instrument, touch: Quote::default(), quotes: &mut quotes, trades: &mut trades };
        let mut out = Vec::new();
        market.open(&mut out)?;
        tape.take(opens, market.engine(), &mut out);
        while market.next_ts() < closes {
            let ts = market.step(&mut out);
            requests += 1;
            tape.take(ts, market.engine(), &mut out);
        }
        market.close(closes, &mut out)?;
        tape.trades_of(closes, &out);
    }
    quotes.sort_by_time();
    trades.sort_by_time();
    data.report.rows = requests;
    data.report.events = (quotes.len() + trades.len()) as u64;
    data.quotes.push(quotes);
    data.trades.push(trades);
    Ok(data)
}

/// What an exchange publishes: its trades, and a quote whenever its touch changes.
struct Tape<'a> {
    instrument: InstrumentId,
    touch: Quote,
    quotes: &'a mut QuoteBatch,
    trades: &'a mut TradeBatch,
}

impl Tape<'_> {
    fn take(&mut self, ts: Timestamp, engine: &MatchingEngine, out: &mut Vec<MatchEvent>) {
        self.trades_of(ts, out);
        out.clear();
        let (bid, ask) = (engine.best(Side::Buy).unwrap_or_default(), engine.best(Side::Sell).unwrap_or_default());
        let quote = Quote {
            ts: self.touch.ts,
            instrument: self.instrument,
            bid: bid.price,
            ask: ask.price,
            bid_size: bid.qty,
            ask_size: ask.qty,
            flags: 0,
        };
        if quote != self.touch {
            self.touch = Quote { ts, ..quote };
            self.quotes.push(self.touch);
        }
    }

    fn trades_of(&mut self, ts: Timestamp, out: &[MatchEvent]) {
        for event in out {
            if let MatchEvent::Filled(e) = event {
                self.trades.push(Trade { ts, instrument: self.instrument, price: e.price, size: e.qty, flags: 0 });
                self.trades.aggressor.push(e.taker_side.sign() as i8);
            }
        }
    }
}
