"""How a check is set up, run and reported: settings, exit codes, options, journals, and secrets in all of them."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hostile_servers import free_port, hostile_server
from tiny_calls import (
    OWN,
    PASSWORD,
    WHO,
    Change,
    code_as_text,
    keeps_all,
    one_id_twice,
    seconds_below_zero,
    server,
    tiny,
    without_seconds,
)

from harness.check.results.findings import (
    ClauseJudged,
    ClauseResult,
    Colour,
    Event,
    Exchanged,
    Finding,
    FindingMade,
    Gate,
    RunEnded,
    RunReport,
    RunStarted,
    Verdict,
)
from harness.cli.check import check, parse_settings
from harness.cli.check_report import RunOutcome
from harness.cli.check_run import run_prepared
from harness.cli.check_setup import CheckSettings, PreparedRun, parse_clause_ids, prepare_run
from harness.cli.console import Console
from harness.cli.exit_codes import worst_exit_code
from harness.cli.main import main
from harness.cli.report_files import parse_report_sinks
from harness.cli.signals import Interrupted
from harness.errors import HarnessError, UsageError, UsageProblem
from harness.output.atomic_files import FileNotWritten
from harness.report import RunRecord
from harness.specification.clause_families import planned_clauses
from harness.specification.load import load_spec
from harness.specification.model import ClauseId

# Nothing listens there, and nothing is sent to it.
NOWHERE = "http://127.0.0.1:9"
AS_A_VALUE = "it is masked only where it stands as a value"
NAMED = (("user", "somebody"), ("password", PASSWORD))

SHARED = (
    "HTTP-FRAMING",
    "HTTP-LIMITS",
    "HTTP-SERVER-ERRORS",
    "HTTP-REDIRECT",
    "HTTP-ENCODING",
    "TEXT-ENCODING",
    "TEXT-CHARSET",
    "TEXT-ONCE",
    "JSON-SYNTAX",
    "JSON-DUPLICATE-KEYS",
    "JSON-NUMBERS",
    "JSON-DEPTH",
    "LIST-STEADY",
)


@pytest.fixture(autouse=True)
def _no_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials from outside, and saved tracebacks beside the other files of the test."""
    for name in ("USER", "PASSWORD"):
        monkeypatch.delenv(f"CALLHARNESS_CREDENTIAL_{name}", raising=False)
    (tmp_path / "crashes").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "crashes"))


# --- makers -------------------------------------------------------------------------------------------------


@contextmanager
def ready(
    folder: Path,
    *,
    session: Console | None = None,
    target: str = NOWHERE,
    credentials: tuple[tuple[str, str], ...] = NAMED,
    credentials_file: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    **given: Any,
) -> Iterator[PreparedRun]:
    """A prepared run of the tiny API."""
    settings = CheckSettings(api=tiny(folder), target=target, **given)
    with ExitStack() as stack:
        yield prepare_run(
            session or Console(),
            settings,
            stack,
            credentials=credentials,
            credentials_file=credentials_file,
            headers=headers,
        )


def options(*words: str) -> CheckSettings:
    """What the command line makes of the words."""
    with check.make_context("check", ["some/api", "--target", "sim:", *words]) as context:
        given = dict(context.params)
    return parse_settings(given.pop("api"), given)


@dataclass
class Ran:
    """A check from the command line: how it ended and what the server heard."""

    code: int
    requests: list[str]


def checked(
    folder: Path, *words: str, change: Change = keeps_all, calls: int = 12, who: tuple[str, ...] = WHO
) -> Ran:
    """A check of an in-process server."""
    api = tiny(folder)
    with server(api, change, calls=calls) as (url, asked):
        code = main(["check", api, "--target", url, *who, *words])
    return Ran(code, [request.target.decode() for request in asked.requests])


def lines(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in report["clauses"]}


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


# --- events of an engine that is not there ------------------------------------------------------------------


def judged(clause: str, verdict: Verdict = Verdict.PASS, colour: Colour = Colour.GREEN) -> ClauseJudged:
    return ClauseJudged(
        result=ClauseResult(
            id=ClauseId(clause),
            level="must",
            basis="documented",
            family="shape",
            says="what it says",
            source="Top",
            verdict=verdict,
            colour=colour,
            witnesses=1,
            counts={verdict: 1},
        )
    )


def finding(clause: str, *, curl: str = "", difference: str = "", defect: int = 0) -> FindingMade:
    return FindingMade(
        finding=Finding(
            clause=ClauseId(clause),
            level="must",
            basis="documented",
            family="shape",
            message="it is not so",
            expected="one thing",
            actual=f"another, and {PASSWORD}",
            curl=curl,
            difference=difference,
            defect=defect,
        )
    )


def exchange(number: int = 1) -> Exchanged:
    return Exchanged(
        number=number,
        phase="preflight",
        purpose="a look",
        method="GET",
        url=f"{NOWHERE}/calls?password={PASSWORD}",
        http_status=200,
        seconds=0.25,
        response_body=f"echo of {PASSWORD}",
    )


STARTED = RunStarted(
    api="tiny", title="Tiny", target=NOWHERE, seed=1, gate=Gate.CI, clauses=tuple(ClauseId(name) for name in OWN)
)


def ended(*events: ClauseJudged, exit_code: int = 0, colour: Colour = Colour.GREEN, **more: Any) -> RunEnded:
    return RunEnded(
        report=RunReport(
            api="tiny",
            title="Tiny list of calls",
            target=NOWHERE,
            gate=Gate.CI,
            colour=colour,
            exit_code=exit_code,
            seed=1,
            requests=1,
            seconds=0.0,
            dialect={},
            clauses=tuple(event.result for event in events),
            findings=(),
            rows_seen=3,
            **more,
        )
    )


@dataclass
class Engine:
    """Tells of these events and raises these problems, in this order; keeps what it was asked for."""

    says: tuple[Event | BaseException, ...]
    only: list[tuple[str, ...] | None] = field(default_factory=list)

    def __call__(
        self,
        prepared: PreparedRun,
        listen: Callable[[Event], None],
        *,
        only: tuple[str, ...] | None = None,
        stop: Callable[[], str | None] = str,
    ) -> None:
        self.only.append(only)
        for one in self.says:
            if isinstance(one, BaseException):
                raise one
            if only is None or not isinstance(one, ClauseJudged) or one.result.id in only:
                listen(one)


def taken(folder: Path) -> Path:
    """A place where no report can be written, which only the attempt shows: a folder stands there."""
    place = folder / "taken"
    place.mkdir(exist_ok=True)
    return place


def ran(
    folder: Path, *says: Event | BaseException, reports: tuple[str, ...] = ("json=r.json",), **given: Any
) -> RunOutcome:
    """A run of an engine that says this; its reports lie in the folder."""
    session = Console()
    taken(folder)
    places = [kind + "=" + str(folder / file) for kind, _, file in (text.partition("=") for text in reports)]
    with ready(folder, session=session, **given) as prepared:
        return run_prepared(session, prepared, parse_report_sinks(places), engine=Engine(says))


# --- settings from the command line -------------------------------------------------------------------------


