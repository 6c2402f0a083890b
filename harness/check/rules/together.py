"""Filters that come together: pairs, and where one depends on another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Any, Final

from harness.check.judging import compare, expect
from harness.check.mirror import Mirror, ask_for, written
from harness.check.oracle import holds
from harness.check.rules.asking import (
    NOWHERE,
    companions,
    default_comparison,
    flat,
    is_hidden,
    is_time,
    partner,
    raw_value,
    shown_filters,
    values_shown,
    wide,
)
from harness.check.session import Exchange, Row, Session
from harness.spec.model import Open
from harness.wire.ask import Ask
from harness.wire.problems import Tree
from harness.wire.rows import compared

PAIRS_AT_MOST: Final = 60


# --- together -----------------------------------------------------------------------------------------------


def pairs_of_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every two filters at once, as many in one request as leave each of them something to keep out."""
    clauses = session.listing.conjunction_clause
    names = [
        name for name in shown_filters(session) if session.usable(name) and not is_time(session.listing.filters[name])
    ]
    times = [
        name for name in shown_filters(session) if session.usable(name) and is_time(session.listing.filters[name])
    ]
    pairs = [*combinations(names, 2), *((name, time) for name in names for time in times)]
    session.rng.shuffle(pairs)

    def doubtful(pair: tuple[str, str]) -> bool:
        # A filter that fails by itself says little about how filters come together.
        return any(session.ledger.failed(session.listing.filters[name].clause) for name in pair)

    pairs.sort(key=doubtful)
    left = {frozenset(pair) for pair in pairs}
    told: set[tuple[str, ...]] = set()
    asked = 0
    for first, second in pairs:
        if asked >= PAIRS_AT_MOST or session.ledger.failed(clauses):
            break
        if frozenset((first, second)) not in left:
            continue
        left.discard(frozenset((first, second)))
        several = _several(session, mirror, first, second, [*names, *times], left)
        if len(several) > 2:
            exchange = session.send(_together(session, mirror, several), f"{' and '.join(several)} together")
            yield
            asked += 1
            if session.not_judged(exchange, clauses):
                continue
            covered = [
                pair for pair in combinations(several, 2) if frozenset(pair) in left or pair == (first, second)
            ]
            if fits(session, mirror, exchange):
                session.ledger.witness(clauses, times=len(covered))
                told |= {(min(pair), max(pair)) for pair in combinations(several, 2)}
                left -= {frozenset(pair) for pair in covered}
                continue
            for one, other in sorted(combinations(several, 2), key=doubtful):
                # The smallest request that goes wrong tells most.
                ask = _together(session, mirror, {name: several[name] for name in (one, other)})
                judged = yield from expect(session, mirror, ask, f"{one} and {other} together", clauses)
                if judged.right is False:
                    break
            else:
                ask = _together(session, mirror, several)
                yield from expect(session, mirror, ask, f"{' and '.join(several)} together", clauses)
            continue
        values = pair_values(session, mirror, first, second)
        if values is None:
            continue
        ask = ask_for(session, mirror.base, {**wide(session), **values})
        judged = yield from expect(session, mirror, ask, f"{first} and {second} together", clauses)
        asked += judged.right is not None
        if judged.right:
            told.add((min(first, second), max(first, second)))
    session.settings = {**session.settings, "pairs-told": frozenset(told)}
    if not asked and clauses:
        session.ledger.not_exercised(clauses, "no two filters could be combined on these rows")


def fits(session: Session, mirror: Mirror, exchange: Exchange) -> bool:
    """Whether an answer is right under some reading of its request."""
    if exchange.answer is None:
        return False
    return any(compare(session, mirror, meaning, exchange) is None for _, meaning in session.meanings(exchange.ask))


