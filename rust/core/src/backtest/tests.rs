//! The order of events, the absence of lookahead, and determinism of whole runs.

use super::*;
use crate::bars::BarSpec;
use crate::engine::{EngineConfig, Fill};
use crate::event::{ActionBatch, ActionKind, Bar, BarBatch, CorporateAction, MarketEvent, Quote, QuoteBatch, Trade, TradeBatch};
use crate::feeds::MarketData;
use crate::ledger::EquityPoint;
use crate::order::{OrderRequest, TimeInForce};
use crate::risk::RiskLimits;
use crate::strategy::{Context, Interest, NodeSpec, Rules, RulesSpec, Size, Strategy};
use crate::types::{HOUR_NS, InstrumentId, MINUTE_NS, OrderId, Price, Qty, Random, Result, SECOND_NS, Side, Timestamp};
use crate::venue::{Fees, VenueConfig};
use std::sync::{Arc, Mutex};

/// Monday, 2013-10-07, 09:30 in New York.
const OPEN: i64 = 1_381_152_600 * SECOND_NS;
const I: InstrumentId = InstrumentId(0);

fn at(ns: i64) -> Timestamp {
    Timestamp::from_nanos(OPEN + ns)
}

fn px(x: f64) -> Price {
    Price::from_f64(x).unwrap()
}

fn sh(n: i64) -> Qty {
    Qty::from_whole(n).unwrap()
}

fn quote(ns: i64, mid: f64) -> Quote {
    let (bid, ask) = (px(mid - 0.01), px(mid + 0.01));
    Quote { ts: at(ns), instrument: I, bid, ask, bid_size: sh(10_000), ask_size: sh(10_000), flags: 0 }
}

fn trade(ns: i64, price: f64) -> Trade {
    Trade { ts: at(ns), instrument: I, price: px(price), size: sh(10_000), flags: 0 }
}

fn bar(start: i64, end: i64, [open, high, low, close]: [f64; 4]) -> Bar {
    let [open, high, low, close] = [open, high, low, close].map(px);
    Bar { ts: at(end), start: at(start), instrument: I, open, high, low, close, volume: sh(10_000), flags: 0 }
}

fn market(quotes: &[Quote], trades: &[Trade], bars: &[Bar]) -> MarketData {
    let mut data = MarketData::default();
    data.instruments.intern("TEST").unwrap();
    macro_rules! fill {
        ($rows:ident, $batch:ident) => {
            if !$rows.is_empty() {
                let mut batch = $batch::default();
                for row in $rows {
                    batch.push(*row);
                }
                data.$rows.push(batch);
            }
        };
    }
    fill!(quotes, QuoteBatch);
    fill!(trades, TradeBatch);
    fill!(bars, BarBatch);
    data
}

struct Each<F> {
    interest: Interest,
    bars: Option<BarSpec>,
    act: F,
}

impl<F: FnMut(&MarketEvent, &mut Context<'_>) -> Result<()> + Send> Strategy for Each<F> {
    fn name(&self) -> &'static str {
        "each"
    }

    fn interest(&self) -> Interest {
        self.interest
    }

    fn on_start(&mut self, context: &mut Context<'_>) -> Result<()> {
        if let Some(spec) = self.bars {
            context.subscribe_bars(None, spec);
        }
        Ok(())
    }

    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        (self.act)(event, context)
    }
}

const EVERY: fn() -> Interest = || Interest::QUOTES | Interest::TRADES | Interest::BARS | Interest::ACTIONS;

