"""The linter refuses places, links, cursors and words that cannot be: each with where, expected and actual."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.specification.lint.linter import lint_spec
from harness.specification.load import build_spec
from harness.specification.yaml_source import parse_source_text

SUPPORT = Path(__file__).parents[3] / "support"


def rules_found(name: str, *changes: tuple[str, str]) -> set[str]:
    """The rules that find something in an invented spec; each change replaces a piece that occurs exactly once."""
    text = (SUPPORT / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    spec = build_spec(parse_source_text(text, name=f"{name}.yaml"), spec_id=f"invented/{name}")
    return {finding.rule for finding in lint_spec(spec).findings}


@pytest.mark.parametrize("name", ["linked_pages", "bare_list", "page_tokens", "bare_texts", "csv_table"])
def test_the_invented_specs_hold_together(name: str) -> None:
    assert rules_found(name) == set()


@pytest.mark.parametrize(
    ("name", "change", "rule"),
    [
        ("bare_list", ('at: "header:X-Total"', "at: /total"), "bare-list"),
        ("bare_list", ('at: "header:X-Total"', 'at: "header:Content-Length"'), "header"),
        ("bare_list", ('at: "header:X-Total"', 'at: "header:X Total"'), "header"),
        ("bare_list", ('at: "header:X-Total"', 'at: "header:X-Returned"'), "header"),
        ("bare_list", ("code-at: /code", 'code-at: "header:X-Code"'), "pointer"),
        (
            "bare_list",
            ("success: {http: 200, clause", "success: {http: 200, shows: {/ok: true}, clause"),
            "bare-list",
        ),
        ("bare_texts", ("identity: id\n", "identity: id\n          absent: missing\n"), "bare-list"),
        (
            "bare_texts",
            ("clause: FE-IDS-003}\n        parameters", "clause: FE-IDS-003}\n          way: {}\n        parameters"),
            "bare-list",
        ),
        ("page_tokens", ("next: {at: /more, clause: BR-CLL-020}\n", "\n"), "cursor"),
        ("page_tokens", ("garbage: BR-CLL-019}", "garbage: BR-CLL-019, both: BR-CLL-019}"), "cursor"),
        ("page_tokens", ("garbage: BR-CLL-019}", "garbage: BR-CLL-019, prev: BR-CLL-019}"), "cursor"),
        ("page_tokens", ("first: {at: /first, ", "last: {at: /first, "), "links"),
        ("page_tokens", ("first: {at: /first, ", "previous: {at: /first, "), "cursor"),
        ("linked_pages", ("page-count: {at: /paging/pages, ", "page-count: {at: /paging/count, "), "answer"),
        ("csv_table", ("[text/csv, application/json]", "[text/csv]"), "table"),
        ("csv_table", ("caller: {shows: source}", "caller: {shows: source, absent: none}"), "table"),
        ("linked_pages", ("            most: 200\n", ""), "number-words"),
        ("linked_pages", ("{keeps: LU-CLL-026, ends", "{ends"), "construct-without-clause"),
    ],
)
def test_what_cannot_be_is_refused(name: str, change: tuple[str, str], rule: str) -> None:
    assert rule in rules_found(name, change)
