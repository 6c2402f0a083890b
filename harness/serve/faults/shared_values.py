"""Faults in values that several parameters share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from harness.serve.faults.base import Fault, make_fault, with_changed_listing, with_entry
from harness.serve.faults.hooks import Hooks
from harness.specification.model import Listing, SharedValue
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import RefusedRequest


def shared_value_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of shared values: parts beside others are lost, other parts get what is not due."""
    for holder, shared in listing.shared_values.items():
        for keeps, first in (("first", True), ("last", False)):
            yield from make_fault(
                shared.clause,
                f"{holder}-{keeps}-part-only",
                f"of the parts of {holder} only the {keeps} counts",
                Hooks(list_request=lambda ask, shared=shared, first=first: _with_one_part(ask, shared, first=first)),  # type: ignore[misc]
            )
        other = shared.other
        if other is None or other.gets not in ("refused", "ignored"):
            continue
        gets: Literal["refused", "ignored"] = "ignored" if other.gets == "refused" else "refused"
        yield from make_fault(
            other.clause,
            f"{holder}-other-part-{gets}",
            f"a part of {holder} that is none of the documented ones is {gets}",
            with_changed_listing(with_entry("shared_values", holder, other=replace(other, gets=gets))),
        )


def _with_one_part(
    ask: ListRequest | RefusedRequest, shared: SharedValue, *, first: bool
) -> ListRequest | RefusedRequest:
    if isinstance(ask, RefusedRequest):
        return ask
    held = [name for name in ask.values if name in shared.parts]
    lost = held[1:] if first else held[:-1]
    return replace(ask, values={name: value for name, value in ask.values.items() if name not in lost})
