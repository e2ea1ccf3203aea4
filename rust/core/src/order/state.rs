//! An order and its state machine.

use super::status::Step;
use super::{OrderClass, OrderRequest, OrderStatus, OrderType, TimeInForce, Trail};
use crate::types::{Error, InstrumentId, Money, OrderId, Price, Qty, Result, Side, StrategyId, Timestamp};
use serde::{Deserialize, Serialize};

/// New terms of an order that works on, as the venue states them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restatement {
    /// Shares in all.
    pub qty: Qty,
    /// Limit price, where the type has one.
    pub limit: Option<Price>,
    /// Stop price, where the type has one or it is set by now.
    pub stop: Option<Price>,
    /// Best price that a trailing stop has seen.
    pub hwm: Option<Price>,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OrderEvent {
    /// The broker looks at it first.
    UnderReview,
    /// The broker has it; it does not work yet.
    Accepted,
    /// The exchange has it for an auction of prices.
    AcceptedForBidding,
    /// It waits for its parent.
    Held,
    /// It works, for the first time or again.
    New,
    /// `qty` shares filled at `price`.
    Filled {
        /// Shares.
        qty: Qty,
        /// Dollars a share.
        price: Price,
    },
    /// It is done for today.
    DoneForDay,
    /// A trade is guaranteed.
    Stopped,
    /// It may not trade at present.
    Suspended,
    /// Its settlement is being worked out.
    Calculated,
    /// The venue changed its terms: a leg shrinks, a split, dollars become shares.
    Restated(Restatement),
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

/// What an order is in its group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Alone, or the parent of legs.
    #[default]
    Parent,
    /// The leg that takes the profit.
    TakeProfit,
    /// The leg that stops the loss.
    StopLoss,
}

const EXTENDED: u8 = 1;
const BY_NOTIONAL: u8 = 1 << 1;
const TRAILS_BY_PART: u8 = 1 << 2;
const CANCEL_PENDING: u8 = 1 << 3;
const REPLACE_PENDING: u8 = 1 << 4;
const COUNTED: u8 = 1 << 5;

/// An order: 160 bytes, so that a million of them are 160 MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Sum of price × shares of all fills, in 1e-18 dollars.
    pub(super) notional_e18: i128,
    /// Id.
    pub id: OrderId,
    /// The order this one replaces, or zero.
    pub replaces: OrderId,
    /// The order whose leg this one is, or zero.
    pub parent: OrderId,
    /// The take-profit leg, or zero; of a leg that stops a loss, the leg beside it.
    pub(super) take_profit: OrderId,
    /// The stop-loss leg, or zero; of a leg that takes a profit, the leg beside it.
    pub(super) stop_loss: OrderId,
    /// Shares asked for.
    pub qty: Qty,
    /// Shares filled.
    pub filled: Qty,
    limit_or_zero: Price,
    stop_or_zero: Price,
    hwm_or_zero: Price,
    /// Dollars behind the best price, or parts per billion of it; of an order by dollars the dollars.
    trail_or_notional: i64,
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
    /// The caller's own id for it, a number in the table of [`super::Orders`]; 0 where the caller gave none.
    pub client: u32,
    /// The strategy that sent it.
    pub strategy: StrategyId,
    /// Buy or sell.
    pub side: Side,
    /// Type.
    pub kind: OrderType,
    /// How long it lives.
    pub tif: TimeInForce,
    /// How it hangs together with others; a leg has its parent's.
    pub class: OrderClass,
    /// What it is in its group.
    pub role: Role,
    /// What it is beneath a cancel or replace that is on its way.
    base: OrderStatus,
    flags: u8,
}

