//! Backtests from Python: settings in, a run, tables out.

use crate::data::MarketData;
use crate::errors::{StrategyError, call, choose, to_py};
use crate::settings::{account, item, limits, millis};
use crate::strategy::{Failure, PyStrategy};
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::sync::{Arc, Mutex, PoisonError};
use tickwright_core::backtest::{BacktestConfig, BacktestResult, run, sources_of};
use tickwright_core::bars::BarSpec;
use tickwright_core::engine::{EngineConfig, MarkPolicy};
use tickwright_core::journal::Chain;
use tickwright_core::ledger::Dividends;
use tickwright_core::order::{Broker, Order, Trail};
use tickwright_core::risk::Counters;
use tickwright_core::stats::{StatsConfig, Totals, summarize};
use tickwright_core::strategy::{Driver, NodeSpec, Quoting, QuotingSpec, Rules, RulesSpec, Size, Strategy};
use tickwright_core::types::{Error, Money, Price, Qty, Timestamp};
use tickwright_core::venue::{
    ALL_PPB, Borrow, Fees, Halts, Impact, Liquidity, Matching, OnDividend, OnSplit, QueueModel, Regulatory, Sessions, Sources, Spread,
    StopBuy, StopTrigger, TIERS_MAX, Tier, VenueConfig,
};

fn choice<T: Copy>(dict: &Bound<'_, PyDict>, key: &str, choices: &[(&str, T)]) -> PyResult<T> {
    choose(key, &item::<String>(dict, key)?.unwrap_or_default(), choices)
}

