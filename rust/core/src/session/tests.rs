//! What a replay must refuse. That sessions lose nothing is shown by `tests/simulate`.

use super::*;
use crate::event::{MarketEvent, Quote};
use crate::journal::{JournalId, SimulatedStorage, Source, SyncPolicy};
use crate::order::OrderRequest;
use crate::risk::{KillSwitch, Switched, Thrown};
use crate::strategy::{Context, Interest};
use crate::types::{InstrumentId, Price, Qty, Side, StrategyId};
use proptest::prelude::{any, prop_assert_eq, proptest};
use std::sync::{Arc, Mutex};

const I: InstrumentId = InstrumentId(0);

/// Buys a share on every third quote.
struct Third(u32);

impl Strategy for Third {
    fn name(&self) -> &'static str {
        "third"
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES
    }

    fn on_market(&mut self, _: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        self.0 += 1;
        if self.0.is_multiple_of(3) {
            context.submit(OrderRequest::market(I, Side::Buy, Qty::from_whole(1)?));
        }
        Ok(())
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_nanos(1_381_152_600_000_000_000 + second * 1_000_000_000)
}

fn quote(second: i64) -> Input {
    let (bid, ask) = (Price::from_raw(9_990_000_000), Price::from_raw(10_010_000_000));
    let size = Qty::from_raw(500_000_000_000);
    Input::Market(MarketEvent::Quote(Quote { ts: at(second), instrument: I, bid, ask, bid_size: size, ask_size: size, flags: 0 }))
}

fn session(storage: &SimulatedStorage, snapshot_every: u64) -> Session<SimulatedStorage> {
    let mut instruments = Instruments::default();
    instruments.intern("BAC").unwrap();
    let sources = vec![Sources { quotes: true, ..Sources::default() }];
    let setup = Setup { config: EngineConfig::default(), instruments, sources, strategies: vec![Box::new(Third(0))] };
    let config = LogConfig { policy: SyncPolicy::Always, ..LogConfig::default() };
    let log = Log::create(storage.clone(), config, JournalId([1; 16])).unwrap();
    let mut session = Session::create(log, setup, at(0)).unwrap().snapshot_every(snapshot_every);
    session.step(&Input::Start { at: at(0), reconcile: false }, at(0)).unwrap();
    session
}

fn recorded(snapshot_every: u64) -> (SimulatedStorage, [u8; 32]) {
    let storage = SimulatedStorage::new(1);
    let mut session = session(&storage, snapshot_every);
    for second in 1..=10 {
        session.step(&quote(second), at(second)).unwrap();
    }
    let hash = session.engine().state_hash().unwrap();
    session.close(&mut Vec::new()).unwrap();
    (storage, hash)
}

#[test]
fn nothing_leaves_before_it_is_durable_and_everything_after() {
    let storage = SimulatedStorage::new(1);
    let mut session = session(&storage, 0);
    let mut out = Vec::new();
    for second in 1..=3 {
        session.step(&quote(second), at(second)).unwrap();
    }
    assert!(session.held() > 0);
    session.commit(at(3), &mut out).unwrap();
    assert_eq!(out.iter().filter(|o| matches!(o, Output::Order(_))).count(), 1);
    assert_eq!(session.held(), 0);
    assert_eq!(session.in_doubt(), [OrderId(1)], "sent, and nothing heard of it");
}

#[test]
fn a_snapshot_shortens_the_replay_and_gives_the_same_state() {
    let (storage, hash) = recorded(4);
    let (header, found) = snapshots(&storage).unwrap();
    assert_eq!(found.len(), 2);
    for record in &found {
        let mut replay = Replay::after(&storage, &header, record).unwrap();
        while replay.step().unwrap() {}
        let result = replay.result().unwrap();
        assert_eq!(result.state_hash, hash);
        assert!(result.steps < 11);
    }
    let all = replay(Reader::open(&storage, 0).unwrap()).unwrap();
    assert_eq!((all.state_hash, all.steps, all.snapshots), (hash, 11, 2));
}

#[test]
fn a_snapshot_that_was_changed_is_refused() {
    let (storage, _) = recorded(4);
    let (header, found) = snapshots(&storage).unwrap();
    storage.flip(&found[0].file, 40, 3);
    let refused = Replay::after(&storage, &header, &found[0]).err().unwrap().to_string();
    assert!(refused.contains("is not what the journal says"), "{refused}");
}

