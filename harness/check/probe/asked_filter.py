"""A filter under examination: what it promises, what rows show of it, and the requests for its values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.differences import ASPECTS, Aspect
from harness.check.probe.expect import ProbeResult, check_probe
from harness.check.probe.filter_values import (
    absent_value,
    companion_parameters,
    count_values,
    count_values_of,
    encode_shown_value,
    is_time_filter,
    largest_page,
    takes_numbers,
)
from harness.check.probe.mirror import Mirror
from harness.check.probe.orders import working_orders
from harness.specification.model import Clauses, Filter, Parameter
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import takes_text


@dataclass(slots=True)
class AskedFilter:
    """A filter of a run, by the name of its parameter."""

    context: CheckContext
    mirror: Mirror
    name: str

    @property
    def rule(self) -> Filter:
        """What the filter promises."""
        return self.context.listing.filters[self.name]

    @property
    def parameter(self) -> Parameter:
        """The parameter that takes its value."""
        return self.context.listing.parameters[self.name]

    @property
    def clauses(self) -> Clauses:
        """The clauses on what it keeps."""
        return self.rule.clause

    @property
    def all_clauses(self) -> Clauses:
        """Every clause that it carries for what it keeps, those of its words, too."""
        words = (clause for clauses in self.rule.word_clauses.values() for clause in clauses)
        return tuple(dict.fromkeys((*self.rule.clause, *words)))

    @property
    def is_known(self) -> bool:
        """Whether the version that the server follows knows it."""
        return self.context.supports_parameters(self.name)

    @property
    def bounds_time(self) -> bool:
        """Whether it bounds an instant."""
        return is_time_filter(self.context, self.name)

    @property
    def takes_one_list(self) -> bool:
        """Whether one value of the parameter is a list."""
        return self.parameter.as_ in ("list", "json-list")

    @property
    def counted(self) -> Counter[Any]:
        """The number of rows that show each value that it compares."""
        return count_values_of(self.mirror, self.rule.compares)

    @property
    def parting_values(self) -> list[Any]:
        """The values that some rows show and others do not, the commonest first."""
        return [value for value, count in self.counted.most_common() if count < len(self.mirror.rows)]

    def row_with(self, value: Any) -> Row | None:
        """The first row that shows a value; None where none does."""
        return next((row for row in self.mirror.rows if value in count_values([row], self.rule.compares)), None)

    def companions(self, row: Row | None = None) -> dict[str, Tree]:
        """The parameters without which it has no effect, with values that hold for the row (or for most rows)."""
        return companion_parameters(self.context, self.mirror, self.name, row)

    def next_company(self) -> dict[str, Tree]:
        """A switch and an order to ask for beside the filter, the next ones each time.

        They must work beside all filters, and what a filter finds inside of a row must not cut what the row shows: so
        the first is the switch of the part that it looks into. Servers lose an order beside a filter
        (`desc_ignored_with_ids`), or beside a switch (`sort_lost_beside_names`).
        """
        context = self.context
        turn = context.facts.company_turns[self.name]
        context.facts.company_turns[self.name] += 1
        kinds: dict[frozenset[str], list[dict[str, Tree]]] = {}
        for order in working_orders(context):
            kinds.setdefault(frozenset(order), []).append(order)
        switches = [one for one in context.listing.includes if context.supports_parameters(one.parameter)]
        heads = {path.head for path in self.rule.compares}
        inside = [one for one in switches if heads & set(one.added_names)]
        asked = [{one.parameter: context.encode(one.parameter, True)} for one in (*inside, *switches)]
        if not turn and inside:
            return asked[0]
        # No two filters begin with the same, and each switch meets each order.
        cell = turn + list(context.listing.filters).index(self.name)
        round_, place = divmod(cell, len(switches) + 1)
        chosen = asked[len(inside) :][place - 1] if place else {}
        orders = list(kinds.values())[(round_ + place) % len(kinds)]
        return {**chosen, **orders[context.facts.company_turns.total() % len(orders)]}

    def request(self, value: Any, beside: Mapping[str, Tree] | None = None) -> ListRequest:
        """The request for the rows with a value, or any of a tuple of values, on the largest page."""
        shown = {self.name: encode_shown_value(self.context, self.name, value)}
        return self.mirror.request({**largest_page(self.context), **(beside or {}), **shown})

    def send(self, value: Any, purpose: str, beside: Mapping[str, Tree] | None = None) -> Exchange:
        """The answer to the request for a value."""
        return self.context.send(self.request(value, beside), purpose)

    def check(
        self, ask: ListRequest, purpose: str, clauses: Clauses | None = None, only: Sequence[Aspect] = ASPECTS
    ) -> ProbeResult:
        """Judges a request by its rows, under its own clauses or others."""
        told = self.clauses if clauses is None else clauses
        with self.context.asked.probing(told, self.context.options.clauses_by_filter.get(self.name, ())) as is_asked:
            return check_probe(self.context, self.mirror, ask, purpose, told, only=only, always=is_asked)

    def check_use(
        self, ask: ListRequest, purpose: str, clauses: Clauses | None = None, only: Sequence[Aspect] = ASPECTS
    ) -> ProbeResult:
        """Judges a request likewise; where it goes wrong the filter is no tool for anything else."""
        judged = self.check(ask, purpose, clauses, only)
        if judged.fails_itself:
            self.context.mark_broken(self.name, self.clauses if clauses is None else clauses)
        return judged


def absent_values(about: AskedFilter, number: int) -> list[Any]:
    """So many different values that nothing has, each as its parameter takes it."""
    if takes_numbers(about.parameter):
        first = absent_value(about.parameter, about.counted)
        return [one for one in range(first, first + number + len(about.counted)) if one not in about.counted][:number]
    stranger = absent_value(about.parameter)
    return [one for place in range(number) if takes_text(about.parameter, one := f"{stranger}{place or ''}")]
