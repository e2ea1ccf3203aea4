//! A full or broken disk at every operation of a run.

use super::*;

const RECORDS: u64 = 40;

/// Write a run until something fails; the last record that was acknowledged, and the error.
fn run(storage: &SimulatedStorage, policy: SyncPolicy) -> (u64, Option<crate::types::Error>) {
    let mut acknowledged = 0;
    let settings = LogConfig { checkpoint_every: 7, key: Some(key()), ..config(policy, 700) };
    let mut log = match Log::create(storage.clone(), settings, JournalId([3; 16])) {
        Ok(log) => log,
        Err(e) => return (0, Some(e)),
    };
    for k in 0..RECORDS {
        let step = log.append(RecordKind::ORDER, at(0), at(0), &[k as u8; 50]).and_then(|_| log.commit(at(k as i64 * 1_000_000)));
        match step {
            Ok(durable) => acknowledged = durable,
            Err(error) => {
                assert!(log.poisoned());
                let durable = log.durable();
                for _ in 0..3 {
                    assert!(log.append(RecordKind::ORDER, at(0), at(0), b"more").is_err(), "a poisoned log takes nothing");
                    assert!(log.commit(at(0)).is_err() && log.sync().is_err());
                }
                assert!(log.close().is_err());
                return (durable.max(acknowledged), Some(error));
            }
        }
    }
    match log.close() {
        Ok(_) => (RECORDS, None),
        Err(e) => (acknowledged, Some(e)),
    }
}

/// Fail every operation of a run in turn, with and without a loss of power after it.
fn fail_everywhere(policy: SyncPolicy, fault: StorageFault) -> u64 {
    let whole = SimulatedStorage::new(0);
    assert_eq!(run(&whole, policy), (RECORDS, None));
    let expected = records(&whole).unwrap();
    let operations = whole.operations();
    for operation in 1..=operations {
        for power in [false, true] {
            let storage = SimulatedStorage::new(operation);
            storage.fail_at(operation, fault);
            let (acknowledged, error) = run(&storage, policy);
            let said = error.unwrap_or_else(|| panic!("operation {operation} failed and nobody noticed")).to_string();
            assert!(said.contains("(simulated)"), "{said}");
            if power {
                storage.lose_power();
            }
            if !exists(&storage).unwrap() {
                assert_eq!(acknowledged, 0, "operation {operation}");
                Log::create(storage.clone(), config(policy, 700), JournalId([3; 16])).unwrap();
                continue;
            }
            let (mut log, recovery) = Log::open(storage.clone(), config(policy, 700)).unwrap();
            assert!(recovery.last >= acknowledged, "operation {operation}: {acknowledged} acknowledged, {} there", recovery.last);
            // As far as both go, but for `pending`, which is not compared, the records are those of the run without a fault.
            let kept = records(&storage).unwrap();
            for (have, want) in kept.iter().zip(&expected) {
                let checkpoint = have.1 == RecordKind::CHECKPOINT;
                assert_eq!((have.0, have.1), (want.0, want.1));
                assert!(checkpoint || have.2 == want.2);
            }
            let next = log.append(RecordKind::NOTE, at(0), at(0), b"again").unwrap();
            assert_eq!((next, log.sync().unwrap()), (recovery.last + 1, recovery.last + 1));
            storage.lose_power();
            let after = records(&storage).unwrap();
            assert_eq!(after.len() as u64, next, "operation {operation}: what a new log acknowledged is lost");
        }
    }
    operations
}

#[test]
fn a_disk_that_is_full_or_breaks_at_any_operation_loses_nothing_acknowledged() {
    let mut total = 0;
    for policy in [SyncPolicy::Always, SyncPolicy::Group { ms: 4 }, SyncPolicy::Os] {
        for fault in [StorageFault::Full, StorageFault::Broken] {
            total += fail_everywhere(policy, fault) * 2;
        }
    }
    println!("{total} of {total} runs with a failing operation kept what was acknowledged");
}

#[test]
fn a_disk_that_fills_up_at_any_byte_loses_nothing_acknowledged() {
    let whole = SimulatedStorage::new(0);
    run(&whole, SyncPolicy::Always);
    let bytes: u64 = whole.list().unwrap().iter().map(|e| e.bytes).sum();
    for room in 0..bytes {
        let storage = SimulatedStorage::new(room);
        storage.limit(Some(room));
        let (acknowledged, error) = run(&storage, SyncPolicy::Always);
        assert!(error.is_some());
        storage.limit(None);
        if exists(&storage).unwrap() {
            let (_, recovery) = Log::open(storage, config(SyncPolicy::Always, 700)).unwrap();
            assert!(recovery.last >= acknowledged);
        } else {
            assert_eq!(acknowledged, 0);
        }
    }
}

#[test]
fn opening_survives_a_fault_at_any_of_its_operations() {
    let torn = |seed| {
        let storage = SimulatedStorage::new(seed);
        run(&storage, SyncPolicy::Os);
        let last = storage.list().unwrap().pop().unwrap();
        let mut bytes = storage.content(&last.name).unwrap();
        bytes.truncate(bytes.len() - 5);
        storage.put(&last.name, bytes);
        storage
    };
    let plain = torn(0);
    let before = plain.operations();
    Log::open(plain.clone(), config(SyncPolicy::Os, 700)).unwrap();
    let operations = plain.operations() - before;
    assert!(operations >= 4);
    for n in 1..=operations {
        for power in [false, true] {
            let storage = torn(n);
            let expected = records(&storage).unwrap();
            storage.fail_at(storage.operations() + n, StorageFault::Broken);
            Log::open(storage.clone(), config(SyncPolicy::Os, 700)).unwrap_err();
            if power {
                storage.lose_power();
            }
            Log::open(storage.clone(), config(SyncPolicy::Os, 700)).unwrap();
            assert_eq!(records(&storage).unwrap(), expected, "operation {n} of opening");
        }
    }
}
