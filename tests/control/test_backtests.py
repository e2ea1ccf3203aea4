"""Backtests beside a real node: in processes of their own, equal to a local run, and never in anybody's way."""

import os
import signal
import threading
import time

import grpc
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.protobuf import json_format, struct_pb2

import tickwright as tw
from tests.control.rig import NodeRig
from tests.control.serving import served
from tickwright.control.services.backtest import BacktestService
from tickwright.loader import load_strategies
from tickwright.v1 import backtest_pb2 as pb
from tickwright.v1.backtest_pb2_grpc import BacktestServiceStub

QUICK = """
import tickwright as tw

class Swing(tw.Strategy):
    def __init__(self, size=10, every=40):
        self.size, self.every, self.seen = size, every, 0

    def on_trade(self, trade):
        self.seen += 1
        if self.seen % self.every == 0:
            side = self.buy if self.seen // self.every % 2 else self.sell
            side(trade.symbol, self.size)
"""
LONG = """
import time
import tickwright as tw

class Long(tw.Strategy):
    def __init__(self):
        self.seen = 0

    def on_trade(self, trade):
        self.seen += 1
        if self.seen % 1000 == 0:
            time.sleep(0.004)
"""
SLOW = """
import time
import tickwright as tw

class Sleeper(tw.Strategy):
    def on_trade(self, trade):
        print("a strategy may print")
        time.sleep(0.01)
"""
CRASHING = """
import os
import tickwright as tw

class Crash(tw.Strategy):
    def on_trade(self, trade):
        os.write(2, b"out of luck\\n")
        os.abort()
"""
FAILING = """
import tickwright as tw

class Fail(tw.Strategy):
    def on_trade(self, trade):
        raise ValueError("no such thing")
"""
STARTS_OTHERS = """
import subprocess, sys, time
import tickwright as tw

class Parent(tw.Strategy):
    def on_trade(self, trade):
        if not hasattr(self, "child"):
            self.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(0.01)
"""
CONFIG = {
    "data": {"paths": ["trades.parquet"]},
    "run": {"cash": 50_000, "equity_every": "5m"},
    "venue": {"latency_ms": 20, "slippage_bps": 1.5, "fees": "per-share:0.005:1"},
    "risk": {"max_order_qty": 500},
    "params": {"size": 25},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of strategies and data."""
    folder = tmp_path_factory.mktemp("backtests")
    data = tw.feeds.synthetic(symbols=["AAPL", "BAC"], date="2026-01-05", seed=5, events_scale=0.2)
    pq.write_table(
        data.trades.to_arrow(floats=True).select(["ts", "symbol", "price", "size"]), folder / "trades.parquet"
    )
    sources = {
        "quick": QUICK,
        "slow": SLOW,
        "long": LONG,
        "crashing": CRASHING,
        "failing": FAILING,
        "parent": STARTS_OTHERS,
    }
    count = 400_000
    many = {
        "ts": 1_767_600_000_000_000_000 + np.arange(count) * 1_000_000,
        "symbol": ["BAC"] * count,
        "price": np.full(count, 10.0),
    }
    pq.write_table(pa.table({**many, "size": np.full(count, 100.0)}), folder / "many.parquet")
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with NodeRig(tmp_path_factory.mktemp("node")) as rig:
        yield rig


@pytest.fixture
def stub(rig, folder, tmp_path):
    with served(
        rig, lambda bridge: [BacktestService(bridge, folder=folder, state=tmp_path / "kept", kept=3)]
    ) as channel:
        yield BacktestServiceStub(channel)


def asked(strategy="quick.py", config=CONFIG, **fields):
    content = struct_pb2.Struct()
    content.update(config)
    return pb.RunBacktestRequest(strategy=strategy, config=content, **fields)


def config(**params):
    return {**CONFIG, "params": params}


def run(stub, request):
    messages = list(stub.RunBacktest(request))
    return messages[-1], messages


def table(raw):
    return pa.ipc.open_stream(raw).read_all()


def until(done, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def workers():
    """Processes of ours that run backtests."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "tickwright._backtest_worker" in child.cmdline():
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def state(stub, id):
    return stub.GetBacktest(pb.GetBacktestRequest(id=id)).backtest.state


def test_a_result_is_that_of_a_local_run_to_the_last_bit(stub, folder):
    last, messages = run(stub, asked())
    told = last.backtest
    assert told.state == pb.BACKTEST_STATE_DONE, told.error
    local = tw.backtest(
        load_strategies(str(folder / "quick.py"), {"size": 25}),
        tw.feeds.read(folder / "trades.parquet"),
        cash=50_000,
        equity_every="5m",
        venue=tw.SimVenue(latency_ms=20, slippage_bps=1.5, fees=tw.fees.PerShare(0.005, minimum=1)),
        risk=tw.RiskLimits(max_order_qty=500),
    )
    assert len(local.fills) > 50
    assert table(last.fills_arrow_ipc).equals(local.fills)
    assert table(last.equity_arrow_ipc).equals(local.equity)
    stats = json_format.MessageToDict(told.stats)
    assert stats == {name: value if value is None else float(value) for name, value in local.stats.items()}
    assert told.events == local.meta["events"]
    assert told.progress == 1.0
    assert json_format.MessageToDict(told.config) == CONFIG
    assert messages[0].backtest.state in (pb.BACKTEST_STATE_QUEUED, pb.BACKTEST_STATE_RUNNING)
    print(f"{len(local.fills)} of {len(local.fills)} fills, {len(stats)} of {len(stats)} statistics")


def test_progress_is_told_while_it_runs(stub):
    call = stub.RunBacktest(asked("long.py", {"data": {"paths": ["many.parquet"]}}))
    seen = []
    for message in call:
        if message.backtest.events:
            seen.append((message.backtest.events, message.backtest.progress))
    assert len(seen) > 3, message.backtest.error
    assert seen.pop() == (400_000, 1.0)
    assert seen == sorted(seen)
    # While its tables are written all events are done and it still runs.
    assert [progress for _, progress in seen] == [events / 400_000 for events, _ in seen]


def test_the_end_of_the_call_ends_its_backtest(stub):
    call = stub.RunBacktest(asked("slow.py", config()))
    id = next(call).backtest.id
    until(workers)
    call.cancel()
    until(lambda: state(stub, id) == pb.BACKTEST_STATE_CANCELED)
    assert not workers()


def test_a_detached_backtest_outlives_its_call_and_is_canceled_by_id(stub):
    call = stub.RunBacktest(asked("parent.py", config(), detach=True))
    id = next(call).backtest.id
    until(lambda: any(worker.children() for worker in workers()))
    call.cancel()
    family = [process for worker in workers() for process in (worker, *worker.children(recursive=True))]
    assert len(family) == 2
    assert state(stub, id) == pb.BACKTEST_STATE_RUNNING
    canceled = stub.CancelBacktest(pb.CancelBacktestRequest(id=id)).backtest
    assert canceled.state == pb.BACKTEST_STATE_CANCELED
    psutil.wait_procs(family, timeout=5)
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family)
    # Once more changes nothing.
    assert stub.CancelBacktest(pb.CancelBacktestRequest(id=id)).backtest == canceled


