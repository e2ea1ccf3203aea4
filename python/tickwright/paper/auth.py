"""Whose request it is: the key and the secret of a request or a stream, and the account that they open."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping, Sequence

from tickwright.paper.settings import PaperAccount

__all__ = ["UNAUTHORIZED", "Keys"]

UNAUTHORIZED = b'{"code": 40110000, "message": "request is not authorized"}'


class Keys:
    """Keys of all accounts.

    Parameters
    ----------
    accounts : sequence of PaperAccount
        Accounts in order.

    Examples
    --------
    >>> keys = Keys([PaperAccount(key="A", secret="a"), PaperAccount(key="B", secret="b")])
    >>> keys.account("B", "b"), keys.account("B", "a")
    (1, None)
    """

    __slots__ = ("_secrets",)

    def __init__(self, accounts: Sequence[PaperAccount]) -> None:
        self._secrets = {a.key.encode(): (a.secret.encode(), index) for index, a in enumerate(accounts)}

    def account(self, key: str | bytes, secret: str | bytes) -> int | None:
        """Index of the account that `key` and `secret` open."""
        key = key.encode() if isinstance(key, str) else key
        secret = secret.encode() if isinstance(secret, str) else secret
        expected, index = self._secrets.get(key, (b"", -1))
        equal = hmac.compare_digest(expected, secret)  # takes as long for a wrong secret as for the right one
        return index if equal and index >= 0 else None

    def of_request(self, headers: Iterable[tuple[bytes, bytes]]) -> int | None:
        """Index of the account of a request: Alpaca's headers, Basic, or a Bearer token, which is ``key:secret``."""
        found: Mapping[bytes, bytes] = dict(headers)
        key, secret = found.get(b"apca-api-key-id"), found.get(b"apca-api-secret-key")
        if key is not None and secret is not None:
            return self.account(key, secret)
        scheme, _, given = found.get(b"authorization", b"").partition(b" ")
        given = given.strip()
        if scheme.lower() == b"basic":
            try:
                given = base64.b64decode(given, validate=True)
            except binascii.Error:
                return None
        elif scheme.lower() != b"bearer":
            return None
        key, colon, secret = given.partition(b":")
        return self.account(key, secret) if colon else None
