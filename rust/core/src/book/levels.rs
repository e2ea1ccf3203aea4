//! [`LevelBook`]: price levels on both sides, and the orders behind them where the feed names them.
//!
//! A level's size has two parts: the orders whose ids are known, and an anonymous rest (an L2 feed's level, or what a snapshot
//! showed before the first message). A change to an order that is not known is taken from the rest at its price and reported.
//! Updates cost O(log levels); nothing here panics on what a feed may send.

use crate::event::{BookAction, BookDelta};
use crate::types::{Error, Price, Qty, Result, Side};
use std::collections::BTreeMap;
use std::collections::HashMap;

/// What a change did to the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// As the feed says.
    Applied,
    /// The order is not known; so many shares of the anonymous size at its price were taken instead (zero when there were none).
    UnknownOrder {
        /// Shares taken.
        taken: Qty,
    },
    /// The change asks for more shares than the order or level has; it was emptied.
    TooMuch {
        /// Shares that were missing.
        missing: Qty,
    },
    /// An order of this id is there already; the new one took its place.
    Replaced,
}

/// A price level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Price, dollars.
    pub price: Price,
    /// Shares in all.
    pub size: Qty,
    /// Orders whose ids are known.
    pub orders: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sizes {
    known: i64,
    anonymous: i64,
    orders: u32,
}

#[derive(Clone, Copy, Debug)]
struct Resting {
    side: Side,
    price: Price,
    size: i64,
}

/// A book of price levels.
#[derive(Clone, Debug, Default)]
pub struct LevelBook {
    bids: BTreeMap<Price, Sizes>,
    asks: BTreeMap<Price, Sizes>,
    /// Looked up by id only, never walked, so its order does not matter.
    orders: HashMap<u64, Resting>,
    unknown: u64,
}

