"""Which faults can be applied together: each takes hold of something of its own, and none overwrites another."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, final

from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import is_active_hook
from harness.specification.clause_families import Construct, constructs_by_clause
from harness.specification.load import Spec
from harness.specification.model import ClauseId, Listing
from harness.wire.decoded_body import Tree

FieldSteps: TypeAlias = tuple[str, ...]

# Parts of a listing that hold many constructs, each of which can be broken by itself.
_TABLES: Final = frozenset(
    {"filters", "parameters", "hidden", "fields", "ranges", "shared-values", "includes", "echoes", "laws"}
)
# A parameter and the filter of its name are one thing.
_SAME_TABLE: Final[Mapping[str, str]] = {"filters": "parameters"}
_ANY_ITEM: Final = "*"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFootprint:
    """What a fault takes hold of: the constructs that carry its clause, and the fields that it changes in rows."""

    fault: Fault
    constructs: frozenset[str]
    fields: frozenset[FieldSteps] = frozenset()


def footprints_of(
    spec: Spec, faults: Iterable[Fault], rows: Sequence[Mapping[str, Tree]], at: datetime
) -> tuple[FaultFootprint, ...]:
    """The footprints of faults of one spec; `rows` are rows as the API writes them, to see which fields change."""
    places = constructs_by_clause(spec)
    return tuple(
        FaultFootprint(
            fault=fault,
            constructs=_construct_names(places.get(fault.clause, ()), fault.clause),
            fields=frozenset(_changed_fields(fault, rows, at)),
        )
        for fault in faults
    )


def are_compatible(listing: Listing, first: FaultFootprint, second: FaultFootprint) -> bool:
    """Whether a simulator can have both faults and show both.

    They break different clauses of different constructs, change different fields of a row, and where both change
    the listing, both changes stand in the result, whichever comes first.
    """
    if first.fault.clause == second.fault.clause or first.constructs & second.constructs:
        return False
    if any(_overlap(one, other) for one in first.fields for other in second.fields):
        return False
    return _both_stand(listing, first.fault, second.fault)


def draw_fault_sets(
    listing: Listing, footprints: Sequence[FaultFootprint], *, size: int, rng: random.Random
) -> tuple[tuple[Fault, ...], ...]:
    """Sets of at most `size` compatible faults, so that each fault is in at least one of them.

    A set is smaller where no more faults go together. A fault that goes together with no other is in none.
    """
    order = list(footprints)
    rng.shuffle(order)
    placed: set[str] = set()
    sets: list[tuple[Fault, ...]] = []
    for first in order:
        if first.fault.id in placed:
            continue
        members = [first]
        # Faults that are in no set yet come first; the others fill up.
        rest = [one for one in order if one.fault.id not in placed] + [one for one in order if one.fault.id in placed]
        for candidate in rest:
            if len(members) == size:
                break
            if all(are_compatible(listing, candidate, member) for member in members):
                members.append(candidate)
        if len(members) > 1:
            sets.append(tuple(member.fault for member in members))
            placed |= {member.fault.id for member in members}
    return tuple(sets)


def _construct_names(places: Iterable[Construct], clause: ClauseId) -> frozenset[str]:
    """The constructs of a clause, each by the part of the listing that can be broken by itself."""
    found = {_construct_name(place) for place in places}
    # A clause that only a rule of the checker carries is a construct of its own.
    return frozenset(found or {str(clause)})


def _construct_name(place: Construct) -> str:
    top = str(place.path[0])
    if top in _TABLES and len(place.path) > 1:
        return f"{_SAME_TABLE.get(top, top)}.{place.path[1]}"
    return top


def _both_stand(listing: Listing, first: Fault, second: Fault) -> bool:
    change, other = first.hooks.listing, second.hooks.listing
    if not (is_active_hook(change) and is_active_hook(other)):
        return True
    one_way, other_way = other(change(listing)), change(other(listing))
    return one_way == other_way and one_way not in (change(listing), other(listing))


def _changed_fields(fault: Fault, rows: Sequence[Mapping[str, Tree]], at: datetime) -> Iterator[FieldSteps]:
    """The paths of fields that differ after the fault, over all the rows."""
    if not is_active_hook(fault.hooks.row):
        return
    for index, row in enumerate(rows):
        before = dict(row)
        yield from _differences(before, fault.hooks.row(deepcopy(before), index, at), ())


def _differences(one: Tree, other: Tree, steps: FieldSteps) -> Iterator[FieldSteps]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            if name not in one or name not in other:
                yield (*steps, name)
            else:
                yield from _differences(one[name], other[name], (*steps, name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            yield from _differences(left, right, (*steps, _ANY_ITEM))
    elif type(one) is not type(other) or one != other:
        yield steps


def _overlap(one: FieldSteps, other: FieldSteps) -> bool:
    """Whether one path is the other or leads to it."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]
