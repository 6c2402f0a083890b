"""Pseudonyms for people's data in reports: the same value gets the same alias, and no alias leads back."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final, final
from urllib.parse import urlsplit

NAME_DROPPED: Final = "[name]"

_URL: Final = re.compile(r"\b(?:https?|ftp|sips?|wss?)://[^\s\"'<>]+", re.I)
# Digits glued to letters are ids, digits after a point are fractions; dates and times have shorter runs.
_NUMBER: Final = re.compile(r"(?<![\w.+])\+?[0-9](?:[ /]?[0-9]){6,16}(?!\w)", re.ASCII)


@final
class Pseudonyms:
    """Aliases under one key: relations between the records of one run stay visible, nothing else does."""

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ValueError("pseudonyms need a key")
        self._key = key

    def __repr__(self) -> str:
        return "Pseudonyms(***)"

    def alias_number(self, number: str) -> str:
        """A phone number as country code, last two digits and a keyed hash: `+49…17~3f2a`."""
        if not number:
            return number
        digits = re.sub(r"[^0-9]", "", number)
        international = number.strip().startswith("+") or number.strip().startswith("00")
        significant = digits.removeprefix("00") if number.strip().startswith("00") else digits
        country = "+" + country_code_of(significant) if international and len(significant) >= 7 else ""
        ending = significant[-2:] if len(significant) >= 5 else ""
        return f"{country}…{ending}~{self._keyed_hash(significant if international else digits or number, 4)}"

    def alias_name(self, name: str) -> str:
        """A name of a person: dropped, but not mistaken for a missing one."""
        return NAME_DROPPED if name else name

    def alias_url(self, url: str) -> str:
        """A URL as its origin and a keyed hash of the rest; credentials and ports of no use are gone."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return f"…~{self._keyed_hash(url, 8)}"
        if not parts.scheme or not host:
            return f"…~{self._keyed_hash(url, 8)}"
        bracketed = f"[{host}]" if ":" in host else host
        origin = f"{parts.scheme}://{bracketed}" + (f":{port}" if port else "")
        return f"{origin}/…~{self._keyed_hash(url, 8)}"

    def alias_text(self, text: str) -> str:
        """Free text with every URL and everything that looks like a phone number replaced by its alias."""
        pieces: list[str] = []
        done = 0
        for match in _URL.finditer(text):
            pieces += (self._alias_numbers(text[done : match.start()]), self.alias_url(match[0]))
            done = match.end()
        pieces.append(self._alias_numbers(text[done:]))
        return "".join(pieces)

    def _alias_numbers(self, text: str) -> str:
        return _NUMBER.sub(lambda match: self.alias_number(match[0]), text)

    def _keyed_hash(self, value: str, digits: int) -> str:
        data = value.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, data, hashlib.sha256).hexdigest()[:digits]


def country_code_of(digits: str) -> str:
    """The country calling code that international digits begin with; three digits where none is assigned."""
    # Loaded only where numbers are masked: the tables of all countries take a while.
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return next(
        (digits[:size] for size in (1, 2, 3) if int(digits[:size]) in COUNTRY_CODE_TO_REGION_CODE), digits[:3]
    )