def test_settings_without_options_are_the_documented_defaults() -> None:
    found = options()
    assert {one.name: getattr(found, one.name) for one in fields(found)} == {
        "api": "some/api",
        "target": "sim:",
        "gate": "ci",
        "only": (),
        "window": None,
        "dialect": None,
        "known": None,
        "baseline": None,
        "world": None,
        "known_values": {},
        "fuzz": False,
        "evidence": None,
        "allow_empty": False,
        "max_requests": 500,
        "max_seconds": None,
        "rate": None,
        "timeout": 30.0,
        "seed": 1,
        "ca": None,
        "product": "",
        "product_version": "",
        "parts": (),
    }


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--gate", "certify"], "gate", "certify"),
        (["--only", "B", "--only", "A", "--only", "B"], "only", ("B", "A")),
        (
            ["--window", "2031-03-04..2031-03-05T06:00:00+02:00"],
            "window",
            (datetime(2031, 3, 4, tzinfo=UTC), datetime(2031, 3, 5, 4, tzinfo=UTC)),
        ),
        (["--dialect", "d.yaml"], "dialect", "d.yaml"),
        (["--known", "k.yaml"], "known", "k.yaml"),
        (["--baseline", "b.json"], "baseline", "b.json"),
        (["--world", "w"], "world", "w"),
        (
            ["--known-value", "ext=200", "--known-value", "user=7=8", "--known-value", "ext=201"],
            "known_values",
            {"ext": ("200", "201"), "user": ("7=8",)},
        ),
        (["--fuzz"], "fuzz", True),
        (["--evidence", "masked"], "evidence", "masked"),
        (["--allow-empty"], "allow_empty", True),
        (["--max-requests", "7"], "max_requests", 7),
        (["--max-seconds", "1.5"], "max_seconds", 1.5),
        (["--rate", "2.5"], "rate", 2.5),
        (["--timeout", "4"], "timeout", 4.0),
        (["--seed", "9"], "seed", 9),
        (["--ca", "ca.pem"], "ca", "ca.pem"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_option_becomes_a_setting(words: list[str], name: str, value: object) -> None:
    assert getattr(options(*words), name) == value


def test_a_known_value_without_a_value_is_misuse() -> None:
    with pytest.raises(UsageProblem) as told:
        options("--known-value", "ext=")
    assert str(told.value) == "--known-value ext\n  expected  a value\n  actual    nothing"


# --- the plan -----------------------------------------------------------------------------------------------


def test_planned_are_the_clauses_of_the_spec_and_those_of_every_json_api(tmp_path: Path) -> None:
    assert set(planned_clauses(load_spec(tiny(tmp_path)))) == {*OWN, *SHARED}


def test_the_clauses_of_the_spec_are_planned_first_in_their_order(tmp_path: Path) -> None:
    assert tuple(planned_clauses(load_spec(tiny(tmp_path))))[:9] == OWN


def test_only_may_name_clauses_of_the_spec_and_shared_ones_in_any_order(tmp_path: Path) -> None:
    spec = load_spec(tiny(tmp_path))
    assert parse_clause_ids(spec, ["TEXT-ONCE", "TN-002"]) == ("TEXT-ONCE", "TN-002")


def test_only_without_a_name_is_everything_unsaid(tmp_path: Path) -> None:
    assert parse_clause_ids(load_spec(tiny(tmp_path)), []) == ()


@pytest.mark.parametrize(
    ("name", "do"),
    [("TN-03", "Did you mean TN-003?"), ("tn-003", "Did you mean TN-003?"), ("XML-DTD", "")],
)
def test_only_refuses_a_clause_that_this_spec_does_not_have(name: str, do: str, tmp_path: Path) -> None:
    spec = load_spec(tiny(tmp_path))
    with pytest.raises(UsageProblem) as told:
        parse_clause_ids(spec, ["TN-001", name])
    where, actual = f"--only {name}", repr(name)
    assert (told.value.where, told.value.expected, told.value.actual) == (where, f"a clause of {spec.id}", actual)
    if do:
        assert told.value.do == do


def test_the_journal_plans_every_clause_not_yet_judged(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, ended(), reports=("ndjson=j",))
    assert {one["id"] for one in lines(tmp_path / "j")[0]["plan"]} == {*OWN, *SHARED}


def test_the_journal_of_a_run_of_some_clauses_plans_these_in_the_order_of_the_spec(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, ended(), reports=("ndjson=j",), only=("TN-005", "TN-002"))
    assert [one["id"] for one in lines(tmp_path / "j")[0]["plan"]] == ["TN-002", "TN-005"]


# --- set up -------------------------------------------------------------------------------------------------


def test_a_target_is_kept_as_its_url(tmp_path: Path) -> None:
    with ready(tmp_path, target="http://127.0.0.1:9/base/") as prepared:
        assert prepared.target == "http://127.0.0.1:9/base"


def test_the_simulator_is_called_by_its_own_name_and_answers_at_a_url(tmp_path: Path) -> None:
    with ready(tmp_path, target="sim:", credentials=()) as prepared:
        assert (prepared.target, prepared.client.target.is_loopback) == ("sim:", True)


def test_the_simulator_brings_its_own_users(tmp_path: Path) -> None:
    with ready(tmp_path, target="sim:", credentials=()) as prepared:
        assert dict(prepared.identities[0].credentials) == {"user": "ada", "password": "lovelace"}


def test_credentials_given_beside_the_simulator_take_the_place_of_its_users(tmp_path: Path) -> None:
    with ready(tmp_path, target="sim:") as prepared:
        assert [dict(one.credentials) for one in prepared.identities] == [dict(NAMED)]


def test_the_simulator_does_not_look_into_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLHARNESS_CREDENTIAL_PASSWORD", "of another server")
    with ready(tmp_path, target="sim:", credentials=()) as prepared:
        assert prepared.identities[0].credentials["password"] == "lovelace"


@pytest.mark.parametrize(
    ("from_option", "from_file", "from_environment", "found"),
    [
        (True, True, True, "by-option"),
        (False, True, True, "by-file-1"),
        (False, False, True, "by-environment"),
        (True, False, True, "by-option"),
        (False, True, False, "by-file-1"),
    ],
)
def test_a_password_comes_from_the_nearest_place(
    from_option: bool,
    from_file: bool,
    from_environment: bool,
    found: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "who.yaml"
    file.write_text("credentials: {user: somebody, password: by-file-1}\n")
    if from_environment:
        monkeypatch.setenv("CALLHARNESS_CREDENTIAL_PASSWORD", "by-environment")
    given = (("password", "by-option"),) if from_option else ()
    with ready(tmp_path, credentials=given, credentials_file=str(file) if from_file else None) as prepared:
        assert prepared.identities[0].credentials["password"] == found


def test_what_one_place_lacks_the_next_one_fills_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLHARNESS_CREDENTIAL_USER", "from-environment")
    with ready(tmp_path, credentials=(("password", PASSWORD),)) as prepared:
        assert dict(prepared.identities[0].credentials) == {"user": "from-environment", "password": PASSWORD}


def test_further_identities_of_a_file_stand_behind_the_first(tmp_path: Path) -> None:
    file = tmp_path / "who.yaml"
    file.write_text(
        "identities:\n"
        "- {name: one, credentials: {user: a, password: first-secret}}\n"
        "- {name: two, credentials: {user: b, password: second-secret}}\n"
    )
    with ready(tmp_path, credentials=(), credentials_file=str(file)) as prepared:
        assert [one.name for one in prepared.identities] == ["one", "two"]


def test_without_credentials_somebody_without_any_asks(tmp_path: Path) -> None:
    with ready(tmp_path, credentials=()) as prepared:
        assert [(one.name, dict(one.credentials)) for one in prepared.identities] == [("default", {})]


def test_without_credentials_their_names_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ready(tmp_path, credentials=()) as prepared:
        said = (
            f"callharness: no credentials were given; {prepared.spec.id} knows user, password: give them as "
            "--credential user=..., or in CALLHARNESS_CREDENTIAL_USER\n"
        )
    assert capsys.readouterr().err == said


def test_secrets_are_kept_by_the_name_that_a_reproducer_uses(tmp_path: Path) -> None:
    with ready(tmp_path) as prepared:
        assert prepared.secrets == {"password": PASSWORD}


@pytest.mark.parametrize(
    ("target", "asked", "found"),
    [
        ("sim:", None, "full"),
        ("http://127.0.0.1:9", None, "full"),
        ("http://192.0.2.1:9", None, "masked"),
        ("http://127.0.0.1:9", "masked", "masked"),
        ("http://192.0.2.1:9", "full", "full"),
    ],
)
def test_evidence_is_masked_unless_the_server_is_on_this_machine_or_it_is_asked_for(
    target: str, asked: str | None, found: str, tmp_path: Path
) -> None:
    with ready(tmp_path, target=target, evidence=asked) as prepared:
        assert prepared.evidence == found


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("X-Api-Key", "kept-for-us-9"), "***"),
        (("Authorization", "Bearer kept-for-us-9"), "***"),
        (("Cookie", "kept-for-us-9"), "***"),
        (("Accept-Language", "kept-for-us-9"), "kept-for-us-9"),
        (("User-Agent", "kept-for-us-9"), "kept-for-us-9"),
    ],
)
def test_the_value_of_a_header_that_may_say_who_asks_is_a_secret(
    header: tuple[str, str], said: str, tmp_path: Path
) -> None:
    session = Console()
    with ready(tmp_path, session=session, headers=(header,)):
        assert session.redact("it is kept-for-us-9 here") == f"it is {said} here"


