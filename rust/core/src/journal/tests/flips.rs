//! Bits that turned over: each is found.

use super::*;
use crate::types::Error;

/// A closed, signed journal of three segments, and its files.
fn journal() -> (SimulatedStorage, Vec<(String, Vec<u8>)>) {
    let storage = SimulatedStorage::new(1);
    let small = LogConfig { checkpoint_every: 4, key: Some(key()), ..config(SyncPolicy::Always, 900) };
    let mut log = Log::create(storage.clone(), small, JournalId([0xa5; 16])).unwrap();
    for k in 0..10_u8 {
        log.append(RecordKind::ORDER, at(1_000 + i64::from(k)), at(2_000), &vec![k; usize::from(k) * 9]).unwrap();
        if k % 3 == 2 {
            log.commit(at(0)).unwrap();
        }
    }
    log.close().unwrap();
    let names = storage.list().unwrap();
    let files: Vec<_> = names.into_iter().map(|e| (e.name.clone(), storage.content(&e.name).unwrap())).collect();
    assert!(files.len() >= 3, "{}", files.len());
    (storage, files)
}

/// Where the header and the records of a file begin, and its end.
fn starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = vec![0, SEGMENT_HEADER_BYTES];
    while let Some(&at) = starts.last().filter(|&&at| at < bytes.len()) {
        starts.push(at + record::u32_at(bytes, at) as usize);
    }
    starts
}

#[test]
fn every_flipped_bit_is_found_where_it_is() {
    let (storage, files) = journal();
    let whole = records(&storage).unwrap();
    let (mut flips, mut torn) = (0, 0);
    for (nth, (name, bytes)) in files.iter().enumerate() {
        let starts = starts(bytes);
        for byte in 0..bytes.len() {
            let begin = starts[starts.partition_point(|&s| s <= byte) - 1];
            for bit in 0..8 {
                storage.flip(name, byte, bit);
                flips += 1;
                let report = verify(&storage, &[key().verifying_key()]).unwrap();
                match (&report.fault, &report.tail) {
                    (Some(Error::Corrupt { file, offset, .. }), None) => {
                        assert_eq!((file, *offset), (name, begin as u64), "bit {bit} of byte {byte} of {name}");
                        let refused = Log::open(storage.clone(), config(SyncPolicy::Always, 900)).unwrap_err();
                        assert_eq!(Some(refused), report.fault);
                    }
                    (None, Some(tail)) => {
                        torn += 1;
                        let last = nth + 1 == files.len() && begin == starts[starts.len() - 2];
                        assert!(last, "bit {bit} of byte {byte} of {name} was taken for a torn tail");
                        assert_eq!((tail.offset, tail.bytes), (begin as u64, (bytes.len() - begin) as u64));
                        assert_eq!((report.last, report.closed), (whole.len() as u64 - 1, false));
                    }
                    other => panic!("bit {bit} of byte {byte} of {name}: {other:?}"),
                }
                storage.flip(name, byte, bit);
            }
        }
    }
    assert_eq!(records(&storage).unwrap(), whole);
    println!("{flips} of {flips} flipped bits found, {torn} of them as a torn last record");
}

#[test]
fn a_missing_segment_or_one_of_another_journal_is_found() {
    let (storage, files) = journal();
    let (name, bytes) = &files[1];
    storage.clone().remove(name).unwrap();
    let fault = verify(&storage, &[]).unwrap().fault.unwrap().to_string();
    assert!(fault.contains("is missing") && fault.contains(&files[2].0), "{fault}");
    let mut other = SegmentHeader::decode(bytes).unwrap();
    other.id = JournalId([1; 16]);
    storage.put(name, [&other.encode()[..], &bytes[SEGMENT_HEADER_BYTES..]].concat());
    let fault = verify(&storage, &[]).unwrap().fault.unwrap().to_string();
    assert!(fault.contains("is of journal 0101"), "{fault}");
    other.id = JournalId([0xa5; 16]);
    other.previous.0[0] ^= 1;
    storage.put(name, [&other.encode()[..], &bytes[SEGMENT_HEADER_BYTES..]].concat());
    let fault = verify(&storage, &[]).unwrap().fault.unwrap().to_string();
    assert!(fault.contains("not that of the segment before"), "{fault}");
    storage.put(name, bytes[..bytes.len() - 1].to_vec());
    let fault = verify(&storage, &[]).unwrap().fault.unwrap().to_string();
    assert!(fault.contains("the file ends inside a record"), "{fault}");
}

