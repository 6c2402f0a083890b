"""The control API: changes world, clock and faults of a running simulation. On a port of its own, with a token."""

from __future__ import annotations

import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, final
from urllib.parse import parse_qsl, unquote

from harness.errors import HarnessError
from harness.integers import is_integer
from harness.output.escaping import visible_text
from harness.serve.api_router import Router
from harness.serve.control.request_log import RequestLog, entry_as_json
from harness.serve.faults.catalogue import Fault, faults_of, find_faults, parse_faults
from harness.serve.faults.transport import (
    TRANSPORT_FAULT_KINDS,
    TRANSPORT_PREFIX,
    is_transport_fault,
    parse_transport_fault,
    split_api_and_fault,
)
from harness.serve.http.application import Application, Simulation, make_faulty_transports
from harness.serve.http.connection import ConnectionManager, plain_response
from harness.serve.http.limits import ServerLimits
from harness.serve.http.server import LOOPBACK_NAMES, HttpServer, open_listening_socket
from harness.serve.simulator import Simulator
from harness.specification.load import Spec
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.telephony.enums import Disposition
from harness.telephony.records import Record, call_record
from harness.wire.decoded_body import ADVISORY_CODES
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import decode_json
from harness.world.clock import Clock, FrozenClock, LiveClock, ScaledClock
from harness.world.world import World

Json: TypeAlias = "dict[str, Any]"
SimulatorFactory: TypeAlias = "Callable[[World, Mapping[str, Sequence[Fault]]], Sequence[Simulator]]"

# A world of records may be large.
_CONTROL_LIMITS: Final = ServerLimits(body_bytes=64 * 1024 * 1024, body_seconds=60.0, connections=50)
_MOST_CALLS: Final = 10_000_000
_INSTANT_PATTERN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?", re.ASCII
)


class ControlRequestError(Exception):
    """A request that the control API refuses, with the HTTP status it gets."""

    def __init__(self, why: str, http_status: int = 400) -> None:
        super().__init__(why)
        self.http_status = http_status


@final
@dataclass(frozen=True, slots=True)
class ControlState:
    """The world, the clock, the faults and the injected calls that the control API has set."""

    world: World
    clock: Clock
    faults: tuple[str, ...]
    # The JSON of each injected call by its id: ending a call builds its record anew from it.
    injected_calls: Mapping[int, Json]


