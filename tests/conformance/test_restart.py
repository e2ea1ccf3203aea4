"""State that survives: a clean stop, a kill at any moment, and a journal that is not ours."""

import time

import pytest
import requests
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.requests import CreateWatchlistRequest, LimitOrderRequest, MarketOrderRequest

from tests.conformance import rig
from tickwright.errors import ConfigError, TickwrightError
from tickwright.paper import PaperServer

BUY, DAY = OrderSide.BUY, TimeInForce.DAY
KEYS = ["K0", "K1"]


def settings(folder, **more):
    market = {"source": "synthetic", "symbols": ["AAPL", "MSFT"], "seed": 3, "scale": 0.05, "date": "2026-01-06"}
    paper = {
        "speed": 0.0,
        "accounts": rig.accounts(2),
        "requests_per_minute": 0,
        "journal": str(folder),
        "market": market,
    }
    return {"paper": {**paper, **more}}


def picture(server):
    """Return all that a client can see of two accounts."""
    paths = (
        "/v2/account",
        "/v2/account/configurations",
        "/v2/positions",
        "/v2/orders?status=all&limit=500&nested=true",
        "/v2/account/activities?direction=asc",
        "/v2/watchlists",
    )
    seen = {(key, path): rig.get(server, path, key).json() for key in KEYS for path in paths}
    return seen | {"state": server.control("GET", "state"), "clock": server.control("GET", "clock")["now"]}


def trade(server, rounds):
    for i in range(rounds):
        client = rig.trading(server, KEYS[i % 2])
        client.submit_order(MarketOrderRequest(symbol="AAPL", qty=i + 1, side=BUY, time_in_force=DAY))
        client.submit_order(
            LimitOrderRequest(symbol="MSFT", qty=1, side=BUY, time_in_force=TimeInForce.GTC, limit_price=10 + i)
        )
        server.control("POST", "advance", {"by_s": 30})


def begin(server):
    server.control("POST", "advance", {"to": "2026-01-06T14:35:00Z"})


@pytest.mark.parametrize("durability", ["always", "group", "os"])
def test_a_clean_stop_loses_nothing(tmp_path, durability):
    with PaperServer(settings(tmp_path / "j", durability=durability)) as server:
        begin(server)
        trade(server, 4)
        rig.trading(server).create_watchlist(CreateWatchlistRequest(name="kept", symbols=["AAPL"]))
        before = picture(server)
    with PaperServer(settings(tmp_path / "j", durability=durability)) as server:
        assert picture(server) == before
        trade(server, 2)
        assert len(rig.trading(server).get_orders()) > 0


def test_a_killed_server_loses_nothing_that_it_answered(tmp_path):
    server = PaperServer(settings(tmp_path / "j"), process=True)
    with server:
        begin(server)
        trade(server, 4)
        before = picture(server)
        server.kill()
    with PaperServer(settings(tmp_path / "j"), process=True) as again:
        assert picture(again) == before


def test_kills_at_any_moment_leave_every_order_that_was_answered(tmp_path):
    """Three kills while orders come in: what was answered is there, once, and nothing else but what was in flight."""
    answered, sent = set(), set()
    for turn in range(3):
        server = PaperServer(settings(tmp_path / "j"), process=True)
        with server:
            client = rig.trading(server)
            end = time.monotonic() + 0.1 + 0.1 * turn
            for i in range(10_000):
                if time.monotonic() > end:
                    break
                name = f"{turn}-{i}"
                sent.add(name)
                order = LimitOrderRequest(
                    symbol="AAPL", qty=1, side=BUY, time_in_force=TimeInForce.GTC, limit_price=1.0, client_order_id=name
                )
                client.submit_order(order)
                answered.add(name)
            server.kill()
    with PaperServer(settings(tmp_path / "j"), process=True) as server:
        found = set()
        for name in sent:
            answer = rig.get(server, f"/v2/orders:by_client_order_id?client_order_id={name}")
            if answer.status_code == 200:
                found.add(name)
        count = len(rig.get(server, "/v2/orders?status=all&limit=500").json())
    assert answered <= found
    assert count == min(500, len(found))
    print(f"after 3 kills {len(answered & found)} of {len(answered)} answered orders are there; {len(sent)} were sent")


def test_the_end_of_a_process_is_clean_on_sigterm(tmp_path):
    with PaperServer(settings(tmp_path / "j"), process=True) as server:
        begin(server)
        trade(server, 2)
        url, pid = server.rest_url, server.pid
        before = picture(server)
        assert pid
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=2)
    with PaperServer(settings(tmp_path / "j")) as again:
        assert picture(again) == before


@pytest.mark.parametrize(
    "change",
    [
        {"accounts": rig.accounts(3)},
        {"market": {"source": "synthetic", "symbols": ["AAPL", "BAC"], "seed": 3, "scale": 0.05}},
    ],
    ids=["accounts", "symbols"],
)
def test_a_journal_of_other_settings_is_refused(tmp_path, change):
    with PaperServer(settings(tmp_path / "j")):
        pass
    with pytest.raises(ConfigError, match="kept with other"), PaperServer(settings(tmp_path / "j", **change)):
        pass


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(ConfigError, match="no journal of the paper venue"), PaperServer(settings(tmp_path)):
        pass


def test_an_error_of_a_process_is_told(tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(TickwrightError, match="no journal"), PaperServer(settings(tmp_path), process=True):
        pass
