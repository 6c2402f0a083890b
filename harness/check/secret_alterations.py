"""Secrets that are nearly right, which a server must refuse; tests that are written of findings know them, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final


def _wrong(secret: str) -> str:
    middle = len(secret) // 2
    return secret[:middle] + ("b" if secret[middle] in "aA" else "a") + secret[middle + 1 :]


def _truncated(secret: str) -> str:
    # A signed token loses three whole bytes of its signature: what is left can still be decoded.
    return secret[:-4] if secret.count(".") == 2 else secret[:-1]


MADE_UP: Final = re.compile(r"not[-.]a[-.][a-z0-9_-]+")
"""Credentials that are nobody's, as a check sends them."""

ALTERATIONS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "wrong": _wrong,
        "half": lambda secret: secret[: len(secret) // 2],
        "truncated": _truncated,
        # Who puts credentials into the text of an SQL statement breaks down over the quote.
        "extended": lambda secret: f"{secret}'",
        "otherwise-cased": str.swapcase,
        # Who looks accounts up by LIKE takes what stands for any text (`wildcard_user`, foreign servers).
        "pattern": lambda secret: f"{secret[:-1]}%",
    }
)
"""Each alteration of a secret that is not empty, by its name."""
