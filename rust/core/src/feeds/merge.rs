//! Many streams into one by time.
//!
//! [`runs`] merges columns of times that are there as a whole; [`Merger`] merges batches as they come, with a bound on what waits.
//! Both are stable: rows of one moment come in order of their sources, rows of one source in their own order, so the result is
//! the stable sort of the sources one after the other. A loser tree finds the next source in ⌈log₂ k⌉ comparisons; while one source
//! stays first, its rows are taken by the run, found by a galloping search, at less than a comparison a row.

use crate::event::{BandBatch, BarBatch, CorrectionBatch, DeltaBatch, QuoteBatch, StatusBatch, TradeBatch};
use crate::types::{Error, InstrumentId, Result, Timestamp};
use std::collections::VecDeque;
use std::ops::Range;

/// Rows of one source that come one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index of the source.
    pub source: u32,
    /// First row.
    pub start: u32,
    /// How many rows.
    pub len: u32,
}

impl Run {
    /// The rows as indices.
    #[inline]
    pub const fn rows(&self) -> Range<usize> {
        self.start as usize..(self.start as usize + self.len as usize)
    }
}

/// When a source's next row is, or that it has none, after everything: from the top the time, turned so that it sorts as an
/// unsigned number, one bit for "none", and the source. One number compares without a branch, which a mixture of streams would
/// mispredict.
type Key = u128;

const NOTHING: Key = 1 << 32;

#[inline]
const fn next_of(ts: Timestamp, source: u32) -> Key {
    ((ts.nanos() as u64 ^ 1 << 63) as Key) << 64 | source as Key
}

#[inline]
const fn nothing(source: u32) -> Key {
    (u64::MAX as Key) << 64 | NOTHING | source as Key
}

#[inline]
const fn source_of(key: Key) -> u32 {
    key as u32
}

#[inline]
const fn is_nothing(key: Key) -> bool {
    key & NOTHING != 0
}

/// A tournament among sources: the winner has the smallest key, each inner node holds the loser of its match.
#[derive(Clone, Debug)]
struct LoserTree {
    losers: Vec<Key>,
    winner: Key,
    leaves: usize,
}

impl LoserTree {
    fn new(keys: &[Key]) -> Self {
        let leaves = keys.len().next_power_of_two();
        let key = |i: usize| keys.get(i).copied().unwrap_or(nothing(i as u32));
        // Winners from the leaves up; the losers stay.
        let mut winners = vec![nothing(0); 2 * leaves];
        let mut losers = vec![nothing(0); leaves];
        for (i, winner) in winners[leaves..].iter_mut().enumerate() {
            *winner = key(i);
        }
        for node in (1..leaves).rev() {
            let (a, b) = (winners[2 * node], winners[2 * node + 1]);
            (winners[node], losers[node]) = if a <= b { (a, b) } else { (b, a) };
        }
        Self { losers, winner: winners[1], leaves }
    }

    /// The node of a source's first match.
    #[inline]
    const fn parent(&self, source: u32) -> usize {
        (self.leaves + source as usize) >> 1
    }

    /// The winner's next key is `key`: play its way up again.
    #[inline]
    fn replay(&mut self, mut key: Key) {
        let mut node = self.parent(source_of(key));
        while node > 0 {
            let loser = &mut self.losers[node];
            let swap = *loser < key;
            let (low, high) = if swap { (*loser, key) } else { (key, *loser) };
            *loser = high;
            key = low;
            node /= 2;
        }
        self.winner = key;
    }

    /// The smallest key among the others: the best loser on the winner's way.
    #[inline]
    fn second(&self) -> Key {
        let mut node = self.parent(source_of(self.winner));
        let mut best = nothing(u32::MAX);
        while node > 0 {
            best = best.min(self.losers[node]);
            node /= 2;
        }
        best
    }
}

/// How many of the sorted `ts`, which are at least one, come before `bound` for `source`.
#[inline]
fn gallop(ts: &[Timestamp], source: u32, bound: Key) -> usize {
    let before = |t: &Timestamp| next_of(*t, source) < bound;
    let (mut low, mut step) = (0, 1);
    while ts.get(low + step).is_some_and(before) {
        low += step;
        step *= 2;
    }
    let end = ts.len().min(low + step);
    low + 1 + ts[low + 1..end.max(low + 1)].partition_point(before)
}

