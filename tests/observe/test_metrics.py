"""A real scrape, read by the parsers of Prometheus' own client, against what the node says of itself."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import random
import socket
import time
import urllib.error
import urllib.request
from decimal import Decimal

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.observe.watched import Watched
from tickwright.errors import ConfigError
from tickwright.observe import COMPONENTS
from tickwright.observe.families import STATES
from tickwright.observe.server import MetricsServer
from tickwright.observe.settings import MetricsSettings

OPENMETRICS = "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5"


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.read(), answer.headers


def scrape(url, parse=parse_text, accept="text/plain"):
    body, _ = get(f"{url}/metrics", Accept=accept)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(body.decode())
        for sample in family.samples
    }


def value(samples, name, **labels):
    return samples[name, frozenset(labels.items())]


@pytest.fixture(scope="module")
def stood(traded):
    """The node at rest between two scrapes, so that they can be compared with its status."""
    traded.ask(lambda: traded.node.command("pause", by="test", why="to compare"))
    keys = ("orders", "sent", "positions", "refused", "updates", "equity")
    until = time.monotonic() + 30
    while True:
        before = traded.ask(traded.node.status)
        samples = scrape(traded.observation.url)
        after = traded.ask(traded.node.status)
        stands = all(before[key] == after[key] for key in keys)
        # A scrape may show a reading of a moment before, made for an alert: none of that moment can be compared.
        is_between = value(samples, "tickwright_market_frames_total") >= before["frames"]
        if (stands and is_between) or time.monotonic() > until:
            break
        time.sleep(0.3)
    traded.ask(lambda: traded.node.command("run", by="test", why="compared"))
    return before, samples, after


def test_a_scrape_shows_what_the_status_says(stood, traded):
    before, samples, after = stood
    for name, key in (
        ("tickwright_market_events_total", "events"),
        ("tickwright_market_frames_total", "frames"),
        ("tickwright_journal_steps_total", "steps"),
    ):
        assert before[key] <= value(samples, name) <= after[key]
    assert value(samples, "tickwright_orders_total") == before["orders"] > 5
    assert value(samples, "tickwright_open_orders") == before["open_orders"]
    assert value(samples, "tickwright_equity_dollars") == float(before["equity"])
    assert value(samples, "tickwright_drawdown_dollars") == float(before["drawdown"])
    peak = float(before["equity"]) + float(before["drawdown"])
    assert value(samples, "tickwright_drawdown_limit_ratio") == pytest.approx(float(before["drawdown"]) / (peak / 2))
    assert value(samples, "tickwright_broker_requests_total", kind="submit") == before["sent"]["submit"]
    fills = [notice for notice in traded.node.notices if notice["kind"] == "fill"]
    for side in ("buy", "sell"):
        shown = value(samples, "tickwright_fills_total", strategy="turn", side=side)
        assert shown == sum(fill["side"] == side for fill in fills) > 0
    realized = sum(Decimal(row["realized"]) for row in before["positions"])
    assert value(samples, "tickwright_strategy_realized_dollars", strategy="turn") == float(realized)


def test_refusals_are_shown_by_code_and_scope(stood):
    before, samples, _ = stood
    shown = {
        (dict(labels)["code"], dict(labels)["scope"]): int(count)
        for (name, labels), count in samples.items()
        if name == "tickwright_risk_refusals_total"
    }
    assert shown == {(code, scope): count for code, scope, count in before["refused"]}
    assert sum(count for (code, _), count in shown.items() if code == "MAX_QTY") > 0


def test_the_kill_switch_is_shown_by_strategy(traded):
    def shown(expected):
        deadline = time.monotonic() + 20  # a reading is given again for a moment
        while True:
            samples = scrape(traded.observation.url)
            found = {dict(labels)["strategy"]: n for (name, labels), n in samples.items() if name == metric}
            if found == expected or time.monotonic() > deadline:
                return found
            time.sleep(0.1)

    metric = "tickwright_kill_switch_thrown"
    try:
        for strategy, expected in (("turn", {"turn": 1, "operator": 0}), (None, {"turn": 1, "operator": 1})):
            traded.node.kill_switch.throw(strategy)
            assert shown(expected) == expected
    finally:
        traded.node.kill_switch.reset()
        traded.node.kill_switch.reset("turn")
    assert shown({"turn": 0, "operator": 0}) == {"turn": 0, "operator": 0}


def test_the_state_is_one_of_all(stood):
    _, samples, _ = stood
    states = {
        dict(labels)["tickwright_engine_state"]: on
        for (name, labels), on in samples.items()
        if name == "tickwright_engine_state"
    }
    assert set(states) == set(STATES)
    assert [name for name, on in states.items() if on] == ["PAUSED"]
    assert value(samples, "tickwright_ready") == 0
    assert all(value(samples, "tickwright_component_healthy", component=name) == 1 for name in COMPONENTS)


def test_latency_buckets_rise_to_the_count(stood):
    before, samples, _ = stood
    for stage, told in before["latency_us"].items():
        found = [
            (float(dict(labels)["le"]), count)
            for (name, labels), count in samples.items()
            if name == "tickwright_stage_duration_seconds_bucket" and dict(labels)["stage"] == stage
        ]
        counts = [count for _, count in sorted(found)]
        assert counts == sorted(counts)
        assert counts[-1] == value(samples, "tickwright_stage_duration_seconds_count", stage=stage) >= told["n"] > 0
        assert value(samples, "tickwright_stage_duration_seconds_sum", stage=stage) > 0


def test_streams_budget_and_process_are_shown(stood):
    before, samples, _ = stood
    for stream in ("stocks", "updates"):
        assert value(samples, "tickwright_stream_connected", stream=stream) == 1
        assert value(samples, "tickwright_stream_frames_total", stream=stream) > 0
        assert value(samples, "tickwright_stream_events_total", stream=stream, kind="subscribed") == 1
    assert (
        value(samples, "tickwright_broker_budget_limit", api="trading") == before["broker_requests"]["trading"]["limit"]
    )
    assert value(samples, "tickwright_lane_sent_total", api="trading", lane="submit") >= before["sent"]["submit"]
    assert value(samples, "process_resident_memory_bytes") > 10_000_000
    assert value(samples, "process_cpu_seconds_total") > 0
    assert any(name == "python_gc_collections_total" for name, _ in samples)
    assert any(name == "tickwright_build_info" for name, _ in samples)


def test_both_formats_have_the_same_samples(traded):
    url = traded.observation.url
    plain = scrape(url)
    opened = scrape(url, parse_openmetrics, OPENMETRICS)
    assert {key for key in plain if not key[0].endswith("_created")} == {
        key for key in opened if not key[0].endswith("_created")
    }
    assert get(f"{url}/metrics", Accept=OPENMETRICS)[0].endswith(b"# EOF\n")


def test_every_metric_says_what_it_means_and_follows_the_conventions(traded):
    body, _ = get(f"{traded.observation.url}/metrics", Accept=OPENMETRICS)
    families = [family for family in parse_openmetrics(body.decode()) if family.name.startswith("tickwright_")]
    assert len(families) > 50
    for family in families:
        assert family.documentation.endswith("."), family.name
        assert family.name == family.name.lower()
        assert not family.name.endswith(("_ms", "_us", "_ns", "_total", "_count"))
        if "seconds" in family.documentation.lower():
            assert "seconds" in family.name, family.name
        if "dollars" in family.documentation.lower():
            assert "dollars" in family.name or "ratio" in family.name, family.name


def test_an_answer_is_packed_for_those_who_take_it_so(traded):
    body, headers = get(f"{traded.observation.url}/metrics", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert b"tickwright_equity_dollars" in gzip.decompress(body)


def test_calls_of_the_control_plane_are_counted(traded):
    method = "/tickwright.v1.EngineService/Pause"
    traded.observation.metrics.grpc.observe(method, "OK", 0.002)
    samples = scrape(traded.observation.url)
    assert value(samples, "tickwright_grpc_calls_total", method=method, code="OK") == 1
    assert value(samples, "tickwright_grpc_call_duration_seconds_bucket", method=method, le="0.0025") == 1


def test_health_over_http(traded):
    url = traded.observation.url
    assert get(f"{url}/healthz/live")[0].startswith(b"ok")
    found = json.loads(get(f"{url}/healthz")[0])
    assert found["healthy"]
    assert [part["name"] for part in found["components"]] == list(COMPONENTS)
    traded.ask(lambda: traded.node.command("pause", by="test", why="to see"))
    time.sleep(0.25)
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(f"{url}/healthz/ready")
    assert caught.value.code == 503
    traded.ask(lambda: traded.node.command("run", by="test", why="seen"))
    time.sleep(0.25)
    assert get(f"{url}/healthz/ready")[0] == b"ok: state RUNNING\n"


def test_what_is_not_there_and_what_is_no_question_are_refused(traded):
    host = traded.observation.url.removeprefix("http://")
    for method, path, expected in (("GET", "/etc/passwd", 404), ("POST", "/metrics", 501), ("HEAD", "/metrics", 200)):
        connection = http.client.HTTPConnection(host, timeout=5)
        connection.request(method, path)
        assert connection.getresponse().status == expected
        connection.close()


@pytest.mark.parametrize("name", ["evil.example:9464", "127.evil.example", "127.0.0.1.evil.example:80", ""])
def test_a_page_that_points_its_own_name_here_reads_nothing(traded, name):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(f"{traded.observation.url}/metrics", Host=name)
    assert caught.value.code == 403


def test_what_is_no_http_leaves_the_endpoint_as_it_was(traded):
    host, port = traded.observation.url.removeprefix("http://").split(":")
    rng = random.Random(7)
    beginnings = [
        b"",
        b"GET ",
        b"GET /metrics HTTP/1.1\r\n",
        b"GET /metrics HTTP/9.9\r\nHost: localhost\r\n",
        b"\x16\x03\x01",
    ]
    for number in range(60):
        with socket.create_connection((host, int(port)), timeout=5) as client:
            client.sendall(beginnings[number % len(beginnings)] + rng.randbytes(rng.randrange(400)))
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while client.recv(65_536):
                    pass
    with socket.create_connection((host, int(port)), timeout=5) as client, contextlib.suppress(OSError):
        client.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000)
        client.recv(1_000)
    assert value(scrape(traded.observation.url), "tickwright_up") == 1


def test_clients_that_say_nothing_do_not_keep_others_out_for_long(traded):
    host, port = traded.observation.url.removeprefix("http://").split(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(20)]
    try:
        time.sleep(0.2)
        deadline = time.monotonic() + 10
        while True:
            try:
                get(f"{traded.observation.url}/healthz/live")
                break
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < deadline
                time.sleep(0.2)
    finally:
        for client in idle:
            client.close()


def test_a_stuck_engine_is_told_of_and_stops_no_scrape(tmp_path):
    config = {"metrics": {"listen": "127.0.0.1:0", "timeout_s": 0.3}}
    with Watched(tmp_path, config) as rig:
        rig.loop.call_soon_threadsafe(time.sleep, 2.5)
        time.sleep(0.4)  # a reading is given again for a moment
        begun = time.monotonic()
        samples = scrape(rig.observation.url)
        assert time.monotonic() - begun < 1.2
        assert value(samples, "tickwright_up") == 0
        assert value(samples, "tickwright_scrape_timeouts_total") >= 1
        assert value(samples, "process_cpu_seconds_total") > 0
        time.sleep(2.6)
        assert value(scrape(rig.observation.url), "tickwright_up") == 1


def test_an_address_that_is_taken_is_an_error_of_the_configuration(traded, tmp_path):
    taken = traded.observation.url.removeprefix("http://")
    with pytest.raises(ConfigError, match="cannot listen"):
        MetricsServer(traded.observation.metrics, MetricsSettings(listen=taken))


@pytest.mark.parametrize("listen", ["0.0.0.0:9464", "[::]:9464", "metrics.example:80"])
def test_nothing_listens_beyond_this_machine_unless_that_is_said(listen):
    with pytest.raises(ValueError, match="allow_remote"):
        MetricsSettings(listen=listen)
    assert MetricsSettings(listen=listen, allow_remote=True).listen == listen
    assert MetricsSettings().listen is None
