//! Indicators over arrays: arguments by their names in the catalogue, columns in, columns out.

use crate::errors::{call, to_py};
use numpy::ndarray::Dimension;
use numpy::{PyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyList, PyTuple};
use tickwright_core::indicators::catalog::{self, Description, Parameter};
use tickwright_core::indicators::panel::Axis;
use tickwright_core::indicators::study;
use tickwright_core::types::Error;

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

/// `numpy.empty`.
pub(crate) fn numpy_empty(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Ok(EMPTY.get_or_try_init(py, || Ok::<_, PyErr>(py.import("numpy")?.getattr("empty")?.unbind()))?.bind(py))
}

/// How an indicator is called: `atr(high, low, close, period=14)`.
pub(crate) fn usage(entry: &Description, with_inputs: bool) -> String {
    let inputs = entry.inputs.iter().filter(|_| with_inputs).map(|i| (*i).to_owned());
    let parameters = entry.parameters.iter().map(|p| format!("{}={}", p.name, p.default));
    format!("{}({})", entry.name, inputs.chain(parameters).collect::<Vec<_>>().join(", "))
}

/// A number for `parameter`; a boolean is none.
pub(crate) fn number(parameter: &Parameter, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let refused = || {
        let kind = if parameter.is_whole { "whole number" } else { "number" };
        PyTypeError::new_err(format!("{}: {value} is no {kind}; give one from {} to {}", parameter.name, parameter.min, parameter.max))
    };
    if value.is_instance_of::<PyBool>() {
        return Err(refused());
    }
    value.extract::<f64>().map_err(|_| refused())
}

/// Input columns and parameters of `entry`, as given by place or by name; inputs first.
pub(crate) fn arguments<'py>(
    entry: &Description,
    with_inputs: bool,
    args: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<(Vec<Bound<'py, PyAny>>, Vec<f64>)> {
    let wrong = |why: String| PyTypeError::new_err(format!("{}: {why}; it is {}", entry.name, usage(entry, with_inputs)));
    let inputs = if with_inputs { entry.inputs } else { &[] };
    let names: Vec<&str> = inputs.iter().copied().chain(entry.parameters.iter().map(|p| p.name)).collect();
    if args.len() > names.len() {
        return Err(wrong(format!("{} arguments are given and {} are taken", args.len(), names.len())));
    }
    let mut given: Vec<Option<Bound<'py, PyAny>>> = args.iter().map(Some).collect();
    given.resize(names.len(), None);
    for (name, value) in keywords.iter().flat_map(|k| k.iter()) {
        let name: String = name.extract()?;
        let place = names.iter().position(|n| *n == name).ok_or_else(|| wrong(format!("no argument is named {name}")))?;
        if given[place].replace(value).is_some() {
            return Err(wrong(format!("{name} is given twice")));
        }
    }
    let parameters = given.split_off(inputs.len());
    let missing: Vec<&str> = inputs.iter().zip(&given).filter(|(_, v)| v.is_none()).map(|(n, _)| *n).collect();
    if !missing.is_empty() {
        return Err(wrong(format!("{} is missing", missing.join(", "))));
    }
    let mut values = Vec::with_capacity(parameters.len());
    for (parameter, value) in entry.parameters.iter().zip(&parameters) {
        values.push(value.as_ref().map_or(Ok(parameter.default), |v| number(parameter, v))?);
    }
    Ok((given.into_iter().flatten().collect(), values))
}

