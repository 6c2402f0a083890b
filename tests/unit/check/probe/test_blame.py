"""Whose promise a difference breaks: by what is left of the request that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from judged_lists import (
    COUNT,
    CURSORS,
    LIMIT,
    LISTING,
    LISTS,
    NO_PAGES,
    OFFSETS,
    ORDER,
    PAGES,
    TOTAL,
    differing,
    due,
    mirror_of,
    named,
    page_due,
    session_of,
    without_clause,
)

from harness.check.context import CheckContext
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.blame import (
    Probe,
    blamed_clauses,
    clauses_of_aspect,
    clauses_of_request,
    completeness_clauses,
    unsteady_clauses,
)
from harness.check.probe.differences import ASPECTS, Aspect, Difference
from harness.wire.list_request import ListRequest

FIRST_PAGE, LATER_PAGE, BY_DEFAULT = page_due(0, 2), page_due(2, 2), due(size=20, size_default=True)


def ask(**values: Any) -> ListRequest:
    return ListRequest(values=values)


# --- aspects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("session", "asked", "aspect", "meaning", "clauses"),
    [
        pytest.param(session_of(), ask(), "unique", due(), ("UNIQUE",), id="unique rows"),
        pytest.param(
            session_of(lists=without_clause(LISTS, "unique")), ask(), "unique", due(), (), id="rows that may repeat"
        ),
        pytest.param(session_of(), ask(), "order", due(), ("ORDER",), id="the order by default"),
        pytest.param(session_of(order=None), ask(), "order", due(), (), id="no order"),
        pytest.param(session_of(), ask(desc="0"), "order", due(), ("DESC",), id="a direction"),
        pytest.param(
            session_of(order={**ORDER, "descending-clause": []}),
            ask(desc="0"),
            "order",
            due(),
            ("ORDER",),
            id="a direction with no clause of its own",
        ),
        pytest.param(session_of(), ask(sort="secs"), "order", due(), ("SORT",), id="a sort"),
        pytest.param(
            session_of(), ask(sort="secs", desc="1"), "order", due(), ("DESC",), id="a sort and a direction"
        ),
        pytest.param(
            session_of(), ask(sort="who"), "order", due(), ("SORT-MORE",), id="a sort that is not documented"
        ),
        pytest.param(
            session_of(order={**ORDER, "sort": without_clause(ORDER["sort"], "undocumented")}),
            ask(sort="who"),
            "order",
            due(),
            ("SORT",),
            id="a sort that is not documented, with no clause of its own",
        ),
        pytest.param(
            session_of(order={**ORDER, "sort": without_clause(ORDER["sort"], "words")}),
            ask(sort="secs"),
            "order",
            due(),
            ("ORDER",),
            id="a sort with no clause of its own",
        ),
        pytest.param(session_of(), ask(), "total", due(), ("SUM",), id="a total"),
        pytest.param(session_of(total=None), ask(), "total", due(), (), id="no total"),
        pytest.param(session_of(), ask(), "size", FIRST_PAGE, ("SIZE",), id="a size of pages"),
        pytest.param(session_of(), ask(), "size", None, ("SIZE",), id="a size, whatever is meant"),
        pytest.param(session_of(), ask(), "size", BY_DEFAULT, ("SIZE",), id="a default size of numbered pages"),
        pytest.param(
            session_of(paging=OFFSETS), ask(), "size", BY_DEFAULT, ("SIZE-DEFAULT",), id="a default size of slices"
        ),
        pytest.param(session_of(paging=OFFSETS), ask(), "size", FIRST_PAGE, ("SIZE",), id="a size of slices"),
        pytest.param(
            session_of(paging=without_clause(LIMIT, "size-default")),
            ask(),
            "size",
            BY_DEFAULT,
            ("SIZE",),
            id="a default limit with no clause of its own",
        ),
        pytest.param(session_of(paging=NO_PAGES), ask(), "size", due(), (), id="a size where there are no pages"),
        pytest.param(session_of(), ask(), "short", FIRST_PAGE, ("PARTITION",), id="a short page"),
        pytest.param(
            session_of(paging=CURSORS), ask(), "short", BY_DEFAULT, ("SIZE-DEFAULT",), id="a short page by default"
        ),
        pytest.param(session_of(), ask(), "short", BY_DEFAULT, ("PARTITION",), id="a short numbered page by default"),
        pytest.param(session_of(paging=LIMIT), ask(), "short", FIRST_PAGE, ("PREFIX",), id="a short list"),
        pytest.param(
            session_of(paging=without_clause(PAGES, "partition")),
            ask(),
            "short",
            FIRST_PAGE,
            ("SLICE",),
            id="a short page where pages need not share out the list",
        ),
        pytest.param(
            session_of(paging=without_clause(LIMIT, "prefix")),
            ask(),
            "short",
            FIRST_PAGE,
            ("SIZE",),
            id="a short list that need not be the first rows",
        ),
        pytest.param(session_of(paging=NO_PAGES), ask(), "short", due(), (), id="a short page where there are none"),
        pytest.param(session_of(), ask(), "slice", FIRST_PAGE, ("FIRST",), id="the first page"),
        pytest.param(session_of(), ask(), "slice", LATER_PAGE, ("SLICE",), id="a later page"),
        pytest.param(session_of(), ask(), "slice", None, ("SLICE",), id="a page, whatever is meant"),
        pytest.param(
            session_of(paging=without_clause(PAGES, "first")),
            ask(),
            "slice",
            FIRST_PAGE,
            ("SLICE",),
            id="the first page with no clause of its own",
        ),
        pytest.param(session_of(paging=OFFSETS), ask(), "slice", FIRST_PAGE, ("SLICE",), id="the first slice"),
        pytest.param(session_of(paging=CURSORS), ask(), "slice", LATER_PAGE, ("SLICE",), id="a page after a cursor"),
        pytest.param(session_of(paging=LIMIT), ask(), "slice", FIRST_PAGE, ("PREFIX",), id="the first rows"),
        pytest.param(session_of(paging=NO_PAGES), ask(), "slice", due(), (), id="a slice where there are no pages"),
        pytest.param(session_of(), ask(), "rows", due(), (), id="rows, which a filter promises"),
        pytest.param(session_of(), ask(), "outcome", due(), (), id="a success, which a filter promises"),
        pytest.param(session_of(), ask(), "count", due(), (), id="a number, which its flag promises"),
    ],
)
def test_each_later_aspect_is_promised_by_its_construct(
    session: CheckContext,
    asked: ListRequest,
    aspect: Aspect,
    meaning: ExpectedAnswer | None,
    clauses: tuple[str, ...],
) -> None:
    assert clauses_of_aspect(session, asked, aspect, meaning) == named(*clauses)


# --- what is left of a request ------------------------------------------------------------------------------------

ZONED = {
    "zone": {"default": "UTC", "parameter": "tz", "clauses": {"shift": "SHIFT"}},
    "parameters": {**LISTING["parameters"], "tz": {}},
}
PARTS = {
    "fields": {**LISTING["fields"], "legs": {"shows": "destination", "optional": True}},
    "parameters": {**LISTING["parameters"], "more": {"as": "flag", "default": "0"}},
    "includes": [{"parameter": "more", "adds": ["legs"], "clauses": {"on": "ON", "default": "OFF"}}],
}
COUNTED = {"count_only": {**COUNT, "ignores": ["page"], "clauses": {"on": "COUNT", "ignores": "COUNT-IGNORES"}}}
SWITCHED = {
    "total": {
        **TOTAL,
        "switch": {"parameter": "told", "off": "missing", "clauses": {"default": "TOLD", "off": "UNTOLD"}},
    },
    "parameters": {**LISTING["parameters"], "told": {"as": "flag", "default": "1"}},
}
JOINED = {"conjunction_clause": "TOGETHER"}
LOSES = {
    "filters": {
        **LISTING["filters"],
        "who": {**LISTING["filters"]["who"], "loses-to": "ext", "loses-clause": "LOSES"},
    }
}
MUTUAL = {
    "filters": {
        **LISTING["filters"],
        "who": {**LISTING["filters"]["who"], "applies-if-any": ["ext"]},
        "ext": {**LISTING["filters"]["ext"], "applies-if-any": ["who"]},
    }
}
STRAY = differing("stray", about="who")


def left(name: str, values: Mapping[str, Any], difference: Difference, *clauses: str, **sections: Any) -> Any:
    """A row of a table: what is left of a request, the difference that it shows, and whose that is."""
    return pytest.param(values, difference, clauses, sections, id=name)


@pytest.mark.parametrize(
    ("values", "difference", "clauses", "sections"),
    [
        left("one filter", {"who": "ada"}, STRAY, "WHO"),
        left("two filters", {"who": "ada", "ext": "101"}, STRAY, "TOGETHER", **JOINED),
        left("two filters with no clause on both", {"who": "ada", "ext": "101"}, STRAY, "WHO"),
        left(
            "two filters of which the other one strays",
            {"who": "x", "ext": "1"},
            differing("stray", about="ext"),
            "EXT",
        ),
        left("a filter that loses to the other one", {"who": "ada", "ext": "101"}, STRAY, "LOSES", **LOSES),
        left("two filters that need one another", {"who": "ada", "ext": "101"}, STRAY, "WHO", **MUTUAL),
        left("a filter and a page", {"who": "ada", "page": "1", "rows": "2"}, STRAY, "SLICE"),
        left("a page", {"page": "1", "rows": "2"}, differing("unlisted"), "SLICE"),
        left("a size", {"rows": "2"}, differing("refused"), "SIZE"),
        left("a direction", {"desc": "1"}, differing("refused"), "DESC"),
        left("a sort", {"sort": "secs"}, differing("refused"), "SORT"),
        left("a sort that is not documented", {"sort": "who"}, differing("refused"), "SORT-MORE"),
        left("an optional part", {"more": "1"}, differing("refused"), "ON", **PARTS),
        left("a total that is switched off", {"told": "0"}, differing("refused"), "UNTOLD", **SWITCHED),
        left("a number in place of rows", {"count": "1"}, differing("number"), "COUNT", **COUNTED),
        left("a number of a filter", {"count": "1", "who": "ada"}, differing("number"), "COUNT", **COUNTED),
        left("a number of a page", {"count": "1", "page": "1"}, differing("number"), "COUNT-IGNORES", **COUNTED),
        left("a zone", {"tz": "UTC"}, differing("refused"), "SHIFT", **ZONED),
        left("a zone beside a time", {"tz": "UTC", "from": "y"}, differing("missing"), "SHIFT", **ZONED),
        left("a time in no zone", {"from": "y"}, differing("missing"), "FROM", **ZONED),
        left(
            "a blank cursor",
            {"after": ""},
            differing("refused"),
            "START",
            paging={**CURSORS, "clauses": {**CURSORS["clauses"], "start": "START"}},
            parameters={**LISTING["parameters"], "after": {}, "before": {}},
        ),
        left(
            "a cursor",
            {"after": "c"},
            differing("refused"),
            "SLICE",
            paging=CURSORS,
            parameters={**LISTING["parameters"], "after": {}, "before": {}},
        ),
        left("the run's own window", {"from": "x"}, differing("missing"), "PARTITION"),
        left("the run's own window, which the rows break", {"from": "x"}, differing("stray", about="from"), "FROM"),
        left("nothing, where rows are missing", {}, differing("missing"), "PARTITION"),
        left("nothing, where rows come from nowhere", {}, differing("unlisted"), "PARTITION"),
        left("nothing, where the list is refused", {}, differing("refused"), "ROWS"),
        left("nothing, where the server fails", {}, differing("broken-down"), "ROWS"),
        left(
            "nothing, with a clause on the answer alone",
            {},
            differing("refused"),
            "REACH",
            lists=without_clause(LISTS, "rows"),
        ),
    ],
)
def test_what_is_left_of_a_request_says_whose_promise_is_broken(
    values: Mapping[str, Any], difference: Difference, clauses: tuple[str, ...], sections: Mapping[str, Any]
) -> None:
    mirror = mirror_of(base={"from": "x"})
    found = clauses_of_request(session_of(**sections), mirror, ListRequest(values=values), difference, due())
    assert found == named(*clauses)


def test_a_request_that_only_goes_wrong_as_it_is_carried_breaks_the_clause_on_that() -> None:
    also = {"post": {"carries": "form", "method": "POST", "clause": "POST"}}
    context = session_of(transport={**LISTING["transport"], "also": also})
    asked = ListRequest(values={"who": "ada"}, encoding_name="post")
    for difference in (STRAY, differing("total"), differing("reversed")):
        assert clauses_of_request(context, mirror_of(), asked, difference, due()) == named("POST")


PAGED = {"page": "1", "rows": "2"}


@pytest.mark.parametrize(
    ("values", "difference", "clauses", "sections"),
    [
        left("a total", {"who": "ada"}, differing("total", about="more"), "SUM"),
        left("a total of a page that was asked for", PAGED, differing("total", about="more"), "INDEPENDENT"),
        left("a total of the page", {}, differing("total", about="rows of the page"), "INDEPENDENT"),
        left(
            "a total that need not be independent",
            PAGED,
            differing("total"),
            "SUM",
            total=without_clause(TOTAL, "independent"),
        ),
        left("rows twice", {}, differing("repeated"), "UNIQUE"),
        left("a list the other way round", {}, differing("reversed"), "DESC-DEFAULT"),
        left("a list the other way round, as was asked", {"desc": "1"}, differing("reversed"), "DESC"),
        left("a sorted list the other way round", {"sort": "secs"}, differing("reversed"), "SORT"),
        left(
            "a list the other way round, with no clause on the default",
            {},
            differing("reversed"),
            "ORDER",
            order={**ORDER, "descending-default-clause": []},
        ),
        left(
            "a list the other way round, with no flag for that",
            {},
            differing("reversed"),
            "ORDER",
            order={**ORDER, "descending": None},
        ),
        left("a list in no order", {}, differing("unsorted"), "ORDER"),
        left("a sorted list in no order", {"sort": "secs"}, differing("unsorted"), "SORT"),
        left("rows between two pages", PAGED, differing("displaced", about="another page"), "PARTITION"),
        left(
            "later rows of a filter on its first page",
            {"who": "a"},
            differing("displaced", about="first page"),
            "WHO",
        ),
        left("later rows on the first page", {}, differing("displaced", about="first page"), "SLICE"),
        left("the first page again", PAGED, differing("displaced", about="first page again"), "SLICE"),
        left(
            "rows between two slices",
            {"rows": "2"},
            differing("displaced", about="another page"),
            "SLICE",
            paging=OFFSETS,
        ),
        left(
            "rows between two pages that need not share out the list",
            PAGED,
            differing("displaced", about="another page"),
            "SLICE",
            paging=without_clause(PAGES, "partition"),
        ),
        left(
            "a page that is another one in that order",
            {"sort": "secs", **PAGED},
            differing("displaced", about="another page"),
            "PARTITION",
        ),
        left(
            "a page that is another one in that direction",
            {"desc": "1", **PAGED},
            differing("displaced", about="first page"),
            "DESC",
        ),
        left("a part that is missing", {"more": "1"}, differing("part", about="more on"), "ON", **PARTS),
        left("a part that nobody asked for", {}, differing("part", about="more off"), "OFF", **PARTS),
        left("a long page", PAGED, differing("too-many", about="given"), "SIZE"),
        left("a short page", PAGED, differing("too-few", about="given"), "PARTITION"),
    ],
)
def test_a_page_breaks_the_promise_on_what_is_wrong_with_it(
    values: Mapping[str, Any], difference: Difference, clauses: tuple[str, ...], sections: Mapping[str, Any]
) -> None:
    found = clauses_of_request(
        session_of(**sections), mirror_of(), ListRequest(values=values), difference, LATER_PAGE
    )
    assert found == named(*clauses)


# --- a probe and what is left of it -------------------------------------------------------------------------------


def blamed(
    asked: ListRequest,
    smallest: ListRequest,
    difference: Difference,
    *,
    blame: Mapping[Aspect, str] | None = None,
    base: Mapping[str, Any] | None = None,
    **sections: Any,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whose a difference is, of a probe that puts EXT to the test; and whose besides."""
    special = {aspect: named(clause) for aspect, clause in (blame or {}).items()}
    probe = Probe(ask=asked, purpose="a test", clauses=named("EXT"), blame=special, only=ASPECTS)
    found = blamed_clauses(session_of(**sections), mirror_of(base=base), probe, smallest, difference, LATER_PAGE)
    return tuple(found.clauses), tuple(found.also)


