//! Patterns of two candles.

use super::candle::{Candle, Setting, all, any, measured};
use super::{Rule, entry, made, penetration, rule, when};
use crate::indicators::catalog::Description;

/// The harami's last body against the one before: 1 within it, 0.8 where an end is shared, 0 elsewhere; the other way from the first.
#[inline(always)]
fn within<C: Candle>(c: &C) -> f64 {
    let inside = all!(c.top(0) < c.top(1), c.bottom(0) > c.bottom(1));
    let touching = all!(c.top(0) <= c.top(1), c.bottom(0) >= c.bottom(1));
    let strength = if inside { 1.0 } else { 0.8 };
    if touching { -c.colour(1) * strength } else { 0.0 }
}

/// Two marubozus of opposite colours with a gap between them, away from the first.
#[inline(always)]
fn kicks<C: Candle>(c: &C) -> bool {
    all!(
        any!(all!(c.is_black(1), c.is_white(0), c.gaps_up(0, 1)), all!(c.is_white(1), c.is_black(0), c.gaps_down(0, 1))),
        all!(
            c.has_long_body(0),
            c.has_hardly_upper_shadow(0),
            c.has_hardly_lower_shadow(0),
            c.has_long_body(1),
            c.has_hardly_upper_shadow(1),
            c.has_hardly_lower_shadow(1)
        )
    )
}

#[inline(always)]
fn cdlcounterattack<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            any!(all!(c.is_black(1), c.is_white(0)), all!(c.is_white(1), c.is_black(0))),
            c.has_long_body(1),
            c.has_long_body(0),
            c.is_within(Setting::Equal, 1, c.close(0), c.close(1))
        ),
        c.colour(0),
    )
}

const CDLCOUNTERATTACK: Rule = rule!(11, [Setting::Equal, Setting::BodyLong], cdlcounterattack);

#[inline(always)]
fn cdldarkcloudcover<C: Candle>(c: &C, penetration: f64) -> f64 {
    when(
        all!(
            c.is_white(1),
            c.has_long_body(1),
            c.is_black(0),
            c.open(0) > c.high(1),
            c.close(0) > c.open(1),
            c.close(0) < c.close(1) - c.body(1) * penetration
        ),
        -1.0,
    )
}

const CDLDARKCLOUDCOVER: Rule = rule!(11, [Setting::BodyLong], cdldarkcloudcover);

#[inline(always)]
fn cdldojistar<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_long_body(1),
            c.is_doji(0),
            any!(all!(c.is_white(1), c.body_gaps_up(0, 1)), all!(c.is_black(1), c.body_gaps_down(0, 1)))
        ),
        -c.colour(1),
    )
}

const CDLDOJISTAR: Rule = rule!(11, [Setting::BodyDoji, Setting::BodyLong], cdldojistar);

#[inline(always)]
fn cdlengulfing<C: Candle>(c: &C, _: f64) -> f64 {
    let whole = |a: f64, b: f64, c: f64, d: f64| any!(all!(a >= b, c < d), all!(a > b, c <= d));
    let up = all!(c.is_white(0), c.is_black(1), whole(c.close(0), c.open(1), c.open(0), c.close(1)));
    let down = all!(c.is_black(0), c.is_white(1), whole(c.open(0), c.close(1), c.close(0), c.open(1)));
    let strength = if all!(c.open(0) != c.close(1), c.close(0) != c.open(1)) { 1.0 } else { 0.8 };
    when(any!(up, down), c.colour(0) * strength)
}

const CDLENGULFING: Rule = rule!(2, [], cdlengulfing);

#[inline(always)]
fn cdlhammer<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_short_body(0),
            c.lower_shadow(0) > c.limit(Setting::ShadowLong, 0),
            c.has_hardly_upper_shadow(0),
            measured!(C, c.bottom(0) <= c.low(1) + c.limit(Setting::Near, 1))
        ),
        1.0,
    )
}

const CDLHAMMER: Rule = rule!(11, [Setting::BodyShort, Setting::ShadowLong, Setting::ShadowVeryShort, Setting::Near], cdlhammer);

#[inline(always)]
fn cdlhangingman<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_short_body(0),
            c.lower_shadow(0) > c.limit(Setting::ShadowLong, 0),
            c.has_hardly_upper_shadow(0),
            measured!(C, c.bottom(0) >= c.high(1) - c.limit(Setting::Near, 1))
        ),
        -1.0,
    )
}

