"""What a live node runs with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tickwright.errors import ConfigError

__all__ = ["KINDS", "NodeSettings"]

KINDS = ("quotes", "trades", "bars", "orderbooks")


@dataclass(frozen=True)
class NodeSettings:
    """Settings of a `LiveNode`.

    Parameters
    ----------
    symbols
        What is traded: stocks (``"AAPL"``) and crypto (``"BTC/USD"``).
    kinds
        Data asked for of each: ``quotes``, ``trades``, ``bars``, and of crypto ``orderbooks``.
    state
        Folder of the journal and the rest that a restart needs.
    durability
        ``"always"``: an order is on the disk before it leaves. ``"group"``: so within `group_ms` for all that wait
        together. ``"os"``: written, and lost only with the power.
    group_ms
        Milliseconds of a group.
    snapshot_every, checkpoint_every
        Steps from one snapshot of the engine to the next, records from one checkpoint to the next; 0 for none.
    warmup_minutes
        Minutes of history, as bars of a minute, that strategies are shown before they trade.
    clock
        ``"wall"``: time goes on by itself. ``"data"``: it is that of the newest data, for a venue that plays a day of
        the past.
    on_stop
        What becomes of open orders and positions at the end: ``"leave"``, ``"cancel"`` the orders, or ``"flatten"``.
    adopt
        Accept positions that the account has already: they stay, and the node trades beside them.
    resend_s
        An order that never left and is older than that many seconds is given up rather than sent.
    broker_timeout_s
        Without word of the broker for so long the engine goes to SAFE_MODE.
    stale_after_s
        Without data for so long, the market being open, the engine goes to SAFE_MODE; None: never.
    reconcile_every_s
        Seconds from one comparison with the broker to the next; 0 for none but those after a gap.
    gap_fill_s
        The longest gap of market data that is filled by history, seconds.
    clock_skew_s
        More than that between this machine's clock and the broker's, and the engine does not start.
    """

    symbols: Sequence[str]
    kinds: Sequence[str] = ("quotes", "trades")
    state: str | Path = "state"
    durability: Literal["always", "group", "os"] = "group"
    group_ms: int = 2
    snapshot_every: int = 100_000
    checkpoint_every: int = 65_536
    warmup_minutes: int = 0
    clock: Literal["wall", "data"] = "wall"
    on_stop: Literal["leave", "cancel", "flatten"] = "leave"
    adopt: bool = False
    resend_s: float = 10.0
    broker_timeout_s: float = 30.0
    stale_after_s: float | None = 60.0
    reconcile_every_s: float = 300.0
    gap_fill_s: float = 600.0
    clock_skew_s: float = 2.0

    def __post_init__(self) -> None:
        if not self.symbols:
            raise ConfigError("node.symbols: is empty; name at least one")
        if isinstance(self.symbols, str) or len(set(self.symbols)) != len(self.symbols):
            raise ConfigError("node.symbols: give a list of different symbols, such as ['AAPL', 'BTC/USD']")
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            raise ConfigError(f"node.kinds: {', '.join(unknown) or 'is empty'}; choose among {', '.join(KINDS)}")
        for name in ("resend_s", "broker_timeout_s", "gap_fill_s", "clock_skew_s", "reconcile_every_s"):
            if getattr(self, name) < 0:
                raise ConfigError(f"node.{name}: {getattr(self, name)} is below zero")

    @property
    def stocks(self) -> tuple[str, ...]:
        """Symbols of stocks."""
        return tuple(symbol for symbol in self.symbols if "/" not in symbol)

    @property
    def crypto(self) -> tuple[str, ...]:
        """Symbols of crypto."""
        return tuple(symbol for symbol in self.symbols if "/" in symbol)
