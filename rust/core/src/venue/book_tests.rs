//! Matching with a book: levels that are walked, and places in queues against hand-worked ones and against a book with our own
//! order in it.

use super::tests::{Floor, I, at, limit, market, px, sh, tif};
use super::*;
use crate::book::OrderBook;
use crate::event::{BookAction, BookDelta, FLAG_BUYER_TOOK, FLAG_LAST, Trade};
use crate::order::TimeInForce;
use crate::types::{Random, Side};
use Side::{Buy, Sell};

const L2: Sources = Sources { trades: true, book: true, ..Sources::NONE };

fn floor(queue: QueueModel) -> Floor {
    Floor::with(L2, VenueConfig { matching: Matching::Book, queue, ..VenueConfig::default() })
}

fn delta(ts: i64, side: Side, price: f64, size: i64) -> BookDelta {
    BookDelta { ts: at(ts), instrument: I, order: 0, action: BookAction::Add, side, price: px(price), size: sh(size), flags: FLAG_LAST }
}

fn level(f: &mut Floor, ts: i64, side: Side, price: f64, size: i64) {
    f.market(&MarketEvent::Book(delta(ts, side, price, size)));
}

fn ladder(f: &mut Floor) {
    for (side, price, size) in [(Buy, 9.9, 100), (Buy, 9.8, 200), (Sell, 10.0, 100), (Sell, 10.1, 200), (Sell, 10.2, 300)] {
        level(f, 0, side, price, size);
    }
}

#[test]
fn a_market_order_walks_the_levels_and_what_it_took_is_gone() {
    let mut f = floor(QueueModel::Conservative);
    ladder(&mut f);
    f.send(&market(Buy, 250), 1);
    assert_eq!(f.told(), ["1 100@10 taker", "1 150@10.1 taker"]);
    f.send(&tif(market(Buy, 100), TimeInForce::Ioc), 2);
    assert_eq!(f.told(), ["2 50@10.1 taker", "2 50@10.2 taker"]);
    level(&mut f, 3, Sell, 10.0, 30);
    f.send(&tif(limit(Buy, 100, 10.1), TimeInForce::Ioc), 4);
    assert_eq!(f.told(), ["3 30@10 taker", "3 canceled"], "only the level that changed is whole again");
    f.send(&tif(market(Buy, 1_000), TimeInForce::Fok), 5);
    assert_eq!(f.told(), ["4 canceled"]);
}

#[test]
fn trades_eat_the_queue_ahead_and_cancels_move_it_as_the_model_says() {
    // 100 ahead; 40 trade, which the book then shows; 100 join behind; 80 go without a trade.
    let filled = |queue| {
        let mut f = floor(queue);
        ladder(&mut f);
        f.send(&limit(Buy, 10, 9.9), 1);
        f.trade(2, 9.9, 40);
        level(&mut f, 3, Buy, 9.9, 60);
        level(&mut f, 4, Buy, 9.9, 160);
        level(&mut f, 5, Buy, 9.9, 80);
        let mut traded = 0;
        while f.venue.resting() > 0 && traded < 100 {
            traded += 1;
            f.trade(5 + traded, 9.9, 1);
        }
        traded
    };
    // Ahead after the first trade: 60. Conservative: nothing of the 80 was ahead. In proportion: 80 × 60 ÷ 160 = 30 were.
    let table =
        [(QueueModel::Front, 0), (QueueModel::Proportional, 30 + 10), (QueueModel::Conservative, 60 + 10), (QueueModel::Behind, 100)];
    for (queue, trades) in table {
        assert_eq!(filled(queue), trades, "{queue:?}");
    }
    let (steep, flat) = (filled(QueueModel::Power { hundredths: 300 }), filled(QueueModel::Logarithmic));
    assert!((40..70).contains(&steep) && (30..45).contains(&flat), "{steep} {flat}");
}

#[test]
fn a_trade_through_the_price_fills_whatever_the_queue_and_one_on_the_other_side_does_not() {
    let mut f = floor(QueueModel::Conservative);
    ladder(&mut f);
    f.send(&limit(Buy, 10, 9.9), 1);
    let trade = |ts, price, flags| MarketEvent::Trade(Trade { ts: at(ts), instrument: I, price: px(price), size: sh(500), flags });
    f.market(&trade(2, 9.9, FLAG_BUYER_TOOK));
    assert_eq!(f.told(), [""; 0], "a buyer took: the bids were not met");
    f.market(&trade(3, 9.8, 0));
    assert_eq!(f.told(), ["1 10@9.9 maker"]);
}

