"""The adapter against the paper venue, over real HTTP and WebSockets, with faults of its script."""

import asyncio
import itertools

import numpy as np
import pytest

import tickwright as tw
from tickwright.adapters import Accepted, Credentials, FrameQueue, InDoubt, Refused, StreamSettings
from tickwright.adapters.alpaca import (
    AlpacaBroker,
    AlpacaMarketData,
    Asset,
    Clock,
    Endpoints,
    RequestSettings,
    TradingDays,
)
from tickwright.adapters.alpaca.pages import nanoseconds
from tickwright.paper import PaperServer

OPEN = np.datetime64("2026-01-06T14:30:00", "ns")  # a Tuesday
ROWS, STEP_S = 200, 5
SECRET = "secret-of-the-paper-venue"
SETTINGS = RequestSettings(rate_limit=100_000, read_timeout_s=2.0, retry_first_s=0.01, retry_cap_s=0.05)
STREAMS = StreamSettings(first_s=0.01, cap_s=0.05, floor_s=0.001, close_timeout_s=0.2)


def market():
    """Return a quote and a trade every five seconds of two shares and a coin."""
    parts = []
    for symbol, price in (("AAPL", 180.0), ("BAC", 42.0), ("BTC/USD", 60_000.0)):
        row = np.arange(ROWS)
        times = OPEN + row * np.timedelta64(STEP_S, "s")
        prices = price + (row % 11) / 100
        sides = {"bid": prices - 0.01, "ask": prices + 0.01, "bid_size": np.full(ROWS, 500), "ask_size": 600 + row % 3}
        parts.append(tw.feeds.table({"ts": times, **sides}, symbol=symbol))
        trades = {"ts": times + np.timedelta64(1, "s"), "price": prices, "size": 100 + row % 7}
        parts.append(tw.feeds.table(trades, symbol=symbol))
    return tw.MarketData.merge(parts)


def at(seconds):
    """Return the market's time, so many seconds after the opening."""
    return f"{OPEN + np.timedelta64(int(seconds * 1_000), 'ms')}Z"


@pytest.fixture(scope="module")
def venue():
    """Return a venue whose time moves by hand, five minutes after the opening."""
    accounts = [{"key": f"KEY-{n:03}", "secret": SECRET} for n in range(60)]
    settings = {"speed": 0.0, "accounts": accounts, "requests_per_minute": 0, "data_requests_per_minute": 0}
    with PaperServer({"paper": settings}, data=market()) as server:
        server.control("POST", "advance", {"to": at(300)})
        yield server


@pytest.fixture(scope="module")
def keys():
    return (Credentials(f"KEY-{n:03}", SECRET) for n in itertools.count())


@pytest.fixture
def faults(venue):
    """Return a function that sets the venue's faults; they end with the test."""
    yield lambda *rules: venue.control("PUT", "faults", list(rules))
    venue.control("DELETE", "faults")


def order(client_id, **fields):
    limit = {"symbol": "BAC", "qty": "10", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "30"}
    return {**limit, "client_order_id": client_id, **fields}


def run(venue, keys, use, **settings):
    async def main():
        options = {"settings": SETTINGS} | settings
        broker = AlpacaBroker(next(keys), endpoints=Endpoints.at(venue.rest_url), **options)
        try:
            async with asyncio.timeout(30):
                return await use(broker)
        finally:
            await broker.close()

    return asyncio.run(main())


async def listening(stream, events):
    """Run a stream; give its task once it has subscribed."""
    task = asyncio.create_task(stream.run())
    while not any(event.kind == "subscribed" for event in events):
        await asyncio.sleep(0.005)
        assert not task.done(), task.exception()
    return task


def told(updates):
    import json

    return [json.loads(frame)["data"] for frame, _ in updates]


async def until(true, timeout_s=10):
    async with asyncio.timeout(timeout_s):
        while not true():
            await asyncio.sleep(0.005)


def test_an_order_lives_and_ends_and_is_told_at_every_step(venue, keys):
    async def use(broker):
        updates, events = [], []
        stream = broker.updates(lambda *message: updates.append(message), events.append, settings=STREAMS)
        task = await listening(stream, events)
        outcome = await broker.submit(order("one"))
        assert isinstance(outcome, Accepted)
        await until(lambda: any(data["event"] == "new" for data in told(updates)))
        replaced = await broker.replace(outcome.order["id"], {"limit_price": "31", "client_order_id": "two"}, key="BAC")
        assert isinstance(replaced, Accepted)
        assert replaced.order["replaces"] == outcome.order["id"]
        await until(lambda: any(data["event"] == "replaced" for data in told(updates)))
        assert [row["client_order_id"] for row in await broker.orders("open")] == ["two"]
        assert await broker.cancel(replaced.order["id"]) == Accepted()
        await until(lambda: any(data["event"] == "canceled" for data in told(updates)))
        late = await broker.cancel(replaced.order["id"])
        assert isinstance(late, Refused)
        assert (late.status, late.code) == (422, 42210000)
        assert (await broker.order_by_client_id("two"))["status"] == "canceled"
        assert await broker.order_by_client_id("never") is None
        await stream.close()
        await task

    run(venue, keys, use)


