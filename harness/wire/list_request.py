"""A list request as raw values, before any of them is parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
"""No values at all; given outright it spares each request the making of a default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """The raw values of one request, by parameter name of the spec.

    `values` holds documented parameters as they are written on the wire: text for pairs (a list of texts where a
    parameter with `repeated` is given several times) and for parts of the path, any JSON value for a parameter in a
    JSON body. A key that is missing was not given. `credentials` holds credential values by their name in the spec
    (`Username`, `token`); `scheme` is the word before a token, None the documented one. `account` are the credentials
    whose values a path or a parameter repeats, where they are not those of `credentials`. `extra` are parameters that
    the spec does not know, in order; `repeated` the further values of other parameters given more than once.
    `operation` is the name in the request when it is not the documented one. `encoding_name` names a way of
    `transport.also`. With `log_in` it asks for a token and not for the list.
    `left_out` are constants that it does not send although it should.
    `url` is where the request came to, scheme, host and path; it is empty where no link needs it.
    `digest` is that of the HTTP request, where an answer is made from it. `signed` is that request itself, where its
    signature says who asks: in `credentials` the signature stands for the secret that it was made with.
    """

    values: Mapping[str, Tree] = field(default_factory=lambda: NOTHING)
    credentials: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    scheme: str | None = None
    account: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    extra: tuple[tuple[str, Tree], ...] = ()
    repeated: Mapping[str, tuple[Tree, ...]] = field(default_factory=lambda: NOTHING)
    operation: str | None = None
    no_operation: bool = False
    encoding_name: str | None = None
    url: str = ""
    digest: bytes = field(default=b"", repr=False, compare=False)
    log_in: bool = False
    signed: HttpRequest | None = field(default=None, repr=False, compare=False)
    left_out: frozenset[str] = frozenset()

    def with_values(self, values: Mapping[str, Tree]) -> ListRequest:
        """This request with more values, by name."""
        return replace(self, values={**self.values, **values})
