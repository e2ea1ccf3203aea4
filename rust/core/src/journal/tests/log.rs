//! The log in a folder: what is appended is read again.

use super::*;

#[test]
fn what_is_appended_is_read_again_through_rotation_and_reopening() {
    let folder = Folder::new();
    let mut log = Log::create(folder.files(), config(SyncPolicy::Always, 1000), JournalId([7; 16])).unwrap();
    for k in 1..=100_u64 {
        let payload = vec![k as u8; k as usize];
        assert_eq!(log.append(RecordKind::NOTE, at(k as i64), at(-1), &payload).unwrap(), k);
        assert_eq!(log.commit(at(0)).unwrap(), k);
    }
    let head = log.head();
    log.close().unwrap();
    let (log, recovery) = Log::open(folder.files(), config(SyncPolicy::Always, 1000)).unwrap();
    assert!(recovery.clean && recovery.cut.is_none());
    assert_eq!((recovery.records, log.next_sequence()), (101, 102));
    let mut reader = Reader::open(folder.files(), 40).unwrap();
    let mut next = 40;
    while let Some(record) = reader.next_record().unwrap() {
        assert_eq!(record.sequence, next);
        if next <= 100 {
            assert_eq!(record.payload, vec![next as u8; next as usize]);
        }
        if next == 100 {
            assert_eq!(record.chain, head);
        }
        next += 1;
    }
    assert_eq!(next, 102);
    assert!(reader.segment_count() > 5);
}

#[test]
fn a_record_keeps_its_times_and_kind() {
    let storage = SimulatedStorage::new(1);
    let mut log = Log::create(storage.clone(), config(SyncPolicy::Os, 1000), JournalId([7; 16])).unwrap();
    log.append(RecordKind(999), at(i64::MIN), at(i64::MAX), b"").unwrap();
    log.commit(at(0)).unwrap();
    let mut reader = Reader::open(storage, 1).unwrap();
    let record = reader.next_record().unwrap().unwrap();
    assert_eq!((record.event_ts, record.recv_ts, record.kind, record.pending), (at(i64::MIN), at(i64::MAX), RecordKind(999), 0));
    assert!(reader.next_record().unwrap().is_none());
}

#[test]
fn records_of_one_commit_share_one_sync() {
    let storage = SimulatedStorage::new(1);
    let mut log = Log::create(storage.clone(), config(SyncPolicy::Always, 1 << 20), JournalId([7; 16])).unwrap();
    let before = storage.syncs();
    for _ in 0..1000 {
        log.append(RecordKind::NOTE, at(0), at(0), b"group").unwrap();
    }
    assert_eq!(log.commit(at(0)).unwrap(), 1000);
    assert_eq!(log.commit(at(0)).unwrap(), 1000);
    assert_eq!(storage.syncs(), before + 1);
}

#[test]
fn a_group_syncs_when_its_oldest_write_is_old_enough() {
    let storage = SimulatedStorage::new(1);
    let mut log = Log::create(storage, config(SyncPolicy::Group { ms: 5 }, 1 << 20), JournalId([7; 16])).unwrap();
    let mut step = |ms: i64, append: bool| {
        if append {
            log.append(RecordKind::NOTE, at(0), at(0), b"group").unwrap();
        }
        (log.commit(at(ms * 1_000_000)).unwrap(), log.due().map(|d| d.nanos() / 1_000_000))
    };
    assert_eq!(step(100, true), (0, Some(105)));
    assert_eq!(step(104, true), (0, Some(105)));
    assert_eq!(step(105, true), (3, None));
    assert_eq!(step(200, false), (3, None));
    assert_eq!(step(300, true), (3, Some(305)));
    assert_eq!(step(299, false), (4, None), "a clock that went back does not delay a sync");
}

#[test]
fn nothing_is_durable_under_os_until_a_sync_is_asked_for() {
    let storage = SimulatedStorage::new(1);
    let mut log = Log::create(storage, config(SyncPolicy::Os, 1 << 20), JournalId([7; 16])).unwrap();
    log.append(RecordKind::NOTE, at(0), at(0), b"os").unwrap();
    assert_eq!((log.commit(at(1 << 60)).unwrap(), log.written()), (0, 1));
    assert_eq!(log.sync().unwrap(), 1);
}

