//! The run loop.

use super::digest::digest;
use super::door::Door;
use super::{Kinds, Merge};
use crate::account::AccountFigures;
use crate::engine::{Engine, EngineConfig, EngineState, Fill, Output, RefusalRecord};
use crate::event::MarketEvent;
use crate::feeds::View;
use crate::ledger::{EquityPoint, Position, RoundTrip};
use crate::order::Order;
use crate::risk::Counters;
use crate::session::Setup;
use crate::strategy::Strategy;
use crate::types::{Error, InstrumentId, Money, Price, Result, StrategyId, Timestamp};
use crate::venue::{Halts, Matching, SimVenue, Sources, VenueConfig};
use std::path::PathBuf;
use std::sync::Arc;

/// Told now and then how far a run is: events done, events in all, event time. An error it gives ends the run.
pub type Progress<'a> = dyn FnMut(u64, u64, Timestamp) -> Result<()> + 'a;

/// Settings of a backtest.
#[derive(Clone, Debug)]
pub struct BacktestConfig {
    /// The engine.
    pub engine: EngineConfig,
    /// The venue.
    pub venue: VenueConfig,
    /// First event time.
    pub start: Timestamp,
    /// Events from here on are left out.
    pub end: Timestamp,
    /// Folder of a journal to record the run in, which must hold none yet.
    pub journal: Option<PathBuf>,
    /// Equity is recorded at the last event of each interval of this length, nanoseconds.
    pub equity_every_ns: i64,
}

impl Default for BacktestConfig {
    fn default() -> Self {
        Self {
            engine: EngineConfig::default(),
            venue: VenueConfig::default(),
            start: Timestamp::MIN,
            end: Timestamp::MAX,
            journal: None,
            equity_every_ns: crate::types::MINUTE_NS,
        }
    }
}

/// The mark of an instrument at a point of the equity curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub ts: Timestamp,
    /// Of what.
    pub instrument: InstrumentId,
    /// Dollars.
    pub price: Price,
}

/// A position at the end of a run.
#[derive(Clone, Copy, Debug)]
pub struct PositionRecord {
    /// Whose.
    pub strategy: StrategyId,
    /// In what.
    pub instrument: InstrumentId,
    /// The position.
    pub position: Position,
    /// Its mark.
    pub mark: Price,
}

/// Everything a backtest gives.
#[derive(Clone, Debug, Default)]
pub struct BacktestResult {
    /// Names of the strategies by id.
    pub strategies: Vec<String>,
    /// Symbols by instrument id.
    pub symbols: Vec<String>,
    /// All orders by id, refused ones included.
    pub orders: Vec<Order>,
    /// The strategies' own ids for orders, by [`Order::client`] less one.
    pub client_ids: Vec<Box<str>>,
    /// All fills in order of booking.
    pub fills: Vec<Fill>,
    /// All refusals in order.
    pub refusals: Vec<RefusalRecord>,
    /// All round trips in order of closing.
    pub trips: Vec<RoundTrip>,
    /// The equity curve.
    pub equity: Vec<EquityPoint>,
    /// Marks at the points of the equity curve.
    pub marks: Vec<Mark>,
    /// Positions at the end.
    pub positions: Vec<PositionRecord>,
    /// Changes of the engine's state: when, to what, why.
    pub states: Vec<(Timestamp, EngineState, Arc<str>)>,
    /// Orders that passed the risk checks, and refusals by code and scope.
    pub risk: Counters,
    /// Figures of the account at the end, of one that limits anything.
    pub account: Option<AccountFigures>,
    /// Interest received less interest and borrow costs paid.
    pub accrued: Money,
    /// Market events processed.
    pub events: u64,
    /// Equity at the start.
    pub start_equity: Money,
    /// Largest fall from a peak of equity over all marks, as a fraction.
    pub max_drawdown: f64,
    /// Fees.
    pub fees: Money,
    /// Cost against the prices at the decisions.
    pub slippage: Money,
    /// Sum of the notionals of all fills.
    pub traded: Money,
    /// BLAKE3 of all orders, fills, refusals and equity points.
    pub digest: String,
    /// BLAKE3 of the engine's state at the end, where the run was recorded: what a replay of its journal gives.
    pub state_hash: Option<[u8; 32]>,
}

