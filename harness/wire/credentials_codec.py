"""The codec of credentials: where each stands in a request, and back, for every way in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Final

from harness.errors import UsageProblem
from harness.specification.access import AUTHORIZATION, chosen_way, key_of, way_credentials, ways_of
from harness.specification.answer_place import header_at
from harness.specification.model import Access, AccessKey, AccessWay
from harness.wire.forms import FormError, decode_pairs
from harness.wire.http_messages import HttpRequest
from harness.wire.request_signature import credential_of, signature_in_headers, signed_parameters

BASIC: Final = "Basic"


# --- writing ------------------------------------------------------------------------------------------------


def credential_headers(access: Access, credentials: Mapping[str, str], scheme: str | None) -> list[tuple[str, str]]:
    """The headers that carry credentials; `scheme` takes the place of the word before them."""
    way = chosen_way(access, credentials)
    if way is None:
        return []
    if way.kind == "basic":
        return [basic_header(credentials.get(way.user or "", ""), credentials.get(way.password or "", ""), scheme)]
    key = key_of(way)
    if key is None or key.place == "query":
        return []
    text = credentials[key.credential]
    if key.place == "cookie":
        return [("Cookie", f"{key.name}={text}")]
    written = written_key(key, text)
    return [(key.name, written if scheme is None or not key.word else f"{scheme}{written[len(key.word) :]}".strip())]


def written_key(key: AccessKey, text: str) -> str:
    """What stands in the header of a key."""
    before, after = key.frame
    return f"{before}{text}{after}".strip()


def basic_header(user: str, password: str, scheme: str | None = None) -> tuple[str, str]:
    """The header of HTTP Basic; `scheme` takes the place of its word."""
    coded = base64.b64encode(f"{user}:{password}".encode("utf-8", "surrogatepass")).decode("ascii")
    return AUTHORIZATION, f"{BASIC if scheme is None else scheme} {coded}".strip()


def credential_pairs(access: Access, credentials: Mapping[str, str]) -> list[tuple[str, str]]:
    """Credentials that travel as parameters: never a key to sign with, and no older pair beside another way in."""
    way = chosen_way(access, credentials)
    if way is not None:
        names = way_credentials(way) if way.kind == "password" else ()
    else:
        names = tuple(name for legacy in access.legacy for name in legacy.parameters)
    return [(name, credentials[name]) for name in dict.fromkeys(names) if name in credentials]


def key_pairs(access: Access, credentials: Mapping[str, str]) -> list[tuple[str, str]]:
    """The key that stands in the query, whatever carries the other parameters."""
    way = chosen_way(access, credentials)
    key = key_of(way) if way is not None else None
    return [(key.name, credentials[key.credential])] if key is not None and key.place == "query" else []


def with_pairs_taken_apart(access: Access, credentials: Mapping[str, str]) -> dict[str, str]:
    """The credentials with name and password in place of a pair that holds both. Raises UsageProblem for one that
    does not; it is not repeated, for it may be a secret.
    """
    found = dict(credentials)
    for way in ways_of(access):
        if way.pair is None or way.pair not in found:
            continue
        read = _pair_of(way, f"{BASIC} {found.pop(way.pair)}")
        if len(read) < 2:
            raise UsageProblem(f"credential {way.pair}", "name:password in base64", "something else")
        # What is given by its own name is meant as it is.
        found = {**read, **found}
    return found


# --- reading ------------------------------------------------------------------------------------------------


def credential_by_parameter(access: Access) -> Mapping[str, str]:
    """The names of credentials by the parameters (not headers) that carry them."""
    found: dict[str, str] = {}
    for way in ways_of(access):
        if way.kind == "password":
            found |= {name: name for name in way_credentials(way)}
        if way.signature is not None:
            found |= signed_parameters(way.signature)
        key = key_of(way)
        if key is not None and key.place == "query":
            found[key.name] = key.credential
    found |= {name: name for legacy in access.legacy for name in legacy.parameters}
    return found


def credential_parameters(access: Access) -> frozenset[str]:
    """Parameters (not headers) that carry credentials."""
    return frozenset(credential_by_parameter(access))


def credential_header_names(access: Access) -> frozenset[str]:
    """The headers that carry credentials, tokens or parts of a signature."""
    found: set[str] = set()
    for way in ways_of(access):
        key = key_of(way)
        found |= {key.name} if key is not None and key.place == "header" else set()
        places = [*(way.session.further if way.session is not None else ())]
        places += way.signature.carries if way.signature is not None else ()
        found |= {header for place in places if (header := header_at(place)) is not None}
    return frozenset(found)


def decode_header_credentials(access: Access, request: HttpRequest) -> dict[str, str]:
    """The credentials in the headers of a request, by name."""
    ways = ways_of(access)
    found: dict[str, str] = {}
    for way in ways:
        key = key_of(way)
        if way.kind == "basic":
            found |= _decode_basic(way, request)
        elif way.signature is not None:
            told = signature_in_headers(way.signature, request)
            found |= {credential_of(way.signature, part): text for part, text in told.items()}
        elif key is not None and key.place == "cookie":
            text = _cookie(request, key.name)
            found |= {} if text is None else {key.credential: text}
        elif key is not None and key.place == "header":
            found |= _decode_header(key, way, request, ways)
    return found


def decode_query_credentials(access: Access, request: HttpRequest) -> dict[str, str]:
    """The keys in the query of a request that carries its parameters elsewhere."""
    ways = ways_of(access)
    names = {key.name: key.credential for way in ways if (key := key_of(way)) is not None and key.place == "query"}
    for way in ways:
        names |= signed_parameters(way.signature) if way.signature is not None else {}
    if not names:
        return {}
    try:
        pairs = decode_pairs(request.query, separators="&")
    except FormError:
        return {}
    return {names[name]: text for name, text in reversed(pairs) if name in names}


def authorization_scheme(request: HttpRequest) -> str:
    """The word at the beginning of the header Authorization; empty where it has one word only."""
    header = (request.header(AUTHORIZATION) or "").strip()
    return header.partition(" ")[0] if " " in header else ""


def decode_basic_pair(value: str) -> str | None:
    """Name and password, a colon between them, of a value of Authorization; None where it holds no such pair."""
    scheme, _, coded = value.strip().partition(" ")
    if scheme.lower() != BASIC.lower() or not coded.strip():
        return None
    try:
        return base64.b64decode(coded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def _decode_basic(way: AccessWay, request: HttpRequest) -> dict[str, str]:
    return _pair_of(way, request.header(AUTHORIZATION) or "")


def _pair_of(way: AccessWay, value: str) -> dict[str, str]:
    """Name and password, or the name alone, of a value of Authorization."""
    pair = decode_basic_pair(value)
    if pair is None or way.user is None or way.password is None:
        return {}
    user, colon, password = pair.partition(":")
    return {way.user: user, way.password: password} if colon else {way.user: user}


def _decode_header(key: AccessKey, way: AccessWay, request: HttpRequest, ways: Iterable[AccessWay]) -> dict[str, str]:
    header = request.header(key.name)
    if header is None:
        return {}
    header, (before, after) = header.strip(), key.frame
    # Letters' case counts in no word of a header.
    if header.lower().startswith(before.lower()) and header.lower().endswith(after.lower()):
        return {key.credential: header[len(before) : len(header) - len(after)].strip()}
    word, space, text = header.partition(" ")
    others = {BASIC.lower() for one in ways if one.kind == "basic"}
    others |= {one.word.lower() for other in ways if (one := key_of(other)) is not None and one.word}
    if way.kind != "bearer" or (space and word.lower() in others):
        return {}
    # A token after another word, or after none: wrong, and not missing.
    return {key.credential: text.strip() if space else header}


def _cookie(request: HttpRequest, name: str) -> str | None:
    for header, value in request.headers:
        if header.lower() == "cookie":
            for part in value.split(";"):
                given, mark, text = part.strip().partition("=")
                if mark and given == name:
                    return text.strip('"')
    return None
