"""A known world: reading its files, and holding a list and its hidden filters against them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_runs import meeting

from harness.check.context import CheckContext
from harness.check.probe.mirror import Mirror
from harness.check.results.collector import roll_up_verdicts
from harness.check.results.findings import Verdict
from harness.check.rules.responses.known_world import HIDDEN_FILE, MANIFEST_FILE, check_known_world, load_known_world
from harness.errors import UsageProblem
from harness.generate.fixtures import write_fixtures
from harness.serve.faults.base import Fault, on_condition
from harness.specification.load import load_spec, spec_ids
from harness.specification.model import ClauseId
from harness.world import World

LEGS = "enswitch/calls-active-list"
CALLS = "etelecom/list-call-logs"
LIVE = "ozeki/list-active-calls"
SESSIONS = "voximplant/get-call-history"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Where a world's files go."""
    return tmp_path / "world"


def written(api: str, out: Path, *, calls: int = 400) -> Path:
    write_fixtures(load_spec(api), world=World.of(seed=7, calls=calls), out=out, pages=False, invalid=False)
    return out


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def put(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def held(api: str, files: Path, *faults: Fault) -> tuple[CheckContext, Mirror]:
    """The session after the list was held against the files."""
    session, mirror = meeting(api, *faults)
    if session.listing.versions is not None:
        session.dialect.fix_answer("versions.serves", session.listing.versions.order[-1], "a test")
    session.options = replace(session.options, world=load_known_world(session.spec, files))
    check_known_world(session, mirror)
    return session, mirror


def failed(session: CheckContext) -> list[str]:
    return [finding.clause for finding in session.results.findings()]


def verdict(session: CheckContext, clause: str) -> Verdict:
    return roll_up_verdicts(session.results.tally_of(ClauseId(clause)).counts)


# --- reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", spec_ids())
def test_what_generate_writes_is_read(api: str, world: Path) -> None:
    written(api, world, calls=60)
    spec = load_spec(api)
    truth = load_known_world(spec, world)
    manifest = json.loads((world / MANIFEST_FILE).read_text(encoding="utf-8"))
    assert len(truth.rows) > 10
    assert manifest["api"] == api
    assert bool(truth.hidden_values) == (world / HIDDEN_FILE).is_file()
    assert load_known_world(spec, world / MANIFEST_FILE).rows == truth.rows


def test_one_file_of_rows_is_enough(world: Path) -> None:
    written(LIVE, world)
    assert load_known_world(load_spec(LIVE), world / "rows.xml").rows == load_known_world(load_spec(LIVE), world).rows


def test_a_world_of_another_api_is_refused(world: Path) -> None:
    with pytest.raises(UsageProblem, match="a world of etelecom"):
        load_known_world(load_spec(CALLS), written(LEGS, world))


def test_a_directory_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"manifest\.json"):
        load_known_world(load_spec(CALLS), tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="can be read"):
        load_known_world(load_spec(CALLS), tmp_path / "rows.ndjson")


@pytest.mark.parametrize("text", ["[1]\n", '"row"\n', "{\n", '{"id": 5}\n'])
def test_lines_that_are_no_rows_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "rows.ndjson").write_text(text, encoding="utf-8")
    with pytest.raises(UsageProblem, match=r"rows\.ndjson"):
        load_known_world(load_spec(CALLS), tmp_path / "rows.ndjson")


def test_two_rows_of_one_identity_are_refused(world: Path) -> None:
    rows = lines_of(written(CALLS, world, calls=30) / "rows.ndjson")
    put(world / "rows.ndjson", [*rows, rows[0]])
    with pytest.raises(UsageProblem, match="identity"):
        load_known_world(load_spec(CALLS), world)


# --- judging ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", spec_ids())
def test_a_server_that_shows_its_world_is_right(api: str, world: Path) -> None:
    session, mirror = held(api, written(api, world))
    assert failed(session) == []
    assert len(mirror.rows) > 20


def test_clauses_that_only_a_known_world_can_tell_pass(world: Path) -> None:
    session, _ = held(LEGS, written(LEGS, world))
    assert verdict(session, "EN-CAL-073") is Verdict.PASS
    assert verdict(session, "EN-CAL-074") is Verdict.PASS


def test_each_call_of_a_live_list_is_a_witness(world: Path) -> None:
    session, mirror = held(LIVE, written(LIVE, world))
    assert session.results.pass_count(ClauseId("OZ-LAC-018")) == len(mirror.rows)
    assert session.results.pass_count(ClauseId("OZ-LAC-019")) == len(mirror.rows)


