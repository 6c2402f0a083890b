"""The target of a request as a log shows it: values of known parameters, all others masked.

Who writes a secret under a name that means nothing (`Password%3D…`, `Password[]=`, `x=Password=…`) must not find it
in a log: only what the API's own specification names is shown. All of it takes time in proportion to the target.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_plus

from harness.output.redaction import MASK, is_secret_name

_BETWEEN_PARAMETERS: Final = re.compile("([?&;])")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
# What would be another parameter, where a second reader took the value apart.
_INNER_PARAMETER: Final = re.compile("[=&;?]")
# An escape of an escape may be read by a proxy before us.
_MOST_LAYERS: Final = 4


def shown_target(target: str, *, known: frozenset[str], secret: frozenset[str], redact: Callable[[str], str]) -> str:
    """A request target with `***` for every value that may be a secret, right or wrong.

    Shown are the path and the values of `known` parameters that are not `secret`; `redact` masks secrets it knows.
    """
    path, *rest = _BETWEEN_PARAMETERS.split(target)
    shown_names = frozenset(name for name in known - secret if not is_secret_name(name))
    # In the path as well: some separate parameters by `;` and leave the question mark out.
    segments = [_shown_segment(segment, shown_names, redact) for segment in path.split("/")]
    parameters = [
        part if part in ("?", "&", ";", "") else _shown_parameter(part, shown_names, redact) for part in rest
    ]
    return redact("/".join(segments) + "".join(parameters))


def _shown_segment(segment: str, known: frozenset[str], redact: Callable[[str], str]) -> str:
    decoded = _decoded(segment)
    if _INNER_PARAMETER.search(decoded):
        return _shown_parameter(segment, known, redact)
    return MASK if decoded != segment and redact(decoded) != decoded else segment


def _shown_parameter(part: str, known: frozenset[str], redact: Callable[[str], str]) -> str:
    name, equals, value = part.partition("=")
    meant = unquote_plus(name)
    if meant not in known:
        plain = _PLAIN_NAME.fullmatch(meant) is not None and bool(value)
        return (name if plain else MASK) + equals + (MASK if value else "")
    if value.isalnum():
        return name + equals + value
    # As a value: a secret that is too short to be masked all over is masked there.
    decoded = "=" + _decoded(value)
    # A cursor in base64 may end in `=`.
    hides = _INNER_PARAMETER.search(decoded.rstrip("="), 1) is not None or redact(decoded) != decoded
    return name + equals + (MASK if hides else value)


def _decoded(text: str) -> str:
    """The text without its escapes, however often they were escaped."""
    for _ in range(_MOST_LAYERS):
        if "%" not in text and "+" not in text:
            break
        text = unquote_plus(text)
    return text
