"""Rules on whose calls are listed: what is said of servers that show other customers' calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rule_runs import (
    ACCOUNTS,
    ALL,
    BAD_CUSTOMER,
    BY_ID,
    CHILD,
    CHILDREN_OFF,
    CHILDREN_ON,
    CUSTOMERS,
    DEEP,
    DEEP_IGNORED,
    EVERYONE,
    GRANDCHILD,
    LISTED_CHILDREN,
    NOT_DEEP,
    NUMBERS,
    OFFSETS,
    OWN,
    SECOND_CHILD,
    STRANGER,
    SUM,
    UNSET,
    Body,
    Given,
    Honest,
    Lie,
    Said,
    all_rows,
    ignores,
    listed,
    of_rules,
    of_whole_run,
    page_of,
    refuses,
    rewrites,
    tern,
    truth,
    without,
)

from harness.check.results.findings import Verdict
from harness.check.rules.access.scope import check_scope

Owners = tuple[int, ...]
ALL_OWNERS: Owners = (OWN, CHILD, SECOND_CHILD, GRANDCHILD, STRANGER)
UNKNOWN = ("nosuchcustomer", "-1", "999999999")


def is_deep(given: Given) -> bool:
    return given.get("deep") == "1"


def lists(owners: Callable[[Given], Owners | None]) -> Lie:
    """A server that decides by itself whose calls it lists for a customer; None: as it should."""

    def lie(given: Given, honest: Honest) -> Body:
        chosen = owners(given)
        if chosen is None:
            return honest(given)
        rows = all_rows({**without(given, "customer", "deep"), "customer": "system"}, honest)
        return page_of([row for row in rows if row["owner"] in chosen], given)

    return lie


def lists_for(word: str, *owners: int) -> Lie:
    """A server that lists these owners' calls for one value of `customer`, deep or not."""
    return lists(lambda given: owners if given.get("customer", "") == word else None)


def lists_accounts(owners: Callable[[Given], Owners | None]) -> Lie:
    """A server that decides by itself which of the accounts it lists; None: as it should."""

    def lie(given: Given, honest: Honest) -> Body:
        chosen = owners(given)
        if chosen is None:
            return honest(given)
        rows = all_rows(without(given, "children", "accounts"), honest)
        return page_of([row for row in rows if row["owner"] in chosen], given)

    return lie


def switched(value: str | None, *owners: int) -> Lie:
    """A server that lists these owners' calls for one position of the switch `children`, None for none at all."""
    return lists_accounts(
        lambda given: owners if given.get("children") == value and "accounts" not in given else None
    )


def listed_with_own(given: Given) -> Owners | None:
    return (OWN, *map(int, given["accounts"].split(","))) if given.get("accounts") else None


def listed_by_nobody(given: Given) -> Owners | None:
    return () if given.get("accounts") else None


def beside_the_switch(*owners: int) -> Lie:
    """A server that lists these owners' calls where a child is listed beside the switch."""
    return lists_accounts(lambda given: owners if given.get("children") == "1" and given.get("accounts") else None)


def a_row_is_lost(given: Given, honest: Honest) -> Body:
    body = listed(given, honest)
    return {**body, "calls": body["calls"][1:], "total": body["total"] - 1} if given.get("children") == "1" else body


def total_of_everything(given: Given, honest: Honest) -> Body:
    return {**honest(given), "total": 48} if given.get("children") == "1" else honest(given)


@pytest.fixture(scope="module")
def said() -> Callable[[Lie], Said]:
    """What the rule says of a server that knows customers by a parameter; each is asked once."""
    runs: dict[Lie, Said] = {}
    spec = tern(NUMBERS, scope=CUSTOMERS)

    def of(lie: Lie) -> Said:
        if lie not in runs:
            runs[lie] = of_rules([check_scope], spec, lie)
        return runs[lie]

    return of


@pytest.fixture(scope="module")
def said_of_accounts() -> Callable[[Lie], Said]:
    """What the rule says of a server that knows children of an account; each is asked once."""
    runs: dict[Lie, Said] = {}
    spec = tern(OFFSETS, scope=ACCOUNTS)

    def of(lie: Lie) -> Said:
        if lie not in runs:
            runs[lie] = of_rules([check_scope], spec, lie)
        return runs[lie]

    return of


# --- an honest server -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("clause", [UNSET, BY_ID, BAD_CUSTOMER, DEEP, NOT_DEEP, DEEP_IGNORED, ALL, EVERYONE])
def test_lists_that_hold_whose_calls_they_should_pass(said: Callable[[Lie], Said], clause: str) -> None:
    assert said(truth).verdict(clause) is Verdict.PASS


