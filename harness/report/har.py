"""Every exchange of a run as an HTTP archive, for the tools that read one; secrets are masked already."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import harfile

from harness.check.results.findings import Exchanged
from harness.output.escaping import visible_text
from harness.report.run_record import RunRecord

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def har_report(recording: RunRecord) -> str:
    """The archive as JSON text.

    Exchanges stand one after the other from the start of the run; where that is unknown, from 1970 on.
    """
    out = io.StringIO()
    report = recording.report
    at = recording.began or _EPOCH
    creator = harfile.Creator(name="callharness", version=report.harness_version)
    with harfile.HarFile(out, creator=creator, comment=_escape_text(f"{report.api}, seed {report.seed}")) as archive:
        for exchange in recording.exchanges:
            milliseconds = round(exchange.seconds * 1000, 3)
            archive.add_entry(
                startedDateTime=at,
                time=milliseconds,
                request=_har_request(exchange),
                response=_har_response(exchange),
                timings=harfile.Timings(send=0, wait=milliseconds, receive=0),
                comment=_escape_text(f"{exchange.phase}: {exchange.purpose}"),
            )
            at += timedelta(milliseconds=milliseconds)
    return out.getvalue() + "\n"


def _har_request(exchange: Exchanged) -> harfile.Request:
    headers = _har_headers(exchange.request_headers)
    body = _escape_text(exchange.request_body)
    media_type = next((one.value for one in headers if one.name.lower() == "content-type"), "")
    return harfile.Request(
        method=_escape_text(exchange.method),
        url=_escape_text(exchange.url),
        httpVersion="HTTP/1.1",
        headers=headers,
        queryString=_har_query(exchange.url),
        headersSize=-1,
        bodySize=len(body.encode("utf-8")),
        postData=harfile.PostData(mimeType=media_type, text=body) if body else None,
    )


def _har_response(exchange: Exchanged) -> harfile.Response:
    headers = _har_headers(exchange.response_headers)
    body = _escape_text(exchange.response_body)
    media_type = next((one.value for one in headers if one.name.lower() == "content-type"), "")
    # Status 0 is how browsers write an exchange without an answer.
    return harfile.Response(
        status=exchange.http_status or 0,
        statusText="",
        httpVersion="HTTP/1.1",
        headers=headers,
        content=harfile.Content(size=len(body.encode("utf-8")), mimeType=media_type, text=body),
        redirectURL=next((one.value for one in headers if one.name.lower() == "location"), ""),
        headersSize=-1,
        bodySize=-1,
        comment=_escape_text(exchange.reason) or None,
    )


def _har_query(url: str) -> list[harfile.Record]:
    """The pairs of the query as they stand in the URL, undecoded: decoding could bring a masked secret back."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return []
    pairs = [pair.partition("=") for part in query.split("&") for pair in part.split(";") if pair]
    return [harfile.Record(name=_escape_text(name), value=_escape_text(value)) for name, _, value in pairs]


def _har_headers(headers: tuple[tuple[str, str], ...]) -> list[harfile.Record]:
    return [harfile.Record(name=_escape_text(name), value=_escape_text(value)) for name, value in headers]


def _escape_text(text: str) -> str:
    return visible_text(text, limit=65536, multiline=True)
