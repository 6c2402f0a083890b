"""Profiles of traffic as YAML files: read by a schema, with the line of what means nothing, and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import yaml

from harness.errors import UsageProblem, did_you_mean
from harness.specification.yaml_source import KeyPath, PlainValue, SourceFile, SourceFileError, load_source_file
from harness.world.duration_laws import DurationLaw, Exponential, Gamma, LogNormal, SimpleLaw
from harness.world.traffic_profile import DIRECTION_NAMES, DISPOSITION_NAMES, OFFICE, PROFILES, TrafficProfile

if TYPE_CHECKING:
    import jsonschema

Tree: TypeAlias = Mapping[str, PlainValue]

_PLAIN_KEYS: Final = {
    "name": "name",
    "calls-per-second": "calls_per_second",
    "given-up": "given_up",
    "held": "held",
    "transferred": "transferred",
}
_LAW_KEYS: Final = {"setup": "setup", "talk": "talk"}
_RING_KEYS: Final = {
    "answered": "ring_until_answer",
    "no-answer": "ring_until_no_answer",
    "cancelled": "ring_until_cancel",
}
_SKEW_KEYS: Final = {
    "home-lines": "line_skew",
    "other-lines": "other_line_skew",
    "remote-numbers": "remote_skew",
}


def find_profile(name: str, *, where: str) -> TrafficProfile:
    """The shipped profile of a name, or the one in a YAML file at a path.

    Raises UsageProblem for a name that is neither, and SourceFileError for a file that is no profile.
    """
    shipped = {profile.name: profile for profile in PROFILES}
    if name in shipped:
        return shipped[name]
    if Path(name).suffix.lower() in (".yaml", ".yml") or Path(name).is_file():
        return load_profile(Path(name))
    hint = did_you_mean(name, shipped)
    raise UsageProblem(
        where,
        f"one of {', '.join(shipped)}, or a YAML file",
        repr(name),
        (hint[:1].upper() + hint[1:]) or "see docs/traffic.md for what a profile file says",
    )


def load_profile(path: Path) -> TrafficProfile:
    """The profile in a file; what it does not say is as in the profile that it is `like` (or an office).

    Raises SourceFileError, with the line, for YAML that cannot be read, an unknown key and a value out of range.
    """
    source = load_source_file(path)
    tree = _checked_tree(source)
    shipped = {profile.name: profile for profile in PROFILES}
    like = str(tree.get("like", OFFICE.name))
    if like not in shipped:
        raise SourceFileError(
            source.location(("like",)), f"one of {', '.join(shipped)}", repr(like), did_you_mean(like, shipped)
        )
    try:
        return _profile_of(tree, shipped[like], file=path)
    except ValueError as problem:
        raise SourceFileError(source.location(()), f"values that go together: {problem}", "others") from None


def profile_schema() -> Mapping[str, object]:
    """The JSON Schema of a profile file."""
    text = files("harness.traffic").joinpath("profile.schema.json").read_text(encoding="utf-8")
    schema: Mapping[str, object] = json.loads(text)
    return schema


def _checked_tree(source: SourceFile) -> Tree:
    # Only who has a file of their own pays for it.
    import jsonschema

    validator = jsonschema.Draft202012Validator(profile_schema())
    broken = sorted(validator.iter_errors(source.tree), key=lambda error: source.line_of(tuple(error.absolute_path)))
    if broken:
        raise _source_error(source, broken[0])
    if not isinstance(source.tree, Mapping):
        raise SourceFileError(source.name, "a YAML mapping", type(source.tree).__name__)
    return source.tree


def _source_error(source: SourceFile, error: jsonschema.ValidationError) -> SourceFileError:
    """One broken rule of the schema in words."""
    path: KeyPath = tuple(error.absolute_path)
    rule, shown, keys = str(error.validator_value), _short(error.instance), _words_of(error.instance)
    at = source.location(path)
    match error.validator:
        case "additionalProperties":
            known = _words_of(error.schema["properties"] if isinstance(error.schema, Mapping) else {})
            unknown = next(key for key in keys if key not in known)
            return SourceFileError(
                source.location((*path, unknown)),
                f"one of {', '.join(known)}",
                f"the key {unknown!r}",
                did_you_mean(unknown, known),
            )
        case "required":
            missing = next(key for key in _words_of(error.validator_value) if key not in keys)
            return SourceFileError(at, f"the key {missing}", f"only {', '.join(keys) or 'nothing'}")
        case "minimum" | "maximum" | "exclusiveMinimum":
            words = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above"}[error.validator]
            return SourceFileError(at, f"a number, {words} {rule}", shown)
        case "minItems" | "maxItems":
            words = "at least" if error.validator == "minItems" else "at most"
            return SourceFileError(at, f"a list of {words} {rule} values", f"{len(keys)} values")
        case "enum":
            known = _words_of(error.validator_value)
            return SourceFileError(at, f"one of {', '.join(known)}", shown, did_you_mean(str(error.instance), known))
        case "type":
            return SourceFileError(at, {"object": "a mapping", "array": "a list"}.get(rule, f"a {rule}"), shown)
        case "pattern":
            return SourceFileError(at, "lower-case letters, digits and hyphens, at most 40", shown)
        case _:
            # A number of another law.
            return SourceFileError(at, "only the numbers of this law", f"the key {str(path[-1])!r}")


def _words_of(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, Mapping | list) else []


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


# --- from the tree ------------------------------------------------------------------------------------------


def _profile_of(tree: Tree, base: TrafficProfile, *, file: Path) -> TrafficProfile:
    values: dict[str, object] = {"name": file.stem.lower()}
    values |= {field: tree[key] for key, field in _PLAIN_KEYS.items() if key in tree}
    values |= {field: _law_of(_part(tree, key)) for key, field in _LAW_KEYS.items() if key in tree}
    values |= {key: tuple(_list(tree, key)) for key in ("hours", "days") if key in tree}
    for key, names in (
        ("dispositions", DISPOSITION_NAMES),
        ("directions", DIRECTION_NAMES),
        ("further-directions", DIRECTION_NAMES),
    ):
        if key in tree:
            values[key.replace("-", "_")] = tuple(_part(tree, key).get(name, 0) for name in names)
    ring, skew, sessions = _part(tree, "ring"), _part(tree, "skew"), _part(tree, "sessions")
    values |= {field: _law_of(_part(ring, key)) for key, field in _RING_KEYS.items() if key in ring}
    values |= {field: skew[key] for key, field in _SKEW_KEYS.items() if key in skew}
    values["session_calls"] = (
        sessions.get("two-or-more-calls", base.session_calls[0]),
        sessions.get("three-calls", base.session_calls[1]),
    )
    if "redial" in sessions:
        values["redial"] = sessions["redial"]
    if "pause" in sessions:
        values["next_call"] = _law_of(_part(sessions, "pause"))
    recordings = _part(tree, "recordings")
    values["recorded"] = (
        recordings.get("one-or-more", base.recorded[0]),
        recordings.get("two", base.recorded[1]),
    )
    return replace(base, file=file.name, **values)  # type: ignore[arg-type]


def _part(tree: Tree, key: str) -> Tree:
    part = tree.get(key, {})
    return part if isinstance(part, Mapping) else {}


def _list(tree: Tree, key: str) -> Sequence[PlainValue]:
    part = tree.get(key)
    return part if isinstance(part, list) else []


def _law_of(tree: Tree) -> DurationLaw:
    parts = [part for part in _list(tree, "parts") if isinstance(part, Mapping)] or [tree]
    return DurationLaw(
        parts=tuple((_number(part, "weight", 1.0), _simple_law_of(part)) for part in parts),
        least=_number(tree, "least"),
        most=_number(tree, "most"),
    )


def _simple_law_of(tree: Tree) -> SimpleLaw:
    match tree["law"]:
        case "lognormal":
            return LogNormal(median=_number(tree, "median"), sigma=_number(tree, "sigma"))
        case "exponential":
            return Exponential(mean=_number(tree, "mean"))
        case _:
            return Gamma(mean=_number(tree, "mean"), shape=_number(tree, "shape"))


def _number(tree: Tree, key: str, otherwise: float = 0.0) -> float:
    value = tree.get(key, otherwise)
    return float(value) if isinstance(value, int | float) else otherwise


# --- to text ------------------------------------------------------------------------------------------------


def profile_text(profile: TrafficProfile, *, comment: str = "") -> str:
    """The profile as the text of a file that `load_profile` reads back to an equal one; lines of `comment` first."""
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return head + yaml.dump(
        _tree_of(profile), sort_keys=False, allow_unicode=True, width=110, default_flow_style=None, Dumper=_Dumper
    )


class _Dumper(yaml.SafeDumper):
    """Writes numbers so that YAML 1.1 and 1.2 read them alike."""


def _represent_float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    text = f"{value:.12f}".rstrip("0")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text + "0" if text.endswith(".") else text)


_Dumper.add_representer(float, _represent_float)


def _tree_of(profile: TrafficProfile) -> Mapping[str, object]:
    two, three = profile.session_calls
    one_recording, two_recordings = profile.recorded
    return {
        "name": profile.name,
        "calls-per-second": float(profile.calls_per_second),
        "hours": [float(weight) for weight in profile.hours],
        "days": [float(weight) for weight in profile.days],
        "sessions": {
            "two-or-more-calls": float(two),
            "three-calls": float(three),
            "redial": float(profile.redial),
            "pause": _law_tree(profile.next_call),
        },
        "dispositions": _weights_tree(DISPOSITION_NAMES, profile.dispositions),
        "given-up": float(profile.given_up),
        "setup": _law_tree(profile.setup),
        "ring": {key: _law_tree(getattr(profile, field)) for key, field in _RING_KEYS.items()},
        "talk": _law_tree(profile.talk),
        "directions": _weights_tree(DIRECTION_NAMES, profile.directions),
        "further-directions": _weights_tree(DIRECTION_NAMES, profile.further_directions),
        "held": float(profile.held),
        "transferred": float(profile.transferred),
        "recordings": {"one-or-more": float(one_recording), "two": float(two_recordings)},
        "skew": {key: float(getattr(profile, field)) for key, field in _SKEW_KEYS.items()},
    }


def _weights_tree(names: Sequence[str], weights: Sequence[float]) -> Mapping[str, float]:
    return {name: float(weight) for name, weight in zip(names, weights, strict=True)}


def _law_tree(law: DurationLaw) -> Mapping[str, object]:
    ends = {"least": float(law.least), "most": float(law.most)}
    if len(law.parts) == 1:
        return {**_simple_law_tree(law.parts[0][1]), **ends}
    parts = [{"weight": float(weight), **_simple_law_tree(part)} for weight, part in law.parts]
    return {"law": "mixture", "parts": parts, **ends}


def _simple_law_tree(law: SimpleLaw) -> Mapping[str, object]:
    match law:
        case LogNormal(median=median, sigma=sigma):
            return {"law": "lognormal", "median": float(median), "sigma": float(sigma)}
        case Exponential(mean=mean):
            return {"law": "exponential", "mean": float(mean)}
        case Gamma(mean=mean, shape=shape):
            return {"law": "gamma", "mean": float(mean), "shape": float(shape)}
