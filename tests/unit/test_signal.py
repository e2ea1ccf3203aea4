import copy
import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwright import indicators
from tickwright import signal as s
from tickwright.errors import ConfigError

periods = st.integers(1, 500)
finite = st.floats(allow_nan=False, allow_infinity=False)
leaves = st.sampled_from([getattr(s, name) for name in s.SOURCES]) | finite.map(s.constant)


def _numbers(inner):
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda p: p[0] + p[1]),
        pair.map(lambda p: p[0] - p[1]),
        pair.map(lambda p: p[0] * p[1]),
        pair.map(lambda p: p[0] / p[1]),
        pair.map(lambda p: s.minimum(*p)),
        pair.map(lambda p: s.maximum(*p)),
        inner.map(lambda x: -x),
        inner.map(s.abs),
        *(st.tuples(inner, periods).map(lambda p, f=f: f(*p)) for f in (s.sma, s.ema, s.rma, s.rsi, s.lag)),
        st.tuples(inner, periods, periods, periods, st.integers(0, 2)).map(
            lambda p: s.macd(p[0], p[1], p[1] + p[2], p[3])[p[4]]
        ),
        st.tuples(inner, st.integers(2, 99), st.floats(0.1, 9), st.integers(0, 2)).map(
            lambda p: s.bollinger(*p[:3])[p[3]]
        ),
        periods.map(s.atr),
        st.tuples(periods, st.integers(0, 2)).map(lambda p: s.donchian(p[0])[p[1]]),
        st.sampled_from([s.vwap(), s.obv()]),
    )


numbers = st.recursive(leaves, _numbers, max_leaves=12)
comparisons = st.tuples(numbers, numbers, st.sampled_from(["gt", "lt", "ge", "le", "cross_above", "cross_below"])).map(
    lambda p: s.Node(p[2], p[:2])
)
conditions = st.recursive(
    comparisons,
    lambda c: st.one_of(
        st.tuples(c, c).map(lambda p: p[0] & p[1]), st.tuples(c, c).map(lambda p: p[0] | p[1]), c.map(lambda x: ~x)
    ),
    max_leaves=6,
)


@given(numbers | conditions)
def test_the_text_of_an_expression_reads_back_as_the_same_expression(node):
    assert s.parse(str(node)) is node


@given(st.lists(numbers | conditions, min_size=1, max_size=4))
def test_a_compiled_graph_has_inputs_first_no_entry_twice_and_holds_every_expression(nodes):
    graph = s.compile(nodes)
    built = []
    for i, (op, args, params) in enumerate(graph.nodes):
        assert all(a < i for a in args)
        built.append(s.Node(op, tuple(built[a] for a in args), tuple(params)))
    assert len(set(built)) == len(built)
    assert [built[i] for i in graph.outputs] == nodes


@given(st.text(alphabet="close opn(),.<>&|~+-*/=123e'\"#\n\\ é_[]:{}", max_size=40))
def test_any_text_is_an_expression_or_a_clear_error(text):
    try:
        node = s.parse(text)
    except ConfigError as error:
        message = str(error)
    else:
        message = f"signal: {node}"
    assert message.startswith("signal: ")


@given(numbers)
def test_equal_expressions_are_one_object_also_through_pickle_and_copy(node):
    assert pickle.loads(pickle.dumps(node)) is node
    assert copy.deepcopy(node) is node


def test_shared_parts_are_compiled_once():
    fast, slow = s.ema(s.close, 10), s.ema(s.close, 30)
    graph = s.compile([s.cross_above(fast, slow), s.cross_below(fast, slow)])
    assert graph.nodes == [
        ("source:close", [], []),
        ("ema", [0], [10.0]),
        ("ema", [0], [30.0]),
        ("cross_above", [1, 2], []),
        ("cross_below", [1, 2], []),
    ]
    assert graph.outputs == [3, 4]


def test_a_graph_that_shares_a_part_a_million_times_compiles_at_once():
    node = s.close
    for _ in range(1_000):
        node = node + node
    assert len(s.compile([node]).nodes) == 1_001
    assert "operations" in repr(node)


