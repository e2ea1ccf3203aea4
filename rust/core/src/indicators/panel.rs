//! Panels: one indicator over many series at once, in tiles of neighbouring series.
//!
//! Each series has its own state and gives what it would give alone, to the last bit. Where series stand side by side they are
//! laid in one piece each, tile by tile, or worked on a row of all of them at a time where the study can do that.
#![allow(clippy::inline_always, reason = "what is not inlined into `wide` is compiled for narrow registers")]

use super::study::{Streaming, Study};
use super::wide::wide;
use crate::book::prefetch::prefetch;
use crate::types::{Error, Result};
use std::ops::Range;

/// Most series in a tile: their values of a row are several cache lines in one piece.
const TILE: usize = 32;

/// Most numbers in the tiles of all columns: they stay in the second-level cache.
const TILE_CELLS: usize = 3 << 15;

/// Rows of a tile that are worked on while they are in the cache.
const TILE_ROWS: usize = 512;

/// Numbers between the end of a series in a tile and the next one: a cache line, so that series beside each other do not begin at
/// multiples of 4 KiB, which share one set of the first-level cache.
const GAP: usize = 8;

/// Along which axis of a two-dimensional array the time runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Down the rows: `[time × series]`.
    Rows,
    /// Across the columns: `[series × time]`, each series in one piece.
    Columns,
}

/// `fresh` over each series of the panels `columns` of one shape, into panels of that shape.
pub(super) fn panel<S: Study<I, O>, const I: usize, const O: usize>(
    fresh: &Streaming<S, I, O>,
    columns: [&[f64]; I],
    shape: [usize; 2],
    axis: Axis,
    mut out: [&mut [f64]; O],
) -> Result<()> {
    let cells = shape[0].checked_mul(shape[1]);
    if columns.iter().any(|c| Some(c.len()) != cells) || out.iter().any(|c| Some(c.len()) != cells) {
        return Err(Error::data("panels", format!("are not all of the shape {shape:?}; give panels of one shape")));
    }
    if cells == Some(0) {
        return Ok(());
    }
    match axis {
        Axis::Columns => {
            let rows = shape[1];
            let mut rest = out.map(|c| c.chunks_mut(rows));
            for start in (0..shape[0] * rows).step_by(rows) {
                let out = rest.each_mut().map(|c| c.next().unwrap_or_default());
                fresh.clone().extend(columns.map(|c| &c[start..start + rows]), out)?;
            }
        }
        Axis::Rows => {
            if fresh.run_beside(columns, shape[1], out.each_mut().map(|c| &mut **c)) {
                return Ok(());
            }
            let step = fresh.rows_at_once(TILE_ROWS).min(shape[0]);
            let fitting = TILE_CELLS / (I + O) / (step + GAP);
            let series = (fitting - fitting % LANES).clamp(LANES, TILE);
            let mut tiles = Tiles::new(step, series.min(shape[1]));
            for start in (0..shape[1]).step_by(series) {
                tiles.run(fresh, columns, shape, start..(start + series).min(shape[1]), &mut out)?;
            }
        }
    }
    Ok(())
}

/// Some series of a panel in which they stand side by side, each in one piece, for some rows at a time.
struct Tiles<const I: usize, const O: usize> {
    rows: usize,
    ins: [Vec<f64>; I],
    outs: [Vec<f64>; O],
}

impl<const I: usize, const O: usize> Tiles<I, O> {
    /// Room for `rows` rows of `series` series.
    fn new(rows: usize, series: usize) -> Self {
        let tile = || vec![0.0; series * (rows + GAP)];
        Self { rows, ins: std::array::from_fn(|_| tile()), outs: std::array::from_fn(|_| tile()) }
    }

    /// `fresh` over the series `which` of panels of so many rows and so wide.
    fn run<S: Study<I, O>>(
        &mut self,
        fresh: &Streaming<S, I, O>,
        columns: [&[f64]; I],
        [rows, width]: [usize; 2],
        which: Range<usize>,
        out: &mut [&mut [f64]; O],
    ) -> Result<()> {
        let mut lanes = vec![fresh.clone(); which.len()];
        let stride = self.rows + GAP;
        for start in (0..rows).step_by(self.rows) {
            let n = self.rows.min(rows - start);
            let here = start * width..(start + n) * width;
            for (column, tile) in columns.iter().zip(&mut self.ins) {
                gather(&column[here.clone()], width, &which, tile, stride);
            }
            let mut outs = self.outs.each_mut().map(|tile| tile.chunks_exact_mut(stride));
            for (lane, indicator) in lanes.iter_mut().enumerate() {
                let columns = self.ins.each_ref().map(|tile| &tile[lane * stride..][..n]);
                let out = outs.each_mut().map(|tile| tile.next().map(|piece| &mut piece[..n]).unwrap_or_default());
                indicator.extend(columns, out)?;
            }
            for (column, tile) in out.iter_mut().zip(&self.outs) {
                scatter(tile, stride, &mut column[here.clone()], width, &which);
            }
        }
        Ok(())
    }
}

