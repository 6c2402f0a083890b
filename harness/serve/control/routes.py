"""The control API: what is played can be changed while clients look on. On a port of its own, with a token."""

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
from harness.output.escaping import visible
from harness.serve.control.request_log import RequestLog, as_tree
from harness.serve.faults.catalogue import Fault, faults_of, find_faults
from harness.serve.faults.transport import KINDS, PREFIX, Rough, api_and_name, is_rough, rough_fault
from harness.serve.http.application import Act, Application, roughness
from harness.serve.http.connection import Front, plain
from harness.serve.http.limits import Limits
from harness.serve.http.server import LOOPBACK_NAMES, Site, listen
from harness.serve.router import Switchboard
from harness.serve.simulator import Simulator
from harness.specification.load import Spec
from harness.telephony.attributes import ATTRIBUTES, Grain, Kind
from harness.telephony.enums import Disposition
from harness.telephony.records import Record, call_record
from harness.wire.format_problems import ADVISORY
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import decode_json
from harness.world.clock import Clock, Frozen, Live, Scaled
from harness.world.world import World

Json: TypeAlias = "dict[str, Any]"
Make: TypeAlias = "Callable[[World, Mapping[str, Sequence[Fault]]], Sequence[Simulator]]"

# A world of records may be large.
_LIMITS: Final = Limits(body_bytes=64 * 1024 * 1024, body_seconds=60.0, connections=50)
_MOST_CALLS: Final = 10_000_000
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,15}(?:Z|[+-][0-9]{2}:?[0-9]{2})?", re.ASCII)


class Unfit(Exception):
    """A request to the control API that cannot be met."""

    def __init__(self, why: str, http_status: int = 400) -> None:
        super().__init__(why)
        self.http_status = http_status


@final
@dataclass(frozen=True, slots=True)
class State:
    """What the control API has made of the world, the faults and the time."""

    world: World
    clock: Clock
    faults: tuple[str, ...]
    # What a call was given with, by its id: ending it tells its life anew.
    given: Mapping[int, Json]


