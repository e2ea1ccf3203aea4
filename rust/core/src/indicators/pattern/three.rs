//! Patterns of three candles.

use super::candle::{Candle, Setting, all, any, measured};
use super::{Rule, entry, made, penetration, rule, when};
use crate::indicators::catalog::Description;

#[inline(always)]
fn cdl2crows<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_white(2),
            c.is_black(1),
            c.is_black(0),
            c.body_gaps_up(1, 2),
            c.open(0) < c.open(1),
            c.open(0) > c.close(1),
            c.close(0) > c.open(2),
            c.close(0) < c.close(2),
            c.has_long_body(2)
        ),
        -1.0,
    )
}

const CDL2CROWS: Rule = rule!(12, [Setting::BodyLong], cdl2crows);

#[inline(always)]
fn cdl3inside<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.top(1) < c.top(2),
            c.bottom(1) > c.bottom(2),
            any!(all!(c.is_white(2), c.is_black(0), c.close(0) < c.open(2)), all!(c.is_black(2), c.is_white(0), c.close(0) > c.open(2))),
            c.has_long_body(2),
            c.has_no_long_body(1)
        ),
        -c.colour(2),
    )
}

const CDL3INSIDE: Rule = rule!(12, [Setting::BodyShort, Setting::BodyLong], cdl3inside);

#[inline(always)]
fn cdl3outside<C: Candle>(c: &C, _: f64) -> f64 {
    let up = all!(c.is_white(1), c.is_black(2), c.close(1) > c.open(2), c.open(1) < c.close(2), c.close(0) > c.close(1));
    let down = all!(c.is_black(1), c.is_white(2), c.open(1) > c.close(2), c.close(1) < c.open(2), c.close(0) < c.close(1));
    when(any!(up, down), c.colour(1))
}

const CDL3OUTSIDE: Rule = rule!(3, [], cdl3outside);

#[inline(always)]
fn cdl3starsinsouth<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_black(2),
            c.is_black(1),
            c.is_black(0),
            c.body(1) < c.body(2),
            c.open(1) > c.close(2),
            c.open(1) <= c.high(2),
            c.low(1) < c.close(2),
            c.low(1) >= c.low(2),
            c.low(0) > c.low(1),
            c.high(0) < c.high(1),
            c.has_long_body(2),
            c.lower_shadow(2) > c.limit(Setting::ShadowLong, 2),
            measured!(C, c.lower_shadow(1) > c.limit(Setting::ShadowVeryShort, 1)),
            c.has_short_body(0),
            c.has_hardly_lower_shadow(0),
            c.has_hardly_upper_shadow(0)
        ),
        1.0,
    )
}

const CDL3STARSINSOUTH: Rule =
    rule!(rare 12, [Setting::BodyLong, Setting::ShadowLong, Setting::ShadowVeryShort, Setting::BodyShort], cdl3starsinsouth);

#[inline(always)]
fn cdl3whitesoldiers<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_white(2),
            c.is_white(1),
            c.is_white(0),
            c.close(0) > c.close(1),
            c.close(1) > c.close(2),
            c.open(1) > c.open(2),
            measured!(C, c.open(1) <= c.close(2) + c.limit(Setting::Near, 2)),
            c.open(0) > c.open(1),
            measured!(C, c.open(0) <= c.close(1) + c.limit(Setting::Near, 1)),
            all!(c.has_hardly_upper_shadow(0), c.has_hardly_upper_shadow(1), c.has_hardly_upper_shadow(2)),
            measured!(C, c.body(1) > c.body(2) - c.limit(Setting::Far, 2)),
            measured!(C, c.body(0) > c.body(1) - c.limit(Setting::Far, 1)),
            measured!(C, c.body(0) > c.limit(Setting::BodyShort, 0))
        ),
        1.0,
    )
}

const CDL3WHITESOLDIERS: Rule = rule!(12, [Setting::ShadowVeryShort, Setting::BodyShort, Setting::Far, Setting::Near], cdl3whitesoldiers);