impl Order {
    /// A new order on its way to the venue.
    pub fn new(id: OrderId, strategy: StrategyId, request: &OrderRequest, reference: Price, now: Timestamp) -> Self {
        let (trail, by_part) = match request.trail {
            Some(Trail::Price(p)) => (p.raw(), false),
            Some(Trail::PartsPerBillion(ppb)) => (ppb, true),
            None => (0, false),
        };
        let notional = request.notional.map_or(0, |n| i64::try_from(n.raw()).unwrap_or(i64::MAX));
        let mut flags = COUNTED;
        for (set, flag) in [(request.extended_hours, EXTENDED), (request.notional.is_some(), BY_NOTIONAL), (by_part, TRAILS_BY_PART)] {
            flags |= if set { flag } else { 0 };
        }
        Self {
            notional_e18: 0,
            id,
            replaces: OrderId(0),
            parent: OrderId(0),
            take_profit: OrderId(0),
            stop_loss: OrderId(0),
            qty: request.qty,
            filled: Qty::ZERO,
            limit_or_zero: request.limit.unwrap_or(Price::ZERO),
            stop_or_zero: request.stop.unwrap_or(Price::ZERO),
            hwm_or_zero: Price::ZERO,
            trail_or_notional: if request.notional.is_some() { notional } else { trail },
            reference,
            submitted: now,
            updated: now,
            replace_change: 0,
            instrument: request.instrument,
            open_index: u32::MAX,
            client: request.client,
            strategy,
            side: request.side,
            kind: request.kind,
            tif: request.tif,
            class: request.class,
            role: Role::Parent,
            base: OrderStatus::PendingNew,
            flags,
        }
    }

    /// An order that the risk checks refused.
    pub fn refused(id: OrderId, strategy: StrategyId, request: &OrderRequest, reference: Price, now: Timestamp) -> Self {
        Self { base: OrderStatus::Refused, ..Self::new(id, strategy, request, reference, now) }
    }

    /// The legs of this order, which take the ids that follow its own, take-profit first.
    pub fn with_legs(mut self, request: &OrderRequest) -> (Self, [Option<Self>; 2]) {
        let mut next = self.id.0;
        let mut leg = |of: Option<OrderRequest>, role: Role| {
            of.map(|of| {
                next += 1;
                let mut leg = Self::new(OrderId(next), self.strategy, &of, self.reference, self.submitted);
                (leg.parent, leg.class, leg.role, leg.base) = (self.id, self.class, role, self.base);
                leg.flags &= !COUNTED;
                leg
            })
        };
        let mut legs = [leg(request.take_profit_leg(), Role::TakeProfit), leg(request.stop_loss_leg(), Role::StopLoss)];
        let [profit, loss] = [0, 1].map(|i: usize| legs[i].map_or(OrderId(0), |l| l.id));
        (self.take_profit, self.stop_loss) = (profit, loss);
        for leg in legs.iter_mut().flatten() {
            (leg.take_profit, leg.stop_loss) = if leg.role == Role::TakeProfit { (OrderId(0), loss) } else { (profit, OrderId(0)) };
        }
        (self, legs)
    }

    /// Where it is in its life.
    #[inline]
    pub const fn status(&self) -> OrderStatus {
        if self.flags & (CANCEL_PENDING | REPLACE_PENDING) == 0 || self.base.is_terminal() {
            self.base
        } else if self.flags & CANCEL_PENDING != 0 {
            OrderStatus::PendingCancel
        } else {
            OrderStatus::PendingReplace
        }
    }

    /// Where it is, leaving aside a cancel or replace that is on its way.
    #[inline]
    pub const fn base_status(&self) -> OrderStatus {
        self.base
    }

    /// True while a replace is on its way.
    #[inline]
    pub const fn is_being_replaced(&self) -> bool {
        self.flags & REPLACE_PENDING != 0 && !self.base.is_terminal()
    }

    /// True where its open shares count in the exposure; a leg that is held does not, nor one beside a leg that does.
    #[inline]
    pub(crate) const fn is_counted(&self) -> bool {
        self.flags & COUNTED != 0
    }

    /// Let its open shares count in the exposure from now on, or no longer.
    pub(crate) const fn count(&mut self, counts: bool) {
        self.flags = if counts { self.flags | COUNTED } else { self.flags & !COUNTED };
    }

    /// Limit price, where the type has one.
    #[inline]
    pub fn limit(&self) -> Option<Price> {
        self.kind.has_limit().then_some(self.limit_or_zero)
    }

    /// Stop price, where the type has one; of a trailing stop as far as the venue has told it.
    #[inline]
    pub fn stop(&self) -> Option<Price> {
        (self.kind.has_stop() || (self.kind == OrderType::TrailingStop && self.stop_or_zero.is_positive())).then_some(self.stop_or_zero)
    }

