"""What one answer must be, as plain data: from it a test of its own is written that needs nothing of the harness.

A check holds for the data that the list had when it was read. Where one answer does not show what is broken (two
that must agree, a list that is watched), there is none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.probe.comparison import compare_answer
from harness.check.probe.differences import Difference
from harness.check.probe.mirror import first_page_number, largest_page_size, lists_only_live_calls
from harness.check.probe.row_matches import matching_rows
from harness.specification.answer_place import header_at
from harness.specification.field_path import FieldPath
from harness.specification.model import FieldCondition, OffsetPaging, PageNumberPaging
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import MISSING, Missing
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import is_xml
from harness.wire.row_codec import absent_forms

if TYPE_CHECKING:
    from harness.check.context import CheckContext, Exchange, Row
    from harness.check.probe.mirror import Mirror
    from harness.wire.decoded_body import Tree

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | bool | None"
CheckKind = Literal[
    "list", "no-list", "some", "rowless", "answered", "once", "without", "with", "exactly", "at-most", "rows",
    "sorted", "slice", "total", "shown", "parts", "seen", "part", "named", "shows", "blank",
    "same", "apart", "within", "covers", "more", "walk",
    "steady", "rising", "still", "kept", "over", "stale", "growth", "ages",
]  # fmt: skip
"""list: a list of rows comes; no-list: none does; some: one with rows; rowless: no rows, even beside an error;
answered: no error of the server; once: no row twice; without, with, exactly: rows that must not, must be there, that
are all; at-most, rows: how many; sorted, slice: their order, by the rank of each; total: the number told; shown: rows
that must no longer show what they did; parts: rows with or without fields; seen: an answer without rows that must no
longer be what it was; part: a part of the answer that must no longer be what it was; named: rows that all have some
fields; shows: rows that each show a value in one of some fields, or, switched off, something else; blank: rows that
show nothing in some fields.

Held against the answers before it: same: as one of them; apart: no row of any; within: no row that the first lacks;
covers: all rows of them; more: a row beside those of the first; walk: the pages share out the list.

