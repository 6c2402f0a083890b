"""The values that calls draw from: numbers reserved for fiction, extensions, names, applications, texts.

Pools are small and skewed: some values are met often, many a few times, some once. Among them are values that
begin with another value, that differ only by case, and that hold `&`, `+`, `;`, quotes, `<` and `%`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, final

import numpy as np

from harness.telephony.columns import TextPool
from harness.world.customers import CUSTOMERS, HOME_CUSTOMER_ID
from harness.world.name_pools import AWKWARD_PEOPLE, load_names
from harness.world.random_streams import IntArray, chance_flags, draw_bits

_AREA_CODES: Final = (
    202, 203, 206, 207, 212, 213, 214, 215, 217, 301, 303, 305, 307, 312, 314, 317, 402, 404, 406, 412,
    415, 416, 503, 504, 505, 512, 515, 602, 604, 605, 612, 613, 617, 702, 703, 713, 718, 801, 808, 907,
)  # fmt: skip
_SIP_USERS: Final = (
    "anna", "anna.maria", "Anna", "front+desk", "o'neill", "lobby%201", "r&d", "007", "door", "berlin_2",
)  # fmt: skip

# The extensions of the home customer: often called ones first, with values that begin with one another.
_HOME_EXTENSIONS: Final = (
    "101", "102", "1010", "103", "200", "104", "1001", "105", "106", "007", "107", "2001", "108", "109", "110",
    "1002", "111", "112", "113", "114", "115", "1003", "116", "117", "118", "0107", "119", "120", "121", "122",
    "1004", "123", "124", "125", "126", "127", "1005", "128", "129", "130", "131", "1006", "132", "133", "134",
    "135", "136", "1007",
)  # fmt: skip
# So many of the first extensions are groups'.
HOME_GROUPS: Final = 4
OTHER_GROUPS: Final = 2
_OTHER_EXTENSIONS: Final = ("101", "102", "201", "103", "202", "301", "1010", "203", "104", "400")

APPLICATIONS: Final = ("reception", "outreach", "reception-night", "Support & Care+")
APPLICATION_WEIGHTS: Final = (0.6, 0.3, 0.0994, 0.0006)
RULES: Final = (
    "incoming",
    "incoming-vip",
    "outgoing",
    "after hours; weekend",
    "Fallback <50%>",
    'say "hello" & wait',
    "Incoming",
    "audit+1",
    "audit+12",
    "audit+123",
)
RULE_WEIGHTS: Final = (0.45, 0.1, 0.3, 0.08, 0.04, 0.026, 0.0025, 0.0005, 0.0005, 0.0005)
CUSTOM_DATA: Final = (
    "vip",
    "vip-gold",
    "campaign=spring&step=1",
    "VIP",
    "0042",
    "42",
    "größe=10%; farbe=grün",
    'quote "inside" + plus',
    "<tag>",
    "a;b;c",
)
CUSTOM_DATA_WEIGHTS: Final = (0.3, 0.15, 0.15, 0.1, 0.08, 0.08, 0.06, 0.04, 0.03, 0.01)
CUSTOM_DATA_PREFIXES: Final = ("lead:", "order 00", '{"ref": "', "x&y=1+1;", "Lead:")
EXTERNAL_IDS: Final = ("0042", "00421", "web&mobile", "A+B/7", "lead;12", "ÅÄÖ-1", "alpha-7", "Alpha-7", "50%")
EXTERNAL_ID_PREFIXES: Final = ("crm-", "CRM-", "000", "crm/ü+")
NOTES: Final = (
    "call back",
    "call back tomorrow",
    "Call back",
    "wants 5% off & free delivery",
    'said "maybe"',
    "spoke to Zoë; sent the offer",
    "a < b, really",
    "1+1 = 2",
    "résumé 📄 received",
    "wrong number",
)
TAGS: Final = ("sales", "support", "follow-up", "VIP")
TRUNKS: Final = ("trunk-a", "trunk-b", "trunk-a-backup", "Köln & Bonn")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """All extensions as columns, those of one customer side by side: first its groups, then its persons.

    A group (a queue, a ring group) may be in any number of calls at once, a person talks in one.
    """

    numbers: tuple[str, ...]
    first_of_customer: IntArray
    count_of_customer: IntArray
    group_count_of_customer: IntArray
    customer: IntArray
    person: IntArray


def _build_extensions(people: int) -> Extensions:
    numbers: list[str] = []
    customers: list[int] = []
    first, many = [], []
    for index, customer in enumerate(CUSTOMERS.members):
        own = _HOME_EXTENSIONS if customer.id == HOME_CUSTOMER_ID else _OTHER_EXTENSIONS
        first.append(len(numbers))
        many.append(len(own))
        numbers += own
        customers += [index] * len(own)
    rows = np.arange(len(numbers), dtype=np.int64)
    # Every third line belongs to somebody whose name is hard to write.
    person = np.where(rows % 3 == 1, rows // 3 % len(AWKWARD_PEOPLE), len(AWKWARD_PEOPLE) + rows * 13 % people)
    return Extensions(
        numbers=tuple(numbers),
        first_of_customer=np.asarray(first, dtype=np.int64),
        count_of_customer=np.asarray(many, dtype=np.int64),
        group_count_of_customer=np.where(np.asarray(many) > len(_OTHER_EXTENSIONS), HOME_GROUPS, OTHER_GROUPS),
        customer=np.asarray(customers, dtype=np.int64),
        person=person,
    )


def remote_numbers() -> tuple[tuple[str, ...], IntArray]:
    """The numbers outside the switch, and the kind of each (an index into pstn, mobile, user, sip)."""
    fixed = [f"+1{area}55501{line:02d}" for area in _AREA_CODES for line in range(100)]
    fixed += [f"+4420794600{line:02d}" for line in range(100)]
    fixed += [f"+441632960{line:03d}" for line in range(1000)]
    mobile = [f"+447700900{line:03d}" for line in range(1000)]
    mobile += [f"+6149157015{line}" for line in range(6, 10)]
    sip = [f"sip:{user}@{host}" for host in ("example.com", "example.org") for user in _SIP_USERS]
    kinds = [0] * len(fixed) + [1] * len(mobile) + [3] * len(sip)
    order = np.argsort(draw_bits(0, "pool.remote", np.arange(len(kinds), dtype=np.int64)), kind="stable")
    numbers = fixed + mobile + sip
    return tuple(numbers[index] for index in order), np.asarray(kinds, dtype=np.int64)[order]


def dialed_forms(number: str) -> tuple[str, str, str]:
    """The ways to type an outsider's number: as it is, with 00, and nationally where that differs."""
    if not number.startswith("+"):
        return number, number, number
    national = "0" + number[3:] if number.startswith(("+44", "+61")) else number[1:]
    return number, "00" + number[1:], national


