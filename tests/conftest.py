"""Fixtures for every test: the folder of recorded market data, and hypothesis profiles."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# No deadline: a loaded machine is not a failing example. The seed of a failure is printed, to be kept as a regression.
settings.register_profile("tickwright", deadline=None, print_blob=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tickwright"))


def data_root() -> Path:
    """Return the folder that recorded market data is expected in, whether or not it exists."""
    return Path(os.environ.get("TICKWRIGHT_DATA") or ROOT.parent / "shared" / "data")


def data_required() -> bool:
    """Return whether missing data is a failure (TICKWRIGHT_REQUIRE_DATA=1) rather than a reason to skip."""
    return os.environ.get("TICKWRIGHT_REQUIRE_DATA", "") not in ("", "0")


def missing(what: Path) -> None:
    """Skip the test that needs `what`, or fail it where data are required."""
    reason = f"recorded market data not found: {what} (set TICKWRIGHT_DATA to the folder that holds them)"
    if data_required():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of recorded market data."""
    folder = data_root()
    if not folder.is_dir():
        missing(folder)
    return folder


@pytest.fixture(scope="session")
def data_file(data_dir: Path) -> Callable[[str], Path]:
    """Return a function from a path inside the data folder to the file, which skips where that one file is missing."""

    def find(relative: str) -> Path:
        path = data_dir / relative
        if not path.exists():
            missing(path)
        return path

    return find


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top folder of the checkout."""
    return ROOT


@pytest.fixture(autouse=True)
def no_log_is_left_open() -> Iterator[None]:
    """Take off what a test, or the command line in it, sent the log to: its file or stream is closed by then."""
    yield
    log = logging.getLogger("tickwright")
    for handler in log.handlers[:]:
        if not isinstance(handler, logging.NullHandler):
            log.removeHandler(handler)
