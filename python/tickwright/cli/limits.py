"""Risk limits, what they would say, what they did, and the kill switch, from the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Optional

import typer

from tickwright.cli.orders import Price, Side, Stop, TimeInForce, order_words
from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Answer, Grid, as_dict, pairs
from tickwright.cli.strategies import complete_strategy, struct_of

__all__ = ["ask_counters", "kill_app", "nested", "register", "risk_app"]

risk_app = typer.Typer(help="Limits of a running engine, and what they say.", no_args_is_help=True)
kill_app = typer.Typer(help="Let no new order leave, whatever the engine does.", no_args_is_help=True)
Strategy = Annotated[str, typer.Option("--strategy", help="Of this strategy alone.", autocompletion=complete_strategy)]


def ask_counters(link: Link) -> dict[str, Any]:
    """Ask for the counts of orders that passed and were refused."""
    from tickwright.v1 import risk_pb2

    return as_dict(link.ask(risk_pb2.GetCountersRequest()))


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn keys with dots into tables; ``none`` takes a limit away.

    Examples
    --------
    >>> nested({"max_order_qty": 10, "strategies.trend.max_position_qty": "none"})
    {'max_order_qty': 10, 'strategies': {'trend': {'max_position_qty': None}}}
    """
    found: dict[str, Any] = {}
    for key, value in values.items():
        *path, last = key.split(".")
        table = found
        for name in path:
            table = table.setdefault(name, {})
        table[last] = None if value in ("none", "null", "") else value
    return found


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in sorted(value.items()):
            yield from _flat(item, f"{key}.{name}" if key else name)
    elif isinstance(value, (list, tuple)):
        yield key, ", ".join(str(item) for item in value)
    elif value is not None:
        yield key, str(value).lower() if isinstance(value, bool) else str(value)


def register(app: typer.Typer) -> None:
    """Register the commands."""

    @remote(risk_app, "limits")
    def limits(link: Link, call: Call) -> Answer:
        """Show the limits in force; those that are not named are not set."""
        from tickwright.v1 import risk_pb2

        found = as_dict(link.ask(risk_pb2.GetLimitsRequest()))
        return Answer(found, [pairs(_flat(found["limits"] or {}))])

    @remote(risk_app, "set", "command", asks=True)
    def put(
        link: Link,
        call: Call,
        values: Annotated[
            list[str], typer.Argument(metavar="KEY=VALUE...", help="Keys of \\[risk]; VALUE none takes a limit away.")
        ],
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    ) -> Answer:
        """Put limits in force: `tickwright risk set max_order_qty=500 strategies.trend.max_position_qty=none`."""
        from tickwright.loader import parse_params
        from tickwright.v1 import risk_pb2

        wanted = struct_of(nested(parse_params(values)))
        if not dry_run and not call.yes:
            preview = as_dict(link.ask(risk_pb2.SetLimitsRequest(limits=wanted, dry_run=True)))
            changes = "; ".join(f"{c['key']} {_told(c['before'])} → {_told(c['after'])}" for c in preview["changes"])
            call.confirm(f"risk set: {changes or 'nothing changes'}")
        request = risk_pb2.SetLimitsRequest(options=call.options(), limits=wanted, dry_run=dry_run)
        found = as_dict(link.ask(request))
        rows = [[change["key"], _told(change["before"]), _told(change["after"])] for change in found["changes"]]
        grid = Grid([("limit", False), ("before", True), ("after", True)], rows, none="nothing changes")
        return Answer(found, [grid, "in force" if found["applied"] else "not in force: a dry run"])

    @remote(risk_app, "explain")
    def explain(
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
        strategy: Annotated[str, typer.Option("--strategy", help="In whose name; without it the operator's.")] = "",
    ) -> Answer:
        """Say whether an order would pass, and which checks would refuse it (exit code 9); nothing is sent."""
        from tickwright.v1 import risk_pb2

        words = order_words(side, kind, time_in_force, limit, stop)
        request = risk_pb2.ExplainRequest(strategy=strategy, symbol=symbol, qty=qty, **words)
        found = as_dict(link.ask(request))
        rows = [[row["code"], row["scope"], row["why"]] for row in found["refusals"]]
        if found["passes"]:
            return Answer(found, ["passes"])
        return Answer(found, ["REFUSED", Grid([("check", False), ("scope", False), ("why", False)], rows)], exit_code=9)

    @remote(risk_app, "stopped")
    def stopped(link: Link, call: Call) -> Answer:
        """Show the symbols that take no orders until what happened to them is accepted."""
        from tickwright.v1 import risk_pb2

        return _stopped(as_dict(link.ask(risk_pb2.ListStoppedRequest())))

    @remote(risk_app, "accept", "command", asks=True)
    def accept(
        link: Link, call: Call, symbol: Annotated[str, typer.Argument(help="A symbol that is stopped.")]
    ) -> Answer:
        """Let a symbol be traded again, once its position and orders were seen to."""
        from tickwright.v1 import risk_pb2

        call.confirm(f"risk accept {symbol}: orders for it may leave again")
        return _stopped(as_dict(link.ask(risk_pb2.AcceptSymbolRequest(options=call.options(), symbol=symbol))))

    @remote(risk_app, "counters")
    def counters(link: Link, call: Call) -> Answer:
        """Show how many orders passed and were refused, by check."""
        found = ask_counters(link)
        rows = [[row["code"], row["scope"], f"{row['count']:,}"] for row in found["refused"]]
        grid = Grid([("refused by", False), ("scope", False), ("orders", True)], rows, none="refused: none")
        return Answer(found, [f"passed: {found['passed']:,}", grid])

    def switch(name: str, thrown: bool, text: str, asks: str) -> None:
        def command(link: Link, call: Call, strategy: Strategy = "") -> Answer:
            from tickwright.v1 import risk_pb2

            call.confirm(f"kill-switch {name}: {asks}" + (f" (strategy {strategy})" if strategy else ""))
            request = risk_pb2.SetKillSwitchRequest(options=call.options(), thrown=thrown, strategy=strategy)
            found = as_dict(link.ask(request))
            told = "thrown" if found["thrown"] else "released"
            rest = f"; thrown for {', '.join(found['strategies'])}" if found["strategies"] else ""
            return Answer(found, [f"kill switch: {told}{rest}"])

        command.__name__, command.__doc__ = name, text
        remote(kill_app, name, "command", asks=True)(command)

    switch("on", True, "Throw the kill switch.", "no new order leaves until it is released")
    switch("off", False, "Release the kill switch.", "orders may leave again")


def _stopped(found: dict[str, Any]) -> Answer:
    rows = [[row["symbol"], row["why"]] for row in found["symbols"]]
    return Answer(found, [Grid([("stopped", False), ("why", False)], rows, none="stopped: none")])


def _told(value: Any) -> str:
    return "none" if value is None else str(value)
