"""The market-data streams: alpaca-py's own, and frame by frame in both formats."""

import time

import pytest
from alpaca.data.models import Bar, Quote, Trade

from tests.conformance import rig
from tickwright.paper import PaperServer

FEEDS = ("iex", "sip", "delayed_sip", "test")
WELCOME = [{"T": "success", "msg": "connected"}]
AUTHENTICATED = [{"T": "success", "msg": "authenticated"}]
EMPTY = {
    "T": "subscription",
    **{k: [] for k in ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds")},
    "corrections": [],
    "cancelErrors": [],
}


def err(code, message):
    return [{"T": "error", "code": code, "msg": message}]


@pytest.fixture(params=[False, True], ids=["json", "msgpack"])
def packed(request):
    return request.param


@pytest.fixture
def socket(server, packed, key):
    with rig.Socket(server.stock_stream_url, packed=packed) as opened:
        opened.key = key
        yield opened


@pytest.fixture
def open_socket(socket):
    assert socket.auth(socket.key) == (WELCOME, AUTHENTICATED)
    return socket


def put(server, symbol="AAPL", bid=100.0, ask=100.02, price=None):
    rows = {"quotes": [{"S": symbol, "bp": bid, "bs": 100, "ap": ask, "as": 200}]}
    if price is not None:
        rows = {"trades": [{"S": symbol, "p": price, "s": 100}]}
    server.control("POST", "market", rows)


@pytest.mark.parametrize("feed", FEEDS)
def test_every_feed_welcomes_and_authenticates(server, feed, packed, key):
    with rig.Socket(server.urls.stream_url(feed), packed=packed) as socket:
        assert socket.auth(key) == (WELCOME, AUTHENTICATED)
        assert socket.ask({"action": "subscribe", "trades": ["FAKEPACA"]}) == [
            {**EMPTY, "trades": ["FAKEPACA"], "corrections": ["FAKEPACA"], "cancelErrors": ["FAKEPACA"]}
        ]


def test_the_crypto_feed_has_channels_of_its_own(server, packed, key):
    with rig.Socket(server.crypto_stream_url, packed=packed) as socket:
        assert socket.auth(key) == (WELCOME, AUTHENTICATED)
        assert socket.ask({"action": "subscribe", "quotes": ["BTC/USD"], "orderbooks": ["*"]}) == [
            {
                "T": "subscription",
                "trades": [],
                "quotes": ["BTC/USD"],
                "orderbooks": ["*"],
                "bars": [],
                "updatedBars": [],
                "dailyBars": [],
            }
        ]


def test_an_unknown_feed_is_no_stream(server):
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as refusal:
        _ = rig.Socket(server.rest_url.replace("http", "ws") + "/v2/cta")
    assert refusal.value.response.status_code == 404


def test_headers_of_the_handshake_authenticate(server, packed, key):
    headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": rig.SECRET}
    with rig.Socket(server.stock_stream_url, packed=packed, headers=headers) as socket:
        assert (socket.hear(), socket.hear()) == (WELCOME, AUTHENTICATED)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"action": "dance"},
        ["auth"],
        7,
        {"action": "subscribe", "trades": "AAPL"},
        {"action": "subscribe", "trades": [1]},
        {"action": "subscribe", "trades": [""]},
    ],
    ids=str,
)
def test_400_invalid_syntax(open_socket, message):
    assert open_socket.ask(message) == err(400, "invalid syntax")


def test_400_for_what_is_no_message(open_socket):
    open_socket.socket.send("{")
    assert open_socket.hear() == err(400, "invalid syntax")
    open_socket.socket.send(b"\xc1\xff")
    assert open_socket.hear() == err(400, "invalid syntax")


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
def test_401_not_authenticated(socket, action):
    assert socket.hear() == WELCOME
    assert socket.ask({"action": action, "trades": ["AAPL"]}) == err(401, "not authenticated")


@pytest.mark.parametrize("secret", ["wrong", "", None, 7], ids=str)
def test_402_auth_failed(socket, secret):
    assert socket.auth(socket.key, secret) == (WELCOME, err(402, "auth failed"))


