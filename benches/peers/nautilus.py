"""NautilusTrader as a peer. Runs inside .peers, never beside our package; see runner.py for the protocol.

Usage: nautilus.py QUOTES.npz. Each line of standard input, {"case": "idle" | "every_quote", "n": events}, is answered
by one line: the seconds that the engine ran, and the orders and fills it made. Building ticks and engine is not timed.
"""

import gc
import json
import sys
import time
from importlib.metadata import version

import numpy as np
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("XNAS")
INSTRUMENT = Equity(
    instrument_id=InstrumentId(Symbol("BENCH"), VENUE),
    raw_symbol=Symbol("BENCH"),
    currency=USD,
    price_precision=2,
    price_increment=Price.from_str("0.01"),
    lot_size=Quantity.from_int(1),
    ts_event=0,
    ts_init=0,
)


class Idle(Strategy):
    """Counts quotes and does nothing else."""

    def on_start(self) -> None:
        self.seen = 0
        self.subscribe_quote_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.seen += 1


class EveryQuote(Idle):
    """Sends a market order for one share on every quote, buying and selling in turn."""

    def on_quote_tick(self, tick: QuoteTick) -> None:
        side = OrderSide.SELL if self.seen % 2 else OrderSide.BUY
        self.seen += 1
        self.submit_order(self.order_factory.market(INSTRUMENT.id, side, Quantity.from_int(1)))


CASES = {"idle": Idle, "every_quote": EveryQuote}


def ticks_of(path: str) -> list[QuoteTick]:
    """Turn our columns into the peer's objects; equal prices and sizes share one object, to its advantage."""
    columns = np.load(path)
    bid, ask = columns["bid_cents"], columns["ask_cents"]
    price = {cents: Price(cents / 100, 2) for cents in np.unique(np.concatenate([bid, ask])).tolist()}
    size = {
        n: Quantity.from_int(n) for n in np.unique(np.concatenate([columns["bid_size"], columns["ask_size"]])).tolist()
    }
    rows = zip(*(columns[c].tolist() for c in ("ts_ns", "bid_cents", "ask_cents", "bid_size", "ask_size")), strict=True)
    return [QuoteTick(INSTRUMENT.id, price[b], price[a], size[bs], size[qs], ts, ts) for ts, b, a, bs, qs in rows]


def run(case: str, ticks: list[QuoteTick]) -> dict[str, float]:
    """Run one backtest in a fresh engine with everything optional switched off."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(max_order_submit_rate="1000000000/00:00:01"),
            run_analysis=False,
        )
    )
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(10_000_000, USD)], base_currency=USD)
    engine.add_instrument(INSTRUMENT)
    engine.add_data(ticks)
    strategy = CASES[case](StrategyConfig())
    engine.add_strategy(strategy)
    gc.collect()
    start = time.perf_counter()
    engine.run()
    seconds = time.perf_counter() - start
    answer = {
        "seconds": seconds,
        "events": strategy.seen,
        "orders": engine.cache.orders_total_count(),
        "filled": sum(order.is_closed and order.filled_qty > 0 for order in engine.cache.orders()),
    }
    engine.dispose()
    return answer


def main() -> None:
    ticks = ticks_of(sys.argv[1])
    print(
        json.dumps({"peer": "nautilus_trader", "version": version("nautilus_trader"), "quotes": len(ticks)}), flush=True
    )
    for line in sys.stdin:
        ask = json.loads(line)
        print(json.dumps(run(ask["case"], ticks[: ask["n"]])), flush=True)


if __name__ == "__main__":
    main()
