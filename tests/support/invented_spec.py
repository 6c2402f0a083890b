"""The invented spec of these tests, whole or with one thing changed."""

from __future__ import annotations

from pathlib import Path

from harness.specification.load import Spec, build_spec
from harness.specification.yaml_source import parse_source_text

ACMEPBX = Path(__file__).parent / "acmepbx.yaml"
ID = "acmepbx/list-calls"


def acmepbx_text(*changes: tuple[str, str]) -> str:
    """Its text; each change replaces a piece that occurs exactly once."""
    text = ACMEPBX.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return text


def acmepbx(*changes: tuple[str, str]) -> Spec:
    """The spec itself."""
    return build_spec(parse_source_text(acmepbx_text(*changes), name="acmepbx.yaml"), spec_id=ID)


def line_of(text: str, piece: str) -> int:
    """The line of the first occurrence of a piece."""
    return text[: text.index(piece)].count("\n") + 1


CALLBOOK = str(Path(__file__).parent / "callbook.yaml")
"""The path of an invented spec whose values are written in every form that the language knows."""
