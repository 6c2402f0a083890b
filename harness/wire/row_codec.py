"""Rows: from a record of the world to what the API shows, to the wire, and back.

A *shown* value is what a reader of the answer learns, at the precision and in the words of the wire:

| codec | shown as |
|---|---|
| text | `str` |
| word | `str`, the API's word |
| integer, digits | `int` |
| decimal | `Decimal` |
| epoch-seconds, local-time | `datetime` in UTC, whole seconds |
| rfc3339 | `datetime` in UTC |
| flag | `bool` |
| text-list | `tuple[str, ...]` |
| rows | `tuple[ShownRow, ...]` |

`None` means none. Filters, orders and laws speak of shown values, in the simulator and in the checker alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from harness.specification.dialect import Picks
from harness.specification.model import Absent, Clauses, Field, Open
from harness.wire import scalar_codecs as scalars
from harness.wire.format_problems import Tree
from harness.wire.format_problems import shown as in_ascii
from harness.wire.json_body import MISSING, Missing
from harness.wire.scalar_codecs import NotThat

Shown: TypeAlias = "str | int | Decimal | bool | datetime | tuple[Any, ...] | None"
ShownRow: TypeAlias = Mapping[str, Shown]
Fields: TypeAlias = Mapping[str, Field]

ZERO_TIME = "0001-01-01T00:00:00Z"
_ABSENT_TEXTS = ("0", ZERO_TIME)
_UNREADABLE = "\ufffd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong with one field of one row: `kind` says how, `field` is its path in the row."""

    field: str
    kind: Literal["missing", "type", "form", "word"]
    text: str
    clause: Clauses


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedRow:
    """A row as read: what it shows, fields that the spec does not name, and its flaws.

    A field that cannot be read is not in `shown`, so that nothing is judged by it.
    """

    shown: ShownRow
    extras: Mapping[str, Tree]
    flaws: tuple[Flaw, ...]


# --- record -> shown ----------------------------------------------------------------------------------------


def show(fields: Fields, record: Mapping[str, Any], *, names: Iterable[str] | None = None) -> dict[str, Shown]:
    """What the API shows of a record; with `names` only those fields."""
    chosen = fields.items() if names is None else ((name, fields[name]) for name in names)
    return {name: show_value(field, record.get(field.shows)) for name, field in chosen if field.shows is not None}


def show_value(field: Field, value: Any) -> Shown:
    """One attribute's value as the field shows it."""
    if value is None:
        return None
    match field.as_:
        case "text":
            return value if isinstance(value, str) else str(value)
        case "word":
            return field.words.get(str(value))
        case "integer" | "digits":
            return int(value)
        case "decimal":
            step = Decimal(1).scaleb(-field.digits)
            return Decimal(str(value)).quantize(step, rounding=ROUND_HALF_EVEN)
        case "epoch-seconds" | "local-time":
            return cast(datetime, value).replace(microsecond=0)
        case "rfc3339":
            return cast(datetime, value)
        case "flag":
            return bool(value)
        case "text-list":
            return tuple(value)
        case "rows":
            return tuple(show(field.fields, inner) for inner in value)


# --- shown -> wire ------------------------------------------------------------------------------------------


def encode_row(
    fields: Fields,
    shown: ShownRow,
    *,
    zone: ZoneInfo,
    picks: Picks,
    text_carried: bool,
    without: Set[str] = frozenset(),
) -> dict[str, Tree]:
    """The row as the API writes it; `text_carried` for XML, where every leaf is text."""
    tree: dict[str, Tree] = {}
    for name, field in fields.items():
        if field.shows is None or name in without:
            continue
        value = encode_field(field, shown.get(name), zone=zone, picks=picks, text_carried=text_carried)
        if value is not MISSING:
            tree[name] = value
    return tree


def encode_field(field: Field, value: Shown, *, zone: ZoneInfo, picks: Picks, text_carried: bool) -> Tree | Missing:
    """One value as the API writes it, or MISSING."""
    if value is None:
        return _absent(field, picks.pick(field.absent), text_carried=text_carried)
    match field.as_:
        case "integer":
            return str(value) if text_carried else cast(int, value)
        case "digits":
            return str(value)
        case "decimal":
            return (
                scalars.encode_seconds(cast(Decimal, value), places=field.digits)
                if text_carried
                else cast(Decimal, value)
            )
        case "epoch-seconds":
            number = scalars.encode_epoch(cast(datetime, value))
            return str(number) if text_carried else number
        case "local-time":
            return scalars.encode_local(cast(datetime, value), zone)
        case "rfc3339":
            moment = cast(datetime, value)
            return scalars.encode_rfc3339(moment, places=3 if moment.microsecond else 0)
        case "flag":
            return ("true" if value else "false") if text_carried else bool(value)
        case "text-list":
            return list(cast("tuple[str, ...]", value))
        case "rows":
            return [
                encode_row(field.fields, inner, zone=zone, picks=picks, text_carried=text_carried)
                for inner in cast("tuple[ShownRow, ...]", value)
            ]
        case _:
            return cast(str, value)


