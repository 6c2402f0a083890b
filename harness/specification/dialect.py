"""The answers that one server gives to the choices its document leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, cast
from zoneinfo import ZoneInfo

import yaml

from harness.errors import UsageProblem
from harness.integers import is_integer
from harness.specification.field_path import written_value
from harness.specification.load import Spec
from harness.specification.model import Listing, OpenChoice
from harness.specification.yaml_source import SourceFile, parse_source_text

T = TypeVar("T")


class ChoiceResolver(Protocol):
    """Something that settles an open choice."""

    def resolve(self, value: T | OpenChoice[T]) -> T: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """Values for open choices by id; a choice that is not named takes what the spec assumes."""

    values: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def resolve(self, value: T | OpenChoice[T]) -> T:
        """The value itself, or this dialect's answer to an open choice."""
        if isinstance(value, OpenChoice):
            return cast(T, self.values.get(value.id, value.assumed))
        return value

    def with_values(self, values: Mapping[str, Any]) -> Dialect:
        """This dialect with more answers."""
        return Dialect({**self.values, **values})


def default_zone(listing: Listing, choices: ChoiceResolver) -> ZoneInfo:
    """The zone of local times when a request names none."""
    return ZoneInfo(choices.resolve(listing.zone.default) if listing.zone is not None else "UTC")


def written_answer(value: Any) -> Any:
    """An answer as files write it: paths are texts, and alternatives of several fields are lists."""
    plain = written_value(value)
    return list(plain) if isinstance(plain, tuple) else plain


def answer_from_file(choice: OpenChoice[Any], raw: Any) -> Any:
    """The option that a file names by its text; what names none stays as it is."""
    named = tuple(raw) if isinstance(raw, list) else raw
    return next((option for option in choice.options if written_value(option) == named), named)


def dialect_text(spec: Spec, values: Mapping[str, Any]) -> str:
    """A dialect file: the API and its known answers."""
    plain = {name: written_answer(value) for name, value in values.items()}
    tree = {"api": spec.id, "dialect": plain}
    return str(yaml.safe_dump(tree, sort_keys=True, allow_unicode=True, default_flow_style=False))


def load_dialect(source: SourceFile, spec: Spec) -> Dialect:
    """The dialect in a file, each answer checked against the spec. Raises UsageProblem."""
    tree = source.tree
    if not isinstance(tree, Mapping) or not isinstance(tree.get("dialect"), Mapping):
        raise UsageProblem(source.name, "a mapping with the keys api and dialect", "something else")
    if tree.get("api") not in (spec.id, None):
        raise UsageProblem(source.location(("api",)), f"a dialect of {spec.id}", f"a dialect of {tree.get('api')}")
    given = cast(Mapping[str, Any], tree["dialect"])
    values: dict[str, Any] = {}
    for name, raw in given.items():
        where = source.location(("dialect", name))
        choice = spec.choices.get(name)
        if choice is None:
            raise UsageProblem(where, f"an open choice of {spec.id}", f"{name!r}", "see `callharness spec show`")
        value = answer_from_file(choice, raw)
        if choice.options and value not in choice.options:
            known = ", ".join(str(written_value(option)) for option in choice.options)
            raise UsageProblem(where, f"one of {known}", repr(raw))
        if choice.kind == "integer" and value is not None and not is_integer(value):
            raise UsageProblem(where, "an integer", repr(raw))
        if choice.kind in ("zone", "text") and not isinstance(value, str):
            raise UsageProblem(where, f"a {choice.kind}", repr(raw))
        values[name] = value
    return Dialect(values)


def parse_dialect(text: str, *, name: str, spec: Spec) -> Dialect:
    """The dialect in a text, as `dialect_text` writes it."""
    return load_dialect(parse_source_text(text, name=name), spec)
