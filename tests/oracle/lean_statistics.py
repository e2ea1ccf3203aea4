"""Lean's statistics, restated from their definitions and computed from our result tables.

Sampling, found by trying which convention gives the printed figures: equity and benchmark are read at midnight in
New York of every calendar day, weekends too, from the start on, and once more at 16:00 of the last day. The first
day's return is left out. The benchmark is SPY's close, adjusted by the factor file and rounded to seven
significant digits. The riskless rate is the mean over the samples of the primary credit rate of the day; before
the first row of its file, that row's.
"""

from __future__ import annotations

import bisect
import csv
import datetime as dt
import math
import zipfile
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

NEW_YORK = ZoneInfo("America/New_York")
DAYS_A_YEAR = 252
OUT_OF_SCOPE = ("Estimated Strategy Capacity", "Lowest Capacity Asset")

DECIMALS = {
    "Total Orders": 0,
    "Average Win": 2,
    "Average Loss": 2,
    "Compounding Annual Return": 3,
    "Drawdown": 3,
    "Expectancy": 3,
    "Start Equity": 2,
    "End Equity": 2,
    "Net Profit": 3,
    "Sharpe Ratio": 3,
    "Sortino Ratio": 3,
    "Probabilistic Sharpe Ratio": 3,
    "Loss Rate": 0,
    "Win Rate": 0,
    "Profit-Loss Ratio": 2,
    "Alpha": 3,
    "Beta": 3,
    "Annual Standard Deviation": 3,
    "Annual Variance": 3,
    "Information Ratio": 3,
    "Tracking Error": 3,
    "Treynor Ratio": 3,
    "Total Fees": 2,
    "Portfolio Turnover": 2,
    "Drawdown Recovery": 0,
}

Series = list[tuple[dt.datetime, float]]


def local(ns: int) -> dt.datetime:
    """Wall time in New York."""
    return dt.datetime.fromtimestamp(ns / 1e9, NEW_YORK).replace(tzinfo=None)


def at(series: Series, moment: dt.datetime) -> float | None:
    """The last value at or before `moment`."""
    found = bisect.bisect_right(series, (moment, math.inf))
    return series[found - 1][1] if found else None


def factors(usa: Path, symbol: str) -> list[tuple[str, float]]:
    """Last date and price factor × split factor of each row."""
    with (usa / "factor_files" / f"{symbol}.csv").open() as file:
        return [(row[0], float(row[1]) * float(row[2])) for row in csv.reader(file)]


def daily_closes(usa: Path, symbol: str) -> Series:
    """Adjusted closes, known at 16:00."""
    adjust = factors(usa, symbol)
    with zipfile.ZipFile(usa / "daily" / f"{symbol}.zip") as archive:
        rows = list(csv.reader(archive.read(archive.namelist()[0]).decode().split()))
    # "YYYYMMDD HH:MM,open,…" falls apart at the blank: the first half is the date.
    dates, values = rows[0::2], rows[1::2]
    closes: Series = []
    for (date,), row in zip(dates, values, strict=True):
        factor = next((f for last, f in adjust if date <= last), 1.0)
        closes.append((dt.datetime.strptime(date, "%Y%m%d") + dt.timedelta(hours=16), int(row[4]) / 1e4 * factor))
    return closes


def riskless(path: Path) -> Series:
    """Primary credit rate by date."""
    with path.open() as file:
        rows = list(csv.reader(file))[1:]
    return [(dt.datetime.fromisoformat(date), float(percent) / 100) for date, percent in rows]


def seven_digits(x: float) -> float:
    """`x` to seven significant digits."""
    return round(x, 6 - math.floor(math.log10(abs(x))))


@dataclass
class Run:
    """What the statistics are made of."""

    start: dt.datetime
    end: dt.datetime
    equity: Series
    fills: list[dict]
    profits: list[float]
    orders: int

    @classmethod
    def of(cls, result, start: str, end: str) -> Run:
        """From our tables; `end` is the last day's 16:00."""
        table = result.equity
        moments = [local(ns) for ns in table["ts"].cast("int64").to_pylist()]
        return cls(
            start=dt.datetime.fromisoformat(start),
            end=dt.datetime.fromisoformat(end),
            equity=list(zip(moments, table["equity"].to_pylist(), strict=True)),
            fills=result.fills.to_pylist(),
            profits=[trip["pnl"] for trip in result.trips.to_pylist()],
            orders=result.stats["orders"],
        )

    def with_cash(self, amount: float, since: dt.datetime) -> Run:
        """The same run with `amount` more cash from `since` on."""
        moved = [(t, e + amount if t >= since else e) for t, e in self.equity]
        return Run(self.start, self.end, moved, self.fills, self.profits, self.orders)

    @property
    def samples(self) -> list[dt.datetime]:
        """Every midnight, and the end."""
        nights = (self.end - self.start).days + 1
        return [self.start + dt.timedelta(days=n) for n in range(nights)] + [self.end]


def annual(returns: np.ndarray) -> float:
    """(1 + mean)^252 − 1."""
    return float((1 + returns.mean()) ** DAYS_A_YEAR - 1)


def variance(returns: np.ndarray) -> float:
    """Sample variance, a year; 0 for fewer than two."""
    return float(returns.var(ddof=1) * DAYS_A_YEAR) if len(returns) > 1 else 0.0


def over(numerator: float, denominator: float) -> float:
    """The quotient, 0 where the denominator is 0."""
    return numerator / denominator if denominator else 0.0


