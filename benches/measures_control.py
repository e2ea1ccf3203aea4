"""The control plane: a round trip through the whole server and a stream's rows, against bare grpcio in the same run."""

import atexit
from functools import lru_cache

import grpc

from benches.control_load import Node, bare
from benches.registry import Work, measure
from tickwright.control import columns
from tickwright.v1 import engine_pb2, market_data_pb2
from tickwright.v1.engine_pb2_grpc import EngineServiceStub

CALLS, ROWS = 50, 200_000


@lru_cache
def node() -> Node:
    """Start a node with its control plane, whose taps are shown prepared frames while somebody listens."""
    one = Node("--flood", "0")
    atexit.register(one.close)
    return one


@lru_cache
def floor() -> grpc.Channel:
    """Start bare grpcio and connect to it."""
    context = bare()
    channel = context.__enter__()
    atexit.register(context.__exit__, None, None, None)
    return channel


@measure("control_status")
def control_status() -> Work:
    one = node()
    status = EngineServiceStub(one.channel()).GetStatus

    def run() -> int:
        for _ in range(CALLS):
            status(engine_pb2.GetStatusRequest(), metadata=one.metadata)
        return CALLS

    return Work(run, items=CALLS)


@measure("grpc_echo")
def grpc_echo() -> Work:
    echo = floor().unary_unary("/bare.Bare/Echo")

    def run() -> int:
        for _ in range(CALLS):
            echo(b"hi")
        return CALLS

    return Work(run, items=CALLS)


@measure("control_stream")
def control_stream() -> Work:
    one = node()
    wanted = market_data_pb2.SubscribeRequest(kinds=["DATA_KIND_QUOTES"])
    subscribe = one.channel().unary_stream("/tickwright.v1.MarketDataService/Subscribe")

    def run() -> int:
        rows = 0
        call = subscribe(wanted.SerializeToString(), metadata=one.metadata)
        for raw in call:
            table = columns.decode(raw).table
            rows += 0 if table is None else len(table)
            if rows >= ROWS:
                break
        call.cancel()
        return ROWS

    return Work(run, items=ROWS)


@measure("grpc_stream")
def grpc_stream() -> Work:
    """Messages of 100 kB, each of them for a thousand rows."""
    stream = floor().unary_stream("/bare.Bare/Stream")

    def run() -> int:
        for _ in stream(f"{ROWS // 1_000} 100000".encode()):
            pass
        return ROWS

    return Work(run, items=ROWS)
