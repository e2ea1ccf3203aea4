"""``python -m tickwright.cli``."""

from tickwright.cli import main

main()
