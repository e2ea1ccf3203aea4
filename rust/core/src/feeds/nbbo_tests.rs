use super::*;
use proptest::prelude::*;

/// Time, instrument, venue, bid, bid size, ask, ask size.
type Row = (i64, u32, u8, i64, i64, i64, i64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let price = || prop_oneof![1 => Just(0_i64), 6 => 95..106_i64];
    prop::collection::vec((0..4_i64, 0..2_u32, 0..5_u8, price(), 0..5_i64, price(), 0..5_i64), 1..120).prop_map(|mut rows| {
        let mut now = 0;
        for row in &mut rows {
            now += row.0;
            row.0 = now;
        }
        rows
    })
}

fn batch(rows: &[Row]) -> QuoteBatch {
    let mut out = QuoteBatch::default();
    for &(ts, id, venue, bid, bid_size, ask, ask_size) in rows {
        out.push(Quote {
            ts: Timestamp::from_nanos(ts),
            instrument: InstrumentId(id),
            bid: Price::from_raw(bid),
            ask: Price::from_raw(ask),
            bid_size: Qty::from_raw(bid_size),
            ask_size: Qty::from_raw(ask_size),
            flags: 0,
        });
        out.bid_venue.push(b'A' + venue);
        out.ask_venue.push(b'A' + venue);
    }
    out
}

/// The best of one side over every venue's last row, looked for anew at every row: price, first size, sum, venue.
fn naive_side(history: &[Row], now: i64, bids: bool, empty: EmptySide, age_max: i64) -> (i64, i64, i64, u8) {
    // Per venue: price, size, since which row at this price, when last told.
    let mut levels: [Option<(i64, i64, usize, i64)>; 5] = [None; 5];
    for (n, row) in history.iter().enumerate() {
        // What has grown too old by the time of this row is gone for good.
        for level in &mut levels {
            *level = level.filter(|l| row.0 - l.3 <= age_max);
        }
        let (price, size) = if bids { (row.3, row.4) } else { (row.5, row.6) };
        let level = &mut levels[usize::from(row.2)];
        if price == 0 && size == 0 && empty == EmptySide::Unchanged {
            continue;
        }
        *level = if price == 0 || size == 0 {
            None
        } else {
            let since = level.filter(|l| l.0 == price).map_or(n, |l| l.2);
            Some((price, size, since, row.0))
        };
    }
    let live = || levels.iter().enumerate().filter_map(|(v, l)| Some((v, (*l)?))).filter(|(_, l)| now - l.3 <= age_max);
    let best = if bids { live().map(|(_, l)| l.0).max() } else { live().map(|(_, l)| l.0).min() };
    let Some(best) = best else { return (0, 0, 0, 0) };
    let there: Vec<_> = live().filter(|(_, l)| l.0 == best).collect();
    let first = there.iter().min_by_key(|(_, l)| l.2).unwrap();
    (best, first.1.1, there.iter().map(|(_, l)| l.1).sum(), b'A' + first.0 as u8)
}