@pytest.mark.parametrize(
    "make",
    [
        lambda: (s.close > 1) and (s.open > 1),
        lambda: (s.close > 1) or (s.open > 1),
        lambda: not (s.close > 1),
        lambda: s.low < s.close < s.high,
        lambda: bool(s.close),
    ],
)
def test_a_truth_value_is_refused_with_the_operators_to_use(make):
    with pytest.raises(ConfigError, match=r"`&` for and, `\|` for or, `~` for not") as caught:
        make()
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: s.close > s.open & s.high > s.low, "put comparisons in parentheses"),
        (lambda: ~s.close, "put comparisons in parentheses"),
        (lambda: (s.close > 1) & 1, "joins conditions, not 1"),
        (lambda: (s.close == 1) & (s.close > 1), "compare whole expressions"),
        (lambda: s.sma(s.close, 0), "whole number from 1"),
        (lambda: s.sma(s.close, 2.5), "period is 2.5"),
        (lambda: s.sma(s.close, True), "whole number"),
        (lambda: s.sma(s.close, float("nan")), "whole number"),
        (lambda: s.sma(s.close, s.open), "period is `open`"),
        (lambda: s.macd(s.close, 26, 12), "fast 26 is not below slow 12"),
        (lambda: s.bollinger(s.close, 20, -1), "above 0"),
        (lambda: s.close + float("inf"), "not finite"),
        (lambda: s.close + 10**400, "not finite"),
        (lambda: s.close + "1", "no number or signal"),
        (lambda: s.compile([True]), "no signal"),
    ],
)
def test_what_cannot_mean_anything_is_refused_with_the_reason(make, message):
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        make()


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("colse > 3", 1, "did you mean `close`"),
        ("close > opne", 9, "did you mean `open`"),
        ("close >", 8, "invalid syntax"),
        ("1 < close < 3", 1, "chained comparison"),
        ("close == 3", 1, "only `>`, `<`, `>=` and `<=`"),
        ("close > open & high > low", 9, "parentheses"),
        ("macd(close) > 0", 1, "choose one with `.macd`"),
        ("macd(close).sig > 0", 1, "no line `.sig`"),
        ("sma(close) > 0", 1, "sma(x, period)"),
        ("smaa(close, 3) > 0", 1, "did you mean `sma`"),
        ("close.real", 1, "no meaning here"),
        ("sma > 0", 1, "is a function"),
        ("close ** 2", 1, "only + - * / & |"),
        ("close[0]", 1, "an index is not part"),
        ("__import__('os').system('true')", 1, "only the functions"),
        ("close if close > 1 else open", 1, "`if` is not part"),
        ("'close'", 1, "no number"),
        ("True", 1, "no number"),
        ("1e999", 1, "not finite"),
        ("close > 1 # above", 11, "comment"),
        (")(", 1, "unmatched"),
    ],
)
def test_an_error_in_text_names_the_column_and_the_remedy(text, column, message):
    with pytest.raises(ConfigError) as caught:
        s.parse(text, where="rules.toml: entry")
    assert str(caught.value).startswith(f"rules.toml: entry: column {column}: ")
    assert message in str(caught.value)
    assert str(caught.value).splitlines()[-1] == "    " + " " * (column - 1) + "^"


def test_an_error_on_a_later_line_names_line_and_column_also_after_letters_of_several_bytes():
    with pytest.raises(ConfigError, match="line 2, column 9"):
        s.parse("close >\n  low + opne")
    with pytest.raises(ConfigError, match=r"line 1, column 8: unknown name `é`"):
        s.parse("close+(é\n + opne)")


@pytest.mark.parametrize(
    "text", ["", "  \n", "(" * 500 + "1" + ")" * 500, "1" + "+1" * 9_000, "close\x00", "close + " * 5_000 + "close"]
)
def test_hopeless_text_is_refused_without_a_crash(text):
    with pytest.raises(ConfigError):
        s.parse(text)


def test_text_may_say_and_or_not_and_use_names_for_parts_and_periods():
    names = {"fast": s.ema(s.close, 5), "n": s.constant(20)}
    assert s.parse("not fast > sma(close, n) and volume > 0 or position < 0", names) is (
        (~(s.ema(s.close, 5) > s.sma(s.close, 20))) & (s.volume > 0)
    ) | (s.position < 0)


def test_a_signal_cannot_be_changed():
    with pytest.raises(AttributeError, match="immutable"):
        s.close.op = "source:open"
    with pytest.raises(AttributeError, match="immutable"):
        del s.close.op


def every_indicator():
    """Lines of every indicator of the catalogue, written with as few arguments as its function takes."""
    for entry in indicators.list():
        function = s.functions()[entry.name]
        required = [
            p.name for p in inspect.signature(function).parameters.values() if p.default is inspect.Parameter.empty
        ]
        made = function(*(s.lag(s.close, i + 1) if name in entry.inputs else 5 for i, name in enumerate(required)))
        yield entry, made if isinstance(made, tuple) else (made,)


def test_every_indicator_of_the_catalogue_is_a_function_whose_text_reads_back():
    for entry, lines in every_indicator():
        assert len(lines) == len(entry.outputs)
        for line in lines:
            assert s.parse(str(line)) is line, entry.name
        assert getattr(s, entry.name) is s.functions()[entry.name] or entry.name in s.RESERVED


def test_bar_columns_are_implied_or_named():
    assert s.roc(s.high, 5).args == (s.high,)
    assert s.momentum(s.close, period=4) is s.parse("momentum(close, 4)")
    with pytest.raises(TypeError, match="lacks close"):
        s.roc(period=5)
    with pytest.raises(TypeError, match="no argument 'length'"):
        s.roc(s.close, length=5)
    with pytest.raises(ConfigError, match=r"roc: period is 2\.5; give a whole number"):
        s.roc(s.close, 2.5)
    with pytest.raises(AttributeError, match="no attribute 'emma'"):
        s.emma  # noqa: B018
