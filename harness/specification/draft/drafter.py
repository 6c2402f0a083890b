"""A first draft of a spec from an OpenAPI document: what it states, and marked guesses for what it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, final
from urllib.parse import urlsplit

from harness.errors import UsageProblem
from harness.specification.draft.answer_guesses import AnswerGuesses, Part, guess_answer, guess_error
from harness.specification.draft.attribute_guesses import FieldGuess, guess_field, guess_identity, plain_name
from harness.specification.draft.emitter import Guess, yaml_text
from harness.specification.draft.openapi_source import (
    OpenApiSource,
    SchemaShape,
    SourceParameter,
    list_of,
    mapping_of,
    text_of,
)
from harness.specification.draft.parameter_guesses import (
    BoundGuess,
    PlaceGuesses,
    descending_words,
    guess_bound,
    guess_places,
    speaks_of_time,
)
from harness.telephony.attributes import Grain

Tree: TypeAlias = "dict[str, Any]"

# So many parameters and fields are drafted; a document with more means harm, or another operation.
_MOST: Final = 400
_LONGEST_NAME: Final = 120
_PLACES: Final = ("query", "form")
_COMPARISON_TEXTS: Final[Mapping[str, str]] = {
    "equal": "equals",
    "contains": "contains",
    "at-or-after": "is at or after",
    "at-or-before": "is at or before",
    "at-least": "is at least",
    "at-most": "is at most",
    "above": "is above",
    "below": "is below",
}
_PART_WORDS: Final = re.compile(r"\b(partial|contains?|substring|part of)\b", re.IGNORECASE)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A drafted spec as text, and what is missing from it: one line each."""

    text: str
    missing: tuple[str, ...]


def draft_spec(source: OpenApiSource) -> Draft:
    """The draft for an operation. Raises UsageProblem where nothing that lists rows can be seen in it."""
    answer = guess_answer(source)
    drafter = None if answer is None else _Drafter(source, answer)
    if drafter is None or not drafter.answer.fields:
        raise UsageProblem(
            f"{source.name}, {source.method.upper()} {source.path}",
            "a success whose schema has an array of objects: the rows",
            "none",
            "add the schema of an answer to the document, or choose another operation",
        )
    return drafter.draft()


