"""The matching engine from Python: events, columns, state, refusals."""

import pickle

import numpy as np
import pytest

import tickwright as tw
from tickwright.errors import ConfigError, DataError


def opened(**settings: object) -> tw.MatchingEngine:
    exchange = tw.MatchingEngine(**settings)  # type: ignore[arg-type]
    exchange.set_phase("continuous")
    return exchange


def requests(n: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "op": rng.choice(np.array([0, 0, 0, 1, 2, 3, 4, 5], np.int8), n),
        "participant": rng.integers(0, 3, n),
        "order": rng.integers(0, 60, n),
        "side": rng.integers(0, 2, n),
        "price": 10.00 + 0.01 * rng.integers(-6, 7, n),
        "qty": rng.integers(1, 9, n) * 100,
        "stop": 10.00 + 0.01 * rng.integers(-6, 7, n),
        "tif": rng.choice(np.array([0, 0, 0, 1, 2, 3], np.int8), n),
        "post_only": rng.integers(0, 2, n) * (rng.random(n) < 0.1),
        "ts": np.arange(n),
    }


def test_columns_do_what_single_calls_do():
    rows = requests(4_000, 1)
    rows["price"] = np.round(rows["price"], 2)
    rows["stop"] = np.round(rows["stop"], 2)
    one, many = opened(self_match="cancel_oldest"), opened(self_match="cancel_oldest")
    tifs = ["day", "gtc", "ioc", "fok"]
    fills, rejected = [], []
    for i in range(4_000):
        row = {name: column[i].item() for name, column in rows.items()}
        who = (row["participant"], row["order"])
        if row["op"] == 1:
            events = one.cancel(*who)
        elif row["op"] == 2:
            events = one.replace(*who, qty=row["qty"], price=row["price"], stop=row["stop"])
        else:
            price = row["price"] if row["op"] in (0, 5) else None
            stop = row["stop"] if row["op"] in (4, 5) else None
            side = ["buy", "sell"][row["side"]]
            events = one.submit(
                *who, side, row["qty"], price, stop=stop, tif=tifs[row["tif"]], post_only=bool(row["post_only"])
            )
        fills += [(i, e.price, e.qty, *e.maker, *e.taker, e.maker_left, e.left) for e in events if e.kind == "filled"]
        rejected += [(i, e.reason) for e in events if e.kind == "rejected"]
    result = many.apply(rows)
    names = [
        "row",
        "price",
        "qty",
        "maker_participant",
        "maker_order",
        "taker_participant",
        "taker_order",
        "maker_left",
    ]
    columns = [result.fills[name].tolist() for name in [*names, "taker_left"]]
    assert list(zip(*columns, strict=True)) == fills
    assert list(result.reasons().items()) == rejected
    assert len(fills) > 500
    assert len(one) == len(many)
    assert one.depth(50) == many.depth(50)


def test_raw_columns_give_raw_fills():
    exchange = opened()
    rows = {"op": [0, 3], "participant": [1, 2], "order": [1, 1], "side": ["sell", "buy"]}
    rows |= {"price": [10_020_000_000, 0], "qty": [100 * 10**9, 50 * 10**9]}
    fills = exchange.apply(rows, raw=True).fills
    assert (fills["price"].tolist(), fills["maker_left"].tolist()) == ([10_020_000_000], [50 * 10**9])
    assert fills["price"].dtype == np.int64


def test_a_pickled_engine_goes_on_alike():
    rows = requests(3_000, 2)
    halves = [{name: column[part] for name, column in rows.items()} for part in (slice(0, 1_500), slice(1_500, None))]
    exchange = opened()
    exchange.apply(halves[0])
    twin = pickle.loads(pickle.dumps(exchange))
    first, second = exchange.apply(halves[1]), twin.apply(halves[1])
    assert first.counts == second.counts
    assert first.fills["execution_id"].tolist() == second.fills["execution_id"].tolist()
    assert exchange.to_bytes() == twin.to_bytes()


def test_bad_settings_columns_and_phases_are_refused_with_their_name():
    with pytest.raises(ConfigError, match="tick"):
        tw.MatchingEngine(tick=0)
    with pytest.raises(ConfigError, match="self_match"):
        tw.MatchingEngine(self_match="sometimes")
    exchange = opened()
    with pytest.raises(ConfigError, match="phase opening_auction: cannot follow continuous"):
        exchange.set_phase("opening_auction")
    good = {"op": [0], "participant": [1], "order": [1], "side": [0], "price": [10.0], "qty": [1]}
    with pytest.raises(DataError, match="miss price, qty"):
        exchange.apply({name: good[name] for name in ("op", "participant", "order", "side")})
    for name, column, word in [
        ("op", [9], "op"),
        ("side", ["up"], "side"),
        ("qty", [1, 2], "length"),
        ("tif", [7], "tif"),
        ("participant", [-1], "participant"),
        ("order", [0.5], "order"),
    ]:
        with pytest.raises(DataError, match=word):
            exchange.apply(good | {name: column})
    assert len(exchange) == 0
    with pytest.raises(DataError, match="matching state"):
        tw.MatchingEngine.from_bytes(b"no state")


def test_events_have_the_attributes_of_their_kind():
    exchange = opened()
    (accepted,) = exchange.submit(1, 1, "sell", 5, 10)
    assert (accepted.kind, accepted.order, accepted.side, accepted.qty, accepted.price) == (
        "accepted",
        (1, 1),
        "sell",
        5,
        10,
    )
    assert (accepted.reason, accepted.maker, accepted.execution_id) == (None, None, None)
    fill = exchange.submit(2, 7, "buy", 3)[1]
    assert (fill.kind, fill.maker, fill.taker, fill.execution_id) == ("filled", (1, 1), (2, 7), 1)
    assert (fill.maker_left, fill.left, fill.made_in, fill.side) == (2, 0, "continuous", "buy")
    (gone,) = exchange.mass_cancel(1)
    assert (gone.reason, gone.left, repr(gone)) == ("mass_cancel", 2, "<MatchEvent canceled order=(1, 1) mass_cancel>")
    assert exchange.cancel(1, 1)[0].request == "cancel"
    assert exchange.orders_at("buy", 9) == []
    assert (exchange.queue_ahead(1, 1), exchange.order(1, 1)) == (None, None)
