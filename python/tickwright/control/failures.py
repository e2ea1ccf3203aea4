"""Errors of the control plane: a gRPC status with details that a program can read (google.rpc.Status)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Final

import grpc
from google.protobuf import duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from tickwright import errors
from tickwright.logs import redact

__all__ = ["DOMAIN", "Failure", "failure_of"]

log = logging.getLogger(__name__)

DOMAIN: Final = "tickwright"
"""`ErrorInfo.domain` of every failure."""

# Trailers have to fit the 8 KiB that clients take: the message stands there thrice, once with three signs for a byte,
# and twice with four for three.
MESSAGE_BYTES: Final = 1_000
METADATA_BYTES: Final = 600

_BY_ERROR: Final[tuple[tuple[type[BaseException], grpc.StatusCode, str], ...]] = (
    (errors.OrderError, grpc.StatusCode.INVALID_ARGUMENT, "ORDER"),
    (errors.NumericError, grpc.StatusCode.INVALID_ARGUMENT, "NUMBER"),
    (errors.JournalError, grpc.StatusCode.DATA_LOSS, "JOURNAL"),
    (errors.DataError, grpc.StatusCode.INVALID_ARGUMENT, "DATA"),
    (errors.AuthenticationError, grpc.StatusCode.FAILED_PRECONDITION, "BROKER_KEYS"),
    (errors.BrokerError, grpc.StatusCode.UNAVAILABLE, "BROKER"),
    (errors.StrategyError, grpc.StatusCode.FAILED_PRECONDITION, "STRATEGY"),
    (errors.ConfigError, grpc.StatusCode.FAILED_PRECONDITION, "CONFIG"),
    (errors.TickwrightError, grpc.StatusCode.FAILED_PRECONDITION, "ENGINE"),
)


class Failure(Exception):
    """How a call fails.

    Parameters
    ----------
    code
        Status code.
    message
        What is wrong, and what would be right.
    reason
        `ErrorInfo.reason`: UPPER_SNAKE, stable; the name of the code when not given.
    metadata
        `ErrorInfo.metadata`.
    field
        The field of the request that is wrong: it stands in `BadRequest`.
    retry_s
        Seconds after which it may be tried again: they stand in `RetryInfo`.
    is_settled
        Whether something took effect, so that the same idempotency key gives the same failure again. Where it is false
        nothing did, and the same key may be tried again.

    Examples
    --------
    >>> import grpc
    >>> from tickwright.control import Failure
    >>> wrong = Failure(grpc.StatusCode.INVALID_ARGUMENT, "must be above 0", field="qty")
    >>> str(wrong), wrong.reason
    ('qty: must be above 0', 'INVALID_ARGUMENT')
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        field: str = "",
        retry_s: float | None = None,
        is_settled: bool = False,
    ) -> None:
        said = redact(message)
        super().__init__(_cut(f"{field}: {said}" if field else said, MESSAGE_BYTES))
        self.code, self.message, self.field = code, str(self), field
        self.reason = reason or code.name
        share = METADATA_BYTES // max(1, len(metadata or {}))
        self.metadata = {name: _cut(str(value), share) for name, value in (metadata or {}).items()}
        self.retry_s, self.is_settled = retry_s, is_settled

    def status(self, request_id: str = "") -> status_pb2.Status:
        """Give it as google.rpc.Status."""
        number = code_pb2.Code.Value(self.code.name)
        status = status_pb2.Status(code=number, message=self.message)
        status.details.add().Pack(
            error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        )
        if self.field:
            violation = error_details_pb2.BadRequest.FieldViolation(field=self.field, description=self.message)
            status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
        if self.retry_s is not None:
            delay = duration_pb2.Duration()
            delay.FromNanoseconds(int(self.retry_s * 1e9))
            status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        if request_id:
            status.details.add().Pack(error_details_pb2.RequestInfo(request_id=request_id))
        return status

    @classmethod
    def of_status(cls, status: status_pb2.Status) -> Failure:
        """Read what `status` wrote."""
        code = grpc.StatusCode[code_pb2.Code.Name(status.code)]
        failure = cls(code, status.message, is_settled=True)
        info = error_details_pb2.ErrorInfo()
        for detail in status.details:
            if detail.Unpack(info):
                failure.reason, failure.metadata = info.reason, dict(info.metadata)
        return failure


def _cut(text: str, size: int) -> str:
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def failure_of(error: BaseException) -> Failure:
    """Give the failure that an exception of a handler is; what nobody expects gets a number, and its traceback the log.

    Examples
    --------
    >>> from tickwright.control.failures import failure_of
    >>> from tickwright.errors import ConfigError
    >>> failure_of(ConfigError("no such state")).code.name
    'FAILED_PRECONDITION'
    """
    if isinstance(error, Failure):
        return error
    if isinstance(error, errors.RefusedError):
        return _refusal(error)
    for kind, code, reason in _BY_ERROR:
        if isinstance(error, kind):
            return Failure(code, str(error), reason=reason)
    if isinstance(error, TimeoutError):
        return Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed")
    incident = secrets.token_hex(4)
    log.error("incident %s of the control plane", incident, exc_info=error, extra={"incident": incident})
    message = f"unexpected; the engine's log has it as incident {incident}"
    return Failure(grpc.StatusCode.INTERNAL, message, reason="INCIDENT", metadata={"incident": incident})


def _refusal(error: errors.RefusedError) -> Failure:
    """Give the failure of an order that the risk checks refused: it stands in the journal, so it is settled."""
    metadata = {"scope": error.scope, "order_id": str(error.order.get("id", ""))}
    code = grpc.StatusCode.FAILED_PRECONDITION
    return Failure(code, error.why, reason=error.code, metadata=metadata, is_settled=True)
