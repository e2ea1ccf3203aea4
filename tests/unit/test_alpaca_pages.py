"""Lists and history in pages: every row once and in order, whatever the pages' edges cut."""

import asyncio
import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.alpaca_servers import Answer
from tests.unit.test_alpaca_broker import QUICK, in_turn, with_broker
from tickwright.adapters.alpaca import AlpacaMarketData, Asset, Clock, TradingDay, TradingDays, pages
from tickwright.errors import BrokerError, ConfigError
from tickwright.feeds import alpaca_history

START_NS = 1_704_205_800_000_000_000


class Book:
    """The orders of an account, given as Alpaca's `GET /v2/orders` gives them."""

    def __init__(self, times_ns, *, resolution_ns=1, inclusive=False):
        self.rows = [{"id": f"o{n}", "submitted_at": pages.moment(t)} for n, t in enumerate(times_ns)]
        self.times = list(times_ns)
        self.resolution_ns, self.inclusive = resolution_ns, inclusive
        self.asked = []

    async def read(self, path, params):
        assert path == "/orders"
        assert params["direction"] == "asc"
        self.asked.append(dict(params))
        after = -1 if "after" not in params else pages.nanoseconds(params["after"]) // self.resolution_ns

        def is_after(t):
            return t // self.resolution_ns > after or (self.inclusive and t // self.resolution_ns == after)

        found = [(t, n) for n, t in enumerate(self.times) if is_after(t)]
        return [self.rows[n] for _, n in sorted(found)[: params["limit"]]]


@given(
    gaps=st.lists(st.sampled_from([0, 1, 1_000, 1_000_000, 10**9]), max_size=60),
    size=st.integers(12, 20),
    resolution_ns=st.sampled_from([1, 1_000, 1_000_000]),
    inclusive=st.booleans(),
    after=st.integers(0, 3),
)
def test_all_orders_come_once_and_in_order_however_finely_times_are_compared(
    gaps, size, resolution_ns, inclusive, after
):
    times, now = [], START_NS
    for place, gap in enumerate(gaps):
        # No more than ten within a millisecond or two: a page must be larger than what shares its edge.
        now += gap if place % 4 else 3_000_000
        times.append(now)
    book = Book(times, resolution_ns=resolution_ns, inclusive=inclusive)
    original, pages.ORDERS_A_PAGE = pages.ORDERS_A_PAGE, size
    try:
        since = pages.moment(times[after]) if after < len(times) else None
        found = asyncio.run(pages.orders(book.read, {"status": "all"}, since))
    finally:
        pages.ORDERS_A_PAGE = original
    first = since and pages.nanoseconds(since) // resolution_ns
    expected = [
        row for row, t in zip(book.rows, times, strict=True)
        if since is None or t // resolution_ns > first or (inclusive and t // resolution_ns == first)
    ]  # fmt: skip
    assert found == expected


def test_more_orders_of_one_time_than_a_page_holds_are_an_error_and_not_a_loop():
    book = Book([START_NS] * 600)
    with pytest.raises(BrokerError, match="500 orders have the same time"):
        asyncio.run(pages.orders(book.read, {}, None))
    assert len(book.asked) == 2


def test_orders_are_asked_for_as_the_interface_takes_them():
    async def use(broker, server):
        await broker.orders("closed", after=START_NS, until=START_NS + 1, symbols=["A", "B"], side="buy", nested=True)
        return server.requests[0].query

    assert with_broker(in_turn(Answer(200, [])), use) == {
        "status": "closed", "after": "2024-01-02T14:30:00Z", "until": "2024-01-02T14:30:00.000000001Z",
        "symbols": "A,B", "side": "buy", "nested": "true", "limit": "500", "direction": "asc",
    }  # fmt: skip


def fill(n, order, cum_qty):
    return {"id": f"2024::{n}", "activity_type": "FILL", "order_id": order, "cum_qty": str(cum_qty)}


def test_activities_come_over_all_pages():
    rows = [fill(n, f"o{n}", 1) for n in range(250)]

    def handler(request):
        assert request.path == "/v2/account/activities"
        start = 0 if "page_token" not in request.query else int(request.query["page_token"].split("::")[1]) + 1
        return Answer(200, rows[start : start + int(request.query["page_size"])])

    async def use(broker, server):
        found = await broker.activities(["FILL", "DIV"], after=START_NS + 1, until=START_NS + 1)
        return found, server.requests[0].query, len(server.requests)

    found, query, requests = with_broker(handler, use)
    assert found == rows
    assert requests == 3
    assert query == {
        "activity_types": "FILL,DIV", "after": "2024-01-02T14:30:00Z", "until": "2024-01-02T14:30:01Z",
        "page_size": "100", "direction": "asc",
    }  # fmt: skip


