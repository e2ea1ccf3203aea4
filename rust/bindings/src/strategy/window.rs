//! The window through which a Python strategy reads the engine and asks it for orders, open only during its callbacks.
#![allow(unsafe_code)] // one pointer, with its proof

use super::events::{Book, BookState, Order as OrderObject, OrderState, Position, PositionState};
use crate::errors::{OrderError, to_py};
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};
use tickwright_core::bars::BarSpec;
use tickwright_core::order::{Order, OrderClass, OrderRequest, OrderType, StopLoss, TimeInForce, Trail};
use tickwright_core::strategy::{Context, Interest};
use tickwright_core::types::{Error, InstrumentId, Money, OrderId, Price, Qty, Side, Timestamp};

/// A context lent for the length of one callback.
struct Lent(NonNull<Context<'static>>);

// SAFETY: the pointer is only followed while the mutex around it is held, by whichever thread holds it; what it points to
// (a `Context`) holds references to `Sync` data and to the intents, which nobody else touches while the context is lent.
unsafe impl Send for Lent {}

/// A strategy's view of the engine.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct Window {
    lent: Mutex<Option<Lent>>,
    symbols: Vec<Py<PyString>>,
    timers: Mutex<Vec<Py<PyString>>>,
}

impl Window {
    pub(super) fn new(symbols: Vec<Py<PyString>>) -> Self {
        Self { lent: Mutex::new(None), symbols, timers: Mutex::new(Vec::new()) }
    }

    pub(super) fn symbol(&self, py: Python<'_>, id: InstrumentId) -> Py<PyString> {
        self.symbols[id.index()].clone_ref(py)
    }

    pub(super) fn timer_name(&self, py: Python<'_>, tag: u64) -> Py<PyString> {
        let names = self.timers.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(tag as usize).map_or_else(|| PyString::new(py, "?").unbind(), |n| n.clone_ref(py))
    }

    /// Run `f` with the window open on `context`.
    #[inline]
    pub(super) fn open<T>(&self, context: &mut Context<'_>, f: impl FnOnce() -> T) -> T {
        struct Close<'a>(&'a Window);
        impl Drop for Close<'_> {
            fn drop(&mut self) {
                *self.0.lent.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
        }
        let lent = Lent(NonNull::from(context).cast());
        *self.lent.lock().unwrap_or_else(PoisonError::into_inner) = Some(lent);
        // The guard takes the pointer back when `f` returns or unwinds, before `context`'s own borrow ends.
        let _close = Close(self);
        f()
    }

    #[inline]
    fn with<T>(&self, f: impl FnOnce(&mut Context<'_>) -> Result<T, Error>) -> PyResult<T> {
        let mut guard = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lent) = guard.as_mut() else {
            return Err(OrderError::new_err(
                "the engine can be read and asked for orders only inside the strategy's callbacks (on_start, on_bar, …), which it calls during a run",
            ));
        };
        // SAFETY: the pointer was made from an exclusive reference in `open`, which does not use it until `Close` has taken
        // the pointer out again; `Close` needs the lock we hold, so the context lives as long as this borrow. The lock makes
        // the borrow exclusive among threads, and `f` is core code that never calls Python, so it cannot come back here.
        let context: &mut Context<'_> = unsafe { lent.0.as_mut() };
        f(context).map_err(to_py)
    }

    fn id(context: &Context<'_>, symbol: &str) -> Result<InstrumentId, Error> {
        context.view.instruments.get(symbol).ok_or_else(|| {
            let known = context.view.instruments.symbols();
            let some = known.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if known.len() > 8 { ", …" } else { "" };
            Error::Order { order: format!("symbol {symbol:?}"), why: format!("is not in the data, which hold {some}{more}") }
        })
    }

    fn optional_id(context: &Context<'_>, symbol: Option<&str>) -> Result<Option<InstrumentId>, Error> {
        symbol.map(|s| Self::id(context, s)).transpose()
    }
}

/// True when `object` is the only reference to what it holds; the caller holds the interpreter, as `Python<'_>` shows.
#[inline]
pub(super) fn is_unshared<T>(_py: Python<'_>, object: &Py<T>) -> bool {
    // SAFETY: `object` is a live reference, so its count may be read while this thread is attached to the interpreter.
    unsafe { pyo3::ffi::Py_REFCNT(object.as_ptr()) == 1 }
}