@final
class ControlApi:
    """The handlers of the control API. One change at a time; simulated APIs see each change whole or not at all."""

    def __init__(
        self,
        application: Application,
        *,
        make: SimulatorFactory,
        world: World,
        faults: Sequence[str] = (),
        seed: int = 1,
        token: str,
        log: RequestLog,
    ) -> None:
        """`make` gives the simulators of a world with faults, `faults` are those at the start, as `API:NAME`."""
        self._application = application
        self._make_simulators = make
        self._seed = seed
        self._token = token.encode()
        self._log = log
        self._specs: dict[str, Spec] = {
            one.documented_spec.id: one.documented_spec for one in application.simulation.router.simulators
        }
        self._initial_state = ControlState(
            world=world, clock=application.simulation.clock, faults=tuple(faults), injected_calls={}
        )
        self._state = self._initial_state
        self._lock = threading.Lock()

    # --- access -------------------------------------------------------------------------------------------

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request; never raises."""
        if request.header("origin") is not None:
            return plain_response(403, "no page of a browser may ask this")
        if not self._has_valid_token(request.header("authorization")):
            refused = plain_response(401, "Authorization: Bearer TOKEN is wanted; `serve` printed the token")
            return replace(refused, headers=(*refused.headers, ("WWW-Authenticate", "Bearer")))
        try:
            return self._dispatch_request(request)
        except ControlRequestError as problem:
            return _json_response(problem.http_status, {"error": visible_text(str(problem), limit=1000)})
        except HarnessError as problem:
            return _json_response(400, {"error": visible_text(str(problem), limit=2000, multiline=True)})
        except Exception as problem:
            return _json_response(500, {"error": visible_text(f"{type(problem).__name__}: {problem}", limit=300)})

    def _has_valid_token(self, header: str | None) -> bool:
        scheme, _, token = (header or "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode("latin-1"), self._token)

    def _dispatch_request(self, request: HttpRequest) -> HttpResponse:
        path = request.path.decode("ascii")
        here = [(route, found) for route in ROUTES if (found := route.pattern.fullmatch(path))]
        if not here:
            raise ControlRequestError("no such route; /openapi.json lists them", 404)
        for route, found in here:
            if route.method == request.method:
                inside = RouteRequest(
                    name=unquote(found.groupdict().get("name") or ""),
                    query=dict(parse_qsl(request.query.decode("ascii"), max_num_fields=20)),
                    body=request.body,
                )
                return _json_response(200, route.handler(self, inside))
        allowed = ", ".join(route.method for route, _ in here)
        refused = _json_response(405, {"error": f"this route takes {allowed}"})
        return replace(refused, headers=(*refused.headers, ("Allow", allowed)))

    # --- routes ---------------------------------------------------------------------------------------------

    def describe(self, request: RouteRequest) -> Json:
        """This document."""
        return build_control_openapi()

    def state(self, request: RouteRequest) -> Json:
        """What is played."""
        state = self._state
        return {
            "apis": list(self._specs),
            "clock": self._clock_as_json(state.clock),
            "faults": list(state.faults),
            "calls": sorted(state.injected_calls),
        }

    def reset(self, request: RouteRequest) -> Json:
        """World, faults and clock as they were at the start; injected calls and the request log are gone."""
        with self._lock:
            self._apply_state(self._initial_state)
            self._log.clear()
        return self.state(request)

    def clock(self, request: RouteRequest) -> Json:
        """Which kind of clock runs, and at which instant the world is."""
        return self._clock_as_json(self._state.clock)

    def set_clock(self, request: RouteRequest) -> Json:
        """Another instant, another kind of clock, or both."""
        body = request.json_object("instant", "kind", "factor")
        with self._lock:
            now = self._application.wall_clock()
            old = self._state.clock
            kind = body.get(
                "kind", _clock_kind_of(old) if _clock_kind_of(old) != "live" or "instant" not in body else "scaled"
            )
            at = _decode_instant(body["instant"]) if "instant" in body else old.instant_at(now)
            if kind == "frozen":
                new: Clock = FrozenClock(at)
            elif kind == "live":
                if "instant" in body:
                    raise ControlRequestError(
                        "a live clock shows the machine's time; with an instant, take scaled and factor 1"
                    )
                new = LiveClock()
            elif kind == "scaled":
                factor = body.get("factor", old.factor if isinstance(old, ScaledClock) else 1)
                if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor <= 1e6:
                    raise ControlRequestError("factor is a number above 0, at most 1000000")
                new = ScaledClock(began=now, instant=at, factor=float(factor))
            else:
                raise ControlRequestError("kind is frozen, live or scaled")
            self._apply_state(replace(self._state, clock=new))
        return self._clock_as_json(new)

    def step_clock(self, request: RouteRequest) -> Json:
        """So many seconds later (or, below zero, earlier); a frozen clock stays frozen."""
        body = request.json_object("seconds")
        seconds = body.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) <= 1e9:
            raise ControlRequestError("seconds is a number")
        with self._lock:
            now = self._application.wall_clock()
            old = self._state.clock
            at = old.instant_at(now) + timedelta(seconds=seconds)
            match old:
                case FrozenClock():
                    new: Clock = FrozenClock(at)
                case LiveClock():
                    new = ScaledClock(began=now, instant=at)
                case ScaledClock():
                    new = ScaledClock(began=now, instant=at, factor=old.factor)
            self._apply_state(replace(self._state, clock=new))
        return self._clock_as_json(new)

    def faults(self, request: RouteRequest) -> Json:
        """The faults that are on; with `available=1` also those that could be."""
        found: Json = {"faults": list(self._state.faults)}
        if request.query.get("available") == "1":
            found["available"] = [
                f"{api}:{fault.id}" for api, spec in self._specs.items() for fault in faults_of(spec)
            ]
            found["transport"] = {
                TRANSPORT_PREFIX + name: f"{kind.description}; {kind.value_syntax}"
                for name, kind in TRANSPORT_FAULT_KINDS.items()
            }
        return found

    def add_fault(self, request: RouteRequest) -> Json:
        """One fault more: `API:CLAUSE/NAME` or `API:transport/NAME=VALUE`."""
        text = request.json_object("fault").get("fault")
        if not isinstance(text, str):
            raise ControlRequestError("fault is a text such as API:CLAUSE/NAME")
        with self._lock:
            api, name = self._resolve_fault_name(text)
            full = f"{api}:{name}"
            if full not in self._state.faults:
                self._apply_state(replace(self._state, faults=(*self._state.faults, full)))
        return {"faults": list(self._state.faults), "added": full}

    def remove_faults(self, request: RouteRequest) -> Json:
        """No fault any more, or not the one in the query's `fault`."""
        with self._lock:
            if "fault" in request.query:
                full = ":".join(self._resolve_fault_name(request.query["fault"]))
                if full not in self._state.faults:
                    raise ControlRequestError("that fault is not on", 404)
                remaining = tuple(fault for fault in self._state.faults if fault != full)
            else:
                remaining = ()
            self._apply_state(replace(self._state, faults=remaining))
        return {"faults": list(self._state.faults)}

    def calls(self, request: RouteRequest) -> Json:
        """The calls that were injected."""
        return {"calls": [_encode_call(given) for _, given in sorted(self._state.injected_calls.items())]}

    def inject(self, request: RouteRequest) -> Json:
        """One call more. Without `started_at` it begins now, without `ended_at` it lasts."""
        body = request.json_object(*_CALL_KEYS)
        with self._lock:
            body.setdefault("started_at", self._current_instant().isoformat())
            given = _decode_call(body)
            call_id = int(given["call_id"])
            self._apply_state(self._state_with_call(call_id, given))
        return {"call": _encode_call(given)}

    def end(self, request: RouteRequest) -> Json:
        """End an injected call, now or at the `ended_at` of the body."""
        body = request.json_object("ended_at", "disposition") if request.body else {}
        with self._lock:
            call_id = self._require_injected_call(request.name)
            body.setdefault("ended_at", self._current_instant().isoformat())
            given = _decode_call({**_encode_call(self._state.injected_calls[call_id]), **body})
            self._apply_state(self._state_with_call(call_id, given))
        return {"call": _encode_call(given)}

    def remove(self, request: RouteRequest) -> Json:
        """Take an injected call away, as if it had never been."""
        with self._lock:
            call_id = self._require_injected_call(request.name)
            state = self._state
            remaining = {other: given for other, given in state.injected_calls.items() if other != call_id}
            self._apply_state(replace(state, world=state.world.without_calls([call_id]), injected_calls=remaining))
        return {"calls": sorted(self._state.injected_calls)}

    def load(self, request: RouteRequest) -> Json:
        """Another world: `calls` made from `seed` until `instant`, or exactly the `records` given."""
        body = request.json_object("seed", "calls", "instant", "records")
        records = body.get("records")
        with self._lock:
            at = _decode_instant(body["instant"]) if "instant" in body else self._initial_state.world.instant
            given: dict[int, Json] = {}
            if records is not None:
                if {"seed", "calls"} & body.keys() or not isinstance(records, list):
                    raise ControlRequestError("records is a list of calls, without seed and calls")
                for record in records:
                    one = _decode_call(record)
                    given[int(one["call_id"])] = one
                world = World.from_records([_build_call_record(one) for one in given.values()], instant=at)
            else:
                calls, seed = body.get("calls", 2000), body.get("seed", self._seed)
                if any(not is_integer(number) for number in (calls, seed)):
                    raise ControlRequestError("seed and calls are integers")
                if not 0 <= calls <= _MOST_CALLS:
                    raise ControlRequestError(f"calls is 0 to {_MOST_CALLS}")
                world = World.of(seed=seed, calls=calls, instant=at)
            clock = FrozenClock(at) if isinstance(self._state.clock, FrozenClock) else self._state.clock
            self._apply_state(replace(self._state, world=world, injected_calls=given, clock=clock))
        return self.state(request)

    def requests(self, request: RouteRequest) -> Json:
        """The last requests to the simulated APIs (`limit` of them), without secrets."""
        limit = request.query.get("limit", "100")
        if not re.fullmatch(r"[0-9]{1,6}", limit, re.ASCII):
            raise ControlRequestError("limit is a number")
        return {"requests": [entry_as_json(entry) for entry in self._log.last_entries(int(limit))]}

    def forget(self, request: RouteRequest) -> Json:
        """Empty the request log."""
        self._log.clear()
        return {"requests": []}

    # --- changing -------------------------------------------------------------------------------------------

    def _apply_state(self, state: ControlState) -> None:
        """Build the simulators of a state and put them in place of the old ones, in one assignment."""
        simulation, old = self._application.simulation, self._state
        if (state.world, state.faults) != (old.world, old.faults):
            clause_faults, transport_faults = parse_faults(self._specs, state.faults, where="fault")
            simulators = self._make_simulators(state.world, clause_faults)
            at = state.clock.instant_at(self._application.wall_clock())
            for simulator in simulators:
                simulator.warm(at)
            simulation = Simulation(
                router=Router.of(simulators),
                clock=state.clock,
                transports=make_faulty_transports(transport_faults, seed=self._seed),
            )
        self._application.simulation = replace(simulation, clock=state.clock)
        self._state = state

    def _resolve_fault_name(self, text: str) -> tuple[str, str]:
        """The API and the full name of a fault written `API:NAME`. Raises ControlRequestError or UsageProblem."""
        api, name = split_api_and_fault(text)
        if api not in self._specs:
            raise ControlRequestError(f"a fault is API:NAME with an API of {', '.join(self._specs)}")
        return api, parse_transport_fault(name).id if is_transport_fault(name) else find_faults(
            self._specs[api], name
        )[0].id

    def _state_with_call(self, call_id: int, given: Json) -> ControlState:
        state = self._state
        return replace(
            state,
            world=state.world.with_records([_build_call_record(given)]),
            injected_calls={**state.injected_calls, call_id: given},
        )

    def _require_injected_call(self, text: str) -> int:
        call_id = int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else -1
        if call_id not in self._state.injected_calls:
            raise ControlRequestError("only calls that were injected can be changed, and this is none", 404)
        return call_id

    def _current_instant(self) -> datetime:
        return self._state.clock.instant_at(self._application.wall_clock())

    def _clock_as_json(self, clock: Clock) -> Json:
        tree: Json = {
            "kind": _clock_kind_of(clock),
            "instant": clock.instant_at(self._application.wall_clock()).isoformat(),
        }
        return tree | ({"factor": clock.factor} if isinstance(clock, ScaledClock) else {})


