//! An order and its state machine.

use super::{OrderRequest, OrderType, TimeInForce};
use crate::types::{Error, InstrumentId, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use serde::{Deserialize, Serialize};

/// Where an order is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OrderStatus {
    /// Passed the risk checks and is on its way to the venue.
    PendingNew,
    /// Works at the venue.
    New,
    /// Works at the venue, partly filled.
    PartiallyFilled,
    /// A cancel is on its way.
    PendingCancel,
    /// A replace is on its way.
    PendingReplace,
    /// Completely filled.
    Filled,
    /// Canceled.
    Canceled,
    /// Its time in force ran out.
    Expired,
    /// Refused by the venue.
    Rejected,
    /// Refused by our own risk checks; it never left.
    Refused,
    /// Its replacement works instead.
    Replaced,
}

impl OrderStatus {
    /// Name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingNew => "pending_new",
            Self::New => "new",
            Self::PartiallyFilled => "partially_filled",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Replaced => "replaced",
        }
    }

    /// True when nothing can happen to the order any more.
    #[inline]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled | Self::Expired | Self::Rejected | Self::Refused | Self::Replaced)
    }
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OrderEvent {
    /// The venue took it.
    Accepted,
    /// `qty` shares filled at `price`.
    Filled {
        /// Shares.
        qty: Qty,
        /// Dollars a share.
        price: Price,
    },
    /// We asked to cancel.
    CancelRequested,
    /// The venue canceled it.
    Canceled,
    /// The venue would not cancel it.
    CancelRejected,
    /// We asked to replace.
    ReplaceRequested,
    /// The venue put its replacement in place.
    Replaced,
    /// The venue would not replace it.
    ReplaceRejected,
    /// Its time ran out.
    Expired,
    /// The venue refused it.
    Rejected,
}

/// An order: 128 bytes, so that a million of them are 128 MB.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Sum of price × shares of all fills, in 1e-18 dollars.
    pub(super) notional_e18: i128,
    /// Id.
    pub id: OrderId,
    /// The order this one replaces, or zero.
    pub replaces: OrderId,
    /// Shares asked for.
    pub qty: Qty,
    /// Shares filled.
    pub filled: Qty,
    limit_or_zero: Price,
    stop_or_zero: Price,
    /// Price at the decision: the mid, else the last price, when the order was sent; zero when there was none.
    pub reference: Price,
    /// When the strategy sent it.
    pub submitted: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Shares by which a replacement enlarges what is open, below zero where it shrinks it.
    pub(crate) replace_change: i64,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Place in the list of open orders.
    pub(super) open_index: u32,
    /// The strategy that sent it.
    pub strategy: StrategyId,
    /// Buy or sell.
    pub side: Side,
    /// Type.
    pub kind: OrderType,
    /// How long it lives.
    pub tif: TimeInForce,
    status: OrderStatus,
    /// The venue said that it took it, or filled it.
    is_accepted: bool,
}

impl Order {
    /// A new order on its way to the venue.
    pub fn new(id: OrderId, strategy: StrategyId, request: &OrderRequest, reference: Price, now: Timestamp) -> Self {
        Self {
            notional_e18: 0,
            id,
            replaces: OrderId(0),
            qty: request.qty,
            filled: Qty::ZERO,
            limit_or_zero: request.limit.unwrap_or(Price::ZERO),
            stop_or_zero: request.stop.unwrap_or(Price::ZERO),
            reference,
            submitted: now,
            updated: now,
            replace_change: 0,
            instrument: request.instrument,
            open_index: u32::MAX,
            strategy,
            side: request.side,
            kind: request.kind,
            tif: request.tif,
            status: OrderStatus::PendingNew,
            is_accepted: false,
        }
    }

    /// An order that the risk checks refused.
    pub fn refused(id: OrderId, strategy: StrategyId, request: &OrderRequest, reference: Price, now: Timestamp) -> Self {
        Self { status: OrderStatus::Refused, ..Self::new(id, strategy, request, reference, now) }
    }

    /// Where it is in its life.
    #[inline]
    pub const fn status(&self) -> OrderStatus {
        self.status
    }

    /// Limit price, where the type has one.
    #[inline]
    pub fn limit(&self) -> Option<Price> {
        self.kind.has_limit().then_some(self.limit_or_zero)
    }

