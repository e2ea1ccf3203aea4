//! What can be wrong with a row, what to do about it, and the count of what was done.

use crate::types::{Error, Result};
use std::fmt;

/// A fault of one row of market data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Text that is not what the format promises.
    Malformed,
    /// The source itself marks the row as suspicious.
    Suspicious,
    /// A price that is zero where one is needed.
    ZeroPrice,
    /// A price or size below zero.
    Negative,
    /// A float that is NaN or infinite.
    NotFinite,
    /// Bid above ask.
    Crossed,
    /// Bid equal to ask.
    Locked,
    /// Far from the last good price.
    Absurd,
    /// Time before the row above.
    OutOfOrder,
    /// Same as the row above in every column; for the quality stage, as one of the rows shortly before, or of the same id.
    Duplicate,
    /// A bar whose high is below its low, or whose open or close lies outside.
    BadBar,
    /// The first row after a pause longer than [`QualityPolicy::gap_after_ns`], or after something that the source's numbers or
    /// checksums show to be lost.
    Gap,
    /// Received later than [`QualityPolicy::stale_after_ns`] after its own time.
    Stale,
    /// While trading in the instrument is halted.
    Halted,
    /// A price or size beyond the fixed-point range.
    OutOfRange,
}

impl Fault {
    /// Every fault, in the order of the counters.
    pub const ALL: [Self; 15] = [
        Self::Malformed,
        Self::Suspicious,
        Self::ZeroPrice,
        Self::Negative,
        Self::NotFinite,
        Self::Crossed,
        Self::Locked,
        Self::Absurd,
        Self::OutOfOrder,
        Self::Duplicate,
        Self::BadBar,
        Self::Gap,
        Self::Stale,
        Self::Halted,
        Self::OutOfRange,
    ];

    /// Name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Suspicious => "suspicious",
            Self::ZeroPrice => "zero_price",
            Self::Negative => "negative",
            Self::NotFinite => "not_finite",
            Self::Crossed => "crossed",
            Self::Locked => "locked",
            Self::Absurd => "absurd",
            Self::OutOfOrder => "out_of_order",
            Self::Duplicate => "duplicate",
            Self::BadBar => "bad_bar",
            Self::Gap => "gap",
            Self::Stale => "stale",
            Self::Halted => "halted",
            Self::OutOfRange => "out_of_range",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do with a row that has a fault. Every choice counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Keep the row, flagged where a flag exists; rows out of order are sorted into place.
    Keep,
    /// Leave the row out.
    Drop,
    /// Refuse the whole input with an error that names the row.
    Fail,
}

/// A [`Policy`] for each [`Fault`].
#[derive(Clone, Debug, PartialEq)]
pub struct QualityPolicy {
    policies: [Policy; Fault::ALL.len()],
    /// A price further than this fraction from the last good one is [`Fault::Absurd`]; infinite switches the check off.
    pub absurd_band: f64,
    /// A price further than this many σ of the moves between good prices from the last good one is [`Fault::Absurd`]; infinite
    /// switches the check off. The quality stage alone looks at it.
    pub absurd_sigma: f64,
    /// A pause of an instrument's rows longer than this many nanoseconds, within one day of New York, is a [`Fault::Gap`];
    /// `i64::MAX` switches the check off. The quality stage alone looks at it.
    pub gap_after_ns: i64,
    /// A row received more than this many nanoseconds after its own time is [`Fault::Stale`]; `i64::MAX` switches the check off.
    /// The quality stage alone looks at it.
    pub stale_after_ns: i64,
}

