//! What operators ask for by hand: through the same checks, in the same journal, once.

use super::*;
use crate::journal::{Reader, RecordKind};
use crate::session::{Replay, describe};
use crate::strategy::Intent;
use crate::types::StrategyId;

const S: StrategyId = StrategyId(0);

fn buy(shares: i64, at: &str) -> Intent {
    Intent::Submit(limit(Side::Buy, shares, at))
}

#[test]
fn an_order_by_hand_leaves_as_a_strategys_own_does_and_a_replay_needs_nobody() {
    let mut bench = bench(&[]);
    bench.quote();
    bench.node.watch_orders(true);
    let (made, refused) = bench.node.by_hand(S, buy(100, "9.5"), "ann", "hedge", at(1)).unwrap();
    assert!(refused.is_none());
    let id = made.unwrap();
    let (request, body) = bench.requests().remove(0);
    assert_eq!((request.order, body["qty"].as_str(), body["limit_price"].as_str()), (id, Some("100"), Some("9.5")));
    bench.hear("new", &order("u-1", "tw-abababababab-1"), &json!({}));
    let change = Intent::Replace { order: id, qty: Some(qty(40)), limit: None, stop: None, trail: None };
    let (new, _) = bench.node.by_hand(S, change, "ann", "less", at(2)).unwrap();
    assert_eq!(bench.requests()[0].0.kind, RequestKind::Replace { old: id, broker_id: "u-1".to_owned() });
    assert_eq!(bench.node.take_changed(), [new.unwrap(), id]);
    assert_eq!(bench.node.by_hand(S, Intent::Cancel(new.unwrap()), "ann", "enough", at(3)).unwrap(), (None, None));
    assert_eq!(bench.node.take_changed(), [new.unwrap()]);
    let hash = bench.node.engine().state_hash().unwrap();
    bench.node.sync(at(3)).unwrap();
    let mut replay = Replay::new(Reader::open(&bench.storage, 0).unwrap()).unwrap();
    while replay.step().unwrap() {}
    assert_eq!(replay.engine().state_hash().unwrap(), hash);
    let (again, _) = bench.restart();
    assert_eq!(again.node.engine().orders().len(), 2);
}

#[test]
fn what_risk_refuses_by_hand_says_why_and_what_cannot_be_asked_for_leaves_no_trace() {
    let mut bench = bench(&[]);
    bench.quote();
    // More than the account can buy.
    let (made, refused) = bench.node.by_hand(S, buy(10_000_000, "9.5"), "ann", "", at(1)).unwrap();
    assert_eq!(refused.unwrap().refusal.code.as_str(), "BUYING_POWER");
    assert_eq!(bench.status(made.unwrap().0), "refused");
    assert!(bench.requests().is_empty());
    let steps = bench.node.session().steps();
    let timer = Intent::Timer { at: at(9), tag: 0 };
    for (strategy, intent) in [(StrategyId(7), buy(1, "9")), (S, Intent::Cancel(OrderId(99))), (S, timer)] {
        assert!(matches!(bench.node.by_hand(strategy, intent, "ann", "", at(1)), Err(crate::types::Error::Config { .. })));
    }
    assert_eq!(bench.node.session().steps(), steps);
    bench.node.command(Command::Pause, "ann", "", at(2)).unwrap();
    let (_, refused) = bench.node.by_hand(S, buy(1, "9.5"), "ann", "", at(2)).unwrap();
    assert_eq!(refused.unwrap().refusal.code.as_str(), "STATE");
}

/// A node as the shell makes it: strategies that fail are isolated, and the operator's is beside them.
fn operated() -> (Node<SimulatedStorage>, SimulatedStorage) {
    let mut instruments = Instruments::default();
    instruments.intern("BAC").unwrap();
    let isolation = Some(crate::engine::Isolation::default());
    let config = EngineConfig { trust: Trust::Wire, isolation, cash: Money::from_f64(1e6).unwrap(), ..EngineConfig::default() };
    let sources = vec![Sources { quotes: true, ..Sources::default() }];
    let script: Box<dyn Strategy> = Box::new(Script(VecDeque::new()));
    let strategies = vec![script, Box::new(crate::strategy::Operator)];
    let storage = SimulatedStorage::new(1);
    let log = Log::create(storage.clone(), log_config(), JournalId([1; 16])).unwrap();
    let mut node = Node::create(log, Setup { config, instruments, sources, strategies }, at(0)).unwrap();
    node.start(at(0), at(0)).unwrap();
    node.command(Command::Run, "test", "", at(0)).unwrap();
    (node, storage)
}

