//! Highest and lowest of the last `period` values.

use crate::indicators::average::line::{Bottom, Top};
use crate::indicators::average::weighted::Single;
use crate::indicators::catalog::{Description, period};
use crate::indicators::study::Streaming;

pub(super) const ENTRIES: &[Description] = &[
    Description {
        name: "rolling_min",
        title: "Rolling minimum",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["min"],
        first_row: "period − 1",
        formula: "lowest of period rows",
        source: "TA-Lib MIN",
        make: |p| Ok(Box::new(Streaming::new(Single(Bottom::new(p.whole(0)))))),
    },
    Description {
        name: "rolling_max",
        title: "Rolling maximum",
        inputs: &["close"],
        parameters: &[period(30)],
        outputs: &["max"],
        first_row: "period − 1",
        formula: "highest of period rows",
        source: "TA-Lib MAX",
        make: |p| Ok(Box::new(Streaming::new(Single(Top::new(p.whole(0)))))),
    },
];
