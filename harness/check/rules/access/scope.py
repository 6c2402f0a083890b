"""Rules on scope: rows of the own customer, of one by id, of everyone, and of customers below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.check.context import CheckContext, Exchange, Row
from harness.check.exchange import AskedStep, steps_of
from harness.check.probe.answer_checks import A_LIST, NO_LIST, AnswerCheck, listed_check, owner_check, same_check
from harness.check.probe.count_only import check_count_of_list
from harness.check.probe.filter_values import largest_page
from harness.check.probe.mirror import Mirror, reread_mirror
from harness.check.probe.orders import working_orders
from harness.check.probe.stability import record_repeatable_failures
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.access.authentication import redact_credentials
from harness.check.rules.access.child_accounts import check_child_accounts
from harness.check.rules.access.login_attempts import documented_credentials
from harness.check.rules.access.row_owners import holds_whole_list, own_customer, owners_of, read_scoped_list
from harness.specification.model import CallScope, Clauses, LimitPaging
from harness.wire.decoded_body import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """The scope under check: the run, its rows, the parameter that says whose calls are listed, the own customer.

    `answers` are the latest lists, by the word or customer that was asked for and the switch of the recursion.
    """

    context: CheckContext
    mirror: Mirror
    rule: CallScope
    parameter: str
    own: Any
    answers: dict[tuple[str | None, bool | None], Exchange] = field(default_factory=dict)

    @property
    def recursive(self) -> str | None:
        """The parameter of the recursion, where the server's version knows it."""
        name = self.rule.recursive
        return name if name is not None and self.context.supports_parameters(name) else None

    def word_for(self, whose: str) -> str | None:
        """The word that asks for everyone's or the children's calls."""
        return next((word for word, meaning in self.rule.words.items() if meaning == whose), None)

    def clauses_for(self, whose: str) -> Clauses:
        """The clauses of that word."""
        return self.rule.word_clauses.get(self.word_for(whose) or "", ())

    def owners(self, row: Row) -> set[Any]:
        """The owners that a row shows."""
        return owners_of(row, self.rule)

    def read(
        self, whose: str | None, note: str = "", *, deep: bool | None = None, order: Mapping[str, Tree] | None = None
    ) -> Exchange:
        """The list of a word or a customer, or of nobody named; with the recursion on or off where `deep` says so."""
        values: dict[str, Tree] = {**(order or {}), **({} if whose is None else {self.parameter: whose})}
        if deep is not None and self.recursive is not None:
            values[self.recursive] = self.context.encode(self.recursive, deep)
        purpose = f"{self.parameter} = {whose}{note}" if whose is not None else f"no {self.parameter}, {note}"
        exchange = read_scoped_list(self.context, self.mirror, values, purpose)
        self.answers[whose, deep] = exchange
        return exchange

    def known(self, customer: Any, *, deep: bool | None = None) -> Exchange | None:
        """The latest list of a customer, where the list stands still."""
        return None if self.mirror.volatile else self.answers.get((str(customer), deep))

    def steps(self, *asked: tuple[str | None, bool | None], last: Exchange | None = None) -> tuple[AskedStep, ...]:
        """The latest answers for some words or customers and switches, None being the plain list; then a last one."""
        plain = self.context.seen_exchange(self.mirror.request(largest_page(self.context)))
        found = [plain if whose is None else self.answers.get((whose, deep)) for whose, deep in asked]
        return steps_of(*(one for one in found if one is not last), last)


def check_scope(context: CheckContext, mirror: Mirror) -> None:
    """Judges whose calls come under the words, ids and switches of the scope, as far as rows show their owners."""
    rule = context.listing.scope
    if rule is None:
        return
    record_repeatable_failures(context, mirror, lambda: _check_scope_once(context, mirror, rule))


def _check_scope_once(context: CheckContext, mirror: Mirror, rule: CallScope) -> None:
    if rule.parameter is not None:
        own = own_customer(context, mirror.rows, rule)
        _check_scope_words(_Scope(context=context, mirror=mirror, rule=rule, parameter=rule.parameter, own=own))
    if rule.children_only is not None or rule.listed_children is not None:
        check_child_accounts(context, mirror, rule)


