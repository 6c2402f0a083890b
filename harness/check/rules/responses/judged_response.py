"""One response under judgement: what is reported of it, and what its request asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.answer_checks import nameless_check, part_check, seen_check, shown_check
from harness.check.results.findings import Verdict
from harness.integers import is_integer
from harness.specification.clause_families import load_standard_clauses
from harness.specification.field_path import FieldPath
from harness.specification.model import ClauseId, Clauses
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import Missing
from harness.wire.parameter_codec import decode_parameter, is_blank
from harness.wire.response_codec import DecodedResponse, is_csv
from harness.wire.scalar_codecs import DecodeError, decode_decimal, decode_digits, decode_integer, zone_named

# After so many breaches of a clause further ones only cost time: the finding stands.
FINDINGS_AT_MOST: Final = 6
"""So often a clause may be broken before further breaches are only counted, without evidence."""


@dataclass(slots=True)
class ResponseMemory:
    """What the rules on responses remember of a run; it stands in the facts of its context."""

    context: CheckContext
    problem_clauses: Mapping[str, ClauseId]
    checked_by: Mapping[str, Clauses]
    seen: set[int] = field(default_factory=set)
    failed: Counter[ClauseId] = field(default_factory=Counter)
    fresh_ids: dict[tuple[str, str], HttpRequest] = field(default_factory=dict)

    def clauses_of_code(self, code: str) -> Clauses:
        """The standard clause that a problem breaks, if any."""
        parts = code.split(":")
        for length in range(len(parts), 0, -1):
            found = self.problem_clauses.get(":".join(parts[:length]))
            if found is not None:
                return (found,)
        return ()


def response_memory(context: CheckContext) -> ResponseMemory:
    """The memory of this run: the one in its facts, or a new one put there."""
    memory = context.facts.response_memory
    if memory is not None and memory.context is context:
        return memory
    checked: dict[str, Clauses] = {}
    for name, clause in context.spec.clauses.items():
        for rule in clause.checked_by:
            checked[rule] = (*checked.get(rule, ()), name)
    memory = ResponseMemory(context, load_standard_clauses().clauses_by_problem, checked)
    context.facts.response_memory = memory
    return memory


@dataclass(slots=True)
class JudgedResponse:
    """One response under judgement. A clause that broke once in it gets no pass by it."""

    context: CheckContext
    exchange: Exchange
    memory: ResponseMemory
    broken: set[ClauseId] = field(default_factory=set)
    lost_pointers: list[str] = field(default_factory=list)

    def report_breach(
        self,
        clauses: Clauses,
        *,
        expected: str,
        actual: str,
        rows: Sequence[Row] = (),
        path: FieldPath | None = None,
        at: str = "",
        difference: str = "",
    ) -> None:
        """Records a breach; at most one for each clause in one answer.

        `at` names the part that is wrong: a pointer, `header:NAME` or `status`. `difference` is what a client
        notices, where that can be said: a word for what it is about, a kind, and a name.
        """
        results = self.context.results
        clause = next((clause for clause in clauses if clause in results.clauses), None)
        if clause is None or self.broken.intersection(clauses):
            return
        self.broken.add(clause)
        self.memory.failed[clause] += 1
        if self.memory.failed[clause] > FINDINGS_AT_MOST:
            results.record((clause,), Verdict.FAIL)
            return
        fields = () if path is None else (path.head,)
        if rows:
            check = shown_check(self.context, rows, fields) or nameless_check(self.context, rows)
        else:
            check = part_check(self.context, self.exchange, at) if at else None
            check = check or seen_check(self.context, self.exchange)
        says = results.clauses[clause].says
        self.context.fail(
            (clause,),
            says,
            expected=expected,
            actual=actual,
            exchange=self.exchange,
            rows=rows,
            fields=fields,
            check=check,
            difference=difference and f"{difference} {clause}",
        )

    def record_pass(self, clauses: Clauses, times: int = 1) -> None:
        """Records observations that could have broken the clauses and did not."""
        unbroken = tuple(clause for clause in clauses if clause not in self.broken)
        self.context.results.record_pass(unbroken, times=times)

    def record_standard_passes(self, *names: str) -> None:
        """As `record_pass`, for clauses of the standards of HTTP, text, JSON and XML."""
        self.record_pass(tuple(ClauseId(name) for name in names))

    def is_unusual_request(self) -> bool:
        """Whether the request went another way than the documented one, and so may not arrive at the API."""
        ask = self.exchange.list_request
        return bool(ask.encoding_name or ask.operation is not None or ask.no_operation)

    def syntax_clauses(self) -> Clauses:
        """The clause that promises a body that can be read."""
        if is_csv(self.context.listing):
            return (ClauseId("CSV-SYNTAX"),)
        return (ClauseId("XML-SYNTAX" if self.context.is_xml else "JSON-SYNTAX"),)

    def shape_clauses(self) -> Clauses:
        """The clauses that promise what every answer is."""
        listing = self.context.listing
        always = tuple(
            clause
            for part in listing.outcome.envelope.values()
            if part.when == "always" and not part.optional
            for clause in part.clause
        )
        return (*always, *listing.lists.clauses.rows, *listing.outcome.success.clause)

    def flag_value(self, name: str) -> bool | None:
        """What a flag of the request means; None when that is open."""
        parameter = self.context.listing.parameters[name]
        raw = self.exchange.list_request.values.get(name)
        if is_blank(raw):
            return parameter.is_on_by_default
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str):
            return True if raw in parameter.true else False if raw in parameter.false else None
        return None

    def parameter_value(self, name: str) -> Any:
        """What a parameter of the request means; None when it is not given, empty, or cannot be read."""
        parameter = self.context.listing.parameters.get(name)
        raw = self.exchange.list_request.values.get(name)
        if parameter is None or is_blank(raw) or self.exchange.list_request.repeated.get(name):
            return None
        try:
            zone = zone_named(self.context.zone)
        except DecodeError:
            zone = zone_named("UTC")
        try:
            in_json = self.context.listing.transport.carries == "json"
            return decode_parameter(parameter, raw, zone=zone, in_json=in_json)
        except DecodeError:
            return None


def part_at(answer: DecodedResponse, pointer: str) -> Tree | Missing:
    """The part of a response that a pointer or a header names."""
    return answer.part_at(pointer)


def parse_integer(raw: Tree | Missing, *, text: bool) -> int | None:
    """An integer as an answer tells it: a JSON number, or the text of an element."""
    if text and not is_integer(raw):
        if not isinstance(raw, str):
            return None
        try:
            return decode_integer(raw.strip())
        except DecodeError:
            return None
    return raw if is_integer(raw) else None


def parse_flag(raw: Tree | Missing, *, text: bool) -> bool | None:
    """True or false as an answer tells it: of JSON, or as the text of an element or a header."""
    if text and isinstance(raw, str):
        return {"true": True, "false": False}.get(raw.strip().lower())
    return raw if isinstance(raw, bool) else None


def is_number(value: Tree | Missing, *, text: bool) -> bool:
    """Whether a part of an answer is a number, with or without a part after the dot."""
    if text and isinstance(value, str):
        try:
            decode_decimal(value.strip())
        except DecodeError:
            return False
        return True
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def has_type(kind: str, value: Tree | Missing, *, text: bool) -> bool:
    """Whether a part of an answer has the type that the spec names."""
    match kind:
        case "integer":
            return parse_integer(value, text=text) is not None
        case "digits":
            try:
                return isinstance(value, str) and bool(decode_digits(value))
            except DecodeError:
                return False
        case "text":
            return isinstance(value, str)
        case "object":
            return isinstance(value, dict) or (text and value == "")
        case "flag":
            return parse_flag(value, text=text) is not None
        case "decimal":
            return is_number(value, text=text)
        case _:
            return isinstance(value, list) or (text and value == "")