def test_402_may_be_mended(socket):
    assert socket.auth(socket.key, "wrong") == (WELCOME, err(402, "auth failed"))
    assert socket.ask({"action": "auth", "key": socket.key, "secret": rig.SECRET}) == AUTHENTICATED


def test_403_already_authenticated(open_socket):
    again = {"action": "auth", "key": open_socket.key, "secret": rig.SECRET}
    assert open_socket.ask(again) == err(403, "already authenticated")


def test_404_auth_timeout(socket):
    from websockets.exceptions import ConnectionClosed

    assert socket.hear() == WELCOME
    assert socket.hear(4) == err(404, "auth timeout")
    with pytest.raises(ConnectionClosed):
        socket.hear(2)


@pytest.mark.parametrize("trades", [["A", "B", "C", "D"], ["*"]], ids=["four", "all"])
def test_405_symbol_limit_exceeded(server, packed, key, trades):
    with rig.Socket(server.urls.stream_url("iex"), packed=packed) as socket:
        socket.auth(key)
        assert socket.ask({"action": "subscribe", "trades": trades}) == err(405, "symbol limit exceeded")
        (now,) = socket.ask({"action": "subscribe", "trades": ["A", "B"], "quotes": ["C"], "bars": ["*"]})
        assert (now["trades"], now["quotes"], now["bars"]) == (["A", "B"], ["C"], ["*"])


def test_406_connection_limit_exceeded(server, packed, open_socket):
    from websockets.exceptions import ConnectionClosed

    with rig.Socket(server.stock_stream_url, packed=packed) as second:
        assert second.auth(open_socket.key) == (WELCOME, err(406, "connection limit exceeded"))
        with pytest.raises(ConnectionClosed):
            second.hear(2)
    with rig.Socket(server.urls.stream_url("iex"), packed=packed) as other_feed:
        assert other_feed.auth(open_socket.key) == (WELCOME, AUTHENTICATED)


def test_a_place_is_free_again_after_a_client_left(server, packed, key):
    for _ in range(3):
        with rig.Socket(server.stock_stream_url, packed=packed) as socket:
            assert socket.auth(key) == (WELCOME, AUTHENTICATED)
        rig.eventually(lambda: server.control("GET", "state")["data_clients"] == 0)


@pytest.fixture(scope="module")
def small():
    """Return a server with a tiny queue, and accounts that may read little."""
    accounts = [*rig.accounts(8), {"key": "none", "secret": rig.SECRET, "feeds": []}]
    accounts.append({"key": "free", "secret": rig.SECRET, "feeds": ["iex"]})
    paper = {"speed": 0.0, "accounts": accounts, "queue_frames": 8, "iex_symbols": 0}
    with PaperServer({"paper": paper}, data=rig.market()) as running:
        yield running


def test_407_slow_client(small, packed):
    """A client that reads nothing is told so and sent away; the market does not wait for it."""
    from websockets.exceptions import ConnectionClosed

    key = "K1" if packed else "K2"
    with rig.Socket(small.stock_stream_url, packed=packed) as socket:
        socket.auth(key)
        socket.ask({"action": "subscribe", "quotes": ["*"]})
        rows = [{"S": "AAPL", "bp": 1.0, "bs": 1, "ap": 1.0 + i / 100, "as": 1} for i in range(2_000)]
        began = time.monotonic()
        for _ in range(400):
            small.control("POST", "market", {"quotes": rows})
            if small.control("GET", "state")["data_clients"] == 0:
                break
        print(f"sent away after {time.monotonic() - began:.2f} s")
        last = None
        try:
            while True:
                last = socket.hear(5)
        except ConnectionClosed:
            pass
        assert last == err(407, "slow client")
        assert small.control("GET", "state")["data_clients"] == 0


def test_408_v2_not_enabled(small, packed):
    with rig.Socket(small.stock_stream_url, packed=packed) as socket:
        assert socket.auth("none") == (WELCOME, err(408, "v2 not enabled"))


def test_409_insufficient_subscription(small, packed):
    with rig.Socket(small.stock_stream_url, packed=packed) as socket:
        assert socket.auth("free") == (WELCOME, err(409, "insufficient subscription"))
    with rig.Socket(small.urls.stream_url("iex"), packed=packed) as socket:
        assert socket.auth("free") == (WELCOME, AUTHENTICATED)


