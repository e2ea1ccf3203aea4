//! The module `tickwright._core`: `PyO3` classes and conversions around `tickwright-core`, nothing else.
//!
//! The package `tickwright` wraps it in typed, documented Python; users do not import it. Every call into the core goes through
//! [`errors::call`], which lets other Python threads run and turns errors and panics into `TickwrightError`s.

#![allow(clippy::needless_pass_by_value, reason = "PyO3 hands arguments over by value")]

mod backtest;
mod book;
mod book_set;
mod catalog;
mod columns;
mod crypto;
mod data;
mod decode;
mod depth;
mod errors;
mod feeds;
mod indicator_set;
mod indicators;
mod journal;
mod lines;
mod matching;
mod matching_event;
mod node;
mod node_rows;
mod paper;
mod quality;
mod risk;
mod settings;
mod stats;
mod strategy;
mod table;

use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;

#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("DEBUG_BUILD", cfg!(debug_assertions))?;
    if cfg!(debug_assertions) {
        let text = c"tickwright's core is a debug build, many times slower than a release; build it with `make build`";
        PyErr::warn(module.py(), &module.py().get_type::<PyRuntimeWarning>(), text, 1)?;
    }
    errors::register(module)?;
    data::register(module)?;
    table::register(module)?;
    feeds::register(module)?;
    decode::register(module)?;
    indicators::register(module)?;
    quality::register(module)?;
    catalog::register(module)?;
    indicator_set::register(module)?;
    stats::register(module)?;
    strategy::register(module)?;
    backtest::register(module)?;
    risk::register(module)?;
    book::register(module)?;
    book_set::register(module)?;
    matching::register(module)?;
    journal::register(module)?;
    node::register(module)?;
    paper::register(module)?;
    // The stub file lists the names; PyO3's own list would count private ones as public.
    module.delattr("__all__")
}
