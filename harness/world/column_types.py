"""Columns from arrays: the one place that knows how each kind of value stands in a polars Series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from typing import Final, cast

import polars as pl

from harness.telephony.attributes import Attribute, AttributeKind
from harness.telephony.records import AttributeValue
from harness.world.random_streams import FlagArray, IntArray

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT_TYPE: Final = pl.Datetime("ms", "UTC")
_POLARS_TYPES: Final[dict[AttributeKind, pl.DataType]] = {
    AttributeKind.TEXT: pl.String(),
    AttributeKind.INTEGER: pl.Int64(),
    AttributeKind.DECIMAL: pl.Float64(),
    AttributeKind.INSTANT: _INSTANT_TYPE,
    AttributeKind.SECONDS: pl.Float64(),
    AttributeKind.FLAG: pl.Boolean(),
    AttributeKind.WORD: pl.String(),
    AttributeKind.TEXT_LIST: pl.List(pl.String()),
}


def null_unless(present: FlagArray, series: pl.Series) -> pl.Series:
    """The series with null where the value is not present."""
    # Most columns are made for the few rows of a page: a query plan would cost more than the work.
    return series.set(pl.Series(~present), None)


def integer_column(values: IntArray, present: FlagArray | None = None) -> pl.Series:
    """A column of integers."""
    series = pl.Series(values, dtype=pl.Int64)
    return series if present is None else null_unless(present, series)


def instant_column(millis: IntArray) -> pl.Series:
    """A column of instants in UTC from milliseconds since 1970; null where negative."""
    return null_unless(millis >= 0, pl.Series(millis, dtype=pl.Int64)).cast(_INSTANT_TYPE)


def seconds_column(millis: IntArray, present: FlagArray | None = None) -> pl.Series:
    """A column of seconds from milliseconds."""
    series = pl.Series(millis / 1000, dtype=pl.Float64)
    return series if present is None else null_unless(present, series)


def money_column(parts: IntArray, present: FlagArray | None = None) -> pl.Series:
    """A column of amounts of money from ten-thousandths of the unit."""
    series = pl.Series(parts / 10_000, dtype=pl.Float64)
    return series if present is None else null_unless(present, series)


def flag_column(values: FlagArray) -> pl.Series:
    """A column of truth values."""
    return pl.Series(values, dtype=pl.Boolean)


def join_texts(*parts: pl.Series | str) -> pl.Series:
    """A column of texts joined from parts; null where a part is null."""
    columns = [pl.Series([part]) if isinstance(part, str) else part.cast(pl.String) for part in parts]
    return reduce(add, columns)


def pad_integers(values: IntArray, width: int) -> pl.Series:
    """A column of integers as text, with leading zeros."""
    return pl.Series(values, dtype=pl.Int64).cast(pl.String).str.zfill(width)


def case_column(otherwise: pl.Series, *cases: tuple[FlagArray, pl.Series]) -> pl.Series:
    """A column with the value of the first case that holds for each row, or the fallback."""
    result = otherwise
    for holds, series in reversed(cases):
        result = series.zip_with(pl.Series(holds), result)
    return result


def column_values(series: pl.Series, kind: AttributeKind) -> list[AttributeValue]:
    """The values of a column as a row shows them."""
    if kind is AttributeKind.INSTANT:
        physical = cast("list[int | None]", series.to_physical().to_list())
        return [None if millis is None else _EPOCH + timedelta(milliseconds=millis) for millis in physical]
    if kind is AttributeKind.TEXT_LIST:
        return [tuple(texts or ()) for texts in series.to_list()]
    return series.to_list()


def column_of_values(values: Sequence[AttributeValue], attribute: Attribute) -> pl.Series:
    """A column of given values."""
    plain = [list(value) if isinstance(value, tuple) else value for value in values]
    if attribute.kind is AttributeKind.DECIMAL or attribute.kind is AttributeKind.SECONDS:
        plain = [None if value is None else float(cast(float, value)) for value in plain]
    return pl.Series(attribute.name, plain, dtype=_POLARS_TYPES[attribute.kind], strict=False)
