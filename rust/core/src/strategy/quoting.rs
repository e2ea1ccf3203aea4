//! [`Quoting`]: both sides of the market, quoted anew at fixed intervals, run wholly in the core.

use super::{Context, Interest, Strategy};
use crate::event::MarketEvent;
use crate::order::OrderRequest;
use crate::types::{Error, InstrumentId, OrderId, Price, Qty, Result, Side};

/// What [`Quoting`] is made of.
#[derive(Clone, Debug)]
pub struct QuotingSpec {
    /// Name.
    pub name: String,
    /// Symbols to quote; `None` quotes all.
    pub symbols: Option<Vec<String>>,
    /// Shares a side.
    pub size: Qty,
    /// Time from one look at the market to the next, nanoseconds.
    pub every_ns: i64,
    /// Dollars behind the best bid and the best ask.
    pub offset: Price,
    /// A side that would take the position past this many shares is not quoted.
    pub max_position: Option<Qty>,
    /// An order that stands at its price already keeps its place in the queue; else it is canceled and sent anew.
    pub keep: bool,
}

/// A strategy that keeps a limit order on each side of the market.
#[derive(Clone, Debug)]
pub struct Quoting {
    spec: QuotingSpec,
    /// Instruments quoted, with the last order of each side: buy, sell.
    working: Vec<(InstrumentId, [Option<OrderId>; 2])>,
}

impl Quoting {
    /// Check `spec`.
    pub fn new(spec: QuotingSpec) -> Result<Self> {
        if spec.size.raw() <= 0 {
            return Err(Error::config("size", format!("is {}; it must be above zero", spec.size)));
        }
        if spec.every_ns <= 0 {
            return Err(Error::config("every", "must be a duration above zero, such as 1s"));
        }
        if spec.offset.raw() < 0 {
            return Err(Error::config("offset", format!("is {}; it must not be below zero", spec.offset)));
        }
        if spec.max_position.is_some_and(|most| most < spec.size) {
            return Err(Error::config("max_position", "is below size: nothing would ever be quoted"));
        }
        Ok(Self { spec, working: Vec::new() })
    }

    fn quote(&self, context: &mut Context<'_>, instrument: InstrumentId, orders: [Option<OrderId>; 2]) -> Result<[Option<OrderId>; 2]> {
        let top = *context.view.top(instrument)?;
        let held = context.view.position(instrument)?.qty.raw();
        let mut next = [None; 2];
        for (i, side) in [Side::Buy, Side::Sell].into_iter().enumerate() {
            let best = if side == Side::Buy { top.bid } else { top.ask };
            let price = Price::from_raw(best.raw().saturating_sub(side.sign() * self.spec.offset.raw()));
            let after = held.saturating_add(side.sign() * self.spec.size.raw());
            let has_room = self.spec.max_position.is_none_or(|most| side.sign() * after <= most.raw());
            let wanted = best.is_positive() && price.is_positive() && has_room;
            let open = orders[i].and_then(|id| context.view.order(id)).filter(|order| !order.status().is_terminal());
            if let Some(order) = open {
                if wanted && self.spec.keep && order.limit() == Some(price) {
                    next[i] = Some(order.id);
                    continue;
                }
                context.cancel(order.id)?;
            }
            if wanted {
                next[i] = Some(context.submit(OrderRequest::limit(instrument, side, self.spec.size, price)));
            }
        }
        Ok(next)
    }
}

impl Strategy for Quoting {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn on_start(&mut self, context: &mut Context<'_>) -> Result<()> {
        let all = context.view.instruments;
        let ids: Vec<InstrumentId> = match &self.spec.symbols {
            None => (0..all.len() as u32).map(InstrumentId).collect(),
            Some(names) => {
                let find = |name: &String| {
                    all.get(name).ok_or_else(|| {
                        Error::config("symbols", format!("{name} is not in the data, which hold {}", all.symbols().join(", ")))
                    })
                };
                names.iter().map(find).collect::<Result<_>>()?
            }
        };
        self.working = ids.into_iter().map(|id| (id, [None; 2])).collect();
        context.set_timer(context.view.now.plus(self.spec.every_ns), 0);
        Ok(())
    }

    fn on_market(&mut self, _event: &MarketEvent, _context: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    fn on_timer(&mut self, _tag: u64, context: &mut Context<'_>) -> Result<()> {
        for i in 0..self.working.len() {
            let (instrument, orders) = self.working[i];
            self.working[i].1 = self.quote(context, instrument, orders)?;
        }
        context.set_timer(context.view.now.plus(self.spec.every_ns), 0);
        Ok(())
    }
}
