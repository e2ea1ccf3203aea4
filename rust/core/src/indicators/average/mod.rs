//! Average indicators, by kin.

mod adaptive;
pub mod basic;
pub(super) mod line;
mod mesa;
pub(super) mod middle;
mod regression;
pub(super) mod smoothed;
pub(super) mod weighted;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] =
    &[basic::ENTRIES, weighted::ENTRIES, smoothed::ENTRIES, adaptive::ENTRIES, mesa::ENTRIES, regression::ENTRIES, middle::ENTRIES];
