//! What a book answers: levels, sizes, averages, queues. Floats are dollars and shares; nothing here changes the book.

use super::config::{BookOrder, Counts, Level, QueueAhead};
use super::levels::Slot;
use super::order_book::OrderBook;
use super::queue::NONE;
use crate::event::{BookAction, BookDelta, DeltaBatch, FLAG_SNAPSHOT};
use crate::types::{InstrumentId, Price, Qty, Result, SCALE, Side, Timestamp};

/// Units of 1e-9 in a dollar or share; dividing by it gives the nearest float, multiplying by 1e-9 does not.
const UNITS: f64 = SCALE as f64;

impl Slot {
    fn level(&self) -> Level {
        Level { price: Price::from_raw(self.price), size: Qty::from_raw(self.size()), orders: self.orders }
    }
}

impl OrderBook {
    /// The best level of `side`.
    #[inline]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels.best(side).map(|slot| self.levels.at(slot).level())
    }

    /// The highest bid.
    #[inline]
    pub fn best_bid(&self) -> Option<Level> {
        self.best(Side::Buy)
    }

    /// The lowest ask.
    #[inline]
    pub fn best_ask(&self) -> Option<Level> {
        self.best(Side::Sell)
    }

    fn touch(&self) -> Option<(Level, Level)> {
        Some((self.best_bid()?, self.best_ask()?))
    }

    /// Levels of `side`, best first (backwards: worst first).
    pub fn levels(&self, side: Side) -> impl DoubleEndedIterator<Item = Level> {
        self.levels.walk(side).map(Slot::level)
    }

    /// The best `n` levels: bids, then asks, each best first.
    pub fn depth(&self, n: usize) -> (Vec<Level>, Vec<Level>) {
        (self.levels(Side::Buy).take(n).collect(), self.levels(Side::Sell).take(n).collect())
    }

    /// The level of `side` at `price`.
    pub fn level(&self, side: Side, price: Price) -> Option<Level> {
        self.levels.peek(side, price.raw()).map(|slot| self.levels.at(slot).level())
    }

    /// Ask less bid; below zero where the book is crossed.
    pub fn spread(&self) -> Option<Price> {
        let (bid, ask) = self.touch()?;
        ask.price.checked_sub(bid.price).ok()
    }

    /// Halfway between bid and ask, dollars.
    pub fn mid(&self) -> Option<f64> {
        let (bid, ask) = self.touch()?;
        Some((i128::from(bid.price.raw()) + i128::from(ask.price.raw())) as f64 * 0.5 / UNITS)
    }

    /// Bid and ask, each weighted with the size of the other: (bid × ask size + ask × bid size) ÷ (bid size + ask size), dollars.
    pub fn microprice(&self) -> Option<f64> {
        let (bid, ask) = self.touch()?;
        let (bid_size, ask_size) = (bid.size.raw() as f64, ask.size.raw() as f64);
        Some((bid.price.raw() as f64 * ask_size + ask.price.raw() as f64 * bid_size) / (bid_size + ask_size) / UNITS)
    }

    /// (B − A) ÷ (B + A) of the sizes of the best `n` levels of each side, from −1 to 1; `None` where both are empty.
    pub fn imbalance(&self, n: usize) -> Option<f64> {
        let total = |side| self.levels(side).take(n).map(|level| i128::from(level.size.raw())).sum::<i128>();
        let (bids, asks) = (total(Side::Buy), total(Side::Sell));
        (bids + asks > 0).then(|| (bids - asks) as f64 / (bids + asks) as f64)
    }

    /// Average price, dollars, at which an order on `side` for `size` shares would trade at once; `None` where the other side
    /// is too thin or `size` is not above zero.
    pub fn vwap(&self, side: Side, size: Qty) -> Option<f64> {
        let (mut left, mut notional) = (size.raw(), 0_i128);
        for level in self.levels(side.opposite()) {
            if left <= 0 {
                break;
            }
            let taken = left.min(level.size.raw());
            // The sizes add up to at most i64::MAX, so that the sum of products fits.
            notional += i128::from(level.price.raw()) * i128::from(taken);
            left -= taken;
        }
        (left == 0 && size.is_positive()).then(|| notional as f64 / size.raw() as f64 / UNITS)
    }

    /// Shares of `side` at `price` and better; [`Qty::MAX`] where they are more than fit.
    pub fn size_to(&self, side: Side, price: Price) -> Qty {
        let within = |level: &Level| match side {
            Side::Buy => level.price >= price,
            Side::Sell => level.price <= price,
        };
        Qty::from_raw(self.levels(side).take_while(within).fold(0, |sum, level| level.size.raw().saturating_add(sum)))
    }

    /// Bid above ask.
    pub fn is_crossed(&self) -> bool {
        self.touch().is_some_and(|(bid, ask)| bid.price > ask.price)
    }

    /// The order `id`.
    pub fn order(&self, id: u64) -> Option<BookOrder> {
        let order = self.orders.at(self.orders.find(id)?.1);
        let level = self.levels.at(order.level);
        Some(BookOrder { id, side: level.side(), price: Price::from_raw(level.price), size: Qty::from_raw(order.size) })
    }

    /// What stands in front of the order `id` at its price; takes time in proportion.
    pub fn queue_ahead(&self, id: u64) -> Option<QueueAhead> {
        let order = self.orders.at(self.orders.find(id)?.1);
        let anonymous = Qty::from_raw(self.levels.at(order.level).anonymous);
        let (mut orders, mut size, mut slot) = (0, 0_i64, order.prev);
        while slot != NONE {
            let ahead = self.orders.at(slot);
            orders += 1;
            size = size.saturating_add(ahead.size);
            slot = ahead.prev;
        }
        Some(QueueAhead { orders, size: Qty::from_raw(size), anonymous })
    }

    /// Known orders of `side` at `price`, first in the queue first.
    pub fn queue(&self, side: Side, price: Price) -> impl Iterator<Item = BookOrder> {
        let queue = self.levels.peek(side, price.raw()).map(|slot| self.levels.at(slot).queue);
        let orders = queue.into_iter().flat_map(|queue| self.orders.walk(queue));
        orders.map(move |order| BookOrder { id: order.id, side, price, size: Qty::from_raw(order.size) })
    }

    /// Orders whose ids are known.
    pub const fn order_count(&self) -> usize {
        self.orders.len()
    }

    /// Levels of `side`.
    pub const fn level_count(&self, side: Side) -> usize {
        self.levels.len(side)
    }

    /// True without any level.
    pub const fn is_empty(&self) -> bool {
        self.levels.len(Side::Buy) + self.levels.len(Side::Sell) == 0
    }

    /// What was seen since the book was made.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many changes named an order that was not known.
    pub const fn unknown_orders(&self) -> u64 {
        self.counts.unknown_orders
    }

    /// Heap bytes held.
    pub fn heap_bytes(&self) -> usize {
        self.orders.heap_bytes() + self.levels.heap_bytes()
    }

    /// The book as changes that make it anew in an empty one: of each side, best level first, the anonymous size and then the
    /// orders in their queue.
    pub fn to_deltas(&self, ts: Timestamp, instrument: InstrumentId) -> DeltaBatch {
        let mut out = DeltaBatch::with_capacity(self.order_count());
        let change = BookDelta {
            ts,
            instrument,
            order: 0,
            action: BookAction::Add,
            side: Side::Buy,
            price: Price::ZERO,
            size: Qty::ZERO,
            flags: FLAG_SNAPSHOT,
        };
        for side in [Side::Buy, Side::Sell] {
            for level in self.levels.walk(side) {
                let change = BookDelta { side, price: Price::from_raw(level.price), ..change };
                if level.anonymous > 0 {
                    out.push(BookDelta { size: Qty::from_raw(level.anonymous), ..change });
                }
                for order in self.orders.walk(level.queue) {
                    out.push(BookDelta { order: order.id, size: Qty::from_raw(order.size), ..change });
                }
            }
        }
        out
    }

    /// The book that [`Self::to_deltas`] and [`Self::counts`] were taken of, in this empty one.
    pub fn restore(&mut self, deltas: &DeltaBatch, counts: Counts) -> Result<()> {
        self.clear();
        self.apply_batch(deltas)?;
        self.counts = counts;
        Ok(())
    }
}
