"""What Python sees of the indicators: arguments, kinds of input, named results, streaming, pickling, errors."""

import copy
import math
import pickle
import re
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright import _core, _indicator_stubs
from tickwright import indicators as ind
from tickwright.errors import ConfigError

ENTRIES = {entry.name: entry for entry in ind.list()}


def small(entry):
    """Parameters that a short series can show, where the indicator takes them; else its defaults."""
    chosen = {p.name: min(max(p.min, 3 + 2 * i), p.max) for i, p in enumerate(entry.parameters) if p.is_whole}
    try:
        getattr(ind, entry.class_name)(**chosen)
    except ConfigError:
        return {}
    return chosen


def made(name):
    return getattr(ind, ENTRIES[name].class_name)(**small(ENTRIES[name]))


def bars(n=200, seed=0):
    r = np.random.default_rng(seed)
    close = 100 + r.normal(0, 1, n).cumsum()
    opened = np.concatenate([[100.0], close[:-1]])
    return {
        "open": opened,
        "high": np.maximum(opened, close) + 0.5,
        "low": np.minimum(opened, close) - 0.5,
        "close": close,
        "volume": r.integers(1, 100, n).astype(float),
    }


def columns_of(entry, series):
    """The columns that an indicator reads; a second series is the open."""
    return [series.get(name, series["open"]) for name in entry.inputs]


def as_rows(result):
    return np.column_stack(result) if isinstance(result, tuple) else np.asarray(result)[:, None]


def as_lines(result):
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", ENTRIES)
def test_streaming_equals_batch_to_the_last_bit(name):
    columns = columns_of(ENTRIES[name], bars())
    stream = made(name)
    rows = np.array([np.atleast_1d(stream.update(*row)) for row in zip(*columns, strict=True)])
    batch = as_rows(made(name).extend(*columns))
    assert rows.tobytes() == batch.tobytes() or np.array_equal(rows, batch, equal_nan=True)
    assert stream.ready == (stream.lookback < len(batch))
    assert np.array_equal(np.atleast_1d(stream.value), batch[-1], equal_nan=True)


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("cut", [0, 3, 37, 101])
def test_a_pickled_indicator_goes_on_as_the_original(name, cut):
    columns = columns_of(ENTRIES[name], bars())
    original = made(name)
    original.extend(*(c[:cut] for c in columns))
    for twin in (pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):
        assert repr(twin) == repr(original)
        expected = copy.copy(original).extend(*(c[cut:] for c in columns))
        assert np.array_equal(as_rows(twin.extend(*(c[cut:] for c in columns))), as_rows(expected), equal_nan=True)


@pytest.mark.parametrize("name", ENTRIES)
def test_reset_forgets_everything_but_the_parameters(name):
    columns = columns_of(ENTRIES[name], bars())
    indicator = made(name)
    first = as_rows(indicator.extend(*columns))
    indicator.reset()
    assert not indicator.ready
    assert np.isnan(np.atleast_1d(indicator.value)).all()
    assert np.array_equal(as_rows(indicator.extend(*columns)), first, equal_nan=True)


def test_arguments_are_positional_or_keyword_with_defaults():
    b = bars()
    assert np.array_equal(ind.sma(b["close"]), ind.sma(close=b["close"], period=30), equal_nan=True)
    assert np.array_equal(ind.rsi(b["close"]), ind.rsi(b["close"], 14), equal_nan=True)
    assert np.array_equal(
        ind.atr(b["high"], b["low"], b["close"]), ind.atr(b["high"], b["low"], b["close"], period=14), equal_nan=True
    )
    lines = ind.macd(b["close"], fast_period=12, slow_period=26, signal_period=9)
    assert np.array_equal(lines.histogram, ind.macd(b["close"]).histogram, equal_nan=True)
    assert repr(ind.Bollinger()) == "Bollinger(period=20, deviations=2)"
    assert repr(ind.Macd()) == "Macd(fast_period=12, slow_period=26, signal_period=9)"
    assert repr(ind.Vwap()) == "Vwap()"


def test_several_lines_come_as_named_tuples():
    b = bars()
    bands = ind.bollinger(b["close"])
    assert type(bands) is ind.BollingerValue
    assert bands._fields == ("upper", "middle", "lower")
    upper, middle, lower = bands
    assert (upper[19:] >= middle[19:]).all()
    assert (middle[19:] >= lower[19:]).all()
    assert type(ind.Macd().update(1.0)) is ind.MacdValue
    assert pickle.loads(pickle.dumps(ind.Donchian(1).update(2.0, 1.0))) == ind.DonchianValue(2.0, 1.5, 1.0)


