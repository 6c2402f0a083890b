"""Faults in what an answer tells of its page: links to other pages, the number of pages, the places of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from harness.serve.faults.base import (
    Fault,
    make_fault,
    on_page,
    with_changed_listing,
    with_part,
    without_part,
)
from harness.serve.faults.hooks import AnswerContent, Hooks, PageContext
from harness.specification.model import (
    Clauses,
    CursorPaging,
    LinkName,
    Listing,
    PageLinks,
    PageMore,
    assumed_of,
    links_of,
    more_part,
    page_number_parts,
)
from harness.wire.list_request import ListRequest

_ELSEWHERE: Final = "other.example"
_OTHER_FORMS: Final = {"absolute": "relative", "relative": "absolute", "query": "absolute"}


def page_link_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of links: they lead elsewhere, forget what was asked for, are missing, or lead past the end."""
    links = links_of(listing.paging)
    if links is None:
        return
    yield from _forgetful_links(listing, links)
    for name in links.by_name:
        yield from _misleading_links(listing, links, name)
    if links.next is not None:
        last_is_empty = (
            listing.paging.next_on_last != "empty" if isinstance(listing.paging, CursorPaging) else _may_go_on(links)
        )
        yield from make_fault(
            () if last_is_empty else links.clauses.ends,
            "next-on-the-last-page",
            "the last page has a next link",
            with_changed_listing(with_part("paging", next_on_last="given"))
            if isinstance(listing.paging, CursorPaging)
            else _on_links(lambda asked, found: {"next": asked, **found}),
        )
    elif links.previous is not None:
        yield from make_fault(
            links.clauses.ends,
            "previous-on-the-first-page",
            "the first page has a previous link",
            _on_links(lambda asked, found: {"previous": asked, **found}),
        )
    form = assumed_of(links.form)
    yield from make_fault(
        links.clauses.form if links.form == form else (),
        "links-of-another-form",
        f"links are {_OTHER_FORMS[form]} and not {form}",
        with_changed_listing(_with_form(links, _OTHER_FORMS[form])),
    )


def _forgetful_links(listing: Listing, links: PageLinks) -> Iterator[Fault]:
    """Links that lose a part of the request on the way."""
    order, paging = listing.order, listing.paging
    sorted_by = () if order is None else (order.sort.parameter if order.sort else None, order.descending)
    parts = {
        "filters": tuple(listing.filters),
        "the-order": tuple(name for name in sorted_by if name is not None),
        "the-size": () if paging.size_parameter is None else (paging.size_parameter,),
    }
    # Of a filter on what rows do not show a client may know no value that selects more than a page.
    shown = (name for name, rule in listing.filters.items() if not all(path.hidden for path in rule.compares))
    first = next(shown, None)
    parts |= {} if first is None else {first: (first,)}
    for word, names in parts.items():
        yield from make_fault(
            links.clauses.keeps if names else (),
            f"links-drop-{word}",
            f"a link does not carry {word.replace('-', ' ')} on",
            _on_links(lambda asked, found, names=names: {name: _without(one, names) for name, one in found.items()}),  # type: ignore[misc]
        )


def _misleading_links(listing: Listing, links: PageLinks, name: LinkName) -> Iterator[Fault]:
    """Links of one name that lead to another page, to another host, or are missing."""
    clauses = links.by_name[name].clause
    if name == "self":
        # On the first page it is right by luck.
        word, says, places = "leads-to-the-first", "to the first page", listing.paging.place_parameters
    else:
        word, says, places = "leads-to-itself", "to the page on which it stands", ()
    yield from make_fault(
        clauses,
        f"{name}-{word}",
        f"a {name} link leads {says}",
        _on_links(lambda asked, found: {**found, name: _without(asked, places)} if name in found else found),
    )
    yield from make_fault(
        clauses,
        f"{name}-missing",
        f"there is no {name} link",
        _on_links(lambda asked, found: {one: link for one, link in found.items() if one != name}),
    )
    if assumed_of(links.form) == "absolute":
        yield from make_fault(
            clauses,
            f"{name}-to-another-host",
            f"a {name} link leads to another host",
            _on_links(lambda asked, found: {**found, name: _elsewhere(found[name])} if name in found else found),
        )


