"""Whether the ends of a range that stand in one value can be told apart there, and stand nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.specification.access import path_parts
from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import Parameter, RangeValue
from harness.specification.yaml_source import KeyPath

_JSON_NUMBERS: Final = ("integer", "decimal", "epoch-seconds", "epoch-milliseconds")
_NUMBERS: Final = (*_JSON_NUMBERS, "digits")
_ENDS: Final = ("list", "json-list", "flag", "presence")


def check_range_values(spec: Spec) -> Iterator[LintFinding]:
    """A value that holds both ends is no parameter of its own, and its separator is in neither end."""
    listing = spec.listing
    for index, pair in enumerate(listing.ranges):
        value, path = pair.value, ("ranges", index, "value")
        if value is None:
            continue
        if value.parameter in listing.parameters or value.parameter in path_parts(spec.path):
            expected = "a parameter that stands under no other construct"
            yield finding_at(spec, "range-value", (*path, "parameter"), expected, repr(value.parameter))
        in_json = listing.transport.carries == "json"
        if value.at is not None and not in_json:
            yield finding_at(spec, "range-value", (*path, "at"), "a place only in a JSON body", value.at)
        if value.separated_by is None and not in_json:
            expected = "separated-by: a list stands only in a JSON body"
            yield finding_at(spec, "range-value", path, expected, "none")
        ends = {name: listing.parameters[name] for name in (pair.first, pair.last) if name in listing.parameters}
        for name, parameter in ends.items():
            if parameter.at is not None or parameter.repeated is not None or name in path_parts(spec.path):
                expected = f"no place of its own for {name}, which stands in {value.parameter}"
                yield finding_at(spec, "range-value", ("parameters", name), expected, "at, repeated or a path")
            if parameter.as_ in _ENDS:
                expected = f"{name} as a text, a number or a time"
                yield finding_at(spec, "range-value", ("parameters", name, "as"), expected, f"as: {parameter.as_}")
            yield from _check_separator(spec, path, value, name, parameter, in_json=in_json)
        first = ends.get(pair.first)
        if first is not None and first.bad is None:
            expected = f"bad beside {pair.first}: what a value gets that is not two ends"
            yield finding_at(spec, "range-value", ("parameters", pair.first), expected, "none")


def _check_separator(
    spec: Spec, path: KeyPath, value: RangeValue, name: str, parameter: Parameter, *, in_json: bool
) -> Iterator[LintFinding]:
    separator = value.separated_by
    if separator is None:
        return
    # A number may have a dot; a time may have all of these, and letters.
    own = "." if parameter.as_ in _NUMBERS else "-+:."
    if not separator.strip() or any(sign.isalnum() or sign in own for sign in separator):
        expected = f"a separator that {name} cannot hold: a sign other than letters, digits and {own}"
        yield finding_at(spec, "range-value", (*path, "separated-by"), expected, repr(separator))
    if in_json and parameter.as_ in _JSON_NUMBERS and not parameter.lenient:
        expected = f"{name} written as a text beside a separator, or `lenient: true`"
        yield finding_at(spec, "range-value", ("parameters", name, "as"), expected, f"as: {parameter.as_}")
