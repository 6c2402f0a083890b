"""Filters asked while a list of live calls is watched: they keep a call in whatever state it is."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.answer_checks import listed_check
from harness.check.probe.blame import clauses_of_value
from harness.check.probe.filter_values import filters_of_row, largest_page
from harness.check.probe.mirror import Mirror, Snapshot
from harness.check.probe.reduction import smallest_part
from harness.check.rules.live.call_readings import LifeFields, Phase
from harness.wire.decoded_body import Tree


@dataclass(slots=True)
class WatchedFilters:
    """Looks calls up by all that they show, calls that ring first: few rows show that state at a time.

    Servers keep answered calls alone, or none before its numbers are known (`out_answered_only`).
    """

    context: CheckContext
    mirror: Mirror
    fields: LifeFields
    tested: set[tuple[Hashable, Phase | None]] = field(default_factory=set)

    def look_up(self, earlier: Snapshot, later: Snapshot) -> None:
        """Asks for a call that two polls show, by every filter at once; whoever leaves it out must do so again.

        The polls lie so far apart that every copy of the list has what both show.
        """
        lasting = [row for row in later.rows if row.key in earlier.by_key and self._is_untested(row)]
        row = min(lasting, key=lambda row: self.fields.phase_of(row) != "ringing", default=None)
        filters = filters_of_row(self.context, self.mirror, row) if row is not None else {}
        if row is None or not filters:
            return
        phase = self.fields.phase_of(row)
        self.tested.add((row.key, phase))
        exchange = self._ask(filters, f"a call that is {phase or 'there'}, by {len(filters)} filters")
        if row.key in exchange.keys:
            self.context.results.record_pass(self.context.listing.conjunction_clause)
        elif exchange.rows is not None and self._is_there(row):
            self._tell(row, filters, exchange)

    def _tell(self, row: Row, filters: dict[str, Tree], exchange: Exchange) -> None:
        guilty, _ = smallest_part(
            filters,
            exchange,
            lambda part: self._ask(part, "the same with fewer filters"),
            lambda answer: answer.rows is not None and row.key not in answer.keys,
        )
        listing = self.context.listing
        name = next((name for name in guilty if name in listing.filters), "")
        for part in (guilty, filters) if name else (filters,):
            answer = self._ask(part, f"again: {' and '.join(part)}")
            if answer.rows is None or row.key in answer.keys:
                continue
            if not self._is_there(row):
                return
            alone = clauses_of_value(listing.filters[name], part[name]) if part is guilty else ()
            self.context.fail(
                alone or listing.conjunction_clause,
                "a call is found by its own values, in whatever state it is",
                expected="the call that the list shows before and after",
                actual=f"it is missing beside {', '.join(part)}",
                exchange=answer,
                rows=[row],
                fields=(*part, self.fields.state, self.fields.answer),
                difference="a state forgotten",
                check=listed_check(self.context, self.mirror, "with", [row]),
            )
            return

    def _is_untested(self, row: Row) -> bool:
        return (row.key, self.fields.phase_of(row)) not in self.tested

    def _ask(self, values: dict[str, Tree], purpose: str) -> Exchange:
        return self.context.send(self.mirror.request({**largest_page(self.context), **values}), purpose)

    def _is_there(self, row: Row) -> bool:
        """Whether the list shows a call now as it did, but for its numbers."""
        exchange = self._ask({}, "is the call still there?")
        now = next((one for one in exchange.listed if one.key == row.key), None)
        names = {str(path) for rule in self.context.listing.filters.values() for path in rule.compares}
        return now is not None and all(now.shown.get(name) == row.shown.get(name) for name in names)
