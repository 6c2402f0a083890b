"""What one version of a spec promises that another does not: clauses, parameters, fields, faults, open choices."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias, final

from harness.specification.deserialize import spec_key
from harness.specification.field_path import VALUE_PATHS, FieldPath, written_value
from harness.specification.load import Spec
from harness.specification.model import Basis, Clause, Field, Level, OpenChoice

Parts: TypeAlias = "dict[str, _PartText]"


@final
@dataclass(frozen=True, slots=True)
class _PartText:
    """What a key says, and whether it would be meant without the key, too."""

    text: str
    is_default: bool = False


_NOTHING: Final = _PartText("", True)

# From the strongest to the weakest.
_LEVELS: Final[tuple[Level, ...]] = ("must", "should", "may")
_BASES: Final[tuple[Basis, ...]] = ("standard", "documented", "entailed", "corroborated", "inferred", "unknown")
# The keys of a listing that are compared by name, each under its own kind.
_NAMED_KEYS: Final = frozenset({"language", "clauses", "fields", "parameters", "filters"})


class ChangedKind(StrEnum):
    """What a change is about. A construct is any other key of `x-listing`."""

    CLAUSE = "clause"
    PARAMETER = "parameter"
    FIELD = "field"
    FAULT = "fault"
    CHOICE = "open choice"
    CONSTRUCT = "construct"


class ChangeWay(StrEnum):
    """How something differs between the older and the newer spec."""

    CAME = "came"
    WENT = "went"
    CHANGED = "changed"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPart:
    """One key whose value differs; empty where one of the two says nothing."""

    part: str
    before: str
    after: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpecChange:
    """One thing that came, went or changed; of the first two `parts` is what it was or is.

    `loss` says that less is promised than before: something went, or got weaker.
    """

    kind: ChangedKind
    name: str
    way: ChangeWay
    parts: tuple[ChangedPart, ...]
    loss: bool


def changes_between(old: Spec, new: Spec) -> tuple[SpecChange, ...]:
    """Everything in which two specs differ, by kind and in the order of the specs."""
    tables: tuple[tuple[ChangedKind, Callable[[Spec], Mapping[str, Parts]]], ...] = (
        (ChangedKind.CLAUSE, _clauses_of),
        (ChangedKind.PARAMETER, _parameters_of),
        (ChangedKind.FIELD, _fields_of),
        (ChangedKind.FAULT, _faults_of),
        (ChangedKind.CHOICE, _choices_of),
        (ChangedKind.CONSTRUCT, _constructs_of),
    )
    return tuple(change for kind, table in tables for change in _compare(kind, table(old), table(new)))


def _compare(kind: ChangedKind, old: Mapping[str, Parts], new: Mapping[str, Parts]) -> Iterator[SpecChange]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        way = ChangeWay.CAME if before is None else ChangeWay.WENT if after is None else ChangeWay.CHANGED
        parts = tuple(_changed_parts(before or {}, after or {}))
        if parts or way is not ChangeWay.CHANGED:
            yield SpecChange(kind=kind, name=name, way=way, parts=parts, loss=_is_loss(kind, way, parts))


def _changed_parts(before: Parts, after: Parts) -> Iterator[ChangedPart]:
    """The keys that say something else; one that comes or goes with what is meant anyway changes nothing."""
    for part in dict.fromkeys((*before, *after)):
        old, new = before.get(part, _NOTHING), after.get(part, _NOTHING)
        silent = (part not in before and new.is_default) or (part not in after and old.is_default)
        if old.text != new.text and not silent:
            yield ChangedPart(part=part, before=old.text, after=new.text)


def _is_loss(kind: ChangedKind, way: ChangeWay, parts: tuple[ChangedPart, ...]) -> bool:
    if way is ChangeWay.WENT:
        # Where a choice goes, the document decides what it left open before.
        return kind is not ChangedKind.CHOICE
    if way is ChangeWay.CAME:
        return kind is ChangedKind.CHOICE
    return any(_is_weaker(kind, part) for part in parts)


def _is_weaker(kind: ChangedKind, part: ChangedPart) -> bool:
    match kind, part.part:
        case ChangedKind.CLAUSE, "level":
            return _rank(_LEVELS, part.after) > _rank(_LEVELS, part.before)
        case ChangedKind.CLAUSE, "basis":
            return _rank(_BASES, part.after) > _rank(_BASES, part.before)
        case ChangedKind.CLAUSE, "excluded":
            return not part.before
        case ChangedKind.FIELD, "optional":
            return part.after == "true"
    return False


def _rank(words: tuple[str, ...], word: str) -> int:
    return words.index(word) if word in words else len(words)


# --- the tables ---------------------------------------------------------------------------------------------


def _clauses_of(spec: Spec) -> dict[str, Parts]:
    return {str(name): _clause_parts(clause) for name, clause in spec.clauses.items()}


def _clause_parts(clause: Clause) -> Parts:
    parts = {name: text for name, text in _flat(clause).items() if not name.startswith("excluded.")}
    if clause.excluded is not None:
        parts["excluded"] = _PartText(f"{clause.excluded.code}: {clause.excluded.why}")
    return parts


def _parameters_of(spec: Spec) -> dict[str, Parts]:
    """Each parameter, with the filter of its name."""
    listing = spec.listing
    filters = {name: _flat({"filter": rule}) for name, rule in listing.filters.items()}
    return {name: {**_flat(one), **filters.get(name, {})} for name, one in listing.parameters.items()}


def _fields_of(spec: Spec) -> dict[str, Parts]:
    return dict(_field_table(spec.listing.fields, None))


def _field_table(fields: Mapping[str, Field], around: FieldPath | None) -> Iterator[tuple[str, Parts]]:
    for name, field in fields.items():
        path = FieldPath((*(() if around is None else around.steps), name))
        yield str(path), _flat(dataclasses.replace(field, fields={}))
        yield from _field_table(field.fields, path)


def _faults_of(spec: Spec) -> dict[str, Parts]:
    return {name: _flat(fault) for name, fault in spec.listing.outcome.faults.items()}


def _choices_of(spec: Spec) -> dict[str, Parts]:
    return {
        name: {
            "open": _PartText(choice.kind or _text(choice.options)),
            "assumed": _PartText(_text(choice.assumed)),
            "clause": _PartText(_text(choice.clause)),
        }
        for name, choice in spec.choices.items()
    }


def _constructs_of(spec: Spec) -> dict[str, Parts]:
    """The other keys of `x-listing`, and the operation itself."""
    listing = spec.listing
    found: dict[str, Parts] = {"operation": {"method": _PartText(spec.method), "path": _PartText(spec.path)}}
    for field in dataclasses.fields(listing):
        if spec_key(field.name) not in _NAMED_KEYS:
            parts = _flat(getattr(listing, field.name))
            if field.name == "outcome":
                parts = {name: text for name, text in parts.items() if not name.startswith("faults.")}
            found[spec_key(field.name)] = parts
    return found


def _flat(value: Any) -> Parts:
    """What a value of the model says, by the path of each key; what is not said is left out."""
    return {".".join(path): part for path, part in _leaves(value, (), is_default=False) if part.text}


def _leaves(value: Any, path: tuple[str, ...], *, is_default: bool) -> Iterator[tuple[tuple[str, ...], _PartText]]:
    if isinstance(value, OpenChoice):
        # What is open and what is assumed is told once, as a choice.
        yield path, _PartText("left open")
    elif _is_record(value):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            yield from _leaves(inner, (*path, spec_key(field.name)), is_default=inner == field.default)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, str(name)), is_default=False)
    elif isinstance(value, tuple) and any(map(_is_record, value)):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(index)), is_default=False)
    else:
        yield path or ("value",), _PartText(_text(value), is_default)


def _is_record(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, (type, *VALUE_PATHS))


def _text(value: Any) -> str:
    plain = written_value(value)
    if isinstance(plain, tuple):
        return ", ".join(_text(one) for one in plain)
    if isinstance(plain, bool):
        return "true" if plain else "false"
    return "" if plain is None else str(plain)
