"""Buy and hold with dividends reinvested, against what the factor files imply; adjusted closes against pandas."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tickwright as tw

pytestmark = pytest.mark.oracle

SYMBOLS = ("spy", "aapl", "ibm", "bac", "aig")
CASH = 1_000_000.0


class BuyOnce(tw.Strategy):
    """Buy 1,000 shares on the first bar, then hold."""

    sent = False

    def on_bar(self, bar) -> None:
        if not self.sent:
            self.sent = True
            self.buy(bar.symbol, 1_000, tif="gtc")


def raw(usa: Path, symbol: str) -> pd.DataFrame:
    """The daily file as pandas reads it, prices in dollars, with price factor and split factor of each date."""
    rows = pd.read_csv(
        usa / "daily" / f"{symbol}.zip",
        header=None,
        names=["date", "open", "high", "low", "close", "volume"],
        dtype={"date": str},
    )
    rows["date"] = pd.to_datetime(rows["date"].str[:8])
    rows[["open", "high", "low", "close"]] /= 10_000
    table = pd.read_csv(
        usa / "factor_files" / f"{symbol}.csv", header=None, names=["date", "price", "split", "reference"]
    )
    table["date"] = pd.to_datetime(table["date"].astype(str))
    # A row of the factor file holds up to and including its date: the first row at or after each bar.
    return pd.merge_asof(rows, table[["date", "price", "split"]], on="date", direction="forward")


@pytest.fixture(scope="module")
def usa(data_file) -> Path:
    return data_file("lean/equity/usa")


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_reinvested_dividends_give_the_total_return_of_the_factor_file(usa, symbol, capsys):
    data = tw.feeds.lean(usa / "daily" / f"{symbol}.zip", actions=True)
    began = time.perf_counter()
    result = tw.backtest(
        BuyOnce(),
        data,
        cash=CASH,
        venue=tw.SimVenue(dividends="reinvest", liquidity="unlimited"),
        equity_every="1d",
        mark="last",
    )
    seconds = time.perf_counter() - began
    days = raw(usa, symbol)
    fills = result.fills.to_pylist()
    assert fills[0]["price"] == days["open"][1], "an order sent on the first bar fills at the next open"
    held = result.equity.to_pylist()[-1]
    total = held["gross"] / (fills[0]["qty"] * fills[0]["price"])
    factor = days["price"] * days["split"]
    implied = (days["close"].iloc[-1] * factor.iloc[-1]) / (days["open"][1] * factor[1])
    assert total == pytest.approx(implied, rel=1e-6)
    # Cash is what the first purchase left, to the rounding of the reinvestments.
    assert held["cash"] == pytest.approx(CASH - fills[0]["qty"] * fills[0]["price"], abs=1e-3)
    assert result.stats["events"] == len(days) + len(data.actions)
    with capsys.disabled():
        print(
            f"\n{symbol.upper()} {len(days):,} days: {result.stats['events']:,} events ({len(data.actions)} splits and "
            f"dividends) in {seconds * 1e3:.1f} ms, total return {total - 1:.6%}, off by {abs(total / implied - 1):.1e}"
        )


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_adjusted_closes_are_raw_closes_times_factors(usa, symbol):
    days = raw(usa, symbol)
    for adjust, factor in (("total", days["price"] * days["split"]), ("split", days["split"]), ("none", 1.0)):
        bars = tw.feeds.lean(usa / "daily" / f"{symbol}.zip", adjust=adjust).bars
        assert len(bars) == len(days)
        np.testing.assert_allclose(bars.close / 1e9, days["close"] * factor, rtol=0, atol=5.1e-10)
        volume = days["volume"] if adjust == "none" else days["volume"] / days["split"]
        np.testing.assert_allclose(bars.volume / 1e9, volume, rtol=1e-12)


def test_aigs_reverse_split_makes_one_share_of_twenty_and_keeps_fractions(usa):
    """1,007 shares become 50.35: nothing is truncated or paid out."""

    class Odd(BuyOnce):
        def on_bar(self, bar) -> None:
            if not self.sent:
                self.sent = True
                self.buy(bar.symbol, 1_007, tif="gtc")

    data = tw.feeds.lean(usa / "daily/aig.zip", actions=True).filter(start="2009-06-01", end="2009-08-01")
    result = tw.backtest(Odd(), data, cash=CASH, venue=tw.SimVenue(liquidity="unlimited"), mark="last")
    (position,) = result.positions.to_pylist()
    assert position["qty"] == pytest.approx(50.35, abs=1e-9)
