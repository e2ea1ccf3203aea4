//! Commands of the engine as requests in Alpaca's words, and the names that orders go by on either side.

use super::Node;
use crate::engine::Output;
use crate::journal::Storage;
use crate::order::{Order, OrderClass, OrderType, Role, Trail};
use crate::types::{Error, OrderId, Result, Timestamp};
use crate::venue::OrderCommand;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What to ask the broker for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// `POST /v2/orders` with `body`.
    Submit,
    /// `PATCH /v2/orders/{broker_id}` of the order `old` with `body`.
    Replace {
        /// The order to replace.
        old: OrderId,
        /// The broker's id of it.
        broker_id: String,
    },
    /// `DELETE /v2/orders/{broker_id}`.
    Cancel {
        /// The broker's id of the order.
        broker_id: String,
    },
}

/// A request for the broker. Tell the node what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What to ask for.
    pub kind: RequestKind,
    /// The order it is about: of a replacement the new one.
    pub order: OrderId,
    /// `client_order_id` of that order.
    pub client_id: String,
    /// The JSON body, empty where there is none.
    pub body: String,
    /// When the engine asked for it, event time.
    pub asked: Timestamp,
}

/// Names of orders on either side.
#[derive(Debug)]
pub(super) struct Names {
    prefix: String,
    broker: BTreeMap<OrderId, String>,
    ours: BTreeMap<String, OrderId>,
    /// Cancels and replaces of orders whose broker's id is not known yet.
    waiting: Vec<(OrderId, OrderCommand)>,
}

impl Names {
    pub(super) const fn new(prefix: String) -> Self {
        Self { prefix, broker: BTreeMap::new(), ours: BTreeMap::new(), waiting: Vec::new() }
    }

    pub(super) fn of_broker(&self, broker_id: &str) -> Option<OrderId> {
        self.ours.get(broker_id).copied()
    }

    pub(super) fn to_broker(&self, order: OrderId) -> Option<&str> {
        self.broker.get(&order).map(String::as_str)
    }

    /// The order whose made-up `client_order_id` this is.
    fn made(&self, client_id: &str) -> Option<OrderId> {
        let number = client_id.strip_prefix(&self.prefix)?.strip_prefix('-')?;
        number.parse().ok().map(OrderId)
    }
}

impl<S: Storage> Node<S> {
    /// The `client_order_id` that `order` goes by: the strategy's own, or one made of the journal's and the order's id.
    pub fn client_id(&self, order: OrderId) -> String {
        let orders = self.engine().orders();
        let own = orders.get(order).and_then(|o| orders.client_id(o));
        own.map_or_else(|| format!("{}-{order}", self.names.prefix), str::to_owned)
    }

    /// The order that goes by `client_id`, if it is ours.
    pub fn by_client_id(&self, client_id: &str) -> Option<OrderId> {
        let orders = self.engine().orders();
        let made = self.names.made(client_id).filter(|id| orders.get(*id).is_some_and(|o| orders.client_id(o).is_none()));
        made.or_else(|| orders.by_client_id(client_id).map(|o| o.id))
    }

    /// The broker's id of an order, once it is known.
    pub fn broker_id(&self, order: OrderId) -> Option<&str> {
        self.names.to_broker(order)
    }

    /// The broker calls `order` by this id; requests that waited for it go out.
    pub(super) fn name(&mut self, order: OrderId, broker_id: &str) {
        if self.names.to_broker(order).is_some() {
            return;
        }
        self.names.broker.insert(order, broker_id.to_owned());
        self.names.ours.insert(broker_id.to_owned(), order);
        let waiting = std::mem::take(&mut self.names.waiting);
        for (waits_for, command) in waiting {
            if waits_for == order {
                self.ask(&command);
            } else {
                self.names.waiting.push((waits_for, command));
            }
        }
    }

    /// Turn a command into a request. Legs wait for their parent, and go out in its body.
    pub(super) fn ask(&mut self, command: &OrderCommand) {
        match command {
            OrderCommand::New(leg) if leg.role != Role::Parent => self.legs.push(*leg),
            OrderCommand::New(order) => {
                let (legs, others) = std::mem::take(&mut self.legs).into_iter().partition(|leg: &Order| leg.parent == order.id);
                self.legs = others;
                let body = self.order_body(order, &legs);
                self.push(RequestKind::Submit, order, &body);
            }
            OrderCommand::Cancel { order, .. } => {
                // What ended meanwhile needs no cancel any more.
                let Some(found) = self.engine().orders().get(*order).copied().filter(|o| !o.status().is_terminal()) else { return };
                match self.names.to_broker(*order).map(str::to_owned) {
                    Some(broker_id) => self.push(RequestKind::Cancel { broker_id }, &found, &Value::Null),
                    None => self.names.waiting.push((*order, *command)),
                }
            }
            // Given up before it could leave.
            OrderCommand::Replace { new, .. } if self.engine().orders().get(new.id).is_some_and(|o| o.status().is_terminal()) => {}
            OrderCommand::Replace { old, new } => match self.names.to_broker(*old).map(str::to_owned) {
                Some(broker_id) => {
                    let body = self.replace_body(*old, new);
                    self.push(RequestKind::Replace { old: *old, broker_id }, new, &body);
                }
                None => self.names.waiting.push((*old, *command)),
            },
        }
    }

