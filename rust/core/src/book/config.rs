//! What a book keeps, how far it may grow, and what it tells about its changes.

use crate::types::{Price, Qty, Side};

/// How deep a book is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Depth {
    /// The best level of each side; a level change replaces the side.
    L1,
    /// Price levels; changes that name an order are refused.
    L2,
    /// Orders in their queues, beside levels without orders.
    #[default]
    L3,
}

impl Depth {
    /// Every depth with its name.
    pub const ALL: [(&'static str, Self); 3] = [("L1", Self::L1), ("L2", Self::L2), ("L3", Self::L3)];

    /// `L1`, `L2` or `L3`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
        }
    }
}

/// What becomes of a change that would put a new level through the best price of the other side. A locked book (bid = ask) is
/// no crossed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum CrossedPolicy {
    /// It is applied and counted: the book is what the feed says, as in a pre-open or between the messages of one event.
    #[default]
    Keep,
    /// It is applied, and the levels of the other side that it goes through are dropped as stale, with their orders.
    Uncross,
    /// It is left out and counted.
    Reject,
}

impl CrossedPolicy {
    /// Every policy with its name.
    pub const ALL: [(&'static str, Self); 3] = [("keep", Self::Keep), ("uncross", Self::Uncross), ("reject", Self::Reject)];

    /// `keep`, `uncross` or `reject`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Uncross => "uncross",
            Self::Reject => "reject",
        }
    }
}

/// Settings of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BookConfig {
    /// How deep it is.
    pub depth: Depth,
    /// What becomes of changes that cross it.
    pub crossed: CrossedPolicy,
    /// Most live orders; one more is an error. At most 2^31.
    pub orders_max: usize,
    /// Most levels of a side; one more is an error.
    pub levels_max: usize,
}

impl Default for BookConfig {
    fn default() -> Self {
        Self { depth: Depth::L3, crossed: CrossedPolicy::Keep, orders_max: 1_000_000, levels_max: 100_000 }
    }
}

/// What a change did to the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// As the feed says.
    Applied,
    /// The order is not known; so many shares of the anonymous size at its price were taken instead (zero when there were none).
    /// A [`BookAction::Modify`](crate::event::BookAction::Modify) added it.
    UnknownOrder {
        /// Shares taken.
        taken: Qty,
    },
    /// The change asks for more shares than the order or level has; it was emptied.
    TooMuch {
        /// Shares that were missing.
        missing: Qty,
    },
    /// An order of this id is there already; the new one took its place, at the end of the queue.
    Replaced,
    /// It crossed the book, and so many levels of the other side were dropped.
    Uncrossed {
        /// Levels dropped.
        levels: u32,
    },
    /// It would have crossed the book and was left out.
    Rejected,
}

/// A price level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Price, dollars.
    pub price: Price,
    /// Shares in all.
    pub size: Qty,
    /// Orders whose ids are known.
    pub orders: u32,
}

/// An order in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookOrder {
    /// The exchange's id.
    pub id: u64,
    /// Side.
    pub side: Side,
    /// Price, dollars.
    pub price: Price,
    /// Shares left.
    pub size: Qty,
}

/// What stands in front of an order at its price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueAhead {
    /// Orders in front.
    pub orders: u32,
    /// Shares of those orders.
    pub size: Qty,
    /// Shares of the level without orders, whose place is not known: what a snapshot showed stood in front of all later orders.
    pub anonymous: Qty,
}

/// What was seen since the book was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Changes taken, those that were left out too.
    pub changes: u64,
    /// Changes of an order that was not known.
    pub unknown_orders: u64,
    /// Changes that asked for more shares than there were.
    pub too_much: u64,
    /// Orders added under an id that was in use.
    pub replaced: u64,
    /// Changes that crossed the book or would have.
    pub crossed: u64,
    /// Levels dropped by [`CrossedPolicy::Uncross`].
    pub uncrossed_levels: u64,
    /// Changes left out by [`CrossedPolicy::Reject`].
    pub rejected: u64,
}

impl Counts {
    /// Names and values, in the order of the fields.
    pub const fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("changes", self.changes),
            ("unknown_orders", self.unknown_orders),
            ("too_much", self.too_much),
            ("replaced", self.replaced),
            ("crossed", self.crossed),
            ("uncrossed_levels", self.uncrossed_levels),
            ("rejected", self.rejected),
        ]
    }

    /// Add `other`'s counts.
    pub(super) const fn add(&mut self, other: &Self) {
        self.changes += other.changes;
        self.unknown_orders += other.unknown_orders;
        self.too_much += other.too_much;
        self.replaced += other.replaced;
        self.crossed += other.crossed;
        self.uncrossed_levels += other.uncrossed_levels;
        self.rejected += other.rejected;
    }

    /// What came since `before`, an earlier state of the same counts.
    #[must_use]
    pub const fn since(&self, before: &Self) -> Self {
        Self {
            changes: self.changes.saturating_sub(before.changes),
            unknown_orders: self.unknown_orders.saturating_sub(before.unknown_orders),
            too_much: self.too_much.saturating_sub(before.too_much),
            replaced: self.replaced.saturating_sub(before.replaced),
            crossed: self.crossed.saturating_sub(before.crossed),
            uncrossed_levels: self.uncrossed_levels.saturating_sub(before.uncrossed_levels),
            rejected: self.rejected.saturating_sub(before.rejected),
        }
    }
}
