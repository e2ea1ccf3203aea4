//! Statistics indicators, by kin.

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[];
