"""The rule on parameters that outlive their request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import pytest
from simulated_runs import meeting

from harness.check.client.budget import Sender
from harness.check.context import CheckContext
from harness.check.rules.parameters.remembered_values import check_remembered_letters, check_remembered_values
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

HISTORY = "ozeki/list-call-history"
SIZE, SOURCE = "OZ-LCH-034", "OZ-LCH-029"


class RememberingServer:
    """A server that takes a parameter from the request before where a request does not say it."""

    def __init__(self, behind: Sender, name: str, *, once: bool) -> None:
        self.behind, self.name, self.once = behind, name, once
        self.kept: str | None = None

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        path, _, query = request.target.decode("ascii").partition("?")
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        said = pairs.get(self.name)
        if said is None and self.kept is not None:
            pairs[self.name] = self.kept
        if said is not None or self.once:
            self.kept = said
        return self.behind.send(replace(request, target=f"{path}?{urlencode(pairs)}".encode("ascii")))


def judged(around: Callable[[Sender], Sender]) -> CheckContext:
    context, mirror = meeting(HISTORY, calls=60)
    context.sender = around(context.sender)
    check_remembered_values(context, mirror)
    return context


def failed(context: CheckContext) -> list[str]:
    return sorted(str(finding.clause) for finding in context.results.findings())


def test_a_server_that_forgets_each_request_is_not_blamed_and_asked_three_times() -> None:
    context, mirror = meeting(HISTORY, calls=60)
    before = context.requests
    check_remembered_values(context, mirror)
    assert (failed(context), context.requests - before) == ([], 3)


@pytest.mark.parametrize("once", [True, False], ids=["for one request", "for good"])
@pytest.mark.parametrize(("name", "clause"), [("RowsPerPage", SIZE), ("Source", SOURCE)])
def test_a_parameter_that_counts_for_the_request_after_its_own_is_told(name: str, clause: str, once: bool) -> None:
    assert failed(judged(lambda behind: RememberingServer(behind, name, once=once))) == [clause]


def test_a_finding_says_which_request_was_remembered() -> None:
    context = judged(lambda behind: RememberingServer(behind, "RowsPerPage", once=True))
    (finding,) = context.results.findings()
    assert "RowsPerPage=1" in finding.actual


@pytest.mark.parametrize(("folded", "failures"), [(False, []), (True, ["OZ-LCH-022", "OZ-LCH-023"])])
def test_an_answer_that_is_remembered_for_the_same_in_other_letters_is_told(
    folded: bool, failures: list[str]
) -> None:
    context, mirror = meeting(HISTORY, calls=60)
    behind, known = context.sender, dict[bytes, HttpResponse | NoResponse]()

    class Memory:
        def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
            key = request.target.lower() if folded else request.target
            return known.setdefault(key, behind.send(request))

    context.sender = Memory()
    check_remembered_letters(context, mirror)
    assert failed(context) == failures
