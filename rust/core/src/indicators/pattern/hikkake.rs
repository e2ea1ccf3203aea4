//! Hikkake (Chesler 2003) and its modified form: an inside bar, a break of it that fails, and within three candles the confirmation.

use super::block::{Block, InBlock, ROWS};
use super::candle::{Candle, Setting, all};
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
    (if below { 1.0 } else { 0.0 }) - (if above { 1.0 } else { 0.0 })
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

/// The price that a close must get beyond to confirm a pattern whose last candle is `k` back, negated where it must fall below it;
/// the inside bar's end against the break. Without a pattern, no close does.
#[inline(always)]
fn bound<C: Candle>(c: &C, k: usize, way: f64) -> f64 {
    let bound = if way > 0.0 { c.high(k + 1) } else { -c.low(k + 1) };
    if way == 0.0 { f64::INFINITY } else { bound }
}

/// Candles in which a pattern may be confirmed.
const PATIENCE: usize = 3;

/// ±100 where the pattern ends, ±200 where the last one is confirmed: by the first close beyond its inside bar within three candles.
/// Ways and bounds are those of the pattern that ends some candles back, closes those of the last candles, each by how many.
#[inline(always)]
fn judge(way: [f64; PATIENCE + 1], bound: [f64; PATIENCE + 1], close: [f64; PATIENCE]) -> f64 {
    let confirms = |back: usize, k: usize| way[back] * close[k] > bound[back];
    let leaves = |back: usize, k: usize| way[back] * close[k] <= bound[back];
    let first = confirms(1, 0);
    let second = all!(way[1] == 0.0, confirms(2, 0), leaves(2, 1));
    let third = all!(way[1] == 0.0, way[2] == 0.0, confirms(3, 0), leaves(3, 1), leaves(3, 2));
    let confirmed = (if first { way[1] } else { 0.0 }) + (if second { way[2] } else { 0.0 }) + (if third { way[3] } else { 0.0 });
    if way[0] == 0.0 { 200.0 * confirmed } else { 100.0 * way[0] }
}

#[inline(always)]
fn find_last<C: Candle>(c: &C, pattern: impl Fn(&C, usize) -> f64) -> f64 {
    let way = [pattern(c, 0), pattern(c, 1), pattern(c, 2), pattern(c, 3)];
    judge(way, [0, 1, 2, 3].map(|k| bound(c, k, way[k])), [0, 1, 2].map(|k| c.close(k)))
}

/// As [`find_last`] for the rows of a block, with each pattern looked for once.
#[inline(always)]
fn find_in<'a>(block: &'a Block<'a>, out: &mut [f64; ROWS], pattern: impl Fn(&InBlock<'a>, usize) -> f64) {
    // From a candle before the first whose pattern may yet be confirmed; a row more makes whole registers.
    let candle = |i: usize| block.candle_before(i, PATIENCE + 1);
    let way: [f64; ROWS + PATIENCE + 1] = std::array::from_fn(|i| pattern(&candle(i), 0));
    let bound: [f64; ROWS + PATIENCE + 1] = std::array::from_fn(|i| bound(&candle(i), 0, way[i]));
    for (row, y) in out.iter_mut().enumerate() {
        let at = row + PATIENCE + 1;
        let c = block.candle(row);
        *y = judge(
            [way[at], way[at - 1], way[at - 2], way[at - 3]],
            [bound[at], bound[at - 1], bound[at - 2], bound[at - 3]],
            [c.close(0), c.close(1), c.close(2)],
        );
    }
}

pub(super) const CDLHIKKAKE: Rule = rule!(5, [], |c, _| find_last(c, plain), |block, _, out| find_in(block, out, plain));

pub(super) const CDLHIKKAKEMOD: Rule =
    rule!(10, [Setting::Near], |c, _| find_last(c, modified), |block, _, out| find_in(block, out, modified));

pub(super) const ENTRIES: &[Description] = &[
    entry("cdlhikkake", "Hikkake", "5", "an inside bar whose break fails within three candles", |_| Ok(made(CDLHIKKAKE, 0.0))),
    entry("cdlhikkakemod", "Modified hikkake", "10", "two inside bars whose break fails within three candles", |_| {
        Ok(made(CDLHIKKAKEMOD, 0.0))
    }),
];