    /// How far a trailing stop stays behind.
    pub fn trail(&self) -> Option<Trail> {
        (self.kind == OrderType::TrailingStop).then(|| {
            if self.flags & TRAILS_BY_PART == 0 {
                Trail::Price(Price::from_raw(self.trail_or_notional))
            } else {
                Trail::PartsPerBillion(self.trail_or_notional)
            }
        })
    }

    /// Best price that a trailing stop has seen, as far as the venue has told it (Alpaca's high-water mark).
    pub fn hwm(&self) -> Option<Price> {
        self.hwm_or_zero.is_positive().then_some(self.hwm_or_zero)
    }

    /// Dollars it trades for, of an order by dollars.
    pub fn notional(&self) -> Option<Money> {
        (self.flags & BY_NOTIONAL != 0).then(|| Money::from_raw(i128::from(self.trail_or_notional)))
    }

    /// True when it may trade before the open and after the close too.
    #[inline]
    pub const fn extended_hours(&self) -> bool {
        self.flags & EXTENDED != 0
    }

    /// The legs of a parent; the leg beside a leg. Zero stands for none.
    pub const fn legs(&self) -> [OrderId; 2] {
        [self.take_profit, self.stop_loss]
    }

    /// What a trailing stop has come to, as the venue has it.
    pub(crate) fn note_trail(&mut self, terms: &Restatement) {
        self.stop_or_zero = terms.stop.unwrap_or(self.stop_or_zero);
        self.hwm_or_zero = terms.hwm.unwrap_or(self.hwm_or_zero);
    }

    /// The order `new` has taken the place of `old` in this order's group.
    pub(crate) fn relink(&mut self, old: OrderId, new: OrderId) {
        for link in [&mut self.parent, &mut self.take_profit, &mut self.stop_loss] {
            if *link == old {
                *link = new;
            }
        }
    }

    /// Take the place of `old` in its group.
    pub(crate) fn take_place_of(&mut self, old: &Self) {
        (self.parent, self.take_profit, self.stop_loss) = (old.parent, old.take_profit, old.stop_loss);
        (self.class, self.role) = (old.class, old.role);
        self.count(old.is_counted());
    }

    /// Shares still to fill.
    #[inline]
    #[must_use]
    pub const fn remaining(&self) -> Qty {
        Qty::from_raw(self.qty.raw() - self.filled.raw())
    }

    /// Sum of price × shares of all fills, in 1e-18 dollars.
    pub const fn filled_notional_e18(&self) -> i128 {
        self.notional_e18
    }

    /// Average price of the fills, dollars; `None` before the first.
    pub fn average_price(&self) -> Option<Price> {
        (!self.filled.is_zero()).then(|| {
            let average = crate::types::div_half_even(self.notional_e18, i128::from(self.filled.raw()));
            Price::from_raw(i64::try_from(average).unwrap_or(i64::MAX))
        })
    }

    /// The request as it stands, to be sent or checked again; without legs, which are orders of their own.
    pub fn request(&self) -> OrderRequest {
        OrderRequest {
            kind: self.kind,
            tif: self.tif,
            limit: self.limit(),
            stop: self.stop().filter(|_| self.kind.has_stop()),
            trail: self.trail(),
            extended_hours: self.extended_hours(),
            ..OrderRequest::market(self.instrument, self.side, self.qty)
        }
    }

    #[cold]
    fn refuse(&self, event: OrderEvent) -> Error {
        Error::Order { order: self.id.to_string(), why: format!("is {}, where {event:?} cannot happen", self.status().as_str()) }
    }