#[inline(always)]
fn cdlabandonedbaby<C: Candle>(c: &C, penetration: f64) -> f64 {
    let top = all!(c.is_white(2), c.is_black(0), c.close(0) < c.close(2) - c.body(2) * penetration, c.gaps_up(1, 2), c.gaps_down(0, 1));
    let bottom = all!(c.is_black(2), c.is_white(0), c.close(0) > c.close(2) + c.body(2) * penetration, c.gaps_down(1, 2), c.gaps_up(0, 1));
    when(all!(any!(top, bottom), c.has_long_body(2), c.is_doji(1), measured!(C, c.body(0) > c.limit(Setting::BodyShort, 0))), c.colour(0))
}

pub(super) const CDLABANDONEDBABY: Rule = rule!(rare 12, [Setting::BodyDoji, Setting::BodyLong, Setting::BodyShort], cdlabandonedbaby);

#[inline(always)]
fn cdladvanceblock<C: Candle>(c: &C, _: f64) -> f64 {
    let weaker = || {
        let (a, b, d) = (c.body(2), c.body(1), c.body(0));
        any!(
            all!(b < a - c.limit(Setting::Far, 2), d < b + c.limit(Setting::Near, 1)),
            d < b - c.limit(Setting::Far, 1),
            all!(
                d < b,
                b < a,
                any!(c.upper_shadow(0) > c.limit(Setting::ShadowShort, 0), c.upper_shadow(1) > c.limit(Setting::ShadowShort, 1))
            ),
            all!(d < b, c.upper_shadow(0) > c.limit(Setting::ShadowLong, 0))
        )
    };
    when(
        all!(
            c.is_white(2),
            c.is_white(1),
            c.is_white(0),
            c.close(0) > c.close(1),
            c.close(1) > c.close(2),
            c.open(1) > c.open(2),
            measured!(C, c.open(1) <= c.close(2) + c.limit(Setting::Near, 2)),
            c.open(0) > c.open(1),
            measured!(C, c.open(0) <= c.close(1) + c.limit(Setting::Near, 1)),
            c.has_long_body(2),
            measured!(C, c.upper_shadow(2) < c.limit(Setting::ShadowShort, 2)),
            measured!(C, weaker())
        ),
        -1.0,
    )
}

pub(super) const CDLADVANCEBLOCK: Rule =
    rule!(12, [Setting::ShadowShort, Setting::ShadowLong, Setting::Near, Setting::Far, Setting::BodyLong], cdladvanceblock);

#[inline(always)]
fn cdleveningdojistar<C: Candle>(c: &C, penetration: f64) -> f64 {
    when(
        all!(
            c.is_white(2),
            c.is_black(0),
            c.body_gaps_up(1, 2),
            c.close(0) < c.close(2) - c.body(2) * penetration,
            c.has_long_body(2),
            c.is_doji(1),
            measured!(C, c.body(0) > c.limit(Setting::BodyShort, 0))
        ),
        -1.0,
    )
}

const CDLEVENINGDOJISTAR: Rule = rule!(12, [Setting::BodyDoji, Setting::BodyLong, Setting::BodyShort], cdleveningdojistar);

#[inline(always)]
fn cdleveningstar<C: Candle>(c: &C, penetration: f64) -> f64 {
    when(
        all!(
            c.is_white(2),
            c.is_black(0),
            c.body_gaps_up(1, 2),
            c.close(0) < c.close(2) - c.body(2) * penetration,
            c.has_long_body(2),
            c.has_no_long_body(1),
            measured!(C, c.body(0) > c.limit(Setting::BodyShort, 0))
        ),
        -1.0,
    )
}

const CDLEVENINGSTAR: Rule = rule!(12, [Setting::BodyLong, Setting::BodyShort], cdleveningstar);

