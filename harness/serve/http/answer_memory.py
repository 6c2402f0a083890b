"""Whole answers that were given before: while nothing changes, the same request gets the same bytes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple, TypeAlias, final

from harness.serve.simulator import Simulator
from harness.specification.load import Spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest

MOST_REMEMBERED_BYTES: Final = 32 * 2**20
# What an entry takes beside the bytes of request and answer.
_ENTRY_BYTES: Final = 1_500
_MOST_HEADER_SETS: Final = 256

AnswerKey: TypeAlias = "tuple[str, bytes, tuple[tuple[str, str], ...], bytes, bool, bool, bytes]"


@final
class RememberedAnswer(NamedTuple):
    """An answer, and what a log of requests tells of the exchange: the API's spec and what was asked there."""

    response: HttpResponse
    spec: Spec | None
    list_request: ListRequest | RefusedRequest | None


@final
class AnswerMemory:
    """The answers of one simulation whose clock stands still, those asked for last; for one thread.

    The key of an answer is all of its request that an answer may depend on: who asks stands in it. Whatever changes
    world, clock or faults makes a new simulation, and with it an empty memory.
    """

    def __init__(self, simulators: tuple[Simulator, ...], *, most_bytes: int = MOST_REMEMBERED_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[AnswerKey, tuple[RememberedAnswer, int]] = OrderedDict()
        sets = [simulator.headers_read for simulator in simulators]
        # None: every header counts.
        self._headers_read = None if None in sets else frozenset().union(*(names for names in sets if names))
        # Clients send the same headers again and again; to choose from them each time would cost more than the rest.
        self._header_choices: dict[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = {}

    def key_of(self, request: HttpRequest) -> AnswerKey:
        """What identifies the answer to a request."""
        headers = request.headers
        if self._headers_read is not None:
            chosen = self._header_choices.get(headers)
            headers = self._choose_headers(headers, self._headers_read) if chosen is None else chosen
        method, target, body = request.method, request.target, request.body
        return method, target, headers, body, request.chunked, request.secure, request.mounted_at

    def _choose_headers(
        self, headers: tuple[tuple[str, str], ...], names: frozenset[str]
    ) -> tuple[tuple[str, str], ...]:
        chosen = tuple(pair for pair in headers if pair[0].lower() in names)
        if len(self._header_choices) >= _MOST_HEADER_SETS:
            self._header_choices.clear()
        self._header_choices[headers] = chosen
        return chosen

    def find(self, key: AnswerKey) -> RememberedAnswer | None:
        """The answer that was given to this request, if it is still known."""
        found = self._answers.get(key)
        if found is None:
            return None
        self._answers.move_to_end(key)
        return found[0]

    def keep(self, key: AnswerKey, answer: RememberedAnswer) -> None:
        """Remember an answer; the ones that nobody has asked for the longest are forgotten for it."""
        size = len(answer.response.body) + len(key[1]) + len(key[3]) + _ENTRY_BYTES
        # One answer may not drive out all others.
        if size * 8 > self._most_bytes or key in self._answers:
            return
        self._answers[key] = (answer, size)
        self._bytes += size
        while self._bytes > self._most_bytes:
            _, (_, freed) = self._answers.popitem(last=False)
            self._bytes -= freed
