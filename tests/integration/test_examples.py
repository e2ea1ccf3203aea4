"""The programs of examples/ run as a reader would run them, from the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tickwright as tw

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    tw.feeds.write(tw.feeds.synthetic(seed=7, symbols=["ALFA", "BETA"], events_scale=0.2), folder / "day")
    return folder


def backtest(place, example, *flags):
    command = [
        sys.executable,
        "-m",
        "tickwright.cli",
        "backtest",
        str(EXAMPLES / example),
        "--data",
        "day",
        "--json",
        *flags,
    ]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_no_example_is_without_a_test():
    assert sorted(p.name for p in EXAMPLES.iterdir() if p.is_file()) == [
        "ema_cross.py",
        "ema_cross.toml",
        "embed.py",
        "market_maker.py",
    ]


def test_the_class_and_the_rules_of_the_same_strategy_trade_alike(place):
    python = backtest(place, "ema_cross.py", "--out", "python")["stats"]
    rules = backtest(place, "ema_cross.toml", "--out", "rules")["stats"]
    assert python["fills"] > 10
    columns = ["ts", "symbol", "side", "qty", "price"]
    fills = [
        pq.read_table(place / folder / "fills.parquet", columns=columns).to_pylist() for folder in ("python", "rules")
    ]
    assert fills[0] == fills[1]
    assert python["end_equity"] == rules["end_equity"]


def test_parameters_of_the_examples_change_what_they_do(place):
    python, rules = backtest(place, "ema_cross.py"), backtest(place, "ema_cross.toml")
    assert backtest(place, "ema_cross.py", "--param", "fast=5")["digest"] != python["digest"]
    assert backtest(place, "ema_cross.toml", "--param", "n=5")["digest"] != rules["digest"]


def test_the_market_maker_quotes_both_sides_replaces_and_ends_flat(place):
    stats = backtest(place, "market_maker.py", "--latency-ms", "5", "--max-position-qty", "700", "--out", "maker")[
        "stats"
    ]
    assert stats["fills"] > 20
    orders = pq.read_table(place / "maker" / "orders.parquet").to_pylist()
    assert {o["side"] for o in orders if o["type"] == "limit"} == {"buy", "sell"}
    assert sum(o["status"] == "replaced" for o in orders) > 20
    fills = pq.read_table(place / "maker" / "fills.parquet").to_pylist()
    assert any(f["maker"] for f in fills)
    assert max(abs(f["position"]) for f in fills) <= 700
    positions = pq.read_table(place / "maker" / "positions.parquet").to_pylist()
    assert [p["qty"] for p in positions] == [0.0, 0.0]


def test_the_embedding_example_prints_one_json_object(tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "embed.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["fills"] > 0
    assert printed["ema"]["batch"] == printed["ema"]["streaming"]
    assert printed["five_minutes"]["bars"] == 77  # the last one is not over when the data end