#[inline(always)]
fn cdlgapsidesidewhite<C: Candle>(c: &C, _: f64) -> f64 {
    // Of white candles the open is the lower end, the close the upper.
    let up = all!(c.open(1) > c.top(2), c.open(0) > c.top(2));
    let down = all!(c.close(1) < c.bottom(2), c.close(0) < c.bottom(2));
    let alike = all!(c.is_within(Setting::Near, 1, c.body(0), c.body(1)), c.is_within(Setting::Equal, 1, c.open(0), c.open(1)));
    when(all!(any!(up, down), c.is_white(1), c.is_white(0), alike), if up { 1.0 } else { -1.0 })
}

const CDLGAPSIDESIDEWHITE: Rule = rule!(7, [Setting::Near, Setting::Equal], cdlgapsidesidewhite);

#[inline(always)]
fn cdlidentical3crows<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_black(2),
            c.is_black(1),
            c.is_black(0),
            c.close(2) > c.close(1),
            c.close(1) > c.close(0),
            c.is_within(Setting::Equal, 2, c.open(1), c.close(2)),
            c.is_within(Setting::Equal, 1, c.open(0), c.close(1)),
            all!(c.has_hardly_lower_shadow(0), c.has_hardly_lower_shadow(1), c.has_hardly_lower_shadow(2))
        ),
        -1.0,
    )
}

const CDLIDENTICAL3CROWS: Rule = rule!(12, [Setting::ShadowVeryShort, Setting::Equal], cdlidentical3crows);

#[inline(always)]
fn cdlmorningdojistar<C: Candle>(c: &C, penetration: f64) -> f64 {
    when(
        all!(
            c.is_black(2),
            c.is_white(0),
            c.body_gaps_down(1, 2),
            c.close(0) > c.close(2) + c.body(2) * penetration,
            c.has_long_body(2),
            c.is_doji(1),
            measured!(C, c.body(0) > c.limit(Setting::BodyShort, 0))
        ),
        1.0,
    )
}

const CDLMORNINGDOJISTAR: Rule = rule!(12, [Setting::BodyDoji, Setting::BodyLong, Setting::BodyShort], cdlmorningdojistar);

#[inline(always)]
fn cdlmorningstar<C: Candle>(c: &C, penetration: f64) -> f64 {
    when(
        all!(
            c.is_black(2),
            c.is_white(0),
            c.body_gaps_down(1, 2),
            c.close(0) > c.close(2) + c.body(2) * penetration,
            c.has_long_body(2),
            c.has_no_long_body(1),
            measured!(C, c.body(0) > c.limit(Setting::BodyShort, 0))
        ),
        1.0,
    )
}

const CDLMORNINGSTAR: Rule = rule!(12, [Setting::BodyLong, Setting::BodyShort], cdlmorningstar);

#[inline(always)]
fn cdlstalledpattern<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_white(2),
            c.is_white(1),
            c.is_white(0),
            c.close(0) > c.close(1),
            c.close(1) > c.close(2),
            c.open(1) > c.open(2),
            measured!(C, c.open(1) <= c.close(2) + c.limit(Setting::Near, 2)),
            measured!(C, c.open(0) >= c.close(1) - c.body(0) - c.limit(Setting::Near, 1)),
            c.has_long_body(2),
            c.has_long_body(1),
            c.has_hardly_upper_shadow(1),
            c.has_short_body(0)
        ),
        -1.0,
    )
}

const CDLSTALLEDPATTERN: Rule =
    rule!(12, [Setting::BodyLong, Setting::BodyShort, Setting::ShadowVeryShort, Setting::Near], cdlstalledpattern);

#[inline(always)]
fn cdlsticksandwich<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(c.is_black(2), c.is_white(1), c.is_black(0), c.low(1) > c.close(2), c.is_within(Setting::Equal, 2, c.close(0), c.close(2))),
        1.0,
    )
}

const CDLSTICKSANDWICH: Rule = rule!(7, [Setting::Equal], cdlsticksandwich);

