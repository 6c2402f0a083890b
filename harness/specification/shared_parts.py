"""How one parameter is written in a value that several share: `size ge {value}`, `way eq '{value}'`, `note`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, final

VALUE_PLACE: Final = "{value}"
_QUOTES: Final = "'\""


@final
@dataclass(frozen=True, slots=True)
class SharedPart:
    """How one parameter stands in a value that others share."""

    name: str
    before: str
    after: str
    takes_value: bool
    quote: str

    @staticmethod
    def of(name: str, written: str) -> SharedPart:
        """The part that is written so, with `{value}` in place of the value."""
        before, place, after = written.partition(VALUE_PLACE)
        quoted = bool(before) and before[-1] in _QUOTES and after.startswith(before[-1])
        return SharedPart(name, before, after, bool(place), before[-1] if quoted else "")

    def written_with(self, raw: object) -> str:
        """The part as it stands in the value."""
        if not self.takes_value:
            return self.before
        text = "" if raw is None else str(raw)
        return self.before + (text.replace(self.quote, self.quote * 2) if self.quote else text) + self.after

    def value_in(self, piece: str) -> str | None:
        """The raw value in a piece of the shared value; None where the piece is another part, or not the whole."""
        if not self.takes_value:
            return "" if piece == self.before else None
        # Nothing at all is a value only between quotes.
        held = ".*" if self.quote else ".+"
        inner = re.fullmatch(f"{re.escape(self.before)}({held}){re.escape(self.after)}", piece, re.DOTALL)
        if inner is None:
            return None
        text = inner[1]
        if not self.quote:
            return text
        bare = text.replace(self.quote * 2, "")
        return None if self.quote in bare else text.replace(self.quote * 2, self.quote)
