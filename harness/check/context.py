"""One run against one target: sends requests, keeps what came, and judges it by the oracle."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from harness.check.client.budget import Sender
from harness.check.credentials import Identity
from harness.check.oracle.dialect_inference import Knowledge
from harness.check.oracle.interpreter import Meaning, interpret
from harness.check.results.collector import Ledger
from harness.check.results.evidence import PERSONAL, Evidence
from harness.check.results.findings import Event, Exchanged, Finding, Verdict
from harness.specification.load import Spec
from harness.specification.model import Clause, ClauseId, Clauses, Listing, Open
from harness.wire.format_problems import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse
from harness.wire.json_body import MISSING
from harness.wire.list_request import Ask
from harness.wire.request_codec import encode_request
from harness.wire.response_codec import Answer, decode_answer, text_carried
from harness.wire.row_codec import Flaw, ShownRow, decode_row
from harness.wire.scalar_codecs import NotThat
from harness.wire.scalar_codecs import zone as zone_named

__all__ = ["UTC_ZONE", "Breach", "Exchange", "Identity", "Row", "Session"]

REFUSALS_IN_A_ROW: Final = 4
UTC_ZONE: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """A row of an answer: what it shows, how it came, and what tells it from other rows."""

    shown: ShownRow
    raw: Tree
    extras: Mapping[str, Tree]
    flaws: tuple[Flaw, ...]
    key: Hashable


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request with what came back; `rows` is None when the answer holds no rows."""

    ask: Ask
    purpose: str
    request: HttpRequest
    response: HttpResponse | NoResponse
    answer: Answer | None
    rows: tuple[Row, ...] | None
    zone: str = "UTC"

    @property
    def keys(self) -> list[Hashable]:
        return [row.key for row in self.rows or ()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A promise that an exchange breaks, as it was seen: the ground on which causes are told from consequences.

    `aspect` and `kind` say in what the answer differs, `law` that it breaks what holds of every answer,
    `nothing_due` that no row was due; `number` counts the requests before it. `either` are further clauses that
    promise the same together with this one.
    """

    clause: ClauseId
    exchange: Exchange | None
    actual: str
    number: int
    aspect: str = ""
    kind: str = ""
    law: bool = False
    nothing_due: bool = False
    either: Clauses = ()


@dataclass(slots=True)
class Session:
    """The state of one run. Rules send with `send`, judge with `judging.expect`, and write to `ledger`."""

    spec: Spec
    sender: Sender
    identity: Identity
    identities: tuple[Identity, ...]
    ledger: Ledger
    knowledge: Knowledge
    evidence: Evidence
    rng: random.Random
    seed: int = 1
    target: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    known_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    requests: int = 0
    phase: str = "preflight"
    broken: dict[str, ClauseId] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    server_errors: list[Exchange] = field(default_factory=list)
    looked_at: dict[str, Any] = field(default_factory=dict)
    """The value that each filter was first asked for."""
    skew_seconds: float | None = None
    out_of_budget: str | None = None
    zone: str = "UTC"
    identity_unique: bool = True
    widest: int = 0
    """The most rows that came in one answer."""
    examine: Any = None
    carriage: str | None = None
    welcome: Ask | None = None
    turned_away: Exchange | None = None
    refusals: int = 0
    crashes: list[Exception] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    one_of_each: bool = False

    @property
    def listing(self) -> Listing:
        return self.spec.listing

    @property
    def text(self) -> bool:
        """Whether answers are XML."""
        return text_carried(self.listing)

    # --- sending --------------------------------------------------------------------------------------------

    def send(
        self,
        ask: Ask,
        purpose: str,
        *,
        credentials: Mapping[str, str] | None = None,
        witness: bool = True,
        extra_headers: Sequence[tuple[str, str]] = (),
        edit: Any = None,
    ) -> Exchange:
        """Sends a request with the run's credentials (or the given ones) and reads the answer.

        `edit` may change the finished HttpRequest; `witness` False keeps the general rules out.
        """
        ask = replace(
            ask,
            credentials=self.identity.credentials if credentials is None else credentials,
            carriage=ask.carriage or self.carriage,
        )
        request = encode_request(self.spec, ask)
        if extra_headers:
            request = replace(request, headers=(*request.headers, *extra_headers))
        if edit is not None:
            request = edit(request)
        response = self.sender.send(request)
        if isinstance(response, NoResponse) and response.reason.startswith("budget:"):
            self.out_of_budget = response.reason.partition(":")[2]
        else:
            self.requests += 1
        exchange = self._read(ask, purpose, request, response)
        self._event(exchange)
        if isinstance(response, HttpResponse):
            self._clock(response)
            if response.http_status >= 500:
                self.server_errors.append(exchange)
            if credentials is None:
                away = self.about_access(exchange.answer, response)
                self.refusals = self.refusals + 1 if away else 0
                # A code that other faults have, too, says little until it comes again and again.
                if away and (
                    self.refusals > REFUSALS_IN_A_ROW or self.about_access(exchange.answer, response, own=True)
                ):
                    self.turned_away = exchange
        if witness and self.examine is not None:
            self.examine(self, exchange)
        return exchange

    def _read(self, ask: Ask, purpose: str, request: HttpRequest, response: HttpResponse | NoResponse) -> Exchange:
        if isinstance(response, NoResponse):
            return Exchange(ask=ask, purpose=purpose, request=request, response=response, answer=None, rows=None)
        answer = decode_answer(self.listing, response)
        zone = self.zone_of(ask)
        rows = None
        if answer.rows is not None:
            left_out = self._parts_left_out(ask)
            rows = tuple(self.row(tree, zone, left_out) for tree in answer.rows if isinstance(tree, dict))
            if self.one_of_each:
                rows = tuple({row.key: row for row in rows}.values())
            self.widest = max(self.widest, len(rows))
        return Exchange(
            ask=ask, purpose=purpose, request=request, response=response, answer=answer, rows=rows, zone=zone
        )

    def _parts_left_out(self, ask: Ask) -> frozenset[str]:
        """Fields that a switch of the request leaves out: what is empty there says nothing."""
        names: set[str] = set()
        for include in self.listing.includes:
            parameter = self.listing.parameters[include.parameter]
            default = parameter.default is True or parameter.default in parameter.true
            raw = ask.values.get(include.parameter)
            if raw is False or raw in parameter.false or (raw in (None, "") and not default):
                names.update(include.adds)
        return frozenset(names)

    def row(self, tree: Mapping[str, Tree], zone: str, left_out: Set[str] = frozenset()) -> Row:
        """One row of an answer; fields `left_out` count only where they show something all the same."""
        decoded = decode_row(self.listing.fields, tree, zone=_zone(zone), text_carried=self.text)
        if left_out:
            shown = {name: value for name, value in decoded.shown.items() if name not in left_out or value}
            decoded = replace(decoded, shown=shown)
        identity = decoded.shown.get(self.listing.lists.identity)
        if self.evidence.mode == "masked":
            self.evidence.people.add(
                value
                for name, field in self.listing.fields.items()
                if field.shows in PERSONAL and isinstance(value := decoded.shown.get(name), str)
            )
        return Row(
            shown=decoded.shown,
            raw=dict(tree),
            extras=decoded.extras,
            flaws=decoded.flaws,
            key=self._key(identity, decoded.shown, tree),
        )

    def _key(self, identity: object, shown: ShownRow, tree: Mapping[str, Tree]) -> Hashable:
        """What tells a row from others: its identity, however it is written, or all that every answer shows of it."""
        if not self.identity_unique:
            return self._core(shown)
        raw = tree.get(self.listing.lists.identity)
        if identity is None and isinstance(raw, str | int) and not isinstance(raw, bool) and raw != "":
            # Of the wrong type, which is told as such; that it is the same row is beyond doubt.
            text = str(raw)
            return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text
        return identity if identity is not None else self._core(shown)

    def _core(self, shown: ShownRow) -> Hashable:
        """What tells a row without a good identity from others: all that every request shows of it."""
        parts = {name for include in self.listing.includes for name in include.adds} | {self.listing.lists.identity}
        return tuple(sorted((name, _whole(value)) for name, value in shown.items() if name not in parts))

    def zone_of(self, ask: Ask) -> str:
        """The zone in which the answer to a request writes local times."""
        zone = self.listing.zone
        if zone is not None and zone.parameter is not None:
            asked = ask.values.get(zone.parameter)
            if isinstance(asked, str) and asked and asked not in zone.account_words:
                try:
                    zone_named(asked)
                except NotThat:
                    return self.zone
                return asked
        return self.zone

    def _event(self, exchange: Exchange) -> None:
        response = exchange.response
        came = isinstance(response, HttpResponse)
        self.events.append(
            Exchanged(
                number=self.requests,
                phase=self.phase,
                purpose=exchange.purpose,
                method=exchange.request.method,
                url=self.evidence.url(exchange.request),
                http_status=response.http_status,
                seconds=response.seconds,
                reason="" if came else getattr(response, "reason", ""),
                request_headers=tuple((name, self.evidence.text(value)) for name, value in exchange.request.headers),
                request_body=self.evidence.body(exchange.request) if exchange.request.body else "",
                response_headers=tuple((name, self.evidence.text(value)) for name, value in response.headers),
                response_body=self.evidence.text(response.body[:2048].decode("utf-8", "replace"), limit=1500)
                if isinstance(response, HttpResponse)
                else "",
            )
        )

    def about_access(self, answer: Answer | None, response: HttpResponse | None = None, *, own: bool = False) -> bool:
        """Whether an answer turns the asker away: by a documented code of the log-in, or by HTTP 401 or 403.

        With `own` a code counts only where no other fault has it.
        """
        if answer is None or answer.outcome == "success":
            return False
        if response is not None and response.http_status in (401, 403):
            return True
        rules = self.listing.access
        names = (rules.missing_fault, rules.wrong_fault, rules.role_fault)
        known = [fault for name in names if (fault := self.listing.outcome.faults.get(name)) is not None]
        codes = {str(code) for fault in known for code in (fault.code, *fault.codes) if code is not None}
        if own:
            others = [fault for name, fault in self.listing.outcome.faults.items() if name not in names]
            codes -= {str(code) for fault in others for code in (fault.code, *fault.codes)}
        return answer.code is not MISSING and str(answer.code) in codes

    def _clock(self, response: HttpResponse) -> None:
        if self.skew_seconds is not None or self.settings.get("now") is None:
            return
        try:
            then = parsedate_to_datetime(response.header("date") or "")
        except (TypeError, ValueError):
            return
        now: datetime = self.settings["now"]
        if then.tzinfo is not None:
            self.skew_seconds = (then - now.astimezone(UTC)).total_seconds()

    # --- judging --------------------------------------------------------------------------------------------

    def meanings(self, ask: Ask) -> list[tuple[Mapping[str, Any], Meaning]]:
        """What a request can mean under the open choices that are still undecided."""
        found = self.knowledge.branches(lambda pick: interpret(self.spec, ask, pick, zone=self.zone))
        unkept: Set[str] = self.settings.get("unkept", frozenset())
        if not unkept:
            return found
        return [
            (answers, replace(meaning, tests=tuple(test for test in meaning.tests if test[0] not in unkept)))
            for answers, meaning in found
        ]

    def clause(self, clause: ClauseId) -> Clause | None:
        return self.ledger.clauses.get(clause)

    def fail(
        self,
        clauses: Clauses,
        message: str,
        *,
        expected: str,
        actual: str,
        exchange: Exchange | None = None,
        rows: Iterable[str] = (),
        inferred: bool = False,
        aspect: str = "",
        kind: str = "",
        law: bool = False,
        nothing_due: bool = False,
    ) -> None:
        """Records a broken promise under the first of the clauses that is declared; see Breach for the rest."""
        declared = [clause for clause in clauses if clause in self.ledger.clauses]
        if not declared:
            self.notes.append(f"{message}: expected {expected}, got {actual}")
            return
        self.breaches.append(
            Breach(
                clause=declared[0],
                exchange=exchange,
                actual=actual,
                number=self.requests,
                aspect=aspect,
                kind=kind,
                law=law,
                nothing_due=nothing_due,
                either=tuple(declared[1:]) if law else (),
            )
        )
        known = self.ledger.clauses[declared[0]]
        replay = f"callharness check {self.spec.id} --target {self.target} --only {declared[0]} --seed {self.seed}"
        finding = Finding(
            clause=declared[0],
            level=known.level,
            basis="inferred" if inferred else known.basis,
            family=self.ledger.families.get(declared[0], "shape"),
            message=self.evidence.text(message, limit=400),
            expected=self.evidence.text(expected, limit=1000),
            actual=self.evidence.text(actual, limit=1000),
            request=self.evidence.line(exchange.request) if exchange else "",
            curl=self.evidence.curl(exchange.request) if exchange else "",
            response=self.evidence.answer(exchange.response) if exchange else "",
            rows=tuple(rows)[:12],
            replay=replay,
            found_after=self.requests,
        )
        self.ledger.fail(tuple(declared), finding)

    def in_force(self, *parameters: str) -> bool:
        """Whether the version that the server follows knows all of these parameters."""
        versions = self.listing.versions
        if versions is None:
            return True
        left = self.knowledge.known(versions.serves.id) if isinstance(versions.serves, Open) else (versions.serves,)
        if len(left) != 1:
            return True
        place = versions.order.index(left[0])
        sinces = (self.listing.parameters[name].since for name in parameters)
        return all(since is None or versions.order.index(since) <= place for since in sinces)

    def usable(self, *parameters: str) -> bool:
        """Whether none of these parameters is known to be broken."""
        return not any(parameter in self.broken for parameter in parameters)

    def not_judged(self, exchange: Exchange, clauses: Clauses) -> bool:
        """Whether the exchange failed in a way that blames no clause; then the clauses are inconclusive."""
        response = exchange.response
        if isinstance(response, NoResponse):
            if response.reason.startswith("budget:"):
                self.ledger.note(clauses, Verdict.NOT_RUN, f"the budget of {self.out_of_budget} is used up")
            else:
                self.ledger.inconclusive(clauses, f"no answer: {response.reason}")
            return True
        if response.http_status == 429:
            self.ledger.inconclusive(clauses, "rate-limit: the server answered 429")
            return True
        if response.http_status >= 500 and not self._error_is_spoken(exchange):
            self.ledger.inconclusive(clauses, f"the server answered HTTP {response.http_status}")
            return True
        return False

    def _error_is_spoken(self, exchange: Exchange) -> bool:
        """Whether a 5xx carries the API's own error shape (some APIs speak so)."""
        return exchange.answer is not None and exchange.answer.code is not MISSING

    def drain(self) -> list[Event]:
        """The events since the last call."""
        events, self.events = self.events, []
        return events


def _whole(value: object) -> Hashable:
    """A row, or a part of one, as something that can be compared and hashed."""
    if isinstance(value, Mapping):
        return tuple(sorted((name, _whole(inner)) for name, inner in value.items()))
    if isinstance(value, list | tuple):
        return tuple(_whole(item) for item in value)
    if isinstance(value, datetime):
        return ("datetime", str(value.timestamp()))
    return (type(value).__name__, str(value))


def _zone(name: str) -> ZoneInfo:
    try:
        return zone_named(name)
    except NotThat:
        return UTC_ZONE
