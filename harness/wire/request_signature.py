"""The codec of signatures: what is signed of a request, how the signature travels with it, and back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, final
from urllib.parse import quote, unquote_plus
from zoneinfo import ZoneInfo

from harness.specification.access import signature_of
from harness.specification.answer_place import header_at
from harness.specification.model import Access, Signature, SignedTime
from harness.specification.signed_text import DAYS, SignedPart, parts_named, split_signed_text
from harness.wire.http_messages import HttpRequest
from harness.wire.scalar_codecs import DecodeError
from harness.wire.time_codecs import EPOCH_CODECS, decode_instant, encode_instant

QUERY_PREFIX: Final = "query:"
_UTC: Final = ZoneInfo("UTC")
# A part as it is carried, and the day of a time, which the time itself tells.
_HOLE: Final = re.compile(r"\{(\w+(?:\|[\w-]+)?)\}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SigningMoment:
    """When a request is signed, the text that makes it differ from all others, and the server that it goes to.

    `base` is what stands before its path on the way, `host` what its Host header will say where it has none.
    """

    at: datetime
    nonce: str
    base: bytes = b""
    host: str = ""


# --- places -------------------------------------------------------------------------------------------------


def query_at(place: str) -> str | None:
    """The name of the query parameter that a place means; None for a header."""
    return place[len(QUERY_PREFIX) :] if place.startswith(QUERY_PREFIX) else None


def signed_parameters(rules: Signature) -> Mapping[str, str]:
    """The query parameters that belong to a signature, and the name of what each holds."""
    names = {query_at(place): text for place, text in rules.carries.items()}
    return {name: credential_of(rules, text.strip("{}")) for name, text in names.items() if name is not None}


def signature_place(rules: Signature) -> str:
    """The place that holds the signature itself."""
    return next((place for place, text in rules.carries.items() if "{signature}" in text), "")


def credential_of(rules: Signature, part: str) -> str:
    """The credential that a part of a request stands for: the signature is what proves the secret."""
    return {"key": rules.key or "", "signature": rules.secret}.get(part, part)


# --- writing ------------------------------------------------------------------------------------------------


def sign_request(
    access: Access, request: HttpRequest, credentials: Mapping[str, str], moment: SigningMoment
) -> HttpRequest:
    """The request with the signature that its credentials make; as it is, where none is due or none can be made."""
    rules = signature_of(access, credentials)
    if rules is None:
        return request
    request = _unsigned(rules, request)
    known = {"nonce": moment.nonce}
    if rules.key is not None and credentials.get(rules.key):
        known["key"] = credentials[rules.key]
    if rules.time is not None:
        known["time"] = _written_time(rules.time, moment.at)
        known |= {f"time|{form}": day.decode() for form, day in _days_of(rules.time, known["time"]).items()}
    request = _with_parts(rules, request, known, signed=False)
    secret = credentials.get(rules.secret)
    if not secret:
        return request
    host = () if request.header("host") is not None else (("Host", moment.host),)
    whole = replace(request, mounted_at=moment.base + request.mounted_at, headers=(*request.headers, *host))
    known["signature"] = make_signature(rules, whole, known, secret)
    return _with_parts(rules, request, known, signed=True)


def _unsigned(rules: Signature, request: HttpRequest) -> HttpRequest:
    """The request without what an earlier signature left in it."""
    headers = {(header_at(place) or "").lower() for place in rules.carries}
    own = {name for place in rules.carries if (name := query_at(place)) is not None}
    kept = tuple(pair for pair in request.headers if pair[0].lower() not in headers)
    return replace(request, headers=kept, target=_without_pairs(request.target, own))


def _with_parts(rules: Signature, request: HttpRequest, known: Mapping[str, str], *, signed: bool) -> HttpRequest:
    """The request with the parts that hold the signature, or with those that do not; none with something unknown."""
    for place, text in rules.carries.items():
        holes = _HOLE.findall(text)
        if ("signature" in holes) is not signed or not known.keys() >= set(holes):
            continue
        told = _HOLE.sub(lambda found: known[found[1]], text)
        name = query_at(place)
        if name is None:
            request = replace(request, headers=(*request.headers, (header_at(place) or "", told)))
        else:
            mark = b"&" if request.query else b"" if request.target.endswith(b"?") else b"?"
            pair = f"{quote(name, safe='')}={quote(told, safe='')}".encode()
            request = replace(request, target=request.target + mark + pair)
    return request


def _written_time(rules: SignedTime, at: datetime) -> str:
    return str(encode_instant(at, rules.as_, _UTC, formats=rules.format))


# --- reading ------------------------------------------------------------------------------------------------


def read_signature(rules: Signature, request: HttpRequest) -> dict[str, str]:
    """What a request carries of its signature: key, signature, time and nonce, as far as they are there."""
    pairs = [pair.partition(b"=") for pair in request.query.split(b"&")]
    told = {_plain(name): _plain(value) for name, mark, value in reversed(pairs) if mark}
    named = {query_at(place): text.strip("{}") for place, text in rules.carries.items()}
    return {
        **{part: told[name] for name, part in named.items() if name is not None and name in told},
        **signature_in_headers(rules, request),
    }


def signature_in_headers(rules: Signature, request: HttpRequest) -> dict[str, str]:
    """What the headers of a request carry of its signature."""
    found: dict[str, str] = {}
    for place, text in rules.carries.items():
        header = header_at(place)
        value = request.header(header) if header is not None else None
        match = _frame_of(text).fullmatch(value.strip()) if value is not None else None
        found.update(match.groupdict() if match is not None else {})
    return found


@lru_cache(maxsize=64)
def _frame_of(text: str) -> re.Pattern[str]:
    """What a header must look like that carries parts of a signature."""
    pieces = _HOLE.split(text)
    return re.compile(
        "".join(_group_of(piece) if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))
    )


def _group_of(part: str) -> str:
    """What a carried part may be; the day of a time is told by the time."""
    return f"(?P<{part}>.*)" if part.isidentifier() else "[0-9-]*"


def signed_at(rules: SignedTime, text: str) -> datetime | None:
    """The moment that a request says it was signed at; None for a text that is none."""
    try:
        epoch = rules.as_ in EPOCH_CODECS
        raw = int(text) if epoch and text.isascii() and text.isdigit() and len(text) < 18 else text
        return decode_instant(raw, rules.as_, _UTC, formats=rules.format)
    except DecodeError:
        return None


def is_in_time(rules: Signature, told: Mapping[str, str], now: datetime) -> bool:
    """Whether a request was signed at about now, where that is told at all."""
    if rules.time is None:
        return True
    at = signed_at(rules.time, told.get("time", ""))
    return at is not None and abs(at - now.astimezone(UTC)) <= timedelta(seconds=rules.time.skew_seconds)


# --- what is signed -----------------------------------------------------------------------------------------


def make_signature(rules: Signature, request: HttpRequest, told: Mapping[str, str], secret: str) -> str:
    """The signature that a request must carry; `told` are its key, time and nonce.

    The Host header says where the request goes: where it stands, or where it is due, in the text, it must be there.
    """
    parts = {
        "method": request.method.encode(),
        "host": (request.header("host") or "").encode("latin-1"),
        "path": request.mounted_at + request.path,
        "query": _without_pairs(request.target, _signature_pairs(rules)).partition(b"?")[2],
        "body": request.body,
        "secret": secret.encode(),
        **{f"header:{name}": value.encode("latin-1") for name, value in _named_headers(rules, request).items()},
        **{name: text.encode() for name, text in told.items()},
    }
    if rules.time is not None:
        parts |= _days_of(rules.time, told.get("time", ""))
    if rules.canonical is not None:
        parts["canonical"] = _filled(rules.canonical, parts)
    text = _filled(rules.text, parts)
    kind, _, name = rules.algorithm.rpartition("-")
    digest = hmac.digest(_signing_key(rules, parts, name), text, name) if kind else _digest(name, text)
    match rules.written:
        case "base64":
            return base64.b64encode(digest).decode()
        case "base64-of-hex":
            return base64.b64encode(digest.hex().encode()).decode()
        case "upper-hex":
            return digest.hex().upper()
        case _:
            return digest.hex()


def _signing_key(rules: Signature, parts: Mapping[str, bytes], name: str) -> bytes:
    """The key of the HMAC, which further texts may make of the secret."""
    key, *further = (_filled(text, parts) for text in rules.keys)
    for text in further:
        key = hmac.digest(key, text, name)
    return key


def _named_headers(rules: Signature, request: HttpRequest) -> dict[str, str]:
    """The headers that the signature covers, each by the name that the spec gives it."""
    names = {name for text in rules.signed_texts for name in parts_named(text) if name.startswith("header:")}
    return {bare: request.header(bare) or "" for name in names for bare in [name.removeprefix("header:")]}


def _days_of(rules: SignedTime, text: str) -> dict[str, bytes]:
    """The day of a time, in each way that a text may hold it; empty for what is no time."""
    at = signed_at(rules, text)
    day = "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d")
    return {"day": day.encode(), "bare-day": day.replace("-", "").encode()}


def _filled(text: str, parts: Mapping[str, bytes]) -> bytes:
    """A text with the parts of the request in their places."""
    pieces = split_signed_text(text)
    return b"".join(_piece(piece, parts) if isinstance(piece, SignedPart) else piece.encode() for piece in pieces)


def _piece(part: SignedPart, parts: Mapping[str, bytes]) -> bytes:
    data = parts.get(part.name, b"")
    for change in part.changes:
        name, _, form = change.partition("-")
        if change == "sorted":
            pairs = sorted(data.split(b"&"), key=_name_in_pair)
            data = b"&".join(pairs)
        elif change == "decoded":
            data = _plain(data).encode("utf-8", "surrogateescape")
        elif change in DAYS:
            data = parts.get(change, b"")
        elif form == "base64":
            data = base64.b64encode(_digest(name, data))
        else:
            data = _digest(name, data).hex().encode()
    return data


def _name_in_pair(pair: bytes) -> bytes:
    return pair.partition(b"=")[0]


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _signature_pairs(rules: Signature) -> set[str]:
    """The query parameters that hold the signature itself, which is not signed."""
    holding = (place for place, text in rules.carries.items() if "{signature}" in text)
    return {name for place in holding if (name := query_at(place)) is not None}


def _without_pairs(target: bytes, names: set[str]) -> bytes:
    """A target without the query parameters of these names."""
    path, mark, query = target.partition(b"?")
    if not names:
        return target
    kept = b"&".join(pair for pair in query.split(b"&") if _plain(pair.partition(b"=")[0]) not in names)
    return path + (mark if kept else b"") + kept


def _plain(text: bytes) -> str:
    return unquote_plus(text.decode("utf-8", "surrogateescape"), errors="surrogateescape")
