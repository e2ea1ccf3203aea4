//! Order books: one change at a time, whole columns, and what a book answers.

use crate::data::Columns;
use crate::errors::{Count, DataError, OrderError, call, call_attached, choose, to_py};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString, PyTuple};
use tickwright_core::book::{self, BookConfig, Change, ChangeRows, Counts, CrossedPolicy, Depth, Level, Outcome};
use tickwright_core::event::{BookAction, BookDelta, QuoteBatch};
use tickwright_core::types::{Error, InstrumentId, Price, Qty, Result as CoreResult, Side, Timestamp};

/// Arrays of a depth: bid price, size and orders, then the asks'.
pub(crate) type DepthArrays<'py> =
    (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

pub(crate) fn side(text: &Bound<'_, PyAny>) -> PyResult<Side> {
    // Words written in a program are one object each; others are compared by their letters.
    if text.is(intern!(text.py(), "buy")) {
        return Ok(Side::Buy);
    }
    if text.is(intern!(text.py(), "sell")) {
        return Ok(Side::Sell);
    }
    if let Ok(text) = text.cast::<PyString>() {
        match text.to_str()? {
            "buy" => return Ok(Side::Buy),
            "sell" => return Ok(Side::Sell),
            _ => {}
        }
    }
    Err(to_py(Error::config("side", format!("{} is not known; use \"buy\" or \"sell\"", text.repr()?))))
}

/// Units of 1e-9 of a float, an int, a `Decimal` or text.
pub(crate) fn fixed(value: &Bound<'_, PyAny>, name: &str) -> PyResult<i64> {
    let named = |error: Error| to_py(Error::data(name, error.to_string()));
    if let Ok(float) = value.cast::<PyFloat>() {
        return Price::from_f64(float.value()).map(Price::raw).map_err(named);
    }
    if value.is_instance_of::<PyInt>() {
        let whole = value.extract::<i64>().map_err(|_| named(Error::Overflow { what: "a whole number" }))?;
        return Price::from_whole(whole).map(Price::raw).map_err(named);
    }
    // `f` writes a Decimal without an exponent; text is taken as it is.
    let text = if value.is_instance_of::<PyString>() { value.str()? } else { value.call_method1("__format__", ("f",))?.str()? };
    Price::parse(text.to_str()?.as_bytes()).map(Price::raw).map_err(named)
}

/// Units of 1e-9 of one price or size.
#[pyfunction]
#[pyo3(name = "fixed")]
fn fixed_of(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    fixed(value, "number")
}

fn outcome_name(py: Python<'_>, outcome: Outcome) -> &Bound<'_, PyString> {
    match outcome {
        Outcome::UnknownOrder { .. } => intern!(py, "unknown_order"),
        Outcome::TooMuch { .. } => intern!(py, "too_much"),
        Outcome::Replaced => intern!(py, "replaced"),
        Outcome::Uncrossed { .. } => intern!(py, "uncrossed"),
        Outcome::Rejected => intern!(py, "rejected"),
        _ => intern!(py, "applied"),
    }
}

pub(crate) fn counts_to_python<'py>(py: Python<'py>, counts: &Counts) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    for (name, value) in counts.named() {
        out.set_item(name, value)?;
    }
    Ok(out)
}

pub(crate) fn pair(py: Python<'_>, level: Option<Level>, raw: bool) -> PyResult<Option<Bound<'_, PyTuple>>> {
    level
        .map(|level| {
            if raw {
                (level.price.raw(), level.size.raw()).into_pyobject(py)
            } else {
                (level.price.to_f64(), level.size.to_f64()).into_pyobject(py)
            }
        })
        .transpose()
}

pub(crate) fn depth_arrays<'py>(py: Python<'py>, book: &book::OrderBook, n: usize, raw: bool) -> DepthArrays<'py> {
    let columns = |side: Side| {
        let levels: Vec<Level> = book.levels(side).take(n).collect();
        let orders: Vec<u32> = levels.iter().map(|l| l.orders).collect();
        let (prices, sizes) = if raw {
            let prices: Vec<i64> = levels.iter().map(|l| l.price.raw()).collect();
            let sizes: Vec<i64> = levels.iter().map(|l| l.size.raw()).collect();
            (prices.into_pyarray(py).into_any(), sizes.into_pyarray(py).into_any())
        } else {
            let prices: Vec<f64> = levels.iter().map(|l| l.price.to_f64()).collect();
            let sizes: Vec<f64> = levels.iter().map(|l| l.size.to_f64()).collect();
            (prices.into_pyarray(py).into_any(), sizes.into_pyarray(py).into_any())
        };
        (prices, sizes, orders.into_pyarray(py).into_any())
    };
    let (bids, asks) = (columns(Side::Buy), columns(Side::Sell));
    (bids.0, bids.1, bids.2, asks.0, asks.1, asks.2)
}

