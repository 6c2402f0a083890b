"""Witness rules: what every answer must be, whatever was asked. They cost no requests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from harness.check.client.target import parse_target, resolve_redirect
from harness.check.context import CheckContext, Exchange, Row
from harness.check.results.findings import Verdict
from harness.check.rules.responses.row_consistency import note_rows
from harness.check.rules.responses.row_invariants import check_row_laws, law_context_of
from harness.errors import HarnessError
from harness.specification.clauses import StandardClauses, load_standard_clauses
from harness.specification.model import (
    ClauseId,
    Clauses,
    CursorPaging,
    Echo,
    EnvelopeField,
    ErrorKind,
    Field,
    OffsetPaging,
    Open,
    PageNumberPaging,
    Scalar,
)
from harness.wire.format_problems import ADVISORY_CODES, FormatProblem, Tree
from harness.wire.format_problems import printable_text as in_ascii
from harness.wire.http_messages import HttpResponse, NoResponse
from harness.wire.json_body import MISSING, Missing, tree_at
from harness.wire.parameter_codec import decode_parameter, is_blank
from harness.wire.response_codec import DecodedResponse, count_in, same_scalar
from harness.wire.row_codec import FieldProblem, field_at
from harness.wire.scalar_codecs import DecodeError, decode_digits, decode_integer
from harness.wire.scalar_codecs import zone_named as zone_named

FINDINGS_AT_MOST: Final = 6
"""So often a clause may be broken before further breaches are only counted, without evidence."""
_TIME_FORMATS: Final = ("local-time", "rfc3339", "epoch-seconds")
_BARE_MARKUP: Final = re.compile(rb"&(?!#?[A-Za-z0-9_.-]+;)|<(?![A-Za-z_/!?])")
_TAG_NAME: Final = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.-]*)")
_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}


@dataclass(slots=True)
class _ResponseMemory:
    """What the rules remember of a run; it stands in the settings of its context."""

    context: CheckContext
    standard: StandardClauses
    problem_clauses: Mapping[str, ClauseId]
    checked_by: Mapping[str, Clauses]
    seen: set[int] = field(default_factory=set)
    failed: Counter[ClauseId] = field(default_factory=Counter)

    def clauses_of_code(self, code: str) -> Clauses:
        """The standard clause that a problem breaks, if any."""
        parts = code.split(":")
        for length in range(len(parts), 0, -1):
            found = self.problem_clauses.get(":".join(parts[:length]))
            if found is not None:
                return (found,)
        return ()


def check_response(context: CheckContext, exchange: Exchange) -> None:
    """Judges an answer by everything that needs no other answer; never raises, whatever came."""
    memory = _memory_of(context)
    judge = _ResponseJudge(context, exchange, memory)
    judge.check_all()


def _memory_of(context: CheckContext) -> _ResponseMemory:
    memory = context.settings.get("witness")
    if isinstance(memory, _ResponseMemory) and memory.context is context:
        return memory
    standard = load_standard_clauses()
    checked: dict[str, Clauses] = {}
    for name, clause in context.spec.clauses.items():
        for rule in clause.checked_by:
            checked[rule] = (*checked.get(rule, ()), name)
    memory = _ResponseMemory(context, standard, standard.clauses_by_problem, checked)
    context.settings = {**context.settings, "witness": memory}
    return memory


@dataclass(slots=True)
class _ResponseJudge:
    """One answer under examination. A clause that broke once in it is not witnessed by it."""

    context: CheckContext
    exchange: Exchange
    memory: _ResponseMemory
    broken: set[ClauseId] = field(default_factory=set)
    lost_pointers: list[str] = field(default_factory=list)

    # --- writing the ledger ---------------------------------------------------------------------------------

    def report_breach(
        self, clauses: Clauses, *, expected: str, actual: str, rows: Iterable[Row] = (), name: str = ""
    ) -> None:
        """One breach; at most one for each clause in one answer."""
        ledger = self.context.results
        clause = next((clause for clause in clauses if clause in ledger.clauses), None)
        if clause is None or self.broken.intersection(clauses):
            return
        self.broken.add(clause)
        self.memory.failed[clause] += 1
        if self.memory.failed[clause] > FINDINGS_AT_MOST:
            ledger.record((clause,), Verdict.FAIL)
            return
        names = [self.context.listing.lists.identity, name.partition("[].")[0]]
        lines = [self.context.evidence.render_row(row, names) for row in list(rows)[:8]]
        says = ledger.clauses[clause].says
        self.context.fail(
            (clause,),
            says,
            expected=expected,
            actual=actual,
            exchange=self.exchange,
            rows=[one for one in lines if one],
            law=True,
        )

    def record_pass(self, clauses: Clauses, times: int = 1) -> None:
        """Observations that could have broken the clauses and did not."""
        kept = tuple(clause for clause in clauses if clause not in self.broken)
        self.context.results.record_pass(kept, times=times)

    def record_standard_passes(self, *names: str) -> None:
        self.record_pass(tuple(ClauseId(name) for name in names))

    # --- the answer as a whole ------------------------------------------------------------------------------

    def check_all(self) -> None:
        response = self.exchange.response
        if isinstance(response, NoResponse):
            self.check_no_response(response)
            return
        self.record_standard_passes("HTTP-FRAMING", "HTTP-LIMITS", "HTTP-ENCODING")
        answer = self.exchange.answer
        if response.http_status == 429 or answer is None:
            return
        if response.http_status >= 500 and answer.code is MISSING:
            # One server error proves nothing; the run itself counts them.
            return
        if response.http_status < 500:
            self.record_standard_passes("HTTP-SERVER-ERRORS")
        unusual = self.is_unusual_request()
        if 300 <= response.http_status < 400:
            if not unusual:
                self.report_redirect(response)
            return
        self.record_standard_passes("HTTP-REDIRECT")
        if answer.outcome == "unreadable":
            if not unusual:
                self.report_unreadable(response, answer)
            return
        if unusual and answer.outcome == "error" and answer.code is MISSING:
            return
        self.check_media_type(response)
        self.check_problems(response, answer)
        self.check_envelope(answer)
        if answer.outcome == "success":
            self.check_success(answer)
        else:
            self.check_error(answer)

    def is_unusual_request(self) -> bool:
        """Whether the request went another way than the documented one, and so may not arrive at the API."""
        ask = self.exchange.list_request
        return bool(ask.encoding_name or ask.operation is not None or ask.no_operation)

    def check_no_response(self, response: NoResponse) -> None:
        clauses = self.memory.clauses_of_code(response.reason)
        if clauses:
            self.report_breach(
                clauses, expected="a whole answer", actual=f"{response.reason}: {in_ascii(response.text)}"
            )

    def report_redirect(self, response: HttpResponse) -> None:
        location = response.header("location") or ""
        where = in_ascii(location, limit=200) if location else "nowhere"
        try:
            led = resolve_redirect(
                location, target=parse_target(self.context.target), sent=self.exchange.request.target
            )
            where = f"{where} ({led.kind})"
        except (HarnessError, ValueError):
            pass
        self.report_breach(
            (ClauseId("HTTP-REDIRECT"),),
            expected="an answer in place",
            actual=f"HTTP {response.http_status} to {where}; it is not followed",
        )

    def has_bare_markup(self, body: bytes) -> bool:
        """Whether data stands in the body as markup: a bare ampersand, or a tag that no answer has."""
        listing = self.context.listing
        pointers = [listing.lists.rows_at, *(part.at for part in listing.outcome.envelope.values())]
        pointers += [*listing.outcome.success.shows, *listing.transport.optional_parts]
        if listing.total is not None:
            pointers.append(listing.total.at)
        known = {name for pointer in pointers for name in pointer.split("/")}
        known |= {*listing.fields, listing.lists.root or "", listing.lists.row_element or ""}
        tags = {tag.decode("ascii") for tag in _TAG_NAME.findall(body)}
        return bool(_BARE_MARKUP.search(body)) or not tags <= known

    def has_promised_media_type(self, response: HttpResponse) -> bool:
        return response.media_type in {
            wanted.partition(";")[0].strip().lower() for wanted in self.context.listing.transport.answers
        }

    def check_media_type(self, response: HttpResponse) -> None:
        transport = self.context.listing.transport
        if self.has_promised_media_type(response):
            self.record_pass(transport.answers_clause)
            return
        self.report_breach(
            transport.answers_clause,
            expected=f"the media type {' or '.join(transport.answers)}",
            actual=in_ascii(response.header("content-type"))
            if response.header("content-type")
            else "no Content-Type",
        )

    def report_unreadable(self, response: HttpResponse, answer: DecodedResponse) -> None:
        """A body that cannot be read is one defect: of the media type if that is wrong, else of the body."""
        transport = self.context.listing.transport
        real = [problem for problem in answer.problems if problem.code not in ADVISORY_CODES]
        first = real[0] if real else FormatProblem("body:shape", "the body is no object")
        told = f"{first.code}: {first.text}" + (f" ({first.where})" if first.where else "")
        shape: Clauses = ()
        if response.http_status >= 400:
            told = f"HTTP {response.http_status}, {told}"
            shape = self.context.listing.outcome.error.clauses.get("shape", ())
        if not self.has_promised_media_type(response):
            kind = in_ascii(response.header("content-type") or "no Content-Type")
            clauses = (*shape, *transport.answers_clause, *self.syntax_clauses())
            self.report_breach(clauses, expected=f"{transport.answers[0]} that can be read", actual=f"{kind}; {told}")
            return
        coded = next((problem for problem in real if self.memory.clauses_of_code(problem.code)), None)
        if coded is not None:
            clauses = self.memory.clauses_of_code(coded.code)
            if coded.code == "xml:syntax" and self.has_bare_markup(response.body):
                clauses = (*transport.escaping_clause, *clauses)
            told = f"{coded.code}: {coded.text}" + (f" ({coded.where})" if coded.where else "")
            self.report_breach(clauses, expected=f"{transport.answers[0]} that can be read", actual=told)
        elif not response.body.strip():
            self.report_breach((*shape, *self.syntax_clauses()), expected="a body", actual=told)
        else:
            self.report_breach(
                (*shape, *self.shape_clauses()), expected="an object with the documented parts", actual=told
            )

    def syntax_clauses(self) -> Clauses:
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
        return (*always, *listing.lists.clauses.get("rows", ()), *listing.outcome.success.clause)

    def check_problems(self, response: HttpResponse, answer: DecodedResponse) -> None:
        """Broken promises of the format in a body that could be read all the same."""
        found: dict[Clauses, list[FormatProblem]] = {}
        at_the_root = {problem.code for problem in answer.problems if not problem.where}
        for problem in answer.problems:
            # The namespace of the root is that of what stands in it.
            inherited = problem.code == "xml:namespace" and problem.where and problem.code in at_the_root
            if problem.code in ADVISORY_CODES or inherited:
                continue
            clauses = self.memory.clauses_of_code(problem.code) or self.clauses_of_problem(problem)
            found.setdefault(clauses, []).append(problem)
        wrong = _charset_contradiction(response) if self.context.is_xml else None
        if wrong is not None:
            found.setdefault(self.memory.clauses_of_code("charset"), []).append(FormatProblem("charset", wrong))
        for clauses, many in found.items():
            first = many[0]
            more = f"; and {len(many) - 1} more" if len(many) > 1 else ""
            where = f" at {first.where}" if first.where else ""
            self.report_breach(
                clauses,
                expected="a body as its format says" if first.code != "xml:root" else "the documented root element",
                actual=f"{first.code}: {first.text}{where}{more}",
            )
        self.record_standard_passes("TEXT-ENCODING", "TEXT-CHARSET")
        if self.context.is_xml:
            self.record_standard_passes("XML-SYNTAX", "XML-DTD", "XML-LIMITS")
            self.record_pass(self.memory.checked_by.get("root-element", ()))
            if b"&" in response.body or b"<![CDATA[" in response.body:
                self.record_pass(self.context.listing.transport.escaping_clause)
        else:
            self.record_standard_passes("JSON-SYNTAX", "JSON-DUPLICATE-KEYS", "JSON-NUMBERS", "JSON-DEPTH")

    def clauses_of_problem(self, problem: FormatProblem) -> Clauses:
        """The clause of the spec that a problem breaks: by its kind, else by the place where it stands."""
        listing = self.context.listing
        lists = listing.lists.clauses
        if problem.code == "xml:root" or not problem.where:
            return (*self.memory.checked_by.get("root-element", ()), *self.shape_clauses(), *self.syntax_clauses())
        if problem.code == "xml:unexpected-element":
            return (*lists.get("row-element", ()), *lists.get("keys", ()))
        if problem.where.startswith(f"{listing.lists.rows_at}/"):
            return (*lists.get("keys", ()), *lists.get("row-element", ()), *lists.get("rows", ()))
        if problem.where == listing.lists.rows_at:
            return (*lists.get("rows", ()), *lists.get("row-element", ()))
        if listing.total is not None and problem.where == listing.total.at:
            return listing.total.clauses.get("present", ())
        if listing.returned is not None and problem.where == listing.returned.at:
            return listing.returned.clause
        for part in listing.outcome.envelope.values():
            if part.at == problem.where:
                return part.clause or part.form_clause
        return self.shape_clauses()

    # --- the envelope ---------------------------------------------------------------------------------------

    def check_envelope(self, answer: DecodedResponse) -> None:
        for part in self.context.listing.outcome.envelope.values():
            if part.when not in ("always", answer.outcome):
                continue
            if any(part.at.startswith(f"{pointer}/") for pointer in self.lost_pointers):
                continue
            value = _part_at(answer, part.at)
            if value is MISSING:
                if not part.optional:
                    self.lost_pointers.append(part.at)
                    self.report_breach(part.clause or part.form_clause, expected=f"{part.at}", actual="it is missing")
                continue
            wrong = self.expected_part(part, value)
            if wrong is None:
                self.record_pass(part.clause)
                self.record_pass(part.form_clause)
                continue
            self.lost_pointers.append(part.at)
            self.report_breach(
                part.form_clause or part.clause, expected=f"{part.at}: {wrong}", actual=in_ascii(value)
            )
        self.check_zone_echo(answer)
        self.observe_optional_parts(answer)

    def expected_part(self, part: EnvelopeField, value: Tree | Missing) -> str | None:
        """What the part should be, or None when it is."""
        text = self.context.is_xml
        if not _has_type(part.as_, value, text=text):
            return f"{'an' if part.as_[0] in 'aeiou' else 'a'} {part.as_}"
        if part.values and not any(same_scalar(wanted, value, text=text) for wanted in part.values):
            return f"one of {', '.join(str(wanted) for wanted in part.values)}"
        if part.least_items and isinstance(value, list) and len(value) < part.least_items:
            return f"a list of at least {part.least_items}"
        return None

    def check_zone_echo(self, answer: DecodedResponse) -> None:
        """The answer names a time zone that is known, and the one that was asked for."""
        zone = self.context.listing.zone
        if zone is None or zone.echo is None or answer.outcome != "success":
            return
        told = _part_at(answer, zone.echo)
        if not isinstance(told, str):
            return
        known = self.memory.checked_by.get("known-zone", ())
        try:
            named = zone_named(told)
        except DecodeError as error:
            self.report_breach(known or zone.clauses.get("echo", ()), expected=error.expected, actual=in_ascii(told))
            return
        self.record_pass(known)
        asked = self.exchange.list_request.values.get(zone.parameter) if zone.parameter else None
        if not isinstance(asked, str) or not asked or asked in zone.account_words:
            return
        try:
            wanted = zone_named(asked)
        except DecodeError:
            return
        if told == asked or _same_zone(named.key, wanted.key):
            self.record_pass(zone.clauses.get("echo", ()))
        else:
            self.report_breach(zone.clauses.get("echo", ()), expected=f"{zone.echo}: {asked}", actual=in_ascii(told))

    def observe_optional_parts(self, answer: DecodedResponse) -> None:
        for pointer, clauses in self.context.listing.transport.optional_parts.items():
            there = "is given" if _part_at(answer, pointer) is not MISSING else "is left out"
            may = [name for name in clauses if (known := self.context.clause(name)) and known.level == "may"]
            self.context.results.record_observed(tuple(may), f"{pointer} {there}")

    # --- success --------------------------------------------------------------------------------------------

    def check_success(self, answer: DecodedResponse) -> None:
        listing = self.context.listing
        told = listing.outcome.success
        http = listing.outcome.error.clauses.get("http", ()) if told.shows else ()
        if answer.http_status != told.http:
            clauses = (*http, *told.clause, *listing.lists.clauses.get("reach", ()))
            self.report_breach(clauses, expected=f"HTTP {told.http}", actual=f"HTTP {answer.http_status}")
        self.record_pass(http)
        for pointer, wanted in told.shows.items():
            value = _part_at(answer, pointer)
            if pointer == listing.outcome.error.code_at or value is MISSING or pointer in self.lost_pointers:
                # The code's value told the success; types and presence are promised elsewhere.
                continue
            if not same_scalar(wanted, value, text=self.context.is_xml):
                self.report_breach(told.clause, expected=f"{pointer}: {in_ascii(wanted)}", actual=in_ascii(value))
        self.record_pass(told.clause)
        if not self.is_unusual_request():
            self.record_pass(listing.lists.clauses.get("reach", ()))
        self.check_container(answer)
        self.check_echoes(answer)

    def check_container(self, answer: DecodedResponse) -> None:
        """The rows and the numbers about them."""
        listing = self.context.listing
        clauses = listing.lists.clauses
        if self.is_count_requested():
            return
        if answer.rows is None:
            if listing.count_only is not None and self.is_count_requested() is None and count_in(answer) is not None:
                return
            missing = answer.rows_raw is MISSING
            counting = listing.count_only
            # A number in the place of rows is a count that nobody asked for.
            uncalled = counting.clauses.get("default", ()) if counting and count_in(answer) is not None else ()
            self.report_breach(
                uncalled or clauses.get("rows", ()),
                expected=f"a list at {listing.lists.rows_at}",
                actual="it is missing" if missing else in_ascii(answer.rows_raw),
            )
            return
        strange = [row for row in answer.rows if not isinstance(row, dict)]
        if strange:
            self.report_breach(
                (*clauses.get("keys" if self.context.is_xml else "rows", ()), *clauses.get("rows", ())),
                expected="rows that are objects",
                actual=f"{in_ascii(strange[0])}; in {len(strange)} of {len(answer.rows)} rows",
            )
        self.record_pass(clauses.get("rows", ()))
        self.record_pass(clauses.get("row-element", ()), len(answer.rows))
        if not answer.rows:
            self.record_pass(clauses.get("empty", ()))
        self.check_rows(self.exchange.rows or ())
        self.check_total(answer)
        self.check_returned(answer)

    def is_count_requested(self) -> bool | None:
        """Whether a number was asked for in place of rows; None when the flag cannot be read."""
        count_only = self.context.listing.count_only
        if count_only is None:
            return False
        return self.flag_value(count_only.parameter)

    def flag_value(self, name: str) -> bool | None:
        """What a flag of the request means; None when that is open."""
        parameter = self.context.listing.parameters[name]
        raw = self.exchange.list_request.values.get(name)
        if is_blank(raw):
            default = parameter.default
            return default if isinstance(default, bool) else default in parameter.true
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str):
            return True if raw in parameter.true else False if raw in parameter.false else None
        return None

    # --- rows -----------------------------------------------------------------------------------------------

    def check_rows(self, rows: Sequence[Row]) -> None:
        self.check_unique(rows)
        if not self.exchange.list_request.repeated:
            note_rows(self.context, self.exchange)
        fresh = self.unexamined_rows(rows)
        if not fresh:
            return
        self.check_flaws(fresh)
        if self.exchange.zone == self.context.zone:
            # In another zone the laws would only say once more that its local times are wrong.
            check_row_laws(self.context, self.exchange, fresh)

    def unexamined_rows(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that were not examined before, in the same light."""
        law_context = law_context_of(self.context, self.exchange)
        light = (
            self.exchange.zone,
            tuple(sorted((name, *sorted(told)) for name, told in law_context.requested_words.items())),
        )
        found: list[Row] = []
        for row in rows:
            print_ = hash((light, repr(row.raw)))
            if print_ not in self.memory.seen:
                self.memory.seen.add(print_)
                found.append(row)
        return found

    def check_unique(self, rows: Sequence[Row]) -> None:
        lists = self.context.listing.lists
        identities = [row.shown[lists.identity] for row in rows if row.shown.get(lists.identity) is not None]
        counts = Counter(identities)
        twice = {identity for identity, times in counts.items() if times > 1}
        if not twice:
            self.record_pass(lists.clauses.get("unique", ()), times=len(identities) > 1)
            return
        same = [row for row in rows if row.shown.get(lists.identity) in twice]
        first = identities[next(index for index, identity in enumerate(identities) if identity in twice)]
        more = f"; {len(twice)} of {len(counts)} are repeated" if len(twice) > 1 else ""
        self.report_breach(
            lists.clauses.get("unique", ()),
            expected=f"each {lists.identity} once",
            actual=f"{in_ascii(str(first))} stands {counts[first]} times{more}",
            rows=same,
        )

    def check_flaws(self, rows: Sequence[Row]) -> None:
        """What is wrong with single fields: one finding for each clause, over all rows of the answer."""
        fields = self.context.listing.fields
        keys = self.context.listing.lists.clauses.get("keys", ())
        found: dict[ClauseId, list[tuple[Row, FieldProblem]]] = {}
        for row in rows:
            for flaw in row.flaws:
                clause = next(
                    (one for one in self.clauses_of_flaw(flaw) if one in self.context.results.clauses), None
                )
                if clause is not None:
                    found.setdefault(clause, []).append((row, flaw))
        for clause, many in found.items():
            first = many[0][1]
            affected = {id(row): row for row, _ in many}
            others = sorted({flaw.field for _, flaw in many} - {first.field})
            more = f"; also {', '.join(others[:6])}" if others else ""
            self.report_breach(
                (clause,),
                expected=f"{first.field} as documented",
                actual=f"{first.field}: {first.text}; in {len(affected)} of {len(rows)} rows{more}",
                rows=affected.values(),
                name=first.field,
            )
        counts: Counter[ClauseId] = Counter()
        for row in rows:
            counts.update(_clauses_at_stake(fields, cast("Mapping[str, Tree]", row.raw)))
        counts |= Counter(dict.fromkeys(keys, len(rows)))
        for clause, times in counts.items():
            self.record_pass((clause,), times)

    def clauses_of_flaw(self, flaw: FieldProblem) -> Clauses:
        """The clauses that a flaw breaks, the one that explains it best first."""
        listing = self.context.listing
        keys = listing.lists.clauses.get("keys", ())
        parent, nested, _ = flaw.field.rpartition("[].")
        if flaw.kind == "missing":
            if not nested:
                return (*keys, *flaw.clause)
            around = field_at(listing.fields, parent)
            above = around.clause if around is not None else ()
            return (*(clause for clause in above if clause in flaw.clause), *flaw.clause, *above, *keys)
        known = field_at(listing.fields, flaw.field)
        if known is not None and known.as_ in _TIME_FORMATS and flaw.text.endswith(("got None", "got ''")):
            # Of two clauses on a time the later one is about its being there at all.
            return (*reversed(flaw.clause), *keys)
        if known is not None and known.as_ == "epoch-seconds" and "within the years" in flaw.text:
            # An integer all right, but no instant: that is the promise of what may be told of the time.
            times = [law.clause for law in listing.laws if law.field == flaw.field and law.law == "not-future"]
            return (*(clause for several in times[:1] for clause in several), *flaw.clause, *keys)
        return (*flaw.clause, *keys)

    # --- numbers about the rows -----------------------------------------------------------------------------

    def check_total(self, answer: DecodedResponse) -> None:
        listing = self.context.listing
        total = listing.total
        if total is None or (total.switch is not None and self.flag_value(total.switch.parameter) is not True):
            return
        present = total.clauses.get("present", ())
        number = _parse_integer(answer.total, text=self.context.is_xml)
        if number is None or number < 0:
            told = "it is missing" if answer.total is MISSING else in_ascii(answer.total)
            self.report_breach(present, expected=f"an integer not below 0 at {total.at}", actual=told)
            return
        self.record_pass(present)
        came = len(answer.rows or ())
        if not came:
            return
        skipped = self.skipped_rows()
        if number < skipped + came:
            paging = listing.paging
            if isinstance(paging, OffsetPaging) and self.context.results.first_failed(
                paging.clauses.get("slice", ())
            ):
                # Rows that were not left out, or came twice: the total need not be wrong.
                return
            # A total that later pages alone tell too low depends on the page.
            later = total.clauses.get("independent", ()) if self.is_later_page() else ()
            self.report_breach(
                (*total.clauses.get("bound", ()), *later, *total.clauses.get("sum", ())),
                expected=f"a total of at least {skipped + came}: {skipped} skipped and {came} returned",
                actual=f"a total of {number}",
            )
        else:
            self.record_pass(total.clauses.get("bound", ()))

    def is_later_page(self) -> bool:
        """Whether the request names a page after the first one."""
        paging = self.context.listing.paging
        page = self.exchange.list_request.values.get(paging.page) if isinstance(paging, PageNumberPaging) else None
        return page is not None and isinstance(paging, PageNumberPaging) and str(page) != str(paging.first)

    def skipped_rows(self) -> int:
        """How many rows the request surely left out before the first one."""
        paging = self.context.listing.paging
        if not isinstance(paging, OffsetPaging) or not self.context.parameters_work(paging.offset):
            return 0
        value = self.parameter_value(paging.offset)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

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

    def check_returned(self, answer: DecodedResponse) -> None:
        returned = self.context.listing.returned
        if returned is None:
            return
        number = _parse_integer(answer.returned, text=self.context.is_xml)
        came = len(answer.rows or ())
        if number == came:
            self.record_pass(returned.clause)
            return
        told = "it is missing" if answer.returned is MISSING else in_ascii(answer.returned)
        self.report_breach(returned.clause, expected=f"{returned.at}: {came}, as many as there are rows", actual=told)

    def check_echoes(self, answer: DecodedResponse) -> None:
        for echo in self.context.listing.echoes:
            told = _part_at(answer, echo.at)
            if (
                told is MISSING
                or self.exchange.list_request.repeated.get(echo.of)
                or not self.context.parameters_work(echo.of)
            ):
                continue
            due = self.expected_echo(echo)
            if due is None:
                continue
            if str(told) in due and not isinstance(told, dict | list | bool):
                self.record_pass(echo.clause)
            elif not any(meaning.fault for _, meaning in self.context.expected_answers(self.exchange.list_request)):
                # What should have been refused need not be repeated either.
                self.report_breach(echo.clause, expected=f"{echo.at}: {in_ascii(due[0])}", actual=in_ascii(told))

    def expected_echo(self, echo: Echo) -> tuple[str, ...] | None:
        """The texts that may be repeated; None when that is open."""
        listing = self.context.listing
        parameter = listing.parameters[echo.of]
        raw = self.exchange.list_request.values.get(echo.of)
        if is_blank(raw):
            if not echo.exact or parameter.default is None:
                return None
            return (str(parameter.default),)
        if self.parameter_value(echo.of) is None:
            return None
        paging = listing.paging
        words = (*paging.start_words, *paging.end_words) if isinstance(paging, CursorPaging) else ()
        # A word that means the first or the last page may be told as what it stands for: nothing.
        return (str(raw), "") if raw in words else (str(raw),)

    # --- errors ---------------------------------------------------------------------------------------------

    def check_error(self, answer: DecodedResponse) -> None:
        shape = self.context.listing.outcome.error
        clauses = shape.clauses.get("shape", ())
        if answer.code is MISSING:
            # Where an envelope part promises the code, that part was found missing already.
            self.report_breach(clauses, expected=f"an error told at {shape.code_at}", actual="it is missing")
            return
        if self.is_unknown_success(answer):
            told = self.context.listing.outcome.success
            self.report_breach(
                told.clause, expected=_success_text(told.shows), actual=f"rows, and the code {in_ascii(answer.code)}"
            )
            return
        if not _has_type(shape.code_as, answer.code, text=self.context.is_xml):
            expected = f"{shape.code_at}: {shape.code_as}"
            if shape.code_at not in self.lost_pointers:
                self.report_breach(clauses or self.shape_clauses(), expected=expected, actual=in_ascii(answer.code))
            # What such a code says is not asked any more.
            return
        if (
            shape.message_at is not None
            and not isinstance(answer.message, str)
            and shape.message_at not in self.lost_pointers
        ):
            told_message = "it is missing" if answer.message is MISSING else in_ascii(answer.message)
            self.report_breach(
                clauses or self.shape_clauses(), expected=f"a text at {shape.message_at}", actual=told_message
            )
        for pointer, wanted in shape.shows.items():
            value = _part_at(answer, pointer)
            if not same_scalar(wanted, value, text=self.context.is_xml):
                self.report_breach(clauses, expected=f"{pointer}: {in_ascii(wanted)}", actual=in_ascii(value))
        self.record_pass(clauses)
        self.check_error_status(answer)
        self.check_error_code(answer)
        self.check_error_rows(answer)

    def is_unknown_success(self, answer: DecodedResponse) -> bool:
        """Whether an answer with rows is told by a code that stands for no error."""
        outcome = self.context.listing.outcome
        if outcome.error.code_at not in outcome.success.shows or not answer.rows:
            return False
        if outcome.error.code_at in self.lost_pointers:
            # Where a code should stand stands something else: that was told.
            return False
        codes = {str(code) for fault in outcome.faults.values() for code in _error_codes(fault)}
        return str(answer.code) not in codes | {str(code) for code in outcome.error.only_codes}

    def check_error_status(self, answer: DecodedResponse) -> None:
        shape = self.context.listing.outcome.error
        http = shape.clauses.get("http", ())
        faults = [
            fault
            for fault in self.context.listing.outcome.faults.values()
            if str(answer.code) in {str(code) for code in _error_codes(fault)}
        ]
        legal = self.possible_statuses(shape.http)
        for fault in faults:
            legal |= self.possible_statuses(fault.http) | set(fault.https)
        status = answer.http_status
        patterns = {"4xx": 400 <= status < 500, "5xx": status >= 500, "same-as-code": str(status) == str(answer.code)}
        if status not in legal and not any(patterns[word] for word in shape.https if word in patterns):
            if status >= 500 and any(fault.own for fault in faults):
                # A server that breaks down: what it broke down over is judged where it was asked.
                return
            wanted = [*(str(one) for one in sorted(legal)), *shape.https]
            expected = f"HTTP {' or '.join(wanted)} around the code {in_ascii(answer.code)}"
            self.report_breach(http, expected=expected, actual=f"HTTP {status}")
            return
        self.record_pass(http)
        for choice in (shape.http, *(fault.http for fault in faults)):
            if isinstance(choice, Open) and status in choice.options:
                key = f"{choice.id}={answer.code}"
                if not self.context.dialect.candidates_of(key):
                    self.context.dialect.fix_answer(key, status, self.exchange.purpose)

    def possible_statuses(self, http: int | Open[int] | None) -> set[int]:
        if http is None:
            return set()
        if isinstance(http, Open):
            known = self.context.dialect.candidates_of(http.id)
            return {int(one) for one in known or http.options if isinstance(one, int)}
        return {http}

    def check_error_code(self, answer: DecodedResponse) -> None:
        shape = self.context.listing.outcome.error
        if not shape.only_codes:
            return
        clauses = shape.clauses.get("only-codes", ())
        if str(answer.code) in {str(code) for code in shape.only_codes}:
            self.record_pass(clauses)
            return
        wanted = ", ".join(str(code) for code in shape.only_codes)
        self.report_breach(clauses, expected=f"one of the codes {wanted}", actual=in_ascii(answer.code))

    def check_error_rows(self, answer: DecodedResponse) -> None:
        shape = self.context.listing.outcome.error
        clauses = shape.clauses.get("no-rows", ())
        raw = answer.rows_raw
        nothing = raw is MISSING or raw is None
        empty = raw in ([], "")
        if (nothing and shape.no_rows != "empty") or (empty and shape.no_rows != "absent"):
            self.record_pass(clauses)
            return
        held = f"{len(raw)} rows" if isinstance(raw, list) else in_ascii(raw)
        wanted = {"absent": "nothing", "empty": "an empty list", "absent-or-empty": "nothing, or an empty list,"}
        self.report_breach(
            clauses,
            expected=f"{wanted[shape.no_rows]} at {self.context.listing.lists.rows_at} of an error",
            actual="it is missing" if raw is MISSING else held,
        )


