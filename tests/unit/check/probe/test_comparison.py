"""What is due and what came: the first difference, and the clauses that it is held against.

Each table row names a situation; rows of calls are told by their numbers, which stand for their minutes after nine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import pytest
from judged_lists import (
    CALLS,
    COUNT,
    CURSORS,
    FIVE,
    FOUR,
    LIMIT,
    LISTS,
    NEWEST,
    NO_PAGES,
    OFFSETS,
    ONE,
    ORDER,
    PAGES,
    STRANGE,
    THREE,
    TOTAL,
    TWO,
    Difference,
    call,
    came,
    differing,
    due,
    first_difference,
    flaw,
    mirror_of,
    named,
    page_due,
    refused,
    session_of,
    snapshot_of,
    stranger,
    told_in_place_of_rows,
    unreadable,
    unseen,
    who,
    without_clause,
)

from harness.check.context import CheckContext, Exchange, Row
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.blame import PRIMARY, blamed_clauses, completeness_clauses, promised, unsteady_clauses
from harness.check.probe.comparison import (
    ASPECTS,
    Aspect,
    Mismatch,
    is_doubtful_match,
    matching_rows,
    merged_row_values,
)
from harness.check.probe.expect import ProbeResult, has_stray_rows
from harness.check.probe.mirror import Mirror
from harness.check.probe.stability import all_recent
from harness.wire.decoded_body import FormatProblem
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest

ADA = who("ada")


def case(
    name: str,
    meaning: ExpectedAnswer,
    exchange: Exchange,
    difference: Difference | None,
    *,
    session: CheckContext | None = None,
    mirror: Mirror | None = None,
) -> Any:
    """A row of a table: what is due, what came, and how the two differ."""
    return pytest.param(session or session_of(), mirror or mirror_of(), meaning, exchange, difference, id=name)


def differs(*cases: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A table of cases."""
    return pytest.mark.parametrize(("session", "mirror", "meaning", "exchange", "difference"), cases)


# --- the aspects --------------------------------------------------------------------------------------------------


def test_aspects_come_in_the_order_in_which_one_explains_another() -> None:
    assert " ".join(ASPECTS) == "unreadable outcome count unique rows size short order slice total"


def test_every_aspect_has_its_place() -> None:
    assert set(get_args(Aspect)) == set(ASPECTS)


def test_the_primary_aspects_are_those_that_a_filter_answers_for() -> None:
    assert set(PRIMARY) == {"unreadable", "outcome", "count", "rows"}


def test_a_later_aspect_has_a_higher_rank() -> None:
    ranks = [differing(aspect).rank for aspect in ("unreadable", "outcome", "rows", "order", "total")]
    assert ranks == [0, 1, 4, 7, 9]


# --- nothing differs ----------------------------------------------------------------------------------------------


@differs(
    case("the whole list", due(), came(*CALLS, total=5), None),
    case("the rows that a filter keeps", due(ADA), came(FIVE, THREE, ONE, total=3, who="ada"), None),
    case("a first page", page_due(0, 2), came(FIVE, FOUR, total=5), None),
    case("a second page", page_due(2, 2), came(THREE, TWO, total=5), None),
    case("a last page, which is short", page_due(4, 2), came(ONE, total=5), None),
    case("nothing beyond the last page", page_due(6, 2), came(total=5), None),
    case("a page of what a filter keeps", page_due(1, 1, ADA), came(THREE, total=3, who="ada"), None),
    case("nothing where no row matches", due(who("eve")), came(total=0, who="eve"), None),
    case("nothing where no rows are due", due(no_rows=True), came(total=0), None),
    case("an empty list", due(), came(total=0), None, mirror=mirror_of(())),
    case("the oldest first", due(sort=("started", False)), came(ONE, TWO, THREE, FOUR, FIVE), None),
    case("any order where none is due", due(sort=None), came(TWO, FIVE, ONE, FOUR, THREE), None),
    case("an error that is due", due(error_name="invalid"), refused(9), None),
    case("an error page of another shape that is due", due(error_name="invalid"), unreadable(400), None),
    case("rows where anything may come", due(unspecified="not said"), came(ONE, ONE, STRANGE, total=0), None),
    case("an error where anything may come", due(unspecified="not said"), refused(9), None),
    case("a list that was never read", due(), came(FIVE, FOUR, total=99), None, mirror=Mirror()),
)
def test_an_answer_that_is_what_is_due_does_not_differ(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) is difference


# --- outcome ------------------------------------------------------------------------------------------------------


