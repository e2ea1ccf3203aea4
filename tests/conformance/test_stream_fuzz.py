"""Whatever a client sends, a stream answers or ignores it, and goes on."""

import json

import msgpack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance import rig

LEAVES = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))
ACTIONS = st.sampled_from(["auth", "authenticate", "subscribe", "unsubscribe", "listen", "dance"])
FIELDS = st.sampled_from(["trades", "quotes", "key", "secret", "data", "news", "streams", "orderbooks"])
MESSAGES = st.one_of(
    VALUES,
    st.builds(lambda action, rest: {**rest, "action": action}, ACTIONS, st.dictionaries(FIELDS, VALUES, max_size=3)),
)
FRAMES = st.one_of(
    MESSAGES.map(json.dumps),
    MESSAGES.map(msgpack.packb),
    st.binary(max_size=40),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def test_the_market_stream_survives_anything(server, key):
    with rig.Socket(server.stock_stream_url) as socket:
        socket.auth(key)

        @BOUNDED
        @given(frame=FRAMES)
        def sends(frame):
            socket.socket.send(frame)
            (answer,) = socket.hear()
            assert answer["T"] in ("error", "subscription")

        sends()
        (now,) = socket.ask({"action": "subscribe", "trades": ["AAPL"]})
        assert "AAPL" in now["trades"]


def test_the_trading_stream_survives_anything(quiet, key):
    with rig.Socket(quiet.trading_stream_url) as socket:

        @BOUNDED
        @given(frame=FRAMES)
        def sends(frame):
            socket.socket.send(frame)
            assert socket.hear()["stream"] in ("error", "authorization", "listening")

        sends()
        data = {"key_id": key, "secret_key": rig.SECRET}
        answer = socket.ask({"action": "authenticate", "data": data})
        assert answer["data"]["status"] == "authorized"
