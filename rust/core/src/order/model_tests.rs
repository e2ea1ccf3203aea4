//! The order model against an independent one: a plain table of status × event → status, written from Alpaca's page "Order
//! Lifecycle" and its list of trade updates, with quantities kept beside it; for groups, the page's sentences on legs, followed by
//! hand in a few lines over plain records. Random events drive both.

use super::*;
use crate::types::{InstrumentId, OrderId, Price, Qty, Side, StrategyId, Timestamp};
use proptest::prelude::*;

/// Status, then `event>status` for all that may happen; `=` stands for "as its fills say": new, or filled in part.
const TABLE: [(&str, &str); 19] = [
    (
        "pending_new",
        "review>pending_review accepted>accepted held>held new>= fill>= suspended>suspended canceled>canceled expired>expired rejected>rejected",
    ),
    ("pending_review", "accepted>accepted new>= canceled>canceled expired>expired rejected>rejected"),
    (
        "accepted",
        "bidding>accepted_for_bidding held>held new>= fill>= stopped>stopped suspended>suspended canceled>canceled expired>expired rejected>rejected",
    ),
    ("accepted_for_bidding", "new>= fill>= canceled>canceled expired>expired rejected>rejected"),
    ("held", "accepted>accepted new>= canceled>canceled expired>expired rejected>rejected"),
    (
        "new",
        "fill>= done_for_day>done_for_day stopped>stopped suspended>suspended calculated>calculated canceled>canceled expired>expired rejected>rejected",
    ),
    (
        "partially_filled",
        "fill>= done_for_day>done_for_day stopped>stopped suspended>suspended calculated>calculated canceled>canceled expired>expired",
    ),
    ("done_for_day", "accepted>accepted new>= calculated>calculated canceled>canceled expired>expired"),
    ("stopped", "fill>= done_for_day>done_for_day calculated>calculated canceled>canceled expired>expired"),
    ("suspended", "new>= canceled>canceled expired>expired rejected>rejected"),
    ("calculated", "new>= done_for_day>done_for_day canceled>canceled expired>expired"),
    ("filled", ""),
    ("canceled", ""),
    ("expired", ""),
    ("rejected", ""),
    ("replaced", ""),
    ("refused", ""),
    // While one of these two is shown, the table goes by what lies beneath.
    ("pending_cancel", ""),
    ("pending_replace", ""),
];
/// Statuses whose orders the documentation lets be replaced.
const REPLACEABLE: [&str; 5] = ["pending_new", "accepted", "new", "partially_filled", "held"];
const OVER: [&str; 6] = ["filled", "canceled", "expired", "rejected", "refused", "replaced"];

/// The reference: names and numbers, nothing of the code under test.
#[derive(Clone, Debug)]
struct Reference {
    beneath: String,
    cancel_asked: bool,
    replace_asked: bool,
    qty: i64,
    filled: i64,
    paid: i128,
}

impl Reference {
    fn shown(&self) -> &str {
        match (OVER.contains(&self.beneath.as_str()), self.cancel_asked, self.replace_asked) {
            (false, true, _) => "pending_cancel",
            (false, false, true) => "pending_replace",
            _ => &self.beneath,
        }
    }

    /// False where the event cannot happen.
    fn happens(&mut self, event: &str, qty: i64, price: i64) -> bool {
        let over = OVER.contains(&self.beneath.as_str());
        match event {
            _ if over => return false,
            "ask_cancel" => return !std::mem::replace(&mut self.cancel_asked, true),
            "cancel_denied" => return std::mem::replace(&mut self.cancel_asked, false),
            "ask_replace" => {
                let may = !self.cancel_asked && !self.replace_asked && REPLACEABLE.contains(&self.beneath.as_str());
                self.replace_asked |= may;
                return may;
            }
            "replace_denied" => return std::mem::replace(&mut self.replace_asked, false),
            "replaced" => {
                if self.replace_asked {
                    "replaced".clone_into(&mut self.beneath);
                }
                return self.replace_asked;
            }
            "restated" => {
                let may = qty > self.filled && qty > 0;
                if may {
                    self.qty = qty;
                }
                return may;
            }
            "rejected" if self.filled > 0 => return false,
            _ => {}
        }
        let row = TABLE.iter().find(|(status, _)| *status == self.beneath).unwrap().1;
        let Some(next) = row.split(' ').filter_map(|cell| cell.split_once('>')).find(|(e, _)| *e == event).map(|(_, next)| next) else {
            return false;
        };
        if event == "fill" {
            if qty <= 0 || self.filled + qty > self.qty {
                return false;
            }
            self.filled += qty;
            self.paid += i128::from(qty) * i128::from(price);
        }
        let next = match next {
            "=" if self.filled == self.qty => "filled",
            "=" if self.filled > 0 => "partially_filled",
            "=" => "new",
            other => other,
        };
        next.clone_into(&mut self.beneath);
        true
    }
}

