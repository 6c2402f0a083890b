"""Transport faults: an honest answer carried badly, or not at all."""

from __future__ import annotations

import difflib
import math
import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, final

from harness.errors import Misuse
from harness.wire.http_messages import HttpResponse

PREFIX: Final = "transport/"
_LONGEST_SECONDS: Final = 600.0

Ending: TypeAlias = Literal["answered", "dropped", "reset", "silent"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How one answer is carried: when, how much of it, how fast, and how it ends."""

    response: HttpResponse
    wait_seconds: float = 0.0
    ending: Ending = "answered"
    # How far Content-Length is off.
    length_off: int = 0
    # How much of the body is sent before the connection closes.
    share: float = 1.0
    bytes_a_second: float | None = None

    @property
    def plain(self) -> bool:
        """Whether any server could carry it: the answer is whole, at most late."""
        return (self.ending, self.length_off, self.share, self.bytes_a_second) == ("answered", 0, 1.0, None)


Bend: TypeAlias = "Callable[[Carried, random.Random], Carried]"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rough:
    """A transport fault of one API: its name with its value as given, and what it does to an answer."""

    name: str
    value: str
    says: str
    bend: Bend = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """What stands after `API:`."""
        return f"{PREFIX}{self.name}" + (f"={self.value}" if self.value else "")


@final
class Roughness:
    """Transport faults of one API, with their dice; the same seed and the same order of requests, the same luck."""

    def __init__(self, faults: Iterable[Rough], *, seed: int, api: str) -> None:
        self.faults: tuple[Rough, ...] = tuple(faults)
        # The luck of a test, not of a cipher.
        self._dice = [random.Random(f"{seed}/{api}/{fault.id}") for fault in self.faults]  # noqa: S311
        self._lock = Lock()

    def carry(self, response: HttpResponse) -> Carried:
        """How an answer goes out."""
        carried = Carried(response=response)
        with self._lock:
            for fault, dice in zip(self.faults, self._dice, strict=True):
                carried = fault.bend(carried, dice)
        return carried


# --- what there is ------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class _Kind:
    says: str
    value: str
    make: Callable[[str, str], Bend]


def rough_fault(text: str) -> Rough:
    """The fault written `NAME` or `NAME=VALUE` (with or without `transport/` before it). Raises Misuse."""
    name, mark, value = text.removeprefix(PREFIX).partition("=")
    kind = KINDS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, KINDS, n=1, cutoff=0.4)
        raise Misuse(
            f"fault {PREFIX}{name}",
            f"one of {', '.join(KINDS)}",
            repr(name),
            f"try {PREFIX}{near[0]}" if near else "list them with `callharness serve --list-faults`",
        )
    if mark and not value:
        raise Misuse(f"fault {PREFIX}{name}", kind.value, "no value after =")
    return Rough(name=name, value=value, says=kind.says, bend=kind.make(name, value))


def api_and_name(text: str) -> tuple[str, str]:
    """The two parts of `API:NAME`; the API is empty where there is none."""
    api, mark, name = text.partition(f":{PREFIX}")
    if mark:
        return api, PREFIX + name
    api, _, name = text.rpartition(":")
    return api, name


def is_rough(text: str) -> bool:
    """Whether the name of a fault is one of the transport."""
    return text.startswith(PREFIX)


def _latency(name: str, value: str) -> Bend:
    draw = _delays(name, value or "0.2")

    def bend(carried: Carried, dice: random.Random) -> Carried:
        seconds = min(max(draw(dice), 0.0), _LONGEST_SECONDS)
        return replace(carried, wait_seconds=carried.wait_seconds + seconds)

    return bend


def _delays(name: str, value: str) -> Callable[[random.Random], float]:
    """`0.2`, `0.2~0.05` (give or take), `uniform:0.1:0.3`, `normal:MEAN:DEVIATION`, `exponential:MEAN`."""
    spread = value.partition("~")
    if spread[1]:
        middle, jitter = _seconds(name, spread[0]), _seconds(name, spread[2])
        return lambda dice: dice.uniform(middle - jitter, middle + jitter)
    shape, *parts = value.split(":")
    numbers = [_seconds(name, part) for part in (parts or [shape])]
    match (shape if parts else "", numbers):
        case ("", [seconds]):
            return lambda dice: seconds
        case ("uniform", [least, most]) if least <= most:
            return lambda dice: dice.uniform(least, most)
        case ("normal", [mean, deviation]):
            return lambda dice: dice.gauss(mean, deviation)
        case ("exponential", [mean]) if mean > 0:
            return lambda dice: dice.expovariate(1 / mean)
        case ("lognormal", [median, sigma]) if median > 0:
            return lambda dice: dice.lognormvariate(math.log(median), sigma)
    raise Misuse(f"fault {PREFIX}{name}", KINDS[name].value, repr(value))


def _now_and_then(change: Callable[[Carried, str], Carried], default: str = "") -> Callable[[str, str], Bend]:
    """A fault with a value `RATE`, or `RATE:MORE` where it takes more."""

    def make(name: str, value: str) -> Bend:
        rate_text, _, more = value.partition(":")
        rate = _rate(name, rate_text) if rate_text else 1.0
        argument = more or default
        # What is wrong with the value shows now, not at the first request.
        try:
            change(Carried(response=HttpResponse(http_status=200, body=b"x")), argument)
        except ValueError:
            raise Misuse(f"fault {PREFIX}{name}", KINDS[name].value, repr(value)) from None

        def bend(carried: Carried, dice: random.Random) -> Carried:
            return change(carried, argument) if dice.random() < rate else carried

        return bend

    return make


def _too_many(carried: Carried, after: str) -> Carried:
    seconds = _whole(after, 0, 86_400)
    return replace(carried, response=_told(429, "too many requests", ("Retry-After", str(seconds))))


def _server_error(carried: Carried, status: str) -> Carried:
    return replace(carried, response=_told(_whole(status, 500, 599), "this failure is deliberate"))


def _told(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return HttpResponse(http_status=status, headers=(kind, *headers), body=f"{text}\n".encode())


def _ending(ending: Ending) -> Callable[[Carried, str], Carried]:
    return lambda carried, more: replace(carried, ending=ending) if not more else _no_more(more)


def _no_more(more: str) -> Carried:
    raise ValueError(more)


def _truncated(carried: Carried, share: str) -> Carried:
    found = float(share)
    if not 0 <= found < 1:
        raise ValueError(share)
    return replace(carried, share=found)


def _dribbled(carried: Carried, speed: str) -> Carried:
    return replace(carried, bytes_a_second=float(_whole(speed, 1, 10_000_000)))


def _wrong_length(carried: Carried, off: str) -> Carried:
    if not re.fullmatch(r"[+-]?[0-9]{1,6}", off, re.ASCII) or not int(off):
        raise ValueError(off)
    return replace(carried, length_off=int(off))


def _whole(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise ValueError(text)
    return int(text)


def _rate(name: str, text: str) -> float:
    if not re.fullmatch(r"[0-9]*\.?[0-9]+", text, re.ASCII) or not 0 <= float(text) <= 1:
        raise Misuse(f"fault {PREFIX}{name}", KINDS[name].value, repr(text))
    return float(text)


def _seconds(name: str, text: str) -> float:
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)(ms|s|)", text, re.ASCII)
    if found is None or float(found[1]) > _LONGEST_SECONDS * 1000:
        raise Misuse(f"fault {PREFIX}{name}", KINDS[name].value, repr(text))
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


_OFTEN: Final = "a rate from 0 to 1 (1 when left out)"

KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "latency": _Kind(
            "answers come late",
            "SECONDS, SECONDS~JITTER, uniform:LEAST:MOST, normal:MEAN:DEVIATION, exponential:MEAN or "
            "lognormal:MEDIAN:SIGMA; 200ms is 0.2",
            _latency,
        ),
        "too-many": _Kind(
            "429 with Retry-After instead of an answer", f"{_OFTEN}, then :SECONDS", _now_and_then(_too_many, "1")
        ),
        "server-error": _Kind(
            "a plain 500 instead of an answer", f"{_OFTEN}, then :STATUS", _now_and_then(_server_error, "500")
        ),
        "drop": _Kind("the connection closes without an answer", _OFTEN, _now_and_then(_ending("dropped"))),
        "reset": _Kind("the connection is reset without an answer", _OFTEN, _now_and_then(_ending("reset"))),
        "silent": _Kind("no answer comes, and the connection stays open", _OFTEN, _now_and_then(_ending("silent"))),
        "truncate": _Kind(
            "the connection closes within the body", f"{_OFTEN}, then :SHARE sent", _now_and_then(_truncated, "0.5")
        ),
        "dribble": _Kind(
            "the body comes in drops", f"{_OFTEN}, then :BYTES a second", _now_and_then(_dribbled, "100")
        ),
        "wrong-length": _Kind(
            "Content-Length is not the length of the body",
            f"{_OFTEN}, then :+N or :-N",
            _now_and_then(_wrong_length, "+10"),
        ),
    }
)  # fmt: skip
