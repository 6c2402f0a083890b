"""Faults in encoding: request encodings not understood, media types, routing, escaping of answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import unquote_to_bytes

from harness.serve.faults.base import (
    Fault,
    change_at_pointer,
    make_fault,
    remove_at_pointer,
    with_changed_listing,
    with_part,
)
from harness.serve.faults.hooks import AnswerContext, Hooks
from harness.specification.model import ClauseId, Listing, RequestEncoding, Routing
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import MISSING, decode_json
from harness.wire.json_body import tree_at as part_at
from harness.wire.parameter_codec import takes_list
from harness.wire.response_codec import is_xml

_JSON_MEDIA_TYPE = "application/json"


def encoding_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of request encodings and of the media type and escaping of answers."""
    transport = listing.transport
    for name, way in transport.also.items():
        if way.level == "same":
            yield from make_fault(
                way.clause,
                f"{name}-not-understood",
                f"a request carried as {name} is not understood",
                _without_encoding(name, way, listing),
            )
    yield from _separator_faults(listing)
    yield from make_fault(
        transport.answers_clause,
        "media-type",
        "answers claim to be application/octet-stream",
        Hooks(response=lambda response, context: _set_media_type(response, "application/octet-stream")),
    )
    if is_xml(listing):
        yield from make_fault(
            transport.escaping_clause,
            "not-escaped",
            "reserved characters in data are written as they are",
            Hooks(response=lambda response, context: _unescape_body(response)),
        )
    routing = transport.routing
    if routing is not None:
        yield from make_fault(
            routing.clauses.unknown,
            "any-operation",
            "an unknown operation is taken for this one",
            Hooks(request=lambda request: _set_operation(request, routing, listing)),
        )
    if transport.unknown_parameters == "ignored":
        yield from make_fault(
            transport.unknown_clause,
            "unknown-refused",
            "parameters that are not documented are refused",
            with_changed_listing(with_part("transport", unknown_parameters="refused")),
        )
    yield from _refusal_faults(listing)


def _separator_faults(listing: Listing) -> Iterator[Fault]:
    """Old gateways split a query at semicolons, too: what follows one is no longer the value."""
    transport = listing.transport
    if transport.carries != "query" or transport.separator == ";":
        return
    for name, rule in listing.filters.items():
        parameter = listing.parameters[name]
        if takes_list(parameter) and parameter.repeated is None and parameter.separated_by == ";":
            yield from make_fault(
                parameter.list_clause or rule.clause,
                f"{name}-semicolon-ends",
                "a semicolon that is not percent-encoded ends a value in the query",
                Hooks(request=lambda request: _change_query(request, lambda query: re.sub(rb";[^&]*", b"", query))),
            )
            return


def _refusal_faults(listing: Listing) -> Iterator[Fault]:
    transport = listing.transport
    if transport.wrong_method is not None:
        yield from make_fault(
            transport.wrong_method.clause,
            "any-method",
            "any HTTP method is as good as POST",
            Hooks(request=lambda request: _make_post(request) if request.method != "POST" else request),
        )
    if transport.wrong_media_type is not None:
        yield from make_fault(
            transport.wrong_media_type.clause,
            "any-media-type",
            "any Content-Type is as good as JSON",
            Hooks(request=lambda request: _label_as_json(request) if request.method == "POST" else request),
        )
    if transport.bad_syntax is not None:
        yield from make_fault(
            transport.bad_syntax.clause,
            "any-syntax",
            "a body that is not JSON counts as an empty object",
            Hooks(request=_replace_bad_json),
        )