fn each(act: impl FnMut(&MarketEvent, &mut Context<'_>) -> Result<()> + Send + 'static) -> Vec<Box<dyn Strategy>> {
    vec![Box::new(Each { interest: EVERY(), bars: None, act })]
}

fn go(data: &MarketData, strategies: Vec<Box<dyn Strategy>>, config: &BacktestConfig) -> BacktestResult {
    run(data, strategies, config, &mut |_, _, _| Ok(())).unwrap()
}

fn with_latency(ns: i64) -> BacktestConfig {
    let venue = VenueConfig { order_latency_ns: ns, report_latency_ns: ns, ..VenueConfig::default() };
    BacktestConfig { venue, ..BacktestConfig::default() }
}

/// Latency of orders alone.
fn arriving_after(ns: i64) -> BacktestConfig {
    let venue = VenueConfig { order_latency_ns: ns, ..VenueConfig::default() };
    BacktestConfig { venue, ..BacktestConfig::default() }
}

/// Buys once, at the first event that `when` picks.
fn buy_at(when: impl Fn(&MarketEvent) -> bool + Send + 'static) -> Vec<Box<dyn Strategy>> {
    let mut done = false;
    each(move |event, context| {
        if !done && when(event) {
            done = true;
            context.submit(OrderRequest::market(I, Side::Buy, sh(10)));
        }
        Ok(())
    })
}

// --- cheats that must fail -----------------------------------------------------------------------------------------------

#[test]
fn an_order_at_the_close_of_a_bar_gets_the_open_of_the_next_and_nothing_of_its_own() {
    let bars = [bar(0, 60, [10.0, 10.5, 9.5, 10.2]), bar(60, 120, [11.0, 11.5, 10.5, 11.2]), bar(120, 180, [12.0, 12.5, 11.5, 12.2])];
    let data = market(&[], &[], &bars);
    let result = go(&data, buy_at(|e| e.ts() == at(120)), &BacktestConfig::default());
    assert_eq!(result.fills[0].price, px(12.0));
    // A limit at its own bar's low does not reach back for it.
    let mut done = false;
    let greedy = each(move |event, context| {
        if let MarketEvent::Bar(bar) = event
            && !std::mem::replace(&mut done, true)
        {
            context.submit(OrderRequest::limit(I, Side::Buy, sh(10), bar.low));
        }
        Ok(())
    });
    assert!(go(&data, greedy, &BacktestConfig::default()).fills.is_empty());
}

#[test]
fn with_latency_an_order_on_bars_arrives_after_the_open_and_gets_the_close() {
    let data = market(&[], &[], &[bar(0, 60, [10.0, 10.5, 9.5, 10.2]), bar(60, 120, [11.0, 11.5, 10.5, 11.2])]);
    let result = go(&data, buy_at(|_| true), &arriving_after(1));
    assert_eq!((result.fills[0].price, result.fills[0].ts), (px(11.2), at(120)));
}

#[test]
fn a_price_that_stood_before_the_arrival_is_out_of_reach() {
    // The strategy sees 10.00 at 0; its order arrives at 50, when 12.00 stands.
    let data = market(&[quote(0, 10.0), quote(49, 11.0), quote(50, 12.0), quote(51, 9.0)], &[], &[]);
    for (latency, price) in [(0, 10.01), (48, 10.01), (49, 11.01), (50, 12.01), (51, 9.01)] {
        let result = go(&data, buy_at(|_| true), &arriving_after(latency));
        assert_eq!(result.fills[0].price, px(price), "latency {latency}");
        assert_eq!(result.fills[0].ts, at(latency));
    }
    let prints = market(&[], &[trade(0, 10.0), trade(49, 11.0), trade(50, 12.0), trade(60, 13.0)], &[]);
    for (latency, price) in [(0, 11.0), (48, 11.0), (49, 12.0), (50, 13.0)] {
        let result = go(&prints, buy_at(|_| true), &arriving_after(latency));
        assert_eq!(result.fills[0].price, px(price), "latency {latency}");
    }
}

#[test]
fn events_of_one_moment_all_stand_before_an_order_that_one_of_them_caused() {
    let data = market(&[quote(0, 10.0), quote(0, 11.0), quote(0, 12.0), quote(5, 1.0)], &[], &[]);
    let result = go(&data, buy_at(|_| true), &BacktestConfig::default());
    assert_eq!(result.fills[0].price, px(12.01), "the last of the moment, not the one that was seen");
}

#[test]
fn built_bars_come_at_their_end_and_hold_nothing_from_beyond() {
    let random = &mut Random::new(3);
    let mut ns = 0;
    let trades: Vec<Trade> = (0..2_000)
        .map(|_| {
            ns += random.below(20 * SECOND_NS as u64) as i64 / SECOND_NS * SECOND_NS;
            trade(ns, 10.0 + random.below(100) as f64 / 100.0)
        })
        .collect();
    for text in ["1m", "5m", "10 ticks", "50000 shares"] {
        let seen: Arc<Mutex<Vec<(Timestamp, Bar)>>> = Arc::default();
        let told = Arc::clone(&seen);
        let act = move |event: &MarketEvent, context: &mut Context<'_>| {
            if let MarketEvent::Bar(bar) = event {
                told.lock().unwrap().push((context.view.now, *bar));
            }
            Ok(())
        };
        let strategy = Box::new(Each { interest: Interest::NONE, bars: Some(BarSpec::parse(text).unwrap()), act });
        go(&market(&[], &trades, &[]), vec![strategy], &BacktestConfig::default());
        let seen = seen.lock().unwrap();
        assert!(seen.len() > 30, "{text}");
        for (now, bar) in seen.iter() {
            assert_eq!(*now, bar.ts, "{text}: told at its end");
            if text.ends_with('m') {
                let inside: Vec<Price> = trades.iter().filter(|t| t.ts >= bar.start && t.ts < bar.ts).map(|t| t.price).collect();
                assert_eq!((inside.first(), inside.last()), (Some(&bar.open), Some(&bar.close)), "{text} at {now}");
                assert_eq!((inside.iter().max(), inside.iter().min()), (Some(&bar.high), Some(&bar.low)), "{text} at {now}");
            }
        }
    }
}

