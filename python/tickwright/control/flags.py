"""Feature flags: what an admin can switch while the engine runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from tickwright.control.bridge import Bridge
from tickwright.errors import ConfigError

__all__ = ["ACCEPT_MANUAL_ORDERS", "LOG_FRAMES", "TAIL_MARKET_DATA", "Flag", "Flags"]

log = logging.getLogger(__name__)

ACCEPT_MANUAL_ORDERS: Final = "accept_manual_orders"
TAIL_MARKET_DATA: Final = "tail_market_data"
LOG_FRAMES: Final = "log_frames"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag."""

    name: str
    """Its name."""
    enabled: bool
    """Whether it is on."""
    description: str
    """What it does."""
    effect: Callable[[bool], None] = field(default=lambda _: None, repr=False, compare=False)
    """Called when it changes; others are asked for where they count."""


class Flags:
    """The flags of one engine, by name.

    Examples
    --------
    >>> from tickwright.control.flags import Flag, Flags
    >>> flags = Flags([Flag("accept_manual_orders", True, "Take orders by hand.")])
    >>> flags.set("accept_manual_orders", False).enabled, flags.on("accept_manual_orders")
    (False, False)
    """

    def __init__(self, flags: list[Flag]) -> None:
        self._flags = {flag.name: flag for flag in sorted(flags, key=lambda flag: flag.name)}

    @classmethod
    def of(cls, bridge: Bridge) -> Flags:
        """Give the flags that every engine has."""
        return cls(
            [
                Flag(ACCEPT_MANUAL_ORDERS, True, "Take orders by hand: SubmitOrder and ReplaceOrder; cancels pass."),
                Flag(TAIL_MARKET_DATA, False, "TailJournal without kinds sends records of market data too."),
                Flag(LOG_FRAMES, False, "Log each frame of market data, at level debug.", FrameLog(bridge).switch),
            ]
        )

    def __iter__(self) -> Iterator[Flag]:
        return iter(self._flags.values())

    def on(self, name: str) -> bool:
        """Whether a flag is on."""
        return self._flags[name].enabled

    def set(self, name: str, enabled: bool) -> Flag:
        """Set a flag; gives it as it is then."""
        if name not in self._flags:
            raise ConfigError(f"name: there is no flag {name!r:.80}; there are {', '.join(self._flags)}")
        before = self._flags[name]
        flag = self._flags[name] = replace(before, enabled=enabled)
        if before.enabled != enabled:
            flag.effect(enabled)
            log.info("flag %s is %s", name, "on" if enabled else "off")
        return flag


class FrameLog:
    """Logs frames of market data while it is switched on; costs nothing while it is not."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def switch(self, enabled: bool) -> None:
        """Begin or end."""

        def on_loop(node: object) -> None:
            taps = self._bridge.node.taps
            if enabled:
                taps.append(self._log)
            elif self._log in taps:
                taps.remove(self._log)

        self._bridge.tell(on_loop)

    def _log(self, frame: bytes, received_ns: int) -> None:
        log.debug("frame of %d bytes at %d: %.200r", len(frame), received_ns, frame)