#[test]
fn a_replay_with_another_strategy_says_where_it_asks_for_something_else() {
    let (storage, _) = recorded(0);
    let mut replay = Replay::with_strategies(Reader::open(&storage, 0).unwrap(), vec![Box::new(Third(1))]).unwrap();
    let refused = loop {
        match replay.step() {
            Ok(more) => assert!(more, "the difference was not found"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(refused.contains("strategies ask for something else"), "{refused}");
}

#[test]
fn an_output_that_was_added_to_a_journal_is_found() {
    let storage = SimulatedStorage::new(1);
    let mut session = session(&storage, 0);
    session.step(&quote(1), at(1)).unwrap();
    // As if the engine had let an order out that no strategy asked for.
    session.log.append(RecordKind::ORDER, at(1), at(1), &[0; 8]).unwrap();
    session.close(&mut Vec::new()).unwrap();
    let refused = replay(Reader::open(&storage, 0).unwrap()).unwrap_err().to_string();
    assert!(refused.contains("ORDER is recorded where the engine gives nothing"), "{refused}");
}

#[test]
fn a_journal_without_a_session_says_so() {
    let storage = SimulatedStorage::new(1);
    let mut log = Log::create(storage.clone(), LogConfig::default(), JournalId([1; 16])).unwrap();
    log.append(RecordKind::NOTE, at(0), at(0), b"hello").unwrap();
    log.close().unwrap();
    let refused = replay(Reader::open(&storage, 0).unwrap()).unwrap_err().to_string();
    assert!(refused.contains("replay a session from its first record"), "{refused}");
}

#[test]
fn after_a_fault_of_the_disk_nothing_comes_out_and_a_new_process_goes_on() {
    let storage = SimulatedStorage::new(1);
    let mut session = session(&storage, 0);
    session.commit(at(0), &mut Vec::new()).unwrap();
    for second in 1..=3 {
        session.step(&quote(second), at(second)).unwrap();
    }
    storage.fail_at(storage.operations() + 2, crate::journal::StorageFault::Broken);
    let mut out = Vec::new();
    assert!(session.commit(at(3), &mut out).is_err());
    assert!(out.is_empty() && session.step(&quote(4), at(4)).is_err());
    let config = LogConfig { policy: SyncPolicy::Always, ..LogConfig::default() };
    let (mut session, recovered) = Session::recover(storage, config, vec![Box::new(Third(0))], at(5)).unwrap();
    session.sync(&mut out).unwrap();
    let sent = out.iter().filter(|o| matches!(o, Output::Order(_))).count();
    // What was written before the sync failed may be there or not: its order goes out once, or is in doubt.
    assert_eq!(sent + recovered.in_doubt.len(), session.engine().orders().len());
    assert_eq!(session.engine().state(), EngineState::Reconciling);
}

#[test]
fn what_an_operator_cannot_have_leaves_no_trace_not_even_in_time() {
    let storage = SimulatedStorage::new(1);
    let mut session = session(&storage, 0);
    session.step(&quote(1), at(1)).unwrap();
    let later = at(1_000);
    let limits = Box::new(crate::risk::RiskLimits { max_leverage: Some(-1.0), ..crate::risk::RiskLimits::default() });
    let command = |command| Input::Command(Instruction { at: later, command, by: "operator".into(), why: "tries it".into() });
    let refused =
        [Input::Limits { at: later, limits, by: "operator".into() }, command(Command::Isolate(StrategyId(7))), command(Command::Maintain)];
    for input in refused {
        let (next, before) = (session.log.next_sequence(), session.engine().state_hash().unwrap());
        assert!(session.step(&input, later).is_err(), "{input:?}");
        assert!(session.broken().is_none(), "{input:?}");
        assert_eq!((session.log.next_sequence(), session.engine().state_hash().unwrap()), (next, before), "{input:?}");
    }
    session.step(&quote(2), at(2)).unwrap();
    let hash = session.engine().state_hash().unwrap();
    session.close(&mut Vec::new()).unwrap();
    assert_eq!(replay(Reader::open(&storage, 0).unwrap()).unwrap().state_hash, hash);
}

/// Gives an order on every quote and takes it back at once.
struct Hasty;

impl Strategy for Hasty {
    fn name(&self) -> &'static str {
        "hasty"
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES
    }

    fn on_market(&mut self, _: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        let id = context.submit(OrderRequest::limit(I, Side::Buy, Qty::from_whole(1)?, Price::from_raw(9_000_000_000)));
        context.cancel(id).map(|_| ())
    }
}

#[test]
fn an_order_whose_cancel_alone_was_torn_off_is_in_doubt() {
    let storage = SimulatedStorage::new(1);
    let mut instruments = Instruments::default();
    instruments.intern("BAC").unwrap();
    let sources = vec![Sources { quotes: true, ..Sources::default() }];
    let setup = Setup { config: EngineConfig::default(), instruments, sources, strategies: vec![Box::new(Hasty)] };
    let config = LogConfig { policy: SyncPolicy::Always, ..LogConfig::default() };
    let log = Log::create(storage.clone(), config.clone(), JournalId([1; 16])).unwrap();
    let mut session = Session::create(log, setup, at(0)).unwrap();
    session.step(&Input::Start { at: at(0), reconcile: false }, at(0)).unwrap();
    session.step(&quote(1), at(1)).unwrap();
    let mut out = Vec::new();
    session.sync(&mut out).unwrap();
    let sent: Vec<_> = out.iter().filter(|output| matches!(output, Output::Order(_))).collect();
    assert!(matches!(sent[..], [Output::Order(OrderCommand::New(_)), Output::Order(OrderCommand::Cancel { .. })]), "{sent:?}");
    drop(session);
    // The order may have been sent; of its cancel the last byte is missing.
    let name = storage.list().unwrap()[0].name.clone();
    let mut bytes = storage.content(&name).unwrap();
    bytes.pop();
    storage.put(&name, bytes);
    let (mut session, recovered) = Session::recover(storage, config, vec![Box::new(Hasty)], at(2)).unwrap();
    assert_eq!((recovered.in_doubt.as_slice(), recovered.unsent), (&[OrderId(1)][..], 1));
    out.clear();
    session.sync(&mut out).unwrap();
    assert!(matches!(out[0], Output::Order(OrderCommand::Cancel { order: OrderId(1), .. })), "{out:?}");
}

/// Buys two shares, one by one, on every quote; may throw or release the kill switch while it is called.
#[derive(Default)]
struct Both {
    within: VecDeque<Option<(bool, bool)>>,
    switch: Arc<Mutex<Option<KillSwitch>>>,
}

impl Strategy for Both {
    fn name(&self) -> &'static str {
        "both"
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES
    }

    fn on_market(&mut self, _: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        if let (Some(Some(change)), Some(switch)) = (self.within.pop_front(), &*self.switch.lock().unwrap()) {
            turn(switch, change);
        }
        for _ in 0..2 {
            context.submit(OrderRequest::market(I, Side::Buy, Qty::from_whole(1)?));
        }
        Ok(())
    }
}

/// Throw or release the switch of the account or of the one strategy.
fn turn(switch: &KillSwitch, (on, account): (bool, bool)) {
    let s = StrategyId(0);
    match (on, account) {
        (true, true) => switch.throw(),
        (true, false) => switch.throw_strategy(s),
        (false, true) => switch.reset(),
        (false, false) => switch.reset_strategy(s),
    };
}

proptest! {
    // Of each quote: what is thrown or released before it, and while the strategy is called.
    #[test]
    fn a_replay_sees_the_kill_switch_as_the_orders_did(changes in proptest::collection::vec(any::<[Option<(bool, bool)>; 2]>(), 1..12)) {
        let within: VecDeque<_> = changes.iter().map(|[_, within]| *within).collect();
        let held = Arc::default();
        let mut instruments = Instruments::default();
        instruments.intern("BAC").unwrap();
        let sources = vec![Sources { quotes: true, ..Sources::default() }];
        let strategies: Vec<Box<dyn Strategy>> = vec![Box::new(Both { within, switch: Arc::clone(&held) })];
        let setup = Setup { config: EngineConfig::default(), instruments, sources, strategies };
        let storage = SimulatedStorage::new(1);
        let config = LogConfig { policy: SyncPolicy::Always, ..LogConfig::default() };
        let log = Log::create(storage.clone(), config.clone(), JournalId([1; 16])).unwrap();
        let mut session = Session::create(log, setup, at(0)).unwrap().snapshot_every(3);
        let switch = session.engine().kill_switch();
        *held.lock().unwrap() = Some(switch.clone());
        session.step(&Input::Start { at: at(0), reconcile: false }, at(0)).unwrap();
        let (mut thrown, mut refused, mut second) = ([false; 2], 0, 0);
        for [before, within] in &changes {
            if let Some(change) = *before {
                turn(&switch, change);
            }
            for (on, account) in [before, within].into_iter().flatten() {
                thrown[usize::from(*account)] = *on;
            }
            refused += if thrown.contains(&true) { 2 } else { 0 };
            second += 1;
            session.step(&quote(second), at(second)).unwrap();
        }
        let (expected, mut out) = (session.engine().state_hash().unwrap(), Vec::new());
        session.close(&mut out).unwrap();
        let killed = out.iter().filter(|o| matches!(o, Output::Refusal(r) if r.refusal.code.as_str() == "KILL")).count();
        let sent = out.iter().filter(|o| matches!(o, Output::Order(_))).count();
        prop_assert_eq!((killed, sent), (refused, 2 * changes.len() - refused));
        let alone = replay(Reader::open(&storage, 0).unwrap()).unwrap();
        prop_assert_eq!(alone.state_hash, expected);
        let (header, found) = snapshots(&storage).unwrap();
        for record in &found {
            let mut replay = Replay::after(&storage, &header, record).unwrap();
            while replay.step().unwrap() {}
            prop_assert_eq!(replay.result().unwrap().state_hash, expected);
        }
        // The strategies themselves have no handle now, and must see what was seen all the same.
        let again = || -> Vec<Box<dyn Strategy>> { vec![Box::new(Both::default())] };
        let mut replay = Replay::with_strategies(Reader::open(&storage, 0).unwrap(), again()).unwrap();
        while replay.step().unwrap() {}
        prop_assert_eq!(replay.result().unwrap().state_hash, expected);
        let (mut session, _) = Session::recover(storage.clone(), config, again(), at(100)).unwrap();
        let switch = session.engine().kill_switch();
        let found = [switch.is_strategy_thrown(StrategyId(0)), switch.is_thrown()];
        prop_assert_eq!(found, thrown);
        // And goes on: what is thrown from here on is seen, kept, and seen again.
        switch.throw();
        let run = Instruction { at: at(100), command: Command::Run, by: "test".into(), why: "".into() };
        session.step(&Input::Command(run), at(100)).unwrap();
        session.step(&quote(101), at(101)).unwrap();
        let hash = session.engine().state_hash().unwrap();
        session.close(&mut out).unwrap();
        prop_assert_eq!(super::replay(Reader::open(&storage, 0).unwrap()).unwrap().state_hash, hash);
    }
}

#[test]
fn a_change_of_the_kill_switch_at_a_check_that_never_was_is_found() {
    let storage = SimulatedStorage::new(1);
    let mut session = session(&storage, 0);
    session.step(&quote(1), at(1)).unwrap();
    let switched = [Switched { check: 0, thrown: Thrown { account: true, strategies: vec![false] } }];
    payload::StepRef { input: &quote(2), asked: Vec::new() }.encode(&switched, &mut session.room).unwrap();
    session.log.append(RecordKind::QUOTE, at(2), at(2), &session.room).unwrap();
    session.close(&mut Vec::new()).unwrap();
    let refused = replay(Reader::open(&storage, 0).unwrap()).unwrap_err().to_string();
    assert!(refused.contains("recorded for a check that no order came to"), "{refused}");
}

#[test]
fn records_read_as_json() {
    let (storage, _) = recorded(0);
    let mut reader = Reader::open(&storage, 0).unwrap();
    let mut kinds = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        let told = describe(record.kind, record.sequence, record.payload).unwrap();
        match record.kind {
            RecordKind::QUOTE => assert_eq!(told["input"]["Market"]["Quote"]["ask"], "10.01"),
            RecordKind::ORDER => assert_eq!(told["New"]["qty"], "1"),
            RecordKind::STATE => assert!(told["by"] == "engine"),
            _ => {}
        }
        kinds.push(record.kind);
    }
    assert_eq!(kinds.iter().filter(|k| **k == RecordKind::ORDER).count(), 3);
}