def test_a_row_that_is_missing_is_found(world: Path) -> None:
    rows = lines_of(written(LEGS, world) / "rows.ndjson")
    _, mirror = meeting(LEGS)
    listed = {row.key for row in mirror.rows}
    other = next(row for row in rows if row["uniqueid"] in listed)
    put(world / "rows.ndjson", [*rows, {**other, "uniqueid": "1773224849.999"}])
    session, _ = held(LEGS, world)
    assert failed(session) == ["EN-CAL-063"]
    assert "1773224849.999" in session.results.findings()[0].actual


def test_a_row_that_is_too_many_is_found(world: Path) -> None:
    files = written(LIVE, world) / "rows.xml"
    text = files.read_text(encoding="utf-8")
    first, last = text.index("<Call>"), text.index("</Call>") + len("</Call>")
    files.write_text(text[:first] + text[last:], encoding="utf-8")
    session, _ = held(LIVE, world)
    assert failed(session) == ["OZ-LAC-019"]


def test_a_row_of_another_reading_of_the_spec_is_noted_only(world: Path) -> None:
    rows = lines_of(written(CALLS, world) / "rows.ndjson")
    _, mirror = meeting(CALLS)
    listed = {str(row.key) for row in mirror.rows}
    put(world / "rows.ndjson", [row for row in rows if row["id"] in listed][1:])
    session, _ = held(CALLS, world)
    assert failed(session) == []
    assert any("lists.calls" in note for note in session.notes)


def test_a_value_that_is_wrong_is_the_fields(world: Path) -> None:
    rows = lines_of(written(CALLS, world) / "rows.ndjson")
    put(world / "rows.ndjson", [{**row, "note": "what was said"} for row in rows])
    session, _ = held(CALLS, world)
    clause = session.listing.fields["note"].clause[0]
    assert failed(session) == [clause]
    assert "what was said" in session.results.findings()[0].expected


def test_a_clause_on_a_field_of_a_known_world_is_named(world: Path) -> None:
    rows = lines_of(written(LEGS, world) / "rows.ndjson")
    put(world / "rows.ndjson", [{**row, "recording": "/var/spool/1.wav"} for row in rows])
    session, mirror = meeting(LEGS)
    known = session.results.clauses[ClauseId("EN-CAL-073")]
    named = replace(known, checked_by=("known-world", "known-world:recording"))
    session.results.clauses = {**session.results.clauses, ClauseId("EN-CAL-073"): named}
    session.options = replace(session.options, world=load_known_world(session.spec, world))
    check_known_world(session, mirror)
    assert failed(session) == ["EN-CAL-073"]


def test_a_list_that_moves_is_not_judged(world: Path) -> None:
    session, mirror = meeting(LIVE)
    mirror.volatile = True
    session.options = replace(session.options, world=load_known_world(session.spec, written(LIVE, world)))
    check_known_world(session, mirror)
    assert verdict(session, "OZ-LAC-018") is Verdict.INCONCLUSIVE


# --- hidden attributes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api", "parameter", "clause"),
    [(CALLS, "hotline_ids", "ET-LCL-021"), (CALLS, "department_id", "ET-LCL-033"), (LEGS, "phone", "EN-CAL-046")],
)
def test_a_hidden_filter_that_keeps_too_little_is_found(api: str, parameter: str, clause: str, world: Path) -> None:
    files = written(api, world)
    assert failed(held(api, files)[0]) == []
    seams = on_condition(parameter, lambda condition: replace(condition, wanted=("nothing",)))
    liar = Fault(clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=seams)
    assert failed(held(api, files, liar)[0]) == [clause]


def test_a_list_of_which_only_the_first_counts_is_found(world: Path) -> None:
    files = written(CALLS, world)
    seams = on_condition("hotline_ids", lambda condition: replace(condition, wanted=condition.wanted[:1]))
    liar = Fault(clause=ClauseId("NONE"), name="made-up", description="a test's own", hooks=seams)
    assert failed(held(CALLS, files, liar)[0]) == ["ET-LCL-021"]


def test_without_the_hidden_file_only_rows_are_judged(world: Path) -> None:
    (written(CALLS, world) / HIDDEN_FILE).unlink()
    session, _ = held(CALLS, world)
    assert failed(session) == []
    assert session.results.pass_count(ClauseId("ET-LCL-021")) == 0
