//! Random streams of every operation: the same events as the naive engine, and what must always hold.

use super::naive::{Naive, TICK};
use super::{at, shares};
use crate::matching::{
    Lifetime, MatchEvent, MatchingConfig, MatchingEngine, NewOrder, OrderKey, Participant, Phase, Replacement, SelfMatch, Taking, Terms,
};
use crate::types::{Price, Qty, Side};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Submit(NewOrder),
    Cancel(OrderKey),
    Replace(OrderKey, Replacement),
    MassCancel(Participant),
    Phase(Phase),
}

fn price(tick: i64) -> Price {
    Price::from_raw(tick * TICK)
}

fn key() -> impl Strategy<Value = OrderKey> {
    (0_u32..3, 0_u64..14).prop_map(|(participant, id)| OrderKey::new(participant, id))
}

/// Mostly about one price; now and then far away, so that levels leave the dense window, or not on the grid.
fn any_price() -> impl Strategy<Value = Price> {
    prop_oneof![30 => (95_i64..106).prop_map(price), 1 => (1_i64..4).prop_map(|n| price(n * 40)), 1 => Just(Price::from_raw(TICK / 2))]
}

fn any_qty() -> impl Strategy<Value = Qty> {
    prop_oneof![40 => (1_i64..7).prop_map(shares), 1 => Just(Qty::ZERO), 1 => Just(Qty::from_raw(5))]
}

fn order() -> impl Strategy<Value = NewOrder> {
    let terms = prop_oneof![
        12 => any_price().prop_map(Terms::Limit),
        2 => Just(Terms::Market),
        1 => any_price().prop_map(Terms::Stop),
        1 => (any_price(), any_price()).prop_map(|(stop, limit)| Terms::StopLimit { stop, limit }),
    ];
    let lifetime = prop_oneof![
        8 => Just(Lifetime::Day), 3 => Just(Lifetime::Gtc), 2 => Just(Lifetime::Ioc), 2 => Just(Lifetime::Fok),
        1 => Just(Lifetime::Opg), 1 => Just(Lifetime::Cls)
    ];
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let taking = prop_oneof![5 => Just(Taking::Allowed), 1 => Just(Taking::Refused)];
    (key(), side, any_qty(), terms, lifetime, taking).prop_map(|(key, side, qty, terms, lifetime, taking)| NewOrder {
        key,
        side,
        qty,
        terms,
        lifetime,
        taking,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let new = (proptest::option::of(any_qty()), proptest::option::of(any_price()), proptest::option::weighted(0.2, any_price()));
    prop_oneof![
        30 => order().prop_map(Step::Submit),
        6 => key().prop_map(Step::Cancel),
        6 => (key(), new).prop_map(|(key, (qty, limit, stop))| Step::Replace(key, Replacement { qty, limit, stop })),
        1 => (0_u32..3).prop_map(|p| Step::MassCancel(Participant(p))),
        2 => proptest::sample::select(Phase::ALL.map(|(_, phase)| phase).to_vec()).prop_map(Step::Phase),
        2 => Just(Step::Phase(Phase::Continuous)),
    ]
}

/// What every order was asked for and what came of it, from the events alone.
#[derive(Default)]
struct Audit {
    /// Shares ordered, filled and canceled, of the order that has the name now.
    orders: BTreeMap<OrderKey, (i64, i64, i64)>,
    executions: u64,
    bought: i64,
    sold: i64,
}

impl Audit {
    fn take(&mut self, event: &MatchEvent) {
        match *event {
            MatchEvent::Accepted { order, qty, .. } => {
                self.orders.insert(order, (qty.raw(), 0, 0));
            }
            MatchEvent::Replaced { order, left, .. } => {
                let entry = self.orders.get_mut(&order).unwrap();
                entry.0 = entry.1 + left.raw();
            }
            MatchEvent::Filled(e) => {
                self.executions += 1;
                assert_eq!(e.id, self.executions, "execution ids count up");
                assert!(e.qty.raw() > 0);
                for (order, left) in [(e.maker, e.maker_left), (e.taker, e.taker_left)] {
                    let entry = self.orders.get_mut(&order).unwrap();
                    entry.1 += e.qty.raw();
                    assert!(entry.1 <= entry.0, "{order:?} is filled beyond what it asked for");
                    assert_eq!(entry.0 - entry.1, left.raw(), "{order:?}: shares are lost");
                }
                self.bought += e.qty.raw();
                self.sold += e.qty.raw();
            }
            MatchEvent::Canceled { order, left, .. } | MatchEvent::Expired { order, left } => {
                let entry = self.orders.get_mut(&order).unwrap();
                entry.2 += left.raw();
                assert_eq!(entry.0, entry.1 + entry.2, "{order:?} ends with other shares than it had");
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]
    #[test]
    fn every_event_is_that_of_the_naive_engine(
        steps in proptest::collection::vec(step(), 1..160),
        policy in proptest::sample::select(SelfMatch::ALL.map(|(_, policy)| policy).to_vec()),
        opened in any::<bool>(),
    ) {
        let config = MatchingConfig { self_match: policy, window_ticks: 64, ..MatchingConfig::default() };
        let (mut engine, mut naive) = (MatchingEngine::new(config).unwrap(), Naive::new(policy));
        engine.set_reference(price(100));
        naive.reference = 100;
        let mut audit = Audit::default();
        let first = if opened { Phase::Continuous } else { Phase::PreOpen };
        for (i, step) in std::iter::once(Step::Phase(first)).chain(steps).enumerate() {
            let mut out = Vec::new();
            match &step {
                Step::Submit(order) => {
                    engine.submit(at(0), order, &mut out);
                    naive.submit(order);
                }
                Step::Cancel(key) => {
                    engine.cancel(at(0), *key, &mut out);
                    naive.cancel(*key);
                }
                Step::Replace(key, new) => {
                    engine.replace(at(0), *key, new, &mut out);
                    naive.replace(*key, new);
                }
                Step::MassCancel(participant) => {
                    engine.mass_cancel(at(0), *participant, &mut out);
                    naive.mass_cancel(*participant);
                }
                Step::Phase(phase) => {
                    if engine.set_phase(at(0), *phase, &mut out).is_ok() {
                        naive.phase(*phase);
                    }
                }
            }
            prop_assert_eq!(&out, &naive.take_events(), "step {}: {:?}", i, step);
            prop_assert_eq!(engine.fault(), None, "step {}: {:?}", i, step);
            for event in &out {
                audit.take(event);
            }
            for side in [Side::Buy, Side::Sell] {
                let depth: Vec<(i64, i64, u32)> = engine.depth(side).map(|l| (l.price.raw() / TICK, l.qty.raw(), l.orders)).collect();
                prop_assert_eq!(depth, naive.depth(side), "step {}", i);
            }
        }
        prop_assert_eq!(audit.bought, audit.sold);
    }
}
