"""Words for a span of time relative to now: `when=today`, `when=last_hour`."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from changed_specs import Change, ChangedSpec, frame_tests

from harness.specification.model import Period
from harness.wire.periods import period_span

WHEN = (
    "when: {compares: began, periods: {today: {unit: day}, last_half_hour: {unit: minute, count: 30, rolling: true}, "
    "this_hour: {unit: hour}, hour_before: {unit: hour, back: 1}}, clause: PT-CLS-026}"
)
CHANGES: tuple[Change, ...] = (
    (
        "        - {name: start, in: query,",
        "        - {name: when, in: query, schema: {type: string}, description: When}\n"
        "        - {name: start, in: query,",
    ),
    (
        "          from: {}\n",
        "          from: {}\n          when: {as: word, bad: {gets: refused, like: [someday], clause: PT-CLS-060}}\n",
    ),
    (
        "        conjunction-clause: PT-CLS-022\n",
        f"          {WHEN}\n        zone: {{default: Europe/Berlin}}\n        conjunction-clause: PT-CLS-022\n",
    ),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-026: {level: must, basis: documented, says: "when keeps what began then", source: X}\n'
        "          PT-CLS-030: {",
    ),
)
(
    test_the_linter_finds_nothing,
    test_an_honest_simulator_passes,
    test_a_liar_is_caught,
    test_the_linter_refuses_what_means_nothing,
) = frame_tests(
    ChangedSpec("parlatel", CHANGES),
    faults=[
        "PT-CLS-026/when-ignored",
        "PT-CLS-026/when-today-one-back",
        "PT-CLS-026/when-last_half_hour-one-back",
        "PT-CLS-026/when-this_hour-one-back",
    ],
    refused=[
        (
            ("{compares: began, periods", "{compares: from, periods"),
            "one field that shows an instant, and no other words or choices beside them",
            "from",
        ),
        (
            ("when: {as: word, bad", "when: {as: text, bad"),
            "as: word, given once, and keeps: equal",
            "as: text, keeps: equal",
        ),
        (
            ("today: {unit: day}", "today: {unit: day, count: 0}"),
            "a count of 1 or more, and back 0 or more",
            "count: 0, back: 0",
        ),
        (
            ("        zone: {default: Europe/Berlin}\n", ""),
            "the key zone in x-listing: where a day begins and ends",
            "none",
        ),
    ],
    calls=(3, 350),
)

NOW = datetime(2026, 3, 31, 22, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period(unit="day"), (2026, 3, 31, 22), (2026, 4, 1, 22)),
        (Period(unit="day", back=1), (2026, 3, 30, 22), (2026, 3, 31, 22)),
        (Period(unit="day", count=7, back=1), (2026, 3, 24, 23), (2026, 3, 31, 22)),
        (Period(unit="week"), (2026, 3, 29, 22), (2026, 4, 5, 22)),
        (Period(unit="week", weeks_begin="sunday"), (2026, 3, 28, 23), (2026, 4, 4, 22)),
        (Period(unit="month"), (2026, 3, 31, 22), (2026, 4, 30, 22)),
        (Period(unit="month", back=1), (2026, 2, 28, 23), (2026, 3, 31, 22)),
        (Period(unit="year", back=1), (2024, 12, 31, 23), (2025, 12, 31, 23)),
        (Period(unit="hour"), (2026, 3, 31, 22), (2026, 3, 31, 23)),
        (Period(unit="hour", count=2, rolling=True), (2026, 3, 31, 20, 30, 15), None),
        (Period(unit="day", rolling=True), (2026, 3, 30, 22, 30, 15), None),
        (Period(unit="day", count=3, back=1, rolling=True), (2026, 3, 27, 23, 30, 15), (2026, 3, 30, 22, 30, 15)),
        (Period(unit="month", rolling=True), (2026, 2, 28, 23, 30, 15), None),
    ],
)
def test_a_period_has_its_ends_in_the_zone(
    period: Period, first: tuple[int, ...], last: tuple[int, ...] | None
) -> None:
    """Now is the first of April in Berlin, half past midnight, three days after the clocks were put on."""
    ends = (datetime(*first, tzinfo=UTC), None if last is None else datetime(*last, tzinfo=UTC))  # type: ignore[misc, arg-type]
    assert period_span(period, NOW, ZoneInfo("Europe/Berlin")) == ends
