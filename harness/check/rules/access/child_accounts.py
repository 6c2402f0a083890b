"""The children of an account: the switch that lists only them, and the list of chosen ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.answer_checks import A_LIST, AnswerCheck, listed_check, same_check
from harness.check.probe.error_responses import judge_twice
from harness.check.probe.filter_values import encode_shown_value, largest_page
from harness.check.probe.mirror import Mirror, first_page_number, parse_row_count, server_page_limit
from harness.check.probe.stability import replicas_disagree
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.access.row_owners import own_account, own_customer, owners_of, read_scoped_list
from harness.specification.model import (
    CallScope,
    Clauses,
    OffsetPaging,
    PageNumberPaging,
    ScopeSwitch,
    all_clauses,
    options_of,
)

ROWS_OF_SEVERAL: Final = 20
"""Of fewer rows all may be of the children by chance, so that a switch that lists only those changes nothing."""


def _check_scope_total(context: CheckContext, mirror: Mirror, exchange: Exchange) -> None:
    """The total beside a switch of scope: where one page holds all rows, it is their number."""
    listing, paging = context.listing, context.listing.paging
    if listing.total is None or not isinstance(paging, OffsetPaging | PageNumberPaging):
        return
    clauses = listing.total.clauses.sum
    size = exchange.list_request.values.get(paging.size or "")
    total = parse_row_count(exchange.total)
    came = len(exchange.listed)
    if size is None or came >= int(str(size)) or total is None or mirror.tear_reason:
        return
    if total == came:
        context.results.record_pass(clauses)
        return
    # A page that is cut short is another defect: then a later page holds the rest.
    later = came + paging.first if isinstance(paging, OffsetPaging) else first_page_number(context, paging) + 1
    place = paging.offset if isinstance(paging, OffsetPaging) else paging.page
    rest = context.send(
        exchange.list_request.with_values({place: context.encode(place, later)}), "are there more rows?"
    )
    again = context.send(exchange.list_request, f"again: {exchange.purpose}")
    if rest.rows or mirror.volatile or again.keys != exchange.keys:
        return
    if parse_row_count(again.total) == total:
        actual = f"a total of {total}"
        expected, check = f"a total of {came}", AnswerCheck(kind="total", at=listing.total.at, low=came, high=came)
        context.fail(clauses, exchange.purpose, expected=expected, actual=actual, exchange=again, check=check)


def check_child_accounts(context: CheckContext, mirror: Mirror, rule: CallScope) -> None:
    """Whether the switch lists the children alone, all of them, and a list of accounts only those."""
    if not mirror.rows:
        context.results.record_not_exercised(_child_clauses(rule), "the target shows no rows")
        return
    owners = {owner for row in mirror.rows for owner in owners_of(row, rule)}
    switch, on = rule.children_only, None
    if switch is not None:
        answers = _answers_of_switch(context, mirror, rule, switch.parameter)
        if answers is None:
            return
        on = answers["on"]
        _check_default(context, mirror, switch, answers)
        found = {owner for row in on.listed for owner in owners_of(row, rule)}
        _judge_children(context, mirror, rule, on, found, owners)
        _check_scope_total(context, mirror, on)
        owners = found or owners
    listed = rule.listed_children is not None and _check_listed_children(context, mirror, rule, owners)
    if listed and switch is not None and on is not None and on.listed:
        # Of a list that chooses other accounts than it should nothing is told beside the switch.
        _check_listed_child_alone(context, mirror, rule, switch, on)


def _check_listed_child_alone(
    context: CheckContext, mirror: Mirror, rule: CallScope, switch: ScopeSwitch, on: Exchange
) -> None:
    """A listed child beside the switch that lists children alone: its calls, and not the account's own."""
    assert rule.listed_children is not None
    child = min((owner for row in on.listed for owner in owners_of(row, rule)), key=str)
    values = {
        rule.listed_children: encode_shown_value(context, rule.listed_children, (child,)),
        switch.parameter: context.encode(switch.parameter, True),
    }
    due = {row.key for row in on.listed if child in owners_of(row, rule)}
    purpose = f"{rule.listed_children} with {switch.parameter}"

    def difference(answer: Exchange) -> str:
        others = {owner for row in answer.listed for owner in owners_of(row, rule)} - {child}
        if others:
            return f"also {', '.join(sorted(map(str, others))[:4])}"
        missing = due - set(answer.keys)
        return f"{len(missing)} of {len(due)} rows missing" if missing and not mirror.volatile else ""

    exchange = read_scoped_list(context, mirror, values, purpose)
    if exchange.rows is not None:
        judge_twice(context, exchange, switch.clauses.on, difference, expected=f"the calls of account {child} alone")


