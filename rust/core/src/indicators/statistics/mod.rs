//! Statistics indicators, by kin.

mod extreme;
mod moments;
pub(super) mod order;
mod relation;
mod risk;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[moments::ENTRIES, relation::ENTRIES, extreme::ENTRIES, order::ENTRIES, risk::ENTRIES];