def _check_scope_words(scope: _Scope) -> None:
    context, mirror, rule = scope.context, scope.mirror, scope.rule
    _judge_unset(scope)
    every = _rows_of_word(scope, "everyone")
    children = _rows_of_word(scope, "children")
    everything = every if every is not None else list(mirror.rows)
    paging = context.listing.paging
    cut = isinstance(paging, LimitPaging) and context.results.first_failed(paging.clauses.size_default)
    if every is not None and not cut:
        reread_mirror(context, mirror)
        steady = mirror.steady_keys
        _check_superset(scope, every, [row for row in mirror.rows if row.key in steady], children)
    if children and scope.own is not None:
        _judge_children(scope, children)
    _check_one_customer(scope, everything, children, every_shown=every is not None)
    _check_recursion(scope, children)
    if children and scope.own is not None:
        _check_children_depth(scope, children)
    _check_bad_customer(scope)
    for word in rule.may_words:
        exchange = scope.read(word)
        if exchange.answer is not None:
            reading = "refused" if exchange.outcome == "error" else "taken"
            context.results.record_observed(rule.may_clause, reading)


def _judge_unset(scope: _Scope) -> None:
    """Without a word only the own calls are listed."""
    context, rows, clauses = scope.context, scope.mirror.rows, scope.rule.clauses.unset
    if not rows:
        context.results.record_not_exercised(clauses, "the target shows no rows")
        return
    if scope.rule.unset != "own":
        return
    if scope.own is None:
        counted = Counter(owner for row in rows for owner in scope.owners(row))
        if len(counted) < 2:
            return
        owner, count = counted.most_common(1)[0]
        expected, actual = "one owner in all rows", f"{owner} in {count} of {len(rows)} rows"
    else:
        strangers = [row for row in rows if scope.own not in scope.owners(row)]
        if not strangers:
            context.results.record_pass(clauses, times=len(rows))
            return
        expected, actual = f"owner {scope.own} in every row", f"{rows_in_words(len(strangers))} of others"
    message = "without a customer only the account's own calls are listed"
    context.fail(
        clauses,
        message,
        expected=expected,
        actual=actual,
        check=None if scope.own is None else owner_check(scope.rule.owners, scope.own),
        steps=scope.steps((None, None)),
    )


def _judge_children(scope: _Scope, children: list[Row]) -> None:
    """The word for the children leaves out the own calls."""
    wrong = [row for row in children if scope.owners(row) == {scope.own}]
    clauses = scope.clauses_for("children")
    if not wrong:
        scope.context.results.record_pass(clauses, times=len(children))
        return
    scope.context.fail(
        clauses,
        "the children's calls are listed, not the account's own",
        expected=f"rows of customers other than {scope.own}",
        actual=f"{len(wrong)} rows of {scope.own} alone",
        rows=wrong,
        fields=map(str, scope.rule.owners),
        check=owner_check(scope.rule.owners, scope.own, on=False),
        steps=scope.steps((scope.word_for("children"), None)),
    )


def _rows_of_word(scope: _Scope, whose: str) -> list[Row] | None:
    """The rows that come under a word; None where there is no such word, or the account may not ask for it."""
    context, word = scope.context, scope.word_for(whose)
    if word is None:
        return None
    exchange = scope.read(word)
    clauses = scope.clauses_for(whose)
    if context.note_unusable(exchange, clauses):
        return None
    if exchange.outcome == "error":
        if whose == "everyone":
            _check_word_by_others(scope, word, clauses)
        if not any(context.results.has_evidence(clause) for clause in clauses):
            context.results.record_not_exercised(
                clauses, f"this account may not ask for {word}; give one that may in --credentials"
            )
        return None
    if exchange.rows is None:
        return None
    if whose == "everyone":
        check_count_of_list(context, scope.mirror, exchange)
    return list(exchange.rows)


def _keys_of_word(scope: _Scope, whose: str) -> set[Hashable]:
    """The keys of the rows that come under a word now."""
    rows = _rows_of_word(scope, whose)
    return _keys(rows or ())


def _keys(rows: Iterable[Row]) -> set[Hashable]:
    return {row.key for row in rows}


