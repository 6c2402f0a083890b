"""What every request must name: a filter that leaves rows out, one with a word for all rows, the size of a page."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from changed_specs import (
    Change,
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
)

from harness.check_target import open_target
from harness.errors import UsageProblem
from harness.specification.narrowing_defaults import demanded_filters, demanded_place, widest_words

CHANGES: Final[tuple[Change, ...]] = (
    ("          from: {}\n", "          from: {required: {fault: invalid, clause: PT-CLS-025}}\n"),
    (
        "          way: {as: word, bad:",
        "          way: {as: word, required: {fault: invalid, clause: PT-CLS-026}, bad:",
    ),
    (
        "          way: {compares: way, clause",
        "          way: {compares: way, no-filter: [any], no-filter-clause: PT-CLS-026, clause",
    ),
    ("{enum: [in, out, int, through]}, description", "{enum: [in, out, int, through, any]}, description"),
    (
        "most: 100, default: 20, bad",
        "most: 100, required: {fault: invalid, clause: PT-CLS-026}, bad",
    ),
    ("minimum: 1, maximum: 100, default: 20}", "minimum: 1, maximum: 100}"),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-025: {level: must, basis: documented, says: "from is required", source: "Request"}\n'
        '          PT-CLS-026: {level: must, basis: documented, says: "way and many are due", source: "Request"}\n'
        "          PT-CLS-030: {",
    ),
)
CHANGED: Final = ChangedSpec("parlatel", CHANGES)
FAULTS: Final = (
    "PT-CLS-025/from-not-required",
    "PT-CLS-026/many-not-required",
    "PT-CLS-026/way-not-required",
    "PT-CLS-020/from-ignored",
    "PT-CLS-024/until-ignored",
    "PT-CLS-045/total-one-more",
    "PT-CLS-040/many-ignored",
)


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(CHANGED)


def test_a_filter_is_demanded_where_no_word_of_it_keeps_every_row() -> None:
    listing = CHANGED.spec().listing
    assert demanded_filters(listing) == ("from",)
    assert widest_words(listing) == {"way": "any"}


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [0, 3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(CHANGED, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(CHANGED, tmp_path, fault, first=False)


def test_a_target_of_which_no_value_is_known_is_told_what_to_give() -> None:
    from contextlib import ExitStack

    from harness.serve.http.options import machine_time

    with ExitStack() as stack, pytest.raises(UsageProblem, match="--known-value from=VALUE"):
        open_target(CHANGED.spec(), stack, target="http://127.0.0.1:9", environment={}, clock=machine_time)


ZONED: Final = ChangedSpec(
    "parlatel",
    (
        (
            "        - {name: start, in: query,",
            "        - {name: zone, in: query, required: true, schema: {type: string}, description: Zone of times}\n"
            "        - {name: start, in: query,",
        ),
        (
            "began: {shows: started_at, as: rfc3339,",
            'began: {shows: started_at, as: formatted-time, format: "%Y-%m-%d %H:%M:%S",',
        ),
        (
            "          from: {}\n",
            "          from: {}\n          zone: {required: {fault: invalid, clause: PT-CLS-025}}\n",
        ),
        ("since: {as: rfc3339,", 'since: {as: formatted-time, format: "%Y-%m-%d %H:%M:%S",'),
        ("until: {as: rfc3339,", 'until: {as: formatted-time, format: "%Y-%m-%d %H:%M:%S",'),
        ("began: {type: string, format: date-time}", "began: {type: string}"),
        (
            "        order: {by: began,",
            "        zone: {parameter: zone, clauses: {shift: PT-CLS-026}}\n        order: {by: began,",
        ),
        (
            "          PT-CLS-030: {",
            '          PT-CLS-025: {level: must, basis: documented, says: "zone is required", source: "Request"}\n'
            '          PT-CLS-026: {level: must, basis: documented, says: "times are of it", source: "Request"}\n'
            "          PT-CLS-030: {",
        ),
    ),
)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", [None, "PT-CLS-025/zone-not-required", "PT-CLS-026/times-not-shifted"])
def test_a_zone_that_must_be_named_is_named(tmp_path: Path, fault: str | None) -> None:
    assert_linter_finds_nothing(ZONED)
    if fault is None:
        assert_honest_passes(ZONED, tmp_path, calls=150)
    else:
        assert_liar_is_caught(ZONED, tmp_path, fault, first=False)


FIRST_PAGE: Final[tuple[Change, ...]] = (
    (
        "          start: {as: integer, least: 0, default: 0,",
        "          start: {as: integer, least: 0, required: {fault: invalid, clause: PT-CLS-027},",
    ),
    ("minimum: 0, default: 0}", "minimum: 0}"),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-027: {level: must, basis: documented, says: "start is required", source: "Request"}\n'
        "          PT-CLS-030: {",
    ),
)


@pytest.mark.usefixtures("few_combinations")
def test_the_first_page_is_named_where_one_must_be(tmp_path: Path) -> None:
    changed = ChangedSpec("parlatel", FIRST_PAGE)
    assert_linter_finds_nothing(changed)
    assert demanded_place(changed.spec().listing) == {"start": 0}
    assert_honest_passes(changed, tmp_path, calls=60)
    assert_liar_is_caught(changed, tmp_path, "PT-CLS-027/start-not-required", calls=60)
