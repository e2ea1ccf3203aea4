//! The risk checks and the account by themselves, for programs that trade with something else than this engine.

use crate::errors::{DataError, OrderError, to_py};
use crate::settings::{account, item, limits};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tickwright_core::account::AccountFigures;
use tickwright_core::book::TopOfBook;
use tickwright_core::event::{MarketEvent, Quote, Trade};
use tickwright_core::ledger::{Booking, Ledger};
use tickwright_core::order::{Order, OrderEvent, OrderRequest, Orders, TimeInForce};
use tickwright_core::risk::{Gate, KillSwitch, Refusal, RefusalCode, Risk, RiskContext};
use tickwright_core::types::{Error, InstrumentId, Money, OrderId, Price, Qty, Side, StrategyId, Timestamp};

/// Name → dollars, or a number.
pub(crate) fn figures<'py>(py: Python<'py>, figures: Option<&AccountFigures>, accrued: Money) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("accrued", accrued.to_f64())?;
    if let Some(f) = figures {
        out.set_item("multiplier", f.multiplier)?;
        for (name, amount) in [
            ("buying_power", f.buying_power),
            ("held", f.held),
            ("initial_margin", f.initial_margin),
            ("maintenance_margin", f.maintenance_margin),
            ("last_equity", f.last_equity),
            ("settled", f.settled),
        ] {
            out.set_item(name, amount.to_f64())?;
        }
        out.set_item("day_trades", f.day_trades)?;
        out.set_item("pattern_day_trader", f.pattern_day_trader)?;
    }
    Ok(out)
}

/// Switches that stop new orders at once, from any thread.
#[pyclass(frozen, name = "KillSwitch", module = "tickwright._core")]
pub(crate) struct PyKillSwitch {
    switch: KillSwitch,
    strategies: Vec<String>,
}

impl PyKillSwitch {
    pub(crate) const fn of(switch: KillSwitch, strategies: Vec<String>) -> Self {
        Self { switch, strategies }
    }

    fn id(&self, strategy: &str) -> PyResult<StrategyId> {
        named(&self.strategies, strategy, "strategy").map(|at| StrategyId(at as u16))
    }
}

#[pymethods]
impl PyKillSwitch {
    /// Stop new orders, of one strategy or of all.
    #[pyo3(signature = (strategy=None))]
    fn throw(&self, strategy: Option<&str>) -> PyResult<bool> {
        Ok(match strategy {
            Some(name) => self.switch.throw_strategy(self.id(name)?),
            None => self.switch.throw(),
        })
    }

    /// Let them pass again.
    #[pyo3(signature = (strategy=None))]
    fn reset(&self, strategy: Option<&str>) -> PyResult<bool> {
        Ok(match strategy {
            Some(name) => self.switch.reset_strategy(self.id(name)?),
            None => self.switch.reset(),
        })
    }

    #[getter]
    fn thrown(&self) -> bool {
        self.switch.is_thrown()
    }

    /// Strategies whose own switch is thrown.
    #[getter]
    fn strategies(&self) -> Vec<String> {
        let thrown = |(at, _): &(usize, &String)| self.switch.is_strategy_thrown(StrategyId(*at as u16));
        self.strategies.iter().enumerate().filter(thrown).map(|(_, name)| name.clone()).collect()
    }
}

fn named(names: &[String], name: &str, what: &str) -> PyResult<usize> {
    let at = names.iter().position(|n| n == name);
    at.ok_or_else(|| DataError::new_err(format!("{what}: {name:?} is not known here; there are {}", names.join(", "))))
}

/// What an order was refused for: code, check, scope, what was measured, the limit, and a sentence.
type Said = (&'static str, &'static str, String, f64, f64, String);

/// The checks, the books they look at, and the orders that are open.
#[pyclass(name = "RiskCore", module = "tickwright._core")]
pub(crate) struct RiskCore {
    risk: Risk,
    ledger: Ledger,
    orders: Orders,
    tops: Vec<TopOfBook>,
    symbols: Vec<String>,
    strategies: Vec<String>,
    now: Timestamp,
    gate: Gate,
}

