"""The public functions: one line each writes fixtures, starts a server, mocks an API, mounts one, checks one."""

from __future__ import annotations

import asyncio
import hashlib
import re
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

import harness
from harness.errors import UsageProblem
from harness.serve.http.limits import ServerLimits

API = "ozeki/list-call-history"
LIVE_API = "ozeki/list-active-calls"
WHO = {"Username": "HTTP_User_1", "Password": "qwe123"}
QUERY = "command=ListCallHistory&Username=HTTP_User_1&Password=qwe123"
PUBLIC = ["application", "check", "generate", "load_spec", "mock", "serve"]
REPOSITORY = Path(__file__).resolve().parents[2]


def output_of(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


# --- what `import harness` shows ----------------------------------------------------------------------------


def test_import_harness_shows_the_public_functions_and_nothing_else() -> None:
    shown = output_of("import harness; print(*(name for name in dir(harness) if not name.startswith('__')))")
    assert shown.split() == PUBLIC


def test_all_public_functions_have_a_docstring_that_says_what_is_raised() -> None:
    assert [name for name in PUBLIC if "Raises " not in (getattr(harness, name).__doc__ or "")] == []


def test_import_harness_alone_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'polars', 'responses', 'yaml', 'asyncio', 'dataclasses', 'pathlib', 'datetime'}"
    # `-S`, for what lies in site-packages may import whatever it likes at the start.
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; import harness; print({heavy} & set(sys.modules))"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=REPOSITORY,
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", ["check", "generate", "serve"])
def test_a_function_keeps_its_name_although_a_package_has_it_too(name: str) -> None:
    imports = "import harness.serve.simulator, harness.check.runner, harness.generate.fixtures, harness"
    assert output_of(f"{imports}; print(type(harness.{name}).__name__)") == "function"


def test_what_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nosuch"):
        harness.nosuch  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "document", [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))], ids=lambda path: path.name
)
def test_examples_in_the_documents_import_harness_and_nothing_below_it(document: Path) -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    below = r"^ *(?:from|import) +harness\..*"
    assert [line for example in examples for line in re.findall(below, example, re.MULTILINE)] == []


# --- load_spec ----------------------------------------------------------------------------------------------


def test_a_spec_is_loaded_by_its_id_and_by_its_path() -> None:
    by_path = harness.load_spec(REPOSITORY / "specs" / f"{API}.yaml")
    assert harness.load_spec(API).clauses == by_path.clauses


def test_an_api_that_nobody_knows_is_a_usage_problem() -> None:
    with pytest.raises(UsageProblem, match="a spec id"):
        harness.load_spec("ozeki/list-everything")


# --- generate -----------------------------------------------------------------------------------------------


def test_what_was_generated_is_told_with_its_digests(tmp_path: Path) -> None:
    written = harness.generate(API, tmp_path, calls=3, formats=("native", "csv"), pages=False, invalid=False)
    assert (written.rows, written.pages, written.invalid) == (3, 0, 0)
    assert sorted(written.files) == ["rows.csv", "rows.xml"]
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv", "rows.xml", "manifest.json"}
    assert written.files["rows.csv"] == hashlib.sha256((tmp_path / "rows.csv").read_bytes()).hexdigest()


def test_the_same_arguments_generate_the_same_bytes(tmp_path: Path) -> None:
    first, again, other = (
        harness.generate(API, tmp_path / name, calls=3, seed=seed, pages=False, invalid=False).files
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"calls": -1}, "calls"),
        ({"traffic": "rush"}, "traffic"),
        ({"formats": ("toml",)}, "--format"),
        ({"instant": datetime(2026, 3, 2)}, "instant"),
        ({"dialect": {"nosuch": 1}}, "dialect:3, dialect.nosuch"),
    ],
)
def test_an_argument_that_generate_cannot_use_is_a_usage_problem(
    tmp_path: Path, arguments: dict[str, Any], where: str
) -> None:
    with pytest.raises(UsageProblem) as caught:
        harness.generate(API, tmp_path, **arguments)
    assert caught.value.where == where


# --- serve --------------------------------------------------------------------------------------------------


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as response:
        return bytes(response.read())