pub(crate) fn config(depth: &str, crossed: &str, orders_max: usize, levels_max: usize) -> PyResult<BookConfig> {
    Ok(BookConfig {
        depth: choose("depth", depth, &Depth::ALL)?,
        crossed: choose("crossed", crossed, &CrossedPolicy::ALL)?,
        orders_max,
        levels_max,
    })
}

/// Columns of plain numbers, as numpy has them.
struct Numbers<'a> {
    order: &'a [u64],
    action: &'a [i8],
    side: &'a [i8],
    price: &'a [i64],
    size: &'a [i64],
}

impl ChangeRows for Numbers<'_> {
    #[inline]
    fn rows(&self) -> usize {
        self.order.len()
    }

    #[inline]
    fn order(&self, row: usize) -> Option<u64> {
        self.order.get(row).copied()
    }

    #[inline]
    fn change(&self, row: usize) -> CoreResult<Change> {
        Ok(Change {
            action: match self.action[row] {
                0 => BookAction::Add,
                1 => BookAction::Cancel,
                2 => BookAction::Delete,
                3 => BookAction::Execute,
                4 => BookAction::Clear,
                5 => BookAction::Modify,
                code => return Err(unknown_code("action", code, "0 add, 1 cancel, 2 delete, 3 execute, 4 clear, 5 modify")),
            },
            side: match self.side[row] {
                0 => Side::Buy,
                1 => Side::Sell,
                code => return Err(unknown_code("side", code, "0 buy, 1 sell")),
            },
            order: self.order[row],
            price: Price::from_raw(self.price[row]),
            size: Qty::from_raw(self.size[row]),
        })
    }
}

#[cold]
fn unknown_code(name: &str, code: i8, known: &str) -> Error {
    Error::data(format!("{name} {code}"), format!("is not known; use {known}, or the words"))
}

/// One instrument's order book.
#[pyclass(subclass, module = "tickwright._core")]
pub(crate) struct OrderBook {
    pub(crate) core: book::OrderBook,
}

impl OrderBook {
    #[inline]
    fn change<'py>(
        &mut self,
        py: Python<'py>,
        action: BookAction,
        side: Side,
        order: u64,
        price: i64,
        size: i64,
    ) -> PyResult<Bound<'py, PyString>> {
        let delta = BookDelta {
            ts: Timestamp::default(),
            instrument: InstrumentId(0),
            order,
            action,
            side,
            price: Price::from_raw(price),
            size: Qty::from_raw(size),
            flags: 0,
        };
        let core = &mut self.core;
        let outcome = call_attached(|| core.apply(&delta))?;
        Ok(outcome_name(py, outcome).clone())
    }

    /// Take `size` of a known order; all of it without.
    fn take<'py>(
        &mut self,
        py: Python<'py>,
        action: BookAction,
        order: u64,
        size: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyString>> {
        if order == 0 {
            return Err(no_order());
        }
        let (action, size) = match size {
            Some(size) => (action, fixed(size, "size")?),
            None => (BookAction::Delete, 0),
        };
        // Side and price matter for orders that are not known alone.
        self.change(py, action, Side::Buy, order, 0, size)
    }
}

fn no_order() -> PyErr {
    OrderError::new_err("order 0: stands for a level; use set_level, or an id above zero")
}

