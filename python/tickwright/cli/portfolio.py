"""Money and positions from the command line."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Final

import typer

from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Answer, Grid, amount, as_dict, money, price

__all__ = ["ask_pnl", "ask_positions", "pnl_grid", "position_grid", "register"]

PAGE: Final = 1_000


def ask_positions(link: Link, *, strategy: str = "", symbol: str = "", closed: bool = False) -> list[dict[str, Any]]:
    """Ask for positions, page by page."""
    from tickwright.v1 import portfolio_pb2

    found: list[dict[str, Any]] = []
    request = portfolio_pb2.ListPositionsRequest(
        strategy=strategy, symbol=symbol, include_closed=closed, page_size=PAGE
    )
    while True:
        page = link.ask(request)
        found += [as_dict(position) for position in page.positions]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def position_grid(positions: list[dict[str, Any]]) -> Grid:
    """Positions as a table of 80 columns."""
    columns = [
        ("symbol", False),
        ("strategy", False),
        ("qty", True),
        ("average", True),
        ("mark", True),
        ("value", True),
    ]
    rows = [
        [
            row["symbol"],
            row["strategy"],
            amount(row["qty"]),
            price(row["average_price"]),
            price(row["mark"]),
            money(row["value"], 0),
            money(row["unrealized"]),
            money(row["realized"]),
        ]
        for row in positions
    ]
    return Grid([*columns, ("open P&L", True), ("realised", True)], rows, none="no positions")


def ask_pnl(link: Link) -> list[dict[str, Any]]:
    """Ask for profit and loss by strategy."""
    from tickwright.v1 import portfolio_pb2

    strategies: list[dict[str, Any]] = as_dict(link.ask(portfolio_pb2.GetPnlRequest()))["strategies"]
    return strategies


def pnl_grid(strategies: list[dict[str, Any]]) -> Grid:
    """Profit and loss as a table, with a sum where there is something to add."""
    fields = ("realized", "unrealized", "total")
    rows = [[row["strategy"], *(money(row[name]) for name in fields)] for row in strategies]
    if len(rows) > 1:
        sums = [sum((Decimal(row[name] or 0) for row in strategies), Decimal()) for name in fields]
        rows.append(["all", *(money(str(total)) for total in sums)])
    columns = [("strategy", False), ("realised", True), ("open", True), ("P&L", True)]
    return Grid(columns, rows, none="no strategies")


def register(app: typer.Typer, panel: str) -> None:
    """Register the commands."""

    @remote(app, "positions", panel=panel)
    def positions(
        link: Link,
        call: Call,
        strategy: Annotated[str, typer.Option("--strategy", help="Only of this strategy.")] = "",
        symbol: Annotated[str, typer.Option("--symbol", "-s", help="Only of this symbol.")] = "",
        closed: Annotated[bool, typer.Option("--closed", help="Those that are closed too.")] = False,
    ) -> Answer:
        """List positions."""
        found = ask_positions(link, strategy=strategy, symbol=symbol, closed=closed)
        return Answer({"positions": found}, [position_grid(found)])

    @remote(app, "pnl", panel=panel)
    def pnl(link: Link, call: Call) -> Answer:
        """Show profit and loss by strategy."""
        found = ask_pnl(link)
        return Answer({"strategies": found}, [pnl_grid(found)])

    @remote(app, "exposures", panel=panel)
    def exposures(link: Link, call: Call) -> Answer:
        """Show exposures of the account, the strategies and the symbols."""
        from tickwright.v1 import portfolio_pb2

        found = as_dict(link.ask(portfolio_pb2.GetExposuresRequest()))
        rows = []
        for scope, listed in (
            ("account", [found["account"]] if found["account"] else []),
            ("strategy", found["strategies"]),
            ("symbol", found["symbols"]),
        ):
            for row in listed:
                amounts = [money(row[name]) for name in ("long", "short", "gross", "net")]
                rows.append([scope, row["name"], *amounts, f"{row['leverage']:.2f}"])
        columns = [("", False), ("", False), ("long", True), ("short", True), ("gross", True), ("net", True)]
        return Answer(found, [Grid([*columns, ("leverage", True)], rows)])
