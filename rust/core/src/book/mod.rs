//! Order books: [`TopOfBook`], the best bid and ask with the last trade, [`LevelBook`], every level and known order, and
//! [`DepthSync`], which keeps a book in step with its stream.

mod levels;
mod sync;
mod top;

pub use levels::{Level, LevelBook, Outcome};
pub use sync::{BUFFER_LIMIT, DepthSync, Rule, SnapshotVerdict, Verdict};
pub use top::TopOfBook;
