"""From a file in `specs/` (or a user's own) to a `Spec`."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

from harness.errors import UsageProblem, nearest_words
from harness.specification.deserialize import deserialize_value
from harness.specification.expansion import expand_listing
from harness.specification.model import Clause, ClauseId, Field, FieldCondition, Listing, OpenChoice, Parameter
from harness.specification.patterns import pattern_problem
from harness.specification.yaml_source import (
    KeyPath,
    PlainValue,
    SourceFile,
    SourceFileError,
    load_flawed_file,
    raise_source_errors,
)

LISTING_EXTENSION: Final = "x-listing"
_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_CLAUSE_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*", re.ASCII)
_ID_GAP: Final = re.compile(r"[^A-Za-z0-9._-]+")
HTTP_METHODS: Final = ("get", "post", "put", "delete", "patch", "head", "options", "trace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One documented operation: its OpenAPI document and the meaning of its listing.

    `id` is `<vendor>/<operation>` for a shipped spec; for a user's own it is the `id` of its `x-listing`, or else the
    name of its file without the ending: never how the path to it was typed. `file` is that path, and `given_as` what
    names the spec in a command: a shipped one's id, or the path.
    """

    id: str
    file: str
    given_as: str
    openapi: Mapping[str, Any]
    path: str
    method: str
    listing: Listing
    choices: Mapping[str, OpenChoice[Any]]
    source: SourceFile = dataclasses.field(repr=False)

    @property
    def title(self) -> str:
        return str(self.openapi["info"]["title"])

    @property
    def listing_path(self) -> KeyPath:
        """Where `x-listing` stands in the file."""
        return ("paths", self.path, self.method.lower(), LISTING_EXTENSION)

    def location(self, *path: str | int) -> str:
        """`file:line, place` of a path inside `x-listing`."""
        return self.source.location(self.source_path(path))

    def source_path(self, path: KeyPath) -> KeyPath:
        """Where a path inside `x-listing` stands in the file: a part of an object stands in that object's fields."""
        found: KeyPath = self.listing_path
        for step in path:
            here = (*found, step)
            if isinstance(step, str) and "." in step and found[-1] == "fields" and here not in self.source.lines:
                first, *rest = step.split(".")
                here = (*found, first, *(one for part in rest for one in ("fields", part)))
            found = here
        return found

    @property
    def clauses(self) -> Mapping[ClauseId, Clause]:
        return {ClauseId(name): clause for name, clause in self.listing.clauses.items()}


def specs_directory() -> Path:
    """Where the shipped specs lie: inside the installed package, or at the top of a checkout."""
    inside = Path(__file__).resolve().parent.parent / "specs"
    return inside if inside.is_dir() else inside.parent.parent / "specs"


def spec_ids() -> tuple[str, ...]:
    """The ids of the shipped specs, in order."""
    top = specs_directory()
    return tuple(sorted(f"{path.parent.name}/{path.stem}" for path in top.glob("*/*.yaml")))


def load_spec(name: str | Path) -> Spec:
    """The spec with that id, or in the file at that path.

    Raises UsageProblem for an unknown id and BadSource for a file that is not a spec, with file and line.
    """
    text = str(name)
    shipped = specs_directory() / f"{text}.yaml"
    if text in spec_ids():
        return load_spec_file(shipped, spec_id=text)
    path = Path(name)
    if path.suffix in (".yaml", ".yml", ".json") or path.is_file():
        return load_spec_file(path, spec_id=_shipped_id(path))
    raise UsageProblem(
        f"API {text!r}",
        f"a spec id ({', '.join(spec_ids())}) or the path of a spec file",
        "neither",
        f"{_nearest_api(text)}see `callharness apis`",
    )


def _nearest_api(text: str) -> str:
    """`did you mean X? ` of a misspelt id, also of one without its first part; empty when none is near."""
    ids = spec_ids()
    parts = {api.rpartition("/")[2]: api for api in ids if "/" not in text}
    near = nearest_words(text, {*ids, *parts})
    return "".join(f"did you mean {parts.get(name, name)}? Else " for name in near)


def load_specs(names: Iterable[str | Path]) -> dict[str, Spec]:
    """The specs with those ids or in those files, by id and in their order; one that is named twice stands once."""
    return specs_by_id(map(load_spec, dict.fromkeys(names)))


def specs_by_id(specs: Iterable[Spec]) -> dict[str, Spec]:
    """Specs by their ids. Raises UsageProblem where two files have the same one."""
    found: dict[str, Spec] = {}
    for spec in specs:
        other = found.setdefault(spec.id, spec)
        if other.source.tree != spec.source.tree:
            raise UsageProblem(
                spec.file,
                f"another id than {other.file} has",
                spec.id,
                f"give one of them an `id` in {LISTING_EXTENSION}",
            )
    return found


def load_spec_file(path: Path, *, spec_id: str | None) -> Spec:
    """The spec in a file; without an id given it has one of its own."""
    return build_spec(load_flawed_file(path), spec_id=spec_id)


def _shipped_id(path: Path) -> str | None:
    """The id of the shipped spec that a file is; None for a user's own."""
    place = path.resolve()
    name = f"{place.parent.name}/{place.stem}"
    return name if place.suffix == ".yaml" and place.parent.parent == specs_directory().resolve() else None