fn venue(dict: &Bound<'_, PyDict>) -> PyResult<VenueConfig> {
    let ppb = |bps: f64| if bps.is_finite() { (bps * 1e5).round() as i64 } else { i64::MAX };
    let latency = millis(dict, "latency_ms")?.unwrap_or(0);
    let (kind, rate, minimum): (String, f64, f64) = item(dict, "fees")?.unwrap_or_else(|| ("free".to_owned(), 0.0, 0.0));
    let tiers: Vec<(f64, f64)> = item(dict, "fee_tiers")?.unwrap_or_default();
    let rates: Vec<f64> = item(dict, "fee_rates")?.unwrap_or_default();
    let fees = match kind.as_str() {
        "tiered" => {
            let mut steps = [Tier { from: Qty::MAX, rate: Price::ZERO }; TIERS_MAX];
            if tiers.len() > TIERS_MAX {
                return Err(to_py(Error::config("venue.fees", format!("has {} tiers; give at most {TIERS_MAX}", tiers.len()))));
            }
            for (step, (from, rate)) in steps.iter_mut().zip(tiers) {
                *step = Tier { from: Qty::from_f64(from).map_err(to_py)?, rate: Price::from_f64(rate).map_err(to_py)? };
            }
            Fees::Tiered { tiers: steps, minimum: Money::from_f64(minimum).map_err(to_py)? }
        }
        "regulatory" if rates.len() == 4 => Fees::Regulatory(Regulatory {
            sec_per_million: Money::from_f64(rates[0]).map_err(to_py)?,
            taf_per_share: Price::from_f64(rates[1]).map_err(to_py)?,
            taf_cap: Money::from_f64(rates[2]).map_err(to_py)?,
            cat_per_share: Price::from_f64(rates[3]).map_err(to_py)?,
        }),
        "per_share" => Fees::PerShare { rate: Price::from_f64(rate).map_err(to_py)?, minimum: Money::from_f64(minimum).map_err(to_py)? },
        "bps" => Fees::Notional { parts_per_billion: ppb(rate) },
        _ => Fees::Free,
    };
    let (spread, numbers): (String, Vec<f64>) = item(dict, "latency_model")?.unwrap_or_else(|| ("jitter".to_owned(), Vec::new()));
    let ns = |ms: f64| if ms.is_finite() { (ms * 1e6).round() as i64 } else { -1 };
    let spread = match (spread.as_str(), numbers.as_slice()) {
        ("log_normal", &[median, sigma]) => Spread::LogNormal { median_ns: ns(median), sigma },
        ("empirical", times) => Spread::Empirical(times.iter().map(|&ms| ns(ms)).collect()),
        _ => Spread::Jitter,
    };
    let (impact, numbers): (String, Vec<f64>) = item(dict, "impact")?.unwrap_or_else(|| ("none".to_owned(), Vec::new()));
    let impact = match (impact.as_str(), numbers.as_slice()) {
        ("square_root", &[coefficient, volatility, volume]) => Impact::SquareRoot { coefficient, volatility, volume },
        ("almgren", &[gamma, eta, volatility, volume, duration]) => Impact::Almgren { gamma, eta, volatility, volume, duration },
        _ => Impact::None,
    };
    let queue = match item::<f64>(dict, "queue_power")? {
        Some(n) => QueueModel::Power { hundredths: if n.is_finite() { (n * 100.0).round().max(0.0) as u32 } else { 0 } },
        None => choice(
            dict,
            "queue",
            &[
                ("behind", QueueModel::Behind),
                ("front", QueueModel::Front),
                ("conservative", QueueModel::Conservative),
                ("proportional", QueueModel::Proportional),
                ("logarithmic", QueueModel::Logarithmic),
                ("exact", QueueModel::Exact),
            ],
        )?,
    };
    let available = item::<f64>(dict, "borrow_available")?.map(Qty::from_f64).transpose();
    let available = available.map_err(|error| to_py(Error::config("venue.borrow_available", error.to_string())))?;
    Ok(VenueConfig {
        order_latency_ns: latency,
        report_latency_ns: millis(dict, "report_latency_ms")?.unwrap_or(latency),
        jitter_ns: millis(dict, "latency_jitter_ms")?.unwrap_or(0),
        seed: item(dict, "seed")?.unwrap_or(0),
        fees,
        slippage_ppb: ppb(item::<f64>(dict, "slippage_bps")?.unwrap_or(0.0)),
        liquidity: choice(dict, "liquidity", &[("quoted", Liquidity::Displayed), ("unlimited", Liquidity::Unlimited)])?,
        queue,
        stop_trigger: choice(dict, "stop_trigger", &[("trade", StopTrigger::Trades), ("quote", StopTrigger::Quotes)])?,
        spread,
        impact,
        participation_ppb: item::<f64>(dict, "participation")?.map_or(ALL_PPB, |part| (part * ALL_PPB as f64).round() as i64),
        stop_buy: choice(dict, "stop_buy", &[("market", StopBuy::Market), ("collared", StopBuy::Collared)])?,
        matching: choice(dict, "matching", &[("touch", Matching::Touch), ("book", Matching::Book)])?,
        sessions: choice(dict, "sessions", &[("continuous", Sessions::Continuous), ("us_equity", Sessions::UsEquity)])?,
        halts: choice(dict, "halts", &[("respect", Halts::Respect), ("ignore", Halts::Ignore)])?,
        borrow: Borrow { available, ..Borrow::FREE },
        on_split: choice(dict, "splits", &[("cancel", OnSplit::Cancel), ("adjust", OnSplit::Adjust)])?,
        on_dividend: choice(dict, "dividend_orders", &[("keep", OnDividend::Keep), ("reduce", OnDividend::Reduce)])?,
    })
}

fn rules(spec: &Bound<'_, PyDict>, has: (bool, bool, bool)) -> PyResult<Rules> {
    let nodes: Vec<(String, Vec<usize>, Vec<f64>)> = item(spec, "nodes")?.unwrap_or_default();
    let (kind, value): (String, f64) = item(spec, "size")?.unwrap_or_else(|| ("fraction".to_owned(), 1.0));
    let size = match kind.as_str() {
        "shares" => Size::Shares(Qty::from_f64(value).map_err(to_py)?),
        "notional" => Size::Notional(value),
        _ => Size::Fraction(value),
    };
    let bars = item::<String>(spec, "bars")?.map(|text| BarSpec::parse(&text)).transpose().map_err(to_py)?;
    let on = choice(spec, "on", &[("auto", Driver::Auto), ("bar", Driver::Bars), ("quote", Driver::Quotes), ("trade", Driver::Trades)])?;
    Rules::new(RulesSpec {
        name: item(spec, "name")?.unwrap_or_else(|| "rules".to_owned()),
        symbols: item(spec, "symbols")?,
        on,
        bars,
        nodes: nodes.into_iter().map(|(op, args, params)| NodeSpec { op, args, params }).collect(),
        entry: item(spec, "entry")?,
        exit: item(spec, "exit")?,
        short_entry: item(spec, "short_entry")?,
        short_exit: item(spec, "short_exit")?,
        size,
        stop_loss: item(spec, "stop_loss")?,
        take_profit: item(spec, "take_profit")?,
        has,
    })
    .map_err(to_py)
}

