//! At the limit an order passes; one step beyond it is refused with that code and no other.

use super::*;
use crate::event::{Bar, FLAG_HALTED, MarketEvent, Quote, Trade};
use crate::order::TimeInForce;
use proptest::prelude::*;

fn q(shares: i64) -> Qty {
    Qty::from_whole(shares).unwrap()
}

fn p(price: f64) -> Price {
    Price::from_f64(price).unwrap()
}

fn none() -> RiskLimits {
    RiskLimits::none()
}

#[test]
fn names_and_codes_are_stable() {
    let codes: Vec<_> = RefusalCode::ALL.iter().map(|c| c.as_str()).collect();
    assert_eq!(
        codes.join(" "),
        "STATE INVALID MAX_QTY MAX_NOTIONAL COLLAR STALE_REFERENCE STALE_DATA MAX_POSITION MAX_EXPOSURE BUYING_POWER SHORT MAX_OPEN RATE \
         LOSS DRAWDOWN RESTRICTED HALTED LULD SESSION PDT DUPLICATE RUNAWAY SELF_MATCH KILL"
    );
    for (i, code) in RefusalCode::ALL.into_iter().enumerate() {
        assert_eq!(code as usize, i, "counters go by the place of a code");
    }
    for (i, check) in Check::ALL.iter().enumerate() {
        assert_eq!(*check as usize, i);
        assert!(i < 64, "a mask has 64 bits");
    }
}

#[test]
fn a_restricted_instrument_takes_no_order() {
    let mut desk = Desk::new(RiskLimits { restricted: true, ..none() });
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("RESTRICTED"));
    let unknown = OrderRequest { instrument: InstrumentId(9), ..market(Side::Buy, 1) };
    assert_eq!(Desk::new(none()).check(&unknown), Some("RESTRICTED"));
}

#[test]
fn a_halt_ends_with_the_halt_and_is_learned_from_flags() {
    let mut desk = Desk::new(none());
    desk.risk.set_halted(I, true);
    desk.risk.set_halted(I, true);
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("HALTED"));
    assert_eq!(desk.check(&OrderRequest { instrument: InstrumentId(1), ..market(Side::Buy, 1) }), None);
    desk.risk.set_halted(I, false);
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    let quote = |flags| MarketEvent::Quote(Quote { flags, ..Quote::default() });
    desk.risk.observe(&quote(FLAG_HALTED), &desk.top);
    assert_eq!(desk.check(&market(Side::Buy, 1)), None, "not learned unless asked to");
    desk.risk.learn_halts(true);
    desk.risk.observe(&quote(FLAG_HALTED), &desk.top);
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("HALTED"));
    desk.risk.observe(&quote(0), &desk.top);
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
}

#[test]
fn limits_stay_within_the_bands() {
    let mut desk = Desk::new(none());
    desk.risk.set_bands(I, Some((p(95.0), p(105.0))));
    for (order, code) in [
        (limit(Side::Buy, 1, 105.0), None),
        (limit(Side::Buy, 1, 105.01), Some("LULD")),
        (limit(Side::Sell, 1, 95.0), None),
        (limit(Side::Sell, 1, 94.99), Some("LULD")),
        (limit(Side::Buy, 1, 90.0), None),
        (market(Side::Buy, 1), None),
    ] {
        assert_eq!(desk.check(&order), code, "{order:?}");
    }
    desk.risk.set_bands(I, None);
    assert_eq!(desk.check(&limit(Side::Buy, 1, 200.0)), None);
}

