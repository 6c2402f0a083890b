"""Whether a spec speaks of telephony rightly: attributes, ways to write them, words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from harness.integers import is_integer
from harness.specification.field_path import AttributePath, FieldPath
from harness.specification.lint.cross_references import declared_field
from harness.specification.lint.field_values import check_field_value, check_id_form
from harness.specification.lint.finding import LintFinding, finding_at, possible_values
from harness.specification.load import Spec
from harness.specification.model import Field, Scalar
from harness.specification.yaml_source import KeyPath
from harness.telephony.attributes import ATTRIBUTES, Attribute, AttributeKind, Grain

_KINDS_BY_CODEC: Final[Mapping[str, tuple[AttributeKind, ...]]] = MappingProxyType(
    {
        "text": (AttributeKind.TEXT, AttributeKind.INTEGER),
        "word": (AttributeKind.WORD, AttributeKind.TEXT, AttributeKind.INTEGER, AttributeKind.FLAG),
        "integer": (AttributeKind.INTEGER, AttributeKind.SECONDS, AttributeKind.FLAG),
        "digits": (AttributeKind.INTEGER, AttributeKind.SECONDS, AttributeKind.FLAG),
        "decimal": (AttributeKind.DECIMAL, AttributeKind.SECONDS, AttributeKind.INTEGER),
        "decimal-text": (AttributeKind.DECIMAL, AttributeKind.SECONDS, AttributeKind.INTEGER),
        "epoch-seconds": (AttributeKind.INSTANT,),
        "epoch-milliseconds": (AttributeKind.INSTANT,),
        "local-time": (AttributeKind.INSTANT,),
        "iso-local": (AttributeKind.INSTANT,),
        "offset-time": (AttributeKind.INSTANT,),
        "rfc2822": (AttributeKind.INSTANT,),
        "rfc3339": (AttributeKind.INSTANT,),
        "formatted-time": (AttributeKind.INSTANT,),
        "calendar-day": (AttributeKind.INSTANT,),
        "formatted-duration": (AttributeKind.SECONDS,),
        "flag": (AttributeKind.FLAG,),
        "text-list": (AttributeKind.TEXT_LIST,),
        "rows": (AttributeKind.ROWS,),
        "object": (),
    }
)
# A word of telephony for what a record from elsewhere does not tell; an API need not have one.
_UNKNOWN_WORD: Final = "unknown"


def check_attributes(spec: Spec) -> Iterator[LintFinding]:
    """Each field shows an attribute of its grain in a way that fits, with the API's word for each of its words."""
    grain = Grain(spec.listing.lists.one_row_per)
    yield from _check_fields(spec, spec.listing.fields, grain, ("fields",))
    for name, hidden in spec.listing.hidden.items():
        path: KeyPath = ("hidden", name)
        attribute = attribute_at(grain, hidden.holds)
        if attribute is None:
            yield _unknown_attribute(spec, (*path, "holds"), str(hidden.holds), grain)
        elif hidden.words:
            yield from _check_words(spec, attribute, hidden.words, (*path, "words"))
        if hidden.form is not None:
            yield from check_id_form(spec, hidden.form, hidden.holds.steps[-1], (*path, "form"))
    if spec.listing.scope is not None:
        for holds in spec.listing.scope.owner_attributes:
            if attribute_at(grain, holds) is None:
                yield _unknown_attribute(spec, ("scope", "owner-attributes"), str(holds), grain)


def attribute_at(grain: Grain, path: AttributePath) -> Attribute | None:
    """The attribute at a path, seen from a grain; None when there is none."""
    found: Attribute | None = None
    here: Grain | None = grain
    for step in path.steps:
        found = ATTRIBUTES[here].get(step) if here is not None else None
        if found is None:
            return None
        here = found.rows
    return found


def _unknown_attribute(spec: Spec, path: KeyPath, name: str, grain: Grain) -> LintFinding:
    return finding_at(
        spec, "attribute", path, f"an attribute of a {grain}: {', '.join(ATTRIBUTES[grain])}", repr(name)
    )


