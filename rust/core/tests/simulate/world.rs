//! One seed's world: an engine with its journal, a broker behind a bad wire, a market, an operator, and a disk that breaks.

use super::broker::{Broker, Wire};
use super::trader::Trader;
use std::sync::Arc;
use tickwright_core::engine::{Alarm, AlarmKind, Command, EngineConfig, EngineState, Input, Instruction, Isolation, Output, Trust};
use tickwright_core::event::{MarketEvent, Quote, Trade};
use tickwright_core::journal::{JournalId, Log, LogConfig, Reader, SimulatedStorage, StorageFault, SyncPolicy};
use tickwright_core::order::OrderStatus;
use tickwright_core::risk::{OnBreach, RiskLimits};
use tickwright_core::session::{Replay, Session, Setup, replay, snapshots};
use tickwright_core::strategy::Strategy;
use tickwright_core::types::{InstrumentId, Instruments, Money, OrderId, Price, Qty, Random, SECOND_NS, Side, StrategyId, Timestamp};
use tickwright_core::venue::{Liquidity, OrderCommand, QueueModel, Sources, VenueConfig};

/// Monday, 2013-10-07, 09:30 in New York.
const OPEN: i64 = 1_381_152_600 * SECOND_NS;
const BOTH: Sources = Sources { quotes: true, trades: true, bars: false, book: false, auctions: false };

/// What a run went through.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) steps: u64,
    pub(crate) orders: u64,
    pub(crate) fills: u64,
    pub(crate) power_losses: u64,
    pub(crate) kills: u64,
    pub(crate) disk_faults: u64,
    pub(crate) disconnects: u64,
    pub(crate) lost_commands: u64,
    pub(crate) repeats: u64,
    pub(crate) isolated: u64,
    pub(crate) commands: u64,
    pub(crate) snapshots: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.orders += other.orders;
        self.fills += other.fills;
        self.power_losses += other.power_losses;
        self.kills += other.kills;
        self.disk_faults += other.disk_faults;
        self.disconnects += other.disconnects;
        self.lost_commands += other.lost_commands;
        self.repeats += other.repeats;
        self.isolated += other.isolated;
        self.commands += other.commands;
        self.snapshots += other.snapshots;
    }
}

pub(crate) struct World {
    seed: u64,
    random: Random,
    now: Timestamp,
    policy: SyncPolicy,
    snapshot_every: u64,
    activity: f64,
    traders: u64,
    fails: f64,
    instruments: usize,
    prices: Vec<f64>,
    storage: SimulatedStorage,
    /// None while the process is down.
    session: Option<Session<SimulatedStorage>>,
    broker: Broker,
    out: Vec<Output>,
    /// The last record that was said to be durable.
    durable: u64,
    tally: Tally,
}

