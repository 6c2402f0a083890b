"""The simulated API as a pure function: request, world and instant in, response out."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Final, Protocol, TypeVar, cast, final
from urllib.parse import urlsplit

from harness.errors import UsageProblem
from harness.serve.authentication import (
    Authenticator,
    KeyPair,
    SimulatedUser,
    built_in_users,
    is_signed_token,
    with_session_token,
)
from harness.serve.envelopes import EnvelopeMemory
from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import (
    NO_HOOKS,
    AnswerContent,
    AnswerContext,
    PageContext,
    RowTree,
    combine_hooks,
    is_active_hook,
)
from harness.serve.index.live_rows import LiveRows
from harness.serve.index.row_index import IndexSnapshot, RowIndex
from harness.serve.instant_view import InstantView
from harness.serve.query.cursors import Cursor, encode_cursor
from harness.serve.query.page_parts import PagePlace, linked_pages, page_numbers
from harness.serve.query.parameters import parse_parameters
from harness.serve.query.plan_memory import PlanMemory
from harness.serve.query.query_builder import AnswerPlan, cursor_sort_text, plan_answer, unfiltered_query
from harness.serve.query.table import Query, QueryResult, SortPosition, Table
from harness.serve.row_writer import Envelope, RowVariant, RowWriter
from harness.specification.access import ways_of
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import (
    CursorPaging,
    Listing,
    PageNumberPaging,
    links_of,
    more_part,
    page_number_parts,
)
from harness.telephony.attributes import Grain
from harness.telephony.records import Record
from harness.wire.credentials_codec import credential_header_names
from harness.wire.decoded_body import Tree
from harness.wire.derived_fields import shown_attributes
from harness.wire.header_parameters import header_parameters
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import ListRequest
from harness.wire.page_links import write_link
from harness.wire.range_values import sent_name
from harness.wire.request_codec import RefusedRequest, RequestReader
from harness.wire.response_codec import (
    Headers,
    PageParts,
    encode_error,
    encode_response,
    error_tree,
    is_xml,
    log_in_tree,
    success_tree,
)
from harness.wire.row_codec import ApiRow
from harness.wire.settled_values import refuse_settled_values, repeated_values, repeats_values, without_company
from harness.world.customers import Customers
from harness.world.listed_calls import ListedCalls
from harness.world.ordered_rows import OrderedRowTable
from harness.world.traffic import millis_of
from harness.world.world import World, merge_records

T = TypeVar("T")

_MAX_INSTANTS: Final = 4
UNKNOWN_PATH_RESPONSE: Final = HttpResponse(
    http_status=404, headers=(("Content-Type", "text/plain; charset=utf-8"),), body=b"no API lives here\n"
)


class RecordSource(Protocol):
    """The world as the simulator sees it: call records at an instant, and the customers who own them."""

    @property
    def customers(self) -> Customers:
        """All customers, of whom some own calls."""
        ...

    @property
    def home_customer_id(self) -> int:
        """The customer of the default user."""
        ...

    @property
    def instant(self) -> datetime:
        """The instant at which the world was made."""
        ...

    def records(
        self,
        grain: Grain,
        population: ListedCalls,
        at: datetime,
        *,
        attributes: Collection[str] | None = None,
    ) -> Sequence[Record]:
        """The records of a population at an instant, in the order of (started_at, identity)."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAnswer:
    """A response, and the spec's name of the error that it tells; None for a success and for another path."""

    response: HttpResponse
    error_name: str | None = None


