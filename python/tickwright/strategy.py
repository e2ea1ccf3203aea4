"""Strategies as Python classes: override the callbacks you need, trade and read through the methods.

A strategy is called with one event at a time, in event time. Orders it sends travel to the venue with its latency and
come back as fills; the same class runs unchanged in backtest, paper and live.

>>> import tickwright as tw
>>> class BuyOnce(tw.Strategy):
...     def on_quote(self, quote):
...         if not self.position(quote.symbol).qty and not self.open_orders():
...             self.buy(quote.symbol, 100)
>>> day = tw.feeds.synthetic(seed=1, symbols=["ALFA"])
>>> tw.backtest(BuyOnce(), day).stats["fills"]
1
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tickwright.errors import ConfigError, OrderError

if TYPE_CHECKING:
    from tickwright._core import Bar, Book, CorporateAction, Fill, Order, Position, Quote, Timer, Trade, Window

__all__ = ["Strategy"]

Side = Literal["buy", "sell"]
TimeInForce = Literal["day", "gtc", "ioc", "fok", "opg", "cls"]
OrderClass = Literal["simple", "bracket", "oco", "oto"]
Kind = Literal["quotes", "trades", "bars", "actions", "book"]

_SIMPLE = (bool, int, float, str)
_CALLBACKS = (
    "on_start",
    "on_stop",
    "on_quote",
    "on_trade",
    "on_bar",
    "on_book",
    "on_action",
    "on_fill",
    "on_order",
    "on_timer",
)


class Strategy:
    """A trading strategy.

    Override the callbacks you need. Without a call of :meth:`subscribe` in :meth:`on_start`, a strategy gets the events
    of every symbol for which it overrides a callback. An exception that a callback raises ends a backtest with
    :class:`tickwright.StrategyError`, which names the callback and the event time and has the exception as its cause.
    """

    name: ClassVar[str | None] = None
    """Name in results; the class's name where it is None."""

    _window: Window | None = None

    @property
    def _engine(self) -> Window:
        if self._window is None:
            raise OrderError(
                f"{type(self).__name__} is not part of a run: the engine can be read and asked for orders only inside "
                "callbacks, during tickwright.backtest"
            )
        return self._window

    # --- callbacks -------------------------------------------------------------------------------------------------
    def on_start(self) -> None:
        """Begin, before the first event: subscribe and set timers here."""

    def on_stop(self) -> None:
        """End, after the last event."""

    def on_quote(self, quote: Quote) -> None:
        """Take each best bid and ask."""

    def on_trade(self, trade: Trade) -> None:
        """Take each trade print."""

    def on_bar(self, bar: Bar) -> None:
        """Take each complete bar: of the data, or built by :meth:`subscribe`."""

    def on_book(self, book: Book) -> None:
        """Take each state of the book that the exchange showed, as its touch; with ``SimVenue(matching="book")``."""

    def on_action(self, action: CorporateAction) -> None:
        """Take each split or dividend, after the ledger has applied it."""

    def on_fill(self, fill: Fill) -> None:
        """Take each fill of an own order; position and cash already show it."""

    def on_order(self, order: Order) -> None:
        """Take each own order that is accepted, refused, canceled, expired, replaced or rejected."""

    def on_timer(self, timer: Timer) -> None:
        """Take a timer that went off."""

    def on_parameters(self, changed: dict[str, Any]) -> None:
        """Take parameters that an operator set while it runs; the attributes have their new values already."""

    # --- parameters ------------------------------------------------------------------------------------------------
    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters that can be set while it runs: those of the constructor that are attributes of the same name.

        Only numbers, texts, booleans and None are taken.

        >>> class Every(Strategy):
        ...     def __init__(self, quotes: int = 10) -> None:
        ...         self.quotes = quotes
        >>> Every(5).parameters
        {'quotes': 5}
        """
        names = inspect.signature(type(self).__init__).parameters if type(self).__init__ is not object.__init__ else {}
        found = {name: getattr(self, name, ...) for name in names if name != "self"}
        return {name: value for name, value in found.items() if value is None or isinstance(value, _SIMPLE)}

    def checked_parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Give `values` as they would be set.

        Raises
        ------
        ConfigError
            There is no such parameter, or its value is of another kind than the present one.
        """
        present = self.parameters
        checked = {}
        for name, value in values.items():
            if name not in present:
                known = ", ".join(present) or "none"
                raise ConfigError(f"parameter {name!r}: {type(self).__name__} has no such one; it has {known}")
            old = present[name]
            if isinstance(old, int) and not isinstance(old, bool) and isinstance(value, float) and value.is_integer():
                value = int(value)
            elif isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
            if old is not None and type(value) is not type(old):
                kinds = f"{type(value).__name__}, and must be {type(old).__name__}"
                raise ConfigError(f"parameter {name!r}: {value!r} is {kinds}, as {old!r} is")
            checked[name] = value
        return checked

    def _take_parameters(self, text: str) -> None:
        changed = self.checked_parameters(json.loads(text))
        for name, value in changed.items():
            setattr(self, name, value)
        self.on_parameters(changed)

    # --- asking ----------------------------------------------------------------------------------------------------
    def subscribe(self, symbol: str | None = None, kind: Kind = "bars", bars: str | None = None) -> None:
        """Get events of `kind`, of one symbol or of all.

        Parameters
        ----------
        symbol : str, optional
            Symbol; None for all.
        kind : {"bars", "quotes", "trades", "actions", "book"}
            Kind of event.
        bars : str, optional
            Build these bars from trades (from quotes where there are none), such as ``"1m"``, ``"500 ticks"`` or
            ``"10000 shares"``; without it `kind` ``"bars"`` means the bars of the data.

        Raises
        ------
        OrderError
            When `symbol` is not in the data.
        ConfigError
            When `kind` or `bars` is not known.
        """
        if bars is None:
            self._engine.subscribe(symbol, kind)
        else:
            self._engine.subscribe_bars(symbol, bars)

    def submit(
        self,
        symbol: str,
        side: Side,
        qty: float | None = None,
        *,
        limit: float | None = None,
        stop: float | None = None,
        tif: TimeInForce = "day",
        trail: float | None = None,
        trail_percent: float | None = None,
        notional: float | None = None,
        extended_hours: bool = False,
        take_profit: float | None = None,
        stop_loss: float | tuple[float, float] | None = None,
        order_class: OrderClass | None = None,
        client_order_id: str | None = None,
    ) -> int:
        """Send an order: market, or limit, stop, stop-limit or trailing stop by the prices given.

        Parameters
        ----------
        symbol : str
            Symbol.
        side : {"buy", "sell"}
            Side.
        qty : float, optional
            Shares, above 0; up to nine decimals. Give it or `notional`.
        limit, stop : float, optional
            Dollars a share.
        tif : {"day", "gtc", "ioc", "fok", "opg", "cls"}
            Time in force; ``opg`` and ``cls`` trade in the opening and closing auction alone.
        trail, trail_percent : float, optional
            How far a trailing stop stays behind the best price: dollars, or percent of it.
        notional : float, optional
            Dollars to trade for.
        extended_hours : bool
            May trade from 4:00 to 20:00 in New York; limit orders for the day only.
        take_profit : float, optional
            Limit price of a leg that takes the profit.
        stop_loss : float or tuple of float, optional
            Stop price of a leg that stops the loss, or stop and limit price.
        order_class : {"simple", "bracket", "oco", "oto"}, optional
            How the legs hang together; without it both legs make a bracket and one an ``oto``. An ``oco`` closes a
            position: its own limit (or `take_profit`) takes the profit.
        client_order_id : str, optional
            An id of your own, of 1 to 128 characters, unique in the run.

        Returns
        -------
        int
            The order's id; its legs have the ids that follow, take-profit first. Whether risk lets it pass,
            :meth:`on_order` tells.

        Raises
        ------
        OrderError
            When a number or name makes no sense.

        Examples
        --------
        >>> import tickwright as tw
        >>> class Bracket(tw.Strategy):
        ...     def on_quote(self, quote):
        ...         if not self.position(quote.symbol).qty and not self.open_orders():
        ...             at = round(quote.ask, 2)
        ...             self.buy(quote.symbol, 100, take_profit=round(at * 1.002, 2), stop_loss=round(at * 0.998, 2))
        >>> day = tw.feeds.synthetic(seed=1, symbols=["ALFA"], events_scale=0.1)
        >>> orders = tw.backtest(Bracket(), day).orders
        >>> orders.column("class").to_pylist()[:3], orders.column("parent").to_pylist()[:3]
        (['bracket', 'bracket', 'bracket'], [0, 1, 1])
        """
        loss = (stop_loss, None) if isinstance(stop_loss, (int, float)) else stop_loss
        return self._engine.submit(
            symbol,
            side,
            qty,
            limit,
            stop,
            tif,
            trail=trail,
            trail_percent=trail_percent,
            notional=notional,
            extended_hours=extended_hours,
            take_profit=take_profit,
            stop_loss=loss,
            order_class=order_class,
            client_order_id=client_order_id,
        )

    def buy(
        self,
        symbol: str,
        qty: float | None = None,
        *,
        limit: float | None = None,
        stop: float | None = None,
        tif: TimeInForce = "day",
        trail: float | None = None,
        trail_percent: float | None = None,
        notional: float | None = None,
        extended_hours: bool = False,
        take_profit: float | None = None,
        stop_loss: float | tuple[float, float] | None = None,
        order_class: OrderClass | None = None,
        client_order_id: str | None = None,
    ) -> int:
        """Send a buy order; see :meth:`submit`."""
        return self.submit(
            symbol,
            "buy",
            qty,
            limit=limit,
            stop=stop,
            tif=tif,
            trail=trail,
            trail_percent=trail_percent,
            notional=notional,
            extended_hours=extended_hours,
            take_profit=take_profit,
            stop_loss=stop_loss,
            order_class=order_class,
            client_order_id=client_order_id,
        )

    def sell(
        self,
        symbol: str,
        qty: float | None = None,
        *,
        limit: float | None = None,
        stop: float | None = None,
        tif: TimeInForce = "day",
        trail: float | None = None,
        trail_percent: float | None = None,
        notional: float | None = None,
        extended_hours: bool = False,
        take_profit: float | None = None,
        stop_loss: float | tuple[float, float] | None = None,
        order_class: OrderClass | None = None,
        client_order_id: str | None = None,
    ) -> int:
        """Send a sell order; see :meth:`submit`."""
        return self.submit(
            symbol,
            "sell",
            qty,
            limit=limit,
            stop=stop,
            tif=tif,
            trail=trail,
            trail_percent=trail_percent,
            notional=notional,
            extended_hours=extended_hours,
            take_profit=take_profit,
            stop_loss=stop_loss,
            order_class=order_class,
            client_order_id=client_order_id,
        )

    def cancel(self, order_id: int) -> bool:
        """Ask to cancel an order; False when it is done already. A fill may still win the race."""
        return self._engine.cancel(order_id)

    def cancel_all(self, symbol: str | None = None) -> int:
        """Ask to cancel all own open orders, of one symbol or of all; gives how many."""
        return sum(self.cancel(o.id) for o in self.open_orders() if symbol is None or o.symbol == symbol)

    def replace(
        self,
        order_id: int,
        *,
        qty: float | None = None,
        limit: float | None = None,
        stop: float | None = None,
        trail: float | None = None,
    ) -> int | None:
        """Replace an order; what is None stays as it is.

        Parameters
        ----------
        order_id : int
            The order to replace.
        qty : float, optional
            New quantity in all: what has filled already counts against it.
        limit, stop : float, optional
            New prices, dollars a share.
        trail : float, optional
            New trail of a trailing stop, in dollars or percent as it has it; its best price starts anew.

        Returns
        -------
        int or None
            Id of the replacement; None when the order is done already.
        """
        return self._engine.replace(order_id, qty, limit, stop, trail)

    def close(self, symbol: str) -> int | None:
        """Close the position in `symbol` at the market; gives the order's id, None when flat."""
        qty = self.position(symbol).qty
        if qty == 0:
            return None
        return self.sell(symbol, qty) if qty > 0 else self.buy(symbol, -qty)

    def set_timer(self, name: str = "timer", *, seconds: float | None = None, at_ns: int | None = None) -> None:
        """Have :meth:`on_timer` called with a timer of this name.

        Parameters
        ----------
        name : str
            Name of the timer.
        seconds : float, optional
            Seconds of event time from now, above 0.
        at_ns : int, optional
            Event time in nanoseconds since 1970 UTC; give this or `seconds`.
        """
        if (seconds is None) == (at_ns is None):
            raise OrderError("set_timer: give either seconds or at_ns")
        if seconds is not None:
            if not 0 < seconds < 1e9:
                raise OrderError(f"set_timer: seconds {seconds!r} must be above 0 and below 1e9")
            at_ns = self.now + round(seconds * 1e9)
        assert at_ns is not None
        self._engine.set_timer(at_ns, name)

    # --- reading ---------------------------------------------------------------------------------------------------
    def position(self, symbol: str) -> Position:
        """Give the strategy's own position in `symbol`: `qty`, `avg_price`, `unrealized_pnl` and more."""
        return self._engine.position(symbol)

    def book(self, symbol: str) -> Book:
        """Give the best bid and ask and the last trade of `symbol`."""
        return self._engine.book(symbol)

    def order(self, order_id: int) -> Order | None:
        """Give an own order as it is now; None where it is not one (or was sent in this very callback)."""
        return self._engine.order(order_id)

    def open_orders(self) -> list[Order]:
        """Give the own orders that are not done."""
        return self._engine.open_orders()

    @property
    def symbols(self) -> list[str]:
        """Symbols of the run."""
        return self._engine.symbols

    @property
    def now(self) -> int:
        """Event time, nanoseconds since 1970 UTC."""
        return self._engine.now

    @property
    def cash(self) -> float:
        """Cash of the account, dollars."""
        return self._engine.cash

    @property
    def equity(self) -> float:
        """Cash and positions of the account at their marks, dollars."""
        return self._engine.equity

    def _overridden(self) -> list[str]:
        """Names of the callbacks that the strategy's class, or the object itself, defines."""
        own = type(self)
        return [c for c in _CALLBACKS if c in self.__dict__ or getattr(own, c) is not getattr(Strategy, c)]
