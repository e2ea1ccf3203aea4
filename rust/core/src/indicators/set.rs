//! Many indicators over many symbols, updated together: a trading loop's one call a bar.
//!
//! Every symbol has its own state of every indicator. Values lie in one table, a row a symbol, a column an output, so that a
//! whole market's indicators are read at once. An update costs some nanoseconds an indicator and does not allocate.

use super::catalog::{self, Description};
use super::study::Indicator;
use crate::types::{Error, Result};

/// Most states in a set: symbols × indicators.
const STATES_MAX: usize = 1 << 24;

#[derive(Clone, Debug)]
struct Member {
    inputs: Vec<usize>,
    outputs: std::ops::Range<usize>,
}

/// Indicators by name, with a state for each of a number of symbols.
#[derive(Clone, Debug)]
pub struct IndicatorSet {
    members: Vec<Member>,
    inputs: Vec<&'static str>,
    outputs: Vec<String>,
    symbols: usize,
    /// By symbol, then by indicator.
    states: Vec<Box<dyn Indicator>>,
    values: Vec<f64>,
}

impl IndicatorSet {
    /// Of `(column name, indicator, parameters)`, each with a state for `symbols` symbols.
    pub fn new(members: &[(String, String, Vec<f64>)], symbols: usize) -> Result<Self> {
        if members.is_empty() || symbols == 0 {
            return Err(Error::config("indicator set", "is empty; name at least one indicator and one symbol"));
        }
        if symbols.checked_mul(members.len()).is_none_or(|n| n > STATES_MAX) {
            let why = format!("has {symbols} symbols × {} indicators; at most {STATES_MAX} states are held", members.len());
            return Err(Error::config("indicator set", why));
        }
        let entries = members.iter().map(|(_, name, _)| catalog::find(name)).collect::<Result<Vec<&Description>>>()?;
        let asked = |name: &str| entries.iter().any(|e| e.inputs.contains(&name));
        let usual = ["open", "high", "low", "close", "volume"];
        let mut inputs: Vec<&'static str> = usual.into_iter().filter(|name| asked(name)).collect();
        for name in entries.iter().flat_map(|e| e.inputs) {
            if !inputs.contains(name) {
                inputs.push(name);
            }
        }
        let (mut made, mut outputs, mut states) = (Vec::new(), Vec::new(), Vec::new());
        for ((column, _, parameters), entry) in members.iter().zip(&entries) {
            let first = outputs.len();
            states.push(entry.build(parameters)?);
            match entry.outputs {
                [_] => outputs.push(column.clone()),
                several => outputs.extend(several.iter().map(|output| format!("{column}.{output}"))),
            }
            let places = entry.inputs.iter().filter_map(|name| inputs.iter().position(|i| i == name)).collect();
            made.push(Member { inputs: places, outputs: first..outputs.len() });
        }
        if let Some(twice) = outputs.iter().enumerate().find(|(i, name)| outputs[..*i].contains(name)) {
            return Err(Error::config("indicator set", format!("has two columns named {}; name each once", twice.1)));
        }
        let of_one = states.len();
        for i in of_one..of_one * symbols {
            states.push(states[i - of_one].boxed_clone());
        }
        Ok(Self { members: made, inputs, symbols, states, values: vec![f64::NAN; symbols * outputs.len()], outputs })
    }

    /// What a row holds, in order: those of open, high, low, close and volume that are needed, then others.
    pub fn inputs(&self) -> &[&'static str] {
        &self.inputs
    }

    /// Names of the columns of values: the indicator's name in the set, with `.output` behind where it has several.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// Symbols.
    pub fn symbols(&self) -> usize {
        self.symbols
    }

    /// Values of every symbol, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Values of one symbol.
    pub fn row(&self, symbol: usize) -> Result<&[f64]> {
        self.check(symbol)?;
        Ok(&self.values[symbol * self.outputs.len()..][..self.outputs.len()])
    }