#[inline(always)]
fn cdltasukigap<C: Candle>(c: &C, _: f64) -> f64 {
    // A close between the bodies says that there is a gap, and with the open in the second body that the candle goes against it.
    let opens_in = all!(c.open(0) < c.top(1), c.open(0) > c.bottom(1));
    let up = all!(c.is_white(1), c.close(0) < c.bottom(1), c.close(0) > c.top(2));
    let down = all!(c.is_black(1), c.close(0) > c.top(1), c.close(0) < c.bottom(2));
    let alike = measured!(C, (c.body(1) - c.body(0)).abs() < c.limit(Setting::Near, 1));
    when(all!(opens_in, any!(up, down), alike), c.colour(1))
}

const CDLTASUKIGAP: Rule = rule!(7, [Setting::Near], cdltasukigap);

#[inline(always)]
fn cdltristar<C: Candle>(c: &C, _: f64) -> f64 {
    // All three are measured by the average before the first.
    let limit = c.limit(Setting::BodyDoji, 2);
    let dojis = measured!(C, all!(c.body(0) <= limit, c.body(1) <= limit, c.body(2) <= limit));
    let falls = all!(c.body_gaps_up(1, 2), c.top(0) < c.top(1));
    let rises = all!(c.body_gaps_down(1, 2), c.bottom(0) > c.bottom(1));
    when(all!(dojis, any!(falls, rises)), if rises { 1.0 } else { -1.0 })
}

const CDLTRISTAR: Rule = rule!(12, [Setting::BodyDoji], cdltristar);

#[inline(always)]
fn cdlunique3river<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_black(2),
            c.is_black(1),
            c.is_white(0),
            c.close(1) > c.close(2),
            c.open(1) <= c.open(2),
            c.low(1) < c.low(2),
            c.open(0) > c.low(1),
            c.has_long_body(2),
            c.has_short_body(0)
        ),
        1.0,
    )
}

const CDLUNIQUE3RIVER: Rule = rule!(12, [Setting::BodyShort, Setting::BodyLong], cdlunique3river);

#[inline(always)]
fn cdlupsidegap2crows<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_white(2),
            c.is_black(1),
            c.is_black(0),
            c.body_gaps_up(1, 2),
            c.open(0) > c.open(1),
            c.close(0) < c.close(1),
            c.close(0) > c.close(2),
            c.has_long_body(2),
            c.has_no_long_body(1)
        ),
        -1.0,
    )
}

const CDLUPSIDEGAP2CROWS: Rule = rule!(12, [Setting::BodyShort, Setting::BodyLong], cdlupsidegap2crows);

#[inline(always)]
fn cdlxsidegap3methods<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.open(0) < c.top(1),
            c.open(0) > c.bottom(1),
            c.close(0) < c.top(2),
            c.close(0) > c.bottom(2),
            any!(
                all!(c.is_white(2), c.is_white(1), c.is_black(0), c.body_gaps_up(1, 2)),
                all!(c.is_black(2), c.is_black(1), c.is_white(0), c.body_gaps_down(1, 2))
            )
        ),
        c.colour(2),
    )
}

const CDLXSIDEGAP3METHODS: Rule = rule!(2, [], cdlxsidegap3methods);

