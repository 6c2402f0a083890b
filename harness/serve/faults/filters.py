"""Faults in which rows are selected: filters, blank values, filters that need another, ranges, conjunction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from harness.serve.faults.base import (
    Fault,
    ListingChange,
    combine_changes,
    make_fault,
    on_condition,
    on_page,
    on_parameters,
    on_query,
    with_changed_listing,
    with_entry,
    with_part,
)
from harness.serve.faults.comparisons import comparison_faults
from harness.serve.faults.hooks import AnswerContent, AnswerContext, Hooks, PageContext
from harness.serve.query.parameters import ParsedParameters
from harness.serve.query.range_ends import is_range_reversed
from harness.serve.query.table import Condition, Query, Table
from harness.specification.field_path import FieldPath
from harness.specification.model import (
    Clauses,
    Filter,
    FilterRange,
    Listing,
    NeededChoice,
    OpenChoice,
    Parameter,
    RangeValue,
)
from harness.wire.decoded_body import Tree
from harness.wire.json_body import tree_at as part_at
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import is_blank, takes_instants, takes_list
from harness.wire.request_codec import RefusedRequest
from harness.wire.response_codec import error_tree
from harness.wire.row_codec import field_at

_ABSENT_WORD = "no such value"
# Values in a list that is long and still fits into a URL.
_LONG_LIST = 40


def _may_compare(rule: Filter, paths: tuple[FieldPath, ...]) -> bool:
    """Whether a server may look at these fields in place of those that the filter names."""
    return isinstance(rule.instead, OpenChoice) and paths in rule.instead.options


def _has_two_hidden_words(listing: Listing, rule: Filter, parameter: Parameter) -> bool:
    """Whether rows do not show which of two words they have: either then keeps some rows, and nothing tells which."""
    if parameter.as_ != "word" or not all(path.hidden for path in rule.compares):
        return False
    return len({word for path in rule.compares for word in listing.hidden[path.head].words.values()}) <= 2


def filter_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of each filter: ignored, inverted, too wide, too narrow."""
    for name, rule in listing.filters.items():
        parameter = listing.parameters.get(name, Parameter())
        yield from make_fault(
            rule.clause,
            f"{name}-ignored",
            f"{name} keeps every call",
            on_condition(name, lambda _: None),
        )
        yield from make_fault(
            () if _has_two_hidden_words(listing, rule, parameter) else rule.clause,
            f"{name}-inverted",
            f"{name} keeps the calls that it should leave out",
            on_condition(name, lambda condition: replace(condition, negated=True)),
        )
        yield from _comparison_faults(listing, name, rule, parameter)
        yield from comparison_faults(listing, name, rule, parameter)
        yield from _word_faults(listing, name, rule)
        yield from _list_value_faults(name, rule, parameter)
        yield from _dependence_faults(listing, name, rule)
        yield from _blank_faults(name, rule)
        if len(rule.compares) > 1 and not _may_compare(rule, rule.compares[:1]):
            yield from make_fault(
                rule.clause,
                f"{name}-first-field-only",
                f"{name} looks at {rule.compares[0]} only",
                with_changed_listing(with_entry("filters", name, compares=rule.compares[:1])),
            )
        if rule.of_several == "first-filled":
            yield from make_fault(
                rule.clause,
                f"{name}-any-field-suffices",
                f"{name} keeps a call by {' or '.join(map(str, rule.compares))}, whichever it is",
                with_changed_listing(with_entry("filters", name, of_several="any")),
            )
        yield from make_fault(
            rule.offsets_clause,
            f"{name}-offset-ignored",
            f"the offset of {name} counts as UTC",
            Hooks(list_request=lambda ask, name=name: _remove_offset(ask, name)),  # type: ignore[misc]
        )


