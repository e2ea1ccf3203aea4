//! Signal graphs: expressions over market data, evaluated once an event, wholly in the core.
//!
//! A graph is a flat list of nodes in topological order: a node reads only nodes before it. Conditions are 1.0 and 0.0;
//! NaN stands for "not known yet", and what reads it is not known either, so that the opposite of a condition holds no sooner
//! than the condition could. One evaluation costs a few nanoseconds a node.

use crate::book::TopOfBook;
use crate::event::MarketEvent;
use crate::indicators::catalog::{self, Description};
use crate::indicators::study::{COLUMNS_MAX, Indicator};
use crate::types::{Error, Result};

/// What a graph can read of the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Open of the bar; the price of a tick.
    Open,
    /// High of the bar; the price of a tick.
    High,
    /// Low of the bar; the price of a tick.
    Low,
    /// Close of the bar; the price of a tick.
    Close,
    /// Volume of the bar, size of the trade, zero for a quote.
    Volume,
    /// Best bid.
    Bid,
    /// Best ask.
    Ask,
    /// Midpoint.
    Mid,
    /// Close of the bar, price of the trade, mid of the quote.
    Price,
    /// Shares at the bid.
    BidSize,
    /// Shares at the ask.
    AskSize,
    /// The strategy's own position, in shares.
    Position,
}

impl Source {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "open" => Self::Open,
            "high" => Self::High,
            "low" => Self::Low,
            "close" => Self::Close,
            "volume" => Self::Volume,
            "bid" => Self::Bid,
            "ask" => Self::Ask,
            "mid" => Self::Mid,
            "price" => Self::Price,
            "bid_size" => Self::BidSize,
            "ask_size" => Self::AskSize,
            "position" => Self::Position,
            _ => return None,
        })
    }

    /// True for what only quotes can tell.
    pub const fn is_quote(self) -> bool {
        matches!(self, Self::Bid | Self::Ask | Self::Mid | Self::BidSize | Self::AskSize)
    }

    // Apart from the loop over the nodes, which would else convert every field of the event ahead, whether it is read or not.
    #[inline(never)]
    fn read(self, event: &MarketEvent, top: &TopOfBook, position: f64) -> f64 {
        let or_nan = |price: crate::types::Price| if price.is_positive() { price.to_f64() } else { f64::NAN };
        match self {
            Self::Position => return position,
            Self::Bid => return or_nan(top.bid),
            Self::Ask => return or_nan(top.ask),
            Self::Mid => return top.mid().map_or(f64::NAN, crate::types::Price::to_f64),
            Self::BidSize => return top.bid_size.to_f64(),
            Self::AskSize => return top.ask_size.to_f64(),
            _ => {}
        }
        match event {
            MarketEvent::Bar(bar) => match self {
                Self::Open => bar.open.to_f64(),
                Self::High => bar.high.to_f64(),
                Self::Low => bar.low.to_f64(),
                Self::Volume => bar.volume.to_f64(),
                _ => bar.close.to_f64(),
            },
            MarketEvent::Trade(trade) if self == Self::Volume => trade.size.to_f64(),
            MarketEvent::Trade(trade) => trade.price.to_f64(),
            MarketEvent::Quote(quote) if self != Self::Volume => quote.mid(),
            _ => 0.0,
        }
    }
}

#[derive(Clone, Debug)]
enum Node {
    Const(f64),
    Source(Source),
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
    Div(usize, usize),
    Neg(usize),
    Abs(usize),
    Min(usize, usize),
    Max(usize, usize),
    Gt(usize, usize),
    Lt(usize, usize),
    Ge(usize, usize),
    Le(usize, usize),
    And(usize, usize),
    Or(usize, usize),
    Not(usize),
    CrossAbove {
        a: usize,
        b: usize,
        below: bool,
    },
    CrossBelow {
        a: usize,
        b: usize,
        above: bool,
    },
    Lag {
        a: usize,
        ring: Vec<f64>,
        at: usize,
    },
    /// The first node of an indicator works all its outputs out; those of its other outputs read them.
    Indicator(Box<Run>),
    Part {
        of: usize,
        part: usize,
    },
}

/// An indicator in a graph.
#[derive(Clone, Debug)]
struct Run {
    state: Box<dyn Indicator>,
    inputs: Vec<usize>,
    outputs: [f64; COLUMNS_MAX],
    columns: usize,
    part: usize,
}

impl Run {
    #[inline]
    fn evaluate(&mut self, values: &[f64]) -> f64 {
        let mut row = [f64::NAN; COLUMNS_MAX];
        for (slot, &i) in row.iter_mut().zip(&self.inputs) {
            *slot = values[i];
        }
        // The numbers of columns were checked when the graph was compiled.
        let taken = self.state.update(&row[..self.inputs.len()], &mut self.outputs[..self.columns]);
        if taken.is_ok() { self.outputs[self.part] } else { f64::NAN }
    }
}

/// One node as written: operation, the nodes it reads, its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// Operation, such as `ema`, `add` or `source:close`.
    pub op: String,
    /// Earlier nodes it reads.
    pub args: Vec<usize>,
    /// Parameters: periods, widths, the value of a constant.
    pub params: Vec<f64>,
}

