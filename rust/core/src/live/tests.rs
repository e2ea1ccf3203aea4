//! The node by itself: what it asks the broker for, and what it makes of the broker's words, in whatever order and however often.

use super::*;
use crate::engine::{EngineConfig, Trust};
use crate::journal::{JournalId, SimulatedStorage, SyncPolicy};
use crate::order::{Broker, OrderClass, OrderRequest, OrderType, StopLoss, TimeInForce, Trail};
use crate::strategy::{Context, Interest, Strategy};
use crate::types::{Instruments, Money, Price, Qty, Side};
use crate::venue::Sources;
use proptest::prelude::*;
use serde_json::{Value, json};

mod manual;
mod market;

const I: InstrumentId = InstrumentId(0);

/// What a scripted strategy does with one quote.
#[derive(Clone)]
enum Act {
    Submit(OrderRequest, Option<&'static str>),
    Cancel(u64),
    Replace(u64, Option<i64>, Option<&'static str>),
}

/// Does one thing a quote.
struct Script(VecDeque<Act>);

impl Strategy for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES
    }

    fn on_market(&mut self, _: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        match self.0.pop_front() {
            Some(Act::Submit(request, None)) => {
                context.submit(request);
            }
            Some(Act::Submit(request, Some(name))) => {
                context.submit_named(request, name);
            }
            Some(Act::Cancel(id)) => {
                context.cancel(OrderId(id))?;
            }
            Some(Act::Replace(id, shares, limit)) => {
                context.replace(OrderId(id), shares.map(qty), limit.map(price), None)?;
            }
            None => {}
        }
        Ok(())
    }
}

fn qty(shares: i64) -> Qty {
    Qty::from_whole(shares).unwrap()
}

fn price(text: &str) -> Price {
    Price::parse(text.as_bytes()).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_nanos(1_767_623_400_000_000_000 + second * 1_000_000_000)
}

fn limit(side: Side, shares: i64, limit: &str) -> OrderRequest {
    OrderRequest::limit(I, side, qty(shares), price(limit))
}

struct Bench {
    node: Node<SimulatedStorage>,
    storage: SimulatedStorage,
    acts: Vec<Act>,
    second: i64,
}

fn log_config() -> LogConfig {
    LogConfig { policy: SyncPolicy::Always, ..LogConfig::default() }
}

fn bench(acts: &[Act]) -> Bench {
    let mut instruments = Instruments::default();
    instruments.intern("BAC").unwrap();
    let config =
        EngineConfig { trust: Trust::Wire, broker: Broker::Alpaca, cash: Money::from_f64(1e6).unwrap(), ..EngineConfig::default() };
    let sources = vec![Sources { quotes: true, ..Sources::default() }];
    let strategies: Vec<Box<dyn Strategy>> = vec![Box::new(Script(acts.iter().cloned().collect()))];
    let storage = SimulatedStorage::new(1);
    let log = Log::create(storage.clone(), log_config(), JournalId([0xab; 16])).unwrap();
    let mut node = Node::create(log, Setup { config, instruments, sources, strategies }, at(0)).unwrap();
    node.start(at(0), at(0)).unwrap();
    node.command(Command::Run, "test", "reconciled", at(0)).unwrap();
    Bench { node, storage, acts: acts.to_vec(), second: 0 }
}

impl Bench {
    /// A quote comes; the requests that follow, and their bodies.
    fn quote(&mut self) -> Vec<(Request, Value)> {
        self.second += 1;
        let frame = format!(
            r#"[{{"T":"q","S":"BAC","bx":"V","bp":9.99,"bs":5,"ax":"V","ap":10.01,"as":5,"c":["R"],"z":"A","t":"{}"}}]"#,
            at(self.second)
        );
        self.node.on_frame(frame.as_bytes(), at(self.second)).unwrap();
        self.requests()
    }

    fn requests(&mut self) -> Vec<(Request, Value)> {
        self.node.commit(at(self.second)).unwrap();
        let mut found = Vec::new();
        while let Some(request) = self.node.take_request() {
            let body = if request.body.is_empty() { Value::Null } else { serde_json::from_str(&request.body).unwrap() };
            found.push((request, body));
        }
        found
    }