proptest! {
    #[test]
    fn the_best_is_that_of_a_search_of_all_venues_at_every_row(
        rows in rows(), sum in any::<bool>(), unchanged in any::<bool>(), age_max in prop_oneof![Just(i64::MAX), 1..30_i64], cut in 1..120_usize,
    ) {
        let config = NbboConfig {
            size: if sum { SizeRule::Sum } else { SizeRule::FirstVenue },
            empty: if unchanged { EmptySide::Unchanged } else { EmptySide::Withdrawn },
            age_max_ns: age_max,
            ..NbboConfig::default()
        };
        let mut consolidator = Consolidator::new(config).unwrap();
        let mut out = QuoteBatch::default();
        for part in rows.chunks(cut) {
            consolidator.push(&batch(part), &mut out).unwrap();
        }
        let mut expected = Vec::new();
        let mut shown = [(0, 0, 0, 0, 0, 0); 2];
        for n in 0..rows.len() {
            let (now, id) = (rows[n].0, rows[n].1);
            let history: Vec<Row> = rows[..=n].iter().filter(|r| r.1 == id).copied().collect();
            let (bid, ask) = (naive_side(&history, now, true, config.empty, age_max), naive_side(&history, now, false, config.empty, age_max));
            let sizes = if sum { (bid.2, ask.2) } else { (bid.1, ask.1) };
            let best = (bid.0, sizes.0, ask.0, sizes.1, bid.3, ask.3);
            if best != shown[id as usize] {
                shown[id as usize] = best;
                expected.push((now, id, best));
            }
        }
        let got: Vec<_> = (0..out.len())
            .map(|i| {
                let q = out.get(i);
                let best = (q.bid.raw(), q.bid_size.raw(), q.ask.raw(), q.ask_size.raw(), out.bid_venue[i], out.ask_venue[i]);
                (q.ts.nanos(), q.instrument.0, best)
            })
            .collect();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn dropping_the_older_side_leaves_nothing_crossed_but_within_a_row(rows in rows()) {
        let rows: Vec<Row> = rows.into_iter().filter(|r| r.3 == 0 || r.5 == 0 || r.3 <= r.5).collect();
        let mut out = QuoteBatch::default();
        let config = NbboConfig { crossing: Crossing::DropOlder, ..NbboConfig::default() };
        Consolidator::new(config).unwrap().push(&batch(&rows), &mut out).unwrap();
        prop_assert!((0..out.len()).all(|i| out.flags[i] & FLAG_CROSSED == 0));
        let mut held = QuoteBatch::default();
        let config = NbboConfig { crossing: Crossing::Hold, ..NbboConfig::default() };
        Consolidator::new(config).unwrap().push(&batch(&rows), &mut held).unwrap();
        prop_assert!((0..held.len()).all(|i| held.ask[i].is_zero() || held.bid[i] <= held.ask[i]));
    }
}

#[test]
fn a_crossed_market_is_flagged_held_or_mended() {
    let rows = [(0, 0, 0, 100, 1, 102, 1), (1, 0, 1, 103, 1, 104, 1), (2, 0, 0, 100, 1, 103, 1)];
    let run = |crossing| {
        let mut consolidator = Consolidator::new(NbboConfig { crossing, ..NbboConfig::default() }).unwrap();
        let mut out = QuoteBatch::default();
        consolidator.push(&batch(&rows), &mut out).unwrap();
        assert_eq!(consolidator.report().events as usize, out.len());
        (0..out.len()).map(|i| (out.bid[i].raw(), out.ask[i].raw(), out.flags[i])).collect::<Vec<_>>()
    };
    assert_eq!(run(Crossing::Flag), [(100, 102, 0), (103, 102, FLAG_CROSSED), (103, 103, FLAG_LOCKED)]);
    assert_eq!(run(Crossing::Hold), [(100, 102, 0), (103, 103, FLAG_LOCKED)]);
    assert_eq!(run(Crossing::DropOlder), [(100, 102, 0), (103, 104, 0), (103, 103, FLAG_LOCKED)]);
}

#[test]
fn rows_without_venues_out_of_order_or_of_too_many_venues_are_refused() {
    let mut consolidator = Consolidator::new(NbboConfig::default()).unwrap();
    let mut out = QuoteBatch::default();
    let mut plain = batch(&[(0, 0, 0, 1, 1, 2, 1)]);
    plain.bid_venue.clear();
    assert!(consolidator.push(&plain, &mut out).unwrap_err().to_string().contains("do not name their venues"));
    consolidator.push(&batch(&[(5, 0, 0, 1, 1, 2, 1)]), &mut out).unwrap();
    assert!(consolidator.push(&batch(&[(4, 0, 0, 1, 1, 2, 1)]), &mut out).is_err());
    let many: Vec<Row> = (0..=VENUES_MAX as u8).map(|v| (9, 0, v, 1, 1, 2, 1)).collect();
    assert!(consolidator.push(&batch(&many), &mut out).unwrap_err().to_string().contains("more than 64 venues"));
    assert!(Consolidator::new(NbboConfig { age_max_ns: 0, ..NbboConfig::default() }).is_err());
}
