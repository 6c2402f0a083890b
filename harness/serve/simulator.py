"""The simulated API as a pure function: request, world and instant in, response out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Final, Protocol, TypeVar, cast, final
from urllib.parse import urlsplit

from harness.errors import Misuse
from harness.serve.authentication import Door, Identity, KeyPair, built_in_identities
from harness.serve.faults.base import Fault
from harness.serve.faults.hooks import STRAIGHT, Page, Row, Scene, Told, is_bent, joined
from harness.serve.index.live_rows import Living
from harness.serve.index.row_index import Ledger, Moment
from harness.serve.query.cursors import Cursor, encode_cursor
from harness.serve.query.parameters import read_ask
from harness.serve.query.planner import Plan, plan_request, sort_mark
from harness.serve.query.table import Comparable, Found, Place, Table
from harness.serve.row_writer import Envelope, Variant, Writer, values_at, write_row
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import CursorPaging, Listing, PageNumberPaging
from harness.telephony.attributes import Grain
from harness.telephony.records import Record
from harness.wire.format_problems import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.list_request import Ask
from harness.wire.request_codec import Refused, decode_request
from harness.wire.response_codec import encode_answer, fault_tree, success_tree, text_carried
from harness.wire.row_codec import ShownRow, show
from harness.world.customers import Customers
from harness.world.population import Population
from harness.world.row_timeline import Timeline
from harness.world.traffic import millis_of

T = TypeVar("T")

_INSTANTS: Final = 4
_VARIANTS: Final = 8
_ENVELOPES: Final = 1024
_ENVELOPE_BYTES: Final = 4096
UNKNOWN_PATH: Final = HttpResponse(
    http_status=404, headers=(("Content-Type", "text/plain; charset=utf-8"),), body=b"no API lives here\n"
)


class Calls(Protocol):
    """The world as the simulator sees it: records at an instant, and whose they are."""

    @property
    def customers(self) -> Customers: ...

    @property
    def home_customer_id(self) -> int: ...

    @property
    def instant(self) -> datetime: ...

    def records(
        self,
        grain: Grain,
        population: Population,
        at: datetime,
        *,
        attributes: Collection[str] | None = None,
    ) -> Sequence[Record]: ...


@final
class Simulator:
    """One documented API over one world. `answer` is a pure function; what is remembered only saves time."""

    def __init__(
        self,
        spec: Spec,
        world: Calls,
        *,
        dialect: Dialect | None = None,
        users: Iterable[Identity] | None = None,
        key: KeyPair | None = None,
        any_jwt: bool = False,
        faults: Iterable[Fault] = (),
        fast: bool = True,
    ) -> None:
        """`fast` False answers from rows one by one: the same answers, slowly."""
        self._seams = joined(fault.seams for fault in faults)
        self.honest = spec
        self.spec = replace(spec, listing=self._seams.listing(spec.listing))
        self.world = world
        self.dialect = dialect if dialect is not None else Dialect()
        self._base_paths = base_paths_of(spec)
        self.base_path = self._base_paths[0]
        self.identities: tuple[Identity, ...] = (
            tuple(users)
            if users is not None
            else built_in_identities(spec, customers=world.customers, home=world.home_customer_id, key=key)
        )
        if not self.identities:
            raise Misuse(f"users of {spec.id}", "at least one identity", "none")
        self._door = Door(access=self.spec.listing.access, identities=self.identities, any_jwt=any_jwt)
        self._population = Population(self.dialect.pick(self.spec.listing.lists.calls))
        self._fast = fast
        self._writer = Writer.of(self.spec.listing)
        # What stands around the rows is the same in many answers: the totals and echoes of one question.
        self._envelopes: dict[Hashable, Envelope] = {}
        self._ledger: Ledger | None = None
        self._moments: OrderedDict[datetime, Moment] = OrderedDict()
        self._living: tuple[Timeline, Living] | None = None
        self._views: OrderedDict[datetime, _View] = OrderedDict()
        self._lock = Lock()

    # --- one request ----------------------------------------------------------------------------------------

    def answer(self, request: HttpRequest, at: datetime, *, now: datetime | None = None) -> HttpResponse:
        """The response to a request when the world is at an instant; `now` is the wall clock, if another."""
        asked = self.asked(request)
        if asked is None:
            return UNKNOWN_PATH
        return self.answer_asked(asked, at, now=now)

    def asked(self, request: HttpRequest) -> Ask | Refused | None:
        """What a request asks of this API; None for a request to another path."""
        heard = self._seams.request(request)
        for base_path in self._base_paths:
            asked = decode_request(self.spec, heard, self.dialect, base_path=base_path)
            if asked is not None:
                return self._seams.ask(asked)
        return None

    def answer_asked(self, asked: Ask | Refused, at: datetime, *, now: datetime | None = None) -> HttpResponse:
        """The response to what `asked` gave."""
        if isinstance(asked, Refused):
            return self._refuse(asked, None)
        wall = now if now is not None else at
        who = self._seams.who(self._door.admit(asked, wall), asked, self.identities, wall)
        if isinstance(who, Refused):
            return self._refuse(who, asked)
        listing = self.spec.listing
        given = self._seams.given(read_ask(listing, asked, self.dialect), asked)
        if isinstance(given, Refused):
            return self._refuse(given, asked)
        plan = plan_request(given, who, customers=self.world.customers, at=at, picks=self.dialect)
        plan = self._seams.plan(plan, given)
        if isinstance(plan, Refused):
            return self._refuse(plan, asked)
        if self._fast:
            quick = self._quick(plan, at, asked)
            if quick is not None:
                return quick
        view = self._view(at)
        shown = self._page(plan, view)
        if isinstance(shown, Refused):
            return self._refuse(shown, asked)
        return self._show(shown, plan, view, asked)

    # --- the quick way: columns, indexes, rows that are bytes already ------------------------------------------

    def _quick(self, plan: Plan, at: datetime, asked: Ask) -> HttpResponse | None:
        """The response by way of columns; None where only rows one by one will do."""
        if self._seams is not STRAIGHT or plan.count == "calls":
            return None
        moment = self._moment(at)
        if moment is None or not moment.answers(plan.query):
            return None
        for condition, refused in plan.known:
            if not moment.matches(replace(plan.query, conditions=(condition,), owners=None)):
                return self._refuse(refused, asked)
        if plan.count is not None:
            if isinstance(self.spec.listing.paging, CursorPaging):
                return None
            many = moment.how_many(plan.query)
            page = Page(rows=(), count=many, total=None, returned=many)
            return self._respond(self.spec.listing.outcome.success.http, self._tree(page, plan, None), _told(asked))
        excerpt = moment.excerpt(plan)
        if not excerpt.rows and self._is_past_the_end(plan):
            return self._refuse(self._past_the_end(), asked)
        page = Page(rows=(), count=None, total=excerpt.total if plan.total else None, returned=len(excerpt.rows))
        paging = self.spec.listing.paging
        if isinstance(paging, CursorPaging) and excerpt.first is not None and excerpt.last is not None:
            page = self._pointing(page, plan, paging, excerpt.first, excerpt.last, is_last=excerpt.is_last)
        return self._written(page, plan, excerpt.rows, asked)

    def _written(self, page: Page, plan: Plan, rows: Sequence[bytes], asked: Ask) -> HttpResponse:
        """The answer around rows that are written already."""
        key = (page.total, page.returned, page.next, page.prev, repr(plan.echoes), plan.zone_name)
        around = self._envelopes.get(key)
        if around is None:
            around = self._writer.around(self._tree(page, plan, [Writer.placeholder()] if rows else []))
            if len(self._envelopes) >= _ENVELOPES:
                self._envelopes.clear()
            if len(around.head) + len(around.tail) <= _ENVELOPE_BYTES:
                self._envelopes[key] = around
        headers = (("Content-Type", around.media_type),)
        body = self._writer.filled(around, rows)
        return HttpResponse(http_status=self.spec.listing.outcome.success.http, headers=headers, body=body)

    def _moment(self, at: datetime) -> Moment | None:
        timeline_of = getattr(self.world, "timeline", None)
        if timeline_of is None or self._population is Population.LIVE or getattr(self.world, "given", None):
            return None
        with self._lock:
            timeline = timeline_of(Grain(self.spec.listing.lists.one_row_per), at)
            if timeline is None:
                return None
            if self._ledger is None or self._ledger.timeline is not timeline:
                attributes = attributes_of(self.spec.listing)
                self._ledger = Ledger(self.spec.listing, self.dialect, timeline, attributes)
                self._moments.clear()
            moment = self._moments.get(at)
            if moment is None:
                moment = self._moments[at] = Moment(self._ledger, at, self._population, self._table_of)
                while len(self._moments) > _INSTANTS:
                    self._moments.popitem(last=False)
            return moment

    def _table_of(self, records: Sequence[Record]) -> Table:
        return _View(self.spec.listing, records, self.world.instant, self.dialect).table

    # --- the plain way: every row as values -------------------------------------------------------------------

    def _page(self, plan: Plan, view: _View) -> Page | Refused:
        table = view.table
        for condition, refused in plan.known:
            if not len(table.matching(replace(plan.query, conditions=(condition,), owners=None))):
                return refused
        found = table.find(plan.query)
        paging = self.spec.listing.paging
        if not found.page and self._is_past_the_end(plan):
            return self._past_the_end()
        count = None
        if plan.count is not None:
            count = len(found.page) if plan.count == "rows" else table.distinct(found.page, view.call_path)
        page = Page(
            rows=found.page,
            count=count,
            total=found.total if plan.total else None,
            returned=len(found.page),
        )
        if isinstance(paging, CursorPaging) and found.page:
            page = self._with_cursors(page, plan, found, table, paging)
        return self._seams.page(page, Scene(table=table, plan=plan, found=found, at=view.at))

    def _with_cursors(self, page: Page, plan: Plan, found: Found, table: Table, paging: CursorPaging) -> Page:
        sorting = plan.query.sorting
        first, last = (table.place_of(row, sorting) for row in (page.rows[0], page.rows[-1]))
        return self._pointing(page, plan, paging, first, last, is_last=found.is_last)

    def _pointing(
        self, page: Page, plan: Plan, paging: CursorPaging, first: Place, last: Place, *, is_last: bool
    ) -> Page:
        """A page with cursors to its neighbours."""
        mark = sort_mark(plan.query.sorting)
        back = self.dialect.pick(paging.prev_goes_into) == "after"
        following = encode_cursor(Cursor(sort=mark, place=last))
        if is_last and self.dialect.pick(paging.next_on_last) == "empty":
            following = ""
        return replace(page, next=following, prev=encode_cursor(Cursor(sort=mark, place=first, back=back)))

    def _is_past_the_end(self, plan: Plan) -> bool:
        """Whether a page without rows is refused."""
        paging = self.spec.listing.paging
        return (
            isinstance(paging, PageNumberPaging)
            and getattr(plan.query.cut, "skip", 0) > 0
            and self.dialect.pick(paging.past_the_end) == "refused"
        )

    def _past_the_end(self) -> Refused:
        paging = cast(PageNumberPaging, self.spec.listing.paging)
        return Refused(fault=paging.past_the_end_fault, parameter=paging.page)

    def _show(self, page: Page, plan: Plan, view: _View, asked: Ask) -> HttpResponse:
        if self._seams is STRAIGHT and page.count is None:
            variant = Variant(plan.zone, plan.without, plan.emptied)
            return self._written(page, plan, view.bodies(page.rows, variant, self._writer), asked)
        rows: list[Tree] | None = None
        if page.count is None:
            rows = [self._row(view, row, plan) for row in page.rows]
        tree = self._tree(page, plan, rows)
        return self._respond(self.spec.listing.outcome.success.http, tree, _told(asked))

    def _tree(self, page: Page, plan: Plan, rows: list[Tree] | None) -> Tree:
        listing = self.spec.listing
        echoes: dict[str, Tree] = dict(plan.echoes)
        if text_carried(listing):
            echoes = {pointer: str(value) for pointer, value in echoes.items()}
        return success_tree(
            listing,
            picks=self.dialect,
            rows=rows,
            count=page.count,
            total=page.total,
            returned=page.returned,
            next=page.next,
            prev=page.prev,
            echoes=echoes,
            zone_name=plan.zone_name,
        )

    def _row(self, view: _View, row: int, plan: Plan) -> Row:
        encoded = view.encoded(row, Variant(plan.zone, plan.without, plan.emptied))
        return self._seams.row(deepcopy(encoded), row, view.at) if is_bent(self._seams.row) else encoded

    def _refuse(self, fault: Refused, asked: Ask | None) -> HttpResponse:
        listing = self.spec.listing
        routing = listing.transport.routing
        # A fault that the spec does not name is told as the nearest one that it does.
        known = listing.outcome.faults
        name = fault.fault if fault.fault in known else next((n for n in _COMMON if n in known), next(iter(known)))
        status, tree = fault_tree(
            listing,
            name,
            picks=self.dialect,
            parameter=fault.parameter,
            operation=fault.operation or (routing.name if routing else ""),
            value=fault.value,
        )
        return self._respond(status, tree, Told(ask=asked, fault=fault))

    def _respond(self, status: int, tree: Tree, told: Told) -> HttpResponse:
        media_type, body = encode_answer(self.spec.listing, self._seams.tree(tree, told))
        response = HttpResponse(http_status=status, headers=(("Content-Type", media_type),), body=body)
        return self._seams.response(response, told)

    def warm(self, at: datetime) -> None:
        """Prepare what the first request at an instant would otherwise wait for."""
        if not self._fast or self._seams is not STRAIGHT or self._moment(at) is None:
            self._view(at)

    def _view(self, at: datetime) -> _View:
        with self._lock:
            view = self._views.get(at)
            if view is None:
                view = self._views[at] = _View(self.spec.listing, self._records(at), at, self.dialect)
                while len(self._views) > _INSTANTS:
                    self._views.popitem(last=False)
            else:
                self._views.move_to_end(at)
            return view

    def _records(self, at: datetime) -> Sequence[Record]:
        """All rows that are listed at an instant."""
        attributes = attributes_of(self.spec.listing)
        grain = Grain(self.spec.listing.lists.one_row_per)
        timeline_of = getattr(self.world, "timeline", None)
        quick = self._fast and self._population is Population.LIVE and not getattr(self.world, "given", None)
        timeline = timeline_of(grain, at) if quick and timeline_of is not None else None
        if timeline is None:
            return self.world.records(grain, self._population, at, attributes=attributes)
        if self._living is None or self._living[0] is not timeline:
            self._living = (timeline, Living(timeline, attributes))
        return self._living[1].seen(timeline.living(millis_of(at)).tolist(), at)


_COMMON: Final = ("invalid", "unreadable")


def _told(asked: Ask) -> Told:
    return Told(ask=asked, fault=None)


def attributes_of(listing: Listing) -> tuple[str, ...]:
    """The telephony attributes that a listing shows, filters by or is owned by."""
    grain = Grain(listing.lists.one_row_per)
    names = [field.shows for field in listing.fields.values() if field.shows is not None]
    names += [hidden.holds.partition("[].")[0] for hidden in listing.hidden.values()]
    names += listing.scope.owner_attributes if listing.scope else ()
    names += [name for name in ("call_ref",) if grain is Grain.LEG]
    return tuple(dict.fromkeys(names))


def base_path_of(spec: Spec) -> str:
    """The path of the spec's server, with the defaults of its variables; empty for a server at the top."""
    return base_paths_of(spec)[0]


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


