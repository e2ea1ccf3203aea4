//! The live node: a recorded session between Alpaca's wires.
//!
//! Frames of market data and messages about orders come in as bytes, requests for the broker go out as JSON bodies, each only once
//! its record is durable. The shell around it owns sockets, clock and retries, and tells what became of each request. What the
//! broker says may come twice, late, out of order or not at all: every fill is known by the shares of its order that it covers, and is
//! booked when all before it are, so that what is booked is always the first shares of an order, after a crash too; and
//! [`Node::settle`] brings an order up to what the broker's own record of it says.

mod actions;
mod fees;
mod manual;
mod news;
mod requests;

pub use news::Heard;
pub use requests::{Request, RequestKind};

use crate::backtest::{Kinds, Merge};
use crate::engine::{Alarm, AlarmKind, Command, Engine, EngineState, Input, Instruction, Output};
use crate::event::{CorporateAction, MarketEvent, PriceBand};
use crate::feeds::alpaca::{AlpacaDecoder, Format};
use crate::feeds::{Batches, Control, Decoder, Fault, MarketData, Policy, QualityPolicy, View};
use crate::journal::{DetachedSync, Log, LogConfig, Storage};
use crate::order::OrderStatus;
use crate::risk::RiskLimits;
use crate::session::{Recovered, Session, Setup};
use crate::strategy::Strategy;
use crate::types::{InstrumentId, OrderId, Result, Timestamp};
use requests::Names;
use std::collections::{BTreeMap, VecDeque};

/// What happened at the node that its shell tells operators and users of.
#[derive(Clone, Debug)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// What.
    pub output: Output,
}

/// What a node has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames of market data.
    pub frames: u64,
    /// Market events that the engine got.
    pub events: u64,
    /// Market events of symbols that are not traded here.
    pub strangers: u64,
    /// Messages about orders.
    pub updates: u64,
    /// Of these, about orders of somebody else.
    pub foreign: u64,
    /// Fills that were known already.
    pub repeats: u64,
    /// Requests handed out.
    pub requests: u64,
}

/// A fill that waits for those before it.
#[derive(Clone, Copy, Debug)]
struct Early {
    to: i64,
    price: i64,
    ts: Timestamp,
}

/// A session between Alpaca's wires.
pub struct Node<S: Storage> {
    session: Session<S>,
    names: Names,
    /// Fills that came before those before them, by order and first share: last share, price, when.
    early: BTreeMap<OrderId, BTreeMap<i64, Early>>,
    decoder: AlpacaDecoder,
    batches: Batches,
    /// Ids of the session for those of the decoder's table, as far as it has grown.
    ids: Vec<Option<InstrumentId>>,
    /// Legs that go out with their parent.
    legs: Vec<crate::order::Order>,
    /// Corporate actions that have not taken effect, by time.
    announced: VecDeque<CorporateAction>,
    requests: VecDeque<Request>,
    notices: VecDeque<Notice>,
    out: Vec<Output>,
    tally: Tally,
    now: Timestamp,
    /// Time is that of the newest data; else it goes on by itself.
    follows_data: bool,
}

/// Notices kept for a shell that does not take them.
const NOTICES_MAX: usize = 100_000;

impl<S: Storage> Node<S> {
    /// A new node in an empty journal. Step it with [`Self::start`].
    pub fn create(log: Log<S>, setup: Setup, now: Timestamp) -> Result<Self> {
        Ok(Self::around(Session::create(log, setup, now)?))
    }

    /// Take a node up where its journal ends, with the same strategies; what was never sent is handed out by the next
    /// [`Self::commit`], and [`Recovered::in_doubt`] names the orders to ask the broker about.
    pub fn recover(storage: S, config: LogConfig, strategies: Vec<Box<dyn Strategy>>, now: Timestamp) -> Result<(Self, Recovered)> {
        let (session, recovered) = Session::recover(storage, config, strategies, now)?;
        Ok((Self::around(session), recovered))
    }

    fn around(session: Session<S>) -> Self {
        let session_now = session.engine().now();
        // A message that cannot be read must not take those beside it along.
        let mut policy = QualityPolicy::default();
        policy.set(Fault::Malformed, Policy::Drop);
        let prefix = format!("tw-{}", &session.log().id().to_string()[..12]);
        Self {
            session,
            names: Names::new(prefix),
            early: BTreeMap::new(),
            decoder: AlpacaDecoder::new(Format::Auto, policy),
            batches: Batches::default(),
            ids: Vec::new(),
            legs: Vec::new(),
            announced: VecDeque::new(),
            requests: VecDeque::new(),
            notices: VecDeque::new(),
            out: Vec::new(),
            tally: Tally::default(),
            now: session_now,
            follows_data: false,
        }
    }

    /// Let event time be that of the newest data, for a venue that plays a day of the past; what the shell says of the time is then
    /// only when inputs were received.
    #[must_use]
    pub const fn following_data(mut self, follows: bool) -> Self {
        self.follows_data = follows;
        self
    }

