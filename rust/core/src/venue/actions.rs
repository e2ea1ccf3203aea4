//! Corporate actions and the orders that rest.

use super::desk::Resting;
use super::models::{OnDividend, OnSplit, less_dividend, split_price, split_qty};
use super::{ReportKind, SimVenue};
use crate::event::{ActionKind, CorporateAction};
use crate::order::{OrderEvent, Restatement, TimeInForce};
use crate::types::{InstrumentId, OrderId, Price, Qty, Result, Side, Timestamp};

impl SimVenue {
    /// A split or a dividend.
    pub(super) fn on_action(&mut self, action: &CorporateAction, index: usize) -> Result<()> {
        match action.kind {
            ActionKind::Split { new_shares_per_old } => {
                // The quote that stands is one of other shares.
                self.desks[index].forget_quote();
                if self.config.borrow.available.is_some() {
                    self.positions[index] = (self.positions[index] as f64 * new_shares_per_old).round() as i64;
                }
                self.split_orders(index, action.ts, new_shares_per_old)
            }
            ActionKind::Dividend { per_share, .. } => {
                if self.config.on_dividend == OnDividend::Reduce {
                    self.reduce_orders(index, action.ts, per_share);
                }
                Ok(())
            }
        }
    }

    fn split_orders(&mut self, index: usize, now: Timestamp, ratio: f64) -> Result<()> {
        let instrument = InstrumentId(index as u32);
        let all: Vec<OrderId> = self.desks[index].orders.iter().map(|o| o.id).collect();
        let mut scaled = Vec::new();
        for id in all {
            let Some(order) = self.resting_mut(instrument, id) else { continue };
            let adjusted = (order.tif == TimeInForce::Gtc).then(|| after_split(order, ratio)).filter(|o| o.remaining().is_positive());
            if let (OnSplit::Adjust, Some(adjusted)) = (self.config.on_split, adjusted) {
                let kept = adjusted.terms();
                if let Some(order) = self.resting_mut(instrument, id) {
                    *order = adjusted;
                }
                self.report(now, ReportKind::Restated { order: id, terms: kept });
                if let Some(number) = self.groups.number(id)
                    && !scaled.contains(&number)
                {
                    scaled.push(number);
                    self.group_rescaled(id, |qty| split_qty(qty, ratio));
                }
                continue;
            }
            if self.remove(instrument, id).is_some_and(|o| {
                self.report(now, ReportKind::Canceled(id));
                o.grouped
            }) {
                self.group_ended(instrument, id, now)?;
            }
        }
        for id in self.held_of(instrument) {
            // A leg for the day, or one whose parent is gone, has gone with its group by now.
            self.split_held(id, now, ratio)?;
        }
        self.desks[index].tighten_reach();
        Ok(())
    }

    fn split_held(&mut self, id: OrderId, now: Timestamp, ratio: f64) -> Result<()> {
        let Some(leg) = self.held_mut(id) else { return Ok(()) };
        let price = |p: Option<Price>| p.map(|p| split_price(p, ratio));
        let qty = split_qty(leg.qty, ratio);
        let terms = Restatement { qty, limit: price(leg.limit()), stop: price(leg.stop()), hwm: None };
        leg.apply(OrderEvent::Restated(terms), now)?;
        self.report(now, ReportKind::Restated { order: id, terms });
        Ok(())
    }

    /// Orders that live until canceled: limits of buys and stops of sells fall by the dividend.
    fn reduce_orders(&mut self, index: usize, now: Timestamp, per_share: Price) {
        let mut changed = Vec::new();
        for order in self.desks[index].orders.iter_mut().filter(|o| o.tif == TimeInForce::Gtc) {
            let fall = |raw: i64| less_dividend(Price::from_raw(raw), per_share).raw();
            let before = (order.limit, order.stop);
            match order.side {
                Side::Buy if !order.takes_any_price() && !order.waits_for_stop() => order.limit = fall(order.limit),
                Side::Sell if order.waits_for_stop() && order.trail.is_none() => {
                    order.stop = fall(order.stop);
                    if !order.takes_any_price() {
                        order.limit = fall(order.limit);
                    }
                }
                _ => {}
            }
            if (order.limit, order.stop) != before {
                changed.push((order.id, order.terms()));
            }
        }
        for (order, terms) in changed {
            self.report(now, ReportKind::Restated { order, terms });
        }
        self.desks[index].tighten_reach();
    }
}

/// An order of whole new shares at new prices. What is left decides: fills keep their old number.
fn after_split(order: &Resting, ratio: f64) -> Resting {
    let price = |raw: i64| if raw > 1 && raw < i64::MAX { split_price(Price::from_raw(raw), ratio).raw() } else { raw };
    let left = split_qty(order.remaining(), ratio);
    Resting {
        qty: Qty::from_raw(order.filled.raw().saturating_add(left.raw())),
        limit: price(order.limit),
        stop: price(order.stop),
        hwm: price(order.hwm),
        ..*order
    }
}