/// Which kinds of data each instrument has.
pub fn sources_of<'a>(data: impl Into<View<'a>>) -> Vec<Sources> {
    let view = data.into();
    let mut sources = vec![Sources::default(); view.instruments().len()];
    macro_rules! note {
        ($($kind:ident),+) => {
            $(for part in view.parts() {
                for &id in part.data.$kind.iter().flat_map(|b| &b.instrument) {
                    if let Some(s) = sources.get_mut(part.id(id).index()) {
                        s.$kind = true;
                    }
                }
            })+
        };
    }
    note!(quotes, trades, bars);
    for part in view.parts() {
        for &id in part.data.deltas.iter().flat_map(|b| &b.instrument) {
            if let Some(s) = sources.get_mut(part.id(id).index()) {
                s.book = true;
            }
        }
        for batch in part.data.trades.iter().filter(|b| !b.conditions.is_empty()) {
            for &id in &batch.instrument {
                if let Some(s) = sources.get_mut(part.id(id).index()) {
                    s.auctions = true;
                }
            }
        }
    }
    sources
}

/// Marks are recorded for every instrument up to this many; beyond it only for those that are or were held.
const MARKS_FOR_ALL: usize = 64;
const PROGRESS_EVERY: u64 = 1 << 16;

struct Recorder {
    result: BacktestResult,
    every_ns: i64,
    boundary: Timestamp,
    marked: Vec<Price>,
}

impl Recorder {
    fn sample(&mut self, engine: &Engine, at: Timestamp) {
        self.result.equity.push(engine.ledger().point(at));
        let all = self.marked.len() <= MARKS_FOR_ALL;
        for index in 0..self.marked.len() {
            let instrument = InstrumentId(index as u32);
            let price = engine.ledger().mark_of(instrument);
            if price != self.marked[index] && price.is_positive() && (all || !engine.ledger().net_qty(instrument).is_zero()) {
                self.marked[index] = price;
                self.result.marks.push(Mark { ts: at, instrument, price });
            }
        }
    }

    fn take(&mut self, venue: &mut SimVenue, outputs: &mut Vec<Output>, now: Timestamp) -> Result<()> {
        for output in outputs.drain(..) {
            match output {
                Output::Order(command) => venue.send(command, now),
                Output::Fill(fill) => {
                    let result = &mut self.result;
                    result.fees = result.fees.checked_add(fill.fee)?;
                    result.slippage = result.slippage.checked_add(fill.slippage)?;
                    result.traded = result.traded.checked_add(Money::notional(fill.price, fill.qty))?;
                    result.fills.push(fill);
                }
                Output::Trip(trip) => self.result.trips.push(trip),
                Output::Refusal(refusal) => self.result.refusals.push(refusal),
                Output::State { ts, to, why, .. } => self.result.states.push((ts, to, why)),
                Output::Limits { .. } | Output::Fault { .. } | Output::Anomaly { .. } => {}
            }
        }
        Ok(())
    }
}

fn first_moment(data: &View<'_>, config: &BacktestConfig, first: Timestamp) -> Timestamp {
    let bars = data.parts().iter().flat_map(|part| &part.data.bars);
    let bar_start = bars.filter_map(|b| b.start.get(b.ts.partition_point(|&t| t < config.start))).min();
    bar_start.map_or(first, |&s| s.min(first)).max(config.start)
}

/// Run `strategies` over `data`: one [`crate::feeds::MarketData`], or several that are [`crate::feeds::Joined`].
pub fn run<'a>(
    data: impl Into<View<'a>>,
    strategies: Vec<Box<dyn Strategy>>,
    config: &BacktestConfig,
    progress: &mut Progress<'_>,
) -> Result<BacktestResult> {
    run_view(&data.into(), strategies, config, progress)
}

