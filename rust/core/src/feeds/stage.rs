//! The quality stage: what sound messages say about the market, judged row by row.
//!
//! A decoder tells what is malformed; [`Stage`] tells what is crossed, locked, zero, negative, absurd, repeated, out of order, after
//! a gap, stale or of a halt. Each fault is counted, flagged where a `FLAG_…` bit exists, and its row kept, dropped or refused, as the
//! [`QualityPolicy`] says. The stage keeps what it must remember of each instrument in dense arrays (about 300 bytes an
//! instrument and kind of event), so a stream may be judged batch by batch; a batch loses its dropped rows in one pass a column.
//!
//! Quotes, trades and bars are judged, each kind by itself. Of a batch, rows that leave the band are held in doubt until the rows
//! after them decide (see `feeds::absurd`); what is still in doubt when the batch ends is absurd, so a whole day judged at once is
//! judged better than one judged in small batches.

use super::absurd::{Found, Levels};
use super::faults::{Checked, dollars, mix};
use super::{Batches, Fault, FeedReport, MarketData, QualityPolicy};
use crate::event::{
    BarBatch, FLAG_ABSURD, FLAG_CROSSED, FLAG_DUPLICATE, FLAG_GAP, FLAG_HALTED, FLAG_LOCKED, FLAG_OUT_OF_ORDER, FLAG_STALE, QuoteBatch,
    StatusBatch, TradeBatch, TradingState,
};
use crate::types::{DAY_NS, Error, HOUR_NS, InstrumentId, Instruments, Price, Result, Timestamp};

/// How many rows of an instrument back a repetition is looked for.
pub const DUPLICATE_WINDOW: usize = 16;
/// Changes of trading state kept of an instrument: halts come a few a day.
const STATES_MAX: usize = 256;
/// Most remarks in a report, so that a stream without end cannot fill the memory.
const NOTES_MAX: usize = 256;
/// New York is five hours behind UTC in winter; the hour of summer matters to nobody at its midnight.
const NEW_YORK_NS: i64 = 5 * HOUR_NS;

/// What is remembered of an instrument's rows of one kind.
#[derive(Clone, Debug)]
struct Seen {
    /// Time of its newest row.
    newest: Timestamp,
    /// Fingerprints of its last rows, 0 for none.
    prints: [u64; DUPLICATE_WINDOW],
    next: u8,
}

impl Default for Seen {
    fn default() -> Self {
        Self { newest: Timestamp::MIN, prints: [0; DUPLICATE_WINDOW], next: 0 }
    }
}

/// What is remembered of one kind of event.
#[derive(Clone, Debug)]
struct Memory {
    seen: Vec<Seen>,
    levels: Levels,
}

/// Changes of trading state of one instrument, by time.
type States = Vec<(Timestamp, TradingState)>;

/// The checks, and what they remember from batch to batch.
#[derive(Clone, Debug)]
pub struct Stage {
    policy: QualityPolicy,
    quotes: Memory,
    trades: Memory,
    bars: Memory,
    states: Vec<States>,
}

impl Stage {
    /// Checks under `policy`; an error when one of its limits makes no sense.
    pub fn new(policy: QualityPolicy) -> Result<Self> {
        policy.check()?;
        let memory = || Memory { seen: Vec::new(), levels: Levels::new(policy.absurd_band, policy.absurd_sigma) };
        Ok(Self { quotes: memory(), trades: memory(), bars: memory(), states: Vec::new(), policy })
    }

    /// The policy.
    pub const fn policy(&self) -> &QualityPolicy {
        &self.policy
    }

    /// Judge the events of `batches`, in the order of their arrival; the counts go to its report. After an error the rows judged
    /// before it keep their flags and none is taken away.
    pub fn check(&mut self, batches: &mut Batches) -> Result<()> {
        let Batches { instruments, quotes, trades, bars, statuses, report, .. } = batches;
        self.note_states(statuses);
        let mut judge = Judge { policy: &self.policy, states: &self.states, names: instruments, report, place: "quotes" };
        let mut dropped = judge.rows(quotes, &mut self.quotes)?;
        judge.place = "trades";
        dropped += judge.rows(trades, &mut self.trades)?;
        judge.place = "bars";
        dropped += judge.rows(bars, &mut self.bars)?;
        report.events = report.events.saturating_sub(dropped);
        Ok(())
    }

    /// Judge the events of `data`, batch by batch; its report becomes that of the checks. Batches that were not sorted are sorted.
    pub fn check_data(&mut self, data: &mut MarketData) -> Result<()> {
        let mut report = FeedReport::default();
        report.rows = data.len() as u64;
        let MarketData { instruments, quotes, trades, bars, statuses, .. } = data;
        for batch in statuses {
            self.note_states(batch);
        }
        macro_rules! check {
            ($($batches:ident),+) => {
                $(let many = $batches.len() > 1;
                for (i, batch) in $batches.iter_mut().enumerate() {
                    // Batches are streams of their own: what one has seen says nothing about the order of the next.
                    if many {
                        self.$batches.seen.clear();
                    }
                    let name = if many { format!("{} of batch {}", stringify!($batches), i + 1) } else { stringify!($batches).to_owned() };
                    let mut judge =
                        Judge { policy: &self.policy, states: &self.states, names: instruments, report: &mut report, place: &name };
                    judge.rows(batch, &mut self.$batches)?;
                    batch.sort_by_time();
                })+
            };
        }
        check!(quotes, trades, bars);
        report.events = data.len() as u64;
        data.report = report;
        Ok(())
    }

