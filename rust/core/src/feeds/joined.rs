//! Several [`MarketData`] as one, without copying: their events stay where they are and only their instrument ids are translated.

use super::MarketData;
use crate::types::{Error, InstrumentId, Instruments, Result, Timestamp};
use std::sync::Arc;

/// Several market data with one table of instruments.
#[derive(Clone, Debug)]
pub struct Joined {
    instruments: Instruments,
    parts: Vec<(Arc<MarketData>, Option<Vec<InstrumentId>>)>,
}

impl Joined {
    /// Join `parts`, in order: events of one moment and kind come in that order. An id that its part's table does not know is an
    /// error.
    pub fn new(parts: impl IntoIterator<Item = Arc<MarketData>>) -> Result<Self> {
        let mut joined = Self { instruments: Instruments::default(), parts: Vec::new() };
        for data in parts {
            check_ids(&data)?;
            let ids = data.instruments.symbols().iter().map(|s| joined.instruments.intern(s)).collect::<Result<Vec<_>>>()?;
            let same = ids.iter().enumerate().all(|(i, id)| id.index() == i);
            joined.parts.push((data, (!same).then_some(ids)));
        }
        Ok(joined)
    }

    /// Symbols of the whole.
    pub const fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// The parts.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &Arc<MarketData>> {
        self.parts.iter().map(|(data, _)| data)
    }

    /// First and last time over all parts.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.parts().filter_map(|p| p.span()).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// A copy of all parts in one.
    pub fn to_data(&self) -> Result<MarketData> {
        let mut all = MarketData::default();
        for (data, _) in &self.parts {
            all.absorb(MarketData::clone(data))?;
        }
        Ok(all)
    }
}

/// An id that the table of `data` does not know is an error.
fn check_ids(data: &MarketData) -> Result<()> {
    let known = data.instruments.len();
    macro_rules! check {
        ($($kind:ident),+) => {
            $(for batch in &data.$kind {
                let last = batch.instrument.iter().max();
                if last.is_some_and(|id| id.index() >= known) {
                    return Err(Error::data(stringify!($kind), "holds an instrument id that its table does not know"));
                }
            })+
        };
    }
    check!(quotes, trades, bars, actions, deltas, statuses, bands, corrections);
    Ok(())
}

/// Market data as the engine reads it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The events.
    pub data: &'a MarketData,
    /// Ids of the whole for the ids of the part's own table; `None` where they are the same.
    pub ids: Option<&'a [InstrumentId]>,
}

impl Part<'_> {
    /// The id of the whole for the part's `id`.
    #[inline]
    pub fn id(&self, id: InstrumentId) -> InstrumentId {
        self.ids.and_then(|ids| ids.get(id.index()).copied()).unwrap_or(id)
    }
}

/// One [`MarketData`] or a [`Joined`], by reference.
#[derive(Clone, Debug)]
pub struct View<'a> {
    instruments: &'a Instruments,
    parts: Vec<Part<'a>>,
}

impl<'a> View<'a> {
    /// Symbols of the whole.
    pub const fn instruments(&self) -> &'a Instruments {
        self.instruments
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[Part<'a>] {
        &self.parts
    }
}

impl<'a> From<&'a MarketData> for View<'a> {
    fn from(data: &'a MarketData) -> Self {
        Self { instruments: &data.instruments, parts: vec![Part { data, ids: None }] }
    }
}

impl<'a> From<&'a Joined> for View<'a> {
    fn from(joined: &'a Joined) -> Self {
        let parts = joined.parts.iter().map(|(data, ids)| Part { data, ids: ids.as_deref() }).collect();
        Self { instruments: &joined.instruments, parts }
    }
}
