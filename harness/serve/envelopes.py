"""What stands around the rows of answers, as bytes: many answers share it, or share all but numbers and cursors."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final, TypeAlias, TypeGuard, final

from harness.integers import is_integer
from harness.serve.faults.hooks import AnswerContent
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.row_writer import Envelope

_MAX_ENVELOPES: Final = 1024
_MAX_ENVELOPE_BYTES: Final = 4096
# Texts that no format writes in another way than as they are, and long enough to be another in every answer.
_OPAQUE_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{16,2048}", re.ASCII)
_MARK: Final = "callharness-mark-"
_MARK_END: Final = "-8d1c7b5e0f3a4926"
# A number that stands for another begins so; two digits follow.
_NUMBER_MARK: Final = "81407735296033"
_ANY_MARK: Final = re.compile(f"{_MARK}([0-9]{{2}}){_MARK_END}|{_NUMBER_MARK}([0-9]{{2}})", re.ASCII)

EnvelopeMaker: TypeAlias = Callable[[AnswerContent, AnswerPlan], Envelope]
_TOLD: Final = ("next", "prev", "total", "returned", "page_count", "first_index", "last_index", "unfiltered")
_told_of: Final = attrgetter(*_TOLD)


@final
@dataclass(frozen=True, slots=True)
class _Template:
    """A text with places for others: what `%` fills, and which of the others stands at each place."""

    form: bytes
    order: tuple[int, ...]

    @staticmethod
    def of(marked: bytes) -> _Template:
        """The template of a text in which marks stand for others."""
        text, order = marked.decode("latin-1").replace("%", "%%"), list[int]()

        def take(mark: re.Match[str]) -> str:
            order.append(int(mark[1] or mark[2]))
            return "%b"

        return _Template(_ANY_MARK.sub(take, text).encode("latin-1"), tuple(order))

    def filled(self, texts: Sequence[bytes]) -> bytes:
        """The text with the others in their places."""
        return self.form % tuple([texts[place] for place in self.order])


@final
@dataclass(frozen=True, slots=True)
class _Pattern:
    """An envelope with places for texts and numbers; `headers` where one of these stands there."""

    media_type: str
    head: _Template
    tail: _Template
    plain_headers: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, _Template], ...] | None

    @staticmethod
    def of(marked: Envelope) -> _Pattern:
        """The pattern of an envelope in which marks stand for texts and numbers."""
        headers = tuple((name, _Template.of(value.encode("latin-1", "replace"))) for name, value in marked.headers)
        return _Pattern(
            marked.media_type,
            _Template.of(marked.head),
            _Template.of(marked.tail),
            marked.headers,
            headers if any(value.order for _, value in headers) else None,
        )

    def filled(self, texts: Sequence[bytes]) -> Envelope:
        """The envelope with texts and numbers in their places."""
        headers = self.plain_headers
        if self.headers is not None:
            headers = tuple((name, value.filled(texts).decode("latin-1")) for name, value in self.headers)
        return Envelope(self.media_type, self.head.filled(texts), self.tail.filled(texts), headers)


@final
class EnvelopeMemory:
    """The envelopes of one API. Numbers and opaque texts (cursors) are put into an envelope of others."""

    def __init__(self) -> None:
        self._patterns: dict[Hashable, _Pattern] = {}

    def find(self, page: AnswerContent, plan: AnswerPlan, more: Hashable, make: EnvelopeMaker) -> Envelope:
        """The envelope of a page; `more` is what it depends on besides page and plan."""
        texts: list[bytes] = []
        key: list[Hashable] = [more, plan.zone_name, page.more, *plan.echoes]
        for value in (*plan.echoes.values(), *_told_of(page)):
            # What a key tells of a value: itself, or only that it is a number or an opaque text.
            kind = type(value)
            if value is None:
                key.append(None)
            elif kind is int and value:
                # A nought may be told in another way than other numbers.
                texts.append(b"%d" % value)
                key.append(int)
            elif kind is str and _OPAQUE_TEXT.fullmatch(value):
                texts.append(value.encode("ascii"))
                key.append(bytes)
            else:
                key.append((kind, value if kind is str else repr(value)))
        found = tuple(key)
        pattern = self._patterns.get(found)
        if pattern is not None:
            return pattern.filled(texts)
        whole = make(page, plan)
        if _ANY_MARK.search(repr((found, texts))) is not None:
            # What a client writes may be repeated: a mark of ours in it would be filled as well.
            return whole
        pattern = _Pattern.of(make(*_with_marks(page, plan)))
        # Where a text is left out, or is written in another way, there is no pattern to fill.
        if pattern.filled(texts) == whole and len(whole.head) + len(whole.tail) <= _MAX_ENVELOPE_BYTES:
            if len(self._patterns) >= _MAX_ENVELOPES:
                self._patterns.clear()
            self._patterns[found] = pattern
        return whole


def _is_opaque(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _OPAQUE_TEXT.fullmatch(value) is not None


def _mark(value: object, number: int) -> str | int | None:
    """What stands for a value in a pattern; None where the value does itself."""
    if is_integer(value) and value:
        return int(f"{_NUMBER_MARK}{number:02d}")
    return f"{_MARK}{number:02d}{_MARK_END}" if _is_opaque(value) else None


def _with_marks(page: AnswerContent, plan: AnswerPlan) -> tuple[AnswerContent, AnswerPlan]:
    """Page and plan with a mark for each number and each opaque text."""
    number = 0
    echoes = dict(plan.echoes)
    for at, value in plan.echoes.items():
        mark = _mark(value, number)
        if mark is not None:
            echoes[at] = mark
            number += 1
    told: dict[str, str | int] = {}
    for name in _TOLD:
        mark = _mark(getattr(page, name), number)
        if mark is not None:
            told[name] = mark
            number += 1
    return replace(page, **told), plan._replace(echoes=echoes)  # type: ignore[arg-type]
