//! The shell's desk as `tickwright.live.desk` has it: requests on their way, questions about those in doubt, and the rule by which the
//! broker's record of an order is taken.

use crate::reconcile::Reconcile;
use crate::world::World;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tickwright_core::live::{Request, RequestKind};
use tickwright_core::types::{OrderId, Timestamp};

/// When the broker's record of an order is taken for the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Where no request about the order was under way since it was asked for: what the shell does.
    LeftAlone,
    /// Always: what the simulation must find to be wrong.
    Always,
}

/// What came of a request.
pub(crate) enum Answer {
    /// HTTP status and body; 0 for a request that never left.
    Said(u16, Value),
    /// No answer came; the request may have arrived or not.
    Nothing,
}

/// A question about one order.
pub(crate) struct Question {
    /// Orders that count as busy until it is answered.
    concerns: BTreeSet<OrderId>,
    order: OrderId,
    broker_id: String,
    since: u64,
}

/// Work that waits for a wire, at one of the points where it waits.
pub(crate) enum Task {
    Leaving(Request),
    Heard(Request, Answer),
    /// The question whether there is an order of this name, and the answer.
    Seeking(Request),
    Sought(Request, Option<Value>),
    Asking(Question),
    Asked(Question, Option<Value>),
    Reconciling(Box<Reconcile>),
}

pub(crate) struct Desk {
    rule: Rule,
    in_flight: BTreeMap<OrderId, u32>,
    turns: u64,
    last_turn: BTreeMap<OrderId, u64>,
    pub(crate) unsettled: BTreeSet<OrderId>,
    pub(crate) tasks: Vec<Task>,
    /// Orders asked for at that event time or before, and never sent, are given up.
    pub(crate) cutoff: Timestamp,
}

fn concerns(request: &Request) -> BTreeSet<OrderId> {
    let old = if let RequestKind::Replace { old, .. } = request.kind { Some(old) } else { None };
    std::iter::once(request.order).chain(old).collect()
}

impl Desk {
    pub(crate) const fn new(rule: Rule) -> Self {
        Self {
            rule,
            in_flight: BTreeMap::new(),
            turns: 0,
            last_turn: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            tasks: Vec::new(),
            cutoff: Timestamp::MIN,
        }
    }

    /// A desk of the same rule with nothing on it.
    pub(crate) const fn cleared(&self) -> Self {
        Self::new(self.rule)
    }

    pub(crate) const fn turn(&self) -> u64 {
        self.turns
    }

    /// Whether no request about an order was under way since that turn, leaving aside `own` that are.
    pub(crate) fn is_quiet(&self, order: OrderId, since: u64, own: u32) -> bool {
        let in_flight = self.in_flight.get(&order).copied().unwrap_or(0);
        self.rule == Rule::Always || (in_flight <= own && self.last_turn.get(&order).copied().unwrap_or(0) <= since)
    }

    fn begin(&mut self, orders: &BTreeSet<OrderId>) {
        self.turns += 1;
        for &order in orders {
            *self.in_flight.entry(order).or_default() += 1;
            self.last_turn.insert(order, self.turns);
        }
    }

    fn end(&mut self, orders: &BTreeSet<OrderId>) {
        self.turns += 1;
        for &order in orders {
            *self.in_flight.get_mut(&order).unwrap() -= 1;
            self.last_turn.insert(order, self.turns);
        }
    }

    pub(crate) fn send(&mut self, request: Request) {
        self.begin(&concerns(&request));
        self.tasks.push(Task::Leaving(request));
    }

    /// Requests and questions that are open; reconciliations are none.
    pub(crate) fn open(&self) -> usize {
        self.tasks.iter().filter(|task| !matches!(task, Task::Reconciling(_))).count()
    }
}

impl World {
    /// One of the tasks, whichever, goes on to where it waits next.
    pub(crate) fn advance_any(&mut self) {
        if !self.desk.tasks.is_empty() {
            let place = self.random.below(self.desk.tasks.len() as u64) as usize;
            let task = self.desk.tasks.swap_remove(place);
            self.advance(task);
        }
    }

