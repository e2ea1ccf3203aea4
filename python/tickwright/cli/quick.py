"""What makes the command line begin quickly: typer builds every command at once, and reads each signature thrice."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any

import typer

__all__ = ["asked_alone", "resolve_annotations"]


def asked_alone(app: typer.Typer, arguments: Sequence[str]) -> typer.Typer:
    """Give an app with the one command or group that `arguments` begin with; `app` itself where they begin with none.

    `app` stays whole: commands that run others find them there.
    """
    if list(arguments) in (["--help"], ["-h"]):
        return _names_alone(app)
    if not arguments or any(name.endswith("_COMPLETE") for name in os.environ):
        return app
    commands = [one for one in app.registered_commands if _name(one) == arguments[0]]
    groups = [one for one in app.registered_groups if one.name == arguments[0]]
    if len(commands) + len(groups) != 1:
        return app
    alone = copy(app)
    alone.registered_commands, alone.registered_groups = commands, groups
    if alone.registered_callback is None:
        # With one command alone typer would take its name for an argument.
        alone.callback()(lambda: None)
    return alone


def _names_alone(app: typer.Typer) -> typer.Typer:
    """Give an app with each command's name and what it does: the page of all of them shows no more."""
    alone = copy(app)
    alone.registered_commands = [_with(one, callback=_named(one.callback)) for one in app.registered_commands]
    alone.registered_groups = [
        _with(group, typer_instance=_with(group.typer_instance, registered_commands=[], registered_groups=[]))
        for group in app.registered_groups
    ]
    return alone


def _with(found: Any, **changes: Any) -> Any:
    changed = copy(found)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _named(function: Callable[..., Any] | None) -> Callable[[], None]:
    def named() -> None: ...

    if function is not None:
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
