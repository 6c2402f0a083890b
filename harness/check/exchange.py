"""A request with what came back: the answer as it was decoded, and its rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from harness.check.target_facts import KEPT_BODY_BYTES
from harness.specification.field_path import FieldPath
from harness.specification.model import LinkName
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse
from harness.wire.json_body import MISSING, Missing
from harness.wire.list_request import ListRequest
from harness.wire.response_codec import DecodedResponse
from harness.wire.row_codec import ApiRow, ApiValue, FieldProblem, row_values_at

_TEXT_BYTES: Final = 300
UNSENT: Final = "unsent"
"""The reason why there is no answer to what was never asked."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """A row of an answer: decoded values, raw tree, field problems, and the key that tells it from other rows."""

    shown: ApiRow
    raw: Tree
    extras: Mapping[str, Tree]
    flaws: tuple[FieldProblem, ...]
    key: Hashable

    def values(self, *paths: FieldPath) -> list[ApiValue]:
        """All that the row shows at some paths."""
        return [value for path in paths for value in row_values_at(self.shown, path)]

    def instant(self, name: str | None) -> datetime | None:
        """The instant that a field shows; None where it shows none."""
        value = None if name is None else self.shown.get(name)
        return value if isinstance(value, datetime) else None


def values_of(rows: Iterable[Row], *paths: FieldPath) -> list[Any]:
    """All values but none that rows show at some paths, in the order of the rows."""
    return [value for row in rows for value in row.values(*paths) if value is not None]


def instants_of(rows: Iterable[Row], name: str | None) -> list[datetime]:
    """The instants that rows show in a field, in their order."""
    return [instant for row in rows if (instant := row.instant(name)) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request with its response; `rows` is None when the answer has none, `zone` is that of its local times.

    `at` is the second of the run at which the answer came, by the clock of the sender or, where it has none, by that
    of the server; None where neither tells.
    """

    list_request: ListRequest
    purpose: str
    request: HttpRequest
    response: HttpResponse | NoResponse
    answer: DecodedResponse | None
    rows: tuple[Row, ...] | None
    zone: str = "UTC"
    at: float | None = None
    number: int = 0
    """Which request of the run it was, from 1."""
    cut: bool = False
    """Whether there are more rows than are read."""

    def outline(self) -> Exchange:
        """The exchange without its rows and with the beginning of its body alone, to be kept for a whole run."""
        response, answer = self.response, self.answer
        if not isinstance(response, HttpResponse) or len(response.body) <= KEPT_BODY_BYTES:
            return self
        if answer is not None:
            answer = replace(answer, tree=MISSING, rows=None, rows_raw=MISSING)
        return replace(
            self, response=replace(response, body=response.body[:KEPT_BODY_BYTES]), answer=answer, rows=None
        )

    @property
    def server_time(self) -> datetime | None:
        """The instant of the answer by the server's own Date header, in whole seconds."""
        if not isinstance(self.response, HttpResponse):
            return None
        try:
            then = parsedate_to_datetime(self.response.header("date") or "")
        except (TypeError, ValueError, OverflowError):
            return None
        return then if then.tzinfo is not None else None

    @property
    def response_seconds(self) -> float:
        """The seconds that the answer took; 0 where none came."""
        return self.response.seconds if isinstance(self.response, HttpResponse) else 0.0

    @property
    def listed(self) -> tuple[Row, ...]:
        """The rows of the answer; none where it has no list of rows."""
        return self.rows or ()

    @property
    def outcome(self) -> str | None:
        """What the answer is: a success, an error, unreadable; None where none came."""
        return None if self.answer is None else self.answer.outcome

    @property
    def is_refusal(self) -> bool:
        """Whether the answer is an error, be it one that only its HTTP status tells."""
        status = 0 if self.answer is None else self.answer.http_status
        return self.outcome == "error" or (self.outcome == "unreadable" and status >= 400)

    @property
    def code(self) -> Tree | Missing:
        """The code of the answer, MISSING where it has none."""
        return MISSING if self.answer is None else self.answer.code

    @property
    def told_error(self) -> str:
        """An error as it is told: by its code, or where none can be read by the HTTP status and the server's text."""
        answer, response = self.answer, self.response
        if answer is not None and answer.code is not MISSING:
            return f"the error {answer.code!r}"
        if not isinstance(response, HttpResponse):
            return "no answer"
        text = response.body[:_TEXT_BYTES].decode("utf-8", "replace").strip()
        return f"HTTP {response.http_status}: {text or 'an empty body'}"

    @property
    def total(self) -> Tree | Missing:
        """The total that the answer tells, MISSING where it tells none."""
        return MISSING if self.answer is None else self.answer.total

    def part_at(self, pointer: str) -> Tree | Missing:
        """The part of the answer at a pointer, MISSING where there is none."""
        return MISSING if self.answer is None else self.answer.part_at(pointer)

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the page after this one; None where there is none, or one that is no text."""
        return _token_or_none(self.answer.next_cursor) if self.answer is not None else None

    @property
    def previous_cursor(self) -> str | None:
        """The cursor of the page before this one; None where there is none, or one that is no text."""
        return _token_or_none(self.answer.previous_cursor) if self.answer is not None else None

    @property
    def keys(self) -> list[Hashable]:
        """The keys of the rows, in their order."""
        return [row.key for row in self.listed]


def _token_or_none(raw: object) -> str | None:
    return raw if isinstance(raw, str) and raw else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskedStep:
    """One of the requests that show a finding together.

    With `link` it was that link of the answer before it; with `back` it goes back, by a cursor to the page before.
    """

    exchange: Exchange
    link: LinkName | None = None
    back: bool = False


def unsent_exchange(ask: ListRequest, purpose: str) -> Exchange:
    """What stands for the exchange that a run for a few clauses leaves out."""
    response = NoResponse(reason=UNSENT, text="the request was left out")
    request = HttpRequest(method="GET", target=b"/")
    return Exchange(list_request=ask, purpose=purpose, request=request, response=response, answer=None, rows=None)


def steps_of(*exchanges: Exchange | None) -> tuple[AskedStep, ...]:
    """Exchanges as the steps of a finding, in order; None is left out."""
    return tuple(AskedStep(exchange=one) for one in exchanges if one is not None)
