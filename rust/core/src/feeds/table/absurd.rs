//! Prices far from the last good price of their instrument.
//!
//! A row outside the band is an outlier unless [`ROWS_TO_BELIEVE`] rows in a row agree on the new level, as they do after a
//! split, or the next good row lies nearer to them than to the last good one, as it does where the move is as large as the
//! band: then all of them are good. Cleaning twice gives what cleaning once gave.

use crate::types::InstrumentId;

/// Rows that must agree on a new level before it is believed.
pub(super) const ROWS_TO_BELIEVE: usize = 16;

/// The prices of one row, counts of 1e-9.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) instrument: InstrumentId,
    pub(super) low: i64,
    pub(super) high: i64,
    /// What later rows are measured against: a midpoint, a last price, a close.
    pub(super) reference: i64,
}

/// A row outside the band.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outlier {
    pub(super) row: u32,
    pub(super) last_good: i64,
}

/// A move to a new level that was believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) row: u32,
    pub(super) instrument: InstrumentId,
    pub(super) from: i64,
    pub(super) to: i64,
}

#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) outliers: Vec<Outlier>,
    pub(super) moves: Vec<Move>,
}

#[derive(Clone, Default)]
struct Level {
    last_good: i64,
    /// Rows outside the band that agree with each other.
    pending: Vec<u32>,
    pending_first: i64,
    pending_last: i64,
}

impl Level {
    /// Take the pending rows as good; there is at least one.
    fn believe(&mut self, instrument: InstrumentId) -> Move {
        let row = self.pending.first().copied().unwrap_or_default();
        self.pending.clear();
        Move { row, instrument, from: self.last_good, to: self.pending_first }
    }

    fn reject(&mut self, outliers: &mut Vec<Outlier>) {
        let last_good = self.last_good;
        outliers.extend(self.pending.drain(..).map(|row| Outlier { row, last_good }));
    }
}

/// Outliers among `rows`, in order, and the moves that were believed. Rows without a positive price are passed over.
pub(super) fn find(rows: impl Iterator<Item = Extent>, band: f64) -> Found {
    let mut found = Found::default();
    if band.is_infinite() {
        return found;
    }
    let within = |e: &Extent, level: i64| {
        let room = band * level as f64;
        (e.low as f64 - level as f64).abs() <= room && (e.high as f64 - level as f64).abs() <= room
    };
    let mut levels: Vec<Level> = Vec::new();
    for (row, e) in rows.enumerate() {
        if e.low <= 0 || e.reference <= 0 {
            continue;
        }
        let i = e.instrument.index();
        if i >= levels.len() {
            levels.resize(i + 1, Level::default());
        }
        let level = &mut levels[i];
        if level.last_good == 0 || within(&e, level.last_good) {
            let nearer = e.reference.abs_diff(level.pending_last) < e.reference.abs_diff(level.last_good);
            if !level.pending.is_empty() && nearer && within(&e, level.pending_last) {
                found.moves.push(level.believe(e.instrument));
            }
            level.reject(&mut found.outliers);
            level.last_good = e.reference;
            continue;
        }
        if level.pending.is_empty() || !within(&e, level.pending_last) {
            level.reject(&mut found.outliers);
            level.pending_first = e.reference;
        }
        level.pending.push(row as u32);
        level.pending_last = e.reference;
        if level.pending.len() == ROWS_TO_BELIEVE {
            found.moves.push(level.believe(e.instrument));
            level.last_good = e.reference;
        }
    }
    for level in &mut levels {
        level.reject(&mut found.outliers);
    }
    found.outliers.sort_unstable_by_key(|o| o.row);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find_in(prices: &[i64]) -> Found {
        find(prices.iter().map(|&p| Extent { instrument: InstrumentId(0), low: p, high: p, reference: p }), 0.5)
    }

    fn outliers(prices: &[i64]) -> Vec<u32> {
        find_in(prices).outliers.iter().map(|o| o.row).collect()
    }

    #[test]
    fn a_spike_is_an_outlier_and_the_rows_around_it_are_not() {
        assert_eq!(outliers(&[100, 101, 900, 99, 10, 10, 100]), [2, 4, 5]);
    }

    #[test]
    fn a_level_that_stays_is_believed_from_its_first_row() {
        let mut prices = vec![100; 5];
        prices.extend([20; ROWS_TO_BELIEVE]);
        let found = find_in(&prices);
        assert!(found.outliers.is_empty());
        assert_eq!(found.moves, [Move { row: 5, instrument: InstrumentId(0), from: 100, to: 20 }]);
        prices.pop();
        assert_eq!(outliers(&prices).len(), ROWS_TO_BELIEVE - 1);
    }

    #[test]
    fn a_move_as_large_as_the_band_is_believed_when_rows_at_its_edge_agree() {
        assert!(outliers(&[100, 49, 51, 49, 52]).is_empty());
        assert_eq!(outliers(&[100, 49, 99]), [1]);
        assert_eq!(outliers(&[100, 10, 52]), [1], "they do not agree with each other");
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(prices in prop::collection::vec(prop_oneof![3 => 90..110_i64, 1 => 1..1000_i64], 1..200)) {
            let bad = outliers(&prices);
            let clean: Vec<i64> = prices.iter().enumerate().filter(|(i, _)| !bad.contains(&(*i as u32))).map(|(_, &p)| p).collect();
            prop_assert!(outliers(&clean).is_empty());
        }
    }
}