/// Series, and rows, that are turned round at a time, in registers.
const LANES: usize = 4;

/// So many rows ahead the memory is asked for: rows are too far from each other for the processor to guess the next.
const ROWS_AHEAD: usize = 8;

/// Numbers in a cache line.
const LINE: usize = 8;

/// The rows of a square as its columns.
#[inline(always)]
fn turned([a, b, c, d]: [[f64; LANES]; LANES]) -> [[f64; LANES]; LANES] {
    let (low, high) = ([[a[0], b[0], a[2], b[2]], [c[0], d[0], c[2], d[2]]], [[a[1], b[1], a[3], b[3]], [c[1], d[1], c[3], d[3]]]);
    let front = |[x, y]: [[f64; 4]; 2]| [x[0], x[1], y[0], y[1]];
    let back = |[x, y]: [[f64; 4]; 2]| [x[2], x[3], y[2], y[3]];
    [front(low), front(high), back(low), back(high)]
}

/// Ask for the series `which` of four rows from `row` on.
#[inline(always)]
fn ask_for(rows: &[f64], width: usize, which: &Range<usize>, row: usize) {
    for row in row..row + LANES {
        for series in which.clone().step_by(LINE) {
            rows.get(row * width + series).inspect(|x| prefetch(*x));
        }
        rows.get(row * width + which.end - 1).inspect(|x| prefetch(*x));
    }
}

/// Lay the series `which` of rows so `wide` each in one piece, `stride` numbers from one to the next.
fn gather(rows: &[f64], width: usize, which: &Range<usize>, tile: &mut [f64], stride: usize) {
    wide(
        #[inline(always)]
        || {
            let whole = rows.len() / width / LANES * LANES;
            let squares = which.len() / LANES;
            for row in (0..whole).step_by(LANES) {
                ask_for(rows, width, which, row + ROWS_AHEAD);
                let lines: [&[f64]; LANES] = std::array::from_fn(|i| &rows[(row + i) * width..][which.clone()]);
                let four = lines.map(|line| &line.as_chunks::<LANES>().0[..squares]);
                for square in 0..squares {
                    let lanes = &mut tile[square * LANES * stride..][..LANES * stride];
                    for (lane, values) in turned(four.map(|line| line[square])).into_iter().enumerate() {
                        lanes[lane * stride + row..][..LANES].copy_from_slice(&values);
                    }
                }
                for series in squares * LANES..which.len() {
                    tile[series * stride + row..][..LANES].copy_from_slice(&lines.map(|line| line[series]));
                }
            }
            for (row, line) in rows.chunks_exact(width).enumerate().skip(whole) {
                for (lane, &x) in tile.chunks_exact_mut(stride).zip(&line[which.clone()]) {
                    lane[row] = x;
                }
            }
        },
    );
}

/// Put the series that [`gather`] has laid in one piece each back beside each other.
fn scatter(tile: &[f64], stride: usize, rows: &mut [f64], width: usize, which: &Range<usize>) {
    wide(
        #[inline(always)]
        || {
            let whole = rows.len() / width / LANES * LANES;
            let squares = which.len() / LANES;
            for row in (0..whole).step_by(LANES) {
                ask_for(rows, width, which, row + ROWS_AHEAD);
                let mut lines = rows[row * width..(row + LANES) * width].chunks_exact_mut(width).map(|line| &mut line[which.clone()]);
                let mut lines: [&mut [f64]; LANES] = std::array::from_fn(|_| lines.next().unwrap_or_default());
                for series in squares * LANES..which.len() {
                    for (line, &y) in lines.iter_mut().zip(&tile[series * stride + row..]) {
                        line[series] = y;
                    }
                }
                let four = lines.map(|line| &mut line.as_chunks_mut::<LANES>().0[..squares]);
                for square in 0..squares {
                    let lanes = &tile[square * LANES * stride..][..LANES * stride];
                    let lane = |lane: usize| lanes[lane * stride + row..].first_chunk::<LANES>().copied().unwrap_or_default();
                    let [a, b, c, d] = turned([lane(0), lane(1), lane(2), lane(3)]);
                    (four[0][square], four[1][square], four[2][square], four[3][square]) = (a, b, c, d);
                }
            }
            for (row, line) in rows.chunks_exact_mut(width).enumerate().skip(whole) {
                for (lane, y) in tile.chunks_exact(stride).zip(&mut line[which.clone()]) {
                    *y = lane[row];
                }
            }
        },
    );
}
