"""What makes the command line begin quickly: typer builds every command at once, and reads each signature thrice."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import typer

__all__ = ["keep_asked", "resolve_annotations"]


def keep_asked(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Leave `app` the one command or group that `arguments` begin with; all of them where they begin with none."""
    if list(arguments) in (["--help"], ["-h"]):
        _keep_names(app)
    # The shell offers them all, and so does completion.
    if not arguments or arguments[0] == "shell" or any(name.endswith("_COMPLETE") for name in os.environ):
        return
    commands = [one for one in app.registered_commands if _name(one) == arguments[0]]
    groups = [one for one in app.registered_groups if one.name == arguments[0]]
    if len(commands) + len(groups) != 1:
        return
    app.registered_commands[:] = commands
    app.registered_groups[:] = groups
    if app.registered_callback is None:
        # With one command alone typer would take its name for an argument.
        app.callback()(lambda: None)


def _keep_names(app: typer.Typer) -> None:
    """Leave of each command its name and what it does: the page of all of them shows no more."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _named(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            group.typer_instance.registered_commands.clear()
            group.typer_instance.registered_groups.clear()


def _named(function: Callable[..., Any]) -> Callable[[], None]:
    def named() -> None: ...

    named.__name__, named.__doc__ = function.__name__, function.__doc__
    return named


def resolve_annotations(app: typer.Typer) -> None:
    """Read the annotations of every command once."""
    for function in _callbacks(app):
        if "__signature__" not in vars(function):
            function.__annotations__ = inspect.get_annotations(function, eval_str=True)


def _callbacks(app: typer.Typer) -> Iterator[Any]:
    yield from (one.callback for one in app.registered_commands if one.callback is not None)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _callbacks(group.typer_instance)


def _name(command: Any) -> str:
    return str(command.name or command.callback.__name__.replace("_", "-"))
