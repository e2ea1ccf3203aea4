//! Every order of a run, by dense id, and the list of those still open.

use super::pieces::Pieces;
use super::{Order, OrderEvent, Restatement};
use crate::types::{Error, OrderId, Price, Qty, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most characters of a caller's own id for an order (Alpaca's limit).
const CLIENT_ID_MAX: usize = 128;

/// Orders by id: O(1) to find, add, change and close, however many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    all: Pieces<Order>,
    open: Vec<OrderId>,
    /// The callers' own ids, by number less one.
    client_ids: Vec<Box<str>>,
    by_client_id: BTreeMap<Box<str>, OrderId>,
}

impl Orders {
    /// The id that the next order gets.
    #[inline]
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

    /// Why no order may have this id of the caller's, if so.
    pub fn refuses_name(&self, text: &str) -> Option<&'static str> {
        if text.is_empty() || text.len() > CLIENT_ID_MAX {
            return Some("client_order_id must have 1 to 128 characters");
        }
        self.by_client_id.contains_key(text).then_some("client_order_id must be unique")
    }

    /// Give the next order the caller's own id for it; what is wrong with `text` where it cannot have it.
    pub fn name_next(&mut self, text: &str) -> std::result::Result<u32, &'static str> {
        if let Some(why) = self.refuses_name(text) {
            return Err(why);
        }
        let number = u32::try_from(self.client_ids.len() + 1).map_err(|_| "too many client_order_ids")?;
        self.by_client_id.insert(text.into(), self.next_id());
        self.client_ids.push(text.into());
        Ok(number)
    }

    /// The caller's own id for an order, where the caller gave one.
    pub fn client_id(&self, order: &Order) -> Option<&str> {
        self.client_ids.get((order.client as usize).wrapping_sub(1)).map(AsRef::as_ref)
    }

    /// The order that has this id of the caller's.
    pub fn by_client_id(&self, text: &str) -> Option<&Order> {
        self.by_client_id.get(text).and_then(|&id| self.get(id))
    }

    /// The order `id`.
    #[inline]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.all.get((id.0 as usize).wrapping_sub(1))
    }

    #[inline]
    fn get_mut(&mut self, id: OrderId) -> Result<&mut Order> {
        self.all.get_mut((id.0 as usize).wrapping_sub(1)).ok_or_else(|| Error::Order {
            order: id.to_string(),
            why: "is not known to this engine; use an id that submit gave".to_owned(),
        })
    }

    /// Apply `event` to order `id` and give the order as it is then.
    #[inline]
    pub fn apply(&mut self, id: OrderId, event: OrderEvent, now: Timestamp) -> Result<Order> {
        let order = self.get_mut(id)?;
        order.apply(event, now)?;
        let changed = *order;
        if changed.status().is_terminal() {
            self.close(changed.open_index as usize);
        }
        if matches!(event, OrderEvent::New | OrderEvent::Accepted) {
            self.all.prepare(changed);
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
        let order = self.get_mut(id)?;
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
        if let Some(&moved) = self.open.get(at)
            && let Some(order) = self.all.get_mut(moved.0 as usize - 1)
        {
            order.open_index = at as u32;
        }
    }

    /// `new` stands in the place of `old` in the group of both.
    pub(crate) fn relink(&mut self, old: OrderId, new: OrderId) {
        let Some(order) = self.get(old).copied() else { return };
        if let Ok(new) = self.get_mut(new) {
            new.take_place_of(&order);
        }
        let beside = order.legs();
        for id in [order.parent, beside[0], beside[1]] {
            if id.0 != 0
                && let Ok(other) = self.get_mut(id)
            {
                other.relink(old, new);
            }
        }
    }

    /// What a trailing stop has come to, as the venue has it.
    pub(crate) fn note_trail(&mut self, id: OrderId, terms: &Restatement) {
        if let Ok(order) = self.get_mut(id) {
            order.note_trail(terms);
        }
    }

    /// By how many shares the replacement `id` enlarges what is open.
    pub(crate) fn reopen(&mut self, id: OrderId, change: i64) {
        if let Ok(order) = self.get_mut(id) {
            order.replace_change = change;
        }
    }

    /// Let the open shares of `id` count in the exposure from now on, or no longer.
    pub(crate) fn count(&mut self, id: OrderId, counts: bool) {
        if let Ok(order) = self.get_mut(id) {
            order.count(counts);
        }
    }

    /// Ids of the open orders, in no particular but always the same order.
    #[inline]
    pub fn open(&self) -> &[OrderId] {
        &self.open
    }

    /// All orders in order of id.
    pub fn all(&self) -> impl Iterator<Item = &Order> {
        self.all.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// True before the first.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The callers' own ids, by number less one.
    pub fn client_ids(&self) -> &[Box<str>] {
        &self.client_ids
    }

    /// Take all orders out, and the callers' own ids by number less one.
    #[must_use]
    pub fn into_all(self) -> (Vec<Order>, Vec<Box<str>>) {
        (self.all.into_vec(), self.client_ids)
    }
}
