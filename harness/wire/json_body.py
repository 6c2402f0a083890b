"""JSON bodies: exact numbers, every broken promise of the format named, and pointers into the tree."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final, NoReturn, final

from harness.errors import UsageProblem
from harness.wire.decoded_body import (
    DEFAULT_BODY_LIMITS,
    PROBLEM_LIMIT,
    BodyLimits,
    DecodedBody,
    FormatProblem,
    Tree,
    printable_text,
)

__all__ = ["DecodedBody", "MISSING", "Missing", "decode_json", "encode_json", "put_value", "split_pointer", "tree_at"]


@final
class Missing(Enum):
    """The type of MISSING."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
"""What a pointer finds where nothing stands, not even a null."""

_UTF8_NAMES: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_STRUCTURE: Final = b'"[]{},'
_NOT_STRUCTURE: Final = bytes(set(range(256)) - set(_STRUCTURE))
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STRING: Final = re.compile(rb'"[^"]*"')
_RISKY_ESCAPE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LARGEST_EXPONENT: Final = 308
_LARGEST_SAFE_INTEGER: Final = 2**53 - 1
# No body so short has too many values; integers with fewer digits than this are safe.
_SHORT_BYTES: Final = 4096
_SAFE_DIGITS: Final = 15


@final
@dataclass(frozen=True, slots=True)
class _OddNumber:
    """Stands in the raw tree for a number with a problem, until its pointer is known."""

    code: str
    text: str
    value: Tree
    written_as: str