def _on_links(
    change: Callable[[ListRequest, Mapping[LinkName, ListRequest]], Mapping[LinkName, ListRequest]],
) -> Hooks:
    """Hooks that change the requests that links are, given the request that was made."""
    return Hooks(links=lambda found, asked: change(asked, found))


def _without(ask: ListRequest, names: tuple[str, ...]) -> ListRequest:
    return replace(ask, values={name: value for name, value in ask.values.items() if name not in names})


def _elsewhere(ask: ListRequest) -> ListRequest:
    return replace(ask, url=f"http://{_ELSEWHERE}{urlsplit(ask.url).path}")


def _with_form(links: PageLinks, form: str) -> Callable[[Listing], Listing]:
    def change(listing: Listing) -> Listing:
        paging = listing.paging
        changed = replace(paging, links=replace(links, form=form))  # type: ignore[arg-type]
        return replace(listing, paging=changed)

    return change


def page_number_faults(listing: Listing) -> Iterator[Fault]:
    """The faults of numbers about a page: a wrong number of pages, places that are off by one."""
    count, first, last = page_number_parts(listing.paging)
    if count is not None:
        yield from make_fault(count.clause, "no-page-count", "the number of pages is missing", without_part(count.at))
        yield from make_fault(
            count.clause,
            "page-count-rounded-down",
            "the last page is not counted where it is not full",
            on_page(_round_page_count_down),
        )
        yield from make_fault(
            count.clause,
            "page-count-one-more",
            "the number of pages is one too many",
            on_page(lambda page, context: replace(page, page_count=(page.page_count or 0) + 1)),
        )
    if first is not None:
        yield from _index_faults(first.clause, "first-index", first.at, _move_first_index)
    if last is not None:
        yield from _index_faults(last.clause, "last-index", last.at, _move_last_index)
    yield from _more_faults(listing)


def _may_go_on(part: PageLinks | PageMore) -> bool:
    """Whether the last page, where it is full, may say that the list goes on."""
    return part.full_last != "ends"


def _more_faults(listing: Listing) -> Iterator[Fault]:
    more = more_part(listing.paging)
    if more is None:
        return
    changes: list[tuple[str, str, Callable[[AnswerContent, PageContext], bool]]] = [
        ("more-always", "rows always follow", lambda page, context: True),
        ("more-never", "no rows ever follow", lambda page, context: False),
        ("more-on-every-page", "of a list of several pages rows follow the last one, too", _is_part),
    ]
    if not _may_go_on(more):
        changes.append(("more-after-a-full-page", "rows follow each page that is full", _is_full))
    for name, says, told in changes:
        yield from make_fault(
            more.clause,
            name,
            f"the answer says that {says}",
            on_page(lambda page, context, told=told: replace(page, more=told(page, context))),  # type: ignore[misc]
        )
    if more.full_last == "goes-on":
        yield from make_fault(
            more.clause,
            "more-ends-on-a-full-page",
            "the answer says that no rows follow a last page that is full",
            with_changed_listing(with_part("paging", more=replace(more, full_last="ends"))),
        )
    yield from make_fault(more.clause, "no-more", "whether rows follow is not told", without_part(more.at))


def _is_full(page: AnswerContent, context: PageContext) -> bool:
    return page.returned > 0 and page.returned == context.plan.asked_slice.take


def _is_part(page: AnswerContent, context: PageContext) -> bool:
    return page.returned < context.query_result.total


def _index_faults(
    clauses: Clauses, name: str, place: str, move: Callable[[AnswerContent, PageContext], AnswerContent]
) -> Iterator[Fault]:
    says = name.replace("-", " ")
    yield from make_fault(clauses, f"{name}-off-by-one", f"the {says} is one too many", on_page(move))
    yield from make_fault(clauses, f"no-{name}", f"the {says} is missing", without_part(place))


def _round_page_count_down(page: AnswerContent, context: PageContext) -> AnswerContent:
    take = context.plan.asked_slice.take
    if page.page_count is None or not take:
        return page
    return replace(page, page_count=max(1, context.query_result.total // take))


def _move_first_index(page: AnswerContent, context: PageContext) -> AnswerContent:
    return page if page.first_index is None else replace(page, first_index=page.first_index + 1)


def _move_last_index(page: AnswerContent, context: PageContext) -> AnswerContent:
    return page if page.last_index is None else replace(page, last_index=page.last_index + 1)
