"""`MatchingEngine`: a whole exchange for one instrument, alone or under a simulation.

Prices and quantities are dollars and shares: floats (read as their shortest decimals), ``int``, `decimal.Decimal` or
text. Columns may be exact integers in units of 1e-9 (``raw=True``). Times are nanoseconds since 1970, UTC; the engine
has no clock of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tickwright import _core
from tickwright.book import _codes, _fixed_column
from tickwright.errors import DataError

__all__ = ["MatchEvent", "MatchResult", "MatchingEngine"]

MatchEvent = _core.MatchEvent

_OPS = ["limit", "cancel", "replace", "market", "stop", "stop_limit", "mass_cancel"]
_SIDES = ["buy", "sell"]
_TIFS = ["day", "gtc", "ioc", "fok", "opg", "cls"]
REASONS = ["", "quantity", "price", "terms", "phase", "duplicate", "unknown", "would_take", "capacity"]
"""Reasons of a rejection by code; 0 for none."""


@dataclass(frozen=True)
class MatchResult:
    """What came of a batch of requests.

    Attributes
    ----------
    fills : dict of numpy.ndarray
        A row a fill: ``row`` (of the request that made it), ``execution_id``, ``price``, ``qty``,
        ``maker_participant``, ``maker_order``, ``taker_participant``, ``taker_order``, ``taker_side`` (0 buy, 1 sell),
        ``maker_left`` and ``taker_left`` (still to fill). Prices and quantities are float64, or int64 in units of 1e-9
        where the request columns were raw.
    rejected : numpy.ndarray
        A code a request: 0 where it was taken, else its place in `REASONS`.
    counts : dict
        How many events there were: ``accepted``, ``rejected``, ``filled``, ``canceled``, ``replaced``, ``expired``.
    """

    fills: dict[str, npt.NDArray[Any]]
    rejected: npt.NDArray[np.int8]
    counts: dict[str, int]

    def reasons(self) -> dict[int, str]:
        """Give the reason of every rejected request, by row."""
        return {int(row): REASONS[self.rejected[row]] for row in np.flatnonzero(self.rejected)}


class MatchingEngine(_core.MatchingEngine):
    """One instrument's exchange: price-time priority, stops, auctions, halts and price bands.

    It begins closed; `set_phase` opens it. Every request returns the list of what happened, as `MatchEvent`.

    Parameters
    ----------
    tick, lot : number
        Steps of prices and quantities; 0.01 and 1 by default.
    self_match : str
        What happens when an order would trade with one of its own participant: ``"allow"``, ``"cancel_newest"``,
        ``"cancel_oldest"`` or ``"cancel_both"``.
    luld : str
        Limit Up-Limit Down: ``"none"``, ``"tier1"`` or ``"tier2"``.
    orders_max : int
        Most live orders; one more is rejected.

    Examples
    --------
    >>> import tickwright as tw
    >>> exchange = tw.MatchingEngine()
    >>> _ = exchange.set_phase("continuous")
    >>> exchange.submit(1, 1, "sell", 300, 10.02)
    [<MatchEvent accepted order=(1, 1)>]
    >>> for event in exchange.submit(2, 1, "buy", 100, 10.05):
    ...     print(event)
    <MatchEvent accepted order=(2, 1)>
    <MatchEvent filled buy 100 @ 10.02 maker=(1, 1) taker=(2, 1) id=1>
    >>> exchange.best_ask(), exchange.last_trade
    ((10.02, 200.0, 1), 10.02)
    """

    __slots__ = ()

    def apply(self, requests: Mapping[str, Any], *, raw: bool = False) -> MatchResult:
        """Apply many requests, one after the other.

        Parameters
        ----------
        requests : mapping of columns
            ``op`` (``limit``, ``cancel``, ``replace``, ``market``, ``stop``, ``stop_limit``, ``mass_cancel``, or their
            codes 0 to 6), ``participant``, ``order`` (the participant's number for it), ``side`` (``buy``, ``sell``, or
            0, 1), ``price`` and ``qty``; where needed ``stop``, ``tif`` (names, or codes 0 to 5), ``post_only`` and
            ``ts``. Columns that an op does not use may hold anything sound; in a ``replace``, 0 leaves what is there.
        raw : bool
            Prices and quantities are integers in units of 1e-9, here and in the fills; the quickest way.

        Returns
        -------
        MatchResult
            Fills by column, a code a request, and counts.

        Raises
        ------
        DataError
            A column is missing, of another length or holds a code that is not known; nothing was applied.

        Examples
        --------
        >>> import tickwright as tw
        >>> exchange = tw.MatchingEngine()
        >>> _ = exchange.set_phase("continuous")
        >>> requests = {"op": ["limit", "limit", "market", "cancel"], "participant": [1, 1, 2, 1]}
        >>> requests |= {"order": [1, 2, 1, 9], "side": ["sell", "sell", "buy", "sell"]}
        >>> requests |= {"price": [10.02, 10.03, 0, 0], "qty": [100, 100, 150, 0]}
        >>> result = exchange.apply(requests)
        >>> result.fills["price"], result.fills["qty"]
        (array([10.02, 10.03]), array([100.,  50.]))
        >>> result.reasons()
        {3: 'unknown'}
        """
        missing = [name for name in ("op", "participant", "order", "side", "price", "qty") if name not in requests]
        if missing:
            raise DataError(f"requests: miss {', '.join(missing)}; give op, participant, order, side, price and qty")

        def whole(name: str, kind: Any) -> npt.NDArray[Any]:
            column = np.asarray(requests[name])
            if column.dtype.kind not in "iub":
                raise DataError(f"{name}: holds {column.dtype}; give whole numbers")
            out = np.ascontiguousarray(column, kind)
            if out.dtype != column.dtype and not np.array_equal(out, column):
                raise DataError(f"{name}: holds numbers out of range; {np.dtype(kind)} is what fits")
            return out

        def given(name: str, convert: Any) -> Any:
            return convert() if name in requests else None

        answer = self.apply_arrays(
            _codes(requests["op"], _OPS, "op"),
            whole("participant", np.uint32),
            whole("order", np.uint64),
            _codes(requests["side"], _SIDES, "side"),
            _fixed_column(requests["price"], "price", raw),
            _fixed_column(requests["qty"], "qty", raw),
            given("stop", lambda: _fixed_column(requests["stop"], "stop", raw)),
            given("tif", lambda: _codes(requests["tif"], _TIFS, "tif")),
            given("post_only", lambda: whole("post_only", np.int8)),
            given("ts", lambda: whole("ts", np.int64)),
        )
        fills = answer["fills"]
        if not raw:
            for name in ("price", "qty", "maker_left", "taker_left"):
                fills[name] = fills[name] / 1e9
        return MatchResult(fills, answer["rejected"], answer["counts"])

    @classmethod
    def from_bytes(cls, state: bytes) -> MatchingEngine:
        """Give an engine that goes on from the state that `to_bytes` gave."""
        engine = cls()
        engine.restore(state)
        return engine

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        return f"<MatchingEngine {self.phase}: {len(self):,} orders, {self.best_bid()} bid, {self.best_ask()} asked>"
