//! [`OrderBook`]: one instrument's bids and asks, by level or order by order.
//!
//! A level's size has two parts: the orders whose ids are known, and an anonymous rest (an L2 feed's level, or what a snapshot
//! showed before the first message). A change to an order that is not known is taken from the rest at its price and reported.
//!
//! Cost: a change of a known order is one look-up by id, its level and its neighbours in the queue, whatever the size of the
//! book; a change by price is one look-up; a level that comes or goes moves less than 256 prices and is found in O(log levels).
//! Memory: at most [`BookConfig::orders_max`] orders of 32 bytes and 16 to 32 bytes of table each (twice that while a table
//! grows), and [`BookConfig::levels_max`] levels a side of some 100 bytes; nothing else grows. Nothing here panics on what a
//! feed may send.

use super::config::{BookConfig, Counts, CrossedPolicy, Depth, Outcome};
use super::levels::Levels;
use super::queue::{Orders, Queue};
use super::table::Place;
use crate::event::{BookAction, BookDelta, Quote};
use crate::types::{Error, Price, Qty, Result, Side};

/// Orders that any slot number can stand for.
const ORDERS_LIMIT: usize = 1 << 31;

/// A book of price levels and the orders behind them.
#[derive(Clone, Debug, Default)]
pub struct OrderBook {
    pub(super) config: BookConfig,
    pub(super) orders: Orders,
    pub(super) levels: Levels,
    pub(super) counts: Counts,
}

/// What the crossed policy says to a new level.
enum Opening {
    Free,
    Through,
    Rejected,
}

impl OrderBook {
    /// An empty L3 book with the default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty book with these settings.
    pub fn with_config(config: BookConfig) -> Result<Self> {
        if config.orders_max > ORDERS_LIMIT {
            return Err(Error::config("orders_max", format!("{} is too many; give at most {ORDERS_LIMIT}", config.orders_max)));
        }
        if config.levels_max == 0 || config.levels_max > ORDERS_LIMIT {
            return Err(Error::config("levels_max", format!("{} cannot be; give 1 to {ORDERS_LIMIT}", config.levels_max)));
        }
        Ok(Self { config, ..Self::default() })
    }

    /// The settings.
    pub const fn config(&self) -> &BookConfig {
        &self.config
    }

    /// Make room for `orders` in all, up to the limit, so that no change has to.
    pub fn reserve(&mut self, orders: usize) {
        self.orders.reserve(orders.min(self.config.orders_max));
    }

    /// Apply one change, whatever its instrument.
    ///
    /// `Add` with order 0 sets the anonymous size of the level (zero takes it away); with an id it adds the order. `Modify` gives
    /// an order a new price and size; it keeps its place where the price stays and the size does not grow. `Cancel` and
    /// `Execute` take `size` shares of the order, or of the level with order 0. `Delete` takes the order away, or the level's
    /// anonymous size. `Clear` empties the side. A replacement under a new id is a `Delete` and an `Add`.
    ///
    /// A negative size, a level of more shares than fit, more orders or levels than the limits, or an order id in a book
    /// without orders is an error and changes nothing.
    #[inline]
    pub fn apply(&mut self, delta: &BookDelta) -> Result<Outcome> {
        self.change(delta.action, delta.side, delta.order, delta.price.raw(), delta.size.raw()).map_err(|error| change_error(delta, &error))
    }

    #[inline]
    pub(super) fn change(&mut self, action: BookAction, side: Side, order: u64, price: i64, size: i64) -> Result<Outcome> {
        if size < 0 {
            return Err(Error::data("size", "is below zero; mend the feed"));
        }
        if order != 0 && self.config.depth != Depth::L3 && action != BookAction::Clear {
            return Err(self.needs_orders());
        }
        let outcome = match action {
            BookAction::Add if order != 0 => self.add_order(side, order, price, size)?,
            BookAction::Modify if order != 0 => self.modify_order(side, order, price, size)?,
            BookAction::Add | BookAction::Modify => self.set_level(side, price, size)?,
            BookAction::Cancel | BookAction::Execute => self.reduce(side, order, price, size),
            BookAction::Delete => self.delete(side, order, price, size),
            BookAction::Clear => {
                self.clear_side(side);
                Outcome::Applied
            }
        };
        self.counts.changes += 1;
        Ok(outcome)
    }

    #[cold]
    fn needs_orders(&self) -> Error {
        let depth = self.config.depth.as_str();
        Error::data("order", format!("is named in a book of depth {depth}; send level changes (order 0), or make the book L3"))
    }

