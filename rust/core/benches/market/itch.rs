//! A seeded day of ITCH messages in which a steady number of orders rests.

use tickwright_core::types::Random;

/// Shares of messages in a hundred, about those of a NASDAQ day: adds, deletes, replaces, executions, cancels.
const ADD: u64 = 44;
const DELETE: u64 = 42;
const REPLACE: u64 = 9;
const EXECUTE: u64 = 3;

fn header(bytes: &mut Vec<u8>, length: u16, letter: u8, locate: u16, ns: u64) {
    bytes.extend(length.to_be_bytes());
    bytes.push(letter);
    bytes.extend(locate.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(&ns.to_be_bytes()[2..]);
}

struct Resting {
    reference: u64,
    locate: u16,
    shares: u32,
    price: u32,
}

/// A stream of the directory of `symbols` symbols, of `live` adds, and of `messages` more messages during which about `live` orders
/// rest; the bytes, and where those messages begin.
pub(crate) fn day(messages: usize, live: usize, symbols: u16, seed: u64) -> (Vec<u8>, usize) {
    let mut random = Random::new(seed);
    let mut bytes = Vec::with_capacity((messages + live) * 36);
    let mut resting: Vec<Resting> = Vec::with_capacity(live * 2);
    let (mut ns, mut next) = (34_200_000_000_000_u64, 1_u64);
    for locate in 1..=symbols {
        header(&mut bytes, 39, b'R', locate, ns);
        bytes.extend(format!("S{locate:<7}").as_bytes());
        bytes.extend([b'N'; 20]);
    }
    let add = |bytes: &mut Vec<u8>, random: &mut Random, resting: &mut Vec<Resting>, next: &mut u64, ns: u64| {
        let locate = 1 + random.below(u64::from(symbols)) as u16;
        let buy = random.below(2) == 0;
        // Most orders near the touch, some far away.
        let away = (random.below(20) * random.below(20)) as u32 * 100;
        let price = if buy { 999_900 - away } else { 1_000_000 + away };
        let shares = 100 * (1 + random.below(10) as u32);
        *next += 1 + random.below(3);
        header(bytes, 36, b'A', locate, ns);
        bytes.extend(next.to_be_bytes());
        bytes.push(if buy { b'B' } else { b'S' });
        bytes.extend(shares.to_be_bytes());
        bytes.extend(format!("S{locate:<7}").as_bytes());
        bytes.extend(price.to_be_bytes());
        resting.push(Resting { reference: *next, locate, shares, price });
    };
    for _ in 0..live {
        add(&mut bytes, &mut random, &mut resting, &mut next, ns);
    }
    let start = bytes.len();
    for number in 0..messages {
        ns += 1 + random.below(40_000);
        let dice = random.below(100);
        if dice < ADD || resting.len() < live / 2 {
            add(&mut bytes, &mut random, &mut resting, &mut next, ns);
            continue;
        }
        // Half of what ends is young, as on an exchange.
        let young = (resting.len() - resting.len().min(1_000)) as u64;
        let i = if random.below(2) == 0 { young + random.below(resting.len() as u64 - young) } else { random.below(resting.len() as u64) }
            as usize;
        if dice < ADD + DELETE {
            let order = resting.swap_remove(i);
            header(&mut bytes, 19, b'D', order.locate, ns);
            bytes.extend(order.reference.to_be_bytes());
        } else if dice < ADD + DELETE + REPLACE {
            let order = &mut resting[i];
            next += 1 + random.below(3);
            header(&mut bytes, 35, b'U', order.locate, ns);
            bytes.extend(order.reference.to_be_bytes());
            bytes.extend(next.to_be_bytes());
            bytes.extend(order.shares.to_be_bytes());
            bytes.extend(order.price.to_be_bytes());
            order.reference = next;
        } else {
            let order = &mut resting[i];
            let part = if order.shares > 100 { 100 } else { order.shares };
            let letter = if dice < ADD + DELETE + REPLACE + EXECUTE { b'E' } else { b'X' };
            header(&mut bytes, if letter == b'E' { 31 } else { 23 }, letter, order.locate, ns);
            bytes.extend(order.reference.to_be_bytes());
            bytes.extend(part.to_be_bytes());
            if letter == b'E' {
                bytes.extend((number as u64).to_be_bytes());
            }
            order.shares -= part;
            if order.shares == 0 {
                resting.swap_remove(i);
            }
        }
    }
    (bytes, start)
}
