"""Formats of a file with rows: one module each, all of them a `RowFormat`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.generate.formats.csv import CSV
from harness.generate.formats.native import NATIVE
from harness.generate.formats.ndjson import NDJSON
from harness.generate.formats.parquet import PARQUET
from harness.generate.formats.row_format import RowFormat

FORMATS: Final[Mapping[str, RowFormat]] = MappingProxyType(
    {made.name: made for made in (NATIVE, NDJSON, CSV, PARQUET)}
)
