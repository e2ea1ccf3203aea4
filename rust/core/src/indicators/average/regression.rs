//! The straight line of least squares through the last `period` values, and what is read from it.

use super::sums::{Sums, Totals, Weighted};
use crate::indicators::catalog::{Description, whole};
use crate::indicators::study::{State, Streaming, Study};

/// What is read from the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Its height this many rows after the oldest.
    Height(usize),
    /// Its rise a row.
    Slope,
    /// Its angle in degrees.
    Angle,
}

/// A regression on the row number, 0 for the oldest.
#[derive(Clone, Debug)]
struct Regression<R> {
    reading: R,
    sums: Sums<Weighted, 1, 2>,
}

/// A reading known when compiling, so that the loop over a batch is made for it.
trait Read: Copy + std::fmt::Debug + Send + Sync + 'static {
    const READING: fn(usize) -> Reading;
}

macro_rules! readings {
    ($($name:ident, $reading:expr, $doc:literal;)*) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Copy, Debug)]
            struct $name;

            impl Read for $name {
                const READING: fn(usize) -> Reading = $reading;
            }
        )*
    };
}

readings! {
    Newest, |period| Reading::Height(period - 1), "Height at the newest row.";
    Next, Reading::Height, "Height at the row to come.";
    Oldest, |_| Reading::Height(0), "Height at the oldest row.";
    Slope, |_| Reading::Slope, "Rise a row.";
    Angle, |_| Reading::Angle, "Angle in degrees.";
}

impl<R: Read> Regression<R> {
    fn new(reading: R, period: usize) -> Self {
        Self { reading, sums: Sums::new(period) }
    }

    /// The reading from window sums.
    #[inline]
    fn read(period: usize) -> impl Fn(Totals<1, 2>) -> f64 {
        let n = period as f64;
        let mean_position = (n + 1.0) / 2.0;
        let spread = n * (n * n - 1.0) / 12.0;
        let (per_row, share) = (1.0 / spread, 1.0 / n);
        let reading = R::READING(period);
        let ahead = match reading {
            Reading::Height(row) => row as f64 - (n - 1.0) / 2.0,
            Reading::Slope | Reading::Angle => 0.0,
        };
        move |t| {
            let [sum, weighted] = t.sums;
            // Positions 1 … n less their mean.
            let slope = (weighted - (t.offset + mean_position) * sum) * per_row;
            match reading {
                Reading::Height(_) => t.anchor[0] + (sum * share + slope * ahead),
                Reading::Slope => slope,
                Reading::Angle => libm::atan(slope) * (180.0 / std::f64::consts::PI),
            }
        }
    }
}

impl<R: Read> Study<1, 1> for Regression<R> {
    fn lookback(&self) -> usize {
        self.sums.period() - 1
    }

    #[inline]
    fn step(&mut self, row: [f64; 1]) -> [f64; 1] {
        let read = Self::read(self.sums.period());
        [self.sums.update(row).map_or(f64::NAN, read)]
    }

    fn run(&mut self, columns: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let read = Self::read(self.sums.period());
        out.fill(f64::NAN);
        self.sums.extend(columns, |row, totals| out[row] = read(totals));
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.sums.visit(state);
    }
}

/// An entry for each reading.
macro_rules! entry {
    ($name:literal, $title:literal, $reading:expr, $formula:literal, $source:literal) => {
        Description {
            name: $name,
            title: $title,
            inputs: &["close"],
            parameters: &[whole("period", 14, 2)],
            outputs: &[$name],
            first_row: "period − 1",
            formula: $formula,
            source: $source,
            make: |p| Ok(Box::new(Streaming::new(Regression::new($reading, p.whole(0))))),
        }
    };
}

pub(super) const ENTRIES: &[Description] = &[
    entry!(
        "linreg",
        "Linear regression",
        Newest,
        "b + m·(period − 1), the line of least squares through period rows at the newest",
        "TA-Lib LINEARREG"
    ),
    entry!("linreg_slope", "Slope of the linear regression", Slope, "m, the rise a row", "TA-Lib LINEARREG_SLOPE"),
    entry!(
        "linreg_intercept",
        "Intercept of the linear regression",
        Oldest,
        "b, the line at the oldest of period rows",
        "TA-Lib LINEARREG_INTERCEPT"
    ),
    entry!("linreg_angle", "Angle of the linear regression", Angle, "atan(m) in degrees", "TA-Lib LINEARREG_ANGLE"),
    entry!("tsf", "Time series forecast", Next, "b + m·period, the line one row ahead", "TA-Lib TSF"),
];
