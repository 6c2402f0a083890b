"""The codec of requests: list requests to HTTP bytes, in every documented encoding, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeVar, cast, final
from urllib.parse import quote, unquote

from harness.specification.access import AUTHORIZATION, log_in_of, path_parts
from harness.specification.answer_place import header_at
from harness.specification.dialect import ChoiceResolver
from harness.specification.load import Spec
from harness.specification.model import Listing, LogIn, ParameterPlace, RequestEncoding
from harness.wire.credentials_codec import (
    authorization_scheme,
    basic_header,
    credential_by_parameter,
    credential_headers,
    credential_pairs,
    credential_parameters,
    decode_basic_pair,
    decode_header_credentials,
    decode_query_credentials,
    key_pairs,
)
from harness.wire.decoded_body import Tree
from harness.wire.forms import FormError, decode_form, decode_pairs, encode_multipart, encode_pairs
from harness.wire.header_parameters import header_parameters, parameter_headers, values_in_headers
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import MISSING, decode_json, encode_json, put_value, split_pointer, tree_at
from harness.wire.list_elements import ElementList, element_lists, put_elements
from harness.wire.list_request import NOTHING, ListRequest
from harness.wire.range_values import (
    RangePlace,
    joined_ends,
    joined_values,
    range_places,
    sent_name,
    split_range_value,
)
from harness.wire.request_paths import constant_text, is_same_path, parts_of_path
from harness.wire.shared_values import put_shared_values, shared_holders, shared_places

__all__ = [
    "FORM_MEDIA_TYPE",
    "JSON_MEDIA_TYPE",
    "MULTIPART_BOUNDARY",
    "RefusedRequest",
    "RequestReader",
    "credential_parameters",
    "decode_request",
    "encode_request",
]

MULTIPART_BOUNDARY: Final = "part-b7e151628aed2a6a"
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
    session = log_in_of(listing.access)
    if ask.log_in and session is not None:
        return _encode_log_in(session, ask, base_path)
    way = listing.transport.also.get(ask.encoding_name or "")
    carries: ParameterPlace = way.carries if way else listing.transport.carries
    method = way.method if way else spec.method
    path = _request_path(spec, ask, way)
    headers = credential_headers(listing.access, ask.credentials, ask.scheme)
    headers += parameter_headers(listing, {**_settled_values(spec, ask), **ask.values})
    keys = key_pairs(listing.access, ask.credentials)
    if carries == "json":
        body: Tree = {}
        places = range_places(listing)
        sent = _sent_values(spec, ask)
        for name, value in sent.items():
            parameter = listing.parameters.get(name)
            if parameter is not None and parameter.element is not None:
                continue
            at = places[name].pointer if name in places else parameter.at if parameter else None
            body = put_value(body, at or f"/{name}", value)
        body = put_elements(listing, body, sent)
        for pointer, value in ask.extra:
            body = put_value(body, pointer if pointer.startswith("/") else f"/{pointer}", value)
        headers.append(("Content-Type", JSON_MEDIA_TYPE))
        return _http_request(method, base_path + path, encode_pairs(keys), headers, encode_json(body))
    pairs = _request_pairs(spec, ask, way)
    if carries == "query":
        query = _encode_pairs_of(spec, [*pairs, *keys], way)
        return _http_request(method, base_path + path, query, headers, b"")
    if carries == "form":
        headers.append(("Content-Type", FORM_MEDIA_TYPE))
        return _http_request(
            method,
            base_path + path,
            encode_pairs(keys),
            headers,
            encode_pairs(pairs, separator="&", plus_for_space=True),
        )
    content_type, data = encode_multipart(pairs, MULTIPART_BOUNDARY)
    headers.append(("Content-Type", content_type))
    chunked = carries == "chunked-multipart"
    return _http_request(method, base_path + path, encode_pairs(keys), headers, data, chunked=chunked)


def _encode_log_in(session: LogIn, ask: ListRequest, base_path: str) -> HttpRequest:
    """The request for a token, with such of its credentials as there are."""
    given = [(name, ask.credentials[name]) for name in session.own_names if name in ask.credentials]
    also = [(name, ask.credentials[held]) for name, held in session.further.items() if held in ask.credentials]
    headers = [(header, text) for name, text in also if (header := header_at(name)) is not None]
    pairs = [*session.adds.items(), *((name, text) for name, text in also if header_at(name) is None)]
    path, query, body = base_path + session.path, b"", b""
    if session.carries == "basic" and given:
        known = dict(given)
        headers.append(basic_header(known.get(session.user or "", ""), known.get(session.password, "")))
    elif session.carries != "basic":
        pairs[len(session.adds) : len(session.adds)] = given
    if session.carries == "json":
        places = {session.user: session.user_at, session.password: session.password_at}
        tree: Tree = {}
        for name, text in pairs:
            tree = put_value(tree, places.get(name) or (name if name.startswith("/") else f"/{name}"), text)
        headers, body = [*headers, ("Content-Type", JSON_MEDIA_TYPE)], encode_json(tree)
    elif _carries_form(session):
        headers, body = [*headers, ("Content-Type", FORM_MEDIA_TYPE)], encode_pairs(pairs, plus_for_space=True)
    else:
        query = encode_pairs(pairs, plus_for_space=session.carries == "basic")
    return _http_request(session.method, path, query, headers, body)


def _carries_form(session: LogIn) -> bool:
    """Whether what a log-in takes, or takes beside name and password in Authorization, stands in a form."""
    return session.carries == "form" or (session.carries == "basic" and session.method != "GET")


def encode_query(spec: Spec, ask: ListRequest) -> bytes:
    """The query of a list request in its documented form, without credentials."""
    said = replace(ask, credentials={}, account={**ask.credentials, **ask.account})
    return _encode_pairs_of(spec, _request_pairs(spec, said, None), None)


def _encode_pairs_of(spec: Spec, pairs: Sequence[tuple[str, str]], way: RequestEncoding | None) -> bytes:
    separator = (way.separator if way else None) or spec.listing.transport.separator
    return encode_pairs(pairs, separator=cast('Literal["&", ";"]', separator))


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
    return _filled_path(spec, ask, path)


def _filled_path(spec: Spec, ask: ListRequest, path: str) -> str:
    """The path with its parts in place; a part of which nothing is known stands as a dash."""
    names = path_parts(path)
    values = {**_settled_values(spec, ask), **ask.values} if names else {}
    for name in names:
        text = _pair_text(values.get(name, "")) or "-"
        # Dots alone would lead to another path.
        path = path.replace("{" + name + "}", quote(text, safe="") if text.strip(".") else text.replace(".", "%2E"))
    return path


def _settled_values(spec: Spec, ask: ListRequest) -> dict[str, Tree]:
    """The values that nobody chooses, by parameter: of the account that asks, and constants."""
    access = spec.listing.access
    found: dict[str, Tree] = {}
    for name, parameter in spec.listing.parameters.items():
        if parameter.bound_to is not None:
            credential = parameter.bound_to.credential
            held = (ask.account.get(credential), ask.credentials.get(credential), access.example.get(credential))
            found[name] = next((text for text in held if text), "")
        elif parameter.constant is not None:
            if name in ask.left_out or not is_constant_due(spec.listing, name, ask.values):
                continue
            found[name] = parameter.constant if parameter.at is not None else constant_text(parameter.constant)
    return found


def is_constant_due(listing: Listing, name: str, values: Mapping[str, Tree]) -> bool:
    """Whether a request with these values must hold that constant: always, or beside one of its company."""
    parameter = listing.parameters[name]
    if parameter.constant is None:
        return False
    return parameter.beside is None or any(other in values for other in parameter.beside.parameters)


def _sent_values(spec: Spec, ask: ListRequest) -> dict[str, Tree]:
    """The values beside the path: what nobody chooses first."""
    parts = (*path_parts(spec.path), *header_parameters(spec.listing))
    values = joined_values(spec.listing, {**_settled_values(spec, ask), **ask.values})
    return {name: value for name, value in values.items() if name not in parts}


def _repeated_texts(listing: Listing, ask: ListRequest) -> dict[str, list[str]]:
    """The further values of each parameter that is given more than once; of an end beside the other end."""
    found: dict[str, list[str]] = {}
    for name, many in ask.repeated.items():
        for more in many:
            for sent, value in joined_values(listing, {**ask.values, name: more}).items():
                if sent == sent_name(listing, name):
                    found.setdefault(sent, []).append(_pair_text(value))
    return found


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
    repeated = _repeated_texts(listing, ask) if ask.repeated else {}
    sent, extra = put_shared_values(listing, _sent_values(spec, ask), ask.extra, ask.repeated)
    for name, value in sent.items():
        parameter = listing.parameters.get(name)
        several = isinstance(value, list) and parameter is not None and parameter.repeated is not None
        pairs.extend((name, _pair_text(one)) for one in (cast("list[Tree]", value) if several else [value]))
        pairs.extend((name, more) for more in repeated.get(name, ()))
    pairs.extend((name, _pair_text(value)) for name, value in extra)
    pairs.extend(credential_pairs(listing.access, ask.credentials))
    return pairs


def _pair_text(value: Tree) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return encode_json(value).decode()


# --- reading ------------------------------------------------------------------------------------------------


def decode_request(
    spec: Spec, request: HttpRequest, choices: ChoiceResolver, *, base_path: str = ""
) -> ListRequest | RefusedRequest | None:
    """The list request in an HTTP request; RefusedRequest where its transport is wrong, None for another path."""
    return RequestReader(spec, choices, base_path=base_path).read(request)


@final
class RequestReader:
    """`decode_request` for many requests to one API: what the spec says of paths and headers is looked up once."""

    def __init__(self, spec: Spec, choices: ChoiceResolver, *, base_path: str = "") -> None:
        self._spec = spec
        self._choices = choices
        self._base_path = base_path
        self._session = log_in_of(spec.listing.access)
        self._members = _JsonMembers.of(spec.listing)
        self._ranges = range_places(spec.listing)
        self._header_parameters = header_parameters(spec.listing)
        self._shared = shared_places(spec.listing)
        # By the bytes of the path, and by the headers as they came: clients repeat both.
        self._places: dict[bytes, _RequestPlace | None] = {}
        self._header_credentials: dict[tuple[tuple[str, str], ...], tuple[dict[str, str], str]] = {}
        self._media_types: dict[tuple[tuple[str, str], ...], str] = {}

    def read(self, request: HttpRequest) -> ListRequest | RefusedRequest | None:
        """The list request in an HTTP request, as `decode_request` gives it."""
        spec, place = self._spec, self._place_at(request.path)
        if place is None:
            return None
        if place.log_in is not None:
            return _decode_log_in(spec, place.log_in, request)
        if place.refusal is not None:
            return place.refusal
        if request.method not in place.methods:
            refusal = spec.listing.transport.wrong_method
            return RefusedRequest(fault=refusal.fault if refusal else "unreadable", value=request.method)
        if spec.listing.transport.carries == "json":
            return self._read_json(request, place)
        pairs = _decode_request_pairs(spec, request, place)
        if isinstance(pairs, RefusedRequest):
            return pairs
        return self._read_pairs(pairs, request, place)

    def knows_path(self, path: bytes) -> bool:
        """Whether a request to a path is for this API."""
        return self._place_at(path) is not None

    def _place_at(self, path: bytes) -> _RequestPlace | None:
        if path in self._places:
            return self._places[path]
        return _remember(self._places, path, self._find_place(path))

    def _find_place(self, path: bytes) -> _RequestPlace | None:
        try:
            text = unquote(path.decode("ascii"), errors="strict")
        except UnicodeDecodeError:
            return None
        if self._session is not None and text == self._base_path + self._session.path:
            return _RequestPlace(log_in=self._session)
        placed = _encodings_at_path(self._spec, text, self._base_path)
        return None if placed is None else _RequestPlace.of(self._spec, self._choices, *placed)

    def _credentials_in_headers(self, request: HttpRequest) -> tuple[dict[str, str], str]:
        """The credentials in the headers by name, and the word before the token there."""
        found = self._header_credentials.get(request.headers)
        if found is None:
            credentials = decode_header_credentials(self._spec.listing.access, request)
            found = _remember(self._header_credentials, request.headers, (credentials, authorization_scheme(request)))
        return found

    def _media_type(self, request: HttpRequest) -> str:
        """The media type of the body, as the headers say."""
        found = self._media_types.get(request.headers)
        if found is None:
            named = request.header("content-type") or ""
            found = _remember(self._media_types, request.headers, named.partition(";")[0].strip().lower())
        return found

    def _read_json(self, request: HttpRequest, place: _RequestPlace) -> ListRequest | RefusedRequest:
        transport, access = self._spec.listing.transport, self._spec.listing.access
        if transport.wrong_media_type is not None:
            media = self._media_type(request)
            if media != JSON_MEDIA_TYPE:
                return RefusedRequest(fault=transport.wrong_media_type.fault, value=media)
        decoded = decode_json(request.body)
        if decoded.missing or not isinstance(decoded.tree, dict) or decoded.problems:
            fault = transport.bad_syntax.fault if transport.bad_syntax else "unreadable"
            return RefusedRequest(fault=fault)
        in_headers, scheme = self._credentials_in_headers(request)
        values, repeated = self._members.values_in(decoded.tree, place.parts), dict[str, tuple[Tree, ...]]()
        if self._header_parameters:
            values.update(values_in_headers(self._header_parameters, request))
        for name, value in self._members.values_in_lists(decoded.tree):
            if name in values:
                repeated[name] = (*repeated.get(name, ()), value)
            else:
                values[name] = value
        return ListRequest(
            values=values,
            repeated=repeated,
            credentials={**decode_query_credentials(access, request), **in_headers} if request.query else in_headers,
            scheme=scheme,
            account=NOTHING,
            extra=tuple(self._members.unknown_in(decoded.tree)),
        )

    def _read_pairs(
        self, pairs: Sequence[tuple[str, str]], request: HttpRequest, place: _RequestPlace
    ) -> ListRequest | RefusedRequest:
        parameters, routing = self._spec.listing.parameters, self._spec.listing.transport.routing
        selector, secret, by_fold = place.selector, place.secret, place.by_fold
        values: dict[str, Tree] = {}
        repeated: dict[str, tuple[Tree, ...]] = {}
        credentials: dict[str, str] = {}
        extra: list[tuple[str, Tree]] = []
        operation: str | None = None
        ranges, joined = self._ranges, set[str]()
        for given, text in pairs:
            name = given if by_fold is None else by_fold.get(given.lower(), given)
            if name in place.plain and name not in values:
                values[name] = text
            elif name == selector:
                operation = text if operation is None else operation
            elif name in secret:
                credentials.setdefault(secret[name], text)
            elif name in ranges:
                for end, part in split_range_value(ranges[name].pair, text).items():
                    if name in joined:
                        repeated[end] = (*repeated.get(end, ()), part)
                    else:
                        values[end] = part
                joined.add(name)
            elif name in self._shared:
                extra.extend(self._shared[name].put_parts(text, values, repeated))
            elif name not in parameters or name in place.elsewhere:
                extra.append((given, text))
            elif name in values and parameters[name].repeated is not None:
                before = values[name]
                values[name] = [*(before if isinstance(before, list) else [before]), text]
            elif name in values:
                repeated[name] = (*repeated.get(name, ()), text)
            else:
                values[name] = text
        values.update(place.parts)
        if self._header_parameters:
            values.update(values_in_headers(self._header_parameters, request))
        in_headers, scheme = self._credentials_in_headers(request)
        credentials.update(in_headers)
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
            scheme=scheme,
            account=NOTHING,
            extra=tuple(extra),
            repeated=repeated,
            operation=operation,
        )


_MOST_KNOWN_KEYS: Final = 256
_LONGEST_KNOWN_BYTES: Final = 4096

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _remember(table: dict[_Key, _Value], key: _Key, value: _Value) -> _Value:
    """Put a value into a small table, which is emptied when it is full; what is very long is not kept."""
    if len(str(key)) <= _LONGEST_KNOWN_BYTES:
        if len(table) >= _MOST_KNOWN_KEYS:
            table.clear()
        table[key] = value
    return value


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _RequestPlace:
    """What a path means to an API: a log-in, a refusal, or the list in some encodings."""

    log_in: LogIn | None = None
    refusal: RefusedRequest | None = None
    methods: frozenset[str] = frozenset()
    parts: Mapping[str, str] = field(default_factory=dict)
    # How pairs are read: what stands between them, whether a body may hold some, and which name means what.
    separators: Literal["&", "&;"] = "&"
    takes_form: bool = False
    selector: str | None = None
    secret: Mapping[str, str] = field(default_factory=dict)
    by_fold: Mapping[str, str] | None = None
    # Parameters that are no pairs: parts of the path, ends of a range in one value, parts of a shared value.
    elsewhere: tuple[str, ...] = ()
    # Parameters that mean nothing but themselves.
    plain: frozenset[str] = frozenset()

    @staticmethod
    def of(
        spec: Spec,
        choices: ChoiceResolver,
        ways: Sequence[RequestEncoding],
        refusal: RefusedRequest | None,
        routed_by_path: bool,
        parts: Mapping[str, str],
    ) -> _RequestPlace:
        """The place of the list where a path allows some encodings."""
        listing, transport = spec.listing, spec.listing.transport
        secret = credential_by_parameter(listing.access)
        selector = _operation_parameter(listing, ways, routed_by_path)
        holders = {*range_places(listing), *listing.shared_values}
        known = {*listing.parameters, *holders, *secret, *([selector] if selector else [])}
        folded = choices.resolve(transport.names) == "folded"
        elsewhere = (
            *path_parts(spec.path),
            *header_parameters(listing),
            *joined_ends(listing),
            *shared_holders(listing),
        )
        separators = {transport.separator, *(way.separator or transport.separator for way in ways)}
        return _RequestPlace(
            refusal=refusal,
            methods=frozenset(way.method for way in ways),
            parts=parts,
            separators="&;" if ";" in separators else "&",
            takes_form=any(way.carries in ("form", "multipart", "chunked-multipart") for way in ways),
            selector=selector,
            secret=secret,
            by_fold={name.lower(): name for name in known} if folded else None,
            elsewhere=elsewhere,
            plain=frozenset(listing.parameters).difference(holders, secret, [selector], elsewhere),
        )


@final
@dataclass(frozen=True, slots=True)
class _JsonMembers:
    """Where the parameters of a listing stand in a body of JSON."""

    names: tuple[tuple[str, tuple[str, ...]], ...]
    ranges: tuple[tuple[RangePlace, tuple[str, ...]], ...]
    lists: Mapping[str, ElementList]
    pointers: frozenset[str]
    holders: frozenset[str]

    @staticmethod
    def of(listing: Listing) -> _JsonMembers:
        """The members of a listing."""
        ends = (*joined_ends(listing), *header_parameters(listing))
        lists = {one.pointer: one for one in element_lists(listing)}
        own = {name: one for name, one in listing.parameters.items() if one.element is None and name not in ends}
        at = {name: one.at or f"/{name}" for name, one in own.items()}
        ranges = tuple(range_places(listing).values())
        pointers = frozenset((*at.values(), *(place.pointer for place in ranges)))
        places = (*pointers, *lists)
        holders = {pointer[:end] for pointer in places for end in range(1, len(pointer)) if pointer[end] == "/"}
        return _JsonMembers(
            tuple((name, split_pointer(pointer)) for name, pointer in at.items()),
            tuple((place, split_pointer(place.pointer)) for place in ranges),
            lists,
            pointers,
            frozenset(holders),
        )

    def values_in(self, tree: dict[str, Tree], parts: Mapping[str, str]) -> dict[str, Tree]:
        """The values of parameters in a body, or in the path where they stand there."""
        values: dict[str, Tree] = {}
        for name, steps in self.names:
            if name in parts:
                values[name] = parts[name]
            elif steps[0] in tree:
                value = tree[steps[0]] if len(steps) == 1 else tree_at(tree, steps)
                if value is not MISSING:
                    values[name] = value
        for place, steps in self.ranges:
            value = tree_at(tree, steps)
            if value is not MISSING:
                values.update(split_range_value(place.pair, value))
        return values

    def values_in_lists(self, tree: dict[str, Tree]) -> Iterator[tuple[str, Tree]]:
        """The values of parameters that stand in elements of lists; one may be there more than once."""
        for one in self.lists.values():
            yield from one.read(tree)

    def unknown_in(self, tree: Mapping[str, Tree], path: str = "") -> list[tuple[str, Tree]]:
        """The members that are no parameters, by their pointers."""
        found: list[tuple[str, Tree]] = []
        for name, value in tree.items():
            pointer = f"{path}/{name}"
            if pointer in self.pointers:
                continue
            if pointer in self.lists:
                found += self.lists[pointer].unknown_in(value)
                continue
            if pointer not in self.holders:
                found.append((pointer, value))
            elif isinstance(value, dict):
                found += self.unknown_in(value, pointer)
            elif isinstance(value, list):
                found += self.unknown_in({str(index): one for index, one in enumerate(value)}, pointer)
        return found


def _decode_log_in(spec: Spec, session: LogIn, request: HttpRequest) -> ListRequest | RefusedRequest:
    """What a request for a token gives of its credentials."""
    transport = spec.listing.transport
    if request.method != session.method:
        return RefusedRequest(
            fault=transport.wrong_method.fault if transport.wrong_method else "unreadable", value=request.method
        )
    in_headers = {name: header for name in session.further if (header := header_at(name)) is not None}
    told = {session.further[name]: request.header(header) for name, header in in_headers.items()}
    found = {name: text for name, text in told.items() if text is not None}
    named = {name: held for name, held in session.further.items() if name not in in_headers}
    if session.carries == "json":
        decoded = decode_json(request.body)
        at_names = {session.user: session.user_at, session.password: session.password_at}
        own = {at_names[name] or name: name for name in session.own_names}
        for at, name in (*own.items(), *named.items()):
            text = MISSING if decoded.missing else tree_at(decoded.tree, at if at.startswith("/") else f"/{at}")
            found |= {name: text} if isinstance(text, str) else {}
        return ListRequest(credentials=found, log_in=True)
    if session.carries == "basic":
        pair = decode_basic_pair(request.header(AUTHORIZATION) or "")
        user, _, password = (pair or "").partition(":")
        found |= {} if pair is None else {session.user or "": user, session.password: password}
    else:
        named |= {name: name for name in session.own_names}
    try:
        in_form = _carries_form(session)
        pairs = decode_form(request.body, request.header("content-type") or "") if in_form and named else []
        pairs = pairs if in_form else decode_pairs(request.query)
    except FormError:
        return RefusedRequest(fault=transport.bad_syntax.fault if transport.bad_syntax else "unreadable")
    found |= {named[name]: text for name, text in reversed(pairs) if name in named}
    return ListRequest(credentials=found, log_in=True)


def _documented_encoding(spec: Spec) -> RequestEncoding:
    method = cast('Literal["GET", "POST"]', spec.method)
    return RequestEncoding(method=method, carries=spec.listing.transport.carries)


_PlacedRequest = tuple[tuple[RequestEncoding, ...], RefusedRequest | None, bool, Mapping[str, str]]


def _encodings_at_path(spec: Spec, path: str, base_path: str) -> _PlacedRequest | None:
    """The encodings that may stand at a path, whether the operation's name is in it, and its parts by name."""
    if not path.startswith(base_path):
        return None
    rest = path[len(base_path) :]
    bare = rest.rstrip("/")
    transport = spec.listing.transport
    here = [way for way in transport.also.values() if not way.path]
    parts = parts_of_path(spec, spec.path, bare)
    if parts is not None:
        slashes = {way.slash for way in here}
        same = rest.endswith("/") == spec.path.endswith("/")
        if same or slashes & {"with", "without"}:
            return (_documented_encoding(spec), *here), None, True, parts
    for way in transport.also.values():
        parts = parts_of_path(spec, way.path, bare) if way.path else None
        if parts is not None:
            at_path = tuple(
                one for one in transport.also.values() if one.path and way.path and is_same_path(one.path, way.path)
            )
            return at_path, None, False, parts
    routing = transport.routing
    if routing is not None and routing.parameter is None:
        head = spec.path.rstrip("/").rpartition("/")[0]
        parts = parts_of_path(spec, head, bare)
        if parts is not None:
            refused = RefusedRequest(fault=routing.missing_fault)
            return (_documented_encoding(spec), *here), refused, True, parts
        parts = parts_of_path(spec, head, bare.rpartition("/")[0])
        if parts is not None:
            name = bare.rpartition("/")[2]
            refused = RefusedRequest(fault=routing.unknown_fault, operation=name, value=name)
            return (_documented_encoding(spec), *here), refused, True, parts
    return None


def _decode_request_pairs(
    spec: Spec, request: HttpRequest, place: _RequestPlace
) -> list[tuple[str, str]] | RefusedRequest:
    transport = spec.listing.transport
    try:
        pairs = decode_pairs(request.query, separators=place.separators)
        if request.body and place.takes_form:
            pairs = [*pairs, *decode_form(request.body, request.header("content-type") or "")]
    except FormError:
        return RefusedRequest(fault=transport.bad_syntax.fault if transport.bad_syntax else "unreadable")
    return pairs


def _operation_parameter(listing: Listing, ways: Sequence[RequestEncoding], routed_by_path: bool) -> str | None:
    routing = listing.transport.routing
    if routing is None:
        return None
    if routing.parameter is not None:
        return routing.parameter
    if routed_by_path:
        return None
    return next((name for way in ways for name, text in way.adds.items() if text == routing.name), None)
