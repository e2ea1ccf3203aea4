//! What there is: one [`Description`] an indicator, from which the arrays, the streaming objects, the signals and the
//! documentation are made. A family lists its indicators; adding one takes its struct and its entry.

use super::study::Indicator;
use super::{PERIOD_MAX, average, cycle, momentum, pattern, statistics, trend, volatility, volume};
use crate::types::{Error, Result};

/// A parameter, its default and what it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Keyword in Python.
    pub name: &'static str,
    /// Default value.
    pub default: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// True for a whole number, a count of rows mostly; false for a real number.
    pub is_whole: bool,
}

/// A count of rows from 1 up.
pub(super) const fn period(default: u32) -> Parameter {
    whole("period", default, 1)
}

/// A whole number from `min` up, a count of rows.
pub(super) const fn whole(name: &'static str, default: u32, min: u32) -> Parameter {
    Parameter { name, default: default as f64, min: min as f64, max: PERIOD_MAX as f64, is_whole: true }
}

/// A real number.
pub(super) const fn real(name: &'static str, default: f64, min: f64, max: f64) -> Parameter {
    Parameter { name, default, min, max, is_whole: false }
}

/// Values that fit their parameters.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a>(&'a [f64]);

impl Parameters<'_> {
    /// The whole number in place `i`.
    pub(super) fn whole(&self, i: usize) -> usize {
        self.0[i] as usize
    }

    /// The real number in place `i`.
    pub(super) fn real(&self, i: usize) -> f64 {
        self.0[i]
    }
}

/// An indicator in words, and how it is made.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Name of the batch function: `plus_di`; the streaming class is `PlusDi`.
    pub name: &'static str,
    /// Full name.
    pub title: &'static str,
    /// Input columns in order.
    pub inputs: &'static [&'static str],
    /// Parameters in order.
    pub parameters: &'static [Parameter],
    /// Output columns in order.
    pub outputs: &'static [&'static str],
    /// Row of the first full value, as a formula of the parameters.
    pub first_row: &'static str,
    /// The formula, in words and symbols.
    pub formula: &'static str,
    /// Who defined it, and whose warm-up, seed and edge rules are followed.
    pub source: &'static str,
    /// Made of values that fit their ranges, or refused where they don't fit each other; for [`Self::build`].
    pub make: fn(Parameters<'_>) -> Result<Box<dyn Indicator>>,
}

impl Description {
    /// A fresh indicator. `values` are the parameters in order; those left out at the end take their defaults.
    pub fn build(&self, values: &[f64]) -> Result<Box<dyn Indicator>> {
        if values.len() > self.parameters.len() {
            let names = self.parameters.iter().map(|p| p.name).collect::<Vec<_>>().join(", ");
            return Err(Error::config(
                self.name,
                format!("takes {} parameters ({names}) and is given {}", self.parameters.len(), values.len()),
            ));
        }
        let mut all: Vec<f64> = self.parameters.iter().map(|p| p.default).collect();
        all[..values.len()].copy_from_slice(values);
        for (parameter, &value) in self.parameters.iter().zip(&all) {
            let Parameter { name, min, max, is_whole, .. } = *parameter;
            if !(min..=max).contains(&value) || is_whole && value.fract() != 0.0 {
                let kind = if is_whole { "whole number" } else { "number" };
                return Err(Error::config(name, format!("{value} is out of range; give a {kind} from {min} to {max}")));
            }
        }
        (self.make)(Parameters(&all))
    }
}

/// Families by name, each with the entries of its files.
pub const FAMILIES: &[(&str, &[&[Description]])] = &[
    ("average", average::FAMILY),
    ("momentum", momentum::FAMILY),
    ("volatility", volatility::FAMILY),
    ("volume", volume::FAMILY),
    ("trend", trend::FAMILY),
    ("cycle", cycle::FAMILY),
    ("statistics", statistics::FAMILY),
    ("pattern", pattern::FAMILY),
];

/// Every indicator with the name of its family, by family.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Description)> {
    FAMILIES.iter().flat_map(|(family, files)| files.iter().flat_map(|entries| entries.iter()).map(|entry| (*family, entry)))
}

/// The indicator called `name`.
pub fn find(name: &str) -> Result<&'static Description> {
    all()
        .map(|(_, entry)| entry)
        .find(|entry| entry.name == name)
        .ok_or_else(|| Error::config("indicator", format!("{name:?} is not known; tickwright.indicators.list() names them all")))
}

/// A fresh indicator by its name and parameters.
pub fn build(name: &str, parameters: &[f64]) -> Result<Box<dyn Indicator>> {
    find(name)?.build(parameters)
}
