//! Corporate actions that were announced: each takes effect at its moment, before the market events of that moment, and once.
//!
//! The shell announces all that it knows of, as often as it likes. What took effect is in the engine's state, and so in its journal: an
//! action that is announced again, after a restart too, changes nothing.

use super::Node;
use crate::engine::Input;
use crate::event::{ActionKind, CorporateAction, MarketEvent};
use crate::feeds::View;
use crate::journal::Storage;
use crate::ledger::as_ratio;
use crate::types::{Error, InstrumentId, Result, Timestamp};

impl<S: Storage> Node<S> {
    /// Announce the corporate actions of `data`, in place of those that were announced before and did not take effect yet. Those due by
    /// `until` take effect at once; how many wait for their time.
    pub fn announce<'a>(&mut self, data: impl Into<View<'a>>, until: Timestamp, now: Timestamp) -> Result<usize> {
        let view = data.into();
        let engine = self.session.engine();
        let ids: Vec<Option<InstrumentId>> = view.instruments().symbols().iter().map(|symbol| engine.instruments().get(symbol)).collect();
        let mut found: Vec<CorporateAction> = Vec::new();
        for part in view.parts() {
            for batch in &part.data.actions {
                for action in (0..batch.len()).map(|row| batch.get(row)) {
                    let Some(instrument) = ids.get(part.id(action.instrument).index()).copied().flatten() else { continue };
                    let action = CorporateAction { instrument, ..action };
                    if !engine.has_acted(&action) {
                        possible(&action).map_err(|why| {
                            Error::data(format!("corporate action of {}", engine.instruments().symbol(instrument)), why.to_string())
                        })?;
                        found.push(action);
                    }
                }
            }
        }
        found.sort_by_key(|action| action.ts);
        found.dedup();
        self.announced = found.into();
        self.act_until(until, now)?;
        Ok(self.announced.len())
    }

    /// Let the corporate actions due by `at` take effect, each after what else was due before it.
    pub(super) fn act_until(&mut self, at: Timestamp, now: Timestamp) -> Result<()> {
        while let Some(action) = self.announced.front().copied().filter(|action| action.ts <= at) {
            self.announced.pop_front();
            self.wake_until(action.ts, now)?;
            self.step(&Input::Market(MarketEvent::Action(action)), now)?;
            self.tally.events += 1;
        }
        Ok(())
    }
}

/// An action that the engine could not book must not reach it: an input that fails ends the session.
fn possible(action: &CorporateAction) -> Result<()> {
    match action.kind {
        ActionKind::Split { new_shares_per_old } => as_ratio(new_shares_per_old).map(|_| ()),
        ActionKind::Dividend { per_share, .. } if per_share.is_positive() => Ok(()),
        ActionKind::Dividend { per_share, .. } => Err(Error::data("dividend", format!("is {per_share} a share; it must be above zero"))),
    }
}
