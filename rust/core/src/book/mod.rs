//! Order books. [`TopOfBook`] is the best bid and ask with the last trade of one instrument.

mod top;

pub use top::TopOfBook;
