"""Opaque cursors: a sealed position in an order, which any replica can read and no client can forge."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Final, final

from harness.serve.query.table import Comparable, SortPosition

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SEAL_KEY: Final = b"callharness cursor"
_SEAL_BYTES: Final = 6
_LONGEST_TEXT: Final = 2048
_SEAL: Final = hashlib.blake2b(digest_size=_SEAL_BYTES, key=_SEAL_KEY)
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_MICROSECOND: Final = timedelta(microseconds=1)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A position under one sort; with `backward` it leads to the rows before it."""

    sort: str
    position: SortPosition
    backward: bool = False


def encode_cursor(cursor: Cursor) -> str:
    """The cursor as base64url text with a seal."""
    value, identity = _written(cursor.position.value), _written(cursor.position.identity)
    payload = f"[{encode_basestring_ascii(cursor.sort)},{value},{identity},{cursor.backward:d}]".encode("ascii")
    written = binascii.b2a_base64(_seal_of(payload) + payload, newline=False)
    return written.translate(_URL_SAFE).rstrip(b"=").decode("ascii")


# Who walks a list with pages of other sizes, or asks twice, sends the same cursors.
@lru_cache(maxsize=1024)
def decode_cursor(text: str) -> Cursor | None:
    """The cursor in a text, or None for one that was never given."""
    if len(text) > _LONGEST_TEXT or not text.isascii():
        return None
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    seal, payload = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal_of(payload)):
        return None
    # The seal holds: the payload is our own writing.
    sort, value, identity, back = json.loads(payload)
    return Cursor(
        sort=sort,
        position=SortPosition(value=_decode_value(value), identity=_decode_value(identity)),
        backward=bool(back),
    )


def _seal_of(payload: bytes) -> bytes:
    seal = _SEAL.copy()
    seal.update(payload)
    return seal.digest()


def _written(value: Comparable | None) -> str:
    """A value as JSON, with its kind before it: `json.dumps` would make an encoder for every cursor."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f'["s",{encode_basestring_ascii(value)}]'
    if isinstance(value, datetime):
        return f'["t",{(value - _EPOCH) // _MICROSECOND}]'
    if isinstance(value, date):
        return f'["y",{value.toordinal()}]'
    if isinstance(value, bool):
        return f'["b",{value:d}]'
    if isinstance(value, int):
        return f'["i",{value}]'
    return f'["d","{value}"]'


def _decode_value(plain: list[str | int] | None) -> Comparable | None:
    if plain is None:
        return None
    kind, value = plain
    match kind:
        case "t":
            return _EPOCH + timedelta(microseconds=int(value))
        case "y":
            return date.fromordinal(int(value))
        case "b":
            return bool(value)
        case "i":
            return int(value)
        case "d":
            return Decimal(str(value))
        case _:
            return str(value)