/// The arrays that results of the shape `shape` go into: those given as `out`, or new ones.
fn results<'py, D: Dimension>(
    py: Python<'py>,
    entry: &Description,
    shape: &[usize],
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<Bound<'py, PyArray<f64, D>>>> {
    let Some(out) = out else {
        let (empty, shape) = (numpy_empty(py)?, PyTuple::new(py, shape)?);
        return entry.outputs.iter().map(|_| Ok(empty.call1((&shape,))?.cast_into()?)).collect();
    };
    let refused = |why: String| to_py(Error::data("out", why));
    let given: Vec<_> = out.cast::<PyTuple>().map_or_else(|_| vec![out.clone()], |several| several.iter().collect());
    if given.len() != entry.outputs.len() {
        let why = format!("holds {} arrays; give {}, for {}", given.len(), entry.outputs.len(), entry.outputs.join(", "));
        return Err(refused(why));
    }
    let fitting = |array: Bound<'py, PyAny>| {
        let array = array.cast_into::<PyArray<f64, D>>().ok().filter(|a| a.shape() == shape && a.is_c_contiguous());
        array.ok_or_else(|| refused(format!("does not fit; give a float64 array of the shape {shape:?} in one piece")))
    };
    given.into_iter().map(fitting).collect()
}

/// `array`, to be written to.
fn writable<'py, D: Dimension>(array: &Bound<'py, PyArray<f64, D>>) -> PyResult<PyReadwriteArray<'py, f64, D>> {
    let why = "is read-only, or shares its memory with an input or another output; give an array of its own";
    array.try_readwrite().map_err(|_| to_py(Error::data("out", why)))
}

/// Run `indicator`, as `entry` describes it, over `columns`, one array an output.
pub(crate) fn extend<'py>(
    py: Python<'py>,
    entry: &Description,
    indicator: &mut dyn study::Indicator,
    columns: &[Bound<'py, PyAny>],
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let names = entry.inputs;
    let columns =
        columns.iter().enumerate().map(|(i, c)| Column::new(names.get(i).unwrap_or(&"input"), c)).collect::<PyResult<Vec<_>>>()?;
    let slices = columns.iter().map(Column::as_slice).collect::<PyResult<Vec<_>>>()?;
    let rows = slices.first().map_or(0, |c| c.len());
    for (name, column) in names.iter().zip(&slices) {
        if column.len() != rows {
            let why = format!("has {} rows where {} has {rows}; give columns of one length", column.len(), names[0]);
            return Err(to_py(Error::data(format!("column {name}"), why)));
        }
    }
    let arrays = results::<numpy::Ix1>(py, entry, &[rows], out)?;
    let mut writable = arrays.iter().map(writable).collect::<PyResult<Vec<_>>>()?;
    let mut out = writable.iter_mut().map(|a| Ok(a.as_slice_mut()?)).collect::<PyResult<Vec<_>>>()?;
    call(py, || indicator.extend(&slices, &mut out))?;
    drop(writable);
    Ok(arrays.into_iter().map(Bound::into_any).collect())
}

/// A two-dimensional array of doubles in C order, borrowed where it is one.
pub(crate) fn table<'py>(name: &str, object: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray2<'py, f64>> {
    let py = object.py();
    let options = PyDict::new(py);
    options.set_item("dtype", py.import("numpy")?.getattr("float64")?)?;
    options.set_item("order", "C")?;
    let refused = |why: String| to_py(Error::data(format!("panel {name}"), why));
    let array = py.import("numpy")?.call_method("asarray", (object,), Some(&options));
    let array = array.map_err(|e| refused(format!("is no array of numbers ({})", e.value(py))))?;
    let array = array.cast_into::<PyArray2<f64>>().map_err(|_| refused("has not two dimensions; give [series × time]".to_owned()))?;
    array.try_readonly().map_err(|_| refused("is being written to; wait until that is done".to_owned()))
}

