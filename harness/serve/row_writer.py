"""Rows as an API shows them: values to compare by, trees, and bytes to send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast, final
from zoneinfo import ZoneInfo

from harness.serve.query.table import Comparable
from harness.specification.dialect import Dialect
from harness.specification.field_path import AttributePath, FieldPath, ValuePath
from harness.specification.model import Field, Listing
from harness.wire.csv_body import encode_csv_lines
from harness.wire.decoded_body import Tree
from harness.wire.id_forms import hidden_ids
from harness.wire.json_body import MISSING, Missing, encode_json, put_value
from harness.wire.response_codec import Headers, carries_text, encode_response, is_csv, is_xml, listed_row
from harness.wire.row_codec import ApiRow, encode_absent, encode_row, field_at, row_values_at
from harness.wire.row_objects import places_in_tree

if TYPE_CHECKING:
    from harness.serve.query.query_builder import AnswerPlan

# In JSON no text can hold an unescaped quotation mark, in XML none an element: it stands where it was put.
_PLACEHOLDER_MARK: Final = "\ue000"


class RowVariant(NamedTuple):
    """What the bytes of a row depend on besides its record.

    The zone, the parts left out or shown empty, and the values of the request that rows repeat.
    """

    zone: ZoneInfo
    omitted_parts: frozenset[FieldPath]
    emptied_parts: frozenset[FieldPath]
    repeated: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def of(plan: AnswerPlan) -> RowVariant:
        """The variant of the rows of an answer."""
        return RowVariant(plan.zone, plan.omitted_parts, plan.emptied_parts, plan.repeated)


def value_for_none(field: Field | None, dialect: Dialect) -> int | None:
    """The number that none compares as: 0 where the API writes none as 0."""
    return 0 if field is not None and field.as_ == "integer" and dialect.resolve(field.absent) == "zero" else None


def values_at_path(
    listing: Listing, dialect: Dialect, path: ValuePath, record: Mapping[str, Any], row: ApiRow
) -> tuple[Comparable | None, ...]:
    """The values that a row has at a path of the spec: of a field, shown or hidden, or of an attribute."""
    if isinstance(path, AttributePath):
        return attribute_values(record, path)
    if path.hidden:
        hidden = listing.hidden[path.head]
        found = hidden_ids(hidden, attribute_values(record, hidden.holds))
        if hidden.words:
            words: Mapping[Any, str] = hidden.words
            return tuple(words.get(value) for value in found)
        return found
    none = value_for_none(field_at(listing.fields, path), dialect)
    # A list of texts has each of them for a value.
    shown = (one for value in row_values_at(row, path) for one in (value if isinstance(value, tuple) else (value,)))
    return tuple(none if value is None else cast(Comparable, value) for value in shown)


def attribute_values(record: Mapping[str, Any], path: AttributePath) -> tuple[Comparable | None, ...]:
    """The values of a telephony attribute, also inside nested rows."""
    value, inner = record.get(path.head), path.inner
    if inner is not None:
        return tuple(found for nested in value or () for found in attribute_values(nested, inner))
    return value if isinstance(value, tuple) else (value,)


def build_row_tree(listing: Listing, dialect: Dialect, row: ApiRow, variant: RowVariant) -> dict[str, Tree]:
    """The tree of a row, with the parts that its variant leaves out or empties."""
    nested = {path for path in variant.omitted_parts | variant.emptied_parts if path.inner is not None}
    tree = encode_row(
        listing.fields,
        row,
        zone=variant.zone,
        choices=dialect,
        text_carried=carries_text(listing),
        without={path.head for path in variant.omitted_parts - nested},
        unset=dialect.resolve(listing.outcome.unset),
        repeated=dict(variant.repeated),
    )
    for path in variant.emptied_parts - nested:
        empty = _empty_part(listing, path)
        for holder, key in places_in_tree(tree, path):
            holder[key] = empty
    for path in nested:
        for holder, key in places_in_tree(tree, path):
            del holder[key]
    return tree


def _empty_part(listing: Listing, path: FieldPath) -> Tree:
    """What stands in place of a part that a switch leaves out, where it is there all the same."""
    include = next((one for one in listing.includes if path in one.adds), None)
    field = field_at(listing.fields, path)
    how = include.off[0] if include is not None else "empty"
    if field is None or (how == "empty" and field.as_ == "object"):
        return []
    empty = encode_absent(field, how, text_carried=carries_text(listing))
    return [] if isinstance(empty, Missing) else empty


@final
class Envelope(NamedTuple):
    """The bytes of an answer before its rows and after them."""

    media_type: str
    head: bytes
    tail: bytes
    headers: Headers = ()


@final
@dataclass(frozen=True, slots=True)
class RowWriter:
    """Writes answers from rows that are bytes already; the bytes are those that `encode_response` makes."""

    listing: Listing
    _head: bytes
    _tail: bytes
    _mark: bytes

    @staticmethod
    def of(listing: Listing) -> RowWriter:
        """The writer of a listing."""
        if not is_xml(listing):
            return RowWriter(listing, b"", b"", encode_json(RowWriter.row_placeholder()))
        tree = put_value(MISSING, listing.lists.rows_at, [RowWriter.row_placeholder()])
        _, body = encode_response(listing, tree)
        element = listing.lists.row_element or ""
        mark = f"<{element}><m>{_PLACEHOLDER_MARK}</m></{element}>".encode()
        head, _, tail = body.partition(mark)
        return RowWriter(listing, head, tail, mark)

    @staticmethod
    def row_placeholder() -> Tree:
        """A tree that stands for all rows of an answer."""
        return {"m": _PLACEHOLDER_MARK}

    def encode_row_tree(self, tree: Tree) -> bytes:
        """The bytes of one row."""
        if is_csv(self.listing):
            return encode_csv_lines(tuple(self.listing.fields), [tree])
        tree = listed_row(self.listing, tree)
        if not is_xml(self.listing):
            return encode_json(tree)
        _, body = encode_response(self.listing, put_value(MISSING, self.listing.lists.rows_at, [tree]))
        return body[len(self._head) : len(body) - len(self._tail)]

    def encode_row_trees(self, trees: Sequence[Tree]) -> list[bytes]:
        """The bytes of each of many rows."""
        if not is_xml(self.listing) or len(trees) < 2:
            return [self.encode_row_tree(tree) for tree in trees]
        # Written in one go, with something between that no row can hold.
        apart = [part for tree in trees for part in (listed_row(self.listing, tree), RowWriter.row_placeholder())]
        _, body = encode_response(self.listing, put_value(MISSING, self.listing.lists.rows_at, apart))
        return body[len(self._head) : len(body) - len(self._tail)].split(self._mark)[:-1]

    def split_envelope(self, tree: Tree, headers: Headers = ()) -> Envelope:
        """The bytes of an answer around its rows; the placeholder in its tree is where rows go, if there are any."""
        if is_csv(self.listing):
            media_type, head = encode_response(self.listing, [])
            return Envelope(media_type, head, b"", headers)
        media_type, body = encode_response(self.listing, tree)
        head, _, tail = body.partition(self._mark)
        return Envelope(media_type, head, tail, headers)

    def fill_envelope(self, around: Envelope, rows: Sequence[bytes]) -> bytes:
        """The body of an answer: the envelope with rows in their place."""
        return b"".join((around.head, (b"" if carries_text(self.listing) else b",").join(rows), around.tail))
