//! [`FrameEncoder`]: frames of market data as Alpaca's WebSocket sends them, from rows; the inverse of [`crate::feeds::AlpacaDecoder`].
//!
//! A frame is a list of messages, in `MessagePack` (times as timestamp extensions of 4, 8 or 12 bytes) or JSON (RFC 3339). Keys are
//! those of the stream's documentation; what the data do not hold is left out. Cost: about 100 bytes written a row, nothing
//! allocated but the frames.

mod channels;
mod json;
mod message;
mod msgpack;

pub use channels::{Channel, Channels};

use super::rows::{MarketRows, RowKind, RowRef};
use crate::event::{FLAG_DAILY, FLAG_LAST, FLAG_UPDATED};
use crate::feeds::MarketData;
use crate::types::InstrumentId;
use channels::Wanted;
use json::Json;
use message::{Levels, Message};
use msgpack::Msgpack;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// How frames are encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FrameFormat {
    /// `MessagePack`.
    #[default]
    Msgpack,
    /// JSON.
    Json,
}

/// What writes the values of messages.
trait Out {
    /// Begin a frame; its place.
    fn begin(&mut self);
    /// The frame of `messages` messages is complete.
    fn take(&mut self, messages: usize) -> Vec<u8>;
    /// A message or another map of `entries` entries begins.
    fn map(&mut self, entries: usize);
    /// It ends.
    fn end_map(&mut self);
    /// A list of `length` begins.
    fn list(&mut self, length: usize);
    /// Another element of a list follows the one before.
    fn next(&mut self);
    /// No element follows after all.
    fn unsaid(&mut self);
    /// It ends.
    fn end_list(&mut self);
    fn key(&mut self, key: &'static str);
    /// Text that was prepared by [`Out::prepared`].
    fn raw(&mut self, bytes: &[u8]);
    fn letter(&mut self, letter: u8);
    /// A price: a float.
    fn price(&mut self, raw: i64);
    /// A size: whole where it is.
    fn size(&mut self, raw: i64);
    fn whole(&mut self, value: u64);
    fn flag(&mut self, value: bool);
    fn time(&mut self, ns: i64);
    /// `text` as it is written.
    fn prepared(text: &str) -> Vec<u8>;
}

/// What is known of the data that were encoded last.
#[derive(Debug)]
struct Prepared {
    data: Arc<MarketData>,
    channels: Channels,
    /// Channels that want each instrument, as bits.
    wanted: Vec<u16>,
    symbols: Vec<Vec<u8>>,
    crypto: Vec<bool>,
    tapes: Vec<u8>,
    labels: Vec<Vec<u8>>,
}

/// Encodes rows into frames; see the module.
#[derive(Debug)]
pub struct FrameEncoder {
    format: FrameFormat,
    max_rows: usize,
    msgpack: Msgpack,
    json: Json,
    levels: Levels,
    /// Tapes of stocks whose messages are made complete.
    tapes: Option<BTreeMap<String, u8>>,
    prepared: Option<Prepared>,
}

/// Tape of a stock of which nobody said it: NASDAQ's.
const TAPE: u8 = b'C';

impl FrameEncoder {
    /// An encoder of frames of `max_rows` messages at most (1 to 65,535).
    pub fn new(format: FrameFormat, max_rows: usize) -> Self {
        Self {
            format,
            max_rows: max_rows.clamp(1, usize::from(u16::MAX)),
            msgpack: Msgpack::default(),
            json: Json::default(),
            levels: Levels::default(),
            tapes: None,
            prepared: None,
        }
    }

    /// Make messages complete where the data lack what Alpaca always sends: venue `V`, conditions `@` of trades and `R` of quotes, tapes
    /// by symbol (C for others), the time in microseconds as a trade's id, the buyer as taker of coins, and of bars no trades and the
    /// close as average price.
    #[must_use]
    pub fn complete(mut self, tapes: impl IntoIterator<Item = (String, u8)>) -> Self {
        self.tapes = Some(tapes.into_iter().collect());
        self
    }

    /// Frames of those of the rows in `range` that `channels` want, in order.
    pub fn frames(&mut self, rows: &MarketRows, range: Range<usize>, channels: &Channels) -> Vec<Vec<u8>> {
        let range = range.start..range.end.min(rows.len());
        match self.format {
            FrameFormat::Msgpack => {
                let mut out = std::mem::take(&mut self.msgpack);
                let frames = self.encode(&mut out, rows, range, channels);
                self.msgpack = out;
                frames
            }
            FrameFormat::Json => {
                let mut out = std::mem::take(&mut self.json);
                let frames = self.encode(&mut out, rows, range, channels);
                self.json = out;
                frames
            }
        }
    }