/// The stable merge of sorted columns of `times`, as runs; at most `u32::MAX` sources and rows a source.
pub fn runs(times: &[&[Timestamp]]) -> Vec<Run> {
    let rows: usize = times.iter().map(|t| t.len()).sum();
    let mut out: Vec<Run> = Vec::with_capacity(rows.min(1 << 16));
    if times.is_empty() {
        return out;
    }
    let mut at = vec![0_usize; times.len()];
    let first = |s: usize| times[s].first().map_or(nothing(s as u32), |&ts| next_of(ts, s as u32));
    let mut tree = LoserTree::new(&(0..times.len()).map(first).collect::<Vec<_>>());
    let mut left = rows;
    while left > 0 {
        let source = source_of(tree.winner);
        let (s, start) = (source as usize, at[source as usize]);
        // Where a source has won twice in a row it may win often: look for the end of its run at once.
        let again = out.last().is_some_and(|run| run.source == source);
        let len = if again { gallop(&times[s][start..], source, tree.second()) } else { 1 };
        at[s] = start + len;
        left -= len;
        match out.last_mut() {
            Some(run) if again => run.len += len as u32,
            _ => out.push(Run { source, start: start as u32, len: len as u32 }),
        }
        tree.replay(times[s].get(at[s]).map_or(nothing(source), |&ts| next_of(ts, source)));
    }
    out
}

/// Rows a run, below which rows are taken one by one: a copy of a few words costs more in its call than in its work.
const SHORT: usize = 8;

/// The stable merge of sorted columns of times, for putting other columns in that order.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Long runs, copied as a whole.
    Runs(Vec<Run>),
    /// Source and row of each row.
    Rows(Vec<(u32, u32)>),
}

impl Order {
    /// The merge of `times`.
    pub(crate) fn new(times: &[&[Timestamp]]) -> Self {
        let (runs, rows) = (runs(times), times.iter().map(|t| t.len()).sum::<usize>());
        if runs.len().saturating_mul(SHORT) < rows {
            return Self::Runs(runs);
        }
        let mut order = Vec::with_capacity(rows);
        for run in &runs {
            order.extend((run.start..run.start + run.len).map(|row| (run.source, row)));
        }
        Self::Rows(order)
    }

    /// One column of each source in this order.
    pub(crate) fn gather<T: Copy>(&self, columns: &[&[T]], out: &mut Vec<T>) {
        match self {
            Self::Runs(runs) => runs.iter().for_each(|run| out.extend_from_slice(&columns[run.source as usize][run.rows()])),
            Self::Rows(rows) => out.extend(rows.iter().map(|&(source, row)| columns[source as usize][row as usize])),
        }
    }

    /// The same for a column that some sources lack, whose rows read as none.
    pub(crate) fn gather_optional<T: Copy + Default>(&self, columns: &[&[T]], out: &mut Vec<T>) {
        match self {
            Self::Runs(runs) => runs.iter().for_each(|run| match columns[run.source as usize].get(run.rows()) {
                Some(values) => out.extend_from_slice(values),
                None => out.resize(out.len() + run.len as usize, T::default()),
            }),
            Self::Rows(rows) => {
                out.extend(rows.iter().map(|&(source, row)| columns[source as usize].get(row as usize).copied().unwrap_or_default()));
            }
        }
    }

    /// Give the gathered `ids` of each source those that `tables` has for them; a source without a table keeps its own.
    pub(crate) fn renumber(&self, ids: &mut [InstrumentId], tables: &[Option<&[InstrumentId]>]) {
        if tables.iter().all(Option::is_none) {
            return;
        }
        let renumber = |ids: &mut [InstrumentId], source: u32| {
            if let Some(table) = tables[source as usize] {
                for id in ids.iter_mut() {
                    *id = table.get(id.index()).copied().unwrap_or(*id);
                }
            }
        };
        match self {
            Self::Runs(runs) => {
                let mut rest = ids;
                for run in runs {
                    let (these, later) = rest.split_at_mut(run.len as usize);
                    renumber(these, run.source);
                    rest = later;
                }
            }
            Self::Rows(rows) => rows.iter().zip(ids).for_each(|(&(source, _), id)| renumber(std::slice::from_mut(id), source)),
        }
    }
}