def _check_word_by_others(scope: _Scope, word: str, clauses: Clauses) -> None:
    """The word for everyone, asked for by the accounts that may: their list holds the run's own, too."""
    context, mirror = scope.context, scope.mirror
    others = [one for one in context.identities if one.name != context.identity.name and one.everyone is not False]
    for identity in sorted(others, key=lambda one: one.everyone is not True)[:3]:
        own = documented_credentials(context, identity)
        redact_credentials(context, own)
        ask = mirror.request({**largest_page(context), scope.parameter: word})
        purpose = f"{scope.parameter} = {word}, asked by {identity.name}"
        exchange = context.send(ask, purpose, credentials=own)
        if context.note_unusable(exchange, clauses) or exchange.rows is None or mirror.volatile:
            continue
        if not _keys(filter(mirror.is_steady, mirror.rows)) - set(exchange.keys):
            context.results.record_pass(clauses, times=max(1, len(mirror.rows)))
            return
        if not identity.everyone or not context.listing.paging.is_single_page:
            # It may see less than all, or this may be one page of many.
            continue
        reread_mirror(context, mirror)
        again = context.send(ask, f"again: {purpose}", credentials=own)
        lost = _keys(filter(mirror.is_steady, mirror.rows)) - set(again.keys)
        if mirror.volatile or again.rows is None or not lost:
            context.results.record_inconclusive(clauses, "data-changed: the list moved while it was read")
            return
        context.fail(
            clauses,
            "all customers' calls are listed",
            expected=f"every row that {context.identity.name} sees",
            actual=f"{len(lost)} of them missing",
            exchange=again,
            rows=[row for row in mirror.rows if row.key in lost],
            fields=map(str, scope.rule.owners),
            check=AnswerCheck(kind="covers"),
            steps=scope.steps((None, None), last=again),
        )
        return


def _check_superset(scope: _Scope, every: list[Row], own_rows: list[Row], children: list[Row] | None) -> None:
    """Everyone's calls hold the own ones and the children's, and more than the own ones."""
    keys = _keys(every)
    lost_below = _keys(children or ()) - keys
    if lost_below:
        # Calls may have begun since: only rows that are there before and after a list was read can be missing in it.
        around = _keys_of_word(scope, "everyone")
        later = _keys_of_word(scope, "children")
        lost_below &= later - around
    lost = _keys(own_rows) - keys | lost_below
    clauses = scope.clauses_for("everyone")
    narrower: list[tuple[str | None, bool | None]] = [(None, None), (scope.word_for("children"), None)]
    check = AnswerCheck(kind="covers" if lost else "more")
    if lost:
        expected, actual = "every row of the narrower lists", f"{len(lost)} of them missing"
    elif len(every) > len(own_rows) or not children:
        scope.context.results.record_pass(clauses, times=max(1, len(own_rows)))
        return
    else:
        expected, actual = "more than the account's own", rows_in_words(len(every))
    known = {row.key: row for row in (*own_rows, *(children or ()))}
    scope.context.fail(
        clauses,
        "all customers' calls are listed",
        expected=expected,
        actual=actual,
        rows=[row for key, row in known.items() if key in lost],
        fields=map(str, scope.rule.owners),
        check=check,
        steps=scope.steps(*narrower[: 2 if lost else 1], (scope.word_for("everyone"), None)),
    )


def _check_one_customer(
    scope: _Scope, everything: list[Row], children: list[Row] | None, *, every_shown: bool
) -> None:
    """The calls of one customer by id, held against everything that is shown."""
    context, own, clauses = scope.context, scope.own, scope.rule.clauses.identity
    if not scope.rule.identity:
        return
    counted: Counter[Any] = Counter(owner for row in (children or scope.mirror.rows) for owner in scope.owners(row))
    wanted = [owner for owner, _ in counted.most_common() if owner != own][:2] + ([own] if own is not None else [])
    if not wanted:
        context.results.record_not_exercised(clauses, "no row shows an owner")
    for customer in wanted:
        exchange = scope.read(str(customer))
        if context.note_unusable(exchange, clauses):
            return
        if exchange.outcome == "error":
            if customer == own:
                context.fail(
                    clauses,
                    "one's own customer can be named",
                    expected="a success",
                    actual=exchange.told_error,
                    exchange=exchange,
                    check=A_LIST,
                )
            continue
        # "That customer's calls" are at least those that it makes; those that reach it may count too.
        made = scope.rule.owners[0]
        due = _keys(row for row in everything if customer in row.values(made))
        shown_by = "everyone" if every_shown else "children"
        if _is_wrong_for_customer(scope, customer, exchange, due, shown_by):
            return
        if exchange.rows:
            context.results.record_pass(clauses, times=len(exchange.rows))


