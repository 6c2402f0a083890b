"""Rules on single filters: each alone, at values that tell right readings from wrong ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from harness.check.context import CheckContext
from harness.check.oracle.value_comparison import comparison_of_filter, values_are_kept
from harness.check.probe.answer_checks import NO_ROWS
from harness.check.probe.blame import clauses_of_value
from harness.check.probe.expect import check_probe, tells_nothing_new
from harness.check.probe.filter_clauses import clauses_of_filter, note_broken_parameter
from harness.check.probe.filter_values import (
    ABSENT_NUMBER,
    ABSENT_TEXT,
    absent_number,
    asked_filters,
    companion_parameters,
    count_values,
    default_comparison,
    discriminating_values,
    encode_shown_value,
    fits_one_element,
    flatten_values,
    is_hidden_filter,
    is_time_filter,
    largest_page,
    near_miss_texts,
)
from harness.check.probe.mirror import Mirror
from harness.check.rules.filters.enum_filters import check_unseen_words, check_word_partition
from harness.check.rules.filters.identity_gaps import check_identity_gaps
from harness.check.rules.filters.time_filters import check_time_filter
from harness.specification.model import ClauseId, Filter, OpenChoice
from harness.wire.decoded_body import Tree
from harness.wire.parameter_codec import element_codec, takes_list

# Fewer rows may all agree by chance on what a filter compares, so that they do not settle an open choice.
DISCRIMINATING_ROWS: Final = 60
LIST_LENGTH: Final = 40
"""Elements of the longest list that is asked for: more than one page of anything, and short enough for a URL."""
LONG_TEXT_LENGTH: Final = 1000
"""Characters: more than any value has, and fewer than any server takes in a request.

