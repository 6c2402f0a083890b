"""The same run gives the same report; nothing checked is never green; our faults are ours (DU-04 to DU-08)."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fronts import JSON_API, XML_API, front

from harness.check.results.findings import Colour, Gate, Verdict
from harness.check.results.gate import colour_of, gate_colour
from harness.cli.main import main
from harness.report import read_run_record
from harness.specification.load import spec_ids
from harness.wire.http_messages import HttpRequest
from tests.durability.installed import words


@pytest.fixture(scope="module", params=[XML_API, JSON_API])
def honest(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    with front(request.param, calls=40) as (url, _):
        yield request.param, url


def ran(*given: str) -> tuple[int, str, str]:
    """A command in this process: its exit code, what it printed and what it said."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(given))
    return code, out.getvalue(), err.getvalue()


def reports(place: Path) -> list[str]:
    kinds = ("json", "text", "junit", "html")
    return [word for kind in kinds for word in ("--report", f"{kind}={place / kind}")]


def normalised(place: Path) -> dict[str, str]:
    """The reports without what a clock says."""
    found = {path.name: path.read_text() for path in sorted(place.iterdir())}
    found["json"] = re.sub(r'"seconds": [0-9.]+', '"seconds": 0', found["json"])
    found["junit"] = re.sub(r' (?:time|timestamp)="[^"]*"', "", found["junit"])
    found["text"] = re.sub(r"[0-9.]+ s$", "0 s", found["text"], flags=re.MULTILINE)
    found["json"] = re.sub(r'"began": "[^"]+"', "", found["json"])
    found["html"] = re.sub(r"<dt>(Date|Duration)</dt><dd[^>]*>[^<]+</dd>", "", found["html"])
    # How long each answer took.
    found["html"] = re.sub(r'<section aria-labelledby="requests".*?</section>', "", found["html"], flags=re.DOTALL)
    # The one thing in a request that the day decides.
    return {name: re.sub(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "NOW", text) for name, text in found.items()}


