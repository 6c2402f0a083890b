"""Every exchange of a run as an HTTP archive, for the tools that read one; secrets are masked already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from harness.check.results.findings import Exchanged
from harness.output.escaping import visible_text
from harness.output.har_archive import ArchivedExchange, encode_har
from harness.report.run_record import RunRecord

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def har_report(recording: RunRecord) -> str:
    """The archive as JSON text.

    Exchanges stand one after the other from the start of the run; where that is unknown, from 1970 on.
    """
    report = recording.report
    return encode_har(
        map(_archived_exchange, recording.exchanges),
        began=recording.began or _EPOCH,
        version=report.harness_version,
        comment=_escape_text(f"{report.api}, seed {report.seed}"),
    )


def _archived_exchange(exchange: Exchanged) -> ArchivedExchange:
    return ArchivedExchange(
        method=_escape_text(exchange.method),
        url=_escape_text(exchange.url),
        request_headers=_escape_headers(exchange.request_headers),
        request_body=_escape_text(exchange.request_body),
        http_status=exchange.http_status,
        response_headers=_escape_headers(exchange.response_headers),
        response_body=_escape_text(exchange.response_body),
        comment=_escape_text(f"{exchange.phase}: {exchange.purpose}"),
        problem=_escape_text(exchange.reason),
        milliseconds=round(exchange.seconds * 1000, 3),
    )


def _escape_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((_escape_text(name), _escape_text(value)) for name, value in headers)


def _escape_text(text: str) -> str:
    return visible_text(text, limit=65536, multiline=True)