@final
@dataclass(slots=True)
class _ProblemCollector:
    """Collects problems while the scanner runs, and gives them pointers once the tree is known."""

    limits: BodyLimits
    problems: list[FormatProblem]
    duplicates: dict[int, tuple[dict[str, Tree], list[tuple[str, Tree, Tree]]]]
    has_odd_numbers: bool = False

    def add_problem(self, code: str, text: str, where: str = "") -> None:
        if len(self.problems) < PROBLEM_LIMIT:
            self.problems.append(FormatProblem(code, text, where))

    def read_object(self, pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
        result = dict(pairs)
        if len(result) != len(pairs) and len(self.duplicates) < PROBLEM_LIMIT:
            first: dict[str, Tree] = {}
            twice: list[tuple[str, Tree, Tree]] = []
            for key, value in pairs:
                if key not in first:
                    first[key] = value
                elif len(twice) < PROBLEM_LIMIT:
                    twice.append((key, first[key], value))
            # The object itself is kept, so that its id cannot be given to another one.
            self.duplicates[id(result)] = (result, twice)
        return result

    def read_integer(self, text: str) -> Tree | _OddNumber:
        if len(text) > self.limits.number_digits:
            return self._mark_odd("json:number", f"a number of {len(text)} characters", text, text)
        value = int(text)
        if value == 0 and text[0] == "-":
            return self._mark_odd("json:negative-zero", "the number -0", Decimal("-0"), text)
        if not -_LARGEST_SAFE_INTEGER <= value <= _LARGEST_SAFE_INTEGER:
            return self._mark_odd("json:unsafe-integer", "an integer beyond 2**53 - 1", value, text)
        return value

    def read_decimal(self, text: str) -> Tree | _OddNumber:
        if len(text) > self.limits.number_digits:
            return self._mark_odd("json:number", f"a number of {len(text)} characters", text, text)
        try:
            value = Decimal(text)
        except InvalidOperation:
            return self._mark_odd("json:number", "a number out of every range", text, text)
        if value and not -_LARGEST_EXPONENT <= value.adjusted() <= _LARGEST_EXPONENT:
            return self._mark_odd("json:number", "a number beyond the range of a double", text, text)
        if not value and abs(_decimal_exponent(value)) > _LARGEST_EXPONENT:
            return self._mark_odd("json:number", "a zero with an exponent beyond every use", text, text)
        return value

    def read_constant(self, text: str) -> _OddNumber:
        return self._mark_odd("json:number", "a word that JSON does not know as a number", text, text)

    def _mark_odd(self, code: str, text: str, value: Tree, seen: str) -> _OddNumber:
        self.has_odd_numbers = True
        return _OddNumber(code, text, value, seen)

    def repair_tree(self, node: object, where: str) -> Tree:
        """The tree with plain values in place of odd ones; the problems get their pointers on the way."""
        if type(node) is str:
            return self._repair_text(node, where)
        if type(node) is dict:
            _, twice = self.duplicates.pop(id(node), (None, ()))
            for key, earlier, later in twice:
                first, second = _printable_value(earlier), _printable_value(later)
                text = f"the key {printable_text(key)} stands twice: first {first}, then {second}"
                self.add_problem("json:duplicate-key", text, f"{where}/{_escape_name(key)}")
            cleaned: dict[str, Tree] = {}
            for key, value in node.items():
                # The pointer is built before the key is mended, from the mended key.
                name = self._repair_text(key, where)
                cleaned[name] = self.repair_tree(value, f"{where}/{_escape_name(name)}")
            return cleaned
        if type(node) is list:
            for index, value in enumerate(node):
                # Most elements are plain: a new string for each pointer would cost more than the walk.
                if type(value) not in (int, bool, Decimal):
                    node[index] = self.repair_tree(value, f"{where}/{index}")
            return node
        if isinstance(node, _OddNumber):
            self.add_problem(node.code, f"{node.text}: {printable_text(node.written_as)}", where)
            return node.value
        return node  # type: ignore[return-value]

    def _repair_text(self, text: str, where: str) -> str:
        if "\0" in text:
            self.add_problem("encoding:nul", f"a NUL in the text {printable_text(text)}", where)
        if _SURROGATE.search(text):
            self.add_problem(
                "encoding:lone-surrogate", f"half of a surrogate pair in the text {printable_text(text)}", where
            )
            return _SURROGATE.sub("\ufffd", text)
        return text


def decode_json(body: bytes, *, charset: str | None = None, limits: BodyLimits = DEFAULT_BODY_LIMITS) -> DecodedBody:
    """The tree of a JSON body and its problems; total, whatever the bytes are.

    The body is read as UTF-8 whatever `charset` says. Of a repeated key the last value stays. A number
    that JSON or a double cannot hold stays as its text; half a surrogate pair becomes U+FFFD.
    """
    if charset is None and limits is DEFAULT_BODY_LIMITS:
        plain = _read_plain(body)
        if plain is not None:
            return plain
    repair = _ProblemCollector(limits, [], {})
    if charset is not None and charset.strip(" \t\"'").lower() not in _UTF8_NAMES:
        repair.add_problem("charset", f"JSON is UTF-8, but the declared charset is {printable_text(charset)}")
    if not body.strip(b" \t\r\n"):
        return DecodedBody(None, tuple(repair.problems), missing=True)
    text = _decode_body(body, repair)
    if text is None:
        return DecodedBody(None, tuple(repair.problems), missing=True)
    if text.startswith("\ufeff"):
        repair.add_problem("encoding:bom", "the body starts with a byte order mark", "byte 0")
        text = text.removeprefix("\ufeff")
    if body[:2].count(0) or body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        # UTF-16 or UTF-32; in UTF-8, also in a broken one, brackets and quotes stand as they are.
        body = text.encode()
    if not _within_limits(body, repair):
        return DecodedBody(None, tuple(repair.problems), missing=True)
    decoder = json.JSONDecoder(
        object_pairs_hook=repair.read_object,
        parse_int=repair.read_integer,
        parse_float=repair.read_decimal,
        parse_constant=repair.read_constant,
    )
    try:
        tree = decoder.decode(text)
    except json.JSONDecodeError as error:
        if "\0" in text:
            repair.add_problem("encoding:nul", "a NUL byte in the body", f"character {text.index(chr(0))}")
        repair.add_problem("json:syntax", _ascii_text(error.msg), f"line {error.lineno}, column {error.colno}")
        return DecodedBody(None, tuple(repair.problems), missing=True)
    except RecursionError:
        # Unreachable behind the depth scan, unless the caller's own stack is nearly used up.
        repair.add_problem("json:depth", "the nesting is deeper than the reader's stack")
        return DecodedBody(None, tuple(repair.problems), missing=True)
    if repair.has_odd_numbers or repair.duplicates or _RISKY_ESCAPE.search(body):
        tree = repair.repair_tree(tree, "")
        for _, twice in repair.duplicates.values():
            for key, earlier, later in twice:
                # An object that an outer repetition replaced: it stands nowhere in the tree.
                first, second = _printable_value(earlier), _printable_value(later)
                text = f"the key {printable_text(key)} stands twice: first {first}, then {second}"
                repair.add_problem("json:duplicate-key", text)
    return DecodedBody(tree, tuple(repair.problems))


class _NotPlainError(ValueError):
    """Something in a body on which only the thorough reader has a word."""


def _unique_members(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotPlainError
    return members


def _short_integer(text: str) -> int:
    if len(text) > _SAFE_DIGITS or text == "-0":
        raise _NotPlainError
    return int(text)


def _refuse_number(text: str) -> NoReturn:
    raise _NotPlainError


_PLAIN_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_int=_short_integer,
    parse_float=_refuse_number,
    parse_constant=_refuse_number,
)


def _read_plain(body: bytes) -> DecodedBody | None:
    """A short body of ASCII without escapes in which nothing is odd, as most requests are; None for any other."""
    if len(body) > _SHORT_BYTES or not body.isascii() or b"\\" in body:
        return None
    if body.count(b"[") + body.count(b"{") > DEFAULT_BODY_LIMITS.depth:
        return None
    try:
        tree, end = _PLAIN_DECODER.raw_decode(body.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    return DecodedBody(tree, ()) if end == len(body) else None


def encode_json(tree: Tree, *, indent: int | None = None) -> bytes:
    """The tree as UTF-8, keys in their given order, decimals exact; half a surrogate pair is escaped."""
    if indent is None:
        try:
            # The fast writer knows no decimals, and says so.
            text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            return text.encode("utf-8", "backslashreplace")
        except TypeError:
            pass
    pieces: list[str] = []
    _write_node(tree, indent, 0, pieces)
    return "".join(pieces).encode("utf-8", "backslashreplace")


@lru_cache(maxsize=4096)
def split_pointer(pointer: str) -> tuple[str, ...]:
    """The names in a JSON pointer (RFC 6901)."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise UsageProblem("a JSON pointer", "nothing, or names that each follow a '/'", printable_text(pointer))
    names = pointer[1:].split("/")
    if "~" in pointer:
        names = [name.replace("~1", "/").replace("~0", "~") for name in names]
    return tuple(names)


def tree_at(tree: Tree, pointer: str | tuple[str, ...]) -> Tree | Missing:
    """The value at a JSON pointer; MISSING where there is none, None where a null stands."""
    node = tree
    for name in split_pointer(pointer) if isinstance(pointer, str) else pointer:
        if isinstance(node, dict):
            if name not in node:
                return MISSING
            node = node[name]
        elif isinstance(node, list):
            index = _array_index(name)
            if index is None or index >= len(node):
                return MISSING
            node = node[index]
        else:
            return MISSING
    return node


def put_value(tree: Tree | Missing, pointer: str, value: Tree) -> Tree:
    """Sets the value at a pointer, in place, and returns the root.

    What is missing on the way is created: an array for the names `0` and `-`, an object for any other.
    In an array, `-` and the index after the last element append.
    """
    names = split_pointer(pointer)
    if not names:
        return value
    root: Tree = _container_for(names[0]) if isinstance(tree, Missing) else tree
    node = root
    for position, name in enumerate(names):
        last = position == len(names) - 1
        following: Tree = value if last else _container_for(names[position + 1])
        if isinstance(node, dict):
            if last or name not in node:
                node[name] = following
            node = node[name]
        elif isinstance(node, list):
            index = len(node) if name == "-" else _array_index(name)
            if index is None or index > len(node):
                expected = f"'-' or an index up to {len(node)}"
                raise UsageProblem(f"the pointer {printable_text(pointer)}", expected, printable_text(name))
            if index == len(node):
                node.append(following)
            elif last:
                node[index] = following
            node = node[index]
        else:
            expected = f"an object or an array that can hold {printable_text(name)}"
            raise UsageProblem(f"the pointer {printable_text(pointer)}", expected, printable_text(node))
    return root


def _decode_body(body: bytes, repair: _ProblemCollector) -> str | None:
    """The body as text; None when it is so far from UTF-8 that reading on would be guessing."""
    encoding = json.detect_encoding(body)
    if encoding.startswith(("utf-16", "utf-32")):
        repair.add_problem(
            f"encoding:{encoding[:6]}", f"the body is {encoding[:6].upper()}, and JSON is UTF-8", "byte 0"
        )
        try:
            return body.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = body[error.start : error.end].hex(" ")
        repair.add_problem("encoding:invalid-utf8", f"the bytes {bad} are not UTF-8", f"byte {error.start}")
        return body.decode("utf-8", "replace")


def _within_limits(body: bytes, repair: _ProblemCollector) -> bool:
    """Scans the brackets outside strings, without recursion and before anything is built."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Deleting two neighbouring quotes never changes whether a bracket stands inside a string.
    structure = body.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in structure:
        structure = _STRING.sub(b"", structure).partition(b'"')[0]
    brackets = structure.translate(None, _NOT_BRACKETS)
    nodes = 1 + structure.count(b",") + structure.count(b"[") + structure.count(b"{")
    depth = 0
    for bracket in itertools.islice(brackets, 2 * repair.limits.nodes + 2):
        if bracket in b"[{":
            depth += 1
            if depth > repair.limits.depth:
                repair.add_problem("json:depth", f"more than {repair.limits.depth} levels of nesting")
                return False
        else:
            depth -= 1
            if depth < 0:
                break
    if nodes > repair.limits.nodes:
        repair.add_problem("json:nodes", f"about {nodes} values; at most {repair.limits.nodes} are read")
        return False
    return True


def _write_node(node: Tree, indent: int | None, level: int, pieces: list[str]) -> None:
    if isinstance(node, dict):
        if not node:
            pieces.append("{}")
            return
        inner, outer, colon = _line_breaks(indent, level)
        separator = "{" + inner
        for key, value in node.items():
            pieces.append(separator)
            pieces.append(encode_basestring(key))
            pieces.append(colon)
            if isinstance(value, (dict, list)):
                _write_node(value, indent, level + 1, pieces)
            else:
                pieces.append(_encode_scalar(value))
            separator = "," + inner
        pieces.append(outer + "}")
    elif isinstance(node, list):
        if not node:
            pieces.append("[]")
            return
        inner, outer, _ = _line_breaks(indent, level)
        separator = "[" + inner
        for value in node:
            pieces.append(separator)
            _write_node(value, indent, level + 1, pieces)
            separator = "," + inner
        pieces.append(outer + "]")
    else:
        pieces.append(_encode_scalar(node))


def _encode_scalar(node: str | int | Decimal | bool | None) -> str:
    if isinstance(node, str):
        return encode_basestring(node)
    if node is None:
        return "null"
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, int):
        return str(node)
    if isinstance(node, Decimal) and node.is_finite():
        return str(node)
    raise UsageProblem(
        "a JSON body", "objects, arrays, texts, exact finite numbers, flags and nulls", printable_text(node)
    )


def _line_breaks(indent: int | None, level: int) -> tuple[str, str, str]:
    if indent is None:
        return "", "", ":"
    return "\n" + " " * (indent * (level + 1)), "\n" + " " * (indent * level), ": "


def _array_index(name: str) -> int | None:
    if name.isascii() and name.isdigit() and len(name) < 10 and (name == "0" or name[0] != "0"):
        return int(name)
    return None


def _container_for(name: str) -> dict[str, Tree] | list[Tree]:
    return [] if name in ("0", "-") else {}


def _decimal_exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _escape_name(name: str) -> str:
    if "~" in name or "/" in name:
        name = name.replace("~", "~0").replace("/", "~1")
    return name if name.isascii() and name.isprintable() and len(name) <= 80 else printable_text(name)


def _printable_value(value: object) -> str:
    return (
        value.written_as if isinstance(value, _OddNumber) and len(value.written_as) <= 80 else printable_text(value)
    )


def _ascii_text(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")
