"""The places where a deliberate breach may bend what the simulator does; by default nothing is bent."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar, final

from harness.serve.authentication import Identity
from harness.serve.query.parameters import Given
from harness.serve.query.planner import Plan
from harness.serve.query.table import Found, Table
from harness.specification.model import Listing
from harness.wire.format_problems import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import Ask
from harness.wire.request_codec import Refused

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one success shows before it becomes a tree: positions of rows, or a count, and the numbers around them."""

    rows: tuple[int, ...]
    count: int | None
    total: int | None
    returned: int
    next: str | None = None
    prev: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is known when a page is cut: the table, the plan, all that matches, and the instant."""

    table: Table
    plan: Plan
    found: Found
    at: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an answer is about: what was asked, as far as it could be read, and the fault if there is one."""

    ask: Ask | None
    fault: Refused | None


Row: TypeAlias = "dict[str, Tree]"


def _as_it_is(value: T, *_: object) -> T:
    return value


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """One function per seam; each takes what the simulator made and gives what it goes on with."""

    listing: Callable[[Listing], Listing] = _as_it_is
    request: Callable[[HttpRequest], HttpRequest] = _as_it_is
    ask: Callable[[Ask | Refused], Ask | Refused] = _as_it_is
    who: Callable[[Identity | Refused, Ask, tuple[Identity, ...], datetime], Identity | Refused] = _as_it_is
    given: Callable[[Given | Refused, Ask], Given | Refused] = _as_it_is
    plan: Callable[[Plan | Refused, Given], Plan | Refused] = _as_it_is
    page: Callable[[Page, Scene], Page] = _as_it_is
    row: Callable[[Row, int, datetime], Row] = _as_it_is
    tree: Callable[[Tree, Told], Tree] = _as_it_is
    response: Callable[[HttpResponse, Told], HttpResponse] = _as_it_is


STRAIGHT = Seams()


def joined(many: Iterable[Seams]) -> Seams:
    """Seams that bend one after the other."""
    found = STRAIGHT
    for seams in many:
        found = Seams(
            **{
                field.name: _then(getattr(found, field.name), getattr(seams, field.name))
                for field in dataclasses.fields(Seams)
            }
        )
    return found


def _then(first: Callable[..., Any], second: Callable[..., Any]) -> Callable[..., Any]:
    if first is _as_it_is:
        return second
    if second is _as_it_is:
        return first
    return lambda value, *rest: second(first(value, *rest), *rest)


def is_bent(function: Callable[..., Any]) -> bool:
    """Whether a seam does anything."""
    return function is not _as_it_is
