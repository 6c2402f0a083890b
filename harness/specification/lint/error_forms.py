"""Whether each error can be told and known again: by its code, its HTTP status, or what its body is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import ErrorKind, Scalar, options_of
from harness.specification.yaml_source import KeyPath


def check_success_marks(spec: Spec) -> Iterator[LintFinding]:
    """What a success tells at the place of an error's code is what tells it from an error."""
    outcome = spec.listing.outcome
    for name, part in outcome.envelope.items():
        if part.at == outcome.error.code_at and part.when != "error" and part.at not in outcome.success.shows:
            yield finding_at(
                spec,
                "error",
                ("outcome", "envelope", name),
                f"a success that is told from an error: outcome.success.shows: {{{part.at}: …}}",
                f"{part.at} is the place of an error's code, too",
                "say there what a success shows at that place, and leave this part out",
            )


def check_error_forms(spec: Spec) -> Iterator[LintFinding]:
    """An error without a code has a status of its own kind, and what a body cannot hold is not promised of it."""
    outcome = spec.listing.outcome
    path: KeyPath = ("outcome", "error")
    if outcome.error.code_at is None:
        if outcome.error.only_codes:
            yield finding_at(spec, "error", (*path, "only-codes"), "code-at beside it", "none")
        if "same-as-code" in outcome.error.https:
            yield finding_at(spec, "error", (*path, "https"), "code-at beside same-as-code", "none")
    yield from _check_templates(spec, (*path, "shows"), outcome.error.shows)
    for name, told in outcome.faults.items():
        yield from _check_error(spec, ("outcome", "faults", name), told)


def _check_error(spec: Spec, path: KeyPath, told: ErrorKind) -> Iterator[LintFinding]:
    outcome = spec.listing.outcome
    statuses = [*options_of(told.http if told.http is not None else outcome.error.http), *told.https]
    coded = outcome.error.code_at is not None and told.code is not None and told.body == "shape"
    if not coded and outcome.error.code_at is None and not outcome.error.shows and min(statuses) < 400:
        yield finding_at(
            spec,
            "error",
            path,
            "an HTTP status of 400 or above, where no code tells an error",
            str(min(statuses)),
            "give http, or code-at and a code",
        )
    if told.code_at is not None:
        if outcome.error.code_at is None or told.code is None:
            actual = "no code" if told.code is None else "none in `error`"
            yield finding_at(spec, "error", (*path, "code-at"), "a code, and a place of it in `error`", actual)
        if min(statuses) < 400:
            expected = "an HTTP status of 400 or above, by which the place of the code is known"
            yield finding_at(spec, "error", (*path, "code-at"), expected, str(min(statuses)), "give http")
    if told.body in told.bodies:
        yield finding_at(
            spec, "error", (*path, "bodies"), f"other bodies than {told.body}", told.body, "leave it out"
        )
    if told.body != "shape":
        if min(statuses) < 400:
            yield finding_at(
                spec, "error", (*path, "body"), "an HTTP status of 400 or above", str(min(statuses)), "give http"
            )
        own = (("shows", told.shows), ("message-at", told.message_at), ("code-at", told.code_at))
        lost = [word for word, given in own if given]
        lost += ["names"] if told.body == "empty" and told.names else []
        for word in lost:
            expected = f"nothing that a body which is {told.body} cannot hold"
            yield finding_at(spec, "error", (*path, word), expected, word)
    named = (told.message_at or "").split("/")
    if named.count("{parameter}") > 1 or any("{" in step and step != "{parameter}" for step in named):
        expected = "{parameter} once, as a whole step of the pointer"
        yield finding_at(spec, "error", (*path, "message-at"), expected, repr(told.message_at))
    yield from _check_templates(spec, (*path, "shows"), told.shows)


def _check_templates(spec: Spec, path: KeyPath, shows: Mapping[str, Scalar]) -> Iterator[LintFinding]:
    for pointer, shown in shows.items():
        rest = str(shown).replace("{http-status}", "").replace("{code}", "")
        if "{" in rest or "}" in rest:
            yield finding_at(spec, "error", (*path, pointer), "only {http-status} and {code} in braces", repr(shown))