    fn hear(&mut self, event: &str, order: &Value, more: &Value) -> Heard {
        let mut data = json!({"event": event, "order": order, "timestamp": "2026-01-05T14:31:00.5Z"});
        for (field, value) in more.as_object().unwrap() {
            data[field] = value.clone();
        }
        let message = json!({"stream": "trade_updates", "data": data});
        self.node.on_update(message.to_string().as_bytes(), at(self.second)).unwrap()
    }

    fn fill(&mut self, order: &Value, shares: i64, cum: i64, at_price: &str) {
        let mut order = order.clone();
        order["filled_qty"] = cum.to_string().into();
        self.hear("partial_fill", &order, &json!({"qty": shares.to_string(), "price": at_price, "execution_id": format!("e{cum}")}));
    }

    fn settle(&mut self, order: &Value) {
        self.node.settle(order.to_string().as_bytes(), at(self.second)).unwrap();
    }

    fn status(&self, id: u64) -> &'static str {
        self.node.engine().orders().get(OrderId(id)).unwrap().status().as_str()
    }

    fn filled(&self, id: u64) -> String {
        self.node.engine().orders().get(OrderId(id)).unwrap().filled.to_string()
    }

    fn position(&self) -> String {
        self.node.engine().ledger().net_qty(I).to_string()
    }

    /// The process dies and starts again.
    fn restart(mut self) -> (Self, Recovered) {
        let strategies: Vec<Box<dyn Strategy>> = vec![Box::new(Script(self.acts.iter().cloned().collect()))];
        let (node, recovered) = Node::recover(self.storage.clone(), log_config(), strategies, at(self.second)).unwrap();
        self.node = node;
        (self, recovered)
    }
}

fn order(id: &str, client: &str) -> Value {
    json!({"id": id, "client_order_id": client, "status": "new", "filled_qty": "0", "filled_avg_price": null})
}

#[test]
fn requests_are_what_alpaca_takes() {
    let bracket = OrderRequest {
        class: OrderClass::Bracket,
        take_profit: Some(price("11")),
        stop_loss: Some(StopLoss { stop: price("9"), limit: Some(price("8.95")) }),
        ..limit(Side::Buy, 100, "10")
    };
    let trailing = OrderRequest { tif: TimeInForce::Gtc, ..OrderRequest::trailing(I, Side::Buy, qty(5), Trail::percent(1.5).unwrap()) };
    let dollars =
        OrderRequest { notional: Some(Money::from_f64(250.5).unwrap()), qty: Qty::ZERO, ..OrderRequest::market(I, Side::Buy, qty(1)) };
    let extended = OrderRequest { extended_hours: true, ..limit(Side::Buy, 7, "9.98") };
    let acts = [bracket, trailing, dollars, extended].map(|request| Act::Submit(request, None));
    let mut bench = bench(&acts);
    let bodies: Vec<Value> = (0..4).flat_map(|_| bench.quote()).map(|(_, body)| body).collect();
    assert_eq!(
        bodies,
        [
            json!({"symbol": "BAC", "qty": "100", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "10",
                "client_order_id": "tw-abababababab-1", "order_class": "bracket",
                "take_profit": {"limit_price": "11"}, "stop_loss": {"stop_price": "9", "limit_price": "8.95"}}),
            json!({"symbol": "BAC", "qty": "5", "side": "buy", "type": "trailing_stop", "time_in_force": "gtc", "trail_percent": "1.5",
                "client_order_id": "tw-abababababab-4"}),
            json!({"symbol": "BAC", "notional": "250.5", "side": "buy", "type": "market", "time_in_force": "day",
                "client_order_id": "tw-abababababab-5"}),
            json!({"symbol": "BAC", "qty": "7", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "9.98",
                "extended_hours": true, "client_order_id": "tw-abababababab-6"}),
        ]
    );
}

#[test]
fn a_cancel_waits_until_the_broker_has_named_the_order() {
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "9.5"), Some("mine")), Act::Cancel(1)]);
    assert_eq!(bench.quote()[0].0.client_id, "mine");
    assert!(bench.quote().is_empty());
    assert_eq!(bench.status(1), "pending_cancel");
    bench.node.on_answer(order("u-1", "mine").to_string().as_bytes()).unwrap();
    let requests = bench.requests();
    assert_eq!(requests[0].0.kind, RequestKind::Cancel { broker_id: "u-1".to_owned() });
    assert_eq!(bench.hear("canceled", &order("u-1", "mine"), &json!({})), Heard::Order(OrderId(1)));
    assert_eq!(bench.status(1), "canceled");
    assert_eq!(bench.hear("new", &order("u-9", "somebody's"), &json!({})), Heard::Foreign);
}

