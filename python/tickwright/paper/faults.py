"""The fault script: which request, update or frame goes wrong, and how; the same for the same seed.

Each rule counts what matches it and draws from a generator of its own, so that neither the order of the rules nor
what other rules do changes when it strikes.
"""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tickwright.data import nanoseconds
from tickwright.errors import ConfigError
from tickwright.paper.settings import PaperFault

__all__ = ["STREAMS", "FaultScript", "RequestFault"]

STREAMS = ("trade_updates", "stocks", "crypto")
REQUEST_KINDS = frozenset({"latency", "status", "timeout"})
UPDATE_KINDS = frozenset({"drop", "duplicate", "reorder"})
STREAM_KINDS = frozenset({"disconnect", "silence"})


@dataclass(slots=True)
class RequestFault:
    """What happens to one request."""

    latency_ms: float = 0.0
    status: int | None = None
    timeout: bool = False
    """Whether the connection is cut without an answer."""
    hold_ms: float = 0.0
    takes_effect: bool = True
    """Whether the venue carries the request out although the answer goes wrong."""


@dataclass(slots=True)
class _Rule:
    settings: PaperFault
    draw: random.Random
    matched: int = 0
    happened: int = 0
    after_ns: int | None = field(default=None)

    @property
    def by_time(self) -> bool:
        """Whether time alone sets it off, not the count of what matches."""
        given = self.settings
        return given.nth is None and given.every is None and given.probability is None

    @property
    def most(self) -> int | None:
        given = self.settings
        if given.times is not None:
            return given.times
        once = given.nth is not None or (given.kind in STREAM_KINDS and self.by_time)
        return 1 if once else None

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.most is not None and self.happened >= self.most

    def strikes(self, now_ns: int) -> bool:
        """Count one that matches; whether it goes wrong."""
        given = self.settings
        if self.after_ns is not None and now_ns < self.after_ns:
            return False
        self.matched += 1
        if self.spent:
            return False
        if given.nth is not None and self.matched < given.nth:
            return False
        if given.every is not None and self.matched % given.every:
            return False
        if given.probability is not None and self.draw.random() >= given.probability:
            return False
        self.happened += 1
        return True


class FaultScript:
    """Rules in order, and what they have done.

    Parameters
    ----------
    rules : sequence of PaperFault
        The script.
    seed : int
        Seed of the draws.

    Examples
    --------
    >>> script = FaultScript([PaperFault(kind="status", where="POST /v2/orders", nth=2, status=503)], seed=1)
    >>> [getattr(script.request("POST", "/v2/orders", 0), "status", None) for _ in range(3)]
    [None, 503, None]
    """

    def __init__(self, rules: Sequence[PaperFault], seed: int) -> None:
        self._seed = seed
        self.replace(rules)

    @staticmethod
    def parse(rows: object) -> list[PaperFault]:
        """Rules from plain data, such as JSON.

        Raises
        ------
        ConfigError
            With every rule that cannot work, and why.
        """
        try:
            return TypeAdapter(list[PaperFault]).validate_python(rows)
        except ValidationError as error:
            said = "; ".join(
                f"faults{''.join(f'[{p}]' if isinstance(p, int) else f'.{p}' for p in e['loc'])}: {e['msg']}"
                for e in error.errors(include_url=False)
            )
            raise ConfigError(said) from None

    def replace(self, rules: Sequence[PaperFault]) -> None:
        """Start anew with `rules`."""
        self._rules = [
            _Rule(
                rule,
                random.Random(f"{self._seed} {index}"),
                after_ns=None if rule.after is None else nanoseconds(rule.after, "after"),
            )
            for index, rule in enumerate(rules)
        ]
        self._requests = self._of(REQUEST_KINDS)
        self._updates = self._of(UPDATE_KINDS)
        self._streams = self._of(STREAM_KINDS)

    def _of(self, kinds: Iterable[str]) -> list[_Rule]:
        return [rule for rule in self._rules if rule.settings.kind in kinds]

    def answer(self) -> list[dict[str, Any]]:
        """Rules, each with how many matched and how often it struck."""
        return [
            {**rule.settings.model_dump(mode="json"), "matched": rule.matched, "happened": rule.happened}
            for rule in self._rules
        ]

    def request(self, method: str, path: str, now_ns: int) -> RequestFault | None:
        """Say what happens to a request; None: nothing."""
        if not self._requests:
            return None
        fault: RequestFault | None = None
        for rule in self._requests:
            given = rule.settings
            if not _matches(given.where, method, path) or not rule.strikes(now_ns):
                continue
            fault = fault or RequestFault()
            if given.kind == "latency":
                fault.latency_ms += given.latency_ms + rule.draw.uniform(0, given.jitter_ms)
                continue
            fault.takes_effect = fault.takes_effect and given.effect == "after"
            if given.kind == "status":
                fault.status = given.status
            else:
                fault.timeout = True
                fault.hold_ms = max(fault.hold_ms, given.hold_ms)
        return fault

    def update(self, now_ns: int) -> str | None:
        """Say what happens to the next trade update: ``drop``, ``duplicate``, ``reorder``, or None."""
        for rule in self._updates:
            if rule.settings.where in ("*", "trade_updates") and rule.strikes(now_ns):
                return rule.settings.kind
        return None

    def stream(self, name: str, now_ns: int, *, frames: bool) -> PaperFault | None:
        """Say what happens to a stream: with `frames` at its next frame, else at a moment that time alone sets off."""
        for rule in self._streams:
            if rule.settings.where in ("*", name) and rule.by_time is not frames and rule.strikes(now_ns):
                return rule.settings
        return None

    def next_moment(self, now_ns: int) -> int | None:
        """When time alone will next break or silence a stream, after `now_ns`."""
        moments = (rule.after_ns for rule in self._streams if rule.by_time and not rule.spent)
        return min((ns for ns in moments if ns is not None and ns > now_ns), default=None)

    @property
    def watches_streams(self) -> bool:
        """Whether any rule is about streams."""
        return bool(self._streams)


def _matches(where: str, method: str, path: str) -> bool:
    if where == "*":
        return True
    wanted, space, pattern = where.partition(" ")
    if not space:
        return fnmatch.fnmatchcase(path, where)
    return wanted in ("*", method) and fnmatch.fnmatchcase(path, pattern)