#[pymethods]
impl OrderBook {
    #[new]
    #[pyo3(signature = (depth = "L3", *, crossed = "keep", orders_max = 1_000_000, levels_max = 100_000))]
    fn new(depth: &str, crossed: &str, orders_max: usize, levels_max: usize) -> PyResult<Self> {
        let config = config(depth, crossed, orders_max, levels_max)?;
        Ok(Self { core: book::OrderBook::with_config(config).map_err(to_py)? })
    }

    /// Add an order at the end of its level's queue.
    #[pyo3(signature = (order_id, side, price, size))]
    fn add<'py>(
        &mut self,
        py: Python<'py>,
        order_id: u64,
        side: &Bound<'py, PyAny>,
        price: &Bound<'py, PyAny>,
        size: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyString>> {
        if order_id == 0 {
            return Err(no_order());
        }
        self.change(py, BookAction::Add, self::side(side)?, order_id, fixed(price, "price")?, fixed(size, "size")?)
    }

    /// Give an order a new price and size, and a new side where one is named.
    #[pyo3(signature = (order_id, price, size, side = None))]
    fn modify<'py>(
        &mut self,
        py: Python<'py>,
        order_id: u64,
        price: &Bound<'py, PyAny>,
        size: &Bound<'py, PyAny>,
        side: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyString>> {
        let side = match side {
            Some(side) => self::side(side)?,
            None => self
                .core
                .order(order_id)
                .map(|order| order.side)
                .ok_or_else(|| OrderError::new_err(format!("order {order_id}: is not known; name its side, and it is added")))?,
        };
        if order_id == 0 {
            return Err(no_order());
        }
        self.change(py, BookAction::Modify, side, order_id, fixed(price, "price")?, fixed(size, "size")?)
    }

    /// Replace an order by a new one at the end of the queue.
    #[pyo3(signature = (order_id, new_id, price, size))]
    fn replace<'py>(
        &mut self,
        py: Python<'py>,
        order_id: u64,
        new_id: u64,
        price: &Bound<'py, PyAny>,
        size: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyString>> {
        let side = self.core.order(order_id).map(|order| order.side);
        let side = side.ok_or_else(|| OrderError::new_err(format!("order {order_id}: is not known; add the new order")))?;
        if new_id == 0 {
            return Err(no_order());
        }
        let (price, size) = (fixed(price, "price")?, fixed(size, "size")?);
        self.change(py, BookAction::Delete, side, order_id, 0, 0)?;
        self.change(py, BookAction::Add, side, new_id, price, size)
    }

    /// Take shares of an order out of the book; all of them without a size.
    #[pyo3(signature = (order_id, size = None))]
    fn cancel<'py>(&mut self, py: Python<'py>, order_id: u64, size: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyString>> {
        self.take(py, BookAction::Cancel, order_id, size)
    }