# --- small questions ----------------------------------------------------------------------------------------


def _part_at(answer: DecodedResponse, pointer: str) -> Tree | Missing:
    return MISSING if isinstance(answer.tree, Missing) else tree_at(answer.tree, pointer)


def _parse_integer(raw: Tree | Missing, *, text: bool) -> int | None:
    """An integer as an answer tells it: a JSON number, or the text of an element."""
    if text:
        if not isinstance(raw, str):
            return None
        try:
            return decode_integer(raw.strip())
        except DecodeError:
            return None
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None


def _has_type(kind: str, value: Tree | Missing, *, text: bool) -> bool:
    """Whether a part of an answer has the type that the spec names."""
    match kind:
        case "integer":
            return _parse_integer(value, text=text) is not None
        case "digits":
            try:
                return isinstance(value, str) and bool(decode_digits(value))
            except DecodeError:
                return False
        case "text":
            return isinstance(value, str)
        case "object":
            return isinstance(value, dict) or (text and value == "")
        case _:
            return isinstance(value, list) or (text and value == "")


def _error_codes(fault: ErrorKind) -> Iterator[Scalar]:
    if fault.code is not None:
        yield fault.code
    yield from fault.codes


def _success_text(shows: Mapping[str, Scalar]) -> str:
    return ", ".join(f"{pointer}: {value}" for pointer, value in shows.items())


