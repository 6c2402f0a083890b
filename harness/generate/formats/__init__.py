"""Formats of files, one module each: of rows and call records (`RowFormat`) and of exchanges (`ExchangeFormat`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from harness.generate.formats.arrow import ARROW
from harness.generate.formats.asterisk_csv import ASTERISK_CSV
from harness.generate.formats.csv import CSV, SAFE_CSV
from harness.generate.formats.exchange_format import ExchangeFormat
from harness.generate.formats.freeswitch_json import FREESWITCH_JSON
from harness.generate.formats.har import HAR
from harness.generate.formats.native import NATIVE
from harness.generate.formats.ndjson import NDJSON
from harness.generate.formats.parquet import PARQUET
from harness.generate.formats.postman import POSTMAN
from harness.generate.formats.responses_module import RESPONSES
from harness.generate.formats.row_format import RowFormat
from harness.generate.formats.sql import SQL
from harness.generate.formats.sqlite import SQLITE
from harness.generate.formats.vcr_cassette import VCR
from harness.generate.formats.wiremock import WIREMOCK

ROW_FORMATS: Final[Mapping[str, RowFormat]] = MappingProxyType(
    {
        made.name: made
        for made in (
            *(NATIVE, NDJSON, CSV, SAFE_CSV, PARQUET, ARROW, SQLITE, SQL),
            *(ASTERISK_CSV, FREESWITCH_JSON),
        )
    }
)
EXCHANGE_FORMATS: Final[Mapping[str, ExchangeFormat]] = MappingProxyType(
    {made.name: made for made in (HAR, VCR, RESPONSES, WIREMOCK, POSTMAN)}
)
FORMATS: Final[Mapping[str, RowFormat | ExchangeFormat]] = MappingProxyType({**ROW_FORMATS, **EXCHANGE_FORMATS})
"""Every format by its name on the command line."""
