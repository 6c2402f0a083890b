"""Registers of variants: correct servers, and servers with one defect each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from foreign_http import App
from server_companies import companies

T = TypeVar("T", bound=type[App])


@dataclass(frozen=True)
class Variant:
    """A server class; `clauses` are the acceptable ones for a defect, none for a correct server.

    `unseen` says why a defect cannot be told from outside, `alone` why not in company.
    """

    api: str
    name: str
    app: type[App]
    clauses: frozenset[str] = frozenset()
    normal: bool = False
    unseen: str = ""
    alone: str = ""


CORRECT: list[Variant] = []
DEFECTS: list[Variant] = []


def correct(*apis: str, normal: bool = False) -> Callable[[T], T]:
    def note(app: T) -> T:
        CORRECT.extend(Variant(api, app.__name__, app, normal=normal) for api in apis)
        return app

    return note


def defect(api: str, clauses: str, *, normal: bool = False, unseen: str = "", alone: str = "") -> Callable[[T], T]:
    def note(app: T) -> T:
        prefix = {"ozeki/list-call-history": "OZ-LCH-", "ozeki/list-active-calls": "OZ-LAC-"}.get(api, "EN-CAL-")
        ids = frozenset(prefix + one if one[0].isdigit() else one for one in clauses.split())
        DEFECTS.append(Variant(api, app.__name__, app, ids, normal, unseen, alone))
        return app

    return note


def companies_of(api: str, size: int, *, seed: int, at_most: int) -> list[tuple[Variant, ...]]:
    """Defects of an API in groups that one server can have at once."""
    by_app = {one.app: one for one in DEFECTS if one.api == api and not one.unseen and not one.alone}
    groups = companies(list(by_app), size, seed=seed, at_most=at_most)
    return [tuple(by_app[app] for app in group) for group in groups]
