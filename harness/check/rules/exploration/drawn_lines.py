"""One drawn request as a value, and as the line in which another process tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, final

from harness.integers import is_integer
from harness.wire.decoded_body import Tree
from harness.wire.json_body import encode_json

SchemaMode = Literal["positive", "negative"]
LONGEST_LINE: Final = 1024 * 1024
_DEEPEST: Final = 100


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRequest:
    """One drawn request: pairs by name, or a whole JSON body; `data` says whether it obeys the schema."""

    data: SchemaMode
    pairs: tuple[tuple[str, str], ...] = ()
    body: Tree = None


# --- lines --------------------------------------------------------------------------------------------------


def line_of_drawn(one: DrawnRequest) -> str:
    """The line of a request, in ASCII; exact numbers stand as objects of their digits."""
    tree = {"data": one.data, "pairs": [list(pair) for pair in one.pairs], "body": _marked(one.body)}
    return json.dumps(tree, ensure_ascii=True, allow_nan=False)


def drawn_of_line(line: str) -> DrawnRequest:
    """The request of a line. Raises ValueError for anything that `line_of_drawn` does not write."""
    if len(line) > LONGEST_LINE:
        raise ValueError("a line of more than a million characters")
    try:
        tree = json.loads(line)
    except RecursionError:
        raise ValueError("values nested too deep") from None
    if not isinstance(tree, dict) or tree.keys() != {"data", "pairs", "body"}:
        raise ValueError("no object with data, pairs and body")
    pairs = tree["pairs"]
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise ValueError("pairs that are no texts")
    if tree["data"] not in ("positive", "negative"):
        raise ValueError("neither positive nor negative data")
    made = tuple((name, value) for name, value in pairs)
    return DrawnRequest(data=tree["data"], pairs=made, body=_unmarked(tree["body"], 0))


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)


def _marked(tree: Tree) -> Any:
    """A tree as JSON holds it: an object is `{"object": [[name, value]]}`, an exact number `{"decimal": digits}`."""
    if isinstance(tree, Mapping):
        return {"object": [[name, _marked(inner)] for name, inner in tree.items()]}
    if isinstance(tree, list):
        return [_marked(inner) for inner in tree]
    return {"decimal": str(tree)} if isinstance(tree, Decimal) else tree


def _unmarked(tree: Any, depth: int) -> Tree:
    if depth > _DEEPEST:
        raise ValueError(f"values nested more than {_DEEPEST} deep")
    if isinstance(tree, list):
        return [_unmarked(inner, depth + 1) for inner in tree]
    if isinstance(tree, dict) and tree.keys() == {"object"} and isinstance(tree["object"], list):
        members = tree["object"]
        if all(isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) for one in members):
            return {name: _unmarked(inner, depth + 1) for name, inner in members}
    if isinstance(tree, dict) and tree.keys() == {"decimal"} and isinstance(tree["decimal"], str):
        try:
            return Decimal(tree["decimal"])
        except InvalidOperation:
            raise ValueError("a decimal that is no number") from None
    if tree is None or isinstance(tree, str | bool) or is_integer(tree):
        return tree
    raise ValueError("a value of no known form")


# --- cases of Schemathesis ----------------------------------------------------------------------------------


def drawn_from_case(data: SchemaMode, query: Any, body: Any, *, json: bool) -> DrawnRequest | None:
    """A case of Schemathesis as we send it; None for one that is no request of this API's kind."""
    if json:
        if isinstance(body, bytes):
            return None
        try:
            return DrawnRequest(
                data=data, body=_tree_of(body) if isinstance(body, dict | list | str | int | float) else {}
            )
        except ValueError:
            return None
    parts = {**(query if isinstance(query, Mapping) else {}), **(body if isinstance(body, Mapping) else {})}
    return DrawnRequest(data=data, pairs=tuple((str(name), _query_text(value)) for name, value in parts.items()))


def _query_text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case Mapping() | Sequence() if not isinstance(value, bytes):
            return encode_json(_tree_of(value)).decode()
        case _:
            return str(value)


def _tree_of(value: Any) -> Tree:
    match value:
        case float():
            return Decimal(repr(value))
        case Mapping():
            return {str(name): _tree_of(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_tree_of(inner) for inner in value]
        case str() | int() | None:
            return value
        case _:
            return str(value)
