//! The sums behind the checks against a recomputation from orders and positions, over random histories.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SYMBOLS: [&str; 3] = ["A", "B", "C"];

#[derive(Clone, Debug)]
enum Step {
    Open { strategy: u16, instrument: u32, buy: bool, qty: i64, price: i64, stop: bool },
    Fill { pick: usize, qty: i64 },
    Close { pick: usize },
    Resize { pick: usize, qty: i64 },
    Mark { instrument: u32, price: i64 },
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u16..2, 0_u32..3, any::<bool>(), 1_i64..50, 1_i64..9, any::<bool>())
            .prop_map(|(strategy, instrument, buy, qty, price, stop)| Step::Open { strategy, instrument, buy, qty, price, stop }),
        4 => (0_usize..20, 1_i64..50).prop_map(|(pick, qty)| Step::Fill { pick, qty }),
        2 => (0_usize..20).prop_map(|pick| Step::Close { pick }),
        1 => (0_usize..20, 1_i64..50).prop_map(|(pick, qty)| Step::Resize { pick, qty }),
        3 => (0_u32..3, 1_i64..20).prop_map(|(instrument, price)| Step::Mark { instrument, price }),
        1 => Just(Step::Reload),
    ]
}

fn limits(prevent_self_match: bool) -> RiskLimits {
    let set = |key, limits| ScopeLimits { key, limits };
    let gross = RiskLimits { max_gross_exposure: Some(Money::from_raw(1)), max_daily_loss: None, ..RiskLimits::none() };
    let loss = RiskLimits { max_daily_loss: Some(Money::from_raw(i128::from(i64::MAX))), ..RiskLimits::none() };
    RiskLimits {
        scopes: vec![
            set(ScopeKey::Group { name: "AB".to_owned(), symbols: names(&["A", "B"]) }, gross.clone()),
            set(ScopeKey::Group { name: "BC".to_owned(), symbols: names(&["C", "B"]) }, gross),
            set(ScopeKey::Strategy("t".to_owned()), loss),
        ],
        prevent_self_match,
        ..RiskLimits::none()
    }
}

/// One open order, as the test remembers it.
#[derive(Clone, Copy, Debug)]
struct Live {
    strategy: u16,
    instrument: u32,
    side: Side,
    left: i64,
    price: i64,
    rests: bool,
}

