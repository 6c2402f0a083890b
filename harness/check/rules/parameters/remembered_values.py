"""Rule on what a server keeps of one request for the next one: a parameter counts for its own request alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.blame import clauses_of_parameter
from harness.check.probe.equivalence import answer_difference
from harness.check.probe.error_responses import report_breach
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import (
    asked_filters,
    count_values_of,
    discriminating_values,
    encode_shown_value,
    filters_of_row,
    is_plain_equality,
)
from harness.check.probe.mirror import Mirror, include_everything
from harness.specification.model import Clauses
from harness.wire.decoded_body import Tree

Values = Mapping[str, Tree]
FILTERS_AT_MOST: Final = 2


def check_remembered_values(context: CheckContext, mirror: Mirror) -> None:
    """Judges that the plain list is the same before and after a request with many parameters.

    Servers keep the page size or a filter in a variable that outlives the request (foreign servers).
    """
    if len(mirror.rows) < 2 or mirror.volatile:
        return
    parts = _request_parts(context, mirror)
    if not parts:
        return
    plain = _plain_list(context, mirror, "the list, nothing said")
    everything = {name: value for values in parts.values() for name, value in values.items()}
    after = _plain_list_after(context, mirror, everything)
    if plain is None or after is None or answer_difference(context, plain, after) is None:
        return
    for name, values in parts.items():
        found = _remembers(context, mirror, name, values)
        if found is None:
            continue
        exchange, difference = found
        said = ", ".join(f"{key}={value}" for key, value in values.items())
        report_breach(
            context,
            _clauses_of_absence(context, name, values[name]),
            expected=f"the list as it was before another request gave {name}",
            actual=f"it follows that request ({said}): {difference}",
            exchange=exchange,
        )


def check_remembered_letters(context: CheckContext, mirror: Mirror) -> None:
    """Judges that a text is answered by itself, after it was asked for with its letters in the other case.

    Servers remember answers by a request in lower case (`cache_ignores_case`, foreign servers). What was asked
    before may have its answer already.
    """
    asked = 0
    for name in asked_filters(context):
        parameter, filter_ = context.listing.parameters[name], context.listing.filters[name]
        if asked == FILTERS_AT_MOST or parameter.as_ != "text" or not is_plain_equality(filter_):
            continue
        counted = count_values_of(mirror, filter_.compares)
        lettered = (text for text in counted if isinstance(text, str) and text.swapcase() not in counted)
        chosen = ((text, mirror.request({name: encode_shown_value(context, name, text)})) for text in lettered)
        fresh = next(((text, ask) for text, ask in chosen if context.seen_exchange(ask) is None), None)
        if fresh is None or not context.parameters_work(name):
            continue
        asked += 1
        text, ask = fresh
        other = mirror.request({name: encode_shown_value(context, name, text.swapcase())})
        context.send(other, f"{name} with letters in the other case", witness=False)
        check_probe(context, mirror, ask, f"{name} = {text!r}, after the same in other letters", filter_.clause)


def _remembers(context: CheckContext, mirror: Mirror, name: str, values: Values) -> tuple[Exchange, str] | None:
    """The plain list that follows the value of the request before, and how it does, where that shows twice."""
    other = _other_values(context, mirror, name, values)
    first = _plain_list_after(context, mirror, values)
    between = _plain_list_after(context, mirror, other)
    again = _plain_list_after(context, mirror, values)
    if first is None or between is None or again is None:
        return None
    difference = answer_difference(context, between, again)
    # A list that moved by itself does not come back to what it was.
    return None if difference is None or answer_difference(context, first, again) is not None else (again, difference)


def _plain_list_after(context: CheckContext, mirror: Mirror, values: Values) -> Exchange | None:
    """The plain list, read just after a request with some values."""
    context.send(mirror.request(values), f"just before the plain list: {', '.join(values)}")
    return _plain_list(context, mirror, f"the list, just after {', '.join(values)}")


def _plain_list(context: CheckContext, mirror: Mirror, purpose: str) -> Exchange | None:
    """The list with nothing special said, asked anew; None when it is no success."""
    exchange = context.send(mirror.request(), purpose)
    return exchange if exchange.outcome == "success" else None


def _request_parts(context: CheckContext, mirror: Mirror) -> dict[str, dict[str, Tree]]:
    """What a request may say besides the plain list, by the parameter that says it."""
    listing = context.listing
    found: dict[str, dict[str, Tree]] = {}
    size, order = listing.paging.size_parameter, listing.order
    if size is not None:
        found[size] = {size: context.encode(size, 1)}
    if order is not None and order.descending is not None:
        found[order.descending] = {order.descending: context.encode(order.descending, True)}
    found |= {name: {name: value} for name, value in include_everything(context).items()}
    filters = filters_of_row(context, mirror, mirror.rows[len(mirror.rows) // 2])
    found |= {name: {name: value} for name, value in filters.items() if name in listing.filters}
    return {
        name: values for name, values in found.items() if name not in mirror.base and context.parameters_work(name)
    }


def _other_values(context: CheckContext, mirror: Mirror, name: str, values: Values) -> dict[str, Tree]:
    """Another value of the same parameter; nothing where there is none."""
    if name == context.listing.paging.size_parameter:
        return {name: context.encode(name, 2)}
    if name in context.listing.filters:
        options = discriminating_values(context, mirror.rows, name)
        written = [encode_shown_value(context, name, value) for value in options]
        other = next((value for value in written if value != values[name]), None)
        return {} if other is None else {name: other}
    return {}


def _clauses_of_absence(context: CheckContext, name: str, value: Tree) -> Clauses:
    """The clauses on a parameter that is not given: its default's, else those of what it does."""
    listing = context.listing
    if name in listing.filters:
        return listing.parameters[name].default_clause or listing.filters[name].clause
    return listing.parameters[name].default_clause or clauses_of_parameter(context, name, value)
