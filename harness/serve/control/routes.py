"""The control API: changes world, clock and faults of a running simulation. On a port of its own, with a token."""

from __future__ import annotations

import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias, final
from urllib.parse import parse_qsl, unquote

from harness.errors import HarnessError
from harness.output.escaping import visible_text
from harness.serve.api_router import Router
from harness.serve.control.call_values import (
    CALL_KEYS,
    ControlRequestError,
    Json,
    build_call_record,
    decode_call,
    decode_instant,
    encode_call,
)
from harness.serve.control.request_log import RequestLog, entry_as_json
from harness.serve.control.state import (
    ControlState,
    clock_kind,
    decode_snapshot,
    encode_clock,
    encode_snapshot,
    make_clock,
    make_world,
    require_reach,
)
from harness.serve.faults.catalogue import Fault, faults_of, find_faults, parse_faults
from harness.serve.faults.transport import (
    TRANSPORT_FAULT_KINDS,
    TRANSPORT_PREFIX,
    is_transport_fault,
    parse_transport_fault,
    split_api_and_fault,
)
from harness.serve.http.application import Application, Simulation, make_faulty_transports
from harness.serve.http.certificates import LOOPBACK_NAMES
from harness.serve.http.connection import ConnectionManager, plain_response
from harness.serve.http.limits import DEFAULT_LIMITS, ServerLimits
from harness.serve.http.server import HttpServer, open_listening_socket
from harness.serve.http.world_choice import WORLD_NAME, choose_world
from harness.serve.simulator import Simulator
from harness.specification.load import Spec
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain
from harness.wire.decoded_body import ADVISORY_CODES
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import decode_json
from harness.world.clock import FrozenClock, ScaledClock
from harness.world.world import World

SimulatorFactory: TypeAlias = "Callable[[World, Mapping[str, Sequence[Fault]]], Sequence[Simulator]]"

