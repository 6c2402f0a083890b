"""Rules on totals and on pages of what filters keep: what each lie is found to break."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from rule_trials import (
    HONEST,
    Asked,
    Body,
    Lie,
    Outcome,
    Rule,
    deaf_to,
    tinphone,
    trial,
    unless_said,
)

from harness.check.results.findings import Verdict
from harness.check.rules.paging.totals import (
    check_filtered_pages,
    check_filters_by_encoding,
    check_full_combinations,
    check_totals,
)
from harness.specification.load import Spec

LISTING = """
fields:
  id: {shows: call_id, as: integer}
  started: {shows: started_at, as: local-time}
  who: {shows: source}
  dir: {shows: direction, as: word, words: {inbound: in, outbound: out, internal: int, transit: through}}
parameters:
  page: {as: integer, least: 0, default: 0}
  rows: {as: integer, least: 1, most: 500, default: 20}
  who: {}
  dir: {as: word}
  after: {as: local-time}
  total: {as: flag, default: true}
  down: {as: flag, default: false}
filters:
  who: {compares: who, clause: TI-LST-020}
  dir: {compares: dir, clause: TI-LST-021}
  after: {compares: started, keeps: at-or-after, clause: TI-LST-022}
conjunction-clause: TI-LST-023
no-match-clause: TI-LST-024
order: {by: started, direction: ascending, descending: down, clause: TI-LST-030, descending-clause: TI-LST-031}
paging:
  kind: page-number
  page: page
  size: rows
  default-size: 20
  clauses: {size: TI-LST-010, first: TI-LST-011, slice: TI-LST-012, partition: TI-LST-013}
total:
  at: /total
  switch:
    parameter: total
    "off": {open: [missing, none, zero], assumed: missing}
    clauses: {default: TI-LST-040, "off": TI-LST-041}
  clauses: {present: TI-LST-042, independent: TI-LST-043, sum: TI-LST-044, bound: TI-LST-045}
transport:
  carries: query
  also:
    form: {method: POST, carries: form, clause: TI-LST-050}
  answers: [application/json]
"""
CLAUSES = {
    "TI-LST-010": "no page holds more calls than rows",
    "TI-LST-011": "page 0 is the first",
    "TI-LST-012": "page selects a slice",
    "TI-LST-013": "the pages together are the list",
    "TI-LST-020": "who keeps the calls of that caller",
    "TI-LST-021": "dir keeps the calls of that direction",
    "TI-LST-022": "after keeps no call that began earlier",
    "TI-LST-023": "filters given together all hold",
    "TI-LST-024": "a list without matches is empty",
    "TI-LST-030": "the oldest call comes first",
    "TI-LST-031": "down=1 turns the order round",
    "TI-LST-040": "total is 1 when absent",
    "TI-LST-041": "total=0 leaves the total out",
    "TI-LST-042": "a success tells the total",
    "TI-LST-043": "the total does not depend on the page",
    "TI-LST-044": "the total counts the calls on all pages",
    "TI-LST-045": "the total is not below what was shown",
    "TI-LST-050": "the same by a form",
}
NAMES = ("page", "rows", "who", "dir", "after", "total", "down")

# The list of these trials, counted by hand: all calls, and those of the commonest direction.
ALL = 36
MOST = 16


OPEN_OFF = "{open: [missing, none, zero], assumed: missing}"


@cache
def with_totals(off: str = OPEN_OFF) -> Spec:
    """The API; `off` says how a total looks that is switched off."""
    return tinphone(parameters=NAMES, listing=LISTING.replace(OPEN_OFF, off), clauses=CLAUSES)


@cache
def tried(rule: Rule, lie: Lie = HONEST, *, calls: int = 60, off: str = "missing") -> Outcome:
    return trial(with_totals(), rule, lie=lie, calls=calls, dialect={"total.switch.off": off})


def filtered(asked: Asked) -> bool:
    return bool({"who", "dir", "after"} & asked.keys())


def later(asked: Asked) -> bool:
    return asked.get("page", "0") != "0"


def short(asked: Asked) -> bool:
    return int(asked.get("rows", "20")) < 3


def telling(total: Any, *, when: Any = filtered) -> Lie:
    """A server that tells this total; a function makes it from the right one."""

    def tells(asked: Asked, body: Body) -> Body:
        if not when(asked) or body["code"] != 0 or not isinstance(body.get("total"), int):
            return body
        return {**body, "total": total(body["total"]) if callable(total) else total}

    return Lie(tells=tells)


def of_the_page(asked: Asked, body: Body) -> Body:
    return {**body, "total": len(body["calls"])} if "total" in body else body


def left_out(asked: Asked, body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "total" or not filtered(asked)}


def with_the_number_of_the_page(asked: Asked, body: Body) -> Body:
    return {**body, "total": body["total"] + int(asked.get("page", "0"))} if "total" in body else body


def without_matches(asked: Asked) -> bool:
    return asked.get("who") == "no-such-value-9c1e"


def an_error_without_matches(asked: Asked, body: Body) -> Body:
    return {"code": 9, "message": "nothing there"} if without_matches(asked) else body


def no_calls_at_all_without_matches(asked: Asked, body: Body) -> Body:
    return {"code": 0, "total": 0} if without_matches(asked) else body


def all_calls_without_matches(asked: Asked) -> Asked:
    return deaf_to("who")(asked) if without_matches(asked) else asked


def one_total_said_and_another_not(asked: Asked, body: Body) -> Body:
    return body if filtered(asked) or "total" in asked or "rows" in asked else {**body, "total": body["total"] + 1}


def a_later_page_forgets(*names: str) -> Lie:
    return Lie(asks=lambda asked: deaf_to(*names)(asked) if later(asked) else asked)


def a_later_page_loses_its_number(asked: Asked) -> Asked:
    return {**asked, "page": "0"} if later(asked) and filtered(asked) else asked


def one_row_forgets(*names: str) -> Lie:
    return Lie(asks=lambda asked: deaf_to(*names)(asked) if asked.get("rows") == "1" else asked)


def longer_beside_a_filter(asked: Asked) -> Asked:
    return {**asked, "rows": "4"} if short(asked) and filtered(asked) else asked


def together(asked: Asked) -> bool:
    return len({"who", "dir", "after"} & asked.keys()) > 1


def the_second_of_two_is_forgotten(asked: Asked) -> Asked:
    kept = [name for name in asked if name in ("who", "dir", "after")]
    return deaf_to(*kept[1:])(asked)


def two_filters_forget_down(asked: Asked) -> Asked:
    return deaf_to("down")(asked) if together(asked) else asked


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rule and a lie, the clauses that are found broken, and a part of what the last of them tells."""

    rule: Rule = check_totals
    lie: Lie
    breaks: tuple[str, ...]
    expected: str
    actual: str
    off: str = "missing"


