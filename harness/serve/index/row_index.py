"""An index over millions of rows: a request costs what its page and its selectivity cost, not what the world does.

A `RowIndex` holds columns and indexes over whole lives, which no instant changes. An `IndexSnapshot` is the index at
an instant: it knows how far the rows go and which few of them are live, and evaluates those one by one. It gives the
same answers as `query.table.Table`, by other means; a property test holds one against the other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple, assert_never, cast, final

import numpy as np
from numpy.typing import NDArray

from harness.serve.index.column_builder import ColumnBuilder
from harness.serve.index.columns import KeyColumn, KeyIntervals, Keys, RowNumbers, lower_bound
from harness.serve.index.live_rows import LiveRows
from harness.serve.index.merged_rows import MergedRows
from harness.serve.index.row_blocks import RowBlocks
from harness.serve.index.row_order import OrderedRows, OrderMemory, RenderedRow, RowRange
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.query.table import (
    Comparable,
    Condition,
    CursorSlice,
    OffsetSlice,
    Query,
    SortOrder,
    SortPosition,
    Table,
)
from harness.serve.row_writer import RowVariant, RowWriter, build_row_tree, values_at_path
from harness.specification.dialect import Dialect, default_zone
from harness.specification.field_path import FieldPath, ValuePath
from harness.specification.model import Listing
from harness.telephony.attributes import Grain
from harness.telephony.records import Record
from harness.wire.decoded_body import Tree
from harness.wire.derived_fields import shown_attributes
from harness.wire.row_codec import ApiRow, show_record
from harness.world.listed_calls import ListedCalls
from harness.world.ordered_rows import OrderedRowTable
from harness.world.traffic import millis_of

_OWNER_PARAMETER: Final = "whose"
_PREFETCH_ROWS: Final = 80
_MAX_SELECTIONS: Final = 512
_MAX_SELECTED_ROWS: Final = 4_000_000
_RENDERED_ROW_BYTES: Final = 24 * 2**20
_ROW_OVERHEAD_BYTES: Final = 400
_RENDER_BATCH_ROWS: Final = 2_000
_MAX_ORDERED_ROWS: Final = 4_000_000
_ROW_NUMBER_BITS: Final = 40
_MAX_LISTS: Final = 1024

ConditionTest = tuple[tuple[KeyColumn, KeyIntervals], ...]


@final
class RenderedPage(NamedTuple):
    """One page: its rows as bytes, the total of matching rows, and the sort positions of its first and last row."""

    rows: Sequence[bytes]
    total: int
    start: int
    is_last: bool
    first: SortPosition | None
    last: SortPosition | None


_NO_ROWS: Final = np.zeros(0, dtype=np.int64)
_NOTHING: Final[frozenset[FieldPath]] = frozenset()
_EMPTY_RANGE: Final = RowRange(0, 0, None, _NO_ROWS)


@final
class RowIndex:
    """The columns, selections and rendered rows of one API over one timeline; it holds at every instant."""

    def __init__(
        self, listing: Listing, dialect: Dialect, timeline: OrderedRowTable, attributes: Sequence[str]
    ) -> None:
        self.listing = listing
        self.dialect = dialect
        self.timeline = timeline
        self.grain = Grain(listing.lists.one_row_per)
        self.writer = RowWriter.of(listing)
        self._attributes = tuple(attributes)
        self._column_builder = ColumnBuilder(listing, dialect, timeline)
        self._columns: dict[tuple[ValuePath, bool], KeyColumn] = {}
        self._selections: OrderedDict[tuple[Condition, ...], tuple[RowNumbers, bool]] = OrderedDict()
        self._selected_rows = 0
        # By the number of the variant and that of the row: those asked for lately, and those before.
        self._rendered_rows: dict[int, RenderedRow] = {}
        self._earlier_rows: dict[int, RenderedRow] = {}
        self._variant_numbers: dict[RowVariant, int] = {}
        self._rendered_bytes = 0
        self._blocks = RowBlocks(listing, dialect, timeline)
        self.live_rows = LiveRows(timeline, attributes)

    def column(self, path: ValuePath, *, equal_only: bool = False) -> KeyColumn:
        """The column at a path."""
        found = self._columns.get((path, False))
        if found is None and equal_only:
            found = self._columns.get((path, True))
        if found is None:
            found = self._columns[path, equal_only] = self._column_builder.build(path, equal_only=equal_only)
        return found

    # --- selecting ------------------------------------------------------------------------------------------

    def select_rows(self, query: Query) -> tuple[int, int, RowNumbers | None, bool]:
        """The rows that match once their calls have ended: first, last, rows, changes.

        They are `rows[first:last]`, ascending, or all rows from `first` to `last` where `rows` is None. `changes`
        says whether a row might match otherwise while its call is live.
        """
        first, last, changes = 0, len(self.timeline), False
        rest: list[Condition] = []
        for condition in (*map(_as_positive, query.conditions), *self._owner_conditions(query)):
            column = self._single_column(condition)
            if column is not None and column.is_ascending and not column.changes_while_live and not condition.negated:
                chosen = self._matching_intervals(column, condition)
                if len(chosen) != 1:
                    if not chosen:
                        return 0, 0, None, False
                    rest.append(condition)
                    continue
                first = max(first, lower_bound(column.keys, chosen[0][0]))
                last = min(last, lower_bound(column.keys, chosen[0][1]))
            else:
                rest.append(condition)
        if first >= last:
            return 0, 0, None, False
        if not rest:
            return first, last, None, False
        rows, changes = self._select_by_conditions(tuple(rest))
        return lower_bound(rows, first), lower_bound(rows, last), rows, changes

    def _owner_conditions(self, query: Query) -> tuple[Condition, ...]:
        if query.owners is None:
            return ()
        scope = self.listing.scope
        paths: tuple[ValuePath, ...] = () if scope is None else (*scope.owners, *scope.owner_attributes)
        wanted = tuple(sorted(query.owners, key=str))
        return (Condition(parameter=_OWNER_PARAMETER, paths=paths, keeps="equal", wanted=wanted),)

    def _single_column(self, condition: Condition) -> KeyColumn | None:
        if len(condition.paths) != 1:
            return None
        return self._column_for(condition, condition.paths[0])

    def _column_for(self, condition: Condition, path: ValuePath) -> KeyColumn:
        return self.column(path, equal_only=condition.keeps == "equal" and not condition.folded)

    @staticmethod
    def _matching_intervals(column: KeyColumn, condition: Condition) -> KeyIntervals:
        return column.find_intervals(condition)

    def _select_by_conditions(self, conditions: tuple[Condition, ...]) -> tuple[RowNumbers, bool]:
        found = self._selections.get(conditions)
        if found is not None:
            self._selections.move_to_end(conditions)
            return found
        tests: list[tuple[int, ConditionTest, bool]] = []
        for condition in conditions:
            columns = [(path, self._column_for(condition, path)) for path in condition.paths]
            test = tuple((column, self._matching_intervals(column, condition)) for _, column in columns)
            many = sum(column.count_keys(chosen) for column, chosen in test)
            tests.append((len(self.timeline) - many if condition.negated else many, test, condition.negated))
        changes = any(column.changes_while_live for _, test, _ in tests for column, _ in test)
        tests.sort(key=lambda one: one[0])
        rows: RowNumbers | None = None
        for _, test, negated in tests:
            if rows is None and not negated:
                rows = _find_rows(test)
                continue
            if rows is None:
                rows = np.arange(len(self.timeline), dtype=np.int64)
            matches = np.zeros(len(rows), dtype=np.bool_)
            for column, chosen in test:
                matches |= column.match_rows(rows, chosen)
            rows = rows[~matches if negated else matches]
        assert rows is not None
        self._cache_selection(conditions, (rows, changes))
        return rows, changes

    def _cache_selection(self, conditions: tuple[Condition, ...], found: tuple[RowNumbers, bool]) -> None:
        self._selections[conditions] = found
        # A view into an index owns no memory.
        self._selected_rows += _owned_size(found[0])
        while len(self._selections) > _MAX_SELECTIONS or (
            self._selected_rows > _MAX_SELECTED_ROWS and len(self._selections) > 1
        ):
            _, (rows, _) = self._selections.popitem(last=False)
            self._selected_rows -= _owned_size(rows)

    # --- rows -----------------------------------------------------------------------------------------------

    def attributes_for(self, variant: RowVariant) -> tuple[str, ...]:
        """The telephony attributes that rows of this variant show."""
        left_out = {path.head for path in variant.omitted_parts | variant.emptied_parts if path.inner is None}
        fields = self.listing.fields
        hidden = set(shown_attributes(fields, (name for name in fields if name in left_out)))
        shown = set(shown_attributes(fields, (name for name in fields if name not in left_out)))
        return tuple(name for name in self._attributes if name not in hidden or name in shown)

    def _first_key(self, variant: RowVariant) -> int:
        """The key of a variant's first row among the rendered ones; the others follow by their numbers."""
        numbers = self._variant_numbers
        return numbers.setdefault(variant, len(numbers)) << _ROW_NUMBER_BITS

    def is_rendered(self, row: int, variant: RowVariant) -> bool:
        """Whether a row is at hand as bytes."""
        key = self._first_key(variant) + row
        return key in self._rendered_rows or key in self._earlier_rows

    def rows_at_hand(self, rows: Collection[int], variant: RowVariant) -> list[RenderedRow | None]:
        """Each of the rows as bytes; None for one that is not at hand."""
        first = self._first_key(variant)
        keys = [first + row for row in rows]
        found = list(map(self._rendered_rows.get, keys))
        if self._earlier_rows and not all(found):
            earlier = {key: row for key in keys if (row := self._earlier_rows.pop(key, None)) is not None}
            if earlier:
                found = [row or earlier.get(key) for key, row in zip(keys, found, strict=True)]
                self._keep_rendered(earlier)
        return found

    def render_rows(self, rows: Sequence[int], variant: RowVariant) -> dict[int, RenderedRow]:
        """The rendered rows of ended calls, by row number; they are cached."""
        found, key = dict[int, RenderedRow](), self._first_key(variant)
        for first in range(0, len(rows), _RENDER_BATCH_ROWS):
            some = rows[first : first + _RENDER_BATCH_ROWS]
            made = self._blocks.render_rows(some, variant)
            rest = [row for row in some if row not in made]
            if rest:
                records = self.timeline.records_at(np.asarray(rest, dtype=np.int64), self.attributes_for(variant))
                made |= zip(rest, self.render_records(records, variant), strict=True)
            self._keep_rendered({key + row: rendered for row, rendered in made.items()})
            found |= made
        return found

    def make_rows_ahead(self) -> bool:
        """Make one more block of rows that nobody asked for yet; False where there is none to make, or no room."""
        return self._blocks.make_ahead()

    def _keep_rendered(self, rows: Mapping[int, RenderedRow]) -> None:
        """Keep rows at hand, by their keys."""
        self._rendered_rows |= rows
        self._rendered_bytes += sum([len(row.body) for row in rows.values()]) + _ROW_OVERHEAD_BYTES * len(rows)
        if self._rendered_bytes > _RENDERED_ROW_BYTES // 2:
            # Which row was asked for before which others is not kept: that would cost more than the rows save.
            self._earlier_rows, self._rendered_rows, self._rendered_bytes = self._rendered_rows, {}, 0

    def render_records(self, records: Sequence[Mapping[str, Any]], variant: RowVariant) -> list[RenderedRow]:
        """The rendered rows of records, in their order."""
        listing, dialect = self.listing, self.dialect
        zone = default_zone(listing, dialect)
        identities: list[Comparable | None] = []
        trees: list[Tree] = []
        for record in records:
            row: ApiRow = show_record(listing.fields, record, zone=zone)
            identity = values_at_path(listing, dialect, FieldPath.of(listing.lists.identity), record, row)
            identities.append(identity[0] if identity else None)
            trees.append(build_row_tree(listing, dialect, row, variant))
        return [RenderedRow(*pair) for pair in zip(identities, self.writer.encode_row_trees(trees), strict=True)]


