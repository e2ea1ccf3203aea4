//! Volume indicators, by kin.

pub mod basic;
pub mod flow;
pub mod index;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[basic::ENTRIES, flow::ENTRIES, index::ENTRIES];
