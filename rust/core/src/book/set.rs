//! [`BookSet`]: the books of many instruments, fed from one mixed batch.

use super::batch::{STRIDE, WORTHWHILE, row_error};
use super::config::{BookConfig, Counts};
use super::grouped::{BLOCK_ROWS, Groups, Row, Sums, largest_level, takes_all};
use super::order_book::OrderBook;
use super::prefetch::prefetch_all;
use super::queue::NONE;
use crate::event::{BookDelta, DeltaBatch, Quote};
use crate::types::{Error, InstrumentId, Result};

/// Books where nothing else is said.
pub const BOOKS_MAX: usize = 10_000;
/// Live orders of all books together where nothing else is said.
pub const SET_ORDERS_MAX: usize = 10_000_000;

/// Fewer rows are not put together by book: that would cost more than it saves. Tests do it early.
const GROUPED_ROWS_MIN: usize = if cfg!(test) { 4 } else { 256 };
/// As many orders, books counted as [`BOOK_IN_ORDERS`], lie in the near caches in any order.
const GROUPED_ORDERS_MIN: usize = if cfg!(test) { 1 } else { 10_000 };

/// So many books' levels may be looked through for each row of a batch.
const HEADROOM_BOOKS_A_ROW: usize = 8;

/// A book takes about as much memory as this many orders before it holds any: they count alike for asking ahead.
const BOOK_IN_ORDERS: usize = 20;

/// One book an instrument, in an array by its dense id. A book that was never touched holds no heap memory; its place takes
/// `size_of::<OrderBook>()` bytes.
///
/// A large batch is applied book by book, each book's rows in their order, with up to a megabyte of room for its rows; where a row
/// might be refused, row by row, so that the rows behind it are not applied.
#[derive(Clone, Debug)]
pub struct BookSet {
    config: BookConfig,
    books: Vec<OrderBook>,
    books_max: usize,
    orders_max: usize,
    /// Live orders of all books.
    orders: usize,
    /// So many shares fit into every level on top of what it has; 0 when that is not known.
    headroom: i64,
    groups: Groups,
}

impl Default for BookSet {
    fn default() -> Self {
        Self {
            config: BookConfig::default(),
            books: Vec::new(),
            books_max: BOOKS_MAX,
            orders_max: SET_ORDERS_MAX,
            orders: 0,
            headroom: 0,
            groups: Groups::default(),
        }
    }
}

impl BookSet {
    /// No books yet; each will have these settings. Ids are below `books_max`, and all books together hold at most
    /// `orders_max` orders.
    pub fn with_config(config: BookConfig, books_max: usize, orders_max: usize) -> Result<Self> {
        OrderBook::with_config(config)?;
        Ok(Self { config, books_max, orders_max, ..Self::default() })
    }

    /// The book of `instrument`, made where there is none.
    #[inline]
    pub fn book_mut(&mut self, instrument: InstrumentId) -> Result<&mut OrderBook> {
        self.headroom = 0;
        self.book_at(instrument)
    }

    #[inline]
    fn book_at(&mut self, instrument: InstrumentId) -> Result<&mut OrderBook> {
        let index = instrument.index();
        if index >= self.books.len() {
            self.make_room(index)?;
        }
        Ok(&mut self.books[index])
    }

    #[cold]
    fn make_room(&mut self, index: usize) -> Result<()> {
        if index >= self.books_max {
            return Err(Error::data(
                format!("instrument {index}"),
                format!("is beyond the {} books of this set; raise books_max", self.books_max),
            ));
        }
        while self.books.len() <= index {
            self.books.push(OrderBook::with_config(self.config)?);
        }
        Ok(())
    }

    /// Apply one change to its instrument's book.
    pub fn apply(&mut self, delta: &BookDelta) -> Result<super::Outcome> {
        self.headroom = self.headroom.saturating_sub(delta.size.raw().max(0)).max(0);
        self.apply_counted(delta.instrument, |book| book.apply(delta))
    }

    /// Take a quote as the best of both sides of its instrument's book.
    pub fn apply_quote(&mut self, quote: &Quote) -> Result<()> {
        self.headroom = self.headroom.saturating_sub(quote.bid_size.raw().max(quote.ask_size.raw()).max(0)).max(0);
        self.apply_counted(quote.instrument, |book| book.apply_quote(quote))
    }

