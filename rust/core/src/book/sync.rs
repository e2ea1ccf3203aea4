//! [`DepthSync`]: which updates of a depth stream fit the book, and when a new snapshot is needed.
//!
//! A depth stream sends changes numbered from `first` to `last`; the book itself comes from a snapshot that is fetched aside.
//! Until the snapshot is there the caller keeps the updates, oldest first, and the machine keeps their numbers; the snapshot
//! then tells which of them are too old. The machine holds numbers alone, so that it serves any source.
//!
//! Invariants: what the caller keeps and what the machine counts as buffered are the same updates in the same order, at most
//! [`DepthSync::limit`] of them, each continuing the one before. An update costs O(1), a snapshot O(buffered).

use std::collections::VecDeque;

/// Updates kept before a snapshot where nothing else is said.
pub const BUFFER_LIMIT: usize = 10_000;

/// How the numbers of one update follow from those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// `first` is one above the `last` before, as on Binance spot (`U` = previous `u` + 1) and wherever messages are numbered
    /// one by one (`first` = `last`). The first update after a snapshot reaches over it: `first` ≤ id + 1 ≤ `last`. An update
    /// that overlaps the one before is taken, since level sizes are absolute.
    Contiguous,
    /// `previous` is the `last` before, as on Binance futures (`pu` = previous `u`); numbers between may be left out. The first
    /// update after a snapshot reaches over it, `first` ≤ id + 1 and id ≤ `last`, or names it in `previous`.
    Linked,
}

/// What to do with an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an update must be applied, kept or left out as this says"]
pub enum Verdict {
    /// It continues the book: apply it.
    Apply,
    /// There is no snapshot yet: keep it behind those kept before.
    Buffer,
    /// The book already holds it: leave it out.
    Stale,
    /// Something was lost: forget what was kept, keep this update as the first, and fetch a new snapshot.
    Gap,
}

/// What to do with a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a snapshot must be loaded or fetched anew as this says"]
pub enum SnapshotVerdict {
    /// Load it, leave out the `stale` oldest of the kept updates, and apply the others.
    Load {
        /// Kept updates that the snapshot already holds.
        stale: usize,
    },
    /// It ends before the first update that is kept, or before the book as it is: keep all as it is and fetch a newer one.
    TooOld,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: u64,
    last: u64,
    previous: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No snapshot; updates are kept.
    Waiting,
    /// A snapshot with this id and no update since.
    Loaded(u64),
    /// The `last` of the newest update.
    Live(u64),
}

/// Watches over the numbers of one depth stream.
#[derive(Clone, Debug)]
pub struct DepthSync {
    rule: Rule,
    state: State,
    limit: usize,
    buffered: VecDeque<Span>,
    gaps: u64,
    stale: u64,
}

impl DepthSync {
    /// Waiting for a snapshot; keeps up to [`BUFFER_LIMIT`] updates.
    pub const fn new(rule: Rule) -> Self {
        Self::with_limit(rule, BUFFER_LIMIT)
    }

    /// The same with room for `limit` updates before the snapshot; at least one is kept.
    pub const fn with_limit(rule: Rule, limit: usize) -> Self {
        let limit = if limit == 0 { 1 } else { limit };
        Self { rule, state: State::Waiting, limit, buffered: VecDeque::new(), gaps: 0, stale: 0 }
    }

    /// Take the numbers of an update: Binance's `U`, `u` and, of futures, `pu`.
    pub fn on_update(&mut self, first: u64, last: u64, previous: Option<u64>) -> Verdict {
        let span = Span { first, last, previous };
        if first > last {
            return self.gap(None);
        }
        match self.state {
            State::Waiting => match self.buffered.back() {
                Some(newest) if last <= newest.last => self.old(),
                Some(&newest) if self.buffered.len() >= self.limit || !self.continues(newest.last, span) => self.gap(Some(span)),
                _ => {
                    self.buffered.push_back(span);
                    Verdict::Buffer
                }
            },
            State::Loaded(id) if self.is_stale(id, span) => self.old(),
            State::Loaded(id) if self.reaches_over(id, span) => self.go_live(last),
            State::Live(newest) if last <= newest => self.old(),
            State::Live(newest) if self.continues(newest, span) => self.go_live(last),
            State::Loaded(_) | State::Live(_) => self.gap(Some(span)),
        }
    }

