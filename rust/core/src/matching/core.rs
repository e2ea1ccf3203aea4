//! [`MatchingEngine`]: its state, and what becomes of a request.

use super::config::{MatchingConfig, RAW_MAX};
use super::event::{CancelReason, MatchEvent, Phase, RejectReason, Request};
use super::ladder::{Ladder, NO_KEY};
use super::luld::Luld;
use super::orders::{Home, NONE, Order, Orders, Queue};
use super::request::{Lifetime, NewOrder, OrderKey, Participant, Replacement, Taking, Terms};
use crate::types::{Price, Qty, Result, Side, Timestamp};

/// Key of an order without a limit: beyond every price.
pub(super) const MARKET_KEY: i64 = 2 * RAW_MAX;
/// Prices a side of the ring for stops, of which there are few.
const STOP_WINDOW: u32 = 256;

/// The exchange of one instrument: price-time priority, auctions, halts and price bands.
///
/// Every call takes the time and a vector to which it appends what happened; a time before that of an earlier call counts as that
/// one. Equal calls give equal events, on every machine.
#[derive(Clone, Debug)]
pub struct MatchingEngine {
    pub(super) config: MatchingConfig,
    pub(super) tick: Step,
    lot: Step,
    pub(super) orders: Orders,
    /// Bids and asks.
    pub(super) books: [Ladder; 2],
    /// Stops: a buyer's key is the negative of its tick, since the lowest is reached first.
    pub(super) stops: [Ladder; 2],
    /// Orders for the opening, the closing and the next auction, buyers' and sellers'.
    pub(super) waiting: [[Queue; 2]; 3],
    pub(super) phase: Phase,
    pub(super) now: i64,
    /// When something is due without a request.
    pub(super) timer: i64,
    pub(super) next_rank: u64,
    pub(super) next_execution: u64,
    /// Last trade in ticks; 0 before the first.
    pub(super) last: i64,
    /// Highest and lowest trade since stops were last looked at.
    pub(super) high: i64,
    pub(super) low: i64,
    /// Price for auctions without a better one, in ticks; 0 for none.
    pub(super) reference: i64,
    /// Best keys at which each side may trade.
    pub(super) band: [i64; 2],
    pub(super) luld: Option<Box<Luld>>,
    /// Working memory: stops that were reached, orders of an auction.
    elected: Vec<u32>,
    pub(super) scratch: Vec<u32>,
    pub(super) scratch_sell: Vec<u32>,
}

/// A step of prices or quantities, and its reciprocal for a quick division.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) size: i64,
    inverse: f64,
}

impl Step {
    pub(super) fn new(size: i64) -> Self {
        Self { size, inverse: 1.0 / size as f64 }
    }

    /// How many steps `raw` is, where it is above zero, not too large and a whole number of steps.
    #[inline]
    pub(super) fn count(self, raw: i64) -> Option<i64> {
        if !(1..=RAW_MAX).contains(&raw) {
            return None;
        }
        // Nearly always right at once; where rounding has spoilt it, the division decides.
        let guess = (raw as f64 * self.inverse + 0.5) as i64;
        if guess.wrapping_mul(self.size) == raw { Some(guess) } else { self.divide(raw) }
    }

    #[cold]
    const fn divide(self, raw: i64) -> Option<i64> {
        if raw % self.size == 0 { Some(raw / self.size) } else { None }
    }
}

/// An order on its way into the book.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming {
    pub(super) name: OrderKey,
    pub(super) side: usize,
    pub(super) key: i64,
    pub(super) left: i64,
    pub(super) filled: i64,
    pub(super) lifetime: Lifetime,
    pub(super) post_only: bool,
}

#[inline]
pub(super) const fn index(side: Side) -> usize {
    match side {
        Side::Buy => 0,
        Side::Sell => 1,
    }
}

/// The key of a price in ticks, or the price of a key.
#[inline]
pub(super) const fn turned(side: usize, tick: i64) -> i64 {
    if side == 0 { tick } else { -tick }
}

/// Sides by number.
pub(super) const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