def _comparison_faults(listing: Listing, name: str, rule: Filter, parameter: Parameter) -> Iterator[Fault]:
    keeps = rule.keeps
    if parameter.number == "bare":
        yield from make_fault(
            rule.clause,
            f"{name}-with-plus-alone",
            f"{name} finds a number only with its plus sign",
            with_changed_listing(with_entry("parameters", name, number="plus")),
        )
    # A word of the document is whole, or refused as none: only a text can be asked for in part.
    if keeps == "equal" and rule.named_by is None and _compares_text(listing, rule) and not parameter.words:
        yield from make_fault(
            rule.clause,
            f"{name}-part-suffices",
            f"{name} keeps calls whose value merely contains the one asked for",
            with_changed_listing(with_entry("filters", name, keeps="contains")),
        )
    if keeps == "contains":
        yield from make_fault(
            rule.clause,
            f"{name}-whole-needed",
            f"{name} keeps only calls whose value is exactly the one asked for",
            on_condition(name, lambda condition: replace(condition, keeps="equal")),
        )
        yield from make_fault(
            rule.clause,
            f"{name}-start-needed",
            f"{name} keeps only calls whose value begins with the one asked for",
            on_condition(name, lambda condition: replace(condition, keeps="starts")),
        )
    if keeps in ("at-or-after", "at-or-before") and takes_instants(parameter):
        for word, seconds in (("too-early", -60), ("too-late", 60)):
            yield from make_fault(
                rule.clause,
                f"{name}-{word}",
                f"{name} takes an instant a minute {'before' if seconds < 0 else 'after'} the one given",
                on_condition(name, lambda condition, seconds=seconds: _shift_instants(condition, seconds)),  # type: ignore[misc]
            )
    if rule.unit is not None:
        yield from make_fault(
            rule.clause,
            f"{name}-{rule.unit}-ignored",
            f"{name} takes the number of {rule.unit} for one in the unit of the rows",
            with_changed_listing(with_entry("filters", name, unit=None)),
        )
    chosen = rule.compares_by
    if chosen is not None and len(rule.compares) == 1:
        one_field = replace(chosen, words=dict.fromkeys(chosen.words, rule.compares[0]))
        yield from make_fault(
            chosen.clause,
            f"{name}-{chosen.parameter}-ignored",
            f"{name} compares {rule.compares[0]} whatever {chosen.parameter} says",
            with_changed_listing(with_entry("filters", name, compares_by=one_field)),
        )
    named = rule.named_by
    if named is not None:
        yield from make_fault(
            named.clauses.none,
            f"{name}-without-comparison",
            f"the words of {named.parameter} that mean none compare all the same",
            with_changed_listing(with_entry("filters", name, named_by=replace(named, none=(), unknown="default"))),
        )
        if listing.parameters[named.parameter].default is not None and keeps == "contains":
            yield from make_fault(
                named.clauses.default,
                f"{named.parameter}-default-equal",
                f"without {named.parameter} the value of {name} must be equal",
                with_changed_listing(
                    combine_changes(
                        with_entry("parameters", named.parameter, default=None),
                        with_entry("filters", name, keeps="equal"),
                    )
                ),
            )


def _compares_text(listing: Listing, rule: Filter) -> bool:
    field = field_at(listing.fields, rule.compares[0])
    return field is not None and field.as_ == "text" and rule.compares[0] != FieldPath.of(listing.lists.identity)


def _shift_instants(condition: Condition, seconds: int) -> Condition:
    wanted = tuple(
        value + timedelta(seconds=seconds) if isinstance(value, datetime) else value for value in condition.wanted
    )
    return replace(condition, wanted=wanted)


def _condition_faults(name: str, rule: Filter) -> Iterator[Fault]:
    """A word that stands for several conditions asks for one of them alone; a word for one keeps nothing."""
    for word, met in rule.word_conditions.items():
        told = {"first": met[:1], "last": met[-1:]} if len(met) > 1 else {}
        for which, alone in told.items():
            yield from make_fault(
                rule.word_clauses.get(word, rule.clause),
                f"{name}-{word}-{which}-condition-only",
                f"{name}={word} asks for {alone[0].field} alone",
                with_changed_listing(
                    with_entry("filters", name, word_conditions={**rule.word_conditions, word: alone})
                ),
            )
        if not told:
            never = (replace(met[0], is_=(_ABSENT_WORD,)),)
            yield from make_fault(
                rule.word_clauses.get(word, rule.clause),
                f"{name}-{word}-nothing",
                f"{name}={word} keeps nothing",
                with_changed_listing(
                    with_entry("filters", name, word_conditions={**rule.word_conditions, word: never})
                ),
            )


