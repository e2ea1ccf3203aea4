//! Settings of the risk checks and the account, from the dicts that Python gives.

use crate::errors::to_py;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tickwright_core::account::{AccountConfig, AccountKind, Borrow, PdtCheck, Unsettled};
use tickwright_core::risk::{Calendar, OnBreach, RiskLimits, ScopeKey, ScopeLimits, SessionDay, TickSize};
use tickwright_core::types::{Error, Money, Price, Qty, Timestamp};

/// A required or optional item of a settings dict.
pub(crate) fn item<'py, T: FromPyObjectOwned<'py>>(dict: &Bound<'py, PyDict>, key: &str) -> PyResult<Option<T>> {
    match dict.get_item(key)? {
        Some(value) if !value.is_none() => value.extract::<T>().map(Some).map_err(Into::into),
        _ => Ok(None),
    }
}

/// A limit that cannot be held exactly is a setting that cannot work.
fn unfit(key: &str) -> impl Fn(Error) -> PyErr {
    move |error| to_py(Error::config(format!("risk.{key}"), error.to_string()))
}

fn money(dict: &Bound<'_, PyDict>, key: &str) -> PyResult<Option<Money>> {
    item::<f64>(dict, key)?.map(Money::from_f64).transpose().map_err(unfit(key))
}

fn quantity(dict: &Bound<'_, PyDict>, key: &str) -> PyResult<Option<Qty>> {
    item::<f64>(dict, key)?.map(Qty::from_f64).transpose().map_err(unfit(key))
}

fn percent(dict: &Bound<'_, PyDict>, key: &str) -> PyResult<Option<f64>> {
    Ok(item::<f64>(dict, key)?.map(|p| p / 100.0))
}

/// Nanoseconds of a number of milliseconds.
pub(crate) fn millis(dict: &Bound<'_, PyDict>, key: &str) -> PyResult<Option<i64>> {
    let ms = item::<f64>(dict, key)?;
    Ok(ms.map(|ms| if ms.is_finite() { (ms * 1e6).round() as i64 } else { -1 }))
}

fn flag(dict: &Bound<'_, PyDict>, key: &str, unset: bool) -> PyResult<bool> {
    Ok(item::<bool>(dict, key)?.unwrap_or(unset))
}

fn tick(dict: &Bound<'_, PyDict>) -> PyResult<Option<TickSize>> {
    let Some(value) = dict.get_item("tick_size")?.filter(|v| !v.is_none()) else { return Ok(None) };
    if value.extract::<String>().is_ok_and(|word| word == "us") {
        return Ok(Some(TickSize::Us));
    }
    let step = value.extract::<f64>()?;
    Price::from_f64(step).map(|step| Some(TickSize::Step(step))).map_err(unfit("tick_size"))
}

fn calendar(dict: &Bound<'_, PyDict>) -> PyResult<Option<Calendar>> {
    let Some(days) = item::<Vec<(i64, i64, i64, i64)>>(dict, "calendar")? else { return Ok(None) };
    let at = Timestamp::from_nanos;
    let day = |(early, open, close, late)| SessionDay { early: at(early), open: at(open), close: at(close), late: at(late) };
    Calendar::new(days.into_iter().map(day).collect()).map(Some).map_err(to_py)
}

