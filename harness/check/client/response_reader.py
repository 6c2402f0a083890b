"""The bytes of one HTTP response, read strictly and within limits."""

from __future__ import annotations

import re
import zlib
from typing import Final, final

from harness.check.client.connection import ExchangeFailed, ExchangeLimits, Stream
from harness.output.escaping import visible_text

# One or two are usual; endless ones keep common clients waiting for ever.
_MAX_INTERIM_RESPONSES: Final = 16


# A chunk-size line may carry extensions; one that never ends is an attack.
_MAX_CHUNK_LINE: Final = 4096


# A gzip body may have several members; thousands of tiny ones cost time for no data.
_MAX_GZIP_MEMBERS: Final = 64


# A ratio says nothing about a small body: a list of like rows may well shrink a hundredfold.
_RATIO_CHECKED_FROM_BYTES: Final = 1 << 20


# So much is decoded between two looks at the limits: 204 KB of gzip may hold 200 MB.
_DECODE_STEP_BYTES: Final = 1 << 18


_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")


_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00\r\n]*))?")


# The blanks of the value are left to `strip`: a pattern that may give them back takes the square of their number.
_HEADER_LINE: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00\r\n]*)")


_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")


Headers = tuple[tuple[str, str], ...]


@final
class ResponseReader:
    """Reads one response strictly; what had arrived stays readable when it breaks off."""

    def __init__(self, stream: Stream, limits: ExchangeLimits, *, method: str) -> None:
        self._stream = stream
        self._limits = limits
        self._method = method
        self._buffer = bytearray()
        self._decoder: _Decoder | None = None
        self.http_status: int | None = None
        self.headers: Headers = ()
        self.body = bytearray()
        self.reusable = False
        """Whether the connection may carry another exchange."""

    def read(self) -> None:
        """Read the whole response, or raise `ExchangeFailed`."""
        for _ in range(_MAX_INTERIM_RESPONSES + 1):
            minor, self.http_status, self.headers = self._read_head()
            if self.http_status == 101:
                raise ExchangeFailed("protocol:unexpected-upgrade", "101 Switching Protocols, which nobody asked for")
            if self.http_status >= 200:
                break
        else:
            raise ExchangeFailed("protocol:too-many-1xx", f"more than {_MAX_INTERIM_RESPONSES} interim responses")
        length, chunked = self._body_framing(minor)
        persistent = minor == 1 and "close" not in _header_tokens(self._header_values("connection"))
        if self._method == "HEAD" or self.http_status in (204, 304):
            self._check_no_surplus("a response that has no body")
        else:
            self._decoder = self._make_decoder()
            if chunked:
                self._read_chunked_body()
                self._check_no_surplus("the last chunk")
            elif length is not None:
                self._read_counted_body(length)
                self._check_no_surplus(f"the {length} bytes that Content-Length states")
            else:
                persistent = False
                self._read_until_close()
            self._decoder.finish()
        self.reusable = self._connection_is_quiet() and persistent

    # The head

    def _read_head(self) -> tuple[int, int, Headers]:
        searched = 0
        while not (end := _END_OF_HEAD.search(self._buffer, max(0, searched - 3))):
            searched = len(self._buffer)
            self._check_partial_head()
            if not self._receive_more():
                if not self._buffer:
                    raise ExchangeFailed("truncated", "the connection was closed without an answer")
                raise ExchangeFailed("truncated", "the connection was closed in the middle of the header")
        self._check_partial_head(end.end())
        lines = bytes(self._buffer[: end.start()]).split(b"\n")
        terminators = bytes(self._buffer[: end.end()])
        del self._buffer[: end.end()]
        status_line, *header_lines = [line.removesuffix(b"\r") for line in lines]
        status = _STATUS_LINE.fullmatch(status_line)
        if status is None:
            raise ExchangeFailed("protocol:bad-status-line", f"the status line is {_quote_bytes(status_line)}")
        headers = self._parse_header_lines(header_lines)
        # Told before the framing is judged, so that a finding can show them.
        self.http_status, self.headers = int(status[2]), headers
        if terminators.count(b"\n") != terminators.count(b"\r\n"):
            raise ExchangeFailed("protocol:bare-lf", "a header line ends in LF without CR")
        return int(status[1]), int(status[2]), headers

    def _check_partial_head(self, size: int | None = None) -> None:
        start = bytes(self._buffer[:7])
        if start != b"HTTP/1."[: len(start)]:
            hint = "; it looks like TLS, is the target https?" if start[:1] in (b"\x15", b"\x16") else ""
            shown = _quote_bytes(bytes(self._buffer[:20]))
            raise ExchangeFailed("protocol:not-http", f"the answer does not begin with HTTP/1 but with {shown}{hint}")
        if (len(self._buffer) if size is None else size) > self._limits.header_bytes:
            limit = self._limits.header_bytes
            raise ExchangeFailed("protocol:header-too-large", f"the header is larger than {limit} bytes")

    def _parse_header_lines(self, lines: list[bytes]) -> Headers:
        if len(lines) > self._limits.header_count:
            raise ExchangeFailed(
                "protocol:too-many-headers", f"{len(lines)} header lines, at most {self._limits.header_count}"
            )
        headers: list[tuple[str, str]] = []
        for line in lines:
            if line[:1] in (b" ", b"\t"):
                raise ExchangeFailed("protocol:folded-header", f"a header line is continued: {_quote_bytes(line)}")
            match = _HEADER_LINE.fullmatch(line)
            if match is None:
                raise ExchangeFailed("protocol:bad-header", f"not a header line: {_quote_bytes(line)}")
            headers.append((match[1].decode("ascii"), match[2].strip(b" \t").decode("latin-1")))
        return tuple(headers)

    # The framing

    def _body_framing(self, minor: int) -> tuple[int | None, bool]:
        lengths = self._header_values("content-length")
        codings = self._header_values("transfer-encoding")
        if codings:
            coding = ", ".join(codings)
            if lengths:
                both = f"Content-Length {_join_visible(lengths)} and Transfer-Encoding {_join_visible(codings)}"
                raise ExchangeFailed("framing:length-and-chunked", f"both {both}")
            if coding.lower() != "chunked":
                raise ExchangeFailed("framing:transfer-coding", f"Transfer-Encoding is {_join_visible(codings)}")
            if minor == 0:
                raise ExchangeFailed("framing:chunked-in-http-1.0", "Transfer-Encoding in an HTTP/1.0 response")
            return None, True
        if not lengths:
            return None, False
        values = [value.strip() for line in lengths for value in line.split(",")]
        if len(values) > 1:
            raise ExchangeFailed("framing:two-lengths", f"Content-Length more than once: {_join_visible(values)}")
        if re.fullmatch(r"-[0-9]+", values[0], re.ASCII):
            raise ExchangeFailed("framing:negative-length", f"Content-Length is {_join_visible(values)}")
        if not re.fullmatch(r"[0-9]{1,19}", values[0], re.ASCII):
            raise ExchangeFailed("framing:bad-length", f"Content-Length is {_join_visible(values)}")
        return int(values[0]), False

    def _check_no_surplus(self, what: str) -> None:
        if self._buffer:
            raise ExchangeFailed("framing:surplus", f"at least {len(self._buffer)} more bytes came after {what}")

    def _connection_is_quiet(self) -> bool:
        after = self._stream.poll()
        if after:
            raise ExchangeFailed("framing:surplus", f"at least {len(after)} more bytes came after the response")
        return after is None

    # The body

    def _read_counted_body(self, length: int) -> None:
        left = length
        while left:
            if not self._buffer and not self._receive_more():
                came = length - left
                raise ExchangeFailed("framing:truncated", f"Content-Length states {length} bytes, {came} came")
            left -= self._decode_buffered(left)

    def _read_until_close(self) -> None:
        while self._buffer or self._receive_more():
            self._decode_buffered(len(self._buffer))

    def _read_chunked_body(self) -> None:
        while True:
            line = self._read_line(_MAX_CHUNK_LINE, "protocol:chunk-header-too-large", "a chunk's size line")
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise ExchangeFailed("framing:bad-chunk-size", f"a chunk's size line is {_quote_bytes(line)}")
            left = int(match[1], 16)
            if left == 0:
                self._read_trailers()
                return
            while left:
                if not self._buffer:
                    self._fill_or_fail()
                left -= self._decode_buffered(left)
            while len(self._buffer) < 2:
                self._fill_or_fail()
            if self._buffer[:2] != b"\r\n":
                shown = _quote_bytes(bytes(self._buffer[:2]))
                raise ExchangeFailed("framing:bad-chunk-end", f"a chunk is longer than stated: {shown} follows it")
            del self._buffer[:2]

    def _read_trailers(self) -> None:
        room = self._limits.header_bytes
        for _ in range(self._limits.header_count + 1):
            line = self._read_line(room, "protocol:trailers-too-large", "the trailer")
            if not line:
                return
            room = max(1, room - len(line) - 2)
        raise ExchangeFailed("protocol:trailers-too-large", f"more than {self._limits.header_count} lines of trailer")

    def _read_line(self, limit: int, reason: str, what: str) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched, limit + 2)) < 0:
            searched = len(self._buffer)
            if searched > limit + 1:
                raise ExchangeFailed(reason, f"{what} is longer than {limit} bytes")
            self._fill_or_fail()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if not line.endswith(b"\r\n"):
            raise ExchangeFailed("protocol:bare-lf", f"{what} ends in LF without CR")
        return line[:-2]

    def _fill_or_fail(self) -> None:
        if not self._receive_more():
            raise ExchangeFailed("truncated", "the connection was closed before the last chunk")

    def _decode_buffered(self, at_most: int) -> int:
        assert self._decoder is not None
        part = bytes(self._buffer[:at_most])
        del self._buffer[: len(part)]
        self._decoder.feed(part)
        return len(part)

    def _receive_more(self) -> bool:
        data = self._stream.receive()
        self._buffer += data
        return bool(data)

    def _make_decoder(self) -> _Decoder:
        codings = [
            coding for coding in _header_tokens(self._header_values("content-encoding")) if coding != "identity"
        ]
        if not codings:
            return _Decoder(None, self.body, self._limits)
        if len(codings) > 1 or codings[0] not in ("gzip", "x-gzip", "deflate"):
            few = codings if len(codings) <= 4 else [*codings[:4], "…"]
            raise ExchangeFailed(
                "unexpected-encoding", f"Content-Encoding is {_join_visible(few)}, asked for was identity"
            )
        return _Decoder(codings[0].removeprefix("x-"), self.body, self._limits)

    def _header_values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@final
