//! Market events, fixed in size, and their columnar batches.
//!
//! `ts` is the time at which the event is knowable: a quote's or trade's exchange time, a bar's end. `recv` is when we
//! received it; a batch without receive times leaves the column empty and reads `ts` in its place.
//! A batch holds one kind of event; [`crate::feeds::MarketData`] keeps its batches sorted by `ts`.
//!
//! Beside the columns that every source has, a batch has optional ones (venue, conditions, trade id, …): each is either empty
//! or as long as the batch. Codes of one letter are ASCII bytes, 0 for none; sale and quote conditions are up to four letters
//! packed by [`pack_conditions`].

mod batch;

pub use batch::{ActionBatch, BandBatch, BarBatch, CorrectionBatch, DeltaBatch, QuoteBatch, StatusBatch, TradeBatch};

use crate::types::{InstrumentId, Label, Price, Qty, Side, Timestamp};
use serde::{Deserialize, Serialize};

/// Set on a quote made from the close of a quote bar.
pub const FLAG_FROM_BAR: u32 = 1;
/// Set on events that the source marks as suspicious and the policy kept.
pub const FLAG_SUSPICIOUS: u32 = 1 << 1;
/// Set on a trade that must not move the last price (average price, prior reference, odd lot, …).
pub const FLAG_NO_LAST: u32 = 1 << 2;
/// Set on a trade that must not count in volume.
pub const FLAG_NO_VOLUME: u32 = 1 << 3;
/// Set on a quote whose bid is above its ask, where the policy kept it.
pub const FLAG_CROSSED: u32 = 1 << 4;
/// Set on trades and bars outside the regular session (9:30 to 16:00 in New York for US equities).
pub const FLAG_EXTENDED: u32 = 1 << 5;
/// Set on a bar that was not over when its data ended.
pub const FLAG_PARTIAL: u32 = 1 << 6;

/// Set on the last change of one exchange event: only after it is the book in a state that the exchange showed.
pub const FLAG_LAST: u32 = 1 << 7;
/// Set on changes that are part of a snapshot rather than news.
pub const FLAG_SNAPSHOT: u32 = 1 << 8;
/// Set on quotes whose bid equals its ask.
pub const FLAG_LOCKED: u32 = 1 << 9;
/// Set on events before which the source lost something.
pub const FLAG_GAP: u32 = 1 << 10;
/// Set on events older than the policy allows when they were received.
pub const FLAG_STALE: u32 = 1 << 11;
/// Set on events while trading in the instrument is halted.
pub const FLAG_HALTED: u32 = 1 << 12;
/// Set on events whose time is before that of an earlier row of the same instrument.
pub const FLAG_OUT_OF_ORDER: u32 = 1 << 13;
/// Set on events that repeat an earlier one.
pub const FLAG_DUPLICATE: u32 = 1 << 14;
/// Set on events far from the last good price.
pub const FLAG_ABSURD: u32 = 1 << 15;
/// Set on a trade that counts neither for the high nor the low.
pub const FLAG_NO_HIGH_LOW: u32 = 1 << 16;
/// Set on a bar that replaces one given out before.
pub const FLAG_UPDATED: u32 = 1 << 17;
/// Set on a bar that covers a whole trading day.
pub const FLAG_DAILY: u32 = 1 << 18;
/// Set on the print of an opening auction, or of a market centre's official open, as the engine takes trades.
pub const FLAG_OPENING: u32 = 1 << 19;
/// Set on the print of a closing auction, or of a market centre's official close, as the engine takes trades.
pub const FLAG_CLOSING: u32 = 1 << 20;
/// Set on a trade in which the buyer took, as the engine takes trades.
pub const FLAG_BUYER_TOOK: u32 = 1 << 21;
/// Set on a trade in which the seller took, as the engine takes trades.
pub const FLAG_SELLER_TOOK: u32 = 1 << 22;

/// Up to four one-letter condition codes in one number, first code in the lowest byte; codes after the fourth are left out.
#[inline]
pub fn pack_conditions(codes: impl IntoIterator<Item = u8>) -> u32 {
    codes.into_iter().take(4).enumerate().fold(0, |packed, (i, code)| packed | u32::from(code) << (8 * i))
}

/// The codes of a number made by [`pack_conditions`].
pub fn unpack_conditions(packed: u32) -> impl Iterator<Item = u8> {
    packed.to_le_bytes().into_iter().take_while(|&code| code != 0)
}