def _several(
    session: Session, mirror: Mirror, first: str, second: str, names: Sequence[str], left: Set[frozenset[str]]
) -> dict[str, Row]:
    """The two filters and up to two more, with a row that they all keep; the loss of each would show."""
    if _at_odds(session, first, second):
        return {}
    best: dict[str, Row] = {}
    gained = 0
    rows = list(mirror.rows)
    session.rng.shuffle(rows)
    for row in rows[:8]:
        chosen = [first, second]
        if not _each_tells(session, mirror, chosen, row):
            continue
        gain = 1
        for name in names:
            fresh = sum(frozenset((name, other)) in left for other in chosen if other != name)
            if len(chosen) > 3 or not fresh or name in chosen or any(_at_odds(session, name, one) for one in chosen):
                continue
            if _each_tells(session, mirror, [*chosen, name], row):
                chosen.append(name)
                gain += fresh
        if gain > gained:
            best, gained = dict.fromkeys(chosen, row), gain
    return best


def _each_tells(session: Session, mirror: Mirror, names: Sequence[str], row: Row) -> bool:
    """Whether the loss of any of the filters would show."""
    sides = [_value_for(session, mirror, name, row) for name in names]
    kept = [side[1] for side in sides if side is not None]
    if len(kept) < len(names):
        return False
    both = frozenset.intersection(*kept)
    return bool(both) and all(
        frozenset.intersection(*(keys for other, keys in enumerate(kept) if other != place)) != both
        for place in range(len(kept))
    )


def _together(session: Session, mirror: Mirror, several: Mapping[str, Row]) -> Ask:
    """The request that asks for a row by several filters, with what these need beside them."""
    values: dict[str, Tree] = {}
    for name, row in several.items():
        side = _value_for(session, mirror, name, row)
        if side is not None:
            values[name] = side[0]
    more: dict[str, Tree] = {}
    for name, row in several.items():
        if not any(other in several for other in session.listing.filters[name].applies_if_any):
            more |= companions(session, mirror, name, row)
        more |= default_comparison(session, name)
        if is_time(session.listing.filters[name]):
            more |= partner(session, mirror, name)
    return ask_for(session, mirror.base, {**wide(session), **more, **values})


def _at_odds(session: Session, first: str, second: str) -> bool:
    """Whether two filters do not simply hold together."""
    one, two = session.listing.filters[first], session.listing.filters[second]
    if second in one.excludes or first in two.excludes or one.loses_to == second or two.loses_to == first:
        return True
    return one.same_as == second or two.same_as == first


def pair_values(session: Session, mirror: Mirror, first: str, second: str) -> dict[str, Tree] | None:
    """Values of two filters whose rows overlap but are not the same, so that leaving one out shows."""
    if _at_odds(session, first, second):
        return None
    rows = list(mirror.rows)
    session.rng.shuffle(rows)
    best: tuple[int, dict[str, Tree]] | None = None
    # Values of one row first; values of two rows tell as well where one row's values say the same thing.
    for row, other in (*((row, row) for row in rows[:16]), *pairwise(rows[:13])):
        sides = [_value_for(session, mirror, first, row), _value_for(session, mirror, second, other)]
        if any(side is None for side in sides):
            continue
        (raw_a, keys_a), (raw_b, keys_b) = sides  # type: ignore[misc]
        both = keys_a & keys_b
        gain = min(len(keys_a), len(keys_b)) - len(both)
        if gain > 0 and (best is None or gain > best[0]):
            more: dict[str, Tree] = {}
            if second not in session.listing.filters[first].applies_if_any:
                more |= companions(session, mirror, first, row)
            if first not in session.listing.filters[second].applies_if_any:
                more |= companions(session, mirror, second, other)
            more |= {**default_comparison(session, first), **default_comparison(session, second)}
            more = {name: raw for name, raw in more.items() if name not in (first, second)}
            best = (gain, {**more, **partner_of(session, mirror, first, second), first: raw_a, second: raw_b})
            if gain > 3:
                break
    return best[1] if best else None


def partner_of(session: Session, mirror: Mirror, *together: str) -> dict[str, Tree]:
    """The other ends of ranges that filters open, where one end alone may be refused."""
    found: dict[str, Tree] = {}
    for name in together:
        if is_time(session.listing.filters[name]):
            found |= {other: raw for other, raw in partner(session, mirror, name).items() if other not in together}
    return found