/// Run fresh `indicator`s over every series of a panel.
fn extend_panel<'py>(
    py: Python<'py>,
    entry: &Description,
    indicator: &dyn study::Indicator,
    columns: &[Bound<'py, PyAny>],
    axis: isize,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let axis = match axis {
        0 | -2 => Axis::Rows,
        1 | -1 => Axis::Columns,
        _ => {
            return Err(PyValueError::new_err(format!(
                "axis: {axis} is none; give 1 where time runs along rows, 0 where it runs down columns"
            )));
        }
    };
    let tables = columns.iter().zip(entry.inputs).map(|(c, name)| table(name, c)).collect::<PyResult<Vec<_>>>()?;
    let shape = tables.first().map_or([0, 0], |t| [t.shape()[0], t.shape()[1]]);
    for (name, table) in entry.inputs.iter().zip(&tables) {
        if table.shape() != shape {
            let why = format!("has the shape {:?} where {} has {shape:?}; give panels of one shape", table.shape(), entry.inputs[0]);
            return Err(to_py(Error::data(format!("panel {name}"), why)));
        }
    }
    let slices = tables.iter().map(|t| Ok(t.as_slice()?)).collect::<PyResult<Vec<&[f64]>>>()?;
    let arrays = results::<numpy::Ix2>(py, entry, &shape, out)?;
    let mut writable = arrays.iter().map(writable).collect::<PyResult<Vec<_>>>()?;
    let mut out = writable.iter_mut().map(|a| Ok(a.as_slice_mut()?)).collect::<PyResult<Vec<_>>>()?;
    call(py, || indicator.panel(&slices, shape, axis, &mut out))?;
    drop(writable);
    Ok(arrays.into_iter().map(Bound::into_any).collect())
}

/// The indicator `name` over columns, or over panels with the time along `axis`: one array, or a tuple of the class `lines`; those
/// of `out` where they are given.
#[pyfunction]
#[pyo3(signature = (name, lines, axis, args, keywords, out = None))]
fn run_indicator<'py>(
    py: Python<'py>,
    name: &str,
    lines: Option<&Bound<'py, PyAny>>,
    axis: isize,
    args: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
    out: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let entry = catalog::find(name).map_err(to_py)?;
    let (columns, parameters) = arguments(entry, true, args, keywords)?;
    let mut indicator = entry.build(&parameters).map_err(to_py)?;
    let is_panel = |c: &Bound<'py, PyAny>| {
        !c.is_instance_of::<PyArray1<f64>>() && c.getattr("ndim").and_then(|n| n.extract()).is_ok_and(|n: usize| n == 2)
    };
    let mut arrays = match columns.first() {
        Some(first) if is_panel(first) => extend_panel(py, entry, indicator.as_ref(), &columns, axis, out)?,
        _ => extend(py, entry, indicator.as_mut(), &columns, out)?,
    };
    match (lines, arrays.pop()) {
        (None, Some(only)) if arrays.is_empty() => Ok(only),
        (Some(lines), Some(last)) => {
            arrays.push(last);
            lines.call1(PyTuple::new(py, arrays)?)
        }
        _ => Err(PyTypeError::new_err(format!("{name} has several outputs; give the class of the result"))),
    }
}

/// Every indicator as a dictionary.
#[pyfunction]
fn list_indicators(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let all = PyList::empty(py);
    for (family, entry) in catalog::all() {
        let row = PyDict::new(py);
        row.set_item("name", entry.name)?;
        row.set_item("title", entry.title)?;
        row.set_item("family", family)?;
        row.set_item("inputs", PyTuple::new(py, entry.inputs)?)?;
        let parameters = PyList::empty(py);
        for p in entry.parameters {
            let number = |x: f64| -> PyResult<Bound<'_, PyAny>> {
                Ok(if p.is_whole { (x as i64).into_pyobject(py)?.into_any() } else { x.into_pyobject(py)?.into_any() })
            };
            parameters.append((p.name, number(p.default)?, number(p.min)?, number(p.max)?, p.is_whole))?;
        }
        row.set_item("parameters", parameters)?;
        row.set_item("outputs", PyTuple::new(py, entry.outputs)?)?;
        row.set_item("first_row", entry.first_row)?;
        row.set_item("lookback", entry.build(&[]).map_err(to_py)?.lookback())?;
        row.set_item("formula", entry.formula)?;
        row.set_item("source", entry.source)?;
        all.append(row)?;
    }
    Ok(all)
}

/// Add the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(run_indicator, module)?)?;
    module.add_function(wrap_pyfunction!(list_indicators, module)?)
}