def build_spec(source: SourceFile, *, spec_id: str | None) -> Spec:
    """The spec in a parsed file; without an id given it has one of its own.

    Raises SourceFileError, or SourceFileErrors for several things that mean nothing.
    """
    path, method = _find_operation(source)
    listing = expand_listing(deserialize_value(Listing, source, ("paths", path, method, LISTING_EXTENSION)))
    _check_patterns(source, listing.fields, ("paths", path, method, LISTING_EXTENSION, "fields"))
    _check_patterns(source, listing.parameters, ("paths", path, method, LISTING_EXTENSION, "parameters"))
    listing = dataclasses.replace(listing, fields=flat_fields(listing.fields))
    _check_clause_ids(source, listing, (path, method))
    tree = cast("Mapping[str, Any]", source.tree)
    return Spec(
        id=spec_id if spec_id is not None else _own_id(source, listing, (path, method)),
        file=source.name,
        given_as=spec_id if spec_id is not None else source.name,
        openapi=tree,
        path=path,
        method=method.upper(),
        listing=listing,
        choices={choice.id: choice for choice in open_choices(listing)},
        source=source,
    )


def flat_fields(fields: Mapping[str, Field]) -> Mapping[str, Field]:
    """The fields of a row with the parts of its objects beside them, under dotted names such as `from.number`.

    The object stays, without its parts, for what is promised of itself. The same for the fields of nested rows.
    """
    found: dict[str, Field] = {}
    for name, field in fields.items():
        inner = flat_fields(field.fields) if field.fields else field.fields
        if field.as_ != "object":
            found[name] = dataclasses.replace(field, fields=inner) if inner else field
            continue
        found[name] = dataclasses.replace(field, fields=MappingProxyType({}))
        if field.when is not None:
            # An object is there where its parts are: they have the condition, and it is left out without them.
            found[name] = dataclasses.replace(found[name], when=None, absent="missing")
            inner = {part: _with_condition(one, field.when) for part, one in inner.items()}
        for part, one in inner.items():
            others = tuple(f"{name}.{other}" for other in one.other_names)
            found[f"{name}.{part}"] = dataclasses.replace(one, other_names=others, clause=one.clause or field.clause)
    return MappingProxyType(found)


def _with_condition(field: Field, when: FieldCondition) -> Field:
    return dataclasses.replace(field, when=when) if field.is_told and field.when is None else field


def _own_id(source: SourceFile, listing: Listing, operation: tuple[str, str]) -> str:
    """The id of a user's own spec."""
    if listing.id is None:
        return _ID_GAP.sub("-", Path(source.name).stem).strip("-.") or "spec"
    where = source.location(("paths", *operation, LISTING_EXTENSION, "id"))
    if _ID_PATTERN.fullmatch(listing.id) is None:
        raise SourceFileError(where, "an id such as acmepbx/list-calls", repr(listing.id))
    if listing.id in spec_ids():
        raise SourceFileError(where, "an id that no shipped spec has", repr(listing.id))
    return listing.id


def _check_clause_ids(source: SourceFile, listing: Listing, operation: tuple[str, str]) -> None:
    """Ids of clauses name files and stand in lines of a terminal: letters, digits, dots and hyphens alone."""
    where = ("paths", *operation, LISTING_EXTENSION, "clauses")
    odd = [name for name in listing.clauses if _CLAUSE_ID_PATTERN.fullmatch(name) is None]
    raise_source_errors(
        source.name,
        [SourceFileError(source.location((*where, name)), "an id such as AC-LST-001", repr(name)) for name in odd],
    )


def _check_patterns(source: SourceFile, fields: Mapping[str, Field] | Mapping[str, Parameter], path: KeyPath) -> None:
    """A pattern that a text could keep busy for long would stop a run, whatever its time limit."""
    for name, field in fields.items():
        problem = pattern_problem(field.pattern) if field.pattern is not None else None
        if problem is not None:
            where = source.location((*path, name, "pattern"))
            raise SourceFileError(where, "a pattern that is fast on every text", f"{field.pattern!r}: {problem}")
        if isinstance(field, Field):
            _check_patterns(source, field.fields, (*path, name, "fields"))


def _find_operation(source: SourceFile) -> tuple[str, str]:
    """Path and method of the one operation that lists calls."""
    tree = source.tree
    if not isinstance(tree, Mapping) or not isinstance(tree.get("paths"), Mapping) or "openapi" not in tree:
        error = SourceFileError(source.location(()), "an OpenAPI 3.1 document with paths", "something else")
    elif not str(tree["openapi"]).startswith("3.1"):
        error = SourceFileError(source.location(("openapi",)), "OpenAPI 3.1", str(tree["openapi"]))
    else:
        found = list(_listing_operations(tree["paths"]))
        if len(found) == 1:
            return found[0]
        expected = f"exactly one operation with {LISTING_EXTENSION}"
        error = SourceFileError(source.location(("paths",)), expected, f"{len(found)} of them")
    raise_source_errors(source.name, (*source.flaws, error))
    raise error


def _listing_operations(paths: PlainValue) -> Iterator[tuple[str, str]]:
    if isinstance(paths, Mapping):
        for path, item in paths.items():
            if isinstance(item, Mapping):
                for method, operation in item.items():
                    if method in HTTP_METHODS and isinstance(operation, Mapping) and LISTING_EXTENSION in operation:
                        yield path, method


def open_choices(value: object) -> Iterator[OpenChoice[Any]]:
    """Every open choice inside a value of the model, in order of appearance."""
    if isinstance(value, OpenChoice):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from open_choices(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from open_choices(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from open_choices(inner)