    /// Take a snapshot that holds every change up to `last_update_id`.
    pub fn on_snapshot(&mut self, last_update_id: u64) -> SnapshotVerdict {
        if matches!(self.state, State::Loaded(id) | State::Live(id) if last_update_id < id) {
            return SnapshotVerdict::TooOld;
        }
        let stale = self.buffered.iter().take_while(|&&span| self.is_stale(last_update_id, span)).count();
        let Some(&oldest) = self.buffered.get(stale) else {
            self.buffered.clear();
            self.state = State::Loaded(last_update_id);
            return SnapshotVerdict::Load { stale };
        };
        if !self.reaches_over(last_update_id, oldest) {
            return SnapshotVerdict::TooOld;
        }
        // Kept updates continue one another, so the newest is where the book will be.
        self.state = State::Live(self.buffered.back().map_or(last_update_id, |newest| newest.last));
        self.buffered.clear();
        SnapshotVerdict::Load { stale }
    }

    /// Forget the book and what was kept, as after a lost connection.
    pub fn reset(&mut self) {
        self.state = State::Waiting;
        self.buffered.clear();
    }

    /// A snapshot is loaded and nothing was lost since.
    pub const fn is_live(&self) -> bool {
        !matches!(self.state, State::Waiting)
    }

    /// The newest number that the book holds.
    pub const fn last_id(&self) -> Option<u64> {
        match self.state {
            State::Waiting => None,
            State::Loaded(id) | State::Live(id) => Some(id),
        }
    }

    /// Updates kept for the snapshot.
    pub fn buffered(&self) -> usize {
        self.buffered.len()
    }

    /// Most updates that are kept.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// How often something was lost.
    pub const fn gaps(&self) -> u64 {
        self.gaps
    }

    /// How many updates came too late.
    pub const fn stale(&self) -> u64 {
        self.stale
    }

    fn go_live(&mut self, last: u64) -> Verdict {
        self.state = State::Live(last);
        Verdict::Apply
    }

    fn old(&mut self) -> Verdict {
        self.stale += 1;
        Verdict::Stale
    }

    fn gap(&mut self, span: Option<Span>) -> Verdict {
        self.gaps += 1;
        self.reset();
        self.buffered.extend(span);
        Verdict::Gap
    }

    /// `span` follows an update that ends at `newest`.
    fn continues(&self, newest: u64, span: Span) -> bool {
        match self.rule {
            Rule::Contiguous => span.first <= newest.saturating_add(1),
            Rule::Linked => span.previous == Some(newest),
        }
    }

    /// A snapshot up to `id` holds all of `span`. Of futures an update that ends at the snapshot counts as its continuation, as
    /// Binance has it: the next one names it in `previous`.
    fn is_stale(&self, id: u64, span: Span) -> bool {
        match self.rule {
            Rule::Contiguous => span.last <= id,
            Rule::Linked => span.last < id,
        }
    }

