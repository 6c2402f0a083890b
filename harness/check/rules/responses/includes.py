"""Rules on includes: parts of rows that a switch adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.answer_checks import parts_check
from harness.check.probe.filter_values import selective_filter
from harness.check.probe.mirror import Mirror, read_mirror
from harness.check.probe.stability import all_recent, record_repeatable_failures, wait_for_replicas
from harness.specification.model import Include, all_clauses
from harness.wire.decoded_body import Tree

ROWS_NEEDED: Final = 20
"""Of fewer rows none may have anything to show in an optional part (a list that is left out when it is empty)."""


def check_includes(context: CheckContext, mirror: Mirror) -> None:
    """Judges each switch on, off and absent: its part comes and goes, and nothing else changes."""
    before = set(context.broken_parameters)
    # Rows that change by themselves look as if a switch had changed them.
    record_repeatable_failures(context, mirror, lambda: _check_each_include(context, mirror))
    if set(context.broken_parameters) - before and mirror.rows:
        # Rows are read without what a broken switch changes in them.
        read_mirror(context, mirror, now=context.run_start)


def _check_each_include(context: CheckContext, mirror: Mirror) -> None:
    asked: dict[str, Exchange] = {}
    for include in context.listing.includes:
        clauses = all_clauses(include.clauses)
        if not mirror.rows:
            context.results.record_not_exercised(clauses, "the target shows no rows")
            continue
        answers: dict[str, Exchange] = {}
        others = {
            other.parameter: False
            for other in context.listing.includes
            if other is not include and context.listing.parameters[other.parameter].default is True
        }
        for state, own in (("on", {include.parameter: True}), ("off", {include.parameter: False}), ("default", {})):
            more = {**_page_of_rows(context), **context.encode_all({**others, **own})}
            ask = mirror.request_without(own, more)
            # Several switches are off, or as they are by default, in one answer.
            if str(ask.values) not in asked:
                asked[str(ask.values)] = context.send(ask, f"{include.parameter} {state}")
            answers[state] = asked[str(ask.values)]
        if any(context.note_unusable(exchange, clauses) or not exchange.rows for exchange in answers.values()):
            continue
        _judge_include(context, mirror, include, answers)
        _check_lost_rows(context, mirror, include, answers)
        if _added_fields(include, answers["off"], answers["on"]):
            others_on = {
                other.parameter: True
                for other in context.listing.includes
                if other is not include and other.adds and context.parameters_work(other.parameter)
            }
            more, beside = context.encode_all(others_on), f"beside {' and '.join(others_on)}"
            # Some servers have one place for several parts.
            _check_kept_part(context, include, answers, selective_filter(context, mirror), "with a filter")
            _check_kept_part(context, include, answers, more, beside)


def _page_of_rows(context: CheckContext) -> dict[str, Tree]:
    paging = context.listing.paging
    size = paging.size_parameter
    if size is None or paging.is_single_page:
        return {}
    most = context.listing.parameters[size].most or 100
    return {size: context.encode(size, min(100, most))}


def _judge_include(context: CheckContext, mirror: Mirror, include: Include, answers: Mapping[str, Exchange]) -> None:
    """The part comes with the switch, goes without it, is there by default as documented; no other field moves."""
    on, off = answers["on"], answers["off"]
    added = _added_fields(include, off, on)
    if not _judge_switched_on(context, include, on, added):
        return
    full = [row for row in off.listed if _shows_part(include, row, added)]
    if full:
        context.fail(
            include.clauses.off or include.clauses.default,
            f"{include.parameter} off leaves its part out",
            expected="rows without the part",
            actual=f"{len(full)} of {len(off.listed)} rows have it",
            exchange=off,
            check=parts_check(context, full, added, on=False),
        )
        return
    context.results.record_pass(include.clauses.off, times=len(off.listed))
    _judge_default(context, include, answers, added)
    changed = [name for name in _changed_fields(include, off, on, added) if name not in mirror.moving_fields]
    if changed:
        actual = f"other values in {', '.join(changed)}"
        _report_side_effect(context, include, "the same other fields", actual, on)


def _judge_switched_on(context: CheckContext, include: Include, on: Exchange, added: set[str]) -> bool:
    """Whether the switch adds its own part, and to every row; parts of other switches are theirs to leave out."""
    role, rows = include.clauses.on or include.clauses.off, on.listed
    named = bool(include.adds) and not include.any_names
    message = f"{include.parameter} adds its part"
    fields = context.listing.fields
    may_be_left_out = bool(include.added_names) and all(fields[name].optional for name in include.added_names)
    if not added and may_be_left_out and len(rows) < ROWS_NEEDED:
        context.results.record_not_exercised(role, "the few rows at hand may have nothing to show in it")
        return False
    if not added:
        expected = f"the fields {', '.join(map(str, include.adds))}" if named else "further fields"
        check = parts_check(context, rows, include.added_names, on=True)
        actual = "no further field in any row"
        context.fail(role, message, expected=expected, actual=actual, exchange=on, check=check)
        context.mark_broken(include.parameter, role)
        return False
    lacking = sum(any(name not in _field_names(row) for name in include.added_names) for row in rows)
    optional = any(context.listing.fields[name].optional for name in include.added_names) if named else True
    if named and not optional and 0 < lacking < len(rows):
        actual = f"{lacking} rows without it"
        context.fail(role, message, expected="the part in every row", actual=actual, exchange=on)
        return False
    context.results.record_pass(role, times=len(rows))
    for other in context.listing.includes:
        if other is not include and any(_shows_part(other, row, set(other.added_names)) for row in rows):
            context.fail(
                other.clauses.off or other.clauses.default,
                f"{other.parameter} alone adds its part",
                expected="rows without it",
                actual=f"{', '.join(map(str, other.adds))} beside {include.parameter}",
                exchange=on,
                check=parts_check(context, rows, other.added_names, on=False),
            )
    return True


def _judge_default(context: CheckContext, include: Include, answers: Mapping[str, Exchange], added: set[str]) -> None:
    """Without the switch rows are as they are with its default."""
    parameter, plain = context.listing.parameters[include.parameter], answers["default"]
    says = "on" if parameter.is_on_by_default else "off"
    shown, wanted = (
        any(_shows_part(include, row, added) for row in answer.rows or ()) for answer in (plain, answers[says])
    )
    if shown == wanted:
        context.results.record_pass(include.clauses.default, times=len(plain.listed))
        return
    context.fail(
        include.clauses.default,
        f"{include.parameter} is {says} by default",
        expected=f"the same as {says}",
        actual=f"rows {'with' if shown else 'without'} the part",
        exchange=plain,
        check=parts_check(context, _rows_that_show(include, answers["on"], added), added, on=wanted),
    )


def _report_side_effect(context: CheckContext, include: Include, expected: str, actual: str, on: Exchange) -> None:
    message = f"{include.parameter} changes nothing but its own part"
    context.mark_broken(include.parameter, include.clauses.on)
    context.fail(include.clauses.on, message, expected=expected, actual=actual, exchange=on)


def _check_lost_rows(
    context: CheckContext, mirror: Mirror, include: Include, answers: Mapping[str, Exchange]
) -> None:
    """A switch that is on leaves no row out: asked twice, as rows come and go and copies of a list may lag."""
    lost = set(answers["off"].keys) & set(answers["default"].keys) - set(answers["on"].keys)
    if not lost or not _holds_whole_list(context, answers["off"]):
        return
    wait_for_replicas(context)
    on, off = answers["on"], answers["off"]
    for state in ("off", "on", "off"):
        exchange = context.send(answers[state].list_request, f"again: {include.parameter} {state}")
        if exchange.rows is None:
            return
        lost = lost - set(exchange.keys) if state == "on" else lost & set(exchange.keys)
        on, off = (exchange, off) if state == "on" else (on, exchange)
    if not lost or all_recent(context, [row for row in off.listed if row.key in lost]):
        return
    _report_side_effect(context, include, "the same rows", f"{len(lost)} of {len(off.keys)} rows missing", on)


def _holds_whole_list(context: CheckContext, exchange: Exchange) -> bool:
    """Whether an answer holds the whole list: no page cut it."""
    paging = context.listing.paging
    if paging.size_parameter is None or paging.is_single_page:
        return True
    size = exchange.list_request.values.get(paging.size_parameter)
    return str(size).isdigit() and len(exchange.keys) < int(str(size))


def _check_kept_part(
    context: CheckContext, include: Include, answers: Mapping[str, Exchange], more: Mapping[str, Tree], beside: str
) -> None:
    """Rows that show the part show it under further parameters, too, if there are any: asked twice."""
    added = _added_fields(include, answers["off"], answers["on"])
    part = {row.key for row in answers["on"].listed if _shows_part(include, row, added)}
    if not part or not more:
        return
    role = include.clauses.on or include.clauses.off
    ask = answers["on"].list_request.with_values(more)
    exchange, lacking = answers["on"], 0
    for purpose in (f"{include.parameter} on {beside}", f"again: {include.parameter} on {beside}"):
        exchange = context.send(ask, purpose)
        if context.note_unusable(exchange, role):
            return
        shared = [row for row in exchange.listed if row.key in part]
        lacking = sum(not _shows_part(include, row, added) for row in shared)
        if not lacking:
            context.results.record_pass(role, times=len(shared))
            return
    context.fail(
        role,
        f"{include.parameter} adds its part",
        expected=f"the part in the rows that show it otherwise, also {beside}",
        actual=f"{lacking} rows without it",
        exchange=exchange,
        check=parts_check(context, _rows_that_show(include, answers["on"], added), added, on=True),
    )


def _field_names(row: Row) -> set[str]:
    return set(row.raw) if isinstance(row.raw, dict) else set()


def _added_fields(include: Include, off: Exchange, on: Exchange) -> set[str]:
    """The fields that rows have with the switch and not without."""
    before = {name for row in off.listed for name in _field_names(row) if not _is_blank_part(row, name)}
    after = {name for row in on.listed for name in _field_names(row)}
    new = after - before
    filled = {
        name
        for name in include.added_names
        if any(not _is_blank_part(row, name) and name in _field_names(row) for row in on.listed)
    }
    return (new | filled) if include.any_names or not include.adds else (new | filled) & set(include.added_names)


def _is_blank_part(row: Row, name: str) -> bool:
    return isinstance(row.raw, dict) and row.raw.get(name) in ([], None, "", {})


def _shows_part(include: Include, row: Row, added: set[str]) -> bool:
    return any(name in _field_names(row) and not _is_blank_part(row, name) for name in added)


def _rows_that_show(include: Include, exchange: Exchange, added: set[str]) -> list[Row]:
    return [row for row in exchange.listed if _shows_part(include, row, added)]


def _changed_fields(include: Include, off: Exchange, on: Exchange, added: set[str]) -> list[str]:
    before = {row.key: row for row in off.listed}
    names: set[str] = set()
    for row in on.listed:
        other = before.get(row.key)
        if other is None or not isinstance(row.raw, dict) or not isinstance(other.raw, dict):
            continue
        names |= {
            name
            for name in other.raw
            if name not in added and name not in include.added_names and row.raw.get(name) != other.raw.get(name)
        }
    return sorted(names)
