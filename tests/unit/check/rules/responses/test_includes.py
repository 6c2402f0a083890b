"""Rules on parts that come and go: includes, counts in place of rows, versions. What each lie is found to break."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import pytest
from rule_trials import (
    HONEST,
    Asked,
    Body,
    Lie,
    Outcome,
    as_if,
    deaf_to,
    tinphone,
    trial,
    unless_said,
)

from harness.check.probe.count_only import check_count_only
from harness.check.results.findings import Verdict
from harness.check.rules.responses.includes import check_includes
from harness.check.rules.responses.version_detection import check_versions
from harness.specification.load import Spec

# --- includes: `names` is off by default, `times` is on -------------------------------------------------------

PARTS = """
fields:
  id: {shows: call_id, as: integer}
  started: {shows: started_at, as: epoch-seconds}
  who: {shows: source}
  dir: {shows: direction, as: word, words: {inbound: in, outbound: out, internal: int, transit: through}}
  secs: {shows: talk_seconds, as: integer}
  ended: {shows: ended_at, as: epoch-seconds, tolerates: [missing]}
  whom: {shows: destination, optional: true}
parameters:
  page: {as: integer, least: 0, default: 0}
  rows: {as: integer, least: 1, most: 500, default: 20}
  dir: {as: word}
  names: {as: flag, default: false}
  times: {as: flag, default: true}
filters:
  dir: {compares: dir, clause: TI-LST-013}
order: {by: started, direction: ascending}
paging:
  kind: page-number
  page: page
  size: rows
  default-size: 20
  clauses: {size: TI-LST-010, first: TI-LST-011, slice: TI-LST-012}
includes:
  - {parameter: names, adds: whom, clauses: {"on": TI-LST-020, "off": TI-LST-021, default: TI-LST-022}}
  - {parameter: times, adds: ended, clauses: {"on": TI-LST-030, "off": TI-LST-031, default: TI-LST-032}}
