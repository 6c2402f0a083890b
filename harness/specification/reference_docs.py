"""The reference of the listing language, from the model itself.

`python -m harness.specification.reference_docs` rewrites what lies below the marker in `specs/README.md` (the keys of
the language, and the attributes of calls that they name), and `specs/listing.schema.json`. What lies above the marker
is written by hand and stays.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from harness.errors import UsageProblem
from harness.output import write_atomically
from harness.specification.deserialize import json_schema, spec_key
from harness.specification.field_path import VALUE_PATHS
from harness.specification.load import specs_directory
from harness.specification.model import Clauses, Listing, OpenChoice
from harness.telephony.attributes import ATTRIBUTES, Attribute, Grain

GENERATED_MARKER: Final = (
    "<!-- Below this line: written by `python -m harness.specification.reference_docs` "
    "from harness/specification/model.py. -->"
)


_ABOUT_ATTRIBUTES: Final = """\
What `shows`, `present-of`, `holds` and `owner-attributes` name. `lists.one-row-per` says which table is that of the
rows; nested rows have one of their own. `callharness spec attributes` prints them, with `--json` for programs."""


def reference_text() -> str:
    """The generated part of the reference: a section per construct with a table of its keys, and all attributes."""
    sections = [_record_section(record) for record in _grammar_records(Listing)]
    return "\n".join(["## Reference", "", *sections, attributes_text()])


def attributes_text() -> str:
    """The part of the reference on what a row can show: a table of attributes for each grain."""
    sections = [_grain_section(grain, attributes) for grain, attributes in ATTRIBUTES.items()]
    return "\n".join(["## Attributes", "", _ABOUT_ATTRIBUTES, "", *sections])


def _grain_section(grain: Grain, attributes: Mapping[str, Attribute]) -> str:
    lines = [f"### Attributes of a {grain.value}", "", "| attribute | kind | words | meaning |", "|---|---|---|---|"]
    for name, attribute in attributes.items():
        words = ", ".join(f"`{word}`" for word in attribute.words)
        kind = attribute.kind.value if attribute.rows is None else f"rows, each a {attribute.rows.value}"
        lines.append(f"| `{name}` | {kind} | {words} | {attribute.says} |")
    return "\n".join([*lines, ""])


def readme_text(old: str) -> str:
    """The text of `specs/README.md` with its generated part renewed."""
    above, marker, _ = old.partition(GENERATED_MARKER)
    if not marker:
        raise UsageProblem(
            "specs/README.md", f"the line {GENERATED_MARKER}", "no such line", "put it above the generated part"
        )
    return f"{above}{GENERATED_MARKER}\n\n{reference_text()}"


def schema_text() -> str:
    """The text of `specs/listing.schema.json`."""
    return json.dumps(json_schema(Listing), indent=2, ensure_ascii=False) + "\n"


def write_reference(directory: Path) -> tuple[Path, ...]:
    """Rewrite both files in a directory of specs; the paths of those that changed."""
    readme, schema = directory / "README.md", directory / "listing.schema.json"
    old = readme.read_text(encoding="utf-8")
    changed = []
    for path, text in ((readme, readme_text(old)), (schema, schema_text())):
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text.encode("utf-8"))
            changed.append(path)
    return tuple(changed)


def _grammar_records(top: type) -> tuple[type, ...]:
    """The records of the grammar, each once, in the order in which a reader meets them."""
    found: dict[type, None] = {}

    def meet(record: type) -> None:
        if record in found:
            return
        found[record] = None
        for hint in typing.get_type_hints(record).values():
            for inner in _inner_records(hint):
                meet(inner)

    meet(top)
    return tuple(found)


def _inner_records(hint: Any) -> Iterator[type]:
    if hint in VALUE_PATHS:
        return
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    elif typing.get_origin(hint) is not OpenChoice:
        for inner in typing.get_args(hint):
            yield from _inner_records(inner)


def _record_section(record: type) -> str:
    hints = typing.get_type_hints(record)
    title = _record_title(record)
    lines = [f"### {title}", "", inspect.cleandoc(record.__doc__ or ""), ""]
    lines += ["| key | type | meaning | default |", "|---|---|---|---|"]
    for field in dataclasses.fields(record):
        cells = (
            f"`{spec_key(field.name)}`",
            _type_text(hints[field.name]),
            str(field.metadata.get("says", "")),
            _default_cell(field),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _record_title(record: type) -> str:
    return "x-listing" if record is Listing else record.__name__


def _default_cell(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    elif field.default is not dataclasses.MISSING:
        value = field.default
    else:
        return "required"
    if value is None or value == () or value == {}:
        return ""
    if dataclasses.is_dataclass(value):
        own = [getattr(value, inner.name) for inner in dataclasses.fields(value)]
        return "its own defaults" if any(own) else ""
    return f"`{_value_text(value)}`"


def _value_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_value_text(inner) for inner in value)
    if isinstance(value, bool):
        return str(value).lower()
    return '"' + value + '"' if isinstance(value, str) and (not value.isidentifier() or value == "") else str(value)


def _type_text(hint: Any) -> str:
    if hint == Clauses:
        return "clause ids"
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union_text(inner)
    if origin is typing.Literal:
        return ", ".join(f"`{word}`" for word in inner)
    if origin is tuple:
        return f"list of {_type_text(inner[0])}"
    if origin is Mapping or (isinstance(origin, type) and issubclass(origin, Mapping)):
        keys = _type_text(inner[0])
        return f"mapping of {keys} to {_type_text(inner[1])}"
    if hint in VALUE_PATHS:
        return "text"
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        title = _record_title(hint)
        return f"[{title}](#{title.lower()})"
    if getattr(hint, "__supertype__", None) is not None:
        return "text"
    return {str: "text", int: "integer", bool: "true, false"}[hint]


def _union_text(kinds: tuple[Any, ...]) -> str:
    plain = [kind for kind in kinds if typing.get_origin(kind) is not OpenChoice and kind is not type(None)]
    shown = " or ".join(_type_text(kind) for kind in plain)
    words = [shown]
    if any(typing.get_origin(kind) is OpenChoice for kind in kinds):
        words.append("may be [open](#open-choices)")
    if type(None) in kinds and len(words) > 1:
        words.insert(1, "or null")
    return ", ".join(words) if len(words) > 1 else shown


if __name__ == "__main__":
    write_reference(specs_directory())
