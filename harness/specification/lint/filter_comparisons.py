"""Whether each filter can compare what it compares with the values that its parameter takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal

from harness.specification.expansion import (
    LIST_COMPARISONS,
    NAME_PLACE,
    OPERATOR_PLACE,
    PRESENCE_COMPARISONS,
    operator_name,
    operator_parameter,
)
from harness.specification.field_path import FieldPath
from harness.specification.lint.cross_references import declared_field
from harness.specification.lint.field_values import PLAIN_CODECS
from harness.specification.lint.finding import LintFinding, finding_at, path_is_given, possible_values
from harness.specification.lint.telephony_words import attribute_at
from harness.specification.load import Spec
from harness.specification.model import FieldChoice, FieldCondition, Filter, Parameter, options_of
from harness.specification.narrowing_defaults import no_filter_words, time_ends
from harness.specification.sort_spellings import sort_spellings
from harness.specification.value_forms import MILLISECONDS
from harness.specification.yaml_source import KeyPath, PlainValue
from harness.telephony.attributes import ATTRIBUTES, AttributeKind, Grain

Kind = Literal["text", "number", "instant", "flag"]

_ORDER: Final = ("at-or-after", "at-or-before", "at-least", "at-most", "above", "below")
_NUMBER_ORDER: Final = ("at-least", "at-most", "above", "below")
_DAY_COMPARISONS: Final = ("equal", "not-equal", *_ORDER)
_REPEATABLE: Final = ("text", "word", "integer", "digits")
_KIND_BY_CODEC: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "text": "text",
        "word": "text",
        "text-list": "text",
        "integer": "number",
        "digits": "number",
        "decimal": "number",
        "decimal-text": "number",
        "formatted-duration": "number",
        "flag": "flag",
        "presence": "flag",
        "calendar-day": "instant",
    }
)
_KIND_BY_ATTRIBUTE: Final[Mapping[AttributeKind, Kind]] = MappingProxyType(
    {
        AttributeKind.TEXT: "text",
        AttributeKind.WORD: "text",
        AttributeKind.TEXT_LIST: "text",
        AttributeKind.INTEGER: "number",
        AttributeKind.DECIMAL: "number",
        AttributeKind.SECONDS: "number",
        AttributeKind.INSTANT: "instant",
        AttributeKind.FLAG: "flag",
    }
)
_WANTED: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "text": "as: text or word",
        "number": "as: integer or digits",
        "instant": "as: a time such as rfc3339, or calendar-day",
        "flag": "another comparison: there is no order of true and false",
    }
)


def check_operators(spec: Spec) -> Iterator[LintFinding]:
    """Each family names its operators apart, and none of them stands elsewhere, too."""
    made: Counter[str] = Counter()
    for name, family in spec.listing.operators.items():
        path: KeyPath = ("operators", name)
        if OPERATOR_PLACE not in family.pattern or NAME_PLACE not in family.pattern:
            expected = f"a pattern with {NAME_PLACE} and {OPERATOR_PLACE}"
            yield finding_at(spec, "operators", (*path, "pattern"), expected, repr(family.pattern))
            continue
        if not family.words:
            yield finding_at(spec, "operators", (*path, "words"), "an operator at least", "none")
        for key, table in (("parameters", family.parameters), ("word-clauses", family.word_clauses)):
            for word in table:
                if word not in family.words:
                    known = ", ".join(map(repr, family.words))
                    yield finding_at(spec, "operators", (*path, key, word), f"an operator: {known}", repr(word))
        for operator, keeps in family.words.items():
            full = operator_name(name, family, operator)
            made[full] += 1
            beside = [part for part in ("parameters", "filters") if path_is_given(spec, (part, full))]
            if made[full] > 1 or beside:
                where = f"{full!r} stands under {' and '.join(beside) or 'another operator'}, too"
                yield finding_at(spec, "operators", (*path, "words", operator), "a name of its own", where)
            if keeps in LIST_COMPARISONS and not _takes_several(operator_parameter(family, operator)):
                yield _several_due(spec, (*path, "words", operator), keeps)


def check_filter_comparisons(spec: Spec) -> Iterator[LintFinding]:
    """Each comparison suits what is compared and what the parameter takes."""
    for name, rule in spec.listing.filters.items():
        parameter = spec.listing.parameters.get(name)
        if parameter is None:
            continue
        path: KeyPath = ("filters", name)
        comparisons = [str(one) for one in possible_values(rule.keeps)]
        if rule.named_by is not None:
            comparisons += rule.named_by.words.values()
        written = _written_at(spec, (*path, "keeps"))
        if isinstance(written, str) and written in LIST_COMPARISONS and not _takes_several(parameter):
            yield _several_due(spec, (*path, "keeps"), written)
        for keeps in dict.fromkeys(comparisons):
            yield from _check_comparison(spec, path, rule, parameter, keeps)
        yield from _check_wildcards(spec, path, rule, comparisons)
        yield from _check_unit(spec, path, rule, parameter, comparisons)
        yield from _check_of_several(spec, path, rule)
        if rule.compares_by is not None:
            yield from _check_field_choice(spec, path, rule, rule.compares_by)
            for place in rule.compares_by.words.values():
                for keeps in dict.fromkeys(comparisons):
                    here = (*path, "compares-by", "words")
                    yield from _check_comparison(spec, here, replace(rule, compares=(place,)), parameter, keeps)
        yield from _check_word_conditions(spec, path, rule, parameter)
        yield from _check_periods(spec, path, rule, parameter)
        if rule.absent != "kept" and "not-equal" not in comparisons:
            yield finding_at(
                spec, "comparison", (*path, "absent"), "the key absent only beside not-equal or not-in", "it is there"
            )


def _check_unit(
    spec: Spec, path: KeyPath, rule: Filter, parameter: Parameter, comparisons: list[str]
) -> Iterator[LintFinding]:
    """Another unit is a larger one than that of the rows, in the order of numbers."""
    if rule.unit is None:
        return
    here: KeyPath = (*path, "unit")
    shown = declared_field(spec, rule.compares[0]) if len(rule.compares) == 1 else None
    attribute = (
        ATTRIBUTES[Grain(spec.listing.lists.one_row_per)].get(shown.shows or "") if shown is not None else None
    )
    if shown is None or attribute is None or attribute.kind is not AttributeKind.SECONDS or rule.compares_by:
        yield finding_at(spec, "comparison", here, "one field beside it, that shows seconds", str(rule.compares[0]))
    elif MILLISECONDS[rule.unit] <= MILLISECONDS[shown.unit]:
        yield finding_at(spec, "comparison", here, f"a larger unit than {shown.unit}, that of the rows", rule.unit)
    if set(comparisons) - set(_NUMBER_ORDER) or parameter.as_ not in ("integer", "digits", "decimal"):
        expected = f"as: integer, digits or decimal, and {', '.join(_NUMBER_ORDER)}"
        yield finding_at(spec, "comparison", here, expected, f"as: {parameter.as_}, {', '.join(comparisons)}")


def _check_of_several(spec: Spec, path: KeyPath, rule: Filter) -> Iterator[LintFinding]:
    """The first that is filled is one of several plain fields of the row, and each row shows which."""
    if rule.of_several == "any":
        return
    here: KeyPath = (*path, "of-several")
    fields = [*rule.compares, *(place for option in options_of(rule.instead) for place in option)]
    if len(rule.compares) < 2 or rule.alternatives or rule.compares_by or rule.has_words:
        expected = "several fields under compares, and no alternatives, compares-by or words for several things"
        yield finding_at(spec, "comparison", here, expected, ", ".join(map(str, rule.compares)))
    for place in dict.fromkeys(fields):
        field = None if place.hidden or place.inner is not None else declared_field(spec, place)
        if field is None or field.as_ not in PLAIN_CODECS:
            yield finding_at(spec, "comparison", here, "plain fields of the row", str(place))


def _names_numbers(spec: Spec, name: str, parameter: Parameter) -> bool:
    """Whether a parameter is a text that a filter compares as a whole."""
    rule = spec.listing.filters.get(name)
    equal = rule is not None and {str(one) for one in possible_values(rule.keeps)} <= {"equal", "not-equal"}
    return parameter.as_ == "text" and equal


def _check_field_choice(spec: Spec, path: KeyPath, rule: Filter, choice: FieldChoice) -> Iterator[LintFinding]:
    """What is compared is chosen by a word; one word means what is compared without any."""
    here = (*path, "compares-by")
    parameter = spec.listing.parameters.get(choice.parameter)
    if parameter is None:
        return
    if parameter.as_ != "word" or choice.parameter in spec.listing.filters:
        expected = f"{choice.parameter} as: word, and no filter"
        yield finding_at(spec, "field-choice", (*here, "parameter"), expected, f"as: {parameter.as_}")
    if len(choice.words) < 2:
        yield finding_at(spec, "field-choice", (*here, "words"), "two words at least", repr(len(choice.words)))
    usual = [word for word, place in choice.words.items() if rule.compares == (place,)]
    if not usual:
        expected = f"a word for {', '.join(map(str, rule.compares))}, and no further field beside it"
        yield finding_at(spec, "field-choice", (*here, "words"), expected, ", ".join(map(str, choice.words.values())))
    default = parameter.default
    if default is not None and usual and default not in usual:
        expected = f"a default that means what is compared without it: {' or '.join(usual)}"
        where: KeyPath = ("parameters", choice.parameter, "default")
        yield finding_at(spec, "field-choice", where, expected, repr(default))
    if rule.instead or rule.alternatives:
        yield finding_at(spec, "field-choice", here, "no instead or alternatives beside it", "they are there")


def _check_word_conditions(spec: Spec, path: KeyPath, rule: Filter, parameter: Parameter) -> Iterator[LintFinding]:
    """A word that stands for conditions is given alone, and each condition asks what a field can show."""
    here: KeyPath = (*path, "word-conditions")
    if not rule.word_conditions:
        return
    for word, conditions in rule.word_conditions.items():
        if word in rule.words or (parameter.as_ == "flag" and word not in ("true", "false")):
            expected = '"true" or "false"' if parameter.as_ == "flag" else "a word that stands for one thing"
            yield finding_at(spec, "filter-words", (*here, word), expected, repr(word))
        for condition in conditions:
            yield from _check_row_condition(spec, (*here, word), condition)
    single = parameter.as_ in ("word", "flag") and parameter.repeated is None
    if not single or set(possible_values(rule.keeps)) != {"equal"}:
        expected = "as: word or flag, given once, and keeps: equal"
        yield finding_at(spec, "filter-words", here, expected, f"as: {parameter.as_}, keeps: {rule.keeps}")
    if rule.compares_by or rule.named_by or rule.instead or rule.alternatives:
        expected = "no compares-by, named-by, instead or alternatives beside it"
        yield finding_at(spec, "filter-words", here, expected, "one of them")


def _check_periods(spec: Spec, path: KeyPath, rule: Filter, parameter: Parameter) -> Iterator[LintFinding]:
    """A word for a period is given alone, compares one instant, and days begin and end somewhere."""
    if not rule.periods:
        return
    here: KeyPath = (*path, "periods")
    instants = [_kind_at(spec, place) for place in rule.compares] == ["instant"]
    if not instants or rule.compares_by or rule.named_by or rule.instead or rule.alternatives or rule.words:
        expected = "one field that shows an instant, and no other words or choices beside them"
        yield finding_at(spec, "filter-words", here, expected, ", ".join(map(str, rule.compares)))
    if parameter.as_ != "word" or parameter.repeated is not None or set(possible_values(rule.keeps)) != {"equal"}:
        expected = "as: word, given once, and keeps: equal"
        yield finding_at(spec, "filter-words", here, expected, f"as: {parameter.as_}, keeps: {rule.keeps}")
    for word, period in rule.periods.items():
        if period.count < 1 or period.back < 0:
            actual = f"count: {period.count}, back: {period.back}"
            yield finding_at(spec, "filter-words", (*here, word), "a count of 1 or more, and back 0 or more", actual)
        if period.unit not in ("minute", "hour") and spec.listing.zone is None:
            expected = "the key zone in x-listing: where a day begins and ends"
            yield finding_at(spec, "filter-words", (*here, word), expected, "none")


def _check_row_condition(spec: Spec, path: KeyPath, condition: FieldCondition) -> Iterator[LintFinding]:
    """A condition names a plain field of the row itself, and values that it can show."""
    field = None if condition.field.hidden else declared_field(spec, condition.field)
    if field is None:
        return
    if (condition.is_ or condition.not_ or field.as_ in ("rows", "object")) and field.as_ not in PLAIN_CODECS:
        expected = f"a field of the row: {', '.join(PLAIN_CODECS)}"
        yield finding_at(spec, "filter-words", path, expected, f"{condition.field}, as: {field.as_}")
    if not condition.is_ and not condition.not_ and condition.present is None:
        yield finding_at(spec, "filter-words", path, "`is`, `not` or `present` beside the field", "none")
    known = {*field.words.values(), *field.more_words}
    for one in (*condition.is_, *condition.not_):
        if known and str(one) not in known:
            yield finding_at(spec, "filter-words", path, f"one of {', '.join(field.words.values())}", repr(one))


def _several_due(spec: Spec, path: KeyPath, keeps: str) -> LintFinding:
    return finding_at(
        spec, "comparison", path, f"a parameter as: list, or repeated: any, beside {keeps}", "one value at a time"
    )


def _takes_several(parameter: Parameter) -> bool:
    return parameter.as_ in ("list", "json-list") or parameter.repeated == "any"


def _written_at(spec: Spec, path: KeyPath) -> PlainValue:
    """What the file itself says at a place; None where it says nothing."""
    node: PlainValue = spec.source.tree
    for step in (*spec.listing_path, *path):
        node = node.get(str(step)) if isinstance(node, Mapping) else None
    return node


def _check_comparison(
    spec: Spec, path: KeyPath, rule: Filter, parameter: Parameter, keeps: str
) -> Iterator[LintFinding]:
    kinds = [kind for place in rule.compares if (kind := _kind_at(spec, place)) is not None]
    taken = parameter.of if parameter.as_ in ("list", "json-list") else parameter.as_
    given = _KIND_BY_CODEC.get(taken, "instant")
    place: KeyPath = ("parameters", path[1], "as")
    if keeps in PRESENCE_COMPARISONS:
        if given != "flag":
            yield finding_at(spec, "comparison", place, f"as: flag or presence beside {keeps}", repr(parameter.as_))
        yield from _check_may_be_absent(spec, path, rule, keeps)
        return
    if parameter.as_ == "presence" and (keeps != "equal" or "flag" not in kinds):
        expected = "present, absent, or equal with a field that is a flag"
        yield finding_at(spec, "comparison", (*path, "keeps"), expected, repr(keeps))
    if parameter.as_ == "formatted-duration":
        shown = [declared_field(spec, one) for one in rule.compares if not one.hidden]
        if any(field is not None and field.unit != "seconds" for field in shown):
            yield finding_at(spec, "comparison", place, "as: integer, beside a field of another unit", "a duration")
    if keeps in _ORDER:
        for kind in dict.fromkeys(kinds):
            if kind != given or kind == "flag":
                actual = f"as: {parameter.as_}, compared with a {kind}"
                yield finding_at(spec, "comparison", place, f"{_WANTED[kind]}, beside {keeps}", actual)
    elif parameter.as_ == "calendar-day" and (keeps not in _DAY_COMPARISONS or set(kinds) - {"instant"}):
        expected = "equal, not-equal or an order, with a field that is an instant"
        yield finding_at(spec, "comparison", (*path, "keeps"), expected, f"{keeps}, with {', '.join(kinds)}")
    elif parameter.as_ == "formatted-duration" and keeps not in ("equal", "not-equal"):
        yield finding_at(spec, "comparison", (*path, "keeps"), "equal, not-equal or an order of durations", keeps)
    elif keeps == "like" and (set(kinds) - {"text"} or given != "text"):
        yield finding_at(spec, "comparison", (*path, "keeps"), "like only between texts", f"as: {parameter.as_}")


def _check_may_be_absent(spec: Spec, path: KeyPath, rule: Filter, keeps: str) -> Iterator[LintFinding]:
    for place in rule.compares:
        field = None if place.hidden else declared_field(spec, place)
        if field is None or place.inner is not None:
            continue
        forms = {str(form) for form in (*possible_values(field.absent), *field.tolerates)}
        if forms == {"never"} and not field.optional and field.as_ not in ("text-list", "rows"):
            yield finding_at(
                spec, "comparison", (*path, "keeps"), f"a field that may show no value, beside {keeps}", str(place)
            )
        if "zero" in forms and field.as_ in ("integer", "digits", "decimal"):
            yield finding_at(
                spec,
                "comparison",
                (*path, "keeps"),
                f"a field whose 'none' is told from 0, beside {keeps}",
                f"{place}, absent: zero",
            )


def _check_wildcards(spec: Spec, path: KeyPath, rule: Filter, comparisons: list[str]) -> Iterator[LintFinding]:
    if ("like" in comparisons) != (rule.wildcards is not None):
        expected = "wildcards beside like" if rule.wildcards is None else "like beside wildcards"
        yield finding_at(spec, "wildcards", path, expected, "none")
    if rule.wildcards is None:
        return
    signs = [sign for sign in (rule.wildcards.any, rule.wildcards.one, rule.wildcards.escape) if sign is not None]
    if rule.wildcards.any is None and rule.wildcards.one is None:
        yield finding_at(spec, "wildcards", (*path, "wildcards"), "any or one at least", "neither")
    if len(set(signs)) < len(signs) or any(len(sign) != 1 for sign in signs):
        yield finding_at(
            spec, "wildcards", (*path, "wildcards"), "different single characters", " and ".join(map(repr, signs))
        )


def _kind_at(spec: Spec, place: FieldPath) -> Kind | None:
    """The kind of the values at a place; None where it holds no single values, or is no place."""
    grain = Grain(spec.listing.lists.one_row_per)
    if place.hidden:
        hidden = spec.listing.hidden.get(place.head)
        attribute = attribute_at(grain, hidden.holds) if hidden is not None else None
        return _KIND_BY_ATTRIBUTE.get(attribute.kind) if attribute is not None else None
    field = declared_field(spec, place)
    if field is None:
        return None
    shown = ATTRIBUTES[grain].get(field.shows or "") if place.inner is None else None
    if field.as_ in _KIND_BY_CODEC and (shown is None or shown.kind is not AttributeKind.INSTANT):
        return _KIND_BY_CODEC[field.as_]
    # A way to write values that is none of these writes instants, unless the attribute is of another kind.
    return "instant" if shown is None else _KIND_BY_ATTRIBUTE.get(shown.kind)


def _compares_days(spec: Spec, name: str) -> bool:
    """Whether a filter compares fields that show days themselves, in whatever zone."""
    rule = spec.listing.filters.get(name)
    fields = [declared_field(spec, place) for place in rule.compares if not place.hidden] if rule is not None else []
    return bool(fields) and all(field is not None and field.as_ == "calendar-day" for field in fields)


def check_recent_ranges(spec: Spec) -> Iterator[LintFinding]:
    """A range that is recent by default is one of instants, whose ends nobody requires, and its clause says so."""
    listing = spec.listing
    for index, pair in enumerate(listing.ranges):
        path: KeyPath = ("ranges", index, "recent-seconds")
        if pair.recent_seconds is None:
            if pair.clauses.recent:
                expected = "recent-seconds beside the clause on what is recent"
                yield finding_at(spec, "parameter-form", ("ranges", index, "clauses", "recent"), expected, "none")
            continue
        if pair.recent_seconds < 60:
            yield finding_at(spec, "parameter-form", path, "a minute or more", str(pair.recent_seconds))
        for name in (pair.first, pair.last):
            parameter = listing.parameters.get(name)
            if parameter is None:
                continue
            if parameter.as_ == "calendar-day" or _KIND_BY_CODEC.get(parameter.as_, "instant") != "instant":
                yield finding_at(spec, "parameter-form", path, f"{name} as an instant", f"as: {parameter.as_}")
            if parameter.required is not None:
                yield finding_at(spec, "parameter-form", path, f"{name} may be absent", "required")


def check_needed_choices(spec: Spec) -> Iterator[LintFinding]:
    """Of parameters of which one must be given, one can be given without leaving rows out."""
    listing = spec.listing
    for index, choice in enumerate(listing.at_least_one):
        path: KeyPath = ("at-least-one", index, "of")
        if len(choice.of) < 2:
            yield finding_at(spec, "parameter-form", path, "two parameters or more; one has `required`", "fewer")
        elif not time_ends(listing, choice) and not any(no_filter_words(listing, name) for name in choice.of):
            expected = "an end of a range of time, or a filter with no-filter, among them: to read the whole list"
            yield finding_at(spec, "parameter-form", path, expected, ", ".join(choice.of))


def check_longest_ranges(spec: Spec) -> Iterator[LintFinding]:
    """A range that may only be so long is one of instants or days, and its clause says so."""
    listing = spec.listing
    for index, pair in enumerate(listing.ranges):
        path: KeyPath = ("ranges", index, "most-seconds")
        if pair.most_seconds is None:
            if pair.clauses.too_long:
                expected = "most-seconds beside the clause on what is too long"
                yield finding_at(spec, "parameter-form", ("ranges", index, "clauses", "too-long"), expected, "none")
            continue
        days = False
        for name in (pair.first, pair.last):
            parameter = listing.parameters.get(name)
            if parameter is None:
                continue
            days = days or parameter.as_ == "calendar-day"
            if parameter.as_ != "calendar-day" and _KIND_BY_CODEC.get(parameter.as_, "instant") != "instant":
                yield finding_at(
                    spec, "parameter-form", path, f"{name} as an instant or a day", f"as: {parameter.as_}"
                )
        least = 2 * 86_400 if days else 60
        if pair.most_seconds < least:
            expected = "two days or more, between days" if days else "a minute or more"
            yield finding_at(spec, "parameter-form", path, expected, str(pair.most_seconds))


def check_sort_spellings(spec: Spec) -> Iterator[LintFinding]:
    """Each spelling of a sort parameter means one key in one direction."""
    sort = spec.listing.order.sort if spec.listing.order is not None else None
    if sort is None:
        return
    path: KeyPath = ("order", "sort")
    if sort.signed and sort.suffixes:
        yield finding_at(spec, "sort", (*path, "suffixes"), "a sign or suffixes", "both")
    if "" in sort.suffixes:
        yield finding_at(spec, "sort", (*path, "suffixes"), "a suffix that is not empty", "an empty one")
        return
    made = Counter(spelling for word in sort.words for spelling in sort_spellings(sort, word))
    for word in sort.words:
        if made[word] > 1:
            yield finding_at(spec, "sort", (*path, "words", word), "a word that is no other's spelling", repr(word))


def check_parameter_forms(spec: Spec) -> Iterator[LintFinding]:
    """Days, flags that are only there, and parameters that may be repeated stand where they mean something."""
    listing = spec.listing
    ends = {name for pair in listing.ranges for name in (pair.first, pair.last)}
    for name, parameter in listing.parameters.items():
        path: KeyPath = ("parameters", name)
        in_body = parameter.at is not None or listing.transport.carries == "json"
        if parameter.as_ == "calendar-day" and listing.zone is None and not _compares_days(spec, name):
            expected = "the key zone in x-listing: where the day begins and ends"
            yield finding_at(spec, "parameter-form", (*path, "as"), expected, "none")
        switches = {include.parameter for include in listing.includes} if parameter.as_ == "presence" else set[str]()
        if parameter.as_ in ("calendar-day", "presence") and name not in {*listing.filters, *switches}:
            expected = f"a filter of that name beside as: {parameter.as_}"
            yield finding_at(spec, "parameter-form", (*path, "as"), expected, "none")
        if parameter.number == "bare" and not _names_numbers(spec, name, parameter):
            expected = "number: bare only as: text, for a filter that keeps what is equal to a number"
            yield finding_at(spec, "parameter-form", (*path, "number"), expected, f"as: {parameter.as_}")
        if parameter.as_ == "presence":
            odd = [key for key in ("default", "bad", "blank", "required") if getattr(parameter, key) is not None]
            if odd or (in_body and parameter.element is None):
                expected = "as: presence alone, in query, form or an element of a list: it has no values"
                yield finding_at(spec, "parameter-form", path, expected, ", ".join(odd) or "a JSON body")
        if parameter.pattern is not None and (parameter.of if "list" in parameter.as_ else parameter.as_) != "text":
            expected = "a pattern only as: text, or of: text"
            yield finding_at(spec, "parameter-form", (*path, "pattern"), expected, f"as: {parameter.as_}")
        listed = "list" in parameter.as_ and name in listing.filters
        if parameter.elements == "all" and not listed:
            expected = "elements: all only as: list, for a filter"
            yield finding_at(spec, "parameter-form", (*path, "elements"), expected, f"as: {parameter.as_}")
        if parameter.repeated is not None and (
            parameter.as_ not in _REPEATABLE or in_body or name not in listing.filters or name in ends
        ):
            expected = f"repeated only for a filter {' or '.join(_REPEATABLE)} in query or form that is no range"
            yield finding_at(spec, "parameter-form", (*path, "repeated"), expected, f"as: {parameter.as_}")
