"""The market-data history through alpaca-py: every row that is due, none that is not, in pages."""

import base64
import datetime as dt

import numpy as np
import pytest
from alpaca.data.enums import Adjustment, DataFeed
from alpaca.data.historical.corporate_actions import CorporateActionsClient
from alpaca.data.historical.news import NewsClient
from alpaca.data.historical.screener import ScreenerClient
from alpaca.data.requests import (
    CorporateActionsRequest,
    CryptoBarsRequest,
    CryptoLatestOrderbookRequest,
    CryptoLatestQuoteRequest,
    CryptoLatestTradeRequest,
    CryptoSnapshotRequest,
    CryptoTradesRequest,
    MarketMoversRequest,
    MostActivesRequest,
    NewsRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

from tests.conformance import rig

START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 1, 6, 15, tzinfo=dt.UTC)
# Of the second hour, half is over: trades at 14:30:00, …, 15:00:00, quotes a second later.
TRADES, QUOTES = 180 + 91, 180 + 90


@pytest.fixture
def history(server):
    return rig.stocks(server)


@pytest.fixture
def coins(server):
    return rig.crypto(server)


@pytest.mark.parametrize("symbol", ["AAPL", "BAC", "MSFT"])
def test_trades_are_the_recorded_ones_until_now(history, symbol):
    found = history.get_stock_trades(StockTradesRequest(symbol_or_symbols=symbol, start=START))[symbol]
    assert len(found) == TRADES
    rows = np.arange(TRADES)
    assert [t.price for t in found] == np.round(rig.PRICES[symbol] + (rows // 2 - rows % 2) / 100, 2).tolist()
    assert [t.size for t in found] == (100 + rows % 7).tolist()
    assert found[-1].timestamp == NOW


@pytest.mark.parametrize("symbol", ["AAPL", "BAC", "MSFT"])
def test_quotes_are_the_recorded_ones_until_now(history, symbol):
    found = history.get_stock_quotes(StockQuotesRequest(symbol_or_symbols=symbol, start=START))[symbol]
    assert len(found) == QUOTES
    assert {round(q.ask_price - q.bid_price, 4) for q in found} == {0.02}
    assert {(q.bid_size, q.ask_size) for q in found} == {(500, 600)}


def test_tapes_follow_the_listing_exchange(history):
    found = history.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=["AAPL", "BAC"]))
    assert (found["AAPL"].tape, found["BAC"].tape) == ("C", "A")