def _period_faults(name: str, rule: Filter) -> Iterator[Fault]:
    """A period is taken for the one before, or is counted otherwise: from now, or from where a unit began."""
    for word, period in rule.periods.items():
        otherwise = "begins-with-its-unit" if period.rolling else "counted-from-now"
        for fault, other in (
            ("one-back", replace(period, back=period.back + 1)),
            (otherwise, replace(period, rolling=not period.rolling)),
        ):
            yield from make_fault(
                rule.word_clauses.get(word, rule.clause),
                f"{name}-{word}-{fault}",
                f"{name}={word} means another span of time: {fault.replace('-', ' ')}",
                with_changed_listing(with_entry("filters", name, periods={**rule.periods, word: other})),
            )


def _word_faults(listing: Listing, name: str, rule: Filter) -> Iterator[Fault]:
    yield from _condition_faults(name, rule)
    yield from _period_faults(name, rule)
    for word, clause in rule.word_clauses.items():
        if word in rule.word_conditions or word in rule.periods:
            continue
        means = rule.words.get(word)
        wanted = means.assumed if isinstance(means, OpenChoice) else means
        if wanted is not None and len(wanted) > 1:
            yield from make_fault(
                clause,
                f"{name}-{word}-half",
                f"{name}={word} keeps only {wanted[0]}",
                with_changed_listing(with_entry("filters", name, words={**rule.words, word: wanted[:1]})),
            )
        else:
            yield from make_fault(
                clause,
                f"{name}-{word}-nothing",
                f"{name}={word} keeps nothing",
                with_changed_listing(with_entry("filters", name, words={**rule.words, word: (_ABSENT_WORD,)})),
            )
    for word, means in rule.words.items():
        if isinstance(means, OpenChoice):
            wanted = means.assumed
            yield from make_fault(
                means.clause,
                f"{name}-{word}-is-{wanted[-1]}",
                f"{name}={word} keeps only {wanted[-1]}",
                with_changed_listing(with_entry("filters", name, words={**rule.words, word: wanted[-1:]})),
            )
    singles = [word for word in rule.word_clauses if word not in {*rule.words, *rule.word_conditions, *rule.periods}]
    if len(singles) > 1:
        overlapping = {**rule.words, singles[0]: tuple(singles[:2])}
        yield from make_fault(
            rule.partition_clause,
            f"{name}-overlap",
            f"{name}={singles[0]} keeps {singles[1]} too",
            with_changed_listing(with_entry("filters", name, words=overlapping)),
        )
    yield from make_fault(
        rule.no_filter_clause,
        f"{name}-no-filter-word",
        f"a word of {name} that means no filter counts as a value",
        with_changed_listing(with_entry("filters", name, no_filter=())),
    )


def _list_value_faults(name: str, rule: Filter, parameter: Parameter) -> Iterator[Fault]:
    if not takes_list(parameter):
        return
    yield from make_fault(
        parameter.list_clause or rule.clause if parameter.repeated is not None else rule.clause,
        f"{name}-first-only",
        f"only the first of several values of {name} counts",
        on_condition(name, lambda condition: replace(condition, wanted=condition.wanted[:1])),
    )
    most = (parameter.most_items or _LONG_LIST) * 3 // 4
    yield from make_fault(
        parameter.list_clause or rule.clause,
        f"{name}-cut-short",
        f"of many values of {name} only the first {most} count",
        on_condition(name, lambda condition: replace(condition, wanted=condition.wanted[:most])),
    )
    if parameter.list_clause and parameter.list_clause != rule.clause:
        yield from make_fault(
            parameter.list_clause,
            f"{name}-last-only",
            f"only the last of several values of {name} counts",
            on_condition(name, lambda condition: replace(condition, wanted=condition.wanted[-1:])),
        )


def _dependence_faults(listing: Listing, name: str, rule: Filter) -> Iterator[Fault]:
    yield from make_fault(
        rule.applies_clause,
        f"{name}-alone",
        f"{name} has an effect without {' or '.join(rule.applies_if_any)}",
        with_changed_listing(with_entry("filters", name, applies_if_any=())),
    )
    winner = rule.loses_to
    if winner is None:
        return
    yield from make_fault(
        rule.loses_clause,
        f"{name}-wins",
        f"{name} wins over {winner}",
        with_changed_listing(
            combine_changes(with_entry("filters", name, loses_to=None), with_entry("filters", winner, loses_to=name))
        ),
    )
    yield from make_fault(
        rule.loses_clause,
        f"{name}-and-{winner}",
        f"{name} and {winner} must both hold",
        with_changed_listing(with_entry("filters", name, loses_to=None)),
    )
    yield from make_fault(
        rule.regains_clause,
        f"{winner}-empty-wins",
        f"an empty {winner} still wins over {name}",
        Hooks(parameters=lambda given, ask: _let_blank_win(given, ask, winner, name)),
    )


