//! What a strategy may look at and ask for.

use crate::bars::BarSpec;
use crate::book::TopOfBook;
use crate::ledger::{Ledger, Position};
use crate::order::{Order, OrderRequest, Orders, Trail};
use crate::types::{Error, InstrumentId, Instruments, Money, OrderId, Price, Qty, Result, StrategyId, Timestamp};
use serde::{Deserialize, Serialize};
use std::ops::BitOr;
use std::sync::Arc;

/// Kinds of market events, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest(u8);

impl Interest {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Quotes.
    pub const QUOTES: Self = Self(1);
    /// Trades.
    pub const TRADES: Self = Self(2);
    /// Bars of the data.
    pub const BARS: Self = Self(4);
    /// Splits and dividends.
    pub const ACTIONS: Self = Self(8);
    /// States of the book, one call for each that the exchange showed.
    pub const BOOK: Self = Self(16);

    /// True when it holds all of `other`.
    #[inline]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What a strategy asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Intent {
    /// Send an order.
    Submit(OrderRequest),
    /// Send an order under an id of the strategy's own.
    SubmitNamed {
        /// The order.
        request: OrderRequest,
        /// The id.
        client_order_id: Arc<str>,
    },
    /// Cancel an order.
    Cancel(OrderId),
    /// Replace an order: `None` keeps what it has.
    Replace {
        /// The order to replace.
        order: OrderId,
        /// New quantity in all, what is filled already included.
        qty: Option<Qty>,
        /// New limit price.
        limit: Option<Price>,
        /// New stop price.
        stop: Option<Price>,
        /// New trail of a trailing stop.
        trail: Option<Trail>,
    },
    /// Call `on_timer(tag)` at `at`.
    Timer {
        /// When.
        at: Timestamp,
        /// What to call it with.
        tag: u64,
    },
    /// Send events of these kinds.
    Subscribe {
        /// Of one instrument, or of all.
        instrument: Option<InstrumentId>,
        /// Kinds.
        interest: Interest,
    },
    /// Build bars and send them.
    SubscribeBars {
        /// Of one instrument, or of all.
        instrument: Option<InstrumentId>,
        /// Which bars.
        spec: BarSpec,
    },
}

impl Intent {
    /// Whether it asks for events.
    pub(super) const fn is_subscription(&self) -> bool {
        matches!(self, Self::Subscribe { .. } | Self::SubscribeBars { .. })
    }
}

/// Wishes left by a strategy during one call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Intents {
    pub(crate) list: Vec<Intent>,
    pub(crate) next_id: u64,
}

/// What a strategy may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Event time.
    pub now: Timestamp,
    /// The strategy that looks.
    pub strategy: StrategyId,
    /// Symbols.
    pub instruments: &'a Instruments,
    /// Prices by instrument.
    pub tops: &'a [TopOfBook],
    /// The account.
    pub ledger: &'a Ledger,
    /// Orders.
    pub orders: &'a Orders,
}

impl<'a> View<'a> {
    /// Prices of `instrument`.
    #[inline]
    pub fn top(&self, instrument: InstrumentId) -> Result<&'a TopOfBook> {
        self.tops.get(instrument.index()).ok_or_else(|| Error::data("instrument id", "is not one of this run"))
    }

    /// The strategy's own position in `instrument`.
    #[inline]
    pub fn position(&self, instrument: InstrumentId) -> Result<&'a Position> {
        self.ledger.position(self.strategy, instrument).ok_or_else(|| Error::data("instrument id", "is not one of this run"))
    }

    /// The account's equity.
    #[inline]
    pub fn equity(&self) -> Money {
        self.ledger.equity()
    }

    /// The order `id`, if it is the strategy's own.
    pub fn order(&self, id: OrderId) -> Option<&'a Order> {
        self.orders.get(id).filter(|o| o.strategy == self.strategy)
    }

    /// The strategy's open orders.
    pub fn open_orders(&self) -> impl Iterator<Item = &'a Order> {
        self.orders.open().iter().filter_map(|&id| self.order(id))
    }
}

