//! Phases of the day: what may follow what, and what happens in between.

use super::auction::Call;
use super::core::{MARKET_KEY, MatchingEngine};
use super::event::{MatchEvent, Phase};
use super::orders::{Home, Order};
use super::request::Lifetime;
use crate::types::{Error, Qty, Result, Timestamp};

impl MatchingEngine {
    /// What the exchange is doing.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Go over to another phase.
    ///
    /// Into continuous trading from anywhere but the close leads an auction, and so does the close, but from a halt. Orders for the
    /// day, the opening and the closing expire at the close. Orders may be outside of their levels' reach for each other only
    /// before an auction: a crossed book does not survive one.
    pub fn set_phase(&mut self, ts: Timestamp, phase: Phase, out: &mut Vec<MatchEvent>) -> Result<()> {
        self.advance(ts, out);
        if !self.may_become(phase) {
            let why = format!(
                "cannot follow {}; the phases are closed, pre_open, opening_auction, continuous, closing_auction, closed, \
                 with halted in between",
                self.phase.as_str()
            );
            return Err(Error::config(format!("phase {}", phase.as_str()), why));
        }
        self.change_phase(phase, out);
        Ok(())
    }

    const fn may_become(&self, to: Phase) -> bool {
        use Phase::{Closed, ClosingAuction, Continuous, Halted, OpeningAuction, Paused, PreOpen};
        match self.phase {
            Closed => matches!(to, PreOpen | OpeningAuction | Continuous),
            PreOpen => matches!(to, OpeningAuction | Continuous | Halted | Closed),
            OpeningAuction => matches!(to, Continuous | Halted | Closed),
            Continuous => matches!(to, Halted | Paused | ClosingAuction | Closed),
            Halted | Paused => matches!(to, Continuous | Halted | ClosingAuction | Closed),
            ClosingAuction => matches!(to, Closed | Halted),
        }
    }

    pub(super) fn change_phase(&mut self, to: Phase, out: &mut Vec<MatchEvent>) {
        let from = self.phase;
        let ts = Timestamp::from_nanos(self.now);
        if from == Phase::Continuous {
            self.lift_bands();
        }
        let traded = match (from, to) {
            (Phase::PreOpen | Phase::OpeningAuction | Phase::Closed, Phase::Continuous) => self.uncross(Call::Opening, out),
            (Phase::Halted | Phase::Paused, Phase::Continuous) => {
                self.lift_bands();
                self.uncross(Call::Reopening, out)
            }
            (Phase::Continuous | Phase::ClosingAuction, Phase::Closed) => self.uncross(Call::Closing, out),
            _ => 0,
        };
        self.phase = to;
        out.push(MatchEvent::Phase { ts, phase: to });
        if to == Phase::Continuous {
            let old = self.luld.as_ref().map_or(0, |luld| luld.reference);
            let known = if old > 0 && matches!(from, Phase::Halted | Phase::Paused) { old } else { self.reference * self.tick.size };
            let reference = if traded != 0 { traded * self.tick.size } else { self.middle().unwrap_or(known) };
            self.begin_bands(reference, out);
            self.settle(out);
        }
        if to == Phase::Closed {
            self.lift_bands();
            self.expire_day(out);
            (self.high, self.low) = (super::ladder::NO_KEY, -super::ladder::NO_KEY);
        }
    }

    /// An order's time is over.
    pub(super) fn expire(&mut self, slot: u32, out: &mut Vec<MatchEvent>) {
        self.unlink(slot);
        let order = &self.orders.slots[slot as usize];
        out.push(MatchEvent::Expired { order: order.name(), left: Qty::from_raw(order.left) });
        self.orders.release(slot);
    }

    /// Everything but what is good till canceled and has a limit or a stop, the oldest first.
    fn expire_day(&mut self, out: &mut Vec<MatchEvent>) {
        let over = |order: &Order| match order.home {
            Home::Free => false,
            Home::Book | Home::Stop => order.lifetime != Lifetime::Gtc,
            Home::Opening | Home::Closing | Home::Next => order.lifetime != Lifetime::Gtc || order.key == MARKET_KEY,
        };
        let mut slots = std::mem::take(&mut self.scratch);
        slots.clear();
        slots.extend(self.orders.slots.iter().zip(0_u32..).filter(|(order, _)| over(order)).map(|(_, slot)| slot));
        slots.sort_unstable_by_key(|&slot| self.orders.slots[slot as usize].rank);
        for &slot in &slots {
            self.expire(slot, out);
        }
        self.scratch = slots;
    }
}
