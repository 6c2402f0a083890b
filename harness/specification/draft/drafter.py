"""A first draft of a spec from an OpenAPI document: what it states, and marked guesses for what it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, final
from urllib.parse import urlsplit

from harness.errors import UsageProblem
from harness.specification.draft.access_guesses import draft_access, key_parameters
from harness.specification.draft.answer_guesses import AnswerGuesses, guess_answer, guess_error
from harness.specification.draft.attribute_guesses import FieldGuess, guess_field, guess_identity, plain_name
from harness.specification.draft.clause_list import ClauseList
from harness.specification.draft.emitter import Guess, yaml_text
from harness.specification.draft.field_draft import FieldDrafter, quoted, row_schema
from harness.specification.draft.openapi_source import (
    OpenApiSource,
    SchemaShape,
    SourceParameter,
    list_of,
    mapping_of,
    text_of,
)
from harness.specification.draft.paging_draft import draft_paging
from harness.specification.draft.parameter_guesses import (
    BoundGuess,
    PlaceGuesses,
    descending_words,
    guess_bound,
    guess_operator,
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
    "not-equal": "does not equal",
    "in": "is in",
    "not-in": "is not in",
    "starts": "starts with",
    "ends": "ends with",
    "contains": "contains",
    "at-or-after": "is at or after",
    "at-or-before": "is at or before",
    "at-least": "is at least",
    "at-most": "is at most",
    "above": "is above",
    "below": "is below",
}
_RANGES: Final = frozenset(["at-or-after", "at-or-before", "at-least", "at-most", "above", "below"])
_ORDER_WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    "descending": re.compile(r"\b(newest|latest|most recent|last) (calls? |ones? )?first\b", re.IGNORECASE),
    "ascending": re.compile(r"\b(oldest|earliest) (calls? |ones? )?first\b", re.IGNORECASE),
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
        title = text_of(mapping_of(source.tree.get("info")).get("title")) or "An API"
        self.title = " ".join(title.split())[:80]
        letters = re.sub(r"[^A-Z]", "", self.title.upper())
        self.clauses = ClauseList(f"{letters[:2] or 'XX'}-LST")
        usable = {name: shape for name, shape in answer.fields.items() if self.is_usable(name, "fields")}
        self.answer = replace(answer, fields=usable)
        self.shown: Mapping[str, FieldGuess] = {}
        self.identity = ""
        self.error = guess_error(source)
        self.schemes: Tree = {}
        names = [one for one in re.findall(r"\{([^}]+)\}", source.path) if self.is_usable(one, "parameters")]
        self.accounts = {plain_name(name): name for name in names}
        self.constructs: Tree = {}
        self.parameters: Tree = {}
        self.filters: Tree = {}
        self.tolerated: Tree = {}
        keys = key_parameters(source)
        declared = [
            one
            for one in source.parameters()
            if one.place in _PLACES and one.name not in keys and self.is_usable(one.name, "parameters")
        ]
        self.declared = declared[:_MOST]
        self.places: PlaceGuesses = guess_places(self.declared)

    def draft(self) -> Draft:
        source = self.source
        keys = self.clauses.add("should", "inferred", "each row has the fields of its schema", "schema of a row")
        lists = self.draft_lists(keys)
        drafter = FieldDrafter(source, self.clauses, identity=self.identity, accounts=self.accounts)
        shapes = dict(list(self.answer.fields.items())[:_MOST])
        drafted = drafter.draft(shapes, required=self.answer.required)
        self.shown = drafted.shown
        # What is promised of parameters is numbered in the order of the document.
        used = self.draft_cut_and_order()
        for parameter in self.declared:
            if parameter.name not in used:
                self.draft_filter(parameter)
        self.draft_accounts()
        self.note_what_is_left_out()
        listing: Tree = {
            "language": 1,
            "document": {"name": source.name, "sha256": source.sha256},
            "lists": lists,
            "fields": drafted.fields,
            "parameters": self.parameters,
            "filters": self.filters,
            **self.draft_conjunction(),
            **self.constructs,
            **self.draft_answer_parts(),
            **self.draft_zone(),
            "access": self.draft_access(),
            "outcome": self.draft_outcome(),
            "transport": self.draft_transport(),
            "clauses": self.clauses.tree,
        }
        head = (
            f"Drafted from {source.name} by `callharness spec new`. Each line `GUESS` wants a person's confirmation:",
            "compare it with the document, mend it, and delete the mark.",
        )
        return Draft(text=yaml_text(self.document(listing), head=head), missing=tuple(self.clauses.missing))

    def is_usable(self, name: str, key: str) -> bool:
        """Whether a spec can have such a name; one that it cannot have is told as missing."""
        usable = 0 < len(name) <= _LONGEST_NAME and "[]" not in name and not name.startswith("hidden.")
        usable = usable and not (key == "fields" and "." in name)
        if not usable:
            self.clauses.missing.append(f"{key}: {name[:60]!r}, a name that a spec cannot have")
        return usable

    # --- rows -----------------------------------------------------------------------------------------------

    def draft_lists(self, keys: str) -> Tree:
        rows = self.answer.rows_at or "the body"
        reach = self.clauses.add(
            "must", "documented", f"rows are listed by {self.source.method.upper()} at {self.source.path}", "paths"
        )
        there = self.clauses.add(
            "should", "inferred", f"a success has a list at {rows}, also when it is empty", "answer"
        )
        clauses = {"reach": reach, "rows": there, "keys": keys}
        identity = guess_identity(self.answer.fields)
        if identity is None:
            identity = next(iter(self.answer.fields))
            asks = f"no field looks like an identity; is it {identity}?"
        else:
            asks = f"does {identity} name one row and no other?"
            clauses["unique"] = self.clauses.add(
                "should", "inferred", f"no {identity} occurs twice", f"field {identity}"
            )
        self.identity = identity
        return {
            "calls": Guess("ended", "ended, live or both?"),
            "one-row-per": Guess("call", "session, call or leg?"),
            "rows-at": self.answer.rows_at,
            "identity": Guess(identity, asks),
            "clauses": clauses,
        }

    # --- paging and order -----------------------------------------------------------------------------------

    def draft_cut_and_order(self) -> frozenset[str]:
        """Fill in paging and order; the names of the parameters that they and the access use."""
        places = self.places
        order, order_used = self.draft_order()
        paging, paging_used = draft_paging(self.places, self.answer, self.clauses, self.parameters)
        self.constructs = {**order, "paging": paging}
        credentials = [one.name for one in (places.user, places.password) if one is not None]
        return frozenset((*order_used, *paging_used, *credentials))

    def draft_order(self) -> tuple[Tree, list[str]]:
        started = next((name for name, guess in self.shown.items() if guess.attribute == "started_at"), None)
        by = started or self.identity
        direction: Tree = {"open": ["descending", "ascending"], "assumed": "descending"}
        collation: Tree = {"open": ["code-point", "folded", "numeric"], "assumed": "code-point"}
        order: Tree = {"by": by, "direction": direction, "collation": collation}
        said = f"{text_of(self.source.operation.get('summary'))} {text_of(self.source.operation.get('description'))}"
        told = next((way for way, words in _ORDER_WORDS.items() if words.search(said[:2000])), None)
        if told is not None:
            order["direction"] = told
            order["clause"] = self.clauses.add("must", "documented", f"rows come {told} by {by}", "operation")
        used: list[str] = []
        sort, way = self.places.sort, self.places.way
        if sort is not None:
            words, signed = self.sort_words(sort)
            if words:
                clause = self.clauses.add(
                    "must", "documented", f"{sort.name} names the key of the order", f"parameter {sort.name}"
                )
                default = sort.shape.default
                self.parameters[sort.name] = {"as": "word", **({} if default is None else {"default": default})}
                order["sort"] = {
                    "parameter": sort.name, "words": words, **({"signed": True} if signed else {}),
                    "unknown": {"open": ["refused", "default"], "assumed": "refused"}, "clauses": {"words": clause},
                }  # fmt: skip
                used.append(sort.name)
        spelled = None if way is None else descending_words(way)
        if way is not None and spelled is not None:
            clause = self.clauses.add(
                "must", "documented", f"{way.name} chooses the direction", f"parameter {way.name}"
            )
            given = way.shape.default
            given_way: Tree = {} if given is None else {"default": str(given).lower() == spelled[0].lower()}
            self.parameters[way.name] = {"as": "flag", "true": [spelled[0]], "false": [spelled[1]], **given_way}
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
                self.clauses.missing.append(f"order.sort: the field that the word {bare} of {sort.name} means")
            else:
                words[bare] = field
        return words, any(str(word).startswith("-") for word in sort.shape.enum)

    # --- filters --------------------------------------------------------------------------------------------

    def draft_filter(self, parameter: SourceParameter) -> None:
        """A filter where a field is found that the parameter may compare; else a parameter that may do anything."""
        name, bound, spelled = parameter.name, guess_bound(parameter), guess_operator(parameter)
        field = None if bound is not None and speaks_of_time(parameter) else self.field_for(plain_name(name))
        keeps = "equal"
        if spelled is not None:
            field, keeps = self.field_for(spelled[0]), spelled[1]
        elif field is not None:
            part = self.shown[field].codec == "text" and _PART_WORDS.search(parameter.description)
            keeps = "contains" if part else "equal"
        elif bound is not None:
            field = self.bounded_field(bound.base, parameter)
            keeps = "" if field is None else self.bound_word(bound, field)
        told = None if field is None else self.parameter_for(parameter, field, keeps)
        if field is None or told is None:
            self.tolerate(parameter)
            return
        self.parameters[name] = told
        says = f"{name} keeps the rows whose {field} {_COMPARISON_TEXTS[keeps]} the value"
        rule: Tree = {"compares": field, "clause": self.clauses.add("should", "inferred", says, f"parameter {name}")}
        if keeps != "equal":
            rule["keeps"] = keeps
        if keeps in ("at-or-after", "at-or-before") and not (bound is not None and bound.stated):
            rule["boundary"] = {"open": ["inclusive", "exclusive"], "assumed": "inclusive"}
        self.filters[name] = Guess(rule, f"does {name} compare {field} so?{quoted(parameter.description)}")

    def bound_word(self, bound: BoundGuess, field: str) -> str:
        """How one end of a range compares a field: numbers by size, instants by time."""
        if bound.strict and bound.stated:
            return "above" if bound.lower else "below"
        if self.shown[field].codec in ("integer", "decimal", "digits", "decimal-text"):
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

    def parameter_for(self, parameter: SourceParameter, field: str, keeps: str) -> Tree | None:
        """How the value of a parameter is written that compares a field; None where it cannot be said."""
        codec, shape, ranged = self.shown[field].codec, parameter.shape, keeps in _RANGES
        example: Tree = {} if shape.example is None or isinstance(shape.example, bool) else {"example": shape.example}
        if keeps in ("in", "not-in"):
            return (
                {"as": "list", **({"of": "word"} if codec == "word" else {})} if codec in ("word", "text") else None
            )
        if shape.type == "array":
            if ranged or codec not in ("word", "text"):
                return None
            if parameter.repeated:
                return {"as": codec, "repeated": "any"}
            return {"as": "list", **({"of": "word"} if codec == "word" else {})}
        match codec:
            case "word":
                return None if ranged else {"as": "word", **example}
            case "rfc3339" | "local-time" | "epoch-seconds":
                return self.time_parameter(shape, codec) if ranged else None
            case "integer" | "digits":
                return {"as": "integer"} if shape.type in ("integer", "number", "string") else None
            case "decimal" | "decimal-text":
                return {"as": "decimal"} if shape.type in ("integer", "number", "string") else None
            case "flag":
                return {"as": "flag", "true": ["true", "1"], "false": ["false", "0"]}
            case "text":
                return {} if not ranged and shape.type in ("string", "integer") else None
        return None

    def time_parameter(self, shape: SchemaShape, codec: str) -> Tree | None:
        """How a parameter writes an instant: as the field does, as a day, or as seconds."""
        if shape.type in ("integer", "number"):
            return {"as": "epoch-seconds"}
        if shape.type != "string":
            return None
        return {"as": "calendar-day" if shape.format == "date" else codec}

    def tolerate(self, parameter: SourceParameter) -> None:
        """A parameter of which nothing is known: a server may honour or ignore it."""
        shape = parameter.shape
        value = next((one for one in (shape.example, shape.default, *shape.enum) if one is not None), "1")
        text = str(value).lower() if isinstance(value, bool) else str(value)
        self.tolerated[parameter.name] = Guess(text, f"what does {parameter.name} do?{quoted(parameter.description)}")
        self.clauses.missing.append(
            f"parameters.{parameter.name}: what it does"
            + ("; the document requires it" if parameter.required else "")
        )

    def note_what_is_left_out(self) -> None:
        for one in self.source.parameters():
            if one.place not in (*_PLACES, "path") and one.name.lower() not in (
                "accept",
                "content-type",
                "authorization",
            ):
                self.clauses.missing.append(f"parameters.{one.name}: it stands in the {one.place}")
        if "requestBody" in self.source.operation:
            self.clauses.missing.append("parameters: those of the request's body")

    def draft_conjunction(self) -> Tree:
        if len(self.filters) < 2:
            return {}
        return {
            "conjunction-clause": self.clauses.add(
                "should", "inferred", "filters given together all hold", "parameters"
            ),
            "no-match-clause": self.clauses.add(
                "should", "inferred", "no match is a success without rows", "parameters"
            ),
        }

    # --- the answer -----------------------------------------------------------------------------------------

    def draft_answer_parts(self) -> Tree:
        found: Tree = {}
        total = self.answer.total
        if total is not None:
            says = f"{total.at} counts all rows that match"
            clause = self.clauses.add("should", "inferred", says, f"answer, {total.at}")
            value = {"at": total.at, "clauses": {"present": clause, "sum": clause}}
            found["total"] = Guess(value, f"does {total.at} count all rows over all pages?")
        returned = self.answer.returned
        if returned is not None:
            clause = self.clauses.add(
                "should", "inferred", f"{returned.at} counts the rows here", f"answer, {returned.at}"
            )
            found["returned"] = Guess(
                {"at": returned.at, "clause": clause}, f"does {returned.at} count the rows of this answer?"
            )
        numbers = [one for one in (self.places.page, self.places.size, self.places.offset) if one is not None]
        echoes = []
        for one in (one for one in numbers if one.name in self.parameters):
            alike = [part for part in self.answer.parts if part.name == plain_name(one.name) and part is not total]
            for part in (part for part in alike[:1] if part.shape.type == "integer" and part is not returned):
                clause = self.clauses.add("should", "inferred", f"{part.at} repeats {one.name}", f"answer, {part.at}")
                echo = {"at": part.at, "of": one.name, "exact": False, "clause": clause}
                echoes.append(Guess(echo, f"does {part.at} repeat {one.name}?"))
        return {**found, **({"echoes": echoes} if echoes else {})}

    def draft_zone(self) -> Tree:
        if all(guess.codec != "local-time" for guess in self.shown.values()):
            return {}
        return {"zone": Guess({"default": {"open": "zone", "assumed": "UTC"}}, "in which zone are times written?")}

    def draft_access(self) -> Any:
        user, password = self.places.user, self.places.password
        accounts = {"accounts": list(self.accounts.values())} if self.accounts else {}
        if user is not None and password is not None:
            accepted = self.clauses.add("must", "inferred", "valid credentials open the list", "security")
            refused = self.clauses.add("must", "entailed", "credentials are examined", "security")
            promises = {
                "accepted": accepted,
                "wrong-refused": refused,
                "user-required": refused,
                "password-required": refused,
            }
            access: Tree = {"kind": "password", "user": user.name, "password": password.name}
            return Guess({**access, **accounts, "clauses": promises}, "are these the credentials?")
        drafted = draft_access(self.source, self.clauses)
        self.schemes = drafted.schemes
        if isinstance(drafted.access, Guess):
            return Guess({**drafted.access.value, **accounts}, drafted.access.asks)
        return {**drafted.access, **accounts}

    def draft_accounts(self) -> None:
        """The parameters of the path: each is taken for the account of who asks."""
        for name in self.accounts.values():
            says = f"another {name} than one's own is refused"
            rule = {
                "credential": name,
                "fault": "foreign",
                "clause": self.clauses.add("should", "inferred", says, f"parameter {name}"),
            }
            self.parameters[name] = Guess({"bound-to": rule}, f"is {name} in the path always that of who asks?")

    def draft_outcome(self) -> Tree:
        told, statuses = self.error, self.source.statuses()
        success = next((int(status) for status in statuses if re.fullmatch("2[0-9][0-9]", status)), 200)
        bad = next((int(status) for status in ("422", "400") if status in statuses), 400)
        foreign = next((int(status) for status in ("403", "404") if status in statuses), 403)
        marked = self.clauses.add("must", "documented", f"success is told by HTTP {success}", f"response {success}")
        shape: Tree = {}
        if told.code is not None:
            shape["code-at"] = told.code.at
            shape["code-as"] = "integer" if told.code.shape.type == "integer" else "text"
        else:
            self.clauses.missing.append(
                "outcome.error: where an error tells its code; the HTTP status alone tells it"
            )
        shape.update({"message-at": told.message.at} if told.message is not None else {})
        shape.update({"key-at": told.key.at} if told.key is not None else {})
        shape["http"] = bad
        faults: Tree = {
            "unauthenticated": {"http": 401, **self.code_of(401, "unauthenticated", "auth"), "says": "log in"},
            "invalid": {**self.code_of(bad, "invalid", "invalid|param|valid"), "says": "{parameter} is not valid"},
        }
        if self.accounts:
            code = self.code_of(foreign, "forbidden", "forbid|denied|not.?found")
            faults["foreign"] = {"http": foreign, **code, "says": "no such account"}
        return {
            "success": {"http": success, "clause": marked},
            "error": Guess(shape, "where do errors tell their code, and which codes are there?"),
            "faults": faults,
        }

    def code_of(self, number: int, word: str, like: str) -> Tree:
        """The code of a fault: the HTTP status, or the word of the document's that is like it."""
        code = self.error.code
        if code is None:
            return {}
        if code.shape.type == "integer":
            return {"code": number}
        return {"code": next((name for name in map(str, code.shape.enum) if re.search(like, name, re.I)), word)}

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
            _put(page, part.at, {"type": [part.shape.type, "null"] if part.shape.nullable else part.shape.type})
        failure: Tree = {"type": "object"}
        for one in (self.error.code, self.error.message, self.error.key):
            if one is not None:
                _put(failure, one.at, {"type": one.shape.type})
        row = {name: row_schema(source, shape) for name, shape in list(self.answer.fields.items())[:_MOST]}
        schemas: Tree = {"Page": page if self.answer.rows_at else rows, "Failure": failure}
        schemas["Row"] = {"type": "object", "properties": row}
        components: Tree = {"schemas": schemas}
        if self.schemes:
            components["securitySchemes"] = self.schemes
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
        return [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in self.accounts.values()
        ]


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
