"""Corporate actions that the node knows of: what is told of them, kept in a file, and what each asks for."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from tickwright import feeds
from tickwright._whole import write_whole
from tickwright.adapters.alpaca import Announcement
from tickwright.data import MarketData
from tickwright.errors import ConfigError

__all__ = ["Announced"]

log = logging.getLogger(__name__)

HOUR_NS = 3_600 * 1_000_000_000
#: A broker books a split some time between the evening before and the opening: meanwhile positions may differ by it.
SETTLING_NS = (8 * HOUR_NS, 5 * HOUR_NS + HOUR_NS // 2)


class Announced:
    """Announcements by id, and what the operator accepted of them.

    Parameters
    ----------
    path
        The file that they are kept in.
    since_ns
        Where there is no such file: what was before is not ours.
    """

    def __init__(self, path: Path, since_ns: int) -> None:
        self._path = path
        self.since_ns = since_ns
        """When positions began to be followed."""
        self.asked = dt.date.min
        """The last day on which the data were asked."""
        self._known: dict[str, Announcement] = {}
        self._stopped: dict[str, str] = {}
        self._accepted: set[str] = set()
        if path.exists():
            self._read(json.loads(path.read_text(encoding="utf-8")))

    def _read(self, kept: Mapping[str, Any]) -> None:
        try:
            self.since_ns, self.asked = int(kept["since_ns"]), dt.date.fromisoformat(kept["asked"])
            self._known = {row["id"]: Announcement.of_row(row) for row in kept["actions"]}
            self._stopped, self._accepted = dict(kept["stopped"]), set(kept["accepted"])
        except (KeyError, ValueError, TypeError) as error:
            raise ConfigError(f"{self._path}: cannot be read ({error}); it belongs to the journal beside it") from None

    def save(self) -> None:
        """Make what is known durable."""
        kept = {
            "since_ns": self.since_ns,
            "asked": self.asked.isoformat(),
            "actions": [action.row() for action in self._known.values()],
            "stopped": self._stopped,
            "accepted": sorted(self._accepted),
        }
        write_whole(self._path, json.dumps(kept, indent=1))

    def learn(
        self, told: Iterable[Announcement], today: dt.date, now_ns: int, traded_ns: Mapping[str, int]
    ) -> list[Announcement]:
        """Take in what the data say today of all actions that are near; those that are new.

        `traded_ns` is when the last fill of each symbol was: a split that is told of only after it, of shares that were
        traded since, cannot be booked without guessing.
        """
        listed = {action.id: action for action in told}
        fresh = []
        for id, action in listed.items():
            known = self._known.get(id)
            if known is None and action.ts <= self.since_ns:
                continue
            if known is not None and _terms(known) == _terms(action):
                continue
            if known is not None and known.ts <= now_ns:
                if id not in self._stopped:
                    self._stopped[id] = f"is told otherwise now that it took effect: {action}"
                    fresh.append(action)
                continue
            self._stopped.pop(id, None)
            if action.is_plain and action.ts <= now_ns and traded_ns.get(action.symbol, 0) >= action.ts:
                self._stopped[id] = "was told of only after shares were traded at the new terms"
            elif not action.is_plain:
                self._stopped[id] = "is none that can be worked out alone"
            self._known[id] = action
            fresh.append(action)
        for id, known in list(self._known.items()):
            if id not in listed and known.ts > now_ns:
                log.warning("%s is no longer announced", known)
                self._known.pop(id)
                self._stopped.pop(id, None)
        self.asked = today
        return fresh

    def data(self, until_ns: int | None = None) -> MarketData:
        """Give the splits and dividends to be booked to the engine, which knows those that it booked already."""
        plain = [action for action in self._plain() if action.ts > self.since_ns]
        plain = [action for action in plain if until_ns is None or action.ts <= until_ns]
        return feeds.actions(
            [
                {"symbol": a.symbol, "ts": a.ts, "dividend": a.dividend}
                if a.dividend is not None
                else {"symbol": a.symbol, "ts": a.ts, "split": a.ratio}
                for a in plain
            ]
        )

    def _plain(self) -> list[Announcement]:
        return [action for id, action in self._known.items() if action.is_plain and not self._was_late(id)]

    def _was_late(self, id: str) -> bool:
        return self._stopped.get(id, "").startswith("was told of only")

    def due(self, now_ns: int) -> list[int]:
        """Moments of splits and dividends up to `now_ns`, in order."""
        return sorted({action.ts for action in self._plain() if self.since_ns < action.ts <= now_ns})

    def stops(self, now_ns: int) -> dict[str, str]:
        """Symbols in which nothing new may be sent, and why."""
        found: dict[str, str] = {}
        for id, why in self._stopped.items():
            action = self._known[id]
            if id not in self._accepted and action.ts <= now_ns:
                found[action.symbol] = f"{action}: {why}"
        return found

    def accept(self, symbol: str, now_ns: int) -> list[str]:
        """Let `symbol` be traded again: what stopped it was seen to. What it was."""
        ids = [id for id in self._stopped if self._known[id].symbol == symbol and self._known[id].ts <= now_ns]
        ids = [id for id in ids if id not in self._accepted]
        self._accepted.update(ids)
        return [str(self._known[id]) for id in ids]

    def scaled(self, held: Mapping[str, Decimal], held_ns: int, now_ns: int) -> dict[str, Decimal]:
        """`held` at `held_ns` as what splits made of it since."""
        result = dict(held)
        for action in self._plain():
            if action.ratio is not None and action.symbol in result and held_ns < action.ts <= now_ns:
                result[action.symbol] = _split(result[action.symbol], action.ratio)
        return result

    def is_settling(self, symbol: str, here: Decimal, there: Decimal, now_ns: int) -> bool:
        """Whether `here` and `there` differ by a split that one of both has not booked yet."""
        before, after = SETTLING_NS
        for action in self._plain():
            if action.symbol != symbol or action.ratio is None or not action.ts - before <= now_ns < action.ts + after:
                continue
            # A broker may pay cash for the fraction of a share that is left.
            if abs(_split(here, action.ratio) - there) < 1 or abs(_split(there, action.ratio) - here) < 1:
                return True
        return False


def _terms(action: Announcement) -> tuple[Any, ...]:
    return (action.symbol, action.date, action.dividend, action.ratio)


def _split(qty: Decimal, ratio: float) -> Decimal:
    exact = Fraction(ratio).limit_denominator(1_000)
    return round(qty * exact.numerator / exact.denominator, 9)