#[test]
fn the_far_side_that_comes_to_a_resting_order_fills_it_at_its_price() {
    let mut f = floor(QueueModel::Conservative);
    ladder(&mut f);
    f.send(&limit(Buy, 50, 9.9), 1);
    level(&mut f, 2, Sell, 9.85, 20);
    assert_eq!(f.told(), ["1 20@9.9 maker"]);
}

#[test]
fn a_snapshot_brings_nobody_forward_but_those_who_are_left() {
    let mut f = floor(QueueModel::Conservative);
    ladder(&mut f);
    f.send(&limit(Buy, 10, 9.9), 1);
    let clear = BookDelta { action: BookAction::Clear, flags: 0, ..delta(2, Buy, 0.0, 0) };
    f.market(&MarketEvent::Book(clear));
    level(&mut f, 2, Buy, 9.9, 30);
    f.trade(3, 9.9, 35);
    assert_eq!(f.told(), ["1 5@9.9 maker"]);
}

/// A stream of orders at one price, ours in between: with the true book our order fills exactly when it would in a copy of the
/// book that holds it.
#[test]
fn with_a_book_of_orders_our_place_is_that_of_an_order_in_the_book() {
    let mut compared = 0;
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut f = floor(QueueModel::Exact);
        level(&mut f, 0, Sell, 10.5, 100);
        // The copy, in which ours is number 1_000.
        let mut copy = OrderBook::new();
        let price = px(10.0);
        let change = |ts: i64, order: u64, action: BookAction, size: i64| BookDelta {
            ts: at(ts),
            instrument: I,
            order,
            action,
            side: Buy,
            price,
            size: sh(size),
            flags: FLAG_LAST,
        };
        let (mut next, mut live, mut filled) = (1_u64, Vec::<(u64, i64)>::new(), 0);
        let mut ours = 0;
        for step in 1..60_i64 {
            let ts = step * 10;
            if step == 15 {
                copy.apply(&change(ts, 1_000, BookAction::Add, 20)).unwrap();
                f.send(&limit(Buy, 20, 10.0), ts);
                ours = 20;
                continue;
            }
            match random.below(4) {
                0 | 1 => {
                    let size = 1 + random.below(30) as i64;
                    let add = change(ts, next, BookAction::Add, size);
                    f.market(&MarketEvent::Book(add));
                    copy.apply(&add).unwrap();
                    live.push((next, size));
                    next += 1;
                }
                2 if !live.is_empty() => {
                    let at = random.below(live.len() as u64) as usize;
                    let (id, size) = live.remove(at);
                    let gone = change(ts, id, BookAction::Delete, size);
                    f.market(&MarketEvent::Book(gone));
                    copy.apply(&gone).unwrap();
                }
                _ => {
                    // A seller takes: in the market without us the head of the queue, in the copy its own head.
                    let Some(&(head, size)) = live.first() else { continue };
                    let size = 1 + random.below(size as u64) as i64;
                    f.trade(ts, 10.0, size);
                    f.market(&MarketEvent::Book(change(ts, head, BookAction::Execute, size)));
                    if live[0].1 == size {
                        live.remove(0);
                    } else {
                        live[0].1 -= size;
                    }
                    let mut left = size;
                    while left > 0 && (ours > 0 || step < 15) {
                        let Some(first) = copy.queue(Buy, price).next() else { break };
                        let taken = left.min(first.size.raw() / crate::types::SCALE);
                        copy.apply(&change(ts, first.id, BookAction::Execute, taken)).unwrap();
                        if first.id == 1_000 {
                            ours -= taken;
                            filled += taken;
                        }
                        left -= taken;
                    }
                    // The copy is short of the orders that ours stood before; they are behind it, and cannot matter.
                }
            }
            let told: i64 = f
                .reports()
                .iter()
                .map(|r| if let ReportKind::Filled { qty, .. } = r.kind { qty.raw() / crate::types::SCALE } else { 0 })
                .sum();
            assert_eq!(told, std::mem::take(&mut filled), "seed {seed}, step {step}");
            compared += 1;
            if step > 15 && ours == 0 {
                break;
            }
        }
    }
    println!("{compared} of {compared} steps fill our order as a book that holds it does");
}

#[test]
fn a_model_that_needs_a_book_is_refused_without_one() {
    let config = VenueConfig { queue: QueueModel::Exact, ..VenueConfig::default() };
    assert!(SimVenue::new(config, &[L2]).unwrap_err().to_string().contains("set matching to book"));
}
