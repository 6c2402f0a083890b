"""Known failures: each rule of verdicts.md, part B."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from harness.check.results.defects import group_findings
from harness.check.results.findings import ClauseResult, Colour, Finding, Gate, RunReport, Verdict
from harness.check.results.gate import gate_colour
from harness.check.results.known_failures import (
    apply_known_failures,
    draft_known_failures,
    judge_flaky_clause,
    with_unexpected_skips,
)
from harness.check.results.known_failures_file import (
    ClauseCatalogue,
    KnownFailures,
    parse_known_failures,
    security_clauses,
)
from harness.errors import UsageProblem, UsageProblems
from harness.specification.load import load_spec
from harness.specification.model import Basis, Clause, ClauseId, Level

TODAY = date(2026, 12, 1)


def clause(level: Level = "must") -> Clause:
    return Clause(level=level, basis="documented", says="something", source="somewhere")


CATALOGUE = ClauseCatalogue(
    api="acmepbx/list-calls",
    clauses={
        ClauseId("AC-LST-001"): clause(),
        ClauseId("AC-LST-020"): clause(),
        ClauseId("AC-LST-021"): clause(),
        ClauseId("AC-LST-030"): clause("should"),
        ClauseId("AC-LST-031"): clause("should"),
    },
    families={
        ClauseId("AC-LST-001"): "access",
        ClauseId("AC-LST-020"): "filters",
        ClauseId("AC-LST-021"): "filters",
        ClauseId("AC-LST-030"): "paging",
        ClauseId("AC-LST-031"): "paging",
    },
    security=frozenset({ClauseId("AC-LST-001")}),
    clauses_of_other_apis=frozenset({"OT-LST-001"}),
)


def entry(**changes: str | None) -> str:
    lines: dict[str, str | None] = {
        "id": "W-0007",
        "clause": "AC-LST-021",
        "reason": "a minimum page size of 20",
        "issue": "https://tracker.example/PBX-123",
        "owner": "telephony-team",
        "added": "2026-11-20",
        "expires": "2027-02-20",
    }
    lines |= changes
    return "- " + "\n  ".join(f"{name}: {value}" for name, value in lines.items() if value is not None) + "\n"


def known(text: str | None = None, *, today: date = TODAY) -> KnownFailures:
    return parse_known_failures(
        entry() if text is None else text, name="known.yaml", catalogue=CATALOGUE, today=today
    )


def result(
    name: str = "AC-LST-021",
    verdict: Verdict = Verdict.FAIL,
    colour: Colour = Colour.RED,
    level: Level = "must",
    basis: Basis = "documented",
) -> ClauseResult:
    return ClauseResult(
        id=ClauseId(name),
        level=level,
        basis=basis,
        family="filters",
        says="",
        source="",
        verdict=verdict,
        colour=colour,
    )


def finding(name: str = "AC-LST-021", message: str = "got 20 records") -> Finding:
    return Finding(
        clause=ClauseId(name),
        level="must",
        basis="documented",
        family="filters",
        message=message,
        expected="10",
        actual="20",
    )


def run(*results: ClauseResult, findings: tuple[Finding, ...] = (), gate: Gate = Gate.CI, **more: int) -> RunReport:
    padding = tuple(result(f"AC-LST-9{n:02}", Verdict.PASS, Colour.GREEN) for n in range(9))
    clauses = (*results, *padding)
    colour = gate_colour(clauses)
    return RunReport(
        api="acmepbx/list-calls",
        title="",
        target="",
        gate=gate,
        colour=colour,
        exit_code=more.get("exit_code", 1 if colour is Colour.RED else 0),
        seed=1,
        requests=1,
        seconds=0.0,
        dialect={},
        clauses=clauses,
        findings=findings,
        rows_seen=more.get("rows_seen", 40),
    )


# --- applying -----------------------------------------------------------------------------------------------


def test_an_expected_failure_is_waived() -> None:
    found = apply_known_failures(run(result(), findings=(finding(),)), known())
    assert (found.clauses[0].waived, found.clauses[0].verdict, found.findings[0].waived) == (
        "W-0007",
        Verdict.FAIL,
        "W-0007",
    )


def test_a_group_whose_headline_is_waived_takes_another_clause_for_it() -> None:
    pair = (replace(finding(), defect=1), replace(finding("AC-LST-022"), defect=1, found_after=9))
    before = group_findings(pair)
    results = (result(), result("AC-LST-022"))
    (after,) = group_findings(apply_known_failures(run(*results, findings=pair), known()).findings)
    assert before[0].headline.clause == "AC-LST-021"
    assert (after.headline.clause, after.headline.colour) == ("AC-LST-022", Colour.RED)
    assert [(one.clause, one.waived) for one in after.also] == [("AC-LST-021", "W-0007")]


def test_a_clause_counts_though_another_of_its_defect_is_waived() -> None:
    pair = (replace(finding(), defect=1), replace(finding("AC-LST-022"), defect=1))
    found = apply_known_failures(run(result(), result("AC-LST-022"), findings=pair), known())
    assert (found.colour, found.exit_code) == (Colour.RED, 1)


def test_a_run_with_only_waived_failures_is_green() -> None:
    found = apply_known_failures(run(result(), findings=(finding(),)), known())
    assert (found.colour, found.exit_code) == (Colour.GREEN, 0)


def test_a_known_failure_that_passes_is_red_and_to_be_removed() -> None:
    found = apply_known_failures(run(result(verdict=Verdict.PASS, colour=Colour.GREEN)), known())
    assert (found.exit_code, found.clauses[0].colour) == (1, Colour.RED)
    assert found.clauses[0].reason == "it was expected to fail and passes: remove W-0007"


@pytest.mark.parametrize("verdict", [Verdict.ERROR, Verdict.BLOCKED, Verdict.NOT_RUN, Verdict.INCONCLUSIVE])
def test_another_end_than_the_expected_one_counts_as_it_is(verdict: Verdict) -> None:
    found = apply_known_failures(run(result(verdict=verdict)), known())
    assert (found.clauses[0].waived, found.clauses[0].colour) == (None, Colour.RED)


def test_a_failure_without_the_signature_is_another_failure() -> None:
    signed = known(entry(signature='"got 20 records"'))
    assert apply_known_failures(run(result(), findings=(finding(),)), signed).exit_code == 0
    assert apply_known_failures(run(result(), findings=(finding(message="no rows"),)), signed).exit_code == 1


def test_an_expected_inconclusive_is_waived() -> None:
    expecting = known(entry(expect="inconclusive"))
    found = apply_known_failures(run(result(verdict=Verdict.INCONCLUSIVE, colour=Colour.AMBER)), expecting)
    assert found.clauses[0].waived == "W-0007"


def test_certify_ignores_waivers_and_lists_them() -> None:
    found = apply_known_failures(run(result(), findings=(finding(),), gate=Gate.CERTIFY), known())
    assert (found.colour, found.clauses[0].waived) == (Colour.RED, None)
    assert any("stated deviations: AC-LST-021 (W-0007)" in note for note in found.notes)


def test_certify_forgives_a_stated_should() -> None:
    stated = known(entry(clause="AC-LST-030"))
    found = apply_known_failures(run(result("AC-LST-030", level="should"), gate=Gate.CERTIFY), stated)
    assert found.clauses[0].colour is Colour.AMBER


def test_the_report_tells_how_many_and_until_when() -> None:
    notes = apply_known_failures(run(result(), findings=(finding(),)), known()).notes
    text = "known failures: 1 (1 waived), oldest W-0007 of 2026-11-20, next to expire W-0007 on 2027-02-20, 10%"
    assert any(note.startswith(text) for note in notes)


def test_more_than_a_fifth_waived_is_amber() -> None:
    report = run(result())
    report = replace(report, clauses=report.clauses[:4])
    assert apply_known_failures(report, known()).colour is Colour.AMBER


def test_a_waived_run_without_rows_is_still_empty() -> None:
    assert apply_known_failures(run(result(), rows_seen=0), known()).exit_code == 5
    assert apply_known_failures(run(result(), rows_seen=0), known(), allow_empty=True).exit_code == 0


@pytest.mark.parametrize("code", [3, 4, 143])
def test_exit_codes_that_no_gate_decides_stay(code: int) -> None:
    assert apply_known_failures(run(result(), exit_code=code), known()).exit_code == code


# --- reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["id", "clause", "reason", "owner", "added", "expires"])
def test_a_required_key_may_not_be_missing(key: str) -> None:
    with pytest.raises(UsageProblem, match=key):
        known(entry(**{key: None}))


def test_an_empty_reason_is_refused() -> None:
    with pytest.raises(UsageProblem, match="reason"):
        known(entry(reason="''"))


def test_a_must_needs_an_issue_and_a_should_does_not() -> None:
    with pytest.raises(UsageProblem, match="issue"):
        known(entry(issue=None))
    assert known(entry(issue=None, clause="AC-LST-030")).entries


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expires": "2027-06-01"}, "at most 180 days"),
        ({"expires": "2026-11-19"}, "at most 180 days"),
        ({"added": "2027-01-01"}, "a day that has come"),
        ({"added": "2026-13-01"}, "a date"),
        ({"clause": "AC-LST-099"}, "a clause of acmepbx/list-calls"),
        ({"clause": "AC-LST-001"}, "may be waived"),
        ({"clause": "AC-LST-*"}, "max_matches"),
        ({"clause": "AC-LST-0*", "max_matches": "9"}, "whole segments"),
        ({"clause": "AC-XXX-*", "max_matches": "9"}, "matches nothing"),
        ({"clause": "AC-LST-*", "max_matches": "2"}, "at most 2 clauses"),
        ({"clause": '"**"', "max_matches": "9"}, "cover a whole vendor"),
        ({"clause": "acmepbx/**", "max_matches": "9"}, "cover a whole vendor"),
        ({"expect": "error"}, "one of fail"),
        ({"expect": "pass"}, "one of fail"),
        ({"sgnature": "x"}, "did you mean signature"),
        ({"when": "{colour: red}"}, "one of api, profile, version"),
        ({"when": '{version: "newer"}'}, "a version"),
        ({"flaky": "{runs: 3, min_pass: 3}"}, "1 <= M < N"),
        ({"flaky": "{runs: 5, min_pass: 3}"}, "at most 30 days"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_reason(changes: dict[str, str], expected: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        known(entry(**changes))
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_entry_counts_on_the_day_it_expires_and_not_on_the_next() -> None:
    day = date(2027, 2, 20)
    assert known(today=day).entries
    with pytest.raises(UsageProblem, match=r"^W-0007 has expired, known.yaml:[0-9]+, W-0007.expires\n"):
        known(today=day + timedelta(days=1))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"owner": "''"}, "entry, W-0008.owner\n  expected  an owner in words"),
        ({"signature": "''"}, "entry, W-0008.signature\n  expected  a signature in words"),
        ({"id": "''"}, "entry, entry 2.id\n  expected  an id in words"),
        ({"id": None}, "entry, entry 2\n  expected  the key id"),
        ({"added": "soon"}, "entry, W-0008.added\n  expected  a date such as 2026-11-20"),
    ],
)
def test_what_is_wrong_is_told_by_the_id_of_its_entry(changes: dict[str, str | None], expected: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        known(entry() + entry(**{"id": "W-0008", "clause": "AC-LST-020", **changes}))
    assert re.sub(r"^known.yaml:[0-9]+", "entry", str(caught.value)).startswith(expected)


def test_a_warning_comes_two_weeks_before() -> None:
    assert known(today=date(2027, 2, 5)).warnings == ()
    assert known(today=date(2027, 2, 6)).warnings == ("W-0007 (AC-LST-021) expires in 14 days",)


def test_a_clause_stands_in_one_entry() -> None:
    with pytest.raises(UsageProblem, match="it stands at"):
        known(entry() + entry(id="W-0008"))


def test_an_id_is_given_once() -> None:
    with pytest.raises(UsageProblem, match="an id of its own"):
        known(entry() + entry(clause="AC-LST-020"))


def test_a_clause_of_another_api_is_passed_over() -> None:
    assert known(entry(clause="OT-LST-001")).by_clause == {}


@pytest.mark.parametrize("pattern", ["AC-LST-*", "acmepbx/list-calls/*/AC-LST-030", "acmepbx/*/paging/*"])
def test_a_wildcard_matches_whole_segments(pattern: str) -> None:
    if pattern == "AC-LST-*":
        with pytest.raises(UsageProblem, match="may be waived"):
            known(entry(clause=pattern, max_matches="9"))
    else:
        assert "AC-LST-030" in known(entry(clause=pattern, max_matches="9")).by_clause


def test_a_wildcard_is_not_stale_while_one_of_its_clauses_fails() -> None:
    paging = known(entry(clause="acmepbx/list-calls/paging/*", max_matches="2"))
    passed = result("AC-LST-031", Verdict.PASS, Colour.GREEN, level="should")
    assert apply_known_failures(run(result("AC-LST-030", level="should"), passed), paging).exit_code == 0
    both = (replace(passed, id=ClauseId("AC-LST-030")), passed)
    assert apply_known_failures(run(*both), paging).exit_code == 1


def test_sections_keep_lists_apart() -> None:
    text = "quarantine:\n" + entry(expires="2026-12-02").replace("- ", "  - ").replace("\n  ", "\n    ")
    found = known(text)
    assert (list(found.by_clause), list(found.quarantined)) == ([], ["AC-LST-021"])


def test_a_version_decides_whether_an_entry_counts() -> None:
    indented = entry(when='{version: "<7.0"}').replace("- ", "  - ").replace("\n  ", "\n    ")
    assert known('target: {version: "6.9"}\nknown:\n' + indented).by_clause
    assert not known('target: {version: "7.0"}\nknown:\n' + indented).by_clause


def test_a_condition_that_cannot_be_decided_is_told() -> None:
    assert any("profile" in warning for warning in known(entry(when='{profile: "xe"}')).warnings)


def test_an_alias_is_accepted_with_a_warning() -> None:
    indented = entry(clause="AC-OLD-1").replace("- ", "  - ").replace("\n  ", "\n    ")
    found = known("aliases: {AC-OLD-1: AC-LST-021}\nknown:\n" + indented)
    assert "AC-LST-021" in found.by_clause
    assert any("is now called" in warning for warning in found.warnings)


def test_an_empty_file_knows_nothing() -> None:
    assert known("").entries == ()


# --- flaky, skips, writing ----------------------------------------------------------------------------------


def flaky(straight: int = 0) -> KnownFailures:
    value = f"{{runs: 5, min_pass: 3, straight: {straight}}}"
    return known(entry(flaky=value, expires="2026-12-10"))


@pytest.mark.parametrize(
    ("passes", "straight", "verdict", "colour"),
    [
        (5, 0, Verdict.PASS, Colour.GREEN),
        (5, 15, Verdict.PASS, Colour.RED),
        (3, 0, Verdict.FAIL, Colour.AMBER),
        (2, 0, Verdict.FAIL, Colour.RED),
    ],
)
def test_a_flaky_check_is_judged_by_its_rate(passes: int, straight: int, verdict: Verdict, colour: Colour) -> None:
    outcomes = [Verdict.PASS] * passes + [Verdict.FAIL] * (5 - passes)
    before = result(verdict=verdict, colour=Colour.GREEN if verdict is Verdict.PASS else Colour.RED)
    found = judge_flaky_clause(before, flaky(straight).flaky[ClauseId("AC-LST-021")], outcomes)
    assert (found.verdict, found.colour) == (verdict, colour)


@pytest.mark.parametrize(("gate", "colour"), [(Gate.CI, Colour.AMBER), (Gate.STRICT, Colour.RED)])
def test_a_check_that_was_exercised_last_time_is_missed(gate: Gate, colour: Colour) -> None:
    report = run(result(verdict=Verdict.NOT_APPLICABLE, colour=Colour.NONE), gate=gate)
    found = with_unexpected_skips(report, {ClauseId("AC-LST-021"): Verdict.PASS})
    assert found.clauses[0].colour is colour


def test_written_entries_have_thirty_days_and_need_a_reason() -> None:
    text = draft_known_failures(run(result(), findings=(finding(),)), today=TODAY)
    assert "expires: '2026-12-31'" in text
    with pytest.raises(UsageProblems) as told:
        known(text)
    assert [problem.where.rpartition(".")[2] for problem in told.value.problems] == ["reason", "owner", "issue"]


def test_the_numbers_of_written_entries_go_on_after_those_of_the_given_file() -> None:
    given = known(entry(id="W-20261201-004") + entry(id="W-20261130-009", clause="AC-LST-020"))
    text = draft_known_failures(run(result(), findings=(finding(),)), today=TODAY, given=given)
    assert "- id: W-20261201-005\n" in text


def test_all_that_is_wrong_with_the_file_is_told_at_once() -> None:
    text = entry(ownr="x", owner=None, added="soon") + entry(id="W-8", clause="AC-LST-099", exspect="fail")
    with pytest.raises(UsageProblems) as told:
        known(text)
    assert [(problem.expected.split(" ")[0], problem.actual) for problem in told.value.problems] == [
        ("one", "'ownr'"),
        ("a", "'soon'"),
        ("one", "'exspect'"),
    ]


def test_written_entries_count_once_they_are_filled_in() -> None:
    report = run(result(), findings=(finding(),))
    text = draft_known_failures(report, today=TODAY)
    for key in ("reason", "owner", "issue"):
        text = text.replace(f"{key}: ''", f"{key}: x")
    assert apply_known_failures(report, known(text)).exit_code == 0


def test_a_strict_run_is_not_red_for_what_is_written_and_filled_in() -> None:
    red = Colour.RED
    report = run(
        result(verdict=Verdict.FAIL, colour=red),
        result("AC-LST-020", verdict=Verdict.NOT_EXERCISED, colour=red),
        result("AC-LST-030", verdict=Verdict.INCONCLUSIVE, colour=red),
        findings=(finding(),),
        gate=Gate.STRICT,
    )
    text = draft_known_failures(report, today=TODAY)
    for key in ("reason", "owner", "issue"):
        text = text.replace(f"{key}: ''", f"{key}: x")
    found = apply_known_failures(report, known(text))
    assert (found.colour, found.exit_code) == (Colour.AMBER, 0)


def test_what_is_only_amber_without_a_failure_gets_no_entry() -> None:
    report = run(result(verdict=Verdict.NOT_EXERCISED, colour=Colour.AMBER))
    assert draft_known_failures(report, today=TODAY).endswith("[]\n")


def test_the_security_clauses_of_a_spec_are_its_refusals() -> None:
    spec = load_spec("ozeki/list-call-history")
    found = security_clauses(spec)
    assert set(spec.listing.access.clauses.wrong_refused) <= found
    assert not set(spec.listing.lists.clauses.reach) & found


def test_an_entry_is_not_stale_in_a_run_that_was_cut_short() -> None:
    passed = result("AC-LST-021", Verdict.PASS, Colour.GREEN)
    left = result("AC-LST-020", Verdict.NOT_RUN, Colour.AMBER)
    assert apply_known_failures(run(passed), known(entry())).exit_code == 1
    assert apply_known_failures(run(passed, left), known(entry())).exit_code == 0
    assert (
        apply_known_failures(replace(run(passed), interrupted="SIGTERM"), known(entry())).clauses[0].colour
        is Colour.GREEN
    )


def test_keys_that_are_spelt_wrongly_are_told_all_at_once_and_each_once() -> None:
    entry_keys = 'id: W-1, clase: AC-LST-020, reson: soon, owner: ann, aded: 2026-11-20, expires: "2026-12-20"'
    text = f'target: {{profil: ci, colour: red}}\nknown:\n  - {{{entry_keys}, when: {{verion: "<7"}}}}\n'
    with pytest.raises(UsageProblems) as problems:
        known(text)
    told = [problem.actual for problem in problems.value.problems]
    assert told == ["'profil'", "'colour'", "'clase'", "'reson'", "'aded'", "'verion'"]
