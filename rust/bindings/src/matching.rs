//! The matching engine: single requests, columns of requests, and what the book shows.

use crate::book::{fixed, side};
use crate::errors::{Count, call, call_attached, choose, to_py};
use crate::matching_event::MatchEvent;
use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tickwright_core::matching::{
    self, BookLevel, Instruction, InstructionRows, Lifetime, LuldTier, MatchEvent as Event, MatchingConfig, NewOrder, OrderKey,
    Participant, Phase, Replacement, SelfMatch, Taking, Terms,
};
use tickwright_core::types::{Error, Price, Qty, Result as CoreResult, Side, Timestamp};

/// Price, shares and orders of a level.
type Shown = (f64, f64, u32);

const LULD: [(&str, Option<LuldTier>); 3] = [("none", None), ("tier1", Some(LuldTier::One)), ("tier2", Some(LuldTier::Two))];

/// One instrument's exchange.
#[pyclass(module = "tickwright._core", subclass)]
pub(crate) struct MatchingEngine {
    core: matching::MatchingEngine,
    out: Vec<Event>,
}

/// Columns of requests; those that are left out are empty.
struct Rows<'a> {
    op: &'a [i8],
    participant: &'a [u32],
    order: &'a [u64],
    side: &'a [i8],
    price: &'a [i64],
    qty: &'a [i64],
    stop: &'a [i64],
    lifetime: &'a [i8],
    post_only: &'a [i8],
    ts: &'a [i64],
}

const OPS: &str = "0 limit, 1 cancel, 2 replace, 3 market, 4 stop, 5 stop_limit, 6 mass_cancel";

impl Rows<'_> {
    /// The codes of every row, checked before the first is applied.
    fn check(&self) -> CoreResult<()> {
        let rows = self.op.len();
        let lengths = [self.participant.len(), self.order.len(), self.side.len(), self.price.len(), self.qty.len()];
        let optional = [self.stop.len(), self.lifetime.len(), self.post_only.len(), self.ts.len()];
        if lengths.iter().any(|&n| n != rows) || optional.iter().any(|&n| n != rows && n != 0) {
            return Err(Error::data("columns", "differ in length; give each a value a row"));
        }
        let wrong = |name: &str, row: usize, code: i8, known: &str| {
            Err(Error::data(format!("{name} {code} in row {row}"), format!("is not known; use {known}")))
        };
        for row in 0..rows {
            if !(0..=6).contains(&self.op[row]) {
                return wrong("op", row, self.op[row], OPS);
            }
            if !(0..=1).contains(&self.side[row]) {
                return wrong("side", row, self.side[row], "0 buy, 1 sell");
            }
            let lifetime = self.lifetime.get(row).copied().unwrap_or(0);
            if usize::try_from(lifetime).is_err() || lifetime as usize >= Lifetime::ALL.len() {
                return wrong("tif", row, lifetime, "0 day, 1 gtc, 2 ioc, 3 fok, 4 opg, 5 cls");
            }
        }
        Ok(())
    }
}