@differs(
    case(
        "rows where an error is due",
        due(error_name="invalid"),
        came(FIVE, FOUR),
        Difference("outcome", "an error (invalid)", "a success with 2 rows"),
    ),
    case(
        "no rows at all where an error is due",
        due(error_name="missing"),
        told_in_place_of_rows(MISSING),
        Difference("outcome", "an error (missing)", "a success"),
    ),
    case(
        "what cannot be read, with the status of a success, where an error is due",
        due(error_name="invalid"),
        unreadable(399),
        Difference("outcome", "an error (invalid)", "an answer that cannot be read"),
    ),
    case(
        "an error with a message where rows are due",
        due(),
        refused(9, "Cannot read who"),
        Difference("outcome", "a success", "the error 9 ('Cannot read who')"),
    ),
    case(
        "an error whose message is no text",
        due(),
        refused("E9", 5),
        Difference("outcome", "a success", "the error 'E9'"),
    ),
    case(
        "an error where no rows are due",
        due(no_rows=True),
        refused(9),
        Difference("outcome", "a success", "the error 9"),
    ),
    case(
        "an error where a number is due",
        due(count_only=True),
        refused(9),
        Difference("outcome", "a success", "the error 9"),
    ),
    case(
        "what cannot be read, with its first problem",
        due(),
        unreadable(
            200, FormatProblem("json:syntax", "a comma is missing"), FormatProblem("json:end", "it ends early")
        ),
        Difference("unreadable", "an answer that can be read", "json:syntax: a comma is missing"),
    ),
    case(
        "what cannot be read, with no problem named",
        due(),
        unreadable(500),
        Difference("unreadable", "an answer that can be read", "a body of another shape"),
    ),
    case(
        "what cannot be read where a number is due",
        due(count_only=True),
        unreadable(200),
        Difference("unreadable", "an answer that can be read", "a body of another shape"),
    ),
    case(
        "no rows, not even none",
        due(),
        told_in_place_of_rows(MISSING),
        Difference("rows", "rows", "no rows in the answer", flags=("shapeless",)),
    ),
    case(
        "no rows, not even none, where none are due",
        due(no_rows=True),
        told_in_place_of_rows(None),
        Difference("rows", "rows", "no rows in the answer", flags=("shapeless",)),
    ),
)
def test_an_answer_of_another_kind_differs_by_that(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


EITHER = {"open": ["nothing", "refused"], "assumed": "nothing"}
REFUSED = Difference("outcome", "a success", "the error 9")
SHOWN_BY_NOBODY = {"ext": {"compares": "hidden.ext", "stranger": "refused"}}


@differs(
    case(
        "a caller whom nobody knows",
        due(who("eve")),
        refused(who="eve"),
        None,
        session=session_of(filters=stranger("refused")),
    ),
    case(
        "a caller who is in the list",
        due(ADA),
        refused(who="ada"),
        REFUSED,
        session=session_of(filters=stranger("refused")),
    ),
    case(
        "a caller whom nobody knows, who is to get no rows",
        due(who("eve")),
        refused(who="eve"),
        REFUSED,
        session=session_of(filters=stranger("nothing")),
    ),
    case(
        "a caller whom nobody knows, where it is open what that gets",
        due(who("eve")),
        refused(who="eve"),
        None,
        session=session_of(filters=stranger(EITHER)),
    ),
    case(
        "a caller whom nobody knows, where such were seen to get no rows",
        due(who("eve")),
        refused(who="eve"),
        REFUSED,
        session=session_of(filters=stranger(EITHER), known={"filters.who.stranger": "nothing"}),
    ),
    case(
        "a caller whom nobody knows, where such were seen to be refused",
        due(who("eve")),
        refused(who="eve"),
        None,
        session=session_of(filters=stranger(EITHER), known={"filters.who.stranger": "refused"}),
    ),
    case(
        "a caller by whom nothing is kept out",
        due(),
        refused(who="eve"),
        REFUSED,
        session=session_of(filters=stranger("refused")),
    ),
    case(
        "several callers, one of whom nobody knows",
        due(who("ada")),
        refused(who="ada,eve"),
        None,
        session=session_of(filters=stranger("refused")),
    ),
    case(
        "several callers who are all in the list",
        due(who("ada")),
        refused(who="ada, bob"),
        REFUSED,
        session=session_of(filters=stranger("refused")),
    ),
    case(
        "a JSON list of callers, one of whom nobody knows",
        due(who("ada")),
        refused(who=["bob", "eve"]),
        None,
        session=session_of(filters=stranger("refused")),
    ),
    case(
        "a value that rows do not show",
        due(unseen()),
        refused(ext="101"),
        None,
        session=session_of(filters=SHOWN_BY_NOBODY),
    ),
)
def test_an_error_is_right_where_a_value_names_nobody_and_that_may_be_refused(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


def test_an_error_for_a_stranger_settles_what_strangers_get() -> None:
    session = session_of(filters=stranger(EITHER))
    first_difference(session, mirror_of(), due(who("eve")), refused(who="eve"))
    assert session.dialect.candidates_of("filters.who.stranger") == ("refused",)


REFUSED_BEYOND = {**PAGES, "past-the-end": "refused"}
OPEN_BEYOND = {**PAGES, "past-the-end": {"open": ["empty", "refused"], "assumed": "empty"}}


@differs(
    case("beyond the last", page_due(6, 2), refused(), None, session=session_of(paging=REFUSED_BEYOND)),
    case("at the very end", page_due(5, 5), refused(), None, session=session_of(paging=REFUSED_BEYOND)),
    case("the last one", page_due(4, 2), refused(), REFUSED, session=session_of(paging=REFUSED_BEYOND)),
    case(
        "the first one of an empty list",
        page_due(0, 2),
        refused(),
        REFUSED,
        session=session_of(paging=REFUSED_BEYOND),
        mirror=mirror_of(()),
    ),
    case(
        "beyond what a filter keeps",
        page_due(3, 3, ADA),
        refused(who="ada"),
        None,
        session=session_of(paging=REFUSED_BEYOND),
    ),
    case("where pages beyond are empty", page_due(6, 2), refused(), REFUSED),
    case("where that is open", page_due(6, 2), refused(), None, session=session_of(paging=OPEN_BEYOND)),
    case(
        "where such pages were seen to be empty",
        page_due(6, 2),
        refused(),
        REFUSED,
        session=session_of(paging=OPEN_BEYOND, known={"paging.past-the-end": "empty"}),
    ),
    case("where rows are skipped by number", page_due(6, 2), refused(), REFUSED, session=session_of(paging=OFFSETS)),
    case(
        "of a list that goes on, a little beyond what was read",
        page_due(210, 2),
        refused(),
        REFUSED,
        session=session_of(paging=REFUSED_BEYOND),
        mirror=mirror_of(complete=False),
    ),
    case(
        "of a list that goes on, far beyond what was read",
        page_due(211, 2),
        refused(),
        None,
        session=session_of(paging=REFUSED_BEYOND),
        mirror=mirror_of(complete=False),
    ),
    case(
        "of a filter in a list that goes on",
        page_due(6, 2, ADA),
        refused(who="ada"),
        None,
        session=session_of(paging=REFUSED_BEYOND),
        mirror=mirror_of(complete=False),
    ),
)
def test_an_error_is_right_for_a_page_beyond_the_last_where_that_may_be_refused(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


@pytest.mark.parametrize(
    ("mirror", "meaning", "known"),
    [
        pytest.param(mirror_of(), page_due(6, 2), ("refused",), id="the whole list was read"),
        pytest.param(mirror_of(complete=False), page_due(6, 2, ADA), (), id="a part of the list was read"),
    ],
)
def test_an_error_beyond_the_last_page_settles_what_such_pages_get_where_the_end_is_known(
    mirror: Mirror, meaning: ExpectedAnswer, known: tuple[str, ...]
) -> None:
    session = session_of(paging=OPEN_BEYOND)
    first_difference(session, mirror, meaning, refused())
    assert session.dialect.candidates_of("paging.past-the-end") == known


# --- which rows ---------------------------------------------------------------------------------------------------


def twice(*rows: int) -> Difference:
    return Difference("unique", "each row once", "the same row twice", rows=rows)


@differs(
    case("a row twice", due(), came(FIVE, FOUR, FOUR, THREE, TWO, ONE), twice(4, 4)),
    case("many rows twice", due(), came(FIVE, FIVE, FOUR, FOUR, THREE, THREE), twice(5, 5, 4, 4)),
    case("a row thrice", due(), came(FIVE, FIVE, FIVE), twice(5, 5, 5)),
    case("a row that shows something else", due(), came(FOUR, call(4, who="eve")), twice(4, 4)),
    case(
        "a row twice in a list that goes on", due(), came(FIVE, FIVE), twice(5, 5), mirror=mirror_of(complete=False)
    ),
    case("a row twice in a list that moves", due(), came(FIVE, FIVE), twice(5, 5), mirror=mirror_of(volatile=True)),
)
def test_a_row_that_comes_twice_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


def stray(actual: str, *rows: int, asked: str = "who") -> Difference:
    return Difference("rows", f"only rows that satisfy {asked}", actual, kind="stray", rows=rows)


FLAWED = call(4, flaws=(flaw("who"),))


@differs(
    case("one", due(ADA), came(FIVE, FOUR, THREE, ONE, who="ada"), stray("1 of 4 rows do not", 4)),
    case("the whole list", due(ADA), came(*CALLS, who="ada"), stray("2 of 5 rows do not", 4, 2)),
    case("of two filters", due(ADA, unseen()), came(FIVE, FOUR), stray("1 of 2 rows do not", 4, asked="who, ext")),
    case(
        "in a list that goes on",
        due(ADA),
        came(FOUR),
        stray("1 of 1 rows do not", 4),
        mirror=mirror_of(complete=False),
    ),
    case(
        "in a list that moves", due(ADA), came(FOUR), stray("1 of 1 rows do not", 4), mirror=mirror_of(volatile=True)
    ),
    case("by what the list shows of it", due(ADA), came(call(4, without="who")), stray("1 of 1 rows do not", 4)),
    case(
        "not by what a list showed that moves",
        due(ADA),
        came(call(4, without="who")),
        None,
        mirror=mirror_of(volatile=True),
    ),
    case("by a field that is empty in the answer", due(ADA), came(call(4, who=None)), stray("1 of 1 rows do not", 4)),
    case("by a change since", due(ADA), came(call(5, who="bob")), stray("1 of 1 rows do not", 5)),
    case(
        "not by a field that is otherwise than documented",
        due(ADA),
        came(FIVE, FLAWED, THREE, ONE),
        None,
        mirror=mirror_of((FIVE, FLAWED, THREE, TWO, ONE)),
    ),
    case("not by what rows do not show", due(unseen()), came(FIVE, FOUR), None),
    case(
        "any, where none are due",
        due(no_rows=True),
        came(FIVE, FOUR),
        Difference("rows", "no rows", "2 rows", rows=(5, 4)),
    ),
)
def test_rows_that_a_filter_does_not_keep_are_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


def unknown(actual: str, *rows: int, flags: tuple[str, ...] = ()) -> Difference:
    expected = "rows that the list without this request's parameters holds too"
    return Difference("rows", expected, actual, kind="unknown", rows=rows, flags=flags)


@differs(
    case("without a filter", due(), came(STRANGE, *CALLS), unknown("1 rows that it does not hold", 7)),
    case(
        "that the filter keeps",
        due(ADA),
        came(STRANGE, FIVE),
        unknown("1 rows that it does not hold", 7, flags=("unlisted",)),
    ),
    case("that a filter may keep", due(unseen()), came(STRANGE, FIVE), unknown("1 rows that it does not hold", 7)),
    case(
        "some of which a filter may keep",
        due(ADA),
        came(call(9), call(7, without="who")),
        unknown("2 rows that it does not hold", 9, 7),
    ),
    case("that began with the run", page_due(0, 2, sort=None), came(NEWEST, FIVE), None),
    case("of a list that goes on", page_due(0, 2), came(STRANGE, FIVE), None, mirror=mirror_of(complete=False)),
    case("of a list that moves", page_due(0, 2), came(STRANGE, FIVE), None, mirror=mirror_of(volatile=True)),
    case(
        "of a list whose pages lose rows",
        page_due(0, 2),
        came(STRANGE, FIVE),
        None,
        mirror=mirror_of(tear_reason="so"),
    ),
    case("of a list that lacks rows", page_due(0, 2), came(STRANGE, FIVE), None, mirror=mirror_of(lacks_rows=True)),
)
def test_rows_that_the_whole_list_does_not_hold_are_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


def missing(expected: str, actual: str, *rows: int) -> Difference:
    return Difference("rows", expected, actual, kind="missing", rows=rows)


TWO_MISSING = missing("5 rows", "3 rows; 2 that match are missing", 2, 1)
WINDOW = {"from": "2031-03-04 09:00:00"}


@differs(
    case("one of all", due(), came(FIVE, FOUR, TWO, ONE), missing("5 rows", "4 rows; 1 that match are missing", 3)),
    case(
        "one of a filter",
        due(ADA),
        came(FIVE, ONE, who="ada"),
        missing("3 rows", "2 rows; 1 that match are missing", 3),
    ),
    case(
        "on a page of a filter",
        page_due(0, 2, ADA),
        came(FIVE, who="ada"),
        missing("2 rows", "1 rows; 2 that match are missing", 3, 1),
    ),
    case(
        "all of a page", page_due(0, 2), came(), missing("2 rows", "0 rows; 5 that match are missing", 5, 4, 3, 2, 1)
    ),
    case(
        "on a page that has room for all",
        page_due(0, 5),
        came(FIVE, FOUR, TWO, ONE),
        missing("5 rows", "4 rows; 1 that match are missing", 3),
    ),
    case(
        "in another window than the run's own",
        page_due(0, 3),
        came(FIVE, FOUR, **{"from": "2031-03-04 08:00:00"}),
        missing("3 rows", "2 rows; 3 that match are missing", 3, 2, 1),
        mirror=mirror_of(base=WINDOW),
    ),
    case("where rows may match", due(unseen()), came(FIVE), None),
    case("in a list that goes on", due(), came(FIVE), None, mirror=mirror_of(complete=False)),
    case("in a list that moves", due(), came(FIVE), None, mirror=mirror_of(volatile=True)),
    case("after a cursor", due(by_cursor=True), came(FIVE), None),
)
def test_rows_that_match_and_do_not_come_are_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


# --- pages --------------------------------------------------------------------------------------------------------

THREE_FOR_TWO = Difference("size", "at most 2 rows", "3 rows")


@differs(
    case("one row", page_due(0, 2), came(FIVE, FOUR, THREE), THREE_FOR_TWO),
    case("by the default", due(size=2, size_default=True), came(FIVE, FOUR, THREE), THREE_FOR_TWO),
    case(
        "in a list that goes on",
        page_due(0, 2),
        came(FIVE, FOUR, THREE),
        THREE_FOR_TWO,
        mirror=mirror_of(complete=False),
    ),
    case(
        "in a list that moves",
        page_due(0, 2),
        came(FIVE, FOUR, THREE),
        THREE_FOR_TWO,
        mirror=mirror_of(volatile=True),
    ),
    case("after a cursor", page_due(0, 2, by_cursor=True), came(FIVE, FOUR, THREE), THREE_FOR_TWO),
)
def test_a_page_with_more_rows_than_its_size_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


def short(expected: str, actual: str) -> Difference:
    return Difference("short", f"{expected} on this page", actual)


@differs(
    case("the first", page_due(0, 3), came(FIVE, FOUR), short("3 rows", "2 rows")),
    case("the last", page_due(3, 3), came(TWO), short("2 rows", "1 rows")),
    case("all from a place on", due(start=2), came(THREE, TWO), short("3 rows", "2 rows")),
    case(
        "in the run's own window",
        page_due(0, 3),
        came(FIVE, FOUR, **WINDOW),
        short("3 rows", "2 rows"),
        mirror=mirror_of(base=WINDOW),
    ),
    case("where rows may match", page_due(0, 3, unseen()), came(FIVE, FOUR), None),
    case("in a list that goes on", page_due(0, 3), came(FIVE, FOUR), None, mirror=mirror_of(complete=False)),
    case("in a list that moves", page_due(0, 3), came(FIVE, FOUR), None, mirror=mirror_of(volatile=True)),
    case("after a cursor", page_due(0, 3, by_cursor=True), came(FIVE, FOUR), None),
    case(
        "by the bound that was found",
        page_due(0, 3),
        came(FIVE, FOUR),
        None,
        session=session_of(settings={"page-cap": (2, 500, None)}),
    ),
    case(
        "by as many rows as was found",
        page_due(0, 5),
        came(FIVE, FOUR, THREE),
        None,
        session=session_of(settings={"page-cap": (8, 10, None)}),
    ),
    case(
        "by fewer rows than was found",
        page_due(0, 4),
        came(FIVE, FOUR, THREE),
        short("4 rows", "3 rows"),
        session=session_of(settings={"page-cap": (8, 10, None)}),
    ),
    case(
        "by more rows than was found",
        page_due(0, 4),
        came(FIVE),
        short("4 rows", "1 rows"),
        session=session_of(settings={"page-cap": (8, 10, None)}),
    ),
    case(
        "empty, where a bound was found",
        page_due(0, 2),
        came(),
        missing("2 rows", "0 rows; 5 that match are missing", 5, 4, 3, 2, 1),
        session=session_of(settings={"page-cap": (8, 10, None)}),
    ),
)
def test_a_page_that_is_shorter_than_it_must_be_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


OWN_DEFAULT = {**PAGES, "default-size": {"open": "integer", "assumed": 20}}
OWN_CAP = {**PAGES, "cap": {"open": "integer", "assumed": 500}}
TWO_DEFAULTS = {**PAGES, "default-size": {"open": [3, 4], "assumed": 3}}


@differs(
    case("a default", due(), came(FIVE, FOUR, THREE), None, session=session_of(paging=OWN_DEFAULT)),
    case(
        "a default, with its total",
        due(),
        came(FIVE, FOUR, THREE, total=5),
        None,
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "no default, as the total says",
        due(),
        came(FIVE, FOUR, THREE, total=3),
        TWO_MISSING,
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "a default, as the total is known to be wrong",
        due(),
        came(FIVE, FOUR, THREE, total=3),
        Difference("total", "a total of 5", "a total of 3", flags=("by_page",)),
        session=session_of(paging=OWN_DEFAULT, failed=["INDEPENDENT"]),
    ),
    case(
        "the default that is known",
        due(),
        came(FIVE, FOUR, THREE),
        None,
        session=session_of(paging=OWN_DEFAULT, known={"paging.default-size": 3}),
    ),
    case(
        "another default than is known",
        due(),
        came(FIVE, FOUR, THREE),
        TWO_MISSING,
        session=session_of(paging=OWN_DEFAULT, known={"paging.default-size": 4}),
    ),
    case("a default that is said", due(), came(FIVE, FOUR, THREE), TWO_MISSING),
    case(
        "a default of which two are said",
        due(),
        came(FIVE, FOUR, THREE),
        TWO_MISSING,
        session=session_of(paging=TWO_DEFAULTS),
    ),
    case(
        "no default, as nothing comes",
        due(),
        came(),
        missing("5 rows", "0 rows; 5 that match are missing", 5, 4, 3, 2, 1),
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "no default, as it may be the filter",
        due(ADA),
        came(FIVE, who="ada"),
        missing("3 rows", "1 rows; 2 that match are missing", 3, 1),
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "a default under a filter, with its total",
        due(ADA),
        came(FIVE, total=3, who="ada"),
        None,
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "the default that is known, under a filter",
        due(ADA),
        came(FIVE, who="ada"),
        None,
        session=session_of(paging=OWN_DEFAULT, known={"paging.default-size": 1}),
    ),
    case("a limit", page_due(0, 5), came(FIVE, FOUR, THREE), None, session=session_of(paging=OWN_CAP, widest=3)),
    case(
        "no limit, as other pages held more",
        page_due(0, 5),
        came(FIVE, FOUR, THREE),
        TWO_MISSING,
        session=session_of(paging=OWN_CAP, widest=4),
    ),
    case(
        "the limit that is known, though other pages held more",
        page_due(0, 5),
        came(FIVE, FOUR, THREE),
        None,
        session=session_of(paging=OWN_CAP, known={"paging.cap": 3}, widest=4),
    ),
    case(
        "no limit, as only the default is open",
        page_due(0, 5),
        came(FIVE, FOUR, THREE),
        TWO_MISSING,
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "no limit on a later page",
        page_due(1, 3),
        came(FOUR, THREE),
        short("3 rows", "2 rows"),
        session=session_of(paging=OWN_CAP, known={"paging.cap": 2}),
    ),
)
def test_a_short_first_page_may_show_a_bound_of_the_servers_own(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


@pytest.mark.parametrize(
    ("paging", "meaning", "choice"),
    [
        pytest.param(OWN_DEFAULT, due(), "paging.default-size", id="the size is not given"),
        pytest.param(OWN_CAP, page_due(0, 5), "paging.cap", id="the size is given"),
    ],
)
def test_a_short_first_page_settles_the_bound(
    paging: Mapping[str, Any], meaning: ExpectedAnswer, choice: str
) -> None:
    session = session_of(paging=paging, widest=3)
    first_difference(session, mirror_of(), meaning, came(FIVE, FOUR, THREE))
    assert session.dialect.candidates_of(choice) == (3,)


# --- order --------------------------------------------------------------------------------------------------------


def order(expected: str, actual: str, *rows: int, flags: tuple[str, ...] = ()) -> Difference:
    return Difference("order", f"rows {expected}", f"{actual} stand the other way round", rows=rows, flags=flags)


TIES = (call(1, secs=9), call(2, secs=5), call(3, secs=5))
SILENT = call(2, secs=None)
BIG, SMALL = call(1, who="Bob"), call(2, who="ada")
NINE, TEN = call(1, who="9"), call(2, who="10")


@differs(
    case(
        "two rows",
        due(),
        came(FIVE, THREE, FOUR, TWO, ONE),
        order("descending by started", "row 2 and row 3", 3, 4),
    ),
    case(
        "two rows that are to ascend",
        due(sort=("secs", False)),
        came(ONE, TWO, THREE, FIVE, FOUR),
        order("ascending by secs", "row 4 and row 5", 5, 4),
    ),
    case(
        "all rows",
        due(),
        came(ONE, TWO, THREE, FOUR, FIVE),
        order("descending by started", "row 1 and row 2", 1, 2, flags=("reverse",)),
    ),
    case(
        "all rows that are to ascend",
        due(sort=("started", False)),
        came(*CALLS),
        order("ascending by started", "row 1 and row 2", 5, 4, flags=("reverse",)),
    ),
    case("no rows but ties", due(sort=("secs", True)), came(TIES[0], TIES[2], TIES[1]), None, mirror=mirror_of(TIES)),
    case("no ties either way", due(sort=("secs", True)), came(*TIES), None, mirror=mirror_of(TIES)),
    case("none before some", due(sort=("secs", False)), came(SILENT, ONE), None, mirror=mirror_of((SILENT, ONE))),
    case(
        "some before none",
        due(sort=("secs", False)),
        came(ONE, SILENT),
        order("ascending by secs", "row 1 and row 2", 1, 2, flags=("reverse",)),
        mirror=mirror_of((SILENT, ONE)),
    ),
    case(
        "no texts by their code points",
        due(sort=("who", False)),
        came(BIG, SMALL),
        None,
        mirror=mirror_of((BIG, SMALL)),
    ),
    case(
        "texts whose case does not count",
        due(sort=("who", False), collation="folded"),
        came(BIG, SMALL),
        order("ascending by who", "row 1 and row 2", 1, 2, flags=("reverse",)),
        mirror=mirror_of((BIG, SMALL)),
    ),
    case(
        "no numbers in texts by their values",
        due(sort=("who", False), collation="numeric"),
        came(NINE, TEN),
        None,
        mirror=mirror_of((NINE, TEN)),
    ),
    case(
        "numbers in texts by their code points",
        due(sort=("who", False)),
        came(NINE, TEN),
        order("ascending by who", "row 1 and row 2", 1, 2, flags=("reverse",)),
        mirror=mirror_of((NINE, TEN)),
    ),
    case(
        "no row that does not show its place",
        due(),
        came(FIVE, call(9, without="started"), FOUR),
        None,
        mirror=mirror_of(complete=False),
    ),
    case("no rows by what they do not show", due(sort=("hidden.ext", True)), came(TWO, FIVE, ONE, FOUR, THREE), None),
    case(
        "rows of a list that goes on",
        due(),
        came(FIVE, THREE, FOUR),
        order("descending by started", "row 2 and row 3", 3, 4),
        mirror=mirror_of(complete=False),
    ),
    case(
        "rows of a list that moves",
        due(),
        came(FIVE, THREE, FOUR),
        order("descending by started", "row 2 and row 3", 3, 4),
        mirror=mirror_of(volatile=True),
    ),
    case(
        "rows after a cursor",
        due(by_cursor=True),
        came(FIVE, THREE, FOUR),
        order("descending by started", "row 2 and row 3", 3, 4),
    ),
)
def test_rows_that_stand_the_other_way_round_are_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


# --- slice --------------------------------------------------------------------------------------------------------


def other_rows(
    expected: str, place: int, *rows: int, aspect: str = "slice", flags: tuple[str, ...] = ()
) -> Difference:
    return Difference(
        aspect,
        f"rows {expected} of the sorted list",
        f"other rows, from place {place} of the page on",
        rows=rows,
        flags=flags,
    )


SECOND_FOR_FIRST = (page_due(0, 2), came(THREE, TWO))
ANOTHER_PAGE = other_rows("1 to 2", 1, 3, 2)


@differs(
    case("the second page for the first", *SECOND_FOR_FIRST, ANOTHER_PAGE),
    case("the first page for the second", page_due(2, 2), came(FIVE, FOUR), other_rows("3 to 4", 1, 5, 4)),
    case(
        "rows between two pages",
        page_due(2, 2),
        came(FOUR, THREE),
        other_rows("3 to 4", 1, 4, 3, flags=("elsewhere_on_the_list",)),
    ),
    case("a later row of the page", page_due(0, 3), came(FIVE, FOUR, TWO), other_rows("1 to 3", 3, 2)),
    case("many rows", page_due(0, 4), came(FOUR, THREE, TWO, ONE), other_rows("1 to 4", 1, 4, 3, 2)),
    case(
        "other rows of a filter on its first page",
        page_due(0, 1, ADA),
        came(THREE, who="ada"),
        other_rows("1 to 1", 1, 3, aspect="rows"),
    ),
    case(
        "other rows of a filter on a later page",
        page_due(1, 1, ADA),
        came(ONE, who="ada"),
        other_rows("2 to 2", 1, 1, flags=("elsewhere_on_the_list",)),
    ),
    case(
        "other rows in the run's own window",
        page_due(0, 2),
        came(THREE, TWO, **WINDOW),
        ANOTHER_PAGE,
        mirror=mirror_of(base=WINDOW),
    ),
    case(
        "rows beyond the last page", page_due(6, 2), came(FIVE), Difference("slice", "0 rows on this page", "1 rows")
    ),
    case(
        "all rows from a place on", due(start=3), came(*CALLS), Difference("slice", "2 rows on this page", "5 rows")
    ),
    case("one tie", page_due(0, 2, sort=("secs", True)), came(*TIES[:2]), None, mirror=mirror_of(TIES)),
    case("another tie", page_due(0, 2, sort=("secs", True)), came(TIES[0], TIES[2]), None, mirror=mirror_of(TIES)),
    case("a list that goes on", *SECOND_FOR_FIRST, None, mirror=mirror_of(complete=False)),
    case("a list that moves", *SECOND_FOR_FIRST, None, mirror=mirror_of(volatile=True)),
    case("a page after a cursor", page_due(0, 2, by_cursor=True), came(THREE, TWO), None),
    case("no order", page_due(0, 2, sort=None), came(THREE, TWO), None),
    case("an order by what rows do not show", page_due(0, 2, sort=("hidden.ext", True)), came(THREE, TWO), None),
    case("rows that may match", page_due(0, 2, unseen()), came(THREE, TWO), None),
    case(
        "a row whose place is not shown",
        *SECOND_FOR_FIRST,
        None,
        mirror=mirror_of((FIVE, FOUR, THREE, TWO, call(1, without="started"))),
    ),
    case("an order that is known to be wrong", *SECOND_FOR_FIRST, None, session=session_of(failed=["ORDER"])),
    case("a direction that is known to be wrong", *SECOND_FOR_FIRST, None, session=session_of(failed=["DESC"])),
    case(
        "a default direction that is known to be wrong",
        *SECOND_FOR_FIRST,
        None,
        session=session_of(failed=["DESC-DEFAULT"]),
    ),
    case("a sort that is known to be wrong", *SECOND_FOR_FIRST, None, session=session_of(failed=["SORT"])),
    case("pages that are known to be wrong", *SECOND_FOR_FIRST, ANOTHER_PAGE, session=session_of(failed=["SLICE"])),
    case("a list with no order of its own", *SECOND_FOR_FIRST, ANOTHER_PAGE, session=session_of(order=None)),
)
def test_a_page_that_holds_other_rows_of_the_list_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


# --- total --------------------------------------------------------------------------------------------------------


def total(expected: str, actual: int, *flags: str) -> Difference:
    return Difference("total", f"a total of {expected}", f"a total of {actual}", flags=flags)


MANY = tuple(call(number) for number in range(24, 0, -1))


def page_with(number: Any) -> tuple[ExpectedAnswer, Exchange]:
    """A right first page with that total."""
    return page_due(0, 2), came(FIVE, FOUR, total=number)


@differs(
    case("too few", *page_with(4), total("5", 4)),
    case("too many", *page_with(6), total("5", 6, "more")),
    case("written as text", *page_with("4"), total("5", 4)),
    case("the rows of the page", *page_with(2), total("5", 2, "by_page")),
    case(
        "all rows, whatever is asked for",
        due(ADA),
        came(FIVE, THREE, ONE, total=5, who="ada"),
        total("3", 5, "by_page", "more"),
    ),
    case("rows where none are due", due(no_rows=True), came(total=5), total("0", 5, "by_page", "more")),
    case("more than can match", due(ADA, unseen()), came(FIVE, total=4), total("0 to 3", 4, "more")),
    case("as many as can match", due(ADA, unseen()), came(FIVE, total=3), None),
    case("as few as can match", due(ADA, unseen()), came(FIVE, total=0), None),
    case("a little more, in a list that moves", *page_with(17), None, mirror=mirror_of(volatile=True)),
    case(
        "far more, in a list that moves",
        *page_with(18),
        total("0 to 17", 18, "more"),
        mirror=mirror_of(volatile=True),
    ),
    case(
        "a little fewer, in a list that moves",
        page_due(0, 2),
        came(*MANY[:2], total=2),
        None,
        mirror=mirror_of(MANY, volatile=True),
    ),
    case(
        "far fewer, in a list that moves",
        page_due(0, 2),
        came(*MANY[:2], total=1),
        total("2 to 46", 1),
        mirror=mirror_of(MANY, volatile=True),
    ),
    case("in a list that goes on", *page_with(99), None, mirror=mirror_of(complete=False)),
    case("true in place of a number", *page_with(True), None),
    case("a word in place of a number", *page_with("many"), None),
    case("none", *page_with(None), None),
    case("a total that is to be left out", page_due(0, 2, total_shown=False), came(FIVE, FOUR, total=99), None),
    case("where the spec knows no total", *page_with(99), None, session=session_of(total=None)),
    case("where rows are known to come twice", *page_with(99), None, session=session_of(failed=["UNIQUE"])),
)
def test_a_total_of_other_than_all_rows_that_match_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


# --- count --------------------------------------------------------------------------------------------------------

COUNTED = due(count_only=True)
FIVE_WANTED = "the number 5"


@differs(
    case("a number", COUNTED, told_in_place_of_rows(5), None),
    case("digits", COUNTED, told_in_place_of_rows("5"), None),
    case("an object", COUNTED, told_in_place_of_rows({"count": 5}), None),
    case("a list of an object", COUNTED, told_in_place_of_rows([{"count": "5"}]), None),
    case("the number of a filter", due(ADA, count_only=True), told_in_place_of_rows(3), None),
    case("too few", COUNTED, told_in_place_of_rows(4), Difference("count", FIVE_WANTED, "4")),
    case("too many", COUNTED, told_in_place_of_rows([{"count": 6}]), Difference("count", FIVE_WANTED, "6")),
    case(
        "all rows, though a filter is asked for",
        due(ADA, count_only=True),
        told_in_place_of_rows(5),
        Difference("count", "the number 3", "5"),
    ),
    case("one page, though pages do not count", due(count_only=True, size=2), told_in_place_of_rows(5), None),
    case("rows", COUNTED, came(FIVE, FOUR), Difference("count", "a number in place of the rows", "2 rows")),
    case(
        "a word",
        COUNTED,
        told_in_place_of_rows("many"),
        Difference("count", "a number in place of the rows", "something else"),
    ),
    case("as many as can match", due(unseen(), count_only=True), told_in_place_of_rows(5), None),
    case(
        "more than can match",
        due(unseen(), count_only=True),
        told_in_place_of_rows(6),
        Difference("count", "the number 0 to 5", "6"),
    ),
    case(
        "rows where none are due",
        due(no_rows=True, count_only=True),
        told_in_place_of_rows(1),
        Difference("count", "the number 0", "1"),
    ),
    case(
        "a little more, in a list that moves",
        COUNTED,
        told_in_place_of_rows(17),
        None,
        mirror=mirror_of(volatile=True),
    ),
    case(
        "far more, in a list that moves",
        COUNTED,
        told_in_place_of_rows(18),
        Difference("count", "the number 0 to 17", "18"),
        mirror=mirror_of(volatile=True),
    ),
    case("in a list that goes on", COUNTED, told_in_place_of_rows(99), None, mirror=mirror_of(complete=False)),
    case(
        "another form than before",
        COUNTED,
        told_in_place_of_rows("5"),
        Difference("count", "the same form of number as before", "a digits"),
        session=session_of(known={"count-only.shape": "object"}),
    ),
    case(
        "the form of before",
        COUNTED,
        told_in_place_of_rows("5"),
        None,
        session=session_of(known={"count-only.shape": "digits"}),
    ),
    case(
        "another form than is said, which is judged elsewhere",
        COUNTED,
        told_in_place_of_rows("5"),
        None,
        session=session_of(count_only={**COUNT, "shape": "integer"}),
    ),
)
def test_a_number_in_place_of_rows_is_held_against_the_rows_that_match(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference | None
) -> None:
    assert first_difference(session, mirror, meaning, exchange) == difference


def test_a_number_in_place_of_rows_settles_its_form() -> None:
    session = session_of()
    first_difference(session, mirror_of(), COUNTED, told_in_place_of_rows([{"count": 5}]))
    assert session.dialect.candidates_of("count-only.shape") == ("list-of-object",)


# --- the first of several -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meaning", "exchange", "aspect"),
    [
        pytest.param(due(ADA), came(FIVE, FOUR, FOUR), "unique", id="a repeated row before a stray one"),
        pytest.param(page_due(0, 2, ADA), came(FIVE, FOUR, THREE), "rows", id="a stray row before a long page"),
        pytest.param(page_due(0, 2), came(ONE, TWO, THREE), "size", id="a long page before the order"),
        pytest.param(page_due(0, 3), came(FOUR, FIVE), "short", id="a short page before the order"),
        pytest.param(due(), came(FOUR, FIVE), "rows", id="missing rows before the order"),
        pytest.param(page_due(0, 2), came(TWO, THREE), "order", id="the order before the slice"),
        pytest.param(page_due(0, 2), came(THREE, TWO, total=9), "slice", id="the slice before the total"),
    ],
)
def test_what_explains_the_rest_is_told_first(meaning: ExpectedAnswer, exchange: Exchange, aspect: str) -> None:
    found = first_difference(session_of(), mirror_of(), meaning, exchange)
    assert found is not None
    assert found.aspect == aspect


ALL_WRONG = (page_due(0, 2, ADA), came(THREE, FOUR, FIVE, FIVE, total=9))
TOO_SHORT = (page_due(0, 3), came(FIVE, FOUR))
LACKING = (due(), came(FIVE))


@pytest.mark.parametrize(
    ("only", "judged", "aspect"),
    [
        pytest.param(ASPECTS, ALL_WRONG, "unique", id="all"),
        pytest.param(("rows", "size", "order", "slice", "total"), ALL_WRONG, "rows", id="without repeated rows"),
        pytest.param(("size", "order", "slice", "total"), ALL_WRONG, "size", id="without stray rows"),
        pytest.param(("order", "slice", "total"), ALL_WRONG, "order", id="without the size"),
        pytest.param(("slice", "total"), ALL_WRONG, "slice", id="without the order"),
        pytest.param(("total",), ALL_WRONG, "total", id="without the slice"),
        pytest.param((), ALL_WRONG, None, id="nothing"),
        pytest.param((), (due(), refused()), "outcome", id="an error, whatever is judged"),
        pytest.param((), (due(), unreadable()), "unreadable", id="what cannot be read, whatever is judged"),
        pytest.param((), (COUNTED, came(FIVE)), "count", id="rows for a number, whatever is judged"),
        pytest.param((), (due(), told_in_place_of_rows(None)), "rows", id="no rows at all, whatever is judged"),
        pytest.param(("size", "short"), TOO_SHORT, "short", id="a short page with the size"),
        pytest.param(("short",), TOO_SHORT, None, id="a short page without the size"),
        pytest.param(("size",), TOO_SHORT, None, id="the size alone, of a short page"),
        pytest.param(("rows", "size"), LACKING, "rows", id="missing rows with the size"),
        pytest.param(("rows",), LACKING, None, id="missing rows without the size"),
    ],
)
def test_only_the_aspects_asked_about_are_told(
    only: Sequence[Aspect], judged: tuple[ExpectedAnswer, Exchange], aspect: str | None
) -> None:
    found = first_difference(session_of(), mirror_of(), *judged, only=only)
    assert (found and found.aspect) == aspect


# --- rows and what is known of them -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mirror", "meaning", "sure", "may"),
    [
        pytest.param(mirror_of(), due(), [5, 4, 3, 2, 1], [], id="all rows"),
        pytest.param(mirror_of(), due(ADA), [5, 3, 1], [], id="rows that a filter keeps"),
        pytest.param(mirror_of(), due(unseen()), [], [5, 4, 3, 2, 1], id="rows that do not show what is asked"),
        pytest.param(mirror_of(), due(ADA, unseen()), [], [5, 3, 1], id="rows that one of two filters keeps"),
        pytest.param(mirror_of(), due(no_rows=True), [], [], id="none where none are due"),
        pytest.param(mirror_of(), page_due(2, 2), [5, 4, 3, 2, 1], [], id="all rows, whatever page is due"),
        pytest.param(
            mirror_of((FIVE, call(4, without="who"), THREE)), due(ADA), [5, 3], [4], id="a row that lacks the field"
        ),
        pytest.param(
            mirror_of((FIVE, FLAWED, THREE)), due(ADA), [5, 3], [4], id="a row that shows the field otherwise"
        ),
        pytest.param(
            mirror_of((FIVE, FLAWED, THREE)), due(), [5, 4, 3], [], id="a row that shows another field otherwise"
        ),
        pytest.param(
            mirror_of((FIVE, FOUR, THREE), before=(FIVE, FOUR)), due(), [5, 4], [3], id="a row that came meanwhile"
        ),
        pytest.param(
            mirror_of((FIVE, FOUR), before=(FIVE, call(4, secs=0))),
            due(),
            [5],
            [4],
            id="a row that changed meanwhile",
        ),
        pytest.param(
            mirror_of((FIVE, FOUR), before=(FIVE,)), due(ADA), [5], [], id="a row that came and does not match"
        ),
        pytest.param(
            mirror_of((NEWEST, FIVE), moving_since=("started", NEWEST.shown["started"])),
            due(),
            [5],
            [6],
            id="a row from the instant on from which rows come and go",
        ),
        pytest.param(Mirror(), due(), [], [], id="none of a list that was never read"),
    ],
)
def test_rows_match_for_sure_or_perhaps(
    mirror: Mirror, meaning: ExpectedAnswer, sure: list[int], may: list[int]
) -> None:
    found = matching_rows(mirror, meaning)
    assert [[row.key for row in rows] for rows in found] == [sure, may]


def test_each_meaning_has_its_own_matching_rows() -> None:
    mirror = mirror_of()
    found = [matching_rows(mirror, due(who(name)))[0] for name in ("ada", "bob", "ada")]
    assert [[row.key for row in rows] for rows in found] == [[5, 3, 1], [4, 2], [5, 3, 1]]


def test_matching_rows_are_those_of_the_list_as_it_was_read_last() -> None:
    mirror, meaning = mirror_of(), due(ADA)
    matching_rows(mirror, meaning)
    mirror.after = mirror.before = snapshot_of((FIVE, FOUR))
    mirror.clear_caches()
    assert [row.key for row in matching_rows(mirror, meaning)[0]] == [5]


@pytest.mark.parametrize(
    ("row", "doubted"),
    [
        pytest.param(FOUR, False, id="no flaw"),
        pytest.param(call(4, flaws=(flaw("who", "type"),)), True, id="the wrong type"),
        pytest.param(call(4, flaws=(flaw("who", "word"),)), True, id="a word that is not known"),
        pytest.param(call(4, flaws=(flaw("who", "missing"),), without="who"), True, id="a field that is missing"),
        pytest.param(call(4, flaws=(flaw("who", "form"),)), False, id="another form of what can be read"),
        pytest.param(call(4, flaws=(flaw("who", "form"),), without="who"), True, id="a form that cannot be read"),
        pytest.param(call(4, flaws=(flaw("who", "form"),), who=""), True, id="a form that shows nothing"),
        pytest.param(call(4, flaws=(flaw("secs", "type"),)), False, id="a field that is not asked for"),
        pytest.param(call(4, flaws=(flaw("secs"), flaw("who"))), True, id="two fields, one of which is asked for"),
    ],
)
def test_a_row_is_doubtful_by_a_compared_field_that_is_otherwise_than_documented(row: Row, doubted: bool) -> None:
    assert is_doubtful_match(due(ADA), row) is doubted


@pytest.mark.parametrize(
    ("row", "caller"),
    [
        pytest.param(call(4, without="who"), "bob", id="the list's, where the row shows none"),
        pytest.param(call(4, who=None), "bob", id="the list's, where the row shows it empty"),
        pytest.param(call(4, who="eve"), "eve", id="the row's own, where both show one"),
        pytest.param(call(7, who="eve"), "eve", id="the row's own, where the list does not hold it"),
        pytest.param(call(3, who=None), None, id="empty, where the list shows none either"),
    ],
)
def test_a_row_is_known_by_what_it_and_the_list_show(row: Row, caller: str | None) -> None:
    mirror = mirror_of((FIVE, FOUR, call(3, without="who")))
    assert merged_row_values(mirror, row)["who"] == caller


@pytest.mark.parametrize(
    ("rows", "are_young"),
    [
        pytest.param((NEWEST,), True, id="one that began with the run"),
        pytest.param((NEWEST, FIVE), False, id="one of two"),
        pytest.param((FIVE,), False, id="one of the morning"),
        pytest.param((), False, id="none"),
        pytest.param((call(6, without="started"),), False, id="one that does not say when it began"),
    ],
)
def test_rows_are_young_if_all_of_them_began_with_the_run(rows: tuple[Row, ...], are_young: bool) -> None:
    assert all_recent(session_of(), rows) is are_young


@pytest.mark.parametrize(
    ("mismatch", "exchange", "astray"),
    [
        pytest.param(differing("rows", kind="stray", rows=(FOUR,)), came(FIVE, FOUR), True, id="a row that came"),
        pytest.param(
            differing("rows", kind="missing", rows=(THREE,)), came(FIVE), False, id="a row that did not come"
        ),
        pytest.param(differing("order", rows=(FIVE, FOUR)), came(FIVE, FOUR), False, id="rows in another order"),
        pytest.param(differing("outcome"), refused(), True, id="an error"),
        pytest.param(differing("unreadable"), unreadable(), True, id="what cannot be read"),
        pytest.param(differing("total"), came(FIVE, total=9), False, id="a total"),
        pytest.param(None, came(FIVE), False, id="nothing"),
    ],
)
def test_an_answer_strays_by_what_it_must_not_hold(
    mismatch: Mismatch | None, exchange: Exchange, astray: bool
) -> None:
    assert has_stray_rows(ProbeResult(passed=mismatch is None, exchange=exchange, mismatch=mismatch)) is astray


# --- clauses ------------------------------------------------------------------------------------------------------

FIRST_PAGE, LATER_PAGE, BY_DEFAULT = page_due(0, 2), page_due(2, 2), due(size=20, size_default=True)


def ask(**values: Any) -> ListRequest:
    return ListRequest(values=values)


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
        pytest.param(
            session_of(failed=["PARTITION"]),
            ask(),
            "slice",
            FIRST_PAGE,
            ("PARTITION",),
            id="a page where pages are known not to share out the list",
        ),
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
    assert promised(session, asked, aspect, meaning) == named(*clauses)


def blame(
    name: str,
    mismatch: Mismatch,
    *clauses: str,
    session: CheckContext | None = None,
    asked: ListRequest | None = None,
    given: Mapping[str, str] | None = None,
    meaning: ExpectedAnswer | None = None,
) -> Any:
    """A row of the table of blame; what was asked for is the filter by caller."""
    special = {aspect: named(clause) for aspect, clause in (given or {}).items()}
    return pytest.param(session or session_of(), asked or ask(), mismatch, special, meaning, clauses, id=name)


NO_MATCH = {"no_match_clause": "NO-MATCH"}


@pytest.mark.parametrize(
    ("session", "asked", "mismatch", "special", "meaning", "clauses"),
    [
        blame("wrong rows", differing("rows"), "WHO"),
        blame("an error", differing("outcome"), "WHO"),
        blame("a wrong number", differing("count"), "WHO"),
        blame("what cannot be read", differing("unreadable"), "WHO"),
        blame("a wrong order", differing("order"), "ORDER"),
        blame("a wrong total", differing("total"), "SUM"),
        blame("rows twice", differing("unique"), "UNIQUE"),
        blame("a long page", differing("size"), "SIZE", meaning=FIRST_PAGE),
        blame("another page", differing("slice"), "SLICE", meaning=LATER_PAGE),
        blame("a wrong order where none is promised", differing("order"), "WHO", session=session_of(order=None)),
        blame("a wrong order that others answer for", differing("order"), "SORT", given={"order": "SORT"}),
        blame("wrong rows that others answer for", differing("rows"), "EXT", given={"rows": "EXT"}),
        blame("wrong rows where others answer for the order", differing("rows"), "WHO", given={"order": "SORT"}),
        # Nothing was due.
        blame(
            "rows where none are due", differing("rows", "nothing_due"), "NO-MATCH", session=session_of(**NO_MATCH)
        ),
        blame("rows where none are due and that is not promised", differing("rows", "nothing_due"), "WHO"),
        blame(
            "rows where none are due, carried otherwise",
            differing("rows", "nothing_due"),
            "WHO",
            session=session_of(**NO_MATCH),
            asked=ListRequest(encoding_name="post"),
        ),
        blame(
            "rows where none are due, for which others answer",
            differing("rows", "nothing_due"),
            "NO-MATCH",
            session=session_of(**NO_MATCH),
            given={"rows": "EXT"},
        ),
        blame(
            "no rows at all where none are due",
            differing("rows", "nothing_due", "shapeless"),
            "NO-MATCH",
            session=session_of(**NO_MATCH),
        ),
        blame(
            "no rows at all where rows are known to fail",
            differing("rows", "nothing_due", "shapeless"),
            "ROWS",
            session=session_of(**NO_MATCH, failed=["ROWS"]),
        ),
        blame(
            "no rows at all where some are due",
            differing("rows", "shapeless"),
            "WHO",
            session=session_of(failed=["ROWS"]),
        ),
        # The other way round.
        blame("a list the other way round", differing("order", "reverse"), "DESC-DEFAULT"),
        blame("a list the other way round, as was asked", differing("order", "reverse"), "DESC", asked=ask(desc="1")),
        blame(
            "a sorted list the other way round",
            differing("order", "reverse"),
            "DESC-DEFAULT",
            given={"order": "SORT"},
        ),
        blame(
            "a list the other way round whose order is known to be wrong",
            differing("order", "reverse"),
            "ORDER",
            session=session_of(failed=["ORDER"]),
        ),
        blame(
            "a list the other way round with no clause on the default",
            differing("order", "reverse"),
            "ORDER",
            session=session_of(order={**ORDER, "descending-default-clause": []}),
        ),
        blame(
            "a list the other way round with no flag for that",
            differing("order", "reverse"),
            "SORT",
            session=session_of(order={**ORDER, "descending": None}),
            given={"order": "SORT"},
        ),
        # Totals by the page.
        blame("a total of the page", differing("total", "by_page"), "INDEPENDENT"),
        blame(
            "a total of the page that others answer for",
            differing("total", "by_page"),
            "INDEPENDENT",
            given={"total": "WHO"},
        ),
        blame(
            "a total of the page that need not be independent",
            differing("total", "by_page"),
            "SUM",
            session=session_of(total=without_clause(TOTAL, "independent")),
        ),
        # Pages that are known to be cut wrongly.
        blame(
            "missing rows where pages are cut wrongly",
            differing("rows", kind="missing"),
            "SLICE",
            session=session_of(failed=["PARTITION", "SLICE"]),
            meaning=FIRST_PAGE,
        ),
        blame(
            "a short page where pages do not share out the list",
            differing("short"),
            "PARTITION",
            session=session_of(failed=["PARTITION"]),
            given={"short": "SIZE"},
            meaning=FIRST_PAGE,
        ),
        blame(
            "another page where a limit is known to be wrong",
            differing("slice"),
            "PREFIX",
            session=session_of(paging=LIMIT, failed=["PREFIX"]),
            given={"slice": "SORT"},
            meaning=FIRST_PAGE,
        ),
        blame(
            "stray rows where pages are cut wrongly",
            differing("rows", kind="stray"),
            "WHO",
            session=session_of(failed=["SLICE"]),
            meaning=FIRST_PAGE,
        ),
        blame(
            "missing rows of all where pages are cut wrongly",
            differing("rows", kind="missing"),
            "WHO",
            session=session_of(failed=["SLICE"]),
            meaning=due(),
        ),
        blame(
            "a wrong order where pages are cut wrongly",
            differing("order"),
            "ORDER",
            session=session_of(failed=["SLICE"]),
            meaning=FIRST_PAGE,
        ),
        blame(
            "missing rows where there are no pages",
            differing("rows", kind="missing"),
            "WHO",
            session=session_of(paging=NO_PAGES, failed=["SLICE"]),
            meaning=FIRST_PAGE,
        ),
        # Rows that stand elsewhere.
        blame(
            "rows between two pages",
            differing("slice", "elsewhere_on_the_list"),
            "PARTITION",
            given={"slice": "SORT"},
            meaning=LATER_PAGE,
        ),
        blame(
            "rows between two slices",
            differing("slice", "elsewhere_on_the_list"),
            "SLICE",
            session=session_of(paging=OFFSETS),
            meaning=LATER_PAGE,
        ),
        blame(
            "rows between two pages that need not share out the list",
            differing("slice", "elsewhere_on_the_list"),
            "SORT",
            session=session_of(paging=without_clause(PAGES, "partition")),
            given={"slice": "SORT"},
            meaning=LATER_PAGE,
        ),
        blame(
            "rows between two pages for which nobody answers",
            differing("slice", "elsewhere_on_the_list"),
            "WHO",
            session=session_of(paging=without_clause(PAGES, "partition")),
            meaning=LATER_PAGE,
        ),
    ],
)
def test_a_difference_is_blamed_on_the_clauses_that_explain_it_best(
    session: CheckContext,
    asked: ListRequest,
    mismatch: Mismatch,
    special: Mapping[Aspect, Any],
    meaning: ExpectedAnswer | None,
    clauses: tuple[str, ...],
) -> None:
    assert blamed_clauses(session, asked, mismatch, named("WHO"), special, meaning) == named(*clauses)


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
            {"paging": NO_PAGES, "total": None, "lists": without_clause(LISTS, "one-per")}, (), id="nothing"
        ),
    ],
)
def test_a_list_that_leaves_rows_out_breaks_what_is_left_to_promise_them(
    sections: Mapping[str, Any], clauses: tuple[str, ...]
) -> None:
    assert completeness_clauses(session_of(**sections)) == named(*clauses)
