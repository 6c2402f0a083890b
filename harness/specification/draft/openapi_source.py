"""An OpenAPI document from elsewhere, 3.0 or 3.1: its operation, and its schemas with references followed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias, cast, final

import yaml

from harness.errors import UsageProblem, did_you_mean
from harness.integers import is_integer
from harness.specification.yaml_source import SourceFileError

Node: TypeAlias = "Mapping[str, Any]"
PlainScalar: TypeAlias = "str | int | bool"

SOURCE_BYTE_LIMIT: Final = 32 * 1024 * 1024
_DEPTH_LIMIT: Final = 24
_METHODS: Final = ("get", "post")
# A description that is nothing but the words: `ANSWERED | NO ANSWER | BUSY`.
_WORD_LIST: Final = re.compile(r"[\w.-]+( [\w.-]+)?( ?\| ?[\w.-]+( [\w.-]+)?)+", re.ASCII)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaShape:
    """What a schema says of a value, all its parts together; `properties` and `items` stand as in the document."""

    types: tuple[str, ...] = ()
    format: str = ""
    pattern: str = ""
    enum: tuple[PlainScalar, ...] = ()
    least: int | None = None
    most: int | None = None
    default: PlainScalar | None = None
    example: PlainScalar | None = None
    description: str = ""
    nullable: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    items: Any = None

    @property
    def type(self) -> str:
        """Its one type besides null: as it is said, or else as its other parts tell."""
        for name in self.types:
            if name != "null":
                return name
        if self.properties:
            return "object"
        if self.items is not None:
            return "array"
        return "string"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceParameter:
    """One parameter of the operation: its name, its place, what its value may be; `repeated`, once per item."""

    name: str
    place: str
    shape: SchemaShape
    description: str
    required: bool
    repeated: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApiSource:
    """A document and the one operation of it that a spec is drafted for."""

    name: str
    sha256: str
    tree: Node
    path: str
    method: str

    @property
    def item(self) -> Node:
        """All that the document says of the path."""
        return mapping_of(mapping_of(self.tree.get("paths")).get(self.path))

    @property
    def operation(self) -> Node:
        """What it says of the operation."""
        return mapping_of(self.item.get(self.method))

    def resolve(self, node: Any) -> Node:
        """The mapping that a node is or refers to inside the document; empty where there is none."""
        for _ in range(_DEPTH_LIMIT):
            found = mapping_of(node)
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found
            node = self.tree if reference.startswith("#/") else None
            for step in reference[2:].split("/"):
                name = step.replace("~1", "/").replace("~0", "~")
                node = mapping_of(node).get(name)
        return {}

    def shape(self, node: Any) -> SchemaShape:
        """What a schema says, with all of `allOf` and the first of `anyOf` and `oneOf` that is not null."""
        parts = list(self._parts(node, 0, set()))
        types: list[str] = []
        for part in parts:
            said = part.get("type")
            types += [name for name in (said if isinstance(said, list) else [said]) if isinstance(name, str)]
        properties: dict[str, Any] = {}
        required: list[str] = []
        for part in parts:
            properties.update({str(name): inner for name, inner in mapping_of(part.get("properties")).items()})
            required += [name for name in list_of(part.get("required")) if isinstance(name, str)]
        enum = next((list_of(part["enum"]) for part in parts if part.get("enum")), [])
        constants = [part["const"] for part in parts if "const" in part]
        return SchemaShape(
            types=tuple(dict.fromkeys(types)),
            format=text_of(_first(parts, "format")),
            pattern=text_of(_first(parts, "pattern"))[:200],
            enum=tuple(value for value in (enum or constants) if isinstance(value, str | int)),
            least=_whole_number(_first(parts, "minimum")),
            most=_whole_number(_first(parts, "maximum")),
            default=_scalar(_first(parts, "default")),
            example=_scalar(_first(parts, "example")),
            description=text_of(_first(parts, "description")),
            nullable="null" in types or any(part.get("nullable") is True for part in parts),
            properties=properties,
            required=tuple(dict.fromkeys(required)),
            items=_first(parts, "items"),
        )

    def _parts(self, node: Any, depth: int, seen: set[int]) -> Iterator[Node]:
        one = self.resolve(node)
        if depth > _DEPTH_LIMIT or id(one) in seen:
            return
        seen.add(id(one))
        yield one
        for inner in list_of(one.get("allOf")):
            yield from self._parts(inner, depth + 1, seen)
        for word in ("anyOf", "oneOf"):
            options = [self.resolve(inner) for inner in list_of(one.get(word))]
            if any(option.get("type") == "null" for option in options):
                yield {"nullable": True}
            chosen = next((option for option in options if option.get("type") != "null"), None)
            if chosen is not None:
                yield from self._parts(chosen, depth + 1, seen)

    def parameters(self) -> Iterator[SourceParameter]:
        """The parameters of the path and the operation; each key of a `deepObject` is one of its own."""
        found: dict[tuple[str, str], Node] = {}
        for holder in (self.item, self.operation):
            for raw in list_of(holder.get("parameters")):
                one = self.resolve(raw)
                found[text_of(one.get("in")), text_of(one.get("name"))] = one
        for (place, name), one in found.items():
            schema = one.get("schema")
            if schema is None:
                content = list(mapping_of(one.get("content")).values())
                schema = mapping_of(content[0]).get("schema") if content else {}
            shape = self.shape(schema)
            required = one.get("required") is True
            says = text_of(one.get("description")) or shape.description
            if shape.type == "object" and shape.properties:
                for key, inner in shape.properties.items():
                    part = self.shape(inner)
                    yield SourceParameter(
                        name=f"{name}[{key}]", place=place, shape=part, description=part.description or says,
                        required=required and key in shape.required,
                    )  # fmt: skip
            elif name:
                if shape.type == "string" and not shape.enum and _WORD_LIST.fullmatch(says):
                    shape = replace(shape, enum=tuple(word.strip() for word in says.split("|")))
                alone = place == "query" and one.get("style", "form") == "form" and one.get("explode", True) is True
                yield SourceParameter(
                    name=name, place=place, shape=shape, description=says, required=required,
                    repeated=alone and shape.type == "array",
                )  # fmt: skip

    def answer(self, *, error: bool) -> tuple[str, SchemaShape] | None:
        """Status and schema of the first success, or of the first error, that has one."""
        for status, raw in mapping_of(self.operation.get("responses")).items():
            told = str(status)
            wanted = told[:1] in "45" or told == "default" if error else told[:1] == "2"
            for content in mapping_of(self.resolve(raw).get("content")).values():
                schema = mapping_of(content).get("schema")
                if wanted and schema is not None:
                    return told, self.shape(schema)
        return None

    def statuses(self) -> tuple[str, ...]:
        """The HTTP statuses that the document names."""
        return tuple(str(status) for status in mapping_of(self.operation.get("responses")))

    @property
    def asks_for_all(self) -> bool:
        """Whether the first requirement of the operation names several schemes, all of which are due."""
        asked = list_of(self.operation.get("security", self.tree.get("security")))
        return bool(asked) and len(mapping_of(asked[0])) > 1

    def security_schemes(self) -> Iterator[tuple[str, Node]]:
        """The schemes that the operation asks for, by name; of the whole document where it says nothing."""
        asked = self.operation.get("security", self.tree.get("security"))
        schemes = mapping_of(mapping_of(self.tree.get("components")).get("securitySchemes"))
        names = list(map(str, schemes))
        if asked is not None:
            names = [str(name) for one in list_of(asked) for name in mapping_of(one)]
        for name in dict.fromkeys(names):
            if name in schemes:
                yield name, self.resolve(schemes[name])


def mapping_of(node: Any) -> Node:
    """The node if it is a mapping, else an empty one."""
    return cast(Node, node) if isinstance(node, Mapping) else {}


def list_of(node: Any) -> list[Any]:
    """The node if it is a list, else an empty one."""
    return node if isinstance(node, list) else []


def text_of(node: Any) -> str:
    """The node if it is a text, in characters that any file can hold; else an empty one."""
    return node.encode("utf-8", "replace").decode() if isinstance(node, str) else ""


def _first(parts: list[Node], key: str) -> Any:
    return next((part[key] for part in parts if part.get(key) is not None), None)


def _whole_number(node: Any) -> int | None:
    if isinstance(node, float) and node.is_integer():
        node = int(node)
    return node if is_integer(node) and abs(node) < 10**18 else None


def _scalar(node: Any) -> PlainScalar | None:
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node if isinstance(node, str | int) else None


# --- reading ------------------------------------------------------------------------------------------------


def read_openapi_source(path: Path, *, operation_path: str, method: str | None) -> OpenApiSource:
    """The document in a file and the operation in it. Raises UsageError with one message for whatever is wrong."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceFileError(str(path), "a readable file", error.strerror or str(error)) from None
    if len(data) > SOURCE_BYTE_LIMIT:
        raise SourceFileError(str(path), f"at most {SOURCE_BYTE_LIMIT} bytes", f"{len(data)} bytes")
    tree = _parse(data, str(path))
    _check_version(tree, str(path))
    paths = mapping_of(tree.get("paths"))
    known = [name for name in map(str, paths) if any(word in mapping_of(paths.get(name)) for word in _METHODS)]
    if operation_path not in known:
        shown = ", ".join(known[:12]) + (f" and {len(known) - 12} more" if len(known) > 12 else "")
        do = did_you_mean(operation_path, known)
        raise UsageProblem("--path", f"a path of {path}: {shown or 'it has none'}", repr(operation_path), do)
    methods = [word for word in _METHODS if word in mapping_of(paths[operation_path])]
    chosen = methods[0] if method is None else method.lower()
    if chosen not in methods:
        raise UsageProblem("--method", f"one of {', '.join(methods)}", repr(method))
    return OpenApiSource(
        name=path.name, sha256=sha256(data).hexdigest(), tree=tree, path=operation_path, method=chosen
    )


def _parse(data: bytes, name: str) -> Node:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceFileError(name, "UTF-8 text", f"byte {error.start} is not UTF-8") from None
    try:
        tree = json.loads(text) if text.lstrip()[:1] == "{" else yaml.load(text, Loader=_PlainLoader)  # noqa: S506
    except json.JSONDecodeError:
        try:
            tree = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a safe loader
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise SourceFileError(name, "well-formed JSON or YAML", _one_line(error)) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SourceFileError(name, "well-formed JSON or YAML", _one_line(error)) from None
    if not isinstance(tree, Mapping):
        raise SourceFileError(name, "an OpenAPI document", "no mapping")
    return tree


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


class _PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader to which a date is a text."""


_PlainLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _check_version(tree: Node, name: str) -> None:
    version = str(tree.get("openapi", ""))
    if version.startswith(("3.0", "3.1")):
        return
    if "swagger" in tree:
        raise SourceFileError(
            name, "OpenAPI 3.0 or 3.1", f"Swagger {tree['swagger']}"[:60], "convert it to OpenAPI 3 first"
        )
    raise SourceFileError(name, "OpenAPI 3.0 or 3.1", f"openapi: {version}"[:80] if version else "no key openapi")
