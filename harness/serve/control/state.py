"""What the control API has set in a world, as a value, and the same as a document that can be kept and put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from harness.integers import is_integer
from harness.serve.clock_reach import instant_within, is_within_reach, latest_instant
from harness.serve.control.call_values import (
    ControlRequestError,
    Json,
    build_call_record,
    decode_call,
    decode_instant,
    encode_call,
)
from harness.world.clock import Clock, FrozenClock, LiveClock, ScaledClock
from harness.world.traffic_profile import OFFICE, PROFILES
from harness.world.world import World

_MOST_CALLS: Final = 10_000_000
_MOST_FACTOR: Final = 1e6


@final
@dataclass(frozen=True, slots=True)
class ControlState:
    """The world, the clock, the faults and the injected calls that the control API has set.

    `origin` says what the world was made from besides the injected calls; None for the world at the start.
    """

    world: World
    clock: Clock
    faults: tuple[str, ...]
    # The JSON of each injected call by its id: ending a call builds its record anew from it.
    injected_calls: Mapping[int, Json]
    origin: Json | None = None

    def instant_at(self, now: datetime) -> datetime:
        """The instant of the world when the wall clock shows `now`."""
        return instant_within(self.clock, latest_instant(self.world), now)


def make_world(origin: Json, first: World) -> World:
    """The world of `seed`, `calls`, `instant` and `traffic`, or one of no generated calls where `empty` stands there.

    What is not said is as in the first world. Raises ControlRequestError.
    """
    at = decode_instant(origin["instant"])
    if origin.get("empty"):
        return World.from_records([], instant=at)
    calls, seed = origin.get("calls", 2000), origin.get("seed", 1)
    if any(not is_integer(number) for number in (calls, seed)):
        raise ControlRequestError("seed and calls are integers")
    if not 0 <= calls <= _MOST_CALLS:
        raise ControlRequestError(f"calls is 0 to {_MOST_CALLS}")
    profile = first.profile or OFFICE
    if "traffic" in origin:
        known = {one.name: one for one in PROFILES}
        if origin["traffic"] not in known:
            raise ControlRequestError(f"traffic is one of {', '.join(known)}")
        profile = known[origin["traffic"]]
    return World.of(seed=seed, calls=calls, instant=at, profile=profile)


def clock_kind(clock: Clock) -> str:
    """The word for a kind of clock."""
    match clock:
        case FrozenClock():
            return "frozen"
        case LiveClock():
            return "live"
        case ScaledClock():
            return "scaled"


def encode_clock(state: ControlState, now: datetime) -> Json:
    """The kind of a clock, the instant that it shows, and how fast it runs."""
    clock = state.clock
    tree: Json = {"kind": clock_kind(clock), "instant": state.instant_at(now).isoformat()}
    return tree | ({"factor": clock.factor} if isinstance(clock, ScaledClock) else {})


def require_reach(at: datetime, world: World) -> None:
    """Stop at an instant that a clock over this world cannot show in good time. Raises ControlRequestError."""
    if not is_within_reach(at, world):
        raise ControlRequestError(
            f"a clock over this world shows an instant from the year 1000 to {latest_instant(world).isoformat()}, "
            f"not {at.isoformat()}; PUT /world with an instant makes a world until then"
        )


def make_clock(kind: object, at: datetime, factor: object, now: datetime, world: World) -> Clock:
    """A clock that shows an instant now; a live one shows the machine's time. Raises ControlRequestError."""
    require_reach(now if kind == "live" else at, world)
    match kind:
        case "frozen":
            return FrozenClock(at)
        case "live":
            return LiveClock()
        case "scaled":
            if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor <= _MOST_FACTOR:
                raise ControlRequestError("factor is a number above 0, at most 1000000")
            return ScaledClock(began=now, instant=at, factor=float(factor))
    raise ControlRequestError("kind is frozen, live or scaled")


def encode_snapshot(state: ControlState, now: datetime) -> Json:
    """A state as a document."""
    return {
        "world": state.origin,
        "calls": [encode_call(given) for _, given in sorted(state.injected_calls.items())],
        "clock": encode_clock(state, now),
        "faults": list(state.faults),
    }


def decode_snapshot(tree: Json, first: World, now: datetime) -> ControlState:
    """The state in a document of `encode_snapshot`; time goes on from where it was. Raises ControlRequestError."""
    origin, calls, clock, faults = (tree.get(name) for name in ("world", "calls", "clock", "faults"))
    if not (origin is None or isinstance(origin, dict)) or not isinstance(clock, dict):
        raise ControlRequestError("a snapshot has a world, calls, a clock and faults, as GET /snapshot gave them")
    if not isinstance(calls, list) or not isinstance(faults, list) or not all(isinstance(one, str) for one in faults):
        raise ControlRequestError("a snapshot has a world, calls, a clock and faults, as GET /snapshot gave them")
    given = {int(one["call_id"]): one for one in map(decode_call, calls)}
    if origin is not None and "instant" not in origin:
        raise ControlRequestError("the world of a snapshot has an instant")
    world = first if origin is None else make_world(origin, first)
    return ControlState(
        world=world.with_records([build_call_record(one) for one in given.values()]) if given else world,
        clock=make_clock(clock.get("kind"), decode_instant(clock.get("instant")), clock.get("factor", 1), now, world),
        faults=tuple(faults),
        injected_calls=given,
        origin=origin,
    )
