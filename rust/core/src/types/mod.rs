//! The words every other module speaks: fixed-point numbers, time, ids, sides and errors.
//!
//! Invariants: a [`Price`] or [`Qty`] is an `i64` count of 1e-9, a [`Money`] an `i128` count of 1e-9; arithmetic that would
//! leave the range is an [`Error`], never a wrap. Every type here is `Copy` and has no heap part but [`Instruments`], [`Labels`] and [`Error`].

/// Numbers as people write them where people read them, such as JSON, and as they are counted elsewhere.
macro_rules! readable {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_newtype_struct(stringify!($name), &self.0)
                }
            }
        }
    };
}
pub(crate) use readable;

mod error;
mod fixed;
mod ids;
mod money;
mod packed;
mod random;
mod time;

pub use error::{Error, Result};
pub use fixed::{FRACTION_DIGITS, Price, Qty, SCALE};
pub use ids::{InstrumentId, Instruments, Label, Labels, OrderId, Side, StrategyId};
pub use money::Money;
pub(crate) use money::div_half_even;
pub use random::Random;
pub use time::{DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, Timestamp};
