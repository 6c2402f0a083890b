"""Rules on order: the one when nothing is said, the flag, every word of a sort. What each lie is found to break."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import count

import pytest
from rule_trials import (
    HONEST,
    Asked,
    Body,
    Lie,
    Outcome,
    Rule,
    as_if,
    deaf_to,
    tinphone,
    trial,
    unless_said,
)

from harness.check.results.findings import Verdict
from harness.check.rules.paging.ordering import check_default_order, check_sort_orders, check_unlimited_list
from harness.specification.load import Spec

LISTING = """
fields:
  id: {shows: call_id, as: integer}
  started: {shows: started_at, as: local-time}
  who: {shows: source}
  dir: {shows: direction, as: word, words: {inbound: in, outbound: out, internal: int, transit: through}}
  secs: {shows: talk_seconds, as: integer}
parameters:
  page: {as: integer, least: 0, default: 0}
  rows: {as: integer, least: 1, most: 500, default: 20}
  after: {as: local-time}
  until: {as: local-time}
  sort: {as: word, default: started}
  down: {as: flag, default: false}
filters:
  after: {compares: started, keeps: at-or-after, clause: TI-LST-020}
  until: {compares: started, keeps: at-or-before, clause: TI-LST-021}
order:
  by: started
  direction: ascending
  sort:
    parameter: sort
    words: {started: started, secs: secs, dir: dir, who: who}
    undocumented: [who]
    unknown: refused
    unknown-like: [nosuchfield]
    refused: [id]
    clauses: {words: TI-LST-033, undocumented: TI-LST-034, unknown: TI-LST-035, refused: TI-LST-036}
  descending: down
  clause: TI-LST-030
  descending-clause: TI-LST-031
  descending-default-clause: TI-LST-032
paging:
  kind: page-number
  page: page
  size: rows
  default-size: 20
  clauses: {size: TI-LST-010, first: TI-LST-011, slice: TI-LST-012, partition: TI-LST-013}