# A world of records may be large; all other bodies are as on the port of the simulated APIs.
_LARGEST_WORLD_BYTES: Final = 16 * 2**20
_LARGE_PATHS: Final = (b"/world", b"/snapshot")
_CONTROL_LIMITS: Final = ServerLimits(body_bytes=_LARGEST_WORLD_BYTES, body_seconds=60.0, connections=50)
_MOST_WORLDS: Final = 200
_WORLD_MEMORY_BYTES: Final = 2 * 2**20
# By which a relay tells all workers the same time.
NOW_HEADER: Final = "callharness-now"


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
        relayed: bool = False,
    ) -> None:
        """`make` gives the simulators of a world with faults, `faults` are those at the start, as `API:NAME`.

        With `relayed` it goes by the time that requests tell: several processes make the same change.
        """
        self._application = application
        self._make_simulators = make
        self._seed = seed
        self._token = token.encode()
        self._log = log
        self._relayed = relayed
        self._specs: dict[str, Spec] = {
            one.documented_spec.id: one.documented_spec for one in application.simulation.router.simulators
        }
        self._initial_state = ControlState(
            world=world, clock=application.simulation.clock, faults=tuple(faults), injected_calls={}
        )
        self._initial_simulation = application.simulation
        self._states = {"": self._initial_state}
        application.worlds = {}
        self._lock = threading.Lock()

    # --- access -------------------------------------------------------------------------------------------

    def refuse(self, request: HttpRequest) -> HttpResponse | None:
        """The refusal of who may not ask, told from the head of a request alone."""
        return refuse_stranger(request, self._token)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request; never raises."""
        refused = self.refuse(request)
        if refused is not None:
            return refused
        try:
            return self._dispatch_request(request)
        except ControlRequestError as problem:
            return _json_response(problem.http_status, {"error": visible_text(str(problem), limit=1000)})
        except HarnessError as problem:
            return _json_response(400, {"error": visible_text(str(problem), limit=2000, multiline=True)})
        except Exception as problem:
            return _json_response(500, {"error": visible_text(f"{type(problem).__name__}: {problem}", limit=300)})

    def _dispatch_request(self, asked: HttpRequest) -> HttpResponse:
        world, request = choose_world(asked)
        path = request.path.decode("ascii")
        here = [(route, found) for route in ROUTES if (found := route.pattern.fullmatch(path))]
        if not here:
            raise ControlRequestError("no such route; /openapi.json lists them", 404)
        for route, found in here:
            if route.method == request.method:
                told = request.header(NOW_HEADER) if self._relayed else None
                inside = RouteRequest(
                    name=unquote(found.groupdict().get("name") or ""),
                    query=dict(parse_qsl(request.query.decode("ascii"), max_num_fields=20)),
                    body=request.body,
                    world=world,
                    now=datetime.fromisoformat(told) if told else self._application.wall_clock(),
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
        state = self._state_of(request)
        return {
            "apis": list(self._specs),
            "clock": encode_clock(state, request.now),
            "faults": list(state.faults),
            "calls": sorted(state.injected_calls),
        }

    def reset(self, request: RouteRequest) -> Json:
        """World, faults and clock as they were at the start; injected calls and the request log are gone."""
        with self._lock:
            self._apply_state(request, self._initial_state)
            self._log.clear(request.world)
        return self.state(request)

    def worlds(self, request: RouteRequest) -> Json:
        """The names of the worlds beside the first one."""
        return {"worlds": sorted(name for name in self._states if name)}

    def open_world(self, request: RouteRequest) -> Json:
        """A world of that name, as the first one was at the start."""
        if not WORLD_NAME.fullmatch(request.name):
            raise ControlRequestError("the name of a world has 1 to 64 letters, digits, dots, dashes and underscores")
        with self._lock:
            if request.name not in self._states and len(self._states) > _MOST_WORLDS:
                raise ControlRequestError(f"at most {_MOST_WORLDS} worlds at a time; DELETE those that are done", 409)
            self._states[request.name] = self._initial_state
            small = replace(self._first_simulation(), memory_bytes=_WORLD_MEMORY_BYTES)
            self._put_simulation(request.name, small)
            self._log.clear(request.name)
        return self.worlds(request)

    def close_world(self, request: RouteRequest) -> Json:
        """Take a world away; requests that name it get 404."""
        with self._lock:
            if not request.name or self._states.pop(request.name, None) is None:
                raise ControlRequestError("no world of that name", 404)
            worlds = self._application.worlds or {}
            self._application.worlds = {name: one for name, one in worlds.items() if name != request.name}
            self._log.clear(request.name)
        return self.worlds(request)

    def snapshot(self, request: RouteRequest) -> Json:
        """World, injected calls, clock and faults as a document that PUT takes back."""
        return encode_snapshot(self._state_of(request), request.now)

    def restore(self, request: RouteRequest) -> Json:
        """Everything as in a document that GET gave; a clock that runs goes on from the instant there."""
        body = request.json_object("world", "calls", "clock", "faults")
        with self._lock:
            state = decode_snapshot(body, self._initial_state.world, request.now)
            faults = tuple(":".join(self._resolve_fault_name(text)) for text in state.faults)
            self._apply_state(request, replace(state, faults=faults))
        return self.state(request)

    def clock(self, request: RouteRequest) -> Json:
        """Which kind of clock runs, and at which instant the world is."""
        return encode_clock(self._state_of(request), request.now)

    def set_clock(self, request: RouteRequest) -> Json:
        """Another instant, another kind of clock, or both."""
        body = request.json_object("instant", "kind", "factor")
        with self._lock:
            state = self._state_of(request)
            old = state.clock
            kind = body.get(
                "kind", clock_kind(old) if clock_kind(old) != "live" or "instant" not in body else "scaled"
            )
            if kind == "live" and "instant" in body:
                raise ControlRequestError(
                    "a live clock shows the machine's time; with an instant, take scaled and factor 1"
                )
            at = decode_instant(body["instant"]) if "instant" in body else state.instant_at(request.now)
            factor = body.get("factor", old.factor if isinstance(old, ScaledClock) else 1)
            changed = replace(state, clock=make_clock(kind, at, factor, request.now, state.world))
            self._apply_state(request, changed)
        return encode_clock(changed, request.now)

    def step_clock(self, request: RouteRequest) -> Json:
        """So many seconds later (or, below zero, earlier); a frozen clock stays frozen."""
        body = request.json_object("seconds")
        seconds = body.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) <= 1e9:
            raise ControlRequestError("seconds is a number")
        with self._lock:
            state = self._state_of(request)
            try:
                at = state.instant_at(request.now) + timedelta(seconds=seconds)
            except OverflowError:
                raise ControlRequestError("no clock shows an instant so far away") from None
            kind = "frozen" if isinstance(state.clock, FrozenClock) else "scaled"
            factor = state.clock.factor if isinstance(state.clock, ScaledClock) else 1
            changed = replace(state, clock=make_clock(kind, at, factor, request.now, state.world))
            self._apply_state(request, changed)
        return encode_clock(changed, request.now)

    def faults(self, request: RouteRequest) -> Json:
        """The faults that are on; with `available=1` also those that could be."""
        found: Json = {"faults": list(self._state_of(request).faults)}
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
            state = self._state_of(request)
            full = ":".join(self._resolve_fault_name(text))
            faults = state.faults if full in state.faults else (*state.faults, full)
            self._apply_state(request, replace(state, faults=faults))
        return {"faults": list(faults), "added": full}

    def remove_faults(self, request: RouteRequest) -> Json:
        """No fault any more, or not the one in the query's `fault`."""
        remaining: tuple[str, ...] = ()
        with self._lock:
            state = self._state_of(request)
            if "fault" in request.query:
                full = ":".join(self._resolve_fault_name(request.query["fault"]))
                if full not in state.faults:
                    raise ControlRequestError("that fault is not on", 404)
                remaining = tuple(fault for fault in state.faults if fault != full)
            self._apply_state(request, replace(state, faults=remaining))
        return {"faults": list(remaining)}

    def calls(self, request: RouteRequest) -> Json:
        """The calls that were injected."""
        return {"calls": [encode_call(given) for _, given in sorted(self._state_of(request).injected_calls.items())]}

    def inject(self, request: RouteRequest) -> Json:
        """One call more. Without `started_at` it begins now, without `ended_at` it lasts."""
        body = request.json_object(*CALL_KEYS)
        with self._lock:
            state = self._state_of(request)
            body.setdefault("started_at", state.instant_at(request.now).isoformat())
            given = decode_call(body)
            self._apply_state(request, _with_call(state, given))
        return {"call": encode_call(given)}

    def end(self, request: RouteRequest) -> Json:
        """End an injected call, now or at the `ended_at` of the body."""
        body = request.json_object("ended_at", "disposition") if request.body else {}
        with self._lock:
            state = self._state_of(request)
            call_id = _require_injected_call(state, request.name)
            body.setdefault("ended_at", state.instant_at(request.now).isoformat())
            given = decode_call({**encode_call(state.injected_calls[call_id]), **body})
            self._apply_state(request, _with_call(state, given))
        return {"call": encode_call(given)}

    def remove(self, request: RouteRequest) -> Json:
        """Take an injected call away, as if it had never been."""
        with self._lock:
            state = self._state_of(request)
            call_id = _require_injected_call(state, request.name)
            remaining = {other: given for other, given in state.injected_calls.items() if other != call_id}
            world = state.world.without_calls([call_id])
            self._apply_state(request, replace(state, world=world, injected_calls=remaining))
        return {"calls": sorted(remaining)}

    def load(self, request: RouteRequest) -> Json:
        """Another world: `calls` made from `seed` as `traffic` goes, or exactly the `records` given.

        It is made until `instant`, to which a clock that stands still is set. Without one it is made until what the
        clock shows, and the clock stays as it is.
        """
        body = request.json_object("seed", "calls", "instant", "traffic", "records")
        records = body.pop("records", None)
        with self._lock:
            state = self._state_of(request)
            at = decode_instant(body["instant"]) if "instant" in body else state.instant_at(request.now)
            clock = FrozenClock(at) if "instant" in body and isinstance(state.clock, FrozenClock) else state.clock
            given: dict[int, Json] = {}
            origin: Json = {"seed": self._seed, **body, "instant": at.isoformat()}
            if records is not None:
                if body.keys() - {"instant"} or not isinstance(records, list):
                    raise ControlRequestError("records is a list of calls, without seed, calls and traffic")
                given = {int(one["call_id"]): one for one in map(decode_call, records)}
                origin = {"empty": True, "instant": at.isoformat()}
            world = make_world(origin, self._initial_state.world)
            if given:
                world = world.with_records([build_call_record(one) for one in given.values()])
            require_reach(clock.instant_at(request.now), world)
            new = replace(state, world=world, injected_calls=given, clock=clock, origin=origin)
            self._apply_state(request, new)
        return self.state(request)

    def requests(self, request: RouteRequest) -> Json:
        """The last requests to the simulated APIs (`limit` of them), without secrets."""
        limit = request.query.get("limit", "100")
        if not re.fullmatch(r"[0-9]{1,6}", limit, re.ASCII):
            raise ControlRequestError("limit is a number")
        return {"requests": [entry_as_json(entry) for entry in self._log.last_entries(int(limit), request.world)]}

    def forget(self, request: RouteRequest) -> Json:
        """Empty the request log."""
        self._log.clear(request.world)
        return {"requests": []}

    # --- changing -------------------------------------------------------------------------------------------

    def _state_of(self, request: RouteRequest) -> ControlState:
        """What is set in the world that a request is about. Raises ControlRequestError."""
        state = self._states.get(request.world)
        if state is None:
            raise ControlRequestError("no world of that name; PUT /worlds/NAME makes one", 404)
        return state

    def _apply_state(self, request: RouteRequest, state: ControlState) -> None:
        """Build the simulators of a state and put them in place of the old ones, in one assignment."""
        old = self._state_of(request)
        worlds = self._application.worlds or {}
        simulation = worlds[request.world] if request.world else self._application.simulation
        if state is self._initial_state:
            simulation = replace(self._first_simulation(), memory_bytes=simulation.memory_bytes)
        elif (state.world, state.faults) != (old.world, old.faults):
            clause_faults, transport_faults = parse_faults(self._specs, state.faults, where="fault")
            if state.faults == old.faults and state.world.shares_calls(old.world):
                simulators: Sequence[Simulator] = [
                    one.with_world(state.world) for one in simulation.router.simulators
                ]
            else:
                simulators = self._make_simulators(state.world, clause_faults)
            at = state.instant_at(self._application.wall_clock())
            for simulator in simulators:
                simulator.warm(at)
            simulation = Simulation(
                router=Router.of(simulators),
                clock=state.clock,
                transports=make_faulty_transports(transport_faults, seed=self._seed),
                memory_bytes=simulation.memory_bytes,
            )
        self._put_simulation(request.world, replace(simulation, clock=state.clock))
        self._states[request.world] = state

    def _first_simulation(self) -> Simulation:
        """The simulation at the start.

        The simulators are the very same: until something is changed they answer alike, from what they share. Faults
        of the transport have their dice anew.
        """
        _, transport_faults = parse_faults(self._specs, self._initial_state.faults, where="fault")
        transports = make_faulty_transports(transport_faults, seed=self._seed)
        return replace(self._initial_simulation, transports=transports)

    def _put_simulation(self, world: str, simulation: Simulation) -> None:
        if world:
            self._application.worlds = {**(self._application.worlds or {}), world: simulation}
        else:
            self._application.simulation = simulation

    def _resolve_fault_name(self, text: str) -> tuple[str, str]:
        """The API and the full name of a fault written `API:NAME`. Raises ControlRequestError or UsageProblem."""
        api, name = split_api_and_fault(text)
        if api not in self._specs:
            raise ControlRequestError(f"a fault is API:NAME with an API of {', '.join(self._specs)}")
        return api, parse_transport_fault(name).id if is_transport_fault(name) else find_faults(
            self._specs[api], name
        )[0].id