    /// Make a snapshot after every so many steps.
    #[must_use]
    pub fn snapshot_every(mut self, steps: u64) -> Self {
        self.session = self.session.snapshot_every(steps);
        self
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine {
        self.session.engine()
    }

    /// The session.
    pub const fn session(&self) -> &Session<S> {
        &self.session
    }

    /// What it has seen.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Event time of an input that comes at `now`: never back.
    fn at(&mut self, now: Timestamp) -> Timestamp {
        self.now = self.now.max(if self.follows_data { self.session.engine().now() } else { now });
        self.now
    }

    fn step(&mut self, input: &Input, now: Timestamp) -> Result<()> {
        self.session.step(input, now).map(|_| ())
    }

    /// Begin in RECONCILING at `at`, which may lie before `now`: history may be shown to the strategies first.
    pub fn start(&mut self, at: Timestamp, now: Timestamp) -> Result<()> {
        self.step(&Input::Start { at, reconcile: true }, now)
    }

    /// A frame of market data as it came from the socket; what it says besides events.
    pub fn on_frame(&mut self, frame: &[u8], now: Timestamp) -> Result<Vec<Control>> {
        self.tally.frames += 1;
        self.batches.clear();
        self.decoder.push(frame, Some(now), &mut self.batches)?;
        let controls = self.decoder.take_controls();
        if !self.batches.is_empty() {
            let data = self.batches.take();
            let outcome = self.show_frame(&data, now);
            self.batches.reuse(data);
            outcome?;
        }
        Ok(controls)
    }

    /// Events of the decoder, whose symbol table only grows.
    fn show_frame(&mut self, data: &MarketData, now: Timestamp) -> Result<()> {
        for symbol in &data.instruments.symbols()[self.ids.len()..] {
            self.ids.push(self.session.engine().instruments().get(symbol));
        }
        let ids = std::mem::take(&mut self.ids);
        let outcome = self.show_as(data, &ids, now);
        self.ids = ids;
        outcome
    }

    /// Market data of another source, such as history: its events in order of time.
    pub fn show<'a>(&mut self, data: impl Into<View<'a>>, now: Timestamp) -> Result<()> {
        let view = data.into();
        let instruments = self.session.engine().instruments();
        let ids: Vec<_> = view.instruments().symbols().iter().map(|symbol| instruments.get(symbol)).collect();
        self.show_as(view, &ids, now)
    }

