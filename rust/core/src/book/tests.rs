//! The book against a model that keeps every level as a list of orders in a tree, and examples of each rule.

use super::*;
use crate::event::{BookAction, BookDelta, DeltaBatch, Quote};
use crate::types::{InstrumentId, Price, Qty, Side, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn delta(action: BookAction, order: u64, side: Side, price: i64, size: i64) -> BookDelta {
    BookDelta {
        ts: Timestamp::default(),
        instrument: InstrumentId(0),
        order,
        action,
        side,
        price: Price::from_raw(price),
        size: Qty::from_raw(size),
        flags: 0,
    }
}

/// Anonymous shares, and orders first to last.
type ModelLevel = (i64, Vec<(u64, i64)>);

/// Levels in a tree by side and price; everything else is found by looking through them.
#[derive(Clone, Default)]
struct Model {
    sides: [BTreeMap<i64, ModelLevel>; 2],
    counts: Counts,
}

impl Model {
    fn side(&mut self, side: Side) -> &mut BTreeMap<i64, ModelLevel> {
        &mut self.sides[usize::from(side == Side::Sell)]
    }

    fn find(&self, id: u64) -> Option<(Side, i64, usize, i64)> {
        [Side::Buy, Side::Sell].into_iter().find_map(|side| {
            self.sides[usize::from(side == Side::Sell)]
                .iter()
                .find_map(|(&price, (_, orders))| orders.iter().position(|o| o.0 == id).map(|i| (side, price, i, orders[i].1)))
        })
    }

    fn sweep(&mut self) {
        for side in &mut self.sides {
            side.retain(|_, (anonymous, orders)| *anonymous > 0 || !orders.is_empty());
        }
    }

    /// Prices of the other side that a new level at `price` goes through.
    fn crossed(&self, side: Side, price: i64) -> Vec<i64> {
        match side {
            Side::Buy => self.sides[1].keys().copied().filter(|&ask| ask < price).collect(),
            Side::Sell => self.sides[0].keys().copied().filter(|&bid| bid > price).collect(),
        }
    }

    /// Put in what `change` does at `price` as the policy has it.
    fn open(&mut self, policy: CrossedPolicy, side: Side, price: i64, change: impl FnOnce(&mut Self)) -> Outcome {
        let crossed = if self.side(side).contains_key(&price) { Vec::new() } else { self.crossed(side, price) };
        self.counts.crossed += u64::from(!crossed.is_empty());
        if !crossed.is_empty() && policy == CrossedPolicy::Reject {
            self.counts.rejected += 1;
            return Outcome::Rejected;
        }
        change(self);
        if crossed.is_empty() || policy == CrossedPolicy::Keep {
            return Outcome::Applied;
        }
        let mut levels = 0;
        for price in crossed {
            levels += u32::from(self.side(side.opposite()).remove(&price).is_some());
        }
        self.counts.uncrossed_levels += u64::from(levels);
        Outcome::Uncrossed { levels }
    }

    fn take_out(&mut self, id: u64) {
        if let Some((side, price, i, _)) = self.find(id) {
            self.side(side).get_mut(&price).unwrap().1.remove(i);
        }
        self.sweep();
    }

    fn apply(&mut self, policy: CrossedPolicy, d: &BookDelta) -> Outcome {
        let (price, size) = (d.price.raw(), d.size.raw());
        self.counts.changes += 1;
        let known = if d.order == 0 { None } else { self.find(d.order) };
        let place = |model: &mut Self| {
            model.take_out(d.order);
            model.side(d.side).entry(price).or_default().1.push((d.order, size));
        };
        let outcome = match (d.action, known) {
            (BookAction::Clear, _) => {
                self.side(d.side).clear();
                Outcome::Applied
            }
            (BookAction::Add | BookAction::Modify, _) if d.order == 0 && size == 0 => {
                self.side(d.side).entry(price).or_default().0 = 0;
                Outcome::Applied
            }
            (BookAction::Add | BookAction::Modify, _) if d.order == 0 => {
                self.open(policy, d.side, price, |model| model.side(d.side).entry(price).or_default().0 = size)
            }
            (BookAction::Modify, Some((side, at, i, had))) if side == d.side && at == price && size <= had => {
                self.side(side).get_mut(&price).unwrap().1[i].1 = size;
                if size == 0 {
                    self.take_out(d.order);
                }
                Outcome::Applied
            }
            (action @ (BookAction::Add | BookAction::Modify), known) => {
                let outcome = if size > 0 {
                    self.open(policy, d.side, price, place)
                } else {
                    self.take_out(d.order);
                    Outcome::Applied
                };
                match (action, known.is_some(), outcome) {
                    (_, _, Outcome::Rejected) if action == BookAction::Add => Outcome::Rejected,
                    (BookAction::Add, true, _) => {
                        self.counts.replaced += 1;
                        if outcome == Outcome::Applied { Outcome::Replaced } else { outcome }
                    }
                    (BookAction::Modify, false, _) => {
                        self.counts.unknown_orders += 1;
                        if outcome == Outcome::Applied { Outcome::UnknownOrder { taken: Qty::ZERO } } else { outcome }
                    }
                    _ => outcome,
                }
            }
            (action, Some((side, at, i, had))) => {
                let asked = if action == BookAction::Delete { had } else { size };
                if asked >= had {
                    self.take_out(d.order);
                } else {
                    self.side(side).get_mut(&at).unwrap().1[i].1 -= asked;
                }
                self.too_much(asked - had.min(asked))
            }
            (action, None) => {
                let level = self.side(d.side).entry(price).or_default();
                let whole_level = d.order == 0 && action == BookAction::Delete;
                let taken = if whole_level { level.0 } else { level.0.min(size) };
                level.0 -= taken;
                if d.order != 0 {
                    self.counts.unknown_orders += 1;
                    Outcome::UnknownOrder { taken: Qty::from_raw(taken) }
                } else if whole_level {
                    Outcome::Applied
                } else {
                    self.too_much(size - taken)
                }
            }
        };
        self.sweep();
        outcome
    }

    fn too_much(&mut self, missing: i64) -> Outcome {
        self.counts.too_much += u64::from(missing > 0);
        if missing > 0 { Outcome::TooMuch { missing: Qty::from_raw(missing) } } else { Outcome::Applied }
    }

    fn levels(&self, side: Side) -> Vec<Level> {
        let level = |(&price, (anonymous, orders)): (&i64, &ModelLevel)| Level {
            price: Price::from_raw(price),
            size: Qty::from_raw(anonymous + orders.iter().map(|o| o.1).sum::<i64>()),
            orders: orders.len() as u32,
        };
        match side {
            Side::Buy => self.sides[0].iter().rev().map(level).collect(),
            Side::Sell => self.sides[1].iter().map(level).collect(),
        }
    }
}

fn any_delta(orders: u64, prices: i64) -> impl Strategy<Value = BookDelta> {
    let action = prop_oneof![
        60 => Just(BookAction::Add),
        20 => Just(BookAction::Cancel),
        20 => Just(BookAction::Delete),
        20 => Just(BookAction::Execute),
        30 => Just(BookAction::Modify),
        1 => Just(BookAction::Clear),
    ];
    (action, 0..orders, any::<bool>(), 1..prices, 0_i64..9)
        .prop_map(|(action, order, buy, price, size)| delta(action, order, if buy { Side::Buy } else { Side::Sell }, price, size))
}

fn policy() -> impl Strategy<Value = CrossedPolicy> {
    prop_oneof![Just(CrossedPolicy::Keep), Just(CrossedPolicy::Uncross), Just(CrossedPolicy::Reject)]
}

fn agree(book: &OrderBook, model: &Model) -> Result<(), TestCaseError> {
    book.check().map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(book.counts(), &model.counts);
    for side in [Side::Buy, Side::Sell] {
        let levels = model.levels(side);
        prop_assert_eq!(&book.levels(side).collect::<Vec<_>>(), &levels);
        prop_assert_eq!(book.level_count(side), levels.len());
        prop_assert_eq!(book.best(side), levels.first().copied());
        for (&price, (anonymous, orders)) in &model.sides[usize::from(side == Side::Sell)] {
            let queue: Vec<(u64, i64)> = book.queue(side, Price::from_raw(price)).map(|o| (o.id, o.size.raw())).collect();
            prop_assert_eq!(&queue, orders);
            let mut ahead = QueueAhead { anonymous: Qty::from_raw(*anonymous), ..QueueAhead::default() };
            for &(id, size) in orders {
                prop_assert_eq!(book.queue_ahead(id), Some(ahead));
                let held = BookOrder { id, side, price: Price::from_raw(price), size: Qty::from_raw(size) };
                prop_assert_eq!(book.order(id), Some(held));
                ahead.orders += 1;
                ahead.size = Qty::from_raw(ahead.size.raw() + size);
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_book_is_the_model_after_every_step(
        policy in policy(),
        deltas in proptest::collection::vec(any_delta(14, 8), 0..150),
    ) {
        let mut book = OrderBook::with_config(BookConfig { crossed: policy, ..BookConfig::default() }).unwrap();
        let mut model = Model::default();
        for d in &deltas {
            prop_assert_eq!(book.apply(d).unwrap(), model.apply(policy, d), "{:?}", d);
            agree(&book, &model)?;
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Many orders and prices, so that tables grow, blocks split and the ahead-of-time reads of a batch have work.
    #[test]
    fn a_batch_is_its_rows_one_by_one(
        deltas in proptest::collection::vec(any_delta(4_000, 900), 2_000..6_000),
    ) {
        let mut batch = DeltaBatch::default();
        let (mut one, mut whole) = (OrderBook::new(), OrderBook::new());
        for d in deltas {
            batch.push(d);
            one.apply(&d).unwrap();
        }
        whole.apply_batch(&batch).unwrap();
        whole.check().unwrap();
        prop_assert_eq!(whole.counts(), one.counts());
        let rows = |book: &OrderBook| {
            let all = book.to_deltas(Timestamp::default(), InstrumentId(0));
            (0..all.len()).map(|i| all.get(i)).collect::<Vec<_>>()
        };
        prop_assert_eq!(rows(&whole), rows(&one));
        let mut again = OrderBook::new();
        again.restore(&whole.to_deltas(Timestamp::default(), InstrumentId(0)), *whole.counts()).unwrap();
        again.check().unwrap();
        prop_assert_eq!(rows(&again), rows(&one));
        prop_assert_eq!(again.counts(), one.counts());
        let kept = again.truncate(5);
        again.check().unwrap();
        prop_assert_eq!(kept, one.level_count(Side::Buy).saturating_sub(5) + one.level_count(Side::Sell).saturating_sub(5));
        prop_assert!(again.depth(5) == one.depth(5) && again.depth(9).0.len() <= 5);
    }

}

proptest! {
    #[test]
    fn a_set_is_its_books(deltas in proptest::collection::vec((any_delta(9, 6), 0_u32..5), 0..300)) {
        let (mut set, mut batch) = (BookSet::default(), DeltaBatch::default());
        let mut books: Vec<OrderBook> = (0..5).map(|_| OrderBook::new()).collect();
        for (mut d, instrument) in deltas {
            d.instrument = InstrumentId(instrument);
            batch.push(d);
            books[instrument as usize].apply(&d).unwrap();
        }
        set.apply_batch(&batch).unwrap();
        set.check().unwrap();
        for (id, book) in set.books() {
            prop_assert_eq!(book.depth(9), books[id.index()].depth(9));
            prop_assert_eq!(book.counts(), books[id.index()].counts());
            let mut alone = OrderBook::new();
            alone.apply_instrument(&batch, id).unwrap();
            prop_assert_eq!(alone.depth(9), book.depth(9));
        }
        prop_assert_eq!(set.order_count(), books.iter().map(OrderBook::order_count).sum::<usize>());
        prop_assert_eq!(set.counts().changes, batch.len() as u64);
    }
}

proptest! {
    /// Limits that some streams reach, sizes that no level holds, books beyond the set: the first refused row ends the batch, whatever
    /// the books of the rows behind it.
    #[test]
    fn a_set_takes_a_batch_as_its_rows_one_by_one_up_to_the_first_refused(
        deltas in proptest::collection::vec((any_delta(60, 9), 0_u32..40, 0_u32..2_000), 0..400),
        (orders_max, levels_max) in (1_usize..30, 1_usize..8),
        (books_max, set_orders_max) in (36_usize..60, 20_usize..400),
        (tight, cut) in (any::<bool>(), 0_usize..400),
    ) {
        let config = if tight { BookConfig { orders_max, levels_max, ..BookConfig::default() } } else { BookConfig::default() };
        let set_orders_max = if tight { set_orders_max } else { 10_000 };
        let new = || BookSet::with_config(config, books_max, set_orders_max).unwrap();
        let (mut one, mut whole) = (new(), new());
        let mut batches = [DeltaBatch::default(), DeltaBatch::default()];
        for (i, (mut d, instrument, dice)) in deltas.into_iter().enumerate() {
            d.instrument = InstrumentId(instrument);
            match dice {
                0 => d.size = Qty::from_raw(-1),
                1 => d.size = Qty::from_raw(i64::MAX),
                2..10 => d.size = Qty::from_raw(i64::MAX / 3),
                _ => {}
            }
            batches[usize::from(i >= cut)].push(d);
        }
        for batch in &batches {
            let refused = (0..batch.len()).find_map(|i| one.apply(&batch.get(i)).err().map(|_| i));
            let outcome = whole.apply_batch(batch);
            match (refused, outcome) {
                (None, Ok(())) => {}
                (Some(row), Err(error)) => prop_assert!(error.to_string().contains(&format!("in row {row} ")), "{row}: {error}"),
                other => prop_assert!(false, "{:?}", other),
            }
            whole.check().unwrap();
            let state = |set: &BookSet| {
                let books = set.books().map(|(id, book)| {
                    let rows = book.to_deltas(Timestamp::default(), id);
                    (id, *book.counts(), (0..rows.len()).map(|i| rows.get(i)).collect::<Vec<_>>())
                });
                (set.order_count(), books.collect::<Vec<_>>())
            };
            prop_assert_eq!(state(&whole), state(&one));
        }
    }
}

#[test]
fn what_a_feed_should_not_send_is_told_and_not_fatal() {
    let mut book = OrderBook::new();
    let mut apply = |d| book.apply(&d);
    let taken = |n| Ok(Outcome::UnknownOrder { taken: Qty::from_raw(n) });
    assert_eq!(apply(delta(BookAction::Cancel, 7, Side::Buy, 10, 5)), taken(0));
    assert_eq!(apply(delta(BookAction::Add, 0, Side::Buy, 10, 8)), Ok(Outcome::Applied));
    assert_eq!(apply(delta(BookAction::Execute, 7, Side::Buy, 10, 5)), taken(5));
    assert_eq!(apply(delta(BookAction::Delete, 7, Side::Buy, 10, 5)), taken(3));
    assert_eq!(apply(delta(BookAction::Add, 1, Side::Sell, 11, 5)), Ok(Outcome::Applied));
    assert_eq!(apply(delta(BookAction::Add, 1, Side::Sell, 12, 4)), Ok(Outcome::Replaced));
    assert_eq!(apply(delta(BookAction::Cancel, 1, Side::Sell, 12, 6)), Ok(Outcome::TooMuch { missing: Qty::from_raw(2) }));
    assert!(apply(delta(BookAction::Cancel, 1, Side::Sell, 12, -1)).unwrap_err().to_string().contains("below zero"));
    apply(delta(BookAction::Add, 0, Side::Sell, 12, i64::MAX)).unwrap();
    assert!(apply(delta(BookAction::Add, 3, Side::Sell, 12, 1)).unwrap_err().to_string().contains("overflow"));
    apply(delta(BookAction::Add, 4, Side::Buy, 13, 1)).unwrap();
    assert!(apply(delta(BookAction::Modify, 4, Side::Sell, 12, 1)).is_err());
    assert!(book.is_crossed());
    assert_eq!((book.unknown_orders(), book.order_count(), book.depth(5).1.len(), book.counts().crossed), (3, 1, 1, 1));
    book.check().unwrap();
    book.apply(&delta(BookAction::Clear, 0, Side::Buy, 0, 0)).unwrap();
    assert_eq!((book.best_bid(), book.order_count()), (None, 0));
}

#[test]
fn limits_are_errors_that_change_nothing_and_say_what_to_raise() {
    let config = BookConfig { orders_max: 2, levels_max: 2, ..BookConfig::default() };
    let mut book = OrderBook::with_config(config).unwrap();
    book.apply(&delta(BookAction::Add, 1, Side::Buy, 10, 5)).unwrap();
    book.apply(&delta(BookAction::Add, 2, Side::Buy, 11, 5)).unwrap();
    let many = book.apply(&delta(BookAction::Add, 3, Side::Buy, 11, 5)).unwrap_err().to_string();
    assert!(many.contains("orders_max"), "{many}");
    let deep = book.apply(&delta(BookAction::Add, 0, Side::Buy, 12, 5)).unwrap_err().to_string();
    assert!(deep.contains("levels_max"), "{deep}");
    assert_eq!((book.counts().changes, book.order_count(), book.level_count(Side::Buy)), (2, 2, 2));
    assert!(OrderBook::with_config(BookConfig { levels_max: 0, ..config }).is_err());
    assert!(OrderBook::with_config(BookConfig { orders_max: usize::MAX, ..config }).is_err());
    let mut set = BookSet::with_config(BookConfig::default(), 2, 2).unwrap();
    for (order, instrument) in [(1, 0), (1, 1)] {
        set.apply(&BookDelta { instrument: InstrumentId(instrument), ..delta(BookAction::Add, order, Side::Buy, 10, 5) }).unwrap();
    }
    let full = set.apply(&delta(BookAction::Add, 2, Side::Buy, 10, 5)).unwrap_err().to_string();
    assert!(full.contains("2 orders together"), "{full}");
    set.apply(&delta(BookAction::Cancel, 1, Side::Buy, 10, 5)).unwrap();
    set.apply(&delta(BookAction::Add, 2, Side::Buy, 10, 5)).unwrap();
    assert!(set.apply(&BookDelta { instrument: InstrumentId(2), ..delta(BookAction::Add, 1, Side::Buy, 1, 1) }).is_err());
    set.check().unwrap();
    let mut levels = OrderBook::with_config(BookConfig { depth: Depth::L2, ..BookConfig::default() }).unwrap();
    assert!(levels.apply(&delta(BookAction::Add, 1, Side::Buy, 10, 5)).unwrap_err().to_string().contains("L3"));
}

#[test]
fn a_book_of_the_top_holds_one_level_a_side() {
    let mut book = OrderBook::with_config(BookConfig { depth: Depth::L1, levels_max: 1, ..BookConfig::default() }).unwrap();
    let quote = |bid, ask| Quote {
        bid: Price::from_raw(bid),
        ask: Price::from_raw(ask),
        bid_size: Qty::from_raw(if bid > 0 { 3 } else { 0 }),
        ask_size: Qty::from_raw(4),
        ..Quote::default()
    };
    for (bid, ask) in [(10, 12), (14, 15), (15, 15), (3, 4), (0, 5)] {
        book.apply_quote(&quote(bid, ask)).unwrap();
        assert_eq!(book.best_bid().map_or(0, |l| l.price.raw()), bid);
        assert_eq!(book.best_ask().map(|l| (l.price.raw(), l.size.raw())), Some((ask, 4)));
        assert!(book.level_count(Side::Buy) <= 1 && book.level_count(Side::Sell) == 1);
        book.check().unwrap();
    }
    assert_eq!((book.counts().crossed, book.counts().changes), (0, 10));
}

#[test]
fn averages_and_sizes_are_those_of_the_levels() {
    let dollars = |x: f64| Price::from_f64(x).unwrap();
    let shares = |n: i64| Qty::from_whole(n).unwrap();
    let mut book = OrderBook::new();
    assert_eq!((book.mid(), book.microprice(), book.imbalance(5), book.spread()), (None, None, None, None));
    book.load(&[(dollars(9.99), shares(300)), (dollars(10.0), shares(100))], &[(dollars(10.02), shares(300)), (dollars(10.1), shares(50))])
        .unwrap();
    assert_eq!((book.mid(), book.spread()), (Some(10.01), Some(dollars(0.02))));
    // 10 × 300 + 10.02 × 100, over 400.
    assert!((book.microprice().unwrap() - 10.005).abs() < 1e-12);
    assert_eq!((book.imbalance(1), book.imbalance(2)), (Some(-0.5), Some(50.0 / 750.0)));
    assert_eq!(book.vwap(Side::Buy, shares(300)), Some(10.02));
    assert!((book.vwap(Side::Buy, shares(350)).unwrap() - (10.02 * 300.0 + 10.1 * 50.0) / 350.0).abs() < 1e-12);
    assert!((book.vwap(Side::Sell, shares(200)).unwrap() - 9.995).abs() < 1e-12);
    assert_eq!((book.vwap(Side::Buy, shares(351)), book.vwap(Side::Buy, Qty::ZERO)), (None, None));
    assert_eq!(book.size_to(Side::Sell, dollars(10.05)), shares(300));
    assert_eq!(book.size_to(Side::Buy, dollars(9.99)), shares(400));
    assert_eq!(book.level(Side::Buy, dollars(9.99)).map(|l| l.size), Some(shares(300)));
    assert!(book.load(&[(dollars(1.0), shares(1)), (dollars(2.0), shares(-1))], &[]).is_err());
    assert!(book.is_empty());
}

#[test]
fn memory_stays_bounded_and_as_stated() {
    let mut book = OrderBook::new();
    let price = |i: u64| 10_000 + (i * 7_919 % 500) as i64;
    for id in 1..=100_000 {
        book.apply(&delta(BookAction::Add, id, Side::Buy, price(id), 5)).unwrap();
    }
    let at_first = book.heap_bytes();
    println!("100,000 orders on 500 levels: {at_first} bytes, {:.1} an order", at_first as f64 / 1e5);
    assert!(at_first <= 100_000 * 96);
    for id in 1..=300_000 {
        book.apply(&delta(BookAction::Delete, id, Side::Buy, 0, 0)).unwrap();
        book.apply(&delta(BookAction::Add, id + 100_000, Side::Buy, price(id), 5)).unwrap();
    }
    assert_eq!((book.order_count(), book.heap_bytes()), (100_000, at_first));
    book.check().unwrap();
    let mut levels = OrderBook::new();
    for i in 1..=10_000 {
        levels.apply(&delta(BookAction::Add, 0, Side::Sell, i * 7_919 % 10_007, 5)).unwrap();
    }
    println!("10,000 levels: {} bytes, {:.1} a level", levels.heap_bytes(), levels.heap_bytes() as f64 / 1e4);
    assert!(levels.heap_bytes() <= 10_000 * 160);
    println!("an empty book: {} bytes", size_of::<OrderBook>());
}