#[test]
fn a_replacement_takes_the_place_or_loses_to_a_fill() {
    let acts =
        [Act::Submit(limit(Side::Buy, 100, "9.5"), None), Act::Replace(1, Some(80), Some("9.6")), Act::Replace(2, None, Some("9.7"))];
    let mut bench = bench(&acts);
    bench.quote();
    bench.hear("new", &order("u-1", "tw-abababababab-1"), &json!({}));
    let (request, body) = bench.quote().remove(0);
    assert_eq!(request.kind, RequestKind::Replace { old: OrderId(1), broker_id: "u-1".to_owned() });
    assert_eq!(body, json!({"qty": "80", "limit_price": "9.6", "client_order_id": "tw-abababababab-2"}));
    let mut new = order("u-2", "tw-abababababab-2");
    new["replaces"] = "u-1".into();
    bench.node.on_answer(new.to_string().as_bytes()).unwrap();
    let mut old = order("u-1", "tw-abababababab-1");
    old["replaced_by"] = "u-2".into();
    bench.hear("replaced", &old, &json!({}));
    bench.hear("new", &new, &json!({}));
    assert_eq!((bench.status(1), bench.status(2)), ("replaced", "new"));
    // The next one is too late: the order is filled.
    bench.quote();
    bench.fill(&new, 80, 80, "9.6");
    bench.node.refused(&RequestKind::Replace { old: OrderId(2), broker_id: "u-2".to_owned() }, OrderId(3), at(9)).unwrap();
    assert_eq!((bench.status(2), bench.status(3), bench.position()), ("filled", "rejected", "80".to_owned()));
}

#[test]
fn what_was_missed_is_booked_once_at_the_price_that_the_average_leaves() {
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "10.01"), None)]);
    bench.quote();
    let named = order("u-1", "tw-abababababab-1");
    bench.fill(&named, 40, 40, "10");
    // Shares 40 to 90 were filled while nobody listened, and then the order was canceled.
    let mut record = named.clone();
    (record["status"], record["filled_qty"], record["filled_avg_price"]) = ("canceled".into(), "90".into(), "10.005555555".into());
    bench.settle(&record);
    assert_eq!((bench.status(1), bench.filled(1), bench.position()), ("canceled", "90".to_owned(), "90".to_owned()));
    let cost = bench.node.engine().orders().get(OrderId(1)).unwrap().filled_notional_e18();
    assert!((cost - 900_500_000_000_000_000_000).abs() < 100_000_000_000, "{cost}");
    // The single fills come late, from the stream and from the list of activities.
    bench.fill(&named, 50, 90, "10.01");
    let activity = json!({"activity_type": "FILL", "order_id": "u-1", "qty": "20", "price": "10.01", "cum_qty": "60"});
    bench.node.on_activity(activity.to_string().as_bytes(), at(5)).unwrap();
    assert_eq!((bench.filled(1), bench.node.tally().repeats), ("90".to_owned(), 2));
}

#[test]
fn an_order_that_never_arrived_is_given_up_or_sent_again_under_its_id() {
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "9.5"), None), Act::Submit(limit(Side::Buy, 50, "9.4"), None)]);
    let (first, body) = bench.quote().remove(0);
    bench.node.submit_again(OrderId(1)).unwrap();
    let (again, same) = bench.requests().remove(0);
    assert_eq!((again.client_id, same), (first.client_id, body));
    bench.quote();
    bench.node.absent(OrderId(2), at(3)).unwrap();
    assert_eq!((bench.status(1), bench.status(2)), ("pending_new", "rejected"));
}

#[test]
fn a_crash_between_the_journal_and_the_wire_neither_loses_nor_repeats_an_order() {
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "9.5"), None), Act::Submit(limit(Side::Buy, 50, "9.4"), None)]);
    assert_eq!(bench.quote().len(), 1);
    // The second is durable and was never handed out.
    bench.second += 1;
    let frame = br#"[{"T":"q","S":"BAC","bp":9.99,"bs":5,"ap":10.01,"as":5,"t":"2026-01-05T14:30:02Z"}]"#;
    bench.node.on_frame(frame, at(bench.second)).unwrap();
    bench.node.session.sync(&mut Vec::new()).unwrap();
    let (bench, recovered) = bench.restart();
    // Whether the second was sent cannot be told either: both are asked for by their ids before anything is sent.
    assert_eq!(recovered.in_doubt.len() + recovered.unsent, 2, "{recovered:?}");
    assert_eq!(bench.node.in_doubt().iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["tw-abababababab-1", "tw-abababababab-2"]);
}

