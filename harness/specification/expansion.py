"""What a listing says in short, written out: operator families as parameters and filters, lists as equality.

Serve, check and generate read the expanded listing and know nothing of the short forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from harness.specification.field_path import FieldPath
from harness.specification.model import (
    Comparison,
    Filter,
    Listing,
    NamedComparison,
    OpenChoice,
    OperatorFamily,
    Parameter,
)

NAME_PLACE: Final = "{name}"
OPERATOR_PLACE: Final = "{operator}"
LIST_COMPARISONS: Final[Mapping[Comparison, Comparison]] = MappingProxyType({"in": "equal", "not-in": "not-equal"})
"""The comparisons with several values, and the comparison with one value that each is made of."""
PRESENCE_COMPARISONS: Final[tuple[Comparison, ...]] = ("present", "absent")
_YES_OR_NO: Final = Parameter(as_="flag", true=("true",), false=("false",))
_ELEMENTS: Final = ("text", "integer", "digits", "word")


def expand_listing(listing: Listing) -> Listing:
    """The listing with a parameter and a filter for each operator, and with `in` and `not-in` as equality.

    Of several values that leave rows out each counts, whether any or all are said to.

    What stands under `parameters` or `filters` by itself goes before an operator of the same name.
    """
    parameters, filters = dict(listing.parameters), dict(listing.filters)
    for name, family in listing.operators.items():
        for operator in family.words:
            made = operator_name(name, family, operator)
            parameters.setdefault(made, _with_own_marks(operator_parameter(family, operator), name, operator))
            filters.setdefault(made, _operator_filter(name, family, operator))
    filters = {name: _without_list_words(rule) for name, rule in filters.items()}
    for name, rule in filters.items():
        if rule.keeps == "not-equal" and name in parameters:
            # A row that matches any of them is left out.
            given = parameters[name]
            once = "any" if given.repeated == "all" else given.repeated
            parameters[name] = replace(given, repeated=once, elements="any")
    return replace(
        listing,
        parameters=MappingProxyType(parameters),
        filters=MappingProxyType(filters),
    )


def operator_name(name: str, family: OperatorFamily, operator: str) -> str:
    """The name of the parameter of one operator."""
    return family.pattern.replace(NAME_PLACE, name).replace(OPERATOR_PLACE, operator)


def operator_parameter(family: OperatorFamily, operator: str) -> Parameter:
    """How the value of one operator is written."""
    if operator in family.parameters:
        return family.parameters[operator]
    shared = family.parameter or Parameter()
    keeps = family.words[operator]
    if keeps in PRESENCE_COMPARISONS and shared.element is not None:
        # The element itself says it, without a value.
        return Parameter(as_="presence", at=shared.at, element=replace(shared.element, value=None))
    if keeps in PRESENCE_COMPARISONS:
        return _YES_OR_NO
    if keeps in LIST_COMPARISONS and shared.as_ in _ELEMENTS:
        return replace(shared, as_="list", of=shared.as_)
    return shared


def _with_own_marks(parameter: Parameter, name: str, operator: str) -> Parameter:
    """The parameter with the family's name and the operator in the marks of its element."""
    if parameter.element is None:
        return parameter
    marks = {
        mark: text.replace(NAME_PLACE, name).replace(OPERATOR_PLACE, operator) if isinstance(text, str) else text
        for mark, text in parameter.element.marks.items()
    }
    return replace(parameter, element=replace(parameter.element, marks=MappingProxyType(marks)))


def _operator_filter(name: str, family: OperatorFamily, operator: str) -> Filter:
    keeps = family.words[operator]
    return Filter(
        compares=family.compares or (FieldPath.of(name),),
        keeps=keeps,
        boundary=family.boundary,
        case=family.case,
        absent=family.absent if keeps in ("not-equal", "not-in") else "kept",
        wildcards=family.wildcards if keeps == "like" else None,
        clause=family.word_clauses.get(operator, family.clause),
    )


def _without_list_words(rule: Filter) -> Filter:
    keeps = rule.keeps
    if isinstance(keeps, OpenChoice):
        options = tuple(LIST_COMPARISONS.get(one, one) for one in keeps.options)
        keeps = replace(keeps, options=options, assumed=LIST_COMPARISONS.get(keeps.assumed, keeps.assumed))
    else:
        keeps = LIST_COMPARISONS.get(keeps, keeps)
    named = rule.named_by
    if named is not None:
        named = _named_without_list_words(named)
    return rule if (keeps, named) == (rule.keeps, rule.named_by) else replace(rule, keeps=keeps, named_by=named)


def _named_without_list_words(named: NamedComparison) -> NamedComparison:
    words = {word: LIST_COMPARISONS.get(keeps, keeps) for word, keeps in named.words.items()}
    return named if words == named.words else replace(named, words=MappingProxyType(words))