#[test]
fn sessions_open_and_close_to_the_nanosecond() {
    let at = Timestamp::from_nanos;
    let day = |from: i64| SessionDay { early: at(from), open: at(from + 100), close: at(from + 200), late: at(from + 300) };
    let calendar = Calendar::new(vec![day(1_000), day(2_000)]).unwrap();
    let closed = RiskLimits { calendar: Some(calendar), ..none() };
    let extended = RiskLimits { extended_hours: true, ..closed.clone() };
    for (now, market_order, limit_order, limit_extended) in [
        (999, false, false, false),
        (1_000, false, false, true),
        (1_099, false, false, true),
        (1_100, true, true, true),
        (1_199, true, true, true),
        (1_200, false, false, true),
        (1_299, false, false, true),
        (1_300, false, false, false),
        (2_150, true, true, true),
        (2_300, false, false, false),
        (1_150, true, true, true),
    ] {
        let (mut desk, mut wide) = (Desk::new(closed.clone()), Desk::new(extended.clone()));
        (desk.now, wide.now) = (now, now);
        let code = |open: bool| (!open).then_some("SESSION");
        assert_eq!(desk.check(&market(Side::Buy, 1)), code(market_order), "{now}");
        assert_eq!(desk.check(&limit(Side::Buy, 1, 100.0)), code(limit_order), "{now}");
        assert_eq!(wide.check(&limit(Side::Buy, 1, 100.0)), code(limit_extended), "{now}");
        assert_eq!(wide.check(&market(Side::Buy, 1)), code(market_order), "{now}");
        let gtc = OrderRequest { tif: TimeInForce::Gtc, ..limit(Side::Buy, 1, 100.0) };
        assert_eq!(wide.check(&gtc), code(limit_order), "{now}");
        let opening = OrderRequest { tif: TimeInForce::Opg, ..market(Side::Buy, 1) };
        assert_eq!(desk.check(&opening), None, "{now}");
    }
    assert!(Calendar::new(vec![day(2_000), day(1_000)]).unwrap_err().to_string().contains("out of order"));
}

#[test]
fn ticks_lots_and_least_notionals_are_of_the_broker() {
    let mut us = Desk::new(RiskLimits { tick_size: Some(TickSize::Us), ..none() });
    for (price, code) in [(100.01, None), (100.001, Some("INVALID")), (1.0, None), (0.9999, None), (0.99999, Some("INVALID"))] {
        assert_eq!(us.check(&limit(Side::Buy, 1, price)), code, "{price}");
    }
    let mut step = Desk::new(RiskLimits { tick_size: Some(TickSize::Step(p(0.25))), ..none() });
    assert_eq!(step.check(&limit(Side::Buy, 1, 100.25)), None);
    assert_eq!(step.check(&limit(Side::Buy, 1, 100.26)), Some("INVALID"));
    let mut lots = Desk::new(RiskLimits { lot: Some(q(100)), ..none() });
    assert_eq!(lots.check(&market(Side::Buy, 200)), None);
    assert_eq!(lots.check(&market(Side::Buy, 250)), Some("INVALID"));
    lots.hold(Side::Buy, 37);
    assert_eq!(lots.check(&market(Side::Sell, 37)), None, "an odd lot can be closed whole");
    assert_eq!(lots.check(&market(Side::Sell, 36)), Some("INVALID"));
    let mut least = Desk::new(RiskLimits { min_order_notional: dollars(1_010.0), ..none() });
    assert_eq!(least.check(&market(Side::Buy, 10)), None);
    assert_eq!(least.check(&market(Side::Buy, 9)), Some("INVALID"));
    least.hold(Side::Buy, 5);
    assert_eq!(least.check(&market(Side::Sell, 5)), None);
    let mut alpaca = Desk::new(RiskLimits { broker_rules: true, ..none() });
    let half = OrderRequest { qty: Qty::from_raw(500_000_000), ..limit(Side::Buy, 1, 100.0) };
    assert_eq!(alpaca.check(&half), None);
    assert_eq!(alpaca.check(&OrderRequest { tif: TimeInForce::Gtc, ..half }), Some("INVALID"));
}

