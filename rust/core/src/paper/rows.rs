//! [`MarketRows`]: market data of all kinds as one sequence of rows in order of time, read in place.

use crate::backtest::merge::marked;
use crate::event::MarketEvent;
use crate::feeds::MarketData;
use crate::types::{Error, InstrumentId, Result, Timestamp};
use std::sync::Arc;

/// Kinds of rows, in the order in which those of one moment come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum RowKind {
    /// A split or a dividend.
    Action,
    /// A change of trading state.
    Status,
    /// Limit-up and limit-down prices.
    Band,
    /// A quote.
    Quote,
    /// A trade.
    Trade,
    /// A correction of a trade.
    Correction,
    /// A change of a book.
    Delta,
    /// A bar.
    Bar,
}

/// Where a row is: 8 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowRef {
    pub(super) row: u32,
    pub(super) batch: u16,
    pub(super) kind: RowKind,
}

/// Rows of market data in order of time; of one moment in order of [`RowKind`], then of their batches.
#[derive(Clone, Debug)]
pub struct MarketRows {
    data: Arc<MarketData>,
    refs: Vec<RowRef>,
    ts: Vec<Timestamp>,
}

impl MarketRows {
    /// The rows of `data`; 16 bytes each beside the data, which are not copied.
    pub fn new(data: Arc<MarketData>) -> Result<Self> {
        let mut all: Vec<(Timestamp, RowRef)> = Vec::new();
        let mut add = |kind: RowKind, batch: usize, ts: &[Timestamp]| -> Result<()> {
            let batch =
                u16::try_from(batch).map_err(|_| Error::data("data", "hold more than 65,536 batches of a kind; merge them first"))?;
            if u32::try_from(ts.len()).is_err() {
                return Err(Error::data("data", "hold a batch of more than 4,294,967,295 rows; split it"));
            }
            all.extend(ts.iter().enumerate().map(|(row, &ts)| (ts, RowRef { row: row as u32, batch, kind })));
            Ok(())
        };
        macro_rules! rows {
            ($($kind:ident: $batches:ident),+) => {
                $(for (i, batch) in data.$batches.iter().enumerate() {
                    add(RowKind::$kind, i, &batch.ts)?;
                })+
            };
        }
        rows!(Action: actions, Status: statuses, Band: bands, Quote: quotes, Trade: trades, Correction: corrections, Delta: deltas, Bar: bars);
        // Stable, and quick on what is made of sorted runs.
        all.sort_by_key(|row| row.0);
        let (ts, refs) = all.into_iter().unzip();
        Ok(Self { data, refs, ts })
    }

    /// The data.
    pub const fn data(&self) -> &Arc<MarketData> {
        &self.data
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.refs.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.refs.is_empty()
    }

    /// Times of the rows, sorted.
    pub fn times(&self) -> &[Timestamp] {
        &self.ts
    }

    /// Rows at or before `ts`.
    pub fn due(&self, ts: Timestamp) -> usize {
        self.ts.partition_point(|&t| t <= ts)
    }

    #[inline]
    pub(super) fn at(&self, i: usize) -> Option<(Timestamp, RowRef)> {
        Some((*self.ts.get(i)?, *self.refs.get(i)?))
    }

    /// The instrument of a row, by the data's own table.
    #[inline]
    pub(super) fn instrument(&self, r: RowRef) -> InstrumentId {
        let (batch, row) = (r.batch as usize, r.row as usize);
        match r.kind {
            RowKind::Action => self.data.actions[batch].instrument[row],
            RowKind::Status => self.data.statuses[batch].instrument[row],
            RowKind::Band => self.data.bands[batch].instrument[row],
            RowKind::Quote => self.data.quotes[batch].instrument[row],
            RowKind::Trade => self.data.trades[batch].instrument[row],
            RowKind::Correction => self.data.corrections[batch].instrument[row],
            RowKind::Delta => self.data.deltas[batch].instrument[row],
            RowKind::Bar => self.data.bars[batch].instrument[row],
        }
    }

    /// The row as an event for the simulated exchange; bands and corrections are none.
    pub(super) fn event(&self, r: RowRef) -> Option<MarketEvent> {
        let (batch, row) = (r.batch as usize, r.row as usize);
        Some(match r.kind {
            RowKind::Action => MarketEvent::Action(self.data.actions[batch].get(row)),
            RowKind::Status => MarketEvent::Status(self.data.statuses[batch].get(row)),
            RowKind::Quote => MarketEvent::Quote(self.data.quotes[batch].get(row)),
            RowKind::Trade => MarketEvent::Trade(marked(&self.data.trades[batch], row)),
            RowKind::Delta => MarketEvent::Book(self.data.deltas[batch].get(row)),
            RowKind::Bar => MarketEvent::Bar(self.data.bars[batch].get(row)),
            RowKind::Band | RowKind::Correction => return None,
        })
    }

    /// Kinds of data that each symbol has, as [`super::AssetSpec::data`] names them.
    pub fn kinds(&self) -> Vec<(String, Vec<&'static str>)> {
        let symbols = self.data.instruments.symbols();
        let mut has = vec![[false; 8]; symbols.len()];
        for &r in &self.refs {
            if let Some(kinds) = has.get_mut(self.instrument(r).index()) {
                kinds[r.kind as usize] = true;
            }
        }
        let named = [
            (RowKind::Quote, "quotes"),
            (RowKind::Trade, "trades"),
            (RowKind::Bar, "bars"),
            (RowKind::Delta, "book"),
            (RowKind::Status, "statuses"),
        ];
        let names = |kinds: &[bool; 8]| named.iter().filter(|(kind, _)| kinds[*kind as usize]).map(|(_, name)| *name).collect();
        symbols.iter().zip(&has).map(|(symbol, kinds)| (symbol.clone(), names(kinds))).collect()
    }
}