impl InstructionRows for Rows<'_> {
    fn rows(&self) -> usize {
        self.op.len()
    }

    #[inline]
    fn key(&self, row: usize) -> OrderKey {
        OrderKey::new(self.participant[row], self.order[row])
    }

    #[inline]
    fn instruction(&self, row: usize) -> (Timestamp, Instruction) {
        let ts = Timestamp::from_nanos(self.ts.get(row).copied().unwrap_or(i64::MIN));
        let key = self.key(row);
        let price = Price::from_raw(self.price[row]);
        let stop = Price::from_raw(self.stop.get(row).copied().unwrap_or(0));
        let terms = match self.op[row] {
            1 => return (ts, Instruction::Cancel(key)),
            2 => {
                // Zero keeps what is there.
                let given = |raw: i64| (raw != 0).then(|| Price::from_raw(raw));
                let qty = (self.qty[row] != 0).then(|| Qty::from_raw(self.qty[row]));
                return (ts, Instruction::Replace(key, Replacement { qty, limit: given(price.raw()), stop: given(stop.raw()) }));
            }
            6 => return (ts, Instruction::MassCancel(key.participant)),
            3 => Terms::Market,
            4 => Terms::Stop(stop),
            5 => Terms::StopLimit { stop, limit: price },
            _ => Terms::Limit(price),
        };
        let order = NewOrder {
            key,
            side: if self.side[row] == 0 { Side::Buy } else { Side::Sell },
            qty: Qty::from_raw(self.qty[row]),
            terms,
            lifetime: Lifetime::ALL[self.lifetime.get(row).copied().unwrap_or(0) as usize].1,
            taking: if self.post_only.get(row).copied().unwrap_or(0) == 0 { Taking::Allowed } else { Taking::Refused },
        };
        (ts, Instruction::Submit(order))
    }
}

/// Fills by column.
#[derive(Default)]
struct Fills {
    row: Vec<i64>,
    execution: Vec<u64>,
    price: Vec<i64>,
    qty: Vec<i64>,
    maker_participant: Vec<u32>,
    maker_order: Vec<u64>,
    taker_participant: Vec<u32>,
    taker_order: Vec<u64>,
    taker_side: Vec<i8>,
    maker_left: Vec<i64>,
    taker_left: Vec<i64>,
    /// A row's outcome: 0 taken, else the code of the reason.
    rejected: Vec<i8>,
    counts: [u64; 6],
}

impl Fills {
    fn take(&mut self, row: usize, event: &Event) {
        match event {
            Event::Filled(e) => {
                self.counts[2] += 1;
                self.row.push(row as i64);
                self.execution.push(e.id);
                self.price.push(e.price.raw());
                self.qty.push(e.qty.raw());
                self.maker_participant.push(e.maker.participant.0);
                self.maker_order.push(e.maker.client_order_id);
                self.taker_participant.push(e.taker.participant.0);
                self.taker_order.push(e.taker.client_order_id);
                self.taker_side.push(i8::from(e.taker_side == Side::Sell));
                self.maker_left.push(e.maker_left.raw());
                self.taker_left.push(e.taker_left.raw());
            }
            Event::Rejected { reason, .. } => {
                self.counts[1] += 1;
                self.rejected[row] = reason.code();
            }
            Event::Accepted { .. } => self.counts[0] += 1,
            Event::Canceled { .. } => self.counts[3] += 1,
            Event::Replaced { .. } => self.counts[4] += 1,
            Event::Expired { .. } => self.counts[5] += 1,
            _ => {}
        }
    }
}

impl MatchingEngine {
    /// Run `ask` and give its events.
    fn told(&mut self, ask: impl FnOnce(&mut matching::MatchingEngine, &mut Vec<Event>) -> CoreResult<()>) -> PyResult<Vec<MatchEvent>> {
        let Self { core, out } = self;
        out.clear();
        call_attached(|| ask(core, out))?;
        Ok(out.iter().copied().map(MatchEvent).collect())
    }
}

fn optional(value: Option<&Bound<'_, PyAny>>, name: &str) -> PyResult<Option<i64>> {
    value.filter(|value| !value.is_none()).map(|value| fixed(value, name)).transpose()
}

fn slice<'a, T: numpy::Element>(column: Option<&'a PyReadonlyArray1<'_, T>>) -> PyResult<&'a [T]> {
    Ok(match column {
        Some(column) => column.as_slice()?,
        None => &[],
    })
}