transport: {carries: query, answers: [application/json]}
"""
PART_CLAUSES = {
    "TI-LST-010": "no page holds more calls than rows",
    "TI-LST-011": "page 0 is the first",
    "TI-LST-012": "page selects a slice",
    "TI-LST-013": "dir keeps the calls of that direction",
    "TI-LST-020": "names=1 adds whom",
    "TI-LST-021": "names=0 leaves whom out",
    "TI-LST-022": "names is 0 when absent",
    "TI-LST-030": "times=1 adds ended",
    "TI-LST-031": "times=0 leaves ended out",
    "TI-LST-032": "times is 1 when absent",
}
SWITCHES = ("TI-LST-020", "TI-LST-021", "TI-LST-022", "TI-LST-030", "TI-LST-031", "TI-LST-032")


@cache
def with_parts(adds: str = "adds: whom") -> Spec:
    listing = PARTS.replace("parameter: names, adds: whom", f"parameter: names, {adds}")
    return tinphone(parameters=("page", "rows", "dir", "names", "times"), listing=listing, clauses=PART_CLAUSES)


@cache
def parts_tried(lie: Lie = HONEST, *, calls: int = 60, adds: str = "adds: whom") -> Outcome:
    return trial(with_parts(adds), check_includes, lie=lie, calls=calls)


def named(asked: Asked) -> bool:
    return asked.get("names") == "1"


def timed(asked: Asked) -> bool:
    return asked.get("times") != "0"


def calls_with_even_ids_lack_ended(asked: Asked, body: Body) -> Body:
    for row in body["calls"]:
        if row["id"] % 2 == 0:
            row.pop("ended", None)
    return body


def calls_with_even_ids_lack_whom(asked: Asked, body: Body) -> Body:
    for row in body["calls"]:
        if row["id"] % 2 == 0:
            row.pop("whom", None)
    return body


def names_make_calls_longer(asked: Asked, body: Body) -> Body:
    for row in body["calls"]:
        row["secs"] += named(asked)
    return body


def times_show_other_callers(asked: Asked, body: Body) -> Body:
    for row in body["calls"] if timed(asked) else ():
        row["who"] = f"{row['who']}0"
    return body


def names_bring_ended(asked: Asked, body: Body) -> Body:
    for row in body["calls"] if named(asked) else ():
        row.setdefault("ended", row["started"] + 1)
    return body


def names_lose_rows(asked: Asked, body: Body) -> Body:
    return {**body, "calls": body["calls"][:-2]} if named(asked) else body


def times_lose_rows(asked: Asked, body: Body) -> Body:
    # Only where `names` is said: else the list that is read first would lack them, too.
    return {**body, "calls": body["calls"][:-2]} if asked.get("times") == "1" and "names" not in asked else body


def a_filter_forgets_names(asked: Asked) -> Asked:
    return {**asked, "names": "0"} if "dir" in asked else asked


def times_take_the_place_of_names(asked: Asked) -> Asked:
    return {**asked, "names": "0"} if asked.get("times") == "1" else asked


def whom_is_blank_when_left_out(asked: Asked, body: Body) -> Body:
    for row in body["calls"]:
        row.setdefault("whom", "")
    return body


def whom_has_another_name(asked: Asked, body: Body) -> Body:
    for row in body["calls"]:
        if "whom" in row:
            row["callee"] = row.pop("whom")
    return body


def rows_that_change(*, since_times_were_switched_off: bool) -> Lie:
    """Rows that show other numbers in every answer, from the first or from the first without `ended`."""
    numbers = count()
    begun = [not since_times_were_switched_off]

    def tells(asked: Asked, body: Body) -> Body:
        begun[0] = begun[0] or not timed(asked)
        for row in body["calls"] if begun[0] else ():
            row["secs"] += next(numbers)
        return body

    return Lie(tells=tells)


def names_bring_callees(asked: Asked, body: Body) -> Body:
    for row in body["calls"] if named(asked) else ():
        row["callee"] = "200"
    return body


def names_are_an_error(asked: Asked, body: Body) -> Body:
    return {"code": 9, "message": "no names today"} if named(asked) else body


@dataclass(frozen=True, kw_only=True)
class Case:
    """A lie, the clauses that are found broken, and a part of what the last of them tells."""

    lie: Lie
    breaks: tuple[str, ...]
    expected: str
    actual: str
    calls: int = 60
    more: dict[str, Any] = field(default_factory=dict)


PART_CASES = {
    "a switch that is lost beside another": Case(
        lie=Lie(asks=times_take_the_place_of_names),
        breaks=("TI-LST-020",),
        expected="the part in the rows that show it otherwise, also beside times",
        actual="36 rows without it",
    ),
    "a switch that is ignored": Case(
        lie=Lie(asks=deaf_to("names")),
        breaks=("TI-LST-020",),
        expected="the fields whom",
        actual="no further field in any row",
    ),
    "a part that never comes, by the simulator's own fault": Case(
        lie=Lie(fault="TI-LST-030/times-never"),
        breaks=("TI-LST-030",),
        expected="the fields ended",
        actual="no further field in any row",
    ),
    "a part that always comes": Case(
        lie=Lie(asks=as_if(names="1")),
        breaks=("TI-LST-021",),
        expected="rows without it",
        actual="whom beside times",
    ),
    "a switch on by default that cannot be switched off": Case(
        lie=Lie(asks=deaf_to("times")),
        breaks=("TI-LST-031",),
        expected="rows without the part",
        actual="rows have it",
    ),
    "off by default turned on": Case(
        lie=Lie(asks=unless_said(names="1")),
        # The other switch is asked for without a word on this one: that it is off when it is said to be is not seen.
        breaks=("TI-LST-021", "TI-LST-022"),
        expected="the same as off",
        actual="rows with the part",
    ),
    "on by default turned off": Case(
        lie=Lie(asks=unless_said(times="0")),
        breaks=("TI-LST-032",),
        expected="the same as on",
        actual="rows without the part",
    ),
    "a part left out of half of the rows": Case(
        lie=Lie(tells=calls_with_even_ids_lack_ended),
        breaks=("TI-LST-030",),
        expected="the part in every row",
        actual="rows without it",
    ),
    "another field changed, too": Case(
        lie=Lie(tells=names_make_calls_longer),
        breaks=("TI-LST-020",),
        expected="the same other fields",
        actual="other values in secs",
    ),
    "another field changed by a switch that is on by default": Case(
        lie=Lie(tells=times_show_other_callers),
        breaks=("TI-LST-030",),
        expected="the same other fields",
        actual="other values in who",
    ),
    "the part of another switch, too": Case(
        lie=Lie(tells=names_bring_ended),
        breaks=("TI-LST-031",),
        expected="rows without it",
        actual="ended beside names",
    ),
    "rows lost by a switch": Case(
        lie=Lie(tells=names_lose_rows),
        breaks=("TI-LST-020",),
        expected="the same rows",
        actual="2 of ",
    ),
    "rows lost by a switch that is said to be on, as it is by default": Case(
        lie=Lie(tells=times_lose_rows),
        breaks=("TI-LST-030",),
        expected="the same rows",
        actual="2 of ",
    ),
    "a switch that is forgotten beside a filter": Case(
        lie=Lie(asks=a_filter_forgets_names),
        breaks=("TI-LST-020",),
        expected="the part in the rows that show it otherwise, also with a filter",
        actual="rows without it",
    ),
    "no further field where any would do": Case(
        lie=Lie(asks=deaf_to("names")),
        breaks=("TI-LST-020",),
        expected="further fields",
        actual="no further field in any row",
        more={"adds": "adds: whom, any-names: true"},
    ),
    "a documented part under another name": Case(
        lie=Lie(tells=whom_has_another_name),
        breaks=("TI-LST-020",),
        expected="the fields whom",
        actual="no further field in any row",
    ),
}


@cache
def part_case(name: str) -> Outcome:
    case = PART_CASES[name]
    return parts_tried(case.lie, calls=case.calls, **case.more)


@pytest.mark.parametrize("name", PART_CASES)
def test_a_lie_about_a_part_breaks_its_clause_alone(name: str) -> None:
    assert part_case(name).failed == PART_CASES[name].breaks


@pytest.mark.parametrize("name", PART_CASES)
def test_a_finding_about_a_part_tells_what_was_due_and_what_came(name: str) -> None:
    case, outcome = PART_CASES[name], part_case(name)
    told = outcome.expected(case.breaks[-1]), outcome.actual(case.breaks[-1])
    assert (case.expected in told[0], case.actual in told[1]) == (True, True), told


@pytest.mark.parametrize("clause", SWITCHES)
def test_parts_that_come_and_go_as_documented_pass(clause: str) -> None:
    assert parts_tried().verdict(clause) is Verdict.PASS


@pytest.mark.parametrize("clause", SWITCHES)
def test_parts_of_a_list_without_rows_are_not_exercised(clause: str) -> None:
    assert parts_tried(calls=0).verdict(clause) is Verdict.NOT_EXERCISED


@pytest.mark.parametrize(
    ("lie", "adds"),
    [
        pytest.param(
            Lie(tells=calls_with_even_ids_lack_whom), "adds: whom", id="an optional part in half of the rows"
        ),
        pytest.param(Lie(tells=whom_is_blank_when_left_out), "adds: whom", id="a part that is blank when left out"),
        pytest.param(Lie(tells=whom_has_another_name), "adds: whom, any-names: true", id="a part under another name"),
        pytest.param(Lie(tells=names_bring_callees), "adds: []", id="a part of which no field is named"),
    ],
)
def test_what_a_part_may_look_like_breaks_nothing(lie: Lie, adds: str) -> None:
    outcome = parts_tried(lie, adds=adds)
    assert (outcome.failed, outcome.verdict("TI-LST-020")) == ((), Verdict.PASS)


def test_rows_that_always_change_blame_no_switch() -> None:
    assert parts_tried(rows_that_change(since_times_were_switched_off=False)).failed == ()


def test_rows_that_change_while_a_switch_is_tried_leave_its_clause_undecided() -> None:
    outcome = parts_tried(rows_that_change(since_times_were_switched_off=True))
    assert (outcome.failed, outcome.verdict("TI-LST-020")) == ((), Verdict.INCONCLUSIVE)


def test_rows_that_change_while_a_switch_is_tried_are_given_as_the_reason() -> None:
    assert "data-changed" in parts_tried(rows_that_change(since_times_were_switched_off=True)).reason("TI-LST-020")


@pytest.mark.parametrize("clause", SWITCHES)
def test_a_switch_that_gets_an_error_leaves_all_switches_unexercised(clause: str) -> None:
    assert parts_tried(Lie(tells=names_are_an_error)).verdict(clause) is Verdict.NOT_EXERCISED


# --- count-only: a number in place of the rows -----------------------------------------------------------------

COUNTS = """
fields:
  id: {shows: call_id, as: integer}
  started: {shows: started_at, as: epoch-seconds}
  who: {shows: source}
  dir: {shows: direction, as: word, words: {inbound: in, outbound: out, internal: int, transit: through}}