Foreign servers cut long values or break down over them (`values_cut_at_8`, `five_hundred_on_long_values`).
"""


# --- rules --------------------------------------------------------------------------------------------------


def check_filters_once(context: CheckContext, mirror: Mirror) -> None:
    """Judges each filter at one telling value, so that what is broken outright shows early."""
    for name in asked_filters(context):
        filter_ = context.listing.filters[name]
        if is_time_filter(context, name):
            check_time_filter(context, mirror, name, first_look=True)
            continue
        values = _values_to_ask(context, mirror, name) if context.supports_parameters(name) and mirror.rows else []
        if not values or count_values(mirror.rows, filter_.compares).total() == 0:
            continue
        _check_value(context, mirror, name, values[0])
        context.value_by_filter[name] = values[0]


def check_single_filters(context: CheckContext, mirror: Mirror) -> None:
    """Judges each filter alone, at values that tell right readings from wrong ones."""
    for name in asked_filters(context):
        filter_ = context.listing.filters[name]
        if is_time_filter(context, name):
            check_time_filter(context, mirror, name)
            continue
        if not context.supports_parameters(name):
            check_later_version_filter(context, mirror, name)
            continue
        if not mirror.rows:
            context.results.record_not_exercised(clauses_of_filter(filter_), "the target shows no rows")
            continue
        values = _values_to_ask(context, mirror, name)
        counted = count_values(mirror.rows, filter_.compares)
        if not values or counted.total() == 0:
            if filter_.partition_clause:
                check_unseen_words(context, mirror, name)
            context.results.record_not_exercised(
                clauses_of_filter(filter_), f"no row shows a value that {name} compares"
            )
            continue
        probed_values = _drop_repeated_values(context, name, values)
        seen = context.value_by_filter.get(name)
        if _check_absent_values(context, mirror, name, probed_values):
            probed_values = [value for value in probed_values if counted[value]]
        for value in probed_values:
            # One value that goes wrong is enough for one promise; words may be promises of their own.
            if value != seen and not context.results.first_failed(clauses_of_value(filter_, value)):
                _check_value(context, mirror, name, value)
        check_long_value(context, mirror, name)
        check_hidden_alternatives(context, mirror, name)
        check_companions(context, mirror, name, values[0])
        check_list_filter(context, mirror, name)
        check_identity_gaps(context, mirror, name)
        check_named_comparison(context, mirror, name)
        if filter_.partition_clause:
            check_word_partition(context, mirror, name)


def _values_to_ask(context: CheckContext, mirror: Mirror, name: str) -> list[Any]:
    """The values to ask a filter for, those first that most rows show."""
    values = [*discriminating_values(context, mirror.rows, name), *near_miss_texts(context, mirror.rows, name)]
    return [value for value in dict.fromkeys(values) if fits_one_element(context, name, value)]


def _check_value(context: CheckContext, mirror: Mirror, name: str, value: Any) -> None:
    """Asks a filter for one value, and notes whether it is broken."""
    filter_ = context.listing.filters[name]
    clauses = clauses_of_value(filter_, value)
    if filter_.case_clause and case_tells(context, mirror, name, value):
        if context.results.first_failed(clauses):
            reason = f"{name} goes wrong whatever the case of letters"
            context.results.record_not_exercised(filter_.case_clause, reason)
            return
        clauses = filter_.case_clause
    row = next((row for row in mirror.rows if value in count_values([row], filter_.compares)), None)
    ask = mirror.request(
        {
            **largest_page(context),
            **_next_switch(context, name),
            **companion_parameters(context, mirror, name, row),
            **default_comparison(context, name),
            name: encode_shown_value(context, name, value),
        }
    )
    judged = check_probe(context, mirror, ask, f"{name} = {value!r}", clauses)
    note_broken_parameter(context, name, judged, clauses)
    if judged.passed and row is None and not judged.exchange.rows:
        context.results.record_pass(context.listing.no_match_clause)


def _next_switch(context: CheckContext, name: str) -> dict[str, Tree]:
    """The switch of the part that a filter looks into, or those of all parts in turn, one or none for each value.

    They must work beside all filters, and what a filter finds inside of a row must not cut what the row shows.
    """
    switches = [one for one in context.listing.includes if context.supports_parameters(one.parameter)]
    heads = {path.head for path in context.listing.filters[name].compares}
    inside = [one.parameter for one in switches if heads & set(one.added_names)]
    if name in context.value_by_filter:
        turn = context.requests % (len(switches) + 1)
        chosen = [one.parameter for one in switches[turn : turn + 1]]
    else:
        turn = len(context.value_by_filter) % max(1, len(switches))
        chosen = inside[:1] or [one.parameter for one in switches[turn : turn + 1]]
    return {parameter: context.encode(parameter, True) for parameter in chosen}


def check_long_value(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges a text far longer than any that rows show: it may be refused, but matches nothing and breaks nothing."""
    filter_, parameter = context.listing.filters[name], context.listing.parameters[name]
    if parameter.as_ != "text" or filter_.keeps not in ("equal", "contains") or filter_.applies_if_any:
        return
    more = {**default_comparison(context, name), name: "long" * (LONG_TEXT_LENGTH // 4)}
    ask = mirror.request(more)
    exchange = context.send(ask, f"{name} with {LONG_TEXT_LENGTH} characters", witness=False)
    if context.note_unusable(exchange, ()) or not exchange.rows:
        return
    meanings = [meaning for _, meaning in context.expected_answers(ask) if meaning.error_name is None]
    if any(all(meaning.keeps_row(row.shown) is not False for row in exchange.rows) for meaning in meanings):
        # By a reading that is still open nothing has gone wrong: an older server may not know the filter at all.
        return
    again = context.send(ask, f"again: {name} with {LONG_TEXT_LENGTH} characters", witness=False)
    if again.rows:
        context.fail(
            filter_.clause,
            f"{name} keeps only rows with that value",
            expected="no rows for a value that nothing has",
            actual=f"{len(again.rows)} rows",
            exchange=again,
            check=NO_ROWS,
        )
        context.broken_parameters.setdefault(name, filter_.clause[0] if filter_.clause else ClauseId(name))


def _check_absent_values(context: CheckContext, mirror: Mirror, name: str, values: Sequence[Any]) -> bool:
    """Values that no row has, asked for as one list: where that keeps nothing, none of them keeps anything."""
    filter_, parameter = context.listing.filters[name], context.listing.parameters[name]
    if not takes_list(parameter) or filter_.keeps != "equal" or mirror.volatile:
        return False
    counted = count_values(mirror.rows, filter_.compares)
    apart = (
        parameter.separated_by if parameter.as_ == "list" and context.listing.transport.carries != "json" else None
    )
    strange = [
        value
        for value in values
        if not counted[value] and value not in filter_.no_filter and (apart is None or apart not in str(value))
    ]
    if len(strange) < 2 or len(strange) < sum(not counted[value] for value in values):
        return False
    values_asked = {
        **companion_parameters(context, mirror, name),
        name: encode_shown_value(context, name, tuple(strange)),
    }
    exchange = context.send(
        mirror.request({**largest_page(context), **values_asked}), f"{name} with {len(strange)} strangers"
    )
    answered = exchange.outcome == "success"
    if not answered or not tells_nothing_new(context, mirror, exchange):
        return False
    context.results.record_pass((*filter_.clause, *context.listing.no_match_clause))
    return True


def _drop_repeated_values(context: CheckContext, name: str, values: list[Any]) -> list[Any]:
    """The values, fewer where another filter over the same fields was right about the odd ones already."""
    filters = context.listing.filters
    before = list(filters)[: list(filters).index(name)]
    if len(values) > 5 and any(
        filters[other].compares == filters[name].compares
        and comparison_of_filter(filters[other]) == comparison_of_filter(filters[name])
        and context.parameters_work(other, name)
        and not is_hidden_filter(filters[other])
        for other in before
    ):
        return [*values[:4], values[-1]]
    return values


def check_companions(context: CheckContext, mirror: Mirror, name: str, value: Any) -> None:
    """Judges a filter that needs one of several others with each of them."""
    filter_ = context.listing.filters[name]
    for other in filter_.applies_if_any[1:]:
        if not context.parameters_work(other) or other not in context.listing.filters:
            continue
        row = next((row for row in mirror.rows if value in count_values([row], filter_.compares)), None)
        shown = count_values([row] if row is not None else mirror.rows, context.listing.filters[other].compares)
        if shown:
            more = {
                other: encode_shown_value(context, other, shown.most_common(1)[0][0]),
                name: encode_shown_value(context, name, value),
            }
            ask = mirror.request({**largest_page(context), **more})
            check_probe(context, mirror, ask, f"{name} with {other}", filter_.clause)


def check_hidden_alternatives(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges whether a filter also compares hidden attributes, and whether it drops rows at all."""
    filter_ = context.listing.filters[name]
    choice = filter_.alternatives
    if not isinstance(choice, OpenChoice):
        return
    numbers = context.listing.parameters[name].of in ("integer", "digits")
    stranger: Any = absent_number(count_values(mirror.rows, filter_.compares)) if numbers else ABSENT_TEXT
    for value in (stranger, stranger):
        ask = mirror.request({**largest_page(context), name: encode_shown_value(context, name, value)})
        exchange = context.send(ask, f"{name} with a value that nothing has")
        if context.note_unusable(exchange, filter_.clause) or not exchange.rows:
            break
    else:
        context.fail(
            filter_.clause,
            f"{name} keeps only rows with that value",
            expected="no rows for a value that nothing has",
            actual=f"{len(exchange.listed)} rows",
            exchange=exchange,
            check=NO_ROWS,
        )
        context.broken_parameters.setdefault(name, filter_.clause[0] if filter_.clause else ClauseId(name))
        return
    counted = count_values(mirror.rows, filter_.compares)
    others = seen = 0
    for value, _ in counted.most_common(2):
        ask = mirror.request({**largest_page(context), name: encode_shown_value(context, name, value)})
        exchange = context.send(ask, f"{name} = {value!r}, all of its rows")
        others += sum(value not in flatten_values(row.values(filter_.compares[0])) for row in exchange.listed)
        seen += len(exchange.listed)
    fuller = max(choice.options, key=len)
    if not others and seen < DISCRIMINATING_ROWS:
        # Too few rows to be sure that none of them is kept for what it does not show.
        return
    context.dialect.fix_answer(choice.id, fuller if others else min(choice.options, key=len), f"rows kept by {name}")
    if not others and len(counted) > 1:
        value = counted.most_common(1)[0][0]
        ask = mirror.request({**largest_page(context), name: encode_shown_value(context, name, value)})
        judged = check_probe(context, mirror, ask, f"{name} = {value!r}", filter_.clause)
        note_broken_parameter(context, name, judged, filter_.clause)


def check_later_version_filter(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges that a filter of a later version than the server's is ignored."""
    filter_ = context.listing.filters[name]
    versions = context.listing.versions
    assert versions is not None
    context.results.record_not_applicable(clauses_of_filter(filter_), "the server follows an older version")
    value: Any = ABSENT_NUMBER if context.listing.parameters[name].of == "integer" else ABSENT_TEXT
    ask = mirror.request({name: encode_shown_value(context, name, value)})
    check_probe(context, mirror, ask, f"{name} is not known yet", versions.older_clause)


def check_list_filter(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges a list parameter: two elements, many, a repeated one, one without matches beside one with some.

    Servers take only the first or the last element (`legs_first_machine_only`, `legs_machines_last_only`), or three
    at most (`legs_machines_three_at_most`, foreign servers).
    """
    filter_ = context.listing.filters[name]
    parameter = context.listing.parameters[name]
    if parameter.repeated == "all":
        _check_values_that_must_all_match(context, mirror, name)
    if not takes_list(parameter):
        return
    counted = count_values(mirror.rows, filter_.compares)
    values = [value for value, count in counted.most_common() if count < len(mirror.rows)]
    if len(values) < 2:
        context.results.record_not_exercised(parameter.list_clause, "fewer than two values occur")
        return
    nowhere: Any = absent_number(counted) if element_codec(parameter) in ("integer", "digits") else ABSENT_TEXT
    if element_codec(parameter) == "word":
        # A word that is none may be refused, whatever stands beside it.
        nowhere = values[0]
    rare = values[-1]
    # Two numbers may be read as a range (`machines_as_range`): then the rows between come too.
    numbers = sorted(value for value in values if isinstance(value, int))
    ends = ((numbers[0], numbers[-1]),) if len(numbers) > 2 else ()
    # Each place of a list counts: the rows of an element that is not read are missing.
    longest = min(parameter.most_items or LIST_LENGTH, LIST_LENGTH)
    lists: list[tuple[Any, ...]] = [*(ends or ((rare, nowhere, rare),)), tuple(values[:7])]
    if longest > len(lists[1]):
        # The second twice: a row comes once, however often it is asked for.
        lists.append((values[0], values[1], *[nowhere] * (longest - 4), values[1], rare))
    clauses = parameter.list_clause or filter_.clause
    beside = {**largest_page(context), **companion_parameters(context, mirror, name)}
    raws = [(len(chosen), encode_shown_value(context, name, chosen)) for chosen in lists]
    asks = [(number, mirror.request({**beside, name: raw})) for number, raw in raws]
    # A list of many elements that is read to its end tells what shorter ones would, but for the ends of a range; else
    # the shortest tells most.
    number, longest_ask = asks[-1]
    exchange = context.send(longest_ask, f"{name} with {number} elements")
    whole = number > LIST_LENGTH // 2 and tells_nothing_new(context, mirror, exchange)
    for number, ask in [*asks[: len(ends)], *asks[-1:]] if whole else asks:
        check_probe(context, mirror, ask, f"{name} with {number} elements", clauses)


def _check_values_that_must_all_match(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges a parameter given twice where both values count: two of one row, and one of them beside a stranger."""
    filter_, parameter = context.listing.filters[name], context.listing.parameters[name]
    clauses = parameter.list_clause or filter_.clause
    counted = count_values(mirror.rows, filter_.compares)
    pairs = list(dict.fromkeys(_pairs_of_values(context, mirror, name)))
    if not pairs:
        context.results.record_not_exercised(clauses, "no row matches two different values")
        return
    nowhere: Any = absent_number(counted) if element_codec(parameter) in ("integer", "digits") else ABSENT_TEXT
    first, second = pairs[0]
    for value in (first, second):
        # What goes wrong with one value is no matter of several.
        _check_value(context, mirror, name, value)
        if context.results.first_failed(filter_.clause):
            context.results.record_not_exercised(clauses, f"{name} goes wrong with one value already")
            return
    for chosen in (*pairs[:3], (first, nowhere), (nowhere, second)):
        values = {**largest_page(context), **companion_parameters(context, mirror, name)}
        values[name] = encode_shown_value(context, name, chosen)
        ask = mirror.request(values)
        check_probe(context, mirror, ask, f"{name} given twice", clauses)


def _pairs_of_values(context: CheckContext, mirror: Mirror, name: str) -> Iterator[tuple[Any, Any]]:
    """Two different values that one row matches, and two that no row may match together."""
    filter_ = context.listing.filters[name]
    for row in mirror.rows:
        shown = list(count_values([row], filter_.compares))
        if len(shown) > 1:
            yield shown[0], shown[1]
        elif shown and filter_.keeps in ("contains", "starts", "ends") and len(str(shown[0])) > 3:
            text = str(shown[0])
            yield {"contains": (text[:2], text[-2:]), "starts": (text[:2], text[:3])}.get(
                str(filter_.keeps), (text[-2:], text[-3:])
            )
    common = [value for value, _ in count_values(mirror.rows, filter_.compares).most_common(2)]
    if len(common) > 1:
        yield common[0], common[1]


def case_tells(context: CheckContext, mirror: Mirror, name: str, value: Any) -> bool:
    """Whether a filter keeps other rows for a value where letters' case counts than where it does not."""
    filter_ = context.listing.filters[name]
    if not isinstance(value, str) or value.swapcase() == value:
        return False
    kept = []
    for folded in (False, True):
        compared = replace(comparison_of_filter(filter_, zone=context.zone), folded=folded)
        shown = (row.values(*filter_.compares) for row in mirror.rows)
        kept.append([values_are_kept(compared, values, (value,)) for values in shown])
    return kept[0] != kept[1]


def check_named_comparison(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges a comparison that another parameter names: its default word given, other words, none."""
    filter_ = context.listing.filters[name]
    named = filter_.named_by
    if named is None:
        return
    counted = count_values(mirror.rows, filter_.compares)
    values = [value for value, count in counted.most_common() if count < len(mirror.rows)]
    if not values:
        return
    # A cut text tells the comparisons apart, if no row shows it whole.
    cut = [text for text in values if isinstance(text, str) and len(text) > 1 and text[1:] not in counted]
    long = [text for text in cut if len(text) > 3] or cut
    value: Any = long[len(long) // 2][1:] if long else values[len(values) // 2]
    base = {
        **largest_page(context),
        **companion_parameters(context, mirror, name),
        name: encode_shown_value(context, name, value),
    }
    default = context.listing.parameters[named.parameter].default
    if default in named.words:
        clauses = named.clauses.default or filter_.clause
        ask = mirror.request(base)
        check_probe(context, mirror, ask, f"{name} without {named.parameter}", clauses)
    for word in named.words:
        clauses = filter_.clause
        if word != default and named.clauses.may and word in named.may:
            clauses = named.clauses.may
        ask = mirror.request({**base, named.parameter: word})
        judged = check_probe(context, mirror, ask, f"{name} with {named.parameter}={word}", clauses)
        note_broken_parameter(context, named.parameter, judged, clauses)
    for word in named.none:
        ask = mirror.request({**base, named.parameter: word})
        check_probe(context, mirror, ask, f"{named.parameter}={word} switches {name} off", named.clauses.none)
    _check_other_words(context, mirror, name, base)


def _check_other_words(context: CheckContext, mirror: Mirror, name: str, base: Mapping[str, Tree]) -> None:
    named = context.listing.filters[name].named_by
    assert named is not None
    clauses = named.clauses.other
    ask = mirror.request({**base, named.parameter: "nosuchmatch"})
    check_probe(context, mirror, ask, f"{named.parameter}=nosuchmatch", clauses)
    if any(rule.named_by is not None and rule.named_by.may == named.may for rule in _filters_before(context, name)):
        # What is only observed is observed once.
        return
    for word in [word for word in named.may if word not in named.words][:2]:
        exchange = context.send(mirror.request({**base, named.parameter: word}), f"{named.parameter}={word}")
        if exchange.answer is not None:
            reading = "refused" if exchange.answer.outcome == "error" else f"{len(exchange.listed)} rows"
            context.results.record_observed(named.clauses.may or clauses, f"{named.parameter}={word}: {reading}")


def _filters_before(context: CheckContext, name: str) -> list[Filter]:
    """The filters that stand before one in the spec."""
    filters = context.listing.filters
    return [filters[other] for other in list(filters)[: list(filters).index(name)]]