def _let_blank_win(
    given: ParsedParameters | RefusedRequest, ask: ListRequest, winner: str, loser: str
) -> ParsedParameters | RefusedRequest:
    if isinstance(given, RefusedRequest) or winner not in ask.values:
        return given
    return given.without((loser,))


def _blank_faults(name: str, rule: Filter) -> Iterator[Fault]:
    yield from make_fault(
        rule.blank_clause,
        f"{name}-blank-is-a-value",
        f"an empty {name} keeps nothing",
        Hooks(parameters=lambda given, ask: match_nothing_when_blank(given, ask, (name,))),
    )


def match_nothing_when_blank(
    given: ParsedParameters | RefusedRequest, ask: ListRequest, names: tuple[str, ...]
) -> ParsedParameters | RefusedRequest:
    """What was parsed, keeping nothing where one of the parameters is given and empty."""
    if isinstance(given, RefusedRequest):
        return given
    if any(name in ask.values and is_blank(ask.values[name]) for name in names):
        return given._replace(matches_nothing=True)
    return given


def _remove_offset(ask: ListRequest | RefusedRequest, name: str) -> ListRequest | RefusedRequest:
    if isinstance(ask, RefusedRequest):
        return ask
    raw = ask.values.get(name)
    if isinstance(raw, str) and len(raw) > 6 and raw[-6] in "+-" and raw[-3] == ":":
        return ask.with_values({name: raw[:-6] + "Z"})
    return ask


def _with_first_element(
    listing: Listing, ask: ListRequest | RefusedRequest, pointer: str
) -> ListRequest | RefusedRequest:
    """The request with the first element of a list alone."""
    if isinstance(ask, RefusedRequest):
        return ask
    held = [
        name for name in ask.values if (one := listing.parameters.get(name)) and one.element and one.at == pointer
    ]
    marks = [listing.parameters[name].element for name in held]
    lost = {name for name, one in zip(held, marks, strict=True) if one and marks[0] and one.marks != marks[0].marks}
    return replace(ask, values={name: value for name, value in ask.values.items() if name not in lost})


