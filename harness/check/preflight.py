"""The preflight: whether the target answers in this API and accepts the credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from harness.check.context import CheckContext, Exchange
from harness.check.credentials import all_credential_names, names_with_scheme
from harness.check.options import CheckOptions
from harness.check.probe.mirror import LONG_WINDOWS, candidate_windows
from harness.check.session_tokens import open_sessions
from harness.wire.http_messages import HttpResponse, NoResponse
from harness.wire.json_body import MISSING, tree_at
from harness.wire.list_request import ListRequest
from harness.wire.scalar_codecs import DecodeError
from harness.wire.scalar_codecs import zone_named as zone_named


def run_preflight(context: CheckContext, options: CheckOptions) -> None:
    """Sends the first request: whether a server speaks this API and accepts the credentials."""
    refused = open_sessions(context)
    if refused is not None:
        _block(context, _refused_log_in(context, refused))
        return
    window = next(candidate_windows(context, options.now), {})
    exchange = context.send(ListRequest(values=window), "reach the target and log in")
    answer = exchange.answer
    if isinstance(exchange.response, NoResponse) and not exchange.response.reason.startswith("budget"):
        # Once more: a first connection may meet a server that is just starting.
        exchange = context.send(ListRequest(values=window), "again: reach the target and log in")
        answer = exchange.answer
    other_range = _ask_until_now(context, options, exchange) or _ask_far_back(context, options, exchange)
    if other_range is not None:
        exchange, answer = other_range, other_range.answer
    why = _blocking_reason(context, exchange)
    if why is not None and answer is not None:
        other = _log_in_by_other_encoding(context, window)
        if other is not None:
            _tell_other_encoding(context, exchange, other.list_request.encoding_name or "", why)
            exchange, answer, why = other, other.answer, None
    if why is not None:
        _block(context, why)
        return
    reach = context.listing.lists.clauses.reach
    if answer is not None and answer.outcome == "success":
        context.accepted_request = exchange.list_request
        context.results.record_pass((*reach, *context.listing.access.clauses.accepted))
    _learn_zone(context, exchange)


def _ask_until_now(context: CheckContext, options: CheckOptions, refused: Exchange) -> Exchange | None:
    """A success of a window that ends now, where the usual one, which ends later, is refused; else None.

    Servers refuse ranges that end in the future (`future_to_refused`, foreign servers).
    """
    told = refused.answer
    if told is None or told.outcome != "error" or context.is_access_refusal(told):
        return None
    before, context.facts.window_ahead = context.facts.window_ahead, timedelta(0)
    window = next(candidate_windows(context, options.now), {})
    if ListRequest(values=window).values != refused.list_request.values:
        exchange = context.send(ListRequest(values=window), "reach the target with a range that ends now")
        if exchange.outcome == "success":
            context.notes.append("a range that ends in the future is refused: the run asks for ranges that end now")
            return exchange
    context.facts.window_ahead = before
    return None


def _ask_far_back(context: CheckContext, options: CheckOptions, refused: Exchange) -> Exchange | None:
    """A success of a longer window, where the usual one, of the last days, gets an error; else None.

    Servers answer a search without a match with an error, which may have the code of a refusal.
    """
    if refused.answer is None or refused.answer.outcome != "error":
        return None
    *_, window = islice(candidate_windows(context, options.now), LONG_WINDOWS)
    if ListRequest(values=window).values == refused.list_request.values:
        return None
    exchange = context.send(ListRequest(values=window), "reach the target with a range that begins long ago")
    return exchange if exchange.outcome == "success" else None


def block_without_success(context: CheckContext) -> None:
    """Ends a run in which every answer is an error: nothing can be learnt of a list that never comes."""
    if context.met_success or context.facts.blocked is not None or context.first_refusal is None:
        return
    exchange = context.first_refusal
    status = exchange.response.http_status or 0
    told = f"HTTP {status}: {_error_excerpt(context, exchange)}"
    several = context.requests != 1
    what = f"all {context.requests} answers are errors; the first is {told}" if several else f"the answer is {told}"
    _block(context, f"{printable_target(context)}: {what}")


def _block(context: CheckContext, why: str) -> None:
    context.facts.blocked = why
    context.notes.append(why)


def _refused_log_in(context: CheckContext, exchange: Exchange) -> str:
    """Why there is no token."""
    target = printable_target(context)
    response = exchange.response
    if isinstance(response, NoResponse):
        return _no_response(context, response)
    told = f"HTTP {response.http_status}: {_error_excerpt(context, exchange)}"
    hint = _base_hint(context, exchange)
    return f"{target}: log-in failed: {told}{hint}" if hint else _refused_credentials(context, told)


def _no_response(context: CheckContext, response: NoResponse) -> str:
    """Why nothing came, with the address told once."""
    target, told = printable_target(context), response.text or response.reason
    place = urlsplit(context.target).netloc
    return f"{target}{told.removeprefix(place)}" if told.startswith(f"{place} ") else f"{target}: {told}"


def _refused_credentials(context: CheckContext, told: str) -> str:
    """That nobody is let in with these credentials, by name, and what the server says to that."""
    given = context.identity
    names = " and ".join(given.credentials)
    if not names:
        wanted = ", ".join(all_credential_names(context.listing.access))
        return f"log-in failed: the server wants credentials ({wanted}), and none were given: {told}"
    hint = "".join(
        f"; {name} begins with a word such as Bearer: give what follows it alone, the word is added"
        for name in names_with_scheme((given,))
    )
    return f"log-in failed: the server refused {names}: {told}{hint}"


def _base_hint(context: CheckContext, exchange: Exchange) -> str:
    """What to give as the target where there is nothing at the path that was asked for; else empty."""
    if not isinstance(exchange.response, HttpResponse) or exchange.response.http_status not in (404, 405):
        return ""
    target = urlsplit(context.target)
    added = exchange.request.target.decode("ascii", "replace").partition("?")[0]
    base = target.path.rstrip("/")
    went = context.evidence.render_text(base + added, limit=200)
    added_text = context.evidence.render_text(added, limit=200)
    if base.endswith(added):
        above = urlunsplit((target.scheme, target.netloc, base.removesuffix(added), "", ""))
        right = context.evidence.render_text(above, limit=300)
        return f"; the request went to {went}: give --target the base, {right}; {added_text} is added to it"
    return f"; the request went to {went}: is --target the base, to which {added_text} is added?"


def _error_excerpt(context: CheckContext, exchange: Exchange) -> str:
    """What the server says of an error: its code and message, or the beginning of the body."""
    answer, response = exchange.answer, exchange.response
    told = [answer.code, answer.message] if answer is not None else []
    said = [repr(part) for part in told if part is not MISSING and part is not None]
    if not said and isinstance(response, HttpResponse):
        body = response.body[:400].decode("utf-8", "replace").strip()
        said = [body or "an empty body"]
    return context.evidence.render_text(" ".join(said), limit=200)


def _tell_other_encoding(context: CheckContext, refused: Exchange, name: str, why: str) -> None:
    """That the run goes on by another encoding: a failure, unless the document leaves open which one it is."""
    transport = context.listing.transport
    if transport.also[name].level == "either":
        context.notes.append(f"requests are carried as {name}: {why}")
        return
    context.fail(
        transport.separator_clause or context.listing.lists.clauses.reach,
        "the documented form of a request is understood",
        expected=f"the same answer as by {name}",
        actual=why,
        exchange=refused,
    )


def _log_in_by_other_encoding(context: CheckContext, window: Mapping[str, Any]) -> Exchange | None:
    """An exchange by another documented carriage, where the main form of a request is not understood.

    The run goes on with it: one defect must not hide all the others. Where a document names no method, servers take
    GET alone (`get_only`, foreign servers).
    """
    ways = context.listing.transport.also
    for name in sorted(ways, key=lambda name: ways[name].level != "either"):
        if ways[name].level == "may":
            continue
        exchange = context.send(
            replace(ListRequest(values=window), encoding_name=name), f"log in by {name}", witness=False
        )
        if exchange.outcome == "success":
            context.request_encoding = name
            return exchange
    return None


def _blocking_reason(context: CheckContext, exchange: Exchange) -> str | None:
    response = exchange.response
    if isinstance(response, NoResponse):
        return _no_response(context, response)
    answer = exchange.answer
    if answer is None or answer.outcome == "unreadable":
        if response.http_status in (401, 403):
            told = _error_excerpt(context, exchange)
            return _refused_credentials(context, f"HTTP {response.http_status}: {told}")
        seen = context.evidence.render_response(response, limit=160).replace("\n", ": ")
        hint = _base_hint(context, exchange)
        return f"{printable_target(context)}: the answer is not what this API speaks: {seen}{hint}"
    if answer.outcome == "error":
        error_text = _error_excerpt(context, exchange)
        if context.is_access_refusal(answer):
            return _refused_credentials(context, error_text)
        if response.http_status in (401, 403):
            return _refused_credentials(context, f"HTTP {response.http_status}: {error_text}")
        if response.http_status in (404, 405, 429) or response.http_status >= 500:
            hint = _base_hint(context, exchange)
            return f"{printable_target(context)}: HTTP {response.http_status}: {error_text}{hint}"
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
        context.dialect.learn_answer(zone.default, zone_name, "the zone named in an answer")
