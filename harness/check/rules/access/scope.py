"""Rules on scope: rows of the own customer, of one by id, of everyone, and of customers below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Hashable, Iterator
from typing import Any

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.count_only import check_count_of_list
from harness.check.probe.filter_values import largest_page
from harness.check.probe.mirror import Mirror, build_request, encode_request_value, reread_mirror
from harness.check.probe.stability import record_repeatable_failures
from harness.check.rules.access import authentication as access
from harness.check.rules.access.child_accounts import check_child_accounts
from harness.check.rules.access.row_owners import own_customer, owners_of, read_scoped_list
from harness.specification.model import CallScope, Clauses, LimitPaging
from harness.wire.row_codec import row_values_at


def check_scope(context: CheckContext, mirror: Mirror) -> Iterator[None]:
    """Judges whose calls come under the words, ids and switches of the scope, as far as rows show their owners."""
    rule = context.listing.scope
    if rule is None:
        return
    yield from record_repeatable_failures(context, mirror, lambda: _check_scope_once(context, mirror, rule))


def _check_scope_once(context: CheckContext, mirror: Mirror, rule: CallScope) -> Iterator[None]:
    if rule.parameter is not None:
        yield from _check_scope_words(context, mirror, rule)
    if rule.children_only is not None or rule.listed_children is not None:
        yield from check_child_accounts(context, mirror, rule)


def _check_scope_words(context: CheckContext, mirror: Mirror, rule: CallScope) -> Iterator[None]:
    assert rule.parameter is not None
    unset = rule.clauses.unset
    if not mirror.rows:
        context.results.record_not_exercised(unset, "the target shows no rows")
    own = own_customer(context, list(mirror.rows), rule)
    if mirror.rows and rule.unset == "own":
        if own is None:
            counted = Counter(owner for row in mirror.rows for owner in owners_of(row, rule))
            best = counted.most_common(1)[0] if counted else ("none", 0)
            if len(counted) > 1:
                context.fail(
                    unset,
                    "without a customer only the account's own calls are listed",
                    expected="one owner in all rows",
                    actual=f"{best[0]} in {best[1]} of {len(mirror.rows)} rows",
                )
        else:
            strangers = [row for row in mirror.rows if own not in owners_of(row, rule)]
            if strangers:
                context.fail(
                    unset,
                    "without a customer only the account's own calls are listed",
                    expected=f"owner {own} in every row",
                    actual=f"{len(strangers)} rows of others",
                )
            else:
                context.results.record_pass(unset, times=len(mirror.rows))
    every = yield from _rows_of_word(context, mirror, rule, "everyone")
    children = yield from _rows_of_word(context, mirror, rule, "children")
    everything = every if every is not None else list(mirror.rows)
    paging = context.listing.paging
    cut = isinstance(paging, LimitPaging) and context.results.first_failed(paging.clauses.size_default)
    if every is not None and not cut:
        yield from reread_mirror(context, mirror)
        steady = mirror.steady_keys
        own_rows = [row for row in mirror.rows if row.key in steady]
        yield from _check_superset(context, mirror, rule, every, own_rows, children)
    if children and own is not None:
        wrong = [row for row in children if owners_of(row, rule) == {own}]
        clauses = _word_clauses(rule, "children")
        if not wrong:
            context.results.record_pass(clauses, times=len(children))
        if wrong:
            context.fail(
                clauses,
                "the children's calls are listed, not the account's own",
                expected=f"rows of customers other than {own}",
                actual=f"{len(wrong)} rows of {own} alone",
            )
    yield from _check_one_customer(context, mirror, rule, everything, children, own, every_shown=every is not None)
    yield from _check_recursion(context, mirror, rule, own, children)
    if children and own is not None:
        yield from _check_children_depth(context, mirror, rule, own, children)
    yield from _check_bad_customer(context, mirror, rule)
    for word in rule.may_words:
        exchange = read_scoped_list(context, mirror, {rule.parameter: word}, f"{rule.parameter} = {word}")
        yield
        if exchange.answer is not None:
            context.results.record_observed(
                rule.may_clause, "refused" if exchange.answer.outcome == "error" else "taken"
            )


def _plain_rows(context: CheckContext, mirror: Mirror) -> Generator[None, None, list[Row]]:
    """The rows of the list as the mirror reads it, once more."""
    yield from reread_mirror(context, mirror)
    return list(mirror.rows)


def _word_clauses(rule: CallScope, whose: str) -> Clauses:
    return next((rule.word_clauses.get(word, ()) for word, meaning in rule.words.items() if meaning == whose), ())


def _rows_of_word(context: CheckContext, mirror: Mirror, rule: CallScope, whose: str) -> Any:
    word = next((word for word, meaning in rule.words.items() if meaning == whose), None)
    if word is None or rule.parameter is None:
        return None
    exchange = read_scoped_list(context, mirror, {rule.parameter: word}, f"{rule.parameter} = {word}")
    yield
    clauses = _word_clauses(rule, whose)
    if context.note_unusable(exchange, clauses) or exchange.answer is None:
        return None
    if exchange.answer.outcome == "error":
        if whose == "everyone":
            yield from _check_word_by_others(context, mirror, rule, word, clauses)
        if not any(context.results.has_evidence(clause) for clause in clauses):
            context.results.record_not_exercised(
                clauses, f"this account may not ask for {word}; give one that may in --credentials"
            )
        return None
    if exchange.rows is None:
        return None
    if whose == "everyone":
        yield from check_count_of_list(context, mirror, exchange)
    return list(exchange.rows)


def _check_word_by_others(
    context: CheckContext, mirror: Mirror, rule: CallScope, word: str, clauses: Clauses
) -> Generator[None, None, None]:
    """The word for everyone, asked for by the accounts that may: their list holds the run's own, too."""
    assert rule.parameter is not None
    others = [one for one in context.identities if one.name != context.identity.name and one.everyone is not False]
    for identity in sorted(others, key=lambda one: one.everyone is not True)[:3]:
        own = access.documented_credentials(context, identity)
        access.redact_credentials(context, own)
        ask = build_request(context, mirror.base, {**largest_page(context), rule.parameter: word})
        purpose = f"{rule.parameter} = {word}, asked by {identity.name}"
        exchange = context.send(ask, purpose, credentials=own)
        yield
        if context.note_unusable(exchange, clauses) or exchange.rows is None or mirror.volatile:
            continue
        lost = {row.key for row in mirror.rows if mirror.is_steady(row)} - set(exchange.keys)
        if not lost:
            context.results.record_pass(clauses, times=max(1, len(mirror.rows)))
            return
        if not identity.everyone or not context.listing.paging.is_single_page:
            # It may see less than all, or this may be one page of many.
            continue
        yield from reread_mirror(context, mirror)
        again = context.send(ask, f"again: {purpose}", credentials=own)
        yield
        lost = {row.key for row in mirror.rows if mirror.is_steady(row)} - set(again.keys)
        if mirror.volatile or again.rows is None or not lost:
            context.results.record_inconclusive(clauses, "data-changed: the list moved while it was read")
            return
        context.fail(
            clauses,
            "all customers' calls are listed",
            expected=f"every row that {context.identity.name} sees",
            actual=f"{len(lost)} of them missing",
            exchange=again,
        )
        return


