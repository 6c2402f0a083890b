"""From arrays to columns: the one place that says how a kind of value stands in a polars Series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from typing import Final, cast

import polars as pl

from harness.telephony.attributes import Attribute, Kind
from harness.telephony.records import Value
from harness.world.random_streams import Flags, Ints

_ZERO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT: Final = pl.Datetime("ms", "UTC")
_TYPES: Final[dict[Kind, pl.DataType]] = {
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.DECIMAL: pl.Float64(),
    Kind.INSTANT: _INSTANT,
    Kind.SECONDS: pl.Float64(),
    Kind.FLAG: pl.Boolean(),
    Kind.WORD: pl.String(),
    Kind.TEXT_LIST: pl.List(pl.String()),
}


def where(present: Flags, series: pl.Series) -> pl.Series:
    """The series with none where the value is not present."""
    # Most columns are made for the few rows of a page: a query plan would cost more than the work.
    return series.set(pl.Series(~present), None)


def integers(values: Ints, present: Flags | None = None) -> pl.Series:
    """Whole numbers."""
    series = pl.Series(values, dtype=pl.Int64)
    return series if present is None else where(present, series)


def instants(millis: Ints) -> pl.Series:
    """Instants from milliseconds since 1970; none where negative."""
    return where(millis >= 0, pl.Series(millis, dtype=pl.Int64)).cast(_INSTANT)


def seconds(millis: Ints, present: Flags | None = None) -> pl.Series:
    """Seconds from milliseconds."""
    series = pl.Series(millis / 1000, dtype=pl.Float64)
    return series if present is None else where(present, series)


def money(parts: Ints, present: Flags | None = None) -> pl.Series:
    """Money from its ten-thousandths."""
    series = pl.Series(parts / 10_000, dtype=pl.Float64)
    return series if present is None else where(present, series)


def flags(values: Flags) -> pl.Series:
    """Truth values."""
    return pl.Series(values, dtype=pl.Boolean)


def joined(*parts: pl.Series | str) -> pl.Series:
    """Texts side by side; none where a part is none."""
    columns = [pl.Series([part]) if isinstance(part, str) else part.cast(pl.String) for part in parts]
    return reduce(add, columns)


def padded(values: Ints, width: int) -> pl.Series:
    """Whole numbers with leading zeros."""
    return pl.Series(values, dtype=pl.Int64).cast(pl.String).str.zfill(width)


def choice(otherwise: pl.Series, *cases: tuple[Flags, pl.Series]) -> pl.Series:
    """For each row the value of the first case that holds, or the last resort."""
    result = otherwise
    for holds, series in reversed(cases):
        result = series.zip_with(pl.Series(holds), result)
    return result


def values_of(series: pl.Series, kind: Kind) -> list[Value]:
    """The values of a column as a row shows them."""
    if kind is Kind.INSTANT:
        physical = cast("list[int | None]", series.to_physical().to_list())
        return [None if millis is None else _ZERO + timedelta(milliseconds=millis) for millis in physical]
    if kind is Kind.TEXT_LIST:
        return [tuple(texts or ()) for texts in series.to_list()]
    return series.to_list()


def series_of(values: Sequence[Value], attribute: Attribute) -> pl.Series:
    """A column of given values."""
    plain = [list(value) if isinstance(value, tuple) else value for value in values]
    if attribute.kind is Kind.DECIMAL or attribute.kind is Kind.SECONDS:
        plain = [None if value is None else float(cast(float, value)) for value in plain]
    return pl.Series(attribute.name, plain, dtype=_TYPES[attribute.kind], strict=False)