def test_a_probe_of_which_nothing_could_be_left_out_breaks_its_own_clause() -> None:
    assert blamed(ask(who="ada"), ask(who="ada"), STRAY) == (("EXT",), ())


def test_what_the_run_added_may_be_left_out() -> None:
    asked = ask(who="ada", rows="500", **{"from": "x"})
    assert blamed(asked, ask(who="ada"), STRAY, base={"from": "x"}) == (("EXT",), ())


def test_a_probe_of_which_a_part_was_left_out_breaks_the_clause_of_the_rest() -> None:
    assert blamed(ask(who="ada", ext="101"), ask(who="ada"), STRAY) == (("WHO",), ())


def test_a_probe_of_which_nothing_is_left_breaks_the_promise_on_the_list() -> None:
    assert blamed(ask(who="ada"), ask(), differing("refused")) == (("ROWS",), ())


def test_a_probe_answers_for_another_aspect_where_it_says_so() -> None:
    asked = ask(who="ada")
    assert blamed(asked, asked, differing("unsorted"), blame={"order": "SORT"}) == (("SORT",), ())
    assert blamed(asked, asked, differing("total"), blame={"order": "SORT"}) == (("SUM",), ())


def test_a_probe_answers_for_another_aspect_only_while_it_is_what_is_left() -> None:
    found = blamed(ask(who="ada"), ask(), differing("unsorted"), blame={"order": "SORT"})
    assert found == (("ORDER",), ())


