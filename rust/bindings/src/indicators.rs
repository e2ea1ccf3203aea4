//! Indicators: batch functions over arrays, streaming classes over numbers.

use crate::errors::{call, to_py};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};
use tickwright_core::indicators as core;
use tickwright_core::indicators::Snapshot;
use tickwright_core::types::{Error, Result};

/// A contiguous column of doubles, borrowed where the caller has one and converted where not.
pub(crate) struct Column<'py>(PyReadonlyArray1<'py, f64>);

impl<'py> Column<'py> {
    pub(crate) fn new(name: &str, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = object.cast::<PyArray1<f64>>()
            && array.is_contiguous()
        {
            return Self::borrowed(name, array);
        }
        let py = object.py();
        let refused = |e: &PyErr| {
            to_py(Error::data(format!("column {name}"), format!("is no column of numbers ({}); give a one-dimensional array", e.value(py))))
        };
        let numpy = py.import("numpy")?;
        // Arrow producers that are not arrays themselves come in through pyarrow; nulls become NaN.
        let is_arrow = |name| object.hasattr(name).unwrap_or(false);
        let source = if !is_arrow("__array__") && (is_arrow("__arrow_c_array__") || is_arrow("__arrow_c_stream__")) {
            let kind = if is_arrow("__arrow_c_array__") { "array" } else { "chunked_array" };
            let arrow = py.import("pyarrow")?.call_method1(kind, (object,)).map_err(|e| refused(&e))?;
            arrow.call_method0("__array__").map_err(|e| refused(&e))?
        } else {
            object.clone()
        };
        let options = PyDict::new(py);
        options.set_item("dtype", numpy.getattr("float64")?)?;
        // `asarray` keeps a single number without dimensions, which is refused below.
        let array = numpy.call_method("asarray", (source,), Some(&options)).map_err(|e| refused(&e))?;
        let shape: Vec<usize> = array.getattr("shape")?.extract()?;
        if shape.len() != 1 {
            let why = format!("has {} dimensions; give a one-dimensional array", shape.len());
            return Err(to_py(Error::data(format!("column {name}"), why)));
        }
        let array = numpy.call_method1("ascontiguousarray", (array,))?;
        Self::borrowed(name, array.cast::<PyArray1<f64>>()?)
    }

    fn borrowed(name: &str, array: &Bound<'py, PyArray1<f64>>) -> PyResult<Self> {
        let readonly = array
            .try_readonly()
            .map_err(|_| to_py(Error::data(format!("column {name}"), "is being written to; wait until that is done")))?;
        Ok(Self(readonly))
    }

    pub(crate) fn as_slice(&self) -> PyResult<&[f64]> {
        Ok(self.0.as_slice()?)
    }
}

/// A period from Python; what the core would not even see is refused here.
fn whole(field: &str, value: i64) -> PyResult<usize> {
    usize::try_from(value)
        .map_err(|_| to_py(Error::config(field, format!("{value} is out of range; give a whole number from 1 to {}", core::PERIOD_MAX))))
}

/// `collections.namedtuple(name, fields)`, made once.
fn named_tuple<'py>(
    py: Python<'py>,
    slot: &'static PyOnceLock<Py<PyType>>,
    name: &str,
    fields: [&str; 3],
) -> PyResult<&'py Bound<'py, PyType>> {
    let make = || -> PyResult<Py<PyType>> {
        let options = PyDict::new(py);
        options.set_item("module", "tickwright.indicators")?;
        let made = py.import("collections")?.call_method("namedtuple", (name, fields.to_vec()), Some(&options))?;
        Ok(made.cast_into::<PyType>()?.unbind())
    };
    Ok(slot.get_or_try_init(py, make)?.bind(py))
}

fn channel_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    named_tuple(py, &TYPE, "Channel", ["upper", "middle", "lower"])
}

fn macd_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    named_tuple(py, &TYPE, "MacdValue", ["macd", "signal", "histogram"])
}

fn three<'py, T: IntoPyObject<'py>>(class: &Bound<'py, PyType>, values: [T; 3]) -> PyResult<Bound<'py, PyAny>> {
    let [a, b, c] = values;
    class.call1((a, b, c))
}

/// What an indicator gives, as Python has it.
trait Output {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>>;
}

impl Output for f64 {
    #[inline]
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        Ok(self.into_pyobject(py)?.into_any())
    }
}

impl Output for core::Channel {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        three(channel_type(py)?, [self.upper, self.middle, self.lower])
    }
}

impl Output for core::MacdValue {
    fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        three(macd_type(py)?, [self.macd, self.signal, self.histogram])
    }
}

