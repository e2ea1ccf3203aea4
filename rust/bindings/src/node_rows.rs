//! What a node tells Python, as dicts.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tickwright_core::engine::Output;
use tickwright_core::feeds::Control;
use tickwright_core::journal::Files;
use tickwright_core::live::{Node as Core, Request, RequestKind};
use tickwright_core::order::Order;
use tickwright_core::types::{InstrumentId, StrategyId, Timestamp};

/// What a frame says besides market data.
pub(crate) fn controls(py: Python<'_>, controls: Vec<Control>) -> PyResult<Vec<Bound<'_, PyDict>>> {
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

/// An order.
pub(crate) fn order_dict<'py>(py: Python<'py>, core: &Core<Files>, order: &Order) -> PyResult<Bound<'py, PyDict>> {
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

/// A request for the broker.
pub(crate) fn request_dict<'py>(py: Python<'py>, request: &Request) -> PyResult<Bound<'py, PyDict>> {
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

/// A notice; none of what follows from others.
pub(crate) fn notice_dict<'py>(
    py: Python<'py>,
    core: &Core<Files>,
    at: Timestamp,
    output: &Output,
) -> PyResult<Option<Bound<'py, PyDict>>> {
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

/// A strategy: whether it is called, how often it was, its failures and orders.
pub(crate) fn strategy_dict<'py>(py: Python<'py>, core: &Core<Files>, id: StrategyId, name: &str) -> PyResult<Bound<'py, PyDict>> {
    let engine = core.engine();
    let (is_active, calls, faults) = engine.calls(id).unwrap_or_default();
    let orders = engine.orders();
    let dict = PyDict::new(py);
    dict.set_item("name", name)?;
    dict.set_item("is_active", is_active)?;
    dict.set_item("calls", calls)?;
    dict.set_item("faults", faults)?;
    dict.set_item("orders", orders.all().filter(|o| o.strategy == id).count())?;
    dict.set_item("open_orders", orders.open().iter().filter(|o| orders.get(**o).is_some_and(|o| o.strategy == id)).count())?;
    Ok(dict)
}

/// Newest prices of an instrument.
pub(crate) fn price_dict<'py>(py: Python<'py>, core: &Core<Files>, id: InstrumentId) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let engine = core.engine();
    dict.set_item("symbol", engine.instruments().symbol(id))?;
    if let Some(top) = engine.tops().get(id.index()) {
        let decimal = |raw: i64, text: String| (raw != 0).then_some(text);
        dict.set_item("bid", decimal(top.bid.raw(), top.bid.to_string()))?;
        dict.set_item("ask", decimal(top.ask.raw(), top.ask.to_string()))?;
        dict.set_item("bid_size", decimal(top.bid_size.raw(), top.bid_size.to_string()))?;
        dict.set_item("ask_size", decimal(top.ask_size.raw(), top.ask_size.to_string()))?;
        dict.set_item("last", decimal(top.last.raw(), top.last.to_string()))?;
        let since = |at: Timestamp| if at == Timestamp::MIN { 0 } else { at.nanos() };
        dict.set_item("quote_ns", since(top.quoted))?;
        dict.set_item("trade_ns", since(top.traded))?;
    }
    Ok(dict)
}
