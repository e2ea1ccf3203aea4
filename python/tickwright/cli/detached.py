"""``python -m tickwright.cli.detached STATE ARGUMENT…``: a node with a pid file, as ``tickwright start`` starts it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]


def main(state: str, arguments: Sequence[str]) -> None:
    """Run a node; the pid file is there as long."""
    from tickwright.cli.app import app
    from tickwright.cli.console import guarded
    from tickwright.cli.process import PidFile

    with guarded(as_json=False, debug=False), PidFile(Path(state)):
        app(["run", *arguments], prog_name="tickwright")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
