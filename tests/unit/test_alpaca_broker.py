"""The broker over the real alpaca-py, against a server on loopback that fails in each way that Alpaca does."""

import asyncio
import json
import random
import socket
import time

import pytest

from tests.unit.alpaca_servers import KEY, SECRET, Answer, http_server
from tickwright.adapters import Accepted, Broker, Credentials, InDoubt, MarketData, Refused
from tickwright.adapters.alpaca import AlpacaBroker, AlpacaMarketData, Endpoints, RequestSettings
from tickwright.errors import AuthenticationError, BrokerError, ConfigError, NotSentError

ORDER = {
    "symbol": "AAPL",
    "qty": "10",
    "side": "buy",
    "type": "market",
    "time_in_force": "day",
    "client_order_id": "a-1",
}
TAKEN = {"id": "904837e3-3b76-47ec-b432-046db621571b", "client_order_id": "a-1", "status": "accepted"}
QUICK = RequestSettings(
    connect_timeout_s=0.5, read_timeout_s=0.3, submit_patience_s=2.0, read_patience_s=3.0, cancel_patience_s=3.0,
    retries=4, retry_first_s=0.01, retry_cap_s=0.05,
)  # fmt: skip


def with_broker(handler, use, *, settings=QUICK, credentials=None, kind=AlpacaBroker):
    """Run `use(broker, server)` against a server that answers by `handler`."""

    async def main():
        async with http_server(handler) as server:
            broker = kind(
                credentials or Credentials(KEY, SECRET),
                endpoints=Endpoints.at(server.url),
                settings=settings,
                rng=random.Random(1),
            )
            try:
                return await use(broker, server)
            finally:
                await broker.close()

    return asyncio.run(main())


def in_turn(*answers):
    """A handler that gives `answers` one after the other, the last for good."""
    rest = list(answers)
    return lambda request: rest.pop(0) if len(rest) > 1 else rest[0]


def submit(*answers, **options):
    async def use(broker, server):
        return await broker.submit(ORDER), server.requests, broker.statistics()

    return with_broker(in_turn(*answers), use, **options)


# Outcomes ------------------------------------------------------------------------------------------------------------


def test_an_order_that_is_taken_is_accepted_with_what_the_broker_says():
    outcome, requests, statistics = submit(Answer(200, TAKEN, {"X-Request-ID": "abc123"}))
    assert outcome == Accepted(TAKEN)
    assert outcome.request_id == "abc123"
    (request,) = requests
    assert (request.method, request.path, request.json) == ("POST", "/v2/orders", ORDER)
    assert (request.headers["apca-api-key-id"], request.headers["apca-api-secret-key"]) == (KEY, SECRET)
    assert request.headers["user-agent"].startswith("APCA-PY")  # alpaca-py names itself so
    assert statistics.answered == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"code": 40310000, "message": "insufficient buying power", "buying_power": "12.5"}),
        (422, {"code": 40010001, "message": "client_order_id must be no more than 128 characters"}),
        (400, {"code": 40010001, "message": "qty or notional is required"}),
        (404, {"code": 40410000, "message": "asset not found"}),
        (401, {"code": 40110000, "message": "request is not authorized"}),
    ],
)
def test_a_refusal_is_final_and_keeps_all_that_the_broker_said(status, body):
    outcome, requests, statistics = submit(Answer(status, body))
    assert outcome == Refused(status, body["code"], body["message"], body)
    assert outcome.sent
    assert len(requests) == 1
    assert statistics.refused == 1


