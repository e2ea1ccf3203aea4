//! What the orders of a bracket, OCO or OTO do to one another.
//!
//! The rules, after Alpaca's page "Placing Orders": legs are held until their parent is completely filled; of two exits, a fill of
//! the stop-loss cancels the take-profit, a partial fill of the take-profit shrinks the stop-loss, its last one cancels it; when
//! one order of a group is canceled, expires or is rejected, the rest is canceled.

use super::Role;
use crate::types::{OrderId, Qty};
use serde::{Deserialize, Serialize};

/// What has to be done to an order of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupAct {
    /// Let the held leg work, for so many shares.
    Release(OrderId, Qty),
    /// So many shares are left of the leg, by so many fewer than before.
    Shrink(OrderId, Qty, Qty),
    /// Cancel it.
    Cancel(OrderId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    id: OrderId,
    /// Shares still to fill.
    left: Qty,
    held: bool,
    /// Over, or about to be by our own doing.
    over: bool,
}

/// A parent and its legs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    parent: Member,
    legs: [Option<Member>; 2],
    /// The parent is one of two exits rather than an entry.
    parent_exits: bool,
    /// Shares that the parent has filled, those of orders that it replaced included.
    entered: Qty,
}

const PROFIT: usize = 0;
const LOSS: usize = 1;

impl Group {
    /// The group of an entry of `qty` shares, whose legs are held until it is filled.
    pub const fn of_entry(parent: OrderId, qty: Qty) -> Self {
        Self {
            parent: Member { id: parent, left: qty, held: false, over: false },
            legs: [None, None],
            parent_exits: false,
            entered: Qty::ZERO,
        }
    }

    /// The group of an exit of `qty` shares that takes the profit, beside a leg that stops the loss.
    pub const fn of_exit(parent: OrderId, qty: Qty) -> Self {
        Self { parent_exits: true, ..Self::of_entry(parent, qty) }
    }

    /// Add a leg; true when it is held for now.
    pub const fn add_leg(&mut self, id: OrderId, role: Role, qty: Qty) -> bool {
        let held = !self.parent_exits;
        let slot = if matches!(role, Role::TakeProfit) { PROFIT } else { LOSS };
        self.legs[slot] = Some(Member { id, left: qty, held, over: false });
        held
    }

    fn members(&mut self) -> impl Iterator<Item = &mut Member> {
        std::iter::once(&mut self.parent).chain(self.legs.iter_mut().flatten())
    }

    fn member(&mut self, id: OrderId) -> Option<&mut Member> {
        self.members().find(|m| m.id == id)
    }

    /// True once every order of it is over.
    pub fn is_over(&self) -> bool {
        self.parent.over && self.legs.iter().flatten().all(|m| m.over)
    }

    /// True where `id` waits for its parent.
    pub fn is_held(&self, id: OrderId) -> bool {
        self.legs.iter().flatten().any(|m| m.id == id && m.held && !m.over)
    }

    /// Shares that `id` may still fill; zero once it is over.
    pub fn left(&self, id: OrderId) -> Qty {
        let mut members = std::iter::once(&self.parent).chain(self.legs.iter().flatten());
        members.find(|m| m.id == id && !m.over && !m.held).map_or(Qty::ZERO, |m| m.left)
    }

    /// Its orders.
    pub fn ids(&self) -> impl Iterator<Item = OrderId> + '_ {
        std::iter::once(self.parent.id).chain(self.legs.iter().flatten().map(|m| m.id))
    }

    /// `qty` shares of order `id` were filled.
    pub fn on_fill(&mut self, id: OrderId, qty: Qty, acts: &mut Vec<GroupAct>) {
        let Some(member) = self.member(id) else { return };
        member.left = Qty::from_raw((member.left.raw() - qty.raw()).max(0));
        let filled = member.left.is_zero();
        member.over |= filled;
        if id == self.parent.id && !self.parent_exits {
            self.entered = Qty::from_raw(self.entered.raw().saturating_add(qty.raw()));
            if filled {
                for leg in self.legs.iter_mut().flatten().filter(|m| m.held && !m.over) {
                    leg.held = false;
                    leg.left = self.entered;
                    acts.push(GroupAct::Release(leg.id, leg.left));
                }
            }
            return;
        }
        let takes_profit = if self.parent_exits { id == self.parent.id } else { self.legs[PROFIT].is_some_and(|m| m.id == id) };
        let other = match (takes_profit, self.parent_exits) {
            (true, _) => self.legs[LOSS].as_mut(),
            (false, true) => Some(&mut self.parent),
            (false, false) => self.legs[PROFIT].as_mut(),
        };
        let Some(other) = other.filter(|m| !m.over) else { return };
        if takes_profit && !filled && qty < other.left {
            other.left = Qty::from_raw(other.left.raw() - qty.raw());
            acts.push(GroupAct::Shrink(other.id, other.left, qty));
        } else {
            other.over = true;
            acts.push(GroupAct::Cancel(other.id));
        }
    }

    /// Order `id` was canceled, expired or was rejected.
    pub fn on_end(&mut self, id: OrderId, acts: &mut Vec<GroupAct>) {
        match self.member(id) {
            Some(member) if !member.over => member.over = true,
            // It ended by our own doing, or was filled.
            _ => return,
        }
        for member in self.members().filter(|m| !m.over) {
            member.over = true;
            acts.push(GroupAct::Cancel(member.id));
        }
    }

    /// `new`, for `left` shares more, stands in the place of `old`.
    pub fn replace(&mut self, old: OrderId, new: OrderId, left: Qty) {
        if let Some(member) = self.member(old) {
            (member.id, member.left) = (new, left);
        }
    }

    /// One share has become `ratio` of them: `scale` gives the new number of what is left.
    pub fn rescale(&mut self, scale: impl Fn(Qty) -> Qty) {
        for member in self.members() {
            member.left = scale(member.left);
        }
        self.entered = scale(self.entered);
    }
}
