"""Text from the network must be seen, not obeyed: by terminals, CI runners, XML, HTML, Markdown, CSV, shells."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import unicodedata
from xml.etree import ElementTree

import pytest
from hostile_payloads import ESCAPES, FILE_NAMES, RUNNER_COMMANDS, SHELL_WORDS
from hypothesis import given
from hypothesis import strategies as st

from harness.output.escaping import (
    csv_field,
    json_for_script,
    markdown_cell,
    markdown_fence,
    safe_file_name,
    shell_word,
    visible_text,
    xml_text,
)

ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))
NASTY = st.lists(
    st.sampled_from(["#", "##", "[", "]", ":", "::", " ", "\n", "\r", "\t", "\x1b", "\u200b", "\u00a0", "error", "x"])
).map("".join)
COMMANDS = {"error", "warning", "add-mask", "stop-commands", "x"}


def runner_obeys(line: str) -> bool:
    """Whether GitHub's runner takes the line for a command: its two parsers, made stricter (any name counts)."""
    trimmed = line.lstrip()
    new_form = trimmed.startswith("::") and "::" in trimmed[2:]
    old_form = "##[" in line and "]" in line[line.index("##[") :]
    return new_form or old_form


def test_the_runner_oracle_sees_commands() -> None:
    lines = RUNNER_COMMANDS.splitlines()
    assert [runner_obeys(line) for line in lines] == [True] * 5


@given(ANYTHING | NASTY)
def test_nothing_that_acts_survives_on_one_line(text: str) -> None:
    shown = visible_text(text)
    assert shown.isprintable()
    assert not shown.lstrip().startswith("::")
    assert "##[" not in shown


@given(ANYTHING | NASTY, st.sampled_from(["", "│ ", "  ", "#"]))
def test_nothing_that_acts_survives_on_many_lines(text: str, prefix: str) -> None:
    for line in visible_text(text, prefix=prefix, multiline=True).split("\n"):
        assert line.isprintable()
        assert line.startswith(prefix)
        assert not runner_obeys(line.removeprefix(prefix))


@given(ANYTHING | NASTY)
def test_making_it_visible_twice_changes_nothing(text: str) -> None:
    once = visible_text(text, limit=100_000)
    assert visible_text(once, limit=1_000_000) == once


@given(ANYTHING, st.integers(1, 50))
def test_the_limit_holds_also_for_escapes(text: str, limit: int) -> None:
    shown = visible_text(text, limit=limit)
    body, _, marker = shown.partition("…(")
    assert len(body) <= limit + 3 * text.count("#") + 3
    assert bool(marker) or "…(" in text or len(text) <= limit


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain über 日本", "plain über 日本"),
        ("\x1b[2J\x07\x9b\x7f", "\\x1b[2J\\x07\\x9b\\x7f"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202e\u200d\ufeff\u2066", "\\u202e\\u200d\\ufeff\\u2066"),
        ("\ud800\ufffe\U000e0041", "\\ud800\\ufffe\\U000e0041"),
        ("\u3164\ufe0f", "\\u3164\\ufe0f"),
        (b"ok \xff\x1b", "ok \\xff\\x1b"),
        ("::error::x", "\\x3a:error::x"),
        ("a ###[error]x", "a ##\\x23[error]x"),
        ("std::vector", "std::vector"),
    ],
)
def test_each_kind_of_text_has_one_look(text: str | bytes, shown: str) -> None:
    assert visible_text(text) == shown


def test_lines_are_kept_and_prefixed_on_request() -> None:
    assert visible_text("a\r\nb\n::c", prefix="│ ") == "│ a\n│ b\n│ \\x3a:c"


def test_a_cut_is_marked() -> None:
    assert visible_text("abcdef", limit=4) == "abcd…(2 more)"


def test_terminal_escapes_are_all_gone() -> None:
    assert not any(unicodedata.category(char) == "Cc" for char in visible_text(ESCAPES))


@given(ANYTHING | NASTY)
def test_xml_text_is_well_formed_in_xml(text: str) -> None:
    element = ElementTree.Element("x")
    element.text = xml_text(text)
    ElementTree.fromstring(ElementTree.tostring(element))


@given(st.text(st.sampled_from("`|a\n@")))
def test_a_fence_is_longer_than_any_run_inside(text: str) -> None:
    fence, *inside, last = markdown_fence(text).split("\n")
    assert fence == last
    assert set(fence) == {"`"}
    assert fence not in "\n".join(inside)


def test_a_table_cell_keeps_its_pipes() -> None:
    assert markdown_cell("a|`b`") == "`` a\\|`b` ``"
    assert markdown_cell("") == ""


@given(st.text())
def test_csv_data_is_exact(text: str) -> None:
    assert next(csv.reader(io.StringIO(csv_field(text), newline=""), strict=True)) == [text]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("+4915123456", '"+4915123456"'),
        ("-5", '"-5"'),
        ("=1+1", '"\'=1+1"'),
        ("+1+cmd|x", '"\'+1+cmd|x"'),
        (" @SUM(A1)", '"\' @SUM(A1)"'),
        ("+4915\n", '"\'+4915\n"'),
        ("plain", '"plain"'),
    ],
)
def test_a_spreadsheet_sees_no_formula_and_whole_numbers(text: str, field: str) -> None:
    assert csv_field(text, spreadsheet=True) == field


@given(ANYTHING)
def test_a_json_island_cannot_be_left(text: str) -> None:
    island = json_for_script({"x": text + "</script><!--&\u2028"})
    assert not set(island) & set("<>&\u2028\u2029")
    assert json.loads(island) == {"x": text + "</script><!--&\u2028"}


def test_file_names_are_hashes_and_differ() -> None:
    names = {safe_file_name(name, suffix=".json") for name in FILE_NAMES}
    assert len(names) == len(FILE_NAMES)
    assert all(len(name) == 37 and name[:32].isalnum() for name in names)


@pytest.mark.parametrize("word", [*SHELL_WORDS, "ü'\\", "", "\u202ex", "a##[b]'\n7"])
def test_a_shell_word_means_its_text_and_does_nothing(word: str, tmp_path: object) -> None:
    quoted = shell_word(word)
    assert quoted.isprintable()
    assert "##[" not in quoted
    script = f"{sys.executable} -c 'import sys; sys.stdout.write(ascii(sys.argv[1]))' {quoted}"
    # What ends with a line end is in a form that `sh` may not know.
    for shell in ("bash",) if word.endswith("\n") else ("bash", "sh"):
        run = subprocess.run([shell, "-c", script], capture_output=True, text=True, cwd=str(tmp_path), check=True)
        assert run.stdout == ascii(word)
