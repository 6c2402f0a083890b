"""One field of many rows: what each row writes, in parts, and what it writes where there is nothing to show.

Each function here does for a column what one of `harness.wire.row_codec` does for a value. What cannot be done so
raises NotVectorised, and the field is written row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, cast, final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from harness.specification.model import Field
from harness.specification.value_forms import format_parts
from harness.telephony.attributes import AttributeKind
from harness.telephony.columns import (
    Column,
    Flags,
    Integers,
    IntegerTexts,
    NumberColumn,
    PooledTexts,
    TextColumn,
    TextListColumn,
    TextPart,
    TextPool,
    made_once,
    pool_of_texts,
    pooled_column,
)
from harness.wire.columns.column_source import NotVectorised
from harness.wire.columns.id_texts import id_parts
from harness.wire.columns.nested_columns import known_words
from harness.wire.columns.number_texts import decimal_parts, is_number, number_parts, scaled_numbers
from harness.wire.columns.row_texts import NestedPieces, nested_places
from harness.wire.columns.time_texts import day_parts, local_days, time_parts
from harness.wire.time_codecs import EPOCH_CODECS, TIME_CODECS, time_step

# A longer fraction would be written with an exponent.
_MOST_DIGITS: Final = 6


@final
@dataclass(frozen=True, slots=True)
class InnerText:
    """A part of a JSON text that stands inside of other JSON, as an item of a list does."""

    part: TextPart


@final
@dataclass(frozen=True, slots=True)
class WrittenRows:
    """For each row the place of a text among texts that are JSON already; a negative place is no text."""

    texts: pl.Series
    codes: Integers


ValuePart: TypeAlias = "TextPart | InnerText | WrittenRows | NestedPieces"


@final
@dataclass(frozen=True, slots=True)
class FieldColumn:
    """The values of one field as they are written, in parts.

    `text` when they are texts in JSON too, else numbers, flags, lists. `present` says which rows show a value, None
    for all of them; the others write how 'none' is written. `blank` are the rows whose value is an empty text or
    list, `table` the values in a typed table.
    """

    length: int
    text: bool
    parts: tuple[ValuePart, ...]
    present: Flags | None
    blank: Callable[[], Flags | None]
    table: Callable[[], pl.Series]
    equals: Callable[[object], Flags | None]


def field_column(field: Field, column: Column, *, zone: ZoneInfo, text_carried: bool) -> FieldColumn:
    """The column of a field that shows an attribute, or a flag, of these values. Raises NotVectorised."""
    match field.as_:
        case "text" if field.form is not None:
            found = id_parts(field.form, field.shows or "", column)
            return _of_texts(_column_of_parts(column, found))
        case "text" if field.only is not None:
            raise NotVectorised("one kind of parties alone")
        case "text":
            shown = _shown_text(column)
            return _of_texts(_bare_numbers(shown) if field.number == "bare" else shown)
        case "word":
            shown = _shown_words(field, column)
            return replace(_of_texts(shown), table=lambda: _word_series(shown, known_words(field)))
        case "integer" | "digits" | "decimal" | "decimal-text":
            return _of_numbers(field, column, text_carried=text_carried)
        case "flag":
            return _of_flags(column, text_carried=text_carried)
        case "text-list":
            return _of_text_lists(column, text_carried=text_carried)
        case "calendar-day" | "formatted-duration":
            return _of_days(field, column, zone) if field.as_ == "calendar-day" else _of_durations(field, column)
        case codec if codec in TIME_CODECS:
            return _of_instants(field, column, zone, text_carried=text_carried)
        case _:
            raise NotVectorised(f"a field of {field.as_}")


def constant_text(value: object) -> str:
    """A constant or a repeated value as a template holds it."""
    return str(value)


def shown_parts(field: Field, column: Column) -> tuple[tuple[TextPart, ...], Flags | None]:
    """The parts of what a field shows, as a template holds it, and which rows show anything. Raises NotVectorised."""
    match field.as_:
        case "text" | "word":
            made = field_column(field, column, zone=_UTC, text_carried=False)
        case "integer" | "digits":
            made = _of_numbers(field, column, text_carried=False)
        case _:
            raise NotVectorised(f"made of a field of {field.as_}")
    return cast("tuple[TextPart, ...]", made.parts), made.present


_UTC: Final = ZoneInfo("UTC")


# --- texts --------------------------------------------------------------------------------------------------


def text_field(column: TextColumn) -> FieldColumn:
    """The field that shows these texts as they are."""
    return _of_texts(column)


def _of_texts(column: TextColumn) -> FieldColumn:
    return FieldColumn(
        length=len(column),
        text=True,
        parts=column.parts,
        present=column.present,
        blank=lambda: empty_texts(column.parts, len(column)),
        table=column.series,
        equals=lambda value: _equal_texts(column, value),
    )


def _column_of_parts(column: Column, parts: tuple[TextPart, ...]) -> TextColumn:
    present = None if isinstance(column, TextListColumn) else column.present
    return TextColumn(len(column), parts, present)


def _equal_texts(column: TextColumn, value: object) -> Flags | None:
    if not isinstance(value, str):
        return None
    (part,) = column.parts if len(column.parts) == 1 else ("",)
    if isinstance(part, PooledTexts):
        places = [index for index, text in enumerate(part.pool.texts) if text == value]
        return np.isin(part.codes, places) if places else None
    return (column.series() == value).fill_null(False).to_numpy()


def _shown_text(column: Column) -> TextColumn:
    if isinstance(column, TextColumn):
        return column
    if isinstance(column, NumberColumn):
        if column.kind is AttributeKind.INTEGER:
            return _column_of_parts(column, number_parts(_known_values(column)))
        if column.kind is AttributeKind.FLAG:
            return pooled_column(pool_of_texts("False", "True"), column.values, column.present)
    raise NotVectorised("the text of a value that is none")


def _bare_numbers(column: TextColumn) -> TextColumn:
    """The texts without a plus sign before them."""
    first = column.parts[0] if column.parts else ""
    if isinstance(first, str) and first:
        return TextColumn(column.length, (first.removeprefix("+"), *column.parts[1:]), column.present)
    if isinstance(first, PooledTexts) and (len(column.parts) == 1 or not empty_rows(first)):
        bare = PooledTexts(_bare_pool(first.pool), first.codes)
        return TextColumn(column.length, (bare, *column.parts[1:]), column.present)
    raise NotVectorised("a number whose first part may be empty")


@made_once
def _bare_pool(pool: TextPool) -> TextPool:
    return TextPool(tuple(text.removeprefix("+") for text in pool.texts))


def empty_rows(part: PooledTexts) -> bool:
    """Whether any row has an empty text here."""
    flags = _empty_flags(part.pool)
    return bool(flags[part.codes].any())


def _shown_words(field: Field, column: Column) -> TextColumn:
    if isinstance(column, NumberColumn) and column.kind is AttributeKind.FLAG:
        column = pooled_column(pool_of_texts("False", "True"), column.values, column.present)
    if not isinstance(column, TextColumn) or len(column.parts) != 1:
        raise NotVectorised("the word for a value that is none of a few")
    part = column.parts[0]
    if isinstance(part, str):
        part = PooledTexts(pool_of_texts(part), np.zeros(len(column), dtype=np.int64))
    if not isinstance(part, PooledTexts):
        raise NotVectorised("the word for a number")
    words, places = _words_of_pool(part.pool, tuple(field.words.items()))
    return pooled_column(words, places[part.codes], column.present)


@made_once
def _words_of_pool(pool: TextPool, words: tuple[tuple[str, str], ...]) -> tuple[TextPool, Integers]:
    """The words of an API, and for each text of a pool, and for none, the place of its word."""
    known = dict(words)
    chosen = tuple(dict.fromkeys(known.values()))
    places = [chosen.index(known[text]) if text in known else -1 for text in pool.texts]
    return pool_of_texts(*chosen), np.asarray([*places, -1], dtype=np.int64)


def _word_series(column: TextColumn, known: tuple[str, ...]) -> pl.Series:
    """The words as a column of an enumeration of the known ones; null where there is none."""
    (part,) = cast("tuple[PooledTexts]", column.parts)
    codes, here = part.codes, column.present
    if here is not None or codes.min(initial=0) < 0:
        codes = np.where(codes >= 0 if here is None else here & (codes >= 0), codes, len(part.pool))
    return _enumerated_pool(part.pool, known)[pl.Series(codes.astype(np.uint32))]


@made_once
def _enumerated_pool(pool: TextPool, known: tuple[str, ...]) -> pl.Series:
    return pl.Series([*pool.texts, None], dtype=pl.Enum(known))


def empty_texts(parts: tuple[ValuePart, ...], length: int) -> Flags | None:
    """The rows whose parts are all empty; None where none can be."""
    empty: Flags | None = None
    for part in parts:
        match part:
            case str():
                here: Flags | None = np.ones(length, dtype=np.bool_) if not part else None
            case PooledTexts():
                flags = _empty_flags(part.pool)
                here = flags[part.codes] if flags[:-1].any() or (part.codes < 0).any() else None
            case _:
                here = None
        if here is None:
            return None
        empty = here if empty is None else empty & here
    return empty


@made_once
def _empty_flags(pool: TextPool) -> Flags:
    """Which texts of a pool are empty; the last is that of no text."""
    return np.asarray([*(not text for text in pool.texts), True], dtype=np.bool_)


# --- numbers and flags --------------------------------------------------------------------------------------


def _known_values(column: NumberColumn) -> Integers:
    """The values with one of them in place of those that are none, so that all are near to one another."""
    if column.present is None or column.present.all():
        return column.values
    some = column.values[column.present]
    return np.where(column.present, column.values, some[0] if len(some) else 0)


def _of_numbers(field: Field, column: Column, *, text_carried: bool) -> FieldColumn:
    if not isinstance(column, NumberColumn) or not is_number(column.kind):
        raise NotVectorised("a number made of a text")
    whole = field.as_ in ("integer", "digits")
    if not whole and field.digits > _MOST_DIGITS:
        raise NotVectorised(f"a number with {field.digits} digits after the dot")
    column = NumberColumn(column.kind, _known_values(column), column.present)
    numbers = scaled_numbers(
        NumberColumn(column.kind, column.values),
        unit=field.unit,
        digits=field.digits,
        whole=whole,
        negative=field.negative,
    )
    scale = 0 if whole else field.digits
    return FieldColumn(
        length=len(column),
        text=text_carried or field.as_ in ("digits", "decimal-text"),
        parts=number_parts(numbers) if whole else decimal_parts(numbers, scale),
        present=column.present,
        blank=lambda: None,
        table=lambda: _table_numbers(numbers, column.present, scale if not whole else None),
        equals=lambda value: _equal_numbers(numbers, scale, value),
    )


def _equal_numbers(numbers: Integers, scale: int, value: object) -> Flags | None:
    # What a spec gives as a value to leave out is a text, an integer or a flag; a flag is 0 or 1 in a comparison.
    return numbers == int(value) * 10**scale if isinstance(value, bool | int) else None


def _table_numbers(numbers: Integers, present: Flags | None, digits: int | None) -> pl.Series:
    series = pl.Series(numbers, dtype=pl.Int64)
    if digits is not None:
        series = (series / 10**digits).cast(pl.Decimal(38, digits))
    return _null_where_none(series, present)


def _null_where_none(series: pl.Series, present: Flags | None) -> pl.Series:
    return series if present is None else series.zip_with(pl.Series(present), pl.Series([None], dtype=series.dtype))


def _of_flags(column: Column, *, text_carried: bool) -> FieldColumn:
    if isinstance(column, NumberColumn) and is_number(column.kind):
        holds = column.values != 0
    elif isinstance(column, TextColumn):
        empty = empty_texts(column.parts, len(column))
        holds = np.ones(len(column), dtype=np.bool_) if empty is None else ~empty
    else:
        raise NotVectorised("a flag made of a list or an instant")
    present = column.present
    return FieldColumn(
        length=len(column),
        text=text_carried,
        parts=(PooledTexts(pool_of_texts("false", "true"), holds.astype(np.int64)),),
        present=present,
        blank=lambda: None,
        table=lambda: _null_where_none(pl.Series(holds), present),
        equals=lambda value: holds == bool(value) if isinstance(value, int) and value in (0, 1) else None,
    )


def presence_column(column: Column) -> NumberColumn:
    """Whether each row has any value of an attribute."""
    if isinstance(column, TextListColumn):
        there = np.zeros(len(column), dtype=np.bool_)
        for item in column.items:
            there |= True if item.present is None else item.present
        return NumberColumn(AttributeKind.FLAG, there.astype(np.int64))
    there = np.ones(len(column), dtype=np.bool_) if column.present is None else column.present
    if isinstance(column, TextColumn):
        empty = empty_texts(column.parts, len(column))
        there = there if empty is None else there & ~empty
    return NumberColumn(AttributeKind.FLAG, there.astype(np.int64))


# --- times --------------------------------------------------------------------------------------------------


def _millis_of(column: Column) -> Integers:
    if not isinstance(column, NumberColumn) or column.kind is not AttributeKind.INSTANT:
        raise NotVectorised("a time made of what is no instant")
    return _known_values(column)


def _of_instants(field: Field, column: Column, zone: ZoneInfo, *, text_carried: bool) -> FieldColumn:
    millis, codec = _millis_of(column), field.as_
    present = cast(NumberColumn, column).present
    if codec in EPOCH_CODECS:
        parts = number_parts(millis // 1000 if codec == "epoch-seconds" else millis)
    else:
        parts = time_parts(millis, codec, zone, field.format)
    return FieldColumn(
        length=len(millis),
        text=text_carried or codec not in EPOCH_CODECS,
        parts=parts,
        present=present,
        blank=lambda: None,
        table=lambda: typed_instants(field, column, zone),
        equals=lambda value: None,
    )


def typed_instants(field: Field, column: Column, zone: ZoneInfo) -> pl.Series:
    """The instants or calendar days that a field shows, as a typed table has them. Raises NotVectorised."""
    millis, present = _millis_of(column), cast(NumberColumn, column).present
    if field.as_ == "calendar-day":
        series = pl.Series(local_days(millis, zone).astype(np.int32)).cast(pl.Date)
    else:
        step = max(int(time_step(field.as_, field.format).total_seconds() * 1000), 1)
        series = pl.Series(millis // step * step, dtype=pl.Int64).cast(pl.Datetime("ms", "UTC"))
    return _null_where_none(series, present)


def _of_days(field: Field, column: Column, zone: ZoneInfo) -> FieldColumn:
    millis = _millis_of(column)
    present = cast(NumberColumn, column).present
    return FieldColumn(
        length=len(millis),
        text=True,
        parts=day_parts(millis, zone),
        present=present,
        blank=lambda: None,
        table=lambda: typed_instants(field, column, zone),
        equals=lambda value: None,
    )


_UNIT_SECONDS: Final = {"%H": 3600, "%M": 60, "%S": 1}


def _of_durations(field: Field, column: Column) -> FieldColumn:
    if not isinstance(column, NumberColumn) or column.kind not in (AttributeKind.SECONDS, AttributeKind.INTEGER):
        raise NotVectorised("a duration made of what is no number")
    values = _known_values(column)
    whole = values // 1000 if column.kind is AttributeKind.SECONDS else values
    if len(whole) and int(values.min()) < 0:
        raise NotVectorised("a duration below 0")
    form = format_parts(field.format[0])
    shown = whole if "%S" in form else whole // 60 * 60
    rest, parts = shown, list[TextPart]()
    for part in form:
        if part in _UNIT_SECONDS:
            number, rest = np.divmod(rest, _UNIT_SECONDS[part])
            parts += number_parts(number, 2)
        else:
            parts.append(part)
    return FieldColumn(
        length=len(column),
        text=True,
        parts=tuple(parts),
        present=column.present,
        blank=lambda: None,
        table=lambda: _table_numbers(shown, column.present, None),
        equals=lambda value: _equal_numbers(shown, 0, value),
    )


# --- lists --------------------------------------------------------------------------------------------------


def _of_text_lists(column: Column, *, text_carried: bool) -> FieldColumn:
    if not isinstance(column, TextListColumn):
        raise NotVectorised("a list made of what is none")
    length = len(column)
    parts: list[ValuePart] = ["["]
    before = np.zeros(length, dtype=np.bool_)
    for item in column.items:
        there = np.ones(length, dtype=np.bool_) if item.present is None else item.present
        parts.append(PooledTexts(pool_of_texts('"', ',"'), np.where(there, before.astype(np.int64), -1)))
        parts += [InnerText(_where(part, there, length)) for part in item.parts]
        parts.append(PooledTexts(pool_of_texts('"'), np.where(there, 0, -1)))
        before = before | there
    return FieldColumn(
        length=length,
        text=False,
        parts=(*parts, "]"),
        present=None,
        blank=lambda: ~before,
        table=_no_table,
        equals=lambda value: None,
    )


def _where(part: TextPart, there: Flags, length: int) -> TextPart:
    match part:
        case str():
            return PooledTexts(pool_of_texts(part), np.where(there, 0, -1))
        case PooledTexts():
            return PooledTexts(part.pool, np.where(there, part.codes, -1))
        case IntegerTexts():
            raise NotVectorised("a list of numbers")


def rows_field(counts: Integers, written: pl.Series | NestedPieces) -> FieldColumn:
    """The field of nested rows, of which each row has so many, from all of them as JSON in order.

    All but the first of a row begin with a comma.
    """
    rows: tuple[ValuePart, ...] = (
        (written,)
        if isinstance(written, NestedPieces)
        else tuple(WrittenRows(written, places) for places in nested_places(counts))
    )
    return FieldColumn(
        length=len(counts),
        text=False,
        parts=("[", *rows, "]"),
        present=None,
        blank=lambda: counts == 0,
        table=_no_table,
        equals=lambda value: None,
    )


def _no_table() -> pl.Series:
    raise NotVectorised("a list, which a table holds as JSON")
