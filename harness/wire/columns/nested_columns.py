"""Lists in a typed table: nested rows as lists of structs, and texts as lists of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import numpy as np
import polars as pl

from harness.specification.model import Field
from harness.telephony.columns import Integers
from harness.wire.row_codec import ApiRow, ApiValue
from harness.wire.time_codecs import TIME_CODECS

_Struct: TypeAlias = "dict[str, _Cell]"
_Cell: TypeAlias = "ApiValue | list[_Cell] | _Struct"


def table_type(field: Field) -> pl.DataType:
    """The type of the column in which a field stands in a flat table, where lists are JSON."""
    match field.as_:
        case _ if field.constant:
            first = field.constant[0]
            return pl.Boolean() if isinstance(first, bool) else pl.Int64() if isinstance(first, int) else pl.String()
        case "integer" | "digits" | "formatted-duration":
            return pl.Int64()
        case "decimal" | "decimal-text":
            return pl.Decimal(38, field.digits)
        case "calendar-day":
            return pl.Date()
        case codec if codec in TIME_CODECS:
            return pl.Datetime("ms", "UTC")
        case "flag":
            return pl.Boolean()
        case "word":
            return pl.Enum(known_words(field))
        case _:
            return pl.String()


def known_words(field: Field) -> tuple[str, ...]:
    """The words of a field, each once: those that are shown, then others that it may hold."""
    return tuple(dict.fromkeys((*field.words.values(), *field.more_words)))


def nested_type(field: Field) -> pl.DataType:
    """The type of the column of a field: a list for nested rows and texts, else that of a flat table."""
    match field.as_:
        case "rows":
            parts = {name: nested_type(part) for name, part in field.fields.items() if part.is_told}
            return pl.List(pl.Struct(parts))
        case "text-list":
            return pl.List(pl.String())
        case _:
            return table_type(field)


def list_column(counts: Integers, rows: pl.DataFrame) -> pl.Series:
    """Nested rows, of which each row has so many, as a column of lists."""
    of_row = pl.Series("", np.repeat(np.arange(len(counts)), counts)).set_sorted()
    structs = rows.to_struct("rows")
    some = pl.DataFrame([of_row.alias("row"), structs]).group_by("row", maintain_order=True).agg(pl.col("rows"))
    lists = some["rows"]
    if len(lists) == len(counts):
        return lists
    # The rows without any take an empty list, which stands behind the others.
    empty = pl.Series("rows", [[]], dtype=lists.dtype)
    places = np.where(counts > 0, np.cumsum(counts > 0) - 1, len(lists))
    return pl.concat([lists, empty]).gather(pl.Series(places))


def column_of_lists(field: Field, values: Sequence[ApiValue]) -> pl.Series:
    """A column of lists of given values of a field; where a row has none, an empty list."""
    return pl.Series([_nested_cell(field, value) for value in values], dtype=nested_type(field))


def _nested_cell(field: Field, value: ApiValue) -> _Cell:
    if field.as_ == "text-list":
        return list(cast("Sequence[_Cell]", value or ()))
    if field.as_ != "rows":
        return value
    return [_struct(field.fields, row) for row in cast("Sequence[ApiRow]", value or ())]


def _struct(fields: Mapping[str, Field], row: ApiRow) -> _Struct:
    return {name: _nested_cell(part, row.get(name)) for name, part in fields.items() if part.is_told}
