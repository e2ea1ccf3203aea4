"""What kind a frame is, told from its bytes: compared with decoding it whole."""

import json
import struct

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from tickwright.adapters.alpaca.frames import CHANNELS, FRAGMENT_BYTES, carries, controls, encode, is_control, stream_of

CONTROLS = ("success", "error", "subscription")
KINDS = st.sampled_from([*CHANNELS.values(), "x", "c", *CONTROLS])
TEXT = st.text(max_size=12)
VALUES = st.one_of(TEXT, st.integers(-(2**31), 2**31), st.floats(allow_nan=False, allow_infinity=False), st.none())


@st.composite
def messages(draw):
    """A message with its kind first, as Alpaca sends it, or anywhere."""
    body = draw(st.dictionaries(TEXT.filter(lambda key: key != "T"), VALUES, max_size=20))
    items = [*body.items()]
    items.insert(draw(st.integers(0, len(items))) if draw(st.booleans()) else 0, ("T", draw(KINDS)))
    return dict(items)


def packed(rows, width):
    """MessagePack with an array's length in as many bits as `width` says."""
    whole = msgpack.packb(rows)
    if width == 4 or len(rows) > 15:
        return whole
    head = b"\xdc" + struct.pack(">H", len(rows)) if width == 16 else b"\xdd" + struct.pack(">I", len(rows))
    return head + whole[1:]


@given(rows=st.lists(messages(), min_size=1, max_size=4), width=st.sampled_from([4, 16, 32]), spaces=st.booleans())
def test_what_a_frame_is_agrees_with_what_is_in_it(rows, width, spaces):
    kinds = {row["T"] for row in rows}
    if len(rows) > 1 and kinds & set(CONTROLS):
        rows, kinds = rows[:1], {rows[0]["T"]}  # control messages come alone
    text = json.dumps(rows, indent=1 if spaces else None).encode()
    for frame in (packed(rows, width), text):
        assert is_control(frame) == (len(rows) == 1 and rows[0]["T"] in CONTROLS)
        for kind in CHANNELS.values():
            if kind in kinds:
                assert carries(frame, kind)
    # Text cannot hold what marks a kind: quotes are escaped, and the mark is no UTF-8.
    assert {kind for kind in CHANNELS.values() if carries(text, kind)} == kinds & set(CHANNELS.values())


@given(st.one_of(st.binary(max_size=60), st.binary(max_size=20).map(lambda tail: b"\x91\x82\xa1T" + tail)))
def test_no_bytes_upset_it(frame):
    is_control(frame)
    stream_of(frame)
    controls(frame)
    for kind in CHANNELS.values():
        carries(frame, kind)


def test_nesting_without_end_upsets_nothing():
    assert stream_of(b'{"x":' * 200_000) == ""
    assert not is_control(b"[" * 200_000)


@given(
    stream=st.sampled_from(["trade_updates", "authorization", "listening"]), spaces=st.booleans(), last=st.booleans()
)
def test_the_stream_of_a_message_is_found_wherever_it_stands(stream, spaces, last):
    data = {"event": "fill", "note": '"stream":"other"'}
    message = {"data": data, "stream": stream} if last else {"stream": stream, "data": data}
    assert stream_of(json.dumps(message, indent=2 if spaces else None).encode()) == stream


@given(st.integers(0, 12_000), st.booleans())
def test_what_is_sent_comes_apart_into_fragments_and_together_again(count, pack):
    message = {"action": "subscribe", "quotes": [f"S{n}" for n in range(count)]}
    sent = encode(message, packed=pack)
    parts = [sent] if isinstance(sent, (bytes, str)) else list(sent)
    assert all(0 < len(part) <= FRAGMENT_BYTES for part in parts)
    whole = parts[0] if isinstance(parts[0], str) else b"".join(parts)
    assert (msgpack.unpackb(whole) if pack else json.loads(whole)) == message