@pytest.mark.parametrize("clause", [CHILDREN_ON, CHILDREN_OFF, LISTED_CHILDREN, SUM])
def test_lists_of_children_that_hold_what_they_should_pass(
    said_of_accounts: Callable[[Lie], Said], clause: str
) -> None:
    assert said_of_accounts(truth).verdict(clause) is Verdict.PASS


# --- servers that deviate: customers ----------------------------------------------------------------------------

# What differs, the clauses it breaks (the first is the one in question), pieces of what was due and of what came.
DEVIATIONS = [
    pytest.param(
        lists_for("", OWN, CHILD, SECOND_CHILD),
        [UNSET],
        "owner 1200 in every row",
        "12 rows of others",
        id="children-unasked-for",
    ),
    pytest.param(
        lists_for("", CHILD), [UNSET], "owner 1200 in every row", "6 rows of others", id="another-customers-own-list"
    ),
    pytest.param(
        lists_for("", *ALL_OWNERS),
        [UNSET, EVERYONE],
        "owner 1200 in every row",
        "24 rows of others",
        id="all-see-all",
    ),
    pytest.param(
        lists(lambda given: (STRANGER,) if given.get("customer") == "1201" and not is_deep(given) else None),
        [BY_ID],
        "rows of customer 1201",
        "6 of 6 rows are others'",
        id="id-of-another",
    ),
    pytest.param(
        lists_for("1201", CHILD, GRANDCHILD),
        [BY_ID],
        "rows of customer 1201",
        "6 of 12 rows are others'",
        id="always-deep",
    ),
    pytest.param(lists_for("1201"), [BY_ID], "6 rows", "6 of them missing", id="id-keeps-nothing"),
    pytest.param(
        refuses(lambda given: given.get("customer") == "1200"), [BY_ID], "a success", "error 9", id="own-id-refused"
    ),
    pytest.param(
        lists(lambda given: ALL_OWNERS[:4] if given.get("customer") == "1200" and given.get("deep") != "0" else None),
        [NOT_DEEP],
        "rows of customer 1200",
        "18 of 42 rows are others'",
        id="deep-by-default",
    ),
    pytest.param(ignores("deep"), [DEEP], "all of its children's", "12 of them missing", id="recursion-ignored"),
    pytest.param(
        lists(lambda given: ALL_OWNERS[:3] if given.get("customer") == "1200" and is_deep(given) else None),
        [DEEP],
        "sub-customers' own customers too",
        "6 of them missing",
        id="only-one-level-deep",
    ),
    pytest.param(
        lists(lambda given: ALL_OWNERS[1:4] if given.get("customer") == "1200" and is_deep(given) else None),
        [DEEP],
        "the customer's rows and all of its children's",
        "24 of them missing",
        id="deep-without-oneself",
    ),
    pytest.param(
        lists(lambda given: ALL_OWNERS[1:4] if given.get("customer") == "all" and is_deep(given) else None),
        [DEEP_IGNORED],
        "12 rows",
        "18 rows",
        id="recursion-works-on-a-word",
    ),
    pytest.param(
        lists_for("all", OWN, CHILD, SECOND_CHILD),
        [ALL],
        "customers other than 1200",
        "24 rows of 1200 alone",
        id="children-with-oneself",
    ),
    pytest.param(
        lists_for("all", CHILD, SECOND_CHILD, GRANDCHILD),
        [ALL],
        "no rows of 1210, below 1201",
        "6 such rows",
        id="children-with-grandchildren",
    ),
    pytest.param(
        lists_for("system", OWN), [EVERYONE], "every row of the narrower lists", "12 of them missing", id="all-is-own"
    ),
    pytest.param(
        lists_for("system", *ALL_OWNERS[1:]),
        [EVERYONE],
        "every row of the narrower lists",
        "24 of them missing",
        id="all-but-own",
    ),
    pytest.param(
        lambda given, honest: honest(without(given, "customer") if given.get("customer") in UNKNOWN else given),
        [BAD_CUSTOMER],
        "an error",
        "a success with 24 rows",
        id="unknown-customer-ignored",
    ),
    pytest.param(
        lists(lambda given: () if given.get("customer") in UNKNOWN else None),
        [BAD_CUSTOMER],
        "an error",
        "a success with 0 rows",
        id="unknown-customer-keeps-nothing",
    ),
    pytest.param(
        ignores("customer"),
        [BAD_CUSTOMER, ALL, EVERYONE],
        "an error",
        "a success with 24 rows",
        id="customer-ignored",
    ),
]