    /// Execute shares of an order.
    fn execute<'py>(&mut self, py: Python<'py>, order_id: u64, size: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
        self.take(py, BookAction::Execute, order_id, Some(size))
    }

    /// Set the size of a level that is not of known orders; zero takes it away.
    fn set_level<'py>(
        &mut self,
        py: Python<'py>,
        side: &Bound<'py, PyAny>,
        price: &Bound<'py, PyAny>,
        size: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyString>> {
        self.change(py, BookAction::Add, self::side(side)?, 0, fixed(price, "price")?, fixed(size, "size")?)
    }

    /// Empty the book, or one side of it.
    #[pyo3(signature = (side = None))]
    fn clear(&mut self, py: Python<'_>, side: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        match side {
            None => self.core.clear(),
            Some(side) => {
                self.change(py, BookAction::Clear, self::side(side)?, 0, 0, 0)?;
            }
        }
        Ok(())
    }

    /// Replace the book by levels of price and size, in units of 1e-9.
    fn load(&mut self, py: Python<'_>, bids: Vec<(i64, i64)>, asks: Vec<(i64, i64)>) -> PyResult<()> {
        let levels = |side: Vec<(i64, i64)>| side.into_iter().map(|(p, s)| (Price::from_raw(p), Qty::from_raw(s))).collect::<Vec<_>>();
        let core = &mut self.core;
        call(py, || core.load(&levels(bids), &levels(asks)))
    }

    /// Apply columns of book changes, of one instrument where one is named, or quotes.
    #[pyo3(signature = (columns, instrument = None))]
    fn apply_columns<'py>(
        &mut self,
        py: Python<'py>,
        columns: &Bound<'py, Columns>,
        instrument: Option<u32>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let before = *self.core.counts();
        let core = &mut self.core;
        let columns = columns.get();
        call(py, || match (columns.deltas(), columns.quotes(), instrument.map(InstrumentId)) {
            (Some((batch, _)), _, Some(only)) => core.apply_instrument(batch, only),
            (Some((batch, _)), _, None) => core.apply_batch(batch),
            (_, Some((batch, _)), only) => apply_quotes(core, batch, only),
            _ => Err(Error::data("columns", "are neither book changes nor quotes; give `data.deltas`")),
        })?;
        counts_to_python(py, &self.core.counts().since(&before))
    }

    /// Apply numpy columns of book changes; prices and sizes in units of 1e-9, actions and sides as codes.
    fn apply_arrays<'py>(
        &mut self,
        py: Python<'py>,
        order: PyReadonlyArray1<'py, u64>,
        action: PyReadonlyArray1<'py, i8>,
        side: PyReadonlyArray1<'py, i8>,
        price: PyReadonlyArray1<'py, i64>,
        size: PyReadonlyArray1<'py, i64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let numbers = Numbers {
            order: order.as_slice()?,
            action: action.as_slice()?,
            side: side.as_slice()?,
            price: price.as_slice()?,
            size: size.as_slice()?,
        };
        let rows = numbers.order.len();
        if [numbers.action.len(), numbers.side.len(), numbers.price.len(), numbers.size.len()].iter().any(|&n| n != rows) {
            return Err(DataError::new_err("columns: differ in length; give each a value a row"));
        }
        let before = *self.core.counts();
        let core = &mut self.core;
        call(py, || core.apply_rows(&numbers))?;
        counts_to_python(py, &self.core.counts().since(&before))
    }

    /// Price and size of the best bid.
    #[pyo3(signature = (*, raw = false))]
    fn best_bid<'py>(&self, py: Python<'py>, raw: bool) -> PyResult<Option<Bound<'py, PyTuple>>> {
        pair(py, self.core.best_bid(), raw)
    }

    /// Price and size of the best ask.
    #[pyo3(signature = (*, raw = false))]
    fn best_ask<'py>(&self, py: Python<'py>, raw: bool) -> PyResult<Option<Bound<'py, PyTuple>>> {
        pair(py, self.core.best_ask(), raw)
    }

    #[pyo3(signature = (n, raw))]
    fn depth_arrays<'py>(&self, py: Python<'py>, n: Count, raw: bool) -> DepthArrays<'py> {
        depth_arrays(py, &self.core, n.0, raw)
    }

    /// Ask less bid, dollars.
    fn spread(&self) -> Option<f64> {
        self.core.spread().map(Price::to_f64)
    }

    /// Halfway between bid and ask, dollars.
    fn mid(&self) -> Option<f64> {
        self.core.mid()
    }

    /// Bid and ask weighted with each other's size, dollars.
    fn microprice(&self) -> Option<f64> {
        self.core.microprice()
    }

    /// (B − A) ÷ (B + A) of the sizes of the best `n` levels.
    #[pyo3(signature = (n = Count(1)), text_signature = "($self, n=1)")]
    fn imbalance(&self, n: Count) -> Option<f64> {
        self.core.imbalance(n.0)
    }

    /// Average price of an order for `size` that trades at once.
    fn vwap(&self, side: &Bound<'_, PyAny>, size: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
        Ok(self.core.vwap(self::side(side)?, Qty::from_raw(fixed(size, "size")?)))
    }

    /// Shares at `price` and better.
    fn size_to(&self, side: &Bound<'_, PyAny>, price: &Bound<'_, PyAny>) -> PyResult<f64> {
        Ok(self.core.size_to(self::side(side)?, Price::from_raw(fixed(price, "price")?)).to_f64())
    }

    #[getter]
    fn is_crossed(&self) -> bool {
        self.core.is_crossed()
    }

    /// Shares and orders in front of an order, and the shares of its level without orders.
    fn queue_ahead_of(&self, order_id: u64) -> Option<(f64, u32, f64)> {
        self.core.queue_ahead(order_id).map(|a| (a.size.to_f64(), a.orders, a.anonymous.to_f64()))
    }

    /// Side, price and size of an order.
    fn order(&self, order_id: u64) -> Option<(&'static str, f64, f64)> {
        self.core.order(order_id).map(|o| (o.side.as_str(), o.price.to_f64(), o.size.to_f64()))
    }

    /// Ids and sizes of the orders of a level, first in the queue first.
    fn queue(&self, side: &Bound<'_, PyAny>, price: &Bound<'_, PyAny>) -> PyResult<Vec<(u64, f64)>> {
        let (side, price) = (self::side(side)?, Price::from_raw(fixed(price, "price")?));
        Ok(self.core.queue(side, price).map(|o| (o.id, o.size.to_f64())).collect())
    }

    /// Keep the best `levels` of each side; gives how many went.
    fn truncate(&mut self, levels: Count) -> usize {
        self.core.truncate(levels.0)
    }

    /// Check the book against itself.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        call(py, || self.core.check())
    }

    /// Live orders.
    fn __len__(&self) -> usize {
        self.core.order_count()
    }

    /// Levels of the bids and of the asks.
    #[getter]
    fn level_counts(&self) -> (usize, usize) {
        (self.core.level_count(Side::Buy), self.core.level_count(Side::Sell))
    }

    /// What was seen since the book was made.
    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counts_to_python(py, self.core.counts())
    }

    #[getter]
    fn heap_bytes(&self) -> usize {
        self.core.heap_bytes()
    }

    /// Depth, crossed policy and limits.
    #[getter]
    fn settings(&self) -> (&'static str, &'static str, usize, usize) {
        let config = self.core.config();
        (config.depth.as_str(), config.crossed.as_str(), config.orders_max, config.levels_max)
    }

    /// Columns order, side, price and size that make the book anew.
    #[allow(clippy::type_complexity, reason = "four columns")]
    fn contents<'py>(
        &self,
        py: Python<'py>,
    ) -> (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray1<i8>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>) {
        let all = self.core.to_deltas(Timestamp::default(), InstrumentId(0));
        let sides: Vec<i8> = all.side.iter().map(|&s| i8::from(s == Side::Sell)).collect();
        (
            all.order.into_pyarray(py),
            sides.into_pyarray(py),
            bytemuck::cast_vec::<Price, i64>(all.price).into_pyarray(py),
            bytemuck::cast_vec::<Qty, i64>(all.size).into_pyarray(py),
        )
    }

    /// The book that `contents` and `counts` were taken of.
    fn restore(
        &mut self,
        py: Python<'_>,
        order: PyReadonlyArray1<'_, u64>,
        side: PyReadonlyArray1<'_, i8>,
        price: PyReadonlyArray1<'_, i64>,
        size: PyReadonlyArray1<'_, i64>,
        counts: [u64; 7],
    ) -> PyResult<()> {
        let action = vec![0; order.as_slice()?.len()];
        let numbers =
            Numbers { order: order.as_slice()?, action: &action, side: side.as_slice()?, price: price.as_slice()?, size: size.as_slice()? };
        let [changes, unknown_orders, too_much, replaced, crossed, uncrossed_levels, rejected] = counts;
        let counts = Counts { changes, unknown_orders, too_much, replaced, crossed, uncrossed_levels, rejected };
        let core = &mut self.core;
        call(py, || core.restore(&numbers, counts))
    }
}

fn apply_quotes(core: &mut book::OrderBook, batch: &QuoteBatch, only: Option<InstrumentId>) -> CoreResult<()> {
    for i in 0..batch.len() {
        if only.is_none_or(|only| batch.instrument[i] == only) {
            core.apply_quote(&batch.get(i))?;
        }
    }
    Ok(())
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fixed_of, module)?)?;
    module.add_class::<OrderBook>()
}
