"""Alpaca as a broker: orders, account, positions, activities, clock, calendar and assets, and the trade updates."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from tickwright.adapters.alpaca import pages
from tickwright.adapters.alpaca.endpoints import Endpoints
from tickwright.adapters.alpaca.requester import Requester, RequestSettings, RequestStatistics
from tickwright.adapters.alpaca.rest import Rest
from tickwright.adapters.alpaca.updates import AlpacaUpdateStream
from tickwright.adapters.credentials import Credentials
from tickwright.adapters.outcomes import Accepted, InDoubt, Outcome, Refused
from tickwright.adapters.pacing import Priority
from tickwright.adapters.sockets import OnFrame, OnState, StreamSettings
from tickwright.errors import BrokerError, ConfigError

__all__ = ["AlpacaBroker"]

Json = dict[str, Any]


class AlpacaBroker:
    """A `tickwright.adapters.Broker` over alpaca-py.

    Parameters
    ----------
    credentials : Credentials
        The account's keys.
    live : bool
        Trade real money. Without it an address of Alpaca's live accounts is refused.
    endpoints : Endpoints, optional
        Where; Alpaca's own addresses when not given.
    settings : RequestSettings, optional
        Pace and patience of requests.
    clock, wall_ns, sleep, rng
        Monotonic seconds, ns since the Unix epoch, a way to wait, and chance.

    Raises
    ------
    ConfigError
        alpaca-py is not installed, or the addresses do not go with `live`.

    Examples
    --------
    >>> from tickwright.adapters import Credentials
    >>> from tickwright.adapters.alpaca import AlpacaBroker
    >>> AlpacaBroker(Credentials("PKABCDEFGHIJ", "not-to-be-shown"))
    AlpacaBroker(paper, 'https://paper-api.alpaca.markets')
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        live: bool = False,
        endpoints: Endpoints | None = None,
        settings: RequestSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
    ) -> None:
        self.endpoints = endpoints or Endpoints.alpaca(live=live)
        if self.endpoints.is_live and not live:
            raise ConfigError(f"{self.endpoints.trading} trades real money; say live=True, or use the paper address")
        if self.endpoints.is_paper and live:
            raise ConfigError(f"{self.endpoints.trading} trades on paper; leave out live=True, or use the live address")
        self.live = live
        self._credentials = credentials
        self._rng = rng or random.Random()
        self._clock, self._wall_ns, self._sleep = clock, wall_ns, sleep
        settings = settings or RequestSettings()
        rest = Rest(
            self.endpoints.trading,
            credentials,
            connect_timeout_s=settings.connect_timeout_s,
            read_timeout_s=settings.read_timeout_s,
            wall_ns=wall_ns,
        )
        self._requests = Requester(rest, settings, clock, sleep, self._rng, "trading", _remedy(credentials, live))
        self._streams: list[AlpacaUpdateStream] = []

    def __repr__(self) -> str:
        return f"AlpacaBroker({'live' if self.live else 'paper'}, {self.endpoints.trading!r})"

    async def submit(self, order: Mapping[str, Any], *, flatten: bool = False) -> Outcome:
        """Send an order, at most once.

        Parameters
        ----------
        order : mapping
            The JSON of ``POST /v2/orders``. It must have a ``client_order_id``: by it the broker refuses a second one,
            and it answers what became of an order in doubt.
        flatten : bool
            The order closes a position: it goes before other orders.

        Returns
        -------
        Accepted, Refused or InDoubt
            Of `InDoubt`: ask `order_by_client_id`; what is not there may be sent again under the same id. A refusal
            because the broker has the id already is `InDoubt` too: an earlier try, taken for lost, has arrived.

        Raises
        ------
        ConfigError
            The order has no ``client_order_id``.
        """
        client_id = order.get("client_order_id")
        if not isinstance(client_id, str) or not 1 <= len(client_id) <= 128:
            raise ConfigError(f"order: client_order_id is {client_id!r}; give one of 1 to 128 characters, used once")
        priority = Priority.FLATTEN if flatten else Priority.SUBMIT
        began = self._clock()
        outcome = await self._requests.change(
            "POST", "/orders", order, priority=priority, key=str(order.get("symbol", ""))
        )
        return self._expecting(outcome, "the order", began)

    async def cancel(self, order_id: str) -> Outcome:
        """Ask for an order's end. `Accepted` says that the broker will try; the trade update says whether it ended."""
        began = self._clock()
        outcome = await self._requests.remove(f"/orders/{_one(order_id)}")
        if isinstance(outcome, Accepted):
            self._expect(began)
        return outcome

    async def replace(self, order_id: str, changes: Mapping[str, Any], *, key: str | None = None) -> Outcome:
        """Ask for an order in place of another, at most once.

        Parameters
        ----------
        order_id : str
            The order to be replaced, by the broker's id.
        changes : mapping
            The JSON of ``PATCH /v2/orders/{id}``; with a ``client_order_id`` the new order can be asked for in doubt.
        key : str, optional
            Its symbol: orders of one symbol leave in the order they were given. Without it, replaces of this order do.
        """
        began = self._clock()
        outcome = await self._requests.change(
            "PATCH", f"/orders/{_one(order_id)}", changes, priority=Priority.FLATTEN, key=key or order_id
        )
        return self._expecting(outcome, "the new order", began)

    async def cancel_all(self) -> Outcome:
        """Ask for the end of all open orders; `rows` of `Accepted` say what became of each."""
        return await self._requests.remove("/orders")

    async def close_all(self, *, cancel_orders: bool = True) -> Outcome:
        """Have all positions closed at the market; `rows` of `Accepted` say what became of each.

        It makes orders, so it is not sent again when no answer comes.
        """
        return await self._requests.change(
            "DELETE", "/positions", {"cancel_orders": str(cancel_orders).lower()}, priority=Priority.FLATTEN
        )

    async def order_by_client_id(self, client_order_id: str) -> Json | None:
        """Ask for the order of this id; None where the broker never got it."""
        return _object(
            await self._requests.read(
                "/orders:by_client_order_id",
                {"client_order_id": client_order_id},
                priority=Priority.SUBMIT,  # no new order of a symbol should pass before its doubts are settled
                absent=True,
            )
        )

    async def order(self, order_id: str, *, nested: bool = False) -> Json | None:
        """Ask for the order with the broker's id `order_id`; None where there is none."""
        params = {"nested": "true"} if nested else {}
        return _object(await self._requests.read(f"/orders/{_one(order_id)}", params, absent=True))

    async def orders(
        self,
        status: str = "open",
        *,
        after: int | str | None = None,
        until: int | str | None = None,
        symbols: Iterable[str] = (),
        side: str | None = None,
        nested: bool = False,
    ) -> list[Json]:
        """All orders, oldest first, each once, over as many pages as it takes.

        Parameters
        ----------
        status : {"open", "closed", "all"}
            Which.
        after, until : int or str, optional
            Submitted after and before: ns since the Unix epoch, or RFC 3339.
        symbols, side
            Only these.
        nested : bool
            Legs under ``legs`` of their parent rather than by themselves.
        """
        query = {"status": status, "until": pages.moment(until), "side": side, "symbols": ",".join(symbols)}
        query = {name: value for name, value in query.items() if value}
        if nested:
            query["nested"] = "true"
        return await pages.orders(self._requests.read, query, pages.moment(after))

    async def account(self) -> Json:
        """Ask for the account."""
        return _present(await self._requests.read("/account"), "/account")

    async def account_configuration(self) -> Json:
        """Ask what the account is set to allow."""
        return _present(await self._requests.read("/account/configurations"), "/account/configurations")

    async def positions(self) -> list[Json]:
        """All open positions."""
        return _rows(await self._requests.read("/positions"), "/positions")

    async def activities(
        self, types: Iterable[str] = ("FILL",), *, after: int | str | None = None, until: int | str | None = None
    ) -> list[Json]:
        """All activities of `types`, oldest first, each once, over as many pages as it takes.

        Fills of one order come with ``cum_qty`` rising, though Alpaca lists those of one millisecond in any order.

        Parameters
        ----------
        types : iterable of str
            ``"FILL"``, ``"DIV"``, ``"FEE"``, …; none for all.
        after, until : int or str, optional
            ns since the Unix epoch, or RFC 3339. Whole seconds are asked for, so up to one more second may come.
        """
        query = {
            "activity_types": ",".join(types),
            "after": pages.second(after, up=False),
            "until": pages.second(until, up=True),
        }
        return await pages.activities(self._requests.read, {name: value for name, value in query.items() if value})

    async def clock(self) -> Json:
        """Ask for the market's clock."""
        return _present(await self._requests.read("/clock"), "/clock")

    async def calendar(self, start: dt.date | str | None = None, end: dt.date | str | None = None) -> list[Json]:
        """Trading days from `start` to `end`, both included."""
        query = {"start": start, "end": end}
        return _rows(
            await self._requests.read("/calendar", {n: str(v) for n, v in query.items() if v is not None}), "/calendar"
        )

    async def assets(self, *, status: str | None = "active", asset_class: str | None = None) -> list[Json]:
        """All assets, of stocks and of crypto unless `asset_class` names one of them.

        Parameters
        ----------
        status : {"active", "inactive"}, optional
            Which; None for both.
        asset_class : {"us_equity", "crypto"}, optional
            Which.
        """
        found: list[Json] = []
        for one in ("us_equity", "crypto") if asset_class is None else (asset_class,):
            query = {"status": status, "asset_class": one}
            found += _rows(await self._requests.read("/assets", {n: v for n, v in query.items() if v}), "/assets")
        return found

    async def asset(self, symbol: str) -> Json | None:
        """Ask for the asset of a symbol or id; None where there is none."""
        return _object(await self._requests.read(f"/assets/{_one(symbol)}", absent=True))

    def updates(
        self,
        on_message: OnFrame,
        on_state: OnState,
        *,
        expect_s: float = 30.0,
        settings: StreamSettings | None = None,
    ) -> AlpacaUpdateStream:
        """Listen to trade updates, each handed on as the bytes it came as; `run` starts it.

        Parameters
        ----------
        on_message : callable or FrameQueue
            Called with each message and when it came, in ns since the Unix epoch.
        on_state : callable
            Called with each `StreamEvent`.
        expect_s : float
            How long after a request that was accepted an update must have come; else the socket is taken for dead.
        settings : StreamSettings, optional
            Pace and patience of the connection.
        """
        stream = AlpacaUpdateStream(
            self.endpoints.updates,
            self._credentials,
            on_message,
            on_state,
            expect_s=expect_s,
            settings=settings,
            clock=self._clock,
            wall_ns=self._wall_ns,
            sleep=self._sleep,
            rng=self._rng,
        )
        self._streams.append(stream)
        return stream

    def statistics(self) -> RequestStatistics:
        """Count what has been asked, and what became of it."""
        return self._requests.statistics()

    async def close(self) -> None:
        """End the streams and send nothing more."""
        for stream in self._streams:
            await stream.close()
        await self._requests.close()

    def _expecting(self, outcome: Outcome, what: str, began: float) -> Outcome:
        if isinstance(outcome, Refused) and _is_taken(outcome):
            return InDoubt("the broker has an order of this id already: ask for it", outcome.status, outcome.request_id)
        if not isinstance(outcome, Accepted):
            return outcome
        if not outcome.order.get("id"):
            return InDoubt(f"answered with success but without {what}", 200, outcome.request_id)
        self._expect(began)
        return outcome

    def _expect(self, since: float) -> None:
        for stream in self._streams:
            stream.expect(since)