def combination_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of filters together: conjunction, blank filters, no match, ranges."""
    if len(listing.filters) > 1:
        yield from make_fault(
            listing.conjunction_clause,
            "one-suffices",
            "a call that one of several filters keeps is kept",
            on_query(lambda query: query._replace(combine="any")),
        )
        yield from make_fault(
            listing.conjunction_clause,
            "last-filter-only",
            "of several filters only the last counts",
            on_query(lambda query: query._replace(conditions=query.conditions[-1:])),
        )
    lists = {one.at for one in listing.parameters.values() if one.element is not None}
    for index, pointer in enumerate(sorted(filter(None, lists))):
        yield from make_fault(
            listing.conjunction_clause,
            f"first-element-only{f'-{index + 1}' if index else ''}",
            f"of the elements of {pointer} only the first counts",
            Hooks(list_request=lambda ask, pointer=pointer: _with_first_element(listing, ask, pointer)),  # type: ignore[misc]
        )
    names = tuple(name for name in listing.filters if not listing.filters[name].blank_clause)
    if names:
        yield from make_fault(
            listing.blank.clause,
            "blank-is-a-value",
            "an empty filter keeps nothing",
            Hooks(parameters=lambda given, ask: match_nothing_when_blank(given, ask, names)),
        )
    if listing.lists.empty_fault is None:
        yield from make_fault(
            listing.no_match_clause,
            "no-match-is-an-error",
            "when nothing matches the answer is an error",
            Hooks(tree=lambda tree, context: _show_error_when_empty(listing, tree, context)),
        )
    else:
        yield from make_fault(
            listing.no_match_clause or listing.lists.clauses.empty,
            "no-match-is-a-success",
            "when nothing matches the answer is a success without rows",
            with_changed_listing(with_part("lists", empty_fault=None)),
        )
    yield from make_fault(
        listing.no_match_clause,
        "no-match-gives-all",
        "when nothing matches everything is shown",
        on_page(_show_all_when_empty),
    )
    for rule in listing.ranges:
        yield from _range_faults(listing, rule)
    yield from _old_range_faults(listing)
    for choice in listing.at_least_one:
        yield from make_fault(
            choice.clause,
            f"none-of-{'-'.join(choice.of)}-accepted",
            f"without any of {', '.join(choice.of)} everything is listed",
            with_changed_listing(_without_choice(choice)),
        )
    for name, parameter in listing.parameters.items():
        if parameter.required is not None:
            yield from make_fault(
                parameter.required.clause,
                f"{name}-not-required",
                f"without {name} the list is open at that end",
                with_changed_listing(with_optional_parameter(listing, name)),
            )


def _without_choice(choice: NeededChoice) -> ListingChange:
    return lambda listing: replace(listing, at_least_one=tuple(one for one in listing.at_least_one if one != choice))


def _show_error_when_empty(listing: Listing, tree: Tree, context: AnswerContext) -> Tree:
    if context.refusal is not None or part_at(tree, listing.lists.rows_at) != []:
        return tree
    name = "invalid" if "invalid" in listing.outcome.faults else next(iter(listing.outcome.faults))
    return error_tree(listing, name, choices=_AssumedChoices())[1]


class _AssumedChoices:
    """A resolver of open choices that takes the assumed answer of each."""

    def resolve(self, value: Any) -> Any:
        return value.assumed if isinstance(value, OpenChoice) else value


def _show_all_when_empty(page: AnswerContent, context: PageContext) -> AnswerContent:
    if context.query_result.total or page.count is not None:
        return page
    everything = context.table.find(context.plan.query._replace(conditions=(), matches_nothing=False))
    return replace(page, rows=everything.page_rows, returned=len(everything.page_rows))


def _old_range_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of ranges of time that hold old calls alone: archives and clock changes have bounds of their own."""
    ends: dict[tuple[FieldPath, ...], dict[str, str]] = {}
    for name, filter_ in listing.filters.items():
        # Where it is open which instant is compared, an hour may be the distance of two.
        decided = not isinstance(filter_.instead, OpenChoice)
        if decided and filter_.keeps in ("at-or-after", "at-or-before") and takes_instants(listing.parameters[name]):
            ends.setdefault(filter_.compares, {}).setdefault(filter_.keeps, name)
    pair = next((found for found in ends.values() if len(found) > 1), None)
    if pair is None:
        return
    lower, upper = pair["at-or-after"], pair["at-or-before"]
    for name, word, seconds in ((lower, "early", -3600), (upper, "late", 3600)):
        yield from make_fault(
            listing.filters[name].clause,
            f"{name}-{word}-in-old-ranges",
            f"{name} is an hour too {word} where the whole range lies in the older half of the calls",
            Hooks(
                query=lambda query, table, name=name, seconds=seconds: _shift_in_old_range(  # type: ignore[misc]
                    query, table, (lower, upper), name, seconds
                )
            ),
        )


