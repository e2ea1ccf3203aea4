"""The Alpaca decoder as a user meets it."""

import json

import pytest

import tickwright as tw

QUOTE = {"T": "q", "S": "AAPL", "bx": "V", "bp": 1.25, "bs": 1, "ax": "Q", "ap": 1.5, "as": 2, "c": ["R"], "z": "C"}
QUOTE["t"] = "2024-01-02T14:30:00.123456789Z"
FRAME = json.dumps([QUOTE])


def test_a_frame_is_taken_as_bytes_text_or_any_buffer() -> None:
    decoder = tw.feeds.AlpacaDecoder()
    for frame in (FRAME, FRAME.encode(), bytearray(FRAME.encode()), memoryview(FRAME.encode())):
        assert decoder.push(frame).quotes.ts[0] == 1_704_205_800_123_456_789
    with pytest.raises(TypeError):
        decoder.feed(7)  # type: ignore[arg-type]


def test_fed_frames_wait_until_they_are_taken() -> None:
    decoder = tw.feeds.AlpacaDecoder()
    assert [decoder.feed(FRAME, 1_704_205_801_000_000_000) for _ in range(3)] == [1, 2, 3]
    data = decoder.take()
    assert data.quotes.recv.tolist() == [1_704_205_801_000_000_000] * 3
    assert decoder.take().count("quotes") == 0
    assert decoder.report["events"] == 3


def test_symbols_keep_their_ids_and_earlier_batches_keep_their_own_table() -> None:
    decoder = tw.feeds.AlpacaDecoder()
    first = decoder.push(FRAME)
    second = decoder.push(FRAME.replace("AAPL", "MSFT"))
    assert (first.symbols, second.symbols, second.quotes.instrument[0]) == (["AAPL"], ["AAPL", "MSFT"], 1)


def test_control_messages_are_read_apart_from_events() -> None:
    decoder = tw.feeds.AlpacaDecoder()
    decoder.feed('[{"T":"error","code":402,"msg":"auth failed"},{"T":"subscription","trades":["AAPL"],"quotes":[]}]')
    error, subscription = decoder.controls()
    assert (error.kind, error.code, error.message) == ("error", 402, "auth failed")
    assert subscription.channels == {"trades": ["AAPL"], "quotes": []}
    assert decoder.controls() == []


def test_a_malformed_message_raises_or_is_counted_and_the_sound_ones_stay() -> None:
    frame = FRAME[:-1] + ',{"T":"q","S":"AAPL"},' + FRAME[1:]
    strict = tw.feeds.AlpacaDecoder()
    with pytest.raises(tw.DataError, match=r"alpaca: frame 1, byte \d+: expected before here, a quote with S, t, bp"):
        strict.feed(frame)
    assert strict.take().count("quotes") == 1
    lenient = tw.feeds.AlpacaDecoder(policy={"malformed": "drop"})
    data = lenient.push(frame)
    assert (data.count("quotes"), data.report.found("malformed"), data.report.dropped) == (2, 1, 1)


@pytest.mark.parametrize(
    "settings", [{"format": "xml"}, {"policy": {"malformed": "guess"}}, {"policy": {"nonsense": "drop"}}]
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(tw.ConfigError):
        tw.feeds.AlpacaDecoder(**settings)  # type: ignore[arg-type]


def test_a_format_that_was_named_is_not_guessed() -> None:
    with pytest.raises(tw.DataError):
        tw.feeds.AlpacaDecoder(format="msgpack").feed(FRAME)


def test_a_stream_of_messages_is_not_read_as_a_file(tmp_path: object) -> None:
    with pytest.raises(tw.ConfigError, match="message by message"):
        tw.feeds.AlpacaDecoder().read(f"{tmp_path}/frames")


def page(rows: str, token: str = "null") -> str:
    return f'{{"bars":{rows},"next_page_token":{token},"symbol":"AAPL"}}'


BAR = '{"t":"2022-03-11T05:00:00Z","o":1,"h":2,"l":1,"c":2,"v":10}'


def test_history_is_put_together_from_all_its_pages() -> None:
    data = tw.feeds.alpaca_history([page(f"[{BAR}]", '"x"'), page(f"[{BAR}]")], timeframe="1Day")
    assert data.count("bars") == 2
    assert data.bars.to_arrow()["ts"][0].as_py().isoformat() == "2022-03-12T05:00:00+00:00"


def test_history_that_is_not_whole_is_refused() -> None:
    with pytest.raises(tw.DataError, match="page 1 is not the last"):
        tw.feeds.alpaca_history([page(f"[{BAR}]", '"x"')])
    with pytest.raises(tw.DataError, match="there is none"):
        tw.feeds.alpaca_history([])
    with pytest.raises(tw.DataError, match="is one page"):
        tw.feeds.alpaca_history(page("[]"))
    with pytest.raises(tw.ConfigError, match="timeframe"):
        tw.feeds.AlpacaHistoryDecoder(timeframe="90Min")


def test_a_malformed_row_of_history_is_dropped_where_that_is_the_policy() -> None:
    rows = f'[{BAR},{{"t":"x"}},{BAR}]'
    with pytest.raises(tw.DataError, match="expected a time"):
        tw.feeds.AlpacaHistoryDecoder().push(page(rows))
    kept = tw.feeds.AlpacaHistoryDecoder(policy={"malformed": "drop"}).push(page(rows))
    assert (kept.count("bars"), kept.report.found("malformed")) == (2, 1)


def test_columns_that_are_still_held_are_never_filled_again() -> None:
    rows, decoder = 2_000, tw.feeds.AlpacaDecoder()
    quote = '{"T":"q","S":"SPY","bx":"V","bp":%d,"bs":1,"ax":"V","ap":500,"as":2,"c":["R"],"z":"C","t":%d}'
    held, seen = [], []
    for taking in range(12):
        decoder.feed("[" + ",".join(quote % (taking + 1, taking * rows + i) for i in range(rows)) + "]")
        data = decoder.take()
        assert len(data.quotes) == rows
        assert set(data.quotes.bid.tolist()) == {(taking + 1) * 10**9}
        if taking % 3 == 0:
            # The array alone: the data and its columns are let go of.
            held.append(data.quotes.bid)
            seen.append((taking + 1) * 10**9)
    assert [set(bid.tolist()) for bid in held] == [{value} for value in seen]
