//! [`RecordReplay`]: history order by order, with our own passive orders in its queues.
//!
//! Orders of the record are added, changed, canceled and executed as recorded; the engine keeps them and ours in price-time order but
//! pairs nothing by itself. Our orders take nothing from the record: they are small, and nobody reacts to them. One is filled
//! - when the record executes an order that stands behind it, at its price or a worse one: the executions have passed its place;
//! - when the record adds an order of the other side that reaches its price: what the order would have met first is ours.
//!
//! Levels from before the record, whose orders are not known, are seeded as one order each in front of all others; changes of unknown
//! orders are taken from it.

use super::core::{MatchingEngine, index, turned};
use super::event::{MatchEvent, Phase};
use super::request::{NewOrder, OrderKey, Replacement};
use super::{LiveOrder, MatchingConfig};
use crate::event::{BookAction, BookDelta};
use crate::types::{Price, Qty, Result, Side, Timestamp};
use std::collections::BTreeMap;

/// Participants: the record's known orders, ours, the record's takers, and levels from before it.
const RECORD: u32 = 0;
const OWN: u32 = 1;
const TAKER: u32 = 2;
const SEED: u32 = 3;

/// A fill of one of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnFill {
    /// When.
    pub ts: Timestamp,
    /// Our order.
    pub id: u64,
    /// Our limit.
    pub price: Price,
    /// Shares.
    pub qty: Qty,
}

/// What a replay saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayCounts {
    /// Changes applied.
    pub changes: u64,
    /// Changes of orders that are not known, taken from a seeded level or passed over.
    pub unknown: u64,
    /// Executions of an order while another of the record stood in front of it at its price.
    pub out_of_turn: u64,
    /// Executions of known orders.
    pub executions: u64,
}

/// Replays one instrument's record through a [`MatchingEngine`].
#[derive(Debug)]
pub struct RecordReplay {
    engine: MatchingEngine,
    out: Vec<MatchEvent>,
    /// Seeded levels, by side and price.
    seeds: BTreeMap<(usize, i64), OrderKey>,
    /// Our live orders.
    own: Vec<OrderKey>,
    fills: Vec<OwnFill>,
    counts: ReplayCounts,
    /// True while the record's orders gather for an auction.
    gathering: bool,
}

impl RecordReplay {
    /// An empty book that takes prices and sizes as `config` says.
    pub fn new(config: MatchingConfig) -> Result<Self> {
        let mut engine = MatchingEngine::new(config)?;
        let mut out = Vec::new();
        // Orders gather and never pair; a crossed record stays as it is.
        engine.set_phase(Timestamp::MIN, Phase::PreOpen, &mut out)?;
        Ok(Self {
            engine,
            out,
            seeds: BTreeMap::new(),
            own: Vec::new(),
            fills: Vec::new(),
            counts: ReplayCounts::default(),
            gathering: false,
        })
    }

    /// Whether the record's orders gather for an auction from now on: then they reach ours without a trade.
    pub const fn set_gathering(&mut self, gathering: bool) {
        self.gathering = gathering;
    }

    /// The engine, for its book.
    pub const fn engine(&self) -> &MatchingEngine {
        &self.engine
    }

    /// What was seen so far.
    pub const fn counts(&self) -> &ReplayCounts {
        &self.counts
    }

    /// Fills of our orders since the last call.
    pub fn take_fills(&mut self) -> Vec<OwnFill> {
        std::mem::take(&mut self.fills)
    }

    /// An order of the record, while it lives.
    pub fn recorded(&self, order: u64) -> Option<LiveOrder> {
        self.engine.order(OrderKey::new(RECORD, order))
    }

    /// One of our orders, while it lives.
    pub fn own(&self, id: u64) -> Option<LiveOrder> {
        self.engine.order(OrderKey::new(OWN, id))
    }

    /// Put an order of ours at the end of the queue at `price`; false where the engine refuses it.
    pub fn place(&mut self, ts: Timestamp, id: u64, side: Side, qty: Qty, price: Price) -> bool {
        let key = OrderKey::new(OWN, id);
        let placed = self.submit(ts, &NewOrder::limit(key, side, qty, price));
        if placed {
            self.own.push(key);
        }
        placed
    }

    /// Take an order of ours back; false where it is gone.
    pub fn withdraw(&mut self, ts: Timestamp, id: u64) -> bool {
        let key = OrderKey::new(OWN, id);
        self.own.retain(|own| *own != key);
        self.cancel(ts, key)
    }

    fn submit(&mut self, ts: Timestamp, order: &NewOrder) -> bool {
        self.out.clear();
        self.engine.submit(ts, order, &mut self.out);
        matches!(self.out.first(), Some(MatchEvent::Accepted { .. }))
    }

    fn cancel(&mut self, ts: Timestamp, key: OrderKey) -> bool {
        self.out.clear();
        self.engine.cancel(ts, key, &mut self.out);
        matches!(self.out.first(), Some(MatchEvent::Canceled { .. }))
    }

    /// Apply a change of the record; order 0 seeds a level.
    pub fn apply(&mut self, delta: &BookDelta) {
        self.counts.changes += 1;
        let key = OrderKey::new(RECORD, delta.order);
        match delta.action {
            BookAction::Add if delta.order == 0 => self.seed(delta),
            BookAction::Add => self.add(delta, key),
            BookAction::Execute => self.execute(delta, key),
            BookAction::Cancel | BookAction::Delete => match self.engine.order(key) {
                Some(order) if delta.action == BookAction::Cancel && delta.size < order.left => {
                    self.resize(delta.ts, &order, order.left.raw() - delta.size.raw(), None);
                }
                Some(_) => {
                    self.cancel(delta.ts, key);
                }
                None => self.take_from_seed(delta, BookAction::Cancel),
            },
            BookAction::Modify => match self.engine.order(key) {
                Some(order) if order.side == delta.side => {
                    let moved = (order.price != delta.price).then_some(delta.price);
                    if moved.is_some() {
                        self.reached(delta);
                    }
                    self.resize(delta.ts, &order, delta.size.raw(), moved);
                }
                Some(_) => {
                    self.cancel(delta.ts, key);
                    self.add(delta, key);
                }
                None => self.add(delta, key),
            },
            BookAction::Clear => self.clear(delta),
        }
    }

