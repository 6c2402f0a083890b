"""What a later attack on `check` found, row by row (docs/hardening.md): the class of each, with its own server."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fronts import CANARY, JSON_API, PASSWORDS_API, Bend, Front, after_reading, credentials, front, honest, since
from hostile_servers import BEHAVIOURS, HostileServer
from invented_spec import acmepbx_text

from harness.check.client.budget import RUN_SECONDS_AT_MOST, Budget, RateLimitedClient
from harness.check.client.connection import ExchangeLimits
from harness.check.client.http_client import HttpClient
from harness.check.context import CheckContext, Exchange
from harness.check.credentials import ClientIdentity
from harness.check.options import CheckOptions
from harness.check.results.findings import ClauseResult, Event, Exchanged, RunReport, Verdict
from harness.check.results.people import PeopleMask, personal_kinds
from harness.check.runner import make_context, run_check
from harness.check.target_facts import ROWS_OF_A_RUN, ROWS_READ, ROWS_READ_LATER
from harness.check_target import simulator_identities
from harness.cli.main import main
from harness.cli.selftest_trials import DirectSender
from harness.generate.fixtures import write_fixtures
from harness.output.pseudonyms import Pseudonyms
from harness.output.redaction import Redactor
from harness.serve.faults.catalogue import find_faults
from harness.serve.simulator import Simulator
from harness.specification.load import build_spec, load_spec
from harness.specification.model import ClauseId
from harness.specification.yaml_source import SourceFileError, parse_source_text
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse
from harness.wire.json_body import decode_json
from harness.wire.list_request import ListRequest
from harness.wire.xml_body import decode_xml
from harness.world.world import World

Edit = Callable[[dict[str, object], int], None]
Answer = Callable[[HttpRequest, HttpResponse], HttpResponse | NoResponse]
NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)


class Odd:
    """A sender without a network: the honest simulator's answers, each bent."""

    def __init__(self, api: str, bend: Answer, *, calls: int = 40) -> None:
        self.simulator = honest(api, calls=calls)
        self.bend = bend
        self.requests = 0

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        self.requests += 1
        whole = replace(request, target=self.simulator.base_path.encode() + request.target)
        return self.bend(request, self.simulator.answer(whole, self.simulator.world.instant))


def checked(
    api: str, bend: Answer, *, evidence: str = "full", max_requests: int = 500, calls: int = 40
) -> tuple[RunReport, list[Exchanged]]:
    """The report of a run against such a sender, and its exchanges."""
    sender = Odd(api, bend, calls=calls)
    budget = Budget(max_requests=max_requests)
    options = CheckOptions(
        now=sender.simulator.world.instant,
        target="http://127.0.0.1:1" + sender.simulator.base_path,
        evidence="masked" if evidence == "masked" else "full",
        limits={"max_requests": max_requests},
    )
    identities = [ClientIdentity(name="somebody", credentials=credentials(api))]
    events: list[Event] = []
    report = run_check(load_spec(api), RateLimitedClient(sender, budget), identities, options, events.append)
    return report, [event for event in events if isinstance(event, Exchanged)]


