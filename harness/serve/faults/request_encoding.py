"""Breaches of transport: ways to carry a request that are not understood, media types, routing, escaping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.serve.faults.base import Fault, bent, breach, removed, with_part
from harness.serve.faults.hooks import Seams, Told
from harness.specification.model import Carriage, ClauseId, Listing, Routing
from harness.wire.format_problems import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import MISSING, decode_json
from harness.wire.json_body import at as part_at
from harness.wire.response_codec import text_carried

_JSON = "application/json"


def of_transport(listing: Listing) -> Iterator[Fault]:
    """What a request may look like, and what an answer says of itself."""
    transport = listing.transport
    for name, way in transport.also.items():
        if way.level != "may":
            yield from breach(
                way.clause,
                f"{name}-not-understood",
                f"a request carried as {name} is not understood",
                _deaf_to(name, way, listing),
            )
    yield from breach(
        transport.answers_clause,
        "media-type",
        "answers claim to be application/octet-stream",
        Seams(response=lambda response, told: _typed(response, "application/octet-stream")),
    )
    if text_carried(listing):
        yield from breach(
            transport.escaping_clause,
            "not-escaped",
            "reserved characters in data are written as they are",
            Seams(response=lambda response, told: _unescaped(response)),
        )
    routing = transport.routing
    if routing is not None:
        yield from breach(
            routing.clauses.get("unknown", ()),
            "any-operation",
            "an unknown operation is taken for this one",
            Seams(request=lambda request: _renamed(request, routing, listing)),
        )
    if transport.unknown_parameters == "ignored":
        yield from breach(
            transport.unknown_clause,
            "unknown-refused",
            "parameters that are not documented are refused",
            bent(with_part("transport", unknown_parameters="refused")),
        )
    yield from _of_refusals(listing)


def _of_refusals(listing: Listing) -> Iterator[Fault]:
    transport = listing.transport
    if transport.wrong_method is not None:
        yield from breach(
            transport.wrong_method.clause,
            "any-method",
            "any HTTP method is as good as POST",
            Seams(request=lambda request: _posted(request) if request.method != "POST" else request),
        )
    if transport.wrong_media_type is not None:
        yield from breach(
            transport.wrong_media_type.clause,
            "any-media-type",
            "any Content-Type is as good as JSON",
            Seams(request=lambda request: _labelled(request) if request.method == "POST" else request),
        )
    if transport.bad_syntax is not None:
        yield from breach(
            transport.bad_syntax.clause,
            "any-syntax",
            "a body that is not JSON counts as an empty object",
            Seams(request=_forgiven),
        )


def of_lists(listing: Listing) -> Iterator[Fault]:
    """The container of the rows, and what each of them is called."""
    lists = listing.lists
    if listing.filters:
        yield from breach(
            lists.clauses.get("rows", ()),
            "no-container-when-empty",
            "an answer without rows has no container for them",
            Seams(tree=lambda tree, told: _no_container(listing, tree, told)),
        )
    else:
        # Nothing asks for an empty list here, and a busy system is never idle.
        yield from breach(
            lists.clauses.get("rows", ()),
            "no-container",
            "an answer has no container for its rows",
            Seams(tree=lambda tree, told: tree if told.fault else removed(tree, lists.rows_at)),
        )
    for name, clause in listing.clauses.items():
        if lists.root is not None and "root-element" in clause.checked_by:
            yield from breach(
                (ClauseId(name),),
                "another-root",
                "the root element goes by another name",
                bent(with_part("lists", root=f"{lists.root}s")),
            )
    if lists.row_element is not None:
        yield from breach(
            lists.clauses.get("row-element", ()),
            "another-row-element",
            "rows go by another name",
            bent(with_part("lists", row_element=f"{lists.row_element}Info")),
        )


def _no_container(listing: Listing, tree: Tree, told: Told) -> Tree:
    if told.fault is None and part_at(tree, listing.lists.rows_at) in ([], MISSING):
        return removed(tree, listing.lists.rows_at)
    return tree


# --- deafness -----------------------------------------------------------------------------------------------


def _deaf_to(name: str, way: Carriage, listing: Listing) -> Seams:
    if way.path is None and way.carries in ("form", "multipart", "chunked-multipart"):
        return Seams(request=_without_body(way))
    if way.path is None and way.separator is not None:
        separator = way.separator.encode()
        escaped = b"%%%02X" % separator[0]
        return Seams(request=lambda request: _requery(request, lambda query: query.replace(separator, escaped)))
    rest = {other: entry for other, entry in listing.transport.also.items() if other != name}
    if way.path is not None:
        return Seams(request=lambda request: _lost(request, way))
    return bent(with_part("transport", also=rest))


def _without_body(way: Carriage) -> Callable[[HttpRequest], HttpRequest]:
    def bend(request: HttpRequest) -> HttpRequest:
        media = (request.header("content-type") or "").partition(";")[0].strip().lower()
        kind = "form" if media == "application/x-www-form-urlencoded" else "multipart"
        if request.chunked and kind == "multipart":
            kind = "chunked-multipart"
        return replace(request, body=b"") if request.body and kind == way.carries else request

    return bend


def _lost(request: HttpRequest, way: Carriage) -> HttpRequest:
    path = request.path.decode("ascii", "replace").rstrip("/")
    if not path.endswith((way.path or "").rstrip("/")):
        return request
    return _without_body(way)(request)


def _requery(request: HttpRequest, change: Callable[[bytes], bytes]) -> HttpRequest:
    if not request.query:
        return request
    return replace(request, target=request.path + b"?" + change(request.query))


def _typed(response: HttpResponse, media_type: str) -> HttpResponse:
    others = tuple((name, value) for name, value in response.headers if name.lower() != "content-type")
    return replace(response, headers=(("Content-Type", media_type), *others))


def _unescaped(response: HttpResponse) -> HttpResponse:
    body = response.body
    for entity, character in ((b"&amp;", b"&"), (b"&lt;", b"<"), (b"&gt;", b">")):
        body = body.replace(entity, character)
    return replace(response, body=body)


def _renamed(request: HttpRequest, routing: Routing, listing: Listing) -> HttpRequest:
    """The request with this operation's name in place of whatever it names."""
    if routing.parameter is None:
        head, _, tail = request.path.rstrip(b"/").rpartition(b"/")
        known = {(way.path or "").rpartition("/")[2].encode() for way in listing.transport.also.values()}
        if tail in known:
            return request
        query = b"?" + request.query if request.query else b""
        return replace(request, target=head + b"/" + routing.name.encode() + query)
    name = routing.parameter.encode()

    def change(query: bytes) -> bytes:
        pairs = [pair.partition(b"=") for pair in query.split(b"&")]
        return b"&".join(key + b"=" + (routing.name.encode() if key == name else value) for key, _, value in pairs)

    return _requery(request, change)


# --- JSON bodies --------------------------------------------------------------------------------------------


def _labelled(request: HttpRequest) -> HttpRequest:
    others = tuple((name, value) for name, value in request.headers if name.lower() != "content-type")
    return replace(request, headers=(*others, ("Content-Type", _JSON)))


def _posted(request: HttpRequest) -> HttpRequest:
    return _labelled(replace(request, method="POST", body=request.body or b"{}"))


def _forgiven(request: HttpRequest) -> HttpRequest:
    decoded = decode_json(request.body)
    if isinstance(decoded.tree, dict) and not decoded.problems:
        return request
    return replace(request, body=b"{}")
