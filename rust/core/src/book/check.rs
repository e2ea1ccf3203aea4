//! [`OrderBook::check`]: does the book agree with itself.

use super::order_book::OrderBook;
use super::queue::NONE;
use crate::types::{Error, Price, Result, Side};

impl OrderBook {
    /// Check that prices are in order, no level is empty, each level's size and count are those of its orders, the queues are
    /// linked both ways, and every order is found by its id. O(orders + levels).
    ///
    /// A fault is a bug or damaged memory, never bad data: what a feed sends cannot bring it about.
    pub fn check(&self) -> Result<()> {
        let mut seen = 0;
        for side in [Side::Buy, Side::Sell] {
            let name = side.as_str();
            if let Some(fault) = self.levels.fault(side) {
                return Err(Error::data(format!("book, {name} side"), format!("{fault}; rebuild it from a snapshot")));
            }
            for slot in self.levels.walk(side) {
                let price = Price::from_raw(slot.price);
                let fault = |why: String| Error::data(format!("book, {name} level {price}"), format!("{why}; rebuild it from a snapshot"));
                if slot.is_empty() {
                    return Err(fault("is empty".to_owned()));
                }
                if slot.known < 0 || slot.anonymous < 0 || slot.known.checked_add(slot.anonymous).is_none() {
                    return Err(fault(format!("has impossible sizes {} and {}", slot.known, slot.anonymous)));
                }
                let (mut shares, mut count, mut last) = (0_i128, 0_u32, NONE);
                for order in self.orders.walk(slot.queue) {
                    count += 1;
                    if count > slot.orders {
                        break;
                    }
                    shares += i128::from(order.size);
                    let Some((_, at)) = self.orders.find(order.id) else {
                        return Err(fault(format!("holds order {}, which is not found by its id", order.id)));
                    };
                    let level_price = self.levels.at(order.level).price;
                    if order.size <= 0 || order.prev != last || level_price != slot.price || !std::ptr::eq(self.orders.at(at), order) {
                        return Err(fault(format!("holds order {}, which is linked wrongly or is empty", order.id)));
                    }
                    last = at;
                }
                if count != slot.orders || shares != i128::from(slot.known) || last != slot.queue.tail {
                    return Err(fault(format!(
                        "says {} orders of {} in all, and its queue holds {count} of {shares}",
                        slot.orders, slot.known
                    )));
                }
                seen += count as usize;
            }
        }
        let (found, free) = (self.orders.len(), self.orders.free_slots());
        if seen != found || seen + free != self.orders.slots.len() {
            return Err(Error::data(
                "book",
                format!(
                    "has {seen} orders in its levels, {found} by id and {free} of {} slots free; rebuild it from a snapshot",
                    self.orders.slots.len()
                ),
            ));
        }
        Ok(())
    }
}