def test_any_column_of_numbers_is_taken():
    close = bars()["close"]
    expected = ind.ema(close, 7)
    strided = np.repeat(close, 2)[::2]
    pa = pytest.importorskip("pyarrow")

    class Producer:
        """Only the Arrow PyCapsule interface."""

        def __arrow_c_array__(self, requested_schema=None):
            return pa.array(close).__arrow_c_array__(requested_schema)

    class StreamProducer:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.chunked_array([close[:50], close[50:]]).__arrow_c_stream__(requested_schema)

    for column in (
        list(close),
        tuple(close),
        strided,
        close.astype(">f8"),
        pa.array(close),
        pa.chunked_array([close[:9], close[9:]]),
        Producer(),
        StreamProducer(),
    ):
        assert np.array_equal(ind.ema(column, 7), expected, equal_nan=True), type(column)
    assert np.array_equal(ind.sma(np.arange(9, dtype=np.int32), 2)[1:], np.arange(8) + 0.5)
    assert np.isnan(ind.sma(pa.array([1.0, None, 3.0]), 2)).tolist() == [True, True, False]


def test_the_input_is_left_alone_and_may_be_read_only():
    close = bars()["close"]
    close.flags.writeable = False
    before = close.copy()
    ind.rsi(close)
    assert np.array_equal(close, before)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ind.sma([1.0], 0), "ConfigError", "period: 0 is out of range"),
        (lambda: ind.sma([1.0], -3), "ConfigError", "period: -3 is out of range"),
        (lambda: ind.Ema(2**40), "ConfigError", "1 to 16777216"),
        (lambda: ind.macd([1.0], 26, 12), "ConfigError", "fast_period"),
        (lambda: ind.Bollinger(20, float("nan")), "ConfigError", "deviations"),
        (lambda: ind.obv([1.0, 2.0], [1.0]), "DataError", "column volume: has 1 rows where close has 2"),
        (lambda: ind.sma("close", 3), "DataError", "column close"),
        (lambda: ind.sma(5.0, 3), "DataError", "0 dimensions"),
        (lambda: ind.sma(np.ones((3, 3, 3)), 3), "DataError", "3 dimensions"),
        (lambda: ind.obv(np.ones((3, 3)), np.ones((3, 2))), "DataError", r"panel volume: has the shape \[3, 2\]"),
        (lambda: ind.obv(np.ones((3, 3)), np.ones(3)), "DataError", "panel volume: has not two dimensions"),
        (lambda: ind.sma([object()], 3), "DataError", "column close"),
        (lambda: ind.Sma(3).__setstate__([1.0]), "DataError", "same parameters"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call, error, words):
    with pytest.raises(getattr(_core, error), match=words):
        call()


def formula_value(formula, values):
    """Work out a formula as it is printed, such as ``max(period − 1, ⌊period ÷ 2⌋ + 1)``."""
    whole = formula.split(";")[0].removesuffix(" at the earliest")
    text = re.sub(r"⌊√(\w+)⌋", r"isqrt(\1)", whole)
    text = re.sub(r"⌊([^⌋]*) ÷ ([^⌋]*)⌋", r"((\1) // (\2))", text)
    text = text.translate(str.maketrans("−×·", "-**"))
    return eval(text, {"max": max, "min": min, "isqrt": math.isqrt}, values)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_list_describes_what_there_is(name):
    entry = ENTRIES[name]
    series = bars(600)
    columns = columns_of(entry, series)
    result = getattr(ind, name)(*columns)
    by_name = getattr(ind, name)(**dict(zip(entry.inputs, columns, strict=True)), **entry.defaults)
    rows = as_rows(result)
    assert np.array_equal(rows, as_rows(by_name), equal_nan=True)
    assert rows.shape == (600, len(entry.outputs))
    assert isinstance(result, tuple) == (len(entry.outputs) > 1)
    assert not isinstance(result, tuple) or result._fields == entry.outputs
    streaming = getattr(ind, entry.class_name)()
    assert streaming.parameters == entry.defaults
    assert streaming.lookback == entry.lookback
    if name not in ("kst", "zigzag"):  # one is a maximum over four sums, the other depends on the prices
        assert entry.lookback == formula_value(entry.first_row, entry.defaults)
    # The first full value may be unknown for a reason of its own (no volume yet), but none comes sooner.
    assert np.isnan(rows[: entry.lookback]).any(axis=1).all()
    assert getattr(ind, name).__doc__.startswith(f"{entry.title}.")
    assert name in dir(ind)