fn whole(qty: i64) -> Qty {
    Qty::from_raw(qty * 1_000_000_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn every_sum_is_what_orders_and_positions_make(steps in prop::collection::vec(step(), 1..80)) {
        let cash = Money::from_f64(1e6).unwrap();
        let account = AccountConfig { kind: crate::account::AccountKind::Margin, ..AccountConfig::default() };
        let mut risk = Risk::new(limits(true), account, cash, &names(&SYMBOLS), &names(&["s", "t"])).unwrap();
        let mut ledger = Ledger::new(cash, 3, 2);
        let (mut live, mut next) = (BTreeMap::<u64, Live>::new(), 1_u64);
        let mut marks = [0_i64; 3];
        let tops = top(99.0, 101.0, 0);
        for step in steps {
            match step {
                Step::Open { strategy, instrument, buy, qty, price, stop } => {
                    let side = if buy { Side::Buy } else { Side::Sell };
                    let dollars = Price::from_raw(price * 1_000_000_000);
                    let mut request = OrderRequest::limit(InstrumentId(instrument), side, whole(qty), dollars);
                    if stop {
                        (request.kind, request.stop) = (OrderType::StopLimit, Some(dollars));
                    }
                    let order = Order::new(OrderId(next), StrategyId(strategy), &request, Price::ZERO, Timestamp::MIN);
                    let mark = &mut marks[instrument as usize];
                    if *mark == 0 {
                        *mark = price;
                    }
                    risk.opened(&order, whole(qty).raw(), Price::from_raw(*mark * 1_000_000_000), &tops);
                    live.insert(next, Live { strategy, instrument, side, left: qty, price, rests: !stop });
                    next += 1;
                }
                Step::Fill { pick, qty } => {
                    let Some((&id, order)) = live.iter_mut().nth(pick) else { continue };
                    let qty = qty.min(order.left);
                    order.left -= qty;
                    let o = *order;
                    let fill = Booking {
                        strategy: StrategyId(o.strategy),
                        instrument: InstrumentId(o.instrument),
                        side: o.side,
                        qty: whole(qty),
                        price: Price::from_raw(o.price * 1_000_000_000),
                        fee: Money::from_raw(7),
                        ts: Timestamp::MIN,
                    };
                    let booked = ledger.book(&fill).unwrap();
                    ledger.mark(fill.instrument, Price::from_raw(marks[o.instrument as usize] * 1_000_000_000));
                    risk.booked(OrderId(id), &fill, booked.position, o.left == 0, &ledger);
                    if o.left == 0 {
                        live.remove(&id);
                    }
                }
                Step::Close { pick } => {
                    let Some(&id) = live.keys().nth(pick) else { continue };
                    live.remove(&id);
                    risk.closed(OrderId(id));
                    risk.closed(OrderId(id));
                }
                Step::Resize { pick, qty } => {
                    let Some((&id, order)) = live.iter_mut().nth(pick) else { continue };
                    order.left = qty;
                    risk.resized(OrderId(id), whole(qty).raw());
                }
                Step::Mark { instrument, price } => {
                    let at = instrument as usize;
                    let used = live.values().any(|o| o.instrument == instrument) || !ledger.net_qty(InstrumentId(instrument)).is_zero();
                    let own = (0..2).any(|s| ledger.position(StrategyId(s), InstrumentId(instrument)).is_some_and(|p| !p.qty.is_zero()));
                    ledger.mark(InstrumentId(instrument), Price::from_raw(price * 1_000_000_000));
                    risk.marked(InstrumentId(instrument), Price::from_raw(price * 1_000_000_000));
                    if used || own {
                        marks[at] = price;
                    }
                }
                Step::Reload => {
                    // Off and on again: the resting prices are found anew.
                    risk.reload(limits(false), &ledger).unwrap();
                    risk.reload(limits(true), &ledger).unwrap();
                }
            }
            compare(&risk, &ledger, &live, marks)?;
        }
    }
}

fn compare(risk: &Risk, ledger: &Ledger, live: &BTreeMap<u64, Live>, marks: [i64; 3]) -> std::result::Result<(), TestCaseError> {
    const DOLLAR: i128 = 1_000_000_000;
    let sums = |of: &dyn Fn(&Live) -> bool, position: &dyn Fn(u32) -> i64, symbols: &[u32]| {
        let (mut worst, mut net, mut buys, mut sells, mut held, mut count) = (0, 0, 0, 0, 0, 0);
        for &i in symbols {
            let orders: Vec<&Live> = live.values().filter(|o| o.instrument == i && of(o)).collect();
            let side = |s: Side| orders.iter().filter(|o| o.side == s).map(|o| o.left).sum::<i64>();
            let (buy, sell, mark) = (side(Side::Buy), side(Side::Sell), i128::from(marks[i as usize]));
            let p = position(i);
            worst += i128::from((p + buy).abs().max((p - sell).abs())) * mark * DOLLAR;
            net += i128::from(p) * mark * DOLLAR;
            buys += i128::from(buy) * mark * DOLLAR;
            sells += i128::from(sell) * mark * DOLLAR;
            count += orders.len() as u32;
            for (s, open, closable) in [(Side::Buy, buy, (-p).max(0)), (Side::Sell, sell, p.max(0))] {
                // A buy is taken to cost its limit, a short 1.03 × the ask of 101, as no limit here is above that.
                let cost: i128 = orders
                    .iter()
                    .filter(|o| o.side == s)
                    .map(|o| i128::from(o.left) * if s == Side::Buy { i128::from(o.price) * DOLLAR } else { 104_030_000_000 })
                    .sum();
                let opening = i128::from((open - closable).max(0));
                held += if opening == 0 { 0 } else { (cost * opening + i128::from(open) - 1) / i128::from(open) };
            }
        }
        (worst, net, buys, sells, held, count)
    };
    let tuple = |t: &exposure::Totals| (t.worst.raw(), t.net.raw(), t.buy_value.raw(), t.sell_value.raw(), t.held.raw(), t.orders);
    let position = |i: u32| ledger.net_qty(InstrumentId(i)).raw() / 1_000_000_000;
    prop_assert_eq!(tuple(&risk.exposure.account), sums(&|_| true, &position, &[0, 1, 2]));
    prop_assert_eq!(tuple(&risk.exposure.groups[0]), sums(&|_| true, &position, &[0, 1]));
    prop_assert_eq!(tuple(&risk.exposure.groups[1]), sums(&|_| true, &position, &[1, 2]));
    let own = |i: u32| ledger.position(StrategyId(1), InstrumentId(i)).map_or(0, |p| p.qty.raw() / 1_000_000_000);
    let (worst, net, buys, sells, held, count) = tuple(&risk.exposure.own[0].totals);
    prop_assert_eq!((worst, net, buys, sells, held, count), sums(&|o| o.strategy == 1, &own, &[0, 1, 2]));
    for i in 0..3 {
        let rests = |s: Side| {
            live.values().filter(move |o| o.instrument == i && o.side == s && o.rests).map(|o| Price::from_raw(o.price * 1_000_000_000))
        };
        prop_assert_eq!(risk.exposure().resting(InstrumentId(i)), (rests(Side::Buy).max(), rests(Side::Sell).min()));
    }
    let flow: i128 = ledger.positions().filter(|(_, s, _)| s.0 == 1).map(|(_, _, p)| p.realized.raw() - p.cost.raw() - p.fees.raw()).sum();
    prop_assert_eq!(risk.strategy_profit(StrategyId(1)).map(Money::raw), Some(flow + net));
    Ok(())
}
