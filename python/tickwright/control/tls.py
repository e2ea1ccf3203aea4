"""TLS of the control plane: certificates that can be renewed while it runs, and making some for a small set-up."""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import grpc

from tickwright.control.settings import ControlSettings
from tickwright.control.tokens import write_private
from tickwright.errors import ConfigError

__all__ = ["Authority", "server_credentials"]

log = logging.getLogger(__name__)

MOST_BYTES: Final = 1 << 20


class _Files:
    """Certificate, key and client CA, read again when a file of them changed."""

    def __init__(self, settings: ControlSettings) -> None:
        self._cert, self._key = Path(settings.tls_cert or ""), Path(settings.tls_key or "")
        self._ca = None if settings.client_ca is None else Path(settings.client_ca)
        self._seen = self._look()
        self._complained = ""

    def _look(self) -> tuple[tuple[int, int, int], ...]:
        found = [path.stat() for path in (self._cert, self._key, self._ca) if path is not None]
        return tuple((status.st_mtime_ns, status.st_ino, status.st_size) for status in found)

    def read(self) -> Any:
        """Give what gRPC takes.

        Raises
        ------
        ConfigError
            A file is missing or no PEM, key and certificate are no pair, or others can read the key.
        """
        cert, key = _pem(self._cert, "CERTIFICATE"), _pem(self._key, "PRIVATE KEY", is_private=True)
        _check_pair(self._cert, self._key)
        ca = None if self._ca is None else _pem(self._ca, "CERTIFICATE")
        return grpc.ssl_server_certificate_configuration([(key, cert)], root_certificates=ca)

    def fetch(self) -> Any:
        """Give it anew at a handshake, if it changed; None: it stays. What cannot be read leaves the old in force."""
        try:
            seen = self._look()
            if seen == self._seen:
                return None
            configuration = self.read()
        except (OSError, ConfigError) as error:
            if str(error) != self._complained:
                self._complained = str(error)
                log.error("%s; the certificate in force stays", error)
            return None
        self._seen, self._complained = seen, ""
        log.info("control: a new certificate is in force")
        return configuration


def server_credentials(settings: ControlSettings) -> grpc.ServerCredentials | None:
    """Give the TLS of `settings`, 1.2 and newer; None where they have none.

    Files that are replaced while it runs count from the next connection on.

    Raises
    ------
    ConfigError
        A file cannot be used.
    """
    if settings.tls_cert is None:
        return None
    try:
        files = _Files(settings)
    except OSError as error:
        raise ConfigError(f"control: cannot read {error.filename}: {error.strerror}") from None
    return grpc.dynamic_ssl_server_credentials(
        files.read(), files.fetch, require_client_authentication=settings.client_ca is not None
    )


def _pem(path: Path, kind: str, *, is_private: bool = False) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if is_private and mode & 0o077:
                raise ConfigError(
                    f"control.tls_key: {path} has mode {mode:o}, others can read it; run: chmod 600 {path}"
                )
            content = file.read(MOST_BYTES)
    except OSError as error:
        raise ConfigError(f"control: cannot read {path}: {error.strerror}") from None
    if f"{kind}-----".encode() not in content:
        raise ConfigError(f"control: {path} has no {kind.lower()} in PEM")
    return content


def _check_pair(cert: Path, key: Path) -> None:
    """Refuse a certificate with another's key: gRPC would only refuse every handshake."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(f"control: {cert} and {key} are no pair of certificate and key: {error}") from None


class Authority:
    """A certificate authority of one's own, for tests and small set-ups; needs ``cryptography`` (extra ``control``).

    Parameters
    ----------
    folder
        Where ``ca.pem`` and ``ca.key`` are, or will be.

    Examples
    --------
    >>> import tempfile
    >>> from tickwright.control.tls import Authority
    >>> folder = tempfile.mkdtemp()
    >>> cert, key = Authority(folder).issue("server", hosts=["localhost", "127.0.0.1"])
    >>> cert.name, key.name, key.stat().st_mode & 0o777 == 0o600
    ('server.pem', 'server.key', True)
    """

    def __init__(self, folder: str | os.PathLike[str], *, days: float = 3_650.0) -> None:
        self.folder = Path(folder)
        self.cert, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        if not self.key.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write("ca", "tickwright control CA", (), days=days, is_ca=True)

    def issue(
        self, name: str, *, hosts: Sequence[str] = (), days: float = 365.0, is_client: bool = False
    ) -> tuple[Path, Path]:
        """Make a certificate and its key; gives the two files.

        Parameters
        ----------
        name
            Common name, and name of the files.
        hosts
            Host names and addresses of a server.
        days
            For how long; below 0 it is expired.
        is_client
            For a client, else for a server.
        """
        if not name or Path(name).name != name or name == "ca" or len(name) > 64:
            raise ConfigError(f"name: {name!r} is no name of a certificate; give up to 64 signs without a slash")
        return self._write(name, name, hosts, days=days, is_client=is_client)

    def _write(
        self, file: str, name: str, hosts: Sequence[str], *, days: float, is_ca: bool = False, is_client: bool = False
    ) -> tuple[Path, Path]:
        try:
            from cryptography import x509
            from cryptography.hazmat.primitives import hashes, serialization
            from cryptography.hazmat.primitives.asymmetric import ec
            from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
        except ImportError:
            raise ConfigError("certificates need cryptography; run: pip install 'tickwright[control]'") from None
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        issuer, signer = subject, key
        if not is_ca:
            issuer = x509.load_pem_x509_certificate(self.cert.read_bytes()).subject
            loaded = serialization.load_pem_private_key(self.key.read_bytes(), None)
            if not isinstance(loaded, ec.EllipticCurvePrivateKey):
                raise ConfigError(f"{self.key}: is no key of an elliptic curve")
            signer = loaded
        begin = now - dt.timedelta(days=max(1.0, 1.0 - days))
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if is_client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(now + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        )
        if not is_ca:
            names = [_general_name(host) for host in (hosts or (name,))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        made = builder.sign(signer, hashes.SHA256())
        cert_path, key_path = self.folder / f"{file}.pem", self.folder / f"{file}.key"
        form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write_private(key_path, key.private_bytes(serialization.Encoding.PEM, form, plain))
        write_private(cert_path, made.public_bytes(serialization.Encoding.PEM))
        cert_path.chmod(0o644)
        return cert_path, key_path


def _general_name(host: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
