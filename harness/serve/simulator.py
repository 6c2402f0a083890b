"""The simulated API as a pure function: request, world and instant in, response out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any, Final, Protocol, cast, final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from harness.errors import Misuse
from harness.serve.access import Door, Identity, KeyPair, built_in_identities
from harness.serve.breaches.bending import Fault
from harness.serve.cursors import Cursor, encode_cursor
from harness.serve.planning import Plan, plan_request, sort_mark
from harness.serve.querying import Comparable, Found, Table
from harness.serve.reading import read_ask
from harness.serve.seams import Page, Row, Scene, Told, is_bent, joined
from harness.spec.dialect import Dialect
from harness.spec.load import Spec
from harness.spec.model import CursorPaging, Listing
from harness.telephony.attributes import Grain
from harness.telephony.records import Record
from harness.wire.ask import Ask
from harness.wire.exchange import HttpRequest, HttpResponse
from harness.wire.pages import encode_answer, fault_tree, success_tree, text_carried
from harness.wire.problems import Tree
from harness.wire.requests import Refused, decode_request
from harness.wire.rows import ShownRow, compared, encode_row, field_at, show
from harness.world.customers import Customers
from harness.world.population import Population

_INSTANTS: Final = 4
_VARIANTS: Final = 8
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
    ) -> None:
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
        view = self._view(at)
        shown = self._page(plan, view)
        if isinstance(shown, Refused):
            return self._refuse(shown, asked)
        return self._show(shown, plan, view, asked)

    def _page(self, plan: Plan, view: _View) -> Page | Refused:
        table = view.table
        for condition, refused in plan.known:
            if not len(table.matching(replace(plan.query, conditions=(condition,), owners=None))):
                return refused
        found = table.find(plan.query)
        paging = self.spec.listing.paging
        if (
            paging.kind == "page-number"
            and not found.page
            and getattr(plan.query.cut, "skip", 0) > 0
            and self.dialect.pick(paging.past_the_end) == "refused"
        ):
            return Refused(fault=paging.past_the_end_fault, parameter=paging.page)
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
        return self._seams.page(page, Scene(table=table, plan=plan, found=found))

    def _with_cursors(self, page: Page, plan: Plan, found: Found, table: Table, paging: CursorPaging) -> Page:
        sorting = plan.query.sorting
        first, last = (table.place_of(row, sorting) for row in (page.rows[0], page.rows[-1]))
        back = self.dialect.pick(paging.prev_goes_into) == "after"
        following = encode_cursor(Cursor(sort=sort_mark(sorting), place=last))
        if found.is_last and self.dialect.pick(paging.next_on_last) == "empty":
            following = ""
        previous = encode_cursor(Cursor(sort=sort_mark(sorting), place=first, back=back))
        return replace(page, next=following, prev=previous)

    def _show(self, page: Page, plan: Plan, view: _View, asked: Ask) -> HttpResponse:
        listing = self.spec.listing
        rows: list[Tree] | None = None
        if page.count is None:
            rows = [self._row(view, row, plan) for row in page.rows]
        echoes: dict[str, Tree] = dict(plan.echoes)
        if text_carried(listing):
            echoes = {pointer: str(value) for pointer, value in echoes.items()}
        tree = success_tree(
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
        return self._respond(listing.outcome.success.http, tree, Told(ask=asked, fault=None))

    def _row(self, view: _View, row: int, plan: Plan) -> Row:
        encoded = view.encoded(row, plan.zone, plan.without, plan.emptied)
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
        self._view(at)

    def _view(self, at: datetime) -> _View:
        with self._lock:
            view = self._views.get(at)
            if view is None:
                view = self._views[at] = _View(self.spec.listing, self.world, at, self.dialect)
                while len(self._views) > _INSTANTS:
                    self._views.popitem(last=False)
            else:
                self._views.move_to_end(at)
            return view


_COMMON: Final = ("invalid", "unreadable")


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

    def __init__(self, listing: Listing, world: Calls, at: datetime, dialect: Dialect) -> None:
        self.at = at
        self._listing = listing
        self._dialect = dialect
        grain = Grain(listing.lists.one_row_per)
        population = Population(dialect.pick(listing.lists.calls))
        self._records = world.records(grain, population, at, attributes=attributes_of(listing))
        self._rows: list[ShownRow] = [show(listing.fields, record) for record in self._records]
        self._encoded: OrderedDict[tuple[str, frozenset[str], frozenset[str]], dict[int, Row]] = OrderedDict()
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
        head, _, tail = path.partition(".")
        if head == "attribute":
            return [_attributes(record, tail) for record in self._records]
        if head == "hidden":
            hidden = self._listing.hidden[tail]
            if hidden.words:
                words: Mapping[Any, str] = hidden.words
                return [
                    tuple(words.get(value) for value in _attributes(record, hidden.holds)) for record in self._records
                ]
            return [_attributes(record, hidden.holds) for record in self._records]
        field = field_at(self._listing.fields, path)
        # What is written as 0 compares as 0.
        none = 0 if field and field.as_ == "integer" and self._dialect.pick(field.absent) == "zero" else None
        return [
            tuple(none if value is None else cast(Comparable, value) for value in compared(row, path))
            for row in self._rows
        ]

    def _owners(self) -> Sequence[Sequence[Comparable | None]]:
        scope = self._listing.scope
        paths = [] if scope is None else [*scope.owners, *(f"attribute.{name}" for name in scope.owner_attributes)]
        columns = [self._values(path) for path in paths]
        return [tuple(value for column in columns for value in column[row]) for row in range(len(self._rows))]

    def encoded(self, row: int, zone: ZoneInfo, without: frozenset[str], emptied: frozenset[str]) -> Row:
        """A row as it is written."""
        key = (zone.key, without, emptied)
        written = self._encoded.get(key)
        if written is None:
            written = self._encoded[key] = {}
            while len(self._encoded) > _VARIANTS:
                self._encoded.popitem(last=False)
        found = written.get(row)
        if found is None:
            found = written[row] = self._write(self._rows[row], zone, without, emptied)
        return found

    def _write(self, row: ShownRow, zone: ZoneInfo, without: frozenset[str], emptied: frozenset[str]) -> Row:
        listing = self._listing
        nested = {name for name in without | emptied if "[]." in name}
        tree = encode_row(
            listing.fields,
            row,
            zone=zone,
            picks=self._dialect,
            text_carried=text_carried(listing),
            without=without - nested,
        )
        for name in emptied - nested:
            tree[name] = []
        for name in nested:
            head, _, tail = name.partition("[].")
            inner = tree.get(head)
            for item in inner if isinstance(inner, list) else ():
                if isinstance(item, dict):
                    item.pop(tail, None)
        return tree


def _attributes(record: Mapping[str, Any], name: str) -> tuple[Comparable | None, ...]:
    head, nested, tail = name.partition("[].")
    value = record.get(head)
    if nested:
        return tuple(found for inner in value or () for found in _attributes(inner, tail))
    return value if isinstance(value, tuple) else (value,)