def _clock_kind_of(clock: Clock) -> str:
    match clock:
        case FrozenClock():
            return "frozen"
        case LiveClock():
            return "live"
        case ScaledClock():
            return "scaled"


# --- values -------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """The parts of a request that a route reads: the name in its path, its query, its body."""

    name: str
    query: Mapping[str, str]
    body: bytes

    def json_object(self, *keys: str) -> Json:
        """The body as an object of these keys only. Raises ControlRequestError."""
        decoded = decode_json(self.body)
        if not isinstance(decoded.tree, dict) or {problem.code for problem in decoded.problems} - ADVISORY_CODES:
            raise ControlRequestError("the body is a JSON object")
        unknown = decoded.tree.keys() - set(keys)
        if unknown:
            raise ControlRequestError(f"no meaning here: {', '.join(sorted(unknown))}; known are {', '.join(keys)}")
        found: Json = json.loads(json.dumps(decoded.tree, default=float))
        return found


_RECORD_ARGUMENTS: Final = ("call_id", "started_at", "ringing_at", "answered_at", "ended_at", "disposition")
_FLAT_ATTRIBUTES: Final = tuple(
    name for name, one in ATTRIBUTES[Grain.CALL].items() if one.kind is not AttributeKind.ROWS
)
_CALL_KEYS: Final = tuple(dict.fromkeys((*_RECORD_ARGUMENTS, *_FLAT_ATTRIBUTES)))


