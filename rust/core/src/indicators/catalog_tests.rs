//! What holds of every indicator in the catalogue, whatever it is.

use super::catalog::{Description, all};
use super::study::{COLUMNS_MAX, Indicator};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::HashSet;

/// Bars that belong together (low ≤ open, close ≤ high; volume ≥ 0), as columns open, high, low, close, volume.
fn bars(rows: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = [Vec<f64>; 5]> {
    let row = (-0.03..0.03_f64, -0.02..0.02_f64, 0.0..0.02_f64, 0.0..0.02_f64, 0_u32..5_000, 0_u8..10);
    proptest::collection::vec(row, rows).prop_map(|rows| {
        let mut columns: [Vec<f64>; 5] = Default::default();
        let mut last = 100.0_f64;
        for (jump, body, above, below, volume, still) in rows {
            // Every tenth bar or so does not move at all, as real ones do not.
            let (jump, body, above, below) = if still == 0 { (0.0, 0.0, 0.0, 0.0) } else { (jump, body, above, below) };
            let open = last * (1.0 + jump);
            let close = open * (1.0 + body);
            let values = [open, open.max(close) * (1.0 + above), open.min(close) * (1.0 - below), close, f64::from(volume)];
            columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
            last = close;
        }
        columns
    })
}

/// The columns an indicator asks for; a second series (`benchmark`, `other`) is the open.
fn chosen<'a>(entry: &Description, columns: &'a [Vec<f64>; 5]) -> Vec<&'a [f64]> {
    let of = |name: &&str| match *name {
        "high" => &columns[1],
        "low" => &columns[2],
        "close" => &columns[3],
        "volume" => &columns[4],
        _ => &columns[0],
    };
    entry.inputs.iter().map(|name| of(name).as_slice()).collect()
}

fn batch(indicator: &mut dyn Indicator, columns: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut out = vec![vec![0.0; columns[0].len()]; indicator.outputs()];
    let mut slices: Vec<&mut [f64]> = out.iter_mut().map(Vec::as_mut_slice).collect();
    indicator.extend(columns, &mut slices).unwrap();
    out
}

fn streamed(indicator: &mut dyn Indicator, columns: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut out = vec![Vec::new(); indicator.outputs()];
    let mut values = vec![0.0; indicator.outputs()];
    for row in 0..columns[0].len() {
        let inputs: Vec<f64> = columns.iter().map(|c| c[row]).collect();
        indicator.update(&inputs, &mut values).unwrap();
        out.iter_mut().zip(&values).for_each(|(column, &value)| column.push(value));
    }
    out
}

/// Bits, with all NaNs alike.
fn bits(columns: &[Vec<f64>]) -> Vec<Vec<u64>> {
    columns.iter().map(|c| c.iter().map(|x| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }).collect()).collect()
}

/// Run `check` for every indicator with its defaults and with small parameters, on random bars.
fn for_every(cases: u32, rows: usize, check: impl Fn(&Description, &dyn Indicator, &[&[f64]]) -> Result<(), TestCaseError>) {
    for (_, entry) in all() {
        let smallest: Vec<f64> = entry.parameters.iter().map(|p| if p.is_whole { p.min } else { p.default }).collect();
        let small: Vec<f64> =
            entry.parameters.iter().enumerate().map(|(i, p)| if p.is_whole { p.min + 2.0 + i as f64 } else { p.default }).collect();
        let made = [entry.build(&[]).unwrap_or_else(|e| panic!("{}: {e}", entry.name))];
        let made = made.into_iter().chain(entry.build(&smallest)).chain(entry.build(&small));
        for fresh in made {
            let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
            runner
                .run(&bars(1..rows), |columns| check(entry, fresh.as_ref(), &chosen(entry, &columns)))
                .unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        }
    }
}

#[test]
fn batch_and_streaming_agree_to_the_last_bit_however_the_series_is_cut() {
    for_every(12, 700, |_, fresh, columns| {
        let whole = batch(fresh.boxed_clone().as_mut(), columns);
        prop_assert_eq!(bits(&whole), bits(&streamed(fresh.boxed_clone().as_mut(), columns)));
        let mut pieces = fresh.boxed_clone();
        let mut joined = vec![Vec::new(); fresh.outputs()];
        for start in (0..columns[0].len()).step_by(37) {
            let piece: Vec<&[f64]> = columns.iter().map(|c| &c[start..c.len().min(start + 37)]).collect();
            joined.iter_mut().zip(batch(pieces.as_mut(), &piece)).for_each(|(all, part)| all.extend(part));
        }
        prop_assert_eq!(bits(&whole), bits(&joined));
        Ok(())
    });
}

