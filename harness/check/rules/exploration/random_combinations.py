"""Exploration: combinations drawn by Hypothesis from spec and mirror, compared with the oracle, and shrunk.

A combination is made of pieces: filters with values that occur together, a page, an order, a switch. Of all that
are drawn those are asked that tell most about pairs and triples of pieces not met yet. Shrinking goes by the
answers already seen; only what they leave open is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any, Final, Literal, TypeVar, final

from harness.check.context import CheckContext, Row
from harness.check.oracle.dialect_inference import MOST_BRANCHES
from harness.check.probe.blame import clauses_of_value
from harness.check.probe.differences import Aspect
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import (
    are_exclusive,
    bounds_above,
    companion_parameters,
    count_values_of,
    default_comparison,
    discriminating_values,
    encode_shown_value,
    fits_one_element,
    flatten_values,
    is_time_filter,
    largest_page,
    open_range_end,
    visible_filters,
)
from harness.check.probe.mirror import Mirror, first_page_number
from harness.check.probe.orders import other_direction
from harness.errors import is_installed
from harness.specification.model import Clauses, CursorPaging, LimitPaging, NoPaging, OffsetPaging, PageNumberPaging
from harness.specification.paging_clauses import size_clauses, slice_clauses
from harness.specification.sort_spellings import sort_spellings
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import takes_list

T = TypeVar("T")
PieceKind = Literal["filter", "page", "sort", "descending", "include", "count"]
Chooser = Callable[[Sequence[Any]], Any]
"""Takes one of several."""

REQUESTS_AT_MOST: Final = 36
MOVING_REQUESTS_AT_MOST: Final = 20
"""The same while the list moves: each mismatch costs readings of the whole list then."""
REQUESTS_OF_A_RUN: Final = 500
"""Requests of a whole run; of a server that is broken in many ways less is explored."""
REQUESTS_RESERVED: Final = 160
"""Requests that the phases after this one need."""
# Ten for each that is asked, so that those asked cover most pairs and triples.
COMBINATIONS_DRAWN: Final = 360
NO_MATCH_AT_MOST: Final = 4
"""The most combinations that no row satisfies."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One part of a combination (filter, page, sort, switch), with all parameters that it needs."""

    kind: PieceKind
    name: str
    values: tuple[tuple[str, Tree], ...]
    clauses: Clauses = ()

    @property
    def label(self) -> str:
        """The name of the piece, whatever its values."""
        return self.name if self.kind == "filter" else f"{self.kind} {self.name}"

    @property
    def key(self) -> Hashable:
        """The label and values of the piece, by which equal pieces are found."""
        return (self.label, str(self.values))


Pieces = tuple[Piece, ...]


@dataclass(slots=True)
class _ExplorationLog:
    """How many requests were spent, and which rows each filter keeps by itself."""

    requests_spent: int = 0
    matching_keys: dict[Hashable, frozenset[Hashable] | None] = field(default_factory=dict)


def check_combinations(context: CheckContext, mirror: Mirror) -> None:
    """Judges combinations of filters, pages, orders and switches."""
    allowed = requests_allowed(context, REQUESTS_AT_MOST if not mirror.volatile else MOVING_REQUESTS_AT_MOST)
    if len(mirror.rows) < 2 or mirror.tear_reason or allowed < 1:
        return
    if not is_installed("hypothesis"):
        context.notes.append(
            "explore: no combinations were drawn, for Hypothesis is not installed: pip install 'callharness[explore]'"
        )
        return
    seen = _ExplorationLog()
    for pieces in choose_combinations(context, mirror, draw_combinations(context, mirror), seen, at_most=allowed):
        if seen.requests_spent >= allowed:
            return
        sent = context.requests
        clauses, blame = clauses_of_pieces(context, pieces)
        ask = request_of_pieces(context, mirror, pieces)
        judged = check_probe(context, mirror, ask, purpose_of_pieces(pieces), clauses, blame=blame)
        seen.requests_spent += context.requests - sent
        if judged.passed:
            _record_passes(context, mirror, pieces, seen)


def requests_allowed(context: CheckContext, most: int) -> int:
    """The number of requests that may be spent here, so that later phases have theirs."""
    limit = min(context.options.max_requests or REQUESTS_OF_A_RUN, REQUESTS_OF_A_RUN)
    return max(0, min(most, limit - context.requests - REQUESTS_RESERVED))


# --- drawing ------------------------------------------------------------------------------------------------


