"""Documents say where things are and what they are called: every path and every name in them exists."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources import HARNESS, modules
from test_architecture_imports import MAY_IMPORT

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    path
    for top in ("*.md", "docs/**/*.md", "specs/*.md", "fixtures/*.md", "benchmarks/*.md", "tests/**/*.md")
    for path in sorted(REPOSITORY.glob(top))
]
ARCHITECTURE = REPOSITORY / "docs" / "architecture.md"
GLOSSARY = REPOSITORY / "docs" / "glossary.md"

BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[a-z_.][\w.-]*(?:/[\w.-]+)*/?")
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
TOP_FOLDERS = ("harness", "tests", "docs", "specs", "fixtures", "benchmarks")


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def prose_of(path: Path) -> str:
    """The text of a document without its blocks of code."""
    return BLOCK.sub("", path.read_text(encoding="utf-8"))


def is_path(text: str) -> bool:
    """Whether a span of code means a file or folder of this repository; capitals stand for any name."""
    if not PATH.fullmatch(text) or re.search(r"[A-Z]{2}", text.removesuffix(".md")):
        return False
    return text.endswith((".py", ".md")) or ("/" in text and text.split("/")[0] in TOP_FOLDERS)


def place_of(text: str, document: Path) -> Path | None:
    """The file or folder that a path in a document means."""
    bases = (REPOSITORY, document.parent, HARNESS, REPOSITORY / "tests")
    return next((base / text for base in bases if (base / text).exists()), None)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_path_in_a_document_exists(document: Path) -> None:
    spans = SPAN.findall(prose_of(document))
    assert [text for text in spans if is_path(text) and place_of(text, document) is None] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_dotted_name_in_a_document_exists(document: Path) -> None:
    wrong = []
    for text in re.findall(r"`(harness(?:\.\w+)+)", prose_of(document)):
        module, _, name = text.rpartition(".")
        try:
            importlib.import_module(text)
        except ImportError:
            if not hasattr(importlib.import_module(module), name):
                wrong.append(text)
    assert wrong == []


# --- names beside a file ------------------------------------------------------------------------------------


def defined_names(path: Path) -> set[str]:
    """What a module defines: classes, functions and constants, and the members of its classes with a dot."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        found |= set(_names_of(node))
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for inner in node.body for name in _names_of(inner)}
    return found


def _names_of(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def names_with_files(document: Path) -> Iterator[tuple[Path | None, str]]:
    """Each name in a document with the file beside it: `file` `name`, or `file`: `name` and `name`."""
    for line in prose_of(document).splitlines():
        beside, end = None, 0
        for match in SPAN.finditer(line):
            if not re.fullmatch(r"[:,]?\s*(?:and\s)?", line[end : match.start()]):
                beside = None
            end = match.end()
            if is_path(match[1]):
                beside = place_of(match[1], document)
            elif NAME.fullmatch(match[1]):
                yield beside, match[1]


@pytest.mark.parametrize("document", [ARCHITECTURE, GLOSSARY], ids=name_of)
def test_every_name_beside_a_file_stands_in_it(document: Path) -> None:
    pairs = [(path, name) for path, name in names_with_files(document) if path is not None and path.suffix == ".py"]
    assert len(pairs) > 20
    assert [f"{name_of(path)} {name}" for path, name in pairs if name not in defined_names(path)] == []


@pytest.mark.parametrize("document", [ARCHITECTURE, GLOSSARY], ids=name_of)
def test_every_class_without_a_file_stands_somewhere(document: Path) -> None:
    known = {name for module in modules() for name in defined_names(HARNESS / module.name)}
    alone = [name for path, name in names_with_files(document) if path is None and re.match(r"[A-Z][a-z]", name)]
    assert [name for name in alone if name not in known] == []


# --- docs/architecture.md -----------------------------------------------------------------------------------


def test_the_picture_of_the_architecture_is_true() -> None:
    match = BLOCK.search(ARCHITECTURE.read_text(encoding="utf-8"))
    assert match is not None
    places = re.findall(r"(?<![\w/])([a-z_]+(?:/[a-z_]+)*(?:/|\.py))(?!\w)", match[1])
    assert len(places) > 10
    assert [text for text in places if place_of(text, ARCHITECTURE) is None] == []


def test_every_folder_of_the_harness_has_its_line() -> None:
    rows = re.findall(r"^\| `([a-z_/]+/)` \|", ARCHITECTURE.read_text(encoding="utf-8"), re.MULTILINE)
    folders = {module.name.rpartition("/")[0] + "/" for module in modules() if "/" in module.name}
    assert sorted(rows) == sorted(folders)


def test_the_table_of_imports_is_the_one_that_is_held() -> None:
    _, _, rest = ARCHITECTURE.read_text(encoding="utf-8").partition("## Who may import whom")
    told: dict[str, set[str]] = {}
    for layers, below in re.findall(r"^\| (`.*?) \| (.*) \|$", rest.partition("\n## ")[0], re.MULTILINE):
        # The package itself is what `api` gives.
        every = set(MAY_IMPORT) - {"api", "cli", "pytest_plugin", "harness"}
        named = set(SPAN.findall(below)) | (every if "all of these" in below else set())
        told |= dict.fromkeys(SPAN.findall(layers), named)
    held = {layer: below for layer, below in MAY_IMPORT.items() if layer != "harness"}
    assert told == held


def test_the_map_of_the_tests_explains_what_they_share() -> None:
    text = (REPOSITORY / "tests" / "README.md").read_text(encoding="utf-8")
    shared = {f"support/{path.name}" for path in (REPOSITORY / "tests" / "support").glob("*.py")}
    assert sorted(shared - set(SPAN.findall(text))) == []
    folders = {path.name + "/" for path in (REPOSITORY / "tests").iterdir() if any(path.rglob("*.*"))}
    assert sorted(folders - set(SPAN.findall(text)) - {"__pycache__/"}) == []
