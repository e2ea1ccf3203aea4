//! Databento Binary Encoding, versions 1 to 3, through the `dbn` crate: a stream of bytes cut anywhere, or whole files.
//!
//! | record | becomes |
//! | --- | --- |
//! | `mbo` | book changes order by order; trades (`T`); fills (`F`) change nothing, the cancel or modify after them does |
//! | `trades` | trades |
//! | `mbp-1` `mbp-10` `tbbo` `cmbp-1` `tcbbo` | a quote whenever price or size at the touch changes; trades (`T`) |
//! | `bbo-1s` `bbo-1m` `cbbo-1s` `cbbo-1m` | quotes, at the end of their interval |
//! | `ohlcv-1s` `-1m` `-1h` `-1d` `-eod` | bars, at their end |
//! | `status` | trading states |
//! | symbol mappings | the symbol of an instrument id from then on |
//! | definitions, statistics, imbalances, errors, system | counted |
//!
//! `ts` is `ts_event`, `recv` is `ts_recv`. Two kinds of book change have another `ts`, because a book's changes apply in the
//! order in which they were sent: those of a snapshot (whose `ts_event` tells when the order was entered, perhaps days before)
//! have the snapshot's `ts_recv`, and one whose `ts_event` is before that of an earlier change of its instrument has the
//! earlier's, with `FLAG_OUT_OF_ORDER`. Prices are 1e-9 already; undefined prices and sizes become zero.
//!
//! An instrument's symbol is the one that the metadata (or a live mapping record) gives its id at the record's time, spaces as
//! underscores; an id without one is `#` and the number.

mod records;

use super::decode::Batches;
use super::{Decoder, QualityPolicy};
use crate::types::{Error, Result, Timestamp};
use ::dbn::decode::dbn::fsm::{DbnFsm, ProcessResult};
use ::dbn::{Metadata, VersionUpgradePolicy};
use records::Records;

/// Bytes before the metadata: `DBN`, the version, the metadata's length.
const PRELUDE_BYTES: usize = 8;
/// Most bytes of metadata: a request for all symbols of a large venue has some hundred megabytes.
const METADATA_BYTES_MAX: usize = 256 << 20;
/// Bytes given to the crate's state machine at a time, so that its buffer stays small.
const STEP_BYTES: usize = 64 << 10;
/// A record's length is counted in words of this many bytes.
const WORD_BYTES: usize = 4;
/// Bytes of a record's header.
const HEADER_BYTES: usize = 16;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct DbnOptions {
    /// The version of a stream that begins with its records, without metadata (a `.dbn.frag` file); `None` for any other.
    pub fragment_version: Option<u8>,
    /// What to do about malformed records; the other faults are for the quality stage.
    pub policy: QualityPolicy,
}

/// How far the stream is.
#[derive(Debug)]
enum Stage {
    /// The metadata so far.
    Metadata(Vec<u8>),
    /// Records, so many bytes of the current one still to come.
    Records { open_bytes: usize },
    /// What came cannot be read, nor what is behind it.
    Lost,
    /// The stream is over; the next push begins another.
    Over,
}

/// Bytes of DBN to events.
#[derive(Debug)]
pub struct DbnDecoder {
    options: DbnOptions,
    machine: DbnFsm,
    stage: Stage,
    records: Records,
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::data("DBN", format!("cannot be read ({why}); fetch the data again"))
}

impl DbnDecoder {
    /// A decoder of one stream or file at a time.
    pub fn new(options: &DbnOptions) -> Result<Self> {
        let (machine, stage) = Self::begin(options)?;
        Ok(Self { options: options.clone(), machine, stage, records: Records::new(options.policy.clone()) })
    }

    fn begin(options: &DbnOptions) -> Result<(DbnFsm, Stage)> {
        let wrong = |e: ::dbn::Error| Error::config("fragment_version", format!("cannot be decoded ({e}); give 1, 2 or 3"));
        // As they are: the records that become events have been the same since version 1.
        let builder = DbnFsm::builder()
            .upgrade_policy(VersionUpgradePolicy::AsIs)
            .input_dbn_version(options.fragment_version)
            .map_err(wrong)?
            .skip_metadata(options.fragment_version.is_some());
        let stage = if options.fragment_version.is_some() { Stage::Records { open_bytes: 0 } } else { Stage::Metadata(Vec::new()) };
        Ok((builder.build().map_err(wrong)?, stage))
    }