    /// Apply every row to its instrument's book. An error names the row; the rows before it stay applied.
    pub fn apply_batch(&mut self, batch: &DeltaBatch) -> Result<()> {
        self.apply_rows(batch, |id| id)
    }

    /// The same for a batch whose ids are of another table: `ids` has this set's id for each of them. An id beyond it is an error.
    pub fn apply_mapped(&mut self, batch: &DeltaBatch, ids: &[InstrumentId]) -> Result<()> {
        self.apply_rows(batch, |id| ids.get(id.index()).copied().unwrap_or(InstrumentId(u32::MAX)))
    }

    fn apply_rows(&mut self, batch: &DeltaBatch, id: impl Fn(InstrumentId) -> InstrumentId) -> Result<()> {
        let mut start = 0;
        while start < batch.len() {
            let range = start..batch.len().min(start + BLOCK_ROWS);
            start = range.end;
            if !self.apply_grouped(batch, range.clone(), &id)? {
                self.apply_in_order(batch, range, &id)?;
            }
        }
        Ok(())
    }

    fn apply_in_order(
        &mut self,
        batch: &DeltaBatch,
        range: std::ops::Range<usize>,
        id: &impl Fn(InstrumentId) -> InstrumentId,
    ) -> Result<()> {
        self.headroom = 0;
        for i in range {
            self.apply_counted(id(batch.instrument[i]), |book| {
                book.change(batch.action[i], batch.side[i], batch.order[i], batch.price[i].raw(), batch.size[i].raw())
            })
            .map_err(|error| row_error(batch, i, &error))?;
        }
        Ok(())
    }

    /// Apply a block of rows book by book. False, and nothing done, where that does not pay, or where a row might be refused: then the
    /// rows behind it must not be applied, so that they go in their order.
    fn apply_grouped(
        &mut self,
        batch: &DeltaBatch,
        range: std::ops::Range<usize>,
        id: &impl Fn(InstrumentId) -> InstrumentId,
    ) -> Result<bool> {
        if range.len() < GROUPED_ROWS_MIN || self.orders + self.books.len() * BOOK_IN_ORDERS < GROUPED_ORDERS_MIN {
            return Ok(false);
        }
        let mut groups = std::mem::take(&mut self.groups);
        let sums = groups.count(batch, range.clone(), self.books_max, id).filter(|sums| self.takes_all(&groups, *sums, range.len()));
        let applied = sums.map(|sums| self.apply_placed(groups.place(batch, range.clone(), id), sums));
        groups.clear();
        self.groups = groups;
        match applied {
            None => Ok(false),
            Some(Ok(())) => Ok(true),
            Some(Err((row, error))) => Err(row_error(batch, range.start + row, &error)),
        }
    }

    /// True when no row of a block can be refused; its books are made.
    fn takes_all(&mut self, groups: &Groups, sums: Sums, rows: usize) -> bool {
        if sums.size < 0 || self.orders.saturating_add(rows) > self.orders_max || !self.has_headroom(sums.size, rows) {
            return false;
        }
        if sums.books > self.books.len() && self.make_room(sums.books - 1).is_err() {
            return false;
        }
        groups.counted().all(|(book, rows)| takes_all(&self.books[book], rows, sums.names_orders))
    }

    /// True when `size` more shares fit into any level.
    fn has_headroom(&mut self, size: i64, rows: usize) -> bool {
        if size >= self.headroom && rows * HEADROOM_BOOKS_A_ROW >= self.books.len() {
            self.headroom = i64::MAX - self.books.iter().map(largest_level).max().unwrap_or(0);
        }
        size < self.headroom
    }

    /// Apply rows that cannot be refused; should one be, the error has the row's number in its block.
    fn apply_placed(&mut self, rows: &[Row], sums: Sums) -> std::result::Result<(), (usize, Error)> {
        self.headroom = self.headroom.saturating_sub(sums.size);
        let asks = self.orders + self.books.len() * BOOK_IN_ORDERS >= WORTHWHILE;
        let mut orders = self.orders;
        for (i, row) in rows.iter().enumerate() {
            if asks {
                self.ask_ahead(&rows[i..]);
            }
            let Some(book) = self.books.get_mut(row.book as usize) else { continue };
            let before = book.order_count();
            let outcome = book.change(row.action, row.side, row.order, row.price, row.size);
            orders = orders - before + book.order_count();
            self.orders = orders;
            outcome.map_err(|error| (usize::from(row.number), error))?;
        }
        Ok(())
    }

