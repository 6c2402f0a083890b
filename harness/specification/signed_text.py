"""The text that a signature covers, as a spec writes it: literal text, and parts of the request in braces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

SIGNED_PARTS: Final = (
    "method",
    "host",
    "path",
    "query",
    "body",
    "header:NAME",
    "time",
    "nonce",
    "key",
    "secret",
    "canonical",
)
CARRIED_PARTS: Final = ("key", "signature", "time", "nonce")
DIGESTS: Final = ("md5", "sha1", "sha256", "sha512")
DAYS: Final = ("day", "bare-day")
PART_CHANGES: Final = ("sorted", "decoded", *DAYS, *DIGESTS, *(f"{name}-base64" for name in DIGESTS))
_IN_BRACES: Final = re.compile(r"\{([^{}]*)\}")


@final
@dataclass(frozen=True, slots=True)
class SignedPart:
    """A part of the request in a signed text, and what becomes of it, from left to right."""

    name: str
    changes: tuple[str, ...] = ()


@lru_cache(maxsize=64)
def split_signed_text(text: str) -> tuple[str | SignedPart, ...]:
    """A text as its literal pieces and the parts of the request between them."""
    pieces: list[str | SignedPart] = []
    for index, piece in enumerate(_IN_BRACES.split(text)):
        if index % 2:
            name, *changes = (word.strip() for word in piece.split("|"))
            pieces.append(SignedPart(name, tuple(changes)))
        elif piece:
            pieces.append(piece)
    return tuple(pieces)


def parts_named(text: str) -> frozenset[str]:
    """The names of the parts of the request that a text holds."""
    return frozenset(piece.name for piece in split_signed_text(text) if isinstance(piece, SignedPart))


def covered_parts(texts: Iterable[str]) -> frozenset[str]:
    """The names of the parts of the request that some texts hold together."""
    return frozenset().union(*map(parts_named, texts))


def _is_header(name: str, known: tuple[str, ...]) -> bool:
    return "header:NAME" in known and name.startswith("header:") and len(name) > len("header:")


def unknown_words(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """What stands in the braces of a text and means nothing."""
    parts = [piece for piece in split_signed_text(text) if isinstance(piece, SignedPart)]
    names = [part.name for part in parts if part.name not in known and not _is_header(part.name, known)]
    return tuple(
        dict.fromkeys((*names, *(word for part in parts for word in part.changes if word not in PART_CHANGES)))
    )
