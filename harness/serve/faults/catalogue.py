"""The liars: deliberate breaches of one clause each, derived from a spec and never from a vendor."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Final

from harness.errors import Misuse
from harness.serve.faults.access import of_access
from harness.serve.faults.base import Fault
from harness.serve.faults.errors import of_envelopes, of_errors
from harness.serve.faults.filters import of_combinations, of_filters
from harness.serve.faults.includes import of_echoes, of_includes
from harness.serve.faults.ordering import of_order
from harness.serve.faults.paging import of_paging
from harness.serve.faults.parameters import of_values
from harness.serve.faults.request_encoding import of_lists, of_transport
from harness.serve.faults.rows import of_laws, of_rows
from harness.serve.faults.scope import of_scope
from harness.serve.faults.totals import of_totals
from harness.specification.load import Spec
from harness.specification.model import Listing

__all__ = ["Fault", "faults_of", "find_faults"]

_FAMILIES: Final[tuple[Callable[[Listing], Iterator[Fault]], ...]] = (
    of_filters,
    of_combinations,
    of_values,
    of_scope,
    of_order,
    of_paging,
    of_totals,
    of_includes,
    of_echoes,
    of_lists,
    of_rows,
    of_laws,
    of_envelopes,
    of_errors,
    of_access,
    of_transport,
)


def faults_of(spec: Spec) -> tuple[Fault, ...]:
    """Every breach that can be told from right behaviour under this spec.

    Each belongs to a clause that the document states or suggests (`must`, `should`) and that a black box can check.
    """
    found: dict[str, Fault] = {}
    for family in _FAMILIES:
        for fault in family(spec.listing):
            clause = spec.clauses.get(fault.clause)
            if clause is not None and clause.level != "may" and clause.excluded is None:
                found.setdefault(fault.id, fault)
    return tuple(found.values())


def find_faults(spec: Spec, name: str) -> tuple[Fault, ...]:
    """The faults called `CLAUSE` or `CLAUSE/NAME`. Raises Misuse for one that there is not."""
    faults = faults_of(spec)
    found = tuple(fault for fault in faults if name in (fault.id, fault.clause))
    if found:
        return found
    near = difflib.get_close_matches(name, [fault.id for fault in faults], n=3, cutoff=0.4)
    raise Misuse(
        f"fault {spec.id}:{name}",
        f"CLAUSE or CLAUSE/NAME of a fault of {spec.id}",
        repr(name),
        f"try {', '.join(near)}" if near else "list them with `callharness serve --list-faults`",
    )
