"""The parameters of a request: raw values parsed, and invalid ones treated as the spec says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, final
from zoneinfo import ZoneInfo

from harness.integers import is_integer
from harness.specification.dialect import ChoiceResolver
from harness.specification.field_path import FieldPath
from harness.specification.model import Field, Filter, InvalidValueRule, Listing, OpenChoice, Parameter
from harness.wire.decoded_body import Tree, printable_text
from harness.wire.list_request import ListRequest
from harness.wire.parameter_codec import (
    OutOfRange,
    ParameterValue,
    decode_parameter,
    is_blank,
    is_blank_value,
    is_list,
)
from harness.wire.request_codec import RefusedRequest
from harness.wire.row_codec import field_at
from harness.wire.scalar_codecs import DecodeError
from harness.wire.scalar_codecs import zone_named as zone_named
from harness.wire.zone_codec import read_zone

_INVALID: Final = "invalid"


@final
class ParsedParameters(NamedTuple):
    """The parsed parameters of one request.

    `values` holds the values that were given and are not empty, `raw_values` the same as written. `matches_nothing`:
    an invalid value was given to which the API answers with no rows.
    """

    listing: Listing
    values: Mapping[str, ParameterValue]
    raw_values: Mapping[str, Tree]
    zone: ZoneInfo
    zone_name: str
    matches_nothing: bool = False

    def has(self, name: str | None) -> bool:
        """Whether the parameter was given and is not empty."""
        return name is not None and name in self.values

    def value(self, name: str | None) -> ParameterValue | None:
        """The value of a parameter, or its default where it is absent."""
        if name is None:
            return None
        if name in self.values:
            return self.values[name]
        parameter = self.listing.parameters.get(name)
        return default_of(parameter) if parameter is not None else None

    def is_true(self, name: str | None) -> bool:
        """Whether a flag is true, as given or by default."""
        return self.value(name) is True

    def without(self, names: tuple[str, ...]) -> ParsedParameters:
        """The same without these parameters, as if they had not been given."""
        return self._replace(
            values={name: value for name, value in self.values.items() if name not in names},
            raw_values={name: value for name, value in self.raw_values.items() if name not in names},
        )


def default_of(parameter: Parameter) -> ParameterValue | None:
    """The default of a parameter as a parsed value; None where it has none."""
    default = parameter.default
    if default is None or default == "":
        return None
    if parameter.as_ == "flag":
        return default if isinstance(default, bool) else str(default) in parameter.true
    if parameter.as_ in ("integer", "digits"):
        return int(default)
    return str(default)


def parse_parameters(
    listing: Listing, ask: ListRequest, choices: ChoiceResolver
) -> ParsedParameters | RefusedRequest:
    """The parsed parameters of a request, or the refusal that the first invalid one gets."""
    refused = _refuse_unknown_or_repeated(listing, ask, choices)
    if refused is not None:
        return refused
    zone = _parse_zone(listing, ask, choices)
    if isinstance(zone, RefusedRequest):
        return zone
    values: dict[str, ParameterValue] = {}
    raw_values: dict[str, Tree] = {}
    nothing = False
    for name, parameter in listing.parameters.items():
        if name not in ask.values or _is_from_later_version(listing, parameter, choices):
            continue
        raw = _choose_raw_value(listing, ask, name, parameter, choices)
        read = _parse_value(listing, name, parameter, raw, zone[0], choices)
        match read:
            case RefusedRequest():
                return read
            case _MatchesNothing():
                nothing = True
            case _Absent():
                pass
            case _:
                values[name] = read
                raw_values[name] = raw
    return ParsedParameters(
        listing=listing,
        values=values,
        raw_values=raw_values,
        zone=zone[0],
        zone_name=zone[1],
        matches_nothing=nothing,
    )


def parse_places(
    listing: Listing, ask: ListRequest, names: tuple[str, ...], zone: ZoneInfo, choices: ChoiceResolver
) -> dict[str, ParameterValue] | None:
    """The parsed values of the parameters that say which page; None where one of them is refused or means no rows."""
    found: dict[str, ParameterValue] = {}
    for name in names:
        if name not in ask.values or _is_from_later_version(listing, listing.parameters[name], choices):
            continue
        read = _parse_value(listing, name, listing.parameters[name], ask.values[name], zone, choices)
        if isinstance(read, RefusedRequest | _MatchesNothing):
            return None
        if not isinstance(read, _Absent):
            found[name] = read
    return found


@final
@dataclass(frozen=True, slots=True)
class _Absent:
    pass


@final
@dataclass(frozen=True, slots=True)
class _MatchesNothing:
    pass


def _refuse_unknown_or_repeated(listing: Listing, ask: ListRequest, choices: ChoiceResolver) -> RefusedRequest | None:
    transport = listing.transport
    unknown_refused = choices.resolve(transport.unknown_parameters) == "refused"
    for name, _ in ask.extra:
        shared = listing.shared_values.get(name)
        if shared is not None and shared.other is not None:
            if choices.resolve(shared.other.gets) == "refused":
                return RefusedRequest(fault=shared.other.fault, parameter=name)
        elif unknown_refused and name not in transport.tolerated:
            return RefusedRequest(fault=_INVALID, parameter=name)
    if choices.resolve(transport.repeated_parameters) == "refused":
        for name in ask.repeated:
            return RefusedRequest(fault=_INVALID, parameter=name)
    return None


def _choose_raw_value(
    listing: Listing, ask: ListRequest, name: str, parameter: Parameter, choices: ChoiceResolver
) -> Tree:
    """The raw value of a parameter; of a repeated one the value that the API heeds."""
    raw, more = ask.values[name], ask.repeated.get(name, ())
    if not more:
        return raw
    match choices.resolve(listing.transport.repeated_parameters):
        case "last":
            return more[-1]
        case "joined":
            separator = parameter.separated_by if parameter.as_ == "list" else ","
            return separator.join(str(part) for part in (raw, *more))
        case _:
            return raw


def _is_from_later_version(listing: Listing, parameter: Parameter, choices: ChoiceResolver) -> bool:
    if listing.versions is None or parameter.since is None:
        return False
    order = listing.versions.order
    serves = choices.resolve(listing.versions.serves)
    return parameter.since in order and serves in order and order.index(parameter.since) > order.index(serves)


def _parse_zone(listing: Listing, ask: ListRequest, choices: ChoiceResolver) -> tuple[ZoneInfo, str] | RefusedRequest:
    if listing.zone is None:
        return ZoneInfo("UTC"), "UTC"
    default = choices.resolve(listing.zone.default)
    name = listing.zone.parameter
    raw = ask.values.get(name) if name is not None else None
    parameter = listing.parameters.get(name or "")
    if name is None or parameter is None or is_blank(raw) or raw in listing.zone.account_words:
        return ZoneInfo(default), default
    try:
        return zone_named(read_zone(listing.zone, raw)), str(raw)
    except DecodeError:
        bad = parameter.bad
        if bad is None or choices.resolve(bad.gets) == "refused":
            return RefusedRequest(fault=bad.fault if bad else _INVALID, parameter=name, value=printable_text(raw))
        return ZoneInfo(default), default


def _parse_value(
    listing: Listing, name: str, parameter: Parameter, raw: Tree, zone: ZoneInfo, choices: ChoiceResolver
) -> ParameterValue | RefusedRequest | _Absent | _MatchesNothing:
    if is_blank_value(parameter, raw):
        means = choices.resolve(parameter.blank if parameter.blank is not None else listing.blank.means)
        if means == "absent":
            return _Absent()
        fault = (
            parameter.required.fault if parameter.required else (parameter.bad or _default_bad_rule(listing)).fault
        )
        return RefusedRequest(fault=fault, parameter=name)
    rule = listing.filters.get(name)
    if rule is not None and isinstance(raw, str) and raw in rule.no_filter:
        # Absent it would mean the default, which may keep fewer rows, or lack where it, or one of several, is due.
        needed = parameter.required is not None or any(name in choice.of for choice in listing.at_least_one)
        heeded = needed or parameter.default is not None
        return raw if heeded else _Absent()
    in_json = parameter.at is not None or listing.transport.carries == "json"
    try:
        value = decode_parameter(parameter, raw, zone=zone, in_json=in_json)
        _check_word(listing, name, parameter, value, choices)
    except OutOfRange:
        over = parameter.too_many if is_list(parameter) or parameter.repeated == "any" else parameter.beyond
        return _handle_bad_value(listing, name, parameter, raw, over or parameter.bad, zone, choices, in_json=in_json)
    except (DecodeError, ValueError):
        bad = parameter.zero if parameter.zero is not None and raw in (0, "0") else parameter.bad
        return _handle_bad_value(listing, name, parameter, raw, bad, zone, choices, in_json=in_json)
    return _Absent() if value == () else value


def _handle_bad_value(
    listing: Listing,
    name: str,
    parameter: Parameter,
    raw: Tree,
    bad: InvalidValueRule | None,
    zone: ZoneInfo,
    choices: ChoiceResolver,
    *,
    in_json: bool,
) -> ParameterValue | RefusedRequest | _Absent | _MatchesNothing:
    rule = bad or _default_bad_rule(listing)
    match choices.resolve(rule.gets):
        case "refused":
            return RefusedRequest(fault=rule.fault, parameter=name, value=printable_text(raw))
        case "nothing":
            return _MatchesNothing()
        case "clamped":
            return _clamp_value(parameter, raw, zone, in_json=in_json)
        case "honoured":
            return _parse_unbounded(parameter, raw, zone, in_json=in_json)
        case _:
            return _Absent()


def _default_bad_rule(listing: Listing) -> InvalidValueRule:
    return InvalidValueRule(gets="refused" if _INVALID in listing.outcome.faults else "ignored", fault=_INVALID)


def _parse_unbounded(parameter: Parameter, raw: Tree, zone: ZoneInfo, *, in_json: bool) -> ParameterValue | _Absent:
    """The value without regard to its bounds; a text that cannot be parsed stays a text."""
    free = replace(parameter, least=None, most=None, most_items=None)
    try:
        return decode_parameter(free, raw, zone=zone, in_json=in_json)
    except (DecodeError, ValueError):
        return raw if isinstance(raw, str) and parameter.as_ in ("text", "word") else _Absent()


def _clamp_value(parameter: Parameter, raw: Tree, zone: ZoneInfo, *, in_json: bool) -> ParameterValue | _Absent:
    """The nearest legal value; for 0 the largest, as servers do that take 0 for "no limit of mine"."""
    value = _parse_unbounded(parameter, raw, zone, in_json=in_json)
    if isinstance(value, tuple):
        return value[: parameter.most_items]
    if is_integer(value):
        if value == 0 and parameter.zero is not None and parameter.most is not None:
            return parameter.most
        if parameter.least is not None and value < parameter.least:
            return parameter.least
        if parameter.most is not None and value > parameter.most:
            return parameter.most
    return value


# --- words --------------------------------------------------------------------------------------------------


def _check_word(
    listing: Listing, name: str, parameter: Parameter, value: ParameterValue, choices: ChoiceResolver
) -> None:
    if parameter.as_ != "word" and not (parameter.as_ == "list" and parameter.of == "word"):
        return
    legal = legal_words(listing, name, parameter)
    rule = listing.filters.get(name)
    folded = rule is not None and choices.resolve(rule.case) == "folded"
    known = {word.casefold() for word in legal} if folded else legal
    for item in value if isinstance(value, tuple) else (value,):
        word = str(item).casefold() if folded else str(item)
        if legal and word not in known:
            raise DecodeError("a known word", printable_text(str(item)))


def legal_words(listing: Listing, name: str, parameter: Parameter) -> set[str]:
    """The words that a word parameter takes; empty when it takes any."""
    named = next(
        (rule.named_by for rule in listing.filters.values() if rule.named_by and rule.named_by.parameter == name),
        None,
    )
    sort = listing.order.sort if listing.order else None
    scope = listing.scope
    if named is not None or (sort and sort.parameter == name) or (scope and scope.parameter == name):
        # Their own construct says what an unknown word gets.
        return set()
    legal = set(parameter.words) or choice_words(listing, name)
    rule = listing.filters.get(name)
    if rule is not None:
        # Words with a meaning of their own are all there are.
        own = {*rule.word_conditions, *rule.periods}
        if not legal and not own:
            legal |= {word for path in compared_paths(rule) for word in words_at(listing, path)}
        if legal or own:
            legal |= {*rule.words, *own, *rule.no_filter, *rule.aliases}
    return legal


def choice_words(listing: Listing, name: str) -> set[str]:
    """The words by which a parameter chooses what filters compare; none where it does not."""
    chosen = (rule.compares_by for rule in listing.filters.values() if rule.compares_by is not None)
    return {word for one in chosen if one.parameter == name for word in one.words}


def compared_paths(rule: Filter) -> tuple[FieldPath, ...]:
    """Every path that a filter may compare, whatever the open choices."""
    others = (
        choice.options if isinstance(choice, OpenChoice) else (choice,)
        for choice in (rule.alternatives, rule.instead)
    )
    chosen = rule.compares_by.words.values() if rule.compares_by is not None else ()
    return (*rule.compares, *chosen, *(path for options in others for paths in options for path in paths))


def words_at(listing: Listing, path: FieldPath) -> tuple[str, ...]:
    """The API's words at a path."""
    if path.hidden:
        return tuple(listing.hidden[path.head].words.values())
    found: Field | None = field_at(listing.fields, path)
    return (*found.words.values(), *found.more_words) if found is not None else ()
