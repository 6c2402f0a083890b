"""The rows of a world as an API lists them, made slice by slice: in memory there is never more than a slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, final

from harness.generate.plain_rows import check_row_form, encode_plain_rows, plain_table, rows_head, rows_tail
from harness.generate.rows import RowSet, row_set_of
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.telephony.attributes import Grain
from harness.world.listed_calls import ListedCalls
from harness.world.world import World

if TYPE_CHECKING:
    import polars

_NO_FALLBACKS: Mapping[str, str] = MappingProxyType({})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowSlices:
    """The rows that an API lists of a world at its instant, in list order, made slice by slice.

    Rows are counted from 0; a slice goes from `first` to `last`, which it does not hold. Raises ValueError for a
    slice that is none of this list, and UsageProblem for an unknown form.
    `fallbacks` names the columns that are made row by row, with the reason.
    """

    spec: Spec
    world: World
    dialect: Dialect
    fallbacks: Mapping[str, str] = field(default_factory=lambda: _NO_FALLBACKS)
    _total: int

    @staticmethod
    def of(spec: Spec, world: World, dialect: Dialect) -> RowSlices:
        """The rows of one API."""
        lists = spec.listing.lists
        population = ListedCalls(dialect.resolve(lists.calls))
        total = world.count(Grain(lists.one_row_per), population, world.instant)
        return RowSlices(spec=spec, world=world, dialect=dialect, _total=total)

    def __len__(self) -> int:
        return self._total

    def row_set(self, first: int, last: int) -> RowSet:
        """Some rows one by one: records, shown values, trees."""
        self._check_slice(first, last)
        return row_set_of(self.spec, self.world, self.dialect, rows=slice(first, last))

    def encode(self, form: str, first: int, last: int) -> bytes:
        """The bytes of some rows alone; `form` is "native", "ndjson" or "csv"."""
        chosen = check_row_form(form)
        return encode_plain_rows(self.row_set(first, last), chosen)

    def head(self, form: str) -> bytes:
        """What stands in a file before the first of all rows."""
        return rows_head(self.spec.listing, self.dialect, check_row_form(form), len(self))

    def tail(self, form: str) -> bytes:
        """What stands in a file after the last of all rows."""
        return rows_tail(self.spec.listing, self.dialect, check_row_form(form), len(self))

    def table(self, first: int, last: int) -> polars.DataFrame:
        """Some rows as a typed table: instants in UTC, numbers as numbers, none as null, nested rows as JSON."""
        return plain_table(self.row_set(first, last))

    def _check_slice(self, first: int, last: int) -> None:
        if not 0 <= first <= last <= len(self):
            raise ValueError(f"rows {first} to {last} are no slice of a list of {len(self)} rows")
