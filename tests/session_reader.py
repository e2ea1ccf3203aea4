"""A second reader of sessions' payloads, written from docs/sessions.md alone: postcard, and its tables of fields."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

INPUTS = {"START": 0, "QUOTE": 1, "TRADE": 1, "BAR": 1, "REPORT": 2, "WAKE": 3, "STOP": 7, "PARAMETERS": 9}
EVENTS = {1: "QUOTE", 2: "TRADE", 3: "BAR"}
REPORTS = ("accepted", "filled", "canceled", "cancel_rejected", "replaced", "replace_rejected", "expired", "rejected")


@dataclass
class Bytes:
    """A payload, and how far it was read."""

    data: bytes
    at: int = 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def double(self) -> float:
        self.at += 8
        return float(struct.unpack_from("<d", self.data, self.at - 8)[0])

    def text(self) -> str:
        length = self.varint()
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def flag(self) -> bool:
        return {0: False, 1: True}[self.byte()]

    def option(self, read: Callable[[], Any]) -> Any:
        return read() if self.flag() else None


def _event(b: Bytes) -> dict[str, Any]:
    kind = EVENTS[b.varint()]
    if kind == "QUOTE":
        names = ("bid", "ask", "bid_size", "ask_size")
        return {"ts": b.signed(), "instrument": b.varint(), **{n: b.signed() for n in names}, "flags": b.varint()}
    if kind == "TRADE":
        return {
            "ts": b.signed(),
            "instrument": b.varint(),
            "price": b.signed(),
            "size": b.signed(),
            "flags": b.varint(),
        }
    first = {"ts": b.signed(), "start": b.signed(), "instrument": b.varint()}
    return {**first, **{n: b.signed() for n in ("open", "high", "low", "close", "volume")}, "flags": b.varint()}


def _report(b: Bytes) -> dict[str, Any]:
    head = {"execution": b.varint(), "due": b.signed(), "ts": b.signed(), "kind": REPORTS[b.varint()]}
    if head["kind"] == "filled":
        fields = {"order": b.varint(), "qty": b.signed(), "price": b.signed(), "fee": b.signed(), "maker": b.flag()}
    elif head["kind"] in ("replaced", "replace_rejected"):
        fields = {"old": b.varint(), "new": b.varint()}
    else:
        fields = {"order": b.varint()}
    return {**head, **fields}


def read_input(kind: str, payload: bytes) -> dict[str, Any]:
    """Read the input of a record; what strategies asked for follows it and is left."""
    b = Bytes(payload)
    variant = b.varint()
    assert variant == INPUTS[kind], f"variant {variant} in a {kind} record"
    if variant == 0:
        return {"at": b.signed(), "reconcile": b.flag()}
    if variant == 1:
        return _event(b)
    if variant == 2:
        return _report(b)
    if variant == 9:
        return {"at": b.signed(), "strategy": b.varint(), **{name: b.text() for name in ("text", "by", "why")}}
    return {"at": b.signed()}


def read_fill(payload: bytes) -> dict[str, Any]:
    """Read a FILL record, all of it."""
    b = Bytes(payload)
    fill = {
        "ts": b.signed(),
        "recv": b.signed(),
        "order": b.varint(),
        "strategy": b.varint(),
        "instrument": b.varint(),
        "side": ("buy", "sell")[b.varint()],
        **{n: b.signed() for n in ("qty", "price", "fee", "slippage", "realized", "position", "remaining")},
        "maker": b.flag(),
    }
    assert b.at == len(payload)
    return fill


def read_refusal(payload: bytes) -> dict[str, Any]:
    """Read a REFUSAL record, all of it."""
    b = Bytes(payload)
    refusal = {
        "ts": b.signed(),
        "order": b.varint(),
        "strategy": b.varint(),
        "instrument": b.varint(),
        "side": ("buy", "sell")[b.varint()],
        "qty": b.signed(),
        "price": b.option(b.signed),
        "code": b.text(),
        "why": b.text(),
    }
    assert b.at == len(payload)
    return refusal


STATES = (
    "INITIALIZING",
    "RECONCILING",
    "RUNNING",
    "PAUSED",
    "REDUCE_ONLY",
    "SAFE_MODE",
    "HALTED",
    "MAINTENANCE",
    "SHUTDOWN",
)


def read_state(payload: bytes) -> dict[str, Any]:
    """Read a STATE record, all of it."""
    b = Bytes(payload)
    state = {"ts": b.signed(), "from": STATES[b.varint()], "to": STATES[b.varint()], "by": b.text(), "why": b.text()}
    assert b.at == len(payload)
    return state


def inputs(records: Iterator[Any], names: dict[int, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read every input of a kind that this reader knows."""
    for record in records:
        kind = names.get(record.kind, "")
        if kind in INPUTS:
            yield kind, read_input(kind, record.payload)
