//! [`BookSet`]: the books of many instruments, fed from one mixed batch.

use super::batch::{STRIDE, WORTHWHILE, row_error};
use super::config::{BookConfig, Counts};
use super::order_book::OrderBook;
use super::prefetch::prefetch_all;
use super::queue::NONE;
use crate::event::{BookDelta, DeltaBatch, Quote};
use crate::types::{Error, InstrumentId, Result};

/// Books where nothing else is said.
pub const BOOKS_MAX: usize = 10_000;
/// Live orders of all books together where nothing else is said.
pub const SET_ORDERS_MAX: usize = 10_000_000;

/// A book takes about as much memory as this many orders before it holds any: they count alike for asking ahead.
const BOOK_IN_ORDERS: usize = 20;

/// One book an instrument, in an array by its dense id. A book that was never touched holds no heap memory; its place takes
/// `size_of::<OrderBook>()` bytes.
#[derive(Clone, Debug)]
pub struct BookSet {
    config: BookConfig,
    books: Vec<OrderBook>,
    books_max: usize,
    orders_max: usize,
    /// Live orders of all books.
    orders: usize,
}

impl Default for BookSet {
    fn default() -> Self {
        Self { config: BookConfig::default(), books: Vec::new(), books_max: BOOKS_MAX, orders_max: SET_ORDERS_MAX, orders: 0 }
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
        self.apply_counted(delta.instrument, |book| book.apply(delta))
    }

    /// Take a quote as the best of both sides of its instrument's book.
    pub fn apply_quote(&mut self, quote: &Quote) -> Result<()> {
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
        for i in 0..batch.len() {
            // As for one book; among 5,000 books of 20 orders 220 ns with asking against 400 to 500 without.
            if self.orders + self.books.len() * BOOK_IN_ORDERS >= WORTHWHILE {
                self.ask_ahead(batch, i, &id);
            }
            self.apply_counted(id(batch.instrument[i]), |book| {
                book.change(batch.action[i], batch.side[i], batch.order[i], batch.price[i].raw(), batch.size[i].raw())
            })
            .map_err(|error| row_error(batch, i, &error))?;
        }
        Ok(())
    }

    /// Ask for what the rows after `i` will touch, each thing once what leads to it has come.
    #[inline]
    fn ask_ahead(&self, batch: &DeltaBatch, i: usize, id: &impl Fn(InstrumentId) -> InstrumentId) {
        let row = |ahead: usize| {
            let i = i + ahead * STRIDE;
            let book = self.books.get(id(*batch.instrument.get(i)?).index())?;
            Some((book, batch.side[i], batch.order[i], batch.price[i].raw()))
        };
        if let Some((book, ..)) = row(5) {
            prefetch_all(book);
        }
        if let Some((book, side, order, price)) = row(4) {
            book.ask_for_entry(order);
            book.levels.ask_for_prices(side, price);
        }
        if let Some((book, side, order, price)) = row(3) {
            book.ask_for_order(order);
            book.levels.ask_for_level(side, price);
        }
        if let Some((book, _, order, _)) = row(2) {
            book.ask_for_neighbours(order);
            book.levels.ask_for_slots(book.orders.likely(order).map_or(NONE, |order| order.level));
        }
    }

    #[inline]
    fn apply_counted<T>(&mut self, instrument: InstrumentId, change: impl FnOnce(&mut OrderBook) -> Result<T>) -> Result<T> {
        let (orders, most) = (self.orders, self.orders_max);
        let book = self.book_mut(instrument)?;
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
        let book = self.book_mut(instrument)?;
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
        self.books.capacity() * size_of::<OrderBook>() + self.books.iter().map(OrderBook::heap_bytes).sum::<usize>()
    }
}
