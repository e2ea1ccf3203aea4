"""Who may ask, how often, and what the answers say about it."""

import base64

import pytest
from alpaca.trading.client import TradingClient

from tests.conformance import rig
from tickwright.paper import PaperServer

UNAUTHORIZED = {"code": 40110000, "message": "request is not authorized"}


def test_alpaca_headers_open_the_account(server):
    assert rig.get(server, "/v2/clock").status_code == 200


@pytest.mark.parametrize(
    ("key", "secret"), [("K0", "wrong"), ("nobody", rig.SECRET), ("", ""), ("K0", ""), ("k0", rig.SECRET)]
)
@pytest.mark.parametrize("path", ["/v2/account", "/v2/stocks/bars", "/v2/nowhere"])
def test_wrong_keys_are_refused(server, key, secret, path):
    answer = rig.get(server, path, key, secret)
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


def test_no_keys_are_refused(server):
    import requests

    answer = requests.get(server.rest_url + "/v2/account", timeout=5)
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


def test_alpaca_py_raises_its_error_for_wrong_keys(server):
    assert rig.refused(TradingClient("K0", "wrong", url_override=server.rest_url).get_clock) == (
        401,
        40110000,
        "request is not authorized",
    )


def test_a_bearer_token_opens_the_account(server):
    client = TradingClient(oauth_token=f"K0:{rig.SECRET}", url_override=server.rest_url)
    assert client.get_clock().is_open


@pytest.mark.parametrize("given", ["Basic !!!", "Basic", "Bearer K0", "Digest x", "Basic " + "QQ=="])
def test_other_authorizations_are_refused(server, given):
    import requests

    assert requests.get(server.rest_url + "/v2/clock", headers={"Authorization": given}, timeout=5).status_code == 401


def test_basic_authorization_opens_the_account(server):
    import requests

    pair = base64.b64encode(f"K0:{rig.SECRET}".encode()).decode()
    answer = requests.get(server.rest_url + "/v2/clock", headers={"Authorization": f"Basic {pair}"}, timeout=5)
    assert answer.status_code == 200


def test_each_key_opens_its_own_account(server):
    ids = {rig.trading(server, key).get_account().id for key in ("K0", "K1", "K2")}
    assert len(ids) == 3


@pytest.mark.parametrize("path", ["/v2/nowhere", "/v3/account", "/v2/orders/x/y/z", "/v2/stocks", "/"])
def test_an_unknown_path_is_not_found(server, path):
    answer = rig.get(server, path)
    assert answer.status_code in (404, 422)
    assert answer.json()["message"]


def test_every_answer_has_a_request_id(server):
    first, second = (rig.get(server, "/v2/clock").headers["X-Request-ID"] for _ in range(2))
    assert len(first) == 32
    assert first != second


@pytest.fixture(scope="module")
def limited():
    paper = {"speed": 0.0, "accounts": rig.accounts(3), "requests_per_minute": 5, "data_requests_per_minute": 3}
    with PaperServer({"paper": paper}, data=rig.market()) as running:
        yield running


def test_the_limit_counts_down_in_the_headers_and_then_refuses(limited):
    answers = [rig.get(limited, "/v2/account") for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 5 + [429]
    assert [a.headers["X-RateLimit-Remaining"] for a in answers] == ["4", "3", "2", "1", "0", "0"]
    assert {a.headers["X-RateLimit-Limit"] for a in answers} == {"5"}
    assert len({a.headers["X-RateLimit-Reset"] for a in answers}) == 1
    assert answers[-1].json() == {"code": 42910000, "message": "rate limit exceeded"}


def test_the_limit_resets_within_a_minute_of_real_time(limited):
    import time

    reset = int(rig.get(limited, "/v2/account", "K1").headers["X-RateLimit-Reset"])
    assert 0 < reset - time.time() <= 61


def test_accounts_have_limits_of_their_own(limited):
    for _ in range(6):
        rig.get(limited, "/v2/clock")
    assert rig.get(limited, "/v2/clock", "K2").status_code == 200


def test_market_data_has_a_limit_of_its_own(limited):
    answers = [rig.get(limited, "/v2/stocks/quotes/latest?symbols=AAPL", "K2") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]


def test_alpaca_py_raises_its_error_beyond_the_limit(limited):
    client = rig.trading(limited, "K0")
    for _ in range(6):
        rig.get(limited, "/v2/clock")
    assert rig.refused(client.get_clock) == (429, 42910000, "rate limit exceeded")


def test_wrong_keys_do_not_count(limited):
    assert "X-RateLimit-Limit" not in rig.get(limited, "/v2/clock", "K0", "wrong").headers


def test_control_routes_refuse_pages_of_a_browser(server):
    import requests

    answer = requests.get(f"{server.rest_url}/_control/state", headers={"Origin": "https://example.org"}, timeout=5)
    assert answer.status_code == 403


def test_a_body_beyond_a_megabyte_is_refused(server):
    assert rig.get(server, "/v2/orders", method="POST", data=b"x" * 1_000_001).status_code == 413