#[test]
fn the_share_of_a_days_volume_is_of_what_is_given_or_learned() {
    let mut limits = RiskLimits { max_order_adv: Some(0.01), ..none() };
    let mut desk = Desk::new(limits.clone());
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("MAX_QTY"), "nothing is known yet");
    let trade = |size: i64, ts: i64| {
        MarketEvent::Trade(Trade { size: q(size), price: p(100.0), ts: Timestamp::from_nanos(ts), ..Trade::default() })
    };
    desk.risk.observe(&trade(10_000, 1), &desk.top);
    assert_eq!(desk.check(&market(Side::Buy, 100)), None, "today's volume so far");
    assert_eq!(desk.check(&market(Side::Buy, 101)), Some("MAX_QTY"));
    let ends = Timestamp::from_nanos(10);
    desk.risk.next_day(0, ends, &desk.ledger);
    desk.risk.next_day(1, ends, &desk.ledger);
    desk.risk.observe(&trade(1_000_000, 2), &desk.top);
    assert_eq!(desk.check(&market(Side::Buy, 101)), Some("MAX_QTY"), "a whole day counts more than half of another");
    desk.risk.observe(&MarketEvent::Bar(Bar { volume: q(10), ..Bar::default() }), &desk.top);
    desk.risk.next_day(1, ends, &desk.ledger);
    assert_eq!(desk.check(&market(Side::Buy, 5_050)), None, "the mean of both");
    assert_eq!(desk.check(&market(Side::Buy, 5_051)), Some("MAX_QTY"));
    limits.average_volumes = vec![("A".to_owned(), q(200))];
    let mut given = Desk::new(limits);
    assert_eq!(given.check(&market(Side::Buy, 2)), None);
    assert_eq!(given.check(&market(Side::Buy, 3)), Some("MAX_QTY"));
}

#[test]
fn a_market_order_needs_a_fresh_reference() {
    let mut desk = Desk::new(RiskLimits { max_reference_age_ns: Some(1_000), ..none() });
    desk.now = 1_000;
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    desk.now = 1_001;
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("STALE_REFERENCE"));
    assert_eq!(desk.check(&limit(Side::Buy, 1, 100.0)), None);
}

#[test]
fn a_collar_in_standard_deviations_follows_the_volatility() {
    let mut desk = Desk::new(RiskLimits { collar_sigma: Some(3.0), ..none() });
    assert_eq!(desk.check(&limit(Side::Buy, 1, 150.0)), None, "no estimate yet");
    // Steps of a tenth of a percent each second: over a minute 0.001 × √60 = 0.77 %, times three 2.3 %.
    for second in 1..400_i64 {
        let mid = if second % 2 == 0 { 100.0 } else { 100.1 };
        desk.top = top(mid - 0.01, mid + 0.01, second * SECOND_NS);
        let quote = MarketEvent::Quote(Quote { ts: Timestamp::from_nanos(second * SECOND_NS), ..Quote::default() });
        desk.risk.observe(&quote, &desk.top);
    }
    let edge = 100.1 * (1.0 + 3.0 * (0.001_f64 * 60.0_f64.sqrt()));
    assert_eq!(desk.check(&limit(Side::Buy, 1, (edge * 0.9995 * 100.0).round() / 100.0)), None);
    assert_eq!(desk.check(&limit(Side::Buy, 1, (edge * 1.0005 * 100.0).round() / 100.0)), Some("COLLAR"));
}

#[test]
fn an_order_does_not_trade_with_an_own_resting_one() {
    let mut desk = Desk::new(RiskLimits { prevent_self_match: true, ..none() });
    let sell = desk.open(limit(Side::Sell, 10, 102.0));
    let nearer = desk.open(limit(Side::Sell, 10, 101.5));
    assert_eq!(desk.check(&limit(Side::Buy, 1, 101.49)), None);
    assert_eq!(desk.check(&limit(Side::Buy, 1, 101.5)), Some("SELF_MATCH"));
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("SELF_MATCH"));
    assert_eq!(desk.check(&market(Side::Sell, 1)), None);
    desk.risk.closed(nearer);
    assert_eq!(desk.check(&limit(Side::Buy, 1, 101.99)), None);
    assert_eq!(desk.check(&limit(Side::Buy, 1, 102.0)), Some("SELF_MATCH"));
    assert_eq!(desk.check_replacing(sell, &limit(Side::Sell, 10, 98.0)), None);
    desk.risk.closed(sell);
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
}

