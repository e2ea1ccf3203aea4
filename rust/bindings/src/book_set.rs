//! [`BookSet`]: the order books of many symbols, fed by columns of all of them.

use crate::book::{DepthArrays, OrderBook, config, counts_to_python, depth_arrays, pair};
use crate::data::Columns;
use crate::errors::{Count, DataError, call, to_py};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use tickwright_core::book;
use tickwright_core::types::{Error, InstrumentId, Instruments, Result as CoreResult};

/// The books of many instruments.
#[pyclass(subclass, module = "tickwright._core")]
pub(crate) struct BookSet {
    core: book::BookSet,
    instruments: Instruments,
}

impl BookSet {
    fn book_of(&self, symbol: &str) -> PyResult<&book::OrderBook> {
        let found = self.instruments.get(symbol).and_then(|id| self.core.book(id));
        found.ok_or_else(|| DataError::new_err(format!("symbol {symbol}: has no book here; apply data of it first")))
    }
}

#[pymethods]
impl BookSet {
    #[new]
    #[pyo3(signature = (depth = "L3", *, crossed = "keep", orders_max = 1_000_000, levels_max = 100_000, books_max = 10_000, total_orders_max = 10_000_000))]
    fn new(depth: &str, crossed: &str, orders_max: usize, levels_max: usize, books_max: usize, total_orders_max: usize) -> PyResult<Self> {
        let config = config(depth, crossed, orders_max, levels_max)?;
        let core = book::BookSet::with_config(config, books_max, total_orders_max).map_err(to_py)?;
        Ok(Self { core, instruments: Instruments::default() })
    }

    /// Apply columns of book changes, or quotes.
    fn apply_columns<'py>(&mut self, py: Python<'py>, columns: &Bound<'py, Columns>) -> PyResult<Bound<'py, PyDict>> {
        let before = self.core.counts();
        let (core, own) = (&mut self.core, &mut self.instruments);
        let columns = columns.get();
        call(py, || match (columns.deltas(), columns.quotes()) {
            (Some((batch, theirs)), _) => {
                let ids = ids_of(own, theirs)?;
                if ids.iter().enumerate().all(|(i, id)| id.index() == i) { core.apply_batch(batch) } else { core.apply_mapped(batch, &ids) }
            }
            (_, Some((batch, theirs))) => {
                let ids = ids_of(own, theirs)?;
                for i in 0..batch.len() {
                    let mut quote = batch.get(i);
                    quote.instrument = ids.get(quote.instrument.index()).copied().unwrap_or(InstrumentId(u32::MAX));
                    core.apply_quote(&quote)?;
                }
                Ok(())
            }
            _ => Err(Error::data("columns", "are neither book changes nor quotes; give `data.deltas`")),
        })?;
        counts_to_python(py, &self.core.counts().since(&before))
    }

    #[getter]
    fn symbols(&self) -> Vec<String> {
        self.core.books().map(|(id, _)| self.instruments.symbol(id).to_owned()).collect()
    }

    #[pyo3(signature = (symbol, *, raw = false))]
    fn best_bid<'py>(&self, py: Python<'py>, symbol: &str, raw: bool) -> PyResult<Option<Bound<'py, PyTuple>>> {
        pair(py, self.book_of(symbol)?.best_bid(), raw)
    }

    #[pyo3(signature = (symbol, *, raw = false))]
    fn best_ask<'py>(&self, py: Python<'py>, symbol: &str, raw: bool) -> PyResult<Option<Bound<'py, PyTuple>>> {
        pair(py, self.book_of(symbol)?.best_ask(), raw)
    }

    fn depth_arrays<'py>(&self, py: Python<'py>, symbol: &str, n: Count, raw: bool) -> PyResult<DepthArrays<'py>> {
        Ok(depth_arrays(py, self.book_of(symbol)?, n.0, raw))
    }

    /// A copy of a symbol's book put into `target`.
    fn copy_into(&self, symbol: &str, target: &Bound<'_, OrderBook>) -> PyResult<()> {
        target.borrow_mut().core = self.book_of(symbol)?.clone();
        Ok(())
    }

    /// Counts of one symbol's book, or of all.
    #[pyo3(signature = (symbol = None))]
    fn counts<'py>(&self, py: Python<'py>, symbol: Option<&str>) -> PyResult<Bound<'py, PyDict>> {
        match symbol {
            Some(symbol) => counts_to_python(py, self.book_of(symbol)?.counts()),
            None => counts_to_python(py, &self.core.counts()),
        }
    }

    fn check(&self, py: Python<'_>) -> PyResult<()> {
        call(py, || self.core.check())
    }

    fn __len__(&self) -> usize {
        self.core.books().count()
    }

    fn __contains__(&self, symbol: &str) -> bool {
        self.book_of(symbol).is_ok()
    }

    /// Live orders of all books.
    #[getter]
    fn order_count(&self) -> usize {
        self.core.order_count()
    }

    #[getter]
    fn heap_bytes(&self) -> usize {
        self.core.heap_bytes()
    }
}

/// Our id for each id of `theirs`.
fn ids_of(own: &mut Instruments, theirs: &Instruments) -> CoreResult<Vec<InstrumentId>> {
    theirs.symbols().iter().map(|symbol| own.intern(symbol)).collect()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BookSet>()
}
