"""The smallest request: what is left out of a request that goes wrong, what stays, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from judged_lists import (
    CURSORS,
    LISTING,
    NO_PAGES,
    OFFSETS,
    differing,
    mirror_of,
    session_of,
)

from harness.check.context import CheckContext, Exchange
from harness.check.probe.differences import Difference
from harness.check.probe.reduction import REDUCTION_REQUESTS, added_parameters, reduce_request
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest

WRONG = differing("stray", about="who")
Goes = Callable[[Mapping[str, Tree]], bool]


class Server:
    """Answers each request with an empty list, and counts them."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        self.asked.append(request.target)
        return HttpResponse(http_status=200, body=b'{"code": 0, "calls": [], "total": 0}')


def needs(*names: str) -> Goes:
    """It goes wrong where all of these parameters are given."""
    return lambda values: set(names) <= values.keys()


def reduced(
    context: CheckContext,
    ask: ListRequest,
    goes_wrong: Callable[[ListRequest], bool],
    *,
    base: Mapping[str, Tree] | None = None,
    found: Difference = WRONG,
) -> ListRequest:
    """The smallest request that is found for one that goes wrong."""
    exchange = context.send(ask, "a test")

    def judge(answer: Exchange) -> Sequence[Difference]:
        return (found,) if goes_wrong(answer.list_request) else ()

    smallest, _ = reduce_request(context, mirror_of(base=base), exchange, WRONG, judge)
    return replace(smallest.list_request, credentials={})


# What is asked, where that goes wrong, and what is left.
REQUIRED = {**LISTING["parameters"], "from": {"as": "local-time", "required": {"fault": "invalid"}}}
NAMED = {
    "parameters": {**LISTING["parameters"], "match": {"as": "word", "words": ["part", "whole"], "default": "part"}},
    "filters": {
        **LISTING["filters"],
        "who": {
            "compares": "who",
            "keeps": "contains",
            "named-by": {"parameter": "match", "words": {"part": "contains", "whole": "equal"}},
            "clause": "WHO",
        },
    },
}


def smaller(
    name: str,
    ask: Mapping[str, Tree],
    goes_wrong: Goes,
    left: str,
    /,
    *,
    base: Mapping[str, Tree] | None = None,
    **sections: Any,
) -> Any:
    return pytest.param(ask, goes_wrong, left.split(), base, sections, id=name)


@pytest.mark.parametrize(
    ("ask", "goes_wrong", "left", "base", "sections"),
    [
        smaller("one filter that is to blame", {"who": "ada"}, needs("who"), "who"),
        smaller("one filter that is not", {"who": "ada"}, needs(), ""),
        smaller("one of two filters", {"who": "ada", "ext": "101"}, needs("ext"), "ext"),
        smaller("two of three filters", {"who": "ada", "ext": "1", "from": "x"}, needs("who", "from"), "who from"),
        smaller("both filters", {"who": "ada", "ext": "101"}, needs("who", "ext"), "who ext"),
        smaller("a filter with a page that is not", {"who": "ada", "page": "1", "rows": "2"}, needs("who"), "who"),
        smaller("a size without its place", {"page": "1", "rows": "2"}, needs("rows"), "rows"),
        smaller("a place with its size", {"page": "1", "rows": "2"}, needs("page", "rows"), "page rows"),
        smaller("a place beside a filter", {"who": "ada", "page": "1"}, needs("page"), "page"),
        smaller("an order beside a filter", {"who": "ada", "sort": "secs"}, needs("sort"), "sort"),
        smaller("an order and a direction", {"sort": "secs", "desc": "1"}, needs("sort", "desc"), "sort desc"),
        smaller("the list itself", {"who": "ada", "sort": "secs", "page": "1", "rows": "2"}, needs(), ""),
        smaller(
            "what the run adds goes first, and at once",
            {"who": "ada", "from": "x", "rows": "500"},
            needs("who"),
            "who",
            base={"from": "x"},
        ),
        smaller(
            "what the run adds stays where it is needed",
            {"who": "ada", "from": "x", "rows": "500"},
            needs("who", "rows"),
            "who rows",
            base={"from": "x"},
        ),
        smaller(
            "what must be given stays",
            {"who": "ada", "from": "x"},
            needs(),
            "from",
            parameters=REQUIRED,
        ),
        smaller(
            "a named comparison goes with its filter",
            {"who": "ada", "match": "whole", "ext": "101"},
            needs("ext"),
            "ext",
            **NAMED,
        ),
        smaller(
            "a named comparison stays with its filter",
            {"who": "ada", "match": "whole"},
            needs("who", "match"),
            "who match",
            **NAMED,
        ),
        smaller(
            "a named comparison goes where its filter does not need it",
            {"who": "ada", "match": "whole"},
            needs("who"),
            "who",
            **NAMED,
        ),
        smaller(
            "an offset with its size",
            {"skip": "2", "rows": "2", "who": "ada"},
            needs("skip"),
            "skip",
            paging=OFFSETS,
            parameters={**LISTING["parameters"], "skip": {"as": "integer", "least": 0, "default": 0}},
        ),
        smaller(
            "a cursor stays alone, as it is what was asked",
            {"after": "c", "rows": "2"},
            needs("after"),
            "after",
            paging=CURSORS,
            parameters={**LISTING["parameters"], "after": {}, "before": {}},
        ),
        smaller("a filter and no pages", {"who": "ada", "desc": "1"}, needs("who"), "who", paging=NO_PAGES),
    ],
)
def test_what_remains_is_what_it_takes_to_go_wrong(
    ask: Mapping[str, Tree],
    goes_wrong: Goes,
    left: list[str],
    base: Mapping[str, Tree] | None,
    sections: Mapping[str, Any],
) -> None:
    server = Server()
    context = session_of(sender=server, **sections)
    smallest = reduced(context, ListRequest(values=ask), lambda asked: goes_wrong(asked.values), base=base)
    assert sorted(smallest.values) == sorted(left)
    assert all(smallest.values[name] == ask[name] for name in left)
    assert len(server.asked) - 1 <= 2 * len(ask)
    assert context.reduction_requests == len(server.asked) - 1


