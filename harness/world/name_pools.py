"""Names of people and companies, frozen in `names.json` so that no release of Faker changes a byte.

`python -m harness.world.name_pools` writes the file again; nothing else imports Faker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

_NAMES_FILE: Final = Path(__file__).with_name("names.json")

_LOCALES: Final = (
    ("en_GB", 60), ("en_US", 40), ("de_DE", 40), ("fr_FR", 30), ("es_ES", 25), ("pl_PL", 25), ("cs_CZ", 20),
    ("hu_HU", 25), ("tr_TR", 20), ("da_DK", 15), ("vi_VN", 20), ("el_GR", 20), ("ru_RU", 20), ("ja_JP", 20),
    ("zh_CN", 15), ("ko_KR", 10),
)  # fmt: skip

AWKWARD_PEOPLE: Final = (
    "Ann",
    "Ann Lee",
    "ann lee",
    "O'Neill",
    'Sinéad "Shin" O\'Neill',
    "Jürgen Groß",
    "José & María Núñez",
    "Łukasz Żółć",
    "Thomas M.",
    "R+D Desk",
    "Desk 50%",
    "Front <Desk>",
    "Kim; Lee",
    "Back\\slash, Comma",
    "Zoë  Twospace",
    "Straße/West #4",
    "📞 Night Desk",
    "null",
    "0042",
)
AWKWARD_COMPANIES: Final = (
    "Müller & Söhne",
    "Müller & Söhne GmbH",
    "A+B Supplies",
    "Smith, Jones & Co.",
    'The "Quoted" Café',
    "100% Räder; Köln",
    "x < y Analytics",
    "Ørsted's Boats",
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NamePools:
    """The pools of names of people and companies, with awkward ones spread among them."""

    people: tuple[str, ...]
    companies: tuple[str, ...]


def load_names() -> NamePools:
    """The name pools in `names.json`."""
    pools = json.loads(_NAMES_FILE.read_text(encoding="utf-8"))
    return NamePools(people=tuple(pools["people"]), companies=tuple(pools["companies"]))


def make_names(*, seed: int = 20260311) -> NamePools:
    """New name pools from the installed Faker; the awkward names are spread evenly among them."""
    from faker import Faker

    people: list[str] = []
    companies: list[str] = []
    for locale, many in _LOCALES:
        faker = Faker(locale)
        faker.seed_instance(seed)
        people += [f"{faker.first_name()} {faker.last_name()}" for _ in range(many)]
        companies += [faker.company() for _ in range(max(2, many // 5))]
    return NamePools(
        people=_spread_awkward_names(people, AWKWARD_PEOPLE),
        companies=_spread_awkward_names(companies, AWKWARD_COMPANIES),
    )


def _spread_awkward_names(names: list[str], awkward: tuple[str, ...]) -> tuple[str, ...]:
    unique = [name for name in dict.fromkeys(names) if name not in awkward]
    # Locales come in blocks: a stride that shares no factor with the length mixes them.
    stride = next(step for step in range(37, 37 + len(unique)) if len(unique) % step)
    mixed = list(dict.fromkeys(unique[index * stride % len(unique)] for index in range(len(unique))))
    mixed += [name for name in unique if name not in mixed]
    gap = len(mixed) // len(awkward)
    for index, name in enumerate(awkward):
        mixed.insert(index * (gap + 1) + 1, name)
    return tuple(mixed)


def write_names() -> None:
    """Write `names.json` anew from the installed Faker."""
    names = make_names()
    pools = {"people": names.people, "companies": names.companies}
    _NAMES_FILE.write_text(json.dumps(pools, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_names()
