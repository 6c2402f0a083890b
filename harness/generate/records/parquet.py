"""Records as a Parquet file whose columns are attributes of a call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Final

import polars as pl

from harness.errors import UsageProblem
from harness.generate.records.attribute_columns import CALL_COLUMNS, call_of_columns
from harness.generate.records.source_call import BadRecord, SourceCall, UnusableRecord

_ROWS_AT_ONCE: Final = 20_000


def read_parquet(file: Path, *, zone: tzinfo) -> Iterator[SourceCall | BadRecord]:
    """The calls of a file, row by row, a slice at a time. Raises UsageProblem for what is no Parquet file."""
    columns = [name for name in columns_of_parquet(file) if name in CALL_COLUMNS]
    frame = pl.scan_parquet(file).select(columns)
    place = 0
    while True:
        rows = frame.slice(place, _ROWS_AT_ONCE).collect()
        if not rows.height:
            return
        for row in rows.iter_rows(named=True):
            place += 1
            try:
                yield call_of_columns(place, row, zone=zone)
            except UnusableRecord as problem:
                yield BadRecord(place, str(problem))


def columns_of_parquet(file: Path) -> tuple[str, ...]:
    """The names of the columns of a file. Raises UsageProblem for what is no Parquet file."""
    try:
        return tuple(pl.read_parquet_schema(file))
    except (OSError, pl.exceptions.PolarsError):
        raise UsageProblem(f"--from {file}", "a Parquet file", "something else") from None
