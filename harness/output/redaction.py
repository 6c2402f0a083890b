"""Secrets taken out of everything that leaves the process: by value in every encoding, then by name.

By value is the net that holds: whatever was given to the run as a secret is found raw, URL-encoded,
JSON- or XML-escaped, in hexadecimal, in base64 (also inside `user:password`), and across a line wrap. By name
is the second net, for secrets that no option named (`password=…`, `"token": "…"`, `X-Amz-Signature=…`).
A user name is not a secret, and parameter names are our own words: neither is ever touched.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Protocol, Self, final

MASK: Final = "***"
SHORTEST_SECRET: Final = 6

_MASK: Final = MASK.encode()
# A line end, continued by a backslash or `=` or itself escaped, and the next line's indent.
_LINE_WRAP: Final = rb"(?:(?:\\{1,4}[rn]|[\\=]?\r?\n){1,2}[ \t]{0,8})?"
# What may stand between the layers of an escape when text was escaped more than once.
_PERCENT: Final = rb"%(?:25){0,2}"
_BACKSLASHES: Final = rb"\\{1,4}"
_AMPERSAND: Final = rb"&(?:amp;){0,2}"
_JSON_SHORT: Final = {
    "\n": b"n",
    "\r": b"r",
    "\t": b"t",
    "\b": b"b",
    "\f": b"f",
    '"': b'"',
    "'": b"'",
    "\\": b"",
    "/": b"/",
}
_XML_NAMES: Final = {"&": b"amp", "<": b"lt", ">": b"gt", '"': b"quot", "'": b"apos"}
_BASE64: Final = rb"(?:[A-Za-z0-9+/_\-]|\\{1,4}/|" + _PERCENT + rb"2[bBfF])"
_EDGE: Final = rb"[A-Za-z0-9+/_\-]"
_EDGE_BEFORE: Final = re.compile(_EDGE + _LINE_WRAP + rb"\Z")
# The widest spelling of one byte of a secret, a line wrap included.
_WIDEST_BYTE: Final = 48
# A pattern of all of a long secret, in every spelling and with a wrap anywhere, takes seconds to build. Its beginning
# identifies it well enough; what follows in the same alphabet, as far as the secret goes, is masked with it.
_LONG_SECRET: Final = 128
_MATCHED_BEGINNING: Final = 64
_URL_SAFE: Final = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)

_NAME_PARTS: Final = (
    "password|passwd|passphrase|passcode|pwd|secret|token|authorization|api[_-]?key|apikey|access[_-]?key"
    "|private[_-]?key|signature|credential|cookie|session[_-]?id|jwt|bearer"
)
_SECRET_NAME: Final = re.compile(
    rf"(?:.*[_.-])?(?:\w*(?:{_NAME_PARTS})(?:s|[_-]?key)?|pin|sig|auth)", re.I | re.ASCII
)
# These carry the words of a secret and are none: a masked cursor would make a reproducer useless.
_NOT_SECRET_NAME: Final = re.compile(
    r"(?:next|prev|previous|page|continuation|sync|cursor)[_-]?(?:page[_-]?)?token|.*token[_-]?type"
    r"|(?:x-)?access-control-.*"
    # A session of calls, not of a browser.
    r"|(?:external|call|media|sip)[_-]?session[_-]?id",
    re.I | re.ASCII,
)
_LONGEST_NAME: Final = 128
_NAME_PATTERN: Final = rb"[A-Za-z0-9_.\-]{1,64}"
_LONGEST_NAMED: Final = 2048
# Masked already, or a variable for the shell to fill in, which stands in quotes of its own.
_NOT_MASKED: Final = rb"(?!\*\*\*|\$[A-Z{(]|\"\$[A-Z_][A-Z0-9_]*+\"|\"\$\(printf %s \"\$[A-Z_])"
# A quotation mark, also as it stands in a JSON string and in HTML.
_QUOTE: Final = rb"(?:\\?[\"']|&#(?:34|39|x22|x27);|&quot;|&apos;)"
_MASKED_ALREADY: Final = re.compile(r"(?:[A-Za-z]{1,20} )?(?:\*\*\*|\$[A-Z{(]|\"\$[A-Z])")
_NAMED_VALUES: Final = (
    # name=value in URLs (also with `;`), forms and `.env` files
    re.compile(
        rb"(?<![A-Za-z0-9_.\-])(?P<name>"
        + _NAME_PATTERN
        + rb")="
        + _NOT_MASKED
        + rb"(?P<value>[^&;,\s\"'<>\\#)}\]]{1,2048})"
    ),
    # "name": "value" in JSON (also escaped once more), YAML, Python reprs; name="value" in XML and headers
    re.compile(
        rb"(?<![A-Za-z0-9_.\-])(?P<name>"
        + _NAME_PATTERN
        + rb")"
        + _QUOTE
        + rb"?\s{0,4}[:=]\s{0,4}(?P<quote>"
        + _QUOTE
        + rb")"
        + _NOT_MASKED
        + rb"(?P<value>(?:(?!(?P=quote))[^\r\n]){1,2048})(?P=quote)"
    ),
    # {"name": "Authorization", "value": "…"} in HAR
    re.compile(
        rb"\"name\"\s{0,8}:\s{0,8}\"(?P<name>"
        + _NAME_PATTERN
        + rb")\"\s{0,8},\s{0,64}\"value\"\s{0,8}:\s{0,8}\""
        + _NOT_MASKED
        + rb"(?P<value>(?:[^\"\\\r\n]|\\.){1,2048})\""
    ),
    # <Password>value</Password>
    re.compile(rb"<(?P<name>" + _NAME_PATTERN + rb")>" + _NOT_MASKED + rb"(?P<value>[^<>]{1,2048})</(?P=name)>"),
    # Authorization: Bearer value, as a header line or inside a quoted `-H '…'`; never past a quote or a tag
    re.compile(
        rb"(?<![A-Za-z0-9_.\-])(?P<name>(?i:(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z0-9\-]{1,40}))"
        # The scheme alone is no secret: in a shell line the token stands as a variable behind it.
        rb":[ \t]{0,4}+(?![A-Za-z]{1,20}[ \t]{1,4}(?:\$[A-Z{(]|"
        + _QUOTE
        + rb"))"
        # A cookie's name alone is none either, where its value stands as a variable behind it.
        + rb"(?![A-Za-z0-9_.\-]{1,64}="
        + _QUOTE
        + rb"{0,2}\$[A-Z])"
        + _NOT_MASKED
        + rb"(?P<value>(?:(?!"
        + _QUOTE
        + rb")[^\r\n<]){1,2048})"
    ),
    # https://user:value@host
    re.compile(rb"(?P<name>://)[^\s/@:\"'<>]{0,256}:" + _NOT_MASKED + rb"(?P<value>[^\s/@\"'<>]{1,2048})@"),
)


class Secret(str):
    """A string that never shows itself: its `repr` is `***`; formatting it on purpose gives the value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK


