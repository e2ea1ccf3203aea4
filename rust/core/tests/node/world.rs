//! One seed's world: the venue, the wires, the node, and what goes wrong between them.

use crate::desk::{Desk, Rule};
use crate::reconcile::{Cause, Reconcile};
use crate::tally::Tally;
use crate::trader::Trader;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use tickwright_core::engine::{Command, EngineConfig, EngineState, Trust};
use tickwright_core::event::{Quote, QuoteBatch, Status, StatusBatch, TradingState};
use tickwright_core::feeds::MarketData;
use tickwright_core::journal::{JournalId, Log, LogConfig, Reader, SimulatedStorage, SyncPolicy};
use tickwright_core::live::{Node, Request, RequestKind};
use tickwright_core::order::Broker;
use tickwright_core::paper::{MarketRows, PaperVenue};
use tickwright_core::session::{Setup, replay};
use tickwright_core::strategy::Strategy;
use tickwright_core::types::{HOUR_NS, InstrumentId, Instruments, Label, MINUTE_NS, Money, OrderId, Price, Qty, Random, Result, Timestamp};
use tickwright_core::venue::Sources;

/// Midnight of Monday, 2026-03-09, in New York, nanoseconds.
const MIDNIGHT: i64 = 1_773_028_800_000_000_000;
pub(crate) const SYMBOLS: [&str; 2] = ["AAPL", "MSFT"];
/// What cannot be read, beside what can.
const MALFORMED: [&str; 3] =
    [r#"{"T":"q","S":"AAPL","bp":"ten","t":7}"#, r#"{"T":"q","S":7,"bp":1,"ap":2,"t":"yesterday"}"#, r#"{"T":"s","S":"MSFT","sc":1}"#];

/// How a node ends that is asked to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnStop {
    Leave,
    Cancel,
    Flatten,
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) random: Random,
    pub(crate) desk: Desk,
    /// Reconciliations that wait for the one before them.
    pub(crate) waiting: VecDeque<Reconcile>,
    /// The node reconciles and hears no market data yet.
    pub(crate) is_starting: bool,
    pub(crate) now: i64,
    pub(crate) tally: Tally,
    venue: PaperVenue<SimulatedStorage>,
    storage: SimulatedStorage,
    policy: SyncPolicy,
    node: Option<Node<SimulatedStorage>>,
    /// Trade updates on their way; none while the wire is cut.
    updates: VecDeque<Vec<u8>>,
    is_cut: bool,
    is_halted: [bool; 2],
    prices: [i64; 2],
    /// Say what happens (`TICKWRIGHT_TRACE`).
    is_traced: bool,
}

fn strategies(seed: u64) -> Vec<Box<dyn Strategy>> {
    vec![Box::new(Trader::new(seed))]
}