#[test]
fn the_same_order_comes_again_only_after_the_window() {
    let mut desk = Desk::new(RiskLimits { duplicate_window_ns: Some(100), ..none() });
    assert_eq!(desk.check(&limit(Side::Buy, 1, 100.0)), None);
    desk.now = 99;
    assert_eq!(desk.check(&limit(Side::Buy, 1, 100.0)), Some("DUPLICATE"));
    for other in [limit(Side::Buy, 2, 100.0), limit(Side::Buy, 1, 100.01), limit(Side::Sell, 1, 100.0), market(Side::Buy, 1)] {
        assert_eq!(desk.check(&other), None);
    }
    desk.strategy = 1;
    assert_eq!(desk.check(&limit(Side::Buy, 1, 100.0)), None, "of another strategy");
    desk.strategy = 0;
    desk.now = 100;
    assert_eq!(desk.check(&limit(Side::Buy, 1, 100.0)), None);
    desk.now = 199;
    assert_eq!(desk.check(&limit(Side::Buy, 1, 100.0)), Some("DUPLICATE"));
}

#[test]
fn repeated_executions_stop_the_next_order() {
    let limits = RiskLimits { max_executions: Some(2), execution_window_ns: 1_000, ..none() };
    let mut desk = Desk::new(limits);
    for i in 0..2 {
        assert_eq!(desk.check(&market(Side::Buy, 2)), None);
        let id = desk.open(market(Side::Buy, 2));
        desk.fill(id, I, Side::Buy, q(1), p(101.0), false);
        assert_eq!(desk.check(&market(Side::Buy, 2)), if i == 0 { None } else { Some("RUNAWAY") }, "a partial fill is one execution");
        desk.fill(id, I, Side::Buy, q(1), p(101.0), true);
    }
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("RUNAWAY"));
    desk.now = 499;
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("RUNAWAY"));
    desk.now = 500;
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
}

#[test]
fn cancels_always_pass_and_stop_new_orders_when_there_are_too_many() {
    let mut desk = Desk::new(RiskLimits { max_cancels_per_second: Some(2), ..none() });
    let ids: Vec<_> = (0..3).map(|_| desk.open(limit(Side::Buy, 1, 90.0))).collect();
    desk.risk.cancel_sent(ids[0], Timestamp::from_nanos(0));
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    desk.risk.cancel_sent(ids[1], Timestamp::from_nanos(0));
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("RATE"));
    desk.now = SECOND_NS / 2;
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
}

#[test]
fn messages_for_a_fill_are_limited_after_the_grace() {
    let mut desk = Desk::new(RiskLimits { max_order_to_fill: Some(3.0), order_to_fill_grace: 5, ..none() });
    let passed = |desk: &mut Desk| (0..20).take_while(|_| desk.check(&market(Side::Buy, 1)).is_none()).count();
    assert_eq!(passed(&mut desk), 5);
    for _ in 0..2 {
        let id = desk.open(market(Side::Buy, 1));
        desk.fill(id, I, Side::Buy, q(1), p(101.0), true);
    }
    assert_eq!(passed(&mut desk), 1, "six messages for two fills");
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("RATE"));
    let (ends, ledger) = (Timestamp::from_nanos(10), desk.ledger.clone());
    desk.risk.next_day(0, ends, &ledger);
    desk.risk.next_day(1, ends, &ledger);
    assert_eq!(passed(&mut desk), 5);
}

