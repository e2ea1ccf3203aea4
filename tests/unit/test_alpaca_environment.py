"""What a request takes from the environment, over the real alpaca-py and requests."""

import asyncio

import pytest

from tests.unit.alpaca_servers import KEY, SECRET, Answer, http_server
from tickwright.adapters import Accepted, Credentials
from tickwright.adapters.alpaca import AlpacaBroker, Endpoints

ORDER = {
    "symbol": "AAPL",
    "qty": "1",
    "side": "buy",
    "type": "market",
    "time_in_force": "day",
    "client_order_id": "e-1",
}
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def submitted(url=None, answer=None):
    """What came of an order, and the requests that the server saw."""

    async def main():
        async with http_server(lambda request: answer or Answer(body={"id": "o-1", "status": "new"})) as server:
            if url is not None:
                url(server.url)
            endpoint = server.url if url is None else "http://127.0.0.1:9"
            broker = AlpacaBroker(Credentials(KEY, SECRET), endpoints=Endpoints.at(endpoint))
            try:
                return [await broker.submit(ORDER), await broker.submit(ORDER)], server.requests
            finally:
                await broker.close()

    return asyncio.run(main())


def test_an_order_goes_through_the_proxy_of_the_environment(monkeypatch):
    outcomes, requests = submitted(lambda proxy: monkeypatch.setenv("HTTP_PROXY", proxy))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [request.path for request in requests] == ["/v2/orders"] * 2
    assert requests[0].headers["host"] == "127.0.0.1:9"


def test_a_host_that_needs_no_proxy_is_asked_itself(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    outcomes, requests = submitted()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(requests) == 2


def test_no_password_of_a_netrc_file_is_sent_with_the_keys(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    _, requests = submitted()
    assert "authorization" not in requests[0].headers
    assert requests[0].headers["apca-api-key-id"] == KEY


def test_requests_carry_what_alpaca_py_gives_them_and_cookies_that_were_set():
    answer = Answer(body={"id": "o-1", "status": "new"}, headers={"Set-Cookie": "place=7"})
    _, requests = submitted(answer=answer)
    headers = [request.headers for request in requests]
    assert headers[0]["user-agent"].startswith("APCA-PY/")
    assert headers[0]["content-type"] == "application/json"
    assert [row.get("connection") for row in headers] == ["keep-alive"] * 2
    # The second may have left from another thread, whose connection knows no cookie.
    assert headers[1].get("cookie") in (None, "place=7")
    assert requests[0].json == ORDER