fn limits(random: &mut Random) -> RiskLimits {
    RiskLimits {
        max_position_qty: random.chance(0.5).then(|| Qty::from_whole(1_000).unwrap()),
        max_open_orders: random.chance(0.5).then_some(12),
        max_orders_per_second: random.chance(0.2).then_some(50),
        max_leverage: random.chance(0.5).then_some(3.0),
        max_drawdown: random.chance(0.1).then_some(0.05),
        on_breach: if random.chance(0.5) { OnBreach::ReduceOnly } else { OnBreach::Flatten },
        allow_short: random.chance(0.8),
        ..RiskLimits::default()
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::stream(seed, &[1]);
        let policies = [SyncPolicy::Always, SyncPolicy::Always, SyncPolicy::Group { ms: 5 }, SyncPolicy::Group { ms: 500 }];
        let policy = policies[random.below(4) as usize];
        let instruments = 1 + random.below(3) as usize;
        let latency = |random: &mut Random| [0, 1_000_000, 40_000_000, SECOND_NS][random.below(4) as usize];
        let venue = VenueConfig {
            order_latency_ns: latency(&mut random),
            report_latency_ns: latency(&mut random),
            jitter_ns: latency(&mut random),
            seed,
            liquidity: if random.chance(0.7) { Liquidity::Displayed } else { Liquidity::Unlimited },
            queue: if random.chance(0.5) { QueueModel::Behind } else { QueueModel::Front },
            ..VenueConfig::default()
        };
        let bad = random.chance(0.7);
        let p = |x: f64| if bad { x } else { 0.0 };
        let wire = Wire { lose_command: p(0.03), repeat_command: p(0.05), repeat_report: p(0.1), swap_reports: p(0.1) };
        let mut world = Self {
            seed,
            now: Timestamp::from_nanos(OPEN),
            policy,
            snapshot_every: [0, 20, 100][random.below(3) as usize],
            activity: 0.1 + 0.5 * random.uniform(),
            traders: 1 + random.below(3),
            fails: if random.chance(0.3) { 0.05 } else { 0.0 },
            instruments,
            prices: (0..instruments).map(|i| 10.0 + 15.0 * i as f64).collect(),
            storage: SimulatedStorage::new(seed),
            session: None,
            broker: Broker::new(venue, &vec![BOTH; instruments], wire, seed),
            out: Vec::new(),
            durable: 0,
            tally: Tally::default(),
            random,
        };
        world.create();
        world
    }

    fn strategies(&self) -> Vec<Box<dyn Strategy>> {
        (0..self.traders).map(|n| Trader::boxed(n, self.seed, self.activity, self.fails)).collect()
    }

    fn log_config(&self) -> LogConfig {
        LogConfig { policy: self.policy, segment_bytes: 16 << 10, checkpoint_every: 200, ..LogConfig::default() }
    }

    fn create(&mut self) {
        let mut symbols = Instruments::default();
        for i in 0..self.instruments {
            symbols.intern(&format!("S{i}")).unwrap();
        }
        let config = EngineConfig {
            limits: limits(&mut self.random),
            isolation: Some(Isolation { faults_max: 3, window_ns: 60 * SECOND_NS }),
            trust: Trust::Wire,
            cash: Money::from_raw(100_000 * 1_000_000_000),
            ..EngineConfig::default()
        };
        let setup = Setup { config, instruments: symbols, sources: vec![BOTH; self.instruments], strategies: self.strategies() };
        let log = Log::create(self.storage.clone(), self.log_config(), JournalId([self.seed as u8; 16])).unwrap();
        let session = Session::create(log, setup, self.now).unwrap().snapshot_every(self.snapshot_every);
        self.session = Some(session);
        self.step(&Input::Start { at: self.now, reconcile: false });
        self.commit(true);
    }

    /// Run for `steps` steps, put everything right at the end, and hold all sides against each other.
    pub(crate) fn run(mut self, steps: u64) -> Tally {
        for _ in 0..steps {
            self.one();
            self.check();
        }
        // From here on the disk holds.
        self.storage.fail_at(0, StorageFault::Full);
        self.settle_all();
        self.compare_with_broker();
        let engine = self.session.as_ref().unwrap().engine();
        self.tally.orders = engine.orders().len() as u64;
        self.tally.repeats = engine.report_faults().0 + self.broker.refused_repeats;
        self.compare_replays();
        self.tally.steps += steps;
        self.tally
    }

    fn one(&mut self) {
        self.now = self.now.plus(1 + self.random.below(200_000_000) as i64);
        match self.random.below(1000) {
            0..=499 => self.market(),
            500..=799 => self.deliver(),
            800..=849 => self.wake(),
            850..=949 => self.commit(false),
            950..=962 => self.operator(),
            963..=974 => self.toggle_wire(),
            975..=982 => self.crash(true),
            983..=989 => self.crash(false),
            990..=994 => self.break_disk(),
            _ => self.settle_doubts(),
        }
    }

    // --- the things that happen ------------------------------------------------------------------------------------------

    fn market(&mut self) {
        let i = self.random.below(self.instruments as u64) as usize;
        self.prices[i] = (self.prices[i] * (1.0 + 0.003 * self.random.normal())).clamp(2.0, 200.0);
        let cents = |x: f64| Price::from_raw((x * 100.0).round() as i64 * 10_000_000);
        let (ts, instrument) = (self.now, InstrumentId(i as u32));
        let mut size = || Qty::from_whole(100 * self.random.below(5) as i64).unwrap();
        let (bid_size, ask_size, printed) = (size(), size(), size());
        let price = self.prices[i];
        let event = if self.random.chance(0.6) {
            let (bid, ask) = (cents(price - 0.01), cents(price + 0.01));
            MarketEvent::Quote(Quote { ts, instrument, bid, ask, bid_size, ask_size, flags: 0 })
        } else {
            MarketEvent::Trade(Trade { ts, instrument, price: cents(price), size: printed, ..Trade::default() })
        };
        // The market goes on whether or not we look.
        self.broker.on_market(&event);
        self.step(&Input::Market(event));
        if self.random.chance(0.6) {
            self.commit(false);
        }
    }

    fn deliver(&mut self) {
        self.broker.advance(self.now);
        for _ in 0..=self.random.below(4) {
            let Some(mut report) = self.broker.next_report() else { break };
            report.due = self.now;
            self.step(&Input::Report(report));
        }
        self.commit(false);
    }

    fn wake(&mut self) {
        self.step(&Input::Wake(self.now));
        self.commit(false);
    }

    fn operator(&mut self) {
        let Some(session) = &self.session else { return };
        let state = session.engine().state();
        let commands = [
            Command::Pause,
            Command::Run,
            Command::ReduceOnly,
            Command::CancelAll,
            Command::SafeMode,
            Command::Halt,
            Command::Flatten,
            Command::Reconcile,
            Command::Isolate(StrategyId(0)),
            Command::Reinstate(StrategyId(0)),
        ];
        let command = commands[self.random.below(commands.len() as u64) as usize];
        let what = self.random.below(10);
        if what == 0 {
            let limits = Box::new(limits(&mut self.random));
            self.step(&Input::Limits { at: self.now, limits, by: "operator".into() });
        } else if what == 1 {
            self.step(&Input::Alarm(Alarm { at: self.now, kind: AlarmKind::StaleData, why: "nothing for 5 s".into() }));
        } else if what == 2 {
            // By any thread, and no input.
            let switch = session.engine().kill_switch();
            match self.random.below(4) {
                0 => switch.throw(),
                1 => switch.throw_strategy(StrategyId(0)),
                2 => switch.reset(),
                _ => switch.reset_strategy(StrategyId(0)),
            };
        } else if state.after(command).is_ok() {
            self.tally.commands += 1;
            self.instruct(command, "tries it");
        } else {
            let refused = Input::Command(Instruction { at: self.now, command, by: "operator".into(), why: "tries it".into() });
            let session = self.session.as_mut().unwrap();
            let (sequence, before) = (session.log().next_sequence(), session.engine().state_hash().unwrap());
            assert!(session.step(&refused, self.now).is_err(), "{command:?} in {state:?}");
            assert!(session.broken().is_none());
            assert_eq!(
                (session.log().next_sequence(), session.engine().state_hash().unwrap()),
                (sequence, before),
                "a refused command leaves no trace"
            );
        }
        // Out of every state that ends trading for good, so that runs do not all end there.
        for way_back in [Command::Reconcile, Command::Run] {
            let state = self.session.as_ref().map(|s| s.engine().state());
            if state.is_some_and(|s| s != EngineState::Running && s != EngineState::Paused && s.after(way_back).is_ok())
                && self.random.chance(0.5)
            {
                self.settle_all();
                self.instruct(way_back, "goes on");
            }
        }
    }

    fn instruct(&mut self, command: Command, why: &str) {
        // The disk may have broken on the way here, and the process may have started again.
        if self.session.as_ref().is_none_or(|s| s.engine().state().after(command).is_err()) {
            return;
        }
        let by: Arc<str> = "operator".into();
        self.step(&Input::Command(Instruction { at: self.now, command, by, why: why.into() }));
        self.commit(true);
    }

    fn toggle_wire(&mut self) {
        if self.broker.is_connected {
            self.tally.disconnects += 1;
            self.broker.disconnect();
        } else {
            self.reconnect();
        }
    }

    fn break_disk(&mut self) {
        self.tally.disk_faults += 1;
        let at = self.storage.operations() + 1 + self.random.below(4);
        let fault = if self.random.chance(0.5) { StorageFault::Full } else { StorageFault::Broken };
        self.storage.fail_at(at, fault);
    }

    /// The process dies, or the machine with it; then both start again.
    fn crash(&mut self, with_power: bool) {
        if self.session.take().is_none() {
            return;
        }
        if with_power {
            self.tally.power_losses += 1;
        } else {
            self.tally.kills += 1;
        }
        self.down(with_power);
    }

    fn down(&mut self, with_power: bool) {
        self.session = None;
        self.out.clear();
        self.broker.disconnect();
        if with_power || self.random.chance(0.3) {
            self.storage.lose_power();
        } else {
            self.storage.fail_at(0, StorageFault::Full);
        }
        // Time goes by, and the market with it.
        self.now = self.now.plus(self.random.below(2 * SECOND_NS as u64) as i64);
        self.broker.advance(self.now);
        let (session, recovered) = Session::recover(self.storage.clone(), self.log_config(), self.strategies(), self.now)
            .unwrap_or_else(|error| panic!("the journal cannot be opened again: {error}"));
        assert!(recovered.log.last >= self.durable, "record {} was durable, the last one found is {}", self.durable, recovered.log.last);
        let state = session.engine().state();
        assert_ne!(state, EngineState::Running, "no trading before reconciliation");
        self.session = Some(session.snapshot_every(self.snapshot_every));
        self.commit(true);
        self.reconnect();
        if self.session.as_ref().is_some_and(|s| s.engine().state() == EngineState::Reconciling) {
            self.instruct(Command::Run, "reconciled");
        }
    }

    // --- reconciliation --------------------------------------------------------------------------------------------------

    fn reconnect(&mut self) {
        self.broker.is_connected = true;
        self.broker.advance(self.now);
        self.settle_all();
    }

    /// Until the broker and we agree: hear all that it knows of orders that are open here, and send again what it never got.
    fn settle_all(&mut self) {
        self.broker.is_connected = true;
        for _ in 0..50 {
            if self.session.is_none() {
                return;
            }
            self.commit(true);
            self.now = self.now.plus(2 * SECOND_NS);
            self.broker.advance(self.now);
            while let Some(mut report) = self.broker.next_report() {
                report.due = self.now;
                self.step(&Input::Report(report));
            }
            self.commit(true);
            self.settle_doubts();
            let settled = self.broker.waiting() == 0
                && self.broker.next_arrival() == Timestamp::MAX
                && self.broker.next_report_due() == Timestamp::MAX
                && self.session.as_ref().is_some_and(|s| s.in_doubt().is_empty() && s.held() == 0);
            if settled {
                return;
            }
        }
        let session = self.session.as_ref().unwrap();
        let orders = session.in_doubt().into_iter().filter_map(|id| session.engine().orders().get(id));
        let told = orders
            .map(|o| format!("{} replaces {} {} {}, broker {:?}", o.id, o.replaces, o.status().as_str(), o.filled, self.broker.ask(o.id)));
        panic!("still in doubt after 50 rounds: {:?}, held {}", told.collect::<Vec<_>>(), session.held());
    }

    /// Ask about every order that is open here, and every one whose last word is awaited.
    fn settle_doubts(&mut self) {
        if !self.broker.is_connected {
            return;
        }
        self.commit(true);
        let Some(session) = &self.session else { return };
        let open: Vec<OrderId> = {
            let mut ids = session.engine().orders().open().to_vec();
            ids.sort_unstable();
            ids
        };
        // Replaced or canceled orders may have had fills that were not heard of.
        let known: Vec<OrderId> = session.engine().orders().all().map(|o| o.id).filter(|&id| self.broker.ask(id).is_some()).collect();
        for id in known {
            let reports = self.broker.ask(id).unwrap_or_default().to_vec();
            for mut report in reports {
                report.due = self.now;
                self.step(&Input::Report(report));
            }
        }
        for id in open {
            self.send_again(id);
        }
        self.commit(true);
    }

    /// Send again what the broker does not know of order `id`.
    fn send_again(&mut self, id: OrderId) {
        let Some(order) = self.session.as_ref().and_then(|s| s.engine().orders().get(id).copied()) else { return };
        if self.session.as_ref().is_some_and(|s| s.held() > 0) {
            return;
        }
        let arrived = self.broker.ask(id).is_some();
        match order.status() {
            OrderStatus::PendingNew | OrderStatus::PendingCancel | OrderStatus::PendingReplace if !arrived => {
                self.tally.lost_commands += 1;
                // As it was first asked for; a cancel follows below once it has arrived.
                let command = if order.replaces.0 == 0 {
                    OrderCommand::New(order)
                } else {
                    OrderCommand::Replace { old: order.replaces, new: order }
                };
                self.broker.take(command, self.now);
            }
            OrderStatus::PendingCancel if !self.broker.is_canceling(id) && !self.broker.has_ended(id) => {
                self.tally.lost_commands += 1;
                self.broker.take(OrderCommand::Cancel { order: id, instrument: order.instrument }, self.now);
            }
            _ => {}
        }
    }

    // --- the session -------------------------------------------------------------------------------------------------------

    fn step(&mut self, input: &Input) {
        let Some(session) = &mut self.session else { return };
        match session.step(input, self.now) {
            Ok(_) => {}
            Err(error) => self.disk_failed(&error.to_string()),
        }
    }

    fn commit(&mut self, all: bool) {
        let Some(session) = &mut self.session else { return };
        let outcome = if all { session.sync(&mut self.out) } else { session.commit(self.now, &mut self.out) };
        if let Err(error) = outcome {
            return self.disk_failed(&error.to_string());
        }
        self.durable = self.durable.max(session.log().durable());
        let out = std::mem::take(&mut self.out);
        for output in &out {
            match output {
                Output::Order(command) => self.broker.send(*command, self.now),
                Output::Fill(_) => self.tally.fills += 1,
                Output::Fault { is_isolated: true, .. } => self.tally.isolated += 1,
                Output::Anomaly { why, .. } => panic!("the broker told nothing impossible, and yet: {why}"),
                _ => {}
            }
        }
    }

    /// The journal broke: nothing comes out any more, and the process starts again.
    fn disk_failed(&mut self, why: &str) {
        assert!(why.contains("simulated"), "not an error of the disk: {why}");
        let session = self.session.as_mut().unwrap();
        assert!(session.broken().is_some(), "an error of the disk is for good: {why}");
        let mut out = Vec::new();
        assert!(session.commit(self.now, &mut out).is_err() && out.is_empty(), "nothing comes out of a broken session");
        assert!(session.step(&Input::Wake(self.now), self.now).is_err());
        self.down(false);
    }

    // --- what must hold ----------------------------------------------------------------------------------------------------

    fn check(&self) {
        let Some(session) = &self.session else { return };
        let engine = session.engine();
        assert!(engine.ledger().is_balanced(), "cash + positions + fees = start + profit");
        let mut positions = vec![0_i64; self.instruments];
        for order in engine.orders().all() {
            let sign = if order.side == Side::Buy { 1 } else { -1 };
            positions[order.instrument.index()] += sign * order.filled.raw();
            assert!(order.filled <= order.qty, "{order:?} is overfilled");
            assert!(order.filled <= self.broker.filled(order.id), "{order:?} has fills that the broker never made");
            let is_open = engine.orders().open().contains(&order.id);
            assert_eq!(is_open, !order.status().is_terminal(), "{order:?}");
        }
        for (i, sum) in positions.iter().enumerate() {
            assert_eq!(engine.ledger().net_qty(InstrumentId(i as u32)).raw(), *sum, "position = sum of the orders' fills");
        }
        for &id in self.broker.taken() {
            assert!(engine.orders().get(id).is_some(), "order {id} is at the broker and not in the journal");
        }
    }

    fn compare_with_broker(&self) {
        let engine = self.session.as_ref().unwrap().engine();
        let mut open = vec![(0, 0); self.instruments];
        for order in engine.orders().all() {
            if order.status() == OrderStatus::Refused {
                assert!(self.broker.ask(order.id).is_none(), "{order:?} was refused and sent");
                continue;
            }
            assert_eq!(order.filled, self.broker.filled(order.id), "{order:?}");
            let done_there = self.broker.has_ended(order.id) || order.filled == order.qty;
            if !order.status().is_terminal() {
                let open = &mut open[order.instrument.index()];
                *(if order.side == Side::Buy { &mut open.0 } else { &mut open.1 }) += order.remaining().raw();
            }
            assert_eq!(order.status().is_terminal(), done_there, "{} {order:?} {:?}", order.status().as_str(), self.broker.ask(order.id));
        }
        for (i, (buy, sell)) in open.into_iter().enumerate() {
            let held = engine.risk().exposure().open(InstrumentId(i as u32));
            assert_eq!((held.0.raw(), held.1.raw()), (buy, sell), "shares in open orders of instrument {i}");
        }
    }

    /// The journal gives the same state: without the strategies, with them, and from every snapshot.
    fn compare_replays(&mut self) {
        let session = self.session.take().unwrap();
        let live = session.engine().state_hash().unwrap();
        let storage = session.close(&mut self.out).unwrap();
        let replayed = replay(Reader::open(&storage, 0).unwrap()).unwrap_or_else(|error| panic!("replay: {error}"));
        assert_eq!(replayed.state_hash, live, "replayed without strategies");
        let mut with = Replay::with_strategies(Reader::open(&storage, 0).unwrap(), self.strategies()).unwrap();
        while with.step().unwrap() {}
        assert_eq!(with.result().unwrap().state_hash, live, "replayed with strategies");
        let (header, found) = snapshots(&storage).unwrap();
        // The first, the last and some between.
        for record in found.iter().step_by(1 + found.len() / 4).chain(found.last()) {
            let mut from = Replay::after(&storage, &header, record).unwrap();
            while from.step().unwrap() {}
            assert_eq!(from.result().unwrap().state_hash, live, "replayed from snapshot {}", record.sequence);
            self.tally.snapshots += 1;
        }
    }
}