def test_one_runs_at_a_time_and_the_others_wait_their_turn(stub):
    slow = [next(stub.RunBacktest(asked("slow.py", config(), detach=True))).backtest.id for _ in range(2)]
    until(lambda: state(stub, slow[0]) == pb.BACKTEST_STATE_RUNNING)
    assert state(stub, slow[1]) == pb.BACKTEST_STATE_QUEUED
    assert len(workers()) == 1
    until(lambda: workers()[0].nice() == psutil.Process().nice() + 10)
    assert stub.CancelBacktest(pb.CancelBacktestRequest(id=slow[1])).backtest.state == pb.BACKTEST_STATE_CANCELED
    stub.CancelBacktest(pb.CancelBacktestRequest(id=slow[0]))
    assert run(stub, asked())[0].backtest.state == pb.BACKTEST_STATE_DONE


@pytest.mark.parametrize(
    ("strategy", "text"), [("failing.py", "no such thing"), ("crashing.py", "was ended by SIGABRT: out of luck")]
)
def test_what_fails_says_why_and_the_next_one_runs(stub, strategy, text):
    last, _ = run(stub, asked(strategy, config()))
    assert last.backtest.state == pb.BACKTEST_STATE_FAILED
    assert text in last.backtest.error
    assert not last.fills_arrow_ipc
    assert run(stub, asked())[0].backtest.state == pb.BACKTEST_STATE_DONE


