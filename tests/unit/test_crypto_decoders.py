"""The decoders of Binance, Kraken and Coinbase as Python sees them."""

import gzip
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tickwright as tw

GAP = 1 << 10
TICKER = b'{"u":4,"s":"BNBUSDT","b":"25.35","B":"31.21","a":"25.36","A":"40.66"}'
LINES = b"1000 " + TICKER + b"\n\n2000 " + TICKER.replace(b'"u":4', b'"u":5') + b"\n"
DECODERS = [tw.feeds.BinanceDecoder, tw.feeds.KrakenDecoder, tw.feeds.CoinbaseDecoder]


def depth(first, last, price):
    levels = {"b": [[price, "1"]], "a": []}
    update = {"e": "depthUpdate", "E": 1_000 + last, "s": "BNBUSDT", "U": first, "u": last, **levels}
    return json.dumps(update).encode()


@given(st.lists(st.integers(0, len(LINES)), max_size=6))
def test_lines_may_be_cut_anywhere(cuts):
    decoder = tw.feeds.BinanceDecoder()
    edges = [0, *sorted(cuts), len(LINES)]
    for start, end in pairwise(edges):
        decoder.feed(LINES[start:end])
    quotes = decoder.finish().quotes
    assert quotes.sequence.tolist() == [4, 5]
    assert quotes.ts.tolist() == quotes.recv.tolist() == [1000, 2000]


def test_a_message_framing_takes_the_time_of_receipt_from_the_caller():
    decoder = tw.feeds.BinanceDecoder(framing="message")
    assert decoder.push(TICKER, recv=7).quotes.recv.tolist() == [7]
    with pytest.raises(tw.DataError, match="recv"):
        tw.feeds.BinanceDecoder(framing="message").push(TICKER)


def test_a_session_is_read_plain_and_packed(tmp_path):
    (tmp_path / "a.txt").write_bytes(LINES)
    (tmp_path / "a.gz").write_bytes(gzip.compress(LINES))
    for name in ("a.txt", "a.gz"):
        assert tw.feeds.binance(tmp_path / name).quotes.ask.tolist() == [25_360_000_000] * 2
    with pytest.raises(tw.ConfigError, match="message by message"):
        tw.feeds.BinanceDecoder(framing="message").read(tmp_path / "a.txt")


def test_a_lost_update_is_flagged_and_counted_and_may_be_refused():
    decoder = tw.feeds.BinanceDecoder(framing="message")
    decoder.feed(b'{"lastUpdateId":9,"bids":[],"asks":[]}'.replace(b"{", b'{"s":"BNBUSDT",', 1), recv=5)
    decoder.feed(depth(8, 12, "20"))
    decoder.feed(depth(14, 15, "21"))
    deltas = decoder.take().deltas
    assert [bool(f & GAP) for f in deltas.flags] == [False, False, False, True]
    assert decoder.report.found("gap") == 1
    strict = tw.feeds.BinanceDecoder(framing="message", policy={"gap": "fail"})
    strict.feed(depth(1, 2, "20"))
    with pytest.raises(tw.DataError, match=r"binance message 2.*lost"):
        strict.feed(depth(4, 5, "20"))


@pytest.mark.parametrize("decoder", DECODERS)
def test_malformed_messages_are_refused_or_counted(decoder):
    with pytest.raises(tw.DataError, match="message 1"):
        decoder(framing="message").push(b"{")
    lenient = decoder(framing="message", policy={"malformed": "drop"})
    assert len(lenient.push(b"{").quotes) == 0
    assert lenient.report.found("malformed") == lenient.report["rows"] == 1


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"framing": "frames"}, "choose lines or message"),
        ({"framing": 3}, "framing"),
        ({"policy": {"nonsense": "keep"}}, "nonsense"),
    ],
)
def test_settings_that_make_no_sense_are_refused(decoder, settings, match):
    with pytest.raises(tw.ConfigError, match=match):
        decoder(**settings)


@pytest.mark.parametrize("decoder", DECODERS)
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_give_events_or_faults(decoder, data):
    for framing in ("lines", "message"):
        lenient = decoder(framing=framing, policy={"malformed": "drop"})
        lenient.feed(data, 5)
        lenient.finish()
        assert lenient.report["events"] <= len(data)
