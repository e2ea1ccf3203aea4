//! Auctions and halts by hand: each rule of the price where it alone decides.

use super::{Desk, cents, shares, trades};
use crate::matching::{Cross, Lifetime, MatchEvent, MatchingConfig, NewOrder, OrderKey, Phase, RejectReason};
use crate::types::{Price, Qty, Side};

const BUY: Side = Side::Buy;
const SELL: Side = Side::Sell;

fn opened(reference: i64, orders: &[(Side, i64, i64)]) -> Cross {
    let mut desk = Desk::closed(MatchingConfig::default());
    desk.engine.set_reference(cents(reference));
    desk.phase(Phase::OpeningAuction);
    for (id, &(side, qty, price)) in (1..).zip(orders) {
        let order = NewOrder::limit(OrderKey::new(1, id), side, shares(qty), cents(price));
        let order = if price == 0 { NewOrder::market(order.key, side, order.qty) } else { order };
        let events = desk.submit(order);
        assert!(matches!(events[..], [MatchEvent::Accepted { .. }]), "{events:?}");
    }
    let told = desk.engine.indicative();
    let events = desk.phase(Phase::Continuous);
    let Some(MatchEvent::Uncrossed(cross)) = events.first() else { panic!("{events:?}") };
    assert_eq!(*cross, told, "the indication is what the auction does");
    told
}

fn cross(price: i64, paired: i64, imbalance: i64) -> Cross {
    let price = if price == 0 { Price::ZERO } else { cents(price) };
    Cross { price, paired: shares(paired), imbalance: shares(imbalance) }
}

#[test]
fn most_shares_trade_even_where_the_imbalance_is_larger() {
    assert_eq!(opened(1000, &[(BUY, 10, 1000), (SELL, 5, 990), (SELL, 9, 1000)]), cross(1000, 10, -4));
}

#[test]
fn among_equal_volumes_the_smallest_imbalance_wins() {
    // At 1000 the sellers have 5 against 5, at 1001 and up 5 against 9.
    assert_eq!(opened(1001, &[(BUY, 5, 1001), (SELL, 5, 1000), (SELL, 4, 1001)]), cross(1000, 5, 0));
}

#[test]
fn buyers_left_over_press_the_price_up_and_sellers_down() {
    assert_eq!(opened(1000, &[(BUY, 9, 1005), (SELL, 5, 1000)]), cross(1005, 5, 4));
    assert_eq!(opened(1005, &[(BUY, 5, 1005), (SELL, 9, 1000)]), cross(1000, 5, -4));
}

#[test]
fn without_pressure_the_price_nearest_to_the_reference_wins() {
    let orders = [(BUY, 5, 1010), (SELL, 5, 1000)];
    assert_eq!(opened(1003, &orders), cross(1003, 5, 0));
    assert_eq!(opened(900, &orders), cross(1000, 5, 0));
    assert_eq!(opened(1200, &orders), cross(1010, 5, 0));
}

#[test]
fn orders_without_limits_trade_first_and_at_the_reference_where_there_is_no_limit() {
    assert_eq!(opened(1003, &[(BUY, 5, 0), (SELL, 7, 0)]), cross(1003, 5, -2));
    let mut desk = Desk::closed(MatchingConfig::default());
    desk.phase(Phase::PreOpen);
    desk.limit(1, 1, BUY, 5, 1010);
    desk.submit(NewOrder::market(OrderKey::new(1, 2), BUY, shares(5)).with_lifetime(Lifetime::Opg));
    desk.submit(NewOrder::limit(OrderKey::new(1, 3), BUY, shares(5), cents(1020)).with_lifetime(Lifetime::Opg));
    desk.limit(2, 4, SELL, 8, 1000);
    let events = desk.phase(Phase::Continuous);
    assert_eq!(trades(&events), [(1020, 5, 2, 4), (1020, 3, 3, 4)]);
    // What was for the opening alone is over, the rest stays.
    assert!(events.contains(&MatchEvent::Expired { order: OrderKey::new(1, 3), left: shares(2) }));
    assert_eq!(desk.touch(), (Some((1010, 5)), None));
}

