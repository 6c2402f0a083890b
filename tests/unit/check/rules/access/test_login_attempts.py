"""Every way in is held to its promises: the honest server passes, each liar is caught under its clause."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from parlatel_spec import NOBODY, Change, key_in, parlatel, session_by

from harness.check.context import CheckContext, ignore_event
from harness.check.credentials import ClientIdentity, identities_of_users
from harness.check.options import CheckOptions
from harness.check.preflight import run_preflight
from harness.check.probe.mirror import Mirror, read_mirror
from harness.check.results.findings import Event, RunReport
from harness.check.rules.access.authentication import check_authentication
from harness.check.runner import make_context, run_check
from harness.cli.selftest_trials import DirectSender
from harness.serve.faults.base import Fault
from harness.serve.faults.catalogue import faults_of
from harness.serve.simulator import Simulator
from harness.specification.load import Spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world import World

WAYS: dict[str, tuple[Change, ...]] = {
    "basic and a key": (),
    "key in a header": key_in("header", "X-Parlatel-Key"),
    "key in the query": key_in("query", "apikey"),
    "key in a cookie": key_in("cookie", "pt_key"),
    "session by JSON": session_by("json", "/ticket", "header", "Authorization", "Bearer"),
    "session by a form, in a cookie": session_by("form", '"header:Set-Cookie"', "cookie", "pt_session"),
    "session by the query": session_by("query", "/data/ticket", "query", "ticket"),
    "nobody need log in": NOBODY,
}
ABOUT_ACCESS = "PT-CLS-004", "PT-CLS-05", "PT-CLS-07"
WORLD = World.of(seed=7, calls=60)


def access_faults_by_way() -> list[tuple[str, str]]:
    return [
        (way, fault.id)
        for way, changes in WAYS.items()
        for fault in faults_of(parlatel(*changes))
        if fault.clause.startswith(ABOUT_ACCESS) and not _is_out_of_reach(way, fault)
    ]


def _is_out_of_reach(way: str, fault: Fault) -> bool:
    """Whether no rule on access brings about the error that the fault is about."""
    return fault.clause == "PT-CLS-074" or (way == "nobody need log in" and fault.clause.startswith("PT-CLS-07"))


def judged(
    way: str,
    *faults: Fault,
    identities: Sequence[ClientIdentity] | None = None,
    listen: Callable[[Event], None] = ignore_event,
) -> CheckContext:
    """What the rule on access finds at a simulator with these faults."""
    spec = parlatel(*WAYS[way])
    simulator = Simulator(spec, WORLD, faults=faults)
    own = identities_of_users(simulator.users, spec.listing) if identities is None else identities
    options = CheckOptions(now=WORLD.instant, target="http://127.0.0.1:0")
    context = make_context(spec, DirectSender(simulator, WORLD.instant), tuple(own), options)
    context.listen = listen
    run_preflight(context, options)
    mirror = Mirror()
    read_mirror(context, mirror, now=WORLD.instant)
    check_authentication(context, mirror)
    return context


@pytest.mark.parametrize("way", WAYS)
def test_an_honest_server_is_blamed_for_nothing(way: str) -> None:
    context = judged(way)
    assert context.facts.blocked is None
    assert [(one.clause, one.expected, one.actual) for one in context.results.findings()] == []


@pytest.mark.parametrize(("way", "fault"), access_faults_by_way())
def test_each_fault_in_access_and_errors_is_found_under_its_clause(way: str, fault: str) -> None:
    (broken,) = [one for one in faults_of(parlatel(*WAYS[way])) if one.id == fault]
    assert broken.clause in {one.clause for one in judged(way, broken).results.findings()}


def report_of(way: str, **credentials: str) -> RunReport:
    spec = parlatel(*WAYS[way])
    simulator = Simulator(spec, WORLD)
    identity = ClientIdentity(name="default", credentials=credentials)
    options = CheckOptions(now=WORLD.instant, target="http://127.0.0.1:0")
    return run_check(spec, DirectSender(simulator, WORLD.instant), [identity], options)


def test_a_refused_log_in_ends_the_run_with_the_words_of_the_server() -> None:
    report = report_of("session by JSON", account="PT20250101", secret="not-the-secret")
    assert report.exit_code == 4
    assert report.notes[0] == "log-in failed: the server refused account and secret: HTTP 401: 'Who are you?'"


def test_refused_credentials_end_the_run_with_the_words_of_the_server() -> None:
    report = report_of("key in a header", **{"api-key": "not-the-key"})
    assert report.exit_code == 4
    assert report.notes[0] == "log-in failed: the server refused api-key: 'Who are you?'"


def test_refused_credentials_with_the_word_of_a_scheme_are_told_to_leave_it_out() -> None:
    said = report_of("key in a header", **{"api-key": "Bearer not-the-key"}).notes[0]
    hint = "api-key begins with a word such as Bearer: give what follows it alone, the word is added"
    assert said == f"log-in failed: the server refused api-key: 'Who are you?'; {hint}"


def test_a_run_without_credentials_names_those_that_the_server_wants() -> None:
    said = report_of("key in a header").notes[0]
    assert said.startswith("log-in failed: the server wants credentials (api-key, account), and none were given: ")


def test_a_token_that_a_run_was_given_stands_in_no_report() -> None:
    spec = parlatel(*WAYS["session by the query"])
    simulator = Simulator(spec, WORLD)
    token = simulator.users[0].credentials["ticket"]
    events: list[Event] = []
    context = judged("session by the query", listen=events.append)
    assert context.identity.credentials["ticket"] == token
    assert events
    assert not [event for event in events if token in f"{event!r}"]


class AlwaysRefusing:
    """A server that tells the same error whatever is asked."""

    def send(self, request: HttpRequest, **_: object) -> HttpResponse:
        headers = (("Content-Type", "application/json"),)
        return HttpResponse(http_status=422, headers=headers, body=b'{"status":422,"title":"X-Tenant is missing"}')


def test_a_run_in_which_all_answers_are_errors_ends_blocked_with_the_words_of_the_server() -> None:
    spec = parlatel()
    options = CheckOptions(now=WORLD.instant, target="http://127.0.0.1:0")
    identity = ClientIdentity(name="default", credentials={"account": "PT20250101", "secret": "ladder-green-7"})
    report = run_check(spec, AlwaysRefusing(), [identity], options)
    assert report.exit_code == 4
    (why,) = [note for note in report.notes if "answers are errors" in note]
    assert why.endswith("the first is HTTP 422: 'X-Tenant is missing'")
    assert {str(one.verdict) for one in report.clauses} <= {"blocked", "fail", "pass", "not_exercised"}


def test_a_line_that_repeats_a_run_carries_its_options_and_no_secret() -> None:
    spec = parlatel()
    (liar,) = [one for one in faults_of(spec) if one.id.startswith("PT-CLS-052/")]
    simulator = Simulator(spec, WORLD, faults=[liar])
    identity = ClientIdentity(name="default", credentials={"account": "PT20250101", "secret": "ladder-green-7"})
    options = CheckOptions(
        now=WORLD.instant,
        target="http://127.0.0.1:0",
        secrets={"secret": "ladder-green-7"},
        replay=(("--credential", "secret=ladder-green-7"), ("--fuzz", "")),
    )
    report = run_check(spec, DirectSender(simulator, WORLD.instant), [identity], options)
    (finding,) = [one for one in report.findings if one.clause == "PT-CLS-052"]
    assert finding.replay == (
        "callharness check parlatel/list-calls --target http://127.0.0.1:0 --only PT-CLS-052 --seed 1"
        ' --credential secret="$SECRET" --fuzz'
    )


PART_OF_THE_PATH: tuple[Change, ...] = (
    ("/accounts/{account}/calls.json:", "/accounts/{account}/{way}/calls.json:"),
    ("{name: way, in: query, ", "{name: way, in: path, required: true, "),
)


@pytest.mark.parametrize("liar", ["", "PT-CLS-021/way-ignored"])
def test_a_filter_that_is_a_part_of_the_path_is_held_to_what_it_keeps(liar: str) -> None:
    spec = parlatel(*PART_OF_THE_PATH)
    faults = [one for one in faults_of(spec) if one.id == liar]
    assert len(faults) == (1 if liar else 0), [one.id for one in faults_of(spec) if one.clause == "PT-CLS-021"]
    simulator = Simulator(spec, WORLD, faults=faults)
    identities = identities_of_users(simulator.users, spec.listing)
    options = CheckOptions(now=WORLD.instant, target="http://127.0.0.1:0")
    report = run_check(spec, DirectSender(simulator, WORLD.instant), identities, options)
    found = {one.clause for one in report.findings}
    assert "PT-CLS-021" in found if liar else found == set()


LIST_CALLS = (
    "foreign: {http: 404, says: no such account, body: text,",
    "foreign: {http: 404, says: no such account,",
)


@pytest.mark.parametrize(("known", "blamed"), [("bodies: [shape],", []), ("", ["PT-CLS-073"])])
def test_a_body_of_an_error_that_is_legitimate_too_is_not_blamed(known: str, blamed: list[str]) -> None:
    spec = parlatel((LIST_CALLS[0], f"{LIST_CALLS[0]} {known}"))
    assert broken(spec, parlatel(LIST_CALLS)) == blamed


def test_the_form_of_an_error_may_have_a_clause_of_its_own() -> None:
    form = (LIST_CALLS[0], f"{LIST_CALLS[0]} form-clause: PT-CLS-074,")
    assert broken(parlatel(form), parlatel(LIST_CALLS)) == ["PT-CLS-074"]


def broken(spec: Spec, served: Spec) -> list[str]:
    """The clauses of a spec that the simulator of another one breaks, as the rule on access finds."""
    simulator = Simulator(served, WORLD)
    options = CheckOptions(now=WORLD.instant, target="http://127.0.0.1:0")
    own = identities_of_users(simulator.users, spec.listing)
    context = make_context(spec, DirectSender(simulator, WORLD.instant), tuple(own), options)
    mirror = Mirror()
    read_mirror(context, mirror, now=WORLD.instant)
    check_authentication(context, mirror)
    return [one.clause for one in context.results.findings()]
