"""Rules on defaults, blank values, and the spellings of a flag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from harness.check.context import CheckContext, Exchange
from harness.check.probe.equivalence import check_same_answer, filled_row_parts, read_plain_list, sort_value_of
from harness.check.probe.error_responses import ROW_ASPECTS, judge_error_response, record_kept
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import default_comparison
from harness.check.probe.mirror import Mirror, server_page_limit
from harness.specification.model import Clauses, CursorPaging, OpenChoice, Parameter
from harness.wire.decoded_body import Tree

# --- defaults and spellings ---------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of one parameter that must change nothing, with the clauses that promise it."""

    values: Mapping[str, Tree]
    clauses: Clauses


def _check_same(
    context: CheckContext,
    mirror: Mirror,
    parts: Mapping[str, _Said],
    together: str,
    alone: str,
    reference: Callable[[str], Exchange | None],
    *,
    expected: str,
    witness: bool = True,
) -> bool | None:
    """Says all at once, which must get the same answer as the reference of ""; on a difference each alone.

    `together` and `alone` say what is asked, the latter behind the name of a parameter, whose own reference counts.
    """
    plain = reference("")
    if plain is None:
        return None
    if len(parts) == 1:
        ((name, said),) = parts.items()
        ask, purpose = mirror.request(said.values), f"{name} {alone}"
        return check_same_answer(
            context, mirror, plain, ask, purpose, said.clauses, expected=expected, witness=witness
        )
    ask = mirror.request({name: raw for said in parts.values() for name, raw in said.values.items()})
    same = check_same_answer(
        context, mirror, plain, ask, together, (), expected=expected, blaming=False, witness=witness
    )
    if same:
        record_kept(context, _clauses_of(parts), "the same answer")
    for name, said in parts.items() if same is False else ():
        # What a parameter says aloud is its own fault, not that of the order or of the rows.
        own = reference(name)
        if own is not None:
            one, clauses = mirror.request(said.values), said.clauses
            check_same_answer(
                context, mirror, own, one, f"{name} {alone}", clauses, expected=expected, witness=witness
            )
    return same


def _clauses_of(parts: Mapping[str, _Said]) -> Clauses:
    return tuple(dict.fromkeys(clause for said in parts.values() for clause in said.clauses))


def check_defaults(context: CheckContext, mirror: Mirror) -> None:
    """Judges that an absent parameter means its default: all defaults given, and on a difference each alone."""
    parts: dict[str, _Said] = {}
    for name, parameter in context.listing.parameters.items():
        clauses = parameter.default_clause
        if parameter.default is None or not clauses or not context.asked.include(clauses):
            continue
        if _default_matters(context, mirror, name):
            parts[name] = _Said({name: _default_value(context, name)}, clauses)
        else:
            reason = f"the rows at hand would be the same with any {name}"
            context.results.record_not_exercised(clauses, reason)
    reference = read_plain_list(context, mirror, "the list without anything said") if parts else None
    expected = "the same answer with the default said and not said"
    together, alone = "every default said aloud", "at its default"
    _check_same(context, mirror, parts, together, alone, lambda _: reference, expected=expected, witness=False)


def _default_value(context: CheckContext, name: str) -> Tree:
    parameter = context.listing.parameters[name]
    default = parameter.default
    if parameter.as_ == "flag" and not isinstance(default, bool):
        return str(default)
    return context.encode(name, default)


def _default_matters(context: CheckContext, mirror: Mirror, name: str) -> bool:
    """Whether the rows at hand would tell one value of a parameter from another."""
    listing, paging, rows = context.listing, context.listing.paging, mirror.rows
    if name == paging.size_parameter:
        default = listing.parameters[name].default
        return isinstance(default, int) and len(rows) > default and server_page_limit(context) is None
    if listing.order is not None and name == listing.order.descending:
        return len({sort_value_of(context, row) for row in rows}) > 1
    for include in listing.includes:
        if include.parameter == name:
            return any(filled_row_parts(row, set(include.added_names)) for row in rows)
    return bool(rows)


def check_flag_spellings(context: CheckContext, mirror: Mirror) -> None:
    """Judges that each spelling of a flag means the same as the documented one."""
    flags = {
        name: parameter
        for name, parameter in context.listing.parameters.items()
        if parameter.as_ == "flag" and (told := parameter.spellings_clause) and context.asked.include(told)
    }
    scope = context.listing.scope
    # These flags may leave no rows, which would hide the others.
    apart = {scope.children_only.parameter} if scope is not None and scope.children_only is not None else set()
    if context.listing.count_only is not None:
        apart.add(context.listing.count_only.parameter)
    groups = [[name for name in flags if name not in apart], *([name] for name in flags if name in apart)]
    for group in groups:
        for value in (True, False):
            if group and not (value is False and len(group) == 1 and group[0] in apart):
                _check_spellings(context, mirror, group, value)


def _check_spellings(context: CheckContext, mirror: Mirror, names: Sequence[str], value: bool) -> None:
    flags = {name: context.listing.parameters[name] for name in names}
    words = {name: flag.true if value else flag.false for name, flag in flags.items()}
    reference = context.send(
        mirror.request({name: spelled[0] for name, spelled in words.items()}), "flags as they are documented"
    )
    if reference.outcome != "success":
        return

    def documented(name: str) -> Exchange | None:
        if not name:
            return reference
        one = context.send(mirror.request({name: words[name][0]}), f"{name} as it is documented")
        return one if one.outcome == "success" else None

    def written(place: int) -> dict[str, _Said]:
        words_there = {name: spelled[min(place, len(spelled) - 1)] for name, spelled in words.items()}
        return {name: _Said({name: word}, flags[name].spellings_clause) for name, word in words_there.items()}

    if not mirror.rows:
        context.results.record_not_exercised(_clauses_of(written(0)), "the list is empty")
        return
    expected, together = "the same answer for each spelling", "flags in another spelling"
    for place in range(1, max(len(spelled) for spelled in words.values())):
        parts, alone = written(place), "in another spelling"
        _check_same(context, mirror, parts, together, alone, documented, expected=expected, witness=False)


