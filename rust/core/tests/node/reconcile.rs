//! A whole reconciliation as `tickwright.live.reconcile` has it: orders, fills, orders in doubt, positions; each a question that takes its
//! time, while requests and fills go on.

use crate::desk::Task;
use crate::world::{SYMBOLS, World};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tickwright_core::engine::{AlarmKind, Command};
use tickwright_core::live::Heard;
use tickwright_core::types::{InstrumentId, MINUTE_NS, OrderId, Timestamp};

/// Comparisons of positions until a difference is one.
const COMPARISONS: u32 = 5;

/// What a reconciliation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The node starts: nothing may leave before.
    Start,
    /// Trade updates were missed.
    Gap,
    /// It is time again.
    Clock,
}

/// Where a reconciliation waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Begin,
    Orders,
    OpenOrders,
    Names,
    Fills,
    Apply,
    Doubts,
    Doubt,
    Positions,
    Compare,
}

/// Symbol → position here, position there.
type Differences = BTreeMap<&'static str, (String, String)>;

pub(crate) struct Reconcile {
    cause: Cause,
    stage: Stage,
    /// The desk's turn at its beginning.
    since_turn: u64,
    after: Timestamp,
    rows: Vec<Value>,
    ours: Vec<(OrderId, Value)>,
    fills: Vec<Value>,
    doubts: VecDeque<(OrderId, String)>,
    /// The answer about the first of the doubts.
    found: Option<Value>,
    theirs: BTreeMap<String, String>,
    before: Option<Differences>,
    compared: u32,
    due: i64,
}

impl World {
    /// Begin a reconciliation, once those before it are through.
    pub(crate) fn reconcile(&mut self, cause: Cause, doubts: Vec<(OrderId, String)>) {
        let begun = Reconcile {
            cause,
            stage: Stage::Begin,
            since_turn: 0,
            after: Timestamp::MIN,
            rows: Vec::new(),
            ours: Vec::new(),
            fills: Vec::new(),
            doubts: doubts.into(),
            found: None,
            theirs: BTreeMap::new(),
            before: None,
            compared: 0,
            due: 0,
        };
        self.waiting.push_back(begun);
        self.next_reconcile();
    }

    pub(crate) fn is_reconciling(&self) -> bool {
        self.desk.tasks.iter().any(|task| matches!(task, Task::Reconciling(_)))
    }

    fn next_reconcile(&mut self) {
        if !self.is_reconciling()
            && let Some(next) = self.waiting.pop_front()
        {
            self.desk.tasks.push(Task::Reconciling(Box::new(next)));
        }
    }

    /// The next step of a reconciliation.
    pub(crate) fn go_on(&mut self, mut work: Box<Reconcile>) {
        let is_question = matches!(work.stage, Stage::Orders | Stage::OpenOrders | Stage::Fills | Stage::Doubts | Stage::Positions);
        if is_question && work.cause != Cause::Start && self.random.chance(0.005) {
            self.tally.broken_off += 1;
            // What was missed must be had; the next comparison by the clock comes by itself.
            return if work.cause == Cause::Gap { self.reconcile(Cause::Gap, Vec::new()) } else { self.next_reconcile() };
        }
        work.stage = match work.stage {
            Stage::Begin => self.begin_reconcile(&mut work),
            Stage::Orders => {
                let after = format!("status=all&limit=500&direction=asc&nested=true&after={}", work.after);
                work.rows = self.rows("/orders", &after);
                assert!(work.rows.len() < 500, "seed {}: more orders than a page has", self.seed);
                Stage::OpenOrders
            }
            Stage::OpenOrders => {
                let known: BTreeSet<String> = work.rows.iter().map(|row| row["id"].to_string()).collect();
                let open = self.rows("/orders", "status=open&limit=500&direction=asc&nested=true");
                work.rows.extend(open.into_iter().filter(|row| !known.contains(&row["id"].to_string())));
                Stage::Names
            }
            Stage::Names => {
                for row in std::mem::take(&mut work.rows) {
                    if let Heard::Order(order) = self.tell(|node, _| node.on_answer(row.to_string().as_bytes())) {
                        work.ours.push((order, row));
                    }
                }
                Stage::Fills
            }
            Stage::Fills => {
                work.fills = self.activities(work.after);
                Stage::Apply
            }
            Stage::Apply => {
                self.apply(&mut work);
                Stage::Doubts
            }
            Stage::Doubts => match work.doubts.front() {
                None => Stage::Positions,
                Some((order, name)) => {
                    let broker_id = self.node().broker_id(*order).map(str::to_owned);
                    let (path, query) = match broker_id {
                        Some(broker_id) => (format!("/orders/{broker_id}"), String::new()),
                        None => ("/orders:by_client_order_id".to_owned(), format!("client_order_id={name}")),
                    };
                    let (status, record) = self.call("GET", &path, &query, "");
                    work.found = (status == 200).then_some(record);
                    Stage::Doubt
                }
            },
            Stage::Doubt => {
                let (order, _) = work.doubts.pop_front().unwrap();
                if let Some(record) = work.found.take() {
                    self.tell(|node, at| node.settle(record.to_string().as_bytes(), at));
                } else {
                    self.tally.absent += 1;
                    self.tell(|node, at| node.absent(order, at));
                }
                Stage::Doubts
            }
            Stage::Positions if self.now < work.due => Stage::Positions,
            Stage::Positions => {
                let rows = self.rows("/positions", "");
                let qty = |row: &Value| (row["symbol"].as_str().unwrap().to_owned(), row["qty"].as_str().unwrap().to_owned());
                work.theirs = rows.iter().map(qty).collect();
                Stage::Compare
            }
            Stage::Compare => match self.compare(&mut work) {
                None => Stage::Positions,
                Some(agrees) => return self.end_reconcile(work.cause, agrees),
            },
        };
        self.desk.tasks.push(Task::Reconciling(work));
    }