#[test]
fn open_orders_are_limited_in_all_and_in_an_instrument() {
    let mut desk = Desk::new(RiskLimits { max_open_orders_per_instrument: Some(2), ..none() });
    let first = desk.open(limit(Side::Buy, 1, 90.0));
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    desk.open(limit(Side::Buy, 1, 90.0));
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("MAX_OPEN"));
    assert_eq!(desk.check(&OrderRequest { instrument: InstrumentId(1), ..market(Side::Buy, 1) }), None);
    assert_eq!(desk.check_replacing(first, &limit(Side::Buy, 1, 91.0)), None, "a replacement takes the place of the old");
    desk.risk.closed(first);
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
}

#[test]
fn the_kill_switch_works_from_another_thread_and_is_reset_by_hand() {
    let mut desk = Desk::new(none());
    let switch = desk.risk.kill_switch();
    std::thread::scope(|s| {
        s.spawn(|| assert!(switch.throw()));
    });
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("KILL"));
    assert!(!switch.throw(), "thrown already");
    assert!(switch.reset() && !switch.reset());
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    assert!(switch.throw_strategy(StrategyId(1)) && !switch.throw_strategy(StrategyId(7)));
    assert_eq!(desk.check(&market(Side::Buy, 1)), None, "of the other strategy");
    desk.strategy = 1;
    let refusal = desk.refusal(&market(Side::Buy, 1)).unwrap();
    assert_eq!((refusal.code, refusal.scope), (RefusalCode::Kill, Scope::Strategy));
    let bytes = postcard::to_stdvec(&desk.risk).unwrap();
    let read: Risk = postcard::from_bytes(&bytes).unwrap();
    assert!(read.kill_switch().is_strategy_thrown(StrategyId(1)) && !read.kill_switch().is_thrown());
    assert_eq!(postcard::to_stdvec(&read).unwrap(), bytes, "written and read, the same bytes");
}

#[test]
fn what_checks_see_of_the_kill_switch_is_kept_replayed_and_forgotten() {
    let (thrown, released) = (true, false);
    let of = |check, account| Switched { check, thrown: Thrown { account, strategies: vec![false; 2] } };
    let (mut desk, mut again) = (Desk::new(none()), Desk::new(none()));
    desk.risk.keep_switched();
    again.risk.keep_switched();
    let switch = desk.risk.kill_switch();
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    switch.throw();
    assert_eq!((desk.check(&market(Side::Buy, 1)), desk.check(&market(Side::Buy, 1))), (Some("KILL"), Some("KILL")));
    switch.reset();
    assert_eq!(desk.check(&market(Side::Buy, 1)), None);
    let kept = desk.risk.take_switched();
    assert_eq!(kept, [of(1, thrown), of(3, released)]);
    assert!(desk.risk.take_switched().is_empty(), "each is taken once");
    // The same checks of another, whose own handle is thrown and is not looked at.
    again.risk.kill_switch().throw();
    again.risk.replay_switched(kept.clone());
    let found: Vec<_> = (0..4).map(|_| again.check_replacing(OrderId(9), &market(Side::Buy, 1))).collect();
    assert_eq!(found, [None, Some("KILL"), Some("KILL"), None]);
    assert_eq!(again.risk.take_switched(), kept);
    again.risk.end_replay_switched();
    assert!(!again.risk.kill_switch().is_thrown(), "as the last check saw it");
    // What an input saw that came to nothing, the next one sees again.
    switch.throw();
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("KILL"));
    desk.risk.forget_switched();
    assert_eq!(desk.check(&market(Side::Buy, 1)), Some("KILL"));
    assert_eq!(desk.risk.take_switched(), [of(0, thrown)]);
}

