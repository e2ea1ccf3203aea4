//! What the broker says of orders, as reports to the engine: messages of its stream, and its own record of an order.

use super::{Early, Node, RequestKind};
use crate::engine::Input;
use crate::feeds::alpaca::rfc3339;
use crate::journal::Storage;
use crate::order::{Order, OrderStatus, OrderType, Restatement, Role};
use crate::types::{Error, Money, OrderId, Price, Qty, Result, Timestamp};
use crate::venue::{Report, ReportKind};
use serde_json::Value;

/// What a message about an order was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// News, or what was known.
    Order(OrderId),
    /// About an order of somebody else.
    Foreign,
    /// Not about an order.
    Other,
}

fn malformed(what: &str, why: &str) -> Error {
    Error::data(format!("alpaca: {what}"), why.to_owned())
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field)?.as_str().filter(|text| !text.is_empty())
}

/// A number that may come as text or as a number: its exact decimal.
fn decimal(value: &Value, field: &str) -> Result<Option<i64>> {
    let digits = match value.get(field) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(malformed(field, "is neither text nor a number")),
    };
    // Average prices come with more digits than prices have.
    let cut = digits.find('.').map_or(digits.len(), |dot| digits.len().min(dot + 10));
    Price::parse(&digits.as_bytes()[..cut]).map(|p| Some(p.raw())).map_err(|e| malformed(field, &e.to_string()))
}

fn moment(value: &Value, field: &str, otherwise: Timestamp) -> Timestamp {
    text(value, field).and_then(rfc3339).unwrap_or(otherwise)
}

