"""Named texts in a query, a form or a multipart body; the decoders are bounded and raise only BrokenForm."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, final
from urllib.parse import quote, quote_plus, unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from harness.errors import Misuse
from harness.wire.format_problems import Problem, shown

Pairs = list[tuple[str, str]]

_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}")
_FIELD_NAME: Final = re.compile(r'[^"\\\x00-\x1f\x7f]+')
_UTF8_NAMES: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FormLimits:
    """How many fields and how many bytes a form may have."""

    pairs: int = 1000
    total_bytes: int = 1024 * 1024


DEFAULT_FORM_LIMITS: Final = FormLimits()


@dataclass(eq=False)
class BrokenForm(ValueError):
    """A form that breaks its own format; the problem says how."""

    problem: Problem

    def __str__(self) -> str:
        return f"{self.problem.code}: {self.problem.text}"


def encode_pairs(
    pairs: Sequence[tuple[str, str]],
    *,
    separator: Literal["&", ";"] = "&",
    plus_for_space: bool = False,
) -> bytes:
    """Percent-encoded names and texts; either separator is escaped wherever it is data."""
    if separator not in ("&", ";"):
        raise Misuse("the separator of pairs", "'&' or ';'", shown(separator))
    escape = quote_plus if plus_for_space else quote
    parts = [f"{escape(_clean(name), safe='')}={escape(_clean(value), safe='')}" for name, value in pairs]
    return separator.join(parts).encode("ascii")


def decode_pairs(
    data: bytes,
    *,
    separators: Literal["&", ";", "&;"] = "&",
    plus_for_space: bool = True,
    limits: FormLimits = DEFAULT_FORM_LIMITS,
) -> Pairs:
    """The pairs in their order, repeated names kept; a name without `=` has an empty text.

    What stands between two separators in a row is no pair. With "&" alone a raw `;` is data.
    """
    if separators not in ("&", ";", "&;"):
        raise Misuse("the separators of pairs", "'&', ';' or '&;'", shown(separators))
    _check_size(data, limits)
    if separators == "&;":
        data = data.replace(b";", b"&")
    separator = b";" if separators == ";" else b"&"
    if data.count(separator) > 2 * limits.pairs:
        raise BrokenForm(Problem("form:limit", f"more than {limits.pairs} parameters"))
    parts = [part for part in data.split(separator) if part]
    if len(parts) > limits.pairs:
        raise BrokenForm(Problem("form:limit", f"{len(parts)} parameters; at most {limits.pairs} are read"))
    result: Pairs = []
    if b"%" not in data and data.isascii():
        # Nothing is escaped: one look at the whole will do.
        plain = data.replace(b"+", b" ") if plus_for_space else data
        for text in plain.decode("ascii").split(separator.decode("ascii")):
            if text:
                name_text, _, value_text = text.partition("=")
                result.append((name_text, value_text))
        return result
    for part in parts:
        name, _, value = part.partition(b"=")
        where = f"parameter {len(result) + 1}"
        result.append((_unquoted(name, plus_for_space, where), _unquoted(value, plus_for_space, where)))
    return result


def encode_multipart(fields: Sequence[tuple[str, str]], boundary: str) -> tuple[str, bytes]:
    """The content type and the body of a multipart form; the boundary may occur in no text."""
    if not _BOUNDARY.fullmatch(boundary):
        raise Misuse("the boundary of a multipart form", "1 to 70 letters, digits or '()+_,-./:=?", shown(boundary))
    delimiter = b"--" + boundary.encode("ascii")
    body = bytearray()
    for name, value in fields:
        if not _FIELD_NAME.fullmatch(name):
            raise Misuse("the name of a form field", "text without quotes, backslashes, controls", shown(name))
        data = _clean(value).encode()
        if delimiter in b"\r\n" + data:
            raise Misuse(f"the form field {shown(name)}", "a text without the boundary", shown(value))
        head = f'Content-Disposition: form-data; name="{_clean(name)}"'
        body += delimiter + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"
    body += delimiter + b"--\r\n"
    return f'{_MULTIPART}; boundary="{boundary}"', bytes(body)


def decode_multipart(body: bytes, content_type: str, *, limits: FormLimits = DEFAULT_FORM_LIMITS) -> Pairs:
    """The fields of a multipart form in their order; the content of a file counts as text."""
    media_type, options = _options(content_type)
    if media_type != _MULTIPART:
        raise BrokenForm(Problem("form:media-type", f"expected {_MULTIPART}, got {shown(content_type)}"))
    boundary = options.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise BrokenForm(Problem("form:multipart", f"no usable boundary in {shown(content_type)}"))
    _check_size(body, limits)
    parts = _Parts(limits)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_part_data": parts.more_data,
                "on_part_end": parts.end,
                "on_header_field": parts.more_header_name,
                "on_header_value": parts.more_header_value,
                "on_header_end": parts.end_header,
                "on_end": parts.finish,
            },
            max_size=limits.total_bytes,
            max_header_count=8,
            max_header_size=4096,
        )
        # The library reports every fault a second time, to the log; a logger of its own keeps that silent.
        parser.logger = logging.Logger("silent", logging.CRITICAL + 1)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise BrokenForm(Problem("form:multipart", shown(str(error), limit=200))) from None
    if not parts.finished:
        raise BrokenForm(Problem("form:multipart", "the body ends before the closing boundary"))
    return parts.pairs


def decode_form(
    body: bytes,
    content_type: str,
    *,
    separators: Literal["&", ";", "&;"] = "&",
    limits: FormLimits = DEFAULT_FORM_LIMITS,
) -> Pairs:
    """The pairs of a form body, whichever of the two media types it has."""
    media_type, options = _options(content_type)
    if media_type == _MULTIPART:
        return decode_multipart(body, content_type, limits=limits)
    if media_type != _URLENCODED:
        expected = f"expected {_URLENCODED} or {_MULTIPART}"
        raise BrokenForm(Problem("form:media-type", f"{expected}, got {shown(content_type)}"))
    charset = options.get("charset", "utf-8")
    if charset.lower() not in _UTF8_NAMES:
        raise BrokenForm(Problem("charset", f"a form is UTF-8, but the declared charset is {shown(charset)}"))
    return decode_pairs(body, separators=separators, limits=limits)


@final
@dataclass(slots=True)
class _Parts:
    """Receives what the multipart parser sees, in the order in which it sees it."""

    limits: FormLimits
    pairs: Pairs = field(default_factory=list)
    finished: bool = False
    _name: str | None = None
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _data: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        if len(self.pairs) >= self.limits.pairs:
            raise BrokenForm(Problem("form:limit", f"more than {self.limits.pairs} fields"))
        self._name = None
        self._data.clear()

    def more_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def more_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        if bytes(self._header).strip().lower() == b"content-disposition":
            where = f"field {len(self.pairs) + 1}"
            value = _utf8(bytes(self._value), where)
            # Latin-1 carries the bytes through the library, which would refuse any other character.
            kind, options = parse_options_header(value.encode().decode("latin-1"))
            if kind == b"form-data" and b"name" in options:
                self._name = _utf8(options[b"name"], where)
        self._header.clear()
        self._value.clear()

    def more_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def end(self) -> None:
        where = f"field {len(self.pairs) + 1}"
        if self._name is None:
            raise BrokenForm(Problem("form:multipart", "a part without the name of its field", where))
        self.pairs.append((self._name, _utf8(bytes(self._data), where)))

    def finish(self) -> None:
        self.finished = True


def _options(content_type: str) -> tuple[str, dict[str, str]]:
    if not content_type.isascii() or len(content_type) > 1024:
        raise BrokenForm(Problem("form:media-type", f"an unusable content type: {shown(content_type)}"))
    media_type, options = parse_options_header(content_type)
    named = {key.decode("ascii").lower(): value.decode("ascii") for key, value in options.items()}
    return media_type.decode("ascii").strip().lower(), named


def _check_size(data: bytes, limits: FormLimits) -> None:
    if len(data) > limits.total_bytes:
        raise BrokenForm(Problem("form:limit", f"{len(data)} bytes; at most {limits.total_bytes} are read"))


def _unquoted(data: bytes, plus_for_space: bool, where: str) -> str:
    if plus_for_space:
        data = data.replace(b"+", b" ")
    if b"%" in data:
        broken = _BAD_ESCAPE.search(data)
        if broken:
            seen = data[broken.start() : broken.start() + 3].decode("latin-1")
            raise BrokenForm(Problem("form:percent", f"{shown(seen)} is no percent escape", where))
        data = unquote_to_bytes(data)
    return _utf8(data, where)


def _utf8(data: bytes, where: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        bad = data[error.start : error.end].hex(" ")
        raise BrokenForm(Problem("encoding:invalid-utf8", f"the bytes {bad} are not UTF-8", where)) from None


def _clean(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)
