"""Parts of an answer that come and go: includes, counts in place of rows, versions."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping

from harness.check.context import Exchange, Row, Session
from harness.check.probe.filter_values import some_filter
from harness.check.probe.mirror import Mirror, ask_for, read_mirror, reread, written
from harness.check.probe.stability import let_copies_agree, young
from harness.specification.model import ClauseId, Include, LimitPaging, NoPaging
from harness.wire.format_problems import Tree

# --- includes -----------------------------------------------------------------------------------------------


def includes(session: Session, mirror: Mirror) -> Iterator[None]:
    """Each switch on, off and absent: the part comes and goes, and nothing else changes."""
    before, failed = set(session.broken), session.ledger.failures()
    for include in session.listing.includes:
        clauses = tuple(name for names in include.clauses.values() for name in names)
        if not mirror.rows:
            session.ledger.not_exercised(clauses, "the target shows no rows")
            continue
        answers: dict[str, Exchange] = {}
        others = {
            other.parameter: written(session, other.parameter, False)
            for other in session.listing.includes
            if other is not include and session.listing.parameters[other.parameter].default is True
        }
        for state, more in (
            ("on", {include.parameter: written(session, include.parameter, True)}),
            ("off", {include.parameter: written(session, include.parameter, False)}),
            ("default", {}),
        ):
            ask = ask_for(session, mirror.base, {**_some_rows(session), **others, **more})
            answers[state] = session.send(ask, f"{include.parameter} {state}")
            yield
        if any(session.not_judged(exchange, clauses) or not exchange.rows for exchange in answers.values()):
            continue
        _judge_include(session, mirror, include, answers)
        if session.usable(include.parameter) and not session.ledger.failed(clauses):
            yield from _loses_rows(session, mirror, include, answers)
        if session.usable(include.parameter) and not session.ledger.failed(clauses):
            yield from _beside_a_filter(session, mirror, include, answers)
    fresh = session.ledger.failures() - failed
    if fresh:
        # Rows that change by themselves look as if a switch had changed them. They are read as they were before.
        broken = session.broken
        session.broken = {name: by for name, by in broken.items() if name in before}
        yield from reread(session, mirror)
        if mirror.volatile:
            for clause in fresh:
                session.ledger.retract(clause, "data-changed: the rows moved while they were compared")
        else:
            session.broken = broken
    if set(session.broken) - before and mirror.rows:
        # Nothing more is judged by rows that a broken switch has changed.
        yield from read_mirror(session, mirror, now=session.settings["now"])


def _some_rows(session: Session) -> dict[str, Tree]:
    paging = session.listing.paging
    if isinstance(paging, NoPaging | LimitPaging):
        return {}
    most = session.listing.parameters[paging.size].most or 100
    return {paging.size: written(session, paging.size, min(100, most))}


def _judge_include(session: Session, mirror: Mirror, include: Include, answers: Mapping[str, Exchange]) -> None:
    on, off, plain = answers["on"], answers["off"], answers["default"]
    parameter = session.listing.parameters[include.parameter]
    default_on = parameter.default is True or parameter.default in parameter.true
    added = _added(include, off, on)
    role = include.clauses.get("on", ()) or include.clauses.get("off", ())
    if not added:
        named = (
            f"the fields {', '.join(include.adds)}" if include.adds and not include.any_names else "further fields"
        )
        session.fail(
            role,
            f"{include.parameter} adds its part",
            expected=named,
            actual="no further field in any row",
            exchange=on,
        )
        session.broken.setdefault(include.parameter, role[0] if role else ClauseId(include.parameter))
        return
    if include.adds and not include.any_names:
        lacking = [row for row in on.rows or () if any(name not in _names(row) for name in include.adds)]
        optional = [name for name in include.adds if session.listing.fields[name].optional]
        if lacking and len(lacking) < len(on.rows or ()) and not optional:
            session.fail(
                role,
                f"{include.parameter} adds its part",
                expected="the part in every row",
                actual=f"{len(lacking)} rows without it",
                exchange=on,
            )
            return
    session.ledger.witness(role, times=len(on.rows or ()))
    for other in session.listing.includes:
        if other is not include and any(_shows_part(other, row, set(other.adds)) for row in on.rows or ()):
            theirs = other.clauses.get("off", ()) or other.clauses.get("default", ())
            told = f"{', '.join(other.adds)} beside {include.parameter}"
            session.fail(
                theirs, f"{other.parameter} alone adds its part", expected="rows without it", actual=told, exchange=on
            )
    off_role = include.clauses.get("off", ()) or include.clauses.get("default", ())
    full = [row for row in off.rows or () if _shows_part(include, row, added)]
    if full:
        session.fail(
            off_role,
            f"{include.parameter} off leaves its part out",
            expected="rows without the part",
            actual=f"{len(full)} of {len(off.rows or ())} rows have it",
            exchange=off,
        )
        return
    session.ledger.witness(include.clauses.get("off", ()), times=len(off.rows or ()))
    alike = on if default_on else off
    shown = [_shows_part(include, row, added) for row in plain.rows or ()]
    wanted = [_shows_part(include, row, added) for row in alike.rows or ()]
    role = include.clauses.get("default", ())
    if any(shown) != any(wanted):
        says = "on" if default_on else "off"
        came = "with" if any(shown) else "without"
        session.fail(
            role,
            f"{include.parameter} is {says} by default",
            expected=f"the same as {says}",
            actual=f"rows {came} the part",
            exchange=plain,
        )
    else:
        session.ledger.witness(role, times=len(shown))
    if mirror.volatile:
        return
    changed = _changed(include, off, on, added)
    if changed:
        role = include.clauses.get("on", ())
        session.broken.setdefault(include.parameter, role[0] if role else ClauseId(include.parameter))
        session.fail(
            role,
            f"{include.parameter} changes nothing but its own part",
            expected="the same other fields",
            actual=f"other values in {', '.join(changed)}",
            exchange=on,
        )


def _loses_rows(
    session: Session, mirror: Mirror, include: Include, answers: Mapping[str, Exchange]
) -> Generator[None, None, None]:
    """A switch that is on leaves no row out: asked twice, as rows come and go and copies of a list may lag."""
    lost = set(answers["off"].keys) & set(answers["default"].keys) - set(answers["on"].keys)
    if not lost or mirror.volatile or not _whole(session, answers["off"]):
        return
    let_copies_agree(session)
    on, off = answers["on"], answers["off"]
    for state in ("off", "on", "off"):
        exchange = session.send(answers[state].ask, f"again: {include.parameter} {state}")
        yield
        if exchange.rows is None:
            return
        lost = lost - set(exchange.keys) if state == "on" else lost & set(exchange.keys)
        on, off = (exchange, off) if state == "on" else (on, exchange)
    if not lost or young(session, [row for row in off.rows or () if row.key in lost]):
        return
    role = include.clauses.get("on", ())
    session.broken.setdefault(include.parameter, role[0] if role else ClauseId(include.parameter))
    session.fail(
        role,
        f"{include.parameter} changes nothing but its own part",
        expected="the same rows",
        actual=f"{len(lost)} of {len(off.keys)} rows missing",
        exchange=on,
        kind="switch",
    )


def _whole(session: Session, exchange: Exchange) -> bool:
    """Whether an answer holds the whole list: no page cut it."""
    paging = session.listing.paging
    if isinstance(paging, NoPaging | LimitPaging):
        return True
    size = exchange.ask.values.get(paging.size)
    return str(size).isdigit() and len(exchange.keys) < int(str(size))


def _beside_a_filter(
    session: Session, mirror: Mirror, include: Include, answers: Mapping[str, Exchange]
) -> Iterator[None]:
    """A switch that is on stays on when the list is also filtered."""
    chosen = some_filter(session, mirror)
    added = _added(include, answers["off"], answers["on"])
    part = {row.key for row in answers["on"].rows or () if _shows_part(include, row, added)}
    if not chosen or not part:
        return
    role = include.clauses.get("on", ()) or include.clauses.get("off", ())
    ask = answers["on"].ask.having(chosen)
    exchange, lacking = answers["on"], 0
    for purpose in (f"{include.parameter} on with a filter", f"again: {include.parameter} on with a filter"):
        exchange = session.send(ask, purpose)
        yield
        if session.not_judged(exchange, role):
            return
        shared = [row for row in exchange.rows or () if row.key in part]
        lacking = sum(not _shows_part(include, row, added) for row in shared)
        if not lacking:
            session.ledger.witness(role, times=len(shared))
            return
    session.fail(
        role,
        f"{include.parameter} adds its part",
        expected="the part in the rows that show it without a filter",
        actual=f"{lacking} rows without it",
        exchange=exchange,
    )


def _names(row: Row) -> set[str]:
    return set(row.raw) if isinstance(row.raw, dict) else set()


def _added(include: Include, off: Exchange, on: Exchange) -> set[str]:
    """The fields that rows have with the switch and not without."""
    before = {name for row in off.rows or () for name in _names(row) if not _blank_part(row, name)}
    after = {name for row in on.rows or () for name in _names(row)}
    new = after - before
    filled = {
        name
        for name in include.adds
        if any(not _blank_part(row, name) and name in _names(row) for row in on.rows or ())
    }
    return (new | filled) if include.any_names or not include.adds else (new | filled) & set(include.adds)


def _blank_part(row: Row, name: str) -> bool:
    return isinstance(row.raw, dict) and row.raw.get(name) in ([], None, "", {})


def _shows_part(include: Include, row: Row, added: set[str]) -> bool:
    return any(name in _names(row) and not _blank_part(row, name) for name in added)


def _changed(include: Include, off: Exchange, on: Exchange, added: set[str]) -> list[str]:
    before = {row.key: row for row in off.rows or ()}
    names: set[str] = set()
    for row in on.rows or ():
        other = before.get(row.key)
        if other is None or not isinstance(row.raw, dict) or not isinstance(other.raw, dict):
            continue
        names |= {
            name
            for name in other.raw
            if name not in added and name not in include.adds and row.raw.get(name) != other.raw.get(name)
        }
    return sorted(names)


# --- count-only ---------------------------------------------------------------------------------------------


# --- versions -----------------------------------------------------------------------------------------------