@pytest.mark.parametrize(("lie", "clauses", "expected", "actual"), DEVIATIONS)
def test_a_list_of_others_calls_fails_its_clause(
    said: Callable[[Lie], Said], lie: Lie, clauses: list[str], expected: str, actual: str
) -> None:
    assert said(lie).failed == sorted(clauses)


@pytest.mark.parametrize(("lie", "clauses", "expected", "actual"), DEVIATIONS)
def test_a_finding_on_customers_says_what_was_due_and_what_came(
    said: Callable[[Lie], Said], lie: Lie, clauses: list[str], expected: str, actual: str
) -> None:
    told = said(lie).told[clauses[0]]
    assert (expected in told[0], actual in told[1]) == (True, True), told


# --- servers that deviate: children of an account -----------------------------------------------------------------

CHILDREN_DEVIATIONS = [
    pytest.param(ignores("children"), CHILDREN_ON, "no rows of account 1200", "rows of it", id="switch-ignored"),
    pytest.param(switched("1"), CHILDREN_ON, "rows of the children", "no rows", id="switch-keeps-nothing"),
    pytest.param(switched("1", CHILD), CHILDREN_ON, "in the list by default only 1200", "also 1202", id="child-lost"),
    pytest.param(a_row_is_lost, CHILDREN_ON, "12 rows", "1 of them missing", id="row-lost"),
    pytest.param(
        switched(None, CHILD, SECOND_CHILD),
        CHILDREN_OFF,
        "the same rows as with false",
        "12 against 36 rows",
        id="on-by-default",
    ),
    pytest.param(
        switched("0", OWN), CHILDREN_OFF, "the same rows as with false", "36 against 24 rows", id="off-keeps-own-only"
    ),
    pytest.param(
        beside_the_switch(OWN, CHILD),
        CHILDREN_ON,
        "of account 1201 alone",
        "also 1200",
        id="own-beside-a-listed-child",
    ),
    pytest.param(
        beside_the_switch(CHILD, SECOND_CHILD), CHILDREN_ON, "of account 1201 alone", "also 1202", id="switch-alone"
    ),
    pytest.param(
        beside_the_switch(), CHILDREN_ON, "of account 1201 alone", "6 of 6 rows missing", id="nobody-beside"
    ),
    pytest.param(ignores("accounts"), LISTED_CHILDREN, "accounts 1201", "also 1200, 1202", id="list-ignored"),
    pytest.param(
        rewrites("accounts", lambda value: value.partition(",")[0]),
        LISTED_CHILDREN,
        "accounts 1201, 1202",
        "only 1201",
        id="only-the-first-listed",
    ),
    pytest.param(
        rewrites("accounts", lambda value: value.rpartition(",")[2]),
        LISTED_CHILDREN,
        "accounts 1201, 1202",
        "only 1202",
        id="only-the-last-listed",
    ),
    pytest.param(
        lists_accounts(listed_with_own), LISTED_CHILDREN, "accounts 1201", "also 1200", id="listed-with-oneself"
    ),
    pytest.param(
        lists_accounts(listed_by_nobody), LISTED_CHILDREN, "accounts 1201", "none", id="listed-keep-nothing"
    ),
    pytest.param(refuses(lambda given: "accounts" in given), LISTED_CHILDREN, "a success", "error 9", id="refused"),
    pytest.param(total_of_everything, SUM, "a total of 12", "a total of 48", id="total-of-everything"),
]


@pytest.mark.parametrize(("lie", "clause", "expected", "actual"), CHILDREN_DEVIATIONS)
def test_a_list_of_other_children_fails_its_clause_and_no_other(
    said_of_accounts: Callable[[Lie], Said], lie: Lie, clause: str, expected: str, actual: str
) -> None:
    assert said_of_accounts(lie).failed == [clause]


@pytest.mark.parametrize(("lie", "clause", "expected", "actual"), CHILDREN_DEVIATIONS)
def test_a_finding_on_children_says_what_was_due_and_what_came(
    said_of_accounts: Callable[[Lie], Said], lie: Lie, clause: str, expected: str, actual: str
) -> None:
    told = said_of_accounts(lie).told[clause]
    assert (expected in told[0], actual in told[1]) == (True, True), told