@final
class Control:
    """Answers the control API. One change at a time; the simulated APIs meet each one whole or not at all."""

    def __init__(
        self,
        application: Application,
        *,
        make: Make,
        world: World,
        faults: Sequence[str] = (),
        seed: int = 1,
        token: str,
        log: RequestLog,
    ) -> None:
        """`make` gives the simulators of a world with faults, `faults` are those at the start, as `API:NAME`."""
        self._application = application
        self._make = make
        self._seed = seed
        self._token = token.encode()
        self._log = log
        self._specs: dict[str, Spec] = {one.honest.id: one.honest for one in application.act.switchboard.simulators}
        self._begin = State(world=world, clock=application.act.clock, faults=tuple(faults), given={})
        self._state = self._begin
        self._lock = threading.Lock()

    # --- the door -------------------------------------------------------------------------------------------

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request; never raises."""
        if request.header("origin") is not None:
            return plain(403, "no page of a browser may ask this")
        if not self._admits(request.header("authorization")):
            refused = plain(401, "Authorization: Bearer TOKEN is wanted; `serve` printed the token")
            return replace(refused, headers=(*refused.headers, ("WWW-Authenticate", "Bearer")))
        try:
            return self._routed(request)
        except Unfit as problem:
            return _json(problem.http_status, {"error": visible(str(problem), limit=1000)})
        except HarnessError as problem:
            return _json(400, {"error": visible(str(problem), limit=2000, multiline=True)})
        except Exception as problem:
            return _json(500, {"error": visible(f"{type(problem).__name__}: {problem}", limit=300)})

    def _admits(self, header: str | None) -> bool:
        scheme, _, token = (header or "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode("latin-1"), self._token)

    def _routed(self, request: HttpRequest) -> HttpResponse:
        path = request.path.decode("ascii")
        here = [(route, found) for route in ROUTES if (found := route.pattern.fullmatch(path))]
        if not here:
            raise Unfit("no such route; /openapi.json lists them", 404)
        for route, found in here:
            if route.method == request.method:
                inside = Asked(
                    name=unquote(found.groupdict().get("name") or ""),
                    query=dict(parse_qsl(request.query.decode("ascii"), max_num_fields=20)),
                    body=request.body,
                )
                return _json(200, route.act(self, inside))
        allowed = ", ".join(route.method for route, _ in here)
        refused = _json(405, {"error": f"this route takes {allowed}"})
        return replace(refused, headers=(*refused.headers, ("Allow", allowed)))

    # --- routes ---------------------------------------------------------------------------------------------

    def describe(self, asked: Asked) -> Json:
        """This document."""
        return openapi()

    def state(self, asked: Asked) -> Json:
        """What is played."""
        state = self._state
        return {
            "apis": list(self._specs),
            "clock": self._clock_tree(state.clock),
            "faults": list(state.faults),
            "calls": sorted(state.given),
        }

    def reset(self, asked: Asked) -> Json:
        """World, faults and clock as they were at the start; injected calls and the request log are gone."""
        with self._lock:
            self._play(self._begin)
            self._log.clear()
        return self.state(asked)

    def clock(self, asked: Asked) -> Json:
        """Which kind of clock runs, and at which instant the world is."""
        return self._clock_tree(self._state.clock)

    def set_clock(self, asked: Asked) -> Json:
        """Another instant, another kind of clock, or both."""
        body = asked.json("instant", "kind", "factor")
        with self._lock:
            now = self._application.watch()
            old = self._state.clock
            kind = body.get("kind", _kind_of(old) if _kind_of(old) != "live" or "instant" not in body else "scaled")
            at = _instant(body["instant"]) if "instant" in body else old.at(now)
            if kind == "frozen":
                new: Clock = Frozen(at)
            elif kind == "live":
                if "instant" in body:
                    raise Unfit("a live clock shows the machine's time; with an instant, take scaled and factor 1")
                new = Live()
            elif kind == "scaled":
                factor = body.get("factor", old.factor if isinstance(old, Scaled) else 1)
                if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor <= 1e6:
                    raise Unfit("factor is a number above 0, at most 1000000")
                new = Scaled(began=now, instant=at, factor=float(factor))
            else:
                raise Unfit("kind is frozen, live or scaled")
            self._play(replace(self._state, clock=new))
        return self._clock_tree(new)

    def step_clock(self, asked: Asked) -> Json:
        """So many seconds later (or, below zero, earlier); a frozen clock stays frozen."""
        body = asked.json("seconds")
        seconds = body.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) <= 1e9:
            raise Unfit("seconds is a number")
        with self._lock:
            now = self._application.watch()
            old = self._state.clock
            at = old.at(now) + timedelta(seconds=seconds)
            match old:
                case Frozen():
                    new: Clock = Frozen(at)
                case Live():
                    new = Scaled(began=now, instant=at)
                case Scaled():
                    new = Scaled(began=now, instant=at, factor=old.factor)
            self._play(replace(self._state, clock=new))
        return self._clock_tree(new)

    def faults(self, asked: Asked) -> Json:
        """The faults that are on; with `available=1` also those that could be."""
        found: Json = {"faults": list(self._state.faults)}
        if asked.query.get("available") == "1":
            found["available"] = [
                f"{api}:{fault.id}" for api, spec in self._specs.items() for fault in faults_of(spec)
            ]
            found["transport"] = {PREFIX + name: f"{kind.says}; {kind.value}" for name, kind in KINDS.items()}
        return found

    def add_fault(self, asked: Asked) -> Json:
        """One fault more: `API:CLAUSE/NAME` or `API:transport/NAME=VALUE`."""
        text = asked.json("fault").get("fault")
        if not isinstance(text, str):
            raise Unfit("fault is a text such as API:CLAUSE/NAME")
        with self._lock:
            api, name = self._named(text)
            full = f"{api}:{name}"
            if full not in self._state.faults:
                self._play(replace(self._state, faults=(*self._state.faults, full)))
        return {"faults": list(self._state.faults), "added": full}

    def remove_faults(self, asked: Asked) -> Json:
        """No fault any more, or not the one in the query's `fault`."""
        with self._lock:
            if "fault" in asked.query:
                full = ":".join(self._named(asked.query["fault"]))
                if full not in self._state.faults:
                    raise Unfit("that fault is not on", 404)
                kept = tuple(fault for fault in self._state.faults if fault != full)
            else:
                kept = ()
            self._play(replace(self._state, faults=kept))
        return {"faults": list(self._state.faults)}

    def calls(self, asked: Asked) -> Json:
        """The calls that were injected."""
        return {"calls": [_shown(given) for _, given in sorted(self._state.given.items())]}

    def inject(self, asked: Asked) -> Json:
        """One call more. Without `started_at` it begins now, without `ended_at` it lasts."""
        body = asked.json(*_CALL_KEYS)
        with self._lock:
            body.setdefault("started_at", self._at().isoformat())
            given = _given(body)
            call_id = int(given["call_id"])
            self._play(self._with_call(call_id, given))
        return {"call": _shown(given)}

    def end(self, asked: Asked) -> Json:
        """End an injected call, now or at the `ended_at` of the body."""
        body = asked.json("ended_at", "disposition") if asked.body else {}
        with self._lock:
            call_id = self._known(asked.name)
            body.setdefault("ended_at", self._at().isoformat())
            given = _given({**_shown(self._state.given[call_id]), **body})
            self._play(self._with_call(call_id, given))
        return {"call": _shown(given)}

    def remove(self, asked: Asked) -> Json:
        """Take an injected call away, as if it had never been."""
        with self._lock:
            call_id = self._known(asked.name)
            state = self._state
            kept = {other: given for other, given in state.given.items() if other != call_id}
            self._play(replace(state, world=state.world.without([call_id]), given=kept))
        return {"calls": sorted(self._state.given)}

    def load(self, asked: Asked) -> Json:
        """Another world: `calls` made from `seed` until `instant`, or exactly the `records` given."""
        body = asked.json("seed", "calls", "instant", "records")
        records = body.get("records")
        with self._lock:
            at = _instant(body["instant"]) if "instant" in body else self._begin.world.instant
            given: dict[int, Json] = {}
            if records is not None:
                if {"seed", "calls"} & body.keys() or not isinstance(records, list):
                    raise Unfit("records is a list of calls, without seed and calls")
                for record in records:
                    one = _given(record)
                    given[int(one["call_id"])] = one
                world = World.from_records([_record(one) for one in given.values()], instant=at)
            else:
                calls, seed = body.get("calls", 2000), body.get("seed", self._seed)
                if any(isinstance(number, bool) or not isinstance(number, int) for number in (calls, seed)):
                    raise Unfit("seed and calls are integers")
                if not 0 <= calls <= _MOST_CALLS:
                    raise Unfit(f"calls is 0 to {_MOST_CALLS}")
                world = World.of(seed=seed, calls=calls, instant=at)
            clock = Frozen(at) if isinstance(self._state.clock, Frozen) else self._state.clock
            self._play(replace(self._state, world=world, given=given, clock=clock))
        return self.state(asked)

    def requests(self, asked: Asked) -> Json:
        """The last requests to the simulated APIs (`limit` of them), without secrets."""
        limit = asked.query.get("limit", "100")
        if not re.fullmatch(r"[0-9]{1,6}", limit, re.ASCII):
            raise Unfit("limit is a number")
        return {"requests": [as_tree(entry) for entry in self._log.last(int(limit))]}

    def forget(self, asked: Asked) -> Json:
        """Empty the request log."""
        self._log.clear()
        return {"requests": []}

    # --- changing -------------------------------------------------------------------------------------------

    def _play(self, state: State) -> None:
        """Make what a state needs and put it in place of what was played, at once."""
        act, old = self._application.act, self._state
        switchboard = act.switchboard
        if (state.world, state.faults) != (old.world, old.faults):
            clauses: dict[str, list[Fault]] = {}
            carried: dict[str, list[Rough]] = {}
            for text in state.faults:
                api, name = api_and_name(text)
                if is_rough(name):
                    carried.setdefault(api, []).append(rough_fault(name))
                else:
                    clauses.setdefault(api, []).append(find_faults(self._specs[api], name)[0])
            simulators = self._make(state.world, clauses)
            at = state.clock.at(self._application.watch())
            for simulator in simulators:
                simulator.warm(at)
            switchboard = Switchboard.of(simulators)
            act = Act(switchboard=switchboard, clock=state.clock, rough=roughness(carried, seed=self._seed))
        self._application.act = replace(act, clock=state.clock)
        self._state = state

    def _named(self, text: str) -> tuple[str, str]:
        """The API and the full name of a fault."""
        api, name = api_and_name(text)
        if api not in self._specs:
            raise Unfit(f"a fault is API:NAME with an API of {', '.join(self._specs)}")
        return api, rough_fault(name).id if is_rough(name) else find_faults(self._specs[api], name)[0].id

    def _with_call(self, call_id: int, given: Json) -> State:
        state = self._state
        return replace(state, world=state.world.with_records([_record(given)]), given={**state.given, call_id: given})

    def _known(self, text: str) -> int:
        call_id = int(text) if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else -1
        if call_id not in self._state.given:
            raise Unfit("only calls that were injected can be changed, and this is none", 404)
        return call_id

    def _at(self) -> datetime:
        return self._state.clock.at(self._application.watch())

    def _clock_tree(self, clock: Clock) -> Json:
        tree: Json = {"kind": _kind_of(clock), "instant": clock.at(self._application.watch()).isoformat()}
        return tree | ({"factor": clock.factor} if isinstance(clock, Scaled) else {})


