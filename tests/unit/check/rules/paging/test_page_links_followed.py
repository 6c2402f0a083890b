"""Links as the checker follows them: the honest ones pass, each lie is told under the clause that it breaks."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_runs import found, meeting

from harness.check.context import CheckContext
from harness.check.probe.followed_links import DeadLink, PageRequest, form_of_link, read_link
from harness.check.probe.mirror import Mirror
from harness.check.rules.paging.page_counts import check_page_counts
from harness.check.rules.paging.page_links import check_page_links
from harness.serve.faults.base import Fault
from harness.serve.faults.catalogue import find_faults
from harness.serve.faults.hooks import AnswerContext, Hooks
from harness.specification.load import load_spec
from harness.specification.model import ClauseId
from harness.wire.decoded_body import Tree
from harness.wire.list_request import ListRequest

LUMEN = "tests/support/linked_pages.yaml"
TARN = "tests/support/bare_list.yaml"
BROOK = "tests/support/page_tokens.yaml"
FEW = ListRequest(values={"size": "2"})


def findings_of(api: str, *faults: Fault) -> list[tuple[str, str]]:
    """The clause and the actual of each finding of the rules on links and page counts."""
    context, mirror = _met(api, *faults)
    for rule in (check_page_links, check_page_counts):
        rule(context, mirror)
    return [(one.clause, one.actual) for one in context.results.findings(set())]


def _met(api: str, *faults: Fault) -> tuple[CheckContext, Mirror]:
    context, mirror = meeting(api, *faults)
    context.options = replace(context.options, address="http://127.0.0.1:0" + _base(api))
    return context, mirror


def _base(api: str) -> str:
    return {LUMEN: "/lumen", TARN: "", BROOK: "/api"}[api]


@pytest.mark.parametrize("api", [LUMEN, TARN, BROOK])
def test_links_of_an_honest_server_lead_where_they_say(api: str) -> None:
    assert findings_of(api) == []


@pytest.mark.parametrize(
    ("api", "fault", "actual"),
    [
        (LUMEN, "LU-CLL-026/links-drop-filters", "without since"),
        (LUMEN, "LU-CLL-026/links-drop-the-order", "without sort"),
        (LUMEN, "LU-CLL-026/links-drop-the-size", "without size"),
        (LUMEN, "LU-CLL-024/next-leads-to-itself", "rows that were shown before"),
        (LUMEN, "LU-CLL-024/next-missing", "no next link"),
        (LUMEN, "LU-CLL-024/next-to-another-host", "another host"),
        (LUMEN, "LU-CLL-024/previous-missing", "no previous link"),
        (LUMEN, "LU-CLL-025/last-leads-to-itself", "rows that were shown before"),
        (LUMEN, "LU-CLL-025/self-leads-to-the-first", "rows that were shown before"),
        (LUMEN, "LU-CLL-027/next-on-the-last-page", "a next link on the last page"),
        (LUMEN, "LU-CLL-022/page-count-rounded-down", "pages"),
        (TARN, "TA-CLL-022/links-drop-way", "without way"),
        (TARN, "TA-CLL-027/page-count-one-more", "pages"),
        (BROOK, "BR-CLL-022/links-drop-filters", "rows that were not asked for"),
        (BROOK, "BR-CLL-023/next-on-the-last-page", "a next link on the last page"),
    ],
)
def test_a_lie_about_links_is_told_under_its_clause(api: str, fault: str, actual: str) -> None:
    found = findings_of(api, *find_faults(load_spec(api), fault))
    assert {clause for clause, _ in found} == {fault.partition("/")[0]}
    assert actual in found[0][1]


def test_of_links_that_forget_something_the_next_one_is_told() -> None:
    def forget(tree: Tree, _: AnswerContext) -> Tree:
        assert isinstance(tree, dict)
        links = tree.get("links")
        if not isinstance(links, dict):
            return tree
        self_, next_ = str(links["self"]), str(links["next"] or "")
        forgetful = {
            "self": re.sub("size=[0-9]+", "", self_),
            "next": re.sub("(way|since|caller)=[^&]*", "", next_) or None,
        }
        return {**tree, "links": {**links, **forgetful}}

    lie = Fault(clause=ClauseId("LU-CLL-026"), name="forgets", description="", hooks=Hooks(tree=forget))
    found = findings_of(LUMEN, lie)
    assert [clause for clause, _ in found] == ["LU-CLL-026"]
    assert found[0][1].startswith("a next link without")


def test_no_request_goes_to_another_host() -> None:
    context, mirror = _met(LUMEN, *find_faults(load_spec(LUMEN), "LU-CLL-024/next-to-another-host"))
    check_page_links(context, mirror)
    asked = [request for request, _ in context.sender.asked]  # type: ignore[attr-defined]
    assert all(b"other.example" not in request.target for request in asked)


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("http://other.example/lumen/v2/calls?page=2", "another host"),
        ("//other.example/lumen/v2/calls?page=2", "another host"),
        ("https://127.0.0.1:0/lumen/v2/calls?page=2", "another host"),
        ("http://127.0.0.1:1/lumen/v2/calls?page=2", "another host"),
        ("file:///etc/passwd", "another host"),
        ("/v2/calls?page=2", "another path"),
        ("http://[", "a link that cannot be read"),
        ("?page=" + "2" * 9000, "a link of 9006 characters"),
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(link: str, leads: str) -> None:
    context, _ = _met(LUMEN)
    assert read_link(context, context.send(FEW, "a page"), link) == DeadLink(leads)


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:0/lumen/v2/calls?page=2", "/lumen/v2/calls?page=2", "?page=2", "calls?page=2"]
)
def test_a_link_is_read_against_the_request_that_it_answers(link: str) -> None:
    context, _ = _met(LUMEN)
    read = read_link(context, context.send(FEW, "a page"), link)
    assert isinstance(read, PageRequest)
    assert read.list_request.values == {"page": "2"}
    assert read.list_request.scheme is None


def test_the_form_of_a_link_is_told_by_how_it_begins() -> None:
    assert form_of_link("http://127.0.0.1/calls?page=2") == "absolute"
    assert form_of_link("/calls?page=2") == "relative"
    assert form_of_link("?page=2") == "query"
    assert form_of_link("calls?page=2") is None
    assert form_of_link("//127.0.0.1/calls") is None


def test_an_integer_that_is_repeated_as_a_text_is_found() -> None:
    spec = load_spec(LUMEN)
    (fault,) = find_faults(spec, "LU-CLL-032/page-echoed-as-text")
    assert [one.clause for one in found(spec, fault)][:1] == ["LU-CLL-032"]


def test_a_word_of_the_page_size_that_means_another_number_is_found() -> None:
    spec = load_spec(LUMEN)
    (fault,) = find_faults(spec, "LU-CLL-028/size-max-means-one")
    assert "LU-CLL-028" in [one.clause for one in found(spec, fault)]


def test_a_link_is_followed_with_a_name_and_a_password_where_these_are_the_way_in(tmp_path: Path) -> None:
    text = Path(LUMEN).read_text(encoding="utf-8")
    pair = "kind: basic\n          user: name\n          password: word\n"
    text = text.replace("kind: bearer\n          token: token\n", pair).replace("scheme: bearer", "scheme: basic")
    (tmp_path / "linked.yaml").write_text(text, encoding="utf-8")
    context, mirror = meeting(str(tmp_path / "linked.yaml"))
    context.options = replace(context.options, address="http://127.0.0.1:0/lumen")
    check_page_links(context, mirror)
    assert not context.results.findings(set())
    assert context.results.pass_count(ClauseId("LU-CLL-024")) > 0