impl RiskCore {
    fn instrument(&self, symbol: &str) -> PyResult<InstrumentId> {
        named(&self.symbols, symbol, "symbol").map(|at| InstrumentId(at as u32))
    }

    fn strategy(&self, name: Option<&str>) -> PyResult<StrategyId> {
        name.map_or(Ok(StrategyId(0)), |name| named(&self.strategies, name, "strategy").map(|at| StrategyId(at as u16)))
    }

    fn request(&self, order: &Bound<'_, PyDict>) -> PyResult<(OrderRequest, StrategyId)> {
        let price = |key: &str| item::<f64>(order, key)?.map(Price::from_f64).transpose().map_err(to_py);
        let (limit, stop) = (price("limit")?, price("stop")?);
        let side = match item::<String>(order, "side")?.as_deref() {
            Some("buy") => Side::Buy,
            Some("sell") => Side::Sell,
            other => return Err(to_py(Error::config("side", format!("{other:?} is not known; use buy or sell")))),
        };
        let instrument = self.instrument(&item::<String>(order, "symbol")?.unwrap_or_default())?;
        let qty = Qty::from_f64(item::<f64>(order, "qty")?.unwrap_or(0.0)).map_err(to_py)?;
        let request = OrderRequest {
            kind: OrderRequest::kind_of(limit, stop),
            tif: TimeInForce::parse(&item::<String>(order, "time_in_force")?.unwrap_or_else(|| "day".to_owned())).map_err(to_py)?,
            limit,
            stop,
            ..OrderRequest::market(instrument, side, qty)
        };
        Ok((request, self.strategy(item::<String>(order, "strategy")?.as_deref())?))
    }

    fn context<'a>(&'a self, request: &OrderRequest, strategy: StrategyId) -> RiskContext<'a> {
        RiskContext {
            now: self.now,
            strategy,
            top: &self.tops[request.instrument.index()],
            ledger: &self.ledger,
            open_orders: self.orders.open().len(),
            gate: self.gate,
        }
    }

    fn said(&self, refusal: &Refusal) -> Said {
        let scope = self.risk.scope_name(refusal.scope).to_owned();
        (refusal.code.as_str(), refusal.check.name(), scope, refusal.measured, refusal.limit, refusal.to_string())
    }

    fn at(&mut self, ts: i64) {
        self.now = self.now.max(Timestamp::from_nanos(ts));
    }

    fn reference(&self, instrument: InstrumentId) -> Price {
        self.tops[instrument.index()].reference().unwrap_or(Price::ZERO)
    }

    fn seen(&mut self, event: &MarketEvent) {
        let instrument = event.instrument();
        let top = &mut self.tops[instrument.index()];
        match event {
            MarketEvent::Quote(quote) => top.apply_quote(quote),
            MarketEvent::Trade(trade) => top.apply_trade(trade),
            _ => {}
        }
        self.now = self.now.max(event.ts());
        let top = self.tops[instrument.index()];
        self.risk.observe(event, &top);
        if let Some(mark) = top.reference() {
            self.ledger.mark(instrument, mark);
            self.risk.marked(instrument, mark);
            while self.risk.breach().is_some() {}
        }
    }

    fn order(&self, id: u64) -> PyResult<Order> {
        let open = self.orders.get(OrderId(id)).filter(|o| !o.status().is_terminal());
        open.copied().ok_or_else(|| OrderError::new_err(format!("order {id}: is not open; give the id of one that submit let pass")))
    }
}

#[pymethods]
impl RiskCore {
    #[new]
    fn new(
        symbols: Vec<String>,
        strategies: Vec<String>,
        cash: f64,
        limits: &Bound<'_, PyDict>,
        account: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let cash = Money::from_f64(cash).map_err(to_py)?;
        let mut risk = Risk::new(self::limits(limits)?, self::account(account)?, cash, &symbols, &strategies).map_err(to_py)?;
        let ledger = Ledger::new(cash, symbols.len(), strategies.len());
        // The first day begins here; the caller says when the next one does.
        risk.next_day(0, Timestamp::MAX.plus(-1), &ledger);
        let tops = vec![TopOfBook::default(); symbols.len()];
        Ok(Self { risk, ledger, orders: Orders::default(), tops, symbols, strategies, now: Timestamp::MIN, gate: Gate::Open })
    }