#[test]
fn old_segments_are_removed_or_archived_and_the_rest_still_holds() {
    let folder = Folder::new();
    let archive = SimulatedStorage::new(2);
    let mut log = Log::create(folder.files(), LogConfig { retain: 1, ..config(SyncPolicy::Os, 500) }, JournalId([7; 16])).unwrap();
    for _ in 0..60 {
        log.append(RecordKind::NOTE, at(0), at(0), &[1; 30]).unwrap();
    }
    let segments = Reader::open(folder.files(), 0).unwrap().segment_count();
    assert_eq!(log.remove_below(1).unwrap(), 0);
    let removed = log.archive_below(20, &mut archive.clone()).unwrap();
    assert!(removed > 2 && log.first_sequence() <= 20 && log.first_sequence() > 15);
    let report = verify(folder.files(), &[]).unwrap();
    assert!(report.holds() && report.first == log.first_sequence());
    assert_eq!(verify(&archive, &[]).unwrap().last, log.first_sequence() - 1);
    let refused = Reader::open(folder.files(), 1).unwrap_err().to_string();
    assert!(refused.contains("no longer kept"), "{refused}");
    let more = log.remove_below(u64::MAX).unwrap();
    assert_eq!(removed + more, segments - 2, "one full segment and the one written to stay");
    log.append(RecordKind::NOTE, at(0), at(0), &[1; 30]).unwrap();
    log.close().unwrap();
    assert!(Log::open(folder.files(), config(SyncPolicy::Os, 500)).unwrap().1.clean);
}

#[test]
fn checkpoints_are_signed_and_say_how_far() {
    let storage = SimulatedStorage::new(1);
    let signed = LogConfig { checkpoint_every: 10, key: Some(key()), ..config(SyncPolicy::Os, 600) };
    let mut log = Log::create(storage.clone(), signed, JournalId([7; 16])).unwrap();
    for _ in 0..95 {
        log.append(RecordKind::NOTE, at(0), at(0), b"signed").unwrap();
    }
    log.commit(at(0)).unwrap();
    let open = verify(&storage, &[key().verifying_key()]).unwrap();
    assert_eq!((open.signed, open.signed_through, open.last, open.closed), (9, 98, 104, false));
    log.close().unwrap();
    let closed = verify(&storage, &[key().verifying_key()]).unwrap();
    assert_eq!((closed.signed, closed.signed_through, closed.last, closed.closed), (10, 104, 105, true));
    let other = SigningKey::from_bytes(&[1; 32]).verifying_key();
    let fault = verify(&storage, &[other]).unwrap().fault.unwrap().to_string();
    assert!(fault.contains("not by a key given"), "{fault}");
    assert!(verify(&storage, &[other, key().verifying_key()]).unwrap().holds());
    let closing = records(&storage).unwrap().pop().unwrap();
    let checkpoint = Checkpoint::decode(&closing.2).unwrap();
    assert!(checkpoint.closing && checkpoint.signed_by(JournalId([7; 16]), &key().verifying_key()));
    assert!(!checkpoint.signed_by(JournalId([8; 16]), &key().verifying_key()), "a signature is of one journal");
}

