"""Servers for the conformance tests: one a module, and an account of its own for each test that trades."""

import itertools

import pytest

from tests.conformance import rig
from tickwright.paper import PaperServer

ASSETS = {
    "BAC": {"exchange": "NYSE", "name": "Bank of America"},
    "GONE": {"status": "inactive"},
    "HARD": {"shortable": False, "easy_to_borrow": False},
    "HALTED": {"tradable": False},
    "WHOLE": {"fractionable": False},
    "PENNY": {},
    "ETH/USD": {},
}


@pytest.fixture(scope="module")
def server():
    """Return a server with the known market, at ten in the morning of its second day; time moves by hand."""
    paper = {
        "speed": 0.0,
        "accounts": rig.accounts(400),
        "assets": ASSETS,
        "requests_per_minute": 0,
        "data_requests_per_minute": 0,
        "iex_symbols": 3,
        "auth_timeout_s": 1.0,
    }
    with PaperServer({"paper": paper}, data=rig.market()) as running:
        running.control("POST", "advance", {"to": rig.NOW})
        yield running


@pytest.fixture(scope="module")
def keys():
    """Return keys of accounts that nobody has used."""
    return (f"K{i}" for i in itertools.count(1))


@pytest.fixture
def key(keys):
    return next(keys)


@pytest.fixture
def client(server, key):
    """Return a trading client with an account of its own."""
    return rig.trading(server, key)


@pytest.fixture(scope="module")
def quiet():
    """Return a server where only what a test does happens, at ten in the morning of a Tuesday."""
    paper = {
        "speed": 0.0,
        "accounts": rig.accounts(400),
        "assets": ASSETS,
        "requests_per_minute": 0,
        "data_requests_per_minute": 0,
        "fees": "none",
    }
    with PaperServer({"paper": paper}, data=rig.quiet_market()) as running:
        running.control("POST", "advance", {"to": rig.NOW})
        yield running


@pytest.fixture
def floor(quiet):
    """Return the quiet market with its quotes as they were at first."""
    floor = rig.Floor(quiet)
    for symbol, price in rig.QUIET.items():
        floor.quote(symbol)
        floor.trade(symbol, price)
    return floor


@pytest.fixture
def trader(quiet, key, floor):
    """Return a trading client with a fresh account on the quiet market."""
    return rig.trading(quiet, key)
