"""Links to other pages as a client follows them: resolved against the request, never to another host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from harness.check.context import CheckContext, Exchange
from harness.specification.dialect import Dialect
from harness.specification.model import LinkName
from harness.wire.decoded_body import Tree
from harness.wire.forms import decode_pairs, encode_pairs
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import credential_parameters, decode_request

LONGEST_LINK: Final = 8192
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
LinkForm = Literal["absolute", "relative", "query"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A link that can be followed: the request that it is, and its query as it was written."""

    list_request: ListRequest
    query: bytes


@final
@dataclass(frozen=True, slots=True)
class DeadLink:
    """Why a link is not followed: where it leads instead, in a few words."""

    leads: str


def link_text(exchange: Exchange, name: LinkName) -> str | None:
    """The link as it was written; None where there is none, however that is said."""
    link = exchange.answer.links.get(name, MISSING) if exchange.answer is not None else MISSING
    return link if isinstance(link, str) and link else None


def form_of_link(link: str) -> LinkForm | None:
    """How a link is written; None for a text that is none of the forms, such as a path without a slash before it."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    if parts.scheme and parts.netloc:
        return "absolute"
    if parts.scheme or parts.netloc:
        return None
    return "relative" if parts.path.startswith("/") else "query" if link.startswith("?") else None


def read_link(context: CheckContext, exchange: Exchange, link: str) -> PageRequest | DeadLink:
    """The request that a link of an answer is; a link to another host or path is dead. Nothing is sent."""
    if len(link) > LONGEST_LINK:
        return DeadLink(f"a link of {len(link)} characters")
    base = urlsplit(context.options.address)
    sent = exchange.request.path.decode("ascii", "replace")
    try:
        url = urlsplit(urljoin(f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}{sent}", link))
        elsewhere = _origin(url) != _origin(base)
        query = url.query.encode("ascii")
        if not elsewhere:
            pairs = decode_pairs(query)
    except ValueError:
        return DeadLink("a link that cannot be read")
    if elsewhere:
        return DeadLink("another host")
    if unquote(url.path).rstrip("/") != unquote(base.path.rstrip("/") + sent).rstrip("/"):
        return DeadLink("another path")
    asked = HttpRequest(method=exchange.request.method, target=exchange.request.path + b"?" + query)
    read = decode_request(context.spec, asked, Dialect())
    if not isinstance(read, ListRequest):
        return DeadLink(f"no page, with {len(pairs)} parameters")
    return PageRequest(list_request=replace(read, credentials={}, scheme=None), query=query)


def _origin(url: SplitResult) -> tuple[str, str, int | None]:
    return (
        url.scheme,
        (url.hostname or "").lower(),
        url.port if url.port is not None else _DEFAULT_PORTS.get(url.scheme),
    )


def follow_link(context: CheckContext, page: PageRequest, purpose: str) -> Exchange:
    """The answer to a link, requested to the letter; only the run's own credentials are added."""
    secret = credential_parameters(context.listing.access)

    def keep_query(request: HttpRequest) -> HttpRequest:
        given = {name for name, _ in decode_pairs(page.query)}
        own = [pair for pair in decode_pairs(request.query) if pair[0] in secret - given]
        parts = [part for part in (page.query, encode_pairs(own)) if part]
        return replace(request, target=request.path + b"?" + b"&".join(parts))

    return context.send(page.list_request, purpose, edit=keep_query)


def lost_parameters(context: CheckContext, asked: Mapping[str, Tree], page: PageRequest) -> tuple[str, ...]:
    """The parameters of a request that a link to another page of it lacks, or has with another value."""
    places = context.listing.paging.place_parameters
    kept = page.list_request.values
    return tuple(
        name for name, value in asked.items() if name not in places and str(kept.get(name, "")) != str(value)
    )
