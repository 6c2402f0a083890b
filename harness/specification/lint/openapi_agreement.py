"""Whether the two sides of a spec, OpenAPI and x-listing, say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.specification.access import AUTHORIZATION, key_of, ways_of
from harness.specification.answer_place import header_at
from harness.specification.lint.answer_places import page_part_places
from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.lint.json_types import check_json_type
from harness.specification.lint.signatures import check_signature
from harness.specification.load import Spec
from harness.specification.model import AccessWay, Field, Parameter, Signature
from harness.specification.openapi import (
    Schema,
    property_schemas,
    request_parameters,
    request_schemas_at,
    resolve_reference,
    response_schemas_at,
    row_schemas,
)
from harness.specification.yaml_source import KeyPath


def check_request_agreement(spec: Spec) -> Iterator[LintFinding]:
    """OpenAPI and x-listing name the same parameters, with the same bounds and defaults."""
    listing = spec.listing
    declared = {one.name: one for one in request_parameters(spec)}
    ends = {name for pair in listing.ranges if pair.value is not None for name in (pair.first, pair.last)}
    ends |= {name for shared in listing.shared_values.values() for name in shared.parts}
    for name, parameter in listing.parameters.items():
        path: KeyPath = ("parameters", name)
        if name in ends:
            continue
        if parameter.at is not None:
            schemas = request_schemas_at(spec, parameter.at)
            if not schemas:
                yield finding_at(
                    spec, "request", path, f"a place {parameter.at} in the schema of the request's body", "none"
                )
        elif name not in declared:
            yield finding_at(
                spec, "request", path, "an OpenAPI parameter of that name", "none", "declare it in parameters"
            )
        else:
            one = declared[name]
            if (one.place == "header") != (parameter.place == "header"):
                due = "header" if parameter.place == "header" else "query, path or body"
                yield finding_at(
                    spec,
                    "request",
                    (*one.path, "in"),
                    f"in: {due}, as x-listing says",
                    f"in: {one.place}",
                    "a parameter in a header has place: header in x-listing",
                    top=True,
                )
            for word, ours in (
                ("minimum", parameter.least),
                ("maximum", parameter.most),
                ("default", _told_default(parameter)),
            ):
                theirs = one.schema.get(word)
                if isinstance(theirs, int) and isinstance(ours, int) and theirs != ours:
                    yield finding_at(
                        spec,
                        "request",
                        (*one.path, "schema", word),
                        f"{ours}, as x-listing says",
                        f"{theirs}",
                        top=True,
                    )
    yield from _check_range_values(spec, declared)
    for holder in listing.shared_values:
        if holder not in declared:
            expected = f"an OpenAPI parameter {holder}"
            yield finding_at(spec, "request", ("shared-values", holder), expected, "none")
    besides = set(_undescribed_parameters(spec))
    for name, one in declared.items():
        if name not in listing.parameters and name not in besides:
            yield finding_at(
                spec,
                "request",
                one.path,
                "the same parameter in x-listing (or a credential, routing, tolerated one)",
                repr(name),
                top=True,
            )
    yield from _check_credentials(spec, declared)


def _told_default(parameter: Parameter) -> object:
    """The default as a request tells it: a flag may be spelled the other way round (`ascending: false`)."""
    if parameter.as_ != "flag" or not isinstance(parameter.default, bool):
        return parameter.default
    spelled = (parameter.true if parameter.default else parameter.false)[0]
    return {"true": True, "false": False}.get(spelled.lower(), parameter.default)


def _check_range_values(spec: Spec, declared: Mapping[str, object]) -> Iterator[LintFinding]:
    """A value that holds both ends of a range is one that OpenAPI declares."""
    for index, pair in enumerate(spec.listing.ranges):
        value = pair.value
        if value is None:
            continue
        in_body = value.at is not None and bool(request_schemas_at(spec, value.at))
        if not in_body and (value.at is not None or value.parameter not in declared):
            expected = f"a place {value.at} in the schema of the request's body"
            if value.at is None:
                expected = f"an OpenAPI parameter {value.parameter}"
            yield finding_at(spec, "request", ("ranges", index, "value"), expected, "none")


def _undescribed_parameters(spec: Spec) -> Iterator[str]:
    """The OpenAPI parameters that are not parameters of the listing: they log in, route, or are tolerated."""
    access, transport = spec.listing.access, spec.listing.transport
    yield from (pair.value.parameter for pair in spec.listing.ranges if pair.value is not None)
    yield from spec.listing.shared_values
    yield from (name for name in (access.user, access.password) if name is not None)
    yield from (key.name for way in ways_of(access) if (key := key_of(way)) is not None)
    signed = (way.signature for way in ways_of(access) if way.signature is not None)
    yield from (place.partition(":")[2] for rules in signed for place in rules.carries)
    yield from (name for legacy in access.legacy for name in legacy.parameters)
    yield from transport.tolerated
    yield from (name for way in transport.also.values() for name in way.adds)
    if transport.routing is not None and transport.routing.parameter is not None:
        yield transport.routing.parameter
    yield from ("Authorization", "Content-Type", "Accept")


def _check_credentials(spec: Spec, declared: Mapping[str, object]) -> Iterator[LintFinding]:
    """Each way in is one that OpenAPI declares, and each scheme that the operation names is a way in."""
    access, routing = spec.listing.access, spec.listing.transport.routing
    schemes = {
        name: resolve_reference(spec, scheme)
        for name, scheme in spec.openapi.get("components", {}).get("securitySchemes", {}).items()
    }
    for index, way in enumerate(ways_of(access)):
        path: KeyPath = ("access",) if index == 0 else ("access", "also", index - 1)
        yield from _check_way(spec, way, path, declared, tuple(schemes.values()))
    yield from _check_schemes(spec, schemes)
    if routing is not None and routing.parameter is not None and routing.parameter not in declared:
        yield finding_at(
            spec, "request", ("transport", "routing", "parameter"), "an OpenAPI parameter of that name", "none"
        )


def _check_way(
    spec: Spec, way: AccessWay, path: KeyPath, declared: Mapping[str, object], schemes: Sequence[Schema]
) -> Iterator[LintFinding]:
    pair = ("user", "password")
    needed = {"password": pair, "basic": pair, "key": ("key",), "session": ("session",), "signature": ("signature",)}
    lacking = [word for word in needed.get(way.kind, ()) if getattr(way, word) is None]
    for word in lacking:
        yield finding_at(spec, "request", path, f"the key {word}, beside kind: {way.kind}", "none")
    if lacking:
        return
    if way.session is not None and way.session.user is None and way.session.user_at is not None:
        yield finding_at(spec, "request", (*path, "session", "user-at"), "the key user beside it", "none")
    if way.pair is not None and way.kind != "basic":
        yield finding_at(spec, "request", (*path, "pair"), "kind: basic beside it", f"kind: {way.kind}")
    if way.kind == "none" and (path != ("access",) or spec.listing.access.also):
        yield finding_at(spec, "request", (*path, "kind"), "no other way in where none is needed", "others")
    yield from _check_frame(spec, way, path)
    keys = {scheme.get("name") for scheme in schemes}
    if way.kind == "password":
        for word, name in (("user", way.user), ("password", way.password)):
            if name not in declared and name not in keys:
                yield finding_at(
                    spec, "request", (*path, word), "an OpenAPI parameter or apiKey of that name", repr(name)
                )
    elif way.kind == "bearer":
        if not any(_is_scheme_of(scheme, way) for scheme in schemes) and "Authorization" not in declared:
            yield finding_at(spec, "request", (*path, "kind"), "a securityScheme http bearer in components", "none")
    elif way.signature is not None:
        yield from check_signature(spec, way.signature, (*path, "signature"))
        if not any(_is_place_of(scheme, way.signature) for scheme in schemes):
            expected = "a securityScheme apiKey in components for a place of the signature"
            yield finding_at(spec, "request", (*path, "kind"), expected, "none")
    elif way.kind != "none" and not any(_is_scheme_of(scheme, way) for scheme in schemes):
        key = key_of(way)
        wanted = "http basic" if key is None else f"apiKey in {key.place} of the name {key.name}"
        if key is None or key.name not in declared:
            told = ", ".join(sorted({_described_scheme(scheme) for scheme in schemes})) or "none"
            yield finding_at(spec, "request", (*path, "kind"), f"a securityScheme {wanted} in components", told)


def _check_frame(spec: Spec, way: AccessWay, path: KeyPath) -> Iterator[LintFinding]:
    """A key stands once in what is written around it, in a header."""
    key = key_of(way)
    if key is None or "{" not in key.scheme:
        return
    if key.place != "header" or key.scheme.count("{") > 1 or "{key}" not in key.scheme:
        here: KeyPath = (*path, "key" if way.kind == "key" else "session", "scheme")
        expected = "a word, or {key} once and what stands around it, in a header"
        yield finding_at(spec, "request", here, expected, f"{key.place}: {key.scheme!r}")


def _check_schemes(spec: Spec, schemes: Mapping[str, Schema]) -> Iterator[LintFinding]:
    """The schemes that the operation names, or the whole document does, are ways in."""
    method = spec.method.lower()
    place: KeyPath = ("paths", spec.path, method, "security")
    named = spec.openapi["paths"][spec.path][method].get("security")
    if named is None:
        named, place = spec.openapi.get("security", ()), ("security",)
    ways = ways_of(spec.listing.access)
    for name in dict.fromkeys(name for one in named for name in one):
        scheme = schemes.get(name)
        if scheme is None:
            continue
        older = {parameter for legacy in spec.listing.access.legacy for parameter in legacy.parameters}
        if scheme.get("name") not in older and not any(_is_scheme_of(scheme, way) for way in ways):
            yield finding_at(
                spec,
                "request",
                place,
                f"schemes that access has: {', '.join(way.kind for way in ways)}",
                f"{name}: {_described_scheme(scheme)}",
                "name it as the kind of access, or under also",
                top=True,
            )


def _described_scheme(scheme: Schema) -> str:
    if scheme.get("type") == "apiKey":
        return f"apiKey in {scheme.get('in')} of the name {scheme.get('name')}"
    return " ".join(str(part) for part in (scheme.get("type"), scheme.get("scheme")) if part)


def _is_scheme_of(scheme: Schema, way: AccessWay) -> bool:
    """Whether a scheme of OpenAPI says what a way in says."""
    kind, word = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    key = key_of(way)
    if way.kind == "password":
        return kind == "apiKey" and scheme.get("name") in (way.user, way.password)
    if way.kind == "basic":
        return kind == "http" and word == "basic"
    if way.signature is not None:
        return _is_place_of(scheme, way.signature)
    if key is None:
        return False
    headed = key.place == "header" and key.name.lower() == AUTHORIZATION.lower()
    if kind == "http":
        return headed and word == key.word.lower() and word != ""
    if kind in ("oauth2", "openIdConnect"):
        # The log-in operation is the token URL of a flow, and what it gives is a bearer token.
        return way.kind == "bearer" or (way.kind == "session" and headed and key.word.lower() == "bearer")
    same = scheme.get("name") == key.name or (
        key.place == "header" and str(scheme.get("name")).lower() == key.name.lower()
    )
    return kind == "apiKey" and scheme.get("in") == key.place and same


def _is_place_of(scheme: Schema, rules: Signature) -> bool:
    """Whether a scheme of OpenAPI, which knows no signatures, names a place that carries a part of one."""
    place = f"{scheme.get('in')}:{scheme.get('name')}".lower()
    return scheme.get("type") == "apiKey" and place in {known.lower() for known in rules.carries}


def check_response_agreement(spec: Spec) -> Iterator[LintFinding]:
    """OpenAPI's schema of the answer has the rows, their fields in the types in which they are written, and the other
    parts, and no field besides."""
    listing = spec.listing
    lists = response_schemas_at(spec, listing.lists.rows_at)
    rows = row_schemas(spec, lists)
    if not rows:
        yield finding_at(
            spec, "answer", ("lists", "rows-at"), "an array at that place in a schema of a response", "none"
        )
    elif listing.lists.row_values == "object":
        yield from _check_row_fields(spec, listing.fields, property_schemas(spec, rows), ("fields",))
    parts: list[tuple[KeyPath, str]] = [
        (("outcome", "envelope", name, "at"), part.at) for name, part in listing.outcome.envelope.items()
    ]
    parts += [(("echoes", index, "at"), echo.at) for index, echo in enumerate(listing.echoes)]
    parts += page_part_places(listing)
    parts += [(("outcome", "error", "code-at"), listing.outcome.error.code_at or "")]
    parts += [
        (("outcome", "faults", name, "code-at"), told.code_at or "") for name, told in listing.outcome.faults.items()
    ]
    for path, pointer in parts:
        if pointer and header_at(pointer) is None and not response_schemas_at(spec, pointer):
            yield finding_at(spec, "answer", path, "a place in a schema of a response", f"none at {pointer}")


def _check_row_fields(
    spec: Spec, fields: Mapping[str, Field], known: Mapping[str, tuple[Mapping[str, Any], ...]], path: KeyPath
) -> Iterator[LintFinding]:
    for name, field in fields.items():
        around = fields.get(name.rpartition(".")[0])
        if around is not None and around.as_ == "object":
            # A part of an object, which is looked at with it.
            continue
        if name not in known:
            yield finding_at(spec, "answer", (*path, name), "a property of that name in the schema of a row", "none")
            continue
        yield from check_json_type(spec, field, known[name], (*path, name))
        if field.as_ == "object":
            parts = {one.removeprefix(f"{name}."): part for one, part in fields.items() if one.startswith(f"{name}.")}
            inner = property_schemas(spec, known[name])
            yield from _check_row_fields(spec, parts, inner, (*path, name, "fields"))
        elif field.fields:
            inner = property_schemas(spec, row_schemas(spec, known[name]))
            yield from _check_row_fields(spec, field.fields, inner, (*path, name, "fields"))
    for name in known:
        if name not in fields:
            yield finding_at(spec, "answer", path, f"the field {name}, which the schema of a row has", "none")
