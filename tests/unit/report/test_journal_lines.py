"""A journal is input like any other: whatever stands in it is read as it is meant, or refused with its line."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import BEGAN, recording, red_report

from harness.output.journal import BadJournal, Journal
from harness.output.redaction import Redactor, redact_tree
from harness.report import ReportKind, RunRecord, header_line, render_report
from harness.report.run_record import journal_text, run_record_from_journal

LINES = [json.loads(line) for line in journal_text(recording()).splitlines()]
ODD: list[Any] = [
    None, True, 7, -1.5, "", "\ud800 \x1b[31mred", [], ["a", 3], {}, {"a": {"b": None}}, [[[[[[]]]]]], "x" * 300,
]  # fmt: skip
PLACES = [(number, key) for number, line in enumerate(LINES) for key in line if key not in ("line", "kind")]
SECRET_WORDS = ("verdict", "100000", "false,", "documented", "AC-LST-021", "acmepbx/list-calls", "ndjson")


def journal_of(lines: list[dict[str, Any]]) -> Journal:
    return Journal(
        header=lines[0],
        records=tuple(line for line in lines if line["line"] == "check"),
        footer=next((line for line in lines if line["line"] == "footer"), None),
        torn=False,
        intact_bytes=0,
    )


@given(place=st.sampled_from(PLACES), value=st.sampled_from(ODD))
def test_any_value_anywhere_is_taken_or_refused_with_its_line(place: tuple[int, str], value: Any) -> None:
    number, key = place
    lines = [dict(line) for line in LINES]
    lines[number][key] = value
    record, refused = None, ""
    try:
        record = run_record_from_journal(journal_of(lines), name="run.jsonl")
    except BadJournal as problem:
        refused = str(problem)
    if record is None:
        assert re.match(r"run\.jsonl:\d+: not a journal of callharness, ", refused)
        assert "\x1b" not in refused
        return
    for kind in ReportKind:
        text = render_report(record, kind)
        assert "\x1b" not in text
        text.encode("utf-8")


def test_the_line_and_what_is_wrong_are_named() -> None:
    lines = [dict(line) for line in LINES]
    lines[1]["number"] = "first"
    with pytest.raises(BadJournal) as found:
        run_record_from_journal(journal_of(lines), name="run.jsonl")
    assert str(found.value) == ("run.jsonl:2: not a journal of callharness, number: 'first' is not of type 'integer'")


def test_deeply_nested_values_are_refused() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    with pytest.raises(BadJournal):
        run_record_from_journal(journal_of([{**LINES[0], "limits": {"a": deep}}, *LINES[1:]]))


@pytest.mark.parametrize("secret", SECRET_WORDS)
def test_a_secret_that_is_a_word_of_ours_makes_no_report_unreadable(secret: str) -> None:
    redact = Redactor([secret]).redact
    lines = [redact_tree(line, redact, fixed=("line", "kind", "verdict", "colour", "level", "basis", "id", "gate",
                                              "clause", "family", "evidence", "api")) for line in LINES]  # fmt: skip
    assert run_record_from_journal(journal_of(lines)).report.api == "acmepbx/list-calls"
    text = render_report(RunRecord(report=red_report()), ReportKind.JSON, redact=redact)
    assert json.loads(text)["clauses"][2]["verdict"] == "fail"


def test_settings_that_were_changed_by_hand_are_noticed() -> None:
    run = RunRecord(report=red_report(), began=BEGAN, settings={"api": "a", "target": "http://127.0.0.1:1"})
    header = {**header_line(run), "line": "header", "journal_version": 1}
    assert run_record_from_journal(journal_of([header])).settings_intact
    moved = {**header, "settings": {**header["settings"], "target": "http://127.0.0.1:2"}}
    assert not run_record_from_journal(journal_of([moved])).settings_intact


def test_pairs_of_name_and_value_are_masked_by_their_name() -> None:
    tree = {"headers": [["Authorization", "Bearer abcdef"], ["Accept", "*/*"]], "password": "x", "n": 3,
            "pair": {"name": "X-Token", "value": "abc"}, "said": "Authorization: Basic \"$TOKEN\""}  # fmt: skip
    assert redact_tree(tree, Redactor(()).redact) == {
        "headers": [["Authorization", "***"], ["Accept", "*/*"]],
        "password": "***",
        "n": 3,
        "pair": {"name": "X-Token", "value": "***"},
        "said": 'Authorization: Basic "$TOKEN"',
    }
