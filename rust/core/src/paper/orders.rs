//! `/orders`: taking, replacing and canceling orders.

use super::checks::{Releasing, Verdict};
use super::config::Uuid;
use super::json::order_json;
use super::query;
use super::refusal::{Answer, Refusal};
use super::state::State;
use super::updates::Event;
use crate::order::{Asset, Order, OrderClass, OrderEvent, OrderRequest, OrderStatus, OrderType, Role, StopLoss, TimeInForce, Trail};
use crate::types::{InstrumentId, Money, OrderId, Price, Qty, SCALE, Side, StrategyId, Timestamp};
use crate::venue::OrderCommand;
use serde_json::Value;

/// Most characters of a client's own id.
const CLIENT_ID_MAX: usize = 128;
/// Most orders that an account may have open.
const OPEN_MAX: usize = 10_000;

/// An order as an account asks for it.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) request: OrderRequest,
    pub(super) client_order_id: Option<String>,
    pub(super) releasing: Releasing,
}

fn one_of<T: Copy>(body: &Value, name: &str, choices: &[(&str, T)]) -> Result<Option<T>, Refusal> {
    let Some(given) = query::text(body, name)? else { return Ok(None) };
    let found = choices.iter().find(|(text, _)| *text == given).map(|c| c.1);
    let names = || choices.iter().map(|c| c.0).collect::<Vec<_>>().join(", ");
    found.map(Some).ok_or_else(|| Refusal::malformed(format!("invalid {name}: {given}; must be one of {}", names())))
}

const TIFS: [(&str, TimeInForce); 6] = [
    ("day", TimeInForce::Day),
    ("gtc", TimeInForce::Gtc),
    ("opg", TimeInForce::Opg),
    ("cls", TimeInForce::Cls),
    ("ioc", TimeInForce::Ioc),
    ("fok", TimeInForce::Fok),
];

const KINDS: [(&str, OrderType); 5] = [
    ("market", OrderType::Market),
    ("limit", OrderType::Limit),
    ("stop", OrderType::Stop),
    ("stop_limit", OrderType::StopLimit),
    ("trailing_stop", OrderType::TrailingStop),
];

const CLASSES: [(&str, OrderClass); 4] =
    [("simple", OrderClass::Simple), ("bracket", OrderClass::Bracket), ("oco", OrderClass::Oco), ("oto", OrderClass::Oto)];

fn price(body: &Value, name: &str) -> Result<Option<Price>, Refusal> {
    match query::decimal(body, name)? {
        Some(raw) if raw <= 0 => Err(Refusal::malformed(format!("{name} must be > 0"))),
        raw => Ok(raw.map(Price::from_raw)),
    }
}

/// Stocks: two decimals from one dollar on, four below (SEC Rule 612).
fn check_tick(name: &str, price: Option<Price>) -> Result<(), Refusal> {
    let Some(price) = price else { return Ok(()) };
    let step = if price.raw() >= SCALE { SCALE / 100 } else { SCALE / 10_000 };
    if price.raw() % step == 0 {
        return Ok(());
    }
    Err(Refusal::unprocessable(format!("invalid {name} {price}. sub-penny increment does not fulfill minimum pricing criteria")))
}

fn trail(price: Option<i64>, percent: Option<i64>) -> Result<Option<Trail>, Refusal> {
    match (price, percent) {
        (Some(_), Some(_)) => Err(Refusal::malformed("only one of trail_price or trail_percent is accepted")),
        (Some(raw), None) if raw > 0 => Ok(Some(Trail::Price(Price::from_raw(raw)))),
        // A percent in units of 1e-9 is a hundred times as many parts per billion.
        (None, Some(raw)) if (100..100 * SCALE).contains(&raw) => Ok(Some(Trail::PartsPerBillion(raw / 100))),
        (None, None) => Ok(None),
        (Some(_), _) => Err(Refusal::malformed("trail_price must be > 0")),
        _ => Err(Refusal::malformed("trail_percent must be > 0 and < 100")),
    }
}

