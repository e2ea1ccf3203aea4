//! Every order of a run, by dense id, and the list of those still open.

use super::{Order, OrderEvent};
use crate::types::{Error, OrderId, Price, Qty, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// Orders by id: O(1) to find, add, change and close, however many there are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Orders {
    all: Vec<Order>,
    open: Vec<OrderId>,
}

impl Orders {
    /// The id that the next order gets.
    pub fn next_id(&self) -> OrderId {
        OrderId(self.all.len() as u64 + 1)
    }

    /// Add `order`, whose id must be [`Self::next_id`].
    pub fn add(&mut self, mut order: Order) -> Result<()> {
        if order.id != self.next_id() {
            return Err(Error::Order {
                order: order.id.to_string(),
                why: format!("ids are given in sequence; the next is {}", self.next_id()),
            });
        }
        if !order.status().is_terminal() {
            order.open_index = u32::try_from(self.open.len()).map_err(|_| Error::Overflow { what: "number of open orders" })?;
            self.open.push(order.id);
        }
        self.all.push(order);
        Ok(())
    }

    /// The order `id`.
    #[inline]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.all.get((id.0 as usize).wrapping_sub(1))
    }

    /// Apply `event` to order `id` and give the order as it is then.
    #[inline]
    pub fn apply(&mut self, id: OrderId, event: OrderEvent, now: Timestamp) -> Result<Order> {
        let order = self.all.get_mut((id.0 as usize).wrapping_sub(1)).ok_or_else(|| Error::Order {
            order: id.to_string(),
            why: "is not known to this engine; use an id that submit gave".to_owned(),
        })?;
        order.apply(event, now)?;
        let changed = *order;
        if changed.status().is_terminal() {
            self.close(changed.open_index as usize);
        }
        Ok(changed)
    }

    /// A fill of order `id`, of which the news came after those of its end; the order as it is then.
    pub(crate) fn fill_late(&mut self, id: OrderId, qty: Qty, price: Price, now: Timestamp) -> Result<Order> {
        let order = self.all.get_mut((id.0 as usize).wrapping_sub(1)).filter(|o| o.status().is_terminal());
        let order =
            order.ok_or_else(|| Error::Order { order: id.to_string(), why: "has not ended; a fill of it is not late".to_owned() })?;
        order.fill_late(qty, price, now)?;
        Ok(*order)
    }

    /// `filled` shares of the order that `id` replaces count against it: it is for so many fewer from now on.
    pub(crate) fn carry_fills(&mut self, id: OrderId, filled: Qty) -> Result<()> {
        let unknown = || Error::Order { order: id.to_string(), why: "is not known to this engine".to_owned() };
        let order = self.all.get_mut((id.0 as usize).wrapping_sub(1)).ok_or_else(unknown)?;
        if order.carry_fills(filled)? {
            let at = order.open_index as usize;
            self.close(at);
        }
        Ok(())
    }

    /// Take the order at `at` out of the open ones.
    #[inline]
    fn close(&mut self, at: usize) {
        self.open.swap_remove(at);
        if let Some(&moved) = self.open.get(at) {
            self.all[moved.0 as usize - 1].open_index = at as u32;
        }
    }

    /// Ids of the open orders, in no particular but always the same order.
    #[inline]
    pub fn open(&self) -> &[OrderId] {
        &self.open
    }

    /// All orders in order of id.
    pub fn all(&self) -> &[Order] {
        &self.all
    }

    /// Take all orders out.
    #[must_use]
    pub fn into_all(self) -> Vec<Order> {
        self.all
    }
}
