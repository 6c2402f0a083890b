"""The codec of rows: a record of the world to what the API shows, to the wire, and back.

A *shown* value is what a reader of the answer learns, at the precision and in the words of the wire:

| codec | shown as |
|---|---|
| text | `str` |
| word | `str`, the API's word |
| integer, digits | `int` |
| formatted-duration | `int`, seconds |
| decimal, decimal-text | `Decimal` |
| times | `datetime` in UTC, as precise as it is written |
| calendar-day | `date` |
| flag | `bool` |
| text-list | `tuple[str, ...]` |
| rows | `tuple[ShownRow, ...]` |

The parts of an object stand in the row itself, each under its dotted name. `None` means none. Filters, orders and
laws speak of shown values, in the simulator and in the checker alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from harness.integers import is_integer
from harness.specification.dialect import ChoiceResolver
from harness.specification.field_path import FieldPath
from harness.specification.model import AbsentForm, Clauses, Field, OpenChoice, UnsetParts
from harness.specification.value_forms import template_names
from harness.wire import other_forms
from harness.wire import scalar_codecs as scalars
from harness.wire.decoded_body import Tree
from harness.wire.decoded_body import printable_text as in_ascii
from harness.wire.derived_fields import filled_template, is_settled_constant, same_constant, shown_number
from harness.wire.durations import decode_duration, encode_duration, shown_duration
from harness.wire.field_conditions import condition_breaches, hide_unmet, lacks_by_condition
from harness.wire.field_types import has_other_type, has_wrong_type, word_written, written_word
from harness.wire.id_forms import shown_id
from harness.wire.json_body import MISSING, Missing
from harness.wire.row_objects import nest_objects, read_objects
from harness.wire.scalar_codecs import DecodeError
from harness.wire.text_values import shown_text, text_flaw
from harness.wire.time_codecs import (
    EPOCH_CODECS,
    TIME_CODECS,
    cut_instant,
    day_of,
    decode_day,
    decode_instant,
    encode_day,
    encode_instant,
    is_wall_clock,
)

FIRST_YEAR: Final = 1000
LAST_YEAR: Final = 9000
"""The years between which a time of a call may lie: far enough from the ends of the calendar to reckon with it."""

ApiValue: TypeAlias = "str | int | Decimal | bool | datetime | date | tuple[Any, ...] | None"
ApiRow: TypeAlias = Mapping[str, ApiValue]
Fields: TypeAlias = Mapping[str, Field]

ProblemKind: TypeAlias = Literal["missing", "type", "form", "word"]

UTC_ZONE = ZoneInfo("UTC")
_NOTHING: Mapping[str, str] = {}
ZERO_TIME = "0001-01-01T00:00:00Z"
_ABSENT_TEXTS = ("0", ZERO_TIME)
_NUMBERS = ("integer", "decimal", *EPOCH_CODECS)
_REPLACEMENT_CHARACTER = "\ufffd"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """What is wrong with one field of one row: `kind` says how, `field` is its path in the row.

    `understood` when it is beyond doubt what the field says all the same: the row shows that.
    """

    field: FieldPath
    kind: ProblemKind
    text: str
    clause: Clauses
    understood: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedRow:
    """A decoded row: the values it shows, fields that the spec does not name, and its problems.

    A field in another form than the promised one is a problem, and in `values` where it is understood all the same.
    One that cannot be understood is not in `values`, so that nothing is judged by it.
    """

    values: ApiRow
    extras: Mapping[str, Tree]
    problems: tuple[FieldProblem, ...]


# --- record -> shown ----------------------------------------------------------------------------------------


def show_record(
    fields: Fields, record: Mapping[str, Any], *, names: Iterable[str] | None = None, zone: ZoneInfo = UTC_ZONE
) -> dict[str, ApiValue]:
    """The values that the API shows of a record, by field; with `names` only those fields.

    `zone` is the one by whose clock calendar days are told.
    """
    chosen = fields.items() if names is None else [(name, fields[name]) for name in names]
    shown = {
        name: _show_field(field, record, zone)
        for name, field in chosen
        if field.shows is not None or field.present_of is not None or field.constant
    }
    if any(fields[name].when is not None for name in shown):
        hide_unmet(fields, shown, lambda name: _show_field(fields[name], record, zone))
    return with_templates(fields, shown, (name for name, field in chosen if field.template is not None))


def with_templates(fields: Fields, shown: dict[str, ApiValue], names: Iterable[str]) -> dict[str, ApiValue]:
    """The row with the texts of the named templates, as far as the fields are known that they are made of."""
    for name in names:
        text = filled_template(fields[name].template or "", shown)
        if not isinstance(text, Missing):
            shown[name] = text
    return shown


def _show_field(field: Field, record: Mapping[str, Any], zone: ZoneInfo) -> ApiValue:
    if field.constant:
        return field.constant[0]
    if field.present_of is not None:
        return show_value(field, record.get(field.present_of) not in (None, (), ""), zone)
    return show_value(field, record.get(cast(str, field.shows)), zone)


def show_value(field: Field, value: Any, zone: ZoneInfo = UTC_ZONE) -> ApiValue:
    """One attribute's value as the field shows it."""
    if value is None:
        return None
    match field.as_:
        case "text" if field.form is not None:
            return shown_id(field.form, field.shows or "", value)
        case "text":
            return shown_text(field, value if isinstance(value, str) else str(value))
        case "word":
            return field.words.get(str(value))
        case "integer" | "digits" | "decimal" | "decimal-text":
            return shown_number(field, value)
        case "calendar-day":
            return day_of(cast(datetime, value), zone)
        case "formatted-duration":
            return shown_duration(value, field.format)
        case "flag":
            return bool(value)
        case "text-list":
            return tuple(value)
        case "rows":
            return tuple(show_record(field.fields, inner, zone=zone) for inner in value)
        case "object":
            return None
        case _:
            return cut_instant(cast(datetime, value), field.as_, field.format)