// --- the future changes nothing --------------------------------------------------------------------------------------------

/// Does something at random with what it sees; the same for the same sights.
fn gambler(seed: u64) -> Vec<Box<dyn Strategy>> {
    let mut random = Random::new(seed);
    let mut last: Option<OrderId> = None;
    each(move |event, context| {
        let near = context.view.top(event.instrument())?.reference().unwrap_or(px(10.0));
        // What it sees decides too: a peek at another future would show.
        if random.chance(0.15) || near.raw() % 70_000_000 == 0 {
            let side = if random.chance(0.5) { Side::Buy } else { Side::Sell };
            let price = Price::from_raw(near.raw() / 10_000_000 * 10_000_000 + (random.below(11) as i64 - 5) * 10_000_000);
            let mut request = match random.below(3) {
                0 => OrderRequest::market(I, side, sh(1 + random.below(20) as i64)),
                _ => OrderRequest::limit(I, side, sh(1 + random.below(20) as i64), price),
            };
            request.tif = if random.chance(0.3) { TimeInForce::Gtc } else { TimeInForce::Day };
            last = Some(context.submit(request));
        }
        if let Some(id) = last
            && random.chance(0.1)
        {
            context.cancel(id)?;
        }
        Ok(())
    })
}

fn ema_rules(has: (bool, bool, bool), bars: Option<&str>, periods: [f64; 2]) -> Vec<Box<dyn Strategy>> {
    let node = |op: &str, args: &[usize], params: &[f64]| NodeSpec { op: op.to_owned(), args: args.to_vec(), params: params.to_vec() };
    let nodes = vec![
        node("source:price", &[], &[]),
        node("ema", &[0], &[periods[0]]),
        node("ema", &[0], &[periods[1]]),
        node("cross_above", &[1, 2], &[]),
        node("cross_below", &[1, 2], &[]),
    ];
    let spec = RulesSpec {
        name: "ema".to_owned(),
        symbols: None,
        on: crate::strategy::Driver::Auto,
        bars: bars.map(|b| BarSpec::parse(b).unwrap()),
        nodes,
        entry: Some(3),
        exit: Some(4),
        short_entry: Some(4),
        short_exit: Some(3),
        size: Size::Fraction(0.5),
        stop_loss: Some(0.01),
        take_profit: None,
        has,
    };
    vec![Box::new(Rules::new(spec).unwrap())]
}

