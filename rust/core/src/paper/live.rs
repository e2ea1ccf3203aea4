//! [`PaperVenue`]: the state with its tape and its journal.

use super::config::PaperConfig;
use super::journal::{self, Input};
use super::routes::Request;
use super::rows::{MarketRows, RowKind};
use super::state::State;
use super::tape::Tape;
use crate::event::MarketEvent;
use crate::feeds::MarketData;
use crate::journal::{JournalId, Log, LogConfig, Recovery, Source, Storage};
use crate::types::{InstrumentId, Result, Timestamp};
use std::sync::Arc;

/// Not of this venue.
const UNKNOWN: u32 = u32::MAX;

/// The paper venue.
#[derive(Debug)]
pub struct PaperVenue<S: Storage> {
    state: State,
    tape: Tape,
    log: Option<Log<S>>,
    now: Timestamp,
    /// When a part of the day begins or a minute ends.
    turn_due: Timestamp,
    /// When something happens at an exchange.
    venue_due: Timestamp,
    /// The data last seen, and its instruments by our ids.
    ids: Option<(Arc<MarketData>, Vec<u32>)>,
    events: Vec<MarketEvent>,
}

impl<S: Storage> PaperVenue<S> {
    /// A new venue of this configuration (JSON), journaled where there is a journal; `id` is 16 random bytes.
    pub fn new(config: &str, journal: Option<(S, LogConfig, JournalId)>) -> Result<Self> {
        let state = State::new(PaperConfig::parse(config)?)?;
        let mut log = None;
        if let Some((storage, settings, id)) = journal {
            let mut made = Log::create(storage, settings, id)?;
            journal::begin(&mut made, config, state.now)?;
            log = Some(made);
        }
        Ok(Self::around(state, log))
    }

    /// The venue that a journal tells of, which goes on in it.
    pub fn recover(storage: S, settings: LogConfig) -> Result<(Self, Recovery)>
    where
        S: Source,
    {
        let (log, recovery) = Log::open(storage, settings)?;
        let state = journal::replay(log.storage())?;
        Ok((Self::around(state, Some(log)), recovery))
    }

    fn around(state: State, log: Option<Log<S>>) -> Self {
        let tape = Tape::new(&state.tops);
        let mut venue =
            Self { now: state.now, tape, log, turn_due: Timestamp::MIN, venue_due: Timestamp::MIN, ids: None, events: Vec::new(), state };
        venue.state.touched = (0..venue.tape.lines.len() as u32).collect();
        venue.look();
        venue
    }

    /// What the state waits for now.
    fn look(&mut self) {
        (self.turn_due, self.venue_due) = self.state.due();
        let mut touched = std::mem::take(&mut self.state.touched);
        touched.sort_unstable();
        touched.dedup();
        for index in touched.drain(..) {
            let interest = self.state.interest(InstrumentId(index));
            if let Some(line) = self.tape.lines.get_mut(index as usize) {
                line.interest = interest;
            }
        }
        self.state.touched = touched;
    }

    /// Journal an input and let it take effect.
    fn step(&mut self, input: &Input) -> Result<Option<(u16, Vec<u8>)>> {
        if let Some(log) = &mut self.log {
            journal::append(log, input, self.now)?;
        }
        let answer = self.state.take(input);
        self.look();
        answer
    }

    /// Let the state know the market in these instruments.
    fn sync(&mut self, instruments: impl IntoIterator<Item = InstrumentId>) -> Result<()> {
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        let now = self.state.now;
        for instrument in instruments {
            self.tape.sync(instrument, now, &mut events);
        }
        if events.is_empty() {
            self.events = events;
            return Ok(());
        }
        let input = Input::Feed(events);
        let done = self.step(&input);
        if let Input::Feed(events) = input {
            self.events = events;
        }
        done.map(|_| ())
    }

    /// Time has come as far as `now`.
    #[cold]
    fn wake(&mut self, now: Timestamp, strict: bool) -> Result<()> {
        let wanted = if self.turn_due <= now { self.state.awaiting_turn(now) } else { self.state.awaiting() };
        self.sync(wanted)?;
        self.step(&Input::Wake { now, strict }).map(|_| ())
    }

    /// Let time pass until `now`: orders arrive and expire, sessions begin and end.
    pub fn advance(&mut self, now: Timestamp) -> Result<()> {
        self.now = self.now.max(now);
        let now = self.now;
        if self.turn_due <= now || self.venue_due <= now { self.wake(now, false) } else { Ok(()) }
    }

    /// Answer a request that came at `now`: HTTP status and JSON. It is journaled, and with it all that it needed to know.
    #[allow(clippy::too_many_arguments, reason = "the parts of an HTTP request, each named")]
    pub fn request(&mut self, account: u32, now: Timestamp, method: &str, path: &str, query: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.advance(now)?;
        let request = Request {
            account,
            now: self.now,
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: body.to_vec(),
        };
        let concerned = request.concerns(&self.state);
        self.sync(concerned)?;
        if !request.writes() {
            return self.state.request(&request);
        }
        let answer = self.step(&Input::Request(request))?;
        Ok(answer.unwrap_or((500, Vec::new())))
    }

