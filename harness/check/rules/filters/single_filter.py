"""Rules on single filters: each alone, at values that tell right readings from wrong ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from harness.check.context import CheckContext, Exchange
from harness.check.oracle.value_comparison import comparison_of_filter, values_are_kept
from harness.check.probe.answer_checks import NO_ROWS
from harness.check.probe.asked_filter import AskedFilter, absent_values
from harness.check.probe.blame import clauses_of_value
from harness.check.probe.expect import tells_nothing_new
from harness.check.probe.filter_values import (
    absent_value,
    asked_filters,
    count_values,
    default_comparison,
    discriminating_values,
    encode_shown_value,
    fits_one_element,
    flatten_values,
    is_hidden_filter,
    near_miss_texts,
    takes_numbers,
)
from harness.check.probe.mirror import Mirror
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.filters.chosen_fields import check_chosen_fields
from harness.check.rules.filters.enum_filters import check_unseen_words, check_word_partition
from harness.check.rules.filters.identity_gaps import check_identity_gaps, check_identity_page
from harness.check.rules.filters.time_filters import check_time_filter
from harness.specification.model import OpenChoice
from harness.specification.narrowing_defaults import demanded_filters
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import element_codec, must_match_all, takes_list

# Fewer rows may all agree by chance on what a filter compares, so that they do not settle an open choice.
DISCRIMINATING_ROWS: Final = 60
MOST_VALUES_TOLD: Final = 5
"""Values asked for until so many rows came."""
LIST_LENGTH: Final = 40
"""Elements of the longest list that is asked for: more than one page of anything, and short enough for a URL."""
LONG_TEXT_LENGTH: Final = 1000
"""Characters: more than any value has, and fewer than any server takes in a request.

