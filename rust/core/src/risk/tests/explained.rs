//! Under random limits at random scopes: what is explained is what is decided, and changes nothing; a limit that is widened
//! never refuses more.

use super::*;
use proptest::prelude::*;

/// A limit that is near, far, or off.
fn near(low: i64, high: i64) -> impl Strategy<Value = Option<i64>> {
    prop_oneof![2 => Just(None), 1 => (low..high).prop_map(Some)]
}

fn any_limits() -> impl Strategy<Value = RiskLimits> {
    let sizes = (near(1, 60), near(100, 6_000), near(1, 80), near(100, 8_000), near(100, 9_000), near(100, 9_000));
    let paces = (near(1, 6), near(1, 9), near(1, 6), near(1, 6), near(1, 400), near(1, 5), near(1, 4));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (sizes, paces, flags).prop_map(|(sizes, paces, flags)| {
        let shares = |q: Option<i64>| q.map(|q| Qty::from_whole(q).unwrap());
        let money = |m: Option<i64>| m.map(|m| Money::from_f64(m as f64).unwrap());
        let count = |n: Option<i64>| n.map(|n| n as u32);
        RiskLimits {
            max_order_qty: shares(sizes.0),
            max_order_notional: money(sizes.1),
            max_position_qty: shares(sizes.2),
            max_position_notional: money(sizes.3),
            max_gross_exposure: money(sizes.4),
            max_net_exposure: money(sizes.5),
            max_orders_per_second: count(paces.0),
            max_orders_per_minute: count(paces.1),
            max_open_orders: count(paces.2),
            max_open_orders_per_instrument: count(paces.3),
            duplicate_window_ns: paces.4,
            max_executions: count(paces.5),
            max_order_to_fill: paces.6.map(|x| x as f64),
            order_to_fill_grace: 3,
            allow_short: flags.0,
            prevent_self_match: flags.1,
            lot: flags.2.then(|| Qty::from_whole(2).unwrap()),
            collar: flags.3.then_some(0.02),
            ..RiskLimits::none()
        }
    })
}

proptest! {
    #[test]
    fn what_is_explained_is_what_is_decided(
        account in any_limits(),
        narrow in any_limits(),
        kind in 0_usize..4,
        orders in prop::collection::vec((0_u16..2, any::<bool>(), 1_i64..70, 95_i64..106, 0_i64..200, 0_u8..4), 1..60),
    ) {
        let keys = [
            ScopeKey::Strategy("t".to_owned()),
            ScopeKey::Instrument("A".to_owned()),
            ScopeKey::Group { name: "g".to_owned(), symbols: names(&["A"]) },
        ];
        let scopes = keys.get(kind).map(|key| ScopeLimits { key: key.clone(), limits: narrow }).into_iter().collect();
        let mut desk = Desk::new(RiskLimits { scopes, ..account });
        let mut free = Desk::new(RiskLimits::none());
        let mut open: Vec<(OrderId, Side, Qty, u16)> = Vec::new();
        for (strategy, is_buy, qty, price, later, then) in orders {
            (desk.now, desk.strategy, desk.open) = (desk.now + later, strategy, open.len());
            let order = limit(if is_buy { Side::Buy } else { Side::Sell }, qty, price as f64);
            let before = postcard::to_stdvec(&desk.risk).unwrap();
            let explained: Vec<Verdict> = desk.risk.explain(&order, &desk.context());
            prop_assert_eq!(&postcard::to_stdvec(&desk.risk).unwrap(), &before, "explained, not counted");
            let refusal = desk.refusal(&order);
            prop_assert_eq!(refusal.is_some(), explained.iter().any(|v| !v.pass));
            prop_assert_eq!(free.check(&order), None, "without limits all of these pass");
            if refusal.is_none() {
                open.push((desk.open(order), order.side, order.qty, strategy));
            }
            match (then, open.first().copied()) {
                (1, Some((id, side, qty, owner))) => {
                    desk.strategy = owner;
                    desk.fill(id, I, side, qty, Price::from_f64(100.0).unwrap(), true);
                    open.remove(0);
                }
                (2, Some((id, ..))) => {
                    desk.risk.closed(id);
                    open.remove(0);
                }
                _ => {}
            }
        }
    }
}
