"""From plain YAML values to the frozen values of the model, and from the model to its JSON Schema.

One walk over the annotations of `harness.specification.model` serves both, so the loader and the published grammar
cannot disagree.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from harness.errors import nearest_words
from harness.integers import is_integer
from harness.specification.field_path import VALUE_PATHS, AttributePath, FieldPath, ValuePath, written_value
from harness.specification.model import Clauses, OpenChoice
from harness.specification.yaml_source import (
    KeyPath,
    PlainValue,
    SourceFile,
    SourceFileError,
    raise_source_errors,
)

T = TypeVar("T")

OPEN_CHOICE_KINDS: Final = ("integer", "zone", "text")
_OPEN_CHOICE_KEYS: Final = ("open", "assumed", "clause")
_PATH_FORMS: Final[Mapping[type[ValuePath], str]] = types.MappingProxyType(
    {
        FieldPath: "a field such as name, list[].name or hidden.name",
        AttributePath: "an attribute such as name or list[].name",
    }
)


def spec_key(name: str) -> str:
    """The key in a spec for a field of the model."""
    return name.rstrip("_").replace("_", "-")


def deserialize_value(cls: type[T], source: SourceFile, path: KeyPath = ()) -> T:
    """The value of `cls` that stands at `path`.

    Raises what means nothing there, and what of the file could not be read: SourceFileError for one thing,
    SourceFileErrors for several.
    """
    node: PlainValue = source.tree
    for step in path:
        node = node[step]  # type: ignore[index]
    builder = _ModelBuilder(source, path)
    value = builder.build_part(cls, node, path)
    found = [(source.line_of(place), error) for place, error in builder.errors]
    found += [(_line_in(flaw.where), flaw) for flaw in source.flaws]
    raise_source_errors(source.name, [error for _, error in sorted(found, key=lambda one: one[0])])
    return typing.cast(T, value)


def _line_in(where: str) -> int:
    line = where.rpartition(":")[2]
    return int(line) if line.isdecimal() else 1


@dataclasses.dataclass(slots=True)
class _ModelBuilder:
    source: SourceFile
    base: KeyPath
    errors: list[tuple[KeyPath, SourceFileError]] = dataclasses.field(default_factory=list)

    def source_error(self, path: KeyPath, expected: str, actual: str, do: str = "") -> SourceFileError:
        return SourceFileError(self.source.location(path), expected, actual, do)

    def build_part(self, kind: Any, node: PlainValue, path: KeyPath) -> Any:
        """The value of one part; where it means nothing that is kept, and its neighbours are read on."""
        try:
            return self.build_value(kind, node, path)
        except SourceFileError as error:
            self.errors.append((path, error))
            return None

    def build_value(self, kind: Any, node: PlainValue, path: KeyPath) -> Any:
        origin = typing.get_origin(kind)
        if origin in (typing.Union, types.UnionType):
            return self.build_union(typing.get_args(kind), node, path)
        if origin is typing.Literal:
            return self.build_word(typing.get_args(kind), node, path)
        if origin is tuple:
            (inner, _) = typing.get_args(kind)
            items = node if isinstance(node, list) else [node]
            places = [(*path, i) for i in range(len(items))] if isinstance(node, list) else [path]
            return tuple(self.build_part(inner, item, place) for item, place in zip(items, places, strict=True))
        if origin in (Mapping, dict):
            key_kind, inner = typing.get_args(kind)
            if not isinstance(node, Mapping):
                raise self.source_error(path, "a mapping", _describe_node(node))
            if typing.get_origin(key_kind) is typing.Literal:
                self.check_keys(node, typing.get_args(key_kind), path)
            return types.MappingProxyType(
                {name: self.build_part(inner, value, (*path, name)) for name, value in node.items()}
            )
        if kind in VALUE_PATHS:
            return self.build_value_path(kind, node, path)
        if dataclasses.is_dataclass(kind):
            return self.build_record(typing.cast(type, kind), node, path)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return kind(self.build_word(tuple(member.value for member in kind), node, path))
        if getattr(kind, "__supertype__", None) is not None:
            return self.build_value(kind.__supertype__, node, path)
        return self.build_scalar(kind, node, path)

    def build_scalar(self, kind: Any, node: PlainValue, path: KeyPath) -> Any:
        if kind is type(None) and node is None:
            return None
        if kind is bool and isinstance(node, bool):
            return node
        if kind is int and is_integer(node):
            return node
        if kind is str and isinstance(node, str):
            return node
        if kind is str and is_integer(node):
            raise self.source_error(path, "text", f"the number {node}", f'write "{node}" in quotes')
        raise self.source_error(path, _type_name(kind), _describe_node(node))

    def build_value_path(self, kind: type[ValuePath], node: PlainValue, path: KeyPath) -> ValuePath:
        text = self.build_scalar(str, node, path)
        try:
            return kind.parse(text)
        except ValueError:
            raise self.source_error(path, _PATH_FORMS[kind], repr(text)) from None

    def build_word(self, words: tuple[Any, ...], node: PlainValue, path: KeyPath) -> Any:
        for word in words:
            if word == node and type(word) is type(node):
                return word
        raise self.unknown_word_error(node, words, path, "value")

    def check_keys(self, node: Mapping[str, PlainValue], words: tuple[str, ...], path: KeyPath) -> set[str]:
        """Keep an error for each key that is not among the words; the words that may have been meant."""
        meant: set[str] = set()
        for name in node:
            if name not in words:
                place = (*path, name)
                self.errors.append((place, self.unknown_word_error(name, words, place, "key")))
                meant.update(nearest_words(str(name), words))
        return meant

    def unknown_word_error(
        self, node: PlainValue, words: tuple[Any, ...], path: KeyPath, what: str
    ) -> SourceFileError:
        near = nearest_words(str(node), (str(word) for word in words))
        return self.source_error(
            path,
            f"one of {', '.join(str(word) for word in words)}",
            f"the {what} {node!r}, which means nothing here",
            f"did you mean {near[0]!r}?" if near else "",
        )

    def build_union(self, kinds: tuple[Any, ...], node: PlainValue, path: KeyPath) -> Any:
        opens = [kind for kind in kinds if typing.get_origin(kind) is OpenChoice]
        rest = tuple(kind for kind in kinds if typing.get_origin(kind) is not OpenChoice)
        if opens and isinstance(node, Mapping) and "open" in node:
            return self.build_open_choice(rest, node, path)
        if node is None and type(None) in rest:
            return None
        rest = tuple(kind for kind in rest if kind is not type(None))
        if len(rest) == 1:
            return self.build_value(rest[0], node, path)
        records = [kind for kind in rest if dataclasses.is_dataclass(kind)]
        if len(records) == 1 and isinstance(node, Mapping):
            return self.build_record(typing.cast(type, records[0]), node, path)
        if len(records) > 1:
            return self.build_by_word(records, node, path)
        for kind in rest:
            trial = _ModelBuilder(self.source, self.base)
            value = trial.build_part(kind, node, path)
            if not trial.errors:
                return value
        raise self.source_error(path, " or ".join(_type_name(kind) for kind in rest), _describe_node(node))

    def build_by_word(self, records: list[Any], node: PlainValue, path: KeyPath) -> Any:
        """The record that is chosen by the key which has one word of its own in each of them."""
        words = [_own_words(record) for record in records]
        name = next(name for name in words[0] if all(name in others for others in words))
        if not isinstance(node, Mapping) or name not in node:
            raise self.source_error(path, f"a mapping with the key {name}", _describe_node(node))
        table = {own[name]: record for own, record in zip(words, records, strict=True)}
        chosen = self.build_word(tuple(table), node[name], (*path, name))
        return self.build_record(table[chosen], node, path)

    def build_open_choice(
        self, kinds: tuple[Any, ...], node: Mapping[str, PlainValue], path: KeyPath
    ) -> OpenChoice[Any]:
        self.check_keys(node, _OPEN_CHOICE_KEYS, path)
        if "assumed" not in node:
            raise self.source_error(path, "the key assumed beside open", "no assumed")
        kind = kinds[0] if len(kinds) == 1 else typing.Union[kinds]  # noqa: UP007
        given = node["open"]
        named: str | None = None
        options: tuple[Any, ...] = ()
        if isinstance(given, str):
            named = self.build_word(OPEN_CHOICE_KINDS, given, (*path, "open"))
        elif isinstance(given, list) and len(given) > 1:
            options = tuple(self.build_value(kind, item, (*path, "open", i)) for i, item in enumerate(given))
        else:
            raise self.source_error(
                (*path, "open"),
                f"two or more alternatives, or one of {', '.join(OPEN_CHOICE_KINDS)}",
                _describe_node(given),
            )
        assumed = self.build_value(kind, node["assumed"], (*path, "assumed"))
        if options and assumed not in options:
            raise self.source_error(
                (*path, "assumed"),
                f"one of the alternatives {written_value(options)}",
                _describe_node(node["assumed"]),
            )
        clause = self.build_value(Clauses, node.get("clause", []), (*path, "clause"))
        name = ".".join(str(part) for part in path[len(self.base) :])
        return OpenChoice(id=name, options=options, assumed=assumed, kind=named, clause=clause)

    def build_record(self, cls: type, node: PlainValue, path: KeyPath) -> Any:
        if not isinstance(node, Mapping):
            raise self.source_error(
                path, f"a mapping ({(cls.__doc__ or '').strip().rstrip('.').lower()})", _describe_node(node)
            )
        hints = typing.get_type_hints(cls)
        fields = {spec_key(field.name): field for field in dataclasses.fields(cls)}
        meant = self.check_keys(node, tuple(fields), path)
        values: dict[str, Any] = {}
        for name, field in fields.items():
            if name in node:
                values[field.name] = self.build_part(hints[field.name], node[name], (*path, name))
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                values[field.name] = None
                # A misspelt key is one mistake, not two.
                if name not in meant:
                    expected = f"the key {name} ({field.metadata.get('says', '')})"
                    self.errors.append((path, self.source_error(path, expected, "no such key")))
        return cls(**values)


def _own_words(record: Any) -> dict[str, str]:
    """The keys of a record that have a single word each, with that word."""
    hints = typing.get_type_hints(record).items()
    literals = {name: typing.get_args(hint) for name, hint in hints if typing.get_origin(hint) is typing.Literal}
    return {spec_key(name): words[0] for name, words in literals.items() if len(words) == 1}


def json_schema(cls: type) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a value of `cls` as it stands in a spec."""
    definitions: dict[str, Any] = {}
    top = _type_schema(cls, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "x-listing, the listing language",
        **top,
        "$defs": dict(sorted(definitions.items())),
    }


