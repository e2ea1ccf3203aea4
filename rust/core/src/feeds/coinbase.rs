//! Coinbase Exchange's WebSocket feed: level2, ticker and matches.
//!
//! | message | gives |
//! | --- | --- |
//! | `snapshot` | both sides cleared, then the levels, all flagged [`FLAG_SNAPSHOT`] |
//! | `l2update` | book changes |
//! | `ticker` | a quote of `best_bid` and `best_ask`, with their sizes where it has them, `sequence` = `sequence` |
//! | `match` | a trade; `side` is the maker's, so that the other side took |
//! | `last_match` | the same, flagged [`FLAG_SNAPSHOT`]: it happened before the subscription |
//!
//! Snapshots have no time: they get that of the change before, or the time of receipt, and no later change of the product is
//! given an earlier one. The level2 channel numbers nothing, so that a lost update cannot be seen.

use super::json::{Cursor, Flaw, decimal};
use super::session::{
    Common, Context, Framing, Messages, Print, Session, Slots, Taken, clear_first, commit, decoder, push_level, push_quote, push_trade,
    read_level, read_levels, take_back,
};
use super::{Batches, Decoder, QualityPolicy};
use crate::event::{DeltaBatch, FLAG_GAP, FLAG_SNAPSHOT, Quote, Trade};
use crate::types::{DAY_NS, Price, Qty, Result, SECOND_NS, Side, Timestamp};
use chrono::NaiveDate;

decoder! {
    /// Decodes Coinbase's messages; see the module.
    CoinbaseDecoder of Coinbase
}

impl CoinbaseDecoder {
    /// A decoder.
    pub fn new(framing: Framing, policy: QualityPolicy) -> Self {
        Self(Session::new(Coinbase { slots: Slots::new(), latest: None }, framing, policy))
    }
}

#[derive(Debug)]
struct Coinbase {
    slots: Slots<Book>,
    /// The latest time that the exchange told.
    latest: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Book {
    /// Changes were given out already.
    begun: bool,
}

/// The scalars of a message by their keys, as text.
#[derive(Debug, Default)]
struct Fields<'a> {
    kind: &'a [u8],
    product: &'a [u8],
    time: &'a [u8],
    price: &'a [u8],
    size: &'a [u8],
    side: &'a [u8],
    trade_id: &'a [u8],
    sequence: &'a [u8],
    best_bid: &'a [u8],
    best_ask: &'a [u8],
    best_bid_size: &'a [u8],
    best_ask_size: &'a [u8],
    /// Levels with a price or size beyond the range.
    beyond: u64,
}

impl Messages for Coinbase {
    const NAME: &'static str = "coinbase";

    fn message(&mut self, context: &mut Context<'_>, message: &[u8], out: &mut Batches) -> Taken<()> {
        let mut cursor = Cursor::new(message);
        let fields = read(&mut cursor, &mut out.deltas)?;
        cursor.end()?;
        let told = if fields.time.is_empty() { None } else { Some(rfc3339(fields.time)?) };
        self.latest = self.latest.max(told);
        match fields.kind {
            b"l2update" | b"snapshot" => self.book(context, &fields, told, out),
            b"ticker" => self.ticker(context, &fields, told, out),
            b"match" => self.trade(context, &fields, told, "match", out),
            b"last_match" => self.trade(context, &fields, told, "last_match", out),
            kind => {
                take_back(&mut out.deltas);
                context.count(match kind {
                    b"subscriptions" => "subscriptions",
                    b"heartbeat" => "heartbeat",
                    b"status" => "status",
                    b"error" => "error",
                    b"" => return Err(Flaw::Missing("type")),
                    _ => "other",
                });
                Ok(())
            }
        }
    }
}

