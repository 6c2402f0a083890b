"""The children of an account: the switch that lists only them, and the list of chosen ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.check.context import CheckContext, Exchange
from harness.check.probe.filter_values import encode_shown_value, largest_page
from harness.check.probe.mirror import Mirror, encode_request_value, parse_row_count, server_page_limit
from harness.check.probe.stability import replicas_disagree
from harness.check.rules.access.row_owners import own_account, own_customer, owners_of, read_scoped_list
from harness.specification.model import CallScope, Clauses, OffsetPaging, OpenChoice, PageNumberPaging, all_clauses


def _check_scope_total(context: CheckContext, mirror: Mirror, exchange: Exchange) -> Iterator[None]:
    """The total beside a switch of scope: where one page holds all rows, it is their number."""
    listing, paging = context.listing, context.listing.paging
    if listing.total is None or not isinstance(paging, OffsetPaging | PageNumberPaging) or exchange.answer is None:
        return
    clauses = listing.total.clauses.sum
    size, total = exchange.list_request.values.get(paging.size), parse_row_count(exchange.answer.total)
    came = len(exchange.rows or ())
    if size is None or came >= int(str(size)) or total is None or mirror.tear_reason:
        return
    if total == came:
        context.results.record_pass(clauses)
        return
    # A page that is cut short is another defect: then a later page holds the rest.
    later = came if isinstance(paging, OffsetPaging) else paging.first + 1
    place = paging.offset if isinstance(paging, OffsetPaging) else paging.page
    rest = context.send(
        exchange.list_request.with_values({place: encode_request_value(context, place, later)}),
        "are there more rows?",
    )
    yield
    again = context.send(exchange.list_request, f"again: {exchange.purpose}")
    yield
    if rest.rows or again.answer is None or mirror.volatile or again.keys != exchange.keys:
        return
    if parse_row_count(again.answer.total) == total:
        actual = f"a total of {total}"
        context.fail(clauses, exchange.purpose, expected=f"a total of {came}", actual=actual, exchange=again)


def check_child_accounts(context: CheckContext, mirror: Mirror, rule: CallScope) -> Iterator[None]:
    """Whether the switch lists the children alone, all of them, and a list of accounts only those."""
    switch = rule.children_only
    if not mirror.rows:
        context.results.record_not_exercised(_child_clauses(rule), "the target shows no rows")
        return
    found: set[Any] = set()
    every = {owner for row in mirror.rows for owner in owners_of(row, rule)}
    if switch is not None:
        answers: dict[str, Exchange] = {}
        for name, values in (
            ("on", {switch.parameter: encode_request_value(context, switch.parameter, True)}),
            ("off", {switch.parameter: encode_request_value(context, switch.parameter, False)}),
            ("default", {}),
        ):
            answers[name] = read_scoped_list(context, mirror, values, f"{switch.parameter} {name}")
            yield
            if context.note_unusable(answers[name], _child_clauses(rule)) or answers[name].rows is None:
                return
        plain = set(answers["default"].keys)
        clauses = switch.clauses.default
        differ = set(answers["off"].keys) != plain
        if differ and not mirror.volatile and not (yield from replicas_disagree(context, mirror)):
            context.fail(
                clauses,
                f"{switch.parameter} is off by default",
                expected="the same rows as with false",
                actual=f"{len(plain)} against {len(answers['off'].keys)} rows",
                exchange=answers["default"],
            )
        else:
            context.results.record_pass(clauses, times=max(1, len(plain)))
        found = {owner for row in answers["on"].rows or () for owner in owners_of(row, rule)}
        _judge_children(context, mirror, rule, answers["on"], found, every)
        yield from _check_scope_total(context, mirror, answers["on"])
    if rule.listed_children is not None:
        yield from _check_listed_children(context, mirror, rule, found or every)


def _child_clauses(rule: CallScope) -> Clauses:
    own = all_clauses(rule.children_only.clauses) if rule.children_only else ()
    return (*own, *rule.clauses.listed_children)


def _judge_children(
    context: CheckContext, mirror: Mirror, rule: CallScope, on: Exchange, found: set[Any], every: set[Any]
) -> None:
    assert rule.children_only is not None
    clauses = rule.children_only.clauses.on
    own = own_account(context, rule)
    if own is not None and own in found and (own in every or context.identity.customer is not None):
        context.fail(
            clauses,
            "only the children's calls are listed",
            expected=f"no rows of account {own}",
            actual="rows of it",
            exchange=on,
        )
        return
    if not found:
        if len(every) > 1:
            context.fail(
                clauses,
                "the children's calls are listed",
                expected="rows of the children",
                actual="no rows",
                exchange=on,
            )
        else:
            context.results.record_not_exercised(clauses, "no child account has calls in the time range")
        return
    unset = rule.unset
    reading = "own-and-children" if found & every else "own"
    if isinstance(unset, OpenChoice):
        context.dialect.fix_answer(unset.id, reading, "the list by default")
    if found == every and own is None:
        context.fail(
            clauses,
            "only the children's calls are listed",
            expected="fewer accounts than by default",
            actual="the same accounts",
            exchange=on,
        )
        return
    if reading == "own-and-children" and not mirror.volatile and mirror.complete:
        due = {row.key for row in mirror.rows if owners_of(row, rule) & found}
        _, size = (largest_page(context) or {"": None}).popitem()
        limit = server_page_limit(context) or (int(str(size)) if size is not None else None)
        strangers = {owner for owner in every - found if owner != own} if own is not None else set()
        if strangers and (limit is None or len(on.rows or ()) < limit):
            context.fail(
                clauses,
                "all the children's calls are listed, and nobody else's",
                expected=f"in the list by default only {own} and the accounts of the list of children",
                actual=f"also {', '.join(sorted(map(str, strangers))[:4])}",
                exchange=on,
            )
            return
        if limit is None or len(due) <= limit:
            missing = due - set(on.keys)
            if missing:
                context.fail(
                    clauses,
                    "all the children's calls are listed",
                    expected=f"{len(due)} rows",
                    actual=f"{len(missing)} of them missing",
                    exchange=on,
                )
                return
    context.results.record_pass(clauses, times=max(1, len(on.rows or ())))


def _check_listed_children(context: CheckContext, mirror: Mirror, rule: CallScope, found: set[Any]) -> Iterator[None]:
    clauses = rule.clauses.listed_children
    assert rule.listed_children is not None
    own = own_customer(context, list(mirror.rows), rule)
    children = sorted((owner for owner in found if owner != own), key=str)
    if not children:
        context.results.record_not_exercised(clauses, "no child account has calls in the time range")
        return
    # One that is no child at all is among those that stand apart: the last by its number is asked for, too.
    alone = [(child,) for child in dict.fromkeys((*children[:2], children[-1]))]
    for chosen in alone + ([tuple(children[:2])] if len(children) > 1 else []):
        values = {rule.listed_children: encode_shown_value(context, rule.listed_children, chosen)}
        exchange = read_scoped_list(context, mirror, values, f"{rule.listed_children} with {len(chosen)} accounts")
        yield
        if context.note_unusable(exchange, clauses) or exchange.rows is None:
            if exchange.answer is not None and exchange.answer.outcome == "error":
                context.fail(
                    clauses,
                    "the calls of listed children are shown",
                    expected="a success",
                    actual=f"error {exchange.answer.code!r}",
                    exchange=exchange,
                )
            return
        shown = {owner for row in exchange.rows for owner in owners_of(row, rule)}
        if shown - set(chosen):
            context.fail(
                clauses,
                "only the listed children's calls are shown",
                expected=f"accounts {', '.join(map(str, chosen))}",
                actual=f"also {', '.join(map(str, sorted(shown - set(chosen), key=str)))}",
                exchange=exchange,
            )
            return
        if shown != set(chosen) and not mirror.volatile:
            context.fail(
                clauses,
                "all listed children's calls are shown",
                expected=f"accounts {', '.join(map(str, chosen))}",
                actual=f"only {', '.join(map(str, shown)) or 'none'}",
                exchange=exchange,
            )
            return
        context.results.record_pass(clauses, times=len(exchange.rows))
