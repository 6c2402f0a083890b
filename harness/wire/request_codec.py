"""The codec of requests: list requests to HTTP bytes, in every documented encoding, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, cast
from urllib.parse import quote, unquote

from harness.specification.dialect import ChoiceResolver
from harness.specification.load import Spec
from harness.specification.model import Access, Listing, ParameterPlace, RequestEncoding
from harness.wire.decoded_body import Tree
from harness.wire.forms import FormError, decode_form, decode_pairs, encode_multipart, encode_pairs
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import MISSING, decode_json, encode_json, put_value, tree_at
from harness.wire.list_request import ListRequest

MULTIPART_BOUNDARY: Final = "callharness-b7e151628aed2a6a"
FORM_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
JSON_MEDIA_TYPE: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest:
    """A request that the transport itself refuses, by the name of the fault; `digest` is that of the HTTP request."""

    fault: str
    parameter: str = ""
    operation: str = ""
    value: str = ""
    digest: bytes = field(default=b"", repr=False, compare=False)


# --- writing ------------------------------------------------------------------------------------------------


def encode_request(spec: Spec, ask: ListRequest, *, base_path: str = "") -> HttpRequest:
    """The HTTP request of a list request: in the documented form, or in the encoding that it names."""
    listing = spec.listing
    way = listing.transport.also.get(ask.encoding_name or "")
    carries: ParameterPlace = way.carries if way else listing.transport.carries
    method = way.method if way else spec.method
    path = _request_path(spec, ask, way)
    headers: list[tuple[str, str]] = []
    token = ask.credentials.get(listing.access.token) if listing.access.kind == "bearer" else None
    if token is not None:
        headers.append(("Authorization", f"{ask.scheme} {token}".strip()))
    if carries == "json":
        body: Tree = {}
        for name, value in ask.values.items():
            parameter = listing.parameters.get(name)
            body = put_value(body, (parameter.at if parameter else None) or f"/{name}", value)
        for pointer, value in ask.extra:
            body = put_value(body, pointer if pointer.startswith("/") else f"/{pointer}", value)
        headers.append(("Content-Type", JSON_MEDIA_TYPE))
        return _http_request(method, base_path + path, b"", headers, encode_json(body))
    pairs = _request_pairs(spec, ask, way)
    separator = (way.separator if way else None) or listing.transport.separator
    if carries == "query":
        query = encode_pairs(pairs, separator=cast('Literal["&", ";"]', separator))
        return _http_request(method, base_path + path, query, headers, b"")
    if carries == "form":
        headers.append(("Content-Type", FORM_MEDIA_TYPE))
        return _http_request(
            method, base_path + path, b"", headers, encode_pairs(pairs, separator="&", plus_for_space=True)
        )
    content_type, data = encode_multipart(pairs, MULTIPART_BOUNDARY)
    headers.append(("Content-Type", content_type))
    return _http_request(method, base_path + path, b"", headers, data, chunked=carries == "chunked-multipart")


def _http_request(
    method: str,
    path: str,
    query: bytes,
    headers: list[tuple[str, str]],
    body: bytes,
    *,
    chunked: bool = False,
) -> HttpRequest:
    target = quote(path, safe="/:@!$'()*,~.-_%").encode() + (b"?" + query if query else b"")
    return HttpRequest(method=method, target=target, headers=tuple(headers), body=body, chunked=chunked)


def _request_path(spec: Spec, ask: ListRequest, way: RequestEncoding | None) -> str:
    path = (way.path if way else None) or spec.path
    routing = spec.listing.transport.routing
    if routing is not None and routing.parameter is None and not (way and way.path):
        head, _, _ = path.rstrip("/").rpartition("/")
        if ask.no_operation:
            return head + "/"
        if ask.operation is not None:
            path = f"{head}/{quote(ask.operation, safe='')}" + ("/" if path.endswith("/") else "")
    if way and way.slash == "with" and not path.endswith("/"):
        path += "/"
    if way and way.slash == "without":
        path = path.rstrip("/")
    return path


def _request_pairs(spec: Spec, ask: ListRequest, way: RequestEncoding | None) -> list[tuple[str, str]]:
    listing = spec.listing
    pairs: list[tuple[str, str]] = []
    routing = listing.transport.routing
    if routing is not None and routing.parameter is not None and not ask.no_operation:
        pairs.append((routing.parameter, ask.operation if ask.operation is not None else routing.name))
    for name, text in (way.adds if way else {}).items():
        pairs.append(
            (name, ask.operation if ask.operation is not None and routing and text == routing.name else text)
        )
    for name, value in ask.values.items():
        pairs.append((name, _pair_text(value)))
        pairs.extend((name, _pair_text(more)) for more in ask.repeated.get(name, ()))
    pairs.extend((name, _pair_text(value)) for name, value in ask.extra)
    pairs.extend(_credential_pairs(listing.access, ask.credentials))
    return pairs


def _credential_pairs(access: Access, credentials: Mapping[str, str]) -> list[tuple[str, str]]:
    """Credentials that travel as parameters: never a key to sign with, and no older pair beside a token."""
    if access.kind == "password":
        names = [name for name in (access.user, access.password) if name]
    elif access.token in credentials:
        names = []
    else:
        names = [name for legacy in access.legacy for name in legacy.parameters]
    return [(name, credentials[name]) for name in dict.fromkeys(names) if name in credentials]


def _pair_text(value: Tree) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return encode_json(value).decode()


# --- reading ------------------------------------------------------------------------------------------------


def credential_parameters(access: Access) -> frozenset[str]:
    """Parameters (not headers) that carry credentials."""
    own = (access.user, access.password) if access.kind == "password" else ()
    older = (name for legacy in access.legacy for name in legacy.parameters)
    return frozenset(name for name in (*own, *older) if name)


def decode_request(
    spec: Spec, request: HttpRequest, choices: ChoiceResolver, *, base_path: str = ""
) -> ListRequest | RefusedRequest | None:
    """The list request in an HTTP request; RefusedRequest where its transport is wrong, None for another path."""
    try:
        path = unquote(request.path.decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        return None
    placed = _encodings_at_path(spec, path, base_path)
    if placed is None:
        return None
    ways, operation, routed_by_path = placed
    if isinstance(operation, RefusedRequest):
        return operation
    methods = {way.method for way in ways}
    if request.method not in methods:
        refusal = spec.listing.transport.wrong_method
        return RefusedRequest(fault=refusal.fault if refusal else "unreadable", value=request.method)
    if spec.listing.transport.carries == "json":
        return _decode_json_request(spec, request)
    pairs = _decode_request_pairs(spec, request, ways)
    if isinstance(pairs, RefusedRequest):
        return pairs
    return _list_request_of(spec, pairs, request, ways, choices, routed_by_path)


def _documented_encoding(spec: Spec) -> RequestEncoding:
    method = cast('Literal["GET", "POST"]', spec.method)
    return RequestEncoding(method=method, carries=spec.listing.transport.carries)


def _encodings_at_path(
    spec: Spec, path: str, base_path: str
) -> tuple[tuple[RequestEncoding, ...], RefusedRequest | None, bool] | None:
    """The encodings that may stand at a path, and whether the operation's name is in the path."""
    if not path.startswith(base_path):
        return None
    rest = path[len(base_path) :]
    bare = rest.rstrip("/")
    transport = spec.listing.transport
    here = [way for way in transport.also.values() if not way.path]
    if bare == spec.path.rstrip("/"):
        slashes = {way.slash for way in here}
        same = rest.endswith("/") == spec.path.endswith("/")
        if same or slashes & {"with", "without"}:
            return (_documented_encoding(spec), *here), None, True
    elsewhere = tuple(way for way in transport.also.values() if way.path and way.path.rstrip("/") == bare)
    if elsewhere:
        return elsewhere, None, False
    routing = transport.routing
    if routing is not None and routing.parameter is None:
        head = spec.path.rstrip("/").rpartition("/")[0]
        if bare == head:
            return (_documented_encoding(spec), *here), RefusedRequest(fault=routing.missing_fault), True
        if bare.rpartition("/")[0] == head:
            name = bare.rpartition("/")[2]
            return (
                (_documented_encoding(spec), *here),
                RefusedRequest(fault=routing.unknown_fault, operation=name, value=name),
                True,
            )
    return None


