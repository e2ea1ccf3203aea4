//! Cycle indicators, by kin.

mod hilbert;
pub mod period;
pub mod phase;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[period::ENTRIES, phase::ENTRIES];
