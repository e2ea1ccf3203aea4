//! Rates of change: a value against the one `period` rows before.

use crate::indicators::catalog::{Description, period};
use crate::indicators::study::{State, Streaming, Study};
use crate::indicators::window::Lag;

/// What is made of the value now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `now − then`.
    Difference,
    /// `100 × (now ÷ then − 1)`.
    Percent,
    /// `(now − then) ÷ then`.
    Fraction,
    /// `now ÷ then`.
    Ratio,
    /// `100 × now ÷ then`.
    RatioPercent,
}

impl Form {
    /// 0 where there is no quotient, as in TA-Lib.
    #[inline]
    fn of(self, now: f64, then: f64) -> f64 {
        match self {
            Self::Difference => now - then,
            _ if then == 0.0 => 0.0,
            Self::Percent => (now / then - 1.0) * 100.0,
            Self::Fraction => (now - then) / then,
            Self::Ratio => now / then,
            Self::RatioPercent => now / then * 100.0,
        }
    }
}

/// A value against the one `period` rows before.
#[derive(Clone, Debug)]
pub struct Change {
    form: Form,
    lag: Lag,
}

impl Change {
    fn new(form: Form, period: usize) -> Self {
        Self { form, lag: Lag::new(period) }
    }
}

impl Study<1, 1> for Change {
    fn lookback(&self) -> usize {
        self.lag.period()
    }

    #[inline]
    fn step(&mut self, [now]: [f64; 1]) -> [f64; 1] {
        // NaN before the first, which every form passes on.
        let then = self.lag.push(now);
        [self.form.of(now, then)]
    }

    fn run(&mut self, [xs]: [&[f64]; 1], [out]: [&mut [f64]; 1]) {
        let form = self.form;
        self.lag.run(xs, out, |now, then| form.of(now, then));
    }

    fn visit(&mut self, state: &mut State<'_>) {
        self.lag.visit(state);
    }
}

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "momentum",
        title: "Momentum",
        inputs: &["close"],
        parameters: &[period(10)],
        outputs: &["momentum"],
        first_row: "period",
        formula: "close − close[period]",
        source: "TA-Lib MOM",
        make: |p| Ok(Box::new(Streaming::new(Change::new(Form::Difference, p.whole(0))))),
    },
    Description {
        name: "roc",
        title: "Rate of change, percent",
        inputs: &["close"],
        parameters: &[period(10)],
        outputs: &["roc"],
        first_row: "period",
        formula: "100 × (close ÷ close[period] − 1)",
        source: "TA-Lib ROC",
        make: |p| Ok(Box::new(Streaming::new(Change::new(Form::Percent, p.whole(0))))),
    },
    Description {
        name: "rocp",
        title: "Rate of change, fraction",
        inputs: &["close"],
        parameters: &[period(10)],
        outputs: &["rocp"],
        first_row: "period",
        formula: "(close − close[period]) ÷ close[period]",
        source: "TA-Lib ROCP",
        make: |p| Ok(Box::new(Streaming::new(Change::new(Form::Fraction, p.whole(0))))),
    },
    Description {
        name: "rocr",
        title: "Rate of change, ratio",
        inputs: &["close"],
        parameters: &[period(10)],
        outputs: &["rocr"],
        first_row: "period",
        formula: "close ÷ close[period]",
        source: "TA-Lib ROCR",
        make: |p| Ok(Box::new(Streaming::new(Change::new(Form::Ratio, p.whole(0))))),
    },
    Description {
        name: "rocr100",
        title: "Rate of change, ratio in percent",
        inputs: &["close"],
        parameters: &[period(10)],
        outputs: &["rocr100"],
        first_row: "period",
        formula: "100 × close ÷ close[period]",
        source: "TA-Lib ROCR100",
        make: |p| Ok(Box::new(Streaming::new(Change::new(Form::RatioPercent, p.whole(0))))),
    },
];
