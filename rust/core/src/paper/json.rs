//! Alpaca's JSON of orders: money and quantities as text, null where there is none.

use super::calendar::Calendar;
use super::state::State;
use crate::order::{Order, OrderType, Role, TimeInForce, Trail};
use crate::types::{DAY_NS, OrderId, Price, Side, Timestamp};
use serde_json::{Value, json};

/// RFC 3339 in UTC with as many decimals as it takes.
pub(super) fn time_text(ts: Timestamp) -> String {
    ts.to_string()
}

pub(super) fn text(value: impl std::fmt::Display) -> Value {
    Value::String(value.to_string())
}

pub(super) fn text_or_null(value: Option<impl std::fmt::Display>) -> Value {
    value.map_or(Value::Null, text)
}

fn time_or_null(ts: Option<Timestamp>) -> Value {
    text_or_null(ts.map(time_text))
}

/// Days that an order lives which lives until it is canceled.
const GTC_DAYS: i64 = 90;

fn expires_at(order: &Order, created: Timestamp, calendar: &Calendar, crypto: bool) -> Value {
    let end = |d: &[Timestamp; 4]| if order.extended_hours() { d[3] } else { d[2] };
    let day = calendar.days().get(calendar.days().partition_point(|d| end(d) <= created));
    let at = match (order.tif, day) {
        (TimeInForce::Gtc, _) => Some(created.plus(GTC_DAYS * DAY_NS)),
        _ if crypto => None,
        (_, Some(day)) => Some(end(day)),
        _ => None,
    };
    time_or_null(at)
}

/// An order, its legs within it where `nested`.
pub(super) fn order_json(state: &State, order: &Order, nested: bool) -> Value {
    let Some(extra) = state.extra(order.id) else { return Value::Null };
    let asset = state.asset(order.instrument);
    let crypto = state.is_crypto(order.instrument);
    let id_text = |id: OrderId| state.extra(id).map(|e| e.id);
    let by_dollars = extra.notional;
    let venue = &state.venues[usize::from(crypto)];
    let trailing = order.kind == OrderType::TrailingStop && !order.status().is_terminal();
    let terms = if trailing { venue.terms(order.instrument, order.id) } else { None };
    let stop = terms.and_then(|t| t.stop).or_else(|| order.stop());
    let hwm = terms.and_then(|t| t.hwm).or_else(|| order.hwm());
    let (trail_price, trail_percent) = match order.trail() {
        Some(Trail::Price(price)) => (Some(price), None),
        Some(Trail::PartsPerBillion(ppb)) => (None, Some(Price::from_raw(ppb.saturating_mul(100)))),
        None => (None, None),
    };
    let intent = match (order.side, extra.closes) {
        (Side::Buy, false) => "buy_to_open",
        (Side::Buy, true) => "buy_to_close",
        (Side::Sell, false) => "sell_to_open",
        (Side::Sell, true) => "sell_to_close",
    };
    let legs: Vec<Value> = if nested && order.role == Role::Parent {
        order.legs().iter().filter_map(|&leg| state.orders.get(leg)).map(|leg| order_json(state, leg, false)).collect()
    } else {
        Vec::new()
    };
    json!({
        "id": extra.id.to_string(),
        "client_order_id": &*extra.client_order_id,
        "created_at": time_text(extra.created),
        "updated_at": time_text(order.updated),
        "submitted_at": time_text(order.submitted),
        "filled_at": time_or_null(extra.filled),
        "expired_at": time_or_null(extra.expired),
        "expires_at": expires_at(order, extra.created, &state.calendar, crypto),
        "canceled_at": time_or_null(extra.canceled),
        "failed_at": time_or_null(extra.failed),
        "replaced_at": time_or_null(extra.replaced),
        "replaced_by": text_or_null(Some(extra.replaced_by).filter(|id| id.0 != 0).and_then(id_text)),
        "replaces": text_or_null(Some(order.replaces).filter(|id| id.0 != 0).and_then(id_text)),
        "asset_id": text_or_null(asset.map(|a| a.id)),
        "symbol": asset.map_or("", |a| &a.symbol),
        "asset_class": asset.map_or("us_equity", |a| a.asset_class.as_str()),
        "notional": text_or_null(by_dollars),
        "qty": text_or_null(by_dollars.is_none().then_some(order.qty)),
        "filled_qty": text(order.filled),
        "filled_avg_price": text_or_null(order.average_price()),
        "order_class": order.class.as_str(),
        "order_type": order.kind.as_str(),
        "type": order.kind.as_str(),
        "side": order.side.as_str(),
        "position_intent": intent,
        "time_in_force": order.tif.as_str(),
        "limit_price": text_or_null(order.limit()),
        "stop_price": text_or_null(stop),
        "status": order.status().as_str(),
        "extended_hours": order.extended_hours(),
        "legs": if legs.is_empty() { Value::Null } else { Value::Array(legs) },
        "trail_percent": text_or_null(trail_percent),
        "trail_price": text_or_null(trail_price),
        "hwm": text_or_null(hwm),
        "ratio_qty": Value::Null,
        "subtag": Value::Null,
        "source": Value::Null,
    })
}
