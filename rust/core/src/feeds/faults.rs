//! What can be wrong with a quote, a trade or a bar taken by itself, and how it is told.

use super::Fault;
use super::absurd::Extent;
use crate::event::{Bar, FLAG_CROSSED, FLAG_NO_LAST, Quote, Trade};
use crate::types::{InstrumentId, Price, Timestamp};

/// A row that can be judged.
pub(super) trait Checked: Copy {
    fn ts(&self) -> Timestamp;
    fn instrument(&self) -> InstrumentId;
    /// True when a price or a size is below zero.
    fn is_negative(&self) -> bool;
    /// The first fault of its prices, none of them negative.
    fn own_fault(&self) -> Option<Fault>;
    /// Its prices, for judging moves.
    fn extent(&self) -> Extent;
    /// A hash of every column but flags; never 0.
    fn fingerprint(&self) -> u64;
    fn describe(&self, fault: Fault) -> String;
}

/// Mix `value` into `hash`: multiply and fold, as good hash functions of one word do.
#[inline]
pub(super) const fn mix(hash: u64, value: u64) -> u64 {
    let product = (hash ^ value) as u128 * 0x9E37_79B9_7F4A_7C15_u128;
    (product as u64) ^ ((product >> 64) as u64)
}

#[inline]
fn fold<const N: usize>(values: [i64; N]) -> u64 {
    values.into_iter().fold(0x243F_6A88_85A3_08D3, |hash, v| mix(hash, v as u64)) | 1
}

impl Checked for Quote {
    #[inline]
    fn ts(&self) -> Timestamp {
        self.ts
    }

    #[inline]
    fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    #[inline]
    fn is_negative(&self) -> bool {
        // The sign of the four at once.
        (self.bid.raw() | self.ask.raw() | self.bid_size.raw() | self.ask_size.raw()) < 0
    }

    #[inline]
    fn own_fault(&self) -> Option<Fault> {
        if self.bid.is_zero() || self.ask.is_zero() {
            Some(Fault::ZeroPrice)
        } else if self.bid > self.ask {
            Some(Fault::Crossed)
        } else if self.bid == self.ask {
            Some(Fault::Locked)
        } else {
            None
        }
    }

    #[inline]
    fn extent(&self) -> Extent {
        let (bid, ask) = (self.bid.raw(), self.ask.raw());
        // A crossed quote that was kept must not become the level that others are measured against.
        let usable = self.flags & FLAG_CROSSED == 0;
        Extent {
            instrument: self.instrument,
            low: if usable { bid.min(ask) } else { 0 },
            high: bid.max(ask),
            reference: bid / 2 + ask / 2,
            leads: true,
        }
    }

    #[inline]
    fn fingerprint(&self) -> u64 {
        fold([self.ts.nanos(), self.bid.raw(), self.ask.raw(), self.bid_size.raw(), self.ask_size.raw()])
    }

    fn describe(&self, fault: Fault) -> String {
        let (bid, ask) = (dollars(self.bid), dollars(self.ask));
        match fault {
            Fault::Crossed => format!("ask {ask} below bid {bid}"),
            Fault::Locked => format!("ask and bid are both {bid}"),
            Fault::ZeroPrice => format!("bid {bid}, ask {ask}: a side is zero"),
            _ => format!("bid {bid}, ask {ask}"),
        }
    }
}

impl Checked for Trade {
    #[inline]
    fn ts(&self) -> Timestamp {
        self.ts
    }

    #[inline]
    fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    #[inline]
    fn is_negative(&self) -> bool {
        (self.price.raw() | self.size.raw()) < 0
    }

    #[inline]
    fn own_fault(&self) -> Option<Fault> {
        self.price.is_zero().then_some(Fault::ZeroPrice)
    }

    #[inline]
    fn extent(&self) -> Extent {
        let price = self.price.raw();
        Extent { instrument: self.instrument, low: price, high: price, reference: price, leads: self.flags & FLAG_NO_LAST == 0 }
    }

    #[inline]
    fn fingerprint(&self) -> u64 {
        fold([self.ts.nanos(), self.price.raw(), self.size.raw()])
    }

    fn describe(&self, fault: Fault) -> String {
        match fault {
            Fault::ZeroPrice => format!("price is {}", dollars(self.price)),
            _ => format!("price {}, size {}", dollars(self.price), self.size),
        }
    }
}

impl Bar {
    /// True when a price lies outside low and high, or it ends before it starts.
    #[inline]
    pub(super) fn is_bad(&self) -> bool {
        [self.open, self.high, self.low, self.close].iter().any(|&p| p < self.low || p > self.high) || self.start >= self.ts
    }
}

impl Checked for Bar {
    #[inline]
    fn ts(&self) -> Timestamp {
        self.ts
    }

    #[inline]
    fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    #[inline]
    fn is_negative(&self) -> bool {
        (self.open.raw() | self.high.raw() | self.low.raw() | self.close.raw() | self.volume.raw()) < 0
    }

    #[inline]
    fn own_fault(&self) -> Option<Fault> {
        if [self.open, self.high, self.low, self.close].iter().any(|p| p.is_zero()) {
            Some(Fault::ZeroPrice)
        } else {
            self.is_bad().then_some(Fault::BadBar)
        }
    }

    #[inline]
    fn extent(&self) -> Extent {
        Extent { instrument: self.instrument, low: self.low.raw(), high: self.high.raw(), reference: self.close.raw(), leads: true }
    }

    #[inline]
    fn fingerprint(&self) -> u64 {
        let prices = [self.open, self.high, self.low, self.close].map(Price::raw);
        fold([self.ts.nanos(), self.start.nanos(), prices[0], prices[1], prices[2], prices[3], self.volume.raw()])
    }

    fn describe(&self, fault: Fault) -> String {
        if fault == Fault::BadBar && self.start >= self.ts {
            return format!("bar starts at {} and ends at {}", self.start, self.ts);
        }
        format!("open {}, high {}, low {}, close {}", dollars(self.open), dollars(self.high), dollars(self.low), dollars(self.close))
    }
}

/// At least two decimals, as prices are written.
pub(super) fn dollars(price: Price) -> String {
    let text = price.to_string();
    match text.split_once('.') {
        None => text + ".00",
        Some((_, fraction)) if fraction.len() == 1 => text + "0",
        Some(_) => text,
    }
}
