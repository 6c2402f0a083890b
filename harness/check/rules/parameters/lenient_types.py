"""Types that a parameter may be written in besides its own: a number where digits in a text are documented."""

from __future__ import annotations

from harness.check.context import CheckContext, values_of
from harness.check.probe.equivalence import answer_difference
from harness.check.probe.mirror import Mirror
from harness.integers import is_integer


def check_lenient_types(context: CheckContext, mirror: Mirror) -> None:
    """A number where digits in a text are documented: known to some servers, relied on by nobody."""
    listing = context.listing
    if listing.transport.carries != "json":
        return
    tried: set[bool] = set()
    for name, parameter in listing.parameters.items():
        listed = parameter.as_ == "list"
        if not parameter.lenient or not parameter.lenient_clause or listed in tried:
            continue
        if not context.asked.include(parameter.lenient_clause):
            continue
        value = _shown_integer(context, mirror, name)
        if value is None:
            continue
        tried.add(listed)
        as_text = context.send(
            mirror.request({name: [str(value)] if listed else str(value)}), f"{name} as it is documented"
        )
        as_number = context.send(
            mirror.request({name: [value] if listed else value}), f"{name} as a number", witness=False
        )
        if context.note_unusable(as_number, parameter.lenient_clause):
            continue
        same = answer_difference(context, as_text, as_number) is None
        reading = "understood" if same else "refused" if as_number.is_refusal else "another answer"
        context.results.record_observed(parameter.lenient_clause, f"a number in {name}: {reading}")


def _shown_integer(context: CheckContext, mirror: Mirror, name: str) -> int | None:
    rule = context.listing.filters.get(name)
    if rule is None:
        return None
    return next((value for value in values_of(mirror.rows, rule.compares[0]) if is_integer(value)), None)
