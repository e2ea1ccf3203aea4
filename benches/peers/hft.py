"""hftbacktest as a peer. Runs inside .peers, never beside our package; see runner.py for the protocol.

Usage: hft.py EVENTS.npz. Each line of standard input, {"case": "idle" | "quoting", "n": events}, is answered by one
line: the seconds that the backtest ran, and the orders and fills it made. Compiling and loading are not timed.
"""

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    ROIVectorMarketDepthBacktest,
    event_dtype,
)
from numba import njit

LATENCY_NS = 100_000
EVERY_NS = 10_000_000


@njit
def idle(hbt: Any) -> int:
    """Only let the time pass."""
    while hbt.elapse(EVERY_NS) == 0:
        pass
    return 0


@njit
def quoting(hbt: Any) -> int:
    """Cancel both orders and send new ones at the touch, at every step."""
    oid = 1
    while hbt.elapse(EVERY_NS) == 0:
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        if oid > 2:
            hbt.cancel(0, oid - 2, False)
            hbt.cancel(0, oid - 1, False)
        hbt.submit_buy_order(0, oid, depth.best_bid, 1, GTC, LIMIT, False)
        hbt.submit_sell_order(0, oid + 1, depth.best_ask, 1, GTC, LIMIT, False)
        oid += 2
    return oid - 1


CASES = {"idle": idle, "quoting": quoting}


def events_of(path: str) -> np.ndarray:
    """Turn our columns into the peer's events; it learns of them when they happen, as we do."""
    columns = np.load(path)
    events = np.zeros(len(columns["ts_ns"]), event_dtype)
    buys = columns["side"] == 0
    is_trade = columns["is_trade"] == 1
    # A trade's side is that of the order that took, a level's its own.
    side = np.where(buys != is_trade, BUY_EVENT, SELL_EVENT)
    events["ev"] = np.where(is_trade, TRADE_EVENT, DEPTH_EVENT) | side | EXCH_EVENT | LOCAL_EVENT
    events["exch_ts"] = events["local_ts"] = columns["ts_ns"]
    events["px"] = columns["cents"] / 100
    events["qty"] = columns["size"]
    return events


def run(case: str, events: np.ndarray) -> dict[str, float]:
    """Run one backtest over the events."""
    low, high = float(events["px"].min()) - 1, float(events["px"].max()) + 1
    asset = (
        BacktestAsset()
        .data([events])
        .linear_asset(1.0)
        .constant_order_latency(LATENCY_NS, LATENCY_NS)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0, 0)
        .tick_size(0.01)
        .lot_size(1)
        .last_trades_capacity(0)
        .roi_lb(max(low, 0.01))
        .roi_ub(high)
    )
    hbt = ROIVectorMarketDepthBacktest([asset])
    start = time.perf_counter()
    orders = CASES[case](hbt)
    seconds = time.perf_counter() - start
    state = hbt.state_values(0)
    answer = {
        "seconds": seconds,
        "events": len(events),
        "orders": orders,
        "filled": int(state.num_trades),
        "position": float(state.position),
    }
    hbt.close()
    return answer


def main() -> None:
    events = events_of(sys.argv[1])
    for case in CASES:
        run(case, events[:1_000])
    print(json.dumps({"peer": "hftbacktest", "version": version("hftbacktest"), "events": len(events)}), flush=True)
    for line in sys.stdin:
        ask = json.loads(line)
        print(json.dumps(run(ask["case"], events[: ask["n"]])), flush=True)


if __name__ == "__main__":
    main()
