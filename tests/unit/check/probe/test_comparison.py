"""What is due and what came: all the ways in which they differ, each aspect for itself.

Each table row names a situation; rows of calls are told by their numbers, which stand for their minutes after nine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from judged_lists import (
    CALLS,
    COUNT,
    FIVE,
    FOUR,
    LISTING,
    NEWEST,
    OFFSETS,
    ONE,
    PAGES,
    STRANGE,
    THREE,
    TWO,
    Told,
    call,
    came,
    due,
    flaw,
    mirror_of,
    no_answer,
    page_due,
    refused,
    session_of,
    since,
    snapshot_of,
    stranger,
    told_differences,
    told_in_place_of_rows,
    unreadable,
    unseen,
    who,
)

from harness.check.context import CheckContext, Exchange, Row
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.comparison import server_failure
from harness.check.probe.differences import ASPECTS, Aspect
from harness.check.probe.mirror import Mirror
from harness.check.probe.row_matches import is_doubtful_match, matching_rows, merged_row_values
from harness.check.probe.stability import all_recent
from harness.wire.decoded_body import FormatProblem
from harness.wire.json_body import MISSING

ADA = who("ada")


def case(
    name: str,
    meaning: ExpectedAnswer,
    exchange: Exchange,
    *told: Told,
    session: CheckContext | None = None,
    mirror: Mirror | None = None,
) -> Any:
    """A row of a table: what is due, what came, and all the ways in which the two differ."""
    return pytest.param(session or session_of(), mirror or mirror_of(), meaning, exchange, list(told), id=name)


def differs(*cases: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A table of cases."""
    return pytest.mark.parametrize(("session", "mirror", "meaning", "exchange", "told"), cases)


# --- nothing differs ----------------------------------------------------------------------------------------------