#[test]
fn two_records_that_changed_places_are_found() {
    let storage = SimulatedStorage::new(1);
    let mut log = Log::create(storage.clone(), config(SyncPolicy::Always, 9000), JournalId([0xa5; 16])).unwrap();
    for k in 0..5_u8 {
        log.append(RecordKind::ORDER, at(0), at(0), &[k; 20]).unwrap();
        log.commit(at(0)).unwrap();
    }
    let name = "00000000000000000001.twj";
    let mut bytes = storage.content(name).unwrap();
    let (a, b) = (112..204, 204..296);
    let (first, second) = (bytes[a.clone()].to_vec(), bytes[b.clone()].to_vec());
    bytes[a].copy_from_slice(&second);
    bytes[b].copy_from_slice(&first);
    storage.put(name, bytes);
    let fault = verify(&storage, &[]).unwrap().fault.unwrap().to_string();
    assert!(fault.contains("byte 112, record 1") && fault.contains("calls itself 2"), "{fault}");
}

#[test]
fn a_cut_anywhere_in_the_last_segment_is_a_torn_tail_and_what_is_before_it_stays() {
    let (storage, files) = journal();
    let whole = records(&storage).unwrap();
    let (name, bytes) = files.last().unwrap();
    let starts = starts(bytes);
    for length in SEGMENT_HEADER_BYTES..bytes.len() {
        let copy = SimulatedStorage::new(3);
        for (n, b) in &files {
            copy.put(n, if n == name { b[..length].to_vec() } else { b.clone() });
        }
        let end = starts[starts.partition_point(|&s| s <= length) - 1];
        let (_, recovery) = Log::open(copy.clone(), config(SyncPolicy::Always, 900)).unwrap();
        assert_eq!(recovery.cut_bytes(), (length - end) as u64);
        assert!(!recovery.clean || recovery.cut.is_none());
        let kept = records(&copy).unwrap();
        assert_eq!(kept[..], whole[..kept.len()]);
        assert_eq!(copy.content(name).unwrap(), bytes[..end]);
    }
}

#[test]
fn a_hole_between_unsynced_records_is_a_torn_tail_and_a_flip_there_is_not() {
    let storage = SimulatedStorage::new(1);
    let mut log = Log::create(storage.clone(), config(SyncPolicy::Os, 1 << 20), JournalId([0xa5; 16])).unwrap();
    for k in 0..40_u8 {
        log.append(RecordKind::ORDER, at(0), at(0), &[k + 1; 64]).unwrap();
    }
    log.commit(at(0)).unwrap();
    let name = "00000000000000000001.twj";
    let whole = storage.content(name).unwrap();
    let mut bytes = whole.clone();
    bytes[1024..1536].fill(0);
    storage.put(name, bytes);
    let tail = verify(&storage, &[]).unwrap().tail.unwrap();
    assert_eq!((tail.offset, tail.sequence), (112 + 6 * 136, 7));
    assert_eq!(tail.stranded, 40 - 11, "records 12 to 40 lie behind the hole");
    let mut bytes = whole;
    bytes[1100] ^= 4;
    storage.put(name, bytes);
    let fault = verify(&storage, &[]).unwrap().fault.unwrap().to_string();
    assert!(fault.contains("no sector between is missing"), "{fault}");
}

#[test]
fn a_hole_in_what_was_durable_is_corruption() {
    let storage = SimulatedStorage::new(1);
    let mut log = Log::create(storage.clone(), config(SyncPolicy::Os, 1 << 20), JournalId([0xa5; 16])).unwrap();
    for k in 0..40_u8 {
        log.append(RecordKind::ORDER, at(0), at(0), &[k + 1; 64]).unwrap();
        if k == 20 {
            log.sync().unwrap();
        }
    }
    log.commit(at(0)).unwrap();
    let name = "00000000000000000001.twj";
    let mut bytes = storage.content(name).unwrap();
    bytes[1024..1536].fill(0);
    storage.put(name, bytes);
    let fault = verify(&storage, &[]).unwrap().fault.unwrap().to_string();
    assert!(fault.contains("was written when this one was durable"), "{fault}");
}
