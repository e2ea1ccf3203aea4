//! Trading states, price bands, order books, news, and the control messages of the session.

use super::sink::{Kind, Sink};
use super::wire::{ABSENT, Decimals, END, LONG, Left, Reader, Scan, code, malformed};
use crate::event::{BookAction, BookDelta, FLAG_LAST, FLAG_SNAPSHOT, Headline, PriceBand, Status, TradingState};
use crate::feeds::Control;
use crate::types::{InstrumentId, Label, Price, Qty, Side, Timestamp};

const S: u64 = code(b"S");
const TIME: u64 = code(b"t");
const TAPE: u64 = code(b"z");

/// What a status code means. `2`, `3` and `5` on are of the CTA plan (tapes A and B); `H`, `Q`, `T` and `P` of the UTP plan (tape
/// C); no letter means different things in the two. Codes that tell of imbalances, indications or restrictions leave the state open.
fn trading_state(status: &str, reason: &str) -> TradingState {
    match status {
        // Volatility pauses are told by their reason: M on CTA, LUDP, LUDS and T5 on UTP.
        "2" | "H" if matches!(reason, "M" | "LUDP" | "LUDS" | "T5") => TradingState::Paused,
        "2" | "H" => TradingState::Halted,
        "3" | "T" => TradingState::Trading,
        "Q" => TradingState::QuoteOnly,
        "P" => TradingState::Paused,
        _ => TradingState::Unknown,
    }
}

/// A trading status (`s`).
pub(super) fn status<'a, R: Reader<'a>>(reader: &mut R, mut left: Left, sink: &mut Sink<'_>) -> Scan<()> {
    const STATUS_CODE: u64 = code(b"sc");
    const STATUS_MESSAGE: u64 = code(b"sm");
    const REASON_CODE: u64 = code(b"rc");
    const REASON_MESSAGE: u64 = code(b"rm");
    let mut r = *reader;
    let (mut symbol, mut ts, mut tape) = (None, ABSENT, 0);
    let (mut has_code, mut row) = (false, Status::default());
    loop {
        match r.key(&mut left)? {
            S => symbol = Some(sink.symbol(&mut r)?),
            TIME => ts = r.time()?,
            TAPE => tape = sink.letter(&mut r)?,
            STATUS_CODE => {
                has_code = true;
                row.code = label(&mut r, sink)?;
            }
            STATUS_MESSAGE => row.message = label(&mut r, sink)?,
            REASON_CODE => row.reason_code = label(&mut r, sink)?,
            REASON_MESSAGE => row.reason = label(&mut r, sink)?,
            END => break,
            other => r = sink.other(r, other, Kind::Status)?,
        }
    }
    let Some(instrument) = symbol.filter(|_| has_code && ts != ABSENT) else {
        return malformed(r.at(), "before here, a status with S, t and sc");
    };
    (row.ts, row.instrument) = (Timestamp::from_nanos(ts), instrument);
    row.state = trading_state(sink.out.labels.text(row.code), sink.out.labels.text(row.reason_code));
    sink.out.statuses.push(row);
    sink.out.statuses.tape.push(tape);
    *reader = r;
    Ok(())
}

fn label<'a, R: Reader<'a>>(r: &mut R, sink: &mut Sink<'_>) -> Scan<Label> {
    if r.null() {
        return Ok(Label::default());
    }
    let text = r.text(&mut sink.scratch.text)?;
    Ok(sink.out.labels.intern(&String::from_utf8_lossy(text)))
}

