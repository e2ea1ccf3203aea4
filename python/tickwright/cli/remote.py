"""Commands that speak to an engine: one registration gives each the flags, the errors and the output that all share."""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Optional

import typer

from tickwright.cli.console import guarded, print_json, print_table, table
from tickwright.cli.profiles import complete_profile
from tickwright.cli.shown import Answer

if TYPE_CHECKING:
    from tickwright.cli.connection import Link
else:
    Link = Any  # signatures are read when commands are registered, long before a link is needed

__all__ = ["Call", "Link", "remote", "show"]

Kind = Literal["look", "command", "stream", "session"]
Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python
Seconds = Optional[float]  # noqa: UP045
WAY: Final = "Engine"
HOW: Final = "Command"


@dataclass(frozen=True)
class Call:
    """How a command was asked for."""

    as_json: bool
    yes: bool = False
    reason: str = ""
    key: str = ""

    def options(self) -> Any:
        """Give the CommandOptions of a request."""
        from tickwright.v1 import common_pb2

        return common_pb2.CommandOptions(idempotency_key=self.key, reason=self.reason)

    def confirm(self, what: str) -> None:
        """Ask before something dangerous, unless --yes answered.

        Raises
        ------
        ConfigError
            There is no terminal to ask at.
        """
        from tickwright.errors import ConfigError

        if self.yes:
            return
        if not sys.stdin.isatty():
            raise ConfigError(f"{what}: asks first, and there is no terminal to ask at; give --yes")
        typer.confirm(f"{what}. Go on?", abort=True, err=True)


_WAY: Final[dict[str, Any]] = {
    "address": Annotated[Text, typer.Option("--address", help="unix:PATH or HOST:PORT.", rich_help_panel=WAY)],
    "profile": Annotated[
        Text,
        typer.Option("--profile", help="Engine by name.", rich_help_panel=WAY, autocompletion=complete_profile),
    ],
    "state": Annotated[
        Text, typer.Option("--state", help="State folder of a node of this machine.", rich_help_panel=WAY)
    ],
    "config": Annotated[
        Text, typer.Option("--config", "-c", help="Configuration that names that folder.", rich_help_panel=WAY)
    ],
    "token_file": Annotated[
        Text, typer.Option("--token-file", help="File with the token (mode 600).", rich_help_panel=WAY)
    ],
    "timeout": Annotated[
        Seconds,
        typer.Option("--timeout", min=0.05, max=3_600, help="Seconds to wait for it; else 10.", rich_help_panel=WAY),
    ],
}
_COMMAND: Final[dict[str, Any]] = {
    "reason": Annotated[str, typer.Option("--reason", help="Why; stands in the journal.", rich_help_panel=HOW)],
    "key": Annotated[
        str, typer.Option("--key", help="Idempotency key: twice the same takes effect once.", rich_help_panel=HOW)
    ],
}
_YES: Final[dict[str, Any]] = {
    "yes": Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.", rich_help_panel=HOW)]
}
_WATCH: Final[dict[str, Any]] = {
    "watch": Annotated[Seconds, typer.Option("--watch", min=0.05, help="Again every so many seconds, until Ctrl-C.")]
}
_OUT: Final[dict[str, Any]] = {
    "as_json": Annotated[
        bool, typer.Option("--json", help="JSON alone to standard output; a line an item of streams.")
    ],
    "debug": Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")],
}
_DEFAULTS: Final[dict[str, Any]] = {
    "reason": "",
    "key": "",
    "yes": False,
    "as_json": False,
    "debug": False,
}


def remote(
    app: typer.Typer, name: str, kind: Kind = "look", *, asks: bool = False, panel: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register ``function(link, call, …)`` as a command; what comes after the first two are its own arguments.

    A look gives an `Answer` and can be watched, a command gives one and takes a reason and a key, a stream yields pairs
    of what programs and what people read, a session prints for itself and gives its exit code. With `asks` there is
    --yes.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[2:]
        flags = {
            **(_WATCH if kind == "look" else {}),
            **(_COMMAND if kind == "command" else {}),
            **(_YES if asks else {}),
            **_WAY,
            **_OUT,
        }
        added = [
            inspect.Parameter(flag, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=_DEFAULTS.get(flag))
            for flag, annotation in flags.items()
        ]
        invoke = _invoke(function, kind, frozenset(parameter.name for parameter in own))
        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + added
        invoke.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        invoke.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        invoke.__name__, invoke.__doc__ = function.__name__, function.__doc__
        app.command(name, rich_help_panel=panel)(invoke)
        return function

    return register


def _invoke(function: Callable[..., Any], kind: Kind, own: frozenset[str]) -> Callable[..., None]:
    def invoke(**given: Any) -> None:
        arguments = {name: given.pop(name) for name in own}
        way = {name: given[name] for name in ("address", "profile", "state", "config", "token_file")}
        as_json = given["as_json"]
        with guarded(as_json=as_json, debug=given["debug"]):
            from tickwright.cli.connection import opened

            call = Call(as_json, given.get("yes", False), given.get("reason", ""), given.get("key", ""))
            with opened(way, given["timeout"]) as link:
                if kind == "session":
                    if code := function(link, call, **arguments):
                        raise typer.Exit(int(code))
                elif kind == "stream":
                    _follow(function(link, call, **arguments), as_json=as_json)
                elif given.get("watch") is not None:
                    _watch(lambda: function(link, call, **arguments), given["watch"], as_json=as_json)
                else:
                    answer = function(link, call, **arguments)
                    show(answer, as_json=as_json)
                    if answer.exit_code:
                        raise typer.Exit(int(answer.exit_code))

    return invoke


def show(answer: Answer, *, as_json: bool) -> None:
    """Print an answer."""
    if as_json:
        print_json(answer.data)
        return
    for part in answer.parts:
        if isinstance(part, str):
            typer.echo(part)
        elif part.rows or not part.none:
            print_table(part.title, part.columns, part.rows, tight=True)
        else:
            typer.echo(part.none)


def _line(data: Any) -> None:
    sys.stdout.write(json.dumps(data, sort_keys=True, allow_nan=False, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def _follow(items: Iterator[tuple[dict[str, Any], str]], *, as_json: bool) -> None:
    try:
        for data, text in items:
            if as_json:
                _line(data)
            else:
                typer.echo(text)
                sys.stdout.flush()
    except KeyboardInterrupt:
        pass  # the one way to end it


def _watch(ask: Callable[[], Answer], seconds: float, *, as_json: bool) -> None:
    try:
        if as_json or not sys.stdout.isatty():
            while True:
                answer = ask()
                if as_json:
                    _line(answer.data)
                else:
                    show(answer, as_json=False)
                sys.stdout.flush()
                time.sleep(seconds)
        _watch_screen(ask, seconds)
    except KeyboardInterrupt:
        pass  # the one way to end it


def _watch_screen(ask: Callable[[], Answer], seconds: float) -> None:
    from rich.console import Group, RenderableType
    from rich.live import Live
    from rich.text import Text as Line

    from tickwright.errors import UnreachableError

    with Live(auto_refresh=False) as screen:
        while True:
            try:
                parts: list[RenderableType] = []
                for part in ask().parts:
                    if isinstance(part, str):
                        parts.append(Line(part))
                    elif part.rows or not part.none:
                        parts.append(table(part.title, part.columns, part.rows, tight=True))
                    else:
                        parts.append(Line(part.none))
            except UnreachableError as error:
                parts = [Line(f"{error}; trying again", style="red")]  # it may be restarted: whoever watches goes on
            screen.update(Group(*parts), refresh=True)
            time.sleep(seconds)