def _kind_of(clock: Clock) -> str:
    match clock:
        case Frozen():
            return "frozen"
        case Live():
            return "live"
        case Scaled():
            return "scaled"


# --- values -------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request to a route says."""

    name: str
    query: Mapping[str, str]
    body: bytes

    def json(self, *keys: str) -> Json:
        """The body as an object of these keys only."""
        decoded = decode_json(self.body)
        if not isinstance(decoded.tree, dict) or {problem.code for problem in decoded.problems} - ADVISORY:
            raise Unfit("the body is a JSON object")
        unknown = decoded.tree.keys() - set(keys)
        if unknown:
            raise Unfit(f"no meaning here: {', '.join(sorted(unknown))}; known are {', '.join(keys)}")
        found: Json = json.loads(json.dumps(decoded.tree, default=float))
        return found


_GIVEN: Final = ("call_id", "started_at", "ringing_at", "answered_at", "ended_at", "disposition")
_SIMPLE: Final = tuple(name for name, one in ATTRIBUTES[Grain.CALL].items() if one.kind is not Kind.ROWS)
_CALL_KEYS: Final = tuple(dict.fromkeys((*_GIVEN, *_SIMPLE)))


def _given(tree: object) -> Json:
    """What `call_record` takes, from JSON."""
    if not isinstance(tree, dict):
        raise Unfit("a call is an object")
    found: Json = {}
    for name, value in tree.items():
        if name not in _CALL_KEYS:
            raise Unfit(f"a call has no {name}; known are {', '.join(_CALL_KEYS)}")
        if value is None:
            continue
        found[name] = _value(name, ATTRIBUTES[Grain.CALL][name].kind, value)
    if "call_id" not in found or "started_at" not in found:
        raise Unfit("a call has a call_id and a started_at")
    words = {word.value for word in Disposition}
    if "disposition" in found and found["disposition"] not in words:
        raise Unfit(f"disposition is one of {', '.join(sorted(words))}")
    _record(found)
    return found


