"""What every response tells of its page: links in the documented form, how many pages there are, where it lies."""

from __future__ import annotations

from harness.check.probe.followed_links import form_of_link
from harness.check.rules.responses.judged_response import JudgedResponse, parse_flag, parse_integer, part_at
from harness.specification.answer_place import header_at
from harness.specification.model import (
    Clauses,
    CursorPaging,
    PageIndex,
    UnfilteredTotal,
    links_of,
    more_part,
    options_of,
    page_number_parts,
)
from harness.wire.decoded_body import printable_text as in_ascii
from harness.wire.json_body import MISSING
from harness.wire.response_codec import DecodedResponse


def check_page_parts(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """Judges the form of links, and the numbers about the page."""
    if answer.rows is None:
        return
    _check_link_forms(judge, answer)
    _check_cursor_forms(judge, answer)
    count, first, last = page_number_parts(judge.context.listing.paging)
    if count is not None:
        number = parse_integer(part_at(answer, count.at), text=judge.context.is_xml)
        if number is None or number < 0:
            _report_number(judge, answer, count.at, count.clause, "an integer not below 0")
    total = judge.context.listing.total
    if total is not None and total.unfiltered is not None and answer.total not in (MISSING, None):
        _check_unfiltered_total(judge, answer, total.unfiltered)
    more = more_part(judge.context.listing.paging)
    if more is not None:
        written = judge.context.is_xml or header_at(more.at) is not None
        if parse_flag(part_at(answer, more.at), text=written) is None:
            _report_number(judge, answer, more.at, more.clause, "true or false")
    if first is not None:
        _check_index(judge, answer, first, is_last=False)
    if last is not None:
        _check_index(judge, answer, last, is_last=True)


def _check_link_forms(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """Each link is a text of the documented form, or is said to lead nowhere in the documented way."""
    links = links_of(judge.context.listing.paging)
    if links is None:
        return
    for name, link in links.by_name.items():
        told = answer.links.get(name, MISSING)
        clauses = links.clauses.form or link.clause
        if told in (MISSING, None, ""):
            absent = "missing" if told is MISSING else "none" if told is None else "empty"
            legal = ("missing",) if header_at(link.at) is not None else options_of(links.absent)
            if absent not in legal:
                wanted = f"{link.at}: a link, or {' or '.join(legal)} where there is no such page"
                actual = absent if told is not None else "null"
                judge.report_breach(clauses, expected=wanted, actual=actual, at=link.at)
            continue
        form = form_of_link(told) if isinstance(told, str) else None
        if form in options_of(links.form):
            judge.record_pass(clauses)
            if not judge.context.dialect.known_answers(links.form):
                judge.context.dialect.learn_answer(links.form, form, judge.exchange.purpose)
        else:
            wanted = f"{link.at}: a link that is {' or '.join(options_of(links.form))}"
            judge.report_breach(clauses, expected=wanted, actual=in_ascii(told), at=link.at)


def _check_cursor_forms(judge: JudgedResponse, answer: DecodedResponse) -> None:
    """In place of a cursor to no page stands what the document says."""
    paging = judge.context.listing.paging
    if not isinstance(paging, CursorPaging):
        return
    told = ((paging.next_at, answer.next_cursor), (paging.prev_at, answer.previous_cursor))
    for place, cursor in told:
        if place is None or header_at(place) is not None or cursor not in (MISSING, None, ""):
            continue
        raw = part_at(answer, place)
        said = "missing" if raw is MISSING else "none" if raw is None else "empty" if raw == "" else "text"
        if said in options_of(paging.absent):
            judge.record_pass(paging.clauses.absent)
            if not judge.context.dialect.known_answers(paging.absent):
                judge.context.dialect.learn_answer(paging.absent, said, judge.exchange.purpose)
        else:
            texts = {"none": "null", "text": repr(paging.absent_text)}
            wanted = f"{place}: a cursor, or {' or '.join(texts.get(one, one) for one in options_of(paging.absent))}"
            judge.report_breach(paging.clauses.absent, expected=wanted, actual=texts.get(said, said), at=place)


def _check_unfiltered_total(judge: JudgedResponse, answer: DecodedResponse, whole: UnfilteredTotal) -> None:
    """All rows are no fewer than those that match."""
    number = parse_integer(part_at(answer, whole.at), text=judge.context.is_xml)
    matching = parse_integer(answer.total, text=judge.context.is_xml) or 0
    if number is None or number < max(matching, 0):
        _report_number(judge, answer, whole.at, whole.clause, f"an integer not below the total {matching}")


def _check_index(judge: JudgedResponse, answer: DecodedResponse, index: PageIndex, *, is_last: bool) -> None:
    """The place of the first or the last row in the list is what the request and the number of rows say."""
    rows = len(answer.rows or ())
    start = _start_of_page(judge)
    number = parse_integer(part_at(answer, index.at), text=judge.context.is_xml)
    if number is None:
        _report_number(judge, answer, index.at, index.clause, "an integer")
    elif rows and start is not None:
        due = index.base + start + (rows - 1 if is_last else 0)
        if number == due:
            judge.record_pass(index.clause)
        else:
            _report_number(judge, answer, index.at, index.clause, f"{due}, with {start} rows before the page")


def _start_of_page(judge: JudgedResponse) -> int | None:
    """How many rows lie before the page that was asked for; None where that is not sure."""
    if judge.exchange.list_request.repeated:
        return None
    branches = [meaning for _, meaning in judge.context.expected_answers(judge.exchange.list_request)]
    starts = {meaning.start for meaning in branches}
    sure = all(not meaning.error_name and not meaning.unspecified for meaning in branches)
    cap = judge.context.facts.page_cap
    sizes = {meaning.size for meaning in branches}
    if cap is not None and any(size is None or size > cap.rows for size in sizes):
        # The server counts its pages in a size of its own.
        return 0 if starts == {0} and sure else None
    return starts.pop() if sure and len(starts) == 1 else None


def _report_number(
    judge: JudgedResponse, answer: DecodedResponse, place: str, clauses: Clauses, expected: str
) -> None:
    told = part_at(answer, place)
    actual = "it is missing" if told is MISSING else in_ascii(told)
    judge.report_breach(clauses, expected=f"{place}: {expected}", actual=actual, at=place)
