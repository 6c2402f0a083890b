"""The fields of a row as a draft has them: what each may show, objects by their parts, ids in their form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from harness.specification.draft.attribute_guesses import FieldGuess, IdForm, guess_field, guess_form, plain_name
from harness.specification.draft.clause_list import ClauseList, Tree
from harness.specification.draft.emitter import Guess
from harness.specification.draft.openapi_source import OpenApiSource, SchemaShape
from harness.telephony.attributes import Grain

_PARTS_AT_MOST = 100


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDraft:
    """The fields of a draft, and what each is taken to show; a part of an object by its dotted name."""

    fields: Tree
    shown: Mapping[str, FieldGuess]


@final
class FieldDrafter:
    """Drafts fields one by one: what one shows, the others do not."""

    def __init__(
        self, source: OpenApiSource, clauses: ClauseList, *, identity: str, accounts: Mapping[str, str]
    ) -> None:
        """`accounts` are the parameters of the path, by their plain names."""
        self._source = source
        self._clauses = clauses
        self._identity = identity
        self._accounts = accounts
        self._taken = {"call_id", "call_code"}
        self._form: IdForm = None
        self.shown: dict[str, FieldGuess] = {}

    def draft(self, fields: Mapping[str, SchemaShape], *, required: tuple[str, ...]) -> FieldDraft:
        """Every field; one that `required` does not name may be missing, where it names any."""
        self._settle_identity(fields[self._identity])
        found: Tree = {}
        for name, shape in fields.items():
            field, asks = self._field(name, shape)
            if required and name not in required and "optional" not in field:
                field["optional"] = True
            found[name] = Guess(field, f"{asks}{quoted(shape.description)}")
        return FieldDraft(fields=found, shown=self.shown)

    def _settle_identity(self, shape: SchemaShape) -> None:
        """The form of the rows' ids; what they show decides how a row names its parent."""
        self._form = guess_form(shape)
        code = shape.type != "integer" and self._form is None
        self._taken.add("parent_call_id" if code else "parent_call_code")

    def _field(self, name: str, shape: SchemaShape) -> tuple[Tree, str]:
        account = self._accounts.get(plain_name(name))
        if account is not None and shape.type == "string":
            says = f"{name} is that of the path"
            clause = self._clauses.add("should", "inferred", says, f"field {name}")
            return {"repeats": {"credential": account}, "clause": clause}, f"is {name} always {account} of the path?"
        guess = self._guess(name, shape)
        if guess is not None:
            return self._known(name, shape, guess), f"does {name} show {guess.attribute}, written {guess.codec}?"
        parts = self._parts(name, shape)
        if parts:
            absent: Tree = {"absent": "none"} if shape.nullable else {}
            return {"as": "object", **absent, "fields": parts}, f"do the parts of {name} show this?"
        self._clauses.missing.append(
            f"fields.{name}: which attribute it shows; until then the simulator leaves it out"
        )
        return _unknown_field(shape), f"what does {name} show?"

    def _parts(self, name: str, shape: SchemaShape) -> Tree:
        """The parts of an object of which at least one shows something that is known."""
        if shape.type != "object":
            return {}
        found: Tree = {}
        unknown: list[str] = []
        for part, node in list(shape.properties.items())[:_PARTS_AT_MOST]:
            if not part or "." in part or "[]" in part:
                continue
            inner = self._source.shape(node)
            guess = self._guess_named(f"{name}.{part}", f"{name} {part}", inner)
            found[part] = _unknown_field(inner) if guess is None else self._known(f"{name}.{part}", inner, guess)
            unknown += [part] if guess is None else []
        if len(unknown) == len(found):
            return {}
        if unknown:
            self._clauses.missing.append(f"fields.{name}: which attributes its parts {', '.join(unknown)[:200]} show")
        return found

    def _guess(self, name: str, shape: SchemaShape) -> FieldGuess | None:
        if name == self._identity:
            number = shape.type == "integer"
            attribute = "call_id" if number or self._form is not None else "call_code"
            codec = "integer" if number else "text"
            return self._take(name, FieldGuess(attribute=attribute, codec=codec, always=True, form=self._form))
        return self._guess_named(name, name, shape)

    def _guess_named(self, path: str, name: str, shape: SchemaShape) -> FieldGuess | None:
        guess = guess_field(name, shape, grain=Grain.CALL, taken=frozenset(self._taken), identity_form=self._form)
        return None if guess is None else self._take(path, guess)

    def _take(self, path: str, guess: FieldGuess) -> FieldGuess:
        self._taken.add(guess.attribute)
        self.shown[path] = guess
        return guess

    def _known(self, name: str, shape: SchemaShape, guess: FieldGuess) -> Tree:
        field: Tree = {"shows": guess.attribute}
        if guess.codec != "text":
            field["as"] = guess.codec
        if guess.form is not None:
            field["form"] = guess.form
        if guess.digits is not None:
            field["digits"] = guess.digits
        if guess.codec == "word":
            field["words"] = dict(guess.words)
            field.update({"more-words": list(guess.more_words)} if guess.more_words else {})
            says = f"{name} is one of its words"
            field["clause"] = self._clauses.add("should", "documented", says, f"enum of {name}")
        elif guess.codec not in ("text", "integer"):
            says = f"{name} is written {guess.codec}"
            field["clause"] = self._clauses.add("should", "inferred", says, f"field {name}")
        if not guess.always or shape.nullable:
            field["absent"] = "none" if shape.nullable or guess.codec != "text" else "empty"
            others = [form for form in ("none", "missing", "empty") if form != field["absent"]]
            field["tolerates"] = others[:2] if guess.codec == "text" else ["missing"]
        return field


def quoted(description: str) -> str:
    """What the document says of something, shortened to one line."""
    text = " ".join(description.split())
    return f" It says: {text[:90]}{'…' if len(text) > 90 else ''}" if text else ""


def row_schema(source: OpenApiSource, shape: SchemaShape, *, depth: int = 1) -> Tree:
    """The schema of a field; of an object also those of its parts."""
    schema: dict[str, Any] = {"type": [shape.type, "null"] if shape.nullable else shape.type}
    if shape.format:
        schema["format"] = shape.format
    if shape.enum and all(isinstance(word, str) for word in shape.enum):
        schema["enum"] = list(shape.enum)
    if shape.type == "object" and depth > 0:
        parts = list(shape.properties.items())[:_PARTS_AT_MOST]
        inner = {name: row_schema(source, source.shape(node), depth=depth - 1) for name, node in parts}
        schema.update({"properties": inner} if inner else {})
    return schema


def _unknown_field(shape: SchemaShape) -> Tree:
    other = {"object": "object", "array": "list", "integer": "integer", "number": "integer"}.get(shape.type)
    if shape.type == "boolean":
        return {"as": "flag", "optional": True, "absent": "none"}
    return {"optional": True, "absent": "none", **({"other-types": [other]} if other else {})}
