"""Checks, cleaning and consolidation from Python: settings, columns, errors."""

from functools import partial

import numpy as np
import pytest

import tickwright as tw

TS = ["2024-01-02T14:30:00", "2024-01-02T14:30:01", "2024-01-02T14:30:02"]


def trades(**more: object) -> tw.MarketData:
    rows = {"ts": TS, "price": [10.0, 10.1, 10.2], "size": [1, 2, 3]}
    return tw.feeds.table(rows | more, symbol="BAC")


def test_a_table_gives_the_optional_columns_of_trades() -> None:
    data = trades(EX=["N", "P", None], cond=["F I", "@", ""], tape=["A", "A", "C"], id=[7, 8, 2**62], corr=[0, 1, 12])
    frame = data.trades.to_pandas()
    assert frame["venue"].tolist()[:2] == ["N", "P"]
    assert frame["venue"].isna().tolist() == [False, False, True]
    assert frame["conditions"].tolist() == ["FI", "@", ""]
    assert data.trades.id.tolist() == [7, 8, 2**62]
    assert data.trades.correction.tolist() == [0, 1, 12]
    back = tw.feeds.table(data.trades.to_arrow())
    assert back.trades.conditions.tolist() == data.trades.conditions.tolist()
    assert back.trades.venue.tolist() == data.trades.venue.tolist()


def test_a_quotes_venue_is_that_of_both_sides_unless_told_apart() -> None:
    rows = {"ts": TS[:1], "bid": [10.0], "ask": [10.1], "bid_size": [1], "ask_size": [1], "venue": ["N"]}
    one = tw.feeds.table(rows, symbol="BAC").quotes
    two = tw.feeds.table(rows | {"ask_venue": ["P"]}, symbol="BAC").quotes
    assert (one.bid_venue[0], one.ask_venue[0], two.ask_venue[0]) == (ord("N"), ord("N"), ord("P"))


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"venue": ["NYSE", "P", "P"]}, "'NYSE' is not a one-letter code"),
        ({"conditions": ["ABCDE", "", ""]}, "'ABCDE' is not at most four one-letter codes"),
        ({"id": [-1, 2, 3]}, "whole numbers from 0 are needed"),
    ],
)
def test_a_column_that_is_no_code_is_refused_with_the_remedy(column: dict[str, list[object]], words: str) -> None:
    with pytest.raises(tw.DataError, match=words):
        trades(**column)


def test_times_that_were_floats_are_rounded() -> None:
    rows = {"ts": [1_514_889_000_145_999_908, 1_514_889_000_259_000_063], "price": [1.0, 1.0], "size": [1, 1]}
    data = tw.feeds.table(rows, symbol="X", round_times="us")
    assert data.trades.ts.tolist() == [1_514_889_000_146_000_000, 1_514_889_000_259_000_000]
    with pytest.raises(tw.ConfigError, match="round_times: 'x' is no unit"):
        tw.feeds.table(rows, symbol="X", round_times="x")


