"""Transport faults: a right answer that is sent late, slowly, cut short, or not at all."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, final

from harness.errors import UsageProblem, nearest_words
from harness.wire.http_messages import HttpResponse

TRANSPORT_PREFIX: Final = "transport/"
_LONGEST_SECONDS: Final = 600.0

DeliveryEnd: TypeAlias = Literal["answered", "dropped", "reset", "silent"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How one answer is sent: after how many seconds, how much of it, how fast, and how the connection ends."""

    response: HttpResponse
    wait_seconds: float = 0.0
    ending: DeliveryEnd = "answered"
    # How far Content-Length is off.
    length_off: int = 0
    # How much of the body is sent before the connection closes.
    share: float = 1.0
    bytes_a_second: float | None = None

    @property
    def is_ordinary(self) -> bool:
        """Whether the answer is sent whole and at once or late, as any server may."""
        return (self.ending, self.length_off, self.share, self.bytes_a_second) == ("answered", 0, 1.0, None)


DeliveryChange: TypeAlias = "Callable[[Delivery, random.Random], Delivery]"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFault:
    """A transport fault of one API: its name with its value as given, and what it does to an answer."""

    name: str
    value: str
    description: str
    change: DeliveryChange = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """What stands after `API:`."""
        return f"{TRANSPORT_PREFIX}{self.name}" + (f"={self.value}" if self.value else "")


@final
class FaultyTransport:
    """The transport faults of one API; the same seed and the same order of requests give the same deliveries."""

    def __init__(self, faults: Iterable[TransportFault], *, seed: int, api: str) -> None:
        self.faults: tuple[TransportFault, ...] = tuple(faults)
        # Chance for tests: it needs a seed, not secrecy.
        self._generators = [random.Random(f"{seed}/{api}/{fault.id}") for fault in self.faults]  # noqa: S311
        self._lock = Lock()

    def deliver(self, response: HttpResponse) -> Delivery:
        """The delivery of an answer under all faults, drawn anew for each answer."""
        carried = Delivery(response=response)
        with self._lock:
            for fault, dice in zip(self.faults, self._generators, strict=True):
                carried = fault.change(carried, dice)
        return carried


# --- what there is ------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class _TransportFaultKind:
    description: str
    value_syntax: str
    make_change: Callable[[str, str], DeliveryChange]
    # The problem of the wire that a reader of the answer meets; none where a right server may do the same.
    problem: str | None = None


def parse_transport_fault(text: str) -> TransportFault:
    """The fault written `NAME` or `NAME=VALUE` (with or without `transport/` before it). Raises UsageProblem."""
    name, mark, value = text.removeprefix(TRANSPORT_PREFIX).partition("=")
    kind = TRANSPORT_FAULT_KINDS.get(name)
    if kind is None:
        near = nearest_words(name, TRANSPORT_FAULT_KINDS)
        raise UsageProblem(
            f"fault {TRANSPORT_PREFIX}{name}",
            f"one of {', '.join(TRANSPORT_FAULT_KINDS)}",
            repr(name),
            f"try {TRANSPORT_PREFIX}{near[0]}" if near else "list them with `callharness serve --list-faults`",
        )
    if mark and not value:
        raise UsageProblem(f"fault {TRANSPORT_PREFIX}{name}", kind.value_syntax, "no value after =")
    return TransportFault(name=name, value=value, description=kind.description, change=kind.make_change(name, value))


def split_api_and_fault(text: str) -> tuple[str, str]:
    """API and name of a fault written `API:NAME`; the API is empty where only a name is given."""
    api, mark, name = text.partition(f":{TRANSPORT_PREFIX}")
    if mark:
        return api, TRANSPORT_PREFIX + name
    api, _, name = text.rpartition(":")
    return api, name


def is_transport_fault(text: str) -> bool:
    """Whether a fault name is that of a transport fault."""
    return text.startswith(TRANSPORT_PREFIX)


def _latency_change(name: str, value: str) -> DeliveryChange:
    draw = _delay_sampler(name, value or "0.2")

    def change(carried: Delivery, dice: random.Random) -> Delivery:
        seconds = min(max(draw(dice), 0.0), _LONGEST_SECONDS)
        return replace(carried, wait_seconds=carried.wait_seconds + seconds)

    return change


def _delay_sampler(name: str, value: str) -> Callable[[random.Random], float]:
    """A sampler of delays in seconds.

    `value` is `0.2`, `0.2~0.05` (give or take), `uniform:0.1:0.3`, `normal:MEAN:DEVIATION`, `exponential:MEAN` or
    `lognormal:MEDIAN:SIGMA`. Raises UsageProblem.
    """
    spread = value.partition("~")
    if spread[1]:
        middle, jitter = _parse_seconds(name, spread[0]), _parse_seconds(name, spread[2])
        return lambda dice: dice.uniform(middle - jitter, middle + jitter)
    shape, *parts = value.split(":")
    numbers = [_parse_seconds(name, part) for part in (parts or [shape])]
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
    raise UsageProblem(f"fault {TRANSPORT_PREFIX}{name}", TRANSPORT_FAULT_KINDS[name].value_syntax, repr(value))


