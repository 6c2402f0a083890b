"""Lists over millions of rows: each request costs what its page and its selectivity cost, not what the world does.

A `Ledger` holds columns and indexes over whole lives, which no instant changes. A `Moment` is the ledger at an
instant: it knows how far the rows go and which few of them live, and those it asks one by one. The same answers
as `querying.Table` gives, by other means; a property test holds one against the other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple, assert_never, final

import numpy as np
from numpy.typing import NDArray

from harness.serve.index.column_builder import Reckoner
from harness.serve.index.columns import Column, Intervals, Keys, Places, place_in, united
from harness.serve.index.live_rows import Living
from harness.serve.query.planner import Plan
from harness.serve.query.table import Comparable, Condition, Place, Query, Slice, Sorting, Table, Walk, natural
from harness.serve.row_writer import Variant, Writer, values_at, write_row
from harness.specification.dialect import Dialect
from harness.specification.model import Listing
from harness.telephony.attributes import Grain
from harness.telephony.records import Record
from harness.wire.format_problems import Tree
from harness.wire.row_codec import ShownRow, show
from harness.world.population import Population
from harness.world.row_timeline import Timeline
from harness.world.traffic import millis_of

_OWNERS: Final = "whose"
_AHEAD: Final = 80
_SELECTIONS: Final = 512
_SELECTED_ROWS: Final = 4_000_000
_CARD_BYTES: Final = 48 * 2**20
_CARD_COSTS: Final = 400
_AT_ONCE: Final = 2_000
_ORDERED_ROWS: Final = 4_000_000
_LARGE_TIE: Final = 512

Test = tuple[tuple[Column, Intervals], ...]


class Card(NamedTuple):
    """One row as it is sent, and its identity."""

    identity: Comparable | None
    body: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """One page: its rows as bytes, how many rows match, and the places of its first and last row."""

    rows: tuple[bytes, ...]
    total: int
    is_last: bool
    first: Place | None
    last: Place | None


@final
@dataclass(frozen=True, slots=True)
class Run:
    """Rows in ascending order: a head that is a range or a view of many, and a tail of few that stand after it."""

    first: int
    last: int
    rows: Places | None
    tail: Places

    @property
    def head(self) -> int:
        return self.last - self.first

    def __len__(self) -> int:
        return self.head + len(self.tail)

    def take(self, start: int, end: int) -> Places:
        head = min(end, self.head)
        if start >= self.head:
            return self.tail[start - self.head : end - self.head]
        if self.rows is None:
            found: Places = np.arange(self.first + start, self.first + head, dtype=np.int64)
        else:
            found = self.rows[self.first + start : self.first + head]
        return found if end <= self.head else np.concatenate([found, self.tail[: end - self.head]])


_NO_ROWS: Final = np.zeros(0, dtype=np.int64)
_NOTHING: Final = Run(0, 0, None, _NO_ROWS)


@final
class Ledger:
    """The rows of one API over one timeline."""

    def __init__(self, listing: Listing, dialect: Dialect, timeline: Timeline, attributes: Sequence[str]) -> None:
        self.listing = listing
        self.dialect = dialect
        self.timeline = timeline
        self.grain = Grain(listing.lists.one_row_per)
        self.writer = Writer.of(listing)
        self._attributes = tuple(attributes)
        self._reckoner = Reckoner(listing, dialect, timeline)
        self._columns: dict[tuple[str, bool], Column] = {}
        self._selections: OrderedDict[tuple[Condition, ...], tuple[Places, bool]] = OrderedDict()
        self._selected = 0
        self._cards: OrderedDict[tuple[Variant, int], Card] = OrderedDict()
        self._card_bytes = 0
        self.living = Living(timeline, attributes)

    def column(self, path: str, *, equal_only: bool = False) -> Column:
        """The column at a path."""
        found = self._columns.get((path, False))
        if found is None and equal_only:
            found = self._columns.get((path, True))
        if found is None:
            found = self._columns[path, equal_only] = self._reckoner.column(path, equal_only=equal_only)
        return found

    # --- selecting ------------------------------------------------------------------------------------------

    def select(self, query: Query) -> tuple[int, int, Places | None, bool]:
        """The rows that match over their whole life: between two positions, all or those told, ascending.

        The last is whether a row might match otherwise while it lives.
        """
        first, last, changes = 0, len(self.timeline), False
        rest: list[Condition] = []
        for condition in (*query.conditions, *self._owned(query)):
            column = self._only_column(condition)
            if column is not None and column.rising and not column.changes and not condition.negated:
                chosen = self._chosen(column, condition)
                if len(chosen) != 1:
                    if not chosen:
                        return 0, 0, None, False
                    rest.append(condition)
                    continue
                first = max(first, place_in(column.keys, chosen[0][0]))
                last = min(last, place_in(column.keys, chosen[0][1]))
            else:
                rest.append(condition)
        if first >= last:
            return 0, 0, None, False
        if not rest:
            return first, last, None, False
        rows, changes = self._selection(tuple(rest))
        return place_in(rows, first), place_in(rows, last), rows, changes

    def _owned(self, query: Query) -> tuple[Condition, ...]:
        if query.owners is None:
            return ()
        scope = self.listing.scope
        paths = () if scope is None else (*scope.owners, *(f"attribute.{name}" for name in scope.owner_attributes))
        wanted = tuple(sorted(query.owners))
        return (Condition(parameter=_OWNERS, paths=paths, keeps="equal", wanted=wanted),)

    def _only_column(self, condition: Condition) -> Column | None:
        if len(condition.paths) != 1:
            return None
        return self._column_for(condition, condition.paths[0])

    def _column_for(self, condition: Condition, path: str) -> Column:
        return self.column(path, equal_only=condition.keeps == "equal" and not condition.folded)

    @staticmethod
    def _chosen(column: Column, condition: Condition) -> Intervals:
        return united(
            [
                interval
                for wanted in condition.wanted
                for interval in column.choose(
                    condition.keeps, wanted, inclusive=condition.inclusive, folded=condition.folded
                )
            ]
        )

    def _selection(self, conditions: tuple[Condition, ...]) -> tuple[Places, bool]:
        found = self._selections.get(conditions)
        if found is not None:
            self._selections.move_to_end(conditions)
            return found
        tests: list[tuple[int, Test, bool]] = []
        for condition in conditions:
            columns = [(path, self._column_for(condition, path)) for path in condition.paths]
            test = tuple((column, self._chosen(column, condition)) for _, column in columns)
            many = sum(column.count(chosen) for column, chosen in test)
            tests.append((len(self.timeline) - many if condition.negated else many, test, condition.negated))
        changes = any(column.changes for _, test, _ in tests for column, _ in test)
        tests.sort(key=lambda one: one[0])
        rows: Places | None = None
        for _, test, negated in tests:
            if rows is None and not negated:
                rows = _having(test)
                continue
            if rows is None:
                rows = np.arange(len(self.timeline), dtype=np.int64)
            kept = np.zeros(len(rows), dtype=np.bool_)
            for column, chosen in test:
                kept |= column.test(rows, chosen)
            rows = rows[~kept if negated else kept]
        assert rows is not None
        self._remember(conditions, (rows, changes))
        return rows, changes

    def _remember(self, conditions: tuple[Condition, ...], found: tuple[Places, bool]) -> None:
        self._selections[conditions] = found
        # A view of an index costs nothing of its own.
        self._selected += _own(found[0])
        while len(self._selections) > _SELECTIONS or (self._selected > _SELECTED_ROWS and len(self._selections) > 1):
            _, (rows, _) = self._selections.popitem(last=False)
            self._selected -= _own(rows)

    # --- rows -----------------------------------------------------------------------------------------------

    def names_for(self, variant: Variant) -> tuple[str, ...]:
        """The attributes that a row needs which leaves some parts out."""
        hidden = {
            self.listing.fields[name].shows
            for name in variant.without | variant.emptied
            if name in self.listing.fields
        }
        shown = {
            field.shows
            for name, field in self.listing.fields.items()
            if name not in variant.without and name not in variant.emptied
        }
        return tuple(name for name in self._attributes if name not in hidden or name in shown)

    def card(self, key: tuple[Variant, int]) -> Card | None:
        found = self._cards.get(key)
        if found is not None:
            self._cards.move_to_end(key)
        return found

    def make_cards(self, rows: Sequence[int], variant: Variant) -> dict[int, Card]:
        """Write rows that have ended."""
        found: dict[int, Card] = {}
        names = self.names_for(variant)
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            made = self.timeline.wholes(np.asarray(some, dtype=np.int64), names)
            for row, card in zip(some, self.write(made, variant), strict=True):
                found[row] = self._cards[variant, row] = card
                self._card_bytes += len(card.body) + _CARD_COSTS
            while self._card_bytes > _CARD_BYTES:
                _, card = self._cards.popitem(last=False)
                self._card_bytes -= len(card.body) + _CARD_COSTS
        return found

    def write(self, records: Sequence[Mapping[str, Any]], variant: Variant) -> list[Card]:
        """Records as they are sent."""
        listing, dialect = self.listing, self.dialect
        identities: list[Comparable | None] = []
        trees: list[Tree] = []
        for record in records:
            row: ShownRow = show(listing.fields, record)
            identity = values_at(listing, dialect, listing.lists.identity, record, row)
            identities.append(identity[0] if identity else None)
            trees.append(write_row(listing, dialect, row, variant))
        return [Card(*pair) for pair in zip(identities, self.writer.rows(trees), strict=True)]


def _having(test: Test) -> Places:
    if len(test) == 1:
        return test[0][0].having(test[0][1])
    return np.unique(np.concatenate([column.having(chosen) for column, chosen in test])) if test else _NO_ROWS


def _own(rows: Places) -> int:
    return len(rows) if rows.base is None else 0


@final
class Moment:
    """A ledger at an instant."""

    def __init__(
        self, ledger: Ledger, at: datetime, population: Population, table_of: Callable[[Sequence[Record]], Table]
    ) -> None:
        self.ledger = ledger
        self.at = at
        self._millis = millis_of(at)
        self._ended_only = population is Population.ENDED
        self._table_of = table_of
        self._begun = ledger.timeline.begun(self._millis)
        self._living = ledger.timeline.living(self._millis)
        self._lives = frozenset(self._living.tolist())
        self._few: Table | None = None
        self._cards: dict[tuple[Variant, int], Card] = {}
        self._orders: dict[tuple[Query, Sorting], tuple[Places, Keys]] = {}

    def answers(self, query: Query) -> bool:
        """Whether this is a query that columns can answer."""
        path = query.sorting.path
        if query.combine != "all" or any(not condition.paths for condition in query.conditions):
            return False
        if query.owners is not None and self.ledger.listing.scope is None:
            return False
        if path == "":
            # The place of a row in a list without an order is its number there, which nothing here knows.
            return isinstance(query.cut, Slice)
        column = self.ledger.column(path)
        # A living row may show a text that no ended row does, so that it has no key.
        return column.rows is None and (self._ended_only or not column.changes or not column.listed)

    # --- what matches ---------------------------------------------------------------------------------------

    def matches(self, query: Query) -> bool:
        """Whether any row matches."""
        return len(self._matching(query)) > 0

    def _matching(self, query: Query) -> Run:
        if query.nothing:
            return _NOTHING
        first, last, rows, changes = self.ledger.select(query)
        ended = self.ledger.timeline.ended
        # Later rows have not begun.
        last = min(last, self._begun if rows is None else place_in(rows, self._begun))
        first = min(first, last)
        if not len(self._living) or not (self._ended_only or changes):
            return Run(first, last, rows, _NO_ROWS)
        oldest = int(self._living[0])
        cut = max(first, min(last, oldest if rows is None else place_in(rows, oldest)))
        late = np.arange(cut, last, dtype=np.int64) if rows is None else rows[cut:last]
        late = late[ended[late] <= self._millis]
        if not self._ended_only:
            alive = self._alive(query)
            # The windows hold for rows that live as well: where they stand does not change.
            late = np.sort(np.concatenate([late.astype(np.int64), alive]))
        return Run(first, cut, rows, late)

    def _alive(self, query: Query) -> Places:
        """The living rows that match, as they are seen now."""
        found = self._few_rows().matching(replace(query, sorting=Sorting(path="")))
        rows: Places = self._living[found]
        return rows

    def _few_rows(self) -> Table:
        if self._few is None:
            rows = self._living.tolist()
            self._few = self._table_of(self.ledger.living.seen(rows, self.at))
        return self._few

    def how_many(self, query: Query) -> int:
        """How many rows the page of a query without a place holds."""
        many = len(self._matching(query))
        start, end = _slice(query.cut, many) if isinstance(query.cut, Slice) else (0, min(query.cut.take, many))
        return end - start

    # --- a page ---------------------------------------------------------------------------------------------

    def excerpt(self, plan: Plan) -> Excerpt:
        """The page that a plan asks for."""
        query = plan.query
        run = self._matching(query)
        ordered = self._ordered(run, query)
        variant = Variant(plan.zone, plan.without, plan.emptied)
        start, end = self._cut(ordered, query, variant)
        many = len(run)
        # From here on positions count upwards, whatever the direction.
        low, high = (many - end, many - start) if query.sorting.descending else (start, end)

        def beside(more: int) -> Sequence[int]:
            # Only who comes from the page before is likely to ask for the next one.
            before = ordered.beside(low, high, 1, behind=True)
            walks = before and self.ledger.card((variant, before[0])) is not None
            return ordered.beside(low, high, more) if walks else ()

        cards: dict[int, Card] = {}

        def deal(some: Sequence[int]) -> dict[int, Card]:
            missing = [row for row in some if row not in cards]
            if missing:
                cards.update(self._cards_of(missing, variant, beside))
            return cards

        # The page at once, in whatever order: what is new in it is made together.
        deal(ordered.roughly(low, high))
        rows = ordered.settled(low, high, deal)
        deal(rows)
        places: list[Place] = []
        if rows and isinstance(query.cut, Walk):
            places = [
                Place(value=ordered.value_at(at), identity=cards[row].identity)
                for at, row in ((low, rows[0]), (high - 1, rows[-1]))
            ]
        bodies = [cards[row].body for row in rows]
        if query.sorting.descending:
            bodies.reverse()
            places.reverse()
        return Excerpt(
            rows=tuple(bodies),
            total=many,
            is_last=start + len(rows) >= many,
            first=places[0] if places else None,
            last=places[-1] if places else None,
        )

    def _cut(self, ordered: Ordered, query: Query, variant: Variant) -> tuple[int, int]:
        many = len(ordered)
        match query.cut:
            case Slice() as cut:
                return _slice(cut, many)
            case Walk() as walk:
                start, end = self._walked(ordered, walk, query.sorting, variant)
                start = min(start, many)
                return start, max(start, min(end, many))
            case _:
                assert_never(query.cut)

    def _walked(self, ordered: Ordered, walk: Walk, sorting: Sorting, variant: Variant) -> tuple[int, int]:
        many = len(ordered)
        if walk.place is None:
            return (max(0, many - walk.take), many) if walk.backward else (0, walk.take)
        below, at = ordered.around(walk.place, lambda rows: self._cards_of(rows, variant, lambda _: ()))
        before, upto = (many - below - at, many - below) if sorting.descending else (below, below + at)
        if walk.backward:
            return max(0, before - walk.take), before
        start = max(0, upto + walk.shift)
        return start, start + walk.take

    def _ordered(self, run: Run, query: Query) -> Ordered:
        sorting, ledger = query.sorting, self.ledger
        identity = ledger.listing.lists.identity
        if sorting.path == "" or not len(run):
            return Ordered(run, None, None, ledger, identity, sorting)
        plain = ledger.column(sorting.path)
        column = plain.ranked(sorting.collation)
        if column.rising and not column.changes:
            return Ordered(run, column.keys, plain, ledger, identity, sorting)
        key = (replace(query, cut=Slice()), sorting)
        known = self._orders.get(key)
        if known is None:
            rows = run.take(0, len(run))
            keys = column.keys[rows]
            if column.changes and not self._ended_only and len(self._living):
                keys = keys.copy()
                keys[np.isin(rows, self._living)] = self._keys_now(rows, plain, sorting.path)
            order = np.argsort(keys, kind="stable")
            known = (rows[order], keys[order])
            self._orders[key] = known
            while len(self._orders) > 1 and sum(len(one) for one, _ in self._orders.values()) > _ORDERED_ROWS:
                self._orders.pop(next(iter(self._orders)))
            while len(self._orders) > _SELECTIONS:
                self._orders.pop(next(iter(self._orders)))
        return Ordered(
            Run(0, len(run), known[0], _NO_ROWS), known[1], plain, ledger, identity, sorting, sorted_here=True
        )

    def _keys_now(self, rows: Places, column: Column, path: str) -> Keys:
        """The keys of the living among some rows, as they are seen now."""
        table = self._few_rows()
        places = np.searchsorted(self._living, rows[np.isin(rows, self._living)])
        keys = []
        for place in places.tolist():
            value = table.place_of(place, Sorting(path=path)).value
            span = column.scale.span(value) if value is not None else None
            keys.append(column.none_key if span is None else span[0])
        found: NDArray[Any] = np.asarray(keys, dtype=column.keys.dtype)
        return found

    def _cards_of(
        self, rows: Sequence[int], variant: Variant, beside: Callable[[int], Sequence[int]]
    ) -> dict[int, Card]:
        """Some rows as they are sent. With those that have to be made some are that will be asked for next."""
        found: dict[int, Card] = {}
        missing: list[int] = []
        alive: list[int] = []
        for row in rows:
            if row in self._lives:
                alive.append(row)
                continue
            card = self.ledger.card((variant, row))
            if card is None:
                missing.append(row)
            else:
                found[row] = card
        if missing:
            wanted = dict.fromkeys(missing)
            for row in beside(_AHEAD):
                if row not in self._lives and self.ledger.card((variant, row)) is None:
                    wanted[row] = None
            found |= self.ledger.make_cards(list(wanted), variant)
        if alive:
            found |= self._cards_alive(alive, variant)
        return found

    def _cards_alive(self, rows: Sequence[int], variant: Variant) -> dict[int, Card]:
        missing = [row for row in rows if (variant, row) not in self._cards]
        seen = self.ledger.living.seen(missing, self.at)
        for row, card in zip(missing, self.ledger.write(seen, variant), strict=True):
            self._cards[variant, row] = card
        return {row: self._cards[variant, row] for row in rows}


Deal = Callable[[Sequence[int]], Mapping[int, Card]]


@final
class Ordered:
    """Matching rows in the order of a key; rows of the same key are put in order when they are met."""

    def __init__(
        self,
        run: Run,
        keys: Keys | None,
        column: Column | None,
        ledger: Ledger,
        identity: str,
        sorting: Sorting,
        *,
        sorted_here: bool = False,
    ) -> None:
        self._run = run
        self._keys = keys
        self._column = column
        self._ledger = ledger
        self._identity = identity
        self._sorting = sorting
        self._here = sorted_here

    def __len__(self) -> int:
        return len(self._run)

    def _key(self, at: int) -> int:
        assert self._keys is not None
        run = self._run
        if self._here:
            return int(self._keys[at])
        if run.rows is None and at < run.head:
            return int(self._keys[run.first + at])
        return int(self._keys[int(run.take(at, at + 1)[0])])

    def _first_of(self, key: int) -> int:
        """How many rows have a lower key."""
        assert self._keys is not None
        found = place_in(self._keys, key)
        if self._here:
            return found
        # The keys rise from row to row: what counts are the rows below the first that reaches the key.
        run = self._run
        if run.rows is None:
            head = min(max(found - run.first, 0), run.head)
        else:
            head = place_in(run.rows[run.first : run.last], found)
        return head if head < run.head or not len(run.tail) else head + place_in(run.tail, found)

    def beside(self, low: int, high: int, many: int, *, behind: bool = False) -> list[int]:
        """So many rows that come next in the direction of the order, or that came before."""
        if self._sorting.descending is not behind:
            return list(map(int, self._run.take(max(0, low - many), low)))
        return list(map(int, self._run.take(high, min(len(self), high + many))))

    def roughly(self, low: int, high: int) -> list[int]:
        """The rows from one place to another; at the ends others of the same key may belong there."""
        return [int(row) for row in self._run.take(low, high)] if low < high else []

    def settled(self, low: int, high: int, deal: Deal) -> list[int]:
        """The rows from one place to another, in their final order."""
        if low >= high:
            return []
        if self._keys is None:
            return list(map(int, self._run.take(low, high)))
        # Rows of the same key may stand on both sides of a cut.
        first = low if low == 0 or self._key(low - 1) != self._key(low) else self._first_of(self._key(low))
        last = high
        if high < len(self) and self._key(high) == self._key(high - 1):
            last = self._first_of(self._key(high - 1) + 1)
        rows = self._run.take(first, last)
        keys = self._keys[first:last] if self._here else self._keys[rows]
        if last - first > 1 and (keys[1:] == keys[:-1]).any():
            found = self._by_identity(rows, keys, deal)
        else:
            found = rows.tolist()
        return found[low - first : high - first]

    def _by_identity(self, rows: Places, keys: Keys, deal: Deal) -> list[int]:
        found: list[int] = []
        some, same = [int(row) for row in rows.tolist()], keys.tolist()
        first, many = 0, len(some)
        while first < many:
            last = first + 1
            while last < many and same[last] == same[first]:
                last += 1
            if last == first + 1:
                found.append(some[first])
            elif last - first > _LARGE_TIE:
                group = rows[first:last]
                identities = self._ledger.column(self._identity).keys[group]
                found += [int(row) for row in group[np.argsort(identities, kind="stable")]]
            else:
                cards = deal(some[first:last])
                found += sorted(some[first:last], key=lambda row: identity_key(cards[row].identity))
            first = last
        return found

    def value_at(self, at: int) -> Comparable | None:
        """The sort value of the row at a place."""
        if self._column is None:
            return None
        if self._column.listed:
            # Under a collation texts may have the same key without being equal.
            return self._column.scale.value(int(self._column.keys[int(self._run.take(at, at + 1)[0])]))
        return self._column.scale.value(self._key(at))

    def around(self, place: Place, deal: Deal) -> tuple[int, int]:
        """How many rows come before a place, and how many are at it."""
        if self._column is None or self._keys is None:
            return 0, 0
        if place.value is None:
            key = self._column.none_key
            span: tuple[int, int] | None = (key, key + 1)
        else:
            span = self._column.ranked(self._sorting.collation).scale.span(place.value)
        if span is None:
            return 0, 0
        first = self._first_of(span[0])
        last = self._first_of(span[1]) if span[1] > span[0] else first
        if first == last:
            return first, 0
        wanted = identity_key(place.identity)
        some = self._run.take(first, last).tolist()
        if len(some) > _LARGE_TIE:
            column = self._ledger.column(self._identity)
            around = column.scale.span(place.identity) if place.identity is not None else None
            keys = column.keys[np.asarray(some)]
            if around is None:
                return first, 0
            return first + int((keys < around[0]).sum()), int(((keys >= around[0]) & (keys < around[1])).sum())
        cards = deal(some)
        found = [identity_key(cards[row].identity) for row in some]
        return first + sum(one < wanted for one in found), sum(one == wanted for one in found)


def _slice(cut: Slice, many: int) -> tuple[int, int]:
    start = min(cut.skip, many)
    return start, many if cut.take is None else min(start + max(cut.take, 0), many)


def identity_key(identity: Comparable | None) -> tuple[int, Any]:
    """A key under which identities stand in order, none first."""
    return (-1, 0) if identity is None else natural(identity)
