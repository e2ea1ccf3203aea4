//! Candles, and what "long", "short", "near" mean of them: against the average of the candles before.
//!
//! The settings are TA-Lib's defaults. An average is summed anew from its own rows each time, in one fixed order, so that a pattern
//! depends on the last few candles alone and not on where the series began.

/// Candles before a row that anything of it may depend on: four of the pattern and ten of an average before the first of them.
pub(super) const HISTORY: usize = 16;

/// True when every condition holds; all are looked at, so that there is no branch for each.
macro_rules! all {
    ($first:expr $(, $more:expr)* $(,)?) => { ($first) $(& ($more))* };
}

/// True when a condition holds; all are looked at.
macro_rules! any {
    ($first:expr $(, $more:expr)* $(,)?) => { ($first) $(| ($more))* };
}

/// A condition that takes an average; what has none, [`Candle::HAS_AVERAGES`], holds it for true.
macro_rules! measured {
    ($candle:ty, $condition:expr) => {
        !<$candle>::HAS_AVERAGES | ($condition)
    };
}

pub(super) use {all, any, measured};

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

/// What a sum is multiplied by for an average of ten and of five. A tenth as a double is a tenth and 2^-54 of it, a fifth likewise: less
/// than half the gap between doubles, so that wherever an average is a double itself it comes out exactly, as by division. A comparison
/// that is a tie in exact arithmetic is therefore one here.
pub(super) const TENTH: f64 = 0.1;
pub(super) const FIFTH: f64 = 0.2;

/// As `f64::max` for numbers that are not NaN, in one instruction.
#[inline(always)]
pub(super) fn upper(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// As `f64::min` for numbers that are not NaN, in one instruction.
#[inline(always)]
pub(super) fn lower(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

impl Setting {
    pub(super) const fn extent(self) -> Option<Extent> {
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
    /// False where averages are not known: what a pattern then finds is every candle at which it might be.
    const HAS_AVERAGES: bool = true;

    fn open(&self, k: usize) -> f64;
    fn high(&self, k: usize) -> f64;
    fn low(&self, k: usize) -> f64;
    fn close(&self, k: usize) -> f64;

    /// The average over the candles before `k`.
    fn average(&self, extent: Extent, k: usize) -> f64;

    /// Upper end of the body.
    #[inline(always)]
    fn top(&self, k: usize) -> f64 {
        upper(self.open(k), self.close(k))
    }

    /// Lower end of the body.
    #[inline(always)]
    fn bottom(&self, k: usize) -> f64 {
        lower(self.open(k), self.close(k))
    }

    /// Length of the body.
    #[inline(always)]
    fn body(&self, k: usize) -> f64 {
        (self.close(k) - self.open(k)).abs()
    }

    /// What an average of `extent` is taken of, at candle `k`.
    #[inline(always)]
    fn extent(&self, extent: Extent, k: usize) -> f64 {
        match extent {
            Extent::Body10 => self.body(k),
            Extent::Range10 | Extent::Range5 => self.high(k) - self.low(k),
            Extent::Shadows10 => self.upper_shadow(k) + self.lower_shadow(k),
        }
    }

    #[inline(always)]
    fn upper_shadow(&self, k: usize) -> f64 {
        self.high(k) - self.top(k)
    }

    #[inline(always)]
    fn lower_shadow(&self, k: usize) -> f64 {
        self.bottom(k) - self.low(k)
    }

    /// 1 for a candle that closes at or above its open, −1 for one that falls.
    #[inline(always)]
    fn colour(&self, k: usize) -> f64 {
        if self.is_white(k) { 1.0 } else { -1.0 }
    }

    #[inline(always)]
    fn is_white(&self, k: usize) -> bool {
        self.close(k) >= self.open(k)
    }

    #[inline(always)]
    fn is_black(&self, k: usize) -> bool {
        self.close(k) < self.open(k)
    }

    /// The body of `k` lies above that of `before`.
    #[inline(always)]
    fn body_gaps_up(&self, k: usize, before: usize) -> bool {
        self.bottom(k) > self.top(before)
    }

    /// The body of `k` lies below that of `before`.
    #[inline(always)]
    fn body_gaps_down(&self, k: usize, before: usize) -> bool {
        self.top(k) < self.bottom(before)
    }

    /// The whole candle `k` lies above `before`.
    #[inline(always)]
    fn gaps_up(&self, k: usize, before: usize) -> bool {
        self.low(k) > self.high(before)
    }

    /// The whole candle `k` lies below `before`.
    #[inline(always)]
    fn gaps_down(&self, k: usize, before: usize) -> bool {
        self.high(k) < self.low(before)
    }

    /// What `setting` means at candle `k`, in the units of the prices.
    #[inline(always)]
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

    #[inline(always)]
    fn has_long_body(&self, k: usize) -> bool {
        measured!(Self, self.body(k) > self.limit(Setting::BodyLong, k))
    }

    #[inline(always)]
    fn has_short_body(&self, k: usize) -> bool {
        measured!(Self, self.body(k) < self.limit(Setting::BodyShort, k))
    }

    /// As [`Self::has_short_body`], or just as long as the average.
    #[inline(always)]
    fn has_no_long_body(&self, k: usize) -> bool {
        measured!(Self, self.body(k) <= self.limit(Setting::BodyShort, k))
    }

    #[inline(always)]
    fn is_doji(&self, k: usize) -> bool {
        measured!(Self, self.body(k) <= self.limit(Setting::BodyDoji, k))
    }

    #[inline(always)]
    fn has_hardly_upper_shadow(&self, k: usize) -> bool {
        measured!(Self, self.upper_shadow(k) < self.limit(Setting::ShadowVeryShort, k))
    }

    #[inline(always)]
    fn has_hardly_lower_shadow(&self, k: usize) -> bool {
        measured!(Self, self.lower_shadow(k) < self.limit(Setting::ShadowVeryShort, k))
    }

    /// `a` is within `setting` of `b`, as measured at candle `k`.
    #[inline(always)]
    fn is_within(&self, setting: Setting, k: usize, a: f64, b: f64) -> bool {
        let limit = self.limit(setting, k);
        measured!(Self, all!(a <= b + limit, a >= b - limit))
    }
}

/// The last candle of a series, with those before it; averages are worked out when they are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last<'a>(pub(super) [&'a [f64; HISTORY]; 4]);

impl Last<'_> {
    /// As [`Candle::average`]; one function for all patterns, so that it is compiled once.
    fn average_before(&self, extent: Extent, k: usize) -> f64 {
        // Candles that there cannot be are not asked for: no pattern looks at an average further back than its fifth candle.
        let x = |back: usize| self.extent(extent, (k + back).min(HISTORY - 1));
        // The order of the additions in `Scratch::fill`.
        let four = |back: usize| (x(back) + x(back + 1)) + (x(back + 2) + x(back + 3));
        match extent {
            Extent::Range5 => (four(1) + x(5)) * FIFTH,
            _ => ((four(1) + four(5)) + (x(9) + x(10))) * TENTH,
        }
    }
}

macro_rules! columns {
    ($($name:ident $column:literal)+) => {
        $(
            #[inline(always)]
            fn $name(&self, k: usize) -> f64 {
                self.0[$column][HISTORY - 1 - k]
            }
        )+
    };
}

impl Candle for Last<'_> {
    columns! { open 0 high 1 low 2 close 3 }

    #[inline(always)]
    fn average(&self, extent: Extent, k: usize) -> f64 {
        self.average_before(extent, k)
    }
}