# --- shown -> wire ------------------------------------------------------------------------------------------


def encode_row(
    fields: Fields,
    shown: ApiRow,
    *,
    zone: ZoneInfo,
    choices: ChoiceResolver,
    text_carried: bool,
    without: Set[str] = frozenset(),
    unset: UnsetParts = "written",
    repeated: Mapping[str, str] = _NOTHING,
) -> dict[str, Tree]:
    """The row as the API writes it; `text_carried` for XML, where every leaf is text.

    `repeated` are the values of the request that rows repeat, by field, and those of parameters that templates name.
    With `unset` left-out, fields that show nothing are left out wherever the spec says that they may be.
    """
    tree: dict[str, Tree] = {}
    made = [name for name, field in fields.items() if field.template is not None and name not in shown]
    if made:
        # What a row repeats of the request is known here alone; templates may hold it.
        shown = with_templates(fields, {**shown, **repeated}, made)
    for name, field in fields.items():
        value = shown.get(name)
        if field.repeats is not None and name in repeated and name not in without:
            tree[name] = encode_repeated(field, repeated[name], text_carried=text_carried)
            continue
        if not field.is_told or name in without or (unset == "left-out" and _may_be_left_out(field, value)):
            continue
        if lacks_by_condition(fields, name, shown):
            if choices.resolve(field.absent) == "none":
                tree[name] = None
            continue
        encoded = encode_field(field, value, zone=zone, choices=choices, text_carried=text_carried, unset=unset)
        if encoded is not MISSING:
            tree[name] = encoded
    return nest_objects(fields, tree, shown, without=without, choices=choices)


def encode_repeated(field: Field, text: str, *, text_carried: bool) -> Tree:
    """A value of the request as a row repeats it."""
    number = field.as_ == "integer" and not text_carried and text.isascii() and text.isdigit()
    return int(text) if number else text