transport: {carries: query, answers: [application/json]}
"""
CLAUSES = {
    "TI-LST-010": "no page holds more calls than rows",
    "TI-LST-011": "page 0 is the first",
    "TI-LST-012": "page selects a slice",
    "TI-LST-013": "the pages together are the list",
    "TI-LST-020": "after keeps no call that began earlier",
    "TI-LST-021": "until keeps no call that began later",
    "TI-LST-030": "the oldest call comes first",
    "TI-LST-031": "down=1 turns the order round",
    "TI-LST-032": "down is 0 when absent",
    "TI-LST-033": "sort names the key of the order",
    "TI-LST-034": "who is a key, too",
    "TI-LST-035": "an unknown key is refused",
    "TI-LST-036": "id is no key",
}
# The list of these trials, counted by hand.
ALL = 36
NAMES = ("page", "rows", "after", "until", "sort", "down")


@cache
def with_order(*changes: tuple[str, str]) -> Spec:
    listing = LISTING
    for old, new in changes:
        assert listing.count(old) == 1, f"{old!r} occurs {listing.count(old)} times"
        listing = listing.replace(old, new)
    return tinphone(parameters=NAMES, listing=listing, clauses=CLAUSES)


@cache
def tried(rule: Rule, lie: Lie = HONEST, *, calls: int = 60) -> Outcome:
    return trial(with_order(), rule, lie=lie, calls=calls)


def scrambled(asked: Asked, body: Body) -> Body:
    if "calls" not in body:
        return body
    return {**body, "calls": sorted(body["calls"], key=lambda row: str(row["id"])[::-1])}


def two_rows_swapped(asked: Asked, body: Body) -> Body:
    rows = body["calls"]
    return {**body, "calls": [*rows[:3], rows[4], rows[3], *rows[5:]]} if len(rows) > 5 else body


def down_when_it_is_said_to_be_off(asked: Asked) -> Asked:
    return {**asked, "down": "1"} if asked.get("down") == "0" else asked


def no_more_than_ten(asked: Asked) -> Asked:
    return {**asked, "rows": str(min(10, int(asked.get("rows", "20"))))}


def on_one_day(body: Body) -> Body:
    """Every call at the same midnight: all rows tie."""
    if "calls" not in body:
        return body
    return {**body, "calls": [{**row, "started": "2026-03-11 00:00:00"} for row in body["calls"]]}


def ties_in_any_order() -> Lie:
    """Rows that tie, in another order in every answer; what comes is the whole list, so pages lose nothing."""
    numbers = count()

    def tells(asked: Asked, body: Body) -> Body:
        body, turn = on_one_day(body), next(numbers) % 5
        return {**body, "calls": [*body["calls"][turn:], *body["calls"][:turn]]}

    return Lie(tells=tells)


def ties_in_an_order_of_their_own(asked: Asked, body: Body) -> Body:
    return scrambled(asked, on_one_day(body))


def a_row_missing_once() -> Lie:
    """The sixth row is left out of one answer: the second to a plain request after the flag was said to be off."""
    plain: list[int] = []

    def tells(asked: Asked, body: Body) -> Body:
        if "down" in asked:
            plain.append(0)
        elif plain:
            plain[0] += 1
        return {**body, "calls": [*body["calls"][:5], *body["calls"][6:]]} if plain == [2] else body

    return Lie(tells=tells)


def the_other_way_whatever_is_asked(asked: Asked) -> Asked:
    return {**asked, "down": "0" if asked.get("down") == "1" else "1"}


def a_reversed_page(asked: Asked, body: Body) -> Body:
    return {**body, "calls": body["calls"][::-1]} if asked.get("down-of-the-page") == "1" else body


def down_turns_only_the_page(asked: Asked) -> Asked:
    return {**deaf_to("down")(asked), "down-of-the-page": asked.get("down", "0")}


def down_forgotten_beside_a_sort(asked: Asked) -> Asked:
    return deaf_to("down")(asked) if "sort" in asked else asked


def a_sort_goes_the_other_way(asked: Asked) -> Asked:
    return the_other_way_whatever_is_asked(asked) if "sort" in asked else asked


def a_sort_by_secs_goes_the_other_way(asked: Asked) -> Asked:
    return the_other_way_whatever_is_asked(asked) if asked.get("sort") == "secs" else asked


def numbers_sorted_as_texts(asked: Asked, body: Body) -> Body:
    if asked.get("sort") != "secs" or "calls" not in body:
        return body
    rows = sorted(body["calls"], key=lambda row: str(row["secs"]), reverse=asked.get("down") == "1")
    return {**body, "calls": rows}


def a_sort_loses_rows(asked: Asked, body: Body) -> Body:
    return {**body, "calls": body["calls"][2:]} if asked.get("sort") == "secs" else body


def a_sort_is_an_error(asked: Asked, body: Body) -> Body:
    return {"code": 9, "message": "no order today"} if asked.get("sort") == "secs" else body


def ties_of_a_sort_by_id(asked: Asked, body: Body) -> Body:
    key = asked.get("sort", "started")
    if "calls" not in body or key not in ("secs", "dir"):
        return body
    rows = sorted(body["calls"], key=lambda row: row["id"], reverse=True)
    return {**body, "calls": sorted(rows, key=lambda row: row[key], reverse=asked.get("down") == "1")}


def unknown_words_are_the_default(asked: Asked) -> Asked:
    return asked if asked.get("sort") in ("started", "secs", "dir", "who") else deaf_to("sort")(asked)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rule and a lie, the clauses that are found broken, and a part of what the last of them tells."""

    rule: Rule
    lie: Lie
    breaks: tuple[str, ...]
    expected: str
    actual: str
    calls: int = 60