def test_a_refusal_that_is_not_json_is_told_in_the_servers_words():
    outcome, _, _ = submit(Answer(403, b"<html>denied</html>"))
    assert outcome == Refused(403, 0, "<html>denied</html>")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(200, TAKEN, delay_s=5.0), "ReadTimeout"),
        (Answer(fault="hang"), "ReadTimeout"),
        (Answer(fault="reset"), "ConnectionError"),
        (Answer(fault="close"), "ConnectionError"),
        (Answer(200, TAKEN, fault="cut"), "ChunkedEncodingError"),
        (Answer(200, b"{half of an obj"), "JSONDecodeError"),
        (Answer(200, {}), "without the order"),
        (Answer(500, {"code": 50010000, "message": "internal server error"}), "HTTP 500, code 50010000"),
        (Answer(502, b"bad gateway"), "HTTP 502"),
        (Answer(503, b""), "HTTP 503"),
        (Answer(504, {"message": "timeout"}), "HTTP 504"),
        (Answer(408, {"message": "request timeout"}), "HTTP 408"),
        # A try that was taken for lost has arrived: refused is only the second one.
        (Answer(422, {"code": 40010001, "message": "client_order_id must be unique"}), "has an order of this id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_order_without_a_clear_answer_is_in_doubt_and_never_sent_again(answer, reason):
    outcome, requests, _ = submit(answer)
    assert isinstance(outcome, InDoubt)
    assert reason in outcome.reason
    assert len(requests) == 1


def test_an_order_that_found_no_connection_never_left():
    async def main():
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            broker = AlpacaBroker(
                Credentials(KEY, SECRET), endpoints=Endpoints.at(f"http://127.0.0.1:{port}"), settings=QUICK
            )
            return await broker.submit(ORDER), broker.statistics()

    outcome, statistics = asyncio.run(main())
    assert isinstance(outcome, Refused)
    assert not outcome.sent
    assert outcome.message.startswith("not sent: ConnectionError")
    assert (statistics.retries, statistics.not_sent) == (4, 1)  # that it did not leave is certain, so it is tried again


def test_an_order_refused_for_its_rate_is_sent_again_after_the_reset_under_the_same_id():
    late = Answer(429, {"code": 42910000, "message": "rate limit exceeded"}, rate(0, reset_in_s=1))
    outcome, requests, statistics = submit(late, Answer(200, TAKEN))
    assert isinstance(outcome, Accepted)
    assert [request.json["client_order_id"] for request in requests] == ["a-1", "a-1"]
    assert 0.9 < requests[1].at - requests[0].at < 2.0
    assert (statistics.too_many, statistics.retries) == (1, 1)


def test_an_order_is_not_sent_when_the_rate_allows_it_only_after_its_patience():
    late = Answer(429, {"code": 42910000, "message": "rate limit exceeded"}, rate(0, reset_in_s=40))
    outcome, requests, _ = submit(late, settings=RequestSettings(submit_patience_s=0.2))
    assert isinstance(outcome, Refused)
    assert "not sent: waited" in outcome.message
    assert len(requests) == 1


def rate(remaining, *, limit=200, reset_in_s=30):
    """Headers of an answer; the server's clock is an hour ahead of ours."""
    now = time.time() + 3_600
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now))
    reset = int(now) + reset_in_s
    return {
        "X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(reset),
        "Date": date,
    }  # fmt: skip


def test_what_is_left_is_learned_from_every_answer_even_where_clocks_differ():
    async def use(broker, server):
        await broker.account()
        return broker.statistics()

    statistics = with_broker(in_turn(Answer(200, {"id": "x"}, rate(77, limit=1_000))), use)
    assert (statistics.limit, statistics.left) == (1_000, 77)


def test_an_order_needs_an_id_of_its_own():
    async def use(broker, server):
        for bad in (None, "", 7, "x" * 129):
            with pytest.raises(ConfigError, match="client_order_id"):
                await broker.submit({**ORDER, "client_order_id": bad})
        assert not server.requests

    with_broker(in_turn(Answer(200, TAKEN)), use)


# Cancels, replaces, everything at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset", "close", "hang"])
def test_a_cancel_is_sent_again_after_trouble(fault):
    async def use(broker, server):
        return await broker.cancel("904837e3"), server.requests

    outcome, requests = with_broker(in_turn(Answer(fault=fault), Answer(500), Answer(204)), use)
    assert outcome == Accepted()
    assert [(r.method, r.path) for r in requests] == [("DELETE", "/v2/orders/904837e3")] * 3


def test_a_cancel_that_comes_too_late_is_refused():
    body = {"code": 42210000, "message": 'order is already in "filled" state'}

    async def use(broker, server):
        return await broker.cancel("904837e3")

    assert with_broker(in_turn(Answer(422, body)), use) == Refused(422, 42210000, body["message"], body)


def test_a_cancel_without_any_answer_is_in_doubt_at_last():
    async def use(broker, server):
        return await broker.cancel("904837e3"), len(server.requests)

    outcome, requests = with_broker(in_turn(Answer(fault="reset")), use)
    assert isinstance(outcome, InDoubt)
    assert requests == 1 + QUICK.retries


@pytest.mark.parametrize("answer", [Answer(fault="reset"), Answer(504)])
def test_a_replace_is_sent_once_and_in_doubt_without_an_answer(answer):
    async def use(broker, server):
        return await broker.replace("904837e3", {"qty": "5"}, key="AAPL"), server.requests

    outcome, requests = with_broker(in_turn(answer), use)
    assert isinstance(outcome, InDoubt)
    ((method, path, body),) = [(r.method, r.path, r.json) for r in requests]
    assert (method, path, body) == ("PATCH", "/v2/orders/904837e3", {"qty": "5"})