@final
class _Drafter:
    def __init__(self, source: OpenApiSource, answer: AnswerGuesses) -> None:
        self.source = source
        self.missing: list[str] = []
        usable = {name: shape for name, shape in answer.fields.items() if self.is_usable(name, "fields")}
        self.answer = replace(answer, fields=usable)
        self.clauses: Tree = {}
        title = text_of(mapping_of(source.tree.get("info")).get("title")) or "An API"
        self.title = " ".join(title.split())[:80]
        letters = re.sub(r"[^A-Z]", "", self.title.upper())
        self.prefix = f"{letters[:2] or 'XX'}-LST"
        self.shown: dict[str, FieldGuess] = {}
        self.identity = ""
        self.error_code = "/code"
        self.constructs: Tree = {}
        self.parameters: Tree = {}
        self.filters: Tree = {}
        self.tolerated: Tree = {}
        declared = [
            one for one in source.parameters() if one.place in _PLACES and self.is_usable(one.name, "parameters")
        ]
        self.declared = declared[:_MOST]
        self.places: PlaceGuesses = guess_places(self.declared)

    def draft(self) -> Draft:
        source = self.source
        keys = self.clause("should", "inferred", "each row has the fields of its schema", "schema of a row")
        lists = self.draft_lists(keys)
        fields = self.draft_fields(keys)
        # What is promised of parameters is numbered in the order of the document.
        used = self.draft_cut_and_order()
        for parameter in self.declared:
            if parameter.name not in used:
                self.draft_filter(parameter)
        self.note_what_is_left_out()
        listing: Tree = {
            "language": 1,
            "document": {"name": source.name, "sha256": source.sha256},
            "lists": lists,
            "fields": fields,
            "parameters": self.parameters,
            "filters": self.filters,
            **self.draft_conjunction(),
            **self.constructs,
            **self.draft_answer_parts(),
            **self.draft_zone(),
            "access": self.draft_access(),
            "outcome": self.draft_outcome(),
            "transport": self.draft_transport(),
            "clauses": self.clauses,
        }
        head = (
            f"Drafted from {source.name} by `callharness spec new`. Each line `GUESS` wants a person's confirmation:",
            "compare it with the document, mend it, and delete the mark.",
        )
        return Draft(text=yaml_text(self.document(listing), head=head), missing=tuple(self.missing))

    def is_usable(self, name: str, key: str) -> bool:
        """Whether a spec can have such a name; one that it cannot have is told as missing."""
        usable = 0 < len(name) <= _LONGEST_NAME and "[]" not in name and not name.startswith("hidden.")
        usable = usable and not (key == "fields" and "." in name)
        if not usable:
            self.missing.append(f"{key}: {name[:60]!r}, a name that a spec cannot have")
        return usable

    def clause(self, level: str, basis: str, says: str, place: str) -> str:
        """A new clause; its id."""
        name = f"{self.prefix}-{len(self.clauses) + 1:03}"
        self.clauses[name] = {"level": level, "basis": basis, "says": says, "source": f"OpenAPI, {place}"}
        return name

    # --- rows -----------------------------------------------------------------------------------------------

    def draft_lists(self, keys: str) -> Tree:
        rows = self.answer.rows_at or "the body"
        reach = self.clause(
            "must", "documented", f"rows are listed by {self.source.method.upper()} at {self.source.path}", "paths"
        )
        there = self.clause("should", "inferred", f"a success has a list at {rows}, also when it is empty", "answer")
        clauses = {"reach": reach, "rows": there, "keys": keys}
        identity = guess_identity(self.answer.fields)
        if identity is None:
            identity = next(iter(self.answer.fields))
            asks = f"no field looks like an identity; is it {identity}?"
        else:
            asks = f"does {identity} name one row and no other?"
            clauses["unique"] = self.clause("should", "inferred", f"no {identity} occurs twice", f"field {identity}")
        self.identity = identity
        return {
            "calls": Guess("ended", "ended, live or both?"),
            "one-row-per": Guess("call", "session, call or leg?"),
            "rows-at": self.answer.rows_at,
            "identity": Guess(identity, asks),
            "clauses": clauses,
        }

    def draft_fields(self, keys: str) -> Tree:
        found: Tree = {}
        taken: set[str] = set()
        for name, shape in list(self.answer.fields.items())[:_MOST]:
            guess = self.guess_of(name, shape, frozenset(taken))
            if guess is None:
                found[name] = Guess(_unknown_field(shape), f"what does {name} show?{_quoted(shape.description)}")
                self.missing.append(
                    f"fields.{name}: which attribute it shows; until then the simulator leaves it out"
                )
                continue
            taken.add(guess.attribute)
            self.shown[name] = guess
            field: Tree = {"shows": guess.attribute}
            if guess.codec != "text":
                field["as"] = guess.codec
            if guess.codec == "word":
                field["words"] = dict(guess.words)
                field.update({"more-words": list(guess.more_words)} if guess.more_words else {})
                says = f"{name} is one of its words"
                field["clause"] = self.clause("should", "documented", says, f"enum of {name}")
            elif guess.codec not in ("text", "integer"):
                says = f"{name} is written {guess.codec}"
                field["clause"] = self.clause("should", "inferred", says, f"field {name}")
            if not guess.always or shape.nullable:
                field["absent"] = "none" if shape.nullable or guess.codec != "text" else "empty"
                others = [form for form in ("none", "missing", "empty") if form != field["absent"]]
                field["tolerates"] = others[:2] if guess.codec == "text" else ["missing"]
            if self.answer.required and name not in self.answer.required:
                field["optional"] = True
            asks = f"does {name} show {guess.attribute}, written {guess.codec}?{_quoted(shape.description)}"
            found[name] = Guess(field, asks)
        return found

    def guess_of(self, name: str, shape: SchemaShape, taken: frozenset[str]) -> FieldGuess | None:
        if name == self.identity:
            text = shape.type != "integer"
            return FieldGuess(
                attribute="call_code" if text else "call_id", codec="text" if text else "integer",
                words={}, more_words=(), always=True,
            )  # fmt: skip
        return guess_field(name, shape, grain=Grain.CALL, taken=taken | {"call_id", "call_code"})

    # --- paging and order -----------------------------------------------------------------------------------

    def draft_cut_and_order(self) -> frozenset[str]:
        """Fill in paging and order; the names of the parameters that they and the access use."""
        places = self.places
        order, order_used = self.draft_order()
        paging, paging_used = self.draft_paging()
        self.constructs = {**order, "paging": paging}
        credentials = [one.name for one in (places.user, places.password) if one is not None]
        return frozenset((*order_used, *paging_used, *credentials))

    def draft_paging(self) -> tuple[Any, list[str]]:
        places, answer = self.places, self.answer
        size = places.size
        if size is None:
            self.missing += [
                f"paging: {one.name} looks like a page, but no parameter looks like the size of one"
                for one in (places.page, places.offset, places.after)
                if one is not None
            ]
            return Guess({"kind": "none"}, "does every answer hold all rows?"), []
        clauses = {
            "size": self.clause(
                "must", "documented", f"no answer holds more than {size.name} rows", f"parameter {size.name}"
            )
        }
        self.parameters[size.name] = _number_parameter(size, least=1)
        if places.page is not None:
            first = (
                places.page.shape.default if isinstance(places.page.shape.default, int) else places.page.shape.least
            )
            number = first if isinstance(first, int) else 1
            self.parameters[places.page.name] = _number_parameter(places.page, least=number)
            clauses["partition"] = self.clause("should", "entailed", "pages share the list out", "paging")
            default: Tree = {} if size.shape.default is None else {"default-size": size.shape.default}
            paging: Tree = {"kind": "page-number", "page": places.page.name, "size": size.name, "first": number}
            return (
                Guess({**paging, **default, "clauses": clauses}, f"is {number} the first page?"),
                [size.name, places.page.name],
            )
        if places.offset is not None:
            self.parameters[places.offset.name] = {**_number_parameter(places.offset, least=0), "default": 0}
            clauses["partition"] = self.clause("should", "entailed", "slices share the list out", "paging")
            paging = {"kind": "offset", "offset": places.offset.name, "size": size.name, "clauses": clauses}
            return Guess(paging, "do these cut the list by offset and count?"), [size.name, places.offset.name]
        if places.after is not None and places.before is not None and answer.next and answer.previous:
            for one in (places.after, places.before):
                self.parameters[one.name] = {}
            clauses["partition"] = self.clause("should", "entailed", "a walk meets every row once", "paging")
            paging = {
                "kind": "cursor", "after": places.after.name, "before": places.before.name, "size": size.name,
                "next-at": answer.next.at, "prev-at": answer.previous.at, "clauses": clauses,
            }  # fmt: skip
            return (
                Guess(paging, "are these the cursors of the next and the previous page?"),
                [size.name, places.after.name, places.before.name],
            )
        if places.after is not None:
            self.missing.append(
                f"paging: {places.after.name} looks like a cursor; where the answer tells the next one"
            )
        return Guess({"kind": "limit", "size": size.name, "clauses": clauses}, "are there no further pages?"), [
            size.name
        ]

    def draft_order(self) -> tuple[Tree, list[str]]:
        started = next((name for name, guess in self.shown.items() if guess.attribute == "started_at"), None)
        by = started or self.identity
        direction: Tree = {"open": ["descending", "ascending"], "assumed": "descending"}
        collation: Tree = {"open": ["code-point", "folded", "numeric"], "assumed": "code-point"}
        order: Tree = {"by": by, "direction": direction, "collation": collation}
        used: list[str] = []
        sort, way = self.places.sort, self.places.way
        if sort is not None:
            words, signed = self.sort_words(sort)
            if words:
                clause = self.clause(
                    "must", "documented", f"{sort.name} names the key of the order", f"parameter {sort.name}"
                )
                default = sort.shape.default
                self.parameters[sort.name] = {"as": "word", **({} if default is None else {"default": default})}
                order["sort"] = {
                    "parameter": sort.name, "words": words, **({"signed": True} if signed else {}),
                    "unknown": {"open": ["refused", "default"], "assumed": "refused"}, "clauses": {"words": clause},
                }  # fmt: skip
                used.append(sort.name)
        told = None if way is None else descending_words(way)
        if way is not None and told is not None:
            clause = self.clause("must", "documented", f"{way.name} chooses the direction", f"parameter {way.name}")
            given = way.shape.default
            given_way: Tree = {} if given is None else {"default": str(given).lower() == told[0].lower()}
            self.parameters[way.name] = {"as": "flag", "true": [told[0]], "false": [told[1]], **given_way}
            order["descending"], order["descending-clause"] = way.name, clause
            used.append(way.name)
        return {"order": Guess(order, f"is the list ordered by {by} when nothing is said?")}, used

    def sort_words(self, sort: SourceParameter) -> tuple[Tree, bool]:
        """The words of a sort parameter with the field of each, and whether a minus turns the order round."""
        fields = {plain_name(name): name for name in self.shown}
        words: Tree = {}
        for word in map(str, sort.shape.enum):
            bare = word.removeprefix("-")
            field = fields.get(plain_name(bare))
            if field is None:
                self.missing.append(f"order.sort: the field that the word {bare} of {sort.name} means")
            else:
                words[bare] = field
        return words, any(str(word).startswith("-") for word in sort.shape.enum)

    # --- filters --------------------------------------------------------------------------------------------

    def draft_filter(self, parameter: SourceParameter) -> None:
        """A filter where a field is found that the parameter may compare; else a parameter that may do anything."""
        name, bound = parameter.name, guess_bound(parameter)
        field = None if bound is not None and speaks_of_time(parameter) else self.field_for(plain_name(name))
        keeps = "equal"
        if field is not None:
            part = self.shown[field].codec == "text" and _PART_WORDS.search(parameter.description)
            keeps = "contains" if part else "equal"
        elif bound is not None:
            field = self.bounded_field(bound.base, parameter)
            keeps = "" if field is None else self.bound_word(bound, field)
        told = (
            None if field is None else self.parameter_for(parameter, field, ranged=keeps not in ("equal", "contains"))
        )
        if field is None or told is None:
            self.tolerate(parameter)
            return
        self.parameters[name] = told
        says = f"{name} keeps the rows whose {field} {_COMPARISON_TEXTS[keeps]} the value"
        rule: Tree = {"compares": field, "clause": self.clause("should", "inferred", says, f"parameter {name}")}
        if keeps != "equal":
            rule["keeps"] = keeps
        if keeps in ("at-or-after", "at-or-before"):
            rule["boundary"] = {"open": ["inclusive", "exclusive"], "assumed": "inclusive"}
        self.filters[name] = Guess(rule, f"does {name} compare {field} so?{_quoted(parameter.description)}")

    def bound_word(self, bound: BoundGuess, field: str) -> str:
        """How one end of a range compares a field: numbers by size, instants by time."""
        if self.shown[field].codec in ("integer", "decimal"):
            if bound.strict:
                return "above" if bound.lower else "below"
            return "at-least" if bound.lower else "at-most"
        return "at-or-after" if bound.lower else "at-or-before"

    def field_for(self, plain: str) -> str | None:
        """The field that a parameter names, or that shows what such a name would."""
        for name in self.shown:
            if plain_name(name) == plain:
                return name
        guess = guess_field(plain, SchemaShape(types=("string",)), grain=Grain.CALL, taken=frozenset())
        return next((name for name, one in self.shown.items() if guess and one.attribute == guess.attribute), None)

    def bounded_field(self, base: str, parameter: SourceParameter) -> str | None:
        named = self.field_for(base)
        if named is not None:
            return named
        if base in ("", "date", "time", "call", "call date", "datetime") and (speaks_of_time(parameter) or base):
            return next((name for name, guess in self.shown.items() if guess.attribute == "started_at"), None)
        return None

    def parameter_for(self, parameter: SourceParameter, field: str, *, ranged: bool) -> Tree | None:
        """How the value of a parameter is written that compares a field; None where it cannot be said."""
        guess, shape = self.shown[field], parameter.shape
        example: Tree = {} if shape.example is None else {"example": shape.example}
        match guess.codec:
            case "word":
                return None if ranged else {"as": "word", **example}
            case "rfc3339" | "local-time":
                fits = ranged and shape.type == "string" and shape.format != "date"
                return {"as": guess.codec} if fits else None
            case "integer":
                return {"as": "integer"} if shape.type in ("integer", "number", "string") else None
            case "flag":
                return {"as": "flag", "true": ["true", "1"], "false": ["false", "0"]}
            case "text":
                if ranged or shape.type not in ("string", "array", "integer"):
                    return None
                return {"as": "list"} if shape.type == "array" else {}
        return None

    def tolerate(self, parameter: SourceParameter) -> None:
        """A parameter of which nothing is known: a server may honour or ignore it."""
        shape = parameter.shape
        value = next((one for one in (shape.example, shape.default, *shape.enum) if one is not None), "1")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        self.tolerated[parameter.name] = Guess(
            text, f"what does {parameter.name} do?{_quoted(parameter.description)}"
        )
        self.missing.append(
            f"parameters.{parameter.name}: what it does"
            + ("; the document requires it" if parameter.required else "")
        )

    def note_what_is_left_out(self) -> None:
        for one in self.source.parameters():
            if one.place not in _PLACES and one.name.lower() not in ("accept", "content-type", "authorization"):
                self.missing.append(f"parameters.{one.name}: it stands in the {one.place}")
        if "requestBody" in self.source.operation:
            self.missing.append("parameters: those of the request's body")

    def draft_conjunction(self) -> Tree:
        if len(self.filters) < 2:
            return {}
        return {
            "conjunction-clause": self.clause("should", "inferred", "filters given together all hold", "parameters"),
            "no-match-clause": self.clause("should", "inferred", "no match is a success without rows", "parameters"),
        }

    # --- the answer -----------------------------------------------------------------------------------------

    def draft_answer_parts(self) -> Tree:
        found: Tree = {}
        total = self.answer.total
        if total is not None:
            says = f"{total.at} counts all rows that match"
            clause = self.clause("should", "inferred", says, f"answer, {total.at}")
            value = {"at": total.at, "clauses": {"present": clause, "sum": clause}}
            found["total"] = Guess(value, f"does {total.at} count all rows over all pages?")
        numbers = [one for one in (self.places.page, self.places.size, self.places.offset) if one is not None]
        echoes = []
        for one in (one for one in numbers if one.name in self.parameters):
            alike = [part for part in self.answer.parts if part.name == plain_name(one.name) and part is not total]
            for part in (part for part in alike[:1] if part.shape.type == "integer"):
                clause = self.clause("should", "inferred", f"{part.at} repeats {one.name}", f"answer, {part.at}")
                echo = {"at": part.at, "of": one.name, "exact": False, "clause": clause}
                echoes.append(Guess(echo, f"does {part.at} repeat {one.name}?"))
        return {**found, **({"echoes": echoes} if echoes else {})}

    def draft_zone(self) -> Tree:
        if all(guess.codec != "local-time" for guess in self.shown.values()):
            return {}
        return {"zone": Guess({"default": {"open": "zone", "assumed": "UTC"}}, "in which zone are times written?")}

    def draft_access(self) -> Any:
        accepted = self.clause("must", "inferred", "valid credentials open the list", "security")
        refused = self.clause("must", "entailed", "credentials are examined", "security")
        user, password = self.places.user, self.places.password
        if user is not None and password is not None:
            clauses = {
                "accepted": accepted,
                "wrong-refused": refused,
                "user-required": refused,
                "password-required": refused,
            }
            access: Tree = {"kind": "password", "user": user.name, "password": password.name, "clauses": clauses}
            return Guess(access, "are these the credentials?")
        clauses = {"accepted": accepted, "wrong-refused": refused, "missing-refused": refused}
        schemes = list(self.source.security_schemes())
        bearer = any(text_of(scheme.get("scheme")).lower() == "bearer" for _, scheme in schemes)
        access = {"kind": "bearer", "token": "token", "clauses": clauses}
        if bearer:
            return access
        named = ", ".join(f"{name} ({_scheme_text(scheme)})" for name, scheme in schemes) or "none"
        self.missing.append(f"access: how a client shows who it is; the document names {named}")
        return Guess(access, f"a bearer token stands in for what the document names: {named}")

    def draft_outcome(self) -> Tree:
        code, message = guess_error(self.source)
        statuses = self.source.statuses()
        success = next((int(status) for status in statuses if re.fullmatch("2[0-9][0-9]", status)), 200)
        bad = next((int(status) for status in ("422", "400") if status in statuses), 400)
        says = f"success is told by HTTP {success}"
        marked = self.clause("must", "documented", says, f"response {success}")
        shape: Tree = {
            "code-at": self.code_at(code),
            "code-as": "integer" if code and code.shape.type == "integer" else "text",
        }
        if message is not None:
            shape["message-at"] = message.at
        shape["http"] = bad
        number = shape["code-as"] == "integer"
        return {
            "success": {"http": success, "clause": marked},
            "error": Guess(shape, "where do errors tell their code, and which codes are there?"),
            "faults": {
                "unauthenticated": {"http": 401, "code": 401 if number else "unauthenticated", "says": "log in"},
                "invalid": {"code": bad if number else "invalid", "says": "{parameter} is not valid"},
            },
        }  # fmt: skip

    def code_at(self, code: Part | None) -> str:
        if code is not None:
            self.error_code = code.at
        else:
            self.error_code = "/code"
            self.missing.append("outcome.error: where an error tells its code")
        return self.error_code

    def draft_transport(self) -> Tree:
        media = "application/json"
        unknown = {"open": ["ignored", "refused"], "assumed": "ignored"}
        repeated = {"open": ["first", "last", "refused", "joined"], "assumed": "first"}
        return {
            "carries": "query",
            "answers": [media],
            "unknown-parameters": unknown,
            "repeated-parameters": repeated,
            **({"tolerated": self.tolerated} if self.tolerated else {}),
        }

    # --- the OpenAPI side -----------------------------------------------------------------------------------

    def document(self, listing: Tree) -> Tree:
        source = self.source
        operation: Tree = {"operationId": text_of(source.operation.get("operationId")) or "list"}
        operation["parameters"] = [_declaration(one) for one in self.declared] + self.path_parameters()
        operation["responses"] = {"200": _response("Rows", "Page"), "4XX": _response("An error", "Failure")}
        operation["x-listing"] = listing
        page: Tree = {}
        rows: Tree = {"type": "array", "items": {"$ref": "#/components/schemas/Row"}}
        if self.answer.rows_at:
            _put(page, self.answer.rows_at, rows)
        for part in self.answer.parts:
            _put(page, part.at, {"type": part.shape.type})
        failure: Tree = {}
        _put(failure, self.error_code, {})
        row = {name: _schema(shape) for name, shape in list(self.answer.fields.items())[:_MOST]}
        schemas: Tree = {"Page": page if self.answer.rows_at else rows, "Failure": failure}
        schemas["Row"] = {"type": "object", "properties": row}
        components: Tree = {"schemas": schemas}
        if self.places.user is None:
            components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        return {
            "openapi": "3.1.0",
            "info": {"title": self.title, "version": str(mapping_of(source.tree.get("info")).get("version", "1"))},
            "servers": [{"url": self.server_url()}],
            "paths": {source.path: {source.method: operation}},
            "components": components,
        }

    def server_url(self) -> str:
        """This machine with the path of the document's first server."""
        server = mapping_of(next(iter(list_of(self.source.tree.get("servers"))), {}))
        url = text_of(server.get("url"))
        for name, variable in mapping_of(server.get("variables")).items():
            url = url.replace("{" + str(name) + "}", str(mapping_of(variable).get("default", "")))
        try:
            path = urlsplit(url).path.rstrip("/")
        except ValueError:
            path = ""
        return (
            f"http://127.0.0.1:8080{path}" if re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", path) else "http://127.0.0.1:8080"
        )

    def path_parameters(self) -> list[Tree]:
        names = re.findall(r"\{([^}]+)\}", self.source.path)
        return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _number_parameter(parameter: SourceParameter, *, least: int) -> Tree:
    shape = parameter.shape
    bounds: Mapping[str, Any] = {"least": least if shape.least is None else shape.least, "most": shape.most}
    default = shape.default if isinstance(shape.default, int) and not isinstance(shape.default, bool) else None
    told = {**bounds, "default": default}
    return {"as": "integer", **{name: value for name, value in told.items() if value is not None}}