def _type_schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _union_schema(typing.get_args(kind), definitions)
    if origin is typing.Literal:
        return {"enum": list(typing.get_args(kind))}
    if kind == Clauses:
        one = {"type": "string"}
        definitions["Clauses"] = {"anyOf": [one, {"type": "array", "items": one}], "description": "Ids of clauses."}
        return {"$ref": "#/$defs/Clauses"}
    if origin is tuple:
        inner = _type_schema(typing.get_args(kind)[0], definitions)
        return {"anyOf": [inner, {"type": "array", "items": inner}]}
    if origin in (Mapping, dict):
        key_kind, value_kind = typing.get_args(kind)
        result: dict[str, Any] = {"type": "object", "additionalProperties": _type_schema(value_kind, definitions)}
        if typing.get_origin(key_kind) is typing.Literal:
            result["propertyNames"] = {"enum": list(typing.get_args(key_kind))}
        return result
    if kind in VALUE_PATHS:
        return {"type": "string"}
    if dataclasses.is_dataclass(kind):
        return _record_schema(typing.cast(type, kind), definitions)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [member.value for member in kind]}
    if getattr(kind, "__supertype__", None) is not None:
        return {"type": "string"}
    return {"type": {str: "string", int: "integer", bool: "boolean", type(None): "null"}[kind]}


