"""The command line: ``tickwright``."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave with its exit code."""
    import sys

    try:
        from tickwright.cli.app import app
        from tickwright.cli.quick import asked_alone, resolve_annotations

        alone = asked_alone(app, sys.argv[1:])
        resolve_annotations(alone)
        alone(prog_name="tickwright")
    except KeyboardInterrupt:
        # Only what comes before a command's own guard, such as an interrupt while it is imported.
        print("interrupted", file=sys.stderr)
        sys.exit(130)