@pytest.fixture(scope="module")
def whole(honest: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The clauses that a run of all of them reports."""
    api, url = honest
    path = tmp_path_factory.mktemp("whole") / "json"
    ran(*words(url, "--report", f"json={path}", api=api))
    return {clause["id"]: clause for clause in json.loads(path.read_text())["clauses"]}


# --- DU-04 --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few_combinations")
def test_du_04_the_same_seed_gives_the_same_bytes(honest: tuple[str, str], tmp_path: Path) -> None:
    """There is no `-n`: a run decides itself what it asks side by side, and the order of answers must not show."""
    api, url = honest
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        ran(*words(url, *reports(tmp_path / name), "--seed", "5", api=api))
    assert normalised(tmp_path / "a") == normalised(tmp_path / "b")


def test_du_04_a_subset_has_the_verdicts_of_the_whole(
    honest: tuple[str, str], whole: dict[str, Any], tmp_path: Path
) -> None:
    api, url = honest
    chosen = [name for index, name in enumerate(whole) if index % 7 == 3]
    only = [word for name in chosen for word in ("--only", name)]
    ran(*words(url, *only, "--report", f"json={tmp_path / 'some'}", api=api))
    some = {clause["id"]: clause["verdict"] for clause in json.loads((tmp_path / "some").read_text())["clauses"]}
    assert some == {name: whole[name]["verdict"] for name in chosen}


# --- DU-05 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", [XML_API, JSON_API])
def test_du_05_a_server_without_calls_is_never_green(api: str, tmp_path: Path) -> None:
    with front(api, calls=0) as (url, _):
        assert ran(*words(url, api=api))[0] == 5
        assert ran(*words(url, "--allow-empty", api=api))[0] == 0


@pytest.mark.usefixtures("few_combinations")
def test_du_05_only_what_does_not_apply_is_never_green(honest: tuple[str, str], whole: dict[str, Any]) -> None:
    api, url = honest
    idle = [name for name, clause in whole.items() if clause["verdict"] != "pass"]
    assert idle
    for name in idle[:2]:
        assert ran(*words(url, "--only", name, "--gate", "explore", api=api))[0] == 5


def test_du_05_no_request_allowed_is_never_green(honest: tuple[str, str]) -> None:
    api, url = honest
    assert ran(*words(url, "--max-requests", "0", api=api))[0] in (4, 5)


# --- DU-06 --------------------------------------------------------------------------------------------------


# What the simulator of the box does not show of itself: more rows than a reading holds where only days narrow a list,
# names with marks where rows hold none, a call that ends meanwhile, the last clauses of a spec with thirty filters.
NOT_SHOWN: dict[str, set[str]] = {
    "asterisk-cdr-api/list-calls": {"AC-CLS-034", "PAGING-LOOP"},
    "plivo/list-calls": {"PL-CAL-041", "TEXT-ONCE"},
    "plivo/list-live-calls": {"PL-LIV-020", "TEXT-ONCE"},
    "telnyx/list-detail-records": {"TEXT-ONCE"},
    "twilio/list-calls": {"PAGING-LOOP"},
}


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("api", spec_ids())
def test_du_06_the_simulator_is_green_at_every_gate(api: str, tmp_path: Path) -> None:
    open_here = NOT_SHOWN.get(api, set())
    gate = "ci" if open_here else "strict"
    code, out, _ = ran("check", api, "--target", "sim:", "--gate", gate, "--report", f"ndjson={tmp_path / 'r'}")
    assert code == 0, out
    results = read_run_record(tmp_path / "r").report.clauses
    undecided = {Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED, Verdict.BLOCKED, Verdict.NOT_RUN}
    assert {result.id for result in results if result.verdict in undecided} <= open_here
    results = tuple(result for result in results if result.id not in open_here)
    for at in (Gate.CI, Gate.STRICT, Gate.CERTIFY):
        coloured = [
            dataclasses.replace(
                result, colour=colour_of(result.verdict, level=result.level, basis=result.basis, gate=at)
            )
            for result in results
        ]
        assert gate_colour(coloured) is Colour.GREEN, at


@pytest.mark.thorough
@pytest.mark.parametrize("gate", ["ci", "certify", "explore"])
@pytest.mark.parametrize("api", spec_ids())
def test_du_06_a_whole_run_at_each_gate(api: str, gate: str) -> None:
    assert ran("check", api, "--target", "sim:", "--gate", gate)[0] == 0


# --- DU-08 --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    "breach",
    [
        lambda request: dataclasses.replace(request, headers=(*request.headers, ("X-Bug", "a\r\nb"))),
        lambda request: dataclasses.replace(request, target=b"/a b\x00c"),
        lambda request: dataclasses.replace(request, method="G T"),
    ],
    ids=["header", "target", "method"],
)
@pytest.mark.parametrize("number", [1, 9])
def test_du_08_an_invalid_request_of_ours_is_an_error_and_not_the_servers_fault(
    number: int, breach: Any, honest: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.check import signed_requests as session

    api, url = honest
    made = session.encode_request
    count = [0]

    def broken(*given: Any, **named: Any) -> HttpRequest:
        count[0] += 1
        request = made(*given, **named)
        return breach(request) if count[0] == number else request  # type: ignore[no-any-return]

    monkeypatch.setattr(session, "encode_request", broken)
    code, _, err = ran(*words(url, "--report", f"json={tmp_path / 'json'}", api=api))
    report = json.loads((tmp_path / "json").read_text())
    assert code == 3
    assert report["exit_code"] == 3
    assert "this request cannot be sent" in err
    assert "Traceback" not in err
    assert report["findings"] == []
    assert "fail" not in {clause["verdict"] for clause in report["clauses"]}


@pytest.mark.usefixtures("few_combinations")
def test_du_08_a_fault_of_ours_in_a_rule_is_an_error_with_a_saved_traceback(
    honest: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.check.rules.live import polling as polls

    def broken(*given: Any) -> None:
        raise ZeroDivisionError("an injected fault")

    from harness.check import runner

    phases = tuple(
        (phase, tuple(broken if rule is polls.check_polling else rule for rule in rules))
        for phase, rules in runner.PHASES
    )
    monkeypatch.setattr(runner, "PHASES", phases)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    api, url = honest
    code, _, err = ran(*words(url, "--report", f"json={tmp_path / 'json'}", api=api))
    assert code == 3
    assert "Traceback" not in err
    (saved,) = tmp_path.glob("callharness-crash-*")
    assert "an injected fault" in saved.read_text()
    report = json.loads((tmp_path / "json").read_text())
    assert report["exit_code"] == 3
    assert "fail" not in {clause["verdict"] for clause in report["clauses"]}
