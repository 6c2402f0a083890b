"""What MkDocs is told beside mkdocs.yml: pages made from the source, and links that leave docs/."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import reference_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parents[1]
OUTSIDE = "repository/"
"""Where a file outside docs/ stands in the site, by its path in the repository."""

LISTING_LANGUAGE = f"{OUTSIDE}specs/README.md"
_CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(\]\()([^)#\s]+)")
_BARE_ADDRESS = re.compile(r"(?<![(<\"\[])\bhttps?://[^\s|)>,]+")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the sections of the navigation whose pages follow from the source, and add pages that it does not name."""
    sections: dict[str, Any] = {title: entries for one in config.nav or [] for title, entries in one.items()}
    sections["Reference"] += [*reference_pages.navigation(), {"The listing language": LISTING_LANGUAGE}]
    sections["Sources"] += [f"sources/{path.name}" for path in sorted(Path(config.docs_dir, "sources").glob("*.md"))]
    named = set(_paths(config.nav))
    sections["How to"] += [path.name for path in sorted(Path(config.docs_dir).glob("*.md")) if path.name not in named]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and each file of the repository that a page links to."""
    for uri, text in reference_pages.pages().items():
        files.append(File.generated(config, uri, content=text))
    waiting = {f"docs/{file.src_uri}": REPOSITORY / "docs" / file.src_uri for file in files.documentation_pages()}
    waiting |= {"specs/README.md": REPOSITORY / "specs/README.md"}
    seen: set[str] = set()
    while waiting:
        place, path = waiting.popitem()
        seen.add(place)
        if not place.startswith("docs/"):
            files.append(File.generated(config, OUTSIDE + place, abs_src_path=str(path)))
        if place.endswith(".md") and path.exists():
            linked = {one: REPOSITORY / one for one in _linked_places(place, path.read_text(encoding="utf-8"))}
            waiting |= {one: file for one, file in linked.items() if one not in seen and file.is_file()}
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where the files of the repository stand in the site."""
    here = page.file.src_uri
    if here.startswith("reference/"):
        return markdown
    place = here.removeprefix(OUTSIDE) if here.startswith(OUTSIDE) else f"docs/{here}"
    parts = _CODE.split(markdown)
    # Every second part is code.
    parts[::2] = [_LINK.sub(lambda match: match[1] + _site_link(match[2], place, here), part) for part in parts[::2]]
    if here.startswith("sources/"):
        parts[::2] = [_BARE_ADDRESS.sub(r"<\g<0>>", part) for part in parts[::2]]
    return "".join(parts)


def _site_link(target: str, place: str, here: str) -> str:
    """A link of the file at `place` in the repository, as the page `here` of the site has it."""
    if ":" in target:
        return target
    uri = _site_uri(posixpath.normpath(posixpath.join(posixpath.dirname(place), target)))
    return posixpath.relpath(uri, posixpath.dirname(here) or ".")


def _site_uri(place: str) -> str:
    return place.removeprefix("docs/") if place.startswith("docs/") else OUTSIDE + place


def _linked_places(place: str, text: str) -> Iterator[str]:
    """The files of the repository that a page links to, by their paths in it."""
    for part in _CODE.split(text)[::2]:
        for _, target in _LINK.findall(part):
            if ":" not in target:
                yield posixpath.normpath(posixpath.join(posixpath.dirname(place), target))


def _paths(nav: object) -> Iterator[str]:
    """Every page that a navigation names."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        yield from _paths(list(nav.values()))
    elif isinstance(nav, list):
        for one in nav:
            yield from _paths(one)