def _union_schema(kinds: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    rest = [kind for kind in kinds if typing.get_origin(kind) is not OpenChoice]
    options = [_type_schema(kind, definitions) for kind in rest]
    if len(rest) < len(kinds):
        one = options[0] if len(options) == 1 else {"anyOf": options}
        options = [
            *options,
            {
                "type": "object",
                "required": ["open", "assumed"],
                "additionalProperties": False,
                "properties": {
                    "open": {
                        "anyOf": [{"enum": list(OPEN_CHOICE_KINDS)}, {"type": "array", "minItems": 2, "items": one}]
                    },
                    "assumed": one,
                    "clause": _type_schema(Clauses, definitions),
                },
            },
        ]
    return options[0] if len(options) == 1 else {"anyOf": options}


def _record_schema(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}
        hints = typing.get_type_hints(cls)
        properties = {}
        required = []
        for field in dataclasses.fields(cls):
            name = spec_key(field.name)
            properties[name] = {
                **_type_schema(hints[field.name], definitions),
                "description": field.metadata.get("says", ""),
            }
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                required.append(name)
        definitions[cls.__name__] = {
            "type": "object",
            "description": (cls.__doc__ or "").strip(),
            "additionalProperties": False,
            "properties": properties,
            **({"required": required} if required else {}),
        }
    return {"$ref": f"#/$defs/{cls.__name__}"}


def _describe_node(node: PlainValue) -> str:
    if isinstance(node, Mapping):
        return "a mapping with the keys " + ", ".join(node) if node else "an empty mapping"
    if isinstance(node, list):
        return f"a list of {len(node)}"
    return repr(node)


def _type_name(kind: Any) -> str:
    return {str: "text", int: "an integer", bool: "true or false", type(None): "null"}.get(kind, str(kind))
