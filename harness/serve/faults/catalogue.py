"""The catalogue of faults: deliberate breaches of one clause each, derived from a spec and never from a vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from harness.errors import UsageProblem, nearest_words
from harness.serve.faults.access import access_faults
from harness.serve.faults.base import Fault
from harness.serve.faults.encodings import container_faults, encoding_faults
from harness.serve.faults.errors import envelope_faults, error_faults
from harness.serve.faults.filters import combination_faults, filter_faults
from harness.serve.faults.includes import echo_faults, include_faults
from harness.serve.faults.ordering import order_faults
from harness.serve.faults.page_links import page_link_faults, page_number_faults
from harness.serve.faults.paging import paging_faults, size_word_faults
from harness.serve.faults.parameters import parameter_faults
from harness.serve.faults.rows import law_faults, row_faults
from harness.serve.faults.scope import scope_faults
from harness.serve.faults.shared_values import shared_value_faults
from harness.serve.faults.signatures import signature_faults
from harness.serve.faults.totals import total_faults
from harness.serve.faults.transport import (
    TransportFault,
    is_transport_fault,
    parse_transport_fault,
    split_api_and_fault,
)
from harness.specification.clause_families import planned_clauses
from harness.specification.load import Spec
from harness.specification.model import Listing

__all__ = ["Fault", "faults_of", "find_faults", "parse_faults"]

_FAULT_FAMILIES: Final[tuple[Callable[[Listing], Iterator[Fault]], ...]] = (
    filter_faults,
    combination_faults,
    parameter_faults,
    shared_value_faults,
    scope_faults,
    order_faults,
    paging_faults,
    size_word_faults,
    page_link_faults,
    page_number_faults,
    total_faults,
    include_faults,
    echo_faults,
    container_faults,
    row_faults,
    law_faults,
    envelope_faults,
    error_faults,
    access_faults,
    signature_faults,
    encoding_faults,
)


def faults_of(spec: Spec) -> tuple[Fault, ...]:
    """Every fault that a client could tell from right behaviour under this spec.

    Each belongs to a clause that the document states or suggests (`must`, `should`), or that every API shares, and
    that a black box can check.
    """
    found: dict[str, Fault] = {}
    clauses = planned_clauses(spec)
    for family in _FAULT_FAMILIES:
        for fault in family(spec.listing):
            clause = clauses.get(fault.clause)
            if clause is not None and clause.level != "may" and clause.excluded is None:
                found.setdefault(fault.id, fault)
    return tuple(found.values())


def find_faults(spec: Spec, name: str) -> tuple[Fault, ...]:
    """The faults called `CLAUSE` or `CLAUSE/NAME`. Raises UsageProblem for one that there is not."""
    faults = faults_of(spec)
    found = tuple(fault for fault in faults if name in (fault.id, fault.clause))
    if found:
        return found
    near = nearest_words(name, (fault.id for fault in faults), limit=3)
    raise UsageProblem(
        f"fault {spec.id}:{name}",
        f"CLAUSE or CLAUSE/NAME of a fault of {spec.id}",
        repr(name),
        f"try {', '.join(near)}" if near else "list them with `callharness serve --list-faults`",
    )


def parse_faults(
    specs: Mapping[str, Spec], texts: Iterable[str], *, where: str
) -> tuple[dict[str, list[Fault]], dict[str, list[TransportFault]]]:
    """The faults written `API:NAME`, by API: of clauses and of the transport. Raises UsageProblem.

    A clause without a name of a fault means its first one.
    """
    clause_faults: dict[str, list[Fault]] = {}
    transport_faults: dict[str, list[TransportFault]] = {}
    for text in texts:
        api, name = split_api_and_fault(text)
        if api not in specs:
            form = "API:CLAUSE[/NAME] or API:transport/NAME[=VALUE]"
            raise UsageProblem(where, f"{form} with an API of {', '.join(specs)}", repr(text))
        if is_transport_fault(name):
            transport_faults.setdefault(api, []).append(parse_transport_fault(name))
        else:
            clause_faults.setdefault(api, []).append(find_faults(specs[api], name)[0])
    return clause_faults, transport_faults