/// Best bid and ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Exchange time.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Best bid, dollars; zero when there is none.
    pub bid: Price,
    /// Best ask, dollars; zero when there is none.
    pub ask: Price,
    /// Shares at the bid.
    pub bid_size: Qty,
    /// Shares at the ask.
    pub ask_size: Qty,
    /// `FLAG_…` bits.
    pub flags: u32,
}

impl Quote {
    /// Midpoint in dollars as a float; NaN unless both sides are there.
    #[inline]
    pub fn mid(&self) -> f64 {
        if self.bid.is_positive() && self.ask.is_positive() { (self.bid.raw() as f64 + self.ask.raw() as f64) * 0.5e-9 } else { f64::NAN }
    }
}

/// A trade print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Exchange time.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Price, dollars.
    pub price: Price,
    /// Shares.
    pub size: Qty,
    /// `FLAG_…` bits.
    pub flags: u32,
}

/// A complete bar: visible at `ts`, its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// End of the bar: the first moment at which it is known.
    pub ts: Timestamp,
    /// Start of the bar.
    pub start: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// First price, dollars.
    pub open: Price,
    /// Highest price, dollars.
    pub high: Price,
    /// Lowest price, dollars.
    pub low: Price,
    /// Last price, dollars.
    pub close: Price,
    /// Shares traded.
    pub volume: Qty,
    /// `FLAG_…` bits.
    pub flags: u32,
}

/// One change to an order book, order by order (L3) or level by level (L2, `order` = 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(C)] // the time where other events have it: see MarketEvent::ts
pub struct BookDelta {
    /// Exchange time.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Exchange order id; 0 for a level.
    pub order: u64,
    /// What happens.
    pub action: BookAction,
    /// Side of the book.
    pub side: Side,
    /// Price, dollars.
    pub price: Price,
    /// Shares: added, canceled or executed; the new size of a [`BookAction::Modify`].
    pub size: Qty,
    /// `FLAG_…` bits.
    pub flags: u32,
}

/// What a [`BookDelta`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BookAction {
    /// A new order, or the new size of a level.
    Add,
    /// `size` shares of an order are canceled.
    Cancel,
    /// The order is gone.
    Delete,
    /// `size` shares of a visible order are executed.
    Execute,
    /// Everything on the side is gone.
    Clear,
    /// The order now has this price and size. It keeps its place in the queue where the price stays and the size does not grow,
    /// else it goes to the end.
    Modify,
}

/// Whether an instrument may trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TradingState {
    /// Not said.
    #[default]
    Unknown,
    /// Trading.
    Trading,
    /// Halted: neither quotes nor trades count.
    Halted,
    /// Quotes only, before trading resumes.
    QuoteOnly,
    /// Paused by volatility (limit up, limit down).
    Paused,
    /// Orders gather before the open or an auction.
    PreOpen,
    /// Trading is over for the day.
    Closed,
}

/// A change of an instrument's trading state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(C)] // the time where other events have it: see MarketEvent::ts
pub struct Status {
    /// Exchange time.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// What it means.
    pub state: TradingState,
    /// The source's status code, such as `H`.
    pub code: Label,
    /// The source's words for the code.
    pub message: Label,
    /// The source's reason code, such as `T12`.
    pub reason_code: Label,
    /// The source's words for the reason.
    pub reason: Label,
}

/// Limit-up and limit-down prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBand {
    /// Exchange time.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// Lowest price at which it may trade, dollars.
    pub lower: Price,
    /// Highest price at which it may trade, dollars.
    pub upper: Price,
    /// The tape's indicator letter.
    pub indicator: u8,
}

/// What a [`Correction`] does to a trade reported before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CorrectionKind {
    /// The trade is canceled.
    #[default]
    Cancel,
    /// The report was an error.
    Error,
    /// The trade is replaced by the corrected values.
    Correct,
}

/// A correction or cancellation of a trade reported before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Exchange time of the correction.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// What happens to the trade.
    pub kind: CorrectionKind,
    /// Id of the trade it is about.
    pub original_id: u64,
    /// Price as first reported, dollars.
    pub original_price: Price,
    /// Size as first reported, shares.
    pub original_size: Qty,
    /// Conditions as first reported.
    pub original_conditions: u32,
    /// Id of the corrected trade; 0 for none.
    pub id: u64,
    /// Corrected price, dollars; zero for none.
    pub price: Price,
    /// Corrected size, shares; zero for none.
    pub size: Qty,
    /// Conditions of the corrected trade.
    pub conditions: u32,
}

