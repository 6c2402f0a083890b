"""Nobody in our files is real: numbers, addresses and domains come from ranges kept for fiction and examples."""

from __future__ import annotations

import ipaddress
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.specification.load import load_spec, spec_ids
from harness.specification.source_facts import load_source_facts

REPOSITORY = Path(__file__).resolve().parents[3]
PLACES = ("fixtures", "docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "specs")

# International form, without the plus: Ofcom's drama ranges, NANP 555-0100 to 0199, ACMA's ranges.
RESERVED = re.compile(
    r"447700900\d{3}|441632960\d{3}|442079460\d{3}|1[2-9]\d{2}55501\d{2}"
    r"|61491570(?:156|157|158|159|110)|61[2378](?:5550|7010)\d{4}"
)
DOCUMENTATION = tuple(
    map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "127.0.0.0/8", "0.0.0.0/32"))
)
DOMAIN = re.compile(r"(?:.+\.)?example(?:\.(?:com|net|org))?|localhost|.+\.(?:test|invalid|local)", re.ASCII)
# Where standards, tools and this project's own pages live.
PUBLIC = frozenset(
    {"www.w3.org", "www.apache.org", "github.com", "json-schema.org", "spec.openapis.org", "keepachangelog.com",
     "semver.org", "docs.pytest.org", "pypi.org", "peps.python.org",
     # Where the errors of a vendor's API say more (`more_info`).
     "www.twilio.com"}
)  # fmt: skip


@cache
def pages() -> frozenset[str]:
    """The hosts of the pages that specs were written from, and of those that the facts name which they cite."""
    specs = [load_spec(name) for name in spec_ids()]
    known = [facts for spec in specs if (facts := load_source_facts(spec)) is not None]
    told = [spec.listing.document.url or "" for spec in specs]
    told += [address for facts in known for address in facts.pages.values()]
    # An operator's copy of one vendor's guide, which a note names.
    return frozenset(host for address in told if (host := urlsplit(address).hostname)) | {"nta.co.uk"}


@cache
def texts() -> tuple[tuple[str, str], ...]:
    found = []
    for place in PLACES:
        path = REPOSITORY / place
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                found.append((str(file.relative_to(REPOSITORY)), file.read_bytes().decode("utf-8", "replace")))
    return tuple(found)


def where(pattern: str) -> dict[str, set[str]]:
    """Every text that matches, and the files it stands in."""
    found: dict[str, set[str]] = {}
    for name, text in texts():
        for match in re.finditer(pattern, text, re.ASCII):
            found.setdefault(match[1], set()).add(name)
    return found


def test_there_is_something_to_look_at() -> None:
    assert len(texts()) > 100


def test_numbers_with_a_plus_are_reserved_ones() -> None:
    seen = where(r"(?<![\d.:T])(?:\+|%2B)(\d{7,15})(?!\d)")
    assert {number: files for number, files in seen.items() if not RESERVED.fullmatch(number)} == {}
    assert len(seen) > 10 or not (REPOSITORY / "fixtures").is_dir()


def test_numbers_of_ten_digits_and_more_in_fields_of_numbers_are_reserved_ones() -> None:
    names = r"Source|Destination|Dialed|CallerDialed|CalleeDialed|CallerId"
    keys = r"snumber|cnumber|dnumber|caller|callee|local_number|remote_number|target_number|callerid_\w+"
    seen = where(rf"<(?:{names})>(\d{{7,15}})<") | where(rf'"(?:{keys})": ?"(\d{{7,15}})"')
    for number, files in seen.items():
        national = re.sub(r"^0(?=[1-9])", "44", re.sub(r"^(?:00|011)", "", number))
        assert any(RESERVED.fullmatch(form) for form in (national, "1" + national)), (number, files)


def test_addresses_are_those_of_documentation_or_of_this_machine() -> None:
    seen = where(r"(?<![\d.])(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\d.])")
    strange = {
        text: files
        for text, files in seen.items()
        if not any(ipaddress.ip_address(text) in network for network in DOCUMENTATION)
    }
    assert strange == {}


def test_hosts_are_examples() -> None:
    seen = where(r"(?:https?|wss?|sips?)://(?:[^/@\s\"'<>]*@)?([A-Za-z][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)+)")
    assert {
        host: files for host, files in seen.items() if not DOMAIN.fullmatch(host) and host not in PUBLIC | pages()
    } == {}


def test_mail_addresses_are_examples() -> None:
    seen = where(r"[A-Za-z0-9_%-]@([A-Za-z][A-Za-z0-9-]*(?:\.[A-Za-z]{2,})+)")
    assert {host: files for host, files in seen.items() if not DOMAIN.fullmatch(host)} == {}


@pytest.mark.parametrize(
    ("number", "kept"),
    [("442079460123", True), ("12125550150", True), ("12125551234", False), ("442079450123", False)],
)  # fmt: skip
def test_the_ranges_are_read_well(number: str, kept: bool) -> None:
    assert bool(RESERVED.fullmatch(number)) is kept
