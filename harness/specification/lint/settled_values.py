"""Whether what nobody chooses holds together: parts of paths, constants, values of the account, what rows repeat."""

from __future__ import annotations

from collections.abc import Iterator

from harness.specification.access import all_credential_names, is_settled, path_parts, secret_credential_names
from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import Field
from harness.specification.openapi import request_parameters
from harness.specification.yaml_source import KeyPath


def check_path_parts(spec: Spec) -> Iterator[LintFinding]:
    """What stands in braces in a path is a parameter with a value, and in the URL of a server a variable."""
    listing = spec.listing
    declared = {one.name for one in request_parameters(spec) if one.place == "path"}
    parts = path_parts(spec.path)
    for name in dict.fromkeys(parts):
        place: KeyPath = ("paths", spec.path)
        parameter = listing.parameters.get(name)
        if name not in declared:
            yield finding_at(
                spec, "path", place, f"an OpenAPI parameter {name}, in: path", "none", f"declare {name}", top=True
            )
        if parameter is None:
            yield finding_at(
                spec,
                "path",
                ("parameters",),
                f"the parameter {name}, which stands in the path {spec.path}",
                "none",
                "bind it to a credential (bound-to), give its constant, or let a filter take it",
            )
        elif not is_settled(parameter) and name not in listing.filters:
            yield finding_at(
                spec,
                "path",
                ("parameters", name),
                "a value for a part of the path: bound-to, constant, or a filter of that name",
                "none of them",
            )
    for name in sorted(declared - set(parts)):
        expected = f"a part {{{name}}} in the path"
        yield finding_at(spec, "path", ("paths", spec.path), expected, "none", top=True)
    ways = spec.listing.transport.also
    for word, way in ways.items():
        for name in path_parts(way.path or ""):
            if name not in listing.parameters:
                yield finding_at(spec, "path", ("transport", "also", word, "path"), "a parameter", repr(name))
    for index, server in enumerate(spec.openapi.get("servers") or ()):
        for name in path_parts(str(server.get("url", ""))):
            if name not in (server.get("variables") or {}):
                yield finding_at(
                    spec,
                    "path",
                    ("servers", index, "url"),
                    f"a variable {name} of the server",
                    "none",
                    "declare it under variables with its default, or put it into the path of the operation",
                    top=True,
                )


def check_settled_values(spec: Spec) -> Iterator[LintFinding]:
    """A parameter has one source, a row repeats one thing, and both name what there is and may be shown."""
    listing = spec.listing
    known = all_credential_names(listing.access)
    secret = secret_credential_names(listing.access)
    named: list[tuple[KeyPath, str]] = []
    for name, parameter in listing.parameters.items():
        path: KeyPath = ("parameters", name)
        if is_settled(parameter) and name in listing.filters:
            yield finding_at(spec, "settled", path, "a value that a client chooses, for a filter", "a settled one")
        if parameter.bound_to is not None:
            if parameter.constant is not None:
                yield finding_at(spec, "settled", path, "bound-to or constant", "both")
            named.append(((*path, "bound-to", "credential"), parameter.bound_to.credential))
    for name, field in listing.fields.items():
        yield from _check_repetition(spec, name, field)
        if field.repeats is not None and field.repeats.credential is not None:
            named.append((("fields", name, "repeats", "credential"), field.repeats.credential))
    for path, name in named:
        if name not in known:
            expected = f"a credential: {', '.join(known) or 'there is none'}"
            yield finding_at(spec, "settled", path, expected, repr(name), "name it under access.accounts")
        elif name in secret:
            yield finding_at(spec, "settled", path, "a credential that is no secret", repr(name))


def check_constant_company(spec: Spec) -> Iterator[LintFinding]:
    """What stands beside others is a constant, and those are filters."""
    listing = spec.listing
    for name, parameter in listing.parameters.items():
        if parameter.beside is None:
            continue
        path: KeyPath = ("parameters", name, "beside")
        if parameter.constant is None:
            yield finding_at(spec, "settled", path, "the key constant beside it", "none")
        if name in path_parts(spec.path):
            yield finding_at(spec, "settled", path, "a constant that no path holds", repr(name))
        if not parameter.beside.parameters:
            yield finding_at(spec, "settled", (*path, "parameters"), "a filter at least", "none")
        for other in parameter.beside.parameters:
            if other in listing.parameters and other not in listing.filters:
                yield finding_at(spec, "settled", (*path, "parameters"), "filters only", repr(other))


def check_zone_forms(spec: Spec) -> Iterator[LintFinding]:
    """One that must be given has a name; one that is no name is one of a request, and no answer repeats it."""
    zone = spec.listing.zone
    if zone is None:
        return
    parameter = spec.listing.parameters.get(zone.parameter or "")
    if parameter is not None and parameter.required is not None and zone.written[:1] != ("name",):
        expected = "a zone that a request may leave out or names by name, or a constant"
        yield finding_at(spec, "zone", ("parameters", zone.parameter or "", "required"), expected, "a required one")
    if zone.written == ("name",):
        return
    path: KeyPath = ("zone", "written")
    if not zone.written or len(set(zone.written)) < len(zone.written):
        yield finding_at(spec, "zone", path, "each form once", ", ".join(zone.written) or "none")
    if zone.parameter is None:
        yield finding_at(spec, "zone", path, "the key parameter beside it", "none")
    elif zone.written != ("hours",) and parameter is not None and parameter.as_ != "text":
        expected = f"{zone.parameter} as: text beside {' and '.join(zone.written)}"
        yield finding_at(spec, "zone", ("parameters", zone.parameter, "as"), expected, parameter.as_)
    if zone.echo is not None:
        yield finding_at(spec, "zone", ("zone", "echo"), "an echo only of zones by name", ", ".join(zone.written))


def _check_repetition(spec: Spec, name: str, field: Field) -> Iterator[LintFinding]:
    path: KeyPath = ("fields", name)
    for inner, nested in field.fields.items():
        if nested.repeats is not None:
            yield finding_at(spec, "settled", (*path, "fields", inner), "repeats only in the row itself", "in a part")
    if field.repeats is None:
        return
    if field.shows is not None:
        yield finding_at(spec, "settled", path, "shows or repeats", "both")
    if field.as_ not in ("text", "integer", "digits"):
        yield finding_at(spec, "settled", (*path, "as"), "a text or a number, beside repeats", repr(field.as_))
    if (field.repeats.credential is None) == (field.repeats.parameter is None):
        yield finding_at(spec, "settled", (*path, "repeats"), "credential or parameter", "none or both of them")