/// Limit-up and limit-down prices (`l`).
pub(super) fn band<'a, R: Reader<'a>>(reader: &mut R, mut left: Left, sink: &mut Sink<'_>) -> Scan<()> {
    const UP: u64 = code(b"u");
    const DOWN: u64 = code(b"d");
    const INDICATOR: u64 = code(b"i");
    let mut r = *reader;
    let (mut symbol, mut ts, mut upper, mut lower) = (None, ABSENT, ABSENT, ABSENT);
    let (mut indicator, mut tape) = (0, 0);
    loop {
        match r.key(&mut left)? {
            S => symbol = Some(sink.symbol(&mut r)?),
            TIME => ts = r.time()?,
            UP => upper = r.fixed(Decimals::Exact)?,
            DOWN => lower = r.fixed(Decimals::Exact)?,
            INDICATOR => indicator = sink.letter(&mut r)?,
            TAPE => tape = sink.letter(&mut r)?,
            END => break,
            other => r = sink.other(r, other, Kind::Band)?,
        }
    }
    let Some(instrument) = symbol.filter(|_| ![ts, upper, lower].contains(&ABSENT)) else {
        return malformed(r.at(), "before here, price bands with S, t, u and d");
    };
    let (lower, upper) = (Price::from_raw(lower), Price::from_raw(upper));
    sink.out.bands.push(PriceBand { ts: Timestamp::from_nanos(ts), instrument, lower, upper, indicator });
    sink.out.bands.tape.push(tape);
    *reader = r;
    Ok(())
}

/// An order book (`o`): the whole of it, or levels with their new sizes, zero for none.
pub(super) fn book<'a, R: Reader<'a>>(reader: &mut R, mut left: Left, sink: &mut Sink<'_>) -> Scan<()> {
    const BIDS: u64 = code(b"b");
    const ASKS: u64 = code(b"a");
    const RESET: u64 = code(b"r");
    let mut r = *reader;
    let (mut symbol, mut ts, mut reset) = (None, ABSENT, false);
    sink.scratch.bids.clear();
    sink.scratch.asks.clear();
    loop {
        match r.key(&mut left)? {
            S => symbol = Some(sink.symbol(&mut r)?),
            TIME => ts = r.time()?,
            BIDS => levels(&mut r, &mut sink.scratch.bids, &mut sink.skipped.keys)?,
            ASKS => levels(&mut r, &mut sink.scratch.asks, &mut sink.skipped.keys)?,
            RESET => reset = r.boolean()?,
            END => break,
            other => r = sink.other(r, other, Kind::Book)?,
        }
    }
    let Some(instrument) = symbol.filter(|_| ts != ABSENT) else {
        return malformed(r.at(), "before here, an order book with S and t");
    };
    let ts = Timestamp::from_nanos(ts);
    let flags = if reset { FLAG_SNAPSHOT } else { 0 };
    let deltas = &mut sink.out.deltas;
    let before = deltas.len();
    for (side, levels) in [(Side::Buy, &sink.scratch.bids), (Side::Sell, &sink.scratch.asks)] {
        if reset {
            deltas.push(delta(ts, instrument, BookAction::Clear, side, (0, 0), flags));
        }
        for &level in levels {
            let action = if level.1 == 0 { BookAction::Delete } else { BookAction::Add };
            deltas.push(delta(ts, instrument, action, side, level, flags));
        }
    }
    if deltas.len() > before
        && let Some(last) = deltas.flags.last_mut()
    {
        *last |= FLAG_LAST;
    }
    *reader = r;
    Ok(())
}

const fn delta(ts: Timestamp, instrument: InstrumentId, action: BookAction, side: Side, level: (i64, i64), flags: u32) -> BookDelta {
    BookDelta { ts, instrument, order: 0, action, side, price: Price::from_raw(level.0), size: Qty::from_raw(level.1), flags }
}

/// A list of `{p, s}`.
fn levels<'a, R: Reader<'a>>(reader: &mut R, out: &mut Vec<(i64, i64)>, unknown_keys: &mut u64) -> Scan<()> {
    const PRICE: u64 = code(b"p");
    const SIZE: u64 = code(b"s");
    out.clear(); // where the key comes twice, the last one counts
    if reader.null() {
        return Ok(());
    }
    let mut r = *reader;
    let mut list = r.list()?;
    while r.more(&mut list)? {
        let mut left = r.map()?;
        let (mut price, mut size) = (ABSENT, ABSENT);
        loop {
            match r.key(&mut left)? {
                PRICE => price = r.fixed(Decimals::Exact)?,
                SIZE => size = r.fixed(Decimals::Rounded)?,
                END => break,
                _ => {
                    *unknown_keys += 1;
                    r.skip()?;
                }
            }
        }
        if price == ABSENT || size == ABSENT {
            return malformed(r.at(), "before here, a level with p and s");
        }
        out.push((price, size));
    }
    *reader = r;
    Ok(())
}

