//! Recorded sessions: an engine whose inputs are durable before their effects leave.
//!
//! [`Session::step`] works on an input and appends it to the journal, with what strategies asked for; [`Session::commit`] makes it
//! durable by the log's policy and hands out the outputs that are. A crash loses what was not handed out and nothing else:
//! [`Session::recover`] replays the journal, and what it finds out again that was never handed out is handed out then. Where an order
//! may have been sent or not, [`Session::in_doubt`] names it: ask the broker by its id before trading goes on.
//!
//! Records of one input: the input itself, then its outputs. A replay makes the outputs anew and compares them, byte by byte.
//! [`replay`] needs no strategy: stand-ins ask for what was asked for.

mod describe;
mod payload;
mod replay;
mod snapshot;

pub use describe::describe;
pub use payload::{Header, PAYLOAD_VERSION, SnapshotRecord, Step};
pub use replay::{Replay, Replayed, replay};
pub use snapshot::{newest_snapshot, snapshots};

use crate::engine::{Alarm, AlarmKind, Engine, EngineConfig, EngineState, Input, Instruction, Output, RefusalRecord};
use crate::engine::{Command, Tape};
use crate::journal::{DetachedSync, Log, LogConfig, Reader, RecordKind, Recovery, Storage};
use crate::strategy::Strategy;
use crate::types::{Error, Instruments, OrderId, Result, Timestamp};
use crate::venue::{OrderCommand, Sources};
use std::collections::VecDeque;

/// What a session runs with.
pub struct Setup {
    /// Settings of the engine.
    pub config: EngineConfig,
    /// Instruments.
    pub instruments: Instruments,
    /// Which kinds of data each has.
    pub sources: Vec<Sources>,
    /// Strategies.
    pub strategies: Vec<Box<dyn Strategy>>,
}

/// What recovering a session found.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// What opening the journal found.
    pub log: Recovery,
    /// Inputs replayed.
    pub steps: u64,
    /// Outputs that were never handed out, and will be.
    pub unsent: usize,
    /// Orders of which the broker must be asked.
    pub in_doubt: Vec<OrderId>,
}

/// An engine and its journal.
pub struct Session<S: Storage> {
    engine: Engine,
    log: Log<S>,
    /// Outputs that wait for their record to be durable: its number, or that of the input they follow from.
    held: VecDeque<(u64, Output)>,
    outputs: Vec<Output>,
    room: Vec<u8>,
    /// Steps between snapshots; 0 for none.
    snapshot_every: u64,
    since_snapshot: u64,
    steps: u64,
    /// Why the session takes no more inputs.
    broken: Option<String>,
}

impl<S: Storage> Session<S> {
    /// A new session in an empty journal. Nothing has happened yet: step it with [`Input::Start`].
    pub fn create(log: Log<S>, setup: Setup, now: Timestamp) -> Result<Self> {
        let strategies = setup.strategies.iter().map(|s| (s.name().to_owned(), s.interest())).collect();
        let header = Header {
            version: PAYLOAD_VERSION,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            config: setup.config.clone(),
            symbols: setup.instruments.symbols().to_vec(),
            sources: setup.sources.clone(),
            strategies,
        };
        let engine = Engine::new(setup.config, setup.instruments, setup.sources, setup.strategies)?;
        let mut session = Self::around(engine, log);
        payload::encode(&header, &mut session.room)?;
        session.log.append(RecordKind::SESSION, now, now, &session.room)?;
        Ok(session)
    }

    fn around(mut engine: Engine, log: Log<S>) -> Self {
        engine.keep_asked();
        Self {
            engine,
            log,
            held: VecDeque::new(),
            outputs: Vec::new(),
            room: Vec::new(),
            snapshot_every: 0,
            since_snapshot: 0,
            steps: 0,
            broken: None,
        }
    }

