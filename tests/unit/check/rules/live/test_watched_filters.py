"""Filters beside the watch over a live list: a server that keeps calls of one state alone is told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from live_calls import LiveSystem, Shown, StepClock, findings_of, leg_document, watch

from harness.wire.http_messages import HttpRequest, HttpResponse


@dataclass
class AnsweredAlone(LiveSystem):
    """A server for which a filter by one parameter keeps answered calls alone."""

    parameter: bytes = b"snumber="

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        asked = self.parameter in request.target

        def pick(rows: list[Shown], poll: int) -> list[Shown]:
            return [row for row in rows if row.up is not None or not asked]

        self.pick = pick
        return super().send(request, deadline_seconds=deadline_seconds)


@pytest.mark.parametrize(
    ("parameter", "clause"), [(b"snumber=", "EN-CAL-051"), (b"dnumber=", "EN-CAL-053"), (b"callid=", "EN-CAL-045")]
)
def test_a_filter_that_forgets_calls_that_ring_is_told_under_its_clause(parameter: bytes, clause: str) -> None:
    system = AnsweredAlone(StepClock(), render=leg_document, parameter=parameter)
    assert list(findings_of(watch(system))) == [(clause, "red")]


def test_filters_that_keep_calls_in_every_state_are_not_told_and_cost_no_further_polls() -> None:
    system = LiveSystem(StepClock(), render=leg_document)
    assert list(findings_of(watch(system))) == []
    assert system.polls <= 50