/// A news item (`n`).
pub(super) fn news<'a, R: Reader<'a>>(reader: &mut R, mut left: Left, sink: &mut Sink<'_>) -> Scan<()> {
    const ID: u64 = code(b"id");
    const HEADLINE: u64 = code(b"headline");
    const SUMMARY: u64 = code(b"summary");
    const AUTHOR: u64 = code(b"author");
    const CONTENT: u64 = code(b"content");
    const URL: u64 = code(b"url");
    const SOURCE: u64 = code(b"source");
    const SYMBOLS: u64 = code(b"symbols");
    const IMAGES: u64 = code(b"images");
    let mut r = *reader;
    let mut item = Headline::default();
    let (mut created, mut updated, mut has_headline) = (ABSENT, ABSENT, false);
    loop {
        let at = r.at();
        match r.key(&mut left)? {
            ID => item.id = r.whole()?,
            HEADLINE => {
                item.headline = sink.string(&mut r)?;
                has_headline = true;
            }
            SUMMARY => item.summary = sink.string(&mut r)?,
            AUTHOR => item.author = sink.string(&mut r)?,
            CONTENT => item.content = sink.string(&mut r)?,
            URL => item.url = sink.string(&mut r)?,
            SOURCE => item.source = sink.string(&mut r)?,
            SYMBOLS => {
                item.instruments.clear();
                for symbol in sink.strings(&mut r)? {
                    match sink.out.instruments.intern(&symbol) {
                        Ok(id) => item.instruments.push(id),
                        Err(_) => return malformed(at, super::sink::SYMBOL),
                    }
                }
            }
            IMAGES => r.skip()?, // pictures for a page, in history alone
            LONG if r.long_key() == b"created_at" => created = r.time()?,
            LONG if r.long_key() == b"updated_at" => updated = r.time()?,
            END => break,
            other => r = sink.other(r, other, Kind::News)?,
        }
    }
    if created == ABSENT || !has_headline {
        return malformed(r.at(), "before here, news with headline and created_at");
    }
    item.ts = Timestamp::from_nanos(created);
    item.updated = Timestamp::from_nanos(if updated == ABSENT { created } else { updated });
    sink.out.news.push(item);
    *reader = r;
    Ok(())
}

/// What the server says about the session: `success`, `error`, `subscription`.
pub(super) fn control<'a, R: Reader<'a>>(reader: &mut R, mut left: Left, kind: Kind, sink: &mut Sink<'_>) -> Scan<()> {
    const MESSAGE: u64 = code(b"msg");
    const CODE: u64 = code(b"code");
    const T: u64 = code(b"T");
    let mut r = *reader;
    let (mut message, mut number) = (String::new(), 0);
    let mut channels: Vec<(String, Vec<String>)> = Vec::new();
    loop {
        match (r.key(&mut left)?, kind) {
            (END, _) => break,
            (MESSAGE, Kind::Success | Kind::Error) => message = sink.string(&mut r)?,
            (CODE, Kind::Error) => number = r.whole()?,
            // Channels are named by their keys, whichever there are.
            (key, Kind::Subscription) if key != T && r.is_list() => {
                let name = if key == LONG { String::from_utf8_lossy(r.long_key()).into_owned() } else { name_of(key) };
                channels.retain(|(other, _)| *other != name);
                channels.push((name, sink.strings(&mut r)?));
            }
            (other, _) => r = sink.other(r, other, kind)?,
        }
    }
    sink.control(match kind {
        Kind::Error => Control::Error { code: number, message },
        Kind::Subscription => Control::Subscription(channels),
        _ => Control::Success(message),
    });
    *reader = r;
    Ok(())
}

/// The text of a key that fits its code.
fn name_of(key: u64) -> String {
    let bytes = key.to_le_bytes();
    let length = bytes.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}