def _is_wrong_for_customer(
    scope: _Scope, customer: Any, exchange: Exchange, due: set[Hashable], shown_by: str
) -> bool:
    """Whether a customer's list holds rows of others or lacks rows that are due; then that is told."""
    clauses, rows = scope.rule.clauses.identity, exchange.listed
    strangers = [row for row in rows if customer not in scope.owners(row)]
    missing = due - _keys(rows)
    if missing:
        # Only rows that are there before and after the list was read can be missing in it.
        around = _rows_of_word(scope, shown_by)
        if around is None:
            reread_mirror(scope.context, scope.mirror)
        missing &= _keys(scope.mirror.rows if around is None else around)
    if strangers:
        if _is_own_without_recursion(scope, customer):
            clauses = scope.rule.clauses.recursive_default or clauses
        expected, actual = f"rows of customer {customer}", f"{len(strangers)} of {len(rows)} rows are others'"
        check = owner_check(scope.rule.owners, customer)
        check = check or listed_check(scope.context, scope.mirror, "without", strangers)
    elif missing:
        expected, actual = rows_in_words(len(due)), f"{len(missing)} of them missing"
        lost = [row for key in missing if (row := scope.mirror.row_with_key(key)) is not None]
        check = listed_check(scope.context, scope.mirror, "with", lost)
    else:
        return False
    message = "one customer's calls are listed"
    scope.context.fail(clauses, message, expected=expected, actual=actual, exchange=exchange, check=check)
    return True


def _is_own_without_recursion(scope: _Scope, customer: Any) -> bool:
    """Whether the list is that customer's own once the recursion is switched off in so many words."""
    if scope.recursive is None:
        return False
    exchange = scope.read(str(customer), ", recursion off", deep=False)
    return exchange.rows is not None and all(customer in scope.owners(row) for row in exchange.rows)


# --- recursion ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Depths:
    """The keys of the own rows without and with recursion, in both readings or in either, and of the children's."""

    plain: set[Hashable]
    plain_ever: set[Hashable]
    deep: set[Hashable]
    deep_ever: set[Hashable]
    below: set[Hashable]


def _check_recursion(scope: _Scope, children: list[Row] | None) -> None:
    context, rule = scope.context, scope.rule
    if scope.recursive is None:
        return
    both = (*rule.clauses.recursive, *rule.clauses.recursive_default)
    if scope.own is None:
        reason = "the account's own customer is not known; name it in --credentials"
        context.results.record_not_exercised(both, reason)
        return
    answers: dict[str, Exchange] = {}
    # Servers forget the recursion beside an order (`recursive_lost_beside_sort_desc`).
    other = working_orders(context)[-1]
    for name, deep in (("plain", None), ("off", False), ("deep", True), ("plain again", None), ("deep again", True)):
        order = other if name == "deep again" else {}
        answers[name] = scope.read(str(scope.own), f", recursion {name}", deep=deep, order=order)
        if context.note_unusable(answers[name], both) or answers[name].rows is None:
            return
    shown = {name: set(exchange.keys) for name, exchange in answers.items()}
    # Rows of both readings were there all the time, rows of either at some time.
    plain, plain_ever = shown["plain"] & shown["plain again"], shown["plain"] | shown["plain again"]
    if plain - shown["off"] or shown["off"] - plain_ever:
        context.fail(
            rule.clauses.recursive_default,
            "sub-customers are left out by default",
            expected="the same rows as with 0",
            actual=f"{rows_in_words(len(plain))} against {len(answers['off'].keys)}",
            exchange=answers["plain"],
            check=same_check(context, answers["off"], answers["plain"]),
        )
    else:
        context.results.record_pass(rule.clauses.recursive_default, times=max(1, len(plain)))
    below = _keys(children or ())
    if children is not None:
        below &= _keys_of_word(scope, "children")
    deep_ever = shown["deep"] | shown["deep again"]
    depths = _Depths(plain=plain, plain_ever=plain_ever, deep=shown["deep again"], deep_ever=deep_ever, below=below)
    # The smaller request tells more, where it goes wrong, too.
    deeper = answers["deep again" if shown["deep"] - plain_ever else "deep"]
    _check_depth(scope, children or [], deeper, depths)
    if rule.recursive_own:
        _check_own_recursion(scope, answers["deep"], depths)
    if children is not None:
        _check_ignored_recursion(scope, children, depths)
    _check_everyone_below(scope, answers["deep again"])