def test_a_worker_that_is_killed_fails_its_backtest_alone(stub):
    call = stub.RunBacktest(asked("slow.py", config()))
    next(call)
    until(workers)
    os.kill(workers()[0].pid, signal.SIGKILL)
    last = list(call)[-1].backtest
    assert last.state == pb.BACKTEST_STATE_FAILED
    assert "SIGKILL" in last.error
    assert run(stub, asked())[0].backtest.state == pb.BACKTEST_STATE_DONE


def test_results_outlive_the_service_and_the_oldest_are_forgotten(rig, folder, tmp_path):
    def service(bridge):
        return [BacktestService(bridge, folder=folder, state=tmp_path, kept=3)]

    with served(rig, service) as channel:
        stub = BacktestServiceStub(channel)
        done = [run(stub, asked())[0] for _ in range(4)]
        running = next(stub.RunBacktest(asked("slow.py", config(), detach=True))).backtest.id
        until(workers)
    until(lambda: not workers())
    with served(rig, service) as channel:
        stub = BacktestServiceStub(channel)
        listed = stub.ListBacktests(pb.ListBacktestsRequest()).backtests
        assert [one.id for one in listed] == [running, done[3].backtest.id, done[2].backtest.id]
        assert listed[0].state == pb.BACKTEST_STATE_CANCELED
        again = stub.GetBacktest(pb.GetBacktestRequest(id=done[3].backtest.id, include_tables=True))
        assert again.backtest == done[3].backtest
        assert again.fills_arrow_ipc == done[3].fills_arrow_ipc
        assert again.equity_arrow_ipc == done[3].equity_arrow_ipc
        assert len(list(tmp_path.iterdir())) == 3


def test_a_record_of_an_engine_that_was_killed_is_a_failure(rig, folder, tmp_path):
    with served(rig, lambda bridge: [BacktestService(bridge, folder=folder, state=tmp_path)]) as channel:
        id = run(BacktestServiceStub(channel), asked())[0].backtest.id
    record = tmp_path / id / "record.json"
    record.write_text(record.read_text().replace('"state": "done"', '"state": "running"'))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "record.json").write_text("{")
    with served(rig, lambda bridge: [BacktestService(bridge, folder=folder, state=tmp_path)]) as channel:
        (told,) = BacktestServiceStub(channel).ListBacktests(pb.ListBacktestsRequest()).backtests
    assert told.state == pb.BACKTEST_STATE_FAILED
    assert told.error == "the engine ended while it ran"


def test_pages_follow_one_another(stub):
    ids = [next(stub.RunBacktest(asked("slow.py", config(), detach=True))).backtest.id for _ in range(5)]
    found, token = [], ""
    while True:
        page = stub.ListBacktests(pb.ListBacktestsRequest(page_size=2, page_token=token))
        found.append([one.id for one in page.backtests])
        token = page.next_page_token
        if not token:
            break
    assert found == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    for id in ids:
        stub.CancelBacktest(pb.CancelBacktestRequest(id=id))


