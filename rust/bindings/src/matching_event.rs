//! What an exchange told, as Python sees it.

use pyo3::prelude::*;
use tickwright_core::matching::{Cross, Execution, MadeIn, MatchEvent as Event, OrderKey, Request};
use tickwright_core::types::{Price, Qty, Timestamp};

/// One event of a `MatchingEngine`. Attributes that an event of its kind does not have are None.
#[pyclass(frozen, module = "tickwright._core")]
pub(crate) struct MatchEvent(pub(crate) Event);

type Name = (u32, u64);

const fn name(key: OrderKey) -> Name {
    (key.participant.0, key.client_order_id)
}

/// Dollars; `None` for no price.
fn dollars(price: Price) -> Option<f64> {
    (!price.is_zero()).then(|| price.to_f64())
}

impl MatchEvent {
    const fn execution_of(&self) -> Option<&Execution> {
        match &self.0 {
            Event::Filled(execution) => Some(execution),
            _ => None,
        }
    }

    const fn cross(&self) -> Option<&Cross> {
        match &self.0 {
            Event::Indicative(cross) | Event::Uncrossed(cross) => Some(cross),
            _ => None,
        }
    }
}

#[pymethods]
impl MatchEvent {
    /// What happened.
    #[getter]
    fn kind(&self) -> &'static str {
        match self.0 {
            Event::Accepted { .. } => "accepted",
            Event::Rejected { .. } => "rejected",
            Event::Filled(_) => "filled",
            Event::Canceled { .. } => "canceled",
            Event::Replaced { .. } => "replaced",
            Event::Repriced { .. } => "repriced",
            Event::Triggered { .. } => "triggered",
            Event::Expired { .. } => "expired",
            Event::Indicative(_) => "indicative",
            Event::Uncrossed(_) => "uncrossed",
            Event::Phase { .. } => "phase",
            Event::Bands { .. } => "bands",
            Event::LimitState { .. } => "limit_state",
            _ => "other",
        }
    }

    /// The order: participant and client order id; of a fill the taker.
    #[getter]
    fn order(&self) -> Option<Name> {
        match self.0 {
            Event::Accepted { order, .. }
            | Event::Rejected { order, .. }
            | Event::Canceled { order, .. }
            | Event::Replaced { order, .. }
            | Event::Repriced { order, .. }
            | Event::Triggered { order }
            | Event::Expired { order, .. } => Some(name(order)),
            Event::Filled(execution) => Some(name(execution.taker)),
            _ => None,
        }
    }

    /// The resting order of a fill; in an auction the seller's.
    #[getter]
    fn maker(&self) -> Option<Name> {
        self.execution_of().map(|e| name(e.maker))
    }

    /// The incoming order of a fill; in an auction the buyer's.
    #[getter]
    fn taker(&self) -> Option<Name> {
        self.execution_of().map(|e| name(e.taker))
    }

    /// Number of the trade.
    #[getter]
    fn execution_id(&self) -> Option<u64> {
        self.execution_of().map(|e| e.id)
    }

    /// Where the trade was made.
    #[getter]
    fn made_in(&self) -> Option<&'static str> {
        self.execution_of().map(|e| match e.made_in {
            MadeIn::Continuous => "continuous",
            MadeIn::Auction => "auction",
            MadeIn::Record => "record",
        })
    }

    /// Side of the order, of the taker, or of the quote in a limit state.
    #[getter]
    fn side(&self) -> Option<&'static str> {
        match self.0 {
            Event::Accepted { side, .. } => Some(side.as_str()),
            Event::Filled(execution) => Some(execution.taker_side.as_str()),
            Event::LimitState { side, .. } => side.map(tickwright_core::types::Side::as_str),
            _ => None,
        }
    }

    /// Limit, or price of the trade or auction, dollars.
    #[getter]
    fn price(&self) -> Option<f64> {
        match self.0 {
            Event::Accepted { price, .. } | Event::Replaced { price, .. } | Event::Repriced { price, .. } => dollars(price),
            Event::Filled(execution) => Some(execution.price.to_f64()),
            Event::Indicative(cross) | Event::Uncrossed(cross) => dollars(cross.price),
            _ => None,
        }
    }

    /// Shares ordered, traded, or paired in an auction.
    #[getter]
    fn qty(&self) -> Option<f64> {
        match self.0 {
            Event::Accepted { qty, .. } => Some(qty.to_f64()),
            Event::Filled(execution) => Some(execution.qty.to_f64()),
            Event::Indicative(cross) | Event::Uncrossed(cross) => Some(cross.paired.to_f64()),
            _ => None,
        }
    }

    /// Shares of the order, or of the taker, still to fill, or that did not trade.
    #[getter]
    fn left(&self) -> Option<f64> {
        match self.0 {
            Event::Canceled { left, .. } | Event::Replaced { left, .. } | Event::Expired { left, .. } => Some(left.to_f64()),
            Event::Filled(execution) => Some(execution.taker_left.to_f64()),
            _ => None,
        }
    }

    /// Shares of the maker still to fill.
    #[getter]
    fn maker_left(&self) -> Option<f64> {
        self.execution_of().map(|e| e.maker_left.to_f64())
    }

    /// Why a request was rejected or an order canceled.
    #[getter]
    fn reason(&self) -> Option<&'static str> {
        match self.0 {
            Event::Rejected { reason, .. } => Some(reason.as_str()),
            Event::Canceled { reason, .. } => Some(reason.as_str()),
            _ => None,
        }
    }

    /// What was asked and rejected: new, cancel or replace.
    #[getter]
    fn request(&self) -> Option<&'static str> {
        match self.0 {
            Event::Rejected { request, .. } => Some(match request {
                Request::New => "new",
                Request::Cancel => "cancel",
                Request::Replace => "replace",
            }),
            _ => None,
        }
    }

    /// Whether a replaced order kept its place in the queue.
    #[getter]
    fn kept_place(&self) -> Option<bool> {
        match self.0 {
            Event::Replaced { kept_place, .. } => Some(kept_place),
            _ => None,
        }
    }

    /// Shares left over at the auction's price: buyers' above zero, sellers' below.
    #[getter]
    fn imbalance(&self) -> Option<f64> {
        self.cross().map(|cross| Qty::to_f64(cross.imbalance))
    }

    /// The phase from now on.
    #[getter]
    fn phase(&self) -> Option<&'static str> {
        match self.0 {
            Event::Phase { phase, .. } => Some(phase.as_str()),
            _ => None,
        }
    }

    /// Reference, lower and upper band, dollars.
    #[getter]
    fn bands(&self) -> Option<(f64, f64, f64)> {
        match self.0 {
            Event::Bands { reference, lower, upper, .. } => Some((reference.to_f64(), lower.to_f64(), upper.to_f64())),
            _ => None,
        }
    }

    /// Time of what happens by itself, nanoseconds since 1970 UTC.
    #[getter]
    fn ts(&self) -> Option<i64> {
        match self.0 {
            Event::Phase { ts, .. } | Event::Bands { ts, .. } | Event::LimitState { ts, .. } => Some(Timestamp::nanos(ts)),
            _ => None,
        }
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __repr__(&self) -> String {
        let mut words = vec![self.kind().to_owned()];
        if let Some(order) = self.order().filter(|_| self.execution_of().is_none()) {
            words.push(format!("order={order:?}"));
        }
        if let Some(e) = self.execution_of() {
            words.push(format!("{} {} @ {}", e.taker_side.as_str(), e.qty, e.price));
            words.push(format!("maker={:?} taker={:?} id={}", name(e.maker), name(e.taker), e.id));
        }
        words.extend(self.phase().or_else(|| self.reason()).map(str::to_owned));
        if let Some(cross) = self.cross() {
            words.push(format!("{} @ {}", cross.paired, cross.price));
        }
        format!("<MatchEvent {}>", words.join(" "))
    }
}
