"""The instruments that the node's figures come from: what they send and what they count."""

import asyncio
import time
from pathlib import Path

from benches.node_latency import WARM_UP, measured
from benches.node_load import loaded
from benches.node_rig import bare_venue, percentiles
from benches.node_venue import ROUND, SYMBOLS, Quotes, row
from tickwright.feeds import AlpacaDecoder


def unframed(wire: bytes) -> list[bytes]:
    """Return the payloads of unmasked WebSocket frames below 64 KiB."""
    found = []
    while wire:
        short = wire[1] < 126
        size, begin = (wire[1], 2) if short else (int.from_bytes(wire[2:4], "big"), 4)
        found.append(wire[begin : begin + size])
        wire = wire[begin + size :]
    return found


def test_the_venue_sends_quotes_that_are_read_with_the_time_they_were_sent() -> None:
    quotes, decoder = Quotes(100), AlpacaDecoder()
    now_ns = time.time_ns()
    frames = unframed(quotes.wire(1_250, now_ns))
    for frame in frames:
        decoder.feed(frame)
    table = decoder.take().quotes.to_pandas()
    assert len(table) == 1_250 > ROUND
    assert set(table["symbol"]) == set(SYMBOLS)
    assert {moment.value for moment in table["ts"]} == {now_ns}
    assert (table["ask"] > table["bid"]).all()
    assert len({len(row(symbol, 123.45, now_ns)) for symbol in SYMBOLS}) == 1


def test_every_order_is_measured_from_its_frame_to_its_request(tmp_path: Path) -> None:
    with bare_venue() as venue:
        figures = asyncio.run(measured(venue, tmp_path, 30, 80.0, 0.0, "group"))
    assert figures["signals"] == 30 + WARM_UP
    stages = ("decided", "durable", "thread", "written", "read")
    assert {figures[name]["n"] for name in ("frame_to_request", *stages)} == {30}
    assert all(figures[name]["worst"] > 0 for name in stages)
    # Whole is at least each of its parts, and the venue wrote the frame before it came.
    assert figures["frame_to_request"]["worst"] >= max(figures[name]["p50"] for name in stages)
    assert figures["venue_to_request"]["p50"] >= figures["frame_to_request"]["p50"]


def test_under_load_quotes_are_counted_and_commands_answered(tmp_path: Path) -> None:
    with bare_venue() as venue:
        figures = asyncio.run(loaded(venue, tmp_path, 5_000.0, 3.0, 100, "os"))
    assert 10_000 < figures["quotes"] < 21_000
    assert figures["anomalies"] == 0
    assert figures["command_us"]["n"] == 2 * figures["status_us"]["n"] > 0
    assert figures["requests"] >= len(SYMBOLS)


def test_percentiles_are_those_of_the_sorted_list() -> None:
    assert percentiles([n * 1_000 for n in range(1, 101)]) == {
        "p50": 50.0, "p90": 90.0, "p99": 99.0, "worst": 100.0, "n": 100,
    }  # fmt: skip
    assert percentiles([]) == {"n": 0}
