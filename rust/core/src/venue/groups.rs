//! Brackets, OCOs and OTOs at the venue: legs that are held, and what the orders of a group do to one another.

use super::{ReportKind, SimVenue};
use crate::order::{Group, GroupAct, Order, OrderClass, Restatement};
use crate::types::{InstrumentId, OrderId, Qty, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The groups that are not over, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Groups {
    /// Legs whose parent has not arrived.
    staged: Vec<Order>,
    /// Legs that wait for their parent to be filled.
    held: BTreeMap<OrderId, Order>,
    number_of: BTreeMap<OrderId, u64>,
    open: BTreeMap<u64, Group>,
    made: u64,
}

impl Groups {
    /// Keep a leg until its parent arrives.
    pub(super) fn stage(&mut self, leg: &Order) {
        self.staged.push(*leg);
    }

    /// Shares that an order of a group may still fill; `None` where it is in none.
    pub(super) fn left(&self, order: OrderId) -> Option<Qty> {
        let number = self.number_of.get(&order)?;
        self.open.get(number).map(|g| g.left(order))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The group that an order is in.
    pub(super) fn number(&self, order: OrderId) -> Option<u64> {
        self.number_of.get(&order).copied()
    }

    /// How many legs are held.
    pub(super) fn held_count(&self) -> usize {
        self.held.len()
    }

    pub(super) fn holds(&self, order: OrderId) -> bool {
        self.held.contains_key(&order)
    }

    fn drop_if_over(&mut self, number: u64) {
        if self.open.get(&number).is_some_and(Group::is_over)
            && let Some(group) = self.open.remove(&number)
        {
            for id in group.ids() {
                self.number_of.remove(&id);
            }
        }
    }
}

impl SimVenue {
    /// Legs of `parent`, which the venue would not have.
    pub(super) fn reject_legs(&mut self, parent: &Order, now: Timestamp) {
        let (legs, rest): (Vec<Order>, Vec<Order>) = self.groups.staged.iter().partition(|leg| leg.parent == parent.id);
        self.groups.staged = rest;
        for leg in legs {
            self.report(now, ReportKind::Rejected(leg.id));
        }
    }

    /// Make the group of `parent`, which has just arrived; gives the legs that work at once.
    pub(super) fn form_group(&mut self, parent: &Order, now: Timestamp) -> Vec<Order> {
        let (legs, rest): (Vec<Order>, Vec<Order>) = self.groups.staged.iter().partition(|leg| leg.parent == parent.id);
        self.groups.staged = rest;
        let qty = parent.remaining();
        let mut group = if parent.class == OrderClass::Oco { Group::of_exit(parent.id, qty) } else { Group::of_entry(parent.id, qty) };
        self.groups.made += 1;
        let number = self.groups.made;
        self.groups.number_of.insert(parent.id, number);
        let mut working = Vec::new();
        for leg in legs {
            self.groups.number_of.insert(leg.id, number);
            if group.add_leg(leg.id, leg.role, leg.remaining()) {
                self.groups.held.insert(leg.id, leg);
                self.report(now, ReportKind::Held(leg.id));
            } else {
                working.push(leg);
            }
        }
        self.groups.open.insert(number, group);
        working
    }

    /// `qty` shares of an order of a group were filled at `now`.
    pub(super) fn group_filled(&mut self, instrument: InstrumentId, order: OrderId, qty: Qty, now: Timestamp) -> Result<()> {
        self.with_group(instrument, order, now, |group, acts| group.on_fill(order, qty, acts))
    }

    /// An order of a group ended at `now`.
    pub(super) fn group_ended(&mut self, instrument: InstrumentId, order: OrderId, now: Timestamp) -> Result<()> {
        self.with_group(instrument, order, now, |group, acts| group.on_end(order, acts))
    }

    fn with_group(
        &mut self,
        instrument: InstrumentId,
        order: OrderId,
        now: Timestamp,
        change: impl FnOnce(&mut Group, &mut Vec<GroupAct>),
    ) -> Result<()> {
        let Some(&number) = self.groups.number_of.get(&order) else { return Ok(()) };
        let mut acts = Vec::new();
        if let Some(group) = self.groups.open.get_mut(&number) {
            change(group, &mut acts);
        }
        for act in acts {
            match act {
                GroupAct::Cancel(id) => {
                    if self.groups.held.remove(&id).is_some() || self.remove(instrument, id).is_some() {
                        self.report(now, ReportKind::Canceled(id));
                    }
                }
                GroupAct::Shrink(id, _, by) => {
                    if let Some(resting) = self.resting_mut(instrument, id) {
                        resting.qty = resting.qty.checked_sub(by)?;
                        // It may have met the same event, for more than it is for now.
                        resting.filled = resting.filled.min(resting.qty);
                        let terms = resting.terms();
                        self.report(now, ReportKind::Restated { order: id, terms });
                    }
                }
                GroupAct::Release(id, _) => {
                    if let Some(leg) = self.groups.held.remove(&id) {
                        self.work_leg(&leg, now)?;
                    }
                }
            }
        }
        self.groups.drop_if_over(number);
        Ok(())
    }

    /// Let a leg trade, for the shares that its group has left for it: the exit before it may have been filled as it came.
    pub(super) fn work_leg(&mut self, leg: &Order, now: Timestamp) -> Result<()> {
        let qty = self.groups.left(leg.id).unwrap_or(Qty::ZERO);
        if !qty.is_positive() {
            self.report(now, ReportKind::Canceled(leg.id));
            return Ok(());
        }
        let mut leg = *leg;
        if leg.qty != qty {
            leg.qty = qty;
            let terms = Restatement { qty, limit: leg.limit(), stop: leg.stop(), hwm: None };
            self.report(now, ReportKind::Restated { order: leg.id, terms });
        }
        self.work(&leg, now)
    }

    /// A leg that is held.
    pub(super) fn held_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        self.groups.held.get_mut(&id)
    }

    /// Legs of this instrument that are held.
    pub(super) fn held_of(&self, instrument: InstrumentId) -> Vec<OrderId> {
        self.groups.held.values().filter(|o| o.instrument == instrument).map(|o| o.id).collect()
    }

    /// Cancel a leg that is held; false where there is none.
    pub(super) fn cancel_held(&mut self, instrument: InstrumentId, order: OrderId, now: Timestamp) -> Result<bool> {
        if self.groups.held.remove(&order).is_none() {
            return Ok(false);
        }
        self.report(now, ReportKind::Canceled(order));
        self.group_ended(instrument, order, now)?;
        Ok(true)
    }

    /// Put `new` in the place of the held leg `old`.
    pub(super) fn replace_held(&mut self, old: OrderId, new: &Order, now: Timestamp) {
        if self.groups.held.remove(&old).is_some() {
            self.groups.held.insert(new.id, *new);
            self.report(now, ReportKind::Replaced { old, new: new.id });
            self.report(now, ReportKind::Held(new.id));
            self.group_replaced(old, new.id, new.remaining());
        }
    }

    /// `new`, for `left` shares, has taken the place of `old`.
    pub(super) fn group_replaced(&mut self, old: OrderId, new: OrderId, left: Qty) {
        if let Some(number) = self.groups.number_of.remove(&old) {
            self.groups.number_of.insert(new, number);
            if let Some(group) = self.groups.open.get_mut(&number) {
                group.replace(old, new, left);
            }
        }
    }

    /// One share of the instrument has become more: the numbers of a group change with it.
    pub(super) fn group_rescaled(&mut self, order: OrderId, scale: impl Fn(Qty) -> Qty) {
        if let Some(group) = self.groups.number_of.get(&order).and_then(|n| self.groups.open.get_mut(n)) {
            group.rescale(scale);
        }
    }
}
