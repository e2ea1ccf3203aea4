//! [`Rules`]: a strategy of conditions over a signal graph, run wholly in the core.

use super::{Context, Graph, Interest, NodeSpec, Strategy};
use crate::bars::BarSpec;
use crate::book::TopOfBook;
use crate::engine::{Fill, OrderUpdate};
use crate::event::MarketEvent;
use crate::order::{OrderRequest, OrderStatus};
use crate::types::{Error, InstrumentId, MINUTE_NS, Price, Qty, Result, SCALE, Side, Timestamp};

/// Which events evaluate the conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// Bars where `bars` is given or the data hold bars; else quotes where a node reads them or there are no trades; else trades.
    #[default]
    Auto,
    /// Bars.
    Bars,
    /// Quotes.
    Quotes,
    /// Trades.
    Trades,
}

/// Size of a new position.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Size {
    /// A fraction of the account's equity, in whole shares.
    Fraction(f64),
    /// Shares.
    Shares(Qty),
    /// Dollars, in whole shares.
    Notional(f64),
}

/// What [`Rules`] are made of.
#[derive(Clone, Debug)]
pub struct RulesSpec {
    /// Name.
    pub name: String,
    /// Symbols to trade; `None` trades all.
    pub symbols: Option<Vec<String>>,
    /// Which events evaluate the conditions.
    pub on: Driver,
    /// Bars to build.
    pub bars: Option<BarSpec>,
    /// The graph.
    pub nodes: Vec<NodeSpec>,
    /// Node: buy when flat, or turn from short to long.
    pub entry: Option<usize>,
    /// Node: sell what is held.
    pub exit: Option<usize>,
    /// Node: sell short when flat, or turn from long to short.
    pub short_entry: Option<usize>,
    /// Node: buy back a short position.
    pub short_exit: Option<usize>,
    /// Size of a new position.
    pub size: Size,
    /// Leave when the price is this fraction worse than the average entry.
    pub stop_loss: Option<f64>,
    /// Leave when the price is this fraction better than the average entry.
    pub take_profit: Option<f64>,
    /// Does the data hold bars, quotes, trades? Resolves [`Driver::Auto`].
    pub has: (bool, bool, bool),
}

#[derive(Clone, Debug)]
struct Market {
    graph: Graph,
    /// An order is on its way or works.
    working: bool,
    /// The last order was refused while a condition to enter held; it must end before we try again.
    blocked: bool,
    /// An exit that was refused is not tried again before this.
    retry: Timestamp,
    entry_price: f64,
    position: f64,
}

/// A strategy of conditions over a signal graph.
#[derive(Clone, Debug)]
pub struct Rules {
    spec: RulesSpec,
    driver: Driver,
    graph: Graph,
    markets: Vec<Option<Box<Market>>>,
}

impl Rules {
    /// Compile `spec`.
    pub fn new(spec: RulesSpec) -> Result<Self> {
        let graph = Graph::compile(&spec.nodes)?;
        for (field, node) in
            [("entry", spec.entry), ("exit", spec.exit), ("short_entry", spec.short_entry), ("short_exit", spec.short_exit)]
        {
            if node.is_some_and(|n| n >= graph.len()) {
                return Err(Error::config(field, "is not a node of the graph"));
            }
        }
        let (bars, quotes, trades) = spec.has;
        let driver = match spec.on {
            Driver::Auto if spec.bars.is_some() || bars => Driver::Bars,
            Driver::Auto if graph.reads_quotes() || !trades => Driver::Quotes,
            Driver::Auto => Driver::Trades,
            chosen => chosen,
        };
        let there = match driver {
            Driver::Bars => bars || spec.bars.is_some(),
            Driver::Quotes => quotes,
            _ => trades,
        };
        if !there {
            return Err(Error::config(
                format!("rules {:?}", spec.name),
                "would never be evaluated: the data hold none of the events they run on; set `on` or `bars`",
            ));
        }
        Ok(Self { spec, driver, graph, markets: Vec::new() })
    }

    fn market(&mut self, instrument: InstrumentId) -> &mut Market {
        let index = instrument.index();
        if self.markets.len() <= index {
            self.markets.resize(index + 1, None);
        }
        let graph = &self.graph;
        self.markets[index].get_or_insert_with(|| {
            Box::new(Market {
                graph: graph.clone(),
                working: false,
                blocked: false,
                retry: Timestamp::MIN,
                entry_price: 0.0,
                position: 0.0,
            })
        })
    }

    fn size(&self, price: f64, equity: f64) -> Qty {
        let shares = match self.spec.size {
            Size::Shares(qty) => return qty,
            Size::Fraction(f) => equity * f / price,
            Size::Notional(dollars) => dollars / price,
        };
        if (1.0..9e9).contains(&shares) { Qty::from_raw(shares.floor() as i64 * SCALE) } else { Qty::ZERO }
    }
}

