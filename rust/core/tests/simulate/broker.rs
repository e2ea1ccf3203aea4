//! The broker on the other side of the wire: the simulated venue, which takes an order id once and remembers what happened to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tickwright_core::event::MarketEvent;
use tickwright_core::types::{OrderId, Qty, Random, Timestamp};
use tickwright_core::venue::{OrderCommand, Report, ReportKind, SimVenue, Sources, VenueConfig};

/// How badly the wire behaves, as probabilities of each message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    /// A command never arrives, and nobody says so.
    pub(crate) lose_command: f64,
    /// A command arrives twice.
    pub(crate) repeat_command: f64,
    /// A report is told twice.
    pub(crate) repeat_report: f64,
    /// A report is told after the next one.
    pub(crate) swap_reports: f64,
}

/// The broker, and the wire to it.
pub(crate) struct Broker {
    venue: SimVenue,
    wire: Wire,
    random: Random,
    /// Order ids that it has taken, as a broker knows client order ids.
    taken: BTreeSet<OrderId>,
    /// Every report, by the order it is about.
    truth: BTreeMap<OrderId, Vec<Report>>,
    /// Reports on their way.
    on_the_way: VecDeque<Report>,
    /// Orders whose cancel has come in and is not answered.
    canceling: BTreeSet<OrderId>,
    pub(crate) is_connected: bool,
    pub(crate) refused_repeats: u64,
}

impl Broker {
    pub(crate) fn new(config: VenueConfig, sources: &[Sources], wire: Wire, seed: u64) -> Self {
        Self {
            venue: SimVenue::new(config, sources).unwrap(),
            wire,
            random: Random::stream(seed, &[7]),
            taken: BTreeSet::new(),
            truth: BTreeMap::new(),
            on_the_way: VecDeque::new(),
            canceling: BTreeSet::new(),
            is_connected: true,
            refused_repeats: 0,
        }
    }

    /// A command over the wire, which may lose it.
    pub(crate) fn send(&mut self, command: OrderCommand, now: Timestamp) {
        if !self.is_connected || self.random.chance(self.wire.lose_command) {
            return;
        }
        self.take(command, now);
        if self.random.chance(self.wire.repeat_command) {
            self.take(command, now);
        }
    }

    /// A command that has arrived. An order id is taken once.
    pub(crate) fn take(&mut self, command: OrderCommand, now: Timestamp) {
        let id = match command {
            OrderCommand::New(order) => Some(order.id),
            OrderCommand::Replace { new, .. } => Some(new.id),
            OrderCommand::Cancel { order, .. } => {
                self.canceling.insert(order);
                None
            }
            _ => None,
        };
        if id.is_some_and(|id| !self.taken.insert(id)) {
            self.refused_repeats += 1;
            return;
        }
        self.venue.send(command, now);
    }

    fn collect(&mut self, now: Timestamp) {
        while let Some(report) = self.venue.take_report(now) {
            let mut about = vec![report.kind.order()];
            if let ReportKind::Replaced { new, .. } | ReportKind::ReplaceRejected { new, .. } = report.kind {
                about.push(new);
            }
            if let ReportKind::Canceled(order) | ReportKind::CancelRejected(order) = report.kind {
                self.canceling.remove(&order);
            }
            for order in about {
                self.truth.entry(order).or_default().push(report);
            }
            if self.is_connected {
                self.on_the_way.push_back(report);
            }
        }
    }

    /// The time at the venue is `now`: commands arrive, day orders expire.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        while self.venue.next_arrival() <= now {
            let due = self.venue.next_arrival();
            self.venue.advance(due).unwrap();
            self.venue.arrive().unwrap();
        }
        self.venue.advance(now).unwrap();
        self.collect(now);
    }

    pub(crate) fn on_market(&mut self, event: &MarketEvent) {
        self.advance(event.ts());
        self.venue.on_market(event).unwrap();
        self.collect(event.ts());
    }

    /// The next report that the wire delivers.
    pub(crate) fn next_report(&mut self) -> Option<Report> {
        let swaps = self.on_the_way.len() > 1 && self.may_swap() && self.random.chance(self.wire.swap_reports);
        if swaps {
            self.on_the_way.swap(0, 1);
        }
        let report = self.on_the_way.pop_front()?;
        if self.random.chance(self.wire.repeat_report) {
            self.on_the_way.push_back(report);
        }
        Some(report)
    }

    /// What brokers do tell out of order: events of one order with each other, but for those of replacements.
    fn may_swap(&self) -> bool {
        let replaces = |kind: ReportKind| matches!(kind, ReportKind::Replaced { .. } | ReportKind::ReplaceRejected { .. });
        !replaces(self.on_the_way[0].kind) && !replaces(self.on_the_way[1].kind)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.on_the_way.len()
    }

    /// The wire breaks: what is on it is lost.
    pub(crate) fn disconnect(&mut self) {
        self.is_connected = false;
        self.on_the_way.clear();
    }

    /// What is known of `order`: every report about it; none where it never arrived.
    pub(crate) fn ask(&self, order: OrderId) -> Option<&[Report]> {
        self.taken.contains(&order).then(|| self.truth.get(&order).map_or(&[][..], Vec::as_slice))
    }

    /// Orders that it has taken.
    pub(crate) fn taken(&self) -> &BTreeSet<OrderId> {
        &self.taken
    }

    /// Shares of `order` that were filled.
    pub(crate) fn filled(&self, order: OrderId) -> Qty {
        let fills = self.truth.get(&order).into_iter().flatten().filter_map(|report| match report.kind {
            ReportKind::Filled { order: of, qty, .. } if of == order => Some(qty.raw()),
            _ => None,
        });
        Qty::from_raw(fills.sum())
    }

    /// Whether `order` works there no more.
    pub(crate) fn has_ended(&self, order: OrderId) -> bool {
        self.truth.get(&order).into_iter().flatten().any(|report| match report.kind {
            ReportKind::Canceled(of) | ReportKind::Expired(of) | ReportKind::Rejected(of) => of == order,
            ReportKind::Replaced { old, .. } => old == order,
            ReportKind::ReplaceRejected { new, .. } => new == order,
            _ => false,
        })
    }

    /// Whether a cancel of `order` is being worked on.
    pub(crate) fn is_canceling(&self, order: OrderId) -> bool {
        self.canceling.contains(&order)
    }

    /// Commands that have not arrived yet.
    pub(crate) fn next_arrival(&self) -> Timestamp {
        self.venue.next_arrival()
    }

    pub(crate) fn next_report_due(&self) -> Timestamp {
        self.venue.next_report()
    }
}
