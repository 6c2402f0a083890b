"""The documentation as a site is built without a warning and whole, and links lead somewhere, there and on GitHub."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import html5lib
import pytest
from document_blocks import REPOSITORY, documents, name_of

from harness.cli.console import Console
from harness.cli.main import group
from harness.specification.clause_families import planned_clauses
from harness.specification.load import load_spec, spec_ids
from harness.telephony.attributes import ATTRIBUTES

FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `.ci/run` builds it."""
    place = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(place)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return place


def text_of(page: Path) -> str:
    tree = html5lib.parse(page.read_text(encoding="utf-8"), namespaceHTMLElements=False)
    return " ".join("".join(tree.itertext()).split())


def commands(command: click.Command, context: click.Context) -> list[tuple[str, click.Command]]:
    """Each command with its whole name."""
    if not isinstance(command, click.Group):
        return [(context.command_path, command)]
    found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    inner = [(click.Context(one, info_name=name, parent=context), one) for name, one in found if one is not None]
    return [pair for below, one in inner for pair in commands(one, below)]


def test_the_site_has_every_command_and_every_option(site: Path) -> None:
    text = text_of(site / "reference/commands.html")
    found = commands(group, click.Context(group, info_name="callharness", obj=Console()))
    assert len(found) > 15
    assert [name for name, _ in found if name not in text] == []
    shown = [one for _, command in found for one in command.params if not getattr(one, "hidden", False)]
    options = {name for one in shown for name in one.opts if name.startswith("--")}
    assert [name for name in sorted(options) if name not in text] == []


@pytest.mark.parametrize("api", spec_ids())
def test_the_site_has_every_clause(site: Path, api: str) -> None:
    text = text_of(site / f"reference/clauses/{api.replace('/', '-')}.html")
    clauses = planned_clauses(load_spec(api))
    wanted = {name: " ".join(f"{name} {one.says}".replace("`", "").split()) for name, one in clauses.items()}
    assert [name for name in wanted if name not in text] == []
    assert [one.says for one in clauses.values() if " ".join(one.says.replace("`", "").split()) not in text] == []


def test_the_site_has_every_attribute_and_every_member_of_the_report(site: Path) -> None:
    attributes, reports = (text_of(site / f"reference/{name}.html") for name in ("attributes", "reports"))
    assert [name for found in ATTRIBUTES.values() for name in found if name not in attributes] == []
    schema = json.loads((REPOSITORY / "harness/report/report.schema.json").read_text(encoding="utf-8"))
    assert [name for name in schema["properties"] if name not in reports] == []


def test_every_link_of_the_site_leads_somewhere_from_disk(site: Path) -> None:
    trees = {page: html5lib.parse(page.read_bytes(), namespaceHTMLElements=False) for page in site.rglob("*.html")}
    ids = {page: {node.get("id") for node in tree.iter() if node.get("id")} for page, tree in trees.items()}
    broken = []
    for page, tree in trees.items():
        # The page for a server that lacks one has addresses of that server.
        links = [node.get("href") for node in tree.iter("a") if page.name != "404.html"]
        for link in filter(None, links):
            parts = urlsplit(link)
            place = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            is_there = place.is_file() and (parts.fragment in ("", *ids.get(place, ())))
            if parts.scheme == "" and not is_there:
                broken.append(f"{page.relative_to(site)}: {link}")
    assert len(trees) > 35
    assert broken == []


def test_the_site_loads_nothing_from_another_host(site: Path) -> None:
    loaded = []
    for page in site.rglob("*.html"):
        tree = html5lib.parse(page.read_bytes(), namespaceHTMLElements=False)
        nodes = [*tree.iter("script"), *tree.iter("link"), *tree.iter("img"), *tree.iter("iframe")]
        addresses = [node.get("src") or node.get("href") for node in nodes if node.get("rel") != "canonical"]
        loaded += [one for one in addresses if one and urlsplit(one).netloc]
    assert loaded == []


# --- as GitHub shows them -----------------------------------------------------------------------------------


def anchors_on_github(text: str) -> set[str]:
    """The anchors of headings, as GitHub makes them, and those that a page sets by itself."""
    titles = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles} | set(
        re.findall(r'<a id="([^"]+)">', text)
    )


@pytest.mark.parametrize("page", documents(), ids=name_of)
def test_every_anchor_of_a_link_is_one_on_github(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for target, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", text):
        place = page.parent / target if target else page
        if place.suffix == ".md" and anchor not in anchors_on_github(place.read_text(encoding="utf-8")):
            broken.append(f"{target}#{anchor}")
    assert broken == []