TURNED = "row 1 and row 2 stand the other way round"
CASES = {
    "the order reversed where nothing is said": Case(
        rule=check_default_order,
        lie=Lie(fault="TI-LST-030/reversed"),
        breaks=("TI-LST-032",),
        expected="rows ascending by started",
        actual=TURNED,
    ),
    "the order reversed whatever is said": Case(
        rule=check_default_order,
        lie=Lie(asks=the_other_way_whatever_is_asked),
        breaks=("TI-LST-030",),
        expected="rows ascending by started",
        actual=TURNED,
    ),
    "no order at all": Case(
        rule=check_default_order,
        lie=Lie(tells=scrambled),
        breaks=("TI-LST-030",),
        expected="rows ascending by started",
        actual="stand the other way round",
    ),
    "an order by another field": Case(
        rule=check_default_order,
        lie=Lie(fault="TI-LST-030/sorted-by-who"),
        breaks=("TI-LST-030",),
        expected="rows ascending by started",
        actual="stand the other way round",
    ),
    "two neighbours swapped": Case(
        rule=check_default_order,
        lie=Lie(tells=two_rows_swapped),
        breaks=("TI-LST-030",),
        expected="rows ascending by started",
        actual="row 4 and row 5 stand the other way round",
    ),
    "descending by default": Case(
        rule=check_default_order,
        lie=Lie(asks=unless_said(down="1")),
        breaks=("TI-LST-032",),
        expected="rows ascending by started",
        actual=TURNED,
    ),
    "descending when it is said not to be": Case(
        rule=check_default_order,
        lie=Lie(asks=down_when_it_is_said_to_be_off),
        breaks=("TI-LST-032",),
        expected="rows ascending by started",
        actual=TURNED,
    ),
    "pages shorter than asked": Case(
        rule=check_default_order,
        lie=Lie(asks=no_more_than_ten),
        breaks=("TI-LST-010",),
        expected="rows on a page, or the last ones",
        actual="10 rows, and more on the next page",
    ),
    "ties in another order in every answer": Case(
        rule=check_default_order,
        lie=ties_in_any_order(),
        breaks=("TI-LST-030",),
        expected="the same rows in the same order",
        actual="other rows or another order",
    ),
    "a row missing once": Case(
        rule=check_default_order,
        lie=a_row_missing_once(),
        calls=200,
        breaks=("TI-LST-013",),
        expected="the same rows in the same order",
        actual="a row that is missing once and there before and after",
    ),
    "the flag ignored": Case(
        rule=check_sort_orders,
        lie=Lie(asks=deaf_to("down")),
        breaks=("TI-LST-031",),
        expected="rows descending by started",
        actual=TURNED,
    ),
    "the flag always on": Case(
        rule=check_sort_orders,
        lie=Lie(asks=as_if(down="1")),
        breaks=("TI-LST-033", "TI-LST-034", "TI-LST-032"),
        expected="rows ascending by started",
        actual=TURNED,
    ),
    "the flag turns only the page": Case(
        rule=check_sort_orders,
        lie=Lie(asks=down_turns_only_the_page, tells=a_reversed_page),
        breaks=("TI-LST-031",),
        expected="of the sorted list",
        actual="other rows, from place 1 of the page on",
    ),
    "the flag forgotten beside a sort": Case(
        rule=check_sort_orders,
        lie=Lie(asks=down_forgotten_beside_a_sort),
        breaks=("TI-LST-031",),
        expected="rows descending by ",
        actual="stand the other way round",
    ),
    "every word of the sort ignored": Case(
        rule=check_sort_orders,
        lie=Lie(fault="TI-LST-033/sort-ignored"),
        breaks=("TI-LST-034", "TI-LST-035", "TI-LST-036", "TI-LST-033"),
        expected="rows ascending by ",
        actual="stand the other way round",
    ),
    "one word of the sort ignored": Case(
        rule=check_sort_orders,
        lie=Lie(fault="TI-LST-033/sort-dir-ignored"),
        breaks=("TI-LST-033",),
        expected="rows ascending by dir",
        actual="stand the other way round",
    ),
    "every sort goes the other way": Case(
        rule=check_sort_orders,
        lie=Lie(asks=a_sort_goes_the_other_way),
        breaks=("TI-LST-034", "TI-LST-033"),
        expected="rows ascending by ",
        actual="stand the other way round",
    ),
    "one sort goes the other way": Case(
        rule=check_sort_orders,
        lie=Lie(asks=a_sort_by_secs_goes_the_other_way),
        breaks=("TI-LST-033",),
        expected="rows ascending by secs",
        actual="stand the other way round",
    ),
    "numbers sorted as texts": Case(
        rule=check_sort_orders,
        lie=Lie(tells=numbers_sorted_as_texts),
        breaks=("TI-LST-033",),
        expected="rows ascending by secs",
        actual="stand the other way round",
    ),
    "a sort that loses rows": Case(
        rule=check_sort_orders,
        lie=Lie(tells=a_sort_loses_rows),
        breaks=("TI-LST-033",),
        expected=f"{ALL} rows",
        actual="2 that match are missing",
    ),
    "a word of the sort that is an error": Case(
        rule=check_sort_orders,
        lie=Lie(tells=a_sort_is_an_error),
        breaks=("TI-LST-033",),
        expected="a success",
        actual="the error 9",
    ),
    "a word that is not documented refused": Case(
        rule=check_sort_orders,
        lie=Lie(fault="TI-LST-034/who-refused"),
        breaks=("TI-LST-034",),
        expected="a success",
        actual="the error 9",
    ),
    "an unknown word accepted": Case(
        rule=check_sort_orders,
        lie=Lie(fault="TI-LST-035/sort-unknown-ignored"),
        breaks=("TI-LST-035", "TI-LST-036"),
        expected="an error (invalid)",
        actual="a success with 20 rows",
    ),
    "a word that must be refused accepted": Case(
        rule=check_sort_orders,
        lie=Lie(fault="TI-LST-036/sort-refused-ignored"),
        breaks=("TI-LST-036",),
        expected="an error (invalid)",
        actual="a success with 20 rows",
    ),
    "every wrong word accepted": Case(
        rule=check_sort_orders,
        lie=Lie(asks=unknown_words_are_the_default),
        breaks=("TI-LST-035", "TI-LST-036"),
        expected="an error (invalid)",
        actual="a success with 20 rows",
    ),
}


