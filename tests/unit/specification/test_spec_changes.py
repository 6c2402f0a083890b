"""What came, went or changed between two specs, and whether less is promised than before."""

from __future__ import annotations

import pytest
from invented_spec import acmepbx

from harness.specification.spec_changes import changes_between

EXT = "          ext: {compares: hidden.ext, clause: AC-LST-022}\n"
SUM = "AC-LST-025: {level: should, basis: inferred"
FROM = '{level: must, basis: documented, says: "from keeps'


def told(*changes: tuple[str, str]) -> list[tuple[str, str, str, bool]]:
    found = changes_between(acmepbx(), acmepbx(*changes))
    return [(change.kind.value, change.name, change.way.value, change.loss) for change in found]


def test_a_spec_does_not_differ_from_itself() -> None:
    assert changes_between(acmepbx(), acmepbx()) == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (FROM, FROM.replace("must", "should"), ("clause", "AC-LST-020", "changed", True)),
        (FROM, FROM.replace("documented", "inferred"), ("clause", "AC-LST-020", "changed", True)),
        (FROM, FROM.replace("from keeps", "it keeps"), ("clause", "AC-LST-020", "changed", False)),
        (SUM, SUM.replace("should", "must").replace("inferred", "entailed"), ("clause", SUM[:10], "changed", False)),
        ("          ext: {}\n", "          ext: {blank: refused}\n", ("parameter", "ext", "changed", False)),
        (EXT, EXT.replace("compares", "keeps: contains, compares"), ("parameter", "ext", "changed", False)),
        (EXT, "", ("parameter", "ext", "changed", False)),
        ("who: {shows: source}", "who: {shows: source, optional: true}", ("field", "who", "changed", True)),
        ("          who: {shows: source}\n", "", ("field", "who", "went", True)),
        ("invalid: {code: 9", "invalid: {code: 8", ("fault", "invalid", "changed", False)),
        ("assumed: inclusive,", "assumed: exclusive,", ("open choice", "filters.from.boundary", "changed", False)),
        ("default-size: 20", "default-size: 30", ("construct", "paging", "changed", False)),
        ("  /calls:\n    get:\n", "  /list:\n    get:\n", ("construct", "operation", "changed", False)),
    ],
)  # fmt: skip
def test_one_change_is_told_under_its_kind(old: str, new: str, expected: tuple[str, str, str, bool]) -> None:
    assert told((old, new)) == [expected]


def test_what_becomes_open_is_a_loss_and_what_is_decided_is_none() -> None:
    decided = (
        "boundary: {open: [inclusive, exclusive], assumed: inclusive, clause: AC-LST-027}",
        "boundary: inclusive",
    )
    assert ("open choice", "filters.from.boundary", "went", False) in told(decided)
    back = changes_between(acmepbx(decided), acmepbx())
    assert [(change.name, change.loss) for change in back if change.kind == "open choice"] == [
        ("filters.from.boundary", True)
    ]


def test_a_default_that_is_written_out_changes_nothing() -> None:
    assert told((EXT, EXT.replace("compares", "keeps: equal, compares"))) == []


def test_of_a_filter_that_goes_only_what_it_said_is_told() -> None:
    (change,) = changes_between(acmepbx(), acmepbx((EXT, "")))
    assert [(part.part, part.before, part.after) for part in change.parts] == [
        ("filter.compares", "hidden.ext", ""),
        ("filter.clause", "AC-LST-022", ""),
    ]