#[test]
fn counters_tell_code_and_scope() {
    let mut desk = Desk::new(RiskLimits { max_order_qty: Some(q(1)), ..none() });
    for qty in [1, 2, 3, 0] {
        desk.check(&market(Side::Buy, qty));
    }
    let counters = desk.risk.counters();
    assert_eq!(counters.passed(), 1);
    assert_eq!(counters.of(RefusalCode::MaxQty), 2);
    let all: Vec<_> = counters.refused().collect();
    assert_eq!(all, [(RefusalCode::Invalid, "account", 1), (RefusalCode::MaxQty, "account", 2)]);
    desk.risk.explain(&market(Side::Buy, 5), &desk.context());
    assert_eq!(desk.risk.counters().of(RefusalCode::MaxQty), 2, "what is explained is not counted");
}

proptest! {
    /// Over any span the bucket passes at most rate + rate × span ÷ window, and never refuses while fewer passed than that over
    /// every span that ends now: compared with a search over all earlier messages.
    #[test]
    fn a_token_bucket_passes_what_brute_force_allows(
        rate in 1_u32..6,
        window in 1_i64..50,
        steps in prop::collection::vec(0_i64..30, 1..120),
    ) {
        let mut bucket = Bucket::new(rate, window);
        let mut passed: Vec<i64> = Vec::new();
        let mut now = 0;
        for step in steps {
            now += step;
            // One more fits when, for every earlier message, those since it stay within burst and refill.
            let fits = (0..=passed.len()).all(|i| {
                let since = passed.get(i).copied().unwrap_or(now);
                let count = (passed.len() - i + 1) as i64;
                count * window <= i64::from(rate) * window + i64::from(rate) * (now - since)
            });
            prop_assert_eq!(bucket.has(Timestamp::from_nanos(now)), fits);
            if fits {
                bucket.take(Timestamp::from_nanos(now));
                passed.push(now);
            }
        }
    }

    /// The table of recent orders against a list of all of them.
    #[test]
    fn a_repeated_order_is_known_as_in_a_list_of_all(orders in prop::collection::vec((0_i64..40, 1_i64..30, 0_u16..2), 1..400)) {
        let (mut recent, mut all, mut now) = (super::super::recent::Recent::default(), Vec::new(), 0);
        for (step, qty, strategy) in orders {
            now += step;
            let order = market(Side::Buy, qty);
            let seen = recent.last(&order, StrategyId(strategy)).filter(|at| now - at.nanos() < 100);
            let known = all.iter().rev().find(|(q, s, _)| (*q, *s) == (qty, strategy)).map(|(_, _, at)| *at).filter(|at| now - at < 100);
            prop_assert_eq!(seen.map(Timestamp::nanos), known);
            recent.note(&order, StrategyId(strategy), Timestamp::from_nanos(now), 100);
            all.push((qty, strategy, now));
        }
    }

    #[test]
    fn sizes_pass_at_the_limit_and_not_above(qty in 1_i64..1_000_000, price in 1_i64..100_000) {
        let notional = Some(Money::notional(Price::from_raw(price * 10_000_000), q(qty)));
        let order = limit(Side::Buy, qty, price as f64 / 100.0);
        let more = limit(Side::Buy, qty + 1, price as f64 / 100.0);
        for (limits, code) in [
            (RiskLimits { max_order_qty: Some(q(qty)), ..none() }, "MAX_QTY"),
            (RiskLimits { max_position_qty: Some(q(qty)), ..none() }, "MAX_POSITION"),
            (RiskLimits { max_order_notional: notional, ..none() }, "MAX_NOTIONAL"),
            (RiskLimits { max_position_notional: notional, ..none() }, "MAX_POSITION"),
            (RiskLimits { max_gross_exposure: notional, ..none() }, "MAX_EXPOSURE"),
            (RiskLimits { max_net_exposure: notional, ..none() }, "MAX_EXPOSURE"),
        ] {
            let mut desk = Desk::new(limits);
            prop_assert_eq!(desk.check(&order), None);
            prop_assert_eq!(desk.check(&more), Some(code));
        }
    }
}