fn quoting(spec: &Bound<'_, PyDict>) -> PyResult<Quoting> {
    let number = |field: &str| Ok::<f64, PyErr>(item(spec, field)?.unwrap_or(0.0));
    let most: Option<f64> = item(spec, "max_position")?;
    Quoting::new(QuotingSpec {
        name: item(spec, "name")?.unwrap_or_else(|| "quoting".to_owned()),
        symbols: item(spec, "symbols")?,
        size: Qty::from_f64(number("size")?).map_err(to_py)?,
        every_ns: item(spec, "every_ns")?.unwrap_or(0),
        offset: Price::from_f64(number("offset")?).map_err(to_py)?,
        max_position: most.map(Qty::from_f64).transpose().map_err(to_py)?,
        keep: item(spec, "keep")?.unwrap_or(true),
    })
    .map_err(to_py)
}

/// A strategy that runs wholly in the core, from the dict of its `to_spec`.
pub(crate) fn native(spec: &Bound<'_, PyDict>, has: (bool, bool, bool)) -> PyResult<Box<dyn Strategy>> {
    match item::<String>(spec, "kind")?.as_deref() {
        Some("quoting") => Ok(Box::new(quoting(spec)?)),
        _ => Ok(Box::new(rules(spec, has)?)),
    }
}

/// Strategies as the core has them, and whether any of them is Python's. Each is the dict of a `to_spec`, or (name, object, names of its
/// own callbacks).
pub(crate) fn boxed_strategies(
    py: Python<'_>,
    strategies: &Bound<'_, PyList>,
    sources: &[Sources],
    symbols: &[String],
    failure: &Failure,
) -> PyResult<(Vec<Box<dyn Strategy>>, bool)> {
    let has = (sources.iter().any(|s| s.bars), sources.iter().any(|s| s.quotes), sources.iter().any(|s| s.trades));
    let mut boxed: Vec<Box<dyn Strategy>> = Vec::new();
    let mut python = false;
    for strategy in strategies {
        if let Ok(spec) = strategy.cast::<PyDict>() {
            boxed.push(native(spec, has)?);
        } else {
            let (name, object, overridden): (String, Bound<'_, PyAny>, Vec<String>) = strategy.extract()?;
            boxed.push(Box::new(PyStrategy::new(py, name, &object, &overridden, symbols, Arc::clone(failure))?));
            python = true;
        }
    }
    Ok((boxed, python))
}

/// Settings of an engine.
pub(crate) fn engine_config(
    cash: f64,
    risk: &Bound<'_, PyDict>,
    account: &Bound<'_, PyDict>,
    venue: &Bound<'_, PyDict>,
    mark: &str,
    max_requests_per_moment: u32,
) -> PyResult<EngineConfig> {
    Ok(EngineConfig {
        cash: Money::from_f64(cash).map_err(to_py)?,
        limits: limits(risk)?,
        account: self::account(account)?,
        mark: if mark == "last" { MarkPolicy::Last } else { MarkPolicy::Auto },
        dividends: choice(venue, "dividends", &[("cash", Dividends::Cash), ("reinvest", Dividends::Reinvest)])?,
        broker: choice(venue, "rules", &[("any", Broker::Any), ("alpaca", Broker::Alpaca)])?,
        max_requests_per_moment,
        ..EngineConfig::default()
    })
}

/// The result of a backtest, as columns.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct RunResult {
    inner: BacktestResult,
}

/// Columns of a table: name → numpy array, or (codes, categories) for text.
struct Table<'py> {
    py: Python<'py>,
    columns: Bound<'py, PyDict>,
}

impl<'py> Table<'py> {
    fn new(py: Python<'py>) -> Self {
        Self { py, columns: PyDict::new(py) }
    }

    fn add<T: numpy::Element>(&self, name: &str, values: impl Iterator<Item = T>) -> PyResult<()> {
        self.columns.set_item(name, values.collect::<Vec<T>>().into_pyarray(self.py))
    }

    fn codes(&self, name: &str, values: impl Iterator<Item = i32>, categories: &[String]) -> PyResult<()> {
        let codes = values.collect::<Vec<i32>>().into_pyarray(self.py);
        self.columns.set_item(name, (codes, PyList::new(self.py, categories)?))
    }