# --- blank values -------------------------------------------------------------------------------------------


def check_blank_values(context: CheckContext, mirror: Mirror) -> None:
    """Judges parameters that are given and empty: all together, and on a difference each alone."""
    reference = read_plain_list(context, mirror, "the list without anything said")
    if reference is None:
        return
    firm: dict[str, Clauses] = {}
    refused: dict[str, Clauses] = {}
    open_: dict[str, Clauses] = {}
    for name, parameter in context.listing.parameters.items():
        if not _can_be_blank(context, name, parameter, mirror):
            continue
        means = _blank_rule(context, name)
        kind = open_ if isinstance(means, OpenChoice) else refused if means == "refused" else firm
        filter_ = context.listing.filters.get(name)
        named = context.listing.blank.clause if parameter.blank is None else parameter.blank_clause
        kind[name] = (filter_.blank_clause if filter_ is not None else ()) or named
    _check_blanks_together(context, mirror, reference, firm)
    _check_refused_blanks(context, mirror, refused)
    _check_undocumented_blanks(context, mirror, open_)


def _check_refused_blanks(context: CheckContext, mirror: Mirror, chosen: Mapping[str, Clauses]) -> None:
    """Each empty value that must be refused, alone: one refusal would hide the others."""
    for name, clauses in chosen.items():
        if not clauses:
            continue
        bad = context.listing.parameters[name].bad
        ask = mirror.request({name: _blank_value(context, name)})
        exchange = context.send(ask, f"{name} given and empty")
        fault = bad.fault if bad is not None else "invalid"
        judge_error_response(context, exchange, fault, clauses, parameter=name)


def _can_be_blank(context: CheckContext, name: str, parameter: Parameter, mirror: Mirror) -> bool:
    paging = context.listing.paging
    walking = {paging.after, paging.before} if isinstance(paging, CursorPaging) else set()
    if name in walking or parameter.required is not None or name in mirror.base or parameter.as_ == "presence":
        return False
    if context.listing.transport.carries == "json":
        # What an empty text means where a number or a time is due, JSON's own types leave open.
        return name in context.listing.filters and parameter.as_ in ("text", "digits", "word", "list")
    return name in context.listing.filters or parameter.blank is not None


def _blank_value(context: CheckContext, name: str) -> Tree:
    parameter = context.listing.parameters[name]
    if parameter.as_ == "list" and context.listing.transport.carries == "json":
        return []
    return "[]" if parameter.as_ == "json-list" else ""


def _check_blanks_together(
    context: CheckContext, mirror: Mirror, reference: Exchange, chosen: Mapping[str, Clauses]
) -> None:
    """Empty values say nothing, nor do they when the comparison beside them is said aloud."""
    parts = {name: _Said({name: _blank_value(context, name)}, own) for name, own in chosen.items()}
    if not parts:
        return
    if not reference.rows:
        context.results.record_not_exercised(_clauses_of(parts), "the list is empty")
        return
    expected, together = "the same answer as without the parameter", "every filter given and empty"
    alone = "given and empty"
    if not _check_same(context, mirror, parts, together, alone, lambda _: reference, expected=expected):
        return
    compared = {
        name: _Said({**said.values, **default_comparison(context, name)}, said.clauses)
        for name, said in parts.items()
        if name in context.listing.filters
    }
    compared = {name: said for name, said in compared.items() if len(said.values) > 1}
    expected, together = "the same answer as without the parameters", "empty filters beside their comparisons"
    if compared:
        alone = "empty beside its comparison"
        _check_same(context, mirror, compared, together, alone, lambda _: reference, expected=expected)


def _check_undocumented_blanks(context: CheckContext, mirror: Mirror, chosen: Mapping[str, Clauses]) -> None:
    """Where the document says nothing: first all together, which settles all if it is taken."""
    if not chosen:
        return
    values = {name: _blank_value(context, name) for name in chosen}
    judged = check_probe(context, mirror, mirror.request(values), "parameters given and empty", (), only=ROW_ASPECTS)
    if not judged.exchange.is_refusal:
        taken = tuple(dict.fromkeys(clause for clauses in chosen.values() for clause in clauses))
        if judged.exchange.rows is not None:
            context.results.record_observed(taken, f"{', '.join(chosen)} given and empty: taken")
        return
    # One of several that share a choice speaks for all.
    speakers: dict[str, str] = {}
    for name in chosen:
        means = _blank_rule(context, name)
        speakers.setdefault(means.id if isinstance(means, OpenChoice) else name, name)
    for name in chosen:
        if name in speakers.values():
            ask, purpose = mirror.request({name: values[name]}), f"{name} given and empty"
            check_probe(context, mirror, ask, purpose, chosen[name], only=ROW_ASPECTS)


def _blank_rule(context: CheckContext, name: str) -> Any:
    blank = context.listing.parameters[name].blank
    return blank if blank is not None else context.listing.blank.means