Foreign servers cut long values or break down over them (`values_cut_at_8`, `five_hundred_on_long_values`).
"""


# --- rules --------------------------------------------------------------------------------------------------


def check_filters_once(context: CheckContext, mirror: Mirror) -> None:
    """Judges each filter at one telling value, so that what is broken outright shows early."""
    for about in (AskedFilter(context, mirror, name) for name in asked_filters(context)):
        if about.bounds_time:
            check_time_filter(about, first_look=True)
            continue
        values = _values_to_ask(about) if about.is_known and mirror.rows else []
        if values and about.counted:
            _check_value(about, values[0])
            context.value_by_filter[about.name] = values[0]


def check_single_filters(context: CheckContext, mirror: Mirror) -> None:
    """Judges each filter alone, at values that tell right readings from wrong ones."""
    for about in (AskedFilter(context, mirror, name) for name in asked_filters(context)):
        if about.bounds_time:
            check_time_filter(about)
        elif not about.is_known:
            check_later_version_filter(about)
        elif not mirror.rows:
            context.results.record_not_exercised(about.all_clauses, "the target shows no rows")
        elif (values := _values_to_ask(about)) and about.counted:
            _check_filter(about, values)
        else:
            if about.rule.partition_clause:
                check_unseen_words(about)
            reason = f"no row shows a value that {about.name} compares"
            context.results.record_not_exercised(about.all_clauses, reason)
    check_chosen_fields(context, mirror)


def _check_filter(about: AskedFilter, values: Sequence[Any]) -> None:
    """One filter at values that rows show or nearly do, and whatever else its kind of filter promises."""
    context, counted = about.context, about.counted
    probed_values = _drop_repeated_values(about, values)
    seen = context.value_by_filter.get(about.name)
    if _check_absent_values(about, probed_values):
        probed_values = [value for value in probed_values if counted[value]]
    for value in probed_values:
        # One value that goes wrong is enough for one promise; words may be promises of their own.
        if value != seen and not context.results.first_failed(clauses_of_value(about.rule, value)):
            _check_value(about, value)
    _check_long_value(about)
    _check_hidden_alternatives(about)
    _check_companions(about, values[0])
    check_list_filter(about)
    check_identity_gaps(about)
    check_identity_page(about)
    _check_named_comparison(about)
    if about.rule.partition_clause:
        check_word_partition(about)


def _values_to_ask(about: AskedFilter) -> list[Any]:
    """The values to ask a filter for, those first that most rows show."""
    context, rows, name = about.context, about.mirror.rows, about.name
    if name in demanded_filters(context.listing):
        # All that is known of the list are the rows of one value, and of a value that nothing has.
        return [*list(about.counted)[:1], absent_value(about.parameter)]
    values = [*discriminating_values(context, rows, name), *near_miss_texts(context, rows, name)]
    return [value for value in dict.fromkeys(values) if fits_one_element(context, name, value)]


def _check_value(about: AskedFilter, value: Any) -> None:
    """Asks a filter for one value, and notes whether it is broken."""
    context, name, clauses = about.context, about.name, clauses_of_value(about.rule, value)
    if about.rule.case_clause and _case_tells(about, value):
        if context.results.first_failed(clauses):
            reason = f"{name} goes wrong whatever the case of letters"
            context.results.record_not_exercised(about.rule.case_clause, reason)
            return
        clauses = about.rule.case_clause
    row = about.row_with(value)
    beside = {**about.next_company(), **about.companions(row), **default_comparison(context, name)}
    judged = about.check_use(about.request(value, beside), f"{name} = {value!r}", clauses)
    if judged.passed and row is None and not judged.exchange.rows:
        context.results.record_pass(context.listing.no_match_clause)


def _check_long_value(about: AskedFilter) -> None:
    """Judges a text far longer than any that rows show: it may be refused, but matches nothing and breaks nothing."""
    context, name, filter_ = about.context, about.name, about.rule
    if about.parameter.as_ != "text" or filter_.keeps not in ("equal", "contains") or filter_.applies_if_any:
        return
    more = {**default_comparison(context, name), name: "long" * (LONG_TEXT_LENGTH // 4)}
    ask, purpose = about.mirror.request(more), f"{name} with {LONG_TEXT_LENGTH} characters"
    exchange = context.send(ask, purpose, witness=False)
    if context.note_unusable(exchange, ()) or not exchange.rows:
        return
    meanings = [meaning for _, meaning in context.expected_answers(ask) if meaning.error_name is None]
    if any(all(meaning.keeps_row(row.shown) is not False for row in exchange.rows) for meaning in meanings):
        # By a reading that is still open nothing has gone wrong: an older server may not know the filter at all.
        return
    again = context.send(ask, f"again: {purpose}", witness=False)
    if again.rows:
        _report_kept_rows(about, again)


def _report_kept_rows(about: AskedFilter, exchange: Exchange) -> None:
    """Tells of rows for a value that nothing has."""
    about.context.fail(
        about.clauses,
        f"{about.name} keeps only rows with that value",
        expected="no rows for a value that nothing has",
        actual=rows_in_words(len(exchange.listed)),
        exchange=exchange,
        check=NO_ROWS,
    )
    about.context.mark_broken(about.name, about.clauses)


def _check_absent_values(about: AskedFilter, values: Sequence[Any]) -> bool:
    """Values that no row has, asked for as one list: where that keeps nothing, none of them keeps anything."""
    context, filter_, parameter = about.context, about.rule, about.parameter
    if not takes_list(parameter) or filter_.keeps != "equal" or about.mirror.volatile:
        return False
    counted = about.counted
    absent = [value for value in values if not counted[value]]
    strange = [value for value in absent if value not in filter_.no_filter]
    if len(strange) < max(2, len(absent)):
        return False
    exchange = about.send(tuple(strange), f"{about.name} with {len(strange)} strangers", about.companions())
    if exchange.outcome != "success" or not tells_nothing_new(context, about.mirror, exchange):
        return False
    context.results.record_pass((*filter_.clause, *context.listing.no_match_clause))
    return True


def _drop_repeated_values(about: AskedFilter, values: Sequence[Any]) -> Sequence[Any]:
    """The values, fewer where another filter over the same fields was right about the odd ones already."""
    context = about.context
    if len(values) > 5 and any(
        other.rule.compares == about.rule.compares
        and comparison_of_filter(other.rule) == comparison_of_filter(about.rule)
        and context.parameters_work(other.name, about.name)
        and not is_hidden_filter(other.rule)
        for other in _filters_before(about)
    ):
        return [*values[:4], values[-1]]
    return values


def _check_companions(about: AskedFilter, value: Any) -> None:
    """Judges a filter that needs one of several others with each of them."""
    context, filters = about.context, about.context.listing.filters
    for other in about.rule.applies_if_any[1:]:
        if not context.parameters_work(other) or other not in filters:
            continue
        row = about.row_with(value)
        shown = count_values([row] if row is not None else about.mirror.rows, filters[other].compares)
        if shown:
            beside = {other: encode_shown_value(context, other, shown.most_common(1)[0][0])}
            about.check(about.request(value, beside), f"{about.name} with {other}")


def _check_hidden_alternatives(about: AskedFilter) -> None:
    """Judges whether a filter also compares hidden attributes, and whether it drops rows at all."""
    context, name, choice, counted = about.context, about.name, about.rule.alternatives, about.counted
    if not isinstance(choice, OpenChoice) or not any(path.hidden for option in choice.options for path in option):
        # What rows show tells its reading by itself.
        return
    stranger = absent_value(about.parameter, counted)
    for _ in range(2):
        exchange = about.send(stranger, f"{name} with a value that nothing has")
        if context.note_unusable(exchange, about.clauses) or not exchange.rows:
            break
    else:
        _report_kept_rows(about, exchange)
        return
    others = seen = 0
    for value, _ in counted.most_common(MOST_VALUES_TOLD):
        if seen >= DISCRIMINATING_ROWS:
            break
        exchange = about.send(value, f"{name} = {value!r}, all of its rows")
        others += sum(not count_values([row], about.rule.compares)[value] for row in exchange.listed)
        seen += len(exchange.listed)
    if _keeps_by_beginning(about):
        return
    fuller = max(choice.options, key=len)
    if not others and seen < DISCRIMINATING_ROWS:
        # Too few rows to be sure that none of them is kept for what it does not show.
        return
    context.dialect.fix_answer(choice.id, fuller if others else min(choice.options, key=len), f"rows kept by {name}")
    if not others and len(counted) > 1:
        value = counted.most_common(1)[0][0]
        about.check_use(about.request(value), f"{name} = {value!r}")


def _keeps_by_beginning(about: AskedFilter) -> bool:
    """Whether a number that nothing has keeps just the rows of the numbers that begin with it: then that is told.

    Numbers may be compared as texts (`users_text_prefix`); rows of a hidden value would be others.
    """
    counted = about.counted if takes_numbers(about.parameter) else {}
    longer = [int(value) for value in counted if str(value).isdigit() and len(str(value)) > 1]
    beginnings = (value // 10 for value in longer if value // 10 not in counted)
    beginning = next(beginnings, None)
    if beginning is None:
        return False
    alike = {value for value in counted if str(value).startswith(str(beginning))}
    path = about.rule.compares[0]
    due = {row.key for row in about.mirror.rows if not alike.isdisjoint(flatten_values(row.values(path)))}
    exchange = about.send(beginning, f"{about.name} with the beginning of another value")
    if len(due) < 2 or set(exchange.keys) != due:
        return False
    _report_kept_rows(about, exchange)
    return True


def check_later_version_filter(about: AskedFilter) -> None:
    """Judges that a filter of a later version than the server's is ignored."""
    context, versions = about.context, about.context.listing.versions
    assert versions is not None
    context.results.record_not_applicable(about.all_clauses, "the server follows an older version")
    ask = about.mirror.request({about.name: encode_shown_value(context, about.name, absent_value(about.parameter))})
    about.check(ask, f"{about.name} is not known yet", versions.older_clause)


