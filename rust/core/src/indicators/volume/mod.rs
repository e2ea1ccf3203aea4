//! Volume indicators, by kin.

pub mod basic;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[basic::ENTRIES];