def _with_call(state: ControlState, given: Json) -> ControlState:
    """The state with one injected call more, or another one of the same id."""
    return replace(
        state,
        world=state.world.with_records([build_call_record(given)]),
        injected_calls={**state.injected_calls, int(given["call_id"]): given},
    )


def _require_injected_call(state: ControlState, text: str) -> int:
    call_id = int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else -1
    if call_id not in state.injected_calls:
        raise ControlRequestError("only calls that were injected can be changed, and this is none", 404)
    return call_id


def refuse_stranger(request: HttpRequest, token: bytes) -> HttpResponse | None:
    """The refusal of a request by a page of a browser or without the token."""
    if request.header("origin") is not None:
        return plain_response(403, "no page of a browser may ask this")
    scheme, _, text = (request.header("authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(text.strip().encode("latin-1"), token):
        return None
    refused = plain_response(401, "Authorization: Bearer TOKEN is wanted; `serve` printed the token")
    return replace(refused, headers=(*refused.headers, ("WWW-Authenticate", "Bearer")))


# --- values -------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """The parts of a request that a route reads: the name in its path, its query, its body, its world, its time."""

    name: str
    query: Mapping[str, str]
    body: bytes
    world: str
    now: datetime

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
        "call_id", **{name: shapes.get(ATTRIBUTES[Grain.CALL][name].kind, _TEXT_SCHEMA) for name in CALL_KEYS}
    )


ROUTES: Final = (
    Route("GET", "/openapi.json", ControlApi.describe),
    Route("GET", "/state", ControlApi.state),
    Route("POST", "/reset", ControlApi.reset),
    Route("GET", "/worlds", ControlApi.worlds),
    Route("PUT", "/worlds/{name}", ControlApi.open_world),
    Route("DELETE", "/worlds/{name}", ControlApi.close_world),
    Route("GET", "/snapshot", ControlApi.snapshot),
    Route(
        "PUT",
        "/snapshot",
        ControlApi.restore,
        _object_schema(
            "world",
            "calls",
            "clock",
            "faults",
            world={"type": ["object", "null"]},
            calls={"type": "array", "items": _call_schema()},
            clock={"type": "object"},
            faults={"type": "array", "items": _TEXT_SCHEMA},
        ),
    ),
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
            traffic=_TEXT_SCHEMA,
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


class ControlHandler(Protocol):
    """What answers the requests of the control API, and refuses some before their body is read."""

    def refuse(self, request: HttpRequest) -> HttpResponse | None: ...

    def respond(self, request: HttpRequest) -> HttpResponse: ...


# --- serving ------------------------------------------------------------------------------------------------


@contextmanager
def serve_control(
    control: ControlHandler, *, port: int = 0, log: Callable[[str], None] | None = None
) -> Iterator[str]:
    """The control API on a loopback port while the block runs; gives its URL. Raises UsageProblem for a busy port."""

    def check_head(request: HttpRequest) -> HttpResponse | int:
        # Who has no token has nothing to send: no byte of a stranger's body is kept.
        path = choose_world(request)[1].path
        most = _LARGEST_WORLD_BYTES if path in _LARGE_PATHS else DEFAULT_LIMITS.body_bytes
        return control.refuse(request) or most

    manager = ConnectionManager(
        control.respond, limits=_CONTROL_LIMITS, hosts=frozenset(LOOPBACK_NAMES), log=log, check_head=check_head
    )
    http_server = HttpServer(manager, open_listening_socket("127.0.0.1", port), log=log)
    thread = threading.Thread(target=http_server.run, name="callharness-control", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http_server.port}"
    finally:
        http_server.stop()
        thread.join(timeout=10)
