"""Rules on defaults, blank values, and the spellings of a flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.check.context import CheckContext, Exchange
from harness.check.probe.equivalence import check_same_answer, filled_row_parts, read_plain_list, sort_value_of
from harness.check.probe.error_responses import ROW_ASPECTS, is_refused, judge_error_response, record_kept
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_values import default_comparison
from harness.check.probe.mirror import Mirror, server_page_limit
from harness.specification.model import Clauses, CursorPaging, OpenChoice, Parameter
from harness.wire.decoded_body import Tree

# --- defaults and spellings ---------------------------------------------------------------------------------


def check_defaults(context: CheckContext, mirror: Mirror) -> None:
    """Judges that an absent parameter means its default: all defaults given, and on a difference each alone."""
    chosen = {
        name: parameter
        for name, parameter in context.listing.parameters.items()
        if parameter.default is not None and parameter.default_clause
    }
    shown = {name: value for name, value in chosen.items() if _default_matters(context, mirror, name)}
    for name, parameter in chosen.items():
        if name not in shown:
            reason = f"the rows at hand would be the same with any {name}"
            context.results.record_not_exercised(parameter.default_clause, reason)
    if not shown:
        return
    reference = read_plain_list(context, mirror, "the list without anything said")
    if reference is None:
        return
    values = {name: _default_value(context, name) for name in shown}
    clauses = tuple(dict.fromkeys(clause for parameter in shown.values() for clause in parameter.default_clause))
    expected = "the same answer with the default said and not said"
    same = check_same_answer(
        context,
        mirror,
        reference,
        mirror.request(values),
        "every default said aloud",
        clauses if len(shown) == 1 else (),
        expected=expected,
        blaming=len(shown) == 1,
        witness=False,
    )
    if same:
        record_kept(context, clauses, "the same answer")
    if same is not False or len(shown) == 1:
        return
    for name, parameter in shown.items():
        # What a default says aloud changes is the default's fault, not that of the order or of the rows.
        ask = mirror.request({name: values[name]})
        check_same_answer(
            context,
            mirror,
            reference,
            ask,
            f"{name} at its default",
            parameter.default_clause,
            expected=expected,
            witness=False,
        )


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
        if parameter.as_ == "flag" and parameter.spellings_clause
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
    parameters = context.listing.parameters
    words = {name: parameters[name].true if value else parameters[name].false for name in names}
    clauses = tuple(dict.fromkeys(clause for name in names for clause in parameters[name].spellings_clause))
    documented = mirror.request({name: words[name][0] for name in names})
    reference = context.send(documented, "flags as they are documented")
    if reference.outcome != "success":
        return
    if not mirror.rows:
        context.results.record_not_exercised(clauses, "the list is empty")
        return
    expected = "the same answer for each spelling"
    for place in range(1, max(len(spelled) for spelled in words.values())):
        given = {name: spelled[min(place, len(spelled) - 1)] for name, spelled in words.items()}
        ask = mirror.request(given)
        same = check_same_answer(
            context,
            mirror,
            reference,
            ask,
            "flags in another spelling",
            (),
            expected=expected,
            blaming=False,
            witness=False,
        )
        if same:
            record_kept(context, clauses, "the same answer")
        if same is not False:
            continue
        for name in names:
            one = context.send(mirror.request({name: words[name][0]}), f"{name} as it is documented")
            if one.outcome != "success":
                continue
            check_same_answer(
                context,
                mirror,
                one,
                mirror.request({name: given[name]}),
                f"{name} in another spelling",
                parameters[name].spellings_clause,
                expected=expected,
                witness=False,
            )


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
        means = parameter.blank if parameter.blank is not None else context.listing.blank.means
        own = context.listing.filters[name].blank_clause if name in context.listing.filters else ()
        clauses = own or parameter.blank_clause
        if parameter.blank is None:
            clauses = own or context.listing.blank.clause
        kind = refused if means == "refused" else firm
        (open_ if isinstance(means, OpenChoice) else kind)[name] = clauses
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
    if not chosen:
        return
    clauses = tuple(dict.fromkeys(clause for many in chosen.values() for clause in many))
    if not reference.rows:
        context.results.record_not_exercised(clauses, "the list is empty")
        return
    expected = "the same answer as without the parameter"
    ask = mirror.request({name: _blank_value(context, name) for name in chosen})
    same = check_same_answer(
        context, mirror, reference, ask, "every filter given and empty", (), expected=expected, blaming=False
    )
    if same:
        record_kept(context, clauses, "the same answer")
        _check_blanks_with_comparisons(context, mirror, reference, chosen)
    if same is not False:
        return
    for name, own in chosen.items():
        one = mirror.request({name: _blank_value(context, name)})
        check_same_answer(context, mirror, reference, one, f"{name} given and empty", own, expected=expected)


def _check_blanks_with_comparisons(
    context: CheckContext, mirror: Mirror, reference: Exchange, chosen: Mapping[str, Clauses]
) -> None:
    """An empty value says nothing either when the comparison beside it is said aloud."""
    filters = [name for name in chosen if name in context.listing.filters]
    probes = {name: {name: _blank_value(context, name), **default_comparison(context, name)} for name in filters}
    probes = {name: values for name, values in probes.items() if len(values) > 1}
    if not probes:
        return
    every = {name: value for values in probes.values() for name, value in values.items()}
    expected = "the same answer as without the parameters"
    purpose = "empty filters beside their comparisons"
    ask = mirror.request(every)
    same = check_same_answer(context, mirror, reference, ask, purpose, (), expected=expected, blaming=False)
    if same is not False:
        return
    for name, values in probes.items():
        ask = mirror.request(values)
        purpose = f"{name} empty beside its comparison"
        check_same_answer(context, mirror, reference, ask, purpose, chosen[name], expected=expected)


def _check_undocumented_blanks(context: CheckContext, mirror: Mirror, chosen: Mapping[str, Clauses]) -> None:
    """Where the document says nothing: first all together, which settles all if it is taken."""
    if not chosen:
        return
    values = {name: _blank_value(context, name) for name in chosen}
    judged = check_probe(context, mirror, mirror.request(values), "parameters given and empty", (), only=ROW_ASPECTS)
    if not is_refused(judged.exchange):
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
            check_probe(
                context,
                mirror,
                mirror.request({name: values[name]}),
                f"{name} given and empty",
                chosen[name],
                only=ROW_ASPECTS,
            )


def _blank_rule(context: CheckContext, name: str) -> Any:
    blank = context.listing.parameters[name].blank
    return blank if blank is not None else context.listing.blank.means
