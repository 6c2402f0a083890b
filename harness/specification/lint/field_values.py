"""Whether the values that a spec makes up can be: sources, formats, forms of ids, units, templates, constants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from harness.specification.access import is_settled
from harness.specification.lint.finding import LintFinding, finding_at, possible_values
from harness.specification.load import Spec
from harness.specification.model import Field, IdForm
from harness.specification.value_forms import (
    described_form,
    duration_format_problem,
    format_problem,
    id_count,
    template_names,
    value_count,
)
from harness.specification.yaml_source import KeyPath
from harness.telephony.attributes import ATTRIBUTES, ID_ALPHABETS, AttributeKind, Grain

_NUMBERS: Final = ("integer", "digits", "decimal", "decimal-text")
_PRESENCE_CODECS: Final = ("flag", "integer", "digits", "word")
PLAIN_CODECS: Final = ("word", "text", "integer", "digits", "flag")
_TEMPLATE_CODECS: Final = ("text", "word", "integer", "digits")


def check_field_value(
    spec: Spec, fields: Mapping[str, Field], name: str, grain: Grain, path: KeyPath
) -> Iterator[LintFinding]:
    """The value of a field has one source, and every key beside it has a meaning there."""
    field = fields[name]
    yield from _check_source(spec, field, path)
    yield from _check_format(spec, field.as_, field.format, path)
    if field.form is not None:
        if field.as_ != "text" or field.shows is None:
            yield finding_at(
                spec, "value", (*path, "form"), "a form only of a text that shows an identity", field.as_
            )
        else:
            yield from check_id_form(spec, field.form, field.shows, (*path, "form"))
    if field.number != "plus" and (field.as_ != "text" or field.shows is None or field.form is not None):
        expected = "number only beside a text that shows a phone number"
        yield finding_at(spec, "value", (*path, "number"), expected, f"as: {field.as_}")
    if field.only is not None and (field.as_ != "text" or field.shows is None or field.form is not None):
        expected = "only beside a text that shows who called or was reached"
        yield finding_at(spec, "value", (*path, "only"), expected, f"as: {field.as_}")
    if field.only is not None and set(possible_values(field.absent)) == {"never"}:
        yield finding_at(spec, "value", (*path, "absent"), "how the other kind is written: absent", "never")
    yield from _check_absent_text(spec, field, path)
    yield from _check_word_type(spec, field, path)
    if field.other_values == "tolerated" and not field.constant:
        yield finding_at(spec, "value", (*path, "other-values"), "a constant beside it", "none")
    if field.when is not None:
        yield from _check_condition(spec, fields, name, field, (*path, "when"))
    yield from _check_number(spec, field, grain, path)
    yield from _check_template(spec, fields, field, path)
    yield from _check_presence(spec, field, grain, path)
    zone = spec.listing.zone
    if field.as_ == "calendar-day" and zone is not None and zone.parameter is not None:
        yield finding_at(
            spec,
            "value",
            (*path, "as"),
            "a day of one zone",
            f"the zone that {zone.parameter} names",
            "show the instant, or leave zone.parameter out",
        )


def _check_absent_text(spec: Spec, field: Field, path: KeyPath) -> Iterator[LintFinding]:
    """The text that stands for none is there where `absent` or `tolerates` names it, and no value is written so."""
    here: KeyPath = (*path, "absent-text")
    named = "text" in (*possible_values(field.absent), *field.tolerates)
    if named != (field.absent_text is not None):
        expected = "beside it the text that stands for none: `absent-text`" if named else "`absent: text` beside it"
        yield finding_at(spec, "value", (*path, "absent") if named else here, expected, "none")
    elif field.absent_text is not None:
        if field.as_ in ("text-list", "rows", "object", "flag"):
            yield finding_at(spec, "value", here, "a field whose value is a text, a number or a time", field.as_)
        if not field.absent_text.strip() or field.absent_text == "0":
            expected = "a text that says something; `absent: empty` and `absent: zero` are words of their own"
            yield finding_at(spec, "value", here, expected, repr(field.absent_text))
        if field.absent_text in (*field.words.values(), *field.more_words):
            yield finding_at(spec, "value", here, "a text that is no word of the field", repr(field.absent_text))


def _check_word_type(spec: Spec, field: Field, path: KeyPath) -> Iterator[LintFinding]:
    """Words that are no texts are numbers, or true and false."""
    if field.word_type == "text":
        return
    here: KeyPath = (*path, "word-type")
    if field.as_ != "word":
        yield finding_at(spec, "value", here, "word-type only beside `as: word`", f"as: {field.as_}")
    fits = re.compile(r"-?[0-9]{1,15}" if field.word_type == "integer" else "true|false")
    what = "numbers" if field.word_type == "integer" else "`true` and `false`"
    for word in (*field.words.values(), *field.more_words):
        if fits.fullmatch(word) is None:
            yield finding_at(spec, "value", here, f"words that are {what}, in quotes", repr(word))


def _check_condition(
    spec: Spec, fields: Mapping[str, Field], name: str, field: Field, path: KeyPath
) -> Iterator[LintFinding]:
    """Where a field is there hangs on a plain field of the row itself; a clause promises it."""
    when = field.when
    if when is None:
        return
    other = fields.get(str(when.field))
    if fields is not spec.listing.fields or field.as_ in ("rows", "object") or not field.is_told:
        yield finding_at(spec, "value", path, "a field of the row itself, or of an object in it, that is told", name)
    if not when.is_ and not when.not_ and when.present is None:
        yield finding_at(spec, "value", path, "`is`, `not` or `present` beside the field", "none")
    if str(when.field) == name or (other is not None and (other.when is not None or other.as_ not in PLAIN_CODECS)):
        expected = f"another field, without a condition of its own: {', '.join(PLAIN_CODECS)}"
        yield finding_at(spec, "value", (*path, "field"), expected, str(when.field))
    if not field.clause:
        yield finding_at(spec, "value", path, "a clause on where the field is there", "none", "name a clause")


def _check_source(spec: Spec, field: Field, path: KeyPath) -> Iterator[LintFinding]:
    given = {
        "shows": field.shows is not None,
        "present-of": field.present_of is not None,
        "constant": bool(field.constant),
        "template": field.template is not None,
    }
    sources = [key for key, there in given.items() if there]
    if len(sources) > 1:
        yield finding_at(spec, "value", (*path, sources[1]), f"one of {', '.join(given)}", " and ".join(sources))
    if sources and field.as_ == "object":
        yield finding_at(spec, "value", (*path, sources[0]), "an object that only holds its fields", sources[0])
    if field.as_ == "rows" and any(key != "shows" for key in sources):
        yield finding_at(spec, "value", (*path, sources[0]), "nested rows that show an attribute", sources[0])


def _check_format(
    spec: Spec, codec: str, formats: tuple[str, ...], path: KeyPath, *, also: str | None = None
) -> Iterator[LintFinding]:
    """Formats stand beside the codecs that are written so, and beside a further one of parameters."""
    if codec not in ("formatted-time", "formatted-duration"):
        if formats and codec != also:
            expected = "a format only beside `as: formatted-time` or `as: formatted-duration`"
            yield finding_at(spec, "value", (*path, "format"), expected, f"as: {codec}")
            return
        if codec != also:
            return
    elif not formats:
        yield finding_at(spec, "value", path, f"the key format beside `as: {codec}`", "no such key")
        return
    for form in formats:
        span = codec == "formatted-duration"
        why = duration_format_problem(form) if span else format_problem(form)
        if why is not None:
            expected = f"a format by which {'a duration' if span else 'an instant'} can be written and read back"
            yield finding_at(spec, "value", (*path, "format"), expected, f"{form!r}: {why}")


def check_id_form(spec: Spec, form: IdForm | str, attribute: str, path: KeyPath) -> Iterator[LintFinding]:
    """Ids of the form can stand for every value of the attribute."""
    many = value_count(attribute)
    if many is None:
        yield finding_at(spec, "value", path, f"an identity: {', '.join(ID_ALPHABETS)}", repr(attribute))
    elif id_count(form) < many:
        yield finding_at(
            spec,
            "value",
            path,
            f"a form with at least {many} ids, so that each {attribute} has one of its own",
            f"{described_form(form)}: {id_count(form)}",
            "more digits",
        )


def _check_number(spec: Spec, field: Field, grain: Grain, path: KeyPath) -> Iterator[LintFinding]:
    attribute = ATTRIBUTES[grain].get(field.shows or "")
    counts = attribute is not None and attribute.kind is AttributeKind.SECONDS and field.as_ in _NUMBERS
    if field.unit != "seconds" and not counts:
        yield finding_at(spec, "value", (*path, "unit"), "a unit only of a number that shows seconds", field.unit)
    if field.negative and field.as_ not in _NUMBERS:
        yield finding_at(spec, "value", (*path, "negative"), f"a number: {', '.join(_NUMBERS)}", f"as: {field.as_}")
    if field.negative and field.least is not None and field.least >= 0:
        yield finding_at(spec, "value", (*path, "least"), "a least value below 0 beside negative", str(field.least))


def _check_template(spec: Spec, fields: Mapping[str, Field], field: Field, path: KeyPath) -> Iterator[LintFinding]:
    if field.template is None:
        return
    here: KeyPath = (*path, "template")
    if field.as_ != "text":
        yield finding_at(spec, "value", (*path, "as"), "a text beside template", field.as_)
    names = template_names(field.template)
    if not names:
        yield finding_at(spec, "value", here, "a field in braces", repr(field.template), "use constant")
    known = [name for name, part in fields.items() if _fits_template(part)]
    if fields is spec.listing.fields:
        known += [name for name, one in spec.listing.parameters.items() if is_settled(one) and name not in fields]
    for name in names:
        if name not in known:
            expected = f"a field of the row, or a parameter that nobody chooses: {', '.join(known)}"
            yield finding_at(spec, "value", here, expected, repr(name))


def _fits_template(field: Field) -> bool:
    """Whether a template may hold the field: a short text or number that the row tells or repeats."""
    told = field.is_told or field.repeats is not None
    return told and field.template is None and field.as_ in _TEMPLATE_CODECS


def _check_presence(spec: Spec, field: Field, grain: Grain, path: KeyPath) -> Iterator[LintFinding]:
    if field.present_of is None:
        return
    if field.present_of not in ATTRIBUTES[grain]:
        expected = f"an attribute of a {grain}: {', '.join(ATTRIBUTES[grain])}"
        yield finding_at(spec, "attribute", (*path, "present-of"), expected, repr(field.present_of))
    if field.as_ not in _PRESENCE_CODECS:
        expected = f"a way to write true and false: {', '.join(_PRESENCE_CODECS)}"
        yield finding_at(spec, "codec", (*path, "as"), expected, repr(field.as_))
    if field.as_ == "word" and set(field.words) != {"True", "False"}:
        yield finding_at(
            spec, "words", (*path, "words"), "words for True and False", ", ".join(field.words) or "none"
        )


def check_made_values(spec: Spec) -> Iterator[LintFinding]:
    """What a spec makes up outside of rows: formats of parameters, constants and fresh ids around the rows."""
    for name, parameter in spec.listing.parameters.items():
        yield from _check_format(spec, parameter.as_, parameter.format, ("parameters", name), also="calendar-day")
        for form in parameter.format if parameter.as_ == "formatted-duration" else ():
            if "%S" not in form:
                expected = "a format with %S: seconds that cannot be said cannot be asked for"
                yield finding_at(spec, "value", ("parameters", name, "format"), expected, repr(form))
    for name, part in spec.listing.outcome.envelope.items():
        path: KeyPath = ("outcome", "envelope", name)
        if part.fresh is not None and (part.constant or part.values):
            yield finding_at(spec, "value", (*path, "fresh"), "an id, or values, not both", "both")
        if part.non_empty and part.as_ != "text":
            yield finding_at(spec, "value", (*path, "as"), "a text beside non-empty", part.as_)
        if part.fresh is not None and part.as_ != "text":
            yield finding_at(spec, "value", (*path, "as"), "a text beside fresh", part.as_)
        if part.fresh is not None and id_count(part.fresh) < 2**60:
            yield finding_at(
                spec,
                "value",
                (*path, "fresh"),
                "a form with so many ids that no two answers share one (2 to the power of 60)",
                described_form(part.fresh),
                "more digits",
            )
    lists = spec.listing.lists
    field = spec.listing.fields.get(lists.identity)
    if field is not None and ("." in lists.identity or field.shows is None):
        yield finding_at(
            spec, "value", ("lists", "identity"), "a field of the row itself that shows an attribute", lists.identity
        )
