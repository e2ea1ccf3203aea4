"""A node's journal is made durable by a thread of its own: neither frames nor commands wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tickwright import _core

__all__ = ["Disk"]


class Disk:
    """One sync after another, in a thread; everything that was written when one begins is durable when it ends.

    Parameters
    ----------
    pause_s
        Seconds from the end of a sync to the next: what comes meanwhile is of one group.
    begin
        Writes what there is and gives the sync; None where all is durable.
    ended
        Given each sync once it is over.
    """

    def __init__(
        self, pause_s: float, begin: Callable[[], _core.SyncTask | None], ended: Callable[[_core.SyncTask], None]
    ) -> None:
        self._pause_s, self._begin, self._ended = pause_s, begin, ended
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tickwright-journal")
        self._timer: asyncio.TimerHandle | None = None
        self._runs = self._is_closed = False
        self._ended_s = float("-inf")

    def ask(self) -> None:
        """Sync: now, or once the one that runs is over and its pause too. Never waits."""
        # One that runs began before; whoever still waits when it ends asks again then.
        if self._runs or self._timer is not None or self._is_closed:
            return
        loop = asyncio.get_running_loop()
        wait_s = self._ended_s + self._pause_s - loop.time()
        if wait_s > 0.0:
            self._timer = loop.call_later(wait_s, self._start)
        else:
            self._start()

    def _start(self) -> None:
        self._timer = None
        task = self._begin()
        if task is not None:
            self._runs = True
            running = asyncio.get_running_loop().run_in_executor(self._thread, task.run)
            running.add_done_callback(lambda _: self._over(task))

    def _over(self, task: _core.SyncTask) -> None:
        self._runs = False
        if not self._is_closed:
            self._ended_s = asyncio.get_running_loop().time()
            self._ended(task)

    def close(self) -> None:
        """Begin no more; what became of the one that runs nobody is told."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._thread.shutdown(wait=False)