    fn advance(&mut self, task: Task) {
        match task {
            Task::Leaving(request) => self.leave(request),
            Task::Heard(request, answer) => self.hear(request, answer),
            Task::Seeking(request) => {
                let name = format!("client_order_id={}", request.client_id);
                let next = match self.question("/orders:by_client_order_id", &name) {
                    Some(found) => Task::Sought(request, found),
                    None => Task::Seeking(request),
                };
                self.desk.tasks.push(next);
            }
            Task::Sought(request, Some(found)) => {
                self.tell(|node, _| node.on_answer(found.to_string().as_bytes()));
                self.desk.end(&concerns(&request));
            }
            Task::Sought(request, None) => match &request.kind {
                RequestKind::Replace { old, broker_id } => self.begin_question(concerns(&request), *old, broker_id.clone()),
                // It never arrived: the same again, under the same id.
                _ => self.desk.tasks.push(Task::Leaving(request)),
            },
            Task::Asking(question) => {
                let next = match self.question(&format!("/orders/{}", question.broker_id), "") {
                    Some(found) => Task::Asked(question, found),
                    None => Task::Asking(question),
                };
                self.desk.tasks.push(next);
            }
            Task::Asked(question, found) => self.learn(&question, found.as_ref()),
            Task::Reconciling(reconcile) => self.go_on(reconcile),
        }
    }

    /// A request arrives; or it is lost, or its answer will be.
    fn leave(&mut self, request: Request) {
        if request.kind == RequestKind::Submit && request.asked <= self.desk.cutoff {
            self.tally.given_up += 1;
            self.tell(|node, at| node.absent(request.order, at));
            self.desk.end(&concerns(&request));
            return;
        }
        let answer = match self.random.below(50) {
            0 => Answer::Said(0, Value::Null),
            1..=3 => Answer::Nothing,
            4..=6 => {
                let _ = self.perform(&request);
                Answer::Nothing
            }
            _ => {
                let (status, body) = self.perform(&request);
                Answer::Said(status, body)
            }
        };
        self.desk.tasks.push(Task::Heard(request, answer));
    }

    fn hear(&mut self, request: Request, answer: Answer) {
        let is_cancel = matches!(request.kind, RequestKind::Cancel { .. });
        match answer {
            Answer::Said(200 | 204, Value::Null) => {}
            Answer::Said(200 | 204, order) => {
                self.tell(|node, _| node.on_answer(order.to_string().as_bytes()));
            }
            Answer::Said(0 | 404 | 422, _) if is_cancel => return self.ask_of_cancel(&request),
            Answer::Said(_, refusal) => {
                let seed = self.seed;
                assert!(!refusal.to_string().contains("must be unique"), "seed {seed}: {} was sent twice", request.client_id);
                self.tally.refused += 1;
                self.tell(|node, at| node.refused(&request.kind, request.order, at));
            }
            Answer::Nothing => {
                self.tally.in_doubt += 1;
                if is_cancel {
                    self.ask_of_cancel(&request);
                } else {
                    self.desk.tasks.push(Task::Seeking(request));
                }
                return;
            }
        }
        self.desk.end(&concerns(&request));
    }

    fn ask_of_cancel(&mut self, request: &Request) {
        if let RequestKind::Cancel { broker_id } = &request.kind {
            self.begin_question(concerns(request), request.order, broker_id.clone());
        }
    }

    fn begin_question(&mut self, concerns: BTreeSet<OrderId>, order: OrderId, broker_id: String) {
        self.tally.asked += 1;
        let since = self.desk.turn();
        self.desk.tasks.push(Task::Asking(Question { concerns, order, broker_id, since }));
    }

    /// The broker's record of an order is here: taken, unless a request was about to change it.
    fn learn(&mut self, question: &Question, found: Option<&Value>) {
        let order = question.order;
        match found {
            None => self.tell(|node, at| node.absent(order, at)),
            Some(record) if self.desk.is_quiet(order, question.since, 1) => {
                self.trace(|| format!("settles {order} by {record}"));
                self.tell(|node, at| node.settle(record.to_string().as_bytes(), at).map(|_| ()));
            }
            Some(_) => {
                self.tally.asked_not_quiet += 1;
                self.desk.unsettled.insert(order);
            }
        }
        self.desk.end(&question.concerns);
    }

    /// Ask the broker for its own record of an order.
    pub(crate) fn ask(&mut self, order: OrderId) {
        if self.desk.in_flight.get(&order).is_some_and(|&count| count > 0) {
            self.desk.unsettled.insert(order);
        } else if let Some(broker_id) = self.node().broker_id(order).map(str::to_owned) {
            let concerns = BTreeSet::from([order]);
            self.desk.begin(&concerns);
            self.begin_question(concerns, order, broker_id);
        }
    }

    /// Once a second: orders of which something is missing are asked for again.
    pub(crate) fn watch(&mut self) {
        let unsettled = std::mem::take(&mut self.desk.unsettled);
        let gapped: BTreeSet<_> = self.node().gapped().collect();
        for order in gapped.union(&unsettled) {
            self.ask(*order);
        }
    }
}
