//! What the book shows: the touch, levels, orders and places in the queue.

use super::core::{MARKET_KEY, MatchingEngine, SIDES, index, turned};
use super::orders::{Home, Order};
use super::request::{Lifetime, OrderKey};
use crate::types::{Price, Qty, Side};

/// A price level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookLevel {
    /// Price.
    pub price: Price,
    /// Shares.
    pub qty: Qty,
    /// Orders.
    pub orders: u32,
}

/// A live order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveOrder {
    /// Its name.
    pub key: OrderKey,
    /// Its side.
    pub side: Side,
    /// Its limit; zero for none.
    pub price: Price,
    /// Its stop, not reached; zero for none.
    pub stop: Price,
    /// Shares still to fill.
    pub left: Qty,
    /// Shares filled.
    pub filled: Qty,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// Rises with every order that came to the end of a queue: of two at a price the lower goes first.
    pub rank: u64,
    /// True where it is in the book and may trade with the next that comes.
    pub in_book: bool,
}

/// What is in front of an order at its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Orders.
    pub orders: u32,
    /// Shares.
    pub qty: Qty,
}

impl MatchingEngine {
    /// The best level of a side.
    #[inline]
    pub fn best(&self, side: Side) -> Option<BookLevel> {
        let ladder = &self.books[index(side)];
        let key = ladder.best();
        ladder.get(key).map(|level| self.show(index(side), key, level))
    }

    fn show(&self, side: usize, key: i64, level: &super::ladder::Level) -> BookLevel {
        BookLevel { price: self.limit(side, key), qty: Qty::from_raw(level.qty), orders: level.orders }
    }

    /// A side's levels, best first.
    pub fn depth(&self, side: Side) -> impl Iterator<Item = BookLevel> {
        self.books[index(side)].walk().map(move |(key, level)| self.show(index(side), key, level))
    }

    /// The orders at a price, the first to trade first.
    pub fn orders_at(&self, side: Side, price: Price) -> impl Iterator<Item = LiveOrder> {
        let key = self.tick.count(price.raw()).map(|tick| turned(index(side), tick));
        let level = key.and_then(|key| self.books[index(side)].get(key));
        self.orders.walk(level.map_or(super::orders::NONE, |level| level.head)).map(|(_, order)| self.live(order))
    }

    fn live(&self, order: &Order) -> LiveOrder {
        let side = order.side as usize;
        let stop = if order.home == Home::Stop { self.price(turned(side, -order.stop)) } else { Price::ZERO };
        LiveOrder {
            key: order.name(),
            side: SIDES[side],
            price: if order.key == MARKET_KEY { Price::ZERO } else { self.limit(side, order.key) },
            stop,
            left: Qty::from_raw(order.left),
            filled: Qty::from_raw(order.filled),
            lifetime: order.lifetime,
            rank: order.rank,
            in_book: order.home == Home::Book,
        }
    }

    /// A live order.
    #[inline]
    pub fn order(&self, key: OrderKey) -> Option<LiveOrder> {
        self.orders.find(key).map(|slot| self.live(&self.orders.slots[slot as usize]))
    }

    /// What is in front of an order at its price; `None` where it is not in the book. Walks the queue.
    pub fn queue_ahead(&self, key: OrderKey) -> Option<Ahead> {
        let slot = self.orders.find(key).filter(|&slot| self.orders.slots[slot as usize].home == Home::Book)?;
        let mut ahead = Ahead::default();
        let mut at = self.orders.slots[slot as usize].prev;
        let mut qty = 0_i64;
        while let Some(order) = self.orders.slots.get(at as usize) {
            ahead.orders += 1;
            qty = qty.saturating_add(order.left);
            at = order.prev;
        }
        ahead.qty = Qty::from_raw(qty);
        Some(ahead)
    }

    /// Live orders of every kind.
    pub const fn len(&self) -> usize {
        self.orders.len()
    }

    /// True without live orders.
    pub const fn is_empty(&self) -> bool {
        self.orders.len() == 0
    }

    /// Price of the last trade.
    pub fn last_trade(&self) -> Option<Price> {
        (self.last != 0).then(|| self.price(self.last))
    }

    /// What is wrong with the books, if anything: `None` but for a defect of this module.
    pub fn fault(&self) -> Option<String> {
        if self.phase == super::event::Phase::Continuous && self.books[0].best() + self.books[1].best() >= 0 {
            return Some(format!("crossed: {:?} bid, {:?} asked", self.best(Side::Buy), self.best(Side::Sell)));
        }
        let mut seen = 0;
        for (ladders, home) in [(&self.books, Home::Book), (&self.stops, Home::Stop)] {
            for (side, ladder) in ladders.iter().enumerate() {
                if let Some(fault) = ladder.fault() {
                    return Some(format!("{home:?} {side}: {fault}"));
                }
                for (key, level) in ladder.walk() {
                    let (mut qty, mut orders, mut rank) = (0, 0, None);
                    for (_, order) in self.orders.walk(level.head) {
                        let at = if home == Home::Book { order.key } else { order.stop };
                        if at != key || order.home != home || order.side as usize != side || order.left <= 0 || rank >= Some(order.rank) {
                            return Some(format!("{home:?} {side}: order {:?} is out of place at {key}", order.name()));
                        }
                        (qty, orders, rank) = (qty + order.left, orders + 1, Some(order.rank));
                    }
                    if (qty, orders) != (level.qty, level.orders) {
                        return Some(format!(
                            "{home:?} {side}: level {key} counts {} in {}, has {qty} in {orders}",
                            level.qty, level.orders
                        ));
                    }
                    seen += orders as usize;
                }
            }
        }
        seen += self.waiting.iter().flatten().map(|queue| self.orders.walk(queue.head).count()).sum::<usize>();
        (seen != self.orders.len()).then(|| format!("{seen} orders wait, {} are known", self.orders.len()))
    }
}