INTEGER = "an integer not below 0 at /total"
CASES = {
    # the total with a filter, without matches, and switched off
    "a total of all calls beside a filter": Case(
        lie=Lie(fault="TI-LST-043/total-ignores-filters"),
        breaks=("TI-LST-044", "TI-LST-043"),
        expected=f"a total of {MOST}",
        actual=f"a total of {ALL}",
    ),
    "a total of one more beside a filter": Case(
        lie=telling(lambda right: right + 1),
        breaks=("TI-LST-044", "TI-LST-043"),
        expected=f"a total of {MOST}",
        actual=f"a total of {MOST + 1}",
    ),
    "a total of one less beside a filter": Case(
        lie=telling(lambda right: right - 1),
        breaks=("TI-LST-042", "TI-LST-043", "TI-LST-044", "TI-LST-045"),
        expected=f"a total of at least {MOST}",
        actual=f"a total of {MOST - 1}",
    ),
    "a total of one more always, by the simulator's own fault": Case(
        lie=Lie(fault="TI-LST-044/total-one-more"),
        breaks=("TI-LST-044",),
        expected="a total of ",
        actual="a total of ",
    ),
    "a total as a text": Case(
        lie=telling(str, when=lambda asked: True), breaks=("TI-LST-042",), expected=INTEGER, actual=f"'{ALL}'"
    ),
    "a total that is none": Case(lie=telling(None), breaks=("TI-LST-042",), expected=INTEGER, actual="None"),
    "a total below nothing": Case(
        lie=telling(-1), breaks=("TI-LST-043", "TI-LST-044", "TI-LST-042"), expected=INTEGER, actual="-1"
    ),
    "a total with a fraction": Case(lie=telling(16.5), breaks=("TI-LST-042",), expected=INTEGER, actual="16.5"),
    "a total that is left out": Case(
        lie=Lie(tells=left_out), breaks=("TI-LST-042",), expected=INTEGER, actual="it is missing"
    ),
    "a total that is never told, by the simulator's own fault": Case(
        lie=Lie(fault="TI-LST-042/no-total"),
        breaks=("TI-LST-040", "TI-LST-042"),
        expected=INTEGER,
        actual="it is missing",
    ),
    "a total that is sent although it is switched off": Case(
        lie=Lie(asks=deaf_to("total")),
        breaks=("TI-LST-041",),
        expected="a total that is missing or none or zero",
        actual=f"total {ALL}",
    ),
    "a total that is only told when it is asked for": Case(
        lie=Lie(asks=unless_said(total="0")),
        breaks=("TI-LST-040", "TI-LST-042"),
        expected=INTEGER,
        actual="it is missing",
    ),
    "another total when nothing is said": Case(
        lie=Lie(tells=one_total_said_and_another_not),
        breaks=("TI-LST-040",),
        expected=f"the total {ALL}",
        actual=f"{ALL + 1}",
    ),
    "a total where nothing matches": Case(
        lie=telling(ALL, when=without_matches),
        breaks=("TI-LST-044",),
        expected="a total of 0",
        actual=f"a total of {ALL}",
    ),
    "a total of one where nothing matches": Case(
        lie=telling(1, when=without_matches), breaks=("TI-LST-044",), expected="a total of 0", actual="a total of 1"
    ),
    "all calls where nothing matches": Case(
        lie=Lie(asks=all_calls_without_matches),
        breaks=("TI-LST-024",),
        expected="only rows that satisfy who",
        actual="20 of 20",
    ),
    "an error where nothing matches": Case(
        lie=Lie(tells=an_error_without_matches), breaks=("TI-LST-024",), expected="a success", actual="the error 9"
    ),
    "no list where nothing matches": Case(
        lie=Lie(tells=no_calls_at_all_without_matches),
        # What is left out is understood as a list without rows.
        breaks=("TI-LST-002",),
        expected="a list at /calls",
        actual="it is missing",
    ),
    # pages of what filters keep
    "a total of the page": Case(
        rule=check_filtered_pages,
        lie=Lie(tells=of_the_page),
        breaks=("TI-LST-043",),
        expected=f"a total of {ALL}",
        actual="a total of 20",
    ),
    "a total that grows with the pages": Case(
        rule=check_filtered_pages,
        lie=Lie(tells=with_the_number_of_the_page),
        breaks=("TI-LST-043",),
        expected="a total of ",
        actual="a total of ",
    ),
    "a filter forgotten on a later page": Case(
        rule=check_filtered_pages,
        lie=a_later_page_forgets("dir"),
        breaks=("TI-LST-012",),
        expected="only rows that satisfy dir",
        actual="rows do not",
    ),
    "all filters forgotten on a later page": Case(
        rule=check_filtered_pages,
        lie=a_later_page_forgets("dir", "who", "after"),
        breaks=("TI-LST-012",),
        expected="only rows that satisfy ",
        actual="rows do not",
    ),
    "a later page of what a filter keeps that is the first": Case(
        rule=check_filtered_pages,
        lie=Lie(asks=a_later_page_loses_its_number),
        breaks=("TI-LST-012",),
        expected=" rows on this page",
        actual=" rows",
    ),
    "a filter forgotten on a page of one row": Case(
        rule=check_filtered_pages,
        lie=one_row_forgets("dir"),
        breaks=("TI-LST-021",),
        expected="only rows that satisfy dir",
        actual="1 of 1 rows do not",
    ),
    "more rows than asked beside a filter": Case(
        rule=check_filtered_pages,
        lie=Lie(asks=longer_beside_a_filter),
        breaks=("TI-LST-012", "TI-LST-010"),
        expected="at most ",
        actual="4 rows",
    ),
    # two filters, a small page and an order at once
    "the second of two filters forgotten": Case(
        rule=check_full_combinations,
        lie=Lie(asks=the_second_of_two_is_forgotten),
        breaks=("TI-LST-023",),
        expected="only rows that satisfy ",
        actual="rows do not",
    ),
    "an order forgotten beside two filters": Case(
        rule=check_full_combinations,
        lie=Lie(asks=two_filters_forget_down),
        breaks=("TI-LST-031",),
        expected="rows descending by started",
        actual="row 1 and row 2 stand the other way round",
    ),
    # filters in a request that is carried otherwise
    "a filter that is not read from a form": Case(
        rule=check_filters_by_encoding,
        lie=Lie(posts=deaf_to("dir")),
        breaks=("TI-LST-050",),
        expected="only rows that satisfy ",
        actual="rows do not",
    ),
    "no filter read from a form": Case(
        rule=check_filters_by_encoding,
        lie=Lie(posts=deaf_to("dir", "who", "after")),
        breaks=("TI-LST-050",),
        expected="only rows that satisfy ",
        actual="rows do not",
    ),
}


