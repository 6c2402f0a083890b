"""`callharness doctor`: one line for each thing that the harness needs of a machine."""

from __future__ import annotations

import os
import re
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from harness.cli.console import Console, current_time

Health = Literal["ok", "note", "FAIL"]

OLDEST_PYTHON: Final = (3, 11)
# No release of this project is older: a clock before it makes every signed token and every range wrong.
EARLIEST_NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
PROXY_VARIABLES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthLine:
    """What was found out about one thing; only `FAIL` keeps the harness from its work."""

    about: str
    health: Health
    says: str


@click.command()
@click.pass_obj
def doctor(console: Console) -> int:
    """Say whether this machine has what the harness needs: a line for each thing, exit code 1 if something fails.

    Nothing leaves this machine.
    """
    found = [
        check_python(sys.version_info[:3]),
        *check_packages(metadata.requires("callharness") or (), installed_version),
        check_directory("working directory", Path.cwd()),
        check_directory("temporary files", Path(tempfile.gettempdir())),
        check_loopback(),
        check_clock(current_time()),
        check_zones(),
        check_tls(),
        check_proxies(os.environ),
    ]
    for one in found:
        console.write_result(f"{one.health:<4}  {one.about:<18} {one.says}")
    return 1 if any(one.health == "FAIL" for one in found) else 0


def check_python(version: tuple[int, ...]) -> HealthLine:
    """Whether Python is new enough."""
    told = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        return HealthLine(about="Python", health="FAIL", says=f"{told}; {needed} or newer is needed")
    return HealthLine(about="Python", health="ok", says=f"{told}, {sys.executable}")


# --- packages -----------------------------------------------------------------------------------------------


def installed_version(package: str) -> str | None:
    """The version of a package; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_packages(requirements: Iterable[str], version_of: Callable[[str], str | None]) -> list[HealthLine]:
    """A line for the libraries that every command needs, and one for each extra of a user."""
    base: list[tuple[str, str]] = []
    extras: dict[str, list[tuple[str, str]]] = {}
    for text in requirements:
        found = re.match(r"([A-Za-z0-9._-]+)[^;]*?(?:>=([0-9.]+))?\s*(?:;(.*))?$", text)
        extra = re.search(r"extra == [\"']([\w-]+)[\"']", text)
        if found is None or found[1] == "callharness":
            continue
        # A marker of another platform or Python names what is not needed here.
        if found[3] and extra is None:
            continue
        (base if extra is None else extras.setdefault(extra[1], [])).append((found[1], found[2] or "0"))
    lines = [_check_libraries(base, version_of)]
    for name, wanted in extras.items():
        if name not in ("dev", "benchmarks", "all"):
            lines.append(_check_extra(name, wanted, version_of))
    return lines


def _check_libraries(wanted: list[tuple[str, str]], version_of: Callable[[str], str | None]) -> HealthLine:
    wrong = []
    told = []
    for name, least in wanted:
        version = version_of(name)
        if version is None:
            wrong.append(f"{name} is not installed")
        elif _numbers(version) < _numbers(least):
            wrong.append(f"{name} {version} is older than {least}")
        else:
            told.append(f"{name} {version}")
    if wrong:
        do = "pip install --upgrade callharness"
        return HealthLine(about="libraries", health="FAIL", says=f"{'; '.join(wrong)}: {do}")
    return HealthLine(about="libraries", health="ok", says=", ".join(told))


def _check_extra(extra: str, wanted: list[tuple[str, str]], version_of: Callable[[str], str | None]) -> HealthLine:
    missing = [name for name, _ in wanted if version_of(name) is None]
    if missing:
        says = f"not installed ({', '.join(missing)}): pip install 'callharness[{extra}]'"
        return HealthLine(about=f"extra [{extra}]", health="note", says=says)
    says = ", ".join(f"{name} {version_of(name)}" for name, _ in wanted)
    return HealthLine(about=f"extra [{extra}]", health="ok", says=says)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0]))


# --- the machine --------------------------------------------------------------------------------------------


def check_directory(about: str, directory: Path) -> HealthLine:
    """Whether files can be written there; reports are."""
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".callharness-"):
            pass
    except OSError as problem:
        says = f"{directory} cannot be written ({problem.strerror}); reports need a directory that can"
        return HealthLine(about=about, health="FAIL", says=says)
    return HealthLine(about=about, health="ok", says=f"{directory} can be written")


def check_loopback(host: str = "127.0.0.1") -> HealthLine:
    """Whether a server can listen on the loopback, and a client reach it; simulators do."""
    try:
        with socket.create_server((host, 0)) as server:
            port = server.getsockname()[1]
            with socket.create_connection((host, port), timeout=5):
                pass
    except OSError as problem:
        says = f"no connection to a port of {host} ({problem.strerror or problem}); `serve` and `sim:` need one"
        return HealthLine(about="loopback", health="FAIL", says=says)
    return HealthLine(about="loopback", health="ok", says=f"{host} takes connections")


def check_clock(now: datetime) -> HealthLine:
    """Whether the clock is not years behind; tokens and time ranges go by it."""
    told = now.isoformat(timespec="seconds")
    if now < EARLIEST_NOW:
        return HealthLine(about="clock", health="FAIL", says=f"{told} is before this release: set the clock")
    return HealthLine(about="clock", health="ok", says=told)


def check_zones(zone: str = "Europe/Berlin") -> HealthLine:
    """Whether time zones are known; local times are read by them."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, OSError):
        return HealthLine(about="time zones", health="FAIL", says="none are known: pip install tzdata")
    return HealthLine(
        about="time zones", health="ok", says=f"known (tzdata {installed_version('tzdata') or 'of the system'})"
    )


def check_tls() -> HealthLine:
    """What speaks TLS, and whom it trusts."""
    trusted = ssl.create_default_context().cert_store_stats()["x509_ca"]
    if not trusted:
        says = f"{ssl.OPENSSL_VERSION} trusts no authority; name one with --ca FILE for a target with https"
        return HealthLine(about="TLS", health="note", says=says)
    return HealthLine(about="TLS", health="ok", says=f"{ssl.OPENSSL_VERSION}, {trusted} authorities")


def check_proxies(environment: Mapping[str, str]) -> HealthLine:
    """Whether a proxy is set, which the checker does not use."""
    names = [name for name in PROXY_VARIABLES if environment.get(name)]
    if names:
        says = f"{', '.join(names)} set, and not used: the checker connects to the target itself"
        return HealthLine(about="proxies", health="note", says=says)
    return HealthLine(about="proxies", health="ok", says="none set; the checker connects to the target itself")
