"""`callharness spec diff`: which promises came, went or changed between two specs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from harness.cli.console import Console

if TYPE_CHECKING:
    from harness.specification.load import Spec
    from harness.specification.spec_changes import SpecChange

_SIGNS: Final = {"came": "+", "went": "-", "changed": "~"}
_VALUE_WIDTH: Final = 100


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--fail-on",
    type=click.Choice(["change", "loss", "never"]),
    default="change",
    show_default=True,
    help="What ends with exit code 1: any change, only less than before (something went or got weaker), or nothing.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def diff(console: Console, old: str, new: str, fail_on: str, as_json: bool) -> int:
    """Say which promises, parameters, fields, faults and open choices came, went or changed from OLD to NEW.

    Each is the id of a spec or the path of a spec file. Exit code 0 without a difference, 1 with one (see --fail-on),
    2 where a file cannot be read.
    """
    from harness.specification.load import load_spec
    from harness.specification.spec_changes import changes_between

    before, after = load_spec(old), load_spec(new)
    changes = changes_between(before, after)
    console.write_result(_as_json(before, after, changes) if as_json else "\n".join(_lines(before, after, changes)))
    counted = [change for change in changes if change.loss or fail_on == "change"]
    return 1 if counted and fail_on != "never" else 0


def _lines(old: Spec, new: Spec, changes: Sequence[SpecChange]) -> Iterator[str]:
    from harness.output.escaping import visible_text
    from harness.specification.spec_changes import ChangedKind

    yield visible_text(f"{old.given_as} -> {new.given_as}", limit=1000)
    if not changes:
        yield "no difference"
    for kind in ChangedKind:
        some = [change for change in changes if change.kind is kind]
        if some:
            ways = [change.way.value for change in some]
            counts = ", ".join(f"{ways.count(way)} {way}" for way in _SIGNS if way in ways)
            yield ""
            yield f"{kind.value}s: {counts}"
            for change in some:
                yield from (visible_text(line, limit=1000) for line in _change_lines(change))
    if changes:
        losses = sum(change.loss for change in changes)
        yield ""
        yield f"{len(changes)} change{'' if len(changes) == 1 else 's'}, {losses} of them a loss (!)"


def _change_lines(change: SpecChange) -> Iterator[str]:
    sign = _SIGNS[change.way.value] + ("!" if change.loss else " ")
    if change.way.value == "changed":
        yield f"  {sign} {change.name}"
        for part in change.parts:
            yield f"       {part.part}: {_shown(part.before)} -> {_shown(part.after)}"
        return
    texts = {part.part: part.before or part.after for part in change.parts}
    words = [texts.get(name, "") for name in ("level", "basis", "says", "shows", "as", "open", "code")]
    yield f"  {sign} {change.name}  {'  '.join(_shown(word) for word in words if word)}".rstrip()


def _shown(text: str) -> str:
    return (text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 1] + "…") or "(nothing)"


def _as_json(old: Spec, new: Spec, changes: Sequence[SpecChange]) -> str:
    rows = [
        {
            "kind": change.kind.value,
            "name": change.name,
            "change": change.way.value,
            "loss": change.loss,
            "parts": {part.part: {"before": part.before, "after": part.after} for part in change.parts},
        }
        for change in changes
    ]
    return json.dumps({"old": old.given_as, "new": new.given_as, "changes": rows}, indent=2, ensure_ascii=False)
