"""Invalid answers by their links to other pages: wrong, missing, to the page itself, without the filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, final
from urllib.parse import urlsplit

from harness.generate.response_breaker import InvalidResponse, ResponseBreaker, ValidResponse
from harness.generate.sample_exchanges import PAGE_SIZE, filter_values, page_places
from harness.specification.model import Clauses, LinkName, PageLinks, links_of
from harness.wire.decoded_body import Tree
from harness.wire.json_body import put_value
from harness.wire.page_links import stands_in_link_header, write_link_header
from harness.wire.response_codec import decode_response

_HOST: Final = "https://pages.example.com"


def break_links(maker: ResponseBreaker) -> Iterator[InvalidResponse]:
    """Links that do not lead to the page that they name, where the API has links."""
    links = links_of(maker.listing.paging)
    if links is None:
        return
    breaker = _LinkBreaker(maker, links)
    yield from breaker.mislead()
    yield from breaker.go_on_past_the_ends()
    yield from breaker.forget_the_filter()
    yield from breaker.change_the_form()


@final
class _LinkBreaker:
    """Answers of several pages of one API, and their links."""

    def __init__(self, maker: ResponseBreaker, links: PageLinks) -> None:
        self.maker = maker
        self.links = links
        self.first = maker.first_page
        client = maker.client
        places = {name: values for name, _, values in page_places(client, len(client.visible_rows))}
        size = client.size_values(PAGE_SIZE)
        self.second, self.last = (
            maker.fetch_valid(client.list_request({**size, **places[name]})) if name in places else None
            for name in ("second-page", "last-page")
        )

    def told(self, valid: ValidResponse | None) -> Mapping[LinkName, str]:
        """The links of an answer, those that there are."""
        if valid is None:
            return {}
        found = decode_response(self.maker.listing, valid.response).links
        return {name: link for name, link in found.items() if isinstance(link, str) and link}

    def mislead(self) -> Iterator[InvalidResponse]:
        """A link to the page itself, to another page, and none."""
        onward = self.told(self.first).get("next")
        beyond = self.told(self.second).get("next")
        for name, link in self.links.by_name.items():
            valid = self.second if name == "previous" else self.first
            told = self.told(valid)
            if valid is None or name not in told:
                continue
            here = self.told(self.first).get("next") if name == "previous" else self._uri_of_first()
            if name in ("next", "previous") and here is not None:
                yield from self._put(valid, name, here, link.clause, f"the {name} link leads to the page itself")
            if name != "previous":
                elsewhere = beyond if name == "next" else onward
                yield from self._put(valid, name, elsewhere, link.clause, f"the {name} link leads to another page")
            yield from self._put(valid, name, None, link.clause, f"the {name} link is missing")

    def go_on_past_the_ends(self) -> Iterator[InvalidResponse]:
        """A next link on the last page, and a previous one on the first."""
        first, onward = self._uri_of_first(), self.told(self.first).get("next")
        ends: tuple[tuple[LinkName, ValidResponse | None, str | None], ...] = (
            ("next", self.last, first),
            ("previous", self.first, onward),
        )
        for name, valid, uri in ends:
            link = self.links.by_name.get(name)
            if link is not None and valid is not None and name not in self.told(valid):
                clauses = self.links.clauses.ends or link.clause
                what = "last" if name == "next" else "first"
                yield from self._put(valid, name, uri, clauses, f"a {name} link on the {what} page")

    def forget_the_filter(self) -> Iterator[InvalidResponse]:
        """A next link that carries on everything but the filter."""
        client = self.maker.client
        plain = self.told(self.maker.fetch_valid(client.list_request(client.size_values(1)))).get("next")
        for name in client.listing.filters if plain is not None else ():
            values = filter_values(client, name)
            if values is None or name in client.required_values:
                continue
            valid = self.maker.fetch_valid(client.list_request({**client.size_values(1), **values}))
            if self.told(valid).get("next") not in (None, plain):
                done = f"a next link without the filter: {name}"
                yield from self._put(valid, "next", plain, self.links.clauses.keeps, done)
                return

    def change_the_form(self) -> Iterator[InvalidResponse]:
        """A link with scheme and host where none are promised, and the other way round."""
        onward = self.told(self.first).get("next")
        if onward is None:
            return
        parts = urlsplit(onward)
        target = f"{parts.path}?{parts.query}"
        match self.maker.client.dialect.resolve(self.links.form):
            case "absolute":
                done, changed = "a next link without scheme and host", target
            case "relative":
                done, changed = "a next link with scheme and host", _HOST + target
            case _:
                done, changed = "a next link with a path", f"/somewhere?{parts.query}"
        yield from self._put(self.first, "next", changed, self.links.clauses.form, done)

    def _uri_of_first(self) -> str | None:
        """The link to the first page: its own, or the way back from the second."""
        return self.told(self.first).get("self") or self.told(self.second).get("previous")

    def _put(
        self, valid: ValidResponse, name: LinkName, uri: str | None, clauses: Clauses, done: str
    ) -> Iterator[InvalidResponse]:
        """The answer with another link of this name; None for no such link."""
        told = self.told(valid)
        if told.get(name) == uri:
            return
        place = self.links.by_name[name].at
        if stands_in_link_header(place):
            kept: dict[LinkName, str] = {**told, name: uri or ""}
            value = write_link_header({one: link for one, link in kept.items() if link})
            yield from self.maker.break_number(clauses, done, valid, place, value or None)
        elif uri is None and self.maker.client.dialect.resolve(self.links.absent) == "none":
            tree: Tree = valid.copy_tree()
            yield from self.maker.break_clause(clauses, done, valid, put_value(tree, place, None), place)
        else:
            yield from self.maker.break_number(clauses, done, valid, place, uri)