def _absent(field: Field, how: Absent, *, text_carried: bool) -> Tree | Missing:
    listed = field.as_ in ("text-list", "rows")
    numeric = field.as_ in ("integer", "epoch-seconds", "decimal")
    match how:
        case "missing":
            return MISSING
        case "none":
            return None
        case "zero":
            return 0 if numeric and not text_carried else "0"
        case "zero-time":
            return ZERO_TIME
        case "empty":
            return [] if listed else ""
        case "never":
            # The world has nothing here although the spec says it always has: the least surprising form.
            return [] if listed else (0 if not text_carried else "0") if numeric else ""


# --- wire -> shown ------------------------------------------------------------------------------------------


def decode_row(fields: Fields, tree: Mapping[str, Tree], *, zone: ZoneInfo, text_carried: bool) -> DecodedRow:
    """What a row says, and what is wrong with it."""
    shown: dict[str, Shown] = {}
    flaws: list[Flaw] = []
    for name, field in fields.items():
        _decode_into(shown, flaws, name, field, tree, zone=zone, text_carried=text_carried)
    extras = {name: value for name, value in tree.items() if name not in fields}
    return DecodedRow(shown=shown, extras=extras, flaws=tuple(flaws))


def _decode_into(
    shown: dict[str, Shown],
    flaws: list[Flaw],
    name: str,
    field: Field,
    tree: Mapping[str, Tree],
    *,
    zone: ZoneInfo,
    text_carried: bool,
) -> None:
    if name not in tree:
        if "missing" in absents_of(field):
            shown[name] = None
        elif field.optional:
            # Nothing is known of it: a row that does not show an optional field says nothing by that.
            return
        else:
            flaws.append(Flaw(field=name, kind="missing", text="the field is missing", clause=field.clause))
        return
    raw = tree[name]
    if (not raw or raw in _ABSENT_TEXTS) and _is_absent(field, raw, absents_of(field), text_carried):
        shown[name] = () if field.as_ in ("text-list", "rows") and raw == [] else None
        return
    if field.as_ == "rows":
        _decode_rows(shown, flaws, name, field, raw, zone=zone, text_carried=text_carried)
        return
    if field.other_types and _other_type(field, raw):
        return
    try:
        value = decode_value(field, raw, zone=zone, text_carried=text_carried)
    except NotThat as error:
        kind: Literal["type", "form"] = "type" if _wrong_type(field, raw, text_carried) else "form"
        text = f"expected {error.expected}, got {in_ascii(raw)}"
        flaws.append(Flaw(field=name, kind=kind, text=text, clause=field.clause))
        return
    if field.least is not None and isinstance(value, int | Decimal) and value < field.least:
        text = f"expected at least {field.least}, got {in_ascii(raw)}"
        flaws.append(Flaw(field=name, kind="form", text=text, clause=field.clause))
        return
    if isinstance(value, str) and _UNREADABLE in value:
        # A text that was not written in the promised encoding: what it says is not known.
        return
    shown[name] = value
    flaw = _form_flaw(name, field, raw, value)
    if flaw is not None:
        flaws.append(flaw)


def absents_of(field: Field) -> frozenset[Absent]:
    """Every legitimate way in which the field may write 'none'."""
    own: tuple[Absent, ...] = field.absent.options if isinstance(field.absent, Open) else (field.absent,)
    return frozenset((*own, *field.tolerates))


def _is_absent(field: Field, raw: Tree, absents: Set[Absent], text_carried: bool) -> bool:
    if raw is None:
        return "none" in absents
    if raw in ("", []) and not isinstance(raw, bool):
        return "empty" in absents
    if not isinstance(raw, bool) and (raw == 0 or (raw == "0" and (field.as_ == "digits" or text_carried))):
        return "zero" in absents
    return raw == ZERO_TIME and "zero-time" in absents