    fn prepare<O: Out>(&mut self, rows: &MarketRows, channels: &Channels) -> Prepared {
        let data = rows.data();
        match self.prepared.take() {
            Some(prepared) if Arc::ptr_eq(&prepared.data, data) && prepared.channels == *channels => prepared,
            _ => Prepared {
                data: Arc::clone(data),
                channels: channels.clone(),
                wanted: data.instruments.symbols().iter().map(|s| channels.of(s)).collect(),
                symbols: data.instruments.symbols().iter().map(|s| O::prepared(s)).collect(),
                crypto: data.instruments.symbols().iter().map(|s| s.contains('/')).collect(),
                tapes: data.instruments.symbols().iter().map(|s| self.tape(s)).collect(),
                labels: data.labels.texts().map(O::prepared).collect(),
            },
        }
    }

    fn tape(&self, symbol: &str) -> u8 {
        self.tapes.as_ref().map_or(0, |tapes| tapes.get(symbol).copied().filter(u8::is_ascii_uppercase).unwrap_or(TAPE))
    }

    fn encode<O: Out>(&mut self, out: &mut O, rows: &MarketRows, range: Range<usize>, channels: &Channels) -> Vec<Vec<u8>> {
        let prepared = self.prepare::<O>(rows, channels);
        let mut frames = Vec::new();
        let mut messages = 0;
        out.begin();
        for i in range.clone() {
            let Some((_, r)) = rows.at(i) else { break };
            let instrument = rows.instrument(r);
            let wanted = Wanted(prepared.wanted.get(instrument.index()).copied().unwrap_or(0));
            if !wanted.has(channel_of(rows, r)) {
                continue;
            }
            let names = Message {
                symbol: prepared.symbols.get(instrument.index()).map_or(&[], Vec::as_slice),
                crypto: prepared.crypto.get(instrument.index()).copied().unwrap_or(false),
                tape: prepared.tapes.get(instrument.index()).copied().unwrap_or(0),
                labels: &prepared.labels,
            };
            if messages > 0 {
                out.next();
            }
            if r.kind == RowKind::Delta {
                if !self.gather(rows, i, r, instrument, &range) {
                    if messages > 0 {
                        out.unsaid();
                    }
                    continue;
                }
                names.book(out, &mut self.levels);
            } else {
                names.write(out, rows, r);
            }
            messages += 1;
            if messages == self.max_rows {
                frames.push(out.take(messages));
                messages = 0;
                out.begin();
            }
        }
        if messages > 0 {
            frames.push(out.take(messages));
        }
        self.prepared = Some(prepared);
        frames
    }

    /// Take a change of a book; true once its message is complete.
    fn gather(&mut self, rows: &MarketRows, i: usize, r: RowRef, instrument: InstrumentId, range: &Range<usize>) -> bool {
        let delta = rows.data().deltas[r.batch as usize].get(r.row as usize);
        self.levels.add(&delta);
        // A message ends where the source says so, where another instrument's changes begin, or where the rows do.
        let follows = (i + 1 < range.end).then(|| rows.at(i + 1)).flatten();
        let goes_on = follows.is_some_and(|(_, next)| next.kind == RowKind::Delta && rows.instrument(next) == instrument);
        delta.flags & FLAG_LAST != 0 || !goes_on
    }
}

fn channel_of(rows: &MarketRows, r: RowRef) -> Channel {
    match r.kind {
        RowKind::Quote => Channel::Quotes,
        RowKind::Trade => Channel::Trades,
        RowKind::Bar => match rows.data().bars[r.batch as usize].flags[r.row as usize] {
            flags if flags & FLAG_DAILY != 0 => Channel::DailyBars,
            flags if flags & FLAG_UPDATED != 0 => Channel::UpdatedBars,
            _ => Channel::Bars,
        },
        RowKind::Status => Channel::Statuses,
        RowKind::Band => Channel::Lulds,
        RowKind::Correction => Channel::Corrections,
        RowKind::Delta => Channel::Orderbooks,
        RowKind::Action => Channel::None,
    }
}