    /// Whether a cancel or replace of `order` waits for the disk, for the broker's id, or for the shell: the broker cannot know of it.
    pub(super) fn has_yet_to_leave(&self, order: OrderId) -> bool {
        let about = |command: &OrderCommand| match command {
            OrderCommand::New(_) => false,
            OrderCommand::Cancel { order: found, .. } | OrderCommand::Replace { old: found, .. } => *found == order,
        };
        let asks = |request: &Request| match request.kind {
            RequestKind::Submit => false,
            RequestKind::Cancel { .. } => request.order == order,
            RequestKind::Replace { old, .. } => old == order,
        };
        self.session.held_outputs().any(|output| matches!(output, Output::Order(command) if about(command)))
            || self.names.waiting.iter().any(|(_, command)| about(command))
            || self.requests.iter().any(asks)
    }

    /// Ask for the cancel of `order` again, of which the broker knows nothing.
    pub(super) fn cancel_again(&mut self, order: OrderId) {
        if let Some(found) = self.engine().orders().get(order).copied() {
            self.ask(&OrderCommand::Cancel { order, instrument: found.instrument });
        }
    }

    /// Ask for `order` again, which the broker never got: the same id cannot be taken twice.
    pub fn submit_again(&mut self, order: OrderId) -> Result<()> {
        let orders = self.engine().orders();
        let Some(found) = orders.get(order).copied() else {
            return Err(Error::Order { order: order.to_string(), why: "is not an order of this node".to_owned() });
        };
        let legs: Vec<Order> = found.legs().iter().filter_map(|&id| orders.get(id).copied()).collect();
        let body = self.order_body(&found, &legs);
        self.push(RequestKind::Submit, &found, &body);
        Ok(())
    }

    fn push(&mut self, kind: RequestKind, order: &Order, body: &Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        // An order is as old as the decision for it, whenever it leaves.
        let asked = if matches!(kind, RequestKind::Cancel { .. }) { self.engine().now() } else { order.submitted };
        self.requests.push_back(Request { kind, order: order.id, client_id: self.client_id(order.id), body, asked });
    }

    fn order_body(&self, order: &Order, legs: &[Order]) -> Value {
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("symbol", self.engine().instruments().symbol(order.instrument).into());
        match order.notional() {
            Some(notional) => put("notional", notional.to_string().into()),
            None => put("qty", order.qty.to_string().into()),
        };
        put("side", order.side.as_str().into());
        put("type", order.kind.as_str().into());
        put("time_in_force", order.tif.as_str().into());
        put("client_order_id", self.client_id(order.id).into());
        if order.extended_hours() {
            put("extended_hours", true.into());
        }
        if let Some(limit) = order.limit() {
            put("limit_price", limit.to_string().into());
        }
        if order.kind.has_stop()
            && let Some(stop) = order.stop()
        {
            put("stop_price", stop.to_string().into());
        }
        match order.trail() {
            Some(Trail::Price(price)) => put("trail_price", price.to_string().into()),
            Some(Trail::PartsPerBillion(ppb)) => put("trail_percent", (ppb as f64 / 1e7).to_string().into()),
            None => None,
        };
        if order.class != OrderClass::Simple {
            put("order_class", order.class.as_str().into());
        }
        // An OCO's order is its take-profit itself.
        if order.class == OrderClass::Oco
            && let Some(limit) = order.limit()
        {
            put("take_profit", json!({"limit_price": limit.to_string()}));
        }
        for leg in legs {
            let (limit, stop) = (leg.limit().map(|p| p.to_string()), leg.stop().map(|p| p.to_string()));
            if leg.role == Role::TakeProfit {
                put("take_profit", json!({"limit_price": limit}));
            } else if let Some(limit) = limit {
                put("stop_loss", json!({"stop_price": stop, "limit_price": limit}));
            } else {
                put("stop_loss", json!({"stop_price": stop}));
            }
        }
        Value::Object(body)
    }

    /// What `new` changes of `old`, which is all that may be named.
    fn replace_body(&self, old: OrderId, new: &Order) -> Value {
        let mut body = Map::new();
        let before = self.engine().orders().get(old).copied();
        if before.is_none_or(|o| o.qty != new.qty) {
            body.insert("qty".to_owned(), new.qty.to_string().into());
        }
        if let Some(limit) = new.limit()
            && before.is_none_or(|o| o.limit() != Some(limit))
        {
            body.insert("limit_price".to_owned(), limit.to_string().into());
        }
        if new.kind != OrderType::TrailingStop
            && let Some(stop) = new.stop()
            && before.is_none_or(|o| o.stop() != Some(stop))
        {
            body.insert("stop_price".to_owned(), stop.to_string().into());
        }
        let trail = match new.trail() {
            Some(Trail::Price(price)) => Some(price.to_string()),
            Some(Trail::PartsPerBillion(ppb)) => Some((ppb as f64 / 1e7).to_string()),
            None => None,
        };
        if let Some(trail) = trail.filter(|_| before.is_none_or(|o| o.trail() != new.trail())) {
            body.insert("trail".to_owned(), trail.into());
        }
        body.insert("client_order_id".to_owned(), self.client_id(new.id).into());
        Value::Object(body)
    }
}