def _at_rate(change: Callable[[Delivery, str], Delivery], default: str = "") -> Callable[[str, str], DeliveryChange]:
    """A change that happens at a rate: its value is `RATE`, or `RATE:MORE` where it takes more."""

    def make(name: str, value: str) -> DeliveryChange:
        rate_text, _, more = value.partition(":")
        rate = _parse_rate(name, rate_text) if rate_text else 1.0
        argument = more or default
        # What is wrong with the value shows now, not at the first request.
        try:
            change(Delivery(response=HttpResponse(http_status=200, body=b"x")), argument)
        except ValueError:
            raise UsageProblem(
                f"fault {TRANSPORT_PREFIX}{name}", TRANSPORT_FAULT_KINDS[name].value_syntax, repr(value)
            ) from None

        def change_at_rate(carried: Delivery, dice: random.Random) -> Delivery:
            return change(carried, argument) if dice.random() < rate else carried

        return change_at_rate

    return make


def _answer_too_many(carried: Delivery, after: str) -> Delivery:
    seconds = _parse_integer(after, 0, 86_400)
    return replace(carried, response=_plain_text_response(429, "too many requests", ("Retry-After", str(seconds))))


def _answer_server_error(carried: Delivery, status: str) -> Delivery:
    return replace(
        carried, response=_plain_text_response(_parse_integer(status, 500, 599), "this failure is deliberate")
    )


def _plain_text_response(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return HttpResponse(http_status=status, headers=(kind, *headers), body=f"{text}\n".encode())


def _end_delivery(ending: DeliveryEnd) -> Callable[[Delivery, str], Delivery]:
    return lambda carried, more: replace(carried, ending=ending) if not more else _refuse_argument(more)


def _refuse_argument(more: str) -> Delivery:
    raise ValueError(more)


def _truncate_body(carried: Delivery, share: str) -> Delivery:
    found = float(share)
    if not 0 <= found < 1:
        raise ValueError(share)
    return replace(carried, share=found)


def _slow_down_body(carried: Delivery, speed: str) -> Delivery:
    return replace(carried, bytes_a_second=float(_parse_integer(speed, 1, 10_000_000)))


def _set_wrong_length(carried: Delivery, off: str) -> Delivery:
    if not re.fullmatch(r"[+-]?[0-9]{1,6}", off, re.ASCII) or not int(off):
        raise ValueError(off)
    return replace(carried, length_off=int(off))


def _parse_integer(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise ValueError(text)
    return int(text)


def _parse_rate(name: str, text: str) -> float:
    if not re.fullmatch(r"[0-9]*\.?[0-9]+", text, re.ASCII) or not 0 <= float(text) <= 1:
        raise UsageProblem(f"fault {TRANSPORT_PREFIX}{name}", TRANSPORT_FAULT_KINDS[name].value_syntax, repr(text))
    return float(text)


def _parse_seconds(name: str, text: str) -> float:
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)(ms|s|)", text, re.ASCII)
    if found is None or float(found[1]) > _LONGEST_SECONDS * 1000:
        raise UsageProblem(f"fault {TRANSPORT_PREFIX}{name}", TRANSPORT_FAULT_KINDS[name].value_syntax, repr(text))
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


_RATE_SYNTAX: Final = "a rate from 0 to 1 (1 when left out)"

TRANSPORT_FAULT_KINDS: Final[Mapping[str, _TransportFaultKind]] = MappingProxyType(
    {
        "latency": _TransportFaultKind(
            "answers come late",
            "SECONDS, SECONDS~JITTER, uniform:LEAST:MOST, normal:MEAN:DEVIATION, exponential:MEAN or "
            "lognormal:MEDIAN:SIGMA; 200ms is 0.2",
            _latency_change,
        ),
        "too-many": _TransportFaultKind(
            "429 with Retry-After instead of an answer",
            f"{_RATE_SYNTAX}, then :SECONDS",
            _at_rate(_answer_too_many, "1"),
        ),
        "server-error": _TransportFaultKind(
            "a plain 500 instead of an answer",
            f"{_RATE_SYNTAX}, then :STATUS",
            _at_rate(_answer_server_error, "500"),
            problem="server-error",
        ),
        "drop": _TransportFaultKind(
            "the connection closes without an answer", _RATE_SYNTAX, _at_rate(_end_delivery("dropped"))
        ),
        "reset": _TransportFaultKind(
            "the connection is reset without an answer", _RATE_SYNTAX, _at_rate(_end_delivery("reset"))
        ),
        "silent": _TransportFaultKind(
            "no answer comes, and the connection stays open", _RATE_SYNTAX, _at_rate(_end_delivery("silent"))
        ),
        "truncate": _TransportFaultKind(
            "the connection closes within the body",
            f"{_RATE_SYNTAX}, then :SHARE sent",
            _at_rate(_truncate_body, "0.5"),
            problem="truncated",
        ),
        "dribble": _TransportFaultKind(
            "the body comes in drops", f"{_RATE_SYNTAX}, then :BYTES a second", _at_rate(_slow_down_body, "100")
        ),
        "wrong-length": _TransportFaultKind(
            "Content-Length is not the length of the body",
            f"{_RATE_SYNTAX}, then :+N or :-N",
            _at_rate(_set_wrong_length, "+10"),
            problem="truncated",
        ),
    }
)  # fmt: skip
