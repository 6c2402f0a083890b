"""One call as libraries for invented data build it, one object after the other, written as JSON.

The row is that of a call history: when, direction, who called, who was reached, the caller ID shown, what was dialed,
how it ended, the medium, an id. Each library gets a seed, and makes its own values in its own way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from faker import Faker
from mimesis import Datetime, Generic, Locale
from polyfactory.factories import DataclassFactory

DIRECTIONS = ("Internal", "External", "Inbound", "Outbound")
STATES = ("CallerHungUp", "CalleeHungUp", "TransferCompleted", "NotAnswered", "Busy", "Cancelled", "Error")
BEGIN, END = datetime(2026, 1, 1), datetime(2026, 3, 11)


def faker_rows() -> Callable[[int], int]:
    """Makes so many rows with Faker, and tells their bytes."""
    fake = Faker("en_US")
    fake.seed_instance(1)

    def make(rows: int) -> int:
        made = 0
        for _ in range(rows):
            row = {
                "StartTime": fake.date_time_between(BEGIN, END).strftime("%Y-%m-%d %H:%M:%S"),
                "Direction": fake.random_element(DIRECTIONS),
                "Source": fake.numerify("+1###55501##"),
                "Destination": fake.numerify("1##"),
                "CallerId": fake.name(),
                "Dialed": fake.numerify("001###55501##"),
                "State": fake.random_element(STATES),
                "Type": fake.random_element(("Audio", "Video")),
                "CallId": fake.bothify("??????"),
            }
            made += len(json.dumps(row)) + 1
        return made

    return make


def mimesis_rows() -> Callable[[int], int]:
    """Makes so many rows with Mimesis, and tells their bytes."""
    generic = Generic(Locale.EN, seed=1)
    times, code, choice, person = Datetime(seed=1), generic.code, generic.choice, generic.person

    def make(rows: int) -> int:
        made = 0
        for _ in range(rows):
            row = {
                "StartTime": times.datetime(2026, 2026).strftime("%Y-%m-%d %H:%M:%S"),
                "Direction": choice(DIRECTIONS),
                "Source": code.pin("+1###55501##"),
                "Destination": code.pin("1##"),
                "CallerId": person.full_name(),
                "Dialed": code.pin("001###55501##"),
                "State": choice(STATES),
                "Type": choice(("Audio", "Video")),
                "CallId": code.pin("@@@@@@"),
            }
            made += len(json.dumps(row)) + 1
        return made

    return make


@dataclass
class CallRow:
    """The row, as Polyfactory reads it."""

    StartTime: datetime
    Direction: Literal["Internal", "External", "Inbound", "Outbound"]
    Source: str
    Destination: str
    CallerId: str
    Dialed: str
    State: Literal["CallerHungUp", "CalleeHungUp", "TransferCompleted", "NotAnswered", "Busy", "Cancelled", "Error"]
    Type: Literal["Audio", "Video"]
    CallId: str


class CallRowFactory(DataclassFactory[CallRow]):
    """Its texts are random letters: the cheapest that it can make."""

    __model__ = CallRow


def polyfactory_rows() -> Callable[[int], int]:
    """Makes so many rows with Polyfactory, and tells their bytes."""
    CallRowFactory.seed_random(1)

    def make(rows: int) -> int:
        made = 0
        for _ in range(rows):
            row = CallRowFactory.build()
            values = {**vars(row), "StartTime": row.StartTime.strftime("%Y-%m-%d %H:%M:%S")}
            made += len(json.dumps(values)) + 1
        return made

    return make