def container_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of the container of the rows and of the element names in it."""
    lists = listing.lists
    if "missing" in lists.absent_forms:
        # What is not there says that there are no rows: the promise left is that they are a list.
        yield from make_fault(
            lists.clauses.rows,
            "rows-in-an-object",
            "the rows stand in an object and not in a list",
            Hooks(tree=lambda tree, context: tree if context.refusal else _put_rows_into_object(listing, tree)),
        )
    elif listing.filters:
        yield from make_fault(
            lists.clauses.rows,
            "no-container-when-empty",
            "an answer without rows has no container for them",
            Hooks(tree=lambda tree, context: _remove_empty_container(listing, tree, context)),
        )
    else:
        # Nothing asks for an empty list here, and a busy system is never idle; or an empty one may be left out.
        yield from make_fault(
            lists.clauses.rows,
            "no-container",
            "an answer has no container for its rows",
            Hooks(tree=lambda tree, context: tree if context.refusal else remove_at_pointer(tree, lists.rows_at)),
        )
    for name, clause in listing.clauses.items():
        if lists.root is not None and "root-element" in clause.checked_by:
            yield from make_fault(
                (ClauseId(name),),
                "another-root",
                "the root element goes by another name",
                with_changed_listing(with_part("lists", root=f"{lists.root}s")),
            )
    if lists.row_values == "text":
        yield from make_fault(
            lists.clauses.keys,
            "rows-are-objects",
            "a row is an object and not the bare text",
            Hooks(tree=lambda tree, context: tree if context.refusal else _put_texts_into_objects(listing, tree)),
        )
    if lists.row_element is not None:
        yield from make_fault(
            lists.clauses.row_element,
            "another-row-element",
            "rows go by another name",
            with_changed_listing(with_part("lists", row_element=f"{lists.row_element}Info")),
        )


def _put_rows_into_object(listing: Listing, tree: Tree) -> Tree:
    at = listing.lists.rows_at
    rows = part_at(tree, at)
    return change_at_pointer(tree, at, lambda _: {"rows": rows}) if isinstance(rows, list) else tree


def _put_texts_into_objects(listing: Listing, tree: Tree) -> Tree:
    lists = listing.lists
    return change_at_pointer(
        tree,
        lists.rows_at,
        lambda rows: [{lists.identity: row} for row in rows] if isinstance(rows, list) else rows,
    )


def _remove_empty_container(listing: Listing, tree: Tree, context: AnswerContext) -> Tree:
    if context.refusal is None and part_at(tree, listing.lists.rows_at) in ([], MISSING):
        return remove_at_pointer(tree, listing.lists.rows_at)
    return tree


# --- deafness -----------------------------------------------------------------------------------------------


def _without_encoding(name: str, way: RequestEncoding, listing: Listing) -> Hooks:
    if way.path is None and way.carries in ("form", "multipart", "chunked-multipart"):
        return Hooks(request=_drop_body_of(way))
    if way.path is None and way.separator is not None:
        separator = way.separator.encode()
        escaped = b"%%%02X" % separator[0]
        return Hooks(request=lambda request: _change_query(request, lambda query: query.replace(separator, escaped)))
    rest = {other: entry for other, entry in listing.transport.also.items() if other != name}
    if way.path is not None:
        return Hooks(request=lambda request: _drop_body_at_path(request, way))
    return with_changed_listing(with_part("transport", also=rest))


def _drop_body_of(way: RequestEncoding) -> Callable[[HttpRequest], HttpRequest]:
    def change(request: HttpRequest) -> HttpRequest:
        media = (request.header("content-type") or "").partition(";")[0].strip().lower()
        kind = "form" if media == "application/x-www-form-urlencoded" else "multipart"
        if request.chunked and kind == "multipart":
            kind = "chunked-multipart"
        return replace(request, body=b"") if request.body and kind == way.carries else request

    return change


def _drop_body_at_path(request: HttpRequest, way: RequestEncoding) -> HttpRequest:
    path = request.path.decode("ascii", "replace").rstrip("/")
    if not path.endswith((way.path or "").rstrip("/")):
        return request
    return _drop_body_of(way)(request)


def _change_query(request: HttpRequest, change: Callable[[bytes], bytes]) -> HttpRequest:
    if not request.query:
        return request
    return replace(request, target=request.path + b"?" + change(request.query))


def _set_media_type(response: HttpResponse, media_type: str) -> HttpResponse:
    others = tuple((name, value) for name, value in response.headers if name.lower() != "content-type")
    return replace(response, headers=(("Content-Type", media_type), *others))


def _unescape_body(response: HttpResponse) -> HttpResponse:
    body = response.body
    for entity, character in ((b"&amp;", b"&"), (b"&lt;", b"<"), (b"&gt;", b">")):
        body = body.replace(entity, character)
    return replace(response, body=body)


def _set_operation(request: HttpRequest, routing: Routing, listing: Listing) -> HttpRequest:
    """The request with this operation's name in place of the one it carries."""
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
        own = {key for key, _, _ in pairs if unquote_to_bytes(key) == name}
        return b"&".join(key + b"=" + (routing.name.encode() if key in own else value) for key, _, value in pairs)

    return _change_query(request, change)


# --- JSON bodies --------------------------------------------------------------------------------------------


def _label_as_json(request: HttpRequest) -> HttpRequest:
    others = tuple((name, value) for name, value in request.headers if name.lower() != "content-type")
    return replace(request, headers=(*others, ("Content-Type", _JSON_MEDIA_TYPE)))


def _make_post(request: HttpRequest) -> HttpRequest:
    return _label_as_json(replace(request, method="POST", body=request.body or b"{}"))


def _replace_bad_json(request: HttpRequest) -> HttpRequest:
    decoded = decode_json(request.body)
    if isinstance(decoded.tree, dict) and not decoded.problems:
        return request
    return replace(request, body=b"{}")
