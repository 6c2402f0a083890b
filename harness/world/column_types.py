"""Columns of numbers from arrays, and what a polars Series holds of each kind of value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import numpy as np
import polars as pl

from harness.telephony.attributes import Attribute, AttributeKind
from harness.telephony.columns import NumberColumn
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


def integer_column(values: IntArray, present: FlagArray | None = None) -> NumberColumn:
    """A column of integers."""
    return NumberColumn(AttributeKind.INTEGER, values, present)


def instant_column(millis: IntArray) -> NumberColumn:
    """A column of instants in UTC from milliseconds since 1970; none where negative."""
    known = millis >= 0
    return NumberColumn(AttributeKind.INSTANT, millis, None if known.all() else known)


def seconds_column(millis: IntArray, present: FlagArray | None = None) -> NumberColumn:
    """A column of seconds from milliseconds."""
    return NumberColumn(AttributeKind.SECONDS, millis, present)


def money_column(parts: IntArray, present: FlagArray | None = None) -> NumberColumn:
    """A column of amounts of money from ten-thousandths of the unit."""
    return NumberColumn(AttributeKind.DECIMAL, parts, present)


def flag_column(values: FlagArray) -> NumberColumn:
    """A column of truth values."""
    return NumberColumn(AttributeKind.FLAG, values.astype(np.int64))


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