def independent_bars(symbol, minutes):
    """Bars of the known trades by plain Python: start → open, high, low, close, volume, trades."""
    bars = {}
    for day in rig.OPENS:
        for i in range(rig.ROWS):
            at = day + np.timedelta64(i * rig.STEP_S, "s")
            if at > np.datetime64(rig.NOW[:-1], "ns"):
                continue
            row = i + (rig.ROWS if day == rig.OPENS[1] else 0)
            price = round(rig.PRICES[symbol] + (row // 2 - row % 2) / 100, 2)
            start = at.astype("datetime64[m]").astype(int) // minutes * minutes * 60
            o, h, low, _, v, n = bars.get(start, (price, price, price, price, 0, 0))
            bars[start] = (o, max(h, price), min(low, price), price, v + 100 + row % 7, n + 1)
    return bars


@pytest.mark.parametrize("minutes", [1, 2, 5, 15, 30, 60])
def test_bars_are_those_of_the_trades(history, minutes):
    frame = TimeFrame(minutes, TimeFrameUnit.Minute) if minutes < 60 else TimeFrame.Hour
    found = history.get_stock_bars(StockBarsRequest(symbol_or_symbols="AAPL", timeframe=frame, start=START))["AAPL"]
    expected = independent_bars("AAPL", minutes)
    made = {int(b.timestamp.timestamp()): (b.open, b.high, b.low, b.close, b.volume, b.trade_count) for b in found}
    assert made == expected
    print(f"{minutes} min: {len(made)} of {len(expected)} bars")


def test_the_bar_under_way_shows_what_is_known_of_it(history):
    found = history.get_stock_bars(StockBarsRequest(symbol_or_symbols="AAPL", timeframe=TimeFrame.Minute, start=START))
    last = found["AAPL"][-1]
    assert last.timestamp == NOW
    assert last.trade_count == 1


@pytest.mark.parametrize(
    ("frame", "starts"),
    [
        (TimeFrame.Day, ["2026-01-05T05:00", "2026-01-06T05:00"]),
        (TimeFrame.Week, ["2026-01-05T05:00"]),
        (TimeFrame.Month, ["2026-01-01T05:00"]),
        (TimeFrame(3, TimeFrameUnit.Month), ["2026-01-01T05:00"]),
        (TimeFrame(4, TimeFrameUnit.Hour), ["2026-01-05T13:00", "2026-01-06T13:00"]),
    ],
    ids=["day", "week", "month", "quarter", "four hours"],
)
def test_longer_bars_begin_by_the_clock_of_new_york(history, frame, starts):
    wanted = StockBarsRequest(symbol_or_symbols="AAPL", timeframe=frame, start=dt.datetime(2025, 12, 1, tzinfo=dt.UTC))
    found = history.get_stock_bars(wanted)["AAPL"]
    assert [b.timestamp.strftime("%Y-%m-%dT%H:%M") for b in found] == starts
    assert sum(b.trade_count for b in found) == TRADES


def test_daily_bars_of_pairs_begin_at_midnight_utc(coins):
    wanted = CryptoBarsRequest(symbol_or_symbols="BTC/USD", timeframe=TimeFrame.Day, start=START)
    assert [b.timestamp.hour for b in coins.get_crypto_bars(wanted)["BTC/USD"]] == [0, 0]


@pytest.mark.parametrize("limit", [1, 7, 100, 271, 272, 500])
def test_pages_cross_symbols_and_miss_nothing(server, limit):
    seen, token = [], None
    for _ in range(1_000):
        query = {"symbols": "MSFT,AAPL,BAC", "start": "2026-01-05", "limit": limit, "page_token": token}
        if limit == 1 and len(seen) == 20:
            break
        page = rig.get(server, "/v2/stocks/trades", params=query).json()
        rows = [(symbol, trade["t"], trade["p"]) for symbol, trades in page["trades"].items() for trade in trades]
        assert len(rows) <= limit
        seen += rows
        token = page["next_page_token"]
        if token is None:
            break
    whole = rig.get(server, "/v2/stocks/trades?symbols=AAPL,BAC,MSFT&start=2026-01-05&limit=10000").json()["trades"]
    expected = [(symbol, t["t"], t["p"]) for symbol in sorted(whole) for t in whole[symbol]]
    assert seen == expected[: len(seen)]
    assert limit == 1 or len(seen) == 3 * TRADES


@pytest.mark.parametrize("kind", ["trades", "quotes"])
def test_descending_pages_are_the_same_rows_backwards(server, kind):
    path = f"/v2/stocks/{kind}?symbols=AAPL&start=2026-01-05"
    up = rig.get(server, path + "&limit=10000").json()[kind]["AAPL"]
    down, token = [], ""
    while token is not None:
        page = rig.get(server, f"{path}&limit=50&sort=desc", params={"page_token": token}).json()
        down += page[kind]["AAPL"]
        token = page["next_page_token"]
    assert down == up[::-1]


def test_alpaca_py_collects_all_pages(history):
    wanted = StockTradesRequest(symbol_or_symbols=["AAPL", "MSFT"], start=START)
    assert {k: len(v) for k, v in history.get_stock_trades(wanted).data.items()} == {"AAPL": TRADES, "MSFT": TRADES}


def test_a_limit_is_of_all_symbols_together(history):
    wanted = StockTradesRequest(symbol_or_symbols=["AAPL", "MSFT"], start=START, limit=300)
    assert {k: len(v) for k, v in history.get_stock_trades(wanted).data.items()} == {
        "AAPL": TRADES,
        "MSFT": 300 - TRADES,
    }


def test_start_and_end_are_both_in(history):
    first, last = NOW - dt.timedelta(minutes=2), NOW - dt.timedelta(minutes=1)
    wanted = StockTradesRequest(symbol_or_symbols="AAPL", start=first, end=last)
    found = history.get_stock_trades(wanted)["AAPL"]
    assert (found[0].timestamp, found[-1].timestamp, len(found)) == (first, last, 4)


def test_an_end_in_the_future_shows_nothing_of_it(history):
    wanted = StockTradesRequest(symbol_or_symbols="AAPL", start=START, end=NOW + dt.timedelta(days=9))
    assert len(history.get_stock_trades(wanted)["AAPL"]) == TRADES


def test_without_a_start_the_day_is_meant(history):
    assert len(history.get_stock_trades(StockTradesRequest(symbol_or_symbols="AAPL"))["AAPL"]) == 91


def test_an_unknown_symbol_has_no_rows(server):
    assert rig.get(server, "/v2/stocks/trades?symbols=ZZZZ").json() == {"trades": {}, "next_page_token": None}


REFUSED = [
    ("/v2/stocks/trades", "symbols is required"),
    ("/v2/stocks/trades?symbols=", "symbols is required"),
    ("/v2/stocks/trades?symbols=A%00B", "invalid symbol"),
    ("/v2/stocks/trades?symbols=AAPL&limit=0", "invalid limit"),
    ("/v2/stocks/trades?symbols=AAPL&limit=10001", "invalid limit"),
    ("/v2/stocks/trades?symbols=AAPL&limit=x", "invalid limit"),
    ("/v2/stocks/trades?symbols=AAPL&sort=up", "invalid sort"),
    ("/v2/stocks/trades?symbols=AAPL&feed=cta", "invalid feed"),
    ("/v2/stocks/trades?symbols=AAPL&start=today", "invalid start"),
    ("/v2/stocks/trades?symbols=AAPL&end=2026-02-30", "invalid end"),
    ("/v2/stocks/trades?symbols=AAPL&start=2026-01-06&end=2026-01-05", "end should not be before start"),
    ("/v2/stocks/trades?symbols=AAPL&page_token=%21", "invalid page_token"),
    ("/v2/stocks/trades?symbols=AAPL&page_token=" + base64.b64encode(b"AAPL|x|0").decode(), "invalid page_token"),
    ("/v2/stocks/trades?symbols=AAPL&currency=EUR", "invalid currency"),
    ("/v2/stocks/bars?symbols=AAPL", "timeframe is required"),
    ("/v2/stocks/bars?symbols=AAPL&timeframe=60Min", "invalid timeframe"),
    ("/v2/stocks/bars?symbols=AAPL&timeframe=24Hour", "invalid timeframe"),
    ("/v2/stocks/bars?symbols=AAPL&timeframe=2Day", "invalid timeframe"),
    ("/v2/stocks/bars?symbols=AAPL&timeframe=5Month", "invalid timeframe"),
    ("/v2/stocks/bars?symbols=AAPL&timeframe=1Min&adjustment=none", "invalid adjustment"),
    ("/v2/stocks/quotes/latest?symbols=AAPL&feed=x", "invalid feed"),
    ("/v1beta3/crypto/us/bars?symbols=BTCUSD&timeframe=1Min", "invalid symbol"),
    ("/v1beta3/crypto/mars/bars?symbols=BTC/USD&timeframe=1Min", "invalid location"),
    ("/v1beta1/screener/stocks/most-actives?by=fame", "invalid by"),
    ("/v1beta1/screener/bonds/movers", "invalid market_type"),
    ("/v1beta1/news?limit=51", "invalid limit"),
]


@pytest.mark.parametrize(("path", "message"), REFUSED, ids=[p.partition("?")[2] or p for p, _ in REFUSED])
def test_a_malformed_request_is_refused_with_the_field(server, path, message):
    answer = rig.get(server, path)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)


@pytest.mark.parametrize(
    "start", ["2026-01-06T14:59:59.999999999Z", "2026-01-06T09:59:59.5-05:00", "2026-01-06T09:59:59-05:00"]
)
def test_times_may_have_nanoseconds_and_offsets(server, start):
    found = rig.get(server, "/v2/stocks/trades", params={"symbols": "AAPL", "start": start}).json()
    assert [t["t"] for t in found["trades"]["AAPL"]] == ["2026-01-06T15:00:00Z"]


def test_the_path_may_name_one_symbol(server):
    found = rig.get(server, "/v2/stocks/AAPL/trades?start=2026-01-05&limit=2").json()
    assert found["symbol"] == "AAPL"
    assert len(found["trades"]) == 2
    assert found["next_page_token"]
    assert rig.get(server, "/v2/stocks/AAPL/quotes/latest").json()["quote"]["bp"]
    assert rig.get(server, "/v2/stocks/AAPL/snapshot").json()["latestTrade"]["p"]
    assert rig.get(server, "/v2/stocks/ZZZZ/trades/latest").status_code == 404


def test_the_latest_are_the_last_until_now(history):
    trade = history.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="AAPL"))["AAPL"]
    quote = history.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))["AAPL"]
    bar = history.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert trade.timestamp == NOW
    assert quote.timestamp == NOW - dt.timedelta(seconds=19)
    assert bar.timestamp == NOW