Of several answers to one request: steady: no row that goes and comes back; rising, still: a field that falls or moves
in none; kept: not all rows under other names; over: no calls that stand still while others go on, or are said to be
over and stay; stale: no call that reaches only until long before the others; growth: a number of seconds that goes
with the clock. ages, of one answer: who began a second earlier has lasted a second longer."""

_ROWS_AT_MOST: Final = 400
_ENDS_AT_MOST: Final = 200
_LONGEST_TEXT: Final = 400
# A pause of whole seconds would meet what happens every second second always, or never.
_POLLS: Final = 6
_POLL_MILLISECONDS: Final = 1100
_GROWTH_SECONDS: Final = 10
_ROOT_ELEMENT: Final = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.:-]*)")
# What looks like a time, a token or a counter may differ in each answer.
_VOLATILE: Final = re.compile(r"[0-9]{4}|[0-9a-f]{8}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCheck:
    """One thing that an answer must be; `rows` are written by their identities, `ranks` are their places in order.

    `at` is a pointer, `header:NAME`, `status`, `root`, or a pointer after `form:` or `names:`; `low` and `high` bound
    a number, `fields` are names in a row (of two answers: in what they are the same), `values` what was seen. `other`
    is the answer that this one is held against, `listing` the request whose answer says whether the rows are still
    there.

    Of several answers `low` is their number, and `high` the milliseconds from one to the next; `asked` is the request
    where there is no exchange of it. With `walks_on` the walk goes on from the last answer as long as one follows,
    over `high` pages at most. For `same` `low` is the number of the answer that it is held against, from 0, and of
    the last `high` answers one must be the same.
    `alternatives` are what else the answer may be, where the document has several readings.
    """

    kind: CheckKind
    rows: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()
    due: tuple[int, ...] = ()
    low: int = 0
    high: int = 0
    at: str = ""
    fields: tuple[str, ...] = ()
    on: bool = True
    values: Plain = None
    other: Exchange | None = None
    listing: ListRequest | None = None
    asked: ListRequest | None = None
    walks_on: Literal["", "cursor", "link"] = ""
    alternatives: tuple[AnswerCheck, ...] = ()


NO_LIST: Final = AnswerCheck(kind="no-list")
"""An error is due."""
A_LIST: Final = AnswerCheck(kind="list")
"""A list of rows is due."""
NO_ROWS: Final = AnswerCheck(kind="at-most", high=0)
"""A list without rows is due."""


def difference_check(
    context: CheckContext,
    mirror: Mirror,
    meaning: ExpectedAnswer | None,
    exchange: Exchange,
    difference: Difference,
    readings: Iterable[ExpectedAnswer] = (),
) -> AnswerCheck | None:
    """The check that an answer fails by a difference; None where one answer by itself does not show it.

    `readings` are all that the document lets the request mean: an answer that is right by one of them is right.
    """
    check = _reading_check(context, mirror, meaning, exchange, difference)
    if check is None:
        return None
    found: list[AnswerCheck] = []
    for reading in readings:
        differences = () if reading is meaning else compare_answer(context, mirror, reading, exchange)
        if reading is meaning or not differences:
            continue
        other = _reading_check(context, mirror, reading, exchange, differences[0])
        if other is None:
            return None
        if other not in (check, *found):
            found.append(other)
    return replace(check, alternatives=tuple(found))


def _reading_check(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer | None, exchange: Exchange, difference: Difference
) -> AnswerCheck | None:
    match difference.kind:
        case "unreadable" | "no-rows":
            return A_LIST
        case "refused":
            return None if meaning is not None and meaning.count_only else A_LIST
        case "broken-down":
            return AnswerCheck(kind="answered")
        case "accepted" | "no-number":
            return NO_LIST
        case "repeated":
            return AnswerCheck(kind="once")
        case "stray" | "unlisted":
            return _stray_check(context, mirror, meaning, difference.rows)
        case "not-empty":
            return NO_ROWS
        case "missing" if lists_only_live_calls(context) and not exchange.list_request.values:
            return poll_check(context, "steady")
        case "missing" if meaning is not None:
            sure, may = matching_rows(mirror, meaning)
            whole = meaning.start == 0 and len(sure) + len(may) <= meaning.room
            if whole:
                return listed_check(context, mirror, "with", difference.rows)
            # Of a longer list it is not known which rows a right page holds, only how many.
            due, most = len(sure[meaning.page]), len([*sure, *may][meaning.page])
            if len(exchange.listed) < due:
                return AnswerCheck(kind="rows", low=due, high=most)
            return None
        case "part":
            return _parts_check(context, difference)
        case "number" | "number-form":
            return seen_check(context, exchange)
        case _:
            return None if meaning is None else _place_check(context, mirror, meaning, exchange, difference)


def _stray_check(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer | None, rows: Sequence[Row]
) -> AnswerCheck | None:
    """The check that rows are left out; of rows that the list shows as matching, that they show something else."""
    paths = meaning.compared_paths if meaning is not None else ()
    known = [(row, mirror.row_with_key(row.key)) for row in rows]
    misshown = [
        row
        for row, listed in known
        if meaning is not None and listed is not None and meaning.keeps_row(listed.shown) is not False
    ]
    if misshown:
        return shown_check(context, misshown, sorted({path.head for path in paths}))
    return listed_check(context, mirror, "without", rows)


def _place_check(
    context: CheckContext, mirror: Mirror, meaning: ExpectedAnswer, exchange: Exchange, difference: Difference
) -> AnswerCheck | None:
    """The check of a number or an order, which the whole list decides."""
    if mirror.volatile:
        return None
    sure, may = matching_rows(mirror, meaning)
    match difference.kind:
        case "too-many" if meaning.size is not None:
            return AnswerCheck(kind="at-most", high=meaning.size)
        case "too-few" | "surplus" if not may:
            due = len(sure[meaning.page])
            return AnswerCheck(kind="rows", low=due, high=due)
        case "total" if context.listing.total is not None:
            low, high = len(sure), len(sure) + len(may)
            return AnswerCheck(kind="total", at=context.listing.total.at, low=low, high=high)
        case "unsorted" | "reversed" | "displaced" if meaning.sort is not None:
            return _order_check(context, meaning, exchange, sure, difference)
        case _:
            return None


def _order_check(
    context: CheckContext, meaning: ExpectedAnswer, exchange: Exchange, sure: Sequence[Row], difference: Difference
) -> AnswerCheck | None:
    assert meaning.sort is not None
    known = {row.key: row for row in (*sure, *exchange.listed) if meaning.place_of(row.shown) is not None}
    keys = {name: place for name, row in known.items() if (place := meaning.place_of(row.shown)) is not None}
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys.values()), reverse=meaning.sort[1]))}
    if difference.kind != "displaced":
        # The page that is due may hold other rows than the one that came: those at either end of the list.
        ends = sorted((row for row in sure if row.key in keys), key=lambda row: ranks[keys[row.key]])
        ends = ends if len(ends) <= _ENDS_AT_MOST else [*ends[: _ENDS_AT_MOST // 2], *ends[-_ENDS_AT_MOST // 2 :]]
        came = [row for row in exchange.listed if row.key in keys]
        chosen = list({row.key: row for row in (*came, *ends)}.values())
        due: list[int] = []
    else:
        due = sorted(ranks[keys[row.key]] for row in sure if row.key in keys)[meaning.page]
        wanted = set(due)
        chosen = [known[name] for name, place in keys.items() if ranks[place] in wanted]
        chosen += [row for row in exchange.listed if row.key in keys and row not in chosen]
    check = _rows_check(context, "slice" if due else "sorted", chosen)
    if check is None:
        return None
    numbers = tuple(ranks[keys[row.key]] for row in chosen)
    return AnswerCheck(kind=check.kind, rows=check.rows, ranks=numbers, due=tuple(due), fields=check.fields)


def _rows_check(context: CheckContext, kind: CheckKind, rows: Iterable[Row]) -> AnswerCheck | None:
    names = [_identity_of(context, row) for row in rows]
    if not names or len(names) > _ROWS_AT_MOST or None in names:
        return None
    return AnswerCheck(kind=kind, rows=tuple(name for name in names if name is not None))


def listed_check(
    context: CheckContext, mirror: Mirror, kind: Literal["without", "with"], rows: Iterable[Row]
) -> AnswerCheck | None:
    """The check that rows are, or are not, in an answer; with the plain page that shows whether they are still there.

    Rows of one page are enough: those of the page that holds most of them.
    """
    chosen = list(rows)
    pages = _pages_of(context, mirror, chosen)
    if not pages:
        return _rows_check(context, kind, chosen)
    page = max(pages, key=lambda number: (len(pages[number]), -number))
    check = _rows_check(context, kind, pages[page])
    return None if check is None else replace(check, listing=_page_request(context, mirror, page))


def _pages_of(context: CheckContext, mirror: Mirror, rows: Sequence[Row]) -> dict[int, list[Row]]:
    """The rows by the page of the whole list that they stand on, as far as it can be asked for by itself."""
    size = _page_size(context, mirror)
    turns = isinstance(context.listing.paging, PageNumberPaging | OffsetPaging)
    places = {row.key: place for place, row in enumerate(mirror.rows)}
    found: dict[int, list[Row]] = {}
    for row in rows:
        page = places[row.key] // size if row.key in places else None
        if page is not None and (page == 0 or turns):
            found.setdefault(page, []).append(row)
    return found


def _page_size(context: CheckContext, mirror: Mirror) -> int:
    _, size = largest_page_size(context)
    return min(size or context.longest_page, context.longest_page) or max(1, len(mirror.rows))


def _page_request(context: CheckContext, mirror: Mirror, page: int) -> ListRequest:
    paging, (name, size) = context.listing.paging, largest_page_size(context)
    values: dict[str, Any] = {name: size} if name is not None and size is not None else {}
    if page and isinstance(paging, PageNumberPaging):
        values[paging.page] = first_page_number(context, paging) + page
    elif page and isinstance(paging, OffsetPaging):
        values[paging.offset] = page * _page_size(context, mirror) + paging.first
    return mirror.request(context.encode_all(values))


def exact_check(context: CheckContext, mirror: Mirror, keys: Iterable[Hashable]) -> AnswerCheck | None:
    """The check that an answer holds these rows and no others; none at all are due where there are no keys."""
    rows = [mirror.row_with_key(key) for key in keys]
    known = [row for row in rows if row is not None]
    if not rows:
        return NO_ROWS
    pages = _pages_of(context, mirror, known)
    check = _rows_check(context, "exactly", known) if len(known) == len(rows) else None
    if check is None or len(pages) != 1:
        return check
    return replace(check, listing=_page_request(context, mirror, *pages))


def part_check(context: CheckContext, exchange: Exchange, at: str) -> AnswerCheck | None:
    """The check that a part of an answer, or its `status`, is no longer what it was; None for a long one."""
    if exchange.answer is None or not isinstance(exchange.response, HttpResponse):
        return None
    if at == "status":
        return AnswerCheck(kind="part", at=at, values={"told": exchange.response.http_status})
    if at.startswith("element:"):
        found = re.search(
            rb"<" + re.escape(at.removeprefix("element:").encode()) + rb"[\s/>]", exchange.response.body
        )
        return AnswerCheck(kind="part", at=at, values={"told": found is not None})
    if at.startswith("form:"):
        form = _form_of(exchange.part_at(at.removeprefix("form:")))
        return AnswerCheck(kind="part", at=at, values={"told": form})
    header = header_at(at)
    told: Plain
    if header is not None:
        text = exchange.response.header(header)
        told = {"missing": True} if text is None else text.strip()
    else:
        part = exchange.part_at(at)
        if at == context.listing.lists.rows_at and isinstance(part, list) and part:
            return AnswerCheck(kind="rowless")
        told = {"missing": True} if isinstance(part, Missing) else _plain_tree(part)
    if len(json.dumps(told)) > _LONGEST_TEXT:
        return None
    return AnswerCheck(kind="part", at=at, values={"told": told})


def _form_of(part: Tree | Missing) -> str:
    """The JSON type of a part, as the test that is written names it."""
    match part:
        case Missing():
            return "missing"
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | Decimal() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def same_check(
    context: CheckContext, reference: Exchange, exchange: Exchange, *, place: int = 0, ways: int = 1
) -> AnswerCheck | None:
    """The check that an answer is the same as the one to another request, in what it differs from it now.

    `place` is the number of the other request among the steps of the finding, from 0; of the last `ways` answers one
    must be the same.
    """
    if ways > 1:
        check = same_check(context, reference, exchange, place=place)
        return None if check is None else replace(check, high=ways)
    one, two = reference.answer, exchange.answer
    if one is None or two is None:
        return None
    if one.outcome != two.outcome or reference.rows is None or exchange.rows is None:
        return AnswerCheck(kind="same", other=reference, fields=("outcome",), low=place)
    if reference.keys != exchange.keys:
        ordered = set(reference.keys) == set(exchange.keys)
        names = _rows_check(context, "same", (*reference.rows, *exchange.rows))
        return (
            None
            if names is None
            else AnswerCheck(kind="same", other=reference, fields=("order" if ordered else "rows",), low=place)
        )
    if _parts_of(reference) != _parts_of(exchange):
        return AnswerCheck(kind="same", other=reference, fields=("parts",), low=place)
    if context.listing.total is not None and one.total != two.total:
        return AnswerCheck(kind="same", other=reference, fields=("total",), at=context.listing.total.at, low=place)
    return None


def walk_check(
    context: CheckContext,
    rows: Sequence[Row],
    *,
    sort_values: Sequence[Hashable] = (),
    whole: bool = True,
    pages: int = 0,
    walks_on: Literal["", "cursor", "link"] = "",
) -> AnswerCheck | None:
    """The check that pages share out rows: no row twice, with `whole` each of these, in the order of the sort values.

    With `walks_on` further pages are asked for, `pages` in all at most.
    """
    check = _rows_check(context, "walk", rows) if rows else AnswerCheck(kind="walk")
    if check is None or not context.identity_unique:
        return None
    ranks: list[int] = []
    for place in range(len(rows) if len(sort_values) == len(rows) else 0):
        again = place > 0 and sort_values[place] == sort_values[place - 1]
        ranks.append(ranks[-1] + (not again) if ranks else 0)
    return replace(check, ranks=tuple(ranks), on=whole, high=pages, walks_on=walks_on)


def slice_check(
    context: CheckContext, rows: Sequence[Row], sort_values: Sequence[Hashable], part: slice
) -> AnswerCheck | None:
    """The check that an answer holds a part of rows in their order; those of one sort value in any order."""
    if len(sort_values) != len(rows):
        return _rows_check(context, "exactly", rows[part])
    check = walk_check(context, rows, sort_values=sort_values)
    return None if check is None else replace(check, kind="slice", due=check.ranks[part])


def _parts_of(exchange: Exchange) -> list[frozenset[str]]:
    """The names of the fields that each row has."""
    return [frozenset(row.raw) if isinstance(row.raw, dict) else frozenset() for row in exchange.listed]


def apart_check(context: CheckContext, other: Exchange) -> AnswerCheck | None:
    """The check that an answer holds no row of the answer to another request."""
    return AnswerCheck(kind="apart", other=other) if _rows_check(context, "apart", other.listed) else None


def steady_check(context: CheckContext, *, answers: int) -> AnswerCheck | None:
    """The check that no row goes and comes back in so many answers to the same request."""
    return AnswerCheck(kind="steady", low=answers) if context.identity_unique else None


def poll_check(
    context: CheckContext,
    kind: Literal["steady", "rising", "still", "kept", "over", "stale"],
    *,
    field: str = "",
    when: FieldCondition | None = None,
    slack_seconds: float = 0.0,
) -> AnswerCheck | None:
    """The check that the list of calls in progress, asked for every second or so, keeps a promise on them.

    `field` neither falls nor moves, by more than the slack, while the condition holds; None where plain values of a
    row do not tell that.
    """
    plain = when is None or (when.present is None and not when.not_ and "." not in str(when.field))
    if not context.identity_unique or not plain or "." in field or "[" in field:
        return None
    name, size = largest_page_size(context)
    asked = ListRequest(values=context.encode_all({name: size}) if name is not None and size is not None else {})
    told: dict[str, Plain] = {"slack": str(slack_seconds)}
    if field and "zero" in absent_forms(context.listing.fields[field]):
        told["none"] = "0"
    if when is not None:
        told |= {"while": str(when.field), "is": [str(word) for word in when.is_]}
    return AnswerCheck(
        kind=kind,
        low=_POLLS,
        high=_POLL_MILLISECONDS,
        fields=(field,) if field else (),
        values=told if field else None,
        asked=asked,
    )


def growth_check(
    context: CheckContext,
    field: str,
    when: tuple[str | None, list[str]],
    bound: tuple[str, float, float],
    still: float,
) -> AnswerCheck | None:
    """The check that a number of seconds goes with the clock, in most calls whose field of the state has these words.

    The bound is `most` or `least`, its seconds a second, and a slack; `still` how long the list may stand.
    """
    check = poll_check(context, "steady", field=field)
    name, words = when
    if check is None or name is None:
        return None
    way, rate, slack = bound
    seconds = _GROWTH_SECONDS + still
    told: dict[str, Plain] = {"while": name, "is": [*words], "way": way, "rate": str(rate), "slack": str(slack)}
    return replace(check, kind="growth", values=told, low=2 + round(seconds * 1000 / _POLL_MILLISECONDS))


def ages_check(fields: Sequence[str], which: Literal["all", "talk", "ring"], most: float) -> AnswerCheck:
    """The check that calls last at most so much longer a second that they began earlier: all, or those that talk or
    only ring, by the fields of the beginning, of ring and of talk.
    """
    return AnswerCheck(kind="ages", fields=tuple(fields), at=which, high=int(most))


def ended_check(
    context: CheckContext,
    kind: Literal["over", "stale"],
    fields: Iterable[str | None],
    *,
    told: Mapping[str, Plain],
) -> AnswerCheck | None:
    """The check that the list of calls in progress has none that ended, by what these fields show over a while.

    `told` holds the field of the state, `while`, with the words that count, `is`, or do not, `not`, and the seconds
    of `slack`.
    """
    names = tuple(name for name in fields if name is not None)
    check = poll_check(context, kind)
    if check is None or any("." in name or "[" in name for name in names):
        return None
    return replace(check, fields=names, values=dict(told))


def _parts_check(context: CheckContext, difference: Difference) -> AnswerCheck | None:
    parameter, _, way = difference.about.rpartition(" ")
    names = next((one.added_names for one in context.listing.includes if one.parameter == parameter), ())
    return parts_check(context, difference.rows, names, on=way == "on")


def parts_check(context: CheckContext, rows: Iterable[Row], names: Iterable[str], *, on: bool) -> AnswerCheck | None:
    """The check that rows have a part, one of these fields at least, or have none of them."""
    check, fields_ = _rows_check(context, "parts", rows), tuple(sorted(names))
    if check is None or not fields_:
        return None
    return AnswerCheck(kind="parts", rows=check.rows, fields=fields_, on=on)


def shown_check(context: CheckContext, rows: Iterable[Row], fields: Iterable[str]) -> AnswerCheck | None:
    """The check that rows no longer show, in these fields (all without any), what they showed; eight rows at most."""
    names = list(dict.fromkeys(name.partition(".")[0] for name in fields))
    # A row that shows what no report may hold is left to others.
    shown = [(row, _shown_by(row, names)) for row in islice(rows, _ROWS_AT_MOST) if isinstance(row.raw, dict)]
    chosen = [(row, values) for row, values in shown if _may_be_told(context, values)][:8]
    check = _rows_check(context, "shown", [row for row, _ in chosen])
    if check is None:
        return None
    if len(set(check.rows)) < len(check.rows):
        return AnswerCheck(kind="once")
    if names == [context.listing.lists.identity]:
        # Rows that are named otherwise are other rows.
        return replace(check, kind="without")
    return AnswerCheck(kind="shown", rows=check.rows, values=[values for _, values in chosen])


def _shown_by(row: Row, names: Sequence[str]) -> Plain:
    """What a row shows in some fields, or in all; a field within a part of a row is shown with that part."""
    assert isinstance(row.raw, dict)
    return {name: _plain_tree(row.raw[name]) if name in row.raw else {"missing": True} for name in names or row.raw}


def _may_be_told(context: CheckContext, values: Plain) -> bool:
    text = json.dumps(values, ensure_ascii=False)
    return context.evidence.pseudonymize(text) == text and context.evidence.redactor.redact(text) == text


def owner_check(paths: Iterable[FieldPath], value: Any, *, on: bool = True) -> AnswerCheck | None:
    """The check that each row shows a value in one of some fields, or with `on` False another one."""
    names = tuple(map(str, paths))
    if not names or any("." in name or "[" in name for name in names):
        return None
    return AnswerCheck(kind="shows", fields=names, values=str(value), on=on)


def nameless_check(context: CheckContext, rows: Iterable[Row]) -> AnswerCheck | None:
    """The check that every row has its identity, where some of these have none."""
    name = context.listing.lists.identity
    lacking = any(isinstance(row.raw, dict) and name not in row.raw for row in rows)
    return AnswerCheck(kind="named", fields=(name,)) if lacking else None


def seen_check(context: CheckContext, exchange: Exchange) -> AnswerCheck | None:
    """The check that an answer without rows, its volatile parts left out, is no longer what it was."""
    response = exchange.response
    # Beside rows stands much that is right: that it stays as it is shows nothing.
    if not isinstance(response, HttpResponse) or exchange.answer is None or exchange.rows:
        return None
    tree = exchange.answer.tree
    media = (response.header("content-type") or "").strip().lower()
    values: dict[str, Plain] = {"http_status": response.http_status, "media_type": media}
    root = _ROOT_ELEMENT.search(response.body) if is_xml(context.listing) else None
    if root is not None:
        values["root"] = root[1].decode("ascii")
    if isinstance(tree, dict):
        pointer = context.listing.lists.rows_at
        kept = {name: value for name, value in tree.items() if f"/{name}" != pointer}
        values["parts"] = _steady_tree(_plain_tree(kept))
        values["rows"] = _rows_form(context, exchange)
    return AnswerCheck(kind="seen", values=values)


def _rows_form(context: CheckContext, exchange: Exchange) -> Plain:
    """How an answer without rows tells them: not at all, by nothing, by a number or text, by a list or an object."""
    pointer = context.listing.lists.rows_at
    part = exchange.part_at(pointer) if pointer else MISSING
    if isinstance(part, int | str) and part:
        return {"value": str(part)}
    return "missing" if isinstance(part, Missing) else "none" if part is None else "given"


def _identity_of(context: CheckContext, row: Row) -> str | None:
    """The identity of a row as it is written; None where it has none."""
    raw = row.raw.get(context.listing.lists.identity) if isinstance(row.raw, dict) else None
    usable = isinstance(raw, str | int) and not isinstance(raw, bool) and raw != ""
    return str(raw) if usable and context.identity_unique else None


def _plain_tree(tree: Tree) -> Plain:
    """A tree as JSON can hold it: an exact number is an object of its digits."""
    if isinstance(tree, dict):
        return {str(name): _plain_tree(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_plain_tree(value) for value in tree]
    return {"decimal": str(tree)} if isinstance(tree, Decimal) else tree


def _steady_tree(tree: Plain) -> Plain:
    """The tree with what may differ in each answer replaced by its type; the test that is written does the same."""
    if isinstance(tree, dict):
        return {name: _steady_tree(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_steady_tree(value) for value in tree[:20]]
    if isinstance(tree, str) and (len(tree) > _LONGEST_TEXT or _VOLATILE.search(tree.lower())):
        return {"text": True}
    if isinstance(tree, int) and not isinstance(tree, bool) and abs(tree) > 9999:
        return {"number": True}
    return tree