fn run_view(
    data: &View<'_>,
    strategies: Vec<Box<dyn Strategy>>,
    config: &BacktestConfig,
    progress: &mut Progress<'_>,
) -> Result<BacktestResult> {
    if config.equity_every_ns <= 0 {
        return Err(Error::config("equity_every", "must be a duration above zero, such as 1m"));
    }
    if config.start >= config.end {
        return Err(Error::config("start", format!("{} is not before end {}", config.start, config.end)));
    }
    let kinds = Kinds { book: config.venue.matching == Matching::Book, statuses: config.venue.halts == Halts::Respect };
    let mut merge = Merge::with(data.clone(), config.start, config.end, kinds)?;
    let Some(first) = merge.peek() else {
        return Err(Error::data("data", "hold no events between start and end; widen the range or check the files"));
    };
    let mut sources = sources_of(data.clone());
    for source in &mut sources {
        source.book &= kinds.book;
    }
    let mut venue = SimVenue::new(config.venue.clone(), &sources)?;
    let instruments = data.instruments().clone();
    let begin = first_moment(data, config, first);
    let mut engine = match &config.journal {
        None => Door::bare(config.engine.clone(), instruments, sources, strategies)?,
        Some(folder) => Door::recorded(folder, Setup { config: config.engine.clone(), instruments, sources, strategies }, begin)?,
    };
    let total = merge.remaining() as u64;
    let mut recorder = Recorder {
        result: BacktestResult {
            strategies: engine.engine().strategy_names(),
            symbols: data.instruments().symbols().to_vec(),
            start_equity: config.engine.cash,
            ..BacktestResult::default()
        },
        every_ns: config.equity_every_ns,
        boundary: Timestamp::MIN,
        marked: vec![Price::ZERO; data.instruments().len()],
    };
    let mut outputs = Vec::new();
    engine.start(begin, &mut outputs)?;
    recorder.take(&mut venue, &mut outputs, begin)?;
    recorder.sample(engine.engine(), begin);
    recorder.boundary = begin.floor_to(recorder.every_ns).plus(recorder.every_ns);
    let (mut done, mut last) = (0_u64, begin);
    while let Some(next) = merge.peek() {
        if next >= recorder.boundary {
            if last > begin {
                recorder.sample(engine.engine(), last);
            }
            recorder.boundary = next.floor_to(recorder.every_ns).plus(recorder.every_ns);
        }
        between(&mut engine, &mut venue, &mut recorder, &mut outputs, next)?;
        merge.give(|event| on_event(&mut engine, &mut venue, &mut recorder, &mut outputs, (next, event)))?;
        last = next;
        done += 1;
        if done.is_multiple_of(PROGRESS_EVERY) {
            progress(done, total, next)?;
        }
    }
    // Whatever still happens at the last moment of the data happens; later there are no prices to see.
    between(&mut engine, &mut venue, &mut recorder, &mut outputs, last.plus(1))?;
    engine.stop(last, &mut outputs)?;
    recorder.take(&mut venue, &mut outputs, last)?;
    recorder.sample(engine.engine(), last);
    progress(done, total, last)?;
    let mut result = recorder.result;
    result.events = done;
    let (risk, ledger) = (engine.engine().risk(), engine.engine().ledger());
    result.risk = risk.counters().clone();
    result.account = risk.account().is_limited().then(|| risk.account().figures(ledger, risk.exposure().held()));
    result.accrued = ledger.accrued();
    result.max_drawdown = ledger.max_drawdown();
    result.positions = ledger
        .positions()
        .map(|(instrument, strategy, p)| PositionRecord { strategy, instrument, position: *p, mark: ledger.mark_of(instrument) })
        .collect();
    let (mut orders, state_hash) = engine.close()?;
    for (id, terms) in venue.trailing() {
        orders.note_trail(id, &terms);
    }
    (result.orders, result.client_ids) = orders.into_all();
    result.state_hash = state_hash;
    result.digest = digest(&result);
    Ok(result)
}

/// Everything that happens before the market events of `next`: commands that arrive and day orders that expire before it,
/// the reports of both, bars that end and timers that fire up to it, each in order of time.
#[inline]
fn between(engine: &mut Door, venue: &mut SimVenue, recorder: &mut Recorder, outputs: &mut Vec<Output>, next: Timestamp) -> Result<()> {
    loop {
        let wake = engine.next_wake();
        let expiry = venue.next_expiry();
        let venue_time = venue.next_arrival().min(venue.next_report()).min(expiry);
        if wake > next && venue_time >= next {
            return Ok(());
        }
        if wake <= venue_time {
            venue.advance(wake)?;
            engine.wake(wake, outputs)?;
            recorder.take(venue, outputs, wake)?;
        } else if expiry <= venue_time {
            venue.advance(expiry)?;
        } else if venue.next_arrival() <= venue.next_report() {
            let due = venue.next_arrival();
            venue.advance(due)?;
            venue.arrive()?;
        } else {
            let due = venue.next_report();
            if let Some(report) = venue.take_report(due) {
                engine.on_report(&report, outputs)?;
                recorder.take(venue, outputs, due)?;
            }
        }
    }
}

#[inline]
fn on_event(
    engine: &mut Door,
    venue: &mut SimVenue,
    recorder: &mut Recorder,
    outputs: &mut Vec<Output>,
    (now, event): (Timestamp, &MarketEvent),
) -> Result<()> {
    venue.advance(now)?;
    venue.on_market(event)?;
    while let Some(report) = venue.take_report(now) {
        engine.on_report(&report, outputs)?;
        recorder.take(venue, outputs, now)?;
    }
    engine.on_market(event, venue, outputs)?;
    if !outputs.is_empty() {
        recorder.take(venue, outputs, now)?;
    }
    Ok(())
}