def _shift_in_old_range(query: Query, table: Table, ends: tuple[str, str], name: str, seconds: int) -> Query:
    bounds = {condition.parameter: condition for condition in query.conditions if condition.parameter in ends}
    if len(bounds) < len(ends):
        return query
    last = bounds[ends[1]]
    instants = table.column(last.paths[0]).values
    middle = instants[len(instants) // 2] if instants else None
    if any(not isinstance(end, datetime) or middle is None or end >= middle for end in last.wanted):
        return query
    conditions = (
        _shift_instants(condition, seconds) if condition.parameter == name else condition
        for condition in query.conditions
    )
    return query._replace(conditions=tuple(conditions))


def _range_faults(listing: Listing, rule: FilterRange) -> Iterator[Fault]:
    yield from make_fault(
        rule.clauses.reversed,
        f"{rule.first}-and-{rule.last}-swapped",
        f"a range whose {rule.last} is before its {rule.first} is turned around",
        on_parameters(lambda given: _swap_range(given, rule)),
    )
    yield from make_fault(
        rule.clauses.one_alone,
        f"{rule.first}-alone-ignored",
        f"{rule.first} without {rule.last}, or the reverse, has no effect",
        on_parameters(
            lambda given: (
                given if given.has(rule.first) == given.has(rule.last) else given.without((rule.first, rule.last))
            )
        ),
    )
    if rule.value is not None:
        yield from _range_value_faults(listing, rule, rule.value)
    for clauses, bound, other, name, says in _other_bounds(rule):
        if bound is not None:
            yield from make_fault(clauses, name, says, with_changed_listing(_with_range(rule, other)))


def _other_bounds(rule: FilterRange) -> tuple[tuple[Clauses, int | None, FilterRange, str, str], ...]:
    """Clause, bound in seconds (None without one), the range with another bound, name and effect of the fault."""
    late, far = rule.clauses.recent, rule.clauses.too_long
    recent, most = rule.recent_seconds, rule.most_seconds
    later, shorter = (recent or 0) // 4, (most or 0) // 2
    first, ends, both = rule.first, f"{rule.first}-and-{rule.last}", f"{rule.first} and {rule.last}"
    return (
        (late, recent, replace(rule, recent_seconds=None), f"{first}-has-no-default",
         f"without {first} everything is listed, however long ago"),
        (late, recent, replace(rule, recent_seconds=later), f"{first}-default-too-late",
         f"without {first} only the last {later} seconds are listed"),
        (far, most, replace(rule, most_seconds=None), f"{ends}-unlimited", f"{both} may lie any time apart"),
        (far, most, replace(rule, most_seconds=shorter), f"{ends}-limited-too-much",
         f"{both} may lie half as long apart as they should"),
    )  # fmt: skip


def _range_value_faults(listing: Listing, rule: FilterRange, value: RangeValue) -> Iterator[Fault]:
    name = value.parameter
    yield from make_fault(
        value.clause,
        f"{name}-of-three-ends-taken",
        f"of three ends in {name} the first two are taken",
        Hooks(list_request=lambda ask: _with_first_ends(ask, rule, value)),
    )
    if any(listing.parameters[end].required is not None for end in (rule.first, rule.last)):
        # Without its ends the request is refused all the same.
        return
    yield from make_fault(
        value.clause,
        f"{name}-of-one-end-ignored",
        f"a value of {name} that is not two ends has no effect",
        Hooks(list_request=lambda ask: _without_half_range(ask, rule)),
    )


def _with_first_ends(
    ask: ListRequest | RefusedRequest, rule: FilterRange, value: RangeValue
) -> ListRequest | RefusedRequest:
    raw = None if isinstance(ask, RefusedRequest) else ask.values.get(rule.first)
    if isinstance(ask, RefusedRequest) or not isinstance(raw, list):
        return ask
    parts = raw if value.separated_by is None else str(raw[0]).split(value.separated_by)
    return ask.with_values({rule.first: parts[0], rule.last: parts[1]}) if len(parts) > 2 else ask


def _without_half_range(ask: ListRequest | RefusedRequest, rule: FilterRange) -> ListRequest | RefusedRequest:
    if isinstance(ask, RefusedRequest) or not isinstance(ask.values.get(rule.first), list):
        return ask
    return replace(ask, values={name: value for name, value in ask.values.items() if name != rule.first})


def _with_range(rule: FilterRange, changed: FilterRange) -> ListingChange:
    return lambda listing: replace(listing, ranges=tuple(changed if one == rule else one for one in listing.ranges))


def _swap_range(given: ParsedParameters, rule: FilterRange) -> ParsedParameters:
    if not is_range_reversed(given, rule):
        return given
    first, last = given.values[rule.first], given.values[rule.last]
    return given._replace(values={**given.values, rule.first: last, rule.last: first})


def with_optional_parameter(listing: Listing, name: str) -> ListingChange:
    """The listing with a parameter that need not be given, also where a range asks for both ends."""
    ranges = tuple(
        replace(rule, one_alone="one-sided") if name in (rule.first, rule.last) else rule for rule in listing.ranges
    )
    return combine_changes(with_entry("parameters", name, required=None), lambda bare: replace(bare, ranges=ranges))


# --- values -------------------------------------------------------------------------------------------------


# --- scope --------------------------------------------------------------------------------------------------