#[test]
fn a_book_that_does_not_cross_opens_without_a_trade() {
    assert_eq!(opened(1000, &[(BUY, 5, 990), (SELL, 5, 1010)]), cross(0, 0, 0));
}

#[test]
fn closing_orders_wait_through_the_day_and_meet_the_book_at_the_close() {
    let mut desk = Desk::new(MatchingConfig::default());
    desk.limit(1, 1, SELL, 5, 1002);
    desk.submit(NewOrder::limit(OrderKey::new(1, 2), SELL, shares(3), cents(1000)).with_lifetime(Lifetime::Cls));
    let keeps = NewOrder::limit(OrderKey::new(1, 3), SELL, shares(4), cents(1100)).with_lifetime(Lifetime::Gtc);
    desk.submit(keeps);
    assert_eq!(desk.touch(), (None, Some((1002, 5))));
    let events = desk.submit(NewOrder::market(OrderKey::new(2, 4), BUY, shares(1)));
    assert_eq!(trades(&events), [(1002, 1, 4, 1)]);
    desk.submit(NewOrder::market(OrderKey::new(2, 5), BUY, shares(6)).with_lifetime(Lifetime::Cls));
    desk.phase(Phase::ClosingAuction);
    let events = desk.phase(Phase::Closed);
    assert_eq!(trades(&events), [(1002, 3, 5, 2), (1002, 3, 5, 1)]);
    assert!(events.contains(&MatchEvent::Expired { order: OrderKey::new(1, 1), left: shares(1) }));
    assert_eq!(desk.engine.len(), 1, "good till canceled outlives the day");
    let events = desk.limit(1, 6, BUY, 1, 900);
    assert!(matches!(events[..], [MatchEvent::Rejected { reason: RejectReason::Phase, .. }]));
}

#[test]
fn a_halt_gathers_orders_and_resumes_with_an_auction() {
    let mut desk = Desk::new(MatchingConfig::default());
    desk.limit(1, 1, BUY, 5, 1000);
    desk.phase(Phase::Halted);
    assert_eq!(trades(&desk.limit(2, 2, SELL, 3, 990)), []);
    assert_eq!(trades(&desk.submit(NewOrder::market(OrderKey::new(3, 3), SELL, shares(4)))), []);
    let events = desk.submit(NewOrder::limit(OrderKey::new(3, 4), SELL, shares(4), cents(1000)).with_lifetime(Lifetime::Ioc));
    assert!(matches!(events[..], [MatchEvent::Rejected { reason: RejectReason::Phase, .. }]));
    let events = desk.phase(Phase::Continuous);
    assert_eq!(trades(&events), [(990, 4, 1, 3), (990, 1, 1, 2)]);
    assert_eq!(desk.touch(), (None, Some((990, 2))));
}

#[test]
fn a_stop_is_reached_by_the_opening_print() {
    use crate::matching::Terms;
    let mut desk = Desk::closed(MatchingConfig::default());
    desk.phase(Phase::PreOpen);
    let stop = NewOrder { terms: Terms::Stop(cents(1000)), ..NewOrder::market(OrderKey::new(3, 1), BUY, shares(2)) };
    desk.submit(stop);
    desk.limit(1, 2, BUY, 5, 1000);
    desk.limit(2, 3, SELL, 5, 1000);
    desk.limit(2, 4, SELL, 5, 1001);
    let events = desk.phase(Phase::Continuous);
    assert_eq!(trades(&events), [(1000, 5, 2, 3), (1001, 2, 1, 4)]);
}

#[test]
fn phases_follow_each_other_or_are_refused() {
    let mut desk = Desk::closed(MatchingConfig::default());
    let refused = desk.engine.set_phase(super::at(0), Phase::ClosingAuction, &mut desk.out).unwrap_err().to_string();
    assert!(refused.contains("cannot follow closed"), "{refused}");
    for phase in [Phase::PreOpen, Phase::OpeningAuction, Phase::Continuous, Phase::Halted, Phase::Continuous, Phase::Closed] {
        desk.phase(phase);
    }
    assert_eq!(desk.engine.indicative(), Cross { imbalance: Qty::ZERO, ..Cross::default() });
}
