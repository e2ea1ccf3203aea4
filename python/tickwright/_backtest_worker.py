"""A backtest in a process of its own: ``python -m tickwright._backtest_worker``.

The first line of standard input is a JSON object: ``strategy``, ``params``, ``config`` (sections), ``folder`` for the
tables, ``nice``. It says how far it is on standard output, a JSON object a line, the last of which is
``{"done": true}`` or ``{"error": …}``. It ends when its standard input does: whoever started it is gone.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

__all__ = ["main"]

PROGRESS_S: Final = 0.1
"""Least seconds between two messages."""
RESULT: Final = "result.json"
TABLES: Final = ("fills", "equity")


def main() -> int:
    """Run the backtest that standard input names."""
    # What a strategy prints must not stand between our lines.
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_watch, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(request["nice"])

    def say(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")

    try:
        _run(request, say)
    except Exception as error:
        say({"error": f"{type(error).__name__}: {error}"})
        return 1
    say({"done": True})
    return 0


def _watch() -> None:
    """Wait for the end of standard input, and end with it."""
    # Past `sys.stdin`, whose lock the interpreter wants when it ends.
    while os.read(0, 4096):
        pass
    os._exit(3)


def _run(request: dict[str, Any], say: Any) -> None:
    from tickwright.cli.market import find_sources, load_data
    from tickwright.cli.run import run_config
    from tickwright.config import load_config
    from tickwright.loader import load_strategies

    config = load_config(env={}, overrides=request["config"])
    made = load_strategies(request["strategy"], request["params"])
    sources = find_sources(config.data.paths, config.data.symbols)
    data = load_data(sources, **config.data.model_dump(exclude={"paths"}))
    said = 0.0

    def progress(done: int, total: int, moment_ns: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= PROGRESS_S:
            said = now
            say({"done_events": done, "total_events": total})

    result = run_config(config, made, data, progress)
    folder = Path(request["folder"])
    for name in TABLES:
        _write_table(folder / f"{name}.arrow", getattr(result, name))
    stats = {name: _finite(value) for name, value in result.stats.items()}
    content = {"stats": stats, "events": result.meta["events"]}
    (folder / RESULT).write_text(json.dumps(content), encoding="utf-8")


def _finite(value: Any) -> Any:
    """Give a number that JSON has, or None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_table(path: Path, table: Any) -> None:
    import pyarrow as pa

    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


if __name__ == "__main__":
    sys.exit(main())