def test_the_stub_is_what_the_catalogue_asks_for():
    # `python -m tickwright._indicator_stubs` writes it.
    assert _indicator_stubs.STUB.read_text(encoding="utf-8") == _indicator_stubs.text()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ind.atr([1.0], [1.0]), r"close is missing; it is atr\(high, low, close, period=14\)"),
        (lambda: ind.ema([1.0], 3, 4), "3 arguments are given and 2 are taken"),
        (lambda: ind.ema([1.0], length=3), "no argument is named length"),
        (lambda: ind.ema([1.0], 3, period=3), "period is given twice"),
        (lambda: ind.ema([1.0], "3"), "period: 3 is no whole number"),
        (lambda: ind.ema([1.0], True), "period: True is no whole number"),
        (lambda: ind.Ema([1.0]), r"period: \[1.0\] is no whole number"),
        (lambda: ind.Atr(14).update(1.0), "update"),
        (lambda: ind.Ema(14).update(1.0, 2.0), "update"),
        (lambda: ind.Ema(14).update("x"), "str"),
        (lambda: ind.Atr(14).extend([1.0]), "atr takes high, low, close and not 1 inputs"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(call, words):
    with pytest.raises(TypeError, match=words):
        call()


def test_what_is_not_there_is_named():
    with pytest.raises(AttributeError, match="no indicator 'emma'"):
        ind.emma  # noqa: B018
    with pytest.raises(ValueError, match="axis"):
        ind.ema(np.ones((2, 2)), 1, axis=2)


def test_state_is_saved_and_put_back():
    first, second = ind.Macd(3, 6, 4), ind.Macd(3, 6, 4)
    first.extend(bars()["close"])
    second.restore(first.state())
    assert second.update(101.0) == first.update(101.0)
    with pytest.raises(_core.DataError, match="same parameters"):
        ind.Macd(3, 7, 4).restore(ind.Bollinger(5).state())


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("series", [1, 3, 21, 37])
def test_a_panel_gives_what_each_series_gives_alone(name, series):
    entry = ENTRIES[name]
    many = [bars(300, seed) for seed in range(series)]
    if series == 21:
        many[10]["close"][100] = np.nan
    panels = [np.stack(column) for column in zip(*(columns_of(entry, one) for one in many), strict=True)]
    across = as_lines(getattr(ind, name)(*panels, **small(entry)))
    down = as_lines(getattr(ind, name)(*(p.T for p in panels), **small(entry), axis=0))
    for i, one in enumerate(many):
        alone = as_lines(getattr(ind, name)(*columns_of(entry, one), **small(entry)))
        for line, (a, d) in enumerate(zip(across, down, strict=True)):
            assert np.array_equal(a[i], alone[line], equal_nan=True)
            assert np.array_equal(d[:, i], alone[line], equal_nan=True)


@pytest.mark.parametrize("name", ["ema", "rsi", "macd", "atr", "cdlhammer"])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_results_go_into_the_arrays_that_are_given(name, axis):
    columns = columns_of(ENTRIES[name], bars(300, 5))
    if axis is not None:
        columns = [np.stack([c, c[::-1], c], axis=1 - axis) for c in columns]
    options = {} if axis is None else {"axis": axis}
    fresh = as_lines(getattr(ind, name)(*columns, **options))
    several = len(fresh) > 1
    arrays = tuple(np.full(columns[0].shape, 7.0) for _ in fresh)
    given = getattr(ind, name)(*columns, **options, out=arrays if several else arrays[0])
    assert all(a is b for a, b in zip(as_lines(given), arrays, strict=True))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(arrays, fresh, strict=True))


def test_arrays_that_cannot_take_results_are_refused():
    x, panel = np.ones(50), np.ones((4, 50))
    read_only = np.ones(50)
    read_only.setflags(write=False)
    for out, why in [
        (np.ones(49), "does not fit"),
        (np.ones(50, np.float32), "does not fit"),
        (np.ones(100)[::2], "does not fit"),
        ([0.0] * 50, "does not fit"),
        (panel, "does not fit"),
        ((x.copy(), x.copy()), "holds 2 arrays; give 1, for ema"),
        (read_only, "read-only"),
        (x, "shares its memory"),
    ]:
        with pytest.raises(_core.DataError, match=why):
            ind.ema(x, 3, out=out)
    with pytest.raises(_core.DataError, match="shares its memory"):
        ind.ema(panel, 3, out=panel)
    same = np.ones(50)
    with pytest.raises(_core.DataError, match="shares its memory"):
        ind.macd(x, out=(same, same, same))
    assert (x == 1).all()
    assert (panel == 1).all()


