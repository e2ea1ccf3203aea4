"""The same run gives the same bytes, in whichever process and how often."""

import os
import shutil
import subprocess
import sys

import pytest

import tickwright as tw
from tickwright import signal as s

RUN = """
import tickwright as tw


class Noisy(tw.Strategy):
    def on_start(self):
        self.subscribe(kind="bars", bars="1m")

    def on_bar(self, bar):
        held = {symbol for symbol in self.symbols if self.position(symbol).qty}
        if bar.close > bar.open and bar.symbol not in held:
            self.buy(bar.symbol, 10, limit=round(bar.close, 2), tif="gtc")
        elif bar.close < bar.open and bar.symbol in held:
            self.close(bar.symbol)


day = tw.feeds.synthetic(seed=5, symbols=["ALFA", "BETA", "GAMA"], events_scale=0.05)
venue = tw.SimVenue(latency_ms=15, latency_jitter_ms=10, seed=2)
result = tw.backtest(Noisy(), day, venue=venue)
assert result.stats["fills"] > 50
print(result.digest)
"""


def digest(hash_seed):
    env = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, "-c", RUN]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=120).stdout


def test_two_processes_with_different_hash_seeds_give_one_digest():
    assert digest(1) == digest(2)


def test_a_run_saved_twice_gives_the_same_bytes(tmp_path):
    def save(folder, threads):
        day = tw.feeds.synthetic(seed=7, symbols=["ALFA", "BETA"], events_scale=0.05, threads=threads)
        rule = tw.Rules(entry=s.rsi(s.close, 14) < 40, exit=s.rsi(s.close, 14) > 55, size=tw.Fraction(0.3), bars="1m")
        tw.backtest(rule, day, venue=tw.SimVenue(latency_ms=20, latency_jitter_ms=5, seed=3)).save(folder)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    first, second = save(tmp_path / "one", threads=1), save(tmp_path / "two", threads=2)
    assert "fills.parquet" in first
    assert "report.html" in first
    assert first == second


def test_another_seed_of_the_market_gives_another_digest():
    rule = tw.Rules(entry=s.close > s.open, exit=s.close < s.open, size=tw.Shares(10), bars="1m")
    digests = {
        tw.backtest(rule, tw.feeds.synthetic(seed=seed, symbols=["ALFA"], events_scale=0.05)).digest for seed in (1, 2)
    }
    assert len(digests) == 2


def test_the_core_alone_and_python_give_one_digest(root):
    cargo = shutil.which("cargo")
    if cargo is None:
        assert not os.environ.get("CI"), "the comparison with the core needs cargo, and CI has it"
        pytest.skip("cargo is not installed: nothing to compare with")
    command = [cargo, "run", "--release", "--quiet", "--package", "tickwright-core", "--example", "demo_digest"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    fast, slow = s.ema(s.close, 10), s.ema(s.close, 30)
    rule = tw.Rules(entry=s.cross_above(fast, slow), exit=s.cross_below(fast, slow), size=tw.Fraction(0.2), bars="1m")
    venue = tw.SimVenue(latency_ms=40, fees=tw.fees.PerShare(0.005, minimum=1.0))
    result = tw.backtest(rule, tw.feeds.synthetic(seed=7), venue=venue)
    assert done.stdout.split() == [result.digest, str(result.stats["fills"]), "fills"]
    assert result.stats["fills"] > 50


def test_the_order_of_data_and_the_threads_that_made_them_change_nothing():
    rule = tw.Rules(entry=s.close > s.open, exit=s.close < s.open, size=tw.Shares(10), bars="1m")
    market = {"seed": 7, "symbols": ["ALFA", "BETA", "GAMA", "DELT"], "events_scale": 0.05}
    whole = tw.feeds.synthetic(**market)
    assert tw.backtest(rule, tw.feeds.synthetic(**market, threads=4)).digest == tw.backtest(rule, whole).digest

    # Parts of one symbol in time are the whole, whatever the order they are given in.
    one = whole.filter(symbols="ALFA")
    middle = (one.start + one.end) // 2
    early, late = one.filter(end=middle), one.filter(start=middle)
    digest = tw.backtest(rule, one).digest
    assert tw.backtest(rule, [early, late]).digest == digest
    assert tw.backtest(rule, [late, early]).digest == digest

    # Several symbols get their ids in the order they are given; what each of them traded stays the same.
    parts = [whole.filter(symbols=symbol) for symbol in whole.symbols]

    def trades(result):
        columns = ("ts", "symbol", "side", "qty", "price")
        return sorted(zip(*(result.fills[c].to_pylist() for c in columns), strict=True))

    assert (
        trades(tw.backtest(rule, parts[::-1])) == trades(tw.backtest(rule, parts)) == trades(tw.backtest(rule, whole))
    )
