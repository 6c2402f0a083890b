"""Objects in rows: the fields of a row are one flat mapping, and parts of an object go by a dotted name."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, final

from harness.specification.dialect import ChoiceResolver
from harness.specification.field_path import FieldPath
from harness.specification.model import AbsentForm, Field, OpenChoice
from harness.wire.decoded_body import Tree
from harness.wire.json_body import MISSING, Missing


def object_around(fields: Mapping[str, Field], name: str) -> str | None:
    """The object in which a field stands; None for one that stands in the row itself."""
    around = name.rpartition(".")[0]
    return around if around and around in fields and fields[around].as_ == "object" else None


def place_in_row(fields: Mapping[str, Field], name: str) -> tuple[str, ...]:
    """The keys that lead from a row to a field."""
    around = object_around(fields, name)
    if around is None:
        return (name,)
    return (*place_in_row(fields, around), name[len(around) + 1 :])


def places_in_tree(tree: dict[str, Tree], path: FieldPath) -> list[tuple[dict[str, Tree], str]]:
    """The objects and keys in the tree of a row at which the field of a path stands; nested rows have one each."""
    if path.hidden:
        return []
    holder, key = _holder_of(tree, path.head)
    inner = path.inner
    if inner is None:
        return [(holder, key)] if key in holder else []
    items = holder.get(key)
    rows = items if isinstance(items, list) else []
    return [found for item in rows if isinstance(item, dict) for found in places_in_tree(item, inner)]


def value_in_tree(tree: Mapping[str, Tree], name: str) -> Tree | Missing:
    """The value of a field of the row itself, or of an object in it; MISSING where there is none."""
    if name in tree or "." not in name:
        return tree.get(name, MISSING)
    first, _, rest = name.partition(".")
    inner = tree.get(first)
    return value_in_tree(inner, rest) if isinstance(inner, dict) else MISSING


def _holder_of(tree: dict[str, Tree], name: str) -> tuple[dict[str, Tree], str]:
    """The object that holds a field, and its key there; a key with a dot of its own comes first."""
    if name not in tree:
        first, _, rest = name.partition(".")
        inner = tree.get(first)
        if rest and isinstance(inner, dict):
            return _holder_of(inner, rest)
    return tree, name


def nest_objects(
    fields: Mapping[str, Field],
    flat: dict[str, Tree],
    shown: Mapping[str, Any],
    *,
    without: Set[str],
    choices: ChoiceResolver,
) -> dict[str, Tree]:
    """The tree of a row from its fields by dotted names; an object whose parts are all none is written as such."""
    names = [name for name, field in fields.items() if field.as_ == "object" and name not in without]
    if not names:
        return flat
    tree: dict[str, Tree] = {}
    objects: dict[str, dict[str, Tree]] = {}
    for name in fields:
        around = object_around(fields, name)
        if around is not None and around not in objects:
            continue
        holder = tree if around is None else objects[around]
        key = name if around is None else name[len(around) + 1 :]
        if name in names:
            part: Tree | Missing = _object_to_write(fields, name, shown, choices)
            if isinstance(part, dict):
                objects[name] = part
            if not isinstance(part, Missing):
                holder[key] = part
        elif name in flat:
            holder[key] = flat[name]
    return tree


def _object_to_write(
    fields: Mapping[str, Field], name: str, shown: Mapping[str, Any], choices: ChoiceResolver
) -> Tree | Missing:
    """An empty object to fill, or what stands in its place where there is nothing to fill in."""
    told = [part for part in fields if part.startswith(f"{name}.") and fields[part].is_told]
    if told and any(shown.get(part) is not None for part in told):
        return {}
    field = fields[name]
    if not told:
        return MISSING if field.optional or any(part.startswith(f"{name}.") for part in fields) else {}
    match choices.resolve(field.absent):
        case "none":
            return None
        case "missing":
            return MISSING
        case _:
            return {}


@final
@dataclass(frozen=True, slots=True)
class ObjectReading:
    """A row with the parts of its objects under their dotted names.

    `blank` are the objects that are legitimately not there, so that their parts are none; `wrong` those that should
    be an object, with what stands there instead; of the parts of `lost` ones nothing is known.
    """

    fields: Mapping[str, Field]
    tree: Mapping[str, Tree]
    blank: frozenset[str]
    lost: frozenset[str]
    wrong: Mapping[str, Tree | Missing]

    def is_blank(self, name: str) -> bool:
        """Whether the field stands in an object that is not there."""
        return bool(self.blank) and object_around(self.fields, name) in self.blank

    def hides(self, name: str) -> bool:
        """Whether the field stands in an object that cannot be read."""
        return bool(self.lost) and object_around(self.fields, name) in self.lost


def read_objects(fields: Mapping[str, Field], tree: Mapping[str, Tree], *, text_carried: bool) -> ObjectReading:
    """The parts of all objects of a row; never raises."""
    names = [name for name, field in fields.items() if field.as_ == "object"]
    if not names:
        return ObjectReading(fields, tree, frozenset(), frozenset(), {})
    flat = dict(tree)
    blank: set[str] = set()
    lost: set[str] = set()
    wrong: dict[str, Tree | Missing] = {}
    for name in names:
        around = object_around(fields, name)
        if around in blank or around in lost:
            (blank if around in blank else lost).add(name)
            continue
        raw: Tree | Missing = flat.get(name, MISSING)
        if isinstance(raw, dict) or (raw == "" and text_carried):
            flat.update({f"{name}.{key}": part for key, part in (raw if isinstance(raw, dict) else {}).items()})
        elif _is_absent(fields[name], raw):
            blank.add(name)
        else:
            lost.add(name)
            if raw is not MISSING or not fields[name].optional:
                wrong[name] = raw
    return ObjectReading(fields, flat, frozenset(blank), frozenset(lost), wrong)


def _is_absent(field: Field, raw: Tree | Missing) -> bool:
    own: tuple[AbsentForm, ...] = field.absent.options if isinstance(field.absent, OpenChoice) else (field.absent,)
    forms = {*own, *field.tolerates}
    if raw is MISSING:
        return "missing" in forms
    return (raw is None and "none" in forms) or (raw in ("", []) and "empty" in forms)