#[pymethods]
impl MatchingEngine {
    #[new]
    #[pyo3(signature = (*, tick = None, lot = None, self_match = "allow", luld = "none", orders_max = 1 << 24))]
    fn new(
        tick: Option<&Bound<'_, PyAny>>,
        lot: Option<&Bound<'_, PyAny>>,
        self_match: &str,
        luld: &str,
        orders_max: u32,
    ) -> PyResult<Self> {
        let preset = MatchingConfig::default();
        let config = MatchingConfig {
            tick: optional(tick, "tick")?.map_or(preset.tick, Price::from_raw),
            lot: optional(lot, "lot")?.map_or(preset.lot, Qty::from_raw),
            self_match: choose("self_match", self_match, &SelfMatch::ALL)?,
            luld: choose("luld", luld, &LULD)?,
            orders_max,
            ..preset
        };
        Ok(Self { core: matching::MatchingEngine::new(config).map_err(to_py)?, out: Vec::new() })
    }

    /// Send a new order.
    #[pyo3(signature = (participant, order, side, qty, price = None, *, stop = None, tif = "day", post_only = false, ts = i64::MIN))]
    #[allow(clippy::too_many_arguments, reason = "the fields of an order")]
    fn submit(
        &mut self,
        participant: u32,
        order: u64,
        side: &Bound<'_, PyAny>,
        qty: &Bound<'_, PyAny>,
        price: Option<&Bound<'_, PyAny>>,
        stop: Option<&Bound<'_, PyAny>>,
        tif: &str,
        post_only: bool,
        ts: i64,
    ) -> PyResult<Vec<MatchEvent>> {
        let (limit, stop) = (optional(price, "price")?.map(Price::from_raw), optional(stop, "stop")?.map(Price::from_raw));
        let order = NewOrder {
            key: OrderKey::new(participant, order),
            side: self::side(side)?,
            qty: Qty::from_raw(fixed(qty, "qty")?),
            terms: match (limit, stop) {
                (None, None) => Terms::Market,
                (Some(limit), None) => Terms::Limit(limit),
                (None, Some(stop)) => Terms::Stop(stop),
                (Some(limit), Some(stop)) => Terms::StopLimit { stop, limit },
            },
            lifetime: choose("tif", tif, &Lifetime::ALL)?,
            taking: if post_only { Taking::Refused } else { Taking::Allowed },
        };
        self.told(|core, out| {
            core.submit(Timestamp::from_nanos(ts), &order, out);
            Ok(())
        })
    }

    /// Cancel an order.
    #[pyo3(signature = (participant, order, *, ts = i64::MIN))]
    fn cancel(&mut self, participant: u32, order: u64, ts: i64) -> PyResult<Vec<MatchEvent>> {
        self.told(|core, out| {
            core.cancel(Timestamp::from_nanos(ts), OrderKey::new(participant, order), out);
            Ok(())
        })
    }

    /// Give an order new terms; what is left out stays.
    #[pyo3(signature = (participant, order, *, qty = None, price = None, stop = None, ts = i64::MIN))]
    fn replace(
        &mut self,
        participant: u32,
        order: u64,
        qty: Option<&Bound<'_, PyAny>>,
        price: Option<&Bound<'_, PyAny>>,
        stop: Option<&Bound<'_, PyAny>>,
        ts: i64,
    ) -> PyResult<Vec<MatchEvent>> {
        let new = Replacement {
            qty: optional(qty, "qty")?.map(Qty::from_raw),
            limit: optional(price, "price")?.map(Price::from_raw),
            stop: optional(stop, "stop")?.map(Price::from_raw),
        };
        self.told(|core, out| {
            core.replace(Timestamp::from_nanos(ts), OrderKey::new(participant, order), &new, out);
            Ok(())
        })
    }

    /// Cancel every order of a participant.
    #[pyo3(signature = (participant, *, ts = i64::MIN))]
    fn mass_cancel(&mut self, participant: u32, ts: i64) -> PyResult<Vec<MatchEvent>> {
        self.told(|core, out| {
            core.mass_cancel(Timestamp::from_nanos(ts), Participant(participant), out);
            Ok(())
        })
    }

