//! Matching with a book: orders that take walk its levels, orders that rest stand in the queue of theirs.
//!
//! What we take of a level is gone until the feed changes that level. Our own orders are not in the book: the market behaves as it
//! did without them.

use super::desk::{Desk, Offer, Reports, Resting};
use super::models::{QueueModel, QueuePosition, VenueConfig};
use crate::book::{OrderBook, TopOfBook};
use crate::event::{BookAction, BookDelta, FLAG_LAST, FLAG_SNAPSHOT};
use crate::order::TimeInForce;
use crate::types::{OrderId, Price, Qty, Result, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// The book of one instrument, and what we took of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Depth {
    book: OrderBook,
    /// Shares taken of levels since the feed last changed them: side, price, shares.
    taken: Vec<(Side, i64, i64)>,
    /// The orders of the book that stand ahead of ours, by our order: id and size.
    ahead: Vec<(OrderId, Vec<(u64, i64)>)>,
    /// The rows since the last whole state are those of a snapshot, or follow one.
    renewed: bool,
}

impl Depth {
    fn best(&self, side: Side) -> (i64, i64) {
        self.book.best(side).map_or((0, 0), |l| (l.price.raw(), l.size.raw()))
    }

    fn taken_at(&self, side: Side, price: i64) -> i64 {
        self.taken.iter().find(|t| t.0 == side && t.1 == price).map_or(0, |t| t.2)
    }

    fn take(&mut self, side: Side, price: i64, size: i64) {
        match self.taken.iter_mut().find(|t| t.0 == side && t.1 == price) {
            Some(t) => t.2 = t.2.saturating_add(size),
            None => self.taken.push((side, price, size)),
        }
    }

    fn shown(&self, side: Side, price: i64) -> i64 {
        self.book.level(side, Price::from_raw(price)).map_or(0, |l| l.size.raw())
    }

    fn forget(&mut self, id: OrderId) {
        self.ahead.retain(|a| a.0 != id);
    }
}

impl Desk {
    /// The book, where there is one.
    #[inline]
    pub(super) fn book(&self) -> Option<&OrderBook> {
        self.depth.as_deref().map(|depth| &depth.book)
    }

    /// Apply a change of the book; true when the book is in a state that the exchange showed.
    pub(super) fn see_book(&mut self, delta: &BookDelta, queue: QueueModel) -> Result<bool> {
        let Some(depth) = self.depth.as_deref_mut() else { return Ok(false) };
        let side = delta.side;
        let renews = delta.flags & FLAG_SNAPSHOT != 0 || delta.action == BookAction::Clear;
        let rests = !self.orders.is_empty();
        if renews || !rests {
            depth.renewed |= renews;
            depth.book.apply(delta)?;
        } else {
            // The level that changes is that of the order, which a Modify may take elsewhere.
            let known = if delta.order == 0 { None } else { depth.book.order(delta.order) };
            let from = known.map_or(delta.price.raw(), |o| o.price.raw());
            let level = known.map_or(side, |o| o.side);
            let watched = self.orders.iter().any(|o| o.side == level && (o.limit == from || o.limit == delta.price.raw()));
            if watched {
                let before = depth.shown(level, from);
                depth.book.apply(delta)?;
                let after = depth.shown(level, from);
                if queue == QueueModel::Exact {
                    let left = depth.book.order(delta.order).filter(|o| o.price.raw() == from).map_or(0, |o| o.size.raw());
                    // An order that grows or goes to another price loses its place.
                    let left = if known.is_some_and(|k| left > k.size.raw()) { 0 } else { left };
                    Self::leave(depth, &mut self.orders, delta, level, from, left);
                } else {
                    for order in self.orders.iter_mut().filter(|o| o.side == level && o.limit == from) {
                        queue.on_change(&mut order.place, before, after);
                    }
                }
            } else {
                depth.book.apply(delta)?;
            }
        }
        if !depth.taken.is_empty() {
            depth.taken.retain(|t| t.0 != side || (t.1 != delta.price.raw() && delta.action != BookAction::Clear));
        }
        if delta.flags & FLAG_LAST == 0 {
            return Ok(false);
        }
        if depth.renewed {
            self.requeue(queue);
        }
        self.refresh_touch();
        Ok(true)
    }

    /// Order `delta.order` of the book has `left` shares in the queue at `price`.
    fn leave(depth: &mut Depth, orders: &mut [Resting], delta: &BookDelta, side: Side, price: i64, left: i64) {
        for order in orders.iter_mut().filter(|o| o.side == side && o.limit == price) {
            let Some((_, ahead)) = depth.ahead.iter_mut().find(|a| a.0 == order.id) else { continue };
            if delta.order == 0 {
                continue;
            }
            if let Ok(at) = ahead.binary_search_by_key(&delta.order, |a| a.0) {
                let gone = ahead[at].1 - left.min(ahead[at].1);
                if left == 0 {
                    ahead.remove(at);
                } else {
                    ahead[at].1 -= gone;
                }
                order.place.ahead -= gone;
                order.place.traded = (order.place.traded - gone).max(0);
            }
        }
    }

