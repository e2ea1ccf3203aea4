"""From a fill back to the tick that led to it: what each line of the log about an order carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["Trail"]

ORDERS_MAX: Final = 65_536


class Trail:
    """Remembers of the newest orders why they were asked for.

    Parameters
    ----------
    orders_max
        How many are remembered.

    Notes
    -----
    ``tick_ns`` is the time of the market event, timer or command that the strategy answered with the request: what the
    journal and the data have under that time; of a cancel, when it was handed out. ``frame`` is the number of the
    newest frame of this run when the request left, ``since_frame`` that of the first one that it can have come from;
    they differ where requests waited for the disk together.

    Examples
    --------
    >>> from tickwright.live.trail import Trail
    >>> trail = Trail()
    >>> asked = {"order": 7, "client_order_id": "tw-7"}
    >>> trail.note(asked, tick_ns=1_700_000_000_000_000_000, frame=12, since_frame=11)
    {'order': 7, 'client_order_id': 'tw-7', 'tick_ns': 1700000000000000000, 'frame': 12, 'since_frame': 11}
    >>> trail.of(7)["client_order_id"], trail.of(8)
    ('tw-7', {'order': 8})
    """

    __slots__ = ("_orders", "_orders_max")

    def __init__(self, orders_max: int = ORDERS_MAX) -> None:
        self._orders: dict[int, dict[str, Any]] = {}
        self._orders_max = orders_max

    def note(self, request: Mapping[str, Any], *, tick_ns: int, frame: int, since_frame: int) -> dict[str, Any]:
        """Remember why a request was made, gives what its lines carry; of an order, the first request counts."""
        found = {
            "order": request["order"],
            "client_order_id": request["client_order_id"],
            "tick_ns": tick_ns,
            "frame": frame,
            "since_frame": since_frame,
        }
        if request["order"] not in self._orders:
            if len(self._orders) >= self._orders_max:
                del self._orders[next(iter(self._orders))]
            self._orders[request["order"]] = found
        return found

    def of(self, order: int) -> dict[str, Any]:
        """Give what a line about an order carries."""
        return self._orders.get(order, {"order": order})
