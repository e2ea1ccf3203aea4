//! A Python strategy as the core's `Strategy`.

use super::Window;
use super::events::{Bar, Book, BookState, CorporateAction, Fill, Order, OrderState, Quote, Timer, Trade};
use super::window::{call_one, is_unshared};
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyClass, PyClassInitializer};
use std::sync::{Arc, Mutex, PoisonError};
use tickwright_core::engine;
use tickwright_core::event::{ActionKind, MarketEvent};
use tickwright_core::strategy::{Context, Interest, Strategy};
use tickwright_core::types::{Error, Result};

/// The exception that a strategy raised, kept for the caller of the run.
pub(crate) type Failure = Arc<Mutex<Option<PyErr>>>;

/// A method of the strategy object, bound once, if its class defines it.
struct Callback {
    name: &'static str,
    method: Option<Py<PyAny>>,
}

/// An event object that is handed out again while nobody else holds it.
struct Reused<T: PyClass>(Option<Py<T>>);

pub(crate) struct PyStrategy {
    name: String,
    window: Py<Window>,
    failure: Failure,
    interest: Interest,
    on_start: Callback,
    on_stop: Callback,
    on_quote: Callback,
    on_trade: Callback,
    on_bar: Callback,
    on_book: Callback,
    on_action: Callback,
    on_fill: Callback,
    on_order: Callback,
    on_timer: Callback,
    take_parameters: Callback,
    quote: Reused<Quote>,
    trade: Reused<Trade>,
    bar: Reused<Bar>,
}

impl PyStrategy {
    /// Around `object`; `overridden` names the callbacks that its class defines.
    pub(crate) fn new(
        py: Python<'_>,
        name: String,
        object: &Bound<'_, PyAny>,
        overridden: &[String],
        symbols: &[String],
        failure: Failure,
    ) -> PyResult<Self> {
        let callback = |name: &'static str| -> PyResult<Callback> {
            let method = if overridden.iter().any(|o| o == name) { Some(object.getattr(name)?.unbind()) } else { None };
            Ok(Callback { name, method })
        };
        let window = Py::new(py, Window::new(symbols.iter().map(|s| PyString::new(py, s).unbind()).collect()))?;
        object.setattr("_window", &window)?;
        let mut strategy = Self {
            name,
            window,
            failure,
            interest: Interest::NONE,
            on_start: callback("on_start")?,
            on_stop: callback("on_stop")?,
            on_quote: callback("on_quote")?,
            on_trade: callback("on_trade")?,
            on_bar: callback("on_bar")?,
            on_book: callback("on_book")?,
            on_action: callback("on_action")?,
            on_fill: callback("on_fill")?,
            on_order: callback("on_order")?,
            on_timer: callback("on_timer")?,
            take_parameters: Callback { name: "on_parameters", method: Some(object.getattr("_take_parameters")?.unbind()) },
            quote: Reused(None),
            trade: Reused(None),
            bar: Reused(None),
        };
        for (callback, kind) in [
            (&strategy.on_quote, Interest::QUOTES),
            (&strategy.on_trade, Interest::TRADES),
            (&strategy.on_bar, Interest::BARS),
            (&strategy.on_book, Interest::BOOK),
            (&strategy.on_action, Interest::ACTIONS),
        ] {
            if callback.method.is_some() {
                strategy.interest = strategy.interest | kind;
            }
        }
        Ok(strategy)
    }

    fn fail(name: &str, callback: &str, failure: &Failure, py: Python<'_>, error: PyErr, context: &Context<'_>) -> Error {
        let what = error.get_type(py).name().map_or_else(|_| "an error".to_owned(), |n| n.to_string());
        let text = error.value(py).to_string();
        *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        Error::Strategy {
            place: format!("strategy {name:?}, {callback} at {}", context.view.now),
            why: if text.is_empty() { what } else { format!("{what}: {text}") },
        }
    }

    /// Call `callback` with the object that `argument` makes, if any, the window being open on `context`.
    #[inline]
    fn call<'py>(
        &self,
        py: Python<'py>,
        callback: &Callback,
        context: &mut Context<'_>,
        argument: impl FnOnce() -> PyResult<Option<Bound<'py, PyAny>>>,
    ) -> Result<()> {
        let Some(method) = &callback.method else { return Ok(()) };
        let outcome = self.window.get().open(context, || match argument()? {
            Some(argument) => call_one(py, method, &argument),
            None => method.bind(py).call0(),
        });
        match outcome {
            Ok(value) if value.is_none() => Ok(()),
            Ok(value) => Err(Error::Strategy {
                place: format!("strategy {:?}, {} at {}", self.name, callback.name, context.view.now),
                why: format!("returned {value}; callbacks return nothing, and are plain methods, not coroutines"),
            }),
            Err(error) => Err(Self::fail(&self.name, callback.name, &self.failure, py, error, context)),
        }
    }
}