def test_a_check_leaves_its_input_as_it_was() -> None:
    data = trades(price=[10.0, 99.0, 10.2])
    raw = tw.feeds.table(
        {"ts": TS, "price": [10.0, 99.0, 10.2], "size": [1, 2, 3]}, symbol="BAC", policy={"absurd": "keep"}
    )
    kept = tw.feeds.check(raw, {"absurd": "keep"})
    assert kept.trades.flags.tolist() == [0, 1 << 15, 0]
    assert raw.trades.flags.tolist() == [0, 0, 0]
    assert len(tw.feeds.check(raw)) == 2
    assert len(data) == 2


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"gap_after": "soon"}, "policy.gap_after: 'soon' is no time"),
        ({"gap_after": 0}, "policy.gap_after: is 0 ns"),
        ({"absurd_sigma": -1.0}, "policy.absurd_sigma: is -1"),
        ({"halt": "keep"}, "policy.halt: is no fault"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(policy: dict[str, str | float], words: str) -> None:
    with pytest.raises(tw.ConfigError, match=words):
        tw.feeds.check(trades(), policy)


def test_a_rule_that_lacks_its_column_says_which() -> None:
    with pytest.raises(tw.DataError, match="venue: is not among the columns, and P3 needs it"):
        tw.feeds.clean_trades(trades(), venues="N")
    with pytest.raises(tw.DataError, match="correction: is not among the columns, and T1 needs it"):
        tw.feeds.clean_trades(trades(), uncorrected=True)
    rows = {"ts": TS[:1], "bid": [10.0], "ask": [10.1], "bid_size": [1], "ask_size": [1]}
    quotes = tw.feeds.table(rows, symbol="BAC")
    with pytest.raises(tw.DataError, match="do not name their venues"):
        tw.feeds.nbbo(quotes)
    with pytest.raises(tw.ConfigError, match=r"session: .* is no pair of wall times"):
        tw.feeds.clean_trades(trades(), session=("9:30", "late"))


def test_the_session_is_of_new_yorks_wall_clock_in_summer_and_winter() -> None:
    times = ["2024-01-02T14:29:59", "2024-01-02T14:30:00", "2024-07-02T13:30:00", "2024-07-02T20:00:01"]
    data = tw.feeds.table({"ts": times, "price": [1.0] * 4, "size": [1] * 4}, symbol="BAC")
    kept = tw.feeds.clean_trades(data)
    assert (kept.trades.ts == data.trades.ts[1:3]).all()
    assert kept.report["notes"] == ["P1 took 2 rows"]


def test_joined_data_keep_symbols_counts_and_columns() -> None:
    first, second = trades(), tw.feeds.table({"ts": TS, "price": [5.0] * 3, "size": [1] * 3}, symbol="IBM")
    both = first + second
    assert (both.symbols, len(both), both.count("trades")) == (["BAC", "IBM"], 6, 6)
    bytes_before = both.heap_bytes
    assert bytes_before == first.heap_bytes + second.heap_bytes, "nothing is copied"
    assert both.trades.instrument.tolist() == [0, 1, 0, 1, 0, 1]
    assert both.heap_bytes > bytes_before
    assert (first + first).trades.price.tolist() == np.repeat(first.trades.price, 2).tolist()


def test_times_move_together_and_receive_times_stay() -> None:
    data = trades(recv=TS)
    moved = tw.feeds.shift(data, "5ms")
    assert (moved.trades.ts - data.trades.ts == 5_000_000).all()
    assert (moved.trades.recv == data.trades.recv).all()
    assert tw.feeds.clock_skew(moved)["trades"]["median"] == -5_000_000
    with pytest.raises(tw.NumericError, match="shifted times"):
        tw.feeds.shift(data, 2**63 - 1)


def test_a_full_source_keeps_its_batch_and_a_late_row_is_counted() -> None:
    merger = tw.feeds.Merger("trades", 2, rows_max=3, patience="1s")
    assert merger.push(0, trades())
    assert not merger.push(0, trades(ts=["2024-01-02T14:30:03"] * 3))
    data, starved = merger.pull()
    assert (len(data), starved, merger.waiting) == (2, 1, 1)
    merger.push(1, tw.feeds.table({"ts": ["2024-01-02T14:29:00"], "price": [1.0], "size": [1]}, symbol="IBM"))
    assert merger.late == 1
    with pytest.raises(tw.ConfigError, match='kind: "news" is not known'):
        tw.feeds.Merger("news", 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("decoder", "frame"),
    [
        (
            partial(tw.feeds.AlpacaDecoder),
            b'[{"T":"q","S":"A","bx":"V","bp":10.2,"bs":1,"ax":"V","ap":10.1,"as":1,"t":"2024-01-02T14:30:00Z"}]',
        ),
        (
            partial(tw.feeds.BinanceDecoder, framing="message"),
            b'{"e":"bookTicker","u":1,"s":"A","b":"10.2","B":"1","a":"10.1","A":"1","T":1723161256090,"E":1723161256099}',
        ),
    ],
)
def test_a_decoder_judges_what_it_gives_when_it_is_told_to(decoder, frame):
    plain = decoder().push(frame)
    assert (len(plain), plain.report["faults"]) == (1, {})
    judged = decoder(quality={"crossed": "drop"})
    data = judged.push(frame)
    assert (len(data), data.report.found("crossed"), data.report.dropped) == (0, 1, 1)
    kept = decoder(quality={"crossed": "keep"}).push(frame)
    assert kept.quotes.flags[0] & 16
    with pytest.raises(tw.DataError, match="crossed"):
        decoder(quality={"crossed": "fail"}).push(frame)