def _value_for(session: Session, mirror: Mirror, name: str, row: Row) -> tuple[Tree, frozenset[Any]] | None:
    kept = session.listing.filters[name]
    values = flat([value for path in kept.compares for value in compared(row.shown, path)])
    if not values:
        return None
    value = values[0]
    if isinstance(value, datetime):
        step = timedelta(seconds=1) if kept.keeps == "at-or-before" else timedelta(seconds=-1)
        value = (value + step).replace(microsecond=0)
    if isinstance(value, Decimal):
        value = int(value)
    known = (name, value)
    if known not in mirror.keys_of:
        keeps = kept.keeps.assumed if isinstance(kept.keeps, Open) else kept.keeps
        mirror.keys_of[known] = frozenset(
            other.key
            for other in mirror.rows
            if any(holds(keeps, shown, value) for path in kept.compares for shown in compared(other.shown, path))
        )
    keys = mirror.keys_of[known]
    return raw_value(session, name, value), keys


# --- dependence ---------------------------------------------------------------------------------------------


def dependences(session: Session, mirror: Mirror) -> Iterator[None]:
    """Filters that need, beat or exclude one another."""
    for name, kept in session.listing.filters.items():
        if is_hidden(kept) or not session.usable(name):
            continue
        counted = values_shown(mirror.rows, kept.compares)
        values = [value for value, count in counted.most_common() if count < len(mirror.rows)]
        if not values:
            dependent = (*kept.applies_clause, *kept.loses_clause, *kept.regains_clause, *kept.excludes_clause)
            if dependent:
                session.ledger.not_exercised(dependent, f"no two values occur that {name} compares")
            continue
        if kept.applies_if_any:
            for value in (values[0], NOWHERE):
                ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, value)})
                judged = yield from expect(
                    session, mirror, ask, f"{name} without {' or '.join(kept.applies_if_any)}", kept.applies_clause
                )
                if judged.right is False:
                    break
        if kept.loses_to is not None and session.usable(kept.loses_to):
            yield from _precedence(session, mirror, name, kept.loses_to, values)
        for other in kept.excludes:
            if kept.excludes_clause and session.usable(other):
                yield from _both(session, mirror, name, other)


def _precedence(session: Session, mirror: Mirror, name: str, winner: str, values: list[Any]) -> Iterator[None]:
    kept = session.listing.filters[name]
    if len(values) < 2:
        session.ledger.not_exercised((*kept.loses_clause, *kept.regains_clause), "only one value occurs")
        return
    for weak, strong in ((values[0], values[1]), (NOWHERE, values[-1])):
        ask = ask_for(
            session,
            mirror.base,
            {**wide(session), name: raw_value(session, name, weak), winner: raw_value(session, winner, strong)},
        )
        judged = yield from expect(session, mirror, ask, f"{winner} beats {name}", kept.loses_clause)
        if judged.right is False:
            return
    empty = written(session, winner, ()) if session.listing.parameters[winner].as_ in ("list", "json-list") else ""
    ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, values[0]), winner: empty})
    yield from expect(
        session, mirror, ask, f"an empty {winner} leaves {name} in force", kept.regains_clause or kept.loses_clause
    )


def _both(session: Session, mirror: Mirror, name: str, other: str) -> Iterator[None]:
    kept, against = session.listing.filters[name], session.listing.filters[other]
    for row in mirror.rows:
        mine = flat([value for path in kept.compares for value in compared(row.shown, path)])
        theirs = flat([value for path in against.compares for value in compared(row.shown, path)])
        if mine and theirs:
            ask = ask_for(
                session,
                mirror.base,
                {
                    **wide(session),
                    name: raw_value(session, name, mine[0]),
                    other: raw_value(session, other, theirs[0]),
                },
            )
            judged = yield from expect(session, mirror, ask, f"{name} and {other} together", kept.excludes_clause)
            if judged.right and judged.meaning is not None:
                told = "refused" if judged.meaning.fault else "both apply"
                session.ledger.observed(kept.excludes_clause, told)
            return
    session.ledger.not_exercised(kept.excludes_clause, f"no row shows values for both {name} and {other}")