#[test]
fn history_rewritten_without_the_key_is_found() {
    let (storage, forged) = (SimulatedStorage::new(1), SimulatedStorage::new(1));
    let write = |storage: &SimulatedStorage, text: &[u8], key: Option<SigningKey>| {
        let mut log = Log::create(storage.clone(), LogConfig { key, ..config(SyncPolicy::Os, 6000) }, JournalId([7; 16])).unwrap();
        log.append(RecordKind::ORDER, at(0), at(0), text).unwrap();
        log.close().unwrap();
    };
    write(&storage, b"buy 100", Some(key()));
    write(&forged, b"buy 999", None);
    assert!(verify(&forged, &[]).unwrap().holds());
    assert!(!verify(&forged, &[key().verifying_key()]).unwrap().holds());
    // The old checkpoint moved behind the forged record: its chain value is another.
    write(&SimulatedStorage::new(2), b"", None);
    let name = "00000000000000000001.twj";
    let (old, mut new) = (storage.content(name).unwrap(), forged.content(name).unwrap());
    new.truncate(112 + 79);
    let (mut payload, fields) = (old[112 + 79 + 40..112 + 79 + 40 + 128].to_vec(), record::view(&old[112 + 79..]));
    assert!(Checkpoint::decode(&payload).is_some());
    for honest in [false, true] {
        if honest {
            // With the forged chain value in it, the signature is wrong.
            let chain = Chain::last_of(&new).0;
            payload[16..48].copy_from_slice(&chain);
        }
        let mut bytes = new.clone();
        let fields = record::Fields {
            sequence: 2,
            event_ts: fields.event_ts,
            recv_ts: fields.recv_ts,
            kind: RecordKind::CHECKPOINT,
            pending: fields.pending,
        };
        record::encode(&mut bytes, fields, &payload);
        forged.put(name, bytes);
        let fault = verify(&forged, &[key().verifying_key()]).unwrap().fault.unwrap().to_string();
        assert!(fault.contains(if honest { "not by a key given" } else { "not of the record before" }), "{fault}");
    }
}

