"""The options of `generate` that make a world of real records: file, format, key, and what becomes of bad ones."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from harness.cli.console import Console
from harness.cli.option_values import combine_options
from harness.errors import UsageProblem

if TYPE_CHECKING:
    from harness.world.world import World

F = TypeVar("F", bound=Callable[..., Any])

RECORD_KINDS: Final = ("asterisk-csv", "freeswitch-json", "ndjson", "parquet")
"""What a file of real records may be."""
_INVENTED: Final = ("calls", "seed", "traffic", "days", "per_day")
_KEY_BYTES: Final = 32
_LONGEST_KEY: Final = 65_536

RECORD_OPTIONS: Final = combine_options(
    click.option(
        "--from",
        "from_file",
        metavar="FILE|DATE",
        help="With --as, calls from real records, everybody in them under pseudonyms; else when days begin (UTC).",
    ),
    click.option("--as", "from_kind", type=click.Choice(RECORD_KINDS), help="What --from is."),
    click.option(
        "--key-file", metavar="FILE", help="The key of the pseudonyms; a fresh one that is not kept without it."
    ),
    click.option(
        "--skip-bad",
        is_flag=True,
        help="Leave out records that tell no call, and count them; unknown keys and columns stop it all the same.",
    ),
    click.option(
        "--zone", default="UTC", show_default=True, metavar="NAME", help="The zone of times that tell none in --from."
    ),
)


def record_world_of(console: Console, values: Mapping[str, Any]) -> World | None:
    """The world of `--from`, or None without it; says what was left out, and that a key is not kept.

    Raises UsageProblem for options that do not go together, and for what is wrong with the file or the key.
    """
    _require_sound(values)
    if values["from_file"] is None:
        return None
    from harness.generate.records.record_world import read_record_world

    file = Path(values["from_file"])
    if not file.is_file():
        raise UsageProblem(f"--from {file}", "a file", "a directory" if file.is_dir() else "nothing there")
    key = secrets.token_bytes(_KEY_BYTES) if values["key_file"] is None else _read_key(Path(values["key_file"]))
    zone = _zone(values["zone"])
    with _shown_activity("reading the records"):
        read = read_record_world(file, kind=values["from_kind"], key=key, zone=zone, skip_bad=values["skip_bad"])
    if values["key_file"] is None:
        console.write_message(
            "callharness: the pseudonyms are of a key made for this run, which is not kept; "
            "another run gives others (--key-file FILE)"
        )
    if read.skipped:
        console.write_message(f"callharness: {read.skipped} records that tell no call were left out of {file}")
    return read.world


@contextmanager
def _shown_activity(text: str) -> Iterator[None]:
    """Says at a terminal, and only there, what takes its time."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console as RichConsole

    with RichConsole(stderr=True, markup=False).status(text):
        yield


def _require_sound(values: Mapping[str, Any]) -> None:
    context = click.get_current_context()
    given = {name for name in values if context.get_parameter_source(name) is not ParameterSource.DEFAULT}
    if values["from_file"] is None:
        lonely = {"from_kind": "--as", "key_file": "--key-file", "skip_bad": "--skip-bad", "zone": "--zone"}
        for name, option in lonely.items():
            if name in given:
                raise UsageProblem(option, "--from FILE with it", "no --from")
        return
    if values["from_kind"] is None:
        raise UsageProblem("--from", f"--as with it: {', '.join(RECORD_KINDS)}", "no --as")
    for name in _INVENTED:
        source = context.get_parameter_source(name)
        if source not in (None, ParameterSource.DEFAULT):
            option = "--" + name.replace("_", "-")
            raise UsageProblem("--from", "calls of records alone", f"{option}, which invents calls", "leave one out")


def _read_key(file: Path) -> bytes:
    """The bytes of a key file, without the line end that an editor leaves; they are shown nowhere."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_LONGEST_KEY)
    except OSError as problem:
        reason = (problem.strerror or os.strerror(0)).lower()
        raise UsageProblem(f"--key-file {file}", "a file that can be read", reason) from None
    from harness.generate.records.pseudonyms import LEAST_KEY_BYTES

    key = data.rstrip(b"\r\n")
    if len(key) < LEAST_KEY_BYTES:
        raise UsageProblem(
            f"--key-file {file}",
            f"a key of at least {LEAST_KEY_BYTES} bytes",
            f"{len(key)} bytes",
            "make one with `openssl rand -hex 32`",
        )
    return key


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UsageProblem("--zone", "a zone such as Europe/Berlin", repr(name)) from None
