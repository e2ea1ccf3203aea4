//! Orders in slots, found by id and linked into the queue of their level.

use super::table::{OrderTable, Place};

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// A resting order: 32 bytes, aligned so that it never lies in two cache lines. A free slot has size 0 and links to the next free one.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) size: i64,
    pub(super) level: u32,
    pub(super) prev: u32,
    pub(super) next: u32,
}

/// First and last order of a level, in slots.
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
    table: OrderTable,
}

impl Default for Orders {
    fn default() -> Self {
        Self { slots: Vec::new(), free: NONE, table: OrderTable::default() }
    }
}

impl Orders {
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn reserve(&mut self, orders: usize) {
        self.slots.reserve(orders.saturating_sub(self.slots.len()));
        self.table.reserve(orders);
    }

    #[inline]
    pub(super) fn at(&self, slot: u32) -> &Order {
        &self.slots[slot as usize]
    }

    #[inline]
    pub(super) fn at_mut(&mut self, slot: u32) -> &mut Order {
        &mut self.slots[slot as usize]
    }

    /// Table entry and slot of an order.
    #[inline]
    pub(super) fn find(&self, id: u64) -> Option<(usize, u32)> {
        self.table.find(id, |slot| self.at(slot).id == id)
    }

    /// Where an order is or would be, with room for it made.
    #[inline]
    pub(super) fn place(&mut self, id: u64) -> Place {
        self.table.make_room();
        self.table.place(id, |slot| self.at(slot).id == id)
    }

    /// Put an order at the end of `queue`; `entry` is its vacant place.
    #[inline]
    pub(super) fn push(&mut self, entry: usize, id: u64, size: i64, level: u32, queue: &mut Queue) {
        let order = Order { id, size, level, prev: queue.tail, next: NONE };
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
        self.table.put(entry, id, slot);
        self.link_last(slot, queue);
    }

    #[inline]
    fn link_last(&mut self, slot: u32, queue: &mut Queue) {
        if queue.tail == NONE {
            queue.head = slot;
        } else {
            self.at_mut(queue.tail).next = slot;
        }
        queue.tail = slot;
    }

    #[inline]
    fn unlink(&mut self, slot: u32, queue: &mut Queue) {
        let Order { prev, next, .. } = *self.at(slot);
        if prev == NONE {
            queue.head = next;
        } else {
            self.at_mut(prev).next = next;
        }
        if next == NONE {
            queue.tail = prev;
        } else {
            self.at_mut(next).prev = prev;
        }
    }

    /// Take an order out of its queue and forget it.
    #[inline]
    pub(super) fn remove(&mut self, entry: usize, slot: u32, queue: &mut Queue) {
        self.unlink(slot, queue);
        self.table.take(entry);
        self.release(slot);
    }

    #[inline]
    fn release(&mut self, slot: u32) {
        let free = self.free;
        let order = self.at_mut(slot);
        order.size = 0;
        order.next = free;
        self.free = slot;
    }

    /// Put an order at the end of its own queue, with a new size.
    pub(super) fn requeue(&mut self, slot: u32, size: i64, queue: &mut Queue) {
        self.unlink(slot, queue);
        let tail = queue.tail;
        let order = self.at_mut(slot);
        order.size = size;
        order.prev = tail;
        order.next = NONE;
        self.link_last(slot, queue);
    }

    /// Forget every order of a queue.
    pub(super) fn remove_all(&mut self, queue: Queue) {
        let mut slot = queue.head;
        while slot != NONE {
            let Order { id, next, .. } = *self.at(slot);
            if let Some((entry, _)) = self.find(id) {
                self.table.take(entry);
            }
            self.release(slot);
            slot = next;
        }
    }

    /// Orders of a queue, first to last.
    pub(super) fn walk(&self, queue: Queue) -> impl Iterator<Item = &Order> {
        let mut slot = queue.head;
        std::iter::from_fn(move || {
            let order = self.slots.get(slot as usize)?;
            slot = order.next;
            Some(order)
        })
    }

    /// The table's memory where the search for `id` begins.
    #[inline]
    pub(super) fn first_entry(&self, id: u64) -> Option<&u64> {
        self.table.first_entry(id)
    }

    /// The order that `id` most likely is.
    #[inline]
    pub(super) fn likely(&self, id: u64) -> Option<&Order> {
        self.slots.get(self.table.likely_slot(id)? as usize)
    }

    /// The slot that a new order would take.
    #[inline]
    pub(super) fn free_slot(&self) -> Option<&Order> {
        self.slots.get(self.free as usize)
    }

    /// Slots that may be used again.
    pub(super) fn free_slots(&self) -> usize {
        let mut slot = self.free;
        let free = std::iter::from_fn(|| {
            let order = self.slots.get(slot as usize)?;
            slot = order.next;
            Some(())
        });
        // A broken list that runs in a circle must not be walked for ever.
        free.take(self.slots.len() + 1).count()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Order>() + self.table.heap_bytes()
    }
}
