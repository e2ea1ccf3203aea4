//! Parts and wholes of [`MarketData`]: some symbols, a span of time, one batch a kind.

use super::MarketData;
use crate::event::{ActionBatch, BarBatch, DeltaBatch, QuoteBatch, TradeBatch};
use crate::types::{Error, InstrumentId, Instruments, Result, Timestamp};

impl MarketData {
    /// The events of `symbols` (all when `None`) from `start` on and before `end`. Ids are given anew, in order of `symbols`.
    pub fn select(&self, symbols: Option<&[String]>, start: Timestamp, end: Timestamp) -> Result<Self> {
        let mut out = Self { report: self.report.clone(), ..Self::default() };
        let mut ids: Vec<Option<InstrumentId>> = vec![None; self.instruments.len()];
        for symbol in symbols.unwrap_or_else(|| self.instruments.symbols()) {
            let old = self.instruments.get(symbol).ok_or_else(|| Error::data(format!("symbol {symbol}"), unknown(&self.instruments)))?;
            ids[old.index()] = Some(out.instruments.intern(symbol)?);
        }
        macro_rules! take {
            ($($kind:ident: $batch:ident),+) => {
                $(for batch in &self.$kind {
                    let mut part = $batch::default();
                    let has_recv = batch.recv.len() == batch.len();
                    for (i, (&ts, id)) in batch.ts.iter().zip(&batch.instrument).enumerate() {
                        if ts < start || ts >= end {
                            continue;
                        }
                        if let Some(new) = ids.get(id.index()).copied().flatten() {
                            let mut row = batch.get(i);
                            row.instrument = new;
                            part.push(row);
                            if has_recv {
                                part.recv.push(batch.recv[i]);
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
        take!(quotes: QuoteBatch, trades: TradeBatch, bars: BarBatch, actions: ActionBatch, deltas: DeltaBatch);
        out.report.events = (out.len() + out.deltas.iter().map(DeltaBatch::len).sum::<usize>()) as u64;
        Ok(out)
    }
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
                let mut all = $batch::with_capacity(self.$kind.iter().map($batch::len).sum());
                for batch in self.$kind.iter().filter(|b| !b.is_empty()) {
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
    }
}
