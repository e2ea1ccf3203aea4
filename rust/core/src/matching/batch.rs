//! Many requests in one call, with their memory asked for ahead, so that a large book costs little more than a small one.

use super::core::MatchingEngine;
use super::event::MatchEvent;
use super::orders::NONE;
use super::request::{NewOrder, OrderKey, Participant, Replacement};
use crate::book::prefetch::prefetch;
use crate::types::Timestamp;
use serde::{Deserialize, Serialize};

/// Rows ahead at which the table, the order and its neighbours in the queue are asked for: each takes a miss of its own.
const TABLE_AHEAD: usize = 24;
const ORDER_AHEAD: usize = 16;
const QUEUE_AHEAD: usize = 8;

/// Below this many orders everything lies in the near caches, and asking costs more than it saves.
const WORTHWHILE: usize = if cfg!(test) { 10 } else { 20_000 };

/// One request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instruction {
    /// A new order.
    Submit(NewOrder),
    /// Cancel an order.
    Cancel(OrderKey),
    /// Give an order new terms.
    Replace(OrderKey, Replacement),
    /// Cancel every order of a participant.
    MassCancel(Participant),
}

/// Rows of requests, as columns hold them.
pub trait InstructionRows {
    /// How many rows.
    fn rows(&self) -> usize;
    /// Time and request of a row.
    fn instruction(&self, row: usize) -> (Timestamp, Instruction);
    /// The order that a row is about, for a look ahead.
    fn key(&self, row: usize) -> OrderKey;
}

impl InstructionRows for [(Timestamp, Instruction)] {
    fn rows(&self) -> usize {
        self.len()
    }

    #[inline]
    fn instruction(&self, row: usize) -> (Timestamp, Instruction) {
        self[row]
    }

    #[inline]
    fn key(&self, row: usize) -> OrderKey {
        match self[row].1 {
            Instruction::Submit(order) => order.key,
            Instruction::Cancel(key) | Instruction::Replace(key, _) => key,
            Instruction::MassCancel(participant) => OrderKey { participant, client_order_id: 0 },
        }
    }
}

impl MatchingEngine {
    /// One request of any kind.
    #[inline]
    pub fn apply(&mut self, ts: Timestamp, instruction: &Instruction, out: &mut Vec<MatchEvent>) {
        match instruction {
            Instruction::Submit(order) => self.submit(ts, order, out),
            Instruction::Cancel(key) => self.cancel(ts, *key, out),
            Instruction::Replace(key, new) => self.replace(ts, *key, new, out),
            Instruction::MassCancel(participant) => self.mass_cancel(ts, *participant, out),
        }
    }

    /// Requests one after the other, as [`Self::apply`] takes them; `after` sees the row and its events, which it may clear.
    pub fn apply_rows<R: InstructionRows + ?Sized>(
        &mut self,
        rows: &R,
        out: &mut Vec<MatchEvent>,
        mut after: impl FnMut(usize, &mut Vec<MatchEvent>),
    ) {
        let count = rows.rows();
        for row in 0..count {
            if row + TABLE_AHEAD < count && self.orders.len() >= WORTHWHILE {
                self.orders.table.first_entry(rows.key(row + TABLE_AHEAD)).inspect(|entry| prefetch(*entry));
                self.ask_for_order(rows.key(row + ORDER_AHEAD));
                self.ask_for_neighbours(rows.key(row + QUEUE_AHEAD));
            }
            let (ts, instruction) = rows.instruction(row);
            self.apply(ts, &instruction, out);
            after(row, out);
        }
    }

    #[inline]
    fn ask_for_order(&self, key: OrderKey) {
        if let Some(slot) = self.orders.table.likely_slot(key) {
            self.orders.slots.get(slot as usize).inspect(|order| prefetch(*order));
        }
    }

    #[inline]
    fn ask_for_neighbours(&self, key: OrderKey) {
        let order = self.orders.table.likely_slot(key).and_then(|slot| self.orders.slots.get(slot as usize));
        if let Some(order) = order.filter(|order| order.client == key.client_order_id) {
            for slot in [order.prev, order.next] {
                if slot != NONE {
                    self.orders.slots.get(slot as usize).inspect(|order| prefetch(*order));
                }
            }
        }
    }
}
