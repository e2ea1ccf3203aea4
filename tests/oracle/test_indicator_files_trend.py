"""Indicators of trend, volatility, volume and cycle against the files of Lean and of Stock.Indicators.

Files print few digits: a row agrees when it is within 1e-6 of the reference, or within half a unit of its last digit
(and of the prices it was made of, where those are rounded too).
"""

import numpy as np
import talib

from tests.oracle.bars_and_shares import Find, Floats, Table, run, share, skender_quotes, skender_results


def test_sarext_agrees_with_lean(data_file: Find) -> None:
    table = Table(data_file, "spy_sarext.txt")
    columns = table.bars().columns("hl")
    # Start, offset, then first, step and most: long, short.
    accelerations = (0.02, 0.01, 0.3, 0.03, 0.02, 0.4)
    cases = {
        "SAREXT": (),
        "SAREXT_PARAM1": (0.0, 0.0, *accelerations),
        "SAREXT_PARAM2": (100.0, 0.0, *accelerations),
        "SAREXT_PARAM3": (-95.0, 0.0, *accelerations),
        "SAREXT_PARAM4": (100.0, 0.02, *accelerations),
    }
    for column, parameters in cases.items():
        share(f"Lean sarext {column}", run("sarext", columns, *parameters)[0], table.numbers(column))
    share("Lean sar", run("sar", columns)[0], table.numbers("SAR"))


def test_heikin_ashi_agrees_with_lean_and_stock_indicators(data_file: Find) -> None:
    table = Table(data_file, "spy_heikin_ashi.txt")
    for name, ours in zip(
        ("Open", "High", "Low", "Close"), run("heikin_ashi", table.bars().columns("ohlc")), strict=True
    ):
        share(f"Lean heikin_ashi {name}", ours, table.numbers(f"HA_{name}"))
    results = skender_results(data_file, "heikinashi")
    for name, ours in zip(
        ("open", "high", "low", "close"), run("heikin_ashi", skender_quotes(data_file).columns("ohlc")), strict=True
    ):
        share(f"Stock.Indicators heikin_ashi {name}", ours, results[name])


def test_ichimoku_agrees_with_lean_and_stock_indicators(data_file: Find) -> None:
    table = Table(data_file, "spy_with_ichimoku.csv")
    ours = run("ichimoku", table.bars().columns("hl"))
    for name, values in zip(("Tenkan", "Kijun", "Senkou A", "Senkou B"), ours, strict=True):
        share(f"Lean ichimoku {name}", values, table.numbers(name))
    results = skender_results(data_file, "ichimoku")
    quotes = skender_quotes(data_file)
    for name, values in zip(
        ("tenkanSen", "kijunSen", "senkouSpanA", "senkouSpanB"), run("ichimoku", quotes.columns("hl")), strict=True
    ):
        share(f"Stock.Indicators ichimoku {name}", values, results[name])


def test_money_flow_index_agrees_with_lean_and_stock_indicators(data_file: Find) -> None:
    table = Table(data_file, "spy_mfi.txt")
    column = "Money Flow Index 20"
    # Volume is printed to seven digits.
    share(
        "Lean mfi",
        run("mfi", table.bars().columns("hlcv"), 20)[0],
        table.numbers(column),
        slack=1.01 * table.half_digits(column),
    )
    share(
        "Stock.Indicators mfi",
        run("mfi", skender_quotes(data_file).columns("hlcv"))[0],
        skender_results(data_file, "mfi")["mfi"],
    )


def test_bollinger_width_and_place_agree_with_lean_and_stock_indicators(data_file: Find) -> None:
    table = Table(data_file, "spy_bollinger_bands.txt")
    close = table.bars().close
    # Lean gives the width in percent.
    width, place = 100 * run("bollinger_width", [close])[0], run("percent_b", [close])[0]
    # It is made of bands that were rounded to four decimals before.
    rounded = 100 * 1e-4 / close.min()
    share(
        "Lean bollinger_width", width, table.numbers("BandWidth"), slack=1.01 * table.half_digits("BandWidth") + rounded
    )
    share("Lean percent_b", place, table.numbers("%B"), slack=1.01 * table.half_digits("%B") + 1e-4)
    results, close = skender_results(data_file, "bb"), skender_quotes(data_file).close
    share("Stock.Indicators bollinger_width", run("bollinger_width", [close])[0], results["width"])
    share("Stock.Indicators percent_b", run("percent_b", [close])[0], results["percentB"])


