"""The control plane under load: round trips, streams, many clients, commands while data flood in, a slow subscriber.

    python -m benches.control_load [trips|streams|clients|commands|slow ...] [--seconds 10] [--rounds 3]

The node with its control plane, the paper venue, bare grpcio and readers are processes of their own. Prints one JSON
object a figure, each with the load average of the machine.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np

from tickwright.control import columns
from tickwright.v1 import engine_pb2, market_data_pb2
from tickwright.v1.engine_pb2_grpc import EngineServiceStub
from tickwright.v1.market_data_pb2_grpc import MarketDataServiceStub

TRIPS, TURN = 2_000, 50
BATCH = 1_000
#: A reader whose transport takes in no more than it was asked for.
NARROW = [("grpc.http2.lookahead_bytes", 1), ("grpc.http2.bdp_probe", 0)]


class Node:
    """A node in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "benches.control_node", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        said = json.loads(self._line())
        self.address, self.metadata = said["address"], [("authorization", f"Bearer {said['token']}")]

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the node ended with code {self.process.wait()}")
        return line

    def status(self) -> dict[str, Any]:
        """Ask for counts and latencies since the last call."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self._line())
        return found

    def channel(self, options: Any = ()) -> grpc.Channel:
        return grpc.insecure_channel(self.address, options=[("grpc.max_receive_message_length", 1 << 26), *options])

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


@contextmanager
def node(*arguments: str) -> Iterator[Node]:
    one = Node(*arguments)
    try:
        yield one
    finally:
        one.close()


@contextmanager
def bare() -> Iterator[grpc.Channel]:
    """Bare grpcio in a process of its own."""
    command = [sys.executable, "-m", "benches.control_floor"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
        yield channel
    process.stdin.close()
    process.wait(10)


def report(what: str, **figures: Any) -> None:
    print(json.dumps({"what": what, **figures, "load": [round(x, 1) for x in os.getloadavg()]}), flush=True)


def percentiles(seconds: list[float]) -> dict[str, Any]:
    """Microseconds."""
    values = np.array(seconds) * 1e6
    found = {f"p{p:g}_us": round(float(np.percentile(values, p)), 1) for p in (50, 99, 99.9)}
    return {"n": len(seconds), **found, "worst_us": round(float(values.max()), 1)}


def timed(call: Any, count: int) -> list[float]:
    found = []
    for _ in range(count):
        begun = time.perf_counter()
        call()
        found.append(time.perf_counter() - begun)
    return found


# --- the figures ----------------------------------------------------------------------------------------------------


def trips(options: argparse.Namespace) -> None:
    """A unary round trip through the whole server, against bare grpcio, in turn."""
    with node(*options.node) as one, bare() as floor, one.channel() as channel:
        echo = floor.unary_unary("/bare.Bare/Echo")
        status, streams = EngineServiceStub(channel).GetStatus, MarketDataServiceStub(channel).ListSubscriptions
        ways = {
            "echo": lambda: echo(b"hi"),
            "GetStatus": lambda: status(engine_pb2.GetStatusRequest(), metadata=one.metadata),
            "ListSubscriptions": lambda: streams(market_data_pb2.ListSubscriptionsRequest(), metadata=one.metadata),
        }
        ratios: dict[str, list[float]] = {name: [] for name in ways}
        seen: dict[str, list[float]] = {name: [] for name in ways}
        for way in ways.values():
            timed(way, 300)
        for _ in range(options.rounds):
            found: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(TRIPS // TURN):  # in turn, so that what else the machine does hits all alike
                for name, way in ways.items():
                    found[name] += timed(way, TURN)
            for name in ways:
                seen[name] += found[name]
                ratios[name].append(statistics.median(found[name]) / statistics.median(found["echo"]))
        for name in ways:
            report(
                f"round trip: {name}",
                ratio=round(statistics.median(ratios[name]), 3),
                ratios=[round(x, 3) for x in ratios[name]],
                **percentiles(seen[name]),
            )


def read_rows(address: str, metadata: Any, seconds: float, wanted: dict[str, Any], out: Any) -> None:
    """Read a stream for so long, in a process of its own; tells rows, messages, dropped rows and seconds."""
    with grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 1 << 26)]) as channel:
        call = channel.unary_stream("/tickwright.v1.MarketDataService/Subscribe")(
            market_data_pb2.SubscribeRequest(**wanted).SerializeToString(), metadata=metadata
        )
        next(call)
        rows = messages = dropped = 0
        checked = 0
        begun = time.perf_counter()
        for raw in call:
            found = columns.decode(raw)
            dropped += found.dropped_rows
            if found.table is not None:
                rows += len(found.table)
                checked += int(found.table.columns[1][-1] > 0)
            messages += 1
            if time.perf_counter() - begun > seconds:
                break
        out.put((rows, messages, dropped, time.perf_counter() - begun))
        call.cancel()


def streams(options: argparse.Namespace) -> None:
    """Rows a second of a stream to a real client in another process, and of bare grpcio with as many bytes."""
    spawn = multiprocessing.get_context("spawn")
    rates = []
    with node("--stalls", "--flood", str(options.flood), *options.node) as one, bare() as floor:
        flow = floor.unary_stream("/bare.Bare/Stream")
        for _ in range(options.rounds):
            out = spawn.Queue()
            wanted = {"kinds": ["DATA_KIND_QUOTES"], "max_rows": options.max_rows}
            one.status()
            reader = spawn.Process(
                target=read_rows, args=(one.address, one.metadata, options.seconds, wanted, out), daemon=True
            )
            reader.start()
            rows, messages, dropped, took = out.get()
            reader.join()
            begun = time.perf_counter()
            count = sum(1 for _ in flow(b"2000 100000"))
            bare_s = time.perf_counter() - begun
            rates.append(rows / took)
            status = one.status()
            report(
                "stream",
                rows_a_second=round(rows / took),
                messages=messages,
                dropped=dropped,
                floor_rows_a_second=round(count * BATCH / bare_s),
                late_us=status["late"],
                rss_mib=status["rss_mib"],
            )
    report("stream: median", rows_a_second=round(statistics.median(rates)), n=len(rates))


def clients(options: argparse.Namespace) -> None:
    """A hundred clients, each with a connection and a stream of its own, and asking all the time."""
    with node(*options.node) as one:
        begun = threading.Barrier(101)
        until = 0.0

        def work(_: int) -> tuple[list[float], int]:
            with one.channel([("grpc.use_local_subchannel_pool", 1)]) as channel:
                status = EngineServiceStub(channel).GetStatus
                wanted = market_data_pb2.SubscribeRequest(kinds=["DATA_KIND_QUOTES"], max_delay_ms=200)
                stream = MarketDataServiceStub(channel).Subscribe(wanted, metadata=one.metadata)
                next(stream)
                status(engine_pb2.GetStatusRequest(), metadata=one.metadata)
                begun.wait()
                found = []
                while time.perf_counter() < until:
                    found += timed(lambda: status(engine_pb2.GetStatusRequest(), metadata=one.metadata), 1)
                    time.sleep(0.2)
                rows = sum(len(next(stream).quotes.ts_ns) for _ in range(3))
                stream.cancel()
                return found, rows

        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            works = [pool.submit(work, number) for number in range(100)]
            until = time.perf_counter() + options.seconds + 5
            begun.wait(60)
            until = time.perf_counter() + options.seconds
            done = [one.result() for one in works]
        trips_s = [x for found, _ in done for x in found]
        served = sum(bool(found and rows) for found, rows in done)
        report("100 clients", served=served, **percentiles(trips_s), node=one.status())


def commands(options: argparse.Namespace) -> None:
    """Pause and resume at the node's normal data and at ten times them, in turn with bare grpcio beside it."""
    for factor in (1, options.factor):
        for _ in range(options.rounds):
            rate = options.normal * factor
            with node("--rate", str(rate), *options.node) as one, one.channel() as channel, bare() as floor:
                stub, echo = EngineServiceStub(channel), floor.unary_unary("/bare.Bare/Echo")
                ways = (
                    lambda stub=stub, to=one: stub.Pause(engine_pb2.PauseRequest(), metadata=to.metadata),
                    lambda stub=stub, to=one: stub.Resume(engine_pb2.ResumeRequest(), metadata=to.metadata),
                )
                for way in (*ways, *ways):
                    way()
                first, found, echoed = one.status(), [], []
                begun = time.perf_counter()
                while time.perf_counter() - begun < options.seconds:
                    for way in ways:
                        found += timed(way, 1)
                        time.sleep(0.01)
                        echoed += timed(lambda echo=echo: echo(b"hi"), 1)
                        time.sleep(0.01)
                took, status = time.perf_counter() - begun, one.status()
                report(
                    f"pause and resume at {factor} times the normal data",
                    **percentiles(found),
                    bare=percentiles(echoed),
                    events_a_second=round((status["events"] - first["events"]) / took),
                    cpu=round((status["cpu_s"] - first["cpu_s"]) / took, 2),
                    frame_us=status["frame"],
                )