@pytest.mark.parametrize(
    ("password", "said"),
    [
        (
            "abc",
            f"callharness: a secret is shorter than six characters: {AS_A_VALUE}\n",
        ),
        ("password", f"callharness: a secret is an everyday word: {AS_A_VALUE}\n"),
        ("Zq7-everything-else", ""),
    ],
)
def test_a_weak_secret_is_told_of_and_not_repeated(
    password: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ready(tmp_path, credentials=(("user", "somebody"), ("password", password))):
        assert capsys.readouterr().err == said


def test_a_weak_secret_of_the_simulator_is_not_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ready(tmp_path, target="sim:", credentials=(("user", "ada"), ("password", "abc"))):
        assert capsys.readouterr().err == ""


def test_a_baseline_is_read_as_verdicts(tmp_path: Path) -> None:
    file = tmp_path / "last.json"
    file.write_text(
        '{"clauses": [{"id": "TN-001", "verdict": "pass"}, {"id": "TN-002", "verdict": "not_exercised"}]}'
    )
    with ready(tmp_path, baseline=str(file)) as prepared:
        assert prepared.baseline == {"TN-001": Verdict.PASS, "TN-002": Verdict.NOT_EXERCISED}


def test_a_world_is_read_as_rows_by_identity(tmp_path: Path) -> None:
    file = tmp_path / "rows.ndjson"
    file.write_text('{"id": 5, "secs": 1, "text": ""}\n{"id": 6, "secs": 0, "text": "x"}\n')
    with ready(tmp_path, world=str(file)) as prepared:
        assert prepared.world is not None
        assert set(prepared.world.rows) == {5, 6}


def test_a_dialect_is_read_as_choices(tmp_path: Path) -> None:
    file = tmp_path / "dialect.yaml"
    file.write_text("dialect: {outcome.error.http: 400}\n")
    with ready(tmp_path, dialect=str(file)) as prepared:
        assert prepared.dialect is not None
        assert dict(prepared.dialect.values) == {"outcome.error.http": 400}


def test_without_files_nothing_is_held_against_the_server(tmp_path: Path) -> None:
    with ready(tmp_path) as prepared:
        assert (prepared.dialect, prepared.known, prepared.baseline, prepared.world) == (None, None, None, None)


def known_file(folder: Path, clause: str, *, days: int = 60, extra: str = "", section: str = "known") -> Path:
    today = datetime.now(UTC).date()
    file = folder / "known.yaml"
    file.write_text(
        f"{section}:\n- {{id: W-1, clause: {clause}, reason: the switch is old, owner: us, "
        f"issue: https://tracker.example/1, added: {today}, expires: {today + timedelta(days=days)}{extra}}}\n"
    )
    return file


def test_known_failures_are_read_for_the_spec(tmp_path: Path) -> None:
    with ready(tmp_path, known=str(known_file(tmp_path, "TN-003"))) as prepared:
        assert prepared.known is not None
        assert list(prepared.known.by_clause) == ["TN-003"]


# --- exit code 2: each wrong file, before anything is sent --------------------------------------------------

# Option, content, and a piece of the message.
WRONG: dict[str, tuple[str, str, str]] = {
    "baseline-no-json": ("--baseline", "clauses:\n", "the JSON report of an earlier run"),
    "baseline-another-shape": ("--baseline", "{}", "the JSON report of an earlier run"),
    "baseline-another-verdict": (
        "--baseline",
        '{"clauses": [{"id": "TN-001", "verdict": "fine"}]}',
        "the JSON report of an earlier run",
    ),
    "dialect-no-mapping": ("--dialect", "outcome.error.http: 400\n", "the keys api and dialect"),
    "dialect-of-another-api": ("--dialect", "api: other/api\ndialect: {}\n", "a dialect of other/api"),
    "dialect-no-choice": ("--dialect", "dialect: {no.such.choice: 1}\n", "an open choice of"),
    "dialect-no-value": ("--dialect", "dialect: {outcome.error.http: 500}\n", "one of 200, 400"),
    "world-no-json": ("--world", "rows\n", "a JSON object a line"),
    "world-no-object": ("--world", "[]\n", "an object"),
    "world-row-without-type": ("--world", '{"id": "five", "secs": 1, "text": ""}\n', "row 1"),
    "world-one-row-twice": ("--world", '{"id": 5, "secs": 1, "text": ""}\n' * 2, "an identity of its own"),
    "credentials-of-another-api": ("--credentials", "credentials: {token: x}\n", "'token'"),
    "credentials-empty": ("--credentials", "identities: []\n", "a list under the key identities"),
    "credentials-no-yaml": ("--credentials", "credentials: {user: [\n", "given.file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_ends_with_2_before_anything_is_sent(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option, text, said = WRONG[case]
    file = tmp_path / "given.file"
    file.write_text(text)
    found = checked(tmp_path, option, str(file))
    assert (found.code, found.requests, said in capsys.readouterr().err) == (2, [], True)


@pytest.mark.parametrize("option", ["--known", "--baseline", "--dialect", "--world", "--credentials"])
def test_a_missing_file_ends_with_2_and_is_named(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = checked(tmp_path, option, str(tmp_path / "nowhere.any"))
    assert (found.code, "nowhere.any" in capsys.readouterr().err) == (2, True)


def test_a_missing_file_of_authorities_ends_with_2_where_one_is_needed(tmp_path: Path) -> None:
    words = ["--target", f"https://127.0.0.1:{free_port()}", *WHO, "--ca", str(tmp_path / "nowhere.pem")]
    assert main(["check", tiny(tmp_path), *words]) == 2


def test_a_missing_file_of_authorities_ends_with_2_also_without_tls(tmp_path: Path) -> None:
    assert checked(tmp_path, "--ca", str(tmp_path / "nowhere.pem")).code == 2


def test_a_spec_that_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("openapi: 3.1.0\n")
    assert main(["check", str(file), "--target", "sim:"]) == 2


def test_a_clause_that_is_not_there_ends_with_2_before_anything_is_sent(tmp_path: Path) -> None:
    found = checked(tmp_path, "--only", "TN-999")
    assert (found.code, found.requests) == (2, [])


def test_a_wrong_file_leaves_no_report(tmp_path: Path) -> None:
    checked(tmp_path, "--baseline", str(tmp_path / "none"), "--report", f"json={tmp_path / 'r.json'}")
    assert not (tmp_path / "r.json").exists()


# --- exit codes of whole runs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "gate", "code", "colour"),
    [
        (keeps_all, "ci", 0, "green"),
        (keeps_all, "strict", 0, "green"),
        (keeps_all, "certify", 0, "green"),
        (keeps_all, "explore", 0, "green"),
        (without_seconds, "ci", 1, "red"),
        (without_seconds, "strict", 1, "red"),
        (without_seconds, "certify", 1, "red"),
        (without_seconds, "explore", 0, "green"),
        (seconds_below_zero, "ci", 0, "amber"),
        (seconds_below_zero, "strict", 1, "red"),
        (seconds_below_zero, "certify", 1, "red"),
        (seconds_below_zero, "explore", 0, "green"),
        (one_id_twice, "ci", 0, "amber"),
        (one_id_twice, "strict", 1, "red"),
        (one_id_twice, "certify", 0, "amber"),
        (one_id_twice, "explore", 0, "green"),
    ],
)
def test_the_gate_decides_how_a_broken_promise_ends(
    change: Change, gate: str, code: int, colour: str, tmp_path: Path
) -> None:
    report = tmp_path / "r.json"
    found = checked(tmp_path, "--gate", gate, "--report", f"json={report}", change=change)
    assert (found.code, read(report)["gate"], read(report)["exit_code"]) == (
        code,
        {"profile": gate, "colour": colour},
        code,
    )


def test_the_simulator_is_green(tmp_path: Path) -> None:
    assert main(["check", tiny(tmp_path), "--target", "sim:"]) == 0


def test_a_port_where_nobody_listens_ends_with_4(tmp_path: Path) -> None:
    assert main(["check", tiny(tmp_path), "--target", f"http://127.0.0.1:{free_port()}", *WHO]) == 4


@pytest.mark.parametrize("gate", ["ci", "strict", "certify", "explore"])
def test_unreachable_is_4_at_every_gate(gate: str, tmp_path: Path) -> None:
    assert main(["check", tiny(tmp_path), "--target", f"http://127.0.0.1:{free_port()}", *WHO, "--gate", gate]) == 4


def test_unreachable_counts_more_than_the_red_gate(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    words = ["--target", f"http://127.0.0.1:{free_port()}", *WHO, "--report", f"json={report}"]
    main(["check", tiny(tmp_path), *words])
    assert (read(report)["gate"]["colour"], read(report)["exit_code"]) == ("red", 4)


def test_refused_credentials_end_with_4(tmp_path: Path) -> None:
    who = ("--credential", "user=somebody", "--credential", "password=not-it-at-all")
    assert checked(tmp_path, who=who).code == 4


def test_no_credentials_end_with_4(tmp_path: Path) -> None:
    assert checked(tmp_path, who=()).code == 4


def test_a_server_without_calls_ends_with_5(tmp_path: Path) -> None:
    assert checked(tmp_path, calls=0).code == 5


def test_a_server_without_calls_is_good_enough_when_that_is_said(tmp_path: Path) -> None:
    assert checked(tmp_path, "--allow-empty", calls=0).code == 0


def test_a_broken_promise_counts_more_than_an_empty_list(tmp_path: Path) -> None:
    assert checked(tmp_path, calls=0, change=code_as_text).code == 1


def test_an_empty_list_that_is_good_enough_does_not_excuse_a_broken_promise(tmp_path: Path) -> None:
    assert checked(tmp_path, "--allow-empty", calls=0, change=code_as_text).code == 1


def test_a_run_in_which_nothing_was_put_to_the_test_ends_with_5(tmp_path: Path) -> None:
    # What an error holds is never seen with three requests.
    assert checked(tmp_path, "--only", "TN-009", "--max-requests", "3").code == 5


def test_a_run_without_a_request_ends_with_5(tmp_path: Path) -> None:
    assert checked(tmp_path, "--max-requests", "0").code == 5


@pytest.mark.parametrize(
    ("change", "calls", "who"),
    [
        (keeps_all, 12, WHO),
        (keeps_all, 0, WHO),
        (without_seconds, 12, WHO),
        (keeps_all, 12, ()),
    ],
    ids=["0", "5", "1", "4"],
)
def test_a_report_that_cannot_be_written_counts_more_than_any_other_end(
    change: Change, calls: int, who: tuple[str, ...], tmp_path: Path
) -> None:
    found = checked(tmp_path, "--report", f"json={taken(tmp_path)}", change=change, calls=calls, who=who)
    assert found.code == 3


def test_a_journal_that_cannot_be_started_ends_with_3_and_the_run_goes_on(tmp_path: Path) -> None:
    words = ("--report", f"ndjson={taken(tmp_path)}", "--report", f"json={tmp_path / 'r.json'}")
    found = checked(tmp_path, *words)
    assert (found.code, read(tmp_path / "r.json")["counts"]["pass"]) == (3, 22)


def test_a_list_of_known_failures_that_cannot_be_written_ends_with_3(tmp_path: Path) -> None:
    found = checked(tmp_path, "--write-known", str(tmp_path / "no" / "k"), change=without_seconds)
    assert found.code == 3


def test_a_run_whose_log_in_failed_is_red_in_every_clause_that_it_blocks(tmp_path: Path) -> None:
    code = checked(tmp_path, "--report", f"json={tmp_path / 'r.json'}", who=()).code
    report = read(tmp_path / "r.json")
    colours = {one["colour"] for one in report["clauses"] if one["verdict"] == "blocked"}
    assert (code, report["gate"]["colour"], colours) == (4, "red", {"red"})


def test_a_known_failure_does_not_hide_that_the_log_in_failed(tmp_path: Path) -> None:
    file = known_file(tmp_path, "TN-003")
    assert checked(tmp_path, "--known", str(file), who=()).code == 4


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([3, 2], 3),
        ([2, 4], 2),
        ([4, 1], 4),
        ([1, 5], 1),
        ([5, 0], 5),
        ([0], 0),
        ([], 0),
        ([0, 5, 1, 4, 2, 3], 3),
        ([0, 5, 1, 4, 2], 2),
        ([0, 5, 1, 4], 4),
        ([0, 5, 1], 1),
        ([130], 130),
        ([129, 143], 143),
        # A code of a signal has no rank: any other beats it, even 0.
        ([130, 0], 0),
        ([1, 130], 1),
    ],
)
def test_the_worst_of_several_exit_codes_counts(codes: list[int], code: int) -> None:
    assert worst_exit_code(codes) == code


# --- runs that are cut short --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 1, 3, 4, 5])
def test_a_run_ends_as_its_engine_says(code: int, tmp_path: Path) -> None:
    assert ran(tmp_path, STARTED, ended(judged("TN-001"), exit_code=code)).exit_code == code


@pytest.mark.parametrize("code", [0, 1, 4, 5])
def test_a_lost_report_beats_what_the_engine_says(code: int, tmp_path: Path) -> None:
    outcome = ran(tmp_path, STARTED, ended(judged("TN-001"), exit_code=code), reports=("json=taken",))
    assert outcome.exit_code == 3


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (RuntimeError("ours"), 3),
        (OSError(28, "No space left on device"), 3),
        (HarnessError("ours"), 3),
        (UsageError("yours"), 2),
        (UsageProblem("here", "this", "that"), 2),
        (FileNotWritten("a file", "a reason"), 3),
    ],
    ids=["any", "full-disk", "harness", "usage", "misuse", "not-written"],
)
def test_an_exception_in_mid_run_ends_with_its_code(problem: Exception, code: int, tmp_path: Path) -> None:
    assert ran(tmp_path, STARTED, judged("TN-001"), problem).exit_code == code


