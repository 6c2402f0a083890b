"""Fixtures: files from a spec and a world, listed with their digests in a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from harness.errors import UsageProblem
from harness.generate.formats import FORMATS
from harness.generate.invalid_responses import make_invalid_responses
from harness.generate.response_breaker import InvalidResponse
from harness.generate.rows import encode_hidden_rows, row_set_of
from harness.generate.sample_exchanges import SampleExchange, make_sample_exchanges, request_text
from harness.output.atomic_files import os_error_reason, write_atomically
from harness.specification.dialect import Dialect, written_answer
from harness.specification.load import Spec
from harness.telephony.attributes import Grain
from harness.wire.http_messages import HttpResponse
from harness.world.listed_calls import ListedCalls
from harness.world.world import World

MANIFEST_FILE: Final = "manifest.json"
HIDDEN_FILE: Final = "hidden.ndjson"
SCHEMA_VERSION: Final = 1
_OWN_FILE_PATTERN: Final = re.compile(
    r"(?:rows\.[a-z]+|hidden\.ndjson|pages/[A-Za-z0-9._-]+|invalid/[A-Za-z0-9._-]+)"
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFixtures:
    """The files that were written: the digest of each by its name below `out`, and the number of each kind."""

    out: Path
    files: Mapping[str, str]
    rows: int
    pages: int
    invalid: int


def write_fixtures(
    spec: Spec,
    *,
    world: World,
    out: Path,
    dialect: Dialect | None = None,
    formats: Sequence[str] = ("native",),
    pages: bool = True,
    invalid: bool = True,
) -> WrittenFixtures:
    """Write rows, pages, invalid answers and `manifest.json` into `out`; the same arguments give the same bytes.

    Files of other origin in `out` stay; what an earlier run wrote and this one does not is removed, unless it was
    changed since. Raises UsageProblem for an unknown format and when `out` cannot take files.
    """
    choices = dialect if dialect is not None else Dialect()
    chosen = _check_formats(formats)
    _prepare_directory(out)
    files: dict[str, bytes] = {}
    rows = row_set_of(spec, world, choices)
    for name in chosen:
        made = FORMATS[name]
        files[f"rows.{made.file_extension(spec.listing)}"] = made.encode_rows(rows)
    hidden = encode_hidden_rows(rows)
    if hidden:
        files[HIDDEN_FILE] = hidden
    told: list[Mapping[str, Any]] = []
    for number, page in enumerate(make_sample_exchanges(spec, world, choices) if pages else (), 1):
        told.append(_add_exchange_files(files, number, page))
    broken: list[Mapping[str, Any]] = []
    if invalid:
        broken = _add_invalid_files(files, make_invalid_responses(spec, world, choices))
        files["invalid/index.json"] = _encode_json_file({"api": spec.id, "payloads": broken})
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    manifest = _build_manifest(spec, world=world, dialect=choices, formats=chosen, pages=told, digests=digests)
    stale = _stale_files(out, digests)
    for name, data in files.items():
        _write_file(out / name, data)
    # Last, so that a manifest never names a file that is not there.
    _write_file(out / MANIFEST_FILE, _encode_json_file(manifest))
    for path in stale:
        path.unlink(missing_ok=True)
    return WrittenFixtures(out=out, files=digests, rows=len(rows), pages=len(told), invalid=len(broken))


def _check_formats(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in FORMATS:
            raise UsageProblem("--format", f"one of {', '.join(FORMATS)}", repr(name))
    return tuple(dict.fromkeys(names))


def _prepare_directory(out: Path) -> None:
    where = f"--out {out}"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageProblem(where, "a directory, or a name that is free", "a file") from None
    except NotADirectoryError:
        raise UsageProblem(where, "a directory, or a name that is free", "a file stands on the way") from None
    except OSError as problem:
        raise UsageProblem(where, "a directory that can be made", os_error_reason(problem)) from None
    if not os.access(out, os.W_OK | os.X_OK):
        raise UsageProblem(where, "a directory that can be written to", "permission denied")


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data)


def _stale_files(out: Path, digests: Mapping[str, str]) -> list[Path]:
    """Files that an earlier manifest lists, that this run does not write, and that nobody has changed."""
    try:
        earlier = json.loads((out / MANIFEST_FILE).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    found = []
    for name, digest in earlier.items() if isinstance(earlier, dict) else ():
        if name in digests or not _OWN_FILE_PATTERN.fullmatch(name):
            continue
        path = out / name
        if path.is_file() and not path.is_symlink() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            found.append(path)
    return found


# --- pages and invalid answers ------------------------------------------------------------------------------


def _add_exchange_files(files: dict[str, bytes], number: int, page: SampleExchange) -> Mapping[str, Any]:
    stem = f"pages/{number:03d}-{_plain_file_name(page.name)}"
    entry: dict[str, Any] = {"name": page.name, "says": page.says}
    if page.error_name is not None:
        entry["fault"] = page.error_name
    if page.request is not None:
        entry["request"] = f"{stem}.request.http"
        files[entry["request"]] = request_text(page.request)
    entry["response"] = f"{stem}.response.{_body_extension(page.response)}"
    files[entry["response"]] = page.response.body
    entry |= _response_head(page.response)
    return entry


def _add_invalid_files(files: dict[str, bytes], broken: Iterable[InvalidResponse]) -> list[Mapping[str, Any]]:
    made = list(broken)
    count = {one.clause: sum(other.clause == one.clause for other in made) for one in made}
    seen: dict[str, int] = {}
    index: list[Mapping[str, Any]] = []
    for one in made:
        seen[one.clause] = number = seen.get(one.clause, 0) + 1
        stem = one.clause if count[one.clause] == 1 else f"{one.clause}-{number}"
        name = f"invalid/{stem}.{_body_extension(one.response)}"
        files[name] = one.response.body
        index.append(
            {
                "file": name.removeprefix("invalid/"),
                "clause": one.clause,
                "done": one.change,
                **_response_head(one.response),
                "request": request_text(one.request).decode("utf-8"),
            }
        )
    return index


def _response_head(response: HttpResponse) -> Mapping[str, Any]:
    return {"http_status": response.http_status, "content_type": response.header("content-type")}


def _body_extension(response: HttpResponse) -> str:
    return "xml" if response.body.lstrip().startswith(b"<") else "json"


def _plain_file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)


# --- the manifest -------------------------------------------------------------------------------------------


def _build_manifest(
    spec: Spec,
    *,
    world: World,
    dialect: Dialect,
    formats: Sequence[str],
    pages: Sequence[Mapping[str, Any]],
    digests: Mapping[str, str],
) -> Mapping[str, Any]:
    document = spec.listing.document
    calls = world.count(Grain.CALL, ListedCalls.BOTH, world.instant)
    profile = world.profile.name if world.profile is not None else None
    return {
        "schema_version": SCHEMA_VERSION,
        "api": spec.id,
        "spec_version": spec.listing.version,
        "document": {"name": document.name, "sha256": document.sha256},
        "generator_version": world.fingerprint(),
        "seed": world.seed,
        "calls": calls,
        "traffic": profile,
        **({"from": world.window.begin.isoformat()} if world.window is not None else {}),
        "instant": world.instant.isoformat(),
        "dialect": {name: written_answer(dialect.values[name]) for name in sorted(dialect.values)},
        "formats": list(formats),
        "command": _repeat_command(spec, world, calls, profile, formats),
        "pages": list(pages),
        "files": dict(digests),
    }


def _repeat_command(spec: Spec, world: World, calls: int, profile: str | None, formats: Sequence[str]) -> str | None:
    """The command that writes these files again; None for a world that was not made from a seed."""
    if world.seed is None or world.given:
        return None
    # Whoever repeats it knows the file: the name alone, so that the bytes do not hang on where it lies.
    name = spec.id if spec.given_as == spec.id else Path(spec.file).name
    words = ["callharness", "generate", name, *_window_words(world, calls), f"--seed {world.seed}"]
    if profile not in (None, "office"):
        words.append(f"--traffic {world.profile.file if world.profile and world.profile.file else profile}")
    words += [f"--format {name}" for name in formats if tuple(formats) != ("native",)]
    return " ".join([*words, "--out DIR"])


def _window_words(world: World, calls: int) -> list[str]:
    """The options that say how many calls there are, or on which days."""
    window = world.window
    if window is None:
        return [f"--calls {calls}"]
    per_day = [] if window.per_day is None else [f"--per-day {_plain_number(window.per_day)}"]
    return [f"--from {window.begin.isoformat()}", f"--days {_plain_number(window.days)}", *per_day]


def _plain_number(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _encode_json_file(tree: Any) -> bytes:
    return json.dumps(tree, indent=2, ensure_ascii=False, default=list).encode() + b"\n"
