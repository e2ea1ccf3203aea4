//! A strategy that does all kinds of things, by its own seed and what it sees.

use tickwright_core::event::MarketEvent;
use tickwright_core::order::{OrderRequest, TimeInForce};
use tickwright_core::strategy::{Context, Interest, Strategy};
use tickwright_core::types::{OrderId, Price, Qty, Random, Result, Side};

/// Trades at random: what it did follows from its seed and from what it was told, so that a replay does the same.
pub(crate) struct Trader {
    random: Random,
    orders: Vec<OrderId>,
}

impl Trader {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed ^ 0x7ade), orders: Vec::new() }
    }
}

impl Strategy for Trader {
    fn name(&self) -> &'static str {
        "trader"
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES
    }

    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        let MarketEvent::Quote(quote) = event else { return Ok(()) };
        let held = context.view.position(quote.instrument)?.qty;
        let shares = Qty::from_whole(1 + self.random.below(50) as i64)?;
        let cents = |price: Price, by: i64| Price::from_raw(price.raw() + by * 10_000_000);
        let open: Vec<OrderId> =
            self.orders.iter().copied().filter(|&id| context.view.order(id).is_some_and(|o| !o.status().is_terminal())).collect();
        self.orders.clone_from(&open);
        let roll = self.random.below(100);
        // Its own orders never stand on both sides: the broker would take that for a wash trade.
        match roll {
            0..=24 => {}
            25..=44 if !open.is_empty() => {
                let id = open[self.random.below(open.len() as u64) as usize];
                context.cancel(id)?;
            }
            45..=59 if !open.is_empty() => {
                let id = open[self.random.below(open.len() as u64) as usize];
                let limit = cents(quote.bid, self.random.below(4) as i64 - 2);
                let has_limit = context.view.order(id).is_some_and(|o| o.limit().is_some());
                let qty = self.random.chance(0.5).then_some(shares);
                if has_limit && let Some(new) = context.replace(id, qty, Some(limit), None)? {
                    self.orders.push(new);
                }
            }
            60..=79 => {
                let limit = cents(quote.bid, self.random.below(3) as i64 - 1);
                let tif = if self.random.chance(0.3) { TimeInForce::Gtc } else { TimeInForce::Day };
                let request = OrderRequest { tif, ..OrderRequest::limit(quote.instrument, Side::Buy, shares, limit) };
                let id = if self.random.chance(0.3) {
                    context.submit_named(request, &format!("mine-{}-{}", context.call, quote.instrument.0))
                } else {
                    context.submit(request)
                };
                self.orders.push(id);
            }
            80..=89 => self.orders.push(context.submit(OrderRequest::market(quote.instrument, Side::Buy, shares))),
            _ if held.is_positive() && open.is_empty() => {
                self.orders.push(context.submit(OrderRequest::market(quote.instrument, Side::Sell, held)));
            }
            _ => {}
        }
        Ok(())
    }
}
