//! Panels: one indicator over many series at once, in tiles of neighbouring series.
//!
//! Each series has its own state and gives what it would give alone, to the last bit. Where series stand side by side they are
//! laid in one piece each, tile by tile.

use super::study::{Streaming, Study};
use crate::types::{Error, Result};

/// Series in a tile.
pub(super) const TILE: usize = 8;

/// Rows of a tile that are worked on while they are in the first-level cache.
const TILE_ROWS: usize = 512;

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
            for start in (0..shape[1]).step_by(TILE) {
                down(fresh, columns, shape, start..(start + TILE).min(shape[1]), &mut out)?;
            }
        }
    }
    Ok(())
}

/// A tile whose series stand side by side: columns `which` of the rows.
fn down<S: Study<I, O>, const I: usize, const O: usize>(
    fresh: &Streaming<S, I, O>,
    columns: [&[f64]; I],
    [rows, width]: [usize; 2],
    which: std::ops::Range<usize>,
    out: &mut [&mut [f64]; O],
) -> Result<()> {
    let series = which.len();
    let step = fresh.rows_at_once(TILE_ROWS).min(rows);
    let mut lanes = vec![fresh.clone(); series];
    let mut ins = vec![0.0; I * series * step];
    let mut outs = vec![0.0; O * series * step];
    for start in (0..rows).step_by(step) {
        let n = step.min(rows - start);
        for (column, tile) in columns.iter().zip(ins.chunks_mut(series * step)) {
            for (row, line) in column[start * width..(start + n) * width].chunks(width).enumerate() {
                for (lane, &x) in line[which.clone()].iter().enumerate() {
                    tile[lane * step + row] = x;
                }
            }
        }
        let mut pieces = outs.chunks_mut(series * step).map(|tile| tile.chunks_mut(step)).collect::<Vec<_>>();
        for (lane, indicator) in lanes.iter_mut().enumerate() {
            let columns = std::array::from_fn(|i| &ins[(i * series + lane) * step..][..n]);
            let out = std::array::from_fn(|o| pieces[o].next().map(|piece| &mut piece[..n]).unwrap_or_default());
            indicator.extend(columns, out)?;
        }
        for (column, tile) in out.iter_mut().zip(outs.chunks(series * step)) {
            for (row, line) in column[start * width..(start + n) * width].chunks_mut(width).enumerate() {
                for (lane, y) in line[which.clone()].iter_mut().enumerate() {
                    *y = tile[lane * step + row];
                }
            }
        }
    }
    Ok(())
}
