use super::*;
use crate::types::{DAY_NS, SECOND_NS};
use crate::types::{InstrumentId, Price, Qty, StrategyId, Timestamp};
use proptest::prelude::*;

/// 2026-01-05T14:30:00Z, a Monday's open in New York.
const OPEN: i64 = 1_767_623_400 * SECOND_NS;

fn dollars(x: f64) -> Money {
    Money::from_f64(x).unwrap()
}

fn point(ns: i64, equity: f64, gross: f64) -> EquityPoint {
    EquityPoint {
        ts: Timestamp::from_nanos(ns),
        equity: dollars(equity),
        cash: dollars(equity - gross),
        gross: dollars(gross),
        net: dollars(gross),
    }
}

fn trip(pnl: f64) -> RoundTrip {
    RoundTrip {
        instrument: InstrumentId(0),
        strategy: StrategyId(0),
        opened: Timestamp::default(),
        closed: Timestamp::default(),
        qty: Qty::default(),
        entry: Price::default(),
        exit: Price::default(),
        pnl: dollars(pnl),
        fees: Money::ZERO,
    }
}

fn near(a: Option<f64>, b: f64) {
    assert!(a.is_some_and(|a| (a - b).abs() <= 1e-12 * (1.0 + b.abs())), "{a:?} is not {b}");
}

#[test]
fn a_week_of_days_worked_by_hand() {
    let points: Vec<_> =
        [100.0, 110.0, 99.0, 99.0, 121.0].iter().enumerate().map(|(d, e)| point(OPEN + d as i64 * DAY_NS, *e, 50.0)).collect();
    let totals = Totals { start_equity: dollars(100.0), traded_notional: dollars(204.5), max_drawdown_tick: 0.125, ..Totals::default() };
    let trips = [trip(30.0), trip(-10.0), trip(0.0), trip(1.0)];
    let s = summarize(&points, &trips, &totals, &StatsConfig::default()).unwrap();
    let r = [0.0, 0.1, -0.1, 0.0, 121.0 / 99.0 - 1.0];
    assert_eq!((s.periods, s.periods_per_year), (5, 252.0));
    near(s.total_return, 0.21);
    near(s.cagr, 1.21_f64.powf(365.25 / 4.0) - 1.0);
    near(s.sharpe, sharpe(&r, 0.0, 252.0).unwrap());
    near(s.sortino, sortino(&r, 0.0, 252.0).unwrap());
    near(s.max_drawdown, 0.125);
    near(s.max_drawdown_sampled, 0.1);
    near(s.calmar, s.cagr.unwrap() / 0.125);
    assert_eq!(s.max_drawdown_duration_ns, 3 * DAY_NS);
    near(s.hit_rate, 0.5);
    near(s.profit_factor, 3.1);
    near(s.average_win, 15.5);
    near(s.average_loss, 10.0);
    near(s.payoff_ratio, 1.55);
    near(s.expectancy, 5.25);
    assert_eq!((s.best_trade, s.worst_trade), (Some(dollars(30.0)), Some(dollars(-10.0))));
    near(s.turnover, 204.5 / 102.0);
    near(s.exposure_time, 1.0);
    near(s.exposure_gross, 0.25 * (50.0 / 100.0 + 50.0 / 110.0 + 2.0 * 50.0 / 99.0));
}

#[test]
fn one_day_is_cut_into_minutes_and_nights_are_no_periods() {
    // 9:30:10, 9:30:50, 9:32:00 on Monday; 9:30:00 on Tuesday.
    let points = [
        point(OPEN + 10 * SECOND_NS, 100.0, 0.0),
        point(OPEN + 50 * SECOND_NS, 101.0, 0.0),
        point(OPEN + 120 * SECOND_NS, 102.01, 0.0),
        point(OPEN + DAY_NS, 102.01 * 1.1, 0.0),
    ];
    let made = period_returns(&points, dollars(100.0), &StatsConfig::default()).unwrap();
    assert_eq!((made.returns.len(), made.per_year), (4, 98_280.0));
    for (r, expected) in made.returns.iter().zip([0.01, 0.0, 0.01, 0.1]) {
        near(Some(*r), expected);
    }
}

#[test]
fn a_day_ends_at_midnight_in_new_york_across_the_change_of_clocks() {
    // Clocks go forward on 2026-03-08: midnight is 05:00 UTC before and 04:00 UTC after.
    let utc = |day: i64, hour: i64| (20_519 + day) * DAY_NS + hour * crate::types::HOUR_NS;
    let points: Vec<_> =
        [(0, 6), (1, 4), (1, 5), (2, 3), (2, 4)].iter().enumerate().map(|(i, (d, h))| point(utc(*d, *h), 100.0 + i as f64, 0.0)).collect();
    let config = StatsConfig { periods: Periods::Daily, ..StatsConfig::default() };
    let made = period_returns(&points, dollars(100.0), &config).unwrap();
    // Saturday 01:00 to 23:00; Sunday 00:00 to 23:00; Monday 00:00.
    assert_eq!(made.returns.len(), 3);
    near(Some(made.returns[1]), 103.0 / 101.0 - 1.0);
}

