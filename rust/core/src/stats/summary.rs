//! [`summarize`]: one run in figures.

use super::periods::{PeriodReturns, period_returns};
use super::returns::{
    annual_volatility, expected_shortfall, finite, growth_rate, kurtosis, ratio, sharpe, skewness, sortino, value_at_risk,
};
use super::{EquityPoint, RoundTrip, StatsConfig, Totals};
use crate::types::{DAY_NS, Error, Money, Result};

/// A calendar year: 365.25 days.
const YEAR_NS: f64 = 365.25 * DAY_NS as f64;
/// Tail of the value at risk and the expected shortfall.
const TAIL: f64 = 0.05;

macro_rules! summary {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $float:expr;)+) => {
        /// A run in figures. Amounts in dollars, rates as fractions, durations in nanoseconds.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Summary {
            $($(#[$doc])* pub $field: $type,)+
        }

        impl Summary {
            /// Every figure by name, as a float, in the order of the declaration.
            pub fn entries(&self) -> Vec<(&'static str, Option<f64>)> {
                vec![$((stringify!($field), { let read: fn(&$type) -> Option<f64> = $float; read(&self.$field) })),+]
            }
        }
    };
}

summary! {
    /// Equity before the first event.
    start_equity: Money = |x| Some(x.to_f64());
    /// Equity at the last point.
    end_equity: Money = |x| Some(x.to_f64());
    /// End less start.
    net_pnl: Money = |x| Some(x.to_f64());
    /// End ÷ start − 1.
    total_return: Option<f64> = |x| *x;
    /// (End ÷ start)^(1 ÷ years) − 1, years of 365.25 days from the first point to the last; undefined below one day.
    cagr: Option<f64> = |x| *x;
    /// Sample deviation of period returns, annualised.
    annual_volatility: Option<f64> = |x| *x;
    /// Mean excess return ÷ sample deviation, annualised.
    sharpe: Option<f64> = |x| *x;
    /// Mean return ÷ downside deviation below 0, annualised.
    sortino: Option<f64> = |x| *x;
    /// `cagr ÷ max_drawdown`.
    calmar: Option<f64> = |x| *x;
    /// Largest loss from a peak as a fraction of it, seen at every event.
    max_drawdown: Option<f64> = |x| *x;
    /// The same, seen at the points only.
    max_drawdown_sampled: Option<f64> = |x| *x;
    /// Longest time under water: from the last point at a peak to the first at or above it again, or to the end.
    max_drawdown_duration_ns: i64 = |x| Some(*x as f64);
    /// Skewness of period returns.
    skewness: Option<f64> = |x| *x;
    /// Excess kurtosis of period returns.
    kurtosis: Option<f64> = |x| *x;
    /// Loss at the 5 % quantile of period returns, positive.
    value_at_risk: Option<f64> = |x| *x;
    /// Mean loss of the worst 5 % of periods, positive.
    expected_shortfall: Option<f64> = |x| *x;
    /// Period returns behind the figures above.
    periods: u64 = |x| Some(*x as f64);
    /// Periods that make a year.
    periods_per_year: f64 = |x| Some(*x);
    /// Round trips.
    trades: u64 = |x| Some(*x as f64);
    /// Share of round trips with a profit after fees.
    hit_rate: Option<f64> = |x| *x;
    /// Sum of profits ÷ sum of losses.
    profit_factor: Option<f64> = |x| *x;
    /// Mean profit of the round trips that won.
    average_win: Option<f64> = |x| *x;
    /// Mean loss of the round trips that lost, positive.
    average_loss: Option<f64> = |x| *x;
    /// `average_win ÷ average_loss`.
    payoff_ratio: Option<f64> = |x| *x;
    /// Mean profit of all round trips.
    expectancy: Option<f64> = |x| *x;
    /// Profit of the best round trip.
    best_trade: Option<Money> = |x| x.map(Money::to_f64);
    /// Profit of the worst round trip.
    worst_trade: Option<Money> = |x| x.map(Money::to_f64);
    /// Traded notional ÷ time-weighted mean equity, over the whole run.
    turnover: Option<f64> = |x| *x;
    /// Share of the time with a position.
    exposure_time: Option<f64> = |x| *x;
    /// Time-weighted mean of gross position value ÷ equity.
    exposure_gross: Option<f64> = |x| *x;
    /// Notional of all fills.
    traded_notional: Money = |x| Some(x.to_f64());
    /// Fees paid.
    fees: Money = |x| Some(x.to_f64());
    /// Slippage paid.
    slippage: Money = |x| Some(x.to_f64());
    /// Orders accepted by risk.
    orders: u64 = |x| Some(*x as f64);
    /// Fills.
    fills: u64 = |x| Some(*x as f64);
    /// Orders that risk refused.
    refusals: u64 = |x| Some(*x as f64);
}

/// Loss from the peak, worst and longest, over the points.
fn drawdown(points: &[EquityPoint], start_equity: Money) -> (Option<f64>, i64) {
    let Some(first) = points.first() else { return (None, 0) };
    let (mut peak, mut peak_at) = (start_equity, first.ts);
    let (mut worst, mut longest) = (Some(0.0_f64), 0);
    let mut under = false;
    for point in points {
        if under || point.equity < peak {
            longest = longest.max(point.ts.since(peak_at));
        }
        under = point.equity < peak;
        if under {
            let depth = if peak > Money::ZERO { finite((peak.to_f64() - point.equity.to_f64()) / peak.to_f64()) } else { None };
            worst = worst.zip(depth).map(|(a, b)| a.max(b));
        } else {
            (peak, peak_at) = (point.equity, point.ts);
        }
    }
    (worst, longest)
}