    /// Go over to another phase.
    #[pyo3(signature = (phase, *, ts = i64::MIN))]
    fn set_phase(&mut self, phase: &str, ts: i64) -> PyResult<Vec<MatchEvent>> {
        let phase: Phase = choose("phase", phase, &Phase::ALL)?;
        self.told(|core, out| core.set_phase(Timestamp::from_nanos(ts), phase, out))
    }

    /// Let time pass.
    fn advance(&mut self, ts: i64) -> PyResult<Vec<MatchEvent>> {
        self.told(|core, out| {
            core.advance(Timestamp::from_nanos(ts), out);
            Ok(())
        })
    }

    /// The price for auctions that no trade gives.
    fn set_reference(&mut self, price: &Bound<'_, PyAny>) -> PyResult<()> {
        self.core.set_reference(Price::from_raw(fixed(price, "price")?));
        Ok(())
    }

    /// The day's terms for the price bands.
    fn set_luld_day(&mut self, previous_close: &Bound<'_, PyAny>, close_ts: i64) -> PyResult<()> {
        self.core.set_luld_day(Price::from_raw(fixed(previous_close, "previous_close")?), Timestamp::from_nanos(close_ts));
        Ok(())
    }

    /// Apply columns of requests; prices and quantities in units of 1e-9.
    #[allow(clippy::too_many_arguments, reason = "a column each")]
    fn apply_arrays<'py>(
        &mut self,
        py: Python<'py>,
        op: PyReadonlyArray1<'py, i8>,
        participant: PyReadonlyArray1<'py, u32>,
        order: PyReadonlyArray1<'py, u64>,
        side: PyReadonlyArray1<'py, i8>,
        price: PyReadonlyArray1<'py, i64>,
        qty: PyReadonlyArray1<'py, i64>,
        stop: Option<PyReadonlyArray1<'py, i64>>,
        tif: Option<PyReadonlyArray1<'py, i8>>,
        post_only: Option<PyReadonlyArray1<'py, i8>>,
        ts: Option<PyReadonlyArray1<'py, i64>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let rows = Rows {
            op: op.as_slice()?,
            participant: participant.as_slice()?,
            order: order.as_slice()?,
            side: side.as_slice()?,
            price: price.as_slice()?,
            qty: qty.as_slice()?,
            stop: slice(stop.as_ref())?,
            lifetime: slice(tif.as_ref())?,
            post_only: slice(post_only.as_ref())?,
            ts: slice(ts.as_ref())?,
        };
        let Self { core, out } = self;
        let fills = call(py, || {
            rows.check()?;
            let mut fills = Fills { rejected: vec![0; rows.rows()], ..Fills::default() };
            out.clear();
            core.apply_rows(&rows, out, |row, out| {
                for event in out.iter() {
                    fills.take(row, event);
                }
                out.clear();
            });
            Ok(fills)
        })?;
        let given = PyDict::new(py);
        given.set_item("row", fills.row.into_pyarray(py))?;
        given.set_item("execution_id", fills.execution.into_pyarray(py))?;
        given.set_item("price", fills.price.into_pyarray(py))?;
        given.set_item("qty", fills.qty.into_pyarray(py))?;
        given.set_item("maker_participant", fills.maker_participant.into_pyarray(py))?;
        given.set_item("maker_order", fills.maker_order.into_pyarray(py))?;
        given.set_item("taker_participant", fills.taker_participant.into_pyarray(py))?;
        given.set_item("taker_order", fills.taker_order.into_pyarray(py))?;
        given.set_item("taker_side", fills.taker_side.into_pyarray(py))?;
        given.set_item("maker_left", fills.maker_left.into_pyarray(py))?;
        given.set_item("taker_left", fills.taker_left.into_pyarray(py))?;
        let counts = PyDict::new(py);
        for (name, count) in ["accepted", "rejected", "filled", "canceled", "replaced", "expired"].iter().zip(fills.counts) {
            counts.set_item(name, count)?;
        }
        let answer = PyDict::new(py);
        answer.set_item("fills", given)?;
        answer.set_item("rejected", fills.rejected.into_pyarray(py))?;
        answer.set_item("counts", counts)?;
        Ok(answer)
    }

    /// Price, shares and orders of the best bid.
    fn best_bid(&self) -> Option<Shown> {
        self.core.best(Side::Buy).map(show)
    }

    /// Price, shares and orders of the best ask.
    fn best_ask(&self) -> Option<Shown> {
        self.core.best(Side::Sell).map(show)
    }

    /// The best levels of both sides: price, shares and orders each.
    #[pyo3(signature = (n = Count(10)), text_signature = "($self, n=10)")]
    fn depth(&self, n: Count) -> (Vec<Shown>, Vec<Shown>) {
        let of = |side| self.core.depth(side).take(n.0).map(show).collect();
        (of(Side::Buy), of(Side::Sell))
    }

    /// Orders at a price, the first to trade first: participant, order, shares left.
    fn orders_at(&self, side: &Bound<'_, PyAny>, price: &Bound<'_, PyAny>) -> PyResult<Vec<(u32, u64, f64)>> {
        let (side, price) = (self::side(side)?, Price::from_raw(fixed(price, "price")?));
        let orders = self.core.orders_at(side, price);
        Ok(orders.map(|o| (o.key.participant.0, o.key.client_order_id, o.left.to_f64())).collect())
    }

    /// Shares and orders in front of an order at its price.
    fn queue_ahead(&self, participant: u32, order: u64) -> Option<(f64, u32)> {
        self.core.queue_ahead(OrderKey::new(participant, order)).map(|ahead| (ahead.qty.to_f64(), ahead.orders))
    }

    /// A live order.
    fn order<'py>(&self, py: Python<'py>, participant: u32, order: u64) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(live) = self.core.order(OrderKey::new(participant, order)) else { return Ok(None) };
        let some = |price: Price| (!price.is_zero()).then(|| price.to_f64());
        let out = PyDict::new(py);
        out.set_item("side", live.side.as_str())?;
        out.set_item("price", some(live.price))?;
        out.set_item("stop", some(live.stop))?;
        out.set_item("left", live.left.to_f64())?;
        out.set_item("filled", live.filled.to_f64())?;
        out.set_item("tif", Lifetime::ALL.iter().find(|(_, l)| *l == live.lifetime).map(|(name, _)| *name))?;
        out.set_item("in_book", live.in_book)?;
        Ok(Some(out))
    }

    /// What the auction would do now: price, shares paired, imbalance.
    fn indicative(&self) -> (Option<f64>, f64, f64) {
        let cross = self.core.indicative();
        ((!cross.price.is_zero()).then(|| cross.price.to_f64()), cross.paired.to_f64(), cross.imbalance.to_f64())
    }

    /// Reference, lower and upper price band.
    fn bands(&self) -> Option<(f64, f64, f64)> {
        self.core.bands().map(|bands| (bands.reference.to_f64(), bands.lower.to_f64(), bands.upper.to_f64()))
    }

    /// What the exchange is doing.
    #[getter]
    fn phase(&self) -> &'static str {
        self.core.phase().as_str()
    }

    /// Price of the last trade.
    #[getter]
    fn last_trade(&self) -> Option<f64> {
        self.core.last_trade().map(Price::to_f64)
    }

    fn __len__(&self) -> usize {
        self.core.len()
    }

    /// The whole state.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.core.to_bytes().map_err(to_py)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Go on from the state that `to_bytes` gave.
    fn restore(&mut self, py: Python<'_>, state: &[u8]) -> PyResult<()> {
        self.core = call(py, || matching::MatchingEngine::from_bytes(state))?;
        Ok(())
    }
}

fn show(level: BookLevel) -> Shown {
    (level.price.to_f64(), level.qty.to_f64(), level.orders)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<MatchEvent>()?;
    module.add_class::<MatchingEngine>()
}
