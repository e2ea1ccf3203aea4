//! What stands in the records of a session: inputs with what strategies asked for, and outputs.
//!
//! Payloads are postcard's encoding of the types below, whose fields and variants docs/journal-format.md lists: a change of
//! either is a change of [`PAYLOAD_VERSION`], and new variants come last.

use crate::engine::{Asked, Input, Output};
use crate::event::MarketEvent;
use crate::journal::RecordKind;
use crate::risk::Switched;
use crate::strategy::Interest;
use crate::types::{Error, Result};
use crate::venue::Sources;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Version of the payloads.
pub const PAYLOAD_VERSION: u16 = 4;

/// The oldest version that is read: a later one only has more variants, and since 4 changes of the kill switch after them.
pub(super) const PAYLOAD_VERSION_MIN: u16 = 2;

/// What a session runs with: its first record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`PAYLOAD_VERSION`] of the writer.
    pub version: u16,
    /// Version of the engine that wrote it.
    pub engine: String,
    /// Settings of the engine, as in the engine's snapshots.
    pub config: crate::engine::EngineConfig,
    /// Symbols by instrument id.
    pub symbols: Vec<String>,
    /// Which kinds of data each instrument has.
    pub sources: Vec<Sources>,
    /// Strategies: name, and the events it gets where it subscribes to none.
    pub strategies: Vec<(String, Interest)>,
}

/// An input, and what strategies asked for while it was worked on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The input.
    pub input: Input,
    /// What strategies asked for, in order.
    pub asked: Vec<Asked>,
    /// What the risk checks of its orders saw the kill switch change to; where there is nothing, no byte of it is written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub switched: Vec<Switched>,
}

impl Step {
    /// Read the payload of record `sequence`.
    pub fn decode(payload: &[u8], sequence: u64) -> Result<Self> {
        let ((input, asked), rest) = take(payload, sequence)?;
        let switched = if rest.is_empty() { Vec::new() } else { decode(rest, sequence)? };
        Ok(Self { input, asked, switched })
    }
}

/// A [`Step`] to be written.
#[derive(Serialize)]
pub(super) struct StepRef<'a> {
    pub(super) input: &'a Input,
    pub(super) asked: Vec<Asked>,
}

impl StepRef<'_> {
    /// Its bytes into `room`, with those of `switched`, if any, after them.
    pub(super) fn encode(&self, switched: &[Switched], room: &mut Vec<u8>) -> Result<()> {
        encode(self, room)?;
        if switched.is_empty() { Ok(()) } else { extend(&switched, room) }
    }
}

/// Word of a snapshot, which lies in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRecord {
    /// The last record that the state contains.
    pub sequence: u64,
    /// BLAKE3 of the state.
    pub state_hash: [u8; 32],
    /// Length of the state.
    pub bytes: u64,
    /// Name of the file.
    pub file: String,
}

/// The kind of the record of `input`.
pub(super) const fn kind_of(input: &Input) -> RecordKind {
    match input {
        Input::Start { .. } => RecordKind::START,
        Input::Market(MarketEvent::Quote(_)) => RecordKind::QUOTE,
        Input::Market(MarketEvent::Trade(_)) => RecordKind::TRADE,
        Input::Market(MarketEvent::Bar(_)) => RecordKind::BAR,
        Input::Market(MarketEvent::Action(_)) => RecordKind::ACTION,
        Input::Market(MarketEvent::Book(_)) => RecordKind::BOOK,
        Input::Market(MarketEvent::Status(_)) => RecordKind::STATUS,
        Input::Report(_) => RecordKind::REPORT,
        Input::Wake(_) => RecordKind::WAKE,
        Input::Command(_) => RecordKind::COMMAND,
        Input::Alarm(_) => RecordKind::ALARM,
        Input::Limits { .. } => RecordKind::LIMITS,
        Input::Stop(_) => RecordKind::STOP,
        Input::Manual { .. } => RecordKind::MANUAL,
        Input::Parameters { .. } => RecordKind::PARAMETERS,
        Input::Band(_) => RecordKind::BAND,
        Input::InKind { .. } => RecordKind::IN_KIND,
    }
}

