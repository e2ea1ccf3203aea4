//! Shares in open orders by instrument and side, and the gross exposure if the worst side of each filled.

use crate::types::{InstrumentId, Money, Price, Qty, Side};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Entry {
    position: i64,
    open_buy: i64,
    open_sell: i64,
    mark: Price,
    worst: Money,
}

/// Worst-side exposure of the account: for each instrument the larger of |position + open buys| and |position − open sells|
/// at its mark, and their sum, kept up to date in O(1) a change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exposure {
    entries: Vec<Entry>,
    total: Money,
}

impl Exposure {
    pub(super) fn new(instruments: usize) -> Self {
        Self { entries: vec![Entry::default(); instruments], total: Money::ZERO }
    }

    #[inline]
    fn refresh(&mut self, index: usize) {
        let Some(e) = self.entries.get_mut(index) else { return };
        let long = e.position.saturating_add(e.open_buy).saturating_abs();
        let short = e.position.saturating_sub(e.open_sell).saturating_abs();
        let worst = Money::notional(e.mark, Qty::from_raw(long.max(short)));
        self.total = Money::from_raw(self.total.raw() + worst.raw() - e.worst.raw());
        e.worst = worst;
    }

    /// Shares in open buys and open sells of `instrument`.
    #[inline]
    pub fn open(&self, instrument: InstrumentId) -> (Qty, Qty) {
        self.entries.get(instrument.index()).map_or((Qty::ZERO, Qty::ZERO), |e| (Qty::from_raw(e.open_buy), Qty::from_raw(e.open_sell)))
    }

    /// Worst-side exposure of `instrument`.
    #[inline]
    pub fn worst(&self, instrument: InstrumentId) -> Money {
        self.entries.get(instrument.index()).map_or(Money::ZERO, |e| e.worst)
    }

    /// Value of all open orders of `side` at their marks; O(instruments).
    pub fn open_value(&self, side: Side) -> Money {
        let value = |e: &Entry| Money::notional(e.mark, Qty::from_raw(if side == Side::Buy { e.open_buy } else { e.open_sell })).raw();
        Money::from_raw(self.entries.iter().map(value).sum())
    }

    /// Worst-side exposure of the account.
    #[inline]
    pub const fn worst_total(&self) -> Money {
        self.total
    }

    /// `change` more (or fewer) shares are in open orders, the last known price being `mark`; a `mark` of zero changes none.
    #[inline]
    pub fn order_changed(&mut self, instrument: InstrumentId, side: Side, change: i64, mark: Price) {
        if let Some(e) = self.entries.get_mut(instrument.index()) {
            let open = if side == Side::Buy { &mut e.open_buy } else { &mut e.open_sell };
            *open = open.saturating_add(change).max(0);
            if mark.is_positive() {
                e.mark = mark;
            }
            self.refresh(instrument.index());
        }
    }

    /// The position is `position` now, the mark `mark`.
    #[inline]
    pub fn position_changed(&mut self, instrument: InstrumentId, position: Qty, mark: Price) {
        if let Some(e) = self.entries.get_mut(instrument.index()) {
            e.position = position.raw();
            e.mark = mark;
            self.refresh(instrument.index());
        }
    }

    /// The mark is `mark` now.
    #[inline]
    pub fn marked(&mut self, instrument: InstrumentId, mark: Price) {
        if let Some(e) = self.entries.get_mut(instrument.index())
            && e.mark != mark
            && (e.position != 0 || e.open_buy != 0 || e.open_sell != 0)
        {
            e.mark = mark;
            self.refresh(instrument.index());
        }
    }
}