def _as_positive(condition: Condition) -> Condition:
    """The same condition by what it keeps, or by the negation of what it leaves out: keys only tell the former."""
    match condition.keeps:
        case "not-equal":
            return replace(condition, keeps="equal", negated=not condition.negated)
        case "absent":
            return replace(condition, keeps="present", negated=not condition.negated)
        case _:
            return condition


def _find_rows(test: ConditionTest) -> RowNumbers:
    if len(test) == 1:
        return test[0][0].find_rows(test[0][1])
    return np.unique(np.concatenate([column.find_rows(chosen) for column, chosen in test])) if test else _NO_ROWS


def _owned_size(rows: RowNumbers) -> int:
    return len(rows) if rows.base is None else 0


@final
class IndexSnapshot:
    """A row index at one instant, with the rows of the calls that are live then."""

    def __init__(
        self,
        row_index: RowIndex,
        at: datetime,
        population: ListedCalls,
        table_of: Callable[[Sequence[Record]], Table],
        given: Sequence[Record] = (),
    ) -> None:
        """`given` are the rows of given calls as they are visible then, in the order of (started_at, identity)."""
        self.row_index = row_index
        self.at = at
        self._millis = millis_of(at)
        self._ended_only = population is ListedCalls.ENDED
        self._table_of = table_of
        self._begun_count = row_index.timeline.begun_count(self._millis)
        self._live_positions = row_index.timeline.live_positions(self._millis)
        self._live_position_set = frozenset(self._live_positions.tolist())
        self._live_table: Table | None = None
        self._rendered_live_rows: dict[tuple[RowVariant, int], RenderedRow] = {}
        self._orders: dict[tuple[Query, SortOrder], tuple[RowNumbers, Keys]] = {}
        self._lists: dict[tuple[object, ...], OrderedRows | MergedRows | None] = {}
        # The plans of all pages of a list share its conditions: the same objects are found sooner than equal ones.
        self._lists_of_plans: dict[int, tuple[Query, OrderedRows | MergedRows | None]] = {}
        self._order_memory = OrderMemory()
        # The rows of given calls have the numbers after all others.
        self._given = tuple(given)
        self._first_given = len(row_index.timeline)
        self._given_table: Table | None = None
        self._rendered_given_rows: dict[tuple[RowVariant, int], RenderedRow] = {}
        self._listed_rows = 0

    def can_answer(self, query: Query) -> bool:
        """Whether columns alone can answer this query."""
        told = self._lists_of_plans.get(id(query.conditions))
        if told is not None and told[1] is not None and _is_page_of(query, told[0]):
            return True
        path = query.sort_order.path
        if query.combine != "all" or any(not condition.paths for condition in query.conditions):
            return False
        if any((one.keeps == "not-equal" and not one.absent_kept) or one.first_filled for one in query.conditions):
            # What else a row shows decides there: a column knows its own values alone.
            return False
        if query.owners is not None and self.row_index.listing.scope is None:
            return False
        if path is None:
            # In a list without an order a cursor names the row by its number there, which the index does not know.
            known = isinstance(query.page_slice, OffsetSlice)
        else:
            column = self.row_index.column(path)
            # The row of a live call may show a text that no ended one does, so that it has no key.
            known = column.rows is None and (
                self._ended_only or not column.changes_while_live or not column.is_dictionary_encoded
            )
        return known and (not self._given or self._find_list(query) is not None)

    # --- what matches ---------------------------------------------------------------------------------------

    def has_match(self, query: Query) -> bool:
        """Whether any row matches."""
        return len(self._matching_range(query)) > 0 or bool(self._given and len(self._matching_given_rows(query)))

    def _matching_range(self, query: Query) -> RowRange:
        if query.matches_nothing:
            return _EMPTY_RANGE
        first, last, rows, changes = self.row_index.select_rows(query)
        ended = self.row_index.timeline.ended
        # Later rows have not begun.
        last = min(last, self._begun_count if rows is None else lower_bound(rows, self._begun_count))
        first = min(first, last)
        if not len(self._live_positions) or not (self._ended_only or changes):
            return RowRange(first, last, rows, _NO_ROWS)
        oldest = int(self._live_positions[0])
        cut = max(first, min(last, oldest if rows is None else lower_bound(rows, oldest)))
        late = np.arange(cut, last, dtype=np.int64) if rows is None else rows[cut:last]
        late = late[ended[late] <= self._millis]
        if not self._ended_only:
            alive = self._matching_live_rows(query)
            # The bounds hold for live calls as well: their rows do not move.
            late = np.sort(np.concatenate([late.astype(np.int64), alive]))
        return RowRange(first, cut, rows, late)

    def _matching_live_rows(self, query: Query) -> RowNumbers:
        """The rows of live calls that match as they are visible at this instant."""
        found = self._table_of_live_rows().matching_rows(query._replace(sort_order=SortOrder(path=None)))
        rows: RowNumbers = self._live_positions[found]
        return rows

    def _table_of_live_rows(self) -> Table:
        if self._live_table is None:
            rows = self._live_positions.tolist()
            self._live_table = self._table_of(self.row_index.live_rows.records_at(rows, self.at))
        return self._live_table

    def count_page_rows(self, query: Query) -> int:
        """The number of rows on the page of a query without a cursor."""
        many = len(self._matching_range(query))
        many += len(self._matching_given_rows(query)) if self._given else 0
        start, end = (
            _slice_bounds(query.page_slice, many)
            if isinstance(query.page_slice, OffsetSlice)
            else (0, min(query.page_slice.take, many))
        )
        return end - start

    # --- a page ---------------------------------------------------------------------------------------------

    def render_page(self, plan: AnswerPlan) -> RenderedPage:
        """The rendered page that a plan asks for."""
        query = plan.query
        ordered = self._find_list(query)
        if ordered is None:
            raise ValueError("the page of a query that the index cannot answer")
        variant = RowVariant.of(plan)
        start, end = self._page_bounds(ordered, query, variant)
        many = len(ordered)
        # From here on positions count upwards, whatever the direction.
        low, high = (many - end, many - start) if query.sort_order.descending else (start, end)
        rendered = self._render_between(ordered, low, high, variant)
        first = last = None
        bodies = [row.body for row in rendered]
        ends = (low, high - 1)
        if query.sort_order.descending:
            bodies.reverse()
            ends = (high - 1, low)
        if rendered and isinstance(query.page_slice, CursorSlice):
            first, last = (SortPosition(ordered.sort_value_at(at), rendered[at - low].identity) for at in ends)
            if isinstance(ordered, OrderedRows) and ordered.is_alone_at(ends[1]):
                ordered.keep_place(last, (ends[1], 1))
        return RenderedPage(bodies, many, start, start + len(bodies) >= many, first, last)

    def _render_between(
        self, ordered: OrderedRows | MergedRows, low: int, high: int, variant: RowVariant
    ) -> list[RenderedRow]:
        """The rows between two positions, rendered where they are not at hand."""
        rendered_rows: dict[int, RenderedRow] = {}

        def beside(more: int) -> Sequence[int]:
            # Only a client that comes from the page before is likely to ask for the next one.
            before = ordered.neighbours(low, high, 1, behind=True)
            walks = before and self.row_index.is_rendered(before[0], variant)
            return ordered.neighbours(low, high, more) if walks else ()

        def render(some: Collection[int]) -> dict[int, RenderedRow]:
            # The page at once, in whatever order, with the rows beside it: those not at hand come in one batch.
            if not rendered_rows:
                some = dict.fromkeys((*some, *ordered.rows_ignoring_ties(low, high)))
                rendered_rows.update(self._render_rows(list(some), variant, beside))
            missing = [row for row in some if row not in rendered_rows]
            if missing:
                rendered_rows.update(self._render_rows(missing, variant, lambda _: ()))
            return rendered_rows

        rows = ordered.rows_in_order(low, high, render)
        if not rendered_rows and self._live_position_set.isdisjoint(rows):
            found = self.row_index.rows_at_hand(rows, variant)
            if all(found):
                return cast("list[RenderedRow]", found)
        render(rows)
        return [rendered_rows[row] for row in rows]

    def _find_list(self, query: Query) -> OrderedRows | MergedRows | None:
        """The rows of a query on all pages, in order; None where given rows have no place in it that columns know."""
        told = self._lists_of_plans.get(id(query.conditions))
        if told is not None and _is_page_of(query, told[0]):
            return told[1]
        found = self._list_of(query)
        if len(self._lists_of_plans) >= _MAX_LISTS:
            self._lists_of_plans.clear()
        self._lists_of_plans[id(query.conditions)] = query, found
        return found

    def _list_of(self, query: Query) -> OrderedRows | MergedRows | None:
        key = (query.conditions, query.owners, query.matches_nothing, query.sort_order)
        if key not in self._lists:
            # A list is a view of an index or of a selection: it keeps that in memory.
            if len(self._lists) >= _MAX_LISTS or self._listed_rows > _MAX_ORDERED_ROWS:
                self._lists.clear()
                self._lists_of_plans.clear()
                self._order_memory.clear()
                self._listed_rows = 0
            run = self._matching_range(query)
            rows = self._order_rows(run, query)
            self._lists[key] = self._with_given_rows(rows, run, query) if self._given else rows
            self._listed_rows += len(run) if run.rows is not None else 0
        return self._lists[key]

    def _with_given_rows(self, rows: OrderedRows, run: RowRange, query: Query) -> OrderedRows | MergedRows | None:
        found = self._matching_given_rows(query).tolist()
        if not found:
            return rows
        table, sorting = self._table_of_given_rows(), query.sort_order
        positions = [table.position_of(place, sorting) for place in found]
        if not len(run):
            before: list[int | None] = [0] * len(found)
        elif sorting.path is None:
            before = [self._place_by_start(run, self._given[place]) for place in found]
        else:
            variant = RowVariant(default_zone(self.row_index.listing, self.row_index.dialect), _NOTHING, _NOTHING)
            places = [
                rows.find_place(position, lambda some: self._render_rows(some, variant, lambda _: ()))
                for position in positions
            ]
            before = [None if place is None else place[0] for place in places]
        known = [place for place in before if place is not None]
        if len(known) < len(found):
            return None
        return MergedRows(rows, [self._first_given + place for place in found], known, positions, sorting)

    def _place_by_start(self, run: RowRange, record: Record) -> int | None:
        """How many rows begin before a given one; None where others begin in the same millisecond."""
        started, at = self.row_index.timeline.started, record.instant("started_at")
        if at is None:
            return None
        row = lower_bound(started, millis_of(at))
        tied = row < len(started) and int(started[row]) == millis_of(at)
        return None if tied else run.count_below(row)

    def _matching_given_rows(self, query: Query) -> RowNumbers:
        """The places of matching given rows, in ascending order."""
        rising = query._replace(sort_order=query.sort_order._replace(descending=False))
        found: RowNumbers = self._table_of_given_rows().matching_rows(rising)
        return found

    def _table_of_given_rows(self) -> Table:
        if self._given_table is None:
            self._given_table = self._table_of(self._given)
        return self._given_table

    def _page_bounds(self, ordered: OrderedRows | MergedRows, query: Query, variant: RowVariant) -> tuple[int, int]:
        many = len(ordered)
        match query.page_slice:
            case OffsetSlice() as cut:
                return _slice_bounds(cut, many)
            case CursorSlice() as walk:
                start, end = self._cursor_bounds(ordered, walk, query.sort_order, variant)
                start = min(start, many)
                return start, max(start, min(end, many))
            case _:
                assert_never(query.page_slice)

    def _cursor_bounds(
        self, ordered: OrderedRows | MergedRows, walk: CursorSlice, sorting: SortOrder, variant: RowVariant
    ) -> tuple[int, int]:
        many = len(ordered)
        if walk.position is None:
            return (max(0, many - walk.take), many) if walk.backward else (0, walk.take)
        below, at = ordered.count_before_and_at(
            walk.position, lambda rows: self._render_rows(rows, variant, lambda _: ())
        )
        before, upto = (many - below - at, many - below) if sorting.descending else (below, below + at)
        if walk.backward:
            return max(0, before - walk.take), before
        start = max(0, upto + walk.shift)
        return start, start + walk.take

    def _order_rows(self, run: RowRange, query: Query) -> OrderedRows:
        sorting, row_index = query.sort_order, self.row_index
        identity = FieldPath.of(row_index.listing.lists.identity)
        if sorting.path is None or not len(run):
            return OrderedRows(run, None, None, row_index, identity, sorting, self._order_memory)
        plain = row_index.column(sorting.path)
        column = plain.with_collation(sorting.collation)
        if column.is_ascending and not column.changes_while_live:
            return OrderedRows(run, column.keys, plain, row_index, identity, sorting, self._order_memory)
        key = (query._replace(page_slice=OffsetSlice()), sorting)
        known = self._orders.get(key)
        if known is None:
            rows = run.rows_between(0, len(run))
            keys = column.keys[rows]
            if column.changes_while_live and not self._ended_only and len(self._live_positions):
                keys = keys.copy()
                keys[np.isin(rows, self._live_positions)] = self._current_keys(rows, plain, sorting.path)
            order = np.argsort(keys, kind="stable")
            known = (rows[order], keys[order])
            self._orders[key] = known
            while len(self._orders) > 1 and sum(len(one) for one, _ in self._orders.values()) > _MAX_ORDERED_ROWS:
                self._orders.pop(next(iter(self._orders)))
            while len(self._orders) > _MAX_SELECTIONS:
                self._orders.pop(next(iter(self._orders)))
        return OrderedRows(
            RowRange(0, len(run), known[0], _NO_ROWS),
            known[1],
            plain,
            row_index,
            identity,
            sorting,
            self._order_memory,
            sorted_here=True,
        )

    def _current_keys(self, rows: RowNumbers, column: KeyColumn, path: ValuePath) -> Keys:
        """The keys of those of some rows whose calls are live, as they are visible at this instant."""
        table = self._table_of_live_rows()
        places = np.searchsorted(self._live_positions, rows[np.isin(rows, self._live_positions)])
        keys = []
        for place in places.tolist():
            value = table.position_of(place, SortOrder(path=path)).value
            span = column.codec.key_range(value) if value is not None else None
            keys.append(column.none_key if span is None else span[0])
        found: NDArray[Any] = np.asarray(keys, dtype=column.keys.dtype)
        return found

    def _render_rows(
        self, rows: Collection[int], variant: RowVariant, beside: Callable[[int], Sequence[int]]
    ) -> dict[int, RenderedRow]:
        """The rendered rows by number. With rows that are not cached, those that `beside` names are rendered, too."""
        found: dict[int, RenderedRow] = {}
        if self._given:
            found = self._render_given_rows([row for row in rows if row >= self._first_given], variant)
            rows = [row for row in rows if row < self._first_given]
        live = self._live_position_set
        alive = [row for row in rows if row in live] if not live.isdisjoint(rows) else []
        others = [row for row in rows if row not in live] if alive else rows
        at_hand = self.row_index.rows_at_hand(others, variant)
        missing = []
        for row, rendered in zip(others, at_hand, strict=True):
            if rendered is None:
                missing.append(row)
            else:
                found[row] = rendered
        if missing:
            wanted = dict.fromkeys(missing)
            for row in beside(_PREFETCH_ROWS):
                if row not in live and not self.row_index.is_rendered(row, variant):
                    wanted[row] = None
            found |= self.row_index.render_rows(list(wanted), variant)
        if alive:
            found |= self._render_live_rows(alive, variant)
        return found

    def _render_given_rows(self, rows: Sequence[int], variant: RowVariant) -> dict[int, RenderedRow]:
        known = self._rendered_given_rows
        missing = [row for row in rows if (variant, row) not in known]
        records = [self._given[row - self._first_given] for row in missing]
        for row, rendered in zip(missing, self.row_index.render_records(records, variant), strict=True):
            known[variant, row] = rendered
        return {row: known[variant, row] for row in rows}

    def _render_live_rows(self, rows: Sequence[int], variant: RowVariant) -> dict[int, RenderedRow]:
        missing = [row for row in rows if (variant, row) not in self._rendered_live_rows]
        seen = self.row_index.live_rows.records_at(missing, self.at)
        for row, rendered in zip(missing, self.row_index.render_records(seen, variant), strict=True):
            self._rendered_live_rows[variant, row] = rendered
        return {row: self._rendered_live_rows[variant, row] for row in rows}


def _is_page_of(one: Query, other: Query) -> bool:
    """Whether two queries are for pages of the same list, made of the same objects."""
    return (
        one.conditions is other.conditions
        and one.owners is other.owners
        and one.sort_order is other.sort_order
        and one.matches_nothing is other.matches_nothing
        and one.combine == other.combine
        and type(one.page_slice) is type(other.page_slice)
    )


def _slice_bounds(cut: OffsetSlice, many: int) -> tuple[int, int]:
    start = min(cut.skip, many)
    return start, many if cut.take is None else min(start + max(cut.take, 0), many)