ELSEWHERE = "rows that stand on an earlier page are told as missing on this one, under their filter"
TABLE = [
    pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=ELSEWHERE))
    if name == "more rows than asked beside a filter"
    else name
    for name in CASES
]


@cache
def case_run(name: str) -> Outcome:
    case = CASES[name]
    return tried(case.rule, case.lie, off=case.off)


@pytest.mark.parametrize("name", TABLE)
def test_a_lie_about_totals_or_pages_breaks_its_clauses_alone(name: str) -> None:
    assert case_run(name).failed == tuple(sorted(CASES[name].breaks))


@pytest.mark.parametrize("name", CASES)
def test_a_finding_about_totals_or_pages_tells_what_was_due_and_what_came(name: str) -> None:
    case, outcome = CASES[name], case_run(name)
    told = outcome.expected(case.breaks[-1]), outcome.actual(case.breaks[-1])
    assert (case.expected in told[0], case.actual in told[1]) == (True, True), told


PROMISES = {
    check_totals: ("TI-LST-024", "TI-LST-040", "TI-LST-041", "TI-LST-042", "TI-LST-043", "TI-LST-044", "TI-LST-045"),
    check_filtered_pages: ("TI-LST-010", "TI-LST-012", "TI-LST-020", "TI-LST-021", "TI-LST-043"),
    check_full_combinations: ("TI-LST-023", "TI-LST-031"),
    check_filters_by_encoding: ("TI-LST-050",),
}
NOT_WITHOUT_ROWS = (
    "TI-LST-010",
    "TI-LST-012",
    "TI-LST-020",
    "TI-LST-021",
    "TI-LST-023",
    "TI-LST-031",
    "TI-LST-043",
    "TI-LST-045",
    "TI-LST-050",
)
PAIRS = [pytest.param(rule, clause, id=clause) for rule, clauses in PROMISES.items() for clause in clauses]