    /// Our ids for the instruments of `data`.
    fn ids_of(&mut self, data: &Arc<MarketData>) -> Vec<u32> {
        match self.ids.take() {
            Some((known, ids)) if Arc::ptr_eq(&known, data) => ids,
            _ => {
                let find = |symbol: &String| self.state.instrument(symbol).map_or(UNKNOWN, |i| i.0);
                data.instruments.symbols().iter().map(find).collect()
            }
        }
    }

    /// Rows from `start` up to but not including `stop` take effect, in order. Rows of symbols that the venue does not know are left out.
    pub fn market(&mut self, rows: &MarketRows, start: usize, stop: usize) -> Result<()> {
        let ids = self.ids_of(rows.data());
        let done = (start..stop.min(rows.len())).try_for_each(|i| self.row(rows, &ids, i));
        self.ids = Some((Arc::clone(rows.data()), ids));
        done
    }

    #[inline]
    fn row(&mut self, rows: &MarketRows, ids: &[u32], i: usize) -> Result<()> {
        let Some((ts, r)) = rows.at(i) else { return Ok(()) };
        if ts > self.now {
            self.now = ts;
        }
        if self.turn_due <= self.now || self.venue_due < self.now {
            self.wake(self.now, true)?;
        }
        let index = ids.get(rows.instrument(r).index()).copied().unwrap_or(UNKNOWN);
        let Some(line) = self.tape.lines.get_mut(index as usize) else { return Ok(()) };
        let (batch, row) = (r.batch as usize, r.row as usize);
        let concerns = match r.kind {
            RowKind::Quote => line.quote(&rows.data().quotes[batch].get(row)),
            RowKind::Trade => line.trade(&rows.data().trades[batch].get(row)),
            RowKind::Bar => line.bar(&rows.data().bars[batch].get(row)),
            RowKind::Delta => self.state.follows_book(InstrumentId(index)),
            RowKind::Action | RowKind::Status => true,
            RowKind::Band | RowKind::Correction => false,
        };
        if concerns { self.concern(rows, i, InstrumentId(index)) } else { Ok(()) }
    }

    /// A row that concerns the state: first what else it does not know of the symbol, then the row.
    #[cold]
    fn concern(&mut self, rows: &MarketRows, i: usize, instrument: InstrumentId) -> Result<()> {
        let Some((_, r)) = rows.at(i) else { return Ok(()) };
        let Some(event) = rows.event(r) else { return Ok(()) };
        let floor = self.now;
        if let Some(line) = self.tape.lines.get_mut(instrument.index()) {
            match r.kind {
                RowKind::Quote => line.seen_quote(),
                RowKind::Trade | RowKind::Bar => line.seen_trade(),
                _ => {}
            }
        }
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        self.tape.sync(instrument, self.state.now, &mut events);
        events.push(super::journal::stamped(event, instrument, floor));
        let input = Input::Feed(events);
        let done = self.step(&input);
        if let Input::Feed(events) = input {
            self.events = events;
        }
        if matches!(r.kind, RowKind::Delta | RowKind::Action)
            && let (Some(line), Some(&top)) = (self.tape.lines.get_mut(instrument.index()), self.state.tops.get(instrument.index()))
        {
            line.touch(top);
        }
        done.map(|_| ())
    }

    /// Trade updates since the last call, in order: account, and the JSON of a message's `data`. What they tell of is committed first.
    pub fn take_updates(&mut self, clock: Timestamp) -> Result<Vec<(u32, Vec<u8>)>> {
        if self.state.updates.is_empty() {
            return Ok(Vec::new());
        }
        self.commit(clock)?;
        Ok(std::mem::take(&mut self.state.updates))
    }

    /// Write what was journaled, and make it durable as the journal's policy says; `clock` is the caller's own.
    pub fn commit(&mut self, clock: Timestamp) -> Result<()> {
        match &mut self.log {
            Some(log) => log.commit(clock).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Make all durable and end the journal.
    pub fn close(&mut self) -> Result<()> {
        self.log.take().map_or(Ok(()), |log| log.close().map(|_| ()))
    }

    /// Leave off as a process does that dies, once what was journaled is written: the storage, to recover from.
    pub fn abandon(mut self) -> Result<Option<S>>
    where
        S: Clone,
    {
        self.commit(self.now)?;
        Ok(self.log.take().map(|log| log.storage().clone()))
    }

    /// When time alone next does something; [`Timestamp::MAX`] for never.
    pub fn next_wake(&self) -> Timestamp {
        self.turn_due.min(self.venue_due)
    }

    /// The latest time that it has heard of.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Symbols, by their ids.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.state.config.symbols.iter().map(|a| a.symbol.as_str())
    }

    /// Number of the last record of the journal.
    pub fn records(&self) -> u64 {
        self.log.as_ref().map_or(0, |log| log.next_sequence() - 1)
    }

    /// BLAKE3 of the state, hexadecimal. What the journal does not hold (the clock, rows that concerned nothing) is no part of it.
    pub fn state_hash(&self) -> Result<String> {
        self.state.hash().map(|h| h.to_string())
    }
}