impl LevelBook {
    /// An empty book.
    pub fn new() -> Self {
        Self::default()
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Price, Sizes> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Apply one change.
    ///
    /// `Add` with order 0 sets the anonymous size of the level (zero takes it away); with an id it adds the order. `Cancel` and
    /// `Execute` take `size` shares of the order, or of the level with order 0. `Delete` takes the order away, or the level's
    /// anonymous size. `Clear` empties the side. A negative size, or a level of more shares than fit, is an error and changes nothing.
    pub fn apply(&mut self, delta: &BookDelta) -> Result<Outcome> {
        if delta.size.raw() < 0 {
            return Err(Error::data(
                format!("book change of order {} at {}", delta.order, delta.ts),
                "has a size below zero; mend the feed",
            ));
        }
        match delta.action {
            BookAction::Clear => {
                self.side_mut(delta.side).clear();
                self.orders.retain(|_, order| order.side != delta.side);
                Ok(Outcome::Applied)
            }
            BookAction::Add | BookAction::Modify if delta.order == 0 => self.set_level(delta),
            BookAction::Add => self.add_order(delta),
            BookAction::Modify => Ok(match self.add_order(delta)? {
                Outcome::Applied => Outcome::UnknownOrder { taken: Qty::ZERO },
                _ => Outcome::Applied,
            }),
            BookAction::Cancel | BookAction::Execute => Ok(self.reduce(delta, delta.size.raw())),
            BookAction::Delete => Ok(self.reduce(delta, i64::MAX)),
        }
    }

    fn set_level(&mut self, delta: &BookDelta) -> Result<Outcome> {
        let levels = self.side_mut(delta.side);
        let known = levels.get(&delta.price).map_or(0, |sizes| sizes.known);
        known.checked_add(delta.size.raw()).ok_or(Error::Overflow { what: "size of a book level" })?;
        if delta.size.is_zero() && known == 0 {
            levels.remove(&delta.price);
        } else {
            levels.entry(delta.price).or_default().anonymous = delta.size.raw();
        }
        Ok(Outcome::Applied)
    }

    fn add_order(&mut self, delta: &BookDelta) -> Result<Outcome> {
        let size = delta.size.raw();
        let held = self.side_mut(delta.side).get(&delta.price).copied().unwrap_or_default();
        held.known
            .checked_add(held.anonymous)
            .and_then(|all| all.checked_add(size))
            .ok_or(Error::Overflow { what: "size of a book level" })?;
        let outcome = match self.orders.remove(&delta.order) {
            Some(old) => {
                self.take_known(old, old.size, true);
                Outcome::Replaced
            }
            None => Outcome::Applied,
        };
        if size > 0 {
            let sizes = self.side_mut(delta.side).entry(delta.price).or_default();
            sizes.known += size;
            sizes.orders += 1;
            self.orders.insert(delta.order, Resting { side: delta.side, price: delta.price, size });
        }
        Ok(outcome)
    }

    /// Take `size` known shares of `order`'s level; the order is gone with `last`.
    fn take_known(&mut self, order: Resting, size: i64, last: bool) {
        let levels = self.side_mut(order.side);
        if let Some(sizes) = levels.get_mut(&order.price) {
            sizes.known -= size;
            sizes.orders -= u32::from(last);
            if sizes.known == 0 && sizes.anonymous == 0 {
                levels.remove(&order.price);
            }
        }
    }

    /// Take `size` shares away; `i64::MAX` means all there are.
    fn reduce(&mut self, delta: &BookDelta, size: i64) -> Outcome {
        let missing = |had: i64| {
            if size == i64::MAX || had >= size { Outcome::Applied } else { Outcome::TooMuch { missing: Qty::from_raw(size - had) } }
        };
        if delta.order == 0 {
            return missing(self.take_anonymous(delta.side, delta.price, size));
        }
        let Some(order) = self.orders.get_mut(&delta.order) else {
            self.unknown += 1;
            // A deleted order's own size is all that may go, where the feed tells it.
            let asked = if size == i64::MAX { delta.size.raw() } else { size };
            return Outcome::UnknownOrder { taken: Qty::from_raw(self.take_anonymous(delta.side, delta.price, asked)) };
        };
        let (before, taken) = (*order, order.size.min(size));
        order.size -= taken;
        let last = order.size == 0;
        if last {
            self.orders.remove(&delta.order);
        }
        self.take_known(before, taken, last);
        missing(before.size)
    }

    /// Take up to `size` anonymous shares; gives how many.
    fn take_anonymous(&mut self, side: Side, price: Price, size: i64) -> i64 {
        let levels = self.side_mut(side);
        let Some(sizes) = levels.get_mut(&price) else { return 0 };
        let taken = sizes.anonymous.min(size);
        sizes.anonymous -= taken;
        if sizes.known == 0 && sizes.anonymous == 0 {
            levels.remove(&price);
        }
        taken
    }

    fn level((&price, sizes): (&Price, &Sizes)) -> Level {
        Level { price, size: Qty::from_raw(sizes.known.saturating_add(sizes.anonymous)), orders: sizes.orders }
    }

    /// The highest bid.
    #[inline]
    pub fn best_bid(&self) -> Option<Level> {
        self.bids.last_key_value().map(Self::level)
    }

    /// The lowest ask.
    #[inline]
    pub fn best_ask(&self) -> Option<Level> {
        self.asks.first_key_value().map(Self::level)
    }

    /// Levels of `side`, best first.
    pub fn levels(&self, side: Side) -> Box<dyn Iterator<Item = Level> + '_> {
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(Self::level)),
            Side::Sell => Box::new(self.asks.iter().map(Self::level)),
        }
    }

    /// The best `n` levels: bids, then asks, each best first.
    pub fn depth(&self, n: usize) -> (Vec<Level>, Vec<Level>) {
        (self.levels(Side::Buy).take(n).collect(), self.levels(Side::Sell).take(n).collect())
    }

    /// Bid above ask.
    pub fn is_crossed(&self) -> bool {
        matches!((self.best_bid(), self.best_ask()), (Some(bid), Some(ask)) if bid.price > ask.price)
    }

    /// Side, price and shares of an order.
    pub fn order(&self, id: u64) -> Option<(Side, Price, Qty)> {
        self.orders.get(&id).map(|o| (o.side, o.price, Qty::from_raw(o.size)))
    }

    /// Orders whose ids are known.
    pub fn order_count(&self) -> usize {
        self.orders.len()
    }

    /// Levels of `side`.
    pub fn level_count(&self, side: Side) -> usize {
        match side {
            Side::Buy => self.bids.len(),
            Side::Sell => self.asks.len(),
        }
    }

    /// How many changes named an order that was not known.
    pub const fn unknown_orders(&self) -> u64 {
        self.unknown
    }

    /// Empty both sides; the count of unknown orders stays.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.orders.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{InstrumentId, Timestamp};
    use proptest::prelude::*;

    fn delta(action: BookAction, order: u64, side: Side, price: i64, size: i64) -> BookDelta {
        BookDelta {
            ts: Timestamp::default(),
            instrument: InstrumentId(0),
            order,
            action,
            side,
            price: Price::from_raw(price),
            size: Qty::from_raw(size),
            flags: 0,
        }
    }

    fn any_delta() -> impl Strategy<Value = BookDelta> {
        let action = prop_oneof![
            4 => Just(BookAction::Add),
            2 => Just(BookAction::Cancel),
            1 => Just(BookAction::Delete),
            2 => Just(BookAction::Execute),
        ];
        (action, 0_u64..12, any::<bool>(), 1_i64..6, 0_i64..9)
            .prop_map(|(action, order, buy, price, size)| delta(action, order, if buy { Side::Buy } else { Side::Sell }, price, size))
    }

    proptest! {
        #[test]
        fn a_level_is_never_empty_and_its_orders_never_exceed_it(deltas in proptest::collection::vec(any_delta(), 0..200)) {
            let mut book = LevelBook::new();
            for d in &deltas {
                book.apply(d).unwrap();
                for side in [Side::Buy, Side::Sell] {
                    for level in book.levels(side) {
                        prop_assert!(level.size.is_positive());
                        let orders: Vec<i64> = (0..12).filter_map(|id| book.order(id)).filter(|o| (o.0, o.1) == (side, level.price)).map(|o| o.2.raw()).collect();
                        prop_assert_eq!(orders.len(), level.orders as usize);
                        prop_assert!(orders.iter().sum::<i64>() <= level.size.raw());
                    }
                }
            }
            let resting: u32 = [Side::Buy, Side::Sell].into_iter().flat_map(|s| book.levels(s)).map(|l| l.orders).sum();
            prop_assert_eq!(resting as usize, book.order_count());
        }
    }

    #[test]
    fn what_a_feed_should_not_send_is_told_and_not_fatal() {
        let mut book = LevelBook::new();
        let mut apply = |d| book.apply(&d);
        let taken = |n| Ok(Outcome::UnknownOrder { taken: Qty::from_raw(n) });
        assert_eq!(apply(delta(BookAction::Cancel, 7, Side::Buy, 10, 5)), taken(0));
        assert_eq!(apply(delta(BookAction::Add, 0, Side::Buy, 10, 8)), Ok(Outcome::Applied));
        assert_eq!(apply(delta(BookAction::Execute, 7, Side::Buy, 10, 5)), taken(5));
        assert_eq!(apply(delta(BookAction::Delete, 7, Side::Buy, 10, 5)), taken(3));
        assert_eq!(apply(delta(BookAction::Add, 1, Side::Sell, 11, 5)), Ok(Outcome::Applied));
        assert_eq!(apply(delta(BookAction::Add, 1, Side::Sell, 12, 4)), Ok(Outcome::Replaced));
        assert_eq!(apply(delta(BookAction::Cancel, 1, Side::Sell, 12, 6)), Ok(Outcome::TooMuch { missing: Qty::from_raw(2) }));
        assert!(apply(delta(BookAction::Cancel, 1, Side::Sell, 12, -1)).is_err());
        apply(delta(BookAction::Add, 0, Side::Sell, 12, i64::MAX)).unwrap();
        assert!(apply(delta(BookAction::Add, 3, Side::Sell, 12, 1)).is_err());
        apply(delta(BookAction::Add, 4, Side::Buy, 13, 1)).unwrap();
        assert!(book.is_crossed());
        assert_eq!((book.unknown_orders(), book.order_count(), book.depth(5).1.len()), (3, 1, 1));
        book.apply(&delta(BookAction::Clear, 0, Side::Buy, 0, 0)).unwrap();
        assert_eq!((book.best_bid(), book.order_count()), (None, 0));
    }
}