/// A batch that a [`Merger`] takes: columns of which one is the time.
pub trait Timed: Default {
    /// Times of the rows.
    fn times(&self) -> &[Timestamp];
    /// Append rows of `other`.
    fn append(&mut self, other: &Self, rows: Range<usize>);
}

macro_rules! timed {
    ($($batch:ty),+) => {
        $(impl Timed for $batch {
            fn times(&self) -> &[Timestamp] {
                &self.ts
            }

            fn append(&mut self, other: &Self, rows: Range<usize>) {
                self.extend_range(other, rows);
            }
        })+
    };
}
timed!(QuoteBatch, TradeBatch, BarBatch, DeltaBatch, StatusBatch, BandBatch, CorrectionBatch);

/// Limits of a [`Merger`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MergerConfig {
    /// Most rows of one source that may wait; a push beyond it is [`Push::Full`].
    pub rows_max: usize,
    /// A source that has nothing to give holds up the rest no longer than this many nanoseconds of event time: rows older than the
    /// newest row of any source by more than this go on without it. `None`: the rest waits for it.
    pub patience_ns: Option<i64>,
}

impl Default for MergerConfig {
    fn default() -> Self {
        Self { rows_max: 1 << 16, patience_ns: None }
    }
}

/// What became of a batch that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Push<B> {
    /// It waits for its turn.
    Taken,
    /// The source's buffer has no room: here it is again; pull first.
    Full(B),
}

/// Why a pull stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pull {
    /// The limit was reached; there is more.
    Limit,
    /// The next row may be of this source, which has nothing waiting: push to it, end it, or move its watermark.
    Starved(usize),
    /// All sources have ended and all rows are given.
    Done,
}

#[derive(Clone, Debug)]
struct Source<B> {
    batches: VecDeque<B>,
    /// Next row of the first batch.
    at: usize,
    rows: usize,
    /// No later row may be before this.
    watermark: Timestamp,
    ended: bool,
}

/// Merges batches of many sources as they come.
///
/// Each source gives its rows in order of time, in batches of any size; a row before its source's watermark (its last row, or what
/// [`Self::advance`] said) is an error, so the output is sorted whatever comes. With `patience_ns` a source that comes back with
/// rows older than what was given without it gets them refused: they are counted in [`Self::late`] and left out.
#[derive(Clone, Debug)]
pub struct Merger<B> {
    sources: Vec<Source<B>>,
    config: MergerConfig,
    /// Time of the last row given out.
    given: Timestamp,
    /// Newest row seen.
    newest: Timestamp,
    late: u64,
}

impl<B: Timed> Merger<B> {
    /// Over `sources` streams.
    pub fn new(sources: usize, config: MergerConfig) -> Result<Self> {
        if sources == 0 || sources > 1 << 16 {
            return Err(Error::config("sources", format!("is {sources}; give 1 to 65,536")));
        }
        if config.rows_max == 0 {
            return Err(Error::config("rows_max", "is 0; let at least one row wait"));
        }
        if config.patience_ns.is_some_and(|ns| ns < 0) {
            return Err(Error::config("patience", "is below zero; give nanoseconds of event time, or none to wait"));
        }
        let source = || Source { batches: VecDeque::new(), at: 0, rows: 0, watermark: Timestamp::MIN, ended: false };
        Ok(Self { sources: (0..sources).map(|_| source()).collect(), config, given: Timestamp::MIN, newest: Timestamp::MIN, late: 0 })
    }

    fn source(&mut self, source: usize) -> Result<&mut Source<B>> {
        let known = self.sources.len();
        self.sources.get_mut(source).ok_or_else(|| Error::config("source", format!("is {source}; give 0 to {}", known - 1)))
    }

