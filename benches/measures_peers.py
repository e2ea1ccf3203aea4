"""Other engines on the same seeded quotes, as floors for the full gate. They time themselves, in their own process."""

from collections.abc import Callable

from benches.peers.runner import BOOK_EVENTS, QUOTES, Peer, hftbacktest, nautilus
from benches.registry import Work, measure


def peer_case(name: str, start: Callable[[], Peer], case: str, n: int) -> None:
    """Register one case of a peer over `n` events: time per event, which may be time per order."""

    @measure(name)
    def factory() -> Work:
        peer = start()

        def seconds() -> float:
            answer = peer.ask(case, n)
            if answer["events"] != n:
                raise RuntimeError(f"{name}: the peer saw {answer['events']} of {n} events")
            return float(answer["seconds"])

        return Work(None, items=n, seconds=seconds)


peer_case("nautilus_idle", nautilus, "idle", QUOTES)
peer_case("nautilus_every_quote_1k", nautilus, "every_quote", 1_000)
peer_case("nautilus_every_quote_10k", nautilus, "every_quote", 10_000)
peer_case("hftbacktest_idle", hftbacktest, "idle", BOOK_EVENTS)
peer_case("hftbacktest_quoting", hftbacktest, "quoting", BOOK_EVENTS)
