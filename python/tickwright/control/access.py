"""Who may call what: a role for every method, and how a caller is known."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc

from tickwright.control.caller import Caller, Role
from tickwright.control.failures import Failure
from tickwright.control.throttle import Buckets, Lockout
from tickwright.control.tokens import TokenStore

__all__ = ["HEALTH", "MAKES_SAFE", "REFLECTION", "ROLES", "Access", "authorize", "is_local"]

log = logging.getLogger(__name__)

HEALTH: Final = "/grpc.health.v1.Health/"
REFLECTION: Final = "/grpc.reflection."
PACKAGE: Final = "/tickwright.v1."


def _of(role: Role, service: str, *methods: str) -> dict[str, Role]:
    return {f"{PACKAGE}{service}/{method}": role for method in methods}


# The comments of the proto files say the same; a test compares every one.
ROLES: Final[Mapping[str, Role]] = {
    **_of(Role.VIEWER, "EngineService", "GetStatus", "StreamNotices", "ListFlags", "GetObjectives"),
    **_of(Role.OPERATOR, "EngineService", "Pause", "Resume", "ReduceOnly", "SafeMode", "Halt", "Flatten", "CancelAll"),
    **_of(Role.OPERATOR, "EngineService", "Reconcile"),
    **_of(Role.ADMIN, "EngineService", "Shutdown", "ReloadConfig", "SetFlag", "SetLogLevel"),
    **_of(Role.TRADER, "OrderService", "SubmitOrder", "CancelOrder", "ReplaceOrder"),
    **_of(Role.VIEWER, "OrderService", "GetOrder", "ListOrders", "StreamOrders"),
    **_of(Role.VIEWER, "PortfolioService", "GetAccount", "ListPositions", "GetPnl", "GetExposures", "StreamPortfolio"),
    **_of(Role.VIEWER, "MarketDataService", "Subscribe", "GetSnapshot", "SubscribeIndicators", "ListSubscriptions"),
    **_of(Role.VIEWER, "StrategyService", "ListStrategies", "GetStrategy"),
    **_of(Role.OPERATOR, "StrategyService", "StartStrategy", "StopStrategy", "SetParameters"),
    **_of(Role.ADMIN, "StrategyService", "LoadStrategy"),
    **_of(Role.VIEWER, "RiskService", "GetLimits", "Explain", "ListStopped", "GetCounters"),
    **_of(Role.OPERATOR, "RiskService", "SetKillSwitch", "AcceptSymbol"),
    **_of(Role.ADMIN, "RiskService", "SetLimits"),
    **_of(Role.VIEWER, "JournalService", "TailJournal", "VerifyJournal"),
    **_of(Role.OPERATOR, "JournalService", "Checkpoint"),
    **_of(Role.TRADER, "BacktestService", "RunBacktest", "CancelBacktest"),
    **_of(Role.VIEWER, "BacktestService", "GetBacktest", "ListBacktests"),
}
"""What a caller must be at least, by method."""

MAKES_SAFE: Final = frozenset(
    f"{PACKAGE}{name}"
    for name in (
        "EngineService/Pause",
        "EngineService/ReduceOnly",
        "EngineService/SafeMode",
        "EngineService/Halt",
        "EngineService/Flatten",
        "EngineService/CancelAll",
        "RiskService/SetKillSwitch",
    )
)
"""Commands that take risk away (of the kill switch: throwing it). No limit of rate holds them back, and nothing that
only records them does either; given twice they do no more than once."""


def authorize(method: str, caller: Caller) -> None:
    """Refuse what the caller's role does not allow, and every method that has no role.

    Examples
    --------
    >>> from tickwright.control.access import authorize
    >>> from tickwright.control.caller import Caller, Role
    >>> authorize("/tickwright.v1.EngineService/Halt", Caller("ann", Role.ADMIN))
    >>> authorize("/tickwright.v1.EngineService/Halt", Caller("bob", Role.VIEWER))
    Traceback (most recent call last):
        ...
    tickwright.control.failures.Failure: /tickwright.v1.EngineService/Halt needs role operator; bob is viewer
    """
    needed = ROLES.get(method)
    if needed is None and method.startswith((HEALTH, REFLECTION)):
        needed = Role.VIEWER
    if needed is None:
        raise Failure(
            grpc.StatusCode.PERMISSION_DENIED, f"{method} is open to nobody: it has no role", reason="NO_ROLE"
        )
    if caller.role < needed:
        role, has = needed.name.lower(), caller.role.name.lower()
        raise Failure(
            grpc.StatusCode.PERMISSION_DENIED,
            f"{method} needs role {role}; {caller.name} is {has}",
            reason="ROLE_NEEDED",
            metadata={"needed": role, "role": has, "method": method},
        )


def is_local(peer: str) -> bool:
    """Whether a peer, as gRPC names it, is on this machine.

    Examples
    --------
    >>> from tickwright.control.access import is_local
    >>> [is_local(peer) for peer in ("unix:", "ipv4:127.0.0.1:5", "ipv6:%5B::1%5D:5", "ipv4:10.0.0.1:5")]
    [True, True, True, False]
    """
    return peer.startswith("unix:") or _is_loopback(host_of(peer))


def host_of(peer: str) -> str:
    """Give the address of a peer without its port."""
    return peer.partition(":")[2].rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """Knows callers by token, by certificate, or by the Unix socket that only its owner can open.

    Parameters
    ----------
    tokens
        The tokens.
    clients
        Names and roles of client certificates, by common name or alternative name.
    """

    def __init__(self, tokens: TokenStore, clients: Mapping[str, tuple[str, Role]] | None = None) -> None:
        self._tokens, self._clients = tokens, dict(clients or {})
        self._lockout = Lockout()
        self._said = Buckets(0.1, burst=3)

    def caller(self, method: str, context: Any) -> Caller:
        """Say who calls.

        Raises
        ------
        Failure
            UNAUTHENTICATED, the same whether a token is missing, unknown or wrong.
        """
        peer = context.peer()
        header = _authorization(context.invocation_metadata())
        if header is None:
            if peer.startswith("unix:"):
                return Caller("local", Role.ADMIN, peer="unix")
            if self._clients:
                known = self._certificate(context)
                if known is not None:
                    return Caller(known[0], known[1], peer=peer)
            if method.startswith(HEALTH) and is_local(peer):
                return Caller("anonymous", Role.VIEWER, peer=peer)
        scheme, _, text = (header or "").partition(" ")
        token, problem = self._tokens.check(text.strip() if scheme.lower() == "bearer" else "")
        if token is not None and not problem:
            return Caller(token.name, token.role, token_id=token.id, peer=peer)
        if token is not None:
            # Only who has the right secret learns this much.
            raise _over(problem)
        host = "unix" if peer.startswith("unix:") else host_of(peer)
        raise self._refused(host, is_missing=header is None)

    def recheck(self, caller: Caller) -> None:
        """Refuse a caller whose token was revoked, or expired, since its stream began."""
        problem = self._tokens.problem(caller.token_id) if caller.token_id else ""
        if problem:
            raise _over(problem)

    def _refused(self, host: str, *, is_missing: bool) -> Failure:
        waiting = self._lockout.wait(host)
        wait = waiting or (0.0 if is_missing else self._lockout.wrong(host))
        if self._said.take(host) == 0.0:
            log.warning("%s: no valid token%s", host, f"; held back for {wait:.0f} s" if wait else "")
        if wait and not is_missing:
            return Failure(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "too many wrong tokens from this address",
                reason="LOCKED_OUT",
                retry_s=wait,
            )
        return Failure(
            grpc.StatusCode.UNAUTHENTICATED,
            "the caller is not known: metadata authorization must be Bearer and a token "
            "(tickwright token create makes one)",
            reason="NO_VALID_CREDENTIALS",
        )

    def _certificate(self, context: Any) -> tuple[str, Role] | None:
        auth: Mapping[str, Sequence[bytes]] = context.auth_context()
        if auth.get("transport_security_type") != [b"ssl"]:
            return None
        for name in ("x509_common_name", "x509_subject_alternative_name"):
            for value in auth.get(name, ()):
                known = self._clients.get(value.decode("utf-8", "replace"))
                if known is not None:
                    return known
        return None


def _over(problem: str) -> Failure:
    return Failure(grpc.StatusCode.UNAUTHENTICATED, problem, reason=f"TOKEN_{problem.split()[-1].upper()}")


def _authorization(metadata: Any) -> str | None:
    for key, value in metadata or ():
        if key == "authorization":
            return value if isinstance(value, str) else value.decode("latin-1")
    return None
