//! Replay: a journal's inputs through a fresh engine, its outputs compared with those recorded.

use super::payload::{self, Header, PAYLOAD_VERSION, PAYLOAD_VERSION_MIN, Step};
use super::{snapshot, stand_ins};
use crate::engine::{Engine, Output, Tape};
use crate::journal::{Reader, RecordKind, Source};
use crate::strategy::Strategy;
use crate::types::{Error, Instruments, Result};
use std::collections::VecDeque;

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Inputs.
    pub steps: u64,
    /// Outputs that were compared with their records.
    pub outputs: u64,
    /// Snapshots whose hash was compared with that of the state.
    pub snapshots: u64,
    /// BLAKE3 of the state at the end.
    pub state_hash: [u8; 32],
    /// The last record.
    pub last: u64,
}

/// A replay, input by input.
pub struct Replay<S: Source> {
    reader: Reader<S>,
    engine: Engine,
    /// What the stand-ins read; none where the strategies themselves are called.
    tape: Option<Tape>,
    outputs: Vec<Output>,
    /// Outputs of the inputs so far whose records have not come yet.
    expected: VecDeque<(Option<RecordKind>, Vec<u8>, Output)>,
    last: u64,
    /// The last record that has to do with the engine: the state that snapshots name.
    last_engine: u64,
    steps: u64,
    compared: u64,
    snapshots: u64,
}

/// Replay all of a journal without its strategies.
pub fn replay<S: Source>(reader: Reader<S>) -> Result<Replayed> {
    let mut replay = Replay::new(reader)?;
    while replay.step()? {}
    replay.result()
}

impl<S: Source> Replay<S> {
    /// With stand-ins for the strategies.
    pub fn new(mut reader: Reader<S>) -> Result<Self> {
        let header = header(&mut reader)?;
        let (strategies, tape) = stand_ins(&header);
        Self::begin(reader, header, strategies, Some(tape))
    }

    /// With the strategies themselves, which must have the names recorded and ask for what is recorded.
    pub fn with_strategies(mut reader: Reader<S>, strategies: Vec<Box<dyn Strategy>>) -> Result<Self> {
        let header = header(&mut reader)?;
        let (given, recorded): (Vec<_>, Vec<_>) =
            (strategies.iter().map(|s| s.name().to_owned()).collect(), header.strategies.iter().map(|s| s.0.clone()).collect());
        if given != recorded {
            return Err(Error::config(
                "strategies",
                format!("{given:?} are not those of the journal, {recorded:?}; give the same, in order"),
            ));
        }
        Self::begin(reader, header, strategies, None)
    }

    /// From the snapshot `bytes`, which contains all records up to `sequence`: `reader` begins with the next.
    pub fn from_snapshot(reader: Reader<S>, header: &Header, sequence: u64, bytes: &[u8]) -> Result<Self> {
        let (strategies, tape) = stand_ins(header);
        let mut engine = Engine::restore(bytes, instruments(header)?, strategies)?;
        engine.keep_asked();
        Ok(Self::around(reader, engine, Some(tape), sequence))
    }

    fn begin(reader: Reader<S>, header: Header, strategies: Vec<Box<dyn Strategy>>, tape: Option<Tape>) -> Result<Self> {
        let instruments = instruments(&header)?;
        let mut engine = Engine::new(header.config, instruments, header.sources, strategies)?;
        engine.keep_asked();
        let last = reader.next_sequence() - 1;
        Ok(Self::around(reader, engine, tape, last))
    }

    fn around(reader: Reader<S>, engine: Engine, tape: Option<Tape>, last: u64) -> Self {
        let (outputs, expected) = (Vec::new(), VecDeque::new());
        Self { reader, engine, tape, outputs, expected, last, last_engine: last, steps: 0, compared: 0, snapshots: 0 }
    }

    /// The engine as it stands.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The record worked on last.
    pub const fn sequence(&self) -> u64 {
        self.last
    }