#[test]
fn names_of_a_journal_of_before_are_known_after_a_restart() {
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "9.5"), Some("mine")), Act::Cancel(1)]);
    bench.quote();
    bench.hear("new", &order("u-1", "mine"), &json!({}));
    bench.fill(&order("u-1", "mine"), 30, 30, "9.5");
    let (mut bench, _) = bench.restart();
    assert_eq!(bench.node.broker_id(OrderId(1)), None);
    // The broker's list says it again; the fill is known.
    let mut record = order("u-1", "mine");
    (record["filled_qty"], record["filled_avg_price"], record["status"]) = ("30".into(), "9.5".into(), "partially_filled".into());
    bench.settle(&record);
    assert_eq!((bench.node.broker_id(OrderId(1)), bench.filled(1)), (Some("u-1"), "30".to_owned()));
}

proptest! {
    /// Fills cut in any way, told in any order, each any number of times, some only by the broker's record: every share is booked once.
    #[test]
    fn every_share_is_booked_once(
        cuts in prop::collection::btree_set(1_i64..100, 0..8),
        told in prop::collection::vec((0_usize..9, 0_u8..4), 0..40),
    ) {
        let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "10.01"), None)]);
        bench.quote();
        let named = order("u-1", "tw-abababababab-1");
        let edges: Vec<i64> = std::iter::once(0).chain(cuts).chain(std::iter::once(100)).collect();
        let parts: Vec<(i64, i64)> = edges.windows(2).map(|w| (w[0], w[1])).collect();
        let mut known = std::collections::BTreeSet::new();
        let mut recorded = 0;
        for (part, how) in told {
            let (from, to) = parts[part % parts.len()];
            if how < 3 {
                bench.fill(&named, to - from, to, "10");
                known.insert((from, to));
            } else {
                let mut record = named.clone();
                (record["filled_qty"], record["filled_avg_price"]) = (to.to_string().into(), "10".into());
                (record["status"]) = if to == 100 { "filled".into() } else { "partially_filled".into() };
                bench.settle(&record);
                recorded = recorded.max(to);
            }
            // What is booked are the first shares, as far as they are known without a gap.
            let mut booked = recorded;
            for &(from, to) in &known {
                booked = if from <= booked { booked.max(to) } else { booked };
            }
            prop_assert_eq!(bench.filled(1).parse::<i64>().unwrap(), booked);
            prop_assert_eq!(bench.node.gapped().count() == 0, known.iter().all(|&(from, _)| from <= booked));
        }
        let mut record = named;
        (record["filled_qty"], record["filled_avg_price"], record["status"]) = ("100".into(), "10".into(), "filled".into());
        bench.settle(&record);
        prop_assert_eq!((bench.status(1), bench.filled(1), bench.position()), ("filled", "100".to_owned(), "100".to_owned()));
        prop_assert_eq!(bench.node.engine().report_faults().1, 0);
    }
}

#[test]
fn a_replace_that_has_yet_to_leave_is_not_given_up_by_a_record_that_cannot_know_of_it() {
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "9.5"), None), Act::Replace(1, None, Some("9.6"))]);
    bench.quote();
    assert!(bench.quote().is_empty()); // it waits for the broker's id
    bench.settle(&order("u-1", "tw-abababababab-1"));
    let (request, _) = bench.requests().pop().unwrap();
    assert_eq!(request.kind, RequestKind::Replace { old: OrderId(1), broker_id: "u-1".to_owned() });
    assert_eq!((bench.status(1), bench.status(2)), ("pending_replace", "pending_new"));
    // It left, and the broker's record shows nothing of it: it never arrived.
    bench.settle(&order("u-1", "tw-abababababab-1"));
    assert_eq!((bench.status(1), bench.status(2)), ("new", "rejected"));
}

