"""Delivery to real servers: HTTP, SMTP with and without TLS; what fails is tried again, given up, and counted."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import logging
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.observe.servers import Hook, Letters
from tickwright.errors import ConfigError
from tickwright.observe import Alert
from tickwright.observe.settings import AlertSettings, AlertSink
from tickwright.observe.sinks import Deliveries, Delivery, signature

ALERT = Alert(
    "DataStale", "firing", "critical", "no data\r\nBcc: evil@example.com", {"stream": "stocks"}, 1.0, 10**18, 10**18 + 5
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Certificate and key of 127.0.0.1, as files."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(folder / "certificate.pem"), str(folder / "key.pem")


def deliver(*alerts, timeout_s=10.0, first_s=None, **sink):
    """Tell one sink of alerts; gives what was counted."""
    deliveries = Deliveries(AlertSettings(sink=[AlertSink(**sink)]))
    (delivery,) = deliveries.all
    if first_s is not None:
        delivery._first_s = first_s
    deliveries.tell(alerts)
    assert delivery.drain(timeout_s)
    deliveries.stop()
    return dict(delivery.counts)


def test_a_webhook_is_given_json_with_a_signature_that_fits(monkeypatch):
    monkeypatch.setenv("HOOK_KEY", "a-key-of-ours")
    with Hook() as hook:
        assert deliver(ALERT, kind="webhook", url=hook.url, secret_env="HOOK_KEY")["delivered"] == 1
    ((path, headers, body),) = hook.received
    assert path == "/hook"
    assert json.loads(body) == {"version": 1, **ALERT.as_dict()}
    assert headers["X-Tickwright-Signature"] == signature("a-key-of-ours", headers["X-Tickwright-Timestamp"], body)
    assert signature("another", headers["X-Tickwright-Timestamp"], body) != headers["X-Tickwright-Signature"]


def test_slack_is_given_its_own_json(monkeypatch):
    with Hook() as hook:
        monkeypatch.setenv("SLACK_URL", hook.url)
        assert deliver(ALERT, kind="slack", url_env="SLACK_URL")["delivered"] == 1
    (body,) = hook.bodies()
    assert body["text"].startswith("[tickwright critical] DataStale: no data")
    assert body["attachments"][0]["color"] == "danger"
    assert body["attachments"][0]["fields"] == [{"title": "stream", "value": "stocks", "short": True}]


def test_what_fails_is_tried_again_under_the_same_id():
    with Hook(answers=[500, 503, 429]) as hook:
        counts = deliver(ALERT, kind="webhook", url=hook.url, first_s=0.05)
    assert counts == {"delivered": 1, "retried": 3, "given_up": 0, "dropped": 0}
    assert len({headers["X-Tickwright-Id"] for _, headers, _ in hook.received}) == 1


def test_what_is_refused_is_not_tried_again():
    with Hook(answers=[400]) as hook:
        counts = deliver(ALERT, kind="webhook", url=hook.url)
    assert counts == {"delivered": 0, "retried": 0, "given_up": 1, "dropped": 0}
    assert len(hook.received) == 1


def test_nobody_is_led_to_another_address():
    with Hook() as other, Hook(answers=[307], location=other.url) as hook:
        assert deliver(ALERT, kind="webhook", url=hook.url)["given_up"] == 1
    assert other.received == []


def test_after_so_many_tries_it_is_given_up_and_the_next_one_is_delivered():
    with Hook(answers=[500, 500]) as hook:
        counts = deliver(ALERT, ALERT, kind="webhook", url=hook.url, tries=2, first_s=0.01)
    assert counts == {"delivered": 1, "retried": 1, "given_up": 1, "dropped": 0}


def test_a_slow_sink_keeps_nobody_waiting_and_gives_up_the_oldest():
    with Hook() as hook:
        hook.gate.clear()
        settings = AlertSettings(queued=3, sink=[AlertSink(kind="webhook", url=hook.url), AlertSink(kind="log")])
        deliveries = Deliveries(settings)
        slow, quick = deliveries.all
        deliveries.tell([ALERT])
        deadline = time.monotonic() + 5
        while not slow._busy and time.monotonic() < deadline:
            time.sleep(0.01)
        begun = time.perf_counter()
        deliveries.tell([ALERT] * 10)
        assert time.perf_counter() - begun < 0.1
        assert quick.drain(5)
        assert (quick.counts["delivered"], slow.counts["dropped"]) == (11 - quick.counts["dropped"], 7)
        hook.gate.set()
        assert slow.drain(5)
        deliveries.stop()
    assert len(hook.received) == 4


def test_the_log_is_told_with_everything(caplog):
    with caplog.at_level(logging.INFO, "tickwright.observe.sinks"):
        assert deliver(ALERT, kind="log")["delivered"] == 1
    (record,) = [record for record in caplog.records if hasattr(record, "alert")]
    assert record.levelno == logging.CRITICAL
    assert record.alert == ALERT.as_dict()


def test_a_sink_is_told_only_of_what_is_grave_enough():
    mild = Alert("Mild", "firing", "info", "a little", {}, 1.0, 1, 2)
    with Hook() as hook:
        deliver(mild, ALERT, kind="webhook", url=hook.url, least="warning")
    assert [body["rule"] for body in hook.bodies()] == ["DataStale"]


def test_a_letter_arrives_and_what_is_told_cannot_add_headers():
    with Letters() as server:
        counts = deliver(
            ALERT,
            kind="email",
            host="127.0.0.1",
            port=server.port,
            security="none",
            sender="engine@example.com",
            to=["desk@example.com", "night@example.com"],
        )
    assert counts["delivered"] == 1
    ((sender, recipients, letter),) = server.received
    assert (sender, recipients) == ("engine@example.com", ["desk@example.com", "night@example.com"])
    assert letter["Subject"] == "[tickwright critical] DataStale: no data Bcc: evil@example.com"
    assert letter["Bcc"] is None
    assert "labels: {'stream': 'stocks'}" in letter.get_content()


def test_a_letter_goes_over_tls_with_a_password_of_the_environment(certificate, monkeypatch):
    monkeypatch.setenv("MAIL_USER", "engine")
    monkeypatch.setenv("MAIL_PASSWORD", "a-password-of-ours")
    sink = {"kind": "email", "host": "127.0.0.1", "sender": "engine@example.com", "to": ["desk@example.com"]}
    sink |= {"user_env": "MAIL_USER", "password_env": "MAIL_PASSWORD"}
    with Letters(certificate, "a-password-of-ours") as server:
        assert deliver(ALERT, **sink, port=server.port, ca_file=certificate[0])["delivered"] == 1
        assert server.logins == [("engine", "a-password-of-ours", True)]
        # A certificate that nobody vouches for gets neither the letter nor the password.
        assert deliver(ALERT, **sink, port=server.port, tries=1)["given_up"] == 1
        assert len(server.received) == len(server.logins) == 1
        monkeypatch.setenv("MAIL_PASSWORD", "a-wrong-password")
        assert deliver(ALERT, **sink, port=server.port, ca_file=certificate[0])["given_up"] == 1
        assert len(server.received) == 1


def test_a_server_that_does_not_offer_tls_is_not_told_anything():
    with Letters() as server:
        counts = deliver(
            ALERT, kind="email", host="127.0.0.1", port=server.port, sender="a@example.com", to=["b@example.com"]
        )
    assert (counts["given_up"], counts["retried"], server.received) == (1, 0, [])


def test_a_variable_that_is_not_set_is_named_before_anything_starts(monkeypatch):
    monkeypatch.delenv("HOOK_KEY", raising=False)
    with pytest.raises(ConfigError, match="HOOK_KEY is not set"):
        Deliveries(AlertSettings(sink=[AlertSink(kind="webhook", url="http://127.0.0.1:1", secret_env="HOOK_KEY")]))


def test_secrets_do_not_reach_the_log(monkeypatch, caplog):
    from tickwright import logs

    monkeypatch.setenv("SLACK_URL", "http://127.0.0.1:1/services/T000/very-secret-part")
    deliver(ALERT, kind="slack", url_env="SLACK_URL", tries=1)
    assert logs.redact("posted to http://127.0.0.1:1/services/T000/very-secret-part") == "posted to [redacted]"
    assert "very-secret-part" not in caplog.text


def test_a_stop_gives_what_waits_a_moment_and_ends_the_threads():
    with Hook() as hook:
        deliveries = Deliveries(AlertSettings(sink=[AlertSink(kind="webhook", url=hook.url)]))
        deliveries.tell([ALERT] * 5)
        deliveries.stop()
        assert len(hook.received) == 5
    deadline = time.monotonic() + 5
    while any(t.name == "tickwright-alerts-webhook" for t in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("sink", "told"),
    [
        ({"kind": "webhook"}, "either url or url_env"),
        ({"kind": "slack", "url": "http://a", "url_env": "B"}, "either url or url_env"),
        ({"kind": "webhook", "url": "file:///etc/passwd"}, "neither http"),
        ({"kind": "email"}, "needs sender and to"),
        ({"kind": "email", "sender": "a@b", "to": ["c@d"], "user_env": "U"}, "both user_env and password_env"),
        (
            {"kind": "email", "sender": "a@b", "to": ["c@d"], "user_env": "U", "password_env": "P", "security": "none"},
            "in the clear",
        ),
    ],
)
def test_a_sink_that_cannot_be_is_refused(sink, told):
    with pytest.raises(ValueError, match=told):
        AlertSink(**sink)


def test_a_sink_that_raises_anything_keeps_its_thread():
    class Broken:
        name = "broken"
        sent = 0

        def send(self, alert):
            self.sent += 1
            if self.sent == 1:
                raise RuntimeError("a fault of the sink")

    delivery = Delivery(Broken(), least="info", queued=5, tries=3, first_s=0.01)
    delivery.tell(ALERT)
    assert delivery.drain(5)
    assert (delivery.counts["delivered"], delivery.counts["retried"]) == (1, 1)
    delivery.stop()
