//! The live node for Python: bytes in, requests and notices out. Sockets, clock and retries are Python's.

use crate::backtest::{boxed_strategies, engine_config};
use crate::data::MarketData;
use crate::errors::{call, call_attached, to_py};
use crate::journal::{files, new_files, signing_key, tail_dict};
use crate::risk::PyKillSwitch;
use crate::settings::limits;
use crate::strategy::Failure;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tickwright_core::engine::{AlarmKind, Command, EngineConfig, Isolation, Output, Trust};
use tickwright_core::feeds::Control;
use tickwright_core::journal::{Chain, Files, JournalId, Log, LogConfig, SyncPolicy};
use tickwright_core::live::{Heard, Node as Core, Request, RequestKind};
use tickwright_core::order::Order;
use tickwright_core::session::Setup;
use tickwright_core::types::{Error, InstrumentId, Instruments, OrderId, Result, Timestamp};
use tickwright_core::venue::Sources;

/// A session between Alpaca's wires, and its journal.
#[pyclass(module = "tickwright._core")]
pub(crate) struct Node {
    /// None once closed. Never waited for: every method has the node to itself.
    live: Mutex<Option<Core<Files>>>,
    failure: Failure,
    /// Strategies in Python need the interpreter at every event.
    python: bool,
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
    Ok(LogConfig { policy, checkpoint_every, key: key.map(signing_key).transpose()?, ..LogConfig::default() })
}

fn sources(kinds: &[String]) -> Sources {
    let has = |kind: &str| kinds.iter().any(|k| k == kind);
    Sources { quotes: has("quotes"), trades: has("trades"), bars: has("bars"), book: has("orderbooks"), auctions: false }
}

