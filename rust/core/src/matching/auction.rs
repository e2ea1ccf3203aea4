//! Call auctions: one price for all.
//!
//! The price is, by the rule of Nasdaq's crosses (Rules 4752(d)(2), 4753(b)(2) and 4754(b)(2)): (A) that at which most shares
//! trade; among several (B) that which leaves the smallest imbalance; among several (C) that at which the shares left over would
//! be entered, which is the highest where buyers are left over and the lowest where sellers are; and then (D) that nearest to the
//! reference, which is the middle of the quote or the last price: here the last trade or what
//! [`MatchingEngine::set_reference`] was told, and of two as near the lower. The price lies between the lowest and the highest limit;
//! without any limit it is the reference. Orders without a limit go first, then the better limit, then the older order.

use super::core::{MARKET_KEY, MatchingEngine, turned};
use super::event::{Cross, Execution, MadeIn, MatchEvent};
use super::ladder::NO_KEY;
use super::orders::{Home, NONE};
use crate::types::{Price, Qty, Side};

/// Which auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Opening,
    Closing,
    Reopening,
}

impl Call {
    const fn takes(self, home: Home) -> bool {
        match home {
            Home::Book | Home::Next => true,
            Home::Opening => matches!(self, Self::Opening | Self::Reopening),
            Home::Closing => matches!(self, Self::Closing),
            Home::Stop | Home::Free => false,
        }
    }
}

/// Shares that would trade, and what would be left over, at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct At {
    tick: i64,
    buyers: i128,
    sellers: i128,
}

impl At {
    fn paired(&self) -> i128 {
        self.buyers.min(self.sellers)
    }

    const fn left_over(&self) -> i128 {
        self.buyers - self.sellers
    }
}

/// The auction price among candidates in ascending order.
fn choose(candidates: &[At], reference: i64) -> Option<At> {
    let most = candidates.iter().map(At::paired).max()?;
    let least = candidates.iter().filter(|at| at.paired() == most).map(|at| at.left_over().abs()).min()?;
    let mut best = candidates.iter().filter(|at| at.paired() == most && at.left_over().abs() == least);
    let first = best.clone().next()?;
    if best.clone().all(|at| at.left_over() > 0) {
        best.next_back().copied()
    } else if best.clone().all(|at| at.left_over() < 0) {
        Some(*first)
    } else {
        best.min_by_key(|at| (at.tick.abs_diff(reference), at.tick)).copied()
    }
}

impl MatchingEngine {
    /// The price for auctions that no trade gives, such as the previous close. It must be above zero.
    pub fn set_reference(&mut self, price: Price) {
        self.reference = price.raw().max(0) / self.tick.size;
    }

    pub(super) const fn auction_reference(&self) -> i64 {
        if self.last != 0 { self.last } else { self.reference }
    }

    /// Which auction the present phase leads to.
    const fn call(&self) -> Call {
        use super::event::Phase;
        match self.phase {
            Phase::PreOpen | Phase::OpeningAuction => Call::Opening,
            Phase::Halted | Phase::Paused => Call::Reopening,
            Phase::Continuous | Phase::ClosingAuction | Phase::Closed => Call::Closing,
        }
    }

    /// What the auction would do now.
    pub fn indicative(&self) -> Cross {
        let (mut buyers, mut sellers) = (Vec::new(), Vec::new());
        self.gather(self.call(), [&mut buyers, &mut sellers]);
        self.strike(&buyers, &sellers).1
    }

    /// Say what the auction would do now.
    pub fn publish_indicative(&self, out: &mut Vec<MatchEvent>) {
        out.push(MatchEvent::Indicative(self.indicative()));
    }

    /// Slots of all orders of the auction, those that trade first at the front.
    fn gather(&self, call: Call, sides: [&mut Vec<u32>; 2]) {
        for (side, slots) in sides.into_iter().enumerate() {
            slots.clear();
            for home in [Home::Opening, Home::Closing, Home::Next] {
                if call.takes(home) {
                    let queue = &self.waiting[super::core::queue_of(home)][side];
                    slots.extend(self.orders.walk(queue.head).map(|(slot, _)| slot));
                }
            }
            for (_, level) in self.books[side].walk() {
                slots.extend(self.orders.walk(level.head).map(|(slot, _)| slot));
            }
            slots.sort_unstable_by_key(|&slot| {
                let order = &self.orders.slots[slot as usize];
                (std::cmp::Reverse(order.key), order.rank)
            });
        }
    }

