"""Averages, momentum and statistics against the files of Lean and of Stock.Indicators: others' values on real prices.

A row agrees when it is within 1e-6 of the reference, or within half a unit of the last digit that it prints. But:

- Where a file seeds a recursion otherwise, rows are compared from where the difference has decayed (the number after
  the column). Both files seed Wilder's sums with `period` moves, TA-Lib and we with `period - 1`; Lean seeds its EMA
  with one value.
- Lean's CCI, ADX and stochastics were made from prices with more digits than their files print: `SLACK`, in the
  units of the value.
- Of equal highs or lows Stock.Indicators' Aroon takes the earliest, TA-Lib and we the latest: `TIES`, the rows where
  it matters.
- Stock.Indicators' ADXR averages with the ADX of `period` rows ago, TA-Lib and we with that of `period - 1`: it is
  checked from ADX.
"""

import csv
import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.oracle.indicator_outputs import outputs
from tests.oracle.talib_pairs import spy_502

Find = Callable[[str], Path]


def half_digit(text: str) -> float:
    """Return half a unit of the last printed digit."""
    exponent = Decimal(text).as_tuple().exponent
    assert isinstance(exponent, int)
    return 0.5 * 10.0**exponent


def lean(find: Find, name: str) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Return prices by lower-case name, and every column as text."""
    with gzip.open(find(f"lean/indicators/{name}"), "rt") as lines:
        rows = list(csv.DictReader(lines))
    texts = {key.strip(): [(row[key] or "").strip() for row in rows] for key in rows[0] if key}
    prices = ("open", "high", "low", "close", "volume")
    return {k.lower(): np.array([float(t) for t in v]) for k, v in texts.items() if k.lower() in prices}, texts


# Made from prices with more digits than printed: how far apart the values may be.
SLACK = {
    "Commodity Channel Index (CCI) 14": 3e-3,
    "Stochastics 12 %K 3": 5e-4,
    "%D 5": 5e-4,
    "ADX 14": 2e-4,
}
# Rows where the highest or lowest value stands twice in the window.
TIES = {"aroonDown": 1, "aroonUp": 1, "oscillator": 2}


def agree(got: np.ndarray, texts: list[str], label: str, first: int = 0, slack: float = 1e-9, ties: int = 0) -> None:
    """Check every row from `first` on that the reference has, but for `ties`; print the share."""
    rows = [i for i, text in enumerate(texts) if text not in ("", "NaN") and i >= first]
    assert len(rows) > 50, f"{label}: the reference has no rows"
    wrong = []
    for i in rows:
        wanted = float(texts[i])
        if not abs(got[i] - wanted) <= max(1e-6 * abs(wanted), 1.01 * half_digit(texts[i]), slack):
            wrong.append((i, got[i], wanted))
    print(f"{label}: {len(rows) - len(wrong)} of {len(rows)} rows" + (f" from row {first}" if first else ""))
    assert len(wrong) == ties, f"{label}: {len(wrong)} of {len(rows)} rows differ, first {wrong[:3]}"


LEAN = [
    ("spy_aroon_oscillator.txt.gz", "aroonosc", ["high", "low"], [14], 0, "Aroon Oscillator 14", 0),
    ("spy_dema.txt.gz", "dema", ["close"], [5], 0, "DEMA_5", 60),
    ("spy_kama.txt.gz", "kama", ["close"], [5], 0, "KAMA_5", 40),
    ("spy_trix.txt.gz", "trix", ["close"], [5], 0, "TRIX_5", 80),
    ("spy_tsi.csv.gz", "tsi", ["close"], [25, 13, 7], 0, "TSI_25_13", 300),
    ("spy_tsi.csv.gz", "tsi", ["close"], [25, 13, 7], 1, "Signal_7", 300),
    ("spy_ultosc.txt.gz", "ultosc", ["high", "low", "close"], [7, 14, 28], 0, "ULTOSC_7_14_28", 0),
    ("spy_var.txt.gz", "variance", ["close"], [10], 0, "Var", 0),
    ("spy_with_adx.txt.gz", "adx", ["high", "low", "close"], [14], 0, "ADX 14", 220),
    ("spy_with_cci.txt.gz", "cci", ["high", "low", "close"], [14], 0, "Commodity Channel Index (CCI) 14", 0),
    ("spy_with_stoch12k3.txt.gz", "stoch", ["high", "low", "close"], [12, 3, 5], 0, "Stochastics 12 %K 3", 17),
    ("spy_with_stoch12k3.txt.gz", "stoch", ["high", "low", "close"], [12, 3, 5], 1, "%D 5", 17),
    ("spy_with_StochRSI.csv.gz", "stochrsi", ["close"], [14, 14, 3], 1, "k", 250),
    ("spy_with_vwma.csv.gz", "vwma", ["close", "volume"], [20], 0, "VWMA20", 0),
]


@pytest.mark.parametrize("case", LEAN, ids=[f"{case[1]}-{case[5]}" for case in LEAN])
def test_every_row_of_leans_files_agrees(
    case: tuple[str, str, list[str], list[float], int, str, int], data_file: Find
) -> None:
    file, name, inputs, parameters, output, column, first = case
    prices, texts = lean(data_file, file)
    got = outputs(name, [prices[i] for i in inputs], parameters)[output]
    agree(got, texts[column], f"{name} against Lean's {file} {column}", first, SLACK.get(column, 1e-9))


STOCK = [
    ("dema", "dema", ["close"], [14], 0, "dema", 120),
    ("vwma", "vwma", ["close", "volume"], [14], 0, "vwma", 0),
    ("kama", "kama", ["close"], [10], 0, "kama", 10),
    ("trix", "trix", ["close"], [14], 0, "trix", 200),
    ("tsi", "tsi", ["close"], [25, 13, 7], 0, "tsi", 0),
    ("tsi", "tsi", ["close"], [25, 13, 7], 1, "signal", 0),
    ("uo", "ultosc", ["high", "low", "close"], [7, 14, 28], 0, "ultimate", 0),
    ("cci", "cci", ["high", "low", "close"], [20], 0, "cci", 0),
    ("aroon", "aroon", ["high", "low"], [25], 0, "aroonDown", 0),
    ("aroon", "aroon", ["high", "low"], [25], 1, "aroonUp", 0),
    ("aroon", "aroonosc", ["high", "low"], [25], 0, "oscillator", 0),
    ("adx", "adx", ["high", "low", "close"], [14], 0, "adx", 200),
    ("adx", "plus_di", ["high", "low", "close"], [14], 0, "pdi", 200),
    ("adx", "minus_di", ["high", "low", "close"], [14], 0, "mdi", 200),
    ("adx", "dx", ["high", "low", "close"], [14], 0, "dx", 200),
    ("stoch", "stoch", ["high", "low", "close"], [14, 3, 3], 0, "oscillator", 17),
    ("stoch", "stoch", ["high", "low", "close"], [14, 3, 3], 1, "signal", 0),
    ("stoch-rsi", "stochrsi", ["close"], [14, 14, 1], 0, "stochRsi", 0),
    ("stdev", "stddev", ["close"], [14], 0, "stdDev", 0),
    ("stdev", "zscore", ["close"], [14], 0, "zScore", 0),
]


@pytest.mark.parametrize("case", STOCK, ids=[f"{case[1]}-{case[5]}" for case in STOCK])
def test_every_row_of_stock_indicators_results_agrees(
    case: tuple[str, str, list[str], list[float], int, str, int], data_file: Find
) -> None:
    file, name, inputs, parameters, output, field, first = case
    series = spy_502(data_file)
    with gzip.open(data_file(f"skender/results/{file}.standard.json.gz"), "rt") as lines:
        rows = json.load(lines, parse_float=str, parse_int=str)
    texts = ["" if row.get(field) is None else str(row[field]) for row in rows]
    got = outputs(name, [series[i] for i in inputs], parameters)[output]
    ties = TIES.get(field, 0) if file == "aroon" else 0
    agree(got, texts, f"{name} against Stock.Indicators' {file} {field}", first, ties=ties)


def test_stock_indicators_rating_is_ours_with_its_own_lag(data_file: Find) -> None:
    series = spy_502(data_file)
    with gzip.open(data_file("skender/results/adx.standard.json.gz"), "rt") as lines:
        rows = json.load(lines, parse_float=str, parse_int=str)
    texts = ["" if row.get("adxr") is None else str(row["adxr"]) for row in rows]
    (index,) = outputs("adx", [series["high"], series["low"], series["close"]], [14])
    got = np.full(len(index), np.nan)
    got[14:] = (index[14:] + index[:-14]) / 2
    agree(got, texts, "(adx + adx[14]) / 2 against Stock.Indicators' adx adxr", 214)
