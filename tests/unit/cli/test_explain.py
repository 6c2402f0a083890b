"""`callharness explain`: every clause, word and fault can be explained, and what is printed can be used."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import click
import pytest
from invented_spec import ACMEPBX, acmepbx_text

from harness.check.results.explanations import (
    BASIS_MEANINGS,
    FAMILY_TESTS,
    LEVEL_MEANINGS,
    RULE_TESTS,
    VERDICT_MEANINGS,
    colours_by_clause,
)
from harness.check.results.findings import Colour, Gate, Verdict
from harness.check.results.gate import colour_of
from harness.check.results.known_failures_file import load_known_failures, security_clauses
from harness.check.rules import RULE_NAMES
from harness.cli.console import Console
from harness.cli.explain import explanation_lines, find_explanation
from harness.cli.explain_content import (
    ClauseExplanation,
    FaultExplanation,
    WordExplanation,
    explain_clause,
    explained_words,
)
from harness.cli.main import group, main
from harness.errors import UsageProblem
from harness.serve.faults.catalogue import faults_of, parse_faults
from harness.serve.faults.transport import TRANSPORT_FAULT_KINDS
from harness.specification.clause_families import (
    ClauseFamily,
    constructs_of,
    meaning_of_construct,
    planned_clauses,
)
from harness.specification.load import load_spec, spec_ids
from harness.specification.model import ClauseId

API = "ozeki/list-call-history"
TODAY = date(2026, 11, 20)


def clause_explanation(word: str, *, spec_file: str | None = None) -> ClauseExplanation:
    found = find_explanation(word, spec_file=spec_file, today=TODAY)
    assert isinstance(found, ClauseExplanation)
    return found


def fault_explanation(word: str) -> FaultExplanation:
    found = find_explanation(word, spec_file=None, today=TODAY)
    assert isinstance(found, FaultExplanation)
    return found


def word_explanation(word: str) -> WordExplanation:
    found = find_explanation(word, spec_file=None, today=TODAY)
    assert isinstance(found, WordExplanation)
    return found


@cache
def explanations_of(api: str) -> Mapping[str, ClauseExplanation]:
    spec = load_spec(api)
    return {clause_id: explain_clause(spec, clause_id, today=TODAY) for clause_id in planned_clauses(spec)}


def parse_command(text: str) -> click.Context:
    """The command as click reads it; nothing is run."""
    program, verb, *words = shlex.split(text)
    assert program == "callharness"
    parent = click.Context(group, obj=Console())
    command = group.get_command(parent, verb)
    assert command is not None
    return command.make_context(verb, words, parent=parent)


# --- tables -------------------------------------------------------------------------------------------------


def test_every_family_says_how_it_is_tested() -> None:
    assert set(FAMILY_TESTS) == set(ClauseFamily)


def test_every_rule_that_a_clause_may_name_says_how_it_tests() -> None:
    assert set(RULE_TESTS) == RULE_NAMES


def test_every_verdict_has_a_meaning() -> None:
    assert set(VERDICT_MEANINGS) == set(Verdict)
    assert all(meaning.says and meaning.do and meaning.blames for meaning in VERDICT_MEANINGS.values())


@pytest.mark.parametrize("gate", Gate)
def test_the_colours_are_those_of_the_gate(gate: Gate) -> None:
    for verdict in Verdict:
        for level, colours in colours_by_clause(verdict, gate).items():
            for basis, colour in colours.items():
                assert colour is colour_of(verdict, level=level, basis=basis, gate=gate)


# --- clauses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", spec_ids())
def test_every_clause_of_a_shipped_spec_is_explained(api: str) -> None:
    for clause_id, explanation in explanations_of(api).items():
        assert explanation.tested or load_spec(api).clauses[ClauseId(clause_id)].excluded is not None
        text = "\n".join(explanation_lines(explanation, width=80))
        assert explanation.level in LEVEL_MEANINGS
        assert explanation.basis in BASIS_MEANINGS
        assert str(clause_id) in text


@pytest.mark.parametrize("api", spec_ids())
def test_every_fault_of_a_clause_is_named(api: str) -> None:
    spec = load_spec(api)
    named = {fault.fault for explanation in explanations_of(api).values() for fault in explanation.faults}
    named = {fault for fault in named if ":transport/" not in fault}
    assert named == {f"{api}:{fault.id}" for fault in faults_of(spec)}


@pytest.mark.parametrize("api", spec_ids())
def test_every_printed_command_is_understood(api: str) -> None:
    spec = load_spec(api)
    for clause_id, explanation in explanations_of(api).items():
        serve, check = (parse_command(text).params for text in explanation.commands)
        assert serve["apis"] == (api,)
        parse_faults({api: spec}, serve["faults"], where="--fault")
        assert check["api"] == api
        assert check["only"] == (clause_id,)


@pytest.mark.parametrize("api", spec_ids())
def test_the_entry_for_known_failures_is_loaded(api: str, tmp_path: Path) -> None:
    spec = load_spec(api)
    entries = [explanation.known_entry for explanation in explanations_of(api).values()]
    numbered = [entry.replace("W-0001", f"W-{number}") for number, entry in enumerate(filter(None, entries))]
    (tmp_path / "known.yaml").write_text("".join(numbered), encoding="utf-8")
    known = load_known_failures(tmp_path / "known.yaml", spec=spec, today=TODAY)
    assert len(known.by_clause) == len(numbered)
    assert not known.warnings


@pytest.mark.parametrize("api", spec_ids())
def test_a_security_clause_cannot_be_waived(api: str) -> None:
    spec = load_spec(api)
    for clause_id in security_clauses(spec):
        explanation = explanations_of(api)[clause_id]
        assert not explanation.waivable
        assert explanation.known_entry == ""
        assert "cannot be waived" in explanation.waiver


@pytest.mark.parametrize("api", spec_ids())
def test_every_place_that_carries_a_clause_has_words(api: str) -> None:
    spec = load_spec(api)
    assert [construct.name for construct in constructs_of(spec) if not meaning_of_construct(spec, construct)] == []


def test_steadiness_is_explained_by_equal_questions_and_not_by_pages() -> None:
    found = clause_explanation("LIST-STEADY")
    assert found.family == "paging"
    assert len(found.tested) == 1
    assert "three times by the same request" in found.tested[0]
    assert "Pages of several sizes" not in found.tested[0]
    # Copies of a list that take turns show nothing while the clock stands still.
    assert [fault.fault.partition(":")[2] for fault in found.faults] == ["LIST-STEADY/older-calls-come-and-go"]
    assert found.commands[0].endswith("--clock live")


def test_a_clause_says_what_it_is_and_how_to_see_it_break() -> None:
    found = clause_explanation("oz-lch-024")
    assert found.clause == "OZ-LCH-024"
    assert found.says == "Destination keeps exactly the calls that reached that extension"
    assert found.family == "filters"
    assert [construct.place for construct in found.constructs] == ["filters.Destination.clause"]
    assert found.faults[0].fault == f"{API}:OZ-LCH-024/Destination-ignored"
    assert found.commands == (
        f"callharness serve {API} --port 8080 --fault {API}:OZ-LCH-024/Destination-ignored",
        f"callharness check {API} --target http://127.0.0.1:8080 --credential Username=HTTP_User_1 "
        "--credential Password=qwe123 --only OZ-LCH-024",
    )


def test_a_clause_that_every_api_shares_is_found() -> None:
    found = clause_explanation("http-framing")
    assert found.shared
    assert "truncated" in found.tested[0]
    assert [fault.fault.partition(":")[2] for fault in found.faults] == [
        "transport/truncate=0.3",
        "transport/wrong-length=0.3",
    ]


def test_a_clause_of_a_spec_of_ones_own_is_found() -> None:
    found = clause_explanation("ac-lst-001", spec_file=str(ACMEPBX))
    assert found.api == "acmepbx"
    assert found.api in found.commands[0]


def test_the_file_of_a_spec_of_ones_own_may_stand_before_the_clause_or_the_fault() -> None:
    found = find_explanation(f"{ACMEPBX}:AC-LST-001", spec_file=None, today=TODAY)
    assert isinstance(found, ClauseExplanation)
    assert (found.clause, found.api) == ("AC-LST-001", "acmepbx")
    fault = find_explanation(f"{ACMEPBX}:AC-LST-044/no-total", spec_file=None, today=TODAY)
    assert isinstance(fault, FaultExplanation)
    assert fault.more == f"callharness explain AC-LST-044 --spec {ACMEPBX}"


def test_the_target_of_a_command_has_the_path_of_the_server() -> None:
    file = ACMEPBX.with_name("linked_pages.yaml")
    commands = clause_explanation("LU-CLL-026", spec_file=str(file)).commands
    assert "--target http://127.0.0.1:8080/lumen " in commands[1]


def test_an_unknown_clause_says_where_a_spec_of_ones_own_goes() -> None:
    for word in ("MY-CLS-010", "nowhere/none:MY-CLS-010"):
        with pytest.raises(UsageProblem, match="--spec FILE"):
            find_explanation(word, spec_file=None, today=TODAY)


def test_an_excluded_clause_says_why() -> None:
    spec = load_spec(str(ACMEPBX))
    (name, clause) = next((name, clause) for name, clause in spec.clauses.items() if clause.excluded is not None)
    found = clause_explanation(str(name), spec_file=str(ACMEPBX))
    assert clause.excluded is not None
    assert found.excluded == f"not-wire-observable: {clause.excluded.why}"
    assert found.tested == ()
    assert not found.waivable
    text = "\n".join(explanation_lines(found, width=80))
    assert "not checked not-wire-observable" in text
    assert "how it is tested" not in text


def test_what_a_spec_of_ones_own_says_is_made_visible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = load_spec(str(ACMEPBX))
    name, clause = next(iter(spec.clauses.items()))
    file = tmp_path / "mine.yaml"
    file.write_text(acmepbx_text().replace(clause.says, "\\e[31mred\\u202e", 1), encoding="utf-8")
    text = file.read_text(encoding="utf-8")
    # Only a text in quotes has escapes.
    file.write_text(text.replace("\\e[31mred\\u202e", '"\\e[31mred\\u202e"').replace('""', '"'), encoding="utf-8")
    for more in ((), ("--json",)):
        assert main(["explain", str(name), "--spec", str(file), *more]) == 0
        out = capsys.readouterr().out
        assert "red" in out
        assert "\x1b" not in out
        assert "\u202e" not in out


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", sorted(explained_words()))
def test_every_word_of_a_report_is_explained(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == 0
    assert capsys.readouterr().out.startswith(f"{word}  a ")


def test_the_words_are_verdicts_colours_levels_and_bases() -> None:
    words = set(explained_words())
    assert {*Verdict, *Colour, "waived", "must", "should", "may"} <= words
    assert {"documented", "entailed", "corroborated", "inferred", "unknown", "standard"} <= words


@pytest.mark.parametrize("word", ["not_run", "Not-Run", "not run", "NOT_RUN"])
def test_a_verdict_is_found_however_it_is_written(word: str) -> None:
    assert word_explanation(word).word == "not_run"


def test_a_failure_is_told_by_gate() -> None:
    assert word_explanation("fail").gates == {
        "ci": {"a must": "red", "a must that is inferred": "amber", "a should": "amber", "a may": "informs"},
        "full": {"a must": "red", "a should": "red", "a may": "informs"},
        "strict": {"a must": "red", "a should": "red", "a may": "informs"},
        "certify": {
            "a must": "red",
            "a must that is inferred": "amber",
            "a should": "red",
            "a should that is inferred": "amber",
            "a may": "informs",
        },
        "explore": {"every clause": "informs"},
    }


def test_a_colour_names_the_verdicts_that_have_it() -> None:
    assert word_explanation("amber").gates["ci"] == {
        "fail": "a must that is inferred, a should",
        "blocked": "every clause",
        "inconclusive": "every clause",
        "not_exercised": "every clause",
        "not_run": "every clause",
    }


# --- faults -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        f"{API}:OZ-LCH-024/Destination-ignored",
        "OZ-LCH-024/Destination-ignored",
        "oz-lch-024/destination-IGNORED",
        f"{API}:OZ-LCH-024",
    ],
)
def test_a_fault_is_found_with_and_without_its_api(word: str) -> None:
    found = fault_explanation(word)
    assert found.fault == f"{API}:OZ-LCH-024/Destination-ignored"
    assert found.says == "Destination keeps every call"
    assert found.clause == "OZ-LCH-024"
    assert parse_command(found.commands[0]).params["faults"] == (found.fault,)


@pytest.mark.parametrize("name", TRANSPORT_FAULT_KINDS)
def test_a_fault_of_the_transport_is_explained(name: str) -> None:
    for word in (name, f"transport/{name}", f"{API}:transport/{name}"):
        found = fault_explanation(word)
        assert found.says == TRANSPORT_FAULT_KINDS[name].description
        for text in found.commands:
            parse_command(text)


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("truncate", "HTTP-FRAMING"),
        ("wrong-length", "HTTP-FRAMING"),
        ("server-error", "HTTP-SERVER-ERRORS"),
        ("latency", None),
        ("too-many", None),
        ("drop", None),
    ],
)
def test_a_fault_of_the_transport_names_the_clause_that_it_breaks(name: str, clause: str | None) -> None:
    assert fault_explanation(name).clause == clause


# --- what is not known --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("OZ-LCH-0244", "OZ-LCH-024"),
        ("HTTP-FRAMMING", "HTTP-FRAMING"),
        ("inconclusiv", "inconclusive"),
        ("OZ-LCH-024/Destination-ignord", "OZ-LCH-024/Destination-ignored"),
        ("transport/latencie", "transport/latency"),
        ("ozeki/list-call-histori:OZ-LCH-024", API),
    ],
)
def test_an_unknown_word_gets_the_nearest_one(word: str, near: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == 2
    text = capsys.readouterr().err
    assert near in text
    assert "expected" in text


def test_a_word_like_nothing_says_where_the_clauses_are_listed() -> None:
    with pytest.raises(UsageProblem, match="spec show"):
        find_explanation("%%%%%%", spec_file=None, today=TODAY)


# --- text and JSON ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 110])
def test_lines_keep_to_the_width_but_for_what_is_copied(width: int) -> None:
    found = clause_explanation("OZ-LCH-024")
    whole = {*found.commands, *found.known_entry.splitlines(), found.faults[0].fault}
    for line in explanation_lines(found, width=width):
        assert len(line) <= width or line.strip() in whole or " " not in line.strip() or line.startswith("OZ-")


@pytest.mark.parametrize("word", ["OZ-LCH-024", "fail", "transport/latency", "EN-CAL-012"])
def test_json_has_what_the_text_has(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert main(["explain", word]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for key in ("says", "do", "blames", "source", "needs", "family", "waiver"):
        assert " ".join(data.get(key, "").split()) in text
    for command in data.get("commands", ()):
        assert command in text


# --- defects of a report ------------------------------------------------------------------------------------


def kept_report(directory: Path, name: str = "report.json") -> Path:
    from report_samples import grouped_report, recording

    from harness.report import ReportKind, render_report

    kind = ReportKind.JSON if name.endswith(".json") else ReportKind.NDJSON
    (directory / name).write_text(render_report(recording(grouped_report()), kind))
    return directory / name


@pytest.mark.parametrize("name", ["report.json", "run.ndjson"])
@pytest.mark.parametrize("word", ["defect-2", "Defect 2", "defect2"])
def test_a_defect_of_a_report_is_explained(
    name: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from report_samples import grouped_report

    file = kept_report(tmp_path, name)
    assert main(["explain", word, "--report-file", str(file)]) == 0
    told = capsys.readouterr().out
    about = [one.clause for one in grouped_report().findings if one.defect == 2]
    assert about
    assert all(clause in told for clause in about)
    assert told.startswith(f"Defect 2 of {file}")


def test_without_a_file_the_newest_report_of_the_folder_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept_report(tmp_path)
    (tmp_path / "package.json").write_text("{}")
    os.utime(tmp_path / "report.json", (1, 1))
    monkeypatch.chdir(tmp_path)
    assert main(["explain", "defect-1"]) == 0
    assert capsys.readouterr().out.startswith("Defect 1 of report.json\n")
    (tmp_path / "report.json").unlink()
    assert main(["explain", "defect-1"]) == 2
    assert "--report-file FILE" in capsys.readouterr().err


def test_a_defect_that_a_report_does_not_have_is_told_with_those_that_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "defect-9", "--report-file", str(kept_report(tmp_path))]) == 2
    assert "its defects are defect-1, defect-2, defect-3" in capsys.readouterr().err


@pytest.mark.parametrize("findings", ["[1]", '[{"clause": []}]', '[{"clause": "A", "level": "must"}]'])
def test_a_report_with_odd_findings_is_no_crash(
    findings: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.json"
    file.write_text(f'{{"findings": {findings}}}')
    assert main(["explain", "defect-1", "--report-file", str(file)]) == 2
    assert "findings.0" in capsys.readouterr().err
