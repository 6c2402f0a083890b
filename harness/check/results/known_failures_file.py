"""The file of known failures: what may stand in it, read and checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar, final

from harness.check.results.findings import Verdict
from harness.errors import UsageProblem, UsageProblems, did_you_mean, nearest_words
from harness.integers import is_integer
from harness.output.counted_words import counted
from harness.specification.clause_families import constructs_of, families_by_clause, load_standard_clauses
from harness.specification.load import Spec, load_spec, spec_ids
from harness.specification.model import Clause, ClauseId
from harness.specification.yaml_source import PlainValue, SourceFile, parse_source_text

_T = TypeVar("_T")


LONGEST_WAIVER_DAYS: Final = 180


LONGEST_FLAKY_DAYS: Final = 30


LONGEST_QUARANTINE_DAYS: Final = 14


EXPIRY_WARNING_DAYS: Final = 14


_SECTIONS: Final = ("known", "flaky", "quarantine", "target", "aliases")


ENTRY_KEYS: Final = (
    "id", "clause", "when", "expect", "signature", "reason", "issue", "owner", "added", "expires",
    "max_matches", "flaky",
)  # fmt: skip


_NEEDED_TEXTS: Final = ("id", "clause", "reason", "owner")


_FREE_TEXTS: Final = ("signature", "issue")


_TARGET_FACTS: Final = ("api", "profile", "version")


EXPECTABLE_VERDICTS: Final = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED, Verdict.BLOCKED)


# YAML 1.1 reads a bare date as a date and 1.2 as text; here it is always meant as written.
_BARE_DATE: Final = re.compile(
    r"(?m)((?<![A-Za-z_])[A-Za-z_]{1,64}[\"']?:[ \t]{1,64})([0-9]{4}-[0-9]{2}-[0-9]{2})(?=[ \t]{0,64}(?:[,}#\r\n]|$))"
)


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


_VERSION: Final = re.compile(r"(<=|>=|==|!=|<|>|=)?\s*([0-9]+(?:\.[0-9]+)*)", re.ASCII)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Flakiness:
    """How often a check is run, and how often it must pass; `consecutive_passes` counts passes in a row so far."""

    runs: int
    min_pass: int
    consecutive_passes: int = 0


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
class ClauseCatalogue:
    """Which clauses there are: those of the API under check, and the ids of all others."""

    api: str
    clauses: Mapping[ClauseId, Clause]
    families: Mapping[ClauseId, str]
    security: frozenset[ClauseId]
    clauses_of_other_apis: frozenset[str] = frozenset()

    @staticmethod
    def of(spec: Spec) -> ClauseCatalogue:
        """The catalogue of a spec; clauses of other shipped specs are known by name only."""
        standard = load_standard_clauses()
        about = {name: family.value for name, family in families_by_clause(spec).items()}
        about |= {ClauseId(name): clause.family.value for name, clause in standard.clauses.items()}
        elsewhere = {str(name) for other in spec_ids() if other != spec.id for name in load_spec(other).clauses}
        clauses = {**spec.clauses, **standard.clauses_for(spec)}
        return ClauseCatalogue(
            api=spec.id,
            clauses=clauses,
            families=about,
            security=security_clauses(spec),
            clauses_of_other_apis=frozenset((elsewhere | standard.clauses.keys()) - clauses.keys()),
        )


def security_clauses(spec: Spec) -> frozenset[ClauseId]:
    """The clauses that keep strangers out: refusals of credentials and of other customers' calls (B10)."""
    found: set[ClauseId] = set()
    for construct in constructs_of(spec):
        match tuple(str(part) for part in construct.path):
            case ("access", "clauses", name) if name != "accepted":
                found |= set(construct.clauses)
            case ("access", "jwt", *_) | ("scope", "clauses", "tenant") | ("scope", "foreign", *_):
                found |= set(construct.clauses)
    return frozenset(found)


