"""Ids that never change: which were given out, and whether a spec keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, final

from harness.specification.lint.finding import LintFinding, finding_at
from harness.specification.load import Spec, spec_ids, specs_directory
from harness.specification.yaml_source import KeyPath, SourceFileError

LOCK_FILE: Final = "ids.lock"


@final
@dataclass(frozen=True, slots=True)
class LockedId:
    """An id that was given out: to which spec, and whether the promise has been withdrawn since."""

    spec: str
    retired: bool = False


IdLock = Mapping[str, LockedId]


def load_id_lock(path: Path | None = None) -> IdLock:
    """The ids given out so far, from `specs/ids.lock`."""
    place = path or specs_directory() / LOCK_FILE
    try:
        return parse_id_lock(place.read_text(encoding="utf-8"), name=str(place))
    except OSError as error:
        raise SourceFileError(str(place), "a readable file", error.strerror or str(error)) from None


def parse_id_lock(text: str, *, name: str) -> IdLock:
    """The ids in a text: a line each, `ID SPEC` or `ID SPEC retired`; `#` begins a comment."""
    ids: dict[str, LockedId] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) not in (2, 3) or words[2:] not in ([], ["retired"]):
            raise SourceFileError(f"{name}:{number}", "ID SPEC, or ID SPEC retired", repr(line))
        if words[0] in ids:
            raise SourceFileError(f"{name}:{number}", "each id once", f"{words[0]} a second time")
        ids[words[0]] = LockedId(spec=words[1], retired=len(words) == 3)
    return MappingProxyType(ids)


def new_lock_lines(spec: Spec, lock: IdLock) -> tuple[str, ...]:
    """The lines to append for the ids of a spec that are not locked yet."""
    return tuple(f"{clause} {spec.id}" for clause in spec.clauses if clause not in lock)


def check_id_lock(spec: Spec, lock: IdLock) -> Iterator[LintFinding]:
    """Ids are only ever added: none vanishes, none moves to another spec, none comes back."""
    ours = {name for name, entry in lock.items() if entry.spec == spec.id}
    if not ours and spec.id not in spec_ids():
        return
    for name in spec.clauses:
        path: KeyPath = ("clauses", name)
        entry = lock.get(name)
        if entry is None:
            do = f"append the line `{name} {spec.id}`"
            yield finding_at(spec, "ids-lock", path, f"an id that stands in {LOCK_FILE}", "a new one", do)
        elif entry.spec != spec.id:
            yield finding_at(spec, "ids-lock", path, "an id of this spec", f"an id of {entry.spec}")
        elif entry.retired:
            yield finding_at(spec, "ids-lock", path, "an id that was never used", "a retired one")
    for gone in sorted(ours - set(spec.clauses)):
        if not lock[gone].retired:
            do = f"bring it back, or write `retired` behind {gone} in {LOCK_FILE}"
            yield finding_at(spec, "ids-lock", ("clauses",), f"the clause {gone}, given out before", "none", do)
