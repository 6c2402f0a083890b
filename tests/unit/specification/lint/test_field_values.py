"""What a spec makes up must be possible: sources, formats, forms, units, templates, constants."""

from __future__ import annotations

import pytest
from support.invented_spec import acmepbx

from harness.specification.lint.linter import lint_spec

WHO = "who: {shows: source}"
SECS = "secs: {shows: talk_seconds, as: integer}"
STARTED = "started: {shows: started_at, as: local-time, clause: AC-LST-010}"
ID = "id: {shows: call_id, as: integer}"


def told(old: str, new: str) -> list[str]:
    """What the linter says of the rules on values, with one thing changed."""
    rules = ("value", "codec", "attribute", "words")
    return [finding.actual for finding in lint_spec(acmepbx((old, new))).findings if finding.rule in rules]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (WHO, "who: {shows: parent_call_id, form: uuid, absent: none}"),
        (WHO, "who: {shows: call_code, form: {prefix: C, digits: 12}}"),
        (WHO, "who: {constant: null}"),
        (WHO, "who: {constant: [1, 2]}"),
        (WHO, 'who: {template: "/calls/{id}/{dir}"}'),
        (WHO, "who: {present-of: recording_url, as: flag}"),
        (WHO, 'who: {present-of: recording_url, as: word, words: {"True": Y, "False": N}}'),
        (SECS, "secs: {shows: talk_seconds, as: decimal-text, digits: 2, unit: minutes, negative: true}"),
        (STARTED, 'started: {shows: started_at, as: formatted-time, format: "%d.%m.%Y %H:%M", clause: AC-LST-010}'),
        (STARTED, "started: {shows: started_at, as: rfc2822, clause: AC-LST-010}"),
    ],
)
def test_what_can_be_is_not_blamed(old: str, new: str) -> None:
    assert told(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "actual"),
    [
        (WHO, "who: {shows: source, constant: a}", "shows and constant"),
        (WHO, "who: {shows: source, form: uuid}", "'source'"),
        (WHO, "who: {constant: a, form: uuid}", "text"),
        (WHO, "who: {shows: call_id, form: {digits: 10, of: decimal}}", "10 decimal digits: 10000000000"),
        (WHO, 'who: {template: "/calls"}', "'/calls'"),
        (WHO, 'who: {template: "/calls/{who}"}', "'who'"),
        (WHO, 'who: {template: "/calls/{picked}"}', "'picked'"),
        (WHO, 'who: {template: "/calls/{id}", as: integer}', "integer"),
        (WHO, "who: {present-of: recording, as: flag}", "'recording'"),
        (WHO, "who: {present-of: recording_url}", "'text'"),
        (WHO, 'who: {present-of: recording_url, as: word, words: {"True": Y}}', "True"),
        (WHO, "who: {shows: source, negative: true}", "as: text"),
        (WHO, "who: {shows: cost, as: decimal, unit: minutes}", "minutes"),
        (SECS, "secs: {shows: talk_seconds, as: integer, negative: true, least: 0}", "0"),
        (STARTED, "started: {shows: started_at, as: formatted-time, clause: AC-LST-010}", "no such key"),
        (STARTED, 'started: {shows: started_at, as: local-time, format: "%H", clause: AC-LST-010}', "as: local-time"),
        (ID, "id: {constant: 5}", "id"),
        (
            "hidden:\n          ext: {holds: extension}",
            "hidden:\n          ext: {holds: extension, form: uuid}",
            "'extension'",
        ),
    ],
)
def test_what_cannot_be_is_told(old: str, new: str, actual: str) -> None:
    assert told(old, new) == [actual]


def test_a_format_that_cannot_be_read_back_is_told_with_the_reason() -> None:
    (actual,) = told(STARTED, 'started: {shows: started_at, as: formatted-time, format: "%H:%M", clause: AC-LST-010}')
    assert actual == "'%H:%M': %Y or %y is missing"


@pytest.mark.parametrize(
    ("keys", "actual"),
    [
        ("fresh: uuid", []),
        ("constant: null", []),
        ("fresh: uuid, constant: a", ["both"]),
        ("fresh: {digits: 4}", ["4 hexadecimal digits"]),
    ],
)
def test_an_id_of_one_answer_has_room_for_all(keys: str, actual: list[str]) -> None:
    part = "code: {at: /code, as: integer, clause: AC-LST-061}"
    assert told(part, f"{part}\n            more: {{at: /message, {keys}, clause: AC-LST-061}}") == actual


def test_a_part_of_an_object_is_found_where_it_stands() -> None:
    spec = acmepbx((WHO, "who:\n            as: object\n            fields:\n              name: {shows: nobody}"))
    (finding,) = [one for one in lint_spec(spec).findings if one.rule == "attribute"]
    assert finding.where.endswith("x-listing.fields.who.fields.name.shows")
    assert finding.where.startswith("acmepbx.yaml:53,")
