"""The customers who own calls: a tree with a system root, resellers, customers and sub-customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final


@final
@dataclass(frozen=True, slots=True)
class Customer:
    """One customer; only the root has no parent. `share` is the customer's part of all calls."""

    id: int
    parent_id: int | None
    name: str
    share: float


@final
@dataclass(frozen=True, slots=True)
class Customers:
    """A tree of customers."""

    members: tuple[Customer, ...]

    def get(self, customer_id: int) -> Customer | None:
        """The customer with an id, or None."""
        return next((member for member in self.members if member.id == customer_id), None)

    def children_of(self, customer_id: int) -> tuple[Customer, ...]:
        """The customers directly below one."""
        return tuple(member for member in self.members if member.parent_id == customer_id)

    def descendants_of(self, customer_id: int) -> tuple[Customer, ...]:
        """The customers below one at any depth, without itself, parents before children."""
        found: list[Customer] = []
        level = self.children_of(customer_id)
        while level:
            found += level
            level = tuple(child for member in level for child in self.children_of(member.id))
        return tuple(found)

    def ancestors_of(self, customer_id: int) -> tuple[Customer, ...]:
        """The customers above one, nearest first, up to the root."""
        found: list[Customer] = []
        here = self.get(customer_id)
        while here is not None and here.parent_id is not None:
            here = self.get(here.parent_id)
            if here is not None:
                found.append(here)
        return tuple(found)

    @property
    def root(self) -> Customer:
        """The customer above all others: the system."""
        return next(member for member in self.members if member.parent_id is None)


HOME_CUSTOMER_ID: Final = 1200

CUSTOMERS: Final = Customers(
    (
        Customer(1, None, "System", 0.004),
        Customer(100, 1, "Northern Voice Resale", 0.006),
        Customer(200, 1, "Süd & West Telecom", 0.01),
        Customer(1200, 100, "Exemplar Trading", 0.60),
        Customer(1201, 1200, "Exemplar Trading, Köln", 0.10),
        Customer(1202, 1200, "Exemplar Logistics", 0.06),
        Customer(1203, 1200, "Exemplar Care+", 0.04),
        Customer(1210, 1201, "Köln Support", 0.04),
        Customer(1211, 1201, 'Köln "Nights"', 0.02),
        Customer(1220, 1202, "Harbour Depot", 0.01),
        Customer(1221, 1210, "Support Annex", 0.01),
        Customer(1300, 100, "O'Hara Dental", 0.06),
        Customer(1310, 1300, "O'Hara Orthodontics", 0.02),
        Customer(2300, 200, "Blumen; Bäume", 0.02),
    )
)
