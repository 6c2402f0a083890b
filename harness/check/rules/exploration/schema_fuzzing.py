"""Schema fuzzing: Schemathesis draws requests from the OpenAPI side of a spec; we send them and judge the answers.

Only drawing is Schemathesis' part, in a process of its own: what crashes or starves there costs no run. The requests
go over our own transport (its limits and budget hold, and `;` stands between pairs where the spec says so), and what
comes back, XML or JSON, is judged by our own witness rules: findings stand under the clauses that they break, beside
those of the other rules and never twice.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from harness.check.client.budget import RateLimitedClient
from harness.check.context import CheckContext, Exchange
from harness.check.probe.mirror import Mirror
from harness.check.rules.exploration.drawn_lines import DrawnRequest, SchemaMode, drawn_of_line
from harness.check.rules.exploration.random_combinations import derive_seed
from harness.output.bounded_files import read_at_most
from harness.output.counted_words import counted
from harness.specification.load import Spec
from harness.specification.model import ClauseId, Listing
from harness.specification.openapi import openapi_document
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import MISSING, encode_json, tree_at
from harness.wire.list_elements import element_lists
from harness.wire.list_request import ListRequest

REQUESTS: Final = 200
"""The requests that fuzzing may send, beside the budget of the other rules."""
ERRORS_NEEDED: Final = 3
"""How often one request must get a server error before that is a finding: once or twice may be an overload."""
_PLACEHOLDER_URL: Final = "http://127.0.0.1"
_SERVER_ERRORS_CLAUSE: Final = ClauseId("HTTP-SERVER-ERRORS")

DRAWING_MODULE: Final = "harness.check.rules.exploration.drawing_process"
DRAWING_SECONDS: Final = 180
"""After so long the process that draws is ended; what it drew until then is sent."""
LARGEST_OUTPUT: Final = 16 * 1024 * 1024
# Hypothesis may draw one request several times.
LINES_FOR_EACH: Final = 4


def check_schema_fuzzing(context: CheckContext, mirror: Mirror) -> None:
    """Sends what Schemathesis draws, when the run asks for it; each answer is judged as it comes."""
    if not context.options.fuzz:
        return
    if isinstance(context.sender, RateLimitedClient):
        context.sender.budget.add_requests(REQUESTS)
    spent = context.requests
    for number, one in enumerate(draw_requests(context, at_most=REQUESTS)):
        if context.requests - spent >= REQUESTS:
            return
        ask, edit = request_from_drawn(context.listing, one, mirror.base if number % 2 else {})
        try:
            exchange = context.send(ask, f"{one.data} data (fuzzed)", edit=edit)
        except UnicodeEncodeError:
            # Half a character cannot be written: there is no such request.
            continue
        _repeat_server_error(context, exchange, ask, edit, one)


def _repeat_server_error(
    context: CheckContext, exchange: Exchange, ask: ListRequest, edit: Any, one: DrawnRequest
) -> None:
    """The request again where a server error came: one error proves nothing."""
    failing = [exchange]
    while _is_server_error(context, failing[-1]) and not context.results.first_failed((_SERVER_ERRORS_CLAUSE,)):
        if len(failing) == ERRORS_NEEDED:
            context.fail(
                (_SERVER_ERRORS_CLAUSE,),
                "a request that can be read does not get a server error again and again",
                expected="no HTTP 5xx",
                actual=f"HTTP {_http_status(exchange)} each of {ERRORS_NEEDED} times, for {one.data} data",
                exchange=exchange,
            )
            return
        failing.append(context.send(ask, f"again: {one.data} data (fuzzed)", edit=edit))


def _http_status(exchange: Exchange) -> int | None:
    return exchange.response.http_status if isinstance(exchange.response, HttpResponse) else None


def _is_server_error(context: CheckContext, exchange: Exchange) -> bool:
    """Whether a server error came that is not the API's documented way to refuse a request."""
    if not isinstance(exchange.response, HttpResponse) or exchange.response.http_status < 500:
        return False
    answer = exchange.answer
    is_own_error = answer is not None and answer.outcome == "error" and answer.code is not MISSING
    if is_own_error and "5xx" in context.listing.outcome.error.https:
        context.server_errors = [one for one in context.server_errors if one.number != exchange.number]
        return False
    return True


# --- requests -----------------------------------------------------------------------------------------------


def request_from_drawn(listing: Listing, one: DrawnRequest, base: Mapping[str, Tree]) -> tuple[ListRequest, Any]:
    """The list request of a drawn request, and the edit that makes its bytes what was drawn.

    `base` gives values to parameters that must be there, so that some requests get past them.
    """
    needed = {name: value for name, value in base.items() if listing.parameters[name].required is not None}
    if listing.transport.carries != "json":
        values: dict[str, Tree] = {name: text for name, text in one.pairs if name in listing.parameters}
        extra = tuple((name, text) for name, text in one.pairs if name not in listing.parameters)
        return ListRequest(values={**values, **needed}, extra=extra), None
    found: dict[str, Tree] = {}
    if isinstance(one.body, dict):
        for name, held in (pair for held_list in element_lists(listing) for pair in held_list.read(one.body)):
            found.setdefault(name, held)
        for name, parameter in listing.parameters.items():
            if parameter.element is not None:
                continue
            value = tree_at(one.body, parameter.at or f"/{name}")
            if value is not MISSING:
                found[name] = value
    body = encode_json(one.body)

    def edit(request: HttpRequest) -> HttpRequest:
        return replace(request, body=body)

    return ListRequest(values=found), edit


