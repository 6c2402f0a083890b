"""Formats of a file with rows: one module each, all with the same two functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from harness.generate.formats import csv, native, ndjson, parquet
from harness.generate.rows import RowSet
from harness.specification.model import Listing


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowFormat:
    """A file format for rows: the extension of the file's name, and the bytes of the file."""

    name: str
    says: str
    file_extension: Callable[[Listing], str]
    encode_rows: Callable[[RowSet], bytes]


FORMATS: Final[Mapping[str, RowFormat]] = MappingProxyType(
    {
        made.name: made
        for made in (
            RowFormat(
                name="native",
                says="the API's own: an XML document, or a JSON object a line",
                file_extension=native.file_extension,
                encode_rows=native.encode_rows,
            ),
            RowFormat(
                name="ndjson",
                says="a JSON object a line, values as the API writes them",
                file_extension=ndjson.file_extension,
                encode_rows=ndjson.encode_rows,
            ),
            RowFormat(
                name="csv",
                says="a table, nested rows as JSON",
                file_extension=csv.file_extension,
                encode_rows=csv.encode_rows,
            ),
            RowFormat(
                name="parquet",
                says="a typed table, instants in UTC, nested rows as JSON",
                file_extension=parquet.file_extension,
                encode_rows=parquet.encode_rows,
            ),
        )
    }
)
