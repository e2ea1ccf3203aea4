"""A bare grpcio server in a process of its own: what a round trip and a stream cost with nothing behind them.

    python -m benches.control_floor

It prints its port and ends with its standard input.
"""

import asyncio
import sys

import grpc
import grpc.aio


async def echo(request: bytes, context: object) -> bytes:
    return request


async def stream(request: bytes, context: object):
    count, size = map(int, request.split())
    payload = b"x" * size
    for _ in range(count):
        yield payload


async def main() -> None:
    server = grpc.aio.server()
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bare.Bare", handlers),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