/// Means over time, each point holding until the next.
struct TimeMeans {
    equity: Option<f64>,
    exposure_time: Option<f64>,
    exposure_gross: Option<f64>,
}

fn time_means(points: &[EquityPoint]) -> TimeMeans {
    let (mut span, mut exposed, mut equity, mut leverage) = (0.0, 0.0, 0.0, Some(0.0));
    for pair in points.windows(2) {
        let (point, ns) = (&pair[0], pair[1].ts.since(pair[0].ts) as f64);
        span += ns;
        equity += ns * point.equity.to_f64();
        if point.gross > Money::ZERO {
            exposed += ns;
            let share = if point.equity > Money::ZERO { ratio(point.gross.to_f64(), point.equity.to_f64()) } else { None };
            leverage = leverage.zip(share).map(|(sum, share)| sum + ns * share);
        }
    }
    if span == 0.0 {
        return TimeMeans { equity: points.last().map(|p| p.equity.to_f64()), exposure_time: None, exposure_gross: None };
    }
    TimeMeans {
        equity: finite(equity / span),
        exposure_time: finite(exposed / span),
        exposure_gross: leverage.and_then(|sum| finite(sum / span)),
    }
}

/// Figures of the round trips.
fn trades(trips: &[RoundTrip], summary: &mut Summary) -> Result<()> {
    let (mut won, mut lost, mut wins, mut losses) = (Money::ZERO, Money::ZERO, 0_u64, 0_u64);
    for trip in trips {
        if trip.pnl > Money::ZERO {
            won = won.checked_add(trip.pnl)?;
            wins += 1;
        } else if trip.pnl < Money::ZERO {
            lost = lost.checked_sub(trip.pnl)?;
            losses += 1;
        }
    }
    let count = trips.len() as f64;
    summary.trades = trips.len() as u64;
    summary.hit_rate = ratio(wins as f64, count);
    summary.profit_factor = ratio(won.to_f64(), lost.to_f64());
    summary.average_win = ratio(won.to_f64(), wins as f64);
    summary.average_loss = ratio(lost.to_f64(), losses as f64);
    summary.payoff_ratio = summary.average_win.zip(summary.average_loss).and_then(|(win, loss)| ratio(win, loss));
    summary.expectancy = ratio(won.checked_sub(lost)?.to_f64(), count);
    summary.best_trade = trips.iter().map(|t| t.pnl).max();
    summary.worst_trade = trips.iter().map(|t| t.pnl).min();
    Ok(())
}

/// The figures of a run: equity over time (sorted by time), round trips, the engine's counts.
///
/// Without points the account is taken to have stood at its start; figures that need more are `None`.
pub fn summarize(points: &[EquityPoint], trips: &[RoundTrip], totals: &Totals, config: &StatsConfig) -> Result<Summary> {
    config.validate()?;
    if let Some(i) = points.windows(2).position(|w| w[1].ts < w[0].ts) {
        let place = format!("equity point {} at {}", i + 1, points[i + 1].ts);
        return Err(Error::data(place, "lies before its predecessor; sort the points by time"));
    }
    let start_equity = totals.start_equity;
    let end_equity = points.last().map_or(start_equity, |p| p.equity);
    let growth = if start_equity > Money::ZERO { ratio(end_equity.to_f64(), start_equity.to_f64()) } else { None };
    let span_ns = points.first().zip(points.last()).map_or(0, |(a, b)| b.ts.since(a.ts));
    let cagr = growth.filter(|_| span_ns >= DAY_NS).and_then(|g| growth_rate(g, span_ns as f64 / YEAR_NS));
    let (max_drawdown_sampled, max_drawdown_duration_ns) = drawdown(points, start_equity);
    let max_drawdown = finite(totals.max_drawdown_tick);
    let means = time_means(points);
    let PeriodReturns { returns, per_year } = period_returns(points, start_equity, config)?;
    let mut summary = Summary {
        start_equity,
        end_equity,
        net_pnl: end_equity.checked_sub(start_equity)?,
        total_return: growth.map(|g| g - 1.0),
        cagr,
        annual_volatility: annual_volatility(&returns, per_year),
        sharpe: sharpe(&returns, config.risk_free_annual / per_year, per_year),
        sortino: sortino(&returns, 0.0, per_year),
        calmar: cagr.zip(max_drawdown).and_then(|(c, d)| ratio(c, d)),
        max_drawdown,
        max_drawdown_sampled,
        max_drawdown_duration_ns,
        skewness: skewness(&returns),
        kurtosis: kurtosis(&returns),
        value_at_risk: value_at_risk(&returns, TAIL),
        expected_shortfall: expected_shortfall(&returns, TAIL),
        periods: returns.len() as u64,
        periods_per_year: per_year,
        turnover: means.equity.filter(|e| *e > 0.0).and_then(|e| ratio(totals.traded_notional.to_f64(), e)),
        exposure_time: means.exposure_time,
        exposure_gross: means.exposure_gross,
        traded_notional: totals.traded_notional,
        fees: totals.fees,
        slippage: totals.slippage,
        orders: totals.orders,
        fills: totals.fills,
        refusals: totals.refusals,
        ..Summary::default()
    };
    trades(trips, &mut summary)?;
    Ok(summary)
}
