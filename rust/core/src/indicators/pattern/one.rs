//! Patterns of one candle.

use super::candle::{Candle, Setting, all, any};
use super::{Rule, entry, made, rule, when};
use crate::indicators::catalog::Description;

#[inline(always)]
fn cdlbelthold<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_long_body(0),
            any!(all!(c.is_white(0), c.has_hardly_lower_shadow(0)), all!(c.is_black(0), c.has_hardly_upper_shadow(0)))
        ),
        c.colour(0),
    )
}

const CDLBELTHOLD: Rule = rule!(10, [Setting::BodyLong, Setting::ShadowVeryShort], cdlbelthold);

#[inline(always)]
fn cdlclosingmarubozu<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_long_body(0),
            any!(all!(c.is_white(0), c.has_hardly_upper_shadow(0)), all!(c.is_black(0), c.has_hardly_lower_shadow(0)))
        ),
        c.colour(0),
    )
}

const CDLCLOSINGMARUBOZU: Rule = rule!(10, [Setting::BodyLong, Setting::ShadowVeryShort], cdlclosingmarubozu);

#[inline(always)]
fn cdldoji<C: Candle>(c: &C, _: f64) -> f64 {
    when(c.is_doji(0), 1.0)
}

const CDLDOJI: Rule = rule!(10, [Setting::BodyDoji], cdldoji);

#[inline(always)]
fn cdldragonflydoji<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.is_doji(0), c.has_hardly_upper_shadow(0), c.lower_shadow(0) > c.limit(Setting::ShadowVeryShort, 0)), 1.0)
}

const CDLDRAGONFLYDOJI: Rule = rule!(10, [Setting::BodyDoji, Setting::ShadowVeryShort], cdldragonflydoji);

#[inline(always)]
fn cdlgravestonedoji<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.is_doji(0), c.has_hardly_lower_shadow(0), c.upper_shadow(0) > c.limit(Setting::ShadowVeryShort, 0)), 1.0)
}

const CDLGRAVESTONEDOJI: Rule = rule!(10, [Setting::BodyDoji, Setting::ShadowVeryShort], cdlgravestonedoji);

#[inline(always)]
fn cdlhighwave<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_short_body(0),
            c.upper_shadow(0) > c.limit(Setting::ShadowVeryLong, 0),
            c.lower_shadow(0) > c.limit(Setting::ShadowVeryLong, 0)
        ),
        c.colour(0),
    )
}

const CDLHIGHWAVE: Rule = rule!(10, [Setting::BodyShort, Setting::ShadowVeryLong], cdlhighwave);

#[inline(always)]
fn cdllongleggeddoji<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(c.is_doji(0), any!(c.lower_shadow(0) > c.limit(Setting::ShadowLong, 0), c.upper_shadow(0) > c.limit(Setting::ShadowLong, 0))),
        1.0,
    )
}

const CDLLONGLEGGEDDOJI: Rule = rule!(10, [Setting::BodyDoji, Setting::ShadowLong], cdllongleggeddoji);

#[inline(always)]
fn cdllongline<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_long_body(0),
            c.upper_shadow(0) < c.limit(Setting::ShadowShort, 0),
            c.lower_shadow(0) < c.limit(Setting::ShadowShort, 0)
        ),
        c.colour(0),
    )
}

const CDLLONGLINE: Rule = rule!(10, [Setting::BodyLong, Setting::ShadowShort], cdllongline);

#[inline(always)]
fn cdlmarubozu<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.has_long_body(0), c.has_hardly_upper_shadow(0), c.has_hardly_lower_shadow(0)), c.colour(0))
}

const CDLMARUBOZU: Rule = rule!(10, [Setting::BodyLong, Setting::ShadowVeryShort], cdlmarubozu);

