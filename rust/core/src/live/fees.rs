//! Fees that the broker takes out of what was bought, as Alpaca does of crypto: nobody tells of them but the position.

use super::Node;
use crate::engine::Input;
use crate::journal::Storage;
use crate::types::{InstrumentId, Qty, Result, StrategyId, Timestamp};

/// The most that Alpaca takes of a purchase: 25 basis points.
const FEE_PPB_MAX: i128 = 2_500_000;
/// What rounding of each fill may add up to, billionths of a coin.
const ROUNDING: i128 = 1_000;

impl<S: Storage> Node<S> {
    /// The broker holds `there` of `symbol`. Where that is less than here by no more than fees of all that was bought can be, they are
    /// taken out of the positions, each strategy's by what it holds; false where it is something else.
    pub fn take_fee(&mut self, symbol: &str, there: Qty, now: Timestamp) -> Result<bool> {
        let Some(instrument) = self.engine().instruments().get(symbol).filter(|_| symbol.contains('/')) else { return Ok(false) };
        let missing = i128::from(self.engine().ledger().net_qty(instrument).raw()) - i128::from(there.raw());
        let (bought, sold) = self.traded(instrument);
        let taken = bought - sold - i128::from(there.raw());
        if missing <= 0 || taken < missing || taken > bought * FEE_PPB_MAX / 1_000_000_000 + ROUNDING {
            return Ok(false);
        }
        let mut held: Vec<(i128, StrategyId)> = self
            .engine()
            .ledger()
            .positions()
            .filter(|(i, _, p)| *i == instrument && p.qty.is_positive())
            .map(|(_, s, p)| (i128::from(p.qty.raw()), s))
            .collect();
        held.sort_unstable_by(|a, b| b.cmp(a));
        let all: i128 = held.iter().map(|(qty, _)| qty).sum();
        if all < missing {
            return Ok(false);
        }
        let mut parts: Vec<i128> = held.iter().map(|(qty, _)| missing * qty / all).collect();
        // What is left by rounding is the largest one's.
        parts[0] += missing - parts.iter().sum::<i128>();
        for ((_, strategy), part) in held.into_iter().zip(parts) {
            let qty = Qty::from_raw(i64::try_from(part).unwrap_or(i64::MAX));
            if qty.is_positive() {
                let at = self.at(now);
                self.step(&Input::InKind { at, strategy, instrument, qty }, now)?;
            }
        }
        Ok(true)
    }

    /// Shares bought and sold so far, billionths.
    fn traded(&self, instrument: InstrumentId) -> (i128, i128) {
        let orders = self.engine().orders();
        let (mut bought, mut sold) = (0, 0);
        for order in orders.all().filter(|o| o.instrument == instrument) {
            // What replaces an order carries its fills.
            let before = orders.get(order.replaces).map_or(0, |old| old.filled.raw());
            let own = i128::from(order.filled.raw() - before);
            if order.side.sign() > 0 { bought += own } else { sold += own }
        }
        (bought, sold)
    }
}
