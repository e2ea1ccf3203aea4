//! Momentum indicators, by kin.

pub mod basic;
pub mod rate;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[basic::ENTRIES, rate::ENTRIES];
