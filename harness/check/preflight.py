"""The preflight: whether the target answers in this API and accepts the credentials."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.check.context import CheckContext, Exchange
from harness.check.options import CheckOptions
from harness.check.probe.mirror import build_request, candidate_windows
from harness.specification.model import OpenChoice
from harness.wire.http_messages import NoResponse
from harness.wire.json_body import tree_at
from harness.wire.scalar_codecs import DecodeError
from harness.wire.scalar_codecs import zone_named as zone_named


def run_preflight(context: CheckContext, options: CheckOptions) -> Iterator[None]:
    """Sends the first request: whether a server speaks this API and accepts the credentials."""
    window = next(candidate_windows(context, options.now), {})
    exchange = context.send(build_request(context, window), "reach the target and log in")
    yield
    answer = exchange.answer
    if isinstance(exchange.response, NoResponse) and not exchange.response.reason.startswith("budget"):
        # Once more: a first connection may meet a server that is just starting.
        exchange = context.send(build_request(context, window), "again: reach the target and log in")
        yield
        answer = exchange.answer
    why = _blocking_reason(context, exchange)
    if why is not None and answer is not None:
        other = yield from _log_in_by_other_encoding(context, window)
        if other is not None:
            transport = context.listing.transport
            clauses = transport.separator_clause or context.listing.lists.clauses.reach
            context.fail(
                clauses,
                "the documented form of a request is understood",
                expected=f"the same answer as by {other.list_request.encoding_name}",
                actual=why,
                exchange=exchange,
            )
            exchange, answer, why = other, other.answer, None
    if why is not None:
        context.facts.blocked = why
        context.notes.append(why)
        return
    reach = context.listing.lists.clauses.reach
    if answer is not None and answer.outcome == "success":
        context.accepted_request = exchange.list_request
        context.results.record_pass((*reach, *context.listing.access.clauses.accepted))
    _learn_zone(context, exchange)


def _log_in_by_other_encoding(
    context: CheckContext, window: Mapping[str, Any]
) -> Generator[None, None, Exchange | None]:
    """An exchange by another documented carriage, where the main form of a request is not understood.

    The run goes on with it: one defect must not hide all the others.
    """
    for name, way in context.listing.transport.also.items():
        if way.level == "may":
            continue
        exchange = context.send(
            replace(build_request(context, window), encoding_name=name), f"log in by {name}", witness=False
        )
        yield
        if exchange.answer is not None and exchange.answer.outcome == "success":
            context.request_encoding = name
            return exchange
    return None


def _blocking_reason(context: CheckContext, exchange: Exchange) -> str | None:
    response = exchange.response
    if isinstance(response, NoResponse):
        return f"{printable_target(context)}: {response.text or response.reason}"
    answer = exchange.answer
    if answer is None or answer.outcome == "unreadable":
        seen = context.evidence.render_response(response, limit=160).replace("\n", ": ")
        path = exchange.request.target.decode("ascii", "replace").partition("?")[0]
        lost = response.http_status in (404, 405)
        hint = f"; the request went to its {path}: is that the base URL?" if lost else ""
        return f"{printable_target(context)}: the answer is not what this API speaks: {seen}{hint}"
    if answer.outcome == "error":
        error_text = context.evidence.render_text(f"{answer.code!r} {answer.message!r}", limit=200)
        if context.is_access_refusal(answer):
            return f"{printable_target(context)}: the credentials are refused: {error_text}"
        if response.http_status in (401, 403, 404, 405, 429) or response.http_status >= 500:
            return f"{printable_target(context)}: HTTP {response.http_status}: {error_text}"
        return None
    return None


def printable_target(context: CheckContext) -> str:
    """The URL of the target as it may be printed."""
    return context.evidence.render_text(context.target, limit=300)


def _learn_zone(context: CheckContext, exchange: Exchange) -> None:
    zone = context.listing.zone
    if zone is None or zone.echo is None or exchange.answer is None or not isinstance(exchange.answer.tree, dict):
        return
    zone_name = tree_at(exchange.answer.tree, zone.echo)
    if isinstance(zone_name, str) and zone_name:
        try:
            zone_named(zone_name)
        except DecodeError:
            return
        context.zone = zone_name
        if isinstance(zone.default, OpenChoice):
            context.dialect.fix_answer(zone.default.id, zone_name, "the zone named in an answer")