    /// Stop price, where the type has one.
    #[inline]
    pub fn stop(&self) -> Option<Price> {
        self.kind.has_stop().then_some(self.stop_or_zero)
    }

    /// Shares still to fill.
    #[inline]
    #[must_use]
    pub const fn remaining(&self) -> Qty {
        Qty::from_raw(self.qty.raw() - self.filled.raw())
    }

    /// Average price of the fills, dollars; `None` before the first.
    pub fn average_price(&self) -> Option<Price> {
        (!self.filled.is_zero()).then(|| {
            let average = crate::types::div_half_even(self.notional_e18, i128::from(self.filled.raw()));
            Price::from_raw(i64::try_from(average).unwrap_or(i64::MAX))
        })
    }

    /// The request as it stands, to be sent or checked again.
    pub fn request(&self) -> OrderRequest {
        OrderRequest {
            instrument: self.instrument,
            side: self.side,
            kind: self.kind,
            tif: self.tif,
            qty: self.qty,
            limit: self.limit(),
            stop: self.stop(),
        }
    }

    /// Count `qty` more shares filled at `price`; whether the order is filled then.
    fn count_fill(&mut self, qty: Qty, price: Price) -> Result<bool> {
        let filled = self.filled.checked_add(qty)?;
        if !qty.is_positive() || filled > self.qty {
            let why = format!("a fill of {qty} would make {filled} of {} filled; fills must be above zero and within the order", self.qty);
            return Err(Error::Order { order: self.id.to_string(), why });
        }
        let more = i128::from(price.raw()) * i128::from(qty.raw());
        self.notional_e18 = self.notional_e18.checked_add(more).ok_or_else(|| Error::overflow("order notional"))?;
        self.filled = filled;
        Ok(filled == self.qty)
    }

    /// A fill whose news came after those of the order's end: it counts, and the order stays ended.
    pub(super) fn fill_late(&mut self, qty: Qty, price: Price, now: Timestamp) -> Result<()> {
        if matches!(self.status, OrderStatus::Filled | OrderStatus::Rejected | OrderStatus::Refused) || !self.status.is_terminal() {
            return Err(self.refuse(OrderEvent::Filled { qty, price }));
        }
        if self.count_fill(qty, price)? {
            self.status = OrderStatus::Filled;
        }
        self.updated = now;
        Ok(())
    }

    /// Fills of the order that this one replaces count against it; true where that fills it.
    pub(super) fn carry_fills(&mut self, filled: Qty) -> Result<bool> {
        let qty = self.qty.checked_sub(filled)?;
        if !qty.is_positive() || qty < self.filled {
            let why =
                format!("cannot take over fills of {filled} from the order it replaces: it is for {}, {} filled", self.qty, self.filled);
            return Err(Error::Order { order: self.id.to_string(), why });
        }
        self.qty = qty;
        let is_filled = qty == self.filled && !self.status.is_terminal();
        if is_filled {
            self.status = OrderStatus::Filled;
        }
        Ok(is_filled)
    }

    fn refuse(&self, event: OrderEvent) -> Error {
        Error::Order { order: self.id.to_string(), why: format!("is {}, where {event:?} cannot happen", self.status.as_str()) }
    }

