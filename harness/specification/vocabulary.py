"""Whether a spec speaks of telephony rightly: attributes, ways to write them, words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from harness.specification.lint.cross_references import field_at
from harness.specification.lint.finding import LintFinding, options_of, say
from harness.specification.load import Spec
from harness.specification.model import Field, Filter
from harness.specification.yaml_source import Path_
from harness.telephony.attributes import ATTRIBUTES, Attribute, Grain, Kind

_FITS: Final[Mapping[str, tuple[Kind, ...]]] = MappingProxyType(
    {
        "text": (Kind.TEXT, Kind.INTEGER),
        "word": (Kind.WORD, Kind.TEXT, Kind.INTEGER, Kind.FLAG),
        "integer": (Kind.INTEGER, Kind.SECONDS, Kind.FLAG),
        "digits": (Kind.INTEGER, Kind.SECONDS, Kind.FLAG),
        "decimal": (Kind.DECIMAL, Kind.SECONDS, Kind.INTEGER),
        "epoch-seconds": (Kind.INSTANT,),
        "local-time": (Kind.INSTANT,),
        "rfc3339": (Kind.INSTANT,),
        "flag": (Kind.FLAG,),
        "text-list": (Kind.TEXT_LIST,),
        "rows": (Kind.ROWS,),
    }
)
# A word of telephony for what a record from elsewhere does not tell; an API need not have one.
_UNTOLD: Final = "unknown"


def attributes(spec: Spec) -> Iterator[LintFinding]:
    """Each field shows an attribute of its grain in a way that fits, with the API's word for each of its words."""
    grain = Grain(spec.listing.lists.one_row_per)
    yield from _fields_show(spec, spec.listing.fields, grain, ("fields",))
    for name, hidden in spec.listing.hidden.items():
        path: Path_ = ("hidden", name)
        attribute = attribute_at(grain, hidden.holds)
        if attribute is None:
            yield _unknown_attribute(spec, (*path, "holds"), hidden.holds, grain)
        elif hidden.words:
            yield from _words(spec, attribute, hidden.words, (*path, "words"))
    if spec.listing.scope is not None:
        for holds in spec.listing.scope.owner_attributes:
            if attribute_at(grain, holds) is None:
                yield _unknown_attribute(spec, ("scope", "owner-attributes"), holds, grain)


def attribute_at(grain: Grain, path: str) -> Attribute | None:
    """The attribute that `name` or `list[].name` names, seen from a grain; None when there is none."""
    found: Attribute | None = None
    here: Grain | None = grain
    for step in path.split("[]."):
        found = ATTRIBUTES[here].get(step) if here is not None else None
        if found is None:
            return None
        here = found.rows
    return found


def _unknown_attribute(spec: Spec, path: Path_, name: str, grain: Grain) -> LintFinding:
    return say(spec, "attribute", path, f"an attribute of a {grain}: {', '.join(ATTRIBUTES[grain])}", repr(name))


def _fields_show(spec: Spec, fields: Mapping[str, Field], grain: Grain, path: Path_) -> Iterator[LintFinding]:
    for name, field in fields.items():
        here: Path_ = (*path, name)
        attribute = ATTRIBUTES[grain].get(field.shows) if field.shows is not None else None
        if field.shows is not None and attribute is None:
            yield _unknown_attribute(spec, (*here, "shows"), field.shows, grain)
        if attribute is not None:
            if attribute.kind not in _FITS[field.as_]:
                fitting = ", ".join(word for word, kinds in _FITS.items() if attribute.kind in kinds)
                yield say(
                    spec, "codec", (*here, "as"), f"a way to write {attribute.kind}: {fitting}", repr(field.as_)
                )
            elif field.as_ == "word":
                yield from _words(spec, attribute, field.words, (*here, "words"))
        if field.words and field.as_ != "word":
            yield say(spec, "codec", (*here, "words"), "words only beside `as: word`", f"as: {field.as_}")
        if field.fields and field.as_ != "rows":
            yield say(spec, "codec", (*here, "fields"), "fields only beside `as: rows`", f"as: {field.as_}")
        if field.fields and attribute is not None and attribute.rows is not None:
            yield from _fields_show(spec, field.fields, attribute.rows, (*here, "fields"))


def _words(spec: Spec, attribute: Attribute, words: Mapping[str, str], path: Path_) -> Iterator[LintFinding]:
    known: tuple[str, ...] = attribute.words
    if attribute.kind is Kind.FLAG:
        known = ("True", "False")
    if not known:
        return
    for word in words:
        if word not in known:
            yield say(spec, "words", (*path, word), f"a word of {attribute.name}: {', '.join(known)}", repr(word))
    missing = [word for word in known if word not in words and word != _UNTOLD]
    if missing:
        yield say(
            spec, "words", path, f"the API's word for each of {', '.join(known)}", f"none for {', '.join(missing)}"
        )


def filter_words(spec: Spec) -> Iterator[LintFinding]:
    """A filter's words stand for words that the compared field can show."""
    for name, rule in spec.listing.filters.items():
        known = _api_words(spec, rule)
        if not known:
            continue
        path: Path_ = ("filters", name)
        for word, meant in rule.words.items():
            for option in options_of(meant):
                for one in option:
                    if one not in known:
                        yield say(
                            spec, "filter-words", (*path, "words", word), f"one of {', '.join(known)}", repr(one)
                        )


def _api_words(spec: Spec, rule: Filter) -> tuple[str, ...]:
    known: list[str] = []
    for place in rule.compares:
        if place.startswith("hidden."):
            hidden = spec.listing.hidden.get(place[7:])
            known += hidden.words.values() if hidden is not None else ()
        else:
            field = field_at(spec, place)
            known += (*field.words.values(), *field.more_words) if field is not None and field.as_ == "word" else ()
    return tuple(known)
