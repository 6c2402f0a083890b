"""The world at one instant as an API shows it, every row as values: the plain way to an answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar, final

from harness.serve.faults.hooks import RowTree
from harness.serve.query.table import Comparable, Table
from harness.serve.row_writer import RowVariant, RowWriter, build_row_tree, values_at_path
from harness.specification.dialect import Dialect, default_zone
from harness.specification.field_path import AttributePath, FieldPath, ValuePath
from harness.specification.model import Listing
from harness.telephony.records import Record
from harness.wire.row_codec import ApiRow, show_record

T = TypeVar("T")

_MAX_VARIANTS: Final = 8


@final
class InstantView:
    """A table of the rows at an instant, and the rows that are encoded already."""

    def __init__(self, listing: Listing, records: Sequence[Record], at: datetime, dialect: Dialect) -> None:
        self.at = at
        self._listing = listing
        self._dialect = dialect
        self._records = records
        zone = default_zone(listing, dialect)
        self._rows: list[ApiRow] = [show_record(listing.fields, record, zone=zone) for record in self._records]
        self._row_trees: OrderedDict[RowVariant, dict[int, RowTree]] = OrderedDict()
        self._row_bodies: OrderedDict[RowVariant, dict[int, bytes]] = OrderedDict()
        self.call_path = AttributePath(("call_ref",)) if listing.lists.one_row_per == "leg" else None
        self.table = Table(
            len(self._rows),
            identity=FieldPath.of(listing.lists.identity),
            values=self._values_at,
            owners=self._owner_values,
        )

    def _values_at(self, path: ValuePath | None) -> Sequence[Sequence[Comparable | None]]:
        if path is None:
            return [(row,) for row in range(len(self._rows))]
        return [
            values_at_path(self._listing, self._dialect, path, record, row)
            for record, row in zip(self._records, self._rows, strict=True)
        ]

    def _owner_values(self) -> Sequence[Sequence[Comparable | None]]:
        scope = self._listing.scope
        paths: list[ValuePath] = [] if scope is None else [*scope.owners, *scope.owner_attributes]
        columns = [self._values_at(path) for path in paths]
        return [tuple(value for column in columns for value in column[row]) for row in range(len(self._rows))]

    def row_at(self, row: int) -> ApiRow:
        """A row as values."""
        return self._rows[row]

    def row_tree(self, row: int, variant: RowVariant) -> RowTree:
        """The tree of a row."""
        written = _cached_variant(self._row_trees, variant)
        found = written.get(row)
        if found is None:
            found = written[row] = build_row_tree(self._listing, self._dialect, self._rows[row], variant)
        return found

    def row_bodies(self, rows: Sequence[int], variant: RowVariant, writer: RowWriter) -> list[bytes]:
        """The encoded rows, in the order of `rows`."""
        written = _cached_variant(self._row_bodies, variant)
        missing = [row for row in dict.fromkeys(rows) if row not in written]
        if missing:
            trees = [build_row_tree(self._listing, self._dialect, self._rows[row], variant) for row in missing]
            written.update(zip(missing, writer.encode_row_trees(trees), strict=True))
        return [written[row] for row in rows]


def _cached_variant(variants: OrderedDict[RowVariant, dict[int, T]], variant: RowVariant) -> dict[int, T]:
    """The cached rows of one variant; only the last few variants stay cached."""
    found = variants.get(variant)
    if found is None:
        found = variants[variant] = {}
        while len(variants) > _MAX_VARIANTS:
            variants.popitem(last=False)
    return found
