//! The live node for Python: bytes in, requests and notices out. Sockets, clock and retries are Python's.

use crate::backtest::{boxed_strategies, engine_config};
use crate::data::MarketData;
use crate::errors::{call, call_attached, to_py};
use crate::journal::{files, new_files, signing_key, tail_dict};
use crate::node_rows::{controls, notice_dict, order_dict, price_dict, request_dict, strategy_dict};
use crate::risk::PyKillSwitch;
use crate::settings::{item, limits};
use crate::strategy::Failure;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tickwright_core::engine::{AlarmKind, Command, EngineConfig, Isolation, Trust};
use tickwright_core::journal::{Chain, DetachedSync, Files, JournalId, Log, LogConfig, SyncPolicy};
use tickwright_core::live::{Heard, Node as Core, RequestKind};
use tickwright_core::order::{Order, OrderRequest, TimeInForce};
use tickwright_core::session::Setup;
use tickwright_core::strategy::{Intent, Operator, Spare, SparePlace, Strategy};
use tickwright_core::types::{Error, InstrumentId, Instruments, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use tickwright_core::venue::Sources;

/// A session between Alpaca's wires, and its journal.
#[pyclass(module = "tickwright._core")]
pub(crate) struct Node {
    /// None once closed. Never waited for: every method has the node to itself.
    live: Mutex<Option<Core<Files>>>,
    failure: Failure,
    /// Strategies in Python need the interpreter at every event.
    python: bool,
    /// Places for strategies that are added while it runs.
    places: Vec<SparePlace>,
    sources: Vec<Sources>,
    symbols: Vec<String>,
}

/// The number of an order by hand, and the code, scope and sentence of its refusal.
type ByHand = (Option<u64>, Option<(String, String, String)>);

/// Places for strategies that are added while a node runs.
const SPARES: usize = 4;

/// The strategies of a node: those given, that of orders by hand, and places for those that come later.
fn with_places(mut strategies: Vec<Box<dyn Strategy>>) -> (Vec<Box<dyn Strategy>>, Vec<SparePlace>) {
    strategies.push(Box::new(Operator));
    let mut places = Vec::new();
    for number in 1..=SPARES {
        let (spare, place) = Spare::new(number);
        strategies.push(Box::new(spare));
        places.push(place);
    }
    (strategies, places)
}

/// A sync of the journal that another thread runs.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct SyncTask {
    detached: DetachedSync,
    through: u64,
    outcome: Mutex<Option<std::io::Result<()>>>,
}

#[pymethods]
impl SyncTask {
    /// Make durable; other Python threads go on meanwhile. Whether it could be, `end_sync` tells.
    fn run(&self, py: Python<'_>) {
        let outcome = py.detach(|| self.detached.run());
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }
}

fn ns(at: i64) -> Timestamp {
    Timestamp::from_nanos(at)
}

fn log_config(durability: &str, group_ms: u32, checkpoint_every: u64, key: Option<&[u8]>) -> Result<LogConfig> {
    let policy = match durability {
        "always" => SyncPolicy::Always,
        "group" => SyncPolicy::Group { ms: group_ms },
        "os" => SyncPolicy::Os,
        other => return Err(Error::config("durability", format!("{other:?} is not known; choose always, group or os"))),
    };
    // The shell syncs groups from another thread. A new segment is made on the engine's, so they are long.
    let (syncs_beside, segment_bytes) = (true, 256 << 20);
    let key = key.map(signing_key).transpose()?;
    Ok(LogConfig { policy, checkpoint_every, key, syncs_beside, segment_bytes, ..LogConfig::default() })
}

fn sources(kinds: &[String]) -> Sources {
    let has = |kind: &str| kinds.iter().any(|k| k == kind);
    Sources { quotes: has("quotes"), trades: has("trades"), bars: has("bars"), book: has("orderbooks"), auctions: false }
}