    fn seed(&mut self, delta: &BookDelta) {
        let side = index(delta.side);
        let key = OrderKey::new(SEED, (delta.price.raw() as u64) << 1 | side as u64);
        if self.submit(delta.ts, &NewOrder::limit(key, delta.side, delta.size, delta.price)) {
            self.seeds.insert((side, delta.price.raw()), key);
        }
    }

    fn add(&mut self, delta: &BookDelta, key: OrderKey) {
        self.reached(delta);
        if !self.submit(delta.ts, &NewOrder::limit(key, delta.side, delta.size, delta.price)) {
            self.counts.unknown += 1;
        }
    }

    /// Our orders of the other side that an order at this price reaches are filled.
    fn reached(&mut self, delta: &BookDelta) {
        if self.gathering || self.own.is_empty() {
            return;
        }
        let met: Vec<OrderKey> = self
            .own_orders()
            .filter(|own| own.side != delta.side)
            .filter(|own| if own.side == Side::Buy { own.price >= delta.price } else { own.price <= delta.price })
            .map(|own| own.key)
            .collect();
        self.fill(delta.ts, &met);
    }

    fn own_orders(&self) -> impl Iterator<Item = LiveOrder> {
        self.own.iter().filter_map(|&key| self.engine.order(key))
    }

    /// Fill all that is left of these orders of ours.
    fn fill(&mut self, ts: Timestamp, keys: &[OrderKey]) {
        for &key in keys {
            let Some(order) = self.engine.order(key) else { continue };
            self.out.clear();
            let taker = OrderKey::new(TAKER, self.counts.changes);
            let qty = self.engine.execute_on_record(ts, key, taker, order.left, None, &mut self.out);
            self.fills.push(OwnFill { ts, id: key.client_order_id, price: order.price, qty });
        }
        if !keys.is_empty() {
            self.own.retain(|own| !keys.contains(own));
        }
    }

    fn execute(&mut self, delta: &BookDelta, key: OrderKey) {
        let Some(mut order) = self.engine.order(key) else { return self.take_from_seed(delta, BookAction::Execute) };
        self.counts.executions += 1;
        let beyond = if order.side == Side::Buy { delta.price > order.price } else { delta.price < order.price };
        if beyond && delta.price.is_positive() {
            // No order trades beyond its limit: it was moved there, and the record tells so only after the execution.
            self.resize(delta.ts, &order, order.left.raw(), Some(delta.price));
            order = self.engine.order(key).unwrap_or(order);
        }
        let first = self.engine.orders_at(order.side, order.price).find(|other| other.key.participant.0 != OWN);
        self.counts.out_of_turn += u64::from(first.is_some_and(|first| first.key != key));
        self.pass(delta.ts, order.side, order.price, Some(order.rank));
        self.out.clear();
        self.engine.execute_on_record(delta.ts, key, OrderKey::new(TAKER, self.counts.changes), delta.size, None, &mut self.out);
    }

    /// Executions reached `price`, and the order of `rank` there: ours in front of it are filled.
    fn pass(&mut self, ts: Timestamp, side: Side, price: Price, rank: Option<u64>) {
        let better = |own: &LiveOrder| turned(index(side), own.price.raw()) > turned(index(side), price.raw());
        let in_front = |own: &LiveOrder| own.price == price && rank.is_some_and(|rank| own.rank < rank);
        let met: Vec<OrderKey> =
            self.own_orders().filter(|own| own.side == side && (better(own) || in_front(own))).map(|own| own.key).collect();
        self.fill(ts, &met);
    }

    /// A change of an order that is not known comes out of its seeded level.
    fn take_from_seed(&mut self, delta: &BookDelta, action: BookAction) {
        self.counts.unknown += 1;
        if action == BookAction::Execute {
            self.pass(delta.ts, delta.side, delta.price, None);
        }
        let place = (index(delta.side), delta.price.raw());
        let Some(order) = self.seeds.get(&place).and_then(|&key| self.engine.order(key)) else { return };
        if delta.size < order.left {
            self.resize(delta.ts, &order, order.left.raw() - delta.size.raw(), None);
        } else {
            self.seeds.remove(&place);
            self.cancel(delta.ts, order.key);
        }
    }

    /// An order has so many shares left, at its price or another.
    fn resize(&mut self, ts: Timestamp, order: &LiveOrder, left: i64, price: Option<Price>) {
        self.out.clear();
        let total = order.filled.raw().saturating_add(left);
        if left <= 0 {
            self.cancel(ts, order.key);
            return;
        }
        let new = Replacement { qty: Some(Qty::from_raw(total)), limit: price, stop: None };
        self.engine.replace(ts, order.key, &new, &mut self.out);
    }

    /// Everything of the record on a side is gone; ours stay.
    fn clear(&mut self, delta: &BookDelta) {
        let prices: Vec<Price> = self.engine.depth(delta.side).map(|level| level.price).collect();
        for price in prices {
            let keys: Vec<OrderKey> = self.engine.orders_at(delta.side, price).map(|order| order.key).collect();
            for key in keys.into_iter().filter(|key| key.participant.0 != OWN) {
                self.cancel(delta.ts, key);
            }
        }
        self.seeds.retain(|&(side, _), _| side != index(delta.side));
    }
}
