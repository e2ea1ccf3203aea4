//! Events of one stream beside those of another in time.
//!
//! [`last_at_or_before`] is the as-of join: for each row the last row of another stream that was known by then, per instrument, in one
//! pass over both. [`sides`] tells who took the initiative in each trade. [`resample`] puts quotes on a grid of times.

use crate::event::{QuoteBatch, TradeBatch};
use crate::types::{Error, InstrumentId, Result, Timestamp};

/// Most points of a grid.
const GRID_POINTS_MAX: i64 = 1 << 28;

fn sorted(ts: &[Timestamp], name: &str) -> Result<()> {
    match ts.windows(2).position(|w| w[1] < w[0]) {
        None => Ok(()),
        Some(row) => Err(Error::data(format!("{name}: row {}", row + 2), "is before the row above; sort by time first")),
    }
}

/// For each row of `ts` the index of the last row of `other` with the same instrument at or before it, not older than
/// `tolerance_ns`; −1 where there is none. Both are sorted by time.
pub fn last_at_or_before(
    ts: &[Timestamp],
    instruments: &[InstrumentId],
    other_ts: &[Timestamp],
    other_instruments: &[InstrumentId],
    tolerance_ns: Option<i64>,
) -> Result<Vec<i64>> {
    if tolerance_ns.is_some_and(|ns| ns < 0) {
        return Err(Error::config("tolerance", "is below zero; give a time, or none for any age"));
    }
    sorted(ts, "left")?;
    sorted(other_ts, "right")?;
    let ids = instruments.iter().chain(other_instruments).map(|id| id.index() + 1).max().unwrap_or(0);
    let mut last = vec![-1_i64; ids];
    let mut next = 0;
    let found = ts.iter().zip(instruments).map(|(&t, id)| {
        while next < other_ts.len() && other_ts[next] <= t {
            last[other_instruments[next].index()] = next as i64;
            next += 1;
        }
        let at = last[id.index()];
        match (usize::try_from(at), tolerance_ns) {
            (Ok(row), Some(ns)) if t.since(other_ts[row]) > ns => -1,
            _ => at,
        }
    });
    Ok(found.collect())
}

/// Who took the initiative in each trade: 1 the buyer, −1 the seller, 0 not known; `quotes` holds the quote index of each trade.
///
/// Lee and Ready (1991): above the midpoint the buyer, below it the seller; at the midpoint, or without a sound quote, the tick test:
/// above the instrument's last different price the buyer, below it the seller. Trades whose `aggressor` the source tells keep it.
pub fn sides(trades: &TradeBatch, quotes: &QuoteBatch, at: &[i64]) -> Vec<i8> {
    let ids = trades.instrument.iter().map(|id| id.index() + 1).max().unwrap_or(0);
    // Last price and the side that the tick test gave it.
    let mut last = vec![(0_i64, 0_i8); ids];
    (0..trades.len())
        .map(|i| {
            let price = trades.price[i].raw();
            let (before, tick) = &mut last[trades.instrument[i].index()];
            if *before != 0 && price != *before {
                *tick = if price > *before { 1 } else { -1 };
            }
            *before = price;
            if let Some(&told) = trades.aggressor.get(i)
                && told != 0
            {
                return told;
            }
            let quote = at.get(i).and_then(|&q| usize::try_from(q).ok()).filter(|&q| q < quotes.len());
            let by_quote = quote.map_or(0, |q| {
                let (bid, ask) = (quotes.bid[q].raw(), quotes.ask[q].raw());
                if bid <= 0 || ask < bid {
                    return 0;
                }
                // Twice the price against twice the midpoint, in more bits than either.
                match (2 * i128::from(price)).cmp(&(i128::from(bid) + i128::from(ask))) {
                    std::cmp::Ordering::Greater => 1,
                    std::cmp::Ordering::Less => -1,
                    std::cmp::Ordering::Equal => 0,
                }
            });
            if by_quote == 0 { *tick } else { by_quote }
        })
        .collect()
}

