//! Candles, and what "long", "short", "near" mean of them: against the average of the candles before.
//!
//! The settings are TA-Lib's defaults. An average is summed anew from its own rows each time, in one fixed order, so that a pattern
//! depends on the last few candles alone and not on where the series began.

/// Candles before a row that anything of it may depend on: four of the pattern and ten of an average before the first of them.
pub(super) const HISTORY: usize = 16;

/// Rows judged at a time.
pub(super) const ROWS: usize = 256;

/// Rows of a [`Block`].
const WIDTH: usize = ROWS + HISTORY;

/// True when every condition holds; all are looked at, so that there is no branch for each.
macro_rules! all {
    ($first:expr $(, $more:expr)* $(,)?) => { ($first) $(& ($more))* };
}

/// True when a condition holds; all are looked at.
macro_rules! any {
    ($first:expr $(, $more:expr)* $(,)?) => { ($first) $(| ($more))* };
}

pub(super) use {all, any};

/// What a candle's part is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// A body above this is long.
    BodyLong,
    /// A body below this is short.
    BodyShort,
    /// A body up to this is a doji's.
    BodyDoji,
    /// A shadow above this is long.
    ShadowLong,
    /// A shadow above this is very long.
    ShadowVeryLong,
    /// A shadow below this is short.
    ShadowShort,
    /// A shadow below this is hardly there.
    ShadowVeryShort,
    /// Prices closer than this are near.
    Near,
    /// Prices further than this are far.
    Far,
    /// Prices closer than this are the same.
    Equal,
}

/// What an average is taken of, over how many candles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Extent {
    Body10,
    Range10,
    Shadows10,
    Range5,
}

/// Kinds of average.
const KINDS: usize = 4;

/// A stretch of candles by column: [`HISTORY`] of them, then [`ROWS`] to be judged. Columns are arrays of one known length, so that
/// a pattern's loop over the rows needs no bounds checks and can be vectorised.
#[derive(Debug)]
pub(super) struct Block {
    open: [f64; WIDTH],
    high: [f64; WIDTH],
    low: [f64; WIDTH],
    close: [f64; WIDTH],
    top: [f64; WIDTH],
    bottom: [f64; WIDTH],
    averages: [[f64; WIDTH]; KINDS],
}

impl Block {
    pub(super) const fn new() -> Self {
        const NONE: [f64; WIDTH] = [0.0; WIDTH];
        Self { open: NONE, high: NONE, low: NONE, close: NONE, top: NONE, bottom: NONE, averages: [NONE; KINDS] }
    }

    /// Take in the candles of `columns` from `start`, at least [`HISTORY`], and before `end`, with those before them and the averages
    /// that `settings` need.
    pub(super) fn fill(&mut self, columns: [&[f64]; 4], settings: &[Setting], start: usize, end: usize) {
        let rows = end - start + HISTORY;
        let slots = [&mut self.open, &mut self.high, &mut self.low, &mut self.close];
        for (slot, column) in slots.into_iter().zip(columns) {
            slot[..rows].copy_from_slice(&column[start - HISTORY..end]);
        }
        for (((top, bottom), &open), &close) in self.top.iter_mut().zip(&mut self.bottom).zip(&self.open).zip(&self.close) {
            (*top, *bottom) = (upper(open, close), lower(open, close));
        }
        let mut done = [false; KINDS];
        for extent in settings.iter().filter_map(|s| s.extent()) {
            if !std::mem::replace(&mut done[extent as usize], true) {
                self.average(extent);
            }
        }
    }

