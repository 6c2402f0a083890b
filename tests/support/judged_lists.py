"""An invented list of five calls, what a request for it may mean, and what may come: all by hand, nothing is sent.

The tables read and make a difference through `told_differences` and `differing` alone: where it takes another
shape one day, these two change and the tables stay.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, final

from harness.check.client.budget import Sender
from harness.check.context import CheckContext, Exchange, Row
from harness.check.credentials import ClientIdentity
from harness.check.oracle.dialect_inference import InferredDialect
from harness.check.oracle.interpreter import ExpectedAnswer
from harness.check.oracle.row_tests import RowPredicate
from harness.check.probe.comparison import compare_answer
from harness.check.probe.differences import ASPECTS, Aspect, Difference, DifferenceKind
from harness.check.probe.mirror import Mirror, Snapshot
from harness.check.results.collector import ResultCollector
from harness.check.results.evidence import EvidenceRenderer
from harness.check.results.findings import Gate
from harness.check.target_facts import PageCap, RunOptions, TargetFacts
from harness.output.redaction import Redactor
from harness.specification.field_path import FieldPath
from harness.specification.load import Spec, build_spec
from harness.specification.model import Clause, ClauseId, Clauses
from harness.specification.yaml_source import parse_source_text
from harness.wire.decoded_body import FormatProblem, Tree
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import DecodedResponse
from harness.wire.row_codec import ApiRow, FieldProblem

NOW = datetime(2031, 3, 4, 12, 0, 0, tzinfo=UTC)
NINE = datetime(2031, 3, 4, 9, 0, 0, tzinfo=UTC)
FLAGS = ("nothing_due", "conforming", "more_counted")

# --- the spec -----------------------------------------------------------------------------------------------------

PAGES: Mapping[str, Any] = {
    "kind": "page-number",
    "page": "page",
    "size": "rows",
    "default-size": 20,
    "clauses": {"size": "SIZE", "first": "FIRST", "slice": "SLICE", "partition": "PARTITION"},
}
OFFSETS: Mapping[str, Any] = {
    "kind": "offset",
    "offset": "skip",
    "size": "rows",
    "clauses": {"size": "SIZE", "size-default": "SIZE-DEFAULT", "slice": "SLICE", "partition": "PARTITION"},
}
CURSORS: Mapping[str, Any] = {
    "kind": "cursor",
    "after": "after",
    "before": "before",
    "size": "rows",
    "next-at": "/next",
    "prev-at": "/prev",
    "clauses": {"size": "SIZE", "size-default": "SIZE-DEFAULT", "slice": "SLICE", "partition": "PARTITION"},
}
LIMIT: Mapping[str, Any] = {
    "kind": "limit",
    "size": "rows",
    "clauses": {"size": "SIZE", "size-default": "SIZE-DEFAULT", "prefix": "PREFIX"},
}
NO_PAGES: Mapping[str, Any] = {"kind": "none"}
ORDER: Mapping[str, Any] = {
    "by": "started",
    "direction": "descending",
    "sort": {
        "parameter": "sort",
        "words": {"started": "started", "secs": "secs", "who": "who"},
        "undocumented": ["who"],
        "clauses": {"words": "SORT", "undocumented": "SORT-MORE"},
    },
    "descending": "desc",
    "clause": "ORDER",
    "descending-clause": "DESC",
    "descending-default-clause": "DESC-DEFAULT",
}
TOTAL: Mapping[str, Any] = {
    "at": "/total",
    "clauses": {"present": "PRESENT", "independent": "INDEPENDENT", "sum": "SUM"},
}
LISTS: Mapping[str, Any] = {
    "calls": "ended",
    "one-row-per": "call",
    "rows-at": "/calls",
    "identity": "id",
    "clauses": {"reach": "REACH", "rows": "ROWS", "unique": "UNIQUE", "one-per": "ONE-PER"},
}
COUNT: Mapping[str, Any] = {
    "parameter": "count",
    "shape": {"open": ["integer", "digits", "object", "list-of-object"], "assumed": "integer"},
}
LISTING: Mapping[str, Any] = {
    "language": 1,
    "document": {"name": "paperphone.txt", "sha256": "0" * 64},
    "lists": LISTS,
    "fields": {
        "id": {"shows": "call_id", "as": "integer"},
        "started": {"shows": "started_at", "as": "local-time"},
        "who": {"shows": "source"},
        "secs": {"shows": "talk_seconds", "as": "integer"},
    },
    "hidden": {"ext": {"holds": "extension"}},
    "parameters": {
        "from": {"as": "local-time"},
        "until": {"as": "local-time"},
        "who": {},
        "ext": {},
        "sort": {"as": "word", "words": ["started", "secs", "who"], "default": "started"},
        "desc": {"as": "flag", "default": "1"},
        "count": {"as": "flag", "default": "0"},
        "page": {"as": "integer", "least": 0, "default": 0},
        "rows": {"as": "integer", "least": 1, "most": 500, "default": 20},
    },
    "filters": {
        "from": {"compares": "started", "keeps": "at-or-after", "clause": "FROM"},
        "until": {"compares": "started", "keeps": "at-or-before", "clause": "UNTIL"},
        "who": {"compares": "who", "clause": "WHO"},
        "ext": {"compares": "hidden.ext", "clause": "EXT"},
    },
    "order": ORDER,
    "paging": PAGES,
    "total": TOTAL,
    "count-only": COUNT,
    "access": {"kind": "password", "user": "user", "password": "password"},
    "outcome": {
        "success": {"shows": {"/code": 0}},
        "error": {"code-at": "/code", "message-at": "/message"},
        "faults": {"unauthenticated": {"code": 7}, "invalid": {"code": 9}},
    },
    "transport": {"carries": "query", "answers": ["application/json"]},
    "clauses": {},
}
CLAUSES = (
    *("COUNT", "DESC", "DESC-DEFAULT", "EXT", "FIRST", "FROM", "INDEPENDENT", "NO-MATCH", "ONE-PER", "ORDER"),
    *("PARTITION", "PREFIX", "PRESENT", "REACH", "ROWS", "SIZE", "SIZE-DEFAULT", "SLICE", "SORT", "SORT-MORE"),
    *("SUM", "UNIQUE", "UNTIL", "WHO"),
)


def spec_of(**sections: Any) -> Spec:
    """The spec of the list; each section given takes the place of its own, and one of None is left out."""
    listing = {**LISTING, **{name.replace("_", "-"): section for name, section in sections.items()}}
    return _built(json.dumps({name: section for name, section in listing.items() if section is not None}))


@cache
def _built(listing: str) -> Spec:
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Paperphone list calls", "version": "1"},
        "paths": {"/calls": {"get": {"x-listing": json.loads(listing)}}},
    }
    return build_spec(parse_source_text(json.dumps(whole), name="paperphone.yaml"), spec_id="paperphone/list-calls")


def without_clause(section: Mapping[str, Any], *roles: str) -> dict[str, Any]:
    """The section of a spec without its clauses of these roles."""
    kept = {role: clause for role, clause in section["clauses"].items() if role not in roles}
    return {**section, "clauses": kept}


def stranger(gets: Any, **more: Any) -> dict[str, Any]:
    """The filters of a list where a caller whom nobody knows gets that."""
    filters = dict(LISTING["filters"])
    return {**filters, "who": {**filters["who"], "stranger": gets, **more}}


# --- the run ------------------------------------------------------------------------------------------------------


@final
class Silent:
    """Sends nothing: an answer is judged without another word to the server."""

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse | NoResponse:
        raise AssertionError(f"a request was sent: {request.target!r}")


def session_of(
    *,
    sender: Sender | None = None,
    known: Mapping[str, Any] | None = None,
    page_cap: tuple[int, int] | None = None,
    unique: bool = True,
    widest: int = 0,
    **sections: Any,
) -> CheckContext:
    """A run at noon that knows these answers to open choices.

    `page_cap` says how many rows came where so many were asked for; `unique` False that an identity stands twice.
    """
    spec = spec_of(**sections)
    me = ClientIdentity(name="me", credentials={"user": "ada", "password": "lovelace"})
    clauses = {ClauseId(name): Clause(level="must", basis="documented", says=name, source="Top") for name in CLAUSES}
    cap = None if page_cap is None else PageCap(rows=page_cap[0], asked=page_cap[1], exchange=refused())
    session = CheckContext(
        spec=spec,
        sender=sender or Silent(),
        identity=me,
        identities=(me,),
        results=ResultCollector(clauses=clauses, families={}, gate=Gate.CI),
        dialect=InferredDialect(spec),
        evidence=EvidenceRenderer(base="http://x", redactor=Redactor(()), secrets={}),
        rng=random.Random(1),
        options=RunOptions(now=NOW),
        facts=TargetFacts(page_cap=cap),
        drop_repeated_rows=not unique,
        longest_page=widest,
    )
    for choice, value in (known or {}).items():
        session.dialect.fix_answer(choice, value, "a test")
    return session


# --- rows and the list --------------------------------------------------------------------------------------------


def call(number: int, *, flaws: tuple[FieldProblem, ...] = (), without: str = "", **shown: Any) -> Row:
    """The call of that number: it began so many minutes after nine, an odd one is Ada's and an even one Bob's."""
    every: dict[str, Any] = {
        "id": number,
        "started": NINE + timedelta(minutes=number),
        "who": "ada" if number % 2 else "bob",
        "secs": 10 * number,
        **shown,
    }
    every.pop(without, None)
    return Row(shown=every, raw={}, extras={}, flaws=flaws, key=number)


def flaw(
    field: str, kind: Literal["missing", "type", "form", "word"] = "type", *, understood: bool = False
) -> FieldProblem:
    """What is wrong with a field of a row."""
    return FieldProblem(
        field=FieldPath.parse(field),
        kind=kind,
        text="otherwise than documented",
        clause=(),
        understood=understood,
    )


ONE, TWO, THREE, FOUR, FIVE = (call(number) for number in (1, 2, 3, 4, 5))
CALLS = (FIVE, FOUR, THREE, TWO, ONE)
"""The whole list, the newest call first."""
NEWEST = call(6, started=NOW + timedelta(seconds=30))
"""A call that began as the run did."""
STRANGE = call(7)
"""A call of the same morning that the list does not hold."""


def snapshot_of(rows: Sequence[Row] = CALLS, *, complete: bool = True) -> Snapshot:
    """What one walk found."""
    return Snapshot(base={}, rows=tuple(rows), complete=complete, total=None, by_key={row.key: row for row in rows})


def mirror_of(
    rows: Sequence[Row] = CALLS,
    *,
    complete: bool = True,
    before: Sequence[Row] | None = None,
    base: Mapping[str, Tree] | None = None,
    **more: Any,
) -> Mirror:
    """The list as it was read; `before` are the rows of an earlier walk, where that one found others."""
    after = snapshot_of(rows, complete=complete)
    return Mirror(base=base or {}, after=after, before=after if before is None else snapshot_of(before), **more)


# --- what is due, and what came -----------------------------------------------------------------------------------


def who(name: str) -> tuple[str, RowPredicate]:
    """The test of a filter: rows of that caller; a row that does not show one leaves it open."""

    def test(row: ApiRow) -> bool | None:
        return None if "who" not in row else row["who"] == name

    return "who", test


def since(minute: int) -> tuple[str, RowPredicate]:
    """The test of a filter: rows from that minute after nine on."""
    return "from", lambda row: bool(row["started"] >= NINE + timedelta(minutes=minute))


def unseen() -> tuple[str, RowPredicate]:
    """The test of a filter on what rows do not show."""
    return "ext", lambda row: None


def due(
    *tests: tuple[str, RowPredicate], sort: tuple[str, bool] | None = ("started", True), **more: Any
) -> ExpectedAnswer:
    """What is due: the rows that pass the tests, all of them, the newest first, unless something else is said."""
    shown = {"from": "started"}
    compared = frozenset(FieldPath.parse(shown.get(name, name)) for name, _ in tests)
    order = None if sort is None else (FieldPath.parse(sort[0]), sort[1])
    return ExpectedAnswer(**{"tests": tests, "compared_paths": compared, "sort": order, **more})


def page_due(start: int, size: int, *tests: tuple[str, RowPredicate], **more: Any) -> ExpectedAnswer:
    """A page is due that was asked for by its size."""
    return due(*tests, **{"start": start, "size": size, "size_given": size, **more})


def came(*rows: Row, total: Any = MISSING, **values: Tree) -> Exchange:
    """A success with these rows, to a request with these values."""
    answer = DecodedResponse(
        outcome="success", http_status=200, tree={}, problems=(), rows=(), rows_raw=[], total=total
    )
    return _exchange(answer, values, rows)


def told_in_place_of_rows(raw: Any, **values: Tree) -> Exchange:
    """A success with something else where rows stand."""
    answer = DecodedResponse(outcome="success", http_status=200, tree={}, problems=(), rows_raw=raw)
    return _exchange(answer, values, None)


def refused(code: Any = 9, message: Any = MISSING, http_status: int = 200, **values: Tree) -> Exchange:
    """An error."""
    answer = DecodedResponse(
        outcome="error", http_status=http_status, tree={}, problems=(), code=code, message=message
    )
    return _exchange(answer, values, None)


def no_answer(reason: str, **values: Tree) -> Exchange:
    """No answer at all."""
    return Exchange(
        list_request=ListRequest(values=values),
        purpose="a test",
        request=HttpRequest(method="GET", target=b"/calls"),
        response=NoResponse(reason=reason, text="no answer"),
        answer=None,
        rows=None,
    )


def unreadable(http_status: int = 200, *problems: FormatProblem) -> Exchange:
    """A body that is not what the media type promises."""
    return _exchange(
        DecodedResponse(outcome="unreadable", http_status=http_status, tree=MISSING, problems=problems), {}, None
    )


def _exchange(answer: DecodedResponse, values: Mapping[str, Tree], rows: tuple[Row, ...] | None) -> Exchange:
    return Exchange(
        list_request=ListRequest(values=values),
        purpose="a test",
        request=HttpRequest(method="GET", target=b"/calls"),
        response=HttpResponse(http_status=answer.http_status),
        answer=answer,
        rows=rows,
    )


# --- the door to the module ---------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Told:
    """A difference in plain words: `rows` are keys, `flags` the names of what is set, in the order of FLAGS."""

    aspect: str
    kind: str
    expected: str
    actual: str
    about: str = ""
    rows: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()


def told_differences(
    session: CheckContext,
    mirror: Mirror,
    meaning: ExpectedAnswer,
    exchange: Exchange,
    only: Sequence[Aspect] = ASPECTS,
) -> list[Told]:
    """All that `compare_answer` finds, in its order."""
    return [
        Told(
            found.aspect,
            found.kind,
            found.expected,
            found.actual,
            about=found.about,
            rows=tuple(int(str(row.key)) for row in found.rows),
            flags=tuple(name for name in FLAGS if getattr(found, name)),
        )
        for found in compare_answer(session, mirror, meaning, exchange, only)
    ]


ASPECT_OF_KIND: Mapping[DifferenceKind, Aspect] = {
    "unreadable": "unreadable",
    "broken-down": "outcome",
    "refused": "outcome",
    "accepted": "outcome",
    "no-rows": "rows",
    "no-number": "count",
    "number-form": "count",
    "number": "count",
    "repeated": "unique",
    "stray": "rows",
    "not-empty": "rows",
    "unlisted": "rows",
    "missing": "rows",
    "part": "part",
    "too-many": "size",
    "too-few": "short",
    "surplus": "slice",
    "unsorted": "order",
    "reversed": "order",
    "displaced": "slice",
    "total": "total",
}
"""The aspect in which each kind of difference shows."""


def differing(kind: DifferenceKind, *flags: str, about: str = "", rows: tuple[Row, ...] = ()) -> Difference:
    """A difference of that kind, with these flags set."""
    assert set(flags) <= set(FLAGS)
    given: dict[str, Any] = dict.fromkeys(flags, True)
    return Difference(
        aspect=ASPECT_OF_KIND[kind], kind=kind, expected="this", actual="that", about=about, rows=rows, **given
    )


def named(*clauses: str) -> Clauses:
    """Clauses by their names."""
    return tuple(ClauseId(name) for name in clauses)