def _check_fields(spec: Spec, fields: Mapping[str, Field], grain: Grain, path: KeyPath) -> Iterator[LintFinding]:
    for name, field in fields.items():
        here: KeyPath = (*path, name)
        attribute = ATTRIBUTES[grain].get(field.shows) if field.shows is not None else None
        if field.shows is not None and attribute is None:
            yield _unknown_attribute(spec, (*here, "shows"), field.shows, grain)
        if attribute is not None:
            if attribute.kind not in _KINDS_BY_CODEC[field.as_]:
                fitting = ", ".join(word for word, kinds in _KINDS_BY_CODEC.items() if attribute.kind in kinds)
                yield finding_at(
                    spec, "codec", (*here, "as"), f"a way to write {attribute.kind}: {fitting}", repr(field.as_)
                )
            elif field.as_ == "word":
                yield from _check_words(spec, attribute, field.words, (*here, "words"), field.unshown)
                yield from _check_unshown_words(spec, attribute, field, here)
        yield from check_field_value(spec, fields, name, grain, here)
        if field.words and field.as_ != "word":
            yield finding_at(spec, "codec", (*here, "words"), "words only beside `as: word`", f"as: {field.as_}")
        if field.fields and field.as_ != "rows":
            expected = "fields only beside `as: rows` or `as: object`"
            yield finding_at(spec, "codec", (*here, "fields"), expected, f"as: {field.as_}")
        if field.unset is not None and not _fits_codec(field, field.unset):
            yield finding_at(spec, "codec", (*here, "unset"), f"a value written {field.as_}", repr(field.unset))
        if field.fields and attribute is not None and attribute.rows is not None:
            yield from _check_fields(spec, field.fields, attribute.rows, (*here, "fields"))


def _fits_codec(field: Field, value: Scalar) -> bool:
    """Whether a value of a spec can be one of the field: a number, a text, or one of its words."""
    if field.as_ in ("integer", "decimal"):
        return is_integer(value) and not (field.negative and value > 0)
    if field.as_ == "word":
        return value in (*field.words.values(), *field.more_words)
    return field.as_ == "text" and isinstance(value, str)


def _check_unshown_words(spec: Spec, attribute: Attribute, field: Field, path: KeyPath) -> Iterator[LintFinding]:
    """Words written as none are telephony words without a word of the API, and none can be written."""
    here: KeyPath = (*path, "unshown")
    for word in field.unshown:
        if word not in attribute.words:
            known = ", ".join(attribute.words)
            yield finding_at(spec, "words", here, f"a word of {attribute.name}: {known}", repr(word))
        elif word in field.words:
            yield finding_at(spec, "words", here, "a word that `words` has none for", repr(word))
    if field.unshown and set(possible_values(field.absent)) == {"never"}:
        yield finding_at(spec, "words", here, "beside it how none is written: `absent`", "absent: never")


def _check_words(
    spec: Spec, attribute: Attribute, words: Mapping[str, str], path: KeyPath, unshown: tuple[str, ...] = ()
) -> Iterator[LintFinding]:
    known: tuple[str, ...] = attribute.words
    if attribute.kind is AttributeKind.FLAG:
        known = ("True", "False")
    if not known:
        return
    for word in words:
        if word not in known:
            yield finding_at(
                spec, "words", (*path, word), f"a word of {attribute.name}: {', '.join(known)}", repr(word)
            )
    missing = [word for word in known if word not in (*words, *unshown, _UNKNOWN_WORD)]
    if missing:
        yield finding_at(
            spec, "words", path, f"the API's word for each of {', '.join(known)}", f"none for {', '.join(missing)}"
        )


def check_filter_words(spec: Spec) -> Iterator[LintFinding]:
    """A filter's words stand for words that the compared field can show."""
    for name, rule in spec.listing.filters.items():
        path: KeyPath = ("filters", name)
        for word, meant in rule.words.items():
            known = _api_words(spec, rule.compares)
            if not known and any(_is_flag(spec, place) for place in rule.compares):
                expected = "words of a field that has words; a flag is spelled by `true` and `false` of its parameter"
                yield finding_at(spec, "filter-words", (*path, "words", word), expected, "a field that is a flag")
            if not known:
                continue
            for option in possible_values(meant):
                for one in option:
                    if one not in known:
                        yield finding_at(
                            spec, "filter-words", (*path, "words", word), f"one of {', '.join(known)}", repr(one)
                        )


def _is_flag(spec: Spec, place: FieldPath) -> bool:
    field = None if place.hidden else declared_field(spec, place)
    return field is not None and field.as_ == "flag"


def _api_words(spec: Spec, places: tuple[FieldPath, ...]) -> tuple[str, ...]:
    known: list[str] = []
    for place in places:
        if place.hidden:
            hidden = spec.listing.hidden.get(place.head)
            known += hidden.words.values() if hidden is not None else ()
        else:
            field = declared_field(spec, place)
            known += (*field.words.values(), *field.more_words) if field is not None and field.as_ == "word" else ()
    return tuple(known)
