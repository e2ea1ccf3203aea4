"""Comparing the engine with the broker: names, fills, orders, positions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tickwright import _core
from tickwright.adapters import Broker
from tickwright.adapters.alpaca.pages import nanoseconds
from tickwright.live.core import Session
from tickwright.live.desk import Desk

__all__ = ["Comparison", "Reconciler"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Comparison:
    """What a comparison with the broker found."""

    orders: int
    """Orders of ours that the broker told of."""
    fills: int
    """Fills of ours in its list of activities."""
    absent: int
    """Orders that never arrived."""
    differences: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    """Symbol → position here, position there, where they differ."""

    @property
    def agrees(self) -> bool:
        """Whether all positions are equal."""
        return not self.differences

    def __str__(self) -> str:
        differ = self.differences.items()
        parts = [f"{symbol}: {ours} here, {theirs} at the broker" for symbol, (ours, theirs) in differ]
        return "; ".join(parts) or "all positions equal"


class Reconciler:
    """Brings a session up to what the broker says.

    Parameters
    ----------
    broker
        Who knows.
    desk
        Whose requests may be about to change what the broker says.
    symbols
        What is traded here.
    baseline
        Gives positions that the account had before, by symbol: they are nobody's here.
    explains
        Whether a difference, of a symbol with the position here and there, is one that passes by itself.
    """

    def __init__(
        self,
        broker: Broker,
        desk: Desk,
        symbols: tuple[str, ...],
        baseline: Callable[[], Mapping[str, Decimal]],
        explains: Callable[[str, Decimal, Decimal], bool],
    ) -> None:
        self._broker, self._desk, self._symbols = broker, desk, symbols
        self._baseline, self._explains = baseline, explains

    async def book_until(self, session: Session, since_ns: int | None, until_ns: int) -> None:
        """Book the fills between two moments, in shares as they were then."""
        for row in await self._broker.orders("all", after=since_ns, nested=True):
            session.do(_core.Node.on_answer, _bytes(row))
        for activity in await self._broker.activities(("FILL",), after=since_ns):
            if nanoseconds(str(activity["transaction_time"])) < until_ns:
                session.do(_core.Node.on_activity, _bytes(activity), session.now_ns())

    async def catch_up(
        self, session: Session, since_ns: int | None, in_doubt: list[tuple[int, str]]
    ) -> tuple[int, int, int]:
        """Learn what was missed since `since_ns`: orders, fills, and of orders in doubt whether they ever arrived."""
        asked = self._desk.turn
        rows = list(await self._broker.orders("all", after=since_ns, nested=True))
        known = {row.get("id") for row in rows}
        for row in await self._broker.orders("open", nested=True):
            if row.get("id") not in known:
                rows.append(row)
        ours, fills = [], 0
        for row in rows:
            heard = session.do(_core.Node.on_answer, _bytes(row))
            if heard is not None and heard[1] is not None:
                ours.append((heard[1], row))
        for activity in await self._broker.activities(("FILL",), after=since_ns):
            heard = session.do(_core.Node.on_activity, _bytes(activity), session.now_ns())
            fills += heard is not None and heard[0] == "order"
        for order, row in ours:
            if self._desk.is_quiet(order, asked):
                session.do(_core.Node.settle, _bytes(row), session.now_ns())
            else:  # the row may be older than what a request has done since
                self._desk.unsettled.add(order)
        absent = 0
        for order, client_id in in_doubt:
            if any(row.get("client_order_id") == client_id for _, row in ours):
                continue
            broker_id = session.core.broker_id(order)
            found = await (self._broker.order(broker_id) if broker_id else self._broker.order_by_client_id(client_id))
            if found is None:
                absent += 1
                log.warning("order %s never reached the broker", client_id)
                session.do(_core.Node.absent, order, session.now_ns())
            else:
                session.do(_core.Node.settle, _bytes(found), session.now_ns())
        return len(ours), fills, absent

    async def compare(self, session: Session) -> dict[str, tuple[Decimal, Decimal]]:
        """Positions that differ: symbol → here, there."""
        theirs = positions_of(await self._broker.positions())
        baseline = self._baseline()
        differences = {}
        for symbol in self._symbols:
            here = Decimal(session.core.net_qty(symbol)) + baseline.get(symbol, Decimal(0))
            there = theirs.get(symbol, Decimal(0))
            if here != there and not self._explains(symbol, here, there):
                differences[symbol] = (here, there)
        return differences

    async def run(self, session: Session, since_ns: int | None, in_doubt: list[tuple[int, str]]) -> Comparison:
        """Catch up, and compare."""
        orders, fills, absent = await self.catch_up(session, since_ns, in_doubt)
        return Comparison(orders, fills, absent, await self.compare(session))


def positions_of(rows: list[dict[str, Any]]) -> dict[str, Decimal]:
    """Signed shares by symbol; of crypto under the name with a stroke."""
    found = {}
    for row in rows:
        symbol = str(row["symbol"])
        if row.get("asset_class") == "crypto" and "/" not in symbol and symbol.endswith("USD"):
            symbol = f"{symbol[:-3]}/USD"
        qty = Decimal(str(row["qty"]))
        found[symbol] = -abs(qty) if row.get("side") == "short" else qty
    return found


def _bytes(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row).encode()