    /// Give `source` a batch, sorted by time. A batch larger than the whole buffer is taken when the buffer is empty.
    pub fn push(&mut self, source: usize, batch: B) -> Result<Push<B>> {
        let (rows_max, given) = (self.config.rows_max, self.given);
        let from = self.source(source)?;
        let times = batch.times();
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return Ok(Push::Taken) };
        if from.ended {
            return Err(Error::data(format!("source {source}"), "has ended and gives more; end a source after its last batch"));
        }
        if let Some(row) = times.windows(2).position(|w| w[1] < w[0]) {
            return Err(Error::data(format!("source {source}: row {}", row + 2), "is before the row above; sort each batch by time"));
        }
        if first < from.watermark {
            return Err(Error::data(
                format!("source {source}: row 1"),
                format!("is at {first}, before {}, which the source had reached; give its batches in order of time", from.watermark),
            ));
        }
        if from.rows > 0 && from.rows + times.len() > rows_max {
            return Ok(Push::Full(batch));
        }
        let late = times.partition_point(|&t| t < given);
        from.watermark = last;
        let on_time = times.len() - late;
        if on_time > 0 {
            if late > 0 {
                let mut rest = B::default();
                rest.append(&batch, late..late + on_time);
                from.batches.push_back(rest);
            } else {
                from.batches.push_back(batch);
            }
            from.rows += on_time;
        }
        self.late += late as u64;
        self.newest = self.newest.max(last);
        Ok(Push::Taken)
    }

    /// `source` will give no row before `ts`: the rest need not wait for it until then.
    pub fn advance(&mut self, source: usize, ts: Timestamp) -> Result<()> {
        let from = self.source(source)?;
        from.watermark = from.watermark.max(ts);
        Ok(())
    }

    /// `source` gives nothing more.
    pub fn end(&mut self, source: usize) -> Result<()> {
        self.source(source)?.ended = true;
        Ok(())
    }

    /// Rows waiting.
    pub fn waiting(&self) -> usize {
        self.sources.iter().map(|s| s.rows).sum()
    }

    /// Rows left out because they came after their time had been given without them.
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// The first moment at which a source without rows might give one, and which source that is.
    fn horizon(&self) -> Key {
        let mut horizon = nothing(u32::MAX);
        for (i, source) in self.sources.iter().enumerate() {
            if source.rows == 0 && !source.ended {
                let patient = self.config.patience_ns.map_or(Timestamp::MIN, |ns| self.newest.plus(ns.saturating_neg()));
                horizon = horizon.min(next_of(source.watermark.max(patient), i as u32));
            }
        }
        horizon
    }

    /// Append at least one and about `rows` rows to `out`, in order, as far as it is sure that no earlier one can come.
    pub fn pull(&mut self, rows: usize, out: &mut B) -> Pull {
        let key = |s: &Source<B>, i: usize| match s.batches.front() {
            Some(batch) => next_of(batch.times()[s.at], i as u32),
            None => nothing(i as u32),
        };
        let mut tree = LoserTree::new(&self.sources.iter().enumerate().map(|(i, s)| key(s, i)).collect::<Vec<_>>());
        let mut horizon = self.horizon();
        let mut given = 0;
        while !is_nothing(tree.winner) {
            if tree.winner >= horizon {
                return Pull::Starved(source_of(horizon) as usize);
            }
            if given >= rows {
                return Pull::Limit;
            }
            let index = source_of(tree.winner);
            let bound = tree.second().min(horizon);
            let source = &mut self.sources[index as usize];
            let Some(batch) = source.batches.front() else { break };
            let times = &batch.times()[source.at..];
            let n = gallop(times, index, bound).min(rows - given);
            self.given = times[n - 1];
            out.append(batch, source.at..source.at + n);
            given += n;
            source.rows -= n;
            source.at += n;
            if source.at == batch.times().len() {
                source.batches.pop_front();
                source.at = 0;
            }
            tree.replay(key(source, index as usize));
            if source.rows == 0 && !source.ended {
                horizon = self.horizon();
            }
        }
        if is_nothing(horizon) { Pull::Done } else { Pull::Starved(source_of(horizon) as usize) }
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