def _decode_rows(
    shown: dict[str, Shown],
    flaws: list[Flaw],
    name: str,
    field: Field,
    raw: Tree,
    *,
    zone: ZoneInfo,
    text_carried: bool,
) -> None:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        text = f"expected a list of objects, got {in_ascii(raw)}"
        flaws.append(Flaw(field=name, kind="type", text=text, clause=field.clause))
        return
    rows = []
    for item in raw:
        inner = decode_row(field.fields, cast("dict[str, Tree]", item), zone=zone, text_carried=text_carried)
        rows.append(inner.shown)
        flaws.extend(
            Flaw(
                field=f"{name}[].{flaw.field}",
                kind=flaw.kind,
                text=flaw.text,
                clause=flaw.clause or field.clause,
            )
            for flaw in inner.flaws
        )
    shown[name] = tuple(rows)


def decode_value(field: Field, raw: Tree, *, zone: ZoneInfo, text_carried: bool) -> Shown:
    """The shown value of one field (not 'rows'). Raises NotThat."""
    match field.as_:
        case "integer" | "epoch-seconds":
            number = _number(raw, text_carried)
            return number if field.as_ == "integer" else scalars.decode_epoch(number)
        case "decimal":
            if text_carried:
                return scalars.decode_seconds(_as_text(raw))
            if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
                raise NotThat("a number", in_ascii(raw))
            return Decimal(raw)
        case "flag":
            if text_carried and raw in ("true", "false", "1", "0"):
                return raw in ("true", "1")
            if isinstance(raw, bool):
                return raw
            raise NotThat("true or false", in_ascii(raw))
        case "digits":
            return int(scalars.decode_digits(_as_text(raw)))
        case "local-time":
            return scalars.decode_local(_as_text(raw), zone)
        case "rfc3339":
            return scalars.decode_rfc3339(_as_text(raw))
        case "text-list":
            if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
                return tuple(cast("list[str]", raw))
            raise NotThat("a list of texts", in_ascii(raw))
        case _:
            return _as_text(raw)


def _number(raw: Tree, text_carried: bool) -> int:
    if text_carried:
        return scalars.decode_integer(_as_text(raw))
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise NotThat("an integer", in_ascii(raw))
    return raw


def _as_text(raw: Tree) -> str:
    if not isinstance(raw, str):
        raise NotThat("a text", in_ascii(raw))
    return raw


def _other_type(field: Field, raw: Tree) -> bool:
    """Whether the value is of a further type that is legitimate; what it says is not read."""
    kinds = {"text": str, "integer": int, "object": dict, "list": list}
    return any(isinstance(raw, kinds[kind]) and not isinstance(raw, bool) for kind in field.other_types)


def _wrong_type(field: Field, raw: Tree, text_carried: bool) -> bool:
    if text_carried:
        return not isinstance(raw, str)
    wanted: tuple[type, ...] = {
        "integer": (int,),
        "epoch-seconds": (int,),
        "decimal": (int, Decimal),
        "flag": (bool,),
        "text-list": (list,),
    }.get(field.as_, (str,))
    return not isinstance(raw, wanted) or (isinstance(raw, bool) and bool not in wanted)


def _form_flaw(name: str, field: Field, raw: Tree, value: Shown) -> Flaw | None:
    if field.as_ == "word" and field.unknown_words == "refused":
        known = (*field.words.values(), *field.more_words)
        if value not in known:
            text = f"{in_ascii(raw)} is none of {', '.join(sorted(set(known)))}"
            return Flaw(field=name, kind="word", text=text, clause=field.clause)
    if field.non_empty and value == "":
        return Flaw(field=name, kind="form", text="the field is empty", clause=field.clause)
    if field.as_ == "decimal" and isinstance(raw, str):
        digits = len(raw.partition(".")[2])
        if digits != field.digits:
            text = f"expected {field.digits} digits after the dot, got {in_ascii(raw)}"
            return Flaw(field=name, kind="form", text=text, clause=field.clause)
    if field.pattern is not None and isinstance(raw, str) and not re.fullmatch(field.pattern, raw, re.ASCII):
        text = f"{in_ascii(raw)} does not look like {field.pattern}"
        return Flaw(field=name, kind="form", text=text, clause=field.clause)
    return None


# --- paths in rows ------------------------------------------------------------------------------------------


def compared(row: ShownRow, path: str) -> tuple[Shown, ...]:
    """The values found at `name` or `list[].name`; a field that was not read gives nothing."""
    head, nested, tail = path.partition("[].")
    if head not in row:
        return ()
    value = row[head]
    if not nested:
        return (value,)
    if value is None:
        return ()
    return tuple(found for inner in cast("tuple[ShownRow, ...]", value) for found in compared(inner, tail))


def field_at(fields: Fields, path: str) -> Field | None:
    """The field that a path names, or None (`hidden.name` is no field)."""
    head, nested, tail = path.partition("[].")
    field = fields.get(head)
    if field is None or not nested:
        return field
    return field_at(field.fields, tail)