const CDLHANGINGMAN: Rule = rule!(11, [Setting::BodyShort, Setting::ShadowLong, Setting::ShadowVeryShort, Setting::Near], cdlhangingman);

#[inline(always)]
fn cdlharami<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.has_long_body(1), c.has_no_long_body(0)), within(c))
}

pub(super) const CDLHARAMI: Rule = rule!(11, [Setting::BodyShort, Setting::BodyLong], cdlharami);

#[inline(always)]
fn cdlharamicross<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.has_long_body(1), c.is_doji(0)), within(c))
}

const CDLHARAMICROSS: Rule = rule!(11, [Setting::BodyDoji, Setting::BodyLong], cdlharamicross);

#[inline(always)]
fn cdlhomingpigeon<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.is_black(1), c.is_black(0), c.has_long_body(1), c.has_no_long_body(0), c.open(0) < c.open(1), c.close(0) > c.close(1)), 1.0)
}

const CDLHOMINGPIGEON: Rule = rule!(11, [Setting::BodyShort, Setting::BodyLong], cdlhomingpigeon);

#[inline(always)]
fn cdlinneck<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_black(1),
            c.has_long_body(1),
            c.is_white(0),
            c.open(0) < c.low(1),
            measured!(C, c.close(0) <= c.close(1) + c.limit(Setting::Equal, 1)),
            c.close(0) >= c.close(1)
        ),
        -1.0,
    )
}

const CDLINNECK: Rule = rule!(11, [Setting::Equal, Setting::BodyLong], cdlinneck);

#[inline(always)]
fn cdlinvertedhammer<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_short_body(0),
            c.upper_shadow(0) > c.limit(Setting::ShadowLong, 0),
            c.has_hardly_lower_shadow(0),
            c.body_gaps_down(0, 1)
        ),
        1.0,
    )
}

const CDLINVERTEDHAMMER: Rule = rule!(11, [Setting::BodyShort, Setting::ShadowLong, Setting::ShadowVeryShort], cdlinvertedhammer);

#[inline(always)]
fn cdlkicking<C: Candle>(c: &C, _: f64) -> f64 {
    when(kicks(c), c.colour(0))
}

pub(super) const CDLKICKING: Rule = rule!(rare 11, [Setting::ShadowVeryShort, Setting::BodyLong], cdlkicking);

#[inline(always)]
fn cdlkickingbylength<C: Candle>(c: &C, _: f64) -> f64 {
    when(kicks(c), if c.body(0) <= c.body(1) { c.colour(1) } else { c.colour(0) })
}

const CDLKICKINGBYLENGTH: Rule = rule!(rare 11, [Setting::ShadowVeryShort, Setting::BodyLong], cdlkickingbylength);

#[inline(always)]
fn cdlmatchinglow<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.is_black(1), c.is_black(0), c.is_within(Setting::Equal, 1, c.close(0), c.close(1))), 1.0)
}

const CDLMATCHINGLOW: Rule = rule!(6, [Setting::Equal], cdlmatchinglow);

#[inline(always)]
fn cdlonneck<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(c.is_black(1), c.has_long_body(1), c.is_white(0), c.open(0) < c.low(1), c.is_within(Setting::Equal, 1, c.close(0), c.low(1))),
        -1.0,
    )
}

const CDLONNECK: Rule = rule!(11, [Setting::Equal, Setting::BodyLong], cdlonneck);

#[inline(always)]
fn cdlpiercing<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_black(1),
            c.has_long_body(1),
            c.is_white(0),
            c.has_long_body(0),
            c.open(0) < c.low(1),
            c.close(0) < c.open(1),
            c.close(0) > c.close(1) + c.body(1) * 0.5
        ),
        1.0,
    )
}

const CDLPIERCING: Rule = rule!(11, [Setting::BodyLong], cdlpiercing);

#[inline(always)]
fn cdlseparatinglines<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_within(Setting::Equal, 1, c.open(0), c.open(1)),
            c.has_long_body(0),
            any!(
                all!(c.is_black(1), c.is_white(0), c.has_hardly_lower_shadow(0)),
                all!(c.is_white(1), c.is_black(0), c.has_hardly_upper_shadow(0))
            )
        ),
        c.colour(0),
    )
}

const CDLSEPARATINGLINES: Rule = rule!(11, [Setting::ShadowVeryShort, Setting::BodyLong, Setting::Equal], cdlseparatinglines);