    fn show_as<'a>(&mut self, data: impl Into<View<'a>>, ids: &[Option<InstrumentId>], now: Timestamp) -> Result<()> {
        let view = data.into();
        let mut bands = Self::bands(&view, ids);
        let mut merge = Merge::with(view, Timestamp::MIN, Timestamp::MAX, Kinds { book: true, statuses: true })?;
        while let Some(mut event) = merge.next() {
            while bands.front().is_some_and(|band| band.ts <= event.ts()) {
                self.take_band(&mut bands, now)?;
            }
            let Some(id) = ids.get(event.instrument().index()).copied().flatten() else {
                self.tally.strangers += 1;
                continue;
            };
            event.set_instrument(id);
            if Self::wants(&event) {
                self.tally.events += 1;
                self.act_until(event.ts(), now)?;
                self.wake_until(event.ts(), now)?;
                self.step(&Input::Market(event), now)?;
            }
        }
        while !bands.is_empty() {
            self.take_band(&mut bands, now)?;
        }
        Ok(())
    }

    /// What is due at a moment comes before its market events, as in a backtest.
    fn wake_until(&mut self, at: Timestamp, now: Timestamp) -> Result<()> {
        while self.session.engine().next_wake() <= at {
            let due = self.session.engine().next_wake();
            self.step(&Input::Wake(due), now)?;
        }
        Ok(())
    }

    /// Price bands of instruments that are traded here, by time.
    fn bands(view: &View<'_>, ids: &[Option<InstrumentId>]) -> VecDeque<PriceBand> {
        let mut found: Vec<PriceBand> = Vec::new();
        for part in view.parts() {
            for batch in &part.data.bands {
                let own = (0..batch.len()).map(|row| batch.get(row)).filter_map(|band| {
                    let instrument = ids.get(part.id(band.instrument).index()).copied().flatten()?;
                    Some(PriceBand { instrument, ..band })
                });
                found.extend(own);
            }
        }
        found.sort_by_key(|band| band.ts);
        found.into()
    }

    fn take_band(&mut self, bands: &mut VecDeque<PriceBand>, now: Timestamp) -> Result<()> {
        let Some(band) = bands.pop_front() else { return Ok(()) };
        self.tally.events += 1;
        self.act_until(band.ts, now)?;
        self.wake_until(band.ts, now)?;
        self.step(&Input::Band(band), now)
    }

    /// Corrected and daily bars repeat what was said before: they are for charts, not for strategies.
    fn wants(event: &MarketEvent) -> bool {
        use crate::event::{FLAG_DAILY, FLAG_UPDATED};
        !matches!(event, MarketEvent::Bar(bar) if bar.flags & (FLAG_DAILY | FLAG_UPDATED) != 0)
    }

    /// When [`Self::wake`] is due.
    pub fn next_wake(&self) -> Timestamp {
        let acts = self.announced.front().map_or(Timestamp::MAX, |action| action.ts);
        self.session.engine().next_wake().min(acts)
    }

    /// The time is `now`: corporate actions take effect, timers fire and bars end.
    pub fn wake(&mut self, now: Timestamp) -> Result<()> {
        let at = self.at(now);
        self.act_until(at, now)?;
        self.step(&Input::Wake(at), now)
    }

    /// An operator's command.
    pub fn command(&mut self, command: Command, by: &str, why: &str, now: Timestamp) -> Result<()> {
        let at = self.at(now);
        self.step(&Input::Command(Instruction { at, command, by: by.into(), why: why.into() }), now)
    }

    /// Something outside is not as it must be.
    pub fn alarm(&mut self, kind: AlarmKind, why: &str, now: Timestamp) -> Result<()> {
        let at = self.at(now);
        self.step(&Input::Alarm(Alarm { at, kind, why: why.into() }), now)
    }

    /// New limits.
    pub fn set_limits(&mut self, limits: RiskLimits, by: &str, now: Timestamp) -> Result<()> {
        let at = self.at(now);
        self.step(&Input::Limits { at, limits: Box::new(limits), by: by.into() }, now)
    }

    /// End: every strategy's `on_stop`.
    pub fn stop(&mut self, now: Timestamp) -> Result<()> {
        let at = self.at(now);
        self.step(&Input::Stop(at), now)
    }

    /// True while outputs wait for the disk.
    pub fn is_waiting(&self) -> bool {
        self.session.held() > 0
    }

    /// Make what happened durable by the journal's policy, and hand out the requests and notices that are.
    pub fn commit(&mut self, now: Timestamp) -> Result<()> {
        let mut out = std::mem::take(&mut self.out);
        let outcome = self.session.commit(now, &mut out);
        self.hand_out(&mut out, now);
        self.out = out;
        outcome
    }

    /// The same, durable whatever the policy.
    pub fn sync(&mut self, now: Timestamp) -> Result<()> {
        let mut out = std::mem::take(&mut self.out);
        let outcome = self.session.sync(&mut out);
        self.hand_out(&mut out, now);
        self.out = out;
        outcome
    }

    /// Write what happened, for another thread to make it durable: run what this gives, then tell [`Self::end_sync`].
    pub fn begin_sync(&mut self) -> Result<Option<(DetachedSync, u64)>> {
        self.session.begin_sync()
    }

    /// A sync ended: hand out what is durable by it.
    pub fn end_sync(&mut self, through: u64, outcome: std::io::Result<()>, now: Timestamp) -> Result<()> {
        let mut out = std::mem::take(&mut self.out);
        let ended = self.session.end_sync(through, outcome, &mut out);
        self.hand_out(&mut out, now);
        self.out = out;
        ended
    }

    fn hand_out(&mut self, out: &mut Vec<Output>, now: Timestamp) {
        for output in out.drain(..) {
            if let Output::Order(command) = &output {
                self.ask(command);
            }
            if self.notices.len() < NOTICES_MAX {
                self.notices.push_back(Notice { at: now, output });
            }
        }
    }

    /// The next request for the broker.
    pub fn take_request(&mut self) -> Option<Request> {
        let request = self.requests.pop_front()?;
        self.tally.requests += 1;
        Some(request)
    }

    /// The next notice.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// Orders of which the broker must be asked, with the ids that it knows them by.
    pub fn in_doubt(&self) -> Vec<(OrderId, String)> {
        let engine = self.session.engine();
        let is_new = |id: &OrderId| engine.orders().get(*id).is_some_and(|o| o.status() == OrderStatus::PendingNew);
        let in_doubt = self.session.in_doubt();
        let (unheard, changing): (Vec<_>, Vec<_>) = in_doubt.into_iter().partition(is_new);
        changing.into_iter().chain(unheard).map(|id| (id, self.client_id(id))).collect()
    }

    /// Orders of which a fill is known and one before it is not: [`Self::settle`] them.
    pub fn gapped(&self) -> impl Iterator<Item = OrderId> {
        self.early.keys().copied()
    }

    /// True when orders may leave.
    pub fn is_running(&self) -> bool {
        matches!(self.session.engine().state(), EngineState::Running | EngineState::ReduceOnly)
    }

    /// Make everything durable and end with a checkpoint.
    pub fn close(self) -> Result<S> {
        self.session.close(&mut Vec::new())
    }
}

#[cfg(test)]
mod tests;