impl Default for QualityPolicy {
    /// Malformed rows refuse the input; faults of the market's own making (locked, duplicate) are kept, rows out of order are
    /// sorted, and what cannot be traded on (suspicious, zero, negative, not finite, crossed, absurd, bad bars) is dropped.
    /// The absurd band is 50 %, without a limit in σ; gaps and stale rows are not looked for, and kept as those of a halt are.
    fn default() -> Self {
        let mut policy = Self {
            policies: [Policy::Drop; Fault::ALL.len()],
            absurd_band: 0.5,
            absurd_sigma: f64::INFINITY,
            gap_after_ns: i64::MAX,
            stale_after_ns: i64::MAX,
        };
        policy.set(Fault::Malformed, Policy::Fail);
        policy.set(Fault::Locked, Policy::Keep);
        policy.set(Fault::Duplicate, Policy::Keep);
        for fault in [Fault::OutOfOrder, Fault::Gap, Fault::Stale, Fault::Halted] {
            policy.set(fault, Policy::Keep);
        }
        policy
    }
}

impl QualityPolicy {
    /// What to do about `fault`.
    #[inline]
    pub fn get(&self, fault: Fault) -> Policy {
        self.policies[fault as usize]
    }

    /// An error when a limit makes no sense.
    pub fn check(&self) -> Result<()> {
        for (name, value, unit) in [("absurd_band", self.absurd_band, "a fraction"), ("absurd_sigma", self.absurd_sigma, "a multiple")] {
            if value.is_nan() || value <= 0.0 {
                return Err(Error::config(format!("policy.{name}"), format!("is {value}; give {unit} above 0, or infinity for no check")));
            }
        }
        for (name, value) in [("gap_after", self.gap_after_ns), ("stale_after", self.stale_after_ns)] {
            if value <= 0 {
                return Err(Error::config(format!("policy.{name}"), format!("is {value} ns; give a time above 0")));
            }
        }
        Ok(())
    }

    /// Choose what to do about `fault`.
    pub fn set(&mut self, fault: Fault, policy: Policy) {
        self.policies[fault as usize] = policy;
    }
}

/// What a feed saw and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedReport {
    /// Rows read.
    pub rows: u64,
    /// Events given out.
    pub events: u64,
    found: [u64; Fault::ALL.len()],
    dropped: [u64; Fault::ALL.len()],
    first: [Option<String>; Fault::ALL.len()],
    /// Remarks that are no faults, such as a factor file that was not there.
    pub notes: Vec<String>,
}

impl FeedReport {
    /// Count `fault` at `place` and say what the policy wants: true to keep the row, false to drop it.
    ///
    /// `place` is called only for the first of a kind or for a refusal, so that counting costs nothing in the common case.
    pub fn judge(&mut self, policy: &QualityPolicy, fault: Fault, place: impl FnOnce() -> String) -> Result<bool> {
        let i = fault as usize;
        self.found[i] += 1;
        let choice = policy.get(fault);
        if self.first[i].is_none() || choice == Policy::Fail {
            let text = place();
            if choice == Policy::Fail {
                return Err(Error::data(
                    text,
                    format!("row is {fault} and the policy for it is \"fail\"; mend the row or choose \"drop\""),
                ));
            }
            self.first[i] = Some(text);
        }
        if choice == Policy::Drop {
            self.dropped[i] += 1;
        }
        Ok(choice == Policy::Keep)
    }

    /// How often `fault` was found.
    pub fn found(&self, fault: Fault) -> u64 {
        self.found[fault as usize]
    }

    /// How many rows were dropped for `fault`.
    pub fn dropped(&self, fault: Fault) -> u64 {
        self.dropped[fault as usize]
    }

    /// Where `fault` was first found.
    pub fn first(&self, fault: Fault) -> Option<&str> {
        self.first[fault as usize].as_deref()
    }

    /// Add the counts of `other`.
    pub fn absorb(&mut self, other: &Self) {
        self.rows += other.rows;
        self.events += other.events;
        for i in 0..Fault::ALL.len() {
            self.found[i] += other.found[i];
            self.dropped[i] += other.dropped[i];
            if self.first[i].is_none() {
                self.first[i].clone_from(&other.first[i]);
            }
        }
        self.notes.extend_from_slice(&other.notes);
    }
}
