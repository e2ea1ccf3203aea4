//! Nothing is allocated while orders come and go near the touch, counted by the allocator itself. One test, so that no other thread
//! allocates.
#![allow(unsafe_code)] // an allocator that counts and passes on, with its proof

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};
use tickwright_core::matching::{Lifetime, MatchEvent, MatchingConfig, MatchingEngine, NewOrder, OrderKey, Phase, Replacement, SelfMatch};
use tickwright_core::types::{Price, Qty, Random, SCALE, Side, Timestamp};

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged, whose contract is the one asked for; counting touches no memory
// that the allocator manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; the pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A request of every kind about a middle that wanders over some hundred ticks.
fn request(engine: &mut MatchingEngine, random: &mut Random, i: u64, out: &mut Vec<MatchEvent>) -> usize {
    let ts = Timestamp::from_nanos(i as i64);
    let middle = 10_000 + (i / 1_000 % 200) as i64;
    let side = if random.chance(0.5) { Side::Buy } else { Side::Sell };
    let id = random.below(3_000);
    let key = OrderKey::new((id % 9) as u32, id);
    let price = Price::from_raw((middle + random.below(60) as i64 - 30) * SCALE / 100);
    let qty = Qty::from_raw((1 + random.below(9) as i64) * 100 * SCALE);
    match random.below(10) {
        0..5 => engine.submit(ts, &NewOrder::limit(key, side, qty, price), out),
        5..8 => engine.cancel(ts, key, out),
        8 => engine.replace(ts, key, &Replacement { qty: Some(qty), limit: Some(price), stop: None }, out),
        _ => engine.submit(ts, &NewOrder::market(key, side, qty).with_lifetime(Lifetime::Ioc), out),
    }
    let fills = out.iter().filter(|event| matches!(event, MatchEvent::Filled(_))).count();
    out.clear();
    fills
}

#[test]
fn orders_near_the_touch_allocate_nothing() {
    let config = MatchingConfig { self_match: SelfMatch::CancelOldest, ..MatchingConfig::default() };
    let mut engine = MatchingEngine::new(config).unwrap();
    engine.reserve(4_000);
    let mut out = Vec::with_capacity(4_096);
    engine.set_phase(Timestamp::from_nanos(0), Phase::Continuous, &mut out).unwrap();
    let mut random = Random::new(3);
    let mut fills = 0;
    // Miri looks at the allocator alone: it is too slow for the engine to come to rest.
    if cfg!(miri) {
        return (0..50).for_each(|i| _ = request(&mut engine, &mut random, i, &mut out));
    }
    (0..20_000).for_each(|i| fills += request(&mut engine, &mut random, i, &mut out));
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    (20_000..220_000).for_each(|i| fills += request(&mut engine, &mut random, i, &mut out));
    let during = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert!(fills > 20_000 && engine.len() > 100, "{fills} fills, {} orders", engine.len());
    assert_eq!(during, 0, "allocations in 200,000 requests");
}
