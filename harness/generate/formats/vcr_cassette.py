"""A cassette of VCR.py (version 1, YAML): each exchange is replayed to whoever asks for it again.

Match on `method`, `uri` and `body`. Requests that differ in nothing but their credentials in a header are replayed in
the order of the file, the accepted one first.
"""

from __future__ import annotations

from http.client import responses as reasons
from typing import Final, TypeAlias

import yaml

from harness.generate.formats.exchange_format import ExchangeFormat, ExchangeSet, Headers, SentExchange

Node: TypeAlias = "str | int | list[Node] | dict[str, Node] | None"

# Wheels of PyYAML have that of C, which takes a tenth of the time.
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _encode(exchanges: ExchangeSet) -> bytes:
    cassette: Node = {"interactions": [_interaction(one) for one in exchanges.exchanges], "version": 1}
    written: bytes = yaml.dump(cassette, Dumper=_DUMPER, allow_unicode=True, width=1000, encoding="utf-8")
    return written


def _interaction(exchange: SentExchange) -> Node:
    status = exchange.response.http_status
    return {
        "request": {
            "body": exchange.body or None,
            "headers": _headers(exchange.headers),
            "method": exchange.method,
            "uri": exchange.url,
        },
        "response": {
            "body": {"string": exchange.response_text},
            "headers": _headers(exchange.response.headers),
            "status": {"code": status, "message": reasons.get(status, "")},
        },
    }


def _headers(headers: Headers) -> Node:
    named: dict[str, Node] = {}
    for name, value in headers:
        values = named.setdefault(name, [])
        if isinstance(values, list):
            values.append(value)
    return named


VCR: Final = ExchangeFormat(
    name="vcr",
    says="the exchanges as a cassette of VCR.py",
    file_name="pages.vcr.yaml",
    encode=_encode,
)
