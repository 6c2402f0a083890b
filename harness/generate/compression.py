"""Bytes made smaller: each slice stands alone, so that slices are made apart and a file can be gone on with."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from harness.errors import UsageProblem, require_extra

_GZIP_LEVEL: Final = 6


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """A way to make bytes smaller: several of its outputs one after another are an input of its readers."""

    name: str
    file_extension: str
    compress: Callable[[bytes], bytes]


def _gzip_member(data: bytes) -> bytes:
    """One member of a gzip file, without a time and a system in its head: the same bytes give the same bytes."""
    deflate = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(data) + deflate.flush()
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return head + body + zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")


def _zstd_frame(data: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.compress(data)


COMPRESSIONS: Final[Mapping[str, Compression]] = MappingProxyType(
    {
        made.name: made
        for made in (
            Compression(name="zstd", file_extension="zst", compress=_zstd_frame),
            Compression(name="gzip", file_extension="gz", compress=_gzip_member),
        )
    }
)


def compression_of(name: str) -> Compression:
    """The compression of this name. Raises UsageProblem."""
    if name not in COMPRESSIONS:
        raise UsageProblem("--compress", f"one of {', '.join(COMPRESSIONS)}", repr(name))
    if name == "zstd" and sys.version_info < (3, 14):
        require_extra("bulk", "backports.zstd", what="--compress zstd")
    return COMPRESSIONS[name]