#[test]
fn a_replacement_that_the_broker_had_accepted_may_still_be_rejected() {
    for old_is_filled in [true, false] {
        let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "9.5"), None), Act::Replace(1, None, Some("9.6"))]);
        bench.quote();
        let (mut old, mut new) = (order("u-1", "tw-abababababab-1"), order("u-2", "tw-abababababab-2"));
        bench.hear("new", &old, &json!({}));
        bench.quote();
        (new["replaces"], new["status"]) = ("u-1".into(), "accepted".into());
        bench.node.on_answer(new.to_string().as_bytes()).unwrap();
        bench.settle(&new);
        assert_eq!((bench.status(1), bench.status(2)), ("pending_replace", "accepted"));
        if old_is_filled {
            (old["status"], old["filled_qty"], old["filled_avg_price"]) = ("filled".into(), "100".into(), "9.5".into());
            bench.settle(&old);
        }
        new["status"] = "rejected".into();
        bench.settle(&new);
        assert_eq!((bench.status(1), bench.status(2)), (if old_is_filled { "filled" } else { "new" }, "rejected"));
        assert_eq!(bench.node.engine().report_faults().1, 0);
    }
    // And one that works, like any order.
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "9.5"), None), Act::Replace(1, None, Some("9.6"))]);
    bench.quote();
    bench.hear("new", &order("u-1", "tw-abababababab-1"), &json!({}));
    bench.quote();
    let mut new = order("u-2", "tw-abababababab-2");
    new["replaces"] = "u-1".into();
    bench.node.on_answer(new.to_string().as_bytes()).unwrap();
    let mut old = order("u-1", "tw-abababababab-1");
    (old["replaced_by"], old["status"]) = ("u-2".into(), "replaced".into());
    bench.settle(&old);
    bench.settle(&new);
    assert_eq!((bench.status(1), bench.status(2)), ("replaced", "new"));
    new["status"] = "rejected".into();
    bench.settle(&new);
    assert_eq!(bench.status(2), "rejected");
}

#[test]
fn what_was_to_replace_an_order_ends_with_it() {
    let acts = [Act::Submit(limit(Side::Buy, 100, "9.5"), None), Act::Replace(1, None, Some("9.6")), Act::Cancel(2), Act::Cancel(1)];
    for status in ["canceled", "filled", "expired"] {
        let mut bench = bench(&acts);
        bench.quote();
        let mut theirs = order("u-1", "tw-abababababab-1");
        bench.node.on_answer(theirs.to_string().as_bytes()).unwrap();
        (0..3).for_each(|_| drop(bench.quote()));
        theirs["status"] = status.into();
        if status == "filled" {
            (theirs["filled_qty"], theirs["filled_avg_price"]) = ("100".into(), "9.5".into());
        }
        bench.settle(&theirs);
        assert_eq!((bench.status(1), bench.status(2)), (status, "rejected"));
        assert!(bench.requests().is_empty(), "nothing is asked of an order that has ended");
    }
    // Never there itself.
    let mut bench = bench(&acts);
    (0..4).for_each(|_| drop(bench.quote()));
    bench.node.absent(OrderId(1), at(9)).unwrap();
    assert_eq!((bench.status(1), bench.status(2)), ("rejected", "rejected"));
    assert!(bench.requests().is_empty());
}

#[test]
fn an_order_that_somebody_else_replaced_has_ended() {
    let mut bench = bench(&[Act::Submit(limit(Side::Buy, 100, "9.5"), None), Act::Cancel(1)]);
    (0..2).for_each(|_| drop(bench.quote()));
    let mut theirs = order("u-1", "tw-abababababab-1");
    (theirs["status"], theirs["replaced_by"]) = ("replaced".into(), "u-9".into());
    bench.settle(&theirs);
    assert_eq!(bench.status(1), "canceled");
}

#[test]
fn a_message_that_cannot_be_read_does_not_take_those_beside_it_along() {
    let mut bench = bench(&[]);
    let good = |second: i64| format!(r#"{{"T":"q","S":"BAC","bp":9.99,"bs":5,"ap":10.01,"as":5,"t":"{}"}}"#, at(second));
    let frame = format!(r#"[{},{{"T":"q","S":"BAC","bp":"ten","t":7}},{}]"#, good(1), good(2));
    bench.node.on_frame(frame.as_bytes(), at(2)).unwrap();
    assert_eq!((bench.node.tally().events, bench.node.engine().now()), (2, at(2)));
}

#[test]
fn types_are_named_as_alpaca_names_them() {
    let names =
        [OrderType::Market, OrderType::Limit, OrderType::Stop, OrderType::StopLimit, OrderType::TrailingStop].map(OrderType::as_str);
    assert_eq!(names, ["market", "limit", "stop", "stop_limit", "trailing_stop"]);
}
