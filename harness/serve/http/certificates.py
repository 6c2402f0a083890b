"""Certificates of servers that speak TLS; their keys stay in memory and never beside the authority's file."""

from __future__ import annotations

import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from harness.output.atomic_files import FileNotWritten, os_error_reason

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_CA_FILE: Final = "ca.pem"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCertificate:
    """A certificate with its private key as PEM, for one server or several; `ca_file` is whom clients trust."""

    ca_file: Path
    private_pem: str = field(repr=False)


def issue_certificate(folder: Path, host: str) -> ServerCertificate:
    """A certificate of a fresh authority for loopback and the host; leaves `ca.pem` in the folder, and no key.

    Raises FileNotWritten.
    """
    import trustme

    authority = trustme.CA()
    certificate = authority.issue_cert(*dict.fromkeys((*LOOPBACK_NAMES, host)))
    try:
        ca_file = _write_ca_file(folder, authority.cert_pem.bytes())
    except OSError as problem:
        raise FileNotWritten(str(folder / _CA_FILE), os_error_reason(problem)) from problem
    return ServerCertificate(ca_file=ca_file, private_pem=certificate.private_key_and_cert_chain_pem.bytes().decode())


def make_tls_context(certificate: ServerCertificate) -> ssl.SSLContext:
    """The context of a server that shows the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # OpenSSL reads keys from files only: one for its owner alone, in a folder of its own, for as long as that takes.
    with tempfile.TemporaryDirectory(prefix="callharness-tls-") as private:
        file = Path(private) / "server.pem"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(certificate.private_pem)
        context.load_cert_chain(file)
    return context


def _write_ca_file(folder: Path, content: bytes) -> Path:
    """The authority's file, made anew: what stood in its place, a link perhaps, is neither written to nor kept."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = folder / _CA_FILE
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".callharness-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, ca_file)
    except BaseException:
        os.unlink(temporary)
        raise
    return ca_file