    fn average(&mut self, extent: Extent) {
        let (mut x, mut two, mut four) = ([0.0; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
        match extent {
            Extent::Body10 => fill(&mut x, &self.top, &self.bottom, |top, bottom| top - bottom),
            Extent::Range10 | Extent::Range5 => fill(&mut x, &self.high, &self.low, |high, low| high - low),
            Extent::Shadows10 => {
                let mut below = [0.0; WIDTH];
                fill(&mut below, &self.bottom, &self.low, |bottom, low| bottom - low);
                fill(&mut x, &self.high, &self.top, |high, top| high - top);
                for (x, below) in x.iter_mut().zip(&below) {
                    *x += below;
                }
            }
        }
        for row in 1..WIDTH {
            two[row] = x[row] + x[row - 1];
        }
        for row in 3..WIDTH {
            four[row] = two[row] + two[row - 2];
        }
        // An average stands at the row after its last candle.
        let averages = &mut self.averages[extent as usize];
        if extent == Extent::Range5 {
            for row in 5..WIDTH {
                averages[row] = (four[row - 1] + x[row - 5]) / 5.0;
            }
        } else {
            for row in 10..WIDTH {
                averages[row] = ((four[row - 1] + four[row - 5]) + two[row - 9]) / 10.0;
            }
        }
    }
}

#[inline]
fn fill(to: &mut [f64; WIDTH], a: &[f64; WIDTH], b: &[f64; WIDTH], f: impl Fn(f64, f64) -> f64) {
    for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
        *to = f(a, b);
    }
}

/// As `f64::max` for numbers that are not NaN, in one instruction.
#[inline]
fn upper(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// As `f64::min` for numbers that are not NaN, in one instruction.
#[inline]
fn lower(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

impl Setting {
    const fn extent(self) -> Option<Extent> {
        match self {
            Self::BodyLong | Self::BodyShort => Some(Extent::Body10),
            Self::BodyDoji | Self::ShadowVeryShort => Some(Extent::Range10),
            Self::ShadowShort => Some(Extent::Shadows10),
            Self::Near | Self::Far | Self::Equal => Some(Extent::Range5),
            Self::ShadowLong | Self::ShadowVeryLong => None,
        }
    }
}

/// A candle and those before it; `k` counts candles back from it.
pub(super) trait Candle {
    fn open(&self, k: usize) -> f64;
    fn high(&self, k: usize) -> f64;
    fn low(&self, k: usize) -> f64;
    fn close(&self, k: usize) -> f64;

    /// Upper end of the body.
    fn top(&self, k: usize) -> f64;

    /// Lower end of the body.
    fn bottom(&self, k: usize) -> f64;

    /// The average over the candles before `k`.
    fn average(&self, extent: Extent, k: usize) -> f64;

    /// Length of the body.
    #[inline]
    fn body(&self, k: usize) -> f64 {
        self.top(k) - self.bottom(k)
    }

    #[inline]
    fn upper_shadow(&self, k: usize) -> f64 {
        self.high(k) - self.top(k)
    }

    #[inline]
    fn lower_shadow(&self, k: usize) -> f64 {
        self.bottom(k) - self.low(k)
    }

    /// 1 for a candle that closes at or above its open, −1 for one that falls.
    #[inline]
    fn colour(&self, k: usize) -> f64 {
        if self.is_white(k) { 1.0 } else { -1.0 }
    }

    #[inline]
    fn is_white(&self, k: usize) -> bool {
        self.close(k) >= self.open(k)
    }

    #[inline]
    fn is_black(&self, k: usize) -> bool {
        self.close(k) < self.open(k)
    }

    /// The body of `k` lies above that of `before`.
    #[inline]
    fn body_gaps_up(&self, k: usize, before: usize) -> bool {
        self.bottom(k) > self.top(before)
    }

    /// The body of `k` lies below that of `before`.
    #[inline]
    fn body_gaps_down(&self, k: usize, before: usize) -> bool {
        self.top(k) < self.bottom(before)
    }

    /// The whole candle `k` lies above `before`.
    #[inline]
    fn gaps_up(&self, k: usize, before: usize) -> bool {
        self.low(k) > self.high(before)
    }

    /// The whole candle `k` lies below `before`.
    #[inline]
    fn gaps_down(&self, k: usize, before: usize) -> bool {
        self.high(k) < self.low(before)
    }

    /// What `setting` means at candle `k`, in the units of the prices.
    #[inline]
    fn limit(&self, setting: Setting, k: usize) -> f64 {
        match setting {
            Setting::BodyLong | Setting::BodyShort => self.average(Extent::Body10, k),
            Setting::BodyDoji | Setting::ShadowVeryShort => 0.1 * self.average(Extent::Range10, k),
            Setting::ShadowLong => self.body(k),
            Setting::ShadowVeryLong => 2.0 * self.body(k),
            Setting::ShadowShort => self.average(Extent::Shadows10, k) / 2.0,
            Setting::Near => 0.2 * self.average(Extent::Range5, k),
            Setting::Far => 0.6 * self.average(Extent::Range5, k),
            Setting::Equal => 0.05 * self.average(Extent::Range5, k),
        }
    }

    #[inline]
    fn has_long_body(&self, k: usize) -> bool {
        self.body(k) > self.limit(Setting::BodyLong, k)
    }

    #[inline]
    fn has_short_body(&self, k: usize) -> bool {
        self.body(k) < self.limit(Setting::BodyShort, k)
    }

    /// As [`Self::has_short_body`], or just as long as the average.
    #[inline]
    fn has_no_long_body(&self, k: usize) -> bool {
        self.body(k) <= self.limit(Setting::BodyShort, k)
    }

    #[inline]
    fn is_doji(&self, k: usize) -> bool {
        self.body(k) <= self.limit(Setting::BodyDoji, k)
    }

    #[inline]
    fn has_hardly_upper_shadow(&self, k: usize) -> bool {
        self.upper_shadow(k) < self.limit(Setting::ShadowVeryShort, k)
    }

    #[inline]
    fn has_hardly_lower_shadow(&self, k: usize) -> bool {
        self.lower_shadow(k) < self.limit(Setting::ShadowVeryShort, k)
    }

    /// `a` is within `setting` of `b`, as measured at candle `k`.
    #[inline]
    fn is_within(&self, setting: Setting, k: usize, a: f64, b: f64) -> bool {
        let limit = self.limit(setting, k);
        all!(a <= b + limit, a >= b - limit)
    }
}

/// A candle of a [`Block`].
#[derive(Clone, Copy, Debug)]
pub(super) struct InBlock<'a> {
    pub(super) block: &'a Block,
    /// Below [`ROWS`].
    pub(super) row: usize,
}

macro_rules! columns {
    ($($name:ident)+) => {
        $(
            #[inline]
            fn $name(&self, k: usize) -> f64 {
                self.block.$name[self.row + HISTORY - k]
            }
        )+
    };
}

impl Candle for InBlock<'_> {
    columns! { open high low close top bottom }

    #[inline]
    fn average(&self, extent: Extent, k: usize) -> f64 {
        self.block.averages[extent as usize][self.row + HISTORY - k]
    }
}

/// The last candle of columns of one length; averages are worked out when they are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last<'a>(pub(super) [&'a [f64]; 4]);

impl Last<'_> {
    fn value(&self, column: usize, k: usize) -> f64 {
        let values = self.0[column];
        values[values.len() - 1 - k]
    }
}