    #[cold]
    fn too_many_orders(&self) -> Error {
        Error::data("book", format!("holds {} orders, its limit; raise orders_max, or find out why none go", self.config.orders_max))
    }

    /// What stands against a new level at `price`.
    #[inline]
    fn opening(&mut self, side: Side, price: i64) -> Result<Opening> {
        // The one level of an L1 side gives way to the new one.
        if self.levels.len(side) >= self.config.levels_max && self.config.depth != Depth::L1 {
            let most = self.config.levels_max;
            return Err(Error::data("book", format!("holds {most} {} levels, its limit; raise levels_max", side.as_str())));
        }
        let Some(other) = self.levels.best_price(side.opposite()) else { return Ok(Opening::Free) };
        let through = match side {
            Side::Buy => price > other,
            Side::Sell => price < other,
        };
        if !through {
            return Ok(Opening::Free);
        }
        self.counts.crossed += 1;
        match self.config.crossed {
            CrossedPolicy::Keep => Ok(Opening::Free),
            CrossedPolicy::Uncross => Ok(Opening::Through),
            CrossedPolicy::Reject => {
                self.counts.rejected += 1;
                Ok(Opening::Rejected)
            }
        }
    }

    /// Drop the levels of the other side that `price` goes through.
    #[cold]
    fn uncross(&mut self, side: Side, price: i64) -> Outcome {
        let other = side.opposite();
        let mut levels = 0;
        while let Some(best) = self.levels.best(other) {
            let stale = self.levels.at(best).price;
            if (side == Side::Buy && price <= stale) || (side == Side::Sell && price >= stale) {
                break;
            }
            self.drop_level(best);
            levels += 1;
        }
        self.counts.uncrossed_levels += u64::from(levels);
        Outcome::Uncrossed { levels }
    }

    /// Forget a level and its orders.
    fn drop_level(&mut self, slot: u32) {
        let queue = std::mem::replace(&mut self.levels.at_mut(slot).queue, Queue::EMPTY);
        self.orders.remove_all(queue);
        self.levels.close(slot);
    }

    fn set_level(&mut self, side: Side, price: i64, size: i64) -> Result<Outcome> {
        if self.config.depth == Depth::L1 {
            return self.set_top(side, price, size);
        }
        if let Some(slot) = self.levels.find(side, price) {
            let level = self.levels.at_mut(slot);
            level.known.checked_add(size).ok_or_else(|| Error::overflow("size of a book level"))?;
            level.anonymous = size;
            if level.is_empty() {
                self.levels.close(slot);
            }
            return Ok(Outcome::Applied);
        }
        if size == 0 {
            return Ok(Outcome::Applied);
        }
        let outcome = match self.opening(side, price)? {
            Opening::Rejected => return Ok(Outcome::Rejected),
            Opening::Through => self.uncross(side, price),
            Opening::Free => Outcome::Applied,
        };
        let slot = self.levels.open(side, price);
        self.levels.at_mut(slot).anonymous = size;
        Ok(outcome)
    }

    /// The only level of a side of an L1 book; zero size empties the side.
    fn set_top(&mut self, side: Side, price: i64, size: i64) -> Result<Outcome> {
        let old = self.levels.best(side);
        if let Some(slot) = old.filter(|&slot| self.levels.at(slot).price == price && size > 0) {
            self.levels.at_mut(slot).anonymous = size;
            return Ok(Outcome::Applied);
        }
        let outcome = if size == 0 {
            Outcome::Applied
        } else {
            match self.opening(side, price)? {
                Opening::Rejected => return Ok(Outcome::Rejected),
                Opening::Through => self.uncross(side, price),
                Opening::Free => Outcome::Applied,
            }
        };
        if let Some(slot) = old {
            self.levels.close(slot);
        }
        if size > 0 {
            let slot = self.levels.open(side, price);
            self.levels.at_mut(slot).anonymous = size;
        }
        Ok(outcome)
    }