    /// Apply `event` at `now`; an illegal transition or an overfill is an error and changes nothing.
    #[inline]
    pub fn apply(&mut self, event: OrderEvent, now: Timestamp) -> Result<()> {
        use OrderStatus as S;
        let working = match (self.filled.is_zero(), self.is_accepted) {
            (false, _) => S::PartiallyFilled,
            (true, true) => S::New,
            // A cancel or replace of an order that the venue has not heard of.
            (true, false) => S::PendingNew,
        };
        let next = match (self.status, event) {
            (S::PendingNew, OrderEvent::Accepted) => S::New,
            // A replace or cancel may be asked for before the venue's word has come back, and a cancel may follow a replace
            // that is still on its way: the pending word stays.
            (s @ (S::PendingCancel | S::PendingReplace), OrderEvent::Accepted) | (s @ S::PendingCancel, OrderEvent::ReplaceRejected) => s,
            (S::PendingNew | S::PendingCancel | S::PendingReplace, OrderEvent::Rejected) if self.filled.is_zero() => S::Rejected,
            (
                s @ (S::PendingNew | S::New | S::PartiallyFilled | S::PendingCancel | S::PendingReplace),
                OrderEvent::Filled { qty, price },
            ) => {
                let is_all = self.count_fill(qty, price)?;
                match s {
                    _ if is_all => S::Filled,
                    S::PendingCancel | S::PendingReplace => s,
                    _ => S::PartiallyFilled,
                }
            }
            (S::PendingNew | S::New | S::PartiallyFilled | S::PendingReplace, OrderEvent::CancelRequested) => S::PendingCancel,
            (S::PendingNew | S::New | S::PartiallyFilled, OrderEvent::ReplaceRequested) => S::PendingReplace,
            (S::PendingNew | S::New | S::PartiallyFilled | S::PendingCancel | S::PendingReplace, OrderEvent::Canceled) => S::Canceled,
            (S::PendingNew | S::New | S::PartiallyFilled | S::PendingCancel | S::PendingReplace, OrderEvent::Expired) => S::Expired,
            (S::PendingCancel, OrderEvent::CancelRejected) | (S::PendingReplace, OrderEvent::ReplaceRejected) => working,
            (S::PendingReplace | S::PendingCancel, OrderEvent::Replaced) => S::Replaced,
            _ => return Err(self.refuse(event)),
        };
        self.is_accepted |= matches!(event, OrderEvent::Accepted | OrderEvent::Filled { .. });
        self.status = next;
        self.updated = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn order(qty: i64) -> Order {
        let request = OrderRequest::market(InstrumentId(0), Side::Buy, Qty::from_raw(qty));
        Order::new(OrderId(1), StrategyId(0), &request, Price::ZERO, Timestamp::MIN)
    }

    fn any_event() -> impl Strategy<Value = OrderEvent> {
        prop_oneof![
            Just(OrderEvent::Accepted),
            (-1_i64..8, 1_i64..1000).prop_map(|(q, p)| OrderEvent::Filled { qty: Qty::from_raw(q), price: Price::from_raw(p) }),
            Just(OrderEvent::CancelRequested),
            Just(OrderEvent::Canceled),
            Just(OrderEvent::CancelRejected),
            Just(OrderEvent::ReplaceRequested),
            Just(OrderEvent::Replaced),
            Just(OrderEvent::ReplaceRejected),
            Just(OrderEvent::Expired),
            Just(OrderEvent::Rejected),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_an_order_keeps_its_promises(events in prop::collection::vec(any_event(), 0..40)) {
            let mut order = order(20);
            let (mut filled, mut notional) = (0_i128, 0_i128);
            for event in events {
                let before = order;
                let outcome = order.apply(event, Timestamp::from_nanos(1));
                if before.status().is_terminal() {
                    prop_assert!(outcome.is_err(), "{:?} after {:?}", event, before.status());
                }
                if outcome.is_err() {
                    prop_assert_eq!(before.status(), order.status());
                    prop_assert_eq!(before.filled, order.filled);
                } else if let OrderEvent::Filled { qty, price } = event {
                    filled += i128::from(qty.raw());
                    notional += i128::from(qty.raw()) * i128::from(price.raw());
                }
                prop_assert!(order.filled <= order.qty);
                prop_assert_eq!(i128::from(order.filled.raw()), filled);
                prop_assert_eq!(order.notional_e18, notional);
                prop_assert_eq!(order.status() == OrderStatus::Filled, order.filled == order.qty);
                if order.status() == OrderStatus::Rejected {
                    prop_assert!(order.filled.is_zero());
                }
            }
        }
    }

    #[test]
    fn a_fill_can_win_the_race_against_a_cancel() {
        let mut o = order(10);
        let now = Timestamp::MIN;
        o.apply(OrderEvent::Accepted, now).unwrap();
        o.apply(OrderEvent::CancelRequested, now).unwrap();
        o.apply(OrderEvent::Filled { qty: Qty::from_raw(4), price: Price::from_raw(7) }, now).unwrap();
        assert_eq!(o.status(), OrderStatus::PendingCancel);
        o.apply(OrderEvent::Filled { qty: Qty::from_raw(6), price: Price::from_raw(9) }, now).unwrap();
        assert_eq!(o.status(), OrderStatus::Filled);
        assert!(o.apply(OrderEvent::Canceled, now).is_err());
    }

    #[test]
    fn an_order_is_small() {
        assert!(size_of::<Order>() <= 128, "{}", size_of::<Order>());
    }
}