@pytest.mark.parametrize("channel", ["orderbooks", "news", "candles"])
def test_410_invalid_subscribe_action_for_this_feed(open_socket, channel):
    code = err(410, "invalid subscribe action for this feed")
    assert open_socket.ask({"action": "subscribe", channel: ["AAPL"]}) == code


def test_subscriptions_add_up_and_are_taken_back(open_socket):
    (first,) = open_socket.ask({"action": "subscribe", "trades": ["MSFT"], "bars": ["*"]})
    (second,) = open_socket.ask({"action": "subscribe", "trades": ["AAPL"], "quotes": ["AAPL"]})
    (third,) = open_socket.ask({"action": "unsubscribe", "trades": ["MSFT", "NONE"], "bars": ["*"]})
    assert (first["trades"], first["bars"]) == (["MSFT"], ["*"])
    assert (second["trades"], second["quotes"], second["bars"]) == (["AAPL", "MSFT"], ["AAPL"], ["*"])
    assert third == {**EMPTY, "trades": ["AAPL"], "quotes": ["AAPL"], "corrections": ["AAPL"], "cancelErrors": ["AAPL"]}


def test_only_what_was_subscribed_to_comes(server, open_socket):
    open_socket.ask({"action": "subscribe", "quotes": ["AAPL"]})
    put(server, "MSFT")
    put(server, "AAPL", price=100.0)
    assert open_socket.silent()
    put(server, "AAPL", 99.5, 99.75)
    ((quote,),) = (open_socket.hear(),)
    assert (quote["T"], quote["S"], quote["bp"], quote["ap"], quote["bs"], quote["as"]) == (
        "q",
        "AAPL",
        99.5,
        99.75,
        100,
        200,
    )
    open_socket.ask({"action": "unsubscribe", "quotes": ["AAPL"]})
    put(server, "AAPL")
    assert open_socket.silent()


def test_a_star_is_all_shares_but_no_pairs(server, open_socket):
    open_socket.ask({"action": "subscribe", "trades": ["*"]})
    put(server, "BTC/USD", price=60_000.0)
    put(server, "BAC", price=41.0)
    (trade,) = open_socket.hear()
    assert (trade["T"], trade["S"], trade["p"], trade["s"]) == ("t", "BAC", 41.0, 100)


def test_messages_have_all_fields_of_the_protocol(server, open_socket):
    open_socket.ask({"action": "subscribe", "trades": ["AAPL"], "quotes": ["AAPL"]})
    put(server, "AAPL", price=100.5)
    (trade,) = open_socket.hear()
    assert set(trade) == {"T", "S", "i", "x", "p", "s", "c", "z", "t"}
    put(server, "AAPL")
    (quote,) = open_socket.hear()
    assert set(quote) == {"T", "S", "bx", "bp", "bs", "ax", "ap", "as", "c", "z", "t"}


def test_a_long_subscription_in_fragments_is_understood(server, packed, key):
    names = [f"S{i:05d}" for i in range(9_000)]
    with rig.Socket(server.stock_stream_url, packed=packed) as socket:
        socket.auth(key)
        import json

        import msgpack

        message = {"action": "subscribe", "bars": names}
        whole = msgpack.packb(message) if packed else json.dumps(message)
        socket.socket.send(whole[i : i + 32_768] for i in range(0, len(whole), 32_768))
        (now,) = socket.hear()
        assert now["bars"] == names


def test_the_stock_stream_of_alpaca_py_gets_quotes_trades_and_bars(server, key):
    heard = []

    async def on(event):
        heard.append(event)

    stream = rig.stock_stream(server, key)
    stream.subscribe_quotes(on, "AAPL", "MSFT")
    stream.subscribe_trades(on, "*")
    with rig.running(stream):
        rig.eventually(lambda: server.control("GET", "state")["subscribers"])
        put(server, "AAPL", 98.0, 98.5)
        put(server, "BAC", price=40.0)
        rig.eventually(lambda: len(heard) >= 2)
    quote, trade = heard[:2]
    assert isinstance(quote, Quote)
    assert (quote.symbol, quote.bid_price, quote.ask_price) == ("AAPL", 98.0, 98.5)
    assert isinstance(trade, Trade)
    assert (trade.symbol, trade.price, trade.size, trade.tape) == ("BAC", 40.0, 100.0, "A")


