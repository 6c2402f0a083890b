"""Exploration: combinations drawn by Hypothesis from spec and mirror, held against the oracle, and shrunk.

A combination is made of pieces: filters with values that occur together, a page, an order, a switch. Of all that
are drawn those are asked that tell most about pairs and triples of pieces not met yet. Shrinking goes by the
answers already seen; only what they leave open is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any, Final, Literal, TypeVar, final

from harness.check.context import Exchange, Row, Session
from harness.check.oracle.dialect_inference import MOST_BRANCHES
from harness.check.probe.blame import unsteady_clauses
from harness.check.probe.comparison import Aspect, Mismatch, compare
from harness.check.probe.expect import Judged, expect, report, strays
from harness.check.probe.filter_clauses import word_clauses
from harness.check.probe.filter_values import (
    companions,
    default_comparison,
    flat,
    is_time,
    partner,
    raw_value,
    shown_filters,
    telling_values,
    values_shown,
    wide,
)
from harness.check.probe.mirror import Mirror, ask_for, reread, written
from harness.check.probe.stability import unsettled, young
from harness.specification.model import (
    Clauses,
    CursorPaging,
    Include,
    LimitPaging,
    NoPaging,
    OffsetPaging,
    PageNumberPaging,
)
from harness.wire.format_problems import Tree
from harness.wire.list_request import Ask
from harness.wire.row_codec import compared

T = TypeVar("T")
Kind = Literal["filter", "page", "sort", "descending", "include", "count"]
Chooser = Callable[[Sequence[Any]], Any]
"""Takes one of several."""

REQUESTS_AT_MOST: Final = 36
WHILE_MOVING: Final = 20
"""So many while the list moves: each mismatch costs readings of the whole list then."""
KEPT_BACK: Final = 160
"""Requests that the phases after this one need."""
DRAWN: Final = 360
SHRINKING: Final = 4
"""Requests on the way to a smaller example; with the two that confirm it they are six."""
FINDINGS_AT_MOST: Final = 4
NOBODY_AT_MOST: Final = 4
"""So many combinations that no row satisfies."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing that a request asks for beside others, with all parameters that it needs."""

    kind: Kind
    name: str
    values: tuple[tuple[str, Tree], ...]
    clauses: Clauses = ()

    @property
    def label(self) -> str:
        """What it is, whatever its values."""
        return self.name if self.kind == "filter" else f"{self.kind} {self.name}"

    @property
    def key(self) -> Hashable:
        return (self.label, str(self.values))


Pieces = tuple[Piece, ...]


@dataclass(slots=True)
class _Seen:
    """Which combinations were right, by their pieces; and the smallest that were wrong."""

    right: dict[frozenset[Hashable], bool] = field(default_factory=dict)
    smallest: list[frozenset[str]] = field(default_factory=list)
    spent: int = 0
    kept: dict[Hashable, frozenset[Hashable] | None] = field(default_factory=dict)

    def explained(self, pieces: Pieces) -> bool:
        """Whether a smaller combination that is known to be wrong is part of this one."""
        labels = {piece.label for piece in pieces}
        return any(small <= labels for small in self.smallest)


def explore(session: Session, mirror: Mirror) -> Iterator[None]:
    """Combinations of everything that works alone, compared with the oracle."""
    allowed = requests_allowed(session, REQUESTS_AT_MOST if not mirror.volatile else WHILE_MOVING)
    if len(mirror.rows) < 2 or mirror.torn or allowed < 1:
        return
    seen = _Seen()
    for pieces in chosen(session, mirror, drawn(session, mirror), seen, at_most=allowed):
        if seen.spent >= allowed or len(seen.smallest) >= FINDINGS_AT_MOST:
            return
        if seen.explained(pieces) or not all(usable(session, piece) for piece in pieces):
            continue
        exchange = yield from _ask(session, mirror, pieces, seen)
        wrong = _wrong(session, mirror, pieces, exchange)
        if wrong is None:
            continue
        seen.right[_key(pieces)] = not wrong
        if wrong:
            yield from _found(session, mirror, pieces, wrong, exchange, seen)
        else:
            _witness(session, mirror, pieces, seen)


