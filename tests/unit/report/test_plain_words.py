"""The sentences at the top of a report: what a reader who knows none of its words is told of a run."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
from report_samples import finding, recording, report, result

from harness.check.results.findings import ClauseResult, Colour, RunReport, Verdict
from harness.report import ReportKind, render_report
from harness.report.plain_words import noticed_by_clients, run_sentences
from harness.report.text import text_report


def kept(number: int) -> tuple[ClauseResult, ...]:
    return tuple(result(f"AC-LST-{100 + place}") for place in range(number))


def broken(*names: str, waived: str | None = None) -> tuple[ClauseResult, ...]:
    colour = Colour.RED if waived is None else Colour.NONE
    return tuple(result(name, Verdict.FAIL, colour=colour, waived=waived) for name in names)


def blocked() -> tuple[ClauseResult, ...]:
    return tuple(
        replace(one, verdict=Verdict.BLOCKED, colour=Colour.RED, reason="the log-in is refused") for one in kept(8)
    )


WEAKER = result("AC-LST-031", Verdict.FAIL, level="should", colour=Colour.AMBER)
UNTESTED = result("AC-LST-040", Verdict.NOT_EXERCISED, colour=Colour.AMBER, reason="there is no second page")
RUNS: dict[str, tuple[RunReport, tuple[str, ...]]] = {
    "green": (
        report(*kept(8)),
        ("The server keeps its word: 8 binding promises were tested, none is broken.", "The run passes (gate ci)."),
    ),
    "amber alone": (
        report(*kept(8), UNTESTED, WEAKER, colour=Colour.AMBER),
        (
            "No binding promise is broken as far as could be tested: 8 of 9 hold; "
            "1 could not be tested (there is no second page).",
            "1 of 1 weaker promise, which the document only suggests, is broken.",
            "The run passes (gate ci), but 2 promises need a look.",
        ),
    ),
    "one is broken": (
        report(*kept(8), *broken("AC-LST-021"), colour=Colour.RED),
        (
            "1 of 9 binding promises is broken (AC-LST-021: what AC-LST-021 promises).",
            "The run fails (gate ci): 1 broken promise.",
        ),
    ),
    "many are broken": (
        report(*kept(8), *broken("AC-LST-021", "AC-LST-022", "AC-LST-023"), UNTESTED, colour=Colour.RED),
        (
            "3 of 12 binding promises are broken; 1 could not be tested (there is no second page).",
            "The run fails (gate ci): 3 broken promises.",
        ),
    ),
    "blocked": (
        report(*blocked(), *kept(2), WEAKER, colour=Colour.RED, exit_code=4, rows_seen=0),
        (
            "Nothing is known of the server: the log-in is refused.",
            "The run fails (gate ci): nothing could be tested.",
        ),
    ),
    "one alone is blocked": (
        report(blocked()[0], colour=Colour.RED),
        (
            "Nothing is known of the server: the one binding promise could not be tested (the log-in is refused).",
            "The run fails (gate ci): 1 promise that could not be tested.",
        ),
    ),
    "known failures that pass": (
        report(*kept(8), replace(result("AC-LST-021"), colour=Colour.RED), colour=Colour.RED),
        (
            "The run fails only because 1 known failure no longer fails (AC-LST-021): remove this entry.",
            "The server keeps its word: 9 binding promises were tested, none is broken.",
            "The run fails (gate ci): 1 known failure that no longer fails.",
        ),
    ),
    "known failures": (
        report(*kept(8), *broken("AC-LST-021", "AC-LST-022", waived="W-0007")),
        (
            "2 of 10 binding promises are broken, all of them known (W-0007).",
            "The run passes (gate ci) although 2 promises are broken: that is known, and does not count for now.",
        ),
    ),
}


@pytest.mark.parametrize("run", RUNS)
def test_a_run_is_told_in_words_that_need_no_legend(run: str) -> None:
    made, sentences = RUNS[run]
    assert run_sentences(made) == sentences


@pytest.mark.parametrize("kind", [ReportKind.HTML, ReportKind.TEXT, ReportKind.MARKDOWN])
@pytest.mark.parametrize("run", RUNS)
def test_every_format_says_the_same_sentences(run: str, kind: ReportKind) -> None:
    made, sentences = RUNS[run]
    # Lines of text are broken between words, and a page marks what is cut by a browser.
    said = " ".join(html.unescape(render_report(recording(made), kind)).split())
    assert [sentence for sentence in sentences if sentence not in said] == []


def test_the_text_of_a_run_that_was_not_let_in_begins_and_ends_with_why() -> None:
    shut_out = report(
        *blocked(), *kept(2), colour=Colour.RED, exit_code=4, rows_seen=0, notes=("the log-in is refused",)
    )
    lines = text_report(shut_out).splitlines()
    assert lines[3] == "Nothing is known of the server: the log-in is refused."
    assert lines[-2:] == [
        "RED  8 of 10 clauses could not be tested, 12 requests, 1.2 s",
        "red because nothing could be checked: the log-in is refused",
    ]
    assert sum("refused" in line for line in lines) == 2


def test_the_text_of_a_run_without_a_server_has_no_list_of_promises() -> None:
    shut_out = report(*blocked(), colour=Colour.RED, exit_code=4, rows_seen=0, notes=("the log-in is refused",))
    assert text_report(shut_out).splitlines()[3:] == [
        "Nothing is known of the server: the log-in is refused.",
        "The run fails (gate ci): nothing could be tested.",
        "",
        "RED  8 of 8 clauses could not be tested, 12 requests, 1.2 s",
        "red because nothing could be checked: the log-in is refused",
    ]


def test_a_run_that_was_cut_short_does_not_pass() -> None:
    told = " ".join(run_sentences(replace(report(*kept(3)), interrupted="SIGINT")))
    assert "The run was cut short (SIGINT) and decides nothing" in told
    assert "passes" not in told


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        ("rows stray caller", "The filter caller lets calls through that it should keep out"),
        ("unique repeated id AC-LST-045", "One call shows up more than once."),
        ("field lacking caller AC-LST-011", "Calls come without caller:"),
        ("field form began AC-LST-012", "began of calls is not written as promised:"),
        ("part absent /Message AC-LST-007", "Answers come without /Message:"),
        ("the media type", "Answers are not written as promised:"),
    ],
)
def test_what_a_client_notices_is_told_by_the_kind_of_difference(difference: str, told: str) -> None:
    assert noticed_by_clients(replace(finding(difference=difference), family="shape")).startswith(told)


@pytest.mark.parametrize(
    ("actual", "told"),
    [
        ("a success with 2 rows", "A request that must be refused is answered as if it were right."),
        ("the error 'x' (HTTP 400)", "Whoever goes through the pages skips calls or sees them twice."),
    ],
)
def test_a_request_that_is_not_refused_is_told_as_that_whatever_it_is_about(actual: str, told: str) -> None:
    wrong = replace(finding(difference="both cursors together"), family="paging", expected="an error", actual=actual)
    assert noticed_by_clients(wrong) == told
