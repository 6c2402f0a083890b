"""How a client shows who it is: the security schemes of an OpenAPI document as access and its schemes in a spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from harness.specification.draft.clause_list import ClauseList, Tree
from harness.specification.draft.emitter import Guess
from harness.specification.draft.openapi_source import OpenApiSource, text_of

_PLACES: Final = ("header", "query", "cookie")
_TOKEN_TYPES: Final = ("oauth2", "openidconnect")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDraft:
    """The access of a draft, its security schemes in OpenAPI, and the query parameters that are keys."""

    access: Any
    schemes: Tree
    keys: frozenset[str]


def key_parameters(source: OpenApiSource) -> frozenset[str]:
    """The query parameters that the document's schemes name as keys."""
    ways = [_way(scheme, "") for _, scheme in source.security_schemes()]
    keys = [way["key"] for way in ways if way is not None and way["kind"] == "key"]
    return frozenset(key["name"] for key in keys if key["place"] == "query")


def draft_access(source: OpenApiSource, clauses: ClauseList) -> AccessDraft:
    """The first scheme that can be said, and the alternatives to it as further ways in."""
    accepted = clauses.add("must", "inferred", "valid credentials open the list", "security")
    refused = clauses.add("must", "entailed", "credentials are examined", "security")
    promises = {"accepted": accepted, "wrong-refused": refused, "missing-refused": refused}
    asked = list(source.security_schemes())
    ways: list[Tree] = []
    for _, scheme in asked:
        way = _way(scheme, "" if not ways else f"-{len(ways) + 1}")
        if way is not None:
            ways.append(way)
    if not ways:
        named = ", ".join(f"{name} ({_scheme_text(scheme)})" for name, scheme in asked) or "none"
        clauses.missing.append(f"access: how a client shows who it is; the document names {named}")
        access = Guess(
            {"kind": "bearer", "token": "token", "clauses": promises},
            f"a bearer token stands in for what the document names: {named}",
        )
        return AccessDraft(access=access, schemes={"token": _SCHEMES["bearer"]}, keys=frozenset())
    first, *others = ways
    if source.asks_for_all:
        clauses.missing.append("access: the document asks for several schemes at once; only the first is drafted")
        others = []
    schemes = {f"way{number}": _scheme_of(way) for number, way in enumerate((first, *others), 1)}
    also = [
        {**way, "clause": clauses.add("must", "documented", f"{_name_of(way)} opens the list, too", "security")}
        for way in others
    ]
    ordered: Tree = {**first, **({"also": also} if also else {}), "clauses": promises}
    return AccessDraft(access=ordered, schemes=schemes, keys=key_parameters(source))


_SCHEMES: Final[Mapping[str, Tree]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
}


def _way(scheme: Mapping[str, Any], suffix: str) -> Tree | None:
    """A scheme in the words of access; credentials of a second way have names of their own."""
    kind, name = text_of(scheme.get("type")).lower(), text_of(scheme.get("scheme")).lower()
    place, key = text_of(scheme.get("in")), text_of(scheme.get("name"))
    if kind == "apikey" and place in _PLACES and key:
        return {"kind": "key", "key": {"credential": f"key{suffix}", "place": place, "name": key}}
    if kind == "http" and name == "basic":
        return {"kind": "basic", "user": f"user{suffix}", "password": f"password{suffix}"}
    if (kind == "http" and name == "bearer") or kind in _TOKEN_TYPES:
        return {"kind": "bearer", "token": f"token{suffix}"}
    return None


def _scheme_of(way: Tree) -> Tree:
    if way["kind"] == "key":
        return {"type": "apiKey", "in": way["key"]["place"], "name": way["key"]["name"]}
    return _SCHEMES[way["kind"]]


def _name_of(way: Tree) -> str:
    return {"key": "a key", "basic": "a pair in HTTP Basic", "bearer": "a bearer token"}[way["kind"]]


def _scheme_text(scheme: Mapping[str, Any]) -> str:
    words = (scheme.get(key) for key in ("type", "scheme", "in", "name"))
    return " ".join(text_of(word) for word in words if text_of(word))[:80]
