"""From a file to frozen values: what the language does not know stops the loader, with the nearest word."""

from __future__ import annotations

from pathlib import Path

import pytest
from invented_spec import ACMEPBX, acmepbx, acmepbx_text, line_of

from harness.errors import UsageProblem
from harness.specification.field_path import FieldPath
from harness.specification.load import build_spec, load_spec, load_specs, open_choices, spec_ids, specs_directory
from harness.specification.model import PageNumberPaging
from harness.specification.yaml_source import SourceFileError, SourceFileErrors, parse_flawed_text


def test_a_key_that_means_nothing_is_named_with_its_line_and_the_nearest_word() -> None:
    text = acmepbx_text(("          default-size: 20\n", "          defualt-size: 20\n"))
    with pytest.raises(SourceFileError) as caught:
        acmepbx(("          default-size: 20\n", "          defualt-size: 20\n"))
    assert caught.value.where.startswith(f"acmepbx.yaml:{line_of(text, 'defualt-size')}, ")
    assert caught.value.where.endswith("x-listing.paging.defualt-size")
    assert caught.value.do == "did you mean 'default-size'?"


@pytest.mark.parametrize(
    ("old", "new", "place", "expected", "do"),
    [
        (
            "slice: AC-LST-042",
            "slcie: AC-LST-042",
            "paging.clauses.slcie",
            "one of size, first, slice, partition, past-the-end",
            "did you mean 'slice'?",
        ),
        (
            "no-rows: AC-LST-062",
            "no_rows: AC-LST-062",
            "outcome.error.clauses.no_rows",
            "one of shape, http, no-rows, only-codes",
            "did you mean 'no-rows'?",
        ),
        (
            "{words: AC-LST-031}",
            "{word: AC-LST-031}",
            "order.sort.clauses.word",
            "one of words, undocumented, unknown, refused",
            "did you mean 'words'?",
        ),
    ],
)
def test_a_misspelt_role_of_a_clause_is_named_with_the_roles_of_its_construct(
    old: str, new: str, place: str, expected: str, do: str
) -> None:
    with pytest.raises(SourceFileError) as caught:
        acmepbx((old, new))
    assert caught.value.where.endswith(f"x-listing.{place}")
    assert caught.value.expected == expected
    assert caught.value.do == do


def test_a_role_without_a_clause_has_none() -> None:
    paging = acmepbx().listing.paging
    assert isinstance(paging, PageNumberPaging)
    assert (paging.clauses.slice, paging.clauses.past_the_end) == (("AC-LST-042",), ())


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("calls: ended\n", "calls: endet\n", "'endet'"),
        ("kind: page-number", "kind: page-numbers", "did you mean 'page-number'?"),
        ("          identity: id\n", "", "the key identity"),
        ("first: from, last: until", "first: [from], last: until", "text"),
        ("total:\n          at: /total", "total:\n          at: 7", "write \"7\" in quotes"),
        ("assumed: inclusive, clause", "assumed: sometimes, clause", "'sometimes'"),
        ("{open: [200, 400], assumed: 200}", "{open: [200, 400], assumed: 500}", "one of the alternatives"),
        ("{open: [200, 400], assumed: 200}", "{open: [200, 400]}", "the key assumed"),
        ("{open: [200, 400], assumed: 200}", "{open: [200], assumed: 200}", "two or more"),
        ("{open: zone, assumed: UTC}", "{open: zones, assumed: UTC}", "did you mean 'zone'?"),
        ("compares: hidden.ext,", "compares: hidden.,", "'hidden.'"),
        ("compares: hidden.ext,", '"compares": "legs[].",', "a field such as name, list[].name or hidden.name"),
        ("{holds: extension", '{holds: "targets[]"', "an attribute such as name or list[].name"),
        ("field: picked, than: started,", "field: picked,", "the key than"),
        ("field: picked, than: started,", "field: picked, than: started, values: [1],", "'values'"),
        ("law: not-before,", "law: not-befor,", "did you mean 'not-before'?"),
        ("law: not-before,", "", "a mapping with the key law"),
        ("openapi: 3.1.0", "openapi: 3.0.3", "OpenAPI 3.1"),
        ("      x-listing:\n", "      x-something:\n", "exactly one operation"),
    ],
)  # fmt: skip
def test_a_value_that_means_nothing_is_refused(old: str, new: str, expected: str) -> None:
    with pytest.raises(SourceFileError) as caught:
        acmepbx((old, new))
    assert expected in str(caught.value)
    assert caught.value.where.startswith("acmepbx.yaml:")


def test_a_users_own_file_is_a_spec_by_its_path() -> None:
    spec = load_spec(ACMEPBX)
    assert (spec.id, spec.given_as) == ("acmepbx", str(ACMEPBX))
    assert (spec.method, spec.path) == ("GET", "/calls")
    assert isinstance(spec.listing.paging, PageNumberPaging)
    assert spec.listing.paging.size == "rows"


def test_an_unknown_id_names_the_known_ones() -> None:
    with pytest.raises(UsageProblem) as caught:
        load_spec("acmepbx/nothing")
    assert all(name in str(caught.value) for name in spec_ids())


def test_an_open_choice_is_named_by_its_place() -> None:
    spec = acmepbx()
    assert sorted(spec.choices) == ["filters.from.boundary", "outcome.error.http", "zone.default"]
    boundary = spec.choices["filters.from.boundary"]
    assert (boundary.options, boundary.assumed) == (("inclusive", "exclusive"), "inclusive")
    assert boundary.clause == ("AC-LST-027",)
    assert spec.choices["zone.default"].kind == "zone"


def test_open_choices_come_in_the_order_of_the_language() -> None:
    assert [choice.id for choice in open_choices(acmepbx().listing)] == list(acmepbx().choices)