def _check_superset(
    context: CheckContext,
    mirror: Mirror,
    rule: CallScope,
    every: list[Row],
    own: list[Row],
    children: list[Row] | None,
) -> Iterator[None]:
    clauses = _word_clauses(rule, "everyone")
    keys: set[Hashable] = {row.key for row in every}
    lost_below = {row.key for row in children or ()} - keys
    if lost_below:
        # Calls may have begun since: only rows that are there before and after a list was read can be missing in it.
        around = yield from _rows_of_word(context, mirror, rule, "everyone")
        later = yield from _rows_of_word(context, mirror, rule, "children")
        lost_below &= {row.key for row in later or ()} - {row.key for row in around or ()}
    lost = {row.key for row in own} - keys | lost_below
    if lost:
        context.fail(
            clauses,
            "all customers' calls are listed",
            expected="every row of the narrower lists",
            actual=f"{len(lost)} of them missing",
        )
    elif len(every) > len(own) or children is None or not children:
        context.results.record_pass(clauses, times=max(1, len(own)))
    else:
        context.fail(
            clauses,
            "all customers' calls are listed",
            expected="more than the account's own",
            actual=f"{len(every)} rows",
        )


def _check_one_customer(
    context: CheckContext,
    mirror: Mirror,
    rule: CallScope,
    everything: list[Row],
    children: list[Row] | None,
    own: Any,
    *,
    every_shown: bool,
) -> Iterator[None]:
    """The calls of one customer by id, held against everything that is shown."""
    clauses = rule.clauses.identity
    if not rule.identity or rule.parameter is None:
        return
    counted: Counter[Any] = Counter(owner for row in (children or mirror.rows) for owner in owners_of(row, rule))
    wanted = [owner for owner, _ in counted.most_common() if owner != own][:2] + ([own] if own is not None else [])
    if not wanted:
        context.results.record_not_exercised(clauses, "no row shows an owner")
        return
    for customer in wanted:
        exchange = read_scoped_list(
            context, mirror, {rule.parameter: str(customer)}, f"{rule.parameter} = {customer}"
        )
        yield
        if context.note_unusable(exchange, clauses) or exchange.answer is None:
            return
        if exchange.answer.outcome == "error":
            if customer == own:
                context.fail(
                    clauses,
                    "one's own customer can be named",
                    expected="a success",
                    actual=f"error {exchange.answer.code!r}",
                    exchange=exchange,
                )
            continue
        rows = exchange.rows or ()
        strangers = [row for row in rows if customer not in owners_of(row, rule)]
        # "That customer's calls" are at least those that it makes; those that reach it may count too.
        due = {row.key for row in everything if customer in row_values_at(row.shown, rule.owners[0])}
        missing = due - {row.key for row in rows}
        if missing:
            # Only rows that are there before and after the list was read can be missing in it.
            around = yield from _rows_of_word(context, mirror, rule, "everyone" if every_shown else "children")
            still = around if around is not None else (yield from _plain_rows(context, mirror))
            missing &= {row.key for row in still}
        if strangers:
            plainly = yield from _is_own_without_recursion(context, mirror, rule, customer)
            context.fail(
                rule.clauses.recursive_default or clauses if plainly else clauses,
                "one customer's calls are listed",
                expected=f"rows of customer {customer}",
                actual=f"{len(strangers)} of {len(rows)} rows are others'",
                exchange=exchange,
            )
            return
        if missing:
            context.fail(
                clauses,
                "one customer's calls are listed",
                expected=f"{len(due)} rows",
                actual=f"{len(missing)} of them missing",
                exchange=exchange,
            )
            return
        if rows:
            context.results.record_pass(clauses, times=len(rows))