fn command(name: &str, strategy: Option<u16>) -> Result<Command> {
    let of = |make: fn(StrategyId) -> Command| {
        let id = strategy.ok_or_else(|| Error::config("command", format!("{name} needs the number of a strategy")));
        id.map(|id| make(StrategyId(id)))
    };
    Ok(match name {
        "reconcile" => Command::Reconcile,
        "run" => Command::Run,
        "pause" => Command::Pause,
        "reduce_only" => Command::ReduceOnly,
        "safe_mode" => Command::SafeMode,
        "halt" => Command::Halt,
        "flatten" => Command::Flatten,
        "cancel_all" => Command::CancelAll,
        "maintain" => Command::Maintain,
        "shutdown" => Command::Shutdown,
        "isolate" => of(Command::Isolate)?,
        "reinstate" => of(Command::Reinstate)?,
        _ => {
            return Err(Error::config(
                "command",
                format!(
                    "{name:?} is not known; choose reconcile, run, pause, reduce_only, safe_mode, halt, flatten, cancel_all, maintain, shutdown, isolate or reinstate"
                ),
            ));
        }
    })
}

fn alarm(name: &str) -> Result<AlarmKind> {
    use AlarmKind as A;
    let all = [A::StaleData, A::BrokerDisconnected, A::ReconciliationDifference, A::JournalNotDurable, A::ClockSkew, A::QueueOverflow];
    all.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| {
        let names = all.map(AlarmKind::as_str).join(", ");
        Error::config("alarm", format!("{name:?} is not known; choose {names}"))
    })
}

fn heard(heard: Heard) -> (&'static str, Option<u64>) {
    match heard {
        Heard::Order(id) => ("order", Some(id.0)),
        Heard::Foreign => ("foreign", None),
        Heard::Other => ("other", None),
    }
}

