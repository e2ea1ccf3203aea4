"""Virtual time: speeds, waiting for a client, the end of the market, and a market passed on from another server."""

import contextlib
import datetime as dt
import threading
import time

import pytest

import tickwright as tw
from tests.conformance import rig
from tickwright.paper import PaperServer
from tickwright.paper.clock import VirtualClock


def run(data=None, **paper):
    data = rig.market() if data is None else data
    return PaperServer({"paper": {"accounts": rig.accounts(4), "requests_per_minute": 0, **paper}}, data=data)


def now(server):
    return rig.trading(server).get_clock().timestamp


@pytest.mark.parametrize("speed", [1.0, 10.0, 200.0])
def test_time_passes_at_its_speed(speed):
    with run(speed=speed, wait=False) as server:
        began, first = time.monotonic(), now(server)
        time.sleep(0.5)
        passed = (now(server) - first).total_seconds()
        real = time.monotonic() - began
        assert passed == pytest.approx(real * speed, rel=0.15, abs=0.05 * speed)


def test_the_clock_stands_until_a_client_subscribes():
    with run(speed=100.0) as server:
        first = now(server)
        time.sleep(0.1)
        assert now(server) == first
        with rig.Socket(server.stock_stream_url) as socket:
            socket.auth()
            socket.ask({"action": "subscribe", "trades": ["AAPL"]})
            time.sleep(0.1)
            assert now(server) > first


def test_the_clock_stands_until_a_client_orders():
    with run(speed=100.0) as server:
        first = now(server)
        rig.get(server, "/v2/orders", method="POST", json={})
        time.sleep(0.05)
        assert now(server) > first


def test_as_fast_as_possible_nothing_is_lost():
    with run(speed=float("inf"), queue_frames=16) as server, rig.Socket(server.stock_stream_url) as socket:
        socket.auth()
        socket.ask({"action": "subscribe", "trades": ["*"], "quotes": ["*"]})
        heard = socket.until(lambda messages: len(messages) >= 2 * 3 * 360)
        assert len(heard) == 2 * 3 * 360
        rig.eventually(lambda: server.control("GET", "state")["ended"])
        assert server.control("GET", "state")["sent"] == 2 * 4 * 360


def test_requests_are_answered_while_the_market_floods():
    """Three clients take a market as fast as possible; nobody who asks waits longer than a few steps of it."""
    data = tw.feeds.synthetic(seed=5, date="2026-01-05", events_scale=2.0)
    with run(data, speed=float("inf"), at_end="loop", queue_frames=64) as server, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(rig.Socket(server.stock_stream_url, packed=True)) for _ in range(3)]
        stop = threading.Event()

        def drain(socket):
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    socket.socket.recv(0.1)

        threads = []
        for i, socket in enumerate(sockets):
            socket.auth(f"K{i}")
            socket.ask({"action": "subscribe", "quotes": ["*"], "trades": ["*"]})
            threads.append(threading.Thread(target=drain, args=(socket,)))
            threads[-1].start()
        waited, rows = [], 0
        for _ in range(100):
            began = time.monotonic()
            assert rig.get(server, "/v2/account", "K3").status_code == 200
            waited.append(time.monotonic() - began)
            rows = max(rows, server.control("GET", "state")["sent"])
        stop.set()
        for thread in threads:
            thread.join()
    waited.sort()
    print(f"{rows:,} rows played; answers within {waited[50] * 1e3:.1f} ms (median), {waited[-1] * 1e3:.1f} ms (worst)")
    assert rows > 10_000
    assert waited[50] < 0.25


def test_the_server_may_end_with_its_market():
    with run(speed=float("inf"), wait=False, at_end="stop") as server:
        rig.eventually(lambda: not server._thread.is_alive())


def test_the_market_may_begin_again():
    """Rounds follow one another by whole weeks, and history knows both."""
    with run(speed=float("inf"), wait=False, at_end="loop") as server:
        rig.eventually(lambda: now(server) > dt.datetime(2026, 1, 12, 15, tzinfo=dt.UTC))
        server.control("POST", "clock", {"running": False})
        found = rig.get(server, "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=2026-01-01").json()["bars"]["AAPL"]
        days = [dt.datetime.fromisoformat(bar["t"]).weekday() for bar in found]
        assert set(days) <= {0, 1}


def test_idle_times_may_be_skipped():
    with run(speed=20_000.0, wait=False, skip_idle_s=600.0) as server:
        rig.eventually(lambda: now(server) >= dt.datetime(2026, 1, 6, 14, 30, tzinfo=dt.UTC), timeout=2)


