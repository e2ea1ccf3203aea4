"""Whether a node lives, is ready, and which of its parts work: one judgement for all who ask."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["COMPONENTS", "Component", "Heartbeat", "components", "is_ready"]

COMPONENTS: Final = ("journal", "broker", "market_data", "updates", "strategies", "clock")
"""Names of the parts that are judged."""

JOURNAL_LAG_S: Final = 5.0
"""The disk has this long, seconds, before the journal counts as not working."""

READY: Final = ("RUNNING",)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a node."""

    name: str
    """One of `COMPONENTS`."""
    healthy: bool
    """Whether it works."""
    detail: str
    """What is wrong, or how it stands."""


def components(status: Mapping[str, Any]) -> list[Component]:
    """Judge the parts of a node by its `status`.

    Parameters
    ----------
    status : mapping
        `LiveNode.status()`; empty for a node that has not started.

    Examples
    --------
    >>> from tickwright.observe import components
    >>> [part.name for part in components({}) if not part.healthy]
    ['journal', 'broker', 'market_data', 'updates', 'strategies', 'clock']
    """
    if not status:
        return [Component(name, False, "has not started") for name in COMPONENTS]
    judges: dict[str, Callable[[Mapping[str, Any]], tuple[bool, str]]] = {
        "journal": _journal,
        "broker": _broker,
        "market_data": _market_data,
        "updates": _updates,
        "strategies": _strategies,
        "clock": _clock,
    }
    return [Component(name, *judges[name](status)) for name in COMPONENTS]


def is_ready(status: Mapping[str, Any]) -> bool:
    """Whether a node trades: it is RUNNING and every stream is up."""
    streams = status.get("connections", {})
    return status.get("state") in READY and all(stream["connected"] for stream in streams.values())


def _journal(status: Mapping[str, Any]) -> tuple[bool, str]:
    if status.get("broken") is not None:
        return False, f"takes nothing more: {status['broken']}"
    lag_s = status.get("journal_lag_s", 0.0)
    if lag_s > JOURNAL_LAG_S:
        return False, f"the disk has not answered for {lag_s:.1f} s"
    return True, f"{status['steps']} steps"


def _broker(status: Mapping[str, Any]) -> tuple[bool, str]:
    differences = status.get("differences", {})
    if differences:
        told = ", ".join(f"{symbol} {ours} here and {theirs} there" for symbol, (ours, theirs) in differences.items())
        return False, f"positions differ: {told}"
    budget = status.get("broker_requests", {}).get("trading")
    if budget is None:
        return True, f"{status.get('in_flight', 0)} requests under way"
    if budget["left"] == 0:
        return False, f"none of {budget['limit']} requests a minute is left"
    return True, f"{budget['left']} of {budget['limit']} requests a minute are left"


def _market_data(status: Mapping[str, Any]) -> tuple[bool, str]:
    streams = {name: stream for name, stream in status.get("connections", {}).items() if name != "updates"}
    down = [name for name, stream in streams.items() if not stream["connected"]]
    if down:
        return False, f"not connected: {', '.join(down)}"
    if not streams:
        return False, "there is no stream yet"
    age_s = status.get("data_age_s")
    if status.get("is_stale"):
        return False, f"no data for {age_s:.0f} s while the market is open"
    return True, "no data yet" if age_s is None else f"the newest data are {age_s:.1f} s old"


def _updates(status: Mapping[str, Any]) -> tuple[bool, str]:
    stream = status.get("connections", {}).get("updates")
    if stream is None:
        return False, "there is no stream yet"
    if not stream["connected"]:
        return False, f"not connected for {stream['away_s']:.0f} s"
    return True, f"connected, {stream['reconnects']} reconnects"


def _strategies(status: Mapping[str, Any]) -> tuple[bool, str]:
    isolated = status.get("isolated", ())
    if isolated:
        return False, f"isolated: {', '.join(isolated)}"
    return True, f"{len(status['strategies'])} run"


def _clock(status: Mapping[str, Any]) -> tuple[bool, str]:
    skew_s = status.get("clock_skew_s")
    if skew_s is None:
        return True, "not compared: time is that of the data"
    told = f"{skew_s:.3f} s off the broker's"
    return skew_s <= status.get("clock_skew_s_max", float("inf")), told


class Heartbeat:
    """Notes that an event loop turns; others may ask from any thread.

    Parameters
    ----------
    loop
        The loop that is watched.
    every_s
        Seconds from one beat to the next.

    Examples
    --------
    >>> import asyncio
    >>> from tickwright.observe import Heartbeat
    >>> async def main():
    ...     with Heartbeat(asyncio.get_running_loop(), every_s=0.01) as heart:
    ...         await asyncio.sleep(0.1)
    ...         return heart.age_s() < 5.0, heart.beats > 1
    >>> asyncio.run(main())
    (True, True)
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, every_s: float = 0.5) -> None:
        self._loop, self._every_s = loop, every_s
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False
        self._last = time.monotonic()
        self.beats = 0

    def start(self) -> Heartbeat:
        """Begin; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._beat)
        return self

    def stop(self) -> None:
        """End; may be called from any thread."""
        self._stopped = True

    def age_s(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._last

    def is_live(self, patience_s: float = 10.0) -> bool:
        """Whether the loop has turned within `patience_s` seconds."""
        return self.age_s() <= patience_s

    def __enter__(self) -> Heartbeat:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _beat(self) -> None:
        if self._stopped:
            return
        self._last = time.monotonic()
        self.beats += 1
        self._timer = self._loop.call_later(self._every_s, self._beat)
