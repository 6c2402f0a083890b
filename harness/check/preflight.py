"""Before a run: whether the target answers and the credentials are accepted."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness.check.context import CheckContext, Exchange
from harness.check.options import CheckOptions
from harness.check.probe.mirror import build_request, candidate_windows
from harness.specification.model import Open
from harness.wire.http_messages import NoResponse
from harness.wire.json_body import tree_at
from harness.wire.scalar_codecs import DecodeError
from harness.wire.scalar_codecs import zone_named as zone_named


def run_preflight(session: CheckContext, options: CheckOptions) -> Iterator[None]:
    """Is there a server that speaks this API, and does it know us?"""
    window = next(candidate_windows(session, options.now), {})
    exchange = session.send(build_request(session, window), "reach the target and log in")
    yield
    answer = exchange.answer
    if isinstance(exchange.response, NoResponse) and not exchange.response.reason.startswith("budget"):
        # Once more: a first connection may meet a server that is just starting.
        exchange = session.send(build_request(session, window), "again: reach the target and log in")
        yield
        answer = exchange.answer
    why = _blocking_reason(session, exchange)
    if why is not None and answer is not None:
        other = yield from _log_in_by_other_carriage(session, window)
        if other is not None:
            transport = session.listing.transport
            clauses = transport.separator_clause or session.listing.lists.clauses.get("reach", ())
            session.fail(
                clauses,
                "the documented form of a request is understood",
                expected=f"the same answer as by {other.list_request.encoding_name}",
                actual=why,
                exchange=exchange,
            )
            exchange, answer, why = other, other.answer, None
    if why is not None:
        session.settings = {**session.settings, "blocked": why}
        session.notes.append(why)
        return
    reach = session.listing.lists.clauses.get("reach", ())
    if answer is not None and answer.outcome == "success":
        session.accepted_request = exchange.list_request
        session.results.record_pass((*reach, *session.listing.access.clauses.get("accepted", ())))
    _learn_zone(session, exchange)


def _log_in_by_other_carriage(
    session: CheckContext, window: Mapping[str, Any]
) -> Generator[None, None, Exchange | None]:
    """An exchange by another documented carriage, where the main form of a request is not understood.

    The run goes on with it: one defect must not hide all the others.
    """
    for name, way in session.listing.transport.also.items():
        if way.level == "may":
            continue
        exchange = session.send(
            replace(build_request(session, window), encoding_name=name), f"log in by {name}", witness=False
        )
        yield
        if exchange.answer is not None and exchange.answer.outcome == "success":
            session.carriage = name
            return exchange
    return None


def _blocking_reason(session: CheckContext, exchange: Exchange) -> str | None:
    response = exchange.response
    if isinstance(response, NoResponse):
        return f"{printable_target(session)}: {response.text or response.reason}"
    answer = exchange.answer
    if answer is None or answer.outcome == "unreadable":
        seen = session.evidence.render_response(response, limit=160).replace("\n", ": ")
        path = exchange.request.target.decode("ascii", "replace").partition("?")[0]
        lost = response.http_status in (404, 405)
        hint = f"; the request went to its {path}: is that the base URL?" if lost else ""
        return f"{printable_target(session)}: the answer is not what this API speaks: {seen}{hint}"
    if answer.outcome == "error":
        told = session.evidence.render_text(f"{answer.code!r} {answer.message!r}", limit=200)
        if session.is_access_refusal(answer):
            return f"{printable_target(session)}: the credentials are refused: {told}"
        if response.http_status in (401, 403, 404, 405, 429) or response.http_status >= 500:
            return f"{printable_target(session)}: HTTP {response.http_status}: {told}"
        return None
    return None


def printable_target(session: CheckContext) -> str:
    """The target as it may be shown."""
    return session.evidence.render_text(session.target, limit=300)


def _learn_zone(session: CheckContext, exchange: Exchange) -> None:
    zone = session.listing.zone
    if zone is None or zone.echo is None or exchange.answer is None or not isinstance(exchange.answer.tree, dict):
        return
    told = tree_at(exchange.answer.tree, zone.echo)
    if isinstance(told, str) and told:
        try:
            zone_named(told)
        except DecodeError:
            return
        session.zone = told
        if isinstance(zone.default, Open):
            session.dialect.fix_answer(zone.default.id, told, "the zone named in an answer")