@final
class Simulator:
    """One documented API over one world. `answer` is a pure function; its caches only save time."""

    def __init__(
        self,
        spec: Spec,
        world: RecordSource,
        *,
        dialect: Dialect | None = None,
        users: Iterable[SimulatedUser] | None = None,
        key: KeyPair | None = None,
        any_jwt: bool = False,
        faults: Iterable[Fault] = (),
        fast: bool = True,
    ) -> None:
        """`fast` False builds every answer from rows one by one: the same answers, slowly."""
        self._hooks = combine_hooks(fault.hooks for fault in faults)
        self.documented_spec = spec
        self.spec = replace(spec, listing=self._hooks.listing(spec.listing))
        self.world = world
        self.dialect = dialect if dialect is not None else Dialect()
        self._base_paths = base_paths_of(spec)
        self.base_path = self._base_paths[0]
        self.users: tuple[SimulatedUser, ...] = (
            tuple(with_session_token(spec.listing.access, user) for user in users)
            if users is not None
            else built_in_users(spec, customers=world.customers, home=world.home_customer_id, key=key)
        )
        if not self.users:
            raise UsageProblem(f"users of {spec.id}", "at least one identity", "none")
        self._authenticator = Authenticator(access=self.spec.listing.access, users=self.users, any_jwt=any_jwt)
        self._readers = tuple(RequestReader(self.spec, self.dialect, base_path=path) for path in self._base_paths)
        self._has_fresh_ids = any(part.fresh is not None for part in self.spec.listing.outcome.envelope.values())
        self._repeats_values = repeats_values(self.spec.listing)
        self._is_signed = any(way.signature is not None for way in ways_of(self.spec.listing.access))
        paging = self.spec.listing.paging
        self._has_links = links_of(paging) is not None
        self._tells_places = more_part(paging) is not None or any(page_number_parts(paging))
        # The plain way plans every request by itself.
        self._plans = PlanMemory.of(self.spec.listing, self.dialect) if fast and self._hooks is NO_HOOKS else None
        self._population = ListedCalls(self.dialect.resolve(self.spec.listing.lists.calls))
        self._fast = fast
        self._writer = RowWriter.of(self.spec.listing)
        # Many answers have the same envelope: the pages of one walk share their totals and echoes.
        self._envelopes = EnvelopeMemory()
        self._row_index: RowIndex | None = None
        self._snapshots: OrderedDict[datetime, IndexSnapshot] = OrderedDict()
        self._live_rows: tuple[OrderedRowTable, LiveRows] | None = None
        self._views: OrderedDict[datetime, InstantView] = OrderedDict()
        self._lock = Lock()

    # --- one request ----------------------------------------------------------------------------------------

    def answer(self, request: HttpRequest, at: datetime, *, now: datetime | None = None) -> HttpResponse:
        """The response to a request when the world is at an instant; `now` is the wall clock where it differs.

        The wall clock decides which tokens have expired.
        """
        return self.simulate(request, at, now=now).response

    def simulate(self, request: HttpRequest, at: datetime, *, now: datetime | None = None) -> SimulatedAnswer:
        """The same response, and the error that it tells."""
        ask = self.decode_list_request(request)
        if ask is None:
            return SimulatedAnswer(response=UNKNOWN_PATH_RESPONSE)
        return self._simulate_list_request(ask, at, now=now)

    def knows_path(self, path: bytes) -> bool:
        """Whether a request to a path may be for this API; False alone is certain."""
        return self._hooks is not NO_HOOKS or any(reader.knows_path(path) for reader in self._readers)

    def decode_list_request(self, request: HttpRequest) -> ListRequest | RefusedRequest | None:
        """The list request in an HTTP request, or the refusal it gets; None for a request to another path."""
        request = self._hooks.request(request)
        for reader in self._readers:
            ask = reader.read(request)
            if ask is not None:
                if self._has_fresh_ids:
                    ask = self._with_digest(ask, request)
                if self._has_links and isinstance(ask, ListRequest):
                    ask = replace(ask, url=self._url_of(request))
                if self._is_signed and isinstance(ask, ListRequest):
                    ask = replace(ask, signed=request)
                return self._hooks.list_request(ask)
        return None

    def _url_of(self, request: HttpRequest) -> str:
        """Where a request came to: scheme, host and path; without a Host header the spec's own server."""
        host = request.header("host")
        origin = f"{'https' if request.secure else 'http'}://{host}" if host else server_origin(self.documented_spec)
        return origin + (request.mounted_at + request.path).decode("ascii", "replace")

    def _with_digest(self, ask: ListRequest | RefusedRequest, request: HttpRequest) -> ListRequest | RefusedRequest:
        """The request with what the ids of its answer alone are made from."""
        told = repr((request.method, request.target, request.headers, request.body))
        return replace(ask, digest=hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest())

    @cached_property
    def headers_read(self) -> frozenset[str] | None:
        """The names, in lower case, of the headers that an answer may depend on; None where each of them may."""
        if self._has_fresh_ids:
            return None
        listing = self.spec.listing
        named = {*credential_header_names(listing.access), *header_parameters(listing)}
        own = frozenset(name.lower() for name in named)
        return own | {"authorization", "content-type", "cookie", "host"}

    def is_answer_lasting(self, ask: ListRequest | RefusedRequest) -> bool:
        """Whether the same request gets the same answer while the world stands still at its instant.

        Signed tokens and requests expire by the wall clock, and a fault may do what it likes.
        """
        if self._hooks is not NO_HOOKS or (self._is_signed and isinstance(ask, ListRequest)):
            return False
        access = self.spec.listing.access
        if access.jwt is None or isinstance(ask, RefusedRequest):
            return True
        return not is_signed_token(ask.credentials.get(access.token))

    def answer_list_request(
        self, ask: ListRequest | RefusedRequest, at: datetime, *, now: datetime | None = None
    ) -> HttpResponse:
        """The response to a list request that `decode_list_request` gave."""
        return self._simulate_list_request(ask, at, now=now).response

    def select_rows(self, ask: ListRequest, at: datetime) -> tuple[ApiRow, ...]:
        """The rows that the answer shows, as values; none where the request is refused."""
        plan = self._plan_answer(ask, at, at)
        if isinstance(plan, RefusedRequest):
            return ()
        view = self._view_at(at)
        page = self._select_page(plan, view, ask)
        return () if isinstance(page, RefusedRequest) else tuple(view.row_at(row) for row in page.rows)

    # --- its stages: any of them may refuse, and a refusal is encoded in one place -------------------------------

    def _simulate_list_request(
        self, ask: ListRequest | RefusedRequest, at: datetime, *, now: datetime | None
    ) -> SimulatedAnswer:
        if isinstance(ask, RefusedRequest):
            return self._encode_refusal(ask, None)
        answered = self._answer_or_refuse(ask, at, now if now is not None else at)
        if isinstance(answered, RefusedRequest):
            return self._encode_refusal(answered, ask)
        return SimulatedAnswer(response=answered)

    def _answer_or_refuse(self, ask: ListRequest, at: datetime, now: datetime) -> HttpResponse | RefusedRequest:
        if ask.log_in:
            return self._answer_log_in(ask, now)
        plan = self._plan_answer(ask, at, now)
        if isinstance(plan, RefusedRequest):
            return plan
        if self._fast:
            answered = self._answer_from_index(plan, at, ask)
            if answered is not None:
                return answered
        view = self._view_at(at)
        page = self._select_page(plan, view, ask)
        return page if isinstance(page, RefusedRequest) else self._respond_with_page(page, plan, view, ask)

    def _answer_log_in(self, ask: ListRequest, now: datetime) -> HttpResponse | RefusedRequest:
        """The answer with a token, or the refusal."""
        user = self._hooks.user(self._authenticator.identify_user(ask, now), ask, self.users, now)
        if isinstance(user, RefusedRequest):
            return user
        listing = self.spec.listing
        headers, tree = log_in_tree(listing, user.credentials)
        media_type, body = encode_response(listing, tree)
        response = HttpResponse(
            http_status=listing.outcome.success.http, headers=(("Content-Type", media_type), *headers), body=body
        )
        return self._hooks.response(response, _success_context(ask))

    def _plan_answer(self, ask: ListRequest, at: datetime, now: datetime) -> AnswerPlan | RefusedRequest:
        memory, key = self._plans, None
        if memory is not None and self.is_answer_lasting(ask):
            key = memory.key_of(ask, at)
            known = memory.find(key, ask) if key is not None else None
            if known is not None:
                return known
        user = self._hooks.user(self._authenticator.authenticate(ask, now), ask, self.users, now)
        if isinstance(user, RefusedRequest):
            return user
        refused = refuse_settled_values(self.spec.listing, ask, user.credentials, self.dialect)
        if refused is not None:
            return refused
        ask = without_company(self.spec.listing, ask)
        parameters = self._hooks.parameters(parse_parameters(self.spec.listing, ask, self.dialect), ask)
        if isinstance(parameters, RefusedRequest):
            return parameters
        plan = plan_answer(parameters, user, customers=self.world.customers, at=at, choices=self.dialect)
        if not isinstance(plan, RefusedRequest):
            if self._repeats_values:
                plan = plan._replace(repeated=repeated_values(self.spec.listing, ask, user.credentials))
            if memory is not None and key is not None:
                memory.keep(key, parameters, plan)
        return self._hooks.plan(plan, parameters)

    # --- answers from the row index: rows that are bytes already -----------------------------------------------

    def _answer_from_index(
        self, plan: AnswerPlan, at: datetime, ask: ListRequest
    ) -> HttpResponse | RefusedRequest | None:
        """The response, or the refusal, from the row index; None where only rows as values can give it."""
        if self._hooks is not NO_HOOKS or plan.count_unit == "calls":
            return None
        snapshot = self._snapshot_at(at)
        if snapshot is None or not snapshot.can_answer(plan.query):
            return None
        for condition, refused in plan.required_matches:
            if not snapshot.has_match(plan.query._replace(conditions=(condition,), owners=None)):
                return refused
        if plan.count_unit is not None:
            if isinstance(self.spec.listing.paging, CursorPaging):
                return None
            many = snapshot.count_page_rows(plan.query)
            page = AnswerContent(rows=(), count=many, total=None, returned=many)
            return self._respond_with_success(page, plan, None, ask)
        rendered = snapshot.render_page(plan)
        if not rendered.rows and self._refuses_past_the_end(plan):
            return self._past_the_end_refusal()
        empty = self.spec.listing.lists.empty_fault
        if not rendered.rows and empty is not None:
            return RefusedRequest(fault=empty)
        following = before = None
        paging = self.spec.listing.paging
        if isinstance(paging, CursorPaging) and rendered.first is not None and rendered.last is not None:
            following, before = self._cursors_between(
                plan, paging, rendered.first, rendered.last, is_last=rendered.is_last
            )
        page = AnswerContent(
            rows=(),
            count=None,
            total=rendered.total if plan.shows_total else None,
            returned=len(rendered.rows),
            next=following,
            prev=before,
        )
        page = self._with_numbers(page, plan, start=rendered.start, matching=rendered.total)
        page = self._with_unfiltered_total(page, plan, at, snapshot.count_page_rows)
        page = self._with_links(page, plan, ask, start=rendered.start, matching=rendered.total)
        return self._respond_with_row_bytes(page, plan, rendered.rows, ask)

    def _respond_with_row_bytes(
        self, page: AnswerContent, plan: AnswerPlan, rows: Sequence[bytes], ask: ListRequest
    ) -> HttpResponse:
        """The response with rows that are encoded already."""

        def make_envelope(page: AnswerContent, plan: AnswerPlan) -> Envelope:
            placeholder: list[Tree] = [RowWriter.row_placeholder()] if rows else []
            return self._writer.split_envelope(*self._answer_tree(page, plan, placeholder, ask.digest))

        if page.links:
            # Each link repeats the whole request, and where it came to.
            links = {name: linked.values for name, linked in page.links.items()}
            more: tuple[object, ...] = (ask.digest, repr(links), repr(ask.extra), repr(ask.repeated), ask.url)
        else:
            more = (ask.digest,)
        around = self._envelopes.find(page, plan, more, make_envelope)
        headers = (("Content-Type", around.media_type), *around.headers)
        body = self._writer.fill_envelope(around, rows)
        return HttpResponse(http_status=self.spec.listing.outcome.success.http, headers=headers, body=body)

    def _snapshot_at(self, at: datetime) -> IndexSnapshot | None:
        known = self._snapshots.get(at)
        if known is not None:
            # It holds at its instant, however far the world has been made since.
            return known
        timeline_of = getattr(self.world, "timeline", None)
        if timeline_of is None or self._population is ListedCalls.LIVE:
            return None
        with self._lock:
            timeline = timeline_of(Grain(self.spec.listing.lists.one_row_per), at)
            if timeline is None:
                return None
            if self._row_index is None or self._row_index.timeline is not timeline:
                attributes = attributes_of(self.spec.listing)
                self._row_index = RowIndex(self.spec.listing, self.dialect, timeline, attributes)
                self._snapshots.clear()
            snapshot = self._snapshots.get(at)
            if snapshot is None:
                given = self._given_records(at)
                snapshot = IndexSnapshot(self._row_index, at, self._population, self._table_of, given)
                self._snapshots[at] = snapshot
                while len(self._snapshots) > _MAX_INSTANTS:
                    self._snapshots.popitem(last=False)
            return snapshot

    def _given_records(self, at: datetime) -> Sequence[Record]:
        """The rows of given calls that are listed at an instant."""
        found: Sequence[Record] = ()
        if getattr(self.world, "given", None):
            grain = Grain(self.spec.listing.lists.one_row_per)
            found = cast(World, self.world).given_records(grain, self._population, at)
        return found

    def _table_of(self, records: Sequence[Record]) -> Table:
        return InstantView(self.spec.listing, records, self.world.instant, self.dialect).table

    # --- answers from the table: every row as values ------------------------------------------------------------

    def _select_page(self, plan: AnswerPlan, view: InstantView, ask: ListRequest) -> AnswerContent | RefusedRequest:
        table = view.table
        plan = plan._replace(query=self._hooks.query(plan.query, table))
        for condition, refused in plan.required_matches:
            if not len(table.matching_rows(plan.query._replace(conditions=(condition,), owners=None))):
                return refused
        found = table.find(plan.query)
        paging = self.spec.listing.paging
        if not found.page_rows and self._refuses_past_the_end(plan):
            return self._past_the_end_refusal()
        count = None
        if plan.count_unit is not None:
            count = (
                len(found.page_rows)
                if plan.count_unit == "rows"
                else table.count_distinct(found.page_rows, view.call_path)
            )
        page = AnswerContent(
            rows=found.page_rows,
            count=count,
            total=found.total if plan.shows_total else None,
            returned=len(found.page_rows),
        )
        if isinstance(paging, CursorPaging) and found.page_rows:
            page = self._with_cursors(page, plan, found, table, paging)
        page = self._with_numbers(page, plan, start=found.page_start, matching=found.total)
        page = self._with_unfiltered_total(page, plan, view.at, lambda query: len(table.matching_rows(query)))
        page = self._hooks.page(page, PageContext(table=table, plan=plan, query_result=found, at=view.at))
        empty = self.spec.listing.lists.empty_fault
        if not page.rows and page.count is None and empty is not None:
            return RefusedRequest(fault=empty)
        return self._with_links(page, plan, ask, start=found.page_start, matching=found.total)

    def _with_numbers(self, page: AnswerContent, plan: AnswerPlan, *, start: int, matching: int) -> AnswerContent:
        """The page with what the API tells of it: how many pages there are, where it lies, whether rows follow."""
        if not self._tells_places:
            return page
        paging = self.spec.listing.paging
        told = page_numbers(
            paging, plan.asked_slice, self.dialect, start=start, rows=page.returned, matching=matching
        )
        return replace(page, **told._asdict())

    def _with_unfiltered_total(
        self, page: AnswerContent, plan: AnswerPlan, at: datetime, count: Callable[[Query], int]
    ) -> AnswerContent:
        """The page with the number of all rows, where the API tells it beside the number of those that match."""
        listing = self.spec.listing
        if not plan.shows_total or listing.total is None or listing.total.unfiltered is None:
            return page
        return replace(page, unfiltered=count(unfiltered_query(listing, plan.query, at)))

    def _with_links(
        self, page: AnswerContent, plan: AnswerPlan, ask: ListRequest, *, start: int, matching: int
    ) -> AnswerContent:
        """The page with the requests of the pages that it links to."""
        if not self._has_links:
            return page
        place = PagePlace(
            slice=plan.asked_slice, start=start, matching=matching, following=page.next, before=page.prev
        )
        links = linked_pages(self.spec.listing, ask, place, self.dialect)
        return replace(page, links=self._hooks.links(links, ask))

    def _with_cursors(
        self, page: AnswerContent, plan: AnswerPlan, found: QueryResult, table: Table, paging: CursorPaging
    ) -> AnswerContent:
        sorting = plan.query.sort_order
        first, last = (table.position_of(row, sorting) for row in (page.rows[0], page.rows[-1]))
        following, before = self._cursors_between(plan, paging, first, last, is_last=found.is_last)
        return replace(page, next=following, prev=before)

    def _cursors_between(
        self, plan: AnswerPlan, paging: CursorPaging, first: SortPosition, last: SortPosition, *, is_last: bool
    ) -> tuple[str, str]:
        """The cursors to the pages after and before a page."""
        mark = cursor_sort_text(plan.query.sort_order)
        back = self.dialect.resolve(paging.prev_goes_into) == "after"
        following = encode_cursor(Cursor(sort=mark, position=last))
        if is_last and self.dialect.resolve(paging.next_on_last) == "empty":
            following = ""
        return following, encode_cursor(Cursor(sort=mark, position=first, backward=back))

    def _refuses_past_the_end(self, plan: AnswerPlan) -> bool:
        """Whether the API refuses a page beyond the last one."""
        paging = self.spec.listing.paging
        return (
            isinstance(paging, PageNumberPaging)
            and getattr(plan.query.page_slice, "skip", 0) > 0
            and self.dialect.resolve(paging.past_the_end) == "refused"
        )

    def _past_the_end_refusal(self) -> RefusedRequest:
        paging = cast(PageNumberPaging, self.spec.listing.paging)
        return RefusedRequest(fault=paging.past_the_end_fault, parameter=paging.page)

    def _respond_with_page(
        self, page: AnswerContent, plan: AnswerPlan, view: InstantView, ask: ListRequest
    ) -> HttpResponse:
        if self._hooks is NO_HOOKS and page.count is None:
            variant = RowVariant.of(plan)
            return self._respond_with_row_bytes(page, plan, view.row_bodies(page.rows, variant, self._writer), ask)
        rows: list[Tree] | None = None
        if page.count is None:
            rows = [self._row_tree(view, row, plan) for row in page.rows]
        return self._respond_with_success(page, plan, rows, ask)

    def _respond_with_success(
        self, page: AnswerContent, plan: AnswerPlan, rows: list[Tree] | None, ask: ListRequest
    ) -> HttpResponse:
        tree, headers = self._answer_tree(page, plan, rows, ask.digest)
        return self._respond(self.spec.listing.outcome.success.http, tree, _success_context(ask), headers)

    def _answer_tree(
        self, page: AnswerContent, plan: AnswerPlan, rows: list[Tree] | None, seed: bytes
    ) -> tuple[Tree, Headers]:
        """The tree of a success, and the headers of the parts that stand there."""
        listing = self.spec.listing
        links = links_of(listing.paging)
        parts = PageParts(
            page_count=page.page_count,
            first_index=page.first_index,
            last_index=page.last_index,
            more=page.more,
            unfiltered=page.unfiltered,
            links={}
            if links is None
            else {
                name: write_link(self.documented_spec, linked, self.dialect.resolve(links.form))
                for name, linked in page.links.items()
            },
        )
        echoes: dict[str, Tree] = dict(plan.echoes)
        if is_xml(listing):
            echoes = {pointer: str(value) for pointer, value in echoes.items()}
        return success_tree(
            listing,
            choices=self.dialect,
            rows=rows,
            count=page.count,
            total=page.total,
            returned=page.returned,
            next=page.next,
            prev=page.prev,
            echoes=echoes,
            zone_name=plan.zone_name,
            parts=parts,
            seed=seed,
        )

    def _row_tree(self, view: InstantView, row: int, plan: AnswerPlan) -> RowTree:
        encoded = view.row_tree(row, RowVariant.of(plan))
        return self._hooks.row(deepcopy(encoded), row, view.at) if is_active_hook(self._hooks.row) else encoded

    def _encode_refusal(self, refusal: RefusedRequest, ask: ListRequest | None) -> SimulatedAnswer:
        listing = self.spec.listing
        routing = listing.transport.routing
        # A fault that the spec does not name is answered as the nearest one that it does.
        known = listing.outcome.faults
        name = (
            refusal.fault
            if refusal.fault in known
            else next((n for n in _FALLBACK_FAULTS if n in known), next(iter(known)))
        )
        status, tree = error_tree(
            listing,
            name,
            choices=self.dialect,
            parameter=sent_name(listing, refusal.parameter),
            operation=refusal.operation or (routing.name if routing else ""),
            value=refusal.value,
            seed=ask.digest if ask is not None else refusal.digest,
        )
        context = AnswerContext(list_request=ask, refusal=refusal)
        media_type, body = encode_error(listing, name, self._hooks.tree(tree, context))
        headers = (("Content-Type", media_type),) if media_type is not None else ()
        response = HttpResponse(http_status=status, headers=headers, body=body)
        return SimulatedAnswer(response=self._hooks.response(response, context), error_name=name)

    def _respond(self, status: int, tree: Tree, context: AnswerContext, headers: Headers = ()) -> HttpResponse:
        media_type, body = encode_response(self.spec.listing, self._hooks.tree(tree, context))
        response = HttpResponse(http_status=status, headers=(("Content-Type", media_type), *headers), body=body)
        return self._hooks.response(response, context)

    def with_world(self, world: RecordSource) -> Simulator:
        """The same API over a world of the same generated calls; what was made of those is not made again."""
        other = copy(self)
        other.world = world
        # Those that may be used by another thread meanwhile are its own.
        other._snapshots, other._views, other._live_rows = OrderedDict(), OrderedDict(), None
        other._lock = Lock()
        return other

    def warm(self, at: datetime) -> None:
        """Build the index or table that the first request at an instant would otherwise wait for."""
        if not self._fast or self._hooks is not NO_HOOKS or self._snapshot_at(at) is None:
            self._view_at(at)

    def make_rows_ahead(self) -> bool:
        """Make some rows of a list that was asked for, before they are; False where there are none to make."""
        return self._row_index is not None and self._row_index.make_rows_ahead()

    def _view_at(self, at: datetime) -> InstantView:
        with self._lock:
            view = self._views.get(at)
            if view is None:
                view = self._views[at] = InstantView(self.spec.listing, self._records_at(at), at, self.dialect)
                while len(self._views) > _MAX_INSTANTS:
                    self._views.popitem(last=False)
            else:
                self._views.move_to_end(at)
            return view

    def _records_at(self, at: datetime) -> Sequence[Record]:
        """The records of all rows that are listed at an instant."""
        attributes = attributes_of(self.spec.listing)
        grain = Grain(self.spec.listing.lists.one_row_per)
        timeline_of = getattr(self.world, "timeline", None)
        quick = self._fast and self._population is ListedCalls.LIVE
        timeline = timeline_of(grain, at) if quick and timeline_of is not None else None
        if timeline is None:
            return self.world.records(grain, self._population, at, attributes=attributes)
        if self._live_rows is None or self._live_rows[0] is not timeline:
            self._live_rows = (timeline, LiveRows(timeline, attributes))
        found = self._live_rows[1].records_at(timeline.live_positions(millis_of(at)).tolist(), at)
        given = self._given_records(at)
        return merge_records(grain, found, given) if given else found


