//! One seed's world: the venue, the wires, the node, and what goes wrong between them.

use crate::trader::Trader;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tickwright_core::engine::{Command, EngineConfig, Trust};
use tickwright_core::event::{Quote, QuoteBatch};
use tickwright_core::feeds::MarketData;
use tickwright_core::journal::{JournalId, Log, LogConfig, Reader, SimulatedStorage, SyncPolicy};
use tickwright_core::live::{Node, Request, RequestKind};
use tickwright_core::order::Broker;
use tickwright_core::paper::{MarketRows, PaperVenue};
use tickwright_core::session::{Setup, replay};
use tickwright_core::strategy::Strategy;
use tickwright_core::types::{HOUR_NS, InstrumentId, Instruments, MINUTE_NS, Money, OrderId, Price, Qty, Random, Timestamp};
use tickwright_core::venue::Sources;

/// Midnight of Monday, 2026-03-09, in New York, nanoseconds.
const MIDNIGHT: i64 = 1_773_028_800_000_000_000;
const SYMBOLS: [&str; 2] = ["AAPL", "MSFT"];

/// What a world has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) orders: u64,
    pub(crate) fills: u64,
    pub(crate) crashes: u64,
    pub(crate) cuts: u64,
    pub(crate) in_doubt: u64,
    pub(crate) absent: u64,
    pub(crate) refused: u64,
    pub(crate) doubled: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.fills += other.fills;
        self.crashes += other.crashes;
        self.cuts += other.cuts;
        self.in_doubt += other.in_doubt;
        self.absent += other.absent;
        self.refused += other.refused;
        self.doubled += other.doubled;
    }
}

/// What came of a request.
enum Answer {
    Said(u16, Value),
    /// No answer came; the request may have arrived or not.
    Nothing,
}

pub(crate) struct World {
    seed: u64,
    random: Random,
    venue: PaperVenue<SimulatedStorage>,
    storage: SimulatedStorage,
    node: Option<Node<SimulatedStorage>>,
    /// Requests on their way to the venue, and answers on their way back.
    outbound: VecDeque<Request>,
    inbound: VecDeque<(Request, Answer)>,
    /// Trade updates on their way; none while the wire is cut.
    updates: VecDeque<Vec<u8>>,
    is_cut: bool,
    now: i64,
    prices: [i64; 2],
    tally: Tally,
}

fn log_config() -> LogConfig {
    LogConfig { policy: SyncPolicy::Always, ..LogConfig::default() }
}

