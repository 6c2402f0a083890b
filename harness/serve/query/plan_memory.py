"""Plans of requests that were planned before but for the page they ask for: pagers and walks repeat all the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias, final
from zoneinfo import ZoneInfo

from harness.serve.query.parameters import ParsedParameters, parse_places
from harness.serve.query.query_builder import AnswerPlan, plan_other_page, typed_echoes
from harness.specification.dialect import ChoiceResolver
from harness.specification.model import Listing
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import ParameterValue

_MOST_PLANS: Final = 512
_MOST_VALUES: Final = 1024

PlanKey: TypeAlias = "tuple[object, ...]"


@final
class PlanMemory:
    """The plans of one API, by everything in a request but the page; what expires is not for it."""

    def __init__(self, listing: Listing, choices: ChoiceResolver) -> None:
        self._listing = listing
        self._choices = choices
        self._places = frozenset(_page_parameters(listing))
        self._echoes = tuple(one for one in typed_echoes(listing) if one.echo.of in self._places)
        self._plans: dict[PlanKey, tuple[ParsedParameters, AnswerPlan]] = {}
        # What single values mean: pages and sizes are few, and come again with every list.
        self._read_values: dict[tuple[object, ...], dict[str, ParameterValue] | None] = {}

    @staticmethod
    def of(listing: Listing, choices: ChoiceResolver) -> PlanMemory | None:
        """The memory of an API; None where the page asked for has a say in what else is meant."""
        places = set(_page_parameters(listing))
        heeded = {rule.named_by.parameter for rule in listing.filters.values() if rule.named_by is not None}
        heeded |= {rule.compares_by.parameter for rule in listing.filters.values() if rule.compares_by is not None}
        for rule in listing.filters.values():
            heeded |= {*rule.excludes, *rule.applies_if_any} | ({rule.loses_to} if rule.loses_to else set())
        heeded |= {name for span in listing.ranges for name in (span.first, span.last)}
        heeded |= listing.filters.keys()
        required = any(listing.parameters[name].required is not None for name in places)
        return None if not places or required or places & heeded else PlanMemory(listing, choices)

    def key_of(self, ask: ListRequest, at: datetime) -> PlanKey | None:
        """What a plan goes by besides the page; None where a page is asked for twice."""
        places = self._places
        if ask.repeated and not places.isdisjoint(ask.repeated):
            return None
        # A text is told by itself: most values are, and no function is called for them.
        rest = tuple(
            [
                (name, value if type(value) is str else _told(value))
                for name, value in ask.values.items()
                if name not in places
            ]
        )
        credentials = tuple(ask.credentials.items())
        extra = tuple([name for name, _ in ask.extra]) if ask.extra else ()
        return at, rest, credentials, ask.scheme, extra, repr(ask.repeated) if ask.repeated else ""

    def find(self, key: PlanKey, ask: ListRequest) -> AnswerPlan | None:
        """The plan of a request, from that of another page; None where it has to be made anew."""
        known = self._plans.get(key)
        if known is None:
            return None
        given, plan = known
        places = self._read_places(ask, given.zone)
        if places is None:
            return None
        # Written out: `replace` looks at every field.
        other = ParsedParameters(
            listing=given.listing,
            values={**given.values, **places},
            raw_values={**given.raw_values, **{name: ask.values[name] for name in places}},
            zone=given.zone,
            zone_name=given.zone_name,
        )
        return plan_other_page(plan, other, self._choices, self._echoes)

    def _read_places(self, ask: ListRequest, zone: ZoneInfo) -> dict[str, ParameterValue] | None:
        """The values that say which page; None where one of them is refused or means no rows."""
        found: dict[str, ParameterValue] = {}
        for name in self._places:
            if name not in ask.values:
                continue
            told = name, _told(ask.values[name]), zone
            if told not in self._read_values:
                if len(self._read_values) >= _MOST_VALUES:
                    self._read_values.clear()
                self._read_values[told] = parse_places(self._listing, ask, (name,), zone, self._choices)
            read = self._read_values[told]
            if read is None:
                return None
            found.update(read)
        return found

    def keep(self, key: PlanKey, given: ParsedParameters, plan: AnswerPlan) -> None:
        """Remember a plan for the other pages of its list."""
        if plan.count_unit is not None or plan.query.matches_nothing:
            return
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        self._plans[key] = (given.without(tuple(self._places)), plan)


def _page_parameters(listing: Listing) -> tuple[str, ...]:
    """The parameters that say which page, and how long it is."""
    size = listing.paging.size_parameter
    return listing.paging.place_parameters + (() if size is None else (size,))


def _told(value: Tree) -> object:
    """A value of which no other kind of value is the equal: true is no 1."""
    return value if type(value) is str else (type(value).__name__, repr(value))
