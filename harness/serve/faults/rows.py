"""Faults in rows: fields, laws between fields, live calls that are missing or stay too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from harness.serve.faults.base import (
    Fault,
    find_at_path,
    make_fault,
    on_page,
    on_rows,
    with_changed_listing,
    with_entry,
)
from harness.serve.faults.hooks import AnswerContent, Hooks, PageContext, RowTree
from harness.specification.clause_families import STEADY_LIST
from harness.specification.field_path import FieldPath
from harness.specification.laws import condition_of_law, field_of_law
from harness.specification.model import (
    EqualsSpanLaw,
    Field,
    FieldCondition,
    ImpliesLaw,
    InsideLaw,
    Law,
    Listing,
    NeverFallsLaw,
    NonNegativeLaw,
    NotBeforeLaw,
    NotFutureLaw,
    NotOlderLaw,
    OneOfLaw,
    Scalar,
    SharedLaw,
    StandsStillLaw,
    WithinSpanLaw,
    options_of,
)
from harness.wire.decoded_body import Tree
from harness.wire.durations import encode_duration
from harness.wire.field_types import word_written, written_word
from harness.wire.json_body import Missing
from harness.wire.response_codec import carries_text, is_csv
from harness.wire.row_codec import field_at
from harness.wire.row_objects import value_in_tree
from harness.wire.time_codecs import TIME_CODECS, encode_instant

_EARLY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATE: Final = datetime(2100, 1, 1, tzinfo=UTC)
_NUMBERS: Final = ("integer", "digits", "decimal", "decimal-text", "formatted-duration")

_LONG_AGO: Final = "2001-01-01 00:00:00"
# Of ten rows the place of the one that each copy of a list lacks; the last copy lacks none.
_LACKS: Final = (2, 1, None)


# --- rows ---------------------------------------------------------------------------------------------------


def row_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of row fields: missing, misnamed or of the wrong form; rows that come twice."""
    keys = listing.lists.clauses.keys
    needed = _required_fields(listing)
    # A table has a column for every row, or for none.
    every, says = (1, "every row") if is_csv(listing) else (3, "every third row")
    for name in dict.fromkeys((*needed[:1], *needed[len(needed) // 2 :][:1], *needed[-1:])):
        yield from make_fault(
            keys,
            f"{name}-missing",
            f"{says} lacks {name}",
            on_rows(lambda row, name=name: _drop_field(row, FieldPath.of(name)), every=every),  # type: ignore[misc]
        )
    others = [name for name in needed if name != listing.lists.identity]
    if others:
        other = others[-1]
        yield from make_fault(
            keys, f"{other}-renamed", f"{other} goes by another name", on_rows(lambda row: _rename_field(row, other))
        )
    yield from make_fault(
        listing.lists.clauses.unique,
        "a-row-twice",
        "the first row of a page comes twice",
        on_page(_repeat_first_row),
    )
    seen: set[tuple[str, str]] = set()
    for path, field in _all_fields(listing):
        if field.non_empty:
            yield from make_fault(
                field.clause,
                f"{path}-empty",
                f"{path} is empty",
                on_rows(lambda row, path=path: _change_field(row, path, lambda _: ""), every=2),  # type: ignore[misc]
            )
        if field.repeats is not None:
            yield from make_fault(
                field.clause,
                f"{path}-of-another",
                f"{path} is that of another",
                on_rows(lambda row, path=path: _change_field(row, path, _other_value), every=2),  # type: ignore[misc]
            )
        yield from _value_faults(path, field)
        yield from _condition_faults(path, field)
        if field.present_of is not None and field.as_ == "flag" and _is_told_twice(listing, path, field):
            yield from make_fault(
                field.clause,
                f"{path}-turned-round",
                f"{path} says the opposite",
                on_rows(lambda row, path=path: _change_field(row, path, lambda value: not value), every=2),  # type: ignore[misc]
            )
        judged = field.shows or field.as_ == "object" or (field.constant and field.other_values == "tolerated")
        if not field.clause or not judged or (field.clause[0], field.as_) in seen:
            continue
        wrong = _wrong_form_change(field, text=carries_text(listing))
        if wrong is None:
            continue
        seen.add((field.clause[0], field.as_))
        # A row that is a bare text has no other form to be of.
        bare = listing.lists.clauses.keys if listing.lists.row_values == "text" else ()
        yield from make_fault(
            bare or field.clause,
            f"{path}-form",
            f"{path} is not written as {field.as_}",
            on_rows(lambda row, path=path, wrong=wrong: _change_field(row, path, wrong), every=2),  # type: ignore[misc]
        )


def _is_told_twice(listing: Listing, path: FieldPath, field: Field) -> bool:
    """Whether something else tells what a flag says of an attribute: a field that shows it, or a filter."""
    shown = any(one.shows == field.present_of for _, one in _all_fields(listing))
    hidden = {
        FieldPath((name,), hidden=True) for name, one in listing.hidden.items() if str(one.holds) == field.present_of
    }
    compared = {one for rule in listing.filters.values() for one in rule.compares}
    return shown or not compared.isdisjoint({path, *hidden})


def _value_faults(path: FieldPath, field: Field) -> Iterator[Fault]:
    """The faults of a field whose value is made up in a way of its own: constant, template, id, sign, presence."""
    for name, says, change in _wrong_value_changes(field):
        yield from make_fault(
            field.clause,
            f"{path}-{name}",
            f"{path} {says}",
            on_rows(lambda row, change=change: _change_field(row, path, change), every=2),  # type: ignore[misc]
        )


def _condition_faults(path: FieldPath, field: Field) -> Iterator[Fault]:
    """The faults of a field that only some rows have: all have it, or none."""
    if field.when is None:
        return
    yield from make_fault(
        field.clause,
        f"{path}-everywhere",
        f"{path} is there in every row",
        with_changed_listing(with_entry("fields", str(path), when=None, absent="never")),
    )
    if field.absent == "never" and not field.optional and not field.tolerates:
        yield from make_fault(
            field.clause,
            f"{path}-left-out",
            f"no row has {path}",
            on_rows(lambda row: _drop_field(row, path)),
        )


def _wrong_value_changes(field: Field) -> Iterator[tuple[str, str, Callable[[Tree], Tree]]]:
    if field.constant and field.other_values == "refused":
        yield "another-constant", "has another value now and then", lambda value: "another one"
    if field.template is not None:
        yield "made-otherwise", "is made of something else", lambda value: f"{value}/" if value is not None else "/"
    if field.form is not None:
        yield "id-cut-short", "lacks its last digit", lambda value: str(value)[:-1] if value else value
    if field.negative:
        yield "sign-turned", "has the other sign", _turned_sign
    if field.only is not None and field.number == "plus":
        other = "101" if field.only == "numbers" else "+12025550100"
        yield f"not-of-{field.only}", f"is none of the {field.only} now and then", lambda value: other
    if field.absent_text is not None:
        yield "none-as-null", f"is null instead of {field.absent_text}", lambda value: _null_for(field, value)


def _null_for(field: Field, value: Tree) -> Tree:
    return None if value == field.absent_text else value


def _as_number(value: Tree) -> Tree:
    return Decimal(value) if isinstance(value, str) and value else value


def _turned_sign(value: Tree) -> Tree:
    if isinstance(value, str):
        return value.removeprefix("-")
    if isinstance(value, Decimal):
        return abs(value)
    return -value if isinstance(value, int) and value < 0 else value


def _other_value(value: Tree) -> Tree:
    return value + 1 if isinstance(value, int) else f"{value}0"


def _all_fields(listing: Listing) -> Iterator[tuple[FieldPath, Field]]:
    def walk(around: tuple[str, ...], fields: Mapping[str, Field]) -> Iterator[tuple[FieldPath, Field]]:
        for name, field in fields.items():
            steps = (*around, name)
            yield FieldPath(steps), field
            yield from walk(steps, field.fields)

    return walk((), listing.fields)


def _required_fields(listing: Listing) -> list[str]:
    """Fields of a row that may never be missing."""
    added = {path for include in listing.includes for path in include.adds}
    return [
        name
        for name, field in listing.fields.items()
        if field.is_told
        and not field.optional
        and field.when is None
        and field.absent != "missing"
        and field.unset is None
        and "missing" not in field.tolerates
        and FieldPath.of(name) not in added
    ]


def _drop_field(row: RowTree, path: FieldPath) -> None:
    for owner, key in find_at_path(row, path):
        del owner[key]


def _rename_field(row: RowTree, name: str) -> None:
    for owner, key in find_at_path(row, FieldPath.of(name)):
        owner[f"{key}_"] = owner.pop(key)


def _change_field(row: RowTree, path: FieldPath, change: Callable[[Tree], Tree]) -> None:
    for owner, key in find_at_path(row, path):
        owner[key] = change(owner[key])


def _repeat_first_row(page: AnswerContent, context: PageContext) -> AnswerContent:
    if len(page.rows) < 2:
        return page
    return replace(page, rows=(page.rows[0], page.rows[0], *page.rows[2:]))


def _wrong_form_change(field: Field, *, text: bool) -> Callable[[Tree], Tree] | None:
    """A way to write a value that the codec does not allow; None where any text will do."""
    match field.as_:
        case "local-time":
            return lambda value: str(value).replace(" ", "T") + "Z"
        case "rfc3339":
            return lambda value: str(value).removesuffix("Z").replace("T", " ")
        case "iso-local":
            return lambda value: str(value).replace("T", " ")
        case "offset-time":
            return lambda value: str(value).replace(" ", "T")
        case "rfc2822" | "formatted-time":
            return lambda value: f"{value}." if value else value
        case "calendar-day":
            return lambda value: str(value).replace("-", "/")
        case "formatted-duration":
            return lambda value: f"{value} h" if value else value
        case "decimal-text":
            return (lambda value: f"EUR {value}") if text else _as_number
        case "object":
            return lambda value: [value]
        case "epoch-seconds" | "epoch-milliseconds" if not text:
            return lambda value: f"{value}"
        case "decimal":
            return (lambda value: str(value).replace(".", ",")) if text else (lambda value: f"{value}")
        case "integer" if not text:
            return lambda value: f"{value}"
        case "integer" | "digits" | "epoch-seconds" | "epoch-milliseconds":
            return lambda value: f"no. {value}"
        case "word" if field.word_type != "text" and not text:
            return lambda value: f"{value}"
        case "word":
            return (lambda value: "Whatever") if field.unknown_words == "refused" else None
        case "flag":
            return lambda value: "yes" if value else "no"
        case "text-list":
            return lambda value: ", ".join(map(str, value)) if isinstance(value, list) else value
        case "rows":
            return lambda value: {"items": value}
        case "text" if not text:
            return lambda value: [value]
        case _:
            return None


# --- laws ---------------------------------------------------------------------------------------------------


def law_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of laws: rows that contradict themselves, other rows, or earlier answers."""
    for number, law in enumerate(listing.laws, start=1):
        change = _law_violation(listing, law)
        if change is None:
            continue
        yield from make_fault(
            law.clause,
            f"{law.law}-{field_of_law(law)}-{number}",
            f"the law '{law.law}' does not hold",
            # Of rows that are kept for so long some are older than others.
            on_rows(lambda row, change=change: change(row, _EARLY), every=3)  # type: ignore[misc]
            if isinstance(law, NotOlderLaw)
            else Hooks(row=_law_hook(listing, condition_of_law(law), change)),
        )
    yield from _presence_faults(listing)
    yield from _steadiness_faults(listing)


def _presence_faults(listing: Listing) -> Iterator[Fault]:
    """Calls in progress that are left out, and calls that ended long ago and are still there."""
    lists = listing.lists
    if lists.calls != "live":
        return
    yield from make_fault(
        lists.clauses.one_per,
        "left-out-now-and-then",
        "the first of several rows is missing in every second second",
        on_page(_leave_out_first_row),
    )
    by_attribute = {field.shows: name for name, field in listing.fields.items()}
    starts = by_attribute.get("started_at")
    ended = lists.clauses.only
    shows_progress = starts is not None and {"ring_seconds", "talk_seconds", "state"} <= by_attribute.keys()
    if shows_progress and listing.fields[starts or ""].as_ == "local-time" and listing.order is not None:
        # Their clocks stopped long ago, whatever they say of their state.
        yield from make_fault(
            ended if not listing.order.clause else (),
            "ended-calls-stay",
            "every third call ended long ago",
            on_rows(lambda row: _change_field(row, FieldPath.of(starts or ""), lambda _: _LONG_AGO), every=3),
        )


def _leave_out_first_row(page: AnswerContent, context: PageContext) -> AnswerContent:
    """By the instant and not by the turn: the same request at the same instant gets the same answer."""
    out = len(page.rows) > 1 and int(context.at.timestamp()) % 2 == 0
    return replace(page, rows=page.rows[1:]) if out else page


def _steadiness_faults(listing: Listing) -> Iterator[Fault]:
    """Calls of the past that come and go between two equal questions."""
    if "live" in options_of(listing.lists.calls):
        return
    yield from make_fault(
        (STEADY_LIST,),
        "older-calls-come-and-go",
        "answers come from three copies of the list, by the millisecond; two of them lack some of the older calls",
        on_page(_leave_out_older_rows),
    )


def _leave_out_older_rows(page: AnswerContent, context: PageContext) -> AnswerContent:
    """By the instant, as above. Copies may differ on the newest calls for a moment: older ones are left out."""
    lacks = _LACKS[int(context.at.timestamp() * 1000) % len(_LACKS)]
    older = sorted(page.rows)[: len(page.rows) // 4]
    out = set() if lacks is None else set(older[lacks::10])
    return replace(page, rows=tuple(row for row in page.rows if row not in out))


def _law_hook(
    listing: Listing, when: FieldCondition | None, change: Callable[[RowTree, datetime], None]
) -> Callable[[RowTree, int, datetime], RowTree]:
    def change_row(row: RowTree, index: int, at: datetime) -> RowTree:
        if when is None or _condition_holds(listing, row, when):
            change(row, at)
        return row

    return change_row


def _condition_holds(listing: Listing, row: RowTree, rule: FieldCondition) -> bool:
    value = value_in_tree(row, str(rule.field))
    field = field_at(listing.fields, rule.field)
    if isinstance(value, Missing):
        value = None
    elif field is not None and isinstance(value, bool) and field.as_ == "word":
        value = word_written(field, value)
    if rule.is_ and str(value) not in map(str, rule.is_):
        return False
    if rule.not_ and str(value) in map(str, rule.not_):
        return False
    blank = field is not None and field.absent_text is not None and value == field.absent_text
    return rule.present is None or rule.present == (_is_present(value) and not blank)


def _is_present(value: Tree) -> bool:
    return value not in (None, "", "0", 0, []) and value != "0001-01-01T00:00:00Z"


def _law_violation(listing: Listing, law: Law) -> Callable[[RowTree, datetime], None] | None:
    text = carries_text(listing)
    path = field_of_law(law)
    field = field_at(listing.fields, path)
    match law:
        case ImpliesLaw():
            return _implication_violation(listing, law.then, text=text)
        case NotBeforeLaw() | InsideLaw() if field is not None and field.as_ in TIME_CODECS:
            return _value_setter(path, _written_instant(field, _EARLY))
        case NotFutureLaw() if field is not None and field.as_ in TIME_CODECS:
            return _value_setter(path, _written_instant(field, _LATE))
        case NotOlderLaw() if field is not None and field.as_ in TIME_CODECS:
            return _value_setter(path, _written_instant(field, _EARLY))
        case SharedLaw():
            return lambda row, at: _change_field(row, path, lambda _: row.get(listing.lists.identity))
        case NonNegativeLaw() if field is None or field.as_ != "formatted-duration":
            return _value_setter(path, _written_number(field, -1, text=text))
        case OneOfLaw():
            return _value_setter(path, _written_number(field, 7, text=text))
        case NeverFallsLaw() | StandsStillLaw() if field is not None:
            return lambda row, at: _write_lower_value(row, path, field, at, text=text)
        case EqualsSpanLaw() | WithinSpanLaw() if field is not None and field.as_ in _NUMBERS:
            return _value_setter(path, _written_number(field, 99999, text=text))
        case _:
            return None


def _written_instant(field: Field, instant: datetime) -> Tree:
    return encode_instant(instant, field.as_, ZoneInfo("UTC"), formats=field.format)


def _written_number(field: Field | None, number: int, *, text: bool) -> Tree:
    """A whole number as the field writes numbers."""
    if field is not None and field.as_ == "formatted-duration":
        return encode_duration(max(number, 0), field.format)
    if field is not None and field.as_ in ("decimal", "decimal-text"):
        return f"{number:.{field.digits}f}" if text or field.as_ == "decimal-text" else number
    return str(number) if text or (field is not None and field.as_ == "digits") else number


def _value_setter(path: FieldPath, value: Tree) -> Callable[[RowTree, datetime], None]:
    def change(row: RowTree, at: datetime) -> None:
        _change_field(row, path, lambda old: value if _is_present(old) or not isinstance(old, str) else old)

    def force(row: RowTree, at: datetime) -> None:
        _change_field(row, path, lambda old: value)

    return change if isinstance(value, str) and len(value) > 5 else force


def _implication_violation(
    listing: Listing, then: FieldCondition, *, text: bool
) -> Callable[[RowTree, datetime], None] | None:
    field = listing.fields.get(str(then.field))
    if field is None:
        return None
    value = _contrary_value(field, then, text=text)
    return None if value is None else _constant_setter(then.field, value)


def _constant_setter(path: FieldPath, value: Tree) -> Callable[[RowTree, datetime], None]:
    def change(row: RowTree, at: datetime) -> None:
        _change_field(row, path, lambda _: value)

    return change


def _contrary_value(field: Field, then: FieldCondition, *, text: bool) -> Tree:
    """A value of the field under which the condition does not hold."""
    if then.present is True and field.absent_text is not None:
        return field.absent_text
    if field.as_ == "word":
        words: list[Scalar] = [word for word in field.words.values() if word not in then.is_]
        wanted = [word for word in words if word in then.not_] or words
        return written_word(field, str(wanted[0]), text_carried=text) if wanted else None
    if field.as_ in ("integer", "digits"):
        number = 0 if then.present is True else 77
        return str(number) if text or field.as_ == "digits" else number
    if field.as_ == "decimal":
        return "77.000" if text else Decimal("77.5")
    if field.as_ == "decimal-text":
        return _written_number(field, -77 if field.negative else 77, text=True)
    if field.as_ in TIME_CODECS:
        return _written_instant(field, _LATE) if then.present is False else None
    return "" if then.present is True else "x"


def _write_lower_value(row: RowTree, path: FieldPath, field: Field, at: datetime, *, text: bool) -> None:
    """Set the field to a value that falls from second to second."""
    second = int(at.timestamp())
    left = 10_000_000 - second % 10_000_000
    match field.as_:
        case "decimal-text":
            value: Tree = _written_number(field, left, text=True)
        case "decimal":
            value = f"{left}.000" if text else Decimal(left)
        case "formatted-duration":
            value = encode_duration(left, field.format)
        case "integer" | "digits":
            value = str(left) if text or field.as_ == "digits" else left
        case "epoch-seconds":
            value = 946684800 + left
        case "local-time":
            value = f"2000-01-01 {left // 3600 % 24:02d}:{left // 60 % 60:02d}:{left % 60:02d}"
        case "rfc3339":
            value = f"2000-01-01T{left // 3600 % 24:02d}:{left // 60 % 60:02d}:{left % 60:02d}Z"
        case codec if codec in TIME_CODECS:
            value = _written_instant(field, _EARLY + timedelta(seconds=left % 86_400))
        case _:
            value = f"x{left}"
    _change_field(row, path, lambda _: value)


# --- envelopes and errors -----------------------------------------------------------------------------------
