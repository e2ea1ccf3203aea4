//! A fingerprint of a result: equal digests mean byte-identical orders, fills, refusals and equity.

use super::BacktestResult;
use crate::types::{Money, Price};

/// Bytes hashed at once: BLAKE3 works on many of its 1 KiB chunks side by side, but only if it is given many.
const BLOCK: usize = 1 << 16;

/// Collects bytes into blocks and hashes those.
struct Blocks {
    hash: blake3::Hasher,
    room: Vec<u8>,
}

impl Blocks {
    #[inline]
    fn update(&mut self, bytes: &[u8]) {
        if self.room.len() + bytes.len() > BLOCK {
            self.hash.update(&self.room);
            self.room.clear();
        }
        self.room.extend_from_slice(bytes);
    }

    fn finish(mut self) -> String {
        self.hash.update(&self.room);
        self.hash.finalize().to_hex().to_string()
    }
}

/// BLAKE3 over every record in order, numbers in little-endian bytes.
pub(super) fn digest(result: &BacktestResult) -> String {
    let mut hash = Blocks { hash: blake3::Hasher::new(), room: Vec::with_capacity(BLOCK) };
    let money = |m: Money| m.raw().to_le_bytes();
    let price = |p: Option<Price>| p.map_or(i64::MIN, Price::raw).to_le_bytes();
    for o in &result.orders {
        hash.update(&o.id.0.to_le_bytes());
        hash.update(&o.instrument.0.to_le_bytes());
        hash.update(&o.strategy.0.to_le_bytes());
        hash.update(o.side.as_str().as_bytes());
        hash.update(o.kind.as_str().as_bytes());
        hash.update(o.tif.as_str().as_bytes());
        hash.update(o.status().as_str().as_bytes());
        hash.update(&o.qty.raw().to_le_bytes());
        hash.update(&o.filled.raw().to_le_bytes());
        hash.update(&price(o.limit()));
        hash.update(&price(o.stop()));
        hash.update(&price(o.average_price()));
        hash.update(&o.submitted.nanos().to_le_bytes());
        hash.update(&o.updated.nanos().to_le_bytes());
    }
    for f in &result.fills {
        hash.update(&f.order.0.to_le_bytes());
        hash.update(&f.ts.nanos().to_le_bytes());
        hash.update(&f.recv.nanos().to_le_bytes());
        hash.update(&f.qty.raw().to_le_bytes());
        hash.update(&f.price.raw().to_le_bytes());
        hash.update(&money(f.fee));
        hash.update(&money(f.slippage));
        hash.update(&money(f.realized));
        hash.update(&f.position.raw().to_le_bytes());
    }
    for r in &result.refusals {
        hash.update(&r.order.0.to_le_bytes());
        hash.update(&r.ts.nanos().to_le_bytes());
        hash.update(r.refusal.code.as_str().as_bytes());
    }
    for p in &result.equity {
        hash.update(&p.ts.nanos().to_le_bytes());
        hash.update(&money(p.equity));
        hash.update(&money(p.cash));
        hash.update(&money(p.gross));
        hash.update(&money(p.net));
    }
    hash.finish()
}