    fn check(&self, symbol: usize) -> Result<()> {
        if symbol < self.symbols {
            return Ok(());
        }
        Err(Error::data("indicator set", format!("has no symbol {symbol}; there are {}, from 0", self.symbols)))
    }

    /// Take one row of a symbol.
    #[inline]
    pub fn update(&mut self, symbol: usize, row: &[f64]) -> Result<()> {
        self.check(symbol)?;
        if row.len() != self.inputs.len() {
            let why = format!("has {} values where the set reads {} ({})", row.len(), self.inputs.len(), self.inputs.join(", "));
            return Err(Error::data("row", why));
        }
        let states = &mut self.states[symbol * self.members.len()..][..self.members.len()];
        let values = &mut self.values[symbol * self.outputs.len()..][..self.outputs.len()];
        for (member, state) in self.members.iter().zip(states) {
            state.update_from(row, &member.inputs, &mut values[member.outputs.clone()])?;
        }
        Ok(())
    }

    /// Take one row of every symbol, one after another in `rows`.
    pub fn update_all(&mut self, rows: &[f64]) -> Result<()> {
        let width = self.inputs.len();
        if rows.len() != self.symbols * width {
            return Err(Error::data(
                "rows",
                format!("hold {} values where {} symbols × {width} inputs are read", rows.len(), self.symbols),
            ));
        }
        rows.chunks_exact(width).enumerate().try_for_each(|(symbol, row)| self.update(symbol, row))
    }

    /// Take columns of one symbol, in the order of [`Self::inputs`], into columns in the order of [`Self::outputs`].
    pub fn extend(&mut self, symbol: usize, columns: &[&[f64]], out: &mut [&mut [f64]]) -> Result<()> {
        self.check(symbol)?;
        if columns.len() != self.inputs.len() || out.len() != self.outputs.len() {
            let why = format!("are {} and {} where the set has {} and {}", columns.len(), out.len(), self.inputs.len(), self.outputs.len());
            return Err(Error::data("columns", why));
        }
        let states = &mut self.states[symbol * self.members.len()..][..self.members.len()];
        for (member, state) in self.members.iter().zip(states) {
            let inputs: Vec<&[f64]> = member.inputs.iter().map(|&place| columns[place]).collect();
            state.extend(&inputs, &mut out[member.outputs.clone()])?;
        }
        let values = &mut self.values[symbol * self.outputs.len()..][..self.outputs.len()];
        for (value, column) in values.iter_mut().zip(out) {
            *value = column.last().copied().unwrap_or(*value);
        }
        Ok(())
    }

    /// True when every indicator of the symbol has its look-back behind it.
    pub fn ready(&self, symbol: usize) -> Result<bool> {
        self.check(symbol)?;
        Ok(self.states[symbol * self.members.len()..][..self.members.len()].iter().all(|s| s.ready()))
    }

    /// Forget everything but the parameters: of one symbol, or of all.
    pub fn reset(&mut self, symbol: Option<usize>) -> Result<()> {
        let which = match symbol {
            Some(symbol) => {
                self.check(symbol)?;
                symbol..symbol + 1
            }
            None => 0..self.symbols,
        };
        self.states[which.start * self.members.len()..which.end * self.members.len()].iter_mut().for_each(|s| s.reset());
        self.values[which.start * self.outputs.len()..which.end * self.outputs.len()].fill(f64::NAN);
        Ok(())
    }

    /// The state of every indicator of every symbol, symbol by symbol; and the values.
    pub fn snapshot(&self) -> (Vec<Vec<f64>>, Vec<f64>) {
        (self.states.iter().map(|s| s.snapshot()).collect(), self.values.clone())
    }