/// A compiled graph with the state of its indicators; clone it for each instrument.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    values: Vec<f64>,
    reads_quotes: bool,
}

impl Graph {
    /// Compile `specs`; an error names the node.
    pub fn compile(specs: &[NodeSpec]) -> Result<Self> {
        let mut nodes = Vec::with_capacity(specs.len());
        let mut reads_quotes = false;
        for (i, spec) in specs.iter().enumerate() {
            let node = node(spec, i, &specs[..i])?;
            if let Node::Source(source) = node {
                reads_quotes |= source.is_quote();
            }
            nodes.push(node);
        }
        Ok(Self { values: vec![f64::NAN; nodes.len()], nodes, reads_quotes })
    }

    /// Nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// True without nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// True when a node reads what only quotes can tell.
    pub const fn reads_quotes(&self) -> bool {
        self.reads_quotes
    }

    /// Value of node `i` after the last evaluation.
    #[inline]
    pub fn value(&self, i: usize) -> f64 {
        self.values[i]
    }

    /// True when node `i` is a condition that holds.
    #[inline]
    pub fn holds(&self, i: Option<usize>) -> bool {
        i.is_some_and(|i| self.values[i] == 1.0)
    }

    /// Evaluate every node for `event`.
    #[inline]
    pub fn evaluate(&mut self, event: &MarketEvent, top: &TopOfBook, position: f64) {
        let judge = |a: f64, b: f64, holds: bool| if a.is_nan() || b.is_nan() { f64::NAN } else { f64::from(u8::from(holds)) };
        for i in 0..self.nodes.len() {
            let (before, rest) = self.nodes.split_at_mut(i);
            let v = &self.values;
            let read = |s: Source| s.read(event, top, position);
            let value = match &mut rest[0] {
                Node::Const(c) => *c,
                Node::Source(s) => read(*s),
                Node::Add(a, b) => v[*a] + v[*b],
                Node::Sub(a, b) => v[*a] - v[*b],
                Node::Mul(a, b) => v[*a] * v[*b],
                Node::Div(a, b) => {
                    // A quotient by zero is as unknown as one by a value that is not there yet.
                    if v[*b] == 0.0 { f64::NAN } else { v[*a] / v[*b] }
                }
                Node::Neg(a) => -v[*a],
                Node::Abs(a) => v[*a].abs(),
                Node::Min(a, b) => {
                    if v[*a].is_nan() || v[*b].is_nan() {
                        f64::NAN
                    } else {
                        v[*a].min(v[*b])
                    }
                }
                Node::Max(a, b) => {
                    if v[*a].is_nan() || v[*b].is_nan() {
                        f64::NAN
                    } else {
                        v[*a].max(v[*b])
                    }
                }
                Node::Gt(a, b) => judge(v[*a], v[*b], v[*a] > v[*b]),
                Node::Lt(a, b) => judge(v[*a], v[*b], v[*a] < v[*b]),
                Node::Ge(a, b) => judge(v[*a], v[*b], v[*a] >= v[*b]),
                Node::Le(a, b) => judge(v[*a], v[*b], v[*a] <= v[*b]),
                Node::And(a, b) => judge(v[*a], v[*b], v[*a] == 1.0 && v[*b] == 1.0),
                Node::Or(a, b) => judge(v[*a], v[*b], v[*a] == 1.0 || v[*b] == 1.0),
                Node::Not(a) => judge(v[*a], v[*a], v[*a] != 1.0),
                Node::CrossAbove { a, b, below } => {
                    let crossed = *below && v[*a] > v[*b];
                    // Equality keeps the side last seen, so that a touch is no crossing.
                    if v[*a] < v[*b] {
                        *below = true;
                    } else if v[*a] > v[*b] {
                        *below = false;
                    }
                    judge(v[*a], v[*b], crossed)
                }
                Node::CrossBelow { a, b, above } => {
                    let crossed = *above && v[*a] < v[*b];
                    if v[*a] > v[*b] {
                        *above = true;
                    } else if v[*a] < v[*b] {
                        *above = false;
                    }
                    judge(v[*a], v[*b], crossed)
                }
                Node::Lag { a, ring, at } => {
                    let old = std::mem::replace(&mut ring[*at], v[*a]);
                    *at += 1;
                    if *at == ring.len() {
                        *at = 0;
                    }
                    old
                }
                Node::Indicator(run) => run.evaluate(v),
                Node::Part { of, part } => match &before[*of] {
                    Node::Indicator(run) => run.outputs[*part],
                    _ => f64::NAN,
                },
            };
            self.values[i] = value;
        }
    }
}

/// The indicator and the output that `op` means: `ema`, or of several outputs `bollinger_upper`; `macd` is its own first line.
fn indicator(op: &str) -> Option<(&'static Description, usize)> {
    catalog::all().map(|(_, entry)| entry).find_map(|entry| {
        let rest = op.strip_prefix(entry.name)?;
        if rest.is_empty() {
            return (entry.outputs.len() == 1 || entry.outputs[0] == entry.name).then_some((entry, 0));
        }
        let line = rest.strip_prefix('_')?;
        entry.outputs.iter().position(|output| *output == line).map(|part| (entry, part))
    })
}

