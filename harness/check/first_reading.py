"""The baseline of a run: the mirror is read, page by page, and walks that tear or never end are judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from harness.check.context import CheckContext, Exchange, Row
from harness.check.exchange import steps_of
from harness.check.options import CheckOptions
from harness.check.probe.answer_checks import AnswerCheck, walk_check
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import count_values
from harness.check.probe.mirror import (
    MIRROR_PAGES_AT_MOST,
    Mirror,
    candidate_windows,
    read_mirror,
    reread_in_smaller_pages,
    reread_mirror,
)
from harness.check.probe.page_sizes import page_size_values
from harness.check.probe.standing_values import standing_values
from harness.check.probe.time_ranges import longest_range, requires_time_range, time_range_filters
from harness.specification.model import ClauseId, CursorPaging, OpenChoice, PageNumberPaging
from harness.specification.narrowing_defaults import widest_words
from harness.specification.paging_clauses import start_clauses
from harness.wire.list_request import ListRequest


def take_first_reading(context: CheckContext, mirror: Mirror, options: CheckOptions) -> None:
    """Reads the mirror, and judges what the walks show: tears, endless lists, shared identities, page caps."""
    _observe_first_page(context, options.now)
    read_mirror(context, mirror, now=options.now)
    snapshot = mirror.after
    if snapshot is None:
        return
    if not snapshot.rows and snapshot.total:
        total = context.listing.total
        context.fail(
            start_clauses(context.listing.paging) or (total.clauses.sum if total else ()),
            "the first page holds the first rows",
            expected=f"rows: the total is {snapshot.total}",
            actual="no rows on the first page",
            exchange=snapshot.first_page,
            check=AnswerCheck(kind="some"),
        )
    for rule in (context.listing.filters.get(name) for name in widest_words(context.listing)):
        if rule is not None and len(count_values(snapshot.rows, rule.compares)) > 1:
            # Rows of several values came for the word that means all of them.
            context.results.record_pass(rule.no_filter_clause)
    if not snapshot.rows and snapshot.failed_exchange is None:
        _check_reversed_range(context, mirror, options.now)
        _check_widest_words(context, mirror)
    if snapshot.complete:
        context.results.record_pass((ClauseId("PAGING-LOOP"),))
    elif snapshot.repeated_pages and not snapshot.stopped_early:
        _check_endless_walk(context, snapshot.repeated_pages)
    _report_shared_identity(
        context,
        (
            *snapshot.shared_identities,
            *(mirror.widest_snapshot.shared_identities if mirror.widest_snapshot is not None else ()),
        ),
    )
    identities = [row.shown.get(context.listing.lists.identity) for row in snapshot.rows]
    keys = [identity for identity in identities if identity is not None]
    if context.results.first_failed(context.listing.lists.clauses.unique) or len(set(keys)) < len(keys):
        # Either a row stands twice, or two rows share what should tell them apart.
        context.identity_unique = not context.facts.identity_shared
        context.drop_repeated_rows = True
        read_mirror(context, mirror, now=options.now)
    # A list that moves by itself, or that pages tear, is noticed before anything is judged by it.
    if not mirror.read_twice:
        reread_mirror(context, mirror)
    if not mirror.volatile:
        reread_in_smaller_pages(context, mirror)
    _note_list_size(context, mirror)


def _observe_first_page(context: CheckContext, now: datetime) -> None:
    """Learns the number of the first page where the document leaves it open: which number shows the page of none."""
    paging = context.listing.paging
    if not isinstance(paging, PageNumberPaging) or not isinstance(paging.first, OpenChoice):
        return
    if context.dialect.candidates_of(paging.first.id):
        return
    narrowed = requires_time_range(context) or context.options.window is not None
    base = list(candidate_windows(context, now))[-1] if narrowed else standing_values(context)
    few = {**base, **page_size_values(context, 2)}
    plain = context.send(ListRequest(values=few), "the page that comes when none is named")
    # The largest number first: a server that counts from 1 may show its first page for 0, too.
    for number in sorted(paging.first.options, reverse=True):
        named = {**few, paging.page: context.encode(paging.page, number)}
        exchange = context.send(ListRequest(values=named), f"page {number}")
        if exchange.rows and exchange.keys == plain.keys:
            context.dialect.fix_answer(paging.first.id, number, "reading the list")
            return


def _check_reversed_range(context: CheckContext, mirror: Mirror, now: datetime) -> None:
    """No rows where rows are looked for: a range read the wrong way round shows them where none can be."""
    lower, upper, _ = time_range_filters(context)
    if not requires_time_range(context):
        return
    for name, first in ((lower, now + timedelta(days=2)), (upper, datetime(2000, 1, 1, tzinfo=UTC))):
        ends = ((lower, first), (upper, first + min(timedelta(days=1), longest_range(context) or timedelta(days=1))))
        values = {end: context.encode(end, instant) for end, instant in ends if end is not None}
        if name is not None:
            clauses = context.listing.filters[name].clause
            check_probe(
                context,
                mirror,
                ListRequest(values={**standing_values(context), **values}),
                "a range that holds no calls",
                clauses,
            )


def _check_widest_words(context: CheckContext, mirror: Mirror) -> None:
    """No rows where every filter is switched off: with a word that keeps some of them there are none, either."""
    for name in widest_words(context.listing):
        if name not in context.listing.filters:
            continue
        rule, parameter = context.listing.filters[name], context.listing.parameters[name]
        for word in dict.fromkeys((*rule.words, *rule.word_conditions, *parameter.words)):
            if word in rule.no_filter:
                continue
            exchange = context.send(mirror.request({name: word}), f"{name} = {word}")
            if exchange.rows:
                expected = f"{name}={rule.no_filter[0]} keeps at least the rows that {name}={word} does"
                clauses = rule.no_filter_clause or rule.clause
                message = "a word that means no filter keeps every row"
                actual = f"no rows, and {len(exchange.rows)}"
                context.fail(clauses, message, expected=expected, actual=actual, exchange=exchange)
                return


def _report_shared_identity(context: CheckContext, pairs: Sequence[tuple[Row, Row, Exchange]]) -> None:
    """Reports two calls that two pages show under one identity."""
    if not pairs:
        return
    context.facts.identity_shared = True
    one, other, exchange = pairs[0]
    names = [context.listing.lists.identity]
    names += context.fields_showing("started_at")
    context.fail(
        context.listing.lists.clauses.unique,
        "a row's identity is its own",
        expected="each identity once in the list",
        actual=f"{context.evidence.render_row(one, names[:1])} on two pages, for calls that began at "
        "different instants",
        exchange=exchange,
        rows=(one, other),
        fields=names,
    )


def _check_endless_walk(context: CheckContext, pages: Sequence[Exchange]) -> None:
    """Judges a walk that met the same page again and again: whether the list ends at all."""
    again = pages[-1]
    if again.answer is not None and isinstance(context.listing.paging, CursorPaging) and again.rows:
        seen = {key for page in pages[:-1] for key in page.keys}
        context.fail(
            (ClauseId("PAGING-LOOP"),),
            "a walk over the pages comes to an end",
            expected="rows that were not shown before, or the end",
            actual="the same rows again",
            exchange=again,
            rows=[row for row in again.listed if row.key in seen],
            check=walk_check(context, (), pages=MIRROR_PAGES_AT_MOST, walks_on="cursor"),
            steps=steps_of(*pages),
        )


def _note_list_size(context: CheckContext, mirror: Mirror) -> None:
    clauses = context.listing.lists.clauses
    unique = clauses.unique
    if len(mirror.rows) > 1 and not context.drop_repeated_rows:
        context.results.record_pass(unique, times=len(mirror.rows))
    elif len(mirror.rows) <= 1 and not context.results.first_failed(unique):
        context.results.record_not_exercised(unique, f"the target shows {len(mirror.rows)} rows")
    if not mirror.rows and mirror.after is not None and mirror.after.failed_exchange is None:
        context.results.record_pass(clauses.empty)