    /// `span`, which is not stale, may be the first after a snapshot up to `id`.
    fn reaches_over(&self, id: u64, span: Span) -> bool {
        span.first <= id.saturating_add(1) || (self.rule == Rule::Linked && span.previous == Some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spot_updates_wait_for_the_snapshot_and_go_on_without_a_hole() {
        let mut sync = DepthSync::new(Rule::Contiguous);
        assert_eq!(sync.on_update(90, 99, None), Verdict::Buffer);
        assert_eq!(sync.on_update(100, 105, None), Verdict::Buffer);
        assert_eq!(sync.on_update(106, 110, None), Verdict::Buffer);
        assert_eq!((sync.is_live(), sync.last_id(), sync.buffered()), (false, None, 3));
        assert_eq!(sync.on_snapshot(80), SnapshotVerdict::TooOld);
        assert_eq!(sync.on_snapshot(102), SnapshotVerdict::Load { stale: 1 });
        assert_eq!((sync.is_live(), sync.last_id(), sync.buffered()), (true, Some(110), 0));
        assert_eq!(sync.on_update(106, 110, None), Verdict::Stale);
        assert_eq!(sync.on_update(111, 111, None), Verdict::Apply);
        assert_eq!(sync.on_update(113, 120, None), Verdict::Gap);
        assert_eq!((sync.is_live(), sync.buffered(), sync.gaps(), sync.stale()), (false, 1, 1, 1));
        assert_eq!(sync.on_snapshot(111), SnapshotVerdict::TooOld);
        assert_eq!(sync.on_update(121, 130, None), Verdict::Buffer);
        assert_eq!(sync.on_snapshot(112), SnapshotVerdict::Load { stale: 0 });
        assert_eq!(sync.last_id(), Some(130));
    }

    #[test]
    fn the_first_update_after_a_snapshot_must_reach_over_it() {
        for (first, last, expected) in
            [(95, 100, Verdict::Stale), (95, 101, Verdict::Apply), (101, 101, Verdict::Apply), (102, 103, Verdict::Gap)]
        {
            let mut sync = DepthSync::new(Rule::Contiguous);
            assert_eq!(sync.on_snapshot(100), SnapshotVerdict::Load { stale: 0 });
            assert_eq!(sync.on_update(first, last, None), expected, "{first} to {last}");
        }
    }

    #[test]
    fn futures_updates_name_the_one_before() {
        let mut sync = DepthSync::new(Rule::Linked);
        assert_eq!(sync.on_update(10, 14, Some(9)), Verdict::Buffer);
        assert_eq!(sync.on_update(17, 20, Some(14)), Verdict::Buffer);
        assert_eq!(sync.on_update(25, 30, Some(20)), Verdict::Buffer);
        assert_eq!(sync.on_snapshot(20), SnapshotVerdict::Load { stale: 1 });
        assert_eq!(sync.last_id(), Some(30));
        assert_eq!(sync.on_update(40, 50, Some(30)), Verdict::Apply);
        assert_eq!(sync.on_update(51, 60, Some(49)), Verdict::Gap);
        // The lost update is in the snapshot; the kept one reaches over it.
        assert_eq!(sync.on_snapshot(55), SnapshotVerdict::Load { stale: 0 });
        assert_eq!(sync.on_update(61, 70, None), Verdict::Gap);
    }

    #[test]
    fn a_futures_snapshot_between_two_updates_is_continued_by_the_link() {
        let mut sync = DepthSync::new(Rule::Linked);
        assert_eq!(sync.on_snapshot(20), SnapshotVerdict::Load { stale: 0 });
        assert_eq!(sync.on_update(25, 30, Some(20)), Verdict::Apply);
        assert_eq!(sync.on_snapshot(29), SnapshotVerdict::TooOld);
        assert_eq!(sync.on_snapshot(40), SnapshotVerdict::Load { stale: 0 });
        assert_eq!(sync.on_update(31, 39, Some(30)), Verdict::Stale);
        assert_eq!(sync.on_update(41, 45, Some(39)), Verdict::Apply);
    }

    #[test]
    fn a_hole_or_too_many_before_the_snapshot_begin_anew() {
        let mut sync = DepthSync::with_limit(Rule::Contiguous, 2);
        assert_eq!(sync.on_update(1, 1, None), Verdict::Buffer);
        assert_eq!(sync.on_update(1, 1, None), Verdict::Stale);
        assert_eq!(sync.on_update(3, 3, None), Verdict::Gap);
        assert_eq!(sync.on_update(4, 4, None), Verdict::Buffer);
        assert_eq!(sync.on_update(5, 5, None), Verdict::Gap);
        assert_eq!(sync.buffered(), 1);
        assert_eq!(sync.on_update(9, 8, None), Verdict::Gap);
        assert_eq!((sync.buffered(), sync.gaps(), sync.limit()), (0, 3, 2));
        assert_eq!(DepthSync::with_limit(Rule::Linked, 0).limit(), 1);
        assert_eq!(DepthSync::new(Rule::Contiguous).on_update(u64::MAX, u64::MAX, Some(0)), Verdict::Buffer);
    }

    proptest! {
        /// The caller's part played as the documentation says, over a lossy stream: the book is a set of applied numbers.
        #[test]
        fn a_live_book_never_lacks_a_change(
            linked in any::<bool>(),
            limit in 1_usize..6,
            lengths in proptest::collection::vec((1_u64..4, any::<bool>(), 0_u64..6), 1..60),
        ) {
            let rule = if linked { Rule::Linked } else { Rule::Contiguous };
            let mut sync = DepthSync::with_limit(rule, limit);
            let (mut kept, mut book): (Vec<u64>, Option<u64>) = (Vec::new(), None);
            let mut last = 0;
            for (length, lost, snapshot_age) in lengths {
                let (first, previous) = (last + 1, last);
                last += length;
                if !lost {
                    match sync.on_update(first, last, linked.then_some(previous)) {
                        Verdict::Apply => {
                            prop_assert!(book.is_some_and(|held| held + 1 >= first), "{book:?} {first}");
                            book = Some(last);
                        }
                        Verdict::Buffer => kept.push(last),
                        Verdict::Stale => prop_assert!(book.is_some_and(|held| last <= held)),
                        Verdict::Gap => {
                            kept = vec![last];
                            book = None;
                        }
                    }
                }
                prop_assert!(kept.len() <= limit);
                prop_assert_eq!(kept.len(), sync.buffered());
                if book.is_none() && snapshot_age < 5 {
                    let id = last.saturating_sub(snapshot_age);
                    if let SnapshotVerdict::Load { stale } = sync.on_snapshot(id) {
                        book = Some(kept.split_off(stale).last().copied().unwrap_or(id));
                        kept.clear();
                    }
                }
                prop_assert_eq!(book, sync.last_id());
            }
        }
    }
}
