"""Quoting both sides in the core: what it sends, keeps and holds back, on a market of levels and one of quotes."""

from typing import Any

import numpy as np
import pytest

import tickwright as tw

SECOND = 1_000_000_000
START = 1_704_205_800_000_000_000


def quotes(bids: list[float], asks: list[float]) -> tw.MarketData:
    """One quote of BAC a second."""
    n = len(bids)
    columns = {"ts": [START + i * SECOND for i in range(n)], "bid": bids, "ask": asks}
    return tw.feeds.table({**columns, "bid_size": [500] * n, "ask_size": [500] * n}, symbol="BAC")


def orders(result: tw.Result) -> list[tuple[str, float, str]]:
    table = result.orders.to_pandas()
    return list(zip(table["side"], table["limit_price"], table["status"], strict=True))


def test_an_order_at_its_price_keeps_its_place_and_others_are_sent_anew() -> None:
    day = quotes([10.0, 10.0, 10.0, 10.01, 10.01], [10.04] * 5)
    kept = tw.backtest(tw.Quoting(100, every="1s"), day)
    assert orders(kept) == [("buy", 10.0, "canceled"), ("sell", 10.04, "new"), ("buy", 10.01, "new")]
    anew = tw.backtest(tw.Quoting(100, every="1s", keep=False), day)
    assert [(side, price) for side, price, _ in orders(anew)] == [
        *[("buy", 10.0), ("sell", 10.04)] * 3,  # a look sees what came before its moment
        *[("buy", 10.01), ("sell", 10.04)],
    ]
    assert [status for *_, status in orders(anew)] == ["canceled"] * 6 + ["new"] * 2


def test_the_offset_lies_behind_the_touch_on_both_sides() -> None:
    result = tw.backtest(tw.Quoting(100, every="1s", offset=0.02), quotes([10.0] * 2, [10.04] * 2))
    assert [(side, price) for side, price, _ in orders(result)] == [("buy", 9.98), ("sell", 10.06)]


def test_a_full_position_is_not_enlarged() -> None:
    # The market falls through every bid: each order to buy is filled.
    fall = quotes([10.0 - 0.05 * i for i in range(20)], [10.01 - 0.05 * i for i in range(20)])
    result = tw.backtest(tw.Quoting(100, every="1s", max_position=300), fall)
    position = np.cumsum(result.fills.to_pandas()["qty"])
    assert position.tolist() == [100.0, 200.0, 300.0]
    assert orders(result)[-1][0] == "sell"


def test_only_the_symbols_named_are_quoted() -> None:
    both = quotes([10.0] * 3, [10.02] * 3) + tw.feeds.synthetic(symbols=["SPY"], date="2024-01-02", seed=3)
    result = tw.backtest(tw.Quoting(100, every="1s", symbols=["BAC"]), both)
    assert set(result.orders.to_pandas()["symbol"]) == {"BAC"}
    with pytest.raises(tw.ConfigError, match="symbols: TSLA is not in the data"):
        tw.backtest(tw.Quoting(100, symbols=["TSLA"]), both)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 0}, "size: is 0; it must be above zero"),
        ({"size": 1, "every": "soon"}, "every: 'soon' is no duration"),
        ({"size": 1, "offset": -0.01}, "offset: is -0.01; it must not be below zero"),
        ({"size": 100, "max_position": 50}, "max_position: is below size"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(tw.ConfigError, match=message):
        tw.backtest(tw.Quoting(**settings), quotes([10.0] * 2, [10.02] * 2))
