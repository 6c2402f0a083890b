"""Habits that the house rules name: no vendor in the code, time and chance as arguments, nothing left undone."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator, Mapping

import pytest
from sources import Module, modules

from harness.specification import model
from harness.specification.load import Spec, load_spec, spec_ids
from harness.specification.model import Field
from harness.telephony.attributes import ATTRIBUTES

# Names of some API that are ordinary words of English or telephony put together.
ORDINARY = {
    # A word of FreeSWITCH's call records too.
    "answered_time",
    "api_key",
    "call_state",
    "call_uuid",
    "file_size",
    "in_out",
    "max_duration",
    "min_duration",
    "NO_ANSWER",
    "not_answered",
    "NotFound",
    "start_date",
    "start_time",
    "with_records",
}


def _field_words(fields: Mapping[str, Field]) -> Iterator[str]:
    for name, field in fields.items():
        yield name
        yield from field.words.values()
        yield from field.more_words
        yield from _field_words(field.fields)


def _words_of(spec: Spec) -> Iterator[str]:
    listing = spec.listing
    yield from _field_words(listing.fields)
    yield from (*listing.parameters, *listing.hidden, *listing.transport.tolerated, *listing.access.roles)
    yield from (word for rule in listing.filters.values() for word in (*rule.words, *rule.no_filter, *rule.aliases))
    yield from (word for hidden in listing.hidden.values() for word in hidden.words.values())
    yield from (name for legacy in listing.access.legacy for name in legacy.parameters)
    yield from (name for name in (listing.access.user, listing.access.password) if name is not None)
    yield from (part for pointer in (listing.lists.rows_at, spec.path) for part in pointer.split("/"))
    yield from (name for name in (listing.lists.root, listing.lists.row_element) if name is not None)
    if listing.transport.routing is not None:
        yield listing.transport.routing.name


def vendor_words() -> frozenset[str]:
    """The words of the shipped specs that only their vendor would write: joined words that are not ours."""
    ours = {name for grain in ATTRIBUTES.values() for name in grain} | ORDINARY
    for record in vars(model).values():
        if isinstance(record, type) and dataclasses.is_dataclass(record):
            ours |= {field.name for field in dataclasses.fields(record)}
    words = {word for name in spec_ids() for word in _words_of(load_spec(name))}
    return frozenset(word for word in words - ours if re.fullmatch(r"\w*(_|[a-z][A-Z])\w*", word))


VENDORS = tuple(sorted({name.split("/")[0] for name in spec_ids()}))
VENDOR_WORDS = vendor_words()


def test_the_vendor_words_are_worth_looking_for() -> None:
    assert len(VENDORS) >= 4
    assert len(VENDOR_WORDS) > 50


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_no_vendor_stands_in_the_code(module: Module) -> None:
    wrong = []
    for number, line in enumerate(module.text.splitlines(), 1):
        lowered = line.lower()
        found = [name for name in VENDORS if name in lowered]
        found += [word for word in re.findall(r"\w+", line, re.ASCII) if word in VENDOR_WORDS]
        wrong += [f"harness/{module.name}:{number} {word}" for word in found]
    assert wrong == []


# --- time and chance ----------------------------------------------------------------------------------------

_NOW = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime"},
    "uuid": {"uuid1", "uuid4"},
    "os": {"urandom", "getrandom"},
}
_FORBIDDEN_MODULES = {"secrets"}
# Where the machine's clock enters although it is not the command line, and why.
EDGES = {
    "serve/http/options.py": "the default clock of the HTTP front; the simulator takes the instant as an argument"
}


def _reads_of_time_or_chance(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if node.attr in _NOW.get(owner, ()):
                yield f"harness/{module.name}:{node.lineno} {owner}.{node.attr}"
            if owner == "random" and node.attr.islower() and node.attr not in ("default_rng",):
                yield f"harness/{module.name}:{node.lineno} random.{node.attr}"
        elif isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("Random", "SystemRandom", "default_rng", "SeedSequence", "Faker"):
                yield f"harness/{module.name}:{node.lineno} {name}() without a seed"
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = {alias.name for alias in node.names}
            bad = names & _NOW.get(node.module or "", set()) if node.module in ("time", "uuid", "os") else set()
            yield from (f"harness/{module.name}:{node.lineno} {node.module}.{name}" for name in sorted(bad))
    for name, line in module.imports():
        if name in _FORBIDDEN_MODULES:
            yield f"harness/{module.name}:{line} {name}"


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.layer != "cli" and m.name not in EDGES], ids=lambda module: module.name
)
def test_time_and_chance_are_arguments(module: Module) -> None:
    assert list(_reads_of_time_or_chance(module)) == []


@pytest.mark.parametrize("name", EDGES)
def test_an_edge_that_no_longer_reads_the_clock_is_struck_off(name: str) -> None:
    (module,) = (m for m in modules() if m.name == name)
    assert list(_reads_of_time_or_chance(module))


@pytest.mark.parametrize(
    "text",
    [
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\nf = datetime.now",
        "import time\ntime.time()",
        "from time import time",
        "import uuid\nuuid.uuid4()",
        "import random\nrandom.choice([1])",
        "import random\nrandom.Random()",
        "import numpy as np\nnp.random.default_rng()",
        "import secrets",
    ],
)
def test_the_test_sees_time_and_chance(text: str) -> None:
    assert list(_reads_of_time_or_chance(Module("world/x.py", text, ast.parse(text))))


@pytest.mark.parametrize("text", ["import random\nrandom.Random(7)", "import time\ntime.monotonic()", "x.time.total"])
def test_the_test_lets_seeds_and_durations_pass(text: str) -> None:
    assert list(_reads_of_time_or_chance(Module("world/x.py", text, ast.parse(text)))) == []


# --- streams, leftovers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.layer not in ("cli", "report")], ids=lambda module: module.name
)
def test_only_reporters_and_the_command_line_write_to_a_stream(module: Module) -> None:
    wrong = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            wrong.append(f"harness/{module.name}:{node.lineno} print")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys":
            wrong += (
                [f"harness/{module.name}:{node.lineno} sys.{node.attr}"] if node.attr in ("stdout", "stderr") else []
            )
    assert wrong == []


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_nothing_is_left_undone(module: Module) -> None:
    found = [
        number for number, line in enumerate(module.text.splitlines(), 1) if re.search(r"\b(TODO|FIXME|XXX)\b", line)
    ]
    assert found == []


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_every_module_says_what_it_is(module: Module) -> None:
    assert ast.get_docstring(module.tree)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_module_has_a_name_that_says_its_subject(module: Module) -> None:
    assert module.name.rpartition("/")[2] not in ("utils.py", "util.py", "helpers.py", "common.py", "misc.py")
