"""The parser of request heads, as strict as can be: what two servers could read differently is refused.

uvicorn, hypercorn, Werkzeug and http.server answer a request with Content-Length and Transfer-Encoding, Werkzeug and
http.server one with two lengths or with `Content-Length: +5`: a proxy in front of them may see other requests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, TypeVar, final

from harness.serve.http.limits import ServerLimits

_TOKEN: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_VISIBLE: Final = rb"[\x21-\x7e\x80-\xff]"
_REQUEST_LINE: Final = re.compile(rb"(" + _TOKEN + rb"{1,32}) ([\x21-\x7e]+) HTTP/1\.([01])")
_ANY_VERSION: Final = re.compile(rb"" + _TOKEN + rb"{1,32} [\x21-\x7e]+ HTTP/[0-9](?:\.[0-9])?")
_MALFORMED_REQUEST_LINE: Final = re.compile(rb".* HTTP/1\.[01][ \t]*", re.DOTALL)
_METHOD: Final = re.compile(rb"[A-Z]{2,16} ")
_HEADER_FIELD: Final = re.compile(
    # Possessive: no header makes the match go back and try again.
    rb"(" + _TOKEN + rb"++):[ \t]*+((?:" + _VISIBLE + rb"++(?:[ \t]++" + _VISIBLE + rb"++)*+)?+)[ \t]*+"
)
_HOST: Final = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=-]*(?::[0-9]{0,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{0,5})?")
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")
_TLS_HANDSHAKE: Final = 0x16
_MOST_KNOWN_BLOCKS: Final = 256
_LONGEST_KNOWN_BLOCK: Final = 4096
# Meant for a proxy (CONNECT) and for debugging (TRACE), neither of which this server offers.
_PROXY_METHODS: Final = frozenset({b"CONNECT", b"TRACE"})


@final
class RequestHead(NamedTuple):
    """The parsed head of a request; `length` is that of its body in bytes, None means a chunked body."""

    method: str
    target: bytes
    headers: tuple[tuple[str, str], ...]
    length: int | None
    keep_alive: bool
    expects_continue: bool

    @property
    def has_body(self) -> bool:
        """Whether bytes follow that belong to this request."""
        return self.length != 0


@final
@dataclass(frozen=True, slots=True)
class RequestRejection:
    """Why a request is not read any further. Without a status the connection is closed without an answer."""

    http_status: int | None
    reason: str


HeadOrRejection: TypeAlias = RequestHead | RequestRejection


def check_partial_head(data: bytes | bytearray, limits: ServerLimits) -> RequestRejection | None:
    """The reason to refuse a head that is not complete yet; None while it may still become a good one."""
    if data[0] == _TLS_HANDSHAKE:
        return RequestRejection(None, "TLS on a port without it")
    end = data.find(b"\n")
    if end < 0:
        # A line that does not begin with a method after 20 bytes is no HTTP: there is nobody to answer in HTTP.
        if len(data) > 20 and not _METHOD.match(data):
            return RequestRejection(None, "not HTTP")
        return request_line_too_long(limits) if len(data) > limits.target_bytes + 64 else None
    line = bytes(data[:end])
    found = parse_request_line(line[:-1] if line.endswith(b"\r") else line, limits)
    if isinstance(found, RequestRejection):
        return found
    if data.count(b"\n") != data.count(b"\r\n"):
        return RequestRejection(400, "a line ends in CR LF")
    if len(data) - end > limits.header_bytes:
        return headers_too_large(limits)
    return None


def parse_request_line(line: bytes, limits: ServerLimits) -> tuple[bytes, bytes, bool] | RequestRejection:
    """Method, target, and whether the version is 1.1; or why the line is refused."""
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        if _ANY_VERSION.fullmatch(line) and not line.startswith(b"PRI "):
            return RequestRejection(505, "HTTP/1.1 is spoken here")
        if len(line) > limits.target_bytes + 64:
            return request_line_too_long(limits) if _METHOD.match(line) else RequestRejection(None, "not HTTP")
        return (
            RequestRejection(400, "not a request line")
            if _MALFORMED_REQUEST_LINE.fullmatch(line)
            else RequestRejection(None, "not HTTP/1.1")
        )
    method, target, minor = found.groups()
    if len(target) > limits.target_bytes:
        return request_line_too_long(limits)
    return method, target, minor == b"1"


def request_line_too_long(limits: ServerLimits) -> RequestRejection:
    """The refusal of a request line beyond the limit."""
    return RequestRejection(414, f"a request line is at most {limits.target_bytes} bytes long")


def headers_too_large(limits: ServerLimits) -> RequestRejection:
    """The refusal of headers beyond the limits."""
    return RequestRejection(431, f"headers are at most {limits.headers}, and {limits.header_bytes} bytes together")


def parse_head(data: bytes, limits: ServerLimits, hosts: frozenset[str]) -> HeadOrRejection:
    """The head in `data`, which ends before the empty line, or why it is refused.

    `hosts` are the names that a Host header may give, without ports; with none any name will do. The fixed list stops
    pages that reach a loopback server by DNS rebinding.
    """
    first, *lines = data.split(b"\r\n")
    request_line = parse_request_line(first, limits)
    if isinstance(request_line, RequestRejection):
        return request_line
    method, target, modern = request_line
    if len(lines) > limits.headers or len(data) - len(first) > limits.header_bytes:
        return headers_too_large(limits)
    headers: list[tuple[str, str]] = []
    seen: dict[str, list[bytes]] = {}
    for line in lines:
        field = _HEADER_FIELD.fullmatch(line)
        if field is None:
            return RequestRejection(400, "a header is one line, NAME: VALUE, of visible characters")
        name = field[1].decode("ascii").lower()
        headers.append((name, field[2].decode("latin-1")))
        if name in _CHECKED_HEADERS:
            seen.setdefault(name, []).append(field[2])
    refused = _check_target(method, target, limits) or _check_headers(seen, hosts)
    if refused is not None:
        return refused
    length = _body_length(seen, modern, limits)
    if isinstance(length, RequestRejection):
        return length
    expects = [value.lower() for value in seen.get("expect", ())]
    if expects not in ([], [b"100-continue"]):
        return RequestRejection(417, "only 100-continue can be expected")
    options = {option.strip().lower() for value in seen.get("connection", ()) for option in value.split(b",")}
    return RequestHead(
        method=method.decode("ascii"),
        target=target,
        headers=tuple(headers),
        length=length,
        keep_alive=b"close" not in options and (modern or b"keep-alive" in options),
        expects_continue=bool(expects) and modern,
    )


@final
@dataclass(frozen=True, slots=True)
class _HeaderBlock:
    """What the headers of an HTTP/1.1 request say, whatever its request line is."""

    headers: tuple[tuple[str, str], ...]
    length: int | None
    keep_alive: bool
    expects_continue: bool


@final
class HeadParser:
    """The same parser for the requests of one server: headers that came before, to the byte, are not read again.

    Clients repeat their headers with every request: to look them up spares most of the work.
    """

    def __init__(self, limits: ServerLimits, hosts: frozenset[str]) -> None:
        self._limits = limits
        self._hosts = hosts
        self._known_blocks: dict[bytes, _HeaderBlock] = {}
        # Whole heads without a query: where parameters stand in the body they are repeated as well.
        self._known_heads: dict[bytes, RequestHead] = {}

    def parse(self, data: bytes) -> HeadOrRejection:
        """The head in `data`, which ends before the empty line, or why it is refused: as `parse_head`."""
        head = self._known_heads.get(data)
        if head is not None:
            return head
        found = self._parse_by_block(data)
        if isinstance(found, RequestHead) and b"?" not in found.target:
            _remember(self._known_heads, data, found)
        return found

    def _parse_by_block(self, data: bytes) -> HeadOrRejection:
        end = data.find(b"\r\n")
        block = data[end:] if end >= 0 else b""
        known = self._known_blocks.get(block)
        if known is None:
            head = parse_head(data, self._limits, self._hosts)
            # What HTTP/1.0 means by the same headers is another matter.
            if isinstance(head, RequestHead) and data.endswith(b"HTTP/1.1", 0, end):
                told = _HeaderBlock(head.headers, head.length, head.keep_alive, head.expects_continue)
                _remember(self._known_blocks, block, told)
            return head
        line = parse_request_line(data[:end], self._limits)
        if isinstance(line, RequestRejection):
            return line
        method, target, modern = line
        if not modern:
            return parse_head(data, self._limits, self._hosts)
        refused = _check_target(method, target, self._limits)
        if refused is not None:
            return refused
        return RequestHead(
            method.decode("ascii"), target, known.headers, known.length, known.keep_alive, known.expects_continue
        )


_Known = TypeVar("_Known")


def _remember(table: dict[bytes, _Known], key: bytes, value: _Known) -> None:
    """Put what bytes mean into a small table, which is emptied when it is full; what is very long is not kept."""
    if len(key) <= _LONGEST_KNOWN_BLOCK:
        if len(table) >= _MOST_KNOWN_BLOCKS:
            table.clear()
        table[key] = value


_CHECKED_HEADERS: Final = frozenset(
    {"connection", "content-encoding", "content-length", "expect", "host", "transfer-encoding"}
)


def _check_target(method: bytes, target: bytes, limits: ServerLimits) -> RequestRejection | None:
    if method in _PROXY_METHODS:
        return RequestRejection(501, "this server neither passes requests on nor echoes them")
    if not target.startswith(b"/"):
        return RequestRejection(400, "a request names a path of this server")
    query = target.partition(b"?")[2]
    if query.count(b"&") + query.count(b";") >= limits.parameters:
        return RequestRejection(400, f"a request has at most {limits.parameters} parameters")
    return None


def _check_headers(seen: dict[str, list[bytes]], hosts: frozenset[str]) -> RequestRejection | None:
    named = seen.get("host", ())
    if len(named) != 1 or not _HOST.fullmatch(named[0]):
        return RequestRejection(400, "a request names one host")
    if hosts and host_of(named[0]) not in hosts:
        return RequestRejection(421, "this server does not go by that name")
    if any(value.lower() not in (b"", b"identity") for value in seen.get("content-encoding", ())):
        return RequestRejection(415, "bodies are read only as they are, not compressed")
    return None


def _body_length(seen: dict[str, list[bytes]], modern: bool, limits: ServerLimits) -> int | RequestRejection | None:
    """The length of the body in bytes, None for a chunked one; or why the request is refused."""
    lengths, codings = seen.get("content-length", []), seen.get("transfer-encoding", [])
    if codings:
        if lengths or len(codings) > 1 or codings[0].lower() != b"chunked" or not modern:
            return RequestRejection(400, "a body has a length, or is chunked")
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        return RequestRejection(400, "a body has one length, in digits")
    length = int(lengths[0])
    return body_too_large(limits) if length > limits.body_bytes else length


def body_too_large(limits: ServerLimits) -> RequestRejection:
    """The refusal of a body beyond the limit."""
    return RequestRejection(413, f"a body is at most {limits.body_bytes} bytes long")


def host_of(value: bytes) -> str:
    """The name in a Host header, without its port."""
    text = value.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if text.count(":") == 1 else text


# --- chunked bodies -----------------------------------------------------------------------------------------

_CHUNK_SIZE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e]*)?")
_LONGEST_CHUNK_LINE: Final = 256


@final
class ChunkedBody:
    """The decoder of a chunked body; `consume` takes bytes from a buffer and adds to `body`."""

    def __init__(self, limits: ServerLimits) -> None:
        self._limits = limits
        self._bytes_left = 0
        self._chunk_ended = False
        self._trailer_lines = 0
        self.body = bytearray()

    def consume(self, data: bytearray) -> bool | RequestRejection:
        """Whether the body is complete, or why it is refused; bytes of the next request stay in the buffer."""
        at = 0
        try:
            while True:
                if self._bytes_left:
                    part = data[at : at + min(self._bytes_left, len(data) - at)]
                    self.body += part
                    at += len(part)
                    self._bytes_left -= len(part)
                    if self._bytes_left:
                        return False
                    self._chunk_ended = True
                if self._chunk_ended:
                    if len(data) - at < 2:
                        return False
                    if data[at : at + 2] != b"\r\n":
                        return RequestRejection(400, "a chunk is as long as it says")
                    at += 2
                    self._chunk_ended = False
                end = data.find(b"\r\n", at)
                if end < 0:
                    longest = self._limits.header_bytes if self._trailer_lines else _LONGEST_CHUNK_LINE
                    return (
                        RequestRejection(400, "the size of a chunk is one line")
                        if len(data) - at > longest
                        else False
                    )
                line = bytes(data[at:end])
                at = end + 2
                if self._trailer_lines:
                    if not line:
                        return True
                    self._trailer_lines += 1
                    if self._trailer_lines > self._limits.headers or not _HEADER_FIELD.fullmatch(line):
                        return RequestRejection(400, "a trailer is a header")
                    continue
                size = _CHUNK_SIZE_LINE.fullmatch(line)
                if size is None or len(line) > _LONGEST_CHUNK_LINE:
                    return RequestRejection(400, "the size of a chunk is a hexadecimal number")
                self._bytes_left = int(size[1], 16)
                if not self._bytes_left:
                    self._trailer_lines = 1
                elif len(self.body) + self._bytes_left > self._limits.body_bytes:
                    return body_too_large(self._limits)
        finally:
            del data[:at]
