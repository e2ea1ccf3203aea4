"""Real servers on this machine that alerts are delivered to."""

from __future__ import annotations

import email
import json
import ssl
import threading
from email import policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


class Hook:
    """An HTTP server that keeps what is posted; `answers` are the statuses of the first requests, then 204."""

    def __init__(self, answers=(), delay_s=0.0, location=None):
        self.received = []
        self.answers = list(answers)
        self.gate = threading.Event()
        self.gate.set()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                hook.gate.wait(10)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.received.append((self.path, dict(self.headers), body))
                self.send_response(hook.answers.pop(0) if hook.answers else 204)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def bodies(self):
        return [json.loads(body) for _, _, body in self.received]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()


class Letters:
    """An SMTP server that keeps what it is given; with `certificate` it wants STARTTLS and a password."""

    def __init__(self, certificate=None, password=None):
        self.received = []
        self.logins = []
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)

        def login(server, session, envelope, mechanism, data):
            self.logins.append((data.login.decode(), data.password.decode(), session.ssl is not None))
            return AuthResult(success=data.password.decode() == password, handled=False)

        options = {"tls_context": context, "require_starttls": context is not None}
        if password is not None:
            options |= {"authenticator": login, "auth_required": True, "auth_require_tls": True}

        class OnLoopback(Controller):
            def _trigger_server(self):
                self.port = self.server.sockets[0].getsockname()[1]
                super()._trigger_server()

            def factory(self):
                return SMTP(self.handler, hostname="localhost", **options)

        self._controller = OnLoopback(self, hostname="127.0.0.1", port=0)

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=policy.default)
        self.received.append((envelope.mail_from, envelope.rcpt_tos, letter))
        return "250 kept"

    @property
    def port(self):
        return self._controller.port

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *exc):
        self._controller.stop()
