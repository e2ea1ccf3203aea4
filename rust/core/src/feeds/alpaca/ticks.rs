//! Trades, quotes, bars, and what is said about trades: corrections and cancellations.

use super::sink::{Kind, Sink};
use super::timeframe::Timeframe;
use super::wire::{ABSENT, Decimals, END, Left, Reader, Scan, code, malformed};
use crate::event::{Bar, Correction, CorrectionKind, FLAG_DAILY, FLAG_PARTIAL, FLAG_SUSPICIOUS, FLAG_UPDATED, Quote, Trade};
use crate::feeds::conditions::trade_flags;
use crate::types::{InstrumentId, MINUTE_NS, Price, Qty, SECOND_NS, Timestamp};

const S: u64 = code(b"S");
const TIME: u64 = code(b"t");
const VENUE: u64 = code(b"x");
const CONDITIONS: u64 = code(b"c");
const TAPE: u64 = code(b"z");

/// How long after a minute's end its updated bar is sent.
const UPDATE_DELAY_NS: i64 = 30 * SECOND_NS;

/// A quote; of `instrument`, where the message itself does not say.
pub(super) fn quote<'a, R: Reader<'a>>(reader: &mut R, mut left: Left, instrument: Option<InstrumentId>, sink: &mut Sink<'_>) -> Scan<()> {
    const BX: u64 = code(b"bx");
    const BP: u64 = code(b"bp");
    const BS: u64 = code(b"bs");
    const AX: u64 = code(b"ax");
    const AP: u64 = code(b"ap");
    const AS: u64 = code(b"as");
    let mut r = *reader;
    let mut symbol = instrument;
    let (mut ts, mut bid, mut ask, mut bid_size, mut ask_size) = (ABSENT, ABSENT, ABSENT, ABSENT, ABSENT);
    let (mut bid_venue, mut ask_venue, mut tape, mut conditions) = (0, 0, 0, 0);
    // The keys in the order in which they come: each then costs one comparison.
    if r.next_is(&mut left, *b"S") {
        symbol = Some(sink.symbol(&mut r)?);
    }
    if r.next_is(&mut left, *b"bx") {
        bid_venue = sink.letter(&mut r)?;
    }
    if r.next_is(&mut left, *b"bp") {
        bid = r.fixed(Decimals::Exact)?;
    }
    if r.next_is(&mut left, *b"bs") {
        bid_size = r.fixed(Decimals::Rounded)?;
    }
    if r.next_is(&mut left, *b"ax") {
        ask_venue = sink.letter(&mut r)?;
    }
    if r.next_is(&mut left, *b"ap") {
        ask = r.fixed(Decimals::Exact)?;
    }
    if r.next_is(&mut left, *b"as") {
        ask_size = r.fixed(Decimals::Rounded)?;
    }
    if r.next_is(&mut left, *b"c") {
        conditions = sink.conditions(&mut r)?;
    }
    if r.next_is(&mut left, *b"z") {
        tape = sink.letter(&mut r)?;
    }
    if r.next_is(&mut left, *b"t") {
        ts = r.time()?;
    }
    loop {
        match r.key(&mut left)? {
            S => symbol = Some(sink.symbol(&mut r)?),
            BX => bid_venue = sink.letter(&mut r)?,
            BP => bid = r.fixed(Decimals::Exact)?,
            BS => bid_size = r.fixed(Decimals::Rounded)?,
            AX => ask_venue = sink.letter(&mut r)?,
            AP => ask = r.fixed(Decimals::Exact)?,
            AS => ask_size = r.fixed(Decimals::Rounded)?,
            CONDITIONS => conditions = sink.conditions(&mut r)?,
            TAPE => tape = sink.letter(&mut r)?,
            TIME => ts = r.time()?,
            END => break,
            other => r = sink.other(r, other, Kind::Quote)?,
        }
    }
    let Some(instrument) = symbol.filter(|_| ![ts, bid, ask, bid_size, ask_size].contains(&ABSENT)) else {
        return malformed(r.at(), "before here, a quote with S, t, bp, bs, ap and as");
    };
    let quotes = &mut sink.out.quotes;
    quotes.push(Quote {
        ts: Timestamp::from_nanos(ts),
        instrument,
        bid: Price::from_raw(bid),
        ask: Price::from_raw(ask),
        bid_size: Qty::from_raw(bid_size),
        ask_size: Qty::from_raw(ask_size),
        flags: 0,
    });
    quotes.bid_venue.push(bid_venue);
    quotes.ask_venue.push(ask_venue);
    quotes.conditions.push(conditions);
    quotes.tape.push(tape);
    *reader = r;
    Ok(())
}