    /// Take up a session where its journal ends, with the same strategies, which are called as they were: what they ask for must be
    /// what is recorded. Where it ran, it is in RECONCILING then: settle the orders in doubt, and command it to run.
    pub fn recover(storage: S, config: LogConfig, strategies: Vec<Box<dyn Strategy>>, now: Timestamp) -> Result<(Self, Recovered)> {
        let (log, recovery) = Log::open(storage, config)?;
        let mut replay = Replay::with_strategies(Reader::open(log.storage(), 0)?, strategies)?;
        while replay.step()? {}
        let (engine, unsent, steps) = replay.finish();
        let mut session = Self::around(engine, log);
        session.steps = steps;
        let cut = recovery.cut.as_ref().map_or_else(|| "nothing was cut".to_owned(), |tail| format!("{tail:?} was cut"));
        let note = format!("{} records, the last of them {}; {cut}", recovery.records, recovery.last);
        session.log.append(RecordKind::RECOVERY, session.engine.now(), now, note.as_bytes())?;
        let unsent_count = unsent.len();
        session.outputs = unsent;
        let sequence = session.log.next_sequence() - 1;
        session.record_outputs(sequence, now)?;
        let asked_again: Vec<_> = session.held.iter().filter_map(|(_, output)| made_by(output)).collect();
        if session.engine.state() == EngineState::Running {
            let (by, why) = ("engine".into(), "recovery".into());
            session.step(&Input::Command(Instruction { at: session.engine.now(), command: Command::Reconcile, by, why }), now)?;
        }
        let in_doubt = session.engine.in_doubt().into_iter().filter(|id| !asked_again.contains(id)).collect();
        Ok((session, Recovered { log: recovery, steps, unsent: unsent_count, in_doubt }))
    }