fn command(name: &str, strategy: Option<u16>) -> Result<Command> {
    let of = |make: fn(tickwright_core::types::StrategyId) -> Command| {
        let id = strategy.ok_or_else(|| Error::config("command", format!("{name} needs the number of a strategy")));
        id.map(|id| make(tickwright_core::types::StrategyId(id)))
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

fn controls(py: Python<'_>, controls: Vec<Control>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    controls
        .into_iter()
        .map(|control| {
            let dict = PyDict::new(py);
            match control {
                Control::Success(text) => dict.set_item("success", text)?,
                Control::Error { code, message } => {
                    dict.set_item("error", code)?;
                    dict.set_item("message", message)?;
                }
                Control::Subscription(channels) => dict.set_item("subscription", channels)?,
                _ => {}
            }
            Ok(dict)
        })
        .collect()
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

    fn order_dict<'py>(py: Python<'py>, core: &Core<Files>, order: &Order) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("id", order.id.0)?;
        dict.set_item("client_order_id", core.client_id(order.id))?;
        dict.set_item("broker_id", core.broker_id(order.id))?;
        dict.set_item("strategy", order.strategy.0)?;
        dict.set_item("symbol", core.engine().instruments().symbol(order.instrument))?;
        dict.set_item("side", order.side.as_str())?;
        dict.set_item("type", order.kind.as_str())?;
        dict.set_item("time_in_force", order.tif.as_str())?;
        dict.set_item("order_class", order.class.as_str())?;
        dict.set_item("qty", order.qty.to_string())?;
        dict.set_item("filled", order.filled.to_string())?;
        dict.set_item("limit_price", order.limit().map(|p| p.to_string()))?;
        dict.set_item("stop_price", order.stop().map(|p| p.to_string()))?;
        dict.set_item("average_price", order.average_price().map(|p| p.to_string()))?;
        dict.set_item("status", order.status().as_str())?;
        dict.set_item("submitted_ns", order.submitted.nanos())?;
        dict.set_item("updated_ns", order.updated.nanos())?;
        Ok(dict)
    }

    fn request_dict<'py>(py: Python<'py>, request: &Request) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let (kind, old, broker_id) = match &request.kind {
            RequestKind::Submit => ("submit", None, None),
            RequestKind::Replace { old, broker_id } => ("replace", Some(old.0), Some(broker_id)),
            RequestKind::Cancel { broker_id } => ("cancel", None, Some(broker_id)),
        };
        dict.set_item("kind", kind)?;
        dict.set_item("order", request.order.0)?;
        dict.set_item("old", old)?;
        dict.set_item("broker_id", broker_id)?;
        dict.set_item("client_order_id", &request.client_id)?;
        dict.set_item("body", &request.body)?;
        dict.set_item("asked_ns", request.asked.nanos())?;
        Ok(dict)
    }

    fn notice_dict<'py>(py: Python<'py>, core: &Core<Files>, at: Timestamp, output: &Output) -> PyResult<Option<Bound<'py, PyDict>>> {
        let dict = PyDict::new(py);
        let symbol = |id: InstrumentId| core.engine().instruments().symbol(id).to_owned();
        dict.set_item("at_ns", at.nanos())?;
        match output {
            Output::Fill(fill) => {
                dict.set_item("kind", "fill")?;
                dict.set_item("order", fill.order.0)?;
                dict.set_item("strategy", fill.strategy.0)?;
                dict.set_item("symbol", symbol(fill.instrument))?;
                dict.set_item("side", fill.side.as_str())?;
                dict.set_item("qty", fill.qty.to_string())?;
                dict.set_item("price", fill.price.to_string())?;
                dict.set_item("position", fill.position.to_string())?;
                dict.set_item("remaining", fill.remaining.to_string())?;
                dict.set_item("realized", fill.realized.to_string())?;
            }
            Output::Refusal(refusal) => {
                dict.set_item("kind", "refusal")?;
                dict.set_item("order", refusal.order.0)?;
                dict.set_item("strategy", refusal.strategy.0)?;
                dict.set_item("symbol", symbol(refusal.instrument))?;
                dict.set_item("code", refusal.refusal.code.as_str())?;
                dict.set_item("why", refusal.refusal.to_string())?;
            }
            Output::State { from, to, by, why, .. } => {
                dict.set_item("kind", "state")?;
                dict.set_item("from", from.as_str())?;
                dict.set_item("to", to.as_str())?;
                dict.set_item("by", &**by)?;
                dict.set_item("why", &**why)?;
            }
            Output::Fault { strategy, why, is_isolated, .. } => {
                dict.set_item("kind", "fault")?;
                dict.set_item("strategy", strategy.0)?;
                dict.set_item("why", &**why)?;
                dict.set_item("is_isolated", is_isolated)?;
            }
            Output::Anomaly { why, is_money, .. } => {
                dict.set_item("kind", "anomaly")?;
                dict.set_item("why", &**why)?;
                dict.set_item("is_money", is_money)?;
            }
            Output::Limits { by, .. } => {
                dict.set_item("kind", "limits")?;
                dict.set_item("by", &**by)?;
            }
            _ => return Ok(None),
        }
        Ok(Some(dict))
    }
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
        let log = log_config(durability, group_ms, checkpoint_every, key.as_deref()).map_err(to_py)?;
        let node = call_attached(|| {
            let Made { config, instruments, sources } = made;
            let log = Log::create(new_files(&folder)?, log, JournalId(id))?;
            let node = Core::create(log, Setup { config, instruments, sources, strategies }, ns(now_ns))?;
            Ok(node.snapshot_every(snapshot_every).following_data(follows_data))
        })?;
        Ok(Self { live: Mutex::new(Some(node)), failure, python })
    }

    /// The node of a journal as it was when it last ended, however it ended, and what was found.
    #[staticmethod]
    #[pyo3(signature = (folder, symbols, kinds, strategies, *, durability, group_ms, checkpoint_every, snapshot_every, key, follows_data, now_ns))]
    #[allow(clippy::too_many_arguments, reason = "settings of one node, by keyword in Python")]
    fn recover<'py>(
        py: Python<'py>,
        folder: PathBuf,
        symbols: Vec<String>,
        kinds: Vec<Vec<String>>,
        strategies: &Bound<'_, PyList>,
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
        Ok((Self { live: Mutex::new(Some(node)), failure, python }, found))
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

    /// True while outputs wait for a commit.
    #[getter]
    fn is_waiting(&mut self) -> PyResult<bool> {
        Ok(self.core().map_err(to_py)?.is_waiting())
    }

    /// Requests for the broker whose records are durable, in order.
    fn take_requests<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let Some(node) = self.inner().as_mut() else { return Ok(Vec::new()) };
        std::iter::from_fn(|| node.take_request()).map(|request| Self::request_dict(py, &request)).collect()
    }

    /// Fills, refusals, changes of state and faults, in order.
    fn take_notices<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let Some(node) = self.inner().as_mut() else { return Ok(Vec::new()) };
        let mut dicts = Vec::new();
        while let Some(notice) = node.take_notice() {
            dicts.extend(Self::notice_dict(py, node, notice.at, &notice.output)?);
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
        chosen.map(|order| Self::order_dict(py, core, order)).collect()
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
    module.add_class::<Node>()
}