def _check_everyone_below(scope: _Scope, before: Exchange) -> None:
    """Everyone's calls hold those of the customers below, at every depth (`system_top_only`)."""
    word = scope.word_for("everyone")
    if word is None:
        return
    every, after = scope.read(word, ", all depths"), scope.read(str(scope.own), ", recursion after that", deep=True)
    # Only rows that are there before and after can be missing in between.
    lost = (set(before.keys) & set(after.keys)) - set(every.keys)
    if not lost or every.outcome != "success" or not holds_whole_list(scope.context, every):
        return
    scope.context.fail(
        scope.clauses_for("everyone"),
        "all customers' calls are listed",
        expected="every row that the recursion shows",
        actual=f"{len(lost)} of them missing",
        exchange=every,
        rows=[row for row in after.listed if row.key in lost],
        fields=map(str, scope.rule.owners),
        check=AnswerCheck(kind="covers"),
        steps=scope.steps((str(scope.own), True), last=every),
    )


def _check_depth(scope: _Scope, children: list[Row], deep: Exchange, depths: _Depths) -> None:
    """The recursion adds the rows of the customers below, at all depths."""
    results, clauses, own = scope.context.results, scope.rule.clauses.recursive, str(scope.own)
    narrower: list[tuple[str | None, bool | None]] = [(own, None), (scope.word_for("children"), None)]
    message, lost = "sub-customers are included at all depths", (depths.plain | depths.below) - depths.deep_ever
    if lost and not holds_whole_list(scope.context, deep):
        results.record_not_exercised(clauses, "the calls of all sub-customers are more than a page")
        return
    if lost:
        expected, actual = "the customer's rows and all of its children's", f"{len(lost)} of them missing"
    elif depths.deep <= depths.plain_ever:
        if not depths.below - depths.plain_ever:
            results.record_not_exercised(clauses, "no sub-customer has calls")
            return
        message, expected, actual = "sub-customers are included", "more rows", "the same rows"
        narrower = narrower[:1]
    else:
        lost = _rows_lost_below(scope, children, depths.deep_ever)
        if not lost:
            results.record_pass(clauses, times=len(depths.deep))
            return
        expected, actual = "rows of sub-customers' own customers too", f"{len(lost)} of them missing"
        narrower = [(whose, True) for whose, switched in scope.answers if switched and whose not in (None, own)]
    scope.context.fail(
        clauses,
        message,
        expected=expected,
        actual=actual,
        exchange=deep,
        check=AnswerCheck(kind="covers" if lost else "more"),
        steps=scope.steps(*narrower, last=deep),
    )


def _check_own_recursion(scope: _Scope, deep: Exchange, depths: _Depths) -> None:
    """Where no customer is named the recursion adds the customers below the own one, as where that is named."""
    context, clauses = scope.context, scope.rule.clauses.recursive_own
    exchange = scope.read(None, "with recursion", deep=True)
    if context.note_unusable(exchange, clauses) or exchange.rows is None:
        return
    if not depths.deep - depths.plain_ever:
        context.results.record_not_exercised(clauses, "no sub-customer has calls")
    elif exchange.keys == deep.keys or not depths.deep - set(exchange.keys):
        context.results.record_pass(clauses)
    else:
        context.fail(
            clauses,
            "the recursion adds the calls below the account that asks",
            expected=f"{rows_in_words(len(deep.keys))}, as with the own customer named",
            actual=rows_in_words(len(exchange.keys)),
            exchange=exchange,
        )


