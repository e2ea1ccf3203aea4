//! A session in a process of its own, killed at random moments while the broker lives on in this one.
//!
//! The child holds engine, journal (real files) and strategies; it answers each input with the outputs that are durable. After
//! every kill a new child recovers from the journal, and the broker is asked about the orders in doubt. `TICKWRIGHT_KILLS` is how
//! many kills there are (200 by default), half of them under each policy.

use super::broker::{Broker, Wire};
use super::trader::Trader;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;
use tickwright_core::engine::{Command, EngineConfig, EngineState, Input, Instruction, Output, Trust};
use tickwright_core::event::{MarketEvent, Quote};
use tickwright_core::journal::{Files, JournalId, Log, LogConfig, Reader, SyncPolicy, exists};
use tickwright_core::order::{Order, OrderStatus};
use tickwright_core::session::{Session, Setup, Step, replay};
use tickwright_core::types::{InstrumentId, Instruments, OrderId, Price, Qty, Random, SECOND_NS, Timestamp};
use tickwright_core::venue::{OrderCommand, Sources, VenueConfig};

const OPEN: i64 = 1_381_152_600 * SECOND_NS;
const QUOTES: Sources = Sources { quotes: true, trades: false, bars: false, book: false, auctions: false };

/// From the parent.
#[derive(Serialize, Deserialize)]
enum Ask {
    Step(Timestamp, Input),
    /// Commit whatever the policy says, and tell how everything stands.
    Settle,
    Close,
}

/// From the child.
#[derive(Serialize, Deserialize)]
struct Answer {
    /// The number of the input's record.
    sequence: u64,
    durable: u64,
    orders: Vec<OrderCommand>,
    in_doubt: Vec<Order>,
    state: EngineState,
    hash: [u8; 32],
    filled: Vec<(OrderId, Qty, bool)>,
}

fn send<T: Serialize>(stream: &mut UnixStream, value: &T) -> std::io::Result<()> {
    let bytes = postcard::to_stdvec(value).unwrap();
    stream.write_all(&(bytes.len() as u32).to_le_bytes())?;
    stream.write_all(&bytes)
}

fn receive<T: for<'a> Deserialize<'a>>(stream: &mut UnixStream) -> std::io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(std::io::Error::other)
}

// --- the child -----------------------------------------------------------------------------------------------------------------

fn config(policy: &str) -> LogConfig {
    let policy = if policy == "always" { SyncPolicy::Always } else { SyncPolicy::Group { ms: 20 } };
    LogConfig { policy, segment_bytes: 64 << 10, checkpoint_every: 500, ..LogConfig::default() }
}

/// Not a test by itself: what the killed process runs.
#[test]
fn child() {
    let (Ok(folder), Ok(socket)) = (std::env::var("TICKWRIGHT_KILL_FOLDER"), std::env::var("TICKWRIGHT_KILL_SOCKET")) else { return };
    let policy = std::env::var("TICKWRIGHT_KILL_POLICY").unwrap();
    let mut stream = UnixStream::connect(socket).unwrap();
    let storage = Files::create(&folder).unwrap();
    let strategies = vec![Trader::boxed(0, 5, 0.4, 0.0), Trader::boxed(1, 6, 0.2, 0.0)];
    let start = Timestamp::from_nanos(OPEN);
    let mut session = if exists(&storage).unwrap() {
        Session::recover(storage, config(&policy), strategies, start).unwrap().0
    } else {
        let mut instruments = Instruments::default();
        instruments.intern("S0").unwrap();
        let setup = Setup {
            config: EngineConfig { trust: Trust::Wire, ..EngineConfig::default() },
            instruments,
            sources: vec![QUOTES],
            strategies,
        };
        let log = Log::create(storage, config(&policy), JournalId([9; 16])).unwrap();
        let mut session = Session::create(log, setup, start).unwrap();
        session.step(&Input::Start { at: start, reconcile: false }, start).unwrap();
        session
    };
    let mut out = Vec::new();
    while let Ok(ask) = receive(&mut stream) {
        let mut sequence = 0;
        let mut filled = Vec::new();
        match &ask {
            Ask::Step(now, input) => {
                sequence = session.step(input, *now).unwrap();
                session.commit(*now, &mut out).unwrap();
            }
            Ask::Settle | Ask::Close => {
                session.sync(&mut out).unwrap();
                filled.extend(session.engine().orders().all().map(|o| (o.id, o.filled, o.status().is_terminal())));
            }
        }
        let orders = out.drain(..).filter_map(|o| if let Output::Order(command) = o { Some(command) } else { None }).collect();
        let engine = session.engine();
        let in_doubt = session.in_doubt().into_iter().filter_map(|id| engine.orders().get(id).copied()).collect();
        let (durable, state) = (session.log().durable(), engine.state());
        let hash = if matches!(ask, Ask::Step(..)) { [0; 32] } else { engine.state_hash().unwrap() };
        send(&mut stream, &Answer { sequence, durable, orders, in_doubt, state, hash, filled }).unwrap();
        if matches!(ask, Ask::Close) {
            session.close(&mut out).unwrap();
            break;
        }
    }
}

