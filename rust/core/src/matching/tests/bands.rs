//! Limit Up-Limit Down, scenario by scenario of the plan.

use super::{Desk, at, cents, shares, trades};
use crate::matching::{LuldTier, MatchEvent, MatchingConfig, NewOrder, OrderKey, Phase};
use crate::types::{HOUR_NS, MINUTE_NS, SECOND_NS, Side};

const BUY: Side = Side::Buy;
const SELL: Side = Side::Sell;
const CLOSE: i64 = 16 * HOUR_NS;

/// A stock that opens at ten in the morning at `price` cents.
fn opened(tier: LuldTier, previous_close: i64, price: i64) -> Desk {
    let mut desk = Desk::closed(MatchingConfig { luld: Some(tier), ..MatchingConfig::default() });
    desk.engine.set_luld_day(cents(previous_close), at(CLOSE));
    desk.ts = 10 * HOUR_NS;
    desk.phase(Phase::OpeningAuction);
    desk.limit(1, 1, BUY, 100, price);
    desk.limit(2, 2, SELL, 100, price);
    desk.phase(Phase::Continuous);
    desk
}

fn bands(desk: &Desk) -> (i64, i64) {
    let bands = desk.engine.bands().unwrap();
    (bands.lower.raw() / cents(1).raw(), bands.upper.raw() / cents(1).raw())
}

#[test]
fn the_opening_price_gives_the_first_bands_by_tier_and_previous_close() {
    for (tier, previous, price, expected) in [
        (LuldTier::One, 10_000, 10_000, (9_500, 10_500)),
        (LuldTier::Two, 10_000, 10_000, (9_000, 11_000)),
        // Three dollars and below: 20 % in either tier; the previous close decides, not the price.
        (LuldTier::One, 300, 310, (248, 372)),
        (LuldTier::Two, 75, 200, (160, 240)),
        // Below 75 cents: the lesser of 15 cents and 75 %.
        (LuldTier::Two, 74, 50, (35, 65)),
        (LuldTier::One, 10, 12, (3, 21)),
    ] {
        assert_eq!(bands(&opened(tier, previous, price)), expected, "{tier:?} {previous} {price}");
    }
}

#[test]
fn bands_are_rounded_to_the_nearest_cent() {
    // 5 % of 10.11 is 0.5055: 9.6045 and 10.6155.
    assert_eq!(bands(&opened(LuldTier::One, 1_000, 1_011)), (960, 1_062));
}

#[test]
fn bands_double_in_the_last_25_minutes_but_for_tier_two_above_three_dollars() {
    for (tier, previous, price, expected) in [
        (LuldTier::One, 10_000, 10_000, (9_000, 11_000)),
        (LuldTier::Two, 10_000, 10_000, (9_000, 11_000)),
        (LuldTier::Two, 300, 300, (180, 420)),
    ] {
        let mut desk = opened(tier, previous, price);
        desk.advance(CLOSE - 25 * MINUTE_NS - 1);
        let before = bands(&desk);
        desk.advance(CLOSE - 25 * MINUTE_NS);
        assert_eq!(bands(&desk), expected, "{tier:?} {previous}");
        assert_eq!(before == expected, tier == LuldTier::Two && previous > 300);
    }
}

#[test]
fn no_trade_happens_outside_the_bands_and_limits_are_moved_to_them() {
    let mut desk = opened(LuldTier::One, 10_000, 10_000);
    desk.limit(1, 3, SELL, 10, 10_500);
    desk.limit(1, 4, SELL, 10, 10_501);
    let events = desk.limit(3, 5, BUY, 30, 10_600);
    assert_eq!(trades(&events), [(10_500, 10, 5, 3)]);
    assert!(events.contains(&MatchEvent::Repriced { order: OrderKey::new(3, 5), price: cents(10_500) }));
    // An ask outside the bands may be shown, a bid beyond the upper band may not.
    assert_eq!(desk.touch(), (Some((10_500, 20)), Some((10_501, 10))));
    let events = desk.submit(NewOrder::market(OrderKey::new(4, 6), BUY, shares(5)));
    assert_eq!(trades(&events), []);
}

#[test]
fn a_limit_state_ends_when_its_quotation_is_gone() {
    let mut desk = opened(LuldTier::One, 10_000, 10_000);
    let events = desk.limit(1, 3, BUY, 10, 10_500);
    assert!(events.contains(&MatchEvent::LimitState { ts: at(10 * HOUR_NS), side: Some(BUY) }));
    assert_eq!(desk.engine.bands().unwrap().limit_state, Some(BUY));
    desk.ts += 14 * SECOND_NS;
    let events = desk.limit(2, 4, SELL, 10, 10_400);
    assert_eq!(trades(&events), [(10_500, 10, 3, 4)]);
    assert!(events.contains(&MatchEvent::LimitState { ts: at(desk.ts), side: None }));
    assert_eq!(desk.advance(desk.ts + HOUR_NS), []);
    assert_eq!(desk.engine.phase(), Phase::Continuous);
}

