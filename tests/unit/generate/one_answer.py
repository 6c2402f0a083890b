"""A small, plain judge of one answer: which clauses it breaks, as far as one answer can show it.

Written apart from both the generator and the checker, and only for the tests here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from harness.specification.access import way_credentials, ways_of
from harness.specification.clause_families import load_standard_clauses
from harness.specification.dialect import Dialect
from harness.specification.field_path import FieldPath
from harness.specification.load import Spec
from harness.specification.model import (
    Clauses,
    FieldCondition,
    Filter,
    ImpliesLaw,
    InsideLaw,
    Law,
    NonNegativeLaw,
    NoPaging,
    NotBeforeLaw,
    NotFutureLaw,
    OneOfLaw,
    OpenChoice,
    PageNumberPaging,
    assumed_of,
    links_of,
)
from harness.wire.decoded_body import ADVISORY_CODES
from harness.wire.derived_fields import filled_template
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import MISSING, tree_at
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import decode_parameter, is_blank
from harness.wire.request_codec import decode_request
from harness.wire.response_codec import DecodedResponse, count_in, decode_response, is_xml, same_scalar
from harness.wire.row_codec import DecodedRow, decode_row, row_values_at

STANDARD = load_standard_clauses()


@dataclass(frozen=True)
class Situation:
    """What is known around an answer: who may ask, what the time is, which rows there are in all."""

    spec: Spec
    credentials: Mapping[str, str]
    zone: Any
    now: datetime
    base_path: str
    all_rows: int
    due: HttpResponse
    fault: str | None

    def broken(self, request: HttpRequest, response: HttpResponse) -> set[str]:
        """The clauses that the answer breaks."""
        return {clause for clauses in self._broken(request, response) for clause in clauses}

    def _broken(self, request: HttpRequest, response: HttpResponse) -> Iterator[Clauses]:
        listing = self.spec.listing
        if response.media_type not in listing.transport.answers:
            yield listing.transport.answers_clause
        answer = decode_response(listing, response)
        odd = [problem for problem in answer.problems if problem.code not in ADVISORY_CODES]
        for problem in odd:
            clause = STANDARD.clause_for_problem(problem.code)
            yield (clause,) if clause is not None else listing.lists.clauses.row_element
        if odd:
            return
        ask = decode_request(self.spec, request, Dialect(), base_path=self.base_path)
        assert isinstance(ask, ListRequest)
        yield from self._envelope(answer)
        if answer.outcome == "error":
            yield from self._error(answer)
            return
        access = listing.access
        names = way_credentials(ways_of(access)[0])
        half = (access.clauses.user_required, access.clauses.password_required)
        missing = half if access.kind == "password" else (access.clauses.missing_refused,) * len(names)
        for name, clauses in zip(names, missing, strict=True):
            if name not in ask.credentials:
                yield clauses
                return
        if any(ask.credentials[name] != self.credentials[name] for name in names):
            yield access.clauses.wrong_refused
            return
        yield from self._success(answer, ask)

    def _envelope(self, answer: DecodedResponse) -> Iterator[Clauses]:
        kinds = {"integer": int, "text": str, "digits": str, "object": dict, "list": list}
        for part in self.spec.listing.outcome.envelope.values():
            if part.when not in ("always", answer.outcome):
                continue
            assert answer.tree is not MISSING
            value = tree_at(answer.tree, part.at)
            holder = tree_at(answer.tree, part.at.rpartition("/")[0])
            if value is MISSING:
                if not part.optional and holder is not MISSING:
                    yield part.clause
            elif part.non_empty and value in ("", None):
                yield part.form_clause or part.clause
            elif part.constant:
                if value not in part.constant:
                    yield part.form_clause or part.clause
            elif is_xml(self.spec.listing):
                if part.as_ == "integer" and not str(value).isdigit():
                    yield part.form_clause or part.clause
            elif not isinstance(value, kinds[part.as_]):
                yield part.form_clause or part.clause

    def _error(self, answer: DecodedResponse) -> Iterator[Clauses]:
        listing = self.spec.listing
        error = listing.outcome.error
        assert self.fault is not None, "an error where none is due"
        fault = listing.outcome.faults[self.fault]
        if error.code_at is not None and str(answer.code) not in {str(fault.code), *map(str, fault.codes)}:
            yield fault.clause
        told = any(part.at == error.message_at for part in listing.outcome.envelope.values())
        if error.message_at is not None and answer.message is MISSING and not told:
            yield error.clauses.shape
        if answer.rows:
            yield error.clauses.no_rows
        if answer.http_status not in (200, self.due.http_status) and not 400 <= answer.http_status < 500:
            yield error.clauses.http

    def _success(self, answer: DecodedResponse, ask: ListRequest) -> Iterator[Clauses]:
        listing = self.spec.listing
        text = is_xml(listing)
        for pointer, value in listing.outcome.success.shows.items():
            assert answer.tree is not MISSING
            if not same_scalar(value, tree_at(answer.tree, pointer), text=text):
                yield listing.outcome.success.clause
        if listing.count_only is not None and self._flag(ask, listing.count_only.parameter):
            if count_in(answer) is None:
                yield listing.count_only.clauses.on
            return
        if answer.rows is None or answer.rows_flaw:
            yield listing.lists.clauses.rows
            return
        rows: list[DecodedRow] = []
        for raw in answer.rows:
            if not isinstance(raw, dict):
                yield listing.lists.clauses.row_element
                return
            rows.append(decode_row(listing.fields, raw, zone=self.zone, text_carried=text))
        flaws = [flaw for row in rows for flaw in row.problems]
        keys = listing.lists.clauses.keys
        for flaw in flaws:
            yield keys or flaw.clause if flaw.kind == "missing" and flaw.field.inner is None else flaw.clause
        if flaws:
            return
        asked = {name: str(ask.values[name]) for name, one in listing.parameters.items() if one.bound_to is not None}
        for name, field in listing.fields.items():
            due = [filled_template(field.template, {**row.values, **asked}) for row in rows if field.template]
            if any(text != row.values.get(name) for text, row in zip(due, rows, strict=False)):
                yield field.clause
        identities = [row.values[listing.lists.identity] for row in rows]
        if len(set(identities)) < len(identities):
            yield listing.lists.clauses.unique
        yield from self._numbers(answer, ask, len(rows))
        yield from self._order(ask, rows)
        yield from self._filters(ask, rows)
        yield from self._includes(ask, rows)
        yield from self._links(answer)
        for law in listing.laws:
            if any(self._breaks(law, row.values) for row in rows):
                yield law.clause

    def _flag(self, ask: ListRequest, name: str) -> bool:
        parameter = self.spec.listing.parameters[name]
        raw = ask.values.get(name)
        if is_blank(raw):
            return parameter.default is True
        assert raw is not None
        return bool(decode_parameter(parameter, raw, zone=self.zone, in_json=parameter.at is not None))

    def _read(self, ask: ListRequest, name: str) -> Any:
        parameter = self.spec.listing.parameters[name]
        return decode_parameter(parameter, ask.values[name], zone=self.zone, in_json=parameter.at is not None)

    def _numbers(self, answer: DecodedResponse, ask: ListRequest, rows: int) -> Iterator[Clauses]:
        listing = self.spec.listing
        paging = listing.paging
        size = None if isinstance(paging, NoPaging) or paging.size not in ask.values else self._read(ask, paging.size)
        if not isinstance(paging, NoPaging) and size and rows > size:
            yield paging.clauses.size
        if listing.returned is not None and answer.returned != rows:
            yield listing.returned.clause
        if listing.total is not None:
            switch = listing.total.switch
            if switch is not None and not self._flag(ask, switch.parameter):
                if answer.total is not MISSING:
                    yield switch.clauses.off
                return
            total = str(answer.total)
            if answer.total is MISSING or not total.isdigit():
                yield listing.total.clauses.present
            elif int(total) < rows:
                yield listing.total.clauses.bound or listing.total.clauses.sum
            elif size is not None and size >= self.all_rows and int(total) != self._matching(ask, rows, size, total):
                yield listing.total.clauses.sum
        if listing.zone is not None and listing.zone.echo is not None:
            assert answer.tree is not MISSING
            zone = tree_at(answer.tree, listing.zone.echo)
            if isinstance(zone, str) and zone != self.zone.key:
                yield listing.zone.clauses.echo
        for echo in listing.echoes:
            assert answer.tree is not MISSING
            told = tree_at(answer.tree, echo.at)
            due = size if echo.of == listing.paging.size_parameter else None
            due = due if due is not None else ask.values.get(echo.of, listing.parameters[echo.of].default)
            if echo.exact and type(told) is int and str(told) != str(due):
                yield echo.clause

        yield from self._places(answer, ask, rows)

    def _places(self, answer: DecodedResponse, ask: ListRequest, rows: int) -> Iterator[Clauses]:
        paging = self.spec.listing.paging
        if not isinstance(paging, PageNumberPaging) or not rows or answer.tree is MISSING:
            return
        first, size = assumed_of(paging.first), assumed_of(paging.default_size)
        page = self._read(ask, paging.page) if paging.page in ask.values else first
        size = self._read(ask, paging.size) if paging.size in ask.values else size
        start = (page - first) * (size or 0)
        count = paging.page_count
        if count is not None and size and not any(name in ask.values for name in self.spec.listing.filters):
            pages = tree_at(answer.tree, count.at)
            if isinstance(pages, int) and pages != -(-self.all_rows // size):
                yield count.clause
        for place, index in ((paging.first_index, start), (paging.last_index, start + rows - 1)):
            told = None if place is None else tree_at(answer.tree, place.at)
            if place is not None and isinstance(told, int) and told != place.base + index:
                yield place.clause

    def _links(self, answer: DecodedResponse) -> Iterator[Clauses]:
        """A link is that of the due answer, to the letter of what it asks for."""
        links = links_of(self.spec.listing.paging)
        if links is None:
            return
        due = decode_response(self.spec.listing, self.due).links
        paging = self.spec.listing.paging
        place = {*getattr(paging, "place_parameters", ()), getattr(paging, "token", None)}
        for name, link in links.by_name.items():
            told, wanted = answer.links[name] or MISSING, due[name] or MISSING
            if told == wanted:
                continue
            if not isinstance(wanted, str):
                yield links.clauses.ends or link.clause
            elif not isinstance(told, str):
                yield link.clause
            elif told.partition("?")[0] != wanted.partition("?")[0]:
                yield links.clauses.form
            else:
                asked = {pair for pair in parse_qsl(urlsplit(wanted).query) if pair[0] not in place}
                kept = asked <= set(parse_qsl(urlsplit(told).query))
                yield link.clause if kept else links.clauses.keeps

    def _order(self, ask: ListRequest, rows: list[DecodedRow]) -> Iterator[Clauses]:
        order = self.spec.listing.order
        if order is None:
            return
        path, clauses = order.by, order.clause
        if order.sort is not None and order.sort.parameter in ask.values:
            word = str(ask.values[order.sort.parameter]).lstrip("-")
            path = order.sort.words[word]
            if path != order.by:
                clauses = (
                    order.sort.clauses.undocumented if word in order.sort.undocumented else order.sort.clauses.words
                )
        path = path.assumed if isinstance(path, OpenChoice) else path
        # A direction that nobody asked for is the order's own promise.
        if order.descending is not None and order.descending in ask.values and self._flag(ask, order.descending):
            clauses = order.descending_clause
        keys: list[Any] = [row.values.get(str(path)) for row in rows]
        if any(key is None for key in keys):
            return
        if keys not in (sorted(keys), sorted(keys, reverse=True)):
            yield clauses

    def _matching(self, ask: ListRequest, rows: int, size: int, told: str) -> int:
        """How many rows match: those of a page that is not full; of the whole list what the due answer says."""
        if rows < size:
            return rows
        if any(name in ask.values for name in self.spec.listing.filters):
            return int(told)
        return int(str(decode_response(self.spec.listing, self.due).total))

    def _filters(self, ask: ListRequest, rows: list[DecodedRow]) -> Iterator[Clauses]:
        listing = self.spec.listing
        for name, rule in listing.filters.items():
            raw = ask.values.get(name)
            if is_blank(raw) or any(path.hidden or path.inner is not None for path in rule.compares):
                continue
            wanted = self._read(ask, name)
            if any(not self._kept(row, rule, wanted) for row in rows):
                clause = rule.word_clauses.get(str(raw))
                # A filter with no effect of its own makes no promise; only the one that narrows does.
                yield clause or rule.clause

    def _kept(self, row: DecodedRow, rule: Filter, wanted: Any) -> bool:
        options = list(rule.words.get(str(wanted), ())) if isinstance(wanted, str) else []
        values = [value for path in rule.compares for value in row_values_at(row.values, path) if value is not None]
        keeps = rule.keeps if isinstance(rule.keeps, str) else rule.keeps.assumed
        if isinstance(wanted, date) and not isinstance(wanted, datetime):
            values = [
                value.astimezone(self.zone).date() if isinstance(value, datetime) else value for value in values
            ]
        for value in values:
            match keeps:
                case "equal":
                    many = wanted if isinstance(wanted, tuple) else (*options, wanted)
                    if value in many or str(value) in map(str, many):
                        return True
                case "contains":
                    if str(wanted) in str(value):
                        return True
                case "starts":
                    if str(value).startswith(tuple(map(str, wanted if isinstance(wanted, tuple) else (wanted,)))):
                        return True
                case "at-or-after" | "at-least":
                    if value >= wanted:
                        return True
                case "at-or-before" | "at-most":
                    if value <= wanted:
                        return True
                case "above" | "below":
                    if (value > wanted) if keeps == "above" else (value < wanted):
                        return True
        return False

    def _includes(self, ask: ListRequest, rows: list[DecodedRow]) -> Iterator[Clauses]:
        for include in self.spec.listing.includes:
            on = self._flag(ask, include.parameter)
            there = any(row.values.get(name) for row in rows for name in include.added_names)
            written = any(row.values.get(name) is not None for row in rows for name in include.added_names)
            if on and rows and not written and not include.any_names:
                yield include.clauses.on
            if not on and there:
                yield include.clauses.off

    def _breaks(self, law: Law, row: Mapping[str, Any]) -> bool:
        if isinstance(law, ImpliesLaw):
            return _holds(law.when, row) and not _holds(law.then, row)
        values = [value for value in row_values_at(row, law.field) if value is not None]
        match law:
            case NonNegativeLaw():
                return any(value < (datetime.fromtimestamp(0, value.tzinfo) if isinstance(value, datetime) else 0)
                           for value in values)  # fmt: skip
            case OneOfLaw():
                return any(value not in law.values for value in values)
            case InsideLaw(until=FieldPath() as until) if any(
                _is_before(end, value, law.slack_seconds)
                for end in row_values_at(row, until)
                if end is not None
                for value in values
            ):
                return True
            case NotBeforeLaw() | InsideLaw():
                earlier = [value for value in row_values_at(row, law.than) if value is not None]
                if isinstance(law, InsideLaw):
                    earlier = earlier * len(values)
                return any(
                    _is_before(late, early, law.slack_seconds) for late, early in zip(values, earlier, strict=False)
                )
            case NotFutureLaw():
                return any(value > self.now + timedelta(seconds=law.slack_seconds) for value in values)
            case _:
                return False


def _is_before(late: Any, early: Any, slack_seconds: int) -> bool:
    """Whether one instant lies before another by more than the slack, or one number below another."""
    slack = timedelta(seconds=slack_seconds) if isinstance(early, datetime) else slack_seconds
    return bool(late < early - slack)


def _holds(condition: FieldCondition, row: Mapping[str, Any]) -> bool:
    name = str(condition.field)
    if name not in row:
        return condition.present is False
    value = row[name]
    if condition.is_ and value not in condition.is_:
        return False
    if condition.not_ and value in condition.not_:
        return False
    return condition.present is None or condition.present == (value not in (None, ""))
