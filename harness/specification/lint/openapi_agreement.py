"""Whether the two sides of a spec, OpenAPI and x-listing, say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import Field
from harness.specification.openapi import (
    property_schemas,
    request_parameters,
    request_schemas_at,
    response_schemas_at,
    row_schemas,
)
from harness.specification.yaml_source import KeyPath


def check_request_agreement(spec: Spec) -> Iterator[LintFinding]:
    """OpenAPI and x-listing name the same parameters, with the same bounds and defaults."""
    listing = spec.listing
    declared = {one.name: one for one in request_parameters(spec)}
    for name, parameter in listing.parameters.items():
        path: KeyPath = ("parameters", name)
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
            for word, ours in (
                ("minimum", parameter.least),
                ("maximum", parameter.most),
                ("default", parameter.default),
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


def _undescribed_parameters(spec: Spec) -> Iterator[str]:
    """The OpenAPI parameters that are not parameters of the listing: they log in, route, or are tolerated."""
    access, transport = spec.listing.access, spec.listing.transport
    yield from (name for name in (access.user, access.password) if name is not None)
    yield from (name for legacy in access.legacy for name in legacy.parameters)
    yield from transport.tolerated
    yield from (name for way in transport.also.values() for name in way.adds)
    if transport.routing is not None and transport.routing.parameter is not None:
        yield transport.routing.parameter
    yield from ("Authorization", "Content-Type", "Accept")
    yield from re.findall(r"\{([^}]+)\}", spec.path)


def _check_credentials(spec: Spec, declared: Mapping[str, object]) -> Iterator[LintFinding]:
    access, routing = spec.listing.access, spec.listing.transport.routing
    schemes = spec.openapi.get("components", {}).get("securitySchemes", {}).values()
    keys = {scheme.get("name") for scheme in schemes}
    if access.kind == "password":
        for word, name in (("user", access.user), ("password", access.password)):
            if name is None:
                yield finding_at(spec, "request", ("access",), f"the key {word}", "none")
            elif name not in declared and name not in keys:
                yield finding_at(
                    spec, "request", ("access", word), "an OpenAPI parameter or apiKey of that name", repr(name)
                )
    elif (
        not any(scheme.get("scheme", "").lower() == "bearer" for scheme in schemes)
        and "Authorization" not in declared
    ):
        yield finding_at(spec, "request", ("access", "kind"), "a securityScheme http bearer in components", "none")
    if routing is not None and routing.parameter is not None and routing.parameter not in declared:
        yield finding_at(
            spec, "request", ("transport", "routing", "parameter"), "an OpenAPI parameter of that name", "none"
        )


def check_response_agreement(spec: Spec) -> Iterator[LintFinding]:
    """OpenAPI's schema of the answer has the rows, their fields and the other parts, and no field besides."""
    listing = spec.listing
    lists = response_schemas_at(spec, listing.lists.rows_at)
    rows = row_schemas(spec, lists)
    if not rows:
        yield finding_at(
            spec, "answer", ("lists", "rows-at"), "an array at that place in a schema of a response", "none"
        )
    else:
        yield from _check_row_fields(spec, listing.fields, property_schemas(spec, rows), ("fields",))
    parts: list[tuple[KeyPath, str]] = [
        (("outcome", "envelope", name, "at"), part.at) for name, part in listing.outcome.envelope.items()
    ]
    parts += [(("echoes", index, "at"), echo.at) for index, echo in enumerate(listing.echoes)]
    parts += [(("total", "at"), listing.total.at)] if listing.total is not None else []
    parts += [(("returned", "at"), listing.returned.at)] if listing.returned is not None else []
    parts += [(("outcome", "error", "code-at"), listing.outcome.error.code_at)]
    for path, pointer in parts:
        if pointer and not response_schemas_at(spec, pointer):
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
        elif field.as_ == "object":
            parts = {one.removeprefix(f"{name}."): part for one, part in fields.items() if one.startswith(f"{name}.")}
            inner = property_schemas(spec, known[name])
            yield from _check_row_fields(spec, parts, inner, (*path, name, "fields"))
        elif field.fields:
            inner = property_schemas(spec, row_schemas(spec, known[name]))
            yield from _check_row_fields(spec, field.fields, inner, (*path, name, "fields"))
    for name in known:
        if name not in fields:
            yield finding_at(spec, "answer", path, f"the field {name}, which the schema of a row has", "none")