const EVENTS: [&str; 19] = [
    "review",
    "accepted",
    "bidding",
    "held",
    "new",
    "fill",
    "done_for_day",
    "stopped",
    "suspended",
    "calculated",
    "canceled",
    "expired",
    "rejected",
    "ask_cancel",
    "cancel_denied",
    "ask_replace",
    "replaced",
    "replace_denied",
    "restated",
];

fn event_of(name: &str, qty: i64, price: i64) -> OrderEvent {
    use OrderEvent as E;
    match name {
        "review" => E::UnderReview,
        "accepted" => E::Accepted,
        "bidding" => E::AcceptedForBidding,
        "held" => E::Held,
        "new" => E::New,
        "fill" => E::Filled { qty: Qty::from_raw(qty), price: Price::from_raw(price) },
        "done_for_day" => E::DoneForDay,
        "stopped" => E::Stopped,
        "suspended" => E::Suspended,
        "calculated" => E::Calculated,
        "canceled" => E::Canceled,
        "expired" => E::Expired,
        "rejected" => E::Rejected,
        "ask_cancel" => E::CancelRequested,
        "cancel_denied" => E::CancelRejected,
        "ask_replace" => E::ReplaceRequested,
        "replaced" => E::Replaced,
        "replace_denied" => E::ReplaceRejected,
        "restated" => E::Restated(Restatement { qty: Qty::from_raw(qty), limit: None, stop: None, hwm: None }),
        other => panic!("{other}"),
    }
}

fn order(qty: i64) -> Order {
    let request = OrderRequest::market(InstrumentId(0), Side::Buy, Qty::from_raw(qty));
    Order::new(OrderId(1), StrategyId(0), &request, Price::ZERO, Timestamp::MIN)
}

