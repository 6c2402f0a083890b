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
class Format:
    """A way to write rows: the end of the file's name, and the bytes."""

    name: str
    says: str
    extension: Callable[[Listing], str]
    encode: Callable[[RowSet], bytes]


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        made.name: made
        for made in (
            Format(
                name="native",
                says="the API's own: an XML document, or a JSON object a line",
                extension=native.extension,
                encode=native.encode,
            ),
            Format(
                name="ndjson",
                says="a JSON object a line, values as the API writes them",
                extension=ndjson.extension,
                encode=ndjson.encode,
            ),
            Format(
                name="csv",
                says="a table, nested rows as JSON",
                extension=csv.extension,
                encode=csv.encode,
            ),
            Format(
                name="parquet",
                says="a typed table, instants in UTC, nested rows as JSON",
                extension=parquet.extension,
                encode=parquet.encode,
            ),
        )
    }
)
