"""The manifest: what files there are, what determined them, and the command that makes them again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, final

from harness.generate.row_files import FinishedRows, RowChoices
from harness.specification.dialect import Dialect, written_answer
from harness.specification.load import Spec
from harness.telephony.attributes import Grain
from harness.world.listed_calls import ListedCalls
from harness.world.world import World

SCHEMA_VERSION: Final = 1
USUAL_PARTS: Final = ("rows", "pages", "invalid")
"""What a generation writes without a choice."""
PARTS: Final = (*USUAL_PARTS, "edge")
"""What a generation can write."""
# What bytes hang on besides the arguments: compressors, and what writes binary files.
_CALLS_OF_OTHERS: Final = "its calls were given; neither their records nor the key of their pseudonyms stand here"
_PACKAGES: Final = ("callharness", "polars", "backports.zstd")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What is generated: everything that determines the files, and nothing else."""

    spec: Spec
    world: World
    dialect: Dialect
    formats: tuple[str, ...]
    parts: tuple[str, ...]
    choices: RowChoices

    @property
    def calls(self) -> int:
        """The calls of the world that have begun at its instant."""
        return self.world.count(Grain.CALL, ListedCalls.BOTH, self.world.instant)

    def world_id(self) -> str:
        """What determines the world, as 16 hexadecimal digits: equal ids, equal calls."""
        world = self.world
        return _digest(
            {
                "generator": world.fingerprint(),
                "seed": world.seed,
                "calls": self.calls,
                "instant": world.instant.isoformat(),
                "from": world.window.begin.isoformat() if world.window is not None else None,
                # Where a profile was read from is no part of it.
                "traffic": asdict(replace(world.profile, file=None)) if world.profile is not None else None,
                "given": [sorted(call.items()) for call in world.given],
                "home_customer": world.home_customer_id,
            }
        )[:16]

    def plan(self, files: Sequence[str]) -> str:
        """What determines the bytes of these files of rows: equal plans, equal bytes."""
        return _digest(
            {
                "world": self.world_id(),
                "api": self.spec.id,
                "spec": self.spec.openapi,
                "dialect": _written_dialect(self.dialect),
                "formats": self.formats,
                "rows": self.choices.rows,
                "shard_rows": self.choices.shard_rows,
                "slice_rows": self.choices.slice_rows,
                "compression": self.choices.compression,
                "files": list(files),
                "packages": {name: _package_version(name) for name in _PACKAGES},
            }
        )


def build_manifest(
    made: Generation,
    *,
    rows: Sequence[FinishedRows],
    pages: Sequence[Mapping[str, Any]],
    digests: Mapping[str, str],
) -> Mapping[str, Any]:
    """The manifest of files that are written; where rows are shared out it tells which rows stand in which file."""
    spec, world = made.spec, made.world
    document = spec.listing.document
    profile = world.profile.name if world.profile is not None else None
    manifest: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "api": spec.id,
        "spec_version": spec.listing.version,
        "document": {"name": document.name, "sha256": document.sha256},
        "generator_version": world.fingerprint(),
        "seed": world.seed,
        "calls": made.calls,
        "traffic": profile,
        **({"from": world.window.begin.isoformat()} if world.window is not None else {}),
        "instant": world.instant.isoformat(),
        "dialect": _written_dialect(made.dialect),
        "formats": list(made.formats),
        "world_id": made.world_id(),
        **_told_command(made, profile),
        "pages": list(pages),
    }
    if not made.choices.is_plain:
        manifest["row_files"] = [_row_file_entry(one) for one in rows]
    return {**manifest, "files": dict(sorted(digests.items()))}


def _row_file_entry(one: FinishedRows) -> Mapping[str, Any]:
    file = one.file
    return {
        "file": file.name,
        "format": file.format.name,
        "rows": [file.first, file.last],
        "bytes": one.size,
        "sha256": one.sha256,
    }


def _told_command(made: Generation, profile: str | None) -> Mapping[str, str | None]:
    """The command that writes these files again, or why none does."""
    if made.world.seed is None or made.world.given:
        return {"command": None, "why_no_command": _CALLS_OF_OTHERS}
    return {"command": _repeat_command(made, profile)}


def _repeat_command(made: Generation, profile: str | None) -> str:
    """The command that writes these files again."""
    spec, world, choices = made.spec, made.world, made.choices
    # Whoever repeats it knows the file: the name alone, so that the bytes do not hang on where it lies.
    name = spec.id if spec.given_as == spec.id else Path(spec.file).name
    words = ["callharness", "generate", name, *_window_words(made), f"--seed {world.seed}"]
    if profile not in (None, "office"):
        words.append(f"--traffic {world.profile.file if world.profile and world.profile.file else profile}")
    words += [f"--format {name}" for name in made.formats if made.formats != ("native",)]
    if made.parts != USUAL_PARTS:
        words.append(f"--parts {','.join(made.parts)}")
    if choices.rows is not None:
        first, last = choices.rows
        words.append(f"--rows {first}:{'' if last is None else last}")
    if choices.shard_rows is not None:
        words.append(f"--shard-rows {choices.shard_rows}")
    if choices.compression is not None:
        words.append(f"--compress {choices.compression}")
    return " ".join([*words, "--out DIR"])


def _window_words(made: Generation) -> list[str]:
    """The options that say how many calls there are, or on which days."""
    window = made.world.window
    if window is None:
        return [f"--calls {made.calls}"]
    per_day = [] if window.per_day is None else [f"--per-day {_plain_number(window.per_day)}"]
    return [f"--from {window.begin.isoformat()}", f"--days {_plain_number(window.days)}", *per_day]


def _plain_number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _written_dialect(dialect: Dialect) -> dict[str, Any]:
    return {name: written_answer(dialect.values[name]) for name in sorted(dialect.values)}


def _digest(tree: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True, default=str).encode()).hexdigest()


def _package_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
