"""pytest-benchmark: backtests of one symbol, by kind of strategy."""

import pytest

from benches.measures_engine import backtest, market, python_strategy, rules

QUOTES = 200_000


@pytest.mark.parametrize("kind", ["idle", "rare", "ema_cross"])
def test_rules(benchmark, kind):
    data, strategy = market(QUOTES), rules(kind)
    benchmark.extra_info["events"] = QUOTES
    result = benchmark(backtest, strategy, data)
    assert result.stats["events"] == QUOTES


def test_python_strategy_that_counts(benchmark):
    data = market(QUOTES)
    benchmark.extra_info["events"] = QUOTES
    benchmark(lambda: backtest(python_strategy("idle"), data))


@pytest.mark.parametrize("every", ["1s", "1m"])
def test_equity_curve_by_its_step(benchmark, every):
    import tickwright as tw

    data, strategy = market(QUOTES), rules("rare")
    result = benchmark(tw.backtest, strategy, data, equity_every=every)
    assert result.stats["events"] == QUOTES
