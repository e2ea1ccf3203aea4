//! Several [`MarketData`] as one, without copying: their events stay where they are and only their instrument ids are translated.

use super::MarketData;
use crate::event::{ActionBatch, BandBatch, BarBatch, CorrectionBatch, DeltaBatch, QuoteBatch, TradeBatch};
use crate::types::{Error, InstrumentId, Instruments, Result, Timestamp};
use std::sync::Arc;

/// Several market data with one table of instruments.
#[derive(Clone, Debug)]
pub struct Joined {
    instruments: Instruments,
    parts: Vec<(Arc<MarketData>, Option<Vec<InstrumentId>>)>,
}

macro_rules! joined {
    ($($name:ident: $kind:ident -> $batch:ident),+ $(,)?) => {
        $(
            #[doc = concat!("All ", stringify!($kind), " of all parts in one batch sorted by time, each row copied once; rows of one")]
            #[doc = "moment stay in order of their parts and batches. `None` where a batch is not sorted or has uneven columns."]
            pub fn $name(&self) -> Option<$batch> {
                let filled = self.parts.iter().flat_map(|(data, ids)| {
                    data.$kind.iter().filter(|batch| !batch.is_empty()).map(move |batch| (batch, ids.as_deref()))
                });
                let (batches, ids): (Vec<&$batch>, Vec<_>) = filled.unzip();
                let sound = batches.iter().all(|batch| batch.first_unsorted().is_none() && batch.is_even());
                sound.then(|| $batch::merge_renumbered(&batches, &ids))
            }
        )+
    };
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

    /// One alone.
    pub fn one(data: Arc<MarketData>) -> Self {
        Self { instruments: data.instruments.clone(), parts: vec![(data, None)] }
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

    joined! {
        merged_quotes: quotes -> QuoteBatch,
        merged_trades: trades -> TradeBatch,
        merged_bars: bars -> BarBatch,
        merged_actions: actions -> ActionBatch,
        merged_deltas: deltas -> DeltaBatch,
        merged_bands: bands -> BandBatch,
        merged_corrections: corrections -> CorrectionBatch,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Trade;
    use crate::types::{Price, Qty};
    use proptest::prelude::*;

    /// Trades of symbols that each part numbers in its own order; their prices tell the symbols.
    fn part(symbols: &[usize], times: &[i64], has_ids: bool) -> MarketData {
        let mut data = MarketData::default();
        let mut batch = TradeBatch::default();
        for (&symbol, &ts) in symbols.iter().cycle().zip(times) {
            batch.push(Trade {
                ts: Timestamp::from_nanos(ts),
                instrument: data.instruments.intern(&format!("S{symbol}")).unwrap(),
                price: Price::from_raw(symbol as i64),
                size: Qty::from_raw(ts),
                flags: 0,
            });
            if has_ids {
                batch.id.push(ts as u64 + 1);
            }
        }
        data.trades.push(batch);
        data
    }

    proptest! {
        /// Short runs and long ones, optional columns here and there, against a copy of all parts that is then sorted.
        #[test]
        fn parts_merged_where_they_are_give_what_their_copy_gives(
            parts in prop::collection::vec(
                (prop::collection::vec(0..6_usize, 1..4), prop::collection::vec(0..50_i64, 0..40), any::<bool>(), any::<bool>()), 1..6),
        ) {
            let parts = parts.into_iter().map(|(symbols, mut times, has_ids, apart)| {
                times.sort_unstable();
                if apart {
                    // All in one run, after those of the others.
                    for t in &mut times {
                        *t += 1_000;
                    }
                }
                Arc::new(part(&symbols, &times, has_ids))
            });
            let joined = Joined::new(parts.collect::<Vec<_>>()).unwrap();
            let (direct, copied) = (joined.merged_trades().unwrap(), joined.to_data().unwrap().merged_trades());
            prop_assert_eq!((&direct.ts, &direct.instrument, &direct.price), (&copied.ts, &copied.instrument, &copied.price));
            prop_assert_eq!((&direct.size, &direct.flags, &direct.id), (&copied.size, &copied.flags, &copied.id));
            for (id, price) in direct.instrument.iter().zip(&direct.price) {
                let name = format!("S{}", price.raw());
                prop_assert_eq!(joined.instruments().symbol(*id), name.as_str());
            }
        }
    }

    #[test]
    fn a_batch_that_is_not_sorted_is_left_to_a_copy() {
        let joined = Joined::new([Arc::new(part(&[0], &[1, 2], false)), Arc::new(part(&[1], &[4, 3], false))]).unwrap();
        assert!(joined.merged_trades().is_none() && joined.merged_quotes().is_some_and(|quotes| quotes.is_empty()));
    }
}
