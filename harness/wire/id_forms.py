"""Ids in an API's own form: a prefix and digits, or a UUID.

The image of an attribute's value is the same wherever it is shown, no two values share one, and it leads back: what a
filter is given finds the attribute again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from typing import Any, Final, final

from harness.specification.model import HiddenAttribute, IdForm
from harness.specification.value_forms import DIGITS_OF_IDS, UUID_BITS, id_count, id_pattern
from harness.telephony.attributes import ID_ALPHABETS

_GOLDEN: Final = 618_033_988_749_894_848


def shown_id(form: IdForm | str, attribute: str, value: str | int) -> str:
    """The id that stands for an attribute's value."""
    return id_of_number(form, id_mix(form).image(_number_of(attribute, value)))


def hidden_ids(hidden: HiddenAttribute, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values of a hidden attribute, as ids where it has a form."""
    form = hidden.form
    if form is None:
        return values
    name = hidden.holds.steps[-1]
    return tuple(None if value is None else shown_id(form, name, value) for value in values)


def id_of_number(form: IdForm | str, number: int) -> str:
    """The id with these digits; a number beyond the form is wrapped around."""
    if isinstance(form, str):
        bits = number % (1 << UUID_BITS)
        high, low = bits >> 62, bits & (1 << 62) - 1
        # Version 4, variant 1: the six bits that are no part of the number.
        text = f"{high >> 12:012x}4{high & 0xFFF:03x}{0x8000000000000000 | low:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    alphabet = DIGITS_OF_IDS[form.of]
    digits = ""
    for _ in range(form.digits):
        number, digit = divmod(number, len(alphabet))
        digits = alphabet[digit] + digits
    return form.prefix + digits


def attribute_value(form: IdForm | str, attribute: str, text: str) -> str | int | None:
    """The attribute's value for which an id stands; None for a text that stands for none."""
    number = _number_of_id(form, text)
    if number is None:
        return None
    alphabet = ID_ALPHABETS[attribute]
    value: str | int = id_mix(form).origin(number)
    if alphabet:
        value = _text_of(int(value), alphabet)
    return value if shown_id(form, attribute, value) == text else None


def _number_of_id(form: IdForm | str, text: str) -> int | None:
    if id_pattern(form).fullmatch(text) is None:
        return None
    if isinstance(form, str):
        digits = text.replace("-", "")
        high = int(digits[:12] + digits[13:16], 16)
        return high << 62 | int(digits[16:], 16) & (1 << 62) - 1
    alphabet, number = DIGITS_OF_IDS[form.of], 0
    for digit in text.removeprefix(form.prefix):
        place = alphabet.find(digit)
        if place < 0:
            return None
        number = number * len(alphabet) + place
    return number


def _number_of(attribute: str, value: str | int) -> int:
    alphabet = ID_ALPHABETS[attribute]
    if not alphabet:
        return int(value)
    number = 0
    # Digits from 1: texts of another length have another number.
    for letter in str(value):
        number = number * len(alphabet) + alphabet.find(letter) + 1
    return number


def _text_of(number: int, alphabet: str) -> str:
    text = ""
    while number:
        number, digit = divmod(number - 1, len(alphabet))
        text = alphabet[digit] + text
    return text


@final
@dataclass(frozen=True, slots=True)
class IdMix:
    """A permutation of the numbers below `count`, so that neighbours look unalike."""

    count: int
    factor: int
    inverse: int

    def image(self, number: int) -> int:
        return (number * self.factor + self.count // 3) % self.count

    def origin(self, number: int) -> int:
        return (number - self.count // 3) * self.inverse % self.count


@lru_cache(maxsize=64)
def id_mix(form: IdForm | str) -> IdMix:
    """The permutation of the ids of a form."""
    count = id_count(form)
    factor = (count * _GOLDEN // 10**18) | 1
    while gcd(factor, count) != 1:
        factor += 2
    return IdMix(count, factor, pow(factor, -1, count))
