//! Order books: [`TopOfBook`], the best bid and ask with the last trade, and [`LevelBook`], every level and known order.

mod levels;
mod top;

pub use levels::{Level, LevelBook, Outcome};
pub use top::TopOfBook;