@differs(
    case("the whole list", due(), came(*CALLS, total=5)),
    case("the rows that a filter keeps", due(ADA), came(FIVE, THREE, ONE, total=3, who="ada")),
    case("a first page", page_due(0, 2), came(FIVE, FOUR, total=5)),
    case("a second page", page_due(2, 2), came(THREE, TWO, total=5)),
    case("a last page, which is short", page_due(4, 2), came(ONE, total=5)),
    case("a last page that a cursor leads to", page_due(0, 2, by_cursor=True), came(ONE, total=5)),
    case("nothing beyond the last page", page_due(6, 2), came(total=5)),
    case("a page of what a filter keeps", page_due(1, 1, ADA), came(THREE, total=3, who="ada")),
    case("nothing where no row matches", due(who("eve")), came(total=0, who="eve")),
    case("nothing where no rows are due", due(no_rows=True), came(total=0)),
    case("an empty list", due(), came(total=0), mirror=mirror_of(())),
    case("the oldest first", due(sort=("started", False)), came(ONE, TWO, THREE, FOUR, FIVE)),
    case("any order where none is due", due(sort=None), came(TWO, FIVE, ONE, FOUR, THREE)),
    case("an error that is due", due(error_name="invalid"), refused(9)),
    case("an error page of another shape that is due", due(error_name="invalid"), unreadable(400)),
    case("rows where anything may come", due(unspecified="not said"), came(ONE, ONE, STRANGE, total=0)),
    case("an error where anything may come", due(unspecified="not said"), refused(9)),
    case("a server that fails where anything may come", due(unspecified="not said"), unreadable(500)),
    case("a server that fails where an error is due", due(error_name="invalid"), unreadable(500)),
    case("a lost connection where an error is due", due(error_name="invalid"), no_answer("reset")),
    case("a list that was never read", due(), came(FIVE, FOUR, total=99), mirror=Mirror()),
)
def test_an_answer_that_is_what_is_due_does_not_differ(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


# --- outcome ------------------------------------------------------------------------------------------------------


def accepted(actual: str, about: str) -> Told:
    return Told("outcome", "accepted", f"an error ({about.partition(' ')[0]})", actual, about=about)


def turned_away(told: str, *flags: str) -> Told:
    return Told("outcome", "refused", "a success", f"the error {told}", flags=flags)


def broken_down(actual: str) -> Told:
    return Told("outcome", "broken-down", "a success", actual, about="server")


def not_read(actual: str) -> Told:
    return Told("unreadable", "unreadable", "an answer that can be read", actual)


@differs(
    case(
        "rows where an error is due",
        due(error_name="invalid", parameter="who"),
        came(FIVE, FOUR),
        accepted("a success with 2 rows", "invalid who"),
    ),
    case(
        "no rows at all where an error is due",
        due(error_name="missing", parameter="from"),
        told_in_place_of_rows(MISSING),
        accepted("a success", "missing from"),
    ),
    case(
        "what cannot be read, with the status of a success, where an error is due",
        due(error_name="invalid", parameter="who"),
        unreadable(399),
        accepted("an answer that cannot be read", "invalid who"),
    ),
    case(
        "an error with a message where rows are due",
        due(),
        refused(9, "Cannot read who"),
        turned_away("9 ('Cannot read who')"),
    ),
    case("an error whose message is no text", due(), refused("E9", 5), turned_away("'E9'")),
    case("an error where no rows are due", due(no_rows=True), refused(9), turned_away("9", "nothing_due")),
    case("an error where no row matches", due(who("eve")), refused(9), turned_away("9", "nothing_due")),
    case("an error where a number is due", due(count_only=True), refused(9), turned_away("9")),
    case("an error of the API with a status of the server's", due(), refused(9, http_status=500), turned_away("9")),
    case(
        "what cannot be read, with its first problem",
        due(),
        unreadable(
            200, FormatProblem("json:syntax", "a comma is missing"), FormatProblem("json:end", "it ends early")
        ),
        not_read("json:syntax: a comma is missing"),
    ),
    case("what cannot be read, with no problem named", due(), unreadable(499), not_read("a body of another shape")),
    case(
        "what cannot be read where a number is due",
        due(count_only=True),
        unreadable(200),
        not_read("a body of another shape"),
    ),
    case(
        "no rows, not even none",
        due(),
        told_in_place_of_rows(MISSING),
        Told("rows", "no-rows", "rows", "no rows in the answer"),
    ),
    case(
        "no rows, not even none, where none are due",
        due(no_rows=True),
        told_in_place_of_rows(None),
        Told("rows", "no-rows", "rows", "no rows in the answer", flags=("nothing_due",)),
    ),
    case("a server that fails", due(), unreadable(500), broken_down("HTTP 500")),
    case("a server that fails where a number is due", due(count_only=True), unreadable(502), broken_down("HTTP 502")),
    case("a connection that is lost", due(), no_answer("reset"), broken_down("no answer: reset")),
    case("an answer that ends early", due(ADA), no_answer("truncated"), broken_down("no answer: truncated")),
)
def test_an_answer_of_another_kind_differs_by_that_alone(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


@pytest.mark.parametrize(
    ("exchange", "failure"),
    [
        pytest.param(came(FIVE), None, id="rows"),
        pytest.param(refused(9), None, id="an error"),
        pytest.param(refused(9, http_status=503), None, id="an error of the API with a status of the server's"),
        pytest.param(unreadable(404), None, id="a page that is not there"),
        pytest.param(unreadable(500), "HTTP 500", id="the least status of the server's"),
        pytest.param(no_answer("reset"), "no answer: reset", id="a connection that is lost"),
        pytest.param(no_answer("truncated"), "no answer: truncated", id="an answer that ends early"),
        pytest.param(no_answer("timeout:total"), None, id="a time-out"),
        pytest.param(no_answer("framing:two-lengths"), None, id="malformed framing"),
        pytest.param(no_answer("budget:requests"), None, id="a request that was not sent"),
    ],
)
def test_a_server_fails_by_a_status_of_its_own_or_a_lost_connection(exchange: Exchange, failure: str | None) -> None:
    assert server_failure(exchange) == failure


EITHER = {"open": ["nothing", "refused"], "assumed": "nothing"}
REFUSED = turned_away("9")
REFUSED_FOR_NOTHING = turned_away("9", "nothing_due")
SHOWN_BY_NOBODY = {"ext": {"compares": "hidden.ext", "stranger": "refused"}}


@differs(
    case(
        "a caller whom nobody knows",
        due(who("eve")),
        refused(who="eve"),
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
        REFUSED_FOR_NOTHING,
        session=session_of(filters=stranger("nothing")),
    ),
    case(
        "a caller whom nobody knows, where it is open what that gets",
        due(who("eve")),
        refused(who="eve"),
        session=session_of(filters=stranger(EITHER)),
    ),
    case(
        "a caller whom nobody knows, where such were seen to get no rows",
        due(who("eve")),
        refused(who="eve"),
        REFUSED_FOR_NOTHING,
        session=session_of(filters=stranger(EITHER), known={"filters.who.stranger": "nothing"}),
    ),
    case(
        "a caller whom nobody knows, where such were seen to be refused",
        due(who("eve")),
        refused(who="eve"),
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
        session=session_of(filters=stranger("refused")),
    ),
    case(
        "a value that rows do not show",
        due(unseen()),
        refused(ext="101"),
        session=session_of(filters=SHOWN_BY_NOBODY),
    ),
)
def test_an_error_is_right_where_a_value_names_nobody_and_that_may_be_refused(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


def test_an_error_for_a_stranger_settles_what_strangers_get() -> None:
    session = session_of(filters=stranger(EITHER))
    told_differences(session, mirror_of(), due(who("eve")), refused(who="eve"))
    assert session.dialect.candidates_of("filters.who.stranger") == ("refused",)


REFUSED_BEYOND = {**PAGES, "past-the-end": "refused"}
OPEN_BEYOND = {**PAGES, "past-the-end": {"open": ["empty", "refused"], "assumed": "empty"}}


@differs(
    case("beyond the last", page_due(6, 2), refused(), session=session_of(paging=REFUSED_BEYOND)),
    case("at the very end", page_due(5, 5), refused(), session=session_of(paging=REFUSED_BEYOND)),
    case("the last one", page_due(4, 2), refused(), REFUSED, session=session_of(paging=REFUSED_BEYOND)),
    case(
        "the first one of an empty list",
        page_due(0, 2),
        refused(),
        REFUSED_FOR_NOTHING,
        session=session_of(paging=REFUSED_BEYOND),
        mirror=mirror_of(()),
    ),
    case(
        "beyond what a filter keeps",
        page_due(3, 3, ADA),
        refused(who="ada"),
        session=session_of(paging=REFUSED_BEYOND),
    ),
    case("where pages beyond are empty", page_due(6, 2), refused(), REFUSED),
    case("where that is open", page_due(6, 2), refused(), session=session_of(paging=OPEN_BEYOND)),
    case(
        "where such pages were seen to be empty",
        page_due(6, 2),
        refused(),
        REFUSED,
        session=session_of(paging=OPEN_BEYOND, known={"paging.past-the-end": "empty"}),
    ),
    case(
        "where rows are skipped by number",
        page_due(6, 2),
        refused(),
        REFUSED,
        session=session_of(paging=OFFSETS),
    ),
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
        session=session_of(paging=REFUSED_BEYOND),
        mirror=mirror_of(complete=False),
    ),
    case(
        "of a filter in a list that goes on",
        page_due(6, 2, ADA),
        refused(who="ada"),
        session=session_of(paging=REFUSED_BEYOND),
        mirror=mirror_of(complete=False),
    ),
)
def test_an_error_is_right_for_a_page_beyond_the_last_where_that_may_be_refused(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


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
    told_differences(session, mirror, meaning, refused())
    assert session.dialect.candidates_of("paging.past-the-end") == known


# --- which rows ---------------------------------------------------------------------------------------------------


def twice(*rows: int) -> Told:
    return Told("unique", "repeated", "each row once", "the same row twice", rows=rows)


def missing(expected: str, actual: str, *rows: int) -> Told:
    return Told("rows", "missing", expected, actual, rows=rows)


@differs(
    case("a row twice", due(), came(FIVE, FOUR, FOUR, THREE, TWO, ONE), twice(4, 4)),
    case(
        "many rows twice, where others are missing",
        due(),
        came(FIVE, FIVE, FOUR, FOUR, THREE, THREE),
        twice(5, 5, 4, 4),
        missing("5 rows", "6 rows; 2 that match are missing", 2, 1),
    ),
    case(
        "a row thrice, where others are missing",
        due(),
        came(FIVE, FIVE, FIVE),
        twice(5, 5, 5),
        missing("5 rows", "3 rows; 4 that match are missing", 4, 3, 2, 1),
    ),
    case(
        "a row that shows something else",
        due(),
        came(FIVE, FOUR, call(4, who="eve"), THREE, TWO, ONE),
        twice(4, 4),
    ),
    case("a row twice on a full page", page_due(0, 2), came(FIVE, FIVE), twice(5, 5)),
    case(
        "a row twice in a list that goes on", due(), came(FIVE, FIVE), twice(5, 5), mirror=mirror_of(complete=False)
    ),
    case(
        "a row twice in a list that moves",
        page_due(0, 2),
        came(FIVE, FIVE),
        twice(5, 5),
        mirror=mirror_of(volatile=True),
    ),
)
def test_a_row_that_comes_twice_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


def stray(actual: str, *rows: int, asked: str = "who", flags: tuple[str, ...] = ()) -> Told:
    return Told("rows", "stray", f"only rows that satisfy {asked}", actual, about=asked, rows=rows, flags=flags)


FLAWED = call(4, flaws=(flaw("who"),))
ALL_OF_ADA_MISSING = missing("3 rows", "1 row; 3 that match are missing", 5, 3, 1)
NONE_OF_ADA = missing("3 rows", "0 rows; 3 that match are missing", 5, 3, 1)


@differs(
    case("one", due(ADA), came(FIVE, FOUR, THREE, ONE, who="ada"), stray("1 of 4 rows do not", 4)),
    case("the whole list", due(ADA), came(*CALLS, who="ada"), stray("2 of 5 rows do not", 4, 2)),
    case("of one of two filters", due(ADA, unseen()), came(FIVE, FOUR), stray("1 of 2 rows do not", 4)),
    case(
        "of either of two filters, each for itself",
        due(ADA, since(3)),
        came(FIVE, FOUR, THREE, ONE),
        stray("1 of 4 rows do not", 4),
        stray("1 of 4 rows do not", 1, asked="from"),
    ),
    case(
        "of both of two filters",
        due(ADA, since(3)),
        came(FIVE, THREE, TWO),
        stray("1 of 3 rows do not", 2),
        stray("1 of 3 rows do not", 2, asked="from"),
    ),
    case(
        "in place of rows that are missing",
        due(ADA),
        came(FIVE, FOUR, TWO, ONE),
        stray("2 of 4 rows do not", 4, 2),
        missing("3 rows", "4 rows; 1 that matches is missing", 3),
    ),
    case(
        "where no row matches",
        due(who("eve")),
        came(FIVE, who="eve"),
        stray("1 of 1 rows do not", 5, flags=("nothing_due",)),
    ),
    case("on a full page", page_due(0, 2, ADA), came(FIVE, FOUR, who="ada"), stray("1 of 2 rows do not", 4)),
    case(
        "in a list that goes on",
        due(ADA),
        came(FOUR),
        stray("1 of 1 rows do not", 4),
        mirror=mirror_of(complete=False),
    ),
    case(
        "in a list that moves",
        due(ADA),
        came(FIVE, FOUR, THREE, ONE),
        stray("1 of 4 rows do not", 4),
        mirror=mirror_of(volatile=True),
    ),
    case(
        "by what the list shows of it",
        due(ADA),
        came(call(4, without="who")),
        stray("1 of 1 rows do not", 4),
        ALL_OF_ADA_MISSING,
    ),
    case(
        "not by what a list showed that moves",
        due(ADA),
        came(FIVE, call(4, without="who"), THREE, ONE),
        mirror=mirror_of(volatile=True),
    ),
    case(
        "by a field that is empty in the answer",
        due(ADA),
        came(call(4, who=None)),
        stray("1 of 1 rows do not", 4),
        ALL_OF_ADA_MISSING,
    ),
    case(
        "by a change since",
        due(ADA),
        came(call(5, who="bob"), THREE, ONE),
        stray("1 of 3 rows do not", 5),
    ),
    case(
        "not by a field that is otherwise than documented",
        due(ADA),
        came(FIVE, FLAWED, THREE, ONE),
        mirror=mirror_of((FIVE, FLAWED, THREE, TWO, ONE)),
    ),
    case("not by what rows do not show", due(unseen()), came(FIVE, FOUR)),
    case(
        "any, where none are due",
        due(no_rows=True),
        came(FIVE, FOUR),
        Told("rows", "not-empty", "no rows", "2 rows", rows=(5, 4), flags=("nothing_due",)),
    ),
)
def test_rows_that_a_filter_does_not_keep_are_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


def counted(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def unlisted(actual: int, *rows: int, flags: tuple[str, ...] = ()) -> Told:
    expected = "rows that the list without this request's parameters holds too"
    return Told("rows", "unlisted", expected, f"{counted(actual)} that it does not hold", rows=rows, flags=flags)


@differs(
    case("without a filter", due(), came(STRANGE, *CALLS), unlisted(1, 7)),
    case(
        "that the filter keeps",
        due(ADA),
        came(STRANGE, FIVE, THREE, ONE),
        unlisted(1, 7, flags=("conforming",)),
    ),
    case("that a filter may keep", due(unseen()), came(STRANGE, FIVE), unlisted(1, 7)),
    case(
        "some of which a filter may keep",
        due(ADA),
        came(call(9), call(7, without="who"), FIVE, THREE, ONE),
        unlisted(2, 9, 7),
    ),
    case(
        "that the filter keeps, beside one that it does not",
        due(ADA),
        came(STRANGE, FIVE, FOUR, THREE, ONE),
        stray("1 of 5 rows do not", 4),
        unlisted(1, 7, flags=("conforming",)),
    ),
    case(
        "that the filter does not keep, which is told by that",
        due(ADA),
        came(call(8), FIVE, THREE, ONE),
        stray("1 of 4 rows do not", 8),
    ),
    case("that began with the run", page_due(0, 2, sort=None), came(NEWEST, FIVE)),
    case("of a list that goes on", page_due(0, 2), came(STRANGE, FIVE), mirror=mirror_of(complete=False)),
    case("of a list that moves", page_due(0, 2), came(STRANGE, FIVE), mirror=mirror_of(volatile=True)),
    case("of a list whose pages lose rows", page_due(0, 2), came(STRANGE, FIVE), mirror=mirror_of(tear_reason="so")),
    case("of a list that lacks rows", page_due(0, 2), came(STRANGE, FIVE), mirror=mirror_of(lacks_rows=True)),
)
def test_rows_that_the_whole_list_does_not_hold_are_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


TWO_MISSING = missing("5 rows", "3 rows; 2 that match are missing", 2, 1)
WINDOW = {"from": "2031-03-04 09:00:00"}
GONE = call(8)
MOVED = mirror_of(before=(GONE, FIVE, FOUR, THREE, TWO), volatile=True)
"""A list that lost a call and got one while it was read: the four others were there all the time."""


@differs(
    case("one of all", due(), came(FIVE, FOUR, TWO, ONE), missing("5 rows", "4 rows; 1 that matches is missing", 3)),
    case(
        "one of a filter",
        due(ADA),
        came(FIVE, ONE, who="ada"),
        missing("3 rows", "2 rows; 1 that matches is missing", 3),
    ),
    case(
        "all of a page", page_due(0, 2), came(), missing("2 rows", "0 rows; 5 that match are missing", 5, 4, 3, 2, 1)
    ),
    case(
        "on a page that has room for all",
        page_due(0, 5),
        came(FIVE, FOUR, TWO, ONE),
        missing("5 rows", "4 rows; 1 that matches is missing", 3),
    ),
    case("where rows may match", due(unseen()), came(FIVE)),
    case("in a list that goes on", due(), came(FIVE), mirror=mirror_of(complete=False)),
    case(
        "those that were there all the time, in a list that moves",
        due(),
        came(FIVE, THREE),
        missing("4 rows", "2 rows; 2 that match are missing", 4, 2),
        mirror=MOVED,
    ),
    case("neither one that came nor one that went", due(), came(FIVE, FOUR, THREE, TWO), mirror=MOVED),
    case(
        "a page of a list that moves, all of it",
        page_due(0, 2),
        came(),
        missing("4 rows", "0 rows; 4 that match are missing", 5, 4, 3, 2),
        mirror=MOVED,
    ),
    case("a later page of a list that moves, all of it", page_due(1, 2), came(), mirror=MOVED),
    case(
        "those of a filter that matched all the time",
        due(ADA),
        came(FIVE),
        missing("2 rows", "1 row; 1 that matches is missing", 3),
        mirror=mirror_of((FIVE, FOUR, THREE, ONE), before=(FIVE, call(4, who="ada"), THREE, call(1, who="bob"))),
    ),
    case(
        "no young one where replicas lag",
        due(),
        came(FIVE),
        mirror=mirror_of((NEWEST, FIVE), volatile=True, moving_since=("started", NEWEST.shown["started"])),
    ),
    case("after a cursor", due(by_cursor=True), came(FIVE)),
)
def test_rows_that_match_and_do_not_come_are_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


# --- pages --------------------------------------------------------------------------------------------------------


def long(given: str = "given") -> Told:
    return Told("size", "too-many", "at most 2 rows", "3 rows", about=given)


THREE_FOR_TWO = long()


@differs(
    case("one row", page_due(0, 2), came(FIVE, FOUR, THREE), THREE_FOR_TWO),
    case("by the default", due(size=2, size_default=True), came(FIVE, FOUR, THREE), long("default")),
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
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


def short(expected: str, actual: str, given: str = "given") -> Told:
    return Told("short", "too-few", f"{expected} on this page", actual, about=given)


@differs(
    case("the first", page_due(0, 3), came(FIVE, FOUR), short("3 rows", "2 rows")),
    case("by the default", due(size=3, size_default=True), came(FIVE, FOUR), short("3 rows", "2 rows", "default")),
    case("the last", page_due(3, 3), came(TWO), short("2 rows", "1 row")),
    case("all from a place on", due(start=2), came(THREE, TWO), short("3 rows", "2 rows")),
    case(
        "in the run's own window",
        page_due(0, 3),
        came(FIVE, FOUR, **WINDOW),
        short("3 rows", "2 rows"),
        mirror=mirror_of(base=WINDOW),
    ),
    case(
        "in another window than the run's own",
        page_due(0, 3),
        came(FIVE, FOUR, **{"from": "2031-03-04 08:00:00"}),
        short("3 rows", "2 rows"),
        mirror=mirror_of(base=WINDOW),
    ),
    case("of a filter", page_due(0, 2, ADA), came(FIVE, who="ada"), short("2 rows", "1 row")),
    case("with nothing at all, after the first", page_due(2, 2), came(), short("2 rows", "0 rows")),
    case("where rows may match", page_due(0, 3, unseen()), came(FIVE, FOUR)),
    case("in a list that goes on", page_due(0, 3), came(FIVE, FOUR), mirror=mirror_of(complete=False)),
    case("in a list that moves", page_due(0, 3), came(FIVE, FOUR), short("3 rows", "2 rows"), mirror=MOVED),
    case("a later one in a list that moves", page_due(1, 2), came(FOUR), mirror=MOVED),
    case("after a cursor", page_due(0, 3, by_cursor=True), came(FIVE, FOUR)),
    case(
        "by the bound that was found",
        page_due(0, 3),
        came(FIVE, FOUR),
        session=session_of(page_cap=(2, 500)),
    ),
    case(
        "by as many rows as was found",
        page_due(0, 5),
        came(FIVE, FOUR, THREE),
        session=session_of(page_cap=(8, 10)),
    ),
    case(
        "by fewer rows than was found",
        page_due(0, 4),
        came(FIVE, FOUR, THREE),
        short("4 rows", "3 rows"),
        session=session_of(page_cap=(8, 10)),
    ),
    case(
        "by more rows than was found",
        page_due(0, 4),
        came(FIVE),
        short("4 rows", "1 row"),
        session=session_of(page_cap=(8, 10)),
    ),
    case(
        "empty, where a bound was found",
        page_due(0, 2),
        came(),
        missing("2 rows", "0 rows; 5 that match are missing", 5, 4, 3, 2, 1),
        session=session_of(page_cap=(8, 10)),
    ),
)
def test_a_page_that_is_shorter_than_it_must_be_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


OWN_DEFAULT = {**PAGES, "default-size": {"open": "integer", "assumed": 20}}
OWN_CAP = {**PAGES, "cap": {"open": "integer", "assumed": 500}}
TWO_DEFAULTS = {**PAGES, "default-size": {"open": [3, 4], "assumed": 3}}


@differs(
    case("a default", due(), came(FIVE, FOUR, THREE), session=session_of(paging=OWN_DEFAULT)),
    case(
        "a default, with its total",
        due(),
        came(FIVE, FOUR, THREE, total=5),
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "a default, whose total counts the page",
        due(),
        came(FIVE, FOUR, THREE, total=3),
        Told("total", "total", "a total of 5", "a total of 3", about="rows of the page"),
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "the default that is known",
        due(),
        came(FIVE, FOUR, THREE),
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
        missing("3 rows", "1 row; 2 that match are missing", 3, 1),
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "a default under a filter, with its total",
        due(ADA),
        came(FIVE, total=3, who="ada"),
        session=session_of(paging=OWN_DEFAULT),
    ),
    case(
        "the default that is known, under a filter",
        due(ADA),
        came(FIVE, who="ada"),
        session=session_of(paging=OWN_DEFAULT, known={"paging.default-size": 1}),
    ),
    case("a limit", page_due(0, 5), came(FIVE, FOUR, THREE), session=session_of(paging=OWN_CAP, widest=3)),
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
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


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
    told_differences(session, mirror_of(), meaning, came(FIVE, FOUR, THREE))
    assert session.dialect.candidates_of(choice) == (3,)


# --- order --------------------------------------------------------------------------------------------------------


def order(expected: str, actual: str, *rows: int, kind: str = "unsorted") -> Told:
    path = expected.partition(" by ")[2]
    told = f"{actual} stand the other way round"
    return Told("order", kind, f"rows {expected}", told, about=path, rows=rows)


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
        order("descending by started", "row 1 and row 2", 1, 2, kind="reversed"),
    ),
    case(
        "all rows that are to ascend",
        due(sort=("started", False)),
        came(*CALLS),
        order("ascending by started", "row 1 and row 2", 5, 4, kind="reversed"),
    ),
    case("no rows but ties", due(sort=("secs", True)), came(TIES[0], TIES[2], TIES[1]), mirror=mirror_of(TIES)),
    case("no ties either way", due(sort=("secs", True)), came(*TIES), mirror=mirror_of(TIES)),
    case("none before some", due(sort=("secs", False)), came(SILENT, ONE), mirror=mirror_of((SILENT, ONE))),
    case(
        "some before none",
        due(sort=("secs", False)),
        came(ONE, SILENT),
        order("ascending by secs", "row 1 and row 2", 1, 2, kind="reversed"),
        mirror=mirror_of((SILENT, ONE)),
    ),
    case(
        "no texts by their code points",
        due(sort=("who", False)),
        came(BIG, SMALL),
        mirror=mirror_of((BIG, SMALL)),
    ),
    case(
        "texts whose case does not count",
        due(sort=("who", False), collation="folded"),
        came(BIG, SMALL),
        order("ascending by who", "row 1 and row 2", 1, 2, kind="reversed"),
        mirror=mirror_of((BIG, SMALL)),
    ),
    case(
        "no numbers in texts by their values",
        due(sort=("who", False), collation="numeric"),
        came(NINE, TEN),
        mirror=mirror_of((NINE, TEN)),
    ),
    case(
        "numbers in texts by their code points",
        due(sort=("who", False)),
        came(NINE, TEN),
        order("ascending by who", "row 1 and row 2", 1, 2, kind="reversed"),
        mirror=mirror_of((NINE, TEN)),
    ),
    case(
        "no row that does not show its place",
        due(),
        came(FIVE, call(9, without="started"), FOUR),
        mirror=mirror_of(complete=False),
    ),
    case("no rows by what they do not show", due(sort=("hidden.ext", True)), came(TWO, FIVE, ONE, FOUR, THREE)),
    case(
        "rows of a list that goes on",
        due(),
        came(FIVE, THREE, FOUR),
        order("descending by started", "row 2 and row 3", 3, 4),
        mirror=mirror_of(complete=False),
    ),
    case(
        "rows of a list that moves",
        page_due(0, 3),
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
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


# --- slice --------------------------------------------------------------------------------------------------------


def other_rows(expected: str, place: int, *rows: int, about: str = "first page") -> Told:
    actual = f"other rows, from place {place} of the page on"
    return Told("slice", "displaced", f"rows {expected} of the sorted list", actual, about=about, rows=rows)


def surplus(due_here: int, actual: int, about: str) -> Told:
    return Told("slice", "surplus", f"{counted(due_here)} on this page", counted(actual), about=about)


FIRST_LEFT_OUT = ("the first rows of the sorted list", "a row that stands before them is left out")
SECOND_FOR_FIRST = (page_due(0, 2), came(THREE, TWO))
ANOTHER_PAGE = other_rows("1 to 2", 1, 3, 2)


@differs(
    case("the second page for the first", *SECOND_FOR_FIRST, ANOTHER_PAGE),
    case(
        "the first page for the second",
        page_due(2, 2),
        came(FIVE, FOUR),
        other_rows("3 to 4", 1, 5, 4, about="first page again"),
    ),
    case(
        "rows between two pages",
        page_due(2, 2),
        came(FOUR, THREE),
        other_rows("3 to 4", 1, 4, 3, about="another page"),
    ),
    case("a later row of the page", page_due(0, 3), came(FIVE, FOUR, TWO), other_rows("1 to 3", 3, 2)),
    case("many rows", page_due(0, 4), came(FOUR, THREE, TWO, ONE), other_rows("1 to 4", 1, 4, 3, 2)),
    case(
        "other rows of a filter on its first page",
        page_due(0, 1, ADA),
        came(THREE, who="ada"),
        other_rows("1 to 1", 1, 3),
    ),
    case(
        "other rows of a filter on a later page",
        page_due(1, 1, ADA),
        came(ONE, who="ada"),
        other_rows("2 to 2", 1, 1, about="another page"),
    ),
    case(
        "other rows in the run's own window",
        page_due(0, 2),
        came(THREE, TWO, **WINDOW),
        ANOTHER_PAGE,
        mirror=mirror_of(base=WINDOW),
    ),
    case("rows beyond the last page", page_due(6, 2), came(FIVE), surplus(0, 1, "later")),
    case("all rows from a place on", due(start=3), came(*CALLS), surplus(2, 5, "later")),
    case("one tie", page_due(0, 2, sort=("secs", True)), came(*TIES[:2]), mirror=mirror_of(TIES)),
    case("another tie", page_due(0, 2, sort=("secs", True)), came(TIES[0], TIES[2]), mirror=mirror_of(TIES)),
    case("a list that goes on", *SECOND_FOR_FIRST, mirror=mirror_of(complete=False)),
    case(
        "a list that moves",
        *SECOND_FOR_FIRST,
        Told("slice", "displaced", *FIRST_LEFT_OUT, about="first page", rows=(5,)),
        mirror=MOVED,
    ),
    case(
        "a list that moves, where the rows before came meanwhile",
        *SECOND_FOR_FIRST,
        mirror=mirror_of(before=(THREE, TWO, ONE), volatile=True),
    ),
    case("a later page of a list that moves", page_due(1, 2), came(TWO, ONE), mirror=MOVED),
    case("an order by a field whose values move", *SECOND_FOR_FIRST, mirror=mirror_of(moving_fields={"started"})),
    case("a page after a cursor", page_due(0, 2, by_cursor=True), came(THREE, TWO)),
    case("no order", page_due(0, 2, sort=None), came(THREE, TWO)),
    case("an order by what rows do not show", page_due(0, 2, sort=("hidden.ext", True)), came(THREE, TWO)),
    case("rows that may match", page_due(0, 2, unseen()), came(THREE, TWO)),
    case(
        "a row whose place is not shown",
        *SECOND_FOR_FIRST,
        mirror=mirror_of((FIVE, FOUR, THREE, TWO, call(1, without="started"))),
    ),
    case(
        "rows in another order, whose place is left open",
        page_due(0, 2),
        came(TWO, THREE),
        order("descending by started", "row 1 and row 2", 2, 3, kind="reversed"),
    ),
    case(
        "a short page",
        page_due(1, 3),
        came(FIVE, FOUR),
        short("3 rows", "2 rows"),
        other_rows("2 to 3", 1, 5, 4, about="first page again"),
    ),
    case("a long page", page_due(0, 2), came(FOUR, THREE, TWO), long(), other_rows("1 to 2", 1, 4, 3, 2)),
    case("a list with no order of its own", *SECOND_FOR_FIRST, ANOTHER_PAGE, session=session_of(order=None)),
)
def test_a_page_that_holds_other_rows_of_the_list_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


# --- total --------------------------------------------------------------------------------------------------------


def total(expected: str, actual: int, about: str) -> Told:
    flags = ("more_counted",) if actual > int(expected.split()[-1]) else ()
    return Told("total", "total", f"a total of {expected}", f"a total of {actual}", about=about, flags=flags)


MANY = tuple(call(number) for number in range(24, 0, -1))


def page_with(number: Any) -> tuple[ExpectedAnswer, Exchange]:
    """A right first page with that total."""
    return page_due(0, 2), came(FIVE, FOUR, total=number)


@differs(
    case("too few", *page_with(4), total("5", 4, "fewer")),
    case("too many", *page_with(6), total("5", 6, "more")),
    case("written as text", *page_with("4"), total("5", 4, "fewer")),
    case("the rows of the page", *page_with(2), total("5", 2, "rows of the page")),
    case(
        "all rows, whatever is asked for",
        due(ADA),
        came(FIVE, THREE, ONE, total=5, who="ada"),
        total("3", 5, "rows of the list"),
    ),
    case("rows where none are due", due(no_rows=True), came(total=5), total("0", 5, "rows of the list")),
    case("more than can match", due(ADA, unseen()), came(FIVE, total=4), total("0 to 3", 4, "more")),
    case("as many as can match", due(ADA, unseen()), came(FIVE, total=3)),
    case("as few as can match", due(ADA, unseen()), came(FIVE, total=0)),
    case("one more, in a list that moves", *page_with(6), total("5", 6, "more"), mirror=mirror_of(volatile=True)),
    case(
        "one fewer, in a list that moves",
        page_due(0, 2),
        came(*MANY[:2], total=23),
        total("24", 23, "fewer"),
        mirror=mirror_of(MANY, volatile=True),
    ),
    # Of 24 rows one came, and one went that is no longer among them: 23 to 25 at some time.
    case(
        "as many as may have come, in a list that moved",
        page_due(0, 2),
        came(*MANY[1:3], total=25),
        mirror=mirror_of(MANY, before=(call(25), *MANY[1:]), volatile=True),
    ),
    case(
        "more than may have come, in a list that moved",
        page_due(0, 2),
        came(*MANY[1:3], total=26),
        total("23 to 25", 26, "more"),
        mirror=mirror_of(MANY, before=(call(25), *MANY[1:]), volatile=True),
    ),
    # Three came and three went: 21 to 27 at some time, and one may have done both.
    case(
        "one more than may have come, in a list that moved fast",
        page_due(0, 2),
        came(*MANY[3:5], total=28),
        mirror=mirror_of(MANY, before=(call(25), call(26), call(27), *MANY[3:]), volatile=True),
    ),
    case(
        "two more than may have come, in a list that moved fast",
        page_due(0, 2),
        came(*MANY[3:5], total=29),
        total("20 to 28", 29, "more"),
        mirror=mirror_of(MANY, before=(call(25), call(26), call(27), *MANY[3:]), volatile=True),
    ),
    case(
        "fewer than may be left, in a list that moved",
        page_due(0, 2),
        came(*MANY[1:3], total=22),
        total("23 to 25", 22, "fewer"),
        mirror=mirror_of(MANY, before=(call(25), *MANY[1:]), volatile=True),
    ),
    case("in a list that goes on", *page_with(99), mirror=mirror_of(complete=False)),
    case("true in place of a number", *page_with(True)),
    case("a word in place of a number", *page_with("many")),
    case("none", *page_with(None)),
    case("a total that is to be left out", page_due(0, 2, total_shown=False), came(FIVE, FOUR, total=99)),
    case("where the spec knows no total", *page_with(99), session=session_of(total=None)),
    case("where rows are known to come twice", *page_with(99), session=session_of(unique=False)),
)
def test_a_total_of_other_than_all_rows_that_match_is_told(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


@differs(
    case(
        "the rows that came, which are all",
        due(ADA),
        came(*CALLS, total=5, who="ada"),
        stray("2 of 5 rows do not", 4, 2),
    ),
    case(
        "neither the rows that came nor those that are due",
        due(ADA),
        came(*CALLS, total=9, who="ada"),
        stray("2 of 5 rows do not", 4, 2),
        total("3", 9, "more"),
    ),
    case(
        "the rows that are due, where others came, too",
        due(ADA),
        came(*CALLS, total=3, who="ada"),
        stray("2 of 5 rows do not", 4, 2),
    ),
    case(
        "more than a full page",
        page_due(0, 2, ADA),
        came(FIVE, FOUR, total=5, who="ada"),
        stray("1 of 2 rows do not", 4),
    ),
    case(
        "fewer than a full page",
        page_due(0, 2, ADA),
        came(FIVE, FOUR, total=1, who="ada"),
        stray("1 of 2 rows do not", 4),
        total("3", 1, "fewer"),
    ),
    case(
        "the rows that are due, where some are missing",
        due(ADA),
        came(FIVE, ONE, total=3, who="ada"),
        missing("3 rows", "2 rows; 1 that matches is missing", 3),
    ),
    case("nothing, where all are missing", due(ADA), came(total=0, who="ada"), NONE_OF_ADA),
    case(
        "the rows that came, where some are missing",
        due(ADA),
        came(FIVE, ONE, total=2, who="ada"),
        missing("3 rows", "2 rows; 1 that matches is missing", 3),
    ),
)
def test_a_total_beside_wrong_rows_is_judged_as_far_as_it_is_known_what_it_counts(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


# --- count --------------------------------------------------------------------------------------------------------

COUNTED = due(count_only=True)


def number(expected: str, actual: int, about: str) -> Told:
    return Told("count", "number", f"the number {expected}", str(actual), about=about)


def no_number(actual: str) -> Told:
    return Told("count", "no-number", "a number in place of the rows", actual)


@differs(
    case("a number", COUNTED, told_in_place_of_rows(5)),
    case("digits", COUNTED, told_in_place_of_rows("5")),
    case("an object", COUNTED, told_in_place_of_rows({"count": 5})),
    case("a list of an object", COUNTED, told_in_place_of_rows([{"count": "5"}])),
    case("the number of a filter", due(ADA, count_only=True), told_in_place_of_rows(3)),
    case("too few", COUNTED, told_in_place_of_rows(4), number("5", 4, "fewer")),
    case("too many", COUNTED, told_in_place_of_rows([{"count": 6}]), number("5", 6, "more")),
    case(
        "all rows, though a filter is asked for",
        due(ADA, count_only=True),
        told_in_place_of_rows(5),
        number("3", 5, "rows of the list"),
    ),
    case("one page, though pages do not count", due(count_only=True, size=2), told_in_place_of_rows(5)),
    case("rows", COUNTED, came(FIVE, FOUR), no_number("2 rows")),
    case(
        "a word",
        COUNTED,
        told_in_place_of_rows("many"),
        no_number("something else"),
    ),
    case("as many as can match", due(unseen(), count_only=True), told_in_place_of_rows(5)),
    case(
        "more than can match",
        due(unseen(), count_only=True),
        told_in_place_of_rows(6),
        number("0 to 5", 6, "more"),
    ),
    case(
        "rows where none are due",
        due(no_rows=True, count_only=True),
        told_in_place_of_rows(1),
        number("0", 1, "more"),
    ),
    case(
        "one more, in a list that moves",
        COUNTED,
        told_in_place_of_rows(6),
        number("5", 6, "more"),
        mirror=mirror_of(volatile=True),
    ),
    case("in a list that goes on", COUNTED, told_in_place_of_rows(99), mirror=mirror_of(complete=False)),
    case(
        "another form than before",
        COUNTED,
        told_in_place_of_rows("5"),
        Told("count", "number-form", "the same form of number as before", "a digits"),
        session=session_of(known={"count-only.shape": "object"}),
    ),
    case(
        "the form of before",
        COUNTED,
        told_in_place_of_rows("5"),
        session=session_of(known={"count-only.shape": "digits"}),
    ),
    case(
        "another form than is said, which is judged elsewhere",
        COUNTED,
        told_in_place_of_rows("5"),
        session=session_of(count_only={**COUNT, "shape": "integer"}),
    ),
)
def test_a_number_in_place_of_rows_is_held_against_the_rows_that_match(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


def test_a_number_in_place_of_rows_settles_its_form() -> None:
    session = session_of()
    told_differences(session, mirror_of(), COUNTED, told_in_place_of_rows([{"count": 5}]))
    assert session.dialect.candidates_of("count-only.shape") == ("list-of-object",)


# --- optional parts -----------------------------------------------------------------------------------------------

PARTS = {
    "fields": {**LISTING["fields"], "legs": {"shows": "destination", "optional": True}},
    "parameters": {**LISTING["parameters"], "more": {"as": "flag", "default": "0"}},
    "includes": [{"parameter": "more", "adds": ["legs"], "clauses": {"on": "ON", "default": "OFF"}}],
}
BARE_FOUR, FULL_FIVE, FULL_FOUR = call(4), call(5, legs="200"), call(4, legs="201")
FULL = mirror_of((FULL_FIVE, FULL_FOUR))
ON = {"includes": ("more",)}


def parts(expected: str, actual: str, about: str, *rows: int) -> Told:
    return Told("part", "part", f"rows {expected} legs", f"{actual} it", about=f"more {about}", rows=rows)


@differs(
    case("shown, as asked", due(**ON), came(FULL_FIVE, FULL_FOUR), session=session_of(**PARTS), mirror=FULL),
    case("left out, as asked", due(), came(FIVE, BARE_FOUR), session=session_of(**PARTS), mirror=FULL),
    case(
        "left out, though asked for",
        due(**ON),
        came(FULL_FIVE, BARE_FOUR),
        parts("with", "1 of 2 rows without", "on", 4),
        session=session_of(**PARTS),
        mirror=FULL,
    ),
    case(
        "shown, though not asked for",
        due(),
        came(FULL_FIVE, FULL_FOUR),
        parts("without", "2 of 2 rows with", "off", 5, 4),
        session=session_of(**PARTS),
        mirror=FULL,
    ),
    case(
        "of a row that is known to have none",
        due(**ON),
        came(FULL_FIVE, BARE_FOUR),
        session=session_of(**PARTS),
        mirror=mirror_of((FULL_FIVE, BARE_FOUR)),
    ),
    case(
        "in a list that moves",
        due(**ON),
        came(FULL_FIVE, BARE_FOUR),
        session=session_of(**PARTS),
        mirror=mirror_of((FULL_FIVE, FULL_FOUR), volatile=True),
    ),
    case(
        "beside a stray row",
        due(ADA),
        came(FULL_FIVE, FOUR),
        stray("1 of 2 rows do not", 4),
        parts("without", "1 of 2 rows with", "off", 5),
        session=session_of(**PARTS),
        mirror=FULL,
    ),
)
def test_an_optional_part_is_there_where_it_is_switched_on_and_only_there(
    session: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, told: list[Told]
) -> None:
    assert told_differences(session, mirror, meaning, exchange) == told


# --- several at once ----------------------------------------------------------------------------------------------

ALL_WRONG = (page_due(0, 2, ADA), came(THREE, FOUR, FIVE, FIVE, total=1))


@pytest.mark.parametrize(
    ("meaning", "exchange", "kinds"),
    [
        pytest.param(due(ADA), came(FIVE, FOUR, FOUR), "repeated stray missing", id="wrong rows in every way"),
        pytest.param(page_due(0, 2, ADA), came(FIVE, FOUR, THREE), "stray too-many", id="a stray row, a long page"),
        pytest.param(page_due(0, 2), came(ONE, TWO, THREE), "too-many reversed", id="a long page in another order"),
        pytest.param(page_due(0, 3), came(FOUR, FIVE), "too-few reversed", id="a short page in another order"),
        pytest.param(due(), came(FOUR, FIVE), "missing reversed", id="missing rows, another order"),
        pytest.param(page_due(0, 2), came(THREE, TWO, total=9), "displaced total", id="another page, a wrong total"),
        pytest.param(
            page_due(0, 2), came(THREE, TWO, ONE, total=9), "too-many displaced total", id="a long one of these"
        ),
        pytest.param(due(start=3), came(*CALLS[::-1]), "reversed surplus", id="too many rows in another order"),
        pytest.param(*ALL_WRONG, "repeated stray too-many reversed total", id="nearly all"),
    ],
)
def test_no_difference_ends_the_judgement_of_another_aspect(
    meaning: ExpectedAnswer, exchange: Exchange, kinds: str
) -> None:
    found = told_differences(session_of(), mirror_of(), meaning, exchange)
    assert " ".join(one.kind for one in found) == kinds


@pytest.mark.parametrize(
    ("only", "judged", "kinds"),
    [
        pytest.param(ASPECTS, ALL_WRONG, "repeated stray too-many reversed total", id="all"),
        pytest.param(("rows", "order"), ALL_WRONG, "stray reversed", id="rows and order"),
        pytest.param(("total", "unique"), ALL_WRONG, "repeated total", id="the total and uniqueness"),
        pytest.param(("slice",), ALL_WRONG, "", id="the slice, which is left open"),
        pytest.param((), ALL_WRONG, "", id="nothing"),
        pytest.param(("outcome",), (due(), refused()), "refused", id="an error"),
        pytest.param(("rows",), (due(), refused()), "", id="the rows of an error"),
        pytest.param(("short",), (page_due(0, 3), came(FIVE, FOUR)), "too-few", id="a short page"),
        pytest.param(("size",), (page_due(0, 3), came(FIVE, FOUR)), "", id="the size of a short page"),
        pytest.param(("rows",), (due(), came(FIVE)), "missing", id="missing rows"),
    ],
)
def test_only_the_aspects_asked_about_are_told(
    only: Sequence[Aspect], judged: tuple[ExpectedAnswer, Exchange], kinds: str
) -> None:
    found = told_differences(session_of(), mirror_of(), *judged, only=only)
    assert " ".join(one.kind for one in found) == kinds


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
            [5, 4],
            [],
            id="a row that changed meanwhile and matched before and after",
        ),
        pytest.param(
            mirror_of((FIVE, FOUR), before=(FIVE, call(4, who="ada"))),
            due(ADA),
            [5],
            [4],
            id="a row that matched before it changed",
        ),
        pytest.param(
            mirror_of((FIVE, call(4, who="ada")), before=(FIVE, FOUR)),
            due(ADA),
            [5],
            [4],
            id="a row that matches since it changed",
        ),
        pytest.param(
            mirror_of((FIVE,), before=(FIVE, THREE, TWO)), due(ADA), [5], [3], id="a row that went meanwhile"
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
        pytest.param(call(4, flaws=(flaw("who", understood=True),)), False, id="another form that is understood"),
        pytest.param(call(4, flaws=(flaw("who", "form"),), without="who"), True, id="a form that cannot be read"),
        pytest.param(call(4, flaws=(flaw("who", understood=True),), who=None), False, id="no value, in another form"),
        pytest.param(
            call(4, flaws=(flaw("who", "missing", understood=True),), who=None), False, id="missing in place of none"
        ),
        pytest.param(call(4, flaws=(flaw("secs", "type"),)), False, id="a field that is not asked for"),
        pytest.param(call(4, flaws=(flaw("secs"), flaw("who"))), True, id="two fields, one of which is asked for"),
    ],
)
def test_a_row_is_doubtful_by_a_compared_field_that_is_otherwise_than_documented(row: Row, doubted: bool) -> None:
    assert is_doubtful_match(mirror_of(), due(ADA), row) is doubted


def test_a_field_in_which_no_row_shows_a_value_is_doubtful_where_it_is_left_out_otherwise_than_documented() -> None:
    silent = tuple(call(number, flaws=(flaw("who", understood=True),), who=None) for number in (1, 2))
    assert is_doubtful_match(mirror_of(silent), due(ADA), silent[0])


def test_a_missing_field_is_doubtful_where_other_rows_say_none_as_documented() -> None:
    missing = call(4, flaws=(flaw("who", "missing", understood=True),), who=None)
    null = call(4, flaws=(flaw("who", understood=True),), who=None)
    mirror = mirror_of((FIVE, call(3, who=None), ONE))
    assert [is_doubtful_match(mirror, due(ADA), row) for row in (missing, null)] == [True, False]


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
