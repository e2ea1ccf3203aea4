"""pytest-benchmark: an order on every quote at growing counts, and the tables made of them."""

import pytest

from benches.measures_engine import backtest, market, python_strategy


@pytest.mark.parametrize("count", [1_000, 10_000, 100_000])
def test_market_order_on_every_quote(benchmark, count):
    data = market(count)
    benchmark.extra_info["orders"] = count
    benchmark.pedantic(lambda: backtest(python_strategy("every_quote"), data, orders=count), rounds=5, warmup_rounds=1)


@pytest.mark.parametrize("table", ["orders", "fills", "equity"])
def test_result_as_table(benchmark, table):
    result = backtest(python_strategy("every_quote"), market(10_000))
    # The property keeps what it made; the core is asked anew each time.
    rows = benchmark(result._table, table)
    assert rows.num_rows > 0
