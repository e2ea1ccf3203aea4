//! Momentum indicators, by kin.

mod aroon;
pub mod basic;
mod cci;
mod composite;
mod directional;
mod oscillator;
pub mod rate;
mod stochastic;
mod strength;
mod vortex;

use super::catalog::Description;

/// The indicators of the family.
pub(super) const FAMILY: &[&[Description]] = &[
    basic::ENTRIES,
    rate::ENTRIES,
    stochastic::ENTRIES,
    strength::ENTRIES,
    oscillator::ENTRIES,
    composite::ENTRIES,
    cci::ENTRIES,
    directional::ENTRIES,
    aroon::ENTRIES,
    vortex::ENTRIES,
];
