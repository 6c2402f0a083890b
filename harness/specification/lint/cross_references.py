"""Whether the names and places that a spec refers to exist: parameters, filters, fields, faults, pointers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from harness.errors import UsageError
from harness.specification.deserialize import spec_key
from harness.specification.field_path import FieldPath
from harness.specification.lint.finding import LintFinding, finding_at, path_is_given, possible_values, walk_records
from harness.specification.load import Spec, load_spec, spec_ids
from harness.specification.model import (
    CallScope,
    CursorPaging,
    Field,
    Filter,
    FilterRange,
    InOtherListLaw,
    InvalidValueRule,
    OneOfLaw,
    PageNumberPaging,
    RefusalRule,
    RequiredParameter,
    Routing,
    SortParameter,
)
from harness.specification.yaml_source import KeyPath


def check_parameter_names(spec: Spec) -> Iterator[LintFinding]:
    """Each parameter that a construct names stands under parameters."""
    known = spec.listing.parameters
    for path, name in _parameter_names(spec):
        if name not in known:
            yield finding_at(
                spec, "parameter", path, f"a parameter: {', '.join(known) or 'there is none'}", repr(name)
            )


def _parameter_names(spec: Spec) -> Iterator[tuple[KeyPath, str]]:
    listing = spec.listing
    for name, parameter in listing.parameters.items():
        if parameter.required is not None:
            path: KeyPath = ("parameters", name, "required", "unless-all-missing")
            yield from ((path, other) for other in parameter.required.unless_all_missing)
    for name, rule in listing.filters.items():
        path = ("filters", name)
        yield path, name
        if rule.named_by is not None:
            yield (*path, "named-by", "parameter"), rule.named_by.parameter
        yield from (((*path, "applies-if-any"), other) for other in rule.applies_if_any)
        yield from (((*path, "excludes"), other) for other in rule.excludes)
        if rule.loses_to is not None:
            yield (*path, "loses-to"), rule.loses_to
    for index, span in enumerate(listing.ranges):
        yield ("ranges", index, "first"), span.first
        yield ("ranges", index, "last"), span.last
    one_name = {
        "scope": ("parameter", "recursive", "listed_children"),
        "order": ("descending",),
        "paging": ("page", "size", "offset", "after", "before"),
        "count_only": ("parameter",),
        "zone": ("parameter",),
    }
    for construct, keys in one_name.items():
        value = getattr(listing, construct)
        for key in keys:
            name_here = getattr(value, key, None) if value is not None else None
            if isinstance(name_here, str):
                yield (spec_key(construct), spec_key(key)), name_here
    if listing.scope is not None and listing.scope.children_only is not None:
        yield ("scope", "children-only", "parameter"), listing.scope.children_only.parameter
    if listing.order is not None and listing.order.sort is not None:
        yield ("order", "sort", "parameter"), listing.order.sort.parameter
    if listing.total is not None and listing.total.switch is not None:
        yield ("total", "switch", "parameter"), listing.total.switch.parameter
    if listing.count_only is not None:
        yield from ((("count-only", "ignores"), name) for name in listing.count_only.ignores)
    for index, include in enumerate(listing.includes):
        yield ("includes", index, "parameter"), include.parameter
    for index, echo in enumerate(listing.echoes):
        yield ("echoes", index, "of"), echo.of


def check_filter_names(spec: Spec) -> Iterator[LintFinding]:
    """Each filter that a construct names stands under filters."""
    filters = spec.listing.filters
    named: list[tuple[KeyPath, str]] = []
    for name, rule in filters.items():
        if rule.same_as is not None:
            named.append((("filters", name, "same-as"), rule.same_as))
    for index, span in enumerate(spec.listing.ranges):
        named += [(("ranges", index, "first"), span.first), (("ranges", index, "last"), span.last)]
    for path, name in named:
        if name not in filters:
            yield finding_at(spec, "filter", path, f"a filter: {', '.join(filters)}", repr(name))


def declared_field(spec: Spec, path: FieldPath) -> Field | None:
    """The field at a path that rows show; None when there is none."""
    fields: Mapping[str, Field] = spec.listing.fields
    found: Field | None = None
    for step in path.steps:
        found = fields.get(step)
        if found is None:
            return None
        fields = found.fields
    return found


def check_field_names(spec: Spec) -> Iterator[LintFinding]:
    """Each field that a construct names stands under fields or hidden."""
    for path, field, hidden in _field_paths(spec):
        found = field.head in spec.listing.hidden if field.hidden else declared_field(spec, field) is not None
        if not found or (field.hidden and not hidden):
            known = [
                *spec.listing.fields,
                *(str(FieldPath((name,), hidden=True)) for name in spec.listing.hidden if hidden),
            ]
            yield finding_at(
                spec, "field", path, f"a field: {', '.join(known)} (list[].name inside a list)", repr(str(field))
            )


def _field_paths(spec: Spec) -> Iterator[tuple[KeyPath, FieldPath, bool]]:
    listing = spec.listing
    yield ("lists", "identity"), FieldPath.of(listing.lists.identity), False
    for name, rule in listing.filters.items():
        yield from (((("filters", name, "compares")), field, True) for field in rule.compares)
        for option in possible_values(rule.alternatives):
            yield from (((("filters", name, "alternatives")), field, True) for field in option)
        for option in possible_values(rule.instead):
            yield from (((("filters", name, "instead")), field, True) for field in option)
    if listing.scope is not None:
        yield from ((("scope", "owners"), field, False) for field in listing.scope.owners)
    if listing.order is not None:
        yield from ((("order", "by"), field, True) for field in possible_values(listing.order.by))
        if listing.order.sort is not None:
            yield from (
                (("order", "sort", "words", word), field, True) for word, field in listing.order.sort.words.items()
            )
    for index, include in enumerate(listing.includes):
        yield from ((("includes", index, "adds"), field, False) for field in include.adds)
    for index, law in enumerate(listing.laws):
        path: KeyPath = ("laws", index)
        for key in ("field", "than", "other_field"):
            named = getattr(law, key, None)
            if isinstance(named, FieldPath):
                yield (*path, spec_key(key)), named, False
        for key in ("when", "then"):
            holds = getattr(law, key, None)
            if holds is not None:
                yield (*path, key, "field"), holds.field, False


def check_laws(spec: Spec) -> Iterator[LintFinding]:
    """A law about values names some; one about another list an operation that exists, and a parameter of it."""
    for index, law in enumerate(spec.listing.laws):
        if isinstance(law, OneOfLaw) and not law.values:
            yield finding_at(spec, "law", ("laws", index), f"the key values beside {law.law}", "none")
        if isinstance(law, InOtherListLaw):
            yield from _check_other_operation(spec, index, law)


def _check_other_operation(spec: Spec, index: int, law: InOtherListLaw) -> Iterator[LintFinding]:
    path: KeyPath = ("laws", index)
    name = law.operation
    if name == spec.id:
        return
    if name not in spec_ids():
        yield finding_at(spec, "law", (*path, "operation"), f"a spec id: {', '.join(spec_ids())}", repr(name))
        return
    try:
        known = load_spec(name).listing.parameters
    except UsageError as error:
        yield finding_at(spec, "law", (*path, "operation"), "a spec that loads", str(error).splitlines()[0])
        return
    if law.other_field not in known:
        yield finding_at(
            spec, "law", (*path, "other-field"), f"a parameter of {name}: {', '.join(known)}", repr(law.other_field)
        )


def check_error_names(spec: Spec) -> Iterator[LintFinding]:
    """Each fault that can come stands under outcome.faults."""
    known = spec.listing.outcome.faults
    for path, value in walk_records(spec.listing):
        for field in dataclasses.fields(value):
            if field.name == "fault" or field.name.endswith("_fault"):
                name = getattr(value, field.name)
                place: KeyPath = (*path, spec_key(field.name))
                if (
                    isinstance(name, str)
                    and name not in known
                    and (path_is_given(spec, place) or _error_can_occur(value, field.name))
                ):
                    shown = f"a fault: {', '.join(known)}"
                    yield finding_at(spec, "fault", place, shown, f"{name!r}")


def _error_can_occur(value: Any, fault: str) -> bool:
    """Whether the fault in that key of a record can come at all, so that its default counts as named."""
    match value, fault:
        case InvalidValueRule(gets=gets), _:
            return "refused" in possible_values(gets)
        case Filter(excludes=excludes, excluded_gets=gets), "excludes_fault":
            return bool(excludes) and "refused" in possible_values(gets)
        case Filter(stranger=gets), "stranger_fault":
            return "refused" in possible_values(gets)
        case FilterRange(reversed=gets), "reversed_fault":
            return "refused" in possible_values(gets)
        case FilterRange(one_alone=gets), "one_alone_fault":
            return "refused" in possible_values(gets)
        case CallScope(identity=identity), "bad_fault":
            return identity
        case CallScope(foreign=gets, parameter=parameter), "foreign_fault":
            return parameter is not None and "refused" in possible_values(gets)
        case SortParameter(unknown=gets, refused=refused), _:
            return bool(refused) or "refused" in possible_values(gets)
        case PageNumberPaging(past_the_end=gets), _:
            return "refused" in possible_values(gets)
        case CursorPaging(both_gets=both, garbage_gets=garbage, other_sort_gets=other), _:
            return any("refused" in possible_values(gets) for gets in (both, garbage, other))
        case Routing(parameter=parameter), "missing_fault":
            return parameter is not None
        case ((RequiredParameter() | RefusalRule() | Routing()), _):
            return True
        case _, "role_fault":
            return bool(value.roles)
        case _, "missing_fault" | "wrong_fault":
            return True
    return False


_POINTER_PATTERN: Final = re.compile(r"(/([^/~]|~[01])*)*")
_POINTER_KEYS: Final = ("at", "echo")


def check_pointers(spec: Spec) -> Iterator[LintFinding]:
    """Each JSON pointer is well-formed: empty, or steps that begin with a slash."""
    for path, text in _pointer_places(spec):
        if _POINTER_PATTERN.fullmatch(text) is None:
            yield finding_at(spec, "pointer", path, "a JSON pointer such as /data/rows", repr(text))


def _pointer_places(spec: Spec) -> Iterator[tuple[KeyPath, str]]:
    for path, value in walk_records(spec.listing):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            place: KeyPath = (*path, spec_key(field.name))
            if isinstance(inner, str) and (field.name in _POINTER_KEYS or field.name.endswith("_at")):
                yield place, inner
            elif isinstance(inner, Mapping) and path[:1] == ("outcome",) and field.name == "shows":
                yield from ((place, name) for name in inner)
    for name in spec.listing.transport.optional_parts:
        yield ("transport", "optional-parts", name), name