    /// Apply `event` at `now`; an illegal transition or an overfill is an error and changes nothing.
    #[inline]
    pub fn apply(&mut self, event: OrderEvent, now: Timestamp) -> Result<()> {
        use OrderEvent as E;
        let step = match event {
            E::UnderReview => Step::Review,
            E::Accepted => Step::Accept,
            E::AcceptedForBidding => Step::Bid,
            E::Held => Step::Hold,
            E::New => Step::Work,
            E::Filled { qty, price } => return self.fill(qty, price, event, now),
            E::DoneForDay => Step::DoneForDay,
            E::Stopped => Step::Stop,
            E::Suspended => Step::Suspend,
            E::Calculated => Step::Calculate,
            E::Canceled => Step::Cancel,
            E::Expired => Step::Expire,
            E::Rejected if self.filled.is_zero() => Step::Reject,
            E::Rejected => return Err(self.refuse(event)),
            E::Restated(terms) => return self.restate(terms, event, now),
            E::CancelRequested | E::CancelRejected | E::ReplaceRequested | E::Replaced | E::ReplaceRejected => {
                return self.request_or_answer(event, now);
            }
        };
        let next = self.base.after(step, self.working()).ok_or_else(|| self.refuse(event))?;
        self.enter(next, now);
        Ok(())
    }

    const fn working(&self) -> OrderStatus {
        if self.filled.is_zero() { OrderStatus::New } else { OrderStatus::PartiallyFilled }
    }

    const fn enter(&mut self, next: OrderStatus, now: Timestamp) {
        self.base = next;
        self.updated = now;
    }

    #[inline]
    fn fill(&mut self, qty: Qty, price: Price, event: OrderEvent, now: Timestamp) -> Result<()> {
        let next = self.base.after(Step::Trade, OrderStatus::PartiallyFilled).ok_or_else(|| self.refuse(event))?;
        let is_all = self.count_fill(qty, price)?;
        self.enter(if is_all { OrderStatus::Filled } else { next }, now);
        Ok(())
    }

    /// Count `qty` more shares filled at `price`; whether the order is filled then.
    #[inline]
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
        if matches!(self.base, OrderStatus::Filled | OrderStatus::Rejected | OrderStatus::Refused) || !self.base.is_terminal() {
            return Err(self.refuse(OrderEvent::Filled { qty, price }));
        }
        if self.count_fill(qty, price)? {
            self.base = OrderStatus::Filled;
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
        let is_filled = qty == self.filled && !self.base.is_terminal();
        if is_filled {
            self.base = OrderStatus::Filled;
        }
        Ok(is_filled)
    }

    /// Our own requests to cancel and replace, and the venue's answers to them.
    fn request_or_answer(&mut self, event: OrderEvent, now: Timestamp) -> Result<()> {
        use OrderEvent as E;
        use OrderStatus as S;
        let (canceling, replacing) = (self.flags & CANCEL_PENDING != 0, self.flags & REPLACE_PENDING != 0);
        let replaceable = matches!(self.base, S::PendingNew | S::Accepted | S::New | S::PartiallyFilled | S::Held);
        let flags = match event {
            _ if self.base.is_terminal() => None,
            // A cancel may follow a replace that is still on its way, and not the other way round.
            E::CancelRequested if !canceling => Some(self.flags | CANCEL_PENDING),
            E::CancelRejected if canceling => Some(self.flags & !CANCEL_PENDING),
            E::ReplaceRequested if !canceling && !replacing && replaceable => Some(self.flags | REPLACE_PENDING),
            E::ReplaceRejected if replacing => Some(self.flags & !REPLACE_PENDING),
            E::Replaced if replacing => {
                self.enter(S::Replaced, now);
                return Ok(());
            }
            _ => None,
        };
        self.flags = flags.ok_or_else(|| self.refuse(event))?;
        self.updated = now;
        Ok(())
    }

    fn restate(&mut self, terms: Restatement, event: OrderEvent, now: Timestamp) -> Result<()> {
        if self.base.is_terminal() {
            return Err(self.refuse(event));
        }
        let Restatement { qty, limit, stop, hwm } = terms;
        if qty <= self.filled || !qty.is_positive() {
            return Err(Error::Order {
                order: self.id.to_string(),
                why: format!("cannot be restated to {qty} shares with {} filled; an order with nothing left ends", self.filled),
            });
        }
        self.qty = qty;
        for (new, now) in [(limit, &mut self.limit_or_zero), (stop, &mut self.stop_or_zero), (hwm, &mut self.hwm_or_zero)] {
            if let Some(price) = new {
                *now = price;
            }
        }
        self.updated = now;
        Ok(())
    }
}
