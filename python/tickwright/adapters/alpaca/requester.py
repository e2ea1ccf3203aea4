"""Requests to Alpaca from the event loop: in lanes, in threads, and retried only where a second time does no harm."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tickwright.adapters.alpaca.rest import Reply, Rest, learn_rate
from tickwright.adapters.dispatch import Dispatcher
from tickwright.adapters.lanes import LaneStatistics
from tickwright.adapters.outcomes import Accepted, InDoubt, Outcome, Refused
from tickwright.adapters.pacing import Backoff, Priority, RateBudget
from tickwright.errors import AuthenticationError, BrokerError, NotSentError

__all__ = ["RequestSettings", "RequestStatistics", "Requester"]


#: The code of an answer to keys that are not known.
UNAUTHORIZED: Final = 40110000


@dataclass(frozen=True, slots=True)
class RequestSettings:
    """How requests are paced, and when they are given up.

    Parameters
    ----------
    rate_limit : int
        Requests a minute, until the broker says otherwise.
    threads : int
        Requests under way at once; one is kept for cancels and replaces, another for orders.
    queue_limit : int
        Requests of one priority that may wait.
    connect_timeout_s, read_timeout_s : float
        How long to wait for a connection, and for each part of an answer.
    hard_limit_s : float
        After so long under way a request is given up, however its answer drips.
    submit_patience_s : float
        How long a new order may wait to be sent: one sent later is not the order that was meant.
    cancel_patience_s, read_patience_s : float
        The same for cancels and for reads, retries included.
    retries : int
        How often a read or a cancel is tried again.
    retry_first_s, retry_cap_s : float
        Back-off between tries: the first ceiling and the last.
    """

    rate_limit: int = 200
    threads: int = 4
    queue_limit: int = 256
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 10.0
    hard_limit_s: float = 30.0
    submit_patience_s: float = 5.0
    cancel_patience_s: float = 60.0
    read_patience_s: float = 90.0
    retries: int = 5
    retry_first_s: float = 0.25
    retry_cap_s: float = 5.0


@dataclass(slots=True)
class RequestStatistics:
    """What has been asked, and what became of it."""

    lanes: dict[Priority, LaneStatistics]
    limit: int = 0
    """Requests a minute that the broker allows, as far as is known."""
    left: int = 0
    """Of those, how many may leave now."""
    under_way: int = 0
    answered: int = 0
    refused: int = 0
    """Answers that were refusals, but for 429."""
    in_doubt: int = 0
    """Requests that change something of which nobody knows whether they did."""
    not_sent: int = 0
    retries: int = 0
    too_many: int = 0
    """Answers 429."""
    server_errors: int = 0
    """Answers 5xx."""


@dataclass(slots=True)
class _Counts:
    answered: int = 0
    refused: int = 0
    in_doubt: int = 0
    not_sent: int = 0
    retries: int = 0
    too_many: int = 0
    server_errors: int = 0


@dataclass(slots=True)
class Requester:
    """Sends requests through `rest`, off the loop and within the budget.

    Parameters
    ----------
    rest : Rest
        Where to.
    settings : RequestSettings
        How often and how patiently.
    clock, sleep, rng
        Monotonic seconds, a way to wait, and chance.
    name : str
        Of its threads.
    remedy : str
        What to do where the keys are refused.
    """

    rest: Rest
    settings: RequestSettings
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    rng: random.Random = field(default_factory=random.Random)
    name: str = "requests"
    remedy: str = "are these the keys of this account, and are they paper or live?"
    _dispatcher: Dispatcher[Reply] = field(init=False, repr=False)
    _budget: RateBudget = field(init=False, repr=False)
    _counts: _Counts = field(init=False, repr=False, default_factory=_Counts)

    def __post_init__(self) -> None:
        settings = self.settings
        self._budget = RateBudget(settings.rate_limit)
        self._dispatcher = Dispatcher(
            self._budget,
            threads=settings.threads,
            capacity=settings.queue_limit,
            hard_limit_s=settings.hard_limit_s,
            observe=self._observe,
            clock=self.clock,
            name=self.name,
        )

    async def read(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        priority: Priority = Priority.READ,
        version: str | None = None,
        absent: bool = False,
    ) -> Any:
        """GET, tried again after trouble, and give the body; None for a 404 where it may be `absent`.

        Raises
        ------
        AuthenticationError
            The broker does not know the keys.
        BrokerError
            The broker refused, or could not be reached within the patience.
        """
        reply = await self._persist("GET", path, params, priority, self.settings.read_patience_s, version=version)
        if reply.ok:
            return reply.body
        if absent and reply.status == 404:
            return None
        raise self._error(reply, f"GET {path}")

    async def remove(self, path: str, params: Mapping[str, Any] | None = None) -> Outcome:
        """DELETE what can be deleted twice without harm, tried again after trouble."""
        reply = await self._persist("DELETE", path, params, Priority.CANCEL, self.settings.cancel_patience_s)
        return self._outcome(reply)

    async def change(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        *,
        priority: Priority,
        key: str | None = None,
    ) -> Outcome:
        """Send what must not be sent twice.

        It is sent again only while it is certain that it took no effect (no connection, or 429), and no longer than
        `submit_patience_s`.
        """
        reply = await self._persist(
            method, path, params, priority, self.settings.submit_patience_s, key=key, harmless=False
        )
        return self._outcome(reply)

    def statistics(self) -> RequestStatistics:
        """Count what has been asked, and what became of it."""
        lanes, counts = self._dispatcher.lanes, self._counts
        return RequestStatistics(
            lanes=lanes.statistics,
            limit=self._budget.limit,
            left=self._budget.left(self.clock()),
            under_way=lanes.running,
            answered=counts.answered,
            refused=counts.refused,
            in_doubt=counts.in_doubt,
            not_sent=counts.not_sent,
            retries=counts.retries,
            too_many=counts.too_many,
            server_errors=counts.server_errors,
        )

    async def close(self) -> None:
        """Send nothing more."""
        await self._dispatcher.close()

    async def _persist(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        priority: Priority,
        patience_s: float,
        *,
        key: str | None = None,
        harmless: bool = True,
        version: str | None = None,
    ) -> Reply:
        """Send, and send again while that is allowed; give the last reply.

        A reply of "unknown" outlives one of "not_sent" that follows it: the first try may have arrived.
        """
        settings = self.settings
        deadline = self.clock() + patience_s
        backoff = Backoff(settings.retry_first_s, settings.retry_cap_s, floor_s=0.0, rng=self.rng)
        doubt: Reply | None = None
        while True:
            try:
                reply = await self._dispatcher.run(
                    lambda: self.rest.call(method, path, params=params, version=version),
                    priority=priority,
                    patience_s=max(deadline - self.clock(), 0.0),
                    key=key,
                )
            except NotSentError as error:
                reply = Reply("not_sent", message=str(error))
                return doubt or reply
            except TimeoutError as error:
                reply = Reply("unknown", message=str(error))
            if not self._again(reply, harmless):
                return reply
            if reply.sending == "unknown" or reply.status >= 500:
                doubt = reply
            wait_s = 0.0 if reply.status == 429 else backoff.next_s()  # a 429 has blocked the budget
            if backoff.attempts > settings.retries or self.clock() + wait_s >= deadline:
                return doubt or reply
            self._counts.retries += 1
            await self.sleep(wait_s)

    @staticmethod
    def _again(reply: Reply, harmless: bool) -> bool:
        if reply.sending == "not_sent" or reply.status == 429:
            return True
        return harmless and (reply.sending == "unknown" or reply.status >= 500 or reply.status == 408)

    def _observe(self, reply: Reply) -> None:
        learn_rate(self._budget, reply, self.clock(), in_flight=self._dispatcher.lanes.running)
        counts = self._counts
        counts.answered += reply.sending == "answered"
        counts.too_many += reply.status == 429
        counts.server_errors += reply.status >= 500

    def _outcome(self, reply: Reply) -> Outcome:
        if reply.ok:
            body = reply.body
            rows = tuple(row for row in body if isinstance(row, dict)) if isinstance(body, list) else ()
            return Accepted(body if isinstance(body, dict) else {}, rows, reply.request_id)
        if reply.sending == "not_sent":
            self._counts.not_sent += 1
            return Refused(0, 0, _not_sent(reply.message))
        if reply.sending == "unknown" or reply.status >= 500 or reply.status == 408:
            self._counts.in_doubt += 1
            return InDoubt(reply.text, reply.status, reply.request_id)
        self._counts.refused += reply.status != 429
        body = reply.body if isinstance(reply.body, dict) else {}
        return Refused(reply.status, reply.code, reply.message, body, reply.request_id)

    def _error(self, reply: Reply, what: str) -> BrokerError:
        if reply.sending == "not_sent":
            self._counts.not_sent += 1
            return NotSentError(f"{what}: {_not_sent(reply.message)}")
        if reply.sending == "answered" and reply.status < 500:
            self._counts.refused += reply.status != 429
        # Alpaca answers keys of the other kind with either; a refusal for another reason has a code of its own.
        unknown = reply.status == 401 or (reply.status == 403 and reply.code in (0, UNAUTHORIZED) and self._is_trading)
        kind, remedy = (AuthenticationError, f"; {self.remedy}") if unknown else (BrokerError, "")
        return kind(f"{what}: {reply.text}{remedy}", status=reply.status, code=reply.code)

    @property
    def _is_trading(self) -> bool:
        # A 403 of market data is about the subscription, not about the keys.
        return self.name == "trading"


def _not_sent(message: str) -> str:
    return message if message.startswith("not sent") else f"not sent: {message}"
