//! Smoothing of series that stand side by side: a row of all of them at once, eight to a group, equal to the last bit to each alone.
#![allow(clippy::inline_always, reason = "what is not inlined into `wide` is compiled for narrow registers")]

use super::{BLOCK, Smoother};
use crate::indicators::wide::wide;
use crate::indicators::window::all_finite;

/// Series in a group.
const GROUP: usize = 8;

/// Fewer series are not worth their rows' overhead.
const SERIES_MIN: usize = 32;

/// Numbers that are looked at for missing ones, and then worked on, while they are in the second-level cache.
const CELLS: usize = 1 << 14;

/// What a [`Smoother`] knows, of each series of a group.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    seed_sum: [f64; GROUP],
    before: [f64; GROUP],
    gap: [f64; GROUP],
    change: [f64; GROUP],
    /// Of the last two rows, in turn.
    pairs: [[f64; GROUP]; 2],
    half: [f64; GROUP],
}

/// As many equal smoothers as there are series; all of them are at the same row.
#[derive(Debug)]
pub(in crate::indicators) struct Smoothers {
    /// One of them, for what they have in common.
    one: Smoother,
    /// Which of the pairs is the older.
    turn: usize,
    groups: Vec<Group>,
}

impl Smoother {
    /// For `series` series, each as new as this.
    pub(in crate::indicators) fn beside(&self, series: usize) -> Smoothers {
        Smoothers { one: self.clone(), turn: 0, groups: vec![Group::default(); series.div_ceil(GROUP)] }
    }
}

impl Smoothers {
    /// `rows` rows go by before the first value.
    pub(in crate::indicators) fn skip(&mut self, rows: usize) {
        self.one.skip(rows);
    }

    /// As [`Smoother::update`] of each series' value.
    pub(in crate::indicators) fn row(&mut self, xs: &[f64], out: &mut [f64]) {
        let one = &mut self.one;
        let phase = one.phase % BLOCK;
        one.phase = (phase + 1) % BLOCK;
        let is_warm = one.seen == one.period;
        one.seen += usize::from(!is_warm);
        let (has_value, period) = (one.seen == one.period, one.period as f64);
        let ([keep, ..], power, of_before) = (one.powers, one.powers[phase], one.of_before(phase));
        let (turn, groups) = (self.turn, &mut self.groups);
        wide(
            #[inline(always)]
            || {
                if is_warm {
                    let weights = [keep, power];
                    each_group(
                        groups,
                        xs,
                        out,
                        #[inline(always)]
                        |group, x| group.step(x, weights, of_before, phase, turn),
                    );
                } else {
                    let seed = has_value.then_some((phase, turn));
                    each_group(
                        groups,
                        xs,
                        out,
                        #[inline(always)]
                        |group, x| group.warm_up(x, period, seed),
                    );
                }
            },
        );
        if has_value {
            self.turn = 1 - turn;
        }
    }
}

/// `work` over the series of each group; into a part of one, where the last has fewer.
#[inline(always)]
fn each_group(groups: &mut [Group], xs: &[f64], out: &mut [f64], work: impl Fn(&mut Group, [f64; GROUP]) -> [f64; GROUP]) {
    let ((whole, rest), (whole_out, rest_out)) = (xs.as_chunks(), out.as_chunks_mut());
    let (groups, last) = groups.split_at_mut(whole.len());
    for ((group, x), y) in groups.iter_mut().zip(whole).zip(whole_out) {
        *y = work(group, *x);
    }
    if let Some(group) = last.first_mut() {
        let mut x = [0.0; GROUP];
        x[..rest.len()].copy_from_slice(rest);
        rest_out.copy_from_slice(&work(group, x)[..rest.len()]);
    }
}

impl Group {
    /// Before the first value; or, of the row that is the seed's last, the mean, as if the block had begun without a gap and this row had
    /// added all of it.
    #[inline(always)]
    fn warm_up(&mut self, x: [f64; GROUP], period: f64, seed: Option<(usize, usize)>) -> [f64; GROUP] {
        for (sum, x) in self.seed_sum.iter_mut().zip(x) {
            *sum += x;
        }
        let Some((phase, turn)) = seed else { return [f64::NAN; GROUP] };
        let value = self.seed_sum.map(|sum| sum / period);
        let gap = std::array::from_fn(|i| value[i] - x[i]);
        self.note(x, gap, gap, turn);
        self.end(gap, gap, phase);
        value
    }

    #[inline(always)]
    fn note(&mut self, x: [f64; GROUP], change: [f64; GROUP], pair: [f64; GROUP], turn: usize) {
        (self.before, self.change, self.pairs[turn]) = (x, change, pair);
    }

    #[inline(always)]
    fn end(&mut self, added: [f64; GROUP], gap: [f64; GROUP], phase: usize) {
        match phase {
            3 => self.half = added,
            7 => self.gap = gap,
            _ => {}
        }
    }

    #[inline(always)]
    fn step(&mut self, x: [f64; GROUP], [keep, power]: [f64; 2], of_before: [f64; 3], phase: usize, turn: usize) -> [f64; GROUP] {
        let [one, two, half] = of_before;
        let ([mut change, mut pair], [mut added, mut gap], mut y) = ([[0.0; GROUP]; 2], [[0.0; GROUP]; 2], [0.0; GROUP]);
        let older = self.pairs[turn];
        for i in 0..GROUP {
            change[i] = keep * (self.before[i] - x[i]);
            pair[i] = one.mul_add(self.change[i], change[i]);
            added[i] = half.mul_add(self.half[i], two.mul_add(older[i], pair[i]));
            gap[i] = power.mul_add(self.gap[i], added[i]);
            y[i] = x[i] + gap[i];
        }
        self.note(x, change, pair, turn);
        self.end(added, gap, phase);
        y
    }
}

/// `work` over each row of `columns`, series side by side, and of `out`; false, and `out` of no worth, where a value counts as missing or
/// the series are too few.
pub(in crate::indicators) fn each_row<const I: usize>(
    columns: [&[f64]; I],
    series: usize,
    out: &mut [f64],
    mut work: impl FnMut([&[f64]; I], &mut [f64]),
) -> bool {
    if series < SERIES_MIN {
        return false;
    }
    let cells = (CELLS / series).max(1) * series;
    for (chunk, out) in out.chunks_mut(cells).enumerate() {
        let columns = columns.map(|c| &c[chunk * cells..][..out.len()]);
        if !columns.iter().all(|c| all_finite(c)) {
            return false;
        }
        for (row, out) in out.chunks_exact_mut(series).enumerate() {
            work(columns.map(|c| &c[row * series..][..series]), out);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn side_by_side_the_bits_are_those_of_each_series_alone(
            xs in prop::collection::vec(prop_oneof![9 => -1e3..1e3_f64, 1 => Just(-0.0), 1 => Just(0.0)], 0..4000),
            series in 1_usize..60, period in 1_usize..40, skipped in 0_usize..20,
        ) {
            let mut fresh = Smoother::exponential(period);
            fresh.skip(skipped);
            let (mut together, mut alone) = (fresh.beside(series), vec![fresh; series]);
            let mut out = vec![0.0; series];
            for row in xs.chunks_exact(series) {
                together.row(row, &mut out);
                let wanted: Vec<u64> = alone.iter_mut().zip(row).map(|(one, &x)| one.update(x).to_bits()).collect();
                prop_assert_eq!(out.iter().map(|y| y.to_bits()).collect::<Vec<_>>(), wanted);
            }
        }
    }
}
