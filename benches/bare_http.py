"""An HTTP server that reads a request and gives a fixed answer: what any answer costs. Prints its port.

    python -m benches.bare_http [asgi|starlette]

``asgi`` is uvicorn alone; ``starlette`` has a route that reads JSON and writes JSON, as the least that a service does.
"""

import json
import socket
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

ANSWER = b"{" + b" " * 1_198 + b"}"  # about the size of an order


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the body, and answer."""
    while (await receive()).get("more_body"):
        pass
    length = (b"content-length", b"%d" % len(ANSWER))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": ANSWER})


async def echo(request: Request) -> JSONResponse:
    """Answer with what was sent, made as long as an order."""
    order = json.loads(await request.body())
    return JSONResponse({**order, "rest": " " * 1_000})


if __name__ == "__main__":
    starlette = Starlette(routes=[Route("/v2/orders", echo, methods=["POST"])])
    chosen: Any = starlette if sys.argv[1:] == ["starlette"] else application
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(chosen, lifespan="off", log_config=None, access_log=False)
        uvicorn.Server(config).run(sockets=[listening])