// --- the parent ----------------------------------------------------------------------------------------------------------------

struct Parent {
    folder: PathBuf,
    socket: PathBuf,
    listener: UnixListener,
    policy: &'static str,
    random: Random,
    now: Timestamp,
    price: f64,
    broker: Broker,
    process: Child,
    stream: UnixStream,
    /// Inputs by their record, until their record is known to be durable.
    waiting: BTreeMap<u64, Vec<u8>>,
    /// And after.
    acknowledged: BTreeMap<u64, Vec<u8>>,
    durable: u64,
}

impl Parent {
    fn new(root: &Path, policy: &'static str, seed: u64) -> Self {
        let (folder, socket) = (root.join(policy), root.join(format!("{policy}.socket")));
        let listener = UnixListener::bind(&socket).unwrap();
        let (process, stream) = Self::spawn(&folder, &socket, &listener, policy);
        let wire = Wire { lose_command: 0.0, repeat_command: 0.0, repeat_report: 0.1, swap_reports: 0.0 };
        let venue = VenueConfig { order_latency_ns: 1_000_000, report_latency_ns: 1_000_000, ..VenueConfig::default() };
        Self {
            broker: Broker::new(venue, &[QUOTES], wire, seed),
            folder,
            socket,
            listener,
            policy,
            random: Random::stream(seed, &[3]),
            now: Timestamp::from_nanos(OPEN),
            price: 20.0,
            process,
            stream,
            waiting: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            durable: 0,
        }
    }

    fn spawn(folder: &Path, socket: &Path, listener: &UnixListener, policy: &str) -> (Child, UnixStream) {
        let process = Process::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child", "--nocapture"])
            .env("TICKWRIGHT_KILL_FOLDER", folder)
            .env("TICKWRIGHT_KILL_SOCKET", socket)
            .env("TICKWRIGHT_KILL_POLICY", policy)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        (process, stream)
    }

    /// Ask the child; none when it died meanwhile.
    fn ask(&mut self, ask: &Ask) -> Option<Answer> {
        send(&mut self.stream, ask).ok()?;
        self.hear()
    }

    fn hear(&mut self) -> Option<Answer> {
        let answer: Answer = receive(&mut self.stream).ok()?;
        self.durable = self.durable.max(answer.durable);
        while let Some(entry) = self.waiting.first_entry().filter(|entry| *entry.key() <= self.durable) {
            let (sequence, input) = entry.remove_entry();
            self.acknowledged.insert(sequence, input);
        }
        for command in &answer.orders {
            self.broker.send(*command, self.now);
        }
        Some(answer)
    }

    fn step(&mut self, input: Input) -> Option<Answer> {
        let bytes = postcard::to_stdvec(&input).unwrap();
        let answer = self.ask(&Ask::Step(self.now, input))?;
        let list = if answer.sequence <= self.durable { &mut self.acknowledged } else { &mut self.waiting };
        list.insert(answer.sequence, bytes);
        Some(answer)
    }

    fn market(&mut self) -> MarketEvent {
        self.now = self.now.plus(1 + self.random.below(20_000_000) as i64);
        self.price = (self.price * (1.0 + 0.002 * self.random.normal())).clamp(5.0, 80.0);
        let cents = |x: f64| Price::from_raw((x * 100.0).round() as i64 * 10_000_000);
        let size = Qty::from_whole(100 + self.random.below(400) as i64).unwrap();
        let (bid, ask) = (cents(self.price - 0.01), cents(self.price + 0.01));
        let quote = Quote { ts: self.now, instrument: InstrumentId(0), bid, ask, bid_size: size, ask_size: size, flags: 0 };
        let event = MarketEvent::Quote(quote);
        self.broker.on_market(&event);
        event
    }

    /// A moment of trading; none when the child died.
    fn trade(&mut self) -> Option<()> {
        let event = self.market();
        self.step(Input::Market(event))?;
        self.broker.advance(self.now);
        while let Some(mut report) = self.broker.next_report() {
            report.due = self.now;
            self.step(Input::Report(report))?;
        }
        Some(())
    }