    fn quote(&mut self, symbol: &str, bid: f64, ask: f64, ts: i64) -> PyResult<()> {
        let (bid, ask) = (Price::from_f64(bid).map_err(to_py)?, Price::from_f64(ask).map_err(to_py)?);
        let quote = Quote { ts: Timestamp::from_nanos(ts), instrument: self.instrument(symbol)?, bid, ask, ..Quote::default() };
        self.seen(&MarketEvent::Quote(quote));
        Ok(())
    }

    fn trade(&mut self, symbol: &str, price: f64, size: f64, ts: i64) -> PyResult<()> {
        let (price, size) = (Price::from_f64(price).map_err(to_py)?, Qty::from_f64(size).map_err(to_py)?);
        let trade = Trade { ts: Timestamp::from_nanos(ts), instrument: self.instrument(symbol)?, price, size, ..Trade::default() };
        self.seen(&MarketEvent::Trade(trade));
        Ok(())
    }

    /// Check an order at `ts`, and count it as open where it passes: its id, or what it was refused for.
    fn submit(&mut self, order: &Bound<'_, PyDict>, ts: Option<i64>) -> PyResult<(Option<u64>, Option<Said>)> {
        if let Some(ts) = ts {
            self.at(ts);
        }
        let (request, strategy) = self.request(order)?;
        let top = self.tops[request.instrument.index()];
        let context = RiskContext {
            now: self.now,
            strategy,
            top: &top,
            ledger: &self.ledger,
            open_orders: self.orders.open().len(),
            gate: self.gate,
        };
        if let Err(refusal) = self.risk.check(&request, &context) {
            return Ok((None, Some(self.said(&refusal))));
        }
        let reference = self.reference(request.instrument);
        let order = Order::new(self.orders.next_id(), strategy, &request, reference, self.now);
        self.orders.add(order).map_err(to_py)?;
        self.risk.opened(&order, request.qty.raw(), reference, &top);
        Ok((Some(order.id.0), None))
    }

    /// (check, code, scope, value, limit, passes, sentence of the refusal) of every check that is on.
    #[allow(clippy::type_complexity, reason = "one row of a table, taken apart in Python")]
    fn explain(&self, order: &Bound<'_, PyDict>) -> PyResult<Vec<(&'static str, &'static str, String, f64, f64, bool, Option<String>)>> {
        let (request, strategy) = self.request(order)?;
        let verdicts = self.risk.explain(&request, &self.context(&request, strategy));
        let row = |v: &tickwright_core::risk::Verdict| {
            let scope = self.risk.scope_name(v.scope).to_owned();
            (v.check.name(), v.code.as_str(), scope, v.value, v.limit, v.pass, v.refusal().map(|r| r.to_string()))
        };
        Ok(verdicts.iter().map(row).collect())
    }

    /// `qty` shares of order `id` were filled at `price`.
    fn fill(&mut self, id: u64, qty: f64, price: f64, fee: f64, ts: Option<i64>) -> PyResult<()> {
        if let Some(ts) = ts {
            self.at(ts);
        }
        let before = self.order(id)?;
        let (qty, price) = (Qty::from_f64(qty).map_err(to_py)?, Price::from_f64(price).map_err(to_py)?);
        let fee = Money::from_f64(fee).map_err(to_py)?;
        let Order { strategy, instrument, side, .. } = before;
        let fill = Booking { strategy, instrument, side, qty, price, fee, ts: self.now };
        let order = self.orders.apply(before.id, OrderEvent::Filled { qty, price }, self.now).map_err(to_py)?;
        let booked = self.ledger.book(&fill).map_err(to_py)?;
        self.risk.booked(order.id, &fill, booked.position, order.status().is_terminal(), &self.ledger);
        while self.risk.breach().is_some() {}
        Ok(())
    }