#[inline(always)]
fn cdlshootingstar<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(c.has_short_body(0), c.upper_shadow(0) > c.limit(Setting::ShadowLong, 0), c.has_hardly_lower_shadow(0), c.body_gaps_up(0, 1)),
        -1.0,
    )
}

const CDLSHOOTINGSTAR: Rule = rule!(11, [Setting::BodyShort, Setting::ShadowLong, Setting::ShadowVeryShort], cdlshootingstar);

#[inline(always)]
fn cdlthrusting<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_black(1),
            c.has_long_body(1),
            c.is_white(0),
            c.open(0) < c.low(1),
            measured!(C, c.close(0) > c.close(1) + c.limit(Setting::Equal, 1)),
            c.close(0) <= c.close(1) + c.body(1) * 0.5
        ),
        -1.0,
    )
}

const CDLTHRUSTING: Rule = rule!(11, [Setting::Equal, Setting::BodyLong], cdlthrusting);

pub(super) const ENTRIES: &[Description] = &[
    entry("cdlcounterattack", "Counterattack", "11", "two long candles of opposite colours with the same close", |_| {
        Ok(made(CDLCOUNTERATTACK, 0.0))
    }),
    Description {
        parameters: &[penetration(0.5)],
        ..entry(
            "cdldarkcloudcover",
            "Dark cloud cover",
            "11",
            "after a long white candle, an open above its high and a close deep in its body",
            |p| Ok(made(CDLDARKCLOUDCOVER, p.real(0))),
        )
    },
    entry("cdldojistar", "Doji star", "11", "after a long candle, a doji that gaps away in its direction", |_| Ok(made(CDLDOJISTAR, 0.0))),
    entry("cdlengulfing", "Engulfing", "2", "a body that engulfs the one before, of the other colour", |_| Ok(made(CDLENGULFING, 0.0))),
    entry("cdlhammer", "Hammer", "11", "a short body with a long lower shadow and hardly an upper one, near the low before", |_| {
        Ok(made(CDLHAMMER, 0.0))
    }),
    entry("cdlhangingman", "Hanging man", "11", "a hammer near the high before", |_| Ok(made(CDLHANGINGMAN, 0.0))),
    entry("cdlharami", "Harami", "11", "a short body within a long one before", |_| Ok(made(CDLHARAMI, 0.0))),
    entry("cdlharamicross", "Harami cross", "11", "a doji within a long body before", |_| Ok(made(CDLHARAMICROSS, 0.0))),
    entry("cdlhomingpigeon", "Homing pigeon", "11", "a short black body within a long black one", |_| Ok(made(CDLHOMINGPIGEON, 0.0))),
    entry("cdlinneck", "In-neck", "11", "after a long black candle, an open below its low and a close at its close", |_| {
        Ok(made(CDLINNECK, 0.0))
    }),
    entry("cdlinvertedhammer", "Inverted hammer", "11", "a short body with a long upper shadow that gaps down", |_| {
        Ok(made(CDLINVERTEDHAMMER, 0.0))
    }),
    entry("cdlkicking", "Kicking", "11", "two marubozus of opposite colours with a gap between them", |_| Ok(made(CDLKICKING, 0.0))),
    entry("cdlkickingbylength", "Kicking, by the longer marubozu", "11", "as kicking, with the direction of the longer candle", |_| {
        Ok(made(CDLKICKINGBYLENGTH, 0.0))
    }),
    entry("cdlmatchinglow", "Matching low", "6", "two black candles with the same close", |_| Ok(made(CDLMATCHINGLOW, 0.0))),
    entry("cdlonneck", "On-neck", "11", "after a long black candle, an open below its low and a close at its low", |_| {
        Ok(made(CDLONNECK, 0.0))
    }),
    entry(
        "cdlpiercing",
        "Piercing",
        "11",
        "after a long black candle, an open below its low and a close in the upper half of its body",
        |_| Ok(made(CDLPIERCING, 0.0)),
    ),
    entry(
        "cdlseparatinglines",
        "Separating lines",
        "11",
        "the same open as the candle before of the other colour, and a long body without a shadow there",
        |_| Ok(made(CDLSEPARATINGLINES, 0.0)),
    ),
    entry("cdlshootingstar", "Shooting star", "11", "a short body with a long upper shadow that gaps up", |_| {
        Ok(made(CDLSHOOTINGSTAR, 0.0))
    }),
    entry(
        "cdlthrusting",
        "Thrusting",
        "11",
        "after a long black candle, an open below its low and a close in the lower half of its body",
        |_| Ok(made(CDLTHRUSTING, 0.0)),
    ),
];
