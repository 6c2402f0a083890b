"""The HTML report in a browser: on a telephone, in print, in the dark, without its script, with a keyboard."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from headless_browser import CHROMIUM, Page, browser_page
from report_samples import (
    HOSTILE,
    finding,
    grouped_report,
    hostile_report,
    large_report,
    long_recording,
    recording,
    red_report,
    report,
    result,
)

from harness.check.results.findings import Colour, Gate, RunReport, Verdict
from harness.report import ReportKind, RunRecord, render_report
from harness.specification.model import Document

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian's package chromium)")

# Every word of the page that stands on two lines although a line has room for it; commands break where URLs do.
BROKEN_WORDS = r"""(() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.parentElement.checkVisibility()) continue;
    if (node.parentElement.closest("script, style, pre, svg, select")) continue;
    for (const word of node.data.matchAll(/[^\s\-\/]{2,28}/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(rect => Math.round(rect.top))).size > 1) found.push(word[0]);
    }
  }
  return found;
})()"""

# Texts whose contrast with what lies behind them is below what WCAG 2.1 AA asks for.
PALE_TEXTS = r"""(() => {
  const parts = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const lin = [r, g, b].map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * lin[0] + 0.7152 * lin[1] + 0.0722 * lin[2];
  };
  const found = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest("script, style, option")) continue;
    const style = getComputedStyle(element);
    let behind = element;
    let paper = [255, 255, 255];
    for (; behind; behind = behind.parentElement) {
      const colour = parts(getComputedStyle(behind).backgroundColor);
      if (colour.length && (colour.length < 4 || colour[3] > 0)) { paper = colour; break; }
    }
    const ink = parts(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.add(element.tagName + "." + element.className + " " + element.textContent.slice(0, 30));
  }
  return [...found];
})()"""  # noqa: E501 - the lines of a script


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


def show(page: Page, folder: Path, run: RunRecord | RunReport, **how: object) -> None:
    file = folder / "report.html"
    file.write_text(render_report(run, ReportKind.HTML), encoding="utf-8")
    page.open(file, **how)  # type: ignore[arg-type]


def test_a_large_report_is_small_enough_for_a_mail() -> None:
    run = long_recording(large_report(clauses=290, findings=200), requests=700)
    assert len(render_report(run, ReportKind.HTML).encode()) < 1_500_000


@pytest.mark.parametrize("kind", list(ReportKind), ids=str)
def test_ten_million_characters_of_a_server_make_no_report_large(kind: ReportKind) -> None:
    long = HOSTILE * 150_000
    clause = result("AC-LST-021", Verdict.FAIL, colour=Colour.RED, reason=long)
    hostile = dataclasses.replace(finding(message=long, actual=long), response=long, rows=(long,), request=long)
    run = dataclasses.replace(report(clause, colour=Colour.RED, exit_code=1), findings=(hostile,), notes=(long,))
    assert len(render_report(run, kind)) < 2_000_000


@needs_browser
def test_a_report_of_a_hostile_server_opens_and_runs_nothing_of_it(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, recording(hostile_report()))
    assert page.complaints() == []
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    assert "<script>alert(1)</script>" in page.evaluate("document.querySelector('article').textContent")


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_screen_and_no_word_is_broken(page: Page, tmp_path: Path, width: int) -> None:
    show(page, tmp_path, long_recording(large_report(clauses=40, findings=15), requests=300), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(BROKEN_WORDS) == []


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_lies_over_another(page: Page, tmp_path: Path, width: int) -> None:
    show(page, tmp_path, long_recording(large_report(clauses=40, findings=15), requests=300), width=width)
    # A cell that is narrower than its text lets it run into the next one.
    narrow = page.evaluate(
        "[...document.querySelectorAll('.clauses td, .clauses th, .index li, dd, dt, .head > *')]"
        ".filter(one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')"
        ".map(one => one.textContent.slice(0, 60))"
    )
    assert narrow == []


@needs_browser
def test_fifteen_findings_are_printed_on_at_most_twelve_pages(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, long_recording(large_report(clauses=65, findings=15), requests=300))
    assert len(re.findall(rb"/Type\s*/Page\b", page.print_pdf())) <= 12


@needs_browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page: Page, tmp_path: Path, dark: bool) -> None:
    show(page, tmp_path, recording(grouped_report()), dark=dark)
    assert page.evaluate(PALE_TEXTS) == []


@needs_browser
def test_the_promises_that_are_shown_are_kept_in_the_address(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, recording(red_report()))
    shown = "[...document.querySelectorAll('table.clauses tbody tr:not([hidden])')].map(row => row.id)"
    page.go("#promises?verdict=inconclusive&level=should")
    assert page.evaluate(shown) == ["AC-LST-023"]
    assert page.evaluate("document.querySelector('output').textContent") == "1 of 10 shown"
    page.evaluate(
        "(() => { const form = document.querySelector('form'); form.elements.verdict.value = 'fail';"
        " form.elements.level.value = ''; form.dispatchEvent(new Event('input')); })()"
    )
    assert page.evaluate("location.hash") == "#promises?verdict=fail"
    assert page.evaluate(shown) == ["AC-LST-021"]
    page.go("#AC-LST-028")
    assert len(page.evaluate(shown)) == 10


@needs_browser
def test_what_is_copied_is_what_is_shown(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, recording(large_report(clauses=3, findings=1)))
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard',"
        " {value: {writeText: text => { window.copied = text; return Promise.resolve(); }}})"
    )
    made = large_report(clauses=3, findings=1).findings[0]
    for label, text in (("curl", made.curl), ("replay", made.replay)):
        page.evaluate(f"document.querySelector('button[aria-label^=\"Copy {label}\"]').click()")
        assert page.evaluate("window.copied") == text
    page.evaluate("document.querySelector('button[aria-label^=\"Copy JSON\"]').click()")
    copied = json.loads(page.evaluate("window.copied"))
    assert (copied["clause"], copied["actual"], copied["curl"]) == (made.clause, made.actual, made.curl)
    assert copied["rows"][0]["Direction"] == "'Internal'"


@needs_browser
def test_without_its_script_the_report_shows_all_and_offers_nothing_that_does_not_work(
    page: Page, tmp_path: Path
) -> None:
    show(page, tmp_path, recording(grouped_report()))
    # Its script adds one class to the page; without it nothing is there to be pressed.
    page.evaluate("document.documentElement.classList.remove('js')")
    visible = "[...document.querySelectorAll('button, select, input')].filter(one => one.checkVisibility()).length"
    assert page.evaluate(visible) == 0
    shown = "[...document.querySelectorAll('article, table.clauses tr')].every(one => one.checkVisibility())"
    assert page.evaluate(shown)


@needs_browser
def test_a_screen_reader_finds_landmarks_headings_and_names(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, recording(grouped_report()))
    assert page.evaluate("['header', 'nav', 'main', 'footer'].map(tag => document.querySelectorAll(tag).length)") == [
        1,
        1,
        1,
        1,
    ]
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    nameless = (
        "[...document.querySelectorAll('button, select, input, a, section, article, nav')].filter(one =>"
        " !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length)).length"
    )
    assert page.evaluate(nameless) == 0
    broken = "[...document.querySelectorAll('[aria-labelledby]')].filter(one => !document.getElementById(one.getAttribute('aria-labelledby'))).length"  # noqa: E501
    assert page.evaluate(broken) == 0
    targets = "[...document.querySelectorAll('a[href^=\"#\"]')].filter(one => !document.getElementById(one.getAttribute('href').slice(1).split('?')[0])).map(one => one.getAttribute('href'))"  # noqa: E501
    assert page.evaluate(targets) == []
    assert page.evaluate("new Set([...document.querySelectorAll('[id]')].map(one => one.id)).size") == page.evaluate(
        "document.querySelectorAll('[id]').length"
    )


def test_the_head_says_what_was_tested_and_against_what() -> None:
    run = dataclasses.replace(
        report(gate=Gate.CI),
        product="Acme PBX",
        product_version="7.2",
        document=Document(
            name="page.txt", sha256="0" * 64, title="List calls", url="https://pbx.example/list", read="2026-03-01"
        ),
    )
    text = render_report(recording(run), ReportKind.HTML)
    for said in ("Acme PBX 7.2", "List calls", "https://pbx.example/list", "2026-03-01", "2026-03-02 14:30 UTC"):
        assert said in text.replace("<wbr>", "")


def test_an_address_that_is_no_web_page_is_no_link() -> None:
    document = Document(name="page.txt", sha256="0" * 64, title="x", url="javascript:alert(1)", read="2026-03-01")
    text = render_report(dataclasses.replace(report(), document=document), ReportKind.HTML)
    assert 'href="javascript' not in text