def test_a_lost_report_beats_a_wrong_file_found_in_mid_run(tmp_path: Path) -> None:
    assert ran(tmp_path, STARTED, UsageError("yours"), reports=("json=taken",)).exit_code == 3


def test_an_engine_that_ends_without_a_report_is_our_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = ran(tmp_path, STARTED, judged("TN-001"))
    assert (outcome.exit_code, capsys.readouterr().err) == (
        3,
        "callharness: the checker stopped without a report\n",
    )


def test_the_message_of_a_harness_error_is_told_without_a_saved_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(tmp_path, STARTED, HarnessError(f"stopped at {PASSWORD}"))
    assert (capsys.readouterr().err, list((tmp_path / "crashes").iterdir())) == ("callharness: stopped at ***\n", [])


def test_a_run_cut_short_by_an_exception_is_reported_with_what_it_knew(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, exchange(), judged("TN-001"), finding("TN-003"), RuntimeError("ours"))
    report = read(tmp_path / "r.json")
    assert (
        report["gate"]["colour"],
        report["exit_code"],
        report["interrupted"],
        report["requests"],
        [one["clause"] for one in report["findings"]],
        report["counts"],
    ) == ("red", 3, "harness error", 1, ["TN-003"], {"pass": 1, "not_run": 21, "waived": 0})


