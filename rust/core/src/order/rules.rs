//! Which orders make sense, and which of them the broker takes. Every message says what would be right.
//!
//! [`OrderRequest::fault`] refuses what no venue could work; [`OrderRequest::broker_fault`] what Alpaca would not take (its pages
//! "Placing Orders", "Fractional Trading", "Crypto Spot Trading Orders").

use super::{OrderClass, OrderRequest, OrderType, TimeInForce};
use crate::types::{Price, SCALE, Side};
use serde::{Deserialize, Serialize};

/// What an instrument is to the broker: which of its rules hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Asset {
    /// Nobody's rules but those that every order must keep.
    #[default]
    Unrestricted,
    /// A US stock or fund at Alpaca.
    UsEquity,
    /// A crypto pair at Alpaca.
    Crypto,
}

/// Whose rules orders must keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Broker {
    /// Nobody's but those of every order.
    #[default]
    Any,
    /// Alpaca's.
    Alpaca,
}

impl Broker {
    /// What the instrument of this symbol is to the broker; Alpaca writes crypto pairs with a slash.
    pub fn asset(self, symbol: &str) -> Asset {
        match self {
            Self::Any => Asset::Unrestricted,
            Self::Alpaca if symbol.contains('/') => Asset::Crypto,
            Self::Alpaca => Asset::UsEquity,
        }
    }
}

/// One dollar: below it prices have four decimals, from it on two (SEC Rule 612).
const DOLLAR: i64 = SCALE;
const CENT: i64 = SCALE / 100;
const TENTH_OF_A_MILL: i64 = SCALE / 10_000;

/// True when a price has more decimals than the exchanges take.
const fn is_sub_penny(price: Price) -> bool {
    let raw = price.raw();
    raw % (if raw >= DOLLAR { CENT } else { TENTH_OF_A_MILL }) != 0
}

