//! How an incoming order meets those that rest.

use super::config::SelfMatch;
use super::core::{Incoming, MatchingEngine, SIDES, turned};
use super::event::{CancelReason, Execution, MadeIn, MatchEvent};
use super::ladder::NO_KEY;
use super::request::OrderKey;
use crate::types::{Price, Qty};

impl MatchingEngine {
    /// Let `order` trade with the other side as far as its limit, the bands and its quantity go.
    #[inline]
    pub(super) fn cross(&mut self, order: &mut Incoming, out: &mut Vec<MatchEvent>) {
        let reach = order.key.min(self.band[order.side]);
        let other = order.side ^ 1;
        while order.left > 0 {
            let best = self.books[other].best();
            if best + reach < 0 {
                return;
            }
            let tick = turned(other, best);
            let price = self.price(tick);
            // One level: its orders are taken from the front.
            let Some(level) = self.books[other].get_mut(best) else { return };
            while order.left > 0 && level.orders > 0 {
                let slot = level.head;
                let maker = &mut self.orders.slots[slot as usize];
                let name = maker.name();
                if self.config.self_match != SelfMatch::Allow && name.participant == order.name.participant {
                    let policy = self.config.self_match;
                    if policy != SelfMatch::CancelNewest {
                        out.push(MatchEvent::Canceled { order: name, left: Qty::from_raw(maker.left), reason: CancelReason::SelfMatch });
                        level.qty -= maker.left;
                        level.orders -= 1;
                        self.orders.unlink(slot, &mut level.head, &mut level.tail);
                        self.orders.release(slot);
                    }
                    if policy != SelfMatch::CancelOldest {
                        let left = Qty::from_raw(order.left);
                        out.push(MatchEvent::Canceled { order: order.name, left, reason: CancelReason::SelfMatch });
                        order.left = 0;
                    }
                    continue;
                }
                let qty = maker.left.min(order.left);
                maker.left -= qty;
                maker.filled += qty;
                order.left -= qty;
                order.filled += qty;
                level.qty -= qty;
                let maker_left = maker.left;
                out.push(MatchEvent::Filled(Execution {
                    id: self.next_execution,
                    price,
                    qty: Qty::from_raw(qty),
                    maker: name,
                    taker: order.name,
                    maker_left: Qty::from_raw(maker_left),
                    taker_left: Qty::from_raw(order.left),
                    taker_side: SIDES[order.side],
                    made_in: MadeIn::Continuous,
                }));
                self.next_execution += 1;
                self.last = tick;
                self.high = self.high.max(tick);
                self.low = self.low.min(tick);
                if let Some(luld) = self.luld.as_mut() {
                    luld.trade(self.now, price.raw());
                }
                if maker_left == 0 {
                    level.orders -= 1;
                    self.orders.unlink(slot, &mut level.head, &mut level.tail);
                    self.orders.release(slot);
                }
            }
            if level.orders == 0 {
                self.books[other].close(best);
            }
        }
    }

    /// True where an order can be filled whole on arrival, its own participant's orders considered.
    pub(super) fn can_fill(&self, order: &Incoming) -> bool {
        let reach = order.key.min(self.band[order.side]);
        let ladder = &self.books[order.side ^ 1];
        let (mut key, mut wanted) = (ladder.best(), order.left);
        while key != NO_KEY && key + reach >= 0 {
            let Some(level) = ladder.get(key) else { break };
            if self.config.self_match == SelfMatch::Allow {
                wanted -= level.qty.min(wanted);
            } else {
                for (_, maker) in self.orders.walk(level.head) {
                    if maker.participant != order.name.participant.0 {
                        wanted -= maker.left.min(wanted);
                    } else if self.config.self_match != SelfMatch::CancelOldest {
                        return wanted == 0;
                    }
                    if wanted == 0 {
                        break;
                    }
                }
            }
            if wanted == 0 {
                return true;
            }
            key = ladder.below(key);
        }
        false
    }

    /// Execute shares of a resting order against `taker`, an order that is not here: for executions on record. Gives how many
    /// were executed: no more than the order has left. Stops are not looked at.
    pub fn execute_on_record(
        &mut self,
        ts: crate::types::Timestamp,
        maker: OrderKey,
        taker: OrderKey,
        qty: Qty,
        price: Option<Price>,
        out: &mut Vec<MatchEvent>,
    ) -> Qty {
        self.advance(ts, out);
        let Some(slot) = self.orders.find(maker) else { return Qty::ZERO };
        let order = self.orders.slots[slot as usize];
        let side = order.side as usize;
        let taken = order.left.min(qty.raw()).max(0);
        if order.home != super::orders::Home::Book || taken == 0 {
            return Qty::ZERO;
        }
        let left = order.left - taken;
        out.push(MatchEvent::Filled(Execution {
            id: self.next_execution,
            price: price.unwrap_or_else(|| self.limit(side, order.key)),
            qty: Qty::from_raw(taken),
            maker,
            taker,
            maker_left: Qty::from_raw(left),
            taker_left: Qty::ZERO,
            taker_side: SIDES[side ^ 1],
            made_in: MadeIn::Record,
        }));
        self.next_execution += 1;
        if left == 0 {
            self.unlink(slot);
            self.orders.release(slot);
        } else {
            let order = &mut self.orders.slots[slot as usize];
            order.left = left;
            order.filled += taken;
            if let Some(level) = self.books[side].get_mut(order.key) {
                level.qty -= taken;
            }
        }
        Qty::from_raw(taken)
    }
}