fn agree(order: &Order, model: &Reference) {
    assert_eq!(order.status().as_str(), model.shown());
    assert_eq!(order.base_status().as_str(), model.beneath);
    assert_eq!((order.qty.raw(), order.filled.raw(), order.notional_e18), (model.qty, model.filled, model.paid));
    assert_eq!(order.remaining().raw(), model.qty - model.filled);
    assert_eq!(order.status().is_terminal(), OVER.contains(&model.shown()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn an_order_does_what_the_table_says_and_refuses_the_rest(
        steps in prop::collection::vec((0_usize..EVENTS.len(), -1_i64..9, 1_i64..1000, any::<bool>()), 0..60)
    ) {
        let mut order = order(20);
        let mut model = Reference { beneath: "pending_new".into(), cancel_asked: false, replace_asked: false, qty: 20, filled: 0, paid: 0 };
        for (event, qty, price, likely) in steps {
            // Half of the steps are fills or become workable, so that orders live long enough to see the rarer events.
            let name = if likely { ["new", "fill", "fill"][event % 3] } else { EVENTS[event] };
            let qty = if name == "restated" { qty * 4 } else { qty };
            let before = order;
            let can = model.happens(name, qty, price);
            let outcome = order.apply(event_of(name, qty, price), Timestamp::from_nanos(1));
            prop_assert_eq!(outcome.is_ok(), can, "{} in {} ({})", name, before.status().as_str(), before.base_status().as_str());
            if !can {
                prop_assert_eq!(before, order, "a refused event changes nothing");
            }
            agree(&order, &model);
        }
    }
}

/// Every status × every event, without chance.
#[test]
fn the_whole_table_agrees_cell_by_cell() {
    let mut cells = 0;
    for (status, _) in TABLE {
        if ["pending_cancel", "pending_replace", "refused"].contains(&status) {
            continue;
        }
        // A way to each status, by its name.
        let way: &[&str] = match status {
            "pending_new" => &[],
            "pending_review" => &["review"],
            "accepted_for_bidding" => &["accepted", "bidding"],
            "accepted" | "held" | "new" | "suspended" | "canceled" | "expired" | "rejected" => &[status],
            "partially_filled" => &["new", "fill"],
            "done_for_day" | "stopped" | "calculated" => &["new", status],
            "filled" => &["new", "fill", "fill", "fill", "fill"],
            "replaced" => &["new", "ask_replace", "replaced"],
            other => panic!("{other}"),
        };
        for asked in [&[][..], &["ask_cancel"], &["ask_replace"], &["ask_replace", "ask_cancel"]] {
            let mut at = order(20);
            let mut model =
                Reference { beneath: "pending_new".into(), cancel_asked: false, replace_asked: false, qty: 20, filled: 0, paid: 0 };
            for name in way.iter().chain(asked) {
                let outcome = at.apply(event_of(name, 5, 7), Timestamp::MIN);
                assert_eq!(outcome.is_ok(), model.happens(name, 5, 7), "{name}");
            }
            agree(&at, &model);
            for name in EVENTS {
                let (mut order, mut model) = (at, model.clone());
                let can = model.happens(name, 5, 7);
                assert_eq!(order.apply(event_of(name, 5, 7), Timestamp::MIN).is_ok(), can, "{name} in {status} after {asked:?}");
                agree(&order, &model);
                cells += 1;
            }
        }
    }
    println!("{cells} of {cells} cells of status × event agree with the documentation's table");
    assert_eq!(cells, 16 * 4 * 19);
}

// --- groups --------------------------------------------------------------------------------------------------------------

/// An order of a group as the page tells of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Plain {
    qty: i64,
    filled: i64,
    /// "held", "works" or "over".
    state: &'static str,
}

impl Plain {
    const fn left(&self) -> i64 {
        self.qty - self.filled
    }
}

/// The sentences of the page, one by one, over parent, take-profit and stop-loss.
fn follow(class: &str, orders: &mut [Option<Plain>; 3], who: usize, event: &str, qty: i64) {
    let Some(one) = orders[who].as_mut() else { return };
    if event == "fill" {
        one.filled += qty;
        if one.left() == 0 {
            one.state = "over";
        }
        let filled = one.left() == 0;
        let (profit, loss) = if class == "oco" { (0, 2) } else { (1, 2) };
        if class != "oco" && who == 0 {
            // "The legs are activated once the entry order is completely filled."
            if filled {
                for leg in orders[1..].iter_mut().flatten().filter(|l| l.state == "held") {
                    leg.state = "works";
                }
            }
        } else if who == profit {
            // "A partial fill of the take-profit reduces the stop-loss by as many shares"; "if one is filled, the other is canceled".
            if let Some(other) = orders[loss].as_mut().filter(|o| o.state != "over") {
                if filled || other.left() <= qty {
                    other.state = "over";
                } else {
                    other.qty -= qty;
                }
            }
        } else if let Some(other) = orders[profit].as_mut().filter(|o| o.state != "over") {
            other.state = "over";
        }
    } else {
        // "If any one of the orders is canceled, any remaining open order in the group is canceled."
        for order in orders.iter_mut().flatten() {
            order.state = "over";
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn a_group_does_what_the_page_says(
        class in 0_usize..4,
        steps in prop::collection::vec((0_usize..3, 0_usize..8, 1_i64..12), 0..30)
    ) {
        let loss = Some(StopLoss { stop: Price::from_raw(1_000), limit: None });
        let base = OrderRequest::market(InstrumentId(0), Side::Buy, Qty::from_raw(20));
        let (name, request) = match class {
            0 => ("bracket", OrderRequest { class: OrderClass::Bracket, take_profit: Some(Price::from_raw(9_000)), stop_loss: loss, ..base }),
            1 => ("oto", OrderRequest { class: OrderClass::Oto, take_profit: Some(Price::from_raw(9_000)), ..base }),
            2 => ("oto", OrderRequest { class: OrderClass::Oto, stop_loss: loss, ..base }),
            _ => ("oco", OrderRequest {
                class: OrderClass::Oco,
                stop_loss: loss,
                ..OrderRequest::limit(InstrumentId(0), Side::Sell, Qty::from_raw(20), Price::from_raw(9_000))
            }),
        };
        prop_assert_eq!(request.fault(), None);
        let now = Timestamp::MIN;
        let (parent, legs) = Order::new(OrderId(1), StrategyId(0), &request, Price::ZERO, now).with_legs(&request);
        let mut orders = Orders::default();
        orders.add(parent).unwrap();
        let mut group = if name == "oco" { Group::of_exit(parent.id, parent.qty) } else { Group::of_entry(parent.id, parent.qty) };
        let mut plain = [Some(Plain { qty: 20, filled: 0, state: "works" }), None, None];
        orders.apply(parent.id, OrderEvent::New, now).unwrap();
        for leg in legs.into_iter().flatten() {
            orders.add(leg).unwrap();
            let held = group.add_leg(leg.id, leg.role, leg.qty);
            prop_assert_eq!(held, group.is_held(leg.id));
            orders.apply(leg.id, if held { OrderEvent::Held } else { OrderEvent::New }, now).unwrap();
            let slot = if leg.role == Role::TakeProfit { 1 } else { 2 };
            plain[slot] = Some(Plain { qty: 20, filled: 0, state: if held { "held" } else { "works" } });
        }
        let ids = [Some(OrderId(1)), legs[0].map(|l| l.id), legs[1].map(|l| l.id)];
        let mut acts = Vec::new();
        for (who, what, qty) in steps {
            let (Some(id), Some(model)) = (ids[who], plain[who]) else { continue };
            // The venue makes only what an order in its state can do.
            let event = match (what, model.state) {
                (0..=5, "works") => "fill",
                (0..=5, _) | (_, "over") => continue,
                _ => "end",
            };
            let qty = qty.min(model.left());
            if event == "fill" {
                orders.apply(id, OrderEvent::Filled { qty: Qty::from_raw(qty), price: Price::from_raw(5_000) }, now).unwrap();
                group.on_fill(id, Qty::from_raw(qty), &mut acts);
            } else {
                orders.apply(id, if what == 6 { OrderEvent::Canceled } else { OrderEvent::Expired }, now).unwrap();
                group.on_end(id, &mut acts);
            }
            follow(name, &mut plain, who, event, qty);
            for act in acts.drain(..) {
                match act {
                    GroupAct::Release(leg, left) => {
                        let order = orders.apply(leg, OrderEvent::New, now).unwrap();
                        prop_assert_eq!(order.remaining(), left);
                    }
                    GroupAct::Cancel(other) => {
                        orders.apply(other, OrderEvent::Canceled, now).unwrap();
                    }
                    GroupAct::Shrink(leg, left, by) => {
                        prop_assert_eq!(orders.get(leg).unwrap().remaining().raw() - by.raw(), left.raw());
                        let filled = orders.get(leg).unwrap().filled;
                        let terms = Restatement { qty: left.checked_add(filled).unwrap(), limit: None, stop: None, hwm: None };
                        orders.apply(leg, OrderEvent::Restated(terms), now).unwrap();
                    }
                }
            }
            for (id, model) in ids.iter().zip(&plain) {
                let (Some(id), Some(model)) = (id, model) else { continue };
                let order = orders.get(*id).unwrap();
                prop_assert_eq!((order.qty.raw(), order.filled.raw()), (model.qty, model.filled), "{:?} of a {}", order.role, name);
                let state = match order.status() {
                    OrderStatus::Held => "held",
                    s if s.is_terminal() => "over",
                    _ => "works",
                };
                prop_assert_eq!(state, model.state, "{:?} of a {} after {} of {}", order.role, name, event, who);
            }
            prop_assert_eq!(group.is_over(), plain.iter().flatten().all(|m| m.state == "over"));
            // The two exits together never sell more than was bought.
            let exits = if name == "oco" { [0, 2] } else { [1, 2] };
            let sold: i64 = exits.iter().filter_map(|&i| plain[i]).map(|m| m.filled).sum();
            prop_assert!(sold <= 20, "{sold} sold");
        }
    }
}
