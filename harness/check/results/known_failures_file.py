"""The file of known failures: what may stand in it, read and checked before anything is sent."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, final

from harness.check.results.findings import Verdict
from harness.errors import Misuse
from harness.specification.clauses import constructs, families, load_standard
from harness.specification.load import Spec, load_spec, spec_ids
from harness.specification.model import Clause, ClauseId
from harness.specification.yaml_source import Plain, Source, parse_source

LONGEST_DAYS: Final = 180


LONGEST_FLAKY_DAYS: Final = 30


LONGEST_QUARANTINE_DAYS: Final = 14


WARNED_DAYS: Final = 14


_SECTIONS: Final = ("known", "flaky", "quarantine", "target", "aliases")


_KEYS: Final = (
    "id", "clause", "when", "expect", "signature", "reason", "issue", "owner", "added", "expires",
    "max_matches", "flaky",
)  # fmt: skip


_FACTS: Final = ("api", "profile", "version")


_EXPECTED: Final = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED, Verdict.BLOCKED)


# YAML 1.1 reads a bare date as a date and 1.2 as text; here it is always meant as written.
_BARE_DATE: Final = re.compile(
    r"(?m)((?:added|expires)[\"']?:[ \t]+)([0-9]{4}-[0-9]{2}-[0-9]{2})(?=[ \t]*(?:[,}#\r\n]|$))"
)


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


_VERSION: Final = re.compile(r"(<=|>=|==|!=|<|>|=)?\s*([0-9]+(?:\.[0-9]+)*)", re.ASCII)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Flakiness:
    """How often a check is run, and how often it must pass; `straight` counts passes in a row so far."""

    runs: int
    min_pass: int
    straight: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """One entry: the clause (or a pattern of clauses), how it is expected to end, why, and until when."""

    id: str
    clause: str
    reason: str
    owner: str
    added: date
    expires: date
    expect: Verdict = Verdict.FAIL
    signature: str | None = None
    issue: str | None = None
    max_matches: int | None = None
    when: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    flaky: Flakiness | None = None
    where: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailures:
    """What is known for one API: entries by clause, flaky and quarantined ones apart, and what to tell the user."""

    by_clause: Mapping[ClauseId, KnownFailure]
    flaky: Mapping[ClauseId, KnownFailure] = field(default_factory=lambda: MappingProxyType({}))
    quarantined: Mapping[ClauseId, KnownFailure] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[KnownFailure, ...]:
        """Each entry once, in the order of the file."""
        return tuple({entry.id: entry for entry in self.by_clause.values()}.values())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Which clauses there are: those of the API under check, and the ids of all others."""

    api: str
    clauses: Mapping[ClauseId, Clause]
    families: Mapping[ClauseId, str]
    security: frozenset[ClauseId]
    elsewhere: frozenset[str] = frozenset()

    @staticmethod
    def of(spec: Spec) -> Catalogue:
        """The catalogue of a spec; clauses of other shipped specs are known by name only."""
        standard = load_standard()
        about = {name: family.value for name, family in families(spec).items()}
        about |= {ClauseId(name): clause.family.value for name, clause in standard.clauses.items()}
        elsewhere = {str(name) for other in spec_ids() if other != spec.id for name in load_spec(other).clauses}
        clauses = {**spec.clauses, **standard.applying_to(spec)}
        return Catalogue(
            api=spec.id,
            clauses=clauses,
            families=about,
            security=security_clauses(spec),
            elsewhere=frozenset((elsewhere | standard.clauses.keys()) - clauses.keys()),
        )


def security_clauses(spec: Spec) -> frozenset[ClauseId]:
    """The clauses that keep strangers out: refusals of credentials and of other customers' calls (B10)."""
    found: set[ClauseId] = set()
    for construct in constructs(spec):
        match tuple(str(part) for part in construct.path):
            case ("access", "clauses", name) if name != "accepted":
                found |= set(construct.clauses)
            case ("access", "jwt", *_) | ("scope", "clauses", "tenant") | ("scope", "foreign", *_):
                found |= set(construct.clauses)
    return frozenset(found)