/// 600 events of each kind asked for, one walk after event `turn` of seed `a` and another of seed `b`; times are the same.
fn walk(kinds: (bool, bool, bool), turn: usize, seeds: [u64; 2]) -> MarketData {
    let (mut quotes, mut trades, mut bars) = (Vec::new(), Vec::new(), Vec::new());
    let mut times = Random::new(99);
    let [mut random, future] = seeds.map(|s| Random::stream(s, &[7]));
    let (mut ns, mut price, mut start) = (0, 10.0_f64, 0);
    for step in 0..600 {
        if step == turn {
            random = future.clone();
        }
        ns += (1 + times.below(20)) as i64 * SECOND_NS + if times.below(100) == 0 { 20 * HOUR_NS } else { 0 };
        price = ((price * (1.0 + 0.002 * random.normal())) * 100.0).round() / 100.0;
        if kinds.0 {
            quotes.push(quote(ns, price));
        }
        if kinds.1 {
            trades.push(trade(ns, price + 0.01 * (random.below(3) as f64 - 1.0)));
        }
        if kinds.2 {
            let open = price + 0.01 * random.below(4) as f64;
            bars.push(bar(start, ns, [open, open.max(price) + 0.02, open.min(price) - 0.02, price]));
            start = ns;
        }
    }
    market(&quotes, &trades, &bars)
}

type Known = (Vec<Fill>, Vec<EquityPoint>, Vec<(OrderId, Timestamp, Qty)>);

fn before(result: &BacktestResult, t: Timestamp) -> Known {
    (
        result.fills.iter().filter(|f| f.recv <= t).copied().collect(),
        result.equity.iter().filter(|p| p.ts <= t).copied().collect(),
        result.orders.iter().filter(|o| o.submitted <= t).map(|o| (o.id, o.submitted, o.qty)).collect(),
    )
}

#[test]
fn what_happens_later_changes_nothing_that_happened_before() {
    type Make = fn((bool, bool, bool), u64) -> Vec<Box<dyn Strategy>>;
    let strategies: [Make; 3] =
        [|_, seed| gambler(seed), |has, _| ema_rules(has, None, [3.0, 8.0]), |has, _| ema_rules(has, Some("5m"), [2.0, 4.0])];
    let limits = RiskLimits { max_drawdown: Some(0.2), max_position_qty: Some(sh(20_000)), ..RiskLimits::default() };
    let venue = |latency: i64| VenueConfig {
        order_latency_ns: latency,
        report_latency_ns: latency,
        jitter_ns: latency,
        fees: Fees::Notional { parts_per_billion: 100_000 },
        slippage_ppb: 100_000,
        ..VenueConfig::default()
    };
    let (mut compared, mut differ) = (0, 0);
    for kinds in [(false, true, false), (false, false, true), (true, false, false), (true, true, false), (true, false, true)] {
        for (which, make) in strategies.iter().enumerate() {
            if which == 2 && kinds.2 && !kinds.0 {
                continue; // irregular bars fill no grid of five minutes
            }
            let has = (kinds.2, kinds.0, kinds.1);
            for (seed, latency) in [(1, 0), (2, 3 * SECOND_NS)] {
                let engine = EngineConfig { limits: limits.clone(), ..EngineConfig::default() };
                let config = BacktestConfig { engine, venue: venue(latency), equity_every_ns: 1, ..BacktestConfig::default() };
                let whole = go(&walk(kinds, usize::MAX, [seed, 0]), make(has, seed), &config);
                for turn in [1, 40, 133, 299, 300, 450, 599] {
                    let data = walk(kinds, turn, [seed, 1_000 + turn as u64]);
                    let other = go(&data, make(has, seed), &config);
                    let times = if kinds.2 {
                        &data.bars[0].ts
                    } else if kinds.0 {
                        &data.quotes[0].ts
                    } else {
                        &data.trades[0].ts
                    };
                    let t = times[turn].plus(-1);
                    let (here, there) = (before(&whole, t), before(&other, t));
                    assert_eq!(here, there, "{kinds:?} strategy {which} seed {seed} turn {turn}");
                    compared += here.0.len() + here.1.len();
                    differ += usize::from(whole.digest != other.digest);
                }
            }
        }
    }
    assert!(compared > 20_000 && differ > 150, "the comparison is empty: {compared} records, {differ} runs that differ later");
}