#[test]
fn every_figure_stands_in_the_table_in_its_order() {
    let doc = include_str!("../../../../docs/statistics.md");
    let names: Vec<_> =
        doc.lines().take_while(|l| !l.starts_with("## ")).filter_map(|l| l.strip_prefix("| `")?.split('`').next()).collect();
    let entries: Vec<_> = Summary::default().entries().iter().map(|(name, _)| *name).collect();
    // The last row, the number of market events, is the run's and not a figure of its result.
    assert_eq!(names.split_last(), Some((&"events", entries.as_slice())));
}

#[test]
fn an_account_that_never_traded_has_counts_and_no_ratios() {
    let totals = Totals { start_equity: dollars(100.0), ..Totals::default() };
    let flat: Vec<_> = (0..10).map(|d| point(OPEN + d * DAY_NS, 100.0, 0.0)).collect();
    for points in [&flat[..], &flat[..1], &[]] {
        let s = summarize(points, &[], &totals, &StatsConfig::default()).unwrap();
        assert_eq!((s.total_return, s.net_pnl), (Some(0.0), Money::ZERO));
        assert_eq!([s.sharpe, s.sortino, s.calmar, s.hit_rate, s.profit_factor, s.expectancy, s.payoff_ratio], [None; 7]);
        assert_eq!(s.max_drawdown_duration_ns, 0);
    }
}

#[test]
fn a_ruined_account_has_no_period_figures() {
    let points: Vec<_> =
        [50.0, 0.0, 10.0, -5.0, 5.0, 6.0].iter().enumerate().map(|(d, e)| point(OPEN + d as i64 * DAY_NS, *e, 1.0)).collect();
    let totals = Totals { start_equity: dollars(100.0), max_drawdown_tick: 1.05, ..Totals::default() };
    let s = summarize(&points, &[], &totals, &StatsConfig::default()).unwrap();
    assert_eq!((s.sharpe, s.periods, s.exposure_gross), (None, 0, None));
    near(s.max_drawdown_sampled, 1.05);
}

#[test]
fn impossible_settings_and_unsorted_points_are_refused_by_name() {
    let says = |config: StatsConfig, points: &[EquityPoint], word: &str| {
        let error = summarize(points, &[], &Totals { start_equity: dollars(1.0), ..Totals::default() }, &config).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    let good = StatsConfig::default();
    says(StatsConfig { trading_days: f64::NAN, ..good }, &[], "trading_days");
    says(StatsConfig { risk_free_annual: f64::INFINITY, ..good }, &[], "risk_free_annual");
    says(StatsConfig { session_ns_per_day: 0, ..good }, &[], "session_ns_per_day");
    says(StatsConfig { periods: Periods::Fixed { interval_ns: 1 }, ..good }, &[], "interval_ns");
    says(good, &[point(OPEN + 1, 1.0, 0.0), point(OPEN, 1.0, 0.0)], "equity point 1");
}

proptest! {
    #[test]
    fn returns_compound_to_the_total_and_nothing_is_nan(
        steps in proptest::collection::vec((1_i64..40_000, 50.0_f64..150.0, 0.0_f64..300.0), 1..80),
        pnl in proptest::collection::vec(-100.0_f64..100.0, 0..10),
        daily in any::<bool>(),
    ) {
        let mut ns = OPEN;
        let points: Vec<_> = steps.iter().map(|(gap, equity, gross)| { ns += gap * SECOND_NS; point(ns, *equity, *gross) }).collect();
        let trips: Vec<_> = pnl.iter().map(|p| trip(*p)).collect();
        let config = StatsConfig { periods: if daily { Periods::Daily } else { Periods::Fixed { interval_ns: 300 * SECOND_NS } }, ..StatsConfig::default() };
        let totals = Totals { start_equity: dollars(100.0), ..Totals::default() };
        let made = period_returns(&points, totals.start_equity, &config).unwrap();
        let s = summarize(&points, &trips, &totals, &config).unwrap();
        prop_assert!((total_return(&made.returns).unwrap() - s.total_return.unwrap()).abs() < 1e-9);
        for (name, value) in s.entries() {
            prop_assert!(value.is_none_or(f64::is_finite), "{} is {:?}", name, value);
        }
        prop_assert!(s.exposure_time.is_none_or(|x| (0.0..=1.0).contains(&x)));
        prop_assert!(s.max_drawdown_sampled.unwrap() + 1e-12 >= max_drawdown(&made.returns).unwrap());
    }
}
