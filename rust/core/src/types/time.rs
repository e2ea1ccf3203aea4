//! [`Timestamp`]: nanoseconds since the Unix epoch, UTC.

use bytemuck::{Pod, Zeroable};
use serde::Deserialize;
use std::fmt;

/// One second in nanoseconds.
pub const SECOND_NS: i64 = 1_000_000_000;
/// One minute in nanoseconds.
pub const MINUTE_NS: i64 = 60 * SECOND_NS;
/// One hour in nanoseconds.
pub const HOUR_NS: i64 = 60 * MINUTE_NS;
/// One day of 24 hours in nanoseconds.
pub const DAY_NS: i64 = 24 * HOUR_NS;

/// Nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable, Deserialize)]
#[repr(transparent)]
pub struct Timestamp(i64);

crate::types::readable!(Timestamp);

impl Timestamp {
    /// The earliest time.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest time; stands for "never".
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since the epoch.
    #[inline]
    pub const fn from_nanos(ns: i64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// This time and `ns` nanoseconds, held at the ends of the range.
    #[inline]
    #[must_use]
    pub const fn plus(self, ns: i64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Nanoseconds from `earlier` to this time, held at the ends of the range.
    #[inline]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The start of the `step_ns` interval that holds this time, counted from the epoch.
    #[inline]
    #[must_use]
    pub const fn floor_to(self, step_ns: i64) -> Self {
        Self(self.0 - self.0.rem_euclid(step_ns))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.div_euclid(SECOND_NS), self.0.rem_euclid(SECOND_NS));
        match chrono::DateTime::from_timestamp(seconds, nanos as u32) {
            Some(t) => write!(f, "{}Z", t.format("%Y-%m-%dT%H:%M:%S%.f")),
            None => write!(f, "{} ns", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