def _is_own_without_recursion(
    context: CheckContext, mirror: Mirror, rule: CallScope, customer: Any
) -> Generator[None, None, bool]:
    """Whether the list is that customer's own once the recursion is switched off in so many words."""
    if rule.recursive is None or rule.parameter is None or not context.supports_parameters(rule.recursive):
        return False
    values = {rule.parameter: str(customer), rule.recursive: encode_request_value(context, rule.recursive, False)}
    exchange = read_scoped_list(context, mirror, values, f"{rule.parameter} = {customer}, recursion off")
    yield
    return exchange.rows is not None and all(customer in owners_of(row, rule) for row in exchange.rows)


def _check_recursion(
    context: CheckContext, mirror: Mirror, rule: CallScope, own: Any, children: list[Row] | None
) -> Iterator[None]:
    if rule.recursive is None or rule.parameter is None or not context.supports_parameters(rule.recursive):
        return
    deep, off = rule.clauses.recursive, rule.clauses.recursive_default
    flag = {rule.recursive: encode_request_value(context, rule.recursive, True)}
    if own is None:
        context.results.record_not_exercised(
            (*deep, *off), "the account's own customer is not known; name it in --credentials"
        )
        return
    one = {rule.parameter: str(own)}
    answers: dict[str, Exchange] = {}
    off_value = encode_request_value(context, rule.recursive, False)
    for name, values in (
        ("plain", one),
        ("off", {**one, rule.recursive: off_value}),
        ("deep", {**one, **flag}),
        ("plain again", one),
        ("deep again", {**one, **flag}),
    ):
        answers[name] = read_scoped_list(context, mirror, values, f"{rule.parameter} = {own}, recursion {name}")
        yield
        if context.note_unusable(answers[name], (*deep, *off)) or answers[name].rows is None:
            return
    yield from check_count_of_list(context, mirror, answers["deep"])
    # Rows of both readings were there all the time, rows of either at some time.
    before, after = set(answers["plain"].keys), set(answers["plain again"].keys)
    plain, ever = before & after, before | after
    deeper, deeper_ever = set(answers["deep again"].keys), set(answers["deep"].keys) | set(answers["deep again"].keys)
    unsaid = set(answers["off"].keys)
    if plain - unsaid or unsaid - ever:
        context.fail(
            off,
            "sub-customers are left out by default",
            expected="the same rows as with 0",
            actual=f"{len(plain)} rows against {len(answers['off'].keys)}",
            exchange=answers["plain"],
        )
    else:
        context.results.record_pass(off, times=max(1, len(plain)))
    below = {row.key for row in children or ()}
    if children is not None:
        now = yield from _rows_of_word(context, mirror, rule, "children")
        below &= {row.key for row in now or ()}
    if not plain <= deeper_ever or not below <= deeper_ever:
        context.fail(
            deep,
            "sub-customers are included at all depths",
            expected="the customer's rows and all of its children's",
            actual=f"{len((plain | below) - deeper_ever)} of them missing",
            exchange=answers["deep"],
        )
    elif deeper <= ever:
        if below - ever:
            context.fail(
                deep,
                "sub-customers are included",
                expected="more rows",
                actual="the same rows",
                exchange=answers["deep"],
            )
        else:
            context.results.record_not_exercised(deep, "no sub-customer has calls")
    else:
        lost = yield from _rows_lost_below(context, mirror, rule, own, children or [], deeper_ever)
        if lost:
            context.fail(
                deep,
                "sub-customers are included at all depths",
                expected="rows of sub-customers' own customers too",
                actual=f"{len(lost)} of them missing",
                exchange=answers["deep"],
            )
        else:
            context.results.record_pass(deep, times=len(deeper))
    word = next((word for word, meaning in rule.words.items() if meaning == "children"), None)
    ignored = rule.clauses.recursive_ignored
    if word is not None and children is not None:
        exchange = read_scoped_list(
            context, mirror, {rule.parameter: word, **flag}, f"{rule.parameter} = {word} with recursion"
        )
        yield
        if context.note_unusable(exchange, ignored) or exchange.rows is None:
            return
        came = set(exchange.keys)
        if came != below:
            now = yield from _rows_of_word(context, mirror, rule, "children")
            at_some_time = {row.key for row in (*children, *(now or ()))}
            below &= {row.key for row in now or ()}
        else:
            at_some_time = below
        if below - came or came - at_some_time:
            context.fail(
                ignored,
                f"recursion does nothing for {word}",
                expected=f"{len(below)} rows",
                actual=f"{len(exchange.keys)} rows",
                exchange=exchange,
            )
        elif not deeper - ever - below:
            context.results.record_not_exercised(ignored, "no customer at a greater depth has calls")
        else:
            context.results.record_pass(ignored, times=max(1, len(below)))