def _may_be_left_out(field: Field, value: ApiValue) -> bool:
    """Whether a row without the field says the same."""
    if field.unset is not None and value == field.unset:
        return True
    return value in (None, (), "") and "missing" in absent_forms(field)


def encode_field(
    field: Field,
    value: ApiValue,
    *,
    zone: ZoneInfo,
    choices: ChoiceResolver,
    text_carried: bool,
    unset: UnsetParts = "written",
) -> Tree | Missing:
    """One value as the API writes it, or MISSING; `unset` is for nested rows."""
    if field.constant and (value is not None or field.when is None):
        return ("" if value is None else str(value)) if text_carried else cast(Tree, value)
    if value is None:
        return encode_absent(field, choices.resolve(field.absent), text_carried=text_carried)
    match field.as_:
        case "integer":
            return str(value) if text_carried else cast(int, value)
        case "digits":
            return str(value)
        case "decimal":
            number = cast(Decimal, value)
            return scalars.encode_decimal(number, places=field.digits) if text_carried else number
        case "decimal-text":
            return scalars.encode_decimal(cast(Decimal, value), places=field.digits)
        case "calendar-day":
            return encode_day(cast(date, value))
        case "formatted-duration":
            return encode_duration(cast(int, value), field.format)
        case "flag":
            return ("true" if value else "false") if text_carried else bool(value)
        case "text-list":
            return list(cast("tuple[str, ...]", value))
        case "rows":
            return [
                encode_row(field.fields, inner, zone=zone, choices=choices, text_carried=text_carried, unset=unset)
                for inner in cast("tuple[ApiRow, ...]", value)
            ]
        case codec if codec in TIME_CODECS:
            written = encode_instant(cast(datetime, value), codec, zone, formats=field.format)
            return str(written) if text_carried else written
        case "word":
            return written_word(field, cast(str, value), text_carried=text_carried)
        case _:
            return cast(str, value)


def encode_absent(field: Field, how: AbsentForm, *, text_carried: bool) -> Tree | Missing:
    """How the field writes in this form that it has no value; MISSING where it is left out."""
    listed = field.as_ in ("text-list", "rows")
    numeric = field.as_ in _NUMBERS
    match how:
        case "missing":
            return MISSING
        case "none":
            return None
        case "zero" if field.as_ == "decimal-text":
            return scalars.encode_decimal(Decimal(0), places=field.digits)
        case "zero":
            return 0 if numeric and not text_carried else "0"
        case "zero-time":
            return ZERO_TIME
        case "empty":
            return [] if listed else ""
        case "text":
            return field.absent_text
        case "never":
            # The world has nothing here although the spec says it always has: the least surprising form.
            return [] if listed else (0 if not text_carried else "0") if numeric else ""


# --- wire -> shown ------------------------------------------------------------------------------------------


def decode_row(fields: Fields, tree: Mapping[str, Tree], *, zone: ZoneInfo, text_carried: bool) -> DecodedRow:
    """The decoded row of a tree, with its problems; never raises."""
    shown: dict[str, ApiValue] = {}
    flaws: list[FieldProblem] = []
    objects = read_objects(fields, tree, text_carried=text_carried)
    flaws.extend(_object_problem(fields[name], name, tree_of) for name, tree_of in objects.wrong.items())
    for name, field in fields.items():
        if field.as_ == "object" or objects.hides(name):
            continue
        if objects.is_blank(name):
            shown[name] = _no_value(field)
            continue
        _decode_field_into(shown, flaws, name, field, objects.tree, zone=zone, text_carried=text_carried)
    flawed = frozenset(str(flaw.field) for flaw in flaws)
    for name, there, text in condition_breaches(fields, shown, flawed):
        flaws.append(_problem(name, fields[name], "form", text, understood=there))
    flaws.extend(_disagreements(fields, shown, frozenset(flaw.field.head for flaw in flaws)))
    named = {*fields, *(other for field in fields.values() for other in field.other_names)}
    extras = {name: value for name, value in objects.tree.items() if name not in named}
    return DecodedRow(values=shown, extras=extras, problems=tuple(flaws))


