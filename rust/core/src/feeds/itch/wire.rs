//! The wire form of ITCH 5.0: message lengths and big-endian fields.
//!
//! Source: NASDAQ TotalView-ITCH 5.0 interface specification, chapter 4. Every message begins with its type letter, the stock
//! locate, a tracking number and the time in nanoseconds after midnight in New York, 11 bytes in all.

use crate::event::BookAction;

/// Type letter, length in bytes and name of each message.
pub(super) const MESSAGES: [(u8, u8, &str); 23] = [
    (b'S', 12, "system event"),
    (b'R', 39, "stock directory"),
    (b'H', 25, "trading action"),
    (b'Y', 20, "short sale restriction"),
    (b'L', 26, "market participant position"),
    (b'V', 35, "circuit breaker levels"),
    (b'W', 12, "circuit breaker status"),
    (b'K', 28, "IPO quoting period"),
    (b'J', 35, "auction collar"),
    (b'h', 21, "operational halt"),
    (b'A', 36, "add order"),
    (b'F', 40, "add order with participant"),
    (b'E', 31, "order executed"),
    (b'C', 36, "order executed with price"),
    (b'X', 23, "order cancel"),
    (b'D', 19, "order delete"),
    (b'U', 35, "order replace"),
    (b'P', 44, "trade"),
    (b'Q', 40, "cross trade"),
    (b'B', 19, "broken trade"),
    (b'I', 50, "net order imbalance"),
    (b'N', 20, "retail interest"),
    (b'O', 48, "direct listing price"),
];

/// Length of a message by its type letter; 0 for letters that no message has.
pub(super) const LENGTHS: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut i = 0;
    while i < MESSAGES.len() {
        lengths[MESSAGES[i].0 as usize] = MESSAGES[i].1;
        i += 1;
    }
    lengths
};

/// Bytes from the start of a message on that are read whatever its length, where there are so many.
pub(super) const WINDOW_BYTES: usize = 64;

/// What the messages about one order have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrderForm {
    /// Length of the message; 0 of those that are not about one order.
    pub(super) length: u8,
    /// Where its shares begin.
    pub(super) shares_at: u8,
    /// All ones where the message takes all the order's shares, whatever stands there.
    pub(super) takes_all: u32,
    /// All ones where the message adds an order. A mask and no truth value: of that the compiler would make a jump, and which kind of
    /// message comes next cannot be guessed.
    pub(super) adds: u64,
    pub(super) executes: bool,
    pub(super) action: BookAction,
}

/// The form of the messages about one order by their type letter. `C` and `U` have more to them and are not here.
pub(super) const ORDER_FORMS: [OrderForm; 256] = {
    let none = OrderForm { length: 0, shares_at: 0, takes_all: 0, adds: 0, executes: false, action: BookAction::Add };
    let add = OrderForm { length: 36, shares_at: 20, adds: u64::MAX, ..none };
    let mut forms = [none; 256];
    forms[b'A' as usize] = add;
    forms[b'F' as usize] = OrderForm { length: 40, ..add };
    forms[b'E' as usize] = OrderForm { length: 31, shares_at: 19, executes: true, action: BookAction::Execute, ..none };
    forms[b'X' as usize] = OrderForm { length: 23, shares_at: 19, action: BookAction::Cancel, ..none };
    forms[b'D' as usize] = OrderForm { length: 19, takes_all: u32::MAX, action: BookAction::Delete, ..none };
    forms
};

/// 0 for `B`, 1 for `S`, 2 for what is no side.
pub(super) const SIDES: [u32; 256] = {
    let mut sides = [2; 256];
    sides[b'B' as usize] = 0;
    sides[b'S' as usize] = 1;
    sides
};

/// Two bytes from `AT`.
#[inline]
pub(super) const fn u16_at<const AT: usize, const N: usize>(m: &[u8; N]) -> u16 {
    u16::from_be_bytes([m[AT], m[AT + 1]])
}

/// Four bytes from `AT`.
#[inline]
pub(super) const fn u32_at<const AT: usize, const N: usize>(m: &[u8; N]) -> u32 {
    u32::from_be_bytes([m[AT], m[AT + 1], m[AT + 2], m[AT + 3]])
}

/// Eight bytes from `AT`.
#[inline]
pub(super) const fn u64_at<const AT: usize, const N: usize>(m: &[u8; N]) -> u64 {
    u64::from_be_bytes([m[AT], m[AT + 1], m[AT + 2], m[AT + 3], m[AT + 4], m[AT + 5], m[AT + 6], m[AT + 7]])
}

/// Nanoseconds after midnight: bytes 5 to 10 of any message.
#[inline]
pub(super) const fn time_ns<const N: usize>(m: &[u8; N]) -> i64 {
    (u64_at::<3, N>(m) & 0xFFFF_FFFF_FFFF) as i64
}

/// Eight bytes of text from `AT`.
#[inline]
pub(super) const fn text_at<const AT: usize, const N: usize>(m: &[u8; N]) -> [u8; 8] {
    u64_at::<AT, N>(m).to_be_bytes()
}

/// A padded text without its padding.
pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    text.trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_23_kinds_of_messages_each_with_its_own_letter() {
        assert_eq!(LENGTHS.iter().filter(|&&n| n > 0).count(), MESSAGES.len());
        assert!(MESSAGES.iter().all(|&(letter, length, _)| letter.is_ascii_alphabetic() && length >= 12));
    }

    #[test]
    fn the_time_leaves_the_tracking_number_out() {
        let message = [b'S', 0, 1, 0xAB, 0xCD, 0x0A, 0x30, 0x47, 0x8F, 0x8F, 0x96, b'O'];
        assert_eq!(time_ns(&message), 0x0A30_478F_8F96);
        assert_eq!((u16_at::<1, 12>(&message), u32_at::<1, 12>(&message)), (1, 0x0001_ABCD));
    }
}
