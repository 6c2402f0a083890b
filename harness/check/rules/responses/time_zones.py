"""A zone that a request names, and the instants that come back in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from harness.check.context import Exchange, Session
from harness.check.probe.error_responses import blame, kept, repeat
from harness.check.probe.mirror import Mirror, ask_for, everything_shown
from harness.wire.format_problems import Tree
from harness.wire.list_request import Ask
from harness.wire.parameter_codec import read_parameter, write_parameter
from harness.wire.row_codec import ShownRow
from harness.wire.scalar_codecs import NotThat
from harness.wire.scalar_codecs import zone as zone_named

_ZONES: Final = ("Asia/Kolkata", "America/Phoenix")
"""Far apart, not in whole hours, and without summer time, so that no local time is there twice."""


_TURNED: Final = "Etc/GMT+2"
"""Two hours west: names of this kind count against what their sign seems to say."""


def check_time_zones(session: Session, mirror: Mirror) -> Iterator[None]:
    """The same rows under two zones show the same instants."""
    zone = session.listing.zone
    if zone is None or zone.parameter is None or not session.usable(zone.parameter):
        return
    clauses = zone.clauses.get("shift", ())
    answers: list[Exchange] = []
    for name in _ZONES:
        ask = _in_zone(session, mirror, zone.parameter, name)
        if ask is None:
            return
        exchange = session.send(ask, f"local times of {name}")
        yield
        if session.not_judged(exchange, clauses) or exchange.answer is None:
            return
        if exchange.answer.outcome != "success":
            again = repeat(session, exchange)
            yield
            if again.answer is not None and again.answer.outcome == "error":
                told = f"the error {again.answer.code!r}"
                blame(session, clauses, expected="a success in a known time zone", actual=told, exchange=exchange)
            return
        answers.append(exchange)
    for word in zone.account_words:
        session.send(ask_for(session, mirror.base, {zone.parameter: word}), "the zone of the account")
        yield
    yield from _compare(session, mirror, answers)
    ask = _in_zone(session, mirror, zone.parameter, _TURNED)
    if ask is None or session.ledger.failed(clauses):
        return
    turned = session.send(ask, f"local times of {_TURNED}")
    yield
    # Not every server knows every name: what this one gets is judged only where it is taken.
    if turned.answer is not None and turned.answer.outcome == "success":
        yield from _compare(session, mirror, [answers[0], turned])


def _compare(session: Session, mirror: Mirror, answers: list[Exchange]) -> Iterator[None]:
    zone = session.listing.zone
    clauses = zone.clauses.get("shift", ()) if zone is not None else ()
    first, second = answers[0], answers[1]
    if not first.rows and not second.rows:
        if mirror.rows:
            blame(session, clauses, expected="the rows of the same instants", actual="no rows", exchange=second)
        else:
            session.ledger.not_exercised(clauses, "the list is empty")
        return
    found = _shift(session, first, second)
    if found is None:
        kept(session, clauses, "the same instants")
        return
    again = [repeat(session, first)]
    yield
    again.append(repeat(session, second))
    yield
    if any(exchange.rows is None for exchange in again):
        session.ledger.inconclusive(clauses, "not repeatable")
        return
    found = _shift(session, again[0], again[1])
    if found is None or (mirror.volatile and not set(again[0].keys) & set(again[1].keys)):
        session.ledger.inconclusive(clauses, "not repeatable, or the list moved")
        return
    expected = f"the same instants as in {_ZONES[0]}"
    blame(session, clauses, expected=expected, actual=found, exchange=again[1])


def _shift(session: Session, first: Exchange, second: Exchange) -> str | None:
    """How the instants of two answers differ, or None."""
    one = {row.key: row.shown for row in first.rows or ()}
    two = {row.key: row.shown for row in second.rows or ()}
    common = one.keys() & two.keys()
    if not common:
        return f"{len(one)} rows and {len(two)} other rows"
    for key in common:
        times, others = _times(one[key]), _times(two[key])
        for name in times.keys() & others.keys():
            if times[name] != others[name]:
                hours = (others[name] - times[name]).total_seconds() / 3600
                return f"{name} is {hours:+.2f} hours away"
    return None


def _times(row: ShownRow) -> Mapping[str, datetime]:
    """The instants of a row and of the rows in it, by where they stand."""
    found: dict[str, datetime] = {}
    for name, value in row.items():
        if isinstance(value, datetime):
            found[name] = value
        elif isinstance(value, tuple):
            for place, inner in enumerate(value):
                if isinstance(inner, Mapping):
                    found |= {f"{name}[{place}].{path}": moment for path, moment in _times(inner).items()}
    return found


def _in_zone(session: Session, mirror: Mirror, parameter: str, name: str) -> Ask | None:
    """The run's window told in another zone."""
    try:
        there, here = zone_named(name), zone_named(session.zone)
    except NotThat:
        return None
    values: dict[str, Tree] = dict(everything_shown(session))
    for given, raw in mirror.base.items():
        rule = session.listing.parameters[given]
        if rule.as_ != "local-time":
            values[given] = raw
            continue
        try:
            moment = read_parameter(rule, raw, zone=here, in_json=session.listing.transport.carries == "json")
        except NotThat:
            return None
        values[given] = write_parameter(rule, moment, zone=there, in_json=session.listing.transport.carries == "json")
    values[parameter] = name
    return Ask(values=values)