#[test]
fn cutting_the_data_off_changes_nothing_that_happened_before() {
    for kinds in [(true, true, false), (false, false, true)] {
        let data = walk(kinds, usize::MAX, [5, 0]);
        let config = BacktestConfig { equity_every_ns: 1, ..with_latency(SECOND_NS) };
        let whole = go(&data, gambler(5), &config);
        for end in [100, 250, 599] {
            let times = if kinds.0 { &data.quotes[0].ts } else { &data.bars[0].ts };
            let cut = go(&data, gambler(5), &BacktestConfig { end: times[end], ..config.clone() });
            let t = cut.equity.last().unwrap().ts.plus(-1);
            assert_eq!(before(&cut, t), before(&whole, t), "{kinds:?} until event {end}");
        }
    }
}

// --- order of events, determinism ------------------------------------------------------------------------------------------

#[test]
fn events_merge_by_time_then_kind_then_batch() {
    let mut data = market(&[quote(0, 1.0), quote(5, 1.0)], &[trade(0, 2.0), trade(5, 2.0)], &[bar(-5, 0, [3.0; 4]), bar(0, 5, [3.0; 4])]);
    let mut more = QuoteBatch::default();
    for q in [quote(0, 4.0), quote(3, 4.0), quote(5, 4.0)] {
        more.push(q);
    }
    data.quotes.push(more);
    let mut actions = ActionBatch::default();
    actions.push(CorporateAction { ts: at(5), instrument: I, kind: ActionKind::Split { new_shares_per_old: 2.0 } });
    data.actions.push(actions);
    let mut merge = Merge::new(&data, Timestamp::MIN, Timestamp::MAX).unwrap();
    let mut told = Vec::new();
    while let Some(peek) = merge.peek() {
        let event = merge.next().unwrap();
        assert_eq!(event.ts(), peek);
        let what = match event {
            MarketEvent::Action(_) => "action",
            MarketEvent::Quote(q) if q.bid > px(3.0) => "second quotes",
            MarketEvent::Quote(_) => "first quotes",
            MarketEvent::Trade(_) => "trade",
            MarketEvent::Bar(_) => "bar",
            MarketEvent::Book(_) | MarketEvent::Status(_) => "not asked for",
        };
        told.push((peek.since(at(0)), what));
    }
    let expected = [
        (0, "first quotes"),
        (0, "second quotes"),
        (0, "trade"),
        (0, "bar"),
        (3, "second quotes"),
        (5, "action"),
        (5, "first quotes"),
        (5, "second quotes"),
        (5, "trade"),
        (5, "bar"),
    ];
    assert_eq!(told, expected);
    assert_eq!((merge.remaining(), merge.next()), (0, None));
}

#[test]
fn a_merge_of_many_batches_is_the_stable_sort_of_all() {
    let random = &mut Random::new(11);
    for _ in 0..300 {
        let mut data = market(&[], &[], &[]);
        let mut expected = Vec::new();
        for batch in 0..=random.below(6) {
            let (mut trades, mut ns) = (TradeBatch::default(), 0);
            for _ in 0..random.below(30) {
                ns += random.below(4) as i64;
                trades.push(trade(ns, 1.0 + batch as f64));
            }
            expected.extend((0..trades.len()).map(|i| trades.get(i)));
            data.trades.push(trades);
        }
        let (start, end) = (at(random.below(10) as i64), at(20 + random.below(60) as i64));
        expected.retain(|t| t.ts >= start && t.ts < end);
        expected.sort_by_key(|t| t.ts);
        let mut merge = Merge::new(&data, start, end).unwrap();
        assert_eq!(merge.remaining(), expected.len());
        let merged: Vec<MarketEvent> = std::iter::from_fn(|| merge.next()).collect();
        assert_eq!(merged, expected.into_iter().map(MarketEvent::Trade).collect::<Vec<_>>());
    }
}