    /// A cancel of order `id` was sent.
    fn cancel(&mut self, id: u64) -> PyResult<()> {
        self.risk.cancel_sent(self.order(id)?.id, self.now);
        Ok(())
    }

    /// Order `id` is open no more: canceled, expired or rejected.
    fn close(&mut self, id: u64) -> PyResult<()> {
        let order = self.order(id)?;
        self.orders.apply(order.id, OrderEvent::Canceled, self.now).map_err(to_py)?;
        self.risk.closed(order.id);
        Ok(())
    }

    fn reload(&mut self, limits: &Bound<'_, PyDict>) -> PyResult<()> {
        self.risk.reload(self::limits(limits)?, &self.ledger).map_err(to_py)
    }

    /// A day of trading begins, `days` after the one before: (interest, borrow) that were booked, in dollars.
    fn next_day(&mut self, days: u16) -> PyResult<(f64, f64)> {
        let accrual = self.risk.next_day(i64::from(days), Timestamp::MAX.plus(-1), &self.ledger);
        self.ledger.accrue(accrual.interest).and_then(|()| self.ledger.accrue(accrual.borrow)).map_err(to_py)?;
        Ok((accrual.interest.to_f64(), accrual.borrow.to_f64()))
    }

    fn set_halted(&mut self, symbol: &str, halted: bool) -> PyResult<()> {
        self.risk.set_halted(self.instrument(symbol)?, halted);
        Ok(())
    }

    fn set_bands(&mut self, symbol: &str, bands: Option<(f64, f64)>) -> PyResult<()> {
        let prices = |(lower, upper)| Ok((Price::from_f64(lower)?, Price::from_f64(upper)?));
        let bands = bands.map(prices).transpose().map_err(to_py)?;
        self.risk.set_bands(self.instrument(symbol)?, bands);
        Ok(())
    }

    fn set_borrow(&mut self, symbol: &str, shares: Option<f64>, rate_pct: f64) -> PyResult<()> {
        let shares = shares.map(Qty::from_f64).transpose().map_err(to_py)?;
        let instrument = self.instrument(symbol)?;
        self.risk.account_mut().set_borrow(instrument, shares, rate_pct / 100.0).map_err(to_py)
    }

    /// `running`, `reduce_only` or `halted`.
    fn set_state(&mut self, state: &str) -> PyResult<()> {
        self.gate = match state {
            "running" => Gate::Open,
            "reduce_only" => Gate::ReduceOnly(RefusalCode::State),
            "halted" => Gate::Shut(RefusalCode::State),
            _ => return Err(to_py(Error::config("state", format!("{state:?} is not known; use running, reduce_only or halted")))),
        };
        Ok(())
    }

    #[getter]
    fn kill_switch(&self) -> PyKillSwitch {
        PyKillSwitch { switch: self.risk.kill_switch(), strategies: self.strategies.clone() }
    }

    /// (code, scope, refusals) where there are any, and orders passed.
    #[getter]
    fn counters(&self) -> (Vec<(&'static str, &'static str, u64)>, u64) {
        let counters = self.risk.counters();
        (counters.refused().map(|(code, scope, n)| (code.as_str(), scope, n)).collect(), counters.passed())
    }

    #[getter]
    fn account<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let account = self.risk.account();
        let held = self.risk.exposure().held();
        let known = account.is_limited().then(|| account.figures(&self.ledger, held));
        let out = figures(py, known.as_ref(), self.ledger.accrued())?;
        out.set_item("cash", self.ledger.cash().to_f64())?;
        out.set_item("equity", self.ledger.equity().to_f64())?;
        Ok(out)
    }

    fn position(&self, symbol: &str) -> PyResult<f64> {
        Ok(self.ledger.net_qty(self.instrument(symbol)?).to_f64())
    }

    #[getter]
    fn open_orders(&self) -> Vec<u64> {
        self.orders.open().iter().map(|id| id.0).collect()
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyKillSwitch>()?;
    module.add_class::<RiskCore>()
}