def check_list_filter(about: AskedFilter) -> None:
    """Judges a list parameter: two elements, many, a repeated one, one without matches beside one with some.

    Servers take only the first or the last element (`legs_first_machine_only`, `legs_machines_last_only`), or three
    at most (`legs_machines_three_at_most`, foreign servers).
    """
    context, name, parameter = about.context, about.name, about.parameter
    if must_match_all(parameter):
        _check_values_that_must_all_match(about)
    if not takes_list(parameter):
        return
    values = about.parting_values
    if len(values) < 2:
        context.results.record_not_exercised(parameter.list_clause, "fewer than two values occur")
        return
    # A word that is none may be refused, whatever stands beside it.
    nowhere = values[0] if element_codec(parameter) == "word" else absent_value(parameter, about.counted)
    rare = values[-1]
    # Two numbers may be read as a range (`machines_as_range`): then the rows between come too.
    numbers = sorted(value for value in values if isinstance(value, int))
    ends = ((numbers[0], numbers[-1]),) if len(numbers) > 2 else ()
    # Each place of a list counts: the rows of an element that is not read are missing.
    longest = min(parameter.most_items or LIST_LENGTH, LIST_LENGTH)
    lists: list[tuple[Any, ...]] = [*(ends or ((rare, nowhere, rare),)), tuple(values[:7])]
    if longest > len(lists[1]):
        # The second twice: a row comes once, however often it is asked for.
        strangers = absent_values(about, longest - 4) if nowhere not in about.counted else [nowhere] * (longest - 4)
        # The rarest, so that the rows of the last one are on the first page.
        one, other = values[-3:][0], values[-2]
        lists.append((one, other, *strangers, other, rare))
    beside = about.companions()
    asks = [(len(chosen), about.request(chosen, {**about.next_company(), **beside})) for chosen in lists]
    # A list of many elements that is read to its end tells what shorter ones would, but for the ends of a range; else
    # the shortest tells most.
    number, longest_ask = asks[-1]
    exchange = context.send(longest_ask, f"{name} with {number} elements")
    whole = number > LIST_LENGTH // 2 and tells_nothing_new(context, about.mirror, exchange)
    for number, ask in [*asks[: len(ends)], *asks[-1:]] if whole else asks:
        about.check(ask, f"{name} with {number} elements", parameter.list_clause or None)


