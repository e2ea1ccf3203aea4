"""Clock, calendar, assets, and what is honestly empty."""

import datetime as dt
import uuid

import exchange_calendars
import pytest
from alpaca.trading.enums import AssetClass, AssetExchange, AssetStatus
from alpaca.trading.requests import GetAssetsRequest, GetCalendarRequest, GetOptionContractsRequest

from tests.conformance import rig

UTC = dt.UTC


def test_the_clock_shows_virtual_time_in_new_york(client):
    clock = client.get_clock()
    assert clock.timestamp == dt.datetime(2026, 1, 6, 15, tzinfo=UTC)
    assert clock.timestamp.utcoffset() == dt.timedelta(hours=-5)
    assert clock.is_open


def test_the_clock_shows_the_next_open_and_close(client):
    clock = client.get_clock()
    assert clock.next_close == dt.datetime(2026, 1, 6, 21, tzinfo=UTC)
    assert clock.next_open == dt.datetime(2026, 1, 7, 14, 30, tzinfo=UTC)


DAYS = [
    (dt.date(2013, 11, 29), "13:00", "day after Thanksgiving"),
    (dt.date(2024, 7, 3), "13:00", "day before Independence Day"),
    (dt.date(2026, 1, 6), "16:00", "whole day"),
    (dt.date(2026, 3, 9), "16:00", "first day of daylight saving"),
]


@pytest.mark.parametrize(("day", "close", "why"), DAYS, ids=[why for *_, why in DAYS])
def test_calendar_days_open_and_close(client, day, close, why):
    (found,) = client.get_calendar(GetCalendarRequest(start=day, end=day))
    assert found.date == day
    assert (found.open.strftime("%H:%M"), found.close.strftime("%H:%M")) == ("09:30", close)


@pytest.mark.parametrize("day", [dt.date(2025, 1, 9), dt.date(2026, 12, 25), dt.date(2026, 1, 4)])
def test_the_calendar_leaves_out_days_without_trading(client, day):
    assert client.get_calendar(GetCalendarRequest(start=day, end=day)) == []


def test_the_whole_calendar_runs_from_1970_to_2029(client):
    days = client.get_calendar()
    assert (days[0].date, days[-1].date) == (dt.date(1970, 1, 2), dt.date(2029, 12, 31))
    sessions = exchange_calendars.get_calendar("XNYS", start="1970-01-01", end="2029-12-31").sessions
    assert [d.date for d in days] == [s.date() for s in sessions]
    print(f"calendar: {len(days)} of {len(sessions)} days")


@pytest.mark.parametrize(
    ("day", "settles"),
    [
        ("2026-01-05", "2026-01-06"),
        ("2024-05-24", "2024-05-29"),
        ("2024-05-28", "2024-05-29"),
        ("2016-01-04", "2016-01-07"),
    ],
)
def test_calendar_days_say_when_their_trades_settle(server, day, settles):
    (found,) = rig.get(server, f"/v2/calendar?start={day}&end={day}").json()
    assert found["settlement_date"] == settles
    assert (found["session_open"], found["session_close"]) == ("0400", "2000")


def test_the_calendar_can_be_asked_by_settlement(server):
    found = rig.get(server, "/v2/calendar?start=2026-01-06&end=2026-01-06&date_type=SETTLEMENT").json()
    assert [d["date"] for d in found] == ["2026-01-05"]


@pytest.mark.parametrize("query", ["start=nonsense", "end=2026-13-01", "date_type=FRIDAY"])
def test_a_malformed_calendar_request_is_refused(server, query):
    assert rig.get(server, f"/v2/calendar?{query}").status_code == 400


def test_assets_are_shares_unless_asked_otherwise(client):
    found = client.get_all_assets()
    assert [a.symbol for a in found] == ["AAPL", "GONE", "HALTED", "HARD", "MSFT", "PENNY", "WHOLE", "BAC"]
    assert {a.asset_class for a in found} == {AssetClass.US_EQUITY}


FILTERS = [
    (GetAssetsRequest(asset_class=AssetClass.CRYPTO), ["BTC/USD", "ETH/USD"]),
    (GetAssetsRequest(status=AssetStatus.INACTIVE), ["GONE"]),
    (GetAssetsRequest(exchange=AssetExchange.NYSE), ["BAC"]),
    (GetAssetsRequest(attributes="has_options"), []),
    (GetAssetsRequest(asset_class=AssetClass.US_OPTION), []),
]


@pytest.mark.parametrize(("wanted", "symbols"), FILTERS, ids=[str(i) for i in range(len(FILTERS))])
def test_assets_can_be_filtered(client, wanted, symbols):
    assert [a.symbol for a in client.get_all_assets(wanted)] == symbols


def test_an_asset_is_found_by_symbol_and_by_id(client):
    by_symbol = client.get_asset("AAPL")
    assert client.get_asset(by_symbol.id) == by_symbol
    assert isinstance(by_symbol.id, uuid.UUID)


@pytest.mark.parametrize("name", ["BTC/USD", "BTCUSD", "BTC%2FUSD"])
def test_a_pair_is_found_in_both_symbologies(client, name):
    asset = client.get_asset(name)
    assert (asset.symbol, asset.asset_class, asset.exchange) == ("BTC/USD", AssetClass.CRYPTO, AssetExchange.CRYPTO)
    assert asset.min_trade_increment == 1e-9


def test_an_unknown_asset_is_not_found(client):
    assert rig.refused(client.get_asset, "NOPE") == (404, 40410000, "asset not found for NOPE")


@pytest.mark.parametrize(
    ("symbol", "field", "value"),
    [
        ("HARD", "shortable", False),
        ("HALTED", "tradable", False),
        ("GONE", "tradable", False),
        ("WHOLE", "fractionable", False),
    ],
)
def test_assets_are_as_configured(client, symbol, field, value):
    assert getattr(client.get_asset(symbol), field) is value


def test_there_are_no_option_contracts(client):
    found = client.get_option_contracts(GetOptionContractsRequest(underlying_symbols=["AAPL"]))
    assert (found.option_contracts, found.next_page_token) == ([], None)


def test_an_option_contract_is_not_found(client):
    status, code, message = rig.refused(client.get_option_contract, "AAPL260116C00100000")
    assert (status, code, message) == (404, 40410000, "option contract AAPL260116C00100000 not found")


def test_there_are_no_announcements(server):
    query = "ca_types=Dividend&since=2026-01-01&until=2026-01-31"
    assert rig.get(server, f"/v2/corporate_actions/announcements?{query}").json() == []
    assert rig.get(server, f"/v2/corporate_actions/announcements/{uuid.uuid4()}").status_code == 404