def test_fills_positions_and_activities_agree(venue, keys):
    async def use(broker):
        updates, events = [], []
        stream = broker.updates(lambda *message: updates.append(message), events.append, settings=STREAMS)
        task = await listening(stream, events)
        bought = await broker.submit(order("buy", type="market", limit_price=None, qty="7"))
        assert isinstance(bought, Accepted), bought
        await until(lambda: any(data["event"] == "fill" for data in told(updates)))
        fills = [data for data in told(updates) if data["event"] in ("fill", "partial_fill")]
        activities = await broker.activities(["FILL"])
        assert sum(float(row["qty"]) for row in activities) == sum(float(data["qty"]) for data in fills) == 7
        (position,) = await broker.positions()
        assert (position["symbol"], position["qty"]) == ("BAC", "7")
        closed = await broker.close_all()
        assert [row["symbol"] for row in closed.rows] == ["BAC"]
        await until(lambda: len(told(updates)) > 2 and told(updates)[-1]["event"] == "fill")
        assert await broker.positions() == []
        await stream.close()
        await task

    run(venue, keys, use)


def test_a_refusal_says_what_the_venue_says(venue, keys):
    async def use(broker):
        poor = await broker.submit(order("poor", qty="1000000"))
        assert isinstance(poor, Refused)
        assert (poor.status, poor.code) == (403, 40310000)
        assert "buying_power" in poor.body
        assert isinstance(await broker.submit(order("twice")), Accepted)
        twice = await broker.submit(order("twice"))
        assert isinstance(twice, InDoubt)  # there is such an order: which, only the venue can say
        assert (await broker.order_by_client_id("twice"))["client_order_id"] == "twice"

    run(venue, keys, use)


@pytest.mark.parametrize("effect", ["before", "after"])
@pytest.mark.parametrize("fault", [{"kind": "timeout"}, {"kind": "status", "status": 504}], ids=["cut", "504"])
def test_an_order_in_doubt_is_settled_by_its_id_and_there_once(venue, keys, faults, fault, effect):
    async def use(broker):
        faults({**fault, "where": "POST /v2/orders", "nth": 1, "effect": effect})
        outcome = await broker.submit(order("doubt"))
        assert isinstance(outcome, InDoubt)
        known = await broker.order_by_client_id("doubt")
        if effect == "before":
            assert known is None
            again = await broker.submit(order("doubt"))
            assert isinstance(again, Accepted)
        else:
            assert known["client_order_id"] == "doubt"
            again = await broker.submit(order("doubt"))
            assert isinstance(again, InDoubt)
        assert [row["client_order_id"] for row in await broker.orders("all")] == ["doubt"]

    run(venue, keys, use)


def test_no_order_is_there_twice_or_lost_however_answers_are_lost(venue, keys, faults):
    """Every order is settled by its id; the venue's own list is the oracle."""
    ORDERS = 120

    async def settle(broker, client_id):
        outcome = await broker.submit(order(client_id, qty="1"))
        doubts = 0
        while isinstance(outcome, InDoubt):
            doubts += 1
            known = await broker.order_by_client_id(client_id)
            outcome = Accepted(known) if known else await broker.submit(order(client_id, qty="1"))
        return outcome, doubts

    async def use(broker):
        faults(
            {"kind": "timeout", "where": "POST /v2/orders", "probability": 0.2, "effect": "after"},
            {"kind": "timeout", "where": "POST /v2/orders", "probability": 0.2, "effect": "before"},
            {"kind": "status", "where": "POST /v2/orders", "probability": 0.1, "status": 502, "effect": "after"},
            {"kind": "status", "where": "GET /v2/orders*", "probability": 0.2, "status": 503},
        )
        settled = await asyncio.gather(*(settle(broker, f"chaos-{n:03}") for n in range(ORDERS)))
        faults()
        return settled, await broker.orders("all")

    patient = RequestSettings(
        rate_limit=100_000, read_timeout_s=2.0, submit_patience_s=20.0, retries=40, retry_first_s=0.01, retry_cap_s=0.02
    )
    settled, rows = run(venue, keys, use, settings=patient)
    assert all(isinstance(outcome, Accepted) for outcome, _ in settled)
    assert sorted(row["client_order_id"] for row in rows) == [f"chaos-{n:03}" for n in range(ORDERS)]
    assert {outcome.order["id"] for outcome, _ in settled} == {row["id"] for row in rows}
    doubts = sum(doubts for _, doubts in settled)
    assert doubts > ORDERS / 5
    print(f"{ORDERS} of {ORDERS} orders there once, {doubts} doubts settled")


