use super::*;
use crate::event::TradeBatch;
use crate::types::{MINUTE_NS, SECOND_NS};
use proptest::prelude::*;

const ONE: InstrumentId = InstrumentId(0);

fn trade(ts_ns: i64, price: i64, size: i64) -> Trade {
    let whole = |x| Price::from_whole(x).unwrap();
    Trade { ts: Timestamp::from_nanos(ts_ns), instrument: ONE, price: whole(price), size: Qty::from_whole(size).unwrap(), flags: 0 }
}

fn all(trades: &[Trade], spec: &str) -> Vec<Bar> {
    let mut aggregator = Aggregator::new(BarSpec::parse(spec).unwrap(), ONE).unwrap();
    let mut out = Vec::new();
    for t in trades {
        aggregator.on_trade(t, &mut out).unwrap();
    }
    out.extend(aggregator.finish());
    out
}

fn coarser(bars: &[Bar], spec: &str) -> Vec<Bar> {
    let mut aggregator = Aggregator::new(BarSpec::parse(spec).unwrap(), ONE).unwrap();
    let mut out = Vec::new();
    for b in bars {
        aggregator.on_bar(b, &mut out).unwrap();
    }
    out.extend(aggregator.finish());
    out
}

fn trades() -> impl Strategy<Value = Vec<Trade>> {
    let flags = prop_oneof![6 => Just(0), 1 => Just(FLAG_NO_LAST), 1 => Just(FLAG_NO_VOLUME), 1 => Just(FLAG_NO_LAST | FLAG_NO_VOLUME),
        2 => Just(FLAG_EXTENDED), 1 => Just(FLAG_SUSPICIOUS | FLAG_EXTENDED)];
    prop::collection::vec((0..40 * SECOND_NS, 90_i64..110, 0_i64..500, 0_u32..3, flags), 0..300).prop_map(|rows| {
        let mut ts = 1_380_000_000 * SECOND_NS;
        rows.into_iter()
            .map(|(gap, price, size, id, flags)| {
                ts += gap;
                Trade { instrument: InstrumentId(id), flags, ..trade(ts, price, size) }
            })
            .collect()
    })
}

fn of_one(trades: &[Trade]) -> Vec<Trade> {
    trades.iter().map(|t| Trade { instrument: ONE, ..*t }).collect()
}

fn counted(trades: &[Trade]) -> i64 {
    trades.iter().filter(|t| t.flags & FLAG_NO_VOLUME == 0).map(|t| t.size.raw()).sum()
}

const SPECS: [&str; 6] = ["1s", "1m", "1h", "7 ticks", "250 shares", "20000 dollars"];