    /// Take metadata from the front of `bytes`; what is left of them.
    fn take_metadata<'a>(&mut self, mut bytes: &'a [u8], out: &mut Batches) -> Result<&'a [u8]> {
        let Stage::Metadata(head) = &mut self.stage else { return Ok(bytes) };
        let take = |head: &mut Vec<u8>, bytes: &mut &'a [u8], upto: usize| {
            let (now, later) = bytes.split_at(bytes.len().min(upto.saturating_sub(head.len())));
            head.extend_from_slice(now);
            *bytes = later;
            head.len() >= upto
        };
        if !take(head, &mut bytes, PRELUDE_BYTES) {
            return Ok(bytes);
        }
        let problem = match **head {
            [b'D', b'B', b'N', 1..=3, ..] => None,
            [b'D', b'B', b'N', version, ..] => Some(format!("is of DBN version {version}; versions 1 to 3 can be read")),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => {
                Some("is packed with zstd; unpack it first, or read the file by a name that ends in .zst".into())
            }
            // A skippable frame of zstd, in which DBZ has its metadata.
            [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => {
                Some("is DBZ, which DBN replaced in 2022; convert it with Databento's dbn program".into())
            }
            _ => Some("does not begin with DBN; of records without metadata, give fragment_version".into()),
        };
        let length = head.get(4..8).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        let problem =
            problem.or_else(|| (length > METADATA_BYTES_MAX).then(|| format!("has {length} bytes of metadata, more than 256 MiB")));
        if let Some(why) = problem {
            self.stage = Stage::Lost;
            return Err(Error::data("DBN", why));
        }
        if !take(head, &mut bytes, PRELUDE_BYTES + length) {
            return Ok(bytes);
        }
        self.machine.write_all(head);
        let outcome = match self.machine.process() {
            ProcessResult::Metadata(metadata) => {
                self.records.symbols_from(&metadata, out);
                Ok(bytes)
            }
            ProcessResult::Err(e) => Err(refused(e)),
            ProcessResult::ReadMore(_) | ProcessResult::Record(()) => Err(refused("metadata of a wrong length")),
        };
        self.stage = if outcome.is_ok() { Stage::Records { open_bytes: 0 } } else { Stage::Lost };
        outcome
    }

    /// How many of `bytes` are records of a sound length, or the beginning of one; false when what follows is not.
    fn sound(open_bytes: &mut usize, bytes: &[u8]) -> (usize, bool) {
        let mut at = (*open_bytes).min(bytes.len());
        *open_bytes -= at;
        while let Some(&words) = bytes.get(at) {
            // The crate lays its types over the bytes, so a length that would put the next record off its alignment is wrong.
            let length = usize::from(words) * WORD_BYTES;
            if length < HEADER_BYTES || !length.is_multiple_of(8) {
                return (at, false);
            }
            let here = length.min(bytes.len() - at);
            *open_bytes = length - here;
            at += here;
        }
        (at, true)
    }

    fn decode(&mut self, bytes: &[u8], out: &mut Batches) -> Result<()> {
        let mut bytes = self.take_metadata(bytes, out)?;
        while !bytes.is_empty() {
            let Stage::Records { open_bytes } = &mut self.stage else { return Ok(()) };
            let (now, later) = bytes.split_at(bytes.len().min(STEP_BYTES));
            let (whole, sound) = Self::sound(open_bytes, now);
            self.machine.write_all(&now[..whole]);
            loop {
                match self.machine.process_batch() {
                    ProcessResult::Record(_) => {
                        let mut outcome = Ok(());
                        while let Some(record) = self.machine.next_buffered_record() {
                            if outcome.is_ok() {
                                outcome = self.records.take(record, out);
                            }
                        }
                        if outcome.is_err() {
                            self.stage = Stage::Lost;
                            return outcome;
                        }
                    }
                    ProcessResult::ReadMore(_) => break,
                    ProcessResult::Metadata(_) => {}
                    ProcessResult::Err(e) => {
                        self.stage = Stage::Lost;
                        return self.records.malformed(out, || e.to_string());
                    }
                }
            }
            if !sound {
                self.stage = Stage::Lost;
                out.report.notes.push(format!("DBN: record {} has no sound length; nothing behind it was read", self.records.rows + 1));
                return self.records.malformed(out, || "the next record has no sound length; fetch the data again".into());
            }
            bytes = later;
        }
        Ok(())
    }
}

impl Decoder for DbnDecoder {
    fn name(&self) -> &'static str {
        "DBN stream"
    }

    /// Records tell when they were received; `recv` is for those that do not. After a refused record the rest of the stream is
    /// not read.
    fn push(&mut self, bytes: &[u8], recv: Option<Timestamp>, out: &mut Batches) -> Result<()> {
        if matches!(self.stage, Stage::Over) {
            (self.machine, self.stage) = Self::begin(&self.options)?;
            self.records = Records::new(self.options.policy.clone());
        }
        self.records.same_table(out);
        let (events, rows, bars) = (out.len(), self.records.rows, out.bars.len());
        let outcome = self.decode(bytes, out);
        out.report.rows += self.records.rows - rows;
        out.report.events += (out.len() - events) as u64;
        super::stamp(&mut out.bars.recv, &out.bars.ts, bars, recv);
        self.records.symbols_known = out.instruments.len();
        outcome
    }

    fn finish(&mut self, out: &mut Batches) -> Result<()> {
        let cut = match &self.stage {
            Stage::Metadata(head) => (!head.is_empty()).then_some(head.len()),
            Stage::Records { open_bytes } => (*open_bytes > 0).then(|| self.machine.data().len()),
            Stage::Lost | Stage::Over => None,
        };
        let outcome = match cut {
            Some(bytes) => self.records.malformed(out, || format!("the last record is cut after {bytes} bytes; fetch the data again")),
            None => Ok(()),
        };
        if !matches!(self.stage, Stage::Over) {
            out.report.notes.push(self.records.summary());
        }
        self.stage = Stage::Over;
        outcome
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.records.counts()
    }
}

/// Symbols of the metadata by instrument id and time; empty where it maps to no ids.
fn symbol_map(metadata: &Metadata) -> std::result::Result<::dbn::TsSymbolMap, ::dbn::Error> {
    metadata.symbol_map()
}
