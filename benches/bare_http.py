"""An HTTP server that reads a request and gives a fixed answer: what any answer costs. Prints its port."""

import socket
from typing import Any

import uvicorn

ANSWER = b"{" + b" " * 1_198 + b"}"  # about the size of an order


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the body, and answer."""
    while (await receive()).get("more_body"):
        pass
    length = (b"content-length", b"%d" % len(ANSWER))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": ANSWER})


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listening])
