"""Several parameters in one value of a request, and apart: `fields=id,note`, `filter=size ge 5 and way eq 'in'`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from harness.specification.model import Listing, Parameter, SharedValue
from harness.specification.shared_parts import SharedPart
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest


@final
@dataclass(frozen=True, slots=True)
class SharedPlace:
    """A value that parameters share, by the name of the parameter that holds it."""

    holder: str
    separator: str
    parts: tuple[SharedPart, ...]

    @staticmethod
    def of(holder: str, shared: SharedValue, parameters: Mapping[str, Parameter]) -> SharedPlace:
        """The place of a value of the language."""
        none = Parameter()
        parts = tuple(
            SharedPart.of(name, written, parameters.get(name, none).separated_by)
            for name, written in shared.parts.items()
        )
        return SharedPlace(holder, shared.separated_by, parts)

    def read(self, text: str) -> tuple[list[tuple[str, str]], list[str]]:
        """The parameters in a value with their raw values, in its order, and the pieces that are none of them."""
        found: list[tuple[str, str]] = []
        others: list[str] = []
        pieces = text.split(self.separator) if text else []
        while pieces:
            # A separator inside quotes parts nothing: the fewest pieces that are a part together count.
            reading = next(self._readings(pieces), None)
            if reading is None:
                others.append(pieces.pop(0).strip())
                continue
            used, name, raw = reading
            found.append((name, raw))
            pieces = pieces[used:]
        return found, others

    def put_parts(
        self, text: str, values: dict[str, Tree], repeated: dict[str, tuple[Tree, ...]]
    ) -> list[tuple[str, Tree]]:
        """Put the parameters in a value among those of a request; gives the pieces that are none of them."""
        found, others = self.read(text)
        for name, raw in found:
            if name in values:
                repeated[name] = (*repeated.get(name, ()), raw)
            else:
                values[name] = raw
        return [(self.holder, other) for other in others]

    def _readings(self, pieces: Sequence[str]) -> Iterator[tuple[int, str, str]]:
        for used in range(1, len(pieces) + 1):
            piece = self.separator.join(pieces[:used]).strip()
            for part in self.parts:
                if used > 1 and not part.quote:
                    continue
                raw = part.value_in(piece)
                if raw is not None:
                    yield used, part.name, raw


def shared_places(listing: Listing) -> Mapping[str, SharedPlace]:
    """The values that parameters share, by the parameter that holds each."""
    return {
        holder: SharedPlace.of(holder, shared, listing.parameters) for holder, shared in listing.shared_values.items()
    }


def shared_holders(listing: Listing) -> Mapping[str, str]:
    """The parameters that stand in a shared value, with the parameter that holds it."""
    return {name: holder for holder, shared in listing.shared_values.items() for name in shared.parts}


def put_shared_values(
    listing: Listing,
    values: Mapping[str, Tree],
    extra: Sequence[tuple[str, Tree]],
    repeated: Mapping[str, Sequence[Tree]],
) -> tuple[dict[str, Tree], list[tuple[str, Tree]]]:
    """The values and the unknown pairs as a request holds them: parts, known and unknown, in their one value."""
    found, others = dict(values), list(extra)
    for holder, place in shared_places(listing).items():
        parts = {part.name: part for part in place.parts}
        pieces = [parts[name].written_with(found.pop(name)) for name in values if name in parts]
        pieces += [parts[name].written_with(raw) for name in repeated if name in parts for raw in repeated[name]]
        more = [str(value) for name, value in others if name == holder]
        if pieces or more:
            others = [(name, value) for name, value in others if name != holder]
            found[holder] = place.separator.join((*pieces, *more))
    return found, others


def settled_parts(listing: Listing, ask: ListRequest) -> ListRequest:
    """The request as its shared values tell it: what reads as another part, or as none, counts as that."""
    places = shared_places(listing)
    if not places:
        return ask
    written, extra = put_shared_values(listing, ask.values, ask.extra, ask.repeated)
    held = shared_holders(listing)
    repeated = {name: more for name, more in ask.repeated.items() if name not in held}
    for holder, place in places.items():
        if holder in written:
            extra += place.put_parts(str(written.pop(holder)), written, repeated)
    return replace(ask, values=written, extra=tuple(extra), repeated=repeated)
