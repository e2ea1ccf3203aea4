"""``tickwright top``: one engine on a terminal, drawn anew as it changes."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tickwright.cli.control import killed
from tickwright.cli.remote import Call, Link, remote
from tickwright.cli.shown import Grid, age, money, span

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Board", "draw", "gather", "register"]

COLORS: Final = {"RUNNING": "green", "RECONCILING": "yellow", "PAUSED": "yellow", "REDUCE_ONLY": "yellow"}
KEYS: Final = {"p": ("pause", "Pause"), "r": ("resume", "Resume"), "h": ("halt", "Halt")}
NOTICES: Final = 50
NOTICES_LEAST: Final = 4
TABLE_LEAST: Final = 4
"""Lines: a head of two, a row, and how many more there are."""


@dataclass
class Board:
    """All that is drawn; each part is replaced whole, so that no lock is needed."""

    address: str
    status: dict[str, Any] | None = None
    pnl: list[dict[str, Any]] = field(default_factory=list)
    positions: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    streams: list[dict[str, Any]] = field(default_factory=list)
    notices: deque[str] = field(default_factory=lambda: deque(maxlen=NOTICES))
    trouble: str = ""
    footer: str = ""
    asked_s: float = 0.0
    """What the last round of questions took, seconds."""


def register(app: typer.Typer, panel: str) -> None:
    """Register the command."""

    @remote(app, "top", "session", panel=panel)
    def top(
        link: Link,
        call: Call,
        every: Annotated[
            float, typer.Option("--every", min=0.05, max=60, help="Seconds from one frame to the next.")
        ] = 0.5,
        once: Annotated[bool, typer.Option("--once", help="Draw one frame and leave.")] = False,
    ) -> int:
        """Show an engine live: keys p pause, r resume, h halt (each asks), q quit."""
        from tickwright.cli.console import print_json

        board = Board(link.target.address)
        if once or call.as_json or not sys.stdout.isatty():
            from tickwright.cli.watching import last_notices

            gather(link, board)
            board.notices.extend(text for _, text in last_notices(link, [], NOTICES))
            if call.as_json:
                parts = ("status", "pnl", "positions", "orders", "refused", "streams")
                print_json({name: getattr(board, name) for name in parts} | {"notices": list(board.notices)})
            else:
                _print(board)
            return 0
        _live(link, board, every)
        return 0


def gather(link: Link, board: Board) -> None:
    """Ask an engine for all that is drawn, but notices, which come by themselves."""
    from tickwright.cli.control import ask_status
    from tickwright.cli.limits import ask_counters
    from tickwright.cli.orders import ask_orders
    from tickwright.cli.portfolio import ask_pnl, ask_positions
    from tickwright.cli.shown import as_dict
    from tickwright.errors import RemoteError
    from tickwright.v1 import market_data_pb2

    def streams() -> list[dict[str, Any]]:
        answer = link.ask(market_data_pb2.ListSubscriptionsRequest())
        return list(as_dict(answer)["subscriptions"])

    began = time.perf_counter()
    board.status = ask_status(link)
    parts: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "pnl": lambda: ask_pnl(link),
        "positions": lambda: ask_positions(link),
        "orders": lambda: ask_orders(link, open_only=True, limit=50),
        "refused": lambda: list(ask_counters(link)["refused"]),
        "streams": streams,
    }
    for name, ask in parts.items():
        try:
            setattr(board, name, ask())
        except RemoteError as error:
            if error.code != "UNIMPLEMENTED":  # an engine without that service: the rest is worth seeing
                raise
    board.asked_s = time.perf_counter() - began


def draw(board: Board, width: int, height: int) -> RenderableType:
    """Draw a frame of so many columns and rows: tables and notices share what figures and footer leave."""
    from rich.console import Group
    from rich.text import Text

    from tickwright.cli.orders import order_grid
    from tickwright.cli.portfolio import pnl_grid, position_grid

    footer = Text(board.footer or "p pause   r resume   h halt   q quit", style="reverse", no_wrap=True)
    if board.status is None:
        return Group(_head(board), Text(board.trouble or "…", style="red"), footer)
    above = [_head(board), *_figures(board)]
    if board.trouble:
        above.append(Text(board.trouble, style="bold red", no_wrap=True, overflow="ellipsis"))
    grids = [pnl_grid(board.pnl), position_grid(board.positions), order_grid(board.orders, "no open orders")]
    left = height - len(above) - 1
    wanted = [_lines(grid) for grid in grids]
    while sum(wanted) > left - NOTICES_LEAST and max(wanted) > TABLE_LEAST:
        wanted[wanted.index(max(wanted))] -= 1
    notices = list(board.notices)[-max(1, left - sum(wanted)) :]
    return Group(
        *above,
        *(_table(grid, lines) for grid, lines in zip(grids, wanted, strict=True)),
        *(_notice(text) for text in notices),
        footer,
    )


def _notice(text: str) -> RenderableType:
    from rich.text import Text

    is_bad = " fault " in text or " anomaly " in text
    return Text(text, no_wrap=True, overflow="ellipsis", style="red" if is_bad else "")


def _lines(grid: Grid) -> int:
    return len(grid.rows) + 2 if grid.rows else 1


def _head(board: Board) -> RenderableType:
    from rich.text import Text

    status = board.status
    if status is None:
        return Text(f"tickwright   {board.address}", style="bold")
    kind = ("LIVE, real money", "bold white on red") if status["live"] else ("paper", "")
    return Text.assemble(
        (status["state"] or "?", f"bold {COLORS.get(status['state'], 'red')}"),
        "   ",
        kind,
        f" {status['account']}   {board.address}   tickwright {status['version']}",
        no_wrap=True,
        overflow="ellipsis",
    )


def _figures(board: Board) -> Iterator[RenderableType]:
    from rich.text import Text

    one: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"}
    status = board.status or {}
    wrong = [f"{c['name']}: {c['detail']}" for c in status["components"] if not c["healthy"]]
    yield Text(
        f"equity {money(status['equity'])}   cash {money(status['cash'])}   drawdown {money(status['drawdown'])}",
        **one,
    )
    yield Text(
        f"orders {status['orders']:,}   open {status['open_orders']:,}   in flight {status['in_flight']:,}   "
        f"in doubt {status['in_doubt']:,}   anomalies {status['anomalies']:,}",
        **one,
    )
    yield Text(
        f"data {age(status['data_age_ns'])} old   events {status['events']:,}   steps {status['steps']:,}   "
        f"asked in {span(board.asked_s)}",
        **one,
    )
    latencies = [f"{r['stage'].replace('_', ' ')} {r['p50_us']:,.0f}/{r['p99_us']:,.0f}" for r in status["latencies"]]
    yield Text(f"µs p50/p99: {'   '.join(latencies)}", **one)
    counts: dict[str, int] = {}
    for row in board.refused:
        counts[row["code"]] = counts.get(row["code"], 0) + row["count"]
    refused = ", ".join(f"{code} {count:,}" for code, count in sorted(counts.items())) or "none"
    dropped = sum(row["dropped_rows"] for row in board.streams)
    yield Text(f"refused by risk: {refused}   streams {len(board.streams)}, rows dropped {dropped:,}", **one)
    if told := killed(status):
        yield Text(f"KILL SWITCH  {told}", style="bold red", **one)
    if wrong:
        yield Text(f"WRONG  {'; '.join(wrong)}", style="bold red", **one)


def _table(grid: Grid, lines: int) -> RenderableType:
    from rich.text import Text

    from tickwright.cli.console import table

    rows = list(grid.rows)
    if not rows:
        return Text(grid.none, style="dim")
    more = len(rows) + 2 - lines
    if more > 0:
        rows = [*rows[: -more - 1], [f"{more + 1:,} more", *[""] * (len(grid.columns) - 1)]]
    drawn = table("", grid.columns, rows, tight=True)
    drawn.show_edge = False
    return drawn


def _print(board: Board) -> None:
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 100)
    board.footer = " "
    with console.capture() as captured:
        console.print(draw(board, console.width, 60))
    sys.stdout.write(captured.get())


# --- live ------------------------------------------------------------------------------------------------------------


def _live(link: Link, board: Board, every: float) -> None:
    from rich.live import Live

    ending, fresh = threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=_poll, args=(link, board, every, ending, fresh), daemon=True),
        threading.Thread(target=_notices, args=(link, board, ending, fresh), daemon=True),
    ]
    for thread in threads:
        thread.start()
    waiting: tuple[str, str] | None = None
    # The first frame has figures where the engine answers at once, which it does.
    fresh.wait(0.15)
    with _keys() as key, Live(screen=True, auto_refresh=False) as screen:
        try:
            while True:
                size = screen.console.size
                screen.update(draw(board, size.width, size.height), refresh=True)
                pressed = key(every)
                if waiting is not None and pressed:
                    board.footer = _act(link, waiting) if pressed == "y" else f"{waiting[0]}: not done"
                    waiting = None
                elif pressed == "q":
                    break
                elif pressed in KEYS:
                    waiting = KEYS[pressed]
                    board.footer = f"{waiting[0]}? y does it, any other key does not"
        except KeyboardInterrupt:
            pass
        finally:
            ending.set()


def _act(link: Link, command: tuple[str, str]) -> str:
    from tickwright.errors import TickwrightError
    from tickwright.v1 import common_pb2, engine_pb2

    name, method = command
    options = common_pb2.CommandOptions(reason="asked for in tickwright top")
    try:
        link.ask(getattr(engine_pb2, f"{method}Request")(options=options))
    except TickwrightError as error:
        return f"{name}: {error}"
    return f"{name}: done"


def _poll(link: Link, board: Board, every: float, ending: threading.Event, fresh: threading.Event) -> None:
    from tickwright.errors import TickwrightError

    while not ending.is_set():
        try:
            gather(link, board)
            board.trouble = ""
        except TickwrightError as error:
            board.trouble = f"{error}; trying again"
        fresh.set()
        ending.wait(every)


def _notices(link: Link, board: Board, ending: threading.Event, fresh: threading.Event) -> None:
    from tickwright.cli.watching import notices_of
    from tickwright.errors import TickwrightError

    last = NOTICES
    while not ending.is_set():
        try:
            for _, text in notices_of(link, [], last):
                board.notices.append(text)
                if ending.is_set():
                    return
        except TickwrightError:
            last = 0  # those of before are shown already
        ending.wait(1.0)


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Give a function that waits for a key for so many seconds: its lower case, or nothing."""
    if not sys.stdin.isatty():

        def nothing(seconds: float) -> str:
            time.sleep(seconds)
            return ""

        yield nothing
        return
    import termios
    import tty

    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)

    def key(seconds: float) -> str:
        ready, _, _ = select.select([file], [], [], seconds)
        return os.read(file, 1).decode("ascii", "ignore").lower() if ready else ""

    tty.setcbreak(file)
    try:
        yield key
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)