def _value(name: str, kind: Kind, value: object) -> Any:
    match kind:
        case Kind.INSTANT:
            return _instant(value)
        case Kind.INTEGER:
            fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62
        case Kind.DECIMAL | Kind.SECONDS:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
            value = float(value) if fits else value  # type: ignore[arg-type]
        case Kind.FLAG:
            fits = isinstance(value, bool)
        case Kind.TEXT | Kind.WORD:
            words = ATTRIBUTES[Grain.CALL][name].words
            fits = isinstance(value, str) and len(value) <= 4096 and (not words or value in words)
        case Kind.TEXT_LIST:
            fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
            value = tuple(value) if isinstance(value, list) else value
        case Kind.ROWS:
            fits = False
    if not fits:
        raise Unfit(f"{name}: no {kind.value}")
    return value


def _instant(value: object) -> datetime:
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise Unfit("an instant is a text such as 2026-03-02T14:30:00Z")
    try:
        found = datetime.fromisoformat(value)
        found = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return found.astimezone(UTC).replace(microsecond=found.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        raise Unfit("an instant is a text such as 2026-03-02T14:30:00Z") from None


def _record(given: Json) -> Record:
    try:
        values = dict(given)
        disposition = values.pop("disposition", None)
        return call_record(**values, disposition=None if disposition is None else Disposition(disposition))
    except (ValueError, TypeError, OverflowError) as problem:
        raise Unfit(str(problem)) from None


def _shown(given: Json) -> Json:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()}


