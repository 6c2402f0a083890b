"""Values of what a request must name: those of the commonest call that has them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from harness.generate.rows import RowSet
from harness.specification.access import chosen_values
from harness.specification.load import Spec
from harness.specification.model import Parameter
from harness.wire.decoded_body import Tree
from harness.wire.parameter_codec import encode_parameter
from harness.wire.row_codec import UTC_ZONE


def demanded_values(spec: Spec, rows: RowSet) -> Mapping[str, Tree]:
    """A value for each filter that must be given, and for each part of the path that the spec has none for.

    One call has them all, where any call does; as a request writes them. Empty where nothing need be named.
    """
    listing = spec.listing
    names = [name for name, value in chosen_values(spec).items() if not value and name in listing.filters]
    paths = [listing.filters[name].compares[0] for name in names]
    found = ([rows.values_at(index, path)[:1] for path in paths] for index in range(len(rows)))
    counted = Counter(tuple(value for (value,) in values) for values in found if names and all(values))
    best = counted.most_common(1)
    return {
        name: _encode(listing.parameters[name], value)
        for name, value in (zip(names, best[0][0], strict=True) if best else ())
    }


def _encode(parameter: Parameter, value: Any) -> Tree:
    one = value[0] if isinstance(value, tuple) else value
    return encode_parameter(parameter, one, zone=UTC_ZONE, in_json=parameter.at is not None)