# --- what is no failure ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lie", "clause"),
    [
        pytest.param(refuses(lambda given: given.get("customer") == "system"), EVERYONE, id="everyone-refused"),
        pytest.param(refuses(lambda given: given.get("customer") == "all"), ALL, id="children-refused"),
        pytest.param(lists_for(""), UNSET, id="no-calls-of-ones-own"),
        pytest.param(lists_for("all", CHILD, SECOND_CHILD, GRANDCHILD), DEEP_IGNORED, id="nobody-further-below"),
    ],
)
def test_a_list_that_cannot_be_had_is_not_exercised(said: Callable[[Lie], Said], lie: Lie, clause: str) -> None:
    assert said(lie).verdict(clause) is Verdict.NOT_EXERCISED


def test_a_word_that_gets_what_any_unknown_one_gets_fails_all_the_same(said: Callable[[Lie], Said]) -> None:
    assert said(ignores("customer")).verdict(EVERYONE) is Verdict.FAIL


def test_another_customer_may_be_refused_by_id(said: Callable[[Lie], Said]) -> None:
    assert said(refuses(lambda given: given.get("customer") in ("1201", "1202"))).verdict(BY_ID) is Verdict.PASS


@pytest.mark.parametrize("clause", [CHILDREN_ON, CHILDREN_OFF, LISTED_CHILDREN])
def test_no_rows_exercise_no_list_of_children(clause: str) -> None:
    assert of_rules([check_scope], tern(OFFSETS, scope=ACCOUNTS), calls=0).verdict(clause) is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("clause", [CHILDREN_ON, LISTED_CHILDREN])
def test_calls_of_ones_own_alone_exercise_no_list_of_children(clause: str) -> None:
    assert of_rules([check_scope], tern(OFFSETS, scope=ACCOUNTS), calls=1).verdict(clause) is Verdict.NOT_EXERCISED


@pytest.mark.parametrize("clause", [UNSET, DEEP, DEEP_IGNORED])
def test_no_rows_exercise_no_scope(clause: str) -> None:
    assert of_rules([check_scope], tern(NUMBERS, scope=CUSTOMERS), calls=0).verdict(clause) is Verdict.NOT_EXERCISED


def loses_a_fifth(times: Callable[[int], bool]) -> Lie:
    """A server whose list of everyone loses every fifth row, another fifth each time that it does."""
    asked: list[None] = []

    def lie(given: Given, honest: Honest) -> Body:
        if given.get("customer") != "system":
            return honest(given)
        asked.append(None)
        rows = all_rows(given, honest)
        return page_of([row for row in rows if row["id"] % 5 != len(asked) % 5 or not times(len(asked))], given)

    return lie


@pytest.mark.parametrize(
    ("times", "verdict"),
    [
        pytest.param(lambda time: time == 1, Verdict.INCONCLUSIVE, id="once"),
        pytest.param(lambda time: True, Verdict.FAIL, id="each time others"),
    ],
)
def test_rows_that_a_list_lacks_are_lacking_again_or_prove_nothing(
    times: Callable[[int], bool], verdict: Verdict
) -> None:
    run = of_rules([check_scope], tern(NUMBERS, scope=CUSTOMERS), loses_a_fifth(times))
    assert run.verdict(EVERYONE) is verdict


def shows_for_a_while(first: int, step: int, last: int) -> Lie:
    """A server where calls come and go: each request shows those whose ids lie in a range that moves on."""
    now = [first]

    def lie(given: Given, honest: Honest) -> Body:
        now[0] += step
        return page_of([row for row in all_rows(given, honest) if now[0] - last <= row["id"] <= now[0]], given)

    return lie


# The ids are 7001 to 7612, 13 apart: a call comes with every request, or with every second one.
@pytest.mark.parametrize("first", range(7021, 7302, 40))
@pytest.mark.parametrize("step", [7, 13])
@pytest.mark.parametrize("last", [200, 999], ids=["calls come and go", "calls come"])
def test_calls_that_come_and_go_break_no_promise_about_whose_they_are(first: int, step: int, last: int) -> None:
    lie = shows_for_a_while(first, step, last)
    assert of_rules([check_scope], tern(NUMBERS, scope=CUSTOMERS), lie).failed == []


# --- a whole run ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lie", "failed"),
    [
        pytest.param(truth, [], id="honest"),
        pytest.param(ignores("deep"), [DEEP], id="recursion-ignored"),
        pytest.param(lists_for("all", OWN, CHILD, SECOND_CHILD), [ALL], id="children-with-oneself"),
    ],
)
def test_a_whole_run_blames_the_same_scope(lie: Lie, failed: list[str]) -> None:
    clauses = (UNSET, BY_ID, BAD_CUSTOMER, DEEP, NOT_DEEP, DEEP_IGNORED, ALL, EVERYONE)
    assert of_whole_run(tern(NUMBERS, scope=CUSTOMERS), lie, *clauses).failed == failed