impl Node {
    fn inner(&mut self) -> &mut Option<Core<Files>> {
        self.live.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn core(&mut self) -> Result<&Core<Files>> {
        self.inner().as_ref().ok_or_else(|| Error::data("node", "is closed; start it again from its journal"))
    }

    /// Run `f` on the node; other Python threads go on meanwhile where no strategy is Python's.
    fn run<T: Send>(&mut self, py: Python<'_>, f: impl FnOnce(&mut Core<Files>) -> Result<T> + Send) -> PyResult<T> {
        let node = self.live.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut();
        let act = move || f(node.ok_or_else(|| Error::data("node", "is closed; start it again from its journal"))?);
        let outcome = if self.python { call_attached(act) } else { call(py, act) };
        // What a strategy raised was recorded as its fault; only what ends the process is passed on.
        let raised = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        match raised {
            Some(error) if !error.is_instance_of::<pyo3::exceptions::PyException>(py) => Err(error),
            _ => outcome,
        }
    }

    /// What an operator asks for by hand: the number of the order that it makes, and the code, scope and sentence of its refusal.
    fn by_hand(&mut self, py: Python<'_>, intent: Intent, strategy: u16, by: &str, why: &str, now_ns: i64) -> PyResult<ByHand> {
        let (made, refused) = self.run(py, |node| node.by_hand(StrategyId(strategy), intent, by, why, ns(now_ns)))?;
        let risk = self.core().map_err(to_py)?.engine().risk();
        let said = refused.map(|record| {
            let refusal = record.refusal;
            (refusal.code.as_str().to_owned(), risk.scope_name(refusal.scope).to_owned(), refusal.to_string())
        });
        Ok((made.map(|id| id.0), said))
    }
}

fn qty(dict: &Bound<'_, PyDict>) -> PyResult<Option<Qty>> {
    item::<String>(dict, "qty")?.map(|text| Qty::parse(text.as_bytes())).transpose().map_err(to_py)
}

fn price(dict: &Bound<'_, PyDict>, key: &str) -> PyResult<Option<Price>> {
    item::<String>(dict, key)?.map(|text| Price::parse(text.as_bytes())).transpose().map_err(to_py)
}

/// An order that Python gives, numbers as decimal text.
fn order_request(core: &Core<Files>, dict: &Bound<'_, PyDict>) -> PyResult<OrderRequest> {
    let text = |key: &str| item::<String>(dict, key).map(Option::unwrap_or_default);
    let symbol = text("symbol")?;
    let instruments = core.engine().instruments();
    let instrument = instruments.get(&symbol).ok_or_else(|| {
        to_py(Error::config("symbol", format!("{symbol:?} is not traded here; there are {}", instruments.symbols().join(", "))))
    })?;
    let side = match text("side")?.as_str() {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        other => return Err(to_py(Error::config("side", format!("{other:?} is not known; use buy or sell")))),
    };
    let (limit, stop) = (price(dict, "limit_price")?, price(dict, "stop_price")?);
    let (kind, told) = (OrderRequest::kind_of(limit, stop), text("type")?);
    if kind.as_str() != told {
        let why = format!("is {told:?}, and with the prices given it is {:?}; choose market, limit, stop or stop_limit", kind.as_str());
        return Err(to_py(Error::config("type", why)));
    }
    Ok(OrderRequest {
        kind,
        tif: TimeInForce::parse(&text("time_in_force")?).map_err(to_py)?,
        limit,
        stop,
        extended_hours: item::<bool>(dict, "extended_hours")?.unwrap_or_default(),
        ..OrderRequest::market(instrument, side, qty(dict)?.unwrap_or(Qty::ZERO))
    })
}

/// What strategies and engine of a node are made of.
struct Made {
    config: EngineConfig,
    instruments: Instruments,
    sources: Vec<Sources>,
}

#[pymethods]
impl Node {
    /// A node in a new journal.
    #[staticmethod]
    #[pyo3(signature = (folder, symbols, kinds, strategies, *, cash, risk, account, venue, mark, max_requests_per_moment, durability, group_ms, checkpoint_every, snapshot_every, key, id, follows_data, now_ns))]
    #[allow(clippy::too_many_arguments, reason = "settings of one node, by keyword in Python")]
    fn create(
        py: Python<'_>,
        folder: PathBuf,
        symbols: Vec<String>,
        kinds: Vec<Vec<String>>,
        strategies: &Bound<'_, PyList>,
        cash: f64,
        risk: &Bound<'_, PyDict>,
        account: &Bound<'_, PyDict>,
        venue: &Bound<'_, PyDict>,
        mark: &str,
        max_requests_per_moment: u32,
        durability: &str,
        group_ms: u32,
        checkpoint_every: u64,
        snapshot_every: u64,
        key: Option<Vec<u8>>,
        id: [u8; 16],
        follows_data: bool,
        now_ns: i64,
    ) -> PyResult<Self> {
        let mut instruments = Instruments::default();
        for symbol in &symbols {
            instruments.intern(symbol).map_err(to_py)?;
        }
        let made = Made {
            config: EngineConfig {
                trust: Trust::Wire,
                isolation: Some(Isolation::default()),
                ..engine_config(cash, risk, account, venue, mark, max_requests_per_moment)?
            },
            instruments,
            sources: kinds.iter().map(|kinds| sources(kinds)).collect(),
        };
        let failure: Failure = Arc::new(Mutex::new(None));
        let (strategies, python) = boxed_strategies(py, strategies, &made.sources, &symbols, &failure)?;
        let (strategies, places) = with_places(strategies);
        let sources = made.sources.clone();
        let log = log_config(durability, group_ms, checkpoint_every, key.as_deref()).map_err(to_py)?;
        let node = call_attached(|| {
            let Made { config, instruments, sources } = made;
            let log = Log::create(new_files(&folder)?, log, JournalId(id))?;
            let node = Core::create(log, Setup { config, instruments, sources, strategies }, ns(now_ns))?;
            Ok(node.snapshot_every(snapshot_every).following_data(follows_data))
        })?;
        Ok(Self { live: Mutex::new(Some(node)), failure, python, places, sources, symbols })
    }

