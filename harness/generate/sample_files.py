"""Sample exchanges and invalid answers as files: what it costs does not hang on how many calls the world has."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, final

from harness.generate.breach_place import written_place
from harness.generate.edge_answers import EdgeAnswer, make_edge_answers
from harness.generate.formats.exchange_format import ExchangeFormat, ExchangeSet
from harness.generate.invalid_responses import break_responses
from harness.generate.response_breaker import InvalidResponse
from harness.generate.sample_exchanges import SampleClient, SampleExchange, fetch_sample_exchanges, request_text
from harness.specification.clause_families import load_standard_clauses
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import ClauseId, Listing
from harness.telephony.attributes import Grain
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import Missing, encode_json
from harness.world.listed_calls import ListedCalls
from harness.world.world import World

SAMPLE_CALLS: Final = 200
"""Calls of the world that pages and invalid answers are made of: the last ones."""
# Bytes of an object or a list that an index repeats.
_LONGEST_VALUE: Final = 200


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFiles:
    """Files by name, and what the manifest tells of the pages; the numbers of invalid and of awkward answers."""

    files: Mapping[str, bytes]
    pages: tuple[Mapping[str, Any], ...]
    invalid: int
    edge: int


def make_sample_files(
    spec: Spec, world: World, dialect: Dialect, *, parts: Collection[str], formats: Collection[ExchangeFormat] = ()
) -> SampleFiles:
    """The files of pages and of invalid answers, as far as they are among the parts, and those of the formats."""
    files: dict[str, bytes] = {}
    told: list[Mapping[str, Any]] = []
    broken: list[Mapping[str, Any]] = []
    # Both come from one simulator, whose world costs more to make than any answer.
    wanted = formats or not {"pages", "invalid"}.isdisjoint(parts)
    client = SampleClient(spec, sample_world(world), dialect) if wanted else None
    if client is not None and (formats or "pages" in parts):
        samples = list(fetch_sample_exchanges(client))
        if "pages" in parts:
            told += [_add_exchange_files(files, number, page) for number, page in enumerate(samples, 1)]
            listed = [_page_entry(entry, page) for entry, page in zip(told, samples, strict=True)]
            files["pages/index.json"] = encode_json_file({"api": spec.id, "payloads": listed})
        for made in formats:
            files[made.file_name] = made.encode(ExchangeSet.of(spec, world.instant, samples))
    if client is not None and "invalid" in parts:
        broken += _add_invalid_files(files, spec, break_responses(client))
        files["invalid/index.json"] = encode_json_file({"api": spec.id, "payloads": broken})
    awkward: list[Mapping[str, Any]] = []
    if "edge" in parts:
        awkward += [_add_edge_file(files, spec.listing, one) for one in make_edge_answers(spec, world, dialect)]
        files["edge/index.json"] = encode_json_file({"api": spec.id, "payloads": awkward})
    return SampleFiles(files=files, pages=tuple(told), invalid=len(broken), edge=len(awkward))


def sample_world(world: World) -> World:
    """The world, or where it has more than `SAMPLE_CALLS` calls, one of the last of them: same seed, same instant."""
    given = world.given
    if len(given) > SAMPLE_CALLS:
        latest = sorted(given, key=lambda call: (call["started_at"], call["call_id"]))[-SAMPLE_CALLS:]
        given = tuple(latest)
    if world.seed is None or world.profile is None:
        return replace(world, given=given)
    if world.count(Grain.CALL, ListedCalls.BOTH, world.instant) - len(world.given) <= SAMPLE_CALLS:
        return replace(world, given=given)
    small = World.of(seed=world.seed, calls=SAMPLE_CALLS, instant=world.instant, profile=world.profile)
    return replace(small, given=given, customers=world.customers, home_customer_id=world.home_customer_id)


def encode_json_file(tree: Any) -> bytes:
    """A JSON document as a file holds it."""
    return json.dumps(tree, indent=2, ensure_ascii=False, default=_plain_json).encode() + b"\n"


def _plain_json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else list(value)


def _add_exchange_files(files: dict[str, bytes], number: int, page: SampleExchange) -> Mapping[str, Any]:
    stem = f"pages/{number:03d}-{_plain_file_name(page.name)}"
    entry: dict[str, Any] = {"name": page.name, "says": page.says}
    if page.error_name is not None:
        entry["fault"] = page.error_name
    if page.request is not None:
        entry["request"] = f"{stem}.request.http"
        files[entry["request"]] = request_text(page.request)
    entry["response"] = f"{stem}.response.{_body_extension(page.response)}"
    files[entry["response"]] = page.response.body
    entry |= _response_head(page.response)
    return entry


def _page_entry(entry: Mapping[str, Any], page: SampleExchange) -> Mapping[str, Any]:
    """The entry of a page in an index, in the same form as those of invalid answers and of edge cases."""
    told = {"file": str(entry["response"]).removeprefix("pages/"), "name": page.name, "says": page.says}
    fault = {} if page.error_name is None else {"fault": page.error_name}
    request = None if page.request is None else request_text(page.request).decode("utf-8")
    return {**told, **fault, **_response_head(page.response), "request": request}


def _add_invalid_files(
    files: dict[str, bytes], spec: Spec, broken: Iterable[InvalidResponse]
) -> list[Mapping[str, Any]]:
    made = list(broken)
    count = {one.clause: sum(other.clause == one.clause for other in made) for one in made}
    seen: dict[str, int] = {}
    index: list[Mapping[str, Any]] = []
    for one in made:
        seen[one.clause] = number = seen.get(one.clause, 0) + 1
        stem = one.clause if count[one.clause] == 1 else f"{one.clause}-{number}"
        name = f"invalid/{stem}.{_body_extension(one.response)}"
        files[name] = one.response.body
        index.append(
            {
                "file": name.removeprefix("invalid/"),
                "clause": one.clause,
                **_clause_entry(spec, one.clause),
                "done": one.change,
                **_place_entry(
                    spec.listing, one.breach.at, {"expected": one.breach.expected, "actual": one.breach.actual}
                ),
                **_response_head(one.response),
                "request": request_text(one.request).decode("utf-8"),
            }
        )
    return index


def _add_edge_file(files: dict[str, bytes], listing: Listing, one: EdgeAnswer) -> Mapping[str, Any]:
    name = f"{_plain_file_name(one.name)}.{_body_extension(one.response)}"
    files[f"edge/{name}"] = one.response.body
    places = [_place_entry(listing, at, {"value": value}) for at, value in one.places]
    return {
        "file": name,
        "name": one.name,
        "says": one.says,
        "at": places[0]["at"],
        "places": places,
        **_response_head(one.response),
        "request": request_text(one.request).decode("utf-8"),
    }


def _clause_entry(spec: Spec, clause: ClauseId) -> Mapping[str, Any]:
    """How strong a promise is, and what it says."""
    told = spec.clauses.get(clause) or load_standard_clauses().clauses[clause]
    return {"level": told.level, "promise": told.says}


def _place_entry(listing: Listing, at: str, values: Mapping[str, Tree | Missing]) -> dict[str, Any]:
    """A place and what is told of it; what is not there is left out.

    Of an object or a list that is long only the kind is told: it stands in the answer itself.
    """
    entry: dict[str, Any] = {"at": written_place(listing, at)}
    for name, value in values.items():
        if isinstance(value, dict | list) and len(encode_json(value)) > _LONGEST_VALUE:
            entry[f"{name}_kind"] = "an object" if isinstance(value, dict) else f"a list of {len(value)}"
        elif not isinstance(value, Missing):
            entry[name] = value
    return entry


def _response_head(response: HttpResponse) -> Mapping[str, Any]:
    return {"http_status": response.http_status, "content_type": response.header("content-type")}


def _body_extension(response: HttpResponse) -> str:
    return "xml" if response.body.lstrip().startswith(b"<") else "json"


def _plain_file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)