def _object_problem(field: Field, name: str, raw: Tree | Missing) -> FieldProblem:
    if isinstance(raw, Missing):
        return _problem(name, field, "missing", "the field is missing")
    return _problem(name, field, "type", f"expected an object, got {in_ascii(raw)}")


def _disagreements(fields: Fields, shown: ApiRow, flawed: Set[str]) -> Iterator[FieldProblem]:
    """Fields that follow from others of the row, and say something else; what follows from a flawed one is open."""
    by_attribute: dict[str, str] | None = None
    for name, field in fields.items():
        if name not in shown:
            continue
        if field.template is not None and flawed.isdisjoint(template_names(field.template)):
            due = filled_template(field.template, shown)
            if due is not MISSING and shown[name] != due:
                text = f"expected {in_ascii(due)}, got {in_ascii(shown[name])}"
                yield _problem(name, field, "form", text, understood=True)
        elif field.present_of is not None:
            if by_attribute is None:
                by_attribute = {one.shows: other for other, one in fields.items() if one.shows is not None}
            other = by_attribute.get(field.present_of, "")
            if other in shown and other not in flawed and shown[name] != show_value(field, _is_there(shown[other])):
                text = f"{other} is {in_ascii(shown[other])}, got {in_ascii(shown[name])}"
                yield _problem(name, field, "form", text, understood=True)


def _is_there(value: ApiValue) -> bool:
    return value not in (None, (), "")


def _decode_field_into(
    shown: dict[str, ApiValue],
    flaws: list[FieldProblem],
    name: str,
    field: Field,
    tree: Mapping[str, Tree],
    *,
    zone: ZoneInfo,
    text_carried: bool,
) -> None:
    if field.unset is not None and tree.get(name) is None:
        # What is not written is the value that serializers leave out; it says as much as one that is written.
        shown[name] = decode_value(field, field.unset, zone=zone, text_carried=False)
        return
    absents = absent_forms(field)
    key = name if name in tree else next((other for other in field.other_names if other in tree), None)
    if key is None:
        if "missing" in absents:
            shown[name] = None
        elif not field.optional:
            # Of a field that always has a value, or may be left out, nothing is known by that it is not there.
            none = absents != {"never"}
            flaws.append(_problem(name, field, "missing", "the field is missing", understood=none))
            if none:
                shown[name] = _no_value(field)
        return
    raw = tree[key]
    if field.constant and is_settled_constant(field, raw, text=text_carried):
        _decode_constant_into(shown, flaws, name, field, raw, text_carried=text_carried)
        return
    if _may_say_nothing(field, raw) and _is_absent(field, raw, absents, text_carried):
        shown[name] = () if field.as_ in ("text-list", "rows") and raw == [] else None
        return
    if field.as_ == "rows":
        _decode_nested_rows(shown, flaws, name, field, raw, zone=zone, text_carried=text_carried)
        return
    if field.other_types and has_other_type(field, raw):
        return
    value, flaw = _read_value(name, field, raw, absents, zone=zone, text_carried=text_carried)
    if flaw is not None and not flaw.understood:
        flaws.append(flaw)
        return
    if field.least is not None and isinstance(value, int | Decimal) and value < field.least:
        text = f"expected at least {field.least}, got {in_ascii(raw)}"
        flaws.append(_problem(name, field, "form", text))
        return
    if isinstance(value, date) and not FIRST_YEAR <= value.year <= LAST_YEAR:
        # No call was then, and what counts a day or a zone from there leaves the calendar.
        flaws.append(flaw or _problem(name, field, "form", f"expected a time of a call, got {in_ascii(raw)}"))
        return
    if isinstance(value, str) and _REPLACEMENT_CHARACTER in value:
        # A text that was not written in the promised encoding: what it says is not known.
        return
    shown[name] = value
    if flaw is not None:
        flaws.append(flaw)


