"""Strategies of a running engine from the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Answer, Grid, as_dict, money, pairs

__all__ = ["ask_strategies", "complete_strategy", "register", "strategy_app", "struct_of"]

strategy_app = typer.Typer(help="Start, stop, set and show a strategy of a running engine.", no_args_is_help=True)


def complete_strategy(incomplete: str) -> list[str]:
    """Names of the strategies of the engine in use, for the shell's completion; none where it does not answer."""
    from tickwright.cli.connection import AMBIENT, target
    from tickwright.cli.connection import Link as Way
    from tickwright.errors import TickwrightError

    try:
        link = AMBIENT.get() or Way(target(), timeout_s=0.5)
        return [row["name"] for row in ask_strategies(link) if row["name"].startswith(incomplete)]
    except TickwrightError:
        return []


Named = Annotated[str, typer.Argument(metavar="STRATEGY", help="Its name.", autocompletion=complete_strategy)]


def ask_strategies(link: Link) -> list[dict[str, Any]]:
    """Ask for the strategies."""
    from tickwright.v1 import strategy_pb2

    answer = link.ask(strategy_pb2.ListStrategiesRequest())
    strategies: list[dict[str, Any]] = as_dict(answer)["strategies"]
    return strategies


def struct_of(values: dict[str, Any]) -> Any:
    """Make a Struct."""
    from google.protobuf.json_format import ParseDict
    from google.protobuf.struct_pb2 import Struct

    return ParseDict(values, Struct())


def _shown(found: dict[str, Any]) -> Answer:
    parameters = ", ".join(f"{key}={value}" for key, value in (found["parameters"] or {}).items())
    rows = [
        ("strategy", f"{found['name']}   {found['kind'] or ''}"),
        ("called", "yes" if found["is_active"] else "NO"),
        ("faults", f"{found['faults']:,}"),
        ("calls", f"{found['calls']:,}"),
        ("orders", f"{found['orders']:,}   open {found['open_orders']:,}"),
        ("P&L", f"realised {money(found['realized'])}   open {money(found['unrealized'])}"),
        ("parameters", parameters),
    ]
    return Answer(found, [pairs(rows)])


def register(app: typer.Typer, panel: str) -> None:
    """Register the commands."""

    @remote(app, "strategies", panel=panel)
    def strategies(link: Link, call: Call) -> Answer:
        """List the strategies."""
        found = ask_strategies(link)
        rows = [
            [
                row["name"],
                row["kind"] or "",
                "yes" if row["is_active"] else "NO",
                f"{row['faults']:,}",
                f"{row['orders']:,}",
                f"{row['open_orders']:,}",
                money(row["realized"]),
                money(row["unrealized"]),
            ]
            for row in found
        ]
        columns = [("strategy", False), ("kind", False), ("called", False), ("faults", True), ("orders", True)]
        more = [("open", True), ("realised", True), ("open P&L", True)]
        return Answer({"strategies": found}, [Grid([*columns, *more], rows, none="no strategies")])

    def one(name: str, method: str, text: str) -> None:
        def command(link: Link, call: Call, strategy: Named) -> Answer:
            from tickwright.v1 import strategy_pb2

            request = getattr(strategy_pb2, f"{method}Request")(options=call.options(), name=strategy)
            return _shown(as_dict(link.ask(request).strategy))

        command.__name__, command.__doc__ = name, text
        remote(strategy_app, name, "command")(command)

    one("start", "StartStrategy", "Call a strategy again.")
    one("stop", "StopStrategy", "Call a strategy no more and cancel its orders; the others go on.")

    @remote(strategy_app, "show")
    def show(link: Link, call: Call, strategy: Named) -> Answer:
        """Show a strategy and its parameters."""
        from tickwright.v1 import strategy_pb2

        found = link.ask(strategy_pb2.GetStrategyRequest(name=strategy))
        return _shown(as_dict(found.strategy))

    @remote(strategy_app, "set", "command")
    def put(
        link: Link,
        call: Call,
        strategy: Named,
        values: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="Parameters; the others stay.")],
    ) -> Answer:
        """Set parameters of a strategy, between two events."""
        from tickwright.loader import parse_params
        from tickwright.v1 import strategy_pb2

        parameters = struct_of(parse_params(values))
        request = strategy_pb2.SetParametersRequest(options=call.options(), name=strategy, parameters=parameters)
        return _shown(as_dict(link.ask(request).strategy))

    @remote(strategy_app, "load", "command")
    def load(
        link: Link,
        call: Call,
        path: Annotated[str, typer.Argument(help="FILE.py or FILE.py:Name, below the folder of the configuration.")],
        param: Annotated[list[str] | None, typer.Option("--param", "-p", help="key=value; repeat for more.")] = None,
    ) -> Answer:
        """Add a strategy of a file on the engine's machine; it is called from the next event on."""
        from tickwright.loader import parse_params
        from tickwright.v1 import strategy_pb2

        parameters = struct_of(parse_params(param or []))
        request = strategy_pb2.LoadStrategyRequest(options=call.options(), path=path, parameters=parameters)
        return _shown(as_dict(link.ask(request).strategy))