def test_what_an_exception_kept_from_being_judged_says_so(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, judged("TN-001"), RuntimeError("ours"))
    reasons = {one["id"]: one["reason"] for one in read(tmp_path / "r.json")["clauses"]}
    assert {name: reasons[name] for name in ("TN-001", "TN-002", "TEXT-ONCE")} == {
        "TN-001": "",
        "TN-002": "the harness stopped",
        "TEXT-ONCE": "the harness stopped",
    }


def test_a_run_of_one_clause_cut_short_reports_that_clause_only(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, RuntimeError("ours"), only=("TN-002",))
    assert verdicts(read(tmp_path / "r.json")) == {"TN-002": "not_run"}


def test_an_exception_after_the_report_keeps_the_report_as_it_was(tmp_path: Path) -> None:
    # The file still says 0; the process and the outcome say 3.
    outcome = ran(tmp_path, STARTED, ended(judged("TN-001")), RuntimeError("ours"))
    report = read(tmp_path / "r.json")
    assert (report["exit_code"], report["interrupted"], outcome.exit_code, outcome.run_record.report.exit_code) == (
        0,
        None,
        3,
        3,
    )


def test_a_report_does_not_know_that_another_report_was_lost(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, ended(judged("TN-001")), reports=("json=taken", "json=r.json"))
    assert read(tmp_path / "r.json")["exit_code"] == 0


def test_the_journal_knows_that_a_report_was_lost(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, ended(judged("TN-001")), reports=("json=taken", "ndjson=j"))
    assert lines(tmp_path / "j")[-1]["exit_code"] == 3


def test_a_signal_is_the_end_of_the_run_and_of_its_report(tmp_path: Path) -> None:
    outcome = ran(tmp_path, STARTED, judged("TN-001"), Interrupted(15))
    report = read(tmp_path / "r.json")
    assert (outcome.exit_code, report["exit_code"], report["interrupted"], report["clauses"][1]["reason"]) == (
        143,
        143,
        "SIGTERM",
        "interrupted by SIGTERM",
    )


def test_a_run_that_is_over_lets_go_of_its_connections(tmp_path: Path) -> None:
    closed: list[str] = []
    session = Console()
    with ready(tmp_path, session=session) as prepared:
        close = prepared.client.close

        def note() -> None:
            closed.append("closed")
            close()

        prepared.client.close = note  # type: ignore[method-assign]
        run_prepared(session, prepared, (), engine=Engine((STARTED, RuntimeError("ours"))))
        assert closed == ["closed"]


def test_a_run_is_asked_for_once_and_for_all_of_its_clauses(tmp_path: Path) -> None:
    engine = Engine((STARTED, ended(judged("TN-001"))))
    session = Console()
    with ready(tmp_path, session=session) as prepared:
        run_prepared(session, prepared, (), engine=engine)
    assert engine.only == [None]


def flaky_file(folder: Path) -> Path:
    return known_file(folder, "TN-001", days=20, extra=", flaky: {runs: 3, min_pass: 2}", section="flaky")


def test_a_flaky_clause_is_asked_for_again_alone(tmp_path: Path) -> None:
    engine = Engine((STARTED, judged("TN-001"), judged("TN-002"), ended(judged("TN-001"), judged("TN-002"))))
    session = Console()
    with ready(tmp_path, session=session, known=str(flaky_file(tmp_path))) as prepared:
        run_prepared(session, prepared, (), engine=engine)
    assert engine.only == [None, ("TN-001",), ("TN-001",)]


def test_a_flaky_clause_that_was_not_judged_is_not_asked_for_again(tmp_path: Path) -> None:
    engine = Engine((STARTED, judged("TN-002"), ended(judged("TN-002"))))
    session = Console()
    with ready(tmp_path, session=session, known=str(flaky_file(tmp_path))) as prepared:
        run_prepared(session, prepared, (), engine=engine)
    assert engine.only == [None]


def test_what_the_last_run_exercised_and_this_one_does_not_is_told(tmp_path: Path) -> None:
    file = tmp_path / "last.json"
    file.write_text('{"clauses": [{"id": "TN-002", "verdict": "pass"}]}')
    skipped = judged("TN-002", Verdict.NOT_EXERCISED, Colour.AMBER)
    outcome = ran(tmp_path, STARTED, skipped, ended(skipped), baseline=str(file))
    assert "exercised last time" in str(outcome.run_record.report.clauses[0].reason) + str(
        outcome.run_record.report.notes
    )


# --- options that limit a run -------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 3, 7])
def test_no_more_requests_are_sent_than_allowed(number: int, tmp_path: Path) -> None:
    assert len(checked(tmp_path, "--max-requests", str(number)).requests) == number


def test_a_run_of_a_tiny_list_sends_a_modest_number_of_requests(tmp_path: Path) -> None:
    assert 8 <= len(checked(tmp_path).requests) <= 25


def test_a_run_cut_short_by_its_requests_says_what_it_did_not_reach(tmp_path: Path) -> None:
    checked(tmp_path, "--max-requests", "3", "--report", f"json={tmp_path / 'r.json'}")
    report = read(tmp_path / "r.json")
    assert {one["id"]: one["reason"] for one in report["clauses"] if one["verdict"] == "not_run"} == dict.fromkeys(
        ("TN-006", "TN-007", "TN-009", "TEXT-ONCE", "LIST-STEADY"), "the budget of requests is used up"
    )


def test_a_run_cut_short_by_its_requests_is_not_called_interrupted(tmp_path: Path) -> None:
    found = checked(tmp_path, "--max-requests", "3", "--report", f"json={tmp_path / 'r.json'}")
    report = read(tmp_path / "r.json")
    assert (found.code, report["gate"]["colour"], report["interrupted"], report["complete"]) == (
        0,
        "amber",
        None,
        True,
    )