fn price_of(event: &MarketEvent, top: &TopOfBook) -> f64 {
    match event {
        MarketEvent::Bar(bar) => bar.close.to_f64(),
        MarketEvent::Trade(trade) => trade.price.to_f64(),
        MarketEvent::Quote(quote) => quote.mid(),
        MarketEvent::Action(_) | MarketEvent::Book(_) | MarketEvent::Status(_) => top.reference().map_or(f64::NAN, Price::to_f64),
    }
}

impl Strategy for Rules {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn interest(&self) -> Interest {
        match self.driver {
            Driver::Quotes => Interest::QUOTES,
            Driver::Trades => Interest::TRADES,
            _ => Interest::BARS,
        }
    }

    fn on_start(&mut self, context: &mut Context<'_>) -> Result<()> {
        let mut chosen = vec![None];
        if let Some(symbols) = &self.spec.symbols {
            chosen.clear();
            for symbol in symbols {
                let Some(id) = context.view.instruments.get(symbol) else {
                    let known = context.view.instruments.symbols().iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
                    return Err(Error::config(
                        format!("rules {:?}: symbols", self.spec.name),
                        format!("{symbol:?} is not in the data, which hold {known}"),
                    ));
                };
                chosen.push(Some(id));
            }
        }
        for instrument in chosen {
            match self.spec.bars {
                Some(spec) => context.subscribe_bars(instrument, spec),
                None => context.subscribe(instrument, self.interest()),
            }
            context.subscribe(instrument, Interest::ACTIONS);
        }
        Ok(())
    }

    #[inline]
    fn on_market(&mut self, event: &MarketEvent, context: &mut Context<'_>) -> Result<()> {
        let instrument = event.instrument();
        if matches!(event, MarketEvent::Action(_)) {
            let (qty, average) = {
                let p = context.view.position(instrument)?;
                (p.qty, p.average_price())
            };
            let market = self.market(instrument);
            (market.position, market.entry_price) = (qty.to_f64(), average.to_f64());
            return Ok(());
        }
        let top = context.view.top(instrument)?;
        let (entry, exit, short_entry, short_exit) = (self.spec.entry, self.spec.exit, self.spec.short_entry, self.spec.short_exit);
        let (stop, take) = (self.spec.stop_loss, self.spec.take_profit);
        let market = self.market(instrument);
        market.graph.evaluate(event, top, market.position);
        let (buy, sell) = (market.graph.holds(entry), market.graph.holds(short_entry));
        if market.blocked && !buy && !sell {
            market.blocked = false;
        }
        let position = market.position;
        if market.working || (position == 0.0 && !buy && !sell) {
            return Ok(());
        }
        let price = price_of(event, top);
        let gain = if position == 0.0 { 0.0 } else { (price / market.entry_price - 1.0) * position.signum() };
        let leave = position != 0.0
            && context.view.now >= market.retry
            && (market.graph.holds(if position > 0.0 { exit } else { short_exit })
                || stop.is_some_and(|s| gain <= -s)
                || take.is_some_and(|t| gain >= t));
        let wish = match () {
            () if position <= 0.0 && buy && !market.blocked => Some(Side::Buy),
            () if position >= 0.0 && sell && !market.blocked => Some(Side::Sell),
            () => None,
        };
        let held = context.view.position(instrument)?.qty.abs();
        let (side, qty) = match wish {
            Some(side) => {
                let touch = if side == Side::Buy { top.ask } else { top.bid };
                let at = if touch.is_positive() { touch.to_f64() } else { price };
                (side, self.size(at, context.view.equity().to_f64()).checked_add(held)?)
            }
            None if leave => (if position > 0.0 { Side::Sell } else { Side::Buy }, held),
            None => return Ok(()),
        };
        if qty.is_positive() {
            context.submit(OrderRequest::market(instrument, side, qty));
            self.market(instrument).working = true;
        }
        Ok(())
    }

    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) -> Result<()> {
        let average = context.view.position(fill.instrument)?.average_price().to_f64();
        let market = self.market(fill.instrument);
        market.position = fill.position.to_f64();
        market.entry_price = average;
        if fill.remaining.is_zero() {
            market.working = false;
        }
        Ok(())
    }

    fn on_order(&mut self, update: &OrderUpdate, context: &mut Context<'_>) -> Result<()> {
        let status = update.order.status();
        if status.is_terminal() {
            let market = self.market(update.order.instrument);
            market.working = false;
            if status == OrderStatus::Refused {
                market.blocked = true;
                market.retry = context.view.now.plus(MINUTE_NS);
            }
        }
        Ok(())
    }
}
