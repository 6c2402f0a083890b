"""What a test of a finding reads of an answer: as much as the checker does, and nothing that harms it."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest
from report_samples import finding, report

from harness.report.pytest_files import pytest_files

CASE = {
    "steps": [{"method": "GET", "target": "/calls", "body": "", "headers": []}],
    "format": "xml",
    "rows_at": "/Calls",
    "identity": "Id",
    "check": {"kind": "once"},
}
PLAIN = "<Response><Calls><Call><Id>1</Id></Call></Calls></Response>"
TREE = {"Calls": {"Call": {"Id": "1"}}}
ENTITY = "<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>"
BOMB = f"<!DOCTYPE Response [{ENTITY}]><Response><Calls><Call><Id>&b;</Id></Call></Calls></Response>"


def module_of(**changed: Any) -> ModuleType:
    """A file of a finding, as the module that pytest makes of it."""
    from dataclasses import replace

    made = pytest_files(report(findings=(replace(finding(), case=json.dumps(CASE | changed)),)))
    (text,) = (text for name, text in made.items() if name.endswith(".py"))
    module = ModuleType("a_finding")
    exec(compile(text, "a_finding", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize(
    "body",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        f"<?xml version='1.0' encoding='UTF-16'?>{PLAIN}".encode("utf-16-be"),
        f"<!-- calls --><!DOCTYPE Response>{PLAIN}".encode(),
    ],
)
def test_a_body_is_read_in_the_encodings_that_servers_use(body: bytes) -> None:
    assert module_of().tree_of(body) == TREE


def test_letters_beyond_ascii_and_bare_ampersands_are_read_as_they_were_meant() -> None:
    body = "<?xml version='1.0' encoding='ISO-8859-1'?><Response><Name>Müller & Söhne</Name></Response>"
    assert module_of().tree_of(body.encode("latin-1")) == {"Name": "Müller & Söhne"}


@pytest.mark.parametrize(
    "body",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        BOMB.encode("utf-16-be"),
        BOMB.replace("<!ENTITY a", "<!ENTITY % p 'x'><!ENTITY a").encode(),
        f"<?x y?>\n<!-- z -->{BOMB}".encode(),
        b"<?xml version='1.0' encoding='cp037'?>" + BOMB.encode("cp037"),
        b"<?xml version='1.0' encoding='utf-7'?>" + BOMB.encode("utf-7"),
        b"<!DOCTYPE Response SYSTEM 'http://127.0.0.1:9/x.dtd'>" + PLAIN.encode(),
        b"<!DOCTYPE Response PUBLIC '-//x//y' 'file:///etc/passwd'>" + PLAIN.encode(),
        b"<!doctype html><html><body>please log in",
        f"<!DOCTYPE Response>{BOMB}".encode(),
        b"<Response><Calls>&b;</Calls></Response>",
        b"<a>" * 100_000 + b"</a>" * 100_000,
    ],
)
def test_no_document_type_and_no_depth_is_followed(body: bytes) -> None:
    assert module_of().tree_of(body) is None


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe\x00", b"nul"])
def test_json_that_cannot_be_read_is_no_answer_and_no_crash(body: bytes) -> None:
    assert module_of(format="json").tree_of(body) is None
