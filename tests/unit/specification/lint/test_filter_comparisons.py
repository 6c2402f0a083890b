"""The linter refuses comparisons that cannot be made."""

from __future__ import annotations

import pytest
from parlatel_spec import parlatel
from tidewater_spec import tidewater

from harness.specification.lint.linter import lint_spec


def test_the_invented_spec_is_clean() -> None:
    assert lint_spec(tidewater()).findings == ()


@pytest.mark.parametrize(
    ("old", "new", "rule", "expected"),
    [
        ("before_day: {as: calendar-day}", "before_day: {}", "comparison", "a time such as rfc3339"),
        ("parameter: {as: integer, least: 0, bad", "parameter: {bad", "comparison", "as: integer or digits"),
        ("zone: {default: Pacific/Chatham}", "blank: {means: absent}", "parameter-form", "where the day begins"),
        ("answered: {as: flag,", "answered: {as: word,", "comparison", "as: flag or presence"),
        ("recorded: {compares: recording", "recorded: {compares: callee", "comparison", "may show no value"),
        ("way_in: {as: list, of: word,", "way_in: {as: word,", "comparison", "as: list, or repeated: any"),
        ("way_in: {compares: way, keeps: in,", "way_in: {compares: way, keeps: like,", "wildcards", "beside like"),
        ('wildcards: {any: "%", one: null}', "wildcards: {any: null, one: null}", "wildcards", "any or one"),
        ('wildcards: {any: "%", one: null}', 'wildcards: {any: "%", one: "%"}', "wildcards", "different single"),
        ("recorded: {as: presence}", "recorded: {as: presence, blank: refused}", "parameter-form", "presence alone"),
        ("both: {repeated: all,", "both: {repeated: all, as: local-time,", "parameter-form", "repeated only for"),
        ('pattern: "{name}__{operator}"', 'pattern: "{name}__by"', "operators", "{operator}"),
        ("word-clauses: {gt: TD-REC-014,", "word-clauses: {after: TD-REC-014,", "operators", "an operator"),
        ("compares: start_time, clause: TD-REC-041", "compares: caller, clause: TD-REC-041", "comparison", "instant"),
        ("start_time: {compares: ", "start_time__gt: {compares: ", "operators", "a name of its own"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_told(old: str, new: str, rule: str, expected: str) -> None:
    changes = [(old, new)]
    if new.startswith("blank"):
        changes = [(f"        {old}\n", "")]
    found = [one for one in lint_spec(tidewater(*changes)).findings if one.rule == rule]
    assert any(expected in f"{one.expected} {one.actual}" for one in found), found


def test_a_text_range_takes_texts_and_a_time_range_does_not() -> None:
    assert tidewater().listing.filters["code_min"].keeps == "at-or-after"
    spec = tidewater(("from_day: {as: calendar-day, bad", "from_day: {bad"))
    assert "comparison" in [one.rule for one in lint_spec(spec).findings]


def test_a_flag_of_rows_has_no_words_that_a_filter_could_stand_for() -> None:
    changed = parlatel(
        (
            "way: {shows: direction, as: word, words: {inbound: in, outbound: out, internal: int, transit: through},",
            "way: {shows: successful, as: flag,",
        ),
        ("way: {compares: way, clause", 'way: {compares: way, words: {in: ["true"]}, clause'),
    )
    found = [one.actual for one in lint_spec(changed).findings if one.rule == "filter-words"]
    assert found == ["a field that is a flag"]