def test_alpaca_py_may_subscribe_while_it_runs(server, key):
    heard = []

    async def on(event):
        heard.append(event)

    stream = rig.stock_stream(server, key)
    stream.subscribe_trades(on, "MSFT")
    with rig.running(stream):
        rig.eventually(lambda: stream._running)
        stream.subscribe_quotes(on, "AAPL")
        time.sleep(0.1)
        put(server, "AAPL")
        rig.eventually(lambda: heard)
        stream.unsubscribe_quotes("AAPL")
        time.sleep(0.1)
        count = len(heard)
        put(server, "AAPL")
        put(server, "MSFT", price=400.0)
        rig.eventually(lambda: len(heard) > count)
    assert isinstance(heard[-1], Trade)
    assert len(heard) == count + 1


def test_the_crypto_stream_of_alpaca_py_gets_quotes_and_trades(server, key):
    heard = []

    async def on(event):
        heard.append(event)

    stream = rig.crypto_stream(server, key)
    stream.subscribe_quotes(on, "BTC/USD")
    stream.subscribe_trades(on, "*")
    with rig.running(stream):
        rig.eventually(lambda: server.control("GET", "state")["subscribers"])
        put(server, "AAPL", price=1.0)
        put(server, "BTC/USD", 59_999.5, 60_000.25)
        put(server, "BTC/USD", price=60_000.125)
        rig.eventually(lambda: len(heard) >= 2)
    assert [(type(e).__name__, e.symbol) for e in heard] == [("Quote", "BTC/USD"), ("Trade", "BTC/USD")]
    assert heard[1].price == 60_000.125


def test_the_crypto_stream_of_alpaca_py_gets_order_books(server, key):
    heard = []

    async def on(event):
        heard.append(event)

    stream = rig.crypto_stream(server, key)
    stream.subscribe_orderbooks(on, "BTC/USD")
    with rig.running(stream):
        rig.eventually(lambda: server.control("GET", "state")["subscribers"])
        put(server, "AAPL")
        put(server, "BTC/USD", 59_000.5, 59_001.25)
        rig.eventually(lambda: heard)
    (book,) = heard
    assert (book.symbol, book.reset) == ("BTC/USD", True)
    assert [(level.price, level.size) for level in (*book.bids, *book.asks)] == [(59_000.5, 100), (59_001.25, 200)]


def test_the_test_stream_never_sleeps(server, packed, key):
    with rig.Socket(server.urls.stream_url("test"), packed=packed) as socket:
        socket.auth(key)
        socket.ask({"action": "subscribe", "trades": ["FAKEPACA"], "quotes": ["FAKEPACA"]})
        heard = socket.until(lambda messages: len(messages) >= 4)
    assert {m["S"] for m in heard} == {"FAKEPACA"}
    assert {m["T"] for m in heard} == {"q", "t"}


NEWS = (
    '[{"T":"n","id":7,"headline":"Chips up","summary":"","author":"A","created_at":"2026-01-06T14:59:59.5Z",'
    '"updated_at":"2026-01-06T14:59:59.7Z","content":"<p>","url":"https://example.org","symbols":["AAPL","MSFT"],"source":"b"}]'
)