type Array<'py> = Bound<'py, PyArray1<f64>>;

/// `numpy.empty`.
pub(crate) fn numpy_empty(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Ok(EMPTY.get_or_try_init(py, || Ok::<_, PyErr>(py.import("numpy")?.getattr("empty")?.unbind()))?.bind(py))
}

/// Columns of `rows`, allocated by numpy (which asks for large pages and does not clear them), filled by `extend` while other threads may run.
fn filled<'py, const N: usize>(
    py: Python<'py>,
    rows: usize,
    extend: impl FnOnce([&mut [f64]; N]) -> Result<()> + Send,
) -> PyResult<[Array<'py>; N]> {
    let empty = numpy_empty(py)?;
    let mut made = Vec::with_capacity(N);
    for _ in 0..N {
        made.push(empty.call1((rows,))?.cast_into::<PyArray1<f64>>()?);
    }
    let Ok(arrays) = <[Array<'py>; N]>::try_from(made) else { return Err(PyRuntimeError::new_err("columns went missing")) };
    let mut writable: [_; N] = std::array::from_fn(|i| arrays[i].readwrite());
    let mut slices: [&mut [f64]; N] = std::array::from_fn(|_| Default::default());
    for (slice, array) in slices.iter_mut().zip(&mut writable) {
        *slice = array.as_slice_mut()?;
    }
    call(py, || extend(slices))?;
    drop(writable);
    Ok(arrays)
}

fn column(py: Python<'_>, rows: usize, extend: impl FnOnce(&mut [f64]) -> Result<()> + Send) -> PyResult<Bound<'_, PyAny>> {
    let [out] = filled(py, rows, |[out]| extend(out))?;
    Ok(out.into_any())
}

fn channel(
    py: Python<'_>,
    rows: usize,
    extend: impl FnOnce(&mut [f64], &mut [f64], &mut [f64]) -> Result<()> + Send,
) -> PyResult<Bound<'_, PyAny>> {
    three(channel_type(py)?, filled(py, rows, |[upper, middle, lower]| extend(upper, middle, lower))?)
}

fn macd_lines(
    py: Python<'_>,
    rows: usize,
    extend: impl FnOnce(&mut [f64], &mut [f64], &mut [f64]) -> Result<()> + Send,
) -> PyResult<Bound<'_, PyAny>> {
    three(macd_type(py)?, filled(py, rows, |[macd, signal, histogram]| extend(macd, signal, histogram))?)
}

/// The batch function and the streaming class of one indicator: parameters with defaults, how the core makes it, its input
/// columns, and how the output columns of `extend` are put together.
macro_rules! indicator {
    (
        $batch:ident, $class:ident, $name:literal,
        [$($p:ident: $type:ty = $default:tt),*] => $new:expr,
        [$first:ident $(, $input:ident)*] => $columns:ident($($out:ident),+), $core:ty
    ) => {
        #[pyfunction]
        #[pyo3(signature = ($first, $($input,)* $($p = $default),*))]
        fn $batch<'py>(
            py: Python<'py>,
            $first: &Bound<'py, PyAny>,
            $($input: &Bound<'py, PyAny>,)*
            $($p: $type),*
        ) -> PyResult<Bound<'py, PyAny>> {
            $class::new($($p),*)?.extend(py, $first, $($input),*)
        }

        #[pyclass(name = $name, module = "tickwright.indicators")]
        struct $class {
            core: $core,
            $($p: $type,)*
        }

        #[pymethods]
        impl $class {
            #[new]
            #[pyo3(signature = ($($p = $default),*))]
            fn new($($p: $type),*) -> PyResult<Self> {
                let core = $new;
                Ok(Self { core, $($p),* })
            }

            fn update<'py>(&mut self, py: Python<'py>, $first: f64, $($input: f64),*) -> PyResult<Bound<'py, PyAny>> {
                self.core.update($first, $($input),*).into_python(py)
            }

            fn extend<'py>(
                &mut self,
                py: Python<'py>,
                $first: &Bound<'py, PyAny>,
                $($input: &Bound<'py, PyAny>),*
            ) -> PyResult<Bound<'py, PyAny>> {
                let $first = Column::new(stringify!($first), $first)?;
                $(let $input = Column::new(stringify!($input), $input)?;)*
                let $first = $first.as_slice()?;
                $(let $input = $input.as_slice()?;)*
                let core = &mut self.core;
                $columns(py, $first.len(), |$($out),+| core.extend($first, $($input,)* $($out),+))
            }

            #[getter]
            fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                self.core.value().into_python(py)
            }

            #[getter]
            fn ready(&self) -> bool {
                self.core.ready()
            }

            fn reset(&mut self) {
                self.core.reset();
            }

            fn __repr__(&self) -> String {
                let parameters: &[String] = &[$(format!("{}={}", stringify!($p), self.$p)),*];
                format!("{}({})", $name, parameters.join(", "))
            }

            fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
                let py = slf.py();
                let this = slf.borrow();
                let parameters: &[Bound<'py, PyAny>] = &[$(this.$p.into_pyobject(py)?.into_any()),*];
                (slf.get_type(), PyTuple::new(py, parameters)?, this.core.snapshot()).into_pyobject(py)
            }

            fn __setstate__(&mut self, state: Vec<f64>) -> PyResult<()> {
                self.core.restore(&state).map_err(to_py)
            }
        }
    };
}

