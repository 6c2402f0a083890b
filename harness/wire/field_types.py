"""The JSON types in which fields are written, and words that are no texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from harness.integers import is_integer
from harness.specification.model import Field
from harness.wire.decoded_body import Tree

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "integer": (int,),
    "epoch-seconds": (int,),
    "epoch-milliseconds": (int,),
    "decimal": (int, Decimal),
    "flag": (bool,),
    "text-list": (list,),
}


def has_other_type(field: Field, raw: Tree) -> bool:
    """Whether the value is of a further type that is legitimate; what it says is not read."""
    kinds = {"text": str, "integer": int, "object": dict, "list": list}
    return any(isinstance(raw, kinds[kind]) and not isinstance(raw, bool) for kind in field.other_types)


def has_wrong_type(field: Field, raw: Tree, text_carried: bool) -> bool:
    """Whether the value is of no type in which the field is written."""
    if text_carried:
        return not isinstance(raw, str)
    wanted = _TYPES.get(field.word_type if field.as_ == "word" else field.as_, (str,))
    return not isinstance(raw, wanted) or (isinstance(raw, bool) and bool not in wanted)


def written_word(field: Field, word: str, *, text_carried: bool) -> Tree:
    """A word as it is written: a number or a flag where the field has such words."""
    if text_carried or field.word_type == "text":
        return word
    return int(word) if field.word_type == "integer" else word == "true"


def word_written(field: Field, raw: Tree) -> Tree:
    """The word that a number or a flag is where the field has such words; any other value as it is."""
    if field.word_type == "integer" and is_integer(raw):
        return str(raw)
    if field.word_type == "flag" and isinstance(raw, bool):
        return "true" if raw else "false"
    # A text is none of the words of such a field.
    return raw if field.word_type == "text" or not isinstance(raw, str) else [raw]