def _rows_lost_below(
    context: CheckContext, mirror: Mirror, rule: CallScope, own: Any, children: list[Row], deep: set[Hashable]
) -> Generator[None, None, set[Hashable]]:
    """The rows below the children that the account's own list with recursion lacks, though they were there."""
    assert rule.parameter is not None
    assert rule.recursive is not None
    further = yield from _rows_below_children(context, mirror, rule, own, children)
    if not further - deep:
        return set()
    # Calls may have begun since: only rows that are there before and after a list was read can be missing in it.
    values = {rule.parameter: str(own), rule.recursive: encode_request_value(context, rule.recursive, True)}
    around = read_scoped_list(context, mirror, values, f"{rule.parameter} = {own}, recursion deep once more")
    yield
    later = yield from _rows_below_children(context, mirror, rule, own, children)
    return (further & later) - deep - set(around.keys)


def _rows_below_children(
    context: CheckContext, mirror: Mirror, rule: CallScope, own: Any, children: list[Row]
) -> Generator[None, None, set[Hashable]]:
    """The rows below the children themselves, which a whole recursion must hold too."""
    found: set[Hashable] = set()
    assert rule.parameter is not None
    assert rule.recursive is not None
    for child, _ in _certain_children(rule, own, children).most_common(3):
        values = {rule.parameter: str(child), rule.recursive: encode_request_value(context, rule.recursive, True)}
        exchange = read_scoped_list(context, mirror, values, f"{rule.parameter} = {child}, with recursion")
        yield
        if exchange.answer is not None and exchange.answer.outcome == "success":
            found |= set(exchange.keys)
    return found


