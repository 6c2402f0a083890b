"""The hooks of the simulator: the steps of an answer that a fault may change; by default nothing is changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar, final

from harness.serve.authentication import SimulatedUser
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.query.table import Query, QueryResult, Table
from harness.specification.model import LinkName, Listing
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest

T = TypeVar("T")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerContent:
    """The content of a success before it is encoded: row positions or a count, numbers, cursors, linked pages."""

    rows: tuple[int, ...]
    count: int | None
    total: int | None
    returned: int
    next: str | None = None
    prev: str | None = None
    page_count: int | None = None
    first_index: int | None = None
    last_index: int | None = None
    more: bool | None = None
    unfiltered: int | None = None
    links: Mapping[LinkName, ListRequest] = dataclasses.field(default_factory=lambda: MappingProxyType({}))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """What a page hook may look at: the table, the plan, all rows that match, and the instant of the world."""

    table: Table
    plan: AnswerPlan
    query_result: QueryResult
    at: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerContext:
    """What an answer replies to: the request, as far as it could be read, and the refusal if it is one."""

    list_request: ListRequest | None
    refusal: RefusedRequest | None


RowTree: TypeAlias = "dict[str, Tree]"


def _unchanged(value: T, *_: object) -> T:
    return value


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """One function per step of an answer: it takes what the simulator made and returns what it goes on with."""

    listing: Callable[[Listing], Listing] = _unchanged
    request: Callable[[HttpRequest], HttpRequest] = _unchanged
    list_request: Callable[[ListRequest | RefusedRequest], ListRequest | RefusedRequest] = _unchanged
    user: Callable[
        [SimulatedUser | RefusedRequest, ListRequest, tuple[SimulatedUser, ...], datetime],
        SimulatedUser | RefusedRequest,
    ] = _unchanged
    parameters: Callable[[ParsedParameters | RefusedRequest, ListRequest], ParsedParameters | RefusedRequest] = (
        _unchanged
    )
    plan: Callable[[AnswerPlan | RefusedRequest, ParsedParameters], AnswerPlan | RefusedRequest] = _unchanged
    query: Callable[[Query, Table], Query] = _unchanged
    page: Callable[[AnswerContent, PageContext], AnswerContent] = _unchanged
    links: Callable[[Mapping[LinkName, ListRequest], ListRequest], Mapping[LinkName, ListRequest]] = _unchanged
    row: Callable[[RowTree, int, datetime], RowTree] = _unchanged
    tree: Callable[[Tree, AnswerContext], Tree] = _unchanged
    response: Callable[[HttpResponse, AnswerContext], HttpResponse] = _unchanged


NO_HOOKS = Hooks()


def combine_hooks(many: Iterable[Hooks]) -> Hooks:
    """Hooks that apply several hooks, one after the other."""
    found = NO_HOOKS
    for hooks in many:
        found = Hooks(
            **{
                field.name: _chain_hooks(getattr(found, field.name), getattr(hooks, field.name))
                for field in dataclasses.fields(Hooks)
            }
        )
    return found


def _chain_hooks(first: Callable[..., Any], second: Callable[..., Any]) -> Callable[..., Any]:
    if first is _unchanged:
        return second
    if second is _unchanged:
        return first
    return lambda value, *rest: second(first(value, *rest), *rest)


def is_active_hook(function: Callable[..., Any]) -> bool:
    """Whether a hook changes anything."""
    return function is not _unchanged