/// `callable(argument)` without a tuple to carry the argument, once for each event. (The vector call that would do the same by
/// name is in the stable interface only from 3.12 on; this one ends in it.)
#[inline]
pub(super) fn call_one<'py>(py: Python<'py>, callable: &Py<PyAny>, argument: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: both are live objects, the list of arguments ends with a null pointer, and what comes back is a new reference or
    // null with an exception set, as `from_owned_ptr_or_err` takes it.
    unsafe {
        let value =
            pyo3::ffi::PyObject_CallFunctionObjArgs(callable.as_ptr(), argument.as_ptr(), std::ptr::null_mut::<pyo3::ffi::PyObject>());
        Bound::from_owned_ptr_or_err(py, value)
    }
}

fn price(name: &str, value: Option<f64>) -> Result<Option<Price>, Error> {
    value.map(|v| Price::from_f64(v).ok().filter(|p| p.is_positive()).ok_or_else(|| bad(name, v))).transpose()
}

fn qty(value: f64) -> Result<Qty, Error> {
    Qty::from_f64(value).ok().filter(|q| q.is_positive()).ok_or_else(|| bad("qty", value))
}

fn unclear(what: &str, why: &str) -> Error {
    Error::Order { order: what.to_owned(), why: why.to_owned() }
}

fn bad(name: &str, value: f64) -> Error {
    Error::Order { order: format!("{name} {value}"), why: "must be a finite number above zero and below 9.2 billion".to_owned() }
}