def test_an_empty_panel_stays_empty():
    assert ind.ema(np.empty((0, 5)), 3).shape == (0, 5)
    assert ind.ema(np.empty((5, 0)), 3, axis=0).shape == (5, 0)


# ---- sets -----------------------------------------------------------------------------------------------------------


def every_of_a_bar():
    return {name: (name, small(e)) for name, e in ENTRIES.items() if set(e.inputs) <= set(bars(1))}


def test_a_set_gives_what_each_indicator_gives_alone():
    members = every_of_a_bar()
    indicators = ind.IndicatorSet(members, ["AAPL", "MSFT"])
    assert set(indicators.inputs) <= set(bars(1))
    series = bars(150)
    rows = np.column_stack([series[name] for name in indicators.inputs])
    alone = np.column_stack(
        [as_rows(getattr(ind, n)(*columns_of(ENTRIES[n], series), **p)) for n, p in members.values()]
    )
    for i, row in enumerate(rows.tolist()):
        match i % 4:
            case 0:
                indicators.update("MSFT", tuple(row))
            case 1:
                indicators.update(1, **dict(zip(indicators.inputs, row, strict=True)))
            case 2:
                indicators.update(1, rows[i])
            case _:
                indicators.update_all(np.stack([np.full(len(indicators.inputs), np.nan), rows[i]]))
        assert np.array_equal(indicators.row("MSFT"), alone[i], equal_nan=True)
    assert np.isnan(indicators.values[0]).all()
    assert np.array_equal(indicators.values[1], alone[-1], equal_nan=True)
    assert indicators.value("MSFT", "sma") == indicators.values[1][indicators.columns.index("sma")]
    columns = indicators.extend("AAPL", **{name: series[name] for name in indicators.inputs})
    assert np.array_equal(np.column_stack([columns[c] for c in indicators.columns]), alone, equal_nan=True)
    twin = pickle.loads(pickle.dumps(indicators))
    assert repr(twin) == repr(indicators)
    assert np.array_equal(twin.values, indicators.values, equal_nan=True)
    for one in (twin, indicators):
        one.update_all(rows[:2])
    assert np.array_equal(twin.values, indicators.values, equal_nan=True)
    indicators.reset("AAPL")
    assert np.isnan(indicators.values[0]).all()
    assert not np.isnan(indicators.values[1]).all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda s: s.update("TSLA", close=1.0), KeyError, "TSLA"),
        (lambda s: s.update(-1, close=1.0), KeyError, "count from 0"),
        (lambda s: s.update(9, close=1.0), _core.DataError, "no symbol 9"),
        (lambda s: s.update(0, high=1.0), TypeError, "close is missing; the set reads close"),
        (lambda s: s.update(0, (1.0, 2.0)), _core.DataError, "2 values where the set reads 1"),
        (lambda s: s.update_all([[1.0]] * 3), _core.DataError, r"shape \[3, 1\]"),
        (lambda s: s.extend(0, close=[1.0], high=[1.0]), TypeError, "2 columns"),
        (lambda s: s.value(0, "b"), KeyError, "there are a"),
        (lambda s: s.restore(([], [])), _core.DataError, "does not fit"),
        (lambda s: ind.IndicatorSet({}), _core.ConfigError, "empty"),
        (lambda s: ind.IndicatorSet({"a": ("emma", 3)}), _core.ConfigError, "emma"),
        (lambda s: ind.IndicatorSet({"a": 3}), TypeError, "give the indicator's name"),
        (lambda s: ind.IndicatorSet({"a": ("ema", 0)}), _core.ConfigError, "period"),
        (lambda s: ind.IndicatorSet({"a": "ema"}, ["X", "X"]), _core.ConfigError, "twice"),
    ],
)
def test_what_does_not_fit_a_set_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(ind.IndicatorSet({"a": ("ema", 3)}, ["AAPL", "MSFT"]))


def test_other_threads_run_while_a_batch_does():
    close = np.random.default_rng(0).normal(100, 1, 4_000_000)
    ticks, done = 0, threading.Event()

    def work():
        ind.bollinger(close, 500)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not done.is_set():
        ticks += 1
    worker.join()
    assert ticks > 100


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")) | st.just(float("inf")), max_size=120), st.integers(1, 12))
def test_missing_rows_are_skipped_wherever_they_stand(values, period):
    x = np.array(values, dtype=float)
    whole = np.isfinite(x)
    for function in (ind.sma, ind.ema, ind.rma, ind.rsi):
        result = function(x, period)
        assert np.isnan(result[~whole]).all()
        assert np.array_equal(result[whole], function(x[whole], period), equal_nan=True)