def test_closing_all_positions_makes_orders_and_so_is_sent_once():
    rows = [{"symbol": "AAPL", "status": 200, "body": TAKEN}]

    async def use(broker, server):
        return await broker.close_all(), server.requests

    outcome, (request,) = with_broker(in_turn(Answer(207, rows)), use)
    assert outcome == Accepted({}, tuple(rows))
    assert (request.method, request.path, request.query) == ("DELETE", "/v2/positions", {"cancel_orders": "true"})
    outcome, requests = with_broker(in_turn(Answer(fault="reset")), use)
    assert isinstance(outcome, InDoubt)
    assert len(requests) == 1


def test_canceling_everything_tells_what_became_of_each():
    rows = [{"id": "a", "status": 200}, {"id": "b", "status": 500}]

    async def use(broker, server):
        return await broker.cancel_all()

    assert with_broker(in_turn(Answer(503), Answer(207, rows)), use) == Accepted({}, tuple(rows))


# Reads ---------------------------------------------------------------------------------------------------------------


def test_a_read_is_tried_again_until_it_succeeds():
    async def use(broker, server):
        return await broker.account(), len(server.requests)

    faults = (Answer(fault="reset"), Answer(502), Answer(200, {"a": 1}, fault="cut"), Answer(fault="hang"))
    assert with_broker(in_turn(*faults, Answer(200, {"cash": "1"})), use) == ({"cash": "1"}, 5)


def test_a_read_that_never_succeeds_says_what_happened_last():
    async def use(broker, server):
        with pytest.raises(BrokerError, match=r"GET /account: HTTP 503: maintenance") as caught:
            await broker.account()
        return caught.value.status, len(server.requests)

    assert with_broker(in_turn(Answer(503, {"message": "maintenance"})), use) == (503, 1 + QUICK.retries)


def test_wrong_keys_are_said_to_be_wrong_once():
    async def use(broker, server):
        with pytest.raises(AuthenticationError, match="paper or live") as caught:
            await broker.positions()
        assert (caught.value.status, caught.value.code) == (401, 40110000)
        return len(server.requests)

    answer = Answer(401, {"code": 40110000, "message": "request is not authorized"})
    assert with_broker(in_turn(answer), use) == 1


@pytest.mark.parametrize(
    ("body", "blamed"),
    [
        ({"message": "forbidden."}, True),
        ({"code": 40110000, "message": "request is not authorized"}, True),
        ({"code": 40310000, "message": "account is restricted"}, False),
    ],
)
def test_a_403_is_about_the_keys_unless_it_has_a_reason_of_its_own(body, blamed):
    async def use(broker, server):
        with pytest.raises(BrokerError, match="HTTP 403") as caught:
            await broker.account()
        return isinstance(caught.value, AuthenticationError), "paper or live" in str(caught.value)

    assert with_broker(in_turn(Answer(403, body)), use) == (blamed, blamed)


def test_what_is_not_there_is_none():
    async def use(broker, server):
        return (
            await broker.order_by_client_id("a-1"),
            await broker.order("904837e3"),
            await broker.asset("BTC/USD"),
            [(r.path, r.query) for r in server.requests],
        )

    *found, requests = with_broker(in_turn(Answer(404, {"code": 40410000, "message": "order not found"})), use)
    assert found == [None] * 3
    assert requests == [
        ("/v2/orders:by_client_order_id", {"client_order_id": "a-1"}),
        ("/v2/orders/904837e3", {}),
        ("/v2/assets/BTC/USD", {}),
    ]


def test_an_answer_of_another_shape_is_an_error():
    async def use(broker, server):
        for ask in (broker.positions, broker.assets, broker.calendar, broker.orders, broker.activities):
            with pytest.raises(BrokerError, match="not a list"):
                await ask()

    with_broker(in_turn(Answer(200, {"message": "hello"})), use)


def test_everything_else_is_asked_for_where_it_is():
    asked = []

    def handler(request):
        asked.append((request.path, request.query))
        return Answer(200, {} if request.path.endswith(("clock", "account", "configurations")) else [])

    async def use(broker, server):
        await broker.account()
        await broker.account_configuration()
        await broker.positions()
        await broker.clock()
        await broker.calendar("2024-01-01", "2024-01-31")
        await broker.assets()
        await broker.assets(status=None, asset_class="crypto")

    with_broker(handler, use)
    assert asked == [
        ("/v2/account", {}),
        ("/v2/account/configurations", {}),
        ("/v2/positions", {}),
        ("/v2/clock", {}),
        ("/v2/calendar", {"start": "2024-01-01", "end": "2024-01-31"}),
        ("/v2/assets", {"status": "active", "asset_class": "us_equity"}),
        ("/v2/assets", {"status": "active", "asset_class": "crypto"}),
        ("/v2/assets", {"asset_class": "crypto"}),
    ]


