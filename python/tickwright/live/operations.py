"""What operators do with a node beside the commands: orders by hand, limits, parameters, and how things stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from tickwright import _core
from tickwright._whole import write_whole
from tickwright.backtesting import listed_strategies
from tickwright.errors import ConfigError, JournalError, RefusedError
from tickwright.limits import Group, Limits, RiskLimits
from tickwright.live.core import Session
from tickwright.live.kill import NodeSwitch
from tickwright.loader import load_strategies, open_strategies
from tickwright.strategy import Strategy

__all__ = ["OPERATOR", "Operations"]

OPERATOR = "operator"
"""The strategy in whose name orders by hand are sent; every node has it."""

LIMITS = "limits.json"
KILL = "kill.json"
ADDED = "added.json"


class Operations:
    """Part of `LiveNode`: to be called on its event loop."""

    _strategies: list[Any]
    _risk: RiskLimits
    _folder: Path

    def __init__(self) -> None:
        self.session: Session | None = None
        self._order_listeners: list[Callable[[dict[str, Any]], None]] = []
        self._added: list[dict[str, Any]] = []
        self._names: list[str] = []
        self._places: list[str] = []
        self._switch: NodeSwitch | None = None

    def _session(self) -> Session:
        if self.session is None:
            raise ConfigError("node: has not started; await run() first")
        return self.session

    # --- orders --------------------------------------------------------------------------------------------------

    def submit_order(
        self,
        *,
        by: str,
        why: str,
        symbol: str,
        side: str,
        qty: str,
        type: str = "market",
        time_in_force: str = "day",
        limit_price: str | None = None,
        stop_price: str | None = None,
        extended_hours: bool = False,
        client_order_id: str | None = None,
    ) -> dict[str, Any]:
        """Send an order by hand; quantities and prices are decimals. Gives the order, recorded and on its way.

        Raises
        ------
        RefusedError
            A risk check refused it.
        ConfigError
            It names a symbol, a side or a type that there is not.
        """
        order = _order(symbol, side, qty, type, time_in_force, limit_price, stop_price)
        order |= {"extended_hours": extended_hours, "client_order_id": client_order_id}
        session = self._session()
        number = self._number(OPERATOR)
        made = session.do(_core.Node.submit_by_hand, order, number, by, why, session.now_ns())
        return self._made(made)

    def replace_order(
        self,
        order_id: int,
        *,
        by: str,
        why: str,
        qty: str | None = None,
        limit_price: str | None = None,
        stop_price: str | None = None,
    ) -> dict[str, Any]:
        """Replace an order by hand; None keeps what it has. Gives the order that takes its place.

        Raises
        ------
        RefusedError
            It cannot be replaced any more, or a risk check refused the replacement.
        ConfigError
            There is no such order.
        """
        session = self._session()
        order = self._known(order_id)
        change = {"qty": qty, "limit_price": limit_price, "stop_price": stop_price}
        args = (order_id, change, order["strategy"], by, why, session.now_ns())
        return self._made(session.do(_core.Node.replace_by_hand, *args))

    def cancel_order(self, order_id: int, *, by: str, why: str) -> dict[str, Any]:
        """Ask to cancel an order, whoever gave it. Gives the order as it is now.

        Raises
        ------
        ConfigError
            There is no such order.
        """
        session = self._session()
        order = self._known(order_id)
        session.do(_core.Node.cancel_by_hand, order_id, order["strategy"], by, why, session.now_ns())
        return self._known(order_id)

    def order(self, order_id: int) -> dict[str, Any] | None:
        """Give an order by its number."""
        return self._session().core.order(order_id)

    def order_of(self, client_order_id: str) -> dict[str, Any] | None:
        """Give the order that goes by this id at the broker."""
        core = self._session().core
        number = core.order_of(client_order_id)
        return None if number is None else core.order(number)

    def orders(self, open_only: bool = True) -> list[dict[str, Any]]:
        """Give open orders, or all."""
        return self._session().core.orders(open_only)

    def order_page(
        self,
        *,
        before: int | None = None,
        limit: int = 100,
        open_only: bool = False,
        strategy: str | None = None,
        symbol: str | None = None,
    ) -> list[dict[str, Any]]:
        """Give at most `limit` orders with numbers below `before`, newest first."""
        number = None if strategy is None else self._number(strategy)
        return self._session().core.order_page(before, limit, open_only, number, symbol)

    def listen_to_orders(self, listener: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        """Give `listener` each order that changed, as it is then; gives what ends that."""
        self._order_listeners.append(listener)
        self._watch_orders()

        def end() -> None:
            if listener in self._order_listeners:
                self._order_listeners.remove(listener)
            self._watch_orders()

        return end

    def _watch_orders(self) -> None:
        if self.session is not None and self.session.broken is None:
            self.session.on_order = self._tell_order if self._order_listeners else None

    def _tell_order(self, order: dict[str, Any]) -> None:
        for listener in self._order_listeners:
            listener(order)

    def _known(self, order_id: int) -> dict[str, Any]:
        order = self.order(order_id)
        if order is None:
            raise ConfigError(f"order {order_id}: is not known; list the orders")
        return order

    def _made(self, made: tuple[int | None, tuple[str, str, str] | None] | None) -> dict[str, Any]:
        if made is None or made[0] is None:
            raise ConfigError("the journal takes nothing more; the engine ends")
        order = self._known(made[0])
        if order["status"] == "refused":
            code, scope, why = made[1] or ("INVALID", "account", "refused")
            raise RefusedError(code, scope, why, order)
        return order

    @property
    def names(self) -> list[str]:
        """Names of the strategies by number: those given, that of orders by hand, those that were added.

        May be asked for in any thread, once the node has started.
        """
        self._session()
        return self._names

    def _name_strategies(self, session: Session) -> None:
        here = self._places = session.core.status()["strategies"]
        self._names = [*here[: here.index(OPERATOR) + 1], *(one["name"] for one in self._added)]

    def _number(self, strategy: str) -> int:
        names = self.names
        if strategy not in names:
            raise ConfigError(f"strategy: {strategy!r} is not here; there are {', '.join(names)}")
        return names.index(strategy)

    # --- risk ----------------------------------------------------------------------------------------------------

    @property
    def limits(self) -> RiskLimits:
        """The limits in force."""
        return self._risk

    def set_limits(self, limits: RiskLimits, *, by: str, why: str = "") -> None:
        """Put limits in force, all of them; they are kept across restarts.

        Raises
        ------
        ConfigError
            They cannot work; those before stay.
        """
        session = self._session()
        session.do(_core.Node.set_limits, self._in_force(limits)._settings(), by, session.now_ns())
        if why:
            self.audit(by, json.dumps({"limits": why}))
        self._risk = limits
        write_whole(self._folder / LIMITS, json.dumps(asdict(limits), default=str))

    def _in_force(self, limits: RiskLimits) -> RiskLimits:
        """Give limits as the engine is to have them: with the sessions, and without what is stopped."""
        return limits

    def _kept_limits(self) -> RiskLimits | None:
        """Give the limits that were set while it ran before."""
        try:
            kept = json.loads((self._folder / LIMITS).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        kinds: dict[str, type[Limits]] = {"strategies": Limits, "instruments": Limits, "groups": Group}
        for name, kind in kinds.items():
            kept[name] = {key: kind(**values) for key, values in kept[name].items()}
        return RiskLimits(**{f.name: kept[f.name] for f in fields(RiskLimits) if f.name in kept})

    @property
    def kill_switch(self) -> NodeSwitch:
        """The kill switch; may be asked for and thrown in any thread, once the node has started.

        Raises
        ------
        ConfigError
            It has not.
        """
        if self._switch is None:
            raise ConfigError("node: has not started; await run() first")
        return self._switch

    def _take_up_switch(self, session: Session) -> None:
        def places() -> dict[str, str]:
            # Strategies that were added sit in places that have names of their own.
            return dict(zip(self._names, self._places, strict=False))

        self._switch = NodeSwitch(session.core.kill_switch(), self._folder / KILL, places)

    def explain(
        self,
        *,
        symbol: str,
        side: str,
        qty: str,
        type: str = "market",
        time_in_force: str = "day",
        limit_price: str | None = None,
        stop_price: str | None = None,
        strategy: str = OPERATOR,
    ) -> list[dict[str, Any]]:
        """Say what every check that is on makes of an order that is not sent."""
        order = _order(symbol, side, qty, type, time_in_force, limit_price, stop_price)
        names = ("check", "code", "scope", "value", "limit", "passes", "why")
        rows = self._session().core.explain(order, self._number(strategy))
        return [dict(zip(names, row, strict=True)) for row in rows]

    # --- strategies ----------------------------------------------------------------------------------------------

    def strategies(self) -> list[dict[str, Any]]:
        """Say of each strategy whether it is called, its parameters, orders and profit."""
        core = self._session().core
        names = self.names
        rows = core.strategies()[: len(names)]
        for row, name, made in zip(rows, names, self._objects(), strict=True):
            row["name"], row["kind"] = name, _kind(made)
            row["parameters"] = made.parameters if isinstance(made, Strategy) else {}
            row["realized"] = row["unrealized"] = Decimal(0)
        for position in core.positions():
            row = rows[position["strategy"]]
            row["realized"] += Decimal(position["realized"])
            row["unrealized"] += unrealized(position)
        return rows

    def set_parameters(self, name: str, values: Mapping[str, Any], *, by: str, why: str = "") -> None:
        """Set parameters of a strategy, between two events.

        Raises
        ------
        ConfigError
            There is no such strategy or parameter, or a value is of another kind.
        """
        number = self._number(name)
        made = self._objects()[number]
        if not isinstance(made, Strategy):
            raise ConfigError(f"strategy {name!r}: takes no parameters while it runs")
        checked = made.checked_parameters(values)
        session = self._session()
        session.do(_core.Node.set_parameters, number, json.dumps(checked), by, why, session.now_ns())

    def load_strategy(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        by: str,
        why: str = "",
        make: Callable[[Mapping[str, object]], list[Any]] | None = None,
    ) -> dict[str, Any]:
        """Add the strategy of a file, ``FILE.py`` or ``FILE.py:Name``; it begins at once, and is there after a restart.

        `make` is what :func:`tickwright.loader.open_strategies` gave for `path`, where the file has been run already:
        in another thread, so that the engine does not wait for what it imports.

        Raises
        ------
        ConfigError
            The file holds none or several, its name is taken, or there is no place left: a node has four.
        """
        session, given = self._session(), dict(parameters or {})
        made = _only(path, (make or open_strategies(path))(given))
        name = getattr(made, "name", None) or type(made).__name__
        if name in self.names:
            raise ConfigError(f"strategy: there is a {name!r} already; give it another name")
        place = len(self._added)
        session.core.put(place, listed_strategies(made, None))
        self._added.append({"name": name, "path": path, "parameters": given, "object": made})
        self._names = [*self._names, name]
        kept = [{key: one[key] for key in ("name", "path", "parameters")} for one in self._added]
        # Written first: a strategy that the journal does not switch on stays away.
        write_whole(self._folder / ADDED, json.dumps(kept))
        text = json.dumps({"load": path, "parameters": given})
        session.do(_core.Node.set_parameters, len(self._strategies) + 1 + place, text, by, why, session.now_ns())
        return next(row for row in self.strategies() if row["name"] == name)

    def _take_up_added(self) -> list[Any]:
        """Load the strategies that were added before; gives them as the core takes them."""
        try:
            kept = json.loads((self._folder / ADDED).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        self._added = [
            {**one, "object": _only(one["path"], load_strategies(one["path"], one["parameters"]))} for one in kept
        ]
        return [spec for one in self._added for spec in listed_strategies(one["object"], None)]

    def _objects(self) -> list[Any]:
        """Give the strategies by number, None of orders by hand."""
        return [*self._strategies, None, *(one["object"] for one in self._added)]

    # --- how things stand ----------------------------------------------------------------------------------------

    def prices(self) -> list[dict[str, Any]]:
        """Give the newest prices by symbol, decimals."""
        return self._session().core.prices()

    def audit(self, by: str, text: str) -> None:
        """Append a remark of `by` to the journal, durable before anything that follows it.

        Raises
        ------
        ConfigError
            It is longer than 64 KiB.
        JournalError
            The journal takes nothing more.
        """
        session = self._session()
        session.do(_core.Node.note, json.dumps({"by": by, "note": text}), session.now_ns())
        if session.broken is not None:
            raise JournalError(f"nothing more is taken: {session.broken}")


def _only(path: str, made: list[Any]) -> Any:
    if len(made) != 1:
        names = ", ".join(type(one).__name__ for one in made)
        raise ConfigError(f"{path}: holds {len(made)} strategies ({names}); name one, as {path}:Name")
    return made[0]


def unrealized(position: Mapping[str, Any]) -> Decimal:
    """Profit of what is open of a position, dollars; 0 before there is a price."""
    mark = Decimal(position["mark"])
    return (mark - Decimal(position["average_price"])) * Decimal(position["qty"]) if mark else Decimal(0)


def _order(
    symbol: str,
    side: str,
    qty: str,
    kind: str,
    time_in_force: str,
    limit_price: str | None,
    stop_price: str | None,
) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "side": side,
        "qty": qty,
        "type": kind,
        "time_in_force": time_in_force,
        "limit_price": limit_price,
        "stop_price": stop_price,
    }


def _kind(made: Any) -> str:
    if made is None:
        return "operator"
    return "python" if isinstance(made, Strategy) else type(made).__name__.lower()