def test_a_start_in_the_middle_knows_the_prices_before():
    with run(speed=0.0, start="2026-01-06T14:45:00Z") as server:
        assert now(server) == dt.datetime(2026, 1, 6, 14, 45, tzinfo=dt.UTC)
        order = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
        assert rig.get(server, "/v2/orders", method="POST", json=order).status_code == 200
        server.control("POST", "advance", {"by_s": 30})
        assert rig.get(server, "/v2/positions").json()[0]["symbol"] == "AAPL"
        assert len(rig.get(server, "/v2/stocks/trades?symbols=AAPL").json()["trades"]["AAPL"]) == 47


@pytest.mark.parametrize(
    ("route", "value"),
    [
        ("clock", {"speed": -1}),
        ("clock", {"speed": "fast"}),
        ("advance", {"to": "2020-01-01"}),
        ("advance", {"by_s": -1}),
        ("advance", {}),
        ("market", {"quotes": [{"S": "AAPL"}]}),
        ("market", {"trades": [{"S": "ZZZZ", "p": 1.0, "s": 1}]}),
    ],
    ids=str,
)
def test_control_that_makes_no_sense_is_refused(server, route, value):
    from tickwright.errors import TickwrightError

    with pytest.raises(TickwrightError):
        server.control("POST", route, value)


def test_the_speed_can_be_changed_while_it_runs():
    with run(speed=1.0, wait=False) as server:
        server.control("POST", "clock", {"speed": 1_000})
        first = now(server)
        time.sleep(0.2)
        assert (now(server) - first).total_seconds() > 100
        assert server.control("POST", "clock", {"running": False})["running"] is False
        stands = now(server)
        time.sleep(0.05)
        assert now(server) == stands


def test_time_may_be_moved_by_hand_while_it_runs():
    """No row is played twice, and none is left out."""
    with run(speed=100.0, wait=False) as server, rig.Socket(server.stock_stream_url) as socket:
        socket.auth()
        socket.ask({"action": "subscribe", "trades": ["AAPL"]})
        server.control("POST", "clock", {"speed": 0.001})
        heard = []
        for _ in range(5):
            server.control("POST", "advance", {"by_s": 100})
            server.control("POST", "clock", {"speed": 20.0})
            time.sleep(0.05)
        server.control("POST", "advance", {"to": "2026-01-06T14:29:00Z"})
        heard = socket.until(lambda messages: messages and messages[-1]["t"].startswith("2026-01-05T15:29:40"))
    times = [m["t"] for m in heard]
    assert times == sorted(set(times))
    assert len(times) >= 170


def test_the_clock_never_goes_back():
    clock = VirtualClock(1_000_000, 5.0)
    seen = [clock.now_ns]
    for act in (clock.run, clock.stop, clock.run, lambda: clock.set_speed(0.5), lambda: clock.reach(5), clock.stop):
        act()
        seen.append(clock.now_ns)
    assert seen == sorted(seen)


def test_a_live_stream_is_passed_on(monkeypatch):
    """One server serves the market, the second passes it on: quotes, fills and history come through."""
    monkeypatch.setenv("UPSTREAM_KEY", "K0")
    monkeypatch.setenv("UPSTREAM_SECRET", rig.SECRET)
    with run(rig.quiet_market(), speed=0.0) as origin:
        origin.control("POST", "advance", {"to": rig.NOW})
        market = {
            "source": "live",
            "symbols": ["AAPL", "MSFT", "BTC/USD"],
            "url": origin.stock_stream_url,
            "crypto_url": origin.crypto_stream_url,
            "key_env": "UPSTREAM_KEY",
            "secret_env": "UPSTREAM_SECRET",
        }
        settings = {"paper": {"accounts": rig.accounts(2), "market": market, "wait": False}}
        with PaperServer(settings) as server:
            rig.eventually(lambda: origin.control("GET", "state")["subscribers"] == 2)
            with rig.Socket(server.stock_stream_url, packed=True) as socket:
                socket.auth()
                socket.ask({"action": "subscribe", "quotes": ["*"]})
                rows = [{"S": "AAPL", "bp": 55.5, "bs": 300, "ap": 55.52, "as": 400}]
                origin.control("POST", "market", {"quotes": rows})
                (quote,) = socket.hear()
                assert (quote["S"], quote["bp"], quote["ap"], quote["as"]) == ("AAPL", 55.5, 55.52, 400)
            assert abs((now(server) - dt.datetime.now(dt.UTC)).total_seconds()) < 5


def test_a_live_market_without_keys_says_so():
    from tickwright.errors import ConfigError

    market = {"source": "live", "symbols": ["AAPL"], "key_env": "NOT_SET_KEY", "secret_env": "NOT_SET_SECRET"}
    server = PaperServer({"paper": {"market": market}})
    server.__enter__()
    with pytest.raises(ConfigError, match="NOT_SET_KEY"):
        rig.eventually(lambda: server.stop() or False, timeout=3)
