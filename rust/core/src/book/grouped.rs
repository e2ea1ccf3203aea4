//! [`Groups`]: the rows of a mixed batch put together by book, each book's in their order.
//!
//! Books do not know of each other, so that a book's changes may be applied in one go: what they touch, the book itself and its tables,
//! comes to the near caches once for all of them. Rows are copied into one block, book after book, in two passes: count, then place.

use super::order_book::OrderBook;
use crate::event::{BookAction, DeltaBatch};
use crate::types::{InstrumentId, Side};

/// Most rows in a block: a megabyte, of which half stays in the caches while it is filled and read.
pub(super) const BLOCK_ROWS: usize = 1 << 15;

/// A change and its book: 32 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) price: i64,
    pub(super) size: i64,
    pub(super) order: u64,
    pub(super) book: u32,
    /// Number of the row in its block.
    pub(super) number: u16,
    pub(super) action: BookAction,
    pub(super) side: Side,
}

/// What all rows of a block come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Shares, saturating; below zero where a row's are.
    pub(super) size: i64,
    /// A row names an order.
    pub(super) names_orders: bool,
    /// One more than the largest index of a book.
    pub(super) books: usize,
}

/// Room for a block; nothing is kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct Groups {
    rows: Vec<Row>,
    /// Rows of each book, and then where its next row goes; zero between blocks.
    places: Vec<u32>,
    /// Books of the block.
    touched: Vec<u32>,
}

/// A copy has its own room, when it needs some.
impl Clone for Groups {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Groups {
    /// Count the rows of each book in `range` of `batch`; a book whose index is not below `books_max` ends it with `None`.
    pub(super) fn count(
        &mut self,
        batch: &DeltaBatch,
        range: std::ops::Range<usize>,
        books_max: usize,
        id: &impl Fn(InstrumentId) -> InstrumentId,
    ) -> Option<Sums> {
        let mut sums = Sums::default();
        for i in range {
            let book = id(batch.instrument[i]).index();
            if book >= self.places.len() {
                if book >= books_max {
                    return None;
                }
                self.places.resize(book + 1, 0);
            }
            let count = &mut self.places[book];
            if *count == 0 {
                self.touched.push(book as u32);
            }
            *count += 1;
            let size = batch.size[i].raw();
            sums.size = if size < 0 || sums.size < 0 { -1 } else { sums.size.saturating_add(size) };
            sums.names_orders |= batch.order[i] != 0;
            sums.books = sums.books.max(book + 1);
        }
        Some(sums)
    }

    /// Books counted with the number of their rows.
    pub(super) fn counted(&self) -> impl Iterator<Item = (usize, usize)> {
        self.touched.iter().map(|&book| (book as usize, self.places[book as usize] as usize))
    }

    /// Place the rows that were counted; gives them book after book.
    pub(super) fn place(
        &mut self,
        batch: &DeltaBatch,
        range: std::ops::Range<usize>,
        id: &impl Fn(InstrumentId) -> InstrumentId,
    ) -> &[Row] {
        let mut next = 0;
        for &book in &self.touched {
            next += std::mem::replace(&mut self.places[book as usize], next);
        }
        let (rows, start) = (range.len(), range.start);
        if self.rows.len() < rows {
            let none = Row { price: 0, size: 0, order: 0, book: 0, number: 0, action: BookAction::Add, side: Side::Buy };
            self.rows.resize(rows, none);
        }
        for i in range {
            let book = id(batch.instrument[i]);
            let place = &mut self.places[book.index()];
            self.rows[*place as usize] = Row {
                price: batch.price[i].raw(),
                size: batch.size[i].raw(),
                order: batch.order[i],
                book: book.0,
                number: (i - start) as u16,
                action: batch.action[i],
                side: batch.side[i],
            };
            *place += 1;
        }
        &self.rows[..rows]
    }

    /// Forget the block.
    pub(super) fn clear(&mut self) {
        for book in self.touched.drain(..) {
            self.places[book as usize] = 0;
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + (self.places.capacity() + self.touched.capacity()) * size_of::<u32>()
    }
}

/// True when so many changes, which together have no more shares than fit any level, cannot be refused by `book`.
pub(super) fn takes_all(book: &OrderBook, changes: usize, names_orders: bool) -> bool {
    let config = &book.config;
    let levels = book.levels.len(Side::Buy).max(book.levels.len(Side::Sell));
    (!names_orders || config.depth == super::config::Depth::L3)
        && book.order_count() + changes <= config.orders_max
        && levels + changes <= config.levels_max
}

/// Shares of the largest level of `book`.
pub(super) fn largest_level(book: &OrderBook) -> i64 {
    [Side::Buy, Side::Sell].into_iter().flat_map(|side| book.levels.walk(side)).map(super::levels::Slot::size).max().unwrap_or(0)
}
