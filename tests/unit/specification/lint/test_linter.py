"""The linter is content with a whole spec and finds each thing that is broken, alone and at its line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from invented_spec import ID, acmepbx, acmepbx_text, line_of

from harness.specification.lint.id_lock import new_lock_lines, parse_id_lock
from harness.specification.lint.linter import lint_spec
from harness.specification.patterns import pattern_problem
from harness.specification.yaml_source import SourceFileError

LOCK = "\n".join(f"{clause} {ID}" for clause in acmepbx().clauses)


def test_the_invented_spec_is_clean() -> None:
    result = lint_spec(acmepbx(), rules={"one-object"}, lock=parse_id_lock(LOCK, name="ids.lock"))
    assert result.clean, "\n".join(map(str, result.findings))


def test_the_counts_add_up() -> None:
    counts = lint_spec(acmepbx()).counts
    assert (counts.clauses, counts.carried, counts.checked, counts.excluded, counts.uncovered) == (51, 35, 1, 1, 0)
    assert counts.shared == 14
    assert counts.open_choices == 3
    assert sum(counts.levels.values()) == sum(counts.bases.values()) == 51


BROKEN = {
    # clauses
    "an undeclared clause": (
        "paging.clauses.size",
        "size: AC-LST-040,",
        "size: AC-LST-049,",
        {"declared", "carried"},
    ),
    "a clause that nothing carries": ("clauses.AC-LST-080", ", checked-by: one-object", "", {"carried"}),
    "a must in a should": ("AC-LST-025.says", "together all hold", "together must all hold", {"modal-verb"}),
    "a should in a may": ("AC-LST-027.says", "itself is kept or not", "itself should be kept", {"modal-verb"}),
    "no source": ("AC-LST-080", 'source: "Answer", checked-by', 'source: "", checked-by', {"worded"}),
    "an odd id": ("acLst80", "AC-LST-080:", "acLst80:", {"id"}),
    "a standard basis": (
        "AC-LST-062.basis",
        "AC-LST-062: {level: should, basis: inferred",
        "AC-LST-062: {level: should, basis: standard",
        {"basis"},
    ),
    # constructs without clauses
    "a filter without a clause": (
        "filters.ext",
        "{compares: hidden.ext, clause: AC-LST-022}",
        "{compares: hidden.ext}",
        {"construct-without-clause", "carried"},
    ),
    "a time without a clause": (
        "clauses.AC-LST-010",
        "as: local-time, clause: AC-LST-010}",
        "as: local-time}",
        {"carried"},
    ),
    "paging without a clause": (
        "paging",
        "clauses: {size: AC-LST-040, first",
        "clauses: {first",
        {"construct-without-clause", "carried"},
    ),
    "an order without a clause": (
        "order",
        "          clause: AC-LST-030\n",
        "",
        {"construct-without-clause", "carried"},
    ),
    "a flag without a clause": (
        "order",
        "          descending-clause: AC-LST-032\n",
        "",
        {"construct-without-clause", "carried"},
    ),
    # names
    "a filter by no parameter": (
        "filters.extension",
        "          ext: {compares",
        "          extension: {compares",
        {"parameter", "role"},
    ),
    "an order by no parameter": (
        "order.sort.parameter",
        "sort: {parameter: sort,",
        "sort: {parameter: sorts,",
        {"parameter", "role"},
    ),
    "a page by no parameter": (
        "paging.page",
        "          page: page\n",
        "          page: pages\n",
        {"parameter", "role"},
    ),
    "a comparison by no parameter": (
        "filters.number.named-by.parameter",
        "named-by: {parameter: match",
        "named-by: {parameter: how",
        {"parameter", "role"},
    ),
    "a range of no filters": ("ranges.0.first", "{first: from,", "{first: desc,", {"filter"}),
    "a comparison with no field": ("filters.from.compares", "compares: started\n", "compares: began\n", {"field"}),
    "a comparison with nothing hidden": (
        "filters.ext.compares",
        "compares: hidden.ext,",
        "compares: hidden.extension,",
        {"field"},
    ),
    "an order by no field": ("order.by", "          by: started\n", "          by: began\n", {"field"}),
    "a law on no field": ("laws.0.than", "than: started, when", "than: began, when", {"field"}),
    "an identity that is no field": ("lists.identity", "identity: id\n", "identity: uid\n", {"field"}),
    "a law on no values": (
        "laws.0",
        "not-before, field: picked, than: started,",
        "one-of, field: picked, values: [],",
        {"law"},
    ),
    # telephony
    "an unknown attribute": ("fields.who.shows", "shows: source}", "shows: sauce}", {"attribute"}),
    "an unknown hidden attribute": ("hidden.ext.holds", "holds: extension}", "holds: phone}", {"attribute"}),
    "a word too few": ("fields.dir.words", ", transit: through}", "}", {"words"}),
    "a word too many": (
        "fields.dir.words.sideways",
        "transit: through}",
        "transit: through, sideways: side}",
        {"words"},
    ),
    "a codec that does not fit": (
        "fields.started.as",
        "shows: started_at, as: local-time",
        "shows: started_at, as: integer",
        {"codec", "answer"},
    ),
    "words without a codec": (
        "fields.who.words",
        "who: {shows: source}",
        "who: {shows: source, words: {a: b}}",
        {"codec"},
    ),
    "a filter word for no word": (
        "filters.dir.words.in_out",
        "{in_out: [in, out]}",
        "{in_out: [in, outward]}",
        {"filter-words"},
    ),
    # faults, pointers, patterns
    "an unknown fault": ("access.wrong-fault", "wrong-fault: refused", "wrong-fault: denied", {"fault"}),
    "a fault by default": (
        "parameters.from.bad.fault",
        "            invalid: {code: 9",
        "            odd: {code: 9",
        {"fault"},
    ),
    "a pointer without a slash": ("total.at", "at: /total", "at: total", {"pointer"}),
    "a pointer with an odd tilde": ("lists.rows-at", "rows-at: /calls", "rows-at: /calls~2", {"pointer", "answer"}),
    "a nested repeat in a schema": (
        "properties.who.pattern",
        "who: {type: string}",
        'who: {type: string, pattern: "([0-9]+)+"}',
        {"pattern"},
    ),
    # power
    "a required field that shows nothing": ("fields.who", "who: {shows: source}", "who: {absent: none}", {"unshown"}),
    "a part that nothing tells": (
        "outcome.envelope.total",
        "code: {at: /code, as: integer, clause: AC-LST-061}",
        "code: {at: /code, as: integer, clause: AC-LST-061}\n            total: {at: /total, as: integer}",
        {"envelope"},
    ),
    "a value of another type": (
        "outcome.envelope.code.values",
        "code: {at: /code, as: integer, clause",
        "code: {at: /code, as: integer, values: [0, '7'], clause",
        {"envelope"},
    ),
    "a parameter that does nothing": (
        "parameters.ext",
        "          ext: {compares: hidden.ext, clause: AC-LST-022}\n",
        "",
        {"role", "carried"},
    ),
    "a bad value that is a text": (
        "parameters.ext.bad.like",
        "          ext: {}\n",
        "          ext: {bad: {gets: refused, like: ['5x'], clause: AC-LST-026}}\n",
        {"bad-value"},
    ),
    "a bad value that nobody can send": (
        "parameters.dir.bad",
        "like: [sideways], clause",
        "clause",
        {"bad-value"},
    ),
    "a bad word that another construct knows": (
        "parameters.match.bad",
        "words: [contains, exact], default: contains}",
        "words: [contains, exact], default: contains, bad: {gets: refused}}",
        {"bad-value"},
    ),
    "an echo of another type": (
        "echoes.0",
        "        zone: {default: {open: zone",
        "        echoes: [{at: /message, of: page, clause: AC-LST-041}]\n        zone: {default: {open: zone",
        {"echo"},
    ),
    # both sides
    "a parameter that OpenAPI lacks": (
        "parameters.ext",
        "{name: ext, in: query",
        "{name: extension, in: query",
        {"request"},
    ),
    "a parameter that x-listing lacks": (
        "parameters.9",
        '          desc: {as: flag, default: "1"}\n',
        "",
        {"request", "parameter"},
    ),
    "another bound": ("schema.maximum", "maximum: 500", "maximum: 400", {"request"}),
    "another default": ("schema.default", "maximum: 500, default: 20", "maximum: 500, default: 50", {"request"}),
    "a credential that OpenAPI lacks": (
        "access.password",
        "{name: password, in: query",
        "{name: pass, in: query",
        {"request"},
    ),
    "a field that the schema lacks": ("fields.who", "        who: {type: string}\n", "", {"answer"}),
    "a field that x-listing lacks": ("fields", "          who: {shows: source}\n", "", {"answer", "field"}),
    "rows that the schema lacks": ("lists.rows-at", "rows-at: /calls", "rows-at: /rows", {"answer"}),
    "a total that the schema lacks": ("total.at", "          at: /total\n", "          at: /count\n", {"answer"}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_broken_thing_is_found_under_its_rule(name: str) -> None:
    place, old, new, rules = BROKEN[name]
    result = lint_spec(acmepbx((old, new)))
    assert {finding.rule for finding in result.findings} == rules
    assert any(finding.where.endswith(place) for finding in result.findings), [f.where for f in result.findings]


def test_a_finding_tells_file_line_expected_and_actual() -> None:
    change = ("shows: source}", "shows: sauce}")
    (finding,) = lint_spec(acmepbx(change)).findings
    line = line_of(acmepbx_text(change), "shows: sauce}")
    assert finding.where == f"acmepbx.yaml:{line}, paths./calls.get.x-listing.fields.who.shows"
    assert "source" in finding.expected
    assert finding.actual == "'sauce'"


def test_a_rule_that_nobody_knows_is_found() -> None:
    (finding,) = lint_spec(acmepbx(), rules={"another"}).findings
    assert (finding.rule, finding.actual) == ("checked-by", "'one-object'")


def test_a_clause_that_speaks_for_all_fields_speaks_for_a_field_without_one() -> None:
    change = ("keys: AC-LST-003, unique", "unique")
    rules = [finding.where.rpartition(".")[2] for finding in lint_spec(acmepbx(change)).findings]
    assert rules == ["AC-LST-003"]


def test_a_changed_document_is_found(tmp_path: Path) -> None:
    document = tmp_path / "acmepbx-calls.txt"
    document.write_text("new text")
    (finding,) = lint_spec(acmepbx(), documents=tmp_path).findings
    assert finding.rule == "document"
    assert hashlib.sha256(b"new text").hexdigest() in finding.expected


def test_a_document_that_is_not_there_is_not_asked_for(tmp_path: Path) -> None:
    assert lint_spec(acmepbx(), documents=tmp_path).clean


@pytest.mark.parametrize(
    ("lock", "actual"),
    [
        (LOCK.replace(f"AC-LST-020 {ID}\n", ""), "a new one"),
        (f"{LOCK}\nAC-LST-099 {ID}", "none"),
        (LOCK.replace(f"AC-LST-020 {ID}", "AC-LST-020 acmepbx/other"), "an id of acmepbx/other"),
        (LOCK.replace(f"AC-LST-020 {ID}", f"AC-LST-020 {ID} retired"), "a retired one"),
    ],
)
def test_an_id_that_is_new_missing_moved_or_retired_is_found(lock: str, actual: str) -> None:
    (finding,) = lint_spec(acmepbx(), lock=parse_id_lock(lock, name="ids.lock")).findings
    assert (finding.rule, finding.actual) == ("ids-lock", actual)


def test_a_retired_id_may_be_gone() -> None:
    assert lint_spec(acmepbx(), lock=parse_id_lock(f"{LOCK}\nAC-LST-099 {ID} retired", name="ids.lock")).clean


def test_a_users_own_spec_needs_no_lock() -> None:
    assert lint_spec(acmepbx(), lock=parse_id_lock("ZZ-TOP-001 some/spec", name="ids.lock")).clean


def test_new_ids_become_lines_to_append() -> None:
    lines = new_lock_lines(acmepbx(), parse_id_lock(LOCK.replace(f"AC-LST-020 {ID}\n", ""), name="ids.lock"))
    assert lines == (f"AC-LST-020 {ID}",)


@pytest.mark.parametrize("text", ["A-1 a/b\nA-1 a/b\n", "A-1\n", "A-1 a/b gone\n"])
def test_a_lock_that_says_something_else_is_refused(text: str) -> None:
    with pytest.raises(SourceFileError):
        parse_id_lock(text, name="ids.lock")


@pytest.mark.parametrize(
    "pattern",
    [
        "([0-9]+)+",
        "(a|b)*",
        "((a+))+",
        "(?:x*)*",
        "(a?b?)*",
        "(a{1,3}){2,}",
        "(a)\\1",
        "(?P<n>a)(?P=n)",
        "(",
        "(x+x+)+y",
        "a*a*a*a*b",
    ],
)
def test_a_pattern_that_a_text_can_keep_busy_is_refused(pattern: str) -> None:
    assert pattern_problem(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        "[0-9]+",
        "[a-z0-9]{5,6}",
        "(ab)+",
        "([a-z]+-)?x",
        "([0-9]{2}:){2}[0-9]{2}",
        "[()*+]+",
        "a|b",
        "\\(\\d+\\)",
        "[0-9]+\\.[0-9]+",
    ],
)
def test_a_pattern_that_is_always_fast_is_accepted(pattern: str) -> None:
    assert pattern_problem(pattern) is None