@final
class _View:
    """The world at one instant as this API shows it: rows, columns over them, and rows already written."""

    def __init__(self, listing: Listing, records: Sequence[Record], at: datetime, dialect: Dialect) -> None:
        self.at = at
        self._listing = listing
        self._dialect = dialect
        self._records = records
        self._rows: list[ShownRow] = [show(listing.fields, record) for record in self._records]
        self._encoded: OrderedDict[Variant, dict[int, Row]] = OrderedDict()
        self._bodies: OrderedDict[Variant, dict[int, bytes]] = OrderedDict()
        self.call_path = "" if listing.lists.one_row_per != "leg" else "attribute.call_ref"
        self.table = Table(
            len(self._rows),
            identity=listing.lists.identity,
            values=self._values,
            owners=self._owners,
        )

    def _values(self, path: str) -> Sequence[Sequence[Comparable | None]]:
        if path == "":
            return [(row,) for row in range(len(self._rows))]
        return [
            values_at(self._listing, self._dialect, path, record, row)
            for record, row in zip(self._records, self._rows, strict=True)
        ]

    def _owners(self) -> Sequence[Sequence[Comparable | None]]:
        scope = self._listing.scope
        paths = [] if scope is None else [*scope.owners, *(f"attribute.{name}" for name in scope.owner_attributes)]
        columns = [self._values(path) for path in paths]
        return [tuple(value for column in columns for value in column[row]) for row in range(len(self._rows))]

    def encoded(self, row: int, variant: Variant) -> Row:
        """A row as it is written."""
        written = _kept(self._encoded, variant)
        found = written.get(row)
        if found is None:
            found = written[row] = write_row(self._listing, self._dialect, self._rows[row], variant)
        return found

    def bodies(self, rows: Sequence[int], variant: Variant, writer: Writer) -> list[bytes]:
        """Rows as they are sent."""
        written = _kept(self._bodies, variant)
        missing = [row for row in dict.fromkeys(rows) if row not in written]
        if missing:
            trees = [write_row(self._listing, self._dialect, self._rows[row], variant) for row in missing]
            written.update(zip(missing, writer.rows(trees), strict=True))
        return [written[row] for row in rows]


def _kept(variants: OrderedDict[Variant, dict[int, T]], variant: Variant) -> dict[int, T]:
    """What is remembered of one variant; of many only the last are."""
    found = variants.get(variant)
    if found is None:
        found = variants[variant] = {}
        while len(variants) > _VARIANTS:
            variants.popitem(last=False)
    return found
