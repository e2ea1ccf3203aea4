//! The straight line of least squares through the last `period` values, and what is read from it.

use super::line::zip2;
use crate::indicators::catalog::{Description, whole};
use crate::indicators::doubling::{Moving, Tilt};
use crate::indicators::study::{State, Streaming, Study};

/// What is read from the line: `level` of its mean height, `ahead` of its rise a row, as an angle in degrees or as it is.
#[derive(Clone, Copy, Debug)]
struct Reading {
    level: f64,
    ahead: f64,
    is_angle: bool,
}

impl Reading {
    /// The height `row` rows after the oldest of `period`.
    fn height(row: usize, period: usize) -> Self {
        Self { level: 1.0, ahead: row as f64 - (period as f64 - 1.0) / 2.0, is_angle: false }
    }

    /// The rise a row.
    const SLOPE: Self = Self { level: 0.0, ahead: 1.0, is_angle: false };

    /// The rise as an angle.
    const ANGLE: Self = Self { level: 0.0, ahead: 1.0, is_angle: true };
}

/// A regression on the row number, 0 for the oldest.
#[derive(Clone, Debug)]
struct Regression {
    reading: Reading,
    window: Moving<Tilt, 2>,
}

impl Regression {
    fn new(reading: Reading, period: usize) -> Self {
        Self { reading, window: Moving::new(period) }
    }

    /// The reading, but for the angle, from mean and tilt.
    #[inline]
    fn read(&self) -> impl Fn(f64, f64) -> f64 + use<> {
        let n = self.window.period() as f64;
        let per_row = 12.0 / (n * (n * n - 1.0));
        let Reading { level, ahead, .. } = self.reading;
        move |mean, tilt| level * mean + tilt * per_row * ahead
    }
}

fn angle(slope: f64) -> f64 {
    libm::atan(slope) * (180.0 / std::f64::consts::PI)
}

impl Study<1, 1> for Regression {
    fn lookback(&self) -> usize {
        self.window.period() - 1
    }

    #[inline]
    fn step(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        let read = self.read();
        let value = self.window.push([x, 0.0]).map_or(f64::NAN, |[mean, tilt]| read(mean, tilt));
        [if self.reading.is_angle { angle(value) } else { value }]
    }

    fn run(&mut self, columns: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let read = self.read();
        self.window.extend(columns, |start, [means, tilts]| zip2(&mut out[start..], means, tilts, &read));
        if self.reading.is_angle {
            for y in out {
                *y = angle(*y);
            }
        }
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.window.visit(state);
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
            make: |p| {
                let reading: fn(usize) -> Reading = $reading;
                let period = p.whole(0);
                Ok(Box::new(Streaming::new(Regression::new(reading(period), period))))
            },
        }
    };
}

pub(super) const ENTRIES: &[Description] = &[
    entry!(
        "linreg",
        "Linear regression",
        |period| Reading::height(period - 1, period),
        "b + m·(period − 1), the line of least squares through period rows at the newest",
        "TA-Lib LINEARREG"
    ),
    entry!("linreg_slope", "Slope of the linear regression", |_| Reading::SLOPE, "m, the rise a row", "TA-Lib LINEARREG_SLOPE"),
    entry!(
        "linreg_intercept",
        "Intercept of the linear regression",
        |period| Reading::height(0, period),
        "b, the line at the oldest of period rows",
        "TA-Lib LINEARREG_INTERCEPT"
    ),
    entry!("linreg_angle", "Angle of the linear regression", |_| Reading::ANGLE, "atan(m) in degrees", "TA-Lib LINEARREG_ANGLE"),
    entry!("tsf", "Time series forecast", |period| Reading::height(period, period), "b + m·period, the line one row ahead", "TA-Lib TSF"),
];
