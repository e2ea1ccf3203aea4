//! Bars of a whole batch, any number of instruments mixed.

use super::{Aggregator, BarSpec};
use crate::event::{BarBatch, TradeBatch};
use crate::types::{Error, Result};

/// Instrument ids are dense; a larger one comes from a damaged batch.
const INSTRUMENTS_MAX: usize = 1 << 22;

/// All bars of `trades`, sorted by time and then instrument. Each instrument's last bar is there too, flagged
/// [`crate::event::FLAG_PARTIAL`] since nothing shows that it was over.
pub fn aggregate(trades: &TradeBatch, spec: BarSpec) -> Result<BarBatch> {
    spec.checked()?;
    let mut aggregators: Vec<Option<Aggregator>> = Vec::new();
    let mut bars = Vec::new();
    for row in 0..trades.len() {
        let trade = trades.get(row);
        let index = trade.instrument.index();
        if index >= aggregators.len() {
            if index >= INSTRUMENTS_MAX {
                return Err(Error::data(format!("trades, row {row}"), format!("instrument id {index} is not from a table of symbols")));
            }
            aggregators.resize(index + 1, None);
        }
        let aggregator = match &mut aggregators[index] {
            Some(aggregator) => aggregator,
            slot => slot.insert(Aggregator::new(spec, trade.instrument)?),
        };
        aggregator.on_trade(&trade, &mut bars).map_err(|e| match e {
            Error::Data { place, why } => Error::Data { place: format!("trades, row {row}: {place}"), why },
            other => other,
        })?;
    }
    bars.extend(aggregators.iter_mut().flatten().filter_map(Aggregator::finish));
    bars.sort_by_key(|bar| (bar.ts, bar.instrument));
    let mut batch = BarBatch::with_capacity(bars.len());
    for bar in bars {
        batch.push(bar);
    }
    Ok(batch)
}