    fn text(&self, name: &str, values: impl Iterator<Item = &'static str>) -> PyResult<()> {
        let mut categories: Vec<&'static str> = Vec::new();
        let codes: Vec<i32> = values
            .map(|v| {
                let at = categories.iter().position(|c| *c == v).unwrap_or_else(|| {
                    categories.push(v);
                    categories.len() - 1
                });
                at as i32
            })
            .collect();
        self.columns.set_item(name, (codes.into_pyarray(self.py), PyList::new(self.py, categories)?))
    }
}

fn or_nan(price: Option<Price>) -> f64 {
    price.map_or(f64::NAN, Price::to_f64)
}

#[pymethods]
impl RunResult {
    #[getter]
    fn digest(&self) -> &str {
        &self.inner.digest
    }

    #[getter]
    fn events(&self) -> u64 {
        self.inner.events
    }

    #[getter]
    fn strategies(&self) -> Vec<String> {
        self.inner.strategies.clone()
    }

    #[getter]
    fn symbols(&self) -> Vec<String> {
        self.inner.symbols.clone()
    }

    /// (time, state, why) of every change of the engine's state.
    #[getter]
    fn states(&self) -> Vec<(i64, &'static str, &str)> {
        self.inner.states.iter().map(|(ts, state, why)| (ts.nanos(), state.as_str(), &**why)).collect()
    }

    /// (code, scope, refusals) where there are any, and orders passed.
    fn risk_counters(&self) -> (Vec<(&'static str, &'static str, u64)>, u64) {
        let counters: &Counters = &self.inner.risk;
        (counters.refused().map(|(code, scope, n)| (code.as_str(), scope, n)).collect(), counters.passed())
    }

