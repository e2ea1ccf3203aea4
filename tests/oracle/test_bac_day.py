"""BAC 2013-10-07, a whole day of quotes and trades, through the command line: a rule file and a Python strategy."""

from __future__ import annotations

import bisect
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tickwright as tw

pytestmark = pytest.mark.oracle

EVENTS = 565_027
QUOTES = 476_855
CASH = 100_000.0
LATENCY_NS = 40_000_000

EVERY_FIVE_THOUSAND = '''
import tickwright as tw


class InAndOut(tw.Strategy):
    """Buys 100 shares at every second five-thousandth quote and sells them at the next."""

    quotes = trades = 0

    def on_quote(self, quote):
        self.quotes += 1
        if self.quotes % 5_000 == 0 and quote.bid > 0 and quote.ask > 0:
            if self.position(quote.symbol).qty:
                self.close(quote.symbol)
            else:
                self.buy(quote.symbol, 100)

    def on_trade(self, trade):
        self.trades += 1

    def on_stop(self):
        assert (self.quotes, self.trades) == (476_855, 88_172), (self.quotes, self.trades)
'''


def run(strategy: Path, day: Path, out: Path) -> dict:
    """Run the command and give its JSON."""
    command = [
        sys.executable,
        "-m",
        "tickwright.cli",
        "backtest",
        str(strategy),
        "--data",
        str(day),
        "--symbol",
        "BAC",
        "--cash",
        "100000",
    ]
    command += ["--latency-ms", "40", "--fees", "per-share:0.005:1", "--out", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def day(data_file) -> Path:
    return data_file("lean/equity/usa/tick/bac")


@pytest.fixture(scope="module")
def strategies(root, tmp_path_factory) -> dict[str, Path]:
    path = tmp_path_factory.mktemp("strategies") / "in_and_out.py"
    path.write_text(EVERY_FIVE_THOUSAND)
    return {"rules": root / "examples" / "ema_cross.toml", "python": path}


@pytest.fixture(scope="module")
def runs(day, strategies, tmp_path_factory) -> dict[str, tuple[dict, Path]]:
    out = tmp_path_factory.mktemp("out")
    return {kind: (run(path, day, out / kind), out / kind) for kind, path in strategies.items()}


@pytest.mark.parametrize("kind", ["rules", "python"])
def test_every_event_of_the_day_is_run(runs, kind):
    told, _ = runs[kind]
    assert (
        told["stats"]["events"]
        == told["meta"]["events"]
        == told["data_report"]["events"]
        == told["data_report"]["rows"]
        == EVENTS
    )
    assert all(fault["dropped"] == 0 for fault in told["data_report"]["faults"].values())
    assert told["stats"]["fills"] > 0


@pytest.mark.parametrize("kind", ["rules", "python"])
def test_cash_and_equity_follow_from_the_fills(runs, kind):
    told, out = runs[kind]
    fills = pq.read_table(out / "fills.parquet").to_pylist()
    equity = pq.read_table(out / "equity.parquet").to_pylist()
    signed = [(f["qty"] if f["side"] == "buy" else -f["qty"]) for f in fills]
    cash = CASH - sum(q * f["price"] + f["fee"] for q, f in zip(signed, fills, strict=True))
    assert equity[-1]["cash"] == pytest.approx(cash, abs=1e-6)
    assert all(point["equity"] == pytest.approx(point["cash"] + point["net"], abs=1e-6) for point in equity)
    assert told["stats"]["end_equity"] == pytest.approx(equity[-1]["equity"], abs=1e-9)
    assert told["stats"]["fees"] == pytest.approx(sum(max(1.0, 0.005 * f["qty"]) for f in fills), abs=1e-9)
    held = 0.0
    for quantity, fill in zip(signed, fills, strict=True):
        held += quantity
        assert fill["position"] == held
    assert sum(p["qty"] for p in pq.read_table(out / "positions.parquet").to_pylist()) == held


@pytest.mark.parametrize("kind", ["rules", "python"])
def test_market_orders_fill_at_a_quote_that_stood_no_earlier_than_their_latency(runs, day, kind):
    """One buys at the ask and sells at the bid of the moment of the fill, 40 ms or more after the order."""
    _, out = runs[kind]
    quotes = tw.feeds.lean(day / "20131007_quote.zip").quotes
    assert len(quotes) == QUOTES
    times, asks, bids = quotes.ts.tolist(), quotes.ask.tolist(), quotes.bid.tolist()
    orders = {o["id"]: o for o in pq.read_table(out / "orders.parquet").to_pylist()}
    fills = pq.read_table(out / "fills.parquet").to_pylist()
    for fill in fills:
        arrived = fill["ts"].value
        assert arrived - orders[fill["order_id"]]["submitted"].value >= LATENCY_NS
        # Of one millisecond any quote may be the one: the files have no finer time.
        first, last = bisect.bisect_left(times, arrived) - 1, bisect.bisect_right(times, arrived)
        side = asks if fill["side"] == "buy" else bids
        assert round(fill["price"] * 1e9) in side[max(first, 0) : last], fill


def test_a_second_run_gives_the_same_bytes(runs, strategies, day, tmp_path):
    told, out = runs["python"]
    again = run(strategies["python"], day, tmp_path / "again")
    assert again["digest"] == told["digest"]
    for path in sorted(out.iterdir()):
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name