def requests_allowed(session: Session, most: int, kept_back: int = KEPT_BACK) -> int:
    """So many requests may be spent here, so that the phases to come have theirs."""
    limit = session.settings.get("max_requests")
    return most if limit is None else max(0, min(most, limit - session.requests - kept_back))


def usable(session: Session, piece: Piece) -> bool:
    """Whether everything that the piece asks for works alone, as far as is known."""
    return session.usable(*(name for name, _ in piece.values)) and not session.ledger.failed(piece.clauses)


# --- drawing ------------------------------------------------------------------------------------------------


def drawn(session: Session, mirror: Mirror, *, at_most: int = DRAWN) -> list[Pieces]:
    """Combinations as Hypothesis draws them, without repetition; the same for the same run seed and spec."""
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
    from hypothesis import strategies as st

    made = _Maker(session, mirror)
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

        return made.combination(choose)

    @seed(seed_of(session, "explore"))
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
            found.setdefault(_key(pieces), pieces)

    collect()
    return list(found.values())


def seed_of(session: Session, check: str) -> int:
    """The seed of a check that draws: of the run's seed, the spec and the check's name."""
    text = f"{session.seed} {session.spec.id} {check}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class _Maker:
    """Makes pieces from what the rows show."""

    def __init__(self, session: Session, mirror: Mirror) -> None:
        self.session = session
        self.mirror = mirror
        step = max(1, len(mirror.rows) // 64)
        self.rows = mirror.rows[::step][:64]
        self.filters = [
            name
            for name in shown_filters(session)
            if session.usable(name)
            and session.in_force(name)
            and not session.ledger.failed(session.listing.filters[name].clause)
        ]
        self.telling = {
            name: telling_values(session, mirror.rows, name)
            for name in self.filters
            if not is_time(session.listing.filters[name])
        }
        self.counts = {
            name: values_shown(mirror.rows, session.listing.filters[name].compares) for name in self.telling
        }
        self.others = [pieces for pieces in (self.pages(), self.sorts(), self.descends(), self.switches()) if pieces]

    def combination(self, choose: Chooser) -> Pieces:
        """Filters that one row satisfies (or nearly), with a page, an order and switches beside them."""
        row: Row = choose(self.rows)
        pieces: list[Piece] = []
        for _ in range(choose((0, 1, 2, 3, 3, 4, 4, 5))):
            if self.filters:
                self.add(pieces, self.filter(choose(self.filters), row, choose))
        for group in self.others:
            if choose((False, True)):
                self.add(pieces, choose(group))
        return tuple(sorted(pieces, key=lambda piece: piece.label))

    def add(self, pieces: list[Piece], piece: Piece | None) -> None:
        """Adds a piece unless it contradicts one that is there."""
        if piece is None:
            return
        said = {name: value for one in pieces for name, value in one.values}
        names = {one.name for one in pieces if one.kind == "filter"}
        if piece.name in said or any(said.get(name, value) != value for name, value in piece.values):
            return
        if piece.kind == "filter" and any(self.apart(piece.name, name) for name in names):
            return
        pieces.append(piece)

    def apart(self, one: str, other: str) -> bool:
        """Whether two filters are not meant to stand together."""
        first, second = self.session.listing.filters[one], self.session.listing.filters[other]
        return other in first.excludes or one in second.excludes or first.same_as == other or second.same_as == one

    # --- filters --------------------------------------------------------------------------------------------

    def filter(self, name: str, row: Row, choose: Chooser) -> Piece | None:
        session, kept = self.session, self.session.listing.filters[name]
        own = flat([value for path in kept.compares for value in compared(row.shown, path)])
        if is_time(kept):
            return self.time(name, own, choose)
        value: Any = choose(own) if own else None
        way = choose(("own", "own", "own", "own", "list", "part", "odd", "odd"))
        clauses = kept.clause
        if way == "odd" or value is None:
            if not self.telling.get(name):
                return None
            value = choose(self.telling[name])
        elif way == "list" and session.listing.parameters[name].as_ in ("list", "json-list"):
            value = (value, choose(self.telling[name] or own))
            clauses = session.listing.parameters[name].list_clause or kept.clause
        elif way == "part" and kept.keeps == "contains" and isinstance(value, str) and len(value) > 2:
            value = value[choose((0, 1)) : choose((None, -1))]
        elif self.counts[name][value] == 1 and choose((False, True, True, True)):
            # A value that one row has leaves nothing for others to tell.
            return None
        if not self.writable(name, value):
            return None
        comparison: dict[str, Tree] = default_comparison(session, name)
        if kept.named_by is not None and not comparison and session.in_force(kept.named_by.parameter):
            comparison = {kept.named_by.parameter: choose(sorted(kept.named_by.words))}
        raw = raw_value(session, name, self.whole(value))
        values = {**companions(session, self.mirror, name, row), **comparison, name: raw}
        if isinstance(value, str):
            clauses = word_clauses(kept, value)
        return Piece(kind="filter", name=name, values=tuple(values.items()), clauses=clauses)

    def writable(self, name: str, value: Any) -> bool:
        """Whether a list can hold the value: a separator inside would cut it in two."""
        parameter = self.session.listing.parameters[name]
        if parameter.as_ != "list" or self.session.listing.transport.carries == "json":
            return True
        items = value if isinstance(value, tuple) else (value,)
        return not any(parameter.separated_by in str(item) or str(item) != str(item).strip() for item in items)

    def whole(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self.whole(item) for item in value)
        return int(value) if isinstance(value, Decimal) else value

    def time(self, name: str, own: Sequence[Any], choose: Chooser) -> Piece | None:
        moments = [moment for moment in own if isinstance(moment, datetime)]
        if not moments:
            return None
        kept = self.session.listing.filters[name]
        earlier = timedelta(seconds=choose((0, 1, 60)))
        moment = moments[0].replace(microsecond=0)
        if moments[0].microsecond and kept.keeps == "at-or-before":
            moment += timedelta(seconds=1)
        if name not in self.mirror.base:
            # Beyond its own window the mirror knows nothing.
            moment += earlier if kept.keeps == "at-or-before" else -earlier
        values = {**partner(self.session, self.mirror, name), name: raw_value(self.session, name, moment)}
        return Piece(kind="filter", name=name, values=tuple(values.items()), clauses=kept.clause)

    # --- pages, orders, switches ----------------------------------------------------------------------------

    def pages(self) -> list[Piece]:
        paging, session = self.session.listing.paging, self.session
        if isinstance(paging, NoPaging) or not session.in_force(paging.size):
            return []
        clauses = paging.clauses.get("slice", ()) if not isinstance(paging, LimitPaging) else ()
        clauses = clauses or paging.clauses.get("size", ())
        places: list[tuple[int, dict[str, Tree]]] = []
        for size in (1, 2, 3, 5, 8, 20):
            match paging:
                case PageNumberPaging():
                    places += [
                        (size, {paging.page: written(session, paging.page, paging.first + page)}) for page in range(4)
                    ]
                case OffsetPaging():
                    places += [
                        (size, {paging.offset: written(session, paging.offset, skip)}) for skip in (0, 1, 2, 7)
                    ]
                case LimitPaging() | CursorPaging():
                    places.append((size, {}))
        return [
            Piece(
                kind="page",
                name="",
                values=((paging.size, written(session, paging.size, size)), *where.items()),
                clauses=clauses,
            )
            for size, where in places
        ]

    def sorts(self) -> list[Piece]:
        order = self.session.listing.order
        sort = order.sort if order is not None else None
        if sort is None or order is None or not self.session.in_force(sort.parameter):
            return []
        clauses = sort.clauses.get("words", order.clause)
        words = [word for word in sort.words if word not in sort.undocumented]
        spellings = [spelling for word in words for spelling in ((word, f"-{word}") if sort.signed else (word,))]
        return [
            Piece(kind="sort", name="", values=((sort.parameter, spelling),), clauses=clauses)
            for spelling in spellings
        ]

    def descends(self) -> list[Piece]:
        order = self.session.listing.order
        if order is None or order.descending is None or not self.session.in_force(order.descending):
            return []
        on = written(self.session, order.descending, True)
        return [Piece(kind="descending", name="", values=((order.descending, on),), clauses=order.descending_clause)]

    def switches(self) -> list[Piece]:
        found: list[Piece] = []
        for include in self.session.listing.includes:
            if include.adds and self.session.in_force(include.parameter):
                default = self.session.listing.parameters[include.parameter].default is True
                role = include.clauses.get("off" if default else "on", ()) or include.clauses.get("default", ())
                value = written(self.session, include.parameter, not default)
                found.append(
                    Piece(kind="include", name=include.parameter, values=((include.parameter, value),), clauses=role)
                )
        counting = self.session.listing.count_only
        if counting is not None and self.session.in_force(counting.parameter):
            on = written(self.session, counting.parameter, True)
            clauses = counting.clauses.get("on", ())
            found.append(Piece(kind="count", name="", values=((counting.parameter, on),), clauses=clauses))
        return found


# --- choosing -----------------------------------------------------------------------------------------------


def chosen(
    session: Session, mirror: Mirror, candidates: Sequence[Pieces], seen: _Seen, *, at_most: int
) -> Iterator[Pieces]:
    """The combinations that tell most, best first: pairs, then threes and fours not met yet."""
    told = {id(pieces): _telling(session, mirror, pieces, seen) for pieces in candidates}
    left = [pieces for pieces in candidates if len(told[id(pieces)]) > 1]
    nobody = [pieces for pieces in candidates if not told[id(pieces)]][:NOBODY_AT_MOST]
    met: set[tuple[str, ...]] = set(session.settings.get("pairs-told", ()))
    for _ in range(at_most):
        best: tuple[int, int] | None = None
        for place, pieces in enumerate(left):
            gain = sum(6 - len(group) for group in _groups(told[id(pieces)]) if group not in met)
            if gain and (best is None or gain > best[0]):
                best = (gain, place)
        if best is None:
            break
        pieces = left.pop(best[1])
        met.update(_groups(told[id(pieces)]))
        yield pieces
    yield from nobody


def _groups(labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in (2, 3, 4):
        yield from combinations(labels, size)


def _telling(session: Session, mirror: Mirror, pieces: Pieces, seen: _Seen) -> tuple[str, ...]:
    """The pieces whose loss would show, in order of their labels; none where no row is left."""
    kept = {piece.label: _kept(session, mirror, piece, seen) for piece in pieces if piece.kind == "filter"}
    everything = frozenset(row.key for row in mirror.rows)
    sets = {label: keys for label, keys in kept.items() if keys is not None}
    both = everything.intersection(*sets.values())
    if not both or len(sets) < len(kept):
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


def _kept(session: Session, mirror: Mirror, piece: Piece, seen: _Seen) -> frozenset[Hashable] | None:
    """The rows that a filter keeps by itself; None where that is open."""
    if piece.key not in seen.kept:
        meanings = session.meanings(ask_for(session, mirror.base, dict(piece.values)))
        _, meaning = meanings[0]
        plain = meaning.fault is None and not meaning.anything and len(meanings) < MOST_BRANCHES
        seen.kept[piece.key] = (
            frozenset(row.key for row in mirror.rows if not meaning.empty and meaning.keeps(row.shown) is True)
            if plain
            else None
        )
    return seen.kept[piece.key]


# --- asking and judging -------------------------------------------------------------------------------------


def ask_of(session: Session, mirror: Mirror, pieces: Pieces) -> Ask:
    """The request that asks for all of the pieces."""
    said: dict[str, Tree] = {name: value for piece in pieces for name, value in piece.values}
    page: Mapping[str, Tree] = {} if any(piece.kind == "page" for piece in pieces) else wide(session)
    return ask_for(session, mirror.base, {**page, **said})


def purpose_of(pieces: Pieces) -> str:
    """The pieces in words."""
    return f"{' with '.join(piece.label.strip() for piece in pieces)} (explored)"


def _ask(session: Session, mirror: Mirror, pieces: Pieces, seen: _Seen) -> Generator[None, None, Exchange]:
    exchange = session.send(ask_of(session, mirror, pieces), purpose_of(pieces))
    seen.spent += 1
    yield
    return exchange


def _wrong(session: Session, mirror: Mirror, pieces: Pieces, exchange: Exchange) -> Mismatch | Literal[False] | None:
    """How the answer differs from what is due; False where it is right, None where that cannot be told."""
    if session.not_judged(exchange, ()) or exchange.answer is None:
        return None
    branches = session.meanings(exchange.ask)
    if len(branches) >= MOST_BRANCHES or any(meaning.anything for _, meaning in branches):
        return None
    held = [(answers, compare(session, mirror, meaning, exchange)) for answers, meaning in branches]
    right = [answers for answers, mismatch in held if mismatch is None]
    if not right:
        return max((mismatch for _, mismatch in held if mismatch is not None), key=lambda found: found.rank)
    session.knowledge.settle(right, exchange.purpose)
    return _part(session, mirror, pieces, exchange) or False


def _part(session: Session, mirror: Mirror, pieces: Pieces, exchange: Exchange) -> Mismatch | None:
    """Whether rows lack the part that a switch adds, or show one that it leaves out."""
    for piece in pieces:
        include = _include_of(session, piece)
        if include is None or include.any_names or mirror.volatile:
            continue
        on = session.listing.parameters[include.parameter].default is not True
        odd = [row for row in exchange.rows or () if _odd_part(mirror, include, row, on)]
        if odd:
            return Mismatch(
                aspect="rows",
                expected=f"rows {'with' if on else 'without'} {', '.join(include.adds)}",
                actual=f"{len(odd)} of {len(exchange.rows or ())} rows {'without' if on else 'with'} it",
                rows=tuple(odd),
            )
    return None


def _include_of(session: Session, piece: Piece) -> Include | None:
    if piece.kind != "include":
        return None
    return next(include for include in session.listing.includes if include.parameter == piece.name)


def _odd_part(mirror: Mirror, include: Include, row: Row, on: bool) -> bool:
    full = mirror.row(row.key)
    shown = [name for name in include.adds if row.shown.get(name)]
    if not on:
        return bool(shown)
    return full is not None and not shown and any(full.shown.get(name) for name in include.adds)


def _witness(session: Session, mirror: Mirror, pieces: Pieces, seen: _Seen) -> None:
    telling = set(_telling(session, mirror, pieces, seen))
    filters = [piece for piece in pieces if piece.kind == "filter" and piece.label in telling]
    if len(filters) > 1:
        session.ledger.witness(session.listing.conjunction_clause)
    for piece in filters:
        session.ledger.witness(piece.clauses[:1])


# --- shrinking and blaming ----------------------------------------------------------------------------------


def _found(
    session: Session,
    mirror: Mirror,
    pieces: Pieces,
    wrong: Mismatch,
    exchange: Exchange,
    seen: _Seen,
) -> Iterator[None]:
    """A combination that went wrong: shrunk, confirmed, and told under the clause that it breaks."""
    if mirror.volatile:
        yield from reread(session, mirror)
        exchange = yield from _ask(session, mirror, pieces, seen)
        again = _wrong(session, mirror, pieces, exchange)
        if not again:
            return
        wrong = again
    else:
        pieces, wrong, exchange = yield from _shrunk(session, mirror, pieces, wrong, exchange, seen)
    seen.smallest.append(frozenset(piece.label for piece in pieces))
    kept = [_kept(session, mirror, piece, seen) for piece in pieces if piece.kind == "filter"]
    nobody = not frozenset(row.key for row in mirror.rows).intersection(*(keys for keys in kept if keys is not None))
    clauses, blame = blame_of(session, pieces, wrong, exchange, nobody=nobody)
    constructs = {clause for piece in pieces for clause in piece.clauses[:1]} if len(pieces) > 1 else set()
    if session.ledger.failed((*blame.get(wrong.aspect, clauses)[:1], *constructs)):
        # What is known to be broken explains it.
        return
    ask = ask_of(session, mirror, pieces)
    if wrong == _part(session, mirror, pieces, exchange):
        yield from _confirm_part(session, mirror, pieces, exchange, clauses)
        return
    judged = yield from expect(session, mirror, ask, purpose_of(pieces), clauses, blame=blame)
    if judged.right and not mirror.volatile:
        yield from _unsteady(session, mirror, pieces, wrong, exchange, clauses, blame)


def _shrunk(
    session: Session, mirror: Mirror, pieces: Pieces, wrong: Mismatch, exchange: Exchange, seen: _Seen
) -> Generator[None, None, tuple[Pieces, Mismatch, Exchange]]:
    """A smallest combination that is still wrong, as far as answers seen and a few more can tell."""
    asked = 0
    order = {"include": 0, "sort": 1, "descending": 2, "count": 3, "page": 4, "filter": 5}
    for piece in sorted(pieces, key=lambda one: (order[one.kind], one.label)):
        smaller = tuple(one for one in pieces if one is not piece)
        if not smaller or piece not in pieces or _known_right(smaller, seen):
            continue
        if asked >= SHRINKING:
            break
        asked += 1
        answer = yield from _ask(session, mirror, smaller, seen)
        still = _wrong(session, mirror, smaller, answer)
        if still is None:
            continue
        seen.right[_key(smaller)] = not still
        if still:
            pieces, wrong, exchange = smaller, still, answer
    return pieces, wrong, exchange


def _known_right(pieces: Pieces, seen: _Seen) -> bool:
    """Whether this combination was seen to be right."""
    return seen.right.get(_key(pieces), False)


def _key(pieces: Pieces) -> frozenset[Hashable]:
    return frozenset(piece.key for piece in pieces)


def blame_of(
    session: Session, pieces: Pieces, wrong: Mismatch, exchange: Exchange, *, nobody: bool = False
) -> tuple[Clauses, Mapping[Aspect, Clauses]]:
    """The clauses on a combination: on which rows come, and on the other aspects where they differ.

    `nobody` says that no row satisfies it.
    """
    filters = [piece for piece in pieces if piece.kind == "filter"]
    by_kind = {piece.kind: piece for piece in pieces}
    if wrong.aspect == "outcome" and nobody and session.listing.no_match_clause:
        # What goes wrong is how "nothing matches" is told.
        return session.listing.no_match_clause, {}
    joined = session.listing.conjunction_clause if len(filters) > 1 else ()
    kept = joined or (filters[0].clauses if filters else ())
    blame: dict[Aspect, Clauses] = {}
    sorting = by_kind.get("sort") or by_kind.get("descending")
    if sorting is not None:
        blame["order"] = sorting.clauses
        if "page" not in by_kind:
            blame["slice"] = sorting.clauses
    if "count" in by_kind:
        counting = session.listing.count_only
        assert counting is not None
        named = {name for piece in pieces for name, _ in piece.values}
        ignored = counting.clauses.get("ignores", ()) if named & set(counting.ignores) else ()
        return ignored or by_kind["count"].clauses or kept, blame
    came = set(exchange.keys)
    stray = wrong.aspect == "rows" and any(row.key in came for row in wrong.rows)
    if "include" in by_kind and (len(pieces) == 1 or wrong.aspect == "rows"):
        return by_kind["include"].clauses or kept, blame
    if wrong.aspect == "rows" and stray and kept:
        # Rows that a filter should have left out: it is the filters that fail, whatever stands beside them.
        return kept, blame
    beside = by_kind.get("page") or sorting
    return (beside.clauses if beside is not None and beside.clauses else kept), blame


def _confirm_part(
    session: Session, mirror: Mirror, pieces: Pieces, exchange: Exchange, clauses: Clauses
) -> Iterator[None]:
    again = session.send(ask_of(session, mirror, pieces), f"again: {purpose_of(pieces)}")
    yield
    wrong = _part(session, mirror, pieces, again)
    if wrong is not None:
        told = Judged(right=False, exchange=again, mismatch=wrong)
        report(session, mirror, told, clauses, purpose_of(pieces), "", None)
    elif not session.not_judged(again, clauses):
        session.ledger.inconclusive(clauses, "not repeatable")


def _unsteady(
    session: Session,
    mirror: Mirror,
    pieces: Pieces,
    wrong: Mismatch,
    exchange: Exchange,
    clauses: Clauses,
    blame: Mapping[Aspect, Clauses],
) -> Iterator[None]:
    """It was wrong once and right the next time: over data that stood still that is a defect too."""
    yield from reread(session, mirror)
    if mirror.volatile or _wrong(session, mirror, pieces, exchange) is False:
        return
    if young(session, wrong.rows) or (yield from unsettled(session, mirror, wrong.rows)):
        return
    told = Judged(right=False, exchange=exchange, mismatch=wrong)
    blamed = blame.get(wrong.aspect, clauses)
    if not strays(told):
        blamed = unsteady_clauses(session) or blamed
    if not session.ledger.failed(blamed[:1]):
        report(session, mirror, told, blamed, purpose_of(pieces), " (in 1 of 2 identical requests)", None)
