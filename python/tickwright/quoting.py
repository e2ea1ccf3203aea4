"""Quoting both sides of the market, wholly in the core.

>>> import tickwright as tw
>>> tw.Quoting(100, every="500ms", max_position=1_000)
Quoting(100, every='500ms', offset=0.0, max_position=1000, keep=True, symbols=None, name='quoting')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tickwright._settings import duration


@dataclass(frozen=True)
class Quoting:
    """A limit order on each side of the market, looked at again at fixed intervals.

    At each look an order that no longer stands where it should is canceled and a new one sent: at the best bid less
    `offset` to buy, at the best ask plus `offset` to sell. No Python runs while it trades.

    Parameters
    ----------
    size
        Shares a side.
    every
        Time from one look to the next, such as ``"10ms"``, ``"1s"`` or ``"1m"``.
    offset
        Dollars behind the best bid and the best ask.
    max_position
        A side that would take the position past so many shares, long or short, is not quoted; None: no limit here.
    keep
        An order that stands at its price already stays and keeps its place in the queue; False: every order is
        canceled and sent anew at every look.
    symbols
        Symbols to quote; None: all.
    name
        Name of the strategy in results and limits.

    Examples
    --------
    >>> import tickwright as tw
    >>> day = tw.feeds.synthetic(seed=7, symbols=["AAPL"], events_scale=0.05)
    >>> result = tw.backtest(tw.Quoting(100, every="1h", keep=False), day, cash=1_000_000)
    >>> len(result.orders)
    12
    """

    size: float
    every: str = "1s"
    offset: float = 0.0
    max_position: float | None = None
    keep: bool = True
    symbols: Sequence[str] | None = None
    name: str = "quoting"

    def to_spec(self) -> dict[str, Any]:
        """Return what the core makes the strategy of."""
        return {
            "kind": "quoting",
            "name": self.name,
            "size": float(self.size),
            "every_ns": duration("every", self.every),
            "offset": float(self.offset),
            "max_position": None if self.max_position is None else float(self.max_position),
            "keep": bool(self.keep),
            "symbols": None if self.symbols is None else list(self.symbols),
        }

    def __repr__(self) -> str:
        return (
            f"Quoting({self.size}, every={self.every!r}, offset={self.offset}, max_position={self.max_position}, "
            f"keep={self.keep}, symbols={self.symbols}, name={self.name!r})"
        )