def load_known(path: Path, *, spec: Spec, today: date) -> KnownFailures:
    """The known failures in a file, every rule about them checked. Raises Misuse before anything is sent."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise Misuse(str(path), "UTF-8 text", "something else") from problem
    except OSError as problem:
        raise Misuse(str(path), "a readable file", (problem.strerror or "an error").lower()) from problem
    return parse_known(text, name=str(path), catalogue=Catalogue.of(spec), today=today)


def parse_known(text: str, *, name: str, catalogue: Catalogue, today: date) -> KnownFailures:
    """The known failures in a text. Raises Misuse."""
    if not text.strip():
        return KnownFailures(by_clause={})
    source = parse_source(_BARE_DATE.sub(r'\1"\2"', text), name=name)
    reader = _Reader(source=source, catalogue=catalogue, today=today)
    return reader.read()


@dataclass(slots=True, kw_only=True)
class _Reader:
    source: Source
    catalogue: Catalogue
    today: date
    warnings: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    covered: dict[tuple[str, str], str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> KnownFailures:
        tree = self.source.tree
        sections: Mapping[str, Plain] = tree if isinstance(tree, Mapping) else {"known": tree}
        for key in sections:
            if key not in _SECTIONS:
                raise Misuse(
                    self.source.where((key,)), f"one of {', '.join(_SECTIONS)}", repr(key), _near(key, _SECTIONS)
                )
        top = isinstance(tree, Mapping)
        self.facts = {"api": self.catalogue.api, **self._texts(sections.get("target"), "target", _FACTS)}
        self.aliases = self._texts(sections.get("aliases"), "aliases", None)
        known: dict[ClauseId, KnownFailure] = {}
        flaky: dict[ClauseId, KnownFailure] = {}
        quarantined: dict[ClauseId, KnownFailure] = {}
        for section, taken in (("known", known), ("flaky", flaky), ("quarantine", quarantined)):
            for path, raw in self._entries(sections.get(section), (section,) if top else ()):
                entry, clauses = self._entry(path, raw, section)
                target = flaky if entry.flaky is not None else taken
                for clause in clauses:
                    target[clause] = entry
        return KnownFailures(by_clause=known, flaky=flaky, quarantined=quarantined, warnings=tuple(self.warnings))

    def _entries(
        self, raw: Plain, path: tuple[str | int, ...]
    ) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Plain]]]:
        if raw is None:
            return
        if not isinstance(raw, list):
            raise Misuse(self.source.where(path), "a list of entries", "something else")
        for index, entry in enumerate(raw):
            place = (*path, index)
            if not isinstance(entry, Mapping):
                raise Misuse(self.source.where(place), f"an entry with the keys {', '.join(_KEYS)}", "something else")
            yield place, entry

    def _texts(self, raw: Plain, section: str, names: Collection[str] | None) -> dict[str, str]:
        if raw is None:
            return {}
        if not isinstance(raw, Mapping):
            raise Misuse(self.source.where((section,)), "a mapping of texts", "something else")
        for key, value in raw.items():
            if names is not None and key not in names:
                expected = f"one of {', '.join(names)}"
                raise Misuse(self.source.where((section, key)), expected, repr(key), _near(key, names))
            if not isinstance(value, str | int | float) or isinstance(value, bool):
                raise Misuse(self.source.where((section, key)), "a text", repr(value))
        return {str(key): str(value) for key, value in raw.items()}

    # --- one entry ------------------------------------------------------------------------------------------

    def _entry(
        self, path: tuple[str | int, ...], raw: Mapping[str, Plain], section: str
    ) -> tuple[KnownFailure, tuple[ClauseId, ...]]:
        where = self.source.where(path)
        for key in raw:
            if key not in _KEYS:  # B8
                raise Misuse(
                    self.source.where((*path, key)), f"one of {', '.join(_KEYS)}", repr(key), _near(key, _KEYS)
                )
        name = self._text(path, raw, "id")
        if name in self.ids:
            raise Misuse(where, "an id of its own", f"{name!r}, which stands at {self.ids[name]} too")
        self.ids[name] = where
        flaky = self._flaky(path, raw.get("flaky"), section)
        added, expires = self._date(path, raw, "added"), self._date(path, raw, "expires")
        entry = KnownFailure(
            id=name,
            clause=self._alias(self._text(path, raw, "clause"), where),
            reason=self._text(path, raw, "reason"),
            owner=self._text(path, raw, "owner"),
            added=added,
            expires=expires,
            expect=self._expect(path, raw.get("expect", "fail")),
            signature=self._optional(path, raw, "signature"),
            issue=self._optional(path, raw, "issue"),
            max_matches=self._positive(path, raw, "max_matches"),
            when=self._when(path, raw.get("when")),
            flaky=flaky,
            where=where,
        )
        self._days(entry, path, section)
        clauses = self._clauses(entry, path)
        self._allowed(entry, path, clauses)
        self._once(entry, clauses, section)
        return entry, clauses if self._applies(entry) else ()

    def _text(self, path: tuple[str | int, ...], raw: Mapping[str, Plain], key: str) -> str:
        value = raw.get(key)
        if value is None:
            raise Misuse(self.source.where(path), f"the key {key}", "none")
        if not isinstance(value, str) or not value.strip():  # B6, B14
            raise Misuse(self.source.where((*path, key)), f"a {key} in words", repr(value))
        return value.strip()

    def _optional(self, path: tuple[str | int, ...], raw: Mapping[str, Plain], key: str) -> str | None:
        return None if raw.get(key) is None else self._text(path, raw, key)

    def _positive(self, path: tuple[str | int, ...], raw: Mapping[str, Plain], key: str) -> int | None:
        value = raw.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise Misuse(self.source.where((*path, key)), "a number above 0", repr(value))
        return value

    def _date(self, path: tuple[str | int, ...], raw: Mapping[str, Plain], key: str) -> date:
        text = self._text(path, raw, key)
        try:
            if not _DATE.fullmatch(text):
                raise ValueError(text)
            return date.fromisoformat(text)
        except ValueError as problem:
            raise Misuse(self.source.where((*path, key)), "a date such as 2026-11-20", repr(text)) from problem

    def _expect(self, path: tuple[str | int, ...], value: Plain) -> Verdict:
        words = [verdict.value for verdict in _EXPECTED]
        if value == "error":  # B10
            raise Misuse(
                self.source.where((*path, "expect")), f"one of {', '.join(words)}", "'error', a fault of ours"
            )
        if value not in words:
            raise Misuse(self.source.where((*path, "expect")), f"one of {', '.join(words)}", repr(value))
        return Verdict(str(value))

    def _flaky(self, path: tuple[str | int, ...], value: Plain, section: str) -> Flakiness | None:
        if value is None:
            if section == "flaky":
                raise Misuse(self.source.where(path), "flaky: {runs: N, min_pass: M}", "none")
            return None
        where = self.source.where((*path, "flaky"))
        if section == "quarantine":
            raise Misuse(where, "no flaky check in quarantine", "one")
        expected = "{runs: N, min_pass: M} with 1 <= M < N"
        if not isinstance(value, Mapping) or not {"runs", "min_pass"} <= value.keys() <= {
            "runs",
            "min_pass",
            "straight",
        }:
            raise Misuse(where, expected, "other keys")
        numbers = {key: number for key, number in value.items() if type(number) is int}
        if len(numbers) != len(value) or not 1 <= numbers["min_pass"] < numbers["runs"] <= 100:
            raise Misuse(where, expected, ", ".join(f"{key}: {number}" for key, number in value.items()))
        return Flakiness(runs=numbers["runs"], min_pass=numbers["min_pass"], straight=numbers.get("straight", 0))

    def _when(self, path: tuple[str | int, ...], value: Plain) -> Mapping[str, str]:
        if value is None:
            return {}
        where = self.source.where((*path, "when"))
        if not isinstance(value, Mapping):
            raise Misuse(where, f"a mapping with {', '.join(_FACTS)}", "something else")
        for key, text in value.items():
            if key not in _FACTS or not isinstance(text, str):
                raise Misuse(where, f"texts under {', '.join(_FACTS)}", f"{key!r}")
        conditions = {str(key): str(text) for key, text in value.items()}
        for part in conditions.get("version", "").split(",") if "version" in conditions else ():
            if not _VERSION.fullmatch(part.strip()):
                raise Misuse(where, 'a version such as "<7.0" or ">=6.1, <7"', repr(conditions["version"]))
        return conditions

    # --- rules about entries --------------------------------------------------------------------------------

    def _days(self, entry: KnownFailure, path: tuple[str | int, ...], section: str) -> None:
        longest = LONGEST_DAYS
        if section == "quarantine":
            longest = LONGEST_QUARANTINE_DAYS  # B1
        elif entry.flaky is not None:
            longest = LONGEST_FLAKY_DAYS
        if entry.added > self.today + timedelta(days=1):
            raise Misuse(self.source.where((*path, "added")), "a day that has come", str(entry.added))
        days = (entry.expires - entry.added).days
        if not 0 <= days <= longest:  # B6
            expected = f"at most {longest} days after {entry.added}"
            raise Misuse(self.source.where((*path, "expires")), expected, f"{entry.expires}, {days} days after")
        left = (entry.expires - self.today).days
        if left < 0:  # B7
            do = f"mend what {entry.id} is about, or look at it anew"
            raise Misuse(
                self.source.where((*path, "expires")), f"a day not before {self.today}", f"{entry.expires}", do
            )
        if left <= WARNED_DAYS:
            self.warnings.append(f"{entry.id} ({entry.clause}) expires in {left} day{'' if left == 1 else 's'}")

    def _alias(self, clause: str, where: str) -> str:
        if clause in self.aliases:
            self.warnings.append(f"{where}: {clause} is now called {self.aliases[clause]}")
            return self.aliases[clause]
        return clause

    def _clauses(self, entry: KnownFailure, path: tuple[str | int, ...]) -> tuple[ClauseId, ...]:
        """The clauses of this API that an entry is about; none when it is about another API's."""
        where = self.source.where((*path, "clause"))
        name = entry.clause
        if "*" not in name:
            plain = name.rpartition("/")[2]
            if plain in self.catalogue.elsewhere and plain not in self.catalogue.clauses:
                return ()
            if plain not in self.catalogue.clauses or (plain != name and not self._addresses(name)):  # B8
                known = [*self.catalogue.clauses, *self.catalogue.elsewhere]
                raise Misuse(where, f"a clause of {self.catalogue.api}", repr(name), _near(plain, known))
            return (ClauseId(plain),)
        if entry.max_matches is None:  # B9
            raise Misuse(self.source.where(path), "max_matches beside a wildcard", "none")
        _check_pattern(name, where, self.catalogue.api)
        here = tuple(clause for clause in self.catalogue.clauses if self._matches(name, clause))
        if not here:
            if self._elsewhere(name):
                return ()
            raise Misuse(where, "a wildcard that matches a clause", f"{name!r} matches nothing")
        if len(here) > entry.max_matches:
            raise Misuse(
                where, f"at most {entry.max_matches} clauses, by max_matches", f"{name!r} matches {len(here)}"
            )
        return here

    def _elsewhere(self, name: str) -> bool:
        """Whether a pattern is plainly about another API."""
        if "/" in name:
            return not any(name.split("/")[0] in ("*", api.split("/")[0]) for api in (self.catalogue.api,))
        return any(_fits(name.split("-"), other.split("-")) for other in self.catalogue.elsewhere)

    def _addresses(self, name: str) -> bool:
        return any(self._address(clause) == name for clause in self.catalogue.clauses) or any(
            f"{self.catalogue.api}/{clause}" == name for clause in self.catalogue.clauses
        )

    def _address(self, clause: ClauseId) -> str:
        return f"{self.catalogue.api}/{self.catalogue.families.get(clause, 'shape')}/{clause}"

    def _matches(self, pattern: str, clause: ClauseId) -> bool:
        if "/" in pattern:
            return _fits(pattern.split("/"), self._address(clause).split("/"))
        return _fits(pattern.split("-"), clause.split("-"))

    def _allowed(self, entry: KnownFailure, path: tuple[str | int, ...], clauses: Iterable[ClauseId]) -> None:
        where = self.source.where((*path, "clause"))
        for clause in clauses:
            if clause in self.catalogue.security:  # B10
                do = "it is about who may see calls, and is mended, not waived"
                raise Misuse(where, "a clause that may be waived", f"{clause}", do)
            if self.catalogue.clauses[clause].level == "must" and entry.issue is None:  # B6
                raise Misuse(self.source.where(path), f"an issue, for {clause} is a must", "none")

    def _once(self, entry: KnownFailure, clauses: Iterable[ClauseId], section: str) -> None:
        """Each clause in one entry only, whatever its list (B8); entries for different circumstances may differ."""
        circumstance = str(sorted(entry.when.items()))
        for clause in clauses:
            key = (str(clause), circumstance)
            if key in self.covered:
                raise Misuse(entry.where, f"{clause} in one entry", f"it stands at {self.covered[key]} too")
            self.covered[key] = entry.where

    def _applies(self, entry: KnownFailure) -> bool:
        for fact, wanted in entry.when.items():
            actual = self.facts.get(fact)
            if actual is None:
                hint = f"say `target: {{{fact}: ...}}` in this file"
                self.warnings.append(
                    f"{entry.where}: the {fact} of the target is not known and taken as {wanted}; {hint}"
                )
            elif fact == "version":
                if not _in_version(actual, wanted):
                    return False
            elif actual != wanted:
                return False
        return True