/// Whether records of `kind` hold a [`Step`].
pub(super) const fn is_step(kind: RecordKind) -> bool {
    matches!(
        kind,
        RecordKind::START
            | RecordKind::QUOTE
            | RecordKind::TRADE
            | RecordKind::BAR
            | RecordKind::ACTION
            | RecordKind::BOOK
            | RecordKind::STATUS
            | RecordKind::REPORT
            | RecordKind::WAKE
            | RecordKind::COMMAND
            | RecordKind::ALARM
            | RecordKind::LIMITS
            | RecordKind::STOP
            | RecordKind::MANUAL
            | RecordKind::PARAMETERS
            | RecordKind::BAND
            | RecordKind::IN_KIND
    )
}

/// The kind of the record of `output`; none where it follows from the others.
pub(super) const fn kind_of_output(output: &Output) -> Option<RecordKind> {
    match output {
        Output::Order(_) => Some(RecordKind::ORDER),
        Output::Fill(_) => Some(RecordKind::FILL),
        Output::Refusal(_) => Some(RecordKind::REFUSAL),
        Output::State { .. } => Some(RecordKind::STATE),
        Output::Fault { .. } => Some(RecordKind::FAULT),
        Output::Anomaly { .. } => Some(RecordKind::ANOMALY),
        Output::Trip(_) | Output::Limits { .. } => None,
    }
}

/// Whether records of `kind` hold an output.
pub(super) const fn is_output(kind: RecordKind) -> bool {
    matches!(kind, RecordKind::ORDER | RecordKind::FILL | RecordKind::REFUSAL | RecordKind::STATE | RecordKind::FAULT | RecordKind::ANOMALY)
}

/// The bytes of `value` into `room`, which is cleared first.
pub(super) fn encode(value: &impl Serialize, room: &mut Vec<u8>) -> Result<()> {
    room.clear();
    extend(value, room)
}

/// The bytes of `value` after those in `room`.
fn extend(value: &impl Serialize, room: &mut Vec<u8>) -> Result<()> {
    let taken = std::mem::take(room);
    *room = postcard::to_extend(value, taken).map_err(|e| Error::data("journal payload", format!("cannot be written: {e}")))?;
    Ok(())
}

/// The bytes of what `output` holds into `room`: its variant is the record's kind.
pub(super) fn encode_output(output: &Output, room: &mut Vec<u8>) -> Result<()> {
    match output {
        Output::Order(command) => encode(command, room),
        Output::Fill(fill) => encode(fill, room),
        Output::Refusal(r) => {
            let why = (r.refusal.code.as_str(), r.refusal.to_string());
            encode(&(r.ts, r.order, r.strategy, r.instrument, r.side, r.qty, r.price, why.0, why.1), room)
        }
        Output::State { ts, from, to, by, why } => encode(&(ts, from, to, by, why), room),
        Output::Fault { ts, strategy, why, is_isolated } => encode(&(ts, strategy, why, is_isolated), room),
        Output::Anomaly { ts, why, is_money } => encode(&(ts, why, is_money), room),
        Output::Trip(_) | Output::Limits { .. } => {
            room.clear();
            Ok(())
        }
    }
}

/// The value whose bytes are `payload`, of record `sequence`.
pub(super) fn decode<T: DeserializeOwned>(payload: &[u8], sequence: u64) -> Result<T> {
    let (value, rest) = take(payload, sequence)?;
    if rest.is_empty() { Ok(value) } else { Err(unread(sequence, format!("{} bytes follow its payload", rest.len()))) }
}

/// The value that `payload` begins with, and the bytes after it.
fn take<T: DeserializeOwned>(payload: &[u8], sequence: u64) -> Result<(T, &[u8])> {
    postcard::take_from_bytes(payload)
        .map_err(|e| unread(sequence, format!("its payload cannot be read: {e}; it may be of another version of the engine")))
}

fn unread(sequence: u64, why: String) -> Error {
    Error::data(format!("journal record {sequence}"), why)
}
