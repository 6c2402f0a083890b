"""The rows of every response and the numbers about them: identity, fields, invariants, total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, cast

from harness.check.context import Row
from harness.check.probe.mirror import first_page_number, parse_row_count
from harness.check.rules.responses.field_flaws import due_and_came
from harness.check.rules.responses.judged_response import JudgedResponse, parse_integer, part_at
from harness.check.rules.responses.row_consistency import note_rows
from harness.check.rules.responses.row_laws import check_row_laws, law_context_of
from harness.specification.field_path import FieldPath
from harness.specification.model import ClauseId, Clauses, Field, NotFutureLaw, OffsetPaging, PageNumberPaging
from harness.specification.value_forms import template_names
from harness.wire.decoded_body import Tree
from harness.wire.decoded_body import printable_text as in_ascii
from harness.wire.derived_fields import filled_template
from harness.wire.json_body import MISSING, Missing
from harness.wire.other_forms import says_nothing
from harness.wire.response_codec import DecodedResponse, count_in
from harness.wire.row_codec import FieldProblem, field_at
from harness.wire.row_objects import value_in_tree
from harness.wire.settled_values import repeated_values
from harness.wire.time_codecs import EPOCH_CODECS, TIME_CODECS

_TIME_FORMATS: Final = frozenset({*TIME_CODECS, "calendar-day"})


def check_listed_rows(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """The rows and the numbers about them."""
    listing = judge.context.listing
    clauses, counting, at = listing.lists.clauses, listing.count_only, listing.lists.rows_at or ""
    # Whether a number was asked for in place of rows; None when the flag cannot be read.
    asked = judge.flag_value(counting.parameter) if counting is not None else False
    expected = f"a list at {at}" if at else "a list that is the body"
    if asked:
        return
    if answer.rows is None:
        # A number in the place of rows is a count that nobody asked for.
        uncalled = counting.clauses.default if counting is not None and count_in(answer) is not None else ()
        if asked is False or count_in(answer) is None:
            actual = in_ascii(answer.rows_raw) if at else "an object"
            judge.report_breach(uncalled or clauses.rows, expected=expected, actual=actual, at=at and f"form:{at}")
        return
    if answer.rows_flaw and isinstance(answer.tree, dict):
        # A body that is nothing but the list was told by its shape.
        judge.report_breach(clauses.rows, expected=expected, actual=answer.rows_flaw, at=at and f"form:{at}")
    _check_row_form(judge, answer, answer.rows)
    if not answer.rows_flaw:
        judge.record_pass(clauses.rows)
        judge.record_pass(clauses.row_element, len(answer.rows))
        judge.record_pass(() if answer.rows else clauses.empty)
    _check_rows(judge, judge.exchange.listed)
    _check_total(judge, answer)
    _check_returned(judge, answer)


def _check_row_form(judge: JudgedResponse, answer: DecodedResponse, rows: Sequence[Tree]) -> None:
    """Rows are objects, or bare texts where those are documented."""
    lists = judge.context.listing.lists
    strange: list[Tree] = [row for row in rows if not isinstance(row, dict)]
    expected, own = "rows that are objects", lists.clauses.keys if judge.context.is_xml else lists.clauses.rows
    if lists.row_values == "text" and isinstance(answer.rows_raw, list):
        strange = [row for row in answer.rows_raw if isinstance(row, dict | list)]
        expected, own = "rows that are bare texts", lists.clauses.keys
    if strange:
        actual = f"{in_ascii(strange[0])}; in {len(strange)} of {len(rows)} rows"
        judge.report_breach((*own, *lists.clauses.rows), expected=expected, actual=actual)


# --- rows ---------------------------------------------------------------------------------------------------


def _check_repeated_values(judge: JudgedResponse, rows: Sequence[Row]) -> None:
    """Each row repeats what the request says of who asks, or of a parameter, by itself or inside a template."""
    listing, ask = judge.context.listing, judge.exchange.list_request
    words = {word for one in listing.parameters.values() if one.bound_to is not None for word in one.bound_to.words}
    account = {name: text for name, text in ask.account.items() if text not in words}
    known = repeated_values(listing, ask, {**ask.credentials, **account}) if rows else ()
    repeated = {name: text for name, text in known if text}
    for name, field in listing.fields.items():
        told = [(row, due) for row in rows if (due := _due_of_request(field, name, row, repeated, listing.fields))]
        others = [(row, due) for row, due in told if str(row.shown[name]) != due]
        clauses = field.clause or listing.lists.clauses.keys
        if others:
            (first, due), every = others[0], " in every row" if field.repeats is not None else ""
            judge.report_breach(
                clauses,
                expected=f"{name}: {in_ascii(due)}{every}",
                actual=f"{in_ascii(str(first.shown[name]))}; in {len(others)} of {len(rows)} rows",
                rows=[row for row, _ in others],
                path=FieldPath.of(name),
            )
        elif told:
            judge.record_pass(clauses, len(told))


def _due_of_request(
    field: Field, name: str, row: Row, repeated: Mapping[str, str], fields: Mapping[str, Field]
) -> str | None:
    """What a field must say because of the request; None where that is nothing, or not known."""
    if row.shown.get(name) is None:
        return None
    if field.repeats is not None:
        return repeated.get(name)
    names = frozenset(template_names(field.template or ""))
    # A template of nothing but fields was judged with the row itself.
    if names.issubset(fields) or any(flaw.field.head in names for flaw in row.flaws):
        return None
    due = filled_template(field.template or "", {**row.shown, **repeated})
    return due if isinstance(due, str) else None


def _check_rows(judge: JudgedResponse, rows: Sequence[Row]) -> None:
    _check_unique(judge, rows)
    if not judge.exchange.list_request.repeated:
        note_rows(judge.context, judge.exchange)
    _check_repeated_values(judge, rows)
    fresh = _unexamined_rows(judge, rows)
    if not fresh:
        return
    _check_flaws(judge, fresh, rows)
    if judge.exchange.zone == judge.context.zone:
        # In another zone the laws would only say once more that its local times are wrong.
        check_row_laws(judge.context, judge.exchange, fresh)


def _unexamined_rows(judge: JudgedResponse, rows: Sequence[Row]) -> list[Row]:
    """The rows that were not examined before, in the same light."""
    context = law_context_of(judge.context, judge.exchange)
    light = (
        judge.exchange.zone,
        tuple(sorted((str(path), *sorted(words)) for path, words in context.requested_words.items())),
    )
    found: list[Row] = []
    for row in rows:
        print_ = hash((light, repr(row.raw)))
        if print_ not in judge.memory.seen:
            judge.memory.seen.add(print_)
            found.append(row)
    return found


def _check_unique(judge: JudgedResponse, rows: Sequence[Row]) -> None:
    lists = judge.context.listing.lists
    identities = [row.shown[lists.identity] for row in rows if row.shown.get(lists.identity) is not None]
    counts = Counter(identities)
    twice = {identity for identity, times in counts.items() if times > 1}
    if not twice:
        judge.record_pass(lists.clauses.unique, times=len(identities) > 1)
        return
    same = [row for row in rows if row.shown.get(lists.identity) in twice]
    if len({repr(row.raw) for row in same}) > len(twice):
        judge.context.facts.identity_shared = True
    first = identities[next(index for index, identity in enumerate(identities) if identity in twice)]
    more = f"; {len(twice)} of {len(counts)} are repeated" if len(twice) > 1 else ""
    judge.report_breach(
        lists.clauses.unique,
        expected=f"each {lists.identity} once",
        actual=f"{in_ascii(str(first))} stands {counts[first]} times{more}",
        rows=same,
        difference=f"unique repeated {lists.identity}",
    )


def _check_flaws(judge: JudgedResponse, fresh: Sequence[Row], rows: Sequence[Row]) -> None:
    """What is wrong with single fields: one finding for each clause, over all rows of the answer.

    A row that an earlier answer had is counted, but tells nothing new.
    """
    fields = judge.context.listing.fields
    keys = judge.context.listing.lists.clauses.keys
    news = _flaws_by_clause(judge, fresh)
    found = _flaws_by_clause(judge, rows) if news else {}
    for clause, ((_, first), *_) in news.items():
        many = found[clause]
        affected = {id(row): row for row, _ in many}
        others = sorted(str(path) for path in {flaw.field for _, flaw in many} - {first.field})
        more = f"; also {', '.join(others[:6])}" if others else ""
        expected, came = due_and_came(fields, [flaw for _, flaw in many if flaw.field == first.field])
        judge.report_breach(
            (clause,),
            expected=f"{first.field}: {expected}",
            actual=f"{first.field}: {came}; in {len(affected)} of {len(rows)} rows{more}",
            rows=tuple(affected.values()),
            path=first.field,
            difference=f"field {'lacking' if first.kind == 'missing' else 'form'} {first.field}",
        )
    counts: Counter[ClauseId] = Counter()
    for row in fresh:
        counts.update(_clauses_at_stake(fields, cast("Mapping[str, Tree]", row.raw)))
    counts |= Counter(dict.fromkeys(keys, len(fresh)))
    for clause, times in counts.items():
        judge.record_pass((clause,), times)


def _flaws_by_clause(judge: JudgedResponse, rows: Sequence[Row]) -> dict[ClauseId, list[tuple[Row, FieldProblem]]]:
    found: dict[ClauseId, list[tuple[Row, FieldProblem]]] = {}
    for row in rows:
        for flaw in row.flaws:
            clause = next(
                (one for one in _clauses_of_flaw(judge, flaw) if one in judge.context.results.clauses), None
            )
            if clause is not None:
                found.setdefault(clause, []).append((row, flaw))
    return found


def _clauses_at_stake(fields: Mapping[str, Field], tree: Mapping[str, Tree]) -> set[ClauseId]:
    """The clauses on fields that a row could have broken."""
    found: set[ClauseId] = set()
    for name, known in fields.items():
        value = value_in_tree(tree, name)
        if isinstance(value, Missing):
            continue
        found.update(known.clause)
        if known.as_ == "rows" and isinstance(value, list):
            for inner in value:
                if isinstance(inner, dict):
                    found |= _clauses_at_stake(known.fields, inner)
    return found


def _clauses_of_flaw(judge: JudgedResponse, flaw: FieldProblem) -> Clauses:
    """The clauses that a flaw breaks, the one that explains it best first."""
    listing = judge.context.listing
    keys = listing.lists.clauses.keys
    parent = flaw.field.parent
    if flaw.kind == "missing":
        if parent is None:
            return (*keys, *flaw.clause)
        around = field_at(listing.fields, parent)
        above = around.clause if around is not None else ()
        return (*(clause for clause in above if clause in flaw.clause), *flaw.clause, *above, *keys)
    known = field_at(listing.fields, flaw.field)
    if known is not None and known.as_ in _TIME_FORMATS and flaw.text.endswith(("got None", "got ''")):
        # Of two clauses on a time the later one is about its being there at all.
        return (*reversed(flaw.clause), *keys)
    if known is not None and known.as_ in EPOCH_CODECS and "within the years" in flaw.text:
        # An integer all right, but no instant: that is the promise of what may be told of the time.
        times = [law.clause for law in listing.laws if isinstance(law, NotFutureLaw) and law.field == flaw.field]
        return (*(clause for several in times[:1] for clause in several), *flaw.clause, *keys)
    return (*flaw.clause, *keys)


# --- numbers about the rows ---------------------------------------------------------------------------------


def _check_total(judge: JudgedResponse, answer: DecodedResponse) -> None:
    listing = judge.context.listing
    total = listing.total
    if total is None or (total.switch is not None and judge.flag_value(total.switch.parameter) is not True):
        return
    present = total.clauses.present
    told = part_at(answer, total.at)
    told = answer.total if says_nothing(told) else told
    number = parse_integer(told, text=judge.context.is_xml)
    if number is None or number < 0:
        actual = "it is missing" if told is MISSING else in_ascii(told)
        judge.report_breach(present, expected=f"an integer not below 0 at {total.at}", actual=actual, at=total.at)
        number = parse_row_count(answer.total)
        if number is None or number < 0:
            return
    judge.record_pass(present)
    came = len(answer.rows or ())
    if not came:
        return
    paging = listing.paging
    unskipped = isinstance(paging, OffsetPaging) and judge.context.results.first_failed(paging.clauses.slice)
    # Where the offset leaves out no rows, those that came are all that a total is held to.
    skipped = 0 if unskipped else _skipped_rows(judge)
    if number < skipped + came:
        # A total that later pages alone tell too low depends on the page.
        later = total.clauses.independent if _is_later_page(judge) else ()
        judge.report_breach(
            (*total.clauses.bound, *later, *total.clauses.sum),
            expected=f"a total of at least {skipped + came}: {skipped} skipped and {came} returned",
            actual=f"a total of {number}",
            at=total.at,
        )
    else:
        judge.record_pass(total.clauses.bound)


def _is_later_page(judge: JudgedResponse) -> bool:
    """Whether the request names a page after the first one."""
    paging = judge.context.listing.paging
    if not isinstance(paging, PageNumberPaging):
        return False
    page = judge.exchange.list_request.values.get(paging.page)
    return page is not None and str(page) != str(first_page_number(judge.context, paging))


def _skipped_rows(judge: JudgedResponse) -> int:
    """How many rows the request surely left out before the first one."""
    paging = judge.context.listing.paging
    if not isinstance(paging, OffsetPaging) or not judge.context.parameters_work(paging.offset):
        return 0
    return paging.rows_before(judge.parameter_value(paging.offset))


def _check_returned(judge: JudgedResponse, answer: DecodedResponse) -> None:
    returned = judge.context.listing.returned
    if returned is None:
        return
    told = part_at(answer, returned.at)
    told = answer.returned if says_nothing(told) else told
    number = parse_integer(told, text=judge.context.is_xml)
    came = len(answer.rows or ())
    if number == came:
        judge.record_pass(returned.clause)
        return
    actual = "it is missing" if told is MISSING else in_ascii(told)
    expected = f"{returned.at}: {came}, as many as there are rows"
    judge.report_breach(returned.clause, expected=expected, actual=actual, at=returned.at)
