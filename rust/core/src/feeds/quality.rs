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
    /// Same as the row above in every column.
    Duplicate,
    /// A bar whose high is below its low, or whose open or close lies outside.
    BadBar,
    /// Something before the row was lost, or the book that it changes is not the exchange's.
    Gap,
    /// A price or size beyond the fixed-point range.
    OutOfRange,
}

impl Fault {
    /// Every fault, in the order of the counters.
    pub const ALL: [Self; 13] = [
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
}

impl Default for QualityPolicy {
    /// Malformed rows refuse the input; faults of the market's own making (locked, duplicate) and gaps are kept, rows out of order
    /// are sorted, and what cannot be traded on (suspicious, zero, negative, not finite, out of range, crossed,
    /// absurd, bad bars) is dropped.
    /// The absurd band is 50 %.
    fn default() -> Self {
        let mut policy = Self { policies: [Policy::Drop; Fault::ALL.len()], absurd_band: 0.5 };
        policy.set(Fault::Malformed, Policy::Fail);
        policy.set(Fault::Locked, Policy::Keep);
        policy.set(Fault::Duplicate, Policy::Keep);
        policy.set(Fault::OutOfOrder, Policy::Keep);
        policy.set(Fault::Gap, Policy::Keep);
        policy
    }
}

impl QualityPolicy {
    /// What to do about `fault`.
    #[inline]
    pub fn get(&self, fault: Fault) -> Policy {
        self.policies[fault as usize]
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
    /// Messages by kind, as the source calls them, in order of first sight; and what else a source counts.
    pub kinds: Vec<(&'static str, u64)>,
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

    /// Count one of `kind`.
    #[inline]
    pub fn count(&mut self, kind: &'static str) {
        self.count_many(kind, 1);
    }

    fn count_many(&mut self, kind: &'static str, n: u64) {
        match self.kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += n,
            None => self.kinds.push((kind, n)),
        }
    }

    /// How many of `kind` were counted.
    pub fn counted(&self, kind: &str) -> u64 {
        self.kinds.iter().find(|(known, _)| *known == kind).map_or(0, |&(_, count)| count)
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
        for &(kind, n) in &other.kinds {
            self.count_many(kind, n);
        }
        self.notes.extend_from_slice(&other.notes);
    }
}