def slow(options: argparse.Namespace) -> None:
    """A reader that reads, alone and beside ten that do not; the node takes ten times its normal data all the while."""
    spawn = multiprocessing.get_context("spawn")
    rate = options.normal * options.factor
    with node("--stalls", "--rate", str(rate), *options.node) as one:
        for _ in range(options.rounds):
            for sleepers in (0, 10):
                channels, calls = [], []
                for number in range(sleepers):
                    channels.append(one.channel([*NARROW, ("grpc.use_local_subchannel_pool", 1)]))
                    wanted = market_data_pb2.SubscribeRequest(kinds=["DATA_KIND_QUOTES"], max_rows=1_000 + number)
                    calls.append(MarketDataServiceStub(channels[-1]).Subscribe(wanted, metadata=one.metadata))
                    next(calls[-1])
                time.sleep(1.0)
                first = one.status()
                out = spawn.Queue()
                wanted_rows = {"kinds": ["DATA_KIND_QUOTES"]}
                reader = spawn.Process(
                    target=read_rows, args=(one.address, one.metadata, options.seconds, wanted_rows, out), daemon=True
                )
                reader.start()
                rows, _, dropped, took = out.get()
                status = one.status()
                reader.join()
                report(
                    f"a reader beside {sleepers} that do not read",
                    rows_a_second=round(rows / took),
                    dropped=dropped,
                    events_a_second=round((status["events"] - first["events"]) / took),
                    frame_us=status["frame"],
                    late_us=status["late"],
                    rss_mib=status["rss_mib"],
                )
                for call in calls:
                    call.cancel()
                for channel in channels:
                    channel.close()


FIGURES = {"trips": trips, "streams": streams, "clients": clients, "commands": commands, "slow": slow}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benches.control_load")
    parser.add_argument("figures", nargs="*", choices=[[], *FIGURES], help="which; all if none is named")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--normal", type=float, default=20_000, help="quotes a second for `commands` and `slow`")
    parser.add_argument("--factor", type=int, default=10, help="times the normal data for `commands` and `slow`")
    parser.add_argument("--flood", type=float, default=0.0, help="rows a second for `streams`; 0: as many as are taken")
    parser.add_argument("--max-rows", type=int, default=10_000, help="rows of a batch for `streams`")
    parser.add_argument("--node", nargs=argparse.REMAINDER, default=[], help="further flags of benches.control_node")
    options = parser.parse_args()
    for name in options.figures or FIGURES:
        FIGURES[name](options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