def test_a_line_starts_a_server_and_a_line_stops_it() -> None:
    server = harness.serve(API, calls=30)
    url = f"{server.urls[API]}/api?{QUERY}"
    assert b"<TotalRecords>30</TotalRecords>" in get(url)
    server.close()
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=60)


def test_apis_of_one_server_share_a_world() -> None:
    with harness.serve(API, LIVE_API, calls=30) as server:
        simulators = server.application.simulation.router.simulators
    assert len({id(one.world) for one in simulators}) == 1


def test_a_server_without_an_api_is_a_usage_problem() -> None:
    with pytest.raises(UsageProblem, match="at least one API"):
        harness.serve()


def test_a_spec_that_was_loaded_is_served() -> None:
    with harness.serve(harness.load_spec(API), calls=3) as server:
        assert b"<TotalRecords>3</TotalRecords>" in get(f"{server.urls[API]}/api?{QUERY}")


@pytest.mark.parametrize("fault", ["OZ-LCH-038", f"{API}:OZ-LCH-038"])
def test_a_promise_can_be_broken_by_its_clause(fault: str) -> None:
    with harness.serve(API, calls=30, faults=[fault]) as server:
        assert b"<TotalRecords>30</TotalRecords>" not in get(f"{server.urls[API]}/api?{QUERY}")


def test_a_fault_of_two_apis_must_say_which() -> None:
    with pytest.raises(UsageProblem, match="with an API of"):
        harness.serve(API, LIVE_API, calls=3, faults=["OZ-LCH-038"])


def test_a_dialect_of_an_api_that_is_not_served_is_a_usage_problem() -> None:
    with pytest.raises(UsageProblem, match=f"a dialect of {API}"):
        harness.serve(API, calls=3, dialects={LIVE_API: {}})


def test_users_of_a_file_take_the_place_of_the_built_in_ones(tmp_path: Path) -> None:
    users = tmp_path / "users.yaml"
    users.write_text(
        "users:\n  - name: ann\n    credentials: {Username: ann, Password: s3cret-word}\n", encoding="utf-8"
    )
    with harness.serve(API, calls=3, users=users) as server:
        url = f"{server.urls[API]}/api?command=ListCallHistory"
        assert b"<TotalRecords>" in get(f"{url}&Username=ann&Password=s3cret-word")
        assert b"<TotalRecords>" not in get(f"{server.urls[API]}/api?{QUERY}")


def test_each_exchange_of_a_server_is_told() -> None:
    told: list[tuple[str, int]] = []
    with harness.serve(
        API, calls=3, on_exchange=lambda exchange: told.append((exchange.api, exchange.response.http_status))
    ) as server:
        get(f"{server.urls[API]}/api?{QUERY}")
    assert told == [(API, 200)]


def test_limits_of_a_server_may_be_others() -> None:
    with (
        harness.serve(API, calls=3, limits=ServerLimits(target_bytes=100)) as server,
        pytest.raises(urllib.error.HTTPError) as caught,
    ):
        get(f"{server.urls[API]}/api?{QUERY}&CallerId={'1' * 100}")
    assert caught.value.code == 414
    caught.value.close()


# --- mock ---------------------------------------------------------------------------------------------------


def test_a_mocked_api_answers_requests_without_a_socket() -> None:
    with harness.mock(API, calls=30, url="http://pbx.example.net"):
        found = requests.get(f"http://pbx.example.net/api?{QUERY}", timeout=60)
    assert b"<TotalRecords>30</TotalRecords>" in found.content


def test_one_line_mocks_an_api_by_its_spec_id() -> None:
    with harness.mock(API, calls=50):
        response = requests.get(f"http://127.0.0.1/api?{QUERY}", timeout=60)
    assert "<TotalRecords>50</TotalRecords>" in response.text


def test_a_mocked_api_breaks_a_promise() -> None:
    with harness.mock(API, calls=30, faults=["OZ-LCH-038"]):
        found = requests.get(f"http://127.0.0.1/api?{QUERY}", timeout=60)
    assert b"<TotalRecords>30</TotalRecords>" not in found.content