fn node(spec: &NodeSpec, i: usize, earlier: &[NodeSpec]) -> Result<Node> {
    let bad = |why: String| Error::config(format!("signal node {i} ({})", spec.op), why);
    if let Some(&arg) = spec.args.iter().find(|&&a| a >= i) {
        return Err(bad(format!("reads node {arg}, which does not come before it")));
    }
    let args = |n: usize| if spec.args.len() == n { Ok(()) } else { Err(bad(format!("takes {n} inputs and has {}", spec.args.len()))) };
    let params =
        |n: usize| if spec.params.len() == n { Ok(()) } else { Err(bad(format!("takes {n} parameters and has {}", spec.params.len()))) };
    let whole = |k: usize| {
        let p = spec.params[k];
        if p.fract() == 0.0 && (1.0..=1e7).contains(&p) {
            Ok(p as usize)
        } else {
            Err(bad(format!("has the period {p}; it must be a whole number from 1 to 10,000,000")))
        }
    };
    let two = |make: fn(usize, usize) -> Node| args(2).and_then(|()| params(0)).map(|()| make(spec.args[0], spec.args[1]));
    let one = |make: fn(usize) -> Node| args(1).and_then(|()| params(0)).map(|()| make(spec.args[0]));
    if let Some(name) = spec.op.strip_prefix("source:") {
        args(0)?;
        return Source::parse(name).map(Node::Source).ok_or_else(|| {
            bad("is no source; use open, high, low, close, volume, bid, ask, mid, price, bid_size, ask_size or position".to_owned())
        });
    }
    if let Some((entry, part)) = indicator(&spec.op) {
        args(entry.inputs.len())?;
        params(entry.parameters.len())?;
        let is_twin = |e: &NodeSpec| {
            e.args == spec.args && e.params == spec.params && indicator(&e.op).is_some_and(|(other, _)| other.name == entry.name)
        };
        if let Some(of) = earlier.iter().position(is_twin) {
            return Ok(Node::Part { of, part });
        }
        let state = entry.build(&spec.params).map_err(|e| bad(e.to_string()))?;
        let outputs = [f64::NAN; COLUMNS_MAX];
        return Ok(Node::Indicator(Box::new(Run { state, inputs: spec.args.clone(), outputs, columns: entry.outputs.len(), part })));
    }
    match spec.op.as_str() {
        "const" => args(0).and_then(|()| params(1)).map(|()| Node::Const(spec.params[0])),
        "add" => two(Node::Add),
        "sub" => two(Node::Sub),
        "mul" => two(Node::Mul),
        "div" => two(Node::Div),
        "min" => two(Node::Min),
        "max" => two(Node::Max),
        "gt" => two(Node::Gt),
        "lt" => two(Node::Lt),
        "ge" => two(Node::Ge),
        "le" => two(Node::Le),
        "and" => two(Node::And),
        "or" => two(Node::Or),
        "neg" => one(Node::Neg),
        "abs" => one(Node::Abs),
        "not" => one(Node::Not),
        "cross_above" => two(|a, b| Node::CrossAbove { a, b, below: false }),
        "cross_below" => two(|a, b| Node::CrossBelow { a, b, above: false }),
        "lag" => args(1).and_then(|()| params(1)).and_then(|()| Ok(Node::Lag { a: spec.args[0], ring: vec![f64::NAN; whole(0)?], at: 0 })),
        _ => Err(bad("is no known operation".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Trade;
    use crate::types::Price;

    fn spec(op: &str, args: &[usize], params: &[f64]) -> NodeSpec {
        NodeSpec { op: op.to_owned(), args: args.to_vec(), params: params.to_vec() }
    }

    #[test]
    fn neither_a_condition_nor_its_opposite_holds_while_a_part_of_it_warms_up() {
        let conditions = ["gt", "lt", "ge", "le", "cross_above", "cross_below"];
        for op in conditions {
            let nodes = [
                spec("source:price", &[], &[]),
                spec("sma", &[0], &[3.0]),
                spec(op, &[0, 1], &[]),
                spec("not", &[2], &[]),
                spec("const", &[], &[1.0]),
                spec("gt", &[0, 4], &[]),
                spec("or", &[2, 5], &[]),
                spec("and", &[3, 5], &[]),
            ];
            let mut graph = Graph::compile(&nodes).unwrap();
            let top = TopOfBook::default();
            for (row, price) in [10_i64, 12, 11, 14].into_iter().enumerate() {
                let trade = Trade { price: Price::from_raw(price * 1_000_000_000), ..Trade::default() };
                graph.evaluate(&MarketEvent::Trade(trade), &top, 0.0);
                let known = row >= 2;
                for node in [2, 3, 6, 7] {
                    assert_eq!(graph.value(node).is_nan(), !known, "{op}: node {node} at row {row}");
                }
                assert_eq!(graph.holds(Some(2)) != graph.holds(Some(3)), known, "{op} at row {row}");
            }
        }
    }
}
