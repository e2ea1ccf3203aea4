"""The kill switch of a node: any thread may throw it, and it stays thrown until somebody releases it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from tickwright import _core
from tickwright._whole import write_whole
from tickwright.errors import ConfigError

__all__ = ["NodeSwitch"]

log = logging.getLogger(__name__)


class NodeSwitch:
    """Lets no new order leave while it is thrown, for all strategies or for one; over restarts too.

    Parameters
    ----------
    switch
        The core's.
    path
        Where what is thrown is kept.
    places
        Gives what the core calls each strategy, by name.

    Raises
    ------
    ConfigError
        `path` holds something else.
    """

    def __init__(self, switch: _core.KillSwitch, path: Path, places: Callable[[], Mapping[str, str]]) -> None:
        self._switch, self._path, self._places = switch, path, places
        self._writing = threading.Lock()
        kept = _read(path)
        # What the journal's snapshots remember of it may be older.
        for name, place in ((None, None), *places().items()):
            (switch.throw if name in kept else switch.reset)(place)
        if kept:
            here = {None, *places()}
            told, gone = (", ".join(sorted(name or "all" for name in names)) for names in (kept & here, kept - here))
            log.warning("the kill switch is thrown from before, for %s; release it to trade again", told or "nobody")
            if gone:
                log.warning("strategies that are here no more had theirs thrown: %s", gone)

    @property
    def thrown(self) -> bool:
        """Whether that for all is thrown."""
        return self._switch.thrown

    @property
    def strategies(self) -> list[str]:
        """Strategies whose own is thrown."""
        thrown = set(self._switch.strategies)
        return [name for name, place in self._places().items() if place in thrown]

    def throw(self, strategy: str | None = None) -> None:
        """Let no new order leave, of one strategy or of all; working orders stay.

        Raises
        ------
        ConfigError
            There is no such strategy.
        """
        self.set(True, strategy)
        self.keep()

    def reset(self, strategy: str | None = None) -> None:
        """Let orders leave again; raises what `throw` raises."""
        self.set(False, strategy)
        self.keep()

    def set(self, thrown: bool, strategy: str | None = None) -> None:
        """Throw or release it at once, and leave it to `keep` to have it outlive the process."""
        places = self._places()
        if strategy is not None and strategy not in places:
            raise ConfigError(f"strategy: {strategy!r:.80} is not here; there are {', '.join(places)}")
        (self._switch.throw if thrown else self._switch.reset)(None if strategy is None else places[strategy])

    def keep(self) -> None:
        """Write down what is thrown; returns once it is on the disk, or the log says why it is not."""
        with self._writing:
            content = json.dumps({"all": self.thrown, "strategies": self.strategies})
            try:
                write_whole(self._path, content)
            except OSError as error:
                log.critical("%s: a restart will not know of the kill switch: %s", self._path, error)


def _read(path: Path) -> set[str | None]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {*([None] if kept["all"] else []), *map(str, kept["strategies"])}
    except FileNotFoundError:
        return set()
    except (ValueError, TypeError, KeyError) as error:
        what = "is no record of the kill switch; remove it if none is to be thrown"
        raise ConfigError(f"{path}: {what}: {error}") from error