#[test]
fn a_reader_follows_a_log_that_is_written() {
    let folder = Folder::new();
    let mut log = Log::create(folder.files(), config(SyncPolicy::Os, 500), JournalId([7; 16])).unwrap();
    let mut reader = Reader::open(folder.files(), 0).unwrap();
    for k in 1..=50 {
        assert!(reader.next_record().unwrap().is_none());
        log.append(RecordKind::NOTE, at(0), at(0), &[1; 30]).unwrap();
        log.commit(at(0)).unwrap();
        reader.refresh().unwrap();
        assert_eq!(reader.next_record().unwrap().unwrap().sequence, k);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let storage = SimulatedStorage::new(1);
    let small = config(SyncPolicy::Always, 10);
    assert!(Log::create(storage.clone(), small, JournalId::default()).unwrap_err().to_string().contains("256 or more"));
    let never = config(SyncPolicy::Group { ms: 0 }, 1000);
    assert!(Log::create(storage.clone(), never, JournalId::default()).unwrap_err().to_string().contains("1 ms or more"));
    let fine = config(SyncPolicy::Always, 1000);
    assert!(Log::open(storage.clone(), fine.clone()).unwrap_err().to_string().contains("no journal is here"));
    let mut log = Log::create(storage.clone(), fine.clone(), JournalId::default()).unwrap();
    assert!(Log::create(storage, fine, JournalId::default()).unwrap_err().to_string().contains("here already"));
    assert!(log.append(RecordKind::CHECKPOINT, at(0), at(0), b"").unwrap_err().to_string().contains("by itself"));
    let long = vec![0; PAYLOAD_BYTES_MAX + 1];
    assert!(log.append(RecordKind::NOTE, at(0), at(0), &long).unwrap_err().to_string().contains("67108864 at most"));
    assert_eq!(log.append(RecordKind::NOTE, at(0), at(0), &long[1..]).unwrap(), 1);
    assert_eq!(log.commit(at(0)).unwrap(), 1);
}

#[test]
fn another_writer_is_noticed() {
    let folder = Folder::new();
    let mut log = Log::create(folder.files(), config(SyncPolicy::Always, 5000), JournalId([7; 16])).unwrap();
    let name = folder.0.join("00000000000000000001.twj");
    let mut other = std::fs::OpenOptions::new().append(true).open(name).unwrap();
    std::io::Write::write_all(&mut other, b"x").unwrap();
    log.append(RecordKind::NOTE, at(0), at(0), b"").unwrap();
    assert!(log.commit(at(0)).unwrap_err().to_string().contains("another process has written"));
    assert!(log.poisoned());
}

#[test]
fn a_log_notices_when_another_process_opens_its_journal() {
    let folder = Folder::new();
    let mut first = Log::create(folder.files(), config(SyncPolicy::Always, 5000), JournalId([7; 16])).unwrap();
    first.append(RecordKind::NOTE, at(0), at(0), b"").unwrap();
    first.commit(at(0)).unwrap();
    let (mut second, _) = Log::open(folder.files(), config(SyncPolicy::Always, 5000)).unwrap();
    first.append(RecordKind::NOTE, at(0), at(0), b"").unwrap();
    assert!(first.commit(at(0)).unwrap_err().to_string().contains("another process has opened"));
    second.append(RecordKind::NOTE, at(0), at(0), b"").unwrap();
    assert_eq!(second.commit(at(0)).unwrap(), 2);
}

#[test]
fn folders_that_are_missing_are_made() {
    let folder = Folder::new();
    let files = Files::create(folder.0.join("a/b/c")).unwrap();
    Log::create(files, config(SyncPolicy::Always, 5000), JournalId([7; 16])).unwrap();
    assert!(exists(&Files::open(folder.0.join("a/b/c")).unwrap()).unwrap());
    assert!(Files::open(folder.0.join("x")).is_err());
    assert!(Files::open(folder.0.join("a/b/c/00000000000000000001.twj")).is_err());
}

#[test]
fn all_is_durable_before_the_closing_checkpoint_is_written_and_only_that_one_closes() {
    let storage = SimulatedStorage::new(1);
    let every = LogConfig { checkpoint_every: 3, ..config(SyncPolicy::Os, 1 << 20) };
    let mut log = Log::create(storage.clone(), every.clone(), JournalId([7; 16])).unwrap();
    for _ in 0..3 {
        log.append(RecordKind::NOTE, at(0), at(0), b"").unwrap();
    }
    log.commit(at(0)).unwrap();
    drop(log);
    let (mut log, recovery) = Log::open(storage.clone(), every).unwrap();
    assert_eq!((recovery.last, recovery.clean), (4, false), "a checkpoint between records closes nothing");
    log.append(RecordKind::NOTE, at(0), at(0), b"").unwrap();
    log.close().unwrap();
    let mut reader = Reader::open(&storage, 5).unwrap();
    let mut last = (0, 0);
    while let Some(record) = reader.next_record().unwrap() {
        last = (record.sequence, record.pending);
    }
    assert_eq!(last, (6, 0));
}

#[test]
fn a_sync_beside_makes_durable_what_was_written_when_it_began() {
    let folder = Folder::new();
    let beside = LogConfig { syncs_beside: true, ..config(SyncPolicy::Group { ms: 1 }, 1 << 20) };
    let mut log = Log::create(folder.files(), beside, JournalId([1; 16])).unwrap();
    assert!(log.begin_sync().unwrap().is_none());
    let append = |log: &mut Log<Files>, bytes: usize| log.append(RecordKind::NOTE, at(0), at(0), &vec![7; bytes]).unwrap();
    append(&mut log, 10);
    // However much time passes, a commit writes and no more.
    assert_eq!((log.commit(at(0)).unwrap(), log.commit(at(1_000_000_000)).unwrap(), log.written()), (0, 0, 1));
    let (detached, through) = log.begin_sync().unwrap().unwrap();
    append(&mut log, 10);
    log.commit(at(2)).unwrap();
    let outcome = std::thread::spawn(move || detached.run()).join().unwrap();
    assert_eq!((log.end_sync(through, outcome).unwrap(), log.written()), (1, 2));
    // A segment that ends meanwhile is durable by that.
    let (detached, through) = log.begin_sync().unwrap().unwrap();
    append(&mut log, 900_000);
    append(&mut log, 900_000);
    let durable = log.durable();
    assert!(durable >= through);
    assert_eq!(log.end_sync(through, detached.run()).unwrap(), durable);
    log.sync().unwrap();
    assert!(log.begin_sync().unwrap().is_none());
    // After a sync that failed nothing is trusted.
    append(&mut log, 10);
    let (_, through) = log.begin_sync().unwrap().unwrap();
    assert!(log.end_sync(through, Err(std::io::Error::other("the disk is gone"))).is_err());
    assert!(log.poisoned());
    assert!(log.append(RecordKind::NOTE, at(0), at(0), b"x").is_err());
}