/// A trade; of `instrument`, where the message itself does not say.
pub(super) fn trade<'a, R: Reader<'a>>(reader: &mut R, mut left: Left, instrument: Option<InstrumentId>, sink: &mut Sink<'_>) -> Scan<()> {
    const ID: u64 = code(b"i");
    const PRICE: u64 = code(b"p");
    const SIZE: u64 = code(b"s");
    const TAKER_SIDE: u64 = code(b"tks");
    const UPDATE: u64 = code(b"u");
    let mut r = *reader;
    let mut symbol = instrument;
    let (mut ts, mut price, mut size, mut id) = (ABSENT, ABSENT, ABSENT, 0);
    let (mut venue, mut tape, mut conditions, mut aggressor, mut flags) = (0, 0, 0, 0, 0);
    // As for quotes.
    if r.next_is(&mut left, *b"i") {
        id = r.whole()?;
    }
    if r.next_is(&mut left, *b"S") {
        symbol = Some(sink.symbol(&mut r)?);
    }
    if r.next_is(&mut left, *b"x") {
        venue = sink.letter(&mut r)?;
    }
    if r.next_is(&mut left, *b"p") {
        price = r.fixed(Decimals::Exact)?;
    }
    if r.next_is(&mut left, *b"s") {
        size = r.fixed(Decimals::Exact)?;
    }
    if r.next_is(&mut left, *b"t") {
        ts = r.time()?;
    }
    if r.next_is(&mut left, *b"c") {
        conditions = sink.conditions(&mut r)?;
    }
    if r.next_is(&mut left, *b"z") {
        tape = sink.letter(&mut r)?;
    }
    loop {
        match r.key(&mut left)? {
            S => symbol = Some(sink.symbol(&mut r)?),
            ID => id = r.whole()?,
            VENUE => venue = sink.letter(&mut r)?,
            PRICE => price = r.fixed(Decimals::Exact)?,
            SIZE => size = r.fixed(Decimals::Exact)?,
            CONDITIONS => conditions = sink.conditions(&mut r)?,
            TAPE => tape = sink.letter(&mut r)?,
            TIME => ts = r.time()?,
            TAKER_SIDE => {
                aggressor = match sink.letter(&mut r)? {
                    b'B' => 1,
                    b'S' => -1,
                    _ => 0,
                }
            }
            // Only in history: what became of the trade later.
            UPDATE => {
                let undone = !r.null() && matches!(r.text(&mut sink.scratch.text)?, b"canceled" | b"incorrect");
                flags = if undone { FLAG_SUSPICIOUS } else { 0 };
            }
            END => break,
            other => r = sink.other(r, other, Kind::Trade)?,
        }
    }
    let Some(instrument) = symbol.filter(|_| ![ts, price, size].contains(&ABSENT)) else {
        return malformed(r.at(), "before here, a trade with S, t, p and s");
    };
    let trades = &mut sink.out.trades;
    trades.push(Trade {
        ts: Timestamp::from_nanos(ts),
        instrument,
        price: Price::from_raw(price),
        size: Qty::from_raw(size),
        flags: flags | trade_flags(conditions, tape),
    });
    trades.id.push(id);
    trades.venue.push(venue);
    trades.conditions.push(conditions);
    trades.tape.push(tape);
    trades.aggressor.push(aggressor);
    *reader = r;
    Ok(())
}

