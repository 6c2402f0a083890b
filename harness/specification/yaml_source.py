"""YAML text with positions, read the same by YAML 1.1 and 1.2 or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from harness.errors import UsageError
from harness.output.bounded_files import read_at_most

PlainValue = Mapping[str, "PlainValue"] | list["PlainValue"] | str | int | float | bool | None
KeyPath = tuple[str | int, ...]

NODE_LIMIT: Final = 50_000
DEPTH_LIMIT: Final = 64
BYTE_LIMIT: Final = 4 * 1024 * 1024
ERRORS_SHOWN: Final = 40

_CORE_INT: Final = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_CORE_FLOAT: Final = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+", re.ASCII)
# What YAML 1.2's core schema takes for a number although YAML 1.1 reads text.
_YAML12_NUMBER: Final = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII
)
_CONSTANT_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}


@dataclass(eq=False)
class SourceFileError(UsageError):
    """A file of ours or of the user's that cannot be read as what it should be."""

    where: str
    expected: str
    actual: str
    do: str = ""

    def __str__(self) -> str:
        lines = [f"{self.where}", f"  expected  {self.expected}", f"  actual    {self.actual}"]
        if self.do:
            lines.append(f"  do        {self.do}")
        return "\n".join(lines)


@dataclass(eq=False)
class SourceFileErrors(UsageError):
    """Everything in one file that means nothing, two things or more, in the order of the file."""

    name: str
    errors: tuple[SourceFileError, ...]

    def __str__(self) -> str:
        shown = self.errors[:ERRORS_SHOWN]
        more = len(self.errors) - len(shown)
        last = f"{self.name}: {len(self.errors)} errors" + (f", {more} of them not shown" if more else "")
        return "\n\n".join([*map(str, shown), last])