def _decode_request_pairs(
    spec: Spec, request: HttpRequest, ways: Sequence[RequestEncoding]
) -> list[tuple[str, str]] | RefusedRequest:
    transport = spec.listing.transport
    separators = {transport.separator, *(way.separator or transport.separator for way in ways)}
    try:
        pairs = decode_pairs(request.query, separators="&;" if ";" in separators else "&")
        if request.body:
            content_type = request.header("content-type") or ""
            if any(way.carries in ("form", "multipart", "chunked-multipart") for way in ways):
                pairs = [*pairs, *decode_form(request.body, content_type)]
    except FormError:
        return RefusedRequest(fault=transport.bad_syntax.fault if transport.bad_syntax else "unreadable")
    return pairs


def _list_request_of(
    spec: Spec,
    pairs: Sequence[tuple[str, str]],
    request: HttpRequest,
    ways: Sequence[RequestEncoding],
    choices: ChoiceResolver,
    routed_by_path: bool,
) -> ListRequest | RefusedRequest:
    listing = spec.listing
    routing = listing.transport.routing
    secret = credential_parameters(listing.access)
    selector = _operation_parameter(listing, ways, routed_by_path)
    known = {*listing.parameters, *secret, *([selector] if selector else [])}
    folded = choices.resolve(listing.transport.names) == "folded"
    by_fold = {name.lower(): name for name in known} if folded else {}
    values: dict[str, Tree] = {}
    repeated: dict[str, tuple[Tree, ...]] = {}
    credentials: dict[str, str] = {}
    extra: list[tuple[str, Tree]] = []
    operation: str | None = None
    for given, text in pairs:
        name = by_fold.get(given.lower(), given) if folded else given
        if name == selector:
            operation = text if operation is None else operation
        elif name in secret:
            credentials.setdefault(name, text)
        elif name not in listing.parameters:
            extra.append((given, text))
        elif name in values:
            repeated[name] = (*repeated.get(name, ()), text)
        else:
            values[name] = text
    credentials |= _bearer_token(listing, request)
    if selector is not None and routing is not None:
        if operation is None:
            return RefusedRequest(fault=routing.missing_fault, parameter=selector)
        if operation != routing.name:
            return RefusedRequest(
                fault=routing.unknown_fault, parameter=selector, operation=operation, value=operation
            )
    return ListRequest(
        values=values,
        credentials=credentials,
        scheme=_authorization_scheme(request),
        extra=tuple(extra),
        repeated=repeated,
        operation=operation,
    )


