"""Rows of ended calls made from columns: whole blocks of neighbours at once, of which pages take what they show.

A block costs about what twenty rows cost that are made one by one, and keeps but the places of its pieces; a row is
put together when it is asked for. In idle time blocks are made before anybody asks for them. `RowIndex` makes row by
row what has no columns.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, final

import numpy as np

from harness.serve.index.row_order import RenderedRow
from harness.serve.query.table import Comparable
from harness.serve.row_writer import RowVariant, values_at_path
from harness.specification.dialect import Dialect, default_zone
from harness.specification.field_path import FieldPath
from harness.specification.model import Field, Listing
from harness.telephony.attributes import ATTRIBUTES, Grain
from harness.telephony.columns import Column, Integers, column_at_places
from harness.wire.columns.column_source import NotVectorised
from harness.wire.columns.field_columns import field_column
from harness.wire.columns.row_block import RowBlock
from harness.wire.columns.row_cells import RowRules, plain_records
from harness.wire.columns.row_encoder import RowEncoder
from harness.wire.columns.row_forms import JsonForm, XmlForm
from harness.wire.columns.row_pieces import PieceMaker
from harness.wire.columns.row_texts import Texts
from harness.wire.response_codec import carries_text, is_csv, is_xml
from harness.wire.row_codec import show_record
from harness.world.ordered_rows import OrderedRowTable

_BLOCK_ROWS: Final = 8192
_NESTING_BLOCK_ROWS: Final = 512
# Fewer rows of a block are made one by one in less time.
_FEWEST_BLOCK_ROWS: Final = 8
_FEWEST_SCATTERED_ROWS: Final = 24
_BLOCK_BYTES: Final = 40 * 2**20
_MAX_ENCODERS: Final = 8


@final
@dataclass(frozen=True, slots=True)
class _IdentityColumn:
    """The attribute that tells rows from others, as a source of columns."""

    name: str
    values: Column

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> Column:
        if name != self.name:
            raise KeyError(name)
        return self.values


@final
@dataclass(frozen=True, slots=True)
class _Block:
    """Rows, and their identities: as texts where each shows one, else the attribute that they come from."""

    rows: RowBlock
    identities: RowBlock | Column

    @property
    def texts(self) -> set[Texts]:
        """The texts that both are made of."""
        return self.rows.texts | (self.identities.texts if isinstance(self.identities, RowBlock) else set())

    @property
    def code_bytes(self) -> int:
        """The memory of all but the texts, in bytes."""
        own = self.identities.code_bytes if isinstance(self.identities, RowBlock) else 8 * len(self.rows)
        return self.rows.code_bytes + own


@final
class RowBlocks:
    """The blocks of one API over one timeline, bounded by bytes; those that were not used for long go first."""

    def __init__(self, listing: Listing, dialect: Dialect, timeline: OrderedRowTable) -> None:
        self._listing = listing
        self._dialect = dialect
        self._timeline = timeline
        self._grain = Grain(listing.lists.one_row_per)
        self._identity = _plain_identity(listing, self._grain)
        self._plain_texts = PieceMaker(str, str)
        self._encoders: OrderedDict[RowVariant, RowEncoder | None] = OrderedDict()
        self._blocks: OrderedDict[tuple[RowVariant, int], _Block] = OrderedDict()
        self._block_bytes = 0
        self._lock = Lock()
        # What rows were asked for last, and below which of their blocks none was made ahead.
        self._asked: RowVariant | None = None
        self._ahead = 0
        # How many blocks hold texts, and the bytes of these, by the texts.
        self._text_uses: dict[Texts, tuple[int, int]] = {}

    @property
    def memory(self) -> int:
        """About how many bytes the blocks take."""
        return self._block_bytes

    def render_rows(self, rows: Sequence[int], variant: RowVariant) -> dict[int, RenderedRow]:
        """Such of the rows as are quickly made from columns, by number; the others are left to the caller."""
        with self._lock:
            encoder = self._encoder(variant)
            return {} if encoder is None else self._render_by(encoder, rows, variant)

    def _render_by(self, encoder: RowEncoder, rows: Sequence[int], variant: RowVariant) -> dict[int, RenderedRow]:
        size = _size_of_blocks(encoder)
        if variant != self._asked and not variant.repeated:
            self._asked, self._ahead = variant, -(-len(self._timeline) // size)
        by_block: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            by_block[row // size].append(row)
        found: dict[int, RenderedRow] = {}
        scattered: list[int] = []
        for number, some in by_block.items():
            block = self._blocks.get((variant, number))
            if block is not None:
                self._blocks.move_to_end((variant, number))
            elif len(some) >= _FEWEST_BLOCK_ROWS and not variant.repeated:
                block = self._make_block(encoder, self._rows_of_block(number, size))
                self._keep((variant, number), block)
            if block is None:
                scattered += some
            else:
                found |= self._rendered(block, some, number * size)
        if len(scattered) >= _FEWEST_SCATTERED_ROWS:
            block = self._make_block(encoder, np.asarray(scattered, dtype=np.int64))
            rendered = self._rendered(block, range(len(scattered)), 0)
            found.update(zip(scattered, rendered.values(), strict=True))
        return found

    def make_ahead(self) -> bool:
        """Make a block that nobody asked for yet, as rows were asked for last, of the latest rows that have none.

        False where there is none to make, or no room for it: no other goes for it.
        """
        with self._lock:
            encoder = None if self._asked is None else self._encoder(self._asked)
            if encoder is None or self._asked is None:
                return False
            while self._ahead > 0 and self._has_room():
                self._ahead -= 1
                key = self._asked, self._ahead
                if key not in self._blocks:
                    rows = self._rows_of_block(self._ahead, _size_of_blocks(encoder))
                    self._keep(key, self._make_block(encoder, rows))
                    # It goes before those that somebody asked for.
                    self._blocks.move_to_end(key, last=False)
                    return True
            return False

    def _has_room(self) -> bool:
        """Whether one more block, of the size that they have on average, fits in beside them."""
        return self._block_bytes + self._block_bytes // max(len(self._blocks), 1) <= _BLOCK_BYTES

    # --- blocks ---------------------------------------------------------------------------------------------

    def _rows_of_block(self, number: int, size: int) -> Integers:
        return np.arange(number * size, min((number + 1) * size, len(self._timeline)), dtype=np.int64)

    def _make_block(self, encoder: RowEncoder, rows: Integers) -> _Block:
        assert self._identity is not None
        columns = self._timeline.row_columns(rows)
        return _Block(encoder.block(columns), self._identities(columns.column(self._identity)))

    def _identities(self, column: Column) -> RowBlock | Column:
        field = self._listing.fields[self._listing.lists.identity]
        if field.as_ != "text":
            return column
        try:
            shown = field_column(field, column, zone=default_zone(self._listing, self._dialect), text_carried=True)
        except NotVectorised:
            return column
        if shown.present is not None and not shown.present.all():
            return column
        pieces = list(self._plain_texts.value_pieces(shown.parts, "", "", (), None, escaped=False))
        return RowBlock(self._plain_texts.joined_pieces(pieces), len(column))

    def _rendered(self, block: _Block, rows: Sequence[int], first: int) -> dict[int, RenderedRow]:
        """Rows of a block, by the numbers that they have where its first row has the number `first`."""
        low, high = min(rows) - first, max(rows) - first + 1
        # A stretch that holds them is found sooner than each of them, and they mostly stand side by side.
        together = high - low <= 2 * len(rows)
        places = np.arange(low, high) if together else np.asarray(rows, dtype=np.int64) - first
        identities: Sequence[Comparable | None]
        if isinstance(block.identities, RowBlock):
            identities = [
                text.decode() for text in block.identities.rows_at(slice(low, high) if together else places)
            ]
        else:
            identities = self._shown_identities(column_at_places(block.identities, places))
        bodies = block.rows.rows_at(slice(low, high) if together else places)
        made = list(map(RenderedRow, identities, bodies))
        return {row: made[row - first - low] for row in rows} if together else dict(zip(rows, made, strict=True))

    def _shown_identities(self, column: Column) -> list[Comparable | None]:
        """The identities of rows as they are told row by row."""
        listing, attribute = self._listing, self._identity
        assert attribute is not None
        name = listing.lists.identity
        path, field = FieldPath.of(name), {name: listing.fields[name]}
        zone = default_zone(listing, self._dialect)
        found: list[Comparable | None] = []
        for record in plain_records(self._grain, _IdentityColumn(attribute, column), [attribute]):
            values = values_at_path(listing, self._dialect, path, record, show_record(field, record, zone=zone))
            found.append(values[0] if values else None)
        return found

    def _keep(self, key: tuple[RowVariant, int], block: _Block) -> None:
        self._blocks[key] = block
        self._block_bytes += block.code_bytes
        for texts in block.texts:
            uses, counted = self._text_uses.get(texts, (0, 0))
            if uses and texts.lasting:
                # Texts that a second block has are met again with every page.
                texts.keep_table()
            more = texts.memory - counted
            self._text_uses[texts] = uses + 1, texts.memory
            self._block_bytes += more
        while self._block_bytes > _BLOCK_BYTES and len(self._blocks) > 1:
            self._drop(self._blocks.popitem(last=False)[1])

    def _drop(self, block: _Block) -> None:
        self._block_bytes -= block.code_bytes
        for texts in block.texts:
            uses, counted = self._text_uses.pop(texts)
            if uses > 1:
                self._text_uses[texts] = uses - 1, counted
            else:
                self._block_bytes -= counted

    # --- what has columns -----------------------------------------------------------------------------------

    def _encoder(self, variant: RowVariant) -> RowEncoder | None:
        """What writes rows of a variant; None where they are made row by row."""
        if variant not in self._encoders:
            self._encoders[variant] = self._make_encoder(variant)
            if len(self._encoders) > _MAX_ENCODERS:
                self._encoders.popitem(last=False)
        self._encoders.move_to_end(variant)
        return self._encoders[variant]

    def _make_encoder(self, variant: RowVariant) -> RowEncoder | None:
        listing, dialect = self._listing, self._dialect
        fields = _fields_of(listing, variant)
        element = listing.lists.row_element if is_xml(listing) else None
        if fields is None or self._identity is None or is_csv(listing) or listing.lists.row_values != "object":
            return None
        if is_xml(listing) and element is None:
            return None
        if variant.zone != default_zone(listing, dialect) and _tells_days(listing.fields.values()):
            # By the clock of one zone a call begins on one day, and by that of the other it is told.
            return None
        rules = RowRules(
            grain=self._grain,
            fields=fields,
            zone=variant.zone,
            choices=dialect,
            text_carried=carries_text(listing),
            unset=dialect.resolve(listing.outcome.unset),
            repeated=dict(variant.repeated),
        )
        form = JsonForm() if element is None else XmlForm(element, tuple(listing.lists.namespaces.items()))
        return RowEncoder(rules, form, {})


def _size_of_blocks(encoder: RowEncoder) -> int:
    return _NESTING_BLOCK_ROWS if encoder.nests else _BLOCK_ROWS


def _plain_identity(listing: Listing, grain: Grain) -> str | None:
    """The attribute that rows show as their identity; None where it hangs on more than that."""
    field = listing.fields.get(listing.lists.identity)
    if field is None or field.template is not None or field.constant or field.present_of is not None:
        return None
    known = ATTRIBUTES[grain].get(field.shows or "")
    return field.shows if known is not None and known.rows is None else None


def _fields_of(listing: Listing, variant: RowVariant) -> Mapping[str, Field] | None:
    """The fields that rows of a variant show; None where more is left out than fields that stand alone."""
    fields = listing.fields
    if variant.emptied_parts or any(path.inner is not None for path in variant.omitted_parts):
        return None
    if not variant.omitted_parts:
        return fields
    if any(field.template is not None or field.as_ == "object" or "." in name for name, field in fields.items()):
        return None
    out = {path.head for path in variant.omitted_parts}
    if listing.lists.identity in out:
        return None
    return {name: field for name, field in fields.items() if name not in out}


def _tells_days(fields: Collection[Field]) -> bool:
    return any(field.as_ == "calendar-day" or _tells_days(field.fields.values()) for field in fields)
