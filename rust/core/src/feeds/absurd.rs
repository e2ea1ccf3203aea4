//! Prices far from the last good price of their instrument.
//!
//! A row outside the band is an outlier unless [`ROWS_TO_BELIEVE`] rows in a row agree on the new level, as they do after a
//! split, or the next good row lies nearer to them than to the last good one, as it does where the move is as large as the
//! band: then all of them are good. Within one batch, cleaning twice gives what cleaning once gave.
//!
//! The band is a fraction of the last good price and, if wished, a multiple of σ besides: σ² is the running mean of the squared
//! moves from one good price to the next, over the last 64 or so, each taken as at most 4 σ so that one bad print cannot widen the
//! band, and never below one basis point. An instrument's first 32 good prices have the fraction alone.

use crate::types::InstrumentId;

/// Rows that must agree on a new level before it is believed.
pub(super) const ROWS_TO_BELIEVE: usize = 16;
/// Good rows before σ counts.
const ROWS_TO_LEARN: u32 = 32;
/// Weight of the newest squared move in σ².
const SIGMA_WEIGHT: f64 = 1.0 / 64.0;
/// Most of σ that one move counts as.
const MOVE_SIGMAS_MAX: f64 = 4.0;
/// Smallest σ: one basis point.
const SIGMA_MIN: f64 = 1e-4;

/// The prices of one row, counts of 1e-9.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) instrument: InstrumentId,
    pub(super) low: i64,
    pub(super) high: i64,
    /// What later rows are measured against: a midpoint, a last price, a close.
    pub(super) reference: i64,
    /// Whether later rows may be measured against it.
    pub(super) leads: bool,
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

#[derive(Clone, Debug, Default)]
struct Level {
    last_good: i64,
    variance: f64,
    learned: u32,
    /// Rows outside the band that agree with each other; those of earlier batches are counted alone.
    pending: Vec<u32>,
    pending_before: usize,
    pending_first: i64,
    pending_last: i64,
}

impl Level {
    fn is_pending(&self) -> bool {
        self.pending_before + self.pending.len() > 0
    }

    /// Take the pending rows as good.
    fn believe(&mut self, instrument: InstrumentId, row: u32) -> Move {
        let row = self.pending.first().copied().unwrap_or(row);
        self.pending.clear();
        self.pending_before = 0;
        Move { row, instrument, from: self.last_good, to: self.pending_first }
    }

    fn reject(&mut self, outliers: &mut Vec<Outlier>) {
        let last_good = self.last_good;
        self.pending_before = 0;
        outliers.extend(self.pending.drain(..).map(|row| Outlier { row, last_good }));
    }

    fn good(&mut self, reference: i64) {
        if self.last_good > 0 {
            let mut step = (reference as f64 - self.last_good as f64).abs() / self.last_good as f64;
            if self.learned >= ROWS_TO_LEARN {
                step = step.min(MOVE_SIGMAS_MAX * self.variance.sqrt().max(SIGMA_MIN));
            }
            let weight = SIGMA_WEIGHT.max(1.0 / f64::from(self.learned + 1));
            self.variance += weight * (step * step - self.variance);
            self.learned = self.learned.saturating_add(1);
        }
        self.last_good = reference;
    }
}

/// The last good price of each instrument, by id.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    band: f64,
    sigmas: f64,
    levels: Vec<Level>,
}

impl Levels {
    /// Outside `band`, a fraction, or outside `sigmas`, a multiple of σ, is absurd; infinity switches either off.
    pub(super) const fn new(band: f64, sigmas: f64) -> Self {
        Self { band, sigmas, levels: Vec::new() }
    }

    pub(super) const fn is_off(&self) -> bool {
        self.band.is_infinite() && self.sigmas.is_infinite()
    }