def test_a_page_that_comes_again_is_an_error_and_not_a_loop():
    rows = [fill(n, f"o{n}", 1) for n in range(100)]

    async def use(broker, server):
        with pytest.raises(BrokerError, match="the same as the one before"):
            await broker.activities()
        return len(server.requests)

    assert with_broker(in_turn(Answer(200, rows)), use) == 2


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 10**9)), max_size=40), st.randoms())
def test_fills_of_each_order_rise_and_nothing_else_moves(fills, rng):
    rows = [fill(n, order, Decimal(qty) / 1000) for n, (order, qty) in enumerate(fills)]
    rows += [{"id": f"d{n}", "activity_type": "DIV"} for n in range(5)]
    rng.shuffle(rows)
    found = pages.order_fills(rows)
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in rows)
    assert [row.get("order_id") for row in found] == [row.get("order_id") for row in rows]
    for order in "abc":
        cumulated = [Decimal(row["cum_qty"]) for row in found if row.get("order_id") == order]
        assert cumulated == sorted(cumulated)


@given(st.integers(0, 4_102_444_800_000_000_000))
def test_times_are_written_and_read_to_the_nanosecond(ns):
    assert pages.nanoseconds(pages.moment(ns)) == ns
    assert pages.nanoseconds(pages.second(ns, up=False)) == ns - ns % 10**9
    assert ns <= pages.nanoseconds(pages.second(ns, up=True)) < ns + 10**9