def _decode_call(tree: object) -> Json:
    """The keyword arguments of `call_record`, from JSON. Raises ControlRequestError."""
    if not isinstance(tree, dict):
        raise ControlRequestError("a call is an object")
    found: Json = {}
    for name, value in tree.items():
        if name not in _CALL_KEYS:
            raise ControlRequestError(f"a call has no {name}; known are {', '.join(_CALL_KEYS)}")
        if value is None:
            continue
        found[name] = _decode_attribute(name, ATTRIBUTES[Grain.CALL][name].kind, value)
    if "call_id" not in found or "started_at" not in found:
        raise ControlRequestError("a call has a call_id and a started_at")
    words = {word.value for word in Disposition}
    if "disposition" in found and found["disposition"] not in words:
        raise ControlRequestError(f"disposition is one of {', '.join(sorted(words))}")
    _build_call_record(found)
    return found


def _decode_attribute(name: str, kind: AttributeKind, value: object) -> Any:
    match kind:
        case AttributeKind.INSTANT:
            return _decode_instant(value)
        case AttributeKind.INTEGER:
            fits = is_integer(value) and abs(value) < 2**62
        case AttributeKind.DECIMAL | AttributeKind.SECONDS:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            value = float(value) if fits else value  # type: ignore[arg-type]
        case AttributeKind.FLAG:
            fits = isinstance(value, bool)
        case AttributeKind.TEXT | AttributeKind.WORD:
            words = ATTRIBUTES[Grain.CALL][name].words
            fits = isinstance(value, str) and len(value) <= 4096 and (not words or value in words)
        case AttributeKind.TEXT_LIST:
            fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
            value = tuple(value) if isinstance(value, list) else value
        case AttributeKind.ROWS:
            fits = False
    if not fits:
        raise ControlRequestError(f"{name}: no {kind.value}")
    return value


