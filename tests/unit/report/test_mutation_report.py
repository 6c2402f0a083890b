"""What a test suite noticed: the score, the exit code, and the same numbers in every kind of report."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import html5lib
import pytest

from harness.report.mutation_html import mutation_html
from harness.report.mutation_junit import mutation_junit
from harness.report.mutation_report import (
    HonestRun,
    Mutant,
    MutantOutcome,
    MutantResult,
    MutationReport,
    mutation_json,
    shown_percent,
)
from harness.report.mutation_text import mutation_text
from harness.specification.model import ClauseId


def result(number: int, outcome: MutantOutcome, *, output: str = "") -> MutantResult:
    mutant = Mutant(
        id=f"AC-LST-{number:03d}/ignored",
        clause=ClauseId(f"AC-LST-{number:03d}"),
        level="must" if number % 2 else "should",
        basis="documented",
        family="filters" if number < 3 else "paging",
        says="a filter keeps what it says",
        source="page 3",
        done="a filter keeps <everything>",
        harm="the client shows the wrong calls",
        again="callharness mutate acmepbx/list-calls --only X -- true",
    )
    return MutantResult(mutant=mutant, outcome=outcome, exit_code=0, seconds=0.5, requests=number, output=output)


def report(*outcomes: MutantOutcome, min_noticed: float = 100, interrupted: str | None = None) -> MutationReport:
    return MutationReport(
        api="acmepbx/list-calls",
        title="Acme",
        spec_version="1",
        harness_version="0",
        source="faults",
        command=("pytest", "-k", "a b"),
        seed=1,
        calls=2000,
        min_noticed=min_noticed,
        seconds=3.04,
        honest=(HonestRun(name="the honest simulator", passed=True, seconds=1.0, requests=4),),
        results=tuple(result(number, outcome) for number, outcome in enumerate(outcomes, 1)),
        interrupted=interrupted,
    )


SEEN, MISSED, HUNG = MutantOutcome.NOTICED, MutantOutcome.NOT_NOTICED, MutantOutcome.TIMED_OUT
UNJUDGED, UNRUN = MutantOutcome.NOT_JUDGED, MutantOutcome.NOT_RUN


@pytest.mark.parametrize(
    ("outcomes", "asked", "percent", "code"),
    [
        ((SEEN, HUNG), 100, 100.0, 0),
        ((SEEN, SEEN, MISSED), 100, 200 / 3, 1),
        ((SEEN, SEEN, MISSED), 66.6, 200 / 3, 0),
        ((SEEN, SEEN, MISSED), 66.7, 200 / 3, 1),
        ((MISSED,), 0, 0.0, 0),
        ((SEEN, UNJUDGED, UNRUN), 100, 100.0, 0),
        ((UNJUDGED,), 100, None, 5),
    ],
)
def test_the_share_of_what_was_judged_decides(
    outcomes: tuple[MutantOutcome, ...], asked: float, percent: float | None, code: int
) -> None:
    told = report(*outcomes, min_noticed=asked)
    assert (told.percent, told.exit_code) == (percent, code)


def test_a_share_is_never_rounded_up_to_all() -> None:
    assert shown_percent(99.99) == "99.9 %"
    assert shown_percent(100.0) == "100 %"
    assert shown_percent(None) == "-"


def test_an_interrupted_run_is_not_green() -> None:
    told = report(SEEN, UNRUN, interrupted="SIGINT")
    assert told.colour == "red"
    assert mutation_text(told).endswith("2 runs, 3.0 s, interrupted by SIGINT\n")


def test_the_text_tells_what_nobody_noticed_and_the_score_last() -> None:
    text = mutation_text(report(SEEN, MISSED, HUNG, UNJUDGED))
    lines = text.splitlines()
    assert lines[0] == "acmepbx/list-calls: pytest -k 'a b'"
    assert lines[2] == "NOT NOTICED AC-LST-002/ignored  filters, should"
    assert "  broken    a filter keeps <everything>" in lines
    assert "AC-LST-001" not in text
    assert lines[-1] == "RED  2 of 3 broken promises noticed (66.6 %; 100 % asked for), 4 runs, 3.0 s"
    assert "  not noticed            -       1       1" in lines


def test_junit_has_a_failure_for_what_nobody_noticed_and_counts_its_children() -> None:
    root = ElementTree.fromstring(mutation_junit(report(SEEN, MISSED, HUNG, UNJUDGED, UNRUN)))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5", "failures": "1", "errors": "0", "skipped": "2",
    }  # fmt: skip
    assert [suite.get("tests") for suite in root] == ["2", "3"]
    assert [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None] == [
        "AC-LST-002/ignored"
    ]


def test_json_has_every_mutant_in_its_order_and_html_is_sound() -> None:
    told = report(SEEN, MISSED, HUNG)
    tree = json.loads(mutation_json(told))
    assert [mutant["outcome"] for mutant in tree["mutants"]] == ["noticed", "not_noticed", "timed_out"]
    assert (tree["percent"], tree["exit_code"], tree["counts"]["timed_out"]) == (66.667, 1, 1)
    page = html5lib.parse(mutation_html(told), namespaceHTMLElements=False)
    words = " ".join(page.itertext())
    assert "not noticed" in words
    assert not [word for word in ("not_noticed", "timed_out", "1 requests") if word in words]
    cards = [card.find("h3").find("code").text for card in page.iter("article")]
    assert cards == ["AC-LST-002/ignored"]
    assert "".join(next(page.iter("h3")).itertext()) == "AC-LST-002/ignored a filter keeps <everything>"


def test_no_output_of_a_command_acts_in_a_report() -> None:
    wild = "\x1b[31m<script>alert(1)</script>\x00]]>"
    told = report()
    told = MutationReport(
        **{name: getattr(told, name) for name in told.__slots__ if name != "results"},
        results=(result(1, SEEN, output=wild),),
    )
    assert "\x1b" not in mutation_json(told)
    assert "<script" not in mutation_html(told)
