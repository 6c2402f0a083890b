"""A population of calls: deterministic, as columns or row by row, seen at an instant given by the caller."""

from harness.world.clock import Clock, FrozenClock, LiveClock, ScaledClock
from harness.world.customers import CUSTOMERS, HOME_CUSTOMER_ID, Customer, Customers
from harness.world.listed_calls import ListedCalls
from harness.world.traffic import BUSY_HOUR
from harness.world.traffic_profile import CONTACT_CENTRE, OFFICE, PROFILES, STEADY, WHOLESALE, TrafficProfile
from harness.world.traffic_window import TrafficWindow
from harness.world.world import GENERATOR_VERSION, World

__all__ = [
    "BUSY_HOUR",
    "CONTACT_CENTRE",
    "CUSTOMERS",
    "Clock",
    "Customer",
    "Customers",
    "FrozenClock",
    "GENERATOR_VERSION",
    "HOME_CUSTOMER_ID",
    "ListedCalls",
    "LiveClock",
    "OFFICE",
    "PROFILES",
    "STEADY",
    "ScaledClock",
    "TrafficProfile",
    "TrafficWindow",
    "WHOLESALE",
    "World",
]