    /// Judge row `row`. One without a positive price is passed over.
    #[inline]
    pub(super) fn take(&mut self, row: u32, e: &Extent, found: &mut Found) {
        if e.low <= 0 || e.reference <= 0 {
            return;
        }
        let i = e.instrument.index();
        if i >= self.levels.len() {
            self.levels.resize(i + 1, Level::default());
        }
        let level = &mut self.levels[i];
        let mut band = self.band;
        if self.sigmas.is_finite() && level.learned >= ROWS_TO_LEARN {
            band = band.min(self.sigmas * level.variance.sqrt().max(SIGMA_MIN));
        }
        let within = |level: i64| {
            let room = band * level as f64;
            (e.low as f64 - level as f64).abs() <= room && (e.high as f64 - level as f64).abs() <= room
        };
        if level.last_good == 0 || within(level.last_good) {
            if !e.leads {
                return;
            }
            if level.is_pending() {
                let nearer = e.reference.abs_diff(level.pending_last) < e.reference.abs_diff(level.last_good);
                if nearer && within(level.pending_last) {
                    found.moves.push(level.believe(e.instrument, row));
                }
                level.reject(&mut found.outliers);
            }
            level.good(e.reference);
            return;
        }
        if !e.leads {
            found.outliers.push(Outlier { row, last_good: level.last_good });
            return;
        }
        if !level.is_pending() || !within(level.pending_last) {
            level.reject(&mut found.outliers);
            level.pending_first = e.reference;
        }
        level.pending.push(row);
        level.pending_last = e.reference;
        if level.pending_before + level.pending.len() == ROWS_TO_BELIEVE {
            found.moves.push(level.believe(e.instrument, row));
            level.good(e.reference);
        }
    }

    /// The batch is over: what is still in doubt is an outlier, and goes on to be counted.
    pub(super) fn finish_batch(&mut self, found: &mut Found) {
        for level in &mut self.levels {
            if !level.pending.is_empty() {
                let before = level.pending_before + level.pending.len();
                level.reject(&mut found.outliers);
                level.pending_before = before;
            }
        }
        found.outliers.sort_unstable_by_key(|o| o.row);
    }
}

/// Outliers among `rows`, in order, and the moves that were believed.
pub(super) fn find(rows: impl Iterator<Item = Extent>, band: f64) -> Found {
    let mut found = Found::default();
    let mut levels = Levels::new(band, f64::INFINITY);
    if levels.is_off() {
        return found;
    }
    for (row, e) in rows.enumerate() {
        levels.take(row as u32, &e, &mut found);
    }
    levels.finish_batch(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find_in(prices: &[i64]) -> Found {
        find(prices.iter().map(|&p| Extent { instrument: InstrumentId(0), low: p, high: p, reference: p, leads: true }), 0.5)
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

    #[test]
    fn a_move_of_many_sigmas_is_an_outlier_and_a_quiet_market_has_a_floor() {
        let mut prices: Vec<i64> = (0..100).map(|i| 100_000 + if i % 2 == 0 { 0 } else { 100 }).collect();
        prices.extend([103_000, 100_000, 100_300, 100_000]);
        let mut found = Found::default();
        let mut levels = Levels::new(0.5, 10.0);
        for (row, &p) in prices.iter().enumerate() {
            levels.take(row as u32, &Extent { instrument: InstrumentId(0), low: p, high: p, reference: p, leads: true }, &mut found);
        }
        levels.finish_batch(&mut found);
        assert_eq!(found.outliers.iter().map(|o| o.row).collect::<Vec<_>>(), [100], "3 % is 30 sigma of 10 basis points, 0.3 % is 3");
        let still = |p: i64| Extent { instrument: InstrumentId(1), low: p, high: p, reference: p, leads: true };
        (0..50).for_each(|row| levels.take(row, &still(100_000), &mut found));
        found.outliers.clear();
        levels.take(50, &still(100_050), &mut found);
        levels.finish_batch(&mut found);
        assert!(found.outliers.is_empty(), "5 basis points after no move at all");
    }

    #[test]
    fn a_new_level_is_believed_across_batches() {
        let mut levels = Levels::new(0.5, f64::INFINITY);
        let mut outliers = 0;
        for (i, price) in std::iter::once(100).chain([20; 20]).enumerate() {
            let mut found = Found::default();
            levels.take(
                i as u32,
                &Extent { instrument: InstrumentId(0), low: price, high: price, reference: price, leads: true },
                &mut found,
            );
            levels.finish_batch(&mut found);
            outliers += found.outliers.len();
        }
        assert_eq!(outliers, ROWS_TO_BELIEVE - 1, "rows of a batch of one cannot wait for the next");
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
