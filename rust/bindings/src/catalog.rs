//! Every indicator of the core's catalogue, by name: over arrays, and one row at a time.

use crate::errors::{call, call_attached, to_py};
use crate::indicators::{Column, numpy_empty};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tickwright_core::indicators::catalog::{build, find};
use tickwright_core::indicators::study;

/// Most inputs, and most outputs, that an indicator has.
const COLUMNS_MAX: usize = 8;

/// Run `indicator` over `columns`, one array an output.
fn extend<'py>(
    py: Python<'py>,
    names: &[&str],
    indicator: &mut dyn study::Indicator,
    columns: &[Bound<'py, PyAny>],
) -> PyResult<Vec<Bound<'py, PyArray1<f64>>>> {
    let columns =
        columns.iter().enumerate().map(|(i, c)| Column::new(names.get(i).unwrap_or(&"input"), c)).collect::<PyResult<Vec<_>>>()?;
    let slices = columns.iter().map(Column::as_slice).collect::<PyResult<Vec<_>>>()?;
    let rows = slices.first().map_or(0, |c| c.len());
    let empty = numpy_empty(py)?;
    let arrays = (0..indicator.outputs()).map(|_| Ok(empty.call1((rows,))?.cast_into::<PyArray1<f64>>()?)).collect::<PyResult<Vec<_>>>()?;
    let mut writable: Vec<_> = arrays.iter().map(|a| a.readwrite()).collect();
    let mut out = writable.iter_mut().map(|a| Ok(a.as_slice_mut()?)).collect::<PyResult<Vec<_>>>()?;
    call(py, || indicator.extend(&slices, &mut out))?;
    drop(writable);
    Ok(arrays)
}

/// The indicator `name` over `columns`: one array an output.
#[pyfunction]
fn run_indicator<'py>(py: Python<'py>, name: &str, columns: Vec<Bound<'py, PyAny>>, parameters: Vec<f64>) -> PyResult<Bound<'py, PyTuple>> {
    let entry = find(name).map_err(to_py)?;
    let mut indicator = entry.build(&parameters).map_err(to_py)?;
    PyTuple::new(py, extend(py, entry.inputs, indicator.as_mut(), &columns)?)
}

/// One indicator with its state.
#[pyclass(subclass, module = "tickwright._core")]
pub(crate) struct Indicator {
    name: String,
    parameters: Vec<f64>,
    core: Box<dyn study::Indicator>,
}

#[pymethods]
impl Indicator {
    #[new]
    fn new(name: &str, parameters: Vec<f64>) -> PyResult<Self> {
        Ok(Self { name: name.to_owned(), core: build(name, &parameters).map_err(to_py)?, parameters })
    }

    /// Take one row; a number, or a tuple of the outputs.
    #[pyo3(signature = (*row))]
    fn update<'py>(&mut self, row: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let py = row.py();
        let mut inputs = [0.0; COLUMNS_MAX];
        let n = row.len().min(COLUMNS_MAX);
        for (slot, value) in inputs.iter_mut().zip(row) {
            *slot = value.extract()?;
        }
        let mut out = [0.0; COLUMNS_MAX];
        let m = self.core.outputs().min(COLUMNS_MAX);
        let core = &mut self.core;
        call_attached(|| core.update(&inputs[..n], &mut out[..m]))?;
        if m == 1 { Ok(out[0].into_pyobject(py)?.into_any()) } else { Ok(PyTuple::new(py, &out[..m])?.into_any()) }
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Indicator>()?;
    module.add_function(wrap_pyfunction!(run_indicator, module)?)
}