def test_reads_and_cancels_pass_through_a_storm_of_faults(venue, keys, faults):
    async def use(broker):
        accepted = [await broker.submit(order(f"storm-{n}")) for n in range(12)]
        assert all(isinstance(outcome, Accepted) for outcome in accepted)
        faults(
            {"kind": "status", "where": "*", "probability": 0.2, "status": 503},
            {"kind": "timeout", "where": "*", "probability": 0.2},
        )
        outcomes = await asyncio.gather(*(broker.cancel(outcome.order["id"]) for outcome in accepted))
        # A cancel that took effect and whose answer was lost is refused the second time: it has ended.
        assert all(isinstance(o, Accepted) or (isinstance(o, Refused) and o.status == 422) for o in outcomes)
        rows = await broker.orders("all")
        assert {row["status"] for row in rows} <= {"canceled", "pending_cancel"}
        assert broker.statistics().retries > 0

    run(
        venue, keys, use, settings=RequestSettings(rate_limit=100_000, retries=40, retry_first_s=0.01, retry_cap_s=0.02)
    )


def test_all_pages_of_orders_come(venue, keys, monkeypatch):
    from tickwright.adapters.alpaca import pages

    monkeypatch.setattr(pages, "ORDERS_A_PAGE", 60)
    venue.control("POST", "advance", {"to": at(301)})

    async def use(broker):
        names = [f"page-{n:03}" for n in range(50)]
        for name in names:
            assert isinstance(await broker.submit(order(name, qty="1")), Accepted)
        return names, [row["client_order_id"] for row in await broker.orders("all")]

    names, found = run(venue, keys, use)
    assert found == names


def test_the_rate_limit_of_the_venue_is_kept_without_a_single_refusal(keys):
    accounts = [{"key": "KEY-LIMIT", "secret": SECRET}]
    with PaperServer(
        {"paper": {"speed": 0.0, "accounts": accounts, "requests_per_minute": 30}}, data=market()
    ) as venue:
        venue.control("POST", "advance", {"to": at(300)})

        async def use(broker):
            resting = await broker.submit(order("resting"))
            reads = await asyncio.gather(*(broker.account() for _ in range(40)), return_exceptions=True)
            read = sum(isinstance(one, dict) for one in reads)
            refused = await broker.submit(order("late"))
            canceled = await broker.cancel(resting.order["id"])
            return read, refused, canceled, broker.statistics()

        settings = RequestSettings(read_patience_s=0.5, submit_patience_s=0.3)
        read, late, canceled, statistics = run(venue, iter([Credentials("KEY-LIMIT", SECRET)]), use, settings=settings)
    assert statistics.limit == 30
    assert statistics.too_many == 0
    assert 15 <= read <= 24  # a fifth is left to orders and cancels
    assert isinstance(late, (Accepted, Refused))
    assert canceled == Accepted()


def test_assets_calendar_and_clock_are_read(venue, keys):
    async def use(broker):
        assets = {asset.symbol: asset for asset in map(Asset.of, await broker.assets())}
        days = TradingDays.of(await broker.calendar("2026-01-01", "2026-12-31"))
        clock = Clock.of(await broker.clock())
        return assets, days, clock, await broker.asset("BTC/USD"), await broker.asset("NOSUCH")

    assets, days, clock, coin, missing = run(venue, keys, use)
    assert {"AAPL", "BAC", "BTC/USD"} <= set(assets)
    assert assets["BTC/USD"].asset_class == "crypto"
    assert coin["symbol"] == "BTC/USD"
    assert missing is None
    assert len(days) == 251
    assert clock.is_open
    assert days.is_open(clock.now_ns)
    assert sum(day.close_ns - day.open_ns < 6 * 3_600 * 10**9 for day in days) == 2  # half days


