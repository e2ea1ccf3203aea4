"""What Python sees of the indicators: arguments, kinds of input, named results, streaming, pickling, errors."""

import copy
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwright import _core
from tickwright import indicators as ind

STREAMING = {
    "sma": lambda: ind.Sma(5),
    "ema": lambda: ind.Ema(5),
    "rma": lambda: ind.Rma(5),
    "rsi": lambda: ind.Rsi(5),
    "macd": lambda: ind.Macd(3, 6, 4),
    "bollinger": lambda: ind.Bollinger(5, 2.5),
    "atr": lambda: ind.Atr(5),
    "vwap": ind.Vwap,
    "obv": ind.Obv,
    "donchian": lambda: ind.Donchian(5),
}
INPUTS = {entry.name: entry.inputs for entry in ind.list()}


def bars(n=200, seed=0):
    r = np.random.default_rng(seed)
    close = 100 + r.normal(0, 1, n).cumsum()
    return {"high": close + 0.5, "low": close - 0.5, "close": close, "volume": r.integers(0, 100, n).astype(float)}


def as_rows(result):
    return np.column_stack(result) if isinstance(result, tuple) else np.asarray(result)[:, None]


@pytest.mark.parametrize("name", STREAMING)
def test_streaming_equals_batch_to_the_last_bit(name):
    columns = [bars()[c] for c in INPUTS[name]]
    stream = STREAMING[name]()
    rows = np.array([np.atleast_1d(stream.update(*row)) for row in zip(*columns, strict=True)])
    batch = as_rows(STREAMING[name]().extend(*columns))
    assert rows.tobytes() == batch.tobytes() or np.array_equal(rows, batch, equal_nan=True)
    assert stream.ready
    assert np.array_equal(np.atleast_1d(stream.value), batch[-1])


@pytest.mark.parametrize("name", STREAMING)
@pytest.mark.parametrize("cut", [0, 3, 37, 101])
def test_a_pickled_indicator_goes_on_as_the_original(name, cut):
    columns = [bars()[c] for c in INPUTS[name]]
    original = STREAMING[name]()
    original.extend(*(c[:cut] for c in columns))
    for twin in (pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):
        assert repr(twin) == repr(original)
        expected = copy.copy(original).extend(*(c[cut:] for c in columns))
        assert np.array_equal(as_rows(twin.extend(*(c[cut:] for c in columns))), as_rows(expected), equal_nan=True)


@pytest.mark.parametrize("name", STREAMING)
def test_reset_forgets_everything_but_the_parameters(name):
    columns = [bars()[c] for c in INPUTS[name]]
    indicator = STREAMING[name]()
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
    assert type(bands) is ind.Channel
    assert bands._fields == ("upper", "middle", "lower")
    upper, middle, lower = bands
    assert (upper[19:] >= middle[19:]).all()
    assert (middle[19:] >= lower[19:]).all()
    assert type(ind.Macd().update(1.0)) is ind.MacdValue
    assert pickle.loads(pickle.dumps(ind.Donchian(1).update(2.0, 1.0))) == ind.Channel(2.0, 1.5, 1.0)


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
        (lambda: ind.sma(np.ones((3, 3)), 3), "DataError", "2 dimensions"),
        (lambda: ind.sma([object()], 3), "DataError", "column close"),
        (lambda: ind.Sma(3).__setstate__([1.0]), "DataError", "same parameters"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call, error, words):
    with pytest.raises(getattr(_core, error), match=words):
        call()


def test_the_list_describes_what_there_is():
    entries = ind.list()
    assert len(entries) == len(STREAMING)
    for entry in entries:
        streaming = getattr(ind, entry.name.capitalize())(**entry.parameters)
        columns = [bars()[c] for c in entry.inputs]
        result = as_rows(getattr(ind, entry.name)(*columns, **entry.parameters))
        first = eval(entry.first_row, {}, dict(entry.parameters))
        assert result.shape == (200, len(entry.outputs))
        assert np.isnan(result[:first]).all(), entry
        assert not np.isnan(result[first:]).any(), entry
        assert np.array_equal(as_rows(streaming.extend(*columns)), result, equal_nan=True)


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
