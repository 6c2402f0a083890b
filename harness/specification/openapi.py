"""The OpenAPI side of a spec: the plain document, and what its schemas say of requests and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from harness.specification.load import LISTING_EXTENSION, Spec
from harness.specification.yaml_source import KeyPath

Schema = Mapping[str, Any]

_DEPTH_LIMIT: Final = 32
_FORM_MEDIA_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


def openapi_document(spec: Spec, *, base_url: str | None = None, extension: bool = False) -> dict[str, Any]:
    """The OpenAPI document of a spec as plain values.

    `base_url` takes the place of its servers; `extension` keeps `x-listing`.
    """
    document: dict[str, Any] = _plain_copy(spec.openapi)
    if base_url is not None:
        document["servers"] = [{"url": base_url}]
    if not extension:
        del document["paths"][spec.path][spec.method.lower()][LISTING_EXTENSION]
    return document


def _plain_copy(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {name: _plain_copy(value) for name, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain_copy(value) for value in node]
    return node


# --- requests -----------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestParameter:
    """A parameter as the OpenAPI side declares it: its name, its place, its schema, where it stands in the file."""

    name: str
    place: str
    schema: Schema
    required: bool
    path: KeyPath


def request_parameters(spec: Spec) -> tuple[RequestParameter, ...]:
    """The parameters of the operation: of its path, its own, and the fields of its forms."""
    method = spec.method.lower()
    item = spec.openapi["paths"][spec.path]
    found: list[RequestParameter] = []
    for base in (("paths", spec.path), ("paths", spec.path, method)):
        holder = item if len(base) == 2 else item[method]
        for index, raw in enumerate(holder.get("parameters", [])):
            one = resolve_reference(spec, raw)
            schema = resolve_reference(spec, one.get("schema", {}))
            path = (*base, "parameters", index)
            required = one.get("required") is True
            plain = RequestParameter(
                name=str(one.get("name")), place=str(one.get("in")), schema=schema, required=required, path=path
            )
            found += _object_members(spec, plain) if one.get("style") == "deepObject" else [plain]
    for media_type, schema in _request_schemas(spec):
        if media_type in _FORM_MEDIA_TYPES:
            path = ("paths", spec.path, method, "requestBody")
            known = {one.name for one in found}
            for part in schema_alternatives(spec, schema):
                for name, inner in part.get("properties", {}).items():
                    if name not in known:
                        known.add(name)
                        required = name in part.get("required", [])
                        found.append(
                            RequestParameter(
                                name=name,
                                place="form",
                                schema=resolve_reference(spec, inner),
                                required=required,
                                path=path,
                            )
                        )
    return tuple(found)


def _object_members(spec: Spec, whole: RequestParameter, depth: int = 0) -> list[RequestParameter]:
    """The pairs that an object in brackets (`style: deepObject`) stands for: `name[key]`, `name[key][inner]`."""
    found: list[RequestParameter] = []
    members = property_schemas(spec, [whole.schema])
    for key, schemas in members.items():
        schema = resolve_reference(spec, schemas[0])
        member = RequestParameter(
            name=f"{whole.name}[{key}]",
            place=whole.place,
            schema=schema,
            required=whole.required and key in whole.schema.get("required", []),
            path=whole.path,
        )
        found += _object_members(spec, member, depth + 1) if depth < _DEPTH_LIMIT else [member]
    return found or [whole]


def request_schemas_at(spec: Spec, pointer: str) -> tuple[Schema, ...]:
    """What the JSON request body may hold at a pointer; empty when the schema does not know the place."""
    tops = [schema for media_type, schema in _request_schemas(spec) if media_type not in _FORM_MEDIA_TYPES]
    return schemas_at(spec, tops, pointer)


def _request_schemas(spec: Spec) -> Iterator[tuple[str, Schema]]:
    operation = spec.openapi["paths"][spec.path][spec.method.lower()]
    body = resolve_reference(spec, operation.get("requestBody", {}))
    for media_type, content in body.get("content", {}).items():
        yield media_type, content.get("schema", {})


# --- answers ------------------------------------------------------------------------------------------------


def response_schemas_at(spec: Spec, pointer: str) -> tuple[Schema, ...]:
    """What an answer, success or error, may hold at a pointer."""
    operation = spec.openapi["paths"][spec.path][spec.method.lower()]
    tops: list[Schema] = []
    for response in operation.get("responses", {}).values():
        for content in resolve_reference(spec, response).get("content", {}).values():
            tops.append(content.get("schema", {}))
    return schemas_at(spec, tops, pointer)


def row_schemas(spec: Spec, lists: Sequence[Schema]) -> tuple[Schema, ...]:
    """The schemas of the elements of schemas of lists."""
    parts = (part for schema in lists for part in schema_alternatives(spec, schema))
    return tuple(resolve_reference(spec, part["items"]) for part in parts if isinstance(part.get("items"), Mapping))


def property_schemas(spec: Spec, schemas: Sequence[Schema]) -> Mapping[str, tuple[Schema, ...]]:
    """The properties that any of the schemas names, with what each may be."""
    found: dict[str, tuple[Schema, ...]] = {}
    for schema in schemas:
        for part in schema_alternatives(spec, schema):
            for name, inner in part.get("properties", {}).items():
                found[name] = (*found.get(name, ()), inner)
    return found


def schemas_at(spec: Spec, schemas: Sequence[Schema], pointer: str) -> tuple[Schema, ...]:
    """The schemas below others at a pointer."""
    here = tuple(schemas)
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        inner = property_schemas(spec, here).get(name, ())
        here = inner or (row_schemas(spec, here) if name.isdecimal() else ())
    return here


def schema_alternatives(spec: Spec, schema: Schema, *, depth: int = 0) -> Iterator[Schema]:
    """A schema and those that it is made of, references followed."""
    if depth > _DEPTH_LIMIT:
        return
    one = resolve_reference(spec, schema)
    yield one
    for word in ("allOf", "anyOf", "oneOf"):
        for inner in one.get(word, []):
            if isinstance(inner, Mapping):
                yield from schema_alternatives(spec, inner, depth=depth + 1)


def types_of_schemas(spec: Spec, schemas: Iterable[Schema]) -> frozenset[str]:
    """The JSON types that any of the schemas names; empty where none names one."""
    found: set[str] = set()
    for schema in schemas:
        for part in schema_alternatives(spec, schema):
            told = part.get("type", [])
            found |= {told} if isinstance(told, str) else {name for name in told if isinstance(name, str)}
    return frozenset(found)


def resolve_reference(spec: Spec, node: Any) -> Schema:
    """The mapping that a node is or that its `$ref` names; empty when there is none."""
    for _ in range(_DEPTH_LIMIT):
        if not isinstance(node, Mapping):
            return {}
        reference = node.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return node
        node = spec.openapi
        for step in reference[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            node = node.get(name) if isinstance(node, Mapping) else None
    return {}
