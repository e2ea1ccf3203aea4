//! Tables read into market data: columns of numpy arrays, named.

use crate::data::{Kind, MarketData, quality_policy};
use crate::errors::{DataError, call, to_py};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::HashMap;
use tickwright_core::feeds::table::{self, BarColumns, DeltaColumns, Extras, Frame, Numbers, QuoteColumns, Symbols, TradeColumns};
use tickwright_core::types::Error;

#[derive(FromPyObject)]
enum NumberArray<'py> {
    Floats(PyReadonlyArray1<'py, f64>),
    Raw(PyReadonlyArray1<'py, i64>),
}

#[derive(FromPyObject)]
enum ExtraArray<'py> {
    Letters(PyReadonlyArray1<'py, u8>),
    Words(PyReadonlyArray1<'py, u32>),
    Ids(PyReadonlyArray1<'py, u64>),
}

struct GivenExtras<'py>(HashMap<String, ExtraArray<'py>>);

impl GivenExtras<'_> {
    fn letters(&self, name: &str) -> PyResult<Option<&[u8]>> {
        match self.0.get(name) {
            Some(ExtraArray::Letters(a)) => Ok(Some(a.as_slice()?)),
            Some(_) => Err(DataError::new_err(format!("column {name} is not of bytes"))),
            None => Ok(None),
        }
    }

    fn words(&self, name: &str) -> PyResult<Option<&[u32]>> {
        match self.0.get(name) {
            Some(ExtraArray::Words(a)) => Ok(Some(a.as_slice()?)),
            Some(_) => Err(DataError::new_err(format!("column {name} is not of 32-bit words"))),
            None => Ok(None),
        }
    }

    fn ids(&self, name: &str) -> PyResult<Option<&[u64]>> {
        match self.0.get(name) {
            Some(ExtraArray::Ids(a)) => Ok(Some(a.as_slice()?)),
            Some(_) => Err(DataError::new_err(format!("column {name} is not of 64-bit words"))),
            None => Ok(None),
        }
    }
}

struct Given<'py>(HashMap<String, NumberArray<'py>>);

impl Given<'_> {
    fn get(&self, name: &str) -> PyResult<Numbers<'_>> {
        match self.0.get(name) {
            Some(NumberArray::Floats(a)) => Ok(Numbers::Floats(a.as_slice()?)),
            Some(NumberArray::Raw(a)) => Ok(Numbers::Raw(a.as_slice()?)),
            None => Err(DataError::new_err(format!("column {name} is missing"))),
        }
    }
}

/// A table of `kind` from contiguous arrays: prices and sizes as floats or as counts of 1e-9, times in nanoseconds.
#[pyfunction]
#[pyo3(signature = (kind, place, ts, names, codes, columns, *, start=None, recv=None, flags=None, extras=None, policy=None))]
#[allow(clippy::too_many_arguments, reason = "named in Python, one column each")]
fn read_table<'py>(
    py: Python<'py>,
    kind: &str,
    place: &str,
    ts: PyReadonlyArray1<'py, i64>,
    names: Vec<String>,
    codes: Option<PyReadonlyArray1<'py, i32>>,
    columns: HashMap<String, NumberArray<'py>>,
    start: Option<PyReadonlyArray1<'py, i64>>,
    recv: Option<PyReadonlyArray1<'py, i64>>,
    flags: Option<PyReadonlyArray1<'py, u32>>,
    extras: Option<HashMap<String, ExtraArray<'py>>>,
    policy: Option<&Bound<'py, PyDict>>,
) -> PyResult<MarketData> {
    let policy = quality_policy(policy)?;
    let given_extras = GivenExtras(extras.unwrap_or_default());
    let frame = Frame {
        extras: Extras {
            venue: given_extras.letters("venue")?,
            bid_venue: given_extras.letters("bid_venue")?,
            ask_venue: given_extras.letters("ask_venue")?,
            conditions: given_extras.words("conditions")?,
            tape: given_extras.letters("tape")?,
            id: given_extras.ids("id")?,
            correction: given_extras.letters("correction")?,
        },
        place,
        ts: ts.as_slice()?,
        symbols: Symbols { names: &names, codes: codes.as_ref().map(|c| c.as_slice()).transpose()? },
        recv: recv.as_ref().map(|c| c.as_slice()).transpose()?,
        flags: flags.as_ref().map(|c| c.as_slice()).transpose()?,
    };
    let given = Given(columns);
    let data = match Kind::parse(kind)? {
        Kind::Quotes => {
            let columns = QuoteColumns {
                bid: given.get("bid")?,
                ask: given.get("ask")?,
                bid_size: given.get("bid_size")?,
                ask_size: given.get("ask_size")?,
            };
            call(py, || table::quotes(&frame, &columns, &policy))
        }
        Kind::Trades => {
            let columns = TradeColumns { price: given.get("price")?, size: given.get("size")? };
            call(py, || table::trades(&frame, &columns, &policy))
        }
        Kind::Bars => {
            let columns = BarColumns {
                start: start.as_ref().map_or(Ok(&[][..]), |c| c.as_slice())?,
                open: given.get("open")?,
                high: given.get("high")?,
                low: given.get("low")?,
                close: given.get("close")?,
                volume: given.get("volume")?,
            };
            call(py, || table::bars(&frame, &columns, &policy))
        }
        Kind::Deltas => {
            let Some(side) = given_extras.letters("side")? else {
                return Err(DataError::new_err("column side is missing"));
            };
            let columns = DeltaColumns {
                side,
                price: given.get("price")?,
                size: given.get("size")?,
                action: given_extras.letters("action")?,
                order: given_extras.ids("order")?,
            };
            call(py, || table::deltas(&frame, &columns, &policy))
        }
        _ => {
            return Err(to_py(Error::config("kind", format!("{kind} cannot be read from a table; choose quotes, trades, bars or deltas"))));
        }
    };
    data.map(MarketData::new)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(read_table, module)?)
}
