//! Tests of the paper venue.

mod actions;
mod book;
mod exchange;
mod frames;
mod orders;
mod random;

use serde_json::{Value, json};
use std::sync::Arc;
use tickwright_core::event::{Quote, QuoteBatch, Trade, TradeBatch};
use tickwright_core::feeds::MarketData;
use tickwright_core::journal::{JournalId, LogConfig, SimulatedStorage, SyncPolicy};
use tickwright_core::paper::{MarketRows, PaperVenue};
use tickwright_core::types::{HOUR_NS, Instruments, MINUTE_NS, Price, Qty, Timestamp};

/// Midnight of Monday, 2026-03-09, in New York, nanoseconds.
pub(crate) const MIDNIGHT: i64 = 1_773_028_800_000_000_000;
pub(crate) const DAY: i64 = 24 * HOUR_NS;

/// `hour:minute` of day `day` of the calendar.
pub(crate) fn at(day: i64, hour: i64, minute: i64) -> i64 {
    MIDNIGHT + day * DAY + hour * HOUR_NS + minute * MINUTE_NS
}

pub(crate) fn config(more: &Value) -> String {
    let sessions: Vec<[i64; 4]> =
        (0..4).map(|d| [at(d, 4, 0), at(d, 9, 30), at(d, if d == 2 { 13 } else { 16 }, 0), at(d, 20, 0)]).collect();
    let symbol = |i: u32, symbol: &str, class: &str| json!({"symbol": symbol, "id": format!("00000000-0000-4000-8000-{i:012}"), "asset_class": class});
    let account =
        |i: u32, cash: &str| json!({"id": format!("10000000-0000-4000-8000-{i:012}"), "account_number": format!("PA{i}"), "cash": cash});
    let mut config = json!({
        "start_ns": at(0, 9, 0),
        "seed": 7,
        "fees": "free",
        "symbols": [symbol(1, "AAPL", "us_equity"), symbol(2, "MSFT", "us_equity"), symbol(3, "BTC/USD", "crypto")],
        "accounts": [account(1, "100000"), account(2, "20000"), account(3, "1500")],
        "sessions": sessions,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    config.to_string()
}

/// A venue with its market at hand.
pub(crate) struct Bench {
    pub(crate) venue: PaperVenue<SimulatedStorage>,
    pub(crate) now: i64,
}

pub(crate) fn rows(events: &[(i64, &str, f64, f64, f64)]) -> MarketRows {
    // (time, symbol, bid, ask, size); a trade where there is no ask.
    let mut instruments = Instruments::default();
    let (mut quotes, mut trades) = (QuoteBatch::default(), TradeBatch::default());
    let price = |x: f64| Price::from_f64(x).unwrap();
    for &(ts, symbol, bid, ask, size) in events {
        let (ts, instrument, size) = (Timestamp::from_nanos(ts), instruments.intern(symbol).unwrap(), Qty::from_f64(size).unwrap());
        if ask > 0.0 {
            quotes.push(Quote { ts, instrument, bid: price(bid), ask: price(ask), bid_size: size, ask_size: size, flags: 0 });
        } else {
            trades.push(Trade { ts, instrument, price: price(bid), size, flags: 0 });
        }
    }
    MarketRows::new(Arc::new(MarketData { instruments, quotes: vec![quotes], trades: vec![trades], ..MarketData::default() })).unwrap()
}

pub(crate) fn log_config() -> LogConfig {
    LogConfig { policy: SyncPolicy::Always, ..LogConfig::default() }
}

impl Bench {
    pub(crate) fn new(more: &Value) -> Self {
        let journal = (SimulatedStorage::new(1), log_config(), JournalId([1; 16]));
        let venue = PaperVenue::new(&config(more), Some(journal)).unwrap();
        Self { venue, now: at(0, 9, 0) }
    }

    /// In the session, both stocks quoted.
    pub(crate) fn open(more: &Value) -> Self {
        let mut bench = Self::new(more);
        bench.market(&[(at(0, 10, 0), "AAPL", 100.0, 100.02, 500.0), (at(0, 10, 0), "MSFT", 50.0, 50.01, 300.0)]);
        bench.market(&[(at(0, 10, 0), "BTC/USD", 60_000.0, 60_010.0, 2.0)]);
        bench.go(at(0, 10, 1));
        bench
    }

    pub(crate) fn go(&mut self, now: i64) {
        self.now = now;
        self.venue.advance(Timestamp::from_nanos(now)).unwrap();
    }

    pub(crate) fn market(&mut self, events: &[(i64, &str, f64, f64, f64)]) {
        let rows = rows(events);
        self.venue.market(&rows, 0, rows.len()).unwrap();
        self.now = self.venue.now().nanos();
    }

    /// A quote of the next millisecond.
    pub(crate) fn quote(&mut self, symbol: &str, bid: f64, ask: f64, size: f64) {
        self.market(&[(self.now + 1_000_000, symbol, bid, ask, size)]);
    }

    pub(crate) fn call(&mut self, account: u32, method: &str, path: &str, query: &str, body: &Value) -> (u16, Value) {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (status, answer) = self.venue.request(account, Timestamp::from_nanos(self.now), method, path, query, &bytes).unwrap();
        let value = if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).unwrap() };
        (status, value)
    }

    pub(crate) fn get(&mut self, path: &str, query: &str) -> Value {
        let (status, value) = self.call(0, "GET", path, query, &Value::Null);
        assert_eq!(status, 200, "{path}?{query}: {value}");
        value
    }

    /// Send an order that must be taken.
    pub(crate) fn order(&mut self, body: &Value) -> Value {
        let (status, value) = self.call(0, "POST", "/orders", "", body);
        assert_eq!(status, 200, "{body}: {value}");
        value
    }

    pub(crate) fn refused(&mut self, body: &Value) -> (u16, u64, String) {
        let (status, value) = self.call(0, "POST", "/orders", "", body);
        (status, value["code"].as_u64().unwrap_or(0), value["message"].as_str().unwrap_or("").to_owned())
    }

    /// The order as it is now.
    pub(crate) fn again(&mut self, order: &Value) -> Value {
        let id = order["id"].as_str().unwrap().to_owned();
        self.get(&format!("/orders/{id}"), "nested=true")
    }

    /// Events of the updates since last asked, with their orders' statuses.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let taken = self.venue.take_updates(Timestamp::from_nanos(self.now)).unwrap();
        taken.iter().map(|(_, json)| serde_json::from_slice::<Value>(json).unwrap()["event"].as_str().unwrap().to_owned()).collect()
    }

    /// The journal replays to the state that there is.
    pub(crate) fn check_replay(self) {
        let hash = self.venue.state_hash().unwrap();
        let storage = self.venue.abandon().unwrap().unwrap();
        let (again, _) = PaperVenue::recover(storage, log_config()).unwrap();
        assert_eq!(again.state_hash().unwrap(), hash, "replay gives another state");
    }
}

pub(crate) fn simple(symbol: &str, side: &str, qty: &str, kind: &str) -> Value {
    json!({"symbol": symbol, "side": side, "qty": qty, "type": kind, "time_in_force": "day"})
}

pub(crate) fn limit(symbol: &str, side: &str, qty: &str, price: &str) -> Value {
    let mut order = simple(symbol, side, qty, "limit");
    order["limit_price"] = json!(price);
    order
}
