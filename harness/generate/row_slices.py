"""The rows of a world as an API lists them, made slice by slice: in memory there is never more than a slice."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from harness.generate.hidden_columns import HiddenEncoder, has_plain_identity
from harness.generate.plain_rows import (
    RowForm,
    check_row_form,
    encode_plain_rows,
    plain_nested_table,
    plain_table,
    rows_head,
    rows_tail,
)
from harness.generate.rows import RowSet, encode_hidden_rows, row_set_of
from harness.specification.access import example_account
from harness.specification.dialect import Dialect, default_zone
from harness.specification.load import Spec
from harness.specification.model import Listing
from harness.telephony.attributes import Grain
from harness.wire.columns.row_bytes import Bytes
from harness.wire.columns.row_cells import RowRules
from harness.wire.columns.row_encoder import RowEncoder
from harness.wire.columns.row_forms import JsonForm, XmlForm
from harness.wire.columns.row_table import TableEncoder
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import carries_text, is_xml
from harness.wire.settled_values import repeated_values
from harness.world.listed_calls import ListedCalls
from harness.world.row_columns import RowColumns
from harness.world.world import World

if TYPE_CHECKING:
    import polars

# Columns of so many rows at once: of fewer the calls of functions cost as much as the work.
_ROWS_AT_ONCE: Final = 1 << 16
_PLAIN_ROWS_AT_ONCE: Final = 1 << 12


@final
@dataclass(frozen=True, slots=True)
class _Encoders:
    """What writes rows of one API, each made when first needed and then kept."""

    rules: RowRules
    namespaces: tuple[tuple[str, str], ...]
    row_element: str | None
    fallbacks: dict[str, str] = field(default_factory=dict)
    rows: dict[str, RowEncoder] = field(default_factory=dict)
    tables: list[TableEncoder] = field(default_factory=list)
    hidden: list[HiddenEncoder] = field(default_factory=list)

    def of_rows(self, form: str) -> RowEncoder:
        """The encoder of rows as XML, where it is the API's own form, or else as lines of JSON."""
        name = "xml" if form == "native" and self.row_element is not None else "json"
        if name not in self.rows:
            row_form = XmlForm(self.row_element or "", self.namespaces) if name == "xml" else JsonForm("\n")
            self.rows[name] = RowEncoder(self.rules, row_form, self.fallbacks)
        return self.rows[name]

    def of_tables(self) -> TableEncoder:
        """The encoder of tables."""
        if not self.tables:
            self.tables.append(TableEncoder(self.rules, self.fallbacks))
        return self.tables[0]

    def of_hidden(self, listing: Listing) -> HiddenEncoder:
        """The encoder of what is hidden of rows."""
        if not self.hidden:
            self.hidden.append(HiddenEncoder(listing, self.rules))
        return self.hidden[0]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowSlices:
    """The rows that an API lists of a world at its instant, in list order, made slice by slice.

    Rows are counted from 0; a slice goes from `first` to `last`, which it does not hold. Raises ValueError for a
    slice that is none of this list, and UsageProblem for an unknown form.
    """

    spec: Spec
    world: World
    dialect: Dialect
    _total: int
    _encoders: _Encoders

    @staticmethod
    def of(spec: Spec, world: World, dialect: Dialect) -> RowSlices:
        """The rows of one API."""
        listing = spec.listing
        lists = listing.lists
        population = ListedCalls(dialect.resolve(lists.calls))
        grain = Grain(lists.one_row_per)
        rules = RowRules(
            grain=grain,
            fields=listing.fields,
            zone=default_zone(listing, dialect),
            choices=dialect,
            text_carried=carries_text(listing),
            unset=dialect.resolve(listing.outcome.unset),
            repeated=dict(repeated_values(listing, ListRequest(), example_account(listing.access))),
        )
        encoders = _Encoders(
            rules=rules,
            namespaces=tuple(lists.namespaces.items()),
            row_element=lists.row_element if is_xml(listing) else None,
        )
        total = world.count(grain, population, world.instant)
        return RowSlices(spec=spec, world=world, dialect=dialect, _total=total, _encoders=encoders)

    def __len__(self) -> int:
        return self._total

    @property
    def fallbacks(self) -> Mapping[str, str]:
        """The columns that were made row by row so far, with the reason."""
        return MappingProxyType(self._encoders.fallbacks)

    def row_set(self, first: int, last: int) -> RowSet:
        """Some rows one by one: records, shown values, trees."""
        self._check_slice(first, last)
        return row_set_of(self.spec, self.world, self.dialect, rows=slice(first, last))

    def encode(self, form: str, first: int, last: int) -> bytes:
        """The bytes of some rows alone; `form` is "native", "ndjson" or "csv"."""
        # Holds them once: a list of blocks would hold them twice while they are joined.
        target = io.BytesIO()
        for block in self.blocks(form, first, last):
            target.write(block)
        return target.getvalue()

    def blocks(self, form: str, first: int, last: int) -> Iterator[Bytes]:
        """The same bytes, some thousand rows at a time."""
        chosen = check_row_form(form)
        self._check_slice(first, last)
        if not self._has_columns(chosen):
            return (
                encode_plain_rows(self.row_set(start, min(start + _PLAIN_ROWS_AT_ONCE, last)), chosen)
                for start in range(first, last, _PLAIN_ROWS_AT_ONCE)
            )
        encoders = self._encoders
        encode = encoders.of_tables().encode_lines if chosen == "csv" else encoders.of_rows(chosen).encode
        return (block for columns in self._columns(first, last) for block in encode(columns))

    def encode_hidden(self, first: int, last: int) -> bytes:
        """What the API hides of some rows: an object a line, see `encode_hidden_rows`."""
        self._check_slice(first, last)
        if not self._has_columns("ndjson") or not has_plain_identity(self.spec.listing):
            return encode_hidden_rows(self.row_set(first, last))
        encoder = self._encoders.of_hidden(self.spec.listing)
        return b"".join(encoder.encode(columns) for columns in self._columns(first, last))

    def head(self, form: str) -> bytes:
        """What stands in a file before the first of all rows."""
        return rows_head(self.spec.listing, self.dialect, check_row_form(form), len(self))

    def tail(self, form: str) -> bytes:
        """What stands in a file after the last of all rows."""
        return rows_tail(self.spec.listing, self.dialect, check_row_form(form), len(self))

    def table(self, first: int, last: int) -> polars.DataFrame:
        """Some rows as a typed table: instants in UTC, numbers as numbers, none as null, nested rows as JSON."""
        self._check_slice(first, last)
        if first == last or not self._has_columns("csv"):
            return plain_table(self.row_set(first, last))
        import polars

        encoder = self._encoders.of_tables()
        return polars.concat([encoder.table(columns) for columns in self._columns(first, last)])

    def nested_table(self, first: int, last: int) -> polars.DataFrame:
        """The same with lists as lists, those of nested rows with a struct for each."""
        self._check_slice(first, last)
        if first == last or not self._has_columns("csv"):
            return plain_nested_table(self.row_set(first, last))
        import polars

        encoder = self._encoders.of_tables()
        return polars.concat([encoder.nested_table(columns) for columns in self._columns(first, last)])

    def _has_columns(self, form: RowForm) -> bool:
        """Whether these rows are made as columns: those of given calls are not, nor rows that are texts in XML."""
        as_objects = self.spec.listing.lists.row_values == "object" or form != "native"
        return not self.world.given and (as_objects or self._encoders.row_element is None)

    def _columns(self, first: int, last: int) -> Iterator[RowColumns]:
        listing = self.spec.listing
        population = ListedCalls(self.dialect.resolve(listing.lists.calls))
        for start in range(first, last, _ROWS_AT_ONCE):
            end = min(start + _ROWS_AT_ONCE, last)
            grain = self._encoders.rules.grain
            columns = self.world.row_columns(grain, population, self.world.instant, start, end)
            if columns is not None:
                yield columns

    def _check_slice(self, first: int, last: int) -> None:
        if not 0 <= first <= last <= len(self):
            raise ValueError(f"rows {first} to {last} are no slice of a list of {len(self)} rows")
