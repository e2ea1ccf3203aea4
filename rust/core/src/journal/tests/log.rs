//! The log in a folder: what is appended is read again.

use super::*;

fn config(policy: SyncPolicy, segment_bytes: u64) -> LogConfig {
    LogConfig { policy, segment_bytes, checkpoint_every: 0, key: None, retain: 0 }
}

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
