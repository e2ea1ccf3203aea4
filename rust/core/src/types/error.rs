//! One error type for the core. Every message says what is wrong, where, and what would be right.

use thiserror::Error as ThisError;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything the core can refuse. The Python package maps each variant to one class of the `TickwrightError` tree.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A number that cannot be held exactly or at all.
    #[error("{what}: {why}")]
    Number {
        /// The text or name of the number.
        what: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// An arithmetic result outside the range of its type.
    #[error("overflow in {what}: the result does not fit the fixed-point range; use smaller prices or quantities")]
    Overflow {
        /// The operation.
        what: &'static str,
    },
    /// Market data that cannot be read or trusted.
    #[error("{place}: {why}")]
    Data {
        /// File, row or column.
        place: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A setting that cannot work.
    #[error("{field}: {why}")]
    Config {
        /// The parameter's name.
        field: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A request about an order that cannot be met.
    #[error("order {order}: {why}")]
    Order {
        /// The order id or its description.
        order: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A strategy that failed; `place` names the strategy and its callback.
    #[error("{place}: {why}")]
    Strategy {
        /// Strategy, callback and event time.
        place: String,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A journal whose bytes are not what was written.
    #[error("{file} at byte {offset}, record {sequence}: {why}; `tickwright journal repair` copies what is intact into a new folder")]
    Corrupt {
        /// Name of the segment.
        file: String,
        /// Where in it the bad record or header begins.
        offset: u64,
        /// The sequence that was expected there.
        sequence: u64,
        /// What is wrong.
        why: String,
    },
    /// A journal that could not be read or written.
    #[error("{place}: {why}")]
    Storage {
        /// The segment or folder, and what was asked of it.
        place: String,
        /// What the system said, and what would be right.
        why: String,
    },
    /// The run was interrupted by the operator.
    #[error("interrupted at event time {at}")]
    Interrupted {
        /// Event time of the stop, RFC 3339.
        at: String,
    },
}

impl Error {
    /// A result of `what` that does not fit. A call, so that nothing is built, and dropped again, where it does fit.
    #[cold]
    pub(crate) const fn overflow(what: &'static str) -> Self {
        Self::Overflow { what }
    }

    /// A data error at `place`.
    pub fn data(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Data { place: place.into(), why: why.into() }
    }

    /// What the system said when `place` was read or written.
    pub fn storage(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Storage { place: place.into(), why: why.into() }
    }

    /// A configuration error for `field`.
    pub fn config(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Config { field: field.into(), why: why.into() }
    }
}
