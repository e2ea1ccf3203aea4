"""Notices of the engine in the words of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tickwright.control.services.desk import strategy_name
from tickwright.control.services.words import SIDES, STATES
from tickwright.v1 import engine_pb2

__all__ = ["KINDS", "notice"]

KINDS: Final = ("fill", "refusal", "state", "fault", "anomaly", "limits", "action", "stopped", "accepted")
"""Kinds of notice."""


def notice(found: Mapping[str, Any], names: Sequence[str]) -> engine_pb2.Notice | None:
    """Give a notice in the words of the contract; None for a kind that it does not have."""
    made = engine_pb2.Notice(number=found["number"], at_ns=found["at_ns"])
    kind = found["kind"]
    if kind == "fill":
        made.fill.MergeFrom(
            engine_pb2.FillNotice(
                order_id=found["order"],
                strategy=strategy_name(names, found["strategy"]),
                symbol=found["symbol"],
                side=SIDES.number(found["side"]),
                qty=found["qty"],
                price=found["price"],
                position=found["position"],
                remaining=found["remaining"],
                realized=found["realized"],
            )
        )
    elif kind == "refusal":
        made.refusal.MergeFrom(
            engine_pb2.RefusalNotice(
                order_id=found["order"],
                strategy=strategy_name(names, found["strategy"]),
                symbol=found["symbol"],
                code=found["code"],
                why=found["why"],
            )
        )
    elif kind == "state":
        made.state.to, made.state.by, made.state.why = STATES.number(found["to"]), found["by"], found["why"]
        setattr(made.state, "from", STATES.number(found["from"]))
    elif kind == "fault":
        made.fault.strategy = strategy_name(names, found["strategy"])
        made.fault.why, made.fault.is_isolated = found["why"], found["is_isolated"]
    elif kind == "anomaly":
        made.anomaly.why, made.anomaly.is_money = found["why"], found["is_money"]
    elif kind == "limits":
        made.limits.by = found["by"]
    elif kind in ("action", "stopped", "accepted"):
        told = engine_pb2.SymbolNotice(symbol=found["symbol"], why=found["why"], by=found.get("by", ""))
        getattr(made, kind).MergeFrom(told)
    else:
        return None
    return made
