import sys

import pytest

from tickwright.errors import ConfigError, StrategyError
from tickwright.loader import load_strategies, parse_params
from tickwright.rules import Rules

HEAD = "from tickwright.strategy import Strategy\n"
RULES = "import tickwright.signal as s\nfrom tickwright.rules import Rules\nr = Rules(entry=s.close > s.open)\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_the_one_class_of_a_file_is_made(file):
    (made,) = load_strategies(file(HEAD + "class Mine(Strategy):\n    pass\n"))
    assert type(made).__name__ == "Mine"


def test_imported_classes_do_not_count_and_siblings_can_be_imported(file):
    file(HEAD + "class Shared(Strategy):\n    pass\n", "shared_strategies.py")
    before = list(sys.path)
    (made,) = load_strategies(file("from shared_strategies import Shared\nclass Mine(Shared):\n    pass\n"))
    sys.modules.pop("shared_strategies")
    assert type(made).__name__ == "Mine"
    assert sys.path == before


@pytest.mark.parametrize(
    "offer", ["strategy = r", "strategies = [r]", "def make():\n    return r", "def make():\n    return [r]"]
)
def test_an_object_a_list_or_a_function_is_taken(file, offer):
    (made,) = load_strategies(file(RULES + offer + "\n"))
    assert isinstance(made, Rules)


def test_two_files_of_one_name_are_two_modules(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text(HEAD + f"class Mine(Strategy):\n    where = {folder!r}\n")
    assert [load_strategies(str(tmp_path / f / "m.py"))[0].where for f in ("a", "b")] == ["a", "b"]


def test_parameters_reach_constructor_class_attributes_and_make(file):
    path = file(
        HEAD
        + "class A(Strategy):\n    def __init__(self, fast):\n        super().__init__()\n        self.fast = fast\n"
    )
    assert load_strategies(path, {"fast": 3})[0].fast == 3
    path = file(HEAD + "class B(Strategy):\n    fast = 1\n", "b.py")
    assert load_strategies(path, {"fast": 3})[0].fast == 3
    path = file(
        HEAD + "class C(Strategy):\n    fast = 1\ndef make(n):\n    c = C()\n    c.fast = n\n    return c\n", "c.py"
    )
    assert load_strategies(path, {"n": 3})[0].fast == 3


@pytest.mark.parametrize(
    ("text", "suffix", "kind", "message"),
    [
        ("def broken(:\n", "", StrategyError, "mine.py:1: the strategy is not valid Python"),
        (
            "x = 1\n\n1 / 0\n",
            "",
            StrategyError,
            "mine.py:3: the strategy file failed while it was loaded: ZeroDivisionError",
        ),
        ("import sys\nsys.exit(3)\n", "", StrategyError, "mine.py:2: the strategy file failed"),
        ("x = 1\n", "", StrategyError, "holds no strategy; define"),
        (
            HEAD + "class A(Strategy): pass\nclass B(Strategy): pass\n",
            "",
            StrategyError,
            "several strategies (A, B); choose one with",
        ),
        (HEAD + "class Abc(Strategy): pass\n", ":Acb", StrategyError, "did you mean 'Abc'"),
        ("strategy = 3\n", "", StrategyError, "is int, not a strategy"),
        ("strategies = []\n", "", StrategyError, "the list is empty"),
        ("def make():\n    return None\n", "", StrategyError, "is NoneType, not a strategy"),
        ("def make(n):\n    return None\n", "", ConfigError, "give it with `--param n=VALUE`"),
        (
            HEAD + "class A(Strategy):\n    def __init__(self):\n        raise KeyError('x')\n",
            "",
            StrategyError,
            "failed while it was made: KeyError",
        ),
    ],
)
def test_a_file_without_a_usable_strategy_is_refused_with_place_and_remedy(file, text, suffix, kind, message):
    with pytest.raises(kind) as caught:
        load_strategies(file(text) + suffix)
    assert message in str(caught.value)


def test_an_unknown_parameter_is_refused_with_the_known_ones(file):
    path = file(HEAD + "class A(Strategy):\n    def __init__(self, fast=1, slow=2):\n        super().__init__()\n")
    with pytest.raises(ConfigError, match="did you mean 'fast'"):
        load_strategies(path, {"fats": 1})
    with pytest.raises(ConfigError, match="an object already made"):
        load_strategies(file(RULES + "strategy = r\n", "r.py"), {"n": 1})


@pytest.mark.parametrize(
    ("spec", "kind", "message"),
    [
        ("nowhere.py", StrategyError, "not there"),
        ("nowhere.toml", StrategyError, "not there"),
        ("x.txt", ConfigError, "neither a .py nor a .toml"),
    ],
)
def test_a_spec_that_names_no_file_is_refused(spec, kind, message):
    with pytest.raises(kind, match=message):
        load_strategies(spec)


def test_parameters_are_literals_where_they_can_be():
    assert parse_params(["a=1", "b=2.5", "c=true", "d=BAC", "e=[1, 2]", "f=x=y"]) == {
        "a": 1,
        "b": 2.5,
        "c": True,
        "d": "BAC",
        "e": [1, 2],
        "f": "x=y",
    }


@pytest.mark.parametrize("pairs", [["a"], ["=1"], ["a b=1"], ["a=1", "a=2"]])
def test_a_parameter_that_is_no_pair_is_refused(pairs):
    with pytest.raises(ConfigError, match="--param"):
        parse_params(pairs)
