"""Believable rows of an Asterisk CDR table, the same ones every time: a small office and its callers."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

# The table that Asterisk's own documentation gives, with an id and the file of the recording.
TABLE = """CREATE TABLE cdr (id INT AUTO_INCREMENT PRIMARY KEY, calldate DATETIME NOT NULL,
  clid VARCHAR(80) NOT NULL DEFAULT '', src VARCHAR(80) NOT NULL DEFAULT '', dst VARCHAR(80) NOT NULL DEFAULT '',
  dcontext VARCHAR(80) NOT NULL DEFAULT '', channel VARCHAR(80) NOT NULL DEFAULT '',
  dstchannel VARCHAR(80) NOT NULL DEFAULT '', lastapp VARCHAR(80) NOT NULL DEFAULT '',
  lastdata VARCHAR(80) NOT NULL DEFAULT '', duration INT NOT NULL DEFAULT 0, billsec INT NOT NULL DEFAULT 0,
  disposition VARCHAR(45) NOT NULL DEFAULT '', amaflags INT NOT NULL DEFAULT 0,
  accountcode VARCHAR(20) NOT NULL DEFAULT '', uniqueid VARCHAR(32) NOT NULL DEFAULT '',
  userfield VARCHAR(255) NOT NULL DEFAULT '', recordingfile VARCHAR(255) NULL,
  KEY (calldate), KEY (dst), KEY (src));"""
COLUMNS = (
    "calldate, clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, duration, billsec, disposition,"
    " amaflags, uniqueid, recordingfile"
)
PEOPLE = {
    "101": "Ann O'Brien", "102": "Zoë Müller", "103": "R&D Lab", "104": "Luis Peña", "105": "Reception",
    "110": "sales_desk", "111": "Support 1", "112": "Support 2", "201": "Warehouse", "202": "Иван Петров",
}  # fmt: skip
OUTSIDE = [f"+1202555{number:04d}" for number in range(100, 145)] + ["anonymous", "Anonymous", "unknown"]
CODES = ("*97", "*43", "s", "h", "#1")
RESULTS = (("ANSWERED", "NO ANSWER", "BUSY", "FAILED"), (62, 24, 9, 5))

Row = tuple[str | int | None, ...]


def cdr_rows(count: int = 400, seed: int = 20261127) -> list[Row]:
    """The rows in the order of the table, which is not that of their dates; values in the order of `COLUMNS`."""
    chance = random.Random(seed)
    began = datetime(2026, 9, 14, 7, tzinfo=UTC)
    rows: list[Row] = []
    group: str | None = None
    for number in range(count):
        # A ring group: the same caller in the same second at another extension.
        caller, group = (group, None) if group and chance.random() < 0.7 else (None, None)
        if caller is None:
            began = next_beginning(began, chance)
        source, destination = parties(caller, chance)
        if source in OUTSIDE and chance.random() < 0.25:
            group = source
        rows.append(cdr_row(number, began, source, destination, chance))
    chance.shuffle(rows)
    return rows


def next_beginning(before: datetime, chance: random.Random) -> datetime:
    """When the next call begins: within office hours."""
    began = before + timedelta(seconds=int(chance.expovariate(1 / 9000.0)))
    if 7 <= began.hour <= 19:
        return began
    day = began if began.hour < 7 else began + timedelta(days=1)
    return day.replace(hour=7) + timedelta(minutes=chance.randrange(90))


def parties(caller: str | None, chance: random.Random) -> tuple[str, str]:
    """Who calls and who is called."""
    inside = chance.choice(list(PEOPLE))
    kind = "in" if caller else chance.choices(["in", "out", "internal", "code"], [45, 30, 20, 5])[0]
    if kind == "in":
        return caller or chance.choice(OUTSIDE), inside
    if kind == "out":
        return inside, chance.choice(OUTSIDE[:45])
    if kind == "internal":
        return inside, chance.choice([other for other in PEOPLE if other != inside])
    return inside, chance.choice(CODES)


def cdr_row(number: int, began: datetime, source: str, destination: str, chance: random.Random) -> Row:
    """One row of the table."""
    result = chance.choices(*RESULTS)[0]
    ring = chance.randrange(2, 32)
    talk = int(chance.lognormvariate(4.3, 1.0)) if result == "ANSWERED" and chance.random() < 0.9 else 0
    recording: str | None = ""
    if talk and chance.random() < 0.55:
        recording = f"{destination.strip('*#+')}-{source.strip('+')}-{began:%Y%m%d-%H%M%S}.wav"
    elif chance.random() < 0.2:
        recording = None
    near = f"PJSIP/{source if source in PEOPLE else 'trunk'}-{number:08x}"
    peer = destination if destination in PEOPLE else "trunk"
    far = "" if destination in CODES else f"PJSIP/{peer}-{number + 1:08x}"
    name = f'"{PEOPLE.get(source, source)}" <{source}>'
    identity = f"{int(began.timestamp())}.{number}"
    date = f"{began:%Y-%m-%d %H:%M:%S}"
    context = "from-internal" if source in PEOPLE else "from-trunk"
    dialed = (date, name, source, destination, context, near, far, "Dial", far)
    return (*dialed, ring + talk, talk, result, 3, identity, recording)


def cdr_statements() -> list[str]:
    """SQL that makes the database, its table with the rows, and the user who may read it."""
    values = ", ".join(f"({', '.join(map(sql_literal, row))})" for row in cdr_rows())
    users = [f"asterisk@'{host}'" for host in ("127.0.0.1", "localhost")]
    return [
        "CREATE DATABASE asterisk CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;",
        "USE asterisk;",
        TABLE,
        f"INSERT INTO cdr ({COLUMNS}) VALUES {values};",
        # Without statistics the database sorts by a plan that happens to hide what others show.
        "ANALYZE TABLE cdr;",
        *(f"CREATE USER {user} IDENTIFIED BY '';" for user in users),
        *(f"GRANT SELECT ON asterisk.* TO {user};" for user in users),
    ]


def sql_literal(value: str | int | None) -> str:
    """A value as SQL has it."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