@lru_cache(maxsize=1)
def value_pools() -> ValuePools:
    """The pools of all worlds."""
    return ValuePools()


@final
class ValuePools:
    """All pools of a world; the same for every seed."""

    def __init__(self) -> None:
        names = load_names()
        self.people = AWKWARD_PEOPLE + tuple(name for name in names.people if name not in AWKWARD_PEOPLE)
        self.extensions = _build_extensions(len(self.people) - len(AWKWARD_PEOPLE))
        self.remotes, self.remote_kinds = remote_numbers()
        self.dids = tuple(f"+442079460{900 + index}" for index in range(4 * len(CUSTOMERS.members)))
        self.names = TextPool(self.people + names.companies)
        # One pool for whatever can stand at an end: extensions, then remote numbers, then DIDs, then words.
        self.endpoints = TextPool(self.extensions.numbers + self.remotes + self.dids + ("anonymous", "Anonymous"))
        self.remote_base = len(self.extensions.numbers)
        self.did_base = self.remote_base + len(self.remotes)
        self.anonymous_base = self.did_base + len(self.dids)
        self.texts = {
            "application": TextPool(APPLICATIONS),
            "rule": TextPool(RULES),
            "data": TextPool(CUSTOM_DATA),
            "data_prefix": TextPool(CUSTOM_DATA_PREFIXES),
            "outside": TextPool(EXTERNAL_IDS),
            "outside_prefix": TextPool(EXTERNAL_ID_PREFIXES),
            "note": TextPool(NOTES),
            "tag": TextPool(TAGS),
            "trunk": TextPool(TRUNKS),
        }

    @cached_property
    def dialed(self) -> TextPool:
        """What callers dial: remote numbers in three forms each, extensions, such with a star, and DIDs."""
        outside = tuple(form for number in self.remotes for form in dialed_forms(number))
        lines = self.extensions.numbers
        return TextPool((*outside, *lines, *(f"*{line}" for line in lines), *self.dids))

    @property
    def dialed_line_base(self) -> int:
        return 3 * len(self.remotes)

    @property
    def dialed_star_base(self) -> int:
        return self.dialed_line_base + len(self.extensions.numbers)

    @property
    def dialed_did_base(self) -> int:
        return self.dialed_star_base + len(self.extensions.numbers)

    @cached_property
    def lines(self) -> TextPool:
        """The extensions, and one number that is none."""
        return TextPool(self.extensions.numbers + self.remotes[:1])

    @cached_property
    def displayed_ends(self) -> TextPool:
        """Each end as people read it: who has the extension, what the contact is called, or else the number."""
        people = self.extensions.person.tolist()
        names = [*people, *self.contact_names.tolist()]
        names += [-1] * (len(self.endpoints) - len(names))
        texts = zip(self.endpoints.texts, names, strict=True)
        return TextPool(tuple(text if name < 0 else f"{self.names.texts[name]} <{text}>" for text, name in texts))

    @cached_property
    def contact_names(self) -> IntArray:
        """The name of the contact of each remote number, as a code in the pool of names, or -1."""
        rows = np.arange(len(self.remotes), dtype=np.int64)
        bits = draw_bits(0, "pool.contact", rows)
        known = chance_flags(bits, 0.6)
        return np.where(known, (bits & np.uint64(0xFFFF)).astype(np.int64) % len(self.names), -1)

    @cached_property
    def line_accounts(self) -> TextPool:
        """The account of each extension's telephone line: unique among all customers."""
        members = CUSTOMERS.members
        return TextPool(
            tuple(
                number if members[customer].id == HOME_CUSTOMER_ID else f"{members[customer].id}{number}"
                for number, customer in zip(self.extensions.numbers, self.extensions.customer.tolist(), strict=True)
            )
        )