def _check_values_that_must_all_match(about: AskedFilter) -> None:
    """Judges a parameter with two values where both count: two of one row, and one of them beside a stranger."""
    results, clauses = about.context.results, about.parameter.list_clause or about.clauses
    pairs = list(dict.fromkeys(_pairs_of_values(about)))
    if not pairs:
        results.record_not_exercised(clauses, "no row matches two different values")
        return
    nowhere = absent_value(about.parameter, about.counted)
    first, second = pairs[0]
    for value in (first, second):
        # What goes wrong with one value is no matter of several.
        _check_value(about, value)
        if results.first_failed(about.clauses):
            results.record_not_exercised(clauses, f"{about.name} goes wrong with one value already")
            return
    for chosen in (*pairs[:3], (first, nowhere), (nowhere, second)):
        about.check(about.request(chosen, about.companions()), f"{about.name} with two values", clauses)


def _pairs_of_values(about: AskedFilter) -> Iterator[tuple[Any, Any]]:
    """Two different values that one row matches, and two that no row may match together."""
    keeps = str(about.rule.keeps)
    for row in about.mirror.rows:
        shown = list(count_values([row], about.rule.compares))
        if len(shown) > 1:
            yield shown[0], shown[1]
        elif shown and keeps in ("contains", "starts", "ends") and len(str(shown[0])) > 3:
            text = str(shown[0])
            pairs = {
                "contains": (text[:2], text[-2:]),
                "starts": (text[:2], text[:3]),
                "ends": (text[-2:], text[-3:]),
            }
            yield pairs[keeps]
    common = [value for value, _ in about.counted.most_common(2)]
    if len(common) > 1:
        yield common[0], common[1]


def _case_tells(about: AskedFilter, value: Any) -> bool:
    """Whether a filter keeps other rows for a value where letters' case counts than where it does not."""
    if not isinstance(value, str) or value.swapcase() == value:
        return False
    compared = comparison_of_filter(about.rule, zone=about.context.zone)
    strict, folded = replace(compared, folded=False), replace(compared, folded=True)
    shown = (row.values(*about.rule.compares) for row in about.mirror.rows)
    return any(values_are_kept(strict, one, (value,)) != values_are_kept(folded, one, (value,)) for one in shown)


def _check_named_comparison(about: AskedFilter) -> None:
    """Judges a comparison that another parameter names: its default word given, other words, none."""
    context, name, named, values = about.context, about.name, about.rule.named_by, about.parting_values
    if named is None or not values:
        return
    # A cut text tells the comparisons apart, if no row shows it whole.
    counted = about.counted
    cut = [text for text in values if isinstance(text, str) and len(text) > 1 and text[1:] not in counted]
    long = [text for text in cut if len(text) > 3] or cut
    value: Any = long[len(long) // 2][1:] if long else values[len(values) // 2]
    base = about.request(value, about.companions())
    default = context.listing.parameters[named.parameter].default
    if default in named.words:
        about.check(base, f"{name} without {named.parameter}", named.clauses.default or None)
    for word in named.words:
        may = word != default and word in named.may
        clauses = (named.clauses.may if may else ()) or about.clauses
        judged = about.check(
            base.with_values({named.parameter: word}), f"{name} with {named.parameter}={word}", clauses
        )
        if judged.fails_itself:
            context.mark_broken(named.parameter, clauses)
    for word in named.none:
        ask = base.with_values({named.parameter: word})
        about.check(ask, f"{named.parameter}={word} switches {name} off", named.clauses.none)
    _check_other_words(about, base)


def _check_other_words(about: AskedFilter, base: ListRequest) -> None:
    context, named = about.context, about.rule.named_by
    assert named is not None
    clauses = named.clauses.other
    about.check(base.with_values({named.parameter: "nosuchmatch"}), f"{named.parameter}=nosuchmatch", clauses)
    before = (other.rule.named_by for other in _filters_before(about))
    if any(other is not None and other.may == named.may for other in before):
        # What is only observed is observed once.
        return
    for word in [word for word in named.may if word not in named.words][:2]:
        exchange = context.send(base.with_values({named.parameter: word}), f"{named.parameter}={word}")
        if exchange.answer is not None:
            reading = "refused" if exchange.outcome == "error" else rows_in_words(len(exchange.listed))
            context.results.record_observed(named.clauses.may or clauses, f"{named.parameter}={word}: {reading}")


def _filters_before(about: AskedFilter) -> list[AskedFilter]:
    """The filters that stand before one in the spec."""
    names = list(about.context.listing.filters)
    return [AskedFilter(about.context, about.mirror, name) for name in names[: names.index(about.name)]]
