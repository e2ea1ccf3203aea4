"""Orders from the command line: list, give, replace and cancel."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Optional

import typer

from tickwright.cli.control import ask_status, brief
from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Answer, Grid, amount, as_dict, clock, moment, pairs, price

__all__ = ["Side", "TimeInForce", "ask_orders", "order_app", "order_grid", "order_words", "register"]

Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python
Side = Annotated[Literal["buy", "sell"], typer.Argument(help="Which way.")]
TimeInForce = Annotated[
    Optional[Literal["day", "gtc", "opg", "cls", "ioc", "fok"]],  # noqa: UP045
    typer.Option("--tif", help="How long it works; without it for the day.", show_default=False),
]
Price = Annotated[Text, typer.Option("--limit", help="Limit price, dollars.")]
Stop = Annotated[Text, typer.Option("--stop", help="Stop price, dollars.")]
Number = Annotated[int, typer.Argument(min=1, metavar="ORDER", help="The engine's number of the order.")]

PAGE: Final = 1_000
SHORT: Final = {
    "pending_new": "sent",
    "partially_filled": "partial",
    "pending_cancel": "canceling",
    "pending_replace": "replacing",
    "done_for_day": "day done",
    "accepted_for_bidding": "accepted",
    "pending_review": "in review",
}
"""Words of a table, where those of the protocol are long."""
order_app = typer.Typer(help="Give, replace, cancel and show an order.", no_args_is_help=True)


def order_words(
    side: str, kind: str | None, time_in_force: str | None, limit: str | None, stop: str | None
) -> dict[str, Any]:
    """Turn the words of an order into the fields of a request; the kind follows from the prices where none is given."""
    from tickwright.v1 import common_pb2

    implied = {(False, False): "market", (True, False): "limit", (False, True): "stop", (True, True): "stop-limit"}
    kind = kind or implied[limit is not None, stop is not None]
    return {
        "side": common_pb2.OrderSide.Value(f"ORDER_SIDE_{side.upper()}"),
        "type": common_pb2.OrderType.Value(f"ORDER_TYPE_{kind.upper().replace('-', '_')}"),
        "time_in_force": common_pb2.TimeInForce.Value(f"TIME_IN_FORCE_{(time_in_force or 'unspecified').upper()}"),
        "limit_price": limit or "",
        "stop_price": stop or "",
    }


def ask_orders(
    link: Link, *, open_only: bool, strategy: str = "", symbol: str = "", limit: int = PAGE
) -> list[dict[str, Any]]:
    """Ask for orders, newest first, page by page."""
    from tickwright.v1 import order_pb2

    found: list[dict[str, Any]] = []
    request = order_pb2.ListOrdersRequest(
        open_only=open_only, strategy=strategy, symbol=symbol, page_size=min(limit, PAGE)
    )
    while True:
        page = link.ask(request)
        found += [as_dict(order) for order in page.orders]
        if not page.next_page_token or len(found) >= limit:
            return found[:limit]
        request.page_token = page.next_page_token


def order_grid(orders: list[dict[str, Any]], none: str = "no orders") -> Grid:
    """Orders as a table of 80 columns."""
    columns = [("order", True), ("time", False), ("", False), ("filled", True), ("price", True), ("status", False)]
    rows = [
        [
            str(order["id"]),
            clock(order["submitted_ns"]),
            f"{order['side']} {amount(order['qty'])} {order['symbol']}",
            amount(order["filled_qty"]) if order["filled_qty"] not in ("", "0") else "",
            _price(order),
            SHORT.get(str(order["status"]), str(order["status"]).replace("_", " ")),
            order["strategy"],
        ]
        for order in orders
    ]
    return Grid([*columns, ("strategy", False)], rows, none=none)


def _price(order: dict[str, Any]) -> str:
    if order["stop_price"]:
        limit = f" limit {price(order['limit_price'])}" if order["limit_price"] else ""
        return f"stop {price(order['stop_price'])}{limit}"
    return price(order["limit_price"]) or "market"


def _shown(order: dict[str, Any]) -> Answer:
    rows = [
        ("order", f"{order['id']}   {order['client_order_id']}"),
        ("the broker's", order["broker_id"]),
        ("strategy", order["strategy"]),
        (
            "what",
            f"{order['side']} {amount(order['qty'])} {order['symbol']}, {_price(order)}, "
            f"{order['time_in_force'] or 'day'}",
        ),
        ("status", str(order["status"]).replace("_", " ")),
        (
            "filled",
            f"{amount(order['filled_qty'])} at {price(order['average_price'])}" if order["average_price"] else "",
        ),
        ("asked for", moment(order["submitted_ns"])),
        ("changed", moment(order["updated_ns"])),
    ]
    return Answer(order, [pairs(rows)])


def register(app: typer.Typer, panel: str) -> None:
    """Register the commands."""

    @remote(app, "orders", panel=panel)
    def orders(
        link: Link,
        call: Call,
        open_only: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
        strategy: Annotated[str, typer.Option("--strategy", help="Only of this strategy.")] = "",
        symbol: Annotated[str, typer.Option("--symbol", "-s", help="Only of this symbol.")] = "",
        limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 100,
    ) -> Answer:
        """List orders, newest first."""
        found = ask_orders(link, open_only=open_only, strategy=strategy, symbol=symbol, limit=limit)
        return Answer({"orders": found}, [order_grid(found, "no open orders" if open_only else "no orders")])

    @remote(order_app, "submit", "command", asks=True)
    def submit(
        link: Link,
        call: Call,
        side: Side,
        qty: Annotated[str, typer.Argument(help="Shares or coins.")],
        symbol: Annotated[str, typer.Argument(help="One of the engine's symbols.")],
        kind: Annotated[
            Optional[Literal["market", "limit", "stop", "stop-limit"]],  # noqa: UP045
            typer.Option("--type", help="Kind; without it as --limit and --stop say.", show_default=False),
        ] = None,
        time_in_force: TimeInForce = None,
        limit: Price = None,
        stop: Stop = None,
        extended_hours: Annotated[
            bool, typer.Option("--extended-hours", help="It may trade before the open and after the close.")
        ] = False,
    ) -> Answer:
        """Give an order by hand: `tickwright order submit buy 10 AAPL --limit 187.50`. It passes the risk checks."""
        from tickwright.v1 import order_pb2

        words = order_words(side, kind, time_in_force, limit, stop)
        if not call.yes:
            status = ask_status(link)
            if status["live"]:
                at = f" at {limit}" if limit else ""
                call.confirm(f"{brief(status)}: {side} {qty} {symbol}{at}")
        request = order_pb2.SubmitOrderRequest(
            options=call.options(), symbol=symbol, qty=qty, extended_hours=extended_hours, **words
        )
        found = link.ask(request)
        answer = _shown(as_dict(found.order))
        return Answer({**answer.data, "repeated": found.repeated}, answer.parts)

    @remote(order_app, "cancel", "command")
    def cancel(link: Link, call: Call, order: Number) -> Answer:
        """Ask to cancel an order, of whichever strategy."""
        from tickwright.v1 import order_pb2

        request = order_pb2.CancelOrderRequest(options=call.options(), order_id=order)
        return _shown(as_dict(link.ask(request).order))

    @remote(order_app, "replace", "command")
    def replace(
        link: Link,
        call: Call,
        order: Number,
        qty: Annotated[str, typer.Option("--qty", help="Shares or coins in all, what is filled included.")] = "",
        limit: Price = None,
        stop: Stop = None,
    ) -> Answer:
        """Replace an order given by hand: what is not named stays as it is."""
        from tickwright.errors import ConfigError
        from tickwright.v1 import order_pb2

        if not (qty or limit or stop):
            raise ConfigError("order replace: nothing changes; give --qty, --limit or --stop")
        request = order_pb2.ReplaceOrderRequest(
            options=call.options(), order_id=order, qty=qty, limit_price=limit or "", stop_price=stop or ""
        )
        return _shown(as_dict(link.ask(request).order))

    @remote(order_app, "show")
    def show(
        link: Link,
        call: Call,
        order: Annotated[str, typer.Argument(metavar="ORDER", help="The engine's number, or the client order id.")],
    ) -> Answer:
        """Show an order."""
        from tickwright.v1 import order_pb2

        by: dict[str, Any] = {"order_id": int(order)} if order.isdigit() else {"client_order_id": order}
        return _shown(as_dict(link.ask(order_pb2.GetOrderRequest(**by)).order))