# --- drawing ------------------------------------------------------------------------------------------------


def document_to_fuzz(spec: Spec) -> dict[str, Any]:
    """The OpenAPI document without what is ours to say: credentials, and the name of the operation."""
    document = openapi_document(spec, base_url=_PLACEHOLDER_URL)
    own = _own_parameters(spec.listing)
    item = document["paths"][spec.path]
    operation = item[spec.method.lower()]
    for holder in (document, operation):
        holder.pop("security", None)
    document.get("components", {}).pop("securitySchemes", None)
    for holder in (item, operation):
        if "parameters" in holder:
            holder["parameters"] = [
                one for one in holder["parameters"] if _resolve_reference(document, one).get("name") not in own
            ]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _close_schema(document, content.get("schema", {}), own, depth=0)
    return document


def _own_parameters(listing: Listing) -> frozenset[str]:
    access, routing = listing.access, listing.transport.routing
    names = [access.user, access.password, routing.parameter if routing is not None else None]
    names += [name for legacy in access.legacy for name in legacy.parameters]
    names += [name for encoding in listing.transport.also.values() for name in encoding.adds]
    return frozenset(name for name in names if name)


def _resolve_reference(document: Mapping[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and isinstance(node.get("$ref"), str) and node["$ref"].startswith("#/"):
        found: Any = document
        for step in node["$ref"][2:].split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node


def _close_schema(document: Mapping[str, Any], schema: Any, own: frozenset[str], *, depth: int) -> None:
    """Leaves credentials out of a body, and lets it hold documented names only: others draw too much attention."""
    schema = _resolve_reference(document, schema)
    if not isinstance(schema, dict) or depth > 8:
        return
    for name in own & set(schema.get("properties", {})):
        del schema["properties"][name]
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name not in own]
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
        for inner in schema["properties"].values():
            _close_schema(document, inner, own, depth=depth + 1)
    for word in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(word, []):
            _close_schema(document, inner, own, depth=depth + 1)


def draw_requests(context: CheckContext, *, at_most: int) -> list[DrawnRequest]:
    """Requests from the spec's schemas, positive and negative in turn; the same for the same seed."""
    if not context.listing.parameters:
        context.notes.append("fuzz: the operation has no parameters; there is nothing to draw")
        return []
    modes: tuple[SchemaMode, ...] = ("positive", "negative")
    found: dict[SchemaMode, list[DrawnRequest]] = {mode: [] for mode in modes}
    left = modes
    while left:
        drawn, trouble = _draw_cases(context, left, at_most=(at_most + 1) // 2)
        for one in drawn:
            found[one.data].append(one)
        if trouble:
            # What goes wrong there costs the run nothing but the rest of the fuzzing.
            context.notes.append(
                f"fuzz: {counted(len(drawn), 'request')} of {' and '.join(left)} data "
                f"{'was' if len(drawn) == 1 else 'were'} drawn, then {trouble}"
            )
        # What the first kind of data leads to need not befall the second.
        left = left[1:] if trouble and not found[left[-1]] else ()
    pairs = zip(found["positive"], found["negative"], strict=False)
    rest = max(found.values(), key=len)[min(map(len, found.values())) :]
    return [*(one for pair in pairs for one in pair), *rest][:at_most]


def _draw_cases(
    context: CheckContext, modes: Sequence[SchemaMode], *, at_most: int
) -> tuple[list[DrawnRequest], str]:
    """What another process draws, and why that is not all; the requests that came before it failed count."""
    spec = context.spec
    order = {
        "document": document_to_fuzz(spec),
        "path": spec.path,
        "method": spec.method.lower(),
        "modes": [{"data": data, "seed": derive_seed(context, f"fuzz {data}")} for data in modes],
        "at_most": at_most,
        "json": spec.listing.transport.carries == "json",
    }
    code, lines = _run_drawing(json.dumps(order))
    found: dict[str, DrawnRequest] = {}
    for line in lines[: len(modes) * at_most * LINES_FOR_EACH]:
        try:
            one = drawn_of_line(line)
        except ValueError as problem:
            return list(found.values()), f"a line of its process is none: {problem}"
        found.setdefault(repr(one), one)
    return list(found.values()), "" if code == 0 else _end_in_words(code)


def _run_drawing(order: str) -> tuple[int | None, list[str]]:
    """The exit code of the process that draws (None where it took too long) and the whole lines that it wrote."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLHARNESS_")}
    environment["PYTHONPATH"] = os.pathsep.join(part for part in sys.path if part)
    with tempfile.TemporaryDirectory(prefix="callharness-") as place:
        out = Path(place, "lines")
        with out.open("wb") as file:
            try:
                done = subprocess.run(  # noqa: S603 - a module of ours
                    [sys.executable, "-m", DRAWING_MODULE],
                    input=order.encode("ascii"),
                    stdout=file,
                    stderr=subprocess.DEVNULL,
                    cwd=place,
                    env=environment,
                    timeout=DRAWING_SECONDS,
                    check=False,
                )
                code: int | None = done.returncode
            except subprocess.TimeoutExpired:
                code = None
        text = read_at_most(out, LARGEST_OUTPUT)[:LARGEST_OUTPUT].decode("ascii", "replace")
    return code, text.split("\n")[:-1]


def _end_in_words(code: int | None) -> str:
    if code is None:
        return f"its process took more than {DRAWING_SECONDS} seconds"
    return f"its process ended by signal {-code}" if code < 0 else f"its process ended with exit code {code}"
