"""Who may import whom (style, section 3), and the one door of each third-party package."""

from __future__ import annotations

import ast
import sys

import pytest
from sources import Module, modules

_BELOW_SPEC = {"errors", "integers", "output", "telephony"}
_BELOW_MACHINES = _BELOW_SPEC | {"specification", "wire"}
_ALL = _BELOW_MACHINES | {"world", "traffic", "generate", "serve", "check", "report"}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "integers": set(),
    "output": {"errors"},
    "telephony": {"errors", "output"},
    "world": _BELOW_SPEC,
    "specification": _BELOW_SPEC,
    "wire": _BELOW_SPEC | {"specification"},
    # Profiles are files with lines, as specs are.
    "traffic": _BELOW_SPEC | {"specification", "world"},
    # Whole pages come from the pure simulator.
    "generate": _BELOW_MACHINES | {"world", "serve"},
    "serve": _BELOW_MACHINES | {"world"},
    # A checker sees the wire and never the world behind it.
    "check": _BELOW_MACHINES,
    "report": {"errors", "output", "specification", "check"},
    # A target may be the simulator: here a server and a checker meet.
    "check_target": _ALL,
    "pytest_plugin": _ALL | {"api", "check_target"},
    "cli": _ALL | {"check_target"},
    "harness": _ALL | {"api"},
    "api": _ALL | {"check_target"},
}

# Narrower than the layer: of these layers only these modules.
ONLY: dict[tuple[str, str], set[str]] = {
    ("generate", "serve"): {"harness.serve.simulator", "harness.serve.faults.hooks"},
    ("report", "check"): {
        "harness.check.results.defects",
        "harness.check.results.explanations",
        "harness.check.results.findings",
        "harness.check.results.gate",
        "harness.check.results.known_failures",
    },
}

DOORS: dict[str, tuple[str, ...]] = {
    # Types alone: there is no such module when a program runs.
    "_typeshed": ("generate/formats/watched_file.py",),
    "backports": ("generate/compression.py",),
    "click": ("cli/",),
    # Of the standard library from Python 3.14 on.
    "compression": ("generate/compression.py",),
    "cryptography": ("check/credentials.py", "serve/authentication.py"),
    "distributed": ("generate/dask_rows.py",),
    "faker": ("world/name_pools.py",),
    "fsspec": ("generate/url_place.py",),
    "h11": ("check/client/http_client.py", "serve/"),
    "harfile": ("output/har_archive.py",),
    "httpcore": ("check/",),
    "hypothesis": ("check/",),
    "jinja2": ("report/", "traffic/"),
    "jsonschema": ("specification/", "report/journal_lines.py", "traffic/profile_file.py"),
    "junitparser": ("report/",),
    "jwt": ("check/credentials.py", "serve/authentication.py"),
    "lxml": ("wire/xml_body.py",),
    # The escaping of the templates.
    "markupsafe": ("report/",),
    "numpy": (
        "world/",
        "telephony/columns.py",
        "wire/columns/",
        "traffic/",
        "serve/query/table.py",
        "serve/index/columns.py",
        "serve/index/row_index.py",
        "serve/index/row_order.py",
        "serve/index/live_rows.py",
        "serve/index/row_blocks.py",
        "serve/index/column_builder.py",
        "generate/",
    ),
    "phonenumbers": ("telephony/", "world/", "output/pseudonyms.py"),
    "polars": ("world/", "traffic/", "generate/", "telephony/columns.py", "wire/columns/"),
    "pyarrow": ("wire/columns/",),
    "pytest": ("pytest_plugin/",),
    "_pytest": ("pytest_plugin/",),
    "python_multipart": ("wire/forms.py",),
    "responses": ("serve/responses_mock.py",),
    "rich": ("cli/", "report/"),
    "schemathesis": ("check/rules/exploration/drawing_process.py",),
    "trustme": ("serve/",),
    "yaml": (
        "specification/",
        "traffic/profile_file.py",
        "check/results/known_failures.py",
        "generate/formats/vcr_cassette.py",
        "cli/",
    ),
}


def test_every_layer_has_its_place() -> None:
    assert {module.layer for module in modules()} <= set(MAY_IMPORT)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_layer_imports_only_the_layers_below_it(module: Module) -> None:
    wrong = []
    for name, line in module.imports():
        if name.startswith("harness."):
            layer = name.split(".")[1]
            narrow = ONLY.get((module.layer, layer))
            allowed = layer == module.layer or (
                layer in MAY_IMPORT[module.layer] and (narrow is None or name in narrow or layer == name)
            )
            # The package's own attributes (`from harness import __version__`) are no layer.
            if not allowed and layer in MAY_IMPORT:
                wrong.append(f"harness/{module.name}:{line} imports {name}")
    assert wrong == []


def test_the_layers_below_one_another_form_no_circle() -> None:
    done: set[str] = set()
    rest = dict(MAY_IMPORT)
    while rest:
        free = {layer for layer, below in rest.items() if below <= done}
        assert free, f"a circle among {sorted(rest)}"
        done |= free
        rest = {layer: below for layer, below in rest.items() if layer not in free}


def test_server_and_checker_never_meet() -> None:
    assert "serve" not in MAY_IMPORT["check"]
    assert "check" not in MAY_IMPORT["serve"]


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_third_party_package_is_imported_through_its_door_only(module: Module) -> None:
    wrong = []
    for name, line in module.imports():
        package = name.split(".")[0]
        if package in sys.stdlib_module_names or package == "harness":
            continue
        doors = DOORS.get(package)
        if doors is None:
            wrong.append(f"harness/{module.name}:{line} imports {package}, without a door: give it one in DOORS")
        elif not module.name.startswith(doors):
            wrong.append(f"harness/{module.name}:{line} imports {package}; its door is {', '.join(doors)}")
    assert wrong == []


def test_the_plugin_imports_the_harness_only_inside_functions() -> None:
    wrong = []
    for module in modules():
        if module.layer == "pytest_plugin":
            for node in module.tree.body:
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                wrong += [
                    f"harness/{module.name}:{node.lineno} {name}"
                    for name in names
                    if name.startswith("harness.") and not name.startswith("harness.pytest_plugin")
                ]
    assert wrong == []