def test_the_delayed_feed_is_fifteen_minutes_old(history):
    wanted = StockLatestTradeRequest(symbol_or_symbols="AAPL", feed=DataFeed.DELAYED_SIP)
    assert history.get_stock_latest_trade(wanted)["AAPL"].timestamp == NOW - dt.timedelta(minutes=15)


def test_a_snapshot_holds_all_of_the_latest(history):
    snapshot = history.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=["AAPL", "MSFT"]))["AAPL"]
    assert snapshot.latest_trade.timestamp == NOW
    assert snapshot.minute_bar.trade_count == 1
    assert snapshot.daily_bar.trade_count == 91
    assert snapshot.previous_daily_bar.trade_count == 180
    assert snapshot.daily_bar.close == snapshot.latest_trade.price


def test_crypto_has_trades_quotes_and_bars(coins):
    trades = coins.get_crypto_trades(CryptoTradesRequest(symbol_or_symbols="BTC/USD", start=START))["BTC/USD"]
    assert len(trades) == TRADES
    assert coins.get_crypto_latest_trade(CryptoLatestTradeRequest(symbol_or_symbols="BTC/USD"))["BTC/USD"] == trades[-1]
    quote = coins.get_crypto_latest_quote(CryptoLatestQuoteRequest(symbol_or_symbols="BTC/USD"))["BTC/USD"]
    assert quote.ask_price - quote.bid_price == pytest.approx(0.02)


