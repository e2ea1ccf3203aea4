"""A market data stream in a process of its own: greets, confirms, and sends prepared frames as fast as they are taken.

    python -m benches.stream_server QUOTES FRAME_SIZE

It prints its port, serves any number of connections one after the other, and ends with its standard input.
"""

import asyncio
import struct
import sys

import msgpack
import websockets
from websockets.asyncio.server import ServerConnection

from benches.measures_alpaca import frames

# Written past the library, which would cost more a frame than what is measured.
CHUNK_BYTES, WAITING_BYTES = 1 << 18, 1 << 20


def on_the_wire(payload: bytes) -> bytes:
    """Return `payload` as one unmasked binary frame (RFC 6455, 5.2)."""
    if len(payload) < 126:
        return struct.pack(">BB", 0x82, len(payload)) + payload
    if len(payload) < 1 << 16:
        return struct.pack(">BBH", 0x82, 126, len(payload)) + payload
    return struct.pack(">BBQ", 0x82, 127, len(payload)) + payload


async def serve(quotes: int, size: int) -> None:
    wire = [on_the_wire(frame) for frame in frames(size, "msgpack", quotes)]
    # Whole frames only: the library's answers to pings must not fall into the middle of one.
    step = max(1, CHUNK_BYTES // len(wire[0]))
    chunks = [b"".join(wire[start : start + step]) for start in range(0, len(wire), step)]

    async def handle(connection: ServerConnection) -> None:
        await connection.send(msgpack.packb([{"T": "success", "msg": "connected"}]))
        await connection.recv()
        await connection.send(msgpack.packb([{"T": "success", "msg": "authenticated"}]))
        await connection.recv()
        await connection.send(msgpack.packb([{"T": "subscription", "quotes": ["*"]}]))
        for chunk in chunks:
            while connection.transport.get_write_buffer_size() > WAITING_BYTES:
                await asyncio.sleep(0.0005)
            connection.transport.write(chunk)
        await connection.wait_closed()

    async with websockets.serve(handle, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
