"""The same run gives the same bytes, in whichever process and how often."""

import os
import subprocess
import sys

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