    /// Make a snapshot after every so many steps; 0 for none.
    #[must_use]
    pub fn snapshot_every(mut self, steps: u64) -> Self {
        self.snapshot_every = steps;
        self
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The engine, for what is no part of its state.
    pub(crate) const fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// The log.
    pub const fn log(&self) -> &Log<S> {
        &self.log
    }

    /// Inputs worked on, replayed ones included.
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Outputs that wait for the disk.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// These, oldest first.
    pub fn held_outputs(&self) -> impl Iterator<Item = &Output> {
        self.held.iter().map(|(_, output)| output)
    }

    /// Why the session takes no more inputs, once it does not.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Orders of which the venue's word is awaited.
    pub fn in_doubt(&self) -> Vec<OrderId> {
        self.engine.in_doubt()
    }

    /// Work on `input`, which was received at `now`, and append it; its number in the journal. Its outputs are held until they are durable.
    pub fn step(&mut self, input: &Input, now: Timestamp) -> Result<u64> {
        if let Some(why) = &self.broken {
            return Err(Error::data("session", format!("takes no more inputs: {why}; start it again from its journal")));
        }
        if let Err(error) = self.engine.step(input, &mut self.outputs) {
            // What an operator asks for and cannot have is refused and leaves no trace.
            let is_refused = input.is_asked() && matches!(error, Error::Config { .. }) && self.outputs.is_empty();
            if !is_refused {
                return Err(self.stop_at(error));
            }
            self.engine.forget_switched();
            return Err(error);
        }
        self.append_step(input, now).map_err(|error| self.stop_at(error))
    }

    /// Append `input`, which was worked on, with what came of it.
    fn append_step(&mut self, input: &Input, now: Timestamp) -> Result<u64> {
        let (asked, switched) = (self.engine.take_asked().collect(), self.engine.take_switched());
        payload::StepRef { input, asked }.encode(&switched, &mut self.room)?;
        let sequence = self.log.append(payload::kind_of(input), input.at(), now, &self.room)?;
        self.record_outputs(sequence, now)?;
        self.steps += 1;
        self.since_snapshot += 1;
        if self.snapshot_every != 0 && self.since_snapshot >= self.snapshot_every {
            self.snapshot(now)?;
        }
        Ok(sequence)
    }

    /// Append the outputs of the record `sequence` and hold them.
    fn record_outputs(&mut self, mut sequence: u64, now: Timestamp) -> Result<()> {
        for output in self.outputs.drain(..) {
            if let Some(kind) = payload::kind_of_output(&output) {
                payload::encode_output(&output, &mut self.room)?;
                sequence = self.log.append(kind, self.engine.now(), now, &self.room)?;
            }
            self.held.push_back((sequence, output));
        }
        Ok(())
    }

    /// After an error nothing more is known to be on the disk: nothing that is held is ever handed out.
    #[cold]
    fn stop_at(&mut self, error: Error) -> Error {
        self.broken = Some(error.to_string());
        self.held.clear();
        self.outputs.clear();
        error
    }

    /// Write what was appended and sync it by the log's policy; then the outputs whose records are durable are appended to `out`. `now` is
    /// the shell's clock.
    pub fn commit(&mut self, now: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        if let Some(why) = &self.broken {
            return Err(Error::data("session", format!("gives out nothing more: {why}; start it again from its journal")));
        }
        let durable = self.log.commit(now).map_err(|error| self.stop_at(error))?;
        let durable = if self.log.config().policy == crate::journal::SyncPolicy::Os { self.log.written() } else { durable };
        self.release(durable, out);
        Ok(())
    }

    /// As [`Self::commit`], durable whatever the policy.
    pub fn sync(&mut self, out: &mut Vec<Output>) -> Result<()> {
        if let Some(why) = &self.broken {
            return Err(Error::data("session", format!("gives out nothing more: {why}; start it again from its journal")));
        }
        let durable = self.log.sync().map_err(|error| self.stop_at(error))?;
        self.release(durable, out);
        Ok(())
    }

    /// Write what was appended, for another thread to make it durable ([`Log::begin_sync`]); none where all is durable.
    pub fn begin_sync(&mut self) -> Result<Option<(DetachedSync, u64)>> {
        self.log.begin_sync().map_err(|error| self.stop_at(error))
    }

    /// A sync ended ([`Log::end_sync`]): the outputs whose records are durable by it are appended to `out`.
    pub fn end_sync(&mut self, through: u64, outcome: std::io::Result<()>, out: &mut Vec<Output>) -> Result<()> {
        let durable = self.log.end_sync(through, outcome).map_err(|error| self.stop_at(error))?;
        self.release(durable, out);
        Ok(())
    }

    /// As [`Self::step`], the outputs given at once: for a venue that lives and dies with this process, as a simulated one does.
    pub fn record(&mut self, input: &Input, now: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        self.step(input, now)?;
        self.release(u64::MAX, out);
        Ok(())
    }

    fn release(&mut self, durable: u64, out: &mut Vec<Output>) {
        while self.held.front().is_some_and(|(sequence, _)| *sequence <= durable) {
            out.extend(self.held.pop_front().map(|(_, output)| output));
        }
    }

    /// Append a remark, which is durable before anything that follows it.
    pub fn note(&mut self, text: &str, now: Timestamp) -> Result<u64> {
        if let Some(why) = &self.broken {
            return Err(Error::data("session", format!("takes no more remarks: {why}; start it again from its journal")));
        }
        self.log.append(RecordKind::NOTE, self.engine.now(), now, text.as_bytes()).map_err(|error| self.stop_at(error))
    }

    /// The newest refusal of `order` that waits for the disk still.
    pub fn held_refusal(&self, order: OrderId) -> Option<&RefusalRecord> {
        self.held.iter().rev().find_map(|(_, output)| match output {
            Output::Refusal(record) if record.order == order => Some(record),
            _ => None,
        })
    }

    /// Tell the engine of an alarm of the journal or the shell, as [`Input::Alarm`].
    pub fn alarm(&mut self, kind: AlarmKind, why: &str, now: Timestamp) -> Result<u64> {
        let at = self.engine.now();
        self.step(&Input::Alarm(Alarm { at, kind, why: why.into() }), now)
    }

    /// Make everything durable and end with a checkpoint; what was held is appended to `out`, and the storage given back.
    pub fn close(mut self, out: &mut Vec<Output>) -> Result<S> {
        self.sync(out)?;
        self.log.close()
    }

    /// As [`Self::close`], for the engine as it ended.
    pub fn end(mut self) -> Result<Engine> {
        self.sync(&mut Vec::new())?;
        self.log.close()?;
        Ok(self.engine)
    }
}

/// The order that `output` makes at the venue. A cancel makes none: whether its order is there is as doubtful as before.
fn made_by(output: &Output) -> Option<OrderId> {
    match output {
        Output::Order(OrderCommand::New(order)) => Some(order.id),
        Output::Order(OrderCommand::Replace { new, .. }) => Some(new.id),
        _ => None,
    }
}

/// The stand-ins of a session's strategies, and the tape that they read.
fn stand_ins(header: &Header) -> (Vec<Box<dyn Strategy>>, Tape) {
    let tape = Tape::default();
    let stand =
        |(name, interest): &(String, _)| Box::new(crate::engine::Stand::new(name.clone(), *interest, tape.clone())) as Box<dyn Strategy>;
    (header.strategies.iter().map(stand).collect(), tape)
}

#[cfg(test)]
mod tests;