pub(super) const ENTRIES: &[Description] = &[
    entry(
        "cdl2crows",
        "Two crows",
        "12",
        "after a long white candle, a black one that gaps up and another that closes within the first",
        |_| Ok(made(CDL2CROWS, 0.0)),
    ),
    entry("cdl3inside", "Three inside up/down", "12", "a harami confirmed by the third close", |_| Ok(made(CDL3INSIDE, 0.0))),
    entry("cdl3outside", "Three outside up/down", "3", "an engulfing confirmed by the third close", |_| Ok(made(CDL3OUTSIDE, 0.0))),
    entry(
        "cdl3starsinsouth",
        "Three stars in the south",
        "12",
        "three black candles, each smaller and within the range of the one before",
        |_| Ok(made(CDL3STARSINSOUTH, 0.0)),
    ),
    entry(
        "cdl3whitesoldiers",
        "Three advancing white soldiers",
        "12",
        "three white candles, each opening in the body before, none much shorter, with hardly an upper shadow",
        |_| Ok(made(CDL3WHITESOLDIERS, 0.0)),
    ),
    Description {
        parameters: &[penetration(0.3)],
        ..entry(
            "cdlabandonedbaby",
            "Abandoned baby",
            "12",
            "a doji with a gap on both sides between a long candle and one of the other colour",
            |p| Ok(made(CDLABANDONEDBABY, p.real(0))),
        )
    },
    entry("cdladvanceblock", "Advance block", "12", "three white candles that grow weaker", |_| Ok(made(CDLADVANCEBLOCK, 0.0))),
    Description {
        parameters: &[penetration(0.3)],
        ..entry("cdleveningdojistar", "Evening doji star", "12", "an evening star whose star is a doji", |p| {
            Ok(made(CDLEVENINGDOJISTAR, p.real(0)))
        })
    },
    Description {
        parameters: &[penetration(0.3)],
        ..entry(
            "cdleveningstar",
            "Evening star",
            "12",
            "a long white candle, a short one that gaps up, and a black one that closes deep in the first",
            |p| Ok(made(CDLEVENINGSTAR, p.real(0))),
        )
    },
    entry(
        "cdlgapsidesidewhite",
        "Up/down-gap side-by-side white lines",
        "7",
        "two white candles of the same size and open, both with the same gap from the first",
        |_| Ok(made(CDLGAPSIDESIDEWHITE, 0.0)),
    ),
    entry(
        "cdlidentical3crows",
        "Identical three crows",
        "12",
        "three black candles, each opening at the close before, with hardly a lower shadow",
        |_| Ok(made(CDLIDENTICAL3CROWS, 0.0)),
    ),
    Description {
        parameters: &[penetration(0.3)],
        ..entry("cdlmorningdojistar", "Morning doji star", "12", "a morning star whose star is a doji", |p| {
            Ok(made(CDLMORNINGDOJISTAR, p.real(0)))
        })
    },
    Description {
        parameters: &[penetration(0.3)],
        ..entry(
            "cdlmorningstar",
            "Morning star",
            "12",
            "a long black candle, a short one that gaps down, and a white one that closes deep in the first",
            |p| Ok(made(CDLMORNINGSTAR, p.real(0))),
        )
    },
    entry(
        "cdlstalledpattern",
        "Stalled pattern",
        "12",
        "two long white candles, then a short one that opens near the close before",
        |_| Ok(made(CDLSTALLEDPATTERN, 0.0)),
    ),
    entry("cdlsticksandwich", "Stick sandwich", "7", "a white candle between two black ones with the same close", |_| {
        Ok(made(CDLSTICKSANDWICH, 0.0))
    }),
    entry("cdltasukigap", "Tasuki gap", "7", "a gap, and a candle of the other colour and like size that closes within it", |_| {
        Ok(made(CDLTASUKIGAP, 0.0))
    }),
    entry("cdltristar", "Tristar", "12", "three dojis, the middle one with a gap", |_| Ok(made(CDLTRISTAR, 0.0))),
    entry(
        "cdlunique3river",
        "Unique three river",
        "12",
        "a long black candle, a black one with a lower low and a higher close, and a short white one",
        |_| Ok(made(CDLUNIQUE3RIVER, 0.0)),
    ),
    entry(
        "cdlupsidegap2crows",
        "Upside gap two crows",
        "12",
        "after a long white candle, two black ones above it, the second engulfing the first",
        |_| Ok(made(CDLUPSIDEGAP2CROWS, 0.0)),
    ),
    entry(
        "cdlxsidegap3methods",
        "Upside/downside gap three methods",
        "2",
        "two candles of one colour with a gap, closed by one of the other",
        |_| Ok(made(CDLXSIDEGAP3METHODS, 0.0)),
    ),
];