/// When a bar is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    /// A minute bar of the stream.
    Minute,
    /// A minute bar sent again with late trades.
    Updated,
    /// The running totals of a day.
    Daily,
    /// A bar of history.
    Of(Timeframe),
}

impl Length {
    const fn kind(self) -> Kind {
        match self {
            Self::Minute | Self::Of(_) => Kind::Bar,
            Self::Updated => Kind::UpdatedBar,
            Self::Daily => Kind::DailyBar,
        }
    }

    /// The moment at which a bar from `start` on is known, and its flags.
    fn known(self, start: i64, is_crypto: bool, recv: Option<Timestamp>) -> Option<(i64, u32)> {
        let recv = recv.map(Timestamp::nanos);
        match self {
            Self::Minute => Some((start.checked_add(MINUTE_NS)?, 0)),
            Self::Updated => {
                let end = start.checked_add(MINUTE_NS)?;
                Some((recv.map_or(end.checked_add(UPDATE_DELAY_NS)?, |recv| recv.max(end)), FLAG_UPDATED))
            }
            Self::Daily => {
                let end = Timeframe::DAY.end(start, is_crypto)?;
                let known = recv.map_or(end, |recv| recv.clamp(start, end));
                Some((known, if known < end { FLAG_DAILY | FLAG_PARTIAL } else { FLAG_DAILY }))
            }
            Self::Of(timeframe) => Some((timeframe.end(start, is_crypto)?, if timeframe == Timeframe::DAY { FLAG_DAILY } else { 0 })),
        }
    }
}

/// A bar; of `instrument`, where the message itself does not say.
pub(super) fn bar<'a, R: Reader<'a>>(
    reader: &mut R,
    mut left: Left,
    instrument: Option<InstrumentId>,
    length: Length,
    sink: &mut Sink<'_>,
) -> Scan<()> {
    const OPEN: u64 = code(b"o");
    const HIGH: u64 = code(b"h");
    const LOW: u64 = code(b"l");
    const CLOSE: u64 = code(b"c");
    const VOLUME: u64 = code(b"v");
    const TRADES: u64 = code(b"n");
    const VWAP: u64 = code(b"vw");
    let mut r = *reader;
    let mut symbol = instrument;
    let (mut start, mut open, mut high, mut low, mut close, mut volume) = (ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT);
    let (mut trades, mut vwap) = (0, 0);
    loop {
        match r.key(&mut left)? {
            S => symbol = Some(sink.symbol(&mut r)?),
            OPEN => open = r.fixed(Decimals::Exact)?,
            HIGH => high = r.fixed(Decimals::Exact)?,
            LOW => low = r.fixed(Decimals::Exact)?,
            CLOSE => close = r.fixed(Decimals::Exact)?,
            VOLUME => volume = r.fixed(Decimals::Rounded)?,
            TRADES => trades = r.whole()?,
            VWAP => {
                vwap = match r.fixed(Decimals::Rounded)? {
                    ABSENT => 0,
                    raw => raw,
                }
            }
            TIME => start = r.time()?,
            END => break,
            other => r = sink.other(r, other, length.kind())?,
        }
    }
    let Some(instrument) = symbol.filter(|_| ![start, open, high, low, close, volume].contains(&ABSENT)) else {
        return malformed(r.at(), "before here, a bar with S, t, o, h, l, c and v");
    };
    let is_crypto = sink.out.instruments.symbol(instrument).contains('/');
    let Some((end, flags)) = length.known(start, is_crypto, sink.recv) else {
        return malformed(r.at(), "before here, a bar that ends before the year 2262");
    };
    let bars = &mut sink.out.bars;
    bars.push(Bar {
        ts: Timestamp::from_nanos(end),
        start: Timestamp::from_nanos(start),
        instrument,
        open: Price::from_raw(open),
        high: Price::from_raw(high),
        low: Price::from_raw(low),
        close: Price::from_raw(close),
        volume: Qty::from_raw(volume),
        flags,
    });
    bars.trades.push(trades);
    bars.vwap.push(Price::from_raw(vwap));
    *reader = r;
    Ok(())
}

