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

from harness.specification.deserialize import kebab, structure
from harness.specification.load import Spec, specs_directory
from harness.specification.model import Clause, ClauseId, Clauses, Level, Open
from harness.specification.yaml_source import Path_, Source, read_source


class Family(StrEnum):
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


Body = Literal["json", "xml"]


@final
@dataclass(frozen=True, slots=True)
class Construct:
    """One place in `x-listing` that names clauses: its path, and what they are."""

    path: Path_
    clauses: Clauses

    @property
    def name(self) -> str:
        """The path in one word, such as `paging.clauses.size`."""
        return ".".join(str(part) for part in self.path)

    @property
    def family(self) -> Family:
        """What the construct is about."""
        return family_of_path(self.path)


def constructs(spec: Spec) -> tuple[Construct, ...]:
    """Every place in the spec that can carry clauses and does, in the order of the grammar."""
    return tuple(place for place in _places(spec.listing, type(spec.listing), ()) if place.clauses)


def carriers(spec: Spec) -> Mapping[ClauseId, tuple[Construct, ...]]:
    """The constructs that carry each clause, also of clauses that are not declared."""
    found: dict[ClauseId, list[Construct]] = {}
    for construct in constructs(spec):
        for clause in construct.clauses:
            found.setdefault(clause, []).append(construct)
    return MappingProxyType({clause: tuple(places) for clause, places in found.items()})


def families(spec: Spec) -> Mapping[ClauseId, Family]:
    """The family of each declared clause."""
    carried = carriers(spec)
    return MappingProxyType({clause: _family(carried.get(clause, ())) for clause in spec.clauses})


def family_of(spec: Spec, clause: ClauseId) -> Family:
    """The family of a declared clause: that of the construct that carries it."""
    return families(spec)[clause]


def _family(places: tuple[Construct, ...]) -> Family:
    """The family of the most telling construct; a clause that only a rule checks is about shape."""
    found = [place.family for place in places]
    # What a parameter says of its own values is the least telling: a filter or a page on it says more.
    telling = [family for family in found if family is not Family.VALUES] or found
    return telling[0] if telling else Family.SHAPE


def _places(value: object, hint: Any, path: Path_) -> Iterator[Construct]:
    if hint == Clauses:
        yield Construct(path, typing.cast(Clauses, value))
    elif isinstance(value, Open):
        yield Construct((*path, "clause"), value.clause)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = typing.get_type_hints(type(value))
        for field in dataclasses.fields(value):
            yield from _places(getattr(value, field.name), hints[field.name], (*path, kebab(field.name)))
    elif isinstance(value, Mapping):
        inner = typing.get_args(hint)[1] if typing.get_origin(hint) is not None else None
        for name, item in value.items():
            yield from _places(item, inner, (*path, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _places(item, None, (*path, index))


# --- families by place --------------------------------------------------------------------------------------

_TOP: Final[Mapping[str, Family]] = MappingProxyType(
    {
        "lists": Family.SHAPE,
        "fields": Family.SHAPE,
        "hidden": Family.FILTERS,
        "parameters": Family.VALUES,
        "filters": Family.FILTERS,
        "conjunction-clause": Family.FILTERS,
        "no-match-clause": Family.FILTERS,
        "ranges": Family.FILTERS,
        "blank": Family.BLANK,
        "scope": Family.SCOPE,
        "order": Family.ORDER,
        "paging": Family.PAGING,
        "total": Family.TOTAL,
        "returned": Family.TOTAL,
        "count-only": Family.COUNT_ONLY,
        "includes": Family.INCLUDE,
        "echoes": Family.SHAPE,
        "zone": Family.ZONE,
        "access": Family.ACCESS,
        "outcome": Family.SHAPE,
        "transport": Family.TRANSPORT,
        "laws": Family.LAWS,
        "versions": Family.VERSIONS,
    }
)
_DEPENDENCE: Final = ("applies-clause", "loses-clause", "regains-clause", "excludes-clause", "excluded-gets")


def family_of_path(path: Path_) -> Family:
    """The family of a place in `x-listing`."""
    top = str(path[0])
    inner = tuple(str(part) for part in path[1:])
    match top, inner:
        case "outcome", ("error" | "faults", *_):
            return Family.ERRORS
        case "transport", ("answers-clause" | "escaping-clause" | "optional-parts", *_):
            return Family.SHAPE
        case "filters" | "parameters", (_, "blank" | "blank-clause", *_):
            return Family.BLANK
        case "filters", (_, place, *_) if place in _DEPENDENCE:
            return Family.DEPENDENCE
        case "count-only", ("clauses", "ignores"):
            return Family.DEPENDENCE
        case "scope", ("clauses", "recursive-ignored"):
            return Family.DEPENDENCE
    return _TOP.get(top, Family.SHAPE)


# --- what every API shares ----------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StandardClause:
    """One promise that every API makes by speaking HTTP, JSON or XML.

    `applies_to` are the kinds of body it is about; `problems` the codes of the wire, or their beginnings, that
    break it.
    """

    family: Family
    level: Level
    says: str
    source: str
    applies_to: tuple[Body, ...] = ("json", "xml")
    problems: tuple[str, ...] = ()

    @property
    def clause(self) -> Clause:
        """The promise as a clause of any spec."""
        return Clause(level=self.level, basis="standard", says=self.says, source=self.source)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """The clauses that every API shares."""

    clauses: Mapping[str, StandardClause]

    def clause_of(self, problem: str) -> ClauseId | None:
        """The clause that a problem of the wire breaks; None when it breaks none (a time-out, a reset)."""
        table = self.problem_clauses
        parts = problem.split(":")
        for length in range(len(parts), 0, -1):
            found = table.get(":".join(parts[:length]))
            if found is not None:
                return found
        return None

    @property
    def problem_clauses(self) -> Mapping[str, ClauseId]:
        """Which clause each beginning of a problem code belongs to."""
        return MappingProxyType(
            {start: ClauseId(name) for name, clause in self.clauses.items() for start in clause.problems}
        )

    def applying_to(self, spec: Spec) -> Mapping[ClauseId, Clause]:
        """The clauses that count for a spec, by the kind of body that it answers with."""
        body = body_of(spec)
        return MappingProxyType(
            {
                ClauseId(name): clause.clause
                for name, clause in self.clauses.items()
                if body in clause.applies_to and (name != "PAGING-LOOP" or spec.listing.paging.kind != "none")
            }
        )


def body_of(spec: Spec) -> Body:
    """What kind of body the operation answers with."""
    return "xml" if "xml" in spec.listing.transport.answers[0] else "json"


@cache
def load_standard() -> Standard:
    """The clauses in `specs/standard.yaml`."""
    return read_standard(read_source(specs_directory() / "standard.yaml"))


def read_standard(source: Source) -> Standard:
    """The standard clauses in a parsed file."""
    return structure(Standard, source)