    /// Figures of the account at the end: name and dollars, or a number.
    fn account<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        crate::risk::figures(py, self.inner.account.as_ref(), self.inner.accrued)
    }

    /// Exact decimal text of equity at the end.
    #[getter]
    fn end_equity(&self) -> String {
        self.inner.equity.last().map_or_else(|| self.inner.start_equity.to_string(), |p| p.equity.to_string())
    }

    /// BLAKE3 of the engine's state at the end, hexadecimal, where the run was recorded.
    #[getter]
    fn state_hash(&self) -> Option<String> {
        self.inner.state_hash.map(|hash| Chain(hash).to_string())
    }

    /// Statistics of the run.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let r = &self.inner;
        let totals = Totals {
            orders: (r.orders.len() - r.refusals.len()) as u64,
            fills: r.fills.len() as u64,
            refusals: r.refusals.len() as u64,
            fees: r.fees,
            slippage: r.slippage,
            traded_notional: r.traded,
            start_equity: r.start_equity,
            max_drawdown_tick: r.max_drawdown,
        };
        let summary = summarize(&r.equity, &r.trips, &totals, &StatsConfig::default()).map_err(to_py)?;
        let out = PyDict::new(py);
        for (name, value) in summary.entries() {
            out.set_item(name, value)?;
        }
        Ok(out)
    }

    /// One table by name.
    fn table<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyDict>> {
        let (r, t) = (&self.inner, Table::new(py));
        match name {
            "orders" => {
                let o = || r.orders.iter();
                t.add("id", o().map(|o| o.id.0))?;
                t.codes("strategy", o().map(|o| i32::from(o.strategy.0)), &r.strategies)?;
                t.codes("symbol", o().map(|o| o.instrument.0 as i32), &r.symbols)?;
                t.text("side", o().map(|o| o.side.as_str()))?;
                t.text("type", o().map(|o| o.kind.as_str()))?;
                t.text("time_in_force", o().map(|o| o.tif.as_str()))?;
                t.add("qty", o().map(|o| o.qty.to_f64()))?;
                t.add("limit_price", o().map(|o| or_nan(o.limit())))?;
                t.add("stop_price", o().map(|o| or_nan(o.stop())))?;
                t.text("status", o().map(|o| o.status().as_str()))?;
                t.add("filled_qty", o().map(|o| o.filled.to_f64()))?;
                t.add("avg_price", o().map(|o| or_nan(o.average_price())))?;
                t.add("submitted", o().map(|o| o.submitted.nanos()))?;
                t.add("updated", o().map(|o| o.updated.nanos()))?;
                let mut reasons: Vec<&'static str> = vec![""; r.orders.len()];
                for refusal in &r.refusals {
                    if let Some(reason) = reasons.get_mut((refusal.order.0 as usize).wrapping_sub(1)) {
                        *reason = refusal.refusal.code.as_str();
                    }
                }
                t.text("reason", reasons.into_iter())?;
                t.add("replaces", o().map(|o: &Order| o.replaces.0))?;
                t.text("class", o().map(|o| o.class.as_str()))?;
                t.add("parent", o().map(|o| o.parent.0))?;
                let named = |o: &Order| r.client_ids.get((o.client as usize).wrapping_sub(1)).map_or("", |id| &**id).to_owned();
                t.columns.set_item("client_order_id", PyList::new(py, o().map(named))?)?;
                t.add("trail_price", o().map(|o| if let Some(Trail::Price(p)) = o.trail() { p.to_f64() } else { f64::NAN }))?;
                let percent = |o: &Order| if let Some(Trail::PartsPerBillion(ppb)) = o.trail() { ppb as f64 / 1e7 } else { f64::NAN };
                t.add("trail_percent", o().map(percent))?;
                t.add("hwm", o().map(|o| or_nan(o.hwm())))?;
                t.add("notional", o().map(|o| o.notional().map_or(f64::NAN, Money::to_f64)))?;
                t.add("extended_hours", o().map(Order::extended_hours))?;
            }
            "fills" => {
                let f = || r.fills.iter();
                t.add("order_id", f().map(|f| f.order.0))?;
                t.add("ts", f().map(|f| f.ts.nanos()))?;
                t.add("recv", f().map(|f| f.recv.nanos()))?;
                t.codes("strategy", f().map(|f| i32::from(f.strategy.0)), &r.strategies)?;
                t.codes("symbol", f().map(|f| f.instrument.0 as i32), &r.symbols)?;
                t.text("side", f().map(|f| f.side.as_str()))?;
                t.add("qty", f().map(|f| f.qty.to_f64()))?;
                t.add("price", f().map(|f| f.price.to_f64()))?;
                t.add("fee", f().map(|f| f.fee.to_f64()))?;
                t.add("slippage", f().map(|f| f.slippage.to_f64()))?;
                t.add("realized_pnl", f().map(|f| f.realized.to_f64()))?;
                t.add("position", f().map(|f| f.position.to_f64()))?;
                t.add("maker", f().map(|f| f.maker))?;
            }
            "refusals" => {
                let x = || r.refusals.iter();
                t.add("order_id", x().map(|x| x.order.0))?;
                t.add("ts", x().map(|x| x.ts.nanos()))?;
                t.codes("strategy", x().map(|x| i32::from(x.strategy.0)), &r.strategies)?;
                t.codes("symbol", x().map(|x| x.instrument.0 as i32), &r.symbols)?;
                t.text("side", x().map(|x| x.side.as_str()))?;
                t.add("qty", x().map(|x| x.qty.to_f64()))?;
                t.add("price", x().map(|x| or_nan(x.price)))?;
                t.text("code", x().map(|x| x.refusal.code.as_str()))?;
                t.text("scope", x().map(|x| x.refusal.scope.as_str()))?;
                t.columns.set_item("detail", PyList::new(py, x().map(|x| x.refusal.to_string()))?)?;
            }
            "positions" => {
                let p = || r.positions.iter();
                t.codes("strategy", p().map(|p| i32::from(p.strategy.0)), &r.strategies)?;
                t.codes("symbol", p().map(|p| p.instrument.0 as i32), &r.symbols)?;
                t.add("qty", p().map(|p| p.position.qty.to_f64()))?;
                t.add("avg_price", p().map(|p| p.position.average_price().to_f64()))?;
                t.add("mark", p().map(|p| p.mark.to_f64()))?;
                t.add("market_value", p().map(|p| p.position.value(p.mark).to_f64()))?;
                t.add("unrealized_pnl", p().map(|p| p.position.unrealized(p.mark).to_f64()))?;
                t.add("realized_pnl", p().map(|p| p.position.realized.to_f64()))?;
                t.add("income", p().map(|p| p.position.income.to_f64()))?;
                t.add("fees", p().map(|p| p.position.fees.to_f64()))?;
            }
            "equity" => {
                let e = || r.equity.iter();
                t.add("ts", e().map(|e| e.ts.nanos()))?;
                t.add("equity", e().map(|e| e.equity.to_f64()))?;
                t.add("cash", e().map(|e| e.cash.to_f64()))?;
                t.add("gross", e().map(|e| e.gross.to_f64()))?;
                t.add("net", e().map(|e| e.net.to_f64()))?;
                let mut peak = r.start_equity;
                let fall = e().map(|e| {
                    peak = peak.max(e.equity);
                    if peak > Money::ZERO { 1.0 - e.equity.to_f64() / peak.to_f64() } else { 0.0 }
                });
                t.add("drawdown", fall.collect::<Vec<_>>().into_iter())?;
            }
            "marks" => {
                let m = || r.marks.iter();
                t.add("ts", m().map(|m| m.ts.nanos()))?;
                t.codes("symbol", m().map(|m| m.instrument.0 as i32), &r.symbols)?;
                t.add("price", m().map(|m| m.price.to_f64()))?;
            }
            "trips" => {
                let x = || r.trips.iter();
                t.codes("strategy", x().map(|x| i32::from(x.strategy.0)), &r.strategies)?;
                t.codes("symbol", x().map(|x| x.instrument.0 as i32), &r.symbols)?;
                t.add("opened", x().map(|x| x.opened.nanos()))?;
                t.add("closed", x().map(|x| x.closed.nanos()))?;
                t.add("qty", x().map(|x| x.qty.to_f64()))?;
                t.add("entry", x().map(|x| x.entry.to_f64()))?;
                t.add("exit", x().map(|x| x.exit.to_f64()))?;
                t.add("pnl", x().map(|x| x.pnl.to_f64()))?;
                t.add("fees", x().map(|x| x.fees.to_f64()))?;
            }
            _ => return Err(to_py(Error::config("table", format!("{name:?} is not known")))),
        }
        Ok(t.columns)
    }
}