def test_news_come_when_their_time_has_come():
    """Over alpaca-py's news stream and its history, by symbol."""
    from alpaca.data.historical.news import NewsClient
    from alpaca.data.live import NewsDataStream
    from alpaca.data.requests import NewsRequest

    import tickwright as tw

    heard = []

    async def on(item):
        heard.append(item)

    data = tw.MarketData.merge([rig.quiet_market(), tw.feeds.AlpacaDecoder().push(NEWS)])
    with PaperServer({"paper": {"speed": 0.0, "accounts": rig.accounts(2)}}, data=data) as server:
        stream = NewsDataStream("K0", rig.SECRET)
        stream._endpoint = server.rest_url.replace("http", "ws") + "/v1beta1/news"
        stream.subscribe_news(on, "MSFT")
        with rig.running(stream):
            rig.eventually(lambda: server.control("GET", "state")["subscribers"])
            assert heard == []
            server.control("POST", "advance", {"to": rig.NOW})
            rig.eventually(lambda: heard)
        news = NewsClient("K0", rig.SECRET, url_override=server.rest_url)
        (item,) = news.get_news(NewsRequest(symbols="AAPL", include_content=True)).data["news"]
        assert news.get_news(NewsRequest(symbols="BAC")).data["news"] == []
    assert (heard[0].headline, heard[0].symbols, heard[0].id) == ("Chips up", ["AAPL", "MSFT"], 7)
    assert (item.headline, item.content, item.created_at) == ("Chips up", "<p>", heard[0].created_at)


@pytest.fixture(scope="module")
def played():
    """Return a server whose recorded market can be played to its end."""
    paper = {"speed": 0.0, "accounts": rig.accounts(6), "queue_frames": 100_000}
    with PaperServer({"paper": paper}, data=rig.market()) as running:
        yield running


def test_the_recorded_market_is_played_whole_and_in_order(played):
    """Two clients in two formats hear the same, and all of it; bars come after the trades that they are made of."""
    with (
        rig.Socket(played.stock_stream_url) as plain,
        rig.Socket(played.stock_stream_url, packed=True) as packed,
        rig.Socket(played.urls.stream_url("delayed_sip")) as late,
    ):
        for socket, key in ((plain, "K1"), (packed, "K2"), (late, "K3")):
            socket.auth(key)
            everything = {k: ["AAPL"] for k in ("trades", "quotes", "bars", "dailyBars")}
            socket.ask({"action": "subscribe", **everything})
        played.control("POST", "advance", {"to": rig.NOW})
        done = lambda heard: any(m["T"] == "b" and "14:59" in str(m["t"]) and "-06" in str(m["t"]) for m in heard)  # noqa: E731
        heard = plain.until(done)
        same = packed.until(lambda messages: len(messages) >= len(heard))
        kinds = {kind: [m for m in heard if m["T"] == kind] for kind in "tqbd"}
        assert {k: len(v) for k, v in kinds.items()} == {"t": 271, "q": 270, "b": 90, "d": 90}
        times = [m["t"] for m in heard if m["T"] in "tq"]
        assert times == sorted(times)
        assert [(m["T"], m["S"]) for m in same] == [(m["T"], m["S"]) for m in heard]
        assert [m.get("p") for m in same] == [m.get("p") for m in heard]
        first = kinds["b"][0]
        assert (first["n"], first["v"], first["o"], first["c"]) == (3, 303, 180.0, 180.01)
        assert kinds["d"][-1]["n"] == 90
        delayed = late.until(lambda messages: any("14:44" in m["t"] and "-06" in m["t"] for m in messages))
        assert max(m["t"] for m in delayed if m["T"] == "t") == "2026-01-06T14:45:00Z"


def test_bars_of_alpaca_py_are_those_of_the_history(played):
    from alpaca.data.requests import StockBarsRequest
    from alpaca.data.timeframe import TimeFrame

    heard = []

    async def on(event):
        heard.append(event)

    stream = rig.stock_stream(played, "K4")
    stream.subscribe_bars(on, "MSFT")
    with rig.running(stream):
        rig.eventually(lambda: played.control("GET", "state")["subscribers"])
        played.control("POST", "advance", {"to": "2026-01-06T15:10:00Z"})
        rig.eventually(lambda: len(heard) >= 10)
    import datetime as dt

    start = dt.datetime(2026, 1, 6, 15, tzinfo=dt.UTC)
    wanted = StockBarsRequest(
        symbol_or_symbols="MSFT", timeframe=TimeFrame.Minute, start=start, end=start + dt.timedelta(minutes=9)
    )
    history = rig.stocks(played).get_stock_bars(wanted)["MSFT"]
    assert all(isinstance(bar, Bar) for bar in heard)
    assert heard == history
    print(f"bars: {len(heard)} of {len(history)} equal")
