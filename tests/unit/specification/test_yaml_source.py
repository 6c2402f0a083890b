"""YAML is read alike by every reader or not at all, and every complaint has its line."""

from __future__ import annotations

import pytest

from harness.specification.yaml_source import (
    BYTE_LIMIT,
    NODE_LIMIT,
    SourceFileError,
    load_source_file,
    parse_source_text,
)


@pytest.mark.parametrize(
    "text",
    [
        "on", "off", "yes", "no", "No", "NO", "True", "FALSE", "~", "Null", "+49123", "12:30:45", "010", "0o17",
        "0x1F", "1e3", "1_000", ".5", "5.", ".inf", ".nan", "2031-03-04", "2031-03-04 12:00:00", "+1.5", "=",
    ],
)  # fmt: skip
def test_a_plain_word_that_readers_take_differently_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(SourceFileError) as caught:
        parse_source_text(f"first: 1\nvalue: {text}\n", name="a.yaml")
    assert caught.value.where == "a.yaml:2"
    assert f'write "{text}" in quotes' in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"on"', "on"),
        ("'no'", "no"),
        ('"+49123"', "+49123"),
        ('"12:30:45"', "12:30:45"),
        ('"010"', "010"),
        ('"1e3"', "1e3"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("7", 7),
        ("-7", -7),
        ("1.5", 1.5),
        ("inbound", "inbound"),
        ("/a/b", "/a/b"),
        ("bde790186c5c", "bde790186c5c"),
    ],
)
def test_a_value_that_all_readers_take_alike_is_read(text: str, value: object) -> None:
    tree = parse_source_text(f"value: {text}\n", name="a.yaml").tree
    assert tree == {"value": value}
    assert isinstance(tree, dict)
    assert type(tree["value"]) is type(value)


@pytest.mark.parametrize("key", ["on", "no", "010", "12:30:45"])
def test_a_plain_key_that_readers_take_differently_is_refused(key: str) -> None:
    with pytest.raises(SourceFileError, match=r"a\.yaml:1"):
        parse_source_text(f"{key}: 1\n", name="a.yaml")


def test_a_key_given_twice_is_refused_at_its_second_line() -> None:
    with pytest.raises(SourceFileError) as caught:
        parse_source_text("a: 1\nb: 2\na: 3\n", name="a.yaml")
    assert caught.value.where == "a.yaml:3"
    assert "'a' a second time" in caught.value.actual


def test_an_alias_bomb_is_refused_before_it_unfolds() -> None:
    levels = ['l0: &l0 ["x"]'] + [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(SourceFileError, match=str(NODE_LIMIT)):
        parse_source_text("\n".join(levels), name="bomb.yaml")


def test_an_alias_to_itself_is_refused() -> None:
    with pytest.raises(SourceFileError):
        parse_source_text("a: &a [*a]\n", name="a.yaml")


def test_a_deep_file_is_refused() -> None:
    with pytest.raises(SourceFileError):
        parse_source_text("[" * 5_000 + "]" * 5_000, name="a.yaml")


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "a: [1\n", "a: !!python/object:os.system x\n", "? [a]\n: 1\n", "a: b: c\n"]
)
def test_what_is_not_plain_yaml_is_refused(text: str) -> None:
    with pytest.raises(SourceFileError):
        parse_source_text(text, name="a.yaml")


def test_a_place_is_named_by_file_line_and_path() -> None:
    source = parse_source_text("a:\n  b:\n    - 1\n    - {c: 2}\n", name="a.yaml")
    assert source.location(("a", "b", 1, "c")) == "a.yaml:4, a.b.1.c"
    assert source.location(("a", "b", 1, "nowhere")) == "a.yaml:4, a.b.1.nowhere"


def test_a_file_that_is_missing_too_large_or_not_utf8_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SourceFileError, match="a readable file"):
        load_source_file(tmp_path / "missing.yaml")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (BYTE_LIMIT + 1))
    with pytest.raises(SourceFileError, match="at most"):
        load_source_file(large)
    odd = tmp_path / "odd.yaml"
    odd.write_bytes(b"a: \xff\n")
    with pytest.raises(SourceFileError, match="UTF-8"):
        load_source_file(odd)