/// A number for a fill that is the same wherever it is told: FNV-1a of the broker's id and the shares filled after it.
fn execution(broker_id: &str, cum: i64) -> u64 {
    let bytes = broker_id.bytes().chain(cum.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash.max(1)
}

impl<S: Storage> Node<S> {
    /// A message of the stream of trade updates, as it came.
    pub fn on_update(&mut self, message: &[u8], now: Timestamp) -> Result<Heard> {
        let message: Value = serde_json::from_slice(message).map_err(|e| malformed("trade update", &e.to_string()))?;
        if text(&message, "stream") != Some("trade_updates") {
            return Ok(Heard::Other);
        }
        self.tally.updates += 1;
        let data = message.get("data").ok_or_else(|| malformed("trade update", "has no data"))?;
        let order = data.get("order").ok_or_else(|| malformed("trade update", "has no order"))?;
        let Some(id) = self.learn(order) else {
            self.tally.foreign += 1;
            return Ok(Heard::Foreign);
        };
        let event = text(data, "event").ok_or_else(|| malformed("trade update", "has no event"))?;
        let ts = moment(data, "timestamp", now);
        match event {
            "fill" | "partial_fill" => {
                let (Some(qty), Some(price)) = (decimal(data, "qty")?, decimal(data, "price")?) else {
                    return Err(malformed("trade update", "is a fill without qty or price"));
                };
                let cum = decimal(order, "filled_qty")?.unwrap_or(qty);
                self.filled(id, (cum - qty, cum), price, ts, now)?;
            }
            "new" => self.tell(ReportKind::Accepted(id), ts, now)?,
            "accepted" => self.tell(ReportKind::Queued(id), ts, now)?,
            "held" => self.tell(ReportKind::Held(id), ts, now)?,
            "canceled" => self.ended(order, id, ReportKind::Canceled(id), ts, now)?,
            "expired" => self.ended(order, id, ReportKind::Expired(id), ts, now)?,
            "rejected" => self.rejected(id, ts, now)?,
            "replaced" => self.replaced(order, id, ts, now)?,
            "order_cancel_rejected" => self.tell(ReportKind::CancelRejected(id), ts, now)?,
            "order_replace_rejected" => self.replace_rejected(id, ts, now)?,
            "restated" => self.restated(order, id, true, ts, now)?,
            // On their way, or looked at: nothing that the engine's own record does not say.
            _ => {}
        }
        Ok(Heard::Order(id))
    }

    /// The broker's answer to a request, an order: only names are taken from it. It may be older than what the stream said since.
    pub fn on_answer(&mut self, order: &[u8]) -> Result<Heard> {
        let order: Value = serde_json::from_slice(order).map_err(|e| malformed("order", &e.to_string()))?;
        Ok(self.learn(&order).map_or(Heard::Foreign, Heard::Order))
    }

    /// A fill from the list of activities.
    pub fn on_activity(&mut self, activity: &[u8], now: Timestamp) -> Result<Heard> {
        let activity: Value = serde_json::from_slice(activity).map_err(|e| malformed("activity", &e.to_string()))?;
        if text(&activity, "activity_type") != Some("FILL") {
            return Ok(Heard::Other);
        }
        let Some(id) = text(&activity, "order_id").and_then(|broker_id| self.names.of_broker(broker_id)) else {
            return Ok(Heard::Foreign);
        };
        let (Some(qty), Some(price), Some(cum)) =
            (decimal(&activity, "qty")?, decimal(&activity, "price")?, decimal(&activity, "cum_qty")?)
        else {
            return Err(malformed("activity", "is a fill without qty, price or cum_qty"));
        };
        let ts = moment(&activity, "transaction_time", now);
        self.filled(id, (cum - qty, cum), price, ts, now)?;
        Ok(Heard::Order(id))
    }

    /// Bring an order up to the broker's own record of it, which must be newer than every request about it: fills that were missed, at
    /// the price that the average leaves for them, then what became of it. Requests that left and never arrived are made again or given
    /// up; those that have yet to leave stand.
    pub fn settle(&mut self, order: &[u8], now: Timestamp) -> Result<Heard> {
        let order: Value = serde_json::from_slice(order).map_err(|e| malformed("order", &e.to_string()))?;
        self.settle_value(&order, now)
    }

    fn settle_value(&mut self, order: &Value, now: Timestamp) -> Result<Heard> {
        let Some(id) = self.learn(order) else { return Ok(Heard::Foreign) };
        self.catch_up(order, id, now)?;
        let status = text(order, "status").unwrap_or_default();
        let ts = moment(order, "updated_at", now);
        match status {
            "canceled" => self.tell(ReportKind::Canceled(id), ts, now)?,
            "expired" => self.tell(ReportKind::Expired(id), ts, now)?,
            "rejected" => self.rejected(id, ts, now)?,
            "replaced" => {
                self.replaced(order, id, ts, now)?;
                // By an order that is not ours.
                if self.engine().orders().get(id).is_some_and(|o| !o.status().is_terminal()) {
                    self.tell(ReportKind::Canceled(id), ts, now)?;
                }
            }
            "filled" => {}
            "held" => self.tell(ReportKind::Held(id), ts, now)?,
            "accepted" | "pending_new" => self.tell(ReportKind::Queued(id), ts, now)?,
            _ => self.tell(ReportKind::Accepted(id), ts, now)?,
        }
        let is_over = matches!(status, "filled" | "canceled" | "expired" | "rejected" | "replaced");
        if !is_over && !self.has_yet_to_leave(id) {
            self.take_terms(order, id, ts, now)?;
        }
        // What was asked of it and never arrived.
        if let Some(ours) = self.engine().orders().get(id).copied().filter(|_| !self.has_yet_to_leave(id)) {
            if ours.is_being_replaced() && !matches!(status, "pending_replace" | "replaced") {
                self.never_replaced(id, ts, now)?;
            }
            if ours.status() == OrderStatus::PendingCancel && !is_over && status != "pending_cancel" {
                self.cancel_again(id);
            }
        }
        if is_over && status != "replaced" {
            self.never_replaced(id, ts, now)?; // what has ended is replaced no more
        }
        if let Some(legs) = order.get("legs").and_then(Value::as_array) {
            for leg in legs {
                self.settle_value(leg, now)?;
            }
        }
        Ok(Heard::Order(id))
    }

    /// The broker does not know an order: it never arrived. An order is rejected, a replacement given up.
    pub fn absent(&mut self, id: OrderId, now: Timestamp) -> Result<()> {
        self.rejected(id, now, now)?;
        let legs = self.engine().orders().get(id).map(Order::legs).unwrap_or_default();
        for leg in legs {
            let waits = self.engine().orders().get(leg).is_some_and(|o| o.parent == id && !o.status().is_terminal());
            if waits {
                self.tell(ReportKind::Rejected(leg), now, now)?;
            }
        }
        Ok(())
    }

    /// The broker refused a request.
    pub fn refused(&mut self, kind: &RequestKind, id: OrderId, now: Timestamp) -> Result<()> {
        match kind {
            RequestKind::Submit => self.absent(id, now),
            RequestKind::Replace { .. } => self.rejected(id, now, now),
            RequestKind::Cancel { .. } => self.tell(ReportKind::CancelRejected(id), now, now),
        }
    }

    /// Learn the broker's ids from its record of an order; the order, if it is ours.
    fn learn(&mut self, order: &Value) -> Option<OrderId> {
        let broker_id = text(order, "id")?;
        let known = self.names.of_broker(broker_id);
        let id = known.or_else(|| self.by_client_id(text(order, "client_order_id")?)).or_else(|| self.replacement(order))?;
        self.name(id, broker_id);
        if let Some(legs) = order.get("legs").and_then(Value::as_array) {
            let ours = self.engine().orders().get(id)?.legs();
            for leg in legs {
                let role =
                    if text(leg, "type").or_else(|| text(leg, "order_type")) == Some("limit") { Role::TakeProfit } else { Role::StopLoss };
                let found = ours.into_iter().find(|&leg| self.engine().orders().get(leg).is_some_and(|o| o.parent == id && o.role == role));
                if let (Some(leg_id), Some(broker_id)) = (found, text(leg, "id")) {
                    self.name(leg_id, broker_id);
                }
            }
        }
        Some(id)
    }

    /// Ours of an order that replaces one of ours under a name that the broker made.
    fn replacement(&self, order: &Value) -> Option<OrderId> {
        let old = self.names.of_broker(text(order, "replaces")?)?;
        self.replacement_of(old)
    }

    /// The newest order that replaces `old`.
    fn replacement_of(&self, old: OrderId) -> Option<OrderId> {
        self.engine().replacement_of(old)
    }

    fn tell(&mut self, kind: ReportKind, ts: Timestamp, now: Timestamp) -> Result<()> {
        self.report(0, kind, ts, now)
    }

    fn report(&mut self, execution: u64, kind: ReportKind, ts: Timestamp, now: Timestamp) -> Result<()> {
        let due = self.at(now);
        self.step(&Input::Report(Report { execution, due, ts, kind }), now)
    }

    /// Shares of an order that are booked, in units of 1e-9.
    fn booked(&self, id: OrderId) -> i64 {
        self.engine().orders().get(id).map_or(0, |order| order.filled.raw())
    }

    /// Shares `from` to `to` of an order were filled.
    fn filled(&mut self, id: OrderId, (from, to): (i64, i64), price: i64, ts: Timestamp, now: Timestamp) -> Result<()> {
        if from < 0 || to <= from || price <= 0 {
            return Err(malformed("fill", &format!("of order {id} covers shares {from} to {to} at {price}, in units of 1e-9")));
        }
        let booked = self.booked(id);
        if to <= booked {
            self.tally.repeats += 1;
            return Ok(());
        }
        if from > booked {
            self.early.entry(id).or_default().insert(from, Early { to, price, ts });
            return Ok(());
        }
        self.book(id, booked, to, price, ts, now)?;
        self.take_early(id, now)
    }

    /// Book the fills that waited for what is booked now.
    fn take_early(&mut self, id: OrderId, now: Timestamp) -> Result<()> {
        loop {
            let booked = self.booked(id);
            let Some(waiting) = self.early.get_mut(&id) else { return Ok(()) };
            match waiting.first_key_value().map(|(&from, &early)| (from, early)) {
                Some((from, early)) if from <= booked => {
                    waiting.pop_first();
                    if early.to > booked {
                        self.book(id, booked, early.to, early.price, early.ts, now)?;
                        if self.booked(id) == booked {
                            return Ok(()); // the engine would not have it, and said so
                        }
                    }
                }
                Some(_) => return Ok(()),
                None => {
                    self.early.remove(&id);
                    return Ok(());
                }
            }
        }
    }

    fn book(&mut self, id: OrderId, from: i64, to: i64, price: i64, ts: Timestamp, now: Timestamp) -> Result<()> {
        let name = self.names.to_broker(id).map_or_else(|| self.client_id(id), str::to_owned);
        let (qty, price) = (Qty::from_raw(to - from), Price::from_raw(price));
        let kind = ReportKind::Filled { order: id, qty, price, fee: Money::ZERO, maker: false };
        self.report(execution(&name, to), kind, ts, now)
    }

    /// Book what the broker's record says was filled and nothing told us.
    fn catch_up(&mut self, order: &Value, id: OrderId, now: Timestamp) -> Result<()> {
        let filled = decimal(order, "filled_qty")?.unwrap_or(0);
        let booked = self.booked(id);
        let missing = filled - booked;
        if missing <= 0 {
            return Ok(());
        }
        let Some(average) = decimal(order, "filled_avg_price")? else {
            return Err(malformed("order", "is filled and has no filled_avg_price"));
        };
        let known = self.engine().orders().get(id).map_or(0, Order::filled_notional_e18);
        let rest = (i128::from(average) * i128::from(filled) - known) / i128::from(missing);
        let price = i64::try_from(rest).ok().filter(|&price| price > 0).unwrap_or(average);
        let ts = moment(order, "filled_at", moment(order, "updated_at", now));
        self.filled(id, (booked, filled), price, ts, now)
    }

    /// An order ended; its fills come first, should they have been missed. What was to replace it will never be.
    fn ended(&mut self, order: &Value, id: OrderId, kind: ReportKind, ts: Timestamp, now: Timestamp) -> Result<()> {
        self.catch_up(order, id, now)?;
        self.tell(kind, ts, now)?;
        self.never_replaced(id, ts, now)
    }

    /// An order was rejected; where it was to replace another, that one goes on.
    fn rejected(&mut self, id: OrderId, ts: Timestamp, now: Timestamp) -> Result<()> {
        // One that works has replaced the other already, and is an order like any.
        let works = |o: &Order| matches!(o.status(), OrderStatus::New | OrderStatus::PartiallyFilled | OrderStatus::Suspended);
        let replaces = self.engine().orders().get(id).filter(|o| o.replaces.0 != 0 && !works(o)).map(|o| o.replaces);
        match replaces {
            Some(old) => self.tell(ReportKind::ReplaceRejected { old, new: id }, ts, now)?,
            None => self.tell(ReportKind::Rejected(id), ts, now)?,
        }
        self.replace_rejected(id, ts, now)
    }

    /// By the broker's record `old` is not being replaced. What was to replace it never arrived, unless the broker has named it: then
    /// its own record tells.
    fn never_replaced(&mut self, old: OrderId, ts: Timestamp, now: Timestamp) -> Result<()> {
        let has_arrived = self.replacement_of(old).is_some_and(|new| self.names.to_broker(new).is_some());
        if has_arrived { Ok(()) } else { self.replace_rejected(old, ts, now) }
    }

    /// `old` is not replaced: nor is what was to replace it, and so on.
    fn replace_rejected(&mut self, mut old: OrderId, ts: Timestamp, now: Timestamp) -> Result<()> {
        while let Some(new) = self.replacement_of(old) {
            self.tell(ReportKind::ReplaceRejected { old, new }, ts, now)?;
            if self.engine().orders().get(new).is_some_and(|o| !o.status().is_terminal()) {
                break; // it is in place
            }
            old = new;
        }
        Ok(())
    }

    fn replaced(&mut self, order: &Value, old: OrderId, ts: Timestamp, now: Timestamp) -> Result<()> {
        self.catch_up(order, old, now)?;
        let by = text(order, "replaced_by").and_then(|broker_id| self.names.of_broker(broker_id));
        let Some(new) = by.or_else(|| self.replacement_of(old)) else { return Ok(()) };
        if let Some(broker_id) = text(order, "replaced_by").map(str::to_owned) {
            self.name(new, &broker_id);
        }
        self.tell(ReportKind::Replaced { old, new }, ts, now)
    }

    /// Quantity and prices that the broker changed by itself, as it does when shares are split, while nobody listened.
    fn take_terms(&mut self, order: &Value, id: OrderId, ts: Timestamp, now: Timestamp) -> Result<()> {
        let Some(ours) = self.engine().orders().get(id).copied() else { return Ok(()) };
        let works = matches!(ours.status(), OrderStatus::New | OrderStatus::Accepted | OrderStatus::PartiallyFilled | OrderStatus::Held);
        let differs =
            |field: &str, own: Option<i64>| Ok::<_, Error>(own.is_some() && decimal(order, field)?.is_some_and(|it| Some(it) != own));
        // A trailing stop moves by itself.
        let stop = ours.stop().filter(|_| ours.kind != OrderType::TrailingStop);
        // A replacement is for what the order before it left, of which fills may not be known yet.
        let changed = differs("qty", Some(ours.qty.raw()).filter(|_| ours.replaces.0 == 0))?
            || differs("limit_price", ours.limit().filter(|_| ours.kind.has_limit()).map(Price::raw))?
            || differs("stop_price", stop.map(Price::raw))?;
        if works && changed { self.restated(order, id, false, ts, now) } else { Ok(()) }
    }

    /// New terms of an order: told as they changed (`is_news`), or found in its record.
    fn restated(&mut self, order: &Value, id: OrderId, is_news: bool, ts: Timestamp, now: Timestamp) -> Result<()> {
        let Some(ours) = self.engine().orders().get(id).copied() else { return Ok(()) };
        let price = |field: &str| decimal(order, field).map(|p| p.map(Price::from_raw));
        let (there, filled) = (decimal(order, "qty")?, decimal(order, "filled_qty")?.unwrap_or_default());
        let qty = match there {
            Some(qty) if ours.replaces.0 == 0 => Qty::from_raw(qty),
            // What is open of a replacement is the same on both sides once all fills are known.
            Some(qty) if is_news => Qty::from_raw(ours.filled.raw().saturating_add(qty).saturating_sub(filled)),
            _ => ours.qty,
        };
        let has_stop = ours.kind.has_stop() || ours.kind == OrderType::TrailingStop;
        let terms = Restatement {
            qty,
            limit: price("limit_price")?.filter(|_| ours.kind.has_limit()),
            stop: price("stop_price")?.filter(|_| has_stop),
            hwm: price("hwm")?,
        };
        self.tell(ReportKind::Restated { order: id, terms }, ts, now)
    }
}