def _is_taken(outcome: Refused) -> bool:
    words = outcome.message.lower()
    return outcome.status == 422 and "client_order_id" in words and "unique" in words


def _one(name: str) -> str:
    """`name` as one step of a path: ``BTC/USD`` has a stroke of its own."""
    if not name or name in (".", ".."):
        raise ConfigError(f"{name!r} is no id and no symbol")
    return quote(name, safe="")


def _object(body: Any) -> Json | None:
    return None if body is None else _present(body, "an object")


def _present(body: Any, what: str) -> Json:
    if not isinstance(body, dict):
        raise BrokerError(f"{what}: the answer is not an object")
    return body


def _rows(body: Any, what: str) -> list[Json]:
    if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
        raise BrokerError(f"{what}: the answer is not a list of objects")
    return body


def _remedy(credentials: Credentials, live: bool) -> str:
    """Say what to do where the keys are refused."""
    # Alpaca's keys of paper accounts begin with PK, those of live ones with AK.
    kind = credentials.key_id[:2]
    if live and kind == "PK":
        return "these are keys of a paper account, and live = true: leave that out, or use the live account's keys"
    if not live and kind == "AK":
        return "these are keys of a live account: use the paper account's keys, or say live = true to trade real money"
    where = "live" if live else "paper"
    return f"are these the keys of this {where} account, and are they paper or live?"