    fn begin_reconcile(&mut self, work: &mut Reconcile) -> Stage {
        self.tally.reconciled += 1;
        self.trace(|| format!("reconciles: {:?}, in doubt {:?}", work.cause, work.doubts));
        self.tally.reconciled_under_way += u64::from(self.desk.open() > 0);
        work.since_turn = self.desk.turn();
        let orders = self.node().engine().orders();
        let oldest = orders.open().iter().filter_map(|&id| orders.get(id)).map(|o| o.submitted).min();
        if oldest.is_none() && work.doubts.is_empty() {
            return Stage::Positions;
        }
        work.after = oldest.unwrap_or_else(|| self.node().engine().now()).plus(-MINUTE_NS);
        Stage::Orders
    }

    /// Fills first, then what became of the orders that were left alone meanwhile.
    fn apply(&mut self, work: &mut Reconcile) {
        for fill in std::mem::take(&mut work.fills) {
            self.tell(|node, at| node.on_activity(fill.to_string().as_bytes(), at));
        }
        for (order, row) in &work.ours {
            if self.desk.is_quiet(*order, work.since_turn, 0) {
                self.trace(|| format!("settles {order} by {row}"));
                self.tell(|node, at| node.settle(row.to_string().as_bytes(), at));
            } else {
                self.tally.rows_not_quiet += 1;
                self.desk.unsettled.insert(*order);
            }
        }
        let ours = std::mem::take(&mut work.ours);
        work.doubts.retain(|(_, name)| !ours.iter().any(|(_, row)| row["client_order_id"] == name.as_str()));
    }

    fn activities(&mut self, after: Timestamp) -> Vec<Value> {
        let (mut fills, mut token) = (Vec::new(), String::new());
        loop {
            let page = self.rows("/account/activities/FILL", &format!("direction=asc&page_size=100&after={after}{token}"));
            let count = page.len();
            fills.extend(page);
            if count < 100 {
                return fills;
            }
            token = format!("&page_token={}", fills.last().unwrap()["id"].as_str().unwrap());
        }
    }

    /// Whether the positions agree, once that is known.
    fn compare(&mut self, work: &mut Reconcile) -> Option<bool> {
        let mut differences = Differences::new();
        for (which, symbol) in SYMBOLS.into_iter().enumerate() {
            let ours = self.node().engine().ledger().net_qty(InstrumentId(which as u32)).to_string();
            let theirs = work.theirs.get(symbol).cloned().unwrap_or_else(|| "0".to_owned());
            if ours != theirs {
                differences.insert(symbol, (ours, theirs));
            }
        }
        if differences.is_empty() {
            return Some(true);
        }
        self.tally.differed += u64::from(work.before.is_none());
        let is_twice_the_same =
            work.before.as_ref().is_some_and(|before| differences.iter().any(|(symbol, pair)| before.get(symbol) == Some(pair)));
        work.compared += 1;
        if is_twice_the_same || work.compared > COMPARISONS {
            return Some(false);
        }
        work.before = Some(differences);
        work.due = self.now + 1_000_000_000;
        None
    }

    fn end_reconcile(&mut self, cause: Cause, agrees: bool) {
        if !agrees {
            self.tally.alarms += 1;
            self.tell(|node, at| node.alarm(AlarmKind::ReconciliationDifference, "positions differ", at));
        }
        if cause == Cause::Start {
            self.is_starting = false;
            if agrees {
                self.command(Command::Run);
            }
        }
        self.next_reconcile();
    }
}