def test_what_a_stream_missed_is_found_in_history_and_every_quote_is_there_once(keys):
    """The market's own rows are the oracle: quotes of the stream and of the gap together are all of them."""
    accounts = [{"key": "KEY-STREAM", "secret": SECRET}]
    settings = {"speed": 0.0, "accounts": accounts, "requests_per_minute": 0, "data_requests_per_minute": 0}
    data = market()
    with PaperServer({"paper": settings}, data=data) as venue:

        async def use():
            source = AlpacaMarketData(Credentials("KEY-STREAM", SECRET), endpoints=Endpoints.at(venue.rest_url))
            frames, events = FrameQueue(), []
            away = StreamSettings(first_s=0.5, cap_s=0.5, floor_s=0.5, close_timeout_s=0.2)
            stream = source.stream({"quotes": ["AAPL", "BAC"]}, frames, events.append, settings=away)
            decoder = tw.feeds.AlpacaDecoder()
            task = await listening(stream, events)

            async def advance(seconds):
                await asyncio.to_thread(venue.control, "POST", "advance", {"to": at(seconds)})

            await advance(200)
            await asyncio.to_thread(
                venue.control, "PUT", "faults", [{"kind": "disconnect", "where": "stocks", "after": at(300)}]
            )
            await advance(400)
            await until(lambda: any(event.kind == "disconnected" for event in events))
            await advance(600)  # while the stream is away
            await until(lambda: any(event.kind == "gap" for event in events))
            await advance(ROWS * STEP_S)
            await asyncio.sleep(0.3)
            for frame, received_ns in frames.take():
                decoder.feed(frame, received_ns)
            streamed = decoder.take()
            # Virtual time is not ours: the gap's edges are taken from what was streamed before and after it.
            pages = [page async for page in source.history("quotes", ["AAPL", "BAC"], at(0), at(650), rows_a_page=70)]
            await stream.close()
            await task
            await source.close()
            return streamed, tw.feeds.alpaca_history(pages), [event.kind for event in events], len(pages)

        streamed, filled, kinds, pages = asyncio.run(use())

    def quotes(given):
        rows = given.quotes.to_arrow(floats=True).select(["ts", "symbol", "bid", "ask"]).to_pylist()
        return {(row["ts"], row["symbol"], row["bid"], row["ask"]) for row in rows if row["symbol"] != "BTC/USD"}

    expected = quotes(data)
    assert kinds.count("gap") == 1
    assert pages > 2
    assert quotes(streamed) <= expected
    assert len(quotes(streamed)) < len(expected)  # the disconnect cost some
    assert quotes(streamed) | quotes(filled) == expected
    print(f"{len(quotes(streamed))} of {len(expected)} quotes streamed, all {len(expected)} with history")


def test_a_second_connection_waits_until_the_first_has_gone(venue, keys):
    async def use():
        endpoints, credentials = Endpoints.at(venue.rest_url), next(keys)
        first_events, second_events = [], []
        waiting = StreamSettings(limited_first_s=0.05, limited_cap_s=0.1, tries_a_minute=100, close_timeout_s=0.2)
        source = AlpacaMarketData(credentials, endpoints=endpoints)
        first = source.stream({"quotes": ["AAPL"]}, print, first_events.append, settings=STREAMS)
        task = await listening(first, first_events)
        second = source.stream({"quotes": ["AAPL"]}, print, second_events.append, settings=waiting)
        other = asyncio.create_task(second.run())
        await until(lambda: len(second_events) >= 2)
        assert {event.kind for event in second_events} == {"limited"}
        assert second_events[0].code == 406
        await first.close()
        await task
        await until(lambda: any(event.kind == "subscribed" for event in second_events))
        await second.close()
        await other
        await source.close()

    asyncio.run(use())


def test_wrong_keys_stop_both_streams_at_once(venue):
    async def use():
        endpoints, wrong = Endpoints.at(venue.rest_url), Credentials("KEY-000", "not-the-secret")
        broker, source = AlpacaBroker(wrong, endpoints=endpoints), AlpacaMarketData(wrong, endpoints=endpoints)
        events = []
        for stream in (broker.updates(print, events.append), source.stream({"quotes": ["AAPL"]}, print, events.append)):
            with pytest.raises(tw.AuthenticationError):
                await stream.run()
        with pytest.raises(tw.AuthenticationError, match="401"):
            await broker.account()
        await broker.close()
        await source.close()
        return [event.kind for event in events]

    assert asyncio.run(use()) == ["failed", "failed"]


def test_times_of_orders_are_the_markets(venue, keys):
    async def use(broker):
        outcome = await broker.submit(order("time"))
        clock = Clock.of(await broker.clock())
        return nanoseconds(outcome.order["submitted_at"]), clock.now_ns

    submitted, now = run(venue, keys, use)
    assert abs(now - submitted) < 10**9
