//! [`Orders`]: the live orders of a stream, by reference number.
//!
//! Executions, cancels, deletes and replaces name an order and nothing else; its side and price are here. Exchanges number orders in
//! the order of arrival, and most orders are gone soon, so that the newest references have a window: a ring with 8 bytes for each
//! number of a range, whether it is in use or not. What happens there takes no search and touches memory that lately was touched. The
//! range moves with the stream; orders that it leaves behind go to a [`Table`], and so do those that fit no window (a reference far
//! from the others, a price above 214,748 dollars).
//!
//! Memory: a ring of at most 64 bytes for each live order (at least 32 KiB, at most 32 MiB), and the table. Time is bounded for any
//! references: the window jumps only after as many orders beside it as make up for the work.

use super::table::Table;
use crate::book::prefetch::prefetch;
use crate::types::Side;

pub(super) use super::table::{REFERENCE_BITS, REFERENCE_MAX, Resting};

/// Numbers in the smallest and in the largest window.
const SPAN_MIN: usize = 1 << 12;
const SPAN_MAX: usize = 1 << 22;
/// The window doubles while it has fewer numbers than this for each live order.
const NUMBERS_AN_ORDER: usize = 8;
/// The window moves by this part of its numbers at a time.
const STEPS: usize = 8;
/// How many numbers the window may move, and look at, for each order that was added in it.
const STEP_COST: usize = 64;
/// How many numbers and places of the table may be looked at for each order that was added beside the window.
const JUMP_COST: usize = 8;
/// Prices of more bits, in 1/10,000 dollar, do not fit the window; NASDAQ's largest is below 200,000 dollars.
pub(super) const PRICE_BITS: u32 = 31;
const PRICE_END: u32 = 1 << PRICE_BITS;
/// Where the window is before the first order: no order's reference is inside.
const NOWHERE: u64 = REFERENCE_MAX + 1;

/// An order in the window: shares in the low half (0 for no order), price above, the topmost bit set for a sell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Packed(u64);

impl Packed {
    const SELL: u64 = 1 << 63;

    /// `sell` is 1 for a sell and 0 for a buy, `price` of [`PRICE_BITS`].
    #[inline]
    pub(super) const fn new(sell: u64, price: u32, shares: u32) -> Self {
        Self(sell << 63 | (price as u64) << 32 | shares as u64)
    }

    fn of(order: Resting) -> Self {
        Self::new(u64::from(order.side == Side::Sell), order.price, order.shares)
    }

    #[inline]
    pub(super) const fn is_sell(self) -> bool {
        self.0 & Self::SELL != 0
    }

    #[inline]
    pub(super) const fn price(self) -> u32 {
        (self.0 >> 32) as u32 & (PRICE_END - 1)
    }