    /// The node of a journal as it was when it last ended, however it ended, and what was found.
    #[staticmethod]
    #[pyo3(signature = (folder, symbols, kinds, strategies, *, added, durability, group_ms, checkpoint_every, snapshot_every, key, follows_data, now_ns))]
    #[allow(clippy::too_many_arguments, reason = "settings of one node, by keyword in Python")]
    fn recover<'py>(
        py: Python<'py>,
        folder: PathBuf,
        symbols: Vec<String>,
        kinds: Vec<Vec<String>>,
        strategies: &Bound<'_, PyList>,
        added: &Bound<'_, PyList>,
        durability: &str,
        group_ms: u32,
        checkpoint_every: u64,
        snapshot_every: u64,
        key: Option<Vec<u8>>,
        follows_data: bool,
        now_ns: i64,
    ) -> PyResult<(Self, Bound<'py, PyDict>)> {
        let failure: Failure = Arc::new(Mutex::new(None));
        let sources: Vec<Sources> = kinds.iter().map(|kinds| sources(kinds)).collect();
        let (strategies, python) = boxed_strategies(py, strategies, &sources, &symbols, &failure)?;
        let (strategies, places) = with_places(strategies);
        let (added, added_python) = boxed_strategies(py, added, &sources, &symbols, &failure)?;
        for (place, strategy) in places.iter().zip(added) {
            place.put(strategy);
        }
        let log = log_config(durability, group_ms, checkpoint_every, key.as_deref()).map_err(to_py)?;
        let (node, recovered) = call_attached(|| {
            let (node, recovered) = Core::recover(files(&folder)?, log, strategies, ns(now_ns))?;
            let there = node.engine().instruments().symbols();
            if there != symbols.as_slice() {
                let why = format!("trades {}, and the settings name {}; start a new one", there.join(", "), symbols.join(", "));
                return Err(Error::config(format!("journal {}", folder.display()), why));
            }
            Ok((node.snapshot_every(snapshot_every).following_data(follows_data), recovered))
        })?;
        let found = PyDict::new(py);
        found.set_item("steps", recovered.steps)?;
        found.set_item("unsent", recovered.unsent)?;
        found.set_item("records", recovered.log.records)?;
        let in_doubt: Vec<_> = recovered.in_doubt.iter().map(|&id| (id.0, node.client_id(id))).collect();
        found.set_item("in_doubt", in_doubt)?;
        found.set_item("cut", tail_dict(py, recovered.log.cut.as_ref())?)?;
        let python = python || added_python;
        Ok((Self { live: Mutex::new(Some(node)), failure, python, places, sources, symbols }, found))
    }

    /// Begin in RECONCILING; event time starts at `at_ns`.
    fn start(&mut self, py: Python<'_>, at_ns: i64, now_ns: i64) -> PyResult<()> {
        self.run(py, |node| node.start(ns(at_ns), ns(now_ns)))
    }