proptest! {
    #[test]
    fn volume_is_conserved_and_prices_are_ordered(rows in trades(), spec in prop::sample::select(&SPECS)) {
        let rows = of_one(&rows);
        let bars = all(&rows, spec);
        prop_assert_eq!(bars.iter().map(|b| b.volume.raw()).sum::<i64>(), counted(&rows));
        for pair in bars.windows(2) {
            prop_assert!(pair[0].ts <= pair[1].ts && pair[0].start <= pair[1].start);
        }
        for bar in &bars {
            prop_assert!(bar.high >= bar.open.max(bar.close) && bar.low <= bar.open.min(bar.close) && bar.start <= bar.ts);
        }
    }

    #[test]
    fn minutes_of_seconds_are_minutes_of_trades(rows in trades()) {
        let rows = of_one(&rows);
        let seconds = all(&rows, "1s");
        let unmarked: Vec<Bar> = seconds.iter().map(|b| Bar { flags: b.flags & !FLAG_PARTIAL, ..*b }).collect();
        for spec in ["5s", "1m", "1h", "1d"] {
            let plain = |bars: Vec<Bar>| -> Vec<Bar> { bars.into_iter().map(|b| Bar { flags: b.flags & !FLAG_PARTIAL, ..b }).collect() };
            prop_assert_eq!(plain(coarser(&unmarked, spec)), plain(all(&rows, spec)), "{}", spec);
        }
    }

    #[test]
    fn a_mixed_batch_gives_each_instruments_own_bars(rows in trades(), spec in prop::sample::select(&SPECS)) {
        let mut batch = TradeBatch::default();
        for &t in &rows {
            batch.push(t);
        }
        let bars = aggregate(&batch, BarSpec::parse(spec).unwrap()).unwrap();
        prop_assert!(bars.first_unsorted().is_none());
        for id in (0..3).map(InstrumentId) {
            let own: Vec<Trade> = rows.iter().filter(|t| t.instrument == id).copied().collect();
            let mut expected = all(&of_one(&own), spec);
            for b in &mut expected {
                b.instrument = id;
            }
            let got: Vec<Bar> = (0..bars.len()).map(|i| bars.get(i)).filter(|b| b.instrument == id).collect();
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn volume_bars_hold_exactly_their_shares(rows in trades()) {
        let bars = all(&of_one(&rows), "250 shares");
        let (last, whole) = bars.split_last().map_or((None, &bars[..]), |(l, w)| (Some(l), w));
        prop_assert!(whole.iter().all(|b| b.volume == Qty::from_whole(250).unwrap()));
        prop_assert!(last.is_none_or(|b| b.volume <= Qty::from_whole(250).unwrap()));
    }

    #[test]
    fn the_clock_closes_a_bar_no_differently_than_the_next_trade(rows in trades()) {
        let rows = of_one(&rows);
        let mut aggregator = Aggregator::new(BarSpec::MINUTE, ONE).unwrap();
        let mut out = Vec::new();
        for t in &rows {
            let due = aggregator.next_close();
            prop_assert!(aggregator.on_time(due.plus(-1)).is_none());
            if due <= t.ts {
                let bar = aggregator.on_time(due);
                prop_assert_eq!(bar.map(|b| b.ts), Some(due));
                out.extend(bar);
                prop_assert_eq!(aggregator.next_close(), Timestamp::MAX);
            }
            aggregator.on_trade(t, &mut out).unwrap();
        }
        out.extend(aggregator.finish());
        prop_assert_eq!(out, all(&rows, "1m"));
    }

    #[test]
    fn text_survives_the_round_trip(n in 1_i64..1_000_000) {
        for unit in ["ns", "ms", "s", "m", " ticks", " shares", " dollars"] {
            let Ok(spec) = BarSpec::parse(&format!("{n}{unit}")) else { continue };
            prop_assert_eq!(BarSpec::parse(&spec.to_string()).unwrap(), spec);
        }
    }
}

#[test]
fn a_trade_at_the_end_belongs_to_the_next_bar() {
    let bars = all(&[trade(MINUTE_NS - 1, 10, 1), trade(MINUTE_NS, 11, 2)], "1m");
    assert_eq!((bars[0].close, bars[0].ts.nanos()), (Price::from_whole(10).unwrap(), MINUTE_NS));
    assert_eq!((bars[1].open, bars[1].start.nanos()), (Price::from_whole(11).unwrap(), MINUTE_NS));
    assert_eq!((bars[0].flags & FLAG_PARTIAL, bars[1].flags & FLAG_PARTIAL), (0, FLAG_PARTIAL));
}

#[test]
fn a_trade_that_must_not_move_the_last_price_moves_only_volume() {
    let no_last = |t: Trade| Trade { flags: FLAG_NO_LAST, ..t };
    let bars = all(&[trade(0, 10, 1), no_last(trade(1, 99, 5)), no_last(trade(MINUTE_NS, 1, 7)), trade(2 * MINUTE_NS, 12, 1)], "1m");
    let ten = Price::from_whole(10).unwrap();
    assert_eq!((bars[0].high, bars[0].volume), (ten, Qty::from_whole(6).unwrap()));
    assert_eq!((bars[1].open, bars[1].low, bars[1].volume, bars[1].flags), (ten, ten, Qty::from_whole(7).unwrap(), FLAG_NO_LAST));
    assert_eq!(bars[2].flags, FLAG_PARTIAL);
}

#[test]
fn a_large_trade_is_split_over_volume_bars() {
    let bars = all(&[trade(0, 10, 60), trade(1, 11, 250)], "100 shares");
    let shares: Vec<i64> = bars.iter().map(|b| b.volume.raw() / 1_000_000_000).collect();
    assert_eq!(shares, [100, 100, 100, 10]);
    assert_eq!(bars[0].open, Price::from_whole(10).unwrap());
    assert!(bars[1..].iter().all(|b| b.open == Price::from_whole(11).unwrap() && b.start.nanos() == 1));
}

#[test]
fn an_offset_moves_the_grid() {
    let mut aggregator = Aggregator::new(BarSpec::parse("1d").unwrap(), ONE).unwrap().with_offset_ns(4 * 3600 * SECOND_NS);
    aggregator.on_trade(&trade(3600 * SECOND_NS, 10, 1), &mut Vec::new()).unwrap();
    assert_eq!(aggregator.next_close().nanos(), 4 * 3600 * SECOND_NS);
}

#[test]
fn what_cannot_be_is_refused_with_place_and_remedy() {
    for bad in
        ["", "m", "0m", "-1m", "1.5m", "400d", "1 fortnight", "0 ticks", "0 shares", "-5 dollars", "1e3 shares", "99999999999999999999s"]
    {
        assert!(BarSpec::parse(bad).unwrap_err().to_string().starts_with("bars: "), "{bad}");
    }
    let fresh = |spec: &str| Aggregator::new(BarSpec::parse(spec).unwrap(), ONE).unwrap();
    let mut out = Vec::new();
    let mut minute = fresh("1m");
    minute.on_trade(&trade(10, 1, 1), &mut out).unwrap();
    assert!(minute.on_trade(&trade(9, 1, 1), &mut out).unwrap_err().to_string().contains("sort by time"));
    assert!(minute.on_trade(&trade(11, 1, -1), &mut out).unwrap_err().to_string().contains("not negative"));
    assert!(minute.on_trade(&Trade { instrument: InstrumentId(7), ..trade(11, 1, 1) }, &mut out).is_err());
    let hour = Bar { start: Timestamp::from_nanos(0), ts: Timestamp::from_nanos(60 * MINUTE_NS), ..Bar::default() };
    assert!(fresh("1m").on_bar(&hour, &mut out).unwrap_err().to_string().contains("reaches over"));
    assert!(fresh("5 ticks").on_bar(&hour, &mut out).is_err());
    assert!(fresh("5 shares").on_quote_mid(Timestamp::from_nanos(0), Price::ZERO, &mut out).is_err());
    assert!(fresh("0.000000001 shares").on_trade(&trade(0, 1, 1), &mut out).unwrap_err().to_string().contains("larger bars"));
    let huge = Trade { size: Qty::MAX, ..trade(0, 1, 1) };
    let mut day = fresh("1d");
    day.on_trade(&huge, &mut out).unwrap();
    assert!(matches!(day.on_trade(&huge, &mut out), Err(Error::Overflow { .. })));
    let mut batch = TradeBatch::default();
    batch.push(Trade { instrument: InstrumentId(u32::MAX), ..trade(0, 1, 1) });
    assert!(aggregate(&batch, BarSpec::MINUTE).unwrap_err().to_string().contains("row 0"));
    assert!(out.is_empty());
}

#[test]
fn extreme_times_do_not_wrap() {
    for ts in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX] {
        let bars = all(&[trade(ts, 10, 1)], "1d");
        assert_eq!(bars.len(), 1);
        assert!(bars[0].start.nanos() <= ts && bars[0].ts.nanos() >= ts);
    }
}

#[test]
fn bars_are_named_with_the_count_before_or_after_the_unit() {
    for (one, other) in
        [("tick:500", "500 ticks"), ("volume:10000", "10000 shares"), ("dollar:1000000", "1000000 dollars"), ("volume:0.5", "0.5 shares")]
    {
        assert_eq!(BarSpec::parse(one).unwrap(), BarSpec::parse(other).unwrap(), "{one}");
    }
    for bad in ["tick:", "tick:0", "tick:1.5", "ticks:5", "volume:-1", "dollar:x", "1m:5", ":5", "tick:500 ticks"] {
        assert!(BarSpec::parse(bad).unwrap_err().to_string().starts_with("bars: "), "{bad}");
    }
}
