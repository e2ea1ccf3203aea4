//! The engine against a naive one, its invariants, auctions, halts and price bands.

mod auctions;
mod bands;
mod naive;
mod orders;
mod random;

use super::{MatchEvent, MatchingConfig, MatchingEngine, NewOrder, OrderKey, Phase};
use crate::types::{Price, Qty, SCALE, Side, Timestamp};

/// Cents and shares of a level.
type Shown = Option<(i64, i64)>;

/// An engine in continuous trading, and what it told so far.
struct Desk {
    engine: MatchingEngine,
    out: Vec<MatchEvent>,
    ts: i64,
}

fn cents(price: i64) -> Price {
    Price::from_raw(price * SCALE / 100)
}

fn shares(n: i64) -> Qty {
    Qty::from_raw(n * SCALE)
}

const fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(ns)
}

impl Desk {
    fn new(config: MatchingConfig) -> Self {
        let mut desk = Self::closed(config);
        desk.phase(Phase::Continuous);
        desk.out.clear();
        desk
    }

    fn closed(config: MatchingConfig) -> Self {
        Self { engine: MatchingEngine::new(config).unwrap(), out: Vec::new(), ts: 0 }
    }

    fn submit(&mut self, order: NewOrder) -> Vec<MatchEvent> {
        self.out.clear();
        self.engine.submit(at(self.ts), &order, &mut self.out);
        assert_eq!(self.engine.fault(), None, "{order:?}");
        self.out.clone()
    }

    fn limit(&mut self, participant: u32, id: u64, side: Side, qty: i64, price: i64) -> Vec<MatchEvent> {
        self.submit(NewOrder::limit(OrderKey::new(participant, id), side, shares(qty), cents(price)))
    }

    fn phase(&mut self, phase: Phase) -> Vec<MatchEvent> {
        self.out.clear();
        self.engine.set_phase(at(self.ts), phase, &mut self.out).unwrap();
        assert_eq!(self.engine.fault(), None, "{phase:?}");
        self.out.clone()
    }

    fn advance(&mut self, ts: i64) -> Vec<MatchEvent> {
        self.out.clear();
        self.ts = ts;
        self.engine.advance(at(ts), &mut self.out);
        self.out.clone()
    }

    /// Best bid and ask: cents and shares.
    fn touch(&self) -> (Shown, Shown) {
        let show = |side| self.engine.best(side).map(|level| (level.price.raw() * 100 / SCALE, level.qty.raw() / SCALE));
        (show(Side::Buy), show(Side::Sell))
    }
}

/// Executions as (price, shares, buyer, seller) in cents, whole shares and client numbers.
fn trades(events: &[MatchEvent]) -> Vec<(i64, i64, u64, u64)> {
    let one = |event: &MatchEvent| match event {
        MatchEvent::Filled(e) => {
            let (maker, taker) = (e.maker.client_order_id, e.taker.client_order_id);
            let (buyer, seller) = if e.taker_side == Side::Buy { (taker, maker) } else { (maker, taker) };
            Some((e.price.raw() * 100 / SCALE, e.qty.raw() / SCALE, buyer, seller))
        }
        _ => None,
    };
    events.iter().filter_map(one).collect()
}