impl MatchingEngine {
    /// A closed exchange without orders.
    pub fn new(config: MatchingConfig) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            tick: Step::new(config.tick.raw()),
            lot: Step::new(config.lot.raw()),
            orders: Orders::default(),
            books: [Ladder::new(config.window_ticks), Ladder::new(config.window_ticks)],
            stops: [Ladder::new(STOP_WINDOW), Ladder::new(STOP_WINDOW)],
            waiting: [[Queue::EMPTY; 2]; 3],
            phase: Phase::Closed,
            now: i64::MIN,
            timer: i64::MAX,
            next_rank: 0,
            next_execution: 1,
            last: 0,
            high: NO_KEY,
            low: -NO_KEY,
            reference: 0,
            band: [MARKET_KEY; 2],
            luld: config.luld.map(|tier| Box::new(Luld::new(tier))),
            elected: Vec::new(),
            scratch: Vec::new(),
            scratch_sell: Vec::new(),
            config,
        })
    }

    /// Make room for `orders` resting ones, so that none of them allocates.
    pub fn reserve(&mut self, orders: usize) {
        self.orders.reserve(orders.min(self.config.orders_max as usize));
    }

    #[inline]
    pub(super) const fn price(&self, tick: i64) -> Price {
        Price::from_raw(tick * self.tick.size)
    }

    /// Price of a key; zero for none.
    #[inline]
    pub(super) const fn limit(&self, side: usize, key: i64) -> Price {
        if key == MARKET_KEY { Price::ZERO } else { self.price(turned(side, key)) }
    }

    /// Let time pass: what is due by `ts` happens, at its own time.
    #[inline]
    pub fn advance(&mut self, ts: Timestamp, out: &mut Vec<MatchEvent>) {
        if ts.nanos() >= self.timer {
            self.timers(ts.nanos(), out);
        }
        self.now = self.now.max(ts.nanos());
        if self.luld.is_some() {
            self.watch_bands(out);
        }
    }

    /// A new order.
    #[inline]
    pub fn submit(&mut self, ts: Timestamp, order: &NewOrder, out: &mut Vec<MatchEvent>) {
        self.advance(ts, out);
        if let Err(reason) = self.admit(order, out) {
            out.push(MatchEvent::Rejected { order: order.key, request: Request::New, reason });
        }
    }

    fn admit(&mut self, order: &NewOrder, out: &mut Vec<MatchEvent>) -> std::result::Result<(), RejectReason> {
        let qty = order.qty.raw();
        self.lot.count(qty).ok_or(RejectReason::Quantity)?;
        let side = index(order.side);
        let key_of = |price: Price| self.tick.count(price.raw()).map(|tick| turned(side, tick)).ok_or(RejectReason::Price);
        let post_only = order.taking == Taking::Refused;
        let (key, stop) = match order.terms {
            Terms::Limit(price) => (key_of(price)?, None),
            Terms::Market => (MARKET_KEY, None),
            Terms::Stop(stop) => (MARKET_KEY, Some(-key_of(stop)?)),
            Terms::StopLimit { stop, limit } => (key_of(limit)?, Some(-key_of(stop)?)),
        };
        let immediate = matches!(order.lifetime, Lifetime::Ioc | Lifetime::Fok);
        let lasting = matches!(order.lifetime, Lifetime::Day | Lifetime::Gtc);
        if (post_only && (key == MARKET_KEY || stop.is_some() || !lasting)) || (stop.is_some() && !lasting) {
            return Err(RejectReason::Terms);
        }
        let opening = matches!(self.phase, Phase::PreOpen | Phase::OpeningAuction);
        let continuous = self.phase == Phase::Continuous;
        if self.phase == Phase::Closed || (immediate && !continuous) || (order.lifetime == Lifetime::Opg && !opening) {
            return Err(RejectReason::Phase);
        }
        let entry = self.orders.vacant(order.key).ok_or(RejectReason::Duplicate)?;
        if self.orders.len() >= self.config.orders_max as usize {
            return Err(RejectReason::Capacity);
        }
        let incoming = Incoming { name: order.key, side, key, left: qty, filled: 0, lifetime: order.lifetime, post_only };
        let accepted = MatchEvent::Accepted { order: order.key, side: order.side, qty: order.qty, price: self.limit(side, key) };
        let home = match (stop, order.lifetime) {
            (Some(_), _) => Home::Stop,
            (None, Lifetime::Opg) => Home::Opening,
            (None, Lifetime::Cls) => Home::Closing,
            (None, _) if continuous => {
                let crosses = self.would_trade(side, key);
                if crosses && post_only {
                    return Err(RejectReason::WouldTake);
                }
                out.push(accepted);
                if crosses || immediate || key == MARKET_KEY {
                    self.enter(incoming, out);
                    self.settle(out);
                } else {
                    self.rest(incoming, entry, out);
                    if self.luld.is_some() {
                        self.settle(out);
                    }
                }
                return Ok(());
            }
            (None, _) if key == MARKET_KEY => Home::Next,
            (None, _) => Home::Book,
        };
        out.push(accepted);
        match stop {
            Some(stop) if continuous && self.is_reached(side, stop) => {
                out.push(MatchEvent::Triggered { order: order.key });
                self.enter(incoming, out);
                self.settle(out);
            }
            _ => self.park(incoming, home, stop.unwrap_or(0), entry, out),
        }
        Ok(())
    }

    /// True where a stop's key was reached by the last trade.
    const fn is_reached(&self, side: usize, stop: i64) -> bool {
        // A buyer's stop is the negative of its tick, a seller's its tick.
        self.last != 0 && turned(side, self.last) + stop >= 0
    }

    /// True where an order of this key would trade now.
    #[inline]
    pub(super) fn would_trade(&self, side: usize, key: i64) -> bool {
        self.books[side ^ 1].best() + key.min(self.band[side]) >= 0
    }

    /// Let an order trade and rest what is left, as its terms say.
    pub(super) fn enter(&mut self, mut order: Incoming, out: &mut Vec<MatchEvent>) {
        if order.lifetime == Lifetime::Fok && !self.can_fill(&order) {
            out.push(MatchEvent::Canceled { order: order.name, left: Qty::from_raw(order.left), reason: CancelReason::Killed });
            return;
        }
        self.cross(&mut order, out);
        if order.left == 0 {
            return;
        }
        if order.key == MARKET_KEY || matches!(order.lifetime, Lifetime::Ioc | Lifetime::Fok) {
            out.push(MatchEvent::Canceled { order: order.name, left: Qty::from_raw(order.left), reason: CancelReason::Unfilled });
        } else if let Some(entry) = self.orders.vacant(order.name) {
            self.rest(order, entry, out);
        }
    }

    /// Put an order into the book; `entry` is its vacant place in the table.
    #[inline]
    fn rest(&mut self, mut order: Incoming, entry: usize, out: &mut Vec<MatchEvent>) {
        if order.key > self.band[order.side] {
            order.key = self.band[order.side];
            out.push(MatchEvent::Repriced { order: order.name, price: self.limit(order.side, order.key) });
        }
        self.park(order, Home::Book, 0, entry, out);
    }

    /// Let an order wait at `home`.
    #[inline]
    fn park(&mut self, order: Incoming, home: Home, stop: i64, entry: usize, out: &mut Vec<MatchEvent>) {
        let rank = self.next_rank;
        self.next_rank += 1;
        let held = Order {
            client: order.name.client_order_id,
            rank,
            key: order.key,
            left: order.left,
            filled: order.filled,
            stop,
            prev: NONE,
            next: NONE,
            participant: order.name.participant.0,
            side: order.side as u8,
            lifetime: order.lifetime,
            home,
            post_only: order.post_only,
        };
        let slot = self.orders.insert(entry, held);
        if !self.link(slot) {
            self.orders.release(slot);
            out.push(MatchEvent::Canceled { order: order.name, left: Qty::from_raw(order.left), reason: CancelReason::Capacity });
        }
    }

    /// Link an order to the end of the queue at its home; false where the level cannot hold so much.
    #[inline]
    pub(super) fn link(&mut self, slot: u32) -> bool {
        let Order { key, stop, left, side, home, .. } = self.orders.slots[slot as usize];
        let side = side as usize;
        let (ladder, key) = match home {
            Home::Book => (&mut self.books[side], key),
            Home::Stop => (&mut self.stops[side], stop),
            Home::Opening | Home::Closing | Home::Next | Home::Free => {
                let queue = &mut self.waiting[queue_of(home)][side];
                self.orders.push(slot, &mut queue.head, &mut queue.tail);
                return true;
            }
        };
        let level = ladder.open(key);
        let Some(qty) = level.qty.checked_add(left) else { return false };
        level.qty = qty;
        level.orders += 1;
        self.orders.push(slot, &mut level.head, &mut level.tail);
        true
    }

    /// Take an order out of the queue at its home.
    #[inline]
    pub(super) fn unlink(&mut self, slot: u32) {
        let Order { key, stop, left, side, home, .. } = self.orders.slots[slot as usize];
        let side = side as usize;
        let (ladder, key) = match home {
            Home::Book => (&mut self.books[side], key),
            Home::Stop => (&mut self.stops[side], stop),
            Home::Opening | Home::Closing | Home::Next | Home::Free => {
                let queue = &mut self.waiting[queue_of(home)][side];
                self.orders.unlink(slot, &mut queue.head, &mut queue.tail);
                return;
            }
        };
        let Some(level) = ladder.get_mut(key) else { return };
        level.qty -= left;
        level.orders -= 1;
        self.orders.unlink(slot, &mut level.head, &mut level.tail);
        if level.orders == 0 {
            ladder.close(key);
        }
    }

    /// Cancel an order.
    #[inline]
    pub fn cancel(&mut self, ts: Timestamp, order: OrderKey, out: &mut Vec<MatchEvent>) {
        self.advance(ts, out);
        let Some(slot) = self.orders.find(order) else {
            out.push(MatchEvent::Rejected { order, request: Request::Cancel, reason: RejectReason::Unknown });
            return;
        };
        self.drop_order(slot, CancelReason::Requested, out);
        if self.luld.is_some() {
            self.settle(out);
        }
    }

    #[inline]
    pub(super) fn drop_order(&mut self, slot: u32, reason: CancelReason, out: &mut Vec<MatchEvent>) {
        self.unlink(slot);
        let order = &self.orders.slots[slot as usize];
        out.push(MatchEvent::Canceled { order: order.name(), left: Qty::from_raw(order.left), reason });
        self.orders.release(slot);
    }

    /// Cancel every order of a participant, the oldest first. Looks at every slot that was ever in use.
    pub fn mass_cancel(&mut self, ts: Timestamp, participant: Participant, out: &mut Vec<MatchEvent>) {
        self.advance(ts, out);
        let mut slots = std::mem::take(&mut self.scratch);
        slots.clear();
        let live = self.orders.slots.iter().zip(0_u32..).filter(|(order, _)| order.home != Home::Free);
        slots.extend(live.filter(|(order, _)| order.participant == participant.0).map(|(_, slot)| slot));
        slots.sort_unstable_by_key(|&slot| self.orders.slots[slot as usize].rank);
        for &slot in &slots {
            self.drop_order(slot, CancelReason::MassCancel, out);
        }
        self.scratch = slots;
        self.settle(out);
    }

    /// Give a live order new terms. It keeps its place in the queue where nothing changes but that its quantity shrinks; else it
    /// goes to the end, and trades first where the new limit lets it. A quantity of no more than was filled cancels it.
    pub fn replace(&mut self, ts: Timestamp, order: OrderKey, new: &Replacement, out: &mut Vec<MatchEvent>) {
        self.advance(ts, out);
        if let Err(reason) = self.rewrite(order, new, out) {
            out.push(MatchEvent::Rejected { order, request: Request::Replace, reason });
        }
    }

    fn rewrite(&mut self, name: OrderKey, new: &Replacement, out: &mut Vec<MatchEvent>) -> std::result::Result<(), RejectReason> {
        let slot = self.orders.find(name).ok_or(RejectReason::Unknown)?;
        if self.phase == Phase::Closed {
            return Err(RejectReason::Phase);
        }
        let old = self.orders.slots[slot as usize];
        let side = old.side as usize;
        let key_of = |price: Price| self.tick.count(price.raw()).map(|tick| turned(side, tick)).ok_or(RejectReason::Price);
        let qty = new.qty.map_or(old.left + old.filled, Qty::raw);
        self.lot.count(qty).ok_or(RejectReason::Quantity)?;
        let key = new.limit.map_or(Ok(old.key), key_of)?;
        let stop = new.stop.map_or(Ok(old.stop), |price| Ok(-key_of(price)?))?;
        if (old.key == MARKET_KEY && new.limit.is_some()) || (old.home != Home::Stop && new.stop.is_some()) {
            return Err(RejectReason::Terms);
        }
        let left = qty - old.filled;
        if left <= 0 {
            self.drop_order(slot, CancelReason::Requested, out);
            self.settle(out);
            return Ok(());
        }
        let kept_place = key == old.key && stop == old.stop && left <= old.left;
        let continuous = self.phase == Phase::Continuous;
        if !kept_place && continuous && old.post_only && self.would_trade(side, key) {
            return Err(RejectReason::WouldTake);
        }
        out.push(MatchEvent::Replaced { order: name, left: Qty::from_raw(left), price: self.limit(side, key), kept_place });
        if kept_place {
            match old.home {
                Home::Book => self.books[side].get_mut(old.key).map_or((), |level| level.qty -= old.left - left),
                Home::Stop => self.stops[side].get_mut(old.stop).map_or((), |level| level.qty -= old.left - left),
                Home::Opening | Home::Closing | Home::Next | Home::Free => {}
            }
            self.orders.slots[slot as usize].left = left;
            return Ok(());
        }
        self.unlink(slot);
        self.orders.release(slot);
        let incoming = Incoming { name, side, key, left, filled: old.filled, lifetime: old.lifetime, post_only: old.post_only };
        if continuous && old.home == Home::Stop && self.is_reached(side, stop) {
            out.push(MatchEvent::Triggered { order: name });
            self.enter(incoming, out);
        } else if continuous && old.home == Home::Book {
            self.enter(incoming, out);
        } else if let Some(entry) = self.orders.vacant(name) {
            self.park(incoming, old.home, stop, entry, out);
        }
        self.settle(out);
        Ok(())
    }

    /// After a request: stops that trades have reached, then the price bands.
    #[inline]
    pub(super) fn settle(&mut self, out: &mut Vec<MatchEvent>) {
        if self.high != NO_KEY && self.phase == Phase::Continuous {
            self.run_stops(out);
        }
        if self.luld.is_some() {
            self.watch_bands(out);
        }
    }

    /// Turn reached stops into orders, first those of the first trades, among them the oldest first.
    fn run_stops(&mut self, out: &mut Vec<MatchEvent>) {
        let mut done = 0;
        loop {
            let from = self.elected.len();
            for (side, reach) in [(0, self.high), (1, -self.low)] {
                while reach + self.stops[side].best() >= 0 {
                    let key = self.stops[side].best();
                    let mut slot = self.stops[side].get(key).map_or(NONE, |level| level.head);
                    while slot != NONE {
                        self.elected.push(slot);
                        slot = self.orders.slots[slot as usize].next;
                    }
                    self.stops[side].close(key);
                }
            }
            (self.high, self.low) = (NO_KEY, -NO_KEY);
            self.elected[from..].sort_unstable_by_key(|&slot| self.orders.slots[slot as usize].rank);
            let Some(&slot) = self.elected.get(done) else { break };
            done += 1;
            let order = self.orders.slots[slot as usize];
            self.orders.release(slot);
            out.push(MatchEvent::Triggered { order: order.name() });
            let incoming = Incoming {
                name: order.name(),
                side: order.side as usize,
                key: order.key,
                left: order.left,
                filled: order.filled,
                lifetime: order.lifetime,
                post_only: false,
            };
            self.enter(incoming, out);
        }
        self.elected.clear();
    }
}

/// Which queue of [`MatchingEngine::waiting`] is a home's.
pub(super) const fn queue_of(home: Home) -> usize {
    match home {
        Home::Opening => 0,
        Home::Closing => 1,
        Home::Next | Home::Book | Home::Stop | Home::Free => 2,
    }
}