def _decode_constant_into(
    shown: dict[str, ApiValue],
    flaws: list[FieldProblem],
    name: str,
    field: Field,
    raw: Tree,
    *,
    text_carried: bool,
) -> None:
    for constant in field.constant:
        if same_constant(constant, raw, text=text_carried):
            shown[name] = constant
            return
    text = f"expected {' or '.join(map(in_ascii, field.constant))}, got {in_ascii(raw)}"
    flaws.append(_problem(name, field, "form", text))


def _read_value(
    name: str, field: Field, raw: Tree, absents: Set[AbsentForm], *, zone: ZoneInfo, text_carried: bool
) -> tuple[ApiValue, FieldProblem | None]:
    """The value that stands there, and what is wrong with its form; it says nothing where it is not understood."""
    try:
        value = decode_value(field, raw, zone=zone, text_carried=text_carried)
        flaw = _form_problem(name, field, raw, value)
        if field.as_ == "decimal-text" and value == 0 and "zero" in absents:
            value = None
    except DecodeError as error:
        kind: ProblemKind = "type" if has_wrong_type(field, raw, text_carried) else "form"
        value = None
        flaw = _problem(name, field, kind, f"expected {error.expected}, got {in_ascii(raw)}")
    if flaw is None or flaw.understood:
        return value, flaw
    said = _value_said(field, raw, absents, zone)
    return (None, flaw) if said is None else (said[0], replace(flaw, understood=True))


def _problem(name: str, field: Field, kind: ProblemKind, text: str, *, understood: bool = False) -> FieldProblem:
    return FieldProblem(field=FieldPath.of(name), kind=kind, text=text, clause=field.clause, understood=understood)


def _no_value(field: Field) -> ApiValue:
    return () if field.as_ in ("text-list", "rows") else None


def _value_said(field: Field, raw: Tree, absents: Set[AbsentForm], zone: ZoneInfo) -> tuple[ApiValue] | None:
    """What a field says that is written otherwise than promised, or None where that is not beyond doubt."""
    blank = isinstance(raw, str) and not raw.strip() and field.as_ not in ("text", "text-list")
    if blank or other_forms.says_nothing(raw):
        return (_no_value(field),)
    if field.as_ in TIME_CODECS - EPOCH_CODECS and other_forms.says_no_time(raw):
        return (None,)
    value = _some_value_said(field, raw, zone)
    if "zero" in absents and value == 0 and field.as_ in ("integer", "digits", "decimal", "decimal-text"):
        return (None,)
    if "zero" in absents and field.as_ in EPOCH_CODECS and other_forms.integer_said(raw) == 0:
        return (None,)
    return None if value is None else (value,)


def _some_value_said(field: Field, raw: Tree, zone: ZoneInfo) -> ApiValue:
    match field.as_:
        case "integer":
            return other_forms.integer_said(raw)
        case "digits":
            number = other_forms.integer_said(raw)
            return number if number is not None and number >= 0 else None
        case "decimal" | "decimal-text":
            return other_forms.number_said(raw)
        case "flag":
            return other_forms.flag_said(raw)
        case "epoch-seconds" | "epoch-milliseconds":
            found = other_forms.epoch_said(raw) or other_forms.instant_said(raw, zone)
            return found and cut_instant(found, field.as_)
        case "calendar-day":
            return other_forms.day_said(raw)
        case "formatted-duration":
            # Hours and minutes, or minutes and seconds: no other form is beyond doubt.
            return None
        case codec if codec in TIME_CODECS:
            said = other_forms.local_instant_said if is_wall_clock(codec, field.format) else other_forms.instant_said
            found = said(raw, zone)
            return found and cut_instant(found, codec, field.format)
        case "text-list":
            return other_forms.texts_said(raw)
        case "word":
            word = other_forms.word_said(raw, frozenset((*field.words.values(), *field.more_words)))
            return word if word is not None or field.unknown_words == "refused" else other_forms.text_said(raw)
        case _:
            return other_forms.text_said(raw)


