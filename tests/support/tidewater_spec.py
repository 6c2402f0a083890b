"""The invented spec whose filters compare in every way, whole or with one thing changed."""

from __future__ import annotations

from pathlib import Path

from harness.specification.load import Spec, build_spec
from harness.specification.yaml_source import parse_source_text

TIDEWATER = Path(__file__).parent / "tidewater.yaml"


def tidewater(*changes: tuple[str, str]) -> Spec:
    """The spec; each change replaces a piece of its text that occurs exactly once."""
    text = TIDEWATER.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return build_spec(parse_source_text(text, name="tidewater.yaml"), spec_id="tidewater/records")
