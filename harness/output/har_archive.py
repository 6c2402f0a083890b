"""HTTP archives (HAR 1.2), for the tools that read them: exchanges as texts, one after the other."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final
from urllib.parse import urlsplit

import harfile

Headers = tuple[tuple[str, str], ...]

_CREATOR: Final = "callharness"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedExchange:
    """One exchange as an archive holds it; all texts are ready to be shown.

    `http_status` is None where no answer came, `problem` why. `milliseconds` is how long the answer took.
    """

    method: str
    url: str
    request_headers: Headers
    request_body: str
    http_status: int | None
    response_headers: Headers
    response_body: str
    comment: str
    problem: str = ""
    milliseconds: float = 0


def encode_har(exchanges: Iterable[ArchivedExchange], *, began: datetime, version: str, comment: str) -> str:
    """The archive as JSON text; exchanges stand one after the other from `began` on."""
    out = io.StringIO()
    at = began
    creator = harfile.Creator(name=_CREATOR, version=version)
    with harfile.HarFile(out, creator=creator, comment=comment) as archive:
        for exchange in exchanges:
            archive.add_entry(
                startedDateTime=at,
                time=exchange.milliseconds,
                request=_har_request(exchange),
                response=_har_response(exchange),
                timings=harfile.Timings(send=0, wait=exchange.milliseconds, receive=0),
                comment=exchange.comment,
            )
            at += timedelta(milliseconds=exchange.milliseconds)
    return out.getvalue() + "\n"


def _har_request(exchange: ArchivedExchange) -> harfile.Request:
    body = exchange.request_body
    return harfile.Request(
        method=exchange.method,
        url=exchange.url,
        httpVersion="HTTP/1.1",
        headers=_records(exchange.request_headers),
        queryString=_query_records(exchange.url),
        headersSize=-1,
        bodySize=len(body.encode("utf-8")),
        postData=harfile.PostData(mimeType=_media_type(exchange.request_headers), text=body) if body else None,
    )


def _har_response(exchange: ArchivedExchange) -> harfile.Response:
    body = exchange.response_body
    location = next((value for name, value in exchange.response_headers if name.lower() == "location"), "")
    media_type = _media_type(exchange.response_headers)
    # Status 0 is how browsers write an exchange without an answer.
    return harfile.Response(
        status=exchange.http_status or 0,
        statusText="",
        httpVersion="HTTP/1.1",
        headers=_records(exchange.response_headers),
        content=harfile.Content(size=len(body.encode("utf-8")), mimeType=media_type, text=body),
        redirectURL=location,
        headersSize=-1,
        bodySize=-1,
        comment=exchange.problem or None,
    )


def _query_records(url: str) -> list[harfile.Record]:
    """The pairs of the query as they stand in the URL, undecoded: decoding could bring a masked secret back."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return []
    pairs = [pair.partition("=") for part in query.split("&") for pair in part.split(";") if pair]
    return [harfile.Record(name=name, value=value) for name, _, value in pairs]


def _records(headers: Headers) -> list[harfile.Record]:
    return [harfile.Record(name=name, value=value) for name, value in headers]


def _media_type(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")