#[test]
fn a_missing_row_gives_nan_and_leaves_no_trace() {
    for_every(6, 300, |entry, fresh, columns| {
        let missing = |row: usize| row % 7 == 3 || row % 11 < 2;
        let bad = |name: &str, row: usize| match row % 3 {
            0 => f64::NAN,
            1 if name == "volume" => -1.0,
            _ => f64::INFINITY,
        };
        let holed: Vec<Vec<f64>> = columns
            .iter()
            .zip(entry.inputs)
            .enumerate()
            .map(|(i, (c, name))| {
                let spoil = |row: usize| missing(row) && (row / 3) % entry.inputs.len() == i;
                c.iter().enumerate().map(|(row, &x)| if spoil(row) { bad(name, row) } else { x }).collect()
            })
            .collect();
        let solid: Vec<Vec<f64>> =
            columns.iter().map(|c| c.iter().enumerate().filter(|(row, _)| !missing(*row)).map(|(_, &x)| x).collect()).collect();
        let holed: Vec<&[f64]> = holed.iter().map(Vec::as_slice).collect();
        let solid: Vec<&[f64]> = solid.iter().map(Vec::as_slice).collect();
        let got = batch(fresh.boxed_clone().as_mut(), &holed);
        let wanted = batch(fresh.boxed_clone().as_mut(), &solid);
        prop_assert_eq!(bits(&got), bits(&streamed(fresh.boxed_clone().as_mut(), &holed)));
        for (got, wanted) in got.iter().zip(&wanted) {
            prop_assert!(got.iter().enumerate().all(|(row, x)| !missing(row) || x.is_nan()));
            let kept: Vec<f64> = got.iter().enumerate().filter(|(row, _)| !missing(*row)).map(|(_, &x)| x).collect();
            prop_assert_eq!(bits(&[kept]), bits(std::slice::from_ref(wanted)));
        }
        Ok(())
    });
}

#[test]
fn a_snapshot_goes_on_where_it_was_taken() {
    for_every(6, 300, |entry, fresh, columns| {
        let whole = streamed(fresh.boxed_clone().as_mut(), columns);
        let middle = columns[0].len() / 2;
        let mut first = fresh.boxed_clone();
        streamed(first.as_mut(), &columns.iter().map(|c| &c[..middle]).collect::<Vec<_>>());
        let snapshot = first.snapshot();
        let mut second = fresh.boxed_clone();
        // What it saw before must not matter.
        streamed(second.as_mut(), columns);
        second.restore(&snapshot).unwrap();
        prop_assert_eq!(second.ready(), first.ready());
        let mut values = vec![0.0; entry.outputs.len()];
        let mut wanted = values.clone();
        second.value(&mut values).unwrap();
        first.value(&mut wanted).unwrap();
        prop_assert_eq!(bits(&[values]), bits(&[wanted]));
        let rest = streamed(second.as_mut(), &columns.iter().map(|c| &c[middle..]).collect::<Vec<_>>());
        for (all, rest) in whole.iter().zip(rest) {
            prop_assert_eq!(bits(&[all[middle..].to_vec()]), bits(&[rest]));
        }
        prop_assert!(second.restore(&snapshot[..snapshot.len() - 1]).is_err());
        second.reset();
        prop_assert_eq!(bits(&whole), bits(&streamed(second.as_mut(), columns)));
        Ok(())
    });
}

#[test]
fn it_is_ready_from_the_row_after_its_look_back_and_no_value_looks_ahead() {
    for_every(4, 400, |_, fresh, columns| {
        let rows = columns[0].len();
        let mut indicator = fresh.boxed_clone();
        for row in 0..rows {
            prop_assert_eq!(indicator.ready(), row > fresh.lookback());
            streamed(indicator.as_mut(), &columns.iter().map(|c| &c[row..=row]).collect::<Vec<_>>());
        }
        Ok(())
    });
}

#[test]
fn names_are_unique_and_every_entry_is_whole() {
    let mut seen = HashSet::new();
    for (family, entry) in all() {
        let name = entry.name;
        assert!(seen.insert(name), "{name} is there twice");
        assert!(!family.is_empty() && !entry.title.is_empty() && !entry.formula.is_empty() && !entry.source.is_empty(), "{name}");
        let made = entry.build(&[]).unwrap();
        assert_eq!((made.inputs(), made.outputs()), (entry.inputs.len(), entry.outputs.len()), "{name}");
        assert!((1..=COLUMNS_MAX).contains(&made.inputs()) && (1..=COLUMNS_MAX).contains(&made.outputs()), "{name}");
        assert!(entry.build(&vec![f64::NAN; entry.parameters.len().max(1)]).is_err(), "{name} takes NaN for a parameter");
        for parameter in entry.parameters {
            assert!(parameter.min <= parameter.default && parameter.default <= parameter.max, "{name}: {}", parameter.name);
        }
    }
}