def test_a_single_value_stands_for_a_list_of_one() -> None:
    assert acmepbx().listing.filters["dir"].compares == (FieldPath.of("dir"),)
    assert acmepbx().listing.filters["dir"].words["in_out"] == ("in", "out")


def test_a_place_inside_the_extension_has_its_line() -> None:
    text = acmepbx_text()
    where = acmepbx().location("paging", "size")
    assert where.startswith(f"acmepbx.yaml:{line_of(text, 'size: rows')}, ")


def test_all_that_means_nothing_is_told_in_one_go_in_the_order_of_the_file() -> None:
    changes = (
        ("calls: ended\n", "calls: endet\n"),
        ("          identity: id\n", ""),
        ("          default-size: 20\n", "          defualt-size: 20\n"),
        ("assumed: inclusive, clause", "assumed: sometimes, clause"),
        ("law: not-before,", "law: not-befor,"),
    )
    with pytest.raises(SourceFileErrors) as caught:
        acmepbx(*changes)
    places = [error.where.partition("x-listing.")[2] for error in caught.value.errors]
    assert places == ["lists", "lists.calls", "filters.from.boundary.assumed", "paging.defualt-size", "laws.0.law"]
    assert str(caught.value).endswith("acmepbx.yaml: 5 errors")


def test_a_misspelt_key_that_is_required_is_one_error() -> None:
    with pytest.raises(SourceFileError) as caught:
        acmepbx(("          identity: id\n", "          identiti: id\n"))
    assert caught.value.do == "did you mean 'identity'?"


def test_scalars_that_cannot_be_read_are_told_with_what_means_nothing() -> None:
    text = acmepbx_text(
        ("who: {shows: source}", "who: {shows: yes}"), ("secs: {shows: talk_seconds,", "secs: {shwos: talk_seconds,")
    )
    with pytest.raises(SourceFileErrors) as caught:
        build_spec(parse_flawed_text(text, name="acmepbx.yaml"), spec_id="acmepbx/list-calls")
    first, second = caught.value.errors
    assert first.where == f"acmepbx.yaml:{line_of(text, 'shows: yes')}"
    assert second.actual == "the key 'shwos', which means nothing here"


def test_of_very_many_errors_the_first_are_shown_and_all_are_counted() -> None:
    rows = "".join(f"          field{number}: {{shwos: source}}\n" for number in range(100))
    with pytest.raises(SourceFileErrors) as caught:
        acmepbx(("          who: {shows: source}\n", rows))
    assert len(caught.value.errors) == 100
    assert str(caught.value).endswith("acmepbx.yaml: 100 errors, 60 of them not shown")


def own_file(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(acmepbx_text(*changes), encoding="utf-8")
    return path


def test_the_id_of_a_spec_of_ones_own_does_not_hang_on_how_its_path_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own_file(tmp_path, "my calls (2).yaml")
    monkeypatch.chdir(tmp_path)
    names = [load_spec(typed).id for typed in (path, path.name, f"./{path.name}", f"../{tmp_path.name}/{path.name}")]
    assert names == ["my-calls-2"] * 4


def test_a_spec_of_ones_own_may_name_itself(tmp_path: Path) -> None:
    path = own_file(
        tmp_path, "mine.yaml", ("        language: 1\n", "        language: 1\n        id: acmepbx/calls\n")
    )
    assert load_spec(path).id == "acmepbx/calls"


@pytest.mark.parametrize("name", ["ozeki/list-call-history", "acmepbx:calls", "../calls", '""'])
def test_an_id_that_is_taken_or_could_be_read_as_something_else_is_refused(tmp_path: Path, name: str) -> None:
    path = own_file(tmp_path, "mine.yaml", ("        language: 1\n", f"        language: 1\n        id: {name}\n"))
    with pytest.raises(SourceFileError) as caught:
        load_spec(path)
    assert caught.value.where.endswith("x-listing.id")


def test_the_file_of_a_shipped_spec_is_that_spec() -> None:
    spec = load_spec(specs_directory() / "ozeki" / "list-call-history.yaml")
    assert (spec.id, spec.given_as) == ("ozeki/list-call-history", "ozeki/list-call-history")


def test_one_file_named_twice_is_one_spec_and_two_of_one_id_are_refused(tmp_path: Path) -> None:
    path, other = own_file(tmp_path, "calls.yaml"), own_file(tmp_path / "b", "calls.yaml")
    assert list(load_specs([path, str(path), tmp_path / "b" / ".." / "calls.yaml"])) == ["calls"]
    other.write_text(acmepbx_text(('version: "7"', 'version: "8"')), encoding="utf-8")
    with pytest.raises(UsageProblem) as caught:
        load_specs([path, other])
    assert "give one of them an `id`" in caught.value.do


def test_a_pattern_that_a_text_can_keep_busy_is_no_pattern() -> None:
    with pytest.raises(SourceFileError) as caught:
        acmepbx(("who: {shows: source}", 'who: {shows: source, pattern: "([0-9]+)+"}'))
    assert caught.value.where.endswith("x-listing.fields.who.pattern")
    assert caught.value.actual == "'([0-9]+)+': a repeat or a choice inside a repeat"


@pytest.mark.parametrize("name", ["../../PWNED-034", "AC/LST", "AC\\x1b[31m-1", "\u202eAC-1", ".hidden", "AC\\n-1"])
def test_an_id_of_a_clause_names_no_other_folder_and_acts_on_no_terminal(name: str) -> None:
    with pytest.raises(SourceFileError) as caught:
        acmepbx(("          AC-LST-001: {", f'          "{name}": {{'))
    assert caught.value.expected == "an id such as AC-LST-001"
