"""Other engines on the same seeded quotes, as floors for the full gate. They time themselves, in their own process."""

from benches.peers.runner import QUOTES, nautilus
from benches.registry import Work, measure


def nautilus_case(name: str, case: str, n: int) -> None:
    """Register one case of NautilusTrader over `n` quotes: time per quote, which may be time per order."""

    @measure(name)
    def factory() -> Work:
        peer = nautilus()

        def seconds() -> float:
            answer = peer.ask(case, n)
            if answer["events"] != n:
                raise RuntimeError(f"{name}: the peer saw {answer['events']} of {n} quotes")
            return float(answer["seconds"])

        return Work(None, items=n, seconds=seconds)


nautilus_case("nautilus_idle", "idle", QUOTES)
nautilus_case("nautilus_every_quote_1k", "every_quote", 1_000)
nautilus_case("nautilus_every_quote_10k", "every_quote", 10_000)
