//! Market data in: normalisers, one file a source, and [`MarketData`], what each of them gives.
//!
//! A normaliser turns a source's rows into columnar batches, counts what it saw in a [`FeedReport`] and never panics on bad
//! input: a row that cannot be trusted is dropped, kept or refused as the [`QualityPolicy`] says. Sources that come as a stream
//! of bytes implement [`Decoder`]; [`read_file`] runs one over a whole file.

mod absurd;
mod anchor;
pub mod binance;
pub mod coinbase;
pub mod conditions;
pub mod dbn;
mod decode;
pub mod factors;
mod faults;
pub mod itch;
mod joined;
mod json;
pub mod kraken;
pub mod lean;
mod lines;
pub mod lobster;
mod map;
pub mod merge;
mod quality;
mod rows;
mod select;
mod session;
mod stage;
pub mod synthetic;
pub mod table;
pub mod zone;

use decode::stamp;
pub use decode::{Batches, Decoder, read_file};
pub use joined::{Joined, Part, View};
pub use quality::{Fault, FeedReport, Policy, QualityPolicy};
pub use session::Framing;
pub use stage::Stage;

use crate::event::{ActionBatch, BandBatch, BarBatch, CorrectionBatch, DeltaBatch, Headline, QuoteBatch, StatusBatch, TradeBatch};
use crate::types::{Error, Instruments, Label, Labels, Result, Timestamp};

/// Market data of any number of instruments: batches by kind, each sorted by time.
#[derive(Clone, Debug, Default)]
pub struct MarketData {
    /// Symbols of the ids in every batch.
    pub instruments: Instruments,
    /// Quotes, one batch a source.
    pub quotes: Vec<QuoteBatch>,
    /// Trades, one batch a source.
    pub trades: Vec<TradeBatch>,
    /// Bars, one batch a source.
    pub bars: Vec<BarBatch>,
    /// Splits and dividends, one batch a source.
    pub actions: Vec<ActionBatch>,
    /// Book changes, one batch a source.
    pub deltas: Vec<DeltaBatch>,
    /// Changes of trading state, one batch a source.
    pub statuses: Vec<StatusBatch>,
    /// Limit-up and limit-down prices, one batch a source.
    pub bands: Vec<BandBatch>,
    /// Corrections of trades, one batch a source.
    pub corrections: Vec<CorrectionBatch>,
    /// News, by time.
    pub news: Vec<Headline>,
    /// Texts of the labels in every batch.
    pub labels: Labels,
    /// What the normalisers saw and did.
    pub report: FeedReport,
}

impl MarketData {
    /// Quotes, trades, bars and corporate actions: what an engine takes.
    pub fn len(&self) -> usize {
        self.quotes.iter().map(QuoteBatch::len).sum::<usize>()
            + self.trades.iter().map(TradeBatch::len).sum::<usize>()
            + self.bars.iter().map(BarBatch::len).sum::<usize>()
            + self.actions.iter().map(ActionBatch::len).sum::<usize>()
    }

    /// True without events.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Heap bytes of all batches.
    pub fn heap_bytes(&self) -> usize {
        self.quotes.iter().map(QuoteBatch::heap_bytes).sum::<usize>()
            + self.trades.iter().map(TradeBatch::heap_bytes).sum::<usize>()
            + self.bars.iter().map(BarBatch::heap_bytes).sum::<usize>()
            + self.actions.iter().map(ActionBatch::heap_bytes).sum::<usize>()
            + self.deltas.iter().map(DeltaBatch::heap_bytes).sum::<usize>()
            + self.statuses.iter().map(StatusBatch::heap_bytes).sum::<usize>()
            + self.bands.iter().map(BandBatch::heap_bytes).sum::<usize>()
            + self.corrections.iter().map(CorrectionBatch::heap_bytes).sum::<usize>()
    }

    /// First and last time over all batches.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let times = self
            .quotes
            .iter()
            .map(|b| &b.ts)
            .chain(self.trades.iter().map(|b| &b.ts))
            .chain(self.bars.iter().map(|b| &b.ts))
            .chain(self.actions.iter().map(|b| &b.ts));
        times.filter_map(|ts| Some((*ts.first()?, *ts.last()?))).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Take in `other`, giving its instruments ids of this table.
    pub fn absorb(&mut self, mut other: Self) -> Result<()> {
        let ids = other.instruments.symbols().iter().map(|s| self.instruments.intern(s)).collect::<Result<Vec<_>>>()?;
        macro_rules! take {
            ($($kind:ident),+) => {
                $(for mut batch in other.$kind.drain(..) {
                    for id in &mut batch.instrument {
                        *id = *ids.get(id.index()).ok_or_else(|| Error::data(stringify!($kind), "holds an instrument id that its table does not know"))?;
                    }
                    self.$kind.push(batch);
                })+
            };
        }
        let labels: Vec<Label> = other.labels.texts().map(|text| self.labels.intern(text)).collect();
        for batch in &mut other.statuses {
            for label in [&mut batch.code, &mut batch.message, &mut batch.reason_code, &mut batch.reason].into_iter().flatten() {
                *label = labels.get(label.0 as usize).copied().unwrap_or_default();
            }
        }
        for item in &mut other.news {
            item.instruments = item.instruments.iter().filter_map(|id| ids.get(id.index()).copied()).collect();
        }
        self.news.append(&mut other.news);
        self.news.sort_by_key(|item| item.ts);
        take!(quotes, trades, bars, actions, deltas, statuses, bands, corrections);
        self.report.absorb(&other.report);
        Ok(())
    }
}