def test_what_could_not_be_left_out_at_first_is_left_out_when_something_else_is_gone() -> None:
    server = Server()
    context = session_of(sender=server)
    ask = ListRequest(values={"who": "ada", "rows": "2"})
    smallest = reduced(context, ask, lambda asked: asked.values.keys() != {"who"})
    assert smallest.values == {}
    assert len(server.asked) == 4


def test_another_difference_in_a_smaller_request_is_not_followed() -> None:
    context = session_of(sender=Server())
    ask = ListRequest(values={"who": "ada", "ext": "101"})
    assert reduced(context, ask, lambda asked: True, found=differing("stray", about="ext")).values == ask.values


def test_what_nobody_can_judge_is_not_followed() -> None:
    context = session_of(sender=Server())
    exchange = context.send(ListRequest(values={"who": "ada"}), "a test")
    assert reduce_request(context, mirror_of(), exchange, WRONG, lambda answer: None) == (exchange, WRONG)
    assert context.reduction_requests == 1


def test_an_answer_that_was_seen_already_costs_nothing() -> None:
    server = Server()
    context = session_of(sender=server)
    for values in ({}, {"who": "ada"}, {"ext": "101"}):
        context.send(ListRequest(values=values), "seen before")
    ask = ListRequest(values={"who": "ada", "ext": "101"})
    assert list(reduced(context, ask, lambda asked: "who" in asked.values).values) == ["who"]
    assert context.reduction_requests == 0
    assert len(server.asked) == 4


def test_with_other_credentials_nothing_was_seen_yet() -> None:
    context = session_of(sender=Server())
    context.send(ListRequest(values={}), "seen before, by the run's own user")
    exchange = context.send(ListRequest(values={"who": "ada"}), "a test")
    other = {"user": "eve", "password": "none"}
    reduce_request(context, mirror_of(), exchange, WRONG, lambda answer: (), other)
    assert context.reduction_requests == 1


def test_a_request_that_is_carried_otherwise_is_tried_as_always() -> None:
    transport = {
        **LISTING["transport"],
        "also": {"post": {"carries": "form", "method": "POST", "clause": "ROWS"}},
    }
    ask = ListRequest(values={"who": "ada"}, encoding_name="post")
    by_both = reduced(session_of(sender=Server(), transport=transport), ask, lambda asked: "who" in asked.values)
    assert (dict(by_both.values), by_both.encoding_name) == ({"who": "ada"}, None)
    by_post = reduced(
        session_of(sender=Server(), transport=transport), ask, lambda asked: asked.encoding_name == "post"
    )
    assert (dict(by_post.values), by_post.encoding_name) == ({}, "post")


def test_when_the_requests_for_it_are_spent_nothing_is_cut_down() -> None:
    server = Server()
    context = session_of(sender=server)
    context.reduction_requests = REDUCTION_REQUESTS
    ask = ListRequest(values={"who": "ada", "ext": "101"})
    assert reduced(context, ask, lambda asked: True).values == ask.values
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("values", "added"),
    [
        pytest.param({"who": "ada"}, "", id="a filter"),
        pytest.param({"who": "ada", "rows": "500"}, "rows", id="the largest page"),
        pytest.param({"who": "ada", "rows": "2"}, "", id="a page of two"),
        pytest.param({"from": "x", "who": "ada"}, "from", id="the run's own window"),
        pytest.param({"from": "y", "who": "ada"}, "", id="another window"),
        pytest.param({"who": "ada", "more": "1"}, "more", id="an optional part"),
        pytest.param({"more": "1"}, "", id="an optional part alone, which is what is asked for"),
        pytest.param({"who": "ada", "more": "0"}, "", id="a part that is switched off"),
        pytest.param({"from": "x", "rows": "500", "more": "1"}, "from more rows", id="all of them"),
    ],
)
def test_what_a_run_adds_is_its_window_the_largest_page_and_all_parts(values: Mapping[str, Tree], added: str) -> None:
    context = session_of(
        fields={**LISTING["fields"], "legs": {"shows": "destination", "optional": True}},
        parameters={**LISTING["parameters"], "more": {"as": "flag", "default": "0"}},
        includes=[{"parameter": "more", "adds": ["legs"]}],
    )
    found = added_parameters(context, mirror_of(base={"from": "x"}), ListRequest(values=values))
    assert sorted(found) == added.split()


def test_what_is_found_is_the_difference_as_the_smallest_request_shows_it() -> None:
    context = session_of(sender=Server())
    exchange = context.send(ListRequest(values={"who": "ada"}), "a test")
    elsewhere = replace(WRONG, actual="all rows")
    smallest, difference = reduce_request(context, mirror_of(), exchange, WRONG, lambda answer: (elsewhere,))
    assert difference == elsewhere
    assert smallest.list_request.values == {}