def absent_forms(field: Field) -> frozenset[AbsentForm]:
    """Every legitimate way in which a field may write that it has no value."""
    own: tuple[AbsentForm, ...] = field.absent.options if isinstance(field.absent, OpenChoice) else (field.absent,)
    # What only some rows have is left out of the others.
    unmet: tuple[AbsentForm, ...] = ("missing",) if field.when is not None else ()
    return frozenset((*own, *field.tolerates, *unmet))


def _may_say_nothing(field: Field, raw: Tree) -> bool:
    """Whether a value is worth a look whether it stands for none: nearly all of them say something."""
    return not raw or raw in _ABSENT_TEXTS or (field.absent_text is not None and raw == field.absent_text)


def _is_absent(field: Field, raw: Tree, absents: Set[AbsentForm], text_carried: bool) -> bool:
    if raw is None:
        return "none" in absents
    if field.absent_text is not None and raw == field.absent_text:
        return "text" in absents
    if raw in ("", []) and not isinstance(raw, bool):
        listed = field.as_ in ("text-list", "rows")
        return "empty" in absents and (text_carried or listed == isinstance(raw, list))
    if not isinstance(raw, bool) and (raw == 0 or (raw == "0" and (text_carried or field.as_ not in _NUMBERS))):
        return "zero" in absents
    return raw == ZERO_TIME and "zero-time" in absents


def _decode_nested_rows(
    shown: dict[str, ApiValue],
    flaws: list[FieldProblem],
    name: str,
    field: Field,
    raw: Tree,
    *,
    zone: ZoneInfo,
    text_carried: bool,
) -> None:
    items: Sequence[Tree] | None = raw if isinstance(raw, list) else None
    if items is None or not all(isinstance(item, dict) for item in items):
        items = objects_said(raw, field.fields)
        text = f"expected a list of objects, got {in_ascii(raw)}"
        flaws.append(_problem(name, field, "type", text, understood=items is not None))
        if items is None:
            return
    rows = []
    for item in items:
        inner = decode_row(field.fields, cast("dict[str, Tree]", item), zone=zone, text_carried=text_carried)
        rows.append(inner.values)
        flaws.extend(
            replace(flaw, field=flaw.field.nested_in(name), clause=flaw.clause or field.clause)
            for flaw in inner.problems
        )
    shown[name] = tuple(rows)


def objects_said(raw: Tree, fields: Fields, identity: str | None = None) -> tuple[Tree, ...] | None:
    """The rows that stand in place of a list of objects: none, one object, one list below a key, or keyed by id.

    An object without its `identity` gets the key below which it stands. None where it is open whether these are rows.
    """
    if other_forms.says_nothing(raw):
        return ()
    if not isinstance(raw, dict):
        return None
    if any(name in fields for name in raw):
        return (raw,)
    if len(raw) == 1:
        (inner,) = raw.values()
        if isinstance(inner, list) and all(isinstance(item, dict) for item in inner):
            return tuple(inner)
    if not all(isinstance(item, dict) and any(name in fields for name in item) for item in raw.values()):
        return None
    objects = cast("Mapping[str, dict[str, Tree]]", raw)
    if identity is None:
        return tuple(objects.values())
    return tuple(
        item if identity in item else {identity: _identity_of_key(fields.get(identity), key), **item}
        for key, item in objects.items()
    )


def _identity_of_key(field: Field | None, key: str) -> Tree:
    number = other_forms.integer_said(key) if field is not None and field.as_ == "integer" else None
    return key if number is None else number


