"""The pre-trade checks by themselves, for programs that send their orders some other way.

>>> import tickwright as tw
>>> risk = tw.Risk(["BAC"], cash=100_000, limits=tw.RiskLimits(max_order_qty=500))
>>> risk.quote("BAC", 37.10, 37.11, ts=0)
>>> risk.submit("BAC", "buy", 501, ts=1).code
'MAX_QTY'
>>> risk.submit("BAC", "buy", 100, limit=37.11, ts=2)
1
>>> [v.check for v in risk.explain("BAC", "buy", 501) if not v.passes]
['max_order_qty']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tickwright import _core
from tickwright.account import Account
from tickwright.errors import ConfigError
from tickwright.limits import RiskLimits

__all__ = ["Refusal", "Risk", "Verdict"]

Side = Literal["buy", "sell"]
TimeInForce = Literal["day", "gtc", "ioc", "fok"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order was refused; false where an id would be true."""

    code: str
    """Reason code, such as ``MAX_QTY``."""
    check: str
    """Setting whose check failed."""
    scope: str
    """``account``, ``instrument``, ``strategy``, or the name of a group."""
    value: float
    """What the order would have made, in the limit's unit."""
    limit: float
    """The limit."""
    text: str
    """The same as a sentence."""

    def __bool__(self) -> bool:
        """Give False, so that ``if risk.submit(…)`` asks whether the order passed."""
        return False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says of an order."""

    check: str
    """Setting that it goes by."""
    code: str
    """Code that its refusals have."""
    scope: str
    """Whose limit."""
    value: float
    """What the order makes, in the limit's unit."""
    limit: float
    """The limit."""
    passes: bool
    """Whether the order passes."""
    text: str | None
    """Why not."""


class Risk:
    """Checks over symbols, with books and open orders of their own.

    Tell it of prices, and of what becomes of the orders that it lets pass. Times are nanoseconds of your choosing that
    do not run backwards; there is no clock inside.

    Parameters
    ----------
    symbols : sequence of str
        What can be traded.
    cash : float
        Dollars at the start.
    limits : RiskLimits, optional
        Limits; the default allows twice the equity.
    account : Account, optional
        Kind of account; the default is limited by ``max_leverage`` alone.
    strategies : sequence of str
        Names of those who send orders.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        cash: float = 100_000.0,
        limits: RiskLimits | None = None,
        account: Account | None = None,
        strategies: Sequence[str] = ("default",),
    ) -> None:
        if isinstance(symbols, str) or isinstance(strategies, str):
            raise ConfigError('symbols, strategies: give lists of names, such as ["BAC"]')
        settings = _limits(limits or RiskLimits())
        books = (account or Account())._settings()
        self._core = _core.RiskCore(list(symbols), list(strategies), float(cash), settings, books)

    def quote(self, symbol: str, bid: float, ask: float, ts: int) -> None:
        """Best bid and ask at `ts`."""
        self._core.quote(symbol, bid, ask, ts)

    def trade(self, symbol: str, price: float, size: float, ts: int) -> None:
        """Take in a trade of the market at `ts`."""
        self._core.trade(symbol, price, size, ts)

    def submit(
        self,
        symbol: str,
        side: Side,
        qty: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        time_in_force: TimeInForce = "day",
        strategy: str | None = None,
        ts: int | None = None,
    ) -> int | Refusal:
        """Check an order; where it passes it counts as open from now on.

        Returns
        -------
        int or Refusal
            The order's id here, above 0 and so true; or why it was refused, which is false.
        """
        order = _order(symbol, side, qty, limit, stop, time_in_force, strategy)
        passed, refused = self._core.submit(order, ts)
        return Refusal(*refused) if refused is not None else int(passed or 0)

    def explain(
        self,
        symbol: str,
        side: Side,
        qty: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        time_in_force: TimeInForce = "day",
        strategy: str | None = None,
    ) -> list[Verdict]:
        """Say what every check that is on finds; counts nothing."""
        order = _order(symbol, side, qty, limit, stop, time_in_force, strategy)
        return [Verdict(*row) for row in self._core.explain(order)]

    def fill(self, order: int, qty: float, price: float, *, fee: float = 0.0, ts: int | None = None) -> None:
        """`qty` shares of an order were traded."""
        self._core.fill(order, qty, price, fee, ts)

    def cancel(self, order: int) -> None:
        """Count a cancel that was sent; the order stays open until :meth:`close`."""
        self._core.cancel(order)

    def close(self, order: int) -> None:
        """Forget an order that is canceled, expired or rejected."""
        self._core.close(order)

    def reload(self, limits: RiskLimits) -> None:
        """Put other limits in force; counters, rates and open orders stay. A bad one changes nothing."""
        self._core.reload(_limits(limits))

    def next_day(self, days: int = 1) -> tuple[float, float]:
        """Begin a business day, `days` calendar days after the last; give interest and borrow cost in dollars."""
        return self._core.next_day(days)

    def set_state(self, state: Literal["running", "reduce_only", "halted"]) -> None:
        """Set what the operator lets pass."""
        self._core.set_state(state)

    def set_halted(self, symbol: str, halted: bool = True) -> None:
        """Trading in a symbol is halted, or goes on."""
        self._core.set_halted(symbol, halted)

    def set_bands(self, symbol: str, lower: float | None = None, upper: float | None = None) -> None:
        """Limit-up limit-down bands; without them there are none."""
        self._core.set_bands(symbol, None if lower is None or upper is None else (lower, upper))

    def set_borrow(self, symbol: str, shares: float | None = None, rate_pct: float = 0.0) -> None:
        """Set what can be borrowed of a symbol; None is as many shares as wanted."""
        self._core.set_borrow(symbol, shares, rate_pct)

    @property
    def kill_switch(self) -> _core.KillSwitch:
        """Switches that any thread can throw: the next order is refused."""
        return self._core.kill_switch

    @property
    def passed(self) -> int:
        """Orders that passed."""
        return self._core.counters[1]

    @property
    def refused(self) -> dict[tuple[str, str], int]:
        """Refusals by code and kind of scope."""
        return {(code, scope): n for code, scope, n in self._core.counters[0]}

    @property
    def account(self) -> dict[str, Any]:
        """Cash, equity, and of a cash or margin account what Alpaca's ``/v2/account`` names."""
        return self._core.account

    def position(self, symbol: str) -> float:
        """Shares held, below zero for a short."""
        return self._core.position(symbol)

    @property
    def open_orders(self) -> list[int]:
        """Ids of the orders that are open."""
        return self._core.open_orders


def _limits(limits: RiskLimits) -> dict[str, Any]:
    if not isinstance(limits, RiskLimits):
        raise ConfigError(
            f"limits: {type(limits).__name__} is no RiskLimits; give RiskLimits(max_order_notional=25_000)"
        )
    return limits._settings()


def _order(
    symbol: str, side: str, qty: float, limit: float | None, stop: float | None, tif: str, strategy: str | None
) -> dict[str, Any]:
    fields = {"symbol": symbol, "side": side, "qty": qty, "limit": limit, "stop": stop}
    return {**fields, "time_in_force": tif, "strategy": strategy}
