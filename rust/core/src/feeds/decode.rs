//! [`Decoder`]: bytes of a stream in, columnar batches out; and whole files through one.
//!
//! A decoder keeps no events: it appends them to the [`Batches`] that its caller owns, clears and uses again, so that nothing is
//! allocated for a message once the batches have grown to their working size. It tells what is malformed and keeps everything
//! else as the source sent it; what a sound message says about the market is judged by the quality stage.

use super::map::{MappedFile, open_file};
use super::{FeedReport, MarketData};
use crate::event::{ActionBatch, BandBatch, BarBatch, CorrectionBatch, DeltaBatch, Headline, QuoteBatch, StatusBatch, TradeBatch};
use crate::types::{Error, Instruments, Labels, Result, Timestamp};
use flate2::read::MultiGzDecoder;
use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::rc::Rc;

/// Most bytes a file may unpack to.
const UNPACKED_BYTES_MAX: u64 = 64 << 30;
/// Bytes given to a decoder at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Events by kind in the order of their arrival, and the tables that their ids point into.
#[derive(Clone, Debug, Default)]
pub struct Batches {
    /// Symbols; kept by [`Self::clear`].
    pub instruments: Instruments,
    /// Texts; kept by [`Self::clear`].
    pub labels: Labels,
    /// Quotes.
    pub quotes: QuoteBatch,
    /// Trades.
    pub trades: TradeBatch,
    /// Bars.
    pub bars: BarBatch,
    /// Splits and dividends.
    pub actions: ActionBatch,
    /// Book changes.
    pub deltas: DeltaBatch,
    /// Changes of trading state.
    pub statuses: StatusBatch,
    /// Limit-up and limit-down prices.
    pub bands: BandBatch,
    /// Corrections of trades.
    pub corrections: CorrectionBatch,
    /// News.
    pub news: Vec<Headline>,
    /// What was seen, from the first byte on; kept by [`Self::clear`].
    pub report: FeedReport,
}

macro_rules! each_batch {
    ($self:ident, $batch:ident => $do:expr) => {{
        let Batches { quotes, trades, bars, actions, deltas, statuses, bands, corrections, .. } = $self;
        {
            let $batch = quotes;
            $do
        }
        {
            let $batch = trades;
            $do
        }
        {
            let $batch = bars;
            $do
        }
        {
            let $batch = actions;
            $do
        }
        {
            let $batch = deltas;
            $do
        }
        {
            let $batch = statuses;
            $do
        }
        {
            let $batch = bands;
            $do
        }
        {
            let $batch = corrections;
            $do
        }
    }};
}

impl Batches {
    /// Events of all kinds.
    pub fn len(&self) -> usize {
        let mut rows = self.news.len();
        each_batch!(self, batch => rows += batch.len());
        rows
    }

    /// True without events.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Take away all events; symbols, labels, the report and the room stay.
    pub fn clear(&mut self) {
        each_batch!(self, batch => batch.clear());
        self.news.clear();
    }

    /// The events so far as market data, each batch sorted by time; symbols, labels and the report stay here too.
    pub fn take(&mut self) -> MarketData {
        let mut data = MarketData {
            instruments: self.instruments.clone(),
            labels: self.labels.clone(),
            report: self.report.clone(),
            ..MarketData::default()
        };
        macro_rules! take {
            ($($kind:ident),+) => {
                $(if !self.$kind.is_empty() {
                    let mut batch = std::mem::take(&mut self.$kind);
                    batch.sort_by_time();
                    data.$kind.push(batch);
                })+
            };
        }
        take!(quotes, trades, bars, actions, deltas, statuses, bands, corrections);
        data.news = std::mem::take(&mut self.news);
        data.news.sort_by_key(|item| item.ts);
        data
    }

    /// Use the columns of `data`, whose events nobody wants any more, as room for the next events: fresh memory costs as much as
    /// decoding into it. Nothing happens to events that are here.
    pub fn reuse(&mut self, data: MarketData) {
        macro_rules! reuse {
            ($($kind:ident),+) => {
                $(if self.$kind.is_empty() && self.$kind.recv.is_empty() {
                    for mut batch in data.$kind {
                        if batch.ts.capacity() > self.$kind.ts.capacity() {
                            batch.clear();
                            self.$kind = batch;
                        }
                    }
                })+
            };
        }
        reuse!(quotes, trades, bars, actions, deltas, statuses, bands, corrections);
    }
}

/// What a source says to its reader rather than about the market.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// Something went well, such as `authenticated`.
    Success(String),
    /// Something went wrong.
    Error {
        /// The source's code.
        code: u64,
        /// The source's words.
        message: String,
    },
    /// What is subscribed to now: channels and their symbols.
    Subscription(Vec<(String, Vec<String>)>),
    /// The end of a page, with the token that asks for the next one; none after the last.
    NextPage(Option<String>),
}

