import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs import make_result
from tickwright.errors import OutputError
from tickwright.report import render, write_report
from tickwright.report.series import thin
from tickwright.report.statistics import STATISTICS, duration, shown

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{PLOTLY}}"
EVIL_SYMBOL = "</script><img/src=x/onerror=a()>"  # as long as a symbol may be


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.scripts, self.text = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.tags[-1:] == ["script"] and self.scripts:
            self.scripts[-1] += data
        self.text.append(data)


def figures(page):
    return json.loads(Page(page).scripts[0])


def test_the_page_holds_every_part_and_asks_nothing_of_the_network():
    result = make_result()
    page = render(result)
    parsed = Page(page)
    text = " ".join(parsed.text)
    for part in (
        "Equity",
        "Drawdown",
        "Price and fills",
        "Positions",
        "Statistics",
        "Refusals by reason",
        "Market data",
        "Orders",
        "Fills",
        result.digest,
    ):
        assert part in text
    assert not [v for k, v in parsed.attributes if k in ("src", "href")]
    assert set(figures(page)) == {"equity", "drawdown", "positions", "refusals-by-code", "price-0"}
    assert "sendChartToCloud" in parsed.scripts[2].split("modeBarButtonsToRemove")[1]
    assert "{{" not in page.split('<script type="application/json"')[0]


def test_names_from_the_run_can_become_neither_markup_nor_script():
    clean, evil = Page(render(make_result())), Page(render(make_result(strategy=EVIL, symbol=EVIL_SYMBOL)))
    assert evil.tags.count("script") == clean.tags.count("script") == 3
    assert "img" not in evil.tags
    assert not [k for k, _ in evil.attributes if k.startswith("on")]
    assert json.loads(evil.scripts[0])["price-0"]["traces"][1]["text"][0].endswith(EVIL)


def test_fills_stand_on_the_price_chart_at_their_time_and_price():
    buys, sells = figures(render(make_result(orders=4)))["price-0"]["traces"][1:]
    assert buys["x"] == ["2013-10-07T13:30:00.000", "2013-10-07T13:32:00.000"]
    assert (buys["y"], sells["y"]) == ([14.0, 14.02], [14.01, 14.03])


def test_positions_are_steps_from_zero_to_the_end_of_the_run():
    (line,) = figures(render(make_result(orders=3, minutes=60)))["positions"]["traces"]
    assert line["y"] == [0, 100, 0, 100, 100]
    assert line["x"][-1] == "2013-10-07T14:29:00.000"


def test_long_tables_are_cut_and_say_so_and_long_lines_are_thinned():
    page = render(make_result(minutes=30_000, orders=700), max_rows=20, max_points=1_000)
    assert "700 · first 20 shown" in page
    assert page.split("<summary>Fills")[1].split("</details>")[0].count("<tr>") == 21
    assert all(len(t["x"]) <= 1_000 for f in figures(page).values() for t in f["traces"])


@pytest.mark.parametrize(
    "shape",
    [
        {"orders": 0, "refused": 0},
        {"minutes": 1, "orders": 0, "refused": 0},
        {"minutes": 1, "orders": 1},
    ],
)
def test_a_run_of_one_event_or_without_orders_still_has_a_report(shape):
    assert "</html>" in render(make_result(**shape))


def test_the_bytes_depend_on_the_result_alone():
    assert render(make_result(wall_seconds=1.0)) == render(make_result(wall_seconds=2.0))


def test_the_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = write_report(make_result(), tmp_path / "new" / "report.html")
    before = target.read_bytes()
    result = make_result()
    result.__dict__["fills"] = None
    with pytest.raises(AttributeError):
        write_report(result, target)
    monkeypatch.setattr(
        "pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(OutputError, match="No space left"):
        write_report(make_result(), target)
    assert target.read_bytes() == before
    assert [p.name for p in target.parent.iterdir()] == ["report.html"]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), st.integers(4, 100))
def test_thinning_keeps_first_last_least_greatest_and_order_within_the_limit(values, most):
    array = np.asarray(values)
    keep = thin(array, most)
    assert len(keep) <= max(most, 4)
    assert (np.diff(keep) > 0).all()
    assert keep[0] == 0
    assert keep[-1] == len(values) - 1
    assert array[keep].max() == array.max()
    assert array[keep].min() == array.min()


def test_plotly_reads_no_tags_because_every_label_is_escaped_in_the_script():
    script = Page(render(make_result())).scripts[2]
    assert re.search(r"name: plain\(source\.name\)", script)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("net_pnl", -1234.5, "−1,234.50"),
        ("total_return", 0.12345, "12.35 %"),
        ("value_at_risk", -0.00012, "−0.0120 %"),
        ("max_drawdown", 0.0, "0.00 %"),
        ("periods_per_year", 98_280.0, "98,280"),
        ("sharpe", float("nan"), "–"),
        ("hit_rate", None, "–"),
        ("orders", 1_234_567, "1,234,567"),
        ("max_drawdown_duration_ns", 90_061 * 10**9, "1d 1h"),
    ],
)
def test_statistics_are_shown_as_a_reader_expects(key, value, text):
    assert shown(key, value) == text


def test_every_figure_of_a_run_has_a_label_a_unit_and_a_formula_in_the_runs_own_order():
    assert list(STATISTICS) == list(make_result().stats)
    labels = [what.label for what in STATISTICS.values()]
    assert len(set(labels)) == len(labels)
    assert all(what.label[0].isupper() and what.formula.endswith(".") for what in STATISTICS.values())


def test_every_figure_of_a_run_is_documented(root):
    text = (root / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert [name for name in STATISTICS if f"| `{name}` |" not in text] == []


def test_durations_have_two_units():
    assert [duration(ns) for ns in (0, 1.5e9, 61e9, 3_600e9, 86_400e9 * 3 + 60e9)] == [
        "0s",
        "1.5s",
        "1m 1s",
        "1h",
        "3d 1m",
    ]
