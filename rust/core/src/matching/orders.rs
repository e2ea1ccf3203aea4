//! Live orders in slots, one cache line each, linked into the queue in which they wait.

use super::request::{OrderKey, Participant};
use super::table::{KeyTable, Place};
use serde::{Deserialize, Serialize};

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// Where an order waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(super) enum Home {
    /// Nowhere: the slot is free.
    Free,
    /// At its price in the book.
    Book,
    /// For a trade at its stop.
    Stop,
    /// For the opening auction.
    Opening,
    /// For the closing auction.
    Closing,
    /// A market order, for whichever auction is next.
    Next,
}

/// A live order. Keys are prices in ticks, turned so that the best is highest; see [`super::ladder`].
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Order {
    pub(super) client: u64,
    /// Rises with every order that comes to the end of a queue.
    pub(super) rank: u64,
    /// Limit; [`super::core::MARKET_KEY`] for none.
    pub(super) key: i64,
    pub(super) left: i64,
    pub(super) filled: i64,
    /// Key in the ladder of stops.
    pub(super) stop: i64,
    pub(super) prev: u32,
    pub(super) next: u32,
    pub(super) participant: u32,
    pub(super) side: u8,
    pub(super) lifetime: super::request::Lifetime,
    pub(super) home: Home,
    pub(super) post_only: bool,
}

impl Order {
    #[inline]
    pub(super) const fn name(&self) -> OrderKey {
        OrderKey { participant: Participant(self.participant), client_order_id: self.client }
    }
}

/// First and last order of a queue that is no price level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub(super) head: u32,
    pub(super) tail: u32,
}

impl Queue {
    pub(super) const EMPTY: Self = Self { head: NONE, tail: NONE };
}

#[derive(Clone, Debug)]
pub(super) struct Orders {
    pub(super) slots: Vec<Order>,
    free: u32,
    pub(super) table: KeyTable,
}

impl Default for Orders {
    fn default() -> Self {
        Self { slots: Vec::new(), free: NONE, table: KeyTable::default() }
    }
}

impl Orders {
    pub(super) fn reserve(&mut self, orders: usize) {
        self.slots.reserve(orders.saturating_sub(self.slots.len()));
        self.table.reserve(orders);
    }

    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    #[inline]
    pub(super) fn find(&self, key: OrderKey) -> Option<u32> {
        match self.table.place(key, |slot| self.slots[slot as usize].name() == key) {
            Place::Found(_, slot) => Some(slot),
            Place::Vacant(_) => None,
        }
    }

    /// Where `key` would go, with room for it made; `None` where it is in use.
    #[inline]
    pub(super) fn vacant(&mut self, key: OrderKey) -> Option<usize> {
        self.table.make_room();
        match self.table.place(key, |slot| self.slots[slot as usize].name() == key) {
            Place::Found(..) => None,
            Place::Vacant(entry) => Some(entry),
        }
    }

    /// Take an order in; `entry` is its vacant place.
    #[inline]
    pub(super) fn insert(&mut self, entry: usize, order: Order) -> u32 {
        let slot = self.free;
        let slot = if slot == NONE {
            self.slots.push(order);
            (self.slots.len() - 1) as u32
        } else {
            let free = &mut self.slots[slot as usize];
            self.free = free.next;
            *free = order;
            slot
        };
        self.table.put(entry, order.name(), slot);
        slot
    }

    /// Forget an order that is in no queue.
    #[inline]
    pub(super) fn release(&mut self, slot: u32) {
        let free = self.free;
        let order = &mut self.slots[slot as usize];
        let name = order.name();
        order.home = Home::Free;
        order.next = free;
        self.free = slot;
        self.table.remove(name, slot);
    }

    /// Put an order at the end of a queue.
    #[inline]
    pub(super) fn push(&mut self, slot: u32, head: &mut u32, tail: &mut u32) {
        let last = *tail;
        let order = &mut self.slots[slot as usize];
        order.prev = last;
        order.next = NONE;
        if last == NONE {
            *head = slot;
        } else {
            self.slots[last as usize].next = slot;
        }
        *tail = slot;
    }

    /// Take an order out of its queue.
    #[inline]
    pub(super) fn unlink(&mut self, slot: u32, head: &mut u32, tail: &mut u32) {
        let Order { prev, next, .. } = self.slots[slot as usize];
        if prev == NONE {
            *head = next;
        } else {
            self.slots[prev as usize].next = next;
        }
        if next == NONE {
            *tail = prev;
        } else {
            self.slots[next as usize].prev = prev;
        }
    }

    /// Slots of a queue, first to last.
    pub(super) fn walk(&self, head: u32) -> impl Iterator<Item = (u32, &Order)> {
        let mut slot = head;
        std::iter::from_fn(move || {
            let order = self.slots.get(slot as usize)?;
            let here = slot;
            slot = order.next;
            Some((here, order))
        })
    }
}