    /// Work on the next record; false at the end of the journal.
    pub fn step(&mut self) -> Result<bool> {
        let Some(record) = self.reader.next_record()? else { return Ok(false) };
        let (sequence, kind) = (record.sequence, record.kind);
        self.last = sequence;
        if payload::is_step(kind) {
            self.last_engine = sequence;
            let step = Step::decode(record.payload, sequence)?;
            self.require_none_missing(sequence)?;
            self.work_on(step, sequence)?;
        } else if payload::is_output(kind) {
            self.last_engine = sequence;
            // Outputs without a record of their own go with the one after them.
            while self.expected.front().is_some_and(|(expected, ..)| expected.is_none()) {
                self.expected.pop_front();
            }
            let (expected, bytes, output) = self.expected.pop_front().ok_or_else(|| differs(sequence, kind, "nothing"))?;
            if expected != Some(kind) || bytes != record.payload {
                return Err(differs(sequence, kind, &format!("{output:?}")));
            }
            self.compared += 1;
        } else if kind == RecordKind::SNAPSHOT {
            let record: payload::SnapshotRecord = payload::decode(record.payload, sequence)?;
            if record.sequence == self.last_engine {
                snapshot::compare(&record, &self.engine)?;
                self.snapshots += 1;
            }
        }
        Ok(true)
    }

    fn work_on(&mut self, step: Step, sequence: u64) -> Result<()> {
        if let Some(tape) = &self.tape {
            tape.extend(step.asked.iter().cloned());
        }
        self.engine.replay_switched(step.switched.clone());
        self.engine.step(&step.input, &mut self.outputs)?;
        self.steps += 1;
        let is_same = self.engine.take_asked().eq(step.asked);
        if !is_same {
            let why = "strategies ask for something else than is recorded; replay with the version that wrote it, or without strategies";
            return Err(Error::data(format!("journal record {sequence}"), why));
        }
        if self.engine.take_switched() != step.switched {
            let why = "a change of the kill switch is recorded for a check that no order came to";
            return Err(Error::data(format!("journal record {sequence}"), why));
        }
        if let Some(left) = self.tape.as_ref().map(Tape::len).filter(|&left| left > 0) {
            return Err(Error::data(format!("journal record {sequence}"), format!("{left} recorded requests were made by no call")));
        }
        for output in self.outputs.drain(..) {
            let kind = payload::kind_of_output(&output);
            let mut bytes = Vec::new();
            if kind.is_some() {
                payload::encode_output(&output, &mut bytes)?;
            }
            self.expected.push_back((kind, bytes, output));
        }
        Ok(())
    }

    /// All outputs of the inputs before must have had their records by now, for they were appended together.
    fn require_none_missing(&mut self, sequence: u64) -> Result<()> {
        let missing = self.expected.iter().find(|(kind, ..)| kind.is_some());
        if let Some((_, _, output)) = missing {
            return Err(differs(sequence, RecordKind::SESSION, &format!("{output:?}")));
        }
        self.expected.clear();
        Ok(())
    }

    /// The engine, the outputs of the last input that no record was found of, and the inputs replayed.
    pub fn finish(mut self) -> (Engine, Vec<Output>, u64) {
        self.engine.end_replay();
        (self.engine, self.expected.into_iter().map(|(_, _, output)| output).collect(), self.steps)
    }

    /// What was found.
    pub fn result(&self) -> Result<Replayed> {
        Ok(Replayed {
            steps: self.steps,
            outputs: self.compared,
            snapshots: self.snapshots,
            state_hash: self.engine.state_hash()?,
            last: self.last,
        })
    }
}

/// The session's header, from its first record.
pub(super) fn header<S: Source>(reader: &mut Reader<S>) -> Result<Header> {
    let record = reader.next_record()?.ok_or_else(|| Error::data("journal", "is empty; a session begins with a SESSION record"))?;
    if record.kind != RecordKind::SESSION {
        let why = format!("is {}; replay a session from its first record, or from a snapshot", record.kind);
        return Err(Error::data(format!("journal record {}", record.sequence), why));
    }
    let header: Header = payload::decode(record.payload, record.sequence)?;
    if !(PAYLOAD_VERSION_MIN..=PAYLOAD_VERSION).contains(&header.version) {
        let why =
            format!("payloads of version {} were written by engine {}; this one reads {PAYLOAD_VERSION}", header.version, header.engine);
        return Err(Error::data("journal", why));
    }
    Ok(header)
}

fn instruments(header: &Header) -> Result<Instruments> {
    let mut instruments = Instruments::default();
    for symbol in &header.symbols {
        instruments.intern(symbol)?;
    }
    Ok(instruments)
}

#[cold]
fn differs(sequence: u64, kind: RecordKind, found: &str) -> Error {
    let place = format!("journal record {sequence}");
    Error::data(place, format!("the replay differs: {kind} is recorded where the engine gives {found}"))
}
