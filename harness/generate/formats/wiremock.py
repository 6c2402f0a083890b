"""Stub mappings of WireMock, in one file below a root directory: `--root-dir DIR/wiremock` serves the exchanges.

A stub is met by its method, path, query and body, and by the headers that requests are told apart by: what another
request has and this one has not must be absent.
"""

from __future__ import annotations

import json
import uuid
from typing import Final, TypeAlias

from harness.generate.formats.exchange_format import ExchangeFormat, ExchangeSet, SentExchange

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json]"


def _encode(exchanges: ExchangeSet) -> bytes:
    parameters = {name for exchange in exchanges.exchanges for name, _ in exchange.pairs}
    parameters |= exchanges.spec.listing.parameters.keys()
    mappings: list[Json] = [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{exchanges.spec.id}/{exchange.name}")),
            "name": f"{exchange.name}: {exchange.says}",
            "request": _request(exchange, exchanges.header_names, sorted(parameters)),
            "response": {
                "status": exchange.response.http_status,
                "headers": dict(exchange.response.headers),
                "body": exchange.response_text,
            },
        }
        for exchange in exchanges.exchanges
    ]
    tree: Json = {"mappings": mappings, "meta": {"total": len(mappings)}}
    return json.dumps(tree, indent=1, ensure_ascii=False).encode() + b"\n"


def _request(exchange: SentExchange, header_names: tuple[str, ...], parameters: list[str]) -> Json:
    pattern: dict[str, Json] = {"method": exchange.method}
    names = [name for name, _ in exchange.pairs]
    if ";" in exchange.query or len(set(names)) < len(names):
        # WireMock parts a query by `&` alone: such a one is met as it is written.
        pattern["url"] = exchange.target
    else:
        pattern["urlPath"] = exchange.path
        met = {name: _equal(value) for name, value in exchange.pairs}
        pattern["queryParameters"] = met | {name: _absent() for name in parameters if name not in met}
    headers: dict[str, Json] = {}
    for name in header_names:
        value = exchange.header(name)
        headers[name] = _absent() if value is None else _equal(value)
    if headers:
        pattern["headers"] = headers
    if exchange.body:
        pattern["bodyPatterns"] = [_equal(exchange.body)]
    return pattern


def _equal(value: str) -> Json:
    return {"equalTo": value}


def _absent() -> Json:
    return {"absent": True}


WIREMOCK: Final = ExchangeFormat(
    name="wiremock",
    says="the exchanges as stub mappings of WireMock",
    file_name="wiremock/mappings/pages.json",
    encode=_encode,
)
