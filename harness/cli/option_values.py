"""Options read into values; what cannot be read stops the command with a message that says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from harness.errors import UsageProblem, did_you_mean, nearest_words

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from harness.specification.dialect import Dialect
    from harness.specification.load import Spec
    from harness.specification.model import Clause, ClauseId

# The client says itself where a request ends.
_OWN_HEADERS: Final = frozenset({"content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"})
F = TypeVar("F", bound=Callable[..., Any])


def suggest_word(word: str, known: Iterable[str]) -> str:
    """`Did you mean X?` as a sentence of its own; empty when no known word is near."""
    hint = did_you_mean(word, known)
    return hint[:1].upper() + hint[1:]


def suggest_clause(name: str, spec: Spec) -> str:
    """What to do about the id of a clause that a spec does not have: whose clause it is, or the nearest ones."""
    from harness.specification.clause_families import planned_clauses
    from harness.specification.load import load_spec, spec_ids

    own = planned_clauses(spec)
    others = {api: planned_clauses(load_spec(api)) for api in spec_ids() if api != spec.id}
    wanted = name.upper()
    owner = next((api for api, clauses in others.items() if wanted in clauses), None)
    if owner is not None:
        return f"{wanted} is a clause of {owner}"
    if name.isdecimal():
        numbered = [clause for clause in own if re.search(rf"-0*{int(name)}$", clause)]
        return f"Did you mean {numbered[0]}?" if numbered else f"Its clauses are {_first_and_last(own)}"
    near = nearest_words(name, {*own, *(clause for clauses in others.values() for clause in clauses)}, limit=3)
    # Where an own one is the nearest, those of others would only distract.
    near = near[:1] if near and near[0] in own else near
    told = [clause if clause in own else f"{clause} (of {_owner_of(clause, others)})" for clause in near]
    return f"Did you mean {' or '.join(told)}?" if told else ""


def _first_and_last(clauses: Iterable[str]) -> str:
    """The numbered clauses from the first to the last."""
    numbered = sorted(clause for clause in clauses if clause[-1:].isdecimal())
    return f"{numbered[0]} to {numbered[-1]}" if numbered else ", ".join(clauses)


def _owner_of(clause: str, others: Mapping[str, Mapping[ClauseId, Clause]]) -> str:
    return next(api for api, clauses in others.items() if clause in clauses)


def complete_api(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The ids of specs that a shell offers for an API; a file where no id begins so."""
    from click.shell_completion import CompletionItem

    from harness.specification.load import spec_ids

    ids = [name for name in spec_ids() if name.startswith(incomplete)]
    return [CompletionItem(name) for name in ids] or [CompletionItem(incomplete, type="file")]


def parse_pairs(option: str, texts: Iterable[str], *, separator: str = "=") -> tuple[tuple[str, str], ...]:
    """`NAME=VALUE` options as pairs; a value is never repeated in a message, for it may be a secret."""
    pairs = []
    for text in texts:
        name, mark, value = text.partition(separator)
        if not mark or not name.strip():
            raise UsageProblem(option, f"NAME{separator}VALUE", f"no {separator!r} with a name before it")
        pairs.append((name.strip(), value))
    return tuple(pairs)


def parse_headers(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """`--header NAME:VALUE` options."""
    headers = []
    for name, value in parse_pairs("--header", texts, separator=":"):
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name, re.ASCII):
            raise UsageProblem("--header", "a header name made of letters, digits and hyphens", repr(name))
        if not re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", value):
            raise UsageProblem(f"--header {name}", "a value of Latin-1 text on one line", "other characters")
        if name.lower() in _OWN_HEADERS or (name.lower() == "host" and not value.strip()):
            raise UsageProblem(f"--header {name}", "a header that does not frame the request", "one that does")
        headers.append((name, value.strip(" \t")))
    return tuple(headers)


def parse_instant(option: str, text: str) -> datetime:
    """An ISO 8601 instant or date; without an offset it is UTC."""
    if not re.fullmatch(r"[0-9T:.+Z \-]{8,40}", text, re.ASCII):
        raise UsageProblem(option, "an instant such as 2026-03-02T14:30:00Z", repr(text))
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as problem:
        raise UsageProblem(option, "an instant such as 2026-03-02T14:30:00Z", repr(text)) from problem
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def parse_window(text: str | None) -> tuple[datetime, datetime] | None:
    """`--window FROM..TO`."""
    if text is None:
        return None
    begin, mark, end = text.partition("..")
    if not mark:
        raise UsageProblem("--window", "FROM..TO, such as 2026-03-01..2026-03-02", repr(text))
    window = parse_instant("--window", begin), parse_instant("--window", end)
    if window[0] >= window[1]:
        raise UsageProblem("--window", "FROM before TO", repr(text))
    return window


def load_dialect_file(path: str | None, spec: Spec) -> Dialect | None:
    """The dialect in a file, or None without one."""
    if path is None:
        return None
    from harness.specification.dialect import load_dialect
    from harness.specification.yaml_source import load_source_file

    return load_dialect(load_source_file(Path(path)), spec)


def positive_number(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """A number above zero, or the option was not given."""
    if value is not None and not 0 < value < float("inf"):
        raise click.BadParameter("it must be a number above 0", ctx=context, param=parameter)
    return value


def combine_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in the order given."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