    fn add_order(&mut self, side: Side, id: u64, price: i64, size: i64) -> Result<Outcome> {
        let entry = match self.orders.place(id) {
            Place::Found(_, slot) => return self.replace_order(side, id, price, size, slot),
            Place::Vacant(entry) => entry,
        };
        if size == 0 {
            return Ok(Outcome::Applied);
        }
        if self.orders.len() >= self.config.orders_max {
            return Err(self.too_many_orders());
        }
        if let Some(slot) = self.levels.find(side, price) {
            let level = self.levels.at_mut(slot);
            let known = level.known.checked_add(size).filter(|known| known.checked_add(level.anonymous).is_some());
            level.known = known.ok_or_else(|| Error::overflow("size of a book level"))?;
            level.orders += 1;
            self.orders.push(entry, id, size, slot, &mut level.queue);
            return Ok(Outcome::Applied);
        }
        let outcome = match self.opening(side, price)? {
            Opening::Rejected => return Ok(Outcome::Rejected),
            Opening::Through => self.uncross(side, price),
            Opening::Free => Outcome::Applied,
        };
        // Orders that were dropped have moved the table's entries.
        let entry = if outcome == Outcome::Applied {
            entry
        } else {
            match self.orders.place(id) {
                Place::Found(entry, _) | Place::Vacant(entry) => entry,
            }
        };
        let slot = self.levels.open(side, price);
        let level = self.levels.at_mut(slot);
        level.known = size;
        level.orders = 1;
        self.orders.push(entry, id, size, slot, &mut level.queue);
        Ok(outcome)
    }

    /// Add an order under an id that is in use.
    #[cold]
    fn replace_order(&mut self, side: Side, id: u64, price: i64, size: i64, slot: u32) -> Result<Outcome> {
        let outcome = self.move_order(side, id, price, size, slot)?;
        if outcome == Outcome::Rejected {
            return Ok(outcome);
        }
        self.counts.replaced += 1;
        Ok(if outcome == Outcome::Applied { Outcome::Replaced } else { outcome })
    }

    fn modify_order(&mut self, side: Side, id: u64, price: i64, size: i64) -> Result<Outcome> {
        let Some((entry, slot)) = self.orders.find(id) else {
            let outcome = self.add_order(side, id, price, size)?;
            self.counts.unknown_orders += 1;
            return Ok(if outcome == Outcome::Applied { Outcome::UnknownOrder { taken: Qty::ZERO } } else { outcome });
        };
        let order = *self.orders.at(slot);
        let level = self.levels.at_mut(order.level);
        if level.price == price && level.side() == side && size <= order.size {
            level.known -= order.size - size;
            if size > 0 {
                self.orders.at_mut(slot).size = size;
            } else {
                self.forget(entry, slot, order.level);
            }
            return Ok(Outcome::Applied);
        }
        self.move_order(side, id, price, size, slot)
    }

    /// Give an order a new place at the end of a queue.
    fn move_order(&mut self, side: Side, id: u64, price: i64, size: i64, slot: u32) -> Result<Outcome> {
        let order = *self.orders.at(slot);
        let level = self.levels.at(order.level);
        let stays = level.price == price && level.side() == side;
        let held =
            if stays { level.size() - order.size } else { self.levels.peek(side, price).map_or(0, |slot| self.levels.at(slot).size()) };
        held.checked_add(size).ok_or_else(|| Error::overflow("size of a book level"))?;
        if stays && size > 0 {
            let level = self.levels.at_mut(order.level);
            level.known = level.known - order.size + size;
            self.orders.requeue(slot, size, &mut level.queue);
            return Ok(Outcome::Applied);
        }
        let mut uncross = None;
        if size > 0 && self.levels.peek(side, price).is_none() {
            match self.opening(side, price)? {
                Opening::Rejected => return Ok(Outcome::Rejected),
                Opening::Through => uncross = Some(price),
                Opening::Free => {}
            }
        }
        if let Some((entry, slot)) = self.orders.find(id) {
            self.levels.at_mut(order.level).known -= order.size;
            self.forget(entry, slot, order.level);
        }
        let outcome = uncross.map_or(Outcome::Applied, |price| self.uncross(side, price));
        if size > 0
            && let Place::Vacant(entry) = self.orders.place(id)
        {
            let slot = self.levels.find(side, price).unwrap_or_else(|| self.levels.open(side, price));
            let level = self.levels.at_mut(slot);
            level.known += size;
            level.orders += 1;
            self.orders.push(entry, id, size, slot, &mut level.queue);
        }
        Ok(outcome)
    }

    /// Take a known order out whose shares its level no longer counts.
    #[inline]
    fn forget(&mut self, entry: usize, slot: u32, level_slot: u32) {
        let level = self.levels.at_mut(level_slot);
        level.orders -= 1;
        self.orders.remove(entry, slot, &mut level.queue);
        if level.is_empty() {
            self.levels.close(level_slot);
        }
    }