def _clauses_at_stake(fields: Mapping[str, Field], tree: Mapping[str, Tree]) -> set[ClauseId]:
    """The clauses on fields that a row could have broken."""
    found: set[ClauseId] = set()
    for name, known in fields.items():
        if name not in tree:
            continue
        found.update(known.clause)
        if known.as_ == "rows" and isinstance(tree[name], list):
            for inner in cast("list[Tree]", tree[name]):
                if isinstance(inner, dict):
                    found |= _clauses_at_stake(known.fields, inner)
    return found


def _same_zone(first: str, second: str) -> bool:
    """Whether two names mean one zone of the world's database, as far as a name tells."""
    zero = {"utc", "gmt", "etc/utc", "etc/gmt", "etc/uct", "uct", "zulu", "etc/zulu", "etc/universal", "universal"}
    left, right = first.lower(), second.lower()
    return left == right or (left in zero and right in zero)


def _charset_contradiction(response: HttpResponse) -> str | None:
    """XML: how the charset of the media type contradicts the body, or None."""
    declared = ""
    for part in (response.header("content-type") or "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            declared = value.strip(" \t\"'").lower()
            break
    if not declared:
        return None
    codec = _CHARSETS.get(declared)
    if codec is None:
        return f"the declared charset {in_ascii(declared)} is not one that XML readers know"
    body = response.body
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in body[:4]:
        return None if codec.startswith("utf-16") else f"the charset is {in_ascii(declared)}, but the body is UTF-16"
    if codec.startswith("utf-16"):
        return f"the charset is {in_ascii(declared)}, but the body is not UTF-16"
    if body.isascii():
        return None
    inner = re.match(rb"\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']", body)
    written = _CHARSETS.get(inner.group(1).decode("ascii").lower(), "") if inner else "utf-8"
    if codec != written:
        return f"the charset is {in_ascii(declared)}, but the body says {in_ascii(written or 'another')}"
    return None