def _decode_instant(value: object) -> datetime:
    if not isinstance(value, str) or not _INSTANT_PATTERN.fullmatch(value):
        raise ControlRequestError("an instant is a text such as 2026-03-02T14:30:00Z")
    try:
        found = datetime.fromisoformat(value)
        found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return found.astimezone(UTC).replace(microsecond=found.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        raise ControlRequestError("an instant is a text such as 2026-03-02T14:30:00Z") from None


def _build_call_record(given: Json) -> Record:
    try:
        values = dict(given)
        disposition = values.pop("disposition", None)
        return call_record(**values, disposition=None if disposition is None else Disposition(disposition))
    except (ValueError, TypeError, OverflowError) as problem:
        raise ControlRequestError(str(problem)) from None


def _encode_call(given: Json) -> Json:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()}


def _json_response(http_status: int, tree: Json) -> HttpResponse:
    body = json.dumps(tree, ensure_ascii=True, allow_nan=False, indent=1).encode() + b"\n"
    return HttpResponse(http_status=http_status, headers=(("Content-Type", "application/json"),), body=body)


# --- the table ----------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Route:
    """One route of the control API: method, path and handler; `body_schema` is the JSON Schema of its body."""

    method: str
    path: str
    handler: Callable[[ControlApi, RouteRequest], Json]
    body_schema: Json | None = None
    query_names: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of request paths that this route answers."""
        return re.compile(re.escape(self.path).replace(r"\{name\}", r"(?P<name>[^/]{1,200})"))


def _object_schema(*needed: str, **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(needed), "additionalProperties": False}


_TEXT_SCHEMA: Final[Json] = {"type": "string"}
_TIME_SCHEMA: Final[Json] = {"type": "string", "format": "date-time"}
_NUMBER_SCHEMA: Final[Json] = {"type": "number"}
_INTEGER_SCHEMA: Final[Json] = {"type": "integer"}


def _call_schema() -> Json:
    shapes: dict[AttributeKind, Json] = {
        AttributeKind.INSTANT: _TIME_SCHEMA,
        AttributeKind.INTEGER: _INTEGER_SCHEMA,
        AttributeKind.DECIMAL: _NUMBER_SCHEMA,
        AttributeKind.SECONDS: _NUMBER_SCHEMA,
        AttributeKind.FLAG: {"type": "boolean"},
        AttributeKind.TEXT_LIST: {"type": "array", "items": _TEXT_SCHEMA},
    }
    return _object_schema(
        "call_id", **{name: shapes.get(ATTRIBUTES[Grain.CALL][name].kind, _TEXT_SCHEMA) for name in _CALL_KEYS}
    )


ROUTES: Final = (
    Route("GET", "/openapi.json", ControlApi.describe),
    Route("GET", "/state", ControlApi.state),
    Route("POST", "/reset", ControlApi.reset),
    Route("GET", "/clock", ControlApi.clock),
    Route(
        "PUT",
        "/clock",
        ControlApi.set_clock,
        _object_schema(instant=_TIME_SCHEMA, kind={"enum": ["frozen", "live", "scaled"]}, factor=_NUMBER_SCHEMA),
    ),
    Route("POST", "/clock/step", ControlApi.step_clock, _object_schema("seconds", seconds=_NUMBER_SCHEMA)),
    Route("GET", "/faults", ControlApi.faults, query_names=("available",)),
    Route("POST", "/faults", ControlApi.add_fault, _object_schema("fault", fault=_TEXT_SCHEMA)),
    Route("DELETE", "/faults", ControlApi.remove_faults, query_names=("fault",)),
    Route("GET", "/calls", ControlApi.calls),
    Route("POST", "/calls", ControlApi.inject, _call_schema()),
    Route(
        "POST", "/calls/{name}/end", ControlApi.end, _object_schema(ended_at=_TIME_SCHEMA, disposition=_TEXT_SCHEMA)
    ),
    Route("DELETE", "/calls/{name}", ControlApi.remove),
    Route(
        "PUT",
        "/world",
        ControlApi.load,
        _object_schema(
            seed=_INTEGER_SCHEMA,
            calls=_INTEGER_SCHEMA,
            instant=_TIME_SCHEMA,
            records={"type": "array", "items": _call_schema()},
        ),
    ),
    Route("GET", "/requests", ControlApi.requests, query_names=("limit",)),
    Route("DELETE", "/requests", ControlApi.forget),
)


def build_control_openapi() -> Json:
    """The control API as an OpenAPI document."""
    paths: dict[str, Json] = {}
    refusals = {
        str(status): {"description": text}
        for status, text in ((400, "the request is wrong"), (401, "no token"), (403, "asked by a page"))
    }
    for route in ROUTES:
        lines = (route.handler.__doc__ or "").strip()
        operation: Json = {
            "operationId": route.handler.__name__,
            "summary": lines,
            "responses": {
                "200": {"description": "done", "content": {"application/json": {"schema": {"type": "object"}}}},
                **refusals,
            },
        }
        parameters: list[Json] = [{"name": name, "in": "query", "schema": _TEXT_SCHEMA} for name in route.query_names]
        if "{name}" in route.path:
            parameters.append({"name": "name", "in": "path", "schema": _TEXT_SCHEMA, "required": True})
        if parameters:
            operation["parameters"] = parameters
        if route.body_schema is not None:
            operation["requestBody"] = {"content": {"application/json": {"schema": route.body_schema}}}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "callharness control", "version": "1"},
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "paths": paths,
    }


# --- serving ------------------------------------------------------------------------------------------------


@contextmanager
def serve_control(control: ControlApi, *, port: int = 0, log: Callable[[str], None] | None = None) -> Iterator[str]:
    """The control API on a loopback port while the block runs; gives its URL. Raises UsageProblem for a busy port."""
    manager = ConnectionManager(control.respond, limits=_CONTROL_LIMITS, hosts=frozenset(LOOPBACK_NAMES), log=log)
    http_server = HttpServer(manager, open_listening_socket("127.0.0.1", port), log=log)
    thread = threading.Thread(target=http_server.run, name="callharness-control", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http_server.port}"
    finally:
        http_server.stop()
        thread.join(timeout=10)