def test_a_run_cut_short_by_its_requests_is_red_at_the_strict_gate(tmp_path: Path) -> None:
    assert checked(tmp_path, "--max-requests", "3", "--gate", "strict").code == 1


def test_the_rate_holds_a_request_back_beyond_the_seconds_of_the_run(tmp_path: Path) -> None:
    # The second request would be due after a thousand seconds; it is not waited for.
    assert len(checked(tmp_path, "--rate", "0.001", "--max-seconds", "500").requests) == 1


def test_without_a_rate_the_same_seconds_are_enough_for_all(tmp_path: Path) -> None:
    free = len(checked(tmp_path).requests)
    assert len(checked(tmp_path, "--max-seconds", "500").requests) == free


def test_a_run_at_a_rate_takes_at_least_so_long(tmp_path: Path) -> None:
    checked(tmp_path, "--rate", "20", "--max-requests", "5", "--report", f"json={tmp_path / 'r.json'}")
    assert read(tmp_path / "r.json")["seconds"] >= 0.2


def test_a_run_without_time_sends_nothing_more_than_it_began(tmp_path: Path) -> None:
    found = checked(tmp_path, "--max-seconds", "0.000001", "--report", f"json={tmp_path / 'r.json'}")
    reasons = {one["reason"] for one in read(tmp_path / "r.json")["clauses"] if one["verdict"] == "not_run"}
    assert (found.code, len(found.requests) <= 1, reasons) == (5, True, {"the budget of seconds is used up"})


def test_a_server_that_does_not_answer_is_given_up_after_the_time_out(tmp_path: Path) -> None:
    with hostile_server("silent") as silent:
        words = ["--target", silent.url, *WHO, "--timeout", "0.1", "--report", f"json={tmp_path / 'r.json'}"]
        code = main(["check", tiny(tmp_path), *words])
    assert (code, read(tmp_path / "r.json")["notes"]) == (4, [f"{silent.url}: not finished within 0.1 s"])


@pytest.mark.parametrize("place", ["json", "ndjson"])
def test_the_limits_of_a_run_stand_in_its_reports(place: str, tmp_path: Path) -> None:
    file = tmp_path / "report"
    limits = ("--max-requests", "3", "--max-seconds", "60", "--rate", "1000", "--timeout", "5")
    checked(tmp_path, *limits, "--report", f"{place}={file}")
    told = read(file)["limits"] if place == "json" else lines(file)[0]["limits"]
    assert told == {"max_requests": 3, "max_seconds": 60.0, "rate": 1000.0, "timeout": 5.0}


def test_each_run_of_a_flaky_clause_has_the_whole_budget_again(tmp_path: Path) -> None:
    found = checked(tmp_path, "--max-requests", "3", "--known", str(flaky_file(tmp_path)))
    assert len(found.requests) == 9


def test_only_one_clause_is_reported_and_what_is_about_others_alone_is_not_asked(tmp_path: Path) -> None:
    found = checked(tmp_path, "--only", "TN-003", "--report", f"json={tmp_path / 'r.json'}")
    # A promise on rows is kept or broken by the readings of the list.
    assert (verdicts(read(tmp_path / "r.json")), len(found.requests)) == ({"TN-003": "pass"}, 3)


def test_a_broken_promise_that_was_not_asked_for_does_not_turn_the_run_red(tmp_path: Path) -> None:
    assert checked(tmp_path, "--only", "TN-002", change=without_seconds).code == 0


def test_a_header_goes_with_every_request(tmp_path: Path) -> None:
    api = tiny(tmp_path)
    with server(api) as (url, asked):
        main(["check", api, "--target", url, *WHO, "--header", "X-Tenant: north wing"])
        sent = [dict(request.headers).get("x-tenant") for request in asked.requests]
    assert (len(sent) > 7, set(sent)) == (True, {"north wing"})


def test_the_seed_stands_in_the_report(tmp_path: Path) -> None:
    checked(tmp_path, "--seed", "7", "--report", f"json={tmp_path / 'r.json'}")
    assert read(tmp_path / "r.json")["seed"] == 7


def test_a_choice_of_the_dialect_stands_in_the_report_whatever_the_server_does(tmp_path: Path) -> None:
    # The server tells its errors with 200; no clause of this spec speaks of it.
    file = tmp_path / "dialect.yaml"
    file.write_text("dialect: {outcome.error.http: 400}\n")
    found = checked(tmp_path, "--dialect", str(file), "--report", f"json={tmp_path / 'r.json'}")
    assert (found.code, read(tmp_path / "r.json")["dialect"]) == (0, {"outcome.error.http": 400})


def test_rows_that_the_world_lacks_are_held_against_the_server(tmp_path: Path) -> None:
    file = tmp_path / "rows.ndjson"
    file.write_text('{"id": 5, "secs": 1, "text": ""}\n')
    checked(tmp_path, "--world", str(file), "--report", f"json={tmp_path / 'r.json'}")
    failed = {name for name, verdict in verdicts(read(tmp_path / "r.json")).items() if verdict == "fail"}
    assert failed == {"TN-004"}


# --- the journal --------------------------------------------------------------------------------------------


def test_a_journal_begins_with_all_that_tells_this_run_from_another(tmp_path: Path) -> None:
    more = {"product": "Tiny PBX", "product_version": "7.2"}
    ran(tmp_path, STARTED, ended(), reports=("ndjson=j",), gate="strict", seed=5, max_requests=9, **more)
    header = lines(tmp_path / "j")[0]
    del header["plan"], header["began"], header["settings"], header["harness_version"], header["settings_digest"]
    assert header == {
        "line": "header",
        "journal_version": 1,
        "schema_version": 1,
        "api": "tiny",
        "title": "Tiny list of calls",
        "target": NOWHERE,
        "gate": "strict",
        "seed": 5,
        "evidence": "full",
        "spec_version": "1",
        "limits": {"max_requests": 9, "max_seconds": None, "rate": None, "timeout": 30.0},
        "product": "Tiny PBX",
        "product_version": "7.2",
        "document": {
            "name": "tiny.txt",
            "sha256": "0" * 64,
            "title": None,
            "url": None,
            "read": None,
            "note": None,
            "facts": None,
        },
        "facts": [],
        "fact_pages": {},
    }


def test_a_journal_keeps_the_settings_that_its_run_began_with(tmp_path: Path) -> None:
    when = (datetime(2031, 3, 4, tzinfo=UTC), datetime(2031, 3, 5, tzinfo=UTC))
    more: dict[str, Any] = {"window": when, "known_values": {"ext": ("200",)}, "rate": 2.0, "allow_empty": True}
    ran(tmp_path, STARTED, ended(), reports=("ndjson=j",), **more)
    settings = lines(tmp_path / "j")[0]["settings"]
    del settings["digests"]
    assert settings == {
        "api": str(tmp_path / "tiny.yaml"),
        "target": NOWHERE,
        "gate": "ci",
        "only": [],
        "window": ["2031-03-04T00:00:00+00:00", "2031-03-05T00:00:00+00:00"],
        "dialect": None,
        "known": None,
        "baseline": None,
        "world": None,
        "known_values": {"ext": ["200"]},
        "fuzz": False,
        "evidence": None,
        "allow_empty": True,
        "max_requests": 500,
        "max_seconds": None,
        "rate": 2.0,
        "timeout": 30.0,
        "seed": 1,
        "ca": None,
        "product": "",
        "product_version": "",
        "parts": [],
        "identities": ["default"],
    }