indicator! { sma, Sma, "Sma", [period: i64 = 30] => core::Sma::new(whole("period", period)?).map_err(to_py)?, [close] => column(out), core::Sma }
indicator! { ema, Ema, "Ema", [period: i64 = 30] => core::Ema::new(whole("period", period)?).map_err(to_py)?, [close] => column(out), core::Ema }
indicator! { rma, Rma, "Rma", [period: i64 = 14] => core::Rma::new(whole("period", period)?).map_err(to_py)?, [close] => column(out), core::Rma }
indicator! { rsi, Rsi, "Rsi", [period: i64 = 14] => core::Rsi::new(whole("period", period)?).map_err(to_py)?, [close] => column(out), core::Rsi }
indicator! {
    macd, Macd, "Macd",
    [fast_period: i64 = 12, slow_period: i64 = 26, signal_period: i64 = 9] =>
        core::Macd::new(whole("fast_period", fast_period)?, whole("slow_period", slow_period)?, whole("signal_period", signal_period)?).map_err(to_py)?,
    [close] => macd_lines(macd, signal, histogram), core::Macd
}
indicator! {
    bollinger, Bollinger, "Bollinger",
    [period: i64 = 20, deviations: f64 = 2.0] => core::Bollinger::new(whole("period", period)?, deviations).map_err(to_py)?,
    [close] => channel(upper, middle, lower), core::Bollinger
}
indicator! {
    atr, Atr, "Atr", [period: i64 = 14] => core::Atr::new(whole("period", period)?).map_err(to_py)?,
    [high, low, close] => column(out), core::Atr
}
indicator! { vwap, Vwap, "Vwap", [] => core::Vwap::new(), [high, low, close, volume] => column(out), core::Vwap }
indicator! { obv, Obv, "Obv", [] => core::Obv::new(), [close, volume] => column(out), core::Obv }
indicator! {
    donchian, Donchian, "Donchian", [period: i64 = 20] => core::Donchian::new(whole("period", period)?).map_err(to_py)?,
    [high, low] => channel(upper, middle, lower), core::Donchian
}

/// Every indicator as a dictionary: name, title, family, inputs, parameters with defaults, outputs, first row.
#[pyfunction]
fn list_indicators(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let all = PyList::empty(py);
    for entry in core::CATALOG {
        let row = PyDict::new(py);
        row.set_item("name", entry.name)?;
        row.set_item("title", entry.title)?;
        row.set_item("family", entry.family)?;
        row.set_item("inputs", PyTuple::new(py, entry.inputs)?)?;
        let parameters = PyDict::new(py);
        for p in entry.parameters {
            if p.is_whole {
                parameters.set_item(p.name, p.default as i64)?;
            } else {
                parameters.set_item(p.name, p.default)?;
            }
        }
        row.set_item("parameters", parameters)?;
        row.set_item("outputs", PyTuple::new(py, entry.outputs)?)?;
        row.set_item("first_row", entry.first_row)?;
        all.append(row)?;
    }
    Ok(all)
}

/// Add the indicators to the module.
pub(crate) fn register(py: Python<'_>, module: &Bound<'_, PyModule>) -> PyResult<()> {
    macro_rules! add {
        ($($batch:ident $class:ident),*) => {
            $(
                module.add_function(wrap_pyfunction!($batch, module)?)?;
                module.add_class::<$class>()?;
            )*
        };
    }
    add!(sma Sma, ema Ema, rma Rma, rsi Rsi, macd Macd, bollinger Bollinger, atr Atr, vwap Vwap, obv Obv, donchian Donchian);
    module.add_function(wrap_pyfunction!(list_indicators, module)?)?;
    module.add("Channel", channel_type(py)?)?;
    module.add("MacdValue", macd_type(py)?)
}
