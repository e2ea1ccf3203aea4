//! Against the true range: the vortex indicator and the choppiness index.

use crate::indicators::average::line::{Composed, Line, Range, Sum, each_pair, is_zero, true_range};
use crate::indicators::catalog::{Description, period, whole};
use crate::indicators::scratch::Columns;
use crate::indicators::study::{State, Streaming};

/// Upward and downward vortex movement in true ranges.
#[derive(Clone, Debug)]
struct Vortex {
    last: [f64; 3],
    /// Of upward movement, of downward movement and of true ranges.
    sums: [Sum; 3],
}

impl Composed<3, 2> for Vortex {
    fn lookback(&self) -> usize {
        self.sums[0].period()
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 3], [plus, minus]: [&mut [f64]; 2]) {
        let mut room = Columns::new(3, plus.len());
        let [ups, downs, ranges] = room.split();
        each_pair(&mut self.last, columns, |i, [high, low, _], [then_high, then_low, then]| {
            ups[i] = (high - then_low).abs();
            downs[i] = (low - then_high).abs();
            ranges[i] = true_range(high, low, then);
        });
        let [up, down, range] = &mut self.sums;
        up.follow(ups, plus);
        down.follow(downs, minus);
        // The upward movements have been taken: their place is free.
        let total = ups;
        range.follow(ranges, total);
        for ((plus, minus), &range) in plus.iter_mut().zip(minus).zip(&*total) {
            let (up, down) = (*plus / range, *minus / range);
            (*plus, *minus) = if is_zero(range) { (0.0, 0.0) } else { (up, down) };
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        self.sums.iter_mut().for_each(|sum| Line::visit(sum, state));
    }
}

/// How much of the way taken leads nowhere.
#[derive(Clone, Debug)]
struct Choppiness {
    last: [f64; 3],
    way: Sum,
    range: Range,
    scale: f64,
}

impl Composed<3, 1> for Choppiness {
    fn lookback(&self) -> usize {
        self.way.lookback() + 1
    }

    #[inline]
    fn block<const N: usize>(&mut self, columns: [&[f64]; 3], [out]: [&mut [f64]; 1]) {
        let (mut ranges, mut top, mut bottom) = ([0.0; N], [0.0; N], [0.0; N]);
        let n = out.len();
        let (ranges, top, bottom) = (&mut ranges[..n], &mut top[..n], &mut bottom[..n]);
        each_pair(&mut self.last, columns, |i, [high, low, _], [_, _, then]| ranges[i] = true_range(high, low, then));
        self.way.follow(ranges, out);
        self.range.follow(columns[0], columns[1], top, bottom);
        for ((y, &top), &bottom) in out.iter_mut().zip(&*top).zip(&*bottom) {
            let range = top - bottom;
            *y = if y.is_nan() {
                f64::NAN
            } else if range > 0.0 {
                self.scale * libm::log10(*y / range)
            } else {
                0.0
            };
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        state.numbers(&mut self.last);
        Line::visit(&mut self.way, state);
        self.range.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "vortex",
        title: "Vortex indicator",
        inputs: &["high", "low", "close"],
        parameters: &[period(14)],
        outputs: &["plus_vi", "minus_vi"],
        first_row: "period",
        formula: "Σ |high − low[1]| ÷ Σ true range and Σ |low − high[1]| ÷ Σ true range over period rows; 0 where there is no range",
        source: "E. Botes and D. Siepman (2010); TA-Lib VORTEX",
        make: |p| Ok(Box::new(Streaming::new(Vortex { last: [f64::NAN; 3], sums: std::array::from_fn(|_| Sum::new(p.whole(0))) }))),
    },
    Description {
        name: "choppiness",
        title: "Choppiness index",
        inputs: &["high", "low", "close"],
        parameters: &[whole("period", 14, 2)],
        outputs: &["choppiness"],
        first_row: "period",
        formula: "100·log10(Σ true range ÷ (highest high − lowest low)) ÷ log10(period) over period rows; 0 where there is no range",
        source: "E. Dreiss (1993)",
        make: |p| {
            let period = p.whole(0);
            Ok(Box::new(Streaming::new(Choppiness {
                last: [f64::NAN; 3],
                way: Sum::new(period),
                range: Range::new(period),
                scale: 100.0 / libm::log10(period as f64),
            })))
        },
    },
];
