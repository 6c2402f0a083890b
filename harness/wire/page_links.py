"""The codec of links to other pages: the request of a page as a URI reference, in a body or in headers, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import urlsplit

from harness.specification.answer_place import header_at
from harness.specification.load import Spec
from harness.specification.model import LinkName, PageLinks
from harness.wire.decoded_body import Tree
from harness.wire.forms import FormError, decode_pairs
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING, Missing, tree_at
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_query

LINK_HEADER: Final = "link"
RELATIONS: Final[Mapping[LinkName, str]] = MappingProxyType(
    {"next": "next", "previous": "prev", "first": "first", "last": "last", "self": "self"}
)
"""The registered relation of each link (RFC 8288, HTML)."""
_OTHER_RELATIONS: Final = MappingProxyType({"previous": "prev"})
_LINK_VALUE: Final = re.compile(r"<([^<>]*)>((?:\s*;\s*[A-Za-z0-9*_-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\",;\s]*))?)*)")
_RELATION: Final = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\",;\s]+))", re.IGNORECASE)
_LONGEST_HEADER: Final = 16_384


def write_link(spec: Spec, ask: ListRequest, form: Literal["absolute", "relative", "query"]) -> str:
    """The link to the page that `ask` asks for, in the documented form; credentials do not travel in links."""
    query = "?" + encode_query(spec, ask).decode("ascii")
    if form == "query":
        return query
    parts = urlsplit(ask.url)
    return (f"{parts.scheme}://{parts.netloc}" if form == "absolute" else "") + parts.path + query


def stands_in_link_header(place: str) -> bool:
    """Whether a link stands in the `Link` header, beside others, each with its relation."""
    return (header_at(place) or "").lower() == LINK_HEADER


def write_link_header(links: Mapping[LinkName, str]) -> str:
    """The value of a `Link` header with these links."""
    return ", ".join(f'<{link}>; rel="{RELATIONS[name]}"' for name, link in links.items())


def read_link_header(text: str) -> Mapping[str, str]:
    """The links of a `Link` header by relation in lower case, the first of each; what cannot be read is left out."""
    found: dict[str, str] = {}
    for match in _LINK_VALUE.finditer(text[:_LONGEST_HEADER]):
        relation = _RELATION.search(match.group(2))
        for word in ((relation.group(1) or relation.group(2) or "") if relation else "").lower().split():
            found.setdefault(_OTHER_RELATIONS.get(word, word), match.group(1))
    return found


def read_links(links: PageLinks, tree: Tree | Missing, response: HttpResponse) -> Mapping[LinkName, Tree | Missing]:
    """What stands at the place of each link: a text, or MISSING, None and other values as they came."""
    listed = read_link_header(", ".join(value for name, value in response.headers if name.lower() == LINK_HEADER))
    found: dict[LinkName, Tree | Missing] = {}
    for name, link in links.by_name.items():
        header = header_at(link.at)
        if stands_in_link_header(link.at):
            found[name] = listed.get(RELATIONS[name], MISSING)
        elif header is not None:
            value = response.header(header)
            found[name] = MISSING if value is None else value
        else:
            found[name] = MISSING if isinstance(tree, Missing) else tree_at(tree, link.at)
    return found


def link_parameter(link: Tree | Missing, parameter: str) -> Tree | Missing:
    """A parameter in the query of a link; MISSING where it has none."""
    if not isinstance(link, str):
        return MISSING
    try:
        pairs = decode_pairs(urlsplit(link).query.encode("utf-8", "replace"))
    except (FormError, ValueError):
        return MISSING
    return next((text for name, text in pairs if name == parameter), MISSING)
