"""Rules on single filters: what is said of servers that keep other rows than a filter promises."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from rule_runs import (
    DIR,
    DIR_SET,
    DIR_SHARES,
    FILTERS,
    FROM,
    MACHINE_LIST,
    MACHINES,
    MATCH,
    MATCH_OTHER,
    NAME,
    NUMBERS,
    OFFSETS_OF_TIMES,
    OLDER,
    REACH,
    UNTIL,
    WHO,
    ZONES,
    Body,
    Given,
    Honest,
    Lie,
    Row,
    Said,
    all_rows,
    ignores,
    keeps,
    of_rules,
    of_whole_run,
    page_of,
    refuses,
    rewrites,
    shows,
    tern,
    truth,
    without,
)

from harness.check.results.findings import Verdict
from harness.check.rules.filters.single_filter import check_filters_once, check_single_filters
from harness.specification.load import Spec

RULES = (check_filters_once, check_single_filters)
FIRST_ID = 7001


def later(written: str, seconds: int) -> str:
    return (datetime.fromisoformat(written) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def alike(pattern: str, text: str) -> bool:
    """Whether a text is like a pattern of SQL."""
    marks = {"%": ".*", "_": "."}
    return re.fullmatch("".join(marks.get(mark, re.escape(mark)) for mark in pattern), text) is not None


def is_meant(row: Row, word: str) -> bool:
    return row["dir"] in word.split("_")


def unshown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "dir"}


def hidden(lie: Lie) -> Lie:
    """A server whose rows do not show the direction that one can ask for."""
    return shows(unshown, lie)


HIDES_DIRECTION = hidden(truth)


def list_matches_all(given: Given, honest: Honest) -> Body:
    return honest(without(given, "machines") if "," in given.get("machines", "") else given)


def long_values_match_all(given: Given, honest: Honest) -> Body:
    return honest(without(given, "name") if len(given.get("name", "")) > 100 else given)


def numbers_between(written: str) -> str:
    """Two numbers of a list as a range of numbers; any other list as it is."""
    numbers = written.split(",")
    if len(numbers) != 2:
        return written
    return ",".join(map(str, range(int(numbers[0]), int(numbers[1]) + 1)))


def set_matches_all(given: Given, honest: Honest) -> Body:
    return honest(without(given, "dir") if given.get("dir") == "in_out" else given)


def inbound_matches_all(given: Given, honest: Honest) -> Body:
    return honest(without(given, "dir") if given.get("dir") == "in" else given)


def default_is_whole(given: Given, honest: Honest) -> Body:
    return honest({"match": "whole", **given})


def unknown_comparison_is_taken(given: Given, honest: Honest) -> Body:
    return honest(given if given.get("match") in (None, "part", "whole") else without(given, "match"))


def lists_internal_calls_by_their_word_alone(given: Given, honest: Honest) -> Body:
    if given.get("dir"):
        return honest(given)
    return page_of([row for row in all_rows(given, honest) if row["dir"] != "int"], given)


def drops_percent_signs(given: Given, honest: Honest) -> Body:
    cut: Given = {name: given[name].replace("%", "") for name in ("who", "name") if name in given}
    return honest({**given, **cut})


@pytest.fixture(scope="module")
def said() -> Callable[[Lie], Said]:
    """What the rules say of a server; each is asked once."""
    runs: dict[Lie, Said] = {}
    spec = tern(filters=FILTERS)

    def of(lie: Lie) -> Said:
        if lie not in runs:
            runs[lie] = of_rules(RULES, spec, lie)
        return runs[lie]

    return of


# --- an honest server -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "clause",
    [FROM, UNTIL, WHO, NAME, MATCH, MATCH_OTHER, DIR, DIR_SET, DIR_SHARES, MACHINES, MACHINE_LIST, REACH],
)
def test_filters_that_keep_what_they_should_pass(said: Callable[[Lie], Said], clause: str) -> None:
    assert said(truth).verdict(clause) is Verdict.PASS


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_filter_of_an_honest_server_fails_whatever_values_are_drawn(seed: int) -> None:
    assert of_rules(RULES, tern(filters=FILTERS), seed=seed).failed == []


@pytest.mark.parametrize("clause", [DIR, DIR_SET, DIR_SHARES])
def test_words_that_no_row_shows_pass_when_they_share_out_the_list(said: Callable[[Lie], Said], clause: str) -> None:
    assert said(HIDES_DIRECTION).verdict(clause) is Verdict.PASS


# --- servers that deviate -------------------------------------------------------------------------------------

# What differs, the clauses it breaks (the first is the one in question), pieces of what was due and of what came.
DEVIATIONS = [
    pytest.param(ignores("dir"), [DIR, DIR_SET, DIR_SHARES], "satisfy dir", "rows do not", id="word-ignored"),
    pytest.param(ignores("who"), [WHO], "satisfy who", "rows do not", id="text-ignored"),
    pytest.param(ignores("machines"), [MACHINES, MACHINE_LIST], "satisfy machines", "rows do not", id="list-ignored"),
    pytest.param(ignores("from"), [FROM], "satisfy from", "rows do not", id="from-ignored"),
    pytest.param(ignores("until"), [UNTIL], "satisfy until", "rows do not", id="until-ignored"),
    pytest.param(
        ignores("name"), [NAME, MATCH, MATCH_OTHER], "satisfy name", "rows do not", id="part-of-a-text-ignored"
    ),
    pytest.param(
        ignores("reach"), [REACH], "that nothing has", "48 rows", id="filter-on-more-than-rows-show-ignored"
    ),
    pytest.param(
        keeps("from", lambda row, value: row["started"] > value), [FROM], "rows", "are missing", id="from-exclusive"
    ),
    pytest.param(
        keeps("until", lambda row, value: row["started"] < value),
        [UNTIL],
        "rows",
        "are missing",
        id="until-exclusive",
    ),
    pytest.param(
        keeps("from", lambda row, value: row["started"] >= later(value, -1)),
        [FROM],
        "satisfy from",
        "1 of ",
        id="from-a-second-early",
    ),
    pytest.param(
        keeps("until", lambda row, value: row["started"] <= later(value, 1)),
        [UNTIL],
        "satisfy until",
        "1 of ",
        id="until-a-second-late",
    ),
    pytest.param(
        rewrites("from", lambda value: later(value, 3600)), [FROM], "rows", "are missing", id="from-in-another-zone"
    ),
    pytest.param(
        keeps("from", lambda row, value: row["ended"] >= value),
        [FROM],
        "satisfy from",
        "do not",
        id="from-by-the-end",
    ),
    pytest.param(
        keeps("who", lambda row, value: row["who"].startswith(value)), [WHO], "satisfy who", "do not", id="prefix"
    ),
    pytest.param(
        keeps("who", lambda row, value: row["who"].endswith(value)), [WHO], "satisfy who", "do not", id="suffix"
    ),
    pytest.param(keeps("who", lambda row, value: value in row["who"]), [WHO], "satisfy who", "do not", id="part"),
    pytest.param(
        keeps("who", lambda row, value: row["who"].lower() == value.lower()),
        [WHO],
        "satisfy who",
        "do not",
        id="case-ignored",
    ),
    pytest.param(keeps("who", lambda row, value: False), [WHO], "rows", "0 rows;", id="nothing-on-any-value"),
    pytest.param(
        keeps("who", lambda row, value: row["who"] == value != "101"),
        [WHO],
        " rows",
        "0 rows; 13 that match are missing",
        id="nothing-on-the-commonest-value",
    ),
    pytest.param(
        keeps("who", lambda row, value: row["who"] == value and value[0] != "+"),
        [WHO],
        "rows",
        "0 rows;",
        id="nothing-on-a-plus",
    ),
    pytest.param(
        keeps("who", lambda row, value: row["who"] != value), [WHO], "satisfy who", "do not", id="turned-round"
    ),
    pytest.param(
        keeps("who", lambda row, value: row["who"] == value.lstrip("0")),
        [WHO],
        "satisfy who",
        "do not",
        id="leading-zeros-lost",
    ),
    pytest.param(
        keeps("who", lambda row, value: row["who"] == value.partition(";")[0]),
        [WHO],
        "satisfy who",
        "do not",
        id="cut-at-a-semicolon",
    ),
    pytest.param(
        keeps("who", lambda row, value: alike(value, row["who"])),
        [WHO],
        "satisfy who",
        "do not",
        id="read-as-a-pattern",
    ),
    pytest.param(
        keeps("name", lambda row, value: value.lower() in row["name"].lower()),
        [NAME, MATCH_OTHER],
        "satisfy name",
        "do not",
        id="case-ignored-in-a-part",
    ),
    pytest.param(long_values_match_all, [NAME], "that nothing has", " rows", id="long-value-matches-all"),
    pytest.param(ignores("match"), [NAME, MATCH_OTHER], "satisfy name", "do not", id="named-comparison-ignored"),
    pytest.param(default_is_whole, [MATCH], "rows", "are missing", id="another-default-comparison"),
    pytest.param(
        unknown_comparison_is_taken, [MATCH_OTHER], "an error", "a success with ", id="unknown-comparison-taken"
    ),
    pytest.param(
        rewrites("dir", lambda word: {"in": "out", "out": "in"}.get(word, word)),
        [DIR],
        "satisfy dir",
        "do not",
        id="words-exchanged",
    ),
    pytest.param(refuses(lambda given: given.get("dir") == "out"), [DIR], "a success", "error 9", id="word-refused"),
    pytest.param(
        keeps("dir", lambda row, word: is_meant(row, word) or (word == "int" and row["dir"] == "out")),
        [DIR, DIR_SHARES],
        "satisfy dir",
        "rows do not",
        id="word-keeps-another-too",
    ),
    pytest.param(
        rewrites("dir", lambda word: "in" if word == "in_out" else word),
        [DIR_SET],
        "38 rows",
        "28 rows; 10 that match are missing",
        id="only-the-first-of-a-set",
    ),
    pytest.param(set_matches_all, [DIR_SET], "satisfy dir", "rows do not", id="set-matches-all"),
    pytest.param(
        keeps("dir", lambda row, word: row["dir"] == word), [DIR_SET], " rows", "0 rows;", id="set-matches-nothing"
    ),
    pytest.param(
        shows(
            lambda row: {**row, "dir": "odd"} if row["id"] == FIRST_ID else row,
            keeps("dir", lambda row, word: is_meant(row, word) and row["id"] != FIRST_ID),
        ),
        [DIR_SHARES],
        "48 rows",
        "47 rows",
        id="row-of-no-word",
    ),
    pytest.param(
        rewrites("machines", numbers_between),
        [MACHINE_LIST],
        "only rows that satisfy machines",
        "5 of 10 rows do not",
        id="two-of-a-list-are-a-range",
    ),
    pytest.param(
        rewrites("machines", lambda value: value.partition(",")[0]),
        [MACHINE_LIST],
        # The list of the first and the last machine tells most; each has twelve calls.
        "24 rows",
        "12 rows; 12 that match are missing",
        id="only-the-first-of-a-list",
    ),
    pytest.param(list_matches_all, [MACHINE_LIST], "satisfy machines", "rows do not", id="list-matches-all"),
    pytest.param(
        rewrites("machines", lambda value: ",".join(value.split(",")[:2])),
        [MACHINE_LIST],
        "48 rows",
        "24 rows; 24 that match are missing",
        id="only-two-of-a-list",
    ),
    pytest.param(
        hidden(inbound_matches_all), [DIR], "fewer rows than without it", "all 48 rows", id="unshown-word-ignored"
    ),
    pytest.param(
        lists_internal_calls_by_their_word_alone,
        [DIR],
        "rows that the list",
        "rows that it does not hold",
        id="word-of-no-row-has-rows",
    ),
    pytest.param(
        hidden(rewrites("dir", lambda word: "in" if word == "in_out" else word)),
        [DIR_SET],
        "38 rows of in and out",
        "28 rows: 10 missing, 0 too many",
        id="unshown-set-cut",
    ),
    pytest.param(
        hidden(keeps("dir", lambda row, word: is_meant(row, word) or (word == "int" and row["dir"] == "out"))),
        [DIR],
        "no row that in_out keeps",
        "10 rows that in_out keeps",
        id="unshown-word-keeps-another-too",
    ),
    pytest.param(
        hidden(keeps("dir", lambda row, word: is_meant(row, word) or (word == "out" and row["dir"] == "in"))),
        [DIR_SHARES],
        "each row for one word",
        "28 rows for in and for out",
        id="unshown-words-overlap",
    ),
    pytest.param(
        hidden(keeps("dir", lambda row, word: is_meant(row, word) and (row["dir"] != "int" or row["id"] % 2 == 1))),
        [DIR_SHARES],
        "each row for one word",
        "rows for none of the words",
        id="unshown-word-loses-rows",
    ),
]


@pytest.mark.parametrize(("lie", "clauses", "expected", "actual"), DEVIATIONS)
def test_a_filter_that_deviates_fails_what_it_breaks_and_nothing_else(
    said: Callable[[Lie], Said], lie: Lie, clauses: list[str], expected: str, actual: str
) -> None:
    assert said(lie).failed == sorted(clauses)


@pytest.mark.parametrize(("lie", "clauses", "expected", "actual"), DEVIATIONS)
def test_a_finding_on_a_filter_says_what_was_due_and_what_came(
    said: Callable[[Lie], Said], lie: Lie, clauses: list[str], expected: str, actual: str
) -> None:
    told = said(lie).told[clauses[0]]
    assert (expected in told[0], actual in told[1]) == (True, True), told


# --- what is no failure ---------------------------------------------------------------------------------------


def test_a_filter_that_may_look_at_what_rows_show_only_passes_too(said: Callable[[Lie], Said]) -> None:
    assert said(keeps("reach", lambda row, value: row["who"] == value)).verdict(REACH) is Verdict.PASS


def test_filters_that_go_wrong_at_the_same_mark_fail_each_for_itself(said: Callable[[Lie], Said]) -> None:
    run = said(drops_percent_signs)
    assert (run.verdict(WHO), run.verdict(NAME)) == (Verdict.FAIL, Verdict.FAIL)


@pytest.mark.parametrize("clause", [FROM, UNTIL, WHO, NAME, DIR, DIR_SET, MACHINES, REACH])
def test_no_rows_exercise_no_filter(clause: str) -> None:
    assert of_rules(RULES, tern(filters=FILTERS), calls=0).verdict(clause) is Verdict.NOT_EXERCISED


@pytest.mark.parametrize(
    ("clause", "verdict"),
    [
        (FROM, Verdict.NOT_EXERCISED),
        (UNTIL, Verdict.NOT_EXERCISED),
        (MACHINE_LIST, Verdict.NOT_EXERCISED),
        (WHO, Verdict.PASS),
        (DIR, Verdict.PASS),
    ],
)
def test_one_row_exercises_words_and_texts_but_no_times_and_no_lists(clause: str, verdict: Verdict) -> None:
    assert of_rules(RULES, tern(filters=FILTERS), calls=1).verdict(clause) is verdict


# --- other specs ----------------------------------------------------------------------------------------------


def with_offsets() -> Spec:
    """Times are asked for with an offset from UTC."""
    return tern(
        NUMBERS,
        ("from: {as: local-time}", "from: {as: rfc3339}"),
        ("until: {as: local-time}", "until: {as: rfc3339}"),
        (
            f"keeps: at-or-after, clause: {FROM}",
            f"keeps: at-or-after, offsets-clause: {OFFSETS_OF_TIMES}, clause: {FROM}",
        ),
        filters=FILTERS,
    )


def with_zones() -> Spec:
    """A parameter names the zone of the times in the request."""
    return tern(
        NUMBERS,
        ("zone: {default: UTC}", f"zone: {{default: UTC, parameter: tz, clauses: {{shift: {ZONES}}}}}"),
        (
            "        blank: {means: absent",
            "        ranges: [{first: from, last: until, reversed: nothing}]\n        blank: {means: absent",
        ),
        filters=FILTERS,
        more=("tz",),
    )


def with_companions() -> Spec:
    """The machines are looked at only beside another filter."""
    change = ("{compares: machine, clause", "{compares: machine, applies-if-any: [who, dir], clause")
    return tern(NUMBERS, change, filters=FILTERS)


def of_an_older_version() -> Spec:
    """The server is older than the filter by machines."""
    versions = f'versions: {{order: ["1", "2"], serves: "1", older-clause: {OLDER}}}'
    return tern(
        NUMBERS,
        ("        zone: {default: UTC}", f"        zone: {{default: UTC}}\n        {versions}"),
        ("machines: {as: list, of", 'machines: {since: "2", as: list, of'),
        filters=FILTERS,
    )


def offsets_are_lost(given: Given, honest: Honest) -> Body:
    return honest({**given, "from": f"{given['from'][:19]}Z"} if "from" in given else given)


def machines_need_who(given: Given, honest: Honest) -> Body:
    return honest(without(given, "machines") if "dir" in given else given)


def is_refused_if_unknown(given: Given) -> bool:
    return "machines" in given


@pytest.mark.parametrize(
    ("spec", "lie", "clause", "verdict"),
    [
        (with_offsets, truth, OFFSETS_OF_TIMES, Verdict.PASS),
        (with_offsets, offsets_are_lost, OFFSETS_OF_TIMES, Verdict.FAIL),
        (with_zones, truth, ZONES, Verdict.PASS),
        (with_zones, ignores("tz"), ZONES, Verdict.FAIL),
        (with_companions, truth, MACHINES, Verdict.PASS),
        (with_companions, machines_need_who, MACHINES, Verdict.FAIL),
        (of_an_older_version, truth, MACHINES, Verdict.NOT_APPLICABLE),
        (of_an_older_version, truth, OLDER, Verdict.PASS),
        (of_an_older_version, refuses(is_refused_if_unknown), OLDER, Verdict.FAIL),
    ],
)
def test_what_a_filter_depends_on_is_put_to_the_test(
    spec: Callable[[], Spec], lie: Lie, clause: str, verdict: Verdict
) -> None:
    assert of_rules(RULES, spec(), lie).verdict(clause) is verdict


# --- a whole run ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lie", "failed"),
    [
        pytest.param(truth, [], id="honest"),
        pytest.param(keeps("from", lambda row, value: row["started"] > value), [FROM], id="from-exclusive"),
        pytest.param(keeps("who", lambda row, value: row["who"].startswith(value)), [WHO], id="prefix"),
    ],
)
def test_a_whole_run_blames_the_same_filter(lie: Lie, failed: list[str]) -> None:
    clauses = (FROM, UNTIL, WHO, NAME, MATCH, DIR, DIR_SET, DIR_SHARES, MACHINES, MACHINE_LIST, REACH)
    assert of_whole_run(tern(filters=FILTERS), lie, *clauses).failed == failed