def _check_ignored_recursion(scope: _Scope, children: list[Row], depths: _Depths) -> None:
    """The recursion changes nothing in the list of the children."""
    context, clauses, word = scope.context, scope.rule.clauses.recursive_ignored, scope.word_for("children")
    assert word is not None
    exchange = scope.read(word, " with recursion", deep=True)
    if context.note_unusable(exchange, clauses) or exchange.rows is None:
        return
    came, below = set(exchange.keys), depths.below
    at_some_time = below
    if came != below:
        now = _keys_of_word(scope, "children")
        below, at_some_time = below & now, _keys(children) | now
    if below - came or came - at_some_time:
        context.fail(
            clauses,
            f"recursion does nothing for {word}",
            expected=rows_in_words(len(below)),
            actual=rows_in_words(len(exchange.keys)),
            exchange=exchange,
            check=AnswerCheck(kind="same", fields=("rows",)),
            steps=scope.steps((word, None), last=exchange),
        )
    elif not depths.deep - depths.plain_ever - below:
        context.results.record_not_exercised(clauses, "no customer at a greater depth has calls")
    else:
        context.results.record_pass(clauses, times=max(1, len(below)))


def _rows_lost_below(scope: _Scope, children: list[Row], deep: set[Hashable]) -> set[Hashable]:
    """The rows below the children that the account's own list with recursion lacks, though they were there."""
    further = _rows_below_children(scope, children)
    if not further - deep:
        return set()
    # Calls may have begun since: only rows that are there before and after a list was read can be missing in it.
    around = scope.read(str(scope.own), ", recursion deep once more", deep=True)
    later = _rows_below_children(scope, children)
    return (further & later) - deep - set(around.keys)


def _rows_below_children(scope: _Scope, children: list[Row]) -> set[Hashable]:
    """The rows below the children themselves, which a whole recursion must hold too."""
    found: set[Hashable] = set()
    for child, _ in _certain_children(scope, children).most_common(3):
        exchange = scope.read(str(child), ", with recursion", deep=True)
        if exchange.outcome == "success":
            found |= set(exchange.keys)
    return found


def _certain_children(scope: _Scope, children: list[Row]) -> Counter[Any]:
    """Owners of rows that have no other owner: who only talks with a child need not be one."""
    return Counter(
        owner for row in children if len(mine := scope.owners(row)) == 1 for owner in mine if owner != scope.own
    )


def _check_children_depth(scope: _Scope, children: list[Row]) -> None:
    """The word for the children leaves out who stands below them.

    Who that is comes to light where a child is asked for with and without recursion.
    """
    context = scope.context
    alone = _certain_children(scope, children)
    if scope.recursive is None or len(alone) < 2:
        return
    for child, _ in alone.most_common(5):
        plain = scope.known(child) or scope.read(str(child), ", alone")
        deep = scope.known(child, deep=True) or scope.read(str(child), ", with all below", deep=True)
        if not plain.rows or deep.rows is None or not set(plain.keys) <= set(deep.keys):
            continue
        # A row of one owner alone, who is not the child itself: that owner stands below the child.
        further = [row for row in deep.rows if row.key not in set(plain.keys)]
        below = set(_certain_children(scope, further)) - {child}
        stray = [row for row in children if (owners := scope.owners(row)) and owners <= below]
        if stray:
            context.fail(
                scope.clauses_for("children"),
                "the direct children's calls are listed",
                expected=f"no rows of {', '.join(map(str, sorted(below, key=str)))}, below {child}",
                actual=f"{len(stray)} such rows",
                exchange=deep,
                rows=stray,
                fields=map(str, scope.rule.owners),
                steps=steps_of(plain, deep, scope.answers.get((scope.word_for("children") or "", None))),
            )
            return


def _check_bad_customer(scope: _Scope) -> None:
    context, clauses = scope.context, scope.rule.clauses.bad
    for value in ("nosuchcustomer", "-1", "999999999"):
        exchange = scope.read(value)
        if context.note_unusable(exchange, clauses):
            return
        if exchange.outcome == "error":
            context.results.record_pass(clauses)
        elif value == "nosuchcustomer" or exchange.rows:
            context.fail(
                clauses,
                "an unknown customer is refused",
                expected="an error",
                actual=f"a success with {rows_in_words(len(exchange.listed))}",
                exchange=exchange,
                check=NO_LIST,
            )
            return
