"""Filter values to probe with: values that tell right readings from wrong ones, and the parameters they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from math import ceil, floor
from typing import Any, Final

from harness.check.context import CheckContext, Exchange, Row, values_of
from harness.check.oracle.value_comparison import comparison_of_filter, values_are_kept
from harness.check.probe.comparison import compare_answer
from harness.check.probe.comparison_values import (
    ORDER_COMPARISONS,
    PRESENCE_COMPARISONS,
    comparison_of,
    values_of_comparison,
)
from harness.check.probe.differences import ASPECTS, Aspect
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.check.probe.standing_values import standing_values
from harness.specification.access import free_path_values
from harness.specification.field_path import FieldPath
from harness.specification.model import ClauseId, Field, Filter, FilterRange, OpenChoice, Parameter
from harness.wire.asked_units import shown_per_asked
from harness.wire.decoded_body import Tree
from harness.wire.field_conditions import all_met
from harness.wire.parameter_codec import element_codec, takes_instants, takes_text
from harness.wire.row_codec import ApiValue, field_at
from harness.wire.scalar_codecs import zone_named
from harness.wire.time_codecs import TIME_CODECS, cut_instant, time_step

# Characters that careless encoders, decoders and query builders get wrong (`plus_is_kept_in_query`,
# `callerid_quote_fails`, `semicolon_not_split`).
SPECIAL_CHARACTERS: Final = frozenset("&;+%<>\"'#?=/\\ ")
# With a quote: who puts values into the text of an SQL statement breaks down over it.
ABSENT_TEXT: Final = "nowhere-7'f3a"
# Of other looks, for parameters that take texts of some look alone.
_ABSENT_TEXTS: Final = (
    ABSENT_TEXT,
    "990009900099",
    "+990009900099",
    "nowhere",
    "00000000-0000-4000-8000-9c1e00000000",
)
# A prime of twelve digits: neither a round number nor the multiple of an id.
ABSENT_NUMBER: Final = 999_999_999_983
ENOUGH_ROWS: Final = 4
"""Rows with a value, of which other filters keep some and drop some."""
OTHER_VALUES: Final = 16
"""Elements of a list whose values are rare."""
UNSEEN_WORDS_AT_MOST: Final = 4
"""Words of a filter that no row shows."""


def absent_number(counted: Mapping[Any, int]) -> int:
    """A number that none of the counted values is, as long as those are: longer ones may be no id at all."""
    shown = [int(value) for value in counted if str(value).isdigit()]
    if not shown:
        return ABSENT_NUMBER
    # Neither near the last one, where ids of calls that the list does not show may stand, nor much longer.
    return max(shown) + 104_729 if max(shown) > 9999 else max(shown) * 10 + 7


def takes_numbers(parameter: Parameter) -> bool:
    """Whether a value, or each value of a list, is a whole number: written with digits alone, or a duration."""
    return element_codec(parameter) in ("integer", "digits", "formatted-duration")


def absent_value(parameter: Parameter, counted: Mapping[Any, int] | None = None) -> Any:
    """A value of a parameter that nothing has: none of those counted, and none that is likely elsewhere."""
    if takes_numbers(parameter):
        return absent_number(counted or {})
    return next((text for text in _ABSENT_TEXTS if takes_text(parameter, text)), ABSENT_TEXT)


def _cut_number(counted: Mapping[Any, int]) -> int:
    """A number that none of the values is but with which one begins: ids are looked up as texts, too.

    A server may keep what contains the number (`ids_substring`, foreign servers).
    """
    for value in counted:
        if str(value).isdigit() and len(str(value)) > 4 and int(value) // 10 not in counted:
            return int(value) // 10
    return absent_number(counted)


def is_time_filter(context: CheckContext, name: str) -> bool:
    """Whether a filter bounds an instant from below or above, and takes an instant for it."""
    ordered = comparison_of(context.listing.filters[name]) in ORDER_COMPARISONS
    return ordered and takes_instants(context.listing.parameters[name])


def bounds_above(filter_: Filter) -> bool:
    """Whether a filter keeps what comes before its value."""
    return comparison_of(filter_) in ("at-or-before", "at-most", "below")


def is_hidden_filter(filter_: Filter) -> bool:
    """Whether a filter compares only attributes that rows do not show."""
    return all(path.hidden for path in filter_.compares)


def visible_filters(context: CheckContext) -> list[str]:
    """The filters that compare something that rows show."""
    return [name for name, filter_ in context.listing.filters.items() if not is_hidden_filter(filter_)]


def asked_filters(context: CheckContext) -> list[str]:
    """Those of the visible filters that the run is about."""
    return [name for name in visible_filters(context) if is_asked(context, name)]


def is_asked(context: CheckContext, name: str) -> bool:
    """Whether the run is about this filter: all of them, unless it is asked for clauses with probes of their own."""
    return context.asked.include(context.options.clauses_by_filter.get(name, ()))


def count_values(rows: Sequence[Row], paths: Sequence[FieldPath]) -> Counter[Any]:
    """The number of rows that show each value at one of the paths."""
    counted: Counter[Any] = Counter()
    for row in rows:
        # In the order of the rows: which of several equally frequent values comes first must not hang on hashes.
        here = dict.fromkeys(value for path in paths for value in flatten_values(row.values(path)))
        counted.update(list(here))
    return counted


def count_values_of(mirror: Mirror, paths: tuple[FieldPath, ...]) -> Counter[Any]:
    """The same of all rows of the mirror, counted once; nobody may change what comes."""
    if paths not in mirror.value_count_cache:
        mirror.value_count_cache[paths] = count_values(mirror.rows, paths)
    return mirror.value_count_cache[paths]


def flatten_values(values: Sequence[ApiValue]) -> list[Any]:
    """The values with lists flattened and None left out."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, tuple):
            found.extend(item for item in value if not isinstance(item, Mapping))
        elif value is not None:
            found.append(value)
    return found