    /// A frame of market data.
    fn on_frame<'py>(&mut self, py: Python<'py>, frame: &[u8], now_ns: i64) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let found = self.run(py, |node| node.on_frame(frame, ns(now_ns)))?;
        if found.is_empty() { Ok(Vec::new()) } else { controls(py, found) }
    }

    /// Market data that were read elsewhere, such as history.
    fn show(&mut self, py: Python<'_>, data: &Bound<'_, MarketData>, now_ns: i64) -> PyResult<()> {
        let joined = Arc::clone(data.get().joined());
        self.run(py, move |node| node.show(&*joined, ns(now_ns)))
    }

    /// Announce corporate actions, in place of those that wait; those due by `until_ns` take effect now. How many wait.
    fn announce(&mut self, py: Python<'_>, data: &Bound<'_, MarketData>, until_ns: i64, now_ns: i64) -> PyResult<usize> {
        let joined = Arc::clone(data.get().joined());
        self.run(py, move |node| node.announce(&*joined, ns(until_ns), ns(now_ns)))
    }

    /// A message of the stream of trade updates.
    fn on_update(&mut self, py: Python<'_>, message: &[u8], now_ns: i64) -> PyResult<(&'static str, Option<u64>)> {
        self.run(py, |node| node.on_update(message, ns(now_ns))).map(heard)
    }

    /// The broker's answer to a request: an order.
    fn on_answer(&mut self, py: Python<'_>, order: &[u8]) -> PyResult<(&'static str, Option<u64>)> {
        self.run(py, |node| node.on_answer(order)).map(heard)
    }

    /// A fill from the list of activities.
    fn on_activity(&mut self, py: Python<'_>, activity: &[u8], now_ns: i64) -> PyResult<(&'static str, Option<u64>)> {
        self.run(py, |node| node.on_activity(activity, ns(now_ns))).map(heard)
    }

    /// The broker's own record of an order, newer than every request about it.
    fn settle(&mut self, py: Python<'_>, order: &[u8], now_ns: i64) -> PyResult<(&'static str, Option<u64>)> {
        self.run(py, |node| node.settle(order, ns(now_ns))).map(heard)
    }

    /// The broker does not know this order.
    fn absent(&mut self, py: Python<'_>, order: u64, now_ns: i64) -> PyResult<()> {
        self.run(py, |node| node.absent(OrderId(order), ns(now_ns)))
    }

    /// The broker never got this order: ask again under the same id.
    fn submit_again(&mut self, py: Python<'_>, order: u64) -> PyResult<()> {
        self.run(py, |node| node.submit_again(OrderId(order)))
    }

    /// The broker refused a request of this kind.
    #[pyo3(signature = (kind, order, old, now_ns))]
    fn refused(&mut self, py: Python<'_>, kind: &str, order: u64, old: Option<u64>, now_ns: i64) -> PyResult<()> {
        let kind = match (kind, old) {
            ("submit", _) => RequestKind::Submit,
            ("replace", Some(old)) => RequestKind::Replace { old: OrderId(old), broker_id: String::new() },
            ("cancel", _) => RequestKind::Cancel { broker_id: String::new() },
            _ => return Err(to_py(Error::config("kind", format!("{kind:?} is no kind of request")))),
        };
        self.run(py, move |node| node.refused(&kind, OrderId(order), ns(now_ns)))
    }

    /// When `wake` is due, nanoseconds; far in the future where nothing waits.
    #[getter]
    fn next_wake_ns(&mut self) -> PyResult<i64> {
        Ok(self.core().map_err(to_py)?.next_wake().nanos())
    }

    fn wake(&mut self, py: Python<'_>, now_ns: i64) -> PyResult<()> {
        self.run(py, |node| node.wake(ns(now_ns)))
    }

    /// An operator's command.
    #[pyo3(signature = (name, by, why, now_ns, strategy=None))]
    fn command(&mut self, py: Python<'_>, name: &str, by: &str, why: &str, now_ns: i64, strategy: Option<u16>) -> PyResult<()> {
        let command = command(name, strategy).map_err(to_py)?;
        self.run(py, |node| node.command(command, by, why, ns(now_ns)))
    }

    /// Something outside is not as it must be.
    fn alarm(&mut self, py: Python<'_>, kind: &str, why: &str, now_ns: i64) -> PyResult<()> {
        let kind = alarm(kind).map_err(to_py)?;
        self.run(py, |node| node.alarm(kind, why, ns(now_ns)))
    }

    /// New limits, all of them.
    fn set_limits(&mut self, py: Python<'_>, risk: &Bound<'_, PyDict>, by: &str, now_ns: i64) -> PyResult<()> {
        let limits = limits(risk)?;
        self.run(py, |node| node.set_limits(limits, by, ns(now_ns)))
    }

    /// Every strategy's `on_stop`.
    fn stop(&mut self, py: Python<'_>, now_ns: i64) -> PyResult<()> {
        self.run(py, |node| node.stop(ns(now_ns)))
    }

    /// Make what happened durable by the journal's policy; true while something waits for the disk still.
    fn commit(&mut self, py: Python<'_>, now_ns: i64) -> PyResult<bool> {
        self.run(py, |node| node.commit(ns(now_ns)).map(|()| node.is_waiting()))
    }

    /// The same, durable whatever the policy.
    fn sync(&mut self, py: Python<'_>, now_ns: i64) -> PyResult<()> {
        self.run(py, |node| node.sync(ns(now_ns)))
    }

    /// Write what happened, for another thread to make it durable: call `run` of what this gives there, then `end_sync`; none where all is
    /// durable.
    fn begin_sync(&mut self, py: Python<'_>) -> PyResult<Option<SyncTask>> {
        let begun = self.run(py, Core::begin_sync)?;
        Ok(begun.map(|(detached, through)| SyncTask { detached, through, outcome: Mutex::new(None) }))
    }

    /// A sync ended: what is durable by it can be taken.
    fn end_sync(&mut self, py: Python<'_>, task: &SyncTask, now_ns: i64) -> PyResult<()> {
        let outcome = task.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        let outcome = outcome.unwrap_or_else(|| Err(std::io::Error::other("the sync was never run")));
        self.run(py, |node| node.end_sync(task.through, outcome, ns(now_ns)))
    }

    /// True while outputs wait for a commit.
    #[getter]
    fn is_waiting(&mut self) -> PyResult<bool> {
        Ok(self.core().map_err(to_py)?.is_waiting())
    }

    /// Requests for the broker whose records are durable, in order.
    fn take_requests<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let Some(node) = self.inner().as_mut() else { return Ok(Vec::new()) };
        std::iter::from_fn(|| node.take_request()).map(|request| request_dict(py, &request)).collect()
    }

    /// Fills, refusals, changes of state and faults, in order.
    fn take_notices<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let Some(node) = self.inner().as_mut() else { return Ok(Vec::new()) };
        let mut dicts = Vec::new();
        while let Some(notice) = node.take_notice() {
            dicts.extend(notice_dict(py, node, notice.at, &notice.output)?);
        }
        Ok(dicts)
    }

    /// Orders of which the broker must be asked: id and `client_order_id`.
    fn in_doubt(&mut self) -> PyResult<Vec<(u64, String)>> {
        Ok(self.core().map_err(to_py)?.in_doubt().into_iter().map(|(id, name)| (id.0, name)).collect())
    }

    /// Orders of which a fill is known and one before it is not.
    fn gapped(&mut self) -> PyResult<Vec<u64>> {
        Ok(self.core().map_err(to_py)?.gapped().map(|id| id.0).collect())
    }

    /// The broker's id of an order, once it is known.
    fn broker_id(&mut self, order: u64) -> PyResult<Option<String>> {
        Ok(self.core().map_err(to_py)?.broker_id(OrderId(order)).map(str::to_owned))
    }

    /// Open orders, or all.
    #[pyo3(signature = (open_only=true))]
    fn orders<'py>(&mut self, py: Python<'py>, open_only: bool) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let core = self.core().map_err(to_py)?;
        let orders = core.engine().orders();
        let chosen = orders.all().filter(|o| !open_only || !o.status().is_terminal());
        chosen.map(|order| order_dict(py, core, order)).collect()
    }

    /// At most `limit` orders with numbers below `before`, newest first.
    #[pyo3(signature = (before, limit, open_only, strategy, symbol))]
    fn order_page<'py>(
        &mut self,
        py: Python<'py>,
        before: Option<u64>,
        limit: usize,
        open_only: bool,
        strategy: Option<u16>,
        symbol: Option<&str>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let core = self.core().map_err(to_py)?;
        let orders = core.engine().orders();
        let instrument = symbol.map(|symbol| core.engine().instruments().get(symbol));
        let fits = |o: &&Order| {
            !(open_only && o.status().is_terminal())
                && strategy.is_none_or(|s| o.strategy.0 == s)
                && instrument.is_none_or(|i| i == Some(o.instrument))
        };
        let next = before.unwrap_or(u64::MAX).min(orders.next_id().0);
        let mut newest = (0..next).rev().filter_map(|id| orders.get(OrderId(id)));
        if open_only {
            let mut ids: Vec<_> = orders.open().iter().copied().filter(|id| id.0 < next).collect();
            ids.sort_unstable_by(|a, b| b.cmp(a));
            return ids.iter().filter_map(|id| orders.get(*id)).filter(fits).take(limit).map(|o| order_dict(py, core, o)).collect();
        }
        newest.by_ref().filter(fits).take(limit).map(|order| order_dict(py, core, order)).collect()
    }

    /// An order by its number, if there is such a one.
    fn order<'py>(&mut self, py: Python<'py>, order: u64) -> PyResult<Option<Bound<'py, PyDict>>> {
        let core = self.core().map_err(to_py)?;
        core.engine().orders().get(OrderId(order)).map(|order| order_dict(py, core, order)).transpose()
    }

    /// The number of the order that goes by this `client_order_id`.
    fn order_of(&mut self, client_order_id: &str) -> PyResult<Option<u64>> {
        Ok(self.core().map_err(to_py)?.by_client_id(client_order_id).map(|id| id.0))
    }

    /// Orders that changed since this was last called; see `watch_orders`.
    fn take_changed<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let Some(core) = self.inner().as_mut() else { return Ok(Vec::new()) };
        let ids = core.take_changed();
        ids.iter().filter_map(|id| core.engine().orders().get(*id)).map(|order| order_dict(py, core, order)).collect()
    }

    /// Keep which orders change.
    fn watch_orders(&mut self, watch: bool) -> PyResult<()> {
        self.core().map_err(to_py)?;
        if let Some(core) = self.inner().as_mut() {
            core.watch_orders(watch);
        }
        Ok(())
    }

    /// Send an order by hand, in the name of a strategy: its number, and the code, scope and sentence of its refusal.
    fn submit_by_hand(
        &mut self,
        py: Python<'_>,
        order: &Bound<'_, PyDict>,
        strategy: u16,
        by: &str,
        why: &str,
        now_ns: i64,
    ) -> PyResult<ByHand> {
        let request = order_request(self.core().map_err(to_py)?, order)?;
        let intent = match item::<String>(order, "client_order_id")? {
            Some(name) => Intent::SubmitNamed { request, client_order_id: name.into() },
            None => Intent::Submit(request),
        };
        self.by_hand(py, intent, strategy, by, why, now_ns)
    }

    /// Ask to cancel an order by hand.
    fn cancel_by_hand(&mut self, py: Python<'_>, order: u64, strategy: u16, by: &str, why: &str, now_ns: i64) -> PyResult<()> {
        self.by_hand(py, Intent::Cancel(OrderId(order)), strategy, by, why, now_ns).map(|_| ())
    }

    /// Replace an order by hand: as `submit_by_hand`.
    #[allow(clippy::too_many_arguments, reason = "named in Python")]
    fn replace_by_hand(
        &mut self,
        py: Python<'_>,
        order: u64,
        change: &Bound<'_, PyDict>,
        strategy: u16,
        by: &str,
        why: &str,
        now_ns: i64,
    ) -> PyResult<ByHand> {
        let (qty, limit, stop) = (qty(change)?, price(change, "limit_price")?, price(change, "stop_price")?);
        self.by_hand(py, Intent::Replace { order: OrderId(order), qty, limit, stop, trail: None }, strategy, by, why, now_ns)
    }

    /// (check, code, scope, value, limit, passes, sentence of the refusal) of every check that is on, for an order that is not sent.
    #[allow(clippy::type_complexity, reason = "one row of a table, taken apart in Python")]
    fn explain(
        &mut self,
        order: &Bound<'_, PyDict>,
        strategy: u16,
    ) -> PyResult<Vec<(&'static str, &'static str, String, f64, f64, bool, Option<String>)>> {
        let core = self.core().map_err(to_py)?;
        let request = order_request(core, order)?;
        let verdicts = core.engine().explain(StrategyId(strategy), &request).map_err(to_py)?;
        let risk = core.engine().risk();
        let row = |v: &tickwright_core::risk::Verdict| {
            let sentence = v.refusal().map(|r| r.to_string());
            (v.check.name(), v.code.as_str(), risk.scope_name(v.scope).to_owned(), v.value, v.limit, v.pass, sentence)
        };
        Ok(verdicts.iter().map(row).collect())
    }

    /// Give a strategy parameters, as JSON.
    fn set_parameters(&mut self, py: Python<'_>, strategy: u16, text: &str, by: &str, why: &str, now_ns: i64) -> PyResult<()> {
        self.run(py, |node| node.set_parameters(StrategyId(strategy), text, by, why, ns(now_ns)))
    }

    /// Put a strategy into the spare place of that index; the parameters that are then given to `spare-N` switch it on.
    fn put(&mut self, py: Python<'_>, place: usize, strategy: &Bound<'_, PyList>) -> PyResult<()> {
        let Some(spare) = self.places.get(place) else {
            let why = format!("place {place} is not there; a node has {SPARES}, and they are filled: start it with the strategy");
            return Err(to_py(Error::config("strategy", why)));
        };
        let (made, python) = boxed_strategies(py, strategy, &self.sources, &self.symbols, &self.failure)?;
        if let Some(strategy) = made.into_iter().next() {
            spare.put(strategy);
            self.python |= python;
        }
        Ok(())
    }

    /// Append a remark to the journal.
    fn note(&mut self, py: Python<'_>, text: &str, now_ns: i64) -> PyResult<()> {
        self.run(py, |node| node.note(text, ns(now_ns)))
    }

    /// Take fees out of positions of crypto, where that is why the broker holds `there` of `symbol`, a decimal.
    fn take_fee(&mut self, py: Python<'_>, symbol: &str, there: &str, now_ns: i64) -> PyResult<bool> {
        let there = Qty::parse(there.as_bytes()).map_err(to_py)?;
        self.run(py, |node| node.take_fee(symbol, there, ns(now_ns)))
    }

    /// Whether each strategy is called, how often it was, its failures and orders.
    fn strategies<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let core = self.core().map_err(to_py)?;
        let names = core.engine().strategy_names();
        names.iter().enumerate().map(|(i, name)| strategy_dict(py, core, StrategyId(i as u16), name)).collect()
    }

    /// Newest prices by symbol.
    fn prices<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let core = self.core().map_err(to_py)?;
        (0..core.engine().instruments().len() as u32).map(|i| price_dict(py, core, InstrumentId(i))).collect()
    }

    /// Positions by strategy, those that were closed again too.
    fn positions<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let core = self.core().map_err(to_py)?;
        let ledger = core.engine().ledger();
        let mut dicts = Vec::new();
        for (instrument, strategy, position) in ledger.positions() {
            let dict = PyDict::new(py);
            dict.set_item("symbol", core.engine().instruments().symbol(instrument))?;
            dict.set_item("strategy", strategy.0)?;
            dict.set_item("qty", position.qty.to_string())?;
            dict.set_item("average_price", position.average_price().to_string())?;
            dict.set_item("realized", position.realized.to_string())?;
            dict.set_item("unrealized", position.unrealized(ledger.mark_of(instrument)).to_string())?;
            dict.set_item("income", position.income.to_string())?;
            dict.set_item("fees", position.fees.to_string())?;
            dict.set_item("mark", ledger.mark_of(instrument).to_string())?;
            dicts.push(dict);
        }
        Ok(dicts)
    }

    /// Net shares of a symbol over all strategies, as a decimal.
    fn net_qty(&mut self, symbol: &str) -> PyResult<String> {
        let core = self.core().map_err(to_py)?;
        let id = core.engine().instruments().get(symbol);
        Ok(id.map_or_else(|| "0".to_owned(), |id| core.engine().ledger().net_qty(id).to_string()))
    }

    /// State and figures.
    fn status<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let core = self.core().map_err(to_py)?;
        let (engine, tally, session) = (core.engine(), core.tally(), core.session());
        let dict = PyDict::new(py);
        dict.set_item("state", engine.state().as_str())?;
        dict.set_item("now_ns", engine.now().nanos())?;
        dict.set_item("equity", engine.ledger().equity().to_string())?;
        dict.set_item("cash", engine.ledger().cash().to_string())?;
        dict.set_item("drawdown", engine.ledger().drawdown().to_string())?;
        dict.set_item("orders", engine.orders().len())?;
        dict.set_item("open_orders", engine.orders().open().len())?;
        dict.set_item("strategies", engine.strategy_names())?;
        dict.set_item("symbols", engine.instruments().symbols().to_vec())?;
        dict.set_item("journal_id", session.log().id().to_string())?;
        dict.set_item("steps", session.steps())?;
        dict.set_item("broken", session.broken())?;
        let (repeats, anomalies) = engine.report_faults();
        let counts = [
            ("frames", tally.frames),
            ("events", tally.events),
            ("strangers", tally.strangers),
            ("updates", tally.updates),
            ("foreign", tally.foreign),
            ("repeats", tally.repeats + repeats),
            ("requests", tally.requests),
            ("anomalies", anomalies),
        ];
        for (name, count) in counts {
            dict.set_item(name, count)?;
        }
        let refused: Vec<_> = engine.risk().counters().refused().map(|(code, scope, n)| (code.as_str(), scope, n)).collect();
        dict.set_item("refused", refused)?;
        dict.set_item("passed", engine.risk().counters().passed())?;
        Ok(dict)
    }

    /// BLAKE3 of the engine's state, hexadecimal.
    fn state_hash(&mut self) -> PyResult<String> {
        let core = self.core().map_err(to_py)?;
        core.engine().state_hash().map(|hash| Chain(hash).to_string()).map_err(to_py)
    }

    /// A switch that stops new orders from any thread.
    fn kill_switch(&mut self) -> PyResult<PyKillSwitch> {
        let engine = self.core().map_err(to_py)?.engine();
        Ok(PyKillSwitch::of(engine.kill_switch(), engine.strategy_names()))
    }

    /// Make everything durable and end with a checkpoint.
    fn close(&mut self, py: Python<'_>) -> PyResult<()> {
        let Some(node) = self.inner().take() else { return Ok(()) };
        if self.python { call_attached(|| node.close().map(|_| ())) } else { call(py, || node.close().map(|_| ())) }
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SyncTask>()?;
    module.add_class::<Node>()
}