/// Read a message; levels become rows of `deltas` without a time.
fn read<'a>(cursor: &mut Cursor<'a>, deltas: &mut DeltaBatch) -> Taken<Fields<'a>> {
    let mut fields = Fields::default();
    cursor.enter_object()?;
    let mut first = true;
    while let Some(key) = cursor.key(&mut first)? {
        let field = match key {
            b"type" => &mut fields.kind,
            b"product_id" => &mut fields.product,
            b"time" => &mut fields.time,
            b"price" => &mut fields.price,
            b"size" | b"last_size" => &mut fields.size,
            b"side" => &mut fields.side,
            b"trade_id" => &mut fields.trade_id,
            b"sequence" => &mut fields.sequence,
            b"best_bid" => &mut fields.best_bid,
            b"best_ask" => &mut fields.best_ask,
            b"best_bid_size" => &mut fields.best_bid_size,
            b"best_ask_size" => &mut fields.best_ask_size,
            b"asks" if cursor.peek() == b'[' => {
                fields.beyond += read_levels(cursor, Side::Sell, deltas)?;
                continue;
            }
            b"bids" if cursor.peek() == b'[' => {
                fields.beyond += read_levels(cursor, Side::Buy, deltas)?;
                continue;
            }
            b"changes" => {
                fields.beyond += changes(cursor, deltas)?;
                continue;
            }
            _ => {
                cursor.skip()?;
                continue;
            }
        };
        *field = match cursor.peek() {
            b'"' => cursor.string()?,
            b'0'..=b'9' => cursor.number()?,
            _ => {
                cursor.skip()?;
                continue;
            }
        };
    }
    Ok(fields)
}

/// Changes `[side, price, size]` to the end of their array.
fn changes(cursor: &mut Cursor<'_>, deltas: &mut DeltaBatch) -> Taken<u64> {
    cursor.enter_array()?;
    let (mut first, mut beyond) = (true, 0);
    while cursor.element(&mut first)? {
        cursor.enter_array()?;
        let side = match cursor.string()? {
            b"buy" => Side::Buy,
            b"sell" => Side::Sell,
            _ => return Err(Flaw::Missing("the side buy or sell of a change")),
        };
        cursor.expect(b',', "a comma and a price")?;
        if let Some((price, size)) = read_level(cursor, &mut beyond)? {
            push_level(deltas, side, price.raw, size.raw);
        }
        cursor.expect(b']', "]")?;
    }
    Ok(beyond)
}

fn fixed(text: &[u8], what: &'static str) -> Taken<i64> {
    if text.is_empty() { Err(Flaw::Missing(what)) } else { Ok(decimal(text)?.raw) }
}

fn number(text: &[u8], what: &'static str) -> Taken<u64> {
    if text.is_empty() {
        return Err(Flaw::Missing(what));
    }
    let mut cursor = Cursor::new(text);
    let value = cursor.unsigned()?;
    cursor.end()?;
    Ok(value)
}

/// UTC time such as `2021-04-17T16:43:37.075687Z`, with up to nine digits of the second.
fn rfc3339(text: &[u8]) -> Taken<Timestamp> {
    let wrong = || Flaw::Missing("a time such as 2021-04-17T16:43:37.075687Z");
    let clock = text.strip_suffix(b"Z").filter(|t| t.len() >= 19).ok_or_else(wrong)?;
    let (date, fraction) = clock.split_at(19);
    let shaped = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|&(i, c)| date[i] == c);
    let part = |from: usize, to: usize| -> Taken<u32> {
        date[from..to].iter().try_fold(0, |n, c| if c.is_ascii_digit() { Ok(n * 10 + u32::from(c - b'0')) } else { Err(wrong()) })
    };
    let day = NaiveDate::from_ymd_opt(part(0, 4)? as i32, part(5, 7)?, part(8, 10)?).ok_or_else(wrong)?;
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if !shaped || hour > 23 || minute > 59 || second > 60 {
        return Err(wrong());
    }
    let mut ns = 0_i64;
    if let Some((point, digits)) = fraction.split_first() {
        if *point != b'.' || digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(wrong());
        }
        ns = digits.iter().fold(0, |n, c| n * 10 + i64::from(c - b'0')) * 10_i64.pow(9 - digits.len() as u32);
    }
    let days = i64::from(chrono::Datelike::num_days_from_ce(&day)) - 719_163; // of 1970-01-01
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    let nanos = days.checked_mul(DAY_NS).and_then(|n| n.checked_add(seconds * SECOND_NS + ns)).ok_or_else(wrong)?;
    Ok(Timestamp::from_nanos(nanos))
}

