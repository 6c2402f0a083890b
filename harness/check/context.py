"""The context of one run against one target: sends requests, decodes answers, asks the oracle, records breaches."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

from harness.check.asked_clauses import AskedClauses
from harness.check.client.budget import RateLimitedClient, Sender
from harness.check.credentials import ClientIdentity, FreshCredentials
from harness.check.exchange import UNSENT, AskedStep, Exchange, Row, instants_of, steps_of, values_of
from harness.check.oracle.dialect_inference import MOST_BRANCHES, InferredDialect
from harness.check.oracle.interpreter import ExpectedAnswer, interpret_request
from harness.check.results.collector import ResultCollector
from harness.check.results.evidence import EvidenceRenderer
from harness.check.results.findings import Event, Exchanged, Finding, Verdict
from harness.check.signed_requests import finished_request
from harness.check.target_facts import KEPT_SERVER_ERRORS, RunOptions, TargetFacts
from harness.integers import is_integer
from harness.output.escaping import shell_word
from harness.specification.access import account_names, free_path_values
from harness.specification.load import Spec
from harness.specification.model import Clause, ClauseId, Clauses, Listing, TimeZoneRule
from harness.specification.paging_clauses import size_clauses, size_default_clauses
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse
from harness.wire.json_body import MISSING
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import encode_parameter, is_left_out
from harness.wire.response_codec import (
    DecodedResponse,
    carries_text,
    decode_response,
    is_xml,
    token_told,
)
from harness.wire.row_codec import ApiRow, decode_row
from harness.wire.scalar_codecs import DecodeError
from harness.wire.scalar_codecs import zone_named as zone_named
from harness.wire.told_outcome import statuses_of
from harness.wire.zone_codec import read_zone, write_zone

if TYPE_CHECKING:
    from harness.check.probe.answer_checks import AnswerCheck
    from harness.check.probe.differences import KnownDifference

__all__ = ["CheckContext", "ClientIdentity", "Exchange", "Row", "UTC_ZONE", "instants_of", "values_of"]

# Fewer refusals may come from bad values, where access faults and others share a code.
REFUSALS_IN_A_ROW: Final = 4
UTC_ZONE: Final = ZoneInfo("UTC")
EVIDENCE_ROWS_AT_MOST: Final = 8
_SHOWN_HEADERS: Final = 40
_SHOWN_HEADER_LENGTH: Final = 1024
_LARGEST_SKEW_SECONDS: Final = 100 * 365 * 86400
# Why a request has no answer at all: the target is slow, away, or closes the connection.
_SILENCE: Final = frozenset({"timeout", "connect", "dns", "reset", "truncated"})
SEEN_BYTES: Final = 2 * 1024 * 1024
"""Bytes of the bodies of those answers that are kept to be looked up again."""
READING_BYTES: Final = 4 * 1024 * 1024
"""Bytes of all readings of a list of live calls that are kept: forty of three hundred calls."""


def ignore_event(event: Event) -> None:
    """Listens to a run without doing anything."""


def go_on() -> None:
    """Lets a run go on after each exchange."""


@dataclass(slots=True)
class CheckContext:
    """The state of one run. Rules send with `send`, judge with `probe.expect.check_probe`, and write to `results`."""

    spec: Spec
    sender: Sender
    identity: ClientIdentity
    identities: tuple[ClientIdentity, ...]
    results: ResultCollector
    dialect: InferredDialect
    evidence: EvidenceRenderer
    rng: random.Random
    seed: int = 1
    target: str = ""
    options: RunOptions = field(default_factory=RunOptions)
    facts: TargetFacts = field(default_factory=TargetFacts)
    known_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    listen: Callable[[Event], None] = ignore_event
    """What is told of each event of the run as it happens."""
    checkpoint: Callable[[], None] = go_on
    """What is called after each exchange; it raises what ends the part of the run that is under way."""
    requests: int = 0
    phase: str = "preflight"
    asked: AskedClauses = field(default_factory=AskedClauses)
    broken_parameters: dict[str, ClauseId] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    server_errors: list[Exchange] = field(default_factory=list)
    value_by_filter: dict[str, Any] = field(default_factory=dict)
    """The value with which each filter was first probed."""
    clock_skew_seconds: float | None = None
    out_of_budget: str | None = None
    zone: str = "UTC"
    identity_unique: bool = True
    longest_page: int = 0
    """The number of rows in the longest answer."""
    response_check: Any = None
    request_encoding: str | None = None
    accepted_request: ListRequest | None = None
    access_refusal: Exchange | None = None
    met_success: bool = False
    """Whether any answer of the run was a success."""
    first_refusal: Exchange | None = None
    """The first answer that was none."""
    refusals_in_a_row: int = 0
    silent_in_a_row: int = 0
    """How many of the latest requests got no answer at all."""
    more_server_errors: int = 0
    """How many server errors came beside those that are kept."""
    crashes: list[Exception] = field(default_factory=list)
    known_differences: list[KnownDifference] = field(default_factory=list)
    """The differences that were confirmed and told, each with the smallest request that shows it."""
    held_failures: list[Finding] | None = None
    reduction_requests: int = 0
    seen_exchanges: dict[Hashable, Exchange] = field(default_factory=dict)
    seen_bytes: int = 0
    drop_repeated_rows: bool = False
    rows_dropped: bool = False
    """Whether any answer had more rows than are read."""

    @property
    def listing(self) -> Listing:
        """The listing of the spec under check."""
        return self.spec.listing

    @property
    def run_start(self) -> datetime:
        """The instant at which the run began, by the caller's clock; an assertion fails where none was given."""
        assert self.options.now is not None
        return self.options.now

    @property
    def is_xml(self) -> bool:
        """Whether answers are XML."""
        return is_xml(self.listing)

    # --- sending --------------------------------------------------------------------------------------------

    def encode(self, name: str, value: Any) -> Tree:
        """A value of a parameter as the request writes it."""
        in_json = self.listing.transport.carries == "json"
        return encode_parameter(self.listing.parameters[name], value, zone=_zone_or_utc(self.zone), in_json=in_json)

    def encode_zone(self, rule: TimeZoneRule, name: str) -> dict[str, Tree]:
        """The value by which a request names a zone, by its parameter."""
        parameter = rule.parameter or ""
        numbers = self.listing.parameters[parameter].as_ in ("integer", "decimal")
        as_number = numbers and self.listing.transport.carries == "json"
        return {parameter: write_zone(rule, name, as_number=as_number)}

    def encode_all(self, values: Mapping[str, Any]) -> dict[str, Tree]:
        """The values of several parameters as the request writes them; what is said by being left out is left out."""
        parameters = self.listing.parameters
        said = {name: value for name, value in values.items() if not is_left_out(parameters[name], value)}
        return {name: self.encode(name, value) for name, value in said.items()}

    def send(
        self,
        ask: ListRequest,
        purpose: str,
        *,
        credentials: Mapping[str, str] | None = None,
        witness: bool = True,
        edit: Any = None,
        own_connection: bool = False,
    ) -> Exchange:
        """Sends a request with the run's credentials (or the given ones) and reads the answer.

        Raises what ends the part of the run that is under way, where nothing more is to be asked in it.
        `edit` may change the finished HttpRequest; `witness` False keeps the general rules out. With `own_connection`
        no other request goes over its connection.
        """
        ask = self.complete_request(ask, self.identity.credentials if credentials is None else credentials)
        if isinstance(ask.credentials, FreshCredentials):
            self._keep_token(ask.credentials.get(self.listing.access.token))
        request = finished_request(self, ask, edit)
        if own_connection:
            request = replace(request, headers=(*request.headers, ("Connection", "close")))
        response = self.sender.send(request)
        if isinstance(response, NoResponse) and response.reason.startswith("budget:"):
            self.out_of_budget = response.reason.partition(":")[2]
        else:
            self.requests += 1
            silent = isinstance(response, NoResponse) and response.reason.partition(":")[0] in _SILENCE
            self.silent_in_a_row = self.silent_in_a_row + 1 if silent else 0
        if ask.log_in and isinstance(response, HttpResponse):
            self._keep_token(token_told(self.listing, response))
        exchange = self._timed(self._decode_exchange(ask, purpose, request, response))
        self._record_exchange(exchange)
        if isinstance(response, HttpResponse):
            self._learn_from_response(exchange, response, own=credentials is None)
        if credentials is None and edit is None and not ask.log_in:
            self._remember_exchange(exchange)
            self._keep_reading(exchange)
        if witness and self.response_check is not None:
            self.response_check(self, exchange)
        self.checkpoint()
        return exchange

    def complete_request(self, ask: ListRequest, credentials: Mapping[str, str]) -> ListRequest:
        """The request with its credentials, its account, and a value for each part of the path that has none."""
        parts = {
            name: (self.known_values.get(name) or (value,))[0]
            for name, value in free_path_values(self.spec).items()
            if name not in ask.values and not ask.log_in
        }
        return replace(
            ask,
            values={**parts, **ask.values} if parts else ask.values,
            credentials=credentials,
            account=ask.account or self._account_of(credentials),
            encoding_name=ask.encoding_name or self.request_encoding,
        )

    def _learn_from_response(self, exchange: Exchange, response: HttpResponse, *, own: bool) -> None:
        """Notes the clock, errors and refusals of an exchange; `own` where the run's credentials were sent."""
        self._learn_clock_skew(exchange)
        if response.http_status >= 500:
            if len(self.server_errors) < KEPT_SERVER_ERRORS:
                self.server_errors.append(exchange.outline())
            else:
                self.more_server_errors += 1
        if exchange.list_request.log_in:
            return
        if exchange.outcome == "success":
            self.met_success = True
        elif self.first_refusal is None and exchange.answer is not None:
            self.first_refusal = exchange.outline()
        if not own:
            return
        away = self.is_access_refusal(exchange.answer, response)
        self.refusals_in_a_row = self.refusals_in_a_row + 1 if away else 0
        # A code that other faults have, too, says little until it comes again and again.
        if away and (
            self.refusals_in_a_row > REFUSALS_IN_A_ROW or self.is_access_refusal(exchange.answer, response, own=True)
        ):
            self.access_refusal = exchange.outline()

    def _account_of(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """The account that a request is about: that of the credentials if they name one that is known, else our own.

        Altered credentials ask for the account that they are an altered form of.
        """
        names = account_names(self.listing)
        if not names:
            return {}
        own = self.identity.credentials
        known = {name: {one.credentials.get(name) for one in (self.identity, *self.identities)} for name in names}
        return {
            name: given[name] if name in given and given[name] in known[name] else own.get(name, "") for name in names
        }

    def _keep_token(self, token: str | None) -> None:
        """Keeps a token that an answer gave, or that was signed, out of reports: lines have a variable for it."""
        secrets = {**self.evidence.secrets}
        if token is None or token in secrets.values():
            return
        name = self.listing.access.token
        secrets[name if name not in secrets else f"{name}_{len(secrets)}"] = token
        redactor = self.evidence.redactor.with_secrets([token])
        self.evidence = replace(self.evidence, redactor=redactor, secrets=secrets)

    def _timed(self, exchange: Exchange) -> Exchange:
        """The exchange with the second of the run at which its answer came."""
        if isinstance(self.sender, RateLimitedClient):
            return replace(exchange, at=self.sender.budget.seconds)
        then = exchange.server_time
        return exchange if then is None else replace(exchange, at=then.timestamp())

    def _keep_reading(self, exchange: Exchange) -> None:
        """Keeps what a whole list of calls in progress showed: every such answer of the run tells how they go on."""
        listing, ask = self.listing, exchange.list_request
        if listing.lists.calls == "ended" or not listing.paging.is_single_page or exchange.rows is None:
            return
        parts = {include.parameter for include in listing.includes} | {listing.paging.size_parameter}
        if exchange.outcome == "success" and parts.issuperset(ask.values):
            size = len(exchange.response.body) if isinstance(exchange.response, HttpResponse) else 0
            self.facts.reading_bytes += size
            # A list whose texts are blown up is told by its form: its polls are not kept beyond that.
            if self.facts.reading_bytes <= READING_BYTES:
                self.facts.readings.setdefault(_request_key(ask), []).append(exchange)

    def _remember_exchange(self, exchange: Exchange) -> None:
        """Keeps an answer for `seen_exchange`, the latest within SEEN_BYTES; rows weigh much more than text."""
        response = exchange.response
        size = len(response.body) if isinstance(response, HttpResponse) else 0
        if size > SEEN_BYTES // 8:
            return
        before = self.seen_exchanges.pop(_request_key(exchange.list_request), None)
        if before is not None and isinstance(before.response, HttpResponse):
            self.seen_bytes -= len(before.response.body)
        self.seen_exchanges[_request_key(exchange.list_request)] = exchange
        self.seen_bytes += size
        while self.seen_bytes > SEEN_BYTES:
            oldest = next(iter(self.seen_exchanges))
            gone = self.seen_exchanges.pop(oldest).response
            self.seen_bytes -= len(gone.body) if isinstance(gone, HttpResponse) else 0

    def seen_exchange(self, ask: ListRequest) -> Exchange | None:
        """The latest answer to the same request with the run's own credentials, or None."""
        return self.seen_exchanges.get(_request_key(ask))

    def _decode_exchange(
        self, ask: ListRequest, purpose: str, request: HttpRequest, response: HttpResponse | NoResponse
    ) -> Exchange:
        if isinstance(response, NoResponse):
            return Exchange(
                list_request=ask,
                purpose=purpose,
                request=request,
                response=response,
                answer=None,
                rows=None,
                number=self.requests,
            )
        answer = decode_response(self.listing, response)
        if ask.log_in:
            # A token is all that a success must hold here.
            outcome: Literal["success", "error"] = (
                "error" if token_told(self.listing, response) is None else "success"
            )
            answer = replace(answer, outcome=outcome, rows=None)
        zone = self.zone_of_request(ask)
        rows, cut = None, False
        if answer.rows is not None:
            if (most := self.facts.take_rows(len(answer.rows))) < len(answer.rows):
                cut, answer = True, self._first_rows(answer, most)
            left_out = self._fields_left_out(ask)
            trees = answer.rows or ()
            rows = tuple(self.row_from_tree(tree, zone, left_out) for tree in trees if isinstance(tree, dict))
            if self.drop_repeated_rows:
                rows = tuple({row.key: row for row in rows}.values())
            self.longest_page = max(self.longest_page, len(rows))
        return Exchange(
            list_request=ask,
            purpose=purpose,
            request=request,
            response=response,
            answer=answer,
            rows=rows,
            zone=zone,
            number=self.requests,
            cut=cut,
        )

    def _first_rows(self, answer: DecodedResponse, most: int) -> DecodedResponse:
        """The answer with so many of its rows."""
        assert answer.rows is not None
        if not self.rows_dropped:
            self.rows_dropped = True
            self.notes.append(f"an answer has {len(answer.rows)} rows: of such an answer the first {most} are read")
        if isinstance(answer.rows_raw, list):
            # It is a part of the tree, which lives as long as its exchange.
            del answer.rows_raw[most:]
        return replace(answer, rows=answer.rows[:most])

    def _fields_left_out(self, ask: ListRequest) -> frozenset[str]:
        """The fields that a switch of the request leaves out: an empty value there says nothing."""
        names: set[str] = set()
        for include in self.listing.includes:
            parameter = self.listing.parameters[include.parameter]
            default = parameter.is_on_by_default
            raw = ask.values.get(include.parameter)
            if raw is False or raw in parameter.false or (raw in (None, "") and not default):
                names.update(include.added_names)
        return frozenset(names)

    def row_from_tree(self, tree: Mapping[str, Tree], zone: str, left_out: Set[str] = frozenset()) -> Row:
        """One row of an answer; fields `left_out` may be missing, and count only where they show something."""
        as_text = carries_text(self.listing)
        decoded = decode_row(self.listing.fields, tree, zone=_zone_or_utc(zone), text_carried=as_text)
        if left_out:
            shown = {name: value for name, value in decoded.values.items() if name not in left_out or value}
            problems = tuple(
                one for one in decoded.problems if one.kind != "missing" or one.field.head not in left_out
            )
            decoded = replace(decoded, values=shown, problems=problems)
        identity = decoded.values.get(self.listing.lists.identity)
        if self.evidence.people is not None:
            self.evidence.people.learn_row(tree, decoded.extras)
        return Row(
            shown=decoded.values,
            raw=dict(tree),
            extras=decoded.extras,
            flaws=decoded.problems,
            key=self._row_key(identity, decoded.values, tree),
        )

    def _row_key(self, identity: object, shown: ApiRow, tree: Mapping[str, Tree]) -> Hashable:
        """The key of a row: its identity, however it is written, or all that every answer shows of the row."""
        if not self.identity_unique:
            return self._row_content(shown)
        raw = tree.get(self.listing.lists.identity)
        if identity is None and (isinstance(raw, str) or is_integer(raw)) and raw != "":
            # The type is wrong, which is a finding of its own; that it is the same row is beyond doubt.
            text = str(raw)
            return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text
        return identity if identity is not None else self._row_content(shown)

    def _row_content(self, shown: ApiRow) -> Hashable:
        """The key of a row without a good identity: all that every request shows of it."""
        parts = {*self.listing.switched_fields, self.listing.lists.identity}
        return tuple(sorted((name, _hashable_value(value)) for name, value in shown.items() if name not in parts))

    def zone_of_request(self, ask: ListRequest) -> str:
        """The zone in which the answer to a request writes local times."""
        zone = self.listing.zone
        if zone is not None and zone.parameter is not None:
            raw = ask.values.get(zone.parameter)
            if raw not in (None, "", *zone.account_words):
                try:
                    return read_zone(zone, raw)
                except DecodeError:
                    return self.zone
        return self.zone

    def _record_exchange(self, exchange: Exchange) -> None:
        response = exchange.response
        came = isinstance(response, HttpResponse)
        self.listen(
            Exchanged(
                number=self.requests,
                phase=self.phase,
                purpose=self.evidence.render_text(exchange.purpose, limit=400),
                method=exchange.request.method,
                url=self.evidence.render_url(exchange.request),
                http_status=response.http_status,
                seconds=response.seconds,
                reason="" if came else getattr(response, "reason", ""),
                request_headers=tuple(
                    (name, self.evidence.render_text(value)) for name, value in exchange.request.headers
                ),
                request_body=self.evidence.render_body(exchange.request) if exchange.request.body else "",
                response_headers=tuple(
                    (name, self.evidence.render_text(value, limit=_SHOWN_HEADER_LENGTH))
                    for name, value in response.headers[:_SHOWN_HEADERS]
                ),
                response_body=self.evidence.render_body_head(response.body, limit=1500)
                if isinstance(response, HttpResponse)
                else "",
            )
        )

    def is_access_refusal(
        self, answer: DecodedResponse | None, response: HttpResponse | None = None, *, own: bool = False
    ) -> bool:
        """Whether an answer refuses the credentials: by a documented code of access faults, or by HTTP 401 or 403.

        With `own` a code counts only where no other fault has it.
        """
        if answer is None or answer.outcome == "success":
            return False
        if response is not None and response.http_status in (401, 403):
            return True
        rules, faults = self.listing.access, self.listing.outcome.faults
        names = {rules.missing_fault, rules.wrong_fault, rules.role_fault}
        known = [fault for name, fault in faults.items() if name in names]
        others = [fault for name, fault in faults.items() if name not in names]
        if self.listing.outcome.error.code_at is None:
            told, elsewhere = (
                {status for fault in some for status in statuses_of(self.listing, fault)} for some in (known, others)
            )
            return answer.http_status in told - elsewhere
        shared = own and any(str(answer.code) in fault.told_codes for fault in others)
        return answer.code is not MISSING and not shared and any(str(answer.code) in one.told_codes for one in known)

    def _learn_clock_skew(self, exchange: Exchange) -> None:
        then = exchange.server_time
        if then is not None:
            self.facts.server_time = then, exchange.at
        if self.clock_skew_seconds is not None or self.options.now is None:
            return
        if then is not None:
            skew = (then - self.options.now.astimezone(UTC)).total_seconds()
            # A clock that is years away is none to reckon by.
            self.clock_skew_seconds = skew if abs(skew) < _LARGEST_SKEW_SECONDS else None

    # --- judging --------------------------------------------------------------------------------------------

    def expected_answers(
        self, ask: ListRequest, *, at_most: int = MOST_BRANCHES
    ) -> list[tuple[Mapping[str, Any], ExpectedAnswer]]:
        """The expected answers of a request, one for each answer to the open choices that are still undecided."""
        found = self.dialect.evaluate_branches(
            lambda pick: interpret_request(self.spec, ask, pick, zone=self.zone, now=self.server_time),
            at_most=at_most,
        )
        unkept = self.facts.unkept_filters
        if not unkept:
            return found
        return [
            (answers, replace(meaning, tests=tuple(test for test in meaning.tests if test[0] not in unkept)))
            for answers, meaning in found
        ]

    @property
    def server_time(self) -> datetime | None:
        """What the server's clock said when the run began; None where the run does not know what time it is."""
        now = self.options.now
        return None if now is None else now.astimezone(UTC) + timedelta(seconds=self.clock_skew_seconds or 0.0)

    def fields_showing(self, *attributes: str) -> list[str]:
        """The fields of a row that show one of these attributes of a call."""
        return [name for name, field in self.listing.fields.items() if field.shows in attributes]

    def clause(self, clause: ClauseId) -> Clause | None:
        """The clause with an id, or None where the spec does not declare it."""
        return self.results.clauses.get(clause)

    def clause_text(self, clauses: Clauses, otherwise: str) -> str:
        """The text of the first of the clauses that the spec declares, or `otherwise`."""
        return next((known.says for name in clauses if (known := self.clause(name)) is not None), otherwise)

    def fail(
        self,
        clauses: Clauses,
        message: str,
        *,
        expected: str,
        actual: str,
        exchange: Exchange | None = None,
        rows: Iterable[Row] = (),
        fields: Iterable[str | None] = (),
        inferred: bool = False,
        difference: str = "",
        check: AnswerCheck | None = None,
        steps: Sequence[AskedStep] = (),
    ) -> None:
        """Records a finding under the first of the clauses that the spec declares.

        Its message is the sentence of that clause, with `message`, what was tried, behind it where that says more.
        `difference` names how the answer differs: findings with one request and one difference are one defect. `rows`
        are shown by their identity and `fields`. `check` is what the answer must be, where that can be said of it.
        `steps` are the requests that show the finding together, where one does not: `check` judges the last of them.
        """
        from harness.check.probe.standalone_cases import standalone_case
        from harness.check.probe.told_steps import finding_steps

        if exchange is not None and exchange.cut and not {*clauses} & self._clauses_of_size():
            read = len(exchange.listed)
            self.results.record_inconclusive(clauses, f"the answer has more rows than the {read} that are read")
            return
        declared = [clause for clause in clauses if clause in self.results.clauses]
        if not declared:
            self.notes.append(f"{message}: expected {expected}; actual: {actual}")
            return
        known = self.results.clauses[declared[0]]
        rows, fields = tuple(islice(rows, EVIDENCE_ROWS_AT_MOST)), tuple(fields)
        asked = tuple(steps) or steps_of(None if check is None else check.other, exchange)
        if exchange is None and len(asked) == 1:
            exchange = asked[0].exchange
        finding = Finding(
            clause=declared[0],
            level=known.level,
            basis="inferred" if inferred else known.basis,
            family=self.results.families.get(declared[0], "shape"),
            message=self.evidence.render_text(_titled(known.says, message), limit=600),
            expected=self.evidence.render_text(expected, limit=1000),
            actual=self.evidence.render_text(actual, limit=1000),
            request=self.evidence.render_request_line(exchange.request) if exchange else "",
            curl=self.evidence.render_curl(exchange.request) if exchange else "",
            response=self.evidence.render_response(exchange.response) if exchange else "",
            rows=self._evidence_rows(rows, fields),
            replay=self._replay_line(declared[0]),
            found_after=self.requests,
            difference=self.evidence.render_text((difference or message).strip(), limit=400),
            case=standalone_case(self, asked, check),
            steps=finding_steps(self, asked, rows, fields),
        )
        if self.held_failures is None:
            self.results.record_failure(declared[0], finding)
        else:
            self.held_failures.append(finding)

    def _clauses_of_size(self) -> set[ClauseId]:
        """The clauses that an answer breaks by its rows alone, be they read or not."""
        paging = self.listing.paging
        return {*size_clauses(paging), *size_default_clauses(paging)}

    def _replay_line(self, clause: ClauseId) -> str:
        """The command that judges a clause again."""
        api = shell_word(self.spec.given_as)
        line = f"callharness check {api} --target {shell_word(self.target)} --only {clause} --seed {self.seed}"
        part = "" if self.asked.suffice_for(clause) else f" --part {self.phase}"
        return line + part + self.evidence.render_options(self.options.replay)

    def _evidence_rows(self, rows: Iterable[Row], fields: Iterable[str | None]) -> tuple[str, ...]:
        names = [self.listing.lists.identity, *(name for name in fields if name is not None)]
        lines = (self.evidence.render_row(row, names) for row in islice(rows, EVIDENCE_ROWS_AT_MOST))
        return tuple(self.evidence.pseudonymize(line) for line in lines if line)

    @contextmanager
    def hold_failures(self) -> Iterator[list[Finding]]:
        """Failures that are found inside are not recorded but given back, until it is known that they stand."""
        before, self.held_failures = self.held_failures, []
        try:
            yield self.held_failures
        finally:
            self.held_failures = before

    def record_failures(self, findings: Iterable[Finding]) -> None:
        """Records failures that were held."""
        for finding in findings:
            if self.held_failures is not None:
                self.held_failures.append(finding)
            else:
                self.results.record_failure(finding.clause, finding)

    def drop_failures(self, findings: Iterable[Finding], reason: str) -> None:
        """Records that failures that were held do not stand, with the reason: the data moved, not repeatable."""
        for finding in findings:
            self.results.record_inconclusive((finding.clause,), reason)

    def supports_parameters(self, *parameters: str) -> bool:
        """Whether the version that the server follows knows all of these parameters."""
        versions = self.listing.versions
        if versions is None:
            return True
        left = self.dialect.known_answers(versions.serves)
        if len(left) != 1:
            return True
        place = versions.order.index(left[0])
        sinces = (self.listing.parameters[name].since for name in parameters)
        return all(since is None or versions.order.index(since) <= place for since in sinces)

    def parameters_work(self, *parameters: str) -> bool:
        """Whether no finding says that one of these parameters does not work."""
        return not any(parameter in self.broken_parameters for parameter in parameters)

    def mark_broken(self, parameter: str, clauses: Clauses) -> None:
        """Remembers that a parameter does not work, so that it is no tool for anything else; it is judged on."""
        self.broken_parameters.setdefault(parameter, clauses[0] if clauses else ClauseId(parameter))

    def note_unusable(self, exchange: Exchange, clauses: Clauses) -> bool:
        """Whether the exchange failed in a way that blames no clause; then the clauses are inconclusive."""
        response = exchange.response
        if isinstance(response, NoResponse):
            if response.reason == UNSENT:
                return True
            if response.reason.startswith("budget:"):
                self.results.record(clauses, Verdict.NOT_RUN, f"the budget of {self.out_of_budget} is used up")
            else:
                self.results.record_inconclusive(clauses, f"no answer: {response.reason}")
            return True
        if response.http_status == 429:
            self.results.record_inconclusive(clauses, "rate-limit: the server answered 429")
            return True
        # Some APIs tell their own errors by such a status.
        if response.http_status >= 500 and exchange.code is MISSING:
            self.results.record_inconclusive(clauses, f"the server answered HTTP {response.http_status}")
            return True
        return False


def _request_key(ask: ListRequest) -> Hashable:
    """What makes two requests with the run's own credentials the same."""
    values = tuple(sorted((name, repr(raw)) for name, raw in ask.values.items()))
    rest = (repr(ask.extra), repr(sorted(ask.repeated.items())), ask.operation, ask.left_out)
    return values, ask.encoding_name, rest


def _hashable_value(value: object) -> Hashable:
    """A row, or a part of one, as something that can be compared and hashed."""
    if isinstance(value, Mapping):
        return tuple(sorted((name, _hashable_value(inner)) for name, inner in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_hashable_value(item) for item in value)
    if isinstance(value, datetime):
        return ("datetime", str(value.timestamp()))
    return (type(value).__name__, str(value))


def _zone_or_utc(name: str) -> ZoneInfo:
    try:
        return zone_named(name)
    except DecodeError:
        return UTC_ZONE


def _titled(promise: str, tried: str) -> str:
    """The promise, and behind it what was tried of it where that says more."""
    return promise if set(tried.split()) <= set(promise.split()) else f"{promise}: {tried}"