def is_secret_name(name: str) -> bool:
    """Whether a parameter, key or header of this name usually carries a secret."""
    # The last words say what it is; the patterns take time by the square of a name's length.
    name = name[-_LONGEST_NAME:]
    return bool(_SECRET_NAME.fullmatch(name)) and not _NOT_SECRET_NAME.fullmatch(name)


class Redactor:
    """Replaces secrets by `***`, by value and then by name, in text and in bytes.

    A secret shorter than six characters is listed in `too_short`, one that is itself a word of ours
    (`password`, or part of one of `words`, such as the parameter names of a spec) in `too_common`. Both are
    masked only where they stand as a value (`name=secret`, `"name": "secret"`): all over would ruin ours.
    """

    def __init__(self, secrets: Iterable[str], *, words: Iterable[str] = ()) -> None:
        known = sorted(
            {form for secret in secrets if secret for form in _secret_forms(str(secret))},
            key=lambda secret: (-len(secret), secret),
        )
        self._words = tuple(words)
        vocabulary = [word.lower() for word in self._words]
        self.too_short = tuple(Secret(secret) for secret in known if len(secret) < SHORTEST_SECRET)
        self.too_common = tuple(
            Secret(secret)
            for secret in known
            if len(secret) >= SHORTEST_SECRET
            and (
                re.fullmatch(f"(?:{_NAME_PARTS})s?|username|user|admin", secret, re.I)
                or any(secret.lower() in word for word in vocabulary)
            )
        )
        weak = {*self.too_short, *self.too_common}
        self._strong = tuple(secret for secret in known if secret not in weak)
        self._spelled = tuple(
            [_SpelledSecret.of(secret) for secret in self._strong]
            + [_SpelledSecret.of(secret, escaped=False) for secret in self.too_common]
        )
        self._value_patterns = tuple(_value_pattern(secret) for secret in known if secret in weak)
        longest = max((len(secret.encode("utf-8", "surrogatepass")) for secret in known), default=0)
        # The beginning of a long secret tells it; a match that reaches the end of what is held is held as a whole.
        self._holdback_bytes = max(min(longest, _LONG_SECRET) * _WIDEST_BYTE, 2 * _LONGEST_NAMED)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._strong) + len(self.too_short) + len(self.too_common)} secrets>"

    @property
    def holdback_bytes(self) -> int:
        """How many bytes a stream must hold back so that no secret slips through a chunk border."""
        return self._holdback_bytes

    def with_secrets(self, secrets: Iterable[str]) -> Redactor:
        """A redactor that also knows these secrets (a token obtained during the run)."""
        return Redactor([*self._strong, *self.too_short, *self.too_common, *secrets], words=self._words)

    def redact(self, text: str) -> str:
        """The text with every secret replaced."""
        data = text.encode("utf-8", "surrogatepass")
        redacted = self.redact_bytes(data)
        return text if redacted == data else redacted.decode("utf-8", "surrogatepass")

    def redact_bytes(self, data: bytes) -> bytes:
        """The bytes with every secret replaced."""
        return _mask_spans(data, self._secret_spans(data))

    def redact_head(self, text: str, most: int) -> tuple[str, int]:
        """The redacted beginning of a text, about `most` characters of it, and how many characters it leaves out.

        A secret that the cut would go through is masked whole, so that no part of it is left. The cost does not grow
        with what is left out.
        """
        if len(text) <= most + self._holdback_bytes:
            return self.redact(text), 0
        data = text[: most + self._holdback_bytes].encode("utf-8", "surrogatepass")
        spans = self._secret_spans(data)
        cut = _cut_between(spans, len(data) - self._holdback_bytes)
        while cut < len(data) and data[cut] & 0xC0 == 0x80:
            cut -= 1
        whole = [span for span in spans if span[2] <= cut]
        head = data[:cut].decode("utf-8", "surrogatepass")
        return _mask_spans(data[:cut], whole).decode("utf-8", "surrogatepass"), len(text) - len(head)

    def writer(self, stream: BinaryStream) -> RedactingWriter:
        """A writer that redacts what goes to the stream, wherever the chunk borders fall."""
        return RedactingWriter(stream, self)

    def _secret_spans(self, data: bytes) -> list[tuple[int, int, int]]:
        """Where a match begins, and the start and end of the secret in it."""
        found: list[tuple[int, int, int]] = []
        for spelled in self._spelled:
            found += ((start, start, end) for start, end in spelled.find(data))
        for pattern in self._value_patterns:
            found += ((match.start(), *match.span("value")) for match in pattern.finditer(data))
        for pattern in _NAMED_VALUES:
            for match in pattern.finditer(data):
                if match["name"] == b"://" or is_secret_name(match["name"].decode("ascii")):
                    found.append((match.start(), *match.span("value")))
        return found