impl Candle for Last<'_> {
    fn open(&self, k: usize) -> f64 {
        self.value(0, k)
    }

    fn high(&self, k: usize) -> f64 {
        self.value(1, k)
    }

    fn low(&self, k: usize) -> f64 {
        self.value(2, k)
    }

    fn close(&self, k: usize) -> f64 {
        self.value(3, k)
    }

    fn top(&self, k: usize) -> f64 {
        upper(self.open(k), self.close(k))
    }

    fn bottom(&self, k: usize) -> f64 {
        lower(self.open(k), self.close(k))
    }

    fn average(&self, extent: Extent, k: usize) -> f64 {
        // Patterns whose conditions are all looked at ask for candles that a short series does not have; what they say of them is not used.
        if self.0[0].len() < k + 11 {
            return f64::NAN;
        }
        let x = |back: usize| match extent {
            Extent::Body10 => self.body(k + back),
            Extent::Range10 | Extent::Range5 => self.high(k + back) - self.low(k + back),
            Extent::Shadows10 => self.upper_shadow(k + back) + self.lower_shadow(k + back),
        };
        // The order of the additions in `Block::average`.
        let four = |back: usize| (x(back) + x(back + 1)) + (x(back + 2) + x(back + 3));
        match extent {
            Extent::Range5 => (four(1) + x(5)) / 5.0,
            _ => ((four(1) + four(5)) + (x(9) + x(10))) / 10.0,
        }
    }
}
