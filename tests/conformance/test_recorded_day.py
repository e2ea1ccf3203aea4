"""A recorded day through the server: what comes out is what was recorded, held against another's bars of that day."""

import datetime as dt

import pytest
from alpaca.data.requests import StockBarsRequest, StockQuotesRequest, StockTradesRequest
from alpaca.data.timeframe import TimeFrame

import tickwright as tw
from tests.conformance import rig
from tickwright.paper import PaperServer

pytestmark = pytest.mark.oracle

START, END = dt.datetime(2013, 10, 7, 13, 30, tzinfo=dt.UTC), dt.datetime(2013, 10, 7, 19, 59, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def folder(data_file):
    return data_file("lean/equity/usa")


@pytest.fixture(scope="module")
def day(folder):
    """Return a server that has played the whole day of IBM's ticks."""
    parts = [tw.feeds.lean(folder / f"tick/ibm/20131007_{kind}.zip", conditions="lean") for kind in ("trade", "quote")]
    paper = {"speed": 0.0, "accounts": rig.accounts(1), "data_requests_per_minute": 0}
    with PaperServer({"paper": paper}, data=tw.MarketData.merge(parts)) as server:
        server.control("POST", "advance", {"to": "2013-10-08T01:00:00Z"})
        yield server


def test_minute_bars_of_the_day_are_those_that_lean_has(day, folder):
    wanted = StockBarsRequest(symbol_or_symbols="IBM", timeframe=TimeFrame.Minute, start=START, end=END)
    ours = {int(b.timestamp.timestamp()): b for b in rig.stocks(day).get_stock_bars(wanted)["IBM"]}
    theirs = tw.feeds.lean(folder / "minute/ibm/20131007_trade.zip").bars.to_arrow(floats=True).to_pylist()
    theirs = {int(b["start"].timestamp()): b for b in theirs if START <= b["start"] <= END}
    names = ("open", "high", "low", "close")
    assert len(theirs) == 390
    assert set(ours) == set(theirs)
    differ = {at for at, bar in theirs.items() if any(getattr(ours[at], n) != bar[n] for n in names)}
    print(f"prices of {390 - len(differ)} of 390 regular minutes equal Lean's")
    # Lean takes the official opening price, and puts the closing print into the minute before 16:00.
    assert differ == {min(theirs), max(theirs)}


def test_every_recorded_tick_is_in_the_history(day, folder):
    history = rig.stocks(day)
    whole = {"symbol_or_symbols": "IBM", "start": dt.datetime(2013, 10, 7, tzinfo=dt.UTC)}
    trades = tw.feeds.lean(folder / "tick/ibm/20131007_trade.zip").trades
    quotes = tw.feeds.lean(folder / "tick/ibm/20131007_quote.zip").quotes
    found = history.get_stock_trades(StockTradesRequest(**whole))["IBM"]
    assert [round(t.price * 1e9) for t in found] == trades.price.tolist()
    assert [int(t.size) for t in found] == (trades.size // 10**9).tolist()
    asked = history.get_stock_quotes(StockQuotesRequest(**whole))["IBM"]
    assert [round(q.bid_price * 1e9) for q in asked] == quotes.bid.tolist()
    assert [round(q.ask_price * 1e9) for q in asked] == quotes.ask.tolist()
    print(f"{len(found)} of {len(trades)} trades, {len(asked)} of {len(quotes)} quotes")


def test_every_recorded_tick_comes_over_the_stream(folder):
    """As fast as possible, through a queue of sixteen frames, nothing is lost."""
    paths = [str(folder / "tick/ibm" / f"20131007_{kind}.zip") for kind in ("trade", "quote")]
    paper = {"speed": float("inf"), "accounts": rig.accounts(1), "queue_frames": 16}
    with PaperServer({"paper": paper, "data": {"paths": paths}}) as server:
        decoder = tw.feeds.AlpacaDecoder()
        with rig.Socket(server.stock_stream_url, packed=True) as socket:
            socket.auth()
            socket.ask({"action": "subscribe", "trades": ["IBM"], "quotes": ["IBM"]})
            rows = server.control("GET", "state")["rows"]
            while decoder.feed(socket.socket.recv(10)) < rows:
                pass
        data = decoder.take()
    trades = tw.feeds.lean(folder / "tick/ibm/20131007_trade.zip").trades
    quotes = tw.feeds.lean(folder / "tick/ibm/20131007_quote.zip").quotes
    assert data.trades.price.tolist() == trades.price.tolist()
    assert data.trades.ts.tolist() == trades.ts.tolist()
    assert data.quotes.bid.tolist() == quotes.bid.tolist()
    assert data.quotes.ts.tolist() == quotes.ts.tolist()
    print(f"{len(trades)} trades and {len(quotes)} quotes equal")
