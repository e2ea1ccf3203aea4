use super::*;
use proptest::prelude::*;

fn fill(side: Side, qty: f64, price: f64, fee: f64) -> Booking {
    Booking {
        strategy: StrategyId(0),
        instrument: InstrumentId(0),
        side,
        qty: Qty::from_f64(qty).unwrap(),
        price: Price::from_f64(price).unwrap(),
        fee: Money::from_f64(fee).unwrap(),
        ts: Timestamp::MIN,
    }
}

fn ledger() -> Ledger {
    Ledger::new(Money::from_f64(100_000.0).unwrap(), 2, 2)
}

proptest! {
    #[test]
    fn equity_is_always_start_plus_profit(
        steps in prop::collection::vec((0_u16..2, 0_u32..2, any::<bool>(), 1_i64..5_000_000_000_000, 1_i64..900_000_000_000, 0_i64..5_000_000_000, 0_u8..12), 1..60),
    ) {
        let (mut books, mut splits) = (ledger(), 0);
        for (strategy, instrument, buy, qty, price, fee, kind) in steps {
            let instrument = InstrumentId(instrument);
            match kind {
                // A sixth could carry the largest position out of range, which is an error as it should be.
                0 if splits < 5 => {
                    splits += 1;
                    books.act(&CorporateAction { ts: Timestamp::MIN, instrument, kind: ActionKind::Split { new_shares_per_old: 7.0 } }, Dividends::Cash).unwrap();
                }
                1 | 2 => {
                    let dividends = if kind == 1 { Dividends::Cash } else { Dividends::Reinvest };
                    let kind = ActionKind::Dividend { per_share: Price::from_raw(price / 100), reference: Price::from_raw(price), ratio: 0.99 };
                    books.act(&CorporateAction { ts: Timestamp::MIN, instrument, kind }, dividends).unwrap();
                }
                3..=5 => { books.mark(instrument, Price::from_raw(price)); }
                _ => {
                    let side = if buy { Side::Buy } else { Side::Sell };
                    books.book(&Booking {
                        strategy: StrategyId(strategy), instrument, side,
                        qty: Qty::from_raw(qty), price: Price::from_raw(price), fee: Money::from_raw(i128::from(fee)), ts: Timestamp::MIN,
                    }).unwrap();
                }
            }
            prop_assert!(books.is_balanced());
        }
    }

    #[test]
    fn closing_everything_realises_the_cash_difference(
        fills in prop::collection::vec((any::<bool>(), 1_i64..1000, 1_i64..100_000), 1..30),
    ) {
        let mut books = ledger();
        let (mut realized, mut trips) = (0_i128, 0_i128);
        let mut book = |books: &mut Ledger, side, qty: i64, cents: i64| {
            let booked = books.book(&Booking {
                strategy: StrategyId(1), instrument: InstrumentId(1), side,
                qty: Qty::from_whole(qty).unwrap(), price: Price::from_raw(cents * 10_000_000), fee: Money::ZERO, ts: Timestamp::MIN,
            }).unwrap();
            realized += booked.realized.raw();
            trips += booked.trip.map_or(0, |t| t.pnl.raw());
        };
        for &(buy, qty, cents) in &fills {
            book(&mut books, if buy { Side::Buy } else { Side::Sell }, qty, cents);
        }
        let held = books.net_qty(InstrumentId(1));
        if !held.is_zero() {
            book(&mut books, if held.raw() > 0 { Side::Sell } else { Side::Buy }, held.abs().raw() / SCALE, 777);
        }
        // The independent answer: cash moves only by what was bought and sold.
        let mut cash = 0_i128;
        for &(buy, qty, cents) in &fills {
            cash += i128::from(if buy { -qty } else { qty }) * i128::from(cents) * 10_000_000;
        }
        cash += i128::from(held.raw() / SCALE) * 777 * 10_000_000;
        prop_assert_eq!(realized, cash);
        prop_assert_eq!(trips, cash);
        prop_assert_eq!(books.cash().raw() - books.start().raw(), cash);
    }
}

#[test]
fn average_cost_profit_and_flip_by_hand() {
    let mut books = ledger();
    books.book(&fill(Side::Buy, 100.0, 10.0, 1.0)).unwrap();
    books.book(&fill(Side::Buy, 100.0, 12.0, 1.0)).unwrap();
    assert_eq!(books.position(StrategyId(0), InstrumentId(0)).unwrap().average_price().to_f64(), 11.0);
    let flip = books.book(&fill(Side::Sell, 300.0, 13.0, 3.0)).unwrap();
    assert_eq!(flip.realized.to_f64(), 400.0);
    let trip = flip.trip.unwrap();
    assert_eq!((trip.entry.to_f64(), trip.exit.to_f64(), trip.pnl.to_f64(), trip.fees.to_f64()), (11.0, 13.0, 396.0, 4.0));
    let short = books.position(StrategyId(0), InstrumentId(0)).unwrap();
    assert_eq!(
        (short.qty.to_f64(), short.average_price().to_f64(), short.unrealized(Price::from_f64(12.5).unwrap()).to_f64()),
        (-100.0, 13.0, 50.0)
    );
    books.mark(InstrumentId(0), Price::from_f64(12.5).unwrap());
    assert_eq!(books.equity().to_f64(), 100_000.0 + 400.0 + 50.0 - 5.0);
}

#[test]
fn a_split_changes_shares_and_price_but_not_value() {
    let mut books = ledger();
    books.book(&fill(Side::Sell, 10.0, 700.0, 0.0)).unwrap();
    let before = books.equity();
    books
        .act(
            &CorporateAction { ts: Timestamp::MIN, instrument: InstrumentId(0), kind: ActionKind::Split { new_shares_per_old: 7.0 } },
            Dividends::Cash,
        )
        .unwrap();
    assert_eq!((books.net_qty(InstrumentId(0)).to_f64(), books.mark_of(InstrumentId(0)).to_f64()), (-70.0, 100.0));
    assert_eq!(books.equity(), before);
}

#[test]
fn a_round_trip_through_a_split_is_told_in_new_shares() {
    let mut books = ledger();
    books.book(&fill(Side::Buy, 30.0, 700.0, 0.0)).unwrap();
    books.book(&fill(Side::Sell, 20.0, 770.0, 0.0)).unwrap();
    let kind = ActionKind::Split { new_shares_per_old: 7.0 };
    books.act(&CorporateAction { ts: Timestamp::MIN, instrument: InstrumentId(0), kind }, Dividends::Cash).unwrap();
    let trip = books.book(&fill(Side::Sell, 70.0, 110.0, 0.0)).unwrap().trip.unwrap();
    assert_eq!((trip.qty.to_f64(), trip.entry.to_f64(), trip.exit.to_f64(), trip.pnl.to_f64()), (210.0, 100.0, 110.0, 2100.0));
}

#[test]
fn drawdown_is_measured_from_the_peak_at_every_mark() {
    let mut books = ledger();
    books.book(&fill(Side::Buy, 1000.0, 100.0, 0.0)).unwrap();
    for price in [110.0, 99.0, 104.5, 121.0, 115.0] {
        books.mark(InstrumentId(0), Price::from_f64(price).unwrap());
    }
    assert!((books.max_drawdown() - 0.1).abs() < 1e-12);
    assert_eq!(books.drawdown().to_f64(), 6_000.0);
}