    /// Kill the child at a random moment of its work, start another, and settle what is in doubt.
    fn kill(&mut self) {
        let moments = self.random.below(6);
        for _ in 0..moments {
            self.trade().expect("the child lives until it is killed");
        }
        // One more input is on its way, or being worked on, or answered and not heard.
        let event = self.market();
        let _ = send(&mut self.stream, &Ask::Step(self.now, Input::Market(event)));
        std::thread::sleep(Duration::from_micros(self.random.below(400)));
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // What it had said before it died counts.
        let _ = self.hear();
        self.waiting.clear();
        self.broker.disconnect();
        (self.process, self.stream) = Self::spawn(&self.folder, &self.socket, &self.listener, self.policy);
        let found = self.ask(&Ask::Settle).expect("it recovers");
        assert!(found.durable >= self.durable, "record {} was acknowledged, {} is the last found", self.durable, found.durable);
        assert_ne!(found.state, EngineState::Running, "no trading before reconciliation");
        self.broker.is_connected = true;
        self.settle();
        let instruction = Instruction { at: self.now, command: Command::Run, by: "operator".into(), why: "reconciled".into() };
        self.step(Input::Command(instruction)).unwrap();
    }

    fn settle(&mut self) -> Answer {
        for _ in 0..50 {
            self.now = self.now.plus(SECOND_NS / 100);
            self.broker.advance(self.now);
            let answer = self.ask(&Ask::Settle).unwrap();
            // Fills that were missed, and orders that are open here: what a broker is asked for.
            let is_news = |(id, filled, is_done): &&(OrderId, Qty, bool)| !is_done || *filled != self.broker.filled(*id);
            let asked: Vec<_> = answer.filled.iter().filter(is_news).map(|(id, ..)| *id).collect();
            for id in asked {
                for mut report in self.broker.ask(id).unwrap_or_default().to_vec() {
                    report.due = self.now;
                    self.step(Input::Report(report)).unwrap();
                }
            }
            let answer = self.ask(&Ask::Settle).unwrap();
            let quiet = self.broker.next_arrival() == Timestamp::MAX && self.broker.next_report_due() == Timestamp::MAX;
            if answer.in_doubt.is_empty() && quiet && answer.orders.is_empty() {
                return answer;
            }
            for order in answer.in_doubt {
                if self.broker.ask(order.id).is_none() {
                    let new = OrderCommand::New(order);
                    let replace = OrderCommand::Replace { old: order.replaces, new: order };
                    self.broker.take(if order.replaces.0 == 0 { new } else { replace }, self.now);
                } else if order.status() == OrderStatus::PendingCancel
                    && !self.broker.is_canceling(order.id)
                    && !self.broker.has_ended(order.id)
                {
                    self.broker.take(OrderCommand::Cancel { order: order.id, instrument: order.instrument }, self.now);
                }
            }
        }
        panic!("still in doubt after 50 rounds");
    }

    /// Close the session and hold all sides against each other.
    fn end(mut self) -> (usize, usize, u64) {
        let last = self.settle();
        for (id, filled, is_done) in &last.filled {
            let taken = self.broker.ask(*id).is_some();
            assert!(taken || *is_done, "order {id} is open and was never sent");
            assert_eq!(*filled, self.broker.filled(*id), "fills of order {id}");
        }
        let ids: Vec<_> = last.filled.iter().map(|(id, ..)| *id).collect();
        assert!(self.broker.taken().iter().all(|id| ids.contains(id)), "every order at the broker is in the journal");
        assert_eq!(self.broker.refused_repeats, 0, "no order was sent twice");
        let closed = self.ask(&Ask::Close).unwrap();
        assert!(self.process.wait().unwrap().success());
        let storage = Files::open(&self.folder).unwrap();
        // The twin that was never interrupted.
        let twin = replay(Reader::open(&storage, 0).unwrap()).unwrap();
        assert_eq!(twin.state_hash, closed.hash, "the state is that of the uninterrupted twin");
        let mut reader = Reader::open(&storage, 0).unwrap();
        let mut found = 0;
        while let Some(record) = reader.next_record().unwrap() {
            let Some(input) = self.acknowledged.get(&record.sequence) else { continue };
            let step = Step::decode(record.payload, record.sequence).unwrap();
            assert_eq!(&postcard::to_stdvec(&step.input).unwrap(), input, "record {}", record.sequence);
            found += 1;
        }
        assert_eq!(found, self.acknowledged.len(), "every acknowledged input is in the journal");
        (found, self.broker.taken().len(), twin.steps)
    }
}

#[test]
fn killed_at_any_moment_a_session_loses_nothing_that_was_acknowledged() {
    let kills = super::setting("TICKWRIGHT_KILLS", 200);
    // Short, because a socket's name is.
    let root = std::env::temp_dir().join(format!("tickwright-kill-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    for (policy, seed) in [("always", 1), ("group", 2)] {
        let mut parent = Parent::new(&root, policy, seed);
        for _ in 0..kills / 2 {
            parent.kill();
        }
        let (acknowledged, orders, steps) = parent.end();
        println!(
            "{policy}: {} kills, {acknowledged} of {acknowledged} acknowledged inputs kept, {orders} orders, {steps} inputs",
            kills / 2
        );
        assert!(orders as u64 > kills / 4, "the session traded");
    }
    std::fs::remove_dir_all(&root).unwrap();
}