fn scope<'py>(row: &Bound<'py, PyAny>) -> PyResult<ScopeLimits> {
    let (kind, name, symbols, dict): (String, String, Vec<String>, Bound<'py, PyDict>) = row.extract()?;
    let key = match kind.as_str() {
        "strategy" => ScopeKey::Strategy(name),
        "instrument" => ScopeKey::Instrument(name),
        _ => ScopeKey::Group { name, symbols },
    };
    Ok(ScopeLimits { key, limits: limits(&dict)? })
}

/// Limits of one scope, and of those within it.
pub(crate) fn limits(dict: &Bound<'_, PyDict>) -> PyResult<RiskLimits> {
    let none = RiskLimits::none();
    let volumes = item::<Vec<(String, f64)>>(dict, "average_volumes")?.unwrap_or_default();
    let volumes = volumes.into_iter().map(|(symbol, shares)| Qty::from_f64(shares).map(|q| (symbol, q)));
    let scopes = match dict.get_item("scopes")? {
        Some(rows) => rows.cast::<PyList>()?.iter().map(|row| scope(&row)).collect::<PyResult<Vec<_>>>()?,
        None => Vec::new(),
    };
    Ok(RiskLimits {
        restricted: flag(dict, "restricted", false)?,
        tick_size: tick(dict)?,
        lot: quantity(dict, "lot")?,
        min_order_notional: money(dict, "min_order_notional")?,
        broker_rules: flag(dict, "broker_rules", false)?,
        max_order_qty: quantity(dict, "max_order_qty")?,
        max_order_notional: money(dict, "max_order_notional")?,
        max_order_adv: percent(dict, "max_order_adv_pct")?,
        max_position_qty: quantity(dict, "max_position_qty")?,
        max_position_notional: money(dict, "max_position_notional")?,
        max_gross_exposure: money(dict, "max_gross_exposure")?,
        max_net_exposure: money(dict, "max_net_exposure")?,
        max_leverage: item(dict, "max_leverage")?,
        collar: percent(dict, "collar_pct")?,
        collar_sigma: item(dict, "collar_sigma")?,
        collar_horizon_ns: millis(dict, "collar_horizon_ms")?.unwrap_or(none.collar_horizon_ns),
        max_data_age_ns: millis(dict, "max_data_age_ms")?,
        max_reference_age_ns: millis(dict, "max_reference_age_ms")?,
        max_orders_per_second: item(dict, "max_orders_per_second")?,
        max_orders_per_minute: item(dict, "max_orders_per_minute")?,
        max_cancels_per_second: item(dict, "max_cancels_per_second")?,
        max_order_to_fill: item(dict, "max_order_to_fill")?,
        order_to_fill_grace: item(dict, "order_to_fill_grace")?.unwrap_or(none.order_to_fill_grace),
        max_open_orders: item(dict, "max_open_orders")?,
        max_open_orders_per_instrument: item(dict, "max_open_orders_per_instrument")?,
        duplicate_window_ns: millis(dict, "duplicate_window_ms")?,
        max_executions: item(dict, "max_executions")?,
        execution_window_ns: millis(dict, "execution_window_ms")?.unwrap_or(none.execution_window_ns),
        prevent_self_match: flag(dict, "prevent_self_match", false)?,
        max_drawdown: percent(dict, "max_drawdown_pct")?,
        max_daily_loss: money(dict, "max_daily_loss")?,
        reduce_only_at: percent(dict, "reduce_only_at_pct")?,
        on_breach: OnBreach::parse(&item::<String>(dict, "on_breach")?.unwrap_or_else(|| "halt".to_owned())).map_err(to_py)?,
        allow_short: flag(dict, "allow_short", true)?,
        capital: money(dict, "capital")?,
        calendar: calendar(dict)?,
        extended_hours: flag(dict, "extended_hours", false)?,
        average_volumes: volumes.collect::<Result<_, _>>().map_err(unfit("average_volumes"))?,
        scopes,
    })
}

/// Settings of an account.
pub(crate) fn account(dict: &Bound<'_, PyDict>) -> PyResult<AccountConfig> {
    let text = |key: &str, unset: &str| item::<String>(dict, key).map(|t| t.unwrap_or_else(|| unset.to_owned()));
    let rate = |key: &str, unset: f64| percent(dict, key).map(|r| r.unwrap_or(unset));
    let none = AccountConfig::default();
    let mut borrows = Vec::new();
    for (symbol, shares, percent) in item::<Vec<(String, Option<f64>, f64)>>(dict, "borrows")?.unwrap_or_default() {
        let shares = shares.map(Qty::from_f64).transpose().map_err(to_py)?;
        borrows.push(Borrow { symbol, shares, rate: percent / 100.0 });
    }
    Ok(AccountConfig {
        kind: AccountKind::parse(&text("kind", "unlimited")?).map_err(to_py)?,
        max_multiplier: item(dict, "max_multiplier")?.unwrap_or(none.max_multiplier),
        shorting: flag(dict, "shorting", none.shorting)?,
        pdt_check: PdtCheck::parse(&text("pdt_check", "exit")?).map_err(to_py)?,
        unsettled: Unsettled::parse(&text("unsettled", "wait")?).map_err(to_py)?,
        market_buy_cushion: rate("market_buy_cushion_pct", none.market_buy_cushion)?,
        debit_rate: rate("debit_rate_pct", none.debit_rate)?,
        credit_rate: rate("credit_rate_pct", none.credit_rate)?,
        borrow_rate: rate("borrow_rate_pct", none.borrow_rate)?,
        easy_to_borrow: flag(dict, "easy_to_borrow", none.easy_to_borrow)?,
        borrows,
    })
}
