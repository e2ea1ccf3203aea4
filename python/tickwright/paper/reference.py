"""Routes that are not trading: clock, calendar, assets, options, announcements, and the market-data history."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from tickwright.paper import actions
from tickwright.paper.history import KINDS, LOCATIONS, History
from tickwright.paper.query import BadRequest
from tickwright.paper.sessions import NEW_YORK, SECOND_NS, Session, rfc3339

if TYPE_CHECKING:
    from tickwright.paper.assets import Assets
    from tickwright.paper.clock import VirtualClock
    from tickwright.paper.sessions import Calendar

__all__ = ["routes"]

Query = Mapping[str, str]
Answer = Callable[[Request], bytes]
INVALID, UNKNOWN = 40010001, 40410000
# Letters of exchanges in trades and quotes: CTA and UTP participants.
EXCHANGES = {
    "A": "NYSE American (AMEX)",
    "B": "NASDAQ OMX BX",
    "C": "National Stock Exchange",
    "D": "FINRA ADF",
    "E": "Market Independent",
    "H": "MIAX",
    "I": "International Securities Exchange",
    "J": "Cboe EDGA",
    "K": "Cboe EDGX",
    "L": "Long Term Stock Exchange",
    "M": "Chicago Stock Exchange",
    "N": "New York Stock Exchange",
    "P": "NYSE Arca",
    "Q": "NASDAQ OMX",
    "S": "NASDAQ Small Cap",
    "T": "NASDAQ Int",
    "U": "Members Exchange",
    "V": "IEX",
    "W": "CBOE",
    "X": "NASDAQ OMX PSX",
    "Y": "Cboe BYX",
    "Z": "Cboe BZX",
}
CONDITIONS = {
    "trade": {
        "@": "Regular Sale",
        "4": "Derivatively Priced",
        "6": "Market Center Closing Trade",
        "F": "Intermarket Sweep",
        "I": "Odd Lot Trade",
        "M": "Market Center Official Close",
        "O": "Market Center Opening Trade",
        "Q": "Market Center Official Open",
        "T": "Form T",
        "Z": "Sold (out of sequence)",
    },
    "quote": {"A": "Slow Quote Offer Side", "B": "Slow Quote Bid Side", "R": "Regular, Two-Sided Open Quote"},
}


def refusal(status: int, code: int, message: str) -> Response:
    """Answer of the trading API that something cannot be."""
    return Response(json.dumps({"code": code, "message": message}), status, media_type="application/json")


def found(value: Any) -> Response:
    """Answer with `value` as JSON."""
    return Response(json.dumps(value, separators=(",", ":")), media_type="application/json")


def routes(clock: VirtualClock, calendar: Calendar, assets: Assets, history: History) -> Router:
    """Make the router of everything that is not trading."""
    data = _DataRoutes(clock, history)
    stocks, crypto = "/v2/stocks", "/v1beta3/crypto/{loc}"
    return Router(
        [
            _route("/v2/clock", lambda request: found(clock_answer(clock.now_ns, calendar))),
            _route("/v2/calendar", lambda request: calendar_answer(calendar, request.query_params)),
            _route("/v2/assets", lambda request: found(assets.listed(request.query_params))),
            _route("/v2/assets/{name:path}", lambda request: _asset(assets, request.path_params["name"])),
            _route("/v2/options/contracts", _contracts),
            _route("/v2/options/contracts/{name}", lambda r: _none("option contract", r.path_params["name"])),
            _route("/v2/corporate_actions/announcements", _announcements),
            _route(
                "/v2/corporate_actions/announcements/{name}", lambda r: _none("announcement", r.path_params["name"])
            ),
            *(Route(f"{stocks}/{kind}", data.pages(kind, crypto=False)) for kind in KINDS),
            *(Route(f"{stocks}/{kind}/latest", data.latest(kind, crypto=False)) for kind in KINDS),
            Route(f"{stocks}/snapshots", data.snapshots(crypto=False)),
            _route(f"{stocks}/meta/exchanges", lambda request: found(EXCHANGES)),
            _route(f"{stocks}/meta/conditions/{{tick}}", _conditions),
            *(Route(f"{stocks}/{{symbol}}/{kind}", data.pages(kind, crypto=False)) for kind in KINDS),
            *(Route(f"{stocks}/{{symbol}}/{kind}/latest", data.latest(kind, crypto=False)) for kind in KINDS),
            Route(f"{stocks}/{{symbol}}/snapshot", data.snapshots(crypto=False)),
            *(Route(f"{crypto}/{kind}", data.pages(kind, crypto=True)) for kind in KINDS),
            *(Route(f"{crypto}/latest/{kind}", data.latest(kind, crypto=True)) for kind in (*KINDS, "orderbooks")),
            Route(f"{crypto}/snapshots", data.snapshots(crypto=True)),
            Route("/v1beta1/news", data.plain(actions.news)),
            Route("/v1/corporate-actions", data.plain(actions.corporate_actions)),
            Route("/v1beta1/screener/stocks/most-actives", data.plain(actions.most_actives)),
            Route("/v1beta1/screener/{market}/movers", data.movers()),
        ],
        default=_not_found,
        redirect_slashes=False,
    )


def _route(path: str, make: Callable[[Request], Response]) -> Route:
    """Route whose answer takes microseconds: made on the event loop, without the way to a thread and back."""

    async def endpoint(request: Request) -> Response:
        return make(request)

    return Route(path, endpoint)


async def _not_found(scope: Any, receive: Any, send: Any) -> None:
    await refusal(404, UNKNOWN, "endpoint not found.")(scope, receive, send)


def clock_answer(now_ns: int, calendar: Calendar) -> dict[str, Any]:
    """Answer of ``/v2/clock``."""
    opens, closes = calendar.next_open(now_ns), calendar.next_close(now_ns)
    return {
        "timestamp": rfc3339(now_ns, NEW_YORK),
        "is_open": calendar.is_open(now_ns),
        "next_open": rfc3339(opens or now_ns, NEW_YORK),
        "next_close": rfc3339(closes or now_ns, NEW_YORK),
    }


def _date(query: Query, name: str, default: dt.date) -> dt.date:
    text = query.get(name)
    if not text:
        return default
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text).date()
    except ValueError:
        raise BadRequest(f"invalid {name}: {text}") from None


def calendar_answer(calendar: Calendar, query: Query) -> Response:
    """Answer of ``/v2/calendar``."""
    by = (query.get("date_type") or "TRADING").upper()
    try:
        start = _date(query, "start", calendar.sessions[0].date)
        end = _date(query, "end", calendar.sessions[-1].date)
        if by not in ("TRADING", "SETTLEMENT"):
            raise BadRequest(f"invalid date_type: {by}")
    except BadRequest as error:
        return refusal(400, INVALID, str(error))
    days = calendar.settling(start, end) if by == "SETTLEMENT" else calendar.between(start, end)
    return found([_day(calendar, day) for day in days])


def _hours(ns: int, form: str) -> str:
    return dt.datetime.fromtimestamp(ns // SECOND_NS, NEW_YORK).strftime(form)


def _day(calendar: Calendar, day: Session) -> dict[str, str]:
    return {
        "date": day.date.isoformat(),
        "open": _hours(day.open_ns, "%H:%M"),
        "close": _hours(day.close_ns, "%H:%M"),
        "session_open": _hours(day.early_ns, "%H%M"),
        "session_close": _hours(day.late_ns, "%H%M"),
        "settlement_date": calendar.settlement(day.date).isoformat(),
    }


def _asset(assets: Assets, name: str) -> Response:
    asset = assets.find(name)
    return refusal(404, UNKNOWN, f"asset not found for {name}") if asset is None else found(asset.answer())


def _contracts(request: Request) -> Response:
    """Option contracts: there are none here."""
    limit = request.query_params.get("limit") or "100"
    if not re.fullmatch(r"\d{1,5}", limit) or not 1 <= int(limit) <= 10_000:
        return refusal(422, INVALID, f"invalid limit: {limit}")
    return found({"option_contracts": [], "next_page_token": None})


def _announcements(request: Request) -> Response:
    """Announcements, which Alpaca serves elsewhere now: there are none here."""
    for name in ("ca_types", "since", "until"):
        if not request.query_params.get(name):
            return refusal(422, INVALID, f"{name} is required")
    return found([])


def _none(what: str, name: str) -> Response:
    return refusal(404, UNKNOWN, f"{what} {name} not found")


def _conditions(request: Request) -> Response:
    known = CONDITIONS.get(request.path_params["tick"])
    if known is None or request.query_params.get("tape") not in ("A", "B", "C"):
        return Response('{"message": "invalid ticktype or tape"}', 400, media_type="application/json")
    return found(known)


class _DataRoutes:
    """Endpoints of the history, each in a thread, for a page of 10,000 rows takes milliseconds."""

    def __init__(self, clock: VirtualClock, history: History) -> None:
        self._clock = clock
        self._history = history

    def _endpoint(self, make: Callable[[Request, int], bytes]) -> Any:
        async def endpoint(request: Request) -> Response:
            now_ns = self._clock.now_ns
            try:
                if request.path_params.get("loc", LOCATIONS[0]) not in LOCATIONS:
                    raise BadRequest(f"invalid location: {request.path_params['loc']}")
                body = await asyncio.to_thread(make, request, now_ns)
            except BadRequest as error:
                said = json.dumps({"message": str(error)})
                return Response(said, error.status, media_type="application/json")
            return Response(body, media_type="application/json")

        return endpoint

    def pages(self, kind: str, *, crypto: bool) -> Any:
        """Bars, quotes or trades of a window."""
        return self._endpoint(
            lambda r, now: self._history.pages(
                kind, r.query_params, now, crypto=crypto, symbol=r.path_params.get("symbol")
            )
        )

    def latest(self, kind: str, *, crypto: bool) -> Any:
        """Make the endpoint of the last of each symbol."""
        return self._endpoint(
            lambda r, now: self._history.latest(
                kind, r.query_params, now, crypto=crypto, symbol=r.path_params.get("symbol")
            )
        )

    def snapshots(self, *, crypto: bool) -> Any:
        """Snapshots of symbols."""
        return self._endpoint(
            lambda r, now: self._history.snapshots(
                r.query_params, now, crypto=crypto, symbol=r.path_params.get("symbol")
            )
        )

    def plain(self, make: Callable[[History, Query, int], bytes]) -> Any:
        """Make the endpoint of what takes its parameters from the query alone."""
        return self._endpoint(lambda r, now: make(self._history, r.query_params, now))

    def movers(self) -> Any:
        """Movers of a market."""
        return self._endpoint(
            lambda r, now: actions.movers(self._history, r.path_params["market"], r.query_params, now)
        )
