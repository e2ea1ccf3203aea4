//! Volatility indicators, by kin.

pub mod bands;
pub mod basic;
pub mod range;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[basic::ENTRIES, range::ENTRIES, bands::ENTRIES];
