"""How one parameter is written in a value that several share: `size ge {value}`, `way eq '{value}'`, `note`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, final

VALUE_PLACE: Final = "{value}"
_QUOTES: Final = "'\""
# What stands for each further element of a list: `way in ('{value}'[, '{value}'])`.
_FURTHER: Final = re.compile(r"\[([^\[\]]*)\]")


@final
@dataclass(frozen=True, slots=True)
class SharedPart:
    """How one parameter stands in a value that others share.

    `texts` stand around its value, `further` around each further element of a list; `tail` follows them. `separator`
    is that of the list.
    """

    name: str
    texts: tuple[str, ...]
    quote: str
    further: tuple[str, ...] = ()
    tail: str = ""
    separator: str = ","

    @staticmethod
    def of(name: str, written: str, separator: str = ",") -> SharedPart:
        """The part that is written so, with `{value}` in place of the value."""
        found = _FURTHER.search(written)
        more, tail = ("", "") if found is None else (found[1], written[found.end() :])
        head = written if found is None else written[: found.start()]
        texts, further = tuple(head.split(VALUE_PLACE)), tuple(more.split(VALUE_PLACE)) if more else ()
        marks = {(before[-1:], after[:1]) for before, after in (*pairwise(texts), *pairwise(further))}
        quote = next(iter(marks))[0] if len(marks) == 1 else ""
        quote = quote if quote and quote in _QUOTES and marks == {(quote, quote)} else ""
        return SharedPart(name, texts, quote, further, tail, separator)

    @property
    def takes_value(self) -> bool:
        """Whether it holds a value at all."""
        return len(self.texts) > 1

    @property
    def takes_list(self) -> bool:
        """Whether it holds a list, each element between texts of its own."""
        return len(self.further) > 1

    def written_with(self, raw: object) -> str:
        """The part as it stands in the value."""
        text = "" if raw is None else str(raw)
        elements = text.split(self.separator) if self.takes_list else [text]
        first, *others = (one.replace(self.quote, self.quote * 2) if self.quote else one for one in elements)
        return first.join(self.texts) + "".join(one.join(self.further) for one in others) + self.tail

    def value_in(self, piece: str) -> str | None:
        """The raw value in a piece of the shared value; None where the piece is another part, or not the whole."""
        if not self.takes_value:
            return "" if piece == self.texts[0] else None
        found = re.compile(self._form(self.texts), re.DOTALL).match(piece)
        values: list[str] = []
        while found is not None:
            values.append(found[1])
            if piece[found.end() :] == self.tail:
                bare = [one.replace(self.quote * 2, self.quote) if self.quote else one for one in values]
                return self.separator.join(bare)
            if not self.takes_list:
                return None
            found = re.compile(self._form(self.further), re.DOTALL).match(piece, found.end())
        return None

    def _form(self, texts: tuple[str, ...]) -> str:
        """The pattern of a value between its texts."""
        # Nothing at all is a value only between quotes; where it stands again it is the same one.
        first, *others = map(re.escape, texts)
        quote = re.escape(self.quote)
        held = f"(?:[^{quote}]|{quote}{quote})*" if self.quote else r"[^\s,()]+" if self.takes_list else ".+"
        return f"{first}({held}){others[0]}" + "".join(f"\\1{other}" for other in others[1:])
