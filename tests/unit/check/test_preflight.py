"""The first window of a run, where a server refuses a range that ends in the future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from simulated_runs import meeting

from harness.check.client.budget import Sender
from harness.check.credentials import ClientIdentity, identities_of_users
from harness.check.options import CheckOptions
from harness.check.results.findings import RunReport
from harness.check.results.gate import shut_out_reason
from harness.check.runner import run_check
from harness.cli.selftest_trials import DirectSender
from harness.serve.authentication import make_key_pair
from harness.serve.faults.catalogue import find_faults
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse
from harness.world import World

SESSIONS = "voximplant/get-call-history"


class RefusesTheFuture:
    """A server that takes no range that ends after its clock."""

    def __init__(self, behind: Sender, now: datetime) -> None:
        self.behind, self.now = behind, now

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        query = parse_qs(request.target.decode("ascii").partition("?")[2])
        for text in query.get("to_date", []):
            try:
                last = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            except ValueError:
                continue
            if last > self.now:
                bad = request.target.replace(b"to_date=", b"to_date=x")
                return self.behind.send(replace(request, target=bad))
        return self.behind.send(request)


def report_behind(front: Callable[[Sender, datetime], Sender]) -> RunReport:
    """The report on the honest simulator behind a front."""
    spec = load_spec(SESSIONS)
    world = World.of(seed=7, calls=60)
    simulator = Simulator(spec, world, key=make_key_pair())
    sender = front(DirectSender(simulator, world.instant), world.instant)
    people = identities_of_users(simulator.users, spec.listing)
    return run_check(spec, sender, people, CheckOptions(now=world.instant, target="http://127.0.0.1:0"))


class TakesOne:
    """A server that takes requests of one method, or of one media type, and nothing else."""

    def __init__(self, behind: Sender, method: str, media_type: str = "") -> None:
        self.behind, self.method, self.media_type = behind, method, media_type

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        given = dict(request.headers).get("Content-Type", "")
        if request.method != self.method or (self.media_type and given != self.media_type):
            return HttpResponse(http_status=405, headers=(("Content-Type", "text/plain"),), body=b"not allowed")
        return self.behind.send(request)


def test_a_server_that_takes_get_alone_is_judged_by_get_where_the_document_names_no_method() -> None:
    report = report_behind(lambda behind, _: TakesOne(behind, "GET"))
    assert report.exit_code == 0
    assert report.rows_seen > 0
    assert any(note.startswith("requests are carried as get-query: ") for note in report.notes)
    assert all(finding.colour == "amber" for finding in report.findings)


def test_a_server_that_takes_only_another_documented_body_is_judged_by_that_and_blamed_for_it() -> None:
    report = report_behind(lambda behind, _: TakesOne(behind, "POST", "application/x-www-form-urlencoded"))
    assert report.rows_seen > 0
    blamed = {finding.expected for finding in report.findings if finding.colour == "red"}
    assert blamed == {"the same answer as by post-form"}
    assert report.exit_code == 1


def test_a_run_asks_for_ranges_that_end_now_where_later_ones_are_refused() -> None:
    report = report_behind(lambda behind, now: RefusesTheFuture(behind, now))
    assert report.rows_seen > 0
    assert any("ends in the future is refused" in note for note in report.notes)


class HasNothingHere:
    """A server that has nothing at any path."""

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        body = b'{"error": "no such method"}'
        return HttpResponse(http_status=404, headers=(("Content-Type", "application/json"),), body=body)


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        (
            "http://127.0.0.1:0/ListCallLogs",
            "the request went to /ListCallLogs/ListCallLogs: give --target the base, http://127.0.0.1:0; "
            "/ListCallLogs is added to it",
        ),
        (
            "http://127.0.0.1:0/v2",
            "the request went to /v2/ListCallLogs: is --target the base, to which /ListCallLogs is added?",
        ),
    ],
)
def test_a_path_with_nothing_at_it_is_told_with_what_the_target_is_to_be(target: str, hint: str) -> None:
    spec = load_spec("etelecom/list-call-logs")
    person = ClientIdentity(name="default", credentials={"token": "a-long-token"})
    report = run_check(
        spec, HasNothingHere(), [person], CheckOptions(now=datetime(2026, 3, 1, tzinfo=UTC), target=target)
    )
    assert report.exit_code == 4
    assert shut_out_reason(report).endswith(f"; {hint}")


def test_a_run_reaches_beyond_now_where_nothing_speaks_against_it() -> None:
    context, mirror = meeting(SESSIONS, calls=30)
    last = datetime.strptime(str(mirror.base["to_date"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    assert context.options.now is not None
    assert last > context.options.now


def test_a_quiet_week_is_no_refused_log_in_where_a_search_without_a_match_is_an_error() -> None:
    spec = load_spec("ozeki/list-call-history")
    world = World.of(seed=7, calls=60)
    simulator = Simulator(spec, world, faults=find_faults(spec, "OZ-LCH-053/no-match-is-an-error"))
    people = identities_of_users(simulator.users, spec.listing)
    now = world.instant + timedelta(days=20)
    report = run_check(
        spec, DirectSender(simulator, world.instant), people, CheckOptions(now=now, target="http://127.0.0.1:0")
    )
    assert report.exit_code == 1
    assert "OZ-LCH-053" in {finding.clause for finding in report.findings}