/// A trade corrected (`c`) or canceled (`x`).
pub(super) fn correction<'a, R: Reader<'a>>(reader: &mut R, mut left: Left, kind: Kind, sink: &mut Sink<'_>) -> Scan<()> {
    const ID: u64 = code(b"i");
    const PRICE: u64 = code(b"p");
    const SIZE: u64 = code(b"s");
    const ACTION: u64 = code(b"a");
    const ORIGINAL_ID: u64 = code(b"oi");
    const ORIGINAL_PRICE: u64 = code(b"op");
    const ORIGINAL_SIZE: u64 = code(b"os");
    const ORIGINAL_CONDITIONS: u64 = code(b"oc");
    const CORRECTED_ID: u64 = code(b"ci");
    const CORRECTED_PRICE: u64 = code(b"cp");
    const CORRECTED_SIZE: u64 = code(b"cs");
    const CORRECTED_CONDITIONS: u64 = code(b"cc");
    let is_cancel = kind == Kind::Cancel;
    let mut r = *reader;
    let mut symbol = None;
    let (mut ts, mut original_price, mut original_size) = (ABSENT, ABSENT, ABSENT);
    let (mut price, mut size) = if is_cancel { (0, 0) } else { (ABSENT, ABSENT) };
    let (mut venue, mut tape, mut action) = (0, 0, 0);
    let mut row = Correction::default();
    loop {
        match (r.key(&mut left)?, is_cancel) {
            (S, _) => symbol = Some(sink.symbol(&mut r)?),
            (TIME, _) => ts = r.time()?,
            (VENUE, _) => venue = sink.letter(&mut r)?,
            (TAPE, _) => tape = sink.letter(&mut r)?,
            (ID, true) | (ORIGINAL_ID, false) => row.original_id = r.whole()?,
            (PRICE, true) | (ORIGINAL_PRICE, false) => original_price = r.fixed(Decimals::Exact)?,
            (SIZE, true) | (ORIGINAL_SIZE, false) => original_size = r.fixed(Decimals::Exact)?,
            (ACTION, true) => action = sink.letter(&mut r)?,
            (ORIGINAL_CONDITIONS, false) => row.original_conditions = sink.conditions(&mut r)?,
            (CORRECTED_ID, false) => row.id = r.whole()?,
            (CORRECTED_PRICE, false) => price = r.fixed(Decimals::Exact)?,
            (CORRECTED_SIZE, false) => size = r.fixed(Decimals::Exact)?,
            (CORRECTED_CONDITIONS, false) => row.conditions = sink.conditions(&mut r)?,
            (END, _) => break,
            (other, _) => r = sink.other(r, other, kind)?,
        }
    }
    let Some(instrument) = symbol.filter(|_| ![ts, original_price, original_size, price, size].contains(&ABSENT)) else {
        let expected =
            if is_cancel { "before here, a cancel with S, t, p and s" } else { "before here, a correction with S, t, op, os, cp and cs" };
        return malformed(r.at(), expected);
    };
    row.kind = match (kind, action) {
        (Kind::Correction, _) => CorrectionKind::Correct,
        (_, b'E') => CorrectionKind::Error,
        _ => CorrectionKind::Cancel,
    };
    (row.ts, row.instrument) = (Timestamp::from_nanos(ts), instrument);
    (row.original_price, row.original_size) = (Price::from_raw(original_price), Qty::from_raw(original_size));
    (row.price, row.size) = (Price::from_raw(price), Qty::from_raw(size));
    let corrections = &mut sink.out.corrections;
    corrections.push(row);
    corrections.venue.push(venue);
    corrections.tape.push(tape);
    corrections.action.push(action);
    *reader = r;
    Ok(())
}
