"""The trading stream, ``/stream``: authentication, what is listened to, and trade updates by account, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from tickwright.paper.outbox import Outbox
from tickwright.paper.wire import decode

if TYPE_CHECKING:
    from tickwright.paper.auth import Keys
    from tickwright.paper.faults import FaultScript

__all__ = ["TradeHub", "TradeSession"]

NAME = "trade_updates"


class TradeSession:
    """One client of the trading stream."""

    __slots__ = ("account", "binary", "listening", "outbox")

    def __init__(self, outbox: Outbox, *, binary: bool) -> None:
        self.outbox = outbox
        self.binary = binary
        self.account: int | None = None
        self.listening = False

    def say(self, stream: str, data: Mapping[str, Any]) -> None:
        """Send a control message."""
        self.deliver(json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode())

    def deliver(self, frame: bytes) -> None:
        """Send a frame, or let go of a client that has fallen behind."""
        if not self.outbox.put(frame if self.binary else frame.decode()):
            self.outbox.dismiss(None, 1008, "slow client")


class TradeHub:
    """All clients of the trading stream, and the updates on their way to them.

    Parameters
    ----------
    keys : Keys
        Who may listen to what.
    faults : FaultScript
        What goes wrong with updates.
    now_ns : callable
        Virtual time.
    binary : bool
        Whether frames are binary, as those of Alpaca's paper server are.
    frames_max : int
        Frames that may wait for a client.
    """

    def __init__(
        self, keys: Keys, faults: FaultScript, now_ns: Callable[[], int], *, binary: bool, frames_max: int
    ) -> None:
        self._keys = keys
        self._faults = faults
        self._now_ns = now_ns
        self._binary = binary
        self._frames_max = frames_max
        self._held: dict[int, bytes] = {}
        self.sessions: set[TradeSession] = set()
        self.on_listen: Callable[[], None] = lambda: None

    def publish(self, updates: list[tuple[int, bytes]]) -> None:
        """Send `updates`, pairs of an account and the JSON of an update, to those who listen."""
        for account, data in updates:
            frame = b'{"stream":"trade_updates","data":' + data + b"}"
            fault = self._faults.update(self._now_ns())
            if fault == "drop":
                continue
            if fault == "reorder" and account not in self._held:
                self._held[account] = frame
                continue
            frames = [frame, frame] if fault == "duplicate" else [frame]
            if (held := self._held.pop(account, None)) is not None:
                frames.append(held)
            for session in self.sessions:
                if session.listening and session.account == account:
                    for each in frames:
                        session.deliver(each)
            if self._faults.watches_streams:
                self.disturb(frames=True)

    def disturb(self, *, frames: bool) -> None:
        """Break or silence the stream where the fault script says so."""
        rule = self._faults.stream(NAME, self._now_ns(), frames=frames)
        if rule is not None:
            strike((session.outbox for session in tuple(self.sessions)), rule.kind, rule.duration_ms)

    async def serve(self, websocket: WebSocket, abort: Callable[[], None]) -> None:
        """Speak with one client until it leaves."""
        await websocket.accept()
        outbox = Outbox(websocket.send, abort, self._frames_max)
        session = TradeSession(outbox, binary=self._binary)
        self.sessions.add(session)
        writer = asyncio.create_task(outbox.run())
        try:
            while not outbox.broken:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                self._hear(session, decode(message))
        except WebSocketDisconnect:
            pass
        finally:
            self.sessions.discard(session)
            outbox.broken = True
            writer.cancel()

    def _hear(self, session: TradeSession, message: Any) -> None:
        action = message.get("action") if isinstance(message, dict) else None
        data = message.get("data") if isinstance(message, dict) else None
        given = data if isinstance(data, dict) else {}
        if action in ("authenticate", "auth"):
            key = given.get("key_id", message.get("key"))
            secret = given.get("secret_key", message.get("secret"))
            if isinstance(key, str) and isinstance(secret, str):
                session.account = self._keys.account(key, secret)
            status = "unauthorized" if session.account is None else "authorized"
            session.say("authorization", {"status": status, "action": "authenticate"})
        elif action == "listen":
            if session.account is None:
                session.say("authorization", {"status": "unauthorized", "action": "listen"})
                return
            wanted = given.get("streams")
            session.listening = isinstance(wanted, list) and NAME in wanted
            session.say("listening", {"streams": [NAME] if session.listening else []})
            self.on_listen()
        else:
            session.say("error", {"message": "invalid action; authenticate or listen"})


def strike(outboxes: Any, kind: str, duration_ms: float) -> None:
    """Cut or silence `outboxes`."""
    for outbox in outboxes:
        if kind == "disconnect":
            outbox.cut()
        else:
            loop = asyncio.get_running_loop()
            outbox.silent_until = loop.time() + duration_ms / 1e3 if duration_ms else float("inf")