#[test]
fn an_unsorted_batch_is_refused() {
    let data = market(&[quote(5, 1.0), quote(0, 1.0)], &[], &[]);
    let error = run(&data, buy_at(|_| true), &BacktestConfig::default(), &mut |_, _, _| Ok(())).unwrap_err().to_string();
    assert!(error.contains("sort the batch by time"), "{error}");
}

#[test]
fn the_same_run_gives_the_same_digest_and_another_another() {
    let data = walk((true, true, false), usize::MAX, [4, 0]);
    let jitter =
        |seed| BacktestConfig { venue: VenueConfig { jitter_ns: SECOND_NS, seed, ..VenueConfig::default() }, ..BacktestConfig::default() };
    let digest = |strategy, seed| go(&data, gambler(strategy), &jitter(seed)).digest;
    assert_eq!(digest(1, 1), digest(1, 1));
    assert_ne!(digest(1, 1), digest(2, 1), "another strategy");
    assert_ne!(digest(1, 1), digest(1, 2), "another jitter");
    // Two halves in two batches are the same events as one.
    let mut halves = data.clone();
    let (all, mut parts) = (halves.quotes.remove(0), [QuoteBatch::default(), QuoteBatch::default()]);
    (0..all.len()).for_each(|i| parts[usize::from(i >= all.len() / 2)].push(all.get(i)));
    for order in [[0, 1], [1, 0]] {
        halves.quotes = order.iter().map(|&i| parts[i].clone()).collect();
        assert_eq!(go(&halves, gambler(1), &jitter(1)).digest, digest(1, 1), "{order:?}");
    }
}

// --- the loop ----------------------------------------------------------------------------------------------------------------

#[test]
fn an_expiry_is_told_when_it_happens() {
    struct Day {
        told: Arc<Mutex<Vec<(Timestamp, &'static str)>>>,
    }
    impl Strategy for Day {
        fn name(&self) -> &'static str {
            "day"
        }
        fn interest(&self) -> Interest {
            Interest::QUOTES
        }
        fn on_market(&mut self, _: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
            if context.view.orders.is_empty() {
                context.submit(OrderRequest::limit(I, Side::Buy, sh(1), px(1.0)));
            }
            Ok(())
        }
        fn on_order(&mut self, update: &crate::engine::OrderUpdate, context: &mut Context<'_>) -> Result<()> {
            self.told.lock().unwrap().push((context.view.now, update.order.status().as_str()));
            Ok(())
        }
    }
    let told: Arc<Mutex<Vec<_>>> = Arc::default();
    let close = 6 * HOUR_NS + 30 * MINUTE_NS;
    let data = market(&[quote(0, 10.0), quote(HOUR_NS, 10.0), quote(24 * HOUR_NS, 10.0)], &[], &[]);
    let result = go(&data, vec![Box::new(Day { told: Arc::clone(&told) })], &with_latency(10));
    assert_eq!(*told.lock().unwrap(), [(at(20), "new"), (at(close + 10), "expired")]);
    assert_eq!(result.orders[0].updated, at(close + 10));
}

#[test]
fn commands_that_arrive_within_the_data_are_worked_on_and_later_ones_are_not() {
    let data = market(&[quote(0, 10.0), quote(100, 10.0)], &[], &[]);
    let fills = |latency| go(&data, buy_at(|e| e.ts() == at(0)), &with_latency(latency)).fills.len();
    assert_eq!((fills(49), fills(50), fills(51)), (1, 1, 0), "the report of a fill is under way as long as the order was");
}