impl Coinbase {
    fn book(&mut self, context: &mut Context<'_>, fields: &Fields<'_>, told: Option<Timestamp>, out: &mut Batches) -> Taken<()> {
        let snapshot = fields.kind == b"snapshot";
        context.judge_beyond(&mut out.report, fields.beyond)?;
        let slot = self.slots.get(fields.product, &mut out.instruments)?;
        let ts = if snapshot {
            slot.snapshot_time(context, told, self.latest)?
        } else {
            match slot.change_time(context, &mut out.report, told.ok_or(Flaw::Missing("time"))?)? {
                Some(ts) => ts,
                None => {
                    take_back(&mut out.deltas);
                    return Ok(());
                }
            }
        };
        let begun = std::mem::replace(&mut slot.state.begun, true);
        let (flags, first_flags) = match (snapshot, begun) {
            (true, _) => (FLAG_SNAPSHOT, 0),
            (false, true) => (0, 0),
            (false, false) => (0, FLAG_GAP),
        };
        if snapshot {
            clear_first(&mut out.deltas);
        }
        commit(&mut out.deltas, Common { ts, instrument: slot.id, sequence: None, flags, first_flags, recv: context.recv });
        context.count(if snapshot { "snapshot" } else { "l2update" });
        Ok(())
    }

    fn ticker(&mut self, context: &mut Context<'_>, fields: &Fields<'_>, told: Option<Timestamp>, out: &mut Batches) -> Taken<()> {
        take_back(&mut out.deltas);
        let size = |text: &[u8]| -> Taken<Qty> { Ok(Qty::from_raw(if text.is_empty() { 0 } else { decimal(text)?.raw })) };
        let quote = Quote {
            ts: context.time(told, self.latest)?,
            bid: Price::from_raw(fixed(fields.best_bid, "best_bid")?),
            ask: Price::from_raw(fixed(fields.best_ask, "best_ask")?),
            bid_size: size(fields.best_bid_size)?,
            ask_size: size(fields.best_ask_size)?,
            ..Quote::default()
        };
        let sequence = if fields.sequence.is_empty() { None } else { Some(number(fields.sequence, "sequence")?) };
        let instrument = self.slots.get(fields.product, &mut out.instruments)?.id;
        push_quote(&mut out.quotes, Quote { instrument, ..quote }, sequence, context.recv);
        context.count("ticker");
        Ok(())
    }

    fn trade(
        &mut self,
        context: &mut Context<'_>,
        fields: &Fields<'_>,
        told: Option<Timestamp>,
        kind: &'static str,
        out: &mut Batches,
    ) -> Taken<()> {
        take_back(&mut out.deltas);
        let aggressor = match fields.side {
            b"sell" => 1,
            b"buy" => -1,
            _ => return Err(Flaw::Missing("the side buy or sell of the maker")),
        };
        let trade = Trade {
            ts: context.time(told, self.latest)?,
            price: Price::from_raw(fixed(fields.price, "price")?),
            size: Qty::from_raw(fixed(fields.size, "size")?),
            flags: if kind == "last_match" { FLAG_SNAPSHOT } else { 0 },
            ..Trade::default()
        };
        let id = number(fields.trade_id, "trade_id")?;
        let instrument = self.slots.get(fields.product, &mut out.instruments)?.id;
        push_trade(&mut out.trades, Print { trade: Trade { instrument, ..trade }, id: Some(id), aggressor, recv: context.recv });
        context.count(kind);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_to_the_nanosecond_or_refused() {
        for (text, wanted) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2021-04-17T16:43:37.075687Z", 1_618_677_817_075_687_000),
            ("2021-04-17T16:43:37.123456789Z", 1_618_677_817_123_456_789),
            ("2000-02-29T23:59:59.9Z", 951_868_799_900_000_000),
        ] {
            assert_eq!(rfc3339(text.as_bytes()).unwrap().nanos(), wanted, "{text}");
        }
        for text in [
            "",
            "Z",
            "2021-04-17",
            "2021-02-30T00:00:00Z",
            "2021-04-17T24:00:00Z",
            "2021-04-17T16:43:37.Z",
            "2021-04-17T16:43:37.1234567890Z",
            "2021-04-17T16:43:37",
            "9999-04-17T16:43:37Z",
            "2021-04-17 16:43:37Z",
            "2021-04-17T16:43:3éZ",
        ] {
            assert!(rfc3339(text.as_bytes()).is_err(), "{text}");
        }
    }
}