def _answers_of_switch(
    context: CheckContext, mirror: Mirror, rule: CallScope, parameter: str
) -> dict[str, Exchange] | None:
    """The lists with the switch on, off and absent; None where one of them cannot be had."""
    answers: dict[str, Exchange] = {}
    for name, values in (("on", {parameter: True}), ("off", {parameter: False}), ("default", {})):
        encoded = context.encode_all(values)
        answers[name] = read_scoped_list(context, mirror, encoded, f"{parameter} {name}")
        if context.note_unusable(answers[name], _child_clauses(rule)) or answers[name].rows is None:
            return None
    return answers


def _check_default(
    context: CheckContext, mirror: Mirror, switch: ScopeSwitch, answers: Mapping[str, Exchange]
) -> None:
    plain, off = set(answers["default"].keys), answers["off"].keys
    if set(off) == plain or mirror.volatile or replicas_disagree(context, mirror):
        context.results.record_pass(switch.clauses.default, times=max(1, len(plain)))
        return
    context.fail(
        switch.clauses.default,
        f"{switch.parameter} is off by default",
        expected="the same rows as with false",
        actual=f"{len(plain)} against {rows_in_words(len(off))}",
        exchange=answers["default"],
        check=same_check(context, answers["off"], answers["default"]),
    )


def _child_clauses(rule: CallScope) -> Clauses:
    own = all_clauses(rule.children_only.clauses) if rule.children_only else ()
    return (*own, *rule.clauses.listed_children)


def _judge_children(
    context: CheckContext, mirror: Mirror, rule: CallScope, on: Exchange, found: set[Any], every: set[Any]
) -> None:
    """The list of the children holds rows of owners `found`, the list by default those of `every`."""
    assert rule.children_only is not None
    clauses = rule.children_only.clauses.on
    if not found and len(every) < 2:
        context.results.record_not_exercised(clauses, "no child account has calls in the time range")
        return
    wrong = _wrong_owners(context, mirror, rule, found, every)
    if found and wrong is None:
        reading = "own-and-children" if found & every else "own"
        context.dialect.learn_answer(rule.unset, reading, "the list by default")
        own = own_account(context, rule)
        if found == every and own is None and len(mirror.rows) < ROWS_OF_SEVERAL:
            context.results.record_not_exercised(clauses, "too few rows to tell the own ones from the children's")
            return
        if found == every and own is None:
            expected, actual = "fewer accounts than by default", "the same accounts"
            wrong = ("only the children's calls are listed", expected, actual)
        elif reading == "own-and-children" and not mirror.volatile and mirror.complete:
            wrong = _wrong_rows(context, mirror, rule, on, found, every)
    if wrong is None:
        context.results.record_pass(clauses, times=max(1, len(on.listed)))
        return
    message, expected, actual = wrong
    own = own_account(context, rule)
    own_rows = [row for row in on.listed if own is not None and owners_of(row, rule) == {own}]
    check = listed_check(context, mirror, "without", own_rows) if own_rows else None
    context.fail(clauses, message, expected=expected, actual=actual, exchange=on, check=check)


