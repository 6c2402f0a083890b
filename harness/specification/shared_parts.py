"""How one parameter is written in a value that several share: `size ge {value}`, `way eq '{value}'`, `note`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, final

VALUE_PLACE: Final = "{value}"
_QUOTES: Final = "'\""


@final
@dataclass(frozen=True, slots=True)
class SharedPart:
    """How one parameter stands in a value that others share."""

    name: str
    texts: tuple[str, ...]
    """What stands around the value, which stands between each two of them."""
    quote: str

    @staticmethod
    def of(name: str, written: str) -> SharedPart:
        """The part that is written so, with `{value}` in place of the value."""
        texts = tuple(written.split(VALUE_PLACE))
        marks = {(before[-1:], after[:1]) for before, after in pairwise(texts)}
        quote = next(iter(marks))[0] if len(marks) == 1 else ""
        return SharedPart(name, texts, quote if quote and quote in _QUOTES and marks == {(quote, quote)} else "")

    @property
    def takes_value(self) -> bool:
        """Whether it holds a value at all."""
        return len(self.texts) > 1

    def written_with(self, raw: object) -> str:
        """The part as it stands in the value."""
        text = "" if raw is None else str(raw)
        return (text.replace(self.quote, self.quote * 2) if self.quote else text).join(self.texts)

    def value_in(self, piece: str) -> str | None:
        """The raw value in a piece of the shared value; None where the piece is another part, or not the whole."""
        if not self.takes_value:
            return "" if piece == self.texts[0] else None
        # Nothing at all is a value only between quotes; where it stands again it is the same one.
        first, *others = map(re.escape, self.texts)
        held = f"{first}({'.*' if self.quote else '.+'}){others[0]}" + "".join(f"\\1{other}" for other in others[1:])
        inner = re.fullmatch(held, piece, re.DOTALL)
        if inner is None:
            return None
        text = inner[1]
        if not self.quote:
            return text
        bare = text.replace(self.quote * 2, "")
        return None if self.quote in bare else text.replace(self.quote * 2, self.quote)
