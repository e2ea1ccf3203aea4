//! A strategy that trades senselessly, the same way whenever it is called with the same things, and fails now and then.

use tickwright_core::engine::{Fill, OrderUpdate};
use tickwright_core::event::MarketEvent;
use tickwright_core::order::{OrderRequest, OrderType, TimeInForce};
use tickwright_core::strategy::{Context, Interest, Strategy};
use tickwright_core::types::{Error, InstrumentId, OrderId, Price, Qty, Random, Result, SECOND_NS, Side};

pub(crate) struct Trader {
    name: String,
    random: Random,
    activity: f64,
    fails: f64,
    mine: Vec<OrderId>,
}

impl Trader {
    pub(crate) fn boxed(number: u64, seed: u64, activity: f64, fails: f64) -> Box<dyn Strategy> {
        Box::new(Self { name: format!("trader-{number}"), random: Random::stream(seed, &[11, number]), activity, fails, mine: Vec::new() })
    }

    fn some_request(&mut self, instrument: InstrumentId, near: Price) -> OrderRequest {
        let random = &mut self.random;
        let kinds = [OrderType::Market, OrderType::Limit, OrderType::Limit, OrderType::Limit, OrderType::Stop, OrderType::StopLimit];
        let kind = kinds[random.below(6) as usize];
        let mut price = || Price::from_raw((near.raw() as f64 * (0.985 + 0.03 * random.uniform()) / 1e7).round() as i64 * 10_000_000);
        let (limit, stop) = (price(), price());
        let tifs = [TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Ioc];
        let side = if random.chance(0.5) { Side::Buy } else { Side::Sell };
        let qty = Qty::from_raw((1 + random.below(300) as i64) * 1_000_000_000);
        let base = OrderRequest::market(instrument, side, qty);
        let tif = if kind.has_stop() { TimeInForce::Gtc } else { tifs[random.below(3) as usize] };
        OrderRequest { kind, tif, limit: kind.has_limit().then_some(limit), stop: kind.has_stop().then_some(stop), ..base }
    }

    fn act(&mut self, often: f64, context: &mut Context<'_>) -> Result<()> {
        while self.random.chance(often) {
            if self.random.chance(self.fails) {
                return Err(Error::Strategy { place: self.name.clone(), why: "failed on purpose".to_owned() });
            }
            let instrument = InstrumentId(self.random.below(context.view.instruments.len() as u64) as u32);
            let near = context.view.top(instrument)?.reference().unwrap_or(Price::from_raw(20_000_000_000));
            let open: Vec<OrderId> = context.view.open_orders().map(|o| o.id).collect();
            match self.random.below(9) {
                0..=4 => {
                    let request = self.some_request(instrument, near);
                    self.mine.push(context.submit(request));
                }
                5..=6 if !open.is_empty() => {
                    let at = self.random.below(open.len() as u64) as usize;
                    context.cancel(open[at])?;
                }
                7 if !open.is_empty() => {
                    let id = open[self.random.below(open.len() as u64) as usize];
                    let order = context.view.order(id).copied();
                    let wish = self.some_request(instrument, near);
                    let limit = order.and_then(|o| o.limit()).map(|p| Price::from_raw(p.raw() + 10_000_000));
                    if let Some(new) = context.replace(id, Some(wish.qty), limit, None)? {
                        self.mine.push(new);
                    }
                }
                _ => {
                    let wait = self.random.below(3 * SECOND_NS as u64) as i64;
                    context.set_timer(context.view.now.plus(wait), 0);
                }
            }
        }
        Ok(())
    }
}

impl Strategy for Trader {
    fn name(&self) -> &str {
        &self.name
    }

    fn interest(&self) -> Interest {
        Interest::QUOTES | Interest::TRADES
    }

    fn on_market(&mut self, _: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        self.act(self.activity, context)
    }

    fn on_fill(&mut self, _: &Fill, context: &mut Context<'_>) -> Result<()> {
        self.act(self.activity * 0.3, context)
    }

    fn on_order(&mut self, _: &OrderUpdate, context: &mut Context<'_>) -> Result<()> {
        self.act(self.activity * 0.1, context)
    }

    fn on_timer(&mut self, _: u64, context: &mut Context<'_>) -> Result<()> {
        self.act(self.activity, context)
    }
}
