"""A Python module for the library `responses`: `add_to(mock)` lets `requests` get the answers without a server."""

from __future__ import annotations

from pprint import pformat
from typing import Final

from harness.generate.formats.exchange_format import ExchangeFormat, ExchangeSet, SentExchange

# The code of the module; what stands before it is data.
_CODE: Final = '''

def add_to(mock=responses):
    """Let each of these requests get its answer from a mock of `responses`, or from the running one."""
    for one in EXCHANGES:
        mock.add(
            responses.Response(
                method=one["method"],
                url=one["url"].partition("?")[0],
                body=one["body"],
                status=one["status"],
                headers=one["headers"],
                content_type=None,
                match=[_matcher(one)],
            )
        )


def _matcher(one):
    """The same query in any order, the same body, and of the headers that requests are told apart by the same."""
    query = sorted(parse_qsl(urlsplit(one["url"]).query, keep_blank_values=True))

    def matches(request):
        asked = sorted(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
        body = request.body.decode("utf-8") if isinstance(request.body, bytes) else request.body or ""
        told = {name: request.headers.get(name) for name in HEADERS}
        due = {name: one["request_headers"].get(name) for name in HEADERS}
        parts = {"query": (asked, query), "headers": (told, due), "body": (body, one["request_body"])}
        for what, (found, wanted) in parts.items():
            if found != wanted:
                return False, f"{what} differs from {one['name']}: {found!r} is not {wanted!r}"
        return True, ""

    return matches
'''


def _encode(exchanges: ExchangeSet) -> bytes:
    spec = exchanges.spec
    head = (
        f'"""Answers of {spec.id} for the library responses: `add_to(mock)` adds them."""\n\n'
        "from urllib.parse import parse_qsl, urlsplit\n\nimport responses\n\n"
    )
    data = [_data(exchange) for exchange in exchanges.exchanges]
    # Each exchange on lines of its own; what is data in Python is its own text.
    listed = "".join(f"    {one},\n" for one in (pformat(value, width=10**6, sort_dicts=False) for value in data))
    text = f"{head}HEADERS = {exchanges.header_names!r}\n\nEXCHANGES = [\n{listed}]\n{_CODE}"
    return text.encode()


def _data(exchange: SentExchange) -> dict[str, object]:
    return {
        "name": exchange.name,
        "method": exchange.method,
        "url": exchange.url,
        "request_headers": dict(exchange.headers),
        "request_body": exchange.body,
        "status": exchange.response.http_status,
        "headers": dict(exchange.response.headers),
        "body": exchange.response_text,
    }


RESPONSES: Final = ExchangeFormat(
    name="responses",
    says="the exchanges as a Python module for the library responses",
    file_name="pages_responses.py",
    encode=_encode,
)
