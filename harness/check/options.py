"""The options of a check: gate, time window, seed, known values, limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from harness.check.results.findings import Gate
from harness.check.rules.responses.known_world import KnownWorld
from harness.specification.dialect import Dialect
from harness.specification.model import ClauseId


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """The options of one run. `now` is the instant of the wall clock, given by the caller.

    `address` is the URL under which `target` is asked where it is another: links in answers are read against it.
    """

    now: datetime
    target: str
    address: str = ""
    seed: int = 1
    gate: Gate = Gate.CI
    only: tuple[ClauseId, ...] = ()
    parts: tuple[str, ...] = ()
    """Parts of the run, such as `filters`, that it has beside those that `only` needs."""
    window: tuple[datetime, datetime] | None = None
    dialect: Dialect | None = None
    evidence: Literal["masked", "full"] = "full"
    allow_empty: bool = False
    known_values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that the sender adds to every request, for the lines that repeat one."""
    replay: tuple[tuple[str, str], ...] = ()
    """Further options of the command line, each with its value or an empty one, for the lines that repeat the run."""
    ca: str | None = None
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    harness_version: str = ""
    stop: Callable[[], str | None] = lambda: None
    limits: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    world: KnownWorld | None = None
    fuzz: bool = False
    watch_seconds: float | None = None
    """At most so long a list of live calls is watched; None for as long as the run allows."""