    #[inline]
    pub(super) const fn shares(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    const fn resting(self) -> Option<Resting> {
        if self.shares() == 0 {
            return None;
        }
        Some(Resting { side: if self.is_sell() { Side::Sell } else { Side::Buy }, price: self.price(), shares: self.shares() })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Orders {
    /// Orders of the references from `base` on, each at its number modulo the length, a power of two.
    ring: Vec<Packed>,
    base: u64,
    /// No reference was seen yet.
    fresh: bool,
    /// Orders in the ring.
    inside: usize,
    rest: Table,
    /// The table may have orders of references from `base` on.
    strays: bool,
    /// Orders added inside the window, and orders added beside it, since it last moved.
    added: usize,
    beside: usize,
}

impl Default for Orders {
    fn default() -> Self {
        Self {
            ring: vec![Packed::default(); SPAN_MIN],
            base: NOWHERE,
            fresh: true,
            inside: 0,
            rest: Table::default(),
            strays: false,
            added: 0,
            beside: 0,
        }
    }
}

impl Orders {
    /// Forget all orders and keep the room.
    pub(super) fn clear(&mut self) {
        self.ring.fill(Packed::default());
        self.rest.clear();
        (self.base, self.fresh, self.inside, self.strays, self.added, self.beside) = (NOWHERE, true, 0, false, 0, 0);
    }

    /// Live orders.
    pub(super) const fn len(&self) -> usize {
        self.inside + self.rest.len()
    }

    #[inline]
    fn index(&self, reference: u64) -> usize {
        reference as usize & self.ring.len().wrapping_sub(1)
    }

    #[inline]
    fn is_inside(&self, reference: u64) -> bool {
        reference.wrapping_sub(self.base) < self.ring.len() as u64
    }

    /// Add `order` of at least one share where `adds` is all ones, or take as many shares as it has where `adds` is zero, if that needs
    /// no search; gives the order as it was and as it is, of no shares when it is gone. `None`, and nothing done, where
    /// [`Self::insert`] or [`Self::reduce`] must look further.
    #[inline]
    pub(super) fn change_inside(&mut self, reference: u64, adds: u64, order: Packed) -> Option<(Packed, Packed)> {
        let (index, is_inside) = (self.index(reference), self.is_inside(reference));
        let place = self.ring.get_mut(index)?;
        let was = *place;
        let absent = u64::from(was.shares() == 0);
        if !is_inside || (absent ^ adds) & 1 != 0 || adds & u64::from(self.strays) != 0 {
            return None;
        }
        let left = Packed(was.0 - u64::from(order.shares().min(was.shares())));
        let now = Packed(order.0 & adds | left.0 & !adds);
        *place = now;
        let added = (adds & 1) as usize;
        self.inside = self.inside + added - usize::from(now.shares() == 0);
        self.added += added;
        Some((was, now))
    }

    /// Call for the memory of `reference`, which is wanted soon: hides its latency where the orders take more than the cache.
    #[inline]
    pub(super) fn prefetch(&self, reference: u64) {
        if self.is_inside(reference) {
            self.ring.get(self.index(reference)).inspect(|place| prefetch(*place));
        } else {
            self.rest.first(reference).inspect(|slot| prefetch(*slot));
        }
    }

    /// Add an order of at least one share; true when one of this reference was there and is replaced.
    pub(super) fn insert(&mut self, reference: u64, side: Side, price: u32, shares: u32) -> bool {
        debug_assert!(shares > 0 && reference <= REFERENCE_MAX);
        if std::mem::take(&mut self.fresh) {
            // Somewhat below, should the first not be the lowest.
            self.base = reference.saturating_sub((self.ring.len() / STEPS) as u64);
        }
        if reference >= self.base && !self.is_inside(reference) {
            self.advance(reference);
        }
        if price >= PRICE_END || !self.is_inside(reference) {
            return self.insert_beside(reference, side, price, shares);
        }
        let there = self.strays && self.rest.remove(reference).is_some();
        let index = self.index(reference);
        let Some(place) = self.ring.get_mut(index) else { return there };
        let was = std::mem::replace(place, Packed::of(Resting { side, price, shares }));
        self.inside += usize::from(was.shares() == 0);
        self.added += 1;
        there || was.shares() > 0
    }

    #[cold]
    fn insert_beside(&mut self, reference: u64, side: Side, price: u32, shares: u32) -> bool {
        let there = self.take_inside(reference, u32::MAX).is_some();
        if price < PRICE_END {
            self.beside += 1;
            if self.beside * JUMP_COST > self.ring.len() + self.rest.room() {
                self.jump(reference);
                return self.insert(reference, side, price, shares) || there;
            }
        }
        self.strays |= reference >= self.base;
        self.rest.insert(reference, side, price, shares) || there
    }

    /// Move the window's end over `reference`, which is beyond it, if orders enough were added for so many steps.
    #[cold]
    fn advance(&mut self, reference: u64) {
        if self.ring.len() < SPAN_MAX && self.ring.len() < self.len() * NUMBERS_AN_ORDER {
            self.widen();
        }
        let (span, step) = (self.ring.len() as u64, (self.ring.len() / STEPS) as u64);
        let ahead = reference.saturating_sub(self.base + span - 1);
        if ahead >= span || ahead.div_ceil(step) * step > (self.added * STEP_COST) as u64 {
            return;
        }
        (self.added, self.beside) = (0, 0);
        while !self.is_inside(reference) {
            self.leave(self.base..self.base + step);
            self.base += step;
        }
    }

    /// Give the orders of these references, all inside the window, to the table.
    fn leave(&mut self, references: std::ops::Range<u64>) {
        for reference in references {
            let index = self.index(reference);
            let Some(place) = self.ring.get_mut(index) else { return };
            if let Some(order) = std::mem::take(place).resting() {
                self.inside -= 1;
                self.rest.insert(reference, order.side, order.price, order.shares);
            }
        }
    }

    /// Twice as many numbers from the same base on.
    fn widen(&mut self) {
        let mut wider = vec![Packed::default(); self.ring.len() * 2];
        for reference in self.base..self.base + self.ring.len() as u64 {
            wider[reference as usize & (self.ring.len() * 2 - 1)] = self.ring[self.index(reference)];
        }
        self.ring = wider;
    }

    /// Have the window where `reference` is.
    fn jump(&mut self, reference: u64) {
        let span = self.ring.len() as u64;
        self.leave(self.base..self.base + span);
        self.base = reference.saturating_sub(span / STEPS as u64);
        let fits = |&(reference, price): &(u64, u32)| self.is_inside(reference) && price < PRICE_END;
        let found: Vec<(u64, u32)> = self.rest.prices().filter(fits).collect();
        for (reference, _) in found {
            if let Some(order) = self.rest.remove(reference) {
                let index = self.index(reference);
                self.ring[index] = Packed::of(order);
                self.inside += 1;
            }
        }
        self.strays = self.rest.prices().any(|(reference, _)| reference >= self.base);
        (self.added, self.beside) = (0, 0);
    }

    #[inline]
    fn take_inside(&mut self, reference: u64, shares: u32) -> Option<Resting> {
        if !self.is_inside(reference) {
            return None;
        }
        let index = self.index(reference);
        let place = self.ring.get_mut(index)?;
        let order = place.resting()?;
        let left = order.shares.saturating_sub(shares);
        *place = Packed::of(Resting { shares: left, ..order });
        self.inside -= usize::from(left == 0);
        Some(order)
    }

    /// Take `shares` of an order, which is gone with its last; the order as it was before.
    #[inline]
    pub(super) fn reduce(&mut self, reference: u64, shares: u32) -> Option<Resting> {
        self.take_inside(reference, shares).or_else(|| self.rest.reduce(reference, shares))
    }

    /// Take an order away; the order as it was.
    #[inline]
    pub(super) fn remove(&mut self, reference: u64) -> Option<Resting> {
        self.reduce(reference, u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// References as exchanges give them and as an enemy would: in a row, far apart, falling, jumping to and fro.
    fn reference(kind: u8, number: u64, at: u64) -> u64 {
        match kind {
            0..4 => at * 3 + number % 64,
            4 => number * 1_000,
            5 => REFERENCE_MAX - at * 2 - number % 8,
            6 => number << 40,
            _ => number % 16,
        }
    }

    proptest! {
        #[test]
        fn it_holds_what_a_map_would_hold(
            steps in proptest::collection::vec((0_u8..5, 0_u8..8, 0_u64..3_000, 1_u32..5, any::<bool>()), 0..12_000),
            stride in prop_oneof![Just(1_u64), Just(40), Just(5_000)],
            dear in 0_u8..20,
        ) {
            let (mut orders, mut map, mut known) = (Orders::default(), HashMap::new(), Vec::new());
            for (at, (what, kind, number, shares, is_sell)) in steps.into_iter().enumerate() {
                let side = if is_sell { Side::Sell } else { Side::Buy };
                let price = if kind < dear / 5 { u32::MAX - 1 } else { 7 };
                if what < 3 {
                    let reference = reference(kind, number, at as u64 * stride);
                    known.push(reference);
                    let order = Resting { side, price, shares };
                    let there = map.insert(reference, order).is_some();
                    if price < PRICE_END && orders.change_inside(reference, u64::MAX, Packed::of(order)).is_some() {
                        prop_assert!(!there);
                    } else {
                        prop_assert_eq!(orders.insert(reference, side, price, shares), there);
                    }
                } else {
                    let reference = if is_sell { reference(kind, number, at as u64 * stride) } else {
                        known.get(known.len().saturating_sub(1 + number as usize)).copied().unwrap_or(number)
                    };
                    let before = map.get(&reference).copied();
                    let taken = if what == 3 { shares } else { u32::MAX };
                    match before {
                        Some(order) if order.shares > taken => { map.insert(reference, Resting { shares: order.shares - taken, ..order }); }
                        _ => { map.remove(&reference); }
                    }
                    let quick = orders.change_inside(reference, 0, Packed::new(0, 0, taken)).and_then(|(was, _)| was.resting());
                    prop_assert_eq!(quick.or_else(|| orders.reduce(reference, taken)), before);
                }
                prop_assert_eq!(orders.len(), map.len());
            }
            for (&reference, &order) in &map {
                prop_assert_eq!(orders.remove(reference), Some(order));
            }
            prop_assert_eq!((orders.len(), orders.inside), (0, 0));
        }
    }

    #[test]
    fn a_steady_stream_stays_in_the_window_and_old_orders_leave_it() {
        let mut orders = Orders::default();
        for reference in 0..1_000_000_u64 {
            orders.insert((1 << 50) + reference * 2, Side::Buy, 5, 9);
            // Every hundredth order stays for good.
            if reference % 100 != 0 {
                assert!(orders.remove((1 << 50) + reference * 2).is_some());
            }
        }
        assert_eq!((orders.len(), orders.strays, orders.beside), (10_000, false, 0));
        assert!(orders.ring.len() <= 2 * NUMBERS_AN_ORDER * 10_000 && orders.rest.len() > 5_000);
        assert!((0..10_000).all(|i| orders.remove((1 << 50) + i * 200).is_some()));
    }

    #[test]
    fn a_stream_that_goes_on_elsewhere_takes_the_window_along() {
        let mut orders = Orders::default();
        for base in [1 << 40, 5, 1 << 30] {
            for reference in base..base + 20_000 {
                orders.insert(reference, Side::Sell, 1, 1);
                if reference >= base + 1_000 {
                    assert!(orders.remove(reference - 1_000).is_some());
                }
            }
            assert!(orders.is_inside(base + 19_999), "{base}");
        }
        assert_eq!(orders.len(), 3_000);
    }
}