fn strategies(seed: u64) -> Vec<Box<dyn Strategy>> {
    vec![Box::new(Trader::new(seed))]
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let session = [4, 9, 16, 20].map(|hour| MIDNIGHT + hour * HOUR_NS + if hour == 9 { 30 * MINUTE_NS } else { 0 });
        let symbol = |i: usize| json!({"symbol": SYMBOLS[i], "id": format!("00000000-0000-4000-8000-{i:012}"), "asset_class": "us_equity"});
        let now = MIDNIGHT + 10 * HOUR_NS;
        let config = json!({
            "start_ns": now, "seed": seed, "fees": "free", "latency_ns": 5_000_000,
            "symbols": [symbol(0), symbol(1)], "sessions": [session],
            "accounts": [{"id": "10000000-0000-4000-8000-000000000001", "account_number": "PA1", "cash": "1000000"}],
        });
        let mut instruments = Instruments::default();
        for symbol in SYMBOLS {
            instruments.intern(symbol).unwrap();
        }
        let config_of_engine =
            EngineConfig { trust: Trust::Wire, broker: Broker::Alpaca, cash: Money::from_f64(1e6).unwrap(), ..EngineConfig::default() };
        let sources = vec![Sources { quotes: true, ..Sources::default() }; 2];
        let storage = SimulatedStorage::new(seed);
        let log = Log::create(storage.clone(), log_config(), JournalId([7; 16])).unwrap();
        let setup = Setup { config: config_of_engine, instruments, sources, strategies: strategies(seed) };
        let mut node = Node::create(log, setup, Timestamp::from_nanos(now)).unwrap();
        node.start(Timestamp::from_nanos(now), Timestamp::from_nanos(now)).unwrap();
        node.command(Command::Run, "test", "fresh", Timestamp::from_nanos(now)).unwrap();
        node.sync(Timestamp::from_nanos(now)).unwrap();
        Self {
            seed,
            random: Random::new(seed),
            venue: PaperVenue::new(&config.to_string(), None).unwrap(),
            storage,
            node: Some(node),
            outbound: VecDeque::new(),
            inbound: VecDeque::new(),
            updates: VecDeque::new(),
            is_cut: false,
            now,
            prices: [10_000, 5_000],
            tally: Tally::default(),
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_nanos(self.now)
    }

    fn node(&mut self) -> &mut Node<SimulatedStorage> {
        self.node.as_mut().unwrap()
    }

    pub(crate) fn run(mut self, steps: u64) -> Tally {
        self.quote(0);
        self.quote(1);
        for _ in 0..steps {
            self.step();
            self.check();
        }
        self.settle_down();
        self.tally
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..=34 => {
                let which = self.random.below(2) as usize;
                self.quote(which);
            }
            35..=54 => self.deliver_request(),
            55..=69 => self.deliver_answer(),
            70..=91 => self.deliver_update(),
            92..=93 => {
                self.is_cut = true;
                self.tally.cuts += 1;
                self.updates.clear();
            }
            94..=97 if self.is_cut => self.reconnect(),
            98 => self.crash(),
            _ => {}
        }
        self.hand_out();
    }

    /// Requests that are durable leave; what the venue has to say is on its way.
    fn hand_out(&mut self) {
        let at = self.at();
        self.node().commit(at).unwrap();
        while let Some(request) = self.node().take_request() {
            self.outbound.push_back(request);
        }
        while self.node().take_notice().is_some() {}
        self.listen();
    }

    fn listen(&mut self) {
        let at = self.at();
        for (_, data) in self.venue.take_updates(at).unwrap() {
            let data: Value = serde_json::from_slice(&data).unwrap();
            if matches!(data["event"].as_str(), Some("fill" | "partial_fill")) {
                self.tally.fills += 1;
            }
            if !self.is_cut {
                self.updates.push_back(json!({"stream": "trade_updates", "data": data}).to_string().into_bytes());
            }
        }
    }

    fn quote(&mut self, which: usize) {
        self.now += 1_000_000 + self.random.below(400_000_000) as i64;
        self.prices[which] += self.random.below(5) as i64 - 2;
        let (bid, ask) = (self.prices[which], self.prices[which] + 1 + self.random.below(2) as i64);
        let shares = 1 + self.random.below(60) as i64;
        let mut instruments = Instruments::default();
        let instrument = instruments.intern(SYMBOLS[which]).unwrap();
        let (price, size) = (|cents: i64| Price::from_raw(cents * 10_000_000), Qty::from_whole(shares).unwrap());
        let mut quotes = QuoteBatch::default();
        quotes.push(Quote { ts: self.at(), instrument, bid: price(bid), ask: price(ask), bid_size: size, ask_size: size, flags: 0 });
        let rows = MarketRows::new(Arc::new(MarketData { instruments, quotes: vec![quotes], ..MarketData::default() })).unwrap();
        self.venue.market(&rows, 0, rows.len()).unwrap();
        self.listen();
        // A frame may be lost; the next one says it all again.
        if !self.random.chance(0.03) {
            let frame = json!([{"T": "q", "S": SYMBOLS[which], "bp": bid as f64 / 100.0, "bs": shares, "ap": ask as f64 / 100.0, "as": shares,
                "t": self.at().to_string()}]);
            let at = self.at();
            self.node().on_frame(frame.to_string().as_bytes(), at).unwrap();
        }
    }

    fn call(&mut self, method: &str, path: &str, query: &str, body: &str) -> (u16, Value) {
        let at = self.at();
        let (status, answer) = self.venue.request(0, at, method, path, query, body.as_bytes()).unwrap();
        self.listen();
        (status, if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).unwrap() })
    }

    fn perform(&mut self, request: &Request) -> (u16, Value) {
        match &request.kind {
            RequestKind::Submit => self.call("POST", "/orders", "", &request.body),
            RequestKind::Replace { broker_id, .. } => self.call("PATCH", &format!("/orders/{broker_id}"), "", &request.body),
            RequestKind::Cancel { broker_id } => self.call("DELETE", &format!("/orders/{broker_id}"), "", ""),
        }
    }

    /// A request arrives, any of those under way; or it is lost, or its answer will be.
    fn deliver_request(&mut self) {
        if self.outbound.is_empty() {
            return;
        }
        let at = self.random.below(self.outbound.len() as u64) as usize;
        let request = self.outbound.remove(at).unwrap();
        let answer = match self.random.below(20) {
            0 => Answer::Nothing,
            1 => {
                let _ = self.perform(&request);
                Answer::Nothing
            }
            _ => {
                let (status, body) = self.perform(&request);
                Answer::Said(status, body)
            }
        };
        self.inbound.push_back((request, answer));
    }

    fn deliver_answer(&mut self) {
        if self.inbound.is_empty() {
            return;
        }
        let place = self.random.below(self.inbound.len() as u64) as usize;
        let (request, answer) = self.inbound.remove(place).unwrap();
        let at = self.at();
        let is_cancel = matches!(request.kind, RequestKind::Cancel { .. });
        match answer {
            Answer::Said(200 | 204, Value::Null) => {}
            Answer::Said(200 | 204, order) => {
                self.node().on_answer(order.to_string().as_bytes()).unwrap();
            }
            Answer::Said(_, _) if is_cancel => self.ask(&request),
            Answer::Said(_, refusal) => {
                assert!(!refusal.to_string().contains("must be unique"), "seed {}: {} was sent twice", self.seed, request.client_id);
                self.tally.refused += 1;
                self.node().refused(&request.kind, request.order, at).unwrap();
            }
            Answer::Nothing => self.resolve(request),
        }
    }

    /// An answer never came: ask the broker by the id, before anything else.
    fn resolve(&mut self, request: Request) {
        self.tally.in_doubt += 1;
        if matches!(request.kind, RequestKind::Cancel { .. }) {
            return self.ask(&request);
        }
        let (status, order) = self.call("GET", "/orders:by_client_order_id", &format!("client_order_id={}", request.client_id), "");
        if status == 200 {
            self.node().on_answer(order.to_string().as_bytes()).unwrap();
        } else {
            // It never arrived: the same again, under the same id.
            self.outbound.push_back(request);
        }
    }

    /// Bring the order of a cancel up to the broker's record, unless another request about it is under way.
    fn ask(&mut self, request: &Request) {
        let RequestKind::Cancel { broker_id } = &request.kind else { return };
        let (status, order) = self.call("GET", &format!("/orders/{broker_id}"), "nested=true", "");
        let about = |other: &Request| {
            other.order == request.order || matches!(other.kind, RequestKind::Replace { old, .. } if old == request.order)
        };
        if self.outbound.iter().any(about) || self.inbound.iter().any(|(other, _)| about(other)) {
            return;
        }
        let at = self.at();
        if status == 200 {
            self.node().settle(order.to_string().as_bytes(), at).unwrap();
        } else {
            self.node().absent(request.order, at).unwrap();
        }
    }

    /// The next update, now and then another one first, or one twice.
    fn deliver_update(&mut self) {
        if self.updates.is_empty() {
            return;
        }
        let place = if self.random.chance(0.1) { self.random.below(self.updates.len() as u64) as usize } else { 0 };
        let update = self.updates.remove(place).unwrap();
        if self.random.chance(0.05) {
            self.tally.doubled += 1;
            self.updates.push_back(update.clone());
        }
        let at = self.at();
        self.node().on_update(&update, at).unwrap();
    }

    /// The stream is back: what was missed is asked for. Requests under way are answered first.
    fn reconnect(&mut self) {
        self.is_cut = false;
        if self.outbound.is_empty() && self.inbound.is_empty() {
            let in_doubt = Vec::new();
            self.reconcile(&in_doubt);
        } else {
            self.is_cut = true;
        }
    }

    fn reconcile(&mut self, in_doubt: &[(OrderId, String)]) {
        let at = self.at();
        let mut rows = BTreeMap::new();
        let mut after = String::new();
        loop {
            let (_, page) = self.call("GET", "/orders", &format!("status=all&limit=500&direction=asc&nested=true{after}"), "");
            let page = page.as_array().unwrap().clone();
            let last = page.last().map(|row| row["submitted_at"].as_str().unwrap().to_owned());
            let count = page.len();
            rows.extend(page.into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)));
            if count < 500 {
                break;
            }
            after = format!("&after={}", last.unwrap());
        }
        for row in rows.values() {
            self.node().on_answer(row.to_string().as_bytes()).unwrap();
        }
        let mut token = String::new();
        loop {
            let (_, page) = self.call("GET", "/account/activities/FILL", &format!("direction=asc&page_size=100{token}"), "");
            let page = page.as_array().unwrap().clone();
            for fill in &page {
                self.node().on_activity(fill.to_string().as_bytes(), at).unwrap();
            }
            if page.len() < 100 {
                break;
            }
            token = format!("&page_token={}", page.last().unwrap()["id"].as_str().unwrap());
        }
        for row in rows.values() {
            self.node().settle(row.to_string().as_bytes(), at).unwrap();
        }
        for (id, name) in in_doubt {
            if rows.values().any(|row| row["client_order_id"] == name.as_str()) {
                continue;
            }
            let (status, order) = self.call("GET", "/orders:by_client_order_id", &format!("client_order_id={name}"), "");
            if status == 200 {
                self.node().settle(order.to_string().as_bytes(), at).unwrap();
            } else {
                self.tally.absent += 1;
                self.node().absent(*id, at).unwrap();
            }
        }
    }

    /// The process dies. Requests that left it arrive or do not; it comes back from its journal.
    fn crash(&mut self) {
        self.tally.crashes += 1;
        drop(self.node.take());
        for request in std::mem::take(&mut self.outbound) {
            if self.random.chance(0.5) {
                let (_, refusal) = self.perform(&request);
                assert!(!refusal.to_string().contains("must be unique"), "seed {}: sent twice", self.seed);
            }
        }
        self.inbound.clear();
        self.updates.clear();
        if self.random.chance(0.3) {
            self.storage.lose_power();
        }
        self.now += 1_000_000_000;
        let at = self.at();
        let (node, recovered) = Node::recover(self.storage.clone(), log_config(), strategies(self.seed), at).unwrap();
        let in_doubt: Vec<_> = recovered.in_doubt.iter().map(|&id| (id, node.client_id(id))).collect();
        self.node = Some(node);
        self.is_cut = false;
        self.updates.clear();
        self.reconcile(&in_doubt);
        self.node().command(Command::Run, "test", "reconciled", at).unwrap();
    }

    fn check(&mut self) {
        let seed = self.seed;
        let node = self.node();
        let (_, anomalies) = node.engine().report_faults();
        assert_eq!(anomalies, 0, "seed {seed}: a report could not be");
        assert!(node.engine().ledger().is_balanced(), "seed {seed}: the books do not balance");
        for order in node.engine().orders().all() {
            assert!(order.filled <= order.qty, "seed {seed}: order {} is overfilled", order.id);
        }
    }

    /// Everything arrives, the wire is mended, and what both sides have must be the same.
    fn settle_down(&mut self) {
        for _ in 0..10_000 {
            if self.outbound.is_empty() && self.inbound.is_empty() && self.updates.is_empty() {
                break;
            }
            self.deliver_request();
            self.deliver_answer();
            self.deliver_update();
            self.hand_out();
            self.check();
        }
        self.is_cut = false;
        self.reconcile(&[]);
        self.hand_out();
        let seed = self.seed;
        let (_, positions) = self.call("GET", "/positions", "", "");
        for (which, symbol) in SYMBOLS.iter().enumerate() {
            let theirs = positions.as_array().unwrap().iter().find(|p| p["symbol"] == *symbol);
            let theirs = theirs.map_or_else(|| "0".to_owned(), |p| p["qty"].as_str().unwrap().to_owned());
            let ours = self.node().engine().ledger().net_qty(InstrumentId(which as u32)).to_string();
            assert_eq!(ours, theirs, "seed {seed}: {symbol}");
        }
        let (_, account) = self.call("GET", "/account", "", "");
        let ours = self.node().engine().ledger().cash().to_f64();
        let theirs: f64 = account["cash"].as_str().unwrap().parse().unwrap();
        // What was booked at an average is rounded in the ninth decimal a share.
        assert!((ours - theirs).abs() < 0.01, "seed {seed}: cash {ours} here, {theirs} there");
        let hash = self.node().engine().state_hash().unwrap();
        self.tally.orders = self.node().engine().orders().len() as u64;
        self.node.take().unwrap().close().unwrap();
        let replayed = replay(Reader::open(&self.storage, 0).unwrap()).unwrap();
        assert_eq!(replayed.state_hash, hash, "seed {seed}: the journal says something else");
    }
}
