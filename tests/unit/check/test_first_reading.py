"""The first reading: walks that show what one before has shown are not made again."""

from __future__ import annotations

from collections import Counter

from rule_runs import FROM, NOW, OFFSETS, UNTIL, Body, Given, Honest, Lie, asked_of, listed, tern, truth

from harness.check.first_reading import take_first_reading
from harness.check.options import CheckOptions
from harness.check.probe.mirror import Mirror
from harness.check.results.findings import Event, Exchanged
from harness.check.rules.paging.pages import check_pages

BOUNDS = f"""
from: {{compares: started, keeps: at-or-after, clause: {FROM}}}
until: {{compares: started, keeps: at-or-before, clause: {UNTIL}}}
"""
# 900 calls in pages of at most 30, of which the newest 400 are checked: 14 pages to see them, and 14 with a range.
SMALL_PAGES = (
    "rows: {as: integer, least: 1, most: 100, default: 10}",
    "rows: {as: integer, least: 1, most: 30, default: 10}",
)
LONG = 900


def walks_over(lie: Lie) -> tuple[Counter[str], Mirror]:
    """The number of requests for each purpose while a long list is read and its pages are judged; what was read."""
    spec = tern(OFFSETS, SMALL_PAGES, filters=BOUNDS, more=("from", "until"))
    context, _ = asked_of(spec, lie, calls=LONG)
    purposes: Counter[str] = Counter()

    def listen(event: Event) -> None:
        if isinstance(event, Exchanged):
            purposes[event.purpose.partition(", page")[0]] += 1

    context.listen = listen
    mirror = Mirror()
    take_first_reading(context, mirror, CheckOptions(now=NOW, target="http://127.0.0.1:8080"))
    check_pages(context, mirror)
    return purposes, mirror


def test_a_list_that_stood_still_while_it_was_narrowed_is_not_read_once_more() -> None:
    purposes, mirror = walks_over(truth)
    assert purposes["read the list"] == purposes["read the part of the list that is checked"] == 14
    assert (purposes["read the list again"], purposes["walk"]) == (0, 0)
    assert mirror.complete


def test_a_list_whose_rows_change_meanwhile_is_read_once_more() -> None:
    answers = Counter[str]()

    def counts_its_answers(given: Given, honest: Honest) -> Body:
        answers["all"] += 1
        body = listed(given, honest)
        return {**body, "calls": [{**row, "who": str(answers["all"])} for row in body["calls"]]}

    purposes, mirror = walks_over(counts_its_answers)
    assert purposes["read the list again"] == 14
    assert mirror.moving_fields == {"who"}
