"""What an exchange format is: a file with the sample exchanges as a tool reads, replays or sends them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, final
from urllib.parse import unquote_plus

from harness.generate.sample_exchanges import SampleExchange
from harness.specification.load import Spec
from harness.wire.http_messages import HttpRequest, HttpResponse

Headers = tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SentExchange:
    """A sample exchange with a request, all of it as text; `headers` are those that a request is told apart by."""

    name: str
    says: str
    method: str
    base: str
    target: str
    headers: Headers
    body: str
    response: HttpResponse

    @property
    def url(self) -> str:
        """The whole address of the request."""
        return self.base + self.target

    @property
    def path(self) -> str:
        """The path of the request, as it is written."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query of the request, as it is written, without the question mark."""
        return self.target.partition("?")[2]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the query, decoded, as `&` and `=` part them."""
        parts = (part.partition("=") for part in self.query.split("&") if part)
        return tuple((unquote_plus(name), unquote_plus(value)) for name, _, value in parts)

    @property
    def response_text(self) -> str:
        """The body of the response."""
        return self.response.body.decode("utf-8")

    def header(self, name: str) -> str | None:
        """The header of the request with this name (any case), or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSet:
    """The exchanges of one API: those of its sample exchanges that have a request, no request twice."""

    spec: Spec
    instant: datetime
    exchanges: tuple[SentExchange, ...]

    @staticmethod
    def of(spec: Spec, instant: datetime, samples: Sequence[SampleExchange]) -> ExchangeSet:
        """The exchanges; of several with the same request the first."""
        found: dict[tuple[object, ...], SentExchange] = {}
        for sample in samples:
            if sample.request is not None:
                sent = _sent_exchange(sample, sample.request)
                # The tools that play them take the parts of a query in any order.
                parts = tuple(sorted(sent.query.split("&")))
                found.setdefault((sent.method, sent.path, parts, sent.headers, sent.body), sent)
        return ExchangeSet(spec=spec, instant=instant, exchanges=tuple(found.values()))

    @property
    def header_names(self) -> tuple[str, ...]:
        """The headers by which requests are told apart; a request without one of them is another request."""
        return tuple(sorted({name for exchange in self.exchanges for name, _ in exchange.headers}))

    @property
    def base(self) -> str:
        """Scheme, host and port of the server."""
        return next((exchange.base for exchange in self.exchanges), "http://127.0.0.1")


ExchangesEncoder: TypeAlias = Callable[[ExchangeSet], bytes]
"""The bytes of the file with these exchanges."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFormat:
    """A file format of exchanges: its name, the name of the file, and its bytes."""

    name: str
    says: str
    file_name: str
    encode: ExchangesEncoder


def _sent_exchange(sample: SampleExchange, request: HttpRequest) -> SentExchange:
    # What a client makes itself: where it goes, and how long the body is.
    headers = tuple(pair for pair in request.headers if pair[0].lower() not in ("host", "content-length"))
    host = request.header("host") or "127.0.0.1"
    # The port that every client leaves out of the address.
    host = host.removesuffix(":80")
    return SentExchange(
        name=sample.name,
        says=sample.says,
        method=request.method,
        base=f"http://{host}",
        target=request.target.decode("ascii"),
        headers=headers,
        body=request.body.decode("utf-8"),
        response=sample.response,
    )