def discriminating_values(context: CheckContext, rows: Sequence[Row], name: str) -> list[Any]:
    """Values to probe a filter with, most telling first: usual and unusual ones of rows, and one of no row."""
    filter_ = context.listing.filters[name]
    if filter_.periods:
        return [word for word in filter_.periods if context.server_time is not None]
    parameter = context.listing.parameters[name]
    counted = count_values(rows, filter_.compares)
    # What came in a wrong encoding cannot be asked for.
    lost = "\ufffd?" if context.results.first_failed((ClauseId("TEXT-ENCODING"),)) else "\ufffd"
    counted = Counter(
        {
            value: times
            for value, times in counted.items()
            if set(str(value)).isdisjoint(lost) and (not isinstance(value, str) or takes_text(parameter, value))
        }
    )
    own = values_of_comparison(context, name, counted, rows=len(rows))
    if own is not None:
        return own
    if filter_.word_conditions:
        return [*words_of_conditions(filter_, parameter), *filter_.words, *parameter.words]
    if element_codec(parameter) == "word":
        words = [word for word, _ in counted.most_common()]
        ordered = [*(word for word in filter_.word_clauses if word in words), *words, *filter_.words]
        # Only a word of no row tells a filter from none where all rows show the same one, and rows that the list
        # should have had from the rest (`missed_only_when_asked`, foreign servers).
        # A list that is asked for by one of the words has rows of that one.
        if name not in {*standing_values(context), *free_path_values(context.spec)}:
            ordered += _unseen_words(context, parameter, filter_, words)[:UNSEEN_WORDS_AT_MOST]
        return list(dict.fromkeys(ordered))
    if not counted:
        return []
    some = [value for value, count in counted.most_common() if count < len(rows)] or [next(iter(counted))]
    chosen: list[Any] = [some[0], *_covered_values(rows, filter_)]
    once = [value for value in some if counted[value] == 1]
    if once:
        chosen.append(context.rng.choice(once))
        if len(once) > len(rows) // 2:
            # A look-up that only sees the first rows is right for most values of those.
            chosen.append(once[-1])
    texts = [value for value in some if isinstance(value, str) and value]
    if texts:
        chosen += _unusual_texts(context, texts, filter_)
    elif len(some) > 2:
        chosen.append(some[len(some) // 2])
    if not isinstance(some[0], bool):
        chosen += foreign_values(context, rows, filter_, counted, texts=bool(texts))
        chosen.append(absent_value(parameter) if texts else _cut_number(counted))
    return [value for value in dict.fromkeys(chosen) if not isinstance(value, str) or takes_text(parameter, value)]


def _covered_values(rows: Sequence[Row], filter_: Filter) -> list[Any]:
    """A value of a row that shows another one in a field before, where only the first that is filled may count."""
    if filter_.of_several == "any":
        return []
    found = (flatten_values(row.values(*filter_.compares)) for row in rows)
    return next(([values[-1]] for values in found if len(set(values)) > 1), [])


def _unseen_words(context: CheckContext, parameter: Parameter, filter_: Filter, seen: Sequence[object]) -> list[str]:
    """The words of a filter, or of the fields it compares, that no row shows; none that stands for others."""
    others = {*map(str, seen), *filter_.words, *filter_.no_filter, *filter_.aliases}
    fields = (field_at(context.listing.fields, path) for path in filter_.compares if not path.hidden)
    known = (*parameter.words, *(word for field in fields if field is not None for word in field.words.values()))
    return [word for word in dict.fromkeys(known) if word not in others]


def words_of_conditions(filter_: Filter, parameter: Parameter) -> list[str | bool]:
    """The words that stand for conditions, as values of the parameter."""
    flag = parameter.as_ == "flag"
    return [word == "true" if flag else word for word in filter_.word_conditions]


def foreign_values(
    context: CheckContext, rows: Sequence[Row], filter_: Filter, counted: Counter[Any], *, texts: bool
) -> list[Any]:
    """A value that only other fields show: a filter that looks at one of those too keeps rows for it."""
    own = {*filter_.compares, *(FieldPath.of(path.head) for path in filter_.compares if not path.hidden)}
    others: Counter[Any] = Counter()
    # Fields beside the own one first: they are what a slip would look at.
    beside = {(path.hidden, path.parent) for path in filter_.compares}
    numeric = sum(str(text).lstrip("+").isdigit() for text in counted) * 2 > len(counted)
    for row in rows[:200]:
        for path, field in field_paths(context.listing.fields):
            if path in own or field.as_ not in (("text",) if texts else ("integer", "digits")):
                continue
            weight = 1000 if (path.hidden, path.parent) in beside else 1
            for value in dict.fromkeys(flatten_values(row.values(path))):
                if not texts or str(value).lstrip("+").isdigit() == numeric:
                    others[value] += weight
    known = [text for text in counted if isinstance(text, str)]
    longest = max((len(str(value)) for value in counted), default=0) + 1
    # A number far longer than any of its kind may be refused as none.
    fitting = (
        value
        for value, _ in others.most_common(60)
        if value not in {"", 0, *counted, *filter_.words, *filter_.no_filter}
        and not (any(str(value).lstrip("+") in text for text in known) if texts else len(str(value)) > longest)
    )
    return list(islice(fitting, 1))


def field_paths(fields: Mapping[str, Field]) -> Iterator[tuple[FieldPath, Field]]:
    """Every field with its path, nested ones too."""
    for name, field in fields.items():
        if field.as_ == "rows":
            yield from ((path.nested_in(name), inner) for path, inner in field_paths(field.fields))
        else:
            yield FieldPath.of(name), field


def _unusual_texts(context: CheckContext, texts: Sequence[str], filter_: Filter) -> list[Any]:
    chosen: list[Any] = []
    odd = {text: _oddities_of(text) for text in texts}
    left = set[str]().union(*odd.values())
    while left:
        most = max(len(own & left) for own in odd.values())
        chosen.append(context.rng.choice([text for text, own in odd.items() if len(own & left) == most]))
        left -= odd[chosen[-1]]
    keeps = comparison_of(filter_)
    if keeps in ("contains", "starts", "ends"):
        long = [text for text in texts if len(text) > 4] or list(texts)
        text = context.rng.choice(long)
        if keeps != "contains":
            # Special characters are asked for where a text is to be equal or contained.
            chosen = []
        return [*chosen, text[1:-1] or text, text[:3], text[-3:], *_letters_in_other_case(texts)]
    if keeps == "not-equal":
        return [one for one in _near_texts(context, texts) if one not in ("%", ".*")]
    return chosen + _near_texts(context, texts)


def _letters_in_other_case(texts: Sequence[str]) -> list[str]:
    """A text with its letters in the other case, which no row shows: does case count?"""
    lettered = [text for text in texts if text.isascii() and text.swapcase() not in texts]
    return [lettered[len(lettered) // 2].swapcase()] if lettered else []


def _oddities_of(text: str) -> set[str]:
    """What careless readers may get wrong in a text."""
    found = {mark for mark in ";&%+,?' " if mark in text}
    if set(text) & SPECIAL_CHARACTERS:
        found.add("special")
    if not text.isascii():
        found.add("other alphabet")
    return found | {f"first {text[:1]}"} if text[:1] in ("0", "+") else found


def _near_texts(context: CheckContext, texts: Sequence[str]) -> list[str]:
    """Texts by which equality is told from containing, beginning, ending, patterns and folded case."""
    chosen: list[str] = []
    # A value inside another one tells equality from containing; a cut one from beginning or ending.
    limited = list(texts)[:400]
    inner = (text for text in limited if any(text != other and text in other for other in limited))
    chosen += list(islice(inner, 1))
    long = [text for text in limited if len(text) > 2]
    if long:
        text = context.rng.choice(long)
        # A leading plus may be left out in good faith: it is never the only thing that is cut.
        chosen += [cut for cut in (text[:-1], text.lstrip("+")[1:]) if cut and cut not in texts][:2]
    # What stands for anything in SQL LIKE and in regular expressions.
    chosen += [pattern for pattern in ("%", ".*") if not any(pattern in text for text in limited)]
    lettered = [text for text in limited if text.swapcase() != text and text.swapcase() not in texts]
    if lettered:
        chosen.append(context.rng.choice(lettered).swapcase())
    return chosen


def near_miss_texts(context: CheckContext, rows: Sequence[Row], name: str) -> list[str]:
    """Texts that no row shows, but that careless readers take for one that some do: cut short, or as a pattern."""
    filter_, parameter = context.listing.filters[name], context.listing.parameters[name]
    counted = count_values(rows, filter_.compares)
    limited = [text for text in counted if isinstance(text, str)][:400]
    plain = [text for text in limited if text.isascii() and text.isalnum() and len(text) > 2]
    if not plain or parameter.as_ not in ("text", "list", "json-list") or parameter.of in ("integer", "digits"):
        return []
    if comparison_of(filter_) in (*ORDER_COMPARISONS, *PRESENCE_COMPARISONS, "like", "not-equal"):
        return []
    text = context.rng.choice(plain)
    place = len(text) // 2
    # What stands for one character in SQL LIKE, and what ends a value for careless readers; a `%` alone tells the
    # rest of LIKE (docs/real-servers.md, `callerid_like_wildcard`).
    made = [f"{text[:place]}_{text[place + 1 :]}"]
    if filter_.keeps != "equal":
        made.append(f"{text[:place]}%{text[place:]}")
    if filter_.keeps == "equal":
        short = next((one for one in plain if one.isdigit() and len(one) < 6), "")
        heads = [head for one in limited if (head := one.partition(" ")[0]) != one and head]
        # With one more zero before it a phone number is another one. Hyphens and blanks mean nothing in it (RFC 3966,
        # section 5.1.1): servers compare without them (`numbers_normalised`, foreign servers).
        numbers = [f"0{short}"] if short else []
        made += [f"{text};zz", f"{text} zz", *numbers, *heads[:1]]
    return [one for one in made if takes_text(parameter, one) and not any(one in other for other in limited)]


def fits_one_element(context: CheckContext, name: str, value: Any) -> bool:
    """Whether a request can hold the value as one: in a list a separator inside would cut it in two."""
    parameter = context.listing.parameters[name]
    if parameter.as_ != "list" or context.listing.transport.carries == "json":
        return True
    return parameter.separated_by not in str(value) and str(value) == str(value).strip()


def encode_shown_value(context: CheckContext, name: str, value: Any) -> Tree:
    """A shown value as the parameter writes it."""
    parameter = context.listing.parameters[name]
    filter_ = context.listing.filters.get(name)
    keeps = comparison_of(filter_) if filter_ is not None else "equal"
    if keeps in PRESENCE_COMPARISONS and not isinstance(value, bool):
        # That there is a value is all that can be asked for.
        value = keeps == "present" or parameter.as_ == "presence"
    if isinstance(value, tuple):
        codec = element_codec(parameter)
        return context.encode(name, tuple(_list_element(codec, item) for item in value))
    if parameter.as_ in ("list", "json-list"):
        return context.encode(name, (_list_element(parameter.of, value),))
    units = shown_per_asked(context.listing, name)
    if filter_ is not None and units != 1 and isinstance(value, int | Decimal):
        value = _whole_units(value, units, up=bounds_above(filter_)) // units
    if isinstance(value, Decimal) and takes_numbers(parameter):
        value = int(value)
    if parameter.as_ in ("text", "digits"):
        return context.encode(name, str(value))
    return context.encode(name, value)


def _list_element(of: str, item: Any) -> Any:
    return int(item) if of in ("integer", "digits") else str(item)


def companion_parameters(context: CheckContext, mirror: Mirror, name: str, row: Row | None = None) -> dict[str, Tree]:
    """Parameters without which a filter has no effect, with values that hold for the row (or for most rows)."""
    filter_ = context.listing.filters[name]
    for other in filter_.applies_if_any:
        if not context.parameters_work(other) or other not in context.listing.filters:
            continue
        paths = context.listing.filters[other].compares
        values = count_values([row] if row is not None else mirror.rows, paths)
        if values:
            return {other: encode_shown_value(context, other, values.most_common(1)[0][0])}
    return {}


def largest_page(context: CheckContext) -> dict[str, Tree]:
    """The parameters of the largest page, so that one answer shows as many matches as can be."""
    name, size = largest_page_size(context)
    return {name: context.encode(name, size)} if name is not None and context.parameters_work(name) else {}


def default_comparison(context: CheckContext, name: str) -> dict[str, Tree]:
    """The parameter that names a filter's comparison, with its default word."""
    named = context.listing.filters[name].named_by
    if named is None or not context.supports_parameters(named.parameter):
        return {}
    default = context.listing.parameters[named.parameter].default
    if default in named.words:
        return {named.parameter: str(default)}
    # The default compares nothing: a documented word is needed for the filter to have an effect at all.
    word = next((word for word in named.words if word not in named.may), None)
    return {named.parameter: word} if word is not None else {}


def open_range_end(context: CheckContext, mirror: Mirror, name: str) -> dict[str, Tree]:
    """The other end of a range, wide open, where one end alone may be refused."""
    for pair in context.listing.ranges:
        if name in (pair.first, pair.last):
            other = pair.last if name == pair.first else pair.first
            if other in mirror.base or pair.one_alone == "one-sided":
                return {}
            return {other: encode_shown_value(context, other, _far_end(context, mirror, pair, other))}
    return {}


def parameters_beside(context: CheckContext, mirror: Mirror, name: str) -> dict[str, Tree]:
    """All that a filter needs beside it, with values that leave out no row."""
    beside = {**open_range_end(context, mirror, name), **default_comparison(context, name)}
    return {**beside, **companion_parameters(context, mirror, name)}


def _far_end(context: CheckContext, mirror: Mirror, pair: FilterRange, name: str) -> Any:
    """A value of one end of a range beyond every row."""
    first = name == pair.first
    parameter = context.listing.parameters[name]
    if takes_instants(parameter) or parameter.as_ == "calendar-day":
        return datetime(2000, 1, 1, tzinfo=UTC) if first else datetime(2100, 1, 1, tzinfo=UTC)
    shown = sorted(count_values_of(mirror, context.listing.filters[name].compares))
    if not shown:
        return "0"
    return shown[0] if first else shown[-1]


def selective_filter(context: CheckContext, mirror: Mirror) -> dict[str, Tree]:
    """A working filter that keeps some rows but not all, for combinations; empty when there is none."""
    best: tuple[int, dict[str, Tree]] | None = None
    for name in visible_filters(context):
        filter_ = context.listing.filters[name]
        if (
            not context.parameters_work(name)
            or filter_.applies_if_any
            or filter_.keeps != "equal"
            or filter_.named_by
            or filter_.word_conditions
            or filter_.periods
        ):
            continue
        for value, count in count_values_of(mirror, filter_.compares).most_common(6):
            if 5 <= count < len(mirror.rows) and (best is None or count > best[0]) and value not in filter_.words:
                best = (count, {name: encode_shown_value(context, name, value)})
    return best[1] if best else {}


def halving_value(context: CheckContext, mirror: Mirror, name: str) -> Tree:
    """A value that keeps some rows but not all; None when there is none."""
    filter_ = context.listing.filters[name]
    if is_time_filter(context, name):
        shown = values_of(mirror.rows, filter_.compares[0])
        times = sorted(instant for instant in shown if isinstance(instant, datetime))
        if len(times) < 6 or times[0] == times[-1]:
            return None
        return encode_shown_value(context, name, times[len(times) // 2].replace(microsecond=0))
    if filter_.periods or filter_.word_conditions:
        return None
    values = count_values_of(mirror, filter_.compares).most_common()
    value = next((value for value, count in values if 3 <= count < len(mirror.rows)), None)
    return None if value is None else encode_shown_value(context, name, value)


def disjoint_filter_pairs(
    context: CheckContext, mirror: Mirror, names: Sequence[str]
) -> Iterator[tuple[str, dict[str, Tree]]]:
    """Every filter once, two at a time where the loss of either shows, else alone: a label and the parameters."""
    left = list(names)
    while left:
        name = left.pop(0)
        halves = ((other, overlapping_values(context, mirror, name, other)) for other in left)
        other, values = next(((other, values) for other, values in halves if values is not None), ("", None))
        if values is not None:
            left.remove(other)
            yield f"{name} and {other}", values
            continue
        raw = halving_value(context, mirror, name)
        if raw is not None:
            yield name, {**parameters_beside(context, mirror, name), name: raw}


def answer_fits(context: CheckContext, mirror: Mirror, exchange: Exchange, only: Sequence[Aspect] = ASPECTS) -> bool:
    """Whether an answer is right under some reading of its request."""
    return exchange.answer is not None and any(
        not compare_answer(context, mirror, meaning, exchange, only)
        for _, meaning in context.expected_answers(exchange.list_request)
    )


def filters_interact(context: CheckContext, first: str, second: str) -> bool:
    """Whether two filters do not simply hold together."""
    one, two = context.listing.filters[first], context.listing.filters[second]
    return are_exclusive(context, first, second) or one.loses_to == second or two.loses_to == first


def are_exclusive(context: CheckContext, first: str, second: str) -> bool:
    """Whether two filters are not meant to stand together."""
    one, two = context.listing.filters[first], context.listing.filters[second]
    return second in one.excludes or first in two.excludes or one.same_as == second or two.same_as == first


def plain_filters(context: CheckContext, *, more: bool = False) -> list[str]:
    """The filters that compare for equality, on their own; with `more` also by another comparison and by words."""
    scope = context.listing.scope
    own = {scope.parameter, scope.recursive} if scope is not None else set()
    return [
        name
        for name in visible_filters(context)
        if name not in own
        and context.supports_parameters(name)
        and not is_time_filter(context, name)
        and not ((rule := context.listing.filters[name]).applies_if_any or rule.loses_to)
        and (more or _compares_plainly(rule))
    ]


def is_plain_equality(rule: Filter) -> bool:
    """Whether a filter keeps what is equal to its value, which is no word for several and no other comparison."""
    return rule.keeps == "equal" and not rule.named_by and not rule.has_words


def _compares_plainly(rule: Filter) -> bool:
    """Whether a filter keeps the rows that show its value, and no others."""
    hidden = any(path.hidden for path in rule.compares) or isinstance(rule.alternatives, OpenChoice)
    return is_plain_equality(rule) and not hidden


def filters_of_row(context: CheckContext, mirror: Mirror, row: Row) -> dict[str, Tree]:
    """Every filter that simply compares what a row shows, with the row's own values."""
    chosen: dict[str, Tree] = {}
    for name in plain_filters(context, more=True):
        if any(filters_interact(context, name, other) for other in chosen if other in context.listing.filters):
            continue
        side = value_with_matches(context, mirror, name, row)
        if side is not None:
            chosen |= {name: side[0], **default_comparison(context, name)}
    return chosen


def overlapping_values(context: CheckContext, mirror: Mirror, first: str, second: str) -> dict[str, Tree] | None:
    """Values of two filters whose rows overlap but are not the same, so that leaving one out shows."""
    if filters_interact(context, first, second):
        return None
    rows = list(mirror.rows)
    context.rng.shuffle(rows)
    best: tuple[int, dict[str, Tree]] | None = None
    # Values of one row first; values of two rows tell as well where one row's values say the same thing.
    for row, other in (*((row, row) for row in rows[:16]), *pairwise(rows[:13])):
        places = ((first, row), (second, other))
        sides = [value_with_matches(context, mirror, name, one, several=True) for name, one in places]
        if any(side is None for side in sides):
            continue
        (raw_a, keys_a), (raw_b, keys_b) = sides  # type: ignore[misc]
        both = keys_a & keys_b
        gain = min(len(keys_a), len(keys_b)) - len(both)
        if gain > 0 and (best is None or gain > best[0]):
            more: dict[str, Tree] = {}
            if second not in context.listing.filters[first].applies_if_any:
                more |= companion_parameters(context, mirror, first, row)
            if first not in context.listing.filters[second].applies_if_any:
                more |= companion_parameters(context, mirror, second, other)
            more |= {**default_comparison(context, first), **default_comparison(context, second)}
            more = {name: raw for name, raw in more.items() if name not in (first, second)}
            best = (gain, {**more, **open_range_ends(context, mirror, first, second), first: raw_a, second: raw_b})
            if gain > 3:
                break
    return best[1] if best else None


def open_range_ends(context: CheckContext, mirror: Mirror, *together: str) -> dict[str, Tree]:
    """The other ends of ranges that filters open, where one end alone may be refused."""
    found: dict[str, Tree] = {}
    for name in together:
        if is_time_filter(context, name):
            found |= {
                other: raw for other, raw in open_range_end(context, mirror, name).items() if other not in together
            }
    return found


def _instant_beside(context: CheckContext, name: str, instant: datetime) -> datetime:
    """The nearest instant that the parameter can write, on the side of the filter's bound that keeps this one."""
    filter_, parameter = context.listing.filters[name], context.listing.parameters[name]
    codec = parameter.as_ if parameter.as_ in TIME_CODECS else "local-time"
    step = max(time_step(codec, parameter.format), timedelta(seconds=1))
    if comparison_of(filter_) not in ORDER_COMPARISONS:
        step = timedelta(0)
    beside = instant + (step if bounds_above(filter_) else -min(step, timedelta(seconds=1)))
    return cut_instant(beside, codec, parameter.format).replace(microsecond=0)


def _value_that_keeps(context: CheckContext, name: str, shown: Any) -> Any:
    """A value by which a filter keeps the rows that show another one, as far as one can be made of it alone."""
    filter_, parameter = context.listing.filters[name], context.listing.parameters[name]
    keeps = comparison_of(filter_)
    strict = {"above": -1, "below": 1}.get(keeps, 0)
    if keeps in PRESENCE_COMPARISONS:
        return keeps == "present" or parameter.as_ == "presence"
    if isinstance(shown, datetime) and parameter.as_ == "calendar-day":
        day = shown.astimezone(zone_named(context.zone)).date()
        outside = strict or {"at-or-after": -1, "at-or-before": 1}.get(keeps, 0)
        return day + timedelta(days=outside)
    if isinstance(shown, date) and not isinstance(shown, datetime):
        return shown + timedelta(days=strict)
    if isinstance(shown, datetime):
        return _instant_beside(context, name, shown)
    if keeps == "not-equal":
        return absent_value(parameter) if isinstance(shown, str) else shown
    if isinstance(shown, Decimal) and parameter.as_ != "decimal":
        shown = int(shown) + (1 if bounds_above(filter_) else 0)
    if not isinstance(shown, int) or isinstance(shown, bool):
        return shown
    return _whole_units(shown + strict, shown_per_asked(context.listing, name), up=bounds_above(filter_))


def _whole_units(number: int | Decimal, units: int, *, up: bool) -> int:
    """A number as a whole number of units, the next one or the one before."""
    return -(-ceil(number) // units) * units if up else floor(number) // units * units


def value_with_matches(
    context: CheckContext, mirror: Mirror, name: str, row: Row, *, several: bool = False
) -> tuple[Tree, frozenset[Any]] | None:
    """A filter value that the row satisfies, as the request writes it, and the keys of all rows that do; or None.

    With `several` a list of a rare value holds those of other rows, too, so that filters beside it have rows to drop.
    """
    filter_ = context.listing.filters[name]
    if filter_.word_conditions:
        words = words_of_conditions(filter_, context.listing.parameters[name])
        word = next((word for word in words if all_met(filter_.conditions_of(word), row.shown)), None)
        if word is None:
            return None
        asked = filter_.conditions_of(word)
        kept = frozenset(other.key for other in mirror.rows if all_met(asked, other.shown))
        return context.encode(name, word), kept
    values = flatten_values(row.values(*filter_.compares))
    if not values or filter_.periods:
        return None
    value = _value_that_keeps(context, name, values[0])
    wanted = _with_other_values(context, mirror, name, value) if several else (value,)
    known = (name, wanted)
    if known not in mirror.match_key_cache:
        compared = comparison_of_filter(filter_, zone=context.zone)
        mirror.match_key_cache[known] = frozenset(
            other.key for other in mirror.rows if values_are_kept(compared, other.values(*filter_.compares), wanted)
        )
    keys = mirror.match_key_cache[known]
    return encode_shown_value(context, name, wanted if len(wanted) > 1 else value), keys


def _with_other_values(context: CheckContext, mirror: Mirror, name: str, value: Any) -> tuple[Any, ...]:
    """A value alone, or, where a list may hold more and few rows have it, with those of rows all over the list."""
    filter_, parameter = context.listing.filters[name], context.listing.parameters[name]
    if parameter.as_ not in ("list", "json-list") or filter_.keeps != "equal":
        return (value,)
    counted = count_values_of(mirror, filter_.compares)
    if counted[value] >= ENOUGH_ROWS:
        return (value,)
    others = [one for one in counted if type(one) is type(value) and fits_one_element(context, name, one)]
    return tuple(dict.fromkeys((value, *others[:: max(1, len(others) // OTHER_VALUES)])))[:OTHER_VALUES]
