"""Rules on versions of an API: the one that a target follows, by what it answers."""

from __future__ import annotations

from harness.check.context import CheckContext
from harness.check.probe.mirror import Mirror
from harness.specification.model import OpenChoice
from harness.wire.decoded_body import Tree


def check_versions(context: CheckContext, mirror: Mirror) -> None:
    """Finds the version that a server follows: an older one ignores every parameter that came later."""
    known = context.listing.versions
    if known is None or not isinstance(known.serves, OpenChoice) or context.dialect.candidates_of(known.serves.id):
        return
    latest = known.order[-1]
    later = [name for name, parameter in context.listing.parameters.items() if parameter.since == latest]
    plain = context.send(mirror.request(), "the list, to tell the version by")
    if len(plain.listed) < 2:
        # Too few rows to tell: both readings stay possible.
        return
    ignored = 0
    tried = 0
    for name, value in _version_probes(context, later):
        exchange = context.send(mirror.request({name: value}), f"is {name} known?")
        if exchange.answer is None:
            continue
        tried += 1
        # A moving list may be a little shorter; a parameter that is obeyed leaves one row, a number, or none.
        enough = max(2, (len(plain.listed) * 3) // 5)
        ignored += exchange.outcome == "success" and len(exchange.listed) >= enough
    older = tried >= 2 and ignored == tried
    context.dialect.fix_answer(known.serves.id, known.order[0] if older else latest, "parameters that came later")
    if older:
        context.results.record_pass(known.older_clause)
        context.results.record_observed(known.older_clause, f"the server follows version {known.order[0]}")
    else:
        context.results.record_not_applicable(known.older_clause, f"the server follows version {latest}")


def _version_probes(context: CheckContext, later: list[str]) -> list[tuple[str, Tree]]:
    """Requests that every server of the later version answers otherwise than with the whole list."""
    found: list[tuple[str, Tree]] = []
    counting = context.listing.count_only
    if counting is not None and counting.parameter in later:
        found.append((counting.parameter, context.encode(counting.parameter, True)))
    size = context.listing.paging.size_parameter
    if size is not None and size in later:
        found.append((size, context.encode(size, 1)))
    for name, filter_ in context.listing.filters.items():
        parameter = context.listing.parameters[name]
        if name in later and parameter.as_ == "text" and filter_.keeps in ("equal", "contains"):
            found.append((name, "no-such-value-9c1e"))
    return found[:5]
