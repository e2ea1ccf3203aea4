"""Requests made up from Alpaca's own OpenAPI files: no answer is a server's error, and each is as the schema says."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.conformance import rig
from tests.conftest import data_root, missing
from tickwright.paper import PaperServer

schemathesis = pytest.importorskip("schemathesis")

EXAMPLES = int(os.environ.get("TICKWRIGHT_SCHEMA_EXAMPLES", "12"))
TRADING = (
    "/v2/account",
    "/v2/account/activities",
    "/v2/account/activities/{activity_type}",
    "/v2/account/configurations",
    "/v2/account/portfolio/history",
    "/v2/assets",
    "/v2/assets/{symbol_or_asset_id}",
    "/v2/calendar",
    "/v2/clock",
    "/v2/corporate_actions/announcements",
    "/v2/corporate_actions/announcements/{id}",
    "/v2/options/contracts",
    "/v2/options/contracts/{symbol_or_id}",
    "/v2/orders",
    "/v2/orders/{order_id}",
    "/v2/orders:by_client_order_id",
    "/v2/positions",
    "/v2/positions/{symbol_or_asset_id}",
    "/v2/watchlists",
    "/v2/watchlists/{watchlist_id}",
    "/v2/watchlists/{watchlist_id}/{symbol}",
    "/v2/watchlists:by_name",
)
DATA = (
    "/v1beta1/news",
    "/v1beta1/screener/{market_type}/movers",
    "/v1beta1/screener/stocks/most-actives",
    "/v1beta3/crypto/{loc}/bars",
    "/v1beta3/crypto/{loc}/latest/bars",
    "/v1beta3/crypto/{loc}/latest/orderbooks",
    "/v1beta3/crypto/{loc}/latest/quotes",
    "/v1beta3/crypto/{loc}/latest/trades",
    "/v1beta3/crypto/{loc}/quotes",
    "/v1beta3/crypto/{loc}/snapshots",
    "/v1beta3/crypto/{loc}/trades",
    "/v1/corporate-actions",
    "/v2/stocks/{symbol}/bars",
    "/v2/stocks/{symbol}/bars/latest",
    "/v2/stocks/{symbol}/quotes",
    "/v2/stocks/{symbol}/quotes/latest",
    "/v2/stocks/{symbol}/snapshot",
    "/v2/stocks/{symbol}/trades",
    "/v2/stocks/{symbol}/trades/latest",
    "/v2/stocks/bars",
    "/v2/stocks/bars/latest",
    "/v2/stocks/meta/conditions/{ticktype}",
    "/v2/stocks/meta/exchanges",
    "/v2/stocks/quotes",
    "/v2/stocks/quotes/latest",
    "/v2/stocks/snapshots",
    "/v2/stocks/trades",
    "/v2/stocks/trades/latest",
)
FILES = {"trading-api.json": TRADING, "market-data-api.json": DATA}


def specifications() -> Path:
    return Path(os.environ.get("TICKWRIGHT_ALPACA_SPECS") or data_root().parent / "alpaca" / "openapi")


def load(name):
    path = specifications() / name
    if not path.is_file():
        missing(path)
    return schemathesis.openapi.from_dict(mended(json.loads(path.read_text(encoding="utf-8"))))


def mended(node):
    """Return a schema without its one contradiction: `oneOf` where every fill is valid as both of two activities."""
    if isinstance(node, dict):
        return {"anyOf" if key == "oneOf" else key: mended(value) for key, value in node.items()}
    return [mended(value) for value in node] if isinstance(node, list) else node


@pytest.fixture(scope="module")
def busy():
    """Return a server with orders, positions, fills and a watchlist, and the names that find them."""
    paper = {
        "speed": 0.0,
        "accounts": rig.accounts(1, cash=1e9),
        "requests_per_minute": 0,
        "data_requests_per_minute": 0,
    }
    with PaperServer({"paper": paper}, data=rig.market()) as server:
        server.control("POST", "advance", {"to": rig.NOW})
        market = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day"}
        rig.get(server, "/v2/orders", method="POST", json=market)
        server.control("POST", "advance", {"by_s": 60})
        resting = {**market, "type": "limit", "limit_price": "1", "client_order_id": "known"}
        order = rig.get(server, "/v2/orders", method="POST", json=resting).json()
        lists = rig.get(server, "/v2/watchlists", method="POST", json={"name": "known", "symbols": ["AAPL"]}).json()
        known = {
            "order_id": order["id"],
            "watchlist_id": lists["id"],
            "symbol_or_asset_id": "AAPL",
            "symbol": "AAPL",
            "symbols": "AAPL,MSFT",
            "name": "known",
            "client_order_id": "known",
            "activity_type": "FILL",
        }
        yield server, known


def operations(name):
    schema = load(name)
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in FILES[name]:
            yield operation


def check(case, response):
    """Judge an answer: its status, and its body against the schema where it is a success."""
    checks = [schemathesis.checks.not_a_server_error]
    if response.status_code < 300 and response.content:
        checks.append(schemathesis.specs.openapi.checks.response_schema_conformance)
        checks.append(schemathesis.specs.openapi.checks.content_type_conformance)
    case.validate_response(response, checks=checks)


@pytest.mark.parametrize("name", FILES)
def test_made_up_requests_are_answered_as_the_schema_says(busy, name, capsys):
    server, known = busy
    headers = {"APCA-API-KEY-ID": "K0", "APCA-API-SECRET-KEY": rig.SECRET}
    tally, failures = {}, []

    def tries(operation):
        # Not every operation can be asked wrongly: some take nothing.
        modes = [schemathesis.GenerationMode.POSITIVE]
        if operation.path_parameters or operation.query or operation.body:
            modes.append(schemathesis.GenerationMode.NEGATIVE)
        counts = tally.setdefault(f"{operation.method.upper()} {operation.path}", {"requests": 0, "successes": 0})

        @seed(20260106)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes)), helped=st.booleans())
        def one(case, helped):
            if helped:  # names that are there, so that success is tried too
                for place in (case.path_parameters, case.query):
                    for field in place or ():
                        if field in known:
                            value = "BTC/USD" if "crypto" in operation.path and field == "symbols" else known[field]
                            place[field] = value
            counts["requests"] += 1
            response = case.call(base_url=server.rest_url, headers=headers)
            counts["successes"] += response.status_code < 300
            check(case, response)

        try:
            one()
        except (Exception, BaseExceptionGroup) as error:
            failures.append(f"{operation.method.upper()} {operation.path}: {error}")

    for operation in operations(name):
        tries(operation)
    requests = sum(c["requests"] for c in tally.values())
    successes = sum(c["successes"] for c in tally.values())
    with capsys.disabled():
        print(
            f"\n{name}: {len({k.split()[1] for k in tally})} paths, {len(tally)} operations, {requests} requests, "
            f"{successes} successes, {len(failures)} failures"
        )
    assert len({k.split()[1] for k in tally}) == len(FILES[name])
    assert not failures, "\n\n".join(failures)