def many_rows(count: int, edit: Edit = lambda row, index: None) -> Answer:
    """So many rows in every answer, whatever is asked; each may be edited."""

    def bend(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
        tree = json.loads(answer.body) if answer.http_status == 200 else {}
        rows = tree.get("call_logs") or []
        if not rows:
            return answer
        made = []
        for index in range(count):
            row = {**rows[index % len(rows)], "id": str(10**15 + index)}
            edit(row, index)
            made.append(row)
        tree["call_logs"] = made
        return replace(answer, body=json.dumps(tree).encode())

    return bend


def command(place: Path, *words: str, shell: str | None = None) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own, in a directory of its own."""
    own = [sys.executable, "-m", "harness.cli.main", *words]
    environment = {**os.environ, "TMPDIR": str(place), "NO_COLOR": "1"}
    line = "exec " + " ".join(f"'{word}'" for word in own) + f" {shell or ''}"
    return subprocess.run(["/bin/sh", "-c", line], cwd=place, env=environment, capture_output=True, timeout=60)


def check_words(api: str, url: str, *more: str) -> list[str]:
    given = [word for name, value in credentials(api).items() for word in ("--credential", f"{name}={value}")]
    return ["check", api, "--target", url, *given, *more]


def checked_unpaged(calls: int, fault: str, *, only: str) -> tuple[ClauseResult, ...]:
    """The verdicts on a simulator with a fault, whose list of so many calls comes in one answer."""
    text = acmepbx_text(("independent: AC-LST-045, ", ""))
    # Neither pages nor a range of time.
    text = re.sub(r"(?ms)^        paging:\n.*?(?=^        total:)", "        paging: {kind: none}\n", text)
    text = re.sub(r"(?ms)^        ranges:\n.*?(?=^        blank)", "", text)
    text = re.sub(r"(?ms)^          from:\n            compares.*?(?=^          ext: \{comp)", "", text)
    text = re.sub(r"(?m)^          (from|until|page|rows): \{as: .*\n", "", text)
    spec = build_spec(parse_source_text(text, name="acmepbx.yaml"), spec_id="acmepbx/list-calls")
    world = World.of(seed=7, calls=calls)
    simulator = Simulator(spec, world, faults=find_faults(spec, fault))
    target = f"http://127.0.0.1:0{simulator.base_path}"
    options = CheckOptions(now=world.instant, target=target, only=(ClauseId(only),))
    sender = DirectSender(simulator, world.instant)
    return run_check(spec, sender, simulator_identities(simulator), options).clauses


# --- HD-05: people ------------------------------------------------------------------------------------------

NUMBERS = {
    "+442079460123": "79460123",
    "020 7946 0123": "7946",
    "+44 20.7946.0123": "7946",
    "(020) 7946-0123": "7946",
    "020/79460123": "79460123",
    "+44\u00a020\u00a07946\u00a00123": "7946",
    "tel:+442079460123": "79460123",
    "sip:+442079460123@pbx.example": "79460123",
    "%2B442079460123": "79460123",
    "\u0660\u0662\u0660\u0667\u0669\u0664\u0666\u0660\u0661\u0662\u0663": "\u0667\u0669\u0664\u0666",
    "Anna442079460123": "79460123",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_hd_05_a_number_is_masked_in_any_form(number: str) -> None:
    mask = PeopleMask(Pseudonyms(b"key"), personal_kinds(load_spec(JSON_API).listing))
    for text in (number, f"a note of {number}, and more", json.dumps({"other": number}), f"/x?q={number}&limit=3"):
        assert NUMBERS[number] not in mask.mask(text)


@pytest.mark.parametrize(
    "text", ["2026-03-11T10:29:43Z", "2026-03-11 10:29:43.250", "12.345678 s", "HTTP 404, 43 rows"]
)
def test_hd_05_times_and_counts_stay(text: str) -> None:
    assert PeopleMask(Pseudonyms(b"key"), {}).mask(text) == text


@pytest.mark.parametrize(
    "body",
    [
        '{"note": "Zauberberg", "x": 1',
        '{"call_logs": [{"note":"Zauberberg',
        '{"recording_urls": ["https://rec.example/Zauberberg.mp3", "Zauberberg"',
        "<row><note>Zauberberg</note>",
        "<row><note><![CDATA[Zauberberg]]></note>",
        '<row note="Zauberberg"/>',
        "/list?external_id=Zauberberg&limit=2",
    ],
)
def test_hd_05_a_personal_field_is_masked_in_a_body_that_nobody_can_read(body: str) -> None:
    mask = PeopleMask(Pseudonyms(b"key"), personal_kinds(load_spec(JSON_API).listing))
    assert "Zauberberg" not in mask.mask(body)


def test_hd_05_no_name_number_or_word_of_people_leaves_a_masked_run() -> None:
    written = list(NUMBERS)

    def edit(row: dict[str, object], index: int) -> None:
        number = written[index % len(written)]
        row["caller"], row["callee"] = number, written[(index + 5) % len(written)]
        row["note"] = f"spoke to Wilhelmina Quasthoff of Zauberberg {number}"
        row["external_id"] = f"ext-Quasthoff-{number}"
        row["recording_urls"] = [f"https://rec.example/{number}/Wilhelmina.mp3"]
        row["undocumented"] = "the Zauberberg of Wilhelmina"

    report, exchanges = checked(JSON_API, many_rows(50, edit), evidence="masked", max_requests=80)
    said = re.sub(
        r"\\+(?:u([0-9a-f]{4})|x([0-9a-f]{2}))", lambda one: chr(int(one[1] or one[2], 16)), repr((report, exchanges))
    )
    assert "[text~" in said
    for word in ("Wilhelmina", "Quasthoff", "Zauberberg", *NUMBERS.values()):
        assert word not in said


# --- HD-06, 21, 25, 26: what is kept and how long it takes --------------------------------------------------


def long_answer(rows: int, *, read_before: int) -> tuple[CheckContext, Exchange]:
    """An answer with so many rows in a run that has read some, and the context of its run."""
    sender = Odd(JSON_API, many_rows(rows))
    identity = ClientIdentity(name="somebody", credentials=credentials(JSON_API))
    options = CheckOptions(now=NOW, target="http://127.0.0.1:1" + sender.simulator.base_path)
    context = make_context(load_spec(JSON_API), sender, [identity], options)
    context.facts.rows_read = read_before
    return context, context.send(ListRequest(values={}), "read the list", witness=False)


def test_hd_06_of_each_answer_a_bounded_number_of_rows_is_read() -> None:
    context, exchange = long_answer(ROWS_READ + 1, read_before=0)
    assert len(exchange.listed) == ROWS_READ
    assert exchange.answer is not None
    assert isinstance(exchange.answer.rows_raw, list)
    assert len(exchange.answer.rows_raw) == ROWS_READ
    assert context.notes == ["an answer has 25001 rows: of such an answer the first 25000 are read"]


def test_hd_06_a_run_that_has_read_many_rows_reads_fewer_of_each_answer() -> None:
    context, exchange = long_answer(ROWS_READ_LATER + 1, read_before=ROWS_OF_A_RUN - 1)
    assert len(exchange.listed) == ROWS_READ_LATER + 1
    again = context.send(ListRequest(values={}), "read the list again", witness=False)
    assert len(again.listed) == ROWS_READ_LATER


def test_a_list_of_thousands_of_rows_without_pages_is_judged() -> None:
    found = checked_unpaged(3000, "AC-LST-024/dir-ignored", only="AC-LST-024")
    assert [(one.id, one.verdict) for one in found if one.id == "AC-LST-024"] == [("AC-LST-024", Verdict.FAIL)]


def test_hd_06_rows_that_are_not_read_break_no_promise_but_that_on_their_number() -> None:
    context, exchange = long_answer(ROWS_READ_LATER + 500, read_before=ROWS_OF_A_RUN)
    lists, sizes = context.listing.lists.clauses.unique, context.listing.paging.clauses.size
    context.fail(lists, "a row is missing", expected="it", actual="none", exchange=exchange)
    context.fail(sizes, "too many rows", expected="100", actual="2500", exchange=exchange)
    assert context.results.first_failed(lists) is None
    assert context.results.first_failed(sizes) is not None


def test_hd_06_a_run_without_a_time_ends_by_itself() -> None:
    seconds = [0.0]
    budget = Budget(backstop_seconds=RUN_SECONDS_AT_MOST, clock=lambda: seconds[0])
    assert budget.acquire() is None
    seconds[0] = RUN_SECONDS_AT_MOST + 1
    assert budget.acquire() == "seconds"
    assert budget.remaining_seconds() is None


def peak_of(body: str) -> float:
    """The memory, in MB, that a process takes beside its imports to do this."""
    lines = (
        "import resource\nfrom harness.wire.json_body import decode_json\n"
        "from harness.wire.xml_body import decode_xml\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"{body}\nprint((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, timeout=60, check=True)
    return float(done.stdout)


def test_hd_07_text_that_is_no_utf_8_takes_a_small_multiple_of_its_size() -> None:
    assert peak_of("decode_json(b'{\"a\":\"' + b'\\xff\\xfe\\x80' * 5_000_000 + b'\"}')") < 8 * 15


def test_hd_07_a_long_attribute_is_not_handed_to_the_parser() -> None:
    body = b'<Response a="' + b"x" * 9_000_000 + b'"><Code>1</Code></Response>'
    found = decode_xml(body, root="Response", lists={})
    assert [problem.code for problem in found.problems] == ["xml:limit"]
    assert peak_of("decode_xml(b'<R a=\"' + b'x' * 9_000_000 + b'\"/>', root='R', lists={})") < 4 * 9


@pytest.mark.parametrize("body", [b'{"a":"\xff"}', b'\xef\xbb\xbf{"a":1}', '{"a":1}'.encode("utf-16")])
def test_hd_07_brackets_are_counted_in_every_encoding(body: bytes) -> None:
    assert decode_json(body).tree is not None


def test_hd_26_server_errors_are_kept_without_their_bodies() -> None:
    from harness.check import runner

    made = []

    def keep(*given: object, **more: object) -> object:
        made.append(make(*given, **more))  # type: ignore[arg-type]
        return made[-1]

    make, runner.make_context = runner.make_context, keep  # type: ignore[assignment]
    try:
        answers = iter(range(10**6))
        big = HttpResponse(http_status=500, body=b"x" * 1_000_000)
        checked(JSON_API, lambda request, answer: answer if next(answers) < 20 else big, max_requests=200)
    finally:
        runner.make_context = make
    kept = [len(one.response.body) for one in made[0].server_errors if isinstance(one.response, HttpResponse)]
    assert kept
    assert max(kept) <= 4096


def test_hd_25_masking_is_linear_in_the_names_that_rows_show() -> None:
    mask = PeopleMask(Pseudonyms(b"key"), {"name": "name"})

    def seconds(first: int, last: int) -> float:
        began = time.process_time()
        for number in range(first, last):
            mask.learn_row({"name": f"Personne {number} de la Tour"}, {})
            mask.mask(f"talk of Personne {number} de la Tour, and of others")
        return time.process_time() - began

    early = seconds(0, 1000)
    seconds(1000, 4000)
    # Rebuilt for each row, the last thousand took thirty times as long.
    assert seconds(4000, 5000) < 6 * early + 0.2


def test_hd_25_a_header_of_blanks_is_read_at_once() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-A:" + b" " * 60_000 + b"a\0b\r\nContent-Length: 2\r\n\r\n{}"
    with front(JSON_API, since(1, head)) as (url, _), HttpClient(url, limits=ExchangeLimits()) as client:
        began = time.process_time()
        answer = client.send(HttpRequest(method="POST", target=b"/ListCallLogs"))
    assert isinstance(answer, NoResponse)
    assert answer.reason == "protocol:bad-header"
    assert time.process_time() - began < 2


@pytest.mark.parametrize("text", ["a: [" + "1," * 60_000 + "1]", "[" * 100 + "]" * 100])
def test_hd_21_yaml_of_many_nodes_or_levels_is_given_up_early(text: str) -> None:
    with pytest.raises(SourceFileError, match="nodes, 64 deep"):
        parse_source_text(text, name="a file")


OF_OZEKI = ("check", PASSWORDS_API, "--target", "http://127.0.0.1:9", "--credential", "Username=a")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000], ids=["lists", "objects"])
@pytest.mark.parametrize(
    "words",
    [
        (*OF_OZEKI, "--baseline"),
        (*OF_OZEKI, "--world"),
        (*OF_OZEKI, "--known"),
        ("report", "--as", "text"),
        ("resume",),
        ("generate", PASSWORDS_API, "--as", "freeswitch-json", "--out", "out", "--from"),
        ("generate", PASSWORDS_API, "--as", "ndjson", "--out", "out", "--from"),
    ],
    ids=["baseline", "world", "known", "report", "resume", "freeswitch-json", "ndjson"],
)
def test_hd_12_a_file_that_is_nested_very_deep_is_told_in_a_few_lines(
    words: tuple[str, ...],
    text: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("deep.json").write_text(text)
    assert main([*words, "deep.json"]) == 2
    told = capsys.readouterr().err
    assert "deep.json" in told
    assert "Traceback" not in told


# --- HD-09, 10, 13: odd values ------------------------------------------------------------------------------

ODD_DATES = [
    "Fri, 27 Nov 2026 16:53:45 +9999",
    "Fri, 27 Nov 2026 16:53:45 +99999999999",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Fri, 27 Nov 99999 16:53:45 GMT",
]


@pytest.mark.parametrize("date", ODD_DATES)
def test_hd_09_a_date_that_is_none_breaks_nothing_down(date: str) -> None:
    report, _ = checked(
        JSON_API, lambda request, answer: replace(answer, headers=(*answer.headers, ("Date", date))), max_requests=40
    )
    assert report.exit_code != 3


ODD_TIMES = [
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    10**18,
    1e300,
]


@pytest.mark.parametrize("odd", ODD_TIMES, ids=str)
def test_hd_13_a_time_beyond_the_calendar_is_a_flaw_and_breaks_nothing_down(odd: object) -> None:
    def edit(row: dict[str, object], index: int) -> None:
        if index % 3 == 0:
            row["started_at"] = row["ended_at"] = odd
            row["duration"] = 10**18

    report, _ = checked(JSON_API, many_rows(30, edit), max_requests=60)
    assert report.exit_code == 1
    assert "error" not in {result.verdict for result in report.clauses}


# --- HD-17: secrets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    ["s3cr3t-Geheim\r\n", "s3cr3t-Geheim\n", "Basic " + base64.b64encode(b"me:s3cr3t-Geheim").decode(),
     base64.b64encode(b"me:s3cr3t-Geheim").decode()],
)  # fmt: skip
def test_hd_17_every_form_of_a_secret_is_known(given: str) -> None:
    assert Redactor([given]).redact("the password s3cr3t-Geheim is wrong") == "the password *** is wrong"


@pytest.mark.parametrize(
    "line",
    ["Password: *s3cr3t", "Password: @s3cr3t", "Password: !!int s3cr3t", "Password: s3cr3t: s3cr3t", "- [s3cr3t"],
)
def test_hd_17_what_is_wrong_with_a_file_of_credentials_repeats_none_of_it(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "credentials.yaml"
    file.write_text(f"credentials:\n  {line}\n")
    words = ["check", PASSWORDS_API, "--target", "http://127.0.0.1:9", "--credentials", str(file)]
    assert main(words) == 2
    told = capsys.readouterr()
    assert "s3cr3t" not in told.out + told.err
    assert re.search(rf"{file}:[23]\n", told.err)


# --- HD-23: journals ----------------------------------------------------------------------------------------


def test_hd_23_a_journal_that_a_run_writes_is_not_taken_by_another(tmp_path: Path) -> None:
    from harness.output import FileNotWritten, JournalWriter

    with JournalWriter.start(tmp_path / "run.ndjson", {"a": 1}):
        with pytest.raises(FileNotWritten, match="another run"):
            JournalWriter.start(tmp_path / "run.ndjson", {"b": 2})
        assert '"a": 1' in (tmp_path / "run.ndjson").read_text()


def test_hd_23_a_journal_that_lacks_only_its_end_is_ended(tmp_path: Path) -> None:
    journal = tmp_path / "run.ndjson"
    with front(PASSWORDS_API) as (url, server):
        code = main(check_words(PASSWORDS_API, url, "--report", f"ndjson={journal}"))
        *lines, _ = journal.read_text().splitlines(keepends=True)
        journal.write_text("".join(lines))
        before = len(server.requests)
        assert main(["resume", str(journal), "--target", url]) == code
        assert len(server.requests) == before
    assert journal.read_text().count('"line": "footer"') == 1


# --- HD-27: targets that fall silent or die -----------------------------------------------------------------


@pytest.mark.parametrize("way", ["silent", "close-at-once", "reset-at-once"])
def test_hd_27_a_target_that_dies_in_mid_run_ends_the_run_and_is_never_green(way: str, tmp_path: Path) -> None:
    bend = since(20, after_reading(BEHAVIOURS[way]))
    with front(JSON_API, bend) as (url, server):
        report = tmp_path / "report"
        code = main(check_words(JSON_API, url, "--timeout", "0.5", "--report", f"json={report}"))
    # Three times, once more, and what the client itself repeats on a fresh connection.
    assert len(server.requests) <= 20 + 2 * 4
    assert code == 4
    told = json.loads(report.read_text())
    assert any("no answer any more" in note for note in told["notes"])
    assert "pass" in {clause["verdict"] for clause in told["clauses"]}


def test_hd_27_one_request_that_is_never_answered_does_not_end_a_run() -> None:
    def bend(request: HttpRequest, answer: HttpResponse) -> HttpResponse | NoResponse:
        return NoResponse(reason="timeout:first-byte", text="late") if b'"direction"' in request.body else answer

    report, _ = checked(JSON_API, bend, max_requests=120)
    assert report.requests > 60
    assert not any("no answer any more" in note for note in report.notes)


def test_hd_27_what_the_budget_cuts_off_is_no_silence_of_the_target() -> None:
    seconds = [0.0]

    class Slow:
        def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> NoResponse:
            seconds[0] += deadline_seconds or 0.0
            return NoResponse(reason="timeout:total", text="late")

    client = RateLimitedClient(Slow(), Budget(max_seconds=5, clock=lambda: seconds[0]))
    answer = client.send(HttpRequest(method="GET", target=b"/"))
    assert isinstance(answer, NoResponse)
    assert answer.reason == "budget:seconds"


# --- HD-29: streams, pipes, headers, files ------------------------------------------------------------------


@pytest.mark.parametrize(("streams", "code"), [(">&-", 3), ("2>&-", 0), (">&- 2>&-", 3)])
def test_hd_29_a_closed_stream_costs_what_went_there_and_no_more(streams: str, code: int, tmp_path: Path) -> None:
    with front(PASSWORDS_API) as (url, _):
        done = command(
            tmp_path,
            *check_words(PASSWORDS_API, url, "--max-requests", "20", "--report", "json=report"),
            shell=streams,
        )
    assert done.returncode == code
    assert json.loads((tmp_path / "report").read_text())["verdict"] == "pass"
    assert b"Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("kind", ["json", "ndjson"])
def test_hd_29_a_pipe_that_nobody_reads_is_no_report(
    kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with front(PASSWORDS_API) as (url, _):
        code = main(check_words(PASSWORDS_API, url, "--max-requests", "9", "--report", f"{kind}={pipe}"))
    assert code == 3
    assert f"{pipe}: not written" in capfd.readouterr().err


@pytest.mark.parametrize("header", ["Host:", "Host:  ", "Content-Length: 5", "Transfer-Encoding: chunked"])
def test_hd_29_a_header_that_frames_the_request_is_refused(header: str) -> None:
    assert main(["check", PASSWORDS_API, "--target", "http://127.0.0.1:9", "--header", header]) == 2


def test_hd_29_a_host_that_is_given_takes_the_place_of_our_own() -> None:
    with front(JSON_API) as (url, server), HttpClient(url, headers=(("Host", "calls.example"),)) as client:
        client.send(HttpRequest(method="POST", target=b"/ListCallLogs"))
    assert [value for name, value in server.requests[0].headers if name.lower() == "host"] == ["calls.example"]


def test_hd_29_a_forged_manifest_deletes_nothing_behind_a_link(tmp_path: Path) -> None:
    import hashlib

    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    out.mkdir()
    mine = elsewhere / "999-mine.response.json"
    mine.write_bytes(b"mine")
    (out / "pages").symlink_to(elsewhere)
    files = {"pages/999-mine.response.json": hashlib.sha256(b"mine").hexdigest()}
    (out / "manifest.json").write_text(json.dumps({"files": files}))
    write_fixtures(load_spec(JSON_API), out=out, world=World.of(seed=1, calls=5))
    assert mine.read_bytes() == b"mine"


def test_hd_29_a_process_that_is_killed_while_it_writes_leaves_nothing(tmp_path: Path) -> None:
    killed = (
        "import os, signal, sys\nfrom harness.output import write_atomically\n"
        "os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(sys.argv[1], 'half a file')"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(tmp_path / "file")], timeout=60)
    assert done.returncode == -9
    assert list(tmp_path.iterdir()) == []


# --- where credentials go -----------------------------------------------------------------------------------


def canary_server() -> HostileServer:
    return HostileServer(Front(honest(JSON_API)), tls=None)


def test_credentials_do_not_follow_a_redirect(tmp_path: Path) -> None:
    canary = canary_server()
    try:
        moved = HttpResponse(http_status=302, headers=(("Location", f"{canary.url}/stolen"),))
        bend: Bend = lambda number, request, answer: moved  # noqa: E731
        with front(JSON_API, bend) as (url, _):
            main(check_words(JSON_API, url))
        assert canary.counters.connections == 0
    finally:
        canary.stop()


def test_credentials_pass_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    canary = canary_server()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, canary.url)
    try:
        with front(JSON_API) as (url, server):
            main(check_words(JSON_API, url, "--max-requests", "3"))
        assert server.requests
        assert canary.counters.connections == 0
    finally:
        canary.stop()


def test_credentials_of_netrc_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text(f"machine 127.0.0.1 login somebody password {CANARY}\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with front(JSON_API) as (url, server):
        main(["check", JSON_API, "--target", url, "--max-requests", "3"])
    assert server.requests
    encoded = base64.b64encode(f"somebody:{CANARY}".encode()).decode()
    assert not any(encoded in value for request in server.requests for _, value in request.headers)


def test_a_crash_file_is_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    from harness.cli.console import Console

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Console().report_crash(ValueError("a fault of ours"))
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
