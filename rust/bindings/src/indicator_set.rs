//! Many indicators over many symbols, updated in one call.

use crate::errors::{call, to_py};
use crate::indicators::{Column, numpy_empty};
use numpy::{PyArray1, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList, PyString, PyTuple};
use std::collections::HashMap;
use tickwright_core::indicators::catalog;
use tickwright_core::indicators::set;
use tickwright_core::indicators::study::COLUMNS_MAX;
use tickwright_core::types::Error;

/// The columns that `update` takes by name.
const NAMED: [&str; 5] = ["open", "high", "low", "close", "volume"];

/// Indicators by name, with a state for each symbol.
#[pyclass(subclass, module = "tickwright._core")]
pub(crate) struct IndicatorSet {
    core: set::IndicatorSet,
    places: HashMap<String, usize>,
    /// For each input its place in `NAMED`, where it has one.
    named: Vec<Option<usize>>,
    spec: Py<PyDict>,
    symbols: Vec<String>,
}

fn filled<'py>(py: Python<'py>, shape: Bound<'py, PyTuple>, values: &[f64]) -> PyResult<Bound<'py, PyAny>> {
    let array = numpy_empty(py)?.call1((shape,))?;
    let flat = array.call_method1("reshape", (-1,))?.cast_into::<PyArray1<f64>>()?;
    flat.try_readwrite()?.as_slice_mut()?.copy_from_slice(values);
    Ok(array)
}

impl IndicatorSet {
    #[inline]
    fn place(&self, symbol: &Bound<'_, PyAny>) -> PyResult<usize> {
        let Ok(name) = symbol.cast::<PyString>() else {
            let place: isize = symbol.extract().map_err(|_| PyTypeError::new_err("symbol: give its name or its place"))?;
            return usize::try_from(place).map_err(|_| PyKeyError::new_err(format!("symbol {place}: count from 0")));
        };
        let name = name.to_str()?;
        self.places
            .get(name)
            .copied()
            .ok_or_else(|| PyKeyError::new_err(format!("symbol {name:?} is not in the set; it is made with its symbols")))
    }

    fn missing(&self, place: usize) -> PyErr {
        let inputs = self.core.inputs();
        PyTypeError::new_err(format!("{} is missing; the set reads {}", inputs[place], inputs.join(", ")))
    }
}

#[pymethods]
impl IndicatorSet {
    #[new]
    #[pyo3(signature = (indicators, symbols = None))]
    fn new(indicators: Bound<'_, PyDict>, symbols: Option<Vec<String>>) -> PyResult<Self> {
        let symbols = symbols.unwrap_or_else(|| vec![String::new()]);
        let mut members = Vec::with_capacity(indicators.len());
        for (column, spec) in &indicators {
            let column: String = column.extract()?;
            let refused =
                || PyTypeError::new_err(format!("{column}: give the indicator's name, or (name, parameters…), such as (\"ema\", 20)"));
            let (name, parameters): (String, Vec<f64>) = if let Ok(name) = spec.extract() {
                (name, Vec::new())
            } else {
                let parts = spec.cast::<PyTuple>().map_err(|_| refused())?;
                let name: String = parts.get_item(0).and_then(|n| n.extract()).map_err(|_| refused())?;
                let entry = catalog::find(&name).map_err(to_py)?;
                let named = parts.iter().nth(parts.len() - 1).and_then(|last| last.cast_into::<PyDict>().ok());
                let end = parts.len() - usize::from(named.is_some());
                let (_, parameters) = crate::indicators::arguments(entry, false, &parts.get_slice(1, end), named.as_ref())?;
                (name, parameters)
            };
            members.push((column, name, parameters));
        }
        let core = set::IndicatorSet::new(&members, symbols.len()).map_err(to_py)?;
        let places: HashMap<String, usize> = symbols.iter().enumerate().map(|(i, s)| (s.clone(), i)).collect();
        if places.len() != symbols.len() {
            return Err(to_py(Error::config("symbols", "hold one twice; name each once")));
        }
        let named = core.inputs().iter().map(|input| NAMED.iter().position(|n| n == input)).collect();
        Ok(Self { core, places, named, spec: indicators.copy()?.unbind(), symbols })
    }

    /// Take one row of a symbol: `row` in the order of `inputs`, or columns by name.
    #[pyo3(signature = (symbol, row = None, *, open = None, high = None, low = None, close = None, volume = None))]
    #[allow(clippy::too_many_arguments, reason = "the five columns of a bar, by name")]
    fn update(
        &mut self,
        symbol: &Bound<'_, PyAny>,
        row: Option<&Bound<'_, PyAny>>,
        open: Option<f64>,
        high: Option<f64>,
        low: Option<f64>,
        close: Option<f64>,
        volume: Option<f64>,
    ) -> PyResult<()> {
        let place = self.place(symbol)?;
        let mut values = [0.0; COLUMNS_MAX];
        let mut given = Vec::new();
        let inputs: &[f64] = match row {
            None => {
                let bar = [open, high, low, close, volume];
                for (i, (slot, named)) in values.iter_mut().zip(&self.named).enumerate() {
                    *slot = named.and_then(|n| bar[n]).ok_or_else(|| self.missing(i))?;
                }
                &values[..self.named.len().min(COLUMNS_MAX)]
            }
            Some(row) => {
                if let Ok(tuple) = row.cast::<PyTuple>() {
                    let n = tuple.len().min(COLUMNS_MAX);
                    for (i, slot) in values[..n].iter_mut().enumerate() {
                        *slot = tuple.get_borrowed_item(i)?.extract()?;
                    }
                    &values[..n]
                } else if row.is_instance_of::<PyFloat>() {
                    values[0] = row.extract()?;
                    &values[..1]
                } else {
                    given.extend_from_slice(Column::new("row", row)?.as_slice()?);
                    &given
                }
            }
        };
        self.core.update(place, inputs).map_err(to_py)
    }

