"""The first window of a run, where a server refuses a range that ends in the future."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs

from simulated_runs import meeting

from harness.check.client.budget import Sender
from harness.check.credentials import identities_of_users
from harness.check.options import CheckOptions
from harness.check.runner import run_check
from harness.cli.selftest_trials import DirectSender
from harness.serve.authentication import make_key_pair
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


def test_a_run_asks_for_ranges_that_end_now_where_later_ones_are_refused() -> None:
    spec = load_spec(SESSIONS)
    world = World.of(seed=7, calls=60)
    simulator = Simulator(spec, world, key=make_key_pair())
    sender = RefusesTheFuture(DirectSender(simulator, world.instant), world.instant)
    people = identities_of_users(simulator.users, spec.listing.access)
    options = CheckOptions(now=world.instant, target="http://127.0.0.1:0")
    report = run_check(spec, sender, people, options)
    assert report.rows_seen > 0
    assert any("ends in the future is refused" in note for note in report.notes)


def test_a_run_reaches_beyond_now_where_nothing_speaks_against_it() -> None:
    context, mirror = meeting(SESSIONS, calls=30)
    last = datetime.strptime(str(mirror.base["to_date"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    assert context.options.now is not None
    assert last > context.options.now
