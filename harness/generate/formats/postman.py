"""A Postman collection (v2.1): each request with its answer as an example, and tests that the answer is the same.

The tests hold on any server of the same world, such as the simulator: status, media type, and the digest of the body
without the server's own address and without ids that are fresh in every answer.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from http.client import responses as reasons
from typing import Final, TypeAlias

from harness.generate.formats.exchange_format import ExchangeFormat, ExchangeSet, Headers, SentExchange
from harness.specification.model import Listing
from harness.wire.json_body import decode_json, tree_at

Json: TypeAlias = "str | int | list[Json] | dict[str, Json]"

_SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def _encode(exchanges: ExchangeSet) -> bytes:
    spec = exchanges.spec
    collection: Json = {
        "info": {
            "_postman_id": str(uuid.uuid5(uuid.NAMESPACE_URL, spec.id)),
            "name": spec.id,
            "description": "Sample exchanges by callharness generate. `base_url` is the server that is asked.",
            "schema": _SCHEMA,
        },
        "item": [_item(exchange, spec.listing) for exchange in exchanges.exchanges],
        "variable": [{"key": "base_url", "value": exchanges.base, "type": "string"}],
    }
    return json.dumps(collection, indent=1, ensure_ascii=False).encode() + b"\n"


def _item(exchange: SentExchange, listing: Listing) -> Json:
    request = _request(exchange)
    status = exchange.response.http_status
    example: Json = {
        "name": exchange.name,
        "originalRequest": request,
        "status": reasons.get(status, ""),
        "code": status,
        "header": _headers(exchange.response.headers),
        "body": exchange.response_text,
    }
    script: Json = {"type": "text/javascript", "exec": [*_test_lines(exchange, listing)]}
    return {
        "name": exchange.name,
        "request": request,
        "response": [example],
        "event": [{"listen": "test", "script": script}],
    }


def _request(exchange: SentExchange) -> Json:
    query: list[Json] = []
    for part in exchange.query.split("&") if exchange.query else ():
        name, _, value = part.partition("=")
        query.append({"key": name, "value": value})
    url: dict[str, Json] = {
        "raw": "{{base_url}}" + exchange.target,
        "host": ["{{base_url}}"],
        "path": [*exchange.path.removeprefix("/").split("/")],
    }
    if query:
        url["query"] = query
    request: dict[str, Json] = {
        "method": exchange.method,
        "header": _headers(exchange.headers),
        "url": url,
        "description": exchange.says,
    }
    if exchange.body:
        request["body"] = {"mode": "raw", "raw": exchange.body}
    return request


def _headers(headers: Headers) -> list[Json]:
    return [{"key": name, "value": value} for name, value in headers]


def _test_lines(exchange: SentExchange, listing: Listing) -> list[str]:
    response = exchange.response
    fresh = _fresh_places(exchange, listing)
    text = exchange.response_text.replace(exchange.base, "")
    for at in fresh:
        text = text.replace(str(tree_at(decode_json(response.body).tree, at)), "", 1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    media_type = response.header("content-type") or ""
    return [
        f'pm.test("status", () => pm.response.to.have.status({response.http_status}));',
        f'pm.test("media type", () => pm.expect(pm.response.headers.get("Content-Type") || "").to.eql('
        f"{json.dumps(media_type)}));",
        'pm.test("body", () => {',
        '  let text = pm.response.text().split(pm.variables.get("base_url")).join("");',
        f"  for (const at of {json.dumps(fresh)}) {{",
        '    const fresh = at.split("/").slice(1).reduce((node, key) => node[key], pm.response.json());',
        '    text = text.replace(fresh, "");',
        "  }",
        '  const digest = require("crypto-js").SHA256(text).toString();',
        f'  pm.expect(digest, "SHA-256 of the body").to.eql("{digest}");',
        "});",
    ]


def _fresh_places(exchange: SentExchange, listing: Listing) -> list[str]:
    """Where the answer has ids that are others in every answer."""
    if not exchange.response.media_type.endswith("json"):
        return []
    tree = decode_json(exchange.response.body).tree
    places = [part.at for part in listing.outcome.envelope.values() if part.fresh is not None]
    return [at for at in places if isinstance(tree, dict | list) and isinstance(tree_at(tree, at), str)]


POSTMAN: Final = ExchangeFormat(
    name="postman",
    says="the exchanges as a Postman collection (v2.1) with tests",
    file_name="pages.postman.json",
    encode=_encode,
)
