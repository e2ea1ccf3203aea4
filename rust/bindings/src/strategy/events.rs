//! What a Python strategy is handed: light, read-only objects around the core's events.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyString;
use tickwright_core::engine;
use tickwright_core::event;
use tickwright_core::order;
use tickwright_core::types::{Money, Price};

macro_rules! event_class {
    ($(#[$doc:meta])* $name:ident($inner:ty) { $($(#[$field_doc:meta])* $field:ident: $type:ty = $read:expr;)+ }) => {
        $(#[$doc])*
        #[pyclass(module = "tickwright._core")]
        pub(crate) struct $name {
            pub(crate) inner: $inner,
            pub(crate) symbol: Py<PyString>,
        }

        #[pymethods]
        impl $name {
            /// Symbol of the instrument.
            #[getter]
            fn symbol(&self, py: Python<'_>) -> Py<PyString> {
                self.symbol.clone_ref(py)
            }

            $(
                $(#[$field_doc])*
                #[getter]
                fn $field(&self) -> $type {
                    let read: fn(&$inner) -> $type = $read;
                    read(&self.inner)
                }
            )+

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                let mut fields = vec![format!("symbol={}", self.symbol.bind(py).repr()?)];
                $({
                    let read: fn(&$inner) -> $type = $read;
                    let value = read(&self.inner).into_bound_py_any(py)?.repr()?;
                    fields.push(format!("{}={value}", stringify!($field).trim_start_matches("r#")));
                })+
                Ok(format!("{}({})", stringify!($name), fields.join(", ")))
            }
        }
    };
}

event_class! {
    /// Best bid and ask.
    Quote(event::Quote) {
        /// Exchange time, nanoseconds since 1970 UTC.
        ts: i64 = |q| q.ts.nanos();
        /// Best bid, dollars; 0 when there is none.
        bid: f64 = |q| q.bid.to_f64();
        /// Best ask, dollars; 0 when there is none.
        ask: f64 = |q| q.ask.to_f64();
        /// Shares at the bid.
        bid_size: f64 = |q| q.bid_size.to_f64();
        /// Shares at the ask.
        ask_size: f64 = |q| q.ask_size.to_f64();
        /// Midpoint, dollars; NaN unless both sides are there.
        mid: f64 = |q| q.mid();
    }
}

event_class! {
    /// A trade print.
    Trade(event::Trade) {
        /// Exchange time, nanoseconds since 1970 UTC.
        ts: i64 = |t| t.ts.nanos();
        /// Price, dollars.
        price: f64 = |t| t.price.to_f64();
        /// Shares.
        size: f64 = |t| t.size.to_f64();
    }
}

event_class! {
    /// A complete bar.
    Bar(event::Bar) {
        /// End of the bar, nanoseconds since 1970 UTC: the first moment at which it is known.
        ts: i64 = |b| b.ts.nanos();
        /// Start of the bar, nanoseconds since 1970 UTC.
        start: i64 = |b| b.start.nanos();
        /// First price, dollars.
        open: f64 = |b| b.open.to_f64();
        /// Highest price, dollars.
        high: f64 = |b| b.high.to_f64();
        /// Lowest price, dollars.
        low: f64 = |b| b.low.to_f64();
        /// Last price, dollars.
        close: f64 = |b| b.close.to_f64();
        /// Shares traded.
        volume: f64 = |b| b.volume.to_f64();
    }
}

event_class! {
    /// A fill of one of the strategy's orders; position and cash already show it.
    Fill(engine::Fill) {
        /// Exchange time, nanoseconds since 1970 UTC.
        ts: i64 = |f| f.ts.nanos();
        /// When the engine learned of it, nanoseconds since 1970 UTC.
        recv: i64 = |f| f.recv.nanos();
        /// Order id.
        order_id: u64 = |f| f.order.0;
        /// `buy` or `sell`.
        side: &'static str = |f| f.side.as_str();
        /// Shares.
        qty: f64 = |f| f.qty.to_f64();
        /// Dollars a share.
        price: f64 = |f| f.price.to_f64();
        /// Fee, dollars.
        fee: f64 = |f| f.fee.to_f64();
        /// Cost against the price at the decision, dollars.
        slippage: f64 = |f| f.slippage.to_f64();
        /// Profit realised, before fees, dollars.
        realized_pnl: f64 = |f| f.realized.to_f64();
        /// The strategy's position afterwards, shares.
        position: f64 = |f| f.position.to_f64();
        /// Shares of the order still to fill.
        remaining: f64 = |f| f.remaining.to_f64();
        /// True when the order rested and gave liquidity.
        maker: bool = |f| f.maker;
    }
}

/// An order with the reason for which risk refused it, if it did.
pub(crate) struct OrderState {
    pub(crate) order: order::Order,
    pub(crate) reason: Option<String>,
}

event_class! {
    /// One of the strategy's orders as it is at this moment.
    Order(OrderState) {
        /// Order id.
        id: u64 = |o| o.order.id.0;
        /// `buy` or `sell`.
        side: &'static str = |o| o.order.side.as_str();
        /// `market`, `limit`, `stop`, `stop_limit` or `trailing_stop`.
        r#type: &'static str = |o| o.order.kind.as_str();
        /// `day`, `gtc`, `ioc`, `fok`, `opg` or `cls`.
        time_in_force: &'static str = |o| o.order.tif.as_str();
        /// Status, by Alpaca's names; `refused` when our own risk checks refused it.
        status: &'static str = |o| o.order.status().as_str();
        /// True when nothing can happen to it any more.
        is_done: bool = |o| o.order.status().is_terminal();
        /// Shares asked for.
        qty: f64 = |o| o.order.qty.to_f64();
        /// Shares filled.
        filled_qty: f64 = |o| o.order.filled.to_f64();
        /// Average price of the fills, dollars.
        avg_price: Option<f64> = |o| o.order.average_price().map(Price::to_f64);
        /// Limit price, dollars.
        limit_price: Option<f64> = |o| o.order.limit().map(Price::to_f64);
        /// Stop price, dollars.
        stop_price: Option<f64> = |o| o.order.stop().map(Price::to_f64);
        /// When the strategy sent it, nanoseconds since 1970 UTC.
        submitted: i64 = |o| o.order.submitted.nanos();
        /// The order it replaces, if any.
        replaces: Option<u64> = |o| (o.order.replaces.0 != 0).then_some(o.order.replaces.0);
        /// `simple`, `bracket`, `oco` or `oto`; a leg has its parent's.
        order_class: &'static str = |o| o.order.class.as_str();
        /// The order whose leg it is, if any.
        parent: Option<u64> = |o| (o.order.parent.0 != 0).then_some(o.order.parent.0);
        /// Legs of a parent, take-profit first; of a leg, the one beside it.
        legs: Vec<u64> = |o| o.order.legs().into_iter().map(|id| id.0).filter(|&id| id != 0).collect();
        /// Dollars that a trailing stop stays behind.
        trail_price: Option<f64> = |o| if let Some(order::Trail::Price(p)) = o.order.trail() { Some(p.to_f64()) } else { None };
        /// Percent that a trailing stop stays behind.
        trail_percent: Option<f64> = |o| if let Some(order::Trail::PartsPerBillion(n)) = o.order.trail() { Some(n as f64 / 1e7) } else { None };
        /// Best price that a trailing stop has seen, as far as the venue has told it.
        hwm: Option<f64> = |o| o.order.hwm().map(Price::to_f64);
        /// Dollars it was sent for in the place of shares.
        notional: Option<f64> = |o| o.order.notional().map(Money::to_f64);
        /// True when it may trade before the open and after the close too.
        extended_hours: bool = |o| o.order.extended_hours();
        /// Why it was refused: a code and the figures.
        reason: Option<String> = |o| o.reason.clone();
    }
}

/// A strategy's position in one instrument.
pub(crate) struct PositionState {
    pub(crate) qty: f64,
    pub(crate) avg_price: f64,
    pub(crate) mark: f64,
    pub(crate) unrealized: Money,
    pub(crate) realized: Money,
    pub(crate) fees: Money,
}

event_class! {
    /// The strategy's own position in one instrument.
    Position(PositionState) {
        /// Shares, below zero for a short.
        qty: f64 = |p| p.qty;
        /// Average cost, dollars a share; 0 when flat.
        avg_price: f64 = |p| p.avg_price;
        /// Price it is valued at, dollars; 0 before the first.
        mark: f64 = |p| p.mark;
        /// Profit of the open shares, dollars.
        unrealized_pnl: f64 = |p| p.unrealized.to_f64();
        /// Profit of closed shares before fees, dollars.
        realized_pnl: f64 = |p| p.realized.to_f64();
        /// Fees paid, dollars.
        fees: f64 = |p| p.fees.to_f64();
    }
}

/// What is known of an instrument's prices.
pub(crate) struct BookState(pub(crate) tickwright_core::book::TopOfBook);

event_class! {
    /// Best bid and ask and the last trade of one instrument; 0 stands for "none yet".
    Book(BookState) {
        /// Best bid, dollars.
        bid: f64 = |b| b.0.bid.to_f64();
        /// Best ask, dollars.
        ask: f64 = |b| b.0.ask.to_f64();
        /// Shares at the bid.
        bid_size: f64 = |b| b.0.bid_size.to_f64();
        /// Shares at the ask.
        ask_size: f64 = |b| b.0.ask_size.to_f64();
        /// Last trade or close, dollars.
        last: f64 = |b| b.0.last.to_f64();
        /// Midpoint, dollars; NaN unless both sides are there.
        mid: f64 = |b| b.0.mid().map_or(f64::NAN, Price::to_f64);
    }
}

/// A timer that went off.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct Timer {
    /// Its name.
    #[pyo3(get)]
    pub(crate) name: Py<PyString>,
    /// Event time, nanoseconds since 1970 UTC.
    #[pyo3(get)]
    pub(crate) ts: i64,
}

#[pymethods]
impl Timer {
    fn __repr__(&self) -> String {
        format!("Timer(name={:?}, ts={})", self.name.to_string(), self.ts)
    }
}

/// A split or dividend.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct CorporateAction {
    #[pyo3(get)]
    pub(crate) symbol: Py<PyString>,
    /// Effective time, nanoseconds since 1970 UTC.
    #[pyo3(get)]
    pub(crate) ts: i64,
    /// `split` or `dividend`.
    #[pyo3(get)]
    pub(crate) kind: &'static str,
    /// New shares for one old share, or dollars a share.
    #[pyo3(get)]
    pub(crate) value: f64,
}

#[pymethods]
impl CorporateAction {
    fn __repr__(&self) -> String {
        format!("CorporateAction(symbol={:?}, ts={}, kind={:?}, value={})", self.symbol.to_string(), self.ts, self.kind, self.value)
    }
}

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Quote>()?;
    module.add_class::<Trade>()?;
    module.add_class::<Bar>()?;
    module.add_class::<Fill>()?;
    module.add_class::<Order>()?;
    module.add_class::<Position>()?;
    module.add_class::<Book>()?;
    module.add_class::<Timer>()?;
    module.add_class::<CorporateAction>()
}