def _operation_parameter(listing: Listing, ways: Sequence[RequestEncoding], routed_by_path: bool) -> str | None:
    routing = listing.transport.routing
    if routing is None:
        return None
    if routing.parameter is not None:
        return routing.parameter
    if routed_by_path:
        return None
    return next((name for way in ways for name, text in way.adds.items() if text == routing.name), None)


def _decode_json_request(spec: Spec, request: HttpRequest) -> ListRequest | RefusedRequest:
    transport = spec.listing.transport
    media = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media != JSON_MEDIA_TYPE and transport.wrong_media_type is not None:
        return RefusedRequest(fault=transport.wrong_media_type.fault, value=media)
    decoded = decode_json(request.body)
    if decoded.missing or not isinstance(decoded.tree, dict) or decoded.problems:
        fault = transport.bad_syntax.fault if transport.bad_syntax else "unreadable"
        return RefusedRequest(fault=fault)
    values: dict[str, Tree] = {}
    for name, parameter in spec.listing.parameters.items():
        value = tree_at(decoded.tree, parameter.at or f"/{name}")
        if value is not MISSING:
            values[name] = value
    return ListRequest(
        values=values,
        credentials=_bearer_token(spec.listing, request),
        scheme=_authorization_scheme(request),
        extra=tuple(_unknown_members(spec.listing, decoded.tree)),
    )


def _unknown_members(listing: Listing, tree: Mapping[str, Tree]) -> list[tuple[str, Tree]]:
    pointers = {parameter.at or f"/{name}" for name, parameter in listing.parameters.items()}
    found: list[tuple[str, Tree]] = []

    def walk(node: Mapping[str, Tree], path: str) -> None:
        for name, value in node.items():
            pointer = f"{path}/{name}"
            if pointer in pointers:
                continue
            if isinstance(value, dict) and any(known.startswith(pointer + "/") for known in pointers):
                walk(value, pointer)
            elif not any(known.startswith(pointer + "/") for known in pointers):
                found.append((pointer, value))

    walk(tree, "")
    return found


def _bearer_token(listing: Listing, request: HttpRequest) -> dict[str, str]:
    if listing.access.kind != "bearer":
        return {}
    header = request.header("authorization")
    if header is None:
        return {}
    _, space, token = header.strip().partition(" ")
    return {listing.access.token: token.strip() if space else header.strip()}


def _authorization_scheme(request: HttpRequest) -> str:
    header = (request.header("authorization") or "").strip()
    return header.partition(" ")[0] if " " in header else ""