    /// Ask for what later rows will touch, each thing once what leads to it has come.
    #[inline]
    fn ask_ahead(&self, rows: &[Row]) {
        let row = |ahead: usize| {
            let row = rows.get(ahead * STRIDE)?;
            Some((self.books.get(row.book as usize)?, row))
        };
        // What all changes of a book share is asked for once.
        let is_first = |ahead: usize, row: &Row| rows[ahead * STRIDE - 1].book != row.book;
        if let Some((book, row)) = row(4)
            && is_first(4, row)
        {
            prefetch_all(book);
        }
        if let Some((book, row)) = row(3) {
            if is_first(3, row) {
                book.levels.ask_for_prices();
            }
            book.ask_for_entry(row.order);
            book.levels.ask_for_price(row.side, row.price);
        }
        if let Some((book, row)) = row(2) {
            book.ask_for_order(row.order);
            book.levels.ask_for_level(row.side, row.price);
        }
        if let Some((book, row)) = row(1) {
            book.ask_for_neighbours(row.order);
            book.levels.ask_for_slots(book.orders.likely(row.order).map_or(NONE, |order| order.level));
        }
    }

    #[inline]
    fn apply_counted<T>(&mut self, instrument: InstrumentId, change: impl FnOnce(&mut OrderBook) -> Result<T>) -> Result<T> {
        let (orders, most) = (self.orders, self.orders_max);
        let book = self.book_at(instrument)?;
        let before = book.order_count();
        // A change adds one order at most; at the limit only changes that add none pass.
        if orders >= most {
            return self.apply_at_the_limit(instrument, change);
        }
        let outcome = change(book)?;
        let after = book.order_count();
        self.orders = orders - before + after;
        Ok(outcome)
    }

    #[cold]
    fn apply_at_the_limit<T>(&mut self, instrument: InstrumentId, change: impl FnOnce(&mut OrderBook) -> Result<T>) -> Result<T> {
        let most = self.orders_max;
        let book = self.book_at(instrument)?;
        let before = book.order_count();
        let own = std::mem::replace(&mut book.config.orders_max, before);
        let outcome = change(book);
        book.config.orders_max = own;
        let after = book.order_count();
        self.orders = self.orders - before + after;
        outcome.map_err(|error| Error::data("books", format!("hold {most} orders together, the limit of the set; {error}")))
    }

    /// The book of `instrument`, if its id was ever used or skipped over.
    pub fn book(&self, instrument: InstrumentId) -> Option<&OrderBook> {
        self.books.get(instrument.index())
    }

    /// Books with their ids, in order of id; those that never saw a change are left out.
    pub fn books(&self) -> impl Iterator<Item = (InstrumentId, &OrderBook)> {
        let all = self.books.iter().enumerate().map(|(i, book)| (InstrumentId(i as u32), book));
        all.filter(|(_, book)| book.counts.changes > 0 || !book.is_empty())
    }

    /// Live orders of all books.
    pub const fn order_count(&self) -> usize {
        self.orders
    }

    /// Settings of the books.
    pub const fn config(&self) -> &BookConfig {
        &self.config
    }

    /// The counts of all books together.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for book in &self.books {
            sum.add(&book.counts);
        }
        sum
    }

    /// Check every book; a fault names the instrument.
    pub fn check(&self) -> Result<()> {
        for (id, book) in self.books() {
            book.check().map_err(|error| Error::data(format!("instrument {}", id.0), error.to_string()))?;
        }
        let held: usize = self.books.iter().map(OrderBook::order_count).sum();
        if held != self.orders {
            return Err(Error::data("books", format!("hold {held} orders and count {}; rebuild them from snapshots", self.orders)));
        }
        Ok(())
    }

    /// Heap bytes held.
    pub fn heap_bytes(&self) -> usize {
        self.groups.heap_bytes()
            + self.books.capacity() * size_of::<OrderBook>()
            + self.books.iter().map(OrderBook::heap_bytes).sum::<usize>()
    }
}
