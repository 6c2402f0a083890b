"""Right credentials that a server refuses now and then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count

from simulated_runs import found

from harness.serve.authentication import SimulatedUser
from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import Hooks
from harness.specification.model import ClauseId
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest

LIVE, REACH = "ozeki/list-active-calls", "OZ-LAC-001"


def refusing(when: Callable[[int], bool]) -> Fault:
    """A server that refuses those of the accepted requests of which `when` is true, by their number."""
    numbers = count(1)

    def user(
        user: SimulatedUser | RefusedRequest, ask: ListRequest, known: tuple[SimulatedUser, ...], now: datetime
    ) -> SimulatedUser | RefusedRequest:
        refuses = isinstance(user, SimulatedUser) and when(next(numbers))
        return RefusedRequest(fault="refused") if refuses else user

    return Fault(clause=ClauseId("NONE"), name="fickle", description="a test's own", hooks=Hooks(user=user))


def clauses_broken_by(fault: Fault) -> set[str]:
    return {str(finding.clause) for finding in found(LIVE, fault)}


def test_right_credentials_that_are_refused_again_and_again_are_told() -> None:
    assert REACH in clauses_broken_by(refusing(lambda number: number % 9 == 0))


def test_right_credentials_that_are_refused_once_are_no_finding() -> None:
    assert REACH not in clauses_broken_by(refusing(lambda number: number == 9))
