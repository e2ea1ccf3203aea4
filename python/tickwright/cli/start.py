"""``tickwright start`` and ``restart``: a node in the foreground, or as a process that outlives the terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from tickwright.cli.console import Exit, guarded, print_json, remote_exit
from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Answer

if TYPE_CHECKING:
    import subprocess

    from tickwright.cli.process import Launch

__all__ = ["register"]

Text = Optional[str]  # noqa: UP045 - read at run time, and the same on every supported Python
Wait = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait until it is RUNNING; 0: not at all.")]
SETTLED_S = 2.0
"""So long a state must last in which nothing is traded: on the way to RUNNING there are some."""


def register(app: typer.Typer, panel: str) -> None:
    """Register the commands."""

    @app.command(
        "start",
        rich_help_panel=panel,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def start(
        context: typer.Context,
        detach: Annotated[bool, typer.Option("--detach", help="As a process of its own, without a terminal.")] = False,
        wait: Wait = 60.0,
        log: Annotated[
            Text, typer.Option("--log", help="File for its output.  \\[default: node.log of the state folder]")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else.")] = False,
        debug: Annotated[bool, typer.Option("--debug", help="Print the traceback of an error.")] = False,
    ) -> None:
        """Start a node, in the foreground or with --detach; every other argument is one of `tickwright run`."""
        given = _parsed(list(context.args))  # what cannot be parsed is told as every command tells it
        with guarded(as_json=as_json, debug=debug):
            asks = detach and wait > 0
            arguments, state = _checked(list(context.args), given, as_json=as_json and not detach, asks=asks)
            if not detach:
                from tickwright.cli import detached

                detached.main(str(state), arguments)
                return
            from tickwright.cli.process import LOG, Launch

            launch = Launch(arguments, str(Path.cwd()), str(Path(log).resolve() if log else state / LOG))
            show_started(_started(launch, state, wait), as_json=as_json)

    @remote(app, "restart", "command", asks=True, panel=panel)
    def restart(link: Link, call: Call, wait: Wait = 60.0) -> Answer:
        """Stop the node of a state folder and start it again, detached, with the arguments that it was started with."""
        from tickwright.cli.control import stop_engine
        from tickwright.cli.process import Launch, pid_of, wait_until_gone
        from tickwright.errors import ConfigError, TickwrightError

        state = link.target.state
        if state is None:
            raise ConfigError("restart: only a node of this machine can be started; name its folder with --state")
        launch = Launch.load(state)
        number = pid_of(state)
        if number is not None:
            if not call.yes:
                call.confirm(f"restart: process {number} ends, with its policy of stopping, and starts again")
            try:
                stop_engine(link, replace(call, yes=True), None, max(wait, 1.0))
            except TickwrightError as error:
                if getattr(error, "code", "") != "UNAVAILABLE":
                    raise
                _terminate(number)  # it does not answer: the signal asks it to end as the command would have
                if not wait_until_gone(state, number, max(wait, 1.0)):
                    raise TickwrightError(
                        f"process {number} does not answer, and has not ended within {wait:g} s"
                    ) from None
        found = _started(launch, state.resolve(), wait)
        return Answer(found, [_told(found)], exit_code=found["exit_code"])


def _parsed(arguments: list[str]) -> dict[str, Any]:
    """Check the arguments of `run` before anything starts."""
    from tickwright.cli.live import run

    probe = typer.Typer(add_completion=False)
    probe.command("run")(run)
    with typer.main.get_command(probe).make_context("tickwright start", list(arguments)) as context:
        return dict(context.params)


def _checked(arguments: list[str], given: dict[str, Any], *, as_json: bool, asks: bool) -> tuple[list[str], Path]:
    """Check the configuration, ask where money is at stake, and give the arguments of `run` and the state folder."""
    from tickwright.cli import live
    from tickwright.config import load_config
    from tickwright.errors import ConfigError

    node = {"state": given.get("state"), "url": given.get("url")}
    config = load_config(given.get("config"), overrides={"node": {k: v for k, v in node.items() if v is not None}})
    if config.node.live and not given.get("yes"):
        if not sys.stdin.isatty():
            raise ConfigError("start: trades real money, asks first, and there is no terminal to ask at; give --yes")
        live._confirm(config, False)
        arguments = [*arguments, "--yes"]
    if asks and not config.control.enabled:
        raise ConfigError("control.enabled: is false, so that nobody can ask whether it is RUNNING; give --wait 0")
    if as_json:
        arguments = [*arguments, "--json"]
    return arguments, Path(config.node.state).resolve()


def _started(launch: Launch, state: Path, wait_s: float) -> dict[str, Any]:
    """Start a process and wait until its node runs, or is known not to."""
    from tickwright.cli.process import pid_of, spawn
    from tickwright.errors import ConfigError

    already = pid_of(state)
    if already is not None:
        raise ConfigError(f"{state}: a node runs there already, process {already}; `tickwright restart` starts it anew")
    log = Path(launch.log)
    begin = log.stat().st_size if log.exists() else 0
    if "--no-view" not in launch.arguments:
        launch = replace(launch, arguments=[*launch.arguments, "--no-view"])
    child = spawn(launch, state)
    found = {"pid": child.pid, "state_folder": str(state), "log": launch.log, "state": None, "why": "", "exit_code": 0}
    if wait_s:
        found.update(_awaited(child, state, log, begin, wait_s))
    return found


def _awaited(child: subprocess.Popen[bytes], state: Path, log: Path, begin: int, wait_s: float) -> dict[str, Any]:
    """Wait for RUNNING; what became of it, with the reason where it did not."""
    from tickwright.cli.connection import Link as Way
    from tickwright.cli.connection import target
    from tickwright.cli.control import ask_status
    from tickwright.cli.process import last_lines
    from tickwright.errors import RemoteError

    deadline = time.monotonic() + wait_s
    seen, since = "starting", time.monotonic()
    while time.monotonic() < deadline:
        code = child.poll()
        if code is not None:
            said = "\n".join(last_lines(log, 10, after=begin)) or "it said nothing"
            return {"state": "ended", "why": said, "exit_code": code if code > 0 else int(Exit.INTERNAL), "pid": None}
        # Found anew each time: it writes down where it listens only once it does.
        with Way(target(state=str(state)), timeout_s=2.0) as link:
            try:
                now = ask_status(link)["state"]
            except RemoteError as error:
                if error.code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
                    return {"state": "unknown", "why": str(error), "exit_code": int(remote_exit(error))}
                now = seen
            if now == "RUNNING":
                return {"state": now}
            if now != seen:
                seen, since = now, time.monotonic()
            elif now in ("SAFE_MODE", "HALTED", "PAUSED", "REDUCE_ONLY") and time.monotonic() - since > SETTLED_S:
                return {"state": now, "why": _last_change(link), "exit_code": int(Exit.REFUSED)}
        time.sleep(0.05)
    why = f"not RUNNING after {wait_s:g} s; it goes on. " + "\n".join(last_lines(log, 5, after=begin))
    return {"state": seen, "why": why.strip(), "exit_code": int(Exit.REFUSED)}


def _last_change(link: Link) -> str:
    from tickwright.cli.watching import last_notices

    changes = [text for _, text in last_notices(link, ["state", "anomaly"], 5)]
    return "\n".join(changes)


def _told(found: dict[str, Any]) -> str:
    if found["state"] == "ended":
        return f"it ended at once, with exit code {found['exit_code']}:\n{found['why']}"
    where = f"process {found['pid']}, log {found['log']}"
    return f"{found['state'] or 'started'}: {where}" + (f"\n{found['why']}" if found["why"] else "")


def show_started(found: dict[str, Any], *, as_json: bool) -> None:
    """Say what became of a start, and leave with its exit code."""
    if as_json:
        print_json(found)
    else:
        typer.echo(_told(found), err=bool(found["exit_code"]))
    if found["exit_code"]:
        raise typer.Exit(found["exit_code"])


def _terminate(number: int) -> None:
    import contextlib
    import os
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.kill(number, signal.SIGTERM)