impl State {
    /// The order that a body describes.
    fn read_order(&self, body: &Value) -> Result<Ask, Refusal> {
        let class = match query::text(body, "order_class")? {
            Some("mleg") => return Err(Refusal::unprocessable("options and multi-leg orders are not traded here")),
            _ => one_of(body, "order_class", &CLASSES)?.unwrap_or_default(),
        };
        let symbol = query::text(body, "symbol")?.ok_or_else(|| Refusal::malformed("symbol is required"))?;
        let instrument = self.instrument(symbol).ok_or_else(|| Refusal::unprocessable(format!("asset \"{symbol}\" not found")))?;
        let (qty, notional) = (query::decimal(body, "qty")?, query::decimal(body, "notional")?);
        match (qty, notional) {
            (None, None) => return Err(Refusal::malformed("qty or notional is required")),
            (Some(_), Some(_)) => return Err(Refusal::malformed("only one of qty or notional is accepted")),
            (Some(raw), _) if raw <= 0 => return Err(Refusal::malformed("qty must be > 0")),
            (_, Some(raw)) if raw <= 0 => return Err(Refusal::malformed("notional must be > 0")),
            _ => {}
        }
        let side =
            one_of(body, "side", &[("buy", Side::Buy), ("sell", Side::Sell)])?.ok_or_else(|| Refusal::malformed("side is required"))?;
        let kind = one_of(body, "type", &KINDS)?.ok_or_else(|| Refusal::malformed("type is required"))?;
        let tif = one_of(body, "time_in_force", &TIFS)?.ok_or_else(|| Refusal::malformed("time_in_force is required"))?;
        let (mut limit, stop) = (price(body, "limit_price")?, price(body, "stop_price")?);
        let empty = Value::Null;
        let leg = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(leg @ Value::Object(_)) => Ok(Some(leg)),
            Some(_) => Err(Refusal::malformed(format!("invalid {name}: must be an object"))),
        };
        let (profit, loss) = (leg("take_profit")?, leg("stop_loss")?);
        let mut take_profit = price(profit.unwrap_or(&empty), "limit_price")?;
        let stop_loss = match loss {
            Some(loss) => {
                let stop = price(loss, "stop_price")?.ok_or_else(|| Refusal::malformed("stop_loss.stop_price is required"))?;
                Some(StopLoss { stop, limit: price(loss, "limit_price")? })
            }
            None => None,
        };
        if profit.is_some() && take_profit.is_none() {
            return Err(Refusal::malformed("take_profit.limit_price is required"));
        }
        if class == OrderClass::Oco {
            // The order itself is the take-profit.
            limit = take_profit.take().or(limit);
        }
        let trail = trail(query::decimal(body, "trail_price")?, query::decimal(body, "trail_percent")?)?;
        let request = OrderRequest {
            instrument,
            side,
            kind,
            tif,
            qty: Qty::from_raw(qty.unwrap_or(0)),
            limit,
            stop,
            trail,
            notional: notional.map(|raw| Money::from_raw(i128::from(raw))),
            extended_hours: query::flag(body, "extended_hours")?.unwrap_or(false),
            class,
            take_profit,
            stop_loss,
            client: 0,
        };
        let client_order_id = query::text(body, "client_order_id")?.map(str::to_owned);
        Ok(Ask { request, client_order_id, releasing: Releasing::Nothing })
    }

    /// What no account may order.
    fn check_form(&self, request: &OrderRequest) -> Result<(), Refusal> {
        let Some(asset) = self.asset(request.instrument) else { return Err(Refusal::unprocessable("asset not found")) };
        if !asset.tradable {
            return Err(Refusal::unprocessable(format!("asset \"{}\" is not active", asset.symbol)));
        }
        match (request.kind, request.limit, request.stop) {
            (OrderType::Limit | OrderType::StopLimit, None, _) => {
                return Err(Refusal::malformed(format!("{} orders require limit price", request.kind.as_str())));
            }
            (OrderType::Stop | OrderType::StopLimit, _, None) => {
                return Err(Refusal::malformed(format!("{} orders require stop price", request.kind.as_str())));
            }
            (OrderType::Market | OrderType::Stop | OrderType::TrailingStop, Some(_), _) => {
                return Err(Refusal::malformed(format!("{} orders require no limit price", request.kind.as_str())));
            }
            (OrderType::Market | OrderType::Limit | OrderType::TrailingStop, _, Some(_)) => {
                return Err(Refusal::malformed(format!("{} orders require no stop price", request.kind.as_str())));
            }
            (OrderType::TrailingStop, ..) if request.trail.is_none() => {
                return Err(Refusal::malformed("trailing_stop orders require trail_price or trail_percent"));
            }
            _ => {}
        }
        let crypto = self.is_crypto(request.instrument);
        if !crypto {
            check_tick("limit_price", request.limit)?;
            check_tick("stop_price", request.stop)?;
            check_tick("take_profit.limit_price", request.take_profit)?;
            check_tick("stop_loss.stop_price", request.stop_loss.map(|l| l.stop))?;
            check_tick("stop_loss.limit_price", request.stop_loss.and_then(|l| l.limit))?;
        }
        let fractional = request.notional.is_some() || request.qty.raw() % SCALE != 0;
        if fractional && !asset.fractionable {
            return Err(Refusal::unprocessable(format!("asset \"{}\" is not fractionable", asset.symbol)));
        }
        let fault = request.fault().or_else(|| request.broker_fault(if crypto { Asset::Crypto } else { Asset::UsEquity }));
        fault.map_or(Ok(()), |why| Err(Refusal::of_fault(why)))
    }

    /// Dollars as the shares that they buy at the price of the moment, rounded down.
    fn sized(&self, request: &OrderRequest) -> Result<OrderRequest, Refusal> {
        let Some(notional) = request.notional else { return Ok(*request) };
        let top = self.tops.get(request.instrument.index());
        let touch = top.map(|t| if request.side == Side::Buy { t.ask } else { t.bid }).filter(|p| p.is_positive());
        let price = request.limit.or(request.stop).or(touch).or_else(|| self.mark(request.instrument));
        let price = price.ok_or_else(|| Refusal::unprocessable("no price is known for the symbol yet: wait for a quote"))?;
        let shares = notional.raw().saturating_mul(i128::from(SCALE)) / i128::from(price.raw());
        match i64::try_from(shares) {
            Ok(shares) if shares > 0 => Ok(OrderRequest { qty: Qty::from_raw(shares), ..*request }),
            _ => Err(Refusal::unprocessable("notional is too small or too large")),
        }
    }

    fn check_name(&self, account: usize, name: Option<&str>) -> Result<(), Refusal> {
        let Some(name) = name else { return Ok(()) };
        if name.chars().count() > CLIENT_ID_MAX {
            return Err(Refusal::malformed("client_order_id must be no more than 128 characters"));
        }
        if self.holders[account].by_client_id.contains_key(name) {
            return Err(Refusal::malformed("client_order_id must be unique"));
        }
        Ok(())
    }

    pub(super) fn post_order(&mut self, account: usize, body: &Value) -> Answer {
        let ask = self.read_order(body)?;
        Ok((200, self.place(account, &ask)?))
    }

    /// True where an order may trade at this moment.
    fn trades_now(&self, request: &OrderRequest) -> bool {
        if self.is_crypto(request.instrument) {
            return true;
        }
        let open = self.calendar.is_open(self.now) || (request.extended_hours && self.calendar.is_extended(self.now));
        (open || self.calendar.days().is_empty()) && !request.tif.is_auction()
    }

    /// Check an order and send it; the order as it is then.
    pub(super) fn place(&mut self, account: usize, ask: &Ask) -> Result<Value, Refusal> {
        self.check_form(&ask.request)?;
        self.check_name(account, ask.client_order_id.as_deref())?;
        if self.calendar.is_late(self.now, ask.request.tif) && !self.is_crypto(ask.request.instrument) {
            let tif = ask.request.tif.as_str();
            return Err(Refusal::unprocessable(format!("{tif} orders are not accepted at this time")));
        }
        let request = self.sized(&ask.request)?;
        let ask = Ask { request, ..ask.clone() };
        let Verdict { closes, hold } = self.check(account, &ask, None)?;
        if self.open_of(account).len() >= OPEN_MAX {
            return Err(Refusal::forbidden("too many open orders"));
        }
        let id = self.orders.next_id();
        let reference = self.mark(request.instrument).unwrap_or(Price::ZERO);
        // Dollars that close a position are a number of shares from the start: never more than there are.
        let sent = OrderRequest { notional: request.notional.filter(|_| !closes), ..request };
        let order = Order::new(id, StrategyId(account as u16), &sent, reference, self.now);
        let (parent, legs) = if request.class == OrderClass::Simple { (order, [None; 2]) } else { order.with_legs(&request) };
        let internal = |e: crate::types::Error| Refusal::unprocessable(e.to_string());
        let made = self.made_name(id);
        self.enter(parent, ask.client_order_id.as_deref().unwrap_or(&made), closes, hold).map_err(internal)?;
        if let Some(extra) = self.extra_mut(id) {
            extra.notional = request.notional;
        }
        for leg in legs.into_iter().flatten() {
            let name = self.made_name(leg.id);
            self.enter(leg, &name, true, Price::ZERO).map_err(internal)?;
            self.send(OrderCommand::New(leg), leg.instrument);
        }
        self.send(OrderCommand::New(parent), parent.instrument);
        if self.trades_now(&request) {
            self.tell(id, Event::PendingNew);
        } else {
            self.change(id, OrderEvent::Accepted, Some(Event::Accepted)).map_err(internal)?;
        }
        let placed = self.orders.get(id).copied().unwrap_or(parent);
        Ok(order_json(self, &placed, true))
    }

    /// An id for an order whose sender gave none.
    fn made_name(&self, id: OrderId) -> String {
        Uuid::made(self.config.seed, "client", id.0).to_string()
    }

    /// The account's order of this id.
    pub(super) fn order_of(&self, account: usize, id: &str) -> Result<Order, Refusal> {
        let found = Uuid::parse(id).and_then(|uuid| self.by_id.get(&uuid)).and_then(|&id| self.orders.get(id));
        let found = found.filter(|o| o.strategy.index() == account).copied();
        found.ok_or_else(|| Refusal::not_found(format!("order not found for {id}")))
    }

    /// Ask for the end of an order; false where it has ended.
    pub(super) fn cancel(&mut self, id: OrderId) -> bool {
        let Some(order) = self.orders.get(id).copied().filter(|o| !o.status().is_terminal()) else { return false };
        if order.status() == OrderStatus::PendingCancel {
            return true;
        }
        if self.change(id, OrderEvent::CancelRequested, self.is_slow().then_some(Event::PendingCancel)).is_err() {
            return false;
        }
        self.send(OrderCommand::Cancel { order: id, instrument: order.instrument }, order.instrument);
        self.touched.push(order.instrument.0);
        true
    }

    /// True where what is asked for is known to be pending before it is done.
    fn is_slow(&self) -> bool {
        self.config.latency_ns + self.config.report_latency_ns + self.config.jitter_ns > 0
    }

    pub(super) fn delete_order(&mut self, account: usize, id: &str) -> Answer {
        let order = self.order_of(account, id)?;
        if !self.cancel(order.id) {
            return Err(Refusal::unprocessable(format!("order is already in \"{}\" state", order.status().as_str())));
        }
        Ok((204, Value::Null))
    }

    /// Replace an order; the new one.
    pub(super) fn patch_order(&mut self, account: usize, id: &str, body: &Value) -> Answer {
        use OrderStatus as S;
        let old = self.order_of(account, id)?;
        if !matches!(old.status(), S::New | S::PartiallyFilled | S::Accepted | S::Held) {
            return Err(Refusal::unprocessable(format!("cannot replace order in {} status", old.status().as_str())));
        }
        let request = self.changed(&old, body)?;
        let name = query::text(body, "client_order_id")?;
        self.check_name(account, name)?;
        if request.qty <= old.filled {
            return Err(Refusal::unprocessable("qty must be greater than filled qty"));
        }
        self.check_form(&request)?;
        let exits = old.role != Role::Parent || old.class == OrderClass::Oco;
        if exits && request.qty > old.qty {
            return Err(Refusal::unprocessable("qty of an exit cannot be more than its entry's"));
        }
        let remains = Qty::from_raw(request.qty.raw() - old.filled.raw());
        let ask = Ask { request: OrderRequest { qty: remains, ..request }, client_order_id: None, releasing: Releasing::Nothing };
        // A leg closes what its parent opened, and was judged with it.
        let verdict = if exits { Verdict { closes: true, hold: Price::ZERO } } else { self.check(account, &ask, Some(old.id))? };
        let internal = |e: crate::types::Error| Refusal::unprocessable(e.to_string());
        let id = self.orders.next_id();
        let reference = self.mark(request.instrument).unwrap_or(Price::ZERO);
        let mut new = Order::new(id, old.strategy, &request, reference, self.now);
        (new.replaces, new.class, new.role) = (old.id, old.class, old.role);
        let made = self.made_name(id);
        // Of both orders the larger counts against buying power while the replace is on its way: here the old one, then the new.
        self.enter(new, name.unwrap_or(&made), verdict.closes, verdict.hold).map_err(internal)?;
        self.change(old.id, OrderEvent::ReplaceRequested, self.is_slow().then_some(Event::PendingReplace)).map_err(internal)?;
        self.tell(id, Event::PendingNew);
        self.send(OrderCommand::Replace { old: old.id, new }, new.instrument);
        Ok((200, order_json(self, &new, false)))
    }

    /// The request of `old` with what `body` changes.
    fn changed(&self, old: &Order, body: &Value) -> Result<OrderRequest, Refusal> {
        let mut request = OrderRequest { notional: None, ..old.request() };
        let qty = query::decimal(body, "qty")?;
        let by_dollars = self.extra(old.id).is_some_and(|e| e.notional.is_some());
        if by_dollars && (qty.is_some() || old.filled.is_positive()) {
            return Err(Refusal::unprocessable("qty of a notional order cannot be replaced"));
        }
        if query::decimal(body, "notional")?.is_some() {
            return Err(Refusal::unprocessable("notional cannot be replaced"));
        }
        if let Some(raw) = qty {
            if raw <= 0 {
                return Err(Refusal::malformed("qty must be > 0"));
            }
            request.qty = Qty::from_raw(raw);
        }
        request.tif = one_of(body, "time_in_force", &TIFS)?.unwrap_or(request.tif);
        let (limit, stop) = (price(body, "limit_price")?, price(body, "stop_price")?);
        if limit.is_some() && !old.kind.has_limit() {
            return Err(Refusal::unprocessable(format!("limit_price cannot be set on a {} order", old.kind.as_str())));
        }
        if stop.is_some() && !old.kind.has_stop() {
            return Err(Refusal::unprocessable(format!("stop_price cannot be set on a {} order", old.kind.as_str())));
        }
        request.limit = limit.or(request.limit);
        request.stop = stop.or(request.stop);
        if let Some(raw) = query::decimal(body, "trail")? {
            request.trail = match old.trail() {
                Some(Trail::Price(_)) => trail(Some(raw), None)?,
                Some(Trail::PartsPerBillion(_)) => trail(None, Some(raw))?,
                None => return Err(Refusal::unprocessable("trail can only be set on trailing_stop orders")),
            };
        }
        let renamed = query::text(body, "client_order_id")?.is_some();
        if !renamed && request == (OrderRequest { notional: None, ..old.request() }) {
            return Err(Refusal::unprocessable("order parameters are not changed"));
        }
        Ok(request)
    }

    /// Everything that a request and what it sent off can do at once.
    pub(super) fn settle(&mut self, now: Timestamp) -> crate::types::Result<()> {
        loop {
            let due = self.venues.iter().map(|v| v.next_arrival().min(v.next_report())).min().unwrap_or(Timestamp::MAX);
            if due > now {
                return Ok(());
            }
            for index in 0..self.venues.len() {
                while self.venues[index].next_arrival() <= now {
                    self.arrive(index)?;
                    self.drain(now)?;
                }
            }
            self.drain(now)?;
        }
    }

    /// Instruments of an account's positions.
    pub(super) fn held_instruments(&self, account: usize) -> Vec<InstrumentId> {
        self.holders.get(account).map_or_else(Vec::new, |h| h.positions().map(|(i, _)| i).collect())
    }
}