# Turns ---------------------------------------------------------------------------------------------------------------


def test_a_cancel_passes_reads_and_orders_that_hang():
    def handler(request):
        return Answer(204) if request.method == "DELETE" else Answer(fault="hang")

    async def use(broker, server):
        hanging = [asyncio.create_task(broker.submit({**ORDER, "symbol": f"S{n}"})) for n in range(10)]
        hanging += [asyncio.create_task(broker.account()) for _ in range(10)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        outcome = await broker.cancel("904837e3")
        took_s = time.monotonic() - began
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        return outcome, took_s, broker.statistics()

    outcome, took_s, statistics = with_broker(handler, use, settings=RequestSettings(read_timeout_s=1.0))
    assert outcome == Accepted()
    assert took_s < 0.5
    assert sum(lane.waiting for lane in statistics.lanes.values()) == 0  # what nobody waits for is not sent any more


def test_orders_of_one_symbol_leave_one_after_the_other():
    def handler(request):
        return Answer(200, TAKEN, delay_s=0.03)

    async def use(broker, server):
        orders = [{**ORDER, "symbol": s, "client_order_id": f"{s}-{n}"} for n in range(4) for s in ("AAPL", "MSFT")]
        await asyncio.gather(*(broker.submit(order) for order in orders))
        return [request.json["client_order_id"] for request in server.requests], server.under_way_max

    sent, under_way_max = with_broker(handler, use)
    assert [one for one in sent if one.startswith("AAPL")] == [f"AAPL-{n}" for n in range(4)]
    assert [one for one in sent if one.startswith("MSFT")] == [f"MSFT-{n}" for n in range(4)]
    assert under_way_max == 2


def test_the_loop_goes_on_while_requests_hang():
    async def use(broker, server):
        asking = [asyncio.create_task(broker.account()) for _ in range(5)]
        turns, until = 0, time.monotonic() + 0.2
        while time.monotonic() < until:
            await asyncio.sleep(0.001)
            turns += 1
        for task in asking:
            task.cancel()
        return turns

    assert with_broker(in_turn(Answer(fault="hang")), use) > 40


def test_an_answer_that_drips_is_given_up():
    async def use(broker, server):
        began = time.monotonic()
        outcome = await broker.submit(ORDER)
        return outcome, time.monotonic() - began

    outcome, took_s = with_broker(
        in_turn(Answer(200, TAKEN, delay_s=1.0)), use, settings=RequestSettings(hard_limit_s=0.2)
    )
    assert outcome == InDoubt("no answer in 0.2 s")
    assert took_s < 0.8


def test_a_full_queue_refuses_orders_at_once_and_still_takes_cancels():
    def handler(request):
        return Answer(204) if request.method == "DELETE" else Answer(200, TAKEN, delay_s=0.2)

    async def use(broker, server):
        outcomes = await asyncio.gather(*(broker.submit({**ORDER, "symbol": f"S{n}"}) for n in range(12)))
        return outcomes, await broker.cancel("904837e3")

    settings = RequestSettings(threads=3, queue_limit=5)
    outcomes, cancel = with_broker(handler, use, settings=settings)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refused) == 12 - 2 - 5
    assert all("requests of priority SUBMIT wait already" in outcome.message for outcome in refused)
    assert cancel == Accepted()


def test_after_closing_nothing_is_sent():
    async def use(broker, server):
        await broker.close()
        assert await broker.submit(ORDER) == Refused(0, 0, "not sent: closed")
        with pytest.raises(NotSentError):
            await broker.account()
        return len(server.requests)

    assert with_broker(in_turn(Answer(200, TAKEN)), use) == 0


def test_the_adapter_is_what_the_protocols_ask_for():
    assert isinstance(AlpacaBroker(Credentials(KEY, SECRET)), Broker)
    assert isinstance(AlpacaMarketData(Credentials(KEY, SECRET)), MarketData)


def test_the_body_of_an_order_is_sent_as_it_was_given():
    order = {**ORDER, "qty": "0.000000001", "limit_price": "187.41", "take_profit": {"limit_price": "190"}, "note": "é"}

    async def use(broker, server):
        await broker.submit(order)
        return json.loads(server.requests[0].body)

    assert with_broker(in_turn(Answer(200, TAKEN)), use) == order
