"""``tickwright shell``: the same commands at a prompt, over one connection, with history and completion."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import typer

from tickwright.cli.remote import Call, Link, remote

__all__ = ["Completion", "register"]

HISTORY_LINES: Final = 1_000
FRESH_S: Final = 5.0
LEAVE: Final = ("quit", "exit", "bye")


def register(app: typer.Typer, panel: str) -> None:
    """Register the command."""

    @remote(app, "shell", "session", panel=panel)
    def shell(link: Link, call: Call) -> int:
        """Give commands at a prompt: `help` lists them, Tab completes, `quit` leaves. Reads a pipe too."""
        return _session(link, app, call)


def _session(link: Link, app: typer.Typer, call: Call) -> int:
    from tickwright.cli.connection import AMBIENT

    group = typer.main.get_command(app)
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    token = AMBIENT.set(link)
    worst = 0
    try:
        with _editing(Completion(group, link)) if at_terminal else contextlib.nullcontext():
            if at_terminal:
                typer.echo(f"{link.target.address}; `help` lists the commands, `quit` leaves")
            for line in _lines(link, at_terminal):
                code = _run(group, line, as_json=call.as_json)
                worst = code or worst
    finally:
        AMBIENT.reset(token)
    return 0 if at_terminal else worst


def _lines(link: Link, at_terminal: bool) -> Iterator[str]:
    while True:
        try:
            line = input(_prompt(link)) if at_terminal else sys.stdin.readline()
        except KeyboardInterrupt:
            typer.echo("")
            continue  # as every shell: the line is forgotten
        except EOFError:
            typer.echo("")
            return
        if not at_terminal and not line:
            return
        line = line.strip()
        if line.split(" ", 1)[0] in LEAVE:
            return
        if line and not line.startswith("#"):
            yield line


def _prompt(link: Link) -> str:
    from tickwright.cli.control import ask_status
    from tickwright.errors import TickwrightError

    before, link.timeout_s = link.timeout_s, 1.0
    try:
        status = ask_status(link)
    except TickwrightError:
        return "tickwright (no answer)> "
    finally:
        link.timeout_s = before
    return f"tickwright {'LIVE ' if status['live'] else ''}{status['state']}> "


def _run(group: Any, line: str, *, as_json: bool) -> int:
    """Run one line; gives its exit code."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        typer.echo(f"error: {error}", err=True)
        return 2
    if words[0] in ("help", "?"):
        words = [*words[1:], "--help"]
    if words[0] == "tickwright":
        words = words[1:] or ["--help"]
    if words[:1] == ["shell"]:
        typer.echo("error: this is the shell already", err=True)
        return 2
    if as_json and "--json" not in words and "--help" not in words:
        words.append("--json")
    try:
        # Each command guards itself: an error is one message and a code, and the shell goes on.
        group.main(args=words, prog_name="tickwright", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        typer.echo("")
        return 130
    return 0


@contextlib.contextmanager
def _editing(completion: Completion) -> Iterator[None]:
    """Lines with history and completion, where this Python has readline."""
    try:
        import readline
    except ImportError:
        yield
        return
    path = _history()
    with contextlib.suppress(OSError):
        readline.read_history_file(path)
    readline.set_history_length(HISTORY_LINES)
    readline.set_completer_delims(" \t\n")
    before = readline.get_completer()
    readline.set_completer(
        lambda text, number: completion.complete(readline.get_line_buffer()[: readline.get_endidx()], number)
    )
    editline = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if editline else "tab: complete")
    try:
        yield
    finally:
        readline.set_completer(before)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            readline.write_history_file(path)


def _history() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "tickwright" / "history"


class Completion:
    """What may come next on a line: commands, options, choices, and names that the engine knows.

    Parameters
    ----------
    group
        The command line.
    link
        Where symbols and strategies are asked for.
    """

    def __init__(self, group: Any, link: Link) -> None:
        self._group, self._link = group, link
        self._names: tuple[float, list[str], list[str]] = (float("-inf"), [], [])
        self._found: list[str] = []

    def complete(self, line: str, number: int) -> str | None:
        """Give the `number`-th completion of `line`, as readline asks for it."""
        if number == 0:
            self._found = [f"{word} " for word in self.words(line)]
        return self._found[number] if number < len(self._found) else None

    def words(self, line: str) -> list[str]:
        """Give what may stand in place of the last word of `line`."""
        words = line.split()
        begun = "" if not words or line[-1].isspace() else words.pop()
        command, arguments = self._command([word for word in words if word != "tickwright"])
        if command is None:
            return []
        inner = getattr(command, "commands", None)
        if inner is not None:
            extra = ("help", "quit") if command is self._group else ()
            return _starting([*inner, *extra], begun)
        last = arguments[-1] if arguments else ""
        option = next((p for p in command.params if last in p.opts and not getattr(p, "is_flag", False)), None)
        if option is not None:
            return _starting(self._values(option), begun)
        if begun.startswith("-"):
            return _starting([opt for p in command.params for opt in p.opts if opt.startswith("--")], begun)
        given = sum(1 for word in arguments if not word.startswith("-"))
        places = [p for p in command.params if p.param_type_name == "argument"]
        place = places[min(given, len(places) - 1)] if places else None
        return [] if place is None else _starting(self._values(place), begun)

    def _command(self, words: list[str]) -> tuple[Any, list[str]]:
        command = self._group
        for i, word in enumerate(words):
            inner = getattr(command, "commands", None)
            if inner is None:
                return command, words[i:]
            if word not in inner:
                return None, []
            command = inner[word]
        return command, []

    def _values(self, parameter: Any) -> Iterable[str]:
        if choices := _choices(parameter):
            return choices
        if parameter.name == "profile":
            from tickwright.cli.profiles import complete_profile

            return complete_profile("")
        symbols, strategies = self._known()
        return {"symbol": symbols, "strategy": strategies}.get(parameter.name, ())

    def _known(self) -> tuple[list[str], list[str]]:
        from tickwright.cli.control import ask_status
        from tickwright.errors import TickwrightError

        if time.monotonic() - self._names[0] > FRESH_S:
            try:
                status = ask_status(self._link)
                self._names = (time.monotonic(), status["symbols"], status["strategies"])
            except TickwrightError:
                self._names = (time.monotonic(), [], [])
        return self._names[1], self._names[2]


def _choices(parameter: Any) -> list[str]:
    """Give the words that a parameter takes, where it takes only some."""
    descriptor = getattr(parameter, "type_descriptor", None)
    if descriptor is None:  # an older typer, with the types of click
        return [str(choice) for choice in getattr(getattr(parameter, "type", None), "choices", ())]
    wanted, found = [descriptor.annotation], []
    while wanted:
        annotation = wanted.pop()
        if get_origin(annotation) is Literal:
            found += [str(word) for word in get_args(annotation)]
        else:
            wanted += [part for part in get_args(annotation) if part is not annotation]
    return found


def _starting(words: Iterable[str], begun: str) -> list[str]:
    return sorted({word for word in words if word.lower().startswith(begun.lower())})