#[test]
fn start_and_end_cut_the_data_and_impossible_spans_are_refused() {
    let data = market(&[quote(0, 10.0), quote(100, 10.0), quote(200, 10.0)], &[], &[]);
    let spanned = |start, end| {
        run(&data, buy_at(|_| true), &BacktestConfig { start, end, ..BacktestConfig::default() }, &mut |_, _, _| Ok(()))
            .map(|r| r.events)
            .map_err(|e| e.to_string())
    };
    assert_eq!(spanned(at(100), at(200)), Ok(1));
    assert_eq!(spanned(at(1), Timestamp::MAX), Ok(2));
    assert!(spanned(at(100), at(100)).unwrap_err().starts_with("start: "));
    assert!(spanned(at(500), Timestamp::MAX).unwrap_err().contains("no events between start and end"));
    let config = BacktestConfig { equity_every_ns: 0, ..BacktestConfig::default() };
    assert!(run(&data, buy_at(|_| true), &config, &mut |_, _, _| Ok(())).unwrap_err().to_string().starts_with("equity_every"));
}

#[test]
fn the_equity_curve_starts_with_the_cash_and_ends_with_the_last_event() {
    let data = walk((true, true, false), usize::MAX, [8, 0]);
    let result = go(&data, gambler(8), &BacktestConfig::default());
    assert_eq!(result.equity[0].equity, result.start_equity);
    assert_eq!(result.equity.last().unwrap().ts, *data.quotes[0].ts.last().unwrap());
    assert!(result.equity.windows(2).all(|w| w[0].ts < w[1].ts));
    let minutes: Vec<i64> = result.equity[1..result.equity.len() - 1].iter().map(|p| p.ts.nanos().div_euclid(MINUTE_NS)).collect();
    assert!(minutes.windows(2).all(|w| w[0] < w[1]), "one point a minute");
}

#[test]
fn progress_can_end_a_run() {
    let data = walk((true, false, false), usize::MAX, [8, 0]);
    let stop = |_: u64, _: u64, ts: Timestamp| Err(crate::types::Error::Interrupted { at: ts.to_string() });
    let error = run(&data, gambler(8), &BacktestConfig::default(), &mut { stop }).unwrap_err();
    assert!(error.to_string().starts_with("interrupted at event time 2013-10-"), "{error}");
}

#[test]
fn joined_data_give_the_events_of_their_merged_copy() {
    let random = &mut Random::new(5);
    for _ in 0..100 {
        let parts: Vec<std::sync::Arc<MarketData>> = (0..=random.below(4))
            .map(|part| {
                let mut data = MarketData::default();
                // Parts know some symbols in an order of their own.
                for s in 0..3 {
                    data.instruments.intern(&format!("S{}", (s * (1 + part % 2) + part) % 5)).unwrap();
                }
                let (mut trades, mut ns) = (TradeBatch::default(), 0);
                for _ in 0..random.below(30) {
                    ns += random.below(4) as i64;
                    let instrument = InstrumentId(random.below(data.instruments.len() as u64) as u32);
                    trades.push(Trade { instrument, ..trade(ns, 1.0 + part as f64) });
                }
                data.trades.push(trades);
                std::sync::Arc::new(data)
            })
            .collect();
        let joined = crate::feeds::Joined::new(parts).unwrap();
        let copy = joined.to_data().unwrap();
        assert_eq!(joined.instruments().symbols(), copy.instruments.symbols());
        let (start, end) = (at(random.below(10) as i64), at(20 + random.below(60) as i64));
        let mut ours = Merge::new(&joined, start, end).unwrap();
        let mut theirs = Merge::new(&copy, start, end).unwrap();
        assert_eq!(ours.remaining(), theirs.remaining());
        while let Some(event) = theirs.next() {
            assert_eq!(ours.next(), Some(event));
        }
        assert_eq!(ours.next(), None);
        assert_eq!(super::sources_of(&joined), super::sources_of(&copy));
    }
}