def _check_pattern(name: str, where: str, api: str) -> None:
    parts = name.split("/") if "/" in name else name.split("-")
    for part in parts:
        if "*" in part and part not in ("*", "**"):  # B9
            raise Misuse(where, "wildcards as whole segments, * or **", repr(part))
    if "**" in parts and (parts[0] == "**" or (parts[-1] == "**" and len(parts) <= 2)):
        raise Misuse(where, "** below an operation", f"{name!r}, which would cover a whole vendor or more")
    if all(part in ("*", "**") for part in parts):
        raise Misuse(where, "a wildcard that names something", repr(name))


def _fits(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether segments match: `*` is one segment, `**` any number."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(pattern[1:], parts[index:]) for index in range(len(parts) + 1))
    return bool(parts) and pattern[0] in ("*", parts[0]) and _fits(pattern[1:], parts[1:])


def _in_version(actual: str, wanted: str) -> bool:
    found = _VERSION.fullmatch(actual.strip())
    if found is None:
        return False
    have = _numbers(found[2])
    for part in wanted.split(","):
        match = _VERSION.fullmatch(part.strip())
        assert match is not None
        limit = _numbers(match[2])
        size = max(len(have), len(limit))
        left, right = (number + (0,) * (size - len(number)) for number in (have, limit))
        holds = {
            "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "!=": left != right,
        }.get(match[1] or "==", left == right)  # fmt: skip
        if not holds:
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _near(word: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, [str(name) for name in known], n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else ""
