//! Patterns of four and five candles.

use super::candle::{Candle, Setting, all, any, measured, upper};
use super::{Rule, entry, made, penetration, rule, when};
use crate::indicators::catalog::Description;

#[inline(always)]
fn cdl3blackcrows<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            c.is_white(3),
            c.is_black(2),
            c.is_black(1),
            c.is_black(0),
            c.open(1) < c.open(2),
            c.open(1) > c.close(2),
            c.open(0) < c.open(1),
            c.open(0) > c.close(1),
            c.high(3) > c.close(2),
            c.close(2) > c.close(1),
            c.close(1) > c.close(0),
            all!(c.has_hardly_lower_shadow(0), c.has_hardly_lower_shadow(1), c.has_hardly_lower_shadow(2))
        ),
        -1.0,
    )
}

const CDL3BLACKCROWS: Rule = rule!(13, [Setting::ShadowVeryShort], cdl3blackcrows);

#[inline(always)]
fn cdl3linestrike<C: Candle>(c: &C, _: f64) -> f64 {
    let up = all!(
        all!(c.is_white(3), c.is_white(2), c.is_white(1), c.is_black(0)),
        c.close(1) > c.close(2),
        c.close(2) > c.close(3),
        c.open(0) > c.close(1),
        c.close(0) < c.open(3)
    );
    let down = all!(
        all!(c.is_black(3), c.is_black(2), c.is_black(1), c.is_white(0)),
        c.close(1) < c.close(2),
        c.close(2) < c.close(3),
        c.open(0) < c.close(1),
        c.close(0) > c.open(3)
    );
    let opens_in = |k: usize| {
        let near = c.limit(Setting::Near, k + 1);
        measured!(C, all!(c.open(k) >= c.bottom(k + 1) - near, c.open(k) <= c.top(k + 1) + near))
    };
    when(all!(any!(up, down), opens_in(2), opens_in(1)), c.colour(1))
}

pub(super) const CDL3LINESTRIKE: Rule = rule!(8, [Setting::Near], cdl3linestrike);

#[inline(always)]
fn cdlbreakaway<C: Candle>(c: &C, _: f64) -> f64 {
    let down = all!(
        all!(c.is_black(4), c.is_black(3), c.is_black(1), c.is_white(0)),
        c.body_gaps_down(3, 4),
        c.high(2) < c.high(3),
        c.low(2) < c.low(3),
        c.high(1) < c.high(2),
        c.low(1) < c.low(2),
        c.close(0) > c.open(3),
        c.close(0) < c.close(4)
    );
    let up = all!(
        all!(c.is_white(4), c.is_white(3), c.is_white(1), c.is_black(0)),
        c.body_gaps_up(3, 4),
        c.high(2) > c.high(3),
        c.low(2) > c.low(3),
        c.high(1) > c.high(2),
        c.low(1) > c.low(2),
        c.close(0) < c.open(3),
        c.close(0) > c.close(4)
    );
    when(all!(any!(down, up), c.has_long_body(4)), c.colour(0))
}

const CDLBREAKAWAY: Rule = rule!(14, [Setting::BodyLong], cdlbreakaway);

#[inline(always)]
fn cdlconcealbabyswall<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            all!(c.is_black(0), c.is_black(1), c.is_black(2), c.is_black(3)),
            c.body_gaps_down(1, 2),
            c.high(1) > c.close(2),
            c.high(0) > c.high(1),
            c.low(0) < c.low(1),
            c.has_hardly_lower_shadow(3),
            c.has_hardly_upper_shadow(3),
            c.has_hardly_lower_shadow(2),
            c.has_hardly_upper_shadow(2),
            measured!(C, c.upper_shadow(1) > c.limit(Setting::ShadowVeryShort, 1))
        ),
        1.0,
    )
}

const CDLCONCEALBABYSWALL: Rule = rule!(rare 13, [Setting::ShadowVeryShort], cdlconcealbabyswall);

#[inline(always)]
fn cdlladderbottom<C: Candle>(c: &C, _: f64) -> f64 {
    when(
        all!(
            all!(c.is_black(1), c.is_black(2), c.is_black(3), c.is_black(4)),
            c.open(4) > c.open(3),
            c.open(3) > c.open(2),
            c.close(4) > c.close(3),
            c.close(3) > c.close(2),
            measured!(C, c.upper_shadow(1) > c.limit(Setting::ShadowVeryShort, 1)),
            c.is_white(0),
            c.open(0) > c.open(1),
            c.close(0) > c.high(1)
        ),
        1.0,
    )
}

