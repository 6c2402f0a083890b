"""Rules on text that is encoded or escaped twice on its way (`twice_escaped` of the foreign servers)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from harness.check.context import CheckContext
from harness.check.probe.mirror import Mirror
from harness.specification.field_path import FieldPath
from harness.specification.model import ClauseId, Clauses
from harness.wire.row_codec import ApiValue

ENTITY: Final = re.compile(r"&(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);")


_ONCE_CLAUSE: Final = (ClauseId("TEXT-ONCE"),)


# One text may be what somebody typed: a caller name can hold `&amp;`.
_DOUBLED_TEXTS_NEEDED: Final = 2


def check_encoded_once(context: CheckContext, mirror: Mirror) -> None:
    """Judges text that looks encoded or escaped twice, wherever a field has special characters at all.

    One such text may be what somebody typed; several, and none in the same field that is as it should be, are not.
    """
    escaping = context.listing.transport.escaping_clause or _ONCE_CLAUSE
    kinds: tuple[tuple[Clauses, str, Callable[[str], bool], Callable[[str], bool]], ...] = (
        (_ONCE_CLAUSE, "encoded", lambda text: not text.isascii(), _is_encoded_twice),
        (escaping, "escaped", lambda text: "&" in text, lambda text: "&" not in ENTITY.sub("", text)),
    )
    seen = 0
    for path, texts in _texts_by_path(mirror).items():
        for clauses, done, special, twice in kinds:
            some = [text for text in texts if special(text)]
            odd = [text for text in some if twice(text)]
            seen += len(some) - len(odd)
            # A text that is shown and cannot be found is no longer what somebody typed.
            enough = 1 if _is_lost_to_filters(context, path, odd) else _DOUBLED_TEXTS_NEEDED
            if len(odd) < max(enough, len(some)) or context.results.first_failed(clauses):
                continue
            context.fail(
                clauses,
                f"text is {done} once",
                expected=f"in {path} the characters themselves",
                actual=f"{len(odd)} texts such as {odd[0][:60]!r}, and no other with special characters",
                rows=[row for row in mirror.rows if row.shown.get(str(path)) in odd[:4]][:4],
                fields=[str(path)],
                inferred=True,
            )
    if seen:
        context.results.record_pass(_ONCE_CLAUSE, times=seen)
    else:
        context.results.record_not_exercised(
            _ONCE_CLAUSE, "no row shows a text with characters that could be escaped or encoded"
        )


def _is_lost_to_filters(context: CheckContext, path: FieldPath, odd: list[str]) -> bool:
    """Whether a filter on a field goes wrong when it is asked for one of the odd texts that the field shows."""
    names = [name for name, rule in context.listing.filters.items() if path in rule.compares]
    values = [known.ask.values.get(name) for known in context.known_differences for name in names]
    return any(isinstance(value, str) and any(value in text for text in odd) for value in values)


def _texts_by_path(mirror: Mirror) -> dict[FieldPath, list[str]]:
    """The different texts of the rows by the path of their field, nested rows included."""
    found: dict[FieldPath, dict[str, None]] = {}
    waiting: list[tuple[tuple[str, ...], ApiValue]] = [
        ((name,), value) for row in mirror.rows for name, value in row.shown.items()
    ]
    while waiting:
        steps, value = waiting.pop()
        if isinstance(value, str):
            found.setdefault(FieldPath(steps), {})[value] = None
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, Mapping):
                    waiting += [((*steps, name), inner) for name, inner in item.items()]
    return {path: list(texts) for path, texts in found.items()}


def _is_encoded_twice(text: str) -> bool:
    """Whether the characters of a text are the bytes of another one in UTF-8, each taken for a character."""
    if text.isascii():
        return False
    for encoding in ("latin-1", "cp1252"):
        try:
            return not text.encode(encoding).decode("utf-8").isascii()
        except ValueError:
            continue
    return False