def decode_value(field: Field, raw: Tree, *, zone: ZoneInfo, text_carried: bool) -> ApiValue:
    """The shown value of one field (not 'rows'). Raises DecodeError."""
    match field.as_:
        case "integer":
            return _decode_number(raw, text_carried)
        case "epoch-seconds" | "epoch-milliseconds":
            return decode_instant(_decode_number(raw, text_carried), field.as_, zone)
        case "decimal-text":
            return scalars.decode_decimal(_require_text(raw))
        case "calendar-day":
            return decode_day(raw)
        case "formatted-duration":
            return decode_duration(raw, field.format)
        case "decimal":
            if text_carried:
                # A number below 0 is read, so that a law can judge it.
                return scalars.decode_decimal(_require_text(raw))
            if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
                raise DecodeError("a number", in_ascii(raw))
            return Decimal(raw)
        case "flag":
            if text_carried and raw in ("true", "false", "1", "0"):
                return raw in ("true", "1")
            if isinstance(raw, bool):
                return raw
            raise DecodeError("true or false", in_ascii(raw))
        case "digits":
            text = _require_text(raw)
            # What is paid stands below 0.
            if field.negative and text.startswith("-"):
                return -int(scalars.decode_digits(text[1:]))
            return int(scalars.decode_digits(text))
        case codec if codec in TIME_CODECS:
            return decode_instant(_require_text(raw), codec, zone, formats=field.format)
        case "text-list":
            if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
                return tuple(cast("list[str]", raw))
            raise DecodeError("a list of texts", in_ascii(raw))
        case "word" if field.word_type != "text" and not text_carried:
            found = word_written(field, raw)
            if not isinstance(found, str):
                raise DecodeError("true or false" if field.word_type == "flag" else "an integer", in_ascii(raw))
            return found
        case _:
            return _require_text(raw)


def _decode_number(raw: Tree, text_carried: bool) -> int:
    if text_carried:
        return scalars.decode_integer(_require_text(raw))
    if not is_integer(raw):
        raise DecodeError("an integer", in_ascii(raw))
    return raw


def _require_text(raw: Tree) -> str:
    if not isinstance(raw, str):
        raise DecodeError("a text", in_ascii(raw))
    return raw


def _form_problem(name: str, field: Field, raw: Tree, value: ApiValue) -> FieldProblem | None:
    if field.as_ == "word" and field.unknown_words == "refused":
        known = (*field.words.values(), *field.more_words)
        if value not in known:
            text = f"{in_ascii(raw)} is none of {', '.join(sorted(set(known)))}"
            return _problem(name, field, "word", text)
    if field.non_empty and value == "":
        return _problem(name, field, "form", "the field is empty")
    if field.as_ in ("decimal", "decimal-text") and isinstance(raw, str):
        digits = len(raw.partition(".")[2])
        if digits != field.digits:
            text = f"expected {field.digits} digits after the dot, got {in_ascii(raw)}"
            return _problem(name, field, "form", text, understood=True)
    if field.negative and isinstance(value, int | Decimal) and value > 0:
        return _problem(name, field, "form", f"expected 0 or less, got {in_ascii(raw)}", understood=True)
    flaw = text_flaw(field, raw) if isinstance(raw, str) else None
    return None if flaw is None else _problem(name, field, "form", flaw, understood=True)


def row_values_at(row: ApiRow, path: FieldPath) -> tuple[ApiValue, ...]:
    """The values that a row shows at a path; a field that was not read, or is hidden, gives nothing."""
    if path.hidden or path.head not in row:
        return ()
    value, inner = row[path.head], path.inner
    if inner is None:
        return (value,)
    if value is None:
        return ()
    return tuple(found for nested in cast("tuple[ApiRow, ...]", value) for found in row_values_at(nested, inner))


def field_at(fields: Fields, path: FieldPath) -> Field | None:
    """The field at a path, or None (what is hidden is no field)."""
    field = None if path.hidden else fields.get(path.head)
    if field is None or path.inner is None:
        return field
    return field_at(field.fields, path.inner)