    /// Take up a snapshot of an equal set; an error when it is not one, and then the set is as new.
    pub fn restore(&mut self, states: &[Vec<f64>], values: &[f64]) -> Result<()> {
        let fits = states.len() == self.states.len() && values.len() == self.values.len();
        let restored = if fits {
            self.values.copy_from_slice(values);
            self.states.iter_mut().zip(states).try_for_each(|(state, saved)| state.restore(saved))
        } else {
            Err(Error::data("indicator set snapshot", "does not fit; restore it into a set of the same indicators and symbols"))
        };
        if restored.is_err() {
            self.reset(None)?;
        }
        restored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::catalog::{all, build};

    fn row(i: usize, symbol: usize) -> [f64; 5] {
        let x = 100.0 + ((i * 37 + symbol * 11) % 23) as f64;
        [x, x + 1.5, x - 1.0, x + 0.5, 1000.0 + (i % 7) as f64]
    }

    fn every() -> Vec<(String, String, Vec<f64>)> {
        let plain = |e: &Description| e.inputs.iter().all(|i| ["open", "high", "low", "close", "volume"].contains(i));
        all().filter(|(_, e)| plain(e)).map(|(_, e)| (e.name.to_owned(), e.name.to_owned(), Vec::new())).collect()
    }

    #[test]
    fn a_set_of_all_indicators_gives_what_each_gives_alone() {
        let members = every();
        let mut set = IndicatorSet::new(&members, 3).unwrap();
        let mut alone: Vec<Vec<Box<dyn Indicator>>> =
            (0..3).map(|_| members.iter().map(|(_, name, _)| build(name, &[]).unwrap()).collect()).collect();
        let usual = ["open", "high", "low", "close", "volume"];
        for i in 0..120 {
            for symbol in [0, 2] {
                let bar = row(i, symbol);
                let of = |name: &str| bar[usual.iter().position(|u| *u == name).unwrap()];
                let inputs: Vec<f64> = set.inputs().iter().map(|n| of(n)).collect();
                set.update(symbol, &inputs).unwrap();
                let mut wanted = Vec::new();
                for (state, (_, name, _)) in alone[symbol].iter_mut().zip(&members) {
                    let inputs: Vec<f64> = catalog::find(name).unwrap().inputs.iter().map(|n| of(n)).collect();
                    let mut out = vec![0.0; state.outputs()];
                    state.update(&inputs, &mut out).unwrap();
                    wanted.extend(out);
                }
                let bits = |xs: &[f64]| xs.iter().map(|x| if x.is_nan() { 0 } else { x.to_bits() }).collect::<Vec<_>>();
                assert_eq!(bits(set.row(symbol).unwrap()), bits(&wanted));
            }
        }
        assert!(set.row(1).unwrap().iter().all(|x| x.is_nan()));
        let (states, values) = set.snapshot();
        let mut twin = IndicatorSet::new(&members, 3).unwrap();
        twin.restore(&states, &values).unwrap();
        let numbers = |set: &IndicatorSet| -> Vec<u64> {
            set.snapshot().0.concat().into_iter().map(|x| if x.is_nan() { 0 } else { x.to_bits() }).collect()
        };
        assert_eq!(numbers(&twin), numbers(&set));
        assert!(twin.restore(&states[1..], &values).is_err());
        assert!(twin.row(0).unwrap().iter().all(|x| x.is_nan()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let one = |column: &str, name: &str| (column.to_owned(), name.to_owned(), vec![]);
        assert!(IndicatorSet::new(&[], 1).is_err());
        assert!(IndicatorSet::new(&[one("a", "ema")], 0).is_err());
        assert!(IndicatorSet::new(&[one("a", "ema")], usize::MAX).is_err());
        assert!(IndicatorSet::new(&[one("a", "ema"), one("a", "sma")], 1).is_err());
        assert!(IndicatorSet::new(&[one("a", "nothing")], 1).is_err());
        let mut set = IndicatorSet::new(&[one("a", "ema"), one("b", "macd")], 2).unwrap();
        assert_eq!(set.outputs(), ["a", "b.macd", "b.signal", "b.histogram"]);
        assert!(set.update(2, &[1.0]).is_err() && set.update(0, &[1.0, 2.0]).is_err() && set.update_all(&[1.0]).is_err());
    }
}