    fn note_states(&mut self, statuses: &StatusBatch) {
        for (i, (&ts, &instrument)) in statuses.ts.iter().zip(&statuses.instrument).enumerate() {
            let states = slot(&mut self.states, instrument);
            let at = states.partition_point(|s| s.0 <= ts);
            states.insert(at, (ts, statuses.state[i]));
            if states.len() > STATES_MAX {
                states.remove(0);
            }
        }
    }
}

/// The slot of `instrument`, made where it is new.
#[inline]
fn slot<T: Default + Clone>(slots: &mut Vec<T>, instrument: InstrumentId) -> &mut T {
    let i = instrument.index();
    if i >= slots.len() {
        slots.resize(i + 1, T::default());
    }
    &mut slots[i]
}

/// A batch whose rows are judged.
trait Judged {
    type Row: Checked;

    fn row(&self, i: usize) -> Self::Row;
    fn flags(&mut self) -> &mut [u32];
    fn recv(&self) -> &[Timestamp];
    /// What tells row `i` from others, and whether that is an id of its own.
    fn identity(&self, i: usize, row: &Self::Row) -> (u64, bool);
    fn remove(&mut self, gone: &[u32]);
    /// Whether rows of this kind say nothing while the instrument is in `state`.
    fn stops(state: TradingState) -> bool;
}

/// Row `i` of an optional column as a word; 0 where the column is not there.
#[inline]
fn word<T: Copy + Into<u64>>(column: &[T], i: usize) -> u64 {
    column.get(i).map_or(0, |&v| v.into())
}

macro_rules! judged {
    ($batch:ident of $row:ident, $stops:pat, |$self:ident, $i:ident, $print:ident| $identity:expr) => {
        impl Judged for $batch {
            type Row = crate::event::$row;

            #[inline]
            fn row(&self, i: usize) -> Self::Row {
                self.get(i)
            }

            #[inline]
            fn flags(&mut self) -> &mut [u32] {
                &mut self.flags
            }

            #[inline]
            fn recv(&self) -> &[Timestamp] {
                &self.recv
            }

            #[inline]
            fn identity(&$self, $i: usize, row: &Self::Row) -> (u64, bool) {
                let $print = row.fingerprint();
                $identity
            }

            fn remove(&mut self, gone: &[u32]) {
                self.remove_rows(gone);
            }

            #[inline]
            fn stops(state: TradingState) -> bool {
                matches!(state, $stops)
            }
        }
    };
}

judged!(QuoteBatch of Quote, TradingState::Halted, |self, i, print| {
    let extra = word(&self.bid_venue, i) << 40 | word(&self.ask_venue, i) << 32 | word(&self.conditions, i);
    (mix(print, extra) | 1, false)
});
judged!(TradeBatch of Trade, TradingState::Halted | TradingState::Paused | TradingState::QuoteOnly, |self, i, print| {
    // A trade's id is its market's: two markets may give the same.
    let (id, venue) = (word(&self.id, i), word(&self.venue, i) << 8 | word(&self.tape, i));
    if id == 0 { (mix(print, venue << 32 | word(&self.conditions, i)) | 1, false) } else { (mix(mix(1, id), venue) | 1, true) }
});
judged!(BarBatch of Bar, TradingState::Halted, |self, _i, print| (print, false));

struct Judge<'a> {
    policy: &'a QualityPolicy,
    states: &'a [States],
    names: &'a Instruments,
    report: &'a mut FeedReport,
    place: &'a str,
}

