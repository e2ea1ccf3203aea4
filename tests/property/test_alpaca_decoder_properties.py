"""Properties of the Alpaca decoder: numbers and times against Python's own, and no input that hurts."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tickwright as tw

msgpack = pytest.importorskip("msgpack")

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LIMIT = 2**63 - 1


def trade(price: object, time: object = 0, size: object = 1) -> dict[str, object]:
    return {"T": "t", "S": "AAPL", "p": price, "s": size, "t": time}


def price_of(frame: bytes | str) -> int | None:
    """Return the price of the one trade in `frame`; None when it is refused."""
    try:
        return int(tw.feeds.AlpacaDecoder().push(frame).trades.price[0])
    except tw.DataError:
        return None


def expected(decimal: Decimal) -> int | None:
    """Units of 1e-9, or None where nine decimals do not hold it."""
    scaled = decimal.scaleb(9)
    if scaled != scaled.to_integral_value() or abs(scaled) > LIMIT:
        return None
    return int(scaled)


floats = st.one_of(
    st.floats(-1e10, 1e10),
    st.builds(lambda units, places: units / 10**places, st.integers(-(10**17), 10**17), st.integers(0, 12)),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(floats)
def test_a_float_is_its_shortest_decimal_in_both_encodings(x: float) -> None:
    whole = abs(x) < 9_223_372_036 or not float(x).is_integer()
    want = expected(Decimal(repr(x))) if whole else None
    assert price_of(msgpack.packb([trade(x)])) == want
    assert price_of(json.dumps([trade(x)])) == want


@given(st.decimals(-(10**10), 10**10, places=None, allow_nan=False, allow_infinity=False))
def test_decimal_text_is_exact_or_refused(value: Decimal) -> None:
    text = format(value, "f")
    want = expected(Decimal(text))
    assert price_of(msgpack.packb([trade(text)])) == want
    assert price_of(json.dumps([trade(text)])) == want
    assert price_of(json.dumps([trade("@")]).replace('"@"', text)) == want


@given(st.integers(-(2**63), 2**64 - 1))
def test_an_integer_of_any_width_is_exact_or_refused(value: int) -> None:
    want = expected(Decimal(value))
    assert price_of(msgpack.packb([trade(value)])) == want
    assert price_of(json.dumps([trade(value)])) == want


@given(
    st.datetimes(dt.datetime(1678, 1, 1), dt.datetime(2261, 12, 31)),
    st.integers(0, 9),
    st.integers(0, 999),
    st.integers(-1439, 1439) | st.none(),
)
def test_rfc_3339_is_what_the_datetime_module_reads(
    when: dt.datetime, places: int, below: int, offset: int | None
) -> None:
    digits = f"{when.microsecond:06}{below:03}"[:places]
    zone = "Z" if offset is None else f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    text = when.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (f".{digits}" if digits else "") + zone
    known = dt.datetime.fromisoformat(text[:19] + zone)
    ns = (known - EPOCH) // dt.timedelta(seconds=1) * 10**9 + int(digits.ljust(9, "0") or 0)
    for frame in (json.dumps([trade(1, text)]), msgpack.packb([trade(1, text)])):
        assert tw.feeds.AlpacaDecoder().push(frame).trades.ts[0] == ns


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_msgpack_timestamps_are_exact_over_the_whole_range(ns: int) -> None:
    stamp = msgpack.Timestamp(*divmod(ns, 10**9))
    assert tw.feeds.AlpacaDecoder().push(msgpack.packb([trade(1, stamp)])).trades.ts[0] == ns


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["new", "longer_than_eight", "é", "SS", ""]), values, max_size=4), st.booleans())
def test_unknown_keys_of_any_type_change_nothing_and_are_counted(extra: dict[str, object], first: bool) -> None:
    message = {**extra, **trade(1.5)} if first else {**trade(1.5), **extra}
    decoder = tw.feeds.AlpacaDecoder()
    data = decoder.push(msgpack.packb([message, {"T": "zz", **extra}]))
    assert (data.trades.price[0], decoder.counts["unknown_keys"]) == (1_500_000_000, len(extra))
    assert decoder.counts["unknown_kinds"] == 1


@given(st.binary(max_size=300), st.sampled_from(["auto", "msgpack", "json"]))
def test_bytes_of_any_kind_are_counted_or_refused_and_leave_the_decoder_sound(junk: bytes, format: str) -> None:
    decoder = tw.feeds.AlpacaDecoder(format=format, policy={"malformed": "drop"})
    decoder.feed(junk)
    before = decoder.take().report.found("malformed")
    good = [trade(1.5)]
    frame = json.dumps(good).encode() if format == "json" else msgpack.packb(good)
    data = decoder.push(frame)
    assert data.count("trades") == 1
    assert data.report.found("malformed") == before
