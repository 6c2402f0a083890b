"""Named texts in a query, a form or a multipart body; the decoders are bounded and raise only FormError."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal, final
from urllib.parse import quote, quote_plus, unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from harness.errors import UsageProblem
from harness.wire.decoded_body import FormatProblem, printable_text

FormPairs = list[tuple[str, str]]

_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}")
_FIELD_NAME: Final = re.compile(r'[^"\\\x00-\x1f\x7f]+')
_UTF8_NAMES: Final = frozenset({"utf-8", "utf8", "us-ascii"})
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_SHORT_PAIR_BYTES: Final = 256


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FormLimits:
    """How many fields and how many bytes a form may have."""

    pairs: int = 1000
    total_bytes: int = 1024 * 1024


DEFAULT_FORM_LIMITS: Final = FormLimits()


@dataclass(eq=False)
class FormError(ValueError):
    """A form that breaks its own format; the problem says how."""

    problem: FormatProblem

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
        raise UsageProblem("the separator of pairs", "'&' or ';'", printable_text(separator))
    escape = quote_plus if plus_for_space else quote
    parts = [
        f"{escape(_replace_surrogates(name), safe='')}={escape(_replace_surrogates(value), safe='')}"
        for name, value in pairs
    ]
    return separator.join(parts).encode("ascii")


def decode_pairs(
    data: bytes,
    *,
    separators: Literal["&", ";", "&;"] = "&",
    plus_for_space: bool = True,
    limits: FormLimits = DEFAULT_FORM_LIMITS,
) -> FormPairs:
    """The pairs in their order, repeated names kept; a name without `=` has an empty text.

    What stands between two separators in a row is no pair. With "&" alone a raw `;` is data.
    """
    if separators not in ("&", ";", "&;"):
        raise UsageProblem("the separators of pairs", "'&', ';' or '&;'", printable_text(separators))
    _check_size(data, limits)
    if separators == "&;":
        data = data.replace(b";", b"&")
    separator = b";" if separators == ";" else b"&"
    if data.count(separator) > 2 * limits.pairs:
        raise FormError(FormatProblem("form:limit", f"more than {limits.pairs} parameters"))
    parts = [part for part in data.split(separator) if part]
    if len(parts) > limits.pairs:
        raise FormError(FormatProblem("form:limit", f"{len(parts)} parameters; at most {limits.pairs} are read"))
    result: FormPairs = []
    for part in parts:
        decode = _decode_known_pair if len(part) <= _SHORT_PAIR_BYTES else _decode_pair
        try:
            result.append(decode(part, plus_for_space))
        except FormError as error:
            raise FormError(replace(error.problem, where=f"parameter {len(result) + 1}")) from None
    return result


def _decode_pair(part: bytes, plus_for_space: bool) -> tuple[str, str]:
    name, _, value = part.partition(b"=")
    return _decode_escapes(name, plus_for_space), _decode_escapes(value, plus_for_space)


# Clients send most of their pairs again and again.
_decode_known_pair = lru_cache(maxsize=1024)(_decode_pair)


def encode_multipart(fields: Sequence[tuple[str, str]], boundary: str) -> tuple[str, bytes]:
    """The content type and the body of a multipart form; the boundary may occur in no text."""
    if not _BOUNDARY.fullmatch(boundary):
        raise UsageProblem(
            "the boundary of a multipart form", "1 to 70 letters, digits or '()+_,-./:=?", printable_text(boundary)
        )
    delimiter = b"--" + boundary.encode("ascii")
    body = bytearray()
    for name, value in fields:
        if not _FIELD_NAME.fullmatch(name):
            raise UsageProblem(
                "the name of a form field", "text without quotes, backslashes, controls", printable_text(name)
            )
        data = _replace_surrogates(value).encode()
        if delimiter in b"\r\n" + data:
            raise UsageProblem(
                f"the form field {printable_text(name)}", "a text without the boundary", printable_text(value)
            )
        head = f'Content-Disposition: form-data; name="{_replace_surrogates(name)}"'
        body += delimiter + b"\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"
    body += delimiter + b"--\r\n"
    return f'{_MULTIPART}; boundary="{boundary}"', bytes(body)


def decode_multipart(body: bytes, content_type: str, *, limits: FormLimits = DEFAULT_FORM_LIMITS) -> FormPairs:
    """The fields of a multipart form in their order; the content of a file counts as text."""
    media_type, options = _parse_content_type(content_type)
    if media_type != _MULTIPART:
        raise FormError(
            FormatProblem("form:media-type", f"expected {_MULTIPART}, got {printable_text(content_type)}")
        )
    boundary = options.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise FormError(FormatProblem("form:multipart", f"no usable boundary in {printable_text(content_type)}"))
    _check_size(body, limits)
    parts = _MultipartReceiver(limits)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin_part,
                "on_part_data": parts.add_data,
                "on_part_end": parts.end_part,
                "on_header_field": parts.add_header_name,
                "on_header_value": parts.add_header_value,
                "on_header_end": parts.end_header,
                "on_end": parts.finish_form,
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
        raise FormError(FormatProblem("form:multipart", printable_text(str(error), limit=200))) from None
    if not parts.finished:
        raise FormError(FormatProblem("form:multipart", "the body ends before the closing boundary"))
    return parts.pairs


def decode_form(
    body: bytes,
    content_type: str,
    *,
    separators: Literal["&", ";", "&;"] = "&",
    limits: FormLimits = DEFAULT_FORM_LIMITS,
) -> FormPairs:
    """The pairs of a form body, whichever of the two media types it has."""
    media_type, options = _parse_content_type(content_type)
    if media_type == _MULTIPART:
        return decode_multipart(body, content_type, limits=limits)
    if media_type != _URLENCODED:
        expected = f"expected {_URLENCODED} or {_MULTIPART}"
        raise FormError(FormatProblem("form:media-type", f"{expected}, got {printable_text(content_type)}"))
    charset = options.get("charset", "utf-8")
    if charset.lower() not in _UTF8_NAMES:
        raise FormError(
            FormatProblem("charset", f"a form is UTF-8, but the declared charset is {printable_text(charset)}")
        )
    return decode_pairs(body, separators=separators, limits=limits)


@final
@dataclass(slots=True)
class _MultipartReceiver:
    """Receives what the multipart parser sees, in the order in which it sees it."""

    limits: FormLimits
    pairs: FormPairs = field(default_factory=list)
    finished: bool = False
    _name: str | None = None
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _data: bytearray = field(default_factory=bytearray)

    def begin_part(self) -> None:
        if len(self.pairs) >= self.limits.pairs:
            raise FormError(FormatProblem("form:limit", f"more than {self.limits.pairs} fields"))
        self._name = None
        self._data.clear()

    def add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        if bytes(self._header).strip().lower() == b"content-disposition":
            where = f"field {len(self.pairs) + 1}"
            value = _decode_utf8(bytes(self._value), where)
            # Latin-1 carries the bytes through the library, which would refuse any other character.
            kind, options = parse_options_header(value.encode().decode("latin-1"))
            if kind == b"form-data" and b"name" in options:
                self._name = _decode_utf8(options[b"name"], where)
        self._header.clear()
        self._value.clear()

    def add_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def end_part(self) -> None:
        where = f"field {len(self.pairs) + 1}"
        if self._name is None:
            raise FormError(FormatProblem("form:multipart", "a part without the name of its field", where))
        self.pairs.append((self._name, _decode_utf8(bytes(self._data), where)))

    def finish_form(self) -> None:
        self.finished = True


def _parse_content_type(content_type: str) -> tuple[str, dict[str, str]]:
    if not content_type.isascii() or len(content_type) > 1024:
        raise FormError(FormatProblem("form:media-type", f"an unusable content type: {printable_text(content_type)}"))
    media_type, options = parse_options_header(content_type)
    named = {key.decode("ascii").lower(): value.decode("ascii") for key, value in options.items()}
    return media_type.decode("ascii").strip().lower(), named


def _check_size(data: bytes, limits: FormLimits) -> None:
    if len(data) > limits.total_bytes:
        raise FormError(FormatProblem("form:limit", f"{len(data)} bytes; at most {limits.total_bytes} are read"))


def _decode_escapes(data: bytes, plus_for_space: bool) -> str:
    if plus_for_space:
        data = data.replace(b"+", b" ")
    if b"%" in data:
        broken = _BAD_ESCAPE.search(data)
        if broken:
            seen = data[broken.start() : broken.start() + 3].decode("latin-1")
            raise FormError(FormatProblem("form:percent", f"{printable_text(seen)} is no percent escape"))
        data = unquote_to_bytes(data)
    return _decode_utf8(data)


def _decode_utf8(data: bytes, where: str = "") -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        bad = data[error.start : error.end].hex(" ")
        raise FormError(FormatProblem("encoding:invalid-utf8", f"the bytes {bad} are not UTF-8", where)) from None


def _replace_surrogates(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)