BY_DEFAULT = "a list that is reversed also where the flag is off is told under the default of the flag"
TABLE = [
    pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=BY_DEFAULT))
    if name == "the order reversed whatever is said"
    else name
    for name in CASES
]


@cache
def case_run(name: str) -> Outcome:
    return tried(CASES[name].rule, CASES[name].lie, calls=CASES[name].calls)


@pytest.mark.parametrize("name", TABLE)
def test_a_lie_about_order_breaks_its_clauses_alone(name: str) -> None:
    assert case_run(name).failed == tuple(sorted(CASES[name].breaks))


@pytest.mark.parametrize("name", TABLE)
def test_a_finding_about_order_tells_what_was_due_and_what_came(name: str) -> None:
    case, outcome = CASES[name], case_run(name)
    told = outcome.expected(case.breaks[-1]), outcome.actual(case.breaks[-1])
    assert (case.expected in told[0], case.actual in told[1]) == (True, True), told


PROMISES = {
    check_default_order: ("TI-LST-030", "TI-LST-032"),
    check_sort_orders: ("TI-LST-031", "TI-LST-033", "TI-LST-034", "TI-LST-035", "TI-LST-036"),
}
PAIRS = [(rule, clause) for rule, clauses in PROMISES.items() for clause in clauses]


def test_the_list_has_as_many_calls_as_the_table_counts() -> None:
    assert tried(check_default_order).report.rows_seen == ALL


@pytest.mark.parametrize(("rule", "clause"), PAIRS)
def test_an_order_as_documented_passes(rule: Rule, clause: str) -> None:
    assert tried(rule).verdict(clause) is Verdict.PASS


@pytest.mark.parametrize("calls", [0, 6])
@pytest.mark.parametrize(("rule", "clause"), PAIRS)
def test_the_order_of_fewer_than_two_rows_is_not_exercised(rule: Rule, clause: str, calls: int) -> None:
    assert tried(rule, calls=calls).verdict(clause) is Verdict.NOT_EXERCISED


@pytest.mark.parametrize(("rule", "clause"), PAIRS)
def test_the_order_of_two_rows_passes(rule: Rule, clause: str) -> None:
    assert tried(rule, calls=8).verdict(clause) is Verdict.PASS


def test_ties_in_a_steady_order_of_their_own_break_nothing() -> None:
    assert tried(check_default_order, Lie(tells=ties_in_an_order_of_their_own)).failed == ()


def test_ties_of_a_sort_in_any_steady_order_break_nothing() -> None:
    assert tried(check_sort_orders, Lie(tells=ties_of_a_sort_by_id)).failed == ()


def all_in_one_direction(asked: Asked, body: Body) -> Body:
    return {**body, "calls": [{**row, "dir": "in"} for row in body["calls"]]} if "calls" in body else body


def test_a_sort_by_what_all_rows_share_breaks_nothing() -> None:
    assert tried(check_sort_orders, Lie(tells=all_in_one_direction)).failed == ()


# --- other listings: open choices, signs, limits ------------------------------------------------------------------

