"""Whether everything that a spec promises can be said by a simulator and seen by a checker."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.specification.echo_types import is_integer_echo
from harness.specification.lint.answer_places import page_part_places
from harness.specification.lint.cross_references import walk_references
from harness.specification.lint.finding import LintFinding, finding_at, possible_values
from harness.specification.load import Spec
from harness.specification.model import (
    ConstantCompany,
    CountOnly,
    EnvelopeField,
    Field,
    Filter,
    InvalidValueRule,
    Listing,
    NameKind,
    NeededChoice,
    Parameter,
    RequiredParameter,
    SharedValue,
)
from harness.specification.openapi import response_schemas_at, types_of_schemas
from harness.specification.yaml_source import KeyPath

# Keys that name a parameter without giving it a meaning: they say how it stands to others.
_KEYS_WITHOUT_MEANING: Final[frozenset[tuple[type, str]]] = frozenset(
    {
        (CountOnly, "ignores"),
        (RequiredParameter, "unless_all_missing"),
        (ConstantCompany, "parameters"),
        (NeededChoice, "of"),
        (SharedValue, "parts"),
        (Filter, "applies_if_any"),
        (Filter, "excludes"),
        (Filter, "loses_to"),
    }
)


# --- fields -------------------------------------------------------------------------------------------------


def check_shown_fields(spec: Spec) -> Iterator[LintFinding]:
    """Each field that a row must have shows something, so that a simulator has something to write."""
    yield from _unshown_fields(spec, spec.listing.fields, ("fields",))


def _unshown_fields(spec: Spec, fields: Mapping[str, Field], path: KeyPath) -> Iterator[LintFinding]:
    for name, field in fields.items():
        if not _has_value(field) and not field.optional:
            yield finding_at(
                spec,
                "unshown",
                (*path, name),
                "what a simulator writes there: the attribute that it shows",
                "a field that every row must have, and nothing to write",
                "say what it shows, or that it may be missing (optional: true)",
            )
        yield from _unshown_fields(spec, field.fields, (*path, name, "fields"))


def _has_value(field: Field) -> bool:
    """Whether the spec says what stands in the field."""
    sources = (field.shows, field.present_of, field.template, field.repeats)
    # An object is told by its parts, which stand beside it.
    return any(source is not None for source in sources) or bool(field.constant) or field.as_ == "object"


def check_added_parts(spec: Spec) -> Iterator[LintFinding]:
    """Each switch names what it adds, so that a simulator can add it and a check can look for it."""
    for index, include in enumerate(spec.listing.includes):
        if not include.adds:
            yield finding_at(
                spec,
                "unshown",
                ("includes", index),
                f"the fields that {include.parameter} adds",
                "none",
                "declare one under fields and name it in `adds`; `any-names: true` where the document names none",
            )


# --- parts around the rows ----------------------------------------------------------------------------------


def check_envelope_values(spec: Spec) -> Iterator[LintFinding]:
    """Each part that an answer must have is told by something, and its values are of its type."""
    listing = spec.listing
    for name, part in listing.outcome.envelope.items():
        path: KeyPath = ("outcome", "envelope", name)
        for value in part.values:
            if not _fits_part(part, value):
                yield finding_at(spec, "envelope", (*path, "values"), f"values of the type {part.as_}", repr(value))
        if part.optional or _tells_itself(part):
            continue
        silent = [
            f"an {outcome}" if outcome == "error" else f"a {outcome}"
            for outcome, told in _told_pointers(listing)
            if part.when in ("always", outcome) and not any(f"{place}/".startswith(f"{part.at}/") for place in told)
        ]
        if silent:
            yield finding_at(
                spec,
                "envelope",
                path,
                f"what every answer tells at {part.at}: its values, or another construct with that place",
                f"nothing that tells it in {' and '.join(silent)}",
                "give it values, narrow `when`, or say that it may be missing (optional: true)",
            )


def _tells_itself(part: EnvelopeField) -> bool:
    """Whether the spec says what stands in the part."""
    empty = part.as_ in ("object", "list") and not part.least_items
    return bool(part.values) or bool(part.constant) or part.fresh is not None or empty


def _fits_part(part: EnvelopeField, value: object) -> bool:
    match part.as_:
        case "integer" | "decimal":
            return isinstance(value, int) and not isinstance(value, bool)
        case "flag":
            return isinstance(value, bool)
        case "digits":
            return isinstance(value, str) and value.isascii() and value.isdigit()
        case "text":
            return isinstance(value, str)
        case _:
            return False


def _told_pointers(listing: Listing) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The places that the constructs of a spec fill in, in a success and in an error."""
    error = listing.outcome.error
    success = [listing.lists.rows_at, *listing.outcome.success.shows, *(echo.at for echo in listing.echoes)]
    success += [place for _, place in page_part_places(listing)]
    success += [listing.zone.echo] if listing.zone is not None and listing.zone.echo is not None else []
    failure = [*error.shows, *(at for at in (error.message_at, error.key_at) if at is not None)]
    faults = listing.outcome.faults.values()
    if error.code_at is not None and all(fault.code is not None and fault.code_at is None for fault in faults):
        failure.append(error.code_at)
    always = [part.at for part in listing.outcome.envelope.values() if _tells_itself(part)]
    return ("success", (*success, *always)), ("error", (*failure, *always))


