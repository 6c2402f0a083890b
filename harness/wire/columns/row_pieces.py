"""Rows put together from pieces: for each piece a text, or for each row the place of a text among some.

Neighbours with few texts are joined before any row is written, so that a row is made of few pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias, final

import numpy as np
import polars as pl

from harness.telephony.columns import Flags, Integers, IntegerTexts, MadeOf, PooledTexts, TextPool, made_once
from harness.wire.columns.field_columns import InnerText, ValuePart, WrittenRows
from harness.wire.columns.number_texts import number_parts
from harness.wire.columns.row_texts import ChosenTexts, NestedPieces, Piece, Texts, few_texts

# Joined texts beyond this number are looked up more slowly than two pieces are.
_JOINED_TEXTS: Final = 4096
# Pools beyond this number are left as they are: texts around them would make them slow.
_LARGE_POOL: Final = 20_000

_TextForm: TypeAlias = tuple[bool, bool, str, str, tuple[str, ...]]
"""Whether texts are escaped, and as JSON within a text; what stands before and after them; the other texts."""


@final
class PieceMaker:
    """Makes pieces of the parts of values, escaped as one form wants it; what was made of a pool is kept."""

    def __init__(
        self, escape: Callable[[str], str], escape_inner: Callable[[str], str], *, doubles_quotes: bool = False
    ) -> None:
        self._escape = escape
        self._doubles_quotes = doubles_quotes
        self._escape_inner = escape_inner
        self._of_pools = MadeOf[TextPool, Texts]()
        self._joins = MadeOf[Texts, "MadeOf[Texts, Texts]"]()

    def value_pieces(
        self,
        parts: Sequence[ValuePart],
        before: str,
        after: str,
        others: tuple[str, ...],
        chosen: Integers | None,
        *,
        escaped: bool,
    ) -> Iterator[Piece]:
        """The pieces of a value, or for rows with a number above 0 in `chosen` the other text of that number."""
        plain = [one for part in parts for one in _plain_parts(part)]
        if chosen is None:
            yield before
            for part in plain:
                yield from self._part_pieces(part, None, escaped=escaped)
            yield after
            return
        first, last = plain[0], plain[-1]
        if len(plain) == 1 and _has_few(first):
            yield self._folded(first, before, after, others, chosen, escaped=escaped)
            return
        elsewhere = chosen > 0
        if _has_few(first):
            yield self._folded(first, before, "", others, chosen, escaped=escaped)
            plain = plain[1:]
        else:
            yield ChosenTexts(few_texts(before, *others), chosen)
        closed = len(plain) > 0 and _has_few(last)
        for part in plain[:-1] if closed else plain:
            yield from self._part_pieces(part, elsewhere, escaped=escaped)
        if closed:
            yield self._folded(last, "", after, ("",), elsewhere.astype(np.int64), escaped=escaped)
        elif after:
            yield ChosenTexts(few_texts(after, ""), elsewhere.astype(np.int64))

    def _folded(
        self, part: ValuePart, before: str, after: str, others: tuple[str, ...], chosen: Integers, *, escaped: bool
    ) -> ChosenTexts:
        """A part with what stands before and after it, and the texts in place of all of that, in one piece."""
        assert isinstance(part, PooledTexts)
        texts, many = self._texts_of(part.pool, escaped, False, before, after, others), len(part.pool)
        codes = np.where(part.codes < 0, many, part.codes)
        return ChosenTexts(texts, np.where(chosen > 0, many + chosen, codes))

    def _part_pieces(self, part: ValuePart, without: Flags | None, *, escaped: bool) -> Iterator[Piece]:
        inner = isinstance(part, InnerText)
        if isinstance(part, InnerText):
            part = part.part
        match part:
            case str():
                text = self._escaped(part, escaped=escaped, inner=inner)
                yield text if without is None else ChosenTexts(few_texts(text, ""), without.astype(np.int64))
            case PooledTexts():
                nothing = len(part.pool)
                codes = part.codes if without is None else np.where(without, -1, part.codes)
                if len(codes) and int(codes.min()) < 0:
                    codes = np.where(codes < 0, nothing, codes)
                yield ChosenTexts(self._texts_of(part.pool, escaped, inner, "", "", ()), codes)
            case WrittenRows():
                codes = part.codes if without is None else np.where(without, -1, part.codes)
                yield ChosenTexts(self._written_texts(part.texts), np.where(codes < 0, len(part.texts), codes))
            case NestedPieces():
                yield part if without is None else part.where(~without)
            case _:
                raise TypeError("a number is no part of a row")

    def _written_texts(self, texts: pl.Series) -> Texts:
        # JSON within JSON stands as it is; as a cell of a table its quotation marks are doubled.
        if self._doubles_quotes:
            texts = texts.str.replace_all('"', '""', literal=True)
        return Texts(pl.concat([texts, pl.Series([""], dtype=pl.String)]), lasting=False)

    def _escaped(self, text: str, *, escaped: bool, inner: bool) -> str:
        text = self._escape_inner(text) if inner else text
        return self._escape(text) if escaped else text

    def _texts_of(self, pool: TextPool, *how: *_TextForm) -> Texts:
        return self._of_pools.once(pool, how, lambda: self._make_texts(pool, *how))

    def _joined(self, first: Texts, second: Texts) -> Texts:
        beside = self._joins.once(first, None, MadeOf[Texts, Texts])
        return beside.once(second, None, lambda: _join_texts(first, second))

    def _make_texts(
        self, pool: TextPool, escaped: bool, inner: bool, before: str, after: str, others: tuple[str, ...]
    ) -> Texts:
        """The texts of a pool, then the one of no text, then the others."""
        steps = (*((self._escape_inner,) if inner else ()), *((self._escape,) if escaped else ()))
        made = _escaped_pool(pool, steps)
        if before or after:
            made = before + made + after
        return Texts(pl.concat([made, pl.Series(others, dtype=pl.String)]) if others else made)

    def joined_pieces(self, pieces: Sequence[Piece]) -> list[Piece]:
        """The same rows in fewer pieces."""
        found: list[Piece] = []
        for piece in pieces:
            if isinstance(piece, str) and not piece:
                continue
            last = found[-1] if found else None
            both = None if last is None else self._both(last, piece)
            if both is None:
                found.append(piece)
            else:
                found[-1] = both
        return found

    def _both(self, first: Piece, second: Piece) -> Piece | None:
        if isinstance(first, str) and isinstance(second, str):
            return first + second
        if isinstance(first, NestedPieces) or isinstance(second, NestedPieces):
            return None
        if not all(isinstance(piece, str) or piece.texts.lasting for piece in (first, second)):
            # What is joined is kept: that would be much, and never met again.
            return None
        if isinstance(first, str) and isinstance(second, ChosenTexts):
            few = len(second.texts) <= _LARGE_POOL
            return ChosenTexts(self._joined(few_texts(first), second.texts), second.codes) if few else None
        if isinstance(first, ChosenTexts) and isinstance(second, str):
            few = len(first.texts) <= _LARGE_POOL
            return ChosenTexts(self._joined(first.texts, few_texts(second)), first.codes) if few else None
        if isinstance(first, str) or isinstance(second, str) or len(first.texts) * len(second.texts) > _JOINED_TEXTS:
            return None
        return ChosenTexts(self._joined(first.texts, second.texts), first.codes * len(second.texts) + second.codes)


def _has_few(part: ValuePart) -> bool:
    return isinstance(part, PooledTexts) and len(part.pool) <= _LARGE_POOL


def _plain_parts(part: ValuePart) -> tuple[ValuePart, ...]:
    return number_parts(part.values, part.width) if isinstance(part, IntegerTexts) else (part,)


@made_once
def _escaped_pool(pool: TextPool, steps: tuple[Callable[[str], str], ...]) -> pl.Series:
    """The texts of a pool, and the one of no text, each changed step by step."""
    texts: Sequence[str] = pool.texts
    for step in steps:
        texts = [step(text) for text in texts]
    return pl.Series([*texts, ""], dtype=pl.String)


def _join_texts(first: Texts, second: Texts) -> Texts:
    if len(first) == 1:
        return Texts(first.series[0] + second.series)
    if len(second) == 1:
        return Texts(first.series + second.series[0])
    ends = second.series.to_list()
    return Texts([start + end for start in first.series.to_list() for end in ends])


def part_flags(part: ValuePart, flag: Callable[[TextPool, bool], Flags]) -> Flags | bool:
    """For each row whether a flag of texts holds; `flag` gives those of a pool, then that of no text."""
    inner = isinstance(part, InnerText)
    if isinstance(part, InnerText):
        part = part.part
    match part:
        case str():
            return bool(flag(TextPool((part,)), inner)[0])
        case PooledTexts():
            flags = flag(part.pool, inner)
            return flags[part.codes] if flags.any() else False
        case WrittenRows():
            quoted = part.texts.str.contains('[",\r\n]').to_numpy()
            return np.concatenate([quoted, np.zeros(1, dtype=np.bool_)])[part.codes]
        case _:
            return False


def text_part_flags(parts: Sequence[ValuePart], flag: Callable[[TextPool, bool], Flags]) -> Flags | bool:
    """For each row whether a flag holds for any of its parts."""
    found: Flags | bool = False
    for part in parts:
        here = part_flags(part, flag)
        found = here if isinstance(found, bool) and not found else found | here
    return found