def draw_combinations(context: CheckContext, mirror: Mirror, *, at_most: int = COMBINATIONS_DRAWN) -> list[Pieces]:
    """Combinations as Hypothesis draws them, without repetition; the same for the same run seed and spec."""
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
    from hypothesis import strategies as st

    made = _PieceMaker(context, mirror)
    if not made.filters and not made.others:
        return []
    bits = st.booleans()
    found: dict[frozenset[Hashable], Pieces] = {}

    @st.composite
    def combination(draw: st.DrawFn) -> Pieces:
        def choose(options: Sequence[T]) -> T:
            # Only booleans are drawn: Hypothesis mixes constants from whatever modules are loaded into its
            # integers, so that these would not be the same everywhere, and writes a cache where it runs.
            index = 0
            for _ in range((len(options) - 1).bit_length() + 1):
                index = 2 * index + draw(bits)
            return options[index % len(options)]

        return made.make_combination(choose)

    @seed(derive_seed(context, "explore"))
    @settings(
        max_examples=at_most,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(combination())
    def collect(pieces: Pieces) -> None:
        if len(pieces) > 1:
            found.setdefault(frozenset(piece.key for piece in pieces), pieces)

    collect()
    return list(found.values())


def derive_seed(context: CheckContext, check: str) -> int:
    """The seed of a check that draws: of the run's seed, the spec and the check's name."""
    text = f"{context.seed} {context.spec.id} {check}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class _PieceMaker:
    """Makes pieces from what the rows show."""

    def __init__(self, context: CheckContext, mirror: Mirror) -> None:
        self.context = context
        self.mirror = mirror
        step = max(1, len(mirror.rows) // 64)
        self.rows = mirror.rows[::step][:64]
        self.filters = [name for name in visible_filters(context) if context.supports_parameters(name)]
        self.telling = {
            name: discriminating_values(context, mirror.rows, name)
            for name in self.filters
            if not is_time_filter(context, name)
        }
        self.counts = {name: count_values_of(mirror, context.listing.filters[name].compares) for name in self.telling}
        self.others = [
            pieces
            for pieces in (self.page_pieces(), self.sort_pieces(), self.descending_pieces(), self.switch_pieces())
            if pieces
        ]

    def make_combination(self, choose: Chooser) -> Pieces:
        """Filters that one row satisfies (or nearly), with a page, an order and switches beside them."""
        row: Row = choose(self.rows)
        pieces: list[Piece] = []
        for _ in range(choose((0, 1, 2, 3, 3, 4, 4, 5))):
            if self.filters:
                self.add_piece(pieces, self.make_filter_piece(choose(self.filters), row, choose))
        for group in self.others:
            if choose((False, True)):
                self.add_piece(pieces, choose(group))
        return tuple(sorted(pieces, key=lambda piece: piece.label))

    def add_piece(self, pieces: list[Piece], piece: Piece | None) -> None:
        """Adds a piece unless it contradicts one that is there."""
        if piece is None:
            return
        said = {name: value for one in pieces for name, value in one.values}
        names = {one.name for one in pieces if one.kind == "filter"}
        if piece.name in said or any(said.get(name, value) != value for name, value in piece.values):
            return
        if piece.kind == "filter" and any(are_exclusive(self.context, piece.name, name) for name in names):
            return
        pieces.append(piece)

    # --- filters --------------------------------------------------------------------------------------------

    def make_filter_piece(self, name: str, row: Row, choose: Chooser) -> Piece | None:
        context, filter_ = self.context, self.context.listing.filters[name]
        own = flatten_values(row.values(*filter_.compares))
        if is_time_filter(context, name):
            return self.make_time_piece(name, own, choose)
        value: Any = choose(own) if own else None
        way = choose(("own", "own", "own", "own", "list", "part", "odd", "odd"))
        clauses = filter_.clause
        if way == "odd" or value is None:
            if not self.telling.get(name):
                return None
            value = choose(self.telling[name])
        elif way == "list" and takes_list(context.listing.parameters[name]):
            value = (value, choose(self.telling[name] or own))
            clauses = context.listing.parameters[name].list_clause or filter_.clause
        elif way == "part" and filter_.keeps == "contains" and isinstance(value, str) and len(value) > 2:
            value = value[choose((0, 1)) : choose((None, -1))]
        elif self.counts[name][value] == 1 and choose((False, True, True, True)):
            # A value that one row has leaves nothing for others to tell.
            return None
        items = value if isinstance(value, tuple) else (value,)
        if not all(fits_one_element(context, name, item) for item in items):
            return None
        named, comparison = filter_.named_by, default_comparison(context, name)
        if named is not None and not comparison and context.supports_parameters(named.parameter):
            comparison = {named.parameter: choose(sorted(named.words))}
        raw = encode_shown_value(context, name, self.with_integers(value))
        values = {**companion_parameters(context, self.mirror, name, row), **comparison, name: raw}
        if isinstance(value, str):
            clauses = clauses_of_value(filter_, value)
        return Piece(kind="filter", name=name, values=tuple(values.items()), clauses=clauses)

    def with_integers(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self.with_integers(item) for item in value)
        return int(value) if isinstance(value, Decimal) else value

    def make_time_piece(self, name: str, own: Sequence[Any], choose: Chooser) -> Piece | None:
        instants = [instant for instant in own if isinstance(instant, datetime)]
        if not instants:
            return None
        filter_ = self.context.listing.filters[name]
        earlier = timedelta(seconds=choose((0, 1, 60)))
        instant = instants[0].replace(microsecond=0)
        if instants[0].microsecond and bounds_above(filter_):
            instant += timedelta(seconds=1)
        if name not in self.mirror.base:
            # Beyond its own window the mirror knows nothing.
            instant += earlier if bounds_above(filter_) else -earlier
        values = {
            **open_range_end(self.context, self.mirror, name),
            name: encode_shown_value(self.context, name, instant),
        }
        return Piece(kind="filter", name=name, values=tuple(values.items()), clauses=filter_.clause)

    # --- pages, orders, switches ----------------------------------------------------------------------------

    def page_pieces(self) -> list[Piece]:
        paging, context = self.context.listing.paging, self.context
        size_name = paging.size_parameter
        if size_name is None or not context.supports_parameters(size_name):
            return []
        clauses = slice_clauses(paging) or size_clauses(paging)
        places: list[tuple[int, dict[str, Tree]]] = []
        for size in (1, 2, 3, 5, 8, 20):
            match paging:
                case PageNumberPaging():
                    first = first_page_number(context, paging)
                    places += [(size, {paging.page: context.encode(paging.page, first + page)}) for page in range(4)]
                case OffsetPaging():
                    offsets = [skip + paging.first for skip in (0, 1, 2, 7)]
                    places += [(size, {paging.offset: context.encode(paging.offset, place)}) for place in offsets]
                case LimitPaging() | CursorPaging() | NoPaging():
                    places.append((size, {}))
        return [
            Piece(
                kind="page",
                name="",
                values=((size_name, context.encode(size_name, size)), *where.items()),
                clauses=clauses,
            )
            for size, where in places
        ]

    def sort_pieces(self) -> list[Piece]:
        order = self.context.listing.order
        sort = order.sort if order is not None else None
        if sort is None or order is None or not self.context.supports_parameters(sort.parameter):
            return []
        clauses = sort.clauses.words or order.clause
        unusable = {*sort.undocumented, *self.context.facts.refused_sort_words}
        words = [word for word in sort.words if word not in unusable]
        spellings = [spelling for word in words for spelling in sort_spellings(sort, word)]
        return [
            Piece(kind="sort", name="", values=((sort.parameter, spelling),), clauses=clauses)
            for spelling in spellings
        ]

    def descending_pieces(self) -> list[Piece]:
        order = self.context.listing.order
        if order is None or order.descending is None or not self.context.supports_parameters(order.descending):
            return []
        on = self.context.encode(order.descending, other_direction(self.context, order.descending))
        return [Piece(kind="descending", name="", values=((order.descending, on),), clauses=order.descending_clause)]

    def switch_pieces(self) -> list[Piece]:
        found: list[Piece] = []
        for include in self.context.listing.includes:
            if include.adds and self.context.supports_parameters(include.parameter):
                default = self.context.listing.parameters[include.parameter].default is True
                role = (include.clauses.off if default else include.clauses.on) or include.clauses.default
                value = self.context.encode(include.parameter, not default)
                found.append(
                    Piece(kind="include", name=include.parameter, values=((include.parameter, value),), clauses=role)
                )
        counting = self.context.listing.count_only
        if counting is not None and self.context.supports_parameters(counting.parameter):
            on = self.context.encode(counting.parameter, True)
            clauses = counting.clauses.on
            found.append(Piece(kind="count", name="", values=((counting.parameter, on),), clauses=clauses))
        return found


# --- choosing -----------------------------------------------------------------------------------------------


def choose_combinations(
    context: CheckContext, mirror: Mirror, candidates: Sequence[Pieces], seen: _ExplorationLog, *, at_most: int
) -> Iterator[Pieces]:
    """The combinations that tell most, best first: pairs, then threes and fours not met yet."""
    telling_pieces = {id(pieces): _pieces_that_matter(context, mirror, pieces, seen) for pieces in candidates}
    left = [pieces for pieces in candidates if len(telling_pieces[id(pieces)]) > 1]
    nobody = [pieces for pieces in candidates if not telling_pieces[id(pieces)]][:NO_MATCH_AT_MOST]
    met: set[tuple[str, ...]] = set(context.facts.covered_pairs)
    for _ in range(at_most):
        best: tuple[int, int] | None = None
        for place, pieces in enumerate(left):
            gain = sum(6 - len(group) for group in _label_groups(telling_pieces[id(pieces)]) if group not in met)
            if gain and (best is None or gain > best[0]):
                best = (gain, place)
        if best is None:
            break
        pieces = left.pop(best[1])
        met.update(_label_groups(telling_pieces[id(pieces)]))
        yield pieces
    yield from nobody


def _label_groups(labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in (2, 3, 4):
        yield from combinations(labels, size)


def _pieces_that_matter(
    context: CheckContext, mirror: Mirror, pieces: Pieces, seen: _ExplorationLog
) -> tuple[str, ...]:
    """The pieces whose loss would show, in order of their labels; none where no row is left."""
    matching_keys = {
        piece.label: _matching_keys(context, mirror, piece, seen) for piece in pieces if piece.kind == "filter"
    }
    everything = frozenset(row.key for row in mirror.rows)
    sets = {label: keys for label, keys in matching_keys.items() if keys is not None}
    both = everything.intersection(*sets.values())
    if not both or len(sets) < len(matching_keys):
        return ()
    labels: list[str] = []
    for piece in pieces:
        if piece.kind == "filter":
            rest = everything.intersection(*(keys for label, keys in sets.items() if label != piece.label))
            telling = rest != both
        elif piece.kind in ("page", "sort", "descending"):
            telling = len(both) > 2
        else:
            telling = True
        if telling:
            labels.append(piece.label)
    return tuple(labels)


def _matching_keys(
    context: CheckContext, mirror: Mirror, piece: Piece, seen: _ExplorationLog
) -> frozenset[Hashable] | None:
    """The rows that a filter keeps by itself; None where that is open."""
    if piece.key not in seen.matching_keys:
        meanings = context.expected_answers(mirror.request(dict(piece.values)))
        _, meaning = meanings[0]
        plain = meaning.error_name is None and not meaning.unspecified and len(meanings) < MOST_BRANCHES
        seen.matching_keys[piece.key] = (
            frozenset(row.key for row in mirror.rows if not meaning.no_rows and meaning.keeps_row(row.shown) is True)
            if plain
            else None
        )
    return seen.matching_keys[piece.key]


# --- requests -------------------------------------------------------------------------------------


def request_of_pieces(context: CheckContext, mirror: Mirror, pieces: Pieces) -> ListRequest:
    """The request that asks for all of the pieces."""
    said: dict[str, Tree] = {name: value for piece in pieces for name, value in piece.values}
    page: Mapping[str, Tree] = {} if any(piece.kind == "page" for piece in pieces) else largest_page(context)
    return mirror.request({**page, **said})


def purpose_of_pieces(pieces: Pieces) -> str:
    """The pieces in words."""
    return f"{' with '.join(piece.label.strip() for piece in pieces)} (explored)"


def _record_passes(context: CheckContext, mirror: Mirror, pieces: Pieces, seen: _ExplorationLog) -> None:
    telling = set(_pieces_that_matter(context, mirror, pieces, seen))
    filters = [piece for piece in pieces if piece.kind == "filter" and piece.label in telling]
    if len(filters) > 1:
        context.results.record_pass(context.listing.conjunction_clause)
    for piece in filters:
        context.results.record_pass(piece.clauses[:1])


# --- clauses ------------------------------------------------------------------------------------------------


def clauses_of_pieces(context: CheckContext, pieces: Pieces) -> tuple[Clauses, Mapping[Aspect, Clauses]]:
    """The clauses on a whole combination: on which rows come, and on the other aspects where they differ."""
    filters = [piece for piece in pieces if piece.kind == "filter"]
    by_kind = {piece.kind: piece for piece in pieces}
    joined = context.listing.conjunction_clause if len(filters) > 1 else ()
    row_clauses = joined or (filters[0].clauses if filters else ())
    blame: dict[Aspect, Clauses] = {}
    sorting = by_kind.get("sort") or by_kind.get("descending")
    if sorting is not None:
        blame["order"] = sorting.clauses
        if "page" not in by_kind:
            blame["slice"] = sorting.clauses
    if "count" in by_kind:
        counting = context.listing.count_only
        assert counting is not None
        named = {name for piece in pieces for name, _ in piece.values}
        ignored = counting.clauses.ignores if named & set(counting.ignores) else ()
        return ignored or by_kind["count"].clauses or row_clauses, blame
    beside = by_kind.get("page") or sorting or by_kind.get("include")
    return row_clauses or (beside.clauses if beside is not None else ()), blame