def test_an_aspect_that_nobody_promises_is_the_probes() -> None:
    asked = ask(who="ada")
    assert blamed(asked, asked, differing("unsorted"), order=None) == (("EXT",), ())


def test_a_request_carried_as_always_breaks_no_clause_on_how_it_is_carried() -> None:
    asked = ListRequest(values={"who": "ada"}, encoding_name="post")
    assert blamed(asked, ask(who="ada"), STRAY) == (("WHO",), ())


NO_MATCH = {"no_match_clause": "NO-MATCH"}


@pytest.mark.parametrize(
    ("difference", "found"),
    [
        pytest.param(
            differing("stray", "nothing_due", about="who"), (("EXT",), ("NO-MATCH",)), id="rows where nothing matches"
        ),
        pytest.param(differing("refused", "nothing_due"), (("NO-MATCH",), ()), id="an error where nothing matches"),
        pytest.param(differing("no-rows", "nothing_due"), (("NO-MATCH",), ()), id="no list where nothing matches"),
        pytest.param(differing("refused"), (("EXT",), ()), id="an error where something matches"),
    ],
)
def test_where_nothing_matches_the_promise_on_that_is_broken_as_well(
    difference: Difference, found: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    assert blamed(ask(who="eve"), ask(who="eve"), difference, **NO_MATCH) == found


def test_where_nothing_matches_and_that_is_not_promised_the_probe_is_to_blame() -> None:
    assert blamed(ask(who="eve"), ask(who="eve"), differing("refused", "nothing_due")) == (("EXT",), ())


# --- what is left to promise it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sections", "clauses"),
    [
        pytest.param({}, ("ORDER",), id="the order"),
        pytest.param({"order": None}, ("UNIQUE",), id="unique rows, where there is no order"),
        pytest.param({"order": {**ORDER, "clause": []}}, ("UNIQUE",), id="unique rows, where no order is promised"),
        pytest.param({"order": None, "lists": without_clause(LISTS, "unique")}, ("ROWS",), id="rows"),
        pytest.param({"order": None, "lists": without_clause(LISTS, "unique", "rows")}, ("REACH",), id="an answer"),
        pytest.param({"order": None, "lists": without_clause(LISTS, "unique", "rows", "reach")}, (), id="nothing"),
    ],
)
def test_answers_that_waver_break_what_is_left_to_promise_them(
    sections: Mapping[str, Any], clauses: tuple[str, ...]
) -> None:
    assert unsteady_clauses(session_of(**sections)) == named(*clauses)


@pytest.mark.parametrize(
    ("sections", "clauses"),
    [
        pytest.param({}, ("PARTITION",), id="pages that share out the list"),
        pytest.param({"paging": LIMIT}, ("SUM",), id="the total, where there are no pages"),
        pytest.param({"paging": NO_PAGES}, ("SUM",), id="the total, where all rows come at once"),
        pytest.param(
            {"paging": NO_PAGES, "total": None}, ("ONE-PER",), id="one row per call, where there is no total"
        ),
        pytest.param({"paging": LIMIT, "total": without_clause(TOTAL, "sum")}, ("ONE-PER",), id="one row per call"),
        pytest.param(
            {"paging": NO_PAGES, "total": None, "lists": without_clause(LISTS, "one-per")}, ("ROWS",), id="rows"
        ),
        pytest.param(
            {"paging": NO_PAGES, "total": None, "lists": without_clause(LISTS, "one-per", "rows")}, (), id="nothing"
        ),
    ],
)
def test_a_list_that_leaves_rows_out_breaks_what_is_left_to_promise_them(
    sections: Mapping[str, Any], clauses: tuple[str, ...]
) -> None:
    assert completeness_clauses(session_of(**sections)) == named(*clauses)