def _json(http_status: int, tree: Json) -> HttpResponse:
    body = json.dumps(tree, ensure_ascii=True, allow_nan=False, indent=1).encode() + b"\n"
    return HttpResponse(http_status=http_status, headers=(("Content-Type", "application/json"),), body=body)


# --- the table ----------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, and what answers there; `body` is its JSON Schema."""

    method: str
    path: str
    act: Callable[[Control, Asked], Json]
    body: Json | None = None
    query: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """What fits the path."""
        return re.compile(re.escape(self.path).replace(r"\{name\}", r"(?P<name>[^/]{1,200})"))


def _object(*needed: str, **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(needed), "additionalProperties": False}


_TEXT: Final[Json] = {"type": "string"}
_TIME: Final[Json] = {"type": "string", "format": "date-time"}
_NUMBER: Final[Json] = {"type": "number"}
_INTEGER: Final[Json] = {"type": "integer"}


def _call_schema() -> Json:
    shapes: dict[Kind, Json] = {
        Kind.INSTANT: _TIME,
        Kind.INTEGER: _INTEGER,
        Kind.DECIMAL: _NUMBER,
        Kind.SECONDS: _NUMBER,
        Kind.FLAG: {"type": "boolean"},
        Kind.TEXT_LIST: {"type": "array", "items": _TEXT},
    }
    return _object("call_id", **{name: shapes.get(ATTRIBUTES[Grain.CALL][name].kind, _TEXT) for name in _CALL_KEYS})


ROUTES: Final = (
    Route("GET", "/openapi.json", Control.describe),
    Route("GET", "/state", Control.state),
    Route("POST", "/reset", Control.reset),
    Route("GET", "/clock", Control.clock),
    Route(
        "PUT",
        "/clock",
        Control.set_clock,
        _object(instant=_TIME, kind={"enum": ["frozen", "live", "scaled"]}, factor=_NUMBER),
    ),
    Route("POST", "/clock/step", Control.step_clock, _object("seconds", seconds=_NUMBER)),
    Route("GET", "/faults", Control.faults, query=("available",)),
    Route("POST", "/faults", Control.add_fault, _object("fault", fault=_TEXT)),
    Route("DELETE", "/faults", Control.remove_faults, query=("fault",)),
    Route("GET", "/calls", Control.calls),
    Route("POST", "/calls", Control.inject, _call_schema()),
    Route("POST", "/calls/{name}/end", Control.end, _object(ended_at=_TIME, disposition=_TEXT)),
    Route("DELETE", "/calls/{name}", Control.remove),
    Route(
        "PUT",
        "/world",
        Control.load,
        _object(seed=_INTEGER, calls=_INTEGER, instant=_TIME, records={"type": "array", "items": _call_schema()}),
    ),
    Route("GET", "/requests", Control.requests, query=("limit",)),
    Route("DELETE", "/requests", Control.forget),
)


def openapi() -> Json:
    """The control API as an OpenAPI document."""
    paths: dict[str, Json] = {}
    refusals = {
        str(status): {"description": text}
        for status, text in ((400, "the request is wrong"), (401, "no token"), (403, "asked by a page"))
    }
    for route in ROUTES:
        lines = (route.act.__doc__ or "").strip()
        operation: Json = {
            "operationId": route.act.__name__,
            "summary": lines,
            "responses": {
                "200": {"description": "done", "content": {"application/json": {"schema": {"type": "object"}}}},
                **refusals,
            },
        }
        parameters: list[Json] = [{"name": name, "in": "query", "schema": _TEXT} for name in route.query]
        if "{name}" in route.path:
            parameters.append({"name": "name", "in": "path", "schema": _TEXT, "required": True})
        if parameters:
            operation["parameters"] = parameters
        if route.body is not None:
            operation["requestBody"] = {"content": {"application/json": {"schema": route.body}}}
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
def serve_control(control: Control, *, port: int = 0, log: Callable[[str], None] | None = None) -> Iterator[str]:
    """The control API on a loopback port while the block runs; gives its URL. Raises Misuse for a busy port."""
    front = Front(control.respond, limits=_LIMITS, hosts=frozenset(LOOPBACK_NAMES), log=log)
    site = Site(front, listen("127.0.0.1", port), log=log)
    thread = threading.Thread(target=site.run, name="callharness-control", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{site.port}"
    finally:
        site.end()
        thread.join(timeout=10)
