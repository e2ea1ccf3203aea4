"""A paper venue, a node on an event loop of its own, and the control plane beside it: as `tickwright run` has them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import tickwright as tw
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints
from tickwright.live import LiveNode, NodeSettings
from tickwright.paper import PaperServer

T = TypeVar("T")


class Watch(tw.Strategy):
    """Looks on."""

    name = "watch"

    def on_quote(self, quote: Any) -> None:
        pass


class NodeRig:
    """A node that trades on a paper venue, until the end of the with-block.

    `ask` calls something on the node's loop; `loop` is that loop.
    """

    def __init__(
        self,
        folder: Path,
        strategies: Sequence[Any] | None = None,
        *,
        symbols: Sequence[str] = ("AAPL", "BAC"),
        speed: float = 60.0,
        scale: float = 0.2,
        risk: tw.RiskLimits | None = None,
        **settings: Any,
    ) -> None:
        data = tw.feeds.synthetic(symbols=list(symbols), date="2026-01-05", seed=5, events_scale=scale)
        self.venue = PaperServer({"paper": {"speed": speed, "requests_per_minute": 0}}, data=data)
        self._folder, self._strategies, self._risk = folder, list(strategies or [Watch()]), risk
        self._settings = {"symbols": list(symbols), "clock": "data", "durability": "os", **settings}
        self._running: asyncio.Task[str] | None = None

    def __enter__(self) -> NodeRig:
        self.venue.__enter__()
        self._start()
        return self

    def _start(self, state: str = "RUNNING") -> None:
        keys, here = Credentials("PAPER", "paper-secret"), Endpoints.at(self.venue.rest_url)
        self.node = LiveNode(
            self._strategies,
            AlpacaBroker(keys, endpoints=here),
            AlpacaMarketData(keys, endpoints=here),
            NodeSettings(state=self._folder / "state", **self._settings),
            risk=self._risk,
            lease_folder=self._folder / "leases",
        )
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="node", daemon=True)
        self._thread.start()
        self.until(lambda: self.node.has_status and self.node.status()["state"] == state)

    def stop(self) -> None:
        """End the node; the venue goes on."""
        if self._thread.is_alive():
            # It may be ending by itself, and its loop answer nobody any more.
            self.loop.call_soon_threadsafe(self.node.stop, "the test is over")
            self._thread.join(20.0)

    def restart(self, strategies: Sequence[Any], state: str = "RUNNING") -> None:
        """End the node, and start it again on the same venue and journal, until it is in `state`."""
        self.stop()
        self._strategies = list(strategies)
        self._start(state)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self._running = self.loop.create_task(self.node.run())
        self.loop.run_until_complete(asyncio.wait([self._running]))

    def ask(self, what: Callable[[], T]) -> T:
        """Call `what` on the node's loop."""

        async def on_loop() -> T:
            return what()

        return asyncio.run_coroutine_threadsafe(on_loop(), self.loop).result(10.0)

    def until(self, done: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until `done`, asked on the node's loop, says so."""
        deadline = time.monotonic() + seconds
        while not self.ask(done):
            if time.monotonic() > deadline:
                raise AssertionError("it took too long")
            time.sleep(0.02)

    def __exit__(self, *exc: object) -> None:
        self.stop()
        self.venue.__exit__(None, None, None)