/// The quotes in force at `start`, `start + step_ns`, … up to and including `end`: for each point and each instrument that had one by
/// then a row whose time is the point. Quotes older than `tolerance_ns` at a point are left out.
pub fn resample(quotes: &QuoteBatch, start: Timestamp, end: Timestamp, step_ns: i64, tolerance_ns: Option<i64>) -> Result<QuoteBatch> {
    if step_ns <= 0 {
        return Err(Error::config("step", "must be a time above zero"));
    }
    if end < start {
        return Err(Error::config("end", format!("{end} is before start {start}")));
    }
    if end.since(start) / step_ns >= GRID_POINTS_MAX {
        return Err(Error::config("step", format!("gives more than {GRID_POINTS_MAX} points; make it longer or the span shorter")));
    }
    sorted(&quotes.ts, "quotes")?;
    let ids = quotes.instrument.iter().map(|id| id.index() + 1).max().unwrap_or(0);
    let mut last: Vec<Option<usize>> = vec![None; ids];
    let (mut out, mut next, mut point) = (QuoteBatch::default(), 0, start);
    loop {
        while next < quotes.len() && quotes.ts[next] <= point {
            last[quotes.instrument[next].index()] = Some(next);
            next += 1;
        }
        for &row in last.iter().flatten() {
            if tolerance_ns.is_none_or(|ns| point.since(quotes.ts[row]) <= ns) {
                out.push_from(quotes, row);
                if let Some(ts) = out.ts.last_mut() {
                    *ts = point;
                }
            }
        }
        if end.since(point) < step_ns {
            return Ok(out);
        }
        point = point.plus(step_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Quote, Trade};
    use crate::types::Price;
    use proptest::prelude::*;

    fn stream() -> impl Strategy<Value = Vec<(i64, u32)>> {
        prop::collection::vec((0..50_i64, 0..3_u32), 0..60).prop_map(|mut v| {
            v.sort_by_key(|row| row.0);
            v
        })
    }

    fn columns(rows: &[(i64, u32)]) -> (Vec<Timestamp>, Vec<InstrumentId>) {
        rows.iter().map(|&(t, id)| (Timestamp::from_nanos(t), InstrumentId(id))).unzip()
    }

    proptest! {
        #[test]
        fn the_join_is_the_last_row_that_a_search_of_all_finds(left in stream(), right in stream(), tolerance in prop::option::of(0..20_i64)) {
            let ((ts, ids), (other_ts, other_ids)) = (columns(&left), columns(&right));
            let found = last_at_or_before(&ts, &ids, &other_ts, &other_ids, tolerance).unwrap();
            for (i, &(t, id)) in left.iter().enumerate() {
                let expected = right.iter().rposition(|&(u, other)| other == id && u <= t);
                let expected = expected.filter(|&row| tolerance.is_none_or(|ns| t - right[row].0 <= ns));
                prop_assert_eq!(found[i], expected.map_or(-1, |row| row as i64));
            }
        }

        #[test]
        fn a_grid_holds_what_the_join_finds_at_its_points(rows in stream(), step in 1..9_i64, end in 0..60_i64) {
            let mut quotes = QuoteBatch::default();
            for (i, &(t, id)) in rows.iter().enumerate() {
                quotes.push(Quote { ts: Timestamp::from_nanos(t), instrument: InstrumentId(id), bid: Price::from_raw(i as i64), ..Quote::default() });
            }
            let grid = resample(&quotes, Timestamp::from_nanos(0), Timestamp::from_nanos(end), step, None).unwrap();
            let mut expected = Vec::new();
            for point in (0..=end).step_by(step as usize) {
                for id in 0..3 {
                    if let Some(row) = rows.iter().rposition(|&(t, other)| other == id && t <= point) {
                        expected.push((point, id, row as i64));
                    }
                }
            }
            let got: Vec<_> = (0..grid.len()).map(|i| (grid.ts[i].nanos(), grid.instrument[i].0, grid.bid[i].raw())).collect();
            prop_assert_eq!(got, expected);
        }
    }

    #[test]
    fn the_side_is_by_the_midpoint_and_at_it_by_the_last_change() {
        let mut trades = TradeBatch::default();
        for price in [11, 9, 10, 10, 10] {
            trades.push(Trade { price: Price::from_raw(price), ..Trade::default() });
        }
        let mut quotes = QuoteBatch::default();
        quotes.push(Quote { bid: Price::from_raw(8), ask: Price::from_raw(12), ..Quote::default() });
        assert_eq!(sides(&trades, &quotes, &[0, 0, 0, 0, -1]), [1, -1, 1, 1, 1]);
        assert_eq!(sides(&trades, &quotes, &[-1; 5]), [0, -1, 1, 1, 1]);
        trades.aggressor = vec![-1, 0, 0, 0, 0];
        assert_eq!(sides(&trades, &quotes, &[0; 5])[0], -1, "what the source tells");
    }

    #[test]
    fn unsorted_rows_and_senseless_settings_are_refused() {
        let t = |ns: &[i64]| ns.iter().map(|&n| Timestamp::from_nanos(n)).collect::<Vec<_>>();
        let ids = [InstrumentId(0); 2];
        assert!(last_at_or_before(&t(&[2, 1]), &ids, &[], &[], None).unwrap_err().to_string().starts_with("left: row 2"));
        assert!(last_at_or_before(&t(&[1, 2]), &ids, &t(&[2, 1]), &ids, None).is_err());
        assert!(last_at_or_before(&[], &[], &[], &[], Some(-1)).is_err());
        let none = QuoteBatch::default();
        assert!(resample(&none, Timestamp::from_nanos(0), Timestamp::MAX, 1, None).is_err(), "a grid without end");
        assert!(resample(&none, Timestamp::from_nanos(0), Timestamp::from_nanos(5), 0, None).is_err());
    }
}