    /// Take `size` shares of an order, or of a level's anonymous size.
    #[inline]
    fn reduce(&mut self, side: Side, id: u64, price: i64, size: i64) -> Outcome {
        if id == 0 {
            let taken = self.take_anonymous(side, price, size);
            return self.missing(size - taken);
        }
        let Some((entry, slot)) = self.orders.find(id) else { return self.unknown(side, price, size) };
        let order = self.orders.at_mut(slot);
        let (had, level) = (order.size, order.level);
        if had > size {
            order.size = had - size;
            self.levels.at_mut(level).known -= size;
            return Outcome::Applied;
        }
        self.levels.at_mut(level).known -= had;
        self.forget(entry, slot, level);
        self.missing(size - had)
    }

    #[inline]
    fn delete(&mut self, side: Side, id: u64, price: i64, size: i64) -> Outcome {
        if id == 0 {
            self.take_anonymous(side, price, i64::MAX);
            return Outcome::Applied;
        }
        let Some((entry, slot)) = self.orders.find(id) else {
            // The order's own size is all that may go, where the feed tells it.
            return self.unknown(side, price, size);
        };
        let order = self.orders.at(slot);
        let level = order.level;
        self.levels.at_mut(level).known -= order.size;
        self.forget(entry, slot, level);
        Outcome::Applied
    }

    #[inline]
    fn missing(&mut self, missing: i64) -> Outcome {
        if missing == 0 {
            return Outcome::Applied;
        }
        self.counts.too_much += 1;
        Outcome::TooMuch { missing: Qty::from_raw(missing) }
    }

    #[cold]
    fn unknown(&mut self, side: Side, price: i64, size: i64) -> Outcome {
        self.counts.unknown_orders += 1;
        Outcome::UnknownOrder { taken: Qty::from_raw(self.take_anonymous(side, price, size)) }
    }

    /// Take up to `size` anonymous shares; gives how many.
    fn take_anonymous(&mut self, side: Side, price: i64, size: i64) -> i64 {
        let Some(slot) = self.levels.find(side, price) else { return 0 };
        let level = self.levels.at_mut(slot);
        let taken = level.anonymous.min(size);
        level.anonymous -= taken;
        if level.is_empty() {
            self.levels.close(slot);
        }
        taken
    }

    fn clear_side(&mut self, side: Side) {
        while let Some(slot) = self.levels.best(side) {
            self.drop_level(slot);
        }
    }

    /// Take a quote as the best of both sides: of an L1 book the whole of them, else a level each.
    ///
    /// The side that moves away from the other goes first, so that a book on the move is not taken for a crossed one.
    pub fn apply_quote(&mut self, quote: &Quote) -> Result<()> {
        let best_ask = self.levels.best_price(Side::Sell);
        let bid = (Side::Buy, quote.bid, quote.bid_size);
        let ask = (Side::Sell, quote.ask, quote.ask_size);
        let upwards = best_ask.is_some_and(|best| quote.bid.raw() > best);
        for (side, price, size) in if upwards { [ask, bid] } else { [bid, ask] } {
            self.change(BookAction::Add, side, 0, price.raw(), size.raw())
                .map_err(|error| Error::data(format!("quote at {}", quote.ts), error.to_string()))?;
        }
        Ok(())
    }

    /// Empty both sides; the counts stay.
    pub fn clear(&mut self) {
        self.clear_side(Side::Buy);
        self.clear_side(Side::Sell);
    }

    /// Replace the book by these levels, as a snapshot has them, in any order; zero sizes are passed over.
    ///
    /// A negative size is an error that leaves the book empty: half a snapshot is no book.
    pub fn load(&mut self, bids: &[(Price, Qty)], asks: &[(Price, Qty)]) -> Result<()> {
        self.clear();
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            for (i, (price, size)) in levels.iter().enumerate() {
                if let Err(error) = self.change(BookAction::Add, side, 0, price.raw(), size.raw()) {
                    self.clear();
                    return Err(Error::data(format!("snapshot, {} level {i}", side.as_str()), error.to_string()));
                }
            }
        }
        Ok(())
    }

    /// Keep the best `levels` of each side and drop the others with their orders; gives how many levels went.
    pub fn truncate(&mut self, levels: usize) -> usize {
        let mut dropped = 0;
        for side in [Side::Buy, Side::Sell] {
            while self.levels.len(side) > levels
                && let Some(slot) = self.levels.worst(side)
            {
                self.drop_level(slot);
                dropped += 1;
            }
        }
        dropped
    }
}

#[cold]
fn change_error(delta: &BookDelta, error: &Error) -> Error {
    Error::data(format!("book change of order {} at {}", delta.order, delta.ts), error.to_string())
}