#[pymethods]
impl Window {
    #[pyo3(signature = (
        symbol, side, qty=None, limit=None, stop=None, tif="day", *, trail=None, trail_percent=None, notional=None, extended_hours=false,
        take_profit=None, stop_loss=None, order_class=None, client_order_id=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "an order's fields, by keyword in Python")]
    fn submit(
        &self,
        symbol: &str,
        side: &str,
        qty: Option<f64>,
        limit: Option<f64>,
        stop: Option<f64>,
        tif: &str,
        trail: Option<f64>,
        trail_percent: Option<f64>,
        notional: Option<f64>,
        extended_hours: bool,
        take_profit: Option<f64>,
        stop_loss: Option<(f64, Option<f64>)>,
        order_class: Option<&str>,
        client_order_id: Option<&str>,
    ) -> PyResult<u64> {
        self.with(|context| {
            let side = match side {
                "buy" => Side::Buy,
                "sell" => Side::Sell,
                _ => return Err(Error::Order { order: format!("side {side:?}"), why: "is not known; use buy or sell".to_owned() }),
            };
            let (mut limit, stop) = (price("limit", limit)?, price("stop", stop)?);
            let mut take_profit = price("take_profit", take_profit)?;
            let stop_loss = match stop_loss {
                Some((stop, limit)) => price("stop_loss", Some(stop))?.zip(Some(price("stop_loss limit", limit)?)),
                None => None,
            };
            let trail = match (price("trail", trail)?, trail_percent) {
                (Some(trail), None) => Some(Trail::Price(trail)),
                (None, Some(percent)) => Some(Trail::percent(percent)?),
                (None, None) => None,
                _ => return Err(unclear("trail and trail_percent", "name the same distance; give one of them")),
            };
            let (qty, notional) = match (qty, notional) {
                (Some(qty), None) => (self::qty(qty)?, None),
                (None, Some(dollars)) => {
                    let amount = Money::from_f64(dollars).ok().filter(|m| *m > Money::ZERO).ok_or_else(|| bad("notional", dollars))?;
                    (Qty::ZERO, Some(amount))
                }
                _ => return Err(unclear("qty and notional", "say the same; give one of them")),
            };
            let class = match order_class {
                Some(class) => OrderClass::parse(class)?,
                None => match (take_profit.is_some(), stop_loss.is_some()) {
                    (true, true) => OrderClass::Bracket,
                    (false, false) => OrderClass::Simple,
                    _ => OrderClass::Oto,
                },
            };
            if class == OrderClass::Oco && limit.is_none() {
                // The order itself is the take-profit.
                limit = take_profit.take();
            }
            let kind = if trail.is_some() && limit.is_none() && stop.is_none() {
                OrderType::TrailingStop
            } else {
                OrderRequest::kind_of(limit, stop)
            };
            let request = OrderRequest {
                kind,
                tif: TimeInForce::parse(tif)?,
                limit,
                stop,
                trail,
                notional,
                extended_hours,
                class,
                take_profit,
                stop_loss: stop_loss.map(|(stop, limit)| StopLoss { stop, limit }),
                ..OrderRequest::market(Self::id(context, symbol)?, side, qty)
            };
            Ok(match client_order_id {
                Some(name) => context.submit_named(request, name).0,
                None => context.submit(request).0,
            })
        })
    }

    fn cancel(&self, id: u64) -> PyResult<bool> {
        self.with(|context| context.cancel(OrderId(id)))
    }

    #[pyo3(signature = (id, qty=None, limit=None, stop=None, trail=None))]
    fn replace(&self, id: u64, qty: Option<f64>, limit: Option<f64>, stop: Option<f64>, trail: Option<f64>) -> PyResult<Option<u64>> {
        self.with(|context| {
            let qty = qty.map(self::qty).transpose()?;
            // A trail of the kind that the order has, as with Alpaca.
            let by_part = matches!(context.view.order(OrderId(id)).and_then(Order::trail), Some(Trail::PartsPerBillion(_)));
            let trail = match trail {
                Some(percent) if by_part => Some(Trail::percent(percent)?),
                dollars => price("trail", dollars)?.map(Trail::Price),
            };
            Ok(context.replace_with(OrderId(id), qty, price("limit", limit)?, price("stop", stop)?, trail)?.map(|id| id.0))
        })
    }

    fn set_timer(&self, py: Python<'_>, at_ns: i64, name: &str) -> PyResult<()> {
        let tag = {
            let mut names = self.timers.lock().unwrap_or_else(PoisonError::into_inner);
            let found = names.iter().position(|n| n.bind(py).to_str().is_ok_and(|n| n == name));
            found.unwrap_or_else(|| {
                names.push(PyString::new(py, name).unbind());
                names.len() - 1
            })
        };
        self.with(|context| {
            context.set_timer(Timestamp::from_nanos(at_ns), tag as u64);
            Ok(())
        })
    }

    #[pyo3(signature = (symbol, kind))]
    fn subscribe(&self, symbol: Option<&str>, kind: &str) -> PyResult<()> {
        self.with(|context| {
            let interest = match kind {
                "quotes" => Interest::QUOTES,
                "trades" => Interest::TRADES,
                "bars" => Interest::BARS,
                "actions" => Interest::ACTIONS,
                "book" => Interest::BOOK,
                _ => return Err(Error::config("kind", format!("{kind:?} is not known; use quotes, trades, bars, actions or book"))),
            };
            let instrument = Self::optional_id(context, symbol)?;
            context.subscribe(instrument, interest);
            Ok(())
        })
    }

    #[pyo3(signature = (symbol, bars))]
    fn subscribe_bars(&self, symbol: Option<&str>, bars: &str) -> PyResult<()> {
        self.with(|context| {
            let spec = BarSpec::parse(bars)?;
            let instrument = Self::optional_id(context, symbol)?;
            context.subscribe_bars(instrument, spec);
            Ok(())
        })
    }

    fn book(&self, py: Python<'_>, symbol: &str) -> PyResult<Book> {
        let (id, top) = self.with(|context| {
            let id = Self::id(context, symbol)?;
            Ok((id, *context.view.top(id)?))
        })?;
        Ok(Book { inner: BookState(top), symbol: self.symbol(py, id) })
    }

    fn position(&self, py: Python<'_>, symbol: &str) -> PyResult<Position> {
        let (id, inner) = self.with(|context| {
            let id = Self::id(context, symbol)?;
            let position = context.view.position(id)?;
            let mark = context.view.ledger.mark_of(id);
            let state = PositionState {
                qty: position.qty.to_f64(),
                avg_price: position.average_price().to_f64(),
                mark: mark.to_f64(),
                unrealized: position.unrealized(mark),
                realized: position.realized,
                fees: position.fees,
            };
            Ok((id, state))
        })?;
        Ok(Position { inner, symbol: self.symbol(py, id) })
    }

    fn order(&self, py: Python<'_>, id: u64) -> PyResult<Option<OrderObject>> {
        let order = self.with(|context| Ok(context.view.order(OrderId(id)).copied()))?;
        Ok(order.map(|order| OrderObject { symbol: self.symbol(py, order.instrument), inner: OrderState { order, reason: None } }))
    }

    fn open_orders(&self, py: Python<'_>) -> PyResult<Vec<OrderObject>> {
        let orders = self.with(|context| Ok(context.view.open_orders().copied().collect::<Vec<_>>()))?;
        Ok(orders
            .into_iter()
            .map(|order| OrderObject { symbol: self.symbol(py, order.instrument), inner: OrderState { order, reason: None } })
            .collect())
    }

    #[getter]
    fn symbols(&self, py: Python<'_>) -> Vec<Py<PyString>> {
        self.symbols.iter().map(|s| s.clone_ref(py)).collect()
    }

    #[getter]
    fn now(&self) -> PyResult<i64> {
        self.with(|context| Ok(context.view.now.nanos()))
    }

    #[getter]
    fn cash(&self) -> PyResult<f64> {
        self.with(|context| Ok(context.view.ledger.cash().to_f64()))
    }

    #[getter]
    fn equity(&self) -> PyResult<f64> {
        self.with(|context| Ok(context.view.equity().to_f64()))
    }
}