    /// The price in ticks, zero for none, and what trades there.
    fn strike(&self, buyers: &[u32], sellers: &[u32]) -> (i64, Cross) {
        // Keys and shares at or beyond them, best first.
        let steps = |slots: &[u32]| {
            let mut total = 0_i128;
            let mut steps: Vec<(i64, i128)> = Vec::new();
            for &slot in slots {
                let order = &self.orders.slots[slot as usize];
                total += i128::from(order.left);
                match steps.last_mut() {
                    Some(last) if last.0 == order.key => last.1 = total,
                    _ => steps.push((order.key, total)),
                }
            }
            steps
        };
        let steps = [steps(buyers), steps(sellers)];
        let limits = || steps.iter().enumerate().flat_map(|(side, steps)| steps.iter().map(move |step| (side, step.0)));
        // Between two neighbouring limits nothing changes, so their own ticks, those next to them and the reference are enough.
        let reference = self.auction_reference();
        let mut ticks: Vec<i64> = limits().filter(|&(_, key)| key != MARKET_KEY).map(|(side, key)| turned(side, key)).collect();
        match (ticks.iter().min().copied(), ticks.iter().max().copied()) {
            (Some(low), Some(high)) => {
                ticks.extend(limits().filter(|&(_, key)| key != MARKET_KEY).map(|(side, key)| turned(side, key + 1)));
                ticks.retain(|tick| (low..=high).contains(tick));
                ticks.push(reference.clamp(low, high));
            }
            _ => ticks.extend((reference > 0).then_some(reference)),
        }
        ticks.sort_unstable();
        ticks.dedup();
        let beyond = |side: usize, tick: i64| {
            let key = turned(side, tick);
            let through = steps[side].partition_point(|step| step.0 >= key);
            through.checked_sub(1).map_or(0, |at| steps[side][at].1)
        };
        let candidates: Vec<At> = ticks.iter().map(|&tick| At { tick, buyers: beyond(0, tick), sellers: beyond(1, tick) }).collect();
        let clipped = |x: i128| Qty::from_raw(x.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64);
        match choose(&candidates, reference) {
            Some(at) if at.paired() > 0 => {
                (at.tick, Cross { price: self.price(at.tick), paired: clipped(at.paired()), imbalance: clipped(at.left_over()) })
            }
            found => {
                let left_over = found.map_or(0, |at| at.left_over());
                (0, Cross { imbalance: clipped(left_over), ..Cross::default() })
            }
        }
    }

    /// Strike the price and let all trade that can; gives the price in ticks, zero where nothing traded.
    pub(super) fn uncross(&mut self, call: Call, out: &mut Vec<MatchEvent>) -> i64 {
        let (mut buyers, mut sellers) = (std::mem::take(&mut self.scratch), std::mem::take(&mut self.scratch_sell));
        self.gather(call, [&mut buyers, &mut sellers]);
        let (tick, cross) = self.strike(&buyers, &sellers);
        out.push(MatchEvent::Uncrossed(cross));
        let (mut b, mut s) = (0, 0);
        while tick != 0
            && let (Some(&buyer), Some(&seller)) = (buyers.get(b), sellers.get(s))
        {
            let (bought, sold) = (&self.orders.slots[buyer as usize], &self.orders.slots[seller as usize]);
            if bought.key < tick || sold.key < -tick {
                break;
            }
            let qty = bought.left.min(sold.left);
            let (buyer_name, seller_name) = (bought.name(), sold.name());
            let (buyer_left, seller_left) = (bought.left - qty, sold.left - qty);
            out.push(MatchEvent::Filled(Execution {
                id: self.next_execution,
                price: cross.price,
                qty: Qty::from_raw(qty),
                maker: seller_name,
                taker: buyer_name,
                maker_left: Qty::from_raw(seller_left),
                taker_left: Qty::from_raw(buyer_left),
                taker_side: Side::Buy,
                made_in: MadeIn::Auction,
            }));
            self.next_execution += 1;
            for (slot, at) in [(buyer, &mut b), (seller, &mut s)] {
                self.fill_waiting(slot, qty);
                *at += usize::from(self.orders.slots[slot as usize].home == Home::Free);
            }
        }
        if tick != 0 {
            self.last = tick;
            (self.high, self.low) = (self.high.max(tick), self.low.min(tick));
        }
        (self.scratch, self.scratch_sell) = (buyers, sellers);
        self.expire_waiting(call, out);
        tick
    }

    /// Count `qty` shares of an order as filled, wherever it waits; it goes when none are left.
    fn fill_waiting(&mut self, slot: u32, qty: i64) {
        let order = self.orders.slots[slot as usize];
        if order.left == qty {
            self.unlink(slot);
            self.orders.release(slot);
            return;
        }
        if order.home == Home::Book
            && let Some(level) = self.books[order.side as usize].get_mut(order.key)
        {
            level.qty -= qty;
        }
        let order = &mut self.orders.slots[slot as usize];
        order.left -= qty;
        order.filled += qty;
    }

    /// Orders for this auction alone, and those without a limit, are over.
    fn expire_waiting(&mut self, call: Call, out: &mut Vec<MatchEvent>) {
        for home in [Home::Opening, Home::Closing, Home::Next] {
            for side in 0..2 {
                while call.takes(home) {
                    let slot = self.waiting[super::core::queue_of(home)][side].head;
                    if slot == NONE {
                        break;
                    }
                    self.expire(slot, out);
                }
            }
        }
    }

    /// Middle of the best quote in 1e-9; `None` with a side missing.
    pub(super) fn middle(&self) -> Option<i64> {
        let (bid, ask) = (self.books[0].best(), self.books[1].best());
        (bid != NO_KEY && ask != NO_KEY).then(|| (bid - ask) * self.tick.size / 2)
    }
}
