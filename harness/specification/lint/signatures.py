"""Lint of signed requests: what is signed is known, travels where it must, and is covered where that is promised."""

from __future__ import annotations

from collections.abc import Iterator

from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec
from harness.specification.model import Signature
from harness.specification.signed_text import (
    CARRIED_PARTS,
    SIGNED_PARTS,
    SignedPart,
    covered_parts,
    parts_named,
    split_signed_text,
    unknown_words,
)
from harness.specification.yaml_source import KeyPath


def check_signature(spec: Spec, rules: Signature, path: KeyPath) -> Iterator[LintFinding]:
    """A signature can be made by a client and read by a server, and its clauses can be seen."""
    yield from _check_texts(spec, rules, path)
    covered, carried = covered_parts(rules.signed_texts), list[str]()
    for place, text in rules.carries.items():
        pieces = split_signed_text(text)
        # The day of a time is no part of its own.
        carried += [one.name for one in pieces if isinstance(one, SignedPart) and not one.changes]
        yield from _check_place(spec, (*path, "carries", place), place, text)
    in_query = {
        part for place, text in rules.carries.items() if place.startswith("query:") for part in parts_named(text)
    }
    # What stands in the query is signed with it.
    signed = covered | (in_query if "query" in covered else set())
    known = {
        "key": rules.key is not None,
        "signature": True,
        "time": rules.time is not None,
        "nonce": "nonce" in signed,
    }
    for part in CARRIED_PARTS:
        due = known[part]
        if carried.count(part) != due:
            expected = f"{{{part}}} {'once' if due else 'nowhere, for nothing says what it is'}"
            yield finding_at(spec, "signature", (*path, "carries"), expected, f"{carried.count(part)} times")
    if rules.algorithm.startswith("hmac-") is ("secret" in covered):
        expected = "{secret} in the text of a bare digest, and nowhere else"
        yield finding_at(spec, "signature", (*path, "algorithm"), expected, f"{rules.algorithm}, {rules.text}")
    if rules.time is not None and (rules.time.as_ == "formatted-time") is not bool(rules.time.format):
        expected = "a format beside as: formatted-time alone"
        yield finding_at(spec, "signature", (*path, "time", "as"), expected, rules.time.as_)
    place_of_values = "query" if spec.listing.transport.carries == "query" else "body"
    if rules.clauses.altered and place_of_values not in covered:
        expected = f"{{{place_of_values}}} in the text, for a clause on altered requests"
        yield finding_at(spec, "signature", (*path, "clauses", "altered"), expected, rules.text)
    timed = rules.time is not None and "time" in signed
    if (rules.clauses.old or rules.clauses.future) and not timed:
        expected = "{time} in the text, for a clause on when a request was signed"
        yield finding_at(spec, "signature", (*path, "clauses"), expected, rules.text)


def _check_texts(spec: Spec, rules: Signature, path: KeyPath) -> Iterator[LintFinding]:
    """What is signed holds known parts; a text within it is there, and holds no other."""
    texts = {"text": rules.text, "canonical": rules.canonical or "", "keys": " ".join(rules.keys)}
    for key, text in texts.items():
        known = tuple(part for part in SIGNED_PARTS if part != "canonical" or key == "text")
        for word in unknown_words(text, known):
            expected = f"one of {', '.join(known)}, and what may become of it"
            yield finding_at(spec, "signature", (*path, key), expected, repr(word))
    if ("canonical" in parts_named(rules.text)) is not (rules.canonical is not None):
        expected = "{canonical} in the text, beside the key canonical, or neither"
        yield finding_at(spec, "signature", (*path, "canonical"), expected, rules.text)
    keyed = rules.keys and "secret" in parts_named(rules.keys[0])
    if rules.algorithm.startswith("hmac-") and not keyed:
        yield finding_at(spec, "signature", (*path, "keys"), "{secret} in the first of them", ", ".join(rules.keys))


def _check_place(spec: Spec, path: KeyPath, place: str, text: str) -> Iterator[LintFinding]:
    """A place is a header, which holds any text, or a parameter of the query, which holds one part alone."""
    kind, mark, name = place.partition(":")
    if kind not in ("header", "query") or not mark or not name:
        yield finding_at(spec, "signature", path, "header:NAME or query:NAME", repr(place))
    if unknown_words(text, CARRIED_PARTS):
        expected = f"a text with {', '.join(f'{{{part}}}' for part in CARRIED_PARTS)}"
        yield finding_at(spec, "signature", path, expected, repr(text))
    pieces = split_signed_text(text)
    if kind == "query" and (len(pieces) != 1 or not parts_named(text)):
        yield finding_at(spec, "signature", path, "one part alone in a parameter of the query", repr(text))
