//! Hikkake (Chesler 2003) and its modified form: an inside bar, a break of it that fails, and within three candles the confirmation.

use super::candle::{Candle, Setting, all, any};
use super::{Rule, entry, made, rule};
use crate::indicators::catalog::Description;

/// The candle `k` back lies within the one before it.
#[inline(always)]
fn is_inside<C: Candle>(c: &C, k: usize) -> bool {
    all!(c.high(k) < c.high(k + 1), c.low(k) > c.low(k + 1))
}

/// 1 where candle `k` back breaks below the one before it, −1 above, 0 where it does neither or may not.
#[inline(always)]
fn breaks<C: Candle>(c: &C, k: usize, may_break_below: bool, may_break_above: bool) -> f64 {
    let below = all!(may_break_below, c.high(k) < c.high(k + 1), c.low(k) < c.low(k + 1));
    let above = all!(may_break_above, c.high(k) > c.high(k + 1), c.low(k) > c.low(k + 1));
    f64::from(u8::from(below)) - f64::from(u8::from(above))
}

/// An inside bar and a candle that breaks out of it, the last one `k` back: 1 below it (bullish), −1 above it, 0 without.
#[inline(always)]
fn plain<C: Candle>(c: &C, k: usize) -> f64 {
    let inside = is_inside(c, k + 1);
    breaks(c, k, inside, inside)
}

/// Two inside bars in a row with the close before near the end that is broken.
#[inline(always)]
fn modified<C: Candle>(c: &C, k: usize) -> f64 {
    let inside = all!(is_inside(c, k + 2), is_inside(c, k + 1));
    let near = c.limit(Setting::Near, k + 2);
    let close = c.close(k + 2);
    breaks(c, k, all!(inside, close <= c.low(k + 2) + near), all!(inside, close >= c.high(k + 2) - near))
}

/// ±100 where the pattern ends, ±200 where the last one is confirmed: by the first close beyond its inside bar within three candles.
#[inline(always)]
fn find<C: Candle>(c: &C, pattern: impl Fn(&C, usize) -> f64) -> f64 {
    let [now, one, two, three] = [0, 1, 2, 3].map(|k| pattern(c, k));
    // The close `k` back lies beyond the inside bar of the pattern that ends `back` candles back.
    let confirms = |back: usize, way: f64, k: usize| {
        any!(all!(way > 0.0, c.close(k) > c.high(back + 1)), all!(way < 0.0, c.close(k) < c.low(back + 1)))
    };
    let first = confirms(1, one, 0);
    let second = all!(one == 0.0, confirms(2, two, 0), !confirms(2, two, 1));
    let third = all!(one == 0.0, two == 0.0, confirms(3, three, 0), !confirms(3, three, 1), !confirms(3, three, 2));
    let confirmed = (if first { one } else { 0.0 }) + (if second { two } else { 0.0 }) + (if third { three } else { 0.0 });
    if now == 0.0 { 200.0 * confirmed } else { 100.0 * now }
}

#[inline(always)]
fn cdlhikkake<C: Candle>(c: &C, _: f64) -> f64 {
    find(c, plain)
}

const CDLHIKKAKE: Rule = rule!(5, [], cdlhikkake);

#[inline(always)]
fn cdlhikkakemod<C: Candle>(c: &C, _: f64) -> f64 {
    find(c, modified)
}

const CDLHIKKAKEMOD: Rule = rule!(10, [Setting::Near], cdlhikkakemod);

pub(super) const ENTRIES: &[Description] = &[
    entry("cdlhikkake", "Hikkake", "5", "an inside bar whose break fails within three candles", |_| Ok(made(CDLHIKKAKE, 0.0))),
    entry("cdlhikkakemod", "Modified hikkake", "10", "two inside bars whose break fails within three candles", |_| {
        Ok(made(CDLHIKKAKEMOD, 0.0))
    }),
];
