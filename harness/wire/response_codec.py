"""The codec of responses: a success with rows, a number, or an error."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Literal, TypeVar, cast, final

from harness.errors import UsageProblem
from harness.integers import is_integer
from harness.specification.access import session_way
from harness.specification.answer_place import header_at, named_place
from harness.specification.dialect import ChoiceResolver
from harness.specification.model import (
    CursorPaging,
    ErrorKind,
    LinkName,
    Listing,
    OpenChoice,
    ReturnedCount,
    Scalar,
    Total,
    links_of,
    more_part,
    options_of,
    page_number_parts,
)
from harness.wire.csv_body import MEDIA_TYPE, decode_csv, encode_csv_header, encode_csv_lines
from harness.wire.decoded_body import FormatProblem, Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.id_forms import id_of_number
from harness.wire.json_body import MISSING, Missing, decode_json, encode_json, put_value, tree_at
from harness.wire.other_forms import integer_said, says_nothing
from harness.wire.other_rows import other_rows
from harness.wire.page_links import link_parameter, read_links, stands_in_link_header, write_link_header
from harness.wire.told_outcome import (
    code_told,
    message_told,
    number_and_shape,
    tells_success,
)
from harness.wire.xml_body import decode_xml, encode_xml

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedResponse:
    """A response decoded by the spec: outcome, code, rows, total, cursors and problems.

    `outcome` is `unreadable` when the body is not what the media type promises, `error` when the spec's way of
    telling an error is met, else `success`. A part that is not there is MISSING, a null is None; where the spec
    lets a server write no rows or 0 so, they are read as such.

    `tree` and `rows_raw` are what came. Parts in another form than the promised one are understood where that is
    beyond doubt: `rows` also where they stand elsewhere or otherwise, which `rows_flaw` tells.
    """

    outcome: Literal["success", "error", "unreadable"]
    http_status: int
    tree: Tree | Missing
    problems: tuple[FormatProblem, ...]
    code: Tree | Missing = MISSING
    message: Tree | Missing = MISSING
    key: Tree | Missing = MISSING
    rows: tuple[Tree, ...] | None = None
    rows_raw: Tree | Missing = MISSING
    rows_flaw: str = ""
    total: Tree | Missing = MISSING
    returned: Tree | Missing = MISSING
    next_cursor: Tree | Missing = MISSING
    previous_cursor: Tree | Missing = MISSING
    links: Mapping[LinkName, Tree | Missing] = field(default_factory=lambda: MappingProxyType({}))
    headers: tuple[tuple[str, str], ...] = ()
    told_empty: bool = False
    """The error that stands for a list without rows; the outcome is that of a success."""

    def part_at(self, place: str) -> Tree | Missing:
        """The part at a pointer or in a header; there an integer is read as one, as its digits are all it can be."""
        header = header_at(place)
        if header is not None:
            value = next((value for name, value in self.headers if name.lower() == header.lower()), None)
            return _header_tree(value)
        return MISSING if isinstance(self.tree, Missing) else tree_at(self.tree, place)


def is_xml(listing: Listing) -> bool:
    """Whether every leaf of an answer is text (XML)."""
    return listing.lists.root is not None


def is_csv(listing: Listing) -> bool:
    """Whether a success is a table of texts (CSV); errors are JSON then."""
    return listing.transport.answers[0].partition(";")[0].strip().lower() == MEDIA_TYPE


def carries_text(listing: Listing) -> bool:
    """Whether every value of a row is carried as a text: XML and CSV know no other."""
    return is_xml(listing) or is_csv(listing)


def xml_row_names(listing: Listing) -> Mapping[str, str]:
    """XML: the pointers of lists and the names of their elements."""
    return {listing.lists.rows_at: listing.lists.row_element} if listing.lists.row_element else {}


# --- writing ------------------------------------------------------------------------------------------------


Headers = tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PageParts:
    """What an answer tells of its page beside the rows: the number of pages, the places of its rows, all rows, links.

    A link that is None leads to a page that there is not.
    """

    page_count: int | None = None
    first_index: int | None = None
    last_index: int | None = None
    more: bool | None = None
    unfiltered: int | None = None
    links: Mapping[LinkName, str | None] = field(default_factory=lambda: MappingProxyType({}))


NO_PARTS: Final = PageParts()


def success_tree(
    listing: Listing,
    *,
    choices: ChoiceResolver,
    rows: Sequence[Tree] | None = None,
    count: int | None = None,
    total: int | None = None,
    returned: int | None = None,
    next: str | None = None,
    prev: str | None = None,
    echoes: Mapping[str, Tree] | None = None,
    zone_name: str | None = None,
    parts: PageParts = NO_PARTS,
    seed: bytes = b"",
) -> tuple[Tree, Headers]:
    """The tree of a success, and the headers of its parts that stand there.

    `rows`, or `count` for an answer that is only a number; `echoes` by pointer. `total` None leaves it out in the
    way the spec's switch says. Fresh ids are made from `seed`.
    """
    answer = _Answer(listing, {} if listing.lists.root is None else MISSING)
    for pointer, value in listing.outcome.success.shows.items():
        answer.put(pointer, _scalar_tree(listing, value))
    if listing.total is not None and count is None:
        if total is not None:
            answer.put_number(listing.total, total, choices)
        elif listing.total.switch is not None:
            off = choices.resolve(listing.total.switch.off)
            if off in ("none", "zero", "empty"):
                answer.put(listing.total.at, None if off == "none" else _scalar_tree(listing, 0))
    if rows is not None:
        absent = "empty" if rows else choices.resolve(listing.lists.absent)
        if absent != "missing":
            listed = [listed_row(listing, row) for row in rows]
            answer.put(listing.lists.rows_at, None if absent == "none" else listed)
    elif count is not None and listing.count_only is not None:
        answer.put(listing.lists.rows_at, _count_tree(choices.resolve(listing.count_only.shape), count))
    if listing.returned is not None and returned is not None:
        answer.put_number(listing.returned, returned, choices)
    cursors: dict[str, Tree] = {}
    if isinstance(listing.paging, CursorPaging) and rows is not None:
        places = ((listing.paging.next_at, next), (listing.paging.prev_at, prev))
        none = _absent_cursor(listing.paging, choices)
        told = {place: cursor or none for place, cursor in places if place is not None}
        cursors = {place: cursor for place, cursor in told.items() if not isinstance(cursor, Missing)}
    omitted = _omissible_parts(listing) if choices.resolve(listing.outcome.unset) == "left-out" else frozenset()
    for pointer, part in {**cursors, **(echoes or {})}.items():
        if part not in ("", None) or pointer not in omitted:
            answer.put(pointer, part)
    if rows is not None:
        answer.put_page_parts(parts, choices)
    if listing.zone is not None and listing.zone.echo is not None and zone_name is not None:
        answer.put(listing.zone.echo, zone_name)
    tree = _put_envelope(answer.tree, listing, "success", seed)
    tree = _put_envelope_values(tree, listing, "success")
    return {} if isinstance(tree, Missing) else tree, tuple(answer.headers)


def _absent_cursor(paging: CursorPaging, choices: ChoiceResolver) -> Tree | Missing:
    """What stands in place of a cursor where there is no such page."""
    match choices.resolve(paging.absent):
        case "none":
            return None
        case "missing":
            return MISSING
        case "text":
            return paging.absent_text
        case _:
            return ""


def _put_envelope_values(
    tree: Tree | Missing, listing: Listing, outcome: Literal["success", "error"]
) -> Tree | Missing:
    """The tree with each part around the rows that has values of its own and that nothing else told."""
    for part in listing.outcome.envelope.values():
        untold = isinstance(tree, Missing) or tree_at(tree, part.at) is MISSING
        if part.when not in ("always", outcome) or not untold:
            continue
        if part.values:
            tree = put_value(tree, part.at, _scalar_tree(listing, part.values[0]))
        elif part.as_ in ("object", "list") and not part.least_items and not part.optional:
            empty: Tree = {} if part.as_ == "object" else []
            tree = put_value(tree, part.at, "" if is_xml(listing) else empty)
    return tree


@final
@dataclass(slots=True)
class _Answer:
    """A success while it is put together: each part goes to its place in the body or in a header."""

    listing: Listing
    tree: Tree | Missing
    headers: list[tuple[str, str]] = field(default_factory=list)

    def put(self, place: str, value: Tree) -> None:
        header = header_at(place)
        if header is None:
            self.tree = put_value(self.tree, place, value)
        elif value not in (None, ""):
            self.headers.append((header, str(value)))

    def put_number(self, number: Total | ReturnedCount, value: int, choices: ChoiceResolver) -> None:
        """A number of rows at its place; 0 in the way the spec says."""
        absent = "zero" if value else choices.resolve(number.absent)
        if absent != "missing":
            self.put(number.at, None if absent == "none" else _scalar_tree(self.listing, value))

    def put_page_parts(self, parts: PageParts, choices: ChoiceResolver) -> None:
        """What is told of the page, and the links: those of the `Link` header stand in one."""
        numbers = (parts.page_count, parts.first_index, parts.last_index)
        for told, number in zip(page_number_parts(self.listing.paging), numbers, strict=True):
            if told is not None and number is not None:
                self.put(told.at, _scalar_tree(self.listing, number))
        whole = self.listing.total.unfiltered if self.listing.total is not None else None
        if whole is not None and parts.unfiltered is not None:
            self.put(whole.at, _scalar_tree(self.listing, parts.unfiltered))
        more = more_part(self.listing.paging)
        if more is not None and parts.more is not None:
            in_body = header_at(more.at) is None
            self.put(more.at, _scalar_tree(self.listing, parts.more) if in_body else str(parts.more).lower())
        links = links_of(self.listing.paging)
        if links is None:
            return
        together: dict[LinkName, str] = {}
        absent = choices.resolve(links.absent)
        for name, link in links.by_name.items():
            uri = parts.links.get(name)
            if stands_in_link_header(link.at):
                together |= {} if uri is None else {name: uri}
            elif uri is not None or absent != "missing":
                self.put(link.at, uri if uri is not None else None if absent == "none" else "")
        if together:
            self.headers.append(("Link", write_link_header(together)))


def listed_row(listing: Listing, row: Tree) -> Tree:
    """A row as it stands in the list: itself, or the text of its only field."""
    if listing.lists.row_values == "object" or not isinstance(row, dict):
        return row
    return row.get(listing.lists.identity, row)


def row_of_listed(listing: Listing, listed: Tree) -> Tree:
    """The row that an element of the list is, as an object of fields; the inverse of `listed_row`."""
    if listing.lists.row_values == "object" or isinstance(listed, dict | list):
        return listed
    return {listing.lists.identity: listed}


def log_in_tree(listing: Listing, credentials: Mapping[str, str]) -> tuple[tuple[tuple[str, str], ...], Tree]:
    """Headers and tree of the answer that gives a token: the one among the credentials."""
    way = session_way(listing.access)
    if way is None or way.session is None:
        raise UsageProblem("access", "a log-in operation", "none")
    tree: Tree | Missing = {} if listing.lists.root is None else MISSING
    for pointer, value in listing.outcome.success.shows.items():
        tree = put_value(tree, pointer, _scalar_tree(listing, value))
    for pointer, value in way.session.tells.items():
        tree = put_value(tree, pointer, _scalar_tree(listing, value))
    token, header = credentials.get(way.token, ""), way.session.token_at.removeprefix("header:")
    if header == way.session.token_at:
        tree = put_value(tree, way.session.token_at, token)
        return (), tree
    shown = f"{way.session.name}={token}; HttpOnly; Path=/" if header.lower() == "set-cookie" else token
    return ((header, shown),), {} if isinstance(tree, Missing) else tree


def token_told(listing: Listing, response: HttpResponse) -> str | None:
    """The token that the answer of the log-in operation gives; None where it gives none."""
    way = session_way(listing.access)
    if way is None or way.session is None or response.http_status >= 400:
        return None
    session = way.session
    header = session.token_at.removeprefix("header:")
    if header == session.token_at:
        tree = decode_response(listing, response).tree
        found = MISSING if isinstance(tree, Missing) else tree_at(tree, session.token_at)
        return found if isinstance(found, str) and found else None
    values = [value for name, value in response.headers if name.lower() == header.lower()]
    if header.lower() != "set-cookie":
        return values[0] if values and values[0] else None
    cookies = (value.partition(";")[0].strip().partition("=") for value in values)
    return next((text for name, _, text in cookies if name == session.name and text), None)


def error_tree(
    listing: Listing,
    fault: str,
    *,
    choices: ChoiceResolver,
    parameter: str = "",
    operation: str = "",
    value: str = "",
    seed: bytes = b"",
) -> tuple[int, Tree]:
    """HTTP status and tree of the named error; of one that is a text its message, of an empty one None.

    Fresh ids are made from `seed`.
    """
    error = listing.outcome.error
    told = listing.outcome.faults[fault]
    status = int((choices.resolve(told.http) if told.http is not None else choices.resolve(error.http)) or 200)
    names = {"parameter": parameter, "operation": operation, "value": value, "fault": fault}
    message = told.says or "{fault}"
    for name, text in names.items():
        message = message.replace("{" + name + "}", text)
    if told.body != "shape":
        return status, message if told.body == "text" else None
    tree: Tree | Missing = MISSING
    for pointer, shown in {**error.shows, **told.shows}.items():
        tree = put_value(tree, pointer, _scalar_tree(listing, filled_value(shown, status, told.code)))
    code_at = told.code_at or error.code_at
    if told.code is not None and code_at is not None:
        code = str(told.code) if error.code_as != "integer" else int(str(told.code))
        tree = put_value(tree, code_at, _scalar_tree(listing, code))
    if error.key_at is not None and told.code_at is None:
        tree = put_value(tree, error.key_at, parameter)
    message_at = told.message_at or error.message_at
    if message_at is not None:
        tree = put_value(tree, named_place(message_at, parameter or fault), message)
    tree = _put_envelope(tree, listing, "error", seed)
    tree = _put_envelope_values(tree, listing, "error")
    return status, {} if isinstance(tree, Missing) else tree


def filled_value(shown: Scalar, status: object, code: object) -> Scalar:
    """A part of an error with its HTTP status and code filled in; one of them alone keeps its type."""
    if shown == "{http-status}" and isinstance(status, int):
        return status
    if shown == "{code}" and isinstance(code, str | int):
        return code
    if not isinstance(shown, str):
        return shown
    return shown.replace("{http-status}", str(status)).replace("{code}", "" if code is None else str(code))


def encode_error(listing: Listing, fault: str, tree: Tree) -> tuple[str | None, bytes]:
    """Media type, None where there is none, and body of the named error."""
    told = listing.outcome.faults[fault]
    if told.body == "shape":
        media_type, body = encode_response(listing, tree)
        return told.media_type or media_type, body
    return error_media_type(listing, told), str(tree).encode() if told.body == "text" else b""


def error_media_type(listing: Listing, told: ErrorKind) -> str | None:
    """The media type of an error; None for an empty one that has none."""
    usual = {"shape": listing.transport.answers[0], "text": "text/plain; charset=utf-8"}
    return told.media_type or usual.get(told.body)


def _put_envelope(tree: Tree | Missing, listing: Listing, outcome: str, seed: bytes) -> Tree | Missing:
    """The tree with the parts around the rows that are always the same, or are ids of this answer alone."""
    for part in listing.outcome.envelope.values():
        if part.when not in ("always", outcome):
            continue
        if part.constant:
            constant = part.constant[0]
            text = "" if constant is None else str(constant)
            tree = put_value(tree, part.at, text if is_xml(listing) else constant)
        elif part.fresh is not None:
            digest = hashlib.blake2b(seed + part.at.encode(), digest_size=16).digest()
            tree = put_value(tree, part.at, id_of_number(part.fresh, int.from_bytes(digest, "big")))
    return tree


def encode_response(listing: Listing, tree: Tree) -> tuple[str, bytes]:
    """Media type and body of an answer."""
    media_type = listing.transport.answers[0]
    if is_csv(listing):
        if isinstance(tree, list):
            names = _columns(listing, tree)
            return media_type, encode_csv_header(names) + encode_csv_lines(names, tree)
        # A table tells no error: that is said in the next media type.
        return listing.transport.answers[-1], encode_json(tree)
    if listing.lists.root is None:
        return media_type, encode_json(tree)
    body = encode_xml(
        cast("dict[str, Tree]", tree),
        root=listing.lists.root,
        lists=xml_row_names(listing),
        namespaces=listing.lists.namespaces,
    )
    return media_type, body


def _columns(listing: Listing, rows: Sequence[Tree]) -> tuple[str, ...]:
    """The columns of a table: the documented fields that some row has, then any other; without rows all fields."""
    shown = {name for row in rows if isinstance(row, dict) for name in row}
    known = tuple(name for name in listing.fields if name in shown or not rows)
    return (*known, *sorted(shown - set(listing.fields)))


def _scalar_tree(listing: Listing, value: Scalar) -> Tree:
    return str(value) if is_xml(listing) else value


def _omissible_parts(listing: Listing) -> frozenset[str]:
    """The pointers of the parts of a success that need not be there."""
    return frozenset(part.at for part in listing.outcome.envelope.values() if part.optional)


def _count_tree(shape: str, count: int) -> Tree:
    match shape:
        case "digits":
            return str(count)
        case "object":
            return {"count": count}
        case "list-of-object":
            return [{"count": count}]
        case _:
            return count


# --- reading ------------------------------------------------------------------------------------------------


def decode_response(listing: Listing, response: HttpResponse) -> DecodedResponse:
    """The decoded response; never raises, whatever came."""
    answer = _decode_response(listing, response)
    return _empty_list(answer) if _tells_no_rows(listing, answer) else answer


def _tells_no_rows(listing: Listing, answer: DecodedResponse) -> bool:
    """Whether an error is the one by which the API tells that there are no rows."""
    fault = listing.outcome.faults.get(listing.lists.empty_fault or "")
    if fault is None or answer.outcome != "error":
        return False
    if listing.outcome.error.code_at is None or fault.code is None:
        http = fault.http if fault.http is not None else listing.outcome.error.http
        return answer.http_status in (*options_of(http), *fault.https)
    return str(answer.code) in map(str, (fault.code, *fault.codes))


def _empty_list(answer: DecodedResponse) -> DecodedResponse:
    # How many match is not told: a page beyond the last has no rows, either.
    return replace(answer, outcome="success", rows=(), rows_raw=[], total=MISSING, returned=MISSING, told_empty=True)


def _decode_response(listing: Listing, response: HttpResponse) -> DecodedResponse:
    charset = _declared_charset(response)
    if is_csv(listing) and response.http_status < 400 and "json" not in response.media_type:
        decoded = decode_csv(response.body)
    elif listing.lists.root is None:
        decoded = decode_json(response.body, charset=charset)
    else:
        decoded = decode_xml(response.body, root=listing.lists.root, lists=xml_row_names(listing))
    tree: Tree | Missing = MISSING if decoded.missing else decoded.tree
    if listing.lists.rows_at == "" and isinstance(tree, list) and response.http_status < 400:
        return _with_page_parts(listing, response, _bare_list(listing, response, tree, decoded.problems))
    if not isinstance(tree, dict):
        problems = decoded.problems or (FormatProblem("body:shape", _describe_shape(tree, response)),)
        bare = _bare_rows(listing, tree) if response.http_status < 400 else None
        if bare is not None:
            return DecodedResponse(
                outcome="success",
                http_status=response.http_status,
                tree=tree,
                problems=problems,
                rows=bare,
                rows_flaw="the body is the list itself",
            )
        return _shapeless_error(listing, response) or DecodedResponse(
            outcome="unreadable", http_status=response.http_status, tree=tree, problems=problems
        )
    error = listing.outcome.error
    # An object where the body should be the list holds no rows of its own.
    rows_raw = tree_at(tree, listing.lists.rows_at) if listing.lists.rows_at else MISSING
    rows = tuple(row_of_listed(listing, row) for row in rows_raw) if isinstance(rows_raw, list) else None
    rows_flaw = ""
    found = (rows, "") if rows is not None else _other_rows(listing, tree, rows_raw)
    success = tells_success(listing, tree, response.http_status, found[0] if found is not None else None)
    total = _number_told(tree, response, listing.total.at) if listing.total else MISSING
    returned = _number_told(tree, response, listing.returned.at) if listing.returned else MISSING
    if success and found is not None:
        rows, rows_flaw = found
        absent = _is_absent(rows_raw, listing.lists.absent)
        # A total counts the rows of all pages: on one beyond the last there may be none of them.
        told = returned if listing.returned else MISSING if absent else total
        if not rows and says_nothing(rows_raw) and not isinstance(rows_raw, list):
            # Nothing to show, unless the answer itself tells of rows that it holds, or lists others.
            rows = None if (is_integer(told) and told > 0) or _has_other_rows(listing, tree) else rows
            rows_flaw = "" if rows is None or absent else rows_flaw
    if success and rows == ():
        total = 0 if listing.total and _is_absent(total, listing.total.absent) else total
        returned = 0 if listing.returned and _is_absent(returned, listing.returned.absent) else returned
    answer = DecodedResponse(
        outcome="success" if success else "error",
        http_status=response.http_status,
        tree=tree,
        problems=decoded.problems,
        code=code_told(listing, tree, response.http_status),
        message=message_told(listing, tree, response.http_status),
        key=tree_at(tree, error.key_at) if error.key_at else MISSING,
        rows=rows,
        rows_raw=rows_raw,
        rows_flaw=rows_flaw,
        total=total,
        returned=returned,
    )
    return _with_page_parts(listing, response, answer)


def _bare_list(
    listing: Listing, response: HttpResponse, tree: list[Tree], problems: tuple[FormatProblem, ...]
) -> DecodedResponse:
    """A success whose body is the list of its rows, as promised."""
    return DecodedResponse(
        outcome="success",
        http_status=response.http_status,
        tree=tree,
        problems=problems,
        rows=tuple(row_of_listed(listing, row) for row in tree),
        rows_raw=tree,
        total=_number_told(tree, response, listing.total.at) if listing.total else MISSING,
        returned=_number_told(tree, response, listing.returned.at) if listing.returned else MISSING,
    )


def _with_page_parts(listing: Listing, response: HttpResponse, answer: DecodedResponse) -> DecodedResponse:
    """The response with what it tells of other pages: cursors, which may ride in links, and the links."""
    paging = listing.paging
    links = links_of(paging)
    found = read_links(links, answer.tree, response) if links is not None else {}
    answer = replace(answer, links=MappingProxyType(found), headers=response.headers)
    if not isinstance(paging, CursorPaging):
        return answer
    back = paging.before or paging.after
    following = link_parameter(found.get("next", MISSING), paging.after)
    before = link_parameter(found.get("previous", MISSING), back)
    return replace(
        answer,
        next_cursor=_cursor_told(answer, paging, paging.next_at) if paging.next_at is not None else following,
        previous_cursor=_cursor_told(answer, paging, paging.prev_at) if paging.prev_at is not None else before,
    )


def _header_tree(value: str | None) -> Tree | Missing:
    """The value of a header: digits are the integer that they write."""
    if value is None:
        return MISSING
    text = value.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text


def _shapeless_error(listing: Listing, response: HttpResponse) -> DecodedResponse | None:
    """An error without the shape of errors, where some are told so; None for any other answer."""
    text = response.body.decode("utf-8", "replace").strip()
    known = any({told.body, *told.bodies} != {"shape"} for told in listing.outcome.faults.values())
    if not known or response.http_status < 400:
        return None
    return DecodedResponse(
        outcome="error",
        http_status=response.http_status,
        tree=MISSING,
        problems=(),
        message=text if text else MISSING,
    )


def _is_absent(raw: Tree | Missing, absent: T | OpenChoice[T]) -> bool:
    """Whether a part that is missing or null is a legitimate way to write 'no rows' or 0."""
    forms = absent.options if isinstance(absent, OpenChoice) else (absent,)
    return ("missing" in forms and raw is MISSING) or ("none" in forms and raw is None)


def _bare_rows(listing: Listing, tree: Tree | Missing) -> tuple[Tree, ...] | None:
    """The rows of a body that is nothing but their list."""
    if not isinstance(tree, list) or not all(isinstance(item, dict) for item in tree):
        return None
    shows = any(name in listing.fields for item in tree[:20] for name in cast("dict[str, Tree]", item))
    return tuple(tree) if shows or not tree else None


def _other_rows(
    listing: Listing, tree: dict[str, Tree], raw: Tree | Missing
) -> tuple[tuple[Tree, ...] | None, str] | None:
    """The rows where no list stands in the promised place; None for a number in place of rows, or anything else."""
    if number_and_shape(raw) is not None:
        return None
    return other_rows(listing, tree, raw)


def _number_told(tree: Tree, response: HttpResponse, place: str) -> Tree | Missing:
    """A number: as it stands if it is an integer or its digits, else the integer that it says, if it says one."""
    header = header_at(place)
    raw = tree_at(tree, place) if header is None else _header_tree(response.header(header))
    if is_integer(raw) or (isinstance(raw, str) and raw.isascii() and raw.isdigit()):
        return raw
    number = integer_said(raw)
    return raw if number is None else number


def _cursor_told(answer: DecodedResponse, paging: CursorPaging, place: str) -> Tree | Missing:
    header = header_at(place)
    if header is not None:
        return next((value for name, value in answer.headers if name.lower() == header.lower()), MISSING)
    raw = answer.part_at(place)
    if paging.absent_text is not None and raw == paging.absent_text:
        return ""
    return str(raw) if is_integer(raw) and raw.bit_length() < 256 else raw


def count_in(answer: DecodedResponse) -> tuple[int, str] | None:
    """The number that an answer holds in place of rows, and its shape; None when there is none."""
    return number_and_shape(answer.rows_raw)


def same_scalar(expected: Scalar, actual: Tree | Missing, *, text: bool) -> bool:
    """Whether a part of an answer has the value the spec names; `text` for XML, where numbers are text."""
    if text:
        return isinstance(actual, str) and actual.strip() == str(expected)
    return type(actual) is type(expected) and actual == expected


def _has_other_rows(listing: Listing, tree: Tree) -> bool:
    """Whether objects are listed beside the place of the rows, under a name that the spec does not know."""
    around = listing.lists.rows_at.rpartition("/")[0]
    beside = tree_at(tree, around)
    known = {part.at for part in listing.outcome.envelope.values()}
    return isinstance(beside, dict) and any(
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
        for name, value in beside.items()
        if f"{around}/{name}" not in known
    )


def _declared_charset(response: HttpResponse) -> str | None:
    for part in (response.header("content-type") or "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return None


def _describe_shape(tree: Tree | Missing, response: HttpResponse) -> str:
    if not response.body.strip():
        return "the body is empty"
    return f"the body is no object but {type(tree).__name__}"