impl World {
    pub(crate) fn new(seed: u64, rule: Rule) -> Self {
        let mut random = Random::new(seed);
        let policy = if random.chance(0.5) { SyncPolicy::Always } else { SyncPolicy::Group { ms: 1 + random.below(500) as u32 } };
        let latency_ns = [1_000_000, 5_000_000, 300_000_000][random.below(3) as usize];
        let session = [4, 9, 16, 20].map(|hour| MIDNIGHT + hour * HOUR_NS + if hour == 9 { 30 * MINUTE_NS } else { 0 });
        let symbol = |i: usize| json!({"symbol": SYMBOLS[i], "id": format!("00000000-0000-4000-8000-{i:012}"), "asset_class": "us_equity"});
        let now = MIDNIGHT + 10 * HOUR_NS;
        let config = json!({
            "start_ns": now, "seed": seed, "fees": "free", "latency_ns": latency_ns,
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
        let log = Log::create(storage.clone(), LogConfig { policy, ..LogConfig::default() }, JournalId([7; 16])).unwrap();
        let setup = Setup { config: config_of_engine, instruments, sources, strategies: strategies(seed) };
        let mut node = Node::create(log, setup, Timestamp::from_nanos(now)).unwrap();
        node.start(Timestamp::from_nanos(now), Timestamp::from_nanos(now)).unwrap();
        node.sync(Timestamp::from_nanos(now)).unwrap();
        let mut world = Self {
            seed,
            random,
            desk: Desk::new(rule),
            waiting: VecDeque::new(),
            is_starting: true,
            now,
            tally: Tally::default(),
            venue: PaperVenue::new(&config.to_string(), None).unwrap(),
            storage,
            policy,
            node: Some(node),
            updates: VecDeque::new(),
            is_cut: false,
            is_halted: [false; 2],
            prices: [10_000, 5_000],
            is_traced: std::env::var_os("TICKWRIGHT_TRACE").is_some(),
        };
        world.reconcile(Cause::Start, Vec::new());
        world
    }

    /// Tell what happens, where that was asked for.
    pub(crate) fn trace(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            eprintln!("{:>14} {}", (self.now - MIDNIGHT) / 1_000, what());
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_nanos(self.now)
    }

    pub(crate) fn node(&self) -> &Node<SimulatedStorage> {
        self.node.as_ref().unwrap()
    }

    /// Call the node and hand out what came of it, as the shell's session does: requests that are durable leave.
    pub(crate) fn tell<T>(&mut self, act: impl FnOnce(&mut Node<SimulatedStorage>, Timestamp) -> Result<T>) -> T {
        let at = self.at();
        let node = self.node.as_mut().unwrap();
        let told = act(node, at).unwrap();
        node.commit(at).unwrap();
        let requests: Vec<_> = std::iter::from_fn(|| node.take_request()).collect();
        let notices: Vec<_> = std::iter::from_fn(|| node.take_notice()).collect();
        for notice in &notices {
            self.trace(|| format!("notice {:?}", notice.output));
        }
        for request in requests {
            self.trace(|| format!("sends {request:?}"));
            self.desk.send(request);
        }
        told
    }

    /// An operator's command, where it is possible.
    pub(crate) fn command(&mut self, command: Command) {
        if self.node().engine().state().after(command).is_ok() {
            self.tell(|node, at| node.command(command, "test", "simulated", at));
        }
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
        match self.random.below(1_000) {
            0..=299 => {
                let which = self.random.below(2) as usize;
                self.quote(which);
            }
            300..=649 => self.advance_any(),
            650..=859 => self.deliver_update(),
            860..=879 => self.cut(),
            880..=919 if self.is_cut => self.reconnect(),
            920..=939 if !self.is_starting => self.reconcile(Cause::Clock, Vec::new()),
            940..=969 if !self.is_starting => self.watch(),
            970..=974 => self.halt(),
            975..=984 if !self.is_starting => self.operate(),
            985..=987 => self.stop(),
            988..=995 => self.crash(),
            996..=999 => self.garble(),
            _ => {}
        }
        self.tell(|_, _| Ok(()));
        self.listen();
    }

    /// What the venue has to say is on its way.
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
        self.market(MarketData { instruments, quotes: vec![quotes], ..MarketData::default() });
        self.frame(&json!({"T": "q", "S": SYMBOLS[which], "bp": bid as f64 / 100.0, "bs": shares, "ap": ask as f64 / 100.0, "as": shares,
            "t": self.at().to_string()}));
    }

    /// Trading in a symbol halts, or goes on.
    fn halt(&mut self) {
        let which = self.random.below(2) as usize;
        self.is_halted[which] = !self.is_halted[which];
        self.tally.halts += u64::from(self.is_halted[which]);
        let (state, code) = if self.is_halted[which] { (TradingState::Halted, "H") } else { (TradingState::Trading, "T") };
        let mut instruments = Instruments::default();
        let instrument = instruments.intern(SYMBOLS[which]).unwrap();
        let none = Label::default();
        let mut statuses = StatusBatch::default();
        statuses.push(Status { ts: self.at(), instrument, state, code: none, message: none, reason_code: none, reason: none });
        self.market(MarketData { instruments, statuses: vec![statuses], ..MarketData::default() });
        self.frame(&json!({"T": "s", "S": SYMBOLS[which], "sc": code, "t": self.at().to_string()}));
    }

    fn market(&mut self, data: MarketData) {
        let rows = MarketRows::new(Arc::new(data)).unwrap();
        self.venue.market(&rows, 0, rows.len()).unwrap();
        self.listen();
    }

    /// A message of market data reaches the node; it may be lost, and have others beside it that cannot be read.
    fn frame(&mut self, message: &Value) {
        if self.is_starting || self.random.chance(0.03) {
            return;
        }
        let mut messages = vec![message.to_string()];
        while self.random.chance(0.05) {
            self.tally.malformed += 1;
            let place = self.random.below(messages.len() as u64 + 1) as usize;
            messages.insert(place, MALFORMED[self.random.below(MALFORMED.len() as u64) as usize].to_owned());
        }
        let events = self.node().tally().events;
        let frame = format!("[{}]", messages.join(","));
        self.tell(|node, at| node.on_frame(frame.as_bytes(), at));
        assert_eq!(self.node().tally().events, events + 1, "seed {}: of {frame}", self.seed);
    }

    /// A trade update that cannot be read is refused, and the node goes on.
    fn garble(&mut self) {
        self.tally.malformed += 1;
        let update = self.updates.front().cloned().unwrap_or_else(|| b"{\"stream\":\"trade_updates\"}".to_vec());
        let cut = &update[..self.random.below(update.len() as u64) as usize];
        let hash = self.node().engine().state_hash().unwrap();
        let at = self.at();
        let node = self.node.as_mut().unwrap();
        assert!(node.on_update(cut, at).is_err() && node.session().broken().is_none(), "seed {}", self.seed);
        assert_eq!(node.engine().state_hash().unwrap(), hash, "seed {}: a message that cannot be read changed something", self.seed);
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, query: &str, body: &str) -> (u16, Value) {
        let at = self.at();
        let (status, answer) = self.venue.request(0, at, method, path, query, body.as_bytes()).unwrap();
        self.listen();
        self.trace(|| format!("{method} {path} {query} {body} → {status} {}", String::from_utf8_lossy(&answer)));
        (status, if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer).unwrap() })
    }

    pub(crate) fn rows(&mut self, path: &str, query: &str) -> Vec<Value> {
        match self.call("GET", path, query, "") {
            (200, Value::Array(rows)) => rows,
            other => panic!("seed {}: {path}?{query}: {other:?}", self.seed),
        }
    }

    /// What the venue has of an order; nothing where the question was lost.
    #[allow(clippy::option_option, reason = "no answer, an answer that there is none, and an order are three things")]
    pub(crate) fn question(&mut self, path: &str, query: &str) -> Option<Option<Value>> {
        if self.random.chance(0.05) {
            return None;
        }
        let (status, found) = self.call("GET", path, query, "");
        Some((status == 200).then_some(found))
    }

    pub(crate) fn perform(&mut self, request: &Request) -> (u16, Value) {
        match &request.kind {
            RequestKind::Submit => self.call("POST", "/orders", "", &request.body),
            RequestKind::Replace { broker_id, .. } => self.call("PATCH", &format!("/orders/{broker_id}"), "", &request.body),
            RequestKind::Cancel { broker_id } => self.call("DELETE", &format!("/orders/{broker_id}"), "", ""),
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
        self.trace(|| format!("hears {}", String::from_utf8_lossy(&update)));
        self.tell(|node, at| node.on_update(&update, at));
    }

    fn cut(&mut self) {
        self.trace(|| "the stream breaks".to_owned());
        self.is_cut = true;
        self.tally.cuts += 1;
        self.updates.clear();
    }

    /// The stream is back: what was missed is asked for, whatever is under way.
    fn reconnect(&mut self) {
        self.is_cut = false;
        self.reconcile(Cause::Gap, Vec::new());
    }

    /// An operator lets a node go on that stands still, or stops it for a while.
    fn operate(&mut self) {
        let switch = self.node().engine().kill_switch();
        if switch.is_thrown() {
            switch.reset();
        } else if self.random.chance(0.1) {
            switch.throw();
        }
        match self.node().engine().state() {
            EngineState::Running if self.random.chance(0.1) => self.command(Command::Pause),
            EngineState::Running => {}
            EngineState::Halted => self.command(Command::Reconcile),
            _ => self.command(Command::Run),
        }
    }

    /// The node is asked to end, and started again.
    fn stop(&mut self) {
        self.tally.stops += 1;
        self.trace(|| "stop".to_owned());
        if !self.is_starting {
            let on_stop = [OnStop::Leave, OnStop::Cancel, OnStop::Flatten][self.random.below(3) as usize];
            if on_stop != OnStop::Leave {
                self.command(if on_stop == OnStop::Cancel { Command::CancelAll } else { Command::Flatten });
                for _ in 0..self.random.below(100) {
                    self.go_by(30_000_000);
                }
            }
            self.tell(Node::stop);
            for _ in 0..self.random.below(100) {
                if self.desk.open() == 0 {
                    break;
                }
                self.go_by(30_000_000);
            }
        }
        self.node.take().unwrap().close().unwrap();
        self.start_again();
    }

    /// The process dies; and the power goes with it at times.
    fn crash(&mut self) {
        self.tally.crashes += 1;
        self.trace(|| "crash".to_owned());
        drop(self.node.take());
        if self.random.chance(0.3) {
            self.tally.power_losses += 1;
            self.storage.lose_power();
        }
        self.start_again();
    }

    /// Requests that left the node arrive or do not; it comes back from its journal.
    fn start_again(&mut self) {
        let desk = self.desk.cleared();
        for task in std::mem::replace(&mut self.desk, desk).tasks {
            if let crate::desk::Task::Leaving(request) = task
                && self.random.chance(0.5)
            {
                let (_, refusal) = self.perform(&request);
                assert!(!refusal.to_string().contains("must be unique"), "seed {}: sent twice", self.seed);
            }
        }
        self.waiting.clear();
        self.now += 1_000_000_000;
        let at = self.at();
        let config = LogConfig { policy: self.policy, ..LogConfig::default() };
        let (node, recovered) = Node::recover(self.storage.clone(), config, strategies(self.seed), at).unwrap();
        if self.random.chance(0.3) {
            self.desk.cutoff = node.engine().now();
        }
        self.trace(|| format!("recovered {recovered:?}, cutoff {:?}", self.desk.cutoff));
        let in_doubt: Vec<_> = recovered.in_doubt.iter().map(|&id| (id, node.client_id(id))).collect();
        self.node = Some(node);
        self.listen();
        self.updates.clear();
        self.is_cut = false;
        self.is_starting = true;
        self.reconcile(Cause::Start, in_doubt);
    }

    fn check(&self) {
        let seed = self.seed;
        let node = self.node();
        let (_, anomalies) = node.engine().report_faults();
        if anomalies > 0 {
            let held = node.session().held_outputs().map(|output| format!("{output:?}")).filter(|text| text.contains("nomaly"));
            panic!("seed {seed}: a report could not be: {:?}", held.collect::<Vec<_>>());
        }
        assert!(node.engine().ledger().is_balanced(), "seed {seed}: the books do not balance");
        for order in node.engine().orders().all() {
            assert!(order.filled <= order.qty, "seed {seed}: order {} is overfilled", order.id);
        }
    }

    /// Time passes, and what is under way gets on.
    fn go_by(&mut self, ns: i64) {
        self.now += ns;
        let at = self.at();
        self.venue.advance(at).unwrap();
        self.listen();
        self.advance_any();
        self.deliver_update();
        self.tell(|_, _| Ok(()));
        self.check();
    }

    /// Until nothing is under way.
    fn quiesce(&mut self) {
        for _ in 0..20_000 {
            if self.desk.tasks.is_empty() && self.updates.is_empty() && !self.node().is_waiting() {
                self.watch();
                if self.desk.tasks.is_empty() {
                    return;
                }
            }
            self.go_by(50_000_000);
        }
        panic!("seed {}: {} requests do not come to an end", self.seed, self.desk.tasks.len());
    }

    /// Everything arrives, the wire is mended, and what both sides have must be the same.
    fn settle_down(&mut self) {
        self.quiesce();
        self.is_cut = false;
        self.reconcile(Cause::Gap, Vec::new());
        self.quiesce();
        let seed = self.seed;
        let positions = self.rows("/positions", "");
        for (which, symbol) in SYMBOLS.iter().enumerate() {
            let theirs = positions.iter().find(|p| p["symbol"] == *symbol);
            let theirs = theirs.map_or_else(|| "0".to_owned(), |p| p["qty"].as_str().unwrap().to_owned());
            let ours = self.node().engine().ledger().net_qty(InstrumentId(which as u32)).to_string();
            assert_eq!(ours, theirs, "seed {seed}: {symbol}");
        }
        self.compare_orders();
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

    /// Every order that the venue has is open here where it is open there, and filled as far.
    fn compare_orders(&mut self) {
        let seed = self.seed;
        let rows = self.rows("/orders", "status=all&limit=500&direction=asc");
        for row in &rows {
            let name = row["client_order_id"].as_str().unwrap();
            let found = self.node().by_client_id(name).and_then(|id| self.node().engine().orders().get(id).copied());
            let order = found.unwrap_or_else(|| panic!("seed {seed}: {name} is the venue's alone: {row}"));
            let is_over = matches!(row["status"].as_str(), Some("filled" | "canceled" | "expired" | "rejected" | "replaced"));
            assert_eq!(order.status().is_terminal(), is_over, "seed {seed}: {name} is {:?} here, there {row}", order.status());
        }
        let ours: Vec<OrderId> = self.node().engine().orders().open().to_vec();
        for id in ours {
            let name = self.node().client_id(id);
            assert!(
                rows.iter().any(|row| row["client_order_id"] == name.as_str()),
                "seed {seed}: {name} is open here alone: {:?}",
                self.node().engine().orders().get(id)
            );
        }
    }
}
