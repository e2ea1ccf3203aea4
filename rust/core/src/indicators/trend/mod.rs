//! Trend indicators, by kin.

pub mod basic;
pub mod ichimoku;
pub mod sar;
pub mod stops;
pub mod swing;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[basic::ENTRIES, sar::ENTRIES, stops::ENTRIES, ichimoku::ENTRIES, swing::ENTRIES];