#[test]
fn a_limit_state_of_15_seconds_pauses_for_5_minutes_and_an_auction_reopens() {
    let mut desk = opened(LuldTier::Two, 10_000, 10_000);
    let start = desk.ts;
    desk.limit(1, 3, SELL, 10, 9_000);
    assert_eq!(desk.advance(start + 15 * SECOND_NS - 1), []);
    let events = desk.advance(start + 15 * SECOND_NS);
    assert!(events.contains(&MatchEvent::Phase { ts: at(start + 15 * SECOND_NS), phase: Phase::Paused }));
    desk.limit(2, 4, BUY, 10, 8_000);
    desk.limit(1, 5, SELL, 10, 8_000);
    assert_eq!(desk.engine.bands(), None);
    let due = start + 15 * SECOND_NS + 5 * MINUTE_NS;
    assert_eq!(desk.advance(due - 1), []);
    // However late the call comes, the reopening has its own time.
    let events = desk.advance(due + MINUTE_NS);
    assert_eq!(trades(&events), [(8_000, 10, 4, 5)]);
    assert!(events.contains(&MatchEvent::Phase { ts: at(due), phase: Phase::Continuous }));
    assert_eq!(bands(&desk), (7_200, 8_800));
    assert_eq!(desk.engine.bands().unwrap().reference, cents(8_000));
}

#[test]
fn a_pause_that_reaches_the_last_ten_minutes_lasts_to_the_closing_auction() {
    let mut desk = opened(LuldTier::Two, 10_000, 10_000);
    desk.advance(CLOSE - 15 * MINUTE_NS - 15 * SECOND_NS);
    desk.limit(1, 3, SELL, 10, 9_000);
    desk.limit(2, 4, BUY, 10, 8_900);
    desk.advance(CLOSE - 1);
    assert_eq!(desk.engine.phase(), Phase::Paused);
    desk.limit(2, 5, BUY, 5, 9_000);
    desk.ts = CLOSE;
    desk.phase(Phase::ClosingAuction);
    assert_eq!(trades(&desk.phase(Phase::Closed)), [(9_000, 5, 5, 3)]);
}

/// Trade one share at `price` now.
fn print(desk: &mut Desk, id: u64, price: i64) -> Vec<MatchEvent> {
    let mut events = desk.limit(1, id, BUY, 1, price);
    events.extend(desk.limit(2, id + 1, SELL, 1, price));
    events
}

#[test]
fn the_reference_is_the_mean_of_five_minutes_once_it_is_one_percent_away_and_thirty_seconds_old() {
    let mut desk = opened(LuldTier::One, 10_000, 10_000);
    let start = desk.ts;
    let reference = |desk: &Desk| desk.engine.bands().unwrap().reference;
    desk.ts = start + 10 * SECOND_NS;
    print(&mut desk, 10, 10_200);
    assert_eq!(reference(&desk), cents(10_000), "two percent away, but the reference has not stood for 30 seconds");
    desk.ts = start + 30 * SECOND_NS;
    // The next call sees it; the new print pulls the mean to 101.10.
    print(&mut desk, 20, 10_020);
    assert_eq!(reference(&desk), cents(10_200), "the resting bid is the first call after 30 seconds");
    desk.ts = start + 70 * SECOND_NS;
    print(&mut desk, 30, 10_080);
    assert_eq!(reference(&desk), cents(10_200), "mean 101.00 is less than one percent from 102.00");
    desk.ts = start + 80 * SECOND_NS;
    print(&mut desk, 40, 10_060);
    assert_eq!(reference(&desk), cents(10_090), "mean of 102.00, 100.20, 100.80, 100.60");
    // Five minutes after the first print it is out of the mean: 100.20, 100.80, 100.60 and 101.40 are left.
    desk.ts = start + 310 * SECOND_NS + 1;
    print(&mut desk, 50, 10_140);
    assert_eq!(reference(&desk), cents(10_090), "mean 100.75 is within one percent");
}

#[test]
fn without_trades_the_reference_stays() {
    let mut desk = opened(LuldTier::One, 10_000, 10_000);
    desk.ts += HOUR_NS;
    desk.limit(1, 3, BUY, 1, 9_900);
    assert_eq!(desk.engine.bands().unwrap().reference, cents(10_000));
}

#[test]
fn bids_beyond_bands_that_came_down_are_moved_to_them() {
    let mut desk = opened(LuldTier::One, 10_000, 10_000);
    let start = desk.ts;
    for (seconds, id, price) in [(31, 10, 10_400), (40, 20, 10_000)] {
        desk.ts = start + seconds * SECOND_NS;
        print(&mut desk, id, price);
    }
    // The mean of 104.00 and 100.00 counts from now on.
    desk.ts = start + 62 * SECOND_NS;
    desk.limit(1, 50, BUY, 10, 10_700);
    assert_eq!((bands(&desk), desk.touch().0), ((9_690, 10_710), Some((10_700, 10))));
    // The trade at 104.00 is older than five minutes.
    let events = desk.advance(start + 332 * SECOND_NS);
    assert_eq!(bands(&desk), (9_500, 10_500));
    assert!(events.contains(&MatchEvent::Repriced { order: OrderKey::new(1, 50), price: cents(10_500) }));
    assert_eq!(desk.engine.bands().unwrap().limit_state, Some(BUY));
}

#[test]
fn no_bands_without_a_price() {
    let mut desk = Desk::new(MatchingConfig { luld: Some(LuldTier::One), ..MatchingConfig::default() });
    assert_eq!(desk.engine.bands(), None);
    desk.limit(1, 1, BUY, 1, 100);
    assert_eq!(trades(&desk.limit(2, 2, SELL, 1, 1)), [(100, 1, 1, 2)]);
    assert_eq!(desk.engine.bands(), None, "the first bands come with an auction");
}
