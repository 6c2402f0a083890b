"""Texts that stand for no value, and ranges that may only be so long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.changed_specs import (
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

LONGEST = 7200
TEXTS = (
    (
        "name: {shows: caller_name, absent: none}",
        'name: {shows: caller_name, absent: text, absent-text: "n/a", clause: TD-REC-006}',
    ),
    (
        "answer_time: {shows: answered_at, as: rfc3339, absent: none,",
        'answer_time: {shows: answered_at, as: rfc3339, absent: text, absent-text: "-",',
    ),
    (
        "          TD-REC-010: {",
        '          TD-REC-006: {level: must, basis: documented, says: "n/a stands for no name", source: "Answer"}\n'
        "          TD-REC-010: {",
    ),
)
RANGES = (
    (
        "{first: start_time__gte, last: start_time__lt, reversed: nothing, clauses: {reversed: TD-REC-049}}",
        "{first: start_time__gte, last: start_time__lt, reversed: nothing, most-seconds: 7200, "
        "clauses: {reversed: TD-REC-049, too-long: TD-REC-052}}",
    ),
    (
        "{first: from_day, last: to_day, reversed: nothing, clauses: {reversed: TD-REC-049}}",
        "{first: from_day, last: to_day, reversed: nothing, most-seconds: 864000, "
        "clauses: {reversed: TD-REC-049, too-long: TD-REC-053}}",
    ),
    (
        "          TD-REC-060: {",
        '          TD-REC-052: {level: must, basis: documented, says: "two hours at most", source: "Filters"}\n'
        '          TD-REC-053: {level: must, basis: documented, says: "ten days at most", source: "Filters"}\n'
        "          TD-REC-060: {",
    ),
)
SPEC = ChangedSpec("tidewater", (*TEXTS, *RANGES))
LIARS = (
    "TD-REC-006/name-none-as-null",
    "TD-REC-052/start_time__gte-and-start_time__lt-unlimited",
    "TD-REC-052/start_time__gte-and-start_time__lt-limited-too-much",
    "TD-REC-053/from_day-and-to_day-unlimited",
)
# Both ends must be given: whoever reads the list reads it range by range.
TWO_HOURS = (
    ("since: {as: rfc3339,", "since: {as: rfc3339, required: {fault: invalid, clause: PT-CLS-025},"),
    ("until: {as: rfc3339,", "until: {as: rfc3339, required: {fault: invalid, clause: PT-CLS-025},"),
    (
        "        conjunction-clause: PT-CLS-022\n",
        "        conjunction-clause: PT-CLS-022\n        ranges:\n          - {first: since, last: until, "
        f"reversed: nothing, most-seconds: {LONGEST}, clauses: {{too-long: PT-CLS-026, reversed: PT-CLS-025, "
        "one-alone: PT-CLS-025}}\n",
    ),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-025: {level: must, basis: documented, says: "both ends are given", source: "Request"}\n'
        '          PT-CLS-026: {level: must, basis: documented, says: "two hours at most", source: "Request"}\n'
        "          PT-CLS-030: {",
    ),
)
REQUIRED = ChangedSpec("parlatel", TWO_HOURS)


@pytest.mark.parametrize("spec", [SPEC, REQUIRED])
def test_the_linter_finds_nothing(spec: ChangedSpec) -> None:
    assert_linter_finds_nothing(spec)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(SPEC, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", LIARS)
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(SPEC, tmp_path, fault)


@pytest.mark.usefixtures("few_combinations")
def test_days_the_wrong_way_round_are_noticed_where_all_calls_are_of_one_day(tmp_path: Path) -> None:
    assert_liar_is_caught(SPEC, tmp_path, "TD-REC-049/from_day-and-to_day-swapped", calls=60, first=False)


@pytest.mark.usefixtures("few_combinations")
def test_a_list_that_shows_two_hours_at_most_is_read(tmp_path: Path) -> None:
    assert_honest_passes(REQUIRED, tmp_path, calls=300)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", ["since-and-until-unlimited", "since-and-until-limited-too-much"])
def test_a_liar_about_the_two_hours_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(REQUIRED, tmp_path, f"PT-CLS-026/{fault}", calls=300)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ((', absent-text: "n/a"', ""), ("beside it the text that stands for none: `absent-text`", "none")),
        (('absent: text, absent-text: "n/a"', 'absent-text: "n/a"'), ("`absent: text` beside it", "none")),
        (
            ('"n/a"', '""'),
            ("a text that says something; `absent: empty` and `absent: zero` are words of their own", "''"),
        ),
        (("most-seconds: 7200", "most-seconds: 59"), ("a minute or more", "59")),
        (("most-seconds: 864000", "most-seconds: 86400"), ("two days or more, between days", "86400")),
        (("most-seconds: 7200, ", ""), ("most-seconds beside the clause on what is too long", "none")),
        ((", too-long: TD-REC-052", ""), ("a clause on the longest range", "none")),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: tuple[str, str], finding: tuple[str, str]) -> None:
    assert_linter_refuses(SPEC, change, finding)