def check_echo_types(spec: Spec) -> Iterator[LintFinding]:
    """Each echo is of the type that the schema of the answer has at its place."""
    listing = spec.listing
    if listing.lists.root is not None:
        return
    for index, echo in enumerate(listing.echoes):
        types = types_of_schemas(spec, response_schemas_at(spec, echo.at))
        served = "integer" if is_integer_echo(listing, echo) else "string"
        if types and served not in types and not (served == "integer" and "number" in types):
            wanted = "an integer" if "integer" in types or "number" in types else " or ".join(sorted(types))
            yield finding_at(
                spec,
                "echo",
                ("echoes", index),
                f"{wanted} at {echo.at}, as the schema of the answer says",
                f"{'an integer' if served == 'integer' else 'a text'}, as the parameter {echo.of} is",
                "write the parameter `as: integer`, or mend the schema",
            )


# --- parameters ---------------------------------------------------------------------------------------------


def check_parameter_roles(spec: Spec) -> Iterator[LintFinding]:
    """Each parameter has a meaning: a filter, a place in another construct, or that it must be given."""
    listing = spec.listing
    meant = set(listing.filters)
    for reference in walk_references(spec, NameKind.PARAMETER):
        if (type(reference.record), reference.key) not in _KEYS_WITHOUT_MEANING:
            meant.add(str(reference.name))
    for name, parameter in listing.parameters.items():
        if name not in meant and not _means_something_alone(parameter):
            yield finding_at(
                spec,
                "role",
                ("parameters", name),
                "a construct that says what it does: a filter, order, paging, scope, total, includes, …",
                "none: a simulator would ignore it",
                "give it a filter or another role; one that has no effect belongs to transport.tolerated",
            )


def _means_something_alone(parameter: Parameter) -> bool:
    """Whether a parameter makes a difference although no construct names it."""
    return parameter.required is not None or parameter.bound_to is not None or parameter.constant is not None


def check_bad_values(spec: Spec) -> Iterator[LintFinding]:
    """A value that is to be refused is one that cannot be read, and is named: of a plain text there is none.

    Where another construct knows the words of a parameter, that construct says what a strange one gets.
    """
    listing = spec.listing
    told_elsewhere = _strange_word_keys(listing)
    for name, parameter in listing.parameters.items():
        if parameter.bad is None:
            continue
        if name in told_elsewhere:
            yield finding_at(
                spec,
                "bad-value",
                ("parameters", name, "bad"),
                f"what a strange word gets in {told_elsewhere[name]}, which knows the words",
                "the key bad, which nothing heeds there",
                f"move it to {told_elsewhere[name]}",
            )
            continue
        if parameter.as_ != "text" or parameter.pattern is not None:
            yield from _untried(spec, name, parameter, parameter.bad)
        if parameter.as_ != "text" or name in _examined_texts(listing):
            continue
        in_json = parameter.at is not None or listing.transport.carries == "json"
        texts = [value for value in parameter.bad.like if isinstance(value, str) or not in_json]
        pattern = re.compile(parameter.pattern or ".*", re.ASCII)
        readable = [text for text in texts if pattern.fullmatch(str(text))]
        if readable:
            yield finding_at(
                spec,
                "bad-value",
                ("parameters", name, "bad", "like"),
                "values that cannot be read",
                f"{', '.join(map(repr, readable))}, which a text can be",
                "say how its value is written (`as`), or leave `like` out",
            )


def _untried(spec: Spec, name: str, parameter: Parameter, bad: InvalidValueRule) -> Iterator[LintFinding]:
    """A clause on odd values that has none to send; for an integer, one above the largest suffices."""
    counted = parameter.most is not None and parameter.beyond is None
    if bad.clause and not bad.like and not counted:
        yield finding_at(
            spec,
            "bad-value",
            ("parameters", name, "bad"),
            "values to try (like)",
            "a clause on values that cannot be read, and none that a checker could send",
            "name one or more, such as `like: [nonsense]`, or leave the clause out",
        )


def _examined_texts(listing: Listing) -> frozenset[str]:
    """The parameters whose texts another construct examines, so that some are no good."""
    filters = listing.filters.items()
    found: list[Any] = [name for name, rule in filters if "refused" in possible_values(rule.stranger)]
    found += [listing.zone.parameter] if listing.zone is not None else []
    found += [listing.scope.parameter] if listing.scope is not None else []
    found += listing.paging.place_parameters
    return frozenset(name for name in found if name is not None)


def _strange_word_keys(listing: Listing) -> Mapping[str, str]:
    """The key that says what a strange word gets, for each parameter whose words another construct knows."""
    found = {
        rule.named_by.parameter: f"filters.{name}.named-by.unknown"
        for name, rule in listing.filters.items()
        if rule.named_by is not None
    }
    if listing.order is not None and listing.order.sort is not None:
        found[listing.order.sort.parameter] = "order.sort.unknown"
    return found
