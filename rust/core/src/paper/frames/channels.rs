//! Which symbols of which channels are wanted.

use std::collections::BTreeSet;

/// A channel of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Channel {
    /// Trades.
    Trades,
    /// Quotes.
    Quotes,
    /// Minute bars.
    Bars,
    /// Minute bars sent again.
    UpdatedBars,
    /// Bars of the day so far.
    DailyBars,
    /// Trading states.
    Statuses,
    /// Limit-up and limit-down prices.
    Lulds,
    /// Corrections and cancellations of trades.
    Corrections,
    /// Order books.
    Orderbooks,
    /// None: such rows are never sent.
    None,
}

/// Symbols wanted by channel; `*` stands for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channels {
    symbols: [BTreeSet<String>; 9],
}

/// The channels that want one instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted(pub(super) u16);

impl Wanted {
    #[inline]
    pub(super) const fn has(self, channel: Channel) -> bool {
        self.0 >> channel as u8 & 1 != 0
    }
}

impl Channels {
    /// Want `symbols` of `channel`.
    #[must_use]
    pub fn with(mut self, channel: Channel, symbols: impl IntoIterator<Item = String>) -> Self {
        if let Some(set) = self.symbols.get_mut(channel as usize) {
            set.extend(symbols);
        }
        self
    }

    /// Bits of the channels that want `symbol`.
    pub(super) fn of(&self, symbol: &str) -> u16 {
        let wants = |set: &BTreeSet<String>| set.contains(symbol) || set.contains("*");
        self.symbols.iter().enumerate().map(|(bit, set)| u16::from(wants(set)) << bit).sum()
    }
}
