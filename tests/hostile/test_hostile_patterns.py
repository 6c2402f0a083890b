"""HD-19: no pattern that texts of the network go through can be made to go back: baits made of each pattern."""

from __future__ import annotations

import importlib
import pkgutil
import re
import re._parser as parser  # type: ignore[import-not-found]
import time
from collections.abc import Iterator
from typing import Any

import pytest

import harness.check.results
import harness.output
import harness.report
from harness.check.results.people import PeopleMask, personal_kinds
from harness.output.pseudonyms import Pseudonyms
from harness.output.redaction import Redactor
from harness.specification.load import load_spec

LENGTH = 12_000
# A pattern that is linear, or goes back a bounded way, takes four times as long for four times the text; one that
# goes back without a bound sixteen times and more.
PART, GROWTH_AT_MOST = 4, 9
QUICK_SECONDS = 0.3
# What these are given is cut before: names to 128 characters, values of a page to 600.
CUT = {"output.redaction._SECRET_NAME": 128, "output.redaction._NOT_SECRET_NAME": 128, "report.finding_values": 600}
# They read files of the user's own, not the network.
LEFT_OUT = ("check.results.known_failures",)
REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
BREAKERS = ("", "\x00", "!", "\n")


# --- patterns -----------------------------------------------------------------------------------------------


def modules() -> Iterator[Any]:
    for package in (harness.output, harness.report, importlib.import_module("harness.check.results")):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def patterns() -> dict[str, re.Pattern[Any]]:
    """Every pattern of the modules that redact, escape and show, and those that are made of secrets and fields."""
    found: dict[str, re.Pattern[Any]] = {}
    made = {
        "redactor": vars(Redactor(["hunter2-é&x", "abc", "password"])),
        "people": vars(PeopleMask(Pseudonyms(b"key"), personal_kinds(load_spec("etelecom/list-call-logs").listing))),
    }
    for name, values in (*((module.__name__, vars(module)) for module in modules()), *made.items()):
        for own, value in values.items():
            for index, one in enumerate(value if isinstance(value, tuple | list) else (value,)):
                place = f"{name.removeprefix('harness.')}.{own}.{index}"
                if isinstance(one, re.Pattern) and not place.startswith(LEFT_OUT):
                    found[place] = one
    return found


PATTERNS = patterns()


# --- baits --------------------------------------------------------------------------------------------------


def sample(node: Any) -> str:
    """The shortest text that a part of a pattern matches, as far as its parts say."""
    word, value = str(node[0]), node[1]
    if word in REPEATS:
        return sample_of(value[2]) * max(1, value[0])
    match word:
        case "LITERAL":
            return chr(value)
        case "NOT_LITERAL":
            return "a" if value != ord("a") else "b"
        case "ANY":
            return "a"
        case "IN":
            return member(value)
        case "SUBPATTERN":
            return sample_of(value[3])
        case "ATOMIC_GROUP":
            return sample_of(value)
        case "BRANCH":
            return sample_of(value[1][0])
    return ""


def sample_of(nodes: Any) -> str:
    return "".join(sample(node) for node in nodes)


CATEGORIES = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w"}


def is_member(values: Any, char: str) -> bool:
    for kind, value in values:
        word = str(kind)
        if word == "LITERAL" and char == chr(value):
            return True
        if word == "RANGE" and value[0] <= ord(char) <= value[1]:
            return True
        if word == "CATEGORY" and re.fullmatch(CATEGORIES.get(str(value), r"\W"), char):
            return True
    return False


def member(values: Any) -> str:
    """A character of a class."""
    negated = str(values[0][0]) == "NEGATE"
    own = [chr(value) for kind, value in values if str(kind) == "LITERAL"]
    own += [chr(value[0]) for kind, value in values if str(kind) == "RANGE"]
    common = "aA1-_ .=:\"'!\x00"
    return next(char for char in (common if negated else [*own, *common]) if is_member(values, char) != negated)


def repeats(nodes: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Each repeated part of a pattern: what may stand before it, and one turn of it."""
    for node in nodes:
        word, value = str(node[0]), node[1]
        if word in REPEATS:
            yield before, sample_of(value[2])
            yield from repeats(value[2], before)
        elif word == "SUBPATTERN":
            yield from repeats(value[3], before)
        elif word == "ATOMIC_GROUP":
            yield from repeats(value, before)
        elif word in ("ASSERT", "ASSERT_NOT"):
            yield from repeats(value[1], before)
        elif word == "BRANCH":
            for branch in value[1]:
                yield from repeats(branch, before)
        before += sample(node)


def baits(pattern: re.Pattern[Any]) -> set[str]:
    """Texts that begin as the pattern does, go on in one of its loops, and end in what it does not match."""
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    tree = parser.parse(text, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags)
    whole = sample_of(tree) or "a"
    made = {(whole * LENGTH)[:LENGTH]}
    for before, turn in repeats(tree):
        loop = (turn or "a") * (LENGTH // len(turn or "a"))
        made |= {(before + loop)[:LENGTH] + end for end in BREAKERS}
        made.add(((before + turn * 40) * LENGTH)[:LENGTH])
    return made


def seconds(pattern: re.Pattern[Any], bait: str) -> float:
    text: Any = bait.encode("utf-8", "surrogatepass") if isinstance(pattern.pattern, bytes) else bait
    # Of this thread's processor time: what other processes do does not count.
    began = time.thread_time()
    pattern.sub(text[:0], text)
    pattern.fullmatch(text)
    return time.thread_time() - began


@pytest.mark.parametrize("name", PATTERNS)
def test_hd_19_no_bait_of_its_own_keeps_a_pattern_busy(name: str) -> None:
    pattern = PATTERNS[name]
    most = next((length for place, length in CUT.items() if name.startswith(place)), LENGTH)
    for bait in {bait[:most] for bait in baits(pattern)}:
        taken = seconds(pattern, bait)
        if taken > QUICK_SECONDS:
            shorter = min(seconds(pattern, bait[: len(bait) // PART]) for _ in range(2))
            assert taken < GROWTH_AT_MOST * shorter, bait[:80]


def test_a_pattern_that_goes_back_would_be_caught() -> None:
    (first, *_) = sorted(baits(re.compile(r"(a+)+b")), key=len, reverse=True)
    began = time.thread_time()
    re.fullmatch(r"(a+)+b", first[:24] + "!")
    assert time.thread_time() - began > 0.2