def load_known_failures(path: Path, *, spec: Spec, today: date) -> KnownFailures:
    """The known failures in a file, every rule about them checked.

    Raises UsageProblem, or UsageProblems for several, before anything is sent.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise UsageProblem(str(path), "UTF-8 text", "something else") from problem
    except OSError as problem:
        raise UsageProblem(str(path), "a readable file", (problem.strerror or "an error").lower()) from problem
    return parse_known_failures(text, name=str(path), catalogue=ClauseCatalogue.of(spec), today=today)


def parse_known_failures(text: str, *, name: str, catalogue: ClauseCatalogue, today: date) -> KnownFailures:
    """The known failures in a text. Raises UsageProblem, or UsageProblems where several things are wrong."""
    if not text.strip():
        return KnownFailures(by_clause={})
    source = parse_source_text(_BARE_DATE.sub(r'\1"\2"', text), name=name)
    reader = _KnownFailuresParser(source=source, catalogue=catalogue, today=today)
    return reader.parse()


@dataclass(slots=True, kw_only=True)
class _KnownFailuresParser:
    source: SourceFile
    catalogue: ClauseCatalogue
    today: date
    warnings: list[str] = field(default_factory=list)
    place_by_id: dict[str, str] = field(default_factory=dict)
    place_by_clause: dict[tuple[str, str], str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    problems: list[UsageProblem] = field(default_factory=list)

    def parse(self) -> KnownFailures:
        """All entries; what is wrong with any of them is told at once."""
        parsed = self._gather(self._parse_sections)
        if len(self.problems) > 1:
            raise UsageProblems(tuple(self.problems))
        if self.problems or parsed is None:
            raise self.problems[0]
        return parsed

    def _location(self, path: tuple[str | int, ...]) -> str:
        """`file:line, ID.key`: an entry by its id, or by its place in the list, from 1, where it has none."""
        node: PlainValue = self.source.tree
        names: list[str] = []
        for part in path:
            if isinstance(node, list) and isinstance(part, int):
                node = node[part]
                name = node.get("id") if isinstance(node, Mapping) else None
                names.append(name if isinstance(name, str) and name.strip() else f"entry {part + 1}")
            else:
                node = node.get(str(part)) if isinstance(node, Mapping) else None
                names.append(str(part))
        return f"{self.source.name}:{self.source.line_of(path)}, {'.'.join(names) or 'the top'}"

    def _gather(self, parse: Callable[[], _T]) -> _T | None:
        """What is parsed; None where it is wrong, which is told later, with what else is wrong."""
        try:
            return parse()
        except UsageProblem as problem:
            self.problems.append(problem)
            return None

    def _report_unknown_keys(
        self, path: tuple[str | int, ...], raw: Mapping[str, PlainValue], known: Sequence[str]
    ) -> None:
        for key in raw:
            if key not in known:  # B8
                where = self._location((*path, key))
                expected = f"one of {', '.join(known)}"
                self.problems.append(UsageProblem(where, expected, repr(key), did_you_mean(key, known)))

    def _parse_sections(self) -> KnownFailures:
        tree = self.source.tree
        sections: Mapping[str, PlainValue] = tree if isinstance(tree, Mapping) else {"known": tree}
        self._report_unknown_keys((), sections, _SECTIONS)
        top = isinstance(tree, Mapping)
        self.facts = {
            "api": self.catalogue.api,
            **self._text_mapping(sections.get("target"), "target", _TARGET_FACTS),
        }
        self.aliases = self._text_mapping(sections.get("aliases"), "aliases", None)
        known: dict[ClauseId, KnownFailure] = {}
        flaky: dict[ClauseId, KnownFailure] = {}
        quarantined: dict[ClauseId, KnownFailure] = {}
        for section, taken in (("known", known), ("flaky", flaky), ("quarantine", quarantined)):
            for path, raw in self._section_entries(sections.get(section), (section,) if top else ()):
                parsed = self._parse_entry(path, raw, section)
                if parsed is None:
                    continue
                entry, clauses = parsed
                target = flaky if entry.flaky is not None else taken
                for clause in clauses:
                    target[clause] = entry
        return KnownFailures(by_clause=known, flaky=flaky, quarantined=quarantined, warnings=tuple(self.warnings))

    def _section_entries(
        self, raw: PlainValue, path: tuple[str | int, ...]
    ) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, PlainValue]]]:
        if raw is None:
            return
        if not isinstance(raw, list):
            raise UsageProblem(self._location(path), "a list of entries", "something else")
        for index, entry in enumerate(raw):
            place = (*path, index)
            if not isinstance(entry, Mapping):
                raise UsageProblem(
                    self._location(place), f"an entry with the keys {', '.join(ENTRY_KEYS)}", "something else"
                )
            yield place, entry

    def _text_mapping(self, raw: PlainValue, section: str, names: Collection[str] | None) -> dict[str, str]:
        if raw is None:
            return {}
        if not isinstance(raw, Mapping):
            raise UsageProblem(self._location((section,)), "a mapping of texts", "something else")
        if names is not None:
            self._report_unknown_keys((section,), raw, tuple(names))
        for key, value in raw.items():
            if not isinstance(value, str | float) and not is_integer(value):
                self.problems.append(UsageProblem(self._location((section, key)), "a text", repr(value)))
        return {str(key): str(value) for key, value in raw.items()}

    # --- one entry ------------------------------------------------------------------------------------------

    def _parse_entry(
        self, path: tuple[str | int, ...], raw: Mapping[str, PlainValue], section: str
    ) -> tuple[KnownFailure, tuple[ClauseId, ...]] | None:
        """An entry and the clauses that it is about; None where something is wrong with it."""
        before = len(self.problems)
        self._report_unknown_keys(path, raw, ENTRY_KEYS)
        # A key that is spelt wrongly is there, under another name.
        meant = {near for key in raw if key not in ENTRY_KEYS for near in nearest_words(key, ENTRY_KEYS)}
        entry = self._read_entry(path, raw, section, meant=meant)
        if entry is None or len(self.problems) > before:
            return None
        return self._gather(lambda: self._check_entry(entry, path, section))

    def _read_entry(
        self, path: tuple[str | int, ...], raw: Mapping[str, PlainValue], section: str, *, meant: Collection[str]
    ) -> KnownFailure | None:
        where, before = self._location(path), len(self.problems)
        texts = {key: self._gather(partial(self._required_text, path, raw, key)) for key in _NEEDED_TEXTS}
        days = {key: self._gather(partial(self._parse_date, path, raw, key)) for key in ("added", "expires")}
        lacking = {f"the key {key}" for key in meant}
        self.problems[before:] = [one for one in self.problems[before:] if one.expected not in lacking]
        free = {key: self._gather(partial(self._optional_text, path, raw, key)) for key in _FREE_TEXTS}
        flaky = self._gather(lambda: self._parse_flakiness(path, raw.get("flaky"), section))
        expect = self._gather(lambda: self._parse_expected_verdict(path, raw.get("expect", "fail")))
        most = self._gather(lambda: self._positive_integer(path, raw, "max_matches"))
        when = self._gather(lambda: self._parse_conditions(path, raw.get("when")))
        name, clause, reason, owner = (texts[key] for key in _NEEDED_TEXTS)
        added, expires = days["added"], days["expires"]
        if name is not None and name in self.place_by_id:
            told = f"{name!r}, which stands at {self.place_by_id[name]} too"
            self.problems.append(UsageProblem(where, "an id of its own", told))
        elif name is not None:
            self.place_by_id[name] = where
        if name is None or clause is None or reason is None or owner is None or added is None or expires is None:
            return None
        if expect is None or when is None:
            return None
        return KnownFailure(
            id=name,
            clause=self._resolve_alias(clause, where),
            reason=reason,
            owner=owner,
            added=added,
            expires=expires,
            expect=expect,
            signature=free["signature"],
            issue=free["issue"],
            max_matches=most,
            when=when,
            flaky=flaky,
            where=where,
        )

    def _check_entry(
        self, entry: KnownFailure, path: tuple[str | int, ...], section: str
    ) -> tuple[KnownFailure, tuple[ClauseId, ...]]:
        self._check_expiry(entry, path, section)
        clauses = self._matched_clauses(entry, path)
        self._check_waivable(entry, path, clauses)
        self._check_unique(entry, clauses, section)
        return entry, clauses if self._conditions_hold(entry) else ()

    def _required_text(self, path: tuple[str | int, ...], raw: Mapping[str, PlainValue], key: str) -> str:
        value = raw.get(key)
        if value is None:
            raise UsageProblem(self._location(path), f"the key {key}", "none")
        if not isinstance(value, str) or not value.strip():  # B6, B14
            article = "an" if key[0] in "aeio" else "a"
            raise UsageProblem(self._location((*path, key)), f"{article} {key} in words", repr(value))
        return value.strip()

    def _optional_text(self, path: tuple[str | int, ...], raw: Mapping[str, PlainValue], key: str) -> str | None:
        return None if raw.get(key) is None else self._required_text(path, raw, key)

    def _positive_integer(self, path: tuple[str | int, ...], raw: Mapping[str, PlainValue], key: str) -> int | None:
        value = raw.get(key)
        if value is None:
            return None
        if not is_integer(value) or value < 1:
            raise UsageProblem(self._location((*path, key)), "a number above 0", repr(value))
        return value

    def _parse_date(self, path: tuple[str | int, ...], raw: Mapping[str, PlainValue], key: str) -> date:
        value = raw.get(key)
        if value is None:
            raise UsageProblem(self._location(path), f"the key {key}", "none")
        try:
            if not isinstance(value, str) or not _DATE.fullmatch(value.strip()):
                raise ValueError(value)
            return date.fromisoformat(value.strip())
        except ValueError as problem:
            where = self._location((*path, key))
            raise UsageProblem(where, "a date such as 2026-11-20", repr(value)) from problem

    def _parse_expected_verdict(self, path: tuple[str | int, ...], value: PlainValue) -> Verdict:
        words = [verdict.value for verdict in EXPECTABLE_VERDICTS]
        if value == "error":  # B10
            raise UsageProblem(
                self._location((*path, "expect")), f"one of {', '.join(words)}", "'error', a fault of ours"
            )
        if value not in words:
            raise UsageProblem(self._location((*path, "expect")), f"one of {', '.join(words)}", repr(value))
        return Verdict(str(value))

    def _parse_flakiness(self, path: tuple[str | int, ...], value: PlainValue, section: str) -> Flakiness | None:
        if value is None:
            if section == "flaky":
                raise UsageProblem(self._location(path), "flaky: {runs: N, min_pass: M}", "none")
            return None
        where = self._location((*path, "flaky"))
        if section == "quarantine":
            raise UsageProblem(where, "no flaky check in quarantine", "one")
        expected = "{runs: N, min_pass: M} with 1 <= M < N"
        if not isinstance(value, Mapping) or not {"runs", "min_pass"} <= value.keys() <= {
            "runs",
            "min_pass",
            "straight",
        }:
            raise UsageProblem(where, expected, "other keys")
        numbers = {key: number for key, number in value.items() if type(number) is int}
        if len(numbers) != len(value) or not 1 <= numbers["min_pass"] < numbers["runs"] <= 100:
            raise UsageProblem(where, expected, ", ".join(f"{key}: {number}" for key, number in value.items()))
        return Flakiness(
            runs=numbers["runs"], min_pass=numbers["min_pass"], consecutive_passes=numbers.get("straight", 0)
        )

    def _parse_conditions(self, path: tuple[str | int, ...], value: PlainValue) -> Mapping[str, str]:
        if value is None:
            return {}
        where = self._location((*path, "when"))
        if not isinstance(value, Mapping):
            raise UsageProblem(where, f"a mapping with {', '.join(_TARGET_FACTS)}", "something else")
        self._report_unknown_keys((*path, "when"), value, tuple(_TARGET_FACTS))
        for key, text in value.items():
            if not isinstance(text, str):
                self.problems.append(UsageProblem(self._location((*path, "when", key)), "a text", repr(text)))
        conditions = {str(key): str(text) for key, text in value.items()}
        for part in conditions.get("version", "").split(",") if "version" in conditions else ():
            if not _VERSION.fullmatch(part.strip()):
                raise UsageProblem(where, 'a version such as "<7.0" or ">=6.1, <7"', repr(conditions["version"]))
        return conditions

    # --- rules about entries --------------------------------------------------------------------------------

    def _check_expiry(self, entry: KnownFailure, path: tuple[str | int, ...], section: str) -> None:
        longest = LONGEST_WAIVER_DAYS
        if section == "quarantine":
            longest = LONGEST_QUARANTINE_DAYS  # B1
        elif entry.flaky is not None:
            longest = LONGEST_FLAKY_DAYS
        if entry.added > self.today + timedelta(days=1):
            raise UsageProblem(self._location((*path, "added")), "a day that has come", str(entry.added))
        days = (entry.expires - entry.added).days
        if not 0 <= days <= longest:  # B6
            expected = f"at most {counted(longest, 'day')} after {entry.added}"
            raise UsageProblem(
                self._location((*path, "expires")), expected, f"{entry.expires}, {counted(days, 'day')} after"
            )
        left = (entry.expires - self.today).days
        if left < 0:  # B7
            where = f"{entry.id} has expired, {self._location((*path, 'expires'))}"
            do = f"mend what {entry.id} is about, or look at it anew"
            raise UsageProblem(where, f"a day not before {self.today}", f"{entry.expires}", do)
        if left <= EXPIRY_WARNING_DAYS:
            self.warnings.append(f"{entry.id} ({entry.clause}) expires in {left} day{'' if left == 1 else 's'}")

    def _resolve_alias(self, clause: str, where: str) -> str:
        if clause in self.aliases:
            self.warnings.append(f"{where}: {clause} is now called {self.aliases[clause]}")
            return self.aliases[clause]
        return clause

    def _matched_clauses(self, entry: KnownFailure, path: tuple[str | int, ...]) -> tuple[ClauseId, ...]:
        """The clauses of this API that an entry is about; none when it is about another API's."""
        where = self._location((*path, "clause"))
        name = entry.clause
        if "*" not in name:
            plain = name.rpartition("/")[2]
            if plain in self.catalogue.clauses_of_other_apis and plain not in self.catalogue.clauses:
                return ()
            if plain not in self.catalogue.clauses or (plain != name and not self._is_clause_address(name)):  # B8
                known = [*self.catalogue.clauses, *self.catalogue.clauses_of_other_apis]
                raise UsageProblem(where, f"a clause of {self.catalogue.api}", repr(name), did_you_mean(plain, known))
            return (ClauseId(plain),)
        if entry.max_matches is None:  # B9
            raise UsageProblem(self._location(path), "max_matches beside a wildcard", "none")
        _check_pattern(name, where, self.catalogue.api)
        here = tuple(clause for clause in self.catalogue.clauses if self._matches_pattern(name, clause))
        if not here:
            if self._is_about_other_api(name):
                return ()
            raise UsageProblem(where, "a wildcard that matches a clause", f"{name!r} matches nothing")
        if len(here) > entry.max_matches:
            raise UsageProblem(
                where,
                f"at most {counted(entry.max_matches, 'clause')}, by max_matches",
                f"{name!r} matches {len(here)}",
            )
        return here

    def _is_about_other_api(self, name: str) -> bool:
        """Whether a pattern is plainly about another API."""
        if "/" in name:
            return not any(name.split("/")[0] in ("*", api.split("/")[0]) for api in (self.catalogue.api,))
        return any(
            _segments_match(name.split("-"), other.split("-")) for other in self.catalogue.clauses_of_other_apis
        )

    def _is_clause_address(self, name: str) -> bool:
        return any(self._clause_address(clause) == name for clause in self.catalogue.clauses) or any(
            f"{self.catalogue.api}/{clause}" == name for clause in self.catalogue.clauses
        )

    def _clause_address(self, clause: ClauseId) -> str:
        return f"{self.catalogue.api}/{self.catalogue.families.get(clause, 'shape')}/{clause}"

    def _matches_pattern(self, pattern: str, clause: ClauseId) -> bool:
        if "/" in pattern:
            return _segments_match(pattern.split("/"), self._clause_address(clause).split("/"))
        return _segments_match(pattern.split("-"), clause.split("-"))

    def _check_waivable(self, entry: KnownFailure, path: tuple[str | int, ...], clauses: Iterable[ClauseId]) -> None:
        where = self._location((*path, "clause"))
        for clause in clauses:
            if clause in self.catalogue.security:  # B10
                do = "it is about who may see calls, and is mended, not waived"
                raise UsageProblem(where, "a clause that may be waived", f"{clause}", do)
            if self.catalogue.clauses[clause].level == "must" and entry.issue is None:  # B6
                raise UsageProblem(self._location(path), f"an issue, for {clause} is a must", "none")

    def _check_unique(self, entry: KnownFailure, clauses: Iterable[ClauseId], section: str) -> None:
        """Each clause in one entry only, whatever its list (B8); entries for different circumstances may differ."""
        circumstance = str(sorted(entry.when.items()))
        for clause in clauses:
            key = (str(clause), circumstance)
            if key in self.place_by_clause:
                raise UsageProblem(
                    entry.where, f"{clause} in one entry", f"it stands at {self.place_by_clause[key]} too"
                )
            self.place_by_clause[key] = entry.where

    def _conditions_hold(self, entry: KnownFailure) -> bool:
        for fact, wanted in entry.when.items():
            actual = self.facts.get(fact)
            if actual is None:
                hint = f"say `target: {{{fact}: ...}}` in this file"
                self.warnings.append(
                    f"{entry.where}: the {fact} of the target is not known and taken as {wanted}; {hint}"
                )
            elif fact == "version":
                if not _version_matches(actual, wanted):
                    return False
            elif actual != wanted:
                return False
        return True