parameters:
  most: {as: integer, least: 0, default: 0, since: "2"}
  who: {since: "2"}
  dir: {as: word}
  count: {as: flag, default: false, since: "2"}
filters:
  who: {compares: who, clause: TI-LST-014}
  dir: {compares: dir, words: {in_out: [in, out]}, clause: TI-LST-013}
order: {by: started, direction: ascending}
paging:
  kind: limit
  size: most
  all: 0
  clauses: {size: TI-LST-010, size-default: TI-LST-011, prefix: TI-LST-012}
count-only:
  parameter: count
  shape: {open: [integer, digits, object, list-of-object], assumed: integer}
  ignores: [most]
  clauses: {"on": TI-LST-040, default: TI-LST-041, ignores: TI-LST-042}
transport: {carries: query, answers: [application/json]}
"""
VERSIONS = """
versions:
  order: ["1", "2"]
  serves: {open: ["1", "2"], assumed: "2"}
  older-clause: TI-LST-050
"""
COUNT_CLAUSES = {
    "TI-LST-010": "no answer holds more calls than most",
    "TI-LST-011": "most is 0 when absent, which means all",
    "TI-LST-012": "limited calls are the first ones",
    "TI-LST-013": "dir keeps the calls of that direction",
    "TI-LST-014": "who keeps the calls of that caller",
    "TI-LST-040": "count=1 gives the number of calls in their place",
    "TI-LST-041": "count is 0 when absent",
    "TI-LST-042": "most has no effect beside count=1",
}
COUNTING = ("TI-LST-040", "TI-LST-041", "TI-LST-042")


@cache
def with_counts() -> Spec:
    """The API where no parameter came later than others."""
    listing = COUNTS.replace(', since: "2"', "").replace('since: "2"', "")
    return tinphone(parameters=("most", "who", "dir", "count"), listing=listing, clauses=COUNT_CLAUSES)


@cache
def with_versions() -> Spec:
    clauses = {**COUNT_CLAUSES, "TI-LST-050": "a server of version 1 knows fewer parameters"}
    return tinphone(parameters=("most", "who", "dir", "count"), listing=COUNTS + VERSIONS, clauses=clauses)


@cache
def counts_tried(lie: Lie = HONEST, *, calls: int = 60, shape: str = "integer") -> Outcome:
    return trial(with_counts(), check_count_only, lie=lie, calls=calls, dialect={"count-only.shape": shape})


def counted(asked: Asked) -> bool:
    return asked.get("count") == "1"


def one_more(asked: Asked, body: Body) -> Body:
    return {**body, "calls": body["calls"] + 1} if counted(asked) else body


def one_more_in_both_directions(asked: Asked, body: Body) -> Body:
    return one_more(asked, body) if asked.get("dir") == "in_out" else body


def in_words(asked: Asked, body: Body) -> Body:
    return {**body, "calls": f"{body['calls']} calls"} if counted(asked) else body


def below_nothing(asked: Asked, body: Body) -> Body:
    return {**body, "calls": -body["calls"]} if counted(asked) else body


def with_a_fraction(asked: Asked, body: Body) -> Body:
    return {**body, "calls": body["calls"] + 0.5} if counted(asked) else body


def truth(asked: Asked, body: Body) -> Body:
    return {**body, "calls": True} if counted(asked) else body


def digits_beside_a_filter(asked: Asked, body: Body) -> Body:
    return {**body, "calls": str(body["calls"])} if counted(asked) and "dir" in asked else body


def no_rows_and_a_number_elsewhere(asked: Asked, body: Body) -> Body:
    return {"code": 0, "count": body["calls"]} if counted(asked) else body


def an_error_for_a_count(asked: Asked, body: Body) -> Body:
    return {"code": 9, "message": "no counts today"} if counted(asked) else body


def a_number_when_count_is_switched_off(asked: Asked) -> Asked:
    return {**asked, "count": "1"} if "count" in asked else asked


def no_filters_beside_a_count(asked: Asked) -> Asked:
    return deaf_to("dir", "who")(asked) if counted(asked) else asked


def no_single_direction_beside_a_count(asked: Asked) -> Asked:
    return deaf_to("dir")(asked) if counted(asked) and asked.get("dir") != "in_out" else asked


def only_one_direction_beside_a_count(asked: Asked) -> Asked:
    return {**asked, "dir": "in"} if counted(asked) and asked.get("dir") == "in_out" else asked


def most_limits_a_count(asked: Asked, body: Body) -> Body:
    most = int(asked.get("most", "0"))
    return {**body, "calls": min(body["calls"], most)} if counted(asked) and most else body


COUNT_CASES = {
    "rows in place of the number": Case(
        lie=Lie(asks=deaf_to("count")),
        breaks=("TI-LST-040",),
        expected="a number in place of the rows",
        actual=" rows",
    ),
    "rows in place of the number, by the simulator's own fault": Case(
        lie=Lie(fault="TI-LST-040/count-ignored"),
        breaks=("TI-LST-040",),
        expected="a number in place of the rows",
        actual=" rows",
    ),
    "one more than there are": Case(
        lie=Lie(tells=one_more), breaks=("TI-LST-040",), expected="the number ", actual=""
    ),
    "a number within a sentence": Case(
        lie=Lie(tells=in_words),
        breaks=("TI-LST-040",),
        expected="a number in place of the rows",
        actual="something else",
    ),
    "a number below nothing": Case(
        lie=Lie(tells=below_nothing), breaks=("TI-LST-040",), expected="the number ", actual="-"
    ),
    "a number with a fraction": Case(
        lie=Lie(tells=with_a_fraction),
        breaks=("TI-LST-040",),
        expected="a number in place of the rows",
        actual="something else",
    ),
    "true in place of the number": Case(
        lie=Lie(tells=truth),
        breaks=("TI-LST-040",),
        expected="a number in place of the rows",
        actual="something else",
    ),
    "nothing in place of the rows": Case(
        lie=Lie(tells=no_rows_and_a_number_elsewhere),
        breaks=("TI-LST-040",),
        expected="a number in place of the rows",
        actual="something else",
    ),
    "an error": Case(
        lie=Lie(tells=an_error_for_a_count), breaks=("TI-LST-040",), expected="a success", actual="the error 9"
    ),
    "the number of all calls beside a filter": Case(
        lie=Lie(asks=no_filters_beside_a_count), breaks=("TI-LST-040",), expected="the number ", actual=""
    ),
    "the number of all calls beside one direction": Case(
        lie=Lie(asks=no_single_direction_beside_a_count),
        breaks=("TI-LST-040",),
        expected="the number ",
        actual="",
    ),
    "half of the calls beside a word for two directions": Case(
        lie=Lie(asks=only_one_direction_beside_a_count), breaks=("TI-LST-040",), expected="the number ", actual=""
    ),
    "one more beside a word for two directions": Case(
        lie=Lie(tells=one_more_in_both_directions), breaks=("TI-LST-040",), expected="the number ", actual=""
    ),
    "digits where it was an integer before": Case(
        lie=Lie(tells=digits_beside_a_filter),
        breaks=("TI-LST-040",),
        expected="the same form of number as before",
        actual="a digits",
    ),
    "a count that is limited": Case(
        lie=Lie(tells=most_limits_a_count), breaks=("TI-LST-042",), expected="the number ", actual="1"
    ),
    "a number when it is switched off": Case(
        lie=Lie(asks=a_number_when_count_is_switched_off),
        breaks=("TI-LST-041",),
        expected="a list at /calls",
        actual="",
    ),
}


@cache
def count_case(name: str) -> Outcome:
    return counts_tried(COUNT_CASES[name].lie)


@pytest.mark.parametrize("name", COUNT_CASES)
def test_a_lie_about_a_count_breaks_its_clause_alone(name: str) -> None:
    assert count_case(name).failed == COUNT_CASES[name].breaks


@pytest.mark.parametrize("name", COUNT_CASES)
def test_a_finding_about_a_count_tells_what_was_due_and_what_came(name: str) -> None:
    case, outcome = COUNT_CASES[name], count_case(name)
    told = outcome.expected(case.breaks[-1]), outcome.actual(case.breaks[-1])
    assert (case.expected in told[0], case.actual in told[1]) == (True, True), told


@pytest.mark.parametrize("shape", ["integer", "digits", "object", "list-of-object"])
@pytest.mark.parametrize("clause", COUNTING)
def test_a_count_in_every_form_passes(clause: str, shape: str) -> None:
    assert counts_tried(shape=shape).verdict(clause) is Verdict.PASS


@pytest.mark.parametrize("shape", ["integer", "digits", "object", "list-of-object"])
def test_the_form_of_a_count_is_learnt(shape: str) -> None:
    assert counts_tried(shape=shape).report.dialect["count-only.shape"] == shape


def test_whether_a_limit_limits_a_count_is_not_exercised_by_a_list_without_rows() -> None:
    assert counts_tried(calls=0).verdict("TI-LST-042") is Verdict.NOT_EXERCISED


def test_the_count_of_a_list_without_rows_passes() -> None:
    assert counts_tried(calls=0).verdict("TI-LST-040") is Verdict.PASS


# --- versions: an older server ignores what came later ------------------------------------------------------------


@cache
def versions_tried(lie: Lie = HONEST, *, calls: int = 60, serves: str = "2") -> Outcome:
    return trial(with_versions(), check_versions, lie=lie, calls=calls, dialect={"versions.serves": serves})


def later_parameters_are_errors(asked: Asked, body: Body) -> Body:
    return {"code": 9, "message": "what is that?"} if {"count", "most", "who"} & asked.keys() else body


def later_parameters_leave_three_rows(asked: Asked, body: Body) -> Body:
    return {**body, "calls": body["calls"][:3]} if {"count", "most", "who"} & asked.keys() else body


@pytest.mark.parametrize(
    ("lie", "serves", "version"),
    [
        pytest.param(Lie(tells=later_parameters_leave_three_rows), "1", "2", id="one that leaves rows out for each"),
        pytest.param(HONEST, "2", "2", id="a server of the later version"),
        pytest.param(HONEST, "1", "1", id="a server of the older version"),
        pytest.param(Lie(asks=deaf_to("count", "most", "who")), "2", "1", id="one that knows none of the later ones"),
        pytest.param(Lie(asks=deaf_to("count", "most")), "2", "2", id="one that knows a filter of the later ones"),
        pytest.param(Lie(asks=deaf_to("who", "most")), "2", "2", id="one that counts"),
        pytest.param(Lie(asks=deaf_to("who", "count")), "2", "2", id="one that limits"),
        pytest.param(Lie(tells=later_parameters_are_errors), "2", "2", id="one that refuses all later ones"),
    ],
)
def test_the_version_is_told_by_the_parameters_that_came_later(lie: Lie, serves: str, version: str) -> None:
    assert versions_tried(lie, serves=serves).report.dialect.get("versions.serves") == version


def test_the_clause_on_an_older_version_passes_where_it_is_followed() -> None:
    assert versions_tried(serves="1").verdict("TI-LST-050") is Verdict.PASS


def test_the_clause_on_an_older_version_does_not_apply_to_the_later_one() -> None:
    outcome = versions_tried()
    told = outcome.verdict("TI-LST-050"), outcome.reason("TI-LST-050")
    assert told == (Verdict.NOT_APPLICABLE, "the server follows version 2")


@pytest.mark.parametrize("calls", [0, 6])
def test_too_few_rows_leave_the_version_open(calls: int) -> None:
    assert "versions.serves" not in versions_tried(calls=calls).report.dialect


def test_too_few_rows_leave_the_clause_on_an_older_version_unexercised() -> None:
    assert versions_tried(calls=6).verdict("TI-LST-050") is Verdict.NOT_EXERCISED


def test_versions_break_no_clause() -> None:
    assert versions_tried(Lie(asks=deaf_to("count", "most"))).failed == ()
