"""Whole processes: how long a start takes, and how much memory a run needs."""

import json
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from benches.registry import Work, measure

ROOT = Path(__file__).resolve().parent.parent


def process(*command: str) -> bytes:
    """Run a command of this interpreter's environment to its end and return what it printed."""
    return subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True).stdout


def start(name: str, *command: str) -> None:
    """Register the time that a process takes from its start to its end."""

    @measure(name)
    def factory() -> Work:
        process(*command)  # writes the byte code
        return Work(lambda: process(*command), items=1)


start("python_start", "-c", "pass")
start("import_tickwright", "-c", "import tickwright")
start("import_backtest", "-c", "from tickwright import Rules, Strategy, backtest, feeds, signal")
start("cli_help", "-m", "tickwright.cli", "--help")


@lru_cache
def memory(count: int) -> dict[str, Any]:
    """Return what benches/memory.py found for `count` quotes."""
    found: dict[str, Any] = json.loads(process("-m", "benches.memory", str(count)))
    if found["quotes"] != count:
        raise RuntimeError(f"the run saw {found['quotes']} of {count} quotes")
    return found


def memory_case(name: str, count: int) -> None:
    """Register the memory of feed and run over `count` quotes, and that of the same columns in numpy, per quote."""

    @measure(f"engine_memory_{name}")
    def ours() -> Work:
        return Work(None, items=count, size=lambda: int(memory(count)["peak_bytes"]))

    @measure(f"numpy_memory_{name}")
    def floor() -> Work:
        return Work(None, items=count, size=lambda: int(memory(count)["input_bytes"]))


memory_case("1m", 1_000_000)
memory_case("10m", 10_000_000)
