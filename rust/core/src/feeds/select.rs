//! Parts and wholes of [`MarketData`]: some symbols, a span of time, one batch a kind.

use super::MarketData;
use crate::event::{ActionBatch, BandBatch, BarBatch, CorrectionBatch, DeltaBatch, Headline, QuoteBatch, StatusBatch, TradeBatch};
use crate::types::{Error, InstrumentId, Instruments, Result, Timestamp};

impl MarketData {
    /// The events of `symbols` (all when `None`) from `start` on and before `end`. Ids are given anew, in order of `symbols`.
    pub fn select(&self, symbols: Option<&[String]>, start: Timestamp, end: Timestamp) -> Result<Self> {
        let mut out = Self { report: self.report.clone(), labels: self.labels.clone(), ..Self::default() };
        let mut ids: Vec<Option<InstrumentId>> = vec![None; self.instruments.len()];
        for symbol in symbols.unwrap_or_else(|| self.instruments.symbols()) {
            let old = self.instruments.get(symbol).ok_or_else(|| Error::data(format!("symbol {symbol}"), unknown(&self.instruments)))?;
            ids[old.index()] = Some(out.instruments.intern(symbol)?);
        }
        macro_rules! take {
            ($($kind:ident: $batch:ident),+) => {
                $(for batch in &self.$kind {
                    let mut part = $batch::default();
                    for (i, (&ts, id)) in batch.ts.iter().zip(&batch.instrument).enumerate() {
                        if ts < start || ts >= end {
                            continue;
                        }
                        if let Some(new) = ids.get(id.index()).copied().flatten() {
                            part.push_from(batch, i);
                            if let Some(id) = part.instrument.last_mut() {
                                *id = new;
                            }
                        }
                    }
                    if !part.is_empty() {
                        part.shrink_to_fit();
                        out.$kind.push(part);
                    }
                })+
            };
        }
        take!(quotes: QuoteBatch, trades: TradeBatch, bars: BarBatch, actions: ActionBatch, deltas: DeltaBatch,
            statuses: StatusBatch, bands: BandBatch, corrections: CorrectionBatch);
        out.news = self.news.iter().filter(|item| item.ts >= start && item.ts < end).filter_map(|item| renumbered(item, &ids)).collect();
        out.report.events = (out.len() + out.deltas.iter().map(DeltaBatch::len).sum::<usize>()) as u64;
        Ok(out)
    }
}

/// `item` with the ids that `ids` has for its instruments; `None` when it is about others alone.
fn renumbered(item: &Headline, ids: &[Option<InstrumentId>]) -> Option<Headline> {
    let instruments: Vec<_> = item.instruments.iter().filter_map(|id| ids.get(id.index()).copied().flatten()).collect();
    (!instruments.is_empty() || item.instruments.is_empty()).then(|| Headline { instruments, ..item.clone() })
}

fn unknown(known: &Instruments) -> String {
    const SHOWN: usize = 10;
    let names = known.symbols();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("is not in the data, which holds {}{more}", names[..names.len().min(SHOWN)].join(", "))
}

macro_rules! merged {
    ($($name:ident: $kind:ident -> $batch:ident),+ $(,)?) => {
        $(
            #[doc = concat!("All ", stringify!($kind), " in one batch sorted by time; rows of one moment stay in order of their batches.")]
            pub fn $name(&self) -> $batch {
                let filled: Vec<&$batch> = self.$kind.iter().filter(|b| !b.is_empty()).collect();
                if filled.iter().all(|b| b.first_unsorted().is_none() && b.is_even()) {
                    return $batch::merge_sorted(&filled);
                }
                let mut all = $batch::with_capacity(filled.iter().map(|b| b.len()).sum());
                for batch in filled {
                    all.extend(batch);
                }
                all.sort_by_time();
                all
            }
        )+
    };
}

impl MarketData {
    merged! {
        merged_quotes: quotes -> QuoteBatch,
        merged_trades: trades -> TradeBatch,
        merged_bars: bars -> BarBatch,
        merged_actions: actions -> ActionBatch,
        merged_deltas: deltas -> DeltaBatch,
        merged_statuses: statuses -> StatusBatch,
        merged_bands: bands -> BandBatch,
        merged_corrections: corrections -> CorrectionBatch,
    }
}