/// A new event object, as a callback takes it.
fn made<T: PyClass + Into<PyClassInitializer<T>>>(py: Python<'_>, event: T) -> PyResult<Option<Bound<'_, PyAny>>> {
    Ok(Some(Py::new(py, event)?.into_bound(py).into_any()))
}

macro_rules! hand_out {
    ($self:ident, $py:ident, $slot:ident, $class:ident, $event:expr) => {{
        let event = $event;
        match &$self.$slot.0 {
            // Only this slot holds the object: the strategy did not keep it, so it may change under nobody.
            Some(object) if is_unshared($py, object) => {
                let mut inside = object.bind($py).borrow_mut();
                if inside.inner.instrument != event.instrument {
                    inside.symbol = $self.window.get().symbol($py, event.instrument);
                }
                inside.inner = event;
                object.bind($py).clone().into_any()
            }
            _ => {
                let symbol = $self.window.get().symbol($py, event.instrument);
                let object = Py::new($py, $class { inner: event, symbol })
                    .map_err(|e| Error::Strategy { place: $self.name.clone(), why: format!("no room for an event: {e}") })?;
                $self.$slot.0 = Some(object.clone_ref($py));
                object.into_bound($py).into_any()
            }
        }
    }};
}

impl Strategy for PyStrategy {
    fn name(&self) -> &str {
        &self.name
    }

    fn interest(&self) -> Interest {
        self.interest
    }

    fn on_start(&mut self, context: &mut Context<'_>) -> Result<()> {
        Python::attach(|py| self.call(py, &self.on_start, context, || Ok(None)))
    }

    fn on_stop(&mut self, context: &mut Context<'_>) -> Result<()> {
        Python::attach(|py| self.call(py, &self.on_stop, context, || Ok(None)))
    }

    #[inline]
    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        Python::attach(|py| match event {
            MarketEvent::Quote(quote) if self.on_quote.method.is_some() => {
                let object = hand_out!(self, py, quote, Quote, *quote);
                self.call(py, &self.on_quote, context, || Ok(Some(object)))
            }
            MarketEvent::Trade(trade) if self.on_trade.method.is_some() => {
                let object = hand_out!(self, py, trade, Trade, *trade);
                self.call(py, &self.on_trade, context, || Ok(Some(object)))
            }
            MarketEvent::Bar(bar) if self.on_bar.method.is_some() => {
                let object = hand_out!(self, py, bar, Bar, *bar);
                self.call(py, &self.on_bar, context, || Ok(Some(object)))
            }
            MarketEvent::Book(delta) if self.on_book.method.is_some() => {
                let symbol = self.window.get().symbol(py, delta.instrument);
                let inner = BookState(*context.view.top(delta.instrument)?);
                self.call(py, &self.on_book, context, || made(py, Book { inner, symbol }))
            }
            MarketEvent::Action(action) if self.on_action.method.is_some() => {
                let (kind, value) = match action.kind {
                    ActionKind::Dividend { per_share, .. } => ("dividend", per_share.to_f64()),
                    ActionKind::Split { new_shares_per_old } => ("split", new_shares_per_old),
                    _ => ("other", f64::NAN),
                };
                let symbol = self.window.get().symbol(py, action.instrument);
                let ts = action.ts.nanos();
                self.call(py, &self.on_action, context, || made(py, CorporateAction { symbol, ts, kind, value }))
            }
            _ => Ok(()),
        })
    }

    fn on_fill(&mut self, fill: &engine::Fill, context: &mut Context<'_>) -> Result<()> {
        if self.on_fill.method.is_none() {
            return Ok(());
        }
        Python::attach(|py| {
            let symbol = self.window.get().symbol(py, fill.instrument);
            self.call(py, &self.on_fill, context, || made(py, Fill { inner: *fill, symbol }))
        })
    }

    fn on_order(&mut self, update: &engine::OrderUpdate, context: &mut Context<'_>) -> Result<()> {
        if self.on_order.method.is_none() {
            return Ok(());
        }
        Python::attach(|py| {
            let order = update.order;
            let reason = update.refusal.map(|r| format!("{}: {r}", r.code.as_str()));
            let symbol = self.window.get().symbol(py, order.instrument);
            self.call(py, &self.on_order, context, || made(py, Order { inner: OrderState { order, reason }, symbol }))
        })
    }

    fn on_parameters(&mut self, text: &str, context: &mut Context<'_>) -> Result<()> {
        Python::attach(|py| self.call(py, &self.take_parameters, context, || Ok(Some(PyString::new(py, text).into_any()))))
    }

    fn on_timer(&mut self, tag: u64, context: &mut Context<'_>) -> Result<()> {
        Python::attach(|py| {
            let ts = context.view.now.nanos();
            let name = self.window.get().timer_name(py, tag);
            self.call(py, &self.on_timer, context, || made(py, Timer { name, ts }))
        })
    }
}
