//! Indicators one row at a time: one class for each number of inputs, which Python subclasses by name.

use crate::errors::to_py;
use crate::indicators::{arguments, extend};
use crate::lines::Lines;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyTuple, PyType};
use tickwright_core::indicators::catalog::{self, Description};
use tickwright_core::indicators::study::{self, COLUMNS_MAX};

/// One indicator with its state.
#[pyclass(subclass, module = "tickwright._core")]
pub(crate) struct Indicator {
    entry: &'static Description,
    parameters: Vec<f64>,
    core: Box<dyn study::Indicator>,
    outputs: usize,
    /// The class of several outputs.
    lines: Option<Lines>,
}

impl Indicator {
    /// Of the class `class`, which names its indicator as `_name` and the class of its results as `_lines`.
    fn make(class: &Bound<'_, PyType>, args: &Bound<'_, PyTuple>, keywords: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let name: String = class
            .getattr("_name")
            .and_then(|n| n.extract())
            .map_err(|_| PyTypeError::new_err("an indicator is made by its own class, such as tickwright.indicators.Ema(20)"))?;
        let entry = catalog::find(&name).map_err(to_py)?;
        let (_, parameters) = arguments(entry, false, args, keywords)?;
        let core = entry.build(&parameters).map_err(to_py)?;
        let lines: Option<Bound<'_, PyType>> = class.getattr("_lines")?.extract()?;
        Ok(Self { entry, parameters, outputs: core.outputs(), core, lines: lines.map(|l| Lines::new(&l)).transpose()? })
    }

    fn check_inputs(&self, n: usize) -> PyResult<()> {
        if self.entry.inputs.len() == n {
            return Ok(());
        }
        Err(PyTypeError::new_err(format!("{} takes {} and not {n} inputs", self.entry.name, self.entry.inputs.join(", "))))
    }

    #[inline]
    fn give<'py>(&self, py: Python<'py>, values: &[f64]) -> PyResult<Bound<'py, PyAny>> {
        match &self.lines {
            Some(lines) => lines.make(py, values),
            None => Ok(values[0].into_pyobject(py)?.into_any()),
        }
    }

    #[inline]
    fn step<'py, const N: usize>(&mut self, py: Python<'py>, row: [f64; N]) -> PyResult<Bound<'py, PyAny>> {
        let Some(lines) = &self.lines else {
            let mut out = [0.0];
            self.core.update(&row, &mut out).map_err(to_py)?;
            return Ok(PyFloat::new(py, out[0]).into_any());
        };
        let mut out = [0.0; COLUMNS_MAX];
        let out = &mut out[..self.outputs];
        self.core.update(&row, out).map_err(to_py)?;
        lines.make(py, out)
    }
}

#[pymethods]
impl Indicator {
    /// Take columns; the outputs of each row.
    #[pyo3(signature = (*columns))]
    fn extend<'py>(&mut self, columns: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let py = columns.py();
        self.check_inputs(columns.len())?;
        let columns: Vec<_> = columns.iter().collect();
        let mut arrays = extend(py, self.entry, self.core.as_mut(), &columns, None)?;
        match &self.lines {
            Some(lines) => lines.class(py).call1(PyTuple::new(py, arrays)?),
            None => arrays.pop().ok_or_else(|| PyTypeError::new_err("an indicator without outputs")),
        }
    }

    /// The outputs of the last row that was not missing.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut out = [0.0; COLUMNS_MAX];
        let out = &mut out[..self.outputs];
        self.core.value(out).map_err(to_py)?;
        self.give(py, out)
    }

    /// True once the look-back is behind.
    #[getter]
    fn ready(&self) -> bool {
        self.core.ready()
    }

    /// Rows before the one with the first full value.
    #[getter]
    fn lookback(&self) -> usize {
        self.core.lookback()
    }

    /// Parameters by name.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        for (parameter, &value) in self.entry.parameters.iter().zip(&self.parameters) {
            if parameter.is_whole {
                all.set_item(parameter.name, value as i64)?;
            } else {
                all.set_item(parameter.name, value)?;
            }
        }
        Ok(all)
    }

    /// Forget everything but the parameters.
    fn reset(&mut self) {
        self.core.reset();
    }

    /// Everything that later values depend on, as numbers.
    fn state(&self) -> Vec<f64> {
        self.core.snapshot()
    }

    /// Take up the state of an indicator with the same parameters.
    fn restore(&mut self, state: Vec<f64>) -> PyResult<()> {
        self.core.restore(&state).map_err(to_py)
    }

    fn __setstate__(&mut self, state: Vec<f64>) -> PyResult<()> {
        self.restore(state)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let this = slf.borrow();
        (slf.get_type(), PyTuple::new(py, this.parameters(py)?.values())?, this.state()).into_pyobject(py)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let this = slf.borrow();
        let parameters: Vec<String> = this.entry.parameters.iter().zip(&this.parameters).map(|(p, x)| format!("{}={x}", p.name)).collect();
        Ok(format!("{}({})", slf.get_type().name()?, parameters.join(", ")))
    }
}

/// The class of indicators with so many inputs: only the arguments of `update` differ, and a fixed number of them is fastest.
macro_rules! by_inputs {
    ($($class:ident($($input:ident),+);)*) => {
        $(
            #[pyclass(extends = Indicator, subclass, module = "tickwright._core")]
            struct $class;

            #[pymethods]
            impl $class {
                #[new]
                #[classmethod]
                #[pyo3(signature = (*args, **keywords))]
                fn new(
                    class: &Bound<'_, PyType>,
                    args: &Bound<'_, PyTuple>,
                    keywords: Option<&Bound<'_, PyDict>>,
                ) -> PyResult<PyClassInitializer<Self>> {
                    let made = Indicator::make(class, args, keywords)?;
                    made.check_inputs([$(stringify!($input)),+].len())?;
                    Ok(PyClassInitializer::from(made).add_subclass(Self))
                }

                /// Take one row; a number, or a named tuple of the outputs.
                #[pyo3(signature = ($($input),+, /))]
                fn update<'py>(mut slf: PyRefMut<'py, Self>, py: Python<'py>, $($input: f64),+) -> PyResult<Bound<'py, PyAny>> {
                    slf.as_super().step(py, [$($input),+])
                }
            }
        )*

        /// The class of each number of inputs, the first being of one.
        pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            module.add_class::<Indicator>()?;
            $(module.add_class::<$class>()?;)*
            Ok(())
        }
    };
}

by_inputs! {
    Indicator1(a);
    Indicator2(a, b);
    Indicator3(a, b, c);
    Indicator4(a, b, c, d);
    Indicator5(a, b, c, d, e);
}
