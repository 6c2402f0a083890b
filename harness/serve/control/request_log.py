"""The bounded log of the requests that a simulator got, without secrets, each with the clauses it exercised."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Final, final

from harness.output.escaping import visible_text
from harness.output.redaction import Redactor
from harness.serve.control.shown_target import shown_target
from harness.specification.clause_families import constructs_of
from harness.specification.load import Spec
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest, credential_parameters

if TYPE_CHECKING:
    from harness.serve.http.application import ServedExchange

_LONGEST_TARGET: Final = 2000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One logged exchange: secrets are masked, and control characters of every text are escaped."""

    number: int
    at: datetime
    world_at: datetime
    api: str
    method: str
    target: str
    parameters: tuple[str, ...]
    fault: str
    http_status: int
    body_bytes: int
    clauses: tuple[str, ...]
    world: str = ""

    @property
    def line(self) -> str:
        """The entry as one line of text."""
        what = f"{self.http_status} {self.method} {self.target} {self.body_bytes} B"
        more = [self.api or "no API", self.fault, " ".join(self.clauses)]
        return " · ".join((what, *filter(None, more)))


@final
class RequestLog:
    """The last `size` exchanges. `redact` masks known secrets before anything is stored, `tell` gets each line.

    Values of parameters that the API's specification does not name are masked, too.
    """

    def __init__(
        self,
        *,
        size: int = 1000,
        redact: Callable[[str], str] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=size)
        self._redact = redact or Redactor(()).redact
        self._write_line = tell
        self._clause_tables: dict[str, ClauseTable] = {}
        self._last_number = 0
        self._lock = Lock()

    def record_exchange(self, served: ServedExchange) -> None:
        """Store an exchange, and pass its line to `tell`, if there is one."""
        spec, ask = served.spec, served.list_request
        table = None
        if spec is not None:
            table = self._clause_tables.get(spec.id)
            if table is None:
                table = self._clause_tables[spec.id] = ClauseTable(spec)
        target = shown_target(
            served.request.target.decode("latin-1"),
            known=table.known_names if table is not None else frozenset(),
            secret=table.secret_names if table is not None else frozenset(),
            redact=self._redact,
        )
        given = ask.values if isinstance(ask, ListRequest) else {}
        fault = ask.fault if isinstance(ask, RefusedRequest) else ""
        with self._lock:
            self._last_number += 1
            entry = LogEntry(
                number=self._last_number,
                at=served.at,
                world_at=served.world_at,
                api=served.api,
                method=visible_text(self._redact(served.request.method), limit=40),
                target=visible_text(target, limit=_LONGEST_TARGET),
                parameters=tuple(visible_text(name, limit=100) for name in given),
                fault=fault,
                http_status=served.response.http_status,
                body_bytes=len(served.response.body),
                clauses=table.exercised_clauses(given, fault) if table is not None else (),
                world=served.world,
            )
            self._entries.append(entry)
        if self._write_line is not None:
            self._write_line(entry.line)

    def last_entries(self, count: int, world: str = "") -> tuple[LogEntry, ...]:
        """The last `count` entries about a world, the oldest first."""
        with self._lock:
            entries = tuple(entry for entry in self._entries if entry.world == world)
        return entries[-count:] if count else ()

    def clear(self, world: str = "") -> None:
        """Forget the entries about a world; entry numbers go on."""
        with self._lock:
            kept = [entry for entry in self._entries if entry.world != world]
            self._entries.clear()
            self._entries.extend(kept)


@final
class ClauseTable:
    """The clauses of one spec by the parameter or the fault they speak of."""

    def __init__(self, spec: Spec) -> None:
        listing, routing = spec.listing, spec.listing.transport.routing
        routed = () if routing is None or routing.parameter is None else (routing.parameter,)
        self.known_names = frozenset(listing.parameters) | credential_parameters(listing.access) | {*routed}
        self.secret_names = credential_parameters(listing.access) - {listing.access.user or ""}
        self._by_parameter: dict[str, tuple[str, ...]] = {}
        self._by_fault: dict[str, tuple[str, ...]] = {}
        for construct in constructs_of(spec):
            part, *rest = construct.path
            if not rest:
                continue
            table = {"parameters": self._by_parameter, "filters": self._by_parameter}.get(str(part))
            if table is None and part == "outcome" and len(rest) > 1 and rest[0] == "faults":
                table, rest = self._by_fault, rest[1:]
            if table is not None:
                name = str(rest[0])
                table[name] = (*table.get(name, ()), *map(str, construct.clauses))

    def exercised_clauses(self, given: Iterable[str], fault: str) -> tuple[str, ...]:
        """The clauses that a request touches, as far as its parameters tell."""
        found = [clause for name in given for clause in self._by_parameter.get(name, ())]
        return tuple(dict.fromkeys((*found, *self._by_fault.get(fault, ()))))


def entry_as_json(entry: LogEntry) -> Mapping[str, object]:
    """A log entry as the control API shows it."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "world_at": entry.world_at.isoformat(),
        "api": entry.api,
        "method": entry.method,
        "target": entry.target,
        "parameters": list(entry.parameters),
        "fault": entry.fault,
        "http_status": entry.http_status,
        "body_bytes": entry.body_bytes,
        "clauses": list(entry.clauses),
    }