def test_a_fault_of_the_transport_is_nothing_for_a_mock() -> None:
    with pytest.raises(UsageProblem, match="a mock has no transport"):
        harness.mock(API, calls=3, faults=["transport/drop"])


# --- application --------------------------------------------------------------------------------------------


def asgi(application: Any, *, host: bytes = b"any.example", query: str = QUERY) -> tuple[int, bytes]:
    """Status and body that an ASGI server would get."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/api",
        "query_string": query.encode(),
        "headers": [(b"host", host)],
    }
    asyncio.run(application(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_an_application_can_be_mounted() -> None:
    status, body = asgi(harness.application(API, calls=30))
    assert status == 200
    assert b"<TotalRecords>30</TotalRecords>" in body


def test_a_mounted_application_carries_what_any_server_can() -> None:
    def mounted(fault: str) -> tuple[int, bytes]:
        return asgi(harness.application(API, calls=5, faults=[f"transport/{fault}"]))

    assert mounted("latency=0.01")[0] == 200
    assert mounted("server-error=1:502")[0] == 502
    assert b"own server" in mounted("truncate")[1]


def test_an_application_may_insist_on_its_name() -> None:
    application = harness.application(API, calls=5, hosts=["pbx.example.net"])
    assert asgi(application, host=b"pbx.example.net:80")[0] == 200
    assert asgi(application, host=b"evil.example")[0] == 421


# --- check --------------------------------------------------------------------------------------------------


def test_the_simulator_keeps_what_was_asked_about() -> None:
    report = harness.check(API, "sim:", only=["OZ-LCH-038"], max_requests=40)
    assert [(result.id, result.verdict) for result in report.clauses] == [("OZ-LCH-038", "pass")]
    assert (report.target, report.colour, report.exit_code) == ("sim:", "green", 0)
    assert 0 < report.requests <= 40
    assert report.seconds > 0


def test_a_broken_promise_of_a_server_is_found() -> None:
    with harness.serve(API, calls=60, faults=["OZ-LCH-038"]) as server:
        report = harness.check(API, server.urls[API], credentials=WHO, only=["OZ-LCH-038"], max_requests=60)
    assert [finding.clause for finding in report.findings] == ["OZ-LCH-038"]
    assert (report.colour, report.exit_code) == ("red", 1)


def test_events_of_a_check_are_told_as_they_happen_and_the_last_one_holds_the_report() -> None:
    events: list[Any] = []
    report = harness.check(LIVE_API, "sim:", max_requests=5, on_event=events.append)
    names = [type(event).__name__ for event in events]
    assert (names[0], names[1], names[2], names[-1]) == ("RunStarted", "PhaseStarted", "Exchanged", "RunEnded")
    assert events[-1].report is report


def test_a_secret_of_a_check_stands_in_no_report() -> None:
    with harness.serve(API, calls=20) as server:
        report = harness.check(API, server.urls[API], credentials=WHO, max_requests=20)
    assert "qwe123" not in repr(report)


def test_a_server_that_cannot_be_reached_is_in_the_report_and_not_raised() -> None:
    with harness.serve(API, calls=3) as server:
        url = server.urls[API]
    report = harness.check(API, url, credentials=WHO)
    assert report.exit_code == 4
    assert {result.verdict.value for result in report.clauses} <= {"blocked", "not_applicable"}


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        ({"gate": "loose"}, "gate"),
        ({"only": ["OZ-LCH-999"]}, "only"),
        ({"credentials": {"Nobody": "x"}}, "--credential"),
        ({"target": "ftp://127.0.0.1"}, "--target"),
        ({"dialect": {"nosuch": 1}}, "dialect:3, dialect.nosuch"),
    ],
)
def test_an_argument_that_check_cannot_use_is_a_usage_problem(arguments: dict[str, Any], where: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        harness.check(API, arguments.pop("target", "http://127.0.0.1:9"), **arguments)
    assert caught.value.where.startswith(where)


def test_the_whole_api_takes_one_instant() -> None:
    at = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    with harness.serve(API, calls=3, instant=at) as server:
        assert server.application.simulation.clock.instant_at(datetime(2030, 1, 1, tzinfo=UTC)) == at