impl Judge<'_> {
    /// Judge every row of `batch`, flag it, and take away what is to be dropped; how many that were.
    fn rows<B: Judged>(&mut self, batch: &mut B, memory: &mut Memory) -> Result<u64> {
        let rows = batch.flags().len();
        if u32::try_from(rows).is_err() {
            return Err(Error::data(self.place, format!("hold {rows} rows; judge them in parts of at most {}", u32::MAX)));
        }
        let mut gone: Vec<u32> = Vec::new();
        let mut found = Found::default();
        let absurd = !memory.levels.is_off();
        for i in 0..rows {
            let row = batch.row(i);
            match self.row(batch, i, &row, slot(&mut memory.seen, row.instrument()))? {
                None => gone.push(i as u32),
                Some(bits) => {
                    if bits != 0 {
                        batch.flags()[i] |= bits;
                    }
                    if absurd {
                        let mut extent = row.extent();
                        if bits & FLAG_CROSSED != 0 {
                            extent.low = 0;
                        }
                        memory.levels.take(i as u32, &extent, &mut found);
                    }
                }
            }
        }
        memory.levels.finish_batch(&mut found);
        self.absurd(batch, &found, &mut gone)?;
        batch.remove(&gone);
        Ok(gone.len() as u64)
    }

    /// The flags of row `i`, or nothing when it is dropped.
    #[inline]
    fn row<B: Judged>(&mut self, batch: &B, i: usize, row: &B::Row, seen: &mut Seen) -> Result<Option<u32>> {
        let mut bits = 0;
        if row.is_negative() && !self.judge(i, row, Fault::Negative, |row| row.describe(Fault::Negative))? {
            return Ok(None);
        }
        if let Some(fault) = row.own_fault() {
            if !self.judge(i, row, fault, |row| row.describe(fault))? {
                return Ok(None);
            }
            bits |= match fault {
                Fault::Crossed => FLAG_CROSSED,
                Fault::Locked => FLAG_LOCKED,
                _ => 0,
            };
        }
        let (ts, newest) = (row.ts(), seen.newest);
        if ts < newest {
            if !self.judge(i, row, Fault::OutOfOrder, |_| format!("time {ts} is before {newest} of an earlier row"))? {
                return Ok(None);
            }
            bits |= FLAG_OUT_OF_ORDER;
        } else if ts.since(newest) > self.policy.gap_after_ns && newest != Timestamp::MIN && same_day(newest, ts) {
            if !self.judge(i, row, Fault::Gap, |_| format!("comes {:.3} s after the row before it", ts.since(newest) as f64 * 1e-9))? {
                return Ok(None);
            }
            bits |= FLAG_GAP;
        }
        let (print, is_id) = batch.identity(i, row);
        // Rows equal in every column have one time, so a newer row repeats none.
        if (is_id || ts <= newest) && seen.prints.contains(&print) {
            if !self.judge(i, row, Fault::Duplicate, |_| "repeats an earlier row".to_owned())? {
                return Ok(None);
            }
            bits |= FLAG_DUPLICATE;
        }
        seen.prints[usize::from(seen.next) % DUPLICATE_WINDOW] = print;
        seen.next = seen.next.wrapping_add(1);
        seen.newest = newest.max(ts);
        if self.policy.stale_after_ns != i64::MAX
            && let Some(&recv) = batch.recv().get(i)
            && recv.since(ts) > self.policy.stale_after_ns
        {
            if !self.judge(i, row, Fault::Stale, |_| format!("was received {:.3} s after its time", recv.since(ts) as f64 * 1e-9))? {
                return Ok(None);
            }
            bits |= FLAG_STALE;
        }
        if let Some(states) = self.states.get(row.instrument().index())
            && let Some(&(since, state)) = states[..states.partition_point(|s| s.0 <= ts)].last()
            && B::stops(state)
        {
            if !self.judge(i, row, Fault::Halted, |_| format!("comes while the instrument is halted, since {since}"))? {
                return Ok(None);
            }
            bits |= FLAG_HALTED;
        }
        Ok(Some(bits))
    }

    fn absurd<B: Judged>(&mut self, batch: &mut B, found: &Found, gone: &mut Vec<u32>) -> Result<()> {
        for level in found.moves.iter().take(NOTES_MAX.saturating_sub(self.report.notes.len())) {
            self.report.notes.push(format!(
                "{}: row {} (symbol {}): price moved from {} to {} and stayed, so it is taken as real",
                self.place,
                level.row + 1,
                self.names.symbol(level.instrument),
                dollars(Price::from_raw(level.from)),
                dollars(Price::from_raw(level.to)),
            ));
        }
        let before = gone.len();
        for outlier in &found.outliers {
            let i = outlier.row as usize;
            let row = batch.row(i);
            let good = outlier.last_good;
            let text = |row: &B::Row| {
                format!("{} is too far from the last good price {}", row.describe(Fault::Absurd), dollars(Price::from_raw(good)))
            };
            if self.judge(i, &row, Fault::Absurd, text)? {
                batch.flags()[i] |= FLAG_ABSURD;
            } else {
                gone.push(outlier.row);
            }
        }
        if gone.len() > before {
            gone.sort_unstable();
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn judge<R: Checked>(&mut self, i: usize, row: &R, fault: Fault, what: impl FnOnce(&R) -> String) -> Result<bool> {
        let (place, names) = (self.place, self.names);
        self.report
            .judge(self.policy, fault, || format!("{place}: row {} (symbol {}): {}", i + 1, names.symbol(row.instrument()), what(row)))
    }
}

/// True when both times lie in one day of New York.
fn same_day(a: Timestamp, b: Timestamp) -> bool {
    let day = |t: Timestamp| t.plus(-NEW_YORK_NS).nanos().div_euclid(DAY_NS);
    day(a) == day(b)
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