def raise_source_errors(name: str, errors: Sequence[SourceFileError]) -> None:
    """Raise what was found in a file: nothing, the one error as it is, or all of them together."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SourceFileErrors(name, tuple(errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A parsed file: its plain values, the line of each, and the scalars and keys in it that cannot be read."""

    name: str
    tree: PlainValue
    lines: Mapping[KeyPath, int]
    flaws: tuple[SourceFileError, ...] = ()

    def line_of(self, path: KeyPath) -> int:
        """The line of a place in the tree (the nearest known one)."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return self.lines.get(known, 1)

    def location(self, path: KeyPath) -> str:
        """`file:line, a.b.c` for a place in the tree (the nearest known one)."""
        shown = ".".join(str(part).replace(".", "\\.") for part in path) or "the top"
        return f"{self.name}:{self.line_of(path)}, {shown}"


def load_source_file(path: Path) -> SourceFile:
    """The file at `path`. Raises SourceFileError when it is missing, too large, or not plain YAML.

    Several scalars and keys that cannot be read are raised together, as SourceFileErrors.
    """
    source = load_flawed_file(path)
    raise_source_errors(source.name, source.flaws)
    return source


def load_flawed_file(path: Path) -> SourceFile:
    """The same file with its flaws: scalars and keys that cannot be read are told and not raised."""
    try:
        data = read_at_most(path, BYTE_LIMIT)
    except OSError as error:
        raise SourceFileError(str(path), "a readable file", error.strerror or str(error)) from None
    if len(data) > BYTE_LIMIT:
        raise SourceFileError(str(path), f"at most {BYTE_LIMIT} bytes", "more")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceFileError(str(path), "UTF-8 text", f"byte {error.start} is not UTF-8") from None
    return parse_flawed_text(text, name=str(path))


def parse_source_text(text: str, *, name: str) -> SourceFile:
    """The YAML in `text`; a scalar that YAML 1.1 and 1.2 read differently stops it."""
    source = parse_flawed_text(text, name=name)
    raise_source_errors(name, source.flaws)
    return source


def parse_flawed_text(text: str, *, name: str) -> SourceFile:
    """The YAML in `text`, with the scalars and keys in it that cannot be read as its flaws."""
    try:
        node = yaml.compose(text, Loader=_BoundedLoader)
    except _TooManyNodes:
        raise SourceFileError(name, f"at most {NODE_LIMIT} nodes, {DEPTH_LIMIT} deep", "more") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SourceFileError(f"{name}:{line}", "well-formed YAML", str(error.problem or error.context)) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise SourceFileError(name, "well-formed YAML", str(error).splitlines()[0]) from None
    if node is None:
        raise SourceFileError(name, "a YAML mapping", "an empty file")
    lines: dict[KeyPath, int] = {}
    reader = _NodeReader(name=name, lines=lines)
    tree = reader.read_node(node, ())
    return SourceFile(name=name, tree=tree, lines=lines, flaws=tuple(reader.flaws))


class _TooManyNodes(Exception):
    """Ends the reading of a file while it is still small."""


class _BoundedLoader(yaml.SafeLoader):
    """The loader that gives up before a file of two million nodes has taken half a minute and a gigabyte."""

    nodes = 0
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.nodes += 1
        self.depth += 1
        if self.nodes > NODE_LIMIT or self.depth > DEPTH_LIMIT + 1:
            raise _TooManyNodes
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


@dataclass(slots=True, kw_only=True)
class _NodeReader:
    name: str
    lines: dict[KeyPath, int]
    nodes: int = 0
    flaws: list[SourceFileError] = field(default_factory=list)

    def read_node(self, node: yaml.Node, path: KeyPath) -> PlainValue:
        self.nodes += 1
        if self.nodes > NODE_LIMIT or len(path) > DEPTH_LIMIT:
            more = "more (aliases repeat their node)"
            raise SourceFileError(self.name, f"at most {NODE_LIMIT} nodes, {DEPTH_LIMIT} deep", more)
        line = node.start_mark.line + 1
        self.lines[path] = line
        if isinstance(node, yaml.MappingNode):
            result: dict[str, PlainValue] = {}
            for key_node, value_node in node.value:
                key_line = key_node.start_mark.line + 1
                if not isinstance(key_node, yaml.ScalarNode):
                    self.add_flaw(key_line, "a word as key", "a list or mapping as key")
                    continue
                key = key_node.value
                if key in result:
                    self.add_flaw(key_line, "each key once", f"{key!r} a second time")
                if key_node.style is None and not (path and path[-1] == "responses"):
                    read_as = self.read_scalar(key_node, key_line)
                    key = key if isinstance(read_as, int | float | bool) or read_as is None else str(read_as)
                result[key] = self.read_node(value_node, (*path, key))
                self.lines[(*path, key)] = key_line
            return result
        if isinstance(node, yaml.SequenceNode):
            return [self.read_node(item, (*path, index)) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode):  # pragma: no cover - compose knows no other node
            raise SourceFileError(f"{self.name}:{line}", "plain YAML", type(node).__name__)
        return self.read_scalar(node, line)

    def read_scalar(self, node: yaml.ScalarNode, line: int) -> PlainValue:
        text = str(node.value)
        if node.style is not None or node.tag == "!":
            return text
        if text in _CONSTANT_WORDS:
            return _CONSTANT_WORDS[text]
        if _CORE_INT.fullmatch(text) and len(text) < 19:
            return int(text)
        if _CORE_FLOAT.fullmatch(text):
            return float(text)
        if node.tag != "tag:yaml.org,2002:str" or _YAML12_NUMBER.fullmatch(text):
            self.add_flaw(
                line,
                "a value that every YAML reader reads alike",
                f"{text!r}, which one version of YAML reads as {node.tag.rpartition(':')[2]} and another as text",
                f'write "{text}" in quotes',
            )
        return text

    def add_flaw(self, line: int, expected: str, actual: str, do: str = "") -> None:
        self.flaws.append(SourceFileError(f"{self.name}:{line}", expected, actual, do))