def _check_pattern(name: str, where: str, api: str) -> None:
    parts = name.split("/") if "/" in name else name.split("-")
    for part in parts:
        if "*" in part and part not in ("*", "**"):  # B9
            raise UsageProblem(where, "wildcards as whole segments, * or **", repr(part))
    if "**" in parts and (parts[0] == "**" or (parts[-1] == "**" and len(parts) <= 2)):
        raise UsageProblem(where, "** below an operation", f"{name!r}, which would cover a whole vendor or more")
    if all(part in ("*", "**") for part in parts):
        raise UsageProblem(where, "a wildcard that names something", repr(name))


def _segments_match(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether segments match: `*` is one segment, `**` any number."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_segments_match(pattern[1:], parts[index:]) for index in range(len(parts) + 1))
    return bool(parts) and pattern[0] in ("*", parts[0]) and _segments_match(pattern[1:], parts[1:])


def _version_matches(actual: str, wanted: str) -> bool:
    found = _VERSION.fullmatch(actual.strip())
    if found is None:
        return False
    have = _version_numbers(found[2])
    for part in wanted.split(","):
        match = _VERSION.fullmatch(part.strip())
        assert match is not None
        limit = _version_numbers(match[2])
        size = max(len(have), len(limit))
        left, right = (number + (0,) * (size - len(number)) for number in (have, limit))
        holds = {
            "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right, "!=": left != right,
        }.get(match[1] or "==", left == right)  # fmt: skip
        if not holds:
            return False
    return True


def _version_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