def probabilistic_sharpe(returns: np.ndarray, riskless_rate: float) -> float:
    """Probability that the yearly Sharpe ratio is above one (Bailey and López de Prado 2012).

    Skewness and kurtosis are corrected for bias. The kurtosis put into the formula is the excess, where
    the paper has the full one.
    """
    n, deviation = len(returns), returns.std(ddof=1)
    if not deviation:
        return 0.0
    sharpe = (returns.mean() - riskless_rate / DAYS_A_YEAR) / deviation
    z = (returns - returns.mean()) / deviation
    skewness = n / ((n - 1) * (n - 2)) * (z**3).sum() if n > 2 else math.nan
    kurtosis = math.nan
    if n > 3:
        kurtosis = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * (z**4).sum() - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    spread = (1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2) / (n - 1)
    if not spread > 0:
        return 0.0
    return 0.5 * (1 + math.erf((sharpe - 1 / math.sqrt(DAYS_A_YEAR)) / math.sqrt(2 * spread)))


def drawdown(curve: Series) -> tuple[float, int]:
    """Deepest fall from a peak, to three decimals; and the longest way back.

    The way back runs from the first point below a peak (not the peak) to the first at or above it, in days, rounded.
    """
    peak, deepest, longest, below_since = curve[0][1], 0.0, 0, None
    for moment, value in curve:
        if value >= peak:
            if below_since is not None:
                longest = max(longest, round((moment - below_since).total_seconds() / 86_400))
            peak, below_since = value, None
        else:
            deepest = max(deepest, 1 - value / peak)
            below_since = below_since or moment
    return round(deepest, 3), longest


def statistics(run: Run, benchmark: Series, rates: Series, cash: float = 100_000.0) -> dict[str, float]:
    """Every statistic that is in scope, by Lean's name; percentages as percent."""
    samples = run.samples
    equity = [at(run.equity, t) or cash for t in samples]
    index = [seven_digits(close) if (close := at(benchmark, t)) else 0.0 for t in samples]
    # Lean keeps a day's return as percent with ten decimals.
    own = np.array([round((b - a) * 100 / a, 10) / 100 for a, b in pairwise(equity)][1:])
    market = np.array([b / a - 1 if a else 0.0 for a, b in pairwise(index)][1:])
    free = float(np.mean([at(rates, t) or rates[0][1] for t in samples]))
    years = (run.end - run.start).total_seconds() / 86_400 / 365
    mine, theirs, deviation = annual(own), annual(market), math.sqrt(variance(own))
    beta = over(float(np.cov(own, market, ddof=1)[0, 1]), float(market.var(ddof=1)))
    tracking = math.sqrt(variance(own - market))

    wins, losses, capital = [], [], cash
    for profit in run.profits:
        (wins if profit > 0 else losses).append(profit / capital)
        capital += profit
    trades = len(wins) + len(losses)
    average_win, average_loss = over(sum(wins), len(wins)), over(sum(losses), len(losses))
    payoff = over(average_win, abs(average_loss))
    win_rate, loss_rate = over(len(wins), trades), over(len(losses), trades)

    bounds = pairwise(samples)
    traded = [sum(f["qty"] * f["price"] for f in run.fills if a < local(f["ts"].value) <= b) for a, b in bounds]
    deepest, recovery = drawdown([(run.start, cash), *run.equity])
    return {
        "Total Orders": run.orders,
        "Average Win": average_win * 100,
        "Average Loss": average_loss * 100,
        "Compounding Annual Return": ((equity[-1] / cash) ** (1 / years) - 1) * 100,
        "Drawdown": deepest * 100,
        "Expectancy": win_rate * payoff - loss_rate,
        "Start Equity": cash,
        "End Equity": equity[-1],
        "Net Profit": (equity[-1] / cash - 1) * 100,
        "Sharpe Ratio": over(mine - free, deviation),
        "Sortino Ratio": over(mine - free, math.sqrt(variance(own[own < 0]))),
        "Probabilistic Sharpe Ratio": probabilistic_sharpe(own, free) * 100,
        "Loss Rate": loss_rate * 100,
        "Win Rate": win_rate * 100,
        "Profit-Loss Ratio": payoff,
        "Alpha": mine - (free + beta * (theirs - free)) if beta else 0.0,
        "Beta": beta,
        "Annual Standard Deviation": deviation,
        "Annual Variance": variance(own),
        "Information Ratio": over(mine - theirs, tracking),
        "Tracking Error": tracking,
        "Treynor Ratio": over(mine - free, beta),
        "Total Fees": sum(f["fee"] for f in run.fills),
        "Portfolio Turnover": float(np.mean([t / e for t, e in zip(traded, equity[1:], strict=True)])) * 100,
        "Drawdown Recovery": recovery,
    }


def equal(name: str, value: float, printed: str) -> bool:
    """Is `value`, rounded as Lean rounds this statistic, the printed figure?"""
    if not math.isfinite(value):
        return False
    # Fees go through a format, which rounds half up; the rest is rounded half to even.
    exact = Decimal(repr(round(value, 9)))
    unit = Decimal(1).scaleb(-DECIMALS[name])
    return exact.quantize(unit, ROUND_HALF_UP if name == "Total Fees" else ROUND_HALF_EVEN) == Decimal(
        printed.strip("$%")
    )


def matches(computed: dict[str, float], expected: dict[str, str]) -> list[str]:
    """Names of the statistics that are equal."""
    return [name for name, value in computed.items() if equal(name, value, expected[name])]


def misses(computed: dict[str, float], expected: dict[str, str]) -> dict[str, tuple[float, str]]:
    """The others: computed and printed."""
    return {name: (value, expected[name]) for name, value in computed.items() if not equal(name, value, expected[name])}