def _certain_children(rule: CallScope, own: Any, children: list[Row]) -> Counter[Any]:
    """Owners of rows that have no other owner: who only talks with a child need not be one."""
    return Counter(
        owner for row in children if len(mine := owners_of(row, rule)) == 1 for owner in mine if owner != own
    )


def _check_children_depth(
    context: CheckContext, mirror: Mirror, rule: CallScope, own: Any, children: list[Row]
) -> Iterator[None]:
    """The word for the children leaves out who stands below them.

    Who that is comes to light where a child is asked for with and without recursion.
    """
    clauses = _word_clauses(rule, "children")
    if rule.parameter is None or rule.recursive is None or not context.supports_parameters(rule.recursive):
        return
    alone = _certain_children(rule, own, children)
    if len(alone) < 2:
        return
    for child, _ in alone.most_common(5):
        one = {rule.parameter: str(child)}
        plain = read_scoped_list(context, mirror, one, f"{rule.parameter} = {child}, alone")
        deep = read_scoped_list(
            context,
            mirror,
            {**one, rule.recursive: encode_request_value(context, rule.recursive, True)},
            f"{rule.parameter} = {child}, with all below",
        )
        yield
        if not plain.rows or deep.rows is None or not set(plain.keys) <= set(deep.keys):
            continue
        # A row of one owner alone, who is not the child itself: that owner stands below the child.
        own_rows = {row.key for row in plain.rows}
        below = {
            owner
            for row in deep.rows
            if row.key not in own_rows and len(owners_of(row, rule)) == 1
            for owner in owners_of(row, rule)
        } - {child, own}
        stray = [row for row in children if owners_of(row, rule) and owners_of(row, rule) <= below]
        if stray:
            context.fail(
                clauses,
                "the direct children's calls are listed",
                expected=f"no rows of {', '.join(map(str, sorted(below, key=str)))}, below {child}",
                actual=f"{len(stray)} such rows",
                exchange=deep,
                rows=[
                    context.evidence.render_row(row, [context.listing.lists.identity, *map(str, rule.owners)])
                    for row in stray[:8]
                ],
            )
            return


def _check_bad_customer(context: CheckContext, mirror: Mirror, rule: CallScope) -> Iterator[None]:
    clauses = rule.clauses.bad
    assert rule.parameter is not None
    for value in ("nosuchcustomer", "-1", "999999999"):
        exchange = read_scoped_list(context, mirror, {rule.parameter: value}, f"{rule.parameter} = {value}")
        yield
        if context.note_unusable(exchange, clauses) or exchange.answer is None:
            return
        if exchange.answer.outcome == "error":
            context.results.record_pass(clauses)
        elif value == "nosuchcustomer" or exchange.rows:
            context.fail(
                clauses,
                "an unknown customer is refused",
                expected="an error",
                actual=f"a success with {len(exchange.rows or ())} rows",
                exchange=exchange,
            )
            return
