//! The door of a run's engine: as it is, or through the session that records it.

use crate::engine::{Engine, EngineConfig, Input, Output};
use crate::event::MarketEvent;
use crate::journal::{Files, JournalId, Log, LogConfig, SyncPolicy};
use crate::order::Orders;
use crate::session::{Session, Setup};
use crate::strategy::Strategy;
use crate::types::{Error, Instruments, Result, Timestamp};
use crate::venue::{Report, SimVenue, Sources};
use std::path::Path;

/// The engine of a run.
pub(super) enum Door {
    /// As it is.
    Bare(Box<Engine>),
    /// With every input in a journal.
    Recorded(Box<Session<Files>>),
}

impl Door {
    pub(super) fn bare(
        config: EngineConfig,
        instruments: Instruments,
        sources: Vec<Sources>,
        strategies: Vec<Box<dyn Strategy>>,
    ) -> Result<Self> {
        Ok(Self::Bare(Box::new(Engine::new(config, instruments, sources, strategies)?)))
    }

    /// Recorded into the new journal in `folder`, in which nothing may be yet. Its id follows from the data and the settings, as all else.
    pub(super) fn recorded(folder: &Path, setup: Setup, now: Timestamp) -> Result<Self> {
        let unmade = |e| Error::storage(folder.display().to_string(), format!("the journal's folder cannot be made: {e}"));
        let storage = Files::create(folder).map_err(unmade)?;
        let mut id = [0; 16];
        let names = format!("{:?} {:?} {now}", setup.instruments.symbols(), setup.config);
        id.copy_from_slice(&blake3::hash(names.as_bytes()).as_bytes()[..16]);
        let config = LogConfig { policy: SyncPolicy::Os, ..LogConfig::default() };
        let log = Log::create(storage, config, JournalId(id))?;
        Ok(Self::Recorded(Box::new(Session::create(log, setup, now)?)))
    }

    #[inline]
    pub(super) fn engine(&self) -> &Engine {
        match self {
            Self::Bare(engine) => engine,
            Self::Recorded(session) => session.engine(),
        }
    }

    #[inline]
    pub(super) fn next_wake(&self) -> Timestamp {
        self.engine().next_wake()
    }

    pub(super) fn start(&mut self, at: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        match self {
            Self::Bare(engine) => engine.start(at, out),
            Self::Recorded(session) => session.record(&Input::Start { at, reconcile: false }, at, out),
        }
    }

    #[inline]
    pub(super) fn on_market(&mut self, event: &MarketEvent, venue: &SimVenue, out: &mut Vec<Output>) -> Result<()> {
        match self {
            Self::Bare(engine) => {
                let lent = if let MarketEvent::Book(delta) = event { venue.book(delta.instrument) } else { None };
                engine.on_market_beside(event, lent, out)
            }
            Self::Recorded(session) => session.record(&Input::Market(*event), event.ts(), out),
        }
    }

    #[inline]
    pub(super) fn on_report(&mut self, report: &Report, out: &mut Vec<Output>) -> Result<()> {
        match self {
            Self::Bare(engine) => engine.on_report(report, out),
            Self::Recorded(session) => session.record(&Input::Report(*report), report.due, out),
        }
    }

    #[inline]
    pub(super) fn wake(&mut self, at: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        match self {
            Self::Bare(engine) => engine.wake(at, out),
            Self::Recorded(session) => session.record(&Input::Wake(at), at, out),
        }
    }

    pub(super) fn stop(&mut self, at: Timestamp, out: &mut Vec<Output>) -> Result<()> {
        match self {
            Self::Bare(engine) => engine.stop(out),
            Self::Recorded(session) => session.record(&Input::Stop(at), at, out),
        }
    }

    /// The orders; the journal, where there is one, is closed, and the state's hash given.
    pub(super) fn close(self) -> Result<(Orders, Option<[u8; 32]>)> {
        match self {
            Self::Bare(engine) => Ok((engine.into_orders(), None)),
            Self::Recorded(session) => {
                let hash = session.engine().state_hash()?;
                Ok((session.end()?.into_orders(), Some(hash)))
            }
        }
    }
}