def test_keltner_agrees_with_stock_indicators(data_file: Find) -> None:
    results, quotes = skender_results(data_file, "keltner"), skender_quotes(data_file)
    names = ("upperBand", "centerline", "lowerBand")
    for name, ours in zip(names, run("keltner", quotes.columns("hlc"), 20, 2.0, 10), strict=True):
        share(f"Stock.Indicators keltner {name}", ours, results[name])


def mean(x: Floats, n: int) -> Floats:
    """Return simple averages over `n` rows, NaN before the first."""
    out = np.full(len(x), np.nan)
    out[n - 1 :] = np.convolve(x, np.ones(n) / n, "valid")
    return out


def test_leans_keltner_is_another_of_simple_averages(data_file: Find) -> None:
    """Lean averages the typical price simply; ours, as Stock.Indicators', is an exponential average of the close."""
    table = Table(data_file, "spy_with_keltner.csv")
    b = table.bars()
    middle = mean((b.high + b.low + b.close) / 3, 20)
    share(
        "Lean keltner middle, as a simple average",
        middle,
        table.numbers("Middle Band"),
        slack=1.01 * table.half_digits("Middle Band"),
    )
    ours = run("keltner", b.columns("hlc"), 20, 1.5, 20)[1]
    rows = ~np.isnan(ours)
    assert not np.allclose(ours[rows], table.numbers("Middle Band")[rows], rtol=1e-6)


def test_sar_agrees_with_stock_indicators_after_its_first_trends(data_file: Find) -> None:
    """Stock.Indicators guesses that the first trend is up and leaves it out; from the second reversal on both agree."""
    theirs = skender_results(data_file, "psar")["sar"]
    (ours,) = run("sar", skender_quotes(data_file).columns("hl"))
    # Where it turns up, its stop is kept below the two rows before, TA-Lib's and ours below the row itself too.
    turn = 250
    assert (ours[turn], theirs[turn]) == (256.81, 257.04)
    theirs[turn] = np.nan
    share("Stock.Indicators psar, but one turn", ours, theirs, first=42)


def test_trend_line_agrees_with_stock_indicators_once_its_start_is_forgotten(data_file: Find) -> None:
    """It takes the middle price and counts the rows before 37, which TA-Lib leaves out: to row 218 periods differ."""
    b = skender_quotes(data_file)
    price = (b.high + b.low) / 2
    theirs = skender_results(data_file, "htl")["trendline"]
    share("Stock.Indicators htl", run("ht_trendline", [price])[0], theirs, first=219)


def test_true_ranges_of_leans_adx_file_agree(data_file: Find) -> None:
    table = Table(data_file, "spy_with_adx.txt")
    share(
        "Lean TR",
        run("tr", table.bars().columns("hlc"))[0],
        table.numbers("TR"),
        slack=1.01 * table.half_digits("TR") + 1e-4,
    )


def test_normalized_range_of_leans_bars_is_its_atr_over_the_close(data_file: Find) -> None:
    table = Table(data_file, "spy_atr_wilder.txt")
    b = table.bars()
    column = "Average True Range 14"
    (natr,) = run("natr", b.columns("hlc"), 14)
    atr = natr * b.close / 100
    theirs = table.numbers(column)
    # The file's seed is another: compared once less than its last digit of it is left.
    share("Lean atr from natr", atr, theirs, slack=1.01 * table.half_digits(column), first=250)
    np.testing.assert_allclose(atr[14:], talib.ATR(b.high, b.low, b.close, 14)[14:], rtol=1e-12)
