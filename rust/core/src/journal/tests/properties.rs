//! Arbitrary records through rotation, reopening and repair.

use super::*;
use crate::types::Error;
use proptest::prelude::*;

type Given = (u16, i64, i64, Vec<u8>);

fn given() -> impl Strategy<Value = Vec<Given>> {
    let kind = any::<u16>().prop_filter("the log's own", |&k| k != RecordKind::CHECKPOINT.0);
    proptest::collection::vec((kind, any::<i64>(), any::<i64>(), proptest::collection::vec(any::<u8>(), 0..200)), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_records_come_back_as_they_were(all in given(), segment_bytes in 256_u64..4000, every in 0_u64..9, reopen in 1_usize..30) {
        let storage = SimulatedStorage::new(1);
        let settings = LogConfig { checkpoint_every: every, key: Some(key()), ..config(SyncPolicy::Os, segment_bytes) };
        let mut log = Log::create(storage.clone(), settings.clone(), JournalId([5; 16])).unwrap();
        for (k, (kind, event, recv, payload)) in all.iter().enumerate() {
            log.append(RecordKind(*kind), at(*event), at(*recv), payload).unwrap();
            if k % reopen == 0 {
                let head = log.head();
                log.commit(at(0)).unwrap();
                drop(log);
                let (again, recovery) = Log::open(storage.clone(), settings.clone()).unwrap();
                prop_assert_eq!((again.head(), recovery.head, recovery.cut_bytes()), (head, head, 0));
                log = again;
            }
        }
        log.close().unwrap();
        let mut reader = Reader::open(&storage, 0).unwrap();
        let mut left = all.iter();
        let mut number = 0;
        while let Some(r) = reader.next_record().unwrap() {
            number += 1;
            prop_assert_eq!(r.sequence, number);
            if r.kind != RecordKind::CHECKPOINT {
                let (kind, event, recv, payload) = left.next().unwrap();
                prop_assert_eq!((r.kind.0, r.event_ts, r.recv_ts, r.payload), (*kind, at(*event), at(*recv), &payload[..]));
            }
        }
        prop_assert!(left.next().is_none());
        prop_assert!(verify(&storage, &[key().verifying_key()]).unwrap().closed);
    }

    #[test]
    fn a_repair_keeps_what_is_before_the_fault_and_opens(all in given(), segment_bytes in 256_u64..4000, where_ in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let storage = SimulatedStorage::new(1);
        let mut log = Log::create(storage.clone(), config(SyncPolicy::Always, segment_bytes), JournalId([5; 16])).unwrap();
        for (kind, event, recv, payload) in &all {
            log.append(RecordKind(*kind), at(*event), at(*recv), payload).unwrap();
            log.commit(at(0)).unwrap();
        }
        log.close().unwrap();
        let whole = records(&storage).unwrap();
        let files = storage.list().unwrap();
        let mut byte = where_.index(files.iter().map(|e| e.bytes as usize).sum());
        let mut nth = 0;
        while byte >= files[nth].bytes as usize {
            byte -= files[nth].bytes as usize;
            nth += 1;
        }
        let before: Vec<_> = files.iter().map(|e| storage.content(&e.name)).collect();
        storage.flip(&files[nth].name, byte, bit);
        let mut fresh = SimulatedStorage::new(2);
        if nth == 0 && byte < SEGMENT_HEADER_BYTES {
            let refused = matches!(repair(&storage, &mut fresh), Err(Error::Corrupt { .. }));
            prop_assert!(refused);
            return Ok(());
        }
        let report = repair(&storage, &mut fresh).unwrap();
        storage.flip(&files[nth].name, byte, bit);
        let after: Vec<_> = files.iter().map(|e| storage.content(&e.name)).collect();
        prop_assert_eq!(before, after, "the journal that was read stays as it was");
        let (mut again, recovery) = Log::open(fresh.clone(), config(SyncPolicy::Always, segment_bytes)).unwrap();
        prop_assert_eq!((recovery.last, recovery.cut_bytes()), (report.last, 0));
        let kept = records(&fresh).unwrap();
        prop_assert_eq!(&kept[..], &whole[..kept.len()]);
        // All whole records are accounted for: only the one hit, and a header's none, are gone.
        let missing = whole.len() as u64 - report.records - report.left_out;
        prop_assert!(missing <= 1, "{} records missing: {:?}", missing, report);
        prop_assert!(report.fault.is_some() || report.tail.is_some());
        again.append(RecordKind::RECOVERY, at(0), at(0), b"repaired").unwrap();
        again.close().unwrap();
        prop_assert!(verify(&fresh, &[]).unwrap().closed);
        prop_assert!(repair(&storage, &mut fresh).is_err(), "a repair never writes over a journal");
    }

    #[test]
    fn any_bytes_behind_a_right_header_are_judged_without_a_panic(
        first in 1_u64..=1 << 62,
        noise in proptest::collection::vec(any::<u8>(), 0..600),
        patches in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let storage = SimulatedStorage::new(1);
        let header = SegmentHeader { id: JournalId([5; 16]), first, previous: Chain([u8::from(first != 1); 32]) };
        let mut bytes = header.encode().to_vec();
        for k in 0..4 {
            let fields =
                record::Fields { sequence: first + k, event_ts: at(0), recv_ts: at(0), kind: RecordKind::NOTE, pending: k as u32 * 3 };
            record::encode(&mut bytes, fields, &noise[..noise.len() / 4]);
        }
        bytes.extend_from_slice(&noise);
        for (place, value) in &patches {
            let place = SEGMENT_HEADER_BYTES + place.index(bytes.len() - SEGMENT_HEADER_BYTES);
            bytes[place] = *value;
        }
        bytes.truncate(SEGMENT_HEADER_BYTES + cut.index(bytes.len() - SEGMENT_HEADER_BYTES + 1));
        storage.put(&segment::name_of(first), bytes.clone());
        let report = verify(&storage, &[]).unwrap();
        prop_assert!(report.records <= 4);
        let whole: u64 = records(&storage).map_or(0, |all| all.iter().map(|r| r.2.len() as u64 + 72).sum());
        match (&report.fault, &report.tail) {
            (None, None) => prop_assert_eq!(whole + SEGMENT_HEADER_BYTES as u64, bytes.len() as u64),
            (None, Some(tail)) => prop_assert_eq!(tail.offset + tail.bytes, bytes.len() as u64),
            (Some(_), tail) => prop_assert!(tail.is_none()),
        }
    }
}