/// Run strategies over data. A strategy is the dict of `Rules.to_spec`, or (name, object, names of its own callbacks).
#[pyfunction]
#[pyo3(signature = (data, strategies, *, cash, risk, account, venue, mark, start, end, equity_every_ns, max_requests_per_moment, progress, journal=None))]
#[allow(clippy::too_many_arguments, reason = "settings of one run, by keyword in Python")]
fn run_backtest(
    py: Python<'_>,
    data: &Bound<'_, MarketData>,
    strategies: &Bound<'_, PyList>,
    cash: f64,
    risk: &Bound<'_, PyDict>,
    account: &Bound<'_, PyDict>,
    venue: &Bound<'_, PyDict>,
    mark: &str,
    start: Option<i64>,
    end: Option<i64>,
    equity_every_ns: i64,
    max_requests_per_moment: u32,
    progress: Option<Py<PyAny>>,
    journal: Option<std::path::PathBuf>,
) -> PyResult<RunResult> {
    let data = Arc::clone(data.get().joined());
    let sources = sources_of(&*data);
    let failure: Failure = Arc::new(Mutex::new(None));
    let (boxed, python) = boxed_strategies(py, strategies, &sources, data.instruments().symbols(), &failure)?;
    let config = BacktestConfig {
        engine: engine_config(cash, risk, account, venue, mark, max_requests_per_moment)?,
        venue: self::venue(venue)?,
        start: start.map_or(Timestamp::MIN, Timestamp::from_nanos),
        end: end.map_or(Timestamp::MAX, Timestamp::from_nanos),
        equity_every_ns,
        journal,
    };
    let told = Arc::clone(&failure);
    let mut tell = move |done: u64, total: u64, ts: Timestamp| {
        Python::attach(|py| {
            let outcome = py.check_signals().and_then(|()| match &progress {
                Some(progress) => progress.call1(py, (done, total, ts.nanos())).map(|_| ()),
                None => Ok(()),
            });
            outcome.map_err(|error| {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Error::Interrupted { at: ts.to_string() }
            })
        })
    };
    let outcome = if python {
        // The strategies need the interpreter at every event: keep it, rather than take it anew each time.
        crate::errors::call_attached(|| run(&*data, boxed, &config, &mut tell))
    } else {
        call(py, || run(&*data, boxed, &config, &mut tell))
    };
    let raised = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (outcome, raised) {
        (Ok(inner), _) => Ok(RunResult { inner }),
        (Err(error), Some(cause))
            if error.is_instance_of::<StrategyError>(py) && cause.is_instance_of::<pyo3::exceptions::PyException>(py) =>
        {
            error.set_cause(py, Some(cause));
            Err(error)
        }
        (Err(_), Some(cause)) => Err(cause),
        (Err(error), None) => Err(error),
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RunResult>()?;
    module.add_function(wrap_pyfunction!(run_backtest, module)?)
}
