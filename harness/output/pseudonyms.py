"""Pseudonyms for people's data in reports: the same value gets the same alias, and no alias leads back."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import Final, final
from urllib.parse import urlsplit

NAME_DROPPED: Final = "[name]"

# What stands between the digits of a number as people write it, blanks that do not break and long dashes included.
_BETWEEN: Final = "[ \\t/.()\u00a0\u2000-\u200b\u2010-\u2015\u202f\u2060\u2212\ufeff-]"
_PERSONAL: Final = re.compile(
    # Dates, times, fractions and aliases stay.
    r"(?P<kept>(?<!\d)(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T +][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?(?![ ./-]?\d)"
    r"|(?<![\d.])\d{1,2}\.\d{1,6}(?![\d.])(?!" + _BETWEEN + r"\d)"
    r"|~[0-9a-f]{4,8}\b)"
    r"|(?P<url>\b(?:https?|ftp|sips?|wss?)://[^\s\"'<>]+)"
    r"|(?P<address>\bsips?:[^\s\"'<>;,]+|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
    # Seven digits or more, of any script, also right behind a name; two numbers side by side are two.
    r"|(?P<number>[+\uff0b]?\d{7,15}(?!\d)(?!" + _BETWEEN + r"{1,3}\d(?!(?:" + _BETWEEN + r"{0,3}\d){6}))"
    r"|[+\uff0b]?\(?\d(?:" + _BETWEEN + r"{0,3}\d){6,})",
    re.I,
)
ALIAS: Final = re.compile(
    r"\+?[0-9]{0,3}\u2026[0-9]{0,2}~(?P<number>[0-9a-f]{4})"
    r"|\[text~(?P<text>[0-9a-f]{4})\]"
    # Bounded, so that the work does not grow with the square of what a server sends.
    r"|(?:[A-Za-z]{1,12}://[^/\s\"'<>]{0,255}/)?\u2026~(?P<url>[0-9a-f]{8})"
    r"|\[name\]"
)
"""What stands in the place of people's data."""
_ALIAS_OF_URL: Final = re.compile(r"[a-z]+://[^/]*/\u2026~[0-9a-f]{8}")


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
        number = unicodedata.normalize("NFKC", number)
        digits = "".join(str(unicodedata.digit(char)) for char in number if char.isdigit())
        international = number.strip().startswith("+") or number.strip().startswith("00")
        significant = digits.removeprefix("00") if number.strip().startswith("00") else digits
        country = "+" + country_code_of(significant) if international and len(significant) >= 7 else ""
        ending = significant[-2:] if len(significant) >= 5 else ""
        return f"{country}…{ending}~{self._keyed_hash(significant if international else digits or number, 4)}"

    def alias_name(self, name: str) -> str:
        """A name of a person: dropped, but not mistaken for a missing one."""
        return NAME_DROPPED if name else name

    def alias_words(self, text: str) -> str:
        """Words that somebody wrote: a keyed hash, so that the same words are known again."""
        return f"[text~{self._keyed_hash(text, 4)}]" if text else text

    def alias_url(self, url: str) -> str:
        """A URL as its origin and a keyed hash of the rest; credentials and ports of no use are gone."""
        if _ALIAS_OF_URL.fullmatch(url):
            return url
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
        """Free text with every URL, address and everything that looks like a phone number replaced by its alias."""
        return _PERSONAL.sub(self._alias_found, text)

    def _alias_found(self, found: re.Match[str]) -> str:
        match found.lastgroup:
            case "url":
                return self.alias_url(found[0])
            case "address":
                return NAME_DROPPED
            case "number":
                return self.alias_number(found[0])
            case _:
                return found[0]

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
