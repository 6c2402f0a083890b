"""What stands around the rows of answers, as bytes: many answers share it, or share all of it but their cursors."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, TypeGuard, final

from harness.serve.faults.hooks import AnswerContent
from harness.serve.query.query_builder import AnswerPlan
from harness.serve.row_writer import Envelope

_MAX_ENVELOPES: Final = 1024
_MAX_ENVELOPE_BYTES: Final = 4096
# Texts that no format writes in another way than as they are, and long enough to be another in every answer.
_OPAQUE_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{16,2048}", re.ASCII)
_MARK: Final = "callharness-mark-"

EnvelopeMaker: TypeAlias = Callable[[AnswerContent, AnswerPlan], Envelope]


@final
class EnvelopeMemory:
    """The envelopes of one API. Opaque texts (cursors, and echoes of them) are put into an envelope of others."""

    def __init__(self) -> None:
        self._envelopes: dict[Hashable, Envelope] = {}

    def find(self, page: AnswerContent, plan: AnswerPlan, more: Hashable, make: EnvelopeMaker) -> Envelope:
        """The envelope of a page; `more` is what it depends on besides page and plan."""
        texts: list[str] = []
        echoes: list[tuple[str, type | None, str]] = []
        for at, value in plan.echoes.items():
            if _is_opaque(value):
                texts.append(value)
                echoes.append((at, None, ""))
            else:
                echoes.append((at, type(value), value if isinstance(value, str) else repr(value)))
        cursors = [page.next, page.prev]
        for place, cursor in enumerate(cursors):
            if _is_opaque(cursor):
                texts.append(cursor)
                cursors[place] = "\0"
        numbers = (page.total, page.returned, page.page_count, page.first_index, page.last_index, page.more)
        key = (numbers, *cursors, tuple(echoes), plan.zone_name, more)
        if not texts:
            found = self._envelopes.get(key)
            return self._keep(key, make(page, plan)) if found is None else found
        pattern = self._envelopes.get(key)
        if pattern is not None:
            return _with_texts(pattern, texts)
        whole = make(page, plan)
        pattern = make(*_with_marks(page, plan))
        # Where a text is left out, stands twice, or is written in another way, there is no pattern to fill.
        if _with_texts(pattern, texts) == whole:
            self._keep(key, pattern)
        return whole

    def _keep(self, key: Hashable, envelope: Envelope) -> Envelope:
        if len(envelope.head) + len(envelope.tail) <= _MAX_ENVELOPE_BYTES:
            if len(self._envelopes) >= _MAX_ENVELOPES:
                self._envelopes.clear()
            self._envelopes[key] = envelope
        return envelope


def _mark(number: int) -> str:
    """A text of the form of a cursor that stands for one."""
    return f"{_MARK}{number:02d}-8d1c7b5e0f3a4926"


def _is_opaque(value: object) -> TypeGuard[str]:
    # What a client writes may be repeated: a mark of ours in it would be filled as well.
    return isinstance(value, str) and _OPAQUE_TEXT.fullmatch(value) is not None and _MARK not in value


def _with_marks(page: AnswerContent, plan: AnswerPlan) -> tuple[AnswerContent, AnswerPlan]:
    """Page and plan with a mark for each opaque text."""
    number = 0
    echoes = dict(plan.echoes)
    for at, value in plan.echoes.items():
        if _is_opaque(value):
            echoes[at] = _mark(number)
            number += 1
    cursors = [page.next, page.prev]
    for place, cursor in enumerate(cursors):
        if _is_opaque(cursor):
            cursors[place] = _mark(number)
            number += 1
    return replace(page, next=cursors[0], prev=cursors[1]), replace(plan, echoes=echoes)


def _with_texts(pattern: Envelope, texts: Sequence[str]) -> Envelope:
    head, tail = pattern.head, pattern.tail
    for number, text in enumerate(texts):
        mark, written = _mark(number).encode("ascii"), text.encode("ascii")
        head, tail = head.replace(mark, written), tail.replace(mark, written)
    return Envelope(pattern.media_type, head, tail, pattern.headers)