def _unknown_field(shape: SchemaShape) -> Tree:
    other = {"object": "object", "array": "list", "integer": "integer", "number": "integer"}.get(shape.type)
    if shape.type == "boolean":
        return {"as": "flag", "optional": True, "absent": "none"}
    return {"optional": True, "absent": "none", **({"other-types": [other]} if other else {})}


def _quoted(description: str) -> str:
    """What the document says of something, shortened to one line."""
    text = " ".join(description.split())
    return f" It says: {text[:90]}{'…' if len(text) > 90 else ''}" if text else ""


def _scheme_text(scheme: Mapping[str, Any]) -> str:
    words = (scheme.get(key) for key in ("type", "scheme", "in", "name"))
    return " ".join(text_of(word) for word in words if text_of(word))[:80]


def _schema(shape: SchemaShape) -> Tree:
    schema: Tree = {"type": [shape.type, "null"] if shape.nullable else shape.type}
    if shape.format:
        schema["format"] = shape.format
    if shape.enum and all(isinstance(word, str) for word in shape.enum):
        schema["enum"] = list(shape.enum)
    return schema


def _declaration(parameter: SourceParameter) -> Tree:
    shape = parameter.shape
    schema: Tree = {"type": shape.type}
    if shape.type in ("integer", "number"):
        bounds = {"minimum": shape.least, "maximum": shape.most, "default": shape.default}
        schema.update({name: value for name, value in bounds.items() if value is not None})
    elif shape.enum and all(isinstance(word, str) for word in shape.enum):
        schema["enum"] = list(shape.enum)
    required: Tree = {"required": True} if parameter.required else {}
    return {"name": parameter.name, "in": "query", **required, "schema": schema}


def _response(says: str, schema: str) -> Tree:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": says, "content": content}


def _put(schema: Tree, pointer: str, value: Tree) -> None:
    """Make a place for a value in a schema of objects."""
    *around, last = pointer.split("/")[1:]
    for step in around:
        schema.setdefault("type", "object")
        schema = schema.setdefault("properties", {}).setdefault(_unescaped(step), {})
    schema.setdefault("type", "object")
    schema.setdefault("properties", {}).setdefault(_unescaped(last), {}).update(value)


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
