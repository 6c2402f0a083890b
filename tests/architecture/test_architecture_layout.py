"""Where things stand and what they are called: one word one meaning, sizes, and tests beside what they test."""

from __future__ import annotations

import ast
import collections
from pathlib import Path

import pytest
from sources import Module, modules

TESTS = Path(__file__).resolve().parents[1]
UNIT = TESTS / "unit"

LINES_AT_MOST = 700
LONGER = {"specification/model.py": "the whole listing language, so that it can be read in one go"}

# Words of the field that end as gerunds do, and are none.
NOUNS = {
    "encoding": "how characters and parameters become bytes",
    "escaping": "how text is kept from being obeyed",
    "finding": "what a check has found",
    "fuzzing": "requests drawn at random from a schema",
    "ordering": "in which order rows come",
    "paging": "how a list is cut into pages",
    "reading": "one pass over the whole list",
    "polling": "asking for the same list again and again",
}


def test_no_public_class_name_stands_in_two_modules() -> None:
    """The glossary says what each word means and what its other meanings are called."""
    found = collections.defaultdict(list)
    for module in modules():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(f"harness/{module.name}:{node.lineno}")
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


@pytest.mark.parametrize("module", [m for m in modules() if m.name not in LONGER], ids=lambda module: module.name)
def test_a_module_has_one_subject_and_so_is_short(module: Module) -> None:
    assert len(module.text.splitlines()) <= LINES_AT_MOST


@pytest.mark.parametrize("name", LONGER)
def test_a_module_that_has_become_short_is_struck_off(name: str) -> None:
    (module,) = (m for m in modules() if m.name == name)
    assert len(module.text.splitlines()) > LINES_AT_MOST


def test_a_module_is_named_by_a_noun() -> None:
    ends = {module.name: module.name.rpartition("/")[2].removesuffix(".py").split("_")[-1] for module in modules()}
    assert [name for name, end in ends.items() if end.endswith("ing") and end not in NOUNS] == []
    assert sorted(set(NOUNS) - set(ends.values())) == []


# --- tests beside what they test ----------------------------------------------------------------------------

# Folders of unit/ that are no folder of harness/.
OTHER_FOLDERS = {"docs": "README and docs"}
# Files of unit/ about more than one module beside which they stand.
OTHER_FILES = {"specification/test_shipped_specs.py": "the files in specs/, held against all of specification/"}


def _unit_tests() -> list[Path]:
    found = (path.relative_to(UNIT) for path in sorted(UNIT.rglob("test_*.py")))
    return [path for path in found if path.parts[0] not in OTHER_FOLDERS]


def test_every_folder_of_unit_tests_is_a_folder_of_the_harness() -> None:
    packages = {Path(module.name).parent for module in modules()}
    folders = {path.relative_to(UNIT).parent for path in UNIT.rglob("*.py")}
    assert sorted(str(path) for path in folders - packages if path.parts[0] not in OTHER_FOLDERS) == []


@pytest.mark.parametrize("path", _unit_tests(), ids=str)
def test_a_unit_test_stands_where_its_subject_stands(path: Path) -> None:
    """Its name says which module of the same folder it is about, or that it is about the folder."""
    beside = {Path(module.name).stem for module in modules() if Path(module.name).parent == path.parent}
    subjects = (beside - {"__init__"}) | {path.parent.name}
    assert path.as_posix() in OTHER_FILES or any(name and name in path.stem for name in subjects)


def test_file_names_of_tests_are_unique() -> None:
    """Pytest, and whoever looks for a test, knows a file by its name alone."""
    count = collections.Counter(path.name for path in TESTS.rglob("*.py"))
    assert [name for name, times in count.items() if times > 1] == []