class _Decoder:
    """Undoes one content encoding into `body`, never producing more than the limits allow."""

    def __init__(self, coding: str | None, body: bytearray, limits: ExchangeLimits) -> None:
        self._coding = coding
        self._body = body
        self._limits = limits
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16) if coding == "gzip" else None
        self._members = 1
        self._taken = 0
        self._start = b""

    def feed(self, data: bytes) -> None:
        """Take some of the encoded body."""
        self._taken += len(data)
        if self._coding is None:
            self._body += data
            self._check_limits()
            return
        if self._inflate is None:
            # Two bytes tell zlib's wrapper, which the standard means, from the bare stream some servers send.
            self._start += data
            if len(self._start) < 2:
                return
            data, first = self._start, int.from_bytes(self._start[:2], "big")
            wrapped = first >> 8 & 0x0F == 8 and first % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        try:
            more = bool(data)
            while more:
                data, more = self._decode_step(data)
        except zlib.error as problem:
            raise ExchangeFailed("bad-encoding", f"the body is not valid {self._coding}") from problem

    def finish(self) -> None:
        """The body has ended: so must its encoding."""
        if self._coding is not None and (self._inflate is None or not self._inflate.eof):
            raise ExchangeFailed("bad-encoding", f"the {self._coding} stream ends in the middle")

    def _decode_step(self, data: bytes) -> tuple[bytes, bool]:
        """Decode a piece; what of the data is still to be decoded, and whether there may be more to come."""
        assert self._inflate is not None
        if self._inflate.eof:
            if self._coding != "gzip" or not data.startswith(b"\x1f"):
                raise ExchangeFailed("bad-encoding", f"{len(data)} or more bytes follow the {self._coding} stream")
            if self._members == _MAX_GZIP_MEMBERS:
                raise ExchangeFailed("bad-encoding", f"more than {_MAX_GZIP_MEMBERS} gzip members")
            self._members += 1
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        room = min(_DECODE_STEP_BYTES, self._limits.decoded_bytes - len(self._body) + 1)
        piece = self._inflate.decompress(data, room)
        self._body += piece
        self._check_limits()
        if self._inflate.eof:
            return self._inflate.unused_data, bool(self._inflate.unused_data)
        tail = self._inflate.unconsumed_tail
        return tail, bool(tail) or len(piece) == room

    def _check_limits(self) -> None:
        size = len(self._body)
        if size > self._limits.decoded_bytes:
            raise ExchangeFailed("limit:decoded-bytes", f"the body is larger than {self._limits.decoded_bytes} bytes")
        if size > _RATIO_CHECKED_FROM_BYTES and size > self._taken * self._limits.ratio:
            ratio = self._limits.ratio
            raise ExchangeFailed("limit:decoded-bytes", f"the body grows more than {ratio} times when decoded")


def _header_tokens(values: list[str]) -> list[str]:
    return [token for value in values for part in value.split(",") if (token := part.strip().lower())]


def _join_visible(values: list[str]) -> str:
    return " and ".join(visible_text(value, limit=60) for value in values[:4])


def _quote_bytes(data: bytes) -> str:
    return "'" + visible_text(data, limit=80) + "'"