def redact_tree(value: Any, redact: Callable[[str], str], *, fixed: Container[str] = ()) -> Any:
    """The same tree of mappings, lists, texts and numbers with its texts redacted; keys are never touched.

    What stands under the name of a secret is masked whole: as the value of a key, in a pair of name and text, and in
    a mapping with the keys `name` and `value`. What stands under a `fixed` key is a word of ours and stays.
    """
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        named = value.get("name")
        return {
            key: inner
            if key in fixed
            else _redact_pair(str(named if key == "value" and isinstance(named, str) else key), inner, redact)
            if isinstance(inner, str)
            else redact_tree(inner, redact, fixed=fixed)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        if len(value) == 2 and all(isinstance(part, str) for part in value):
            return [value[0], _redact_pair(value[0], value[1], redact)]
        return [redact_tree(inner, redact, fixed=fixed) for inner in value]
    return value


def _redact_pair(name: str, text: str, redact: Callable[[str], str]) -> str:
    """A text beside its name: masked where that is a secret's, unless it is masked, or a variable, already."""
    if is_secret_name(name) and text and not _MASKED_ALREADY.match(text):
        return MASK
    beside = redact(f"{name}: {text}")
    return beside.removeprefix(f"{name}: ") if beside.startswith(f"{name}: ") else redact(text)


class BinaryStream(Protocol):
    """What a redacting writer writes to."""

    def write(self, data: bytes, /) -> object: ...

    def flush(self) -> object: ...


@final
class RedactingWriter:
    """A stream of bytes or text that holds back as much as a secret may need to become recognisable.

    `close` (or leaving the `with` block) lets the held bytes out; the stream below stays open.
    """

    def __init__(self, stream: BinaryStream, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor
        self._held_bytes = b""

    def write(self, data: bytes | str) -> int:
        """Take more data; what can no longer be part of a secret goes on, redacted."""
        self._held_bytes += data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        # Working in larger steps keeps the cost linear: the held part is searched again each time.
        if len(self._held_bytes) >= 4 * self._redactor.holdback_bytes:
            self._write_until(len(self._held_bytes) - 2 * self._redactor.holdback_bytes)
        return len(data)

    def flush(self) -> None:
        """Flush the stream below; held bytes stay held, for a secret may be among them."""
        self._stream.flush()

    def close(self) -> None:
        """Let the held bytes out and flush."""
        self._write_until(len(self._held_bytes))
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_until(self, cut: int) -> None:
        spans = self._redactor._secret_spans(self._held_bytes)
        cut = _cut_between(spans, cut)
        ready = _mask_spans(self._held_bytes[:cut], [span for span in spans if span[2] <= cut])
        self._held_bytes = self._held_bytes[cut:]
        if ready:
            self._stream.write(ready)


def _cut_between(spans: list[tuple[int, int, int]], cut: int) -> int:
    """The place to cut: through a match (its name or its secret) it moves to where the match begins."""
    moved = True
    while moved:
        moved = False
        for begin, _, end in spans:
            if begin < cut < end:
                cut, moved = begin, True
    return cut


def _mask_spans(data: bytes, spans: list[tuple[int, int, int]]) -> bytes:
    if not spans:
        return data
    pieces: list[bytes] = []
    done = 0
    for start, end in _merge_spans((start, end) for _, start, end in spans):
        pieces += (data[done:start], _MASK)
        done = end
    pieces.append(data[done:])
    return b"".join(pieces)


def _merge_spans(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if current is None:
            current = start, end
        elif start < current[1]:
            current = current[0], max(current[1], end)
        else:
            yield current
            current = start, end
    if current is not None:
        yield current


def _secret_forms(secret: str) -> Iterator[str]:
    """The secret, without the blanks and line ends around it, and the password in a pair that Basic carries."""
    yield secret
    bare = secret.strip()
    if bare:
        yield bare
    scheme, _, token = bare.partition(" ")
    if len(bare) > _LONG_SECRET * 8 or (token and scheme.lower() != "basic"):
        return
    try:
        pair = base64.b64decode(token.strip() or bare, validate=True).decode("utf-8")
    except ValueError:
        return
    user, colon, password = pair.partition(":")
    if colon and password and pair.isprintable() and (token or user.isascii()):
        yield from (pair, password)


@dataclass(frozen=True, slots=True)
class _SpelledSecret:
    """A secret in each of its spellings, found in two steps.

    Each place at which one of them can begin is found by its first two bytes, as fast as a regular expression of two
    bytes is; the whole one, which can begin in many ways and takes a hundred times as long, is tried there alone.
    """

    beginning: re.Pattern[bytes]
    spellings: re.Pattern[bytes]

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, secret: str, *, escaped: bool = True) -> _SpelledSecret:
        """Where not `escaped`, in hexadecimal and base64 alone."""
        ways = [*([_escaped_pattern(secret)] if escaped else []), *_encoded_patterns(secret)]
        # Some servers echo a header in other letters' case.
        return cls(_beginning_pattern(secret), re.compile(b"|".join(ways), re.I))

    def find(self, data: bytes) -> Iterator[tuple[int, int]]:
        """The start and end of each place at which the secret stands."""
        done = 0
        while begun := self.beginning.search(data, done):
            match = self.spellings.match(data, begun.start())
            if match is None:
                done = begun.end()
                continue
            start, done = match.span()
            # The character before shares its bits with the secret.
            edge = _EDGE_BEFORE.search(data, max(0, start - _WIDEST_BYTE), start) if match.lastindex else None
            yield (edge.start() if edge else start), done


def _beginning_pattern(secret: str) -> re.Pattern[bytes]:
    """The first byte of any spelling of a secret where its second one can follow, or where an escape begins."""
    data = secret.encode("utf-8", "surrogatepass")
    texts = [data, data.hex().encode(), *(core for core, _, _ in _base64_cores(data))]
    firsts, seconds = (
        re.escape(bytes(sorted({case for text in texts for case in _both_cases(text[place : place + 1])})))
        for place in (0, 1)
    )
    return re.compile(rb"[%\\&+/_\-" + firsts + rb"](?:(?<=[%\\&])|(?=[%\\&+/_\-=\r\n: " + seconds + rb"]))")


def _both_cases(letter: bytes) -> bytes:
    return letter.lower() + letter.upper()


def _escaped_pattern(secret: str) -> bytes:
    """The secret character by character, each in any mixture of raw, URL, JSON and XML spelling."""
    # Nobody escapes a letter of a key file or of a token.
    plain = len(secret) > _LONG_SECRET
    if plain and _URL_SAFE.fullmatch(secret):
        begin = _LINE_WRAP.join(re.escape(char.encode()) for char in secret[:_MATCHED_BEGINNING])
        return begin + _rest_pattern(rb"[A-Za-z0-9._~-]", len(secret) - _MATCHED_BEGINNING)
    return _LINE_WRAP.join(
        char.encode() if plain and char.isascii() and char.isalnum() else _escaped_char_pattern(char)
        for char in secret
    )


def _escaped_char_pattern(char: str) -> bytes:
    raw = char.encode("utf-8", "surrogatepass")
    code = ord(char)
    ways = [re.escape(raw), b"".join(_PERCENT + _any_case_pattern(b"%02x" % byte) for byte in raw)]
    if char == " ":
        ways.append(rb"\+")
    if char in _JSON_SHORT:
        ways.append(_BACKSLASHES + re.escape(_JSON_SHORT[char]))
    units = char.encode("utf-16-be", "surrogatepass")
    ways.append(
        b"".join(
            _BACKSLASHES + b"u" + _any_case_pattern(units[index : index + 2].hex().encode())
            for index in range(0, len(units), 2)
        )
    )
    if code <= 0xFF:
        ways.append(_BACKSLASHES + b"x" + _any_case_pattern(b"%02x" % code))
    if char in _XML_NAMES:
        ways.append(_AMPERSAND + _XML_NAMES[char] + b";")
    ways.append(_AMPERSAND + b"#(?:0{0,4}%d|[xX]0{0,4}" % code + _any_case_pattern(b"%x" % code) + b");")
    # The longest first: the backslash of a doubled backslash alone would leave the other one behind.
    return b"(?:" + b"|".join(ways[1:] + ways[:1]) + b")"


def _encoded_patterns(secret: str) -> list[bytes]:
    """The secret as a whole in hexadecimal and in base64, at each of the three places it can begin."""
    data = secret.encode("utf-8", "surrogatepass")
    long = len(data) > _LONG_SECRET
    kept = data[: _MATCHED_BEGINNING // 2] if long else data
    # A dump of bytes has colons, blanks or line ends between its digits.
    between = _LINE_WRAP + rb"[: -]?"
    digits = kept.hex()
    ways = [between.join(_any_case_pattern(digit.encode()) for digit in digits)]
    if long:
        ways[0] += _rest_pattern(rb"[0-9A-Fa-f]", 2 * (len(data) - len(kept)))
    for core, shared_first, shared_last in _base64_cores(data):
        known = core[:_MATCHED_BEGINNING] if long else core
        way = _LINE_WRAP.join(_base64_char_pattern(known[i : i + 1]) for i in range(len(known)))
        if long:
            way += _rest_pattern(_BASE64, len(core) + shared_last - len(known))
        elif shared_last:
            way += _LINE_WRAP + _EDGE
        ways.append(way + b"()" if shared_first else way)
    return ways


def _base64_cores(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """What is the same in base64 wherever the data begins in it, and the number of the characters before and after.

    A character that shares its bits with a neighbour differs from text to text, and goes with the rest.
    """
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data).rstrip(b"=")
        shared_last = 1 if (shift + len(data)) % 3 else 0
        core = text[(0, 2, 3)[shift] : len(text) - shared_last]
        if len(core) >= 4:
            yield core, shift, shared_last


def _rest_pattern(alphabet: bytes, most: int) -> bytes:
    """Up to so many more characters of an alphabet, wrapped or not."""
    return rb"(?:" + _LINE_WRAP + alphabet + rb"){0,%d}" % most


def _base64_char_pattern(char: bytes) -> bytes:
    match char:
        case b"+":
            return rb"(?:[+\-]|" + _PERCENT + rb"2[bB])"
        case b"/":
            return rb"(?:\\{0,4}/|_|" + _PERCENT + rb"2[fF])"
        case _:
            return char


def _value_pattern(secret: str) -> re.Pattern[bytes]:
    begin = rb"(?:(?<=[=:])|(?<=[=:][\"' ])|(?<=: \")|(?<=%3[dD]))(?P<value>"
    return re.compile(begin + _escaped_pattern(secret) + rb")(?=[&;,\"'<>\s})\]\\#]|$)")


def _any_case_pattern(hexadecimal: bytes) -> bytes:
    digits = hexadecimal.decode("ascii").lower()
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits).encode()