const CDLLADDERBOTTOM: Rule = rule!(14, [Setting::ShadowVeryShort], cdlladderbottom);

#[inline(always)]
fn cdlmathold<C: Candle>(c: &C, penetration: f64) -> f64 {
    let floor = c.close(4) - c.body(4) * penetration;
    when(
        all!(
            c.is_white(4),
            c.is_black(3),
            c.is_white(0),
            c.body_gaps_up(3, 4),
            c.bottom(2) < c.close(4),
            c.bottom(1) < c.close(4),
            c.bottom(2) > floor,
            c.bottom(1) > floor,
            c.top(2) < c.open(3),
            c.top(1) < c.top(2),
            c.open(0) > c.close(1),
            c.close(0) > upper(upper(c.high(3), c.high(2)), c.high(1)),
            c.has_long_body(4),
            all!(c.has_short_body(1), c.has_short_body(2), c.has_short_body(3))
        ),
        1.0,
    )
}

const CDLMATHOLD: Rule = rule!(14, [Setting::BodyShort, Setting::BodyLong], cdlmathold);

#[inline(always)]
fn cdlrisefall3methods<C: Candle>(c: &C, _: f64) -> f64 {
    let way = c.colour(4);
    let colours = any!(
        all!(c.is_white(4), c.is_black(3), c.is_black(2), c.is_black(1), c.is_white(0)),
        all!(c.is_black(4), c.is_white(3), c.is_white(2), c.is_white(1), c.is_black(0))
    );
    let rests = || {
        all!(
            c.bottom(1) < c.high(4),
            c.top(1) > c.low(4),
            c.bottom(2) < c.high(4),
            c.top(2) > c.low(4),
            c.bottom(3) < c.high(4),
            c.top(3) > c.low(4)
        )
    };
    when(
        all!(
            colours,
            rests(),
            c.close(2) * way < c.close(3) * way,
            c.close(1) * way < c.close(2) * way,
            c.open(0) * way > c.close(1) * way,
            c.close(0) * way > c.close(4) * way,
            c.has_long_body(4),
            all!(c.has_short_body(1), c.has_short_body(2), c.has_short_body(3)),
            c.has_long_body(0)
        ),
        way,
    )
}

const CDLRISEFALL3METHODS: Rule = rule!(14, [Setting::BodyShort, Setting::BodyLong], cdlrisefall3methods);

pub(super) const ENTRIES: &[Description] = &[
    entry(
        "cdl3blackcrows",
        "Three black crows",
        "13",
        "after a white candle, three black ones, each opening in the body before, with hardly a lower shadow",
        |_| Ok(made(CDL3BLACKCROWS, 0.0)),
    ),
    entry("cdl3linestrike", "Three-line strike", "8", "three candles of one colour in a row, undone by one of the other", |_| {
        Ok(made(CDL3LINESTRIKE, 0.0))
    }),
    entry(
        "cdlbreakaway",
        "Breakaway",
        "14",
        "a long candle, a gap, two more in its direction, and one that turns back into the gap",
        |_| Ok(made(CDLBREAKAWAY, 0.0)),
    ),
    entry(
        "cdlconcealbabyswall",
        "Concealing baby swallow",
        "13",
        "four black candles, the third a gap with an upper shadow, the fourth engulfing it",
        |_| Ok(made(CDLCONCEALBABYSWALL, 0.0)),
    ),
    entry(
        "cdlladderbottom",
        "Ladder bottom",
        "14",
        "three falling black candles, a black one with an upper shadow, and a white one above it",
        |_| Ok(made(CDLLADDERBOTTOM, 0.0)),
    ),
    Description {
        parameters: &[penetration(0.5)],
        ..entry("cdlmathold", "Mat hold", "14", "a long white candle, three short ones that hold above its middle, and a new high", |p| {
            Ok(made(CDLMATHOLD, p.real(0)))
        })
    },
    entry(
        "cdlrisefall3methods",
        "Rising/falling three methods",
        "14",
        "a long candle, three short ones against it within its range, and a long one that goes on",
        |_| Ok(made(CDLRISEFALL3METHODS, 0.0)),
    ),
];
