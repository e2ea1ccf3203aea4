//! What the readers of both encodings have in common: [`Reader`], keys as numbers, and [`Stop`].

/// A number, time or count that is absent or null. No value of ours: fixed point and times leave `i64::MIN` out.
pub(super) const ABSENT: i64 = i64::MIN;

/// Key code of the end of a map.
pub(super) const END: u64 = 0;
/// Key code of every key that is empty, longer than eight bytes, or ends in a NUL; [`Reader::long_key`] has its bytes.
pub(super) const LONG: u64 = u64::MAX;

/// Why a message is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is malformed at byte `at`, where `expected` should stand.
    Malformed { at: usize, expected: &'static str },
    /// Its kind is given again, later, and differently: the last one counts.
    OtherKind,
}

pub(super) type Scan<T> = Result<T, Stop>;

#[cold]
#[inline(never)]
pub(super) const fn malformed<T>(at: usize, expected: &'static str) -> Scan<T> {
    Err(Stop::Malformed { at, expected })
}

/// What is read of a map or list so far: entries left, or, where the encoding does not say, whether one was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Left(pub(super) u32);

/// Whether a number with more than nine decimals is a fault, or rounded to the nearest 1e-9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimals {
    /// Prices and the sizes of trades: given as they were made, never rounded.
    Exact,
    /// What the source computes in floating point: volumes, averages, sums of sizes.
    Rounded,
}

/// A cursor over one frame. Reading never goes back, but for [`Reader::clone`], and never allocates by a length in the frame.
pub(super) trait Reader<'a>: Copy {
    /// The bytes read so far.
    fn at(&self) -> usize;
    /// True when only white space is left.
    fn is_over(&mut self) -> bool;
    /// True when a list comes next.
    fn is_list(&mut self) -> bool;
    /// Enter a map.
    fn map(&mut self) -> Scan<Left>;
    /// The next key of the map as [`code`] makes it, or [`END`]; the reader then stands at the key's value.
    fn key(&mut self, left: &mut Left) -> Scan<u64>;
    /// Take the key `key` where it comes next in its plainest form; false says nothing of the key, and moves nothing.
    fn next_is<const N: usize>(&mut self, left: &mut Left, key: [u8; N]) -> bool;
    /// Bytes of the key just read.
    fn long_key(&self) -> &'a [u8];
    /// Enter a list.
    fn list(&mut self) -> Scan<Left>;
    /// True when another element comes; false once, at the list's end.
    fn more(&mut self, left: &mut Left) -> Scan<bool>;
    /// Take a null if there is one.
    fn null(&mut self) -> bool;
    /// A number, or a text that holds one, in units of 1e-9; [`ABSENT`] for null.
    fn fixed(&mut self, decimals: Decimals) -> Scan<i64>;
    /// A whole number of 0 or more, or a text that holds one; 0 for null.
    fn whole(&mut self) -> Scan<u64>;
    /// True or false.
    fn boolean(&mut self) -> Scan<bool>;
    /// A text; where it is not there byte for byte, `scratch` holds it.
    fn text<'s>(&mut self, scratch: &'s mut Vec<u8>) -> Scan<&'s [u8]>
    where
        'a: 's;
    /// Take a text of one ASCII letter where one comes next in its plainest form.
    fn one_letter(&mut self) -> Option<u8>;
    /// Take a list of one such text.
    fn one_listed(&mut self) -> Option<u8>;
    /// Nanoseconds since the epoch; [`ABSENT`] for null.
    fn time(&mut self) -> Scan<i64>;
    /// Pass over a value of any kind.
    fn skip(&mut self) -> Scan<()>;
}

/// A key or a kind as a number: its bytes, first byte lowest.
pub(super) const fn code(key: &[u8]) -> u64 {
    let (mut value, mut i) = (0, key.len());
    while i > 0 {
        i -= 1;
        value = value << 8 | key[i] as u64;
    }
    value
}

/// [`code`] of bytes from outside, [`LONG`] for those that have none of their own.
#[inline]
pub(super) fn code_of(key: &[u8]) -> u64 {
    match key.last() {
        Some(&last) if key.len() <= 8 && last != 0 && (key.len() < 8 || last != u8::MAX) => code(key),
        _ => LONG,
    }
}
