"""Values that several parameters share: what these keep and add together, and what another part gets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import replace
from itertools import combinations

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.answer_checks import parts_check
from harness.check.probe.differences import ASPECTS
from harness.check.probe.error_responses import check_refusable
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import largest_page, overlapping_values, visible_filters
from harness.check.probe.mirror import Mirror
from harness.specification.model import Include, SharedValue
from harness.wire.decoded_body import Tree


def check_shared_values(context: CheckContext, mirror: Mirror) -> None:
    """Several parts in one value all count; another part is refused or passed over."""
    for holder, shared in context.listing.shared_values.items():
        _check_parts_together(context, mirror, holder, shared)
        _check_other_parts(context, mirror, holder, shared)


def _check_parts_together(context: CheckContext, mirror: Mirror, holder: str, shared: SharedValue) -> None:
    known = [name for name in shared.parts if context.supports_parameters(name)]
    switches = [one for one in context.listing.includes if one.parameter in known and one.added_names]
    filters = _filters_together(context, mirror, known)
    if not filters and len(switches) < 2:
        context.results.record_not_exercised(shared.clause, "the rows show nothing that two parts could ask for")
    # Whichever comes first or last: each alone would keep or show something else.
    for names in (tuple(filters), tuple(reversed(filters))) if filters else ():
        ask = mirror.request_without(names, {**largest_page(context), **{name: filters[name] for name in names}})
        purpose = f"{' and '.join(names)} in {holder}"
        check_probe(context, mirror, ask, purpose, shared.clause, blame=dict.fromkeys(ASPECTS, shared.clause))
    if len(switches) > 1:
        _check_switches_together(context, mirror, shared, (switches[0], switches[-1]))


def _filters_together(context: CheckContext, mirror: Mirror, parts: Sequence[str]) -> dict[str, Tree]:
    """Two filters among the parts of which each leaves rows out that the other keeps; empty where there are none."""
    visible = [name for name in visible_filters(context) if name in parts]
    found = (overlapping_values(context, mirror, first, second) for first, second in combinations(visible, 2))
    return next((values for values in found if values is not None), {})


def _check_switches_together(
    context: CheckContext, mirror: Mirror, shared: SharedValue, pair: tuple[Include, Include]
) -> None:
    """Two switches in one value each add to a row what they add alone, in either order; asked twice if not."""
    every = [include.parameter for include in context.listing.includes]

    def ask_for(includes: Sequence[Include]) -> Exchange:
        said = context.encode_all({one.parameter: True for one in includes})
        purpose = " and ".join(said)
        return context.send(mirror.request_without(every, {**largest_page(context), **said}), purpose)

    alone = {one.parameter: ask_for([one]) for one in pair}
    if any(context.note_unusable(exchange, shared.clause) for exchange in alone.values()):
        return
    for both in (pair, (pair[1], pair[0])):
        for one in both:
            shown = {row.key for row in alone[one.parameter].listed if _shows_part(row, one)}
            exchange, lacking = _rows_that_lack(lambda both=both: ask_for(both), one, shown)  # type: ignore[misc]
            if context.note_unusable(exchange, shared.clause):
                return
            if not lacking:
                context.results.record_pass(shared.clause)
                continue
            context.fail(
                shared.clause,
                f"{one.parameter} counts beside other parts",
                expected=f"rows with {', '.join(one.added_names)}, as without the other part",
                actual=f"{len(lacking)} of {len(exchange.listed)} rows without it",
                exchange=exchange,
                check=parts_check(context, lacking, one.added_names, on=True),
            )
            return


def _rows_that_lack(
    ask: Callable[[], Exchange], include: Include, shown: Collection[Hashable]
) -> tuple[Exchange, list[Row]]:
    """The answer, and its rows that lack a part which they have otherwise: of two answers, if the first has some."""
    exchange, lacking = ask(), list[Row]()
    for again in (True, False):
        lacking = [row for row in exchange.listed if row.key in shown and not _shows_part(row, include)]
        if not lacking or not again:
            break
        exchange = ask()
    return exchange, lacking


def _shows_part(row: Row, include: Include) -> bool:
    return any(row.shown.get(name) for name in include.added_names)


def _check_other_parts(context: CheckContext, mirror: Mirror, holder: str, shared: SharedValue) -> None:
    other = shared.other
    if other is None or not other.clause:
        return
    for raw in other.like:
        ask = replace(mirror.request(), extra=((holder, str(raw)),))
        purpose = f"a part of {holder} that is none"
        check_refusable(context, mirror, ask, purpose, other.clause, other.fault, parameter=holder)
