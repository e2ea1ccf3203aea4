//! The venue's journal: its configuration first, then every input in order.

use super::routes::Request;
use super::state::State;
use crate::event::MarketEvent;
use crate::journal::{Log, Reader, RecordKind, Source, Storage};
use crate::paper::PaperConfig;
use crate::types::{Error, InstrumentId, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// One input of the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Input {
    /// Market events.
    Feed(Vec<MarketEvent>),
    /// Time has come this far; where `strict`, what is due at this very moment at an exchange is not.
    Wake {
        /// Until when.
        now: Timestamp,
        /// Before an event of this moment.
        strict: bool,
    },
    /// A request.
    Request(Request),
}

impl Input {
    const fn kind(&self) -> RecordKind {
        match self {
            Self::Feed(_) => RecordKind::BATCH,
            Self::Wake { .. } => RecordKind::WAKE,
            Self::Request(_) => RecordKind::COMMAND,
        }
    }
}

fn unreadable(error: &postcard::Error) -> Error {
    Error::data("journal of a paper venue", format!("a record cannot be read: {error}"))
}

/// `event` of our `instrument`, stamped no earlier than `floor`.
pub(super) fn stamped(mut event: MarketEvent, instrument: InstrumentId, floor: Timestamp) -> MarketEvent {
    let (ts, id) = match &mut event {
        MarketEvent::Action(e) => (&mut e.ts, &mut e.instrument),
        MarketEvent::Quote(e) => (&mut e.ts, &mut e.instrument),
        MarketEvent::Trade(e) => (&mut e.ts, &mut e.instrument),
        MarketEvent::Bar(e) => (&mut e.ts, &mut e.instrument),
        MarketEvent::Book(e) => (&mut e.ts, &mut e.instrument),
        MarketEvent::Status(e) => (&mut e.ts, &mut e.instrument),
    };
    *ts = (*ts).max(floor);
    *id = instrument;
    event
}

/// Write the venue's configuration as the first record.
pub(super) fn begin<S: Storage>(log: &mut Log<S>, text: &str, now: Timestamp) -> Result<()> {
    log.append(RecordKind::SESSION, now, now, text.as_bytes())?;
    log.sync()?;
    Ok(())
}

/// Append an input.
pub(super) fn append<S: Storage>(log: &mut Log<S>, input: &Input, now: Timestamp) -> Result<()> {
    let bytes = postcard::to_stdvec(input).map_err(|e| unreadable(&e))?;
    log.append(input.kind(), now, now, &bytes)?;
    Ok(())
}

/// The state that the journal in `source` tells of.
pub(super) fn replay<S: Source>(source: S) -> Result<State> {
    let mut reader = Reader::open(source, 0)?;
    let nothing = || Error::data("journal", "is not of a paper venue: its first record is not the venue's configuration");
    let mut state: Option<State> = None;
    while let Some(record) = reader.next_record()? {
        match (&mut state, record.kind) {
            (None, RecordKind::SESSION) => {
                let text = std::str::from_utf8(record.payload).map_err(|_| nothing())?;
                state = Some(State::new(PaperConfig::parse(text)?)?);
            }
            (None, _) => return Err(nothing()),
            (Some(state), RecordKind::BATCH | RecordKind::WAKE | RecordKind::COMMAND) => {
                let input: Input = postcard::from_bytes(record.payload).map_err(|e| unreadable(&e))?;
                // What could not be done then, and raised, cannot be done now: the state is the same after it.
                let _ = state.take(&input);
                // They were taken before the journal was left, or were never promised to anyone.
                state.updates.clear();
                state.touched.clear();
            }
            _ => {}
        }
    }
    state.ok_or_else(nothing)
}

impl State {
    /// Let an input take effect; the answer, of a request.
    pub(super) fn take(&mut self, input: &Input) -> Result<Option<(u16, Vec<u8>)>> {
        match input {
            Input::Feed(events) => self.feed(events).map(|()| None),
            Input::Wake { now, strict } => self.wake(*now, *strict).map(|()| None),
            Input::Request(request) => self.request(request).map(Some),
        }
    }
}
