"""Whether the names and places that a spec refers to exist: parameters, filters, fields, faults, pointers."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, final

from harness.errors import UsageError
from harness.specification.answer_place import header_at
from harness.specification.deserialize import spec_key
from harness.specification.field_path import FieldPath
from harness.specification.lint.answer_places import page_part_places
from harness.specification.lint.finding import LintFinding, finding_at, path_is_given, possible_values, walk_records
from harness.specification.load import Spec, load_spec, spec_ids
from harness.specification.model import (
    Access,
    CallScope,
    ConstantCompany,
    CursorPaging,
    Field,
    Filter,
    FilterRange,
    InOtherListLaw,
    InvalidValueRule,
    NameKind,
    NeededChoice,
    NotOlderLaw,
    OneOfLaw,
    OpenChoice,
    Order,
    PageNumberPaging,
    RefusalRule,
    RequiredParameter,
    Routing,
    SortParameter,
)
from harness.specification.yaml_source import KeyPath
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A name in `x-listing`: where it stands, and the record and its key that hold it."""

    name: str | FieldPath
    path: KeyPath
    record: Any
    key: str


def walk_references(spec: Spec, target: NameKind) -> Iterator[Reference]:
    """Everything in a spec that names something of a kind, in the order of the grammar."""
    hints: dict[type, dict[str, Any]] = {}
    for path, record in walk_records(spec.listing):
        kind = type(record)
        if kind not in hints:
            hints[kind] = typing.get_type_hints(kind, include_extras=True)
        for field in dataclasses.fields(record):
            place: KeyPath = (*path, spec_key(field.name))
            for found, name in _names_in(getattr(record, field.name), hints[kind][field.name], target, place):
                yield Reference(name=name, path=found, record=record, key=field.name)


def _names_in(value: Any, hint: Any, target: NameKind, path: KeyPath) -> Iterator[tuple[KeyPath, str | FieldPath]]:
    """The names in the value of a key; those in a list have the place of the list."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if value is None:
        return
    if hint is FieldPath or origin is Annotated:
        if target in (hint.__metadata__ if origin is Annotated else (NameKind.FIELD,)):
            yield path, value
    elif origin is tuple:
        for item in value:
            yield from _names_in(item, inner[0], target, path)
    elif origin is Mapping:
        for name, item in value.items():
            yield from _names_in(name, inner[0], target, (*path, name))
            yield from _names_in(item, inner[1], target, (*path, name))
    elif origin in (typing.Union, types.UnionType):
        # A choice is one of the plain values that stand beside it.
        for one in (one for one in inner if typing.get_origin(one) is not OpenChoice):
            for option in possible_values(value):
                yield from _names_in(option, one, target, path)


def check_parameter_names(spec: Spec) -> Iterator[LintFinding]:
    """Each parameter that a construct names stands under parameters."""
    known = spec.listing.parameters
    filters = [(("filters", name), name) for name in spec.listing.filters]
    named = [(reference.path, reference.name) for reference in walk_references(spec, NameKind.PARAMETER)]
    for path, name in (*filters, *named):
        if name not in known:
            yield finding_at(
                spec, "parameter", path, f"a parameter: {', '.join(known) or 'there is none'}", repr(name)
            )


def check_filter_names(spec: Spec) -> Iterator[LintFinding]:
    """Each filter that a construct names stands under filters, and so do both ends of a range."""
    filters = spec.listing.filters
    for target in (NameKind.FILTER, NameKind.PARAMETER):
        for reference in walk_references(spec, target):
            bound = target is NameKind.FILTER or isinstance(reference.record, FilterRange)
            if bound and reference.name not in filters:
                yield finding_at(
                    spec, "filter", reference.path, f"a filter: {', '.join(filters)}", repr(reference.name)
                )


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
    """Each field that a construct names stands under fields, or under hidden where rows need not show it."""
    listing = spec.listing
    for reference in walk_references(spec, NameKind.FIELD):
        path = reference.name if isinstance(reference.name, FieldPath) else FieldPath.of(reference.name)
        hidden = listing.hidden if isinstance(reference.record, Filter | Order | SortParameter) else {}
        if not (path.head in hidden if path.hidden else declared_field(spec, path) is not None):
            known = [*listing.fields, *(str(FieldPath((name,), hidden=True)) for name in hidden)]
            expected = f"a field: {', '.join(known)} (list[].name inside a list)"
            yield finding_at(spec, "field", reference.path, expected, repr(str(path)))


def check_laws(spec: Spec) -> Iterator[LintFinding]:
    """A law about values names some; one about another list an operation that exists, and a parameter of it."""
    for index, law in enumerate(spec.listing.laws):
        if isinstance(law, OneOfLaw) and not law.values:
            yield finding_at(spec, "law", ("laws", index), f"the key values beside {law.law}", "none")
        if isinstance(law, NotOlderLaw):
            yield from _check_kept_time(spec, index, law)
        if isinstance(law, InOtherListLaw):
            yield from _check_other_operation(spec, index, law)


def _check_kept_time(spec: Spec, index: int, law: NotOlderLaw) -> Iterator[LintFinding]:
    """How long rows are kept is told of an instant that each of them shows."""
    path: KeyPath = ("laws", index)
    field = declared_field(spec, law.field)
    known = ATTRIBUTES[Grain(spec.listing.lists.one_row_per)]
    shown = known.get(field.shows or "") if field is not None else None
    instant = shown is not None and shown.kind is AttributeKind.INSTANT and field is not None
    if law.field.inner is not None or not instant or (field is not None and field.as_ == "calendar-day"):
        yield finding_at(spec, "law", (*path, "field"), "an instant that the row itself shows", str(law.field))
    if law.seconds < 60:
        yield finding_at(spec, "law", (*path, "seconds"), "a minute or more", str(law.seconds))


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
    for reference in walk_references(spec, NameKind.ERROR):
        given = path_is_given(spec, reference.path)
        if reference.name not in known and (given or _error_can_occur(reference.record, reference.key)):
            yield finding_at(spec, "fault", reference.path, f"a fault: {', '.join(known)}", repr(reference.name))


def _error_can_occur(value: Any, fault: str) -> bool:
    """Whether the fault in that key of a record can come at all, so that its default counts as named."""
    match value, fault:
        case InvalidValueRule(gets=gets), _:
            return "refused" in possible_values(gets)
        case Filter(excludes=excludes, excluded_gets=gets), "excludes_fault":
            return bool(excludes) and "refused" in possible_values(gets)
        case Filter(stranger=gets), "stranger_fault":
            return "refused" in possible_values(gets)
        case NeededChoice(), _:
            return True
        case ConstantCompany(lacking=gets), _:
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
        case Access(kind=kind), "missing_fault" | "wrong_fault":
            return kind != "none"
    return False


_POINTER_PATTERN: Final = re.compile(r"(/([^/~]|~[01])*)*")
_HEADER_PATTERN: Final = re.compile(r"header:[A-Za-z0-9-]+")
_POINTER_KEYS: Final = ("at", "echo")


def check_pointers(spec: Spec) -> Iterator[LintFinding]:
    """Each JSON pointer is well-formed: empty, or steps that begin with a slash."""
    in_headers = {path for path, place in page_part_places(spec.listing) if header_at(place) is not None}
    for path, text in _pointer_places(spec):
        if path[-1] == "token-at" and _HEADER_PATTERN.fullmatch(text):
            continue
        if path not in in_headers and _POINTER_PATTERN.fullmatch(text) is None:
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