def _wrong_owners(
    context: CheckContext, mirror: Mirror, rule: CallScope, found: set[Any], every: set[Any]
) -> tuple[str, str, str] | None:
    """A message, expected, actual: where the own account is among the children, or no child is there."""
    own = own_account(context, rule)
    if own is None and len(every) == 1 and mirror.complete and found - every:
        # By default no child is listed: whoever is listed then is the account itself.
        (own,) = every
    if own is not None and own in found and (own in every or context.identity.customer is not None):
        return "only the children's calls are listed", f"no rows of account {own}", "rows of it"
    return None if found else ("the children's calls are listed", "rows of the children", "no rows")


def _wrong_rows(
    context: CheckContext, mirror: Mirror, rule: CallScope, on: Exchange, found: set[Any], every: set[Any]
) -> tuple[str, str, str] | None:
    """A message, expected, actual: where the list by default holds a stranger, or the children's lacks rows of it."""
    own = own_account(context, rule)
    due = {row.key for row in mirror.rows if owners_of(row, rule) & found}
    _, size = (largest_page(context) or {"": None}).popitem()
    limit = server_page_limit(context) or (int(str(size)) if size is not None else None)
    strangers = {owner for owner in every - found if owner != own} if own is not None else set()
    if strangers and (limit is None or len(on.listed) < limit):
        return (
            "all the children's calls are listed, and nobody else's",
            f"in the list by default only {own} and the accounts of the list of children",
            f"also {', '.join(sorted(map(str, strangers))[:4])}",
        )
    missing = due - set(on.keys)
    if missing and (limit is None or len(due) <= limit):
        return "all the children's calls are listed", rows_in_words(len(due)), f"{len(missing)} of them missing"
    return None


def _check_listed_children(context: CheckContext, mirror: Mirror, rule: CallScope, found: set[Any]) -> bool:
    """Whether a list of children was asked for and lists what it should."""
    clauses = rule.clauses.listed_children
    assert rule.listed_children is not None
    own = own_customer(context, list(mirror.rows), rule)
    children = sorted((owner for owner in found if owner != own), key=str)
    if not children:
        context.results.record_not_exercised(clauses, "no child account has calls in the time range")
        return False
    # One that is no child at all is among those that stand apart: the last by its number is asked for, too.
    alone = [(child,) for child in dict.fromkeys((*children[:2], children[-1]))]
    beside_possible = "listed" in options_of(rule.own_beside_listed)
    for chosen in alone + ([tuple(children[:2])] if len(children) > 1 else []):
        values = {rule.listed_children: encode_shown_value(context, rule.listed_children, chosen)}
        exchange = read_scoped_list(context, mirror, values, f"{rule.listed_children} with {len(chosen)} accounts")
        if context.note_unusable(exchange, clauses) or exchange.rows is None:
            if exchange.outcome == "error":
                message, actual = "the calls of listed children are shown", exchange.told_error
                context.fail(clauses, message, expected="a success", actual=actual, exchange=exchange, check=A_LIST)
            return False
        shown = {owner for row in exchange.rows for owner in owners_of(row, rule)}
        others = shown - set(chosen)
        if own is None and beside_possible and len(others) == 1 and not others & set(children):
            (own,) = others
        strange = others - ({own} if beside_possible else set())
        if strange:
            message = "of the children only the listed ones' calls are shown"
            actual = f"also {', '.join(map(str, sorted(strange, key=str)))}"
        elif not set(chosen) <= shown and not mirror.volatile:
            message = "all listed children's calls are shown"
            actual = f"only {', '.join(map(str, shown)) or 'none'}"
        else:
            context.results.record_pass(clauses, times=len(exchange.rows))
            continue
        expected = f"accounts {', '.join(map(str, chosen))}"
        context.fail(clauses, message, expected=expected, actual=actual, exchange=exchange)
        return False
    return True
