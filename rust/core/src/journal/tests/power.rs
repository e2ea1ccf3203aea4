//! Losses of power by the seed: what the policy promises holds.

use super::*;
use crate::types::Random;

/// What a run came to.
#[derive(Default)]
struct Outcome {
    crashes: u64,
    torn: u64,
    stranded: u64,
    lost: u64,
    /// Below this record of the life at hand, segments may have been removed.
    removed_below: u64,
    removed: u64,
}

/// One life of a journal: a few runs, each ended by a kill, a fault or a loss of power, each opened again.
fn live(seed: u64, outcome: &mut Outcome) {
    let random = &mut Random::new(seed);
    outcome.removed_below = 0;
    let storage = SimulatedStorage::new(seed ^ 0x5eed);
    let policy = match random.below(3) {
        0 => SyncPolicy::Always,
        1 => SyncPolicy::Group { ms: 1 + random.below(5) as u32 },
        _ => SyncPolicy::Os,
    };
    let segment_bytes = 256 + random.below(6000);
    let settings = LogConfig { checkpoint_every: random.below(12), key: seed.is_multiple_of(8).then(key), ..config(policy, segment_bytes) };
    // All that was ever appended and is expected to be there: number → content.
    let mut appended: Vec<(RecordKind, Vec<u8>)> = Vec::new();
    let mut now = 0;
    for _life in 0..=random.below(4) {
        storage.fail_at(u64::MAX, StorageFault::Broken);
        let opened = if exists(&storage).unwrap() {
            Log::open(storage.clone(), settings.clone()).map(|(log, recovery)| {
                assert_eq!(recovery.last, appended.len() as u64);
                log
            })
        } else {
            Log::create(storage.clone(), settings.clone(), JournalId([1; 16]))
        };
        let mut log = opened.unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        let steps = random.below(60);
        if random.below(3) == 0 {
            storage.fail_at(storage.operations() + 1 + random.below(steps + 1), StorageFault::Broken);
        }
        let mut failed = false;
        for _ in 0..steps {
            now += random.below(2_000_000) as i64;
            let length = if random.below(20) == 0 { random.below(3000) } else { random.below(120) };
            let payload: Vec<u8> = (0..length).map(|_| random.next_u64() as u8 | 1).collect();
            let step = log.append(RecordKind::ORDER, at(now), at(now), &payload);
            // A checkpoint may follow by itself; its number is not the caller's.
            while (appended.len() as u64) + 1 < log.next_sequence() {
                let number = appended.len() as u64 + 1;
                let own = step.as_ref().map_or(number + 1 == log.next_sequence(), |&s| s == number);
                appended.push(if own { (RecordKind::ORDER, payload.clone()) } else { (RecordKind::CHECKPOINT, Vec::new()) });
            }
            if step.is_err() || (random.below(3) == 0 && log.commit(at(now)).is_err()) {
                failed = true;
                break;
            }
            if random.below(12) == 0 {
                let below = random.below(log.durable() + 1);
                outcome.removed_below = outcome.removed_below.max(below);
                // The disk may fail at it; then the log takes nothing more, or goes on with what is left.
                let _ = log.remove_below(below);
            }
        }
        let (durable, written) = (log.durable(), log.written());
        let policy_promise = if policy == SyncPolicy::Always && !failed { log.commit(at(now)).unwrap_or(durable) } else { durable };
        let killed = random.below(4) == 0;
        if !killed && !failed && random.below(5) == 0 {
            let next = log.next_sequence();
            if log.close().is_ok() {
                appended.resize(next as usize, (RecordKind::CHECKPOINT, Vec::new()));
                outcome.check(&storage, seed, &mut appended, next);
                continue;
            }
            appended.resize(next as usize, (RecordKind::CHECKPOINT, Vec::new()));
        } else {
            drop(log);
        }
        let promised = if killed {
            written.max(policy_promise)
        } else {
            storage.lose_power();
            policy_promise
        };
        outcome.crashes += 1;
        outcome.check(&storage, seed, &mut appended, promised);
    }
}

impl Outcome {
    /// Read what is left: at least all that was promised, and nothing that was not appended.
    fn check(&mut self, storage: &SimulatedStorage, seed: u64, appended: &mut Vec<(RecordKind, Vec<u8>)>, promised: u64) {
        if !exists(storage).unwrap() {
            assert_eq!(promised, 0, "seed {seed}: the journal is gone");
            appended.clear();
            return;
        }
        let report = verify(storage, &[]).unwrap();
        assert!(report.holds(), "seed {seed}: {:?}", report.fault);
        let kept = records(storage).unwrap();
        let last = report.first - 1 + report.records;
        assert!(report.first <= self.removed_below.max(1), "seed {seed}: {} is removed", report.first - 1);
        assert!(last >= promised, "seed {seed}: {promised} records promised, {last} there");
        assert!(last <= appended.len() as u64, "seed {seed}: {last} records, {} appended", appended.len());
        for (sequence, kind, payload) in &kept {
            let (want_kind, want) = &appended[*sequence as usize - 1];
            assert_eq!(kind, want_kind, "seed {seed}, record {sequence}");
            assert!(*kind == RecordKind::CHECKPOINT || payload == want, "seed {seed}, record {sequence}");
        }
        self.removed += u64::from(report.first > 1);
        self.torn += u64::from(report.tail.is_some());
        self.stranded += report.tail.map_or(0, |t| t.stranded);
        self.lost += appended.len() as u64 - last;
        appended.truncate(last as usize);
    }
}

#[test]
fn a_loss_of_power_takes_no_more_than_the_policy_says() {
    let count = seeds(10_000);
    let mut outcome = Outcome::default();
    for seed in 0..count {
        live(seed, &mut outcome);
    }
    println!(
        "{count} of {count} seeds kept their promise: {} crashes, {} torn tails, {} records behind a hole, {} unpromised records lost, \
         {} crashes after segments were removed",
        outcome.crashes, outcome.torn, outcome.stranded, outcome.lost, outcome.removed
    );
    assert!(outcome.torn > count / 10 && outcome.stranded > 0 && outcome.lost > 0 && outcome.removed > 0, "the simulation broke nothing");
}
