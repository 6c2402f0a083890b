"""A request as a template: what is secret in it stands as the name of an environment variable."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus

from harness.check.credentials import environment_variable_of
from harness.check.results.evidence import EvidenceRenderer
from harness.check.secret_alterations import ALTERATIONS
from harness.wire.credentials_codec import decode_basic_pair
from harness.wire.http_messages import HttpRequest

_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")
_PRINTABLE_LINES: Final = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*")
# What is shorter is left to the redactor: where it would mask something, there is no template.
_SHORTEST_SECRET: Final = 4


def request_template(
    request: HttpRequest, evidence: EvidenceRenderer, *, signed: str | None = None
) -> dict[str, object] | None:
    """Method, target, headers and body, with each secret as `${VARIABLE|FORM}`, FORM being raw, url or json.

    What is nearly a secret stands as `${VARIABLE|FORM|ALTERATION}`, the token `signed` as `${SIGNED}`. The pair of
    Basic authentication stands apart, under `basic`. None where the request cannot be written as text, or would show
    people's data.
    """
    try:
        target, body = request.target.decode("ascii"), request.body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    own = {name.lower() for name, _ in request.headers}
    headers = [*request.headers, *(added for added in evidence.headers if added[0].lower() not in own)]
    texts = (target, *(value for _, value in headers))
    printable = all(map(_PRINTABLE.fullmatch, texts)) and _PRINTABLE_LINES.fullmatch(body) is not None
    if not printable or any("${" in text for text in (*texts, body)) or " " in target:
        return None
    if evidence.pseudonymize(target) != target or evidence.pseudonymize(body) != body:
        return None
    form = "json" if "json" in (request.header("content-type") or "") else "url"
    made: dict[str, object] = {
        "method": request.method,
        "target": _without_secrets(target, evidence.secrets, "url"),
        "body": _without_secrets(body, evidence.secrets, form),
    }
    lines = []
    for name, value in headers:
        pair = decode_basic_pair(value) if name.lower() == "authorization" else None
        if pair is not None:
            made["basic"] = _without_secrets(pair, evidence.secrets, "raw")
        else:
            apart = value.partition(signed) if signed else (value, "", "")
            before, after = (_without_secrets(part, evidence.secrets, "raw") for part in apart[::2])
            lines.append(f"{name}: {before}{'${SIGNED}' if apart[1] else ''}{after}")
    return made | {"headers": lines} | ({"chunked": True} if request.chunked else {})


def _without_secrets(text: str, secrets: Mapping[str, str], form: str) -> str:
    pieces = [text]
    for value, variable in _variables(secrets, form):
        spellings = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
        longest_first = sorted(spellings, key=len, reverse=True)
        # Inside a longer word, or as the name of a parameter, an everyday word is no secret.
        whole = re.compile("|".join(rf"(?<!\w){re.escape(spelt)}(?!\w|=)" for spelt in longest_first))
        # Odd places are variables, in which nothing more is looked for.
        cut: list[str] = []
        for place, piece in enumerate(pieces):
            if place % 2:
                cut.append(piece)
                continue
            parts = whole.split(piece)
            cut += [word for part in parts for word in (part, variable)][:-1]
        pieces = cut
    return "".join(pieces)


def _variables(secrets: Mapping[str, str], form: str) -> list[tuple[str, str]]:
    """Secrets and what is nearly a secret, each with the variable that stands for it, the longest first."""
    known = {value: f"${{{environment_variable_of(name)}|{form}}}" for name, value in secrets.items()}
    nearly = {
        alter(value): f"${{{environment_variable_of(name)}|{form}|{way}}}"
        for name, value in secrets.items()
        if len(value) >= _SHORTEST_SECRET
        for way, alter in ALTERATIONS.items()
    }
    found = [(value, variable) for value, variable in {**nearly, **known}.items() if len(value) >= _SHORTEST_SECRET]
    return sorted(found, key=lambda item: -len(item[0]))
