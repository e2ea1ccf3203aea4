"""Keys: where they come from, where they go, and where they never show."""

import logging
import pickle
import traceback

import pytest

from tests.unit.alpaca_servers import KEY, SECRET, Answer
from tests.unit.test_alpaca_broker import ORDER, in_turn, with_broker
from tickwright.adapters import Credentials
from tickwright.adapters.alpaca import AlpacaBroker, Endpoints
from tickwright.errors import BrokerError, ConfigError

# Secrets and settings ------------------------------------------------------------------------------------------------


def test_secrets_are_in_no_repr_error_log_or_pickle(caplog):
    echo = {"code": 40110000, "message": f"no account for {KEY} / {SECRET}"}
    told = []

    async def use(broker, server):
        logging.getLogger("urllib3").debug("on")
        told.append(repr(broker) + repr(vars(broker)) + repr(await broker.submit(ORDER)))
        try:
            await broker.account()
        except BrokerError as error:
            told.append("".join(traceback.format_exception(error)) + repr(error))
        return repr(broker.statistics())

    with caplog.at_level(logging.DEBUG):
        told.append(with_broker(in_turn(Answer(401, echo)), use))
    credentials = Credentials(KEY, SECRET)
    told += [repr(credentials), str(credentials), f"{credentials}", caplog.text]
    assert "[redacted]" in told[0]
    for text in told:
        # What the broker said is kept as it was said, in `body`, which is for programs.
        text = text.replace(str(echo), "")
        assert KEY not in text
        assert SECRET not in text
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(credentials)


def test_keys_are_read_from_the_environment(tmp_path):
    names = {"APCA_API_KEY_ID": "AKIDFROMENV", "APCA_API_SECRET_KEY": "from-the-environment"}
    found = Credentials.load(env=names)
    assert (found.key_id, found.secret_key) == ("AKIDFROMENV", "from-the-environment")
    ours = {"TICKWRIGHT_ALPACA_KEY_ID": "AKIDOURS", "TICKWRIGHT_ALPACA_SECRET_KEY": "ours-ours-ours"}
    assert Credentials.load(env=ours).key_id == "AKIDOURS"
    with pytest.raises(ConfigError, match="go together"):
        Credentials.load(env={"APCA_API_KEY_ID": "AKIDALONE"})
    with pytest.raises(ConfigError, match="no credentials: set APCA_API_KEY_ID"):
        Credentials.load(env={})


def test_keys_are_read_from_a_file_that_nobody_else_can_read(tmp_path):
    file = tmp_path / "keys"
    file.write_text('# paper\nexport APCA_API_KEY_ID="AKIDOFFILE"\nAPCA_API_SECRET_KEY=secret-of-the-file\n')
    for mode in (0o644, 0o640, 0o604, 0o660):
        file.chmod(mode)
        with pytest.raises(ConfigError, match=rf"mode {mode:o}, others can read it; run: chmod 600") as caught:
            Credentials.load(file)
        assert "secret-of-the-file" not in str(caught.value)
    for mode in (0o600, 0o400):
        file.chmod(mode)
        assert Credentials.load(file).secret_key == "secret-of-the-file"
    assert Credentials.load(env={"TICKWRIGHT_ALPACA_CREDENTIALS": str(file)}).key_id == "AKIDOFFILE"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("APCA_API_KEY_ID=AKID\n", "go together"),
        ("", "has no APCA_API_KEY_ID"),
        ("APCA_API_KEY_ID AKID", "line 1 is not NAME=VALUE"),
        ("APCA_API_KEY_ID=AK ID\nAPCA_API_SECRET_KEY=x", "has blanks"),
    ],
)
def test_a_file_of_keys_that_is_wrong_is_refused(tmp_path, text, fault):
    file = tmp_path / "keys"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match=fault):
        Credentials.load(file)


def test_a_missing_file_of_keys_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*nowhere: No such file"):
        Credentials.load(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"cannot read|not a plain file"):
        Credentials.load(tmp_path)


def test_real_money_is_traded_only_where_it_is_said():
    credentials = Credentials(KEY, SECRET)
    assert repr(AlpacaBroker(credentials)) == "AlpacaBroker(paper, 'https://paper-api.alpaca.markets')"
    assert repr(AlpacaBroker(credentials, live=True)) == "AlpacaBroker(live, 'https://api.alpaca.markets')"
    with pytest.raises(ConfigError, match="real money; say live=True"):
        AlpacaBroker(credentials, endpoints=Endpoints.alpaca(live=True))
    with pytest.raises(ConfigError, match="leave out live=True"):
        AlpacaBroker(credentials, live=True, endpoints=Endpoints.alpaca())


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://example.com", "unencrypted; use https"),
        ("http://10.0.0.1:8000", "unencrypted"),
        ("ftp://127.0.0.1", "begins with https"),
        ("localhost:8000", "begins with https"),
        ("https://me:secret@example.com", "name or a password"),
        ("", "is not an address"),
    ],
)
def test_keys_are_not_sent_to_an_address_without_encryption(url, fault):
    with pytest.raises(ConfigError, match=fault):
        Endpoints.at(url)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "alpaca.trading.client", None)
    with pytest.raises(ConfigError, match=r"needs alpaca-py .*pip install 'tickwright\[alpaca\]'"):
        AlpacaBroker(Credentials(KEY, SECRET))
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    with pytest.raises(ConfigError, match=r"need websockets .*pip install 'tickwright\[alpaca\]'"):
        AlpacaBroker(Credentials(KEY, SECRET)).updates(print, print)