/// A news item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    /// When it was created.
    pub ts: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// The source's id.
    pub id: u64,
    /// Headline.
    pub headline: String,
    /// Summary, which may be empty.
    pub summary: String,
    /// Author.
    pub author: String,
    /// Text, which may hold HTML.
    pub content: String,
    /// Where it can be read.
    pub url: String,
    /// Who published it.
    pub source: String,
    /// What it is about.
    pub instruments: Vec<InstrumentId>,
}

/// A corporate action, effective at `ts` before that moment's market events.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[repr(C)] // the time where other events have it: see MarketEvent::ts
pub struct CorporateAction {
    /// Effective time: the open of the ex-date.
    pub ts: Timestamp,
    /// Instrument.
    pub instrument: InstrumentId,
    /// What happens.
    pub kind: ActionKind,
}

/// What a [`CorporateAction`] does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ActionKind {
    /// Cash of `per_share` dollars a share; `reference` is the last close before the ex-date and `ratio` the price factor
    /// before ÷ after it, so that `per_share = reference × (1 − ratio)`.
    Dividend {
        /// Dollars a share, as the factor implies it, exact to 1e-9.
        per_share: Price,
        /// Last close before the ex-date, dollars.
        reference: Price,
        /// Price factor before the ex-date ÷ after it.
        ratio: f64,
    },
    /// One share becomes `new_shares_per_old` (7 for a 7:1 split).
    Split {
        /// New shares for one old share.
        new_shares_per_old: f64,
    },
}

impl CorporateAction {
    /// A number by which the same action is known again: FNV-1a of its time, instrument and terms.
    #[must_use]
    pub fn id(&self) -> u64 {
        let (kind, value) = match self.kind {
            ActionKind::Dividend { per_share, .. } => (1_u64, per_share.raw().cast_unsigned()),
            ActionKind::Split { new_shares_per_old } => (2, new_shares_per_old.to_bits()),
        };
        let words = [self.ts.nanos().cast_unsigned(), u64::from(self.instrument.0), kind, value];
        let bytes = words.into_iter().flat_map(u64::to_le_bytes);
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)).max(1)
    }
}

/// Any market event, as the engine takes it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MarketEvent {
    /// A corporate action; first among events of one moment.
    Action(CorporateAction),
    /// Best bid and ask.
    Quote(Quote),
    /// A trade.
    Trade(Trade),
    /// A complete bar; last among events of one moment.
    Bar(Bar),
    /// A change of the book, after the trades of its moment.
    Book(BookDelta),
    /// A change of trading state, before all but actions of its moment.
    Status(Status),
}

impl MarketEvent {
    /// When the event is knowable.
    #[inline]
    pub const fn ts(&self) -> Timestamp {
        match self {
            Self::Action(e) => e.ts,
            Self::Quote(e) => e.ts,
            Self::Trade(e) => e.ts,
            Self::Bar(e) => e.ts,
            Self::Book(e) => e.ts,
            Self::Status(e) => e.ts,
        }
    }

    /// Give its instrument the id that `ids` has for it; one without stays as it is.
    #[inline]
    pub fn renumber(&mut self, ids: &[InstrumentId]) {
        let instrument = match self {
            Self::Action(e) => &mut e.instrument,
            Self::Quote(e) => &mut e.instrument,
            Self::Trade(e) => &mut e.instrument,
            Self::Bar(e) => &mut e.instrument,
            Self::Book(e) => &mut e.instrument,
            Self::Status(e) => &mut e.instrument,
        };
        if let Some(&id) = ids.get(instrument.index()) {
            *instrument = id;
        }
    }

    /// Say which instrument it is about.
    pub const fn set_instrument(&mut self, id: InstrumentId) {
        match self {
            Self::Action(e) => e.instrument = id,
            Self::Quote(e) => e.instrument = id,
            Self::Trade(e) => e.instrument = id,
            Self::Bar(e) => e.instrument = id,
            Self::Book(e) => e.instrument = id,
            Self::Status(e) => e.instrument = id,
        }
    }

    /// The instrument it is about.
    #[inline]
    pub const fn instrument(&self) -> InstrumentId {
        match self {
            Self::Action(e) => e.instrument,
            Self::Quote(e) => e.instrument,
            Self::Trade(e) => e.instrument,
            Self::Bar(e) => e.instrument,
            Self::Book(e) => e.instrument,
            Self::Status(e) => e.instrument,
        }
    }
}