    /// Take one row of every symbol: an array [symbols × inputs].
    fn update_all(&mut self, py: Python<'_>, rows: &Bound<'_, PyAny>) -> PyResult<()> {
        let rows = crate::indicators::table("rows", rows)?;
        let shape = [self.symbols.len(), self.core.inputs().len()];
        if rows.shape() != shape {
            let why = format!("have the shape {:?} where [symbols × inputs] is {shape:?}", rows.shape());
            return Err(to_py(Error::data("rows", why)));
        }
        let slice = rows.as_slice()?;
        let core = &mut self.core;
        call(py, || core.update_all(slice))
    }

    /// Take columns of a symbol by name; the columns of values by name.
    #[pyo3(signature = (symbol, **columns))]
    fn extend<'py>(
        &mut self,
        py: Python<'py>,
        symbol: &Bound<'py, PyAny>,
        columns: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let place = self.place(symbol)?;
        let mut held = Vec::new();
        for (i, name) in self.core.inputs().iter().enumerate() {
            let column = columns.map(|c| c.get_item(name)).transpose()?.flatten().ok_or_else(|| self.missing(i))?;
            held.push(Column::new(name, &column)?);
        }
        if let Some(columns) = columns
            && columns.len() != held.len()
        {
            let why = format!("{} columns are given where the set reads {}", columns.len(), self.core.inputs().join(", "));
            return Err(PyTypeError::new_err(why));
        }
        let slices = held.iter().map(Column::as_slice).collect::<PyResult<Vec<_>>>()?;
        let rows = slices.first().map_or(0, |c| c.len());
        let empty = numpy_empty(py)?;
        let made = |_: &String| Ok(empty.call1((rows,))?.cast_into::<PyArray1<f64>>()?);
        let arrays = self.core.outputs().iter().map(made).collect::<PyResult<Vec<_>>>()?;
        let mut writable: Vec<_> = arrays.iter().map(PyArrayMethods::readwrite).collect();
        let mut out = writable.iter_mut().map(|a| Ok(a.as_slice_mut()?)).collect::<PyResult<Vec<_>>>()?;
        let core = &mut self.core;
        call(py, || core.extend(place, &slices, &mut out))?;
        drop(writable);
        let named = PyDict::new(py);
        for (name, array) in self.core.outputs().iter().zip(arrays) {
            named.set_item(name, array)?;
        }
        Ok(named)
    }

    /// One value of a symbol.
    fn value(&self, symbol: &Bound<'_, PyAny>, column: &str) -> PyResult<f64> {
        let row = self.core.row(self.place(symbol)?).map_err(to_py)?;
        let place = self.core.outputs().iter().position(|o| o == column);
        place.and_then(|i| row.get(i).copied()).ok_or_else(|| {
            PyKeyError::new_err(format!("column {column:?} is not in the set; there are {}", self.core.outputs().join(", ")))
        })
    }

    /// The values of a symbol after its last row: an array of its own.
    fn row<'py>(&self, py: Python<'py>, symbol: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let row = self.core.row(self.place(symbol)?).map_err(to_py)?;
        filled(py, PyTuple::new(py, [row.len()])?, row)
    }

    /// The values of every symbol after its last row, [symbols × columns]: an array of its own.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        filled(py, PyTuple::new(py, [self.symbols.len(), self.core.outputs().len()])?, self.core.values())
    }

    /// Names of the columns of values.
    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.core.outputs())
    }

    /// What a row holds, in order.
    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.core.inputs())
    }

    /// Symbols, in the order of the rows of `values`.
    #[getter]
    fn symbols<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.symbols)
    }

    /// True when every indicator of the symbol has its look-back behind it.
    fn ready(&self, symbol: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.core.ready(self.place(symbol)?).map_err(to_py)
    }

    /// Forget everything but the parameters: of one symbol, or of all.
    #[pyo3(signature = (symbol = None))]
    fn reset(&mut self, symbol: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let place = symbol.map(|s| self.place(s)).transpose()?;
        self.core.reset(place).map_err(to_py)
    }

    /// Everything that later values depend on.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let (states, values) = self.core.snapshot();
        (PyList::new(py, states)?, values).into_pyobject(py)
    }

    /// Take up the state of an equal set.
    fn restore(&mut self, state: (Vec<Vec<f64>>, Vec<f64>)) -> PyResult<()> {
        self.core.restore(&state.0, &state.1).map_err(to_py)
    }

    fn __setstate__(&mut self, state: (Vec<Vec<f64>>, Vec<f64>)) -> PyResult<()> {
        self.restore(state)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let this = slf.borrow();
        (slf.get_type(), (this.spec.clone_ref(py), PyList::new(py, &this.symbols)?), this.state(py)?).into_pyobject(py)
    }

    fn __repr__(&self) -> String {
        format!("<IndicatorSet of {} columns, {} symbols>", self.core.outputs().len(), self.symbols.len())
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<IndicatorSet>()
}