UNKNOWN = "    unknown: refused\n"
OPEN = "    unknown: {open: [refused, default], assumed: refused}\n"


@cache
def open_run(answer: str) -> Outcome:
    return trial(with_order((UNKNOWN, OPEN)), check_sort_orders, dialect={"order.sort.unknown": answer})


@pytest.mark.parametrize("answer", ["refused", "default"])
def test_what_an_unknown_word_gets_is_learnt(answer: str) -> None:
    assert open_run(answer).report.dialect["order.sort.unknown"] == answer


@pytest.mark.parametrize("answer", ["refused", "default"])
def test_an_unknown_word_whose_answer_is_open_breaks_nothing(answer: str) -> None:
    assert open_run(answer).failed == ()


def test_an_unknown_word_whose_answer_is_open_may_not_mean_another_word() -> None:
    lie = Lie(asks=lambda asked: {**asked, "sort": "secs"} if asked.get("sort") == "nosuchfield" else asked)
    assert trial(with_order((UNKNOWN, OPEN)), check_sort_orders, lie=lie).failed == ("TI-LST-033",)


SIGNED = ("    parameter: sort\n", "    parameter: sort\n    signed: true\n")


def the_sign_is_not_read(asked: Asked) -> Asked:
    return {**asked, "sort": asked["sort"].lstrip("-")} if "sort" in asked else asked


def test_words_with_a_sign_pass() -> None:
    assert trial(with_order(SIGNED), check_sort_orders).verdict("TI-LST-033") is Verdict.PASS


NO_FLAG = (("  descending: down\n", ""), ("  descending-clause: TI-LST-031\n", ""))
NO_FLAG_BY_DEFAULT = ("  descending-default-clause: TI-LST-032\n", "")


def test_a_sign_that_is_not_read_breaks_the_clause_on_words() -> None:
    spec = with_order(SIGNED, *NO_FLAG, NO_FLAG_BY_DEFAULT)
    assert trial(spec, check_sort_orders, lie=Lie(asks=the_sign_is_not_read)).failed == ("TI-LST-033", "TI-LST-034")


def test_a_sign_that_is_not_read_beside_a_flag_breaks_the_clauses_on_words_as_well() -> None:
    broken = trial(with_order(SIGNED), check_sort_orders, lie=Lie(asks=the_sign_is_not_read)).failed
    assert broken == ("TI-LST-033", "TI-LST-034")


PAGED = LISTING[LISTING.index("paging:") : LISTING.index("transport:")]
LIMITED = """\
paging:
  kind: limit
  size: rows
  clauses: {size: TI-LST-010, size-default: TI-LST-011, prefix: TI-LST-012}
"""
NO_DEFAULT = ("  rows: {as: integer, least: 1, most: 500, default: 20}\n", "  rows: {as: integer, least: 1}\n")


def only_ten_without_a_limit(asked: Asked, body: Body) -> Body:
    return body if "rows" in asked else {**body, "calls": body["calls"][:10]}


def limited_run(lie: Lie = HONEST, *, calls: int = 60) -> Outcome:
    return trial(with_order((PAGED, LIMITED), NO_DEFAULT), check_unlimited_list, lie=lie, calls=calls)


def test_a_list_that_is_whole_without_a_limit_breaks_nothing() -> None:
    assert limited_run().failed == ()


def test_a_list_that_is_cut_without_a_limit_breaks_the_clause_on_none() -> None:
    assert limited_run(Lie(tells=only_ten_without_a_limit)).failed == ("TI-LST-011",)


def test_a_list_that_is_cut_without_a_limit_is_told_by_what_is_missing() -> None:
    outcome = limited_run(Lie(tells=only_ten_without_a_limit))
    assert outcome.actual("TI-LST-011") == f"{ALL - 10} of them are missing"


def test_a_list_without_rows_does_not_tell_whether_it_is_cut() -> None:
    assert limited_run(calls=0).verdict("TI-LST-011") is Verdict.NOT_EXERCISED


# --- all rules ----------------------------------------------------------------------------------------------------


def test_a_run_of_all_rules_finds_a_flag_that_is_ignored_under_its_clause_alone() -> None:
    assert trial(with_order(), lie=Lie(fault="TI-LST-031/down-ignored"), calls=30).failed == ("TI-LST-031",)