/// Bring the receive times of a batch up to its rows: those from `start` on were received at `recv`.
///
/// The column stays empty while no row has a receive time; of rows without one, it holds their time.
pub(super) fn stamp(column: &mut Vec<Timestamp>, ts: &[Timestamp], start: usize, recv: Option<Timestamp>) {
    match recv {
        None if column.is_empty() => {}
        None => column.extend(ts.iter().skip(column.len())),
        Some(recv) => {
            let known = column.len();
            column.extend(ts.get(known..start).unwrap_or_default());
            column.resize(ts.len(), recv);
        }
    }
}

/// A source's bytes to events.
pub trait Decoder: Send {
    /// What it reads, as in error messages: "alpaca stream".
    fn name(&self) -> &'static str;

    /// Take in `bytes` as they came and append their events to `out`.
    ///
    /// Sources made of messages (WebSocket frames) take whole messages. Sources that are a stream of bytes may be cut anywhere:
    /// what is left of a cut message is kept for the next call. `recv` is when the bytes were received, where that is known.
    /// Malformed messages are counted and dropped, or refused, as the decoder's policy says; after an error the decoder may be
    /// used on, with the next message.
    fn push(&mut self, bytes: &[u8], recv: Option<Timestamp>, out: &mut Batches) -> Result<()>;

    /// The stream is over: an error, or a counted fault, when a message was cut.
    fn finish(&mut self, _out: &mut Batches) -> Result<()> {
        Ok(())
    }

    /// What the source said to its reader since the last call, oldest first.
    fn take_controls(&mut self) -> Vec<Control> {
        Vec::new()
    }

    /// What was seen of each kind of message since the stream began, by the source's name for it; empty where it is not counted.
    fn counts(&self) -> Vec<(String, u64)> {
        Vec::new()
    }

    /// True when [`Self::push`] takes bytes cut anywhere; false when it wants whole messages.
    fn is_byte_stream(&self) -> bool {
        true
    }
}

/// Run the file at `path` through `decoder`: plain files are memory-mapped, gzip (`.gz`) and zstd (`.zst`) are unpacked on the way.
///
/// `progress` is told bytes done and bytes in all, of the file as it lies on the disk; its error stops the reading.
pub fn read_file(path: &Path, decoder: &mut dyn Decoder, progress: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<MarketData> {
    let place = || path.display().to_string();
    if !decoder.is_byte_stream() {
        return Err(Error::config(
            place(),
            format!("is read message by message: push the messages of the {} to its decoder", decoder.name()),
        ));
    }
    let mut out = Batches::default();
    match path.extension().and_then(|e| e.to_str()).unwrap_or_default() {
        "gz" => unpack(path, decoder, progress, &mut out, |file| Ok(Box::new(MultiGzDecoder::new(file))))?,
        "zst" => unpack(path, decoder, progress, &mut out, |file| Ok(Box::new(zstd::stream::read::Decoder::with_buffer(file)?)))?,
        _ => {
            let file = MappedFile::open(path)?;
            let total = file.bytes().len() as u64;
            let mut done = 0;
            for chunk in file.bytes().chunks(CHUNK_BYTES) {
                decoder.push(chunk, None, &mut out)?;
                done += chunk.len() as u64;
                progress(done, total)?;
            }
        }
    }
    decoder.finish(&mut out)?;
    Ok(out.take())
}

/// Unpack the file at `path` with what `open` makes of it, piece by piece.
fn unpack(
    path: &Path,
    decoder: &mut dyn Decoder,
    progress: &mut dyn FnMut(u64, u64) -> Result<()>,
    out: &mut Batches,
    open: impl FnOnce(BufReader<Counting>) -> std::io::Result<Box<dyn Read>>,
) -> Result<()> {
    let corrupt = |e: std::io::Error| Error::data(path.display().to_string(), format!("is cut short or corrupt ({e}); fetch it again"));
    let (file, total) = open_file(path)?;
    let packed = Rc::new(Cell::new(0));
    let mut source = open(BufReader::with_capacity(64 << 10, Counting { file, done: Rc::clone(&packed) })).map_err(corrupt)?;
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    let mut unpacked = 0_u64;
    loop {
        let n = match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(corrupt(e)),
        };
        unpacked += n as u64;
        if unpacked > UNPACKED_BYTES_MAX {
            return Err(Error::data(path.display().to_string(), "unpacks to more than 64 GiB; split the file by day"));
        }
        decoder.push(&buffer[..n], None, out)?;
        progress(packed.get(), total)?;
    }
}

/// A file that tells how much of it has been read.
struct Counting {
    file: File,
    done: Rc<Cell<u64>>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.done.set(self.done.get() + n as u64);
        Ok(n)
    }
}
