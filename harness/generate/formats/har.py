"""An HTTP archive (HAR 1.2): every exchange, for browsers, proxies and load generators."""

from __future__ import annotations

from typing import Final

from harness.generate.formats.exchange_format import ExchangeFormat, ExchangeSet, SentExchange
from harness.output.har_archive import ArchivedExchange, encode_har


def _encode(exchanges: ExchangeSet) -> bytes:
    spec = exchanges.spec
    archive = encode_har(
        map(_archived, exchanges.exchanges),
        began=exchanges.instant,
        version=spec.listing.version,
        comment=f"sample exchanges of {spec.id}; no clock ran: each begins at the instant of the world",
    )
    return archive.encode()


def _archived(exchange: SentExchange) -> ArchivedExchange:
    return ArchivedExchange(
        method=exchange.method,
        url=exchange.url,
        request_headers=exchange.headers,
        request_body=exchange.body,
        http_status=exchange.response.http_status,
        response_headers=exchange.response.headers,
        response_body=exchange.response_text,
        comment=f"{exchange.name}: {exchange.says}",
    )


HAR: Final = ExchangeFormat(
    name="har",
    says="the exchanges as an HTTP archive (HAR 1.2)",
    file_name="pages.har",
    encode=_encode,
)