_FALLBACK_FAULTS: Final = ("invalid", "unreadable")


def _success_context(ask: ListRequest) -> AnswerContext:
    return AnswerContext(list_request=ask, refusal=None)


def attributes_of(listing: Listing) -> tuple[str, ...]:
    """The telephony attributes that a listing shows, filters by or is owned by."""
    grain = Grain(listing.lists.one_row_per)
    names = list(shown_attributes(listing.fields, listing.fields))
    names += [hidden.holds.head for hidden in listing.hidden.values()]
    names += [str(path) for path in listing.scope.owner_attributes] if listing.scope else []
    names += [name for name in ("call_ref",) if grain is Grain.LEG]
    return tuple(dict.fromkeys(names))


def base_paths_of(spec: Spec) -> tuple[str, ...]:
    """Every path that the variables of the spec's server allow, the default one first."""
    servers = spec.openapi.get("servers") or [{"url": ""}]
    url = str(servers[0].get("url", ""))
    urls = [url]
    for name, variable in (servers[0].get("variables") or {}).items():
        default = str(variable.get("default", ""))
        values = dict.fromkeys((default, *map(str, variable.get("enum", ()))))
        urls = [known.replace("{" + name + "}", value) for known in urls for value in values]
    return tuple(dict.fromkeys(urlsplit(known).path.rstrip("/") for known in urls))


def server_origin(spec: Spec) -> str:
    """Scheme and host of the spec's first server, its variables at their defaults; empty where it names none."""
    server = (spec.openapi.get("servers") or [{}])[0]
    url = str(server.get("url", ""))
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace("{" + name + "}", str(variable.get("default", "")))
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme else ""