    /// The book was told anew: nobody is ahead of us who is not there.
    #[cold]
    fn requeue(&mut self, queue: QueueModel) {
        let Some(depth) = self.depth.as_deref_mut() else { return };
        depth.renewed = false;
        for order in self.orders.iter_mut().filter(|o| queue.needs_book() && !o.waits_for_stop() && !o.takes_any_price()) {
            if let Some((_, ahead)) = depth.ahead.iter_mut().find(|a| a.0 == order.id) {
                let book = &depth.book;
                let stays = |id: u64| book.order(id).is_some_and(|o| o.side == order.side && o.price.raw() == order.limit);
                ahead.retain(|a| stays(a.0));
                order.place.ahead = ahead.iter().fold(0, |sum, a| a.1.saturating_add(sum));
            } else {
                order.place.ahead = order.place.ahead.min(depth.shown(order.side, order.limit));
            }
            order.place.traded = 0;
        }
    }

    fn refresh_touch(&mut self) {
        let Some(depth) = self.depth.as_deref() else { return };
        let ((bid, bid_size), (ask, ask_size)) = (depth.best(Side::Buy), depth.best(Side::Sell));
        let (bid_taken, ask_taken) = (depth.taken_at(Side::Buy, bid), depth.taken_at(Side::Sell, ask));
        (self.bid, self.ask) = (bid, ask);
        self.bid_left = self.available(bid_size.saturating_sub(bid_taken));
        self.ask_left = self.available(ask_size.saturating_sub(ask_taken));
    }

    /// An order begins to rest: its place in the queue.
    pub(super) fn join_queue(&mut self, order: &mut Resting, queue: QueueModel) {
        let Some(depth) = self.depth.as_deref_mut() else { return };
        if order.waits_for_stop() || order.takes_any_price() {
            return;
        }
        let price = Price::from_raw(order.limit);
        order.place = queue.join(depth.shown(order.side, order.limit));
        if queue == QueueModel::Exact {
            let mut ahead: Vec<(u64, i64)> = depth.book.queue(order.side, price).map(|o| (o.id, o.size.raw())).collect();
            ahead.sort_unstable();
            depth.forget(order.id);
            depth.ahead.push((order.id, ahead));
        }
    }

    /// An order rests here no longer.
    pub(super) fn leave_queue(&mut self, id: OrderId) {
        if let Some(depth) = self.depth.as_deref_mut() {
            depth.forget(id);
        }
    }

    /// Shares of a trade of `size` at its price that reach `order` through the queue.
    pub(super) fn reached(order: &mut Resting, size: i64, queue: QueueModel) -> i64 {
        queue.on_trade(&mut order.place, size)
    }

    /// Trade `order` with the levels that it accepts, best first; an FOK order trades in full or not at all.
    pub(super) fn walk(&mut self, order: &mut Resting, now: Timestamp, maker: bool, config: &VenueConfig, out: &mut Reports) -> Result<()> {
        let Some(depth) = self.depth.as_deref() else { return Ok(()) };
        let side = order.side.opposite();
        let mut offers: Vec<(i64, i64)> = Vec::new();
        let (mut wanted, unlimited) = (order.remaining().raw(), config.liquidity == super::Liquidity::Unlimited);
        for level in depth.book.levels(side) {
            let price = level.price.raw();
            if wanted <= 0 || !order.accepts(price) {
                break;
            }
            let left = self.available(level.size.raw().saturating_sub(depth.taken_at(side, price)));
            if left > 0 {
                offers.push((price, left));
                wanted = wanted.saturating_sub(left);
            }
        }
        if order.tif == TimeInForce::Fok && wanted > 0 {
            return Ok(());
        }
        for (price, left) in offers {
            // The market came to an order that rested: it trades at its own price.
            let at = Price::from_raw(if maker { order.limit } else { price });
            let filled = Self::fill(order, Offer { ts: now, qty: left, price: at, maker }, config, out)?;
            if !unlimited && let Some(depth) = self.depth.as_deref_mut() {
                depth.take(side, price, filled);
            }
        }
        self.refresh_touch();
        Ok(())
    }
}

/// The touch of a book, in the engine's form.
pub(crate) fn touch_of(book: &OrderBook, top: &mut TopOfBook, now: Timestamp) {
    let side = |side| book.best(side).map_or((Price::ZERO, Qty::ZERO), |l| (l.price, l.size));
    (top.bid, top.bid_size) = side(Side::Buy);
    (top.ask, top.ask_size) = side(Side::Sell);
    top.quoted = now;
}