@given(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_times_with_an_offset_are_read_as_the_standard_library_reads_them(moment, minutes):
    moment = moment.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    since = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert pages.nanoseconds(moment.isoformat()) == (since // dt.timedelta(microseconds=1)) * 1_000


@pytest.mark.parametrize("text", ["", "2024-01-02", "2024-13-02T00:00:00Z", "2024-01-02T14:30:00", "now", "1704205800"])
def test_what_is_not_a_time_is_refused(text):
    with pytest.raises(BrokerError, match="not a time"):
        pages.nanoseconds(text)


# History -------------------------------------------------------------------------------------------------------------


def with_data(handler, use, **options):
    return with_broker(handler, use, kind=AlpacaMarketData, **options)


def page(token, *closes):
    bars = [
        {"t": f"2022-01-03T14:{30 + n:02}:00Z", "o": c, "h": c, "l": c, "c": c, "v": 100, "n": 1, "vw": c}
        for n, c in closes
    ]
    return {"bars": {"AAPL": bars}, "next_page_token": token}


def test_history_comes_in_pages_of_the_very_bytes_and_the_decoder_takes_them():
    bodies = {None: page("two", (0, 1.5), (1, 2.5)), "two": page("three", (2, 3.5)), "three": page(None, (3, 4.5))}
    texts = {token: json.dumps(body).encode() for token, body in bodies.items()}

    async def use(data, server):
        found = [body async for body in data.history("bars", ["AAPL"], START_NS, "2024-02-01", rows_a_page=2)]
        return found, [(r.path, r.query) for r in server.requests]

    found, asked = with_data(lambda request: Answer(200, texts[request.query.get("page_token")]), use)
    assert found == list(texts.values())
    market = alpaca_history(found)
    assert market.count("bars") == 4
    first = {
        "symbols": "AAPL", "start": "2024-01-02T14:30:00Z", "end": "2024-02-01", "limit": "2", "sort": "asc",
        "timeframe": "1Min", "adjustment": "raw", "feed": "iex",
    }  # fmt: skip
    assert asked == [
        ("/v2/stocks/bars", first | extra) for extra in ({}, {"page_token": "two"}, {"page_token": "three"})
    ]


@pytest.mark.parametrize(
    ("kind", "symbols", "path"),
    [
        ("quotes", ["AAPL"], "/v2/stocks/quotes"),
        ("trades", ["BTC/USD", "ETH/USD"], "/v1beta3/crypto/us/trades"),
        ("bars", ["BTC/USD"], "/v1beta3/crypto/us/bars"),
    ],
)
def test_history_is_asked_for_where_it_is(kind, symbols, path):
    async def use(data, server):
        async for _ in data.history(kind, symbols, "2024-01-02"):
            pass
        return server.requests[0].path, server.requests[0].query["symbols"]

    body = {kind: {}, "next_page_token": None}
    assert with_data(in_turn(Answer(200, body)), use) == (path, ",".join(symbols))


@pytest.mark.parametrize(
    ("kind", "symbols", "path"),
    [
        ("quotes", ["AAPL"], "/v2/stocks/quotes/latest"),
        ("bars", ["BTC/USD"], "/v1beta3/crypto/us/latest/bars"),
        ("orderbooks", ["BTC/USD"], "/v1beta3/crypto/us/latest/orderbooks"),
        ("snapshots", ["AAPL", "MSFT"], "/v2/stocks/snapshots"),
        ("snapshots", ["BTC/USD"], "/v1beta3/crypto/us/snapshots"),
    ],
)
def test_the_latest_is_asked_for_where_it_is(kind, symbols, path):
    async def use(data, server):
        return await data.latest(kind, symbols), server.requests[0].path

    assert with_data(in_turn(Answer(200, b'{"x":1}')), use) == (b'{"x":1}', path)


def test_a_page_is_asked_for_again_after_trouble_and_refusals_say_why():
    async def use(data, server):
        pages_found = [body async for body in data.history("bars", ["AAPL"], "2022-01-03")]
        return len(pages_found), len(server.requests)

    whole = Answer(200, page(None, (0, 1.5)))
    cut = Answer(200, page(None, (0, 1.5)), fault="cut")
    assert with_data(in_turn(Answer(500), cut, Answer(fault="reset"), whole), use) == (1, 4)

    async def refused(data, server):
        with pytest.raises(
            BrokerError, match=r"HTTP 403, code 40310000: subscription does not permit .* SIP"
        ) as caught:
            await anext(data.history("bars", ["AAPL"], "2022-01-03"))
        return caught.value.status

    body = {"code": 40310000, "message": "subscription does not permit querying recent SIP data"}
    assert with_data(in_turn(Answer(403, body)), refused) == 403


def test_a_page_that_does_not_say_whether_another_follows_is_no_page():
    async def use(data, server):
        with pytest.raises(BrokerError, match="does not say whether another one follows"):
            await anext(data.history("bars", ["AAPL"], "2022-01-03"))

    with_data(in_turn(Answer(200, {"bars": {}, "news": 'a "next_page_token" in \\"words\\"'})), use)


def test_a_token_within_a_text_is_not_taken_for_the_pages():
    headline = 'He said "next_page_token":"wrong" twice'

    async def use(data, server):
        return len([body async for body in data.history("trades", ["AAPL"], "2022-01-03")])

    body = {"trades": {}, "headline": headline, "next_page_token": None}
    assert with_data(in_turn(Answer(200, body)), use) == 1


@pytest.mark.parametrize(
    ("arguments", "options", "fault"),
    [
        (("ticks", ["AAPL"], 0), {}, "history of 'ticks'"),
        (("bars", "AAPL", 0), {}, "is a text"),
        (("bars", [], 0), {}, "there is none"),
        (("bars", ["AAPL", "BTC/USD"], 0), {}, "both stocks and crypto"),
        (("bars", ["AAPL"], 0), {"timeframe": "60Min"}, "timeframe '60Min'"),
        (("bars", ["AAPL"], 0), {"timeframe": "5Month"}, "timeframe '5Month'"),
        (("bars", ["AAPL"], 0), {"rows_a_page": 10_001}, "rows_a_page"),
    ],
)
def test_history_that_cannot_be_is_refused_before_anything_is_asked(arguments, options, fault):
    async def use(data, server):
        with pytest.raises(ConfigError, match=fault):
            await anext(data.history(*arguments, **options))
        return len(server.requests)

    assert with_data(in_turn(Answer(200)), use, settings=QUICK) == 0


def test_streams_are_where_the_feed_is():
    async def use(data, server):
        stocks = data.stream({"quotes": ["AAPL"]}, print, print)
        crypto = data.stream({"orderbooks": ["BTC/USD"]}, print, print, asset_class="crypto")
        with pytest.raises(ConfigError, match="asset class"):
            data.stream({}, print, print, asset_class="bonds")
        return stocks.url, crypto.url

    stocks, crypto = with_data(in_turn(Answer()), use)
    assert stocks.endswith("/v2/iex")
    assert crypto.endswith("/v1beta3/crypto/us")
    assert stocks.startswith("ws://127.0.0.1:")


def test_corporate_actions_come_over_all_pages():
    bodies = [{"corporate_actions": {}, "next_page_token": "x"}, {"corporate_actions": {}, "next_page_token": None}]

    async def use(data, server):
        found = [json.loads(body) async for body in data.corporate_actions(["AAPL"], "2024-01-01", "2024-02-01")]
        return found, [(r.path, r.query.get("page_token")) for r in server.requests]

    found, asked = with_data(in_turn(*(Answer(200, body) for body in bodies)), use)
    assert found == bodies
    assert asked == [("/v1/corporate-actions", None), ("/v1/corporate-actions", "x")]


# Assets, calendar, clock ---------------------------------------------------------------------------------------------


def test_an_asset_is_read():
    row = {
        "id": "904837e3-3b76-47ec-b432-046db621571b", "class": "us_equity", "exchange": "NASDAQ", "symbol": "AAPL",
        "name": "Apple Inc. Common Stock", "status": "active", "tradable": True, "marginable": True, "shortable": True,
        "easy_to_borrow": True, "fractionable": True, "maintenance_margin_requirement": 30,
        "attributes": ["has_options"],
    }  # fmt: skip
    asset = Asset.of(row)
    assert (asset.symbol, asset.asset_class, asset.exchange) == ("AAPL", "us_equity", "NASDAQ")
    assert asset.maintenance_margin == Decimal("0.3")
    assert asset.attributes == ("has_options",)
    assert asset.min_order_size is None
    crypto = Asset.of(
        {"id": "x", "class": "crypto", "symbol": "BTC/USD", "status": "inactive", "min_order_size": "0.000013",
         "min_trade_increment": "0.000000001", "price_increment": "1"}
    )  # fmt: skip
    assert not crypto.active
    assert crypto.min_order_size == Decimal("0.000013")
    with pytest.raises(BrokerError, match="it has no 'symbol'"):
        Asset.of({"id": "x"})
    with pytest.raises(BrokerError, match="price_increment 'much' is not a number"):
        Asset.of({"id": "x", "symbol": "Y", "class": "crypto", "price_increment": "much"})


@pytest.mark.parametrize(
    ("date", "close", "utc_open", "utc_close"),
    [
        ("2024-03-08", "16:00", "14:30", "21:00"),  # winter time
        ("2024-03-11", "16:00", "13:30", "20:00"),  # the clocks went forward on the tenth
        ("2024-11-01", "16:00", "13:30", "20:00"),
        ("2024-11-04", "16:00", "14:30", "21:00"),  # and back on the third
        ("2024-11-29", "13:00", "14:30", "18:00"),  # the half day after Thanksgiving
    ],
)
def test_a_trading_day_is_in_utc_over_daylight_saving_and_half_days(date, close, utc_open, utc_close):
    day = TradingDay.of(
        {"date": date, "open": "09:30", "close": close, "session_open": "0400", "session_close": "2000"}
    )
    assert day.open_ns == pages.nanoseconds(f"{date}T{utc_open}:00Z")
    assert day.close_ns == pages.nanoseconds(f"{date}T{utc_close}:00Z")
    assert day.open_ns - day.premarket_ns == 5.5 * 3_600 * 10**9


@given(st.integers(0, 6 * 86_400), st.booleans())
def test_the_market_is_open_within_its_sessions_only(seconds, extended):
    rows = [
        {"date": f"2024-07-0{n}", "open": "09:30", "close": "13:00" if n == 3 else "16:00", "session_open": "0400",
         "session_close": "1700" if n == 3 else "2000"}
        for n in (5, 3, 1)
    ]  # fmt: skip
    days = TradingDays.of(rows)
    now = pages.nanoseconds("2024-07-01T00:00:00Z") + seconds * 10**9
    spans = [
        (d.premarket_ns, d.postmarket_ns) if extended else (d.open_ns, d.close_ns) for d in map(TradingDay.of, rows)
    ]
    assert days.is_open(now, extended=extended) == any(start <= now < end for start, end in spans)
    assert [str(day.date) for day in days] == ["2024-07-01", "2024-07-03", "2024-07-05"]


@pytest.mark.parametrize(
    "row",
    [
        {"date": "2024-07-01", "open": "09:30"},
        {"date": "someday", "open": "09:30", "close": "16:00"},
        {"date": "2024-07-01", "open": "16:00", "close": "09:30"},
        {"date": "2024-07-01", "open": "9.30", "close": "16:00"},
        {"date": "2024-07-01", "open": "25:00", "close": "26:00"},
    ],
)
def test_a_day_that_cannot_be_is_refused(row):
    with pytest.raises(BrokerError, match="calendar"):
        TradingDay.of(row)


def test_the_clock_is_read_with_its_offset():
    row = {
        "timestamp": "2024-01-02T09:45:00.123456789-05:00", "is_open": True,
        "next_open": "2024-01-03T09:30:00-05:00", "next_close": "2024-01-02T16:00:00-05:00",
    }  # fmt: skip
    clock = Clock.of(row)
    assert clock.now_ns == pages.nanoseconds("2024-01-02T14:45:00.123456789Z")
    assert clock.is_open
    with pytest.raises(BrokerError, match="it has no 'next_open'"):
        Clock.of({"timestamp": row["timestamp"], "is_open": True})