def test_crypto_has_order_books_and_snapshots(coins):
    wanted = CryptoLatestOrderbookRequest(symbol_or_symbols="BTC/USD")
    book = coins.get_crypto_latest_orderbook(wanted)["BTC/USD"]
    quote = coins.get_crypto_latest_quote(CryptoLatestQuoteRequest(symbol_or_symbols="BTC/USD"))["BTC/USD"]
    assert (book.bids[0].price, book.asks[0].price) == (quote.bid_price, quote.ask_price)
    snapshot = coins.get_crypto_snapshot(CryptoSnapshotRequest(symbol_or_symbols="BTC/USD"))["BTC/USD"]
    assert snapshot.daily_bar.trade_count == 91


def test_screeners_rank_the_symbols(server):
    screener = ScreenerClient("K0", rig.SECRET, url_override=server.rest_url)
    actives = screener.get_most_actives(MostActivesRequest(top=2))
    assert [a.trade_count for a in actives.most_actives] == [91.0, 91.0]
    movers = screener.get_market_movers(MarketMoversRequest(top=3))
    assert [m.symbol for m in movers.gainers] == ["BAC", "AAPL", "MSFT"]


def test_news_and_corporate_actions_are_empty_where_the_data_hold_none(server):
    news = NewsClient("K0", rig.SECRET, url_override=server.rest_url).get_news(NewsRequest(symbols="AAPL"))
    assert news.data == {"news": []}
    actions = CorporateActionsClient("K0", rig.SECRET, url_override=server.rest_url)
    assert actions.get_corporate_actions(CorporateActionsRequest(symbols=["AAPL"])).data == {}


def test_raw_bars_are_not_adjusted(history):
    wanted = {"symbol_or_symbols": "AAPL", "timeframe": TimeFrame.Day, "start": START}
    raw, adjusted = (
        history.get_stock_bars(StockBarsRequest(**wanted, adjustment=a))["AAPL"]
        for a in (Adjustment.RAW, Adjustment.ALL)
    )
    assert raw == adjusted
