"""The rows that an API lists of a world at one instant: as records, as shown values, and as trees."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast, final

from harness.specification.access import example_account
from harness.specification.dialect import Dialect, default_zone
from harness.specification.field_path import AttributePath, FieldPath
from harness.specification.load import Spec
from harness.specification.model import Listing
from harness.telephony.attributes import Grain
from harness.telephony.records import Record
from harness.wire.decoded_body import Tree
from harness.wire.id_forms import hidden_ids
from harness.wire.json_body import encode_json
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import carries_text
from harness.wire.row_codec import UTC_ZONE, ApiRow, ApiValue, encode_row, row_values_at, show_record
from harness.wire.settled_values import repeated_values
from harness.wire.time_codecs import encode_instant
from harness.world.customers import Customers
from harness.world.listed_calls import ListedCalls


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowSet:
    """The rows of one listing, in order of time; the three tuples run side by side."""

    listing: Listing
    dialect: Dialect
    records: tuple[Record, ...]
    rows: tuple[ApiRow, ...]
    trees: tuple[Mapping[str, Tree], ...]

    def __len__(self) -> int:
        return len(self.trees)

    def with_identities(self, identities: frozenset[ApiValue]) -> RowSet:
        """The rows with these identities."""
        name = self.listing.lists.identity
        kept = [index for index, row in enumerate(self.rows) if row.get(name) in identities]
        return RowSet(
            listing=self.listing,
            dialect=self.dialect,
            records=tuple(self.records[index] for index in kept),
            rows=tuple(self.rows[index] for index in kept),
            trees=tuple(self.trees[index] for index in kept),
        )

    def values_at(self, index: int, path: FieldPath) -> tuple[Any, ...]:
        """The values of one row at a path of the spec, hidden ones included; empty where it has none."""
        if path.hidden:
            hidden = self.listing.hidden[path.head]
            words: Mapping[Any, str] = hidden.words
            found = hidden_ids(hidden, attribute_values_of(self.records[index], hidden.holds))
            return tuple(words.get(value, value) for value in found if value is not None)
        return tuple(value for value in row_values_at(self.rows[index], path) if value is not None)


class RowWorld(Protocol):
    """A world as rows are made of it: its instant, who owns calls, and its records."""

    @property
    def instant(self) -> datetime: ...

    @property
    def customers(self) -> Customers: ...

    @property
    def home_customer_id(self) -> int: ...

    def records(
        self,
        grain: Grain,
        population: ListedCalls,
        at: datetime,
        *,
        rows: slice | None = None,
        attributes: Collection[str] | None = None,
    ) -> Sequence[Record]: ...


def row_set_of(spec: Spec, world: RowWorld, dialect: Dialect, *, rows: slice | None = None) -> RowSet:
    """The rows of the world at its instant as the API shows them, of all customers; `rows` selects some by place."""
    listing = spec.listing
    population = ListedCalls(dialect.resolve(listing.lists.calls))
    records = tuple(world.records(Grain(listing.lists.one_row_per), population, world.instant, rows=rows))
    zone = default_zone(listing, dialect)
    shown = tuple(show_record(listing.fields, record, zone=zone) for record in records)
    repeated = dict(repeated_values(listing, ListRequest(), example_account(listing.access)))
    trees = tuple(
        encode_row(
            listing.fields,
            row,
            zone=zone,
            choices=dialect,
            text_carried=carries_text(listing),
            unset=dialect.resolve(listing.outcome.unset),
            repeated=repeated,
        )
        for row in shown
    )
    return RowSet(listing=listing, dialect=dialect, records=records, rows=shown, trees=trees)


def encode_hidden_rows(rows: RowSet) -> bytes:
    """The hidden attributes of rows as NDJSON: identity, hidden values, and owners of each row.

    Empty where the API hides nothing. With it a checker knows what filters on hidden attributes must keep.
    """
    listing = rows.listing
    scope = listing.scope
    owners = scope.owner_attributes if scope is not None else ()
    if not listing.hidden and not owners:
        return b""
    lines: list[bytes] = []
    for index, tree in enumerate(rows.trees):
        hidden: dict[str, Tree] = {
            name: [plain_hidden_value(value) for value in rows.values_at(index, FieldPath((name,), hidden=True))]
            for name in listing.hidden
        }
        line: dict[str, Tree] = {"identity": tree[listing.lists.identity], "hidden": hidden}
        if owners:
            found = (value for path in owners for value in attribute_values_of(rows.records[index], path))
            line["owners"] = [value for value in found if value is not None]
        lines.append(encode_json(line) + b"\n")
    return b"".join(lines)


def plain_hidden_value(value: Any) -> Tree:
    """A hidden value as JSON holds it; an instant as RFC 3339 writes it."""
    return encode_instant(value, "rfc3339", UTC_ZONE) if isinstance(value, datetime) else cast(Tree, value)


def attribute_values_of(record: Mapping[str, Any], path: AttributePath) -> tuple[Any, ...]:
    """The values of a telephony attribute, those in every nested record among them."""
    value, inner = record.get(path.head), path.inner
    if inner is not None:
        return tuple(found for nested in value or () for found in attribute_values_of(nested, inner))
    return value if isinstance(value, tuple) else (value,)