def test_a_journal_keeps_a_digest_of_each_file_that_its_run_rests_on(tmp_path: Path) -> None:
    last = tmp_path / "last.json"
    last.write_text('{"clauses": []}')
    ran(tmp_path, STARTED, ended(), reports=("ndjson=j",), baseline=str(last))
    digests = lines(tmp_path / "j")[0]["settings"]["digests"]
    assert (set(digests), digests["baseline"]) == (
        {"spec", "baseline"},
        "acd83b0050b64d2ac258486ddb0d39b98e7cdb89d7e3d1828dbd7189ddd3cfe3",
    )


def test_a_journal_has_a_line_for_each_exchange_finding_and_verdict_as_they_come(tmp_path: Path) -> None:
    one = judged("TN-001")
    ran(tmp_path, STARTED, exchange(), finding("TN-003"), one, ended(one), reports=("ndjson=j",))
    assert [line.get("kind", line["line"]) for line in lines(tmp_path / "j")] == [
        "header",
        "exchange",
        "finding",
        "clause",
        "footer",
    ]


def test_a_journal_of_a_run_cut_short_has_a_line_for_each_clause_not_reached(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, judged("TN-001"), RuntimeError("ours"), reports=("ndjson=j",))
    found = [line["verdict"] for line in lines(tmp_path / "j") if line.get("kind") == "clause"]
    assert found == ["pass", *["not_run"] * 21]


def test_a_journal_ends_with_how_the_run_ended(tmp_path: Path) -> None:
    one = judged("TN-003", Verdict.FAIL, Colour.RED)
    ran(tmp_path, STARTED, one, ended(one, exit_code=1, colour=Colour.RED), reports=("ndjson=j",))
    footer = lines(tmp_path / "j")[-1]
    assert isinstance(footer.pop("seconds"), float)
    assert footer == {
        "line": "footer",
        "verdict": "fail",
        "colour": "red",
        "exit_code": 1,
        "requests": 1,
        "rows_seen": 3,
        "interrupted": None,
        "dialect": {},
        "limits": {},
        "notes": [],
        "counts": {"fail": 1},
        "findings": [],
    }


def test_a_journal_of_a_run_cut_short_ends_with_why(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, RuntimeError("ours"), reports=("ndjson=j",))
    footer = lines(tmp_path / "j")[-1]
    assert (footer["line"], footer["interrupted"], footer["colour"], footer["exit_code"]) == (
        "footer",
        "harness error",
        "red",
        3,
    )