impl OrderRequest {
    /// What makes the request impossible to send, if anything does.
    #[inline]
    pub fn fault(&self) -> Option<&'static str> {
        if !self.qty.is_positive() && self.notional.is_none_or(|n| n.raw() <= 0) {
            return Some("quantity must be above zero");
        }
        if self.kind.has_limit() != self.limit.is_some() {
            return Some("a limit price belongs to limit and stop_limit orders, and only to them");
        }
        if self.kind.has_stop() != self.stop.is_some() {
            return Some("a stop price belongs to stop and stop_limit orders, and only to them");
        }
        if self.limit.is_some_and(|p| !p.is_positive()) || self.stop.is_some_and(|p| !p.is_positive()) {
            return Some("prices must be above zero");
        }
        if self.kind.has_stop() && self.tif.is_immediate() {
            return Some("a stop waits for its price: use day or gtc");
        }
        // Of orders in thousands hardly one has anything of the following.
        let plain = self.kind as u8 <= OrderType::StopLimit as u8
            && !self.tif.is_auction()
            && self.class as u8 == OrderClass::Simple as u8
            && !self.extended_hours
            && self.trail.is_none()
            && self.notional.is_none()
            && self.take_profit.is_none()
            && self.stop_loss.is_none();
        if plain { None } else { self.fault_of_special() }
    }

    #[cold]
    fn fault_of_special(&self) -> Option<&'static str> {
        let trailing = self.kind == OrderType::TrailingStop;
        if trailing != self.trail.is_some() {
            return Some("a trail price or percent belongs to trailing_stop orders, and only to them");
        }
        match self.trail {
            Some(super::Trail::Price(p)) if !p.is_positive() => return Some("a trail price must be above zero"),
            Some(super::Trail::PartsPerBillion(ppb)) if !(1..1_000_000_000).contains(&ppb) => {
                return Some("a trail percent must lie above 0 and below 100");
            }
            _ => {}
        }
        if trailing && !matches!(self.tif, TimeInForce::Day | TimeInForce::Gtc) {
            return Some("a trailing stop waits for its price: use day or gtc");
        }
        if self.tif.is_auction() && !matches!(self.kind, OrderType::Market | OrderType::Limit) {
            return Some("opg and cls orders meet an auction: use a market or a limit order");
        }
        if self.extended_hours && (self.kind != OrderType::Limit || self.tif != TimeInForce::Day) {
            return Some("extended hours order must be DAY limit orders: use a limit order with day");
        }
        if self.notional.is_some_and(|n| n.raw() > i128::from(i64::MAX)) {
            return Some("notional is out of range; at most 9,223,372,036 dollars fit");
        }
        if self.notional.is_some() && (trailing || self.tif.is_auction()) {
            return Some("an order by notional must be market, limit, stop or stop_limit, and neither opg nor cls");
        }
        self.fault_of_class()
    }

    fn fault_of_class(&self) -> Option<&'static str> {
        let (profit, loss) = (self.take_profit, self.stop_loss);
        match self.class {
            OrderClass::Simple if profit.is_some() || loss.is_some() => {
                return Some("a simple order has no legs: use class bracket, oco or oto");
            }
            OrderClass::Simple => return None,
            OrderClass::Bracket if profit.is_none() || loss.is_none() => {
                return Some("a bracket needs take_profit and stop_loss; with one of them use class oto");
            }
            OrderClass::Oto if profit.is_some() == loss.is_some() => {
                return Some("an oto has one leg: give take_profit or stop_loss; with both use class bracket");
            }
            OrderClass::Oco if self.kind != OrderType::Limit || profit.is_some() || loss.is_none() => {
                return Some("an oco is a limit order, its take-profit, with a stop_loss");
            }
            _ => {}
        }
        if !matches!(self.tif, TimeInForce::Day | TimeInForce::Gtc) {
            return Some("bracket, oco and oto orders live for a day or until canceled: use day or gtc");
        }
        if self.extended_hours {
            return Some("bracket, oco and oto orders trade in the regular session: leave extended_hours out");
        }
        if self.notional.is_some() {
            return Some("bracket, oco and oto orders need a quantity of shares: give qty in the place of notional");
        }
        let positive = |p: Price| p.is_positive();
        if !(profit.is_none_or(positive) && loss.is_none_or(|l| positive(l.stop) && l.limit.is_none_or(positive))) {
            return Some("prices of the legs must be above zero");
        }
        let exit = if self.class == OrderClass::Oco { self.side } else { self.side.opposite() };
        let profit = if self.class == OrderClass::Oco { self.limit } else { profit };
        match (exit, profit, loss) {
            (Side::Sell, Some(profit), Some(loss)) if profit <= loss.stop => {
                Some("take_profit.limit_price must be above stop_loss.stop_price for legs that sell")
            }
            (Side::Buy, Some(profit), Some(loss)) if profit >= loss.stop => {
                Some("take_profit.limit_price must be below stop_loss.stop_price for legs that buy")
            }
            _ => None,
        }
    }

    /// What the broker would not take of a request without [`Self::fault`], if anything.
    pub fn broker_fault(&self, asset: Asset) -> Option<&'static str> {
        match asset {
            Asset::Unrestricted => None,
            Asset::Crypto => self.crypto_fault(),
            Asset::UsEquity => self.equity_fault(),
        }
    }

    fn crypto_fault(&self) -> Option<&'static str> {
        if !matches!(self.kind, OrderType::Market | OrderType::Limit | OrderType::StopLimit) {
            return Some("crypto orders are market, limit or stop_limit");
        }
        if !matches!(self.tif, TimeInForce::Gtc | TimeInForce::Ioc) {
            return Some("crypto orders live until canceled or trade at once: use gtc or ioc");
        }
        if self.class != OrderClass::Simple {
            return Some("crypto orders have no legs: use class simple");
        }
        self.extended_hours.then_some("crypto trades round the clock: leave extended_hours out")
    }

    fn equity_fault(&self) -> Option<&'static str> {
        let fractional = self.notional.is_some() || self.qty.raw() % SCALE != 0;
        if fractional && self.tif != TimeInForce::Day {
            return Some("fractional orders must be DAY orders");
        }
        if fractional && self.kind == OrderType::TrailingStop {
            return Some("fractional orders must be market, limit, stop or stop_limit");
        }
        if fractional && self.class != OrderClass::Simple {
            return Some("fractional orders must be simple orders: use whole shares with legs");
        }
        if self.notional.is_some_and(|n| n.raw() < i128::from(SCALE)) {
            return Some("notional must be at least 1 dollar");
        }
        let prices = [self.limit, self.stop, self.take_profit, self.stop_loss.map(|l| l.stop), self.stop_loss.and_then(|l| l.limit)];
        if prices.into_iter().flatten().any(is_sub_penny) {
            return Some("sub-penny increment does not fulfill minimum pricing criteria: two decimals from 1 dollar on, four below");
        }
        None
    }
}