#[inline(always)]
fn cdlrickshawman<C: Candle>(c: &C, _: f64) -> f64 {
    let middle = c.low(0) + (c.high(0) - c.low(0)) / 2.0;
    let legs = all!(c.is_doji(0), c.lower_shadow(0) > c.limit(Setting::ShadowLong, 0), c.upper_shadow(0) > c.limit(Setting::ShadowLong, 0));
    when(all!(legs, c.bottom(0) <= middle + c.limit(Setting::Near, 0), c.top(0) >= middle - c.limit(Setting::Near, 0)), 1.0)
}

pub(super) const CDLRICKSHAWMAN: Rule = rule!(10, [Setting::BodyDoji, Setting::ShadowLong, Setting::Near], cdlrickshawman);

#[inline(always)]
fn cdlshortline<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.has_short_body(0),
            c.upper_shadow(0) < c.limit(Setting::ShadowShort, 0),
            c.lower_shadow(0) < c.limit(Setting::ShadowShort, 0)
        ),
        c.colour(0),
    )
}

const CDLSHORTLINE: Rule = rule!(10, [Setting::BodyShort, Setting::ShadowShort], cdlshortline);

#[inline(always)]
fn cdlspinningtop<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.has_short_body(0), c.upper_shadow(0) > c.body(0), c.lower_shadow(0) > c.body(0)), c.colour(0))
}

const CDLSPINNINGTOP: Rule = rule!(10, [Setting::BodyShort], cdlspinningtop);

#[inline(always)]
fn cdltakuri<C: Candle>(c: &C, _: f64) -> f64 {
    when(all!(c.is_doji(0), c.has_hardly_upper_shadow(0), c.lower_shadow(0) > c.limit(Setting::ShadowVeryLong, 0)), 1.0)
}

const CDLTAKURI: Rule = rule!(10, [Setting::BodyDoji, Setting::ShadowVeryShort, Setting::ShadowVeryLong], cdltakuri);

pub(super) const ENTRIES: &[Description] = &[
    entry("cdlbelthold", "Belt hold", "10", "a long body without a shadow where it opens", |_| Ok(made(CDLBELTHOLD, 0.0))),
    entry("cdlclosingmarubozu", "Closing marubozu", "10", "a long body without a shadow where it closes", |_| {
        Ok(made(CDLCLOSINGMARUBOZU, 0.0))
    }),
    entry("cdldoji", "Doji", "10", "open and close nearly equal", |_| Ok(made(CDLDOJI, 0.0))),
    entry("cdldragonflydoji", "Dragonfly doji", "10", "a doji at the high, with a lower shadow", |_| Ok(made(CDLDRAGONFLYDOJI, 0.0))),
    entry("cdlgravestonedoji", "Gravestone doji", "10", "a doji at the low, with an upper shadow", |_| Ok(made(CDLGRAVESTONEDOJI, 0.0))),
    entry("cdlhighwave", "High-wave candle", "10", "a short body between two very long shadows", |_| Ok(made(CDLHIGHWAVE, 0.0))),
    entry("cdllongleggeddoji", "Long-legged doji", "10", "a doji with a long shadow", |_| Ok(made(CDLLONGLEGGEDDOJI, 0.0))),
    entry("cdllongline", "Long line", "10", "a long body between short shadows", |_| Ok(made(CDLLONGLINE, 0.0))),
    entry("cdlmarubozu", "Marubozu", "10", "a long body with hardly any shadow", |_| Ok(made(CDLMARUBOZU, 0.0))),
    entry("cdlrickshawman", "Rickshaw man", "10", "a long-legged doji near the middle of its range", |_| Ok(made(CDLRICKSHAWMAN, 0.0))),
    entry("cdlshortline", "Short line", "10", "a short body between short shadows", |_| Ok(made(CDLSHORTLINE, 0.0))),
    entry("cdlspinningtop", "Spinning top", "10", "a short body between shadows longer than it", |_| Ok(made(CDLSPINNINGTOP, 0.0))),
    entry("cdltakuri", "Takuri", "10", "a dragonfly doji with a very long lower shadow", |_| Ok(made(CDLTAKURI, 0.0))),
];
