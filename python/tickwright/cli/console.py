"""What all commands share: exit codes, errors without tracebacks, JSON, tables and progress."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from tickwright.errors import RemoteError

__all__ = [
    "Exit",
    "Progress",
    "guarded",
    "print_json",
    "print_table",
    "progress_bar",
    "remote_exit",
    "summary_rows",
    "table",
]

Progress: TypeAlias = Callable[[int, int, int], None]


class Exit(IntEnum):
    """Exit codes; docs/cli.md says when each arises."""

    OK = 0
    USAGE = 2
    DATA = 3
    STRATEGY = 4
    INTERNAL = 5
    BROKER = 6
    UNREACHABLE = 7
    DENIED = 8
    REFUSED = 9
    INTERRUPTED = 130


_REMOTE = {
    "UNAVAILABLE": Exit.UNREACHABLE,
    "DEADLINE_EXCEEDED": Exit.UNREACHABLE,
    "UNAUTHENTICATED": Exit.DENIED,
    "PERMISSION_DENIED": Exit.DENIED,
    "FAILED_PRECONDITION": Exit.REFUSED,
    "ABORTED": Exit.REFUSED,
    "RESOURCE_EXHAUSTED": Exit.REFUSED,
    "INVALID_ARGUMENT": Exit.USAGE,
    "NOT_FOUND": Exit.USAGE,
    "ALREADY_EXISTS": Exit.USAGE,
    "OUT_OF_RANGE": Exit.USAGE,
}


def remote_exit(error: RemoteError) -> Exit:
    """Give the exit code of what an engine answered."""
    return _REMOTE.get(error.code, Exit.INTERNAL)


def _exit_code(error: BaseException) -> Exit:
    from tickwright import errors

    if isinstance(error, errors.RemoteError):
        return remote_exit(error)
    if isinstance(error, (KeyboardInterrupt, errors.InterruptedRunError)):
        return Exit.INTERRUPTED
    if isinstance(error, (errors.ConfigError, errors.NumericError)):
        return Exit.USAGE
    if isinstance(error, errors.DataError):
        return Exit.DATA
    if isinstance(error, (errors.StrategyError, errors.OrderError)):
        return Exit.STRATEGY
    if isinstance(error, errors.BrokerError):
        return Exit.BROKER
    return Exit.INTERNAL


def _message(error: BaseException, code: Exit) -> str:
    from tickwright.errors import RemoteError, TickwrightError

    if code is Exit.INTERRUPTED:
        return "interrupted; nothing was written"
    if isinstance(error, RemoteError):
        more = f" [{error.reason}]" if error.reason and error.reason not in str(error) else ""
        return f"{error}{more}" + (f"; again in {error.retry_s:g} s" if error.retry_s else "")
    if isinstance(error, TickwrightError):
        return str(error)
    if isinstance(error, MemoryError):
        return "out of memory; take fewer symbols or a shorter time"
    said = f"unexpected {type(error).__name__}: {error}"
    return f"{said}; run again with --debug for the traceback, which makes a good bug report"


@contextmanager
def guarded(*, as_json: bool, debug: bool) -> Iterator[None]:
    """Turn any failure inside into one message and the right exit code; with `debug` the traceback is printed too."""
    try:
        yield
        sys.stdout.flush()
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        # The reader of our output went away, as `head` does. Nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(Exit.OK) from None
    except (Exception, KeyboardInterrupt) as error:
        code = _exit_code(error)
        text = _message(error, code)
        if debug:
            import traceback

            traceback.print_exc(file=sys.stderr)
        if as_json:
            said = {"kind": type(error).__name__, "message": text}
            if reason := getattr(error, "reason", ""):
                said["reason"] = reason
            print_json({"error": said, "exit_code": int(code)})
        if not as_json or debug or sys.stderr.isatty():
            typer.secho(
                text if code is Exit.INTERRUPTED else f"error: {text}",
                fg="red" if sys.stderr.isatty() else None,
                err=True,
            )
        raise typer.Exit(int(code)) from None


def print_json(value: Any) -> None:
    """One JSON object to standard output; figures that are not finite must be gone by now."""
    sys.stdout.write(
        json.dumps(value, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False, default=str) + "\n"
    )


def print_table(
    title: str, columns: Iterable[tuple[str, bool]], rows: Iterable[Iterable[str]], *, tight: bool = False
) -> None:
    """Print a table to standard output; `columns` are names, each with whether it is aligned to the right."""
    from rich.console import Console

    drawn = table(title, columns, rows, tight=tight)
    # Captured first, so that a reader that has gone away is met by our own write. A file or a pipe has no width to
    # respect.
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 200)
    with console.capture() as captured:
        console.print(drawn)
    sys.stdout.write(captured.get())


def table(
    title: str, columns: Iterable[tuple[str, bool]], rows: Iterable[Iterable[str]], *, tight: bool = False
) -> Table:
    """Make a table for `rich`; `columns` as of `print_table`, less room between them with `tight`."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns = list(columns)
    drawn = Table(
        title=Text(title, style="bold") if title else None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        show_header=any(name for name, _ in columns),
        padding=(0, 1),
        collapse_padding=tight,
        pad_edge=not tight,
    )
    for name, right in columns:
        drawn.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


def summary_rows(stats: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Statistics as rows of a table, in the report's order."""
    from tickwright.report.statistics import STATISTICS, shown

    rows = [(what.label, shown(key, stats[key])) for key, what in STATISTICS.items() if key in stats]
    return rows + [(key.replace("_", " "), shown(key, stats[key])) for key in sorted(stats) if key not in STATISTICS]


@contextmanager
def progress_bar(label: str, *, wanted: bool) -> Iterator[Progress | None]:
    """Show a live bar on standard error, or give None where nobody would see it.

    It is fed with ``(events done, events in all, event time in ns)``.
    """
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    import datetime as dt

    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[moment]}", style="dim"),
        TimeRemainingColumn(),
    )
    began = time.perf_counter()
    with Bar(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(label, total=None, rate="", moment="")

        def update(done: int, total: int, ts_ns: int) -> None:
            seconds = time.perf_counter() - began
            moment = dt.datetime.fromtimestamp(ts_ns / 1e9, dt.UTC).strftime("%Y-%m-%d %H:%M:%S") if ts_ns > 0 else ""
            bar.update(
                task,
                completed=done,
                total=total,
                rate=f"{done / seconds:,.0f} events/s" if seconds > 0 else "",
                moment=moment,
            )

        yield update
