"""A result and an engine made by hand, for tests of what stands around the engine."""

import contextlib
import importlib.util
import os
import sys
import time
import types
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

TS = pa.timestamp("ns", tz="UTC")
START = 1_381_152_600_000_000_000  # 2013-10-07 13:30 UTC
MINUTE = 60_000_000_000
TEXT = pa.dictionary(pa.int32(), pa.string())


def _table(columns: dict[str, tuple[list[Any], pa.DataType]]) -> pa.Table:
    return pa.table(
        {
            name: pa.array(values, pa.string()).dictionary_encode() if kind == TEXT else pa.array(values, kind)
            for name, (values, kind) in columns.items()
        }
    )


def make_result(
    *,
    minutes: int = 60,
    orders: int = 6,
    refused: int = 2,
    strategy: str = "trend",
    symbol: str = "BAC",
    wall_seconds: float = 0.5,
) -> Any:
    """A result with `minutes` of equity, `orders` filled orders that alternate buy and sell, and `refused` refusals."""
    n, f64 = orders, pa.float64()
    at = [START + i * MINUTE for i in range(n)]
    side = ["buy" if i % 2 == 0 else "sell" for i in range(n)]
    price = [14.0 + 0.01 * i for i in range(n)]
    equity = 100_000.0 + 50.0 * np.sin(np.arange(minutes) / 7.0)
    peak = np.maximum.accumulate(equity) if minutes else equity
    times = [START + i * MINUTE for i in range(minutes)]
    return SimpleNamespace(
        stats={
            "start_equity": 100_000.0,
            "end_equity": 100_010.0,
            "net_pnl": 10.0,
            "total_return": 0.0001,
            "sharpe": float("nan"),
            "profit_factor": float("inf"),
            "max_drawdown": 0.001,
            "max_drawdown_duration_ns": 5 * MINUTE,
            "hit_rate": None,
            "orders": n + refused,
            "fills": n,
            "refusals": refused,
            "trips": n // 2,
            "fees": 6.0,
            "a_figure_of_tomorrow": 3,
        },
        orders=_table(
            {
                "id": (list(range(1, n + 1)), pa.uint64()),
                "strategy": ([strategy] * n, TEXT),
                "symbol": ([symbol] * n, TEXT),
                "side": (side, TEXT),
                "type": (["market"] * n, TEXT),
                "time_in_force": (["day"] * n, TEXT),
                "qty": ([100.0] * n, f64),
                "limit_price": ([None] * n, f64),
                "stop_price": ([None] * n, f64),
                "status": (["filled"] * n, TEXT),
                "filled_qty": ([100.0] * n, f64),
                "avg_price": (price, f64),
                "submitted": (at, TS),
                "updated": (at, TS),
                "reason": ([None] * n, pa.string()),
            }
        ),
        fills=_table(
            {
                "order_id": (list(range(1, n + 1)), pa.uint64()),
                "ts": (at, TS),
                "strategy": ([strategy] * n, TEXT),
                "symbol": ([symbol] * n, TEXT),
                "side": (side, TEXT),
                "qty": ([100.0] * n, f64),
                "price": (price, f64),
                "fee": ([1.0] * n, f64),
                "slippage": ([0.0] * n, f64),
                "realized_pnl": ([0.0] * n, f64),
                "position": ([100.0 if i % 2 == 0 else 0.0 for i in range(n)], f64),
            }
        ),
        positions=_table(
            {
                "symbol": ([symbol], TEXT),
                "strategy": ([strategy], TEXT),
                **{
                    c: ([0.0], f64)
                    for c in ("qty", "avg_price", "mark", "market_value", "unrealized_pnl", "realized_pnl", "fees")
                },
            }
        ),
        equity=_table(
            {
                "ts": (times, TS),
                "equity": (equity.tolist(), f64),
                "cash": (equity.tolist(), f64),
                "gross": ([0.0] * minutes, f64),
                "net": ([0.0] * minutes, f64),
                "drawdown": ((1 - equity / peak).tolist(), f64),
            }
        ),
        refusals=_table(
            {
                "order_id": (list(range(n + 1, n + refused + 1)), pa.uint64()),
                "ts": ([START] * refused, TS),
                "strategy": ([strategy] * refused, TEXT),
                "symbol": ([symbol] * refused, TEXT),
                "side": (["buy"] * refused, TEXT),
                "qty": ([9_999.0] * refused, f64),
                "price": ([None] * refused, f64),
                "code": (["max_order_notional"] * refused, TEXT),
                "detail": (["notional 139,986.00 above 25,000.00"] * refused, pa.string()),
            }
        ),
        trips=_table(
            {
                "strategy": ([strategy] * (n // 2), TEXT),
                "symbol": ([symbol] * (n // 2), TEXT),
                "opened": (at[0 : n // 2], TS),
                "closed": (at[0 : n // 2], TS),
                **{c: ([1.0] * (n // 2), f64) for c in ("qty", "entry", "exit", "pnl", "fees")},
            }
        ),
        marks=_table(
            {
                "ts": (times, TS),
                "symbol": ([symbol] * minutes, TEXT),
                "price": ((14 + np.arange(minutes) * 0.001).tolist(), f64),
            }
        ),
        digest="00c0ffee",
        data_report={"rows": 1_000, "events": 990, "dropped": {"suspicious": 10}, "notes": []},
        meta={
            "strategies": [strategy],
            "symbols": [symbol],
            "start": START,
            "end": START + minutes * MINUTE,
            "events": 990,
            "wall_seconds": wall_seconds,
        },
    )


class Engine:
    """Stands where the engine's functions stand, records what it is asked, and gives `result` or raises `error`."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.reads: list[tuple[str, str, dict[str, Any]]] = []
        self.error: BaseException | None = None
        self.result = make_result()

    def backtest(self, strategy: Any, data: Any, **options: Any) -> Any:
        self.calls.append({"strategy": strategy, "data": data, **options})
        if options.get("progress") is not None:
            options["progress"](1, 2, START)
        if self.error is not None:
            raise self.error
        return self.result

    def read(self, name: str) -> Any:
        def reader(path: str = "", **options: Any) -> Any:
            self.reads.append((name, path, options))
            quotes = pa.table({"ts": pa.array([START + 1, START], TS), "bid": [1.0, 2.0]})
            return SimpleNamespace(quotes=quotes, trades=quotes.slice(0, 0), bars=quotes.slice(0, 0))

        return reader

    def attributes(self) -> dict[str, Any]:
        feeds = SimpleNamespace(**{n: self.read(n) for n in ("lean", "lobster", "table", "synthetic")})
        fees = SimpleNamespace(
            PerShare=lambda rate, minimum=0.0: ("per-share", rate, minimum), Bps=lambda rate: ("bps", rate)
        )
        return {"backtest": self.backtest, "feeds": feeds, "fees": fees, "RiskLimits": dict, "SimVenue": dict}


def strategy_module() -> types.ModuleType:
    """The real module of strategies where the engine is built, else one with an empty class."""
    with contextlib.suppress(ImportError):
        if importlib.util.find_spec("tickwright.strategy"):
            import tickwright.strategy

            return tickwright.strategy
    module = types.ModuleType("tickwright.strategy")
    module.Strategy = type("Strategy", (), {"__module__": "tickwright.strategy"})  # type: ignore[attr-defined]
    return module


def run_slowly() -> None:
    """The command line in a process of its own, with an engine that works until it is interrupted."""
    import tickwright
    from tickwright.cli import main

    engine = Engine()

    def backtest(*_: Any, **__: Any) -> Any:
        print("running", file=sys.stderr, flush=True)
        while True:
            time.sleep(0.01)

    engine.backtest = backtest  # type: ignore[method-assign]
    for name, value in engine.attributes().items():
        setattr(tickwright, name, value)
    sys.modules["tickwright.strategy"] = strategy_module()
    os.environ.pop("COLUMNS", None)
    main()