def test_the_list_has_as_many_calls_as_the_tables_count() -> None:
    assert tried(check_totals).report.rows_seen == ALL


@pytest.mark.parametrize(("rule", "clause"), PAIRS)
def test_totals_and_pages_as_documented_pass(rule: Rule, clause: str) -> None:
    assert tried(rule).verdict(clause) is Verdict.PASS


@pytest.mark.parametrize("rule", PROMISES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("calls", [0, 6, 8])
def test_totals_and_pages_of_hardly_any_rows_break_nothing(rule: Rule, calls: int) -> None:
    assert tried(rule, calls=calls).failed == ()


@pytest.mark.parametrize(("rule", "clause"), [pair for pair in PAIRS if pair.id in NOT_WITHOUT_ROWS])
def test_what_takes_rows_is_not_exercised_without_them(rule: Rule, clause: str) -> None:
    assert tried(rule, calls=0).verdict(clause) is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("clause", ["TI-LST-024", "TI-LST-040", "TI-LST-041", "TI-LST-042", "TI-LST-044"])
def test_what_an_empty_answer_can_show_passes_without_rows(clause: str) -> None:
    assert tried(check_totals, calls=0).verdict(clause) is Verdict.PASS


@pytest.mark.parametrize(("off", "verdict"), [("missing", Verdict.NOT_EXERCISED), (OPEN_OFF, Verdict.PASS)])
def test_a_total_of_nothing_does_not_tell_whether_it_is_switched_off(off: str, verdict: Verdict) -> None:
    outcome = trial(with_totals(off), check_totals, lie=Lie(asks=deaf_to("total")), calls=0)
    assert outcome.verdict("TI-LST-041") is verdict


def test_a_total_that_must_be_missing_and_is_none_is_not_switched_off() -> None:
    lie = Lie(tells=lambda asked, body: {"total": None, **body})
    assert trial(with_totals("missing"), check_totals, lie=lie).expected("TI-LST-041") == "a total that is missing"


@pytest.mark.parametrize("off", ["missing", "none", "zero"])
def test_how_a_total_looks_when_it_is_switched_off_is_learnt(off: str) -> None:
    assert tried(check_totals, off=off).report.dialect["total.switch.off"] == off


def test_a_run_of_all_rules_finds_a_total_of_one_more_under_the_clauses_on_totals_alone() -> None:
    broken = trial(with_totals(), lie=Lie(fault="TI-LST-044/total-one-more"), calls=30).failed
    assert broken == ("TI-LST-043", "TI-LST-044")
