"""Which construct of a spec carries which clause, and the clauses that every API shares."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, final

from harness.specification.deserialize import deserialize_value, spec_key
from harness.specification.load import Spec, specs_directory
from harness.specification.model import Clause, ClauseId, Clauses, Level, OpenChoice, options_of
from harness.specification.yaml_source import KeyPath, SourceFile, load_source_file


class ClauseFamily(StrEnum):
    """What a clause is about."""

    SHAPE = "shape"
    ACCESS = "access"
    FILTERS = "filters"
    BLANK = "blank"
    SCOPE = "scope"
    ORDER = "order"
    PAGING = "paging"
    TOTAL = "total"
    COUNT_ONLY = "count-only"
    INCLUDE = "include"
    DEPENDENCE = "dependence"
    VALUES = "values"
    ZONE = "zone"
    LAWS = "laws"
    ERRORS = "errors"
    TRANSPORT = "transport"
    VERSIONS = "versions"


BodyFormat = Literal["json", "xml", "csv"]
STEADY_LIST: Final = ClauseId("LIST-STEADY")
"""The clause of `specs/standard.yaml` on calls of the past that come and go."""


@final
@dataclass(frozen=True, slots=True)
class Construct:
    """One place in `x-listing` that names clauses: its path, and what they are."""

    path: KeyPath
    clauses: Clauses

    @property
    def name(self) -> str:
        """The path in one word, such as `paging.clauses.size`."""
        return ".".join(str(part) for part in self.path)

    @property
    def family(self) -> ClauseFamily:
        """What the construct is about."""
        return family_of_path(self.path)


def constructs_of(spec: Spec) -> tuple[Construct, ...]:
    """Every place in the spec that can carry clauses and does, in the order of the grammar."""
    places = _walk_constructs(spec.listing, type(spec.listing), ())
    # The parameters and filters that operators stand for carry their clauses.
    return tuple(place for place in places if place.clauses and place.path[0] != "operators")


def meaning_of_construct(spec: Spec, construct: Construct) -> str:
    """What the place says, in the words of the reference of the listing language."""
    said = ""
    value: Any = spec.listing
    for part in construct.path:
        if isinstance(value, Mapping):
            value = value[str(part)]
            continue
        if isinstance(value, tuple):
            value = value[int(part)]
            continue
        field = next((field for field in dataclasses.fields(value) if spec_key(field.name) == str(part)), None)
        if field is None:
            break
        # A bare `clause` says less than the place that it stands in.
        told = field.metadata.get("says", "")
        said = said if told in ("", "the clause") else told
        value = getattr(value, field.name)
    return said


def constructs_by_clause(spec: Spec) -> Mapping[ClauseId, tuple[Construct, ...]]:
    """The constructs that carry each clause, also of clauses that are not declared."""
    found: dict[ClauseId, list[Construct]] = {}
    for construct in constructs_of(spec):
        for clause in construct.clauses:
            found.setdefault(clause, []).append(construct)
    return MappingProxyType({clause: tuple(places) for clause, places in found.items()})


def families_by_clause(spec: Spec) -> Mapping[ClauseId, ClauseFamily]:
    """The family of each declared clause."""
    carried = constructs_by_clause(spec)
    return MappingProxyType({clause: _family_of_constructs(carried.get(clause, ())) for clause in spec.clauses})


def family_of_clause(spec: Spec, clause: ClauseId) -> ClauseFamily:
    """The family of a declared clause: that of the construct that carries it."""
    return families_by_clause(spec)[clause]


def _family_of_constructs(places: tuple[Construct, ...]) -> ClauseFamily:
    """The family of the most telling construct; a clause that only a rule checks is about shape."""
    found = [place.family for place in places]
    # What a parameter says of its own values is the least telling: a filter or a page on it says more.
    telling = [family for family in found if family is not ClauseFamily.VALUES] or found
    return telling[0] if telling else ClauseFamily.SHAPE


@cache
def _hints_of(record: type) -> Mapping[str, Any]:
    """The annotations of a record of the model, resolved: most of the time that a walk takes."""
    return typing.get_type_hints(record)


def _walk_constructs(value: object, hint: Any, path: KeyPath) -> Iterator[Construct]:
    if hint == Clauses:
        yield Construct(path, typing.cast(Clauses, value))
    elif isinstance(value, OpenChoice):
        yield Construct((*path, "clause"), value.clause)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = _hints_of(type(value))
        for field in dataclasses.fields(value):
            yield from _walk_constructs(getattr(value, field.name), hints[field.name], (*path, spec_key(field.name)))
    elif isinstance(value, Mapping):
        inner = typing.get_args(hint)[1] if typing.get_origin(hint) is not None else None
        for name, item in value.items():
            yield from _walk_constructs(item, inner, (*path, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _walk_constructs(item, None, (*path, index))


# --- families by place --------------------------------------------------------------------------------------

_FAMILY_BY_KEY: Final[Mapping[str, ClauseFamily]] = MappingProxyType(
    {
        "lists": ClauseFamily.SHAPE,
        "fields": ClauseFamily.SHAPE,
        "hidden": ClauseFamily.FILTERS,
        "parameters": ClauseFamily.VALUES,
        "filters": ClauseFamily.FILTERS,
        "conjunction-clause": ClauseFamily.FILTERS,
        "no-match-clause": ClauseFamily.FILTERS,
        "ranges": ClauseFamily.FILTERS,
        "shared-values": ClauseFamily.VALUES,
        "at-least-one": ClauseFamily.VALUES,
        "blank": ClauseFamily.BLANK,
        "scope": ClauseFamily.SCOPE,
        "order": ClauseFamily.ORDER,
        "paging": ClauseFamily.PAGING,
        "total": ClauseFamily.TOTAL,
        "returned": ClauseFamily.TOTAL,
        "count-only": ClauseFamily.COUNT_ONLY,
        "includes": ClauseFamily.INCLUDE,
        "echoes": ClauseFamily.SHAPE,
        "zone": ClauseFamily.ZONE,
        "access": ClauseFamily.ACCESS,
        "outcome": ClauseFamily.SHAPE,
        "transport": ClauseFamily.TRANSPORT,
        "laws": ClauseFamily.LAWS,
        "versions": ClauseFamily.VERSIONS,
    }
)
_DEPENDENCE_KEYS: Final = ("applies-clause", "loses-clause", "regains-clause", "excludes-clause", "excluded-gets")


def family_of_path(path: KeyPath) -> ClauseFamily:
    """The family of a place in `x-listing`."""
    top = str(path[0])
    inner = tuple(str(part) for part in path[1:])
    match top, inner:
        case "outcome", ("error" | "faults", *_):
            return ClauseFamily.ERRORS
        case "transport", ("answers-clause" | "escaping-clause" | "optional-parts", *_):
            return ClauseFamily.SHAPE
        case "parameters", (_, "bound-to", *_):
            return ClauseFamily.ACCESS
        case "filters" | "parameters", (_, "blank" | "blank-clause", *_):
            return ClauseFamily.BLANK
        case "filters", (_, place, *_) if place in _DEPENDENCE_KEYS:
            return ClauseFamily.DEPENDENCE
        case "count-only", ("clauses", "ignores"):
            return ClauseFamily.DEPENDENCE
        case "scope", ("clauses", "recursive-ignored"):
            return ClauseFamily.DEPENDENCE
    return _FAMILY_BY_KEY.get(top, ClauseFamily.SHAPE)


# --- what every API shares ----------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StandardClause:
    """One promise that every API makes by speaking HTTP, JSON or XML.

    `applies_to` are the kinds of body it is about, `needs` what a listing must have; `problems` the codes of the
    wire, or their beginnings, that break it.
    """

    family: ClauseFamily
    level: Level
    says: str
    source: str
    applies_to: tuple[BodyFormat, ...] = ("json", "xml", "csv")
    needs: Literal["pages", "past-calls"] | None = None
    problems: tuple[str, ...] = ()

    @property
    def clause(self) -> Clause:
        """The promise as a clause of any spec."""
        return Clause(level=self.level, basis="standard", says=self.says, source=self.source)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StandardClauses:
    """The clauses that every API shares."""

    clauses: Mapping[str, StandardClause]

    def clause_for_problem(self, problem: str) -> ClauseId | None:
        """The clause that a problem of the wire breaks; None when it breaks none (a time-out, a reset)."""
        table = self.clauses_by_problem
        parts = problem.split(":")
        for length in range(len(parts), 0, -1):
            found = table.get(":".join(parts[:length]))
            if found is not None:
                return found
        return None

    @property
    def clauses_by_problem(self) -> Mapping[str, ClauseId]:
        """Which clause each beginning of a problem code belongs to."""
        return MappingProxyType(
            {start: ClauseId(name) for name, clause in self.clauses.items() for start in clause.problems}
        )

    def clauses_for(self, spec: Spec) -> Mapping[ClauseId, Clause]:
        """The clauses that count for a spec, by the kind of body that it answers with."""
        body = body_format_of(spec)
        return MappingProxyType(
            {
                ClauseId(name): clause.clause
                for name, clause in self.clauses.items()
                if body in clause.applies_to and _has_what_it_needs(spec, clause)
            }
        )


def _has_what_it_needs(spec: Spec, clause: StandardClause) -> bool:
    match clause.needs:
        case "pages":
            return spec.listing.paging.kind != "none"
        case "past-calls":
            return "live" not in options_of(spec.listing.lists.calls)
        case None:
            return True


def body_format_of(spec: Spec) -> BodyFormat:
    """What kind of body the operation answers with."""
    media_type = spec.listing.transport.answers[0]
    return "xml" if "xml" in media_type else "csv" if "csv" in media_type else "json"


@cache
def load_standard_clauses() -> StandardClauses:
    """The clauses in `specs/standard.yaml`."""
    return parse_standard_clauses(load_source_file(specs_directory() / "standard.yaml"))


def planned_clauses(spec: Spec) -> Mapping[ClauseId, Clause]:
    """The clauses that a check of the spec plans: its own first, then those that every API shares."""
    return MappingProxyType({**spec.clauses, **load_standard_clauses().clauses_for(spec)})


def planned_families(spec: Spec) -> Mapping[ClauseId, ClauseFamily]:
    """The family of each planned clause."""
    standard = load_standard_clauses()
    shared = {name: standard.clauses[name].family for name in standard.clauses_for(spec)}
    return MappingProxyType({**families_by_clause(spec), **shared})


def parse_standard_clauses(source: SourceFile) -> StandardClauses:
    """The standard clauses in a parsed file."""
    return deserialize_value(StandardClauses, source)