def test_what_may_not_be_is_refused_before_it_waits(stub, folder, tmp_path):
    (tmp_path / "outside.py").write_text(QUICK)
    link = folder / "link.py"
    link.unlink(missing_ok=True)
    link.symlink_to(tmp_path / "outside.py")

    def with_data(*paths):
        return {**CONFIG, "data": {"paths": list(paths)}}

    bad = [
        (asked("nope.py"), "not there"),
        (asked("../outside.py"), "not below"),
        (asked(str(tmp_path / "outside.py")), "not below"),
        (asked("link.py"), "not below"),
        (asked("trades.parquet"), "no file FILE.py"),
        (asked("."), "no file FILE.py"),
        (asked("quick.py\0"), "no path"),
        (asked(config=with_data("/etc/passwd")), "not below"),
        (asked(config=with_data("../x")), "not below"),
        (asked(config=with_data()), "names no data"),
        (asked(config={"run": {}}), "names no data"),
        (asked(config={**CONFIG, "report": {"out": "/tmp/x"}}), "'report' is not taken"),
        (asked(config={**CONFIG, "run": 5}), "run is no section"),
        (asked(config={**CONFIG, "run": {"cash": -5}}), "cash"),
        (asked(config={**CONFIG, "run": {"cahs": 5}}), "cahs"),
        (asked(config={**CONFIG, "params": {"text": "x" * 2_000_000}}), "bytes"),
    ]
    for request, text in bad:
        with pytest.raises(grpc.RpcError) as error:
            next(stub.RunBacktest(request))
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT, text
        assert text in error.value.details()
    for call, code in (
        (lambda: stub.GetBacktest(pb.GetBacktestRequest(id="nope")), grpc.StatusCode.NOT_FOUND),
        (lambda: stub.CancelBacktest(pb.CancelBacktestRequest(id="../x")), grpc.StatusCode.NOT_FOUND),
        (lambda: stub.ListBacktests(pb.ListBacktestsRequest(page_size=-1)), grpc.StatusCode.INVALID_ARGUMENT),
        (lambda: stub.ListBacktests(pb.ListBacktestsRequest(page_token="x")), grpc.StatusCode.INVALID_ARGUMENT),
    ):
        with pytest.raises(grpc.RpcError) as error:
            call()
        assert error.value.code() is code
    assert not stub.ListBacktests(pb.ListBacktestsRequest()).backtests


def test_a_worker_ends_when_its_engine_does(folder):
    import json
    import subprocess
    import sys

    worker = subprocess.Popen(
        [sys.executable, "-m", "tickwright._backtest_worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    request = {"strategy": str(folder / "slow.py"), "params": {}, "folder": str(folder), "nice": 0}
    request["config"] = {"data": {"paths": [str(folder / "trades.parquet")]}}
    worker.stdin.write(json.dumps(request).encode() + b"\n")
    worker.stdin.flush()
    until(lambda: psutil.Process(worker.pid).num_threads() > 1)
    time.sleep(0.5)
    assert worker.poll() is None
    worker.stdin.close()
    assert worker.wait(5) == 3


def test_the_environment_of_a_worker_has_no_secrets(stub, folder, monkeypatch):
    monkeypatch.setenv("APCA_API_SECRET_KEY", "very-secret")
    (folder / "spy.py").write_text(
        "import os\nimport tickwright as tw\nclass Spy(tw.Strategy):\n"
        "    def on_trade(self, trade):\n        raise ValueError(str('very-secret' in str(os.environ)))\n"
    )
    assert "False" in run(stub, asked("spy.py", config()))[0].backtest.error


def test_the_engine_goes_on_while_backtests_run(rig, stub):
    begun = rig.ask(rig.node.status)["events"]
    threads = [threading.Thread(target=run, args=(stub, asked())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status = rig.ask(rig.node.status)
    assert status["state"] == "RUNNING"
    assert status["events"] > begun