/// A strategy's window on the engine during one call.
#[derive(Debug)]
pub struct Context<'a> {
    /// What it may look at.
    pub view: View<'a>,
    /// The how-manieth call of the strategy this is, from 1 on.
    pub call: u64,
    pub(crate) intents: &'a mut Intents,
}

impl Context<'_> {
    /// Ask for what was asked for in the same call of a run before.
    pub(crate) fn repeat(&mut self, intents: &[Intent]) {
        self.intents.list.extend_from_slice(intents);
    }

    fn take_id(&mut self) -> OrderId {
        let id = OrderId(self.intents.next_id);
        self.intents.next_id += 1;
        id
    }

    /// Send an order; gives the id it has from now on. Whether it passes the risk checks, `on_order` tells.
    /// Legs have the ids that follow, take-profit first.
    pub fn submit(&mut self, request: OrderRequest) -> OrderId {
        self.ask(request.legs(), Intent::Submit(OrderRequest { client: 0, ..request }))
    }

    /// Send an order under an id of the strategy's own, of 1 to 128 characters, which no order of the run may have had.
    pub fn submit_named(&mut self, request: OrderRequest, client_order_id: &str) -> OrderId {
        let request = OrderRequest { client: 0, ..request };
        self.ask(request.legs(), Intent::SubmitNamed { request, client_order_id: client_order_id.into() })
    }

    fn ask(&mut self, legs: u64, intent: Intent) -> OrderId {
        self.intents.list.push(intent);
        let id = self.take_id();
        self.intents.next_id += legs;
        id
    }

    /// True when `id` is the strategy's own and still open, or was just submitted in this call.
    fn can_change(&self, id: OrderId) -> Result<bool> {
        if let Some(order) = self.view.order(id) {
            return Ok(!order.status().is_terminal());
        }
        if id >= self.view.orders.next_id() && id.0 < self.intents.next_id {
            return Ok(true);
        }
        Err(Error::Order { order: id.to_string(), why: "is not an order of this strategy; use an id that its submit gave".to_owned() })
    }

    /// Ask to cancel an order; false when it is done already.
    pub fn cancel(&mut self, id: OrderId) -> Result<bool> {
        let open = self.can_change(id)?;
        if open {
            self.intents.list.push(Intent::Cancel(id));
        }
        Ok(open)
    }

    /// Ask to replace an order; gives the id of the replacement, or `None` when the order is done already.
    pub fn replace(&mut self, id: OrderId, qty: Option<Qty>, limit: Option<Price>, stop: Option<Price>) -> Result<Option<OrderId>> {
        self.replace_with(id, qty, limit, stop, None)
    }

    /// The same with a new trail of a trailing stop, whose best price starts anew.
    pub fn replace_with(
        &mut self,
        id: OrderId,
        qty: Option<Qty>,
        limit: Option<Price>,
        stop: Option<Price>,
        trail: Option<Trail>,
    ) -> Result<Option<OrderId>> {
        if !self.can_change(id)? {
            return Ok(None);
        }
        self.intents.list.push(Intent::Replace { order: id, qty, limit, stop, trail });
        Ok(Some(self.take_id()))
    }

    /// Have `on_timer(tag)` called at `at`.
    pub fn set_timer(&mut self, at: Timestamp, tag: u64) {
        self.intents.list.push(Intent::Timer { at, tag });
    }

    /// Get events of these kinds, of one instrument or of all.
    pub fn subscribe(&mut self, instrument: Option<InstrumentId>, interest: Interest) {
        self.intents.list.push(Intent::Subscribe { instrument, interest });
    }

    /// Get bars built from trades (from quotes where there are no trades), of one instrument or of all.
    pub fn subscribe_bars(&mut self, instrument: Option<InstrumentId>, spec: BarSpec) {
        self.intents.list.push(Intent::SubscribeBars { instrument, spec });
    }
}