#[test]
fn parameters_that_a_strategy_does_not_take_are_its_fault_and_remarks_stand_in_the_journal() {
    let (mut node, storage) = operated();
    node.note(r#"{"by":"ann"}"#, at(1)).unwrap();
    node.set_parameters(S, r#"{"every":3}"#, "ann", "slower", at(1)).unwrap();
    assert!(node.note(&"x".repeat(70_000), at(1)).is_err());
    assert!(node.set_parameters(StrategyId(9), "{}", "ann", "", at(1)).is_err());
    node.sync(at(1)).unwrap();
    assert_eq!(node.engine().calls(S).map(|(is_active, _, faults)| (is_active, faults)), Some((true, 1)));
    let mut reader = Reader::open(&storage, 0).unwrap();
    let mut found = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        if record.kind == RecordKind::NOTE || record.kind == RecordKind::PARAMETERS {
            found.push((record.kind, describe(record.kind, record.sequence, record.payload).unwrap()));
        }
    }
    assert_eq!(found[0], (RecordKind::NOTE, Value::String(r#"{"by":"ann"}"#.to_owned())));
    assert_eq!((found[1].0, found[1].1["input"]["Parameters"]["text"].as_str()), (RecordKind::PARAMETERS, Some(r#"{"every":3}"#)));
    assert_eq!(found.len(), 2);
}

#[test]
fn the_operators_strategy_keeps_no_engine_running_whose_others_are_isolated() {
    let (mut node, _) = operated();
    for faults in 1..=3 {
        assert_eq!(node.engine().state(), EngineState::Running);
        node.set_parameters(S, r#"{"every":3}"#, "ann", "it takes none", at(1)).unwrap();
        assert_eq!(node.engine().calls(S).map(|(is_active, _, n)| (is_active, n)), Some((faults < 3, faults)));
    }
    assert_eq!(node.engine().state(), EngineState::SafeMode);
}

#[test]
fn the_last_strategy_may_be_stopped_by_hand_while_the_engine_runs() {
    let (mut node, _) = operated();
    node.command(Command::Isolate(S), "ann", "", at(1)).unwrap();
    assert_eq!(node.engine().calls(S).map(|(is_active, ..)| is_active), Some(false));
    assert_eq!(node.engine().state(), EngineState::Running);
    node.command(Command::Reinstate(S), "ann", "", at(2)).unwrap();
    assert_eq!(node.engine().calls(S).map(|(is_active, ..)| is_active), Some(true));
}

#[test]
fn a_strategy_put_into_a_spare_place_trades_and_is_there_again_after_a_restart() {
    let acts = [Act::Submit(limit(Side::Buy, 10, "9.5"), None), Act::Submit(limit(Side::Buy, 20, "9.5"), None)];
    let strategies = |fill: bool| {
        let (spare, place) = crate::strategy::Spare::new(1);
        if fill {
            place.put(Box::new(Script(acts.iter().cloned().collect())));
        }
        let list: Vec<Box<dyn Strategy>> = vec![Box::new(Script(VecDeque::new())), Box::new(spare)];
        (list, place)
    };
    let mut bench = bench(&[]);
    let (list, place) = strategies(false);
    let storage = SimulatedStorage::new(2);
    let mut instruments = Instruments::default();
    instruments.intern("BAC").unwrap();
    let config = EngineConfig { trust: Trust::Wire, cash: Money::from_f64(1e6).unwrap(), ..EngineConfig::default() };
    let sources = vec![Sources { quotes: true, ..Sources::default() }];
    let log = Log::create(storage.clone(), log_config(), JournalId([0xab; 16])).unwrap();
    bench.node = Node::create(log, Setup { config, instruments, sources, strategies: list }, at(0)).unwrap();
    bench.storage = storage;
    bench.node.start(at(0), at(0)).unwrap();
    bench.node.command(Command::Run, "test", "", at(0)).unwrap();
    let spare = StrategyId(1);
    assert!(bench.quote().is_empty());
    assert_eq!(bench.node.engine().calls(spare).map(|(is_active, ..)| is_active), Some(false));
    place.put(Box::new(Script(acts.iter().cloned().collect())));
    bench.node.set_parameters(spare, "{}", "ann", "a new one", at(2)).unwrap();
    assert_eq!(bench.node.engine().calls(spare).map(|(is_active, ..)| is_active), Some(true));
    let (request, body) = bench.quote().remove(0);
    assert_eq!((request.order, body["qty"].as_str()), (OrderId(1), Some("10")));
    assert_eq!(bench.node.engine().orders().get(OrderId(1)).unwrap().strategy, spare);
    bench.node.sync(at(3)).unwrap();
    let hash = bench.node.engine().state_hash().unwrap();
    // A replay needs no strategy; a restart has the place filled again, and the strategy as it was.
    let mut replay = Replay::new(Reader::open(&bench.storage, 0).unwrap()).unwrap();
    while replay.step().unwrap() {}
    assert_eq!(replay.engine().state_hash().unwrap(), hash);
    let (list, _) = strategies(true);
    (bench.node, _) = Node::recover(bench.storage.clone(), log_config(), list, at(4)).unwrap();
    bench.node.command(Command::Run, "test", "", at(4)).unwrap();
    let bodies: Vec<_> = bench.quote().into_iter().map(|(_, body)| body["qty"].clone()).collect();
    assert!(bodies.contains(&json!("20")), "{bodies:?}");
}

#[test]
fn a_fee_in_coins_is_taken_out_of_positions_and_nothing_else_is() {
    let mut instruments = Instruments::default();
    for symbol in ["BTC/USD", "BAC"] {
        instruments.intern(symbol).unwrap();
    }
    let config = EngineConfig { trust: Trust::Wire, cash: Money::from_f64(1e6).unwrap(), ..EngineConfig::default() };
    let sources = vec![Sources { quotes: true, ..Sources::default() }; 2];
    let strategies: Vec<Box<dyn Strategy>> = vec![Box::new(Script(VecDeque::new())), Box::new(crate::strategy::Operator)];
    let log = Log::create(SimulatedStorage::new(1), log_config(), JournalId([1; 16])).unwrap();
    let mut node = Node::create(log, Setup { config, instruments, sources, strategies }, at(0)).unwrap();
    node.start(at(0), at(0)).unwrap();
    node.command(Command::Run, "test", "", at(0)).unwrap();
    let coins = |text: &str| Qty::parse(text.as_bytes()).unwrap();
    // The strategies buy three coins and one, in both symbols.
    let mut number = 0;
    for (symbol, instrument) in [("BTC/USD", I), ("BAC", InstrumentId(1))] {
        let quote = format!(r#"[{{"T":"q","S":"{symbol}","bp":99,"bs":50,"ap":101,"as":50,"t":"{}"}}]"#, at(1));
        node.on_frame(quote.as_bytes(), at(1)).unwrap();
        for (strategy, qty) in [(S, "3"), (StrategyId(1), "1")] {
            let request = OrderRequest::limit(instrument, Side::Buy, coins(qty), price("100"));
            let (id, refused) = node.by_hand(strategy, Intent::Submit(request), "ann", "", at(1)).unwrap();
            assert!(refused.is_none());
            number += 1;
            let mut record = order(&format!("u-{number}"), &node.client_id(id.unwrap()));
            (record["filled_qty"], record["filled_avg_price"], record["status"]) = (qty.into(), "100".into(), "filled".into());
            node.settle(record.to_string().as_bytes(), at(2)).unwrap();
        }
    }
    for (symbol, there) in [("BTC/USD", "4"), ("BTC/USD", "4.1"), ("BTC/USD", "3.9"), ("BTC/USD", "0"), ("BAC", "3.99"), ("ETH/USD", "0")] {
        assert!(!node.take_fee(symbol, coins(there), at(3)).unwrap(), "{symbol} {there}");
    }
    assert!(node.take_fee("BTC/USD", coins("3.990000001"), at(3)).unwrap());
    let held = |node: &Node<SimulatedStorage>, s| node.engine().ledger().position(s, I).unwrap().qty.to_string();
    assert_eq!((held(&node, S), held(&node, StrategyId(1))), ("2.9925".to_owned(), "0.997500001".to_owned()));
    assert!(node.engine().ledger().is_balanced());
    // The whole fee is taken by now, and no more is one.
    assert!(!node.take_fee("BTC/USD", coins("3.989"), at(4)).unwrap());
}