def test_two_journals_of_one_run_are_alike(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, exchange(), ended(), reports=("ndjson=a", "ndjson=b"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# --- report and resume --------------------------------------------------------------------------------------


def journal_of(folder: Path, *words: str, change: Change = keeps_all) -> Path:
    file = folder / "run.jsonl"
    checked(folder, *words, "--report", f"ndjson={file}", change=change)
    return file


@contextmanager
def cut(folder: Path, kept: int, *words: str) -> Iterator[tuple[Path, list[str]]]:
    """A journal of a run that was killed after so many lines, while its server still answers; what it is asked."""
    api, file = tiny(folder), folder / "run.jsonl"
    heard: list[str] = []
    with server(api) as (url, asked):
        main(["check", api, "--target", url, *WHO, "--report", f"ndjson={file}", *words])
        file.write_text("".join(file.read_text().splitlines(keepends=True)[:kept]))
        before = len(asked.requests)
        yield file, heard
        heard += [request.target.decode() for request in asked.requests[before:]]


@pytest.mark.parametrize("change", [keeps_all, without_seconds])
def test_report_ends_with_0_whatever_the_run_ended_with(change: Change, tmp_path: Path) -> None:
    assert main(["report", str(journal_of(tmp_path, change=change))]) == 0


@pytest.mark.parametrize("kind", ["json", "junit", "html", "har", "text"])
def test_report_writes_what_the_check_would_have_written(kind: str, tmp_path: Path) -> None:
    now, later = tmp_path / "now", tmp_path / "later"
    journal = journal_of(tmp_path, "--report", f"{kind}={now}", change=without_seconds)
    main(["report", str(journal), "--as", kind, "--out", str(later)])
    # Seconds are rounded once more on the way through the journal; the page draws them, and tells milliseconds.
    number = r"[0-9]+(?:\.[0-9]+)?" if kind == "html" else r"[0-9]+\.[0-9]+"
    first, second = (re.sub(number, "N", file.read_text()) for file in (now, later))
    assert second == first


def test_report_of_a_killed_run_says_that_it_is_not_whole(tmp_path: Path) -> None:
    with cut(tmp_path, 6) as (journal, _):
        main(["report", str(journal), "--as", "json", "--out", str(tmp_path / "r.json")])
    report = read(tmp_path / "r.json")
    assert (report["complete"], report["interrupted"], report["counts"], report["requests"]) == (
        False,
        "killed",
        {"not_run": 22, "waived": 0},
        5,
    )


def test_a_killed_run_is_resumed_to_the_verdicts_of_a_whole_one(tmp_path: Path) -> None:
    with cut(tmp_path, 6) as (journal, _):
        code = main(["resume", str(journal), *WHO, "--report", f"json={tmp_path / 'r.json'}"])
    assert (code, verdicts(read(tmp_path / "r.json"))) == (0, dict.fromkeys((*OWN, *SHARED), "pass"))


def test_a_resumed_run_counts_the_requests_of_both(tmp_path: Path) -> None:
    with cut(tmp_path, 6) as (journal, heard):
        main(["resume", str(journal), *WHO, "--report", f"json={tmp_path / 'r.json'}"])
    # Five of the lines that were kept tell of requests.
    assert (len(heard) > 7, read(tmp_path / "r.json")["requests"]) == (True, len(heard) + 5)


def test_a_resumed_run_goes_on_in_its_journal(tmp_path: Path) -> None:
    with cut(tmp_path, 6) as (journal, heard):
        main(["resume", str(journal), *WHO])
        found = [line.get("kind", line["line"]) for line in lines(journal)]
    assert found == ["header", *["exchange"] * (5 + len(heard)), *["clause"] * 22, "footer"]


@pytest.mark.parametrize(
    ("before", "numbers"), [(1, [1, 1, 2]), (0, [0, 1, 2])], ids=["numbered", "from-before-numbers"]
)
def test_a_resumed_run_goes_on_with_the_numbers_of_defects(before: int, numbers: list[int], tmp_path: Path) -> None:
    broken = [judged(name, Verdict.FAIL, Colour.RED) for name in ("TN-001", "TN-002", "TN-003")]
    old = finding("TN-001", curl="curl A", difference="x", defect=before)
    # Numbered by a run that knows nothing of the one before it.
    new = [finding("TN-003", curl="curl A", difference="x", defect=1), finding("TN-002", curl="curl B", defect=2)]
    report = ended(broken[0], interrupted="SIGTERM").report
    earlier = RunRecord(report=replace(report, findings=(old.finding,)), plan=tuple(event.result for event in broken))
    found = replace(ended(*broken[1:]).report, findings=tuple(event.finding for event in new))
    session = Console()
    with ready(tmp_path, session=session) as prepared:
        engine = Engine((STARTED, *new, *broken[1:], RunEnded(report=found)))
        outcome = run_prepared(session, prepared, (), engine=engine, earlier=earlier)
    assert [one.clause for one in outcome.run_record.report.findings] == ["TN-001", "TN-003", "TN-002"]
    assert [one.defect for one in outcome.run_record.report.findings] == numbers


def test_a_resumed_run_keeps_the_limits_that_it_began_with(tmp_path: Path) -> None:
    with cut(tmp_path, 2, "--max-requests", "3") as (journal, heard):
        main(["resume", str(journal), *WHO])
    assert len(heard) == 3


def test_a_resumed_run_keeps_the_gate_that_it_began_with(tmp_path: Path) -> None:
    with cut(tmp_path, 2, "--max-requests", "3", "--gate", "strict") as (journal, _):
        assert main(["resume", str(journal), *WHO]) == 1


def test_resume_takes_credentials_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLHARNESS_CREDENTIAL_USER", "somebody")
    monkeypatch.setenv("CALLHARNESS_CREDENTIAL_PASSWORD", PASSWORD)
    with cut(tmp_path, 6) as (journal, _):
        assert main(["resume", str(journal)]) == 0


def test_resume_without_credentials_is_refused_and_ends_red(tmp_path: Path) -> None:
    # A check that is refused from the start ends with 4; a run that is resumed so ends with 1.
    with cut(tmp_path, 6) as (journal, _):
        assert main(["resume", str(journal)]) == 1


def test_a_run_that_ended_is_told_again_and_ends_as_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_of(tmp_path, change=without_seconds)
    capsys.readouterr()
    code = main(["resume", str(journal), *WHO])
    said = capsys.readouterr()
    assert (code, said.err, "FAIL TN-003" in said.out) == (
        1,
        "callharness: that run came to its end; nothing is missing\n",
        True,
    )


def test_a_run_whose_budget_ended_counts_as_ended_and_is_not_resumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Four clauses were not run.
    journal = journal_of(tmp_path, "--max-requests", "3")
    capsys.readouterr()
    main(["resume", str(journal), *WHO])
    assert capsys.readouterr().err == "callharness: that run came to its end; nothing is missing\n"


def test_a_run_that_our_fault_cut_short_can_be_resumed(tmp_path: Path) -> None:
    api = tiny(tmp_path)
    with server(api) as (url, _):
        ran(tmp_path, STARTED, judged("TN-001"), RuntimeError("ours"), reports=("ndjson=j",), target=url)
        code = main(["resume", str(tmp_path / "j"), *WHO, "--report", f"json={tmp_path / 'r.json'}"])
    assert (code, verdicts(read(tmp_path / "r.json"))) == (0, dict.fromkeys((*OWN, *SHARED), "pass"))


def changed_header(journal: Path, **changes: Any) -> None:
    first, *rest = lines(journal)
    journal.write_text("".join(json.dumps(line) + "\n" for line in ({**first, **changes}, *rest)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"harness_version": "0.0.1"}, "one of version 0.0.1"),
        ({"settings": {}}, "one without the settings of its run"),
        ({"settings": {"api": "x", "target": "y", "window": ["soon", "later"]}}, "cannot read"),
        ({"settings": {"api": "x", "target": "y", "known_values": 5}}, "cannot read"),
    ],
)
def test_a_journal_that_cannot_be_gone_on_with_ends_with_2(
    changes: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with cut(tmp_path, 6) as (journal, _):
        changed_header(journal, **changes)
        capsys.readouterr()
        code = main(["resume", str(journal), *WHO])
    assert (code, said in capsys.readouterr().err) == (2, True)


def test_a_run_is_not_resumed_with_another_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with cut(tmp_path, 6) as (journal, heard):
        with (tmp_path / "tiny.yaml").open("a") as file:
            file.write("# another\n")
        code = main(["resume", str(journal), *WHO])
    assert (code, heard, "spec changed" in capsys.readouterr().err) == (2, [], True)


# --- secrets ------------------------------------------------------------------------------------------------

KINDS = ("text", "json", "junit", "html", "ndjson", "har", "sarif", "ctrf", "markdown")
# The password as it is, as a URL, JSON, XML and a shell write it.
WRITTEN = (PASSWORD, "cAnary-Zq7%26w%3C9", "cAnary-Zq7\\u0026", "cAnary-Zq7&amp;w&lt;9", "cAnary-Zq7")


def echoes_the_password(tree: dict[str, Any]) -> None:
    """Breaks TN-003 with a row that repeats the password."""
    tree["calls"][0]["text"] = f"you said {PASSWORD}"
    tree["calls"][0].pop("secs")


def leaked(*texts: str) -> list[str]:
    return [form for form in WRITTEN for text in texts if form in text]


@pytest.mark.parametrize("kind", KINDS)
def test_no_report_of_a_check_holds_the_password(kind: str, tmp_path: Path) -> None:
    checked(tmp_path, "--report", f"{kind}={tmp_path / 'r'}", change=echoes_the_password)
    text = (tmp_path / "r").read_text()
    assert ("TN-003" in text or kind == "har", leaked(text)) == (True, [])


def test_neither_stream_of_a_check_holds_the_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked(tmp_path, change=echoes_the_password)
    said = capsys.readouterr()
    assert ("FAIL TN-003" in said.out, leaked(said.out, said.err)) == (True, [])


@pytest.mark.parametrize("kind", KINDS)
def test_no_report_of_a_run_cut_short_holds_the_password(kind: str, tmp_path: Path) -> None:
    problem = RuntimeError(f"at {PASSWORD}")
    ran(tmp_path, STARTED, exchange(), finding("TN-003"), problem, reports=(f"{kind}=r",))
    text = (tmp_path / "r").read_text()
    assert ("***" in text or kind in ("junit", "ctrf"), leaked(text)) == (True, [])


def test_a_saved_traceback_does_not_hold_the_password(tmp_path: Path) -> None:
    ran(tmp_path, STARTED, RuntimeError(f"at {PASSWORD}"))
    [saved] = (tmp_path / "crashes").iterdir()
    assert ("RuntimeError: at ***" in saved.read_text(), leaked(saved.read_text())) == (True, [])


@pytest.mark.parametrize("kind", KINDS)
def test_no_report_from_a_journal_holds_the_password(kind: str, tmp_path: Path) -> None:
    journal = journal_of(tmp_path, change=echoes_the_password)
    main(["report", str(journal), "--as", kind, "--out", str(tmp_path / "r")])
    text = (tmp_path / "r").read_text()
    assert ("***" in text or "$PASSWORD" in text or kind in ("junit", "ctrf"), leaked(text)) == (True, [])


def test_nothing_that_a_resumed_run_writes_holds_the_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = [word for kind in KINDS for word in ("--report", f"{kind}={tmp_path / kind}")]
    with cut(tmp_path, 6) as (journal, _):
        main(["resume", str(journal), *WHO, *reports])
    said = capsys.readouterr()
    texts = [journal.read_text(), *((tmp_path / kind).read_text() for kind in KINDS)]
    assert (len(texts), leaked(*texts, said.out, said.err)) == (1 + len(KINDS), [])


def test_a_secret_header_stands_in_no_journal(tmp_path: Path) -> None:
    journal = journal_of(tmp_path, "--header", "X-Api-Key: Zq7-kept-for-us")
    assert "kept-for-us" not in journal.read_text()


def test_a_list_of_known_failures_does_not_hold_the_password(tmp_path: Path) -> None:
    checked(tmp_path, "--write-known", str(tmp_path / "k.yaml"), change=echoes_the_password)
    text = (tmp_path / "k.yaml").read_text()
    assert ("TN-003" in text, leaked(text)) == (True, [])
